/**
 * Tables of a few typed-in sheets with answers worked out by hand, and of databases on which the
 * original's code stops.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { ROOT } from "lib/config.ts";
import { type Administrations, connect, DEMOGRAPHICS, openDataset } from "lib/db.ts";
import { TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { frame } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { compare, grid, laidOut, printed } from "lib/paper/print.ts";
import { latex, markdown } from "lib/press.ts";
import { restore } from "lib/paper/restore.ts";
import {
  agreement,
  build,
  convergence,
  demographics,
  distributions,
  keyingAudit,
  personality,
  reliability,
  traitReliability,
  traits,
} from "lib/paper/tables.ts";
import { administrations, type Answer, extravert, type Sheet } from "./sheets.ts";

const all = (answer: Answer, length = 24): Answer[] => Array(length).fill(answer);
type Row = Record<string, never>;
function cell(table: DataFrame, keys: Record<string, string>): Row {
  const found = (table.toRecords() as Row[]).filter((row) =>
    Object.entries(keys).every(([key, value]) => row[key] === value)
  );
  assert.equal(found.length, 1, JSON.stringify(keys));
  return found[0]!;
}
const E = { model: "GPT-4o", condition: "Base", scale: "E" };

// Differences 1, 1, 0, 2, 1: mean 1, sd 0.7071, t = 1 / (0.7071 / √5) = 3.1623, df 4.
// scipy 1.10: stats.ttest_rel([2, 3, 3, 5, 5], [1, 2, 3, 3, 4]) p = 0.03410942.
Deno.test("personality() pairs each sheet with its profile", () => {
  const own = [2, 3, 3, 5, 5], before = [1, 2, 3, 3, 4];
  const sheets = own.map((points, index) => ({ profile: index + 1, answers: extravert(points) }));
  const profiles = before.map((points, index) => ({
    profile: index + 1,
    answers: extravert(points),
  }));
  const table = personality(administrations(epqra, sheets), administrations(epqra, profiles));
  const row = cell(table, E);
  assert.equal(row.n, 5);
  assert.equal(row.mean, 3.6);
  assert.equal(row.reference_mean, 2.6);
  assert.equal(row.estimate, 1);
  assert.ok(Math.abs(row.t! - 3.1622776601683795) < 1e-12);
  assert.ok(Math.abs(row.p! - 0.03410942) < 1e-8);
  assert.ok(Math.abs(row.ci_lower! - (1 - 1.96 * Math.SQRT1_2 / Math.sqrt(5))) < 1e-12);
  assert.equal(cell(printed("table4", table), E).printed, "3.60 ± 1.34*§");
});

Deno.test("distributions() count scores by source, and by columns of the sheets if asked", () => {
  const sheets = ["Base", "MaxN", "MaxN"].map((condition, i) => ({
    profile: i + 1,
    condition,
    answers: extravert([2, 5, 5][i]!),
  }));
  const personas = administrations(epqra, sheets);
  const of = (table: DataFrame) =>
    (table.toRecords() as Row[]).filter(({ scale }) => scale === "E")
      .map(({ condition, score, n }) => [condition, score, n]);
  assert.deepEqual(of(distributions({ personas })), [[undefined, 2, 1], [undefined, 5, 2]]);
  const by = distributions({ personas }, { by: ["model", "condition"] });
  assert.deepEqual(of(by), [["Base", 2, 1], ["MaxN", 5, 2]]);
});

Deno.test("personality() leaves a cell of fewer than five pairs undefined, not zero", () => {
  const sheets = [1, 2, 3, 4].map((profile) => ({ profile, answers: extravert(profile) }));
  const given = administrations(epqra, sheets);
  const row = cell(printed("table4", personality(given, given)), E);
  assert.deepEqual([row.n, row.mean, row.p, row.printed], [4, null, null, "—"]);
});

Deno.test("personality() marks a constant difference, and has no d for it but the paper's 0", () => {
  const sheets = [1, 2, 3, 4, 5].map((points) => ({ profile: points, answers: extravert(points) }));
  const lower = [1, 2, 3, 4, 5].map((points) => ({
    profile: points,
    answers: extravert(points - 1),
  }));
  const [own, before] = [administrations(epqra, sheets), administrations(epqra, lower)];
  const paper = cell(printed("table4", personality(own, before)), E);
  assert.deepEqual([paper.t, paper.p, paper.d, paper.marker], [null, 0, 0, "†¶"]);
  const table = personality(own, before, { mode: "corrected" });
  // Where nothing varies there is no test; the paper's code divides by 0 and marks.
  const { d, p, ci_lower } = cell(table, E);
  assert.deepEqual([d, p, ci_lower], [null, null, null]);
  assert.equal(cell(printed("table4", table, { mode: "corrected" }), E).marker, "");
  const same = cell(printed("table4", personality(own, own)), E);
  assert.deepEqual([same.t, same.p, same.marker], [null, null, ""]);
});

Deno.test("an unanswered item scores 0 as printed, and leaves no scale score when corrected", () => {
  const sheets = [1, 2, 3, 4, 5].map((points) => ({ profile: points, answers: extravert(points) }));
  sheets[4]!.answers[1] = null;
  const given = administrations(epqra, sheets);
  const before = administrations(
    epqra,
    [1, 2, 3, 4, 5].map((points) => ({
      profile: points,
      answers: extravert(points),
    })),
  );
  assert.equal(cell(personality(given, before), E).n, 5);
  assert.equal(cell(personality(given, before), E).mean, (1 + 2 + 3 + 4 + 4) / 5);
  assert.equal(cell(personality(given, before, { mode: "corrected" }), E).n, 4);
});

/** Sheets of five profiles per model and condition, and their profiles' own. */
function study(cells: readonly [model: string, condition: string][]): Administrations {
  return administrations(
    epqra,
    cells.flatMap(([model, condition]) =>
      [1, 2, 3, 4, 5].map((points) => ({
        profile: points,
        model,
        condition,
        answers: extravert(points),
      }))
    ),
  );
}
const PROFILES = study([["GPT-4o", "Base"]]);

