/** Whatever goes into the statistics, no NaN, infinity or interval without width comes out. */
import assert from "node:assert/strict";
import * as stats from "lib/stats.ts";
import { seeded } from "lib/random.ts";

const { uniform } = seeded("finite");

/** Numbers as they should not be. */
const ODD = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  3,
  1e-300,
  5e-324,
  1e-20,
  1e12,
  1e60,
  1e150,
  1e308,
  NaN,
  Infinity,
];
const LEVELS = [0.95, 0.5, 1 - 1e-9, 0, 1, 95, NaN];

/** Samples: empty, single, constant, nearly constant, huge, small, mixed, broken. */
const SAMPLES: readonly number[][] = [
  [],
  [0],
  [3],
  [0, 0],
  [1, 1, 1, 1],
  [0.1, 0.1, 0.1],
  [1 / 3, 4 / 3 - 1, 7 / 3 - 2],
  [1e15, 1e15 + 1],
  [1, 1 + 2 ** -52],
  [1e-320, 2e-320, 3e-320],
  [1e-160, 2e-160, 4e-160],
  [1e60, -1e60, 0],
  [1e100, -1e100, 2],
  [1e200, -1e200, 5],
  [1e308, 1e308, -1e308],
  [1e-160, 1e60, 0],
  [0, 0, 0, 0, 0, 1],
  [0, 1, 0, 1],
  [-1, 1],
  [1, 2, 3, 4, 5],
  [5, 1, 4, 2, 3],
  [-5, 0, 5, 0, 0],
  [1, NaN, 2],
  [1, Infinity],
];
const pairs = SAMPLES.flatMap((x) => SAMPLES.map((y) => [x, y] as const));

/** The values in clusters of one row, of two, all in one, and with an empty one. */
const clusterings = (values: readonly number[]): number[][][] => [
  values.map((value) => [value]),
  [values.slice(0, 2), values.slice(2)],
  [[...values]],
  [[], ...values.map((value) => [value, value]), []],
];
/** Samples of one length as distributions, some of them with numbers below 0. */
const distributions = pairs.filter(([x, y]) => x.length === y.length)
  .flatMap(([x, y]) => [[x, y] as const, [x.map(Math.abs), y.map(Math.abs)] as const]);
const shares = SAMPLES.map((values) => values.map((value) => Number(value > 1)));

/** Rows of items: of the samples as columns, each with itself, turned round, shifted. */
const tables = (n: number): number[][][] =>
  SAMPLES.flatMap((x) => SAMPLES.filter((y) => y.length === x.length).map((y) => [x, y] as const))
    .map(([x, y]) =>
      x.map((value, row) =>
        [value, y[row]!, -value, value + 1, y[row]! - value, value * 2].slice(0, n)
      )
    );
const COUNTS = ODD.flatMap((count) => ODD.map((n) => ({ count, n })));
const someCounts = COUNTS.filter((_, at) => at % 5 === 0);
const classes = ODD.flatMap((a) =>
  ODD.filter((_, at) => at % 3 === 0).map((b) => ({
    truePositive: a,
    falsePositive: b,
    falseNegative: a > 2 ? 0 : b,
    trueNegative: a < 1 ? a : 0,
  }))
);
const differences = ODD.flatMap((mean) =>
  ODD.flatMap((sd) => [0, 1, 2, 3, 50, 1e9, NaN].map((n) => ({ mean, sd, n })))
);
const groups = differences.filter((_, at) => at % 23 === 0);
const correlations = [-1, -1 + 2 ** -53, -0.9, 0, 1e-200, 0.5, 1 - 2 ** -53, 1, 2, NaN];
const plans = ODD.flatMap((a) =>
  [0, 0.4, 1, NaN].flatMap((b) =>
    [0, 0.5, 1].flatMap((icc) =>
      [1, 10, 1e308, Infinity].flatMap((repetitions) =>
        (["own", "common"] as const).map((profileEffect) => ({
          a,
          b,
          icc,
          repetitions,
          profileEffect,
        }))
      )
    )
  )
);
const bootstrapOf = (
  of: (weights: Readonly<Float64Array>) => (number | null)[],
  clusters: number,
) => stats.clusterBootstrap({ clusters, statistics: of, uniform, draws: 40 });

