/** The tables beyond the paper's: small sheets by hand, planted faults that must be found, gaps. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { condition } from "lib/paper/conditions.ts";
import { applyCondition } from "lib/conditions.ts";
import { randomProfiles } from "lib/population.ts";
import { openDataset } from "lib/db.ts";
import { frame, type Kind } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument } from "lib/instruments.ts";
import { simulator, written } from "lib/validation/simulate.ts";
import { pearson, wilson } from "lib/stats.ts";
import {
  acquiescence,
  agreement,
  campbellFiske,
  collapse,
  copiedSheets,
  copying,
  diversity,
  duplicates,
  faults,
  multitrait,
} from "lib/paper/tables.ts";
import { as, restored, SMALL } from "./data.ts";
import { near } from "./near.ts";
import { administrations, type Answer, extravert, type Sheet } from "./sheets.ts";

type Row = Record<string, never>;

const rows = (table: DataFrame): Row[] => table.toRecords() as Row[];

/** The rows in which these columns have these values. */
const all = (table: DataFrame, keys: Record<string, unknown>): Row[] =>
  rows(table).filter((row) =>
    Object.entries(keys).every(([key, value]) => (row[key] ?? null) === value)
  );

function one(table: DataFrame, keys: Record<string, unknown>): Row {
  const found = all(table, keys);
  assert.equal(found.length, 1, JSON.stringify(keys));
  return found[0]!;
}

const GPT4O = { model: "GPT-4o", condition: "Base" };
const same = (instrument: Instrument, answer: number): number[] =>
  instrument.items.map(() => answer);
const keyed = epqra.items.map(({ keyed }) => keyed!);

/** A BFI sheet with one score on all items of a trait. */
const rated = (scores: Record<string, number>): number[] =>
  bfi44.items.map(({ scale, reverse }) => reverse ? 6 - scores[scale]! : scores[scale]!);

Deno.test("multitrait() correlates the scores of profiles that have all nine, without bare profiles", () => {
  const points = [0, 2, 3, 5, 6, 1], e = [1, 3, 2, 4, 5, 3];
  const scores = (profile: number) => ({ E: e[profile]!, N: 1 + profile % 3, A: 2, C: 3, O: 4 });
  const own = points.map((of, profile): Sheet => ({ profile, answers: extravert(of) }));
  const bfi = points.map((_, profile): Sheet => ({ profile, answers: rated(scores(profile)) }));
  const gap: Answer[] = extravert(6);
  gap[1] = null;
  const table = multitrait(
    administrations(epqra, [...own, { profile: 7, answers: gap }]),
    administrations(bfi44, [
      ...bfi,
      { profile: 7, answers: rated({ E: 5, N: 5, A: 2, C: 3, O: 4 }) },
      ...points.map((_, profile): Sheet => ({
        profile,
        population: "spain826",
        answers: same(bfi44, 1 + profile % 5),
      })),
    ]),
  );
  assert.equal(table.height, 5 * 45);
  const validity = one(table, { model: "GPT-4o", kind: "validity", row_scale: "E" });
  near(validity.estimate, pearson(points, e).r, 1e-14);
  assert.equal(validity.n, 6);
  assert.ok(validity.ci_lower! < validity.estimate! && validity.estimate! < validity.ci_upper!);
  // One score on all items of the trait: every item is every other.
  const alpha = { model: "GPT-4o", kind: "reliability", row_method: "BFI-44", row_scale: "E" };
  near(one(table, alpha).estimate, 1, 1e-12);
  assert.equal(one(table, alpha).n, 7);
  assert.equal(one(table, { ...alpha, row_method: "EPQR-A" }).n, 6);
  // Agreeableness is the same in all.
  const constant = all(table, {
    model: "GPT-4o",
    row_scale: "A",
    kind: "heterotrait–heteromethod",
  });
  assert.deepEqual(constant.map(({ estimate }) => estimate ?? null), [null, null, null, null]);
  const absent = all(table, { model: "GPT-3.5" });
  assert.ok(absent.every(({ n, estimate }) => n === 0 && (estimate ?? null) === null));
});

