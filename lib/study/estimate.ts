/** What a plan will cost, before anything is asked. */
import type { DataFrame } from "polars";
import { mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { type Form, usualForm } from "../forms.ts";
import { frame } from "../frames.ts";
import { inBatches, type Model, transportOf, worstCost } from "../llm.ts";
import { itemWords, tokens } from "../prompts.ts";
import { asRows, everyOf } from "./every.ts";
import { callsOf, type Cell } from "./cell.ts";
import { type Coming, comingOf, isAbout } from "./coming.ts";
import { type Plan } from "./plan.ts";
import { cellsOf } from "./cells.ts";
import { foreseen, type Run, type Task, tasks } from "./tasks.ts";

/** Calls whose prompts are filled to count their tokens. */
const SAMPLE = 20;
/** So many replies of a model say how long its replies are. */
const MEASURED = 20;

/** Tokens of a reply where none has been seen: what the prompts ask for, generously. */
const assumed = (plan: Plan, { instrument, shown }: Cell): number =>
  shown
    ? (shown.reason === "before" || shown.reason === "after" ? 70 : 7) *
        Math.min(shown.each ?? Infinity, instrument.items.length) +
      (shown.reason ? 20 : 150)
    : personaTokens(plan).usual;

/** Tokens of a text that nobody has said more of, in few words and as models usually write them. */
const TEXT = { fewest: 3, usual: 80 };

/** Tokens of a persona: as its form says, else by its fields. */
const personaTokens = (plan: Plan): NonNullable<Form["tokens"]> =>
  tokensOf(usualForm(plan.kind === "personas" ? plan.form : undefined));

function tokensOf(form: Form): NonNullable<Form["tokens"]> {
  if (form.tokens) return form.tokens;
  const of = (text: number) =>
    form.fields.reduce((sum, { name, kind, choices = [] }) => {
      const longest = Math.max(...choices.map((choice) => tokens(JSON.stringify(choice))));
      const value = kind === "text" ? text : kind === "choice" ? longest : 2;
      return sum + tokens(JSON.stringify(name)) + value + 2;
    }, 2);
  return { fewest: of(TEXT.fewest), usual: of(TEXT.usual) };
}

/**
 * The fewest tokens that every whole reply of some cells has room in: of a sheet all its answers as JSON,
 * without blanks and without an explanation; a model that thinks before it answers takes more.
 */
export const fewest = ({ plan, cells }: Pick<Run, "plan" | "cells">): number =>
  Math.max(0, ...[...cells.values()].map((cell) => fewestIn(plan, cell)));

function fewestIn(plan: Plan, { instrument, shown }: Cell): number {
  if (!shown) return personaTokens(plan).fewest;
  const { coding, each, reason } = shown;
  const reasoned = reason === "before" || reason === "after";
  const shortest = instrument.items.slice(0, each).map((item) => {
    const words = Object.values(itemWords(instrument, item, coding))
      .map((word) => coding === "number" ? word : JSON.stringify(word));
    const [word] = words.toSorted((a, b) => tokens(a) - tokens(b));
    return `"${item.number}":${reasoned ? `{"reason":"","answer":${word}}` : word}`;
  });
  return tokens(`{${shortest.join()}}`);
}

/**
 * Calls, tokens and cost of what plans have left to do: one row per plan and model, and `all`.
 *
 * Columns: run (where there are several plans), model, calls, tokens_in and tokens_out (mean per call),
 * replies_measured (how many replies
 * of this model to this kind of question tokens_out is the mean of; 0: assumed), tokens_needed (the
 * fewest that a whole reply takes) and tokens_allowed (the model's max_tokens; undefined where nobody is
 * asked), usd (expected),
 * usd_most (every reply as long as the model may write; re-asking apart), price_as_of. Costs are
 * undefined where the model has no price.
 *
 * @param plans in the order in which they are begun: what one will have written the others behind it ask,
 *   and of that every piece counts, with texts as long as its form says (for `usd_most`: as its writer
 *   may write); what two of them ask counts for the first
 * @param batch whether at the price of batches
 * @throws {Error} when the study has nothing to ask about
 */
export async function estimate(
  sql: Sql,
  schema: string,
  plans: readonly Plan[],
  batch = false,
): Promise<DataFrame> {
  const rows: Costs[] = [], before: Planned[] = [];
  await inOrder(sql, schema, plans, async (plan, all, coming) => {
    const cells = batch ? all.map((cell) => ({ ...cell, model: inBatches(cell.model) })) : all;
    for (const model of new Map(cells.map(({ model }) => [model.id, model])).values()) {
      const own = cells.filter((cell) => cell.model.id === model.id);
      const run: Run = { run: 0, plan, cells: new Map(own.map((cell, at) => [at + 1, cell])) };
      const calls = await left(sql, plan, own, before);
      const row = await costs(sql, run, model, calls, laterIn(run, coming));
      rows.push(plans.length > 1 ? { run: plan.name, ...row } : row);
    }
    before.push({ plan, cells });
  });
  return inAll(rows, plans.length > 1 ? ["run"] : []);
}

/**
 * Goes through plans in the order in which they are begun, each with its cells and with the personas that
 * those before it will have written.
 */
export async function inOrder(
  sql: Sql,
  schema: string,
  plans: readonly Plan[],
  one: (plan: Plan, cells: readonly Cell[], coming: readonly Coming[]) => Promise<void>,
): Promise<void> {
  const coming: Coming[] = [];
  for (const plan of plans) {
    const cells = await cellsOf(sql, schema, plan, coming);
    await one(plan, cells, coming);
    if (plan.kind !== "personas" || plans.length < 2) continue;
    const open = await sql<{ cell: number; repetition: number; n: number }[]>`
      ${openOf(sql, plan, cells)}
      select cell, repetition, count(*)::int as n from open group by 1, 2`;
    coming.push(...cells.map((cell, at) => {
      // One of each that is there, and one of each that is to come.
      const left = new Map(coming.find((of) => isAbout(cell, of))?.left);
      for (const { cell, repetition, n } of open) {
        if (cell === at + 1) left.set(repetition, (left.get(repetition) ?? 0) + n);
      }
      return comingOf(cell, usualForm(plan.form), left);
    }));
  }
}

/** What is asked of personas that are still to come, by cell. */
interface Later {
  calls: number;
  /** As it will usually be, and at its longest. */
  usual: Task;
  longest: Task;
}

function laterIn(run: Run, coming: readonly Coming[]): Later[] {
  const { plan } = run;
  return [...run.cells].flatMap(([number, cell]) => {
    const of = coming.find((one) => isAbout(cell, one));
    if (!of) return [];
    const asked = [...of.left].filter(([repetition]) =>
      plan.kind === "personas" || (plan.personas?.includes(repetition) ?? true)
    );
    const people = asked.reduce((sum, [, n]) => sum + n, 0);
    if (!people) return [];
    const work = { cell: number, repetition: asked[0]![0], block: 1 };
    const usual = tokensOf(of.form).usual;
    return [{
      calls: people * (plan.kind === "personas" ? 1 : plan.repetitions * callsOf(cell)),
      usual: foreseen(run, work, of.form, usual),
      longest: foreseen(run, work, of.form, Math.max(usual, of.model.max_tokens)),
    }];
  });
}

/** Costs with their sums as the row `all`; `more` names columns of text before the others. */
export function inAll(rows: readonly Costs[], more: readonly string[] = []): DataFrame {
  const sum = (of: (row: Costs) => number | null) =>
    rows.reduce<number | null>((total, row) => {
      const value = of(row);
      return total === null || value === null ? null : total + value;
    }, 0);
  return frame([...rows, {
    model: "all",
    calls: sum(({ calls }) => calls),
    usd: sum(({ usd }) => usd),
    usd_most: sum(({ usd_most }) => usd_most),
  }], {
    ...Object.fromEntries(more.map((name) => [name, "text" as const])),
    model: "text",
    calls: "integer",
    tokens_in: "number",
    tokens_out: "number",
    replies_measured: "integer",
    tokens_needed: "integer",
    tokens_allowed: "integer",
    usd: "number",
    usd_most: "number",
    price_as_of: "text",
  });
}

export type Costs = Awaited<ReturnType<typeof costs>> & { run?: string };

/** What is left to ask of one model. */
export interface Left {
  calls: number;
  /** Some of the work, spread over all of it. */
  sample: {
    work: number;
    cell: number;
    profile: number;
    persona: number | null;
    repetition: number;
    block: number;
  }[];
}

/** A plan with its cells. */
interface Planned {
  plan: Plan;
  cells: readonly Cell[];
}

/** The work of plans as `before`, wherever it would be planned. */
const allOf = (sql: Sql, plans: readonly Planned[]) =>
  plans.reduce(
    (all, { plan, cells }) =>
      sql`${all} union all (
        with c as (${asRows(sql, cells)}
        ), every as (${everyOf(sql, plan)}
        )
        select c.setting, c.population, e.profile, e.persona, e.repetition, e.block
        from every e join c on c.cell = e.cell)`,
    sql`select ''::text as setting, ''::text as population, null::int as profile,
               null::int as persona, null::int as repetition, null::int as block where false`,
  );

/**
 * What is not done yet, as `open`: counted where it would be planned.
 *
 * @param before plans that are begun before it, whose work it would find done
 */
const openOf = (
  sql: Sql,
  plan: Plan,
  cells: readonly Cell[],
  before: readonly Planned[] = [],
) =>
  sql`
    with before as (${allOf(sql, before.filter((one) => one.plan.kind === plan.kind))}
    ), c as (${asRows(sql, cells)}
    ), every as (${everyOf(sql, plan)}
    ), open as (
      select e.* from every e join c on c.cell = e.cell
      where not exists (
        select from cells o join runs r on r.run = o.run join work w on w.cell = o.cell
        where o.setting = c.setting and o.population = c.population and r.kind = ${plan.kind}
          and w.profile = e.profile
          and coalesce(w.persona, 0) = coalesce(e.persona, 0) and w.repetition = e.repetition
          and w.block = e.block and w.state = 'done')
        and not exists (
          select from before b
          where b.setting = c.setting and b.population = c.population and b.profile = e.profile
            and coalesce(b.persona, 0) = coalesce(e.persona, 0) and b.repetition = e.repetition
            and b.block = e.block)
    )`;

async function left(
  sql: Sql,
  plan: Plan,
  cells: readonly Cell[],
  before: readonly Planned[],
): Promise<Left> {
  const rows = await sql<(Left["sample"][number] & { calls: number })[]>`
    ${openOf(sql, plan, cells, before)}, numbered as (
      select *, row_number() over (order by repetition, round, profile, cell, block) - 1 as place,
             count(*) over () as n
      from open
    )
    select cell, profile, persona, repetition, block, n::int as calls, 0 as work
    from numbered
    where place % greatest(1, n / ${SAMPLE}) = 0
    limit ${SAMPLE}`;
  return { calls: rows[0]?.calls ?? 0, sample: rows.map(({ calls: _, ...work }) => work) };
}

/** What it costs to ask that: a row of the estimate. */
export async function costs(
  sql: Sql,
  run: Run,
  model: Model,
  { calls: now, sample }: Left,
  later: readonly Later[] = [],
) {
  const { plan } = run;
  const asked = await tasks(sql, run, sample.map((work) => ({ ...work, ask: 0 })), mapping());
  const mean = (values: readonly number[]) =>
    values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  const calls = later.reduce((sum, { calls }) => sum + calls, now);
  /** Over all calls, of what is asked now and of what will be. */
  const total = (of: (task: Task) => number | null, which: "usual" | "longest") => {
    const values = asked.map(of), expected = later.map((one) => of(one[which]));
    if (values.includes(null) || expected.includes(null)) return null;
    return later.reduce(
      (sum, { calls }, at) => sum + calls * expected[at]!,
      now && now * (mean(values as number[]) ?? 0),
    );
  };
  const into = asked.length + later.length
    ? total(
      ({ messages }) => messages.reduce((sum, { content }) => sum + tokens(content), 0),
      "usual",
    )! / calls
    : null;
  const most = total(
    ({ messages, schema }) => worstCost(model, { messages, ...(schema && { schema }) }).usd,
    "longest",
  );
  const cells = [...run.cells.values()];
  const names = [...new Set(cells.map(({ instrument }) => instrument?.name ?? ""))];
  const each = [...new Set(cells.map(({ shown }) => String(shown?.each ?? "whole")))];
  const [seen] = await sql<{ n: number; tokens: number | null }[]>`
    select count(*)::int as n, avg(q.tokens_out)::float8 as tokens
    from requests q join runs r on r.run = q.run join work w on w.work = q.work
    join cells c on c.cell = w.cell
    where w.model_id = ${model.id} and r.kind = ${plan.kind} and coalesce(c.instrument, '') in ${
    sql(names)
  }
      and coalesce(c.shown->>'each', 'whole') in ${sql(each)} and q.tokens_out is not null
      and coalesce(r.plan->'form'->>'name', '') = ${
    plan.kind === "personas" ? plan.form?.name ?? "" : ""
  }`;
  const measured = seen!.n >= MEASURED;
  const about = [...sample, ...later.map(({ usual }) => usual.work)];
  const out = measured ? seen!.tokens! : Math.min(
    model.max_tokens,
    mean(about.map(({ cell }) => assumed(plan, run.cells.get(cell)!))) ?? 0,
  );
  const { price } = model;
  const { outside } = transportOf(model);
  return {
    model: model.id,
    calls,
    tokens_in: into,
    tokens_out: into === null ? null : out,
    replies_measured: measured ? seen!.n : 0,
    tokens_needed: fewest(run),
    tokens_allowed: outside ? model.max_tokens : null,
    usd: calls === 0 || !outside
      ? 0
      : price && into !== null
      ? calls * (into * price.input + out * price.output) / 1e6
      : null,
    usd_most: calls === 0 || !outside ? 0 : most,
    price_as_of: price?.as_of ?? null,
  };
}
