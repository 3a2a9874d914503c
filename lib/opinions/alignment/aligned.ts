/** Alignment with people, question by question and over all of them. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { cells, factorsOf, keysOf, kindsOf } from "../../measures.ts";
import { seeded } from "../../random.ts";
import {
  clusterBootstrap,
  jackknife,
  mean,
  quantile,
  rangeOf,
  sampledDistances,
  sparseTotals,
  type SumsOf,
} from "../../stats.ts";
import { held, type Question, type Tallied, tallied, type Tally } from "../answers.ts";
import {
  beyond,
  expectedOf,
  limitsOf,
  type Measure,
  measured,
  MEASURES,
  measuresOf,
  positionsOf,
} from "./measures.ts";
import { type People, peopleIn } from "./reference.ts";

const COLUMNS = {
  question: "text",
  measure: "text",
  n: "integer",
  n_effective: "number",
  clusters: "integer",
  unanswered: "number",
  estimate: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  boot_lower: "number",
  boot_upper: "number",
  noise_floor: "number",
  null_level: "number",
  beyond_null: "number",
  if_answered_lower: "number",
  if_answered_upper: "number",
  uniform: "number",
  ceiling: "number",
} as const satisfies Record<string, Kind>;

/** What is compared with whom. */
export interface Aligned {
  questions: readonly Question[];
  /** The people: a row per question and option, with question, option, share, n_effective if known. */
  reference: DataFrame;
  /** Factors; those that the reference has too say whose distribution is whose. */
  by?: readonly string[];
  /** Left out, alignment of options with an order, and of others both distances. */
  measures?: readonly Measure[];
  /** Draws of the cluster bootstrap (2,000; 0 leaves its limits out), and their seed. */
  draws?: number;
  seed?: number;
}

/** One number of a cell: of which question, measured how, against whom. */
export interface Score {
  tally: Tally;
  people: People;
  measure: Measure;
  of: (p: readonly number[]) => number | null;
}

/**
 * How near opinions come to the people's, beside what chance alone leaves.
 *
 * Shares are of answers; refusals and other replies without one are apart, in `unanswered`. se leaves out
 * each cluster of respondents in turn (jackknife); the interval is normal, and reaches 1 (of distances 0)
 * where chance alone may have made the distance. `boot` are the percentile limits of the cluster bootstrap:
 * far from the null level much the same, and near it too far from 1. All are for these questions and this
 * reference, as if the people's shares were known.
 *
 * - `noise_floor`: what a perfect simulator with so many respondents is expected to reach;
 * - `null_level`: the same where the people are a sample as well, of `n_effective`, both of what they say
 *   together. `beyond_null` is how much further apart they are: only that may be compared between
 *   different n (`compareAlignment` refuses anything else);
 * - `if_answered`: where it could lie had those without an answer given any;
 * - `uniform`: what answers that take each option equally often would reach;
 * - `ceiling`: what one half of the people is expected to reach against the other.
 *
 * Rows for `All` are means over the questions that have the measure, each counting once.
 *
 * @param answers as `lib/opinions/answers.ts` describes them
 * @returns by level of each factor, question and measure: n (answers), n_effective, clusters, unanswered
 *   (share of those asked), estimate, se, ci_lower, ci_upper, boot_lower, boot_upper (95 %), noise_floor, null_level,
 *   beyond_null, if_answered_lower, if_answered_upper, uniform, ceiling (undefined where the size of the people's sample
 *   is not known). Questions that the reference lacks have no row
 * @throws {Error} when a factor, column or option is unknown, or the reference has no such question
 * @throws {RangeError} when alignment is asked of options without an order
 */
export function alignment(answers: DataFrame, of: Aligned): DataFrame {
  const { questions, reference, by = [], draws = 2000, seed = 1 } = of;
  const own = held(answers, questions);
  const factors = factorsOf(own.rows, by, Object.keys(COLUMNS));
  const people = peopleIn(reference, questions, factors);
  const tidy = cells(own.rows, factors).flatMap((cell) => {
    const tally = tallied(own, cell);
    const scores = scoresOf(tally, (at) => people(at, cell.levels), of.measures);
    const uniform = seeded("alignment", seed, JSON.stringify(cell.levels)).uniform;
    return summarised(tally, scores, { draws, uniform }).map((row) => ({
      ...keysOf(factors, cell),
      ...row,
    }));
  });
  return frame(tidy, { ...kindsOf(own.rows, factors), ...COLUMNS });
}