/** Models with their conditions, each once, in order. */
function places(table: DataFrame): string[] {
  const rows = table.toRecords() as { model: string; condition?: string }[];
  return [...new Set(rows.map(({ model, condition }) => [model, condition].join(" ").trim()))];
}

const PAPERS = ["GPT-4o", "GPT-3.5", "Claude-3.5-s", "Llama3.2-3B", "Llama3.1-70B"];
const three = (model: string) => ["Base", "MaxN", "MaxP"].map((name) => `${model} ${name}`);

Deno.test("a new model gets rows of its own after the paper's", () => {
  const table = personality(study([["my-model", "Base"], ["GPT-3.5", "Base"]]), PROFILES);
  assert.deepEqual(places(table), [...PAPERS.flatMap(three), "my-model Base"]);
  assert.equal(cell(table, { ...E, model: "my-model" }).n, 5);
});

Deno.test("a new condition follows those of its model, and stands for no other model", () => {
  const given = study([
    ["GPT-4o", "N=10"],
    ["GPT-4o", "N=2"],
    ["GPT-4o", "MaxAll"],
    ["zeta", "N=2"],
    ["zeta", "MaxP"],
    ["zeta", "Base"],
    ["alpha", "MinL"],
  ]);
  const [first, ...others] = PAPERS;
  const added = ["MaxAll", "N=2", "N=10"].map((name) => `${first} ${name}`);
  const news = ["alpha MinL", "zeta Base", "zeta MaxP", "zeta N=2"];
  const papers = [...three(first!), ...added, ...others.flatMap(three)];
  const table = personality(given, PROFILES);
  assert.deepEqual(places(table), [...papers, ...news]);
  assert.equal(table.height, (15 + 3 + 4) * 4);
  assert.equal(cell(table, { model: "zeta", condition: "N=2", scale: "E" }).n, 5);
  assert.deepEqual(new Set(places(reliability(given))), new Set([...papers, ...news]));
  // A6 is Base, A7 everything else.
  const of = (name: "tableA6" | "tableA7") => places(agreement(given, PROFILES, name));
  assert.deepEqual(of("tableA6"), ["zeta Base"]);
  assert.deepEqual(
    new Set(of("tableA7")),
    new Set([...papers, ...news].filter((place) => !place.endsWith("Base"))),
  );
});

Deno.test("a study of new models only has no rows of the paper's, and no rows at all say nothing", () => {
  const given = study([["b", "MaxN"], ["b", "Base"], ["a", "N=3"]]);
  const own = ["a N=3", "b Base", "b MaxN"];
  assert.deepEqual(places(personality(given, PROFILES)), own);
  assert.deepEqual(places(reliability(given)), own);
  assert.deepEqual(places(agreement(given, PROFILES, "tableA6")), ["b Base"]);
  assert.deepEqual(places(agreement(given, PROFILES, "tableA7")), ["a N=3", "b MaxN"]);
  const bfi = administrations(
    bfi44,
    [1, 2].map((profile) => ({ profile, model: "b", answers: all(4, 44) })),
  );
  for (const mode of ["printed", "corrected"] as const) {
    assert.deepEqual(places(convergence(given, bfi, { mode })), ["b"]);
    assert.deepEqual(places(traits(bfi, { mode })), ["b"]);
    assert.deepEqual(places(traitReliability(bfi, { mode })), ["b"]);
  }
  const none = study([]);
  assert.deepEqual(places(personality(none, PROFILES)), PAPERS.flatMap(three));
  assert.equal(agreement(none, PROFILES, "tableA7").height, 240);
  assert.equal(traits(administrations(bfi44, [])).height, 30);
});

