/** The logistic model of a yes/no outcome. */
import { checked, sum } from "./basics.ts";

/** Log odds; `intercept` is of a row of zeros. */
export interface Logistic {
  intercept: number;
  slopes: number[];
  /** In the order intercept, slopes; of a ridge they are of the penalised likelihood. */
  se: number[];
  iterations: number;
}

const MOST_ITERATIONS = 100;

/**
 * Maximum likelihood of a logistic model by Newton's method, or its ridge: the log-likelihood less
 * ridge · Σ slope² / 2, which has a maximum also where the rows are separated. The intercept is not penalised, so
 * that predicted and observed shares of yes are the same.
 *
 * Null where there is no maximum: one outcome only, columns that say the same, or rows that are separated
 * without a ridge. Source: McCullagh & Nelder 1989, Generalized Linear Models, ch. 4; le Cessie & van
 * Houwelingen 1992, Applied Statistics 41, 191–201.
 *
 * @param x a row of predictors for each outcome
 * @param y outcomes, 0 or 1
 * @throws {RangeError} when a value is not finite, an outcome neither 0 nor 1, or lengths differ
 */
export function logistic(
  x: readonly (readonly number[])[],
  y: readonly number[],
  { ridge = 0 }: { ridge?: number } = {},
): Logistic | null {
  const n = y.length, k = x[0]?.length ?? 0;
  const odd = y.find((outcome) => outcome !== 0 && outcome !== 1);
  if (odd !== undefined) throw new RangeError(`An outcome is 0 or 1: got ${odd}`);
  if (x.length !== n || x.some((row) => row.length !== k)) {
    throw new RangeError(`Each of ${n} outcomes has a row of ${k} predictors`);
  }
  if (!(ridge >= 0 && ridge < Infinity)) {
    throw new RangeError(`A ridge is 0 or more: got ${ridge}`);
  }
  checked(x.flat());
  const yes = sum(y);
  if (yes === 0 || yes === n) return null;
  const rows = x.map((row) => [1, ...row]);
  const penalty = (at: number) => at === 0 ? 0 : ridge;
  let beta: number[] = [Math.log(yes / (n - yes)), ...new Array(k).fill(0)];
  const likelihood = (of: readonly number[]) =>
    rows.reduce((total, row, at) => {
      const eta = dot(row, of);
      return total + y[at]! * eta - Math.max(0, eta) - Math.log1p(Math.exp(-Math.abs(eta)));
    }, 0) - of.reduce((total, b, at) => total + penalty(at) * b ** 2, 0) / 2;
  let held = likelihood(beta);
  for (let iterations = 1; iterations <= MOST_ITERATIONS; iterations++) {
    const gradient = beta.map((b, at) => -penalty(at) * b);
    const information = beta.map((_, i) => beta.map((_, j) => i === j ? penalty(i) : 0));
    rows.forEach((row, at) => {
      const p = 1 / (1 + Math.exp(-dot(row, beta)));
      const weight = p * (1 - p), rest = y[at]! - p;
      for (let i = 0; i <= k; i++) {
        gradient[i]! += row[i]! * rest;
        for (let j = 0; j <= i; j++) information[i]![j]! += weight * row[i]! * row[j]!;
      }
    });
    const root = cholesky(information);
    if (root === null) return null;
    const step = solved(root, gradient);
    let size = 1;
    let next = beta, value = held;
    // Where a whole step overshoots, half of it is tried.
    for (; size > 1e-6; size /= 2) {
      next = beta.map((b, at) => b + size * step[at]!);
      value = likelihood(next);
      if (value >= held - 1e-12 * Math.abs(held)) break;
    }
    const moved = Math.max(...step.map((one, at) => Math.abs(one) / (1 + Math.abs(beta[at]!))));
    beta = next, held = value;
    if (beta.some((b) => !(Math.abs(b) < 1e8))) return null;
    if (moved > 1e-10) continue;
    // Separated rows: the likelihood flattens out, and slopes grow without end.
    if (ridge === 0 && held > -1e-8 * n) return null;
    const se = beta.map((_, at) => {
      const unit = beta.map((_, other) => Number(other === at));
      return Math.sqrt(solved(root, unit)[at]!);
    });
    return { intercept: beta[0]!, slopes: beta.slice(1), se, iterations };
  }
  return null;
}

/**
 * The probability of yes that a model gives a row.
 *
 * @throws {RangeError} when a value is not finite
 */
export const predicted = (
  { intercept, slopes }: Pick<Logistic, "intercept" | "slopes">,
  row: readonly number[],
): number => 1 / (1 + Math.exp(-checked([intercept + dot(checked(row), slopes)])[0]!));

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((total, value, at) => total + value * b[at]!, 0);

/** Lower triangle L of L Lᵀ, read from the lower triangle of a matrix; null where it is singular. */
function cholesky(of: readonly (readonly number[])[]): number[][] | null {
  const root: number[][] = of.map((row) => row.map(() => 0));
  for (let i = 0; i < of.length; i++) {
    for (let j = 0; j <= i; j++) {
      let left = of[i]![j]!;
      for (let m = 0; m < j; m++) left -= root[i]![m]! * root[j]![m]!;
      if (i !== j) root[i]![j] = left / root[j]![j]!;
      else if (left > 1e-12 * of[i]![i]!) root[i]![i] = Math.sqrt(left);
      else return null;
    }
  }
  return root;
}

function solved(root: readonly (readonly number[])[], right: readonly number[]): number[] {
  const forward: number[] = [];
  root.forEach((row, i) => {
    const known = forward.reduce((total, value, m) => total + row[m]! * value, 0);
    forward.push((right[i]! - known) / row[i]!);
  });
  const back = new Array<number>(right.length).fill(0);
  for (let i = right.length - 1; i >= 0; i--) {
    let left = forward[i]!;
    for (let m = i + 1; m < right.length; m++) left -= root[m]![i]! * back[m]!;
    back[i] = left / root[i]![i]!;
  }
  return back;
}
