/** Alignment with people: worked examples, R, baselines, groups, contexts, topics, and equal numbers. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { frame, rows } from "lib/frames.ts";
import {
  type Aligned,
  alignment,
  alignmentOf,
  baselineSummary,
  compareAlignment,
  consistency,
  fromTokens,
  groupBaselines,
  noiseFloor,
  overGroups,
  steerability,
  steering,
} from "lib/opinions/alignment.ts";
import type { Question } from "lib/opinions/answers.ts";
import { nullLevel } from "lib/stats.ts";
import { z } from "zod";
import { close, each, near } from "./near.ts";
import r from "./reference/opinions_r.json" with { type: "json" };

const questionOf = (question: string, positions: readonly (number | null)[]): Question => ({
  question,
  options: positions.map((position, at) => ({
    option: String(at + 1),
    label: `Option ${at + 1}`,
    position,
  })),
});
const FOUR = questionOf("four", [1, 2, 3, 4]);
const FIVE = questionOf("five", [1, 2, 4, 5, 3]);
const PEOPLE = [.3, .4, .2, .1];

const sharesOf = (question: Question, shares: readonly number[], more: object = {}) =>
  shares.map((share, at) => ({
    question: question.question,
    option: String(at + 1),
    share,
    ...more,
  }));
const people = (...rows: Record<string, string | number>[]): DataFrame =>
  frame(
    rows,
    Object.fromEntries(
      Object.entries(rows[0]!).map(([name, value]) =>
        [name, typeof value === "string" ? "text" : "number"] as const
      ),
    ),
  );

/** So many answers to each option, each of a respondent of their own. */
const given = (question: Question, counts: readonly number[], more: object = {}, from = 0) => {
  let respondent = from;
  return counts.flatMap((count, at) =>
    Array.from({ length: count }, () => ({
      respondent: respondent++,
      question: question.question,
      option: String(at + 1) as string | null,
      ...more,
    }))
  );
};
const answers = (rows: readonly object[]): DataFrame => {
  const columns = Object.keys(rows[0]!);
  return frame(
    rows,
    Object.fromEntries(columns.map((name) => {
      const values = rows.map((row) => (row as Record<string, unknown>)[name]);
      return [name, values.some((value) => typeof value === "string") ? "text" : "number"] as const;
    })),
  );
};

const Row = z.looseObject({ question: z.string(), measure: z.string() });
type Found = Record<string, number | null>;
function of(table: DataFrame, question: string, measure = "alignment"): Found {
  const found = rows(table, Row).filter((row) =>
    row.question === question && row.measure === measure
  );
  assert.equal(found.length, 1, `${question} ${measure}`);
  return found[0] as unknown as Found;
}
const measured = (rows: readonly object[], more: Partial<Aligned> = {}) =>
  alignment(answers(rows), {
    questions: [FOUR],
    reference: people(...sharesOf(FOUR, PEOPLE)),
    draws: 50,
    ...more,
  });

Deno.test("alignment of the worked examples", () => {
  near(alignmentOf([.5, .3, .15, .05], PEOPLE, [1, 2, 3, 4]), 1 - .35 / 3, 1e-12);
  assert.equal(alignmentOf([.5, .3, .15, .05], PEOPLE, [1, 2, 3, 4])!.toFixed(4), "0.8833");
  // What is listed last means the middle: order is data.
  const [p, people] = [[.4, .3, .05, .05, .2], [.2, .3, .1, .1, .3]];
  near(alignmentOf(p, people, [1, 2, 4, 5, 3]), .8625, 1e-12);
  near(alignmentOf(p, people, [1, 2, 3, 4, 5]), .8375, 1e-12);
  near(alignmentOf([.7, .3], [.55, .45], [1, 2]), 1 - .15, 1e-12);
  const q = [.25, .25, .25, .25];
  near(alignmentOf([.1, .2, .3, .4], q, [1, 2, 3, 4]), 0.833333333333333, 1e-12);
  near(alignmentOf([.1, .2, .3, .4], q, [0, 1, 2, 5]), 0.84, 1e-12);
  assert.equal(alignmentOf([1, 0, 0, 0], [0, 0, 0, 1], [1, 2, 3, 4]), 0);
  assert.equal(alignmentOf([.5, 0, .5], [0, 1, 0], [1, 2, 3]), .5);
});

