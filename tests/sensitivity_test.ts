/** Choices made otherwise: tiny sheets by hand, what must not matter, second answers in PostgreSQL. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { migrate, openDataset } from "lib/db.ts";
import { reads as readsOf } from "lib/paper/published.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument } from "lib/instruments.ts";
import { seeded } from "lib/random.ts";
import {
  agreement,
  convergence,
  demographics,
  markers,
  robustness,
  sensitivity,
  sensitivitySummary,
} from "lib/paper/tables.ts";
import { as, restored, SMALL } from "./data.ts";
import { near } from "./near.ts";
import { cell, people, reads, type Row, rows } from "./reads.ts";
import { administrations, type Answer, extravert, type Sheet } from "./sheets.ts";

const METRICS = ["accuracy", "precision", "recall", "specificity", "mae", "rmse"];
const all = (answer: number): number[] => epqra.items.map(() => answer);
const metrics = (table: DataFrame, keys: Record<string, string>) =>
  METRICS.map((metric) => cell(table, { model: "GPT-4o", ...keys, metric }).value);

/** Sheets and profiles at random, some answers missing. */
function random(condition: string): { given: Sheet[]; before: Sheet[] } {
  const draw = seeded("sensitivity", condition).uniform;
  const sheet = (profile: number, gaps: number): Sheet => ({
    profile,
    condition,
    answers: epqra.items.map(() => draw() < gaps ? null : Number(draw() < 0.5)),
  });
  const profiles = Array.from({ length: 20 }, (_, profile) => profile);
  return {
    given: profiles.map((profile) => sheet(profile, 0.1)),
    before: profiles.map((profile) => sheet(profile, 0)),
  };
}

Deno.test("agreement() of keyed answers: a positive scores a point, and errors are of scale scores", () => {
  const before = all(0);
  for (const item of [2, 4, 13]) before[item - 1] = 1;
  const given = administrations(epqra, [{ profile: 1, answers: all(1) }]);
  const reference = administrations(epqra, [{ profile: 1, answers: before }]);
  const E = { condition: "Base", scale: "E" };
  // Items 15 and 20 are keyed No: the sheet scores on 2, 4, 13 and 23, the profile on all but 23.
  const keyed = agreement(given, reference, "tableA6", { as: "keyed" });
  assert.deepEqual(metrics(keyed, E), [50, 75, 60, 0, 1, 1]);
  const raw = agreement(given, reference, "tableA6");
  assert.deepEqual(metrics(raw, E), [50, 50, 100, 0, 3, 3]);
});

Deno.test("agreement() with the manipulated profile: what the condition set, the profile elsewhere", () => {
  const given = administrations(epqra, [{ profile: 1, condition: "MaxP", answers: all(1) }]);
  const reference = administrations(epqra, [{ profile: 1, answers: all(0) }]);
  const P = { condition: "MaxP", scale: "P" }, E = { condition: "MaxP", scale: "E" };
  const against = "manipulated";
  const original = agreement(given, reference, "tableA7");
  assert.deepEqual(metrics(original, P), [0, 0, 0, 0, 6, 6]);
  // MaxP sets 6, 8 and 12 to Yes and 3, 16 and 22 to No.
  const manipulated = agreement(given, reference, "tableA7", { against });
  assert.deepEqual(metrics(manipulated, P), [50, 50, 100, 0, 3, 3]);
  assert.deepEqual(metrics(manipulated, E), metrics(original, E));
  const keyed = agreement(given, reference, "tableA7", { against, as: "keyed", mode: "corrected" });
  assert.deepEqual(metrics(keyed, P), [50, 100, 50, null, 3, 3]);
  const stranger = administrations(epqra, [{ profile: 9, condition: "MaxP", answers: all(1) }]);
  assert.deepEqual(
    metrics(agreement(stranger, reference, "tableA7", { against }), P),
    metrics(agreement(stranger, reference, "tableA7"), P),
  );
});

