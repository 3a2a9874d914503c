/** What a run may spend: nothing that may cost money is asked without a limit that holds. */
import { variable } from "../config.ts";
import type { Sql } from "../db.ts";
import { type Model, transportOf } from "../llm.ts";
import type { Budget, RunOptions } from "./run.ts";

interface Limits {
  calls: number | null;
  tokens: number | null;
  usd: number | null;
}

/**
 * Gives a run its budget, in place of the one before.
 *
 * @throws as {@link checkAffordable}, and then the budget stays what it was
 */
export async function setBudget(
  sql: Sql,
  run: number,
  models: readonly Model[],
  options: RunOptions & { budget?: Budget },
): Promise<void> {
  await checkAffordable(sql, run, models, options);
  const { budget } = options;
  if (!budget) return;
  const { calls, tokens, usd } = limits(budget);
  await sql`
    update runs set budget_calls = ${calls}, budget_tokens = ${tokens}, budget_usd = ${usd}
    where run = ${run}`;
}

const limits = ({ calls = null, tokens = null, usd = null }: Partial<Limits>): Limits => ({
  calls,
  tokens,
  usd,
});

/**
 * Checks the budget given, or the one that a run has.
 *
 * @throws {Error} when a model that may cost money would be asked without a budget, or with one in USD
 *   while its price is unknown
 */
export async function checkAffordable(
  sql: Sql,
  run: number,
  models: readonly Model[],
  { budget, transport = transportOf }: RunOptions & { budget?: Budget },
): Promise<void> {
  checkBudget(budget);
  const paid = models.filter((model) => transport(model).costs);
  if (!paid.length) return;
  const [{ name, ...stored }] = await sql<[Limits & { name: string }]>`
    select name, budget_calls as calls, budget_tokens as tokens, budget_usd as usd
    from runs where run = ${run}`;
  const now = budget ? limits(budget) : stored;
  const ids = [...new Set(paid.map(({ id }) => id))].join(", ");
  if (Object.values(now).every((limit) => limit === null)) {
    throw new Error(
      `Run ${name} asks ${ids}, which may cost money, and has no budget: look at the estimate, ` +
        "then give a budget of usd, tokens or calls",
    );
  }
  const unpriced = paid.find(({ price }) => price === null);
  if (now.usd !== null && unpriced) {
    throw new Error(
      `Run ${name} has a budget in USD, and the price of ${unpriced.id} is unknown: add to its entry ` +
        `in ${variable("MODELS_FILE") ?? "dataset/models.local.json"} "price": {"input": …, ` +
        `"output": …, "as_of": "…", "source": "…"} (USD per million tokens), or give a budget of ` +
        "tokens or calls",
    );
  }
}

/** @throws {RangeError} when an amount is below 0 or no number */
export function checkBudget(budget: Budget = {}): void {
  for (const [kind, value] of Object.entries(budget)) {
    if (value >= 0) continue;
    throw new RangeError(`A budget of ${kind} is 0 or more: current value is ${value}`);
  }
}

export type Used = { calls: number; tokens: number; usd: number };

/** What a run has used so far, at most: what it has in batches included. */
export async function used(sql: Sql, run: string): Promise<Used> {
  const [row] = await sql<[Used]>`
    select (calls + lost_calls + submitted_calls)::float8 as calls,
           tokens + lost_tokens + submitted_tokens as tokens,
           usd + lost_usd + submitted_usd::float8 as usd
    from runs where name = ${run}`;
  return row;
}

/**
 * The budget of one of several runs that have one together: what it has used, and what all of them have
 * left.
 */
export async function shared(
  sql: Sql,
  run: string,
  all: readonly string[],
  budget: Budget,
): Promise<Budget> {
  const own = await used(sql, run), others: Used[] = [];
  for (const name of all) if (name !== run) others.push(await used(sql, name));
  return Object.fromEntries(
    (Object.keys(budget) as (keyof Budget)[]).map((kind) => [
      kind,
      Math.max(own[kind], budget[kind]! - others.reduce((sum, used) => sum + used[kind], 0)),
    ]),
  ) as Budget;
}
