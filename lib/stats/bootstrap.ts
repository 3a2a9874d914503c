/** The cluster bootstrap: clusters are drawn with all their rows, so what depends stays together. */
import { checked, limited, type Limits, NO_LIMITS, quantile, sd, sum } from "./basics.ts";
import { normalQuantile } from "./special.ts";
import { normalTail, tailOf } from "./tails.ts";

/** Bootstrap results of one statistic: `draws` in which it was defined, and `undefinedDraws` besides. */
export interface Bootstrap {
  estimate: number | null;
  se: number | null;
  percentile: Limits;
  bca: Limits;
  draws: number;
  undefinedDraws: number;
}

/** Draws without the statistic are not any draws: with more than this share of them none are limits. */
const MOST_UNDEFINED = 0.01;

/** What is drawn from, and what is computed of each draw. */
export interface BootstrapOf {
  /** How many clusters there are. */
  clusters: number;
  /**
   * The statistics of a sample in which cluster g stands `weights[g]` times. The array is used again
   * for the next draw. All 1 are the data themselves.
   */
  statistics: (weights: Readonly<Float64Array>) => readonly (number | null)[];
  /** Numbers in [0, 1): the `uniform` of a seeded stream. */
  uniform: () => number;
  draws?: number;
  level?: number;
  /**
   * Whether BCa limits are wanted, for which each cluster is left out in turn: that takes a time that grows
   * with the square of their number. Without them `bca` has no limits.
   */
  accelerated?: boolean;
}

/**
 * Percentile and BCa intervals of any number of statistics from the same draws of whole clusters.
 *
 * All statistics see the same draws, so a difference of two is itself a statistic. Statistics made of
 * sums per cluster are fast: `weightedTotals` gives the sums of a draw. BCa takes its bias correction
 * from the share of draws below the estimate (ties half) and its acceleration from leaving out each
 * cluster in turn. A draw in which a statistic is null is left out for it and counted; where these are
 * more than 1 % there are no limits and no se. Everything is null where the estimate is, limits also
 * where all draws are alike, BCa besides where all draws lie on one side or it is undefined without some
 * cluster. Quantiles are of type 7. Source: Efron 1987, JASA 82, 171–185; Davison & Hinkley 1997, ch. 3.8.
 *
 * @param of 2,000 draws at the level 0.95, both kinds of limits, if nothing else is said
 * @returns one result per statistic, in their order
 * @throws {RangeError} with fewer than 2 clusters or draws, or when a statistic is not finite
 */
export function clusterBootstrap(of: BootstrapOf): Bootstrap[] {
  const { clusters, uniform, draws = 2000, level = 0.95, accelerated = true } = of;
  tailOf(level);
  for (const [name, value] of [["clusters", clusters], ["draws", draws]] as const) {
    if (!(Number.isInteger(value) && value >= 2)) {
      throw new RangeError(`A bootstrap needs at least 2 ${name}: got ${value}`);
    }
  }
  const statistics = (weights: Float64Array) => {
    const values = of.statistics(weights);
    const odd = values.findIndex((value) => value !== null && !Number.isFinite(value));
    if (odd < 0) return values;
    throw new RangeError(`Statistic ${odd + 1} of ${values.length} is ${values[odd]} in a draw`);
  };
  const weights = new Float64Array(clusters).fill(1);
  const estimates = [...statistics(weights)];
  const left = Array.from({ length: accelerated ? clusters : 0 }, (_, without) => {
    weights[without] = 0;
    const values = [...statistics(weights)];
    weights[without] = 1;
    return values;
  });
  const drawn = Array.from({ length: draws }, () => {
    weights.fill(0);
    for (let i = 0; i < clusters; i++) weights[Math.floor(uniform() * clusters)]! += 1;
    return [...statistics(weights)];
  });
  return estimates.map((estimate, at) => {
    const values = drawn.map((row) => row[at]!).filter((value) => value !== null);
    const undefinedDraws = draws - values.length;
    const counts = { draws: values.length, undefinedDraws };
    if (estimate === null || values.length < 2 || undefinedDraws > MOST_UNDEFINED * draws) {
      return { estimate, se: null, percentile: NO_LIMITS, bca: NO_LIMITS, ...counts };
    }
    return {
      estimate,
      se: sd(values),
      percentile: percentileLimits(values, level),
      bca: accelerated
        ? bcaLimits(estimate, values, left.map((row) => row[at]!), level)
        : NO_LIMITS,
      ...counts,
    };
  });
}

/** Statistics of sums per cluster. */
export interface SumsOf {
  clusters: number;
  /** Sums by cluster, a column each. */
  columns: readonly ArrayLike<number>[];
  /** The statistics of the columns' totals; the array is used again. */
  statistics: (totals: readonly number[]) => readonly (number | null)[];
}

