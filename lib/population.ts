/** Respondents of a study, and the populations that are known by name. */
import type { Described, Profile } from "./conditions.ts";

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
