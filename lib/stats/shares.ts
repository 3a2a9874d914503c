/** Shares of two groups: z, intervals, effect sizes. */
import { finite, type Interval, limited, type Limits, NO_LIMITS } from "./basics.ts";
import { normalReach, normalTail } from "./tails.ts";

/** `count` of `n` things have a property. */
export interface Count {
  count: number;
  n: number;
}

/**
 * Pooled z-test of two shares.
 *
 * Null when a group is empty, and where all of both have the property or none has: then nothing varies.
 *
 * @throws {RangeError} when a count is not between 0 and its n
 */
export function proportionZ(a: Count, b: Count): { z: number | null; p: number | null } {
  counted(a, b);
  const n = a.n + b.n, all = a.count + b.count;
  if (a.n === 0 || b.n === 0 || all === 0 || all === n) return { z: null, p: null };
  const yes = (a.count + b.count) / n;
  const no = (n - a.count - b.count) / n;
  const se = Math.sqrt(yes * no * (1 / a.n + 1 / b.n));
  // Over the common denominator the counts cancel exactly; subtracted shares would lose digits.
  const difference = (a.count * b.n - b.count * a.n) / (a.n * b.n);
  const z = finite(difference / se);
  return { z, p: z === null ? null : normalTail(z) };
}

/**
 * A share with Wilson's score interval: the shares that a z-test at this level does not reject.
 *
 * It stays within 0 and 1 and reaches 0 (1) exactly for a count of 0 (n); null when n is 0.
 * Source: Wilson 1927, JASA 22, 209–212.
 *
 * @throws {RangeError} when the count is not between 0 and its n, or the level is not a share
 */
export function wilson(of: Count, level = 0.95): Interval {
  counted(of);
  const square = normalReach(level) ** 2;
  const { count, n } = of;
  if (n === 0) return { estimate: null, ...NO_LIMITS };
  // The limits are the roots of a quadratic, and the far root gives the near one without cancellation.
  const farRoot = (hits: number) =>
    (hits + square / 2 + Math.sqrt(square * (hits * (n - hits) / n + square / 4))) / (n + square);
  const lower = (hits: number) => hits ** 2 / (n * (n + square) * farRoot(hits));
  const [ciLower, ciUpper] = 2 * count < n
    ? [lower(count), farRoot(count)]
    : [1 - farRoot(n - count), 1 - lower(n - count)];
  return { estimate: count / n, ...limited(ciLower, ciUpper) };
}

/**
 * A share with Wilson's interval at its effective n, p(1 − p) / se², at most n; at shares of 0 and 1 the
 * number of clusters. Without se there are no limits.
 */
export function effectiveShare(
  { estimate, se }: { estimate: number | null; se: number | null },
  most: { n: number; clusters: number },
  level: number,
): Interval & { effectiveN: number | null } {
  if (estimate === null || se === null) return { estimate, ...NO_LIMITS, effectiveN: null };
  const effectiveN = estimate === 0 || estimate === 1
    ? most.clusters
    : se === 0
    ? most.n
    : Math.min(most.n, estimate * (1 - estimate) / se ** 2);
  const { ciLower, ciUpper } = wilson({ count: estimate * effectiveN, n: effectiveN }, level);
  return { estimate, ciLower, ciUpper, effectiveN };
}

/**
 * Difference of two independent shares, a − b, with Newcombe's interval from the two Wilson intervals.
 *
 * d − √((p₁ − l₁)² + (u₂ − p₂)²) to d + √((u₁ − p₁)² + (p₂ − l₂)²); null when a group is empty.
 * Source: Newcombe 1998, Statistics in Medicine 17, 873–890, method 10 (no continuity correction).
 *
 * @throws {RangeError} when a count is not between 0 and its n, or the level is not a share
 */
export function newcombe(a: Count, b: Count, level = 0.95): Interval {
  const [first, second] = [wilson(a, level), wilson(b, level)];
  const limits = combined(first, second, 1, -1);
  if (limits === null) return { estimate: null, ...NO_LIMITS };
  return { estimate: finite((a.count * b.n - b.count * a.n) / (a.n * b.n)), ...limits };
}

