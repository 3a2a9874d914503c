/**
 * How far samples lie apart that come from one distribution. Distances of samples are above 0 even then,
 * the more the smaller the samples, so that no distance says anything without its null level.
 */
import { checked, LARGEST, sum } from "./basics.ts";
import {
  type Distribution,
  normalised,
  shannonTerm,
  stepsOf,
  wasserstein,
} from "./distributions.ts";

/** Expected distances of two samples of one distribution; in positions, as a share, and in bits. */
export interface NullLevel {
  /** Null without positions. */
  wasserstein: number | null;
  totalVariation: number;
  jensenShannon: number;
}

/** Two samples of one distribution. */
export interface TwoSamples {
  shares: Distribution;
  /** Left out where options have no order. */
  positions?: readonly number[] | null;
  /** How many each sample has: effective sizes where weights or clusters cost some. */
  n: number;
  /** Infinite where the distribution itself is compared with: the default. */
  m?: number;
}

/**
 * The expected distances by the normal approximation: Σ (xᵢ₊₁ − xᵢ) √(2F(1 − F)(1/n + 1/m)/π) of
 * Wasserstein, ½ Σ √(2p(1 − p)(1/n + 1/m)/π) of total variation, (K − 1)(1/n + 1/m)/(8 ln 2) bits of
 * Jensen–Shannon, K being the options that occur. Sizes need not be whole. Null of an empty distribution.
 * Source: E|Z| = √(2/π) σ; Lin 1991.
 *
 * @throws {RangeError} when a size is not above 0
 */
export function nullLevel(of: TwoSamples): NullLevel | null {
  const { shares, positions, n, m } = sizes(of);
  const p = normalised(shares, shares.length);
  if (p === null) return null;
  const rate = 1 / n + 1 / m;
  const mean = (share: number) => Math.sqrt(Math.max(0, 2 * share * (1 - share)) * rate / Math.PI);
  return {
    wasserstein: positions ? overSteps(p, positions, mean) : null,
    totalVariation: sum(p.map(mean)) / 2,
    jensenShannon: (p.filter((share) => share > 0).length - 1) * rate / (8 * Math.LN2),
  };
}

/** Terms that `exactNullLevel` adds up at most, by option: n times m of the samples. */
const MOST_TERMS = 4e6;

/**
 * The expected distances, exact. All three are sums over options of a number that depends on one binomial
 * of each sample only: the respondents up to an option, or those of an option.
 *
 * @throws {RangeError} when a size is not whole, or n · m is above four million
 */
export function exactNullLevel(of: TwoSamples): NullLevel | null {
  const { shares, positions, n, m } = sizes(of);
  const p = normalised(shares, shares.length);
  const whole = Number.isInteger(n) && (m === Infinity || Number.isInteger(m));
  if (!whole || (n + 1) * (m === Infinity ? 1 : m + 1) > MOST_TERMS) {
    throw new RangeError(
      `Exact null levels are of whole sizes with n · m up to ${MOST_TERMS}: got ${n} and ${m}`,
    );
  }
  if (p === null) return null;
  const apart = (share: number) => expected(share, n, m, (a, b) => Math.abs(a - b));
  return {
    wasserstein: positions ? overSteps(p, positions, apart) : null,
    totalVariation: sum(p.map(apart)) / 2,
    jensenShannon: sum(p.map((share) => expected(share, n, m, shannonTerm))),
  };
}

/** The expected value of what the shares of two binomials give. */
function expected(
  share: number,
  n: number,
  m: number,
  of: (a: number, b: number) => number,
): number {
  const first = binomial(n, share), second = m === Infinity ? null : binomial(m, share);
  let total = 0;
  first.forEach((p, a) => {
    if (second === null) total += p * of(a / n, share);
    else second.forEach((q, b) => total += p * q * of(a / n, b / m));
  });
  return total;
}

/** Probabilities of 0 to n successes. From the mode outwards each follows from its neighbour. */
function binomial(n: number, share: number): Float64Array {
  const made = new Float64Array(n + 1);
  const mode = Math.min(n, Math.floor((n + 1) * share));
  made[mode] = 1;
  const odds = share / (1 - share);
  for (let x = mode; x < n; x++) made[x + 1] = made[x]! * (n - x) / (x + 1) * odds;
  for (let x = mode; x > 0; x--) made[x - 1] = made[x]! * x / (n - x + 1) / odds;
  const total = sum([...made]);
  return made.map((one) => one / total);
}

const overSteps = (
  p: readonly number[],
  positions: readonly number[],
  of: (share: number) => number,
): number => {
  let below = 0, total = 0;
  for (const { option, gap } of stepsOf(positions)) {
    below += p[option]!;
    if (gap > 0) total += gap * of(Math.min(1, below));
  }
  return total;
};

function sizes({ m = Infinity, ...of }: TwoSamples): TwoSamples & { m: number } {
  if (of.n > 1 / LARGEST && m > 1 / LARGEST) return { ...of, m };
  throw new RangeError(`Samples have a size above 0: got ${of.n} and ${m}`);
}

/** A distance of two samples beside those of their respondents dealt out at random. */
export interface PermutationNull {
  distance: number | null;
  /** Mean distance where the respondents are dealt out. */
  nullLevel: number | null;
  /** `distance` less `nullLevel`; may be below 0. */
  excess: number | null;
  /** Share of the deals that are at least as far apart. */
  p: number | null;
  method: "exact" | "drawn";
  /** Deals that were gone through. */
  deals: number;
}

/** Up to so many deals all are gone through. */
const MOST_DEALS = 20_000;

