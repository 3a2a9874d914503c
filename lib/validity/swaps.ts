/**
 * What a changed attribute of a respondent does to its answers, beside what another wording of the same
 * prompt does: without that noise an effect of one wording is not told from one of the attribute.
 *
 * Sources: Gupta et al. 2311.04892; Luz de Araujo & Roth 2407.02099; Clark 1973, Journal of Verbal Learning
 * and Verbal Behavior 12, 335–359; Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { cells, keysOf, kindsOf, type Sheets, withHolm } from "../measures.ts";
import { carried } from "../provenance.ts";
import { averageD, crossedMean, mean, pairedT, sd, varianceRatio } from "../stats.ts";
import { seeded } from "../random.ts";
import "./columns.ts";
import { swapChoices as choices } from "./swaps/choices.ts";
import { parts as partsOf } from "./swaps/parts.ts";
import { compared, type Pairs, type Swaps } from "./swaps/paired.ts";

export type { Swaps } from "./swaps/paired.ts";
export type { Parts } from "./swaps/parts.ts";

const EFFECTS = {
  change: "text",
  scale: "text",
  n: "integer",
  wordings: "integer",
  part_asked: "integer",
  estimate: "number",
  se: "number",
  effective_df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  p_wordings: "number",
  wording_noise: "number",
  in_noise: "number",
  squared_excess: "number",
} as const satisfies Record<string, Kind>;

/**
 * Effects of changes on the scores of scales: mean difference between a respondent with the change and the
 * same without it, under the same wording; repetitions are averaged. Respondents and wordings both count as drawn.
 * Respondents are not weighted.
 *
 * @param sheets as `study.sheets(…)` reads them, of a study with the factor `change`
 * @returns by level of each factor, change and scale: n (respondents with all wordings), wordings, part_asked
 *   (those without), estimate (in scale points), se, effective_df, ci_lower, ci_upper, p (crossed), p_holm (over
 *   all changes and scales of the table), p_wordings (t over wordings alone), wording_noise (sd of the mean score
 *   between wordings), in_noise (estimate / wording_noise), squared_excess (estimate² less the mean squared
 *   difference of two wordings without a change)
 * @throws {Error} when a factor is not there, or nothing was changed
 */
export const swapEffects = carried((
  sheets: Sheets,
  of: Swaps & { instrument: Instrument },
): DataFrame => {
  const { rows, factors, measures, paired } = compared(sheets, of, Object.keys(EFFECTS));
  const tidy = cells(rows, factors).flatMap((cell) =>
    paired(cell).flatMap(({ change, wordings, pairs }) =>
      measures.map(({ keys: { scale }, of: score }) => {
        const tables = tabled(pairs, score);
        const { before, after } = tables;
        const D = after.map((row, i) => row.map((value, v) => value - before[i]![v]!));
        const own = crossedMean(D);
        const [a, b] = [before, after].map((table) => columnMeans(table, wordings.length));
        const differences = a!.map((value, v) => b![v]! - value);
        const noise = D.length && wordings.length > 1
          ? Math.hypot(sd(a!)!, sd(b!)!) / Math.SQRT2
          : null;
        const apart = squared(a!);
        return {
          ...keysOf(factors, cell),
          change,
          scale: scale!,
          n: own.rows,
          wordings: wordings.length,
          part_asked: tables.partly,
          estimate: own.estimate,
          se: own.se,
          effective_df: own.df,
          ci_lower: own.ciLower,
          ci_upper: own.ciUpper,
          p: own.p,
          p_wordings: D.length && wordings.length > 1
            ? pairedT({ mean: mean(differences)!, sd: sd(differences)!, n: wordings.length }).p
            : null,
          wording_noise: noise,
          in_noise: noise === null
            ? null
            : averageD({ mean: own.estimate!, sdA: sd(a!)!, sdB: sd(b!)! }),
          squared_excess: own.estimate === null || apart === null
            ? null
            : own.estimate ** 2 - apart,
        };
      })
    )
  );
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...EFFECTS });
});

const VARIATION = {
  scale: "text",
  changes: "integer",
  wordings: "integer",
  variance_ratio: "number",
  p: "number",
} as const satisfies Record<string, Kind>;

