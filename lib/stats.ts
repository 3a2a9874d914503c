/**
 * The statistics of the study: plain numbers in, plain records out.
 *
 * An undefined number is `null`, never 0 or NaN; all tests are two-sided; nothing is rounded.
 * Values that are not finite are refused, so a gap in the data cannot pass as a number.
 * Every function is compared with other software in tests/stats_test.ts.
 */
import betainc from "stdlib/betainc";
import erfc from "stdlib/erfc";
import tQuantile from "stdlib/t-quantile";

/** `count` of `n` things have a property. */
export interface Count {
  count: number;
  n: number;
}

/** A mean against 0. `se` and the limits are in the unit of the mean; `d` is in standard deviations. */
export interface MeanTest {
  estimate: number;
  se: number;
  t: number | null;
  df: number;
  p: number | null;
  ciLower: number;
  ciUpper: number;
  n: number;
  d: number | null;
}

/** `n` is the number of pairs. */
export interface Correlation {
  r: number | null;
  p: number | null;
  n: number;
}

/** Shares between 0 and 1; `n` is the number of answers expected, given or not. */
export interface Agreement {
  accuracy: number | null;
  precision: number | null;
  recall: number | null;
  specificity: number | null;
  n: number;
}

/**
 * Arithmetic mean; null when empty.
 *
 * Kahan's compensated sum divided by n, step by step as pandas' groupby mean: a mean of 3.985 is
 * printed 3.98 or 3.99 by its last bit.
 *
 * @throws {RangeError} when a value is not finite
 */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(checked(values)) / values.length;
}

/**
 * Sample standard deviation (divisor n − 1); null when n < 2, exactly 0 when all values are equal.
 *
 * @throws {RangeError} when a value is not finite
 */
export function sd(values: readonly number[]): number | null {
  const variance = complete([values])?.[0]?.[0] ?? null;
  return variance === null ? null : Math.sqrt(variance);
}

/**
 * Pooled z-test of two shares.
 *
 * Edges as in the paper's code: z and p are null when a group is empty; when each share is 0 or 1,
 * z is null and p is 1 for equal shares, else 0.
 *
 * @throws {RangeError} when a count is not between 0 and its n
 */
export function proportionZ(a: Count, b: Count): { z: number | null; p: number | null } {
  for (const { count, n } of [a, b]) {
    if (!(count >= 0 && count <= n)) {
      throw new RangeError(`A count lies between 0 and its n: got ${count} of ${n}`);
    }
  }
  if (a.n === 0 || b.n === 0) return { z: null, p: null };
  if (constant(a) && constant(b)) {
    return { z: null, p: (a.count === 0) === (b.count === 0) ? 1 : 0 };
  }
  const n = a.n + b.n;
  const yes = (a.count + b.count) / n;
  const no = (n - a.count - b.count) / n;
  const se = Math.sqrt(yes * no * (1 / a.n + 1 / b.n));
  // Over the common denominator the counts cancel exactly; subtracted shares would lose digits.
  const difference = (a.count * b.n - b.count * a.n) / (a.n * b.n);
  const z = difference / se;
  return { z, p: normalTail(z) };
}

/**
 * Paired t-test from the summary of the differences, which is the one-sample test of them.
 *
 * `d` is Cohen's d_z, mean / sd. Without variance there is no d: a mean of 0 has no t and no p,
 * any other mean has an infinite t and p = 0.
 *
 * @param differences mean, sd (divisor n − 1) and number of the differences
 * @param level confidence level, between 0 and 1
 * @throws {RangeError} when n < 2, the sd is negative, a number is missing or the level is not a share
 */
export function pairedT(
  differences: { mean: number; sd: number; n: number },
  level = 0.95,
): MeanTest {
  const { mean, sd, n } = differences;
  if (!(n >= 2)) throw new RangeError(`A paired t-test needs at least 2 pairs: got ${n}`);
  if (!(sd >= 0)) throw new RangeError(`A standard deviation is 0 or more: got ${sd}`);
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`A confidence level lies between 0 and 1: got ${level}`);
  }
  checked([mean, sd, n]);
  const df = n - 1;
  const se = sd / Math.sqrt(n);
  const t = ratio(mean, se);
  const half = -tQuantile((1 - level) / 2, df) * se;
  return {
    estimate: mean,
    se,
    t,
    df,
    p: t === null ? null : tTail(t, df),
    ciLower: mean - half,
    ciUpper: mean + half,
    n,
    d: sd === 0 ? null : mean / sd,
  };
}

/**
 * Pearson's product-moment correlation.
 *
 * r is null when either variable is constant or n < 2; p is null besides when n < 3. The p of t with
 * n − 2 df is the p of scipy's beta distribution.
 *
 * @throws {RangeError} when the lengths differ or a value is not finite
 */
