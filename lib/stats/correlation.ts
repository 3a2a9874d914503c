/** Correlations, their intervals and comparison. */
import {
  checked,
  deviations,
  type Interval,
  LARGEST,
  limited,
  type Limits,
  NO_LIMITS,
  ratio,
  sum,
} from "./basics.ts";
import { normalReach, normalTail, tTail } from "./tails.ts";

/** `n` is the number of pairs. */
export interface Correlation {
  r: number | null;
  p: number | null;
  n: number;
}

/**
 * Pearson's product-moment correlation.
 *
 * r is null when either variable is constant or n < 2; p is null besides when n < 3 and where all pairs
 * lie on a line, up to rounding: nothing is left there to measure an error by. The p of t with n − 2 df
 * is the p of scipy's beta distribution. It holds for normal scores; see `robustCorrelation`.
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
  if (n < 3 || gap < LINE) return { r, p: null, n };
  return { r, p: tTail(r * Math.sqrt((n - 2) / (4 * gap * (1 - gap))), n - 2), n };
}

/** (1 − |r|) / 2 of pairs that leave a line by rounding only. */
const LINE = 1e-30;

/** A correlation with the standard error of r itself; `n` is the number of pairs. */
export interface RobustCorrelation extends Interval {
  se: number | null;
  p: number | null;
  n: number;
}

/**
 * Pearson's r with a standard error, a test against 0 and an interval that do not take scores for normal
 * or for equally spread at all places.
 *
 * With standardised scores u and v (divisor n), φ = uv − r (u² + v²) / 2 is what a pair adds to r, and
 * se = √(Σφ² / (n (n − 1))). Test and limits are normal in artanh r, with se / (1 − r²). It is a large
 * sample's: below some 50 pairs, or where fewer than 20 leave the commonest score, few pairs make the
 * error. Null with fewer than 4 pairs, and where all lie on a line. Source: Ferguson 1996, A Course in
 * Large Sample Theory, ch. 8; Bishara, Li & Nash 2018, British Journal of Mathematical and Statistical
 * Psychology 71, 167–185.
 *
 * @throws {RangeError} as `pearson`, and when the level is not a share
 */
export function robustCorrelation(
  x: readonly number[],
  y: readonly number[],
  level = 0.95,
): RobustCorrelation {
  const reach = normalReach(level);
  const { r, n } = pearson(x, y);
  const nothing = { estimate: r, se: null, p: null, ...NO_LIMITS, n };
  if (r === null || n < 4 || Math.abs(r) === 1) return nothing;
  const [u, v] = [direction(x)!, direction(y)!];
  const parts = u.map((value, i) => n * (value * v[i]! - r * (value ** 2 + v[i]! ** 2) / 2));
  const se = Math.sqrt(sum(parts.map((part) => part ** 2)) / (n * (n - 1)));
  const spread = se / (1 - r ** 2);
  const z = ratio(Math.atanh(r), spread);
  if (z === null) return nothing;
  const [lower, upper] = [-1, 1].map((side) => Math.tanh(Math.atanh(r) + side * reach * spread));
  return { estimate: r, se, p: normalTail(z), ...limited(lower!, upper!), n };
}

/**
 * Fisher's interval of a correlation: normal in artanh r with se 1 / √(n − 3).
 *
 * Null where r is, at ±1, and with fewer than 4 pairs. Source: Fisher 1921, Metron 1, 3–32.
 *
 * @param of what `pearson` returned
 * @throws {RangeError} when r is not between −1 and 1 or the level is not a share
 */
export function correlationLimits(of: { r: number | null; n: number }, level = 0.95): Limits {
  const reach = normalReach(level);
  if (of.r === null || !(of.n >= 4 && of.n < Infinity)) return NO_LIMITS;
  const half = reach / Math.sqrt(of.n - 3);
  const centre = Math.atanh(coefficient(of.r));
  return limited(Math.tanh(centre - half), Math.tanh(centre + half));
}

/**
 * The highest correlation that two scores of such reliability can have, √(α_x · α_y), when their errors
 * are independent.
 *
 * Null when a reliability is undefined or negative. Source: Spearman 1904, American Journal of
 * Psychology 15, 72–101.
 */
export function attenuationBound(alphaX: number | null, alphaY: number | null): number | null {
  const known = [alphaX, alphaY].filter((alpha) => alpha !== null);
  if (checked(known).length < 2 || known.some((alpha) => alpha < 0)) return null;
  return Math.sqrt(known[0]! * known[1]!);
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
  checked([n]);
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
  const limits = first!.ciLower === null || second!.ciLower === null ? NO_LIMITS : limited(
    estimate - half(xy - first!.ciLower, second!.ciUpper! - xz),
    estimate + half(first!.ciUpper! - xy, xz - second!.ciLower),
  );
  return {
    estimate,
    ...limits,
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
  // A power of two takes no digits.
  const huge = values.some((value) => Math.abs(value) > LARGEST);
  const centred = deviations(huge ? values.map((value) => value * 2 ** -800) : values);
  const largest = centred.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return null;
  const scaled = centred.map((value) => value / largest);
  const length = Math.sqrt(sum(scaled.map((value) => value ** 2)));
  return scaled.map((value) => value / length);
}
