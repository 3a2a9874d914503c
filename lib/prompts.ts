/** The prompts: their texts by purpose and version, and how data are put into them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { diffWordsWithSpace } from "diff";

import { placesIn, put, SECTION } from "./prompts/places.ts";

export { placesIn } from "./prompts/places.ts";
export * from "./prompts/render.ts";
export * from "./prompts/values.ts";

/** One message of a conversation with a model. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/**
 * A prompt with places for data, in its system and in its user part:
 *
 * - `{{name}}` stands for a value;
 * - `{{#name}}…{{/name}}` is left out where the value is empty; for data that not every respondent has
 *   (`persona`, `profile`, `table`) also where there is none;
 * - `<row.name>` is the original's way to write a place.
 */
export interface Prompt {
  purpose: "persona" | "administration";
  /**
   * `1`; `1-es` for instructions in another language; `attributes-1` for profiles without items;
   * `form-1` for forms of one's own; `general` for all but a whole questionnaire of alike items;
   * `1+ab12cd34` for an edited one; `published`.
   */
  version: string;
  /** ISO 639-1 code of the language that the prompt itself is written in. */
  language: string;
  system: string;
  user: string;
  /** Where it comes from, and what is known of the paper's own. */
  note: string;
  /** SHA-256 of purpose, system and user, in hexadecimal. */
  hash: string;
}

const FOLDER = join(import.meta.dirname!, "prompts");

/** Places of a persona prompt that say nothing of the person. */
const ABOUT = ["instrument", "legend", "schema", "fields"];

/** Places of data that not every respondent has: parts for them are left out where there are none. */
const OPTIONAL = ["persona", "profile", "table"];

/** The places without any of which the model would not see what it is asked about. */
const needed = (purpose: Prompt["purpose"], known: readonly string[]): readonly string[] =>
  purpose === "administration" ? ["items"] : known.filter((name) => !ABOUT.includes(name));

/**
 * The prompts that are files, `lib/prompts/PURPOSE-VERSION.md`, by purpose and version.
 *
 * @param purpose those of one purpose only
 */
export function prompts(purpose?: Prompt["purpose"]): Prompt[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".md"))
    .map(fromFile)
    .filter((prompt) => !purpose || prompt.purpose === purpose)
    .sort((a, b) =>
      a.purpose.localeCompare(b.purpose, "en") ||
      a.version.localeCompare(b.version, "en", { numeric: true })
    );
}

function fromFile(name: string): Prompt {
  const [, purpose, version, language] = name.match(
    /^(persona|administration)-((?:\d+|general)(?:-([a-z]{2}))?|(?:attributes|form)-\d+)\.md$/,
  ) ?? [];
  if (!purpose) {
    throw new Error(
      `lib/prompts/${name} is not the name of a prompt: persona-NUMBER.md or administration-NUMBER.md, ` +
        "such as persona-2.md, with -es behind the number where it is written in Spanish",
    );
  }
  // Git may check files out with CRLF; the text and its hash are the same everywhere.
  const text = readFileSync(join(FOLDER, name), "utf8").replaceAll("\r\n", "\n");
  const [, note, system, user] = text.match(
    /^(?:<!--.*-->\n)?([\s\S]*?)\n# System\n([\s\S]*?)\n# User\n([\s\S]*)$/,
  ) ?? [];
  if (note === undefined) {
    throw new Error(
      `lib/prompts/${name}: a prompt has a note, then a heading “# System”, then a heading “# User”`,
    );
  }
  return made({
    purpose: purpose as Prompt["purpose"],
    version: version!,
    language: language ?? "en",
    system: system!.trim(),
    user: user!.trim(),
    note: note.trim(),
  });
}

function made(prompt: Omit<Prompt, "hash">): Prompt {
  const { purpose, system, user } = prompt;
  const hash = createHash("sha256").update(JSON.stringify([purpose, system, user])).digest("hex");
  return { ...prompt, hash };
}

/**
 * One prompt of the files.
 *
 * @param version the highest numbered one where none is named
 * @throws {RangeError} when there is no such version, naming those there are
 */
export function shippedPrompt(purpose: Prompt["purpose"], version?: string): Prompt {
  const known = prompts(purpose);
  const found = version === undefined
    ? known.findLast(({ version }) => /^\d+$/.test(version))
    : known.find((prompt) => prompt.version === version);
  if (!found) {
    throw new RangeError(
      `No ${purpose} prompt has version ${JSON.stringify(version)}: there are ` +
        known.map(({ version }) => version).join(", "),
    );
  }
  return found;
}

/**
 * A changed prompt. Its version names what it was made from and its own text: `1+ab12cd34`. With the
 * text of the one it was made from it keeps that one's version.
 */
export function editPrompt(
  from: Prompt,
  change: { system?: string; user?: string; language?: string; note?: string },
): Prompt {
  const base = from.version.split("+")[0]!;
  const prompt = made({ ...from, ...change });
  const unchanged = [from, ...prompts(from.purpose).filter(({ version }) => version === base)]
    .find(({ hash }) => hash === prompt.hash);
  return { ...prompt, version: unchanged?.version ?? `${base}+${prompt.hash.slice(0, 8)}` };
}

