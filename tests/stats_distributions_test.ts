/** Distances of distributions, their null levels, Page's trend and crossed designs, against scipy and R. */
import assert from "node:assert/strict";
import { seeded } from "lib/random.ts";
import {
  clusteredMean,
  crossedAnova,
  energyDistance,
  exactNullLevel,
  jackknife,
  jensenShannon,
  kullbackLeibler,
  nullLevel,
  pageTrend,
  permutedDistance,
  sampledDistances,
  slopeOnPlaces,
  slopeThroughOrigin,
  sparseTotals,
  totalVariation,
  wasserstein,
  weightedTotals,
} from "lib/stats.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/opinions_python.json" with { type: "json" };
import r from "./reference/opinions_r.json" with { type: "json" };

const uniform = () => {
  throw new Error("no number is drawn where all deals are gone through");
};

// scipy: wasserstein_distance, jensenshannon, entropy.
Deno.test("distances are scipy's within 1e-12, whatever the order of the options", () => {
  each(python.distances, ({ p, r, x, w1, tv, jsd, kl }) => {
    near(wasserstein(p, r, x), w1, 1e-12);
    near(totalVariation(p, r), tv, 1e-12);
    near(jensenShannon(p, r), jsd, 1e-11);
    near(kullbackLeibler(p, r), kl, 1e-11);
    // Counts do as well as shares, and the order in which options stand changes nothing.
    const order = x.map((_, at) => at).toReversed();
    const turned = (of: number[]) => order.map((at) => 40 * of[at]!);
    near(wasserstein(turned(p), turned(r), order.map((at) => x[at]!)), w1, 1e-12);
  });
});

// By hand: golden values of a worked example.
Deno.test("distances of worked examples", () => {
  const p = [.1, .2, .3, .4], q = [.25, .25, .25, .25];
  near(wasserstein(p, q, [1, 2, 3, 4]), 0.5, 1e-12);
  near(wasserstein(p, q, [0, 1, 2, 5]), 0.8, 1e-12);
  near(totalVariation(p, q), 0.2, 1e-12);
  near(jensenShannon(p, q), 0.0402015823461419, 1e-12);
  near(Math.sqrt(jensenShannon(p, q)!), 0.200503322531428, 1e-12);
  const [ends, others] = [[1, 0, 0, 0], [0, 0, 0, 1]];
  assert.equal(wasserstein(ends, others, [1, 2, 3, 4]), 3);
  assert.equal(totalVariation(ends, others), 1);
  assert.equal(jensenShannon(ends, others), 1);
  assert.equal(wasserstein([.5, 0, .5], [0, 1, 0], [1, 2, 3]), 1);
  assert.equal(jensenShannon([.5, 0, .5], [0, 1, 0]), 1);
  // Published digits of the first question of the alignment examples.
  const people = [.3, .4, .2, .1], model = [.5, .3, .15, .05];
  near(wasserstein(model, people, [1, 2, 3, 4]), 0.35, 1e-12);
  near(totalVariation(model, people), 0.2, 1e-12);
  assert.equal(kullbackLeibler(people, model)!.toFixed(4), "0.1279");
  assert.equal(jensenShannon(model, people)!.toFixed(4), "0.0321");
  assert.equal(Math.sqrt(jensenShannon(model, people)!).toFixed(4), "0.1792");
  assert.equal((1 - Math.sqrt(jensenShannon(model, people)!)).toFixed(4), "0.8208");
});

Deno.test("distances are null of nothing, and say what is no distribution", () => {
  assert.equal(wasserstein([0, 0], [1, 1], [1, 2]), null);
  assert.equal(totalVariation([1, 1], [0, 0]), null);
  assert.equal(jensenShannon([0, 0], [1, 1]), null);
  // What the model never says costs without limit.
  assert.equal(kullbackLeibler([.5, .5], [1, 0]), null);
  near(kullbackLeibler([1, 0], [.5, .5]), 1, 1e-15);
  assert.equal(jensenShannon([1, 2, 3], [2, 4, 6]), 0);
  assert.throws(
    () => wasserstein([1, 2], [1, 2], [3, 3]),
    /Positions differ .* got 3, 3; .*total var/,
  );
  assert.throws(
    () => wasserstein([1, 2], [1, 2], [1, NaN]),
    /A position is a finite number: got NaN/,
  );
  assert.throws(() => wasserstein([1, 2, 3], [1, 2], [1, 2]), /one number per option: got 3 and 2/);
  assert.throws(() => totalVariation([1, -1], [1, 2]), /A share is a number of 0 or more: got -1/);
});

