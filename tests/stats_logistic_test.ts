/** Logistic models and their ridge against R. */
import assert from "node:assert/strict";
import { logistic, predicted } from "lib/stats.ts";
import { close, near } from "./near.ts";
import reference from "./reference/logistic.json" with { type: "json" };

// R's standard errors are of the weights of its last step but one.
Deno.test("logistic() agrees with R's glm within 1e-8, its ridge with the penalised maximum", () => {
  for (const { x, y, beta, se, ridge, penalised, p } of reference.cases) {
    const own = logistic(x, y)!;
    [own.intercept, ...own.slopes].forEach((value, at) => close(value, beta[at]!, 1e-8));
    own.se.forEach((value, at) => near(value, se[at]!, 1e-7));
    const held = logistic(x, y, { ridge })!;
    [held.intercept, ...held.slopes].forEach((value, at) => close(value, penalised[at]!, 1e-8));
    x.forEach((row, at) => close(predicted(own, row), p[at]!, 1e-8));
  }
});

Deno.test("logistic() has no maximum where rows are separated; its ridge has", () => {
  const x = [[1], [2], [3], [4]], y = [0, 0, 1, 1];
  assert.equal(logistic(x, y), null);
  assert.equal(logistic(x, [1, 1, 1, 1], { ridge: 1 }), null);
  assert.equal(logistic([[1, 1], [2, 2], [3, 3]], [0, 1, 0]), null);
  const held = logistic(x, y, { ridge: 1 })!;
  // By symmetry the middle, 2.5, is even; the intercept is not penalised.
  near(predicted(held, [2.5]), 0.5, 1e-9);
  close(held.intercept + 2.5 * held.slopes[0]!, 0, 1e-9);
  assert.throws(() => logistic(x, [0, 0, 1, 2]), /0 or 1: got 2/);
  assert.throws(() => logistic(x, [0, 1]), /Each of 2 outcomes/);
  assert.throws(() => logistic(x, y, { ridge: -1 }), /0 or more/);
});
