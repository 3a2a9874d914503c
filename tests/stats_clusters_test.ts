/** Clustered rows, the cluster bootstrap and families of tests against other software. */
import assert from "node:assert/strict";
import {
  benjaminiHochberg,
  clusterBootstrap,
  clusteredDifference,
  clusteredMean,
  dependence,
  holm,
  pairedT,
  weightedTotals,
} from "lib/stats.ts";
import { bcaLimits, percentileLimits } from "lib/stats/bootstrap.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };
import r from "./reference/estimators_r.json" with { type: "json" };
import small from "./reference/small_samples.json" with { type: "json" };

/** The values of each cluster, in the order of the cluster's numbers, from 1. */
function byCluster(cluster: readonly number[], value: readonly number[]): number[][] {
  const groups: number[][] = Array.from({ length: Math.max(...cluster) }, () => []);
  cluster.forEach((number, i) => groups[number - 1]!.push(value[i]!));
  return groups;
}

const GOLDEN = byCluster([1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5], [
  1,
  1,
  0,
  0,
  1,
  1,
  0,
  0,
  0,
  0,
  1,
  1,
]);

// sandwich::vcovCL(type = "HC0", cadjust = TRUE) of lm(value ~ 1) and lm(value ~ group)
Deno.test("clusteredMean() and clusteredDifference() agree with R sandwich within 1e-11", () => {
  each(
    r.clusters.filter(({ df }) => df >= 39),
    ({ cluster, group, value, mean, difference, df }) => {
      const own = clusteredMean(byCluster(cluster, value));
      close(own.estimate, mean.estimate, 1e-13);
      near(own.se, mean.se, 1e-11);
      assert.deepEqual([own.df, own.clusters, own.n], [df, df + 1, value.length]);
      const [a, b] = [1, 0].map((side) => {
        const groups: number[][] = Array.from({ length: df + 1 }, () => []);
        cluster.forEach((number, i) => {
          if (group[i] === side) groups[number - 1]!.push(value[i]!);
        });
        return groups;
      });
      const between = clusteredDifference(a!, b!);
      near(between.estimate, difference.estimate, 1e-11);
      near(between.se, difference.se, 1e-11);
      assert.deepEqual([between.df, between.n], [df, value.length]);
    },
  );
});

// By the definition, with whole matrices; the first two are also clubSandwich's.
Deno.test("below 40 clusters estimates have CR2 and Satterthwaite's df, as in R within 1e-9", () => {
  each(small.clusters, ({ cluster, group, value, mean, difference }) => {
    const [a, b] = [1, 0].map((side) => {
      const groups: number[][] = Array.from({ length: Math.max(...cluster) }, () => []);
      cluster.forEach((number, i) => {
        if (group[i] === side) groups[number - 1]!.push(value[i]!);
      });
      return groups;
    });
    for (
      const [own, expected] of [
        [clusteredMean(byCluster(cluster, value)), mean],
        [clusteredDifference(a!, b!), difference],
      ] as const
    ) {
      for (const key of ["estimate", "se", "df", "p"] as const) {
        near(own[key], expected[key], 1e-9, [key, cluster]);
      }
      close(own.ciLower, expected.limits[0], 1e-8 * Math.abs(own.se!));
      close(own.ciUpper, expected.limits[1], 1e-8 * Math.abs(own.se!));
    }
  });
});

Deno.test("clustered estimates of single pairs are the paired t-test", () => {
  const differences = [1, 0, 1, 0, 2, 1, 0, 2, 0, -1];
  const t = pairedT({ mean: 0.6, sd: Math.sqrt(8.4 / 9), n: 10 });
  const a = [4, 5, 3, 6, 6, 5, 5, 3, 3, 5], b = a.map((value, i) => value - differences[i]!);
  const singles = (values: readonly number[]) => values.map((value) => [value]);
  for (
    const own of [
      clusteredMean(singles(differences)),
      clusteredDifference(singles(a), singles(b)),
    ]
  ) {
    for (const key of ["estimate", "se", "t", "df", "p", "ciLower", "ciUpper"] as const) {
      near(own[key], t[key], 1e-12, key);
    }
  }
});

