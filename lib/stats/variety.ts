/** How much a set of answer sheets varies, by itself and beside the sheets of others. */
import { type Coverage, hopkins, type Points } from "./neighbours.ts";
import { spread } from "./spread.ts";

/** Measures of a set of sheets; see {@link variety}. */
export interface Variety extends Coverage {
  distinct: number | null;
  distance: number | null;
  dimension: number | null;
  hopkins: number | null;
}

/**
 * The variety of answer sheets.
 *
 * - `distinct`: different sheets, to the number of sheets;
 * - `distance`, `dimension`: as `spread` has them. TwoNN is not used for the dimension: it needs distances
 *   without ties, and sheets have few different ones;
 * - `hopkins`: Hopkins' statistic on the answers with made-up sheets for its null, each answer of which
 *   is that of a sheet drawn anew: the same rates, nothing else. ½ is what independent answers give,
 *   more is clustered. The exponent is 2 of Euclidean distances; m is all sheets, since a few would add their
 *   own chance to every draw. A uniform null would say of all sheets, those at random too, that they are
 *   clustered;
 * - `coverage`, `density`: what `cover` finds, of `neighbourhoods`.
 *
 * @param sheets numbers by item; a sheet's point is the numbers themselves unless `pointOf` says otherwise
 * @param of `random`: a seeded stream
 */
export function variety(sheets: Points, of: {
  cover: (points: Points) => Coverage;
  random: { int: (below: number) => number; uniform: () => number };
  pointOf?: (sheet: readonly number[]) => readonly number[];
}): Variety {
  const { cover, random, pointOf = (sheet) => sheet } = of;
  const n = sheets.length;
  const places = Array.from(
    { length: n },
    () => sheets[0]!.map((_, item) => sheets[random.int(n)]![item]!),
  );
  const points = sheets.map(pointOf);
  return {
    distinct: n ? new Set(sheets.map((sheet) => sheet.join())).size / n : null,
    ...spread(points),
    hopkins: hopkins({
      points,
      places: places.map(pointOf),
      exponent: 2,
      uniform: random.uniform,
    }),
    ...cover(points),
  };
}
