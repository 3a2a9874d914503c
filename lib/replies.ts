/**
 * What a model replied: the JSON in it, the answer sheet, the persona.
 *
 * Replies are read generously and believed sparingly: code fences, prose around, broken quotes and
 * words of eight languages are understood, but where a reply can be read in two ways it has no answer.
 * What stands in its reasoning is no answer either: only what follows it is read.
 * One thing cannot be seen from here: a reply that copies the example of the prompt instead of
 * answering looks like any sheet.
 */
import {
  type Coding,
  hasOwnOptions,
  type Instrument,
  optionOf,
  optionsOf,
  type Role,
  substantive,
} from "./instruments.ts";
import { plain, values } from "./replies/json.ts";
import { personaIn, schemaOf } from "./replies/persona.ts";
import { behindReasoning } from "./replies/reasoning.ts";
import { type Read, sheetOf } from "./replies/sheet.ts";
import { answerReader, itemNumber, listed } from "./replies/words.ts";
import { sd } from "./stats.ts";

export { answerReader, behindReasoning, type Coding, itemNumber, personaIn, schemaOf };
export { Entries, type Json, parsed as jsonEntries } from "./replies/json.ts";

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
  const found = values(text);
  if ("problem" in found) return found;
  const exact = found.filter(({ repaired }) => !repaired);
  if (exact.length === 0 && found.some(({ cut }) => cut)) {
    return { problem: "the reply breaks off inside its JSON" };
  }
  try {
    const all = (exact.length ? exact : found)
      .map(({ value, repaired }) => ({ value: plain(value), repaired }));
    const different = new Set(all.map(({ value }) => JSON.stringify(value))).size;
    return different > 1 ? { problem: "different JSON values in the reply" } : all[0]!;
  } catch (error) {
    if (error instanceof TypeError) return { problem: error.message };
    throw error;
  }
}

/** An answer sheet as a reply gives it. */
export interface Sheet {
  /** In order of the instrument's items; null where there is no answer that can be read. */
  answers: (number | null)[];
  /** In order of the items, where the reply gives any reason beside an answer. */
  reasons: (string | null)[] | null;
  explanation: string | null;
  /** Numbers of the items asked without an answer. */
  missing: number[];
  /**
   * What is to be known about the sheet:
   * `all alike` (one answer to all items), `low variance` (sample SD of the answers below 0.5, for
   * items that all have the same options, more than two), `repaired` (the JSON was broken), `cut off` (the reply
   * ends inside it), `unreadable: 3, 7` (items answered in a way that cannot be read), `extra keys: …`.
   */
  flags: string[];
}

/** Sheets whose answers vary less than this are flagged; the original meant to refuse them. */
const LOW_SD = 0.5;

/**
 * The answer sheet in a reply.
 *
 * Items are found by number (`1`, `01`, `Q1`, `item 1`, `1. Is talkative` …), as keys of an object, in
 * rows such as `{"question_number": 1, "answer": "True"}`, at the top or inside another object. An item that is
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
 * @param order item numbers as presented: all, or those of the block that was asked; to a block of one
 *   item the answer may stand alone
 * @param options of each item in the order shown, which letters follow; left out, as printed
 * @returns the sheet, whole or with missing items, or why there is none
 */
export function sheetIn(
  text: string,
  instrument: Instrument,
  coding: Coding,
  language: string = instrument.language,
  order: readonly number[] | null = null,
  options: readonly number[] | readonly (readonly number[])[] | null = null,
): Sheet | { problem: string } {
  const found = sheetOf(
    text,
    instrument,
    sheetReader(instrument, coding, language, options),
    order,
  );
  if ("problem" in found) return found;
  const { sheet, extra } = found;
  const asked = instrument.items.filter(({ number }) => order?.includes(number) ?? true);
  const answers = instrument.items.map(({ number }) => sheet.answers.get(number) ?? null);
  const given = answers.filter((answer) => answer !== null);
  const numbers = asked.map(({ number }) => number);
  const unreadable = numbers.filter((number) => sheet.answers.get(number) === null);
  const sets = asked.map((item) => substantive(optionsOf(instrument, item)));
  const alike = new Set(sets.map((of) => of.map(({ code }) => code).join())).size === 1;
  const several = alike && given.length > 1;
  const likert = sets[0]!.length > 2 &&
    given.every((code) => sets[0]!.some((of) => of.code === code));
  const flags = [
    [several && new Set(given).size === 1, "all alike"],
    [several && likert && sd(given)! < LOW_SD, "low variance"],
    [sheet.repaired, "repaired"],
    [sheet.cut, "cut off"],
    [unreadable.length > 0, `unreadable: ${unreadable.join(", ")}`],
    [extra.size > 0, `extra keys: ${listed(extra)}`],
  ] as const;
  return {
    answers,
    reasons: sheet.reasons.size
      ? instrument.items.map(({ number }) => sheet.reasons.get(number) ?? null)
      : null,
    explanation: sheet.explanation,
    missing: numbers.filter((number) => (sheet.answers.get(number) ?? null) === null),
    flags: flags.flatMap(([applies, flag]) => applies ? [flag] : []),
  };
}

/** How to read the answers to an instrument: by item, the answer that is meant, or null when in doubt. */
export function sheetReader(
  instrument: Instrument,
  coding: Coding,
  language: string,
  options: readonly number[] | readonly (readonly number[])[] | null = null,
): Read {
  const own = hasOwnOptions(instrument);
  return (answer, number) => {
    const at = own ? instrument.items.findIndex((item) => item.number === number) : 0;
    const item = instrument.items[at];
    if (!item) return null;
    const given = own ? options?.[at] : options;
    const shown = Array.isArray(given)
      ? given as number[]
      : optionsOf(instrument, item).map(({ code }) => code);
    return answerReader(instrument, coding, language, shown, item)(answer);
  };
}

/** What became of one item of a sheet. */
export type Class = "answer" | Role | "unreadable" | "missing";

/**
 * What became of each item that a sheet asked, in order of the instrument's items; null for those that it
 * did not ask.
 *
 * @param sheet as it is stored: answers in order of the items, the numbers of those asked, flags
 */
export function classes(
  instrument: Instrument,
  { answers, items, flags }: {
    answers: readonly (number | null)[];
    items: readonly number[];
    flags: readonly string[];
  },
): (Class | null)[] {
  const unread = flags.flatMap((flag) =>
    /^unreadable: ([\d, ]+)$/.exec(flag)?.[1]?.split(", ") ?? []
  );
  return instrument.items.map((item, index) => {
    if (!items.includes(item.number)) return null;
    const answer = answers[index] ?? null;
    if (answer === null) return unread.includes(String(item.number)) ? "unreadable" : "missing";
    return optionOf(instrument, item, answer)?.role ?? "answer";
  });
}