export function pearson(x: readonly number[], y: readonly number[]): Correlation {
  const n = x.length;
  if (y.length !== n) {
    throw new RangeError(`A correlation needs pairs: got ${n} and ${y.length} values`);
  }
  const u = direction(x);
  const v = direction(y);
  if (u === null || v === null) return { r: null, p: null, n };
  const cosine = sum(u.map((value, i) => value * v[i]!));
  // Orthogonal scores leave a remainder of this size, whose sign would be printed.
  const product = Math.abs(cosine) < 2 * Number.EPSILON ? 0 : cosine;
  const sign = product < 0 ? -1 : 1;
  // The distance of the unit vectors gives (1 − |r|) / 2 with all its digits; from an r that was
  // already rounded to 1 none is left, and p would be 0 or 1e-8 by luck.
  const gap = sum(u.map((value, i) => (value - sign * v[i]!) ** 2)) / 4;
  const r = Math.abs(product) < 0.5 ? product : sign * (1 - 2 * gap);
  const t = r * Math.sqrt((n - 2) / (4 * gap * (1 - gap)));
  return { r, p: n < 3 ? null : tTail(t, n - 2), n };
}

/**
 * Cronbach's alpha, k / (k − 1) · (1 − tr C / ΣC), with C the sample covariances of the items.
 *
 * Each covariance is taken over the rows where both items are present (pandas' DataFrame.cov,
 * pingouin's nan_policy="pairwise"). alpha is null with fewer than 2 items, when no item varies,
 * when ΣC is 0 up to rounding, and when two items share fewer than 2 rows; pingouin leaves such a
 * pair out of ΣC but not out of k, which distorts alpha.
 *
 * @param items one row per respondent, one column per item; null where the answer is missing
 * @returns `n` counts all rows, complete or not
 * @throws {RangeError} when the rows differ in length or a value is not finite
 */
export function cronbachAlpha(
  items: readonly (readonly (number | null)[])[],
): { alpha: number | null; items: number; n: number } {
  const n = items.length;
  const k = items[0]?.length ?? 0;
  const ragged = items.findIndex((row) => row.length !== k);
  if (ragged >= 0) {
    throw new RangeError(
      `Row ${ragged + 1} of ${n} has ${items[ragged]!.length} items, the first has ${k}`,
    );
  }
  const undefinedAlpha = { alpha: null, items: k, n };
  const columns = Array.from({ length: k }, (_, item) => items.map((row) => row[item]!));
  const covariances = columns.some((column) => column.includes(null as never))
    ? pairwise(columns)
    : complete(columns as number[][]);
  if (k < 2 || covariances === null) return undefinedAlpha;
  const trace = covariances.reduce((total, row, item) => total + row[item]!, 0);
  const total = covariances.flat().reduce((total, c) => total + c, 0);
  if (Math.abs(total) <= ROUNDING * trace) return undefinedAlpha;
  return { alpha: k / (k - 1) * (1 - trace / total), items: k, n };
}

/** Covariances of columns without gaps; null with fewer than 2 rows. */
function complete(columns: readonly (readonly number[])[]): number[][] | null {
  const n = columns[0]?.length ?? 0;
  if (n < 2) return null;
  const centred = columns.map((column) => deviations(checked(column)));
  return centred.map((x) => centred.map((y) => sum(x.map((dx, i) => dx * y[i]!)) / (n - 1)));
}

/** Covariances over the rows that each pair of columns shares; null when a pair shares fewer than 2. */
function pairwise(columns: readonly (readonly (number | null)[])[]): number[][] | null {
  const matrix: number[][] = columns.map(() => []);
  for (const [i, x] of columns.entries()) {
    for (const [j, y] of columns.entries()) {
      if (j < i) continue;
      const shared = x.map((_, row) => row).filter((row) => x[row] !== null && y[row] !== null);
      const c = complete([shared.map((row) => x[row]!), shared.map((row) => y[row]!)]);
      if (c === null) return null;
      matrix[i]![j] = matrix[j]![i] = c[0]![1]!;
    }
  }
  return matrix;
}

/** ΣC is a sum of k² rounded terms of the size of tr C; less than this of tr C is no more than rounding. */
const ROUNDING = 1e-12;

/**
 * Agreement of yes/no answers with a reference, in which yes is positive.
 *
 * Classes are counted by themselves because an answer may be missing: then it agrees with nothing and
 * predicts neither class, but its item still has an actual class. A share with denominator 0 is null.
 *
 * @param counts of `n` items: those answered yes (`predictedPositive`), those whose reference is yes
 *   and no (`actualPositive`, `actualNegative`), and those where both are yes and both are no
 */