/** Tables as subjects (rows), settings (columns) and repeats: none, or each beside a copy that is moved. */
const settingTables = [2, 3].flatMap((n) =>
  tables(n).flatMap((rows) => [
    rows.map((row) => row.map((value) => [value])),
    rows.map((row, at) => row.map((value) => [value, value + at % 3])),
  ])
);
const measured = (values: readonly (readonly (readonly number[])[])[]) =>
  values.flatMap((row, p) =>
    row.flatMap((cell, s) => cell.map((value) => ({ subject: `${p}`, setting: `${s}`, value })))
  );
const balanced = (values: readonly (readonly (readonly number[])[])[]) => ({
  values,
  subjects: values.length,
  settings: values[0]?.length ?? 0,
  repeats: values[0]?.[0]?.length ?? 0,
});
const components = ODD.flatMap((subject) =>
  ODD.filter((_, at) => at % 3 === 0).map((error) => ({
    subject,
    setting: error,
    interaction: subject > 1 ? null : error,
    error: subject,
  }))
);
const squares = ODD.flatMap((subject) =>
  ODD.map((interaction) => ({
    subject,
    setting: 1,
    interaction,
    error: null,
    subjects: 4,
    settings: 3,
    repeats: 1,
  }))
);

type Name = {
  [name in keyof typeof stats]: (typeof stats)[name] extends (...args: never[]) => unknown ? name
    : never;
}[keyof typeof stats];

