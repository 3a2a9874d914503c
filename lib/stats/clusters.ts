/** Rows that depend on each other because they come from the same cluster (here: the same profile). */
import { checked, deviations, type Interval, mean, NO_LIMITS, ratio, sum } from "./basics.ts";
import { wilson } from "./shares.ts";
import { tailOf, tReach, tTail } from "./tails.ts";

/** The values of each cluster; an empty one counts for nothing. Shares are means of 0 and 1. */
export type Clusters = readonly (readonly number[])[];

/** How alike the rows of a cluster are, and what that costs. */
export interface Dependence {
  icc: number | null;
  designEffect: number | null;
  effectiveN: number | null;
  clusters: number;
  n: number;
}

/**
 * Intraclass correlation of one-way ANOVA by cluster, the design effect and the effective n of the mean.
 *
 * ICC is (MSB − MSW) / (MSB + (m₀ − 1) MSW) with m₀ = (n − Σm²/n) / (G − 1); it may be negative. The
 * design effect is 1 + (m̄ − 1) · ICC, where m̄ = Σm²/n is the size of the cluster that a row is in: the
 * mean size where all are equal, and the variance inflation of the mean in either case. Effective n is
 * n / design effect. ICC is null with fewer than 2 clusters, without a cluster of 2 rows, and where
 * nothing varies; rows without a second in their cluster have design effect 1. Source: Donner & Koval
 * 1980, Biometrics 36, 19–25; Kish 1965, Survey Sampling.
 *
 * @throws {RangeError} when a value is not finite
 */
export function dependence(clusters: Clusters): Dependence {
  const { sizes, n, count, parts } = centred(clusters);
  const square = sum(sizes.map((size) => size ** 2)) / n;
  const totals = parts.map(sum);
  const between = sum(totals.map((total, i) => total ** 2 / sizes[i]!)) / (count - 1);
  const within = sum(
    parts.flatMap((part, i) => part.map((value) => (value - totals[i]! / sizes[i]!) ** 2)),
  ) / (n - count);
  const typical = (n - square) / (count - 1);
  const defined = count >= 2 && n > count;
  const icc = defined ? ratio(between - within, between + (typical - 1) * within) : null;
  const designEffect = n > 0 && n === count ? 1 : icc === null ? null : 1 + (square - 1) * icc;
  const effectiveN = designEffect === null || designEffect <= 0 ? null : n / designEffect;
  return { icc, designEffect, effectiveN, clusters: count, n };
}

/** A mean, or a difference of means, whose standard error allows for clusters; the test is against 0. */
export interface ClusteredEstimate extends Interval {
  se: number | null;
  t: number | null;
  df: number;
  p: number | null;
  clusters: number;
  n: number;
}

/**
 * Mean with its CR1 standard error, √(G/(G−1) · Σ_g (Σ_i e)²) / n, and t interval with G − 1 df.
 *
 * se and what follows are null with fewer than 2 clusters. Source: Liang & Zeger 1986, Biometrika 73,
 * 13–22; Cameron & Miller 2015, Journal of Human Resources 50, 317–372.
 *
 * @throws {RangeError} when a value is not finite or the level is not a share
 */
export function clusteredMean(clusters: Clusters, level = 0.95): ClusteredEstimate {
  const { n, count, average, parts } = centred(clusters);
  return studentised(average, parts.map((part) => sum(part) / n), { n, clusters: count }, level);
}

/** A share whose limits allow for clusters. */
export interface ClusteredShare extends Interval {
  effectiveN: number | null;
  clusters: number;
  n: number;
}

/**
 * Share of values that are 1, with Wilson's interval at the effective n, p(1 − p) / se² with the CR1 se
 * of `clusteredMean`, at most n.
 *
 * Unlike the t interval it stays within 0 and 1, and shares of 0 and 1 have limits: there the effective
 * n is the number of clusters, as if the rows of a cluster always agreed. Null without rows; only the
 * limits are null with a single cluster. Source: Korn & Graubard 1998, Survey Methodology 24, 193–201;
 * Dean & Pagano 2015, Journal of Survey Statistics and Methodology 3, 484–503.
 *
 * @throws {RangeError} when a value is neither 0 nor 1, or the level is not a share
 */
