/** A simulated study as rows of a study's schema, so that whatever reads a study reads it. */
import { UNMAPPED } from "../../cleaning.ts";
import { randomProfiles } from "../../population.ts";
import { connect, migrate, PLACEHOLDERS, type Sql } from "../../db.ts";
import { statusesOf, type Values, words } from "../../forms.ts";
import { biography } from "../../paper/biography.ts";
import { ATTRIBUTES } from "../../paper/design.ts";
import { bfi44 } from "../../paper/instruments.ts";
import { type UniformInstrument } from "../../instruments.ts";
import type { Model } from "../../llm.ts";
import { controlName } from "../../population.ts";
import { editPrompt, type Prompt, shippedPrompt } from "../../prompts.ts";
import type { Simulated, SimulatedCell } from "./specification.ts";

/** What stands in fields that are not simulated. */
const NOTHING = PLACEHOLDERS.simulated;
const AGE = 30;
const AT_ONCE = 10_000;

/**
 * Writes a simulated study into a schema, all or nothing.
 *
 * Its models' provider is `simulated`, which every banner names. Attributes that the specification
 * lacks are `unmapped`, name and description say that they are not simulated, every age is 30. The
 * random control is `randomProfiles` of the profiles.
 *
 * @param options `schema`: made where it is not there. `replace`: an earlier simulated study in it goes;
 *   anything else that it holds stays, and is an error
 * @returns how many rows of which kind
 * @throws {Error} when the schema holds something already
 */
export async function written(
  study: Simulated,
  options: { schema: string; replace?: boolean },
): Promise<{ profiles: number; personas: number; sheets: number }> {
  const { schema, replace = false } = options;
  await migrate(schema, "study");
  const sql = await connect("owner", { schema, connections: 1 });
  try {
    const counts = await sql.begin(async (transaction) => {
      const sql = transaction as unknown as Sql;
      await sql`lock table populations, runs in share row exclusive mode`;
      if (replace && await onlySimulated(sql)) {
        await sql`truncate populations, instruments, prompts, runs restart identity cascade`;
      }
      const [held] = await sql`
        select exists (select from populations) or exists (select from runs) as held`;
      if (held!.held) {
        throw new Error(
          replace
            ? `Schema ${schema} holds a study that was not simulated as a whole: it is left as it is`
            : `Schema ${schema} holds a study: choose another schema, or drop this one`,
        );
      }
      const profiles = await keepProfiles(sql, study);
      const personas = await keepPersonas(sql, study);
      const own = await keepSheets(sql, study, study.instrument, (cell) => cell.sheets);
      const bfi = study.cells.some(({ model }) => model.bfi)
        ? await keepSheets(sql, study, bfi44, (cell) => cell.bfi)
        : 0;
      return { profiles, personas, sheets: own + bfi };
    });
    // Without it the planner takes the new tables for empty, and reads take up to twice as long.
    await sql`analyze profiles, work, personas_written, administrations`;
    return counts;
  } finally {
    await sql.end();
  }
}

/** Whether profiles, personas and sheets were all drawn, and no model was ever asked. */
async function onlySimulated(sql: Sql): Promise<boolean> {
  const [found] = await sql`
    select exists (select from populations where origin not like 'simulated, seed %')
        or exists (select from cells where setting not like 'simulated, seed %')
        or exists (select from requests) as other`;
  return !found!.other;
}

async function keepProfiles(sql: Sql, study: Simulated): Promise<number> {
  const { instrument, reference, n, profiles } = study;
  const width = instrument.items.length;
  await keepInstrument(sql, instrument);
  const own = Array.from({ length: n }, (_, profile) => ({
    id: profile + 1,
    answers: [...profiles.subarray(profile * width, (profile + 1) * width)],
  }));
  for (const role of ["reference", "control"]) {
    const control = role === "control";
    const name = control ? controlName(reference) : reference;
    await sql`
      insert into populations (name, role, control_of, origin, instrument, language)
      values (${name}, ${role}, ${control ? reference : null}, ${`simulated, seed ${study.seed}`},
              ${instrument.name}, ${instrument.language})`;
    const rows = control ? randomProfiles(instrument, own, n, study.seed) : own;
    await inserted(rows, (rows) =>
      sql`
        insert into profiles (population, profile, answers)
        select ${name}, id, answers from jsonb_to_recordset(${rows}::text::jsonb)
          as p(id int, answers smallint[])`);
  }
  return n;
}

