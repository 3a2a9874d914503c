/** What a plan brought on few profiles, cell by cell, as frames. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { nearest } from "../format.ts";
import { frame, type Kind } from "../frames.ts";
import { cost, transportOf } from "../llm.ts";
import type { Prompt } from "../prompts.ts";
import { DIFFERENCES, differences } from "./differences.ts";
import { type Costs, costs, inAll } from "./estimate.ts";
import { differs, factorsOf, levelsIn, type Observation, observationsOf } from "./observations.ts";
import type { Brought } from "./trial.ts";

/**
 * What a plan brought on few profiles. Each frame has a column for prompt (its version), model and condition,
 * and for each other factor of the plan that has several levels.
 */
export interface Tried {
  /** The prompts, in the order in which they are compared. */
  prompts: readonly Prompt[];
  /** The factors that have several levels, with these in the order of the plan. */
  factors: Readonly<Record<string, readonly string[]>>;
  /**
   * The factor whose first level is the reference of its other levels, all else being the same; null where
   * nothing varies.
   */
  by: string | null;
  /** Labels of the models among them whose replies are computed here: these read no instructions. */
  simulated: readonly string[];
  /**
   * One row per combination, profile and call: the factors, profile, state (`done`, `not asked`,
   * `failed: REASON`), tokens_in, tokens_out, usd (of the last call; undefined without a price), reply (the
   * text as it came).
   */
  replies: DataFrame;
  /**
   * What was read from the replies, one row per combination, profile and field: the factors, profile, field (of
   * a persona its fields and the words of its last text; of a sheet its items), value, reference (the value at
   * the first level of `by`; undefined at that level), changed (`yes`, `no`; undefined unless both are there).
   */
  fields: DataFrame;
  /** Of sheets: the factors, profile, scale, score, reference, difference. */
  scores: DataFrame;
  /**
   * What the levels of each factor do differently from its first, paired within profiles, all else being the
   * same: factor, level, against, measure (a scale; of personas `words`; `differing`: the share of fields, or
   * answers, that differ), n (pairs; of `differing` fields that both have), clusters (profiles), mean,
   * mean_against, estimate (level − against; of `differing` the share), se, df, ci_lower, ci_upper, p, p_flip,
   * informative, p_holm, p_flip_holm, family, flip_family, as `compare` of `lib/measures.ts` has them; a
   * share has no test.
   */
  differences: DataFrame;
  /** What is not asked yet: prompt, then the columns of `Study.estimate`. */
  left: DataFrame;
}

/**
 * What a trial brought, as frames.
 *
 * @param by the factor whose levels are compared; the first that has several where left out
 * @throws {RangeError} when it is no factor of the trial that has several levels
 */
export async function compareTrial(
  sql: Sql,
  brought: Brought,
  by: string | undefined,
): Promise<Tried> {
  const { run } = brought;
  const cells = levelsIn([...run.cells.values()]);
  const observations = observationsOf(brought, cells);
  const factors = factorsOf(cells);
  const compared = byOf(factors, by);
  const shown = Object.fromEntries(
    Object.keys({ prompt: [], model: [], condition: [], ...factors })
      .map((name) => [name, "text" as Kind]),
  );
  const referred = referencesOf(observations, factors, compared);
  const simulated = observations
    .filter(({ calls }) => calls.some(({ task }) => !transportOf(task.model).outside))
    .map(({ levels }) => levels.model!);
  return {
    prompts: [
      ...new Map([...run.cells.values()].map(({ prompt }) => [prompt.hash, prompt])).values(),
    ],
    factors,
    by: compared,
    simulated: [...new Set(simulated)],
    replies: frame(observations.flatMap(replies), { ...shown, ...REPLIES }),
    fields: frame(
      observations.flatMap((observation) =>
        fields(observation, observations, referred(observation))
      ),
      {
        ...shown,
        ...FIELDS,
      },
    ),
    scores: frame(
      observations.flatMap((observation) => scores(observation, referred(observation))),
      { ...shown, ...SCORES },
    ),
    differences: frame(differences(observations, factors), DIFFERENCES),
    left: inAll(await leftOf(sql, brought), ["prompt"]),
  };
}

