/** What a condition is as data, and the conditions that have a name. */
import { described } from "../format.ts";

/**
 * What becomes of a variable: one value for all, two levels that change places, nothing is known, or in a text
 * whole words change places with others, as they are written in either case.
 */
export type Change =
  | { set: string | number }
  | { swap: readonly [string | number, string | number] }
  | { omit: true }
  | { words: readonly (readonly [string, string])[] };

/** What becomes of the items of a scale. */
export type ItemChange = "keyed" | "unkeyed" | number | { readonly unkeyed: number };

/** A change to a profile, as data. */
export interface Condition {
  name: string;
  /**
   * By scale: every item `keyed` (the answer that adds most) or `unkeyed`, or a dose: so many items
   * keyed, or with `{ unkeyed }` the same ones unkeyed. `*` stands for every scale not named; scales without an entry stay as they are.
   */
  set: Readonly<Record<string, ItemChange>>;
  /** Items of which nothing is known: so many, drawn for each profile, or those of these numbers. */
  omit?: number | readonly number[];
  /** By variable of the codebook; variables without an entry stay as they are. */
  values?: Readonly<Record<string, Change>>;
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

const DOSE = /^([\p{L}_][\p{L}\p{N}_ ]*?)\s*=\s*(\d+)(\s+unkeyed)?$/u;
const SET = /^([\p{L}_][\p{L}\p{N}_]*)\s*:\s*(\S.*)$/u;
const SWAPPED = /^(\S.*?)\s*(?:<->|↔)\s*(\S.*)$/u;
const ITEMS = /^-\s*(\d+) items?$/;
const OMITTED = /^-\s*([\p{L}_][\p{L}\p{N}_]*)$/u;
/** Between parts of a name: a `+` that a part follows, so that a level may be `65+`. */
const PARTS =
  /\+(?=\s*(?:[\p{L}_][\p{L}\p{N}_ ]*[=:]|-\s*(?:[\p{L}_][\p{L}\p{N}_]*|\d+ items?)\s*(?:\+|$)))/u;

/** What may change places in a text. */
const WORD = /^\p{L}+$/u;

/** A part of a condition's name: its own name, and what it sets. */
interface Part {
  name: string;
  scale?: [string, ItemChange];
  omit?: number;
  variable?: [string, Change];
}

function partOf(text: string): Part | null {
  const [, scale, k, turned] = DOSE.exec(text) ?? [];
  if (scale !== undefined) {
    const dose = Number(k), name = `${scale}=${dose}`;
    return turned
      ? { name: `${name} unkeyed`, scale: [scale, { unkeyed: dose }] }
      : { name, scale: [scale, dose] };
  }
  const [, items] = ITEMS.exec(text) ?? [];
  if (items !== undefined) return { name: `-${Number(items)} items`, omit: Number(items) };
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
 * parts, with `+` between them. Of items a part is a dose: `N=3`, so many items of a scale keyed, or
 * `N=3 unkeyed`, the same items the other way. Of
 * attributes it is `sex:female` (all have this level, by its value or label), `sex:female<->male` (the two
 * change places, others stay) or `-town` (left out). `-6 items` leaves six items out, drawn for each profile. One
 * that is given as data is itself.
 *
 * @throws {RangeError} when the name is neither, naming the known ones, or the data are none
 */
export function condition(given: string | Condition): Condition {
  if (typeof given !== "string") return asData(given);
  const bare = (text: string) => text.replace(/[-_\s]/g, "").toLowerCase();
  const found = known.find((condition) => bare(condition.name) === bare(given));
  if (found) return found;
  const parts = given.split(PARTS).map((part) => partOf(part.trim()));
  const of = (part: Part | null) => part && (part.scale?.[0] ?? part.variable?.[0] ?? "-");
  if (parts.includes(null) || new Set(parts.map(of)).size < parts.length) {
    throw new RangeError(
      `No condition has the name ${JSON.stringify(given)}: ${
        known.length
          ? `there are ${known.map(({ name }) => name).join(", ")}, and `
          : "a package that is imported brings its own, and none is; there are "
      }doses like N=3 or N=3+P=2, items left out like -6 items, and attributes like sex:female, ` +
        "sex:female<->male or -town, with each scale and variable once",
    );
  }
  const sorted = (parts as Part[]).toSorted((a, b) => {
    const places = [a, b].map(({ scale, omit }) => scale ? 0 : omit === undefined ? 2 : 1);
    return places[0]! - places[1]! || (of(a)! < of(b)! ? -1 : 1);
  });
  const values = sorted.flatMap(({ variable }) => variable ? [variable] : []);
  const omit = sorted.find(({ omit }) => omit !== undefined)?.omit;
  return {
    name: sorted.map(({ name }) => name).join("+"),
    set: Object.fromEntries(sorted.flatMap(({ scale }) => scale ? [scale] : [])),
    ...omit !== undefined && { omit },
    ...values.length && { values: Object.fromEntries(values) },
  };
}

/** @throws {RangeError} when it is no condition, with what one looks like */
function asData(given: Condition): Condition {
  const wrong = (what: string) => {
    throw new RangeError(
      `A condition is a name ("MinL"), a dose ("N=3"), an attribute ("sex:female") or data: ` +
        '{ name: "MinN", set: { N: "unkeyed" } } with "keyed", "unkeyed", a number of items or ' +
        '{ unkeyed: NUMBER } by scale; { name: "some", omit: 6 } with how many items or a list of their numbers; { name: "turned", values: { sex: { swap: ["female", "male"] } } } with { set: LEVEL }, ' +
        `{ swap: [LEVEL, LEVEL] }, { words: [[WORD, WORD]] } or { omit: true } by variable: got ${what}`,
    );
  };
  const { name, set, omit, values } = (given ?? {}) as Partial<Condition>;
  const record = (one: unknown) => typeof one === "object" && one !== null && !Array.isArray(one);
  if (typeof name !== "string" || !name.trim()) wrong(described(given));
  if (!record(set) && (set !== undefined || (values === undefined && omit === undefined))) {
    wrong(`${name} with a set that is ${described(set)}`);
  }
  for (const [scale, how] of Object.entries(set ?? {})) {
    const turned = record(how) && Object.keys(how as object).join() === "unkeyed";
    const dose = turned ? (how as { unkeyed: unknown }).unkeyed : how;
    if (how === "keyed" || how === "unkeyed" || Number.isInteger(dose)) continue;
    wrong(`${name} with ${scale}: ${described(how)}`);
  }
  const counts = (one: unknown) => Number.isInteger(one) && (one as number) > 0;
  const listed = Array.isArray(omit) && omit.length > 0 && omit.every(counts);
  if (omit !== undefined && !counts(omit) && !listed) {
    wrong(`${name} with omit: ${described(omit)}`);
  }
  if (values === undefined) return { ...given, set: set ?? {} };
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