Deno.test("Tables A4 and A5 know a study's BFI sheets by population, published ones by group", () => {
  const sheet = (model: string, group: number, answer: number, population?: string) => ({
    profile: 1,
    model,
    group,
    answers: all(answer, 44),
    ...(population ? { population } : {}),
  });
  const mean = (sheets: Sheet[], model: string, mode: "printed" | "corrected") =>
    cell(traits(administrations(bfi44, sheets), { mode }), { model, trait: "O" }).mean;
  // Openness has 10 items, 2 of them reversed: all 4 is (8 · 4 + 2 · 2) / 10.
  for (const mode of ["printed", "corrected"] as const) {
    const own = [sheet("GPT-4o", 3, 4), sheet("x", 9, 3), sheet("x", 9, 5, "spain826")];
    assert.equal(mean(own, "GPT-4o", mode), 3.6);
    assert.equal(mean(own, "x", mode), 3);
    assert.equal(mean(own, "Reference", mode), 4.2);
  }
  const both = [sheet("x", 9, 3), sheet("GPT-4o", 3, 4), sheet("x", 9, 5, "spain826")];
  const order = (sheets: Sheet[]) => places(traits(administrations(bfi44, sheets)));
  assert.deepEqual(order(both), [...PAPERS, "x", "Reference"]);
  assert.deepEqual(order(both.filter(({ model }) => model === "x")), ["x", "Reference"]);
  const published = [sheet("GPT-4o", 368, 4), sheet("GPT-4o", 400, 1), sheet("x", 401, 3)];
  assert.equal(mean(published, "GPT-4o", "printed"), 3.6);
  assert.equal(mean(published, "x", "printed"), 3);
});

// The numbers and R's script: reference/keying.json, reference/make_keying.R.
Deno.test("keyingAudit() has the item-rest correlations of R's psych::alpha", () => {
  const path = join(ROOT, "tests", "reference", "keying.json");
  const { audits } = JSON.parse(readFileSync(path, "utf8")) as {
    audits: { name: string; scores: number[][]; r: number[] }[];
  };
  for (const { name, scores, r } of audits) {
    const instrument = name === "epqra" ? epqra : bfi44;
    const items = instrument.items.filter(({ scale }) => scale === "E");
    const sheets = scores.map((row, index) => {
      const answers: Answer[] = instrument.items.map(() => 1);
      items.forEach(({ number, keyed, reverse }, place) => {
        const score = row[place]!;
        answers[number - 1] = keyed !== null
          ? (score ? keyed : 1 - keyed)
          : reverse
          ? 6 - score
          : score;
      });
      return { profile: index + 1, answers };
    });
    const audit = keyingAudit(administrations(instrument, sheets)).toRecords() as Row[];
    assert.deepEqual(audit.map(({ item }) => item), instrument.items.map(({ number }) => number));
    const own = audit.filter(({ scale }) => scale === "E");
    assert.equal(own.length, r.length);
    own.forEach((row, index) => {
      assert.ok(Math.abs(row.r! - r[index]!) < 1e-12, `${name} item ${row.item}: ${row.r}`);
      assert.ok(row.r_lower! < row.r! && row.r! < row.r_upper!);
      assert.equal(row.flagged, row.r_upper! < 0 ? "yes" : "no");
      assert.equal(row.n, 40);
    });
    // All other answers are the same: nothing varies.
    const flat = audit.filter(({ scale }) => scale !== "E");
    assert.deepEqual(new Set(flat.map(({ r }) => r)), new Set([null]));
    assert.deepEqual(new Set(flat.map(({ flagged }) => flagged)), new Set([null]));
  }
});

Deno.test("keyingAudit() flags an item where its interval is below zero, not its r", () => {
  // Item 2 has nothing to do with the others, and 60 sheets give it a small r below 0 by luck; item 4 is
  // their mirror.
  const rest = [13, 15, 20, 23];
  const sheets = Array.from({ length: 60 }, (_, profile) => {
    const answers = extravert(0), points = profile % 5;
    for (const item of rest.slice(0, points)) answers[item - 1] = 1 - answers[item - 1]!;
    if (profile % 7 < 3) answers[1] = 1 - answers[1]!;
    if (points < 2) answers[3] = 1 - answers[3]!;
    return { profile, answers };
  });
  const audit = keyingAudit(administrations(epqra, sheets)).toRecords() as Row[];
  const [luck, mirror] = [2, 4].map((number) => audit.find(({ item }) => item === number)!);
  assert.ok(luck!.r! < 0 && luck!.r! > -0.25 && luck!.r_upper! > 0, `${luck!.r}`);
  assert.equal(luck!.flagged, "no");
  assert.ok(mirror!.r_upper! < 0);
  assert.equal(mirror!.flagged, "yes");
});

