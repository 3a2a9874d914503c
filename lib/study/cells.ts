/** The cells of a plan in a study: whose personas they are about, and what they are called there. */
import {
  administrationCells,
  type Cell,
  fieldsOf,
  personaCells,
  profileCells,
  rewrittenCells,
  type Written,
} from "./cell.ts";
import { type Model, models } from "../llm.ts";
import type { Coming } from "./coming.ts";
import {
  type AdministrationsPlan,
  changesOf,
  type Context,
  levelsOf,
  type Plan,
  UNCHANGED,
} from "./plan.ts";
import type { DataFrame } from "polars";
import { type Sql } from "../db.ts";
import { nearest } from "../format.ts";
import { frame } from "../frames.ts";
import { asRows, everyOf } from "./every.ts";
import { populationOf } from "./population.ts";
import { type Form, usualForm } from "../forms.ts";
import { formsOf } from "./forms.ts";

/**
 * The cells of a plan, under the names that they have or would get in the study.
 *
 * @param coming personas that plans before it will have written
 * @throws {Error} when the study has no population yet, or no personas to ask
 */
export async function cellsOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  coming: readonly Coming[] = [],
): Promise<Cell[]> {
  const registry = byId();
  if (plan.kind === "administrations" && plan.context) {
    await settledBefore(sql, schema, plan.context);
  }
  if (plan.kind === "personas" && plan.parent !== undefined) {
    const parents = await writtenIn(
      sql,
      schema,
      { form: plan.parent, what: "that others could be made from", coming },
    );
    return await named(sql, plan, parents.flatMap((one) => rewrittenCells(plan, one)));
  }
  if (plan.kind === "personas") {
    const population = await populationOf(sql, plan.population);
    if (!population) {
      throw new Error(
        `Schema ${schema} has no profiles to write personas from: give it a population`,
      );
    }
    return await named(sql, plan, personaCells(plan, population));
  }
  if (plan.of === "profiles") {
    const population = await populationOf(sql, plan.population);
    if (!population) {
      throw new Error(`Schema ${schema} has no profiles that could answer: give it a population`);
    }
    return await named(sql, plan, profileCells(plan, population));
  }
  const respondents = changesOf(plan).length
    ? fieldsOf(await formOf(sql, plan.form, coming))
    : NOBODY;
  const rows = await writtenIn(
    sql,
    schema,
    { form: plan.form, what: "that could answer", coming },
  ).then((all) => under(all, plan.conditions));
  const cells = rows.flatMap(({ model, ...personas }) => {
    const own = plan.models.length ? plan.models : [current(model, registry.get(model.id))];
    return own.flatMap((one) =>
      administrationCells(plan, personas, one, { writer: model.id, respondents })
    );
  });
  if (plan.context && cells.length > 1) {
    throw new Error(
      `A plan with a context is about the personas of one setting, and there are ${cells.length} of this ` +
        "form: what is shown is told apart by profiles only",
    );
  }
  return await named(sql, plan, cells);
}

/**
 * Those under the conditions that a plan names; all where it names none.
 *
 * @throws {Error} when there are no personas of one of them, naming the conditions that there are
 */
function under<T extends { condition: string }>(
  all: readonly T[],
  conditions: AdministrationsPlan["conditions"],
): readonly T[] {
  if (!conditions) return all;
  const missing = conditions.find((name) => !all.some(({ condition }) => condition === name));
  if (missing === undefined) return all.filter(({ condition }) => conditions.includes(condition));
  const known = [...new Set(all.map(({ condition }) => condition))].join(", ");
  throw new Error(`There are no personas of the condition ${missing}: there are ${known}`);
}

/** Whom a plan asks: condition, profile, persona, run (in which it was written). */
export async function respondentsOf(
  sql: Sql,
  schema: string,
  plan: AdministrationsPlan,
): Promise<DataFrame> {
  const cells = await cellsOf(sql, schema, plan);
  const found = await sql`
    with c as (${asRows(sql, cells)}
    ), every as (${everyOf(sql, plan)}
    )
    select e.profile, e.persona, min(r.name) as run, min(e.cell) as cell
    from every e
    left join personas p on p.id = e.persona
    left join work w on w.work = p.work
    left join runs r on r.run = w.run
    group by 1, 2 order by 1, 4, 2`;
  return frame(
    found.map(({ cell, ...one }) => ({ condition: cells[cell - 1]!.condition, ...one })),
    { condition: "text", profile: "integer", persona: "integer", run: "text" },
  );
}

/** Of whom nothing is changed nothing need be known. */
const NOBODY = { codebook: [], shown: [], whose: "nobody" };

/** The form of the personas that are asked; one that is only planned so far is that of those to come. */
async function formOf(
  sql: Sql,
  given: string | undefined,
  coming: readonly Coming[],
): Promise<Form> {
  const name = given ?? usualForm().name;
  const found = coming.find(({ form }) => form.name === name)?.form ??
    (await formsOf(sql)).get(name);
  if (found) return found;
  throw new Error(
    `Nothing is known of a form ${JSON.stringify(name)}: have personas of it written`,
  );
}

