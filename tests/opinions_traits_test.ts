/** Trait scores that were written beside those answered: R's numbers, and what stand-ins were told. */
import assert from "node:assert/strict";
import { columnOf } from "lib/columns.ts";
import { frame, type Kind } from "lib/frames.ts";
import { itemScore } from "lib/instruments.ts";
import { agreed } from "lib/opinions/traits.ts";
import { declaredAgreement, heedingModel } from "lib/opinions/simulated.ts";
import { bfi44 } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { concordance } from "lib/stats.ts";
import { close, each, near } from "./near.ts";

type Found = Record<string, number | string | null>;
const X = [1, 2, 3, 4, 5, 2, 4, 1], Y = [2.5, 2.25, 3.5, 3.75, 4.5, 1.875, 4.25, 2];
const W = [1, 2, 1, .5, 3, 1, 1, 2];

const sumsOf = (weights: readonly number[], shift = 0) => {
  const total = (of: (x: number, y: number) => number) =>
    X.reduce((sum, x, at) => sum + weights[at]! * of(x - shift, Y[at]! - shift), 0);
  return {
    weight: total(() => 1),
    x: total((x) => x),
    y: total((_, y) => y),
    xx: total((x) => x * x),
    yy: total((_, y) => y * y),
    xy: total((x, y) => x * y),
  };
};

// R 4.2.2: cor(), cov.wt(), and Lin's definition with divisor n.
Deno.test("concordance() is R's correlation and Lin's coefficient, with weights", () => {
  each(
    [
      [W.map(() => 1), 0.328125, 0.9209510635179585, 0.8353936239427456],
      [W, 0.2608695652173911, 0.9510992017140518, 0.8705772961187617],
    ] as const,
    ([weights, difference, correlation, same]) => {
      for (const shift of [0, 3]) {
        const found = concordance(sumsOf(weights, shift));
        near(found.difference, difference, 1e-12);
        near(found.correlation, correlation, 1e-12);
        near(found.concordance, same, 1e-12);
      }
    },
  );
  // Going together is not being the same; falling together is neither.
  const one = (of: Partial<Parameters<typeof concordance>[0]>) =>
    concordance({ weight: 2, x: 0, y: 0, xx: 2, yy: 2, xy: 2, ...of });
  assert.deepEqual(one({}), { difference: 0, correlation: 1, concordance: 1 });
  assert.deepEqual(one({ xy: -2 }), { difference: 0, correlation: -1, concordance: -1 });
  assert.deepEqual(one({ yy: 0, xy: 0 }), { difference: 0, correlation: null, concordance: 0 });
  assert.equal(one({ y: 20, yy: 202, xy: 2 }).concordance, 4 / (2 + 2 + 200));
  assert.equal(concordance({ weight: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 }).concordance, null);
});

const TRAITS = {
  E: { label: "Extraversion", better: "high" },
  N: { label: "Neuroticism", better: "low" },
  A: { label: "Agreeableness", better: "high" },
  C: { label: "Conscientiousness", better: "high" },
  O: { label: "Openness", better: "high" },
} as const;

/** Sheets as a study has them, of items of one scale, with the scores that were written. */
function sheetsOf(people: readonly { written: number | null; answers: readonly number[] }[]) {
  const items = bfi44.items.filter(({ scale }) => scale === "E");
  const rows = people.map(({ written, answers }, at) => ({
    respondent: Math.floor(at / 2),
    weight: 1 + Math.floor(at / 2) % 3,
    written,
    ...Object.fromEntries(items.flatMap(({ number }, place) => [
      [`answer ${number}`, answers[place]!],
      [`score ${number}`, itemScore(bfi44, number, answers[place]!)],
    ])),
  }));
  const kinds: Record<string, Kind> = {
    respondent: "integer",
    weight: "number",
    written: "number",
  };
  for (const { number } of items) kinds[`answer ${number}`] = kinds[`score ${number}`] = "number";
  return {
    items: frame(items.map(({ number, scale }) => ({ item: number, scale })), {
      item: "integer",
      scale: "text",
    }),
    sheets: frame(rows, kinds),
  };
}