/**
 * Permutation test of Wasserstein's distance of two samples, by clusters: if both came from one
 * population, every cluster might as well have been in the other sample.
 *
 * Exact where there are up to 20,000 deals; with more, p is (1 + b) / (1 + draws), b being the drawn deals
 * that are as far apart. Numbers are null where a sample is empty. Source: Phipson & Smyth 2010,
 * Statistical Applications in Genetics and Molecular Biology 9, 39.
 *
 * @param a positions given by each cluster of one sample; a respondent alone is a cluster of one
 * @param options `uniform` gives numbers in [0, 1), of a seeded stream; 9,999 draws unless said
 * @throws {RangeError} when a position is not finite, or all are equal
 */
export function permutedDistance(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  options: { uniform: () => number; draws?: number },
): PermutationNull {
  const { uniform, draws = 9999 } = options;
  if (!(Number.isInteger(draws) && draws >= 1)) {
    throw new RangeError(`A permutation test has 1 draw or more: got ${draws}`);
  }
  const all = [...a, ...b];
  const positions = [...new Set(checked(all.flat()))].toSorted((x, y) => x - y);
  const places = new Map(positions.map((position, at) => [position, at]));
  const counts = all.map((cluster) => {
    const own = positions.map(() => 0);
    for (const position of cluster) own[places.get(position)!]! += 1;
    return own;
  });
  const whole = positions.map((_, at) => sum(counts.map((own) => own[at]!)));
  const ways = choose(all.length, a.length);
  const method = ways <= MOST_DEALS ? "exact" : "drawn";
  const none = {
    distance: null,
    nullLevel: null,
    excess: null,
    p: null,
    method,
    deals: 0,
  } as const;
  if (!a.flat().length || !b.flat().length) return none;
  const distanceOf = (first: readonly number[]) =>
    wasserstein(first, whole.map((all, at) => all - first[at]!), positions);
  const total = (chosen: Iterable<number>) => {
    const own = positions.map(() => 0);
    for (const cluster of chosen) counts[cluster]!.forEach((count, at) => own[at]! += count);
    return own;
  };
  const distance = distanceOf(total(a.keys()))!;
  const least = distance - 1e-12 * Math.abs(distance);
  let far = 0, level = 0, deals = 0;
  const dealt = (chosen: Iterable<number>) => {
    const own = distanceOf(total(chosen));
    // Clusters without an answer may make an empty sample.
    if (own === null) return;
    deals += 1;
    level += own;
    far += Number(own >= least);
  };
  if (method === "exact") subsets(all.length, a.length, dealt);
  else {
    const rest = all.keys().toArray();
    for (let draw = 0; draw < draws; draw++) {
      for (let at = 0; at < a.length; at++) {
        const other = at + Math.floor(uniform() * (rest.length - at));
        [rest[at], rest[other]] = [rest[other]!, rest[at]!];
      }
      dealt(rest.slice(0, a.length));
    }
  }
  const mean = level / deals;
  const p = method === "exact" ? far / deals : (1 + far) / (1 + deals);
  return { distance, nullLevel: mean, excess: distance - mean, p, method, deals };
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k && ways <= MOST_DEALS; i++) ways = ways * (n - k + i) / i;
  return ways;
}

function subsets(n: number, k: number, each: (chosen: readonly number[]) => void): void {
  const chosen: number[] = [];
  const from = (least: number): void => {
    if (chosen.length === k) return each(chosen);
    for (let next = least; next <= n - (k - chosen.length); next++) {
      chosen.push(next);
      from(next + 1);
      chosen.pop();
    }
  };
  from(0);
}

/**
 * Squared energy distance of two samples, 2·mean|X − Y| − mean|X − X′| − mean|Y − Y′|: unbiased, so that
 * it is 0 on average where both have one distribution, and may be below. Null with fewer than 2 values in
 * a sample. Source: Székely & Rizzo 2013, Journal of Statistical Planning and Inference 143, 1249–1272.
 *
 * @throws {RangeError} when a value is not finite
 */
export function energyDistance(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 2 || y.length < 2) return null;
  const apart = (a: readonly number[], b: readonly number[]) =>
    sum(a.flatMap((one) => b.map((other) => Math.abs(one - other))));
  checked(x), checked(y);
  const within = (of: readonly number[]) => apart(of, of) / (of.length * (of.length - 1));
  return 2 * apart(x, y) / (x.length * y.length) - within(x) - within(y);
}

/**
 * Distances of samples of n that are drawn from a distribution, to see how they scatter.
 *
 * @param of `draws` samples of n respondents each; `uniform` gives numbers in [0, 1), of a seeded stream
 * @returns Wasserstein's distance of each sample from the distribution
 * @throws {RangeError} when n is not whole, or the distribution is empty
 */
export function sampledDistances(
  of: {
    shares: Distribution;
    positions: readonly number[];
    n: number;
    draws: number;
    uniform: () => number;
  },
): number[] {
  const { positions, n, draws, uniform } = of;
  const p = normalised(of.shares, positions.length);
  if (p === null || !(Number.isInteger(n) && n >= 1)) {
    throw new RangeError(`Samples of 1 or more are drawn from shares: got ${n} from ${of.shares}`);
  }
  const upTo: number[] = [];
  for (const share of p) upTo.push((upTo.at(-1) ?? 0) + share);
  const last = p.findLastIndex((share) => share > 0);
  return Array.from({ length: draws }, () => {
    const counts = p.map(() => 0);
    for (let one = 0; one < n; one++) {
      const place = uniform();
      let option = 0;
      while (option < last && place >= upTo[option]!) option++;
      counts[option]! += 1;
    }
    return wasserstein(counts, p, positions)!;
  });
}
