/** What survives of Table 5: correlations of the two questionnaires, one pair per profile. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../../db.ts";
import { FEWEST_OFF, markerOf, marks } from "../../design.ts";
import {
  attenuationBound,
  correlationLimits,
  correlationOfSums,
  mean,
  pearson,
  robustCorrelation,
} from "../../../stats.ts";
import { Answers, type Options } from "../answers.ts";
import { bootstrapped, type Draws, type OfSums, places, undefinedDraws } from "../clusters.ts";
import { convergence, convergenceCells, profileScores, scoresOnce } from "../convergence.ts";
import { JUDGED, judged, named, offMode, pOf } from "../family.ts";
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
export function convergenceRobustness(
  epqra: Administrations,
  bfi: Administrations,
  draws: Draws,
  { by }: Pick<Options, "by"> = {},
): DataFrame {
  const levels = marks("table5");
  const result = { ...JUDGED, ...MORE };
  const { kinds, cells } = convergenceCells(epqra, bfi, "corrected", { by }, result);
  const paper = pOf(convergence(epqra, bfi, { by }), kinds);
  const answers = { left: Answers.of(epqra, "corrected"), right: Answers.of(bfi, "corrected") };
  const of = scoresOnce(answers, (answers, sheets, scale) => ({
    scores: profileScores(answers, sheets, scale),
    alpha: alpha(answers, sheets, scale).alpha,
  }));
  const known = new Map<unknown, number[]>();
  // Nearly always all scales of a model have the same profiles.
  const pairsOf = ({ own, rows }: (typeof cells)[number]) => {
    const x = of(rows, "left", own.epqra_scale!), y = of(rows, "right", own.bfi_trait!);
    const found = [...x.scores.keys()].filter((profile) => y.scores.has(profile))
      .toSorted((a, b) => a - b);
    const before = known.get(rows) ?? found;
    const same = before.length === found.length && before.every((one, at) => one === found[at]);
    const common = same ? before : found;
    known.set(rows, common);
    return {
      common,
      x: common.map((profile) => x.scores.get(profile)!),
      y: common.map((profile) => y.scores.get(profile)!),
      r_max: attenuationBound(x.alpha, y.alpha),
    };
  };
  const seen = new Set<number>();
  for (const cell of cells) for (const profile of pairsOf(cell).common) seen.add(profile);
  const place = places(seen);
  const columns = new Columns(place);
  const boot = bootstrapped(
    place.size,
    cells.map((cell) => {
      const { common, x, y } = pairsOf(cell);
      const { epqra_scale, bfi_trait } = cell.own;
      return correlated(columns, common, [epqra_scale!, x], [bfi_trait!, y]);
    }),
    draws,
  );
  const tidy = cells.map((cell, at) => {
    const { x, y, r_max } = pairsOf(cell);
    const p_naive = paper(cell.keys);
    const counted = {
      ...cell.keys,
      n: x.length,
      clusters: x.length,
      p_naive,
      marker: markerOf(p_naive, levels),
    };
    if (x.length < FEWEST) return counted;
    const normal = pearson(x, y), fisher = correlationLimits(normal);
    const off_mode = Math.min(offMode(x), offMode(y));
    const enough = x.length >= FEWEST_PAIRS && off_mode >= FEWEST_OFF;
    const own = robustCorrelation(x, y);
    const robust = enough ? own : { ...own, p: null, ciLower: null, ciUpper: null };
    return {
      ...counted,
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
  return judged(tidy, kinds, MORE, levels);
}

const MORE = {
  boot_lower: "number",
  boot_upper: "number",
  r_max: "number",
  p_pearson: "number",
  fisher_lower: "number",
  fisher_upper: "number",
  off_mode: "integer",
} as const;

/** Fewer pairs do not say how far r would move. */
const FEWEST_PAIRS = 50;

/** Columns of sums by profile, each made once for the same profiles: what is drawn twice takes twice as long. */
class Columns {
  #of = new WeakMap<readonly number[], Map<string, Float64Array>>();

  constructor(private readonly place: ReadonlyMap<number, number>) {}

  of(profiles: readonly number[], name: string, value: (at: number) => number): Float64Array {
    const own = this.#of.get(profiles) ?? new Map<string, Float64Array>();
    this.#of.set(profiles, own);
    const known = own.get(name);
    if (known) return known;
    const sums = new Float64Array(this.place.size);
    profiles.forEach((profile, at) => sums[this.place.get(profile)!] = value(at));
    own.set(name, sums);
    return sums;
  }
}

type Scores = readonly [scale: string, scores: readonly number[]];

function correlated(
  columns: Columns,
  profiles: readonly number[],
  [scaleX, x]: Scores,
  [scaleY, y]: Scores,
): OfSums {
  const [centreX, centreY] = [mean(x) ?? 0, mean(y) ?? 0];
  const u = (at: number) => x[at]! - centreX, v = (at: number) => y[at]! - centreY;
  const column = (name: string, value: (at: number) => number) => columns.of(profiles, name, value);
  return {
    columns: [
      column("n", () => 1),
      column(`x ${scaleX}`, u),
      column(`y ${scaleY}`, v),
      column(`xx ${scaleX}`, (at) => u(at) ** 2),
      column(`yy ${scaleY}`, (at) => v(at) ** 2),
      column(`xy ${scaleX} ${scaleY}`, (at) => u(at) * v(at)),
    ],
    of: correlationOfTotals,
  };
}

/** Apart from the scores: a function that is made among them keeps them all, for every cell of a table. */
const correlationOfTotals: OfSums["of"] = ([n, x, y, xx, yy, xy]) =>
  correlationOfSums({ n: n!, x: x!, y: y!, xx: xx!, yy: yy!, xy: xy! });
