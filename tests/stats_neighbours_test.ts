/** Neighbours, spread, clustered shares and near-duplicates against numpy, scipy, scikit-learn, statsmodels. */
import assert from "node:assert/strict";
import {
  clusteredMean,
  clusteredShare,
  effectiveNumber,
  hopkins,
  nearDuplicates,
  neighbourhoods,
  simHash,
  simHashDuplicates,
  spread,
  wilson,
} from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { each, near } from "./near.ts";
import python from "./reference/neighbours.json" with { type: "json" };

/** Sheets stand in the file as text. */
const points = (rows: readonly (string | number[])[]): number[][] =>
  rows.map((row) => typeof row === "string" ? [...row].map(Number) : row);

// scikit-learn's NearestNeighbors and scipy's cdist in the definition of Naeem et al.
Deno.test("neighbourhoods() agrees with scikit-learn within 1e-12, ties and duplicates included", () => {
  each(python.coverage, ({ reference, sample, k, coverage, density }) => {
    const found = neighbourhoods(points(reference), k)(points(sample));
    near(found.coverage, coverage, 1e-12);
    near(found.density, density, 1e-12);
  });
});

Deno.test("neighbourhoods() of points counted by hand", () => {
  // Balls of 0, 1 and 3 reach to 1, 1 and 2 (k = 1).
  const measured = neighbourhoods([[0], [1], [3]], 1);
  assert.deepEqual(measured([[-1], [-1.5]]), { coverage: 1 / 3, density: 1 / 2 });
  assert.deepEqual(measured([[2]]), { coverage: 2 / 3, density: 2 });
  assert.deepEqual(measured([[9]]), { coverage: 0, density: 0 });
  assert.deepEqual(measured([]), { coverage: null, density: null });
  // Of duplicates the balls are points, and a duplicate lies in them.
  const same = neighbourhoods([[1, 1], [1, 1], [1, 1]], 2);
  assert.deepEqual(same([[1, 1], [1, 0]]), { coverage: 1, density: 3 / 4 });
  assert.deepEqual(neighbourhoods([[0], [1]], 2)([[0]]), { coverage: null, density: null });
  assert.deepEqual(neighbourhoods([], 1)([[0]]), { coverage: null, density: null });
  assert.throws(() => neighbourhoods([[0]], 0), /k is 1 or more/);
  assert.throws(() => measured([[0, 1]]), /Point 1 of 1 needs 1 finite/);
  assert.throws(() => measured([[NaN]]), /Point 1 of 1/);
});

Deno.test("hopkins() agrees with numpy on the same draws within 1e-12", () => {
  each(python.hopkins, ({ points: of, places, exponent, uniform, value }) => {
    let at = 0;
    const next = () => uniform[at++]!;
    const given = { points: points(of), places: points(places), exponent, uniform: next };
    near(hopkins(given), value, 1e-12);
    assert.equal(at, uniform.length);
  });
});

Deno.test("hopkins() is null where it is undefined, 1 for one clump, and refuses too many places", () => {
  const uniform = () => 0;
  const of = (points: number[][], places: number[][]) =>
    hopkins({ points, places, exponent: 2, uniform });
  assert.equal(of([[1]], [[0]]), null);
  assert.equal(of([[1], [1]], []), null);
  assert.equal(of([[1], [1]], [[1]]), null);
  assert.equal(of([[1], [1]], [[0]]), 1);
  // From 3 to 2 it is 1; the point drawn is 0, from which it is 2 to the other: 1 / (1 + 4).
  assert.equal(of([[0], [2]], [[3]]), 1 / 5);
  assert.throws(() => of([[1], [2]], [[0], [0], [0]]), /no more are drawn/);
});

Deno.test("spread() agrees with numpy's eigenvalues and scipy's pdist within 1e-12", () => {
  each(python.spread, ({ points: of, distance, dimension }) => {
    const found = spread(points(of));
    near(found.distance, distance, 1e-12);
    near(found.dimension, dimension, 1e-12);
  });
});

