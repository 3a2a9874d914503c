/** How counts fit shares that are known: distance, chi-squared, and Rao and Scott's where rows depend. */
import { checked, sum } from "./basics.ts";
import { chiSquareTail } from "./tails.ts";

/** How far observed shares are from those that were wanted. */
export interface Distance {
  /** Half the sum of the absolute differences of shares: 0–1. */
  tv: number | null;
  /** The largest difference, observed less wanted, and of which class it is. */
  largest: number | null;
  at: number | null;
}

/** Whether counts are a draw from shares. */
export interface Fit extends Distance {
  n: number;
  chi2: number | null;
  /** The likelihood ratio statistic, which has the same df. */
  g: number | null;
  df: number;
  p: number | null;
  /** The smallest expected count of a class with a share: below 5 the p is not to be trusted. */
  leastExpected: number | null;
}

/**
 * Pearson's goodness of fit of counts to shares, with the distances that need no test.
 *
 * It takes rows for independent: rows of quotas and systematic samples vary less. Null without rows;
 * chi², G and p also where a class without a share was observed, or only one class has a share. Source:
 * Pearson 1900, Philosophical Magazine 50, 157–175.
 *
 * @param shares wanted, in any unit
 * @throws {RangeError} when lengths differ, a number is negative or not finite, or no share is above 0
 */
export function goodnessOfFit(counts: readonly number[], shares: readonly number[]): Fit {
  const wanted = normalised(shares);
  if (counts.length !== wanted.length) {
    throw new RangeError(
      `Counts and shares are of the same classes: got ${counts.length} and ${wanted.length}`,
    );
  }
  const odd = checked(counts).find((count) => count < 0);
  if (odd !== undefined) throw new RangeError(`A count is 0 or more: got ${odd}`);
  const n = sum(counts), df = wanted.filter((share) => share > 0).length - 1;
  if (!(n > 0)) {
    return {
      n,
      tv: null,
      largest: null,
      at: null,
      chi2: null,
      g: null,
      df,
      p: null,
      leastExpected: null,
    };
  }
  const possible = df > 0 && counts.every((count, at) => count === 0 || wanted[at]! > 0);
  const chi2 = possible ? n * distance2(counts.map((count) => count / n), wanted) : null;
  const g = possible
    ? 2 *
      sum(counts.map((count, at) => count > 0 ? count * Math.log(count / (n * wanted[at]!)) : 0))
    : null;
  return {
    n,
    ...distances(counts.map((count) => count / n), wanted),
    ...tested(chi2, df),
    g: finiteOr(g),
    leastExpected: leastOf(wanted, n),
  };
}

/** First-order correction by Rao and Scott. */
export interface RaoScott {
  chi2: number | null;
  df: number;
  p: number | null;
}

/**
 * A chi-squared of rows that depend on each other, divided by their mean design effect. Source: Rao & Scott
 * 1981, JASA 76, 221–230.
 *
 * @throws {RangeError} when the design effect is not above 0
 */
export function raoScott(of: { chi2: number | null; df: number }, designEffect: number): RaoScott {
  if (!(designEffect > 0 && designEffect < Infinity)) {
    throw new RangeError(`A design effect is above 0: got ${designEffect}`);
  }
  return tested(of.chi2 === null ? null : of.chi2 / designEffect, of.df);
}

/** Rows of a sample with weights, clusters and strata; each by row. */
export interface SampleRows {
  /** The class of the row: from 0. */
  level: ArrayLike<number>;
  /** Above 0; left out, all are equal. */
  weight?: ArrayLike<number>;
  /** Numbers from 0; left out, each row is one. */
  cluster?: ArrayLike<number>;
  /** Numbers from 0; left out, there is one stratum. A cluster lies in one stratum. */
  stratum?: ArrayLike<number>;
}

/** Of a stratum, the sums over clusters of which variances of shares are made. */
class Spread {
  #clusters = 0;
  #whole = 0;
  #wholes = 0;
  readonly #part: Float64Array;
  readonly #parts: Float64Array;
  readonly #both: Float64Array;

