/** Correlations, their intervals and comparison. */
import { deviations, type Interval, type Limits, NO_LIMITS, ratio, sum } from "./basics.ts";
import { normalReach, tTail } from "./tails.ts";

/** `n` is the number of pairs. */
export interface Correlation {
  r: number | null;
  p: number | null;
  n: number;
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
 * Fisher's interval of a correlation: normal in artanh r with se 1 / √(n − 3).
 *
 * [r, r] for r of ±1; null where r is, and with fewer than 4 pairs. Source: Fisher 1921, Metron 1, 3–32.
 *
 * @param of what `pearson` returned
 * @throws {RangeError} when r is not between −1 and 1 or the level is not a share
 */
export function correlationLimits(of: { r: number | null; n: number }, level = 0.95): Limits {
  const reach = normalReach(level);
  if (of.r === null || of.n < 4) return NO_LIMITS;
  const half = reach / Math.sqrt(of.n - 3);
  const centre = Math.atanh(coefficient(of.r));
  return { ciLower: Math.tanh(centre - half), ciUpper: Math.tanh(centre + half) };
}

/**
 * The highest correlation that two scores of such reliability can have, √(α_x · α_y), when their errors
 * are independent.
 *
 * Null when a reliability is undefined or negative. Source: Spearman 1904, American Journal of
 * Psychology 15, 72–101.
 */
export function attenuationBound(alphaX: number | null, alphaY: number | null): number | null {
  if (alphaX === null || alphaY === null || alphaX < 0 || alphaY < 0) return null;
  return Math.sqrt(alphaX * alphaY);
}

/** The difference of two correlations with its test and interval; `n` is the number of triples. */
export interface CorrelationDifference extends Interval {
  t: number | null;
  df: number;
  p: number | null;
  n: number;
}

/**
 * Do y and z correlate equally with x, all three measured on the same respondents?
 *
 * The estimate is r_xy − r_xz. t is Williams' with n − 3 df, which Steiger recommends; the interval is
 * Zou's, from the two Fisher intervals and the correlation of the two coefficients. Null with fewer
 * than 4 respondents; the test is null where r_yz is ±1, the limits where r_xy or r_xz is. Source:
 * Williams 1959, JRSS B 21, 396–399; Steiger 1980, Psychological Bulletin 87, 245–251, eq. 7; Zou 2007,
 * Psychological Methods 12, 399–413.
 *
 * @throws {RangeError} when no three variables can have these correlations, or the level is no share
 */
export function overlappingCorrelations(
  of: { xy: number; xz: number; yz: number; n: number },
  level = 0.95,
): CorrelationDifference {
  normalReach(level);
  const { xy, xz, yz, n } = of;
  [xy, xz, yz].forEach(coefficient);
  // 1 − xy² − xz² − yz² + 2·xy·xz·yz, put so that coefficients near 1 take few digits.
  const determinant = (1 - yz) * (1 + yz - 2 * xy * xz) - (xy - xz) ** 2;
  if (determinant < -1e-12) {
    throw new RangeError(`No three variables have the correlations ${xy}, ${xz} and ${yz}`);
  }
  const [estimate, df] = [xy - xz, n - 3];
  if (n < 4) return { estimate, ...NO_LIMITS, t: null, df, p: null, n };
  const error = 2 * (n - 1) / (n - 3) * Math.max(0, determinant) +
    ((xy + xz) / 2) ** 2 * (1 - yz) ** 3;
  const t = Math.abs(yz) === 1
    ? null
    : ratio(estimate * Math.sqrt((n - 1) * (1 + yz)), Math.sqrt(error));
  const p = t === null ? null : tTail(t, df);
  if (Math.abs(xy) === 1 || Math.abs(xz) === 1) return { estimate, ...NO_LIMITS, t, df, p, n };
  const joint = ((yz - xy * xz / 2) * (1 - xy ** 2 - xz ** 2 - yz ** 2) + yz ** 3) /
    ((1 - xy ** 2) * (1 - xz ** 2));
  const [first, second] = [xy, xz].map((r) => correlationLimits({ r, n }, level));
  const half = (a: number, b: number) =>
    Math.sqrt(Math.max(0, a ** 2 + b ** 2 - 2 * joint * a * b));
  return {
    estimate,
    ciLower: estimate - half(xy - first!.ciLower!, second!.ciUpper! - xz),
    ciUpper: estimate + half(first!.ciUpper! - xy, xz - second!.ciLower!),
    t,
    df,
    p,
    n,
  };
}

function coefficient(r: number): number {
  if (r >= -1 && r <= 1) return r;
  throw new RangeError(`A correlation lies between -1 and 1: got ${r}`);
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
