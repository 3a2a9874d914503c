/** What survives of Table 5: correlations of the two questionnaires, one pair per profile. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout, markerOf, marks } from "../../design.ts";
import {
  attenuationBound,
  correlationLimits,
  correlationOfSums,
  mean,
  pearson,
} from "../../stats.ts";
import { Answers, type Sheet } from "../answers.ts";
import { bootstrapped, type Draws, type OfSums, places } from "../clusters.ts";
import { convergence, profileScores } from "../convergence.ts";
import { judged, keysOf, named, pOf } from "../family.ts";
import { alpha } from "../reliability.ts";
import { FEWEST } from "../scores.ts";

/**
 * Table 5: do the two questionnaires agree about a persona?
 *
 * A profile is one pair, the means of its sheets, and GPT-4o's sheets for the bare profiles are left
 * out: r with Fisher's interval and Pearson's p, which is cluster-aware for that reason. `boot_lower`
 * and `boot_upper` are the percentile limits of draws of profiles, which need no normal scores.
 * `r_max` is the highest correlation that scores of this reliability can have, √(α·α) over the sheets.
 * The effect is r itself. Undefined below 5 profiles, as in the paper.
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
    const { r, p } = pearson(x, y);
    const limits = correlationLimits({ r, n: x.length });
    return {
      ...known,
      ...named({ estimate: r, ...limits }),
      effect_name: "r",
      effect: r,
      effect_lower: limits.ciLower,
      effect_upper: limits.ciUpper,
      p_cluster: p,
      boot_lower: boot[at]!.percentile.ciLower,
      boot_upper: boot[at]!.percentile.ciUpper,
      r_max,
    };
  });
  const more = { boot_lower: "number", boot_upper: "number", r_max: "number" } as const;
  return judged(tidy, keys, more, levels);
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