Deno.test("keyingAudit() counts complete scales only, and is undefined for a single item", () => {
  const sheets = [0, 2, 4, 6].map((points) => ({
    profile: points + 1,
    answers: extravert(points),
  }));
  sheets[3]!.answers[1] = null; // item 2, scale E
  const audit = keyingAudit(administrations(epqra, sheets)).toRecords() as Row[];
  assert.deepEqual(
    [2, 4, 1].map((number) => audit.find(({ item }) => item === number)!.n),
    [3, 3, 4],
  );
  const none = keyingAudit(administrations(epqra, [])).toRecords() as Row[];
  assert.equal(none.length, 24);
  assert.ok(none.every(({ r, n, flagged }) => r === null && n === 0 && flagged === null));
  const single = {
    ...epqra,
    items: epqra.items.filter(({ number }) => number === 2),
  };
  const [one] = keyingAudit(administrations(single, sheets)).toRecords() as Row[];
  assert.equal(one!.r, null);
});

// By hand, scale E: sheet Yes to all, profile Yes to 2, 4, 13 and No to 15, 20, 23.
Deno.test("agreement() counts raw answers: a Yes is a positive whichever way the item is keyed", () => {
  const before = all(0);
  for (const item of [2, 4, 13]) before[item - 1] = 1;
  const table = agreement(
    administrations(epqra, [{ profile: 1, answers: all(1) }]),
    administrations(epqra, [{ profile: 1, answers: before }]),
    "tableA6",
  );
  const value = (metric: string) => cell(table, { ...E, metric }).value;
  assert.deepEqual(
    ["accuracy", "precision", "recall", "specificity", "mae", "rmse"].map(value),
    [50, 50, 100, 0, 3, 3],
  );
});

Deno.test("agreement() counts a missing answer as wrong when printed, leaves it out when corrected", () => {
  const answers = all(1);
  answers[1] = null;
  const given = administrations(epqra, [{ profile: 1, answers }]);
  const before = administrations(epqra, [{ profile: 1, answers: all(1) }]);
  const of = (mode: "printed" | "corrected", metric: string) =>
    cell(agreement(given, before, "tableA6", { mode }), { ...E, metric });
  assert.ok(Math.abs(of("printed", "accuracy").value! - 100 * 5 / 6) < 1e-12);
  assert.equal(of("printed", "mae").value, 1);
  assert.equal(of("corrected", "accuracy").value, 100);
  assert.equal(of("corrected", "accuracy").n, 5);
  // No profile answer is No: the paper prints 0, there is nothing to divide.
  assert.equal(of("printed", "specificity").value, 0);
  assert.equal(of("corrected", "specificity").value, null);
});

Deno.test("convergence() averages a profile's sheets, and says n<5 where too few are complete", () => {
  const points = [1, 2, 3, 4, 5, 6];
  const sheets = points.map((n) => ({ profile: n, answers: extravert(n) }));
  const traitsOf = (n: number): Answer[] =>
    bfi44.items.map(({ reverse }) => Math.min(5, reverse ? 6 - Math.min(n, 5) : n));
  const bfi = points.flatMap((n) => [
    { profile: n, group: 368, answers: traitsOf(n) },
    { profile: n, group: 372, population: "spain826", answers: traitsOf(7 - n) },
  ]);
  const epqraGiven = administrations(epqra, sheets);
  const keys = { model: "GPT-4o", epqra_scale: "E", bfi_trait: "E" };
  // As printed each profile's BFI is the mean of a rising and a falling sheet: nearly constant.
  const mixed = cell(convergence(epqraGiven, administrations(bfi44, bfi)), keys);
  const own = cell(
    convergence(epqraGiven, administrations(bfi44, bfi), { mode: "corrected" }),
    keys,
  );
  assert.ok(own.r! > 0.95);
  assert.ok(Math.abs(mixed.r!) < 0.9);
  const few = convergence(epqraGiven, administrations(bfi44, bfi.slice(0, 6)));
  assert.equal(cell(printed("table5", few), keys).printed, "n<5");
  const flat = sheets.map((sheet) => ({ ...sheet, answers: all(1) }));
  const constant = convergence(administrations(epqra, flat), administrations(bfi44, bfi));
  assert.equal(cell(printed("table5", constant), keys).printed, "nan");
  assert.equal(cell(constant, keys).r, null);
});