export function agreement(counts: {
  n: number;
  predictedPositive: number;
  actualPositive: number;
  actualNegative: number;
  truePositive: number;
  trueNegative: number;
}): Agreement {
  const { n, truePositive, trueNegative } = counts;
  return {
    accuracy: ratio(truePositive + trueNegative, n),
    precision: ratio(truePositive, counts.predictedPositive),
    recall: ratio(truePositive, counts.actualPositive),
    specificity: ratio(trueNegative, counts.actualNegative),
    n,
  };
}

/**
 * Mean absolute error and root mean squared error, in the unit of the differences; null when empty.
 *
 * @throws {RangeError} when a difference is not finite
 */
export function meanErrors(
  differences: readonly number[],
): { mae: number | null; rmse: number | null } {
  const square = mean(differences.map((difference) => difference ** 2));
  return {
    mae: mean(differences.map(Math.abs)),
    rmse: square === null ? null : Math.sqrt(square),
  };
}

/**
 * A number rounded as NumPy and pandas round: scaled, to the nearest integer with ties to even, scaled
 * back. The sign of a zero stays.
 *
 * For results that the paper's code rounds before it goes on computing (Table 6); nothing else here is
 * rounded.
 */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  const scaled = value * scale;
  const floor = Math.floor(scaled);
  const down = scaled - floor < 0.5 || (scaled - floor === 0.5 && floor % 2 === 0);
  const nearest = down ? floor : floor + 1;
  return (nearest === 0 && value < 0 ? -0 : nearest) / scale;
}

/**
 * The value below which a share of the values lies, linear between neighbours (R's type 7,
 * numpy's and pandas' default); null when empty.
 *
 * @throws {RangeError} when the share is not between 0 and 1 or a value is not finite
 */
export function quantile(values: readonly number[], share: number): number | null {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`A share lies between 0 and 1: got ${share}`);
  }
  if (values.length === 0) return null;
  const sorted = checked(values).toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const lower = sorted[Math.floor(position)]!;
  const upper = sorted[Math.ceil(position)]!;
  const weight = position % 1;
  const step = upper - lower;
  // numpy interpolates from the nearer end; the printed quartiles have its last bit.
  return weight < 0.5 ? lower + step * weight : upper - step * (1 - weight);
}

/**
 * Two-sided p of Student's t; 0 where it is below 2.2e-308.
 *
 * Both forms are tails by construction: 1 − cdf would end at 1e-16.
 *
 * @param df a whole number
 * @throws {RangeError} when t is not a number or df is not positive and finite
 */
export function tTail(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0 && df < Infinity)) {
    throw new RangeError(`A t has a number and positive df: got ${t} with ${df} df`);
  }
  // The incomplete beta function loses half the digits of a small t here, and t² overflows early.
  if (df === 1) return 2 / Math.PI * Math.atan2(1, Math.abs(t));
  const square = t ** 2;
  return square < df
    ? betainc(square / (df + square), 0.5, df / 2, true, true)
    : betainc(df / (df + square), df / 2, 0.5);
}

/** Two-sided p of the standard normal; 0 where it is below 5e-324. */
export function normalTail(z: number): number {
  return erfc(Math.abs(z) / Math.SQRT2);
}

function checked(values: readonly number[]): readonly number[] {
  const bad = values.filter((value) => !Number.isFinite(value));
  if (bad.length === 0) return values;
  throw new RangeError(
    `${bad.length} of ${values.length} values are not finite numbers: the first is ${bad[0]}`,
  );
}

function sum(values: readonly number[]): number {
  let total = 0;
  let compensation = 0;
  for (const value of values) {
    const corrected = value - compensation;
    const next = total + corrected;
    compensation = next - total - corrected;
    total = next;
  }
  return total;
}

/** Counted from the first value, the deviations of a constant are exactly 0. */
function deviations(values: readonly number[]): number[] {
  const shifted = values.map((value) => value - values[0]!);
  const centre = mean(shifted) ?? 0;
  return shifted.map((value) => value - centre);
}

/** Deviations as a unit vector; null when constant. Scaled first, lest squares overflow or vanish. */
function direction(values: readonly number[]): number[] | null {
  const centred = deviations(values);
  const largest = centred.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return null;
  const scaled = centred.map((value) => value / largest);
  const length = Math.sqrt(sum(scaled.map((value) => value ** 2)));
  return scaled.map((value) => value / length);
}

const constant = ({ count, n }: Count): boolean => count === 0 || count === n;

/** Null for 0 / 0. */
const ratio = (part: number, whole: number): number | null =>
  part === 0 && whole === 0 ? null : part / whole;
