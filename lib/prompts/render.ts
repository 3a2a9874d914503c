/** Profiles and questionnaires as the text that stands in a prompt. */
import {
  bounds,
  type Coding,
  hasOwnOptions,
  type Instrument,
  type Item,
  optionOf,
  optionsOf,
  substantive,
  taken,
  WORDS,
} from "../instruments.ts";
import type { Random } from "../random.ts";

/**
 * Answers in the order in which they are named: each answer of the instrument once; where items have
 * options of their own, a list for each item, in order of the items.
 */
export type OptionOrder = readonly number[] | readonly (readonly number[])[];

/** What is asked for besides answers: a reason for each, before or after it, or nothing. */
export type Reason = "none" | "before" | "after";

/** How a questionnaire is put before a persona. */
export interface Presented {
  /** Item numbers in the order shown: each item of the instrument once. */
  items: readonly number[];
  options: OptionOrder;
  coding: Coding;
  /** The items that this call asks, in the order shown, where it does not ask all of them. */
  block?: readonly number[];
  /** Left out, one explanation of the whole sheet is asked for, after the answers. */
  reason?: Reason;
}

/** How orders of items and options are made. */
export interface Ordering {
  /** As printed, or in an order drawn anew for each administration. */
  items: "printed" | "shuffled";
  /** `shifted 2` begins with the third option, and the first two follow the last. */
  options: "printed" | "reversed" | "shuffled" | `shifted ${number}`;
}

/** The orders in which each of so many options stands once in each place: as printed, and shifted by 1 and more. */
export const cyclicOrders = (options: number): ("printed" | `shifted ${number}`)[] =>
  Array.from({ length: options }, (_, by) => by ? `shifted ${by}` as const : "printed");

/**
 * The orders in which an administration shows items and options. A refusal and a don't-know stand last
 * and stay there.
 *
 * @param draw the random numbers for items, for the options of all items, or for those of one item
 */
export function orders(
  instrument: Instrument,
  { items, options }: Ordering,
  draw: (what: "items" | "options", ...item: number[]) => Random,
): { items: readonly number[]; options: OptionOrder } {
  const numbers = instrument.items.map(({ number }) => number);
  const turned = (printed: readonly number[], ...item: number[]) => {
    if (options === "shuffled") return draw("options", ...item).shuffled(printed);
    if (options === "reversed") return printed.toReversed();
    const by = options === "printed" ? 0 : Number(options.split(" ")[1]) % printed.length;
    return [...printed.slice(by), ...printed.slice(0, by)];
  };
  const own = (item: Item): number[] => {
    const all = optionsOf(instrument, item);
    return [
      ...turned(substantive(all).map(({ code }) => code), item.number),
      ...all.filter(({ role }) => role).map(({ code }) => code),
    ];
  };
  const uniform = (): readonly number[] => {
    const rising = optionsOf(instrument, instrument.items[0]!).map(({ code }) => code);
    // The paper names True first, and agreement from the lowest on.
    return turned(rising.length === 2 ? rising.toReversed() : rising);
  };
  return {
    items: items === "shuffled" ? draw("items").shuffled(numbers) : numbers,
    options: hasOwnOptions(instrument) ? instrument.items.map(own) : uniform(),
  };
}

/** The options of an item in the order in which it shows them. */
export const shownOptions = (options: OptionOrder, { number }: Item): readonly number[] =>
  isPerItem(options) ? options[number - 1] ?? [] : options;

/** Whether there is a list for each item. */
export const isPerItem = (options: OptionOrder): options is readonly (readonly number[])[] =>
  Array.isArray(options[0]);

/** Every language's words for 0, and for 1. */
const SAID = ([0, 1] as const).map((answer) =>
  Object.values(WORDS)
    .flatMap(({ yesNo, trueFalse }) => [yesNo[answer], trueFalse[answer]])
    .map((word) => word.toLowerCase())
);

/** Whether 0 means no and 1 yes: the only answers, and labels do not say the opposite. */
function isYesNo(instrument: Instrument): boolean {
  const { lowest, highest, answers } = instrument;
  if (hasOwnOptions(instrument)) return false;
  const says = (answer: number, opposite: number) =>
    SAID[opposite]!.includes((answers[answer] ?? "").trim().toLowerCase());
  return lowest === 0 && highest === 1 && !says(0, 1) && !says(1, 0);
}