function correlations(n: number): DataFrame {
  const pairs: [string, string, string, string, string, number][] = [
    ["BFI-44", "E", "EPQR-A", "E", "validity", 0.8],
    ["BFI-44", "N", "EPQR-A", "N", "validity", 0.4],
    ["EPQR-A", "N", "EPQR-A", "E", "heterotrait–monomethod", -0.85],
    ["BFI-44", "N", "BFI-44", "E", "heterotrait–monomethod", -0.2],
    ["BFI-44", "E", "EPQR-A", "N", "heterotrait–heteromethod", -0.7],
    ["BFI-44", "N", "EPQR-A", "E", "heterotrait–heteromethod", -0.3],
  ];
  const records = pairs.map(([row_method, row_scale, column_method, column_scale, kind, r]) => ({
    model: "GPT-4o",
    ...{ row_method, row_scale, column_method, column_scale, kind },
    n,
    estimate: r,
  }));
  const text = ["model", "row_method", "row_scale", "column_method", "column_scale", "kind"];
  return frame(records, {
    ...Object.fromEntries(text.map((name) => [name, "text" as Kind])),
    n: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
  });
}

Deno.test("campbellFiske() counts the comparisons that a validity wins, and those beyond error", () => {
  const table = campbellFiske(correlations(826)), small = campbellFiske(correlations(6));
  const counts = (of: DataFrame, trait: string, against: string) => {
    const { comparisons, larger, clearly, largest, pair } = one(of, { trait, against });
    return [comparisons, larger, clearly, largest, pair];
  };
  const crossed = "BFI-44 E with EPQR-A N";
  assert.deepEqual(counts(table, "E", "heteromethod"), [2, 2, 2, 0.7, crossed]);
  assert.deepEqual(counts(table, "E", "monomethod"), [2, 1, 1, 0.85, "EPQR-A E with EPQR-A N"]);
  assert.deepEqual(counts(table, "N", "heteromethod"), [2, 1, 1, 0.7, "EPQR-A N with BFI-44 E"]);
  assert.deepEqual(counts(table, "N", "monomethod"), [2, 1, 1, 0.85, "EPQR-A N with EPQR-A E"]);
  assert.deepEqual(counts(small, "E", "heteromethod"), [2, 2, 0, 0.7, crossed]);
  const nothing = campbellFiske(multitrait(administrations(epqra, []), administrations(bfi44, [])));
  assert.ok(rows(nothing).every(({ comparisons, n }) => comparisons === 0 && n === 0));
});

Deno.test("acquiescence() tells saying Yes from having the trait", () => {
  const gap: Answer[] = same(epqra, 1);
  gap[1] = null;
  const sheets: Sheet[] = [
    { profile: 1, answers: same(epqra, 1) },
    { profile: 2, answers: keyed },
    { profile: 3, answers: gap },
    { profile: 1, condition: "N=3", answers: same(epqra, 0) },
  ];
  const profiles = administrations(epqra, [{ profile: 1, answers: same(epqra, 0) }]);
  const table = acquiescence(administrations(epqra, sheets), epqra, profiles);
  const of = (measure: string, scale = "E", model = "GPT-4o", condition = "Base") =>
    one(table, { model, condition, scale, measure });
  // All Yes, and Yes to the four of six that are keyed so.
  near(of("raw").estimate, (1 + 4 / 6) / 2, 1e-15);
  assert.deepEqual([of("raw").n, of("raw").clusters, of("raw").forward, of("raw").reversed], [
    2,
    2,
    4,
    2,
  ]);
  // Half the range of two values ± t(0.975, 1 df).
  near(of("raw").ci_upper, 5 / 6 + 12.706204736174694 / 6, 1e-12);
  near(of("balanced").estimate, (1 + 0.5) / 2, 1e-15);
  near(of("both agreed").estimate, 0.5, 1e-15);
  assert.equal(of("both denied").estimate, 0);
  assert.equal(of("both denied", "E", "GPT-4o", "N=3").estimate, 1);
  // The sheet with a gap in E answers N.
  assert.equal(of("raw", "N").n, 3);
  assert.deepEqual([of("balanced", "N").estimate ?? null, of("balanced", "N").n], [null, 0]);
  // A profile of all No, as each condition shows it.
  const shown = (scale: string, condition: string) => of("raw", scale, "Profiles", condition);
  assert.deepEqual(["Base", "MaxN"].map((name) => shown("N", name).estimate), [0, 1]);
  assert.deepEqual(["Base", "MaxP"].map((name) => shown("P", name).estimate), [0, 0.5]);
  assert.deepEqual([shown("N", "N=3").estimate ?? null, shown("N", "N=3").n], [null, 0]);
});

