/** Intervals and comparisons of correlations against other software and published examples. */
import assert from "node:assert/strict";
import {
  attenuationBound,
  correlationLimits,
  overlappingCorrelations,
  pearson,
  robustCorrelation,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };
import r from "./reference/estimators_r.json" with { type: "json" };
import small from "./reference/small_samples.json" with { type: "json" };

Deno.test("correlationLimits() agrees with R's cor.test within 1e-11", () => {
  each(r.correlation, ({ r, n, level, limits: [lower, upper] }) => {
    const { ciLower, ciUpper } = correlationLimits({ r, n }, level);
    near(ciLower, lower, 1e-11, r);
    near(ciUpper, upper, 1e-11, r);
  });
});

// scipy 1.17, ten digits
Deno.test("correlationLimits() of ten pairs, and where they are undefined", () => {
  const ten = pearson([3, 5, 2, 6, 4, 4, 5, 1, 3, 6], [4, 5, 3, 6, 6, 5, 5, 3, 3, 5]);
  near(correlationLimits(ten).ciLower, 0.3984585764, 1e-9);
  near(correlationLimits(ten).ciUpper, 0.9565283321, 1e-9);
  const none = { ciLower: null, ciUpper: null };
  assert.deepEqual(correlationLimits({ r: 0.5, n: 3 }), none);
  assert.deepEqual(correlationLimits({ r: null, n: 30 }), none);
  assert.deepEqual(correlationLimits({ r: 1, n: 5 }), none);
  assert.deepEqual(correlationLimits({ r: -1, n: 5 }), none);
  assert.throws(() => correlationLimits({ r: 1.1, n: 5 }), RangeError);
  assert.throws(() => correlationLimits({ r: 0.1, n: 5 }, 0), RangeError);
});

// The delta method on the five moments, with their covariances.
Deno.test("robustCorrelation() agrees with the delta method in R within 1e-9, on floors too", () => {
  each(small.correlations, ({ x, y, r, se, p, limits: [lower, upper] }) => {
    const found = robustCorrelation(x, y);
    near(found.estimate, r, 1e-11);
    near(found.se, se, 1e-9);
    near(found.p, p, 1e-8);
    near(found.ciLower, lower, 1e-9);
    near(found.ciUpper, upper, 1e-9);
  });
});

Deno.test("robustCorrelation() of normal scores is Fisher's, and null where pairs lie on a line", () => {
  const random = seeded("robust");
  const draw = () => Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b) - 6;
  const x = Array.from({ length: 4000 }, draw), y = x.map((value) => value + draw());
  const [robust, fisher] = [robustCorrelation(x, y), correlationLimits(pearson(x, y))];
  close(robust.ciLower, fisher.ciLower, 2e-3);
  close(robust.ciUpper, fisher.ciUpper, 2e-3);
  const line = robustCorrelation([1, 2, 4, 8, 9], [2, 4, 8, 16, 18]);
  const nothing = { se: null, p: null, ciLower: null, ciUpper: null };
  assert.deepEqual(line, { estimate: 1, ...nothing, n: 5 });
  assert.deepEqual(robustCorrelation([1, 2, 4], [1, 5, 2]).p, null);
  assert.deepEqual(robustCorrelation([1, 1, 1, 1], [1, 5, 2, 3]).estimate, null);
  assert.throws(() => robustCorrelation([1, 2, 3, 4], [1, 2]), RangeError);
});

Deno.test("attenuationBound() is the geometric mean of two reliabilities", () => {
  assert.equal(attenuationBound(0.5, 0.5), 0.5);
  near(attenuationBound(0.9, 0.4), 0.6, 1e-15);
  assert.equal(attenuationBound(0, 0.7), 0);
  assert.deepEqual(
    [attenuationBound(null, 0.7), attenuationBound(0.7, null), attenuationBound(-0.1, 0.7)],
    [null, null, null],
  );
});

Deno.test("overlappingCorrelations() agrees with mpmath and psych::r.test within 1e-10", () => {
  each(python.overlapping, ({ limits, ...of }) => {
    const test = overlappingCorrelations(of);
    near(test.t, of.t, 1e-12, of);
    near(test.p, of.p, 1e-10, of);
    close(test.ciLower, limits[0]!, 1e-12, of);
    close(test.ciUpper, limits[1]!, 1e-12, of);
    assert.deepEqual([test.df, test.n], [of.n - 3, of.n]);
  });
  each(r.overlapping, ({ t, p, ...of }) => {
    near(overlappingCorrelations(of).t, t, 1e-12, of);
    near(overlappingCorrelations(of).p, p, 1e-10, of);
  });
});

// Zou 2007, overlapping example: −0.093 to 0.517
Deno.test("overlappingCorrelations() gives Zou's published interval", () => {
  const { ciLower, ciUpper } = overlappingCorrelations({ xy: 0.396, xz: 0.179, yz: 0.088, n: 66 });
  assert.deepEqual([ciLower!.toFixed(3), ciUpper!.toFixed(3)], ["-0.093", "0.517"]);
});

Deno.test("overlappingCorrelations() turns around with y and z, and is 0 between equals", () => {
  for (let i = 0; i < 100; i++) {
    const random = seeded("overlap", i);
    const [x, y, z] = [0, 1, 2].map(() => Array.from({ length: 9 }, () => random.uniform()));
    const [xy, xz, yz] = [pearson(x!, y!).r!, pearson(x!, z!).r!, pearson(y!, z!).r!];
    const [one, other] = [
      overlappingCorrelations({ xy, xz, yz, n: 9 }),
      overlappingCorrelations({ xy: xz, xz: xy, yz, n: 9 }),
    ];
    near(one.p, other.p, 1e-12);
    close(one.ciLower, -other.ciUpper!, 1e-12);
    assert.equal(overlappingCorrelations({ xy, xz: xy, yz: 0.9, n: 9 }).t, 0);
  }
});

Deno.test("overlappingCorrelations() is null where undefined and refuses what cannot be", () => {
  const few = overlappingCorrelations({ xy: 0.3, xz: 0.1, yz: 0, n: 3 });
  assert.deepEqual([few.t, few.p, few.ciLower], [null, null, null]);
  const same = overlappingCorrelations({ xy: 0.3, xz: 0.3, yz: 1, n: 30 });
  assert.deepEqual([same.t, same.p], [null, null]);
  const line = overlappingCorrelations({ xy: 1, xz: 0.3, yz: 0.3, n: 30 });
  assert.deepEqual([line.ciLower, line.ciUpper], [null, null]);
  assert.throws(() => overlappingCorrelations({ xy: 0.9, xz: -0.9, yz: 0.9, n: 30 }), RangeError);
  assert.throws(() => overlappingCorrelations({ xy: 2, xz: 0, yz: 0, n: 30 }), RangeError);
});