/**
 * Limits of u·x + v·y from the intervals of independent x and y: each limit is as far from the
 * estimate as the distances to the limits that act in its direction, added as squares. Null where an
 * estimate is. Source: Zou & Donner 2008, Statistics in Medicine 27, 1693–1702.
 */
export function combined(x: Interval, y: Interval, u: number, v: number): Limits | null {
  if (x.estimate === null || y.estimate === null) return null;
  const estimate = u * x.estimate + v * y.estimate;
  const reach = (of: Interval, weight: number, down: boolean) =>
    weight * (of.estimate! - (weight > 0 === down ? of.ciLower! : of.ciUpper!));
  return limited(
    estimate - Math.hypot(reach(x, u, true), reach(y, v, true)),
    estimate + Math.hypot(reach(x, u, false), reach(y, v, false)),
  );
}

/**
 * Cohen's h, 2 arcsin √p₁ − 2 arcsin √p₂, from −π to π, with its normal interval.
 *
 * se is √(1/n₁ + 1/n₂), whatever the shares; null when a group is empty. Source: Cohen 1988,
 * Statistical Power Analysis, ch. 6.
 *
 * @throws {RangeError} when a count is not between 0 and its n, or the level is not a share
 */
export function cohenH(a: Count, b: Count, level = 0.95): Interval & { se: number | null } {
  counted(a, b);
  const reach = normalReach(level);
  if (a.n === 0 || b.n === 0) return { estimate: null, se: null, ...NO_LIMITS };
  const [p, q] = [a.count / a.n, b.count / b.n];
  const cross = Math.sqrt(p * (1 - q)) + Math.sqrt(q * (1 - p));
  // The sine of half of h, with a difference of counts that cancels exactly.
  const sine = cross === 0 ? 0 : (a.count * b.n - b.count * a.n) / (a.n * b.n) / cross;
  const estimate = finite(2 * Math.atan2(sine, Math.sqrt(p * q) + Math.sqrt((1 - p) * (1 - q))));
  const se = finite(Math.sqrt(1 / a.n + 1 / b.n));
  if (estimate === null || se === null) return { estimate: null, se: null, ...NO_LIMITS };
  return { estimate, se, ...limited(estimate - reach * se, estimate + reach * se) };
}

/**
 * Risk ratio p₁ / p₂ with Katz's interval, normal in the logarithm.
 *
 * `seLog` is √(1/x₁ − 1/n₁ + 1/x₂ − 1/n₂), in units of log ratio. Nothing is added to a count of 0:
 * with x₁ = 0 the ratio is 0 and its log, se and limits are undefined; with x₂ = 0 or an empty group
 * there is no ratio. Where all of both groups are counted nothing varies and there are no limits. Source: Katz et al. 1978, Biometrics 34, 469–474.
 *
 * @throws {RangeError} when a count is not between 0 and its n, or the level is not a share
 */
export function riskRatio(a: Count, b: Count, level = 0.95): Interval & { seLog: number | null } {
  counted(a, b);
  const reach = normalReach(level);
  if (a.n === 0 || b.count === 0) return { estimate: null, seLog: null, ...NO_LIMITS };
  const estimate = finite((a.count * b.n) / (b.count * a.n));
  if (estimate === null || a.count === 0) return { estimate, seLog: null, ...NO_LIMITS };
  const part = ({ count, n }: Count) => (n - count) / (count * n);
  const seLog = finite(Math.sqrt(part(a) + part(b)));
  const factor = Math.exp(reach * (seLog ?? Infinity));
  return { estimate, seLog, ...limited(estimate / factor, estimate * factor) };
}

/** @throws {RangeError} when a count is not between 0 and its n, or n is beyond 2⁵³ */
export function counted(...counts: readonly Count[]): void {
  const odd = counts.find(({ count, n }) =>
    !(count >= 0 && count <= n && n <= Number.MAX_SAFE_INTEGER)
  );
  if (odd === undefined) return;
  throw new RangeError(`A count lies between 0 and its n: got ${odd.count} of ${odd.n}`);
}