Deno.test("reliability() is undefined where nothing varies, and ignores items nobody was asked", () => {
  const flat = administrations(epqra, [1, 2, 3].map((profile) => ({ profile, answers: all(1) })));
  assert.equal(cell(reliability(flat), E).alpha, null);
  assert.equal(cell(printed("table6", reliability(flat)), E).printed, "NaN");
  const asked = [extravert(0), extravert(3), extravert(6)].map((answers, index) => ({
    profile: index + 1,
    answers: answers.map((answer, item) => item === 1 ? undefined : answer),
  }));
  const five = cell(reliability(administrations(epqra, asked)), E);
  // R: psych::alpha of rows 00000, 11000, 11111 (items 4, 13, 15, 20, 23): raw_alpha.
  assert.ok(Math.abs(five.alpha! - 0.921052631578947) < 1e-12);
});

Deno.test("traits() keeps the bare profiles' sheets as the reference row", () => {
  const sheets = [1, 2, 3].flatMap((profile) => [
    { profile, group: 368, answers: all(4, 44) },
    { profile, group: 372, population: "spain826", answers: all(3, 44) },
  ]);
  for (const mode of ["printed", "corrected"] as const) {
    const table = traits(administrations(bfi44, sheets), { mode });
    assert.equal(cell(table, { model: "GPT-4o", trait: "E" }).mean, 3.25);
    assert.equal(cell(table, { model: "Reference", trait: "E" }).mean, 3);
    assert.equal(cell(table, { model: "GPT-3.5", trait: "E" }).mean, null);
  }
});

function personas(rows: Record<string, unknown>[]): DataFrame {
  const base = {
    model: "gpt4o",
    population: "generated_gpt4o_spain826",
    model_print: "GPT-4o",
    population_print: "Base",
    repetition: 1,
    n: 1,
  };
  return frame(rows.map((row) => ({ ...base, ...row })), DEMOGRAPHICS);
}

Deno.test("demographics() takes 'bi' inside a word for LGBTQ+ as printed, not when corrected", () => {
  const given = personas(
    ["ambiguous", "Bisexual", "bi-curious", null, "straight", "asexual"].map((value) => ({
      attribute: "sexual_orientation",
      value,
    })),
  );
  const share = (subcategory: string, mode: "printed" | "corrected") =>
    cell(demographics(given, "table1", { mode }), {
      model: "GPT-4o",
      condition: "Base",
      category: "Sex. Or.",
      subcategory,
    }).mean!;
  assert.equal(share("LGBTQ+", "printed"), 3 / 6);
  assert.equal(share("LGBTQ+", "corrected"), 2 / 6);
  assert.equal(share("Unspe.", "printed"), 1 / 6);
  assert.equal(share("Others", "corrected"), 3 / 6);
});

Deno.test("demographics() of one repetition has no SD; the paper's print says 0.00", () => {
  const table = demographics(personas([{ attribute: "gender", value: "female" }]), "table1");
  const keys = { model: "GPT-4o", condition: "Base", category: "Gender", subcategory: "Female" };
  const row = cell(printed("table1", table), keys);
  assert.deepEqual([row.mean, row.sd, row.printed], [1, null, "100.00 ± 0.00"]);
  const missing = cell(printed("table1", table), { ...keys, condition: "MaxN" });
  assert.deepEqual([missing.mean, missing.p, missing.printed], [null, null, "—"]);
});

/** A persona of a study of one's own: labels as the study writes them. */
const own = (model: string, condition: string, population: string, value = "female", n = 1) => ({
  own: "yes",
  model: model.toLowerCase(),
  model_print: model,
  population,
  population_print: condition,
  attribute: "gender",
  value,
  n,
});