Deno.test("null levels by formula are the worked examples", () => {
  const uniform = [1, 1, 1, 1], positions = [1, 2, 3, 4];
  const two = nullLevel({ shares: uniform, positions, n: 50, m: 200 })!;
  near(two.wasserstein, 0.172333156109712, 1e-12);
  near(two.totalVariation, 0.109254843059208, 1e-12);
  near(two.jensenShannon, 0.013525266008334, 1e-12);
  near(nullLevel({ shares: uniform, positions, n: 50 })!.wasserstein, 0.154139460735336, 1e-12);
  const three = nullLevel({ shares: [.5, .25, .25], positions: [1, 2, 3], n: 6, m: 6 })!;
  near(three.wasserstein, 0.429800573181606, 1e-12);
  near(three.totalVariation, 0.314635856691161, 1e-12);
  near(three.jensenShannon, 0.120224586740747, 1e-12);
  assert.equal(nullLevel({ shares: [1, 2], n: 3 })!.wasserstein, null);
  assert.equal(nullLevel({ shares: [0, 0], n: 3 }), null);
  // An option that nobody gives is none.
  const least = nullLevel({ shares: [.5, .5, 0], n: 8 })!.jensenShannon;
  assert.equal(least, nullLevel({ shares: [.5, .5], n: 8 })!.jensenShannon);
  assert.throws(() => nullLevel({ shares: [1, 1], n: 0 }), /a size above 0: got 0/);
});

// Every pair of multinomial samples, by scipy's distances.
Deno.test("exact null levels are those of all pairs of samples within 1e-12", () => {
  each(python.nulls, ({ p, x, n, m, w1, tv, jsd }) => {
    const found = exactNullLevel({ shares: p, positions: x, n, ...m !== null && { m } })!;
    near(found.wasserstein, w1, 1e-12, { n, m });
    near(found.totalVariation, tv, 1e-12, { n, m });
    near(found.jensenShannon, jsd, 1e-11, { n, m });
  });
  const golden = exactNullLevel({ shares: [.5, .25, .25], positions: [1, 2, 3], n: 6, m: 6 })!;
  near(golden.wasserstein, 0.417893171310425, 1e-12);
  near(golden.totalVariation, 0.305100202560425, 1e-12);
  near(golden.jensenShannon, 0.156297214348624, 1e-12);
  // Shares of 0 and 1 have no spread.
  assert.equal(exactNullLevel({ shares: [1, 0], positions: [1, 2], n: 5, m: 3 })!.wasserstein, 0);
  assert.throws(
    () => exactNullLevel({ shares: [1, 1], n: 2.5 }),
    /whole sizes .* got 2.5 and Infinity/,
  );
  assert.throws(() => exactNullLevel({ shares: [1, 1], n: 9999, m: 9999 }), /up to 4000000/);
});

const alone = (values: readonly number[]) => values.map((value) => [value]);

