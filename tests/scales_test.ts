/** Scores and alphas of any instrument's scales, worked out by hand. */
import assert from "node:assert/strict";
import { epqra } from "lib/paper/instruments.ts";
import { scales } from "lib/paper/tables.ts";
import { administrations, type Answer, likert } from "./sheets.ts";

/** Two scales of two items, from 1 to 5; item 2 is reversed. */
const short = likert("mean", ["B", "A"], ["A", "-A", "B", "B"]);

const sheets = (rows: Answer[][], more: { model?: string; condition?: string } = {}) =>
  rows.map((answers, index) => ({ profile: index + 1, answers, ...more }));

Deno.test("scales of any instrument: mean, sd, alpha, in its order and unit", () => {
  const given = administrations(short, [
    // A: (1, 2), (3, 3), (5, 4): variances 4 and 1, covariance 2, alpha 2 · (1 − 5 / 9).
    ...sheets([[1, 4, 3, 3], [3, 3, 3, null], [5, 2, 3, 3]], { model: "Mine", condition: "N=2" }),
    ...sheets([[2, 2, 1, 5]]),
  ]);
  const [oneB, oneA, b, a] = scales(given, short, { draws: 200 }).toRecords();
  const cell = { model: "Mine", condition: "N=2" };
  const none = { alpha: null, ci_lower: null, ci_upper: null, undefined_draws: null };
  assert.deepEqual(b, { ...cell, scale: "B", n: 2, clusters: 2, mean: 3, sd: 0, ...none });
  const { alpha, ci_lower, ci_upper, sd, undefined_draws, ...rest } = a!;
  assert.deepEqual(rest, { ...cell, scale: "A", n: 3, clusters: 3, mean: 3 });
  assert.ok(Math.abs(sd as number - 1.5) < 1e-15); // 1.5, 3, 4.5
  assert.ok(Math.abs(alpha as number - 8 / 9) < 1e-15);
  // One draw in nine takes one of the three rows three times, which has no alpha: no limits, then.
  assert.ok(undefined_draws as number > 2 && undefined_draws as number < 60);
  assert.deepEqual([ci_lower, ci_upper], [null, null]);
  const one = { model: "GPT-4o", condition: "Base", n: 1, clusters: 1, sd: null, ...none };
  assert.deepEqual([oneB, oneA], [{ ...one, scale: "B", mean: 3 }, {
    ...one,
    scale: "A",
    mean: 3,
  }]);
});

Deno.test("keyed items are summed, and an item without an answer is missing", () => {
  const yes = epqra.items.map(({ keyed }) => keyed);
  const gap = yes.with(1, null); // item 2 is E's
  const table = scales(administrations(epqra, sheets([yes, gap])), epqra, { draws: 10 });
  assert.deepEqual(
    table.select("scale", "n", "mean").rows(),
    [["E", 1, 6], ["N", 2, 6], ["P", 2, 6], ["L", 2, 6]],
  );
});

Deno.test("a scale of which nobody was asked some item has no score and no alpha", () => {
  const given = administrations(short, sheets([[1, 4, 3, null], [3, 2, 4, null], [5, 1, 2, null]]));
  const [b, a] = scales(given, short, { draws: 20 }).toRecords();
  const { n, mean, sd, alpha } = b!;
  assert.deepEqual([n, mean, sd, alpha], [0, null, null, null]);
  assert.deepEqual([a!.n, a!.mean], [3, 10 / 3]);
});

Deno.test("sheets of another instrument are refused by name", () => {
  assert.throws(
    () => scales(administrations(epqra, sheets([[1]])), short),
    /have the scales N, E, P, L, and not B, A: read those of Short with study\.sheets\("short"\)/,
  );
});
