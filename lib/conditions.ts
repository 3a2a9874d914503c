/** How a profile is changed before a persona is made from it. */
import {
  type Codebook,
  takes,
  type Value,
  valueIn,
  type Values,
  type Variable,
} from "./codebook.ts";
import { described, nearest } from "./format.ts";
import { type Instrument, keyedAnswer, optionOf, taken, unkeyedAnswer } from "./instruments.ts";
import { seeded } from "./random.ts";

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

/**
 * What becomes of a variable: one value for all, two levels that change places, nothing is known, or in a text
 * whole words change places with others, as they are written in either case.
 */
export type Change =
  | { set: string | number }
  | { swap: readonly [string | number, string | number] }
  | { omit: true }
  | { words: readonly (readonly [string, string])[] };

/** A change to a profile, as data. */
export interface Condition {
  name: string;
  /**
   * By scale: every item `keyed` (the answer that adds most) or `unkeyed`, or a dose: so many items
   * keyed. `*` stands for every scale not named; scales without an entry stay as they are.
   */
  set: Readonly<Record<string, "keyed" | "unkeyed" | number>>;
  /** By variable of the codebook; variables without an entry stay as they are. */
  values?: Readonly<Record<string, Change>>;
}

/** Whether a condition leaves every profile as it is. */
export const isUnchanged = ({ set, values = {} }: Condition): boolean =>
  !Object.keys(set).length && !Object.keys(values).length;

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
const SET = /^([\p{L}_][\p{L}\p{N}_]*)\s*:\s*(\S.*)$/u;
const SWAPPED = /^(\S.*?)\s*(?:<->|↔)\s*(\S.*)$/u;
const OMITTED = /^-\s*([\p{L}_][\p{L}\p{N}_]*)$/u;
/** Between parts of a name: a `+` that a part follows, so that a level may be `65+`. */
const PARTS = /\+(?=\s*(?:[\p{L}_][\p{L}\p{N}_ ]*[=:]|-\s*[\p{L}_][\p{L}\p{N}_]*\s*(?:\+|$)))/u;

/** What may change places in a text. */
const WORD = /^\p{L}+$/u;

/** A part of a condition's name: its own name, and what it sets. */
interface Part {
  name: string;
  scale?: [string, number];
  variable?: [string, Change];
}

function partOf(text: string): Part | null {
  const [, scale, k] = DOSE.exec(text) ?? [];
  if (scale !== undefined) return { name: `${scale}=${Number(k)}`, scale: [scale, Number(k)] };
  const [, omitted] = OMITTED.exec(text) ?? [];
  if (omitted !== undefined) return { name: `-${omitted}`, variable: [omitted, { omit: true }] };
  const [, variable, level] = SET.exec(text) ?? [];
  if (variable === undefined) return null;
  const [, a, b] = SWAPPED.exec(level!) ?? [];
  return a === undefined
    ? { name: `${variable}:${level}`, variable: [variable, { set: level! }] }
    : { name: `${variable}:${a}<->${b}`, variable: [variable, { swap: [a, b!] }] };
}

/**
 * The condition of a name: a registered one, whatever its case, `-` and `_` (`max_N`, `minE-maxRest`); or
 * parts, with `+` between them. Of items a part is a dose: `N=3`, so many items of a scale keyed. Of
 * attributes it is `sex:female` (all have this level, by its value or label), `sex:female<->male` (the two
 * change places, others stay) or `-town` (left out). One that is given as data is itself.
 *
 * @throws {RangeError} when the name is neither, naming the known ones, or the data are none
 */
export function condition(given: string | Condition): Condition {
  if (typeof given !== "string") return asData(given);
  const bare = (text: string) => text.replace(/[-_\s]/g, "").toLowerCase();
  const found = known.find((condition) => bare(condition.name) === bare(given));
  if (found) return found;
  const parts = given.split(PARTS).map((part) => partOf(part.trim()));
  const of = (part: Part | null) => part && (part.scale?.[0] ?? part.variable![0]);
  if (parts.includes(null) || new Set(parts.map(of)).size < parts.length) {
    throw new RangeError(
      `No condition has the name ${JSON.stringify(given)}: ${
        known.length
          ? `there are ${known.map(({ name }) => name).join(", ")}, and `
          : "a package that is imported brings its own, and none is; there are "
      }doses like N=3 or N=3+P=2, and attributes like sex:female, sex:female<->male or -town, with ` +
        "each scale and variable once",
    );
  }
  const sorted = (parts as Part[]).toSorted((a, b) => {
    const places = [a, b].map(({ scale }) => Number(scale === undefined));
    return places[0]! - places[1]! || (of(a)! < of(b)! ? -1 : 1);
  });
  const values = sorted.flatMap(({ variable }) => variable ? [variable] : []);
  return {
    name: sorted.map(({ name }) => name).join("+"),
    set: Object.fromEntries(sorted.flatMap(({ scale }) => scale ? [scale] : [])),
    ...values.length && { values: Object.fromEntries(values) },
  };
}

