/** Elections as invented voters decide them, state by state, beside what was counted. */
import type { DataFrame } from "polars";
import { frame, type Kind, rows as rowsIn } from "../frames.ts";
import { cells, factorsOf, keysOf, kindsOf, type Level } from "../measures.ts";
import { carried } from "../provenance.ts";
import { mean, meanErrors, stratifiedShare, weightedShare, wilson } from "../stats.ts";
import { z } from "zod";
import { answersTo, held, type Question, tallied, type Tally } from "./answers.ts";
import "./columns.ts";

const COLUMNS = {
  n: "integer",
  invalid: "integer",
  clusters: "integer",
  share: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  effective_n: "number",
  if_answered_lower: "number",
  if_answered_upper: "number",
  winner: "text",
  certain: "text",
  counted: "number",
  counted_winner: "text",
  difference: "number",
  right: "text",
  votes: "number",
} as const satisfies Record<string, Kind>;

/** An election and what was counted. */
export interface Election {
  question: Question;
  /** What was counted: a row per state with its two-party share of `first`, and votes where known. */
  counted: DataFrame;
  /** The option that shares are of; the first of the question unless said. */
  first?: string;
  /** Column of the states; `stratum` unless said. */
  state?: string;
  by?: readonly string[];
}

const Counted = z.object({ share: z.number().min(0).max(1), votes: z.number().min(0).nullable() });

/**
 * Each state's two-party share among valid answers, beside the result.
 *
 * Replies without an answer are apart, in `invalid`, and never a vote. Whoever answers votes: of adults who
 * are no voters keep the citizens' answers, or weigh them by turnout (a column `weight`). The interval is Wilson's; where
 * answers are weighted, or several are of one respondent, at the effective n (`weightedShare`). A winner is
 * certain only where the interval excludes one half.
 *
 * @param of `counted` has the columns stratum (or what `state` names), share (of `first`) and votes
 * @returns by level of each factor and state: n (valid), invalid, clusters, share, se, ci_lower, ci_upper
 *   (95 %), effective_n, if_answered_lower, if_answered_upper (all invalid for the one or the other side),
 *   winner (its label; undefined at one half), certain (yes or no), counted (the result's share),
 *   counted_winner, difference (share − counted), right (yes or no), votes (cast for the two)
 * @throws {Error} when a column is unknown, or the question has more or fewer than two answers
 */
export const elections = carried((answers: DataFrame, of: Election): DataFrame => {
  const { question, state = "stratum", by = [] } = of;
  const options = answersTo(question);
  if (options.length !== 2) {
    throw new Error(
      `An election here is between two: question ${question.question} has ${options.length} answers`,
    );
  }
  const first = of.first ?? options[0]!.option;
  const side = options.findIndex(({ option }) => option === first);
  if (side < 0) {
    throw new Error(
      `Question ${question.question} has no answer ${first}: there are ` +
        options.map(({ option }) => option).join(", "),
    );
  }
  const won = (share: number | null): string | null =>
    share === null || share === 0.5 ? null : options[share > 0.5 ? side : 1 - side]!.label;
  const own = held(answers, [question]);
  const factors = factorsOf(own.rows, by, [state, ...Object.keys(COLUMNS)]);
  factorsOf(own.rows, [state], Object.keys(COLUMNS));
  const results = resultsIn(of.counted, state);
  const tidy = cells(own.rows, [...factors, state]).map((cell) => {
    const { tallies: [tally] } = tallied(own, cell);
    const place = cell.levels.at(-1)!;
    const share = shareOf(tally!, side);
    const result = results.get(place) ?? null;
    const winner = won(share.estimate), counted = result?.share ?? null;
    const decided = share.ciLower !== null && share.ciUpper !== null;
    const yes = (is: boolean) => is ? "yes" : "no";
    return {
      ...keysOf(factors, cell),
      [state]: place,
      n: tally!.answers,
      invalid: tally!.replies - tally!.answers,
      clusters: share.clusters,
      share: share.estimate,
      se: share.se,
      ci_lower: share.ciLower,
      ci_upper: share.ciUpper,
      effective_n: share.effectiveN,
      ...bounds(tally!, side),
      winner,
      certain: decided ? yes(share.ciLower! > 0.5 || share.ciUpper! < 0.5) : null,
      counted,
      counted_winner: won(counted),
      difference: share.estimate === null || counted === null ? null : share.estimate - counted,
      right: winner === null || won(counted) === null ? null : yes(winner === won(counted)),
      votes: result?.votes ?? null,
    };
  });
  return frame(tidy, { ...kindsOf(own.rows, [...factors, state]), ...COLUMNS });
});

function resultsIn(counted: DataFrame, state: string): Map<Level, z.infer<typeof Counted>> {
  const shape = Counted.extend({ [state]: z.union([z.string(), z.number()]) });
  const names = [state, "share", "votes"];
  const lacking = names.filter((name) => !counted.columns.includes(name));
  if (lacking.length) {
    throw new Error(`What was counted has no column ${lacking.join(", ")}`);
  }
  const made = new Map<Level, z.infer<typeof Counted>>();
  const found = rowsIn(
    counted.select(...names),
    shape,
  ) as unknown as (z.infer<typeof Counted> & Record<string, Level>)[];
  for (const row of found) {
    const place = row[state]!;
    if (made.has(place)) {
      throw new Error(`What was counted has ${state} ${place} twice: choose one election`);
    }
    made.set(place, row);
  }
  return made;
}

