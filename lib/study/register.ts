/** Plans as rows: every piece of work is in the database before the first call. */
import type { Described } from "../conditions.ts";
import type { Sql } from "../db.ts";
import type { Instrument } from "../instruments.ts";
import { type Model, models } from "../llm.ts";
import {
  administrationCell,
  type AdministrationsPlan,
  type Cell,
  identity,
  personaCells,
  type PersonasPlan,
  type Plan,
} from "./plan.ts";
import { under, worksOf } from "./few.ts";
import { keepInstrument, populationOf, profilesOf } from "./population.ts";
import type { Run } from "./tasks.ts";
import { keepPrompt } from "./versions.ts";

/**
 * The cells of a plan.
 *
 * @throws {Error} when the study has no population yet, or no personas to ask
 */
export async function cellsOf(
  sql: Sql,
  schema: string,
  plan: Plan,
): Promise<{ cells: Cell[] } & Described> {
  if (plan.kind === "personas") {
    const population = await populationOf(sql);
    if (!population) {
      throw new Error(
        `Schema ${schema} has no profiles to write personas from: give it a population`,
      );
    }
    const { instrument, codebook, name } = population;
    return { cells: personaCells(plan, instrument, name), instrument, codebook };
  }
  const rows = await sql<
    { population: string; condition: string; label: string; id: string; model: Model }[]
  >`
    select p.population, min(c.condition) as condition, min(c.model_label) as label,
           min(p.model) as id, (array_agg(c.model order by c.cell))[1] as model
    from personas p
    join work w on w.work = p.work
    join cells c on c.cell = w.cell
    group by p.population
    order by min(c.cell)`;
  if (!rows.length) {
    throw new Error(
      `Schema ${schema} holds no personas that could answer: have them written first`,
    );
  }
  const registry = byId();
  const cells = rows.flatMap(({ model, ...population }) => {
    const own = plan.models.length ? plan.models : [current(model, registry.get(model.id))];
    return own.map((one) => administrationCell(plan, population, one, model.id));
  });
  return { cells, instrument: plan.instrument, codebook: [] };
}

/**
 * Writes a plan's run, cells and work; what is there already stays as it is.
 *
 * Work that another run of the same setting has is skipped, with that run as its reason.
 *
 * @returns the number of the run
 * @throws {Error} when another plan has the name, or the population was made in another setting
 */
export async function register(
  sql: Sql,
  schema: string,
  plan: Plan,
  code: string | null,
): Promise<number> {
  const { cells: all, instrument } = await cellsOf(sql, schema, plan);
  const cells = plan.trial ? under(all, plan.trial.condition) : all;
  return await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    // One plan at a time: otherwise two could plan the same personas.
    await sql`lock table runs in share row exclusive mode`;
    const run = await runOf(sql, schema, plan, instrument, code);
    if (!plan.trial) await distinctSetting(sql, schema, run, plan, cells);
    const rows = cells.map(({ model, id: _, ...cell }) => ({
      ...cell,
      run,
      model,
      model_id: model.id,
    }));
    await sql`
      insert into cells (run, model_id, model_label, model, condition, population, setting)
      select run, model_id, label, model, condition, population, setting
      from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as c(
        run int, model_id text, label text, model jsonb, condition text, population text,
        setting text)
      on conflict do nothing`;
    if (plan.trial) await trialWork(sql, schema, run, plan, cells);
    else if (plan.kind === "personas") await personaWork(sql, run, plan);
    else await administrationWork(sql, run, plan);
    return run;
  });
}

async function runOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  instrument: Instrument | null,
  code: string | null,
): Promise<number> {
  const { prompt, name, kind } = plan;
  const [there] = await sql<{ run: number; plan: Plan }[]>`
    select run, plan from runs where name = ${name}`;
  if (there) {
    if (identity(there.plan) === identity(plan)) return there.run;
    throw new Error(`Schema ${schema} has another run ${name}: give the plan another name`);
  }
  await keepPrompt(sql, prompt);
  if (instrument) await keepInstrument(sql, schema, instrument);
  const [row] = await sql<{ run: number }[]>`
    insert into runs (name, kind, plan, prompt, instrument, language, code)
    values (${name}, ${plan.trial ? "trial" : kind}, ${
    JSON.stringify(plan)
  }::text::jsonb, ${prompt.hash},
            ${instrument?.name ?? null}, ${instrument?.language ?? null}, ${code})
    returning run`;
  return row!.run;
}

/** Tables tell models and conditions apart, not prompts: what was made otherwise needs another label. */
async function distinctSetting(
  sql: Sql,
  schema: string,
  run: number,
  plan: Plan,
  cells: readonly Cell[],
): Promise<void> {
  const others = await sql<{ label: string; population: string; setting: string; name: string }[]>`
    select c.model_label as label, c.population, c.setting, r.name
    from cells c join runs r on r.run = c.run
    where r.run <> ${run} and r.kind = ${plan.kind}
      and (${plan.kind === "personas"} or r.instrument = ${
    plan.kind === "personas" ? "" : plan.instrument.name
  })`;
  for (const { label, population, setting } of cells) {
    const other = others.find((other) =>
      other.population === population && other.label === label && other.setting !== setting
    );
    if (!other) continue;
    throw new Error(
      `${population} was made otherwise in run ${other.name} of schema ${schema} (another prompt, ` +
        `model setting, instrument or seed), and the tables could not tell the two apart: give the ` +
        "plan a variant, or choose another schema",
    );
  }
}