function answersOf(instrument: Instrument): number[] {
  const { lowest, highest } = bounds(instrument);
  return Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * The words that a persona answers in, by answer: `{0: "False", 1: "True"}`.
 *
 * True and False are English whatever the instrument's language, as in the paper.
 *
 * @param language of yes and no: ISO 639-1, the instrument's where none is named
 * @param shown the order that letters follow
 * @throws {RangeError} when the instrument cannot be answered so: words for no and yes but other answers, a language without words, answers without labels of their own, items with options of their own
 */
export function answerWords(
  instrument: Instrument,
  coding: Coding,
  language: string = instrument.language,
  shown: readonly number[] = answersOf(instrument),
): Readonly<Record<number, string>> {
  const { title, answers } = instrument;
  const all = answersOf(instrument);
  const named = (word: (answer: number) => string): Record<number, string> =>
    Object.fromEntries(all.map((answer) => [answer, word(answer)]));
  if (coding === "number") return named(String);
  if (coding === "letter" && all.length > LETTERS.length) {
    throw new RangeError(
      `${title} has ${all.length} answers, and there are ${LETTERS.length} letters`,
    );
  }
  if (coding === "letter") return named((answer) => LETTERS[shown.indexOf(answer)]!);
  if (coding === "label") {
    const labels = all.map((answer) => answers[answer]?.trim());
    if (!labels.every(Boolean) || new Set(labels).size < all.length) {
      throw new RangeError(`${title} has no label of its own for each answer: use coding "number"`);
    }
    return named((answer) => answers[answer]!);
  }
  if (!isYesNo(instrument)) {
    const meanings = all.map((answer) => `${answer} ${answers[answer] ?? ""}`.trim()).join(", ");
    throw new RangeError(
      `${JSON.stringify(coding)} is for answers 0, no, and 1, yes, and those of ${title} are ` +
        `${meanings}: use coding "number" or "label"`,
    );
  }
  if (coding === "true/false") return named((answer) => WORDS.en!.trueFalse[answer]!);
  const words = WORDS[language];
  if (!words) {
    throw new RangeError(
      `Yes and no are known in ${Object.keys(WORDS).join(", ")}: current value is ` +
        `${JSON.stringify(language)}: use coding "label" with the instrument's own words`,
    );
  }
  return named((answer) => words.yesNo[answer]!);
}

/**
 * The words in which one item is answered, by answer.
 *
 * @param shown its options in the order shown, which letters follow
 * @throws {RangeError} when it cannot be answered so
 */
export function itemWords(
  instrument: Instrument,
  item: Item,
  coding: Coding,
  shown: readonly number[] = optionsOf(instrument, item).map(({ code }) => code),
): Readonly<Record<number, string>> {
  if (!hasOwnOptions(instrument)) {
    return answerWords(instrument, coding, instrument.language, shown);
  }
  const options = optionsOf(instrument, item);
  if (coding === "true/false" || coding === "yes/no") {
    throw new RangeError(
      `${JSON.stringify(coding)} is for answers 0, no, and 1, yes, and the items of ` +
        `${instrument.title} have options of their own: use coding "number", "label" or "letter"`,
    );
  }
  if (coding === "label" && options.some(({ label }) => !label)) {
    throw new RangeError(
      `Item ${item.number} of ${instrument.title} has no label for each answer: use coding "number"`,
    );
  }
  const word = { number: String, label: labelOf, letter: letterOf }[coding];
  function labelOf(code: number): string {
    return options.find((option) => option.code === code)!.label;
  }
  function letterOf(code: number): string {
    return LETTERS[shown.indexOf(code)]!;
  }
  return Object.fromEntries(options.map(({ code }) => [code, word(code)]));
}

/** @throws {RangeError} when an instrument cannot be answered in a coding */
export const checkCoding = (instrument: Instrument, coding: Coding): void =>
  instrument.items.forEach((item) => itemWords(instrument, item, coding));

/** A CSV value, in quotes only where it needs them. */
const csv = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

/**
 * A profile as a table.
 *
 * @param answers one whole answer per item, in item order; null is left out
 * @returns what the columns mean, in English, and CSV with the columns question and answer: True and
 * False where there are two answers, labels where items have options of their own, else numbers
 * @throws {RangeError} when the answers are not those of the instrument
 */
export function profileTable(
  instrument: Instrument,
  answers: readonly (number | null)[],
): { legend: string; table: string } {
  const { title, items, preamble, answers: labels } = instrument;
  if (answers.length !== items.length) {
    throw new RangeError(`${title} has ${items.length} items: got ${answers.length} answers`);
  }
  const odd = answers.findIndex((answer, index) =>
    answer !== null && !optionOf(instrument, items[index]!, answer)
  );
  if (odd >= 0) {
    throw new RangeError(
      `Item ${items[odd]!.number} of ${title} takes ${taken(instrument, items[odd]!)}: ` +
        `current value is ${answers[odd]}`,
    );
  }
  const coding = isYesNo(instrument)
    ? "true/false"
    : hasOwnOptions(instrument)
    ? "label"
    : "number";
  const meaning = coding === "true/false"
    ? "what the person answered, True for yes and False for no"
    : coding === "label"
    ? "what the person answered"
    : `what the person answered, as a number: ${
      answersOf(instrument).map((answer) => labels[answer] ? `${answer} ${labels[answer]}` : answer)
        .join(", ")
    }`;
  const said = (index: number): string => {
    const word = itemWords(instrument, items[index]!, coding)[answers[index]!]!;
    return coding === "label" ? csv(word) : word;
  };
  return {
    legend: [
      preamble
        ? `- question: the statement, which continues “${preamble}”`
        : "- question: the question as it was put",
      `- answer: ${meaning}`,
    ].join("\n"),
    table: [
      "question,answer",
      ...items.flatMap(({ text }, index) =>
        answers[index] === null ? [] : `${csv(text)},${said(index)}`
      ),
    ].join("\n"),
  };
}

/** Whether `shown` has every one of `all` once, in any order. */
const isOrderOf = (shown: readonly number[], all: readonly number[]): boolean =>
  shown.length === all.length && all.every((one) => shown.includes(one));

/**
 * The items as a JSON object, a line each, in the order shown: from number to text; where items have
 * options of their own from number to `item`, the text, and `answers`, its options: a list of labels, or
 * an object from number or letter to label.
 *
 * @throws {RangeError} when `presented` has not every item once, a block what is no item, or an item not
 * every option once
 */
export function itemsJson(instrument: Instrument, presented: Presented): string {
  // JSON.stringify would put the numbers back into their order.
  const lines = askedItems(instrument, presented).map((item) => {
    if (!hasOwnOptions(instrument)) return `  "${item.number}": ${quoted(item.text)}`;
    return [
      `  "${item.number}": {`,
      `    "item": ${quoted(item.text)},`,
      `    "answers": ${answersJson(instrument, item, presented)}`,
      "  }",
    ].join("\n");
  });
  return `{\n${lines.join(",\n")}\n}`;
}

function answersJson(instrument: Instrument, item: Item, { options, coding }: Presented): string {
  const shown = shownOptions(options, item);
  const words = itemWords(instrument, item, coding, shown);
  const label = (code: number) => quoted(optionOf(instrument, item, code)!.label);
  if (coding === "label") return `[${shown.map(label).join(", ")}]`;
  return `{ ${shown.map((code) => `${quoted(words[code]!)}: ${label(code)}`).join(", ")} }`;
}

/**
 * The items that a call asks, in the order shown.
 *
 * @throws {RangeError} when `presented` does not fit the instrument
 */
export function askedItems(instrument: Instrument, presented: Presented): Item[] {
  const { title } = instrument;
  const items = new Map(instrument.items.map((item) => [item.number, item]));
  if (!isOrderOf(presented.items, [...items.keys()])) {
    throw new RangeError(
      `${title} is shown with each of its items 1 to ${items.size} once: current value ` +
        `is ${presented.items.join(", ")}`,
    );
  }
  const { options, block = presented.items } = presented;
  if (!block.length || new Set(block).size < block.length || !block.every((n) => items.has(n))) {
    throw new RangeError(
      `A call asks items 1 to ${items.size} of ${title}, at least one and each once: current value ` +
        `is ${block.join(", ") || "none"}`,
    );
  }
  for (const item of hasOwnOptions(instrument) ? instrument.items : instrument.items.slice(0, 1)) {
    const codes = optionsOf(instrument, item).map(({ code }) => code);
    const shown = shownOptions(options, item);
    if (isPerItem(options) === hasOwnOptions(instrument) && isOrderOf(shown, codes)) continue;
    const of = hasOwnOptions(instrument) ? `Item ${item.number} of ${title}` : title;
    throw new RangeError(
      `${of} is shown with each of its answers ${codes.join(", ")} once: ` +
        `current value is ${shown.join(", ")}`,
    );
  }
  return block.map((number) => items.get(number)!);
}

const quoted = (text: string): string => JSON.stringify(text);
