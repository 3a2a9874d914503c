/** What two levels of a factor do to alignment, at equal numbers of respondents. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { type Cell, cells, factorsOf, keysOf, kindsOf, type Level } from "../../measures.ts";
import { seeded } from "../../random.ts";
import { mean, normalReach, type SumsOf, weightedTotals } from "../../stats.ts";
import { type Held, held, tallied, type Tally } from "../answers.ts";
import {
  type Aligned,
  averaged,
  inferredFrom,
  levelOf,
  type Score,
  scoresOf,
  sumsOf,
} from "./aligned.ts";
import { beyond, chanceMade, expectedOf, type Measure, together } from "./measures.ts";
import { peopleIn } from "./reference.ts";

/** What is compared. */
export interface Compared extends Aligned {
  factor: string;
  /** The level that every other one is compared with. */
  against: Level;
  /** By which the noise floors of two levels may differ: more is refused. */
  tolerance?: number;
}

const COLUMNS = {
  against: "text",
  question: "text",
  measure: "text",
  n: "integer",
  n_against: "integer",
  unpaired: "integer",
  unpaired_against: "integer",
  score: "number",
  score_against: "number",
  estimate: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  boot_lower: "number",
  boot_upper: "number",
  beyond_null: "number",
  beyond_null_against: "number",
} as const satisfies Record<string, Kind>;

/**
 * How much nearer to the people one level of a factor is than another.
 *
 * A smaller sample scores lower by chance alone, so that only equal numbers are compared: where respondents
 * have answered a question at both levels, these are what counts, and the others are told in columns;
 * where nobody has, the numbers of both levels have to be alike. se leaves out each cluster in turn, at both
 * levels; the normal interval reaches as far as the difference could go if what chance may have made of
 * either level were nothing, as in `alignment`. `boot` are percentile limits of the cluster bootstrap, both
 * levels in the same draws: near the null level they are too narrow.
 *
 * @returns by level of each factor, level of `factor` (a column of its name), question and measure: against;
 *   n, n_against (answers that count), unpaired, unpaired_against (respondents that do not), score and
 *   score_against, estimate (their difference), se, ci_lower, ci_upper, boot_lower, boot_upper (95 %),
 *   beyond_null and beyond_null_against; of `All` the means of the questions
 * @throws {Error} when a factor, level or option is unknown, the factor has one level, or noise floors differ by
 *   more than the tolerance (0.001), naming both n
 */
export function compareAlignment(answers: DataFrame, of: Compared): DataFrame {
  const { questions, reference, by = [], factor, against, draws = 2000, seed = 1 } = of;
  const own = held(answers, questions);
  const factors = factorsOf(own.rows, by, [factor, ...Object.keys(COLUMNS)]);
  factorsOf(own.rows, [factor], Object.keys(COLUMNS));
  const levels = own.rows.levels(factor);
  if (!levels.includes(against) || levels.length < 2) {
    throw new Error(
      `${factor} has the levels ${levels.join(", ")}: two are compared, one of them ${against}`,
    );
  }
  const people = peopleIn(reference, questions, factors);
  const all = cells(own.rows, [...factors, factor]);
  const groups = Map.groupBy(all, ({ levels }) => JSON.stringify(levels.slice(0, -1))).values();
  const tidy = [...groups].flatMap((group) => {
    const base = group.find(({ levels }) => levels.at(-1) === against);
    if (!base) return [];
    return group.filter((cell) => cell !== base).flatMap((cell) => {
      const pair = paired(own, cell, base);
      const [first, second] = pair.tallied.map((tally) =>
        scoresOf(tally, (at) => people(at, cell.levels.slice(0, -1)), of.measures)
      ) as [Score[], Score[]];
      first.forEach((score, at) => alike(score, second[at]!, of));
      const { uniform } = seeded("compared", seed, JSON.stringify(cell.levels));
      return summarised(pair, first, second, { draws, uniform }).map((row) => ({
        ...keysOf(factors, cell),
        [factor]: cell.levels.at(-1)!,
        against,
        ...row,
      }));
    });
  });
  return frame(tidy, {
    ...kindsOf(own.rows, [...factors, factor]),
    ...COLUMNS,
    against: own.rows.kind(factor),
  });
}

interface Pair {
  clusters: number;
  tallied: { clusters: number; tallies: Tally[] }[];
  /** By question the respondents at one of the levels only. */
  unpaired: [number, number][];
}

/** Both cells over the same clusters; of questions that somebody answered at both, those only. */
function paired(own: Held, level: Cell, base: Cell): Pair {
  const { rows, questions } = own;
  const answered = (cell: Cell) => {
    const who = questions.map(() => new Set<number>());
    for (const row of cell.order) {
      if (own.option[row]! >= 0) who[own.question[row]!]!.add(rows.respondent[row]!);
    }
    return who;
  };
  const [first, second] = [answered(level), answered(base)];
  const both = questions.map((_, at) => first[at]!.intersection(second[at]!));
  const kept = (row: number) => {
    const at = own.question[row]!;
    return !both[at]!.size || both[at]!.has(rows.respondent[row]!);
  };
  // A cell with the respondents of both, so that clusters have one number.
  const respondents = Int32Array.from(
    new Set([...level.respondents, ...base.respondents]),
  );
  return {
    clusters: new Set(Array.from(respondents, (one) => rows.cluster[one]!)).size,
    tallied: [level, base].map((cell) => tallied(own, { ...cell, respondents }, kept)),
    unpaired: questions.map((_, at) => {
      const without = (who: Set<number>) => both[at]!.size ? who.size - both[at]!.size : 0;
      return [without(first[at]!), without(second[at]!)];
    }),
  };
}