/**
 * Whether changes move the mean score more than wordings do: the variance of 0 and the effects of all changes,
 * divided by that of the mean scores of the wordings without a change; p by permutation, one-sided.
 *
 * @returns by level of each factor and scale: changes, wordings, variance_ratio, p
 */
export const swapVariation = carried((
  sheets: Sheets,
  of: Swaps & { instrument: Instrument; seed?: number },
): DataFrame => {
  const { rows, factors, measures, paired } = compared(sheets, of, Object.keys(VARIATION));
  const { uniform } = seeded("swap variation", of.seed ?? 1);
  const tidy = cells(rows, factors).flatMap((cell) => {
    const all = paired(cell);
    if (!all.length) return [];
    const wordings = all[0]!.wordings.length;
    return measures.map(({ keys: { scale }, of: score }) => {
      const tables = all.map(({ pairs }) => tabled(pairs, score));
      const effects = tables.flatMap(({ before, after }) => {
        const b = mean(after.flat()), a = mean(before.flat());
        return a === null || b === null ? [] : [b - a];
      });
      // All who were asked without a change are asked in the largest of the pairings.
      const widest = tables.toSorted((a, b) => b.before.length - a.before.length)[0]!;
      const { ratio, p } = varianceRatio(
        [0, ...effects],
        columnMeans(widest.before, wordings),
        { uniform },
      );
      const changes = effects.length;
      return {
        ...keysOf(factors, cell),
        scale: scale!,
        changes,
        wordings,
        variance_ratio: ratio,
        p,
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...VARIATION });
});

/**
 * Single choices: how many respondents give an answer only without a change, and only with it, under one
 * wording; and the same between two wordings without a change, which is what wording alone does. McNemar's exact
 * test of each; the first repetition counts.
 *
 * @param of `items`, and `answers` that count as the choice
 * @returns by level of each factor, contrast (change, wording), change, wording, against (the other wording, or
 *   the level without a change) and scale (`item N`): n (pairs), only_before, only_after, p, p_mid, p_holm (each
 *   contrast a family of its own)
 */
export const swapChoices = carried(choices);

/**
 * What each part of a respondent carries: scores with the part left out (changes such as `-name`) beside those of the
 * same respondent whole, both asked twice. A part may move single respondents and not their mean: up some, down others.
 * How far they move is the mean product of two moves, each of replies of its own, so that what changes by itself, when
 * the same is asked again, adds nothing to it. Answers are compared by `changes` of `lib/validity/order.ts`.
 *
 * @param sheets as `study.sheets(…)` reads them, of a plan with `repetitions: 2`; of more the first two count
 * @returns by level of each factor, change and scale: n (respondents with scores on both sides), clusters, estimate
 *   (mean score without the part less that with it; repetitions averaged), ci_lower, ci_upper (95 %, by cluster), p, p_holm;
 *   n_twice (asked twice on both sides), carried (mean squared move of a respondent's score, without the noise of
 *   asking; may be below 0 by chance) with limits, p_carried, p_carried_holm (all rows are a family, of each test),
 *   noise (variance of a score when the same is asked again)
 * @throws {Error} when nothing was left out, or a respondent's sheets differ in something else too
 */
export const parts = carried(partsOf);

/** Mean scores of who has one under every wording, a row for each; `partly`: how many have not. */
function tabled(pairs: Pairs, score: (row: number) => number) {
  const average = (rows: readonly number[]) => {
    const values = rows.map(score).filter((value) => !Number.isNaN(value));
    return mean(values);
  };
  const before: number[][] = [], after: number[][] = [];
  for (const own of pairs.values()) {
    const a = own.map((pair) => pair ? average(pair.before) : null);
    const b = own.map((pair) => pair ? average(pair.after) : null);
    if ([...a, ...b].includes(null)) continue;
    before.push(a as number[]);
    after.push(b as number[]);
  }
  return { before, after, partly: pairs.size - before.length };
}

const columnMeans = (table: readonly (readonly number[])[], columns: number): number[] =>
  table.length ? Array.from({ length: columns }, (_, v) => mean(table.map((row) => row[v]!))!) : [];

/** Mean squared difference of two of the values; null with fewer than two. */
function squared(of: readonly number[]): number | null {
  const all = of.flatMap((a, at) => of.slice(at + 1).map((b) => (a - b) ** 2));
  return mean(all);
}
