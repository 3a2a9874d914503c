/** Two groups from their summaries, ordered groups, doses within rows: against R and worked-out values. */
import assert from "node:assert/strict";
import {
  bonettD,
  clusteredMean,
  doseFit,
  falls,
  glassDelta,
  type Group,
  isotonic,
  jonckheere,
  mean,
  normalTail,
  pageTrend,
  pooledD,
  pooledT,
  sd,
  slopeOn,
  slopeOnPlaces,
  smirnov,
  spearman,
  spillOver,
  spreadRatio,
  welch,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import r from "./reference/doses.json" with { type: "json" };

const group = (mean: number, sd: number, n: number): Group => ({ mean, sd, n });
const uniform = () => seeded("doses test").uniform;

// R 4.2.2, base
Deno.test("two groups of which mean, sd and n are known: Welch, d, Glass, Bonett, lnVR and F limits as in R", () => {
  const [a, b] = [group(3.42, .61, 120), group(3.12, .79, 850)];
  const test = welch(a, b);
  near(test.estimate, 0.3, 1e-9);
  near(test.se, 0.0619279309153065, 1e-9);
  near(test.t, 4.84434076136475, 1e-9);
  near(test.df, 180.607893320897, 1e-9);
  near(test.p, 2.72222369510525e-06, 1e-9);
  near(test.ciLower, 0.177804681503697, 1e-9);
  near(test.ciUpper, 0.422195318496303, 1e-9);
  const pooled = pooledT(a, b);
  near(pooled.t, 3.99451399496924, 1e-9);
  assert.equal(pooled.df, 968);
  near(pooled.p, 6.97395886496379e-05, 1e-9);
  const d = pooledD(a, b);
  near(d.estimate, 0.389537908678095, 1e-9);
  near(d.ciLower, 0.197520072414086, 1e-9);
  near(d.ciUpper, 0.58135612160548, 1e-9);
  near(d.J, 0.999224973083293, 1e-9);
  near(d.g, 0.389236006313792, 1e-9);
  near(d.gLower, 0.197366989041375, 1e-9);
  near(d.gUpper, 0.580905554963044, 1e-9);
  const glass = glassDelta(a, b);
  near(glass.estimate, 0.379746835443038, 1e-9);
  near(glass.se, 0.079202425512793, 1e-9);
  near(glass.ciLower, 0.224512933949747, 1e-9);
  near(glass.ciUpper, 0.534980736936328, 1e-9);
  const bonett = bonettD(a, b);
  near(bonett.estimate, 0.425072475131754, 1e-9);
  near(bonett.se, 0.0888882912638296, 1e-9);
  near(bonett.ciLower, 0.250854625607341, 1e-9);
  near(bonett.ciUpper, 0.599290324656166, 1e-9);
  const spread = spreadRatio(a, b);
  near(spread.lnVR, -0.254961235772207, 1e-9);
  near(spread.se, 0.0692142241380665, 1e-9);
  near(spread.estimate, 0.774946537582956, 1e-9);
  near(spread.ciLower, 0.676638161542697, 1e-9);
  near(spread.ciUpper, 0.887538082012119, 1e-9);
  near(spread.ratio, 0.772151898734177, 1e-9);
  near(spread.fLower, 0.678623511543862, 1e-9);
  near(spread.fUpper, 0.891076320784198, 1e-9);
});

// R 4.2.2, base
Deno.test("a model that repeats itself: pooled d and Glass's delta are near, and their limits far apart", () => {
  const [a, b] = [group(4.6, .05, 10), group(3.9, .75, 1000)];
  const test = welch(a, b);
  near(test.t, 24.5576245405968, 1e-9);
  near(test.df, 90.9159935379645, 1e-9);
  near(test.p, 6.67991332569144e-42, 1e-9);
  const pooled = pooledT(a, b);
  near(pooled.t, 2.94995178147561, 1e-9);
  near(pooled.p, 0.00325169090765175, 1e-9);
  const d = pooledD(a, b);
  near(d.estimate, 0.937509342255395, 1e-9);
  near(d.ciLower, 0.313048914945597, 1e-9);
  near(d.ciUpper, 1.56150668648194, 1e-9);
  const glass = glassDelta(a, b);
  near(glass.estimate, 0.933333333333333, 1e-9);
  near(glass.ciLower, 0.847210372395138, 1e-9);
  near(glass.ciUpper, 1.01945629427153, 1e-9);
  const spread = spreadRatio(a, b);
  near(spread.estimate, 0.0704399189452301, 1e-9);
  near(spread.ciLower, 0.0442880956895285, 1e-9);
  near(spread.ciUpper, 0.112034218309905, 1e-9);
});

// R 4.2.2, base
Deno.test("pooledD() of two groups of five has the limits of the noncentral t, and J times them", () => {
  const [a, b] = [group(2, 1, 5), group(3, 1, 5)];
  const test = welch(a, b), d = pooledD(a, b);
  near(test.t, -1.58113883008419, 1e-9);
  near(test.df, 8, 1e-12);
  near(test.p, 0.152502285208015, 1e-9);
  near(d.estimate, -1, 1e-12);
  near(d.ciLower, -2.30337267607858, 1e-9);
  near(d.ciUpper, 0.356503497226432, 1e-9);
  near(d.J, 0.90270333367641, 1e-9);
  near(d.gLower, -2.07926219339529, 1e-9);
  near(d.gUpper, 0.321816895413599, 1e-9);
});

// R 4.2.2: t.test, var.test, uniroot over pt, whose series ends at 1e-12
Deno.test("tests and effects of two groups agree with R on five pairs of groups", () => {
  each(r.groups, ({ a, b, ...of }) => {
    for (const [own, expected] of [[welch(a, b), of.welch], [pooledT(a, b), of.pooled]] as const) {
      close(own.estimate, expected.estimate, 1e-12);
      near(own.t, expected.t, 1e-9);
      near(own.df, expected.df, 1e-9);
      near(own.p, expected.p, 1e-9);
      near(own.ciLower, expected.limits[0], 1e-8);
      near(own.ciUpper, expected.limits[1], 1e-8);
    }
    const d = pooledD(a, b);
    near(d.estimate, of.d, 1e-9);
    close(d.ciLower, of.dLimits[0], 1e-7);
    close(d.ciUpper, of.dLimits[1], 1e-7);
    near(d.J, of.J, 1e-9);
    near(glassDelta(a, b).se, of.glassSe, 1e-9);
    near(bonettD(a, b).se, of.bonettSe, 1e-9);
    const spread = spreadRatio(a, b);
    [spread.ratio, spread.fLower, spread.fUpper].forEach((one, at) =>
      near(one, of.F[at], 1e-8, at)
    );
  });
});

Deno.test("groups that do not vary have no test, no effect and no ratio; a model that never varies still has a distance", () => {
  const [still, moving] = [group(4, 0, 10), group(3, .5, 100)];
  const none = welch(still, group(3, 0, 5));
  assert.deepEqual([none.t, none.df, none.p, none.ciLower], [null, null, null, null]);
  assert.equal(pooledD(still, group(3, 0, 5)).estimate, null);
  assert.equal(bonettD(still, group(3, 0, 5)).estimate, null);
  assert.equal(glassDelta(moving, still).estimate, null);
  assert.deepEqual(
    [spreadRatio(still, moving), spreadRatio(moving, still)].map(({ estimate, fLower }) => [
      estimate,
      fLower,
    ]),
    [[null, null], [null, null]],
  );
  assert.equal(spreadRatio(still, moving).ratio, 0);
  // One that does not vary adds no error: what is left is the norm's, with its df.
  const test = welch(still, moving);
  near(test.se, .05, 1e-12);
  near(test.df, 99, 1e-12);
  near(glassDelta(still, moving).estimate, 2, 1e-12);
  assert.throws(() => welch(group(1, 1, 1), moving), /A group has at least 2: got 1/);
  assert.throws(() => glassDelta(group(1, -1, 4), moving), /0 or more: got -1/);
  assert.throws(() => bonettD(group(NaN, 1, 4), moving), RangeError);
});

// R 4.2.2 (all deals of the tied case); ks.test(exact = TRUE), which counts paths as well
Deno.test("smirnov() has the exact permutation p where scores tie, small p with all digits", () => {
  const x = [3.1, 3.4, 2.8, 3.9, 3.3, 3.6, 3.0, 3.5];
  const y = [2.9, 3.1, 2.5, 3.3, 2.7, 3.0, 3.8, 2.2, 3.4, 2.6];
  near(smirnov(x, y).D, 0.4, 1e-12);
  // Counted over all 43,758 deals by another program.
  near(smirnov(x, y).p, 11_622 / 43_758, 1e-9);
  const tied = smirnov([1, 2, 2, 3, 3, 3, 4, 5], [1, 1, 1, 2, 2, 3, 3, 4, 4]);
  near(tied.D, 0.208333333333333, 1e-9);
  near(tied.p, 0.851912793089264, 1e-9);
  each(r.smirnov, ({ x, y, D, p }) => {
    near(smirnov(x, y).D, D, 1e-12);
    near(smirnov(x, y).p, p, 1e-9, [x.length, y.length]);
    near(smirnov(y, x).p, p, 1e-9);
  });
  assert.ok(r.smirnov.at(-1)!.p < 1e-21);
  assert.deepEqual(smirnov([], y), { D: null, p: null, n: 0, m: 10 });
  assert.deepEqual(smirnov([2, 2], [2]), { D: 0, p: 1, n: 2, m: 1 });
});

const DOSES = [0, 1, 2, 3, 4, 5, 6];
const ROWS = [
  [1, 1, 2, 3, 3, 5, 6],
  [0, 1, 1, 2, 4, 4, 5],
  [2, 2, 3, 2, 4, 5, 6],
  [1, 2, 2, 3, 4, 6, 6],
  [0, 0, 1, 1, 1, 2, 3],
  [3, 3, 4, 5, 5, 5, 6],
];

// R 4.2.2 and SciPy 1.10: lm, cor, the definitions
Deno.test("six profiles under seven doses: slopes, R² within and pooled, ranks, falls, Page's L", () => {
  const slopes = ROWS.map((row) => slopeOn(DOSES, row)!);
  const expected = [
    ...[0.857142857142857, 0.857142857142857, 0.678571428571429],
    ...[0.892857142857143, 0.464285714285714, 0.5],
  ];
  slopes.forEach((slope, at) => near(slope, expected[at], 1e-9, at));
  const average = clusteredMean(slopes.map((slope) => [slope]));
  near(average.estimate, 0.708333333333333, 1e-9);
  near(average.se, 0.0779284659478721, 1e-9);
  near(average.ciLower, 0.50801183428873, 1e-9);
  near(average.ciUpper, 0.908654832377937, 1e-9);
  const fit = doseFit(ROWS, DOSES, { uniform: uniform(), draws: 200 });
  near(fit.within.estimate, 0.862634015594542, 1e-9);
  near(fit.pooled.estimate, 0.59791420368181, 1e-9);
  const ranks = ROWS.map((row) => spearman(row, DOSES)!);
  const told = [
    ...[0.981980506061966, 0.981980506061966, 0.889499179993321],
    ...[0.981980506061966, 0.954313515420528, 0.954313515420528],
  ];
  ranks.forEach((rank, at) => near(rank, told[at], 1e-9, at));
  near(mean(ranks), 0.957344621503379, 1e-9);
  near(spearman(ROWS.flat(), ROWS.flatMap(() => DOSES)), 0.763738013930238, 1e-9);
  assert.deepEqual(falls(ROWS), { steps: 36, falls: 1, pairs: 126, violated: 1 });
  const page = pageTrend(ROWS);
  near(page.L, 828, 1e-12);
  near(page.expected, 672, 1e-12);
  near(page.variance, 737.333333333333, 1e-9);
  near(page.z, 5.74503480884076, 1e-9);
  near(page.pNormal, 4.59510393958489e-09, 1e-9);
  // Without ties the variance is that of the tables: n m² (m + 1)² (m − 1) / 144.
  const untied = pageTrend(ROWS.map((row) => row.map((value, at) => value + at / 100)));
  near(untied.variance, 784, 1e-12);
  const z = (828 - 672) / Math.sqrt(untied.variance!);
  near(z, 5.57142857142857, 1e-9);
  near(normalTail(z) / 2, 1.26329475216332e-08, 1e-9);
});

Deno.test("isotonic() pools what falls, as in R and by weights", () => {
  const given = [1, 1.5, 2.5, 2.2, 3.8, 3.1, 5.2];
  const expected = [1, 1.5, 2.35, 2.35, 3.45, 3.45, 5.2];
  isotonic(given).forEach((value, at) => near(value, expected[at], 1e-12, at));
  each(r.isotonic, ({ values, fit }) => {
    isotonic(values).forEach((value, at) => close(value, fit[at], 1e-12, at));
  });
  assert.deepEqual(isotonic([3, 1], [1, 3]), [1.5, 1.5]);
  assert.deepEqual(isotonic([]), []);
  assert.throws(() => isotonic([1, 2], [1]), RangeError);
  assert.throws(() => isotonic([1, 2], [1, 0]), RangeError);
});

// R 4.2.2: the variance by its formula and by all deals
Deno.test("jonckheere() has the variance of ties, and the exact tail where groups are small", () => {
  const whole = jonckheere([
    [40, 35, 38, 43, 44, 41],
    [38, 40, 47, 44, 40, 42],
    [48, 40, 45, 43, 46, 44],
  ]);
  assert.deepEqual([whole.J, whole.expected], [79, 54]);
  near(whole.variance, 150.286764705882, 1e-9);
  near(whole.z, 2.03929305884472, 1e-9);
  near(whole.p, 0.0414207879860945, 1e-9);
  const untied = jonckheere([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 15, 16, 17, 18]]);
  near(untied.variance, 153, 1e-12);
  // All in order is one of 18! / 6!³ deals.
  near(untied.pRising, 1 / 17_153_136, 1e-9);
  const small = jonckheere([[1, 2, 2], [2, 3, 3], [3, 4, 2]]);
  assert.deepEqual([small.J, small.expected, small.method], [21.5, 13.5, "exact"]);
  near(small.variance, 17.7589285714286, 1e-9);
  near(small.z, 1.89837325507544, 1e-9);
  near(small.pRising, 0.05, 1e-9);
  each(r.jonckheere, ({ groups, J, expected, variance, pRising }) => {
    const own = jonckheere(groups);
    near(own.J, J, 1e-12);
    near(own.expected, expected, 1e-12);
    near(own.variance, variance, 1e-9);
    near(own.pRising, pRising, 1e-9);
  });
  const many = jonckheere([0, 1, 2].map((at) => Array.from({ length: 40 }, (_, i) => i % 7 + at)));
  assert.equal(many.method, "normal");
  near(many.pRising, many.p! / 2, 1e-12);
  assert.equal(jonckheere([[1, 1], [1]]).z, null);
  assert.equal(jonckheere([[1, 2], []]).J, null);
});

