/** What is true of the scale scores of a simulated study, computed and not drawn. */
import type { Condition } from "../../conditions.ts";
import { condition as named } from "../../paper/conditions.ts";
import { epqra } from "../../paper/instruments.ts";
import { below, latentCorrelation, zOf } from "./latent.ts";
import { RELIABILITY, type SimulatedModel, type Specification } from "./specification.ts";
import { keyedRates, stated } from "./study.ts";

/** A scale of two-valued items as the simulator draws it, and what a model makes of it. */
export interface Scale {
  /** How often the profiles answer each item as keyed. */
  rates: readonly number[];
  /** The answer that is keyed, 1 (Yes) or 0, of each item. */
  keyed: readonly number[];
  /** Correlation of the items' latents: `latentCorrelation`. */
  correlation: number;
  fidelity: number;
  /** How often the answers that are not the profile's are Yes. */
  otherwise: number;
  /** Least and most keyed answers of a sheet. */
  floor?: number;
  ceiling?: number;
  /** Where the condition sets all items of the scale: 1 keyed, 0 not. */
  set?: number;
}

/**
 * A scale of a specification under one model and condition.
 *
 * @throws {RangeError} when the condition sets some of the scale's items only
 */
export function scaleOf(
  { profiles }: Specification,
  model: SimulatedModel,
  condition: string | Condition,
  scale: string,
): Scale {
  const { instrument = epqra, yes, reliability } = profiles;
  const places = instrument.items.keys().filter((at) => instrument.items[at]!.scale === scale)
    .toArray();
  const all = keyedRates(instrument, yes);
  const rates = places.map((at) => all[at]!);
  const { name, set } = typeof condition === "string" ? named(condition) : condition;
  const rule = set[scale] ?? set["*"];
  if (rule !== undefined && typeof rule !== "string") {
    throw new RangeError(
      `Condition ${name} sets some items of ${scale}: nothing exact is known of it`,
    );
  }
  const [floor, ceiling] = [model.floor?.[scale], model.ceiling?.[scale]];
  return {
    rates,
    keyed: places.map((at) => instrument.items[at]!.keyed!),
    correlation: latentCorrelation(scale, rates, stated(reliability, scale, RELIABILITY)),
    fidelity: stated(model.fidelity, scale, 1),
    otherwise: stated(model.otherwise, scale, 0.5),
    ...(floor === undefined ? {} : { floor }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(rule === undefined ? {} : { set: rule === "keyed" ? 1 : 0 }),
  };
}

/**
 * Nodes of the latent z and their weights. The trapezoid rule over ±8.5 at steps of 0.05 is right to
 * 1e-13 for integrands as smooth as products of Φ(a + bz) with b up to 5 (latent correlations to 0.96).
 */
export const NODES = Array.from({ length: 341 }, (_, at) => {
  const z = -8.5 + 0.05 * at;
  return { z, weight: 0.05 * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) };
});

/** Given z: how often each item is answered as keyed by the profile, and then by the persona. */
function given(of: Scale, z: number) {
  const w = Math.sqrt(of.correlation);
  const rest = Math.sqrt(1 - of.correlation);
  return of.rates.map((rate, at) => {
    const profile = below((zOf(rate) + w * z) / rest);
    const other = (1 - of.fidelity) * (of.keyed[at] === 1 ? of.otherwise : 1 - of.otherwise);
    const persona = (shown: number) => of.fidelity * (of.set ?? shown) + other;
    return { profile, ifKeyed: persona(1), ifNot: persona(0) };
  });
}

/** Given z: mean and mean square of the persona's score. */
export function scoreGiven(of: Scale, z: number): { mean: number; square: number } {
  let [mean, square] = [0, 0];
  totals(personaGiven(of, z)).forEach((chance, total) => {
    const score = clipped(total, of);
    mean += chance * score;
    square += chance * score ** 2;
  });
  return { mean, square };
}

/** Given z: how often the persona answers each item as keyed. */
const personaGiven = (of: Scale, z: number): number[] =>
  given(of, z).map(({ profile, ifKeyed, ifNot }) => profile * ifKeyed + (1 - profile) * ifNot);

const clipped = (score: number, { floor = 0, ceiling = Infinity }: Scale): number =>
  Math.min(ceiling, Math.max(floor, score));

/**
 * The joint distribution of a profile's score and its persona's: `[profile][persona]`, 0 to k each.
 *
 * Given the latent the items are independent, and so is what the persona makes of each: the scores are
 * sums of independent pairs, whose distribution is built item by item.
 *
 * @param answers `keyed`: scores count keyed answers; `yes`: they count Yes (floor and ceiling, which
 *   are of keyed answers, must then be none)
 */
export function jointScores(of: Scale, answers: "keyed" | "yes" = "keyed"): number[][] {
  const k = of.rates.length;
  const joint = grid(k + 1);
  for (const { z, weight } of NODES) {
    let built = grid(k + 1);
    built[0]![0] = weight;
    given(of, z).forEach(({ profile, ifKeyed, ifNot }, item) => {
      const counts = answers === "keyed" || of.keyed[item] === 1;
      const next = grid(k + 1);
      for (
        const [own, its, p] of [
          [1, 1, profile * ifKeyed],
          [1, 0, profile * (1 - ifKeyed)],
          [0, 1, (1 - profile) * ifNot],
          [0, 0, (1 - profile) * (1 - ifNot)],
        ] as const
      ) {
        const [x, y] = counts ? [own, its] : [1 - own, 1 - its];
        for (let i = 0; i <= item; i++) {
          for (let j = 0; j <= item; j++) next[i + x]![j + y]! += p * built[i]![j]!;
        }
      }
      built = next;
    });
    built.forEach((row, x) =>
      row.forEach((p, y) => {
        joint[x]![answers === "keyed" ? clipped(y, of) : y]! += p;
      })
    );
  }
  return joint;
}

