/**
 * A prompt, tried: what few profiles bring with it and with the version before, side by side.
 *
 * The replies are asked for by the engine of every run, as a run of the kind `trial`, and are kept as
 * all replies are. Nothing is made of them but what is shown: there is no persona and no sheet.
 */
import type { DataFrame } from "polars";
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { frame, type Kind } from "../frames.ts";
import { type Instrument, score } from "../instruments.ts";
import { cost, type Opened } from "../llm.ts";
import { answerWords, type Prompt } from "../prompts.ts";
import { PersonaReply } from "../replies.ts";
import { type Costs, costs, inAll } from "./estimate.ts";
import { under, worksOf } from "./few.ts";
import { identity, type Plan, purposed } from "./plan.ts";
import { profilesOf } from "./population.ts";
import { cellsOf } from "./register.ts";
import { retold } from "./reparse.ts";
import type { Budget } from "./run.ts";
import { type Outcome, words } from "./settle.ts";
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

/** What two prompts brought, `before` and `after`. */
export interface Tried {
  before: Prompt;
  after: Prompt;
  /** Labels of the models among them whose replies are computed here: these read no instructions. */
  simulated: readonly string[];
  /**
   * One row per version, model and profile: version (`before`, `after`), prompt (its version), model,
   * condition, profile, state (`done`, `not asked`, `failed: REASON`), tokens_in, tokens_out, usd (of
   * the last call; undefined without a price), reply (the text as it came).
   */
  replies: DataFrame;
  /**
   * What was read from the replies, one row per model, profile and field: model, condition, profile,
   * field (of a persona its fields and the words of its description; of a sheet its items), before,
   * after, changed (`yes`, `no`; undefined unless both are there).
   */
  fields: DataFrame;
  /** Of sheets: model, condition, profile, scale, before, after, difference. */
  scores: DataFrame;
  /** What is not asked yet: version, then the columns of `Laboratory.estimate`. */
  left: DataFrame;
}

/** The plan with each prompt, on the few profiles only: before, after. */
export async function sides(
  sql: Sql,
  schema: string,
  plan: Plan,
  { before, profiles, condition }: Trial,
): Promise<[Plan, Plan]> {
  if (!profiles.length) throw new RangeError("A trial asks at least one profile: got 0");
  const { cells } = await cellsOf(sql, schema, plan);
  const trial = {
    profiles: [...new Set(profiles)].sort((a, b) => a - b),
    condition: under(cells, condition)[0]!.condition,
  };
  const side = (prompt: Prompt): Plan => {
    const own = { ...plan, prompt: purposed(plan.prompt.purpose, prompt), trial };
    return { ...own, name: `trial-${identity(own).slice(0, 8)}` };
  };
  return [side(before), side(plan.prompt)];
}

/** What one prompt brought so far. */
export interface Side {
  run: Run;
  asked: readonly Asked[];
}