Deno.test("acquiescence() of the BFI is 3 where only the trait answers", () => {
  const traits = { E: 5, N: 1, A: 4, C: 2, O: 3 };
  const measured = (answers: number[], scale: string) => {
    const given = administrations(bfi44, [
      { profile: 1, answers },
      { profile: 1, population: "spain826", answers: same(bfi44, 1) },
    ]);
    const table = acquiescence(given, bfi44);
    assert.ok(rows(table).every(({ condition }) => condition === "Base"));
    return ["raw", "balanced", "both agreed", "both denied"].map((measure) =>
      one(table, { ...GPT4O, scale, measure }).estimate
    );
  };
  for (const scale of bfi44.scales) assert.equal(measured(rated(traits), scale)[1], 3);
  assert.deepEqual(measured(same(bfi44, 5), "A"), [5, 5, 1, 0]);
  assert.deepEqual(measured(same(bfi44, 2), "A"), [2, 2, 0, 1]);
  assert.deepEqual(measured(same(bfi44, 3), "A"), [3, 3, 0, 0]);
});

const shown = (answers: number[], name: string): number[] =>
  applyCondition({ instrument: epqra, codebook: [] }, { id: 1, answers }, condition(name), 0)
    .answers;

Deno.test("copying() counts answers equal to the profile before and after the condition", () => {
  const before = [same(epqra, 0), same(epqra, 1)];
  const reference = administrations(
    epqra,
    before.map((answers, at) => ({ profile: at + 1, answers })),
  );
  const turned = shown(before[0]!, "MaxN");
  turned[1] = 1;
  const gap: Answer[] = [...shown(before[1]!, "MaxN")];
  gap[0] = null;
  const given = administrations(epqra, [
    { profile: 1, condition: "MaxN", answers: turned },
    { profile: 2, condition: "MaxN", answers: gap },
    { profile: 99, condition: "MaxN", answers: same(epqra, 0) },
    { profile: 1, condition: "N=3", answers: same(epqra, 0) },
    { profile: 1, answers: same(epqra, 0) },
    { profile: 2, answers: same(epqra, 0) },
  ]);
  const table = copying(given, reference);
  const of = (condition: string, against: string, scale: string, item: number | null = null) =>
    one(table, { model: "GPT-4o", condition, against, scale, item });
  // Profile 1 is all No and profile 2 all Yes; the sheet of profile 2 lacks item 1, which is of N.
  assert.deepEqual([of("MaxN", "profile", "N").n, of("MaxN", "profile", "N").clusters], [11, 2]);
  near(of("MaxN", "profile", "N").estimate, 5 / 11, 1e-15);
  assert.equal(of("MaxN", "shown", "N").estimate, 1);
  near(of("MaxN", "shown", "E").estimate, 11 / 12, 1e-15);
  near(of("MaxN", "shown", "All").estimate, 46 / 47, 1e-15);
  // All answers agree, and only the two clusters count.
  near(of("MaxN", "shown", "N").ci_lower, wilson({ count: 2, n: 2 }).ciLower, 1e-15);
  // Where all say Yes agreement is by chance and nothing is left to exceed it.
  assert.deepEqual([of("MaxN", "shown", "N").chance, of("MaxN", "shown", "N").excess ?? null], [
    1,
    null,
  ]);
  // On P the sheets are the profiles: one No, one Yes.
  assert.deepEqual([of("MaxN", "shown", "P").chance, of("MaxN", "shown", "P").excess], [0.5, 1]);
  // Item 2 was turned: Yes and Yes against No and Yes.
  const item = of("MaxN", "shown", "E", 2);
  assert.deepEqual([item.n, item.estimate, item.chance, item.excess], [2, 0.5, 0.5, 0]);
  assert.deepEqual(of("Base", "shown", "P"), { ...of("Base", "profile", "P"), against: "shown" });
  assert.equal(of("N=3", "profile", "P").estimate, 1);
  assert.deepEqual([of("N=3", "shown", "P").n, of("N=3", "shown", "P").estimate ?? null], [
    0,
    null,
  ]);
  assert.equal(all(table, { model: "GPT-4o", condition: "MaxN", against: "shown" }).length, 29);

  // Against the profile before it is Table A7's accuracy.
  for (const scale of epqra.scales) {
    const printed = agreement(given, reference, "tableA7", { mode: "corrected" });
    const { value } = one(printed, {
      model: "GPT-4o",
      condition: "MaxN",
      scale,
      metric: "accuracy",
    });
    near(100 * of("MaxN", "profile", scale).estimate!, value, 1e-14);
  }

  const whole = copiedSheets(given, reference);
  const sheets = (condition: string, against: string) => {
    const { n, count, estimate } = one(whole, { model: "GPT-4o", condition, against });
    return [n, count, estimate ?? null];
  };
  assert.deepEqual(sheets("MaxN", "shown"), [1, 0, 0]);
  assert.deepEqual(sheets("Base", "shown"), [2, 1, 0.5]);
  assert.deepEqual(sheets("N=3", "shown"), [0, 0, null]);
  assert.deepEqual(sheets("MaxP", "profile"), [0, 0, null]);
});

