/** Text in figures: how wide it is, where it breaks, which colour it needs, what it is called. */
import { registered, SCALE_NAMES } from "../instruments.ts";
import { fixed } from "../format.ts";
import { advance } from "./letters.ts";

/** Height of the letters and of a line, in units of a drawing; how large they are, its theme says. */
export const FONT = 11;
export const LINE = 14;

/** Width of one line. */
export const measure = (text: string, bold = false): number =>
  [...text].reduce((sum, letter) => sum + advance(letter, bold), 0) * FONT;

/** A long name over several lines: broken after a space or a hyphen if there is one, else anywhere. */
export function fold(text: string, width: number, bold = false): string {
  const words = text.match(/[^\s\-/_:]+[\s\-/_:]*|[\s\-/_:]+/g) ?? [];
  const pieces = words.flatMap((word) => measure(word.trim(), bold) > width ? [...word] : [word]);
  return pieces.reduce<string[]>((lines, piece) => {
    const longer = (lines.at(-1) ?? "") + piece;
    return lines.length && measure(longer.trimEnd(), bold) <= width
      ? [...lines.slice(0, -1), longer]
      : [...lines, piece];
  }, []).map((line) => line.trim()).join("\n");
}

export const lineCount = (text: string): number => text.split("\n").length;

/** A scale or trait in words. */
export const scaleName = (scale: string): string => SCALE_NAMES[scale] ?? scale;

/** A scale, a trait or an instrument in words; anything else with a capital. */
export const nameOf = (key: string): string =>
  SCALE_NAMES[key] ?? registered().find(({ name }) => name === key)?.title ?? capital(key);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A number with a fixed number of decimals and a true minus sign; never −0. */
export function withSign(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/**
 * Black or white, whichever reads better on a fill: more contrast by WCAG 2.
 *
 * @param fill `#rrggbb` or `rgb(r, g, b)`
 */
export const ink = (fill: string): "black" | "white" =>
  1.05 / (luminance(fill) + 0.05) > (luminance(fill) + 0.05) / 0.05 ? "white" : "black";

/** Of WCAG 2, 0 to 1. */
export function luminance(fill: string): number {
  const parts = fill.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(fill.slice(at, at + 2), 16))
    : fill.match(/\d+/g)!.slice(0, 3).map(Number);
  const [r, g, b] = parts.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** The values of a column, each once, in order of appearance. */
export function distinct<T>(records: readonly T[], key: (record: T) => string): string[] {
  return [...new Set(records.map(key))];
}

/** A figure in words, for those who cannot see it: what it is, its extremes, what is undefined. */
export function describe(
  what: string,
  cells: readonly { name: string; value: number | null }[],
  decimals: number,
): string {
  const defined = cells.flatMap(({ name, value }) => value === null ? [] : [{ name, value }])
    .toSorted((a, b) => a.value - b.value);
  const missing = cells.filter(({ value }) => value === null).map(({ name }) => name);
  const [low, high] = [defined[0], defined.at(-1)].map((cell) =>
    cell && `${withSign(cell.value, decimals)} (${cell.name})`
  );
  return [
    `${what} ${defined.length} values${low ? `, lowest ${low}, highest ${high}` : ""}.`,
    missing.length ? ` Undefined: ${missing.join("; ")}.` : "",
  ].join("");
}

/** What can become of one of the paper's markers, as legends say it. */
export const FATES: Readonly<Record<string, string>> = {
  stands: "Marker stands",
  weakens: "Marker weakens",
  vanishes: "Marker vanishes",
  appears: "Not marked, and significant",
  "—": "Neither, or not tested",
};
