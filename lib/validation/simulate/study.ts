/** A study as it would come out if its truth were what is stated. */
import { applyCondition, type Condition, populationName, type Profile } from "../../conditions.ts";
import { condition } from "../../paper/conditions.ts";
import type { Attribute } from "../../paper/design.ts";
import { bfi44, epqra } from "../../paper/instruments.ts";
import { keyedAnswer, type UniformInstrument } from "../../instruments.ts";
import { seeded } from "../../random.ts";
import { mean, sd } from "../../stats.ts";
import { check } from "./check.ts";
import { latentCorrelation, normal, zOf } from "./latent.ts";
import {
  type ByScale,
  DEFAULTS,
  type Demographic,
  type Drawn,
  RELIABILITY,
  type Simulated,
  type SimulatedBfi,
  type SimulatedCell,
  type SimulatedModel,
  type Specification,
} from "./specification.ts";
import { Urn } from "./urn.ts";

/**
 * Prepares a simulation; each call of what it returns draws one study from its seed.
 *
 * Every part has a stream of its own: a further model, attribute or questionnaire leaves the others as
 * they were; a further condition or repetition draws the demographics anew.
 *
 * @throws {RangeError} when the specification contradicts itself, saying where
 */
export function simulator(specification: Specification): (seed: number) => Simulated {
  const { profiles: { n, instrument = epqra, yes = 0.5, reliability }, models } = specification;
  const { repetitions = 5, sheets = 1 } = specification;
  const conditions = (specification.conditions ?? DEFAULTS)
    .map((one) => typeof one === "string" ? condition(one) : one);
  check(specification, instrument, conditions);

  const { items, scales } = instrument;
  const rates = keyedRates(instrument, yes);
  const cuts = rates.map(zOf);
  const scaleOf = items.map(({ scale }) => scales.indexOf(scale));
  const ofScale = scales.map((_, scale) =>
    items.keys().filter((place) => scaleOf[place] === scale).toArray()
  );
  const weights = scales.map((scale, at) =>
    Math.sqrt(
      latentCorrelation(
        scale,
        ofScale[at]!.map((place) => rates[place]!),
        stated(reliability, scale, RELIABILITY),
      ),
    )
  );
  const expected = ofScale.map((places) => mean(places.map((place) => rates[place]!))!);

  return (seed) => {
    const random = seeded("simulated profiles", seed);
    const profiles = new Uint8Array(n * items.length);
    const latents = new Float64Array(n * scales.length);
    for (let profile = 0; profile < n; profile++) {
      for (let scale = 0; scale < scales.length; scale++) {
        latents[profile * scales.length + scale] = normal(random);
      }
      for (let place = 0; place < items.length; place++) {
        const weight = weights[scaleOf[place]!]!;
        const latent = weight * latents[profile * scales.length + scaleOf[place]!]! +
          Math.sqrt(1 - weight ** 2) * normal(random);
        const { keyed } = items[place]!;
        profiles[profile * items.length + place] = latent > -cuts[place]! ? keyed! : 1 - keyed!;
      }
    }
    const base = {
      specification,
      seed,
      reference: `simulated${n}`,
      instrument,
      n,
      repetitions,
      sheetsEach: sheets,
      profiles,
      latents,
    };
    const shown = conditions.map((condition) => once(() => changed(base, condition)));
    const study = { ...base, scaleOf, ofScale, expected, conditions, shown };
    const cells = models.flatMap((model) => {
      const drawn = new Map<string, readonly Drawn[]>();
      return conditions.map((condition, at): SimulatedCell => {
        const answers = once(() => answered(study, model, at));
        const bfi = once(() => model.bfi ? bfiSheets(study, model, model.bfi, at) : null);
        return {
          model,
          condition,
          population: populationName(model.id, condition, base.reference),
          get shown() {
            return shown[at]!().answers;
          },
          get changed() {
            return shown[at]!().items;
          },
          get sheets() {
            return answers();
          },
          get bfi() {
            return bfi();
          },
          demographic(attribute) {
            if (!drawn.has(attribute)) drawn.set(attribute, demographics(study, model, attribute));
            return drawn.get(attribute)![at]!;
          },
        };
      });
    });
    return { ...base, cells };
  };
}

/**
 * Whether each persona of a cell has a category, 1 or 0, as a cluster per profile: what `dependence`
 * and `clusteredDifference` take.
 *
 * @throws {RangeError} when there is no such category
 */
