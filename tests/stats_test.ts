/** Every statistic against other software (tests/reference), published values and closed forms. */
import assert from "node:assert/strict";
import {
  agreement,
  cronbachAlpha,
  mean,
  meanErrors,
  normalTail,
  pairedT,
  pearson,
  proportionZ,
  quantile,
  sd,
  tTail,
} from "lib/stats.ts";
import { each, near } from "./near.ts";
import python from "./reference/python.json" with { type: "json" };
import r from "./reference/r.json" with { type: "json" };

const summary = (differences: readonly number[]) => ({
  mean: mean(differences)!,
  sd: sd(differences)!,
  n: differences.length,
});

/** "35" → [3, 5]; a dot is a missing answer. */
const digits = (row: string) => [...row].map((digit) => digit === "." ? null : Number(digit));

Deno.test("mean() has the last bit of pandas' groupby mean", () => {
  each(python.mean, ({ values, mean: expected }) => assert.equal(mean(values), expected));
  assert.ok(
    python.mean.some(({ values, mean }) =>
      values.reduce((a, b) => a + b, 0) / values.length !== mean
    ),
    "no case tells a compensated sum from a plain one",
  );
  assert.equal(mean([]), null);
});

Deno.test("sd() agrees with Python's exact fractions and with R within 1e-14", () => {
  each(python.sd, ({ values, sd: expected }) => near(sd(values), expected, 1e-14, values));
  each(r.sd, ({ values, sd: expected }) => near(sd(values), expected, 1e-14, values));
});

Deno.test("sd() of a constant is exactly 0, and null below two values", () => {
  for (const value of [0.1, 1 / 3, -7.7, 1e15 + 0.3]) {
    for (const n of [2, 3, 7, 10, 826]) assert.equal(sd(new Array(n).fill(value)), 0);
  }
  assert.equal(sd([3]), null);
  assert.equal(sd([]), null);
});

Deno.test("a value that is not finite is refused", () => {
  const refused = { name: "RangeError", message: /^1 of 3 values are not finite numbers/ };
  assert.throws(() => mean([1, NaN, 2]), refused);
  assert.throws(() => sd([1, NaN, 2]), refused);
  assert.throws(() => quantile([1, Infinity, 2], 0.5), refused);
  assert.throws(() => meanErrors([1, NaN, 2]), refused);
  assert.throws(() => pearson([1, 2, 3], [1, NaN, 2]), refused);
  assert.throws(() => cronbachAlpha([[1, 2], [1, NaN], [2, 3]]), refused);
});

// statsmodels.stats.proportion.proportions_ztest, whose z keeps 10 digits where the shares nearly
// agree; R prop.test(correct = FALSE)
Deno.test("proportionZ() agrees with mpmath and R within 1e-12, with statsmodels within 1e-10", () => {
  each(python.proportionZ, ({ a, b, mpmath, statsmodels }) => {
    const { z, p } = proportionZ(a, b);
    near(z, mpmath.z, 1e-14, [a, b]);
    near(p, mpmath.p, 1e-12, [a, b]);
    near(z, statsmodels.z, 1e-10, [a, b]);
    near(p, statsmodels.p, 1e-12, [a, b]);
  });
  each(r.proportionZ, ({ a, b, z, p }) => {
    near(proportionZ(a, b).z, z, 1e-12, [a, b]);
    near(proportionZ(a, b).p, p, 1e-12, [a, b]);
  });
});

// scipy 1.17: pooled z of 45/200 against 80/210, ten digits
Deno.test("proportionZ() gives the z and p of 45/200 against 80/210", () => {
  const { z, p } = proportionZ({ count: 45, n: 200 }, { count: 80, n: 210 });
  near(z, -3.428713099, 1e-9);
  near(p, 6.064502342e-4, 1e-9);
});

Deno.test("proportionZ() is null where nobody, or everybody, has the property", () => {
  const undefinedTest = { z: null, p: null };
  assert.deepEqual(proportionZ({ count: 0, n: 0 }, { count: 3, n: 9 }), undefinedTest);
  assert.deepEqual(proportionZ({ count: 3, n: 9 }, { count: 0, n: 0 }), undefinedTest);
  assert.deepEqual(proportionZ({ count: 0, n: 5 }, { count: 0, n: 9 }), undefinedTest);
  assert.deepEqual(proportionZ({ count: 5, n: 5 }, { count: 9, n: 9 }), undefinedTest);
  // All against none: the pooled share is 5/14, and z is √14.
  near(proportionZ({ count: 5, n: 5 }, { count: 0, n: 9 }).z, Math.sqrt(14), 1e-14);
  near(proportionZ({ count: 0, n: 5 }, { count: 9, n: 9 }).z, -Math.sqrt(14), 1e-14);
  assert.throws(() => proportionZ({ count: 6, n: 5 }, { count: 1, n: 9 }), RangeError);
  assert.throws(() => proportionZ({ count: 1, n: 5 }, { count: -1, n: 9 }), RangeError);
});