/** @throws {RangeError} when it is no condition, with what one looks like */
function asData(given: Condition): Condition {
  const wrong = (what: string) => {
    throw new RangeError(
      `A condition is a name ("MinL"), a dose ("N=3"), an attribute ("sex:female") or data: ` +
        '{ name: "MinN", set: { N: "unkeyed" } } with "keyed", "unkeyed" or a number of items by ' +
        'scale; { name: "turned", values: { sex: { swap: ["female", "male"] } } } with { set: LEVEL }, ' +
        `{ swap: [LEVEL, LEVEL] }, { words: [[WORD, WORD]] } or { omit: true } by variable: got ${what}`,
    );
  };
  const { name, set, values } = (given ?? {}) as Partial<Condition>;
  const record = (one: unknown) => typeof one === "object" && one !== null && !Array.isArray(one);
  if (typeof name !== "string" || !name.trim()) wrong(described(given));
  if (!record(set) && (set !== undefined || values === undefined)) {
    wrong(`${name} with a set that is ${described(set)}`);
  }
  for (const [scale, how] of Object.entries(set ?? {})) {
    if (how === "keyed" || how === "unkeyed" || Number.isInteger(how)) continue;
    wrong(`${name} with ${scale}: ${described(how)}`);
  }
  if (values === undefined) return given;
  if (!record(values)) wrong(`${name} with values that are ${described(values)}`);
  const isLevel = (one: unknown) =>
    typeof one === "number" ? Number.isFinite(one) : typeof one === "string" && one.trim() !== "";
  for (const [variable, change] of Object.entries(values)) {
    const { set, swap, omit, words } = (record(change) ? change : {}) as Record<string, unknown>;
    const isPair = (one: unknown, of: (one: unknown) => boolean) =>
      Array.isArray(one) && one.length === 2 && one.every(of);
    const isWord = (one: unknown) => typeof one === "string" && WORD.test(one);
    const ways = [
      isLevel(set),
      isPair(swap, isLevel),
      omit === true,
      Array.isArray(words) && words.length > 0 && words.every((one) => isPair(one, isWord)),
    ].filter((way) => way);
    if (ways.length === 1 && Object.keys(change).length === 1) continue;
    wrong(`${name} with ${variable}: ${described(change)}`);
  }
  return { ...given, set: set ?? {} };
}

/** What a condition makes of a profile. */
export interface Applied {
  answers: number[];
  /** Numbers of the items that the condition set, in item order, also where the answer was the same. */
  changed: number[];
  values: Values;
  /**
   * Names of the variables that it set or left out, in order of the codebook, also where the value was
   * the same; of a swap only where the profile had one of the two levels, or the text one of the words.
   */
  changedValues: string[];
}

/**
 * The profile under a condition. The profile itself is not changed; but for a swap, a second application
 * changes nothing more.
 *
 * Which items a dose takes depends on the seed, the profile and the scale only: it is the beginning of
 * one order of the scale's items, so that a dose of 3 contains the dose of 2 and adds one item.
 *
 * @param seed chooses the items of doses; other conditions do not depend on it
 * @throws {RangeError} when the profile is not one of the instrument, the instrument lacks a scale of the
 * condition or has fewer items on it than the dose, or the codebook lacks a variable or a level
 */
