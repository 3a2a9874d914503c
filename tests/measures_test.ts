/** Scores, shares and comparisons by any factors, against R and by hand. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { frame, series } from "lib/frames.ts";
import { compare, scores, shares } from "lib/measures.ts";
import { seeded } from "lib/random.ts";
import { close, each, near } from "./near.ts";
import { likert } from "./sheets.ts";
import r from "./reference/measures.json" with { type: "json" };

type Row = Record<string, string | number | null>;

/** A scale of two items, the second reversed, and one of a single item; from 1 to 5. */
const short = likert("sum", ["A", "B"], ["A", "-A", "B"]);

const ITEMS = frame(
  short.items.map(({ number, scale }) => ({ item: number, scale })),
  { item: "integer", scale: "text" },
);
const ANSWERS = [1, 2, 3].flatMap((number) => [`answer ${number}`, `score ${number}`]);

/** Sheets of the short instrument; `answers` of its three items, and any columns besides. */
function sheets(rows: readonly (Row & { answers?: never })[], answers: (number | null)[][]) {
  const columns = Object.keys(rows[0]!);
  const kind = (name: string) =>
    rows.every((row) => row[name] === null || typeof row[name] === "number") ? "number" : "text";
  const records = rows.map((row, at) => {
    const [one, two, three] = answers[at]!;
    const scored = [one, one, two, two === null ? null : 6 - two!, three, three];
    return { ...row, ...Object.fromEntries(ANSWERS.map((name, place) => [name, scored[place]])) };
  });
  const kinds = columns.map((name) => [name, kind(name)] as const);
  const all = [...kinds, ...ANSWERS.map((name) => [name, "integer"] as const)];
  return { items: ITEMS, sheets: frame(records, Object.fromEntries(all)) };
}

const records = (table: DataFrame): Row[] => table.toRecords() as Row[];
function row(table: DataFrame, keys: Row): Row {
  const found = records(table).filter((row) =>
    Object.entries(keys).every(([name, value]) => row[name] === value)
  );
  assert.equal(found.length, 1, JSON.stringify(keys));
  return found[0]!;
}

/** The sheets of the file from R, with what is asked for of cluster and weight. */
function given(more: readonly ("cluster" | "weight")[] = []) {
  const { respondent, model, prompt, a1, a2, a3 } = r.data;
  return sheets(
    respondent.map((one, at) => ({
      respondent: one,
      model: model[at]!,
      prompt: prompt[at]!,
      ...Object.fromEntries(more.map((name) => [name, r.data[name][at]!])),
    })),
    respondent.map((_, at) => [a1[at]!, a2[at]!, a3[at]!]),
  );
}
const whole = () => given(["cluster", "weight"]);

// lm(weights) and sandwich::vcovCL(type = "HC0", cadjust = TRUE)
Deno.test("scores by two factors, with weights and clusters, are R's", () => {
  const table = scores(whole(), short, { by: ["prompt", "model"] });
  assert.equal(table.height, 8);
  each(r.scores, ({ prompt, model, ...expected }) => {
    const own = row(table, { prompt, model, scale: "A" });
    assert.deepEqual(
      [own.n, own.missing, own.respondents, own.df],
      [expected.n, expected.missing, expected.respondents, expected.df],
    );
    near(own.mean as number, expected.estimate, 1e-12);
    near(own.sd as number, expected.sd, 1e-12);
    near(own.se as number, expected.se, 1e-11);
    near(own.ci_lower as number, expected.limits[0]!, 1e-11);
    near(own.ci_upper as number, expected.limits[1]!, 1e-11);
  });
});

// As above, of 0 and 1; Wilson's formula at p(1 − p) / se².
Deno.test("shares of an item's options, with weights and clusters, are R's", () => {
  const table = shares(whole(), { of: 3, by: ["prompt"], refusals: [9] });
  assert.equal(table.height, 10);
  each(r.shares, ({ prompt, value, ...expected }) => {
    const own = row(table, { prompt, variable: "item 3", value: String(value) });
    assert.deepEqual(
      [own.n, own.missing, own.refused, own.count],
      [expected.n, expected.missing, 0, expected.count],
    );
    near(own.share as number, expected.share, 1e-12);
    near(own.se as number, expected.se, 1e-11);
    near(own.effective_n as number, expected.effective, 1e-10);
    near(own.ci_lower as number, expected.limits[0]!, 1e-10);
    near(own.ci_upper as number, expected.limits[1]!, 1e-10);
  });
});

