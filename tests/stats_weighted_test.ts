/** Weighted means and shares of clustered rows against other software. */
import assert from "node:assert/strict";
import { seeded } from "lib/random.ts";
import {
  clusteredMean,
  clusteredShare,
  weightedMean,
  weightedShare,
  type WeightedSums,
} from "lib/stats.ts";
import { close, each, near } from "./near.ts";
import r from "./reference/weighted.json" with { type: "json" };

/** Rows as parts of one row each, less an origin. */
function single(
  cluster: readonly number[],
  weight: readonly number[],
  value: readonly number[],
  origin = 0,
): WeightedSums {
  const sum = value.map((one) => one - origin);
  const square = sum.map((one) => one ** 2);
  return { cluster, weight, n: value.map(() => 1), sum, square, origin };
}

// sandwich::vcovCL(type = "HC0", cadjust = TRUE) of lm(weights); below 40 clusters CR2 by its definition,
// with whole matrices.
Deno.test("weightedMean() agrees with R within 1e-9: weights of clusters and weights of rows", () => {
  each(r.samples, ({ cluster, weight, value, estimate, se, df, p, limits, sd, kish }) => {
    for (const origin of [0, value[0]!]) {
      const own = weightedMean(single(cluster, weight, value, origin));
      near(own.estimate, estimate, 1e-12);
      near(own.se, se, 1e-9);
      near(own.df, df, 1e-9);
      near(own.p, p, 1e-8);
      close(own.ciLower, limits[0]!, 1e-9);
      close(own.ciUpper, limits[1]!, 1e-9);
      near(own.sd, sd, 1e-12);
      near(own.weighted, kish, 1e-12);
      assert.deepEqual([own.n, own.clusters], [value.length, new Set(cluster).size]);
    }
  });
});

/** Clusters of 1 to 6 rows, each row `of` a number in [0, 1). */
function drawn(clusters: number, of: (uniform: number) => number): number[][] {
  const random = seeded("weighted", clusters);
  return Array.from(
    { length: clusters },
    () => Array.from({ length: 1 + random.int(6) }, () => of(random.uniform())),
  );
}

const flat = (clusters: number[][]) => ({
  cluster: clusters.flatMap((rows, g) => rows.map(() => g)),
  value: clusters.flat(),
});

Deno.test("with equal weights, of whatever size, they are clusteredMean() and clusteredShare()", () => {
  for (const clusters of [2, 3, 7, 39, 40, 90]) {
    const rows = drawn(clusters, (uniform) => uniform * 5);
    const shares = drawn(clusters, (uniform) => Number(uniform < 0.4));
    for (const weight of [1, 2, 0.1]) {
      const { cluster, value } = flat(rows), expected = clusteredMean(rows);
      const own = weightedMean(single(cluster, value.map(() => weight), value));
      for (const name of ["estimate", "se", "t", "df", "p", "ciLower", "ciUpper"] as const) {
        near(own[name], expected[name], 1e-11);
      }
      // Sums by cluster say the same as rows.
      const summed = weightedMean({
        cluster: rows.map((_, g) => g),
        weight: rows.map(() => weight),
        n: rows.map((own) => own.length),
        sum: rows.map((own) => own.reduce((sum, one) => sum + one, 0)),
        square: rows.map((own) => own.reduce((sum, one) => sum + one ** 2, 0)),
      });
      near(summed.se, own.se!, 1e-12);
      const some = flat(shares), share = clusteredShare(shares);
      const mine = weightedShare(single(some.cluster, some.value.map(() => weight), some.value));
      for (const name of ["estimate", "ciLower", "ciUpper", "effectiveN"] as const) {
        near(mine[name], share[name], 1e-11);
      }
    }
  }
});

Deno.test("where nothing varies there is no test; shares of 0 and 1 have limits", () => {
  const cluster = [0, 0, 1, 2], weight = [1, 1, 2, 4];
  const one = weightedMean(single(cluster, weight, [0.1, 0.1, 0.1, 0.1]));
  assert.deepEqual([one.sd, one.se, one.t, one.p, one.ciLower], [0, 0, null, null, null]);
  const none = weightedMean(single([], [], []));
  assert.deepEqual([none.estimate, none.n, none.sd], [null, 0, null]);
  const alone = weightedMean(single([4, 4], [1, 1], [1, 2]));
  assert.deepEqual([alone.estimate, alone.se, alone.clusters], [1.5, null, 1]);
  const all = weightedShare(single(cluster, weight, [1, 1, 1, 1]));
  // Kish: 8² / 22 of 4 rows; 3 clusters at the same cost.
  near(all.effectiveN, 3 * (64 / 22) / 4, 1e-14);
  assert.ok(all.estimate === 1 && all.ciUpper === 1 && all.ciLower! > 0.3);
});

Deno.test("what is no row, weight or cluster is refused", () => {
  assert.throws(() => weightedMean(single([0, 1], [1, 0], [1, 2])), /A weight is above 0: got 0/);
  assert.throws(() => weightedMean(single([0, 1], [1, NaN], [1, 2])), /got NaN/);
  assert.throws(() => weightedMean(single([0, 0.5], [1, 1], [1, 2])), /a cluster: got 1 and 0.5/);
  assert.throws(() => weightedMean(single([0, 1], [1], [1, 2])), /got 2 clusters, 1 weight/);
  assert.throws(() => weightedMean(single([0, 1], [1, 1], [1, Infinity])), /not finite/);
});
