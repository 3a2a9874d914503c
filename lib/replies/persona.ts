/** The persona in a reply: which object it is, and what had to be mended to read it. */
import { z } from "zod";
import { Entries, excerpt, type Found, type Json, values } from "./json.ts";
import { keyName, listed } from "./words.ts";

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

const FIELDS = new Map(Object.keys(PersonaReply.shape).map((field) => [keyName(field), field]));

/** An object that names fields of a persona. */
interface Candidate {
  /** What it gives, by field; an age in words as a number. */
  given: Readonly<Record<string, Json>>;
  /** Null where a field is missing or wrong. */
  persona: PersonaReply | null;
  problem: string;
  flags: string[];
}

/**
 * The persona in a reply, at the top or inside other objects and lists.
 *
 * Texts stay as written, spaces included, and nothing is filled in. What is mended is flagged:
 * `renamed keys: …` (`Name`, `Sexual Orientation`), `extra keys: …` (left out), `age: “34 years old”`,
 * `repaired` (the JSON was broken).
 *
 * A whole persona counts, whatever incomplete ones (an example, a draft) stand before it; another whole
 * one, or one behind it that says otherwise, makes two.
 *
 * @returns the persona, or what is missing or wrong in words that can be sent back to the model
 */
export function personaIn(
  text: string,
): { value: PersonaReply; flags: string[] } | { problem: string } {
  const found = values(text);
  if ("problem" in found) return found;
  const all = found.flatMap((one) => candidates(one.value, one));
  const last = all.findLastIndex(({ persona }) => persona);
  const { persona, flags } = all[last] ?? {};
  if (persona) {
    const two = all.some((other, at) =>
      (other.persona || at > last) &&
      Object.entries(other.given).some(([field, value]) => value !== persona[field as "name"])
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
        ? read(value, found.at(-1)!).problem
        : `not a JSON object: ${excerpt(found.at(-1)!.source)}`),
  };
}

/** The candidates in a value; beside what an object gives of a persona only whole ones. */
function candidates(value: Json, found: Found): Candidate[] {
  if (value === null || typeof value !== "object") return [];
  const held = value instanceof Entries ? value.all.map(([, entry]) => entry) : value;
  const inner = held.flatMap((entry) => candidates(entry, found));
  if (!(value instanceof Entries) || !value.all.some(([key]) => FIELDS.has(keyName(key)))) {
    return inner;
  }
  return [...inner.filter(({ persona }) => persona), read(value, found)];
}

function read({ all }: Entries, { repaired, cut }: Found): Candidate {
  const given: Record<string, Json> = {};
  const problems: string[] = [], renamed: string[] = [], extra: string[] = [];
  let age: string[] = [];
  for (const [key, entry] of all) {
    const field = FIELDS.get(keyName(key));
    if (!field) {
      extra.push(key);
      continue;
    }
    const value = field === "age" ? years(entry) : entry;
    if (Object.hasOwn(given, field) && given[field] !== value) {
      problems.push(`${excerpt(field)} stands twice, with different values`);
    }
    given[field] = value;
    if (key !== field) renamed.push(key);
    if (value !== entry) age = [excerpt(String(entry))];
  }
  const { data = null, error } = PersonaReply.safeParse(given);
  problems.push(...error?.issues.map((issue) => complaint(String(issue.path[0]), given)) ?? []);
  if (cut) problems.unshift("the reply breaks off inside its JSON");
  return {
    given,
    persona: problems.length ? null : data,
    problem: problems.join("; "),
    flags: [
      ...repaired ? ["repaired"] : [],
      ...renamed.length ? [`renamed keys: ${listed(renamed)}`] : [],
      ...extra.length ? [`extra keys: ${listed(extra)}`] : [],
      ...age.map((said) => `age: ${said}`),
    ],
  };
}

const YEARS = new RegExp(
  String.raw`^(?:aged? )?(\d{1,3})(?:[ -]?(?:years?|yrs?\.?)(?:[ -](?:old|of age))?|` +
    String.raw` ?(?:y/?o|años|anos|ans|anni|jahre(?: alt)?|rokov|let|roků))?\.?$`,
  "iu",
);

/** An age in words as a number; what is no age as it is. */
function years(age: Json): Json {
  const number = typeof age === "string" ? YEARS.exec(age.trim()) : null;
  return number ? Number(number[1]) : age;
}

function complaint(field: string, given: Readonly<Record<string, Json>>): string {
  if (!Object.hasOwn(given, field)) return `${field} is missing`;
  const value = given[field]!;
  const wanted = field === "age" ? "a whole number from 0 to 120" : "a text that is not empty";
  const is = typeof value === "string"
    ? excerpt(value)
    : value !== null && typeof value === "object"
    ? "a list or an object"
    : String(value);
  return `${field} must be ${wanted}, but is ${is}`;
}
