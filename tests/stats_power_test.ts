/** Power and sample size against statsmodels, R and mpmath; statistics from sums against those of rows. */
import assert from "node:assert/strict";
import {
  alphaOfSums,
  correlationOfSums,
  correlationPower,
  cronbachAlpha,
  differenceVariance,
  equivalencePower,
  pairedPower,
  pearson,
  sampleSize,
  sharesPower,
} from "lib/stats.ts";
import { each, near } from "./near.ts";
import python from "./reference/power_python.json" with { type: "json" };
import r from "./reference/power_r.json" with { type: "json" };

Deno.test("pairedPower() agrees with statsmodels and R", () => {
  // statsmodels' and R's noncentral t end their sums at 1e-12.
  each(python.paired, ({ d, n, power }) => near(pairedPower(d, n), power, 1e-9, [d, n]));
  each(r.paired, ({ d, n, power }) => near(pairedPower(d, n), power, 1e-9, [d, n]));
  near(pairedPower(-0.2, 100), pairedPower(0.2, 100), 1e-15);
});

Deno.test("sharesPower() of independent personas agrees with statsmodels", () => {
  each(python.shares, ({ a, b, n, power }) => {
    const plan = { a, b, repetitions: 1, icc: 0, profileEffect: "own" } as const;
    near(sharesPower(plan, n), power, 1e-10, [a, b, n]);
  });
});

Deno.test("correlationPower() agrees with statsmodels", () => {
  each(python.correlation, ({ r, n, power }) => near(correlationPower(r, n), power, 1e-10, [r, n]));
});

Deno.test("equivalencePower() agrees with mpmath", () => {
  each(
    python.equivalence,
    ({ n, power, ...of }) => near(equivalencePower(of, n), power, 1e-9, [of, n]),
  );
});

Deno.test("sampleSize() is the next whole number above R's", () => {
  each(
    r.sizes,
    ({ d, power, n }) => assert.equal(sampleSize((n) => pairedPower(d, n), power), Math.ceil(n)),
  );
  // R pools the shares under the null: one pair in a hundred at most.
  each(r.shares, ({ a, b, n }) => {
    const plan = { a, b, repetitions: 1, icc: 0, profileEffect: "own" } as const;
    near(sampleSize((n) => sharesPower(plan, n), 0.8), n, 0.01);
  });
  assert.equal(sampleSize((n) => n / 10, 0.3), 3);
  assert.equal(sampleSize(() => 1, 0.8), 2);
  assert.throws(() => sampleSize(() => 0.1, 0.8), /No sample has a power of 0\.8/);
  assert.throws(() => sampleSize(() => 1, 80), /A power lies between 0 and 1: got 80/);
});

Deno.test("the variance of a difference of shares is that of the beta-binomial", () => {
  const plan = { a: 0.415, b: 0.4, repetitions: 10, icc: 0.5 };
  // .482775 (½ + ½ / 10) − 2 · ½ (.4 − .166)
  near(differenceVariance({ ...plan, profileEffect: "common" }), 0.03152625, 1e-12);
  near(differenceVariance({ ...plan, profileEffect: "own" }), 0.26552625, 1e-12);
  // All personas of a profile alike, in both groups: nothing is left of it but the difference.
  const alike = { a: 0.4, b: 0.4, repetitions: 10, icc: 1, profileEffect: "common" } as const;
  near(differenceVariance({ ...alike, a: 0.5 }), 0.5 * 0.5 + 0.4 * 0.6 - 2 * (0.4 - 0.2), 1e-12);
  assert.throws(() => differenceVariance({ ...alike, icc: 2 }), /Shares and ICC lie between/);
  // Equal shares of profiles that are wholly alike: nothing varies, and nothing can be tested.
  assert.equal(differenceVariance(alike), 0);
  assert.equal(sharesPower(alike, 100), null);
  assert.equal(sharesPower({ ...alike, a: 0, b: 1 }, 100), null);
  assert.throws(() => sampleSize((n) => sharesPower(alike, n), 0.8), RangeError);
});

Deno.test("r and alpha from sums are those of the rows", () => {
  const rows = [[1, 0, 2], [3, 1, 1], [0, 1, 0], [2, 2, 3], [4, 1, 3]];
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const [x, y, z] = [0, 1, 2].map((item) => rows.map((row) => row[item]!));
  const products = (a: readonly number[], b: readonly number[]) =>
    total(a.map((value, at) => value * b[at]!));
  const sums = (a: readonly number[], b: readonly number[]) => ({
    n: a.length,
    x: total(a),
    y: total(b),
    xx: products(a, a),
    yy: products(b, b),
    xy: products(a, b),
  });
  near(correlationOfSums(sums(x!, z!)), pearson(x!, z!).r, 1e-13);
  assert.equal(correlationOfSums(sums(x!, [3, 3, 3, 3, 3])), null);
  const of = {
    n: 5,
    items: [x!, y!, z!].map(total),
    squares: total(rows.map((row) => products(row, row))),
    squaredTotals: total(rows.map((row) => total(row) ** 2)),
  };
  near(alphaOfSums(of), cronbachAlpha(rows).alpha, 1e-13);
  assert.equal(alphaOfSums({ ...of, items: [total(x!)] }), null);
  // Two items that cancel: their total does not vary.
  assert.equal(alphaOfSums({ n: 2, items: [1, 1], squares: 2, squaredTotals: 2 }), null);
});