type Expected = Omit<(typeof r.unweighted.tests)[number], "h">;
function same(own: Row, expected: Partial<Expected>, holm?: number) {
  near(own.estimate as number, expected.estimate, 1e-11);
  near(own.se as number, expected.se, 1e-10);
  near(own.df as number, expected.df, 1e-10);
  near(own.p as number, expected.p, 1e-9);
  close(own.ci_lower as number, expected.limits![0]!, 1e-10);
  close(own.ci_upper as number, expected.limits![1]!, 1e-10);
  assert.equal(own.respondents, expected.pairs);
  if (holm !== undefined) near(own.p_holm as number, holm, 1e-9);
}

// aggregate(), merge(), t.test(paired = TRUE), p.adjust("holm")
Deno.test("compare() of scores without weights is R's paired t-test of respondents' means", () => {
  const only = { ...short, scales: ["A"] };
  const table = compare(given(), { of: only, factor: "prompt", against: "1", by: ["model"] });
  r.unweighted.tests.forEach((expected, at) => {
    const own = row(table, { model: expected.model, prompt: "2", against: "1" });
    same(own, expected, r.unweighted.holm[at]!);
    near(own.mean as number, expected.level, 1e-12);
    near(own.mean_against as number, expected.against, 1e-12);
    near(own.d_z as number, expected.d_z, 1e-11);
    near(own.d_av as number, expected.d_av, 1e-11);
    assert.deepEqual(
      [own.unpaired, own.unpaired_against, own.family],
      [expected.unpaired, expected.unpaired_against, 2],
    );
  });
});

// The same differences by lm(weights) and vcovCL().
Deno.test("compare() with weights and households is R's clustered regression", () => {
  const only = { ...short, scales: ["A"] };
  const table = compare(whole(), { of: only, factor: "prompt", against: "1", by: ["model"] });
  r.weighted.tests.forEach((expected, at) => {
    const own = row(table, { model: expected.model, prompt: "2" });
    same(own, expected, r.weighted.holm[at]!);
    near(own.d_z as number, expected.d_z, 1e-11);
    near(own.d_av as number, expected.d_av, 1e-11);
  });
});

Deno.test("compare() of shares: risk differences and Cohen's h of respondents' shares are R's", () => {
  const table = compare(given(), { of: 3, factor: "prompt", against: "1" });
  each(r.item, (expected) => {
    const own = row(table, { variable: "item 3", value: String(expected.value) });
    same(own, expected);
    near(own.share as number, expected.level, 1e-12);
    near(own.h as number, expected.h, 1e-10);
  });
});

// expand.grid(): all patterns of signs
Deno.test("compare()'s sign flips are exact for few respondents, as in R", () => {
  const { sheets: all } = given();
  const few = { items: ITEMS, sheets: all.filter(all.getColumn("respondent").ltEq(12)) };
  const own = row(compare(few, { of: short, factor: "prompt", against: "1" }), { scale: "A" });
  assert.equal(own.informative, r.flip.informative);
  near(own.p_flip as number, r.flip.p, 1e-12);
});

/** Two respondents at two prompts, one of them twice at the second; a third at the first only. */
const HAND = sheets([
  { respondent: 1, prompt: "1" },
  { respondent: 1, prompt: "2" },
  { respondent: 1, prompt: "2" },
  { respondent: 2, prompt: "1" },
  { respondent: 2, prompt: "2" },
  { respondent: 3, prompt: "1" },
], [[1, 5, 1], [3, 3, 2], [5, 3, 9], [2, 4, null], [3, 3, 1], [5, 1, 5]]);

