/**
 * What a model replied: the JSON in it, the answer sheet, the persona.
 *
 * Replies are read generously and believed sparingly: code fences, prose around, broken quotes and
 * words of eight languages are understood, but where a reply can be read in two ways it has no answer.
 * One thing cannot be seen from here: a reply that copies the example of the prompt instead of
 * answering looks like any sheet.
 */
import { z } from "zod";
import type { Instrument } from "./instruments.ts";
import { contents, excerpt, type Found, plain } from "./replies/json.ts";
import { listed, sheetOf } from "./replies/sheet.ts";
import { answerReader, type Coding, itemNumber } from "./replies/words.ts";
import { sd } from "./stats.ts";

export { answerReader, type Coding, itemNumber };

/**
 * The one JSON value in a reply: the whole of it, or an object or list inside a code fence or prose.
 *
 * Of what JSON allows, an object that has a key twice with different values is refused. NUL characters
 * and halves of surrogate pairs become U+FFFD.
 *
 * @returns the value and whether it had to be repaired, or why there is none or more than one
 */
export function jsonIn(
  text: string,
): { value: unknown; repaired: boolean } | { problem: string } {
  const found = valuesIn(text);
  if ("problem" in found) return found;
  const [first, ...others] = found;
  return others.length ? { problem: "different JSON values in the reply" } : first!;
}

/** The different values of a reply: those that needed no repair, or else those that did. */
function valuesIn(
  text: string,
): { value: unknown; repaired: boolean }[] | { problem: string } {
  const held = contents(text);
  if ("problem" in held) return held;
  const { closed, open, brokenOff } = held;
  // What does not close is read where it may hold what does, or where there is nothing else.
  const outer = open && (open.outer || closed.length === 0);
  if (brokenOff && !outer) return { problem: "the reply breaks off behind its JSON" };
  const found: Found[] = outer ? [open] : closed;
  const exact = found.filter(({ repaired }) => !repaired);
  if (exact.length === 0 && found.some(({ cut }) => cut)) {
    return { problem: "the reply breaks off inside its JSON" };
  }
  try {
    const values = (exact.length ? exact : found)
      .map(({ value, repaired }) => ({ value: plain(value), repaired }));
    return [...new Map(values.map((value) => [JSON.stringify(value.value), value])).values()];
  } catch (error) {
    if (error instanceof TypeError) return { problem: error.message };
    throw error;
  }
}

/** An answer sheet as a reply gives it. */
export interface Sheet {
  /** In order of the items; null where there is no answer that can be read. */
  answers: (number | null)[];
  explanation: string | null;
  /** Numbers of the items without an answer. */
  missing: number[];
  /**
   * What is to be known about the sheet:
   * `all alike` (one answer to all items), `low variance` (sample SD of the answers below 0.5, for
   * instruments with more than two answers), `repaired` (the JSON was broken), `cut off` (the reply
   * ends inside it), `unreadable: 3, 7` (items answered in a way that cannot be read), `extra keys: …`.
   */
  flags: string[];
}

/** Sheets whose answers vary less than this are flagged; the original meant to refuse them. */
const LOW_SD = 0.5;

/**
 * The answer sheet in a reply.
 *
 * Items are found by number (`1`, `01`, `Q1`, `item 1` …), as keys of an object, in rows such as
 * `{"question_number": 1, "answer": "True"}`, at the top or inside another object. An item that is
 * answered twice in different ways, with a number outside the range, or in words that are no answer,
 * is missing. In JSON that had to be repaired, an answer must stand behind its key with closed quotes
 * or before a delimiter.
 *
 * A sheet that names every item counts, whatever incomplete ones stand before it; two that disagree
 * are none. A list of bare answers is read only when `order` says which items were shown in which
 * order.
 *
 * @param coding how the answers were asked for: bare numbers are no answers to labels
 * @param language ISO 639-1, of the words to expect besides English
 * @param order item numbers as presented
 * @returns the sheet, whole or with missing items, or why there is none
 */
export function sheetIn(
  text: string,
  instrument: Instrument,
  coding: Coding,
  language: string = instrument.language,
  order: readonly number[] | null = null,
): Sheet | { problem: string } {
  const found = sheetOf(text, instrument, answerReader(instrument, coding, language), order);
  if ("problem" in found) return found;
  const { sheet, seen } = found;
  const numbers = instrument.items.map(({ number }) => number);
  const answers = numbers.map((number) => sheet.answers.get(number) ?? null);
  const given = answers.filter((answer) => answer !== null);
  const unreadable = numbers.filter((number) => sheet.answers.get(number) === null);
  const several = given.length > 1;
  const likert = instrument.highest - instrument.lowest > 1;
  const flags = [
    [several && new Set(given).size === 1, "all alike"],
    [several && likert && sd(given)! < LOW_SD, "low variance"],
    [sheet.repaired, "repaired"],
    [sheet.cut, "cut off"],
    [unreadable.length > 0, `unreadable: ${unreadable.join(", ")}`],
    [seen.extra.size > 0, `extra keys: ${listed(seen.extra)}`],
  ] as const;
  return {
    answers,
    explanation: sheet.explanation,
    missing: numbers.filter((_, index) => answers[index] === null),
    flags: flags.flatMap(([applies, flag]) => applies ? [flag] : []),
  };
}

const Text = z.string().regex(/\S/, "must not be empty");

/** A persona as the model must write it: every field there, none besides. */
export const PersonaReply = z.strictObject({
  name: Text,
  age: z.int().min(0).max(120),
  gender: Text,
  sexual_orientation: Text,
  race: Text,
  ethnicity: Text,
  religious_belief: Text,
  occupation: Text,
  political_orientation: Text,
  location: Text,
  description: Text,
});
export type PersonaReply = z.infer<typeof PersonaReply>;

/**
 * The persona in a reply.
 *
 * Texts stay as written, spaces included. An age in digits between quotes is a number; nothing else is
 * turned into what it is not, and nothing is filled in.
 *
 * @returns the persona, or what is missing or wrong in words that can be sent back to the model
 */
export function personaIn(text: string): { value: PersonaReply } | { problem: string } {
  const found = valuesIn(text);
  if ("problem" in found) return found;
  const read = found.map(({ value }) => PersonaReply.safeParse(withAge(value)));
  const fitting = read.filter(({ success }) => success);
  if (fitting.length > 1) return { problem: "two different personas in the reply" };
  if (fitting[0]) return { value: fitting[0].data! };
  const { value } = found.at(-1)!;
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { problem: `not a JSON object: ${excerpt(JSON.stringify(value))}` };
  }
  const { issues } = read.at(-1)!.error!;
  return { problem: issues.map((issue) => complaint(issue, value)).join("; ") };
}

function withAge(value: unknown): unknown {
  const { age } = (value ?? {}) as { age?: unknown };
  return typeof age === "string" && /^\s*\d{1,3}\s*$/.test(age)
    ? { ...value as object, age: Number(age) }
    : value;
}

function complaint(issue: z.core.$ZodIssue, persona: object): string {
  if (issue.code === "unrecognized_keys") return `unknown: ${listed(issue.keys)}`;
  const field = String(issue.path[0]);
  if (!Object.hasOwn(persona, field)) return `${field} is missing`;
  const given = (persona as Record<string, unknown>)[field];
  const wanted = field === "age" ? "a whole number from 0 to 120" : "a text that is not empty";
  const is = typeof given === "string"
    ? excerpt(given)
    : given !== null && typeof given === "object"
    ? "a list or an object"
    : String(given);
  return `${field} must be ${wanted}, but is ${is}`;
}
