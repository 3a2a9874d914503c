/** Whether answers follow the order of options, and what became of every question a study asked. */
import assert from "node:assert/strict";
import pl from "polars";
import { openDataset } from "lib/db.ts";
import { frame, rows } from "lib/frames.ts";
import { unscored } from "lib/instruments.ts";
import { questionsOf } from "lib/opinions/answers.ts";
import { orderFlips, placeBias } from "lib/opinions/order.ts";
import { replyRates } from "lib/opinions/rates.ts";
import { opinionsIn } from "lib/opinions/replies.ts";
import { administrations, openStudy } from "lib/study.ts";
import { z } from "zod";
import { provider } from "./llm_server.ts";
import { near } from "./near.ts";
import { served } from "./study_worker.ts";

const scale = (number: number, options: number) => ({
  question: `q${number}`,
  options: Array.from({ length: options }, (_, at) => ({
    option: String(at + 1),
    label: `option ${at + 1}`,
    position: at + 1,
  })),
});

const A = [[4, 2, 5], [3, 3, 4], [5, 1, 4], [2, 2, 2], [4, 4, 3], [1, 5, 5], [3, 2, 4], [4, 3, 1]];
const B = [[4, 3, 5], [3, 3, 3], [4, 1, 4], [2, 1, 1], [4, 4, 3], [2, 5, 4], [3, 2, 4], [3, 3, 2]];

const COLUMNS = {
  respondent: "integer",
  option_order: "text",
  question: "text",
  option: "text",
  place: "integer",
  places: "integer",
} as const;

const answers = frame(
  [["printed", A], ["reversed", B]].flatMap(([order, sheets]) =>
    (sheets as number[][]).flatMap((sheet, person) =>
      sheet.map((option, at) => ({
        respondent: person + 1,
        option_order: order,
        question: `q${at + 1}`,
        option: String(option),
        place: order === "printed" ? option : 6 - option,
        places: 5,
      }))
    )
  ),
  COLUMNS,
);
const questions = [1, 2, 3].map((number) => scale(number, 5));
const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const all = <T>(of: readonly T[]) =>
  of.find((row) => (row as { question: string }).question === "All")! as Record<string, number>;

// R 4.2.2 on eight personas and three items of five options: change rate with its se by persona and t limits,
// chance by item and its mean, position shift with its limits.
Deno.test("two orders of the same questions: what changed, by chance, and to which side, as R has it", () => {
  const levels = ["printed", "reversed"] as const;
  const made = rows(orderFlips(answers, { questions, factor: "option_order", levels }), Row);
  const whole = all(made);
  near(whole.flips, 0.375, 1e-12);
  near(whole.flips_lower, 0.142440448509449, 1e-9);
  near(whole.flips_upper, 0.607559551490551, 1e-9);
  near(whole.flips_chance, 0.765625, 1e-12);
  near(whole.flips_beyond, 0.510204081632653, 1e-9);
  near(whole.shift, 0.0625, 1e-12);
  near(whole.shift_lower, -0.0651499976022641, 1e-9);
  near(whole.shift_upper, 0.190149997602264, 1e-9);
  assert.deepEqual([whole.n, whole.clusters, whole.first_bias, whole.p], [24, 8, null, null]);
  const chance = made.slice(0, 3).map((row) => row.flips_chance);
  assert.deepEqual(chance, [0.734375, 0.796875, 0.765625]);
});

// R 4.2.2: binom.test(14, 19)
Deno.test("two options: first-place bias and its exact sign test", () => {
  const first = 14, last = 5, cells = 60;
  const two = frame(
    Array.from({ length: cells }, (_, person) => {
      // Who takes a place in both orders changes the option; all others keep it.
      const [a, b] = person < first ? [1, 2] : person < first + last ? [2, 1] : [1, 1];
      const row = { respondent: person, question: "q1", places: 2 };
      return [
        { ...row, option_order: "printed", option: String(a), place: a },
        { ...row, option_order: "reversed", option: String(b), place: 3 - b! },
      ];
    }).flat(),
    COLUMNS,
  );
  const [row] = rows(
    orderFlips(two, {
      questions: [scale(1, 2)],
      factor: "option_order",
      levels: ["printed", "reversed"],
    }),
    Row,
  );
  assert.deepEqual([row!.both_first, row!.both_last], [14, 5]);
  near(row!.first_bias as number, 0.075, 1e-12);
  near(row!.p as number, 0.063568115234375, 1e-12);
  assert.throws(
    () =>
      orderFlips(two, {
        questions: [scale(1, 2)],
        factor: "option_order",
        levels: ["printed", "shuffled"],
      }),
    /Nobody answered a question under option_order printed and shuffled/,
  );
});

Deno.test("whole weights count as copies of who is asked in two orders", () => {
  const of = (people: readonly { person: number; weight: number }[]) => {
    const asked = frame(
      people.flatMap(({ person, weight }, at) => {
        const [a, b] = [[1, 2], [2, 1], [1, 1], [2, 2]][person]!;
        const row = { respondent: at, question: "q1", places: 2, weight };
        return [
          { ...row, option_order: "printed", option: String(a), place: a },
          { ...row, option_order: "reversed", option: String(b), place: 3 - b! },
        ];
      }),
      { ...COLUMNS, weight: "number" },
    );
    const levels = ["printed", "reversed"] as const;
    return rows(
      orderFlips(asked, { questions: [scale(1, 2)], factor: "option_order", levels }),
      Row,
    )[0]!;
  };
  const weights = [3, 1, 2, 1];
  const weighted = of(weights.map((weight, person) => ({ person, weight })));
  const copied = of(
    weights.flatMap((weight, person) =>
      Array.from({ length: weight }, () => ({ person, weight: 1 }))
    ),
  );
  for (const name of ["flips", "flips_chance", "flips_beyond", "shift", "first_bias"]) {
    near(weighted[name] as number, copied[name] as number, 1e-12, name);
  }
  // Of seven, five first in the one order and four in the other: 1 − (5·3 + 2·4) / 49.
  near(weighted.flips_chance as number, 1 - (5 * 3 + 2 * 4) / 49, 1e-12);
});

