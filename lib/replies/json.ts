/** JSON as it stands in a reply: where it begins, what it holds, and what had to be repaired. */
import { jsonrepair, JSONRepairError } from "jsonrepair";
import { behindReasoning } from "./reasoning.ts";

/** A JSON value that hides nothing: an object keeps its keys in order, each as often as it stands. */
export type Json = string | number | boolean | null | Json[] | Entries;

/** A JSON object. */
export class Entries {
  readonly all: [key: string, value: Json][] = [];
}

/** A JSON value found in a reply. */
export interface Found {
  value: Json;
  /** The part of the reply that it was read from. */
  source: string;
  repaired: boolean;
  /** Whether it lacks its end, because the reply ends or makes no sense behind it. */
  cut: boolean;
}

/** Characters of an answer that are read at all. */
const LONGEST = 200_000;
/** Characters that are repaired: jsonrepair takes time with the square of the length. */
const LONGEST_REPAIR = 20_000;
/** Brackets that lead nowhere, after which the search ends: each costs a walk over the reply. */
const MOST_FAILURES = 16;
/** Attempts at one repair, each shorter than the one before. */
const MOST_REPAIRS = 8;
/** Levels of nesting; what walks over a value calls itself once per level. */
const DEEPEST = 32;

/** A short piece of a reply, fit to be shown in a sentence. */
export function excerpt(text: string): string {
  const line = clean(text.slice(0, 400)).replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > 80 ? `“${clean(line.slice(0, 80))}…”` : `“${line}”`;
}