// R 4.2.2: lm, cor, isoreg, t.test
Deno.test("doses within rows agree with R, with doses that are not evenly spaced", () => {
  each(r.doses, ({ doses, rows, ...of }) => {
    const slopes = rows.map((row) => slopeOn(doses, row)!);
    slopes.forEach((slope, at) => close(slope, of.slopes[at], 1e-12, at));
    rows.forEach((row, at) => {
      const own = spearman(row, doses), expected = of.spearman[at] ?? null;
      expected === null ? assert.equal(own, null) : near(own, expected, 1e-9, at);
    });
    near(spearman(rows.flat(), rows.flatMap(() => doses)), of.pooledSpearman, 1e-9);
    const average = clusteredMean(slopes.map((slope) => [slope]));
    near(average.estimate, of.mean, 1e-9);
    near(average.p, of.p, 1e-8);
    const fit = doseFit(rows, doses, { uniform: uniform(), draws: 100 });
    near(fit.within.estimate, of.within, 1e-9);
    near(fit.pooled.estimate, of.pooled, 1e-9);
    isotonic(of.means).forEach((value, at) => close(value, of.isotonic[at], 1e-12, at));
  });
  assert.equal(slopeOn([1, 1], [2, 3]), null);
  assert.equal(slopeOnPlaces([1, 3, 5]), 2);
  assert.equal(slopeOnPlaces([4]), null);
  assert.throws(() => slopeOn([1], [1, 2]), RangeError);
  assert.throws(() => doseFit([[1, 2], [1]], [0, 1], { uniform: uniform() }), RangeError);
  assert.throws(() => doseFit([[1, 2], [1, 3]], [1, 1], { uniform: uniform() }), RangeError);
  const flat = doseFit([[1, 1], [2, 2]], [0, 1], { uniform: uniform(), draws: 50 });
  assert.deepEqual([flat.within.estimate, flat.pooled.estimate], [null, 0]);
});

