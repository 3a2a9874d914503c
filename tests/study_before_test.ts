/** A study that an earlier commit made goes on here: nothing is lost, nothing is bought again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl, { type DataFrame } from "polars";
import { z } from "zod";
import { connect, migrate, type Sql } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { type Model, requestKey } from "lib/llm.ts";
import { strict } from "lib/llm/provider.ts";
import type { Message, Prompt } from "lib/prompts.ts";
import { openStudy, type Plan, type Study, type Tried } from "lib/study.ts";
import { administrationCells, personaCells } from "lib/study/cell.ts";
import { identity } from "lib/study/plan.ts";
import { script } from "./command.ts";
import { as } from "./data.ts";
import { Folder } from "./made.ts";
import {
  golden,
  type Held,
  held,
  LAST,
  load,
  plans,
  PROFILES,
  read,
  serving,
  trials,
  unpacked,
} from "./study_before.ts";
import { type Place, PLACES } from "./study_before_places.ts";

/** What `planned` of a run's status is called since: it is what is still to do. */
const STATUS = golden.status.map(({ planned, ...row }) => ({ ...row, to_do: planned }));

/** The study of the fixture, opened by the code of today. */
class Before implements AsyncDisposable {
  private constructor(readonly schema: string, readonly lab: Study, readonly sql: Sql) {}

  static async opened(schema: string): Promise<Before> {
    await load(schema);
    return await Before.at(schema);
  }

