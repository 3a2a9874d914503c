/** A user's own forms, the forms of a study, and what is made of what stands in their fields. */
import { extname } from "node:path";
import { z } from "zod";
import { type Mapping, UNMAPPED } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import {
  choiceOf,
  faultsOf,
  type Field,
  type Form,
  KINDS,
  registered,
  usualForm,
  type Value,
  type Values,
} from "../forms.ts";
import { personaText } from "../prompts.ts";
import { fromJson, type Given, named, parts, refuse, sheetOf, shown, wantsPath } from "./files.ts";

const Text = z.string("must be a text").trim();
const Filled = Text.min(1, "must not be empty");
const FieldEntry = z.strictObject({
  name: Filled,
  label: Text.nullish(),
  kind: z.enum(KINDS, `must be ${KINDS.join(", ")}`).nullish(),
  choices: z.array(Filled, "must be a list").nullish(),
  lowest: z.number("must be a number").nullish(),
  highest: z.number("must be a number").nullish(),
  unit: Text.nullish(),
  given: Text.nullish(),
  optional: z.boolean("must be true or false").nullish(),
  mapping: Text.nullish(),
  asks: Filled,
});
const Entry = z.strictObject({
  name: Filled,
  title: Filled,
  language: z.string().regex(/^[a-z]{2}$/, "must be an ISO 639-1 code, such as en or es"),
  shown: z.string("must be a text").nullish(),
  source: Text.nullish(),
  fields: z.array(FieldEntry, "must be a list"),
});

/**
 * A form of a user's own.
 *
 * CSV: a row for each field with the columns `name`, `asks` (what the writer is told to write) and, where
 * they are needed, `label` (left out: the name), `kind` (`text`, `whole`, `number` or `choice`; left out:
 * `choice` where there are choices, else `text`), `choices` (`yes; no; it depends`), `lowest`, `highest`,
 * `unit`, `given` (the variable of the profile that should come back the same), `optional` (true where
 * it may stay empty) and `mapping` (the field of the mapping that makes categories of it). Before the
 * header stands one line `# key: value` for `name`, `title`, `language`, and if you like `source` and
 * `shown`: how a persona is shown to whoever answers, with `\\n` for a new line; left out, label and
 * value of each field, a line each.
 *
 * JSON: an object with the same keys, and `fields` as a list of objects.
 *
 * @throws {Error} with all that is wrong, ten problems at most: where (row, field, column) and what
 */
export function formFrom(path: string): Form {
  wantsPath(path, "formFrom");
  const csv = /^\.(csv|tsv|tab|txt)$/i.test(extname(path));
  const { entry, places } = csv ? fromCsv(path) : fromJson(path, "fields", placeOf);
  const parsed = Entry.safeParse(entry);
  if (!parsed.success) {
    refuse(path, parsed.error.issues.flatMap((issue) => complaints(issue, entry, places)));
  }
  const { fields, shown: shows, source, ...facts } = parsed.data;
  const made = fields.map((field): Field => {
    const { name, label, kind, choices, asks, ...rest } = field;
    const given = Object.entries(rest).filter(([, value]) =>
      value !== null && value !== undefined && value !== "" && value !== false
    );
    return {
      name,
      label: label || labelOf(name),
      kind: kind ?? (choices?.length ? "choice" : "text"),
      ...choices?.length && { choices },
      ...Object.fromEntries(given),
      asks,
    };
  });
  const form: Form = {
    ...facts,
    fields: made,
    shown: shows?.trim() ? shows : plainly(made),
    source: source || path,
  };
  const faults = faultsOf(form, (_, index) => places(index));
  if (!faults.length) {
    try {
      personaText(form, {});
    } catch (error) {
      faults.push(`shown: ${(error as Error).message}`);
    }
  }
  if (faults.length) refuse(path, faults);
  return form;
}