// scipy.stats.ttest_rel, sem; limits from mpmath, because scipy 1.10's t quantile ends at 4e-9
Deno.test("pairedT() agrees with scipy and mpmath within 1e-12", () => {
  each(python.pairedT, ({ differences, level, ...expected }) => {
    const test = pairedT(summary(differences), level);
    assert.equal(test.n, differences.length);
    for (const key of ["estimate", "se", "t", "df", "p", "ciLower", "ciUpper", "d"] as const) {
      near(test[key], expected[key], 1e-12, [key, differences]);
    }
  });
});

// R t.test(paired = TRUE) on the sleep data
Deno.test("pairedT() agrees with R within 1e-12", () => {
  each(r.pairedT, ({ differences, level, ...expected }) => {
    const test = pairedT(summary(differences), level);
    for (const key of ["estimate", "se", "t", "df", "p", "ciLower", "ciUpper"] as const) {
      near(test[key], expected[key], 1e-12, [key, level]);
    }
  });
});

// scipy 1.17 on a = 3 5 2 6 4 4 5 1 3 6, b = 4 5 3 6 6 5 5 3 3 5, ten digits
Deno.test("pairedT() gives t, p, d and 95% limits of ten pairs", () => {
  const test = pairedT(summary([1, 0, 1, 0, 2, 1, 0, 2, 0, -1]));
  near(test.t, 1.963961012, 1e-9);
  near(test.p, 0.08112618885, 1e-9);
  near(test.d, 0.6210590034, 1e-9);
  near(test.ciLower, -0.09110042883, 1e-9);
  near(test.ciUpper, 1.291100429, 1e-9);
});

Deno.test("pairedT() without variance has no test and no interval, whatever the mean", () => {
  // Thirds leave deviations of 1e-17, which are no spread.
  for (const given of [{ mean: 0, sd: 0 }, { mean: -2, sd: 0 }, { mean: 1 / 3, sd: 6e-17 }]) {
    const { estimate, t, p, d, ciLower, ciUpper } = pairedT({ ...given, n: 5 });
    assert.equal(estimate, given.mean);
    assert.deepEqual([t, p, d, ciLower, ciUpper], [null, null, null, null, null]);
  }
});

Deno.test("pairedT() refuses one pair, a negative sd, a missing number and a level of 95", () => {
  assert.throws(() => pairedT({ mean: 1, sd: 1, n: 1 }), RangeError);
  assert.throws(() => pairedT({ mean: 1, sd: -1, n: 5 }), RangeError);
  assert.throws(() => pairedT({ mean: NaN, sd: 1, n: 5 }), RangeError);
  assert.throws(() => pairedT({ mean: 1, sd: NaN, n: 5 }), RangeError);
  assert.throws(() => pairedT({ mean: 1, sd: 1, n: 5 }, 95), RangeError);
});

// scipy.stats.t.sf underflows at t = 1e160 with 1 df, where p is 6.4e-161
Deno.test("tTail() agrees with mpmath, scipy and R within 1e-12, down to 1e-300", () => {
  assert.ok(python.tTail.some(({ mpmath }) => mpmath < 1e-300));
  each(python.tTail, ({ t, df, mpmath, scipy }) => {
    near(tTail(t, df), mpmath, 1e-12, [t, df]);
    near(tTail(-t, df), mpmath, 1e-12, [-t, df]);
    if (scipy > 0) near(tTail(t, df), scipy, 1e-12, [t, df]);
  });
  each(r.tTail, ({ t, df, p }) => near(tTail(t, df), p, 1e-12, [t, df]));
});

Deno.test("tTail() has the closed forms of 1 and 2 df", () => {
  near(tTail(1, 1), 1 / 2, 1e-15);
  near(tTail(Math.sqrt(3), 1), 1 / 3, 1e-15);
  for (const t of [0.01, 0.5, 1, 1.4142, 3, 8]) {
    near(tTail(t, 2), 1 - t / Math.sqrt(2 + t * t), 1e-13, t);
  }
});

Deno.test("tTail() is 1 at 0, 0 at infinity and below the smallest double", () => {
  for (const df of [1, 2, 825]) {
    assert.equal(tTail(0, df), 1);
    assert.equal(tTail(-Infinity, df), 0);
  }
  assert.equal(tTail(200, 8258), 0);
  assert.throws(() => tTail(NaN, 5), RangeError);
  assert.throws(() => tTail(1, 0), RangeError);
});