export function clusteredShare(clusters: Clusters, level = 0.95): ClusteredShare {
  const odd = clusters.flat().find((value) => value !== 0 && value !== 1);
  if (odd !== undefined) throw new RangeError(`A share is of values 0 and 1: got ${odd}`);
  const { estimate, se, n, clusters: count } = clusteredMean(clusters, level);
  if (estimate === null || se === null) {
    return { estimate, ...NO_LIMITS, effectiveN: null, clusters: count, n };
  }
  const effectiveN = estimate === 0 || estimate === 1
    ? count
    : se === 0
    ? n
    : Math.min(n, estimate * (1 - estimate) / se ** 2);
  const { ciLower, ciUpper } = wilson({ count: estimate * effectiveN, n: effectiveN }, level);
  return { estimate, ciLower, ciUpper, effectiveN, clusters: count, n };
}

/**
 * Difference of two means, a − b, of rows from the same clusters, with its CR1 standard error and t
 * interval with G − 1 df: the clustered version of the test of two means or shares.
 *
 * A cluster that has rows in both groups counts with the difference of its parts in them, so that what
 * a cluster has in common cancels. It is the regression on the group with clustered errors. Null as in
 * `clusteredMean`, and when a group has no rows. Source: as there.
 *
 * @param a values of group a, by cluster
 * @param b values of group b, the same clusters in the same places
 * @throws {RangeError} when the numbers of clusters differ, a value is not finite or the level is no
 *   share
 */
export function clusteredDifference(a: Clusters, b: Clusters, level = 0.95): ClusteredEstimate {
  if (a.length !== b.length) {
    throw new RangeError(`Both groups have the same clusters: got ${a.length} and ${b.length}`);
  }
  const kept = a.keys().toArray().filter((g) => a[g]!.length + b[g]!.length > 0);
  const [first, second] = [a, b].map((group) => {
    const values = deviations(checked(kept.flatMap((g) => group[g]!)));
    let at = 0;
    const parts = kept.map((g) => sum(values.slice(at, at += group[g]!.length)) / values.length);
    return { parts, n: values.length, average: mean(kept.flatMap((g) => group[g]!)) };
  });
  const shape = { n: first!.n + second!.n, clusters: kept.length };
  const estimate = first!.average === null || second!.average === null
    ? null
    : first!.average - second!.average;
  const parts = first!.parts.map((part, g) => part - second!.parts[g]!);
  return studentised(estimate, parts, shape, level);
}

/** `parts` are what each cluster adds to the estimate, above what is expected. */
function studentised(
  estimate: number | null,
  parts: readonly number[],
  shape: { n: number; clusters: number },
  level: number,
): ClusteredEstimate {
  tailOf(level);
  const [count, df] = [parts.length, parts.length - 1];
  if (estimate === null || count < 2) {
    return { estimate, se: null, ...NO_LIMITS, t: null, df, p: null, ...shape };
  }
  const se = Math.sqrt(count / df * sum(parts.map((part) => part ** 2)));
  const half = tReach(level, df) * se;
  const t = ratio(estimate, se);
  const p = t === null ? null : tTail(t, df);
  return { estimate, se, ciLower: estimate - half, ciUpper: estimate + half, t, df, p, ...shape };
}

/** The clusters with rows, each as deviations from the mean of all rows. */
function centred(clusters: Clusters) {
  const kept = clusters.filter((cluster) => cluster.length > 0);
  const sizes = kept.map((cluster) => cluster.length);
  const values = kept.flat();
  const away = deviations(checked(values));
  let at = 0;
  const parts = sizes.map((size) => away.slice(at, at += size));
  return { sizes, n: values.length, count: kept.length, average: mean(values), parts };
}