Deno.test("alignment() averages questions, and says what chance would leave", () => {
  const [one, two, three] = ["one", "two", "three"].map((name) => questionOf(name, [1, 2, 3, 4]));
  const two_ = questionOf("two", [1, 2]), three_ = questionOf("three", [1, 2]);
  assert.ok(two && three);
  const rows = [
    ...given(one!, [50, 30, 15, 5]),
    ...given(two_, [60, 40]),
    ...given(three_, [70, 30]),
  ];
  const table = alignment(answers(rows), {
    questions: [one!, two_, three_],
    reference: people(
      ...sharesOf(one!, PEOPLE, { n_effective: 400 }),
      ...sharesOf(two_, [.45, .55], { n_effective: 400 }),
      ...sharesOf(three_, [.6, .4], { n_effective: 400 }),
    ),
    draws: 200,
  });
  near(of(table, "one").estimate, 1 - .35 / 3, 1e-12);
  near(of(table, "two").estimate, .85, 1e-12);
  near(of(table, "three").estimate, .9, 1e-12);
  const all = of(table, "All");
  near(all.estimate, (1 - .35 / 3 + .85 + .9) / 3, 1e-12);
  assert.equal(all.estimate!.toFixed(4), "0.8778");
  assert.deepEqual([all.n, all.clusters], [300, 100]);
  assert.ok(all.ci_lower! < all.estimate! && all.estimate! < all.ci_upper!);
  const own = of(table, "one");
  const floor = nullLevel({ shares: PEOPLE, positions: [1, 2, 3, 4], n: 100 })!;
  near(own.noise_floor, 1 - floor.wasserstein! / 3, 1e-12);
  // Of 100 and 400 a fifth of what they say together is of the first.
  const pooled = PEOPLE.map((share, at) => .8 * share + .2 * [.5, .3, .15, .05][at]!);
  const level = nullLevel({ shares: pooled, positions: [1, 2, 3, 4], n: 100, m: 400 })!;
  near(own.null_level, 1 - level.wasserstein! / 3, 1e-12);
  near(own.beyond_null, own.null_level! - own.estimate!, 1e-12);
  near(own.uniform, alignmentOf([1, 1, 1, 1], PEOPLE, [1, 2, 3, 4]), 1e-12);
  const half = nullLevel({ shares: PEOPLE, positions: [1, 2, 3, 4], n: 200, m: 200 })!;
  near(own.ceiling, 1 - half.wasserstein! / 3, 1e-12);
  assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
});

Deno.test("refusals are apart, and bound what alignment could be", () => {
  const rows = [
    ...given(FOUR, [45, 27, 14, 4], { reply_class: "answer" }),
    ...given(FOUR, [10], { reply_class: "refusal" }, 90).map((row) => ({ ...row, option: null })),
  ];
  const own = of(measured(rows), "four");
  assert.deepEqual([own.n, own.clusters], [90, 90]);
  near(own.unanswered, .1, 1e-12);
  near(own.estimate, alignmentOf([45, 27, 14, 4], PEOPLE, [1, 2, 3, 4]), 1e-12);
  near(own.if_answered_lower, own.estimate! - .1, 1e-12);
  near(own.if_answered_upper, own.estimate! + .1, 1e-12);
  // The worked example: .8333 with a tenth refused lies in [.7333, .9333].
  const half = of(
    measured([
      ...given(FOUR, [9, 18, 27, 36], { reply_class: "answer" }),
      ...given(FOUR, [10], { reply_class: "both" }, 90).map((row) => ({ ...row, option: null })),
    ], { reference: people(...sharesOf(FOUR, [1, 1, 1, 1])) }),
    "four",
  );
  near(half.if_answered_lower, 0.733333333333333, 1e-12);
  near(half.if_answered_upper, 0.933333333333333, 1e-12);
  // An option that is a refusal is none of those compared.
  const with_: Question = {
    question: "four",
    options: [...FOUR.options, { option: "5", label: "Refused", position: null, role: "refusal" }],
  };
  const chosen = of(
    measured(given(FOUR, [45, 27, 14, 4, 10]), { questions: [with_] }),
    "four",
  );
  near(chosen.estimate, own.estimate, 1e-12);
  near(chosen.unanswered, .1, 1e-12);
});