interface Asked {
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
export async function prepared(
  sql: Sql,
  schema: string,
  plan: Plan,
  mapping: Mapping,
  profiles: readonly number[] | null,
  condition?: string,
): Promise<{ run: Run; asked: Task[] }> {
  const { cells, instrument } = await cellsOf(sql, schema, plan);
  const some = under(cells, condition);
  const run: Run = {
    run: 0,
    plan,
    instrument,
    cells: new Map(some.map((cell, index) => [index + 1, { ...cell, cell: index + 1 }])),
    profiles: await profilesOf(sql),
  };
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
  const { run, asked } = await prepared(sql, schema, plan, mapping, profiles, condition);
  const told = await retold(sql, asked);
  const failed = await sql<
    { population: string; model: string; profile: number; reason: string }[]
  >`
    select c.population, c.model_id as model, w.profile, w.reason
    from work w join cells c on c.cell = w.cell join runs r on r.run = w.run
    where r.name = ${plan.name} and w.state = 'failed'`;
  return {
    run,
    asked: asked.map((task) => {
      const { label, condition, population } = run.cells.get(task.work.cell)!;
      const known = told.get(task.work.work);
      const fault = failed.find((one) =>
        one.population === population && one.model === task.model.id &&
        one.profile === task.work.profile
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

type Used = { calls: number; tokens: number; usd: number };

/** What a run has used so far, at most. */
export async function used(sql: Sql, run: string): Promise<Used> {
  const [row] = await sql<[Used]>`
    select (calls + lost_calls)::float8 as calls, (tokens + lost_tokens)::float8 as tokens,
           usd + lost_usd as usd
    from runs where name = ${run}`;
  return row;
}

/**
 * Plans what failed once more and gives a budget on top of what was used so far, which it returns. In one
 * statement: another process may work on the same trial.
 */
export async function reopened(sql: Sql, run: string, budget: Budget): Promise<Used> {
  await sql`
    update work set state = 'planned', reason = null, finished = null
    where run = (select run from runs where name = ${run}) and state = 'failed'`;
  await sql`
    update runs set budget_calls = calls + lost_calls + ${budget.calls ?? null}::bigint,
                    budget_tokens = tokens + lost_tokens + ${budget.tokens ?? null}::bigint,
                    budget_usd = usd + lost_usd + ${budget.usd ?? null}::float8
    where name = ${run}`;
  return await used(sql, run);
}

/** Both sides as frames. */
export async function tried(sql: Sql, before: Side, after: Side): Promise<Tried> {
  const both = [["before", before], ["after", after]] as const;
  const simulated = [...before.asked, ...after.asked]
    .filter(({ task }) => task.model.provider === "simulated").map(({ label }) => label);
  const same = before.run.plan.prompt.hash === after.run.plan.prompt.hash;
  const left: (Costs & { version: string })[] = [];
  for (const [version, side] of same ? both.slice(1) : both) {
    left.push(...(await leftOf(sql, side)).map((row) => ({ version, ...row })));
  }
  return {
    before: before.run.plan.prompt,
    after: after.run.plan.prompt,
    simulated: [...new Set(simulated)],
    replies: frame(both.flatMap(([version, side]) => replies(version, side)), REPLIES),
    fields: frame(pairs(before, after).flatMap((pair) => fields(before.run, pair)), FIELDS),
    scores: frame(pairs(before, after).flatMap((pair) => scores(before.run, pair)), SCORES),
    left: inAll(left, ["version"]),
  };
}

async function leftOf(sql: Sql, { run, asked }: Side): Promise<Costs[]> {
  const models = new Map(asked.map(({ task: { model } }) => [model.id, model])).values();
  return await Promise.all([...models].map((model) => {
    const sample = asked.filter(({ task, reply }) => task.model.id === model.id && reply === null)
      .map(({ task }) => task.work);
    return costs(sql, run, model, { calls: sample.length, sample });
  }));
}

const REPLIES: Readonly<Record<string, Kind>> = {
  version: "text",
  prompt: "text",
  model: "text",
  condition: "text",
  profile: "integer",
  state: "text",
  tokens_in: "integer",
  tokens_out: "integer",
  usd: "number",
  reply: "text",
};

const replies = (version: string, { run, asked }: Side) =>
  asked.map(({ task: { model, work }, label, condition, outcome, reply }) => ({
    version,
    prompt: run.plan.prompt.version,
    model: label,
    condition,
    profile: work.profile,
    state: outcome === null
      ? "not asked"
      : outcome.state === "failed"
      ? `failed: ${outcome.reason}`
      : outcome.state,
    tokens_in: reply?.usage?.input,
    tokens_out: reply?.usage?.output,
    usd: reply?.usage && cost(model, reply.usage),
    reply: reply?.text,
  }));

type Pair = { before: Asked; after: Asked };

/** Both sides ask the same cells and profiles in the same order. */
const pairs = (before: Side, after: Side): Pair[] =>
  before.asked.map((one, index) => ({ before: one, after: after.asked[index]! }));

const of = ({ before: { label, condition, task } }: Pair) => ({
  model: label,
  condition,
  profile: task.work.profile,
});

const FIELDS: Readonly<Record<string, Kind>> = {
  model: "text",
  condition: "text",
  profile: "integer",
  field: "text",
  before: "text",
  after: "text",
  changed: "text",
};

function fields(run: Run, pair: Pair) {
  const [was, is] = [said(run, pair.before.outcome), said(run, pair.after.outcome)];
  return Object.keys({ ...was, ...is }).map((field) => ({
    ...of(pair),
    field,
    before: was?.[field],
    after: is?.[field],
    changed: was && is && (was[field] === is[field] ? "no" : "yes"),
  }));
}

/** What was read from a reply, as text by field; null where there is nothing. */
function said({ plan, instrument }: Run, outcome: Outcome | null) {
  if (!outcome) return null;
  if ("persona" in outcome) {
    const { persona } = outcome;
    return {
      ...Object.fromEntries(
        Object.keys(PersonaReply.shape)
          .map((name) => [name.replaceAll("_", " "), String(persona[name as "name"])]),
      ),
      words: String(words(persona.description)),
    };
  }
  if (!("sheet" in outcome) || plan.kind !== "administrations") return null;
  const named = answerWords(instrument, plan.setting.coding);
  return Object.fromEntries(instrument.items.map(({ number, text }, index) => {
    const answer = outcome.sheet.answers[index];
    return [`${number}. ${text}`, answer === null ? "no answer" : named[answer!]!];
  }));
}

const SCORES: Readonly<Record<string, Kind>> = {
  model: "text",
  condition: "text",
  profile: "integer",
  scale: "text",
  before: "number",
  after: "number",
  difference: "number",
};

function scores({ instrument }: Run, pair: Pair) {
  const [was, is] = [scored(instrument, pair.before), scored(instrument, pair.after)];
  if (!was && !is) return [];
  return instrument.scales.map((scale) => {
    const [before, after] = [was, is].map((sheet) => sheet?.get(scale) ?? null) as Scores;
    return {
      ...of(pair),
      scale,
      before,
      after,
      difference: before === null || after === null ? null : after - before,
    };
  });
}

type Scores = [before: number | null, after: number | null];

function scored(instrument: Instrument, { outcome }: Asked): Map<string, number | null> | null {
  if (!outcome || !("sheet" in outcome)) return null;
  return new Map(
    score(instrument, outcome.sheet.answers).map(({ scale, score }) => [scale, score]),
  );
}
