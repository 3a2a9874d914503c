/** What survives of Tables 4 and A4: scale scores, with profiles as what is independent. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout, markerOf, marks } from "../../design.ts";
import { averageD, clusteredMean, cohenDz, equivalence, mean, pairedT, sd } from "../../stats.ts";
import { Answers, inCells } from "../answers.ts";
import { clustered, clusterOf } from "../clusters.ts";
import { judged, keysOf, named, pOf } from "../family.ts";
import { bfiSheets, FEWEST, personality, traits } from "../scores.ts";

/**
 * Table 4: do personas answer like their profile?
 *
 * A profile counts once, with the mean score of its sheets: the estimate is the mean of persona −
 * profile over profiles in scale points (0–6), its interval and `p_cluster` those of the paired t. The
 * effect is d_z with its noncentral-t interval; `d_av` stands beside it because d_z grows with the
 * correlation of the pairs. `p_equivalence` is TOST's, of the claim that the mean difference lies
 * between `bound_lower` and `bound_upper`. `p_naive` takes each sheet for a pair of its own. Undefined
 * below 5 sheets, as in the paper, or 2 profiles.
 *
 * @param bounds smallest differences that matter, in scale points
 */
export function personalitySurvival(
  epqra: Administrations,
  reference: Administrations,
  bounds: { lower: number; upper: number } = { lower: -0.5, upper: 0.5 },
): DataFrame {
  const keys = layout("table4").keys, levels = marks("table4");
  const paper = pOf(personality(epqra, reference), keys);
  const answers = Answers.of(epqra, "corrected"), profiles = Answers.of(reference, "corrected");
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const sheets = inCells(answers.sheets);
  const corrected = personality(epqra, reference, { mode: "corrected" });
  const cells = keysOf(corrected, keys).map((cell) => {
    const pairs = (sheets.get(`${cell.model}|${cell.condition}`) ?? []).flatMap((sheet) => {
      const row = sheet.profile === null ? undefined : ofProfile.get(sheet.profile);
      const own = answers.score(sheet.row, cell.scale!);
      const before = row === undefined ? null : profiles.score(row, cell.scale!);
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
    };
  });
  const more = ["d_av", "bound_lower", "bound_upper", "p_equivalence"];
  return judged(cells, keys, Object.fromEntries(more.map((name) => [name, "number"])), levels);
}

/**
 * Table A4: BFI-44 trait scores (mean of items, 1–5) of sheets that answer the whole scale, with the CR1
 * interval of the mean that takes profiles for clusters. The paper tests nothing here.
 */
export function traitsSurvival(bfi: Administrations): DataFrame {
  const keys = layout("tableA4").keys;
  const answers = Answers.of(bfi, "corrected");
  const sheets = bfiSheets(answers, "corrected");
  const cells = keysOf(traits(bfi, { mode: "corrected" }), keys).map((cell) => {
    const scores = (sheets.get(cell.model!) ?? []).flatMap((sheet) => {
      const value = answers.score(sheet.row, cell.trait!, "mean");
      return value === null ? [] : [{ cluster: clusterOf(sheet), value }];
    });
    const found = clusteredMean(clustered(scores));
    return { ...cell, n: found.n, clusters: found.clusters, ...named(found), se: found.se };
  });
  return judged(cells, keys, { se: "number" }, null);
}
