/** How often tests reject and intervals hold, where the truth is known. */
import tQuantile from "stdlib/t-quantile";
import { type Random, seeded } from "../random.ts";
import {
  type Bootstrap,
  clusterBootstrap,
  clusteredDifference,
  clusteredMean,
  type Interval,
  type Limits,
  mean,
  newcombe,
  pairedT,
  proportionZ,
  sd,
  tTail,
  weightedTotals,
  wilson,
} from "../stats.ts";
import { Urn } from "./urn.ts";

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

/** Of so many studies, in how many a method was right, with Wilson's 95 % limits. */
export interface ErrorRate {
  method: string;
  studies: number;
  rejected: number;
  /** Share of the studies whose p is at most 1 − level: the error rate where nothing differs, else power. */
  rejection: number;
  rejectionLower: number;
  rejectionUpper: number;
  covered: number;
  /** Share of the studies whose interval holds the true difference. */
  coverage: number;
  coverageLower: number;
  coverageUpper: number;
  /** Mean width of the interval; null where it is undefined in a study, which then counts as missed. */
  width: number | null;
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
 *   computed from the profiles' shares, which gives the same numbers.
 * - `profile level`: a t-test of the profiles' shares, paired for the same profiles (then it is the
 *   clustered one, to the last digits), with pooled variance for different ones.
 * - `bootstrap percentile`, `bootstrap BCa`, where `draws` are given: `clusterBootstrap` by profile,
 *   which rejects where its interval leaves out 0.
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
  const reach = tQuantile((1 + level) / 2, 2 * profiles - 2);
  const design = [profiles, repetitions, share, difference, icc];
  const random = seeded("error rates", seed, groups, profileEffect, ...design);
  const again = seeded("error rates, bootstrap", seed, groups, profileEffect, ...design);
  const draw = pairsOf(of, same && profileEffect === "common", random);
  const tallies = new Map<string, Tally>();
  const judged = (method: string, p: number | null, limits: Limits) => {
    if (!tallies.has(method)) tallies.set(method, new Tally());
    tallies.get(method)!.add(p !== null && p <= 1 - level, limits, difference);
  };
  for (let study = 0; study < studies; study++) {
    const [a, b] = draw();
    const counts = [a, b].map((group) => ({ count: total(group), n }));
    judged(
      "pooled z",
      proportionZ(counts[0]!, counts[1]!).p,
      newcombe(counts[0]!, counts[1]!, level),
    );

    const [x, y] = [a, b].map((group) => Array.from(group, (count) => count / repetitions));
    const one = (values: number[]) => values.map((value) => [value]);
    const none = Array.from({ length: same ? 0 : profiles }, () => []);
    const clustered = clusteredDifference([...one(x!), ...none], [...none, ...one(y!)], level);
    judged("clustered", clustered.p, clustered);

    const ofProfiles = same ? paired(x!, y!, level) : unpaired(x!, y!, reach);
    judged("profile level", ofProfiles.p, ofProfiles);

    if (draws === undefined) continue;
    const { percentile, bca } = resampled(a, b, { repetitions, same, draws, level, random: again });
    for (const [method, limits] of [["percentile", percentile], ["BCa", bca]] as const) {
      judged(`bootstrap ${method}`, limits.ciLower === null || holds(limits, 0) ? 1 : 0, limits);
    }
  }
  return [...tallies].map(([method, tally]) => tally.rate(method));
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
  const draw = pairsOf(of, false, seeded("shares", seed, profiles, repetitions, share, icc));
  const tallies = { Wilson: new Tally(), clustered: new Tally() };
  for (let study = 0; study < studies; study++) {
    const [group] = draw();
    const whole = wilson({ count: total(group), n: profiles * repetitions }, level);
    tallies.Wilson.add(!holds(whole, share), whole, share);
    const clustered = clusteredMean(Array.from(group, (count) => [count / repetitions]), level);
    tallies.clustered.add(!holds(clustered, share), clustered, share);
  }
  return Object.entries(tallies).map(([method, tally]) => tally.rate(method));
}

/** Counts by profile in two groups, which draw from one urn or each from its own. */
function pairsOf(
  of: Omit<Comparison, "groups">,
  oneUrn: boolean,
  random: Random,
): () => readonly [a: Uint32Array, b: Uint32Array] {
  const { profiles, repetitions, share, difference = 0, icc } = of;
  const urn = new Urn(icc, 2 * repetitions, random);
  return () => {
    const groups = [new Uint32Array(profiles), new Uint32Array(profiles)] as const;
    for (let profile = 0; profile < profiles; profile++) {
      urn.empty();
      groups[0][profile] = drawn(urn, repetitions, share + difference);
      if (!oneUrn) urn.empty();
      groups[1][profile] = drawn(urn, repetitions, share);
    }
    return groups;
  };
}

function drawn(urn: Urn, draws: number, share: number): number {
  let count = 0;
  for (let draw = 0; draw < draws; draw++) if (urn.draw() < share) count += 1;
  return count;
}

const total = (counts: Uint32Array): number => counts.reduce((sum, count) => sum + count, 0);

function paired(x: number[], y: number[], level: number): Limits & { p: number | null } {
  const away = x.map((value, profile) => value - y[profile]!);
  return pairedT({ mean: mean(away)!, sd: sd(away)!, n: away.length }, level);
}

/** Student's t of two groups of one size. @param reach standard errors of its interval */
function unpaired(x: number[], y: number[], reach: number): Limits & { p: number | null } {
  const estimate = mean(x)! - mean(y)!;
  const se = Math.hypot(sd(x)!, sd(y)!) / Math.sqrt(x.length);
  const p = se === 0 ? null : tTail(estimate / se, 2 * x.length - 2);
  return { p, ciLower: estimate - reach * se, ciUpper: estimate + reach * se };
}

/** Bootstrap of the difference of two shares, from counts by profile. */
function resampled(
  a: Uint32Array,
  b: Uint32Array,
  { repetitions, same, draws, level, random }: {
    repetitions: number;
    same: boolean;
    draws: number;
    level: number;
    random: Random;
  },
): Bootstrap {
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
    return [m && k ? x! / m - y! / k : null];
  };
  return clusterBootstrap({ clusters, statistics, uniform: random.uniform, draws, level })[0]!;
}

const holds = ({ ciLower, ciUpper }: Limits, truth: number): boolean =>
  ciLower !== null && ciUpper !== null && ciLower <= truth && truth <= ciUpper;

class Tally {
  #studies = 0;
  #rejected = 0;
  #covered = 0;
  #width: number | null = 0;

  add(rejects: boolean, limits: Limits, truth: number): void {
    this.#studies += 1;
    this.#rejected += Number(rejects);
    this.#covered += Number(holds(limits, truth));
    const { ciLower, ciUpper } = limits;
    this.#width = this.#width === null || ciLower === null || ciUpper === null
      ? null
      : this.#width + ciUpper - ciLower;
  }

  rate(method: string): ErrorRate {
    const [studies, rejected, covered] = [this.#studies, this.#rejected, this.#covered];
    const of = (count: number) =>
      wilson({ count, n: studies }) as Interval & Record<keyof Interval, number>;
    const [rejection, coverage] = [of(rejected), of(covered)];
    return {
      method,
      studies,
      rejected,
      rejection: rejection.estimate,
      rejectionLower: rejection.ciLower,
      rejectionUpper: rejection.ciUpper,
      covered,
      coverage: coverage.estimate,
      coverageLower: coverage.ciLower,
      coverageUpper: coverage.ciUpper,
      width: this.#width === null ? null : this.#width / studies,
    };
  }
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