// scipy: permutation_test over all deals; U-statistics by numpy.
Deno.test("permutedDistance() and energyDistance() are scipy's and numpy's", () => {
  each(python.permutations, ({ x, y, distance, level, p, energy }) => {
    const found = permutedDistance(alone(x), alone(y), { uniform });
    assert.equal(found.method, "exact");
    near(found.distance, distance, 1e-12);
    near(found.nullLevel, level, 1e-12);
    near(found.p, p, 1e-12);
    near(energyDistance(x, y), energy, 1e-12);
  });
  const x = [1, 1, 2, 3], y = [2, 3, 3, 4, 4];
  const golden = permutedDistance(alone(x), alone(y), { uniform });
  near(golden.distance, 1.45, 1e-12);
  near(golden.nullLevel, 0.73015873015873, 1e-12);
  near(golden.excess, 0.71984126984127, 1e-12);
  near(golden.p, 0.0793650793650794, 1e-12);
  assert.equal(golden.deals, 126);
  near(1 - golden.distance! / 3, 0.516666666666667, 1e-12);
  near(1 - golden.nullLevel! / 3, 0.756613756613757, 1e-12);
  near(energyDistance(x, y), 0.933333333333333, 1e-12);
  assert.equal(energyDistance([1], [1, 2]), null);
});

Deno.test("permutedDistance() deals whole clusters out, and draws where there are too many deals", () => {
  // Two clusters of two against one of three: three deals.
  const found = permutedDistance([[1, 1], [2, 2]], [[3, 3, 3]], { uniform });
  assert.equal(found.deals, 3);
  near(found.distance, 1.5, 1e-12);
  // The other deals: {1,1,3,3,3} | {2,2} and {2,2,3,3,3} | {1,1}: 0.4·1 + 0.6·1 and 1.6.
  near(found.nullLevel, (1.5 + 1 + 1.6) / 3, 1e-12);
  near(found.p, 2 / 3, 1e-12);
  const many = Array.from({ length: 30 }, (_, at) => [1 + at % 4]);
  const drawn = permutedDistance(many, many, { uniform: seeded("deals").uniform, draws: 400 });
  assert.deepEqual([drawn.method, drawn.deals, drawn.distance, drawn.p], ["drawn", 400, 0, 1]);
  const level = exactNullLevel({ shares: [8, 8, 7, 7], positions: [1, 2, 3, 4], n: 30, m: 30 })!;
  close(drawn.nullLevel, level.wasserstein, 0.03);
  assert.equal(permutedDistance([], [[1], [2]], { uniform }).distance, null);
  assert.throws(() => permutedDistance([[1]], [[1]], { uniform }), /Positions differ/);
});

// 4,000 draws of numpy's multinomial: means and 5–95 % as they were printed.
Deno.test("sampledDistances() scatter as numpy's multinomial samples do", () => {
  const shares = [.3, .4, .2, .1], positions = [1, 2, 3, 4];
  const { uniform } = seeded("floor");
  each([[50, .955], [100, .968], [200, .977]] as const, ([n, mean]) => {
    const drawn = sampledDistances({ shares, positions, n, draws: 2000, uniform });
    close(1 - drawn.reduce((a, b) => a + b) / 2000 / 3, mean, 0.0015, n);
    const exact = exactNullLevel({ shares, positions, n })!.wasserstein! / 3;
    close(1 - exact, mean, 0.0008, n);
  });
  assert.throws(
    () => sampledDistances({ shares: [0, 0], positions: [1, 2], n: 3, draws: 2, uniform }),
    /drawn from shares: got 3 from 0,0/,
  );
});

Deno.test("jackknife() takes clusters from the totals: what is left of tenths is exactly nothing", () => {
  const left: number[] = [];
  jackknife({
    clusters: 3,
    columns: [[0.1, 0.1, 0.1], [0.3, 0, 0]],
    statistics: (totals) => {
      left.push(totals[1]!);
      return [totals[0]!];
    },
  });
  assert.deepEqual(left, [0.3, 0, 0.3, 0.3]);
});

Deno.test("sparseTotals() sums what weightedTotals() does", () => {
  const columns = [[0, 2, 0, 0.5], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]];
  for (
    const weights of [[1, 1, 1, 1], [0, 2, 0, 1], [0, 0, 4, 0]].map((of) => Float64Array.from(of))
  ) {
    assert.deepEqual(sparseTotals(columns)(weights), weightedTotals(weights, columns));
  }
  assert.throws(() => sparseTotals([[Infinity]])(Float64Array.of(1)), RangeError);
});

