/** The intervals that the tables print, of one study's data. */
import {
  alphaOfSums,
  balancedAccuracy,
  blandAltman,
  clusterBootstrap,
  clusteredMean,
  cohenDz,
  cohenKappa,
  type Confusion,
  correlationLimits,
  correlationOfSums,
  cronbachAlpha,
  equivalence,
  feldt,
  intraclass,
  type Limits,
  matthews,
  mean,
  pairedT,
  pearson,
  sd,
  weightedTotals,
} from "../../stats.ts";
import type { PairTruth } from "./truth.ts";

/** An interval, what it is to hold, and its name. */
export interface Judged {
  interval: string;
  limits: Limits;
  truth: number;
}

/** One profile's two scores in each row, and its items behind the second. */
export interface Pairs {
  before: number[];
  after: number[];
  items: number[][];
}

const NONE: Limits = { ciLower: null, ciUpper: null };
/** A claim that is not made is right at the bound: it covers all, and has no width. */
const UNCLAIMED: Limits = { ciLower: -Infinity, ciUpper: Infinity };

/** @param truth of the pairs, and alpha of the items */
export function pairIntervals(
  { before, after, items }: Pairs,
  truth: PairTruth & { alpha: number },
): Judged[] {
  const away = after.map((value, at) => value - before[at]!);
  const differences = { mean: mean(away)!, sd: sd(away)!, n: away.length };
  const ratings = intraclass(before.map((value, at) => [value, after[at]!]));
  const bounds = { lower: truth.difference - truth.sd, upper: truth.difference };
  const { p } = equivalence(differences, bounds);
  const r = pearson(before, after);
  return [
    { interval: "mean difference: t", limits: pairedT(differences), truth: truth.difference },
    {
      interval: "equivalence, true at the bound: TOST",
      limits: p !== null && p <= 0.05 ? NONE : UNCLAIMED,
      truth: truth.difference,
    },
    { interval: "r: Fisher", limits: correlationLimits(r), truth: truth.r },
    { interval: "alpha: Feldt", limits: feldt(cronbachAlpha(items)), truth: truth.alpha },
    { interval: "ICC(C,1): F", limits: ratings.consistency, truth: truth.consistency },
    { interval: "ICC(A,1): F", limits: ratings.agreement, truth: truth.agreement },
  ];
}

/** Those that take longer: the noncentral t, and percentile limits of r and alpha from draws of profiles. */
export function slowIntervals(
  { before, after, items }: Pairs,
  truth: PairTruth & { alpha: number },
  of: { draws: number; uniform: () => number },
): Judged[] {
  const away = after.map((value, at) => value - before[at]!);
  const differences = { mean: mean(away)!, sd: sd(away)!, n: away.length };
  const plain = blandAltman(away);
  const [x, y] = [before, after].map((values) => {
    const centre = mean(values)!;
    return values.map((value) => value - centre);
  }) as [number[], number[]];
  const centres = items[0]!.map((_, item) => mean(items.map((row) => row[item]!))!);
  const rows = items.map((row) => row.map((value, item) => value - centres[item]!));
  const total = (row: readonly number[]) => row.reduce((sum, value) => sum + value, 0);
  const columns = [
    x.map(() => 1),
    x,
    y,
    x.map((value) => value ** 2),
    y.map((value) => value ** 2),
    x.map((value, at) => value * y[at]!),
    rows.map((row) => total(row.map((value) => value ** 2))),
    rows.map((row) => total(row) ** 2),
    ...centres.map((_, item) => rows.map((row) => row[item]!)),
  ].map((column) => Float64Array.from(column));
  const [r, alpha] = clusterBootstrap({
    clusters: x.length,
    statistics: (weights) => {
      const [n, x, y, xx, yy, xy, squares, squaredTotals, ...items] = weightedTotals(
        weights,
        columns,
      ) as [number, number, number, number, number, number, number, number, ...number[]];
      return [
        correlationOfSums({ n, x, y, xx, yy, xy }),
        alphaOfSums({ n, items, squares, squaredTotals }),
      ];
    },
    ...of,
  });
  return [
    { interval: "d_z: noncentral t", limits: cohenDz(differences), truth: truth.dz },
    { interval: "lower limit of agreement: exact", limits: plain.lower, truth: truth.lower },
    { interval: "upper limit of agreement: exact", limits: plain.upper, truth: truth.upper },
    { interval: "r: bootstrap of profiles", limits: r!.percentile, truth: truth.r },
    { interval: "alpha: bootstrap of profiles", limits: alpha!.percentile, truth: truth.alpha },
  ];
}

