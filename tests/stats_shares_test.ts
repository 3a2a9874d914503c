/** Intervals, effect sizes and exact tests of shares against other software and exact fractions. */
import assert from "node:assert/strict";
import {
  cohenH,
  type Count,
  fisherExact,
  mcnemarExact,
  newcombe,
  normalTail,
  riskRatio,
  wilson,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };
import r from "./reference/estimators_r.json" with { type: "json" };

const A = { count: 45, n: 200 };
const B = { count: 80, n: 210 };

/** Pairs of shares of all sizes, a few of them 0 or 1. */
const made = Array.from({ length: 200 }, (_, i) => {
  const random = seeded("shares", i);
  const share = (): Count => {
    const n = 1 + random.int(60);
    return { count: random.int(n + 1), n };
  };
  return [share(), share()] as const;
});

// statsmodels leaves a remainder of 1e-18 or less at a count of 0 and 1 − 1e-16 at n
Deno.test("wilson() agrees with mpmath and R within 1e-12, with statsmodels within 1e-12", () => {
  each(python.shares, ({ a, level, wilson: expected }) => {
    const { estimate, ciLower, ciUpper } = wilson(a, level);
    assert.equal(estimate, a.count / a.n);
    near(ciLower, a.count === 0 ? 0 : expected.mpmath[0], 1e-12, a);
    near(ciUpper, expected.mpmath[1], 1e-12, a);
    if (a.count > 0) near(ciLower, expected.statsmodels[0], 1e-11, a);
    near(ciUpper, expected.statsmodels[1], 1e-12, a);
  });
  each(r.shares, ({ a, wilson: [lower, upper] }) => {
    if (a.count > 0) near(wilson(a).ciLower, lower, 1e-11, a);
    near(wilson(a).ciUpper, upper, 1e-12, a);
  });
});

// scipy 1.17 and numpy 2.4.6, ten digits
Deno.test("wilson() and newcombe() give the limits of 45/200 and 80/210", () => {
  near(wilson(A).ciLower, 0.1726236972, 1e-9);
  near(wilson(A).ciUpper, 0.2877412324, 1e-9);
  near(wilson(B).ciLower, 0.3179680466, 1e-9);
  near(wilson(B).ciUpper, 0.4482138703, 1e-9);
  near(newcombe(A, B).ciLower, -0.2412013402, 1e-9);
  near(newcombe(A, B).ciUpper, -0.06705081396, 1e-9);
  near(cohenH(A, B).estimate, -0.3419600211, 1e-9);
});

Deno.test("wilson() reaches 0 and 1 exactly, is null for nobody and symmetric in yes and no", () => {
  assert.equal(wilson({ count: 0, n: 9 }).ciLower, 0);
  assert.equal(wilson({ count: 9, n: 9 }).ciUpper, 1);
  assert.deepEqual(wilson({ count: 0, n: 0 }), { estimate: null, ciLower: null, ciUpper: null });
  each(made, ([{ count, n }]) => {
    const [yes, no] = [wilson({ count, n }), wilson({ count: n - count, n })];
    near(1 - no.ciUpper!, yes.ciLower, 1e-12 / Math.max(yes.ciLower!, 1e-3), [count, n]);
  });
  assert.throws(() => wilson({ count: 10, n: 9 }), RangeError);
  assert.throws(() => wilson({ count: 1, n: 9 }, 95), RangeError);
});

Deno.test("a limit of wilson() is the share whose z-test gives p = 1 − level", () => {
  each(made, ([{ count, n }]) => {
    const { ciLower } = wilson({ count, n }, 0.9);
    if (count === 0) return;
    const z = (count / n - ciLower!) / Math.sqrt(ciLower! * (1 - ciLower!) / n);
    near(normalTail(z), 0.1, 1e-9, [count, n]);
  });
});

Deno.test("newcombe() agrees with mpmath and statsmodels within 1e-11", () => {
  each(python.shares, ({ a, b, level, newcombe: { mpmath, statsmodels } }) => {
    const { ciLower, ciUpper } = newcombe(a, b, level);
    near(ciLower, mpmath[0], 1e-11, [a, b]);
    near(ciUpper, mpmath[1], 1e-11, [a, b]);
    near(ciLower, statsmodels[0], 1e-9, [a, b]);
    near(ciUpper, statsmodels[1], 1e-9, [a, b]);
  });
});

// Agresti & Caffo 2000: one yes and one no more in each group, then the plain normal interval
Deno.test("newcombe() is near Agresti and Caffo's interval, which is made in another way", () => {
  const more = ({ count, n }: Count) => ({ share: (count + 1) / (n + 2), n: n + 2 });
  const [p, q] = [more(A), more(B)];
  const variance = [p, q].map(({ share, n }) => share * (1 - share) / n);
  const half = 1.959963984540054 * Math.sqrt(variance[0]! + variance[1]!);
  near(p.share - q.share - half, -0.2416595671, 1e-9);
  near(newcombe(A, B).ciLower, p.share - q.share - half, 0.01);
  near(newcombe(A, B).ciUpper, p.share - q.share + half, 0.01);
});

Deno.test("newcombe() turns around with its groups and holds its estimate", () => {
  each(made, ([a, b]) => {
    const [one, other] = [newcombe(a, b), newcombe(b, a)];
    assert.equal(one.ciLower! + other.ciUpper!, 0);
    assert.ok(one.ciLower! <= one.estimate! && one.estimate! <= one.ciUpper!);
    assert.ok(one.ciLower! >= -1 && one.ciUpper! <= 1);
  });
  const nobody = { estimate: null, ciLower: null, ciUpper: null };
  assert.deepEqual(newcombe({ count: 0, n: 0 }, B), nobody);
  assert.deepEqual(newcombe(B, { count: 0, n: 0 }), nobody);
});

