/** What survives of Table 5: correlations of the two questionnaires, one pair per profile. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../../db.ts";
import { layout, markerOf, marks } from "../../design.ts";
import {
  attenuationBound,
  correlationLimits,
  correlationOfSums,
  mean,
  pearson,
  robustCorrelation,
} from "../../../stats.ts";
import { Answers, type Sheet } from "../answers.ts";
import { bootstrapped, type Draws, type OfSums, places, undefinedDraws } from "../clusters.ts";
import { convergence, profileScores } from "../convergence.ts";
import { judged, keysOf, named, pOf } from "../family.ts";
import { alpha } from "../reliability.ts";
import { FEWEST } from "../scores.ts";

/**
 * Table 5: do the two questionnaires agree about a persona?
 *
 * A profile is one pair, the means of its sheets, and GPT-4o's sheets for the bare profiles are left
 * out, which makes p cluster-aware. r has the interval and the p of `robustCorrelation`, because scores
 * that crowd at one end of their scale make the normal ones too bold: `p_pearson`, `fisher_lower` and
 * `fisher_upper` are these. `off_mode` is how many pairs leave the commonest score of the scale on which
 * fewer do; below 20 of them, or 50 pairs, a few profiles make the correlation
 * and there is neither p nor interval. `boot_lower` and `boot_upper` are the percentile limits of draws
 * of profiles. `r_max` is √(α·α) over the sheets: how high the correlation of two scores of this
 * reliability is expected to be at most, when their errors are independent; an r can exceed it. The
 * effect is r itself. Undefined below 5 profiles, as in the paper.
 */
export function convergenceSurvival(
  epqra: Administrations,
  bfi: Administrations,
  draws: Draws,
): DataFrame {
  const keys = layout("table5").keys, levels = marks("table5");
  const paper = pOf(convergence(epqra, bfi), keys);
  const left = Answers.of(epqra, "corrected"), right = Answers.of(bfi, "corrected");
  const counts = ({ condition, population }: Sheet) =>
    condition === "Base" && population !== "spain826";
  const kept = new Map<string, ReturnType<typeof scored>>();
  const scored = (answers: Answers, model: string, scale: string) => {
    const sheets = answers.sheets.filter((sheet) => sheet.model === model && counts(sheet));
    return {
      scores: profileScores(answers, model, scale, counts),
      alpha: alpha(answers, sheets, scale).alpha,
    };
  };
  const of = (answers: Answers, model: string, scale: string) => {
    const key = `${answers === left}|${model}|${scale}`;
    if (!kept.has(key)) kept.set(key, scored(answers, model, scale));
    return kept.get(key)!;
  };
  const cells = keysOf(convergence(epqra, bfi, { mode: "corrected" }), keys).map((cell) => {
    const x = of(left, cell.model!, cell.epqra_scale!), y = of(right, cell.model!, cell.bfi_trait!);
    const common = [...x.scores.keys()].filter((profile) => y.scores.has(profile))
      .toSorted((a, b) => a - b);
    return {
      cell,
      common,
      x: common.map((profile) => x.scores.get(profile)!),
      y: common.map((profile) => y.scores.get(profile)!),
      r_max: attenuationBound(x.alpha, y.alpha),
    };
  });
  const place = places(cells.flatMap(({ common }) => common));
  const boot = bootstrapped(
    place.size,
    cells.map(({ common, x, y }) => correlated(common.map((key) => place.get(key)!), x, y, place)),
    draws,
  );
  const tidy = cells.map(({ cell, x, y, r_max }, at) => {
    const p_naive = paper(cell);
    const known = {
      ...cell,
      n: x.length,
      clusters: x.length,
      p_naive,
      marker: markerOf(p_naive, levels),
    };
    if (x.length < FEWEST) return known;
    const normal = pearson(x, y), fisher = correlationLimits(normal);
    const off_mode = Math.min(offMode(x), offMode(y));
    const enough = x.length >= FEWEST_PAIRS && off_mode >= FEWEST_OFF;
    const own = robustCorrelation(x, y);
    const robust = enough ? own : { ...own, p: null, ciLower: null, ciUpper: null };
    return {
      ...known,
      ...named(robust),
      effect_name: "r",
      effect: robust.estimate,
      effect_lower: robust.ciLower,
      effect_upper: robust.ciUpper,
      p_cluster: robust.p,
      p_pearson: normal.p,
      fisher_lower: fisher.ciLower,
      fisher_upper: fisher.ciUpper,
      off_mode,
      boot_lower: boot[at]!.percentile.ciLower,
      boot_upper: boot[at]!.percentile.ciUpper,
      undefined_draws: undefinedDraws(boot[at]!),
      r_max,
    };
  });
  return judged(tidy, keys, {
    boot_lower: "number",
    boot_upper: "number",
    r_max: "number",
    p_pearson: "number",
    fisher_lower: "number",
    fisher_upper: "number",
    off_mode: "integer",
  }, levels);
}

/** Fewer pairs, or fewer that leave the commonest score, do not say how far r would move. */
const FEWEST_PAIRS = 50, FEWEST_OFF = 20;

/** How many scores are not the commonest one. */
function offMode(scores: readonly number[]): number {
  const alike = Map.groupBy(scores, (score) => score).values().map((own) => own.length);
  return scores.length - Math.max(0, ...alike);
}

function correlated(
  at: readonly number[],
  x: readonly number[],
  y: readonly number[],
  place: ReadonlyMap<number, number>,
): OfSums {
  const [centreX, centreY] = [mean(x) ?? 0, mean(y) ?? 0];
  const column = (of: (u: number, v: number) => number) => {
    const sums = new Float64Array(place.size);
    at.forEach((where, i) => sums[where] = of(x[i]! - centreX, y[i]! - centreY));
    return sums;
  };
  return {
    columns: [
      column(() => 1),
      column((u) => u),
      column((_, v) => v),
      column((u) => u ** 2),
      column((_, v) => v ** 2),
      column((u, v) => u * v),
    ],
    of: ([n, x, y, xx, yy, xy]) =>
      correlationOfSums({ n: n!, x: x!, y: y!, xx: xx!, yy: yy!, xy: xy! }),
  };
}
