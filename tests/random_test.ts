import assert from "node:assert/strict";
import { seeded } from "lib/random.ts";

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function counts(cells: number, draws: number, draw: () => number): number[] {
  const counts = new Array<number>(cells).fill(0);
  for (let i = 0; i < draws; i++) counts[draw()]!++;
  return counts;
}

// Computed in Python: hashlib's SHA-256 of '["dose",42,1,"N"]', and Blackman & Vigna's xoroshiro128+
// (24, 16, 37) on whole numbers of 64 bits, of which pure-rand gives the lower 32.
Deno.test("a stream is SHA-256 and xoroshiro128+, the same everywhere and for ever", () => {
  const numbers = seeded("dose", 42, 1, "N");
  assert.deepEqual(Array.from({ length: 4 }, () => numbers.uniform()), [
    0.9399512472692241,
    0.9127848570848283,
    0.20328122856301878,
    0.34178334118254006,
  ]);
  const dice = seeded("dose", 42, 1, "N");
  const thrown = Array.from({ length: 12 }, () => dice.int(6));
  assert.deepEqual(thrown, [4, 5, 4, 0, 2, 2, 1, 3, 4, 5, 1, 3]);
  assert.equal(seeded().uniform(), 0.6039655443897203);
});

// Our own first run: a change here changes which items every dose takes and every order shown.
Deno.test("the orders of a seed stay what they are", () => {
  assert.deepEqual(
    seeded("dose", 42, 1, "N").shuffled([1, 9, 11, 14, 18, 21]),
    [18, 21, 1, 14, 11, 9],
  );
});

Deno.test("different parts are different seeds, however they are cut or typed", () => {
  const seeds = [
    ["a", "b"],
    ["ab"],
    ["a,b"],
    ['a","b'],
    ["b", "a"],
    ["a", "b", ""],
    [1],
    ["1"],
    [1, 0],
    [10],
    [],
    [1.5],
  ];
  const first = new Set(seeds.map((seed) => seeded(...seed).uniform()));
  assert.equal(first.size, seeds.length);
  assert.throws(() => seeded("x", NaN), /A seed has finite numbers: current value is NaN/);
});

// Critical values at 0.999: scipy 1.17.1, chi2.ppf(0.999, [99, 5, 23]).
Deno.test("numbers, dice and orders are uniform", () => {
  const random = seeded("uniformity", 1);
  const hundredths = counts(100, 100_000, () => Math.floor(random.uniform() * 100));
  assert.ok(chiSquare(hundredths) < 148.23, `${chiSquare(hundredths)}`);
  const dice = counts(6, 60_000, () => random.int(6));
  assert.ok(chiSquare(dice) < 20.515, `${chiSquare(dice)}`);
  const orders: Record<string, number> = {};
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffled([1, 2, 3, 4]).join("");
    orders[order] = (orders[order] ?? 0) + 1;
  }
  assert.equal(Object.keys(orders).length, 24);
  assert.ok(chiSquare(Object.values(orders)) < 49.728, `${chiSquare(Object.values(orders))}`);
});

Deno.test("uniform() has 53 bits and stays below 1", () => {
  const random = seeded("bits");
  const drawn = Array.from({ length: 10_000 }, () => random.uniform());
  assert.ok(drawn.every((value) => value >= 0 && value < 1));
  const last = counts(2, 10_000, () => Number(BigInt(drawn.pop()! * 2 ** 53) & 1n));
  assert.ok(Math.abs(last[0]! - 5000) < 165, `${last}`); // 3.3 standard deviations of 50
});

// A remainder of 32 bits would put half of these numbers in the lowest third.
Deno.test("int() favours no remainder", () => {
  const random = seeded("remainder");
  const third = 2 ** 30;
  const thirds = counts(3, 30_000, () => Math.floor(random.int(3 * third) / third));
  assert.ok(chiSquare(thirds) < 13.816, `${thirds}`); // chi2.ppf(0.999, 2)
  assert.ok(random.int(Number.MAX_SAFE_INTEGER) > 2 ** 32);
  assert.equal(random.int(1), 0);
});

Deno.test("a larger sample contains the smaller one, and the source stays as it is", () => {
  const source = Object.freeze(["a", "b", "c", "d", "e"]);
  const all = seeded("s").shuffled(source);
  for (let k = 0; k <= 5; k++) assert.deepEqual(seeded("s").sample(source, k), all.slice(0, k));
  assert.deepEqual(all.toSorted(), [...source]);
});

Deno.test("draws that cannot be are refused", () => {
  const random = seeded("refused");
  for (const below of [0, -1, 1.5, NaN, 2 ** 53]) {
    assert.throws(() => random.int(below), /int\(\) needs a whole number of 1 or more/);
  }
  assert.throws(() => random.sample([1, 2], 3), /A sample of 2 has 0 to 2: current value is 3/);
  assert.throws(() => random.sample([1, 2], -1), RangeError);
});
