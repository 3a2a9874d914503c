/** What two prompts brought, as frames. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame, type Kind } from "../frames.ts";
import { type Instrument, score } from "../instruments.ts";
import { cost, transportOf } from "../llm.ts";
import { itemWords, type Prompt, shownOptions } from "../prompts.ts";
import { type Costs, costs, inAll } from "./estimate.ts";
import type { Run } from "./tasks.ts";
import type { Asked, Side } from "./trial.ts";

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
   * field (of a persona its fields and the words of its last text; of a sheet its items), before,
   * after, changed (`yes`, `no`; undefined unless both are there).
   */
  fields: DataFrame;
  /** Of sheets: model, condition, profile, scale, before, after, difference. */
  scores: DataFrame;
  /** What is not asked yet: version, then the columns of `Study.estimate`. */
  left: DataFrame;
}

/** Both sides as frames. */
export async function compareTrial(sql: Sql, before: Side, after: Side): Promise<Tried> {
  const both = [["before", before], ["after", after]] as const;
  const simulated = [...before.asked, ...after.asked]
    .filter(({ task }) => !transportOf(task.model).outside).map(({ label }) => label);
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
    scores: frame(
      sheetsOf(pairs(before, after)).flatMap((calls) => scores(before.run, calls)),
      SCORES,
    ),
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
      ? `failed: ${outcome.detail ?? outcome.reason}`
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

/** The calls of each sheet. */
const sheetsOf = (all: readonly Pair[]): Pair[][] => [
  ...Map.groupBy(all, ({ before: { task: { work } } }) => `${work.cell} ${work.profile}`).values(),
];

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
  const [was, is] = [said(run, pair.before), said(run, pair.after)];
  return Object.keys({ ...was, ...is }).map((field) => ({
    ...of(pair),
    field,
    before: was?.[field],
    after: is?.[field],
    changed: was && is && (was[field] === is[field] ? "no" : "yes"),
  }));
}

/** What was read from a reply, as text by field; null where there is nothing. */
function said({ cells }: Run, { outcome, task }: Asked) {
  if (!outcome) return null;
  if ("persona" in outcome) {
    const { fields, words } = outcome.persona;
    const last = Object.keys(words).at(-1);
    return {
      ...Object.fromEntries(
        Object.entries(fields)
          .map(([name, value]) => [name.replaceAll("_", " "), String(value ?? "")]),
      ),
      ...last !== undefined && { words: String(words[last] ?? 0) },
    };
  }
  const { instrument, shown } = cells.get(task.work.cell)!;
  if (!("sheet" in outcome) || !shown) return null;
  const { answers, items, options } = outcome.sheet;
  return Object.fromEntries(instrument.items.flatMap((item, index) => {
    if (!items.includes(item.number)) return [];
    const answer = answers[index];
    const named = itemWords(instrument, item, shown!.coding, shownOptions(options, item));
    return [[`${item.number}. ${item.text}`, answer === null ? "no answer" : named[answer!]!]];
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

function scores({ cells }: Run, calls: readonly Pair[]) {
  const [first] = calls;
  const { instrument, shown } = cells.get(first!.before.task.work.cell)!;
  if (!shown) return [];
  const was = scored(instrument, calls.map(({ before }) => before));
  const is = scored(instrument, calls.map(({ after }) => after));
  if (!was && !is) return [];
  return instrument.scales.map((scale) => {
    const [before, after] = [was, is].map((sheet) => sheet?.get(scale) ?? null) as Scores;
    return {
      ...of(first!),
      scale,
      before,
      after,
      difference: before === null || after === null ? null : after - before,
    };
  });
}

type Scores = [before: number | null, after: number | null];

/** Scores of a sheet by scale; null where no call of it brought answers. */
function scored(
  instrument: Instrument,
  calls: readonly Asked[],
): Map<string, number | null> | null {
  const sheets = calls.flatMap(({ outcome }) =>
    outcome && "sheet" in outcome ? [outcome.sheet.answers] : []
  );
  if (!sheets.length) return null;
  const answers = instrument.items.map((_, index) =>
    sheets.map((sheet) => sheet[index] ?? null).find((answer) => answer !== null) ?? null
  );
  return new Map(score(instrument, answers).map(({ scale, score }) => [scale, score]));
}
