/** What is looked for in the bodies that providers answer with. */

type Fields = Record<string, unknown>;

/** A field of something that may be no object at all. */
export const at = (value: unknown, name: string | number): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Fields)[name]
    : undefined;

/** A body as JSON; undefined where it is none. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

/** What a reply says, whoever's form it has. */
export interface Read {
  said: string;
  /** What the model thought, where the reply shows it. */
  thought: string;
  refusal: string | null;
  finish: Finish;
  reason: string | null;
}

/** How a reply ended. */
export type Finish = "stop" | "length" | "refusal" | "filter" | "other";

/** Some servers leave the message out where a filter or the limit left nothing of it. */
export const isMessage = (message: unknown, finish: Finish): boolean =>
  (typeof message === "object" && message !== null) || finish === "length" || finish === "filter";

/** How a reply ended, by the provider's names of it. */
export function finished(
  known: Readonly<Record<string, Finish>>,
  reason: unknown,
): Pick<Read, "finish" | "reason"> {
  if (typeof reason !== "string") return { finish: "other", reason: null };
  return {
    finish: Object.hasOwn(known, reason) ? known[reason]! : "other",
    reason: shorten(reason),
  };
}

/** A text, or the texts of a list of parts; other parts, such as reasoning, are left out. */
export function texts(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.filter((part) =>
    ["text", "output_text", undefined].includes(at(part, "type") as "text")
  )
    .map((part) => at(part, "text")).filter((text) => typeof text === "string").join("");
}

/** PostgreSQL's text cannot hold NUL, and UTF-8 no half of a surrogate pair. */
export const stored = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/** The beginning of a text, in one line. */
export function shorten(text: string, longest = 200): string {
  const line = stored(text.slice(0, 4 * longest)).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line;
}

/** The beginning of a text, of at most so many bytes in UTF-8, as PostgreSQL can hold it. */
export function beginning(text: string, bytes: number): string {
  const buffer = new Uint8Array(bytes);
  const { read } = new TextEncoder().encodeInto(stored(text), buffer);
  return stored(text.slice(0, read));
}
