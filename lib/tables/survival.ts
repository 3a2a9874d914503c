/**
 * What survives of Tables 4–6 and A4–A7: each cell with its interval, effect size, and a test that
 * takes the profiles for what is independent.
 *
 * Answers are those of `corrected` mode: missing is missing. `p_naive` and `marker` are the paper's own
 * test as `printed` mode makes it.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../db.ts";
import { layout } from "../design.ts";
import { rows } from "../frames.ts";
import {
  attenuationBound,
  averageD,
  baselines,
  clusteredMean,
  cohenDz,
  cohenKappa,
  type Confusion,
  correlationLimits,
  cronbachAlpha,
  equivalence,
  feldt,
  type Interval,
  mean,
  pairedT,
  pearson,
  sd,
} from "../stats.ts";
import { agreement } from "./agreement.ts";
import { Answers, type Sheet } from "./answers.ts";
import { bootstrapped, clustered, clusterOf, type Draws, type OfSums, places } from "./clusters.ts";
import { judged, markerOf, type Marks, pOf } from "./family.ts";
import {
  alpha,
  bfiSheets,
  convergence,
  FEWEST,
  personality,
  profileScores,
  reliability,
  traitReliability,
  traits,
} from "./scales.ts";

const Texts = z.record(z.string(), z.unknown());
type Keys = Record<string, string>;

/** The cells of a built table, as their keys. */
function keysOf(table: DataFrame, keys: readonly string[]): Keys[] {
  return rows(table.select(...keys), Texts) as Keys[];
}

const named = ({ estimate, ciLower, ciUpper }: Interval, times = 1) => {
  const scaled = (value: number | null) => value === null ? null : times * value;
  return { estimate: scaled(estimate), ci_lower: scaled(ciLower), ci_upper: scaled(ciUpper) };
};

const inCells = (sheets: readonly Sheet[]) =>
  Map.groupBy(sheets, ({ model, condition }) => `${model}|${condition}`);

const MARKS_4: Marks = [[0.01, "†¶"], [0.05, "*§"]];

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
  const keys = layout("table4").keys;
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
      marker: markerOf(p_naive, MARKS_4),
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
  return judged(cells, keys, Object.fromEntries(more.map((name) => [name, "number"])), MARKS_4);
}

const MARKS_5: Marks = [[0.001, "p<0.001"], [0.01, "p<0.01"], [0.05, "p<0.05"]];

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
  const keys = layout("table5").keys;
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
      marker: markerOf(p_naive, MARKS_5),
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
  return judged(tidy, keys, more, MARKS_5);
}

/** Sums of a draw that cancel up to this part of their terms are no more than rounding. */
const ROUNDING = 1e-12;

/** Σ(x − x̄)² of a draw, 0 where x does not vary in it. */
function squaresOf(square: number, total: number, n: number): number {
  const squares = square - total ** 2 / n;
  return squares > ROUNDING * square ? squares : 0;
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
    of: ([n, u, v, uu, vv, uv]) => {
      const spread = Math.sqrt(squaresOf(uu!, u!, n!)) * Math.sqrt(squaresOf(vv!, v!, n!));
      return spread > 0 ? (uv! - u! * v! / n!) / spread : null;
    },
  };
}

/**
 * Tables 6 and A5: are the scales reliable in personas?
 *
 * Alpha over sheets that answer the whole scale (of the items that anybody was asked). The interval is
 * the percentile one of draws of profiles; Feldt's, which takes the sheets for independent and normal,
 * is `feldt_lower` and `feldt_upper`. `items` are those of the scale, `constant_items` those that no two
 * sheets answer differently. The paper tests nothing here, so nothing is marked or judged.
 */
