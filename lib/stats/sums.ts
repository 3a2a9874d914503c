/** Statistics from sums over rows, which is what a draw of the cluster bootstrap leaves of them. */

import { finite } from "./basics.ts";

/** Sums that cancel up to this part of their terms are no more than rounding. */
const ROUNDING = 1e-12;

/** Σ(x − x̄)² from Σx² and Σx, 0 where x does not vary. */
function squaresOf(square: number, total: number, n: number): number {
  const squares = square - total ** 2 / n;
  return squares > ROUNDING * square ? squares : 0;
}

/**
 * Pearson's r from n, Σx, Σy, Σx², Σy² and Σxy; null where x or y does not vary.
 *
 * Digits are lost where the means are far from 0: take x and y from something near their means.
 */
export function correlationOfSums(
  of: { n: number; x: number; y: number; xx: number; yy: number; xy: number },
): number | null {
  const { n, x, y, xx, yy, xy } = of;
  const spread = Math.sqrt(squaresOf(xx, x, n)) * Math.sqrt(squaresOf(yy, y, n));
  return spread > 0 ? finite((xy - x * y / n) / spread) : null;
}

/**
 * Cronbach's alpha from sums over rows: n, each item, all squared items, and the squared totals of the
 * rows. Null as in `cronbachAlpha`; digits are lost as in `correlationOfSums`.
 */
export function alphaOfSums(
  of: { n: number; items: readonly number[]; squares: number; squaredTotals: number },
): number | null {
  const { n, items, squares, squaredTotals } = of;
  const k = items.length;
  let sum = 0, within = squares;
  for (const item of items) {
    sum += item;
    within -= item ** 2 / n;
  }
  const total = squaresOf(squaredTotals, sum, n);
  if (!(k >= 2 && n >= 2 && within > ROUNDING * squares && total > ROUNDING * within)) return null;
  return finite(Math.min(1, k / (k - 1) * (1 - within / total)));
}
