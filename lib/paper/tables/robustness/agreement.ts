/** What survives of Tables A6 and A7: agreement with the profile's answers, profiles as clusters. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../../db.ts";
import {
  balancedAccuracy,
  baselines,
  clusteredMean,
  clusteredShare,
  cohenKappa,
  type Confusion,
  type Limits,
  matthews,
} from "../../../stats.ts";
import { agreementCells } from "../agreement.ts";
import { Answers, type Options, type Sheet } from "../answers.ts";
import {
  bootstrapped,
  clustered,
  type Draws,
  type OfSums,
  places,
  undefinedDraws,
} from "../clusters.ts";
import { JUDGED, judged, named } from "../family.ts";

/**
 * Tables A6 and A7: agreement with the profile's answers, Yes as given being positive.
 *
 * Of the answers given: accuracy, precision, recall and specificity in percent, with t intervals by
 * profile; where these would pass 0 or 100, or nothing varies, Wilson's at the effective n by profile. mae and rmse are of the Yes answers per sheet and scale
 * (0–6) against its profile; rmse has the roots of the limits of the mean square. `n` are answers, of
 * mae and rmse sheets. The paper tests nothing here.
 *
 * Beside accuracy, and only there: `chance` and `majority`, the accuracies in percent that need no look
 * at the profile; `balanced`, the mean of recall and specificity in percent; as effect Cohen's kappa;
 * and `mcc`, Matthews' correlation of the two answers (−1 to 1). Their limits are the percentile ones of
 * draws of profiles; `undefined_draws` are those without a kappa. Undefined where all answers, or all of
 * the profiles', are the same.
 */
export function agreementRobustness(
  epqra: Administrations,
  reference: Administrations,
  table: "tableA6" | "tableA7",
  draws: Draws,
  options: Pick<Options, "by"> = {},
): DataFrame {
  const answers = Answers.of(epqra, "corrected"), profiles = Answers.of(reference, "corrected");
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const place = places(profiles.sheets.flatMap(({ profile }) => profile ?? []));
  const { kinds, cells } = agreementCells(table, answers, options, { ...JUDGED, ...MORE });
  const keyOf = ({ keys }: (typeof cells)[number]) => JSON.stringify({ ...keys, metric: null });
  // Of the answers of one scale only what is measured stays: those of all are many.
  const all = [...Map.groupBy(cells, keyOf)].map(([key, cells]) => {
    const { rows, own: { scale = "" } } = cells[0]!;
    const pairs = compared(answers, profiles, ofProfile, rows, scale);
    const measured = new Map(
      cells.map(({ own: { metric = "" } }) => [metric, measure(pairs, metric)]),
    );
    return { key, measured, sums: sums(pairs, place), confusion: confused(pairs.answers) };
  });
  const boot = bootstrapped(
    place.size,
    all.flatMap(({ sums }) => CHANCE_FREE.map((of) => ({ columns: sums, of: ofTotals(of) }))),
    draws,
  );
  const found = new Map(
    all.map(({ key, measured, confusion }, at) => {
      const drawn = boot.slice(at * CHANCE_FREE.length);
      const limits = drawn.map(({ percentile }) => percentile);
      const undefined_draws = undefinedDraws(drawn[0]!);
      return [key, { measured, beyond: { ...beyondChance(confusion, limits), undefined_draws } }];
    }),
  );
  const tidy = cells.map((cell) => {
    const { measured, beyond } = found.get(keyOf(cell))!;
    const { metric = "" } = cell.own;
    return { ...cell.keys, ...measured.get(metric)!, ...(metric === "accuracy" ? beyond : {}) };
  });
  return judged(tidy, kinds, MORE, null);
}

const MORE = {
  chance: "number",
  majority: "number",
  balanced: "number",
  balanced_lower: "number",
  balanced_upper: "number",
  mcc: "number",
  mcc_lower: "number",
  mcc_upper: "number",
} as const;

/** Measures that are 0, or one half, of answers that do not look at the profile. */
const CHANCE_FREE: readonly ((of: Confusion) => number | null)[] = [
  (of) => cohenKappa(of).estimate,
  (of) => balancedAccuracy(of).estimate,
  (of) => matthews(of).estimate,
];

function beyondChance(confusion: Confusion, limits: readonly Limits[]) {
  const { chance, majority } = baselines(confusion);
  const [kappa, balanced, mcc] = CHANCE_FREE.map((of, at) => {
    const estimate = of(confusion);
    const within = estimate === null ? { ciLower: null, ciUpper: null } : limits[at]!;
    return { estimate, ...within };
  });
  const percent = (share: number | null) => share === null ? null : 100 * share;
  return {
    chance: percent(chance),
    majority: percent(majority),
    effect_name: kappa!.estimate === null ? null : "kappa",
    effect: kappa!.estimate,
    effect_lower: kappa!.ciLower,
    effect_upper: kappa!.ciUpper,
    balanced: percent(balanced!.estimate),
    balanced_lower: percent(balanced!.ciLower),
    balanced_upper: percent(balanced!.ciUpper),
    mcc: mcc!.estimate,
    mcc_lower: mcc!.ciLower,
    mcc_upper: mcc!.ciUpper,
  };
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
      const given = answers.item("answer", item)(row);
      const own = profiles.item("answer", item)(before);
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
    const hits = clustered(values), found = clusteredMean(hits);
    const { ciLower, ciUpper } = found;
    const within = ciLower !== null && ciUpper !== null && ciLower >= 0 && ciUpper <= 1;
    const limits = within ? found : clusteredShare(hits);
    return { n: found.n, clusters: found.clusters, ...named(limits, 100) };
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

/** How many answers each profile adds to each class. */
function sums({ answers }: Compared, place: ReadonlyMap<number, number>): Float64Array[] {
  const columns = CLASSES.map(() => new Float64Array(place.size));
  for (const { cluster, value } of answers) {
    columns[CLASSES.indexOf(classOf(value))]![place.get(cluster)!]! += 1;
  }
  return columns;
}

const ofTotals = (of: (confusion: Confusion) => number | null): OfSums["of"] => (totals) =>
  of({
    truePositive: totals[0]!,
    falsePositive: totals[1]!,
    falseNegative: totals[2]!,
    trueNegative: totals[3]!,
  });
