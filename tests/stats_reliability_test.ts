/** Reliability of scales against R psych, scipy and closed forms. */
import assert from "node:assert/strict";
import { cronbachAlpha, feldt, itemAnalysis, omegaTotal, standardisedAlpha } from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };
import r from "./reference/estimators_r.json" with { type: "json" };
import small from "./reference/small_samples.json" with { type: "json" };

const sheet = (rows: string) => rows.split(" ").map((row) => [...row].map(Number));
const SHEET = sheet("110111 010010 111111 000000 101101 111011 001000 110110");

/** 100 sheets of 0 and 1, 3 to 8 items. */
const made = Array.from({ length: 100 }, (_, i) => {
  const random = seeded("items", i);
  const [n, k] = [5 + random.int(40), 3 + random.int(6)];
  return Array.from({ length: n }, () => {
    const trait = random.uniform();
    return Array.from({ length: k }, () => Number(random.uniform() < 0.2 + 0.6 * trait));
  });
});

Deno.test("alpha's kin agree with R psych within 1e-11: Feldt, standardised, item by item", () => {
  each(r.reliability, ({ items, alpha, standardised, feldt: limits, itemRest, dropped }) => {
    const own = cronbachAlpha(items);
    near(own.alpha, alpha, 1e-12);
    near(standardisedAlpha(items), standardised, 1e-12);
    near(feldt(own).ciLower, limits[0], 1e-11);
    near(feldt(own).ciUpper, limits[1], 1e-11);
    itemAnalysis(items).forEach((one, i) => {
      assert.equal(one.item, i + 1);
      near(one.itemRest, itemRest[i], 1e-11, i);
      near(one.alphaIfDropped, dropped[i], 1e-11, i);
    });
  });
});

// numpy 2.4.6, ten digits
Deno.test("alpha's kin give the numbers of an 8 x 6 sheet", () => {
  near(cronbachAlpha(SHEET).alpha, 0.7623529412, 1e-9);
  const { ciLower, ciUpper } = feldt(cronbachAlpha(SHEET));
  near(ciLower, 0.3641722955, 1e-9);
  near(ciUpper, 0.9451405612, 1e-9);
  near(standardisedAlpha(SHEET), 0.7640128104, 1e-9);
  const expected = [0.868243, 0.489608, 0.0657952, 0.517455, 0.489608, 0.696441];
  itemAnalysis(SHEET).forEach(({ itemRest }, i) => near(itemRest, expected[i], 1e-6));
});

// pingouin cronbach_alpha: 0.592 [0.195, 0.840] for its 15 subjects and 10 items; for its 12 rows of 11
// items it prints the limits of 12 rows, [0.581, 0.933], after three with gaps were left out
Deno.test("feldt() gives pingouin's published limits, and those of the rows that were counted", () => {
  const limits = (of: { alpha: number; items: number; n: number }) => {
    const { ciLower, ciUpper } = feldt(of);
    return [ciLower!.toFixed(3), ciUpper!.toFixed(3)];
  };
  assert.deepEqual(limits({ alpha: 0.5917188485995826, items: 10, n: 15 }), ["0.195", "0.840"]);
  assert.deepEqual(limits({ alpha: 0.8016949152542373, items: 11, n: 12 }), ["0.581", "0.933"]);
  assert.deepEqual(limits({ alpha: 0.8016949152542373, items: 11, n: 9 }), ["0.533", "0.947"]);
});

// R's qf; with 2 df above F has a closed form, which R 4.2.2 leaves in the 6th digit at 1,000,000 below
Deno.test("feldt() keeps its digits with very many respondents or items", () => {
  const many = feldt({ alpha: 0, items: 6, n: 41298 });
  near(many.ciLower, 1 - 1.0150155697170993, 1e-12);
  near(many.ciUpper, 1 - 0.98513223998056509, 1e-12);
  const closed = (share: number) => 5e5 * Math.expm1(-Math.log1p(-share) / 5e5);
  const three = feldt({ alpha: 0, items: 500_001, n: 3 });
  near(three.ciLower, 1 - closed(0.975), 1e-11);
  near(three.ciUpper, 1 - closed(0.025), 1e-11);
});