/** A total without one cluster that is this small a part of it is 0, up to rounding. */
const ROUNDING = 1e-12;

/**
 * Standard errors by leaving out each cluster in turn, √((G − 1)/G · Σ(θ₍₋g₎ − θ̄)²), and the estimate less its
 * bias, G·θ − (G − 1)·θ̄: no draw, so that it is the same every time. Null where the statistic is undefined, for all clusters or without one of them.
 * Each time the cluster's sums are taken from the totals, so that it takes a time that grows with the
 * number of clusters. Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 11.
 *
 * @throws {RangeError} with fewer than 2 clusters, or when a sum or a statistic is not finite
 */
export function jackknife(
  { clusters, columns, statistics }: SumsOf,
): { estimate: number | null; corrected: number | null; se: number | null }[] {
  if (!(Number.isInteger(clusters) && clusters >= 2)) {
    throw new RangeError(`A jackknife needs at least 2 clusters: got ${clusters}`);
  }
  const totals = weightedTotals(new Float64Array(clusters).fill(1), columns);
  const left = totals.slice();
  const estimates = [...statistics(totals)];
  const squares = estimates.map(() => ({ n: 0, mean: 0, square: 0 }));
  for (let without = 0; without < clusters; without++) {
    totals.forEach((total, at) => {
      const rest = total - columns[at]![without]!;
      left[at] = Math.abs(rest) <= ROUNDING * Math.abs(total) ? 0 : rest;
    });
    statistics(left).forEach((value, at) => {
      if (value === null) return;
      checked([value]);
      // Welford's update: sums of squares of nearly equal numbers would lose their digits.
      const held = squares[at]!, away = value - held.mean;
      held.n += 1;
      held.mean += away / held.n;
      held.square += away * (value - held.mean);
    });
  }
  return estimates.map((estimate, at) => {
    const { n, mean, square } = squares[at]!;
    if (estimate === null || n !== clusters) return { estimate, corrected: null, se: null };
    return {
      estimate,
      corrected: estimate - (clusters - 1) * (mean - estimate),
      se: Math.sqrt((clusters - 1) / clusters * square),
    };
  });
}

/**
 * Sums over a draw: one per column of sums by cluster.
 *
 * @throws {RangeError} when a sum is not finite
 */
export function weightedTotals(
  weights: Readonly<Float64Array>,
  columns: readonly ArrayLike<number>[],
): number[] {
  const totals = columns.map((column) => {
    let total = 0;
    for (let g = 0; g < weights.length; g++) total += weights[g]! * column[g]!;
    return total;
  });
  return checked(totals) as number[];
}

/**
 * Sums over draws of columns that are 0 for most clusters, as of the options of a question: as
 * `weightedTotals` gives them, with the zeros passed over.
 */
export function sparseTotals(
  columns: readonly ArrayLike<number>[],
): (weights: Readonly<Float64Array>) => number[] {
  const held = columns.map((column) => {
    const cluster = Int32Array.from(column.length ? Array.from(column).keys() : [])
      .filter((g) => column[g] !== 0);
    return { cluster, sum: Float64Array.from(cluster, (g) => column[g]!) };
  });
  return (weights) =>
    checked(held.map(({ cluster, sum }) => {
      let total = 0;
      for (let at = 0; at < cluster.length; at++) total += weights[cluster[at]!]! * sum[at]!;
      return total;
    })) as number[];
}

export function percentileLimits(draws: readonly number[], level: number): Limits {
  const tail = tailOf(level);
  return limited(quantile(draws, tail), quantile(draws, 1 - tail));
}

/** @param left the statistic without each cluster in turn */
export function bcaLimits(
  estimate: number,
  draws: readonly number[],
  left: readonly (number | null)[],
  level: number,
): Limits {
  const below = draws.filter((draw) => draw < estimate).length;
  const ties = draws.filter((draw) => draw === estimate).length;
  const share = (below + ties / 2) / draws.length;
  const known = left.filter((value) => value !== null);
  if (share === 0 || share === 1 || known.length < left.length) return NO_LIMITS;
  const centre = sum(known) / known.length;
  const away = known.map((value) => centre - value);
  const cube = 6 * sum(away.map((value) => value ** 2)) ** 1.5;
  const acceleration = cube === 0 ? 0 : sum(away.map((value) => value ** 3)) / cube;
  const bias = normalQuantile(share);
  const limit = (tail: number): number | null => {
    const z = bias + normalQuantile(tail);
    const moved = bias + z / (1 - acceleration * z);
    const upper = normalTail(moved) / 2;
    return quantile(draws, moved > 0 ? 1 - upper : upper);
  };
  const tail = tailOf(level);
  return limited(limit(tail), limit(1 - tail));
}