Deno.test("agreement() with the manipulated profile is undefined under a dose", () => {
  const given = administrations(epqra, [{ profile: 1, condition: "P=3", answers: all(1) }]);
  const reference = administrations(epqra, [{ profile: 1, answers: all(1) }]);
  const P = { condition: "P=3", scale: "P" };
  assert.equal(metrics(agreement(given, reference, "tableA7"), P)[0], 100);
  const table = agreement(given, reference, "tableA7", { against: "manipulated" });
  assert.deepEqual(metrics(table, P), METRICS.map(() => null));
});

Deno.test("in Base the manipulated profile is the profile; keys do not change accuracy", () => {
  for (const mode of ["printed", "corrected"] as const) {
    const base = random("Base");
    const given = administrations(epqra, base.given);
    const reference = administrations(epqra, base.before);
    const table = agreement(given, reference, "tableA6", { mode });
    assert.deepEqual(
      agreement(given, reference, "tableA6", { mode, against: "manipulated" }).toRecords(),
      table.toRecords(),
    );
    const keyed = agreement(given, reference, "tableA6", { mode, as: "keyed" });
    let other = 0;
    for (const scale of ["E", "N", "P", "L"]) {
      const keys = { condition: "Base", scale };
      const [raw, turned] = [metrics(table, keys), metrics(keyed, keys)];
      near(turned[0], raw[0], 1e-14);
      // All of N is keyed Yes.
      if (scale === "N") assert.deepEqual(turned, raw);
      else other += Number(turned[1] !== raw[1]);
    }
    assert.equal(other, 3);
  }
});

Deno.test("demographics() of all repetitions counts those that the paper leaves out", async () => {
  const given = Array.from({ length: 10 }, (_, at) => ({
    profile: 1,
    repetition: at + 1,
    gender: at < 2 || at > 6 ? "female" : "male",
  }));
  const counts = await people(given).demographics();
  const keys = { model: "GPT-4o", condition: "Base", category: "Gender", subcategory: "Female" };
  const of = (repetitions?: number) =>
    cell(demographics(counts, "table1", repetitions ? { repetitions } : {}), keys);
  assert.deepEqual([of().n, of().count, of().mean], [5, 2, 0.4]);
  assert.deepEqual([of(Infinity).n, of(Infinity).count, of(Infinity).mean], [10, 5, 0.5]);
  assert.equal(of(7).n, 7);
});

const points = [0, 1, 2, 3, 4, 5, 6, 2, 4];
const outgoing = (n: number): Answer[] =>
  bfi44.items.map(({ reverse }) => reverse ? 6 - Math.min(5, n) : Math.max(1, Math.min(5, n)));
const SHEETS: Sheet[] = points.map((n, profile) => ({ profile, answers: extravert(n) }));
const BEFORE: Sheet[] = points.map((n, profile) => ({
  profile,
  answers: extravert(Math.max(0, n - profile % 3)),
}));
const BFI: Sheet[] = points.flatMap((n, profile) => [
  { profile, group: 368, answers: outgoing(n) },
  { profile, group: 372, population: "spain826", answers: outgoing(6 - n) },
]);

Deno.test("convergence() leaves the bare profiles out by its own option as by its mode", () => {
  const given = [administrations(epqra, SHEETS), administrations(bfi44, BFI)] as const;
  const keys = { model: "GPT-4o", epqra_scale: "E", bfi_trait: "E" };
  const of = (options: Parameters<typeof convergence>[2]) =>
    cell(convergence(...given, options), keys).r;
  assert.equal(of({ bare: false }), of({ mode: "corrected" }));
  assert.equal(of({ bare: true, mode: "corrected" }), of({}));
  assert.ok(of({ bare: false })! > 0.9 && of({})! < 0.5);
});

const PEOPLE = Array.from({ length: 60 }, (_, at) => ({
  profile: at % 12,
  condition: at < 20 ? "MaxN" : "Base",
  repetition: at < 40 ? at % 5 + 1 : at % 5 + 6,
  gender: at < 12 || at > 44 ? "female" : "male",
  race: "elf",
}));

