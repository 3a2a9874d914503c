/** Paired means, ratings and ranks against other software and mpmath. */
import assert from "node:assert/strict";
import {
  averageD,
  blandAltman,
  cohenDz,
  equivalence,
  hedgesJ,
  intraclass,
  mean,
  pairedT,
  sd,
  signedRank,
  signFlip,
  tTail,
} from "lib/stats.ts";
import { noncentralQuantile, noncentralT } from "lib/stats/noncentral.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };
import r from "./reference/estimators_r.json" with { type: "json" };
import small from "./reference/small_samples.json" with { type: "json" };

const FIRST = [3, 5, 2, 6, 4, 4, 5, 1, 3, 6];
const SECOND = [4, 5, 3, 6, 6, 5, 5, 3, 3, 5];
const PAIRS = FIRST.map((a, i) => [a, SECOND[i]!]);
const TEN = PAIRS.map(([a, b]) => b! - a!);

const summary = (differences: readonly number[]) => ({
  mean: mean(differences)!,
  sd: sd(differences)!,
  n: differences.length,
});

// mpmath: all terms of the series of AS 243 with 500 digits
Deno.test("noncentralT() agrees with mpmath within 1e-11 in both tails, down to 1e-300", () => {
  const tails = python.noncentralT.flatMap(({ mpmath }) => mpmath);
  assert.ok(tails.some((tail) => tail !== null && tail > 0 && tail < 1e-250));
  each(python.noncentralT, ({ t, df, ncp, mpmath: [below, above] }) => {
    const { lower, upper } = noncentralT(t, df, ncp);
    if (below! > 1e-307) near(lower, below, 1e-11, [t, df, ncp]);
    if (above! > 1e-307) near(upper, above, 1e-11, [t, df, ncp]);
  });
  // R's pt ends its sum at 1e-12: of 5.200196567552e-7 (t = 20, 4,129 df, ncp = 25) it has six digits.
  each(r.noncentralT, ({ t, df, ncp, lower }) => {
    close(noncentralT(t, df, ncp).lower, lower, 1e-11, [t, df, ncp]);
  });
});

Deno.test("noncentralT() without noncentrality is Student's t, and turns around with its signs", () => {
  for (const df of [1, 2, 9, 825, 8258]) {
    for (const t of [0, 0.3, 1.96, 8, 30]) {
      const { lower, upper } = noncentralT(t, df, 0);
      near(upper, tTail(t, df) / 2, 1e-11, [t, df]);
      near(lower + upper, 1, 1e-14);
      const [one, other] = [noncentralT(t, df, 2.5), noncentralT(-t, df, -2.5)];
      near(one.lower, other.upper, 1e-14);
    }
  }
  assert.throws(() => noncentralT(NaN, 5, 0), RangeError);
  assert.throws(() => noncentralT(1, 0, 0), RangeError);
});

// Many terms would be needed if they stood equally close everywhere.
Deno.test("cohenDz() of nearly equal differences takes no longer than others", () => {
  const { ciLower, ciUpper } = cohenDz({ mean: 1e4, sd: 1, n: 4 });
  near(noncentralT(2e4, 3, 2 * ciLower!).upper, 0.025, 1e-11);
  near(noncentralT(2e4, 3, 2 * ciUpper!).lower, 0.025, 1e-11);
  // Far out t is ncp / s, with s² a χ² of 3 df over 3, whose quantiles these are.
  near(ciLower! / 1e4, Math.sqrt(0.215795282623898 / 3), 1e-6);
  near(ciUpper! / 1e4, Math.sqrt(9.34840360449614 / 3), 1e-6);
});

Deno.test("noncentralQuantile() has its share below it", () => {
  for (const [df, ncp] of [[1, 2.8], [9, 6.2], [825, 56.3], [8258, -3]] as const) {
    for (const share of [0.005, 0.025, 0.5, 0.975]) {
      const t = noncentralQuantile(share, df, ncp);
      near(noncentralT(t, df, ncp).lower, share, 1e-11, [df, ncp, share]);
    }
  }
});

