/** Agreement of yes/no answers with a reference. */
import { checked, type Interval, limited, NO_LIMITS, ratio, vanishes } from "./basics.ts";
import { combined, wilson } from "./shares.ts";
import { normalReach } from "./tails.ts";

/** Shares between 0 and 1; `n` is the number of answers expected, given or not. */
export interface Agreement {
  accuracy: number | null;
  precision: number | null;
  recall: number | null;
  specificity: number | null;
  n: number;
}

/**
 * Agreement of yes/no answers with a reference, in which yes is positive.
 *
 * Classes are counted by themselves because an answer may be missing: then it agrees with nothing and
 * predicts neither class, but its item still has an actual class. A share with denominator 0 is null.
 * A count that is not finite is refused.
 *
 * @param counts of `n` items: those answered yes (`predictedPositive`), those whose reference is yes
 *   and no (`actualPositive`, `actualNegative`), and those where both are yes and both are no
 */
export function agreement(counts: {
  n: number;
  predictedPositive: number;
  actualPositive: number;
  actualNegative: number;
  truePositive: number;
  trueNegative: number;
}): Agreement {
  const { n, truePositive, trueNegative } = counts;
  checked(Object.values(counts));
  return {
    accuracy: ratio(truePositive + trueNegative, n),
    precision: ratio(truePositive, counts.predictedPositive),
    recall: ratio(truePositive, counts.actualPositive),
    specificity: ratio(trueNegative, counts.actualNegative),
    n,
  };
}

/**
 * How many answers meet their reference how, yes being positive. Missing answers are in none of the
 * four: what follows is about the answers given.
 */
export interface Confusion {
  truePositive: number;
  falsePositive: number;
  falseNegative: number;
  trueNegative: number;
}

/** An estimate with its standard error and limits; `n` is the number of answers. */
export interface AgreementEstimate extends Interval {
  se: number | null;
  n: number;
}

/**
 * Balanced accuracy: the mean of recall and specificity, ½ for any answer that does not look at the
 * reference.
 *
 * Its limits combine the Wilson intervals of the two shares, as Newcombe does for a difference; se is
 * √(p₁q₁/n₁ + p₂q₂/n₂) / 2. Null when the reference has one class only. Source: Brodersen et al. 2010,
 * ICPR, 3121–3124; Zou & Donner 2008, Statistics in Medicine 27, 1693–1702.
 *
 * @throws {RangeError} when a count is negative or not finite, or the level is not a share
 */
export function balancedAccuracy(of: Confusion, level = 0.95): AgreementEstimate {
  const { n, truePositive, trueNegative, positive, negative } = margins(of);
  const recall = { count: truePositive, n: positive };
  const specificity = { count: trueNegative, n: negative };
  const limits = combined(wilson(recall, level), wilson(specificity, level), 0.5, 0.5);
  if (limits === null) return { estimate: null, se: null, ...NO_LIMITS, n };
  const [p, q] = [truePositive / positive, trueNegative / negative];
  const se = Math.sqrt(p * (1 - p) / positive + q * (1 - q) / negative) / 2;
  return { estimate: (p + q) / 2, se, ...limits, n };
}

/**
 * Cohen's kappa, (p_o − p_e) / (1 − p_e), with its large-sample se and normal interval.
 *
 * The limits are not cut at 1; there are none where all answers agree, or none does and the classes are
 * alike, since se is 0 there. Null when answers and reference have the same one class, or n is 0.
 * Source: Cohen 1960, Educational and Psychological Measurement 20, 37–46; Fleiss, Cohen & Everitt
 * 1969, Psychological Bulletin 72, 323–327, eq. 13.
 *
 * @throws {RangeError} when a count is negative or not finite, or the level is not a share
 */
