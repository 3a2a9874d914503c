/** Trends over all rungs: of the respondents' answers, and of alignment. */
import type { DataFrame } from "polars";
import { listed } from "../../format.ts";
import { frame, type Kind, rows as rowsIn } from "../../frames.ts";
import { intervalLaid, kindsOf, type Level, withBothHolm } from "../../measures.ts";
import { coins, seeded } from "../../random.ts";
import {
  clusteredMean,
  clusterSums,
  mcnemarExact,
  pageTrend,
  signFlip,
  slopeOnPlaces,
  trendScore,
  weightedMean,
} from "../../stats.ts";
import { z } from "zod";
import { type Placed, placed, type Rungs } from "./placed.ts";

const COLUMNS = {
  question: "text",
  n: "integer",
  clusters: "integer",
  incomplete: "integer",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  page_l: "number",
  page_expected: "number",
  z: "number",
  p: "number",
  p_flip: "number",
  p_holm: "number",
  p_flip_holm: "number",
  family: "integer",
} as const satisfies Record<string, Kind>;

/** A ladder with all its rungs in order. */
export interface Ladder extends Rungs {
  rungs: readonly Level[];
  /** Draws of the sign flips (9,999), where they are not exact. */
  flips?: number;
  seed?: number;
}

/**
 * Whether the same respondents' answers rise from rung to rung in the declared direction: by question, and
 * over all questions (`All`).
 *
 * The estimate is the mean of the slopes of respondents on the places of the rungs (per rung, of a scale
 * from 0 to 1), with the t interval of `weightedMean`, by cluster. p is that of Page's L over respondents:
 * one-sided, for rising, and as if respondents were independent. p_flip turns all ranks of a cluster round
 * together, two-sided: it is right where respondents depend on each other, and the only one for `All`,
 * where a respondent counts with all questions. Holm's p are over the questions.
 *
 * @returns by level of each factor and question: n (respondents on all rungs), clusters, incomplete, estimate,
 *   se, df, ci_lower, ci_upper (95 %), page_l, page_expected, z, p, p_flip, p_holm, p_flip_holm, family
 * @throws {Error} when a factor, rung or option is unknown, or no question has an order
 */
export function trends(answers: DataFrame, of: Ladder): DataFrame {
  const { rungs, flips = 9999, seed = 1 } = of;
  const found = placed(answers, of, rungs, Object.keys(COLUMNS));
  const groups = Map.groupBy(found.placed, ({ levels }) => JSON.stringify(levels)).values();
  const tidy = [...groups].flatMap((group) => {
    const random = coins(seeded("trends", seed, JSON.stringify(group[0]!.levels)));
    const flip = (sums: readonly { sum: number }[]) =>
      signFlip(sums.map(({ sum }) => sum), { uniform: random, draws: flips }).p;
    const keys = Object.fromEntries(
      found.factors.map((name, at) => [name, group[0]!.levels[at]]),
    );
    const own = group.map((one) => {
      const slopes = one.values.map((values) => slopeOnPlaces(values)!);
      const alike = one.weights.every((weight) => weight === one.weights[0]);
      const page = pageTrend(one.values, alike ? undefined : one.weights);
      const away = one.values.map(trendScore);
      return {
        of: one,
        away,
        slopes,
        row: {
          ...keys,
          question: one.question.question,
          incomplete: one.incomplete,
          ...slopeOf(slopes, one.clusters, one.weights),
          page_l: page.L,
          page_expected: page.expected,
          z: page.z,
          p: page.p,
          p_flip: flip(clusterSums(away, sampled(one))),
        },
      };
    });
    const questions = withBothHolm(own.map(({ row }) => row))
      .map(({ flip_family: _, ...row }) => row);
    if (own.length < 2) return questions;
    const join = <T>(part: (one: typeof own[number]) => readonly T[]) => own.flatMap(part);
    const all = {
      ...own[0]!.of,
      respondents: join(({ of }) => of.respondents),
      clusters: join(({ of }) => of.clusters),
      weights: join(({ of }) => of.weights),
    };
    return [...questions, {
      ...keys,
      question: "All",
      incomplete: own.reduce((sum, { of }) => sum + of.incomplete, 0),
      ...slopeOf(join(({ slopes }) => slopes), all.clusters, all.weights),
      page_l: null,
      page_expected: null,
      z: null,
      p: null,
      p_flip: flip(clusterSums(join(({ away }) => away), sampled(all))),
      p_holm: null,
      p_flip_holm: null,
      family: null,
    }];
  });
  return frame(tidy, { ...kindsOf(found.own.rows, found.factors), ...COLUMNS });
}