// statsmodels subtracts two arcs: at 1377/4130 against 1376/4127 seven digits are left
Deno.test("cohenH() agrees with mpmath within 1e-12, with statsmodels within 1e-10", () => {
  each(python.shares, ({ a, b, level, cohenH: { mpmath, statsmodels } }) => {
    const { estimate, se, ciLower, ciUpper } = cohenH(a, b, level);
    near(estimate, mpmath, 1e-12, [a, b]);
    if (Math.abs(mpmath) > 1e-3) near(estimate, statsmodels, 1e-10, [a, b]);
    near(se, Math.sqrt(1 / a.n + 1 / b.n), 1e-15);
    near((ciLower! + ciUpper!) / 2, estimate, 1e-12 * Math.max(1, se! / Math.abs(estimate!)));
  });
});

Deno.test("cohenH() is π between none and all, 0 between equals, null for nobody", () => {
  const [none, all] = [{ count: 0, n: 7 }, { count: 9, n: 9 }];
  assert.equal(cohenH(all, none).estimate, Math.PI);
  assert.equal(cohenH(none, all).estimate, -Math.PI);
  for (const share of [none, all, A]) assert.equal(cohenH(share, share).estimate, 0);
  assert.equal(cohenH({ count: 0, n: 0 }, A).estimate, null);
  assert.throws(() => cohenH({ count: -1, n: 3 }, A), RangeError);
});

Deno.test("riskRatio() agrees with statsmodels' Table2x2 within 1e-11", () => {
  let seen = 0;
  for (const { a, b, level, riskRatio: expected } of python.shares) {
    if (expected === undefined) continue;
    const { estimate, seLog, ciLower, ciUpper } = riskRatio(a, b, level);
    near(estimate, expected.estimate, 1e-13, [a, b]);
    // Where all of both groups have the property, statsmodels' 1/x − 1/n is 0 as well.
    near(seLog, expected.se, 1e-11, [a, b]);
    near(ciLower, expected.limits[0], 1e-11, [a, b]);
    near(ciUpper, expected.limits[1], 1e-11, [a, b]);
    seen++;
  }
  assert.ok(seen > 10);
});

Deno.test("riskRatio() adds nothing to a count of 0", () => {
  const undefinedRatio = { estimate: null, seLog: null, ciLower: null, ciUpper: null };
  assert.deepEqual(riskRatio({ count: 0, n: 9 }, A), { ...undefinedRatio, estimate: 0 });
  assert.deepEqual(riskRatio(A, { count: 0, n: 9 }), undefinedRatio);
  assert.deepEqual(riskRatio({ count: 0, n: 0 }, A), undefinedRatio);
  assert.deepEqual(riskRatio(A, { count: 0, n: 0 }), undefinedRatio);
});

// scipy and R sum probabilities from logarithms of factorials
Deno.test("fisherExact() agrees with exact fractions within 1e-12, with scipy and R within 1e-9", () => {
  assert.ok(python.fisher.some(({ exact }) => exact > 0 && exact < 1e-300));
  each(python.fisher, ({ a, b, exact, scipy }) => {
    near(fisherExact(a, b).p, exact, 1e-12, [a, b]);
    if (scipy > 1e-290) near(fisherExact(a, b).p, scipy, 1e-9, [a, b]);
  });
  each(r.shares, ({ a, b, fisher }) => near(fisherExact(a, b).p, fisher, 1e-9, [a, b]));
});

Deno.test("fisherExact() gives 0.0182 for 3 of 40 against 11 of 38, and the same of all its turns", () => {
  near(fisherExact({ count: 3, n: 40 }, { count: 11, n: 38 }).p, 0.01820299425, 1e-9);
  each(made, ([a, b]) => {
    const no = ({ count, n }: Count) => ({ count: n - count, n });
    const { p } = fisherExact(a, b);
    near(fisherExact(b, a).p, p, 1e-12, [a, b]);
    near(fisherExact(no(a), no(b)).p, p, 1e-12, [a, b]);
    const columns = [
      { count: a.count, n: a.count + b.count },
      { count: a.n - a.count, n: a.n + b.n - a.count - b.count },
    ] as const;
    if (columns[0].n > 0 && columns[1].n > 0) near(fisherExact(...columns).p, p, 1e-12, [a, b]);
    assert.ok(p! > 0 && p! <= 1);
  });
});

Deno.test("fisherExact() is 1 where only one table is possible, null without a group", () => {
  assert.deepEqual(fisherExact({ count: 0, n: 9 }, { count: 0, n: 4 }), { p: 1 });
  assert.deepEqual(fisherExact({ count: 9, n: 9 }, { count: 4, n: 4 }), { p: 1 });
  assert.deepEqual(fisherExact({ count: 0, n: 0 }, { count: 2, n: 4 }), { p: null });
  assert.throws(() => fisherExact({ count: 1.5, n: 9 }, { count: 2, n: 4 }), RangeError);
});

Deno.test("mcnemarExact() agrees with exact fractions and statsmodels within 1e-12", () => {
  assert.ok(python.mcnemar.some(({ exact }) => exact < 1e-250));
  each(python.mcnemar, ({ b, c, exact, statsmodels }) => {
    near(mcnemarExact(b, c).p, exact, 1e-12, [b, c]);
    near(mcnemarExact(c, b).p, exact, 1e-12, [c, b]);
    near(mcnemarExact(b, c).p, statsmodels, 1e-11, [b, c]);
  });
  assert.deepEqual(mcnemarExact(3, 12), { p: 0.03515625, midP: 0.021270751953125, n: 15 });
  assert.deepEqual(mcnemarExact(0, 0), { p: null, midP: null, n: 0 });
  assert.throws(() => mcnemarExact(-1, 3), RangeError);
});