/** Repetition by repetition, so that a run that ends early is balanced over cells and profiles. */
async function personaWork(sql: Sql, run: number, plan: PersonasPlan): Promise<void> {
  await sql`
    with other as (
      select c.population, w.profile, w.repetition, min(r.name) as name
      from work w join cells c on c.cell = w.cell join runs r on r.run = w.run
      where w.run <> ${run} and r.kind = 'personas' and w.state <> 'skipped'
      group by 1, 2, 3
    )
    insert into work (run, cell, model_id, profile, repetition, state, reason)
    select c.run, c.cell, c.model_id, p.profile, n.repetition,
           case when o.name is null then 'planned' else 'skipped' end::work_state,
           'planned in run ' || o.name
    from cells c
    cross join (
      select profile from profiles
      where population = (select name from populations where role = 'reference')
      order by profile limit ${plan.profiles}
    ) p
    cross join generate_series(${plan.from}::int, ${
    plan.from + plan.repetitions - 1
  }::int) as n(repetition)
    left join other o on o.population = c.population and o.profile = p.profile
      and o.repetition = n.repetition
    where c.run = ${run}
    order by n.repetition, p.profile, c.cell
    on conflict do nothing`;
}

async function administrationWork(sql: Sql, run: number, plan: AdministrationsPlan): Promise<void> {
  const which = plan.personas ? sql`p.repetitions in ${sql(plan.personas as number[])}` : sql`true`;
  await sql`
    with other as (
      select c.setting, c.population, w.persona, w.repetition, min(r.name) as name
      from work w join cells c on c.cell = w.cell join runs r on r.run = w.run
      where w.run <> ${run} and r.kind = 'administrations' and w.state <> 'skipped'
      group by 1, 2, 3, 4
    )
    insert into work (run, cell, model_id, profile, persona, repetition, state, reason)
    select c.run, c.cell, c.model_id, p.ref_personality_id, p.id, n.repetition,
           case when o.name is null then 'planned' else 'skipped' end::work_state,
           'planned in run ' || o.name
    from cells c
    join personas p on p.population = c.population and ${which}
    cross join generate_series(1, ${plan.repetitions}::int) as n(repetition)
    left join other o on o.setting = c.setting and o.population = c.population
      and o.persona = p.id and o.repetition = n.repetition
    where c.run = ${run}
    order by n.repetition, p.repetitions, p.ref_personality_id, c.cell
    on conflict do nothing`;
}

/** The few profiles of a trial; what is there stays. */
async function trialWork(
  sql: Sql,
  schema: string,
  run: number,
  plan: Plan,
  cells: readonly Cell[],
): Promise<void> {
  const works = await worksOf(sql, schema, plan, cells, plan.trial!.profiles);
  const rows = works.map(({ cell, profile, persona, repetition }) => {
    const { population, model } = cells[cell - 1]!;
    return { population, model_id: model.id, profile, persona, repetition };
  });
  await sql`
    insert into work (run, cell, model_id, profile, persona, repetition)
    select c.run, c.cell, c.model_id, w.profile, w.persona, w.repetition
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as w(population text, model_id text, profile int, persona int, repetition int)
    join cells c on c.run = ${run} and c.population = w.population and c.model_id = w.model_id
    order by w.profile, c.cell
    on conflict do nothing`;
}

/**
 * A run with all that its work needs.
 *
 * @param now entries of the registry by short id, whose prices, limits and keys are today's
 * @throws {Error} when there is none
 */
export async function loaded(sql: Sql, schema: string, name: string | number): Promise<Run> {
  const [row] = await sql<{ run: number; plan: Plan; instrument: Instrument | null }[]>`
    select r.run, r.plan, i.definition as instrument
    from runs r
    left join instruments i on i.name = r.instrument and i.language = r.language
    where ${typeof name === "number" ? sql`r.run = ${name}` : sql`r.name = ${name}`}`;
  if (!row) {
    const known = await sql<{ name: string }[]>`select name from runs order by run`;
    throw new Error(
      `Schema ${schema} has no run ${name}: ` +
        (known.length
          ? `there are ${known.map(({ name }) => name).join(", ")}`
          : "it has none yet"),
    );
  }
  const cells = await sql<
    { cell: number; model: Model; label: string; condition: string; population: string }[]
  >`
    select cell, model, model_label as label, condition, population
    from cells where run = ${row.run} order by cell`;
  const registry = byId();
  const written = await sql<{ population: string; id: string }[]>`
    select distinct population, model as id from personas`;
  const ids = new Map(written.map(({ population, id }) => [population, id]));
  const plan: Plan = {
    ...row.plan,
    models: row.plan.models.map((model) => current(model, registry.get(model.id))),
  };
  return {
    ...row,
    plan,
    cells: new Map(cells.map((cell) => [cell.cell, {
      ...cell,
      model: current(cell.model, registry.get(cell.model.id)),
      id: plan.kind === "personas" && plan.variant
        ? `${cell.model.id}-${plan.variant}`
        : ids.get(cell.population) ?? cell.model.id,
    }])),
    codebook: (await populationOf(sql))?.codebook ?? [],
    profiles: await profilesOf(sql),
  };
}

const byId = (): Map<string, Model> => new Map(models().map((model) => [model.id, model]));

/** A model as planned, at today's price and address: its replies do not depend on these. */
function current(planned: Model, today: Model | undefined): Model {
  if (!today) return planned;
  const { price, concurrency, timeout_seconds, key } = today;
  return { ...planned, price, concurrency, timeout_seconds, ...key !== undefined && { key } };
}
