/** Krippendorff's alpha against R (its definition, pair by pair) and published examples. */
import assert from "node:assert/strict";
import { krippendorff, type Metric } from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { each, near } from "./near.ts";
import r from "./reference/crossed.json" with { type: "json" };

const METRICS: readonly Metric[] = ["nominal", "ordinal", "interval"];

/** Coders as rows, `.` where one is missing; each unit a cluster of its own. */
function units(text: string): number[][][] {
  const coders = text.split("/").map((row) => row.trim().split(/\s+/));
  return coders[0]!.map((_, unit) => [
    coders.flatMap((coder) => coder[unit] === "." ? [] : [Number(coder[unit])]),
  ]);
}

const EXAMPLE = units(
  "1 2 3 3 2 1 4 1 2 . . . / 1 2 3 3 2 2 4 1 2 5 . 3 / . 3 3 3 2 3 4 2 2 5 1 . / 1 2 3 3 2 4 4 1 2 5 1 .",
);

// Krippendorff 2011, Computing Krippendorff's Alpha-Reliability
Deno.test("krippendorff() of four coders and twelve units, and its jackknife", () => {
  const expected = [
    [0.743421052631579, 0.146326652200706],
    [0.815387503754881, 0.14803134222636],
    [0.849107142857143, 0.140839831381276],
  ] as const;
  METRICS.forEach((metric, at) => {
    const own = krippendorff(EXAMPLE, { metric });
    near(own.estimate, expected[at]![0], 1e-9);
    near(own.se, expected[at]![1], 1e-9);
    assert.deepEqual([own.units, own.n], [11, 40]);
  });
});

Deno.test("krippendorff() of two and three coders, of none that differ, and below chance", () => {
  const two = units("0 1 0 0 0 0 0 0 1 0 / 1 1 1 0 0 1 0 0 0 0");
  const three = units("1 2 3 4 5 2 / 2 2 3 4 4 1 / 1 3 3 5 5 2");
  const expected = [0.3359375, 0.856856046985497, 0.851398601398601];
  METRICS.forEach((metric, at) => {
    near(krippendorff(two, { metric }).estimate, 0.0952380952380951, 1e-9);
    near(krippendorff(three, { metric }).estimate, expected[at]!, 1e-9);
    assert.equal(krippendorff(units("1 1 1 / 1 1 1"), { metric }).estimate, null);
  });
  near(krippendorff(units("0 1 0 1 / 1 0 1 0"), { metric: "nominal" }).estimate, -0.75, 1e-9);
});

Deno.test("krippendorff() agrees with R's sums over all pairs within 1e-9, its se as well", () => {
  each(r.krippendorff, ({ units, alpha, se }) => {
    METRICS.forEach((metric, at) => {
      const own = krippendorff(units.map((unit) => [unit]), { metric });
      near(own.estimate, alpha[at]!, 1e-9, metric);
      near(own.se, se[at]!, 1e-8, metric);
    });
  });
});

Deno.test("krippendorff() draws clusters whole, the same with the same seed", () => {
  const drawn = () =>
    krippendorff(EXAMPLE, { metric: "ordinal", uniform: seeded("alpha").uniform, draws: 400 });
  const own = drawn();
  assert.deepEqual(own, drawn());
  assert.ok(own.ciLower! < own.estimate! && own.estimate! < own.ciUpper!);
  // All units of two persons: what is drawn is one of them, or both.
  const persons = [EXAMPLE.slice(0, 6).flat(), EXAMPLE.slice(6).flat()];
  const few = krippendorff(persons, { metric: "ordinal", uniform: seeded("alpha").uniform });
  near(few.estimate, own.estimate!, 1e-12);
  assert.deepEqual([few.clusters, few.units, own.clusters], [2, 11, 11]);
  // Draws in which only one value is left are counted, and too many of them leave no limits.
  const floor = units("0 0 0 0 0 1 / 0 0 0 0 0 0");
  const low = krippendorff(floor, { metric: "nominal", uniform: seeded("alpha").uniform });
  assert.ok(low.undefinedDraws > 0);
  assert.equal(low.ciLower, null);
});
