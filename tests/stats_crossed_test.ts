/** Crossed and two-way means, variance ratios and mid-p against R, scipy and worked examples. */
import assert from "node:assert/strict";
import {
  averageD,
  crossedMean,
  holm,
  mcnemarExact,
  mean,
  pairedT,
  sd,
  twoWayMean,
  varianceRatio,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { atNight } from "./command.ts";
import { close, each, near } from "./near.ts";
import r from "./reference/crossed.json" with { type: "json" };
import python from "./reference/variances.json" with { type: "json" };

/** Differences of ten questions in four wordings. */
const D = [
  [0, -1, 0, -1],
  [0, 0, 0, 0],
  [-1, -1, 0, -1],
  [1, 0, 0, 0],
  [0, 0, -1, 0],
  [-1, 0, -1, -1],
  [0, 0, 0, 0],
  [0, 1, 0, 0],
  [-1, -1, -1, 0],
  [0, 0, 0, -1],
];

// R: aov(y ~ question + wording), Satterthwaite's df by its formula
Deno.test("crossedMean() of ten questions in four wordings", () => {
  const own = crossedMean(D);
  near(own.estimate, -0.275, 1e-12);
  near(own.meanSquares.rows, 0.636111111111111, 1e-9);
  near(own.meanSquares.columns, 0.0916666666666667, 1e-9);
  near(own.meanSquares.residual, 0.221296296296296, 1e-9);
  near(own.se, 0.112525717225162, 1e-9);
  near(own.df, 5.17451418330465, 1e-9);
  near(own.t, -2.443885778126, 1e-9);
  near(own.p, 0.0567061901255269, 1e-9);
  assert.deepEqual([own.rows, own.columns, own.n, own.bounded], [10, 4, 40, false]);
});

Deno.test("crossedMean() agrees with R's aov and pt within 1e-9", () => {
  assert.ok(r.crossed.some(({ bounded }) => bounded));
  each(r.crossed, ({ table, ms, se, df, bounded, t, p, limits }) => {
    const own = crossedMean(table);
    close(own.meanSquares.rows, ms[0], 1e-9, table);
    close(own.meanSquares.columns, ms[1], 1e-9, table);
    close(own.meanSquares.residual, ms[2], 1e-9, table);
    assert.equal(own.bounded, bounded === 1);
    near(own.se, se, 1e-9, table);
    near(own.df, df, 1e-8, table);
    near(own.t, t, 1e-9, table);
    near(own.p, p, 1e-8, table);
    close(own.ciLower, limits[0], 1e-8, table);
    close(own.ciUpper, limits[1], 1e-8, table);
  });
});

Deno.test("crossedMean() tests nothing where nothing varies, and takes full tables only", () => {
  const flat = crossedMean([[1, 1], [1, 1], [1, 1]]);
  assert.deepEqual([flat.estimate, flat.t, flat.p, flat.ciLower], [1, null, null, null]);
  const single = crossedMean([[1], [2], [4]]);
  assert.deepEqual([single.se, single.p], [null, null]);
  assert.throws(() => crossedMean([[1, 2], [1]]), /row 2 of 2 has 1 values, the first has 2/);
});

Deno.test("twoWayMean() of the same table, each error by itself and both", () => {
  const value = D.flat();
  const own = twoWayMean({
    value,
    row: value.map((_, at) => Math.floor(at / 4)),
    column: value.map((_, at) => at % 4),
  });
  near(own.seRows, 0.126106216253513, 1e-9);
  near(own.seColumns, 0.0478713553878169, 1e-9);
  // √(11.975 / (39 · 40))
  near(own.seSingle, Math.sqrt(11.975 / 1560), 1e-9);
  near(own.se, 0.102558092772645, 1e-9);
  assert.equal(own.df, 3);
});

Deno.test("twoWayMean() agrees with R's sandwich on tables with gaps within 1e-9", () => {
  each(r.twoway, ({ value, row, column, rows, columns, single, both }) => {
    const own = twoWayMean({ value, row, column });
    near(own.seRows, rows, 1e-9);
    near(own.seColumns, columns, 1e-9);
    near(own.seSingle, single, 1e-9);
    near(own.se, both, 1e-9);
  });
  assert.throws(() => twoWayMean({ value: [1], row: [], column: [0] }), /got 1, 0 and 1/);
});

// R: t.test of the differences of six wordings
Deno.test("an effect in units of the noise between wordings", () => {
  const a = [0.71, 0.69, 0.73, 0.70, 0.72, 0.68], b = [0.66, 0.67, 0.69, 0.64, 0.68, 0.65];
  const differences = b.map((value, at) => value - a[at]!);
  const summary = { mean: mean(differences)!, sd: sd(differences)!, n: 6 };
  const own = pairedT(summary);
  near(own.estimate, -0.04, 1e-12);
  near(own.t, -6.92820323027551, 1e-9);
  near(own.p, 0.00096125306894995, 1e-9);
  near(own.ciLower, -0.0548412611534348, 1e-9);
  near(own.ciUpper, -0.0251587388465651, 1e-9);
  near(sd(a), 0.0187082869338697, 1e-9);
  near(sd(b), 0.0187082869338697, 1e-9);
  near(averageD({ mean: summary.mean, sdA: sd(a)!, sdB: sd(b)! }), -2.13808993529939, 1e-9);
});

// R: binom.test, p.adjust
Deno.test("mcnemarExact() of three pairs of counts, mid-p, and Holm over a family", () => {
  near(mcnemarExact(21, 9).p, 0.0427739452570677, 1e-9);
  near(mcnemarExact(21, 9).midP, 0.0294493734836578, 1e-9);
  near(mcnemarExact(12, 1).p, 0.00341796875, 1e-9);
  near(mcnemarExact(60, 40).p, 0.0568879336409809, 1e-9);
  const { adjusted } = holm([0.0427739452570677, 0.00341796875, 0.0568879336409809, 0.2]);
  [0.128321835771203, 0.013671875, 0.128321835771203, 0.2]
    .forEach((expected, at) => near(adjusted[at], expected, 1e-9));
});

Deno.test("mcnemarExact()'s mid-p agrees with scipy's binomial within 1e-11", () => {
  each(python.middle, ({ b, c, midP }) => {
    near(mcnemarExact(b, c).midP, midP, 1e-11, [b, c]);
    near(mcnemarExact(c, b).midP, midP, 1e-11, [b, c]);
  });
});

// scipy.stats.permutation_test with all permutations
Deno.test("varianceRatio() agrees with scipy's exact permutation test; draws come near it", () => {
  each(python.variances, ({ a, b, ratio, p }) => {
    const { uniform } = seeded("variances");
    const own = varianceRatio(a, b, { uniform });
    near(own.ratio, ratio, 1e-9);
    near(own.p, p, 1e-12);
    assert.equal(own.method, "exact");
  });
  const { uniform } = seeded("variances", 2);
  const a = [...python.variances[2]!.a, ...python.variances[2]!.a, 0.3];
  const b = [...python.variances[2]!.b, ...python.variances[2]!.b];
  const drawn = varianceRatio(a, b, { uniform });
  assert.equal(drawn.method, "drawn");
  assert.ok(drawn.p! > 0 && drawn.p! < 0.5);
  assert.equal(varianceRatio([1, 1], [2, 2], { uniform }).p, null);
});

/** Rejections at 5 % and truths within the limits, of tables with rows, columns and both drawn. */
function campaign(studies: number, effect: number) {
  const { uniform } = seeded("crossed means", effect, studies);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  let rejected = 0, held = 0, naive = 0;
  for (let study = 0; study < studies; study++) {
    const rows = Array.from({ length: 20 }, () => normal() * 0.5);
    const columns = Array.from({ length: 8 }, () => normal() * 0.5);
    const table = rows.map((row) => columns.map((column) => effect + row + column + normal()));
    const own = crossedMean(table);
    rejected += Number(own.p! < 0.05);
    held += Number(own.ciLower! <= effect && effect <= own.ciUpper!);
    const means = table.map((row) => mean(row)!);
    naive += Number(pairedT({ mean: mean(means)!, sd: sd(means)!, n: 20 }).p! < 0.05);
  }
  return { rejected: rejected / studies, held: held / studies, naive: naive / studies };
}

Deno.test("crossedMean() rejects nothing too often where wordings are drawn; rows alone do", () => {
  const { rejected, naive } = campaign(400, 0);
  assert.ok(rejected > 0.02 && rejected < 0.08, `${rejected}`);
  assert.ok(naive > rejected + 0.02 && naive > 0.065, `${naive}`);
});

atNight(
  "crossedMean() rejects 5 ± 1 % of 2,000 without an effect, and holds one in 93 to 97 of 100",
  async () => {
    await Promise.resolve();
    const { rejected } = campaign(2000, 0);
    assert.ok(rejected >= 0.04 && rejected <= 0.06, `${rejected}`);
    const { held } = campaign(2000, 0.4);
    assert.ok(held >= 0.93 && held <= 0.97, `${held}`);
  },
);