/** Clusters and weights as estimators take them. */
const sampled = ({ clusters, weights }: Pick<Placed, "clusters" | "weights">) => ({
  cluster: clusters,
  weight: weights,
});

function slopeOf(
  slopes: readonly number[],
  cluster: readonly number[],
  weight: readonly number[],
) {
  const origin = slopes[0] ?? 0, sum = slopes.map((slope) => slope - origin);
  const mean = weightedMean({
    cluster,
    weight,
    n: slopes.map(() => 1),
    sum,
    square: sum.map((value) => value ** 2),
    origin,
  });
  const { n, clusters, estimate } = mean;
  return { n, clusters, estimate, ...intervalLaid(mean) };
}

/**
 * Whether alignment falls from rung to rung, over questions: rungs share questions and people, so that they
 * are never tested as independent groups.
 *
 * Where n differs between rungs, `of` is "beyond_null", in which the noise of small samples is taken out.
 *
 * @param scores a row per question and level of `factor`, as `alignment` returns them; rows for `All` and
 *   other measures than `measure` are left out
 * @param options `of`: the column that is followed, estimate unless said
 * @returns one row: questions (with a number on all rungs), estimate (mean slope per rung), se, df, ci_lower,
 *   ci_upper (95 %, t over questions), page_l, z, p_rising, p_falling (Page's, one-sided; exact to 200
 *   questions), falling and rising (questions that never rise or never fall, and do change), p (exact sign
 *   test of these two)
 * @throws {Error} when a column or rung is unknown, or a question has a rung twice
 */
export function alignmentTrend(
  scores: DataFrame,
  options: {
    factor: string;
    rungs: readonly Level[];
    of?: "estimate" | "beyond_null";
    measure?: string;
  },
): DataFrame {
  const { factor, rungs, of = "estimate", measure = "alignment" } = options;
  const names = ["question", factor, of, ...scores.columns.includes("measure") ? ["measure"] : []];
  const lacking = names.filter((name) => !scores.columns.includes(name));
  if (lacking.length) {
    throw new Error(
      `These scores have no column ${lacking.join(", ")}: there are ${listed(scores.columns)}`,
    );
  }
  const all = rowsIn(scores.select(...names), Score.loose()) as unknown as Record<string, Level>[];
  const kept = all.filter((row) =>
    row.question !== "All" && (row.measure === undefined || row.measure === measure)
  );
  const levels = new Set<Level>(kept.map((row) => row[factor] ?? null));
  const unknown = rungs.filter((rung) => !levels.has(rung));
  if (unknown.length || rungs.length < 2) {
    throw new Error(`${factor} has the levels ${[...levels].join(", ")}: got ${rungs.join(", ")}`);
  }
  const byQuestion = Map.groupBy(kept, (row) => row.question);
  const complete = [...byQuestion].flatMap(([question, own]) => {
    const values = rungs.map((rung) => {
      const found = own.filter((row) => row[factor] === rung);
      if (found.length > 1) {
        throw new Error(
          `Question ${question} has ${factor} ${rung} twice: choose one level of other factors`,
        );
      }
      return (found[0]?.[of] ?? null) as number | null;
    });
    return values.includes(null) ? [] : [values as number[]];
  });
  const slope = clusteredMean(
    complete.map((values) => [slopeOnPlaces(values)!]),
  );
  const rising = pageTrend(complete);
  const falling = pageTrend(complete.map((values) => values.toReversed()));
  const monotone = (down: 1 | -1) =>
    complete.filter((values) =>
      values.every((value, at) => at === 0 || down * (values[at - 1]! - value) >= 0) &&
      values[0] !== values.at(-1)
    ).length;
  const [fell, rose] = [monotone(1), monotone(-1)];
  return frame([{
    questions: complete.length,
    estimate: slope.estimate,
    ...intervalLaid(slope),
    page_l: rising.L,
    z: rising.z,
    p_rising: rising.p,
    p_falling: falling.p,
    falling: fell,
    rising: rose,
    p: mcnemarExact(fell, rose).p,
  }], {
    questions: "integer",
    estimate: "number",
    se: "number",
    df: "number",
    ci_lower: "number",
    ci_upper: "number",
    page_l: "number",
    z: "number",
    p_rising: "number",
    p_falling: "number",
    falling: "integer",
    rising: "integer",
    p: "number",
  });
}

const Score = z.object({ question: z.string() });