/** PostgreSQL takes neither NUL nor half a surrogate pair. */
function clean(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON into a value that hides nothing; undefined where the text is no JSON, or nested too deep. */
export function parsed(text: string): Json | undefined {
  if (!isJson(text)) return undefined;
  const open: { keys: string[]; holder: Json[] | Entries }[] = [{ keys: [], holder: [] }];
  const put = (value: Json) => {
    const { keys, holder } = open.at(-1)!;
    if (holder instanceof Entries) holder.all.push([keys.pop()!, value]);
    else holder.push(value);
  };
  const token = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]|[^\s",:{}[\]]+/gs;
  for (const [text_, string, colon] of text.matchAll(token)) {
    if (string !== undefined) {
      const unescaped = clean(JSON.parse(string));
      if (colon === undefined) put(unescaped);
      else open.at(-1)!.keys.push(unescaped);
    } else if (text_ === "{" || text_ === "[") {
      if (open.length > DEEPEST) return undefined;
      open.push({ keys: [], holder: text_ === "{" ? new Entries() : [] });
    } else if (text_ === "}" || text_ === "]") put(open.pop()!.holder);
    else put(JSON.parse(text_));
  }
  return (open[0]!.holder as Json[])[0];
}

/**
 * JSON that is almost JSON: all of it or, where jsonrepair sees no way on, what stands before the last
 * comma; undefined where that is no list or object.
 */
function repaired(text: string): Found | undefined {
  if (text.length > LONGEST_REPAIR) return undefined;
  // Invisible characters between two tokens.
  let source = text.replace(/[\u200b\u2060\ufeff]/g, "");
  for (let attempt = 0; attempt < MOST_REPAIRS; attempt++) {
    try {
      const value = parsed(jsonrepair(source));
      if (value === undefined || value === null || typeof value !== "object") return undefined;
      return { value, source, repaired: true, cut: attempt > 0 };
    } catch (error) {
      // Another error: it called itself more often than the stack allows.
      const end = error instanceof JSONRepairError
        ? source.lastIndexOf(",", error.position - 1)
        : 0;
      if (end <= 0) return undefined;
      source = source.slice(0, end);
    }
  }
  return undefined;
}

/** Where the bracket at `start` closes; null where it does not. */
function closing(text: string, start: number): number | null {
  let depth = 0, quoted = false;
  for (let i = start; i < text.length; i++) {
    const sign = text[i];
    if (quoted) {
      if (sign === "\\") i++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === "{" || sign === "[") depth++;
    else if ((sign === "}" || sign === "]") && --depth === 0) return i + 1;
  }
  return null;
}

/** What a reply holds. */
export interface Contents {
  /** Objects and lists that close, in order, the outermost ones. */
  closed: Found[];
  /** The outermost one that does not close, and whether any of `closed` stand behind its bracket. */
  open: Found & { outer: boolean } | null;
  /** Whether a bracket behind all of `closed` does not close. */
  brokenOff: boolean;
}

/**
 * The JSON in a reply behind its reasoning, wherever it stands: alone, in a code fence, between prose.
 *
 * A part that is JSON as it stands is taken as it is; jsonrepair sees only what is not.
 */
export function contents(reply: string): Contents | { problem: string } {
  const said = clean(reply);
  const text = behindReasoning(said, (start) => {
    const end = closing(said, start);
    return end !== null && isJson(said.slice(start, end)) ? end : null;
  });
  if (typeof text !== "string") return text;
  if (text.length > LONGEST) {
    const [length, most] = [text.length, LONGEST].map((count) => count.toLocaleString("en"));
    return { problem: `a reply of ${length} characters: at most ${most} are read` };
  }
  if (text.trim() === "") return { problem: "an empty reply" };
  const whole = parsed(text.replace(/^\ufeff/, ""));
  // The object may have been sent as a string: "{\"1\": …".
  if (whole === undefined || typeof whole === "string") return search(whole ?? text);
  const found = { value: whole, source: text, repaired: false, cut: false };
  return { closed: [found], open: null, brokenOff: false };
}

/** The values of a reply in order, or why it has none that ends; what is not closed may hold the others. */
export function values(reply: string): Found[] | { problem: string } {
  const held = contents(reply);
  if ("problem" in held) return held;
  const { closed, open, brokenOff } = held;
  // What does not close is read where it may hold what does, or where there is nothing else.
  const outer = open && (open.outer || closed.length === 0);
  if (brokenOff && !outer) return { problem: "the reply breaks off behind its JSON" };
  return outer ? [open] : closed;
}

function search(text: string): Contents | { problem: string } {
  const closed: Found[] = [];
  let open: Contents["open"] = null, brokenOff = false, failures = 0;
  const bracket = /[{[]/g;
  for (let at = bracket.exec(text); at; at = bracket.exec(text)) {
    const end = closing(text, at.index);
    if (end !== null) {
      const source = text.slice(at.index, end);
      const exact = parsed(source);
      const found = exact === undefined
        ? repaired(source)
        : { value: exact, source, repaired: false, cut: false };
      if (found) {
        closed.push(found);
        if (open) open.outer = true;
        brokenOff = false;
        bracket.lastIndex = end;
        continue;
      }
    } else {
      brokenOff = true;
      open ??= unclosed(text.slice(at.index));
    }
    if (++failures === MOST_FAILURES) {
      if (open && closed.length === 0) break;
      return { problem: `more than ${MOST_FAILURES} brackets that are no JSON: ${excerpt(text)}` };
    }
  }
  if (closed.length === 0 && !open) {
    return { problem: `no JSON that can be read: ${excerpt(text)}` };
  }
  return { closed, open, brokenOff };
}

/** What the rest of a reply holds, from a bracket on that does not close. */
function unclosed(rest: string): Contents["open"] {
  // A lost quote hides the bracket that closes: then the reply ends in one all the same.
  const end = rest.replaceAll("`", " ").trimEnd().length;
  const ended = /[}\]]/.test(rest[end - 1]!);
  const found = repaired(ended ? rest.slice(0, end) : rest);
  return found ? { ...found, cut: !ended || found.cut, outer: false } : null;
}

/**
 * A value as JSON.parse gives it.
 *
 * @throws {TypeError} where an object has a key twice, with different values
 */
export function plain(value: Json): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Entries)) return value;
  const values = new Map<string, unknown>();
  for (const [key, entry] of value.all) {
    const given = plain(entry);
    if (values.has(key) && JSON.stringify(values.get(key)) !== JSON.stringify(given)) {
      throw new TypeError(`${excerpt(key)} stands twice, with different values`);
    }
    values.set(key, given);
  }
  return Object.fromEntries(values);
}
