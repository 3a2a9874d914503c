/** Texts that come again, nearly as they were. */
import { createHash } from "node:crypto";

/** Words of a shingle, and from which overlap on two texts are near-duplicates. */
const SHINGLE = 3;
const ALIKE = 0.5;

/** The words of a text, whatever their case, their punctuation and the space between them. */
export const wordsOf = (text: string): string[] =>
  text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** Texts with one set of shingles. */
interface Group {
  /** Its shingles, the rarest first. */
  set: Int32Array;
  size: number;
  groups: Set<number>;
  near: boolean;
  /** Near a text of another group. */
  across: boolean;
}

/**
 * How many texts have a near-duplicate among the others, and how many one of another group: exact, all
 * pairs. Two texts are near where Jaccard's coefficient of their sets of three-word sequences is one half or
 * more.
 *
 * Two sets that overlap enough share one of their rarest shingles, so only texts that do are compared
 * (prefix filter; Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007).
 */
export function nearDuplicates(
  texts: readonly { words: readonly string[]; group: number }[],
): { any: number; across: number } {
  const groups = grouped(texts).toSorted((a, b) => a.set.length - b.set.length);
  const holders = new Map<number, number[]>();
  const met = new Int32Array(groups.length).fill(-1);
  groups.forEach((group, at) => {
    const { set } = group;
    for (const shingle of set.subarray(0, set.length - Math.ceil(ALIKE * set.length) + 1)) {
      const others = holders.get(shingle) ?? [];
      for (const other of others) {
        if (met[other] === at) continue;
        met[other] = at;
        compare(groups[other]!, group);
      }
      holders.set(shingle, others);
      others.push(at);
    }
  });
  const count = (of: "near" | "across") =>
    groups.reduce((sum, group) => sum + (group[of] ? group.size : 0), 0);
  return { any: count("near"), across: count("across") };
}

/** `small` has no more shingles than `large`. */
function compare(small: Group, large: Group): void {
  // Nothing is left to find out about two that are near and across already.
  if (small.across && large.across) return;
  if (small.set.length < ALIKE * large.set.length) return;
  if (!overlapping(small.set, large.set)) return;
  small.near = large.near = true;
  if (small.groups.union(large.groups).size > 1) small.across = large.across = true;
}

/** Whether sorted sets are alike; it stops when what is left of one no longer decides it. */
function overlapping(a: Int32Array, b: Int32Array): boolean {
  // c / (|a| + |b| − c) ≥ t, for c.
  const needed = ALIKE / (1 + ALIKE) * (a.length + b.length) - 1e-9;
  let i = 0, j = 0, common = 0;
  while (common < needed) {
    if (common + Math.min(a.length - i, b.length - j) < needed) return false;
    if (a[i] === b[j]) common++, i++, j++;
    else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return true;
}

function grouped(texts: readonly { words: readonly string[]; group: number }[]): Group[] {
  const sets = shingled(texts.map(({ words }) => words));
  const groups = new Map<string, Group>();
  sets.forEach((set, at) => {
    const key = set.join();
    const known = groups.get(key);
    const group = known ?? { set, size: 0, groups: new Set(), near: false, across: false };
    if (!known) groups.set(key, group);
    group.size += 1;
    group.groups.add(texts[at]!.group);
  });
  for (const group of groups.values()) {
    group.near = group.size > 1;
    group.across = group.groups.size > 1;
  }
  return [...groups.values()];
}

/** The three-word sequences of a text; of a shorter one its words are the one. */
function shinglesOf(words: readonly string[]): string[] {
  const last = Math.max(0, words.length - SHINGLE);
  return Array.from({ length: last + 1 }, (_, at) => words.slice(at, at + SHINGLE).join(" "));
}

/** The shingles of each text, numbered from the rarest on. */
function shingled(texts: readonly (readonly string[])[]): Int32Array[] {
  const counts = new Map<string, number>();
  const sets = texts.map((words) => {
    const set = new Set(shinglesOf(words));
    for (const shingle of set) counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
    return set;
  });
  const ranks = new Map(
    [...counts].toSorted(([, n], [, m]) => n - m).map(([shingle], rank) => [shingle, rank]),
  );
  return sets.map((set) => Int32Array.from(set, (shingle) => ranks.get(shingle)!).sort());
}

/** Bits of a fingerprint, and in how many two may differ. */
const BITS = 64;
const NEAR_BITS = 3;

/**
 * The fingerprint of a text: of 64 bits each is 1 where more of its three-word sequences have a 1 there than
 * a 0, every occurrence counting. A sequence's own bits are the first eight bytes of its SHA-256, in UTF-8.
 * Source: Charikar 2002, STOC, 380–388; Manku, Jain & Das Sarma 2007, WWW, 141–150.
 */
export function simHash(words: readonly string[]): bigint {
  const votes = new Int32Array(BITS);
  for (const shingle of shinglesOf(words)) {
    const own = createHash("sha256").update(shingle).digest();
    for (let bit = 0; bit < BITS; bit++) {
      votes[bit]! += own[bit >> 3]! >> (7 - bit % 8) & 1 ? 1 : -1;
    }
  }
  return votes.reduce((made, vote) => made << 1n | BigInt(vote > 0), 0n);
}

/**
 * How many texts have another whose fingerprint differs in 3 bits of 64 at most: exact over all pairs. Two
 * such fingerprints share one of four quarters, so only texts that do are compared.
 */
export function simHashDuplicates(texts: readonly (readonly string[])[]): number {
  const hashes = texts.map(simHash), near = new Uint8Array(texts.length);
  for (let quarter = 0n; quarter < BigInt(NEAR_BITS + 1); quarter++) {
    const holders = new Map<bigint, number[]>();
    hashes.forEach((hash, at) => {
      const part = BigInt.asUintN(16, hash >> 16n * quarter);
      const others = holders.get(part) ?? [];
      for (const other of others) {
        if (near[at] && near[other]) continue;
        if (differing(hash, hashes[other]!) <= NEAR_BITS) near[at] = near[other] = 1;
      }
      holders.set(part, others);
      others.push(at);
    });
  }
  return near.reduce((sum, one) => sum + one, 0);
}

function differing(a: bigint, b: bigint): number {
  let left = a ^ b, count = 0;
  for (; left > 0n && count <= NEAR_BITS; count++) left &= left - 1n;
  return count;
}
