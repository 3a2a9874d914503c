/** The noncentral t distribution: that of (Z + δ) / √(χ² / df). */
import { erfc } from "./special.ts";
import { tailOf } from "./tails.ts";

/** What no longer changes a sum of doubles. */
const NEGLIGIBLE = 1e-18;

/**
 * P(T ≤ t) and P(T ≥ t) of the noncentral t with noncentrality `ncp`, both right in their tails.
 *
 * The mean of the normal tail at t·s − ncp over s = √(χ² / df), by the trapezoid rule in log s, which
 * converges exponentially for such integrands (Trefethen & Weideman 2014, SIAM Review 56, 385–458).
 * All terms are positive, so small tails keep their digits; the series of AS 243 (Lenth 1989) and
 * Benton & Krishnamoorthy 2003 take one of the tails as a difference from 1.
 *
 * @throws {RangeError} when t or ncp is not finite or df is not positive and finite
 */
export function noncentralT(t: number, df: number, ncp: number): { lower: number; upper: number } {
  if (!(Number.isFinite(t) && Number.isFinite(ncp) && df > 0 && df < Infinity)) {
    throw new RangeError(`A noncentral t has finite t, ncp, df > 0: got ${t}, ${ncp}, ${df}`);
  }
  const { at, step } = grid(t, df, ncp);
  let [mass, lower, upper] = [0, 0, 0];
  for (const direction of [-1, 1]) {
    for (let i = direction < 0 ? 0 : 1;; i++) {
      const { u, width } = at(direction * i * step);
      const density = Math.exp(df * (u - Math.expm1(2 * u) / 2)) * width;
      const distance = (t * Math.exp(u) - ncp) / Math.SQRT2;
      const below = density === 0 ? 0 : density * erfc(-distance) / 2;
      const above = density === 0 ? 0 : density * erfc(distance) / 2;
      mass += density;
      lower += below;
      upper += above;
      // A sum that is still 0 may have its terms further out, and the density has its peak at 0.
      const ended = density < NEGLIGIBLE * mass &&
        lower > 0 && below < NEGLIGIBLE * lower && upper > 0 && above < NEGLIGIBLE * upper;
      if (ended || (density === 0 && direction * u > 0)) break;
    }
  }
  return { lower: lower / mass, upper: upper / mass };
}

/**
 * Where the terms stand in u = log s, `width` being du of one step. They are as close as the sharpest
 * curvature asks, 4 df + ncp². Where the normal tail turns much more sharply than the density, they are
 * close around its turn only, at log(ncp / t), and further apart with the distance from it.
 */
function grid(t: number, df: number, ncp: number) {
  const turns = t * ncp > 0;
  const finest = 1 / Math.sqrt(4 * df + (turns ? ncp ** 2 : 0));
  if (!turns || ncp ** 2 <= 100 * df) {
    // The density of 1 df falls so slowly that 0.12 is its limit.
    return { at: (w: number) => ({ u: w, width: 1 }), step: Math.min(0.12, 0.4 * finest) };
  }
  const centre = Math.log(ncp / t);
  const far = Math.abs(centre) + 9 / Math.sqrt(2 * df);
  const at = (w: number) => ({ u: centre + finest * Math.sinh(w), width: Math.cosh(w) });
  return { at, step: Math.min(0.05, 0.2 / Math.sqrt(df) / far) };
}

/**
 * The noncentralities for which an observed t leaves the same share in its upper and in its lower tail:
 * the limits of a confidence interval of ncp. Source: Steiger & Fouladi 1997.
 *
 * @throws {RangeError} as `noncentralT`, and when the level is not a share
 */
export function noncentralities(t: number, df: number, level: number): [number, number] {
  const tail = tailOf(level);
  const reach = Math.sqrt(1 + t ** 2 / (2 * df));
  return [
    crossing((ncp) => noncentralT(t, df, ncp).upper < tail, t, reach),
    crossing((ncp) => noncentralT(t, df, ncp).lower >= tail, t, reach),
  ];
}

/** The t below which a share of the distribution lies. */
export function noncentralQuantile(share: number, df: number, ncp: number): number {
  const reach = Math.sqrt(1 + ncp ** 2 / (2 * df));
  const below = share < 0.5
    ? (t: number) => noncentralT(t, df, ncp).lower < share
    : (t: number) => noncentralT(t, df, ncp).upper > 1 - share;
  return crossing(below, ncp, reach);
}

/** Where `below` turns from true to false, by bisection to the last bit. */
function crossing(below: (x: number) => boolean, start: number, reach: number): number {
  let [low, high] = [start - reach, start + reach];
  for (let width = reach; !below(low); width *= 2) low -= width;
  for (let width = reach; below(high); width *= 2) high += width;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return high;
}