Deno.test("clusteredDifference() forgets what a cluster has in common", () => {
  const random = seeded("common");
  const rows = () => Array.from({ length: 3 }, () => random.uniform());
  const [a, b] = [0, 1].map(() => Array.from({ length: 20 }, rows));
  const level = Array.from({ length: 20 }, () => 10 * random.uniform());
  const raised = (groups: number[][]) =>
    groups.map((group, g) => group.map((value) => value + level[g]!));
  const [own, same] = [clusteredDifference(a!, b!), clusteredDifference(raised(a!), raised(b!))];
  near(same.estimate, own.estimate, 1e-10);
  near(same.se, own.se, 1e-10);
  const turned = clusteredDifference(b!, a!);
  assert.deepEqual([turned.estimate, turned.se], [-own.estimate!, own.se]);
});

Deno.test("clustered estimates are null without clusters, and no test where clusters do not differ", () => {
  const undefinedTest = { se: null, ciLower: null, ciUpper: null, t: null, p: null };
  const one = { ...undefinedTest, estimate: 1.5, df: 0, clusters: 1, n: 2 };
  assert.deepEqual(clusteredMean([[1, 2], []]), one);
  assert.equal(clusteredMean([]).estimate, null);
  const flat = clusteredMean([[0.1, 0.1], [0.1], [0.1, 0.1, 0.1]]);
  near(flat.estimate, 0.1, 1e-15);
  const untested = { se: 0, t: null, p: null, ciLower: null, ciUpper: null };
  const tested = ({ se, t, p, ciLower, ciUpper }: typeof flat) => ({ se, t, p, ciLower, ciUpper });
  assert.deepEqual(tested(flat), untested);
  const none = clusteredDifference([[0], [0], []], [[0], [], [0]]);
  assert.deepEqual([none.estimate, tested(none)], [0, untested]);
  // All profiles change alike: by everything, and by a third, of which rounding is left.
  const all = clusteredDifference([[1, 1], [1], [1]], [[0], [0, 0], [0]]);
  assert.deepEqual([all.estimate, tested(all)], [1, untested]);
  const thirds = (hits: number) =>
    Array.from({ length: 50 }, () => [0, 1, 2].map((i) => Number(i < hits)));
  assert.deepEqual(tested(clusteredDifference(thirds(2), thirds(1))), untested);
  assert.equal(clusteredDifference([[], []], [[1], [2]]).estimate, null);
  assert.throws(() => clusteredDifference([[1]], [[1], [2]]), RangeError);
  assert.throws(() => clusteredMean([[1], [NaN]]), RangeError);
  assert.throws(() => clusteredMean([[1], [2]], 95), RangeError);
});

// anova(lm(value ~ factor(cluster))); lme4::lmer of equal clusters
Deno.test("dependence() agrees with R's anova within 1e-10, with lme4 as far as it searches", () => {
  each(r.clusters, ({ cluster, value, icc }) => {
    near(dependence(byCluster(cluster, value)).icc, icc, 1e-10);
  });
  assert.ok(r.clusters.some(({ icc }) => icc < 0));
  each(r.multilevel, ({ cluster, value, icc }) => {
    near(dependence(byCluster(cluster, value)).icc, icc, 1e-5);
  });
});

Deno.test("dependence() makes effective n of the design effect", () => {
  const copies = dependence([[1, 1, 1], [2, 2, 2], [4, 4, 4], [0, 0, 0]]);
  assert.deepEqual(copies, { icc: 1, designEffect: 3, effectiveN: 4, clusters: 4, n: 12 });
  const { designEffect, effectiveN, icc } = dependence(GOLDEN);
  // Sizes 2, 3, 2, 3, 2: the mean row stands in a cluster of 30/12.
  near(designEffect, 1 + 1.5 * icc!, 1e-14);
  near(effectiveN, 12 / designEffect!, 1e-14);
  const single = dependence([[1], [0], [3]]);
  assert.deepEqual([single.icc, single.designEffect, single.effectiveN], [null, 1, 3]);
  const flat = dependence([[1, 1], [1, 1]]);
  assert.deepEqual([flat.icc, flat.designEffect, flat.effectiveN], [null, null, null]);
  assert.equal(dependence([[1, 2, 3]]).icc, null);
  assert.equal(dependence([[0, 1], [1, 0]]).effectiveN, null);
  assert.deepEqual(dependence([]).n, 0);
});

