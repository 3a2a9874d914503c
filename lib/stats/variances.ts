/** Whether one group of numbers varies more than another. */
import { checked, mean, ratio, sd } from "./basics.ts";

/** `p` is that of a ratio this large or larger. */
export interface VarianceRatio {
  ratio: number | null;
  p: number | null;
  method: "exact" | "drawn";
  n: readonly [number, number];
}

/** Up to so many splits of the values all are gone through. */
const MOST_EXACT = 20_000;

/**
 * Ratio of two variances with a permutation test, one-sided: does the first group vary more than the second,
 * such as scores over values of an attribute beside scores over wordings of one value?
 *
 * Each group is taken from its own mean, and the labels of these deviations are permuted; the ratio of the
 * groups' sums of squares over n − 1 is compared. p is exact where there are 20,000 splits or fewer, else
 * (1 + b) / (1 + draws). It is approximate, since deviations from a group's own mean are not quite
 * exchangeable; for a few values per group it rejects too rarely or too often by some percent. Null where a
 * group has fewer than 2 values or nothing varies. Source: Good 2005, Permutation, Parametric and Bootstrap
 * Tests of Hypotheses, § 3.4; Phipson & Smyth 2010, as in `signFlip`.
 *
 * @param options `uniform` gives numbers in [0, 1), of a seeded stream; 9,999 draws unless said
 * @throws {RangeError} when a value is not finite
 */
export function varianceRatio(
  a: readonly number[],
  b: readonly number[],
  options: { uniform: () => number; draws?: number },
): VarianceRatio {
  const { uniform, draws = 9999 } = options;
  const n = [checked(a).length, checked(b).length] as const;
  const splits = choose(n[0] + n[1], n[0]);
  const method = splits <= MOST_EXACT ? "exact" : "drawn";
  const own = n[0] < 2 || n[1] < 2 ? null : ratio(sd(a)! ** 2, sd(b)! ** 2);
  if (own === null) return { ratio: null, p: null, method, n };
  const pooled = [a, b].flatMap((group) => {
    const centre = mean(group)!;
    return group.map((value) => (value - centre));
  });
  const total = pooled.reduce((all, value) => all + value, 0);
  const squares = pooled.reduce((all, value) => all + value ** 2, 0);
  const spread = (sum: number, square: number) => {
    const first = (square - sum ** 2 / n[0]) / (n[0] - 1);
    const second = (squares - square - (total - sum) ** 2 / n[1]) / (n[1] - 1);
    return second > 1e-12 * squares ? first / second : Infinity;
  };
  const least = own * (1 - 1e-9);
  const far = (sum: number, square: number) => Number(spread(sum, square) >= least);
  if (method === "exact") {
    return { ratio: own, p: allSplits(pooled, n[0], far) / splits, method, n };
  }
  let count = 1;
  const order = pooled.slice();
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0, square = 0;
    for (let at = 0; at < n[0]; at++) {
      const other = at + Math.floor(uniform() * (order.length - at));
      [order[at], order[other]] = [order[other]!, order[at]!];
      sum += order[at]!, square += order[at]! ** 2;
    }
    count += far(sum, square);
  }
  return { ratio: own, p: count / (draws + 1), method, n };
}

function allSplits(
  of: readonly number[],
  size: number,
  far: (sum: number, square: number) => number,
): number {
  const count = (at: number, left: number, sum: number, square: number): number => {
    if (left === 0) return far(sum, square);
    if (of.length - at < left) return 0;
    const value = of[at]!;
    return count(at + 1, left - 1, sum + value, square + value ** 2) +
      count(at + 1, left, sum, square);
  };
  return count(0, size, 0, 0);
}

function choose(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) product = product * (n - i + 1) / i;
  return Math.round(product);
}