/** For each function what it is asked. */
const CASES: Record<Name, Iterable<() => unknown>> = {
  changedPart: pairs.flatMap(([sizes, changes]) =>
    [0.5, 0, NaN].map((bound) => () => stats.changedPart({ sizes, changes, bound }))
  ),
  meanRatio: pairs.map(([parts, wholes]) => () => stats.meanRatio(parts, wholes)),
  partPower: pairs.flatMap(([sizes, changes]) =>
    [0.5, 0, NaN].map((bound) => () => stats.partPower({ sizes, changes, bound }, 9))
  ),
  pseudoValues: SAMPLES.map((values) => () =>
    stats.pseudoValues(values.length, (kept) => stats.mean(kept.map((at) => values[at]!)))
  ),
  agreement: ODD.flatMap((a) =>
    ODD.map((b) => () =>
      stats.agreement({
        n: a,
        predictedPositive: b,
        actualPositive: b,
        actualNegative: a,
        truePositive: a,
        trueNegative: b,
      })
    )
  ),
  balancedAccuracy: of2(classes, LEVELS, stats.balancedAccuracy),
  cohenKappa: of2(classes, LEVELS, stats.cohenKappa),
  matthews: of2(classes, LEVELS, stats.matthews),
  baselines: classes.map((one) => () => stats.baselines(one)),
  mean: SAMPLES.map((one) => () => stats.mean(one)),
  normalReach: LEVELS.concat(ODD).map((level) => () => stats.normalReach(level)),
  meanErrors: SAMPLES.map((one) => () => stats.meanErrors(one)),
  quantile: of2(SAMPLES, ODD, stats.quantile),
  rounded: of2(ODD, [0, 2, 300], stats.rounded),
  sd: SAMPLES.map((one) => () => stats.sd(one)),
  clusterBootstrap: SAMPLES.flatMap((values) => [
    () => bootstrapOf((weights) => [stats.mean(values.map((v, at) => v * (weights[at] ?? 0)))], 4),
    () => bootstrapOf((weights) => [weights[0] ? values[0] ?? null : null], values.length),
    () =>
      bootstrapOf(
        (weights) =>
          stats.weightedTotals(weights, [Float64Array.from({ ...values, length: weights.length })]),
        3,
      ),
  ]),
  jackknife: SAMPLES.flatMap((values) => [
    () =>
      stats.jackknife({
        clusters: values.length,
        columns: [values],
        statistics: ([total]) => [total! / values.length],
      }),
    () =>
      stats.jackknife({
        clusters: values.length,
        columns: [values],
        statistics: ([total]) => [total! > 0 ? total! : null],
      }),
  ]),
  sparseTotals: pairs.map(([x, y]) => () =>
    stats.sparseTotals([y.length < x.length ? x : y])(Float64Array.from(x))
  ),
  clusterSums: pairs.map(([x, y]) => () =>
    stats.clusterSums(x, {
      cluster: x.map((_, at) => at % 2),
      weight: x.map((_, at) => Math.min(1e300, Math.abs(y[at] ?? 1)) || 1),
    })
  ),
  weightedTotals: pairs.map(([x, y]) => () =>
    stats.weightedTotals(Float64Array.from(x), [y.length < x.length ? x : y])
  ),
  wasserstein: distributions.flatMap(([p, r]) =>
    SAMPLES.map((positions) => () => stats.wasserstein(p, r, positions))
  ),
  totalVariation: distributions.map(([p, r]) => () => stats.totalVariation(p, r)),
  jensenShannon: distributions.map(([p, r]) => () => stats.jensenShannon(p, r)),
  kullbackLeibler: distributions.map(([p, r]) => () => stats.kullbackLeibler(p, r)),
  rangeOf: SAMPLES.map((one) => () => stats.rangeOf(one)),
  nullLevel: distributions.flatMap(([shares, other]) =>
    ODD.map((n) => () => stats.nullLevel({ shares, positions: other, n, m: 1 + other.length }))
  ),
  exactNullLevel: distributions.flatMap(([shares, other]) =>
    [1, 2, 7, 0.5, NaN, 1e9].map((n) => () =>
      stats.exactNullLevel({ shares, n, m: 1 + other.length })
    )
  ),
  permutedDistance: pairs.map(([x, y]) => () =>
    stats.permutedDistance(x.map((one) => [one]), [y], { uniform, draws: 20 })
  ),
  energyDistance: pairs.map(([x, y]) => () => stats.energyDistance(x, y)),
  sampledDistances: distributions.map(([shares, other]) => () =>
    stats.sampledDistances({
      shares,
      positions: shares.map((_, at) => other[at] ?? at),
      n: other.length,
      draws: 3,
      uniform,
    })
  ),
  pageTrend: [...tables(2), ...tables(4)].flatMap((rows) => [
    () => stats.pageTrend(rows),
    () => stats.pageTrend(rows, rows.map((row) => Math.abs(row[0]!))),
  ]),
  welch: of2(groups, groups, stats.welch),
  pooledT: of2(groups, groups, stats.pooledT),
  pooledD: of2(
    groups.filter((_, at) => at % 9 === 0),
    groups.filter(({ n }) => n === 3),
    stats.pooledD,
  ),
  glassDelta: of2(groups, groups, stats.glassDelta),
  bonettD: of2(groups, groups, stats.bonettD),
  spreadRatio: of2(groups, groups, stats.spreadRatio),
  smirnov: pairs.map(([x, y]) => () => stats.smirnov(x, y)),
  jonckheere: pairs.flatMap(([x, y]) => [
    () => stats.jonckheere([x, y]),
    () => stats.jonckheere([x, y, [...x, ...y]]),
  ]),
  midranks: SAMPLES.map((one) => () => stats.midranks(one)),
  spearman: pairs.map(([x, y]) => () => stats.spearman(x, y)),
  slopeOn: pairs.map(([x, y]) => () => stats.slopeOn(x, y)),
  doseFit: [...tables(2), ...tables(4)].flatMap((rows) => [
    () => stats.doseFit(rows, rows[0]?.map((_, at) => at) ?? [0, 1], { uniform, draws: 20 }),
    () => stats.doseFit(rows, rows[0] ?? [], { uniform, draws: 20 }),
  ]),
  falls: tables(4).map((rows) => () => stats.falls(rows)),
  isotonic: pairs.map(([x, y]) => () => stats.isotonic(x, x.map((_, at) => y[at] ?? 1))),
  spillOver: pairs.map(([x, y]) => () =>
    stats.spillOver([{ own: 0, slopes: [x, x.map((_, at) => y[at] ?? 0), x] }], [1, y[0] ?? 0, 2], {
      uniform,
      draws: 20,
    })
  ),
  trendScore: SAMPLES.map((one) => () => stats.trendScore(one)),
  slopeOnPlaces: SAMPLES.map((one) => () => stats.slopeOnPlaces(one)),
  slopeThroughOrigin: pairs.map(([x, y]) => () =>
    stats.slopeThroughOrigin(x, x.map((_, at) => y[at] ?? 0))
  ),
  crossedAnova: pairs.flatMap(([x, y]) =>
    [[[0]], [[0], [1]], [[0], [1], [0, 1]]].map((terms) => () =>
      stats.crossedAnova(
        [x.slice(0, 2), y.slice(0, 2)].flatMap((values, a) =>
          values.map((value, b) => ({ value, levels: [`${a}`, `${b}`] }))
        ),
        terms,
      )
    )
  ),
  nearDuplicates: pairs.map(([x, y]) => () =>
    stats.nearDuplicates([x, y, x].map((words, group) => ({ words: words.map(String), group })))
  ),
  simHash: SAMPLES.map((one) => () => String(stats.simHash(one.map(String)))),
  simHashDuplicates: pairs.map(([x, y]) => () =>
    stats.simHashDuplicates([x, y, x].map((words) => words.map(String)))
  ),
  concordance: ODD.flatMap((x) =>
    ODD.flatMap((y) =>
      [0, 1, 1e308].map((weight) => () =>
        stats.concordance({ weight, x, y, xx: x * x, yy: y * y, xy: x * y })
      )
    )
  ),
  wordsOf: SAMPLES.map((one) => () => stats.wordsOf(one.join(" "))),
  dependence: SAMPLES.flatMap(clusterings).map((one) => () => stats.dependence(one)),
  clusteredMean: of2(SAMPLES.flatMap(clusterings), LEVELS, stats.clusteredMean),
  clusteredShare: of2(
    [...SAMPLES, ...shares].flatMap(clusterings),
    LEVELS,
    stats.clusteredShare,
  ),
  clusteredDifference: pairs.flatMap(([x, y]) =>
    clusterings(x).map((a, at) => () => stats.clusteredDifference(a, clusterings(y)[at]!))
  ),
  attenuationBound: of2(ODD, [...ODD, -0.5], stats.attenuationBound),
  correlationLimits: correlations.flatMap((r) =>
    ODD.flatMap((n) => LEVELS.map((level) => () => stats.correlationLimits({ r, n }, level)))
  ),
  overlappingCorrelations: correlations.flatMap((xy) =>
    correlations.flatMap((xz) =>
      correlations.flatMap((yz) =>
        [3, 4, 30, NaN, Infinity].map((n) => () => stats.overlappingCorrelations({ xy, xz, yz, n }))
      )
    )
  ),
  pearson: pairs.map(([x, y]) => () => stats.pearson(x, y)),
  robustCorrelation: pairs.map(([x, y]) => () => stats.robustCorrelation(x, y)),
  fisherExact: of2(
    someCounts,
    someCounts,
    stats.fisherExact,
    (one) => one.n < 100 || one.n > 1e308,
  ),
  mcnemarExact: of2(ODD, ODD, stats.mcnemarExact),
  crossedMean: [1, 2, 6].flatMap((k) =>
    tables(k).flatMap((one) => LEVELS.map((level) => () => stats.crossedMean(one, level)))
  ),
  twoWayMean: SAMPLES.flatMap((value) =>
    LEVELS.map((level) => () =>
      stats.twoWayMean({
        value,
        row: value.map((_, at) => at >> 1),
        column: value.map((_, at) => at & 1),
      }, level)
    )
  ),
  varianceRatio: pairs.map(([x, y]) => () => stats.varianceRatio(x, y, { uniform, draws: 20 })),
  krippendorff: pairs.flatMap(([x, y]) =>
    (["nominal", "ordinal", "interval"] as const).map((metric) => () =>
      stats.krippendorff([[x, y], [[...x, ...y]]], { metric, uniform, draws: 20 })
    )
  ),
  logistic: pairs.flatMap(([x, y]) =>
    [0, 1, NaN].map((ridge) => () =>
      stats.logistic(x.map((value) => [value]), y.map((value) => Number(value > 1)), { ridge })
    )
  ),
  predicted: of2(
    ODD,
    ODD,
    (intercept, slope) => stats.predicted({ intercept, slopes: [slope] }, [1]),
  ),
  holm: SAMPLES.map((one) => () => stats.holm(one)),
  benjaminiHochberg: SAMPLES.map((one) => () => stats.benjaminiHochberg(one)),
  pairedT: of2(differences, LEVELS, stats.pairedT),
  cohenDz: differences.map((one) => () => stats.cohenDz(one)),
  averageD: ODD.flatMap((mean) =>
    ODD.flatMap((sdA) => ODD.map((sdB) => () => stats.averageD({ mean, sdA, sdB })))
  ),
  hedgesJ: ODD.map((df) => () => stats.hedgesJ(df)),
  equivalence: differences.flatMap((one) =>
    [[-1, 1], [-Infinity, 1], [1, 0], [1e-300, 2e-300], [-1e308, 1e308]].map((bounds) => () =>
      stats.equivalence(one, { lower: bounds[0]!, upper: bounds[1]! })
    )
  ),
  neighbourhoods: pairs.map(([x, y]) => () =>
    stats.neighbourhoods(x.map((value) => [value]), 1)(y.map((value) => [value]))
  ),
  hopkins: pairs.flatMap(([x, y]) =>
    [1, 2, 30, 1e300, 0, NaN].map((exponent) => () =>
      stats.hopkins({
        points: x.map((value) => [value, -value]),
        places: y.map((value) => [value, 0]),
        exponent,
        uniform,
      })
    )
  ),
  apportioned: of2([0, 1, 7, 1e6, 1.5, NaN, Infinity], SAMPLES, stats.apportioned),
  systematic: SAMPLES.flatMap((one) =>
    [0, 0.5, 1 - 2 ** -53, 1, NaN].map((start) => () => stats.systematic(5, one, start))
  ),
  raked: pairs.map(([x, y]) => () =>
    stats.raked(x, [
      { name: "odd", place: x.map((_, at) => at % 2), target: y.slice(0, 2) },
      { name: "one", place: x.map(() => 0), target: [(y[0] ?? 0) + (y[1] ?? 0)] },
    ])
  ),
  effectiveSize: SAMPLES.map((one) => () => stats.effectiveSize(one)),
  goodnessOfFit: pairs.map(([x, y]) => () => stats.goodnessOfFit(x, y)),
  sampleFit: pairs.map(([x, y]) => () =>
    stats.sampleFit({
      level: x.map((_, at) => at % 3),
      weight: x,
      cluster: x.map((_, at) => at >> 1),
      stratum: x.map((_, at) => at >> 2),
    }, y)
  ),
  raoScott: ODD.flatMap((chi2) =>
    ODD.map((deff) => () => stats.raoScott({ chi2: chi2 < 0 ? null : chi2, df: 2 }, deff))
  ),
  expectedTv: of2(SAMPLES, ODD, stats.expectedTv),
  chiSquareTail: of2(ODD, [1, 2, 3, 100, 1e6, 1e7, 0.5, NaN], stats.chiSquareTail),
  omegaTotal: tables(6).map((one) => () => stats.omegaTotal(one)),
  signedRank: SAMPLES.map((one) => () => stats.signedRank(one)),
  signFlip: SAMPLES.map((one) => () => stats.signFlip(one, { uniform })),
  intraclass: [2, 3, 6].flatMap((k) =>
    tables(k).flatMap((one) => LEVELS.map((level) => () => stats.intraclass(one, level)))
  ),
  blandAltman: SAMPLES.map((one) => () => stats.blandAltman(one)),
  cronbachAlpha: [1, 2, 6].flatMap((k) =>
    tables(k).flatMap((one) => [
      () => stats.cronbachAlpha(one),
      () =>
        stats.cronbachAlpha(
          one.map((row, at) => row.map((value, item) => (at + item) % 3 ? value : null)),
        ),
    ])
  ),
  feldt: [null, -1e300, -5, 0, 0.5, 1 - 2 ** -53, 1].flatMap((alpha) =>
    [0, 2, 6, 1e12, NaN].flatMap((items) => ODD.map((n) => () => stats.feldt({ alpha, items, n })))
  ),
  itemAnalysis: [1, 2, 6].flatMap((k) => tables(k).map((one) => () => stats.itemAnalysis(one))),
  standardisedAlpha: [1, 2, 6].flatMap((k) =>
    tables(k).map((one) => () => stats.standardisedAlpha(one))
  ),
  cohenH: of2(someCounts, someCounts, stats.cohenH),
  combined: of2(
    someCounts,
    ODD,
    (count, weight) => stats.combined(stats.wilson(count), stats.wilson(count), weight, -weight),
  ),
  newcombe: of2(someCounts, someCounts, stats.newcombe),
  proportionZ: of2(someCounts, someCounts, stats.proportionZ),
  riskRatio: of2(someCounts, someCounts, stats.riskRatio),
  stratifiedShare: ODD.flatMap((share) =>
    ODD.flatMap((n) =>
      ODD.flatMap((weight) =>
        [[], [{ share: 0.5, n: 3, weight: 1 }], [{ share: 1, n: 1e12, weight: 1e60 }]].map(
          (others) => () => stats.stratifiedShare([{ share, n, weight }, ...others]),
        )
      )
    )
  ),
  wilson: of2(COUNTS, LEVELS, stats.wilson),
  sampleSize: [
    ...ODD.map((target) => () => stats.sampleSize((n) => 1 - 1 / n, target)),
    ...ODD.map((least) => () => stats.sampleSize((n) => 1 - 1 / n, 0.8, least)),
    ...ODD.map((power) => () => stats.sampleSize(() => power, 0.8)),
  ],
  differenceVariance: plans.map((one) => () => stats.differenceVariance(one)),
  sharesPower: of2(plans, [0, 1, 100, 1e308, NaN], stats.sharesPower),
  pairedPower: of2([0, 0.2, 3, 1e10, NaN, Infinity], [0, 1, 2, 50, 1e9, NaN], stats.pairedPower),
  correlationPower: of2(correlations, ODD, stats.correlationPower),
  equivalencePower: [[-1, 1], [-1, Infinity], [0, 0], [1e-300, 1], [-1e60, 1e60]].flatMap((
    bounds,
  ) =>
    [0, 1, 2, 50, 1e6, NaN].map((n) => () =>
      stats.equivalencePower({ lower: bounds[0]!, upper: bounds[1]! }, n)
    )
  ),
  spread: tables(2).map((one) => () => stats.spread(one)),
  variety: tables(2).map((one) => () =>
    stats.variety(one, {
      cover: stats.neighbourhoods(one, 1),
      random: { int: (below) => Math.floor(below * uniform()), uniform },
    })
  ),
  effectiveNumber: SAMPLES.map((one) => () => stats.effectiveNumber(one)),
  alphaOfSums: pairs.map(([x, y]) => () =>
    stats.alphaOfSums({ n: x[0] ?? 0, items: y, squares: x[1] ?? 0, squaredTotals: x[2] ?? 0 })
  ),
  correlationOfSums: pairs.map(([a, b]) => () =>
    stats.correlationOfSums({
      n: a[0] ?? 0,
      x: a[1] ?? 0,
      y: b[0] ?? 0,
      xx: b[1] ?? 0,
      yy: a[2] ?? 0,
      xy: b[2] ?? 0,
    })
  ),
  weightedMean: pairs.flatMap(([x, y]) =>
    [...LEVELS.slice(0, 2), NaN].map((level) => () => stats.weightedMean(summed(x, y), level))
  ),
  weightedShare: pairs.map(([x, y]) => () =>
    stats.weightedShare(summed(x.map((value) => Number(value > 1)), y))
  ),
  friedman: [2, 3].flatMap((n) => tables(n).map((rows) => () => stats.friedman(rows))),
  repeatedAnova: [2, 3].flatMap((n) => tables(n).map((rows) => () => stats.repeatedAnova(rows))),
  verdict: of2(LEVELS, LEVELS, stats.verdict),
  changedByChance: pairs.map(([x, y]) => () =>
    stats.changedByChance(x.map((value, at) => [value, y[at] ?? value] as const))
  ),
  balancedOf: settingTables.map((values) => () => stats.balancedOf(measured(values))),
  remlComponents: settingTables.filter((_, at) => at % 5 === 0).map((values) => () =>
    stats.remlComponents(measured(values))
  ),
  settingComponents: settingTables.map((values) => () => stats.settingComponents(balanced(values))),
  truncatedComponents: components.map((of) => () => stats.truncatedComponents(of)),
  designCoefficients: components.flatMap((of) =>
    [0, 1, 3].map((settings) => () => stats.designCoefficients(of, { settings, repeats: 2 }))
  ),
  observedReliability: of2(squares, LEVELS, stats.observedReliability),
  retest: [2, 3].flatMap((n) => tables(n).map((rows) => () => stats.retest(rows))),
  bootstrapComponents: settingTables.filter((_, at) => at % 7 === 0).map((values) => () =>
    stats.bootstrapComponents(balanced(values), {
      statistics: ({ subject, error }) => [subject, error],
      uniform,
      draws: 40,
    })
  ),
  normalTail: ODD.map((z) => () => stats.normalTail(z)),
  tReach: of2(LEVELS, ODD, stats.tReach),
  tTail: of2(ODD, ODD, stats.tTail),
};