Deno.test("normalTail() agrees with mpmath and scipy within 1e-12, down to 1e-307", () => {
  assert.ok(python.normalTail.some(({ mpmath }) => mpmath < 1e-300));
  each(python.normalTail, ({ z, mpmath, scipy }) => {
    near(normalTail(z), mpmath, 1e-12, z);
    near(normalTail(-z), mpmath, 1e-12, -z);
    near(normalTail(z), scipy, 1e-12, z);
  });
});

/** So near that a double r keeps less than half of the digits of 1 − |r|. */
const nearOne = (coefficient: number) => Math.abs(coefficient) > 1 - 1e-8;

Deno.test("pearson() agrees with scipy and R: r within 1e-13, p within 1e-11", () => {
  const ordinary = python.pearson.filter(({ mpmath }) => !nearOne(mpmath.r));
  each(ordinary, ({ x, y, scipy, mpmath }) => {
    const correlation = pearson(x, y);
    assert.equal(correlation.n, x.length);
    near(correlation.r, scipy.r, 1e-13, x);
    near(correlation.p, scipy.p, 1e-11, x);
    near(correlation.p, mpmath.p, 1e-12, x);
  });
  each(r.pearson, ({ x, y, r, p }) => {
    near(pearson(x, y).r, r, 1e-13, x);
    near(pearson(x, y).p, p, 1e-11, x);
  });
});

// The inputs' own last bits are 1e-16 of them, 1e-6 of deviations from a line that are 1e-10. scipy is
// wrong from the 7th digit of p on, and says 0 where p is 3e-52.
Deno.test("pearson() has p within 1e-4 where r rounds to 1", () => {
  each(python.pearson.filter(({ mpmath }) => nearOne(mpmath.r)), ({ x, y, mpmath }) => {
    near(pearson(x, y).r, mpmath.r, 1e-15, x);
    near(pearson(x, y).p, mpmath.p, 1e-4, x);
  });
});

// scipy 1.17, ten digits
Deno.test("pearson() gives r and p of ten pairs", () => {
  const { r, p } = pearson([3, 5, 2, 6, 4, 4, 5, 1, 3, 6], [4, 5, 3, 6, 6, 5, 5, 3, 3, 5]);
  near(r, 0.8218892918, 1e-9);
  near(p, 0.00352991097, 1e-9);
});

Deno.test("pearson() of a line is exactly 1, and has no p", () => {
  const x = [1, 2, 4, 8, 9];
  for (const slope of [1, 3, 0.1, -0.5, -1 / 3]) {
    const found = pearson(x, x.map((v) => slope * v + 7));
    assert.deepEqual(found, { r: Math.sign(slope), p: null, n: 5 });
  }
});

Deno.test("pearson() is undefined for a constant or too few pairs", () => {
  const x = [1, 2, 4, 8, 9];
  const constant = new Array(5).fill(0.1);
  assert.deepEqual(pearson(x, constant), { r: null, p: null, n: 5 });
  assert.deepEqual(pearson(constant, x), { r: null, p: null, n: 5 });
  assert.deepEqual(pearson([1, 2], [4, 3]), { r: -1, p: null, n: 2 });
  assert.deepEqual(pearson([1], [4]), { r: null, p: null, n: 1 });
  assert.deepEqual(pearson([], []), { r: null, p: null, n: 0 });
  assert.throws(() => pearson([1, 2, 3], [1, 2]), RangeError);
});

Deno.test("pearson() of orthogonal variables is 0 with p 1", () => {
  assert.deepEqual(pearson([1, 2, 3, 4], [1, -1, -1, 1]), { r: 0, p: 1, n: 4 });
});

// pandas DataFrame.cov in pingouin's formula; psych::alpha(use = "pairwise")
Deno.test("cronbachAlpha() agrees with pandas and R psych within 1e-12, answers missing or not", () => {
  assert.ok(python.cronbachAlpha.some(({ items }) => items.flat().includes(null)));
  for (const cases of [python.cronbachAlpha, r.cronbachAlpha]) {
    each<{ name: string; items: (number | null)[][]; alpha: number }>(
      cases,
      ({ name, items, alpha }) => near(cronbachAlpha(items).alpha, alpha, 1e-12, name),
    );
  }
});

// numpy, ten digits
Deno.test("cronbachAlpha() gives the alpha of an 8 x 6 sheet", () => {
  const items = "110111 010010 111111 000000 101101 111011 001000 110110".split(" ").map(digits);
  const { alpha, ...shape } = cronbachAlpha(items);
  near(alpha, 0.7623529412, 1e-10);
  assert.deepEqual(shape, { items: 6, n: 8 });
});

