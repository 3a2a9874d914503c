/** How often tests reject and intervals hold, where the truth is known. */
import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import { type Random, seeded } from "../../random.ts";
import {
  type Bootstrap,
  clusterBootstrap,
  cohenH,
  FEW_CLUSTERS,
  newcombe,
  pairedT,
  proportionZ,
  tTail,
  weightedTotals,
  wilson,
} from "../../stats.ts";
import { alias, countProbabilities, pairProbabilities } from "./counts.ts";
import { type ErrorRate, holds, Tallies } from "./tally.ts";

/** Two groups of personas, and what is true of them. */
export interface Comparison {
  /**
   * `same profiles`: two conditions on them, as in Tables 1–3. `different profiles`: as many others in
   * the second group.
   */
  groups: "same profiles" | "different profiles";
  /**
   * Whether a profile favours the same categories in both conditions; where it does not, its effect is
   * another in each. Without meaning for different profiles.
   */
  profileEffect?: "common" | "own";
  /** Profiles of each group, and personas of each profile in each group. */
  profiles: number;
  repetitions: number;
  /**
   * Share in the second group; the first has `difference` more. On the same profiles with a common
   * effect the difference is not the same for all: it varies between them by icc · d (1 − d).
   */
  share: number;
  difference?: number;
  icc: number;
}

/** What is drawn how often, and at which level it is judged: 2,000 studies at 0.95. */
export interface Studies {
  seed: number;
  studies?: number;
  level?: number;
  /** Draws of the cluster bootstrap in each study; without them there is none. */
  draws?: number;
}

/**
 * Error rate or power of tests of two shares, and coverage of their intervals.
 *
 * - `pooled z`: the paper's test, with Newcombe's interval: every persona is its own respondent.
 * - `clustered`: `clusteredDifference` by profile. Every profile has as many personas, so that it is
 *   computed from sums over the profiles' shares, which gives the same numbers.
 * - `profile level`: a t-test of the profiles' shares, paired for the same profiles (then it is the
 *   clustered one), with pooled variance for different ones.
 * - `bootstrap percentile`, `bootstrap BCa`, where `draws` are given: `clusterBootstrap` by profile,
 *   which rejects where its interval leaves out 0; `bootstrap h`: the percentile one of Cohen's h.
 *
 * Shares of profiles are beta-distributed (see `Urn`). A p that is undefined rejects nothing.
 *
 * @throws {RangeError} when a number is out of its range
 */
export function errorRates(of: Comparison, options: Studies): ErrorRate[] {
  const { groups, profileEffect = "common", profiles, repetitions, share, difference = 0, icc } =
    of;
  const { studies = 2000, seed, level = 0.95, draws } = options;
  checkDesign({ ...of, studies });
  checkShare("share + difference", share + difference);
  const n = profiles * repetitions;
  const same = groups === "same profiles";
  const design = [profiles, repetitions, share, difference, icc];
  const random = seeded("error rates", seed, groups, profileEffect, ...design);
  const again = seeded("error rates, bootstrap", seed, groups, profileEffect, ...design);
  const draw = pairsOf(of, same && profileEffect === "common", random);
  const trueH = 2 * (Math.asin(Math.sqrt(share + difference)) - Math.asin(Math.sqrt(share)));
  const tallies = new Tallies(level);
  const estimates = estimators(of, level);
  for (let study = 0; study < studies; study++) {
    const counts = draw();
    const [a, b] = [counts[0], counts[1]].map((group) => ({ count: total(group), n }));
    tallies.add("pooled z", proportionZ(a!, b!).p, newcombe(a!, b!, level), difference);
    for (const [method, found] of Object.entries(estimates(...counts))) {
      tallies.add(method, found.p, found, difference);
    }
    if (draws === undefined) continue;
    const [shares, h] = resampled(counts, { repetitions, same, draws, level, random: again });
    for (
      const [method, limits, truth] of [
        ["bootstrap percentile", shares!.percentile, difference],
        ["bootstrap BCa", shares!.bca, difference],
        ["bootstrap h", h!.percentile, trueH],
      ] as const
    ) {
      const p = limits.ciLower === null || holds(limits, 0) ? 1 : 0;
      tallies.add(method, p, limits, truth);
    }
  }
  return tallies.rates();
}

/**
 * Coverage of the intervals of one share: Wilson's, for which every persona is its own respondent, and
 * the clustered mean by profile. `rejection` is the share of studies whose interval misses.
 *
 * @throws {RangeError} when a number is out of its range
 */
export function shareCoverage(
  of: Pick<Comparison, "profiles" | "repetitions" | "share" | "icc">,
  options: Studies,
): ErrorRate[] {
  const { profiles, repetitions, share, icc } = of;
  const { studies = 2000, seed, level = 0.95 } = options;
  checkDesign({ ...of, studies });
  const random = seeded("shares", seed, profiles, repetitions, share, icc);
  const count = alias(countProbabilities(share, of), random);
  const tallies = new Tallies(level);
  for (let study = 0; study < studies; study++) {
    const group = Uint32Array.from({ length: profiles }, count);
    const sum = total(group);
    tallies.interval(
      "Wilson",
      wilson({ count: sum, n: profiles * repetitions }, level),
      share,
    );
    const mean = sum / profiles / repetitions;
    // CR1 of equal clusters is the standard error of the mean of their shares.
    const clustered = pairedT({ mean, sd: spread(group) / repetitions, n: profiles }, level);
    tallies.interval("clustered", clustered, share);
  }
  return tallies.rates();
}

