/** Raking, quotas, what weights cost, and how a sample fits its target: against other software. */
import assert from "node:assert/strict";
import {
  apportioned,
  chiSquareTail,
  effectiveSize,
  expectedTv,
  goodnessOfFit,
  type Margin,
  raked,
  raoScott,
  sampleFit,
  systematic,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import r from "./reference/samples.json" with { type: "json" };

/** A table of two margins, in order of its rows. */
const table = (rows: readonly number[], columns: readonly number[]): Margin[] => [
  {
    name: "rows",
    place: rows.flatMap((_, row) => columns.map(() => row)),
    target: rows,
  },
  {
    name: "columns",
    place: rows.flatMap(() => columns.map((_, column) => column)),
    target: columns,
  },
];

// R 4.2.2: the multiplications as Deming and Stephan write them, until nothing moves.
Deno.test("raked() agrees with R within 1e-9 on tables with and without zeros", () => {
  const seed = [40, 30, 20, 35, 50, 100];
  const cells = raked(seed, table([0.5, 0.5], [0.3, 0.3, 0.4]));
  const expected = [
    ...[0.212519723046563, 0.168155387050221, 0.119324889903207],
    ...[0.0874802769534374, 0.131844612949779, 0.280675110096793],
  ];
  expected.forEach((one, at) => near(cells[at], one, 1e-9, at));
  const weights = [...cells].map((cell, at) => cell / (seed[at]! / 275));
  const heavy = [
    ...[1.46107309594512, 1.5414243812937, 1.64071723616907],
    ...[0.687345033205579, 0.725145371223783, 0.771856552766178],
  ];
  heavy.forEach((one, at) => near(weights[at], one, 1e-9, at));
  const people = weights.flatMap((weight, at) => new Array<number>(seed[at]!).fill(weight));
  const size = effectiveSize(people);
  assert.equal(size.n, 275);
  near(size.effectiveN, 241.68161873959, 1e-9);
  near(size.designEffect, 1.1378606343096, 1e-9);
  near(effectiveSize([1, 1, 2, 4]).effectiveN, 2.90909090909091, 1e-9);
  const zeros = raked([10, 0, 5, 8, 12, 0], table([0.5, 0.5], [0.4, 0.3, 0.3]));
  [0.2, 0, 0.3, 0.2, 0.3, 0].forEach((one, at) => close(zeros[at], one, 1e-12, at));
  // Counts in, counts out; odds ratios of the seed stay.
  const counted = raked([10, 20, 30, 40], table([40, 60], [55, 45]));
  // The odds ratio of 2/3 and the margins leave a² + 205 a − 4400 = 0.
  const a = (Math.sqrt(59_625) - 205) / 2;
  [a, 40 - a, 55 - a, 5 + a].forEach((one, at) => near(counted[at], one, 1e-9, at));
  [19.59, 20.41, 35.41, 24.59].forEach((one, at) => close(counted[at], one, 0.005, at));
  near(counted[0]! * counted[3]! / (counted[1]! * counted[2]!), 400 / 600, 1e-9);
});

Deno.test("raked() gives people the weights of R's survey::rake() by three margins", () => {
  const { a, b, c, w, targets, weights, kish } = r.raking;
  const margins = [a, b, c].map((place, at) => ({
    name: "abc"[at]!,
    place,
    target: targets[at]!,
  }));
  const found = raked(w, margins);
  weights.forEach((one, at) => near(found[at], one, 1e-9, at));
  near(effectiveSize([...found]).effectiveN, kish, 1e-9);
});

Deno.test("raked() refuses what cannot be reached, and says which margin", () => {
  assert.throws(
    () => raked([10, 0, 0, 12], table([0.4, 0.6], [0.5, 0.5])),
    /RangeError: Margin (rows|columns) is still off by 0\.1\d* of the total after 1000 rounds/,
  );
  assert.throws(
    () => raked([10, 0, 12, 0], table([0.4, 0.6], [0.5, 0.5])),
    /Margin columns cannot be reached: level 2 has the target 0.5, and every cell of it is 0/,
  );
  assert.throws(
    () => raked([1, 1, 1, 1], table([0.4, 0.6], [0.5, 0.4])),
    /Margins have one total above 0: rows adds up to 1, columns to 0.9/,
  );
  assert.throws(() => raked([1, -1, 1, 1], table([1, 1], [1, 1])), /0 or more: got -1/);
  assert.throws(
    () => raked([1, 1, 1], [{ name: "a", place: [0, 1, 2], target: [1, 1] }]),
    /Margin a says of each of 3 cells which of 2 levels it is in: got 2/,
  );
});

Deno.test("quotas by largest remainder add up, and of ties the first is served", () => {
  assert.deepEqual(apportioned(17, [0.345, 0.225, 0.25, 0.18]), [6, 4, 4, 3]);
  assert.deepEqual(apportioned(10, [1 / 3, 1 / 3, 1 / 3]), [4, 3, 3]);
  // Shares of 0.1 and 0.7 are no exact numbers: their remainders are a tie all the same.
  assert.deepEqual(apportioned(5, [0.1, 0.7, 0.1, 0.1]), [1, 4, 0, 0]);
  assert.deepEqual(apportioned(0, [2, 1]), [0, 0]);
  assert.throws(() => apportioned(3, [0, 0]), /nothing to share out to/);
  assert.throws(() => apportioned(1.5, [1]), /got 1.5/);
});

Deno.test("systematic() gives each class its share up to one, and on average exactly", () => {
  const shares = [0.345, 0.225, 0.25, 0.18], n = 17, starts = 2000;
  const totals = shares.map(() => 0);
  for (let at = 0; at < starts; at++) {
    const counts = systematic(n, shares, (at + 0.5) / starts);
    assert.equal(counts.reduce((sum, one) => sum + one, 0), n);
    counts.forEach((count, k) => {
      assert.ok(Math.abs(count - n * shares[k]!) < 1, `${count} of ${n * shares[k]!}`);
      totals[k]! += count / starts;
    });
  }
  totals.forEach((mean, k) => close(mean, n * shares[k]!, 1e-3));
  // A class of a hundredth of a person comes in a hundredth of the draws: a quota never has it.
  const seldom = Array.from({ length: 100 }, (_, at) => systematic(1, [0.99, 0.01], at / 100)[1]!);
  assert.equal(seldom.reduce((sum, one) => sum + one, 0), 1);
  assert.deepEqual(systematic(4, [0, 1, 0], 0.3), [0, 4, 0]);
  assert.throws(() => systematic(1, [1], 1), /starts at 0 to less than 1: got 1/);
});

// R 4.2.2: pchisq(lower.tail = FALSE), 72 tails down to 1e-305.
Deno.test("chiSquareTail() agrees with R's pchisq() within 1e-11", () => {
  each(r.tails, ({ x, df, p }) => near(chiSquareTail(x, df), p, 1e-11, { x, df }));
  assert.deepEqual([chiSquareTail(0, 3), chiSquareTail(Infinity, 3)], [1, 0]);
  assert.throws(() => chiSquareTail(-1, 2), RangeError);
  assert.throws(() => chiSquareTail(1, 1.5), RangeError);
});

// R 4.2.2: chisq.test(); G and Rao and Scott's by their formulas in R.
Deno.test("goodnessOfFit() and raoScott() agree with R within 1e-9", () => {
  const fit = goodnessOfFit([52, 31, 17], [0.48, 0.34, 0.18]);
  near(fit.chi2, r.square.chi2, 1e-12);
  near(fit.p, r.square.p, 1e-12);
  near(fit.chi2, 0.65359477124183, 1e-9);
  near(fit.p, 0.721229859763644, 1e-9);
  near(fit.tv, 0.04, 1e-9);
  near(fit.g, 0.653909679366587, 1e-9);
  near(fit.largest, 0.04, 1e-9);
  assert.deepEqual([fit.df, fit.at, fit.n], [2, 0, 100]);
  near(fit.leastExpected, 18, 1e-9);
  const corrected = raoScott(fit, 1.8);
  near(corrected.chi2, 0.363108206245461, 1e-9);
  near(corrected.p, 0.833973123532620, 1e-9);
  const drawn = goodnessOfFit([220, 380, 400], [0.25, 0.35, 0.4]);
  near(drawn.tv, 0.03, 1e-9);
  near(drawn.chi2, 900 / 250 + 900 / 350, 1e-9);
  // Somebody is where nobody is expected: that is no matter of chance.
  const none = goodnessOfFit([1, 2, 3], [0.5, 0.5, 0]);
  assert.deepEqual([none.chi2, none.g, none.p, none.df], [null, null, null, 1]);
  near(none.tv, 0.5, 1e-12);
});

// R 4.2.2, survey 4.1.1: vcov(svymean()) with clusters, strata and weights.
Deno.test("sampleFit() has the design effect of R's svymean() within 1e-9", () => {
  each(r.fits, ({ level, cluster, stratum, weight, shares, deff, chi2, p }) => {
    const fit = sampleFit({ level, cluster, stratum, weight }, shares);
    near(fit.designEffect, deff, 1e-9);
    near(fit.chi2, chi2, 1e-9);
    near(fit.p, p, 1e-9);
  });
  // Of equal independent rows it is Pearson's, but for the variance at what was observed.
  const level = [0, 1, 1, 2, 0, 1, 2, 2, 2, 1].flatMap((one) => new Array<number>(40).fill(one));
  const plain = sampleFit({ level }, [0.2, 0.4, 0.4]);
  near(plain.designEffect, 400 / 399, 1e-9);
});

Deno.test("expectedTv() is what independent draws have on average", () => {
  const shares = [0.3, 0.4, 0.2, 0.1], n = 200, draws = 4000;
  const { uniform } = seeded("tv");
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    const counts = [0, 0, 0, 0];
    for (let row = 0; row < n; row++) {
      let rest = uniform(), at = 0;
      while (at < 3 && rest >= shares[at]!) rest -= shares[at++]!;
      counts[at]! += 1;
    }
    sum += goodnessOfFit(counts, shares).tv!;
  }
  // The mean of 4,000 draws is known to about 1 %.
  near(expectedTv(shares, n), sum / draws, 0.03);
});
