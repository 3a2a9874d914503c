/**
 * Rounds: people are asked, hear what some others answered, and are asked again. What each hears is drawn from
 * a seed and held by the plan of the round (`Context` of `lib/study.ts`), so that it is recorded as it was shown
 * and a second reading of the round asks nothing.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { cells, factorsOf, keysOf, kindsOf, type Level } from "../measures.ts";
import { editPrompt, type Prompt } from "../prompts.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import { jackknife, tReach } from "../stats.ts";
import type { Context } from "../study.ts";
import {
  answersTo,
  held,
  isOrdered,
  meanOf,
  pairsIn,
  placesOf,
  type Question,
  questionsOf,
} from "./answers.ts";
import "./columns.ts";

/** Who is heard. */
export interface Hearing {
  /** How many others, at most: 4 unless said; 0 is the control arm, which is asked again and hears nobody. */
  others?: number;
  /**
   * `drawn`: at random; `balanced`: as many of each option as there are; or by profile, whom each hears,
   * the same in every round.
   */
  among?: "drawn" | "balanced" | Readonly<Record<number, readonly number[]>>;
  /** The column that must be alike of who hears and who is heard, such as `stratum`. */
  within?: string;
  /** Whether reasons are told as well, where there are any. */
  reasons?: boolean;
  /** Whether each is reminded of the own answer. */
  own?: boolean;
  seed?: number;
}

/** The prompt with a place for what others said, before the questions; the same prompt for all rounds. */
export const roundsPrompt = (from: Prompt): Prompt =>
  editPrompt(from, {
    user:
      `{{#context}}Before you answer, this is what was answered to the same questions. You may agree or ` +
      `not; judge for yourself.\n\n{{context}}\n\n{{/context}}${from.user}`,
  });

const HEARD = {
  round: "text",
  respondent: "integer",
  question: "text",
  heard: "integer",
  option: "text",
} as const satisfies Record<string, Kind>;

/**
 * What each respondent hears of a round, drawn from the seed.
 *
 * @param answers of the round before, a row for each respondent and question, as `opinionsIn` returns them
 *   for one run
 * @param of `round`: which it will be, from 1; `after`: the run that the answers are of
 * @returns the plan's context, and who heard which answer of whom: round, respondent, question, heard (the
 *   other's profile), option
 * @throws {Error} when somebody answered a question twice, which no single round does
 */
export function hearing(
  answers: DataFrame,
  of: Hearing & {
    instrument: Instrument;
    names?: Readonly<Record<number, string>>;
    round: number;
    after: string;
  },
): { context: Context; heard: DataFrame } {
  const { instrument, names = {}, round, after, others = 4, among = "drawn", within, seed = 1 } =
    of;
  const questions = questionsOf(instrument, names);
  const own = held(answers, questions);
  const profile = own.rows.column("profile") as number[];
  const group: Level[] = within === undefined
    ? profile.map(() => null)
    : own.rows.column(own.rows.known(within, "column"));
  const reason = own.rows.has("reply_reason") ? own.rows.column("reply_reason") : null;
  const texts: Record<number, Record<number, string>> = {};
  const record: object[] = [];
  questions.forEach((question, at) => {
    const { number } = instrument.items[at]!;
    const options = answersTo(question);
    const rows = [...own.question.keys()].filter((row) => own.question[row] === at);
    if (new Set(rows.map((row) => profile[row])).size < rows.length) {
      throw new Error(
        `Somebody answered ${question.question} twice: a round is one run, so filter the answers to it`,
      );
    }
    const given = rows.filter((row) => own.option[row]! >= 0);
    const said = (row: number) => {
      const why = of.reasons === false ? null : reason?.[row] ?? null;
      return options[own.option[row]!]!.label + (why ? ` (${why})` : "");
    };
    for (const row of rows) {
      const who = profile[row]!;
      const random = seeded("hearing", seed, round, who, number);
      const candidates = given.filter((other) => other !== row && group[other] === group[row]);
      const heard = random.shuffled(chosen(candidates, {
        others,
        among,
        who,
        profile,
        option: own.option,
        shuffled: (rows) => random.shuffled(rows),
      }));
      for (const other of heard) {
        record.push({
          round: String(round),
          respondent: who,
          question: question.question,
          heard: profile[other],
          option: options[own.option[other]!]!.option,
        });
      }
      const lines = [
        ...heard.length
          ? [`To question ${number} others said:`, ...heard.map((other) => `- ${said(other)}`)]
          : [],
        ...of.own && own.option[row]! >= 0
          ? [`To question ${number} you said before: ${said(row)}`]
          : [],
      ];
      if (lines.length) (texts[who] ??= {})[number] = lines.join("\n");
    }
  });
  return { context: { round: String(round), after: [after], texts }, heard: frame(record, HEARD) };
}

