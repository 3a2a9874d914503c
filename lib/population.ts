/** Respondents of a study, and the populations that are known by name. */
import { checkProfile, type Described, type Profile } from "./conditions.ts";
import { whole } from "./format.ts";
import type { Instrument } from "./instruments.ts";
import { seeded } from "./random.ts";

/** Profiles, gone through as often as wanted: those of a file are read from it each time. */
export type Profiles = Iterable<Profile> & { readonly length: number };

export interface Population extends Described {
  /** Of a file, its name. */
  name: string;
  /** Where it came from. */
  origin: string;
  profiles: Profiles;
  /** The control: as many profiles with the same item rates and nothing else; empty without items. */
  random: Profiles;
}

const sources = new Map<string, () => Promise<Population>>();

/** Makes a population known by a name; a package does so when it is imported. */
export function register(name: string, find: () => Promise<Population>): void {
  sources.set(name, find);
}

/** How a population is found by its name, or the first one without a name; undefined where none is. */
export const registered = (name?: string): (() => Promise<Population>) | undefined =>
  name === undefined ? sources.values().next().value : sources.get(name);

/** The name of a population's random control. */
export const controlName = (population: string): string => `${population} (random control)`;

/**
 * The random control: profiles that answer each item as often in each way as the reference does, but
 * every item independently of the others, so that nothing but the item rates is left.
 *
 * Source: the paper's random population, which draws from Python's generator; the profiles are
 * therefore others than the published ones, with the same rates.
 *
 * @param reference the profiles whose rates are taken, at least one
 * @param n how many profiles; their ids are 1 to n
 * @throws {RangeError} when there is no reference profile, one is not of the instrument, or `n` is no
 * whole number
 */
export const randomProfiles = (
  instrument: Instrument,
  reference: Profiles,
  n: number,
  seed: number,
): Profile[] => [...control(instrument, reference, n, seed)];

/** The same profiles, made as they are gone through: of the reference only the answers are kept. */
export function control(
  instrument: Instrument,
  reference: Profiles,
  n: number,
  seed: number,
): Profiles {
  if (!Number.isInteger(n) || n < 0) {
    throw new RangeError(`The number of random profiles is a whole number: current value is ${n}`);
  }
  if (!reference.length) {
    throw new RangeError(
      "The random control needs reference profiles to take its rates from: got 0",
    );
  }
  const { items } = instrument;
  const known = new Int16Array(reference.length * items.length);
  let row = 0;
  for (const profile of reference) {
    checkProfile(instrument, profile);
    known.set(profile.answers, items.length * row++);
  }
  return {
    length: n,
    *[Symbol.iterator]() {
      const random = seeded("random control", seed);
      for (let id = 1; id <= n; id++) {
        // The answer of a profile drawn anew for each item has exactly that item's rates.
        const answers = items.map((_, item) =>
          known[items.length * random.int(reference.length) + item]!
        );
        yield { id, answers };
      }
    },
  };
}

/**
 * A population in which people who look alike are one: of those with the same stratum, attributes and
 * answers the first stays, and weighs what all of them weigh together (1 each, where they have no weights).
 *
 * Whoever is asked as a bare profile is only what the prompt says: of people who look alike it is the same
 * prompt. Asked m times each, the few stand for the many at a fraction of the calls, with the same expected
 * shares; how far they can be told apart from chance depends on how many they are, not on whom they
 * stand for.
 *
 * @returns under the same name, with the ids of those who stay, in their order; the random control is left out
 */
export function mergeAlike(population: Population): Population & { profiles: Profile[] } {
  const { codebook, profiles, origin } = population;
  const alike = new Map<string, Profile & { weight: number }>();
  for (const profile of profiles) {
    const { id, answers, values = {}, stratum, weight = 1 } = profile;
    const known = codebook.map(({ name }) => values[name] ?? null);
    const key = JSON.stringify([stratum ?? null, known, answers]);
    const first = alike.get(key);
    if (first) first.weight += weight;
    else alike.set(key, { id, answers, values, ...stratum !== undefined && { stratum }, weight });
  }
  const merged = [...alike.values()];
  return {
    ...population,
    origin: `${origin}; ${whole(profiles.length)} people, those alike as one`,
    profiles: merged,
    random: [],
  };
}
