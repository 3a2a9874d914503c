/** A share of all strata together, each sampled apart. */
import { finite, type Interval, limited, NO_LIMITS } from "./basics.ts";
import { normalReach } from "./tails.ts";

/** A stratum: the share found among `n` of it, which may be an effective number, and its weight. */
export interface Stratum {
  share: number;
  n: number;
  weight: number;
}

/**
 * The weighted mean of the shares of independent strata, with its score interval: the means that a z-test
 * does not reject whose variance is taken at the likeliest shares of the strata with that mean.
 *
 * It stays within 0 and 1, and has a width where all of each stratum are alike, as the normal interval of
 * estimated variances has not; near 0 and 1, or of few in each stratum, that one is too narrow by far.
 * A stratum's variance is c² p(1 − p) / (n − 1 + r), where r is its part of all of the variance: as many
 * shares are estimated beside the mean as there are strata, less one. The divisor is ours, between published
 * ones: of one stratum (r = 1) the interval is Wilson's, of two that are alike (r = ½) Miettinen and
 * Nurminen's, and of many the variance is the unbiased one; with n alone limits of few in each of many strata
 * would be too narrow.
 * There are no limits where a stratum has an n of 1 or less. Source: Martín Andrés, Álvarez Hernández &
 * Herranz Tejedor 2011, Statistical Methods in Medical Research 20, 369–387 (score); Miettinen & Nurminen
 * 1985, Statistics in Medicine 4, 213–226.
 *
 * @throws {RangeError} when a share is none, an n or a weight is negative or not finite, or the level is no
 *   share
 */
export function stratifiedShare(strata: readonly Stratum[], level = 0.95): Interval {
  const reach = normalReach(level);
  for (const { share, n, weight } of strata) {
    const sized = n >= 0 && n < Infinity && weight >= 0 && weight < Infinity;
    if (share >= 0 && share <= 1 && sized) continue;
    throw new RangeError(
      `A stratum has a share from 0 to 1, an n and a weight: got ${share}, ${n} and ${weight}`,
    );
  }
  const counting = strata.filter(({ weight }) => weight > 0);
  const most = counting.reduce((most, { weight }) => Math.max(most, weight), 0);
  const total = counting.reduce((sum, { weight }) => sum + weight / most, 0);
  const own = counting.map((one) => ({ ...one, weight: one.weight / most / total }));
  const estimate = own.length === 0
    ? null
    : finite(own.reduce((sum, { share, weight }) => sum + weight * share, 0));
  if (estimate === null || own.some(({ n }) => n <= 1)) return { estimate, ...NO_LIMITS };
  const turned = own.map((one) => ({ ...one, share: 1 - one.share }));
  return { estimate, ...limited(lowest(own, reach), 1 - lowest(turned, reach)) };
}

/**
 * The lower limit. With the multiplier k the likeliest shares solve n (share − p) = k c p (1 − p), so that
 * their mean lies k · Σ c² p(1 − p) / n below the estimate; the limit is where that is `reach` errors.
 */
function lowest(strata: readonly Stratum[], reach: number): number {
  if (strata.every(({ share }) => share === 0)) return 0;
  const at = (k: number) => {
    const parts = strata.map(({ share, n, weight }) => {
      const pull = k * weight;
      const root = Math.hypot(pull - n, 2 * Math.sqrt(pull * n * (1 - share)));
      const p = 2 * n * share / (pull + n + root);
      return { p, n, weight, square: weight * weight * p * (1 - p) };
    });
    const plain = parts.reduce((sum, { square, n }) => sum + square / n, 0);
    const variance = parts.reduce(
      (sum, { square, n }) => square === 0 ? sum : sum + square / (n - 1 + square / n / plain),
      0,
    );
    return {
      mean: parts.reduce((sum, { p, weight }) => sum + weight * p, 0),
      errors: plain === 0 ? 0 : k * plain / Math.sqrt(variance),
    };
  };
  let low = 0, high = 1;
  while (at(high).errors < reach && high < Infinity) [low, high] = [high, 2 * high];
  for (let middle = high; (middle = (low + high) / 2) > low && middle < high;) {
    if (at(middle).errors < reach) low = middle;
    else high = middle;
  }
  return at(high).mean;
}
