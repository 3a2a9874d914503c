/** A mean over rows and columns that are both a sample, such as questions and the wordings they are asked in. */
import { crossedAnova } from "./anova.ts";
import { checked, finite, type Interval, limited, mean, ratio, sum, vanishes } from "./basics.ts";
import { tReach, tTail } from "./tails.ts";

/** A mean against 0, its error counted over both factors; `df` need not be whole. */
export interface CrossedMean extends Interval {
  se: number | null;
  t: number | null;
  df: number | null;
  p: number | null;
  rows: number;
  columns: number;
  n: number;
}

/** With the mean squares that the error is made of. */
export interface BalancedMean extends CrossedMean {
  meanSquares: { rows: number | null; columns: number | null; residual: number | null };
  /** Whether the variance came out at 0 or near it, so that the larger mean square alone stands for it. */
  bounded: boolean;
}

/**
 * Mean of a full table whose rows and columns are both drawn: it answers for other questions and for other
 * wordings, where a t-test over either answers for that one alone.
 *
 * Var = (MS_rows + MS_columns − MS_residual) / n, df = (…)² / (MS_r²/(r−1) + MS_c²/(c−1) + MS_e²/((r−1)(c−1)))
 * by Satterthwaite. Where the variance is 0 or below, or so small that its df is below 1, which is no
 * distribution of a variance any more, max(MS_r, MS_c) / n with that factor's df. se and what
 * follows are null with fewer than 2 rows or columns; t, p and limits where nothing varies. Source: Clark 1973,
 * Journal of Verbal Learning and Verbal Behavior 12, 335–359; Satterthwaite 1946, Biometrics Bulletin 2, 110–114.
 *
 * @param table a value for each row and column
 * @throws {RangeError} when rows differ in length, a value is not finite or the level is not a share
 */
export function crossedMean(
  table: readonly (readonly number[])[],
  level = 0.95,
): BalancedMean {
  const rows = table.length, columns = table[0]?.length ?? 0, n = rows * columns;
  const odd = table.findIndex((row) => row.length !== columns);
  if (odd >= 0) {
    throw new RangeError(
      `A crossed mean takes a full table: row ${odd + 1} of ${rows} has ${
        table[odd]!.length
      } values, ` +
        `the first has ${columns}`,
    );
  }
  const values = checked(table.flat());
  const estimate = mean(values);
  const size = sum(values.map(Math.abs)) / n;
  if (rows < 2 || columns < 2) {
    const meanSquares = { rows: null, columns: null, residual: null };
    return {
      ...tested(estimate, null, null, { size, level }),
      ...{ rows, columns, n, meanSquares, bounded: false },
    };
  }
  const { terms: [own, other], residual } = crossedAnova(
    table.flatMap((row, i) => row.map((value, v) => ({ value, levels: [`${i}`, `${v}`] }))),
    [[0], [1]],
  );
  const r = own!.meanSquare!, c = other!.meanSquare!, e = residual.meanSquare!;
  const whole = r + c - e;
  const satterthwaite = whole ** 2 /
    (r ** 2 / (rows - 1) + c ** 2 / (columns - 1) + e ** 2 / residual.df);
  const bounded = !(whole > 0 && satterthwaite >= 1);
  const variance = (bounded ? Math.max(r, c) : whole) / n;
  const df = bounded ? (r >= c ? rows : columns) - 1 : satterthwaite;
  return {
    ...tested(estimate, Math.sqrt(variance), df, { size, level }),
    rows,
    columns,
    n,
    meanSquares: { rows: r, columns: c, residual: e },
    bounded,
  };
}

/** Standard errors by either factor, as if each value stood alone, and by both. */
export interface TwoWayMean extends CrossedMean {
  seRows: number | null;
  seColumns: number | null;
  seSingle: number | null;
}

/**
 * Mean with an error that allows for two ways of depending on each other, of a table that may have gaps:
 * V = V_rows + V_columns − V_single, each CR1. Where that is 0 or below, the larger of the first two. df is
 * the smaller number of clusters less 1. It is too small below about 20 levels of either factor; of a full table
 * `crossedMean` has df that allow for that. Source: Cameron, Gelbach & Miller 2011, Journal of Business &
 * Economic Statistics 29, 238–249.
 *
 * @param row and `column` the level of each value, whole numbers from 0
 * @throws {RangeError} when a value is not finite, lengths differ or the level is not a share
 */
export function twoWayMean(
  of: { value: readonly number[]; row: readonly number[]; column: readonly number[] },
  level = 0.95,
): TwoWayMean {
  const { value, row, column } = of, n = value.length;
  if (row.length !== n || column.length !== n) {
    throw new RangeError(
      `Each value has a row and a column: got ${n}, ${row.length} and ${column.length}`,
    );
  }
  const estimate = mean(value);
  const away = value.map((one) => one - (estimate ?? 0));
  const [byRow, byColumn, single] = [row, column, value.keys().toArray()].map((cluster) => {
    const sums = clustersOf(cluster, away);
    const count = sums.length;
    const variance = count < 2 ? null : count / (count - 1) * sum(sums.map((s) => s ** 2)) / n ** 2;
    return { count, variance };
  });
  const [r, c, w] = [byRow!, byColumn!, single!].map(({ variance }) => variance);
  const both = r === null || c === null ? null : r! + c! - w!;
  const variance = both === null ? null : both > 1e-12 * (r! + c!) ? both : Math.max(r!, c!);
  const root = (of: number | null | undefined) => of === null ? null : Math.sqrt(of!);
  const df = Math.min(byRow!.count, byColumn!.count) - 1;
  const size = sum(value.map(Math.abs)) / n;
  return {
    ...tested(estimate, root(variance), df, { size, level }),
    rows: byRow!.count,
    columns: byColumn!.count,
    n,
    seRows: root(r),
    seColumns: root(c),
    seSingle: root(w),
  };
}

const clustersOf = (cluster: readonly number[], values: readonly number[]): number[] => {
  const sums = new Map<number, number>();
  cluster.forEach((one, at) => sums.set(one, (sums.get(one) ?? 0) + values[at]!));
  return [...sums.values()];
};

function tested(
  estimate: number | null,
  se: number | null,
  df: number | null,
  { size, level }: { size: number; level: number },
): Pick<CrossedMean, "estimate" | "se" | "t" | "df" | "p" | "ciLower" | "ciUpper"> {
  const flat = estimate === null || se === null || df === null || vanishes(se, size);
  const t = flat ? null : ratio(estimate, se);
  const half = flat ? null : finite(tReach(level, df) * se);
  const [lower, upper] = half === null ? [null, null] : [estimate! - half, estimate! + half];
  const p = t === null ? null : tTail(t, df!);
  return { estimate, se, t, df, p, ...limited(lower, upper) };
}
