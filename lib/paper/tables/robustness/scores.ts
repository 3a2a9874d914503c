/** What survives of Tables 4 and A4: scale scores, with profiles as what is independent. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../../db.ts";
import { markerOf, marks } from "../../design.ts";
import {
  averageD,
  blandAltman,
  clusteredMean,
  cohenDz,
  equivalence,
  holm,
  intraclass,
  mean,
  pairedT,
  pearson,
  sd,
  signedRank,
} from "../../../stats.ts";
import { Answers, type Options } from "../answers.ts";
import { clustered, clusterOf } from "../clusters.ts";
import { sheetCells } from "../factors.ts";
import { JUDGED, judged, named, pOf } from "../family.ts";
import { bfiSheets, FEWEST, personality } from "../scores.ts";

/**
 * Table 4: do personas answer like their profile?
 *
 * A profile counts once, with the mean score of its sheets: the estimate is the mean of persona −
 * profile over profiles in scale points (0–6), its interval and `p_cluster` those of the paired t,
 * undefined where all differ by the same. The
 * effect is d_z with its noncentral-t interval; `d_av` stands beside it because d_z grows with the
 * correlation of the pairs. `p_equivalence` is TOST's, of the claim that the mean difference lies
 * between `bound_lower` and `bound_upper`, and `p_equivalence_holm` adjusts it for all such claims of the
 * table, which are a family of their own. `equivalence` is what follows at 5 % of that and of p_holm:
 * `equivalent` (within the bounds, no difference found), `small` (a difference, within the bounds),
 * `different` (a difference, not shown to be within them), `open`. It is about means: how far single
 * personas are from their profile is what `icc_a1` and the limits of agreement say. `manipulated` is yes
 * where the condition set this scale in the profile (N under MaxN, P under MaxP): there the profile is
 * not what the model was shown, and the difference checks the manipulation. `p_wilcoxon` is that of the signed ranks of the same
 * differences, which stands beside t because scores lie on the floor and the ceiling. `p_naive` takes
 * each sheet for a pair of its own. Undefined below 5 sheets, as in the paper, or 2 profiles.
 *
 * How far single profiles are met: `r` of profile and persona over profiles, `icc_a1`, which a shift
 * of all scores lowers, and `icc_c1`, which it does not, with their limits; `loa_lower` to
 * `loa_upper`, Bland and Altman's limits in scale points, between which 95 % of the differences are
 * expected.
 *
 * @param bounds smallest differences that matter, in scale points
 */
export function personalityRobustness(
  epqra: Administrations,
  reference: Administrations,
  { by, bounds = { lower: -0.5, upper: 0.5 } }: Pick<Options, "by"> & {
    bounds?: { lower: number; upper: number };
  } = {},
): DataFrame {
  const levels = marks("table4");
  const answers = Answers.of(epqra, "corrected"), profiles = Answers.of(reference, "corrected");
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const { kinds, cells: asked } = sheetCells("table4", answers, { by }, { ...JUDGED, ...MORE });
  const paper = pOf(personality(epqra, reference, { by }), kinds);
  const cells = asked.map(({ keys: cell, own: { scale = "" }, rows }) => {
    const pairs = rows.flatMap((sheet) => {
      const row = sheet.profile === null ? undefined : ofProfile.get(sheet.profile);
      const own = answers.score(sheet.row, scale);
      const before = row === undefined ? null : profiles.score(row, scale);
      return own === null || before === null
        ? []
        : [{ cluster: sheet.profile!, value: { own, before } }];
    });
    const means = clustered(pairs).map((own) => ({
      own: mean(own.map((pair) => pair.own))!,
      before: own[0]!.before,
    }));
    const p_naive = paper(cell);
    const known = {
      ...cell,
      n: pairs.length,
      clusters: means.length,
      p_naive,
      marker: markerOf(p_naive, levels),
      // Without conditions among the factors a cell may have several.
      manipulated: !("condition" in cell) ? null : cell.condition === `Max${scale}` ? "yes" : "no",
    };
    if (pairs.length < FEWEST || means.length < 2) return known;
    const away = means.map(({ own, before }) => own - before);
    const differences = { mean: mean(away)!, sd: sd(away)!, n: away.length };
    const test = pairedT(differences), effect = cohenDz(differences);
    return {
      ...known,
      ...named(test),
      effect_name: "d_z",
      effect: effect.estimate,
      effect_lower: effect.ciLower,
      effect_upper: effect.ciUpper,
      p_cluster: test.p,
      d_av: averageD({
        mean: differences.mean,
        sdA: sd(means.map(({ own }) => own))!,
        sdB: sd(means.map(({ before }) => before))!,
      }),
      bound_lower: bounds.lower,
      bound_upper: bounds.upper,
      p_equivalence: equivalence(differences, bounds).p,
      p_wilcoxon: signedRank(away).p,
      ...met(means),
    };
  });
  const within = holm(cells.map((cell) => "p_equivalence" in cell ? cell.p_equivalence : null));
  const apart = holm(cells.map((cell) => "p_cluster" in cell ? cell.p_cluster : null));
  const claimed = cells.map((cell, at) => ({
    ...cell,
    p_equivalence_holm: within.adjusted[at],
    equivalence: claim(apart.adjusted[at]!, within.adjusted[at]!),
  }));
  return judged(claimed, kinds, MORE, levels);
}