Deno.test("a study's new models and conditions are columns of Table 1, tested against their Base", () => {
  const given = personas([
    own("gpt-4o-mini", "Base", "generated_gpt-4o-mini_spain826", "female", 40),
    own("gpt-4o-mini", "Base", "generated_gpt-4o-mini_spain826", "male", 60),
    own("gpt-4o-mini", "N=3", "borderline_N3_gpt-4o-mini", "female", 30),
    own("gpt-4o-mini", "N=3", "borderline_N3_gpt-4o-mini", "male", 20),
    own("Base-7b", "MinL", "borderline_minL_base-7b"),
    own("prob-max", "Base", "generated_prob-max_mine"),
  ]);
  for (const mode of ["printed", "corrected"] as const) {
    const table = demographics(given, "table1", { mode });
    const news = ["Base-7b MinL", "gpt-4o-mini Base", "gpt-4o-mini N=3", "prob-max Base"];
    assert.deepEqual(places(table), news);
    const keys = { model: "gpt-4o-mini", category: "Gender", subcategory: "Female" };
    const dose = cell(table, { ...keys, condition: "N=3" });
    // Pooled: 70 of 150, (0.6 - 0.4) / sqrt(7/15 · 8/15 · (1/50 + 1/100)); R 4.2.2:
    // prop.test(c(30, 40), c(50, 100), correct = FALSE) p = 0.020637558244.
    assert.ok(Math.abs(dose.z! - 0.2 / Math.sqrt(7 / 15 * 8 / 15 * 0.03)) < 1e-12);
    assert.ok(Math.abs(dose.p! - 0.020637558244) < 1e-11, String(dose.p));
    assert.deepEqual([dose.mean, dose.n, dose.count], [0.6, 50, 30]);
    assert.deepEqual(cell(table, { ...keys, condition: "Base" }).p, null);
    const printedCell = cell(printed("table1", table, { mode }), { ...keys, condition: "N=3" });
    assert.match(printedCell.printed!, /^60\.00 ± .*\*$/);
    // The other two tables hold none of it: the paper's cells, undefined.
    assert.deepEqual(places(demographics(given, "table3", { mode })), three("Claude-3.5-s"));
  }
});

Deno.test("a new condition of the paper's models stands in their own table, by its label", () => {
  const given = personas([
    {
      ...own("Claude-3.5-s", "MaxAll", "borderline_maxAll_claude35sonnet"),
      model: "claude35sonnet",
    },
    { ...own("Claude-3.5-s", "MaxN", "borderline_maxN_claude35sonnet"), model: "claude35sonnet" },
  ]);
  for (const mode of ["printed", "corrected"] as const) {
    const table = demographics(given, "table3", { mode });
    assert.deepEqual(places(table), [...three("Claude-3.5-s"), "Claude-3.5-s MaxAll"]);
    const n = (condition: string) =>
      cell(table, { model: "Claude-3.5-s", condition, category: "Gender", subcategory: "Female" })
        .n;
    assert.deepEqual(["Base", "MaxN", "MaxAll"].map(n), [0, 1, 1]);
    assert.deepEqual(places(demographics(given, "table1", { mode })), [
      ...three("GPT-4o"),
      ...three("GPT-3.5"),
    ]);
  }
});

/** A persona that was restored: the original's generator may write raw names where labels belong. */
const restoredPersona = (
  model: string | null,
  population: string | null,
  labels: [model: string | null, condition: string | null],
  value = "female",
) => ({
  model,
  population,
  model_print: labels[0],
  population_print: labels[1],
  attribute: "gender",
  value,
});

Deno.test("personas whose labels are raw names are known by these, as the original writes them", () => {
  const raw = "borderline_maxP_gpt35";
  const given = personas([restoredPersona("gpt35", raw, ["gpt35", raw])]);
  const keys = { model: "GPT-3.5", condition: "MaxP", category: "Gender", subcategory: "Female" };
  for (const mode of ["printed", "corrected"] as const) {
    assert.equal(cell(demographics(given, "table1", { mode }), keys).n, 1);
  }
});

// By the original's rules: parts of the names in model and population, whatever the labels say.
Deno.test("printed tells restored personas by model and population, never by their labels", () => {
  const base = "generated_gpt35_spain826";
  const counted: [string | null, string | null, [string | null, string | null], string][] = [
    ["gpt35", base, ["GPT-3.5", "Base"], "GPT-3.5 Base"],
    ["GPT-3.5-turbo", base, ["GPT-4o", "Max N"], "GPT-3.5 Base"],
    ["gpt35", "borderline_MAXN_x", ["GPT-3.5", "Base"], "GPT-3.5 MaxN"],
    ["gpt35", "improbable", ["GPT-3.5", "Base"], "GPT-3.5 MaxP"],
    ["gpt35", "to the max", [null, null], "GPT-3.5 MaxN"],
    ["gpt-4o-mini", "baseline", ["GPT-4o mini", "N=3"], "GPT-4o Base"],
    ["gpt4o", "borderline_maxP_gpt35", ["GPT-3.5", "Max P"], "GPT-4o MaxP"],
  ];
  const left: [string | null, string | null, [string | null, string | null]][] = [
    ["mistral7B", base, ["GPT-3.5", "Base"]],
    ["gpt35", "handwritten", ["GPT-3.5", "Base"]],
    ["mistral7B", base, ["Mistral 7B", "Base"]],
    ["gpt35", null, ["GPT-3.5", "Base"]],
    [null, base, ["GPT-3.5", "Base"]],
    ["", "", ["GPT-3.5", "Base"]],
    [null, null, [null, null]],
  ];
  const given = personas([
    ...counted.map(([model, population, labels]) => restoredPersona(model, population, labels)),
    ...left.flatMap(([model, population, labels]) =>
      ["female", "unmapped"].map((value) => restoredPersona(model, population, labels, value))
    ),
  ]);
  const table = demographics(given, "table1");
  assert.deepEqual(places(table), [...three("GPT-4o"), ...three("GPT-3.5")]);
  for (const place of places(table)) {
    const [model, condition] = place.split(" ") as [string, string];
    const expected = counted.filter((one) => one[3] === place).length;
    const row = cell(table, { model, condition, category: "Gender", subcategory: "Female" });
    assert.deepEqual(
      [row.n, row.count, row.mean],
      [expected, expected, expected ? 1 : null],
      place,
    );
  }
});

