/**
 * A plan, tried: what few profiles bring in each of its cells, side by side.
 *
 * The replies are asked for by the engine of every run, as a run of the kind `trial`, and are kept as
 * all replies are. Nothing is made of them but what is shown: there is no persona and no sheet.
 */
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { described } from "../format.ts";
import type { Opened } from "../llm.ts";
import type { Prompt } from "../prompts.ts";
import { type Used, used } from "./budget.ts";
import type { Cell } from "./cell.ts";
import { cellsUnder, worksOf } from "./excerpt.ts";
import { identity, type Plan, withPrompts } from "./plan.ts";
import { cellsOf } from "./cells.ts";
import { retold } from "./reparse.ts";
import type { Budget } from "./run.ts";
import type { Outcome } from "./settle.ts";
import { type Run, type Task, tasks } from "./tasks.ts";

/** On whom a plan is tried, and what of it. */
export interface Trial {
  /** Ids of profiles: a handful. */
  profiles: readonly number[];
  /** Prompts in place of the plan's own, each once; the first is the one that others are compared with. */
  prompts?: readonly Prompt[];
  /** Some of the plan's conditions; all of them where left out. */
  conditions?: readonly string[];
  /** The factor whose levels are held side by side: the first that has several where left out. */
  by?: string;
}

/**
 * A plan on a few profiles only.
 *
 * @throws {RangeError} when nobody is to be asked, or the plan lacks a condition
 */
export async function trialOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  { profiles, prompts, conditions }: Trial,
): Promise<Plan> {
  listed("profiles", profiles, "ids, such as [1, 2]");
  if (!profiles.length) throw new RangeError("A trial asks at least one profile: got 0");
  if (prompts) listed("prompts", prompts, "prompts, such as [plan.prompt, mine]");
  if (conditions) listed("conditions", conditions, 'names, such as ["N=0"]');
  // A prompt that is not edited yet is the one that it is compared with.
  const once = prompts && [...new Map(prompts.map((one) => [one?.hash, one])).values()];
  const all = once ? withPrompts(plan, once) : plan;
  const cells = await cellsOf(sql, schema, all);
  const under = cellsUnder(cells, conditions ?? cells.map(({ condition }) => condition));
  if (!under.length) throw new RangeError("A trial is of at least one condition: got 0");
  const own: Plan = {
    ...all,
    trial: {
      profiles: [...new Set(profiles)].sort((a, b) => a - b),
      conditions: [...new Set(under.map(({ condition }) => condition))],
    },
  };
  return { ...own, name: `trial-${identity(own).slice(0, 8)}` };
}

function listed(name: string, given: unknown, what: string): void {
  if (Array.isArray(given)) return;
  throw new RangeError(`${name} is a list of ${what}: got ${described(given)}`);
}

/** What a plan brought so far. */
export interface Brought {
  run: Run;
  asked: readonly Asked[];
}

/** One question. */
export interface Asked {
  task: Task;
  cell: Cell;
  /** What is stored; null where nothing is. */
  outcome: Outcome | null;
  reply: Opened | null;
}

/**
 * What a plan asks of few profiles, as tasks.
 *
 * @param profiles null: the first one
 * @param conditions null: the first one
 */
export async function prepareTrial(
  sql: Sql,
  schema: string,
  plan: Plan,
  mapping: Mapping,
  { profiles, conditions }: {
    profiles: readonly number[] | null;
    conditions: readonly string[] | null;
  },
): Promise<{ run: Run; asked: Task[] }> {
  const all = await cellsOf(sql, schema, plan);
  const some = cellsUnder(all, conditions ?? [all[0]!.condition]);
  const run: Run = { run: 0, plan, cells: new Map(some.map((cell, index) => [index + 1, cell])) };
  const works = await worksOf(sql, schema, plan, some, profiles);
  return { run, asked: await tasks(sql, run, works, mapping) };
}

/** What the stored replies of a trial say, and what the others failed with. */
export async function broughtBy(
  sql: Sql,
  schema: string,
  plan: Plan,
  mapping: Mapping,
): Promise<Brought> {
  const { run, asked } = await prepareTrial(sql, schema, plan, mapping, plan.trial!);
  const told = await retold(sql, asked);
  const failed = await sql<
    {
      population: string;
      model: string;
      setting: string;
      profile: number;
      block: number;
      reason: string;
    }[]
  >`
    select c.population, c.model_id as model, c.setting, w.profile, w.block,
           coalesce(w.detail, w.reason) as reason
    from work w join cells c on c.cell = w.cell join runs r on r.run = w.run
    where r.name = ${plan.name} and w.state = 'failed'`;
  return {
    run,
    asked: asked.map((task) => {
      const cell = run.cells.get(task.work.cell)!;
      const known = told.get(task.work.work);
      const fault = failed.find((one) =>
        one.population === cell.population && one.setting === cell.setting &&
        one.model === task.model.id && one.profile === task.work.profile &&
        one.block === task.work.block
      );
      return {
        task,
        cell,
        outcome: known?.outcome ?? (fault ? { state: "failed", reason: fault.reason } : null),
        reply: known?.reply ?? null,
      };
    }),
  };
}

/** Whether a trial lacks a reply. */
export const lacks = ({ asked }: Brought): boolean => asked.some(({ reply }) => reply === null);

/**
 * Plans what failed once more and gives a budget on top of what was used so far, which it returns. In one
 * statement: another process may work on the same trial.
 */
export async function reopenTrial(sql: Sql, run: string, budget: Budget): Promise<Used> {
  await sql`
    update work set state = 'planned', reason = null, detail = null, finished = null
    where run = (select run from runs where name = ${run}) and state = 'failed'`;
  await sql`
    update runs set budget_calls = calls + lost_calls + ${budget.calls ?? null}::bigint,
                    budget_tokens = tokens + lost_tokens + ${budget.tokens ?? null}::float8,
                    budget_usd = usd + lost_usd + ${budget.usd ?? null}::float8
    where name = ${run}`;
  return await used(sql, run);
}