Deno.test("cohenDz() agrees with mpmath within 1e-11 and with R's pt within 1e-9", () => {
  each(python.cohenDz, ({ mean, sd, n, level, d, limits, g }) => {
    const effect = cohenDz({ mean, sd, n }, level);
    near(effect.estimate, d, 1e-14, n);
    close(effect.ciLower, limits[0], 1e-12 * Math.max(1, Math.abs(d!)), [mean, sd, n]);
    close(effect.ciUpper, limits[1], 1e-12 * Math.max(1, Math.abs(d!)), [mean, sd, n]);
    near(effect.g, g, 1e-13, n);
    assert.deepEqual([effect.df, effect.n], [n - 1, n]);
  });
  each(r.cohenDz, ({ mean, sd, n, limits: [lower, upper] }) => {
    close(cohenDz({ mean, sd, n }).ciLower, lower, 1e-9, n);
    close(cohenDz({ mean, sd, n }).ciUpper, upper, 1e-9, n);
  });
});

// scipy 1.17, ten digits
Deno.test("cohenDz(), averageD() and hedgesJ() of ten pairs", () => {
  const effect = cohenDz(summary(TEN));
  near(effect.estimate, 0.6210590034, 1e-9);
  near(effect.ciLower, -0.07416104311, 1e-9);
  near(effect.ciUpper, 1.288260209, 1e-9);
  near(hedgesJ(9), 0.9138748918, 1e-9);
  const spread = { sdA: sd(FIRST)!, sdB: sd(SECOND)! };
  near(averageD({ mean: mean(TEN)!, ...spread }), 0.4162475611, 1e-9);
});

Deno.test("cohenDz()'s interval excludes 0 exactly where the t-test is significant", () => {
  for (let i = 0; i < 100; i++) {
    const random = seeded("d", i);
    const differences = { mean: random.uniform() - 0.3, sd: 1, n: 2 + random.int(100) };
    const { ciLower, ciUpper } = cohenDz(differences);
    assert.equal(ciLower! > 0 || ciUpper! < 0, pairedT(differences).p! < 0.05);
    const turned = cohenDz({ ...differences, mean: -differences.mean });
    close(turned.ciUpper, -ciLower!, 1e-12);
  }
});

Deno.test("cohenDz() and averageD() are null without spread; a single pair is refused", () => {
  const { estimate, ciLower, ciUpper, g } = cohenDz({ mean: 2, sd: 0, n: 5 });
  assert.deepEqual([estimate, ciLower, ciUpper, g], [null, null, null, null]);
  assert.equal(averageD({ mean: 2, sdA: 0, sdB: 0 }), null);
  assert.throws(() => cohenDz({ mean: 2, sd: 1, n: 1 }), RangeError);
  assert.throws(() => cohenDz({ mean: 2, sd: 1, n: 9 }, 1), RangeError);
  assert.throws(() => averageD({ mean: 2, sdA: -1, sdB: 1 }), RangeError);
});

Deno.test("hedgesJ() agrees with mpmath within 1e-13, from 1 to 41,297 df", () => {
  each(python.hedgesJ, ({ df, j }) => near(hedgesJ(df), j, 1e-13, df));
  assert.throws(() => hedgesJ(0.5), RangeError);
});

Deno.test("equivalence() agrees with statsmodels' ttost_paired within 1e-10", () => {
  each(python.equivalence, ({ differences, lower, upper, ...expected }) => {
    const test = equivalence(summary(differences), { lower, upper });
    for (const key of ["tLower", "pLower", "tUpper", "pUpper", "p"] as const) {
      near(test[key], expected[key], 1e-10, [key, differences.length]);
    }
  });
  const golden = equivalence(summary(TEN), { lower: -1, upper: 1 });
  near(golden.pLower, 2.683683185e-4, 1e-9);
  near(golden.pUpper, 0.1114341751, 1e-9);
});

Deno.test("equivalence() at 5 % is a 90 % interval within the bounds", () => {
  for (let i = 0; i < 200; i++) {
    const random = seeded("tost", i);
    const differences = { mean: random.uniform() - 0.5, sd: 1, n: 2 + random.int(200) };
    const { ciLower, ciUpper } = pairedT(differences, 0.9);
    const { p } = equivalence(differences, { lower: -0.4, upper: 0.3 });
    assert.equal(p! < 0.05, ciLower! > -0.4 && ciUpper! < 0.3);
  }
});

Deno.test("equivalence() without spread is no test, wherever the mean lies", () => {
  for (const mean of [0, 2, -2, 1]) {
    const found = equivalence({ mean, sd: 0, n: 5 }, { lower: -1, upper: 1 });
    const { tLower, pLower, tUpper, pUpper, p } = found;
    assert.deepEqual([tLower, pLower, tUpper, pUpper, p], [null, null, null, null, null]);
  }
  const of = { mean: 0, sd: 1, n: 5 };
  assert.throws(() => equivalence(of, { lower: 1, upper: 1 }), RangeError);
  assert.throws(() => equivalence(of, { lower: -1, upper: NaN }), RangeError);
});

