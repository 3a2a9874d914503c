/** How far two distributions over the same options lie apart. */
import { checked, LARGEST, sum } from "./basics.ts";

/**
 * A distribution: a number of 0 or more for each option. Counts, weighted sums and shares do alike; what
 * they add up to is taken out.
 */
export type Distribution = readonly number[];

/**
 * Wasserstein's distance of order 1 (the earth mover's): Σ |P(xᵢ) − R(xᵢ)| · (xᵢ₊₁ − xᵢ) over the options in
 * order of their positions x, in the unit of the positions.
 *
 * Options may stand in any order; two may have one position. Null where a distribution is empty. Source:
 * Vallender 1974, Theory of Probability and Its Applications 18, 784–786.
 *
 * @throws {RangeError} when lengths differ, a number is no share, or all positions are equal: then
 *   nothing lies apart, and the distance says nothing
 */
export function wasserstein(
  p: Distribution,
  r: Distribution,
  positions: readonly number[],
): number | null {
  const steps = stepsOf(positions);
  const [a, b] = [normalised(p, positions.length), normalised(r, positions.length)];
  if (a === null || b === null) return null;
  let away = 0, total = 0;
  for (const { option, gap } of steps) {
    away += a[option]! - b[option]!;
    total += Math.abs(away) * gap;
  }
  return total;
}

/** An option, in order of the positions, and how far it is from there to the next; 0 of the last. */
export interface Step {
  option: number;
  gap: number;
}

/** @throws {RangeError} when a position is not finite, or all are equal */
export function stepsOf(positions: readonly number[]): Step[] {
  const odd = positions.find((x) => !(Math.abs(x) <= LARGEST));
  if (odd !== undefined) throw new RangeError(`A position is a finite number: got ${odd}`);
  const order = positions.keys().toArray().toSorted((i, j) => positions[i]! - positions[j]!);
  if (rangeOf(positions) > 0) {
    return order.map((option, at) => ({
      option,
      gap: at + 1 < order.length ? positions[order[at + 1]!]! - positions[option]! : 0,
    }));
  }
  throw new RangeError(
    `Positions differ between options: got ${
      positions.join(", ") || "none"
    }; of options without an ` +
      "order take the total variation",
  );
}

/**
 * How far the outermost positions lie apart; 0 without any.
 *
 * @throws {RangeError} when a position is not finite
 */
export const rangeOf = (positions: readonly number[]): number =>
  checked(positions).length ? Math.max(...positions) - Math.min(...positions) : 0;

/**
 * Total variation, ½ Σ |p − r|: the share that would have to change its option. Null where a distribution
 * is empty.
 *
 * @throws {RangeError} when lengths differ or a number is no share
 */
export function totalVariation(p: Distribution, r: Distribution): number | null {
  const [a, b] = [normalised(p, r.length), normalised(r, p.length)];
  return a === null || b === null ? null : sum(a.map((own, at) => Math.abs(own - b[at]!))) / 2;
}

/**
 * Jensen–Shannon divergence in bits, 0 to 1; its root is a metric. Null where a distribution is empty.
 * Source: Lin 1991, IEEE Transactions on Information Theory 37, 145–151.
 *
 * @throws {RangeError} when lengths differ or a number is no share
 */
export function jensenShannon(p: Distribution, r: Distribution): number | null {
  const [a, b] = [normalised(p, r.length), normalised(r, p.length)];
  if (a === null || b === null) return null;
  // Rounding may leave less than 0 of equal distributions.
  return Math.max(0, sum(a.map((own, at) => shannonTerm(own, b[at]!))));
}

/** What an option with these two shares adds to the Jensen–Shannon divergence. */
export function shannonTerm(a: number, b: number): number {
  const bits = (own: number) => own > 0 ? own * Math.log2(2 * own / (a + b)) / 2 : 0;
  return bits(a) + bits(b);
}

/**
 * Kullback–Leibler divergence of p from r, Σ r log₂(r / p), in bits: what is lost where p stands for r.
 * Null where a distribution is empty, and where p has nothing of an option that r has: it is infinite.
 *
 * @throws {RangeError} when lengths differ or a number is no share
 */
export function kullbackLeibler(r: Distribution, p: Distribution): number | null {
  const [a, b] = [normalised(r, p.length), normalised(p, r.length)];
  if (a === null || b === null || a.some((own, at) => own > 0 && b[at] === 0)) return null;
  return Math.max(0, sum(a.map((own, at) => own > 0 ? own * Math.log2(own / b[at]!) : 0)));
}

/**
 * Shares that add up to 1; null where there is nothing.
 *
 * @throws {RangeError} when there are not so many, or one is negative or not finite
 */
export function normalised(of: Distribution, length: number): number[] | null {
  const odd = of.find((share) => !(share >= 0 && share <= LARGEST));
  if (odd !== undefined) throw new RangeError(`A share is a number of 0 or more: got ${odd}`);
  if (of.length !== length) {
    throw new RangeError(
      `Distributions have one number per option: got ${of.length} and ${length}`,
    );
  }
  const total = sum(of);
  return total > 0 ? of.map((share) => share / total) : null;
}