async function keepPersonas(sql: Sql, study: Simulated): Promise<number> {
  const { n, repetitions, cells } = study;
  const { run, ids } = await keepRun(sql, study, "personas", study.instrument, cells);
  const columns = ATTRIBUTES.map(({ column }) => column);
  const fields: Values = Object.fromEntries(
    biography.fields.map(({ name, kind }) => [name, kind === "text" ? NOTHING : AGE]),
  );
  const cleaned = biography.fields.filter(({ mapping }) => mapping)
    .map(({ name }) => [name, UNMAPPED]);
  const written = {
    fields: JSON.stringify(fields),
    cleaned: JSON.stringify(Object.fromEntries(cleaned)),
    status: JSON.stringify(statusesOf(biography, fields)),
    words: JSON.stringify({ description: words(NOTHING) }),
  };
  for (const [at, cell] of cells.entries()) {
    const drawn = columns.map((column) =>
      cell.model.demographics?.[column] ? cell.demographic(column) : null
    );
    const width = study.instrument.items.length, all = cell.shown;
    const shownTo = (profile: number) => [...all.subarray(profile * width, (profile + 1) * width)];
    const rows = Array.from({ length: n * repetitions }, (_, persona) => ({
      profile: Math.floor(persona / repetitions) + 1,
      repetition: persona % repetitions + 1,
      shown: shownTo(Math.floor(persona / repetitions)),
      changed: cell.changed[Math.floor(persona / repetitions)],
      drawn: Object.fromEntries(columns.map((column, place) => {
        const own = drawn[place];
        return [column, own ? own.categories[own.values[persona]!] : UNMAPPED];
      })),
    }));
    await work(sql, run, ids[at]!, cell, rows);
    await inserted(rows, (rows) =>
      sql`
        insert into personas_written (
          work, ref_personality_id, population, model, model_print, population_print, repetitions,
          repetition_count, shown, changed, form, fields, cleaned, status, words)
        select w.work, p.profile, ${cell.population}, ${cell.model.id}, ${cell.model.label},
               ${cell.condition.name}, p.repetition, ${repetitions}, p.shown, p.changed,
               ${biography.name}, ${written.fields}::text::jsonb || p.drawn,
               ${written.cleaned}::text::jsonb || p.drawn, ${written.status}::text::jsonb,
               ${written.words}::text::jsonb
        from jsonb_to_recordset(${rows}::text::jsonb) as p(
          profile int, repetition int, shown smallint[], changed smallint[], drawn jsonb)
        join work w on w.cell = ${ids[at]!} and w.profile = p.profile
          and w.repetition = p.repetition
        order by w.work`);
  }
  return cells.length * n * repetitions;
}

async function keepSheets(
  sql: Sql,
  study: Simulated,
  instrument: UniformInstrument,
  answersOf: (cell: SimulatedCell) => Uint8Array | null,
): Promise<number> {
  const { n, sheetsEach } = study;
  const width = instrument.items.length;
  const cells = study.cells.filter((cell) => answersOf(cell));
  await keepInstrument(sql, instrument);
  const { run, ids } = await keepRun(sql, study, "administrations", instrument, cells);
  const items = `{${instrument.items.map(({ number }) => number)}}`;
  const rising = Array.from(
    { length: instrument.highest - instrument.lowest + 1 },
    (_, at) => instrument.lowest + at,
  );
  for (const [at, cell] of cells.entries()) {
    const answers = answersOf(cell)!;
    const rows = Array.from({ length: n * sheetsEach }, (_, sheet) => ({
      profile: Math.floor(sheet / sheetsEach) + 1,
      persona: sheet % sheetsEach + 1,
      answers: [...answers.subarray(sheet * width, (sheet + 1) * width)],
    }));
    await sql`
      insert into work (run, cell, model_id, profile, persona, repetition, state, finished)
      select ${run}, ${ids[at]!}, ${cell.model.id}, ref_personality_id, id, 1, 'done', now()
      from personas where population = ${cell.population} and repetitions <= ${sheetsEach}
      order by id`;
    await inserted(rows, (rows) =>
      sql`
        insert into administrations (work, cell, persona, profile, repetition, sheet, answers, items,
                                     options, flags)
        select w.work, w.cell, w.persona, w.profile, 1, w.work, g.answers, ${items}::text::smallint[],
               ${`[${rising}]`}::text::jsonb, '{}'
        from jsonb_to_recordset(${rows}::text::jsonb)
          as g(profile int, persona int, answers smallint[])
        join personas p on p.population = ${cell.population}
          and p.ref_personality_id = g.profile and p.repetitions = g.persona
        join work w on w.cell = ${ids[at]!} and w.persona = p.id`);
  }
  return cells.length * n * sheetsEach;
}