function alike(a: Score, b: Score, { tolerance = 0.001, factor }: Compared): void {
  const floor = ({ tally, people, measure }: Score) =>
    expectedOf(measure, tally.question, { shares: people.shares, n: tally.effective });
  const [first, second] = [floor(a), floor(b)];
  if (first === null || second === null || Math.abs(first - second) <= tolerance) return;
  const sizes = [a, b].map(({ tally }) => Math.round(tally.effective));
  throw new Error(
    `Question ${a.tally.question.question} has ${sizes[0]} and ${
      sizes[1]
    } answers at two levels of ` +
      `${factor}, whose scores differ by ${
        Math.abs(first - second).toPrecision(2)
      } from that alone: ` +
      "compare the same respondents or as many of each, or read beyond_null of alignment(…)",
  );
}

function summarised(
  { clusters, unpaired, tallied: [level] }: Pair,
  first: readonly Score[],
  second: readonly Score[],
  how: { draws: number; uniform: () => number },
) {
  const measures = averaged(first);
  const [a, b] = [first, second].map((scores) => sumsOf(clusters, scores, measures)) as [
    SumsOf,
    SumsOf,
  ];
  const cut = a.columns.length;
  // Both scores and their difference, of the same draws.
  const differences = inferredFrom({
    clusters,
    columns: [...a.columns, ...b.columns],
    statistics: (totals) => {
      const scores = a.statistics(totals.slice(0, cut));
      const others = b.statistics(totals.slice(cut));
      return scores.map((one, at) =>
        one === null || others[at] === null ? null : one - others[at]!
      );
    },
  }, how);
  const [scores, others] = [a, b].map(({ columns, statistics }) =>
    statistics(weightedTotals(new Float64Array(clusters).fill(1), columns))
  ) as [(number | null)[], (number | null)[]];
  const inferred = (at: number) => ({
    score: scores[at]!,
    score_against: others[at]!,
    ...differences[at]!,
  });
  const past = (score: Score, estimate: number | null) =>
    beyond(score.measure, estimate, levelOf(score));
  const rows = first.map((score, at) => {
    const place = level!.tallies.findIndex(({ question }) => question === score.tally.question);
    return {
      question: score.tally.question.question,
      measure: score.measure,
      n: score.tally.answers,
      n_against: second[at]!.tally.answers,
      unpaired: unpaired[place]![0],
      unpaired_against: unpaired[place]![1],
      ...inferred(at),
      ...limits(score.measure, 1, inferred(at), [levelOf(score), levelOf(second[at]!)]),
      beyond_null: past(score, scores[at]!),
      beyond_null_against: past(second[at]!, others[at]!),
    };
  });
  const total = (own: typeof rows, name: "n" | "n_against" | "unpaired" | "unpaired_against") =>
    own.reduce((sum, row) => sum + row[name], 0);
  return [
    ...rows,
    ...measures.map((measure: Measure, at) => {
      const own = rows.filter((row) => row.measure === measure);
      const average = (name: "beyond_null" | "beyond_null_against") =>
        own.some((row) => row[name] === null)
          ? null
          : own.reduce((sum, row) => sum + row[name]!, 0) / own.length;
      return {
        question: "All",
        measure,
        n: total(own, "n"),
        n_against: total(own, "n_against"),
        unpaired: total(own, "unpaired"),
        unpaired_against: total(own, "unpaired_against"),
        ...inferred(first.length + at),
        ...limits(measure, own.length, inferred(first.length + at), [
          levelsOver(first, measure),
          levelsOver(second, measure),
        ]),
        beyond_null: average("beyond_null"),
        beyond_null_against: average("beyond_null_against"),
      };
    }),
  ];
}

function levelsOver(scores: readonly Score[], measure: Measure): number | null {
  const levels = scores.filter((score) => score.measure === measure).map(levelOf);
  return levels.includes(null) ? null : mean(levels as number[]);
}

/** Limits of a difference of two scores, either of which may be where nothing lies apart. */
function limits(
  measure: Measure,
  questions: number,
  of: { score: number | null; score_against: number | null; se: number | null },
  [level, base]: readonly [number | null, number | null],
): { ci_lower: number | null; ci_upper: number | null } {
  const { score, score_against: against, se } = of;
  if (score === null || against === null || se === null || level === null || base === null) {
    return { ci_lower: null, ci_upper: null };
  }
  const end = together(measure), reach = normalReach(0.95) * se;
  const room = (estimate: number, level: number) =>
    chanceMade(measure, { estimate, level, questions }) ? end - estimate : 0;
  const [own, other] = [room(score, level), room(against, base)];
  return {
    ci_lower: score - against - reach + Math.min(0, own) - Math.max(0, other),
    ci_upper: score - against + reach + Math.max(0, own) - Math.min(0, other),
  };
}
