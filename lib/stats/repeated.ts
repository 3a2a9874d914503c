/** The same subjects measured in several conditions: whether the conditions differ. */
import { fTail } from "./anova.ts";
import { checked, covariances, mean, ratio, sum, vanishes } from "./basics.ts";
import type { Equivalence } from "./means.ts";
import { midranks } from "./ranks.ts";
import { chiSquareTail } from "./tails.ts";

/** Friedman's test; null where no subject tells the conditions apart. */
export interface Friedman {
  chi2: number | null;
  df: number;
  p: number | null;
  subjects: number;
}

/**
 * Friedman's test of subjects that were measured in each condition, with mean ranks for ties and the
 * statistic corrected for them, by χ². Source: Friedman 1937, JASA 32, 675–701; Hollander & Wolfe 1999, ch. 7.
 *
 * @param rows a subject each, a number for each condition
 * @throws {RangeError} when rows differ in length, have fewer than 2 numbers, or one is not finite
 */
export function friedman(rows: readonly (readonly number[])[]): Friedman {
  const k = conditionsOf(rows), n = rows.length, df = k - 1;
  const ranked = rows.map((row) => midranks(checked(row)));
  const totals = Array.from({ length: k }, (_, at) => sum(ranked.map((ranks) => ranks[at]!)));
  const ties = sum(rows.map((row) => {
    const counts = [...Map.groupBy(row, (value) => value).values()].map(({ length }) => length);
    return sum(counts.map((count) => count ** 3 - count));
  }));
  const spread = n * k * (k + 1) - ties / (k - 1);
  const chi2 = spread > 0
    ? 12 * sum(totals.map((total) => (total - n * (k + 1) / 2) ** 2)) / spread
    : null;
  return { chi2, df, p: chi2 === null ? null : chiSquareTail(chi2, df), subjects: n };
}

/** Repeated-measures analysis of variance of one factor. */
export interface RepeatedAnova {
  F: number | null;
  df1: number;
  df2: number;
  /** Where the differences of any two conditions vary alike. */
  p: number | null;
  /** Greenhouse and Geisser's ε, from 1 / (k − 1) to 1, and p with both df times ε. */
  epsilon: number | null;
  pCorrected: number | null;
  subjects: number;
}

/**
 * F of a factor within subjects, (MS of conditions) / (MS of subjects × conditions), and p with df reduced
 * by Greenhouse and Geisser's ε. Null with fewer than 2 subjects, and where the subjects' differences do
 * not vary. Source: Greenhouse & Geisser 1959, Psychometrika 24, 95–112.
 *
 * @param rows a subject each, a number for each condition
 * @throws {RangeError} as `friedman`
 */
export function repeatedAnova(rows: readonly (readonly number[])[]): RepeatedAnova {
  const k = conditionsOf(rows), n = rows.length;
  const [df1, df2] = [k - 1, (k - 1) * (n - 1)];
  const none = { F: null, df1, df2, p: null, epsilon: null, pCorrected: null, subjects: n };
  if (n < 2) return none;
  const columns = Array.from({ length: k }, (_, at) => rows.map((row) => row[at]!));
  const spread = covariances(columns)!;
  const means = columns.map((column) => mean(column)!);
  const grand = mean(means)!;
  const among = n * sum(means.map((one) => (one - grand) ** 2)) / df1;
  const rowMeans = spread.map((row) => sum(row) / k), all = sum(rowMeans) / k;
  const centred = spread.map((row, i) =>
    row.map((one, j) => one - rowMeans[i]! - rowMeans[j]! + all)
  );
  const trace = sum(centred.map((row, i) => row[i]!));
  const error = trace / df1;
  const size = Math.max(...spread.map((row, i) => row[i]!), 0);
  if (vanishes(error, size)) return none;
  const F = ratio(among, error)!;
  const epsilon = Math.min(1, trace ** 2 / (df1 * sum(centred.flat().map((one) => one ** 2))));
  return {
    F,
    df1,
    df2,
    p: fTail(F, df1, df2),
    epsilon,
    pCorrected: fTail(F, epsilon * df1, epsilon * df2),
    subjects: n,
  };
}

function conditionsOf(rows: readonly (readonly number[])[]): number {
  const k = rows[0]?.length ?? 2;
  if (k >= 2 && rows.every((row) => row.length === k)) return k;
  throw new RangeError(
    `Subjects have a number in each of 2 or more conditions: got ${rows.map((row) => row.length)}`,
  );
}

/**
 * What two tests say together of a mean and bounds that were fixed before: `equivalent` (within them, and
 * no difference shown), `different` (a difference shown, not that it is within), `small` (both), `open`
 * (neither, or nothing to test with).
 */
export function verdict(
  pTost: Equivalence["p"],
  pDifference: number | null,
  alpha = 0.05,
): "equivalent" | "different" | "small" | "open" {
  const within = pTost !== null && pTost < alpha;
  const differs = pDifference !== null && pDifference < alpha;
  return within ? differs ? "small" : "equivalent" : differs ? "different" : "open";
}

/**
 * How many of two answers would differ if they had nothing to do with each other but their shares:
 * 1 − Σ p_a(k) p_b(k). Of one item; of several it is their mean, since pooled answers make it too large.
 * Null without pairs.
 */
export function changedByChance<T>(pairs: readonly (readonly [T, T])[]): number | null {
  const n = pairs.length;
  const counts = ([0, 1] as const).map((side) => {
    const all = new Map<T, number>();
    for (const pair of pairs) all.set(pair[side], (all.get(pair[side]) ?? 0) + 1);
    return all;
  });
  if (!n) return null;
  return 1 - sum([...counts[0]!].map(([k, own]) => own * (counts[1]!.get(k) ?? 0))) / n ** 2;
}