Deno.test("sensitivity() has every printed cell under each choice, and shows what changes nothing", async () => {
  const panel = await sensitivity(
    reads({ epqra: SHEETS, bigfive: BFI, reference: BEFORE, people: PEOPLE }),
  );
  const variants = new Map<string, number>();
  for (const { table, variant } of rows(panel)) {
    const key = `${table} ${variant}`;
    variants.set(key, (variants.get(key) ?? 0) + 1);
  }
  assert.deepEqual([...variants], [
    ["table1 all repetitions", 2 * 6 * 18],
    ["table2 all repetitions", 2 * 6 * 18],
    ["table3 all repetitions", 2 * 3 * 18],
    ["table4 last answer", 2 * 60],
    ["table5 last answer", 100],
    ["table5 without group 372", 100],
    ["table6 last answer", 60],
    ["tableA4 last answer", 2 * 30],
    ["tableA5 last answer", 30],
    ["tableA6 last answer", 120],
    ["tableA6 keyed answers", 120],
    ["tableA7 last answer", 240],
    ["tableA7 keyed answers", 240],
    ["tableA7 manipulated profile", 240],
  ]);
  // Race is Other in every persona, a row that the paper does not print.
  assert.ok(rows(panel).every((row) => !String(row.cell).endsWith("Race Other")));
  const summary = sensitivitySummary(panel);
  const four = cell(summary, { table: "table4", variant: "last answer", measure: "mean" });
  assert.deepEqual(
    [four.cells, four.differ, four.markers_changed, four.largest, four.at, four.mean_absolute],
    [4, 0, 0, 0, null, 0],
  );
  const sd = cell(summary, { table: "table4", variant: "last answer", measure: "sd" });
  assert.equal(sd.markers_changed, null);
});

Deno.test("sensitivity(): the numbers and markers of one cell by hand", async () => {
  const panel = await sensitivity(
    reads({ epqra: SHEETS, bigfive: BFI, reference: BEFORE, people: PEOPLE }),
  );
  // MaxN: 12 of 20 female; Base: none of 20 in repetitions 1 to 5, 15 of 40 in all.
  const gender = { variant: "all repetitions", measure: "mean" };
  const base = cell(panel, { ...gender, cell: "GPT-4o Base Gender Female" });
  assert.deepEqual([base.printed, base.variant_value, base.difference], [0, 0.375, 0.375]);
  assert.deepEqual([base.marker_printed, base.marker_changed], ["", "no"]);
  const max = cell(panel, { ...gender, cell: "GPT-4o MaxN Gender Female" });
  // z = 4.1404 for 12/20 and 0/20, 1.6514 for 12/20 and 15/40.
  assert.deepEqual(
    [max.printed, max.difference, max.marker_printed, max.marker_variant, max.marker_changed],
    [0.6, 0, "‡", "", "yes"],
  );
  assert.deepEqual([max.model, max.condition], ["GPT-4o", "MaxN"]);
  const row = cell(sensitivitySummary(panel), { table: "table1", ...gender });
  assert.deepEqual([row.cells, row.differ], [2 * 18, 2]);
  assert.deepEqual([row.largest, row.at], [0.375, "GPT-4o Base Gender Female"]);
  near(row.mean_absolute, 2 * 0.375 / 36, 1e-14);
  // Female and Male of MaxN.
  assert.equal(row.markers_changed, 2);
});