/**
 * Refuses to compare by what a trial does not vary: before anybody is asked.
 *
 * @throws {RangeError} naming the factors that have several levels
 */
export function checkBy({ run }: Brought, by: string | undefined): void {
  byOf(factorsOf(levelsIn([...run.cells.values()])), by);
}

function byOf(
  factors: Readonly<Record<string, readonly string[]>>,
  by: string | undefined,
): string | null {
  const names = Object.keys(factors);
  if (by === undefined) return names[0] ?? null;
  if (Object.hasOwn(factors, by)) return by;
  throw new RangeError(
    names.length
      ? `by is a factor of the trial that has several levels: did you mean ${
        nearest(String(by), names)
      }? It has ${names.join(", ")}`
      : "by is a factor of the trial that has several levels: this one has none",
  );
}

/** Of each observation the one that it is compared with; null where there is none, or it is that one itself. */
function referencesOf(
  observations: readonly Observation[],
  factors: Readonly<Record<string, readonly string[]>>,
  by: string | null,
): (observation: Observation) => Observation | null {
  if (by === null) return () => null;
  const first = factors[by]![0];
  const keyOf = ({ levels, profile }: Observation) =>
    JSON.stringify([{ ...levels, [by]: first }, profile]);
  const found = new Map(
    observations.filter(({ levels }) => levels[by] === first).map((
      observation,
    ) => [keyOf(observation), observation]),
  );
  return (observation) =>
    observation.levels[by] === first ? null : found.get(keyOf(observation)) ?? null;
}

async function leftOf(sql: Sql, { run, asked }: Brought): Promise<(Costs & { prompt: string })[]> {
  const groups = Map.groupBy(
    asked,
    ({ task: { model }, cell: { prompt } }) => JSON.stringify([prompt.hash, model.id]),
  );
  return await Promise.all([...groups.values()].map(async (group) => {
    const { task: { model }, cell: { prompt } } = group[0]!;
    const sample = group.filter(({ reply }) => reply === null).map(({ task }) => task.work);
    const own = await costs(sql, run, model, { calls: sample.length, sample });
    return { prompt: prompt.version, ...own };
  }));
}

const REPLIES: Readonly<Record<string, Kind>> = {
  profile: "integer",
  state: "text",
  tokens_in: "integer",
  tokens_out: "integer",
  usd: "number",
  reply: "text",
};

const replies = ({ levels, profile, calls }: Observation) =>
  calls.map(({ task: { model }, outcome, reply }) => ({
    ...levels,
    profile,
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

const FIELDS: Readonly<Record<string, Kind>> = {
  profile: "integer",
  field: "text",
  value: "text",
  reference: "text",
  changed: "text",
};

function fields(
  observation: Observation,
  observations: readonly Observation[],
  reference: Observation | null,
) {
  const alike = observations.filter(({ profile, levels }) =>
    profile === observation.profile && levels.instrument === observation.levels.instrument
  );
  const names = new Set(alike.flatMap(({ said }) => Object.keys(said ?? {})));
  return [...names].map((field) => {
    const changed = differs(field, observation, reference);
    return {
      ...observation.levels,
      profile: observation.profile,
      field,
      value: observation.said?.[field],
      reference: reference?.said?.[field],
      changed: changed === undefined ? changed : changed ? "yes" : "no",
    };
  });
}

const SCORES: Readonly<Record<string, Kind>> = {
  profile: "integer",
  scale: "text",
  score: "number",
  reference: "number",
  difference: "number",
};

function scores({ levels, profile, calls, numbers }: Observation, reference: Observation | null) {
  const { instrument, shown } = calls[0]!.cell;
  if (!shown || !Object.keys(numbers).length) return [];
  return instrument.scales.map((scale) => {
    const score = numbers[scale] ?? null, was = reference?.numbers[scale] ?? null;
    return {
      ...levels,
      profile,
      scale,
      score,
      reference: was,
      difference: score === null || was === null ? null : score - was,
    };
  });
}