/** Rows, two in a cluster, with weights above 0. */
const summed = (values: readonly number[], weights: readonly number[]) => ({
  cluster: values.map((_, at) => at >> 1),
  weight: values.map((_, at) => Math.abs(weights[at] ?? 1) || 1),
  n: values.map(() => 1),
  sum: values,
  square: values.map((value) => value ** 2),
});

function* of2<A, B>(
  a: readonly A[],
  b: readonly B[],
  of: (a: A, b: B) => unknown,
  only: (a: A) => boolean = () => true,
): Generator<() => unknown> {
  for (const x of a.filter(only)) for (const y of b) yield () => of(x, y);
}

/** What no result may hold. */
function faults(result: unknown, at = ""): string[] {
  if (typeof result === "number") return Number.isFinite(result) ? [] : [`${at} is ${result}`];
  if (typeof result !== "object" || result === null) return [];
  const { ciLower, ciUpper } = result as { ciLower?: number | null; ciUpper?: number | null };
  const half = (ciLower === null) !== (ciUpper === null);
  const flat = typeof ciLower === "number" && typeof ciUpper === "number" && !(ciLower < ciUpper);
  return [
    ...half || flat ? [`${at} has the limits ${ciLower} and ${ciUpper}`] : [],
    ...Object.entries(result).flatMap(([key, value]) => faults(value, `${at}.${key}`)),
  ];
}

for (const [name, value] of Object.entries(stats)) {
  if (typeof value !== "function") continue;
  Deno.test(`${name}() gives a number, null or a RangeError, whatever it is given`, () => {
    const cases = [...CASES[name as Name]];
    assert.ok(cases.length >= 10, `${name} is asked ${cases.length} times`);
    const found = new Set<string>();
    let answered = 0;
    for (const run of cases) {
      try {
        faults(run(), name).forEach((fault) => found.add(fault));
        answered += 1;
      } catch (error) {
        if (!(error instanceof RangeError)) found.add(`${name}: ${error}`);
      }
    }
    assert.deepEqual([...found], []);
    assert.ok(answered > 0, `${name} refuses everything`);
  });
}