// scipy.stats._resampling._bca_interval, given the same draws; numpy's quantile
Deno.test("percentile and BCa limits of given draws agree with scipy within 1e-10", () => {
  each(python.bootstrap, ({ estimate, draws, left, level, bca, percentile }) => {
    const own = bcaLimits(estimate, draws, left, level);
    near(own.ciLower, bca[0], 1e-10);
    near(own.ciUpper, bca[1], 1e-10);
    const plain = percentileLimits(draws, level);
    near(plain.ciLower, percentile[0], 1e-13);
    near(plain.ciUpper, percentile[1], 1e-13);
  });
});

/** Means of clusters as sums per cluster. */
function meansOf(clusters: readonly (readonly number[])[]) {
  const sums = clusters.map((cluster) => cluster.reduce((total, value) => total + value, 0));
  const sizes = clusters.map((cluster) => cluster.length);
  return (weights: Readonly<Float64Array>) => {
    const [total, n] = weightedTotals(weights, [sums, sizes]);
    return [total! / n!, n!];
  };
}

Deno.test("clusterBootstrap() has the error of CR0 and moves whole clusters", () => {
  const { cluster, value } = r.clusters[3]!;
  const clusters = byCluster(cluster, value);
  const { uniform } = seeded("bootstrap", 1);
  const of = { clusters: clusters.length, statistics: meansOf(clusters), uniform, draws: 4000 };
  const [mean, size] = clusterBootstrap(of);
  const { estimate, se, clusters: G, ciLower, ciUpper } = clusteredMean(clusters);
  near(mean!.estimate, estimate, 1e-12);
  // The error of an se from 4,000 draws is 1.1 %; five of them.
  near(mean!.se, se! * Math.sqrt((G - 1) / G), 0.056);
  for (const limits of [mean!.percentile, mean!.bca]) {
    close(limits.ciLower, ciLower, 0.2 * se!);
    close(limits.ciUpper, ciUpper, 0.2 * se!);
  }
  assert.equal(mean!.draws, 4000);
  assert.ok(size!.se! > 0, "the number of rows moves with the clusters");
});

Deno.test("clusterBootstrap() depends on its seed only, and draws as many clusters as there are", () => {
  const statistics = (weights: Readonly<Float64Array>) => [
    weights.reduce((total, weight) => total + weight, 0),
    weights[0]!,
  ];
  const run = (seed: number) =>
    clusterBootstrap({ clusters: 30, statistics, uniform: seeded(seed).uniform, draws: 500 });
  assert.deepEqual(run(1), run(1));
  assert.notDeepEqual(run(1)[1], run(2)[1]);
  const [{ estimate, se, percentile }] = run(3) as [ReturnType<typeof run>[0]];
  assert.deepEqual([estimate, se, percentile], [30, 0, { ciLower: null, ciUpper: null }]);
});

Deno.test("clusterBootstrap()'s 95 % intervals hold the truth in about 95 of 100 samples", () => {
  const held = { percentile: 0, bca: 0 };
  const studies = 400;
  for (let i = 0; i < studies; i++) {
    const random = seeded("coverage", i);
    const clusters = Array.from({ length: 60 }, () => {
      const own = random.uniform();
      return Array.from({ length: 1 + random.int(6) }, () => Number(random.uniform() < own));
    });
    const [mean] = clusterBootstrap({
      clusters: 60,
      statistics: meansOf(clusters),
      uniform: random.uniform,
      draws: 500,
    });
    for (const key of ["percentile", "bca"] as const) {
      const { ciLower, ciUpper } = mean![key];
      held[key] += Number(ciLower! <= 0.5 && 0.5 <= ciUpper!);
    }
  }
  // 95 % of 400 are 380, with an error of 4.4; intervals of 60 clusters are a little short.
  assert.ok(held.percentile >= 362 && held.percentile <= 393, `${held.percentile}`);
  assert.ok(held.bca >= 362 && held.bca <= 393, `${held.bca}`);
});