Deno.test("jackknife() of alignment is the worked example", () => {
  // Respondents at 1, 1, 2 and 3 against equal shares of 1 to 4.
  const at = [1, 1, 2, 3];
  const columns = [1, 2, 3, 4].map((x) => Float64Array.from(at, (own) => Number(own === x)));
  const [found] = jackknife({
    clusters: 4,
    columns,
    statistics: (totals) => [1 - wasserstein(totals, [1, 1, 1, 1], [1, 2, 3, 4])! / 3],
  });
  near(found!.estimate, 0.75, 1e-12);
  near(found!.se, 0.159571184626056, 1e-12);
  const never = {
    clusters: 3,
    columns: [[1, 0, 0]],
    statistics: ([first]: readonly number[]) => [first! > 0 ? 1 : null],
  };
  assert.deepEqual(jackknife(never), [{ estimate: 1, corrected: null, se: null }]);
  assert.throws(
    () => jackknife({ clusters: 1, columns: [[1]], statistics: () => [1] }),
    /at least 2 clusters: got 1/,
  );
});

// scipy: page_trend_test(method="exact") and "asymptotic".
Deno.test("pageTrend() without ties is scipy's within 1e-10", () => {
  each(python.page, ({ rows, L, exact, normal }) => {
    const found = pageTrend(rows);
    near(found.L, L, 1e-12);
    assert.equal(found.method, "exact");
    near(found.p, exact, 1e-10);
    near(found.pNormal, normal, 1e-10);
  });
});

// Every order of each row, by numpy.
Deno.test("pageTrend() with ties is that of all orders of each row", () => {
  each(python.ties, ({ rows, L, expected, variance, p }) => {
    const found = pageTrend(rows);
    near(found.L, L, 1e-12);
    near(found.expected, expected, 1e-12);
    near(found.variance, variance, 1e-11);
    near(found.p, p, 1e-10);
  });
});

const DOSES = [
  [1, 1, 2, 3, 3, 5, 6],
  [0, 1, 1, 2, 4, 4, 5],
  [2, 2, 3, 2, 4, 5, 6],
  [1, 2, 2, 3, 4, 6, 6],
  [0, 0, 1, 1, 1, 2, 3],
  [3, 3, 4, 5, 5, 5, 6],
];
const LADDER = [
  [.70, .74, .73, .80],
  [.60, .66, .70, .69],
  [.81, .80, .84, .88],
  [.55, .60, .66, .72],
  [.77, .79, .78, .83],
];

Deno.test("pageTrend() and slopes of worked examples", () => {
  const doses = pageTrend(DOSES);
  near(doses.L, 828, 1e-12);
  near(doses.expected, 672, 1e-12);
  near(doses.variance, 737.333333333333, 1e-12);
  near(doses.z, 5.74503480884076, 1e-12);
  near(doses.pNormal, 4.59510393958489e-09, 1e-10);
  // Without ties the variance is n m²(m + 1)²(m − 1) / 144.
  near(pageTrend(DOSES.map(() => [1, 2, 3, 4, 5, 6, 7])).variance, 784, 1e-12);
  const ladder = pageTrend(LADDER);
  assert.equal(ladder.L, 146);
  // 1,396 of 24⁵ orders.
  near(ladder.p, 1396 / 24 ** 5, 1e-12);
  near(ladder.p, 0.000175319090781922, 1e-9);
  near(ladder.pNormal, 0.000570352908434922, 1e-10);
  const slopes = LADDER.map((row) => slopeOnPlaces(row)!);
  slopes.forEach((slope, at) => near(slope, [.029, .031, .025, .057, .017][at], 1e-12));
  const mean = clusteredMean(slopes.map((slope) => [slope]));
  near(mean.estimate, 0.0318, 1e-12);
  near(mean.se, 0.00674091981854109, 1e-10);
  near(mean.ciLower, 0.0130842061652808, 1e-10);
  near(mean.ciUpper, 0.0505157938347192, 1e-10);
  near(slopeThroughOrigin([.82, .70, .72], [.86, .78, .72]), 1.7696 / 1.6808, 1e-12);
  assert.equal(slopeThroughOrigin([0, 0], [1, 2]), null);
});

