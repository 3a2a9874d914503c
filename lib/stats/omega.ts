/** Omega total of one factor. */
import { sum } from "./basics.ts";
import { correlationsOf } from "./reliability.ts";

/** `omega` and `loadings` are null where undefined; see `omegaTotal`. */
export interface Omega {
  omega: number | null;
  loadings: number[] | null;
  items: number;
  n: number;
}

/** Past this many rounds the loadings run off to a solution with a loading beyond 1. */
const MOST_ROUNDS = 20_000;

/** Rounds that tell which start ends lowest, and how far loadings still move then. */
const FIRST_ROUNDS = 500, NEAR = 1e-7;

/** Starts that lean on no item, beside those of the first component and of each pair of items. */
const RANDOM_STARTS = 10;

/**
 * McDonald's omega total of one factor, (Σλ)² / ((Σλ)² + Σ(1 − λ²)), on standardised items.
 *
 * The loadings are the minimum residuals' (unweighted least squares): those whose products are nearest
 * to the Pearson correlations off the diagonal, also for items of two values, whose tetrachoric
 * correlations would give a larger omega. Their sum of squares Σ_{i<j} (r_ij − λ_i λ_j)² has several
 * minima, so the best from many starts counts. Null with fewer than 3 items, which do not determine the
 * loadings, or fewer than 2 rows; when an item is constant; and when the solution is improper, with a
 * loading of 1 or more (Heywood): then `loadings` still shows it, if there is one. Source: McDonald
 * 1999, Test Theory, ch. 6; Harman & Jones 1966, Psychometrika 31, 351–368.
 *
 * @param items one complete row per respondent, one column per item, all keyed the same way
 * @throws {RangeError} when the rows differ in length or a value is not finite
 */
export function omegaTotal(items: readonly (readonly number[])[]): Omega {
  const correlations = correlationsOf(items);
  const shape = { items: items[0]?.length ?? 0, n: items.length };
  const loadings = correlations === null || shape.items < 3 ? null : minimumResiduals(correlations);
  if (loadings === null || loadings.some((loading) => Math.abs(loading) >= 1)) {
    return { omega: null, loadings, ...shape };
  }
  const common = sum(loadings) ** 2;
  const unique = sum(loadings.map((loading) => 1 - loading ** 2));
  return { omega: common / (common + unique), loadings, ...shape };
}

/** The loadings with the least squared residuals; null where they run off from every start. */
function minimumResiduals(correlations: readonly (readonly number[])[]): number[] | null {
  let [best, least] = [null as number[] | null, Infinity];
  for (const start of starts(correlations)) {
    const found = descended(correlations, start, FIRST_ROUNDS, NEAR);
    const squares = residuals(correlations, found.loadings);
    // One minimum is met from many starts, with other last digits.
    if (best === null || squares < least - 1e-9) [best, least] = [found.loadings, squares];
  }
  if (best === null) return null;
  const { loadings, moved } = descended(correlations, best, MOST_ROUNDS, 1e-15);
  if (moved >= 1e-15) return null;
  return sum(loadings) < 0 ? loadings.map((loading) => -loading) : loadings;
}

/** The first component, every pair of items with the others at 0, and points all over the cube. */
function* starts(correlations: readonly (readonly number[])[]): Generator<number[]> {
  yield firstComponent(correlations);
  const k = correlations.length;
  for (let i = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++) {
      const r = correlations[i]![j]!, size = Math.sqrt(Math.abs(r));
      yield correlations.map((_, at) => at === i ? size : at === j ? Math.sign(r) * size : 0);
    }
  }
  // A Weyl sequence stands in for a random one: the same starts for the same number of items.
  let at = 0;
  for (let start = 0; start < RANDOM_STARTS; start++) {
    yield correlations.map(() => 2 * ((++at * GOLDEN) % 1) - 1);
  }
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

function residuals(correlations: readonly (readonly number[])[], loadings: readonly number[]) {
  let squares = 0;
  for (const [i, row] of correlations.entries()) {
    for (let j = i + 1; j < row.length; j++) {
      squares += (row[j]! - loadings[i]! * loadings[j]!) ** 2;
    }
  }
  return squares;
}

/** Each loading in turn takes its least-squares value given the others, until none moves. */
function descended(
  correlations: readonly (readonly number[])[],
  start: readonly number[],
  rounds: number,
  end: number,
): { loadings: number[]; moved: number } {
  const loadings = [...start], k = loadings.length;
  let moved = Infinity;
  for (let round = 0; round < rounds && moved >= end; round++) {
    moved = 0;
    for (let i = 0; i < k; i++) {
      const row = correlations[i]!;
      let product = 0, square = 0;
      for (let j = 0; j < k; j++) {
        if (j === i) continue;
        const loading = loadings[j]!;
        product += row[j]! * loading;
        square += loading * loading;
      }
      const next = square === 0 ? 0 : product / square;
      moved = Math.max(moved, Math.abs(next - loadings[i]!));
      loadings[i] = next;
    }
  }
  return { loadings, moved };
}

/** A start with the right signs: the largest component, by powers of the matrix. */
function firstComponent(correlations: readonly (readonly number[])[]): number[] {
  let component = correlations.map((_, i) => 1 + i / 100);
  for (let round = 0; round < 100; round++) {
    const next = correlations.map((row) => sum(row.map((r, j) => r * component[j]!)));
    const length = Math.hypot(...next);
    component = next.map((value) => value / length);
  }
  return component;
}
