/** Plans as rows: every piece of work is in the database before the first call. */
import { byId, cellsOf, current } from "./cells.ts";
import type { Sql } from "../db.ts";
import { callsOf, type Cell, fitting } from "./cell.ts";
import type { Coming } from "./coming.ts";
import { identity, type Plan, promptsOf } from "./plan.ts";
import { keepForm } from "./forms.ts";
import { everyOf } from "./every.ts";
import { cellsUnder, worksOf } from "./excerpt.ts";
import { keepInstrument, populationOf } from "./population.ts";
import { place } from "./queue.ts";
import type { Run } from "./tasks.ts";
import { keepPrompt } from "./versions.ts";

/**
 * Writes a plan's run, cells and work; what is there already stays as it is.
 *
 * Work that another run of the same setting has is skipped, with that run as its reason.
 *
 * @param coming personas that plans before it will have written: their cells are written down, their work
 *   when they are there
 * @returns the number of the run
 * @throws {Error} when another plan has the name, or the population was made in another setting
 */
export async function register(
  sql: Sql,
  schema: string,
  plan: Plan,
  code: string | null,
  coming: readonly Coming[] = [],
): Promise<number> {
  return await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    // One plan at a time: otherwise two could plan the same personas. Workers, whose locks these
    // are as well, have numbers from 1; they go on meanwhile.
    await sql`select pg_advisory_xact_lock(${place(sql)}::int, 0)`;
    const all = await cellsOf(sql, schema, plan, coming);
    const cells = plan.trial ? cellsUnder(all, plan.trial.conditions) : all;
    const run = await runOf(sql, schema, plan, code);
    if (plan.kind === "personas") await keepForm(sql, schema, plan.form);
    await keepCells(sql, schema, run, cells);
    if (plan.trial) await trialWork(sql, schema, run, plan, cells);
    else await keepWork(sql, run, plan, cells.some((cell) => callsOf(cell) > 1));
    return run;
  });
}

async function runOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  code: string | null,
): Promise<number> {
  const { name, kind } = plan;
  const [there] = await sql<{ run: number; plan: Plan }[]>`
    select run, plan from runs where name = ${name}`;
  if (there) {
    if (identity(there.plan) === identity(plan)) return there.run;
    throw new Error(`Schema ${schema} has another run ${name}: give the plan another name`);
  }
  const [row] = await sql<{ run: number }[]>`
    insert into runs (name, kind, plan, code)
    values (${name}, ${plan.trial ? "trial" : kind}, ${JSON.stringify(plan)}::text::jsonb, ${code})
    returning run`;
  return row!.run;
}

/** Writes cells with what they are asked with; those that are there stay. */
async function keepCells(
  sql: Sql,
  schema: string,
  run: number,
  cells: readonly Cell[],
): Promise<void> {
  for (const prompt of new Set(cells.map(({ prompt }) => prompt))) await keepPrompt(sql, prompt);
  for (const instrument of new Set(cells.map(({ instrument }) => instrument))) {
    if (instrument) await keepInstrument(sql, schema, instrument);
  }
  const rows = cells.map((cell) => {
    const { model, id: _, codebook: __, prompt, instrument, ...rest } = cell;
    return {
      ...rest,
      run,
      model,
      model_id: model.id,
      prompt: prompt.hash,
      blocks: callsOf(cell),
      instrument: instrument?.name ?? null,
      language: instrument?.language ?? null,
    };
  });
  await sql`
    insert into cells (run, model_id, model_label, model, condition, population, base, setting,
                       writing, prompt, instrument, language, respondents, shown, blocks)
    select run, model_id, label, model, condition, population, base, setting, writing, prompt,
           instrument, language, respondents, shown, blocks
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as c(
      run int, model_id text, label text, model jsonb, condition text, population text, base text,
      setting text, writing text, prompt text, instrument text, language text, respondents text, shown jsonb,
      blocks int)
    on conflict do nothing`;
}

/**
 * Repetition by repetition, so that a run that ends early is balanced over cells and profiles; the calls
 * of a sheet one after the other.
 */