export function reliabilitySurvival(
  given: Administrations,
  table: "table6" | "tableA5",
  draws: Draws,
): DataFrame {
  const keys = layout(table).keys;
  const build = table === "table6" ? reliability : traitReliability;
  const built = build(given, { mode: "corrected" });
  const answers = Answers.of(given, "corrected");
  const epqra = table === "table6" ? inCells(answers.sheets) : null;
  const bfi = table === "tableA5" ? bfiSheets(answers, "corrected") : null;
  const cells = keysOf(built, keys).map((cell) => {
    const sheets = epqra?.get(`${cell.model}|${cell.condition}`) ?? bfi?.get(cell.model!) ?? [];
    const scores = sheets.map((sheet) => ({
      cluster: clusterOf(sheet),
      row: answers.scores(sheet.row, (cell.scale ?? cell.trait)!),
    }));
    const items = (scores[0]?.row ?? []).map((_, item) => item)
      .filter((item) => scores.some(({ row }) => row[item] !== null));
    const complete = scores.map(({ cluster, row }) => ({
      cluster,
      row: items.map((item) => row[item]!),
    })).filter(({ row }) =>
      row.length > 0 && row.every((score) => (score as number | null) !== null)
    );
    return { cell, items, complete };
  });
  const place = places(cells.flatMap(({ complete }) => complete.map(({ cluster }) => cluster)));
  const boot = bootstrapped(
    place.size,
    cells.map(({ complete, items }) => consistent(complete, items.length, place)),
    draws,
  );
  const tidy = cells.map(({ cell, items, complete }, at) => {
    const found = cronbachAlpha(complete.map(({ row }) => row));
    const normal = feldt(found);
    const constant = items.filter((_, item) =>
      complete.every(({ row }) => row[item] === complete[0]!.row[item])
    );
    const defined = found.alpha !== null;
    return {
      ...cell,
      n: complete.length,
      clusters: new Set(complete.map(({ cluster }) => cluster)).size,
      estimate: found.alpha,
      ci_lower: defined ? boot[at]!.percentile.ciLower : null,
      ci_upper: defined ? boot[at]!.percentile.ciUpper : null,
      feldt_lower: normal.ciLower,
      feldt_upper: normal.ciUpper,
      items: items.length,
      constant_items: complete.length ? constant.length : null,
    };
  });
  return judged(tidy, keys, {
    feldt_lower: "number",
    feldt_upper: "number",
    items: "integer",
    constant_items: "integer",
  }, null);
}