// psych::ICC(lmer = FALSE)
Deno.test("intraclass() agrees with R psych: estimates within 1e-12, limits within 1e-10", () => {
  each(r.icc, ({ ratings, icc, lower, upper }) => {
    const { one, agreement, consistency } = intraclass(ratings);
    [one, agreement, consistency].forEach((interval, i) => {
      near(interval.estimate, icc[i], 1e-12, i);
      near(interval.ciLower, lower[i], 1e-10, i);
      near(interval.ciUpper, upper[i], 1e-10, i);
    });
  });
});

// Shrout & Fleiss 1979, Psychological Bulletin 86, 420–428, table 4
Deno.test("intraclass() gives Shrout and Fleiss' coefficients, and those of ten pairs", () => {
  const { one, agreement, consistency } = intraclass(r.icc[0]!.ratings);
  const shown = [one, agreement, consistency].map(({ estimate }) => estimate!.toFixed(2));
  assert.deepEqual(shown, ["0.17", "0.29", "0.71"]);
  const ten = intraclass(PAIRS);
  near(ten.one.estimate, 0.7202072539, 1e-9);
  near(ten.agreement.estimate, 0.7286432161, 1e-9);
  near(ten.consistency.estimate, 0.775401069519, 1e-9);
});

Deno.test("intraclass() does not see a shift in consistency, and no high level at all", () => {
  const shifted = PAIRS.map(([a, b]) => [a!, b! + 7]);
  const [plain, moved] = [intraclass(PAIRS), intraclass(shifted)];
  near(moved.consistency.estimate, plain.consistency.estimate, 1e-12);
  assert.ok(moved.agreement.estimate! < 0.1);
  const high = intraclass(PAIRS.map((row) => row.map((value) => value + 1e9)));
  near(high.agreement.ciLower, plain.agreement.ciLower, 1e-9);
});

Deno.test("intraclass() is null where nothing varies, 1 without limits where nothing differs", () => {
  const none = { estimate: null, ciLower: null, ciUpper: null };
  const flat = intraclass([[2, 2], [2, 2], [2, 2]]);
  assert.deepEqual([flat.one, flat.agreement, flat.consistency], [none, none, none]);
  assert.deepEqual(intraclass([[1, 2]]).one, none);
  assert.deepEqual(intraclass([[1], [2], [3]]).agreement, none);
  const equal = intraclass([[1, 1], [2, 2], [6, 6]]);
  const certain = { ...none, estimate: 1 };
  assert.deepEqual([equal.one, equal.agreement, equal.consistency], [certain, certain, certain]);
  assert.deepEqual(intraclass([[3, 4], [3, 4], [3, 4]]).agreement, { ...none, estimate: 0 });
  // Subjects do not differ at all: the coefficient is as low as it can be, whatever F.
  const low = intraclass([[1, 3, 2], [3, 1, 2], [2, 2, 2], [3, 2, 1]]);
  assert.deepEqual(low.consistency, { ...none, estimate: -0.5 });
  assert.deepEqual(low.agreement, { ...none, estimate: -0.6875 });
  assert.throws(() => intraclass([[1, 2], [1]]), RangeError);
  assert.throws(() => intraclass([[1, 2], [1, NaN]]), RangeError);
});

Deno.test("blandAltman() agrees with mpmath within 1e-11, from 2 pairs to 826", () => {
  each(python.blandAltman, ({ differences, level, ...expected }) => {
    const { bias, lower, upper, n } = blandAltman(differences, level);
    assert.equal(n, differences.length);
    near(bias.estimate, expected.bias, 1e-12, n);
    near(lower.estimate, expected.lower, 1e-12, n);
    near(upper.estimate, expected.upper, 1e-12, n);
    for (const [own, theirs] of [[lower, expected.lowerLimits], [upper, expected.upperLimits]]) {
      const { ciLower, ciUpper } = own as typeof lower;
      near(ciLower, (theirs as number[])[0], 1e-11, n);
      near(ciUpper, (theirs as number[])[1], 1e-11, n);
    }
    const t = pairedT(summary(differences), level);
    assert.deepEqual([bias.ciLower, bias.ciUpper], [t.ciLower, t.ciUpper]);
  });
});

