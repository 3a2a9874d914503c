/** The ladder of forms: paired shifts, trends and decompositions against R and worked examples. */
import assert from "node:assert/strict";
import type { DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { frame, type Kind } from "lib/frames.ts";
import type { Question } from "lib/opinions/answers.ts";
import { alignmentTrend, decomposition, shifts, trends } from "lib/opinions/ladder.ts";
import { seeded } from "lib/random.ts";
import { crossedAnova, pageTrend, signFlip } from "lib/stats.ts";
import { close, near } from "./near.ts";
import r from "./reference/opinions_r.json" with { type: "json" };

const FORMS = ["meta", "objective", "descriptive"] as const;
const FOUR: Question = {
  question: "four",
  options: [1, 2, 3, 4].map((position) => ({
    option: String(position),
    label: `Option ${position}`,
    position,
  })),
  direction: "first",
};

type Found = Record<string, number | string | null>;
const found = (table: DataFrame) => table.toRecords() as Found[];
const declared = (table: DataFrame, ...own: string[]) =>
  assert.deepEqual(
    table.columns.filter((name) => !own.includes(name) && !columnOf(name)?.meaning),
    [],
  );

const KINDS: Record<string, Kind> = {
  respondent: "integer",
  cluster: "integer",
  weight: "number",
  form: "text",
  question: "text",
  option: "text",
};

/** The respondents of the file from R on three rungs. */
const answers = frame(
  r.ladder.rungs.flatMap((given, rung) =>
    given.map((option, respondent) => ({
      respondent,
      cluster: r.weighted.household[respondent]!,
      weight: r.weighted.weight[respondent]!,
      form: FORMS[rung],
      question: "four",
      option: option === null ? null : String(option),
    }))
  ),
  KINDS,
);

function tested(own: Found, expected: typeof r.ladder.shift) {
  assert.deepEqual([own.n, own.clusters, own.df], [
    expected.n,
    expected.clusters,
    expected.df,
  ]);
  near(own.estimate as number, expected.estimate, 1e-11);
  near(own.se as number, expected.se, 1e-9);
  near(own.ci_lower as number, expected.limits[0], 1e-9);
  near(own.ci_upper as number, expected.limits[1], 1e-9);
}

// lm(weights) and sandwich::vcovCL of the differences of complete pairs.
Deno.test("shifts() are R's weighted mean of differences, by household", () => {
  const table = shifts(answers, {
    questions: [FOUR],
    factor: "form",
    against: "meta",
    level: "descriptive",
    draws: 400,
  });
  const [own] = found(table) as [Found];
  tested(own, r.ladder.shift);
  near(own.p as number, r.ladder.shift.p, 1e-9);
  near((own.mean as number) - (own.mean_against as number), own.estimate as number, 1e-12);
  const width = ((own.boot_upper as number) - (own.boot_lower as number)) /
    ((own.ci_upper as number) - (own.ci_lower as number));
  assert.ok(width > .7 && width < 1.2, String(width));
  declared(table, "form");
  // The other direction is the same shift with another sign.
  const [turned] = found(shifts(answers, {
    questions: [{ ...FOUR, direction: "last" }],
    factor: "form",
    against: "meta",
    level: "descriptive",
    draws: 10,
  })) as [Found];
  near(turned.estimate as number, -(own.estimate as number), 1e-12);
});

// The slope of each respondent by lm(), then as above.
Deno.test("trends() are R's slopes, with Page's L of the respondents", () => {
  const table = trends(answers, { questions: [FOUR], factor: "form", rungs: FORMS });
  const [own] = found(table) as [Found];
  tested(own, r.ladder.slope);
  const complete = r.ladder.rungs[0]!.keys().toArray()
    .filter((at) => r.ladder.rungs.every((given) => given[at] !== null));
  const rows = complete.map((at) => r.ladder.rungs.map((given) => (4 - given[at]!) / 3));
  const page = pageTrend(rows, complete.map((at) => r.weighted.weight[at]!));
  near(own.page_l as number, page.L, 1e-12);
  near(own.p as number, page.p, 1e-12);
  assert.equal(own.incomplete, r.weighted.weight.length - complete.length);
  declared(table, "form");
});

const simple = (rows: readonly object[]) => {
  const { cluster: _, weight: __, ...kinds } = KINDS;
  return frame(rows, kinds);
};
const asked = (values: readonly (readonly number[])[], question = "four") =>
  values.flatMap((row, respondent) =>
    row.map((option, rung) => ({
      respondent,
      form: FORMS[rung],
      question,
      option: String(option),
    }))
  );

Deno.test("shifts and trends by hand", () => {
  // Towards the first option by one third, by none, and by all of the scale.
  const rows = [[2, 2, 1], [3, 3, 3], [4, 2, 1]];
  const of = { questions: [FOUR], factor: "form", draws: 50 };
  const [shift] = found(
    shifts(simple(asked(rows)), { ...of, against: "meta", level: "descriptive" }),
  );
  near(shift!.estimate as number, (1 / 3 + 0 + 1) / 3, 1e-12);
  near(shift!.mean_against as number, (2 / 3 + 1 / 3 + 0) / 3, 1e-12);
  // Both that shift go one way: one of four patterns of signs on either side.
  assert.equal(shift!.p_flip, signFlip([1 / 3, 1], { uniform: () => 0 }).p);
  const [trend] = found(trends(simple(asked(rows)), { ...of, rungs: FORMS }));
  near(trend!.estimate as number, (1 / 6 + 0 + 1 / 2) / 3, 1e-12);
  // Ranks 1.5 1.5 3, 2 2 2 and 1 2 3.
  assert.deepEqual([trend!.page_l, trend!.page_expected], [13.5 + 12 + 14, 36]);
  // Of three questions one has no order and one no direction: neither has a shift with a sign.
  const others: Question[] = [
    FOUR,
    { ...FOUR, question: "undirected", direction: null },
    {
      question: "bag",
      options: FOUR.options.map((option) => ({ ...option, position: null })),
      direction: "first",
    },
  ];
  const all = [...asked(rows), ...asked(rows, "bag"), ...asked(rows, "undirected")];
  const table = shifts(simple(all), {
    ...of,
    questions: others,
    against: "meta",
    level: "descriptive",
  });
  assert.deepEqual(found(table).map(({ question }) => question), ["four"]);
  assert.throws(
    () => trends(simple(all), { questions: others.slice(1), factor: "form", rungs: FORMS }),
    /No question has options with an order and a direction/,
  );
  assert.throws(
    () => trends(simple(all), { ...of, rungs: ["meta", "free"] }),
    /form has the levels descriptive, meta, objective: .* got meta, free/,
  );
});

Deno.test("Holm's p are over all questions; over all of them a respondent counts with all", () => {
  const random = seeded("holm");
  const two = { ...FOUR, question: "two" };
  const values = Array.from(
    { length: 150 },
    () =>
      [0, .4, .8].map((drift) => 1 + Math.min(3, Math.floor(4 * random.uniform() ** (1 + drift)))),
  );
  const rows = [...asked(values), ...asked(values, "two")];
  const of = { questions: [FOUR, two], factor: "form" };
  const shifted = found(
    shifts(simple(rows), { ...of, against: "meta", level: "descriptive", draws: 20 }),
  );
  assert.equal(shifted.length, 2);
  assert.equal(shifted[0]!.family, 2);
  near(shifted[0]!.p_holm as number, 2 * (shifted[0]!.p as number), 1e-12);
  const [one, , all] = found(trends(simple(rows), { ...of, rungs: FORMS })) as [
    Found,
    Found,
    Found,
  ];
  assert.deepEqual([all.question, all.n, all.clusters, all.p], ["All", 300, 150, null]);
  // The same answers twice tell nothing more.
  near(all.estimate as number, one.estimate as number, 1e-12);
  near(all.se as number, one.se as number, 1e-9);
  close(all.p_flip as number, one.p_flip as number, .005);
});

Deno.test("alignmentTrend() is the worked example", () => {
  const rungs = ["none", "demographics", "some", "biography"];
  const ladder = [
    [.70, .74, .73, .80],
    [.60, .66, .70, .69],
    [.81, .80, .84, .88],
    [.55, .60, .66, .72],
    [.77, .79, .78, .83],
  ];
  const scores = frame(
    ladder.flatMap((row, question) =>
      row.map((estimate, rung) => ({
        question: `q${question}`,
        form: rungs[rung],
        measure: "alignment",
        estimate,
        beyond_null: 1 - estimate,
      }))
    ),
    {
      question: "text",
      form: "text",
      measure: "text",
      estimate: "number",
      beyond_null: "number",
    },
  );
  const table = alignmentTrend(scores, { factor: "form", rungs });
  const [own] = found(table) as [Found];
  near(own.estimate as number, .0318, 1e-12);
  near(own.se as number, 0.00674091981854109, 1e-10);
  near(own.ci_lower as number, 0.0130842061652808, 1e-9);
  near(own.ci_upper as number, 0.0505157938347192, 1e-9);
  assert.equal(own.page_l, 146);
  near(own.p_rising as number, 0.000175319090781922, 1e-9);
  // Only one of the five never falls; signs alone say nothing of that.
  assert.deepEqual([own.falling, own.rising, own.p, own.questions], [0, 1, 1, 5]);
  const [excess] = found(alignmentTrend(scores, { factor: "form", rungs, of: "beyond_null" }));
  near(excess!.p_falling as number, own.p_rising as number, 1e-9);
  declared(table);
  assert.throws(
    () => alignmentTrend(scores, { factor: "form", rungs: ["none", "all"] }),
    /form has the levels none, demographics, some, biography: got none, all/,
  );
  assert.throws(() => alignmentTrend(scores, { factor: "shape", rungs }), /no column shape/);
});

Deno.test("decomposition() is the analysis of the empirical logits", () => {
  const random = seeded("decomposition");
  const vote: Question = { ...FOUR, question: "vote", options: FOUR.options.slice(0, 2) };
  const push: Record<string, number> = { a: -.8, b: .6, s: .3, t: -.3, meta: 0, descriptive: .9 };
  const rows: (Record<string, string | number>)[] = [];
  const cells: { value: number; levels: string[] }[] = [];
  let respondent = 0;
  for (const writer of ["a", "b"]) {
    for (const simulator of ["s", "t"]) {
      for (const form of ["meta", "descriptive"]) {
        for (const state of ["X", "Y", "Z"]) {
          const logit = push[writer]! + push[simulator]! + push[form]!;
          let yes = 0;
          for (let one = 0; one < 50; one++) {
            const first = random.uniform() < 1 / (1 + Math.exp(-logit));
            yes += Number(first);
            rows.push({
              respondent: respondent++,
              writer,
              simulator,
              form,
              stratum: state,
              question: "vote",
              option: first ? "1" : "2",
            });
          }
          cells.push({
            value: Math.log((yes + .5) / (50 - yes + .5)),
            levels: [writer, simulator, form],
          });
        }
      }
    }
  }
  const made = (of: typeof rows) =>
    frame(of, {
      respondent: "integer",
      writer: "text",
      simulator: "text",
      form: "text",
      stratum: "text",
      question: "text",
      option: "text",
    });
  const of = {
    questions: [vote],
    factors: ["writer", "simulator", "form"],
    terms: ["writer", "simulator", "form", "writer × simulator"],
    within: "stratum",
  };
  const table = decomposition(made(rows), of);
  const own = found(table);
  const { terms, residual } = crossedAnova(cells, [[0], [1], [2], [0, 1]]);
  assert.deepEqual(own.map(({ term }) => term), [...of.terms, "residual"]);
  [...terms, residual].forEach((term, at) => {
    near(own[at]!.sum_of_squares as number, term.sumOfSquares, 1e-9);
    near(own[at]!.F as number | null, term.F, 1e-9);
    near(own[at]!.p as number | null, term.p, 1e-8);
  });
  assert.ok((own[0]!.variance_share as number) > .3 && (own[2]!.variance_share as number) > .1);
  declared(table);
  // Personas that nobody wrote are no level; a cell that is not there is named.
  const bare = rows.map((row) => ({ ...row, writer: null })) as unknown as typeof rows;
  near(
    found(decomposition(made([...rows, ...bare]), of))[0]!.F as number,
    own[0]!.F as number,
    1e-9,
  );
  assert.throws(
    () =>
      decomposition(made(rows.filter(({ writer, form }) => writer === "a" || form === "meta")), of),
    /each of its 8 cells: 2 have none and 0 fewer than 3: the first is b, s, descriptive/,
  );
  assert.throws(
    () => decomposition(made(rows), { ...of, terms: ["writer × shape"] }),
    /Term writer × shape is no combination of writer, simulator, form/,
  );
});