// pingouin's documentation of cronbach_alpha: datasets cronbach_alpha (15 subjects, Q1 to Q10) and
// cronbach_wide_missing (12 x 11, pairwise)
Deno.test("cronbachAlpha() gives pingouin's two published alphas", () => {
  const questions = [
    "357261426544564",
    "243452345432553",
    "465363545653655",
    "135354335422245",
    "456242571355323",
    "514245226533321",
    "123242125324213",
    "453663242132442",
    "356675463743463",
    "255352352214554",
  ].map(digits);
  const ratings = questions[0]!.map((_, subject) => questions.map((scores) => scores[subject]!));
  near(cronbachAlpha(ratings).alpha, 0.5917188485995826, 1e-14);
  const holes = [
    "11111111111",
    "11111111010",
    ".011.111100",
    "11101101100",
    "11111000100",
    "01.01111000",
    "11110010000",
    "11111000000",
    "01011000010",
    "10010100.00",
    "11100000000",
    "10010000000",
  ].map(digits);
  near(cronbachAlpha(holes).alpha, 0.732660835214447, 1e-14);
});

Deno.test("cronbachAlpha() is null where it is undefined", () => {
  const alpha = (items: (number | null)[][]) => cronbachAlpha(items).alpha;
  assert.deepEqual(cronbachAlpha([]), { alpha: null, items: 0, n: 0 });
  assert.equal(alpha([[1], [2], [3]]), null);
  assert.equal(alpha([[0.1, 0.3], [0.1, 0.3], [0.1, 0.3]]), null);
  // Opposite items: every total is 0.6, so the sum of covariances is 0 but for rounding.
  assert.equal(alpha([[0.1, 0.5], [0.2, 0.4], [0.3, 0.3], [0.5, 0.1]]), null);
  assert.equal(alpha([[1, 2]]), null);
  // Items 1 and 3 share one row; pingouin would leave their covariance out of the sum.
  assert.equal(alpha([[1, 2, null], [2, 1, null], [3, 3, 1], [null, 2, 2], [null, 1, 2]]), null);
  assert.equal(alpha([[1, null], [2, null], [3, null]]), null);
});

Deno.test("cronbachAlpha() refuses rows of different length", () => {
  assert.throws(() => cronbachAlpha([[1, 2], [1, 2, 3]]), {
    name: "RangeError",
    message: "Row 2 of 2 has 3 items, the first has 2",
  });
});

// sklearn.metrics, an answer that was not given being a third predicted class
Deno.test("agreement() agrees with scikit-learn, answers missing or not", () => {
  assert.ok(python.agreement.some(({ counts }) => counts.missingPositive > 0));
  each(python.agreement, ({ counts, ...expected }) => {
    const { truePositive, falsePositive, trueNegative, falseNegative } = counts;
    const actualPositive = truePositive + falseNegative + counts.missingPositive;
    const actualNegative = trueNegative + falsePositive + counts.missingNegative;
    const shares = agreement({
      n: actualPositive + actualNegative,
      predictedPositive: truePositive + falsePositive,
      actualPositive,
      actualNegative,
      truePositive,
      trueNegative,
    });
    for (const key of ["accuracy", "precision", "recall", "specificity", "n"] as const) {
      near(shares[key], expected[key], 1e-15, [key, counts]);
    }
  });
});

Deno.test("agreement() is null where a denominator is 0", () => {
  const none = {
    n: 0,
    predictedPositive: 0,
    actualPositive: 0,
    actualNegative: 0,
    truePositive: 0,
    trueNegative: 0,
  };
  assert.deepEqual(agreement(none), {
    accuracy: null,
    precision: null,
    recall: null,
    specificity: null,
    n: 0,
  });
  assert.deepEqual(agreement({ ...none, n: 4, actualNegative: 4, trueNegative: 4 }), {
    accuracy: 1,
    precision: null,
    recall: null,
    specificity: 1,
    n: 4,
  });
});

// statsmodels.tools.eval_measures.meanabs, rmse
Deno.test("meanErrors() agrees with statsmodels within 1e-14", () => {
  each(python.meanErrors, ({ differences, mae, rmse }) => {
    near(meanErrors(differences).mae, mae, 1e-14);
    near(meanErrors(differences).rmse, rmse, 1e-14);
  });
  assert.deepEqual(meanErrors([]), { mae: null, rmse: null });
});

Deno.test("quantile() has the last bit of numpy's, and agrees with R's type 7", () => {
  each(python.quantile, ({ values, quantiles }) => {
    each(quantiles, ({ share, value }) => assert.equal(quantile(values, share), value));
  });
  each(r.quantile, ({ values, quantiles }) => {
    each(quantiles, ({ share, value }) => near(quantile(values, share), value, 1e-14, share));
  });
  assert.equal(quantile([], 0.5), null);
  assert.throws(() => quantile([1, 2], 50), RangeError);
});
