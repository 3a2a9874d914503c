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

/**
 * McDonald's omega total of one factor, (Σλ)² / ((Σλ)² + Σ(1 − λ²)), on standardised items.
 *
 * The loadings are the minimum residuals' (unweighted least squares): those whose products are nearest
 * to the Pearson correlations off the diagonal, also for items of two values, whose tetrachoric
 * correlations would give a larger omega. Null with fewer than 3 items, which do not determine the
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

/** Each loading in turn takes its least-squares value given the others, until none moves. */
function minimumResiduals(correlations: readonly (readonly number[])[]): number[] | null {
  const loadings = firstComponent(correlations);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let moved = 0;
    for (const [i, row] of correlations.entries()) {
      let [product, square] = [0, 0];
      for (const [j, loading] of loadings.entries()) {
        if (j === i) continue;
        product += row[j]! * loading;
        square += loading ** 2;
      }
      const next = square === 0 ? 0 : product / square;
      moved = Math.max(moved, Math.abs(next - loadings[i]!));
      loadings[i] = next;
    }
    if (moved < 1e-15) return sum(loadings) < 0 ? loadings.map((loading) => -loading) : loadings;
  }
  return null;
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