interface Someone {
  profile?: number | null;
  repetition?: number;
  name?: string | null;
  age?: number | null;
  gender?: string | null;
  location?: string | null;
  description?: string | null;
}

function people(given: readonly Someone[]): DataFrame {
  const records = given.map((person) => ({
    model: "gpt4o",
    model_print: "GPT-4o",
    population: "generated_gpt4o_spain826",
    population_print: "Base",
    profile: 1,
    repetition: 1,
    name: "Ana Vera",
    age: 34,
    gender: "female",
    race: "white",
    religious_belief: "christian",
    sexual_orientation: "heterosexual",
    political_orientation: "centre",
    occupation: "baker",
    location: "Murcia",
    description: "nothing",
    ...person,
  }));
  const numbers = ["profile", "repetition", "age"];
  const names = Object.keys(records[0] ?? {});
  const kind = (name: string): Kind => numbers.includes(name) ? "integer" : "text";
  return frame(records, Object.fromEntries(names.map((name) => [name, kind(name)])));
}

const BAKERY =
  "She runs a small bakery in Murcia and closes it every afternoon to walk by the river.";
const BUS =
  "He drives the night bus, counts the stops and lists the arguments that he has ever lost.";

Deno.test("duplicates() finds what was planted, whatever its case and space, and nothing else", () => {
  const table = duplicates(people([
    { profile: 1, description: BAKERY },
    { profile: 2, name: " ana  VERA", description: BAKERY.toUpperCase().replaceAll(" ", "  ") },
    { profile: 3, name: "Eva", description: BAKERY.replace("afternoon", "evening") },
    { profile: 4, name: "Luis", age: null, description: BUS },
    { profile: 4, name: "Juan", repetition: 2, description: BUS.replace("night", "day") },
    { profile: 5, name: "Ida", description: "Teaches chess to children." },
    { profile: 6, name: null, description: null },
    { profile: 7, repetition: 6, description: BAKERY },
  ]));
  const of = (measure: string) => {
    const { n, count, estimate, example } = one(table, { ...GPT4O, measure });
    return [n, count, estimate, example ?? null];
  };
  assert.deepEqual(of("same name"), [6, 2, 2 / 6, null]);
  assert.deepEqual(of("most common name"), [6, 2, 2 / 6, "Ana Vera"]);
  assert.deepEqual(of("distinct names"), [6, 5, 5 / 6, null]);
  assert.deepEqual(of("equal description"), [6, 2, 2 / 6, null]);
  assert.deepEqual(of("near-duplicate"), [6, 5, 5 / 6, null]);
  assert.deepEqual(of("near-duplicate, other profile"), [6, 3, 3 / 6, null]);
  // Two lack a name or an age.
  assert.deepEqual(of("same attributes"), [5, 2, 2 / 5, null]);
});