Deno.test("feldt() narrows around alpha with n and is null where alpha is", () => {
  let last = Infinity;
  for (const n of [10, 100, 826, 41298]) {
    const { ciLower, ciUpper } = feldt({ alpha: 0.7, items: 6, n });
    assert.ok(ciLower! < 0.7 && 0.7 < ciUpper! && ciUpper! - ciLower! < last);
    last = ciUpper! - ciLower!;
  }
  const none = { ciLower: null, ciUpper: null };
  assert.deepEqual(feldt({ alpha: null, items: 6, n: 826 }), none);
  assert.deepEqual(feldt({ alpha: 0.5, items: 2, n: 1 }), none);
  assert.deepEqual(feldt({ alpha: 1, items: 6, n: 826 }), none);
  assert.throws(() => feldt({ alpha: 0.5, items: 6, n: 20 }, 95), RangeError);
});

Deno.test("standardisedAlpha() does not see the units of items; null for a constant one", () => {
  each(made.filter((items) => standardisedAlpha(items) !== null), (items) => {
    const scaled = items.map((row) => row.map((value, i) => 3 - 10 ** (i % 4) * (2 - value)));
    close(standardisedAlpha(scaled), standardisedAlpha(items), 1e-11);
  });
  assert.equal(standardisedAlpha([[1, 0], [1, 1], [1, 0]]), null);
  assert.equal(standardisedAlpha([[1, 0]]), null);
});

Deno.test("itemAnalysis() shows items without variance and keeps what is undefined null", () => {
  const [first, second, third] = itemAnalysis([[1, 0, 2], [1, 1, 3], [1, 1, 2], [1, 0, 1]]);
  assert.deepEqual([first!.sd, first!.itemRest], [0, null]);
  assert.ok(second!.itemRest !== null && third!.itemRest !== null);
  const dropped = cronbachAlpha([[0, 2], [1, 3], [1, 2], [0, 1]]).alpha;
  near(first!.alphaIfDropped, dropped, 1e-14);
  const two = itemAnalysis([[1, 2], [2, 1], [3, 3]]);
  assert.deepEqual(two.map(({ alphaIfDropped }) => alphaIfDropped), [null, null]);
  assert.deepEqual(itemAnalysis([]), []);
  assert.throws(() => itemAnalysis([[1, 2], [1]]), RangeError);
  assert.throws(() => itemAnalysis([[1, null as never], [1, 2]]), RangeError);
});

// scipy.optimize.least_squares from 30 starts, then root() of the slopes
Deno.test("omegaTotal() agrees with scipy's least squares within 1e-12, also with a miskeyed item", () => {
  assert.ok(python.omega.some(({ loadings }) => loadings.some((loading) => loading < -0.2)));
  each(python.omega, ({ items, loadings, omega }) => {
    const own = omegaTotal(items);
    own.loadings!.forEach((loading, i) => close(loading, loadings[i], 1e-12, i));
    near(own.omega, omega, 1e-12);
    assert.deepEqual([own.items, own.n], [items[0]!.length, items.length]);
  });
});

// psych::fa ends its search at 1e-5 of a loading. psych::omega has the observed variance of the sum,
// ΣR, below and the rest above: 1 − Σ(1 − λ²) / ΣR, which differs where one factor does not fit.
Deno.test("omegaTotal() has the loadings of psych::fa, and psych::omega in its own formula", () => {
  each(r.reliability, ({ items, loadings, psychOmega, psychOmegaBelow }) => {
    const own = omegaTotal(items);
    own.loadings!.forEach((loading, i) => close(loading, loadings[i], 1e-4, i));
    const unique = own.loadings!.reduce((total, loading) => total + 1 - loading ** 2, 0);
    close(1 - unique / psychOmegaBelow, psychOmega, 1e-5);
    close(own.omega, psychOmega, 5e-3);
  });
});

