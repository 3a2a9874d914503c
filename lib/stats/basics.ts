/** Means, spread, quantiles, rounding, and the sums below them. */

/** Limits of a confidence interval; null where undefined. */
export interface Limits {
  ciLower: number | null;
  ciUpper: number | null;
}

/** An estimate within its confidence interval; null where undefined. */
export interface Interval extends Limits {
  estimate: number | null;
}

export const NO_LIMITS: Limits = { ciLower: null, ciUpper: null };

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
  const variance = covariances([values])?.[0]?.[0] ?? null;
  return variance === null ? null : Math.sqrt(variance);
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
 *
 * @throws {RangeError} when the value is not finite
 */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  const scaled = checked([value])[0]! * scale;
  const floor = Math.floor(scaled);
  const down = scaled - floor < 0.5 || (scaled - floor === 0.5 && floor % 2 === 0);
  const nearest = down ? floor : floor + 1;
  const back = (nearest === 0 && value < 0 ? -0 : nearest) / scale;
  return Number.isFinite(back) ? back : value;
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

/** Products of four numbers of this size are still finite, in sums over any number of rows. */
export const LARGEST = 1e70;

/** @throws {RangeError} when a value is not finite, or so large that its squares would not be */
export function checked(values: readonly number[]): readonly number[] {
  const bad = values.filter((value) => !Number.isFinite(value) || Math.abs(value) > LARGEST);
  if (bad.length === 0) return values;
  const odd = bad.filter((value) => !Number.isFinite(value));
  const [found, what] = odd.length > 0
    ? [odd, "are not finite numbers"]
    : [bad, `are beyond ±${LARGEST}, where squares are lost`];
  throw new RangeError(
    `${found.length} of ${values.length} values ${what}: the first is ${found[0]}`,
  );
}

/** A result that overflowed, or was made of nothing, is undefined. */
export const finite = (value: number): number | null => Number.isFinite(value) ? value : null;

/**
 * Limits that say something: null where one is not finite or the interval has no width, which is what
 * remains where nothing varies.
 */
export function limited(ciLower: number | null, ciUpper: number | null): Limits {
  const known = ciLower !== null && ciUpper !== null && ciLower < ciUpper;
  return known && Number.isFinite(ciUpper - ciLower) ? { ciLower, ciUpper } : NO_LIMITS;
}

/** A spread of less than this part of what it is a spread of is no more than rounding. */
const ROUNDING = 1e-13;

/** Whether a standard error or deviation is 0 up to rounding, beside numbers of this size. */
export const vanishes = (spread: number, size: number): boolean =>
  !(spread > ROUNDING * Math.abs(size));

export function sum(values: readonly number[]): number {
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
export function deviations(values: readonly number[]): number[] {
  const shifted = values.map((value) => value - values[0]!);
  const centre = mean(shifted) ?? 0;
  return shifted.map((value) => value - centre);
}

/** Covariances of columns without gaps; null with fewer than 2 rows. */
export function covariances(columns: readonly (readonly number[])[]): number[][] | null {
  const n = columns[0]?.length ?? 0;
  if (n < 2) return null;
  const centred = columns.map((column) => deviations(checked(column)));
  return centred.map((x) => centred.map((y) => sum(x.map((dx, i) => dx * y[i]!)) / (n - 1)));
}

/** Null where the whole is 0, whatever the part. */
export const ratio = (part: number, whole: number): number | null => finite(part / whole);