// R 4.2.2: t.test, p.adjust
Deno.test("spillOver() has slopes in Base sds, Holm's p off the diagonal, ratios of the same draws", () => {
  const { slopes, sds, ...of } = r.spill;
  const found = spillOver([{ own: 0, slopes }], sds, { uniform: uniform() });
  found.forEach((cell, at) => {
    near(cell.estimate, of.estimate[at], 1e-9);
    near(cell.se, of.se[at], 1e-9);
    near(cell.p, of.p[at], 1e-9);
    of.holm[at] === null ? assert.equal(cell.pHolm, null) : near(cell.pHolm, of.holm[at], 1e-9);
  });
  assert.equal(found[0]!.ratio, null);
  near(found[1]!.ratio, of.estimate[1]! / of.estimate[0]!, 1e-9);
  assert.ok(found[1]!.ratioLower! < found[1]!.ratio! && found[1]!.ratio! < found[1]!.ratioUpper!);
  // A scale that moves along with the dosed one has a ratio that no draw changes.
  const along = spillOver([{ own: 0, slopes: [[1, 2, 3, 5], [.5, 1, 1.5, 2.5], [1, 0, 1, 0]] }], [
    1,
    1,
    0,
  ], { uniform: uniform() });
  near(along[1]!.ratio, .5, 1e-12);
  assert.deepEqual([along[1]!.ratioLower, along[2]!.estimate, along[2]!.ratio], [null, null, null]);
  assert.throws(() =>
    spillOver([{ own: 0, slopes: [[1, 2], [1]] }], [1, 1], { uniform: uniform() })
  );
});