Deno.test("refusals of the worked example are a fifth, and no part of the shares", () => {
  const rows = [
    ...given(FOUR, [40, 30, 20, 10], { reply_class: "answer" }),
    ...given(FOUR, [25], { reply_class: "refusal" }, 100).map((row) => ({ ...row, option: null })),
  ];
  const own = of(
    measured(rows, { reference: people(...sharesOf(FOUR, [.4, .3, .2, .1])) }),
    "four",
  );
  near(own.unanswered, .2, 1e-12);
  near(own.estimate, 1, 1e-12);
});

// The definition in R, weights and households included.
Deno.test("weighted alignment and its jackknife by household are R's", () => {
  const { x, r: shares, household, weight, answers: given, alignment: expected, se } = r.weighted;
  const questions = x.map((positions, at) => questionOf(`q${at}`, positions));
  const rows = given.flatMap((column, question) =>
    column.map((option, respondent) => ({
      respondent,
      cluster: household[respondent]!,
      weight: weight[respondent]!,
      question: `q${question}`,
      option: option === null ? null : String(option),
    }))
  );
  const table = alignment(answers(rows), {
    questions,
    reference: people(...questions.flatMap((question, at) => sharesOf(question, shares[at]!))),
    draws: 400,
  });
  ["q0", "q1", "q2", "All"].forEach((name, at) => {
    const own = of(table, name);
    near(own.estimate, expected[at], 1e-12);
    near(own.se, se[at], 1e-9);
    // The bootstrap draws the same households: its interval is about as wide as the jackknife's.
    const width = (own.boot_upper! - own.boot_lower!) / (2 * 1.96 * own.se!);
    assert.ok(width > .6 && width < 1.4, `${name}: ${width}`);
  });
  const answered = given[0]!.keys().toArray().filter((at) => given[0]![at] !== null);
  const held = new Map<number, number>();
  for (const at of answered) {
    held.set(household[at]!, (held.get(household[at]!) ?? 0) + weight[at]!);
  }
  const total = [...held.values()].reduce((a, b) => a + b);
  const squares = [...held.values()].reduce((sum, one) => sum + one ** 2, 0);
  near(of(table, "q0").n_effective, total ** 2 / squares, 1e-9);
});

Deno.test("whole weights count as copies, in every estimate", () => {
  const weights = [3, 1, 2, 1];
  const weighted = FOUR.options.flatMap(({ option }, at) =>
    [0, 1].map((twin) => ({
      respondent: 2 * at + twin,
      question: "four",
      option,
      weight: weights[at],
    }))
  );
  const copied = given(FOUR, weights.map((weight) => 2 * weight));
  near(of(measured(weighted), "four").estimate, of(measured(copied), "four").estimate, 1e-12);
  // Kish: (Σw)² / Σw² of 3 3 1 1 2 2 1 1.
  near(of(measured(weighted), "four").n_effective, 14 ** 2 / 30, 1e-12);
});

Deno.test("options without an order have distances, and no alignment", () => {
  const bag = questionOf("bag", [null, null, null]);
  const rows = given(bag, [50, 30, 20]);
  const reference = people(...sharesOf(bag, [.4, .4, .2]));
  const table = measured(rows, { questions: [bag], reference });
  near(of(table, "bag", "total_variation").estimate, .1, 1e-12);
  assert.equal(table.height, 2);
  const level = nullLevel({ shares: [.4, .4, .2], n: 100 })!;
  const { noise_floor, null_level, beyond_null, estimate } = of(table, "bag", "total_variation");
  near(noise_floor, level.totalVariation, 1e-12);
  near(null_level, level.totalVariation, 1e-12);
  near(beyond_null, estimate! - null_level!, 1e-12);
  near(of(table, "bag", "jensen_shannon").null_level, level.jensenShannon, 1e-12);
  assert.throws(
    () => measured(rows, { questions: [bag], reference, measures: ["alignment"] }),
    /question bag have no order, so that it has no alignment: .* total_variation or jensen_shannon/,
  );
  assert.throws(
    () => measured(given(FOUR, [1, 1, 1, 1]), { questions: [questionOf("four", [2, 2, 2, 2])] }),
    /Question four: all positions are equal/,
  );
});

