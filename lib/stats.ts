/**
 * The statistics of the study: plain numbers in, plain records out.
 *
 * An undefined number is `null`, never 0, NaN or infinite; all tests are two-sided but those of distances
 * and those that have a direction; nothing is rounded.
 * Where nothing varies there is no test and no interval: t, p and limits are null, and a p of 0 is one
 * below the smallest double. Values that are not finite are refused, so a gap in the data cannot pass as
 * a number.
 * Every function is compared with other software in tests/stats*_test.ts.
 */
export * from "./stats/agreement.ts";
export { type Crossed, crossedAnova, type Term } from "./stats/anova.ts";
export {
  type Interval,
  type Limits,
  mean,
  meanErrors,
  quantile,
  rounded,
  sd,
} from "./stats/basics.ts";
export {
  type Bootstrap,
  type BootstrapOf,
  clusterBootstrap,
  jackknife,
  sparseTotals,
  type SumsOf,
  weightedTotals,
} from "./stats/bootstrap.ts";
export * from "./stats/clusters.ts";
export {
  attenuationBound,
  type Correlation,
  type CorrelationDifference,
  correlationLimits,
  overlappingCorrelations,
  pearson,
  type RobustCorrelation,
  robustCorrelation,
} from "./stats/correlation.ts";
export * from "./stats/crossed.ts";
export {
  type Distribution,
  jensenShannon,
  kullbackLeibler,
  rangeOf,
  totalVariation,
  wasserstein,
} from "./stats/distributions.ts";
export {
  type DoseFit,
  doseFit,
  type DoseRows,
  type Falls,
  falls,
  isotonic,
  slopeOn,
  spearman,
} from "./stats/doses.ts";
export { nearDuplicates, simHash, simHashDuplicates, wordsOf } from "./stats/duplicates.ts";
export * from "./stats/exact.ts";
export * from "./stats/families.ts";
export * from "./stats/fit.ts";
export * from "./stats/groups.ts";
export * from "./stats/jonckheere.ts";
export * from "./stats/krippendorff.ts";
export { type Logistic, logistic, predicted } from "./stats/logistic.ts";
export * from "./stats/means.ts";
export * from "./stats/neighbours.ts";
export * from "./stats/nulls.ts";
export * from "./stats/omega.ts";
export * from "./stats/parts.ts";
export * from "./stats/quotas.ts";
export * from "./stats/raking.ts";
export * from "./stats/ranks.ts";
export * from "./stats/ratings.ts";
export {
  cronbachAlpha,
  feldt,
  type ItemAnalysis,
  itemAnalysis,
  standardisedAlpha,
} from "./stats/reliability.ts";
export {
  cohenH,
  combined,
  type Count,
  newcombe,
  proportionZ,
  riskRatio,
  wilson,
} from "./stats/shares.ts";
export * from "./stats/power.ts";
export * from "./stats/reml.ts";
export * from "./stats/repeated.ts";
export * from "./stats/settings.ts";
export * from "./stats/signs.ts";
export * from "./stats/smirnov.ts";
export * from "./stats/spill.ts";
export * from "./stats/spread.ts";
export * from "./stats/strata.ts";
export * from "./stats/sums.ts";
export { chiSquareTail, normalReach, normalTail, tReach, tTail } from "./stats/tails.ts";
export {
  pageTrend,
  slopeOnPlaces,
  slopeThroughOrigin,
  type Trend,
  trendScore,
} from "./stats/trends.ts";
export * from "./stats/variances.ts";
export * from "./stats/variety.ts";
export * from "./stats/weighted.ts";