/**
 * The original's administration template, verbatim, with our instructions of version 1.
 *
 * @param systemRole `system_role` of the experiment group, with its places `<row.field>`
 * @throws {RangeError} when it is empty: the group was then asked without a template
 */
export function published(systemRole: string): Prompt {
  if (!systemRole.trim()) {
    throw new RangeError(
      "The experiment group has no system_role: choose a version of lib/prompts",
    );
  }
  return made({
    purpose: "administration",
    version: "published",
    language: "en",
    system: systemRole,
    user: shippedPrompt("administration", "1").user,
    note: "System: the published system_role, verbatim. User: ours, version 1. The published " +
      "base_prompt is not used, because it is not what the original sent: its code took the " +
      "questionnaire's text from a constant of its own.",
  });
}

/** The names of the places that a prompt has, in the order of their first appearance. */
export const places = (prompt: Prompt): string[] => placesIn(`${prompt.system}\n${prompt.user}`);

/**
 * The messages of a prompt with its places filled. Values are inserted as they are: what looks like
 * a place inside a value stays.
 *
 * @param values text by place, from `personaValues` or `administrationValues`
 * @returns a system message, where the prompt has one, and a user message
 * @throws {RangeError} when a place has no value, such as a variable that the population does not have, or
 * no place for the data themselves is there
 */
export function fillPrompt(prompt: Prompt, values: Readonly<Record<string, string>>): Message[] {
  const { purpose, version } = prompt;
  const known = Object.keys(values);
  const there = (template: string) =>
    template.replace(
      SECTION,
      (part, name: string) => known.includes(name) || !OPTIONAL.includes(name) ? part : "",
    );
  const { system, user } = { system: there(prompt.system), user: there(prompt.user) };
  const used = places({ ...prompt, system, user });
  const written = (names: readonly string[]) => names.map((name) => `{{${name}}}`).join(", ");
  const unknown = used.filter((name) => !known.includes(name));
  if (unknown.length) {
    throw new RangeError(
      `The ${purpose} prompt ${version} has ${written(unknown)}, which nothing fills: the known ` +
        `places are ${written(known)}`,
    );
  }
  const data = needed(purpose, known);
  if (!data.some((name) => used.includes(name))) {
    throw new RangeError(
      `The ${purpose} prompt ${version} lacks ${
        written(data).replaceAll(", ", " or ")
      }, the place of the data ` +
        `that the model is asked about: its places are ${written(used) || "none"}`,
    );
  }
  const text = (template: string) => put(template, values, `The ${purpose} prompt ${version}`);
  const messages: Message[] = [
    { role: "system", content: text(system) },
    { role: "user", content: text(user) },
  ];
  // Providers refuse an empty message.
  return messages.filter(({ content }) => content.trim());
}

/**
 * What changed from one prompt to another, word by word. The `same` and `removed` texts of a part put
 * together are its text before, `same` and `added` its text after.
 */
export function changes(
  before: Prompt,
  after: Prompt,
): { part: "system" | "user"; kind: "same" | "added" | "removed"; text: string }[] {
  return (["system", "user"] as const).flatMap((part) =>
    diffWordsWithSpace(before[part], after[part]).map(({ added, removed, value }) => ({
      part,
      kind: added ? "added" as const : removed ? "removed" as const : "same" as const,
      text: value,
    }))
  );
}

let counter: typeof import("gpt-tokenizer/encoding/o200k_base") | undefined;

/**
 * Tokens of a text in OpenAI's o200k_base: exact for GPT-4o and later, an estimate for others. What
 * looks like a special token counts as the text it is.
 */
export function tokens(text: string): number {
  // The vocabulary takes 0.2 s to load, which only those who count should wait for.
  counter ??= createRequire(import.meta.url)("gpt-tokenizer/encoding/o200k_base") as NonNullable<
    typeof counter
  >;
  // A questionnaire is shown to thousands of personas in one form.
  const known = counted.get(text);
  if (known !== undefined) return known;
  const { countTokens } = counter;
  const sum = pieces(text)
    .reduce((sum, piece) => sum + countTokens(piece, { disallowedSpecial: new Set() }), 0);
  if (counted.size >= 1000) counted.clear();
  counted.set(text, sum);
  return sum;
}

const counted = new Map<string, number>();
const LONGEST_WORD = 2000;

/**
 * The counter's time grows with the square of a word's length: words longer than any real one are cut,
 * at the price of a token or two for each cut.
 */
function pieces(text: string): string[] {
  const cut: string[] = [];
  let from = 0, run = 0, space = false;
  for (let at = 0; at < text.length; at++) {
    const blank = text.charCodeAt(at) <= 32;
    run = blank === space ? run + 1 : 1;
    space = blank;
    if (run < LONGEST_WORD) continue;
    cut.push(text.slice(from, at + 1));
    from = at + 1;
    run = 0;
  }
  return [...cut, text.slice(from)];
}
