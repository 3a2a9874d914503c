/** How far two or more measurements of the same subjects agree: intraclass correlation, limits. */
import {
  checked,
  deviations,
  type Interval,
  limited,
  mean,
  NO_LIMITS,
  sd,
  sum,
  vanishes,
} from "./basics.ts";
import { pairedT } from "./means.ts";
import { noncentralQuantile } from "./noncentral.ts";
import { fQuantile } from "./special.ts";
import { normalReach, tailOf } from "./tails.ts";

/** Intraclass correlations of single measurements, after McGraw & Wong's names. */
export interface Intraclass {
  /** ICC(1): the measurements of a subject are in no order. */
  one: Interval;
  /** ICC(A,1): agreement; a constant shift between the measurements counts against it. */
  agreement: Interval;
  /** ICC(C,1): consistency; a constant shift does not count. */
  consistency: Interval;
  subjects: number;
  measurements: number;
}

/**
 * ICC(1), ICC(A,1) and ICC(C,1) of single measurements, from the mean squares of a two-way layout, with
 * intervals from the F distribution.
 *
 * The interval of ICC(A,1) has Satterthwaite's df. Null with fewer than 2 subjects or measurements and
 * where nothing varies; limits are null where an estimate is 1 and F would be infinite, where subjects
 * do not differ, and those of ICC(A,1) where the df are not clearly above 0 or the estimate is below
 * −1 / (k − 1), which happens where subjects differ less than chance would have them. Source: McGraw &
 * Wong 1996, Psychological Methods 1, 30–46, tables 4 and 7.
 *
 * @param ratings one row per subject, one column per measurement, none missing
 * @throws {RangeError} when the rows differ in length, a value is not finite or the level is no share
 */
export function intraclass(ratings: readonly (readonly number[])[], level = 0.95): Intraclass {
  const tail = tailOf(level);
  const [n, k] = [ratings.length, ratings[0]?.length ?? 0];
  if (ratings.some((row) => row.length !== k)) {
    throw new RangeError(`Every subject has ${k} measurements, as the first: some have not`);
  }
  const nothing: Interval = { estimate: null, ...NO_LIMITS };
  const shape = { subjects: n, measurements: k };
  const all = checked(ratings.flat());
  if (n < 2 || k < 2) return { one: nothing, agreement: nothing, consistency: nothing, ...shape };
  // Centred first, so that a high level of all ratings takes no digits.
  const centred = deviations(all);
  const rows = ratings.map((_, i) => sum(centred.slice(i * k, (i + 1) * k)) / k);
  const columns = ratings[0]!.map((_, j) => sum(rows.map((_, i) => centred[i * k + j]!)) / n);
  const squares = (values: readonly number[]) => sum(values.map((value) => value ** 2));
  const betweenSubjects = k * squares(rows) / (n - 1);
  const betweenColumns = n * squares(columns) / (k - 1);
  const within = squares(centred.map((value, at) => value - rows[Math.floor(at / k)]!)) /
    (n * (k - 1));
  const residual = squares(
    centred.map((value, at) => value - rows[Math.floor(at / k)]! - columns[at % k]!),
  ) / ((n - 1) * (k - 1));
  const reach = (df1: number, df2: number) => fQuantile(1 - tail, df1, df2);
  /** (F − 1) / (F + k − 1), with F the ratio of the subjects' mean square to the error's. */
  const byF = (error: number, df: number): Interval => {
    const of = (f: number) =>
      (betweenSubjects - f * error) / (betweenSubjects + (k - 1) * f * error);
    if (betweenSubjects === 0 && error === 0) return nothing;
    if (vanishes(Math.sqrt(error), Math.sqrt(betweenSubjects))) {
      return { estimate: 1, ...NO_LIMITS };
    }
    return { estimate: of(1), ...limited(of(reach(n - 1, df)), of(1 / reach(df, n - 1))) };
  };
  const agreement = (): Interval => {
    const shift = k * betweenColumns + (k * n - k - n) * residual;
    const of = (f: number, g: number) =>
      n * (g * betweenSubjects - f * residual) / (f * shift + g * n * betweenSubjects);
    if (betweenSubjects === 0 && shift === 0) return nothing;
    const estimate = of(1, 1);
    const a = k * estimate / (n * (1 - estimate));
    const b = 1 + (n - 1) * a;
    const [first, second] = [a * betweenColumns, b * residual];
    const df = (first + second) ** 2 /
      (first ** 2 / (k - 1) + second ** 2 / ((n - 1) * (k - 1)));
    const sound = df > FEWEST_DF && estimate >= -1 / (k - 1);
    if (!sound) return { estimate, ...NO_LIMITS };
    return { estimate, ...limited(of(reach(n - 1, df), 1), of(1, reach(df, n - 1))) };
  };
  return {
    one: byF(within, n * (k - 1)),
    agreement: agreement(),
    consistency: byF(residual, (n - 1) * (k - 1)),
    ...shape,
  };
}