const E = { ...bfi44, scales: ["E"] };

Deno.test("agreed() scores sheets, weighs them, and leaves out who has one of the two", () => {
  const keyed = bfi44.items.filter(({ scale }) => scale === "E").map(({ reverse }) => reverse);
  // Everybody answers as written, but for a step more.
  const people = [1, 2, 3, 4, 2, 1].map((written) => ({
    written,
    answers: keyed.map((reverse) => reverse ? 6 - (written + 1) : written + 1),
  }));
  const table = agreed(sheetsOf([...people, { written: null, answers: people[0]!.answers }]), {
    instrument: E,
    written: { E: "written" },
  });
  const rows = table.toRecords() as Found[];
  assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
  const of = (measure: string) => rows.find((row) => row.measure === measure)!;
  assert.deepEqual([of("difference").n, of("difference").clusters], [6, 3]);
  // Nothing varies in the difference, so there is no interval.
  assert.deepEqual([of("difference").estimate, of("difference").ci_lower], [1, null]);
  near(of("correlation").estimate as number, 1, 1e-12);
  const weights = [1, 1, 2, 2, 3, 3], written = [1, 2, 3, 4, 2, 1];
  const total = weights.reduce((a, b) => a + b);
  const mean = written.reduce((sum, one, at) => sum + weights[at]! * one, 0) / total;
  const spread = written.reduce((sum, one, at) => sum + weights[at]! * (one - mean) ** 2, 0) /
    total;
  near(of("concordance").estimate as number, 2 * spread / (2 * spread + 1), 1e-12);
  near(of("difference").mean_against as number, mean, 1e-12);
  assert.throws(
    () => agreed(sheetsOf(people), { instrument: E, written: { X: "written" } }),
    /BFI-44 has no scale X: it has E/,
  );
  assert.throws(
    () => agreed(sheetsOf(people), { instrument: E, written: { E: "openness" } }),
    /no column openness/,
  );
});

Deno.test("what a stand-in was told of scores is found within the intervals", () => {
  const heed = 0.4, keyed = bfi44.items.filter(({ scale }) => scale === "E");
  const told = new Map(
    (declaredAgreement(heed, E, TRAITS).toRecords() as { measure: string; truth: number }[])
      .map(({ measure, truth }) => [measure, truth]),
  );
  // By hand: of a score w each answer is w with 0.4, or one of 3, 4, 5.
  close(told.get("difference"), 0.6 * (4 - 3), 1e-12);
  const held = { difference: 0, correlation: 0, concordance: 0 };
  for (let seed = 0; seed < 100; seed++) {
    const random = seeded("heeds", seed);
    const people = Array.from({ length: 120 }, () => {
      const written = 1 + random.int(5);
      const score = () => random.uniform() < heed ? written : 3 + random.int(3);
      const answers = keyed.map(({ reverse }) => reverse ? 6 - score() : score());
      return { written, answers };
    });
    const { items, sheets } = sheetsOf(people);
    const own = { items, sheets: sheets.drop("weight", "respondent") };
    const rows = agreed(own, { instrument: E, written: { E: "written" }, draws: 400 })
      .toRecords() as Found[];
    for (const { measure, ci_lower, ci_upper } of rows) {
      const truth = told.get(measure as string)!;
      held[measure as keyof typeof held] += Number(
        (ci_lower as number) <= truth && truth <= (ci_upper as number),
      );
    }
  }
  // Of intervals that hold 95 in 100, 88 or fewer in 100 are seen once in 250 times.
  for (const [measure, count] of Object.entries(held)) {
    assert.ok(count >= 89, `${measure}: ${count} of 100`);
  }
  assert.throws(() => heedingModel(1.2, bfi44, TRAITS), /To heed is from 0 to 1: got 1.2/);
});