Deno.test("to the paper's code a restored value unmapped is a text like others", () => {
  const given = personas([restoredPersona("gpt4o", "base", [null, null], "unmapped")]);
  const keys = { model: "GPT-4o", condition: "Base", category: "Gender" };
  const shown = demographics(given, "table1").toRecords() as Row[];
  assert.ok(!shown.some(({ subcategory }) => (subcategory as unknown) === "Unmapped"));
  assert.equal(cell(demographics(given, "table1"), { ...keys, subcategory: "Other" }).count, 1);
  const mended = demographics(given, "table1", { mode: "corrected" });
  assert.equal(cell(mended, { ...keys, subcategory: "Unmapped" }).count, 1);
});

Deno.test("compare() counts the cells that the data can fill, and says how many they cannot", () => {
  const outcome = (cells: [string, string][]) => {
    const { agree, printed, absent, differing, cells: compared } = compare(
      "table6",
      reliability(study(cells)),
    );
    const words = new Set(column(compared, "agrees"));
    return { agree, printed, absent, differing: differing.length, words };
  };
  assert.deepEqual(outcome([["mine", "Base"], ["mine", "N=3"]]), {
    agree: 0,
    printed: 0,
    absent: 60,
    differing: 0,
    words: new Set(["no data"]),
  });
  assert.deepEqual(outcome([["mine", "Base"], ["GPT-4o", "Base"]]), {
    agree: 0,
    printed: 4,
    absent: 56,
    differing: 4,
    words: new Set(["no", "no data"]),
  });
});

Deno.test("every layout of a study of one's own holds its cells and no other", () => {
  const given = study([["mine", "Base"], ["mine", "MaxN"], ["mine", "N=3"]]);
  const bfi = administrations(
    bfi44,
    [1, 2].map((profile) => ({ profile, model: "mine", answers: all(4, 44) })),
  );
  const people = personas(
    ["Base", "MaxN", "N=3"].map((condition) => own("mine", condition, `x_${condition}`)),
  );
  const tables: [TableName, DataFrame, number, number][] = [
    ["table1", demographics(people, "table1"), 18, 3],
    ["table4", personality(given, PROFILES), 3, 4],
    ["table5", convergence(given, bfi), 4, 5],
    ["table6", reliability(given), 3, 4],
    ["tableA4", traits(bfi), 1, 5],
    ["tableA5", traitReliability(bfi), 1, 5],
    ["tableA6", agreement(given, PROFILES, "tableA6"), 4, 6],
    ["tableA7", agreement(given, PROFILES, "tableA7"), 8, 6],
  ];
  for (const [name, table, down, across] of tables) {
    const { body, head } = grid(name, table);
    assert.deepEqual([body.length, head[0]!.length], [down, across], name);
    assert.doesNotMatch(grid(name, table).title, /GPT|MaxP/);
    const laid = laidOut(name, table);
    assert.equal(laid.height, down, name);
    const md = markdown(grid(name, table)), tex = latex(grid(name, table), name);
    for (const text of [md, tex, laid.toString(), table.toString()]) {
      assert.match(text, /mine/, name);
      assert.doesNotMatch(text, /GPT|Llama|Claude/, name);
    }
    if (["table1", "table4", "table6", "tableA7"].includes(name)) {
      assert.match(md, /N=3/, name);
      assert.match(tex, /N=3/, name);
    }
  }
});

/** The fixture's CSVs with some lines changed, restored into a schema of that name. */
async function changed(
  schema: string,
  edit: (table: string, lines: string[]) => string[],
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const csv = join(ROOT, "tests", "fixtures", "small-public", "csv");
  for (const { name } of Deno.readDirSync(csv)) {
    const [head, ...records] = readFileSync(join(csv, name), "utf8").split(/(?<=\n)(?=\d+,|001_)/);
    const lines = edit(name.replace(".csv", ""), records);
    await Deno.writeTextFile(join(folder, name), [head, ...lines].join(""));
  }
  await restore({ schema, from: folder, force: true });
  await Deno.remove(folder, { recursive: true });
}

