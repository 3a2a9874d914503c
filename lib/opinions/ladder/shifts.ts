/** Paired shifts between two rungs, question by question. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { intervalLaid, kindsOf, type Level, withBothHolm } from "../../measures.ts";
import { coins, seeded } from "../../random.ts";
import {
  clusterBootstrap,
  clusterSums,
  signFlip,
  weightedMean,
  weightedTotals,
} from "../../stats.ts";
import { type Placed, placed, type Rungs } from "./placed.ts";

const COLUMNS = {
  against: "text",
  question: "text",
  n: "integer",
  clusters: "integer",
  incomplete: "integer",
  mean: "number",
  mean_against: "number",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  boot_lower: "number",
  boot_upper: "number",
  p: "number",
  p_flip: "number",
  p_holm: "number",
  p_flip_holm: "number",
  family: "integer",
} as const satisfies Record<string, Kind>;

/** Two rungs of a ladder. */
export interface Shifted extends Rungs {
  against: Level;
  /** The rung that is compared; the shift is towards it. */
  level: Level;
  /** Draws of the cluster bootstrap (2,000; 0 leaves its limits out) and, where it is not exact, of the sign flips (9,999). */
  draws?: number;
  flips?: number;
  seed?: number;
}

/**
 * How far the same respondents shift from one rung to another, in the declared direction of each question.
 *
 * An answer counts by its position, from 0 at one end to 1 at the end that is declared as more; of two
 * options the mean is that option's share. Respondents with an answer on both rungs count, several answers
 * averaged. Questions without an order, or whose direction is null, are left out. The interval and the test
 * are the t of `weightedMean`, by cluster; beside it the percentile limits of the cluster bootstrap, and
 * the sign-flip test of the clusters. Holm's p are over all rows with a p, each kind of test a family.
 *
 * @param answers as `lib/opinions/answers.ts` describes them
 * @returns by level of each factor, level of `factor` and question: against; n (respondents), clusters,
 *   incomplete (respondents on one rung only), mean and mean_against, estimate (mean − mean_against), se, df,
 *   ci_lower, ci_upper, boot_lower, boot_upper (95 %), p, p_flip, p_holm, p_flip_holm, family
 * @throws {Error} when a factor, rung or option is unknown, or no question has an order
 */
export function shifts(answers: DataFrame, of: Shifted): DataFrame {
  const { against, level, factor, draws = 2000, flips = 9999, seed = 1 } = of;
  const found = placed(answers, of, [against, level], Object.keys(COLUMNS));
  const tested = found.placed.map((one) => ({
    ...Object.fromEntries(found.factors.map((name, at) => [name, one.levels[at]])),
    [factor]: level,
    against,
    ...shifted(one, { draws, flips, seed }),
  }));
  const tidy = withBothHolm(tested).map(({ flip_family: _, ...row }) => row);
  return frame(tidy, {
    ...kindsOf(found.own.rows, [...found.factors, factor]),
    ...COLUMNS,
    against: found.own.rows.kind(factor),
  });
}

function shifted(
  of: Placed,
  { draws, flips, seed }: { draws: number; flips: number; seed: number },
) {
  const { question, values, clusters, weights } = of;
  const meanOf = (numbers: readonly number[]) => {
    const origin = numbers[0] ?? 0, sum = numbers.map((value) => value - origin);
    return weightedMean({
      cluster: clusters,
      weight: weights,
      n: numbers.map(() => 1),
      sum,
      square: sum.map((value) => value ** 2),
      origin,
    });
  };
  const differences = values.map(([before, after]) => after! - before!);
  const [before, after, difference] = [
    values.map(([one]) => one!),
    values.map(([, other]) => other!),
    differences,
  ].map(meanOf);
  const sums = clusterSums(differences, { cluster: clusters, weight: weights });
  const random = seeded("shifts", seed, question.question, JSON.stringify(of.levels));
  const [drawn] = sums.length >= 2 && draws > 0
    ? clusterBootstrap({
      clusters: sums.length,
      uniform: random.uniform,
      draws,
      accelerated: false,
      statistics: (drawn) => {
        const [sum, weight] = weightedTotals(drawn, [
          sums.map(({ sum }) => sum),
          sums.map(({ weight }) => weight),
        ]);
        return [weight! > 0 ? sum! / weight! : null];
      },
    })
    : [];
  const { estimate, p, n } = difference!;
  return {
    question: question.question,
    n,
    clusters: difference!.clusters,
    incomplete: of.incomplete,
    mean: after!.estimate,
    mean_against: before!.estimate,
    estimate,
    ...intervalLaid(difference!),
    boot_lower: drawn?.percentile.ciLower ?? null,
    boot_upper: drawn?.percentile.ciUpper ?? null,
    p,
    p_flip: signFlip(sums.map(({ sum }) => sum), { uniform: coins(random), draws: flips }).p,
  };
}
