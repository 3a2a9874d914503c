/** Respondents of a study, and the populations that are known by name. */
import { checkProfile, type Described, type Profile } from "./conditions.ts";
import type { Instrument } from "./instruments.ts";
import { seeded } from "./random.ts";

export interface Population extends Described {
  /** Of a file, its name. */
  name: string;
  /** Where it came from. */
  origin: string;
  profiles: readonly Profile[];
  /** The control: as many profiles with the same item rates and nothing else; empty without items. */
  random: readonly Profile[];
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
export function randomProfiles(
  instrument: Instrument,
  reference: readonly Profile[],
  n: number,
  seed: number,
): Profile[] {
  if (!Number.isInteger(n) || n < 0) {
    throw new RangeError(`The number of random profiles is a whole number: current value is ${n}`);
  }
  if (!reference.length) {
    throw new RangeError(
      "The random control needs reference profiles to take its rates from: got 0",
    );
  }
  reference.forEach((profile) => checkProfile(instrument, profile));
  const random = seeded("random control", seed);
  return Array.from({ length: n }, (_, index) => ({
    id: index + 1,
    // The answer of a profile drawn anew for each item has exactly that item's rates.
    answers: instrument.items.map((_, item) =>
      reference[random.int(reference.length)]!.answers[item]!
    ),
  }));
}
