/** How a profile is changed before a persona is made from it, and the random control. */
import { described } from "./format.ts";
import { type Instrument, keyedAnswer, optionOf, taken, unkeyedAnswer } from "./instruments.ts";
import { seeded } from "./random.ts";

/** What one respondent answered, or would after a change. */
export interface Profile {
  id: number;
  /** One whole answer per item, in item order. */
  answers: readonly number[];
}

/** A change to a profile, as data. */
export interface Condition {
  name: string;
  /**
   * By scale: every item `keyed` (the answer that adds most) or `unkeyed`, or a dose: so many items
   * keyed. `*` stands for every scale not named; scales without an entry stay as they are.
   */
  set: Readonly<Record<string, "keyed" | "unkeyed" | number>>;
}

const known: Condition[] = [];
let usual: readonly Condition[] = [{ name: "unchanged", set: {} }];

/**
 * Makes conditions known by name; a package does so when it is imported.
 *
 * @param conditions their names, and the conditions of a plan that names none
 */
export function register(
  conditions: readonly Condition[],
  withoutNames: readonly Condition[],
): void {
  known.push(...conditions);
  usual = withoutNames;
}

/** The conditions that have a name. */
export const registered = (): readonly Condition[] => known;

/** The conditions of a plan that names none: the profile as it is, unless a package says otherwise. */
export const usualConditions = (): readonly Condition[] => usual;

const DOSE = /^([\p{L}_][\p{L}\p{N}_ ]*?)\s*=\s*(\d+)$/u;

/**
 * The condition of a name: a registered one, whatever its case, `-` and `_` (`max_N`,
 * `minE-maxRest`), or a dose, `N=3` or `N=3+P=2`: so many items of a scale keyed. One that is given as
 * data is itself.
 *
 * @throws {RangeError} when the name is neither, naming the known ones, or the data are none
 */
export function condition(given: string | Condition): Condition {
  if (typeof given !== "string") return asData(given);
  const name = given;
  const bare = (text: string) => text.replace(/[-_\s]/g, "").toLowerCase();
  const found = known.find((condition) => bare(condition.name) === bare(name));
  if (found) return found;
  const doses = name.split("+").flatMap((part) => {
    const [, scale, k] = part.trim().match(DOSE) ?? [];
    return scale === undefined ? [] : [{ scale, k: Number(k) }];
  }).sort((a, b) => (a.scale < b.scale ? -1 : 1));
  const set = Object.fromEntries(doses.map(({ scale, k }) => [scale, k]));
  if (Object.keys(set).length < name.split("+").length) {
    throw new RangeError(
      `No condition has the name ${JSON.stringify(name)}: ${
        known.length
          ? `there are ${known.map(({ name }) => name).join(", ")}, and `
          : "a package that is imported brings its own, and none is; there are "
      }doses like N=3 or N=3+P=2, with each scale once`,
    );
  }
  return { name: doses.map(({ scale, k }) => `${scale}=${k}`).join("+"), set };
}

/** @throws {RangeError} when it is no condition, with what one looks like */
function asData(given: Condition): Condition {
  const wrong = (what: string) => {
    throw new RangeError(
      `A condition is a name ("MinL"), a dose ("N=3") or data, { name: "MinN", set: { N: "unkeyed" } } ` +
        `with "keyed", "unkeyed" or a number of items by scale: got ${what}`,
    );
  };
  const { name, set } = (given ?? {}) as Partial<Condition>;
  if (typeof name !== "string" || !name.trim()) wrong(described(given));
  if (typeof set !== "object" || set === null || Array.isArray(set)) {
    wrong(`${name} with a set that is ${described(set)}`);
  }
  for (const [scale, how] of Object.entries(set!)) {
    if (how === "keyed" || how === "unkeyed" || Number.isInteger(how)) continue;
    wrong(`${name} with ${scale}: ${described(how)}`);
  }
  return given;
}

