/** What a writer is asked to write of a respondent, as data: its fields, and what became of each. */

/** What a field holds. */
export const KINDS = ["text", "whole", "number", "choice"] as const;

/** One thing that is written of a respondent. */
export interface Field {
  /** The key in the reply and the column in frames: lower-case letters, digits and `_`. */
  name: string;
  /** In words, for prompts and tables. */
  label: string;
  kind: (typeof KINDS)[number];
  /** Of a choice: what there is to choose from. */
  choices?: readonly string[];
  /** Of numbers: bounds that a reply must keep. */
  lowest?: number;
  highest?: number;
  /** Of numbers: a word that may stand behind them in a reply, such as `years`. */
  unit?: string;
  /** The variable of the profile that the writer is shown, and that should come back the same. */
  given?: string;
  /** What the writer is told to write here. */
  asks: string;
  /** Whether a reply may leave it empty; else that is no persona. */
  optional?: true;
  /** The field of the mapping (`lib/cleaning.ts`) that makes categories of what was written here. */
  mapping?: string;
}

/** A persona is a form, filled in. */
export interface Form {
  name: string;
  title: string;
  /** The language that the writer is to write in: ISO 639-1. */
  language: string;
  fields: readonly Field[];
  /**
   * How a persona is shown to whoever answers as it: a text with places, `{{FIELD}}`, and parts
   * `{{#FIELD}}…{{/FIELD}}` that are left out where the field is empty.
   */
  shown: string;
  source: string;
  /** Tokens of a whole reply: in the fewest words that make sense, and as replies usually are. */
  tokens?: { fewest: number; usual: number };
}

export type Value = string | number | null;
/** What stands in a persona's fields, by their names. */
export type Values = Readonly<Record<string, Value>>;

/** What became of a field, beside what was given and what may be chosen. */
export const STATUSES = [
  "given and kept",
  "given and changed",
  "in list",
  "off list",
  "written",
  "empty",
] as const;
export type Status = (typeof STATUSES)[number];

const known: Form[] = [];

/**
 * Makes forms known by their names; a package does so when it is imported.
 *
 * @throws {RangeError} when one is not sound
 */
export function register(...forms: readonly Form[]): void {
  forms.forEach(checkForm);
  known.push(...forms);
}

let usual: Form | null = null;

/**
 * Makes a form known as the one that a plan has where it names none.
 *
 * @throws {RangeError} when another package has such a form: which came first must not matter
 */
export function registerUsual(form: Form): void {
  if (usual && usual !== form) {
    throw new RangeError(
      `Plans that name no form have the form ${usual.name}: ${form.name} cannot be theirs as well; ` +
        "use `register` and name it in plans",
    );
  }
  register(form);
  usual = form;
}

export const isUsual = (form: Form): boolean => form === usual;

/** The forms that packages have brought along, in the order in which they came. */
export const registered = (): readonly Form[] => known;

/**
 * The form of a plan: the one that it names, or else the one that a package has for such plans.
 *
 * @throws {RangeError} when there is none
 */
export function usualForm(given?: Form): Form {
  const form = given ?? usual;
  if (form) return form;
  throw new RangeError(
    'Nothing says what is to be written: name a form, such as `formFrom("FILE")`; no package ' +
      "brings one",
  );
}

/** Names that places of prompts and columns of frames have already. */
const TAKEN = new Set([
  ...["persona", "profile", "parent", "form", "fields", "schema", "table", "legend", "items"],
  ...["options", "example", "instrument", "count", "preamble", "id", "work", "cell", "model"],
  ...["condition", "population", "repetition", "repetitions", "writer", "prompt", "variant"],
  ...["change", "context", "round"],
  ...["respondent", "respondents", "cluster", "weight", "stratum", "group", "administration"],
]);

/**
 * What is wrong with a form, in words; nothing where it is sound.
 *
 * @param place what a field is called in a message
 */
