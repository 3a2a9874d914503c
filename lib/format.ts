/** Numbers as text, the only place where they lose digits; and words that were mistyped. */
import { closest } from "fastest-levenshtein";

/**
 * A number with a fixed count of decimals, exact ties to the even digit.
 *
 * `toFixed` works on the exact binary value but rounds ties up, Python's formatting to even: 3.625 is
 * 3.62 in the paper.
 */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf");
  if (Object.is(value, -0)) return `-${(0).toFixed(decimals)}`; // as Python; JavaScript drops the sign
  const text = value.toFixed(decimals);
  // 60 decimals show every digit of a double of this size; a tie ends in 5 and zeros.
  const [whole, digits] = Math.abs(value).toFixed(60).split(".") as [string, string];
  if (!/^50*$/.test(digits.slice(decimals))) return text;
  const even = Number((whole + digits.slice(0, decimals)).at(-1)) % 2 === 0;
  if (!even) return text;
  const down = decimals ? `${whole}.${digits.slice(0, decimals)}` : whole;
  return value < 0 ? `-${down}` : down;
}

/** The shortest text that reads back as the number, as Python writes it: `1.2`, `6.0`. */
export function shortest(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

/**
 * The original's `custom_format` (Tables A4, A6, A7): undefined, negative and tiny numbers are `0.00`,
 * small ones take an exponent, all others two decimals.
 */
export function custom(value: number | null): string {
  if (value === null || !Number.isFinite(value) || value < 1e-99) return "0.00";
  if (value >= 0.01) return fixed(value, 2);
  const [digits, exponent] = value.toExponential(2).split("e") as [string, string];
  return `${digits}E-${exponent.slice(1).padStart(2, "0")}`;
}

/** A stand-in for a cell without data. */
export const DASH = "—";

/** A number of things as it reads in a sentence: `12,390`. */
export const whole = (number: number): string => number.toLocaleString("en");

/** A number of things with its noun: `1 call`, `12,390 calls`. */
export const plural = (n: number, one: string): string => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;

/** Money; little of it with four decimals, since a call costs little. */
export const dollars = (usd: number | null): string =>
  usd === null ? "an unknown cost" : `USD ${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`;

/** How much is done each second: two digits of small numbers, whole ones from 100 on. */
export const rate = (perSecond: number): string =>
  `${perSecond < 99.5 ? perSecond.toPrecision(2) : whole(Math.round(perSecond))} per second`;

/** A length of time: `40 s`, `12 min`, `3.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A time of day where this computer is, `14:05`; on another day than now with that day, `3 Dec, 14:05`. */
export function clock(at: Date, now: Date): string {
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** What a value is, in a few words, for whoever wanted another: `the number 3`, `a promise: …`. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (value instanceof Promise) return "a promise: an `await` is missing before it";
  if (Array.isArray(value)) return `a list of ${plural(value.length, "element")}`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") {
    return `the ${typeof value} ${cut(JSON.stringify(value) ?? `${value}`)}`;
  }
  const keys = Object.keys(value);
  return keys.length ? `an object with ${cut(keys.join(", "))}` : "an object without anything";
}

/** The beginning of a text with more letters than so many. */
export const cut = (text: string, most = 60): string =>
  text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;

/** Names in a sentence, cut; of many the first, and how many more there are: `a, b and 1,200 more`. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return names.slice(0, most).map((name) => cut(name)).join(", ") +
    (more > 0 ? ` and ${whole(more)} more` : "");
}

/** Of many lines the first, and one that says how many more there are. */
export function firstOf(
  lines: readonly string[],
  most: number,
  rest = (more: number) => `${whole(more)} more`,
): string[] {
  const more = lines.length - most;
  return more > 0 ? [...lines.slice(0, most), `… and ${rest(more)}`] : [...lines];
}

/** The known word that takes the fewest changes of a letter (Levenshtein); the first of several. */
export const nearest = (word: string, known: readonly string[]): string => closest(word, known);

// Controls but tab and line feed; marks that turn the direction of what follows.
const UNSEEN = /(?![\t\n])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text for a terminal, in which what would command it stands as `\u001b`. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
