/**
 * A prompt, tried: what few profiles bring with it and with the version before, side by side.
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
import { cellsUnder, worksOf } from "./excerpt.ts";
import { firstOf, identity, type Plan, purposed } from "./plan.ts";
import { cellsOf } from "./cells.ts";
import { retold } from "./reparse.ts";
import type { Budget } from "./run.ts";
import type { Outcome } from "./settle.ts";
import { type Run, type Task, tasks } from "./tasks.ts";

/** What is compared with what, and on whom. */
export interface Trial {
  /** The version that the plan's prompt is compared with. */
  before: Prompt;
  /** Ids of profiles: a handful. */
  profiles: readonly number[];
  /** One of the plan's conditions; the first where left out. */
  condition?: string;
}

/** The plan with each prompt, on the few profiles only: before, after. */
export async function sidesOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  { before, profiles, condition }: Trial,
): Promise<[Plan, Plan]> {
  if (typeof before?.hash !== "string") {
    throw new RangeError(
      `before is the prompt that the plan's is compared with: got ${described(before)}`,
    );
  }
  if (!Array.isArray(profiles)) {
    throw new RangeError(`profiles is a list of ids, such as [1, 2]: got ${described(profiles)}`);
  }
  if (!profiles.length) throw new RangeError("A trial asks at least one profile: got 0");
  const cells = await cellsOf(sql, schema, plan);
  const trial = {
    profiles: [...new Set(profiles)].sort((a, b) => a - b),
    condition: cellsUnder(cells, condition)[0]!.condition,
  };
  // A trial compares two prompts, and nothing else.
  const first = firstOf(plan);
  const side = (prompt: Prompt): Plan => {
    const own: Plan = { ...first, prompt: purposed(plan.prompt.purpose, prompt), trial };
    return { ...own, name: `trial-${identity(own).slice(0, 8)}` };
  };
  return [side(before), side(plan.prompt)];
}

/** What one prompt brought so far. */
export interface Side {
  run: Run;
  asked: readonly Asked[];
}

/** One question of a side. */
export interface Asked {
  task: Task;
  label: string;
  condition: string;
  /** What is stored; null where nothing is. */
  outcome: Outcome | null;
  reply: Opened | null;
}

/**
 * What a plan asks of few profiles, as tasks.
 *
 * @param profiles null: of the first one
 */
export async function prepareTrial(
  sql: Sql,
  schema: string,
  plan: Plan,
  mapping: Mapping,
  profiles: readonly number[] | null,
  condition?: string,
): Promise<{ run: Run; asked: Task[] }> {
  const some = cellsUnder(await cellsOf(sql, schema, plan), condition);
  const run: Run = { run: 0, plan, cells: new Map(some.map((cell, index) => [index + 1, cell])) };
  const works = await worksOf(sql, schema, plan, some, profiles);
  return { run, asked: await tasks(sql, run, works, mapping) };
}

/** What the stored replies of one side say, and what the others failed with. */
export async function sideOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  mapping: Mapping,
): Promise<Side> {
  const { profiles, condition } = plan.trial!;
  const { run, asked } = await prepareTrial(sql, schema, plan, mapping, profiles, condition);
  const told = await retold(sql, asked);
  const failed = await sql<
    { population: string; model: string; profile: number; block: number; reason: string }[]
  >`
    select c.population, c.model_id as model, w.profile, w.block, coalesce(w.detail, w.reason) as reason
    from work w join cells c on c.cell = w.cell join runs r on r.run = w.run
    where r.name = ${plan.name} and w.state = 'failed'`;
  return {
    run,
    asked: asked.map((task) => {
      const { label, condition, population } = run.cells.get(task.work.cell)!;
      const known = told.get(task.work.work);
      const fault = failed.find((one) =>
        one.population === population && one.model === task.model.id &&
        one.profile === task.work.profile && one.block === task.work.block
      );
      return {
        task,
        label,
        condition,
        outcome: known?.outcome ?? (fault ? { state: "failed", reason: fault.reason } : null),
        reply: known?.reply ?? null,
      };
    }),
  };
}

/** Whether a side lacks a reply. */
export const lacks = ({ asked }: Side): boolean => asked.some(({ reply }) => reply === null);

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