type Counts = readonly [a: Uint32Array, b: Uint32Array];

/** Counts by profile in two groups, which have the profile's effect in common or each its own. */
function pairsOf(of: Omit<Comparison, "groups">, common: boolean, random: Random): () => Counts {
  const { profiles, repetitions, share, difference = 0 } = of;
  const shares = [share + difference, share] as const;
  const draws = (draw: () => number) => {
    const drawn = new Uint32Array(profiles);
    for (let profile = 0; profile < profiles; profile++) drawn[profile] = draw();
    return drawn;
  };
  if (!common) {
    const [a, b] = shares.map((one) => alias(countProbabilities(one, of), random));
    return () => [draws(a!), draws(b!)];
  }
  const [low, high] = shares.toSorted((x, y) => x - y);
  const pair = alias(pairProbabilities({ low: low!, high: high! }, of), random);
  return () => {
    const [atLow, atHigh] = [draws(pair), new Uint32Array(profiles)];
    for (let profile = 0; profile < profiles; profile++) {
      const both = atLow[profile]!;
      atHigh[profile] = both % (repetitions + 1);
      atLow[profile] = Math.floor(both / (repetitions + 1));
    }
    return difference > 0 ? [atHigh, atLow] : [atLow, atHigh];
  };
}

const total = (counts: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < counts.length; at++) sum += counts[at]!;
  return sum;
};

/** Standard deviation of whole numbers; their sums are exact. */
function spread(counts: ArrayLike<number>): number {
  let square = 0;
  for (let at = 0; at < counts.length; at++) square += counts[at]! ** 2;
  const n = counts.length;
  return Math.sqrt((square - total(counts) ** 2 / n) / (n - 1));
}

/** The clustered difference and the t-test of profiles, from counts by profile. */
export function estimators(of: Comparison, level: number) {
  const { groups, profiles: n, repetitions } = of;
  const studentised = (estimate: number, se: number, df: number, reach: number) => ({
    p: se === 0 ? null : tTail(estimate / se, df),
    ciLower: se === 0 ? null : estimate - reach * se,
    ciUpper: se === 0 ? null : estimate + reach * se,
  });
  if (groups === "same profiles") {
    return (a: Uint32Array, b: Uint32Array) => {
      const away = new Int32Array(n);
      for (let at = 0; at < n; at++) away[at] = a[at]! - b[at]!;
      const mean = total(away) / n / repetitions;
      const found = pairedT({ mean, sd: spread(away) / repetitions, n }, level);
      return { clustered: found, "profile level": found };
    };
  }
  // The 2n profiles are one set of clusters, so that CR1 has 2n − 1 df; the t-test has one df less. CR2,
  // which takes over where they are few, is the t-test here, df and all.
  const [clusters, pooled] = [2 * n - 1, 2 * n - 2].map((df) => ({
    df,
    reach: tQuantile((1 + level) / 2, df),
  }));
  return (a: Uint32Array, b: Uint32Array) => {
    const estimate = (total(a) - total(b)) / n / repetitions;
    const squares = (spread(a) ** 2 + spread(b) ** 2) * (n - 1) / repetitions ** 2;
    const cr1 = Math.sqrt(2 * n / clusters!.df * squares) / n;
    const se = Math.sqrt(squares / (n - 1) / n);
    const level = studentised(estimate, se, pooled!.df, pooled!.reach);
    return {
      clustered: 2 * n < FEW_CLUSTERS
        ? level
        : studentised(estimate, cr1, clusters!.df, clusters!.reach),
      "profile level": level,
    };
  };
}

/** Bootstrap of the difference of two shares and of Cohen's h, from counts by profile. */
function resampled(
  [a, b]: Counts,
  { repetitions, same, draws, level, random }: {
    repetitions: number;
    same: boolean;
    draws: number;
    level: number;
    random: Random;
  },
): Bootstrap[] {
  const n = a.length;
  const clusters = same ? n : 2 * n;
  const from = clusters - n;
  const columns = [0, 0, 0, 0].map(() => new Float64Array(clusters));
  const [yesA, allA, yesB, allB] = columns;
  for (let profile = 0; profile < n; profile++) {
    yesA![profile] = a[profile]!;
    allA![profile] = repetitions;
    yesB![from + profile] = b[profile]!;
    allB![from + profile] = repetitions;
  }
  const statistics = (weights: Readonly<Float64Array>) => {
    const [x, m, y, k] = weightedTotals(weights, columns);
    const difference = m && k ? x! / m - y! / k : null;
    return [difference, cohenH({ count: x!, n: m! }, { count: y!, n: k! }).estimate];
  };
  return clusterBootstrap({ clusters, statistics, uniform: random.uniform, draws, level });
}

function checkDesign(
  of: Omit<Comparison, "groups"> & { studies: number },
): void {
  const { profiles, repetitions, studies, share, icc } = of;
  checkShare("share", share);
  checkShare("icc", icc);
  for (
    const [what, value, least] of [
      ["profiles", profiles, 2],
      ["repetitions", repetitions, 1],
      ["studies", studies, 1],
    ] as const
  ) checkWhole(what, value, least);
}

/** @throws {RangeError} when a value is not between 0 and 1 */
export function checkShare(what: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new RangeError(`${what} lies between 0 and 1: current value is ${value}`);
}

/** @throws {RangeError} when a value is no whole number, or less than the least */
export function checkWhole(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(
    `${what} is a whole number of ${least} or more: current value is ${value}`,
  );
}