Deno.test("sensitivity() with a last answer that is another, and a number that only one way is", async () => {
  const last = SHEETS.map((sheet, at) => at === 0 ? { ...sheet, answers: extravert(6) } : sheet);
  const panel = await sensitivity(
    reads({ epqra: SHEETS, last, bigfive: BFI, reference: BEFORE, people: PEOPLE }),
  );
  const of = (table: string, where: string, measure: string) =>
    cell(panel, { table, variant: "last answer", cell: where, measure });
  // The first sheet has six points more, of nine.
  near(of("table4", "GPT-4o Base E", "mean").difference, 6 / 9, 1e-12);
  assert.equal(of("table4", "GPT-4o Base N", "mean").difference, 0);
  // Its profile has 0 points: six of the 54 answers do not agree any more.
  near(of("tableA6", "GPT-4o Base E", "accuracy").difference, -100 * 6 / 54, 1e-12);
  assert.equal(of("table4", "GPT-3.5 Base E", "mean").difference, null);
  const same = all(1), alike = SHEETS.map((sheet) => ({ ...sheet, answers: same }));
  const once = await sensitivity(
    reads({ epqra: SHEETS, last: alike, bigfive: BFI, reference: BEFORE, people: PEOPLE }),
  );
  const keys = { table: "table6", variant: "last answer", measure: "alpha" };
  const alpha = cell(once, { ...keys, cell: "GPT-4o Base E" });
  assert.ok(alpha.printed! > 0.5);
  assert.deepEqual([alpha.variant_value, alpha.difference], [null, null]);
  const row = cell(sensitivitySummary(once), keys);
  assert.deepEqual([row.cells, row.differ, row.largest, row.mean_absolute], [1, 1, null, null]);
});

Deno.test("markers() counts verdicts with and without the rows that the paper does not print", async () => {
  const one = PEOPLE.find(({ condition }) => condition === "MaxN");
  const given = reads({
    epqra: SHEETS,
    bigfive: BFI,
    reference: BEFORE,
    // All of MaxN but one elves, none of Base.
    people: PEOPLE.map((person) => ({
      ...person,
      race: person.condition === "MaxN" && person !== one ? "elf" : "white",
    })),
  });
  const frames = {
    table1: await robustness("table1", given, { draws: 20 }),
    table4: await robustness("table4", given),
    tableA6: await robustness("tableA6", given, { draws: 20 }),
  };
  const counts = markers(frames);
  assert.deepEqual(rows(counts).map(({ table, rows }) => [table, rows]), [
    ["table1", "printed"],
    ["table1", "all"],
    ["table4", "printed"],
    ["table4", "all"],
    ["tableA6", "printed"],
    ["tableA6", "all"],
  ]);
  const [printed, every] = rows(counts);
  // Two models, two conditions, 18 rows that are printed and 3 that are not.
  assert.deepEqual([printed!.cells, every!.cells], [4 * 18, 4 * 21]);
  // Female, Male and White are marked; Race Other appears.
  assert.deepEqual([printed!.markers, every!.markers], [3, 3]);
  assert.deepEqual([printed!.appears, every!.appears], [0, 1]);
  assert.equal(every!.family, 4);
  for (const row of rows(counts)) {
    const parts = ["stands", "weakens", "vanishes", "appears", "unmarked", "not_tested"] as const;
    assert.equal(parts.reduce((sum, part) => sum + row[part]!, 0), row.cells);
  }
  const [, , four, , six] = rows(counts);
  assert.deepEqual([four!.cells, four!.not_tested], [60, 59]);
  assert.deepEqual([six!.markers, six!.not_tested, six!.family], [0, 120, 0]);
  const unprinted = frames.table1.toRecords().filter(({ in_paper }) => in_paper === "no");
  assert.equal(unprinted.length, 2 * 3 * 3);
});

/** The last answer to each item of each sheet, by the rows themselves. */
async function lastOf(schema: string): Promise<Map<string, number | null>> {
  const given = await as(
    "reader",
    (sql) =>
      sql<{ sheet: number; item: number; answer: number | null }[]>`
      select experiment_id as sheet, question_number as item, answer
      from ${sql(schema)}.eval_questionnaires order by id`,
  );
  return new Map(given.map(({ sheet, item, answer }) => [`${sheet} ${item}`, answer]));
}

function scored({ items }: Instrument, number: number, answer: number | null): number | null {
  const { keyed, reverse } = items.find((item) => item.number === number)!;
  if (keyed !== null) return Number(answer === keyed);
  return answer === null ? null : reverse ? 6 - answer : answer;
}

