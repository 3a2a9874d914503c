/** Reliability of sums of items. */
import { covariances, limited, type Limits, mean, NO_LIMITS, sd, sum } from "./basics.ts";
import { pearson } from "./correlation.ts";
import { fQuantile } from "./special.ts";
import { tailOf } from "./tails.ts";

/**
 * Cronbach's alpha, k / (k − 1) · (1 − tr C / ΣC), with C the sample covariances of the items.
 *
 * Each covariance is taken over the rows where both items are present (pandas' DataFrame.cov,
 * pingouin's nan_policy="pairwise"). alpha is null with fewer than 2 items, when no item varies,
 * when ΣC is 0 up to rounding, and when two items share fewer than 2 rows; pingouin leaves such a
 * pair out of ΣC but not out of k, which distorts alpha. Pairwise covariances need not be those of any
 * data: an alpha above 1, which a negative ΣC gives as well, is null unless `improper` is kept, as
 * pingouin keeps it. Of items 0 and 1 alpha is Kuder and Richardson's formula 20 (1937, Psychometrika 2,
 * 151–160).
 *
 * @param items one row per respondent, one column per item; null where the answer is missing
 * @returns `n` counts all rows, complete or not
 * @throws {RangeError} when the rows differ in length or a value is not finite
 */
export function cronbachAlpha(
  items: readonly (readonly (number | null)[])[],
  improper: "null" | "kept" = "null",
): { alpha: number | null; items: number; n: number } {
  const columns = columnsOf(items);
  const matrix = columns.some((column) => column.includes(null as never))
    ? pairwise(columns)
    : covariances(columns as number[][]);
  return {
    alpha: matrix === null ? null : alphaOf(matrix, improper),
    items: columns.length,
    n: items.length,
  };
}

/** Alpha of items with these covariances; null as in `cronbachAlpha`. */
function alphaOf(
  matrix: readonly (readonly number[])[],
  improper: "null" | "kept" = "null",
): number | null {
  const k = matrix.length;
  const trace = matrix.reduce((total, row, item) => total + row[item]!, 0);
  const total = matrix.flat().reduce((total, c) => total + c, 0);
  if (k < 2 || !(Math.abs(total) > ROUNDING * trace)) return null;
  const alpha = k / (k - 1) * (1 - trace / total);
  if (improper === "kept") return alpha;
  return alpha > 1 + ROUNDING ? null : Math.min(1, alpha);
}

/**
 * Feldt's interval of alpha: 1 − (1 − α) · F, with the quantiles of F on n − 1 and (n − 1)(k − 1) df.
 *
 * It holds for complete rows of items with a normal two-way model; limits of alpha by items of two
 * values are approximate. Null where alpha is, and where it is 1. Source: Feldt 1965, Psychometrika 30, 357–370.
 *
 * @param of what `cronbachAlpha` returned, for `n` independent respondents
 * @throws {RangeError} when the level is not a share
 */
export function feldt(
  of: { alpha: number | null; items: number; n: number },
  level = 0.95,
): Limits {
  const tail = tailOf(level);
  const { alpha, items, n } = of;
  if (alpha === null || !(items >= 2 && n >= 2)) return NO_LIMITS;
  const [df1, df2] = [n - 1, (n - 1) * (items - 1)];
  return limited(
    1 - (1 - alpha) * fQuantile(1 - tail, df1, df2),
    1 - (1 - alpha) * fQuantile(tail, df1, df2),
  );
}

/**
 * Standardised alpha, k r̄ / (1 + (k − 1) r̄), with r̄ the mean correlation of two items.
 *
 * Null with fewer than 2 items or rows, when an item is constant, and when its denominator is 0 up to
 * rounding. Source: Cronbach 1951, Psychometrika 16, 297–334.
 *
 * @param items one complete row per respondent, one column per item
 * @throws {RangeError} when the rows differ in length or a value is not finite
 */
export function standardisedAlpha(items: readonly (readonly number[])[]): number | null {
  const matrix = correlationsOf(items);
  return matrix === null ? null : alphaOf(matrix);
}

/** Correlations of the items; null with fewer than 2 rows and when an item is constant. */
export function correlationsOf(items: readonly (readonly number[])[]): number[][] | null {
  const matrix = covariances(columnsOf(items));
  if (matrix === null || matrix.some((row, i) => row[i] === 0)) return null;
  const sds = matrix.map((row, i) => Math.sqrt(row[i]!));
  return matrix.map((row, i) => row.map((c, j) => i === j ? 1 : c / sds[i]! / sds[j]!));
}

/** One item among those of its scale. `item` counts from 1; `sd` is 0 where all answers are equal. */
export interface ItemAnalysis {
  item: number;
  mean: number | null;
  sd: number | null;
  itemRest: number | null;
  alphaIfDropped: number | null;
}

/**
 * How each item goes with the others: its correlation with the sum of the others (corrected item–total
 * correlation) and alpha without it.
 *
 * The correlation is null when the item or the sum of the others is constant; alpha is null as in
 * `cronbachAlpha`, so always with 2 items. Source: Nunnally & Bernstein 1994, Psychometric Theory,
 * ch. 8.
 *
 * @param items one complete row per respondent, one column per item
 * @throws {RangeError} when the rows differ in length or a value is not finite
 */
export function itemAnalysis(items: readonly (readonly number[])[]): ItemAnalysis[] {
  const columns = columnsOf(items);
  const matrix = covariances(columns);
  return columns.map((column, item) => {
    const others = columns.keys().toArray().filter((other) => other !== item);
    const rest = items.map((row) => sum(others.map((other) => row[other]!)));
    return {
      item: item + 1,
      mean: mean(column),
      sd: sd(column),
      itemRest: pearson(column, rest).r,
      alphaIfDropped: matrix === null
        ? null
        : alphaOf(others.map((i) => others.map((j) => matrix[i]![j]!))),
    };
  });
}

/** ΣC is a sum of k² rounded terms of the size of tr C; less than this of tr C is no more than rounding. */
const ROUNDING = 1e-12;

/** Covariances over the rows that each pair of columns shares; null when a pair shares fewer than 2. */
function pairwise(columns: readonly (readonly (number | null)[])[]): number[][] | null {
  const matrix: number[][] = columns.map(() => []);
  for (const [i, x] of columns.entries()) {
    for (const [j, y] of columns.entries()) {
      if (j < i) continue;
      const shared = x.map((_, row) => row).filter((row) => x[row] !== null && y[row] !== null);
      const c = covariances([shared.map((row) => x[row]!), shared.map((row) => y[row]!)]);
      if (c === null) return null;
      matrix[i]![j] = matrix[j]![i] = c[0]![1]!;
    }
  }
  return matrix;
}

/** One list per item. */
function columnsOf<T>(items: readonly (readonly T[])[]): T[][] {
  const k = items[0]?.length ?? 0;
  const ragged = items.findIndex((row) => row.length !== k);
  if (ragged >= 0) {
    throw new RangeError(
      `Row ${ragged + 1} of ${items.length} has ${items[ragged]!.length} items, ` +
        `the first has ${k}`,
    );
  }
  return Array.from({ length: k }, (_, item) => items.map((row) => row[item]!));
}
