/** Whether numbers rise along ordered places, within rows that have one at each. */
import { checked, ratio, sum } from "./basics.ts";
import { midranks } from "./ranks.ts";
import { normalTail } from "./tails.ts";

/** Page's test; one-sided, because its alternative has a direction. */
export interface Trend {
  /** Σ j·Rⱼ, Rⱼ being the sum of the ranks in place j; of weighted rows, weighted. */
  L: number | null;
  expected: number | null;
  /** Of ties as they are: the variance where the numbers of each row are dealt out at random. */
  variance: number | null;
  z: number | null;
  /** For rising; exact where it can be had, otherwise that of z. */
  p: number | null;
  pNormal: number | null;
  method: "exact" | "normal";
  /** Rows that are not all alike: what the test goes by. */
  informative: number;
  n: number;
}

/** Places and rows up to which the exact distribution is computed. */
const MOST_PLACES = 7, MOST_ROWS = 200;

/**
 * Page's L: whether the numbers of rows rise from place to place.
 *
 * Ties share their mean rank; expected value and variance are those of the ranks as they are, dealt out at
 * random within each row. Exact up to 7 places and 200 rows without weights, by convolution over the rows.
 * Rows all alike add to L and not to its variance. Everything but n is null without rows; z and p where no
 * row varies. Source: Page 1963, JASA 58, 216–230; ties as in Hollander & Wolfe 1999, ch. 7.
 *
 * @param rows a number for each place; clusters of rows are not provided for
 * @param weights of the rows, above 0; without, all alike
 * @throws {RangeError} when rows differ in length, have fewer than 2 places, or a number is not finite
 */
export function pageTrend(
  rows: readonly (readonly number[])[],
  weights?: readonly number[],
): Trend {
  const places = rows[0]?.length ?? 2;
  if (places < 2 || rows.some((row) => row.length !== places)) {
    throw new RangeError(
      `Rows have the same places, 2 or more: got ${rows.map((row) => row.length)}`,
    );
  }
  if (
    weights && (weights.length !== rows.length || weights.some((w) => !(w > 0 && w < Infinity)))
  ) {
    throw new RangeError(
      `Rows have a weight above 0 each: got ${weights.length} for ${rows.length}`,
    );
  }
  const n = rows.length;
  const ranked = rows.map((row) => midranks(checked(row)));
  const varying = ranked.filter((ranks) => ranks.some((rank) => rank !== ranks[0]));
  const informative = varying.length;
  const method = !weights && places <= MOST_PLACES && informative <= MOST_ROWS ? "exact" : "normal";
  const none = { z: null, p: null, pNormal: null, method, informative, n } as const;
  if (n === 0) return { L: null, expected: null, variance: null, ...none };
  const w = weights ?? rows.map(() => 1);
  const L = sum(ranked.map((ranks, at) => w[at]! * trendOf(ranks)));
  const expected = sum(w) * places * (places + 1) ** 2 / 4;
  const middle = (places + 1) / 2;
  const steps = sum(Array.from({ length: places }, (_, at) => (at + 1 - middle) ** 2));
  const variance = sum(
    ranked.map((ranks, at) =>
      w[at]! ** 2 * sum(ranks.map((rank) => (rank - middle) ** 2)) * steps / (places - 1)
    ),
  );
  const z = ratio(L - expected, Math.sqrt(variance));
  if (informative === 0 || z === null) return { L, expected, variance, ...none };
  const pNormal = z > 0 ? normalTail(z) / 2 : 1 - normalTail(z) / 2;
  const p = method === "exact" ? exactTail(varying) : pNormal;
  return { L, expected, variance, z, p, pNormal, method, informative, n };
}

/** What a row adds to L above what is expected: 0 where its ranks have no trend. */
export const trendScore = (values: readonly number[]): number => {
  const places = values.length;
  return trendOf(midranks(checked(values))) - places * (places + 1) ** 2 / 4;
};

/** Σ j·R_j of one row. */
const trendOf = (ranks: readonly number[]): number =>
  ranks.reduce((total, rank, at) => total + (at + 1) * rank, 0);

/** P(L ≥ the one found), the ranks of each row being dealt out at random. */
function exactTail(rows: readonly (readonly number[])[]): number {
  // Twice a mean rank is whole, and so is twice L.
  let from = 0, held: Float64Array = Float64Array.of(1), found = 0;
  for (const ranks of rows) {
    found += Math.round(2 * trendOf(ranks));
    const sorted = ranks.toSorted((a, b) => a - b), key = sorted.join();
    if (!deals.has(key)) deals.set(key, dealtOut(sorted));
    const own = deals.get(key)!;
    const next = new Float64Array(held.length + own.of.length - 1);
    for (let at = 0; at < held.length; at++) {
      const p = held[at]!;
      if (p === 0) continue;
      for (let step = 0; step < own.of.length; step++) next[at + step]! += p * own.of[step]!;
    }
    [from, held] = [from + own.from, next];
  }
  return Math.min(1, sum([...held.subarray(found - from)]));
}

/** By ranks; up to 7 places have 127 patterns of ties. */
const deals = new Map<string, { from: number; of: Float64Array }>();

/** The distribution of twice Σ j·R_j over all orders of the ranks: probabilities from `from` on. */
function dealtOut(ranks: readonly number[]): { from: number; of: Float64Array } {
  const counts = new Map<number, number>();
  let all = 0;
  const deal = (left: readonly number[], place: number, total: number): void => {
    if (left.length === 0) {
      all += 1;
      counts.set(total, (counts.get(total) ?? 0) + 1);
      return;
    }
    left.forEach((rank, at) =>
      deal(left.toSpliced(at, 1), place + 1, total + Math.round(2 * rank) * place)
    );
  };
  deal(ranks, 1, 0);
  const from = Math.min(...counts.keys());
  const of = new Float64Array(Math.max(...counts.keys()) - from + 1);
  for (const [total, count] of counts) of[total - from] = count / all;
  return { from, of };
}

/** The slope of y on x by least squares through the origin, Σxy / Σx²; null where every x is 0. */
export function slopeThroughOrigin(x: readonly number[], y: readonly number[]): number | null {
  checked(x), checked(y);
  return ratio(sum(x.map((own, at) => own * y[at]!)), sum(x.map((own) => own ** 2)));
}

/**
 * The slope by least squares of numbers on the places 1, 2, … ; null with fewer than 2.
 *
 * @throws {RangeError} when a number is not finite
 */
export function slopeOnPlaces(values: readonly number[]): number | null {
  const middle = (values.length + 1) / 2;
  const away = values.map((_, at) => at + 1 - middle);
  return ratio(
    sum(checked(values).map((value, at) => value * away[at]!)),
    sum(away.map((step) => step ** 2)),
  );
}