/** Alpha from sums: of 1, of each item, of all squares and of the squared totals. */
function consistent(
  complete: readonly { cluster: number; row: readonly number[] }[],
  k: number,
  place: ReadonlyMap<number, number>,
): OfSums {
  const items = Array.from({ length: k }, (_, item) => item);
  const centres = items.map((item) => mean(complete.map(({ row }) => row[item]!)) ?? 0);
  const columns = Array.from({ length: k + 3 }, () => new Float64Array(place.size));
  const add = (column: number, where: number, value: number) => columns[column]![where]! += value;
  for (const { cluster, row } of complete) {
    const where = place.get(cluster)!;
    const away = items.map((item) => row[item]! - centres[item]!);
    add(k, where, 1);
    add(k + 1, where, away.reduce((sum, value) => sum + value ** 2, 0));
    add(k + 2, where, away.reduce((sum, value) => sum + value, 0) ** 2);
    for (const item of items) add(item, where, away[item]!);
  }
  return {
    columns,
    of: (totals) => {
      const [n, square, whole] = [totals[k]!, totals[k + 1]!, totals[k + 2]!];
      let sum = 0, within = square;
      for (const item of items) {
        sum += totals[item]!;
        within -= totals[item]! ** 2 / n;
      }
      const total = squaresOf(whole, sum, n);
      if (k < 2 || n < 2 || within <= ROUNDING * square) return null;
      return total <= ROUNDING * within ? null : k / (k - 1) * (1 - within / total);
    },
  };
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

/**
 * Tables A6 and A7: agreement with the profile's answers, Yes as given being positive.
 *
 * Of the answers given: accuracy, precision, recall and specificity in percent, with CR1 t intervals by
 * profile, which may pass 0 or 100 near these. mae and rmse are of the Yes answers per sheet and scale
 * (0–6) against its profile; rmse has the roots of the limits of the mean square. The effect beside
 * accuracy is Cohen's kappa, with the percentile limits of draws of profiles; `chance` and `majority`
 * are the accuracies in percent that need no look at the profile. `n` are answers, of mae and rmse
 * sheets. The paper tests nothing here.
 */
export function agreementSurvival(
  epqra: Administrations,
  reference: Administrations,
  table: "tableA6" | "tableA7",
  draws: Draws,
): DataFrame {
  const keys = layout(table).keys;
  const answers = Answers.of(epqra, "corrected"), profiles = Answers.of(reference, "corrected");
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const sheets = inCells(answers.sheets);
  const place = places(profiles.sheets.flatMap(({ profile }) => profile ?? []));
  const pairs = new Map<string, Compared>();
  const built = agreement(epqra, reference, table, { mode: "corrected" });
  const cells = keysOf(built, keys).map((cell) => {
    const key = `${cell.model}|${cell.condition}|${cell.scale}`;
    if (!pairs.has(key)) {
      const own = sheets.get(`${cell.model}|${cell.condition}`) ?? [];
      pairs.set(key, compared(answers, profiles, ofProfile, own, cell.scale!));
    }
    return { cell, pairs: pairs.get(key)! };
  });
  const all = [...pairs.values()];
  const boot = bootstrapped(place.size, all.map((each) => kappaOf(each, place)), draws);
  const limits = new Map(all.map((each, at) => [each, boot[at]!.percentile]));
  const tidy = cells.map(({ cell, pairs }) => {
    const measured = measure(pairs, cell.metric!);
    if (cell.metric !== "accuracy") return { ...cell, ...measured };
    const confusion = confused(pairs.answers);
    const { chance, majority } = baselines(confusion);
    const { estimate: effect } = cohenKappa(confusion);
    return {
      ...cell,
      ...measured,
      effect_name: effect === null ? null : "kappa",
      effect,
      effect_lower: effect === null ? null : limits.get(pairs)!.ciLower,
      effect_upper: effect === null ? null : limits.get(pairs)!.ciUpper,
      chance: chance === null ? null : 100 * chance,
      majority: majority === null ? null : 100 * majority,
    };
  });
  return judged(tidy, keys, { chance: "number", majority: "number" }, null);
}

interface Pair {
  given: number;
  own: number;
}
interface Compared {
  answers: { cluster: number; value: Pair }[];
  /** Yes answers of a sheet minus those of its profile. */
  differences: { cluster: number; value: number }[];
}

function compared(
  answers: Answers,
  profiles: Answers,
  ofProfile: ReadonlyMap<number | null, number>,
  sheets: readonly Sheet[],
  scale: string,
): Compared {
  const found: Compared = { answers: [], differences: [] };
  for (const { row, profile } of sheets) {
    const before = profile === null ? undefined : ofProfile.get(profile);
    if (profile === null || before === undefined) continue;
    const pairs = (answers.scales.get(scale) ?? []).flatMap((item) => {
      const given = answers.item("answer", item)[row]!;
      const own = profiles.item("answer", item)[before]!;
      return given === null || own === null ? [] : [{ given, own }];
    });
    if (pairs.length === 0) continue;
    found.answers.push(...pairs.map((value) => ({ cluster: profile, value })));
    const difference = pairs.reduce((sum, { given, own }) => sum + given - own, 0);
    found.differences.push({ cluster: profile, value: difference });
  }
  return found;
}

function measure({ answers, differences }: Compared, metric: string) {
  const percent = (counts: (pair: Pair) => boolean, hit: (pair: Pair) => boolean) => {
    const values = answers.filter(({ value }) => counts(value))
      .map(({ cluster, value }) => ({ cluster, value: Number(hit(value)) }));
    const found = clusteredMean(clustered(values));
    return { n: found.n, clusters: found.clusters, ...named(found, 100) };
  };
  const errors = (of: (difference: number) => number, back: (value: number) => number) => {
    const values = differences.map(({ cluster, value }) => ({ cluster, value: of(value) }));
    const { n, clusters, ...found } = clusteredMean(clustered(values));
    const turned = (value: number | null) => value === null ? null : back(value);
    const interval = {
      estimate: turned(found.estimate),
      ciLower: turned(found.ciLower),
      ciUpper: turned(found.ciUpper),
    };
    return { n, clusters, ...named(interval) };
  };
  switch (metric) {
    case "accuracy":
      return percent(() => true, ({ given, own }) => given === own);
    case "precision":
      return percent(({ given }) => given === 1, ({ own }) => own === 1);
    case "recall":
      return percent(({ own }) => own === 1, ({ given }) => given === 1);
    case "specificity":
      return percent(({ own }) => own === 0, ({ given }) => given === 0);
    case "mae":
      return errors(Math.abs, (value) => value);
    case "rmse":
      return errors((value) => value ** 2, (value) => Math.sqrt(Math.max(0, value)));
    default:
      throw new RangeError(`No measure of agreement is called ${metric}`);
  }
}

const CLASSES = ["truePositive", "falsePositive", "falseNegative", "trueNegative"] as const;
const classOf = ({ given, own }: Pair) =>
  given === 1
    ? own === 1 ? "truePositive" : "falsePositive"
    : own === 1
    ? "falseNegative"
    : "trueNegative";

function confused(answers: Compared["answers"]): Confusion {
  const counts = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  for (const { value } of answers) counts[classOf(value)] += 1;
  return counts;
}

function kappaOf({ answers }: Compared, place: ReadonlyMap<number, number>): OfSums {
  const columns = CLASSES.map(() => new Float64Array(place.size));
  for (const { cluster, value } of answers) {
    columns[CLASSES.indexOf(classOf(value))]![place.get(cluster)!]! += 1;
  }
  return {
    columns,
    of: (totals) =>
      cohenKappa({
        truePositive: totals[0]!,
        falsePositive: totals[1]!,
        falseNegative: totals[2]!,
        trueNegative: totals[3]!,
      }).estimate,
  };
}