export function byProfile(
  { n, repetitions }: Simulated,
  drawn: Drawn,
  category: string,
): number[][] {
  const place = drawn.categories.indexOf(category);
  if (place < 0) {
    throw new RangeError(
      `No category has the name ${category}: there are ${drawn.categories.join(", ")}`,
    );
  }
  return Array.from({ length: n }, (_, profile) =>
    Array.from(
      drawn.values.subarray(profile * repetitions, (profile + 1) * repetitions),
      (value) => Number(value === place),
    ));
}

type Base = Omit<Simulated, "cells">;

interface Study extends Base {
  scaleOf: readonly number[];
  ofScale: readonly (readonly number[])[];
  /** Share of keyed answers of the profiles, by scale. */
  expected: readonly number[];
  conditions: readonly Condition[];
  shown: readonly (() => Changed)[];
}

interface Changed {
  answers: Uint8Array;
  items: readonly (readonly number[])[];
}

function changed({ n, instrument, profiles, seed }: Base, condition: Condition): Changed {
  const width = instrument.items.length;
  const answers = new Uint8Array(profiles.length);
  const items = Array.from({ length: n }, (_, at) => {
    const profile: Profile = {
      id: at + 1,
      answers: [...profiles.subarray(at * width, (at + 1) * width)],
    };
    const under = applyCondition({ instrument, codebook: [] }, profile, condition, seed);
    if (under.omitted.length) {
      throw new RangeError(
        `Condition ${condition.name} leaves items out: a simulated study shows all`,
      );
    }
    answers.set(under.answers, at * width);
    return under.changed;
  });
  return { answers, items };
}

function answered(study: Study, model: SimulatedModel, at: number): Uint8Array {
  const { n, sheetsEach, instrument: { items, scales }, seed, scaleOf, ofScale } = study;
  const random = seeded("simulated sheets", seed, model.id, study.conditions[at]!.name);
  const shown = study.shown[at]!().answers;
  const fidelity = scales.map((scale) => stated(model.fidelity, scale, 1));
  const otherwise = scales.map((scale) => stated(model.otherwise, scale, 0.5));
  const width = items.length;
  const answers = new Uint8Array(n * sheetsEach * width);
  for (let sheet = 0; sheet < n * sheetsEach; sheet++) {
    const profile = Math.floor(sheet / sheetsEach);
    for (let place = 0; place < width; place++) {
      const scale = scaleOf[place]!;
      answers[sheet * width + place] = random.uniform() < fidelity[scale]!
        ? shown[profile * width + place]!
        : Number(random.uniform() < otherwise[scale]!);
    }
    const own = answers.subarray(sheet * width, (sheet + 1) * width);
    scales.forEach((scale, at) => {
      const [floor, ceiling] = [model.floor?.[scale] ?? 0, model.ceiling?.[scale] ?? width];
      const [keyed, others] = [true, false].map((keyed) =>
        ofScale[at]!.filter((place) => (own[place] === items[place]!.keyed) === keyed)
      );
      const turned = keyed!.length > ceiling
        ? random.sample(keyed!, keyed!.length - ceiling)
        : keyed!.length < floor
        ? random.sample(others!, floor - keyed!.length)
        : [];
      for (const place of turned) own[place] = 1 - own[place]!;
    });
  }
  return answers;
}

/** Share of the items of each scale that are answered as keyed, n × scales. */
function shares({ n, instrument: { items }, ofScale }: Study, answers: Uint8Array): Float64Array {
  const found = new Float64Array(n * ofScale.length);
  for (let profile = 0; profile < n; profile++) {
    ofScale.forEach((places, scale) => {
      let keyed = 0;
      for (const place of places) {
        keyed += Number(answers[profile * items.length + place] === items[place]!.keyed);
      }
      found[profile * ofScale.length + scale] = keyed / places.length;
    });
  }
  return found;
}

function bfiSheets(
  study: Study,
  model: SimulatedModel,
  given: SimulatedBfi,
  at: number,
): Uint8Array {
  const { n, sheetsEach, instrument: { scales }, seed, latents, profiles } = study;
  const { loadings, item: weight = 0.6, mean = 3, sd: spread = 1 } = given;
  const random = seeded("simulated bfi", seed, model.id, study.conditions[at]!.name);
  const [before, after] = [profiles, study.shown[at]!().answers].map((own) => shares(study, own));
  const spreads = scales.map((_, scale) =>
    sd(Array.from({ length: n }, (_, profile) => before![profile * scales.length + scale]!)) || 1
  );
  const own = bfi44.scales.map((trait) => {
    const by = scales.map((scale) => loadings[trait]?.[scale] ?? 0);
    const rest = Math.sqrt(1 - by.reduce((total, loading) => total + loading ** 2, 0));
    return { by, rest };
  });
  const traitOf = bfi44.items.map(({ scale }) => bfi44.scales.indexOf(scale));
  const { lowest, highest } = bfi44;
  const answers = new Uint8Array(n * sheetsEach * bfi44.items.length);
  for (let sheet = 0; sheet < n * sheetsEach; sheet++) {
    const row = Math.floor(sheet / sheetsEach) * scales.length;
    const traits = own.map(({ by, rest }) =>
      by.reduce((total, loading, scale) => {
        const moved = (after![row + scale]! - before![row + scale]!) / spreads[scale]!;
        return total + loading * (latents[row + scale]! + moved);
      }, rest * normal(random))
    );
    bfi44.items.forEach((item, place) => {
      const level = weight * traits[traitOf[place]!]! + Math.sqrt(1 - weight ** 2) * normal(random);
      const up = keyedAnswer(bfi44, item) === highest ? level : -level;
      const answer = Math.round(mean + spread * up);
      answers[sheet * bfi44.items.length + place] = Math.min(highest, Math.max(lowest, answer));
    });
  }
  return answers;
}