Deno.test("clusterBootstrap() counts undefined draws, and has no limits with more than 1 % of them", () => {
  const of = { clusters: 3, uniform: seeded("undefined").uniform, draws: 300 };
  const none = { ciLower: null, ciUpper: null };
  let asked = 0;
  const [often, once, never, constant] = clusterBootstrap({
    ...of,
    // Of the draws, which come after the data and the three without a cluster, three lack the second.
    statistics: (weights) => {
      asked += 1;
      return [
        weights[0] === 0 ? null : weights[0]!,
        asked > 4 && asked <= 7 ? null : weights[0]!,
        null,
        2,
      ];
    },
  });
  // Cluster 1 is in 19 of 27 draws, and the rest is no sample of them.
  assert.ok(often!.draws > 180 && often!.draws < 240);
  assert.equal(often!.draws + often!.undefinedDraws, 300);
  assert.deepEqual([often!.se, often!.percentile, often!.bca], [null, none, none]);
  assert.deepEqual([once!.undefinedDraws, once!.percentile.ciLower], [3, 0]);
  assert.deepEqual([never!.estimate, never!.se, never!.undefinedDraws], [null, null, 300]);
  assert.deepEqual([constant!.se, constant!.percentile, constant!.bca], [0, none, none]);
  const statistics = () => [NaN];
  assert.throws(() => clusterBootstrap({ ...of, statistics }), {
    message: "Statistic 1 of 1 is NaN in a draw",
  });
  assert.throws(() => clusterBootstrap({ ...of, statistics, clusters: 1 }), RangeError);
  assert.throws(() => clusterBootstrap({ ...of, statistics, draws: 0 }), RangeError);
});

Deno.test("holm() and benjaminiHochberg() agree with R's p.adjust and statsmodels within 1e-14", () => {
  const tests: { ps: (number | null)[]; holm: (number | null)[]; bh: (number | null)[] }[] = [
    ...python.families,
    ...r.families,
  ];
  each(tests, ({ ps, holm: stepDown, bh }) => {
    const size = ps.filter((p) => p !== null).length;
    const [own, other] = [holm(ps), benjaminiHochberg(ps)];
    assert.deepEqual([own.size, other.size], [size, size]);
    own.adjusted.forEach((p, i) => near(p, stepDown[i], 1e-14, ps));
    other.adjusted.forEach((p, i) => near(p, bh[i], 1e-14, ps));
  });
  assert.ok(tests.some(({ ps }) => ps.includes(null)));
});

Deno.test("adjusted p keep the order of p, and Holm's is never below Benjamini and Hochberg's", () => {
  for (let i = 0; i < 100; i++) {
    const random = seeded("family", i);
    const ps = Array.from({ length: 1 + random.int(40) }, () => random.uniform() ** 3);
    const [own, other] = [holm(ps).adjusted, benjaminiHochberg(ps).adjusted];
    for (const [j, p] of ps.entries()) {
      assert.ok(p <= other[j]! * (1 + 1e-15) && other[j]! <= own[j]! * (1 + 1e-15) && own[j]! <= 1);
      for (const [k, q] of ps.entries()) {
        if (p < q) assert.ok(own[j]! <= own[k]! && other[j]! <= other[k]!);
      }
    }
  }
  assert.deepEqual(holm([]), { adjusted: [], size: 0 });
  assert.deepEqual(benjaminiHochberg([null]), { adjusted: [null], size: 0 });
  assert.throws(() => holm([0.1, 1.2]), RangeError);
  assert.throws(() => benjaminiHochberg([NaN]), RangeError);
});
