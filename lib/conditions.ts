/** How a profile is changed before a persona is made from it. */
import type { Codebook, Values } from "./codebook.ts";
import type { Condition } from "./conditions/named.ts";
import { type Changed, changedIn } from "./conditions/values.ts";
import { type Instrument, keyedAnswer, optionOf, taken, unkeyedAnswer } from "./instruments.ts";
import { seeded } from "./random.ts";

export {
  type Change,
  type Condition,
  condition,
  register,
  registered,
  usualConditions,
} from "./conditions/named.ts";
export { changedIn, resolved } from "./conditions/values.ts";

/** What is known of one respondent, or would be after a change. */
export interface Profile {
  id: number;
  /** One whole answer per item, in item order; empty where the population answered no instrument. */
  answers: readonly number[];
  /** By variable of the codebook; left out where there is none. */
  values?: Values;
  stratum?: string;
  weight?: number;
}

/** What profiles are made of. */
export interface Described {
  instrument: Instrument | null;
  codebook: Codebook;
}

/** Whether a condition leaves every profile as it is. */
export const isUnchanged = ({ set, omit, values = {} }: Condition): boolean =>
  !Object.keys(set).length && omit === undefined && !Object.keys(values).length;

/** What a condition makes of a profile. */
export interface Applied extends Changed {
  answers: number[];
  /** Numbers of the items that the condition set or left out, in item order, also where the answer was the same. */
  changed: number[];
  /** Numbers of those that it left out. */
  omitted: number[];
}

/**
 * The profile under a condition. The profile itself is not changed; but for a swap, a second application
 * changes nothing more.
 *
 * Which items a dose takes depends on the seed, the profile and the scale only: it is the beginning of
 * one order of the scale's items, so that a dose of 3 contains the dose of 2 and adds one item, and one of unkeyed items has
 * the same. Likewise
 * items that are left out, of one order of all items, whatever the doses.
 *
 * @param seed chooses the items of doses and those that are left out; other conditions do not depend on it
 * @throws {RangeError} when the profile is not one of the instrument, the instrument lacks a scale of the
 * condition or has fewer items on it than the dose, all items are left out or one that there is not, or the
 * codebook lacks a variable or a level
 */
export function applyCondition(
  { instrument, codebook }: Described,
  profile: Profile,
  condition: Condition,
  seed: number,
): Applied {
  return {
    ...onItems(instrument, profile, condition, seed),
    ...changedIn(codebook, profile.values ?? {}, condition),
  };
}

function onItems(
  instrument: Instrument | null,
  profile: Profile,
  condition: Condition,
  seed: number,
): Pick<Applied, "answers" | "changed" | "omitted"> {
  const { name, set, omit } = condition;
  if (!instrument) {
    const [scale] = Object.keys(set);
    if (scale === undefined && omit === undefined) return { answers: [], changed: [], omitted: [] };
    const of = scale === "*" ? "all scales" : `scale ${scale}`;
    throw new RangeError(
      `Condition ${name} ${
        scale === undefined ? "leaves items out" : `sets items of ${of}`
      }: these ` +
        "profiles answered no instrument",
    );
  }
  const { title, scales, items } = instrument;
  checkProfile(instrument, profile);
  const missing = Object.keys(set).filter((scale) => scale !== "*" && !scales.includes(scale));
  if (missing.length) {
    throw new RangeError(
      `Condition ${name} needs scale ${missing.join(", ")}: the scales of ${title} are ` +
        scales.join(", "),
    );
  }
  const answers = new Map<number, number>();
  for (const scale of scales) {
    const rule = set[scale] ?? set["*"];
    const own = items.filter((item) => item.scale === scale);
    if (typeof rule === "number" || typeof rule === "object") {
      const turned = typeof rule === "object", dose = turned ? rule.unkeyed : rule;
      if (!Number.isInteger(dose) || dose < 0 || dose > own.length) {
        throw new RangeError(
          `Scale ${scale} of ${title} has ${own.length} items: a dose is a whole number from 0 to ` +
            `${own.length}, current value is ${dose}`,
        );
      }
      const answer = turned ? unkeyedAnswer : keyedAnswer;
      seeded("dose", seed, profile.id, scale).sample(own, dose)
        .forEach((item) => answers.set(item.number, answer(instrument, item)));
    } else if (rule) {
      const answer = rule === "keyed" ? keyedAnswer : unkeyedAnswer;
      own.forEach((item) => answers.set(item.number, answer(instrument, item)));
    }
  }
  const omitted = omittedOf(instrument, profile, condition, seed);
  return {
    answers: items.map(({ number }, index) => answers.get(number) ?? profile.answers[index]!),
    changed: items.map(({ number }) => number)
      .filter((number) => answers.has(number) || omitted.includes(number)),
    omitted,
  };
}

/** Numbers of the items that a condition leaves out, in item order. */
function omittedOf(
  { title, items }: Instrument,
  { id }: Profile,
  { name, omit }: Condition,
  seed: number,
): number[] {
  if (omit === undefined) return [];
  const numbers = items.map(({ number }) => number);
  const drawn = typeof omit === "number"
    ? seeded("items left out", seed, id).sample(numbers, Math.min(omit, numbers.length))
    : omit;
  const odd = drawn.find((one) => !numbers.includes(one));
  if (odd !== undefined) {
    throw new RangeError(`Condition ${name} leaves out item ${odd}, which ${title} does not have`);
  }
  const left = numbers.filter((number) => !drawn.includes(number));
  if (!left.length) {
    throw new RangeError(
      `Condition ${name} leaves out all ${numbers.length} items of ${title}: at least one is shown`,
    );
  }
  return numbers.filter((number) => drawn.includes(number));
}

/** @throws {RangeError} when the profile is not one of the instrument */
export function checkProfile(instrument: Instrument, { id, answers }: Profile): void {
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
 * `borderline_N3_gpt4o`, `borderline_N3_P2_gpt4o`; items left out
 * `borderline_without_6_items_gpt4o`; attributes `borderline_sex_female_gpt4o`,
 * `borderline_sex_female_with_male_gpt4o`, `borderline_without_town_gpt4o`.
 *
 * Of the study's reference only the name of unchanged profiles says where they came from; those of other
 * populations all do.
 *
 * @param profiles name of the profiles' population
 * @param reference whether it is the study's reference
 */
export function populationName(
  modelId: string,
  condition: Condition,
  profiles: string,
  reference = true,
): string {
  if (isUnchanged(condition)) return `generated_${modelId}_${profiles}`;
  const words = condition.name
    .replaceAll("=", "")
    .replaceAll("<->", "_with_")
    .replace(/(^|\+)-(?=\p{L}|\d+ items?)/gu, "$1without_")
    .replace(/(\p{L}|\p{N}):-(?=\p{N})/gu, "$1_minus_")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_|_$/g, "")
    .replace(/Max|Min/g, (word, at: number) => `${at ? "_" : ""}${word.toLowerCase()}`);
  return `borderline_${words}_${modelId}${reference ? "" : `_${profiles}`}`;
}