/** Eight rows whose columns have exactly these correlations. */
function correlated(correlations: readonly (readonly number[])[]): number[][] {
  const factor: number[][] = correlations.map(() => []);
  correlations.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const left = row[j]! -
        factor[i]!.slice(0, j).reduce((sum, v, k) => sum + v * factor[j]![k]!, 0);
      factor[i]![j] = i === j ? Math.sqrt(left) : left / factor[j]![j]!;
    }
  });
  // Seven contrasts of eight rows, which are uncorrelated.
  const sign = (row: number, column: number) =>
    [1, 2, 4].reduce((sign, bit) => row & column & bit ? -sign : sign, 1);
  return Array.from(
    { length: 8 },
    (_, row) => factor.map((own) => own.reduce((sum, v, k) => sum + v * sign(row, k + 1), 0)),
  );
}

// The least of 300 searches by R's optim; psych::fa. The first has a second minimum, of .80259, where a
// descent from the first component ends, with omega .60680.
Deno.test("omegaTotal() has the best of several minima, as R's optim and psych::fa have", () => {
  each(small.omega, ({ correlations, objective, loadings, omega, psych }) => {
    const own = omegaTotal(correlated(correlations));
    const found = own.loadings!;
    found.forEach((loading, i) => close(Math.abs(loading), Math.abs(loadings[i]!), 1e-6, i));
    found.forEach((loading, i) => close(Math.abs(loading), Math.abs(psych[i]!), 1e-4, i));
    near(own.omega, omega, 1e-7);
    const squares = correlations.flatMap((row, i) =>
      row.slice(0, i).map((r, j) => (r - found[i]! * found[j]!) ** 2)
    );
    close(squares.reduce((sum, square) => sum + square), objective, 1e-10);
  });
  near(omegaTotal(correlated(small.omega[0]!.correlations)).omega, 0.59360110401, 1e-9);
});

Deno.test("cronbachAlpha() above 1, of covariances that no data have, is null unless it is kept", () => {
  // Pairs of items share rows in which they agree; each item varies elsewhere against all others.
  const items = [[3, 3, null], [-3, -3, null], [null, 3, 3], [null, -3, -3], [3, null, 3], [
    -3,
    null,
    -3,
  ], ...Array.from({ length: 6 }, () => [0, null, null])];
  assert.equal(cronbachAlpha(items).alpha, null);
  assert.ok(cronbachAlpha(items, "kept").alpha! > 1);
  // And items that run against each other where they meet: a total below 0.
  const against = [[3, -3, null], [-3, 3, null], [null, 3, -3], [null, -3, 3], [3, null, -3], [
    -3,
    null,
    3,
  ]];
  assert.equal(cronbachAlpha(against).alpha, null);
  assert.ok(cronbachAlpha(against, "kept").alpha! > 1);
  assert.equal(cronbachAlpha([[1, 1, 1], [2, 2, 2], [4, 4, 4]]).alpha, 1);
});

Deno.test("omegaTotal() of three items solves their three correlations", () => {
  const { loadings } = omegaTotal(r.reliability[1]!.items.map((row) => row.slice(0, 3)));
  const [a, b, c] = loadings!;
  const two = (i: number, j: number) => {
    const pair = r.reliability[1]!.items.map((row) => [row[i]!, row[j]!]);
    const alpha = standardisedAlpha(pair)!;
    return alpha / (2 - alpha);
  };
  near(a! * b!, two(0, 1), 1e-12);
  near(a! * c!, two(0, 2), 1e-12);
  near(b! * c!, two(1, 2), 1e-12);
});

Deno.test("omegaTotal() is null for a constant item, for two items and where it is improper", () => {
  assert.equal(omegaTotal([[1, 0, 1], [1, 1, 0], [1, 0, 0]]).omega, null);
  assert.equal(omegaTotal(SHEET.map((row) => row.slice(0, 2))).omega, null);
  assert.equal(omegaTotal([[1, 0, 1]]).omega, null);
  // The sum of the other two correlates with each of them more than they do with each other.
  const [y, z] = [[1, 2, 3, 4, 5, 6], [2, 1, 6, 3, 5, 4]];
  const improper = omegaTotal(y!.map((value, row) => [value + z![row]!, value, z![row]!]));
  assert.equal(improper.omega, null);
  assert.ok(improper.loadings![0]! > 1);
  assert.throws(() => omegaTotal([[1, 2, 3], [1, 2]]), RangeError);
});