Deno.test("by hand: repetitions are averaged first, and who has one level only is told", () => {
  // A: prompt 1: 2, 4, 10; prompt 2: (6, 8), 6. Differences 5 and 2: mean 3.5, sd 4.5^½, t 7/3.
  const own = row(compare(HAND, { of: short, factor: "prompt", against: "1" }), { scale: "A" });
  assert.deepEqual(
    [own.respondents, own.clusters, own.unpaired, own.unpaired_against, own.informative],
    [2, 2, 0, 1, 2],
  );
  assert.deepEqual([own.mean, own.mean_against, own.estimate], [6.5, 3, 3.5]);
  near(own.se as number, 1.5, 1e-14);
  // P(|T| > 7/3), 1 df, is 1 − 2/π · atan(7/3); both signs alike in 2 of 4 patterns.
  near(own.p as number, 1 - 2 / Math.PI * Math.atan(7 / 3), 1e-13);
  assert.equal(own.p_flip, 0.5);
  near(own.d_z as number, 3.5 / Math.sqrt(4.5), 1e-14);
  near(own.d_av as number, 3.5 / Math.sqrt((0.5 + 2) / 2), 1e-14);
  const [a, b] = [scores(HAND, short, { by: ["prompt"] }), shares(HAND, { of: 3, refusals: [9] })];
  assert.deepEqual(
    records(a).map((
      { prompt, scale, n, missing, respondents, mean },
    ) => [prompt, scale, n, missing, respondents, mean]),
    [
      ["1", "A", 3, 0, 3, 16 / 3],
      ["1", "B", 2, 1, 2, 3],
      ["2", "A", 3, 0, 2, 20 / 3],
      ["2", "B", 3, 0, 2, 4],
    ],
  );
  // Of item 3 one answer is missing and one a refusal.
  assert.deepEqual(
    records(b).map((
      { value, n, missing, refused, count, share },
    ) => [value, n, missing, refused, count, share]),
    [["1", 4, 1, 1, 2, 0.5], ["2", 4, 1, 1, 1, 0.25], ["5", 4, 1, 1, 1, 0.25]],
  );
});

/** Every number of a table, to compare two that may differ by rounding. */
function alike(a: DataFrame, b: DataFrame, tolerance = 1e-10) {
  assert.deepEqual([a.columns, a.height], [b.columns, b.height]);
  const others = records(b);
  records(a).forEach((row, at) => {
    for (const [name, value] of Object.entries(row)) {
      const other = others[at]![name];
      if (typeof value === "number") close(value, other as number, tolerance, [name, at]);
      else assert.equal(value, other, name);
    }
  });
}

const ALL = (data: ReturnType<typeof given>) => [
  scores(data, short, { by: ["model", "prompt"] }),
  shares(data, { of: [1, 3, "model"], by: ["prompt"] }),
  compare(data, { of: short, factor: "prompt", against: "1", by: ["model"], draws: 500 }),
  compare(data, { of: [1, 3], factor: "model", against: "A", draws: 500 }),
];

Deno.test("the order of rows changes nothing, nor do weights that are all alike", () => {
  const data = whole(), { sheets: all } = data;
  const order = seeded("order").shuffled(Array.from({ length: all.height }, (_, at) => at));
  const mixed = all.withColumns(series("place", order, "number")).sort("place").drop("place");
  const before = ALL(data);
  ALL({ items: ITEMS, sheets: mixed }).forEach((table, at) => alike(table, before[at]!));
  const plain = given(["cluster"]);
  const twos = series("weight", Array(all.height).fill(2), "number");
  const heavy = { items: ITEMS, sheets: plain.sheets.withColumns(twos) };
  const light = ALL(plain);
  ALL(heavy).forEach((table, at) => alike(table, light[at]!));
});

Deno.test("levels by other names move their rows; the other way round, differences change sign", () => {
  const data = whole();
  const renamed = (names: Record<string, string>) => {
    const own = data.sheets.getColumn("prompt").toArray() as string[];
    const column = series("prompt", own.map((prompt) => names[prompt]!), "text");
    return { items: ITEMS, sheets: data.sheets.withColumns(column) };
  };
  const turned = renamed({ 1: "z", 2: "a" });
  const [table, other] = [data, turned].map((data) => scores(data, short, { by: ["prompt"] }));
  const numbers = (table: DataFrame, prompt: string) =>
    table.filter(pl.col("prompt").eq(pl.lit(prompt))).drop("prompt");
  alike(numbers(table!, "1"), numbers(other!, "z"), 0);
  alike(numbers(table!, "2"), numbers(other!, "a"), 0);
  const [there, back] = ["1", "2"].map((against) =>
    records(compare(data, { of: short, factor: "prompt", against, draws: 500 }))
  );
  there!.forEach((own, at) => {
    const turn = back![at]!;
    for (const name of ["estimate", "d_z", "d_av"]) {
      near(turn[name] as number, -(own[name] as number), 1e-12);
    }
    near(turn.ci_lower as number, -(own.ci_upper as number), 1e-12);
    for (const name of ["p", "p_flip", "p_holm"]) {
      near(turn[name] as number, own[name] as number, 1e-11);
    }
    assert.deepEqual([turn.unpaired, turn.mean], [own.unpaired_against, own.mean_against]);
  });
});