async function tablesOf(schema: string): Promise<Map<TableName, DataFrame>> {
  const study = await openDataset({ schema });
  const tables = new Map<TableName, DataFrame>();
  for (const mode of ["corrected", "printed"] as const) {
    for (const name of TABLE_NAMES) {
      tables.set(name, printed(name, await build(name, study, { mode }), { mode }));
    }
  }
  await study.close();
  const sql = await connect("owner");
  await sql`drop schema ${sql(schema)} cascade`;
  await sql.end();
  return tables;
}

const column = (table: DataFrame | undefined, name: string): unknown[] =>
  (table!.toRecords() as Row[]).map((row) => row[name]);
const dashes = (table: DataFrame | undefined): number =>
  column(table, "printed").filter((text) => text === "—").length;

/** Experiments of the fixture by id: its line in experiments_list. */
const isBfi = (line: string): boolean => /,bigfive,/.test(line);

Deno.test("one NULL BFI answer, where the original's Table A5 stops", async () => {
  await changed(
    "crash_null",
    (table, lines) =>
      table === "eval_questionnaires"
        ? lines.map((line) => line.replace(/^(\d+,151003,7),\d\n/, "$1,\n"))
        : lines,
  );
  const tables = await tablesOf("crash_null");
  assert.equal(dashes(tables.get("tableA5")), 0);
  assert.equal(dashes(tables.get("tableA4")), 0);
});

Deno.test("a scale without rows, where Tables 6, A4 and A5 of the original stop", async () => {
  await changed(
    "crash_scale",
    (table, lines) =>
      table === "questionnaire"
        ? lines.filter((line) => !/,epqra,P,|,bigfive,O,/.test(line))
        : lines,
  );
  const tables = await tablesOf("crash_scale");
  for (const [name, cells] of [["table4", 15], ["table6", 15], ["tableA4", 6], ["tableA5", 6]]) {
    assert.equal(dashes(tables.get(name as TableName)), cells, String(name));
  }
});

Deno.test("no EPQR-A at all, where Tables 4 and 6 of the original stop", async () => {
  await changed(
    "crash_epqra",
    (table, lines) => table === "experiments_list" ? lines.filter(isBfi) : lines,
  );
  const tables = await tablesOf("crash_epqra");
  for (const name of ["table4", "table6", "tableA6", "tableA7"] as const) {
    assert.equal(dashes(tables.get(name)), tables.get(name)!.height, name);
  }
  assert.equal(dashes(tables.get("tableA4")), 0);
});

Deno.test("every cell below five pairs, where Table 4 of the original stops", async () => {
  await changed(
    "crash_few",
    (table, lines) =>
      table === "experiments_list"
        ? lines.filter((line) => /_spain826,[1-4],|_\w+,[1-4],|,spain826,[1-4],/.test(line))
        : lines,
  );
  const tables = await tablesOf("crash_few");
  assert.equal(dashes(tables.get("table4")), 60);
  assert.deepEqual(new Set(column(tables.get("table4"), "mean")), new Set([null]));
});

Deno.test("no BFI, where Tables A4 and A5 of the original stop", async () => {
  await changed(
    "crash_bfi",
    (table, lines) => table === "experiments_list" ? lines.filter((line) => !isBfi(line)) : lines,
  );
  const tables = await tablesOf("crash_bfi");
  assert.equal(dashes(tables.get("tableA4")), 30);
  assert.equal(dashes(tables.get("tableA5")), 30);
  assert.deepEqual(new Set(column(tables.get("table5"), "r")), new Set([null]));
});

Deno.test("an empty random baseline, where Table 6 of the original stops", async () => {
  await changed("crash_random", (table, lines) => table === "random_questionnaires" ? [] : lines);
  const tables = await tablesOf("crash_random");
  assert.equal(dashes(tables.get("baselines")), 12);
});

Deno.test("an unknown provider model keeps its own name", async () => {
  await changed(
    "crash_model",
    (table, lines) =>
      table === "experiments_list"
        ? lines.map((line) => line.replace("gpt-3.5-turbo-0125", "some/new-model:1"))
        : lines,
  );
  const tables = await tablesOf("crash_model");
  assert.equal(tables.get("table4")!.height, 60 + 12);
  assert.ok(column(tables.get("table4"), "model").includes("some/new-model:1"));
  assert.equal(dashes(tables.get("table4")), 12);
});
