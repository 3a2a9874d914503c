/** Means of paired differences: t, standardised effects, equivalence. */
import {
  checked,
  type Interval,
  limited,
  type Limits,
  NO_LIMITS,
  ratio,
  vanishes,
} from "./basics.ts";
import { noncentralities } from "./noncentral.ts";
import { tAbove, tailOf, tReach, tTail } from "./tails.ts";

/** A mean against 0. `se` and the limits are in the unit of the mean; `d` is in standard deviations. */
export interface MeanTest extends Limits {
  estimate: number;
  se: number;
  t: number | null;
  df: number;
  p: number | null;
  n: number;
  d: number | null;
}

/** Differences of pairs: their mean, sd (divisor n − 1) and number. */
export interface Differences {
  mean: number;
  sd: number;
  n: number;
}

/**
 * Paired t-test from the summary of the differences, which is the one-sample test of them.
 *
 * `d` is Cohen's d_z, mean / sd. Where the differences do not vary, up to rounding, there is nothing to
 * test with, whatever their mean: t, p, d and the limits are null. `signFlip` still works there.
 *
 * @param differences mean, sd (divisor n − 1) and number of the differences
 * @param level confidence level, between 0 and 1
 * @throws {RangeError} when n < 2, the sd is negative, a number is missing or the level is not a share
 */
export function pairedT(
  differences: Differences,
  level = 0.95,
): MeanTest {
  const { mean, sd, n } = summarised(differences);
  const df = n - 1;
  const se = sd / Math.sqrt(n);
  const t = ratio(mean, se);
  const half = tReach(level, df) * se;
  return {
    estimate: mean,
    se,
    t,
    df,
    p: t === null ? null : tTail(t, df),
    ...limited(mean - half, mean + half),
    n,
    d: ratio(mean, sd),
  };
}

/** A paired standardised mean difference, in standard deviations of the differences. */
export interface PairedEffect extends Interval {
  /** Hedges' g: the estimate times Hedges' J. */
  g: number | null;
  df: number;
  n: number;
}

/**
 * Cohen's d_z, mean / sd of the differences, with its interval from the noncentral t distribution.
 *
 * The limits are the noncentralities that put t into either tail, over √n. d_z grows with the
 * correlation of the pairs, so it does not compare with the d of two groups; `averageD` does. Null
 * where the differences do not vary. Source: Steiger & Fouladi 1997 in Harlow et al., What If There Were No
 * Significance Tests?; Lakens 2013, Frontiers in Psychology 4, 863.
 *
 * @throws {RangeError} as `pairedT`
 */
export function cohenDz(differences: Differences, level = 0.95): PairedEffect {
  const { mean, sd, n } = summarised(differences);
  tailOf(level);
  const df = n - 1;
  if (sd === 0) return { estimate: null, ...NO_LIMITS, g: null, df, n };
  const estimate = mean / sd;
  const [lower, upper] = noncentralities(estimate * Math.sqrt(n), df, level);
  return {
    estimate,
    ciLower: lower / Math.sqrt(n),
    ciUpper: upper / Math.sqrt(n),
    g: estimate * hedgesJ(df),
    df,
    n,
  };
}

/**
 * Cohen's d_av: the mean difference over the root mean square of the two standard deviations.
 *
 * Null where neither varies. Source: Cumming 2012, Understanding the New Statistics, ch. 11.
 *
 * @param pairs mean of the differences, standard deviation of either member of the pairs
 * @throws {RangeError} when a number is not finite or an sd is negative
 */
export function averageD(pairs: { mean: number; sdA: number; sdB: number }): number | null {
  const { mean, sdA, sdB } = pairs;
  checked([mean, sdA, sdB]);
  positive(sdA);
  positive(sdB);
  const spread = Math.hypot(sdA, sdB) / Math.SQRT2;
  return ratio(mean, spread);
}

/**
 * Hedges' exact correction of a standardised mean with `df` degrees of freedom,
 * J = Γ(df / 2) / (√(df / 2) · Γ((df − 1) / 2)); 0 with 1 df, where d has no expectation.
 *
 * Source: Hedges 1981, Journal of Educational Statistics 6, 107–128.
 *
 * @throws {RangeError} when df is below 1 or not finite
 */
export function hedgesJ(df: number): number {
  if (!(df >= 1 && df < Infinity)) throw new RangeError(`Hedges' J has df of 1 or more: got ${df}`);
  // Γ(x + ½) / Γ(x), x = (df − 1) / 2: by its series at x ≥ 100, brought there by Γ(x + 1) = x Γ(x).
  // Differences of log Γ would lose the digits that the two have in common.
  let [x, product] = [(df - 1) / 2, 1];
  for (; x < 100; x++) product *= x / (x + 0.5);
  const y = 1 / (8 * x);
  const series = 1 + y * (-1 + y * (1 / 2 + y * (5 / 2 + y * (-21 / 8 - y * 399 / 8))));
  return product * Math.sqrt(x) * series / Math.sqrt(df / 2);
}

/** Two one-sided t-tests. `p` is the larger: that of the claim that the mean lies between the bounds. */
export interface Equivalence {
  estimate: number;
  tLower: number | null;
  pLower: number | null;
  tUpper: number | null;
  pUpper: number | null;
  p: number | null;
  df: number;
  n: number;
}

/**
 * TOST: is the mean difference above the lower bound and below the upper?
 *
 * Each t is that of the mean against one bound; equivalence at 5 % is a 90 % t interval within the
 * bounds. Where the differences do not vary there is no test: t and p are null. Source: Schuirmann 1987,
 * Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680.
 *
 * @param bounds smallest differences that would matter, in the unit of the mean; there is no default
 * @throws {RangeError} as `pairedT`, and when the lower bound is not below the upper
 */
export function equivalence(
  differences: Differences,
  bounds: { lower: number; upper: number },
): Equivalence {
  const { mean, sd, n } = summarised(differences);
  const { lower, upper } = bounds;
  checked([lower, upper]);
  if (lower >= upper) {
    throw new RangeError(`The lower bound lies below the upper: got ${lower} and ${upper}`);
  }
  const [df, se] = [n - 1, sd / Math.sqrt(n)];
  const tLower = ratio(mean - lower, se);
  const tUpper = ratio(mean - upper, se);
  const pLower = tLower === null ? null : tAbove(tLower, df);
  const pUpper = tUpper === null ? null : tAbove(-tUpper, df);
  const p = pLower === null || pUpper === null ? null : Math.max(pLower, pUpper);
  return { estimate: mean, tLower, pLower, tUpper, pUpper, p, df, n };
}

function summarised(differences: Differences): Differences {
  const { mean, sd, n } = differences;
  if (!(n >= 2)) throw new RangeError(`A paired t-test needs at least 2 pairs: got ${n}`);
  positive(sd);
  checked([mean, sd, n]);
  return vanishes(sd, mean) ? { mean, sd: 0, n } : differences;
}

function positive(sd: number): void {
  if (!(sd >= 0)) throw new RangeError(`A standard deviation is 0 or more: got ${sd}`);
}