// Bland & Altman 1999: limit ± t √(1/n + 1.96²/(2(n − 1))) sd
Deno.test("blandAltman() is near Bland and Altman's own interval for many pairs", () => {
  const differences = python.blandAltman.at(-1)!.differences;
  const { mean: centre, sd: spread, n } = summary(differences);
  const half = 1.9628 * spread * Math.sqrt(1 / n + 1.96 ** 2 / (2 * (n - 1)));
  const { upper } = blandAltman(differences);
  near(upper.ciLower, centre + 1.96 * spread - half, 5e-3);
  near(upper.ciUpper, centre + 1.96 * spread + half, 5e-3);
  const shifted = blandAltman([2, 2, 2]);
  assert.deepEqual(shifted.upper, { estimate: 2, ciLower: null, ciUpper: null });
  assert.deepEqual(shifted.bias, shifted.upper);
  assert.equal(blandAltman([1]).upper.estimate, null);
  assert.equal(blandAltman([]).bias.estimate, null);
});

// R wilcox.test; the first are Hollander & Wolfe's depression scores
Deno.test("signedRank() agrees with R's wilcox.test within 1e-12, exact and normal", () => {
  assert.ok(r.wilcoxon.some(({ p }) => p !== null && p < 1e-30));
  each(r.wilcoxon, ({ differences, v, p }) => {
    const test = signedRank(differences);
    assert.equal(test.v, v);
    near(test.p, p, 1e-12, differences.length);
  });
  const methods = r.wilcoxon.map(({ differences }) => signedRank(differences).method);
  assert.deepEqual(methods.slice(0, 5), ["exact", "normal", "normal", "exact", "normal"]);
});

Deno.test("signedRank() counts zeros, and has no p where nothing else is left", () => {
  assert.deepEqual(signedRank([0, 0]), { v: 0, p: null, method: "normal", n: 0, zeros: 2 });
  const { n, zeros } = signedRank(TEN);
  assert.deepEqual([n, zeros], [6, 4]);
  assert.throws(() => signedRank([1, NaN]), RangeError);
});

// By enumeration in R; the first three are of the definition's source.
Deno.test("signFlip() is the share of all patterns of signs, also where nothing varies", () => {
  const { uniform } = seeded("flips");
  each(small.flips, ({ differences, informative, p }) => {
    const found = signFlip(differences, { uniform });
    near(found.p, p, 1e-12, differences);
    assert.equal(found.informative, informative);
    assert.deepEqual([found.method, found.n], ["exact", differences.length]);
  });
  assert.deepEqual(small.flips.slice(0, 3).map(({ p }) => p), [0.0625, 0.3046875, 0.25]);
  const none = signFlip([0, 0], { uniform });
  assert.deepEqual([none.p, none.informative], [null, 0]);
  assert.throws(() => signFlip([1, NaN], { uniform }), RangeError);
  assert.throws(() => signFlip([1], { uniform, draws: 0 }), RangeError);
});

Deno.test("signFlip() of many differences is drawn, by its seed only, and near the exact p", () => {
  // 12 of 17 that are alike: a sign test, 2 · P(X ≤ 5).
  const differences = [...Array<number>(12).fill(0.2), ...Array<number>(5).fill(-0.2)];
  const run = (seed: number) => signFlip(differences, { uniform: seeded("drawn", seed).uniform });
  assert.deepEqual(run(1), run(1));
  assert.equal(run(1).method, "drawn");
  // Its error from 9,999 draws is .0035.
  close(run(1).p, 0.143463134765625, 0.0175);
  // No pattern is as far out as all of one sign: the least p that so many draws can have.
  const all = signFlip(Array<number>(60).fill(1), { uniform: seeded("all").uniform, draws: 99 });
  assert.equal(all.p, 0.01);
});

Deno.test("signedRank()'s exact p is the share of all signs that are as extreme", () => {
  const sizes = [1, 2, 3, 4, 5, 6, 7];
  const sums = Array.from(
    { length: 2 ** 7 },
    (_, signs) => sizes.reduce((total, rank, bit) => total + (signs >> bit & 1 ? rank : 0), 0),
  );
  for (let signs = 0; signs < 2 ** 7; signs++) {
    const { v, p } = signedRank(sizes.map((size, bit) => signs >> bit & 1 ? size : -size));
    const away = Math.abs(v - 14);
    near(p, sums.filter((total) => Math.abs(total - 14) >= away).length / 2 ** 7, 1e-15, v);
  }
});