/** A run with its cells; their ids in the order of the cells. */
async function keepRun(
  sql: Sql,
  study: Simulated,
  kind: "personas" | "administrations",
  instrument: UniformInstrument,
  cells: readonly SimulatedCell[],
): Promise<{ run: number; ids: number[] }> {
  const asked = nothingAsked(kind === "personas" ? "persona" : "administration");
  const { specification, seed, repetitions } = study;
  const models = specification.models.map(modelOf);
  const conditions = [...new Set(cells.map(({ condition }) => condition))];
  const name = kind === "personas" ? "simulated personas" : `simulated ${instrument.name}`;
  const common = { name, kind, models, prompt: asked, seed, variant: null, specification };
  const plan = kind === "personas"
    ? { ...common, conditions, from: 1, repetitions, profiles: null }
    : { ...common, instrument, personas: null, repetitions: 1 };
  await sql`
    insert into prompts (hash, purpose, version, language, system, "user", note)
    values (${asked.hash}, ${asked.purpose}, ${asked.version}, ${asked.language}, ${asked.system},
            ${asked.user}, ${asked.note})
    on conflict do nothing`;
  const [row] = await sql<{ run: number }[]>`
    insert into runs (name, kind, plan)
    values (${name}, ${kind}, ${JSON.stringify(plan)}::text::jsonb)
    returning run`;
  const drawn = (population: string) => `simulated, seed ${seed}: ${population}`;
  const ids: number[] = [];
  for (const { model, condition, population } of cells) {
    const [cell] = await sql<{ cell: number }[]>`
      insert into cells (run, model_id, model_label, model, condition, population, base, setting,
                         writing, prompt, instrument, language)
      values (${row!.run}, ${model.id}, ${model.label},
              ${JSON.stringify(modelOf(model))}::text::jsonb, ${condition.name}, ${population},
              ${population}, ${drawn(population)}, ${
      kind === "personas" ? null : drawn(population)
    }, ${asked.hash}, ${instrument.name}, ${instrument.language})
      returning cell`;
    ids.push(cell!.cell);
  }
  return { run: row!.run, ids };
}

/** The work of a cell of personas, all of it done. */
async function work(
  sql: Sql,
  run: number,
  id: number,
  { model }: SimulatedCell,
  rows: readonly { profile: number; repetition: number }[],
): Promise<void> {
  const keys = rows.map(({ profile, repetition }) => ({ profile, repetition }));
  await inserted(keys, (rows) =>
    sql`
      insert into work (run, cell, model_id, profile, repetition, state, finished)
      select ${run}, ${id}, ${model.id}, profile, repetition, 'done', now()
      from jsonb_to_recordset(${rows}::text::jsonb) as w(profile int, repetition int)
      order by repetition, profile`);
}

/** Rows as JSON text, some thousands at a time. */
async function inserted(
  rows: readonly unknown[],
  insert: (rows: string) => PromiseLike<unknown>,
): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await insert(JSON.stringify(rows.slice(from, from + AT_ONCE)));
  }
}

async function keepInstrument(sql: Sql, instrument: UniformInstrument): Promise<void> {
  await sql`
    insert into instruments (name, language, definition)
    values (${instrument.name}, ${instrument.language},
            ${JSON.stringify(instrument)}::text::jsonb)
    on conflict do nothing`;
}

/** A prompt row that says that there was no prompt. */
const nothingAsked = (purpose: Prompt["purpose"]): Prompt => ({
  ...editPrompt(shippedPrompt(purpose), {
    system: "",
    user: "Nothing was asked.",
    note: "No prompt: the results were drawn from stated rates.",
  }),
  version: "simulated",
});

const modelOf = ({ id, label }: { id: string; label: string }): Model => ({
  id,
  label,
  provider: "simulated",
  model: "drawn from stated rates",
  max_tokens: 1,
  format: "text",
  price: null,
});