  constructor(k: number) {
    [this.#part, this.#parts, this.#both] = [0, 0, 0].map(() => new Float64Array(k)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  }

  /** @param inside sums of weights by class, which are 0 again afterwards */
  add(levels: readonly number[], inside: Float64Array, whole: number): void {
    this.#clusters += 1;
    this.#whole += whole;
    this.#wholes += whole ** 2;
    for (const at of levels) {
      const part = inside[at]!;
      if (part === 0) continue;
      this.#part[at]! += part;
      this.#parts[at]! += part ** 2;
      this.#both[at]! += part * whole;
      inside[at] = 0;
    }
  }

  /** G / (G − 1) Σ (a − ā)² of what clusters add to a share. */
  variance(at: number, share: number): number {
    const G = this.#clusters;
    if (G < 2) return 0;
    const centre = (this.#part[at]! - share * this.#whole) / G;
    const size = this.#parts[at]! + share ** 2 * this.#wholes;
    const squares = size - 2 * share * this.#both[at]! - G * centre ** 2;
    // What is left of equal numbers is rounding.
    return squares > 1e-13 * size ? G / (G - 1) * squares : 0;
  }
}

/** How a sample fits shares, with what its weights, clusters and strata cost. */
export interface SampleFit extends Distance, RaoScott {
  n: number;
  /** Mean design effect of the shares, as Rao and Scott take it. */
  designEffect: number | null;
  /** The smallest expected count of a class with a share. */
  leastExpected: number | null;
}

/**
 * Goodness of fit of weighted, clustered, stratified rows: chi² of the weighted shares, n Σ (p̂ − p)² / p,
 * divided by the mean design effect n Σ v / p / (k − 1), with v the variance of a weighted share by
 * linearisation, whole clusters within strata.
 *
 * A stratum of one cluster adds no variance. Null as in `goodnessOfFit`, and where nothing varies.
 * Source: Rao & Scott 1981; variances: Binder 1983, International Statistical Review 51, 279–292.
 *
 * @throws {RangeError} as `goodnessOfFit`, and when a weight is not above 0
 */
export function sampleFit(rows: SampleRows, shares: readonly number[]): SampleFit {
  const wanted = normalised(shares), k = wanted.length;
  const { level, weight, cluster, stratum } = rows, n = level.length;
  const df = wanted.filter((share) => share > 0).length - 1;
  const totals = new Float64Array(k);
  let total = 0;
  for (let row = 0; row < n; row++) {
    const w = weight ? weight[row]! : 1, at = level[row]!;
    if (!(w > 0 && w < 1e70)) throw new RangeError(`A weight is above 0: got ${w}`);
    if (!(at in totals)) throw new RangeError(`There are ${k} classes: a row is of ${at}`);
    totals[at]! += w;
    total += w;
  }
  const none = {
    n,
    tv: null,
    largest: null,
    at: null,
    chi2: null,
    df,
    p: null,
    designEffect: null,
    leastExpected: null,
  };
  if (n === 0) return none;
  const found = Array.from(totals, (one) => one / total);
  const observed = { n, ...distances(found, wanted), leastExpected: leastOf(wanted, n) };
  if (df < 1 || found.some((share, at) => share > 0 && !(wanted[at]! > 0))) {
    return { ...none, ...observed };
  }
  // Of a cluster g the sum P_i of the weights in class i and W of all: it adds P_i − W p̂_i to share i.
  const strata = new Map<number, Spread>();
  const inside = new Float64Array(k);
  const members: Iterable<readonly number[]> = cluster
    ? Map.groupBy(Array.from({ length: n }, (_, row) => row), (row) => cluster[row]!).values()
    : (function* () {
      for (let row = 0; row < n; row++) yield [row];
    })();
  for (const rows of members) {
    const at = stratum ? stratum[rows[0]!]! : 0;
    let own = strata.get(at);
    if (!own) strata.set(at, own = new Spread(k));
    let whole = 0;
    for (const row of rows) {
      const w = (weight ? weight[row]! : 1) / total;
      inside[level[row]!]! += w;
      whole += w;
    }
    own.add(rows.map((row) => level[row]!), inside, whole);
  }
  const effects = wanted.map((share, at) => {
    if (!(share > 0)) return 0;
    return [...strata.values()].reduce((sum, one) => sum + one.variance(at, found[at]!), 0) / share;
  });
  const designEffect = n * sum(effects) / df;
  const chi2 = n * distance2(found, wanted);
  return designEffect > 0 && Number.isFinite(designEffect)
    ? { ...observed, ...raoScott({ chi2, df }, designEffect), designEffect }
    : { ...none, ...observed };
}

/**
 * What the total variation of n independent draws from these shares is on average: its floor, below
 * which no sampler of that size comes but by quotas. By the normal approximation of each share, ½ Σ
 * √(2 p (1 − p) / (π n)).
 *
 * @throws {RangeError} when n is not 1 or more, or as `goodnessOfFit`
 */
export function expectedTv(shares: readonly number[], n: number): number {
  if (!(n >= 1 && n < Infinity)) throw new RangeError(`A sample has 1 row or more: got ${n}`);
  return sum(
    normalised(shares).map((share) => Math.sqrt(2 * share * (1 - share) / (Math.PI * n))),
  ) / 2;
}

function normalised(shares: readonly number[]): number[] {
  const odd = checked(shares).find((share) => share < 0);
  if (odd !== undefined) throw new RangeError(`A share is 0 or more: got ${odd}`);
  const most = Math.max(0, ...shares);
  if (most === 0) throw new RangeError("Shares add up to more than 0: got none that does");
  const total = sum(shares.map((share) => share / most));
  return shares.map((share) => share / most / total);
}

function distances(found: readonly number[], wanted: readonly number[]): Distance {
  const apart = found.map((share, at) => share - wanted[at]!);
  const at = apart.reduce((most, one, at) => Math.abs(one) > Math.abs(apart[most]!) ? at : most, 0);
  return { tv: sum(apart.map(Math.abs)) / 2, largest: apart[at]!, at };
}

/** Σ (p̂ − p)² / p over the classes that have a share. */
const distance2 = (found: readonly number[], wanted: readonly number[]): number =>
  sum(wanted.map((share, at) => share > 0 ? (found[at]! - share) ** 2 / share : 0));

const leastOf = (wanted: readonly number[], n: number): number =>
  n * Math.min(...wanted.filter((share) => share > 0));

const finiteOr = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

function tested(
  chi2: number | null,
  df: number,
): { chi2: number | null; df: number; p: number | null } {
  const known = finiteOr(chi2);
  return { chi2: known, df, p: known === null || df < 1 ? null : chiSquareTail(known, df) };
}
