/** Two independent groups of which mean, sd and n are known, such as a sample and a published norm. */
import {
  checked,
  finite,
  type Interval,
  limited,
  type Limits,
  NO_LIMITS,
  ratio,
  vanishes,
} from "./basics.ts";
import { hedgesJ } from "./means.ts";
import { noncentralities } from "./noncentral.ts";
import { fQuantile } from "./special.ts";
import { normalReach, tailOf, tReach, tTail } from "./tails.ts";

/** A group: its mean, its sd (divisor n − 1) and how many it has. */
export interface Group {
  mean: number;
  sd: number;
  n: number;
}

/** A difference of two means, a − b, against 0. */
export interface GroupTest extends Limits {
  estimate: number;
  se: number;
  t: number | null;
  df: number | null;
  p: number | null;
}

/**
 * Welch's t-test of a − b, which lets the groups spread differently.
 *
 * se² = s₁²/n₁ + s₂²/n₂, df = se⁴ / Σ s⁴/(n²(n − 1)). Where neither group varies there is no test. Source:
 * Welch 1947, Biometrika 34, 28–35.
 *
 * @throws {RangeError} when an n is below 2, an sd is negative, or the level is no share
 */
export function welch(a: Group, b: Group, level = 0.95): GroupTest {
  const parts = grouped(a, b).map(({ sd, n }) => ({ square: sd ** 2 / n, df: n - 1 }));
  const variance = parts.reduce((total, { square }) => total + square, 0);
  const df = variance ** 2 / parts.reduce((total, { square, df }) => total + square ** 2 / df, 0);
  return tested(a.mean - b.mean, Math.sqrt(variance), finite(df), level);
}

/**
 * The t-test with one pooled variance, as papers print it; where the groups spread differently its level is
 * not what it says, and choosing it by an F test first does not mend that.
 *
 * @throws {RangeError} as `welch`
 */
export function pooledT(a: Group, b: Group, level = 0.95): GroupTest {
  const se = pooledSd(a, b) * Math.sqrt(1 / a.n + 1 / b.n);
  return tested(a.mean - b.mean, se, a.n + b.n - 2, level);
}

function tested(estimate: number, se: number, df: number | null, level: number): GroupTest {
  tailOf(level);
  const t = df === null ? null : ratio(estimate, se);
  if (t === null) return { estimate, se, t, df, p: null, ...NO_LIMITS };
  const half = tReach(level, df!) * se;
  return { estimate, se, t, df, p: tTail(t, df!), ...limited(estimate - half, estimate + half) };
}

/** A standardised difference of two means; what it is in units of, its function says. */
export interface GroupEffect extends Interval {
  se: number | null;
}

/** Cohen's d of two groups and Hedges' g, which is d times `J`, limits included. */
export interface PooledEffect extends Interval {
  J: number;
  g: number | null;
  gLower: number | null;
  gUpper: number | null;
}

/**
 * Cohen's d of two groups, (m₁ − m₂) / s_p, with limits from the noncentral t of the pooled test.
 *
 * s_p says nothing where one group hardly varies, as a model that repeats itself: `glassDelta` and `bonettD`
 * do. Null where neither varies. Source: Hedges 1981, Journal of Educational Statistics 6, 107–128; Steiger &
 * Fouladi 1997 in Harlow et al., What If There Were No Significance Tests?
 *
 * @throws {RangeError} as `welch`
 */
export function pooledD(a: Group, b: Group, level = 0.95): PooledEffect {
  const df = a.n + b.n - 2, unit = Math.sqrt(1 / a.n + 1 / b.n);
  const { t } = pooledT(a, b, level);
  const J = hedgesJ(df);
  if (t === null) {
    return { estimate: null, ...NO_LIMITS, J, g: null, gLower: null, gUpper: null };
  }
  const [lower, upper] = noncentralities(t, df, level);
  const { ciLower, ciUpper } = limited(lower * unit, upper * unit);
  const estimate = t * unit, times = (limit: number | null) => limit === null ? null : J * limit;
  return {
    estimate,
    ciLower,
    ciUpper,
    J,
    g: J * estimate,
    gLower: times(ciLower),
    gUpper: times(ciUpper),
  };
}

/**
 * Glass's Δ, (m₁ − m₂) / s₂: the difference in sds of the second group, whatever the spread of the first.
 *
 * Variance s₁²/(s₂²(n₁ − 1)) + 1/(n₂ − 1) + Δ²/(2(n₂ − 1)), normal limits. Null where the second group does
 * not vary. Source: Glass 1976, Educational Researcher 5, 3–8; Bonett 2008, Psychological Methods 13, 99–109.
 *
 * @throws {RangeError} as `welch`
 */
