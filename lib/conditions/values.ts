/** What a condition makes of variables: levels, swaps, what is left out, words of a text. */
import {
  type Codebook,
  takes,
  type Value,
  valueIn,
  type Values,
  type Variable,
} from "../codebook.ts";
import { nearest } from "../format.ts";
import type { Change, Condition } from "./named.ts";

/** Values under a condition. */
export interface Changed {
  values: Values;
  /**
   * Names of the variables that it set or left out, in order of the codebook, also where the value was
   * the same; of a swap only where the profile had one of the two levels, or the text one of the words.
   */
  changedValues: string[];
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
): Changed {
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