Deno.test("rows of weight 0 count for nothing, and respondents without a name are one each", () => {
  const kept = HAND.sheets.filter(HAND.sheets.getColumn("respondent").ltEq(2));
  const who = HAND.sheets.getColumn("respondent").toArray() as number[];
  const weights = series("weight", who.map((one) => one > 2 ? 0 : 1), "number");
  const weighted = HAND.sheets.withColumns(weights);
  alike(
    scores({ items: ITEMS, sheets: weighted }, short, { by: ["prompt"] }),
    scores({ items: ITEMS, sheets: kept }, short, { by: ["prompt"] }),
  );
  const nobody = { items: ITEMS, sheets: HAND.sheets.drop("respondent") };
  assert.equal(row(scores(nobody, short), { scale: "A" }).respondents, 6);
});

Deno.test("nothing varies: no p and no limits, and the sign flips still say something", () => {
  const prompts = ["1", "2"];
  const rows = [1, 2, 3].flatMap((respondent) => prompts.map((prompt) => ({ respondent, prompt })));
  const data = sheets(
    rows,
    rows.map(({ respondent, prompt }) => [respondent, 3, +(prompt === "2")]),
  );
  const table = compare(data, { of: short, factor: "prompt", against: "1" });
  const [a, b] = ["A", "B"].map((scale) => row(table, { scale }));
  assert.deepEqual([a!.estimate, a!.p, a!.p_flip, a!.d_z, a!.informative], [
    0,
    null,
    null,
    null,
    0,
  ]);
  assert.deepEqual(
    [
      b!.estimate,
      b!.se,
      b!.p,
      b!.ci_lower,
      b!.d_z,
      b!.p_flip,
      b!.p_flip_holm,
      b!.family,
      b!.flip_family,
    ],
    [1, 0, null, null, null, 0.25, 0.25, 0, 1],
  );
});

Deno.test("combinations that no row has stand only where the crossing is asked for", () => {
  const rows = [["x", "1"], ["x", "2"], ["y", "1"]].flatMap(([town, prompt]) =>
    [1, 2, 3].map((one) => ({ respondent: `${town}${one}`, town: town!, prompt: prompt! }))
  );
  const data = sheets(rows, rows.map((_, at) => [1 + at % 5, 3, 2]));
  const by = ["town", "prompt"];
  assert.equal(scores(data, short, { by }).height, 6);
  const crossed = scores(data, short, { by, crossed: true });
  assert.equal(crossed.height, 8);
  const { n, missing, clusters, ...rest } = row(crossed, { town: "y", prompt: "2", scale: "A" });
  assert.deepEqual([n, missing, clusters, rest.mean, rest.df], [0, 0, 0, null, null]);
  const options = { of: short, factor: "prompt", against: "1", by: ["town"] };
  assert.deepEqual(records(compare(data, options)).map(({ town }) => town), ["x", "x"]);
  const full = row(compare(data, { ...options, crossed: true }), { town: "y", scale: "A" });
  assert.deepEqual([full.respondents, full.unpaired_against, full.estimate, full.p], [
    0,
    3,
    null,
    null,
  ]);
  const listed = shares(data, { of: 3, values: [1, 2, 3] });
  assert.deepEqual(records(listed).map(({ value, share }) => [value, share]), [
    ["1", 0],
    ["2", 1],
    ["3", 0],
  ]);
});

Deno.test("levels stand in order, with a row for those that have none; whole numbers stay numbers", () => {
  const levels = ["N=10", "N=2", null, "Base"];
  const rows = levels.flatMap((condition) =>
    [1, 2].map((repetition) => ({ respondent: 1, condition, repetition }))
  );
  const data = sheets(rows, rows.map(({ repetition }) => [repetition, 3, 3]));
  const table = scores(data, short, { by: ["condition", "repetition"] });
  assert.deepEqual(
    records(table).filter(({ scale }) => scale === "A").map((
      row,
    ) => [row.condition, row.repetition]),
    [null, "Base", "N=2", "N=10"].flatMap((condition) => [[condition, 1], [condition, 2]]),
  );
  const against = compare(data, {
    of: short,
    factor: "condition",
    against: null,
    by: ["repetition"],
  });
  assert.equal(against.height, 12);
  assert.equal(row(against, { condition: "N=2", repetition: 2, scale: "A" }).against, null);
});