Deno.test("alignment() by group takes each group's people", () => {
  const rows = [
    ...given(FOUR, [45, 40, 10, 5], { party: "D" }),
    ...given(FOUR, [15, 40, 30, 15], { party: "R" }, 100),
  ];
  const reference = people(
    ...sharesOf(FOUR, [.45, .4, .1, .05], { party: "D" }),
    ...sharesOf(FOUR, PEOPLE, { party: "R" }),
  );
  const table = measured(rows, { by: ["party"], reference });
  const [d, r] = rows_(table);
  assert.deepEqual([d!.party, d!.estimate], ["D", 1]);
  near(r!.estimate as number, 1 - .35 / 3, 1e-12);
  assert.throws(
    () => measured(rows, { reference }),
    /option 1 of question four twice, in row 5: choose one year, attribute and group/,
  );
  assert.throws(
    () => measured(rows, { by: ["part"], reference }),
    /no factor part: did you mean party/,
  );
});
const rows_ = (table: DataFrame) => rows(table, Row) as unknown as Record<string, unknown>[];

Deno.test("a reference that does not fit its questions is refused, with the row", () => {
  const rows = given(FOUR, [1, 2, 3, 4]);
  const refused = (reference: DataFrame, what: RegExp) =>
    assert.throws(() => measured(rows, { reference }), what);
  refused(people(...sharesOf(FOUR, PEOPLE).slice(1)), /question four has no share of option 1/);
  refused(
    people(...sharesOf(FOUR, PEOPLE), { question: "four", option: "9", share: 0 }),
    /Row 5 of the reference has option 9 of question four, whose answers are 1, 2, 3, 4/,
  );
  refused(
    people(...sharesOf(FIVE, [1, 1, 1, 1, 1])),
    /The reference has none of the questions four/,
  );
  refused(pl.DataFrame({ question: ["four"] }), /The reference has no column option, share/);
  refused(people(...sharesOf(FOUR, [1, 1, 1, -1])), /Row 4 of the reference has share -1/);
});

const Floor = z.object({
  n: z.number(),
  noise_floor: z.number(),
  noise_lower: z.number(),
  noise_upper: z.number(),
});

// numpy: 4,000 multinomial samples of each size, 5–95 %.
Deno.test("noiseFloor() is that of a perfect simulator", () => {
  const table = noiseFloor({
    questions: [FOUR],
    reference: people(...sharesOf(FOUR, PEOPLE)),
    sizes: [50, 100, 200, 500, 1000],
    draws: 1500,
  });
  const found = rows(table, Floor);
  [.955, .968, .977, .986, .990].forEach((mean, at) => close(found[at]!.noise_floor, mean, .0015));
  close(found[0]!.noise_lower, .913, .006);
  close(found[0]!.noise_upper, .987, .004);
  close(found[4]!.noise_lower, .980, .002);
  close(found[4]!.noise_upper, .997, .001);
  assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
});

Deno.test("levels are compared in the same respondents, and unequal numbers refused", () => {
  const base = { questions: [FOUR], reference: people(...sharesOf(FOUR, PEOPLE)), draws: 200 };
  const levels = (meta: readonly object[], other: readonly object[]) =>
    compareAlignment(answers([...meta, ...other]), { ...base, factor: "form", against: "meta" });
  const meta = given(FOUR, [30, 40, 20, 10], { form: "meta" });
  const free = given(FOUR, [50, 30, 15, 5], { form: "free" });
  const [row] = rows_(levels(meta, free));
  near(row!.score_against as number, 1, 1e-12);
  near(row!.score as number, 1 - .35 / 3, 1e-12);
  near(row!.estimate as number, -.35 / 3, 1e-12);
  // The base may be as near as can be, and is: the difference may be larger, and not smaller.
  near(
    row!.ci_upper as number,
    (row!.estimate as number) + 1.959963984540054 * (row!.se as number),
    1e-9,
  );
  assert.ok((row!.ci_upper as number) < 0);
  assert.ok((row!.boot_lower as number) < (row!.estimate as number));
  assert.deepEqual([row!.n, row!.n_against, row!.unpaired], [100, 100, 0]);
  // Half of them gave no answer in one form: the same half counts in both.
  const [paired] = rows_(levels(meta, free.filter((_, at) => at % 2 === 0)));
  assert.deepEqual([paired!.n, paired!.n_against, paired!.unpaired_against], [50, 50, 50]);
  // Other respondents, and fewer of them: chance alone would make the smaller sample worse.
  const fewer = given(FOUR, [15, 20, 10, 5], { form: "free" }, 1000);
  assert.throws(
    () => levels(meta, fewer),
    /Question four has 50 and 100 answers at two levels of form, whose scores differ by 0.013 from that alone/,
  );
  const [alike] = rows_(levels(meta, given(FOUR, [30, 40, 20, 10], { form: "free" }, 1000)));
  assert.deepEqual([alike!.estimate, alike!.n, alike!.unpaired], [0, 100, 0]);
  assert.throws(
    () => compareAlignment(answers(meta), { ...base, factor: "form", against: "meta" }),
    /form has the levels meta: two are compared, one of them meta/,
  );
  const made = levels(meta, free);
  assert.deepEqual(made.columns.filter((name) => !columnOf(name)?.meaning && name !== "form"), []);
});

