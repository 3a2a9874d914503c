/** How many of a profile's personas are in a category: the beta-binomial, drawn whole. */
import type { Random } from "../../random.ts";

/** Each of `k` numbers with its probability, at one uniform number a draw (Walker 1977; Vose 1991). */
export function alias(probabilities: readonly number[], random: Random): () => number {
  const k = probabilities.length;
  const whole = probabilities.reduce((total, p) => total + p, 0);
  const rest = probabilities.map((p) => p * k / whole);
  const other = rest.map((_, at) => at);
  const small = [...rest.keys()].filter((at) => rest[at]! < 1);
  const large = [...rest.keys()].filter((at) => rest[at]! >= 1);
  const own = rest.map(() => 1);
  while (small.length && large.length) {
    const [low, high] = [small.pop()!, large.at(-1)!];
    own[low] = rest[low]!;
    other[low] = high;
    rest[high]! -= 1 - rest[low]!;
    if (rest[high]! < 1) small.push(large.pop()!);
  }
  return () => {
    const place = random.uniform() * k;
    const at = Math.floor(place);
    return place - at < own[at]! ? at : other[at]!;
  };
}

/** Personas of a profile: so many of each, and how alike they are. */
interface Profile {
  repetitions: number;
  icc: number;
}

/** The probability that so many of the personas are in a category with this share: index = count. */
export function countProbabilities(share: number, { repetitions, icc }: Profile): number[] {
  const rising = risings(icc, repetitions);
  const [yes, no, all] = [rising(share), rising(1 - share), rising(1)];
  return Array.from(
    { length: repetitions + 1 },
    (_, count) =>
      Math.exp(
        logChoose(repetitions, count) + yes[count]! + no[repetitions - count]! - all[repetitions]!,
      ),
  );
}

/**
 * The probability of both counts of a profile whose effect is common to two conditions, in which the
 * category has the shares `low` and `high`: index = count at `low` × (repetitions + 1) + count at `high`.
 *
 * What `Urn` draws, cut at both shares: of 2 × repetitions draws of one Dirichlet-multinomial, those of
 * the one condition count below `low`, those of the other below `high`.
 */
export function pairProbabilities(
  { low, high }: { low: number; high: number },
  { repetitions: m, icc }: Profile,
): number[] {
  const rising = risings(icc, 2 * m);
  const [below, between, above, all] = [low, high - low, 1 - high, 1].map(rising);
  const probabilities: number[] = [];
  for (let first = 0; first <= m; first++) {
    for (let second = 0; second <= m; second++) {
      let total = 0;
      for (let i = 0; i <= m - first; i++) {
        for (let j = 0; j <= second; j++) {
          total += Math.exp(
            logChoose(m, first) + logChoose(m - first, i) + logChoose(m, second) +
              logChoose(second, j) + below![first + j]! + between![i + second - j]! +
              above![2 * m - first - i - second]! - all![2 * m]!,
          );
        }
      }
      probabilities.push(total);
    }
  }
  return probabilities;
}

/**
 * Logarithms of Π_{j < n} ((1 − ICC) p + j · ICC) for n from 0 to `most`: the weight of n draws of one
 * category of share p in a Dirichlet-multinomial, in a form that holds for an ICC of 0 as well. Just
 * below 1 the same form is right to 1e-12 where its limit, all draws alike, is 0 / 0.
 */
function risings(icc: number, most: number): (share: number) => number[] {
  const alike = Math.min(icc, 1 - 1e-12);
  return (share) => {
    const logs = [0];
    for (let j = 0; j < most; j++) logs.push(logs[j]! + Math.log((1 - alike) * share + j * alike));
    // A share of 0 has draws with probability 0, also where rounding has left a remainder below it.
    return share > 0 ? logs : logs.map((_, n) => n === 0 ? 0 : -Infinity);
  };
}

const FACTORIALS = [0];

function logFactorial(n: number): number {
  while (FACTORIALS.length <= n) {
    FACTORIALS.push(FACTORIALS.at(-1)! + Math.log(FACTORIALS.length));
  }
  return FACTORIALS[n]!;
}

const logChoose = (n: number, k: number): number =>
  logFactorial(n) - logFactorial(k) - logFactorial(n - k);