Deno.test("lastSheets() has the answer with the highest id, scored as the view scores", async () => {
  const schema = "sensitivity_small";
  await restored(schema, join(SMALL, "csv"));
  // The fixture's second answers are the first ones again: here they are the opposite. Third ones are
  // missing, another, and of an item that there is not.
  await as("owner", async (sql) => {
    await sql`
      update ${sql(schema)}.eval_questionnaires a
      set answer = case l.questionnaire when 'epqra' then 1 - answer else 6 - answer end
      from ${sql(schema)}.experiments_list l
      where l.experiment_id = a.experiment_id and exists (
        select from ${sql(schema)}.eval_questionnaires b
        where b.experiment_id = a.experiment_id and b.question_number = a.question_number
          and b.id < a.id)`;
    const sheets = await sql<{ sheet: number; questionnaire: string }[]>`
      select experiment_id as sheet, questionnaire from ${sql(schema)}.experiments_list
      order by experiment_id`;
    const planted = ["epqra", "bigfive"].flatMap((name, at) => {
      const [first, second] = sheets.filter(({ questionnaire }) => questionnaire === name);
      const id = 9_000_000 + 100 * at;
      return [
        { id: id + 1, experiment_id: first!.sheet, question_number: 1, answer: null },
        { id: id + 2, experiment_id: first!.sheet, question_number: 2, answer: 1 },
        { id: id + 3, experiment_id: first!.sheet, question_number: 2, answer: 0 },
        { id: id + 4, experiment_id: second!.sheet, question_number: 21, answer: 1 },
        { id: id + 5, experiment_id: second!.sheet, question_number: 999, answer: 1 },
        { id: id + 6, experiment_id: second!.sheet, question_number: 999, answer: 1 },
      ];
    });
    await sql`insert into ${sql(schema)}.eval_questionnaires ${sql(planted)}`;
  });
  const expected = await lastOf(schema);
  const study = await openDataset({ schema });
  let patched = 0;
  for (const instrument of [epqra, bfi44]) {
    const [first, last] = await Promise.all([
      study.sheets(instrument.name),
      readsOf(study).lastSheets(instrument.name),
    ]);
    assert.deepEqual(last.sheets.columns, first.sheets.columns);
    const before = first.sheets.toRecords() as Row[];
    (last.sheets.toRecords() as Row[]).forEach((sheet, at) => {
      assert.equal(sheet.administration, before[at]!.administration);
      assert.equal(sheet.profile, before[at]!.profile);
      for (const { number } of instrument.items) {
        const key = `${sheet.administration} ${number}`;
        const answer = expected.get(key) ?? null;
        assert.equal(sheet[`answer ${number}`], answer, key);
        const score = expected.has(key) ? scored(instrument, number, answer) : null;
        assert.equal(sheet[`score ${number}`], score, key);
        patched += Number(before[at]![`answer ${number}`] !== answer);
      }
    });
  }
  assert.ok(patched > 1000, `${patched}`);
  const summary = rows(sensitivitySummary(await sensitivity(readsOf(study))));
  const again = summary.filter(({ variant }) => variant === "last answer");
  assert.ok(again.some(({ differ }) => differ! > 0));
  await study.close();
});

Deno.test("without second answers lastSheets() is Study.sheets(), also of a study", async () => {
  const schema = "sensitivity_once";
  await restored(schema, join(SMALL, "csv"));
  await as("owner", (sql) =>
    sql`
    delete from ${sql(schema)}.eval_questionnaires a
    using ${sql(schema)}.eval_questionnaires b
    where a.experiment_id = b.experiment_id and a.question_number = b.question_number
      and a.id > b.id`);
  await migrate("sensitivity_study", "study");
  for (const name of [schema, "sensitivity_study"]) {
    const study = await openDataset({ schema: name });
    assert.equal(await readsOf(study).lastSheets("epqra"), await study.sheets("epqra"));
    assert.equal(await readsOf(study).lastSheets("bigfive"), await study.sheets("bigfive"));
    const panel = sensitivitySummary(await sensitivity(readsOf(study)));
    for (const { variant, differ, cells } of rows(panel)) {
      if (variant === "last answer") assert.equal(differ, 0);
      assert.equal(cells! > 0, name === schema);
    }
    await study.close();
  }
});