  static async at(schema: string): Promise<Before> {
    const lab = await openStudy({ schema });
    return new Before(schema, lab, await connect("owner", { schema, connections: 2 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
    await this.sql.end();
  }
}

/** What was tried as it once was: two prompts, and a row for both. */
function pairsIn({ prompts: [before, after], replies, fields, scores }: Tried) {
  const of = (frame: DataFrame, { version }: Prompt) =>
    frame.filter(pl.col("prompt").eq(pl.lit(version)));
  const named = (frame: DataFrame, value: string) =>
    of(frame, after!).rename({ reference: "before", [value]: "after" });
  return {
    replies: pl.concat([of(replies, before!), of(replies, after!)]),
    fields: named(fields, "value"),
    scores: named(scores, "score"),
  };
}

/** A frame has the golden rows, in the columns that these have. Sums of dollars depend on their order. */
function isLike(frame: DataFrame, rows: readonly Record<string, unknown>[], what?: string): void {
  const names = Object.keys(rows[0] ?? {});
  const told = (of: readonly Record<string, unknown>[]) =>
    JSON.stringify(
      of.map((row) => names.map((name) => row[name] ?? null)),
      (_, value) => typeof value === "number" ? Number(value.toPrecision(12)) : value,
      1,
    );
  assert.equal(told(frame.toRecords() as Record<string, unknown>[]), told(rows), what);
}

/** Columns of a schema by table. */
async function columnsOf(schema: string): Promise<Record<string, string[]>> {
  const rows = await as("owner", (sql) =>
    sql<{ table: string; column: string }[]>`
      select table_name as table, column_name as column from information_schema.columns
      where table_schema = ${schema} order by table_name, ordinal_position`);
  const columns: Record<string, string[]> = {};
  for (const { table, column } of rows) (columns[table] ??= []).push(column);
  return columns;
}

const atOf = (place: Place): string => typeof place === "string" ? place : place.at;

const selectOf = (place: Place): string => {
  if (typeof place !== "string") return place.select;
  const [table, column] = place.split(".");
  return `select "${column}" from "${table}"`;
};

const placeOf = (table: string, column: string): Place => PLACES[table]![column]!;

Deno.test("each column of the migrations up to 005 has a place, and each place is there", async () => {
  await migrate("before_columns_then", "study", LAST);
  await migrate("before_columns_now", "study");
  const then = await columnsOf("before_columns_then"), now = await columnsOf("before_columns_now");
  const { tables } = read(await unpacked("study.sql"));
  const listed: Record<string, string[]> = {};
  for (const { name, columns } of tables) {
    // The dump has each table as the migrations make it: none of them was changed since.
    assert.deepEqual(columns, then[name], name);
    listed[name] = Object.keys(PLACES[name] ?? {});
  }
  for (const [name, columns] of Object.entries(listed)) assert.deepEqual(columns, then[name], name);
  assert.deepEqual(Object.keys(PLACES).toSorted(), Object.keys(golden.tables).toSorted());
  const gone = Object.values(PLACES).flatMap((columns) => Object.values(columns)).map(atOf)
    .filter((at) => {
      const [table, column] = at.split(".");
      return !now[table!]?.includes(column!);
    });
  assert.deepEqual(gone, []);
});

Deno.test("an earlier study is opened, and holds every value that it held", async () => {
  await using before = await Before.opened("before_opened");
  const { sql } = before;
  for (const [table, { rows, columns }] of Object.entries(golden.tables)) {
    const first = Object.keys(columns)[0]!;
    assert.equal((await held(sql, selectOf(placeOf(table, first)))).n, rows, table);
    const now: Record<string, Held> = {};
    for (const column of Object.keys(columns)) {
      now[column] = await held(sql, selectOf(placeOf(table, column)));
    }
    assert.deepEqual(now, columns, table);
  }
  for (const [name, sum] of Object.entries(golden.sums)) {
    const [table, column] = name.split(".") as [string, string];
    const [row] = await sql.unsafe<[{ sum: number }]>(
      `select sum(value)::float8 as sum from (${selectOf(placeOf(table, column))}) given(value)`,
    );
    assert.ok(Math.abs(row!.sum - sum) < 1e-9, `${name}: ${row!.sum}, and it was ${sum}`);
  }
});

/** The population of the fixture. */
const TWELVE = { name: "twelve", reference: true, instrument: epqra, codebook: [] };

/** What a key was made from, and the key. */
interface Key {
  run: string;
  model: Model;
  messages: Message[];
  repetition: string;
  /** The JSON Schema that the call had. */
  schema: Record<string, unknown> | null;
  key: string;
}

Deno.test("requestKey() gives the keys that earlier replies are stored under", async () => {
  const keys: Key[] = JSON.parse(await unpacked("keys.json"));
  const stored = new Set(
    (await unpacked("requests.jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line).key),
  );
  for (const { run, model, messages, repetition, schema, key } of keys) {
    const asked = schema && z.fromJSONSchema(schema);
    if (asked) assert.equal(JSON.stringify(strict(asked)), JSON.stringify(schema));
    const call = { messages, repetition, ...asked && { schema: asked } };
    assert.equal(requestKey(model, call), key, `${run} ${model.id} ${repetition}`);
    assert.equal(stored.has(key), run !== golden.plans.later, `${run} ${repetition}`);
  }
  // All providers, turns of correction, questions with and without a schema, and trials.
  const kinds = (of: (key: Key) => unknown) => [...new Set(keys.map(of))].toSorted();
  assert.deepEqual(kinds(({ model }) => model.provider), ["bedrock", "openai", "simulated"]);
  assert.deepEqual(kinds(({ messages }) => messages.length), [2, 4, 6]);
  assert.deepEqual(kinds(({ schema }) => schema !== null), [false, true]);
  assert.deepEqual(kinds(({ repetition }) => repetition.startsWith("trial/")), [false, true]);
});

/** Values of a row as COPY writes it. */
const valuesOf = (row: string): string[] =>
  row.split("\t").map((value) =>
    value.replace(/\\(.)/g, (_, letter) => ({ n: "\n", t: "\t", r: "\r" })[letter as "n"] ?? letter)
  );

Deno.test("plans that are stored keep their identity, and those made anew their names and settings", async () => {
  const { tables } = read(await unpacked("study.sql"));
  const { columns, rows } = tables.find(({ name }) => name === "runs")!;
  const stored = new Map(
    rows.trimEnd().split("\n").map((row) => {
      const values = valuesOf(row);
      return [values[columns.indexOf("name")]!, values[columns.indexOf("plan")]!];
    }),
  );
  const made: Record<string, Plan> = plans();
  for (const { name, identity: was, cells } of golden.runs) {
    const plan: Plan = JSON.parse(stored.get(name)!);
    assert.equal(identity(plan), was, name);
    for (const { population, condition, model_id, setting } of cells) {
      const model = plan.kind === "personas" || plan.models.length
        ? plan.models.find(({ id }) => id === model_id)!
        : made.people!.models.find(({ id }) => id === model_id)!;
      const cell = plan.kind === "personas"
        ? personaCells(plan, TWELVE).find((cell) => cell.population === population)!
        : administrationCells(
          plan,
          {
            population,
            base: population,
            condition,
            label: "",
            id: "",
            writing: "",
            respondents: null,
          },
          model,
          { writer: "", respondents: { codebook: [], shown: [], whose: "" } },
        )[0]!;
      assert.equal(cell.setting, setting, `${name} ${population}`);
    }
  }
  for (const [what, name] of Object.entries(golden.plans)) {
    assert.equal(made[what]!.name, name, what);
    assert.equal(
      identity(made[what]!),
      golden.runs.find((run) => run.name === name)!.identity,
      what,
    );
  }
});

Deno.test("trials, versions, faults, reasons and money of an earlier study are shown as before", async () => {
  await using server = await serving();
  await using before = await Before.opened("before_shown");
  const { lab } = before;
  // What the killed process had in flight is booked as lost, and its work is planned again.
  isLike(await lab.status(), STATUS);
  isLike(await lab.prompts(), golden.prompts);
  const { flow, failures, flags } = await lab.quality();
  isLike(flow, golden.flow);
  isLike(failures, golden.failures);
  isLike(flags, golden.flags);
  for (const [what, rows] of Object.entries(golden.faults)) {
    isLike(await lab.faults(golden.plans[what]!), rows, what);
  }
  for (const [what, { plan, trial }] of Object.entries(trials())) {
    const rows = golden.tried[what]!;
    const tried = pairsIn(await lab.tried(plan, trial));
    isLike(tried.replies, rows.replies.map(({ version: _, ...row }) => row), what);
    isLike(tried.fields, rows.fields, what);
    isLike(tried.scores, rows.scores, what);
  }
  // Every reply is found under the key that is made anew, and read as it was.
  for (const [what, was] of Object.entries(golden.reparsed)) {
    assert.deepEqual(await lab.reparse(golden.plans[what]!, { write: false }), was, what);
  }
  assert.equal(server.tally().requests, 0);
});

const Flow = z.object({
  run: z.string(),
  model: z.string(),
  planned: z.number(),
  failed: z.number(),
  open: z.number(),
  skipped: z.number(),
  stored: z.number(),
});

const flowOf = async (lab: Study): Promise<z.infer<typeof Flow>[]> =>
  z.array(Flow).parse((await lab.quality()).flow.toRecords());

/** Replies of an export by the key and the number of their question. */
const repliesIn = (lines: string): Map<string, string> =>
  new Map(
    lines.trimEnd().split("\n").map((line) => JSON.parse(line))
      .map(({ key, ask, reply }) => [`${key} ${ask}`, reply]),
  );

const sum = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

Deno.test("the notebooks of an earlier study, run again, buy nothing twice and finish what is left", async () => {
  await using server = await serving();
  await using study = await Before.opened("before_continued");
  const { lab } = study;
  assert.deepEqual(await lab.population(PROFILES, epqra), { name: "twelve", profiles: 12 });
  await lab.status(); // takes back what the killed process had claimed
  const was = await flowOf(lab);

  // Each plan finds its run, and has no more to do than it had.
  for (const [what, plan] of Object.entries(plans())) {
    assert.equal(await lab.register(plan), golden.plans[what], what);
  }
  assert.deepEqual(await flowOf(lab), was);
  isLike(await lab.status(), STATUS);

  // What is done asks nobody.
  const { bfi, order, later, ...finished } = golden.plans as Record<string, string>;
  for (const [what, name] of Object.entries(finished)) {
    const { ended, done, calls } = await lab.run(name);
    assert.deepEqual([ended, done, calls], ["finished", 0, 0], what);
  }
  assert.equal(server.tally().requests, 0);

  // What is left is asked once. Of the half done run two replies were stored and not settled yet, one
  // of the server's and one of the simulated model's.
  const open = (run: string, served = false) =>
    sum(
      was.filter((row) => row.run === run && (!served || /^Own/.test(row.model)))
        .map(({ open }) => open),
    );
  const half = await lab.run(bfi!, { budget: { calls: 1000 } });
  assert.deepEqual([half.ended, half.failed, half.done, half.stored, half.calls], [
    "finished",
    {},
    open(bfi!),
    2,
    open(bfi!) - 2,
  ]);
  assert.equal(server.tally().requests, open(bfi!, true) - 1);
  assert.ok(server.tally().requests > 5 && half.calls > server.tally().requests);

  const killed = await lab.run(order!, { budget: { usd: 3 } });
  assert.deepEqual([killed.ended, killed.failed, killed.done], ["finished", {}, open(order!)]);
  const simulated = await lab.run(later!);
  assert.deepEqual([simulated.ended, simulated.done], ["finished", 48]);
  assert.equal(server.tally().requests, open(bfi!, true) - 1 + open(order!));

  // Replies that were there are there as they came, and there is one more for each call.
  using folder = new Folder();
  await lab.export(folder.path);
  const now = repliesIn(await Deno.readTextFile(join(folder.path, "requests.jsonl")));
  const then = repliesIn(await unpacked("requests.jsonl"));
  assert.equal(now.size, then.size + half.calls + open(order!) + 48);
  assert.deepEqual([...then].filter(([key, reply]) => now.get(key) !== reply), []);

  const asPlanned = was.map((row) => ({ ...row, open: 0, stored: row.planned - row.failed }));
  assert.deepEqual(await flowOf(lab), asPlanned);
  const money = z.array(z.object({ run: z.string(), calls: z.number(), lost_usd: z.number() }));
  const paid = money.parse(golden.status);
  for (const [at, row] of money.parse((await lab.status()).toRecords()).entries()) {
    const { run, calls, lost_usd } = paid[at]!;
    const more = run === bfi ? half.calls : run === order ? open(order!) : run === later ? 48 : 0;
    assert.deepEqual(row, { run, calls: calls + more, lost_usd });
  }

  // What failed for a reply of no use, or without a reply, is asked anew, and no more than that.
  const asked = server.tally().requests;
  assert.equal(await lab.retryFailed(finished.variant!, "not readable"), 1);
  assert.equal(await lab.retryFailed(finished.variant!, "refused prompt"), 1);
  const anew = await lab.run(finished.variant!);
  assert.deepEqual([anew.done, anew.stored, server.tally().requests - asked], [2, 0, 2]);

  // Of the trials only the question that the withdrawn reply leads to is new, to the simulated model.
  const calls = async () =>
    sum(money.parse((await lab.status()).toRecords()).map((row) => row.calls));
  const before = await calls();
  for (const { plan, trial } of Object.values(trials())) {
    await lab.tried(plan, { ...trial, budget: { calls: 9 } });
  }
  assert.deepEqual([server.tally().requests - asked, await calls() - before], [2, 1]);
});

Deno.test("the export of an earlier study serves as a record: in another schema nobody is asked", async () => {
  await using server = await serving();
  await using before = await Before.opened("before_exported");
  await as("owner", (sql) => sql`drop schema if exists before_recorded cascade`);
  await using fresh = await Before.at("before_recorded");
  using folder = new Folder();
  const file = join(folder.path, "requests.jsonl");
  await Deno.writeTextFile(file, await unpacked("requests.jsonl"));
  const { lab } = fresh;
  await lab.population(PROFILES, epqra);
  const { people, variant, again, shuffled, cloud } = plans();
  for (const plan of [people, variant, again, shuffled, cloud]) {
    const name = await lab.register(plan);
    const { code, out, err } = await script("study", [
      "run",
      name,
      ...["--recorded-from", file, "--schema", fresh.schema],
    ]);
    assert.deepEqual([code, err], [0, ""], `${name}: ${out}`);
  }
  assert.equal(server.tally().requests, 0);
  const states = async ({ lab }: Before) =>
    z.array(Flow).parse((await lab.quality()).flow.toRecords())
      .filter(({ run }) => [people.name, variant.name, again.name].includes(run));
  // Also what was cut off at first, and whole when it was asked anew.
  assert.deepEqual(await states(fresh), await states(before));
  // The same sheets of the same personas.
  const sheets = `
    select concat_ws(' ', r.name, p.population, p.ref_personality_id, p.repetitions, p.name,
                     a.answers, a.items, a.options, a.explanation)
    from administrations a join personas p on p.id = a.persona join cells c on c.cell = a.cell
    join runs r on r.run = c.run
    where r.name in ('${shuffled.name}', '${cloud.name}')`;
  const then = await held(before.sql, sheets);
  assert.ok(then.n > 45);
  assert.deepEqual(await held(fresh.sql, sheets), then);
});