// R 4.2.2: t.test(rowMeans((A == 1) - 1/5)) and of A == 5; clusters of equal size.
Deno.test("how often the first and the last place were taken, less chance, by cluster as R has it", () => {
  const printed = answers.filter(pl.col("option_order").eq(pl.lit("printed")));
  const made = rows(placeBias(printed, { questions }), Row);
  const [first, last] = made.filter(({ question }) => question === "All");
  const of = (row: typeof first) =>
    [row!.estimate, row!.se, row!.ci_lower, row!.ci_upper, row!.p] as number[];
  const expected = [
    [-0.075, 0.0609937545592833, -0.2192273112265793, 0.0692273112265793, 0.2585560278634719],
    [-1 / 30, 0.0890870806374748, -0.2439908047123082, 0.1773241380456416, 0.7193574075689548],
  ];
  expected.forEach((numbers, at) =>
    numbers.forEach((number, place) => near(of([first, last][at])[place], number, 1e-9, place))
  );
  assert.deepEqual([first!.n, first!.clusters], [24, 8]);
  near(first!.chance as number, 0.2, 1e-12);
  assert.throws(
    () => placeBias(printed.drop("place"), { questions }),
    /Answers have no column place: .*opinionsIn/,
  );
});

const vote = unscored({
  name: "vote",
  title: "One vote",
  questions: [{
    number: 1,
    text: "Which path should the town take?",
    options: [
      { code: 1, label: "Build the road", position: 1 },
      { code: 2, label: "Leave the meadow", position: 2 },
      { code: 9, label: "Rather not say", position: null, role: "refusal" },
    ],
  }],
  source: "written for this test",
});

/** What comes of each reply to one question in letters. */
const SAID: [object, string][] = [
  [{ text: '{ "1": "A" }' }, "place 1"],
  [{ text: "Answer: (B)" }, "place 2"],
  [{ text: '{ "1": "As an AI, I cannot vote" }' }, "refusal"],
  [{ text: "As a language model I have no vote." }, "refusal"],
  [{ text: '{ "1": "Abstain" }' }, "abstention"],
  [{ text: '{ "1": "Both" }' }, "both"],
  [{ text: "Blue, on the whole" }, "unreadable"],
  [{ text: '{ "1": "A', finish: "length" }, "truncated"],
  [{ refusal: "No." }, "refusal"],
  [{ text: "" }, "missing"],
];

Deno.test("every question asked has a class, also where the reply is no sheet; no refusal is a vote", async () => {
  const shown: string[][] = [];
  await using server = Object.assign(
    provider({
      answer({ system, user }) {
        const person = Number(/- Person: (\d+)/.exec(system)![1]);
        const [, list] = /"answers": (\{.*\})\n/.exec(user)!;
        shown[person] = Object.values(JSON.parse(list!) as Record<string, string>);
        return SAID[person]![0];
      },
    }),
    { [Symbol.asyncDispose]: async () => await server.close() },
  );
  const schema = "opinions_classes";
  const lab = await openStudy({ schema });
  const people = SAID.map((_, at) => ({ Person: String(at), sex: at % 2 ? "female" : "male" }));
  await lab.population(people, {
    instrument: null,
    codebook: [
      { name: "Person", label: "Person", kind: "text" },
      { name: "sex", label: "Sex", kind: "category" },
    ],
  });
  const plan = administrations({
    instrument: vote,
    models: [served(server.url, 2)],
    of: "profiles",
    coding: "letter",
    options: "shuffled",
    asked: 1,
    reason: "none",
  });
  const run = await lab.register(plan);
  await lab.run(run, { budget: { calls: 100 }, allowTruncated: true });
  const calls = server.tally().requests;
  await lab.close();
  const study = await openDataset({ schema });
  const made = await opinionsIn(study, vote, { 1: "path" }, { with: ["sex"] });
  await study.close();
  assert.equal(server.tally().requests, calls, "nothing is asked by reading");
  const said = rows(
    made.sort("profile"),
    z.object({
      profile: z.number(),
      option: z.string().nullable(),
      reply_class: z.string(),
      place: z.number().nullable(),
      places: z.number(),
    }),
  );
  const labels: Record<string, string> = Object.fromEntries(
    vote.items[0]!.options!.map(({ code, label }) => [String(code), label]),
  );
  said.forEach((row, at) => {
    const [, meant] = SAID[at]!;
    const [, place] = /^place (\d)$/.exec(meant) ?? [];
    if (place === undefined) return assert.equal(row.reply_class, meant, JSON.stringify(SAID[at]));
    assert.deepEqual([row.reply_class, row.place, row.places], ["answer", Number(place), 2]);
    assert.equal(labels[row.option!], shown[at]![Number(place) - 1]);
  });
  assert.ok(new Set(shown.map((one) => one.join())).size > 1, "orders are drawn");
  const rates = rows(
    replyRates(made, { questions: questionsOf(vote, { 1: "path" }), by: ["sex"] }),
    z.object({
      sex: z.string(),
      reply_class: z.string(),
      n: z.number(),
      count: z.number(),
    }),
  );
  const refused = rates.filter(({ reply_class }) => reply_class === "refusal");
  assert.deepEqual(refused.map(({ n }) => n), [5, 5]);
  assert.ok(refused.reduce((sum, { count }) => sum + count, 0) >= 3);
});