/** One attribute of one model in all conditions, which may share what a profile favours. */
function demographics(
  study: Study,
  model: SimulatedModel,
  attribute: Attribute["column"],
): readonly Drawn[] {
  const { n, repetitions, seed, conditions } = study;
  const given = model.demographics?.[attribute];
  if (!given) {
    throw new RangeError(
      `Model ${model.id} has no ${attribute}: there are ` +
        (Object.keys(model.demographics ?? {}).join(", ") || "none"),
    );
  }
  const { icc = 0, profileEffect = "common" } = given;
  const categories = Object.keys(given.rates);
  const truths = conditions.map((condition, at) => cumulative(study, given, condition, at));
  const values = conditions.map(() => new Uint8Array(n * repetitions));
  const random = seeded("simulated demographics", seed, model.id, attribute);
  const urn = new Urn(icc, conditions.length * repetitions, random);
  for (let profile = 0; profile < n; profile++) {
    urn.empty();
    values.forEach((into, at) => {
      if (profileEffect === "own") urn.empty();
      const { bounds, fixed } = truths[at]!;
      const first = fixed ? 0 : profile * categories.length;
      for (let repetition = 0; repetition < repetitions; repetition++) {
        const drawn = urn.draw();
        let category = 0;
        while (category < categories.length - 1 && drawn >= bounds[first + category]!) category++;
        into[profile * repetitions + repetition] = category;
      }
    });
  }
  return values.map((values, at) => ({ categories, values, rates: truths[at]!.rates }));
}

/**
 * Upper bounds of the categories between 0 and 1, by profile; one row for all where no trait counts
 * (`fixed`).
 */
function cumulative(
  study: Study,
  { rates, conditions, traits }: Demographic,
  condition: Condition,
  at: number,
): { bounds: Float64Array; fixed: boolean; rates: number[] } {
  const { n, instrument: { scales }, expected } = study;
  const categories = Object.keys(rates);
  const fixed = traits === undefined;
  const found = fixed ? null : shares(study, study.shown[at]!().answers);
  const rows = fixed ? 1 : n;
  const bounds = new Float64Array(rows * categories.length);
  const means = categories.map(() => 0);
  const fixedWeights = categories.map((category) =>
    rates[category]! * Math.exp(conditions?.[condition.name]?.[category] ?? 0)
  );
  const slopes = Object.entries(traits ?? {}).map(([scale, own]) => ({
    scale: scales.indexOf(scale),
    own: categories.map((category) => own[category] ?? 0),
  }));
  for (let row = 0; row < rows; row++) {
    const weights = fixedWeights.map((weight, category) =>
      slopes.reduce((weight, { scale, own }) => {
        const trait = found![row * scales.length + scale]! - expected[scale]!;
        return weight * Math.exp(own[category]! * trait);
      }, weight)
    );
    const whole = weights.reduce((total, weight) => total + weight, 0);
    let upper = 0;
    weights.forEach((weight, category) => {
      upper += weight / whole;
      bounds[row * categories.length + category] = upper;
      means[category]! += weight / whole / rows;
    });
  }
  return { bounds, fixed, rates: means };
}

/** How often each item is answered as keyed. */
export function keyedRates(
  { items }: UniformInstrument,
  yes: number | readonly number[] = 0.5,
): number[] {
  return items.map(({ keyed }, place) => {
    const rate = typeof yes === "number" ? yes : yes[place]!;
    return keyed === 1 ? rate : 1 - rate;
  });
}

/** A value of a scale, where one is stated for all or for it. */
export const stated = (given: ByScale | undefined, scale: string, otherwise: number): number =>
  (typeof given === "number" ? given : given?.[scale]) ?? otherwise;

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
