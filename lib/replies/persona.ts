/** The persona in a reply: which object it is, and what had to be mended to read it. */
import { z } from "zod";
import { type Field, fits, type Form, type Value, valueIn, type Values, wanted } from "../forms.ts";
import { Entries, excerpt, type Found, type Json, values } from "./json.ts";
import { keyName, listed } from "./words.ts";

/** An object that names fields of a persona. */
interface Candidate {
  /** What it gives, by field; numbers in words as numbers. */
  given: Readonly<Record<string, unknown>>;
  /** Null where a field is missing or wrong. */
  persona: Values | null;
  problem: string;
  flags: string[];
}

/**
 * The persona in a reply, as a form asks for it, at the top or inside other objects and lists.
 *
 * Texts stay as written, spaces included, also where they are not among a field's choices; nothing is
 * filled in, and a field that may be empty is null where it is. What is mended is flagged:
 * `renamed keys: …` (`Name`, `Sexual Orientation`, a field's label), `extra keys: …` (left out),
 * `age: “34 years old”`, `repaired` (the JSON was broken).
 *
 * A whole persona counts, whatever incomplete ones (an example, a draft) stand before it; another whole
 * one, or one behind it that says otherwise, makes two.
 *
 * @returns the persona's fields in the order of the form, or what is missing or wrong in words that can be sent back to the model
 */
export function personaIn(
  text: string,
  form: Form,
): { value: Values; flags: string[] } | { problem: string } {
  const found = values(text);
  if ("problem" in found) return found;
  const fields = fieldsOf(form);
  const all = found.flatMap((one) => candidates(one.value, one, fields));
  const last = all.findLastIndex(({ persona }) => persona);
  const { persona, flags } = all[last] ?? {};
  if (persona) {
    const two = all.some((other, at) =>
      (other.persona || at > last) &&
      Object.entries(other.given).some(([field, value]) => value !== persona[field])
    );
    return two
      ? { problem: "two different personas in the reply" }
      : { value: persona, flags: flags! };
  }
  const named = ({ given }: Candidate) => Object.keys(given).length;
  const most = Math.max(...all.map(named));
  const { value } = found.at(-1)!;
  return {
    problem: all.findLast((one) => named(one) === most)?.problem ??
      (value instanceof Entries
        ? read(value, found.at(-1)!, fields).problem
        : `not a JSON object: ${excerpt(found.at(-1)!.source)}`),
  };
}

/** The fields of a form, also by the keys that may name them: their names, and their labels. */
interface Fields {
  all: readonly Field[];
  byKey: ReadonlyMap<string, Field>;
}

const fieldsOf = ({ fields }: Form): Fields => ({
  all: fields,
  byKey: new Map([
    ...fields.map((field) => [keyName(field.label), field] as const),
    ...fields.map((field) => [keyName(field.name), field] as const),
  ]),
});

/** The candidates in a value; beside what an object gives of a persona only whole ones. */
function candidates(value: Json, found: Found, fields: Fields): Candidate[] {
  if (value === null || typeof value !== "object") return [];
  const held = value instanceof Entries ? value.all.map(([, entry]) => entry) : value;
  const inner = held.flatMap((entry) => candidates(entry, found, fields));
  if (!(value instanceof Entries) || !value.all.some(([key]) => fields.byKey.has(keyName(key)))) {
    return inner;
  }
  return [...inner.filter(({ persona }) => persona), read(value, found, fields)];
}

function read({ all }: Entries, { repaired, cut }: Found, fields: Fields): Candidate {
  const given: Record<string, unknown> = {};
  const problems: string[] = [], renamed: string[] = [], extra: string[] = [], said: string[] = [];
  for (const [key, entry] of all) {
    const field = fields.byKey.get(keyName(key));
    if (!field) {
      extra.push(key);
      continue;
    }
    const { name } = field, value = valueIn(field, entry);
    if (Object.hasOwn(given, name) && given[name] !== value) {
      problems.push(`${excerpt(name)} stands twice, with different values`);
    }
    given[name] = value;
    if (key !== name) renamed.push(key);
    if (value !== entry && value !== null) said.push(`${name}: ${excerpt(String(entry))}`);
  }
  const persona: Record<string, Value> = {};
  for (const field of fields.all) {
    const { name, optional } = field;
    const value = Object.hasOwn(given, name) ? given[name] : optional ? null : undefined;
    if (value !== undefined && fits(field, value)) persona[name] = value;
    else problems.push(complaint(field, value));
  }
  if (cut) problems.unshift("the reply breaks off inside its JSON");
  return {
    given,
    persona: problems.length ? null : persona,
    problem: problems.join("; "),
    flags: [
      ...repaired ? ["repaired"] : [],
      ...renamed.length ? [`renamed keys: ${listed(renamed)}`] : [],
      ...extra.length ? [`extra keys: ${listed(extra)}`] : [],
      ...said,
    ],
  };
}

function complaint(field: Field, value: unknown): string {
  if (value === undefined) return `${field.name} is missing`;
  const is = typeof value === "string"
    ? excerpt(value)
    : value !== null && typeof value === "object"
    ? "a list or an object"
    : String(value);
  return `${field.name} must be ${wanted(field)}, but is ${is}`;
}

const schemas = new WeakMap<Form, z.ZodType>();

/**
 * The shape that a whole reply has: what providers that hold a model to a schema are given. A field that
 * may be empty may be null.
 */
export function schemaOf(form: Form): z.ZodType<Values> {
  const made = schemas.get(form) ??
    z.strictObject(
      Object.fromEntries(
        form.fields.map((field) => [
          field.name,
          field.optional ? typeOf(field).nullable() : typeOf(field),
        ]),
      ),
    );
  schemas.set(form, made);
  return made as z.ZodType<Values>;
}

function typeOf({ kind, choices, lowest, highest, optional }: Field): z.ZodType {
  if (kind === "choice") return z.enum(choices!);
  if (kind === "text") return optional ? z.string() : z.string().regex(/\S/);
  let number = kind === "whole" ? z.int() : z.number();
  if (lowest !== undefined) number = number.min(lowest);
  if (highest !== undefined) number = number.max(highest);
  return number;
}