Deno.test("human baselines are the worked example", () => {
  const group = (attribute: string, group: string, shares: readonly number[]) =>
    sharesOf(FOUR, shares, { attribute, group });
  const reference = people(
    ...group("all", "all", PEOPLE),
    ...group("party", "D", [.45, .4, .1, .05]),
    ...group("party", "I", PEOPLE),
    ...group("party", "R", [.15, .4, .3, .15]),
  );
  const baselines = groupBaselines(reference, { questions: [FOUR] });
  const found = rows_.call(
    null,
    baselines.withColumns(pl.lit("").alias("question"), pl.lit("").alias("measure")),
  );
  found.forEach(({ estimate }, at) =>
    near(estimate as number, [.883333333333333, 1, .883333333333333][at], 1e-12)
  );
  const [summary] = baselineSummary(baselines).toRecords() as Record<string, number | string>[];
  near(summary!.average as number, .922222222222222, 1e-12);
  near(summary!.worst as number, .883333333333333, 1e-12);
  assert.deepEqual([summary!.groups, summary!.worst_attribute], [3, "party"]);
  const between = groupBaselines(reference, {
    questions: [FOUR],
    against: { attribute: "party", group: "R" },
  }).toRecords() as Record<string, number | string>[];
  near(between.find(({ group }) => group === "D")!.estimate as number, .766666666666667, 1e-12);
  assert.deepEqual(between.map(({ group }) => group), ["D", "I"]);
  for (const table of [baselines, baselineSummary(baselines)]) {
    assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);
  }
  assert.throws(
    () => groupBaselines(reference, { questions: [FOUR], against: { attribute: "a", group: "b" } }),
    /The reference has no row of a b/,
  );
});

const declaredIn = (table: DataFrame, own: string) =>
  assert.deepEqual(
    table.columns.filter((name) => name !== own && !columnOf(name)?.meaning),
    [],
  );

Deno.test("groups are weighted, and the worst is told", () => {
  const alignments = frame(
    [["a", .9], ["b", .86], ["c", .78]].map(([group, estimate]) => ({ sex: group, estimate })),
    { sex: "text", estimate: "number" },
  );
  const table = overGroups(alignments, { group: "sex", weights: { a: .3, b: .45, c: .25 } });
  const [row] = table.toRecords() as Record<string, number | string>[];
  near(row!.weighted as number, .852, 1e-12);
  near(row!.unweighted as number, 2.54 / 3, 1e-12);
  assert.deepEqual([row!.worst, row!.worst_group, row!.groups], [.78, "c", 3]);
  declaredIn(table, "sex");
  assert.throws(
    () => overGroups(alignments, { group: "sex", weights: { a: 1 } }),
    /No weight is given for b, c/,
  );
  assert.throws(
    () => overGroups(pl.concat([alignments, alignments]), { group: "sex", weights: {} }),
    /Group a is there twice/,
  );
});

