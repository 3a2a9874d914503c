/** Krippendorff's alpha: how far values that were given to the same units agree, beyond chance. */
import { checked, type Interval, sum } from "./basics.ts";
import { clusterBootstrap, jackknife, weightedTotals } from "./bootstrap.ts";

/** What counts as a disagreement, and how much. */
export type Metric = "nominal" | "ordinal" | "interval";

/** `se` is by leaving out each cluster in turn, so that it needs no draw. */
export interface KrippendorffAlpha extends Interval {
  se: number | null;
  /** Units with 2 values or more, which are all that counts. */
  units: number;
  /** The values of these units. */
  n: number;
  clusters: number;
  draws: number;
  undefinedDraws: number;
}

/**
 * Krippendorff's alpha, 1 − D_o / D_e, of any number of values per unit.
 *
 * Coincidences o_ck = Σ_u (pairs c, k in u) / (m_u − 1), n_c = Σ_k o_ck; D_o = Σ o_ck δ² / n,
 * D_e = Σ n_c n_k δ² / (n (n − 1)). δ² is 1 for values that differ (nominal), (c − k)² (interval) or
 * (Σ_{g=c..k} n_g − (n_c + n_k)/2)² of the marginals found (ordinal), which change with the sample and so with
 * each draw. 1 is perfect agreement, 0 chance; null where all values are alike. Where one value dominates
 * alpha is low by construction. Limits: percentiles of draws of whole clusters, not Krippendorff's own draws
 * of pairs, which take D_e for fixed. Source: Krippendorff 2019, Content Analysis, ch. 12; Hayes & Krippendorff
 * 2007, Communication Methods and Measures 1, 77–89; Zapf et al. 2016, BMC Medical Research Methodology 16, 93.
 *
 * @param clusters what is drawn together (the units of a person), each with its units, each with the
 *   values that it was given; missing ones are left out. Nominal values are any numbers
 * @param options without `uniform`, of a seeded stream, there are no limits; 2,000 draws unless said
 * @throws {RangeError} when a value is not finite
 */
export function krippendorff(
  clusters: readonly (readonly (readonly number[])[])[],
  options: { metric: Metric; uniform?: () => number; draws?: number; level?: number },
): KrippendorffAlpha {
  const { metric, uniform, draws = 2000, level = 0.95 } = options;
  const paired = clusters
    .map((units) => units.filter((values) => checked(values).length >= 2))
    .filter((units) => units.length > 0);
  const values = [...new Set(paired.flat(2))].toSorted((a, b) => a - b);
  const columns = coincidences(paired, values);
  const alpha = (totals: readonly number[]) => [alphaOf(totals, values, metric)];
  const count = paired.length;
  const counts = { units: sum(paired.map((units) => units.length)), n: paired.flat(2).length };
  const estimate = count === 0 ? null : alpha(weightedTotals(ones(count), columns))[0]!;
  const se = count < 2 ? null : jackknife({ clusters: count, columns, statistics: alpha })[0]!.se;
  if (!uniform || count < 2 || estimate === null) {
    return {
      ...{ estimate, ciLower: null, ciUpper: null, se, ...counts, clusters: count },
      ...{ draws: 0, undefinedDraws: 0 },
    };
  }
  const [drawn] = clusterBootstrap({
    clusters: count,
    statistics: (weights) => alpha(weightedTotals(weights, columns)),
    ...{ uniform, draws, level, accelerated: false },
  });
  const { percentile, undefinedDraws } = drawn!;
  return {
    ...{ estimate, ...percentile, se, ...counts, clusters: count },
    ...{ draws: drawn!.draws, undefinedDraws },
  };
}

const ones = (count: number) => new Float64Array(count).fill(1);

/** Coincidences by cluster, a column for each pair of values c ≤ k in order; those of c < k are counted once. */
function coincidences(
  clusters: readonly (readonly (readonly number[])[])[],
  values: readonly number[],
): Float64Array[] {
  const place = new Map(values.map((value, at) => [value, at]));
  const columns = Array.from(
    { length: values.length * (values.length + 1) / 2 },
    () => new Float64Array(clusters.length),
  );
  clusters.forEach((units, g) => {
    for (const unit of units) {
      const counts = new Map<number, number>();
      for (const value of unit) {
        const at = place.get(value)!;
        counts.set(at, (counts.get(at) ?? 0) + 1);
      }
      for (const [c, many] of counts) {
        for (const [k, others] of counts) {
          if (c > k) continue;
          const pairs = c === k ? many * (many - 1) : many * others;
          columns[pairAt(c, k, values.length)]![g]! += pairs / (unit.length - 1);
        }
      }
    }
  });
  return columns;
}

/** Where the pair c ≤ k of K values stands. */
const pairAt = (c: number, k: number, K: number): number => c * K - c * (c - 1) / 2 + (k - c);

function alphaOf(
  totals: readonly number[],
  values: readonly number[],
  metric: Metric,
): number | null {
  const K = values.length;
  const marginals = values.map((_, c) =>
    sum(values.map((_, k) => totals[pairAt(Math.min(c, k), Math.max(c, k), K)]!))
  );
  const n = sum(marginals);
  const below = [0];
  for (const marginal of marginals) below.push(below.at(-1)! + marginal);
  let observed = 0, expected = 0;
  for (let c = 0; c < K; c++) {
    for (let k = c + 1; k < K; k++) {
      const between = below[k + 1]! - below[c]! - (marginals[c]! + marginals[k]!) / 2;
      const apart = { nominal: 1, ordinal: between ** 2, interval: (values[k]! - values[c]!) ** 2 };
      observed += 2 * totals[pairAt(c, k, K)]! * apart[metric];
      expected += 2 * marginals[c]! * marginals[k]! * apart[metric];
    }
  }
  return expected > 0 ? 1 - (n - 1) * observed / expected : null;
}