async function keepWork(sql: Sql, run: number, plan: Plan, inBlocks: boolean): Promise<void> {
  // Where a sheet is one call, as in most plans, a sort of all rows is spared.
  const sheet = inBlocks
    ? sql`
        nullif(first_value(n.work) over (
          partition by n.cell, n.profile, n.persona, n.repetition order by n.block
        ), n.work)`
    : sql`null::int`;
  await sql`
    with c as (
      select * from cells where run = ${run}
    ), other as (
      select o.setting, o.population, w.profile, w.persona, w.repetition, min(r.name) as name
      from work w join cells o on o.cell = w.cell join runs r on r.run = w.run
      where w.run <> ${run} and r.kind = ${plan.kind} and w.state <> 'skipped'
        and o.setting in (select setting from c)
      group by 1, 2, 3, 4, 5
    ), every as (${everyOf(sql, plan)}
    ), numbered as (
      select nextval(pg_get_serial_sequence('work', 'work'))::int as work, e.*
      from (
        select * from every e
        where not exists (
          select from work w
          where w.cell = e.cell and w.profile = e.profile
            and coalesce(w.persona, 0) = coalesce(e.persona, 0) and w.repetition = e.repetition
            and w.block = e.block)
        order by repetition, round, profile, cell, block
      ) e
    )
    insert into work (work, run, cell, model_id, profile, persona, repetition, block, sheet, state,
                      reason)
    select n.work, ${run}, n.cell, c.model_id, n.profile, n.persona, n.repetition, n.block,
           ${sheet},
           case when o.name is null then 'planned' else 'skipped' end::work_state,
           'planned in run ' || o.name
    from numbered n
    join c on c.cell = n.cell
    left join other o on o.setting = c.setting and o.population = c.population
      and o.profile = n.profile
      and o.persona is not distinct from n.persona and o.repetition = n.repetition
    order by n.work`;
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
  const rows = works.map(({ cell, ...work }) => {
    const { population, model, setting } = cells[cell - 1]!;
    return { ...work, population, model_id: model.id, setting };
  });
  await sql`
    insert into work (run, cell, model_id, profile, persona, repetition, block)
    select c.run, c.cell, c.model_id, w.profile, w.persona, w.repetition, w.block
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as w(population text, model_id text, setting text, profile int, persona int, repetition int,
           block int)
    join cells c on c.run = ${run} and c.population = w.population and c.model_id = w.model_id
      and c.setting = w.setting
    order by w.profile, c.cell, w.block
    on conflict do nothing`;
}

/**
 * A run with all that its work needs.
 *
 * Of its models prices, limits and keys are today's.
 *
 * @throws {Error} when there is none
 */
export async function loadRun(sql: Sql, schema: string, name: string | number): Promise<Run> {
  const [row] = await sql<{ run: number; plan: Plan }[]>`
    select run, plan from runs where ${
    typeof name === "number" ? sql`run = ${name}` : sql`name = ${name}`
  }`;
  if (!row) {
    const known = await sql<{ name: string }[]>`select name from runs order by run`;
    throw new Error(
      `Schema ${schema} has no run ${name}: ` +
        (known.length
          ? `there are ${known.map(({ name }) => name).join(", ")}`
          : "it has none yet"),
    );
  }
  const registry = byId();
  const plan: Plan = {
    ...row.plan,
    models: row.plan.models.map((model) => current(model, registry.get(model.id))),
  };
  const cells = await sql<(Cell & { cell: number; hash: string })[]>`
    select c.cell, c.model, c.model_label as label, c.condition, c.population, c.base, c.setting,
           c.writing, c.prompt as hash, i.definition as instrument, c.respondents, c.shown,
           coalesce((
             select p.model from personas p where p.population = c.population
             order by p.ref_personality_id, p.repetitions limit 1
           ), c.model_id) as id
    from cells c
    left join instruments i on i.name = c.instrument and i.language = c.language
    where c.run = ${row.run} order by c.cell`;
  const codebook = plan.kind === "personas"
    ? (await populationOf(sql, plan.population))?.codebook ?? []
    : [];
  return {
    run: row.run,
    plan,
    cells: new Map(cells.map((cell) => [cell.cell, {
      ...cell,
      model: current(cell.model, registry.get(cell.model.id)),
      codebook,
      prompt: promptsOf(plan).map((prompt) => fitting(prompt, cell))
        .find(({ hash }) => hash === cell.hash)!,
      id: plan.kind === "personas" && plan.variant ? `${cell.model.id}-${plan.variant}` : cell.id,
    }])),
  };
}
