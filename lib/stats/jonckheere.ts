/** Whether numbers rise from group to group, where the groups are of different people. */
import { checked, ratio, sum } from "./basics.ts";
import { normalTail } from "./tails.ts";

/** Jonckheere and Terpstra's test. */
export interface Jonckheere {
  /** Pairs of an earlier and a later group in which the later number is higher, ties half. */
  J: number | null;
  expected: number | null;
  /** Of ties as they are. */
  variance: number | null;
  z: number | null;
  /** Two-sided, of z. */
  p: number | null;
  /** For rising, one-sided: exact where it can be had, otherwise that of z. */
  pRising: number | null;
  method: "exact" | "normal";
  n: number;
}

/** Up to so many ways to fill the groups the exact distribution is computed. */
const MOST_STATES = 2_000;

/**
 * Jonckheere and Terpstra's J: whether numbers rise along ordered groups of different respondents. Where the
 * same respondents have a number in each place it is the wrong test: `pageTrend` is.
 *
 * The variance is that of all ways to deal the numbers out, ties as they are. One-sided p is exact for small
 * groups, by convolution over the different numbers. Everything but n is null with fewer than 2 groups that
 * have a number; z and p where all numbers are equal. Source: Jonckheere 1954, Biometrika 41, 133–145;
 * Terpstra 1952, Indagationes Mathematicae 14, 327–333; ties: Hollander & Wolfe 1999, ch. 6.
 *
 * @param groups in order
 * @throws {RangeError} when a number is not finite
 */
export function jonckheere(groups: readonly (readonly number[])[]): Jonckheere {
  const all = groups.filter((group) => checked(group).length > 0);
  const sizes = all.map(({ length }) => length), n = sum(sizes);
  const none = { z: null, p: null, pRising: null, method: "normal", n } as const;
  if (all.length < 2) return { J: null, expected: null, variance: null, ...none };
  let J = 0;
  all.forEach((later, at) => {
    for (const earlier of all.slice(0, at)) {
      for (const x of earlier) for (const y of later) J += x < y ? 1 : x === y ? 0.5 : 0;
    }
  });
  const tied = [...Map.groupBy(all.flat(), (value) => value).values()].map(({ length }) => length);
  const expected = (n ** 2 - sum(sizes.map((size) => size ** 2))) / 4;
  const variance = varianceOf(n, sizes, tied);
  const z = tied.length < 2 ? null : ratio(J - expected, Math.sqrt(variance));
  if (z === null) return { J, expected, variance, ...none };
  const states = sizes.reduce((product, size) => product * (size + 1), 1);
  const method = states <= MOST_STATES ? "exact" : "normal";
  const pNormal = z > 0 ? normalTail(z) / 2 : 1 - normalTail(z) / 2;
  const pRising = method === "exact" ? exactTail(all, J) : pNormal;
  return { J, expected, variance, z, p: normalTail(z), pRising, method, n };
}

function varianceOf(n: number, sizes: readonly number[], tied: readonly number[]): number {
  const over = (of: readonly number[], term: (size: number) => number) => sum(of.map(term));
  const whole = (size: number) => size * (size - 1) * (2 * size + 5);
  const three = (size: number) => size * (size - 1) * (size - 2);
  const two = (size: number) => size * (size - 1);
  const first = (whole(n) - over(sizes, whole) - over(tied, whole)) / 72;
  const second = n > 2 ? over(sizes, three) * over(tied, three) / (36 * three(n)) : 0;
  return first + second + over(sizes, two) * over(tied, two) / (8 * two(n));
}

/**
 * P(J ≥ the one found) over all ways to deal the numbers out. Numbers are dealt out from the lowest up; what
 * there is to know of those before is how many of them each group has, and twice J so far, which is whole.
 */
function exactTail(groups: readonly (readonly number[])[], found: number): number {
  const sizes = groups.map(({ length }) => length);
  const counts = [...Map.groupBy(groups.flat(), (value) => value)]
    .toSorted(([a], [b]) => a - b).map(([, same]) => same.length);
  let held = new Map<string, { filled: number[]; ways: Map<number, number> }>([
    ["", { filled: sizes.map(() => 0), ways: new Map([[0, 1]]) }],
  ]);
  for (const count of counts) {
    const next: typeof held = new Map();
    for (const { filled, ways } of held.values()) {
      for (const taken of shared(count, sizes.map((size, at) => size - filled[at]!))) {
        const now = filled.map((own, at) => own + taken[at]!);
        const key = now.join(" ");
        if (!next.has(key)) next.set(key, { filled: now, ways: new Map() });
        const own = next.get(key)!.ways;
        let twice = 0, choices = 1, left = count;
        taken.forEach((own, at) => {
          for (let earlier = 0; earlier < at; earlier++) {
            twice += own * (2 * filled[earlier]! + taken[earlier]!);
          }
          for (let i = 0; i < own; i++) choices *= (left - i) / (i + 1);
          left -= own;
        });
        for (const [before, number] of ways) {
          own.set(before + twice, (own.get(before + twice) ?? 0) + number * choices);
        }
      }
    }
    held = next;
  }
  const [last] = held.values();
  const numbers = [...last!.ways].toSorted(([, a], [, b]) => a - b);
  const far = numbers.filter(([twice]) => twice >= Math.round(2 * found));
  return sum(far.map(([, number]) => number)) / sum(numbers.map(([, number]) => number));
}

/** All ways to put `count` equal things into places with so much room. */
function shared(count: number, room: readonly number[]): number[][] {
  const [first, ...rest] = room;
  if (first === undefined) return count === 0 ? [[]] : [];
  return Array.from({ length: Math.min(first, count) + 1 }, (_, taken) => taken)
    .flatMap((taken) => shared(count - taken, rest).map((others) => [taken, ...others]));
}
