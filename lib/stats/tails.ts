/** Tails and quantiles of the normal and of Student's t. */
import { betainc, erfc, normalQuantile, tQuantile } from "./special.ts";

/**
 * Two-sided p of Student's t; 0 where it is below 2.2e-308.
 *
 * Both forms are tails by construction: 1 − cdf would end at 1e-16.
 *
 * @throws {RangeError} when t is not a number or df is not positive and finite
 */
export function tTail(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0 && df < Infinity)) {
    throw new RangeError(`A t has a number and positive df: got ${t} with ${df} df`);
  }
  // The incomplete beta function loses half the digits of a small t here, and t² overflows early.
  if (df === 1) return 2 / Math.PI * Math.atan2(1, Math.abs(t));
  const square = t ** 2;
  return square < df
    ? betainc(square / (df + square), 0.5, df / 2, true)
    : betainc(df / (df + square), df / 2, 0.5);
}

/**
 * Two-sided p of the standard normal; 0 where it is below 5e-324.
 *
 * @throws {RangeError} when z is not a number
 */
export function normalTail(z: number): number {
  if (Number.isNaN(z)) throw new RangeError("A z is a number: got NaN");
  return erfc(Math.abs(z) / Math.SQRT2);
}

/** Degrees of freedom up to which a chi-squared is summed term by term. */
const MOST_DF = 1e6;

/**
 * P(χ² ≥ x), a tail by construction: for whole df the incomplete gamma function is a sum of positive terms,
 * of an even number those of the Poisson distribution.
 *
 * @throws {RangeError} when x is negative or not a number, or df no whole number from 1 to 1,000,000
 */
export function chiSquareTail(x: number, df: number): number {
  if (!(x >= 0)) throw new RangeError(`A chi-squared is 0 or more: got ${x}`);
  if (!Number.isInteger(df) || df < 1 || df > MOST_DF) {
    throw new RangeError(`A chi-squared has 1 to ${MOST_DF} degrees of freedom: got ${df}`);
  }
  if (x === 0) return 1;
  if (x === Infinity) return 0;
  const half = x / 2, odd = df % 2;
  let above = odd ? erfc(Math.sqrt(half)) : 0;
  // Γ(3/2) = √π / 2; terms by their logarithms, since e^(−x/2) is 0 from 1,490 on.
  let term = odd ? Math.log(half) / 2 - half - Math.log(Math.PI) / 2 + Math.LN2 : -half;
  for (let k = odd ? 1.5 : 1; k <= df / 2; k++) {
    above += Math.exp(term);
    term += Math.log(half) - Math.log(k);
  }
  return Math.min(1, above);
}

/** P(T ≥ t) of Student's t, a tail by construction where it is small. */
export function tAbove(t: number, df: number): number {
  return t > 0 ? tTail(t, df) / 2 : 1 - tTail(t, df) / 2;
}

/**
 * What a confidence level leaves out on either side: 0.025 of 0.95.
 *
 * @throws {RangeError} when the level is not between 0 and 1
 */
export function tailOf(level: number): number {
  if (level > 0 && level < 1) return (1 - level) / 2;
  throw new RangeError(`A confidence level lies between 0 and 1: got ${level}`);
}

/** How many standard errors a normal interval reaches: 1.96 at 0.95. */
export const normalReach = (level: number): number => -normalQuantile(tailOf(level));

/**
 * How many standard errors a t interval reaches.
 *
 * @throws {RangeError} when the level is not between 0 and 1, or df is not above 0
 */
export function tReach(level: number, df: number): number {
  const reach = -tQuantile(tailOf(level), df);
  if (Number.isFinite(reach)) return reach;
  throw new RangeError(`A t interval has df above 0, and not next to 0: got ${df}`);
}
