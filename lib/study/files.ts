/** A user's own files: their text, CSV as spreadsheets write it, JSON; and what is said of mistakes. */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
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

/** Bytes of a file that are read at a time. */
const BLOCK = 2 ** 20;

/** The bytes of a file, some at a time; what gzip packed is unpacked, as a whole. */
function* bytesIn(path: string): Generator<Uint8Array> {
  const unreadable = (error: unknown): never => {
    const { code } = error as { code?: string };
    refuse(path, [code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`]);
  };
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    return unreadable(error);
  }
  try {
    const block = new Uint8Array(BLOCK);
    const next = (): Uint8Array => {
      try {
        return block.subarray(0, readSync(file, block, 0, BLOCK, null));
      } catch (error) {
        return unreadable(error);
      }
    };
    let bytes = next();
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      const packed = [];
      for (; bytes.length; bytes = next()) packed.push(bytes.slice());
      try {
        yield gunzipSync(Buffer.concat(packed));
      } catch {
        refuse(path, ["its gzip is damaged: fetch or pack it again"]);
      }
      return;
    }
    for (; bytes.length; bytes = next()) yield bytes;
  } finally {
    closeSync(file);
  }
}

/** The text of a file, some of it at a time, without its byte order mark. */
function* textIn(path: string): Generator<string> {
  let decoder: TextDecoder | undefined, lines = 1, marked = "";
  const text = (bytes?: Uint8Array): string => {
    try {
      return decoder!.decode(bytes, { stream: bytes !== undefined });
    } catch {
      refuse(path, [
        marked
          ? "its UTF-16 is damaged: save it as UTF-8"
          : "it is not UTF-8: save it as UTF-8 (in Excel: “CSV UTF-8”)",
      ]);
    }
  };
  for (const bytes of bytesIn(path)) {
    if (!decoder) {
      const [a, b, c, d] = bytes;
      if (a === 0x50 && b === 0x4b && c === 3 && d === 4) {
        refuse(path, ["it is a workbook or a zip, not a text: save its sheet as “CSV UTF-8”"]);
      }
      marked = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : "";
      decoder = new TextDecoder(marked || "utf-8", { fatal: true });
    }
    const some = text(bytes), nul = some.indexOf("\0");
    if (nul >= 0) {
      const many = some.split("\0").length - 1 > some.length / 4;
      const line = lines + some.slice(0, nul).split(/\r\n?|\n/).length - 1;
      refuse(path, [
        many
          ? "it is UTF-16 without a byte order mark: save it as UTF-8 (in Excel: “CSV UTF-8”)"
          : `row ${line} holds a NUL character, which no text has: the file is damaged`,
      ]);
    }
    yield some;
    lines += some.split("\n").length - 1;
  }
  if (decoder) yield text();
}

export const textOf = (path: string): string => [...textIn(path)].join("");

/** The text of a file with line ends as they are here, whole lines at a time but for the last one. */
function* linesIn(path: string): Generator<string> {
  let rest = "";
  for (const text of textIn(path)) {
    rest += text;
    // The other half of a line end may be in the next block.
    const held = rest.endsWith("\r") ? 1 : 0;
    const lines = rest.slice(0, rest.length - held).replace(/\r\n?/g, "\n");
    const end = lines.lastIndexOf("\n") + 1;
    if (end) yield lines.slice(0, end);
    rest = lines.slice(end) + rest.slice(rest.length - held);
  }
  yield rest.replace(/\r$/, "\n");
}

/** Row number, counted as a spreadsheet does, and trimmed cells. */
export interface SheetRow {
  row: number;
  cells: string[];
}

/** A CSV file. */
export interface Table {
  /** `# key: value` lines before the header. */
  facts: [key: string, value: string][];
  /** Names of the columns, trimmed. */
  header: string[];
  /** Those with anything in them; read from the file whenever they are gone through. */
  rows: Iterable<SheetRow>;
}

/** A CSV file that has been read whole. */
export interface Sheet extends Table {
  rows: SheetRow[];
}

/** What a spreadsheet may write into the first line, to say what is between the columns. */
const SEP = /^"?sep=(.)"?[,;\t]*$/i;

/** A text in quotes may hold so many letters: where one has no end, the file is not read to its own. */
const LONGEST = 16 * BLOCK;

/**
 * A CSV file with commas, semicolons or tabs between its columns, line ends, byte order mark and a first
 * line `sep=;` as Windows writes them or not.
 */
export function tableOf(path: string): Table {
  const { lines, first } = headOf(path);
  const said = SEP.exec(lines[0]!)?.[1];
  const facts = lines.slice(said ? 1 : 0, first).flatMap((line): [string, string][] => {
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
  const header = headerOf(path, first, sep);
  const names = header.slice(0, header.findLastIndex((name) => name !== "") + 1);
  const twice = names.filter((name, at) => name !== "" && names.indexOf(name) !== at);
  if (twice.length) {
    refuse(path, [...new Set(twice)].map((name) => `column ${name} stands there twice`));
  }
  return {
    facts,
    header: names,
    rows: { [Symbol.iterator]: () => rowsIn(path, first, sep, names) },
  };
}

/** The lines of a file to its header, which is at `first`. */
function headOf(path: string): { lines: string[]; first: number } {
  let text = "";
  for (const some of linesIn(path)) {
    text += some;
    const lines = text.split("\n");
    const said = SEP.exec(lines[0]!)?.[1];
    if (said && !",;\t".includes(said)) {
      refuse(path, [`row 1: sep=${said}: columns are separated by commas, semicolons or tabs`]);
    }
    const first = lines.findIndex((line, at) =>
      at >= (said ? 1 : 0) && !/^\s*"?#/.test(line) && /[^\s,;]/.test(line)
    );
    if (first >= 0) return { lines, first };
  }
  refuse(path, ["it is empty"]);
}

function headerOf(path: string, first: number, sep: string): string[] {
  for (const { cells } of recordsIn(path, first, sep)) return cells;
  return [];
}

/** The records of a file from a line on, the header being the first. */
function* recordsIn(path: string, first: number, sep: string): Generator<SheetRow> {
  let rest = "", row = first, line = 0;
  const read = (text: string, last: boolean): string[][] | null => {
    try {
      return sheet(text, sep);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      // It may end in the next lines.
      if (code === "CSV_QUOTE_NOT_CLOSED" && !last && text.length < LONGEST) return null;
      const told = message.replace(/line (\d+)/, (_, at) => `line ${Number(at) + line}`);
      refuse(path, [`it is no CSV: ${told}`]);
    }
  };
  for (const lines of linesIn(path)) {
    rest += lines;
    for (; line < first && rest.includes("\n"); line++) rest = rest.slice(rest.indexOf("\n") + 1);
    if (line < first || !rest.endsWith("\n")) continue;
    const records = read(rest, false);
    if (records === null) continue;
    line += rest.split("\n").length - 1;
    rest = "";
    for (const cells of records) yield { row: ++row, cells: cells.map((cell) => cell.trim()) };
  }
  if (!rest) return;
  for (const cells of read(rest, true)!) {
    yield {
      row: ++row,
      cells: cells.map((cell) => cell.trim()),
    };
  }
}

/** The rows below the header, as wide as it is. */
function* rowsIn(
  path: string,
  first: number,
  sep: string,
  names: readonly string[],
): Generator<SheetRow> {
  const long: string[] = [];
  for (const { row, cells } of recordsIn(path, first, sep)) {
    if (row === first + 1 || cells.every((cell) => cell === "")) continue;
    if (cells.slice(names.length).some((cell) => cell !== "")) {
      long.push(
        `row ${row} has more cells than the header: put texts with ${shown(sep)} in quotes`,
      );
    }
    if (!long.length) yield { row, cells: names.map((_, at) => cells[at] ?? "") };
  }
  if (long.length) refuse(path, long);
}

/** A CSV file, read whole. */
export function sheetOf(path: string): Sheet {
  const table = tableOf(path);
  return { ...table, rows: [...table.rows] };
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
