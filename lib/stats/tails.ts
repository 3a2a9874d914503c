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

/** How many standard errors a t interval reaches. */
export const tReach = (level: number, df: number): number => -tQuantile(tailOf(level), df);
