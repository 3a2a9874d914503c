/** How much of the variance of a number the factors of a crossed design go with. */
import { checked, LARGEST, ratio, sum } from "./basics.ts";
import { betainc } from "./special.ts";

/** One value and the level of each factor under which it stands. */
export interface Crossed {
  value: number;
  levels: readonly string[];
}

/** A line of the analysis; `residual` has no F. */
export interface Term {
  /** The factors, by their place; none for the residual. */
  factors: readonly number[];
  sumOfSquares: number;
  df: number;
  meanSquare: number | null;
  F: number | null;
  p: number | null;
  /** Share of all squares: eta squared. */
  share: number | null;
  /** Variance component by the method of moments, raw: below 0 where there is less than chance. */
  component: number | null;
}

/**
 * Analysis of variance of a balanced crossed design: the terms named, what is left as residual.
 *
 * Every combination of levels has the same number of values, so that the sums of squares do not depend on
 * the order of the terms. F is by the residual (fixed factors); p is null, as F, where the residual has no
 * degree of freedom or no variance. A component is (MS − MS of the residual) / (values per level), less
 * what terms that contain it add, all factors taken for random: Σ over the terms that contain T, by
 * inversion. Source: Searle 1971, Linear Models, ch. 9; Brennan 2001, Generalizability Theory, ch. 3.
 *
 * @param terms the factors of each, by place: `[[0], [1], [0, 1]]`
 * @throws {RangeError} when a combination lacks values or has more than others, naming the first
 */
export function crossedAnova(
  of: readonly Crossed[],
  terms: readonly (readonly number[])[],
): { terms: Term[]; residual: Term; n: number } {
  const n = of.length;
  checked(of.map(({ value }) => value));
  const count = of[0]?.levels.length ?? 0;
  const levels = Array.from(
    { length: count },
    (_, factor) => [...new Set(of.map(({ levels }) => levels[factor]!))],
  );
  balanced(of, levels);
  const origin = of[0]?.value ?? 0;
  const values = of.map(({ value }) => value - origin);
  const grand = sum(values) / n;
  const own = [...terms].map((factors) => [...factors].toSorted((a, b) => a - b));
  const all = subsetsOf(own);
  // Deviations of the means of a combination from what smaller terms make of them.
  const squares = new Map<string, { ss: number; df: number }>();
  const effects = new Map<string, Map<string, number>>();
  for (const factors of all) {
    const means = new Map<string, { total: number; n: number; levels: readonly string[] }>();
    of.forEach(({ levels }, at) => {
      const key = keyOf(levels, factors);
      const held = means.get(key) ?? { total: 0, n: 0, levels };
      held.total += values[at]!, held.n += 1;
      means.set(key, held);
    });
    const within = all.filter((other) =>
      other.length < factors.length && other.every((factor) => factors.includes(factor))
    );
    const effect = new Map<string, number>();
    let ss = 0;
    for (const [key, { total, n, levels }] of means) {
      const smaller = within.map((other) => effects.get(other.join())!.get(keyOf(levels, other))!);
      const away = total / n - grand - sum(smaller);
      effect.set(key, away);
      ss += n * away ** 2;
    }
    effects.set(factors.join(), effect);
    const df = factors.reduce((product, factor) => product * (levels[factor]!.length - 1), 1);
    squares.set(factors.join(), { ss, df });
  }
  const whole = sum(values.map((value) => (value - grand) ** 2));
  const kept = own.map((factors) => ({ factors, ...squares.get(factors.join())! }));
  const left = Math.max(0, whole - sum(kept.map(({ ss }) => ss)));
  const rounding = 1e-12 * whole;
  const residual = {
    ss: left > rounding ? left : 0,
    df: n - 1 - kept.reduce((total, { df }) => total + df, 0),
  };
  const error = ratio(residual.ss, residual.df);
  const meanSquares = kept.map(({ ss, df }) => ratio(ss > rounding ? ss : 0, df));
  const components = componentsOf(kept, meanSquares, error, levels, n);
  return {
    n,
    terms: kept.map(({ factors, ss, df }, at) => {
      const F = error === null || meanSquares[at] === null ? null : ratio(meanSquares[at]!, error);
      return {
        factors,
        sumOfSquares: ss > rounding ? ss : 0,
        df,
        meanSquare: meanSquares[at]!,
        F,
        p: F === null ? null : fTail(F, df, residual.df),
        share: ratio(ss > rounding ? ss : 0, whole),
        component: components[at]!,
      };
    }),
    residual: {
      factors: [],
      sumOfSquares: residual.ss,
      df: residual.df,
      meanSquare: error,
      F: null,
      p: null,
      share: ratio(residual.ss, whole),
      component: error,
    },
  };
}

