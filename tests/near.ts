/** Comparing numbers with those of other software. */
import assert from "node:assert/strict";

/** Equal within a relative tolerance; null only equals null. */
export function near(
  actual: number | null | undefined,
  expected: number | null | undefined,
  tolerance: number,
  at?: unknown,
) {
  const equal = actual === expected ||
    (typeof actual === "number" && typeof expected === "number" &&
      Math.abs(actual - expected) <= tolerance * Math.abs(expected));
  assert.ok(equal, `${actual} is not within ${tolerance} of ${expected}: ${JSON.stringify(at)}`);
}

/** For limits near 0, whose digits cancel: within a tolerance of `scale`. */
export function close(
  actual: number | null | undefined,
  expected: number | null | undefined,
  tolerance: number,
  at?: unknown,
) {
  const equal = actual === expected ||
    (typeof actual === "number" && typeof expected === "number" &&
      Math.abs(actual - expected) <= tolerance);
  assert.ok(equal, `${actual} is not within ${tolerance} of ${expected}: ${JSON.stringify(at)}`);
}

/** Every case, of which there is at least one. */
export function each<T>(cases: readonly T[], check: (one: T) => void) {
  assert.ok(cases.length > 0);
  cases.forEach(check);
}