Deno.test("pageTrend() weighs rows, and is null where nothing varies", () => {
  const weighted = pageTrend(LADDER, [2, 2, 2, 2, 2]), plain = pageTrend(LADDER);
  assert.equal(weighted.method, "normal");
  near(weighted.z, plain.z, 1e-12);
  // A row of little weight counts for little.
  const turned = [...LADDER, [4, 3, 2, 1]];
  close(pageTrend(turned, [1, 1, 1, 1, 1, 1e-9]).z, plain.z, 1e-6);
  assert.ok(pageTrend(turned).z! < plain.z!);
  const flat = pageTrend([[1, 1, 1], [2, 2, 2]]);
  assert.deepEqual([flat.L, flat.z, flat.p, flat.informative, flat.n], [24, null, null, 0, 2]);
  assert.deepEqual(pageTrend([]).L, null);
  assert.throws(() => pageTrend([[1, 2], [1]]), /the same places, 2 or more: got 2,1/);
  assert.throws(() => pageTrend([[1, 2]], [0]), /a weight above 0 each/);
});

type Table = { df: number[]; ss: number[]; F: (number | null)[]; p: (number | null)[] };
function same(found: ReturnType<typeof crossedAnova>, { df, ss, F, p }: Table) {
  [...found.terms, found.residual].forEach((term, at) => {
    assert.equal(term.df, df[at]);
    near(term.sumOfSquares, ss[at], 1e-10);
    near(term.F, F[at], 1e-10);
    near(term.p, p[at], 1e-9);
  });
}

// R: anova(lm()); lme4's REML ends its search at about 2e-5.
Deno.test("crossedAnova() is R's anova, its components lme4's", () => {
  const { author, simulator, y } = r.two.data;
  const two = y.map((value, at) => ({ value, levels: [author[at]!, simulator[at]!] }));
  const found = crossedAnova(two, [[0], [1], [0, 1]]);
  same(found, r.two.terms);
  const { components } = r.two;
  near(found.terms[0]!.component, components.author, 1e-4);
  near(found.terms[1]!.component, components.simulator, 1e-4);
  near(found.terms[2]!.component, components.both, 1e-4);
  near(found.residual.component, components.residual, 1e-4);
  near([...found.terms, found.residual].reduce((sum, { share }) => sum + share!, 0), 1, 1e-12);
  const { data } = r.three;
  const three = data.y.map((value, at) => ({
    value,
    levels: [data.author[at]!, data.simulator[at]!, data.form[at]!],
  }));
  same(crossedAnova(three, [[0], [1], [2], [0, 1]]), r.three.terms);
});

Deno.test("crossedAnova() refuses what is not balanced, and has no F without a residual", () => {
  const cell = (a: string, b: string, value: number) => ({ value, levels: [a, b] });
  const full = [cell("a", "x", 1), cell("a", "y", 2), cell("b", "x", 4), cell("b", "y", 9)];
  assert.throws(
    () => crossedAnova(full.slice(1), [[0], [1]]),
    /each of its 4 cells: 1 have none and 0 fewer than 1: the first is a, x/,
  );
  assert.throws(
    () => crossedAnova([...full, cell("b", "y", 8)], [[0], [1]]),
    /0 have none and 3 fewer than 2: the first is a, x/,
  );
  const { terms, residual } = crossedAnova(full, [[0], [1], [0, 1]]);
  assert.deepEqual([residual.df, residual.meanSquare, terms[0]!.F], [0, null, null]);
  assert.deepEqual(terms.map(({ sumOfSquares }) => sumOfSquares), [25, 9, 4]);
  const flat = crossedAnova(full.map((one) => ({ ...one, value: 7 })), [[0], [1]]);
  assert.deepEqual([flat.terms[0]!.F, flat.terms[0]!.p, flat.terms[0]!.share], [null, null, null]);
});