/** What a test of difference and one of equivalence say together; null where there is neither. */
function claim(apart: number | null, within: number | null) {
  if (apart === null || within === null) return null;
  if (within < 0.05) return apart < 0.05 ? "small" : "equivalent";
  return apart < 0.05 ? "different" : "open";
}

const MORE = {
  d_av: "number",
  bound_lower: "number",
  bound_upper: "number",
  p_equivalence: "number",
  p_equivalence_holm: "number",
  equivalence: "text",
  manipulated: "text",
  p_wilcoxon: "number",
  r: "number",
  icc_a1: "number",
  icc_a1_lower: "number",
  icc_a1_upper: "number",
  icc_c1: "number",
  icc_c1_lower: "number",
  icc_c1_upper: "number",
  loa_lower: "number",
  loa_upper: "number",
} as const;

/** How far personas have the scores of their own profiles. */
function met(pairs: readonly { own: number; before: number }[]) {
  const own = pairs.map((pair) => pair.own), before = pairs.map((pair) => pair.before);
  const { agreement, consistency } = intraclass(own.map((score, at) => [score, before[at]!]));
  const { lower, upper } = blandAltman(own.map((score, at) => score - before[at]!));
  return {
    r: pearson(own, before).r,
    icc_a1: agreement.estimate,
    icc_a1_lower: agreement.ciLower,
    icc_a1_upper: agreement.ciUpper,
    icc_c1: consistency.estimate,
    icc_c1_lower: consistency.ciLower,
    icc_c1_upper: consistency.ciUpper,
    loa_lower: lower.estimate,
    loa_upper: upper.estimate,
  };
}

/**
 * Table A4: BFI-44 trait scores (mean of items, 1–5) of sheets that answer the whole scale, with the CR1
 * interval of the mean that takes profiles for clusters. The paper tests nothing here.
 */
export function traitsRobustness(
  bfi: Administrations,
  { by }: Pick<Options, "by"> = {},
): DataFrame {
  const answers = Answers.of(bfi, "corrected"), more = { se: "number" } as const;
  const sheets = bfiSheets(answers, { mode: "corrected", by });
  const { kinds, cells } = sheetCells("tableA4", answers, { by }, { ...JUDGED, ...more }, sheets);
  const tidy = cells.map(({ keys: cell, own: { trait = "" }, rows }) => {
    const scores = rows.flatMap((sheet) => {
      const value = answers.score(sheet.row, trait, "mean");
      return value === null ? [] : [{ cluster: clusterOf(sheet), value }];
    });
    const found = clusteredMean(clustered(scores));
    return { ...cell, n: found.n, clusters: found.clusters, ...named(found), se: found.se };
  });
  return judged(tidy, kinds, more, null);
}