function chosen(
  candidates: readonly number[],
  { others, among, who, profile, option, shuffled }: {
    others: number;
    among: NonNullable<Hearing["among"]>;
    who: number;
    profile: readonly number[];
    option: Int32Array;
    shuffled: (rows: readonly number[]) => number[];
  },
): number[] {
  if (typeof among === "object") {
    const known = among[who] ?? [];
    return candidates.filter((row) => known.includes(profile[row]!)).slice(0, others);
  }
  const order = shuffled(candidates);
  if (among === "drawn") return order.slice(0, others);
  // One of each option in turn.
  const queues = [...Map.groupBy(order, (row) => option[row]!).values()];
  const turns = order.map((_, turn) => queues.flatMap((queue) => queue[turn] ?? []));
  return turns.flat().slice(0, others);
}

const CHANGES = {
  question: "text",
  n: "integer",
  clusters: "integer",
  flips: "number",
  flips_lower: "number",
  flips_upper: "number",
  moved: "number",
  disagreement_before: "number",
  disagreement: "number",
  to_majority: "number",
  from_majority: "number",
  conformity: "number",
  conformity_lower: "number",
  conformity_upper: "number",
} as const satisfies Record<string, Kind>;

/**
 * What a round changed in the same respondents, all of it weighted. Limits of conformity are t limits with the
 * jackknife's error, which leaves out each cluster in turn; null where without one nobody heard either.
 *
 * @param answers of all rounds, with a column `round`
 * @param of `heard`: who heard what in the round, as `hearing` returns it; of several arms put together
 * @returns by level of each factor and question: n (answered in both rounds), clusters, flips (share with another
 *   answer, and its limits), moved (mean change towards the end that counts as more, of a scale from 0 to 1;
 *   null without an order), disagreement_before and disagreement (chance that two different respondents differ), to_majority
 *   (of those who heard mostly another answer than their own: share that took it), from_majority (of those who
 *   heard mostly their own: share that left it), conformity (the difference, and its limits by cluster;
 *   null where nobody heard either). The control arm says how much of it is asking again
 * @throws {Error} when nobody answered in both rounds
 */
