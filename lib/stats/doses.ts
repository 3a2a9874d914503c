/** Numbers of the same rows at each of several doses: slopes within rows, and whether they ever fall. */
import { type Bootstrap, clusterBootstrap, weightedTotals } from "./bootstrap.ts";
import { checked, mean, ratio, sum } from "./basics.ts";
import { pearson } from "./correlation.ts";
import { midranks } from "./ranks.ts";

/** A row per profile, in it a number for each dose. */
export type DoseRows = readonly (readonly number[])[];

/** What is left of a row: sums of deviations from its own mean, and its totals. */
function sumsOf(row: readonly number[], doses: readonly number[]) {
  const x = mean(doses)!, y = mean(row)!;
  return {
    xx: sum(doses.map((dose) => (dose - x) ** 2)),
    xy: sum(doses.map((dose, at) => (dose - x) * (row[at]! - y))),
    yy: sum(row.map((value) => (value - y) ** 2)),
    total: sum(row),
    squares: sum(row.map((value) => value ** 2)),
  };
}

/** How much of the variance of numbers goes with the dose, 0–1. */
export interface DoseFit {
  /** 1 − SSE(row + dose) / SSE(row): of the variance within rows. */
  within: Bootstrap;
  /** Of all variance, in which the spread of rows counts as noise. */
  pooled: Bootstrap;
}

/**
 * R² of numbers on doses, within rows and pooled, with limits by drawing rows.
 *
 * Pooled R² mixes what rows differ in with what the dose does: read the first. Null where nothing varies.
 *
 * @param options `uniform` gives numbers in [0, 1), of a seeded stream; 2,000 draws unless said
 * @throws {RangeError} with fewer than 2 rows, when rows and doses differ in length, all doses are equal or a
 *   number is not finite
 */
export function doseFit(
  rows: DoseRows,
  doses: readonly number[],
  options: { uniform: () => number; draws?: number },
): DoseFit {
  shaped(rows, doses);
  const places = doses.length;
  // From something near the numbers, so that squares keep their digits.
  const origin = mean(rows.flat())!;
  const own = rows.map((row) => sumsOf(row.map((value) => value - origin), doses));
  const column = (of: (one: typeof own[number]) => number) => Float64Array.from(own, of);
  const xx = own[0]?.xx ?? 0;
  const columns = [
    column(({ xy }) => xy),
    column(({ yy }) => yy),
    column(({ total }) => total),
    column(({ squares }) => squares),
  ];
  const share = (xy: number, x: number, y: number) => {
    const found = y > 1e-12 * Math.abs(x) ? ratio(xy ** 2, x * y) : null;
    return found === null ? null : Math.min(1, found);
  };
  const [within, pooled] = clusterBootstrap({
    clusters: rows.length,
    uniform: options.uniform,
    ...options.draws === undefined ? {} : { draws: options.draws },
    accelerated: false,
    statistics: (weights) => {
      const [xy, yy, total, squares] = weightedTotals(weights, columns) as [
        number,
        number,
        number,
        number,
      ];
      // Every draw has as many rows as there are.
      const n = rows.length, all = squares - total ** 2 / (n * places);
      return [share(xy, n * xx, yy), share(xy, n * xx, all)];
    },
  });
  return { within: within!, pooled: pooled! };
}

/**
 * The slope of y on x by least squares; null where x does not vary.
 *
 * @throws {RangeError} when lengths differ or a number is not finite
 */
export function slopeOn(x: readonly number[], y: readonly number[]): number | null {
  if (x.length !== y.length) {
    throw new RangeError(`A slope is of pairs: got ${x.length} and ${y.length}`);
  }
  if (checked(x).length === 0) return null;
  const { xx, xy } = sumsOf(checked(y), x);
  return ratio(xy, xx);
}

/**
 * Spearman's rank correlation, ties sharing their mean rank; null where either does not vary.
 *
 * @throws {RangeError} as `pearson`
 */
export const spearman = (x: readonly number[], y: readonly number[]): number | null =>
  pearson(midranks(x), midranks(y)).r;

/** How often numbers fall where the dose rises. */
export interface Falls {
  /** Steps from a dose to the next, and those of them that fall. */
  steps: number;
  falls: number;
  /** Pairs of a lower and a higher dose, and those of them where the number is lower. */
  pairs: number;
  violated: number;
}

/** Counted over all rows; doses in rising order. Equal numbers are no fall. */
export function falls(rows: DoseRows): Falls {
  const found = { steps: 0, falls: 0, pairs: 0, violated: 0 };
  for (const row of rows) {
    checked(row).forEach((value, at) => {
      for (let later = at + 1; later < row.length; later++) {
        const lower = Number(row[later]! < value);
        found.pairs += 1;
        found.violated += lower;
        if (later > at + 1) continue;
        found.steps += 1;
        found.falls += lower;
      }
    });
  }
  return found;
}

/**
 * The numbers nearest to those given that never fall, by weighted least squares: pool adjacent violators.
 * Source: Barlow et al. 1972, Statistical Inference under Order Restrictions.
 *
 * @param weights above 0; left out, all are equal
 * @throws {RangeError} when lengths differ, a weight is not above 0 or a number is not finite
 */
export function isotonic(values: readonly number[], weights?: readonly number[]): number[] {
  const w = weights ?? values.map(() => 1);
  if (w.length !== values.length || w.some((one) => !(one > 0 && one < Infinity))) {
    throw new RangeError(`Numbers have a weight above 0 each: got ${w} for ${values.length}`);
  }
  const blocks: { mean: number; weight: number; size: number }[] = [];
  checked(values).forEach((value, at) => {
    let block = { mean: value, weight: w[at]!, size: 1 };
    while (blocks.length && blocks.at(-1)!.mean > block.mean) {
      const { mean, weight, size } = blocks.pop()!;
      const together = weight + block.weight;
      block = {
        mean: (mean * weight + block.mean * block.weight) / together,
        weight: together,
        size: size + block.size,
      };
    }
    blocks.push(block);
  });
  return blocks.flatMap(({ mean, size }) => new Array<number>(size).fill(mean));
}

function shaped(rows: DoseRows, doses: readonly number[]): void {
  const odd = rows.find((row) => row.length !== doses.length);
  if (odd) {
    throw new RangeError(`Rows have a number for each dose: got ${odd.length} for ${doses.length}`);
  }
  if (new Set(checked(doses)).size < 2) {
    throw new RangeError(`Doses are 2 or more: got ${doses.join(", ") || "none"}`);
  }
  rows.forEach(checked);
}