/** P(F ≥ f), a tail by construction. */
export function fTail(f: number, df1: number, df2: number): number {
  if (!(f >= 0) || !(df1 > 0 && df2 > 0)) {
    throw new RangeError(`An F is 0 or more, with positive df: got ${f} with ${df1}, ${df2}`);
  }
  return f > LARGEST ? 0 : betainc(df2 / (df2 + df1 * f), df2 / 2, df1 / 2);
}

const keyOf = (levels: readonly string[], factors: readonly number[]): string =>
  JSON.stringify(factors.map((factor) => levels[factor]));

/** The terms with all that are part of them, the smaller first. */
function subsetsOf(terms: readonly (readonly number[])[]): number[][] {
  const all = new Map<string, number[]>();
  for (const factors of terms) {
    for (let mask = 1; mask < 2 ** factors.length; mask++) {
      const part = factors.filter((_, at) => mask & 1 << at);
      all.set(part.join(), part);
    }
  }
  return [...all.values()].toSorted((a, b) => a.length - b.length);
}

/**
 * E MS of a term is the residual's plus the components of all terms that contain it, each times the values
 * that one of its levels has: from the largest terms down each component follows.
 */
function componentsOf(
  terms: readonly { factors: readonly number[] }[],
  meanSquares: readonly (number | null)[],
  error: number | null,
  levels: readonly (readonly string[])[],
  n: number,
): (number | null)[] {
  const made: (number | null)[] = terms.map(() => null);
  const values = ({ factors }: { factors: readonly number[] }) =>
    n / factors.reduce((product, factor) => product * levels[factor]!.length, 1);
  const order = terms.keys().toArray()
    .toSorted((a, b) => terms[b]!.factors.length - terms[a]!.factors.length);
  for (const at of order) {
    const larger = order.filter((other) =>
      terms[other]!.factors.length > terms[at]!.factors.length &&
      terms[at]!.factors.every((factor) => terms[other]!.factors.includes(factor))
    );
    const square = meanSquares[at]!;
    if (square === null || error === null || larger.some((other) => made[other] === null)) continue;
    const above = sum(larger.map((other) => values(terms[other]!) * made[other]!));
    made[at] = (square - error - above) / values(terms[at]!);
  }
  return made;
}

function balanced(of: readonly Crossed[], levels: readonly (readonly string[])[]): void {
  const counts = new Map<string, number>();
  for (const { levels } of of) {
    const key = JSON.stringify(levels);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const wanted = levels.reduce((product, own) => product * own.length, 1);
  const most = Math.max(0, ...counts.values());
  const few = [...counts].filter(([, count]) => count < most);
  if (of.length && counts.size === wanted && !few.length) return;
  const all = levels.reduce<string[][]>(
    (made, own) => made.flatMap((before) => own.map((level) => [...before, level])),
    [[]],
  );
  const lacking = all.find((levels) => (counts.get(JSON.stringify(levels)) ?? 0) < most);
  throw new RangeError(
    `A crossed design has equally many values in each of its ${wanted} cells: ` +
      `${wanted - counts.size} have none and ${few.length} fewer than ${most}` +
      (lacking ? `: the first is ${lacking.join(", ")}` : ""),
  );
}