export const roundChanges = carried((
  answers: DataFrame,
  of: {
    questions: readonly Question[];
    round: number;
    heard?: DataFrame;
    by?: readonly string[];
  },
): DataFrame => {
  const { questions, round, by = [] } = of;
  const own = held(answers, questions);
  const factors = factorsOf(own.rows, by, Object.keys(CHANGES));
  const rounds = own.rows.column(own.rows.known("round", "factor"));
  const profile = own.rows.column("profile") as number[];
  const majority = majorities(of.heard, questions);
  const tidy = cells(own.rows, factors).flatMap((cell) => {
    const both = pairsIn(
      own,
      cell,
      (row) => [round - 1, round].findIndex((one) => String(one) === String(rounds[row])),
    );
    if (!both.length) {
      throw new Error(
        `Nobody answered in the rounds ${round - 1} and ${round}: ask the second first`,
      );
    }
    const rated = (question: string, at: number | null) => {
      const mine = both.filter(([a]) => at === null || own.question[a] === at);
      if (!mine.length) return [];
      const option = (row: number) => own.option[row]!;
      const clusters = [...new Set(mine.map(([a]) => own.rows.cluster[own.rows.respondent[a]!]!))];
      const place = new Map(clusters.map((one, index) => [one, index]));
      const clusterOf = (row: number) => place.get(own.rows.cluster[own.rows.respondent[row]!]!)!;
      const flips = meanOf(own, mine.map(([a, b]) => [a, Number(option(a) !== option(b))]));
      const ordered = at !== null && isOrdered(questions[at]!);
      const places = ordered ? placesOf(questions[at]!) : null;
      const moved = places &&
        meanOf(own, mine.map(([a, b]) => [a, places[option(b)]! - places[option(a)]!])).estimate;
      const weightOf = (row: number) => own.rows.weight[own.rows.respondent[row]!]!;
      // Two respondents drawn by their weights: Σ w² are those drawn twice.
      const differ = (side: 0 | 1) => {
        if (at === null) return null;
        const apart = (of: typeof mine) => {
          const weights = of.map(([a]) => weightOf(a));
          const sum = weights.reduce((a, b) => a + b, 0);
          return sum ** 2 - weights.reduce((sum, one) => sum + one ** 2, 0);
        };
        const all = mine.length < 2 ? 0 : apart(mine);
        if (all === 0) return null;
        const groups = [...Map.groupBy(mine, (pair) => option(pair[side])).values()];
        return 1 - groups.reduce((sum, group) => sum + apart(group), 0) / all;
      };
      // By cluster the weights of those who heard another answer, and of those who took it; of those who heard
      // their own, and of those who left it.
      const columns = Array.from({ length: 4 }, () => new Float64Array(clusters.length));
      for (const [a, b] of mine) {
        const most = majority(own.question[a]!, profile[a]!);
        if (most === null) continue;
        const first = most === option(a) ? 2 : 0, changed = (most === option(b)) === (first === 0);
        columns[first]![clusterOf(a)]! += weightOf(a);
        if (changed) columns[first + 1]![clusterOf(a)]! += weightOf(a);
      }
      const [to, from] = [0, 2].map((first) => {
        const [all, changed] = [columns[first]!, columns[first + 1]!]
          .map((column) => column.reduce((sum, one) => sum + one, 0));
        return all! > 0 ? changed! / all! : null;
      }) as [number | null, number | null];
      const conformity = to === null || from === null ? null : to - from;
      const se = conformity === null || clusters.length < 2 ? null : jackknife({
        clusters: clusters.length,
        columns,
        statistics: ([heard, took, kept, left]) => [
          heard! > 0 && kept! > 0 ? took! / heard! - left! / kept! : null,
        ],
      })[0]!.se;
      const half = se ? tReach(0.95, clusters.length - 1) * se : null;
      return [{
        ...keysOf(factors, cell),
        question,
        n: mine.length,
        clusters: clusters.length,
        flips: flips.estimate,
        flips_lower: flips.ciLower,
        flips_upper: flips.ciUpper,
        moved,
        disagreement_before: differ(0),
        disagreement: differ(1),
        to_majority: to,
        from_majority: from,
        conformity,
        conformity_lower: half === null ? null : conformity! - half,
        conformity_upper: half === null ? null : conformity! + half,
      }];
    };
    return [
      ...questions.flatMap(({ question }, at) => rated(question, at)),
      ...questions.length > 1 ? rated("All", null) : [],
    ];
  });
  return frame(tidy, { ...kindsOf(own.rows, factors), ...CHANGES });
});

/** By question and profile the option that most of those heard gave; null where none has most. */
function majorities(
  heard: DataFrame | undefined,
  questions: readonly Question[],
): (question: number, profile: number) => number | null {
  const counts = new Map<string, Map<string, number>>();
  if (heard) {
    const column = (name: keyof typeof HEARD) =>
      heard.getColumn(name).toArray() as (string | number)[];
    const [question, respondent, option] = [
      column("question"),
      column("respondent"),
      column("option"),
    ];
    question.forEach((one, row) => {
      const key = `${one}/${respondent[row]}`, code = String(option[row]);
      const own = counts.get(key) ?? new Map<string, number>();
      counts.set(key, own.set(code, (own.get(code) ?? 0) + 1));
    });
  }
  return (at, profile) => {
    const question = questions[at]!;
    const own = counts.get(`${question.question}/${profile}`);
    if (!own) return null;
    const [first, second] = [...own].toSorted(([, a], [, b]) => b - a);
    return second && second[1] === first![1]
      ? null
      : answersTo(question).findIndex(({ option }) => option === first![0]);
  };
}
