/** Intervals of the mean share of strata: other software, the definition, and how often they hold the truth. */
import assert from "node:assert/strict";
import { stratifiedShare, wilson } from "lib/stats.ts";
import { seeded } from "lib/random.ts";
import { close, each } from "./near.ts";
import python from "./reference/strata.json" with { type: "json" };

type Of = { count: readonly number[]; n: readonly number[]; weight: readonly number[] };
const strataOf = ({ count, n, weight }: Of) =>
  count.map((one, at) => ({ share: one / n[at]!, n: n[at]!, weight: weight[at]! }));

const alike = (strata: number, count: number, n: number) =>
  Array.from({ length: strata }, () => ({ share: count / n, n, weight: 1 / 3 }));

Deno.test("stratifiedShare() of one stratum, and of strata alike, is statsmodels' Wilson interval", () => {
  const all = [...python.alone.map((one) => ({ ...one, strata: 1 })), ...python.alike];
  each(all, ({ strata, count, n, level, limits: [lower, upper] }) => {
    const { estimate, ciLower, ciUpper } = stratifiedShare(alike(strata, count, n), level);
    close(estimate, count / n, 1e-15);
    close(ciLower, lower, 1e-12, { strata, count, n });
    close(ciUpper, upper, 1e-12, { strata, count, n });
  });
});

// scipy's brentq: shares of greatest likelihood with each mean, and the means that are not rejected.
Deno.test("stratifiedShare() is its definition within 1e-9", () => {
  each(python.defined, (one) => {
    const { ciLower, ciUpper } = stratifiedShare(strataOf(one), one.level);
    close(ciLower, one.limits[0], 1e-9, one);
    close(ciUpper, one.limits[1], 1e-9, one);
  });
});

Deno.test("stratifiedShare() has limits where all agree, and none where a stratum has one of its own", () => {
  // As of strata alike: Wilson's with 23 of each and one more.
  const { ciLower, ciUpper } = stratifiedShare(alike(48, 24, 24));
  close(ciLower, wilson({ count: 48 * 23 + 1, n: 48 * 23 + 1 }).ciLower, 1e-12);
  assert.equal(ciUpper, 1);
  assert.equal(stratifiedShare(alike(3, 0, 9)).ciLower, 0);
  const lonely = [{ share: .5, n: 40, weight: 1 }, { share: 1, n: 1, weight: 1 }];
  assert.deepEqual(stratifiedShare(lonely), { estimate: .75, ciLower: null, ciUpper: null });
  // Without a weight it counts for nothing.
  const without = [lonely[0]!, { ...lonely[1]!, weight: 0 }];
  assert.deepEqual(stratifiedShare(without), stratifiedShare([lonely[0]!]));
  assert.deepEqual(stratifiedShare([]), { estimate: null, ciLower: null, ciUpper: null });
  assert.throws(() => stratifiedShare([{ share: 2, n: 4, weight: 1 }]), /got 2, 4 and 1/);
});

// Of 2,000 samples 95 % have an error of 0.5 in 100; of 30 people who answer in all, counts are too few for that.
Deno.test("stratifiedShare() holds the truth in 93 of 100 samples and more, near 1 and of few", () => {
  const { uniform } = seeded("strata"), samples = 2000;
  const mixed = (at: number, states: number) => .9 + .095 * at / (states - 1);
  for (
    const [states, n, share, weight] of [
      [5, 6, () => .97, () => 1],
      [5, 24, () => .97, () => 1],
      [5, 24, () => .97, (at: number) => 2 ** at],
      [5, 24, (at: number) => mixed(at, 5), () => 1],
      [5, 100, () => .97, () => 1],
      [12, 6, (at: number) => mixed(at, 12), () => 1],
      [51, 4, () => .6, () => 1],
      [51, 24, () => .97, (at: number) => 1 + at % 7],
    ] as const
  ) {
    const truths = Array.from({ length: states }, (_, at) => share(at));
    const weights = truths.map((_, at) => weight(at));
    const truth = truths.reduce((sum, own, at) => sum + own * weights[at]!, 0) /
      weights.reduce((a, b) => a + b);
    let held = 0;
    for (let sample = 0; sample < samples; sample++) {
      const strata = truths.map((own, at) => {
        let count = 0;
        for (let one = 0; one < n; one++) count += Number(uniform() < own);
        return { share: count / n, n, weight: weights[at]! };
      });
      const { ciLower, ciUpper } = stratifiedShare(strata);
      held += Number(ciLower! <= truth && truth <= ciUpper!);
    }
    assert.ok(held >= .93 * samples, `${states} states of ${n}: ${held} of ${samples}`);
  }
});