export function faultsOf(
  form: Form,
  place: (field: Field, index: number) => string = ({ name }) => `field ${name}`,
): string[] {
  const { name, title, fields } = form;
  const faults: string[] = [];
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(name ?? "")) {
    faults.push(
      `name: ${
        said(name)
      }: a form's name begins with a lower-case letter and has at most 40 of a–z, ` +
        "0–9, - and _",
    );
  }
  if (!title?.trim()) faults.push("title must not be empty");
  if (!fields.length) faults.push("a form has at least one field: got 0");
  for (const [index, field] of fields.entries()) {
    const wrong = (what: string) => faults.push(`${place(field, index)}, ${what}`);
    if (!/^[a-z][a-z0-9_]{0,39}$/.test(field.name ?? "")) {
      wrong(
        `name: ${
          said(field.name)
        }: a field's name begins with a lower-case letter and has at most ` +
          "40 of a–z, 0–9 and _",
      );
    } else if (TAKEN.has(field.name) || /_(status|cleaned)$|^word_count_/.test(field.name)) {
      wrong(`name: ${said(field.name)} is the name of something else: choose another`);
    }
    if (fields.findIndex(({ name }) => name === field.name) < index) {
      wrong(`name: ${said(field.name)} is there twice`);
    }
    if (!field.label?.trim()) wrong("label must not be empty");
    if (!field.asks?.trim()) wrong("asks must not be empty: it is what the writer is told");
    if (!KINDS.includes(field.kind)) {
      wrong(`kind is ${KINDS.join(", ")}: got ${said(field.kind)}`);
      continue;
    }
    ofKind(field, wrong);
  }
  return faults;
}

function ofKind(field: Field, wrong: (what: string) => void): void {
  const { kind, choices = [], lowest, highest, unit } = field;
  if (kind === "choice") {
    const names = choices.map(folded);
    if (choices.length < 2) {
      wrong(`choices: a choice is between two or more: got ${choices.length}`);
    }
    if (names.includes("")) wrong("choices: one of them is empty");
    const twice = choices.filter((_, at) => names.indexOf(names[at]!) < at);
    if (twice.length) wrong(`choices: ${twice.map(said).join(", ")} is there twice`);
  } else if (choices.length) wrong(`choices: they are for the kind choice, and this is ${kind}`);
  const bounds = Object.entries({ lowest, highest }).filter(([, value]) => value !== undefined);
  const numeric = kind === "whole" || kind === "number";
  if (bounds.length && !numeric) {
    wrong(`${bounds[0]![0]}: bounds are for the kinds whole and number, and this is ${kind}`);
  }
  if (unit !== undefined && !numeric) {
    wrong(`unit: it is for the kinds whole and number, and this is ${kind}`);
  }
  for (const [name, value] of bounds) {
    const sound = kind === "whole" ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (!sound && numeric) {
      wrong(`${name}: must be a ${kind === "whole" ? "whole " : ""}number: got ${said(value)}`);
    }
  }
  if (lowest !== undefined && highest !== undefined && lowest >= highest) {
    wrong(`lowest (${lowest}) must be below highest (${highest})`);
  }
}

/** @throws {RangeError} with all that is wrong with it */
export function checkForm(form: Form): void {
  if (!Array.isArray(form?.fields)) {
    throw new RangeError(
      `A form is one that a package brings, or \`formFrom("FILE")\`: got ${said(form)}`,
    );
  }
  const faults = faultsOf(form);
  if (faults.length) throw new RangeError(`Form ${form.name}: ${faults.join("; ")}`);
}

const said = (value: unknown): string => JSON.stringify(value) ?? "nothing";

/** Case and outer space do not count. */
const folded = (text: string): string =>
  text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

/** The fields and their types, as a writer without a schema is told them. */
export function outline({ fields }: Form): Record<string, string> {
  const types = { text: "string", whole: "integer", number: "number" };
  return Object.fromEntries(
    fields.map(({ name, kind, choices }) => [
      name,
      kind === "choice" ? `one of: ${choices!.join("; ")}` : types[kind],
    ]),
  );
}

/** What a field takes, in words: after “must be”. */
export function wanted({ kind, choices, lowest, highest, optional }: Field): string {
  if (kind === "text") return optional ? "a text" : "a text that is not empty";
  if (kind === "choice") return `one of ${choices!.join("; ")}`;
  const number = `a ${kind === "whole" ? "whole " : ""}number`;
  if (lowest !== undefined && highest !== undefined) {
    return `${number} from ${lowest} to ${highest}`;
  }
  if (lowest !== undefined) return `${number} of ${lowest} or more`;
  return highest === undefined ? number : `${number} of ${highest} or less`;
}

