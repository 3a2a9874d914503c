/** Profiles and questionnaires as the text that stands in a prompt. */
import type { Codebook, Values } from "../codebook.ts";
import { type Form, outline, type Values as Fields, wanted } from "../forms.ts";
import { type Coding, type Instrument, WORDS } from "../instruments.ts";
import { placesIn, put } from "./places.ts";
import { attributeValues } from "./profile.ts";

/** How a questionnaire is put before a persona. */
export interface Presented {
  /** Item numbers in the order shown: each item of the instrument once. */
  items: readonly number[];
  /** Answers in the order in which they are named: each answer of the instrument once. */
  options: readonly number[];
  coding: Coding;
}

/** Every language's words for 0, and for 1. */
const SAID = ([0, 1] as const).map((answer) =>
  Object.values(WORDS)
    .flatMap(({ yesNo, trueFalse }) => [yesNo[answer], trueFalse[answer]])
    .map((word) => word.toLowerCase())
);

/** Whether 0 means no and 1 yes: the only answers, and labels do not say the opposite. */
function isYesNo({ lowest, highest, answers }: Instrument): boolean {
  const says = (answer: number, opposite: number) =>
    SAID[opposite]!.includes((answers[answer] ?? "").trim().toLowerCase());
  return lowest === 0 && highest === 1 && !says(0, 1) && !says(1, 0);
}

function answersOf({ lowest, highest }: Instrument): number[] {
  return Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
}

/**
 * The words that a persona answers in, by answer: `{0: "False", 1: "True"}`.
 *
 * True and False are English whatever the instrument's language, as in the paper.
 *
 * @param language of yes and no: ISO 639-1, the instrument's where none is named
 * @throws {RangeError} when the instrument cannot be answered so: words for no and yes but other answers, a language without words, answers without labels of their own
 */
