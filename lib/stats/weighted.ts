/** Weighted means of rows in clusters, from sums: what is left of any number of rows. */
import { type ClusteredEstimate, FEW_CLUSTERS } from "./clusters.ts";
import { checked, finite, type Interval, limited, NO_LIMITS, ratio, vanishes } from "./basics.ts";
import { effectiveShare } from "./shares.ts";
import { tailOf, tReach, tTail } from "./tails.ts";

/**
 * Rows as sums, in columns with a place for each part; the rows of a part are of one cluster and have
 * one weight. What is summed are values less `origin`: with a value of the rows as origin, rows that are
 * all alike have sums of exactly 0.
 */
export interface WeightedSums {
  /** Of each part its cluster: a whole number from 0. */
  cluster: ArrayLike<number>;
  /** Of each part the weight of a row, above 0. */
  weight: ArrayLike<number>;
  /** Of each part its rows; a part without rows counts for nothing. */
  n: ArrayLike<number>;
  /** Of each part Σ (value − origin) and Σ (value − origin)². */
  sum: ArrayLike<number>;
  square: ArrayLike<number>;
  origin?: number;
}

/** A weighted mean: `sd` is that of the rows; `weighted` is their number as weights leave it. */
export interface WeightedEstimate extends ClusteredEstimate {
  sd: number | null;
  /** Kish's (Σw)² / Σw², the rows where all weights are equal. */
  weighted: number;
}

/** Squares that cancel up to this part of their terms are no more than rounding. */
const ROUNDING = 1e-12;

/**
 * Weighted mean Σwy / Σw with its standard error by cluster and its t interval; the test is against 0.
 *
 * The regression on a constant with weights: CR1, √(G/(G−1) · Σ_g (Σ_i w e)²) / Σw, with G − 1 df; below 40
 * clusters CR2 with Satterthwaite's df for a working model of independent rows of equal variance. With
 * equal weights it is `clusteredMean`. Weights matter by their ratios only. sd is
 * √(Σw(y − ȳ)² / Σw · n/(n−1)). se and what follows are null with fewer than 2 clusters; t, p and the
 * limits where the clusters do not differ, up to rounding. Source: as `clusteredMean`; Kish 1965, Survey
 * Sampling.
 *
 * @throws {RangeError} when a sum is not finite, a weight is not above 0, a number of rows or a cluster is
 *   not whole, columns differ in length, or the level is no share
 */
export function weightedMean(of: WeightedSums, level = 0.95): WeightedEstimate {
  tailOf(level);
  const { sum, square, origin = 0 } = of;
  const { places, weight, clusters, cluster } = partsOf(of);
  let n = 0, total = 0, squares = 0, away = 0, spread = 0;
  for (const part of places) {
    const rows = of.n[part]!, w = weight[part]!;
    n += rows;
    total += w * rows;
    squares += w * w * rows;
    away += w * sum[part]!;
  }
  const weighted = n === 0 ? 0 : total ** 2 / squares;
  const shape = { n, clusters, weighted };
  if (n === 0) {
    const none = { estimate: null, se: null, ...NO_LIMITS, t: null, df: -1, p: null, sd: null };
    return { ...none, ...shape };
  }
  const centre = away / total;
  // Of whole numbers the sum is exact, and their mean has its last bit.
  const estimate = away === 0 ? origin : (away + origin * total) / total;
  for (const part of places) {
    const rows = of.n[part]!, s = sum[part]!;
    spread += weight[part]! * Math.max(0, square[part]! - 2 * centre * s + rows * centre ** 2);
  }
  const size = Math.sqrt(spread / total);
  // What cancels in sums of squares leaves half of their digits.
  const varies = spread > ROUNDING * total * centre ** 2;
  const sd = n < 2 ? null : varies ? size * Math.sqrt(n / (n - 1)) : 0;
  const df = clusters - 1;
  if (clusters < 2) {
    return { estimate, se: null, ...NO_LIMITS, t: null, df, p: null, sd, ...shape };
  }
  // Of each cluster Σe and Σwe, and what its weights are like.
  const held = Array.from({ length: clusters }, () => ({ m: 0, w: 0, ww: 0, e: 0, we: 0 }));
  for (const part of places) {
    const own = held[cluster[part]!]!, rows = of.n[part]!, w = weight[part]!;
    const e = sum[part]! - rows * centre;
    own.m += rows;
    own.w += rows * w;
    own.ww += rows * w * w;
    own.e += e;
    own.we += w * e;
  }
  const { variance, df: own } = clusters < FEW_CLUSTERS
    ? cr2(held, total, squares)
    : cr1(held, total);
  const error = Math.sqrt(variance);
  const se = !varies || vanishes(error, Math.max(size, Math.abs(centre))) ? 0 : finite(error);
  const t = se !== null && own > 0 ? ratio(estimate, se) : null;
  if (t === null) {
    return { estimate, se, ...NO_LIMITS, t, df: finite(own) ?? df, p: null, sd, ...shape };
  }
  const half = tReach(level, own) * se!;
  const limits = limited(estimate - half, estimate + half);
  return { estimate, se, ...limits, t, df: own, p: tTail(t, own), sd, ...shape };
}

/**
 * Weighted sums of numbers by cluster, in order of the clusters, with weights as parts of the largest; 0
 * where numbers cancel up to rounding, since no sign can be turned round of that.
 *
 * @throws {RangeError} when a sum is not finite
 */