export function cohenKappa(of: Confusion, level = 0.95): AgreementEstimate {
  const reach = normalReach(level);
  const { n, truePositive, trueNegative, positive, negative, yes, no } = margins(of);
  const observed = (truePositive + trueNegative) / n;
  const chance = (yes * positive + no * negative) / n ** 2;
  if (n === 0 || !(chance < 1)) return { estimate: null, se: null, ...NO_LIMITS, n };
  const estimate = (observed - chance) / (1 - chance);
  const rest = 1 - estimate;
  const diagonal = truePositive / n * (1 - (yes + positive) / n * rest) ** 2 +
    trueNegative / n * (1 - (no + negative) / n * rest) ** 2;
  const crossed = rest ** 2 / n *
    (of.falsePositive * ((positive + no) / n) ** 2 +
      of.falseNegative * ((negative + yes) / n) ** 2);
  const middle = (estimate - chance * rest) ** 2;
  // Where answers all agree, or none does, the difference is rounding of either sign.
  const left = diagonal + crossed - middle;
  const variance = vanishes(left, diagonal + crossed) ? 0 : left / (n * (1 - chance) ** 2);
  const se = Math.sqrt(variance);
  return { estimate, se, ...limited(estimate - reach * se, estimate + reach * se), n };
}

/**
 * Matthews' correlation coefficient: Pearson's r of the two yes/no variables.
 *
 * se is that of the delta method for multinomial counts; the interval is normal in artanh MCC. At ±1
 * se is 0 and there are no limits. Null when answers or reference have one class only. Source:
 * Matthews 1975, BBA 405, 442–451; Bishop, Fienberg & Holland 1975, Discrete Multivariate Analysis,
 * §11.3.4; interval: Itaya et al. 2025, Statistics in Medicine 44, e10303.
 *
 * @throws {RangeError} when a count is negative or not finite, or the level is not a share
 */
export function matthews(of: Confusion, level = 0.95): AgreementEstimate {
  const reach = normalReach(level);
  const { n, truePositive, trueNegative, positive, negative, yes, no } = margins(of);
  if (yes * no * positive * negative === 0) return { estimate: null, se: null, ...NO_LIMITS, n };
  const product = truePositive * trueNegative - of.falsePositive * of.falseNegative;
  const estimate = product / Math.sqrt(yes * no) / Math.sqrt(positive * negative);
  if (of.falsePositive + of.falseNegative === 0 || truePositive + trueNegative === 0) {
    return { estimate: Math.sign(product), se: 0, ...NO_LIMITS, n };
  }
  const square = estimate ** 2;
  const u = (yes - no) / Math.sqrt(yes * no);
  const v = (positive - negative) / Math.sqrt(positive * negative);
  const variance = 1 - square + estimate * (1 + square / 2) * u * v -
    3 / 4 * square * (u ** 2 + v ** 2);
  const se = Math.sqrt(Math.max(0, variance) / n);
  const half = reach * se / (1 - square);
  const centre = Math.atanh(estimate);
  return { estimate, se, ...limited(Math.tanh(centre - half), Math.tanh(centre + half)), n };
}

/**
 * The accuracy that needs no look at the reference: of answers with the same shares of yes and no given
 * by chance (kappa's p_e), and of always answering the reference's commoner class. Null when n is 0.
 *
 * @throws {RangeError} when a count is negative or not finite
 */
export function baselines(
  of: Confusion,
): { chance: number | null; majority: number | null; n: number } {
  const { n, positive, negative, yes, no } = margins(of);
  const chance = ratio(yes * positive + no * negative, n ** 2);
  return { chance, majority: ratio(Math.max(positive, negative), n), n };
}

/** With the reference's classes (`positive`, `negative`) and the answers' (`yes`, `no`). */
function margins(of: Confusion) {
  const { truePositive, falsePositive, falseNegative, trueNegative } = of;
  for (const count of [truePositive, falsePositive, falseNegative, trueNegative]) {
    if (!(count >= 0 && count <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`A count is 0 or more: got ${count}`);
    }
  }
  const [positive, negative] = [truePositive + falseNegative, falsePositive + trueNegative];
  const [yes, no] = [truePositive + falsePositive, falseNegative + trueNegative];
  return { ...of, positive, negative, yes, no, n: positive + negative };
}
