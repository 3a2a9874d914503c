/** The same persona twice: names, descriptions and attributes that come again. */
import type { DataFrame } from "polars";
import { columnsOf, frame } from "../../frames.ts";
import { column } from "./answers.ts";
import { clusterOf } from "./clusters.ts";
import { inCells, type Person } from "./people.ts";
import { cellKey, cellsOf } from "./shown.ts";

/** Words of a shingle, and from which overlap on two descriptions are near-duplicates. */
const SHINGLE = 3;
const ALIKE = 0.5;

/** What makes one persona another's double, names apart from their order. */
const ATTRIBUTES = [
  "name",
  "gender",
  "race",
  "religious_belief",
  "sexual_orientation",
  "occupation",
  "location",
] as const;

type Text = string | null;

/** The words of a text, whatever their case, their punctuation and the space between them. */
const wordsOf = (text: string): string[] =>
  text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

const bare = (text: Text): Text =>
  text?.normalize("NFKC").toLowerCase().match(/\S+/g)?.join(" ") ?? null;

/**
 * How often personas of one model and condition come again, among repetitions 1–5: as many personas in
 * every cell of the paper, since in a larger set more would.
 *
 * - `same name`: personas whose name another has, whatever its case and space;
 * - `most common name`: personas with that name, which is in `example`;
 * - `distinct names`: different names, to the number of personas;
 * - `equal description`: personas whose description another has, whatever its case and space;
 * - `near-duplicate`: personas with another whose description overlaps by half or more: Jaccard's
 *   coefficient of the sets of three-word sequences of both, computed for all pairs. A text of 150
 *   words with one word in nine replaced is one still. Source: Broder 1997, Compression and Complexity
 *   of Sequences, 21–29;
 * - `near-duplicate, other profile`: those for whom such another was made from another profile;
 * - `same attributes`: personas with another of the same name, age, gender, race, religion, sexual
 *   orientation, occupation and location; those that lack one are not counted.
 *
 * No intervals: pairs of personas are not independent, and the shares depend on their number.
 *
 * @param biographies as `Study.biographies` reads them
 * @returns model, condition, measure, n (personas that have what is compared), count, estimate (share;
 *   undefined where n is 0), example
 */
export function duplicates(biographies: DataFrame): DataFrame {
  const people = inCells(columnsOf(biographies));
  const groups = Map.groupBy(people, cellKey);
  const texts = Object.fromEntries(
    [...ATTRIBUTES, "description"].map((name) => [name, column<Text>(biographies, name)]),
  );
  const age = column<number | null>(biographies, "age");
  const twin = (row: number): Text => {
    const own = [age[row] ?? null, ...ATTRIBUTES.map((name) => bare(texts[name]![row] ?? null))];
    return own.includes(null) ? null : JSON.stringify(own);
  };
  const tidy = cellsOf(people).flatMap((cell) => {
    const own = groups.get(cellKey(cell)) ?? [];
    const names = kindsOf(own.map(({ row }) => bare(texts.name![row] ?? null)));
    const described = own.filter(({ row }) => wordsOf(texts.description![row] ?? "").length > 0);
    const near = nearDuplicates(described.map((person) => ({
      words: wordsOf(texts.description![person.row]!),
      profile: clusterOf(person),
    })));
    const row = (measure: string, n: number, count: number, example: Text = null) => ({
      ...cell,
      measure,
      n,
      count: n ? count : null,
      estimate: n ? count / n : null,
      example,
    });
    const again = (measure: string, kinds: Kinds) => row(measure, kinds.n, kinds.again);
    return [
      again("same name", names),
      row("most common name", names.n, names.most, spelled(own, texts.name!, names.common)),
      row("distinct names", names.n, names.distinct),
      again(
        "equal description",
        kindsOf(described.map(({ row }) => bare(texts.description![row]!))),
      ),
      row("near-duplicate", described.length, near.any),
      row("near-duplicate, other profile", described.length, near.across),
      again("same attributes", kindsOf(own.map(({ row }) => twin(row)))),
    ];
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    measure: "text",
    n: "integer",
    count: "integer",
    estimate: "number",
    example: "text",
  });
}

interface Kinds {
  n: number;
  distinct: number;
  /** Things that are not the only one of their kind. */
  again: number;
  common: Text;
  most: number;
}

function kindsOf(values: readonly Text[]): Kinds {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  // Among equally common ones the first by its letters, so that the order of rows does not matter.
  const [common, most] = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0] ??
    [null, 0];
  const [n, again] = counts.values().reduce(
    ([all, more], count) => [all + count, more + (count > 1 ? count : 0)],
    [0, 0],
  );
  return { n, distinct: counts.size, again, common, most };
}

/** The name as it was first written. */
const spelled = (people: readonly Person[], names: readonly Text[], common: Text): Text =>
  common === null
    ? null
    : names[people.find(({ row }) => bare(names[row] ?? null) === common)!.row]!.trim();

/** Texts with one set of shingles. */
interface Group {
  /** Its shingles, the rarest first. */
  set: Int32Array;
  size: number;
  profiles: Set<number>;
  near: boolean;
  /** Near a text of another profile. */
  across: boolean;
}

/**
 * How many texts have a near-duplicate among the others, and how many one of another profile: exact, all
 * pairs.
 *
 * Two sets that overlap enough share one of their rarest shingles, so only texts that do are compared
 * (prefix filter; Chaudhuri, Ganti & Kaushik 2006; Bayardo, Ma & Srikant 2007).
 */
export function nearDuplicates(
  texts: readonly { words: readonly string[]; profile: number }[],
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
  if (small.profiles.union(large.profiles).size > 1) small.across = large.across = true;
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

function grouped(texts: readonly { words: readonly string[]; profile: number }[]): Group[] {
  const sets = shingled(texts.map(({ words }) => words));
  const groups = new Map<string, Group>();
  sets.forEach((set, at) => {
    const key = set.join();
    const known = groups.get(key);
    const group = known ?? { set, size: 0, profiles: new Set(), near: false, across: false };
    if (!known) groups.set(key, group);
    group.size += 1;
    group.profiles.add(texts[at]!.profile);
  });
  for (const group of groups.values()) {
    group.near = group.size > 1;
    group.across = group.profiles.size > 1;
  }
  return [...groups.values()];
}

/** The shingles of each text, numbered from the rarest on; of a shorter text its words are the one. */
function shingled(texts: readonly (readonly string[])[]): Int32Array[] {
  const counts = new Map<string, number>();
  const sets = texts.map((words) => {
    const last = Math.max(0, words.length - SHINGLE);
    const set = new Set(
      Array.from({ length: last + 1 }, (_, at) => words.slice(at, at + SHINGLE).join(" ")),
    );
    for (const shingle of set) counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
    return set;
  });
  const ranks = new Map(
    [...counts].toSorted(([, n], [, m]) => n - m).map(([shingle], rank) => [shingle, rank]),
  );
  return sets.map((set) => Int32Array.from(set, (shingle) => ranks.get(shingle)!).sort());
}
