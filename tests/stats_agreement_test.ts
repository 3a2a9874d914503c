/** Agreement beyond accuracy against scikit-learn, statsmodels and mpmath. */
import assert from "node:assert/strict";
import { balancedAccuracy, baselines, cohenKappa, matthews, pearson } from "lib/stats.ts";
import { close, each, near } from "./near.ts";
import python from "./reference/estimators_python.json" with { type: "json" };

const of = (
  truePositive: number,
  falsePositive: number,
  falseNegative: number,
  trueNegative: number,
) => ({ truePositive, falsePositive, falseNegative, trueNegative });

Deno.test("balancedAccuracy() agrees with scikit-learn; its limits with mpmath within 1e-12", () => {
  each(python.agreement, ({ counts, balanced: { estimate, limits } }) => {
    const own = balancedAccuracy(counts);
    near(own.estimate, estimate, 1e-14, counts);
    near(own.ciLower, limits[0], 1e-12, counts);
    near(own.ciUpper, limits[1], 1e-12, counts);
  });
});

// statsmodels.stats.inter_rater.cohens_kappa
Deno.test("cohenKappa() agrees with scikit-learn and statsmodels within 1e-11", () => {
  each(python.agreement, ({ counts, kappa: { sklearn, se, limits } }) => {
    const own = cohenKappa(counts);
    close(own.estimate, sklearn, 1e-14, counts);
    close(own.se, se, 1e-11, counts);
    // Perfect agreement has an interval without width there, and none here.
    const [lower, upper] = se! < 1e-7 ? [null, null] : limits;
    close(own.ciLower, lower, 1e-11, counts);
    close(own.ciUpper, upper, 1e-11, counts);
  });
});

// mpmath: the delta method with numerical derivatives
Deno.test("matthews() agrees with scikit-learn; se and limits with mpmath within 1e-11", () => {
  each(python.agreement, ({ counts, mcc: { sklearn, se, limits } }) => {
    const own = matthews(counts);
    close(own.estimate, sklearn, 1e-14, counts);
    near(own.se, se, 1e-11, counts);
    const [lower, upper] = se === 0 ? [null, null] : limits;
    near(own.ciLower, lower, 1e-11, counts);
    near(own.ciUpper, upper, 1e-11, counts);
  });
});

Deno.test("matthews() is Pearson's r of 0 and 1", () => {
  each(python.agreement.filter(({ counts }) => counts.trueNegative < 1000), ({ counts }) => {
    const rows = [
      ...new Array(counts.truePositive).fill([1, 1]),
      ...new Array(counts.falsePositive).fill([1, 0]),
      ...new Array(counts.falseNegative).fill([0, 1]),
      ...new Array(counts.trueNegative).fill([0, 0]),
    ];
    const { r } = pearson(rows.map(([x]) => x), rows.map(([, y]) => y));
    close(matthews(counts).estimate, r, 1e-14);
  });
});

Deno.test("baselines() are kappa's chance and the commoner class", () => {
  assert.deepEqual(baselines(of(20, 5, 10, 15)), { chance: 0.5, majority: 0.6, n: 50 });
  // Items of the lie scale: 17 % of the reference is yes, so no to everything agrees with 83 %.
  assert.equal(baselines(of(0, 0, 17, 83)).majority, 0.83);
  each(python.agreement, ({ counts }) => {
    const { chance, n } = baselines(counts);
    const accuracy = (counts.truePositive + counts.trueNegative) / n;
    close(cohenKappa(counts).estimate, (accuracy - chance!) / (1 - chance!), 1e-14);
  });
});

Deno.test("answers that do not look at the reference agree by chance only", () => {
  const blind = of(6, 18, 4, 12);
  close(balancedAccuracy(blind).estimate, 0.5, 1e-15);
  close(cohenKappa(blind).estimate, 0, 1e-15);
  close(matthews(blind).estimate, 0, 1e-15);
  assert.equal(balancedAccuracy(of(0, 0, 17, 83)).estimate, 0.5);
});

Deno.test("yes and no are alike, and so are answers and reference where they should be", () => {
  each(
    python.agreement,
    ({ counts: { truePositive: a, falsePositive: b, falseNegative: c, trueNegative: d } }) => {
      for (const estimate of [balancedAccuracy, cohenKappa, matthews]) {
        const [own, turned] = [estimate(of(a, b, c, d)), estimate(of(d, c, b, a))];
        close(own.estimate, turned.estimate, 1e-14);
        close(own.ciLower, turned.ciLower, 1e-12);
      }
      for (const estimate of [cohenKappa, matthews]) {
        close(estimate(of(a, b, c, d)).se, estimate(of(a, c, b, d)).se, 1e-13);
      }
    },
  );
});

Deno.test("agreement is null where a class is missing, and has no interval where it is perfect", () => {
  const none = { estimate: null, se: null, ciLower: null, ciUpper: null };
  assert.deepEqual(balancedAccuracy(of(3, 0, 2, 0)), { ...none, n: 5 });
  assert.deepEqual(cohenKappa(of(5, 0, 0, 0)), { ...none, n: 5 });
  assert.deepEqual(cohenKappa(of(0, 0, 0, 0)), { ...none, n: 0 });
  assert.deepEqual(matthews(of(3, 0, 2, 0)), { ...none, n: 5 });
  assert.deepEqual(baselines(of(0, 0, 0, 0)), { chance: null, majority: null, n: 0 });
  const certain = { ...none, se: 0, n: 9 };
  assert.deepEqual(matthews(of(4, 0, 0, 5)), { ...certain, estimate: 1 });
  assert.deepEqual(matthews(of(0, 4, 5, 0)), { ...certain, estimate: -1 });
  const { estimate, ...rest } = cohenKappa(of(4, 0, 0, 5));
  near(estimate, 1, 1e-15);
  assert.deepEqual({ estimate: null, ...rest }, certain);
  assert.throws(() => matthews(of(-1, 2, 3, 4)), RangeError);
});