Deno.test("steering is the worked example, each context told apart", () => {
  const rows = [["D", .82, .86, .8], ["R", .7, .78, .74], ["65+", .72, .72, .69]] as const;
  const alignments = frame(
    rows.flatMap(([group, none, bio, portray]) =>
      ([["none", none], ["bio", bio], ["portray", portray]] as const)
        .map(([context, estimate]) => ({ group, context, estimate }))
    ),
    { group: "text", context: "text", estimate: "number" },
  );
  const groups = steerability(alignments, { group: "group", context: "context", against: "none" });
  const found = groups.toRecords() as Record<string, number | string>[];
  found.forEach(({ gain }, at) => close(gain as number, [.04, .08, 0][at], 1e-12));
  assert.deepEqual(found.map(({ best_context }) => best_context), ["bio", "bio", "bio"]);
  close(found[0]!.mean_gain as number, .01, 1e-12);
  const [summary] = steering(groups).toRecords() as Record<string, number>[];
  near(summary!.unsteered, 2.24 / 3, 1e-12);
  near(summary!.steered, 2.36 / 3, 1e-12);
  near(summary!.range_unsteered, .12, 1e-12);
  near(summary!.range_steered, .14, 1e-12);
  near(summary!.slope, 1.7696 / 1.6808, 1e-12);
  assert.equal(summary!.slope!.toFixed(3), "1.053");
  declaredIn(groups, "context");
  declaredIn(steering(groups), "");
  assert.throws(
    () => steerability(alignments, { group: "group", context: "context", against: "no" }),
    /Group D has no context no to compare with/,
  );
});

Deno.test("consistency is the worked example; a tie decides nothing", () => {
  const best = (attribute: string, winners: readonly string[], all: readonly string[]) =>
    winners.flatMap((winner, topic) =>
      all.map((group) => ({
        attribute,
        group,
        topic: `t${topic}`,
        question: `t${topic}`,
        estimate: group === winner ? .9 : .8,
      }))
    );
  const kinds = {
    attribute: "text",
    group: "text",
    topic: "text",
    question: "text",
    estimate: "number",
  } as const;
  const table = consistency(frame([
    ...best("party", ["D", "D", "R", "D"], ["D", "R"]),
    ...best("income", ["low", "high", "low", "mid"], ["low", "mid", "high"]),
  ], kinds));
  const [party, income, all] = table.toRecords() as Record<string, number | string | null>[];
  assert.deepEqual([party!.best_group, party!.agreeing, party!.consistency], ["D", 3, .75]);
  assert.deepEqual([income!.best_group, income!.agreeing, income!.consistency], ["low", 2, .5]);
  assert.deepEqual([all!.attribute, all!.consistency], ["All", .625]);
  declaredIn(table, "");
  const tied = consistency(frame(best("a", ["x", "y"], ["x", "y"]), kinds))
    .toRecords() as Record<string, number | string | null>[];
  assert.deepEqual([tied[0]!.best_group, tied[0]!.consistency, tied[1]!.consistency], [
    null,
    null,
    null,
  ]);
});

Deno.test("fromTokens() is the worked example", () => {
  const seen = [
    { token: "A", logprob: -.3 },
    { token: " B", logprob: -1.6 },
    { token: "C", logprob: -3.2 },
  ];
  const [a, b, c, d] = fromTokens(seen, ["A", "B", "C", "D"])!;
  near(d, 1 - Math.exp(-.3) - Math.exp(-1.6) - Math.exp(-3.2), 1e-9);
  assert.deepEqual([a, b, c, d].map((share) => share!.toFixed(3)), [
    "0.741",
    "0.202",
    "0.041",
    "0.017",
  ]);
  // Of "B" and " B" the more probable counts; with little left unseen options have at most the least seen.
  const two = fromTokens([{ token: "B", logprob: -3 }, { token: " B", logprob: -1 }], ["A", "B"])!;
  near(two[0]! / two[1]!, (1 - Math.exp(-1) - Math.exp(-3)) > Math.exp(-1) ? 1 : 0, 1e-12);
  assert.equal(fromTokens([{ token: "x", logprob: -1 }], ["A", "B"]), null);
  assert.throws(() => fromTokens([{ token: "A", logprob: 1 }], ["A"]), /0 or less: got 1 of A/);
});

Deno.test("with one respondent there is no interval, and without answers nothing", () => {
  const own = of(measured(given(FOUR, [1, 0, 0, 0])), "four");
  assert.deepEqual([own.se, own.ci_lower, own.n], [null, null, 1]);
  const none = of(measured([{ respondent: 1, question: "four", option: null }]), "four");
  assert.deepEqual(
    [none.estimate, none.noise_floor, none.null_level, none.beyond_null, none.unanswered, none.n],
    [null, null, null, null, 1, 0],
  );
  each([1, 2], (seed) => assert.ok(measured(given(FOUR, [5, 3, 2, 1]), { seed }).height === 1));
});
