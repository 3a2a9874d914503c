/** What prompts may use: of an instrument, a profile, a form and a persona. */
import type { Codebook, Values } from "../codebook.ts";
import { type Form, outline, type Values as Fields, wanted } from "../forms.ts";
import { hasOwnOptions, type Instrument, type Item, optionOf } from "../instruments.ts";
import { placesIn, put } from "./places.ts";
import { attributeValues } from "./profile.ts";
import {
  askedItems,
  itemsJson,
  itemWords,
  type Presented,
  profileTable,
  shownOptions,
} from "./render.ts";

/** What stands in the place of a section that is only there or not. */
const HERE = "yes";

/**
 * Everything that an administration prompt may use: the persona's fields, and
 *
 * - `instrument`, `count`: its title and the number of items asked;
 * - `preamble`: what the items continue, or nothing;
 * - `items`: JSON, number to text, or to text and options where items have their own;
 * - `options`: a line for each answer, in the order shown; nothing where items have options of their own;
 * - `labels`, `codes`: one of them is there where items have options of their own, and says in what they
 *   are answered;
 * - `context`: what this respondent is shown besides, such as what others answered, or nothing;
 * - `explanation`, `before`, `after`, `none`: one of them is there, and says what is asked for besides: an
 *   explanation of all answers, a reason before or after each, or nothing;
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
  const { title, preamble } = instrument;
  const { coding, reason } = presented;
  const asked = askedItems(instrument, presented);
  const own = hasOwnOptions(instrument);
  const when = (applies: boolean) => applies ? HERE : "";
  return {
    context: "",
    ...persona,
    instrument: title,
    count: String(asked.length),
    preamble: preamble ?? "",
    items: itemsJson(instrument, presented),
    options: own ? "" : optionLines(instrument, presented),
    labels: when(own && coding === "label"),
    codes: when(own && coding !== "label"),
    explanation: when(reason === undefined),
    none: when(reason === "none"),
    before: when(reason === "before"),
    after: when(reason === "after"),
    example: asked.slice(0, 2)
      .map((item, index) => `  "${item.number}": ${example(instrument, item, presented, index)}`)
      .join(",\n"),
  };
}

function optionLines(instrument: Instrument, { options, coding }: Presented): string {
  const [first] = instrument.items;
  const shown = shownOptions(options, first!);
  const words = itemWords(instrument, first!, coding, shown);
  const beside = coding === "number" || coding === "letter";
  return shown.map((code) => {
    const label = beside ? instrument.answers[code] : undefined;
    return `- ${JSON.stringify(words[code]!)}${label ? `: ${label}` : ""}`;
  }).join("\n");
}

/** The value of an item in the example: at first its first option, then its last that is an answer. */
function example(
  instrument: Instrument,
  item: Item,
  { options, coding, reason }: Presented,
  index: number,
): string {
  const shown = shownOptions(options, item);
  const answers = shown.filter((code) => !optionOf(instrument, item, code)!.role);
  // The two answers at the ends of the list, so that the example leans to neither side.
  const answer = JSON.stringify(
    itemWords(instrument, item, coding, shown)[index ? answers.at(-1)! : answers[0]!]!,
  );
  if (reason === "before") return `{ "reason": "…", "answer": ${answer} }`;
  if (reason === "after") return `{ "answer": ${answer}, "reason": "…" }`;
  return answer;
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
 * @param answers one whole answer per item, in item order; null is left out
 * @throws {RangeError} when the answers are not those of the instrument
 */
export function personaValues(
  instrument: Instrument | null,
  answers: readonly (number | null)[],
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
    return `- ${JSON.stringify(name)} (${label}): ${asks}${bounds}${empty}`;
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