/**
 * The profile under a condition. The profile itself is not changed, and a second application changes
 * nothing more.
 *
 * Which items a dose takes depends on the seed, the profile and the scale only: it is the beginning of
 * one order of the scale's items, so that a dose of 3 contains the dose of 2 and adds one item.
 *
 * @param seed chooses the items of doses; other conditions do not depend on it
 * @returns the answers, and the numbers of the items that the condition set, in item order, also
 * where the answer was the same before
 * @throws {RangeError} when the profile is not one of the instrument, or the instrument lacks a scale
 * of the condition or has fewer items on it than the dose
 */
export function applied(
  instrument: Instrument,
  profile: Profile,
  condition: Condition,
  seed: number,
): { answers: number[]; changed: number[] } {
  const { title, scales, items } = instrument;
  check(instrument, profile);
  const missing = Object.keys(condition.set).filter((scale) =>
    scale !== "*" && !scales.includes(scale)
  );
  if (missing.length) {
    throw new RangeError(
      `Condition ${condition.name} needs scale ${missing.join(", ")}: the scales of ${title} are ` +
        scales.join(", "),
    );
  }
  const answers = new Map<number, number>();
  for (const scale of scales) {
    const rule = condition.set[scale] ?? condition.set["*"];
    const own = items.filter((item) => item.scale === scale);
    if (typeof rule === "number") {
      if (!Number.isInteger(rule) || rule < 0 || rule > own.length) {
        throw new RangeError(
          `Scale ${scale} of ${title} has ${own.length} items: a dose is a whole number from 0 to ` +
            `${own.length}, current value is ${rule}`,
        );
      }
      seeded("dose", seed, profile.id, scale).sample(own, rule)
        .forEach((item) => answers.set(item.number, keyedAnswer(instrument, item)));
    } else if (rule) {
      const answer = rule === "keyed" ? keyedAnswer : unkeyedAnswer;
      own.forEach((item) => answers.set(item.number, answer(instrument, item)));
    }
  }
  return {
    answers: items.map(({ number }, index) => answers.get(number) ?? profile.answers[index]!),
    changed: items.map(({ number }) => number).filter((number) => answers.has(number)),
  };
}

function check(instrument: Instrument, { id, answers }: Profile): void {
  const { title, items } = instrument;
  if (answers.length !== items.length) {
    throw new RangeError(
      `${title} has ${items.length} items: profile ${id} has ${answers.length} answers`,
    );
  }
  const odd = answers.findIndex((answer, index) => !optionOf(instrument, items[index]!, answer));
  if (odd >= 0) {
    throw new RangeError(
      `Item ${items[odd]!.number} of ${title} takes ${taken(instrument, items[odd]!)}: ` +
        `profile ${id} has ${answers[odd]}`,
    );
  }
}

/**
 * The name of the population of personas that a model makes under a condition, as the original writes
 * it: `generated_gpt4o_spain826`, `borderline_maxN_gpt4o`, `borderline_minE_maxRest_gpt4o`; doses
 * `borderline_N3_gpt4o`, `borderline_N3_P2_gpt4o`.
 *
 * Only the name of unchanged profiles says where they came from.
 *
 * @param reference name of the profiles' population
 */
export function populationName(modelId: string, condition: Condition, reference: string): string {
  if (!Object.keys(condition.set).length) return `generated_${modelId}_${reference}`;
  const words = condition.name
    .replaceAll("=", "")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/Max|Min/g, (word, at: number) => `${at ? "_" : ""}${word.toLowerCase()}`);
  return `borderline_${words}_${modelId}`;
}

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
  reference.forEach((profile) => check(instrument, profile));
  const random = seeded("random control", seed);
  return Array.from({ length: n }, (_, index) => ({
    id: index + 1,
    // The answer of a profile drawn anew for each item has exactly that item's rates.
    answers: instrument.items.map((_, item) =>
      reference[random.int(reference.length)]!.answers[item]!
    ),
  }));
}
