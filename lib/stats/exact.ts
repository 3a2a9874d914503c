/** Exact tests of counts. */
import { type Count, counted } from "./shares.ts";
import { betainc } from "./special.ts";

/** Two tables this near count as equally probable, as in R's fisher.test. */
const EQUAL = 1 + 1e-7;

/**
 * Fisher's exact test of two shares, two-sided: the probability, all margins given, of all tables that
 * are no more probable than this one.
 *
 * 1 where the margins allow one table only; null when a group is empty; 0 below 5e-324. Source: Fisher
 * 1935, JRSS 98, 39–82; the two-sided rule is that of R and scipy.
 *
 * @throws {RangeError} when a count is not a whole number between 0 and its n
 */
export function fisherExact(a: Count, b: Count): { p: number | null } {
  counted(a, b);
  whole(a.count, a.n, b.count, b.n);
  if (a.n === 0 || b.n === 0) return { p: null };
  const yes = a.count + b.count;
  const [fewest, most] = [Math.max(0, yes - b.n), Math.min(a.n, yes)];
  const mode = Math.floor((a.n + 1) * (yes + 1) / (a.n + b.n + 2));
  // From the mode outwards each weight follows from its neighbour; logarithms of factorials would lose
  // digits. The mode's own weight is high, so that far tables stay above 5e-324.
  const weights = new Map([[mode, 2 ** 900]]);
  for (let x = mode; x < most; x++) {
    const step = (yes - x) * (a.n - x) / ((x + 1) * (b.n - yes + x + 1));
    weights.set(x + 1, weights.get(x)! * step);
  }
  for (let x = mode; x > fewest; x--) {
    const step = x * (b.n - yes + x) / ((yes - x + 1) * (a.n - x + 1));
    weights.set(x - 1, weights.get(x)! * step);
  }
  const observed = weights.get(a.count)! * EQUAL;
  const ascending = [...weights.values()].toSorted((x, y) => x - y);
  const total = (of: readonly number[]) => of.reduce((sum, weight) => sum + weight, 0);
  return { p: total(ascending.filter((weight) => weight <= observed)) / total(ascending) };
}

/**
 * McNemar's exact test of paired yes/no answers: the sign test of the pairs that differ, two-sided.
 *
 * 2 · P(X ≤ min(b, c)) of a binomial with b + c trials of ½, at most 1; null when no pair differs. The mid-p
 * counts what was found itself by half: it rejects closer to 5 %, at times a little above. Source: McNemar 1947,
 * Psychometrika 12, 153–157; exact form as in R's binom.test; Fagerland, Lydersen & Laake 2013, BMC Medical
 * Research Methodology 13, 91.
 *
 * @param b pairs with yes first and no second
 * @param c pairs with no first and yes second
 * @returns `n` is the number of pairs that differ
 * @throws {RangeError} when a number is not whole and 0 or more
 */
export function mcnemarExact(
  b: number,
  c: number,
): { p: number | null; midP: number | null; n: number } {
  whole(b, c);
  const n = b + c;
  if (n === 0) return { p: null, midP: null, n };
  const fewer = Math.min(b, c);
  if (b === c) return { p: 1, midP: 1, n };
  // P(X ≤ k) of a binomial of ½; of k = −1 it is 0.
  const below = (k: number) => k < 0 ? 0 : betainc(0.5, n - k, k + 1);
  return {
    p: Math.min(1, 2 * below(fewer)),
    midP: Math.min(1, below(fewer) + below(fewer - 1)),
    n,
  };
}

function whole(...counts: readonly number[]): void {
  const odd = counts.find((count) => !(Number.isSafeInteger(count) && count >= 0));
  if (odd !== undefined) throw new RangeError(`An exact test needs whole counts: got ${odd}`);
}
