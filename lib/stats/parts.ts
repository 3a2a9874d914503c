/** Which part of a quantity changes, where both are known only roughly. */
import { checked, type Interval, limited, mean, NO_LIMITS, ratio, sd } from "./basics.ts";
import { noncentralT } from "./noncentral.ts";
import { tAbove, tReach, tTail } from "./tails.ts";

/** What a change comes to, in parts of the size of what changes. */
export interface ChangedPart {
  size: number;
  change: number;
  /** change / size; null where the size is 0, or next to it. */
  part: number | null;
  /** Of the part, at 95 %; null where the size is not told from 0. */
  ciLower: number | null;
  ciUpper: number | null;
  /** The largest absolute part that is not refused at 5 %, one-sided; null as the limits. */
  most: number | null;
  /** That the size is 0. */
  pSize: number | null;
  /** That the change is the bound or more, in parts of the size: below 5 % it lies within. */
  pWithin: number | null;
  /** That the change is the bound or less: below 5 % it lies beyond. */
  pBeyond: number | null;
  df: number;
  n: number;
}

/**
 * The part of a mean by which it changes, as a ratio of two paired means: Fieller's limits, and tests of
 * the ratio against a bound, which are t-tests of size × bound ± change. The size is not taken for known.
 * Of statistics other than means the values are jackknife pseudo-values, and the estimates are those of the
 * statistic. Within is shown by the larger of two one-sided p (TOST), beyond by twice the smaller. Where nothing
 * varies there is no test.
 *
 * Source: Fieller 1954, JRSS B 16, 175–185; Hauschke, Kieser & Hothorn 1999, Biometrical Journal 41,
 * 453–461 (tests of a ratio); Miller 1974, Biometrika 61, 1–15 (the jackknife).
 *
 * @param of `sizes`, `changes`: of each respondent; `bound`: a share of the size; `size`, `change`: left
 *   out, the means of the values
 * @throws {RangeError} with fewer than 2 respondents, or when the bound is not above 0
 */
export function changedPart(of: {
  sizes: readonly number[];
  changes: readonly number[];
  bound: number;
  size?: number;
  change?: number;
}): ChangedPart {
  const { sizes, changes, bound } = of, n = sizes.length, df = n - 1;
  if (!(n >= 2 && changes.length === n)) {
    throw new RangeError(
      `A part is of at least 2 pairs of a size and a change: got ${n} and ${changes.length}`,
    );
  }
  if (!(bound > 0)) throw new RangeError(`A bound is a share above 0: got ${bound}`);
  const size = of.size ?? mean(sizes)!, change = of.change ?? mean(changes)!;
  const sign = Math.sign(size) || 1;
  /** t of a · size + b · change. */
  const t = (a: number, b: number): number | null => {
    const se = sd(sizes.map((value, at) => a * value + b * changes[at]!))! / Math.sqrt(n);
    const of = a * size + b * change;
    return se > 1e-12 * Math.max(Math.abs(a * size), Math.abs(b * change), 1e-300) ? of / se : null;
  };
  const above = (value: number | null) => value === null ? null : tAbove(value, df);
  const both = (a: number | null, b: number | null, of: (a: number, b: number) => number) =>
    a === null || b === null ? null : of(a, b);
  const tSize = t(1, 0);
  const [wide, narrow] = [0.95, 0.9].map((level) =>
    fieller({ sizes, changes, size, change, reach: tReach(level, df) })
  );
  return {
    size,
    change,
    part: Number.isFinite(change / size) ? change / size : null,
    ...wide ? limited(...wide) : NO_LIMITS,
    most: narrow ? Math.max(...narrow.map(Math.abs)) : null,
    pSize: tSize === null ? null : tTail(tSize, df),
    pWithin: both(above(t(sign * bound, sign)), above(t(sign * bound, -sign)), Math.max),
    pBeyond: both(
      above(t(-sign * bound, sign)),
      above(t(-sign * bound, -sign)),
      (a, b) => Math.min(1, 2 * Math.min(a, b)),
    ),
    df,
    n,
  };
}