/** By profile: how often its answers and its personas' meet how, and the differences of Yes per sheet. */
export interface Answered {
  classes: readonly (readonly [yesYes: number, noYes: number, yesNo: number, noNo: number])[];
  differences: readonly (readonly number[])[];
}

const confusion = ([tp, fp, fn, tn]: readonly number[]): Confusion => ({
  truePositive: tp!,
  falsePositive: fp!,
  falseNegative: fn!,
  trueNegative: tn!,
});

/** @param truth shares of the four classes, mean absolute and root mean squared difference */
export function agreementIntervals(
  { classes, differences }: Answered,
  truth: Confusion & { mae: number; rmse: number },
): Judged[] {
  const all = confusion(
    [0, 1, 2, 3].map((at) => classes.reduce((total, own) => total + own[at]!, 0)),
  );
  const share = (hits: number[], among: number[]) => {
    const values = classes.map((own) => {
      const count = (places: number[]) => places.reduce((total, at) => total + own[at]!, 0);
      const [yes, n] = [count(hits), count(among)];
      return [...Array<number>(yes).fill(1), ...Array<number>(n - yes).fill(0)];
    });
    return clusteredMean(values);
  };
  const square = clusteredMean(differences.map((own) => own.map((value) => value ** 2)));
  const root = (value: number | null) => value === null ? null : Math.sqrt(Math.max(0, value));
  const { truePositive: tp, falsePositive: fp, falseNegative: fn, trueNegative: tn } = truth;
  return [
    { interval: "accuracy: clustered", limits: share([0, 3], [0, 1, 2, 3]), truth: tp + tn },
    { interval: "precision: clustered", limits: share([0], [0, 1]), truth: tp / (tp + fp) },
    { interval: "recall: clustered", limits: share([0], [0, 2]), truth: tp / (tp + fn) },
    { interval: "specificity: clustered", limits: share([3], [1, 3]), truth: tn / (tn + fp) },
    {
      interval: "mae: clustered",
      limits: clusteredMean(differences.map((own) => own.map(Math.abs))),
      truth: truth.mae,
    },
    {
      interval: "rmse: clustered, root of limits",
      limits: { ciLower: root(square.ciLower), ciUpper: root(square.ciUpper) },
      truth: truth.rmse,
    },
    {
      interval: "balanced accuracy: from Wilson",
      limits: balancedAccuracy(all),
      truth: balancedAccuracy(truth).estimate!,
    },
    {
      interval: "kappa: large sample",
      limits: cohenKappa(all),
      truth: cohenKappa(truth).estimate!,
    },
    { interval: "MCC: artanh", limits: matthews(all), truth: matthews(truth).estimate! },
  ];
}

/** Percentile limits of kappa, from draws of profiles. */
export function kappaBootstrap(
  { classes }: Answered,
  truth: Confusion,
  of: { draws: number; uniform: () => number },
): Judged {
  const columns = [0, 1, 2, 3].map((at) => Float64Array.from(classes, (own) => own[at]!));
  const [kappa] = clusterBootstrap({
    clusters: classes.length,
    statistics: (weights) => [cohenKappa(confusion(weightedTotals(weights, columns))).estimate],
    ...of,
  });
  return {
    interval: "kappa: bootstrap of profiles",
    limits: kappa!.percentile,
    truth: cohenKappa(truth).estimate!,
  };
}