Deno.test("duplicates() of different people, and of nobody", () => {
  const table = duplicates(people([
    { name: "A", location: "Lugo", description: "one two three four" },
    { name: "B", location: "Vigo", description: "one two three five six seven" },
  ]));
  const of = (measure: string, table_: DataFrame) =>
    one(table_, { ...GPT4O, measure }).count ?? null;
  // One of five sequences is common.
  for (const measure of ["same name", "equal description", "near-duplicate", "same attributes"]) {
    assert.equal(of(measure, table), 0);
  }
  const nobody = duplicates(people([{ name: null, description: "…" }]));
  for (const { measure, n, estimate } of all(nobody, GPT4O)) {
    assert.deepEqual([measure, n, estimate ?? null], [measure, 0, null]);
  }
});

function listed(given: readonly Record<string, unknown>[]): DataFrame {
  const records = given.map((row, at) => ({
    instrument: "epqra",
    model: "GPT-4o",
    condition: "Base",
    population: "generated_gpt4o_spain826",
    profile: at,
    administration: at,
    items: 24,
    answered: 24,
    answers: 24,
    least: 0,
    most: 1,
    ...row,
  }));
  const text = ["instrument", "model", "condition", "population"];
  const kind = (name: string): Kind => text.includes(name) ? "text" : "integer";
  const names = Object.keys(records[0]!);
  return frame(records, Object.fromEntries(names.map((name) => [name, kind(name)])));
}

Deno.test("faults() counts each fault once per sheet, and a count of 0 has its interval", () => {
  const table = faults(listed([
    {},
    { answered: 0, answers: 0, least: null, most: null },
    { answered: 23, answers: 23 },
    { answers: 25 },
    { most: 2 },
    { most: 0 },
    { least: 1, answered: 24, answers: 48 },
    { model: "GPT-3.5" },
    { instrument: "mine", items: 3, answered: 3, answers: 3, least: 7, most: 7 },
    { instrument: "bigfive", items: 44, answered: 44, answers: 44, least: 3, most: 3 },
    {
      instrument: "bigfive",
      population: "spain826",
      items: 44,
      answered: 44,
      answers: 44,
      least: 1,
      most: 3,
    },
  ]));
  const of = (fault: string, instrument = "epqra", condition = "Base") => {
    const row = one(table, { model: "GPT-4o", instrument, condition, fault });
    return [row.n, row.count ?? null];
  };
  assert.deepEqual(of("no answer"), [7, 1]);
  assert.deepEqual(of("incomplete"), [7, 1]);
  assert.deepEqual(of("repeated answers"), [7, 2]);
  assert.deepEqual(of("out of range"), [7, 1]);
  assert.deepEqual(of("all lowest"), [7, 1]);
  assert.deepEqual(of("all highest"), [7, 1]);
  assert.deepEqual(of("all alike"), [7, 2]);
  assert.deepEqual(of("any"), [7, 6]);
  assert.deepEqual([of("all alike", "bigfive"), of("all lowest", "bigfive")], [[1, 1], [1, 0]]);
  assert.deepEqual(of("any", "bigfive", "bare profile"), [1, 0]);
  // Of an instrument whose range is not known nothing can be out of it.
  assert.deepEqual([of("out of range", "mine"), of("all alike", "mine")], [[0, null], [1, 1]]);
  const clean = faults(listed(Array.from({ length: 826 }, () => ({}))));
  const none = one(clean, { fault: "any" });
  assert.deepEqual([none.count, none.n, none.ci_lower], [0, 826, 0]);
  near(none.ci_upper, wilson({ count: 0, n: 826 }).ciUpper, 1e-15);
});