const labelOf = (name: string): string => {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Label and value of each field that is not empty, a line each. */
const plainly = (fields: readonly Field[]): string =>
  fields.map(({ name, label }) => `{{#${name}}}${label}: {{${name}}}\n{{/${name}}}`).join("");

const placeOf = (field: { name?: unknown } | undefined, index: number): string =>
  typeof field?.name === "string" ? `field ${field.name}` : `field in place ${index + 1}`;

/** Cells that are more than text. */
const CELLS: Readonly<Record<string, (text: string) => unknown>> = {
  choices: parts,
  lowest: numberIn,
  highest: numberIn,
  optional: (text) =>
    ({ true: true, yes: true, x: true, "1": true, false: false, no: false, "0": false })[
      text.toLowerCase()
    ] ?? text,
};

function numberIn(text: string): unknown {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function fromCsv(path: string): Given {
  const { facts, header, rows } = sheetOf(path);
  const names = header.map((name) => named(name, Object.keys(FieldEntry.shape)));
  const fields = rows.map(({ cells }) =>
    Object.fromEntries(names.flatMap((name, at) => {
      const text = cells[at]!;
      if (text === "" && name !== "name" && name !== "asks") return [];
      return [[name, Object.hasOwn(CELLS, name) ? CELLS[name]!(text) : text]];
    }))
  );
  const keys = facts.map(([key]) => named(key, Object.keys(Entry.shape)));
  const twice = keys.filter((key, at) => keys.indexOf(key) < at);
  if (twice.length) refuse(path, twice.map((key) => `line # ${key} stands there twice`));
  return {
    entry: {
      ...Object.fromEntries(
        facts.map((
          [, value],
          at,
        ) => [keys[at]!, keys[at] === "shown" ? value.replaceAll("\\n", "\n") : value]),
      ),
      fields,
    },
    places: (index) => `row ${rows[index]!.row}`,
  };
}

function complaints(issue: z.core.$ZodIssue, entry: unknown, places: Given["places"]): string[] {
  const { path } = issue;
  const field = path[0] === "fields" && typeof path[1] === "number";
  const names = path.slice(field ? 2 : 0).map(String);
  const place = (field ? [places(path[1] as number), ...names] : names).join(", ") || "the file";
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys((field ? FieldEntry : Entry).shape).join(", ");
    return issue.keys.map((key) =>
      `${field ? `${place}, ` : ""}${key}: unknown; there are ${known}`
    );
  }
  const value = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    entry,
  );
  if (value === undefined) return [`${place} is missing`];
  return [`${place} ${issue.message}: current value is ${shown(value)}`];
}

/**
 * Keeps a form's definition with the study; of a package's own, where none is given, the first that was
 * used.
 *
 * @throws {Error} when the study has another one of the same name
 */
export async function keepForm(sql: Sql, schema: string, given?: Form): Promise<void> {
  const form = usualForm(given);
  const text = JSON.stringify(form);
  const [row] = await sql<{ same: boolean }[]>`
    with kept as (
      insert into forms (name, definition) values (${form.name}, ${text}::text::jsonb)
      on conflict do nothing
      returning name
    )
    select definition = ${text}::text::jsonb as same from forms where name = ${form.name}`;
  if (given && row && !row.same) {
    throw new Error(
      `Schema ${schema} knows another form ${form.name}: give yours another name, or choose another ` +
        "schema",
    );
  }
}

/** The forms that personas of the study may have, by name: as they were planned, then those of packages. */
export async function formsOf(sql: Sql): Promise<ReadonlyMap<string, Form>> {
  const rows = await sql<
    { definition: Form }[]
  >`select definition from forms order by created, name`;
  const all = [...registered(), ...rows.map(({ definition }) => definition)];
  return new Map(all.map((form) => [form.name, form]));
}

/** Whether what is written in a field is made into categories: by a mapping, or by its list. */
export const isCleaned = ({ mapping, kind }: Field): boolean =>
  mapping !== undefined || kind === "choice";

/** The category of what is written in a field: of a choice as its list spells it. */
export function category(field: Field, value: Value, mapping: Mapping): string | null {
  if (value === null) return null;
  if (field.kind === "choice") return choiceOf(field, value) ?? UNMAPPED;
  return mapping.cleaned(field.mapping!, String(value)).value;
}

/** The categories of all fields that have any. */
export const categories = ({ fields }: Form, values: Values, mapping: Mapping): Values =>
  Object.fromEntries(
    fields.filter(isCleaned)
      .map((field) => [field.name, category(field, values[field.name] ?? null, mapping)]),
  );
