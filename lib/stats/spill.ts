/** What a dose on one scale does to the others. */
import { type Limits, ratio, sum } from "./basics.ts";
import { clusterBootstrap, weightedTotals } from "./bootstrap.ts";
import { clusteredMean } from "./clusters.ts";
import { holm } from "./families.ts";

/** Doses on one scale: of every scale the slope of each profile, in score points per item of dose. */
export interface DosedScale {
  /** Which of the scales was dosed. */
  own: number;
  /** By scale, a slope for each profile; profiles in one order. */
  slopes: readonly (readonly number[])[];
}

/** One cell of the matrix: what an item of dose on one scale does to another, in its sds where nothing is dosed. */
export interface Spill extends Limits {
  dosed: number;
  scale: number;
  estimate: number | null;
  se: number | null;
  df: number | null;
  p: number | null;
  /** Holm's p of the cells off the diagonal; null on it. */
  pHolm: number | null;
  /** Off the diagonal, the cell as a part of what the dose does to its own scale, from the same draws. */
  ratio: number | null;
  ratioLower: number | null;
  ratioUpper: number | null;
  n: number;
}

/**
 * The spill-over matrix: mean slopes over profiles in sds with t intervals, and off the diagonal their
 * ratio to the dosed scale's own with limits by drawing profiles, own and other slope of the same draw. The
 * sds are units, and not drawn. A scale whose sd is 0 or unknown has no cell: all null.
 *
 * @param sds of the scales where nothing was dosed
 * @param options `uniform` gives numbers in [0, 1), of a seeded stream; 2,000 draws unless said
 * @throws {RangeError} when scales have no sd each, profiles differ between scales, or a number is not finite
 */
export function spillOver(
  dosed: readonly DosedScale[],
  sds: readonly (number | null)[],
  options: { uniform: () => number; draws?: number },
): Spill[] {
  const cells = dosed.flatMap(({ own, slopes }) => {
    const n = slopes[own]?.length ?? 0;
    if (slopes.length !== sds.length || slopes.some((one) => one.length !== n)) {
      throw new RangeError(
        `A spill-over has an sd and ${n} slopes for each scale: got ${sds.length} and ` +
          slopes.map(({ length }) => length).join(", "),
      );
    }
    const inSds = slopes.map((one, scale) => {
      const sd = sds[scale];
      return sd ? one.map((slope) => slope / sd) : null;
    });
    const ratios = ratiosOf(inSds, own, options);
    return inSds.map((one, scale) => {
      const shape = { dosed: own, scale, n };
      const drawn = ratios[scale]!;
      if (!one) {
        const none = { estimate: null, se: null, df: null, p: null, ciLower: null, ciUpper: null };
        return { ...shape, ...none, ...drawn };
      }
      const { estimate, se, df, p, ciLower, ciUpper } = clusteredMean(one.map((slope) => [slope]));
      return { ...shape, estimate, se, df, p, ciLower, ciUpper, ...drawn };
    });
  });
  const off = cells.map(({ dosed, scale, p }) => dosed === scale ? null : p);
  const { adjusted } = holm(off);
  return cells.map((cell, at) => ({ ...cell, pHolm: adjusted[at]! }));
}

const NO_RATIO = { ratio: null, ratioLower: null, ratioUpper: null };

function ratiosOf(
  slopes: readonly (readonly number[] | null)[],
  own: number,
  { uniform, draws }: { uniform: () => number; draws?: number },
): (typeof NO_RATIO | {
  ratio: number | null;
  ratioLower: number | null;
  ratioUpper: number | null;
})[] {
  const diagonal = slopes[own], n = diagonal?.length ?? 0;
  const others = slopes.flatMap((one, scale) => one && scale !== own ? [{ one, scale }] : []);
  const found = slopes.map((): ReturnType<typeof ratiosOf>[number] => NO_RATIO);
  if (!diagonal || n < 2 || others.length === 0) return found;
  const columns = [diagonal, ...others.map(({ one }) => one)].map((one) => Float64Array.from(one));
  // A mean that cancels up to rounding is none to divide by.
  const size = sum(diagonal.map(Math.abs)) || 1;
  const drawn = clusterBootstrap({
    clusters: n,
    uniform,
    ...draws === undefined ? {} : { draws },
    accelerated: false,
    statistics: (weights) => {
      const [whole, ...parts] = weightedTotals(weights, columns);
      return parts.map((part) => Math.abs(whole!) > 1e-12 * size ? ratio(part, whole!) : null);
    },
  });
  others.forEach(({ scale }, at) => {
    const { estimate, percentile } = drawn[at]!;
    found[scale] = {
      ratio: estimate,
      ratioLower: percentile.ciLower,
      ratioUpper: percentile.ciUpper,
    };
  });
  return found;
}
