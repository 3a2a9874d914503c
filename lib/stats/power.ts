/** Power of the tests, and the sample size that a power asks for. */
import { checked, ratio, vanishes } from "./basics.ts";
import { correlationLimits } from "./correlation.ts";
import { noncentralT } from "./noncentral.ts";
import { normalReach, normalTail, tailOf, tReach } from "./tails.ts";

/**
 * The smallest whole n whose power is at least the target, by doubling and halving.
 *
 * @param power rising with n; null counts as none
 * @param target between 0 and 1
 * @param least the smallest n that has a power
 * @throws {RangeError} when the target is no share, or 10⁹ are too few: then nothing is to be found
 */
export function sampleSize(
  power: (n: number) => number | null,
  target: number,
  least = 2,
): number {
  if (!(target > 0 && target < 1)) {
    throw new RangeError(`A power lies between 0 and 1: got ${target}`);
  }
  const falls = (n: number) => !((power(n) ?? 0) >= target);
  if (!(least >= 1 && least <= 1e9)) {
    throw new RangeError(`A sample has 1 to 10⁹: got ${least} as the least`);
  }
  let high = least;
  while (falls(high)) {
    if (high >= 1e9) throw new RangeError(`No sample has a power of ${target}: 10⁹ are too few`);
    high *= 2;
  }
  let low = Math.max(least - 1, Math.floor(high / 2));
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (falls(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** Two shares of personas by profile. */
export interface SharesPlan {
  a: number;
  b: number;
  /** Personas of each profile in each group. */
  repetitions: number;
  icc: number;
  /**
   * `common`: the same profiles in both groups, which favour the same; `own`: the same profiles, which
   * favour something else in each, or different ones.
   */
  profileEffect: "common" | "own";
}

/**
 * Variance of the difference of two shares that one profile (two, where they are different) adds; the
 * standard error of the difference is √(variance / profiles).
 *
 * A group adds pq (1 + (m − 1) ICC) / m: the binomial variance of m personas times the design effect.
 * Where the profiles' effect is common, twice the covariance of the two groups goes off,
 * ICC · (min(a, b) − ab), which for a = b is ICC · pq. Source: Kish 1965, Survey Sampling; Donner & Klar
 * 2000, Design and Analysis of Cluster Randomization Trials, ch. 5.
 *
 * @throws {RangeError} when a share or the ICC is not between 0 and 1, or repetitions are below 1
 */
export function differenceVariance(of: SharesPlan): number {
  const { a, b, repetitions, icc, profileEffect } = of;
  const shares = [a, b, icc].every((share) => share >= 0 && share <= 1);
  if (!shares || !(repetitions >= 1 && repetitions < Infinity)) {
    throw new RangeError(
      `Shares and ICC lie between 0 and 1, repetitions are 1 or more: ` +
        `got ${a}, ${b}, ${icc}, ${repetitions}`,
    );
  }
  const effect = 1 + (repetitions - 1) * icc;
  const own = (a * (1 - a) + b * (1 - b)) * effect / repetitions;
  // What two groups that are wholly alike leave is rounding, of either sign.
  const left = own - 2 * icc * (Math.min(a, b) - a * b);
  return profileEffect === "own" ? own : vanishes(left, own) ? 0 : left;
}

/**
 * Power of the clustered test of two shares with so many profiles (in each group, where they differ), by
 * the normal distribution: P(|Z + d / se| > z).
 *
 * With 1 repetition and an ICC of 0 it is the unpooled z of two shares (statsmodels'
 * `normal_power_het`). Null where the difference does not vary between profiles: there is no test.
 *
 * @throws {RangeError} as `differenceVariance`, when there is no profile and when the level is no share
 */
export function sharesPower(of: SharesPlan, profiles: number, level = 0.95): number | null {
  const variance = differenceVariance(of);
  enough(profiles, 1);
  tailOf(level);
  const shift = ratio(Math.abs(of.a - of.b), Math.sqrt(variance / profiles));
  return shift === null ? null : normalPower(shift, level);
}

/** @throws {RangeError} when a number of pairs is none */
function enough(n: number, least: number): void {
  if (n >= least && n <= Number.MAX_SAFE_INTEGER) return;
  throw new RangeError(`Power is of ${least} or more: got ${n}`);
}

/**
 * Power of the paired t-test: the noncentral t beyond ± t. With the true d_z and n pairs.
 *
 * @throws {RangeError} when d is not finite, n < 2 or the level is no share
 */
export function pairedPower(d: number, n: number, level = 0.95): number {
  enough(n, 2);
  checked([d]);
  const reach = tReach(level, n - 1);
  const ncp = Math.abs(d) * Math.sqrt(n);
  // The sd would have to be found 50 times too large.
  if (ncp > 50 * (reach + 1)) return 1;
  return noncentralT(reach, n - 1, ncp).upper + noncentralT(-reach, n - 1, ncp).lower;
}

/**
 * Power of the test of a correlation against 0, normal in artanh r with se 1 / √(n − 3).
 *
 * @throws {RangeError} when r is not between −1 and 1, n is below 0 or the level is no share
 */
export function correlationPower(r: number, n: number, level = 0.95): number {
  enough(n, 0);
  correlationLimits({ r, n }, level);
  return n < 4 ? 0 : normalPower(Math.abs(Math.atanh(r)) * Math.sqrt(n - 3), level);
}

/**
 * Power of TOST: the chance that both one-sided t-tests at (1 − level) reject.
 *
 * Given the sd of the differences the mean must lie in what is left of the bounds, a normal
 * probability; its mean over the sd, √(χ² / df), is taken by Simpson's rule over ± 9 of its standard
 * errors. Source: Phillips 1990, Journal of Pharmacokinetics and Biopharmaceutics 18, 137–144.
 *
 * @param of bounds and true mean difference, in sd of the differences
 * @throws {RangeError} when n < 2, the lower bound is not below the upper or the level is no share
 */
export function equivalencePower(
  of: { lower: number; upper: number; difference?: number },
  n: number,
  level = 0.95,
): number {
  const { lower, upper, difference = 0 } = of;
  checked([lower, upper, difference]);
  enough(n, 2);
  if (!(lower < upper)) {
    throw new RangeError(`TOST has bounds that rise: got ${lower} and ${upper}`);
  }
  const df = n - 1;
  const reach = tReach(1 - 4 * tailOf(level), df);
  const [low, high] = [lower, upper].map((bound) => (bound - difference) * Math.sqrt(n));
  const within = (s: number) => {
    const [from, to] = [low! + reach * s, high! - reach * s];
    return to > from ? cumulative(to) - cumulative(from) : 0;
  };
  // In u = log s the density of s is exp(df (u − (e^{2u} − 1) / 2)), up to a factor.
  const steps = 4000;
  const width = 9 / Math.sqrt(2 * df);
  const [from, to] = [-width - 40 / df, Math.log1p(width)];
  // Above this s nothing is left between the bounds; a kink within a step would cost digits.
  const end = Math.min(to, Math.log((high! - low!) / (2 * reach)));
  const density = (u: number) => Math.exp(df * (u - Math.expm1(2 * u) / 2));
  return simpson((u) => density(u) * within(Math.exp(u)), from, end, steps) /
    simpson(density, from, to, steps);
}

function simpson(of: (u: number) => number, from: number, to: number, steps: number): number {
  if (to <= from) return 0;
  const width = (to - from) / steps;
  let total = of(from) + of(to);
  for (let step = 1; step < steps; step++) total += (step % 2 ? 4 : 2) * of(from + step * width);
  return total * width / 3;
}

const above = (z: number): number => z > 0 ? normalTail(z) / 2 : 1 - normalTail(z) / 2;
const cumulative = (z: number): number => above(-z);

/** P(|Z + shift| > z). */
function normalPower(shift: number, level: number): number {
  const reach = normalReach(level);
  return above(reach - shift) + above(reach + shift);
}