export function applied(
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
  { name, set }: Condition,
  seed: number,
): Pick<Applied, "answers" | "changed"> {
  if (!instrument) {
    const [scale] = Object.keys(set);
    if (scale === undefined) return { answers: [], changed: [] };
    throw new RangeError(
      `Condition ${name} sets items of ${scale === "*" ? "all scales" : `scale ${scale}`}: these ` +
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

/**
 * What a condition makes of the values of variables alone.
 *
 * @throws {RangeError} when the codebook lacks a variable or a level
 */
export function changedIn(
  codebook: Codebook,
  given: Values,
  condition: Condition,
): Pick<Applied, "values" | "changedValues"> {
  const { name, values: changes = {} } = condition;
  checkVariables(codebook, condition);
  const values: Record<string, Value> = {};
  const changedValues: string[] = [];
  for (const variable of codebook) {
    const was = given[variable.name] ?? null;
    const change = changes[variable.name];
    const now = change ? changedTo(variable, was, change, name) : was;
    values[variable.name] = now;
    const moves = change && ("swap" in change || "words" in change);
    if (change && !(moves && now === was)) changedValues.push(variable.name);
  }
  return { values, changedValues };
}

/** @throws {RangeError} when the codebook lacks a variable, naming the nearest */
function checkVariables(
  codebook: Codebook,
  { name, values = {} }: Condition,
  whose = "the profiles",
): void {
  const names = codebook.map((variable) => variable.name);
  const missing = Object.keys(values).filter((variable) => !names.includes(variable));
  if (!missing.length) return;
  const near = names.length
    ? `: did you mean ${nearest(missing[0]!, names)}? There are ${names.join(", ")}`
    : ": they have none";
  throw new RangeError(
    `Condition ${name} needs the variable ${missing.join(", ")} of ${whose}${near}`,
  );
}

/**
 * A condition with the values of levels in place of their labels, so that what has them can be found by them.
 *
 * @param whose variables these are, for the message
 * @throws {RangeError} when the codebook lacks a variable or a level, or words are changed in what is no text
 */
export function resolved(codebook: Codebook, condition: Condition, whose: string): Condition {
  checkVariables(codebook, condition, whose);
  const { name, values = {} } = condition;
  return {
    ...condition,
    values: Object.fromEntries(
      Object.entries(values).map(([of, change]): [string, Change] => {
        const variable = codebook.find((one) => one.name === of)!;
        const level = levelOf(variable, name);
        if ("set" in change) return [of, { set: level(change.set) }];
        if ("swap" in change) return [of, { swap: [level(change.swap[0]), level(change.swap[1])] }];
        if ("omit" in change || variable.kind === "text") return [of, change];
        throw new RangeError(`Condition ${name} changes words in ${of}, which is no text`);
      }),
    ),
  };
}

/** The value of a level by value or label. */
const levelOf = (variable: Variable, condition: string) => (given: string | number) => {
  const found = valueIn(variable, String(given));
  if (found !== undefined && found !== null) return found;
  throw new RangeError(
    `Condition ${condition}: ${variable.name} has no level ${JSON.stringify(given)}: it takes ` +
      takes(variable),
  );
};

function changedTo(variable: Variable, was: Value, change: Change, condition: string): Value {
  if ("omit" in change) return null;
  if ("words" in change) return typeof was === "string" ? reworded(was, change.words) : was;
  const level = levelOf(variable, condition);
  if ("set" in change) return level(change.set);
  const [a, b] = change.swap.map(level);
  if (a === b) {
    throw new RangeError(
      `Condition ${condition} swaps ${variable.name} ${JSON.stringify(a)} with itself`,
    );
  }
  return was === a ? b! : was === b ? a! : was;
}

/** Each word of a pair becomes the other; what begins with a capital, or is all capitals, stays so. */
function reworded(text: string, pairs: readonly (readonly [string, string])[]): string {
  const others = new Map<string, string>();
  // Of a word in several pairs the first counts.
  for (const [a, b] of pairs.flatMap(([a, b]) => [[a, b], [b, a]] as const)) {
    if (!others.has(a.toLowerCase())) others.set(a.toLowerCase(), b);
  }
  return text.replace(/(?<![\p{L}\p{N}_])\p{L}+(?![\p{L}\p{N}_])/gu, (found) => {
    const other = others.get(found.toLowerCase());
    if (other === undefined) return found;
    if (found.length > 1 && found === found.toUpperCase()) return other.toUpperCase();
    const capital = found[0] !== found[0]!.toLowerCase();
    return (capital ? other[0]!.toUpperCase() : other[0]!) + other.slice(1);
  });
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
 * `borderline_N3_gpt4o`, `borderline_N3_P2_gpt4o`; attributes `borderline_sex_female_gpt4o`,
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
    .replace(/(^|\+)-(?=\p{L})/gu, "$1without_")
    .replace(/(\p{L}|\p{N}):-(?=\p{N})/gu, "$1_minus_")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_|_$/g, "")
    .replace(/Max|Min/g, (word, at: number) => `${at ? "_" : ""}${word.toLowerCase()}`);
  return `borderline_${words}_${modelId}${reference ? "" : `_${profiles}`}`;
}