/** What is to be measured of a cell. */
export const scoresOf = (
  { tallies }: Tallied,
  people: (question: number) => People | null,
  measures?: readonly Measure[],
): Score[] =>
  tallies.flatMap((tally, at) => {
    const own = people(at);
    if (!own) return [];
    return measuresOf(tally.question, measures).map((measure) => {
      const of = measured(measure, tally.question);
      return { tally, people: own, measure, of: (p: readonly number[]) => of(p, own.shares) };
    });
  });

/** The sums that scores are made of, and the scores of their totals with their means by measure. */
export function sumsOf(
  clusters: number,
  scores: readonly Score[],
  measures: readonly Measure[],
): SumsOf {
  const tallies = [...new Set(scores.map(({ tally }) => tally))];
  const first = new Map<Tally, number>();
  const columns = tallies.flatMap((tally, at) => {
    const before = tallies.slice(0, at).reduce((sum, { columns }) => sum + columns.length, 0);
    first.set(tally, before);
    return tally.columns;
  });
  return {
    clusters,
    columns,
    statistics: (totals) => {
      const values = scores.map(({ tally, of }) => {
        const from = first.get(tally)!;
        return of(totals.slice(from, from + tally.columns.length));
      });
      return [...values, ...measures.map((measure) => meanOf(scores, values, measure))];
    },
  };
}

/**
 * Of scores the numbers themselves, their jackknife se, and the percentile limits of the cluster
 * bootstrap.
 */
export function inferredFrom(
  sums: SumsOf,
  { draws, uniform }: { draws: number; uniform: () => number },
): Inferred[] {
  const { clusters, columns, statistics } = sums;
  const many = clusters >= 2, totalled = sparseTotals(columns);
  const plain = statistics(totalled(new Float64Array(clusters).fill(1)));
  const errors = many ? jackknife(sums) : [];
  const drawn = many && draws > 0
    ? clusterBootstrap({
      clusters,
      statistics: (weights) => statistics(totalled(weights)),
      uniform,
      draws,
      accelerated: false,
    })
    : [];
  return plain.map((estimate, at) => ({
    estimate,
    se: errors[at]?.se ?? null,
    boot_lower: drawn[at]?.percentile.ciLower ?? null,
    boot_upper: drawn[at]?.percentile.ciUpper ?? null,
  }));
}

const meanOf = (
  scores: readonly Pick<Score, "measure">[],
  values: readonly (number | null)[],
  measure: Measure,
): number | null => {
  const own = values.filter((_, at) => scores[at]!.measure === measure);
  return own.includes(null) ? null : mean(own as number[]);
};

/** Measures that more than one question has, so that there is a mean. */
export const averaged = (scores: readonly Score[]): Measure[] =>
  MEASURES.filter((measure) => scores.filter((score) => score.measure === measure).length > 1);

function summarised(
  { clusters }: Tallied,
  scores: readonly Score[],
  how: { draws: number; uniform: () => number },
) {
  const measures = averaged(scores);
  const inferred = inferredFrom(sumsOf(clusters, scores, measures), how);
  const rows = scores.map((score, at) => besides(score, inferred[at]!));
  const means = measures.map((measure, at) => {
    const own = rows.filter((row) => row.measure === measure);
    const average = (name: keyof Beside) => {
      const values = own.map((row) => row[name]);
      return values.includes(null) ? null : mean(values as number[]);
    };
    const answered = own.reduce((total, { n }) => total + n, 0);
    const found = inferred[scores.length + at]!, level = average("null_level");
    return {
      question: "All",
      measure,
      n: answered,
      n_effective: null,
      clusters,
      unanswered: average("unanswered"),
      ...found,
      ...limitsOf(measure, { ...found, level, questions: own.length }),
      noise_floor: average("noise_floor"),
      null_level: level,
      beyond_null: average("beyond_null"),
      if_answered_lower: average("if_answered_lower"),
      if_answered_upper: average("if_answered_upper"),
      uniform: average("uniform"),
      ceiling: average("ceiling"),
    };
  });
  return [...rows, ...means];
}