export function answerWords(
  instrument: Instrument,
  coding: Coding,
  language: string = instrument.language,
): Readonly<Record<number, string>> {
  const { title, answers } = instrument;
  const all = answersOf(instrument);
  const named = (word: (answer: number) => string): Record<number, string> =>
    Object.fromEntries(all.map((answer) => [answer, word(answer)]));
  if (coding === "number") return named(String);
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

/** A CSV value, in quotes only where it needs them. */
const csv = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

/**
 * A profile as a table.
 *
 * @param answers one whole answer per item, in item order
 * @returns what the columns mean, in English, and CSV with the columns question and answer: True and
 * False where there are two answers, else their numbers
 * @throws {RangeError} when the answers are not those of the instrument
 */
export function profileTable(
  instrument: Instrument,
  answers: readonly number[],
): { legend: string; table: string } {
  const { title, items, preamble, answers: labels } = instrument;
  const allowed = answersOf(instrument);
  if (answers.length !== items.length) {
    throw new RangeError(`${title} has ${items.length} items: got ${answers.length} answers`);
  }
  const odd = answers.findIndex((answer) => !allowed.includes(answer));
  if (odd >= 0) {
    throw new RangeError(
      `Item ${items[odd]!.number} of ${title} takes whole answers from ${allowed[0]} to ` +
        `${allowed.at(-1)}: current value is ${answers[odd]}`,
    );
  }
  const words = answerWords(instrument, isYesNo(instrument) ? "true/false" : "number");
  const meaning = isYesNo(instrument)
    ? "what the person answered, True for yes and False for no"
    : `what the person answered, as a number: ${
      allowed.map((answer) => labels[answer] ? `${answer} ${labels[answer]}` : answer).join(", ")
    }`;
  return {
    legend: [
      preamble
        ? `- question: the statement, which continues “${preamble}”`
        : "- question: the question as it was put",
      `- answer: ${meaning}`,
    ].join("\n"),
    table: [
      "question,answer",
      ...items.map(({ text }, index) => `${csv(text)},${words[answers[index]!]}`),
    ].join("\n"),
  };
}

/** Whether `shown` has every one of `all` once, in any order. */
const isOrderOf = (shown: readonly number[], all: readonly number[]): boolean =>
  shown.length === all.length && all.every((one) => shown.includes(one));

/**
 * The items as a JSON object from number to text, a line each, in the order shown.
 *
 * @throws {RangeError} when `presented` has not every item once
 */
export function itemsJson(instrument: Instrument, presented: Presented): string {
  const texts = new Map(instrument.items.map(({ number, text }) => [number, text]));
  if (!isOrderOf(presented.items, [...texts.keys()])) {
    throw new RangeError(
      `${instrument.title} is shown with each of its items 1 to ${texts.size} once: current value ` +
        `is ${presented.items.join(", ")}`,
    );
  }
  // JSON.stringify would put the numbers back into their order.
  const lines = presented.items.map((number) => `  "${number}": ${quoted(texts.get(number)!)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

const quoted = (text: string): string => JSON.stringify(text);

/**
 * Everything that an administration prompt may use: the persona's fields, and
 *
 * - `instrument`, `count`: its title and the number of its items;
 * - `preamble`: what the items continue, or nothing;
 * - `items`: JSON, number to text;
 * - `options`: a line for each answer, in the order shown;
 * - `example`: the inside of a reply with two answers.
 *
 * @param persona text by field: `description`, `name`, `age` …
 * @throws {RangeError} when `presented` does not fit the instrument
 */
export function administrationValues(
  instrument: Instrument,
  presented: Presented,
  persona: Readonly<Record<string, string>>,
): Record<string, string> {
  const { title, items, preamble, answers } = instrument;
  const { options, coding } = presented;
  if (!isOrderOf(options, answersOf(instrument))) {
    throw new RangeError(
      `${title} is shown with each of its answers ${answersOf(instrument).join(", ")} once: ` +
        `current value is ${options.join(", ")}`,
    );
  }
  const words = answerWords(instrument, coding);
  // The two answers at the ends of the list, so that the example leans to neither side.
  const shown = [options[0]!, options.at(-1)!];
  return {
    ...persona,
    instrument: title,
    count: String(items.length),
    preamble: preamble ?? "",
    items: itemsJson(instrument, presented),
    options: options.map((option) => {
      const label = coding === "number" ? answers[option] : undefined;
      return `- ${quoted(words[option]!)}${label ? `: ${label}` : ""}`;
    }).join("\n"),
    example: presented.items.slice(0, 2)
      .map((number, index) => `  "${number}": ${quoted(words[shown[index]!]!)}`).join(",\n"),
  };
}

/**
 * Everything that a persona prompt may use:
 *
 * - `schema`: the fields of the reply and their types, as JSON;
 * - `fields`: a line for each field, what it is called and what to write there;
 * - where the profiles answered an instrument `instrument`, its title, and `legend` and `table`: the answers
 *   as `profileTable` gives them;
 * - where they have attributes `profile`, a line for each that is known, and one place for each, by the
 *   name of its variable.
 *
 * @param answers one whole answer per item, in item order
 * @throws {RangeError} when the answers are not those of the instrument
 */
export function personaValues(
  instrument: Instrument | null,
  answers: readonly number[],
  form: Form,
  codebook: Codebook = [],
  values: Values = {},
): Record<string, string> {
  return {
    ...attributeValues(codebook, values),
    ...instrument && { instrument: instrument.title, ...profileTable(instrument, answers) },
    ...formValues(form),
  };
}

/**
 * What an administration prompt may use where a bare profile answers: `persona`, all that is known of the
 * respondent as text, and one place for each attribute.
 *
 * @param answers empty where the profiles answered no instrument
 */
export function profileValues(
  instrument: Instrument | null,
  answers: readonly number[],
  codebook: Codebook = [],
  values: Values = {},
): Record<string, string> {
  const known = attributeValues(codebook, values);
  const { legend, table } = instrument ? profileTable(instrument, answers) : {};
  return {
    ...known,
    persona: [known.profile, legend, table].filter((part) => part).join("\n\n"),
  };
}

/** What a persona prompt may say of the form. */
export const formValues = (form: Form): Record<string, string> => ({
  schema: JSON.stringify(outline(form), null, 2),
  fields: form.fields.map((field) => {
    const { name, label, asks, lowest, highest, optional } = field;
    const bounds = lowest === undefined && highest === undefined ? "" : `; ${wanted(field)}`;
    const empty = optional ? '; it may be left empty: ""' : "";
    return `- ${quoted(name)} (${label}): ${asks}${bounds}${empty}`;
  }).join("\n"),
});

/**
 * A persona as it is shown to whoever answers as it.
 *
 * @param fields by name; null is empty
 * @throws {RangeError} when the form shows a field that it does not have
 */
export function personaText({ name, fields, shown }: Form, given: Fields): string {
  const known = fields.map(({ name }) => name);
  const unknown = placesIn(shown).filter((place) => !known.includes(place));
  if (unknown.length) {
    throw new RangeError(
      `Form ${name} shows ${
        unknown.map((place) => `{{${place}}}`).join(", ")
      }, and its fields are ` +
        known.join(", "),
    );
  }
  const values = Object.fromEntries(known.map((field) => [field, String(given[field] ?? "")]));
  return put(shown, values, `What form ${name} shows`).trim();
}
