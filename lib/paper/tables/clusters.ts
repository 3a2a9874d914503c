/** Profiles as clusters, and statistics of draws of whole profiles. */
import { type Bootstrap, clusterBootstrap, weightedTotals } from "../../stats.ts";

/** How the bootstrap of a survival frame draws. */
export interface Draws {
  /** 2,000 unless said. */
  draws?: number;
  /** Numbers in [0, 1) of a seeded stream. */
  uniform: () => number;
}

/** The cluster of a row; one whose profile is unknown depends on no other and is a cluster of its own. */
export const clusterOf = (of: { profile: number | null; row: number }): number =>
  of.profile ?? -1 - of.row;

/** Values by cluster, in order of the clusters' numbers. */
export function clustered<T>(rows: readonly { cluster: number; value: T }[]): T[][] {
  return [...Map.groupBy(rows, ({ cluster }) => cluster)]
    .toSorted(([a], [b]) => a - b)
    .map(([, own]) => own.map(({ value }) => value));
}

/** The places of clusters in a bootstrap. */
export function places(clusters: Iterable<number>): Map<number, number> {
  const sorted = [...new Set(clusters)].toSorted((a, b) => a - b);
  return new Map(sorted.map((cluster, place) => [cluster, place]));
}

/** A statistic of sums by cluster: its columns, one number per cluster, and what is made of totals. */
export interface OfSums {
  columns: readonly ArrayLike<number>[];
  of: (totals: readonly number[]) => number | null;
}

const UNDEFINED: Bootstrap = {
  estimate: null,
  se: null,
  percentile: { ciLower: null, ciUpper: null },
  bca: { ciLower: null, ciUpper: null },
  draws: 0,
  undefinedDraws: 0,
};

/** Draws in which a statistic was undefined; null where the statistic is. */
export const undefinedDraws = (of: Bootstrap): number | null =>
  of.estimate === null ? null : of.undefinedDraws;

/** All statistics of a table from the same draws, with percentile limits; undefined below 2 clusters. */
export function bootstrapped(
  clusters: number,
  statistics: readonly OfSums[],
  { draws, uniform }: Draws,
): Bootstrap[] {
  if (clusters < 2 || statistics.length === 0) return statistics.map(() => UNDEFINED);
  const columns = [...new Set(statistics.flatMap(({ columns }) => columns))];
  const places = new Map(columns.map((column, place) => [column, place]));
  const own = statistics.map(({ columns }) => columns.map((column) => places.get(column)!));
  return clusterBootstrap({
    clusters,
    uniform,
    accelerated: false,
    ...(draws === undefined ? {} : { draws }),
    statistics: (weights) => {
      const totals = weightedTotals(weights, columns);
      return statistics.map(({ of }, at) => of(own[at]!.map((place) => totals[place]!)));
    },
  });
}