/** @throws {Error} when a run of which something is shown is not there, or has work left to do */
async function settledBefore(sql: Sql, schema: string, { round, after }: Context): Promise<void> {
  for (const name of after) {
    const [found] = await sql<{ open: number }[]>`
      select (select count(*)::int from work w
              where w.run = r.run and w.state not in ('done', 'failed', 'skipped')) as open
      from runs r where r.name = ${name}`;
    if (found?.open === 0) continue;
    throw new Error(
      found
        ? `Round ${round} shows what run ${name} was answered, of which ${found.open} pieces of work are ` +
          "left: run it to its end first"
        : `Round ${round} shows what run ${name} was answered, and schema ${schema} has no such run`,
    );
  }
}

/**
 * The personas of a form, by the setting in which they were written; behind them those that are to come.
 *
 * @param of `form`: its name; the usual one where left out; `what` they are needed for, for the message
 * @throws {Error} when there are none, naming the forms that there are
 */
async function writtenIn(
  sql: Sql,
  schema: string,
  { form, what, coming }: { form: string | undefined; what: string; coming: readonly Coming[] },
): Promise<(Written & { model: Model })[]> {
  const name = form ?? usualForm().name;
  const rows = await sql<(Written & { model: Model })[]>`
    select c.setting as writing, min(p.population) as population, min(c.base) as base,
           min(c.condition) as condition, min(c.model_label) as label, min(p.model) as id,
           min(c.respondents) as respondents, (array_agg(c.model order by c.cell))[1] as model
    from personas p
    join work w on w.work = p.work
    join cells c on c.cell = w.cell
    where p.form = ${name}
    group by c.setting, c.population
    order by min(c.cell)`;
  const others = coming.filter((one) =>
    one.form.name === name &&
    !rows.some(({ writing, population }) =>
      writing === one.writing && population === one.population
    )
  ).map(({ form: _, left: __, ...written }) => written);
  if (rows.length + others.length) return [...rows, ...others];
  const forms = (await sql<{ form: string }[]>`select distinct form from personas order by form`)
    .map(({ form }) => JSON.stringify(form));
  throw new Error(
    `Schema ${schema} holds no personas ${what}` +
      (forms.length
        ? ` of the form ${JSON.stringify(name)}: ${
          forms.length > 1 ? `did you mean ${nearest(JSON.stringify(name), forms)}? ` : ""
        }it has ${forms.join(", ")}; name one in the plan`
        : ": have them written first"),
  );
}

/**
 * Cells with names of their own. Tables that know a model and a condition only tell cells apart by
 * population and label: where something else differs, both names say so.
 */
async function named(sql: Sql, plan: Plan, cells: readonly Cell[]): Promise<Cell[]> {
  if (plan.trial) return [...cells]; // in no table
  const there = await sql<Told[]>`
    select c.base, c.population, c.model_label as label, c.setting, c.instrument
    from cells c join runs r on r.run = c.run
    where r.kind = ${plan.kind} order by c.cell`;
  const taken: Told[] = [...there];
  return cells.map((cell): Cell => {
    const own = { ...cell, ...apart(cell) };
    const alike = taken.filter((one) => isFor(one, cell));
    const same = alike.find(({ setting, label }) =>
      setting === cell.setting && (label === cell.label || label === own.label)
    );
    const told = same
      ? { ...cell, population: same.population, label: same.label }
      : alike.some(({ label }) => label === cell.label)
      ? own
      : cell;
    taken.push({ ...told, instrument: cell.instrument?.name ?? null });
    return told;
  });
}

/** What tells cells apart. */
interface Told extends Pick<Cell, "base" | "population" | "label" | "setting"> {
  instrument: string | null;
}

/** Whether both write the same personas, or ask the same ones the same instrument. */
const isFor = (one: Told, cell: Cell): boolean =>
  cell.shown === null
    ? one.base === cell.base
    : one.population === cell.population && one.instrument === cell.instrument.name;

/** Names that say in which setting it is. */
function apart({ label, population, setting, prompt, instrument, shown }: Cell) {
  const mark = setting.slice(0, 6);
  if (!shown) {
    return {
      population: `${population}_${mark}`,
      label: `${label} (prompt ${prompt.version}, ${mark})`,
    };
  }
  const { administration_prompt, instrument: _, change, ...levels } = levelsOf({
    prompt,
    instrument,
    setting: shown,
  });
  const all = [
    `prompt ${administration_prompt}`,
    ...Object.values(levels),
    ...change === UNCHANGED ? [] : [change],
    mark,
  ];
  return { label: `${label} (${all.join(", ")})` };
}

/** The registry of today by short id. */
export const byId = (): Map<string, Model> => new Map(models().map((model) => [model.id, model]));

/** A model as planned, at today's price and address: its replies do not depend on these. */
export function current(planned: Model, today: Model | undefined): Model {
  if (!today) return planned;
  const { price, concurrency, timeout_seconds, key, batch } = today;
  return {
    ...planned,
    price,
    concurrency,
    timeout_seconds,
    ...key !== undefined && { key },
    ...batch !== undefined && { batch },
  };
}