Deno.test("collapse() has ratios of 1 for copies of the profiles and finds one sheet for all", () => {
  const people = randomProfiles(
    epqra,
    [
      { id: 1, answers: keyed },
      { id: 2, answers: extravert(3) as number[] },
    ],
    60,
    1,
  );
  const sheets = (model: string, name: string, of: (own: number[]) => Answer[]): Sheet[] =>
    people.map(({ id, answers }) => ({
      model,
      condition: name,
      profile: id,
      answers: of(shown([...answers], name)),
    }));
  const gap = sheets("GPT-4o", "Base", (own) => own.map((_, at) => at ? 1 : null)).slice(0, 3);
  const given = administrations(epqra, [
    ...gap,
    ...sheets("GPT-4o", "Base", (own) => own),
    // A second sheet of a profile is not looked at.
    ...sheets("GPT-4o", "Base", () => keyed),
    ...sheets("GPT-4o", "MaxN", (own) => own),
    ...sheets("GPT-3.5", "Base", () => keyed),
    ...sheets("GPT-4o", "N=3", (own) => own),
  ]);
  const profiles = administrations(
    epqra,
    people.map(({ id, answers }) => ({
      profile: id,
      answers: [...answers],
    })),
  );
  const table = collapse(given, profiles, profiles, { splits: 4 });
  const of = (measure: string, keys: Record<string, unknown> = GPT4O) =>
    one(table, { ...keys, measure });
  const exact = ["distinct", "distance", "dimension", "coverage", "density"];
  for (const name of ["Base", "MaxN"]) {
    for (const measure of exact) {
      const row = of(measure, { model: "GPT-4o", condition: name });
      assert.deepEqual([row.relative, row.relative_lower, row.relative_upper, row.n], [
        1,
        1,
        1,
        30,
      ]);
    }
  }
  // The whole set has a distance of its own, and that of halves lies around it.
  assert.ok(of("distance").lower! <= of("distance").upper!);
  const one_ = { model: "GPT-3.5", condition: "Base" };
  near(of("distinct", one_).estimate, 1 / 30, 1e-15);
  assert.equal(of("distance", one_).estimate, 0);
  assert.deepEqual([of("dimension", one_).estimate ?? null, of("hopkins", one_).estimate ?? null], [
    null,
    null,
  ]);
  assert.ok(of("coverage", one_).relative! < 0.5);
  // Independent answers have Hopkins' ½, in the mean of few draws.
  assert.ok(
    Math.abs(of("hopkins", { model: "Profiles", condition: "MaxP" }).estimate! - 0.5) < 0.2,
  );
  const dose = (measure: string) => of(measure, { model: "GPT-4o", condition: "N=3" });
  assert.ok(dose("distance").estimate! > 0);
  for (const measure of ["coverage", "density"]) assert.equal(dose(measure).estimate ?? null, null);
  for (const measure of exact) assert.equal(dose(measure).relative ?? null, null);
  assert.deepEqual(rows(collapse(given, profiles, profiles, { splits: 4 })), rows(table));
  const empty = collapse(administrations(epqra, []), profiles, profiles, { splits: 2 });
  assert.ok(all(empty, GPT4O).every(({ estimate, n }) => (estimate ?? null) === null && n === 0));
});

Deno.test("diversity() is the number of equally common categories, of repetitions 1–5", () => {
  const table = diversity(
    people([
      { profile: 1, gender: "female", location: "Lugo" },
      { profile: 2, gender: "male" },
      { profile: 3, gender: "male", repetition: 6 },
      { profile: 4, gender: null },
    ]),
    { draws: 50 },
  );
  const gender = one(table, { ...GPT4O, attribute: "Gender" });
  near(gender.estimate, 2, 1e-15);
  assert.deepEqual([gender.n, gender.clusters, gender.kinds], [2, 2, 2]);
  near(one(table, { ...GPT4O, attribute: "Race" }).estimate, 1, 1e-15);
  const absent = one(table, { model: "GPT-3.5", condition: "Base", attribute: "Gender" });
  assert.deepEqual([absent.n, absent.estimate ?? null], [0, null]);
});