/** The share of one side among the answers. */
function shareOf({ columns, answers }: Tally, side: number) {
  const clusters = columns[0]!.keys().toArray()
    .filter((cluster) => columns.some((column) => column[cluster]! > 0));
  const weights = clusters.map((cluster) => columns.reduce((sum, own) => sum + own[cluster]!, 0));
  const of = clusters.map((cluster) => columns[side]![cluster]!);
  // One answer of each and all alike: Wilson's own interval, with n itself.
  const alone = clusters.length === answers && weights.every((weight) => weight === weights[0]);
  if (alone && answers > 0) {
    const count = of.filter((weight) => weight > 0).length;
    const { estimate, ciLower, ciUpper } = wilson({ count, n: answers });
    const se = answers > 1 ? Math.sqrt(estimate! * (1 - estimate!) / (answers - 1)) : null;
    return { estimate, se, ciLower, ciUpper, effectiveN: answers, clusters: clusters.length };
  }
  // Of a cluster the weight of its answers, and the part of it on this side.
  return weightedShare({
    cluster: clusters.keys().toArray(),
    weight: weights,
    n: clusters.map(() => 1),
    sum: of.map((weight, at) => weight / weights[at]!),
  });
}

/** The share if all without an answer were on the other side, or on this one. */
function bounds({ columns, asked }: Tally, side: number) {
  const total = (of: Float64Array) => of.reduce((sum, one) => sum + one, 0);
  const all = total(asked), other = total(columns[1 - side]!);
  return {
    if_answered_lower: all > 0 ? total(columns[side]!) / all : null,
    if_answered_upper: all > 0 ? 1 - other / all : null,
  };
}

const State = z.object({
  share: z.number().nullable(),
  se: z.number().nullable(),
  effective_n: z.number().nullable(),
  certain: z.string().nullable(),
  counted: z.number().nullable(),
  right: z.string().nullable(),
  votes: z.number().nullable(),
});

/**
 * How far the states are off together.
 *
 * Intervals are for voters drawn in these very states, each state apart: score intervals of the states'
 * shares together, at the effective n of each (`stratifiedShare`), less what was counted. They are wider on
 * one side where most states agree, and there are some where all voters do. A mean bias near 0 says nothing
 * of single states: read mae and right beside it.
 *
 * @param states as `elections` returns them
 * @returns by level of each factor: states (with a share and a result), estimate (bias: mean of share −
 *   counted), se, ci_lower, ci_upper (95 %), mae, rmse, states_right, states_certain, certain_right (certain
 *   and right), national (weighted by votes), national_lower, national_upper, national_unweighted and
 *   national_counted
 * @throws {Error} when a factor is unknown
 */
export const electionErrors = carried((
  states: DataFrame,
  { by = [] }: { by?: readonly string[] } = {},
): DataFrame => {
  const lacking = by.filter((name) => !states.columns.includes(name));
  if (lacking.length) {
    throw new Error(
      `These states have no column ${lacking.join(", ")}: there are ${states.columns}`,
    );
  }
  const all = rowsIn(
    states,
    State.loose(),
  ) as unknown as (z.infer<typeof State> & Record<string, Level>)[];
  const groups = Map.groupBy(all, (row) => JSON.stringify(by.map((name) => row[name])));
  const tidy = [...groups.values()].map((group) => {
    const known = group.filter(({ share, counted }) => share !== null && counted !== null);
    const away = known.map(({ share, counted }) => share! - counted!);
    const ses = known.map(({ se }) => se);
    const se = known.length && !ses.includes(null)
      ? Math.sqrt(ses.reduce<number>((sum, se) => sum + se! ** 2, 0)) / known.length
      : null;
    // Without an effective n no voter counts, and there are no limits.
    const together = (weight: (row: typeof known[number]) => number) =>
      stratifiedShare(known.map((row) => ({
        share: row.share!,
        n: row.effective_n ?? 0,
        weight: weight(row),
      })));
    const each = together(() => 1);
    const votes = known.map(({ votes }) => votes);
    const cast = votes.includes(null) ? 0 : votes.reduce<number>((sum, one) => sum + one!, 0);
    const weighed = (of: (row: typeof known[number]) => number) =>
      cast > 0 ? known.reduce((sum, row) => sum + of(row) * row.votes! / cast, 0) : null;
    const counted = mean(known.map(({ counted }) => counted!));
    const nation = cast > 0 ? together(({ votes }) => votes!) : null;
    const count = (such: (row: typeof known[number]) => boolean) => known.filter(such).length;
    return {
      ...Object.fromEntries(by.map((name) => [name, group[0]![name]])),
      states: known.length,
      estimate: mean(away),
      se,
      ci_lower: each.ciLower === null ? null : each.ciLower - counted!,
      ci_upper: each.ciUpper === null ? null : each.ciUpper - counted!,
      ...meanErrors(away),
      states_right: count(({ right }) => right === "yes"),
      states_certain: count(({ certain }) => certain === "yes"),
      certain_right: count(({ certain, right }) => certain === "yes" && right === "yes"),
      national: nation?.estimate ?? null,
      national_lower: nation?.ciLower ?? null,
      national_upper: nation?.ciUpper ?? null,
      national_unweighted: mean(known.map(({ share }) => share!)),
      national_counted: weighed(({ counted }) => counted!),
    };
  });
  const kinds = by.map((name) => {
    const levels = all.map((row) => row[name]).filter((level) => level !== null);
    const kind: Kind = levels.some((level) => typeof level !== "number") ? "text" : "integer";
    return [name, kind] as const;
  });
  return frame(tidy, {
    ...Object.fromEntries(kinds),
    states: "integer",
    estimate: "number",
    se: "number",
    ci_lower: "number",
    ci_upper: "number",
    mae: "number",
    rmse: "number",
    states_right: "integer",
    states_certain: "integer",
    certain_right: "integer",
    national: "number",
    national_lower: "number",
    national_upper: "number",
    national_unweighted: "number",
    national_counted: "number",
  });
});
