/** Rows that depend on each other because they come from the same cluster (here: the same profile). */
import {
  checked,
  deviations,
  finite,
  type Interval,
  limited,
  mean,
  NO_LIMITS,
  ratio,
  sum,
  vanishes,
} from "./basics.ts";
import { effectiveShare } from "./shares.ts";
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

/**
 * Below so many clusters CR1 is too small and its t interval too short: CR2 and Satterthwaite's df take
 * their place.
 */
export const FEW_CLUSTERS = 40;

/**
 * A mean, or a difference of means, whose standard error allows for clusters; the test is against 0.
 * `df` need not be whole.
 */
export interface ClusteredEstimate extends Interval {
  se: number | null;
  t: number | null;
  df: number;
  p: number | null;
  clusters: number;
  n: number;
}

/**
 * Mean with its standard error by cluster and its t interval.
 *
 * CR1, √(G/(G−1) · Σ_g (Σ_i e)²) / n, with G − 1 df; below 40 clusters CR2 with Satterthwaite's df, both
 * for a working model of independent rows. se and what follows are null with fewer than 2 clusters; t, p
 * and the limits where the clusters do not differ, up to rounding. Source: Liang & Zeger 1986,
 * Biometrika 73, 13–22; Cameron & Miller 2015, Journal of Human Resources 50, 317–372; Bell & McCaffrey
 * 2002, Survey Methodology 28, 169–181; Pustejovsky & Tipton 2018, Journal of Business & Economic
 * Statistics 36, 672–683.
 *
 * @throws {RangeError} when a value is not finite or the level is not a share
 */
export function clusteredMean(clusters: Clusters, level = 0.95): ClusteredEstimate {
  const { n, count, average, parts } = centred(clusters);
  const group = { n, parts: parts.map((rows) => ({ n: rows.length, sum: sum(rows) })) };
  const size = sum(parts.flat().map(Math.abs)) / n;
  return studentised(average, [group], { n, clusters: count, size }, level);
}

/** A share whose limits allow for clusters. */
export interface ClusteredShare extends Interval {
  effectiveN: number | null;
  clusters: number;
  n: number;
}

/**
 * Share of values that are 1, with Wilson's interval at the effective n, p(1 − p) / se² with the se of
 * `clusteredMean`, at most n.
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
  return { ...effectiveShare({ estimate, se }, { n, clusters: count }, level), clusters: count, n };
}

/**
 * Difference of two means, a − b, of rows from the same clusters, with its standard error by cluster and
 * t interval, as in `clusteredMean`: the clustered version of the test of two means or shares.
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
    const parts = kept.map((g) => {
      const n = group[g]!.length;
      return { n, sum: sum(values.slice(at, at += n)) };
    });
    const size = sum(values.map(Math.abs)) / values.length;
    return { parts, n: values.length, average: mean(kept.flatMap((g) => group[g]!)), size };
  });
  const estimate = first!.average === null || second!.average === null
    ? null
    : first!.average - second!.average;
  const shape = {
    n: first!.n + second!.n,
    clusters: kept.length,
    size: first!.size + second!.size,
  };
  return studentised(estimate, [first!, second!], shape, level);
}

/** A group of rows: of each cluster how many it has, and the sum of their deviations from its mean. */
interface Group {
  n: number;
  parts: readonly { n: number; sum: number }[];
}

/**
 * @param groups one, or two whose difference is estimated
 * @param shape `size` is the mean size of a deviation
 */
function studentised(
  estimate: number | null,
  groups: readonly Group[],
  { size, ...shape }: { n: number; clusters: number; size: number },
  level: number,
): ClusteredEstimate {
  tailOf(level);
  const G = shape.clusters;
  if (estimate === null || G < 2) {
    return { estimate, se: null, ...NO_LIMITS, t: null, df: G - 1, p: null, ...shape };
  }
  const { variance, df } = G < FEW_CLUSTERS ? cr2(groups) : cr1(groups);
  const error = Math.sqrt(variance);
  const se = vanishes(error, size) ? 0 : error;
  const t = df > 0 ? ratio(estimate, se) : null;
  if (t === null) {
    return { estimate, se, ...NO_LIMITS, t, df: finite(df) ?? G - 1, p: null, ...shape };
  }
  const half = tReach(level, df) * se;
  const limits = limited(estimate - half, estimate + half);
  return { estimate, se, ...limits, t, df, p: tTail(t, df), ...shape };
}

/** Of each cluster what it adds to the estimate, above what is expected: of the second group less. */
const added = (groups: readonly Group[], of: (part: Group["parts"][number], n: number) => number) =>
  groups[0]!.parts.map((_, g) =>
    groups.reduce((total, { n, parts }, at) => total + (at ? -1 : 1) * of(parts[g]!, n), 0)
  );

function cr1(groups: readonly Group[]) {
  const G = groups[0]!.parts.length;
  const squares = sum(added(groups, ({ sum }, n) => sum / n).map((part) => part ** 2));
  return { variance: G / (G - 1) * squares, df: G - 1 };
}

/**
 * The rows of a cluster in one group of n have a hat matrix of 1/n: (I − H)^−½ multiplies their sum by
 * 1 / √(1 − m/n), and by 0 where the group is that cluster alone. With P the matrix of which the
 * variance is a quadratic form under independent rows, df is (tr P)² / tr P².
 */
function cr2(groups: readonly Group[]) {
  const factor = (m: number, n: number) => m === n ? 0 : 1 / Math.sqrt(1 - m / n);
  const squares = added(groups, ({ n: m, sum }, n) => factor(m, n) * sum / n);
  const weights = groups.map(({ n, parts }) => parts.map(({ n: m }) => factor(m, n) / n));
  const totals = groups.map(({ parts }, k) => parts.map(({ n: m }, g) => m * weights[k]![g]!));
  const own = groups[0]!.parts.map((_, g) =>
    sum(groups.map(({ parts }, k) => parts[g]!.n * weights[k]![g]! ** 2))
  );
  const shared = own.map((_, g) => sum(groups.map(({ n }, k) => totals[k]![g]! ** 2 / n)));
  const crossed = sum(
    groups.flatMap((a, j) =>
      groups.map((b, k) => sum(totals[j]!.map((u, g) => u * totals[k]![g]!)) ** 2 / (a.n * b.n))
    ),
  );
  const trace = sum(own) - sum(shared);
  const square = sum(own.map((d, g) => d * (d - 2 * shared[g]!))) + crossed;
  return {
    variance: sum(squares.map((part) => part ** 2)),
    df: trace ** 2 / square,
  };
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
