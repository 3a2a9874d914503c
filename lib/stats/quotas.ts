/** How many of each: n things shared out to classes. */
import { checked, sum } from "./basics.ts";

/** Remainders that differ by less are a tie that was rounded. */
const TIED = 1e-9;

/**
 * Quotas by largest remainder: each class gets the whole part of its n · share, and what is left goes to
 * the largest remainders, of equal ones to the first in order. They add up to n.
 *
 * A class whose share of n is well below one gets nothing. Source: Hamilton's method; Balinski &
 * Young 1982, Fair Representation.
 *
 * @param shares 0 or more, in any unit
 * @throws {RangeError} when n is no whole number of 0 or more, or the shares do not add up to more than 0
 */
export function apportioned(n: number, shares: readonly number[]): number[] {
  const exact = parts(n, shares);
  const counts = exact.map(Math.floor);
  const left = n - sum(counts);
  const remainders = exact.map((part, at) => ({ at, rest: part - counts[at]! }))
    .toSorted((a, b) => Math.abs(a.rest - b.rest) <= TIED ? a.at - b.at : b.rest - a.rest);
  for (const { at } of remainders.slice(0, left)) counts[at]! += 1;
  return counts;
}

/**
 * A systematic sample: n points with equal steps over the shares laid end to end. Each class gets its
 * n · share rounded down or up, and over all starts exactly that on average, small ones as well. They
 * add up to n. Source: Madow & Madow 1944, Annals of Mathematical Statistics 15, 1–24.
 *
 * @param shares 0 or more, in any unit
 * @param start where in the first step the first point lies: 0 to less than 1
 * @throws {RangeError} as `apportioned`, and when the start is outside
 */
export function systematic(n: number, shares: readonly number[], start: number): number[] {
  if (!(start >= 0 && start < 1)) {
    throw new RangeError(`A systematic sample starts at 0 to less than 1: got ${start}`);
  }
  const exact = parts(n, shares);
  const last = exact.findLastIndex((part) => part > 0);
  let upTo = 0, before = 0;
  return exact.map((part, at) => {
    upTo += part;
    const points = at >= last ? n : Math.min(n, Math.max(before, Math.ceil(upTo - start)));
    const own = points - before;
    before = points;
    return own;
  });
}

function parts(n: number, shares: readonly number[]): number[] {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new RangeError(`A whole number of things is shared out: got ${n}`);
  }
  const odd = checked(shares).find((share) => share < 0);
  if (odd !== undefined) throw new RangeError(`A share is 0 or more: got ${odd}`);
  const most = Math.max(0, ...shares);
  if (most === 0) throw new RangeError("Shares add up to more than 0: got nothing to share out to");
  const relative = shares.map((share) => share / most);
  const total = sum(relative);
  return relative.map((share) => n * (share / total));
}