/**
 * A value of a reply as the field holds it: a number that was written as text, `34 years old` where the
 * unit is years, as a number; null where an optional field is empty. What does not fit stays as it is.
 */
export function valueIn(field: Field, value: unknown): unknown {
  const { kind, unit, optional } = field;
  if (optional && (value === null || (typeof value === "string" && !value.trim()))) return null;
  if (kind === "choice") return typeof value === "number" ? String(value) : value;
  if (kind === "text" || typeof value !== "string") return value;
  const text = value.trim();
  const [, years] = (unit === "years" && YEARS.exec(text)) || [];
  if (years !== undefined) return Number(years);
  const [, number, word] = NUMBER.exec(text) ?? [];
  return number !== undefined && (!word || (unit && folded(word) === folded(unit)))
    ? Number(number.replace("\u2212", "-"))
    : value;
}

const YEARS = new RegExp(
  String.raw`^(?:aged? )?(\d{1,3})(?:[ -]?(?:years?|yrs?\.?)(?:[ -](?:old|of age))?|` +
    String.raw` ?(?:y/?o|años|anos|ans|anni|jahre(?: alt)?|rokov|let|roků))?\.?$`,
  "iu",
);
const NUMBER = /^([-\u2212]?\d+(?:\.\d+)?) ?(\p{L}[\p{L} ]*)?$/u;

/** Whether a value, as `valueIn` gives it, is one of the field; of a choice any text that is not empty. */
export function fits(field: Field, value: unknown): value is Value {
  const { kind, lowest = -Infinity, highest = Infinity, optional } = field;
  if (value === null) return optional === true;
  if (kind === "text" || kind === "choice") return typeof value === "string" && /\S/.test(value);
  return typeof value === "number" && value >= lowest && value <= highest &&
    (kind === "whole" ? Number.isSafeInteger(value) : Number.isFinite(value));
}

/** The choice that a text is, whatever its case and outer space; undefined where it is none. */
export const choiceOf = ({ choices = [] }: Field, text: Value): string | undefined =>
  choices.find((choice) => folded(choice) === folded(String(text)));

/** What the writer was shown of the profile, by variable: each as it may come back. */
export type Given = Readonly<Record<string, readonly (string | number)[]>>;

const RANGE =
  /^(?:aged? )?(\d+(?:\.\d+)?)(?: ?(?:-|–|to) ?(\d+(?:\.\d+)?)| ?\+| (?:and|or) (?:over|older|more|above|up))$/iu;

/** Whether a number is in the range that a text is: `30–34`, `30 to 34`, `85+`, `85 and over`. */
function isIn(range: string | number, value: Value): boolean {
  const [found, low, high] = (typeof range === "string" && RANGE.exec(range.trim())) || [];
  return found !== undefined && typeof value === "number" && value >= Number(low) &&
    value <= Number(high ?? Infinity);
}

/**
 * What became of each field: beside what was given, and beside the list. A number inside the range that
 * was given is kept: whoever is told 30–34 is to write one age.
 */
export function statusesOf(form: Form, values: Values, given: Given = {}): Record<string, Status> {
  return Object.fromEntries(form.fields.map((field): [string, Status] => {
    const value = values[field.name] ?? null;
    const shown = field.given === undefined ? undefined : given[field.given];
    if (shown?.length) {
      const kept = value !== null &&
        shown.some((one) => folded(String(one)) === folded(String(value)) || isIn(one, value));
      return [field.name, kept ? "given and kept" : "given and changed"];
    }
    if (value === null) return [field.name, "empty"];
    if (field.kind !== "choice") return [field.name, "written"];
    return [field.name, choiceOf(field, value) === undefined ? "off list" : "in list"];
  }));
}

/** Words of a text, as the published column counts them: what white space separates. */
export const words = (text: string): number => text.split(/\s+/).filter((word) => word).length;

/** Words of each field of text; null where it is empty. */
export const wordsOf = ({ fields }: Form, values: Values): Record<string, number | null> =>
  Object.fromEntries(
    fields.filter(({ kind }) => kind === "text").map(({ name }) => {
      const value = values[name];
      return [name, typeof value === "string" ? words(value) : null];
    }),
  );
