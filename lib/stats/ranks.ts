/** Ranks, and Wilcoxon's signed-rank test. */
import { checked } from "./basics.ts";
import { normalTail } from "./tails.ts";

/** `v` is the sum of the ranks of positive differences; `n` counts the differences that are not 0. */
export interface SignedRank {
  v: number;
  p: number | null;
  method: "exact" | "normal";
  n: number;
  zeros: number;
}

/**
 * Wilcoxon's signed-rank test of the differences, two-sided, by the rules of R's wilcox.test.
 *
 * Differences of 0 are left out before ranking (Wilcoxon's rule, not Pratt's), ties share their mean
 * rank. Exact with fewer than 50 differences, none 0 and no two of the same size; else normal, with the
 * variance reduced for ties and a continuity correction of ½. p is null when no difference is left.
 * Source: Wilcoxon 1945, Biometrics Bulletin 1, 80–83; Hollander & Wolfe 1999, ch. 3.
 *
 * @throws {RangeError} when a difference is not finite
 */
export function signedRank(differences: readonly number[]): SignedRank {
  const kept = checked(differences).filter((difference) => difference !== 0);
  const [n, zeros] = [kept.length, differences.length - kept.length];
  const sizes = kept.map(Math.abs).toSorted((a, b) => a - b);
  const tied = [...Map.groupBy(sizes, (size) => size).values()].map(({ length }) => length);
  const ranks = midranks(kept.map(Math.abs));
  const v = ranks.reduce((total, rank, at) => kept[at]! > 0 ? total + rank : total, 0);
  const exact = n < 50 && zeros === 0 && tied.length === n;
  const method = exact ? "exact" : "normal";
  if (n === 0) return { v, p: null, method, n, zeros };
  return { v, p: exact ? exactTail(v, n) : approximateTail(v, n, tied), method, n, zeros };
}

/** How many of the 2ⁿ sets of ranks have each sum, all whole numbers below 2⁵³; twice the smaller tail. */
function exactTail(v: number, n: number): number {
  const most = n * (n + 1) / 2;
  const sets = new Float64Array(most + 1);
  sets[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let total = most; total >= rank; total--) sets[total]! += sets[total - rank]!;
  }
  // The distribution is symmetric, so either tail is a lower one.
  const extreme = Math.min(v, most - v);
  const count = sets.subarray(0, extreme + 1).reduce((total, one) => total + one, 0);
  return Math.min(1, 2 * count / 2 ** n);
}

function approximateTail(v: number, n: number, tied: readonly number[]): number {
  const distance = v - n * (n + 1) / 4;
  const ties = tied.reduce((total, t) => total + t ** 3 - t, 0);
  const sd = Math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48);
  return Math.min(1, normalTail((distance - Math.sign(distance) / 2) / sd));
}

/**
 * Ranks from 1; equal numbers share the mean of theirs.
 *
 * @throws {RangeError} when a number is not finite
 */
export function midranks(values: readonly number[]): number[] {
  const sorted = checked(values).toSorted((a, b) => a - b);
  const rankOf = new Map<number, number>();
  for (let first = 0, next = 0; first < sorted.length; first = next) {
    while (next < sorted.length && sorted[next] === sorted[first]) next++;
    rankOf.set(sorted[first]!, (first + 1 + next) / 2);
  }
  return values.map((value) => rankOf.get(value)!);
}
