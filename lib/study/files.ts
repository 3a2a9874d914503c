/** A user's own files: their text, CSV as spreadsheets write it, JSON; and what is said of mistakes. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { sheet } from "../csv.ts";

/** Problems told at once; of the others only how many. */
export const TOLD = 10;

/** Refuses a file, with what is wrong in it. */
export function refuse(path: string, problems: readonly string[]): never {
  const more = problems.length - TOLD;
  throw new Error(
    [
      `${path} cannot be used:`,
      ...problems.slice(0, TOLD).map((problem) => `- ${problem}`),
      ...(more > 0 ? [`- and ${more} more`] : []),
    ].join("\n"),
  );
}

/** Cells of a notebook are not type-checked. */
export function wantsPath(path: unknown, taker: string): void {
  if (typeof path === "string" && path !== "") return;
  throw new TypeError(`${taker} takes the path of a file: got ${shown(path)}`);
}

/** A value as it stands in a sentence. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
}

/** The text of a file; what gzip packed is unpacked. */
export function textOf(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    refuse(path, [code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`]);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes);
    } catch {
      refuse(path, ["its gzip is damaged: fetch or pack it again"]);
    }
  }
  const [a, b, c, d] = bytes;
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) {
    refuse(path, ["it is a workbook or a zip, not a text: save its sheet as “CSV UTF-8”"]);
  }
  const marked = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : "";
  let text: string;
  try {
    // Without its byte order mark.
    text = new TextDecoder(marked || "utf-8", { fatal: true }).decode(bytes);
  } catch {
    refuse(path, [
      marked ? "its UTF-16 is damaged: save it as UTF-8" : "it is not UTF-8: save it as UTF-8 " +
        "(in Excel: “CSV UTF-8”)",
    ]);
  }
  const nul = text.indexOf("\0");
  if (nul < 0) return text;
  const many = text.split("\0").length - 1 > text.length / 4;
  const line = text.slice(0, nul).split(/\r\n?|\n/).length;
  refuse(path, [
    many
      ? "it is UTF-16 without a byte order mark: save it as UTF-8 (in Excel: “CSV UTF-8”)"
      : `row ${line} holds a NUL character, which no text has: the file is damaged`,
  ]);
}

/** The rows of a CSV file. */
export interface Sheet {
  /** `# key: value` lines before the header. */
  facts: [key: string, value: string][];
  /** Names of the columns, trimmed. */
  header: string[];
  /** Row number, counted as a spreadsheet does, and trimmed cells; rows without any are left out. */
  rows: { row: number; cells: string[] }[];
}

/** What a spreadsheet may write into the first line, to say what is between the columns. */
const SEP = /^"?sep=(.)"?[,;\t]*$/i;

/**
 * A CSV file with commas, semicolons or tabs between its columns, line ends, byte order mark and a first
 * line `sep=;` as Windows writes them or not.
 */
export function sheetOf(path: string): Sheet {
  const lines = textOf(path).replace(/\r\n?/g, "\n").split("\n");
  const said = SEP.exec(lines[0]!)?.[1];
  if (said && !",;\t".includes(said)) {
    refuse(path, [`row 1: sep=${said}: columns are separated by commas, semicolons or tabs`]);
  }
  const begin = said ? 1 : 0;
  const first = lines.findIndex((line, at) =>
    at >= begin && !/^\s*"?#/.test(line) && /[^\s,;]/.test(line)
  );
  if (first < 0) refuse(path, ["it is empty"]);
  const facts = lines.slice(begin, first).flatMap((line): [string, string][] => {
    // A spreadsheet puts quotes around a line with separators in it, and empty cells behind it.
    const bare = line.trim().replace(/[,;\t]+$/, "").replace(/^"(.*)"$/, "$1").replaceAll(
      '""',
      '"',
    );
    const [, key, value] = /^#\s*([^:]*?)\s*:\s*(.*)$/.exec(bare) ?? [];
    return key === undefined ? [] : [[key, value!]];
  });
  const head = lines[first]!;
  const sep = said ??
    [",", ";", "\t"].toSorted((a, b) => head.split(b).length - head.split(a).length)[0]!;
  let cells: string[][];
  try {
    const text = lines.map((line, at) => at < first ? "" : line).join("\n");
    cells = sheet(text, sep).map((row) => row.map((cell) => cell.trim()));
  } catch (error) {
    refuse(path, [`it is no CSV: ${(error as Error).message}`]);
  }
  const header = cells[first]!;
  const width = header.findLastIndex((name) => name !== "") + 1;
  const rows = cells.slice(first + 1)
    .map((cells, index) => ({ row: first + index + 2, cells }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const long = rows.filter(({ cells }) => cells.slice(width).some((cell) => cell !== ""));
  if (long.length) {
    refuse(
      path,
      long.map(({ row }) =>
        `row ${row} has more cells than the header: put texts with ${shown(sep)} in quotes`
      ),
    );
  }
  const names = header.slice(0, width);
  const twice = names.filter((name, at) => name !== "" && names.indexOf(name) !== at);
  if (twice.length) {
    refuse(path, [...new Set(twice)].map((name) => `column ${name} stands there twice`));
  }
  const full = rows.map(({ row, cells }) => ({
    row,
    cells: names.map((_, at) => cells[at] ?? ""),
  }));
  return { facts, header: names, rows: full };
}

/** What a file says, and what to call each of its parts in a message. */
export interface Given {
  entry: unknown;
  places: (index: number) => string;
}

/**
 * A JSON file.
 *
 * @param parts the field with the list of parts
 * @param placeOf what to call a part, by itself and its index
 */
export function fromJson(
  path: string,
  parts: string,
  placeOf: (part: Record<string, unknown> | undefined, index: number) => string,
): Given {
  let entry: unknown;
  try {
    entry = JSON.parse(textOf(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    refuse(path, [`it is no JSON: ${error.message}`]);
  }
  const list = (entry as Record<string, unknown> | null)?.[parts];
  return {
    entry,
    places: (index) => placeOf(Array.isArray(list) ? list[index] ?? undefined : undefined, index),
  };
}

/** A whole number, also where a spreadsheet or pandas wrote it as a decimal; else the text. */
export const whole = (text: string): unknown => {
  const number = /^(-?\d+)(?:[.,]0{1,2})?$/.exec(text);
  return number ? Number(number[1]) : text;
};
export const parts = (text: string): string[] =>
  text.split(";").map((part) => part.trim()).filter((part) => part !== "");

/** Facts that are more than text. */
/** The name that is meant: case, spaces and hyphens do not count. */
export function named(given: string, known: readonly string[]): string {
  const bare = (name: string) => name.toLowerCase().replace(/[\s_-]/g, "");
  return known.find((name) => bare(name) === bare(given)) ?? given;
}