Deno.test("restored administrations are listed with their faults, and placeholders are no names", async () => {
  const schema = "more_small";
  await restored(schema, join(SMALL, "sql"));
  const read = async () => {
    const study = await openDataset({ schema });
    try {
      return [await study.administered(), await study.biographies()] as const;
    } finally {
      await study.close();
    }
  };
  const [before] = await read();
  const id = 96033;
  await as("owner", async (sql) => {
    const table = sql(`${schema}.eval_questionnaires`);
    const [{ last }] = await sql<[{ last: number }]>`select max(id) as last from ${table}`;
    await sql`delete from ${table} where experiment_id = ${id}`;
    await sql`update ${table} set answer = null
      where experiment_id = ${id + 1} and question_number = 5`;
    await sql`update ${table} set answer = 7
      where experiment_id = ${id + 2} and question_number = 5`;
    await sql`insert into ${table} values (${last + 1}, ${id + 3}, 5, 1)`;
    await sql`update ${sql(`${schema}.personas`)} set name = 'Placeholder persona',
      description = 'not simulated' where id = 1`;
  });
  const [after, people] = await read();
  assert.equal(after.height, before.height);
  const sheet = (of: DataFrame, at: number) => one(of, { administration: id + at });
  const { model, condition: cell, items } = sheet(after, 0);
  assert.deepEqual([model, cell, items], ["GPT-3.5", "Base", 24]);
  assert.deepEqual([sheet(after, 0).answered, sheet(after, 0).least ?? null], [0, null]);
  assert.equal(sheet(after, 1).answered, sheet(before, 1).answered! - 1);
  assert.equal(sheet(after, 2).most, 7);
  assert.equal(sheet(after, 3).answers, sheet(before, 3).answers! + 1);
  const counted = (of: DataFrame) => (fault: string) =>
    one(faults(of), { instrument: "epqra", model: "GPT-3.5", condition: "Base", fault }).count;
  for (const fault of ["no answer", "incomplete", "out of range"]) {
    assert.equal(counted(after)(fault), counted(before)(fault)! + 1, fault);
  }
  const [first, second] = rows(people);
  assert.deepEqual([first!.name ?? null, first!.description ?? null], [null, null]);
  assert.deepEqual([first!.age, first!.location], [61, "Madrid, somewhere"]);
  assert.equal(second!.name, "Aisha Khan");
  assert.ok(
    one(duplicates(people), { model: "GPT-3.5", condition: "Base", measure: "same name" }).n,
  );
});

Deno.test("a study of one's own is read the same way", async () => {
  const draw = simulator({
    profiles: { n: 8 },
    models: [{ id: "a", label: "A", fidelity: 1 }],
    conditions: ["Base", "MaxN"],
    repetitions: 1,
  });
  await written(draw(1), { schema: "more_study" });
  const study = await openDataset({ schema: "more_study" });
  try {
    const listed = await study.administered();
    assert.equal(listed.height, 16);
    const cells = new Set(rows(listed).map(({ model, condition }) => `${model} ${condition}`));
    assert.deepEqual(cells, new Set(["A Base", "A MaxN"]));
    assert.ok(rows(faults(listed)).every(({ n }) => n === 8));
    const names = all(duplicates(await study.biographies()), { measure: "same name" });
    assert.deepEqual(names.map(({ n }) => n), [0, 0]);
    // Sheets of fidelity 1 are their profile as it was shown.
    const whole = copiedSheets(await study.sheets("epqra"), await study.profiles("reference"));
    const copies = all(whole, { against: "shown" });
    assert.deepEqual(copies.map(({ n, count }) => [n, count]), [[8, 8], [8, 8]]);
  } finally {
    await study.close();
  }
});