export function clusterSums(
  numbers: ArrayLike<number>,
  { cluster, weight }: { cluster: ArrayLike<number>; weight: ArrayLike<number> },
): { sum: number; weight: number }[] {
  const most = Array.from(weight).reduce((most, one) => Math.max(most, one), 0);
  const sums = new Map<number, { sum: number; weight: number; size: number }>();
  Array.from(numbers).forEach((number, at) => {
    const held = sums.get(cluster[at]!) ?? { sum: 0, weight: 0, size: 0 };
    const own = weight[at]! / most;
    held.sum += own * number;
    held.weight += own;
    held.size += Math.abs(own * number);
    sums.set(cluster[at]!, held);
  });
  checked([...sums.values()].flatMap(({ sum, weight }) => [sum, weight]));
  return [...sums].toSorted(([a], [b]) => a - b).map(([, { sum, weight, size }]) => ({
    sum: Math.abs(sum) <= ROUNDING * size ? 0 : sum,
    weight,
  }));
}

/** A weighted share, with limits that stay within 0 and 1. */
export interface WeightedShare extends Interval {
  se: number | null;
  effectiveN: number | null;
  clusters: number;
  n: number;
}

/**
 * Weighted share of rows that have a property, with Wilson's interval at the effective n, as
 * `clusteredShare`; what weights cost is in it, at shares of 0 and 1 as Kish's factor.
 *
 * @param of `sum` and `square` are both the number of rows of a part that have the property
 * @throws {RangeError} as `weightedMean`, and when the share does not lie between 0 and 1
 */
export function weightedShare(
  of: Omit<WeightedSums, "square" | "origin">,
  level = 0.95,
): WeightedShare {
  const { estimate, se, n, clusters, weighted } = weightedMean({ ...of, square: of.sum }, level);
  const most = { n: weighted, clusters: n === 0 ? 0 : clusters * weighted / n };
  return { ...effectiveShare({ estimate, se }, most, level), se, clusters, n };
}

/** The parts that hold rows, with weights as parts of the largest, and clusters numbered from 0. */
function partsOf(of: WeightedSums) {
  const length = of.cluster.length;
  for (const name of ["weight", "n", "sum", "square"] as const) {
    if (of[name].length === length) continue;
    throw new RangeError(
      `Columns have one length: got ${length} clusters, ${of[name].length} ${name}`,
    );
  }
  checked([of.origin ?? 0]);
  const numbers = new Map<number, number>();
  const weight = new Float64Array(length), cluster = new Int32Array(length);
  const places: number[] = [];
  let most = 0;
  for (let part = 0; part < length; part++) {
    const n = of.n[part]!, w = of.weight[part]!, g = of.cluster[part]!;
    if (!Number.isSafeInteger(n) || n < 0 || !Number.isSafeInteger(g) || g < 0) {
      throw new RangeError(`A part has a whole number of rows and a cluster: got ${n} and ${g}`);
    }
    if (n === 0) continue;
    if (!(w > 0 && w < Infinity)) throw new RangeError(`A weight is above 0: got ${w}`);
    checked([of.sum[part]!, of.square[part]!]);
    most = Math.max(most, w);
    places.push(part);
    if (!numbers.has(g)) numbers.set(g, numbers.size);
    cluster[part] = numbers.get(g)!;
  }
  // All equal, they are exactly 1.
  for (const part of places) weight[part] = of.weight[part]! / most;
  return { places, weight, cluster, clusters: numbers.size };
}

interface Held {
  m: number;
  w: number;
  ww: number;
  e: number;
  we: number;
}

function cr1(held: readonly Held[], total: number) {
  const G = held.length;
  let squares = 0;
  for (const { we } of held) squares += (we / total) ** 2;
  return { variance: G / (G - 1) * squares, df: G - 1 };
}

/**
 * With H the hat matrix, rows of w/Σw, the block of (I − H)(I − H)ᵀ of a cluster is I − (1wᵀ + w1ᵀ)/Σw +
 * 11ᵀ Σw²/(Σw)². Outside the plane of 1 and w it is I, so that its inverse root is one of 2 × 2 in
 * that plane, in the directions of 1 and of w less its mean. df is as in `clusteredMean`.
 */
function cr2(held: readonly Held[], total: number, squares: number) {
  const scale = squares / total ** 2;
  const parts = held.map(({ m, w, ww, e, we }) => {
    const root = Math.sqrt(m), along = w / root;
    const apart = ww - w * w / m;
    const aside = apart > 1e-14 * ww ? Math.sqrt(apart) : 0;
    const [a, b, c] = [1 + m * scale - 2 * w / total, -root * aside / total, 1];
    const det = Math.sqrt(a * c - b * b), sides = Math.sqrt(a + c + 2 * det);
    // The root of a symmetric 2 × 2 matrix M is (M + √det I) / √(tr + 2 √det).
    const [p, q, r] = [(a + det) / sides, b / sides, (c + det) / sides];
    const whole = p * r - q * q;
    const x = (r * along - q * aside) / whole, y = (p * aside - q * along) / whole;
    const other = aside === 0 ? 0 : y * (we - w / m * e) / aside;
    return {
      score: (x * e / root + other) / total,
      own: x * x + y * y,
      ones: x * root,
      weights: x * along + y * aside,
    };
  });
  let variance = 0, trace = 0, square = 0;
  for (const one of parts) {
    variance += one.score ** 2;
    for (const two of parts) {
      const same = one === two ? one.own : 0;
      const shared = (one.weights * two.ones + two.weights * one.ones) / total;
      const product = same - shared + scale * one.ones * two.ones;
      if (one === two) trace += product;
      square += product ** 2;
    }
  }
  return { variance, df: trace ** 2 / square };
}