const grid = (size: number): number[][] => Array.from({ length: size }, () => Array(size).fill(0));

/** What is true of pairs of scores: profile (before) and persona (after). */
export interface PairTruth {
  /** Mean and sd of after − before, and their ratio. */
  difference: number;
  sd: number;
  dz: number;
  r: number;
  /** ICC(C,1), and ICC(A,1) for two fixed measurements. */
  consistency: number;
  agreement: number;
  /** Mean ± 1.96 sd of the differences. */
  lower: number;
  upper: number;
  /** Mean absolute and root mean squared difference. */
  mae: number;
  rmse: number;
}

/** Of a joint distribution of scores. */
export function pairTruth(joint: readonly (readonly number[])[]): PairTruth {
  const cells = joint.flatMap((row, x) => row.map((p, y) => ({ x, y, p })));
  const mean = (of: (x: number, y: number) => number) =>
    cells.reduce((total, { x, y, p }) => total + p * of(x, y), 0);
  const [mx, my] = [mean((x) => x), mean((_, y) => y)];
  const moments = {
    difference: my - mx,
    before: mean((x) => (x - mx) ** 2),
    after: mean((_, y) => (y - my) ** 2),
    covariance: mean((x, y) => (x - mx) * (y - my)),
  };
  return { ...ofMoments(moments), mae: mean((x, y) => Math.abs(y - x)) };
}

/**
 * Of means, variances and the covariance. With two measurements the mean squares' expectations are the
 * covariance above the mean variance, to which a fixed shift adds half its square where agreement is
 * asked for (McGraw & Wong 1996, case 3). `mae` is that of normal differences.
 */
export function ofMoments(
  { difference, before, after, covariance }: {
    difference: number;
    before: number;
    after: number;
    covariance: number;
  },
): PairTruth {
  const sd = Math.sqrt(before + after - 2 * covariance);
  const average = (before + after) / 2;
  const dz = difference / sd;
  const folded = sd * Math.sqrt(2 / Math.PI) * Math.exp(-dz * dz / 2) +
    difference * (1 - 2 * below(-dz));
  return {
    difference,
    sd,
    dz,
    r: covariance / Math.sqrt(before * after),
    consistency: covariance / average,
    agreement: covariance / (average + difference ** 2 / 2),
    lower: difference - zOf(0.975) * sd,
    upper: difference + zOf(0.975) * sd,
    mae: folded,
    rmse: Math.hypot(difference, sd),
  };
}

/** Alpha of the persona's items, also where a floor or ceiling turns items drawn at random round. */
export function alphaOf(of: Scale): number {
  const k = of.rates.length;
  const { floor = 0, ceiling = k } = of;
  const rates = Array<number>(k).fill(0);
  let [mean, square] = [0, 0];
  for (const { z, weight } of NODES) {
    const p = personaGiven(of, z);
    const score = scoreGiven(of, z);
    mean += weight * score.mean;
    square += weight * score.square;
    p.forEach((own, item) => {
      totals(p.filter((_, other) => other !== item)).forEach((chance, others) => {
        // Of others + 1 keyed answers `ceiling` stay; of k − others unkeyed ones floor − others turn.
        const stays = Math.min(1, ceiling / (others + 1));
        const turns = Math.max(0, floor - others) / (k - others);
        rates[item]! += weight * chance * (own * stays + (1 - own) * turns);
      });
    });
  }
  const within = rates.reduce((total, rate) => total + rate * (1 - rate), 0);
  return k / (k - 1) * (1 - within / (square - mean ** 2));
}

/** The distribution of the number of successes of independent trials. */
function totals(p: readonly number[]): number[] {
  return p.reduce<number[]>(
    (before, own) =>
      Array.from(
        { length: before.length + 1 },
        (_, n) => (before[n] ?? 0) * (1 - own) + (before[n - 1] ?? 0) * own,
      ),
    [1],
  );
}

/** How often profile and persona say Yes and No, over the items of a scale: the four shares add up to 1. */
export function confusionTruth(of: Scale): {
  truePositive: number;
  falsePositive: number;
  falseNegative: number;
  trueNegative: number;
} {
  const found = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  of.rates.forEach((rate, item) => {
    const yes = (of.keyed[item] === 1 ? rate : 1 - rate) / of.rates.length;
    const no = 1 / of.rates.length - yes;
    const set = of.set === undefined ? undefined : of.keyed[item] === 1 ? of.set : 1 - of.set;
    const other = (1 - of.fidelity) * of.otherwise;
    const [ifYes, ifNo] = [1, 0].map((own) => of.fidelity * (set ?? own) + other);
    found.truePositive += yes * ifYes!;
    found.falseNegative += yes * (1 - ifYes!);
    found.falsePositive += no * ifNo!;
    found.trueNegative += no * (1 - ifNo!);
  });
  return found;
}
