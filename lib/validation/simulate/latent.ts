/** What stands behind two-valued items: a normal latent that gives a scale the reliability stated. */
import erfc from "@stdlib/math-base-special-erfc";
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import type { Random } from "../../random.ts";

/** The z below which a share of the standard normal lies. */
export const zOf = (share: number): number => normalQuantile(share, 0, 1);

/** The share of the standard normal below z. */
export const below = (z: number): number => erfc(-z / Math.SQRT2) / 2;

/** A standard normal number. */
export function normal(random: Random): number {
  // A uniform number can be 0, whose z is infinite; half a step away the tails stay alike.
  return zOf(random.uniform() + 2 ** -54);
}

/**
 * The covariance of two items with the thresholds h and k on normals that correlate with r:
 * Φ₂(h, k; r) − Φ(h)Φ(k).
 *
 * By Plackett's identity it is the integral of the bivariate density over the correlation from 0 to r;
 * with r = sin φ the integrand is smooth, and Simpson's rule at 128 steps is right to 1e-9 up to r = 0.9.
 * Source: Plackett 1954, Biometrika 41, 351–360.
 */
export function itemCovariance(h: number, k: number, r: number): number {
  const steps = 128;
  const width = Math.asin(r) / steps;
  const density = (angle: number) =>
    Math.exp(-(h * h + k * k - 2 * h * k * Math.sin(angle)) / (2 * Math.cos(angle) ** 2));
  let total = density(0) + density(width * steps);
  for (let step = 1; step < steps; step++) total += (step % 2 ? 4 : 2) * density(width * step);
  return total * width / 3 / (2 * Math.PI);
}

/** KR-20 of items with these rates whose latents all correlate with r. */
export function reliabilityAt(rates: readonly number[], r: number): number {
  const cuts = rates.map(zOf);
  const own = rates.reduce((total, rate) => total + rate * (1 - rate), 0);
  let shared = 0;
  for (let i = 1; i < cuts.length; i++) {
    for (let j = 0; j < i; j++) shared += 2 * itemCovariance(cuts[i]!, cuts[j]!, r);
  }
  return rates.length / (rates.length - 1) * shared / (own + shared);
}

/** Above it, items whose latents are the same but for noise differ in their thresholds only. */
const MOST = 0.99;

/**
 * The correlation of the items' latents that gives a scale its reliability, by bisection.
 *
 * @param rates how often each item is keyed, between 0 and 1
 * @throws {RangeError} when the scale has fewer than 2 items or cannot be so reliable, since items of
 *   different rates never agree wholly
 */
export function latentCorrelation(
  scale: string,
  rates: readonly number[],
  reliability: number,
): number {
  if (rates.length < 2) {
    throw new RangeError(`Scale ${scale} has ${rates.length} items: reliability needs 2 or more`);
  }
  const most = reliabilityAt(rates, MOST);
  if (!(reliability >= 0 && reliability <= most)) {
    throw new RangeError(
      `Scale ${scale} with these rates has a reliability from 0 to ${most.toFixed(3)}: ` +
        `current value is ${reliability}`,
    );
  }
  let [low, high] = [0, MOST];
  while (high - low > 1e-8) {
    const middle = (low + high) / 2;
    if (reliabilityAt(rates, middle) < reliability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