/** Satterthwaite's df are 1 at least where both components are positive; with fewer F has no quantile. */
const FEWEST_DF = 0.1;

/** Bias and limits of agreement, each within its interval, in the unit of the differences. */
export interface BlandAltman {
  bias: Interval;
  lower: Interval;
  upper: Interval;
  n: number;
}

/**
 * Limits of agreement: mean ± 1.96 sd of the differences, between which 95 % of them are expected.
 *
 * The bias has its t interval. Each limit has its exact interval for normal differences, which is that
 * of a quantile, from the noncentral t; Bland & Altman's own, mean ± t · √(1/n + 1.96² / (2(n − 1))) sd,
 * is its approximation for many pairs. Null with fewer than 2 pairs; without intervals where the
 * differences do not vary. Source: Bland & Altman 1999,
 * Statistical Methods in Medical Research 8, 135–160; Carkeet 2015, Optometry and Vision Science 92,
 * e71–e80.
 *
 * @param level confidence level of the three intervals; the limits are always those of 95 %
 * @throws {RangeError} when a difference is not finite or the level is not a share
 */
export function blandAltman(differences: readonly number[], level = 0.95): BlandAltman {
  const tail = tailOf(level);
  const n = differences.length;
  const nothing: Interval = { estimate: null, ...NO_LIMITS };
  const [centre, spread] = [mean(differences), sd(differences)];
  if (centre === null || spread === null) {
    return { bias: nothing, lower: nothing, upper: nothing, n };
  }
  const root = Math.sqrt(n);
  const { estimate, ciLower, ciUpper, d } = pairedT({ mean: centre, sd: spread, n }, level);
  if (d === null) {
    const alike: Interval = { estimate, ...NO_LIMITS };
    return { bias: alike, lower: alike, upper: alike, n };
  }
  const width = normalReach(0.95);
  const quantile = (share: number) =>
    noncentralQuantile(share, n - 1, width * root) * spread / root;
  const [near, far] = [quantile(tail), quantile(1 - tail)];
  return {
    bias: { estimate, ciLower, ciUpper },
    lower: { estimate: centre - width * spread, ciLower: centre - far, ciUpper: centre - near },
    upper: { estimate: centre + width * spread, ciLower: centre + near, ciUpper: centre + far },
    n,
  };
}

/** Sums over pairs (x, y), each with its weight: Σw, Σwx, Σwy, Σwx², Σwy², Σwxy. */
export interface PairSums {
  weight: number;
  x: number;
  y: number;
  xx: number;
  yy: number;
  xy: number;
}

/** How far pairs go together, and how far they are the same. */
export interface Concordance {
  /** Mean of y − x. */
  difference: number | null;
  /** Pearson's r. */
  correlation: number | null;
  /** Lin's coefficient, 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²): 1 only where all pairs are equal. */
  concordance: number | null;
}

/**
 * Pearson's r and Lin's concordance from sums of pairs, with weights; variances are divided by Σw, as Lin
 * does. The sums are of values near 0, such as those less the middle of their scale: of large ones they lose
 * digits. Null without weight; r where either does not vary, and concordance where all values are one. Source:
 * Lin 1989, Biometrics 45, 255–268.
 *
 * @throws {RangeError} when a sum is not finite
 */
export function concordance(of: PairSums): Concordance {
  checked(Object.values(of));
  const { weight } = of;
  if (!(weight > 0)) return { difference: null, correlation: null, concordance: null };
  const [x, y] = [of.x / weight, of.y / weight];
  const left = (square: number, gone: number) =>
    vanishes(Math.abs(square - gone), Math.abs(square) + Math.abs(gone)) ? 0 : square - gone;
  const [xx, yy] = [left(of.xx / weight, x * x), left(of.yy / weight, y * y)].map((square) =>
    Math.max(0, square)
  ) as [number, number];
  const xy = left(of.xy / weight, x * y), apart = xx + yy + (x - y) ** 2;
  return {
    difference: y - x,
    correlation: xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : null,
    concordance: apart > 0 ? 2 * xy / apart : null,
  };
}