/**
 * Power to show that a part lies within the bound where nothing changes, with n respondents that are as
 * those given: at least the sum of the powers of both one-sided t-tests of `changedPart`, less 1.
 *
 * @param of as `changedPart`, with changes that come of chance alone, such as of asking the same again
 * @returns null where nothing varies
 * @throws {RangeError} as `changedPart`, and with n below 2
 */
export function partPower(
  of: Pick<Parameters<typeof changedPart>[0], "sizes" | "changes" | "bound" | "size">,
  n: number,
): number | null {
  const { sizes, changes, bound } = of;
  changedPart({ sizes, changes, bound });
  if (!(Number.isInteger(n) && n >= 2)) throw new RangeError(`Power is of 2 or more: got ${n}`);
  const size = of.size ?? mean(sizes)!, reach = tReach(0.9, n - 1);
  const powers = [1, -1].map((side) => {
    const spread = sd(sizes.map((value, at) => bound * value + side * changes[at]!))!;
    const away = ratio(bound * Math.abs(size), spread);
    if (away === null) return null;
    const shift = away * Math.sqrt(n);
    // The sd would have to be found 50 times too large.
    return shift > 50 * (reach + 1) ? 1 : noncentralT(reach, n - 1, shift).upper;
  });
  return powers.includes(null) ? null : Math.max(0, powers[0]! + powers[1]! - 1);
}

/**
 * The ratio of two paired means, with Fieller's limits: those ratios r for which the mean of part − r · whole is not
 * told from 0. Null where the wholes sum to 0; without limits where their mean is not told from 0, or nothing
 * varies. Source: Fieller 1954, as above.
 *
 * @throws {RangeError} when there are not as many wholes as parts
 */
export function meanRatio(
  parts: readonly number[],
  wholes: readonly number[],
  level = 0.95,
): Interval {
  if (parts.length !== wholes.length) {
    throw new RangeError(`A ratio is of pairs: got ${parts.length} and ${wholes.length}`);
  }
  const change = mean(checked(parts)), size = mean(checked(wholes)), n = parts.length;
  const estimate = size ? ratio(change!, size) : null;
  if (estimate === null || n < 2) return { estimate, ...NO_LIMITS };
  const reach = tReach(level, n - 1);
  const limits = fieller({ sizes: wholes, changes: parts, size: size!, change: change!, reach });
  return { estimate, ...limits ? limited(...limits) : NO_LIMITS };
}

/** The ratios r for which change − r · size is not told from 0; null where these are not one interval. */
function fieller({ sizes, changes, size, change, reach }: {
  sizes: readonly number[];
  changes: readonly number[];
  size: number;
  change: number;
  reach: number;
}): [number, number] | null {
  const n = sizes.length, [meanSize, meanChange] = [mean(sizes)!, mean(changes)!];
  const products = (a: readonly number[], of: number, b: readonly number[], to: number) =>
    a.reduce((sum, value, at) => sum + (value - of) * (b[at]! - to), 0) / (n - 1) / n;
  const k = reach ** 2;
  const a = size ** 2 - k * products(sizes, meanSize, sizes, meanSize);
  const b = size * change - k * products(sizes, meanSize, changes, meanChange);
  const c = change ** 2 - k * products(changes, meanChange, changes, meanChange);
  if (!(a > 0)) return null;
  const half = Math.sqrt(Math.max(0, b ** 2 - a * c));
  return [(b - half) / a, (b + half) / a];
}

/**
 * Pseudo-values of a statistic, n · θ − (n − 1) · θ without each: of a mean the values themselves. Null
 * where the statistic is undefined, for all or without one of them.
 *
 * @param of the statistic of the respondents with these numbers, from 0
 */
export function pseudoValues(
  n: number,
  of: (kept: readonly number[]) => number | null,
): { estimate: number; values: number[] } | null {
  const all = Array.from({ length: n }, (_, at) => at), estimate = of(all);
  if (estimate === null) return null;
  const values: number[] = [];
  for (const without of all) {
    const value = of(all.filter((at) => at !== without));
    if (value === null) return null;
    values.push(n * estimate - (n - 1) * value);
  }
  return { estimate, values };
}