export function glassDelta(a: Group, b: Group, level = 0.95): GroupEffect {
  const [one, other] = grouped(a, b);
  const estimate = ratio(a.mean - b.mean, other.sd);
  if (estimate === null) return { estimate, se: null, ...NO_LIMITS };
  const variance = (one.sd / other.sd) ** 2 / (a.n - 1) +
    (1 + estimate ** 2 / 2) / (b.n - 1);
  return around(estimate, Math.sqrt(variance), level);
}

/**
 * Bonett's d: the difference in units of √((s₁² + s₂²) / 2), which needs no equal spread.
 *
 * Normal limits. Null where neither varies. Source: Bonett 2008, Psychological Methods 13, 99–109.
 *
 * @throws {RangeError} as `welch`
 */
export function bonettD(a: Group, b: Group, level = 0.95): GroupEffect {
  const [one, other] = grouped(a, b);
  const square = (one.sd ** 2 + other.sd ** 2) / 2;
  const estimate = ratio(a.mean - b.mean, Math.sqrt(square));
  if (estimate === null) return { estimate, se: null, ...NO_LIMITS };
  const [u, v] = [one, other].map(({ sd, n }) => ({ share: sd ** 2 / square, df: n - 1 }));
  const variance = estimate ** 2 * (u!.share ** 2 / u!.df + v!.share ** 2 / v!.df) / 8 +
    u!.share / u!.df + v!.share / v!.df;
  return around(estimate, Math.sqrt(variance), level);
}

const around = (estimate: number, se: number, level: number): GroupEffect => {
  const half = normalReach(level) * se;
  return { estimate, se, ...limited(estimate - half, estimate + half) };
};

/** How much one group spreads as a ratio of the other. */
export interface SpreadRatio extends Interval {
  /** ln(s₁ / s₂), corrected for small samples; the estimate is its exp. */
  lnVR: number | null;
  se: number | null;
  /** s₁ / s₂ as it is, within the limits of the F distribution. */
  ratio: number | null;
  fLower: number | null;
  fUpper: number | null;
}

/**
 * The ratio of two sds, s₁ / s₂: below 1 the first group is the more alike.
 *
 * lnVR = ln(s₁/s₂) + 1/(2(n₁ − 1)) − 1/(2(n₂ − 1)), se √(1/(2(n₁ − 1)) + 1/(2(n₂ − 1))), exp of its normal
 * limits; beside it the exact limits of the F distribution. Both take the scores for normal: of raw scores
 * bootstrap people instead. Null where a group does not vary. Source: Nakagawa et al. 2015, Methods in
 * Ecology and Evolution 6, 143–152.
 *
 * @throws {RangeError} as `welch`
 */
export function spreadRatio(a: Group, b: Group, level = 0.95): SpreadRatio {
  const [one, other] = grouped(a, b), tail = tailOf(level);
  const whole = ratio(one.sd, other.sd);
  if (!whole) {
    const none = { lnVR: null, se: null, fLower: null, fUpper: null };
    return { estimate: null, ...NO_LIMITS, ratio: whole, ...none };
  }
  const [u, v] = [a.n - 1, b.n - 1];
  const lnVR = Math.log(whole) + 1 / (2 * u) - 1 / (2 * v);
  const se = Math.sqrt(1 / (2 * u) + 1 / (2 * v));
  const half = normalReach(level) * se;
  return {
    lnVR,
    se,
    estimate: Math.exp(lnVR),
    ciLower: Math.exp(lnVR - half),
    ciUpper: Math.exp(lnVR + half),
    ratio: whole,
    fLower: whole / Math.sqrt(fQuantile(1 - tail, u, v)),
    fUpper: whole / Math.sqrt(fQuantile(tail, u, v)),
  };
}

function pooledSd(a: Group, b: Group): number {
  const squares = grouped(a, b).reduce((total, { sd, n }) => total + (n - 1) * sd ** 2, 0);
  return Math.sqrt(squares / (a.n + b.n - 2));
}

/** An sd that is no more than rounding beside its mean is 0. */
function grouped(a: Group, b: Group): [Group, Group] {
  return [a, b].map(({ mean, sd, n }) => {
    checked([mean, sd, n]);
    if (!(n >= 2)) throw new RangeError(`A group has at least 2: got ${n}`);
    if (sd < 0) throw new RangeError(`A standard deviation is 0 or more: got ${sd}`);
    return { mean, sd: vanishes(sd, mean) ? 0 : sd, n };
  }) as [Group, Group];
}
