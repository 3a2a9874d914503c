/** How much of a space points fill, and how many kinds a set has. */
import { checked, covariances, sum } from "./basics.ts";
import type { Points } from "./neighbours.ts";

/**
 * Spread of points: the mean squared Euclidean distance of two of them, and the effective number of
 * dimensions in which they differ.
 *
 * `distance` is 2 tr S, S being the covariance matrix (divisor n − 1); of points of 0 and 1 it is the
 * mean number of coordinates in which two points differ. `dimension` is the participation ratio of the
 * eigenvalues of S, (Σλ)² / Σλ² = (tr S)² / tr S²: d where all of d dimensions vary equally and
 * independently, 1 where all points lie on a line. It counts linear dimensions, and a constant
 * coordinate adds nothing. `distance` is null with fewer than 2 points, `dimension` besides where
 * nothing varies. Source: Del Giudice 2021, Multivariate Behavioral Research 56, 527–542 (n₂).
 *
 * @throws {RangeError} when a coordinate is not finite
 */
export function spread(
  points: Points,
): { distance: number | null; dimension: number | null } {
  const columns = (points[0] ?? []).map((_, at) => points.map((point) => point[at]!));
  const matrix = covariances(columns);
  if (matrix === null) return { distance: null, dimension: null };
  const trace = sum(matrix.map((row, at) => row[at]!));
  const squares = sum(matrix.flatMap((row) => row.map((value) => value ** 2)));
  return { distance: 2 * trace, dimension: squares > 0 ? trace ** 2 / squares : null };
}

/**
 * The effective number of kinds: exp of Shannon's entropy of their shares, the number of equally common
 * kinds that are as diverse. Null without any count. Source: Jost 2006, Oikos 113, 363–375 (order 1).
 *
 * @param counts of each kind; a kind with 0 adds nothing
 * @throws {RangeError} when a count is negative or not finite
 */
export function effectiveNumber(counts: readonly number[]): number | null {
  const odd = counts.find((count) => !(count >= 0 && count < Infinity));
  if (odd !== undefined) throw new RangeError(`A count is 0 or more: got ${odd}`);
  const n = sum(checked(counts));
  if (n === 0) return null;
  const shares = counts.filter((count) => count > 0).map((count) => count / n);
  return Math.exp(-sum(shares.map((share) => share * Math.log(share))));
}