type Beside = Pick<
  ReturnType<typeof besides>,
  | "unanswered"
  | "noise_floor"
  | "null_level"
  | "beyond_null"
  | "if_answered_lower"
  | "if_answered_upper"
  | "uniform"
  | "ceiling"
>;

/** A score, and how certain it is. */
export interface Inferred {
  estimate: number | null;
  se: number | null;
  boot_lower: number | null;
  boot_upper: number | null;
}

function besides({ tally, people, measure, of }: Score, inferred: Inferred) {
  const { question, columns, asked, answers, effective } = tally;
  const total = (of: Float64Array) => of.reduce((sum, one) => sum + one, 0);
  const given = columns.map(total), all = total(asked);
  const answered = given.reduce((sum, one) => sum + one, 0);
  const unanswered = all > 0 ? Math.max(0, 1 - answered / all) : null;
  const { estimate } = inferred;
  const level = levelOf({ tally, people, measure });
  const bound = (up: 1 | -1) =>
    estimate === null || unanswered === null || measure === "jensen_shannon"
      ? null
      : Math.min(1, Math.max(0, estimate + up * unanswered));
  return {
    question: question.question,
    measure,
    n: answers,
    n_effective: effective,
    clusters: columns[0]!.reduce(
      (count, _, cluster) => count + Number(columns.some((column) => column[cluster]! > 0)),
      0,
    ),
    unanswered,
    ...inferred,
    ...limitsOf(measure, { ...inferred, level, questions: 1 }),
    noise_floor: expectedOf(measure, question, { shares: people.shares, n: effective }),
    null_level: level,
    beyond_null: beyond(measure, estimate, level),
    if_answered_lower: bound(-1),
    if_answered_upper: bound(1),
    uniform: of(given.map(() => 1)),
    ceiling: Number.isFinite(people.effective)
      ? expectedOf(measure, question, {
        shares: people.shares,
        n: people.effective / 2,
        m: people.effective / 2,
      })
      : null,
  };
}

/** The null level: both of the distribution that they have together. */
export function levelOf({ tally, people, measure }: Omit<Score, "of">): number | null {
  const given = tally.columns.map((column) => column.reduce((sum, one) => sum + one, 0));
  const answered = given.reduce((sum, one) => sum + one, 0);
  const whole = people.shares.reduce((sum, one) => sum + one, 0);
  if (!(answered > 0 && whole > 0)) return null;
  const [n, m] = [tally.effective, people.effective];
  const part = Number.isFinite(m) ? n / (n + m) : 0;
  const shares = people.shares.map((share, at) =>
    (1 - part) * share / whole + part * given[at]! / answered
  );
  return expectedOf(measure, tally.question, { shares, n, m });
}

/**
 * What a perfect simulator reaches with so many respondents, and how that scatters: samples drawn from
 * the people's shares.
 *
 * @param of `sizes` of the samples; 4,000 draws of each unless said
 * @returns by question that has an order, and n: mean, lower and upper (5 % of the draws below and above)
 * @throws {Error} when the reference has none of the questions
 */
export function noiseFloor(
  of: {
    questions: readonly Question[];
    reference: DataFrame;
    sizes: readonly number[];
    draws?: number;
    seed?: number;
  },
): DataFrame {
  const { questions, reference, sizes, draws = 4000, seed = 1 } = of;
  const people = peopleIn(reference, questions, []);
  const tidy = questions.flatMap((question, at) => {
    const own = people(at, []), positions = positionsOf(question);
    if (!own || !positions) return [];
    return sizes.map((n) => {
      const { uniform } = seeded("noise floor", seed, question.question, n);
      const drawn = sampledDistances({ shares: own.shares, positions, n, draws, uniform })
        .map((distance) => 1 - distance / rangeOf(positions));
      return {
        question: question.question,
        n,
        noise_floor: mean(drawn),
        noise_lower: quantile(drawn, 0.05),
        noise_upper: quantile(drawn, 0.95),
      };
    });
  });
  return frame(tidy, {
    question: "text",
    n: "integer",
    noise_floor: "number",
    noise_lower: "number",
    noise_upper: "number",
  });
}
