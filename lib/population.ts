/** Respondents of a study, and the populations that are known by name. */
import { checkProfile, type Described, type Profile } from "./conditions.ts";
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