Deno.test("with nothing in the data 5 % of Welch's, Smirnov's and Jonckheere's tests reject, with an effect 95 % of intervals hold it", () => {
  const random = seeded("doses null");
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const summary = (of: readonly number[]) => group(mean(of)!, sd(of)!, of.length);
  const draws = 2000, rejected = { welch: 0, smirnov: 0, jonckheere: 0 };
  const held = { welch: 0, glass: 0, bonett: 0, spread: 0 };
  for (let draw = 0; draw < draws; draw++) {
    const a = Array.from({ length: 20 }, () => normal() / 2),
      b = Array.from({ length: 60 }, normal);
    rejected.welch += Number(welch(summary(a), summary(b)).p! < .05);
    const scores = [15, 25].map((n) => Array.from({ length: n }, () => Math.round(2 * normal())));
    rejected.smirnov += Number(smirnov(scores[0]!, scores[1]!).p! < .05);
    const groups = [13, 13, 13].map((n) =>
      Array.from({ length: n }, () => Math.round(2 * normal()))
    );
    rejected.jonckheere += Number(jonckheere(groups).p! < .05);
    const [x, y] = [summary(a.map((one) => one + .4)), summary(b)];
    const holds = (of: { ciLower: number | null; ciUpper: number | null }, truth: number) =>
      Number(of.ciLower! <= truth && truth <= of.ciUpper!);
    held.welch += holds(welch(x, y), .4);
    held.glass += holds(glassDelta(x, y), .4);
    held.bonett += holds(bonettD(x, y), .4 / Math.sqrt((.25 + 1) / 2));
    held.spread += holds(spreadRatio(x, y), .5);
  }
  console.log(JSON.stringify({ rejected, held }));
  for (const count of [rejected.welch, rejected.jonckheere]) {
    assert.ok(Math.abs(count / draws - .05) <= .01, `${JSON.stringify(rejected)} of ${draws}`);
  }
  // D takes few values, so that no exact test of this size is at 5 %.
  assert.ok(rejected.smirnov / draws <= .055 && rejected.smirnov > 0, JSON.stringify(rejected));
  for (const count of Object.values(held)) {
    assert.ok(count / draws >= .93 && count / draws <= .97, `${JSON.stringify(held)} of ${draws}`);
  }
});