Deno.test("any frame is read: yes and no, and whole numbers of 64 bits", () => {
  const people = pl.DataFrame({ town: ["x", "x", "y"], voted: [true, false, true] })
    .withColumns(pl.Series("age", [20n, 30n, 30n]));
  const table = records(shares(people, { of: "voted", by: ["town"] }));
  assert.deepEqual(table.map(({ town, value, count }) => [town, value, count]), [
    ["x", "false", 1],
    ["x", "true", 1],
    ["y", "false", 0],
    ["y", "true", 1],
  ]);
  const [young] = records(shares(people, { of: "town", by: ["age", "voted"] }));
  assert.deepEqual([young!.age, young!.voted, young!.value, young!.share], [20, "true", "x", 1]);
});

Deno.test("three levels: every other one against the one named, in one family", () => {
  const rows = Array.from(
    { length: 30 },
    (_, at) => ({ respondent: at % 10, prompt: `p${at % 3}` }),
  );
  const { uniform } = seeded("three");
  const data = sheets(rows, rows.map(() => [1 + Math.floor(uniform() * 5), 3, 3]));
  const only = { ...short, scales: ["A"] };
  const table = compare(data, { of: only, factor: "prompt", against: "p1" });
  assert.deepEqual(records(table).map(({ prompt, family }) => [prompt, family]), [["p0", 2], [
    "p2",
    2,
  ]]);
});

Deno.test("what cannot be answered is said: factors, levels, items, assignment, weights", () => {
  const by = (...by: string[]) => () => scores(HAND, short, { by });
  assert.throws(by("promt"), /no factor promt: did you mean prompt\? There are prompt$/);
  assert.throws(by("prompt", "prompt"), /named once: prompt is twice/);
  assert.throws(by("respondent"), /no factor respondent/);
  assert.throws(
    () => compare(HAND, { of: short, factor: "prompt", against: "3" }),
    /prompt has no level 3: did you mean 1\? It has 2 levels: 1, 2$/,
  );
  assert.throws(() => shares(HAND, { of: 7 }), /no item 7: there is no column answer 7/);
  assert.throws(() => shares(HAND, { of: "gendr" }), /no column gendr/);
  assert.throws(
    () => scores(HAND, { ...short, scales: ["A", "Z"] }, {}),
    /have the scales A, B, and not Z: read those of Short with study\.sheets\("short"\)/,
  );
  const data = sheets(
    [1, 2, 3, 4].map((respondent) => ({
      respondent,
      prompt: respondent > 2 ? "2" : "1",
      mean: "x",
    })),
    Array(4).fill([1, 2, 3]),
  );
  assert.throws(
    () => compare(data, { of: short, factor: "prompt", against: "1" }),
    /No respondent has a number at prompt 1 and at another level \(1: 2 respondents; 2: 2 respondents\), and .* scores\(…, \{ by: \["prompt"\] \}\)/,
  );
  assert.throws(() => scores(data, short, { by: ["mean"] }), /a column mean of its own: rename/);
  assert.throws(
    () => compare(data, { of: short, factor: "mean", against: "x" }),
    /mean has one level, x|column mean of its own/,
  );
  const one = { of: short, factor: "prompt", against: "1" };
  assert.throws(() => compare(HAND, { ...one, by: ["prompt"] }), /a column prompt of its own/);
  assert.throws(
    () => compare(HAND, { ...one, by: "prompt" as unknown as string[] }),
    /`by` is a list of factors, such as \["model"\]: got the string "prompt"/,
  );
  assert.throws(() => compare(HAND.sheets, one), /sheets with their items.*: got a frame/);
  const weighed = (weights: (number | null)[]) =>
    scores(
      sheets(weights.map((weight) => ({ respondent: 1, weight })), weights.map(() => [1, 2, 3])),
      short,
    );
  assert.throws(() => weighed([0, 0]), /^Error: 1 respondent, and none weighs anything: /);
  assert.throws(() => weighed([1, null]), /1 of 2 rows have a weight that is none: row 2 has null/);
  assert.throws(() => weighed([1, -1]), /row 2 has -1/);
  assert.throws(
    () => weighed([1, 2]),
    /1 of 1 respondent have different clusters or weights .* respondent 1/,
  );
});