Deno.test("spread() by hand: a square has two dimensions, a line one, a point none", () => {
  const square = spread([[0, 0], [0, 1], [1, 0], [1, 1]]);
  // Of six pairs four differ in one coordinate and two in both.
  near(square.distance, 8 / 6, 1e-15);
  near(square.dimension, 2, 1e-15);
  near(spread([[0, 0], [1, 1], [2, 2]]).dimension, 1, 1e-15);
  assert.deepEqual(spread([[1, 0], [1, 0]]), { distance: 0, dimension: null });
  assert.deepEqual(spread([[1, 0]]), { distance: null, dimension: null });
  assert.deepEqual(spread([]), { distance: null, dimension: null });
});

Deno.test("effectiveNumber() agrees with scipy's entropy within 1e-14", () => {
  each(python.effective, ({ counts, value }) => near(effectiveNumber(counts), value, 1e-14));
  assert.equal(effectiveNumber([]), null);
  assert.equal(effectiveNumber([0, 0]), null);
  assert.throws(() => effectiveNumber([1, -1]), /A count is 0 or more/);
});

// statsmodels: OLS with clustered covariance, then proportion_confint(method="wilson").
Deno.test("clusteredShare() agrees with statsmodels within 1e-10", () => {
  each(python.shares, ({ size, values, level, effectiveN, limits }) => {
    const all = [...values].map(Number);
    const clusters = Array.from(
      { length: all.length / size },
      (_, g) => all.slice(g * size, (g + 1) * size),
    );
    const found = clusteredShare(clusters, level);
    near(found.effectiveN, effectiveN, 1e-10);
    near(found.ciLower, limits[0], 1e-10);
    near(found.ciUpper, limits[1], 1e-10);
    assert.equal(found.estimate, clusteredMean(clusters).estimate);
  });
});

Deno.test("clusteredShare() has limits at 0 and 1, where only the clusters count", () => {
  const none = clusteredShare([[0, 0], [0], [0, 0, 0]]);
  assert.equal(none.effectiveN, 3);
  assert.deepEqual(
    [none.ciLower, none.ciUpper],
    [0, wilson({ count: 0, n: 3 }).ciUpper],
  );
  assert.equal(clusteredShare([[1], [1]]).ciUpper, 1);
  // The clusters are alike, so that the clustered se is 0.
  assert.equal(clusteredShare([[0, 1], [0, 1]]).effectiveN, 4);
  const one = clusteredShare([[0, 1]]);
  assert.deepEqual([one.estimate, one.ciLower, one.effectiveN], [0.5, null, null]);
  assert.equal(clusteredShare([]).estimate, null);
  assert.throws(() => clusteredShare([[0.5]]), /values 0 and 1/);
});

Deno.test("nearDuplicates() finds what comparing all pairs of sets finds", () => {
  each(python.duplicates, ({ texts, any, across }) => {
    const given = texts.map(([words, group]) => ({
      words: String(words).split(" "),
      group: Number(group),
    }));
    assert.deepEqual(nearDuplicates(given), { any, across });
  });
});

const BAKERY =
  "she runs a small bakery in murcia and closes it every afternoon to walk along the river with her dog";

// Python 3.11, hashlib, by the definition.
Deno.test("simHash() is Python's fingerprint, and 3 bits of 64 make nearly equal texts", () => {
  each(
    [
      [BAKERY, 0x82e29715bd5f0c0cn],
      [BAKERY.replace("afternoon", "evening"), 0x80c217d0296e080cn],
      ["mei", 0x7717a57ec3d7fb93n],
      ["josé lives here", 0x24b13dfe103233bbn],
    ] as const,
    ([text, expected]) => assert.equal(simHash(text.split(" ")), expected, text),
  );
  // All pairs, one by one.
  const random = seeded("fingerprints");
  const long = Array.from({ length: 300 }, () => `w${random.int(50)}`);
  const texts = Array.from({ length: 60 }, (_, at) => {
    const words = at % 3 ? [...long] : Array.from(long, () => `v${random.int(50)}`);
    for (let change = at % 7; change > 0; change--) words[random.int(300)] = `u${random.int(9)}`;
    return words;
  });
  const hashes = texts.map(simHash);
  const bits = (a: bigint, b: bigint) => (a ^ b).toString(2).replaceAll("0", "").length;
  const alike = hashes.filter((one, at) =>
    hashes.some((other, place) => place !== at && bits(one, other) <= 3)
  );
  assert.equal(simHashDuplicates(texts), alike.length);
  assert.ok(alike.length > 5 && alike.length < 60, `${alike.length}`);
  assert.equal(simHashDuplicates([]), 0);
});
