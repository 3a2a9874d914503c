/**
 * Reads a plain `pg_dump` as data: its COPY blocks, found by name.
 * No statement of the file is executed or passed on.
 */
import { plural } from "../../format.ts";
import { AGAIN, badRow, fault, type Input, plain, type Reading, Window } from "./input.ts";
import { checkColumns, known, missing } from "./schema.ts";
import { type Copy, Lexer, read } from "./sql.ts";
import type { Block } from "./source.ts";

const PLAIN =
  "make a plain dump with COPY blocks: `pg_dump --format=plain --encoding=UTF8`, without --inserts";

/**
 * The COPY blocks of the study's tables, in the order of the file.
 *
 * @throws {SourceError} while it is read, for whatever is damaged, missing or not plain
 */
export async function* readDump(
  input: Input,
  reading: Reading,
): AsyncGenerator<Block> {
  const window = new Window(plain(input, reading), input.path, reading);
  const dump = new Dump(window, input.path, reading);
  reading.place = () => dump.place();
  try {
    await window.begin();
    refuseArchive(window, input.path);
    yield* window.verified(dump.blocks());
  } finally {
    await window.close();
  }
}

function refuseArchive(window: Window, path: string): void {
  const head = new TextDecoder("latin1").decode(window.bytes.subarray(0, 8));
  const form = head.startsWith("PGDMP") ? "custom" : head === "toc.dat\0" ? "tar" : "";
  if (!form) return;
  const remedy = `expected a plain one: convert it: \`pg_restore --file=plain.sql ${path}\``;
  throw fault(`A pg_dump archive in ${form} format`, `${path} byte 1`, remedy);
}

class Dump {
  /** Lines that are used up. */
  private line = 0;
  private table = "";
  private readonly lexer = new Lexer();
  private readonly seen = new Map<string, string>();
  private readonly inserts = new Map<string, { n: number; line: number }>();

  constructor(
    private readonly window: Window,
    private readonly path: string,
    private readonly reading: Reading,
  ) {}

  place(): string {
    return `line ${this.line}${this.table && `, table ${this.table}`}`;
  }

  private at(line = this.line): string {
    return `${this.path} line ${line}${this.table && `, table ${this.table}`}`;
  }

  async *blocks(): AsyncGenerator<Block> {
    const decoder = new TextDecoder();
    for (;;) {
      if (!this.lexer.open) this.line += this.window.blank();
      // Waiting for each of many lines would take longer than reading them.
      const line = this.window.atHand() ?? await this.window.line();
      if (!line) break;
      this.line++;
      if (line.includes(0)) {
        const remedy = "save the file as UTF-8 (UTF-16 has such bytes), or download it again";
        throw fault("A NUL byte", this.at(), remedy);
      }
      for (const statement of this.lexer.feed(decoder.decode(line), this.line)) {
        const found = this.statement(statement);
        if (!found) continue;
        if (known(found.table)) yield* this.block(found);
        else await this.passOver(found);
        this.table = "";
      }
    }
    this.finish();
  }

  private statement(text: string): Copy | null {
    const found = read(text);
    if (found === null) return null;
    if ("unknown" in found) throw fault("A COPY statement in an unknown form", this.at(), PLAIN);
    if (!("inserted" in found)) return found;
    const { inserted } = found;
    if (known(inserted)) {
      const { n, line } = this.inserts.get(inserted) ?? { n: 0, line: this.line };
      this.inserts.set(inserted, { n: n + 1, line });
    }
    return null;
  }

  private async *block({ table, path, columns, options }: Copy): AsyncGenerator<Block> {
    const head = this.line;
    const earlier = this.seen.get(table);
    if (earlier) {
      const remedy = `keep one of them (the other is ${earlier})`;
      throw fault(`Table ${table} stands twice, now as ${path}`, this.at(), remedy);
    }
    this.seen.set(table, `${path}, line ${head}`);
    if (options) throw fault(`COPY ${path} with options ${options}`, this.at(), PLAIN);
    if (!columns.length) throw fault(`COPY ${path} names no columns`, this.at(), PLAIN);
    checkColumns(table, columns, this.at());

    this.table = table;
    const progress = { ended: false };
    const where = (row: number) => `${this.path} line ${head + row}`;
    const rows = this.window.verified(this.rows(columns.length, progress));
    yield { table, columns, rows, where };
    if (!progress.ended) throw new Error(`The rows of ${table} were not read to their end`);
  }

  private async *rows(width: number, progress: { ended: boolean }): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { window } = this;
      const scan = scanRows(window, width);
      if (scan.fault) throw fault(scan.fault, this.at(this.line + scan.rows + 1), AGAIN);
      const chunk = window.bytes.subarray(window.at, scan.end);
      this.checkText(chunk);
      window.at = scan.next;
      this.line += scan.rows + (scan.closed ? 1 : 0);
      if (chunk.length) yield scan.returns ? withoutReturns(chunk) : chunk;
      if (scan.closed) break;
      await this.more();
    }
    progress.ended = true;
  }

  private checkText(rows: Uint8Array): void {
    const row = badRow(rows);
    if (row < 0) return;
    throw fault(
      "Bytes that are not UTF-8",
      this.at(this.line + row + 1),
      "make the dump with `pg_dump --encoding=UTF8`, or download it again",
    );
  }

  private async passOver({ path, table }: Copy): Promise<void> {
    this.table = table;
    let rows = 0;
    for (;;) {
      const scan = scanRows(this.window, null);
      rows += scan.rows;
      this.line += scan.rows + (scan.closed ? 1 : 0);
      this.window.at = scan.next;
      if (scan.closed) break;
      await this.more();
    }
    this.reading.skip(`table ${path} (${plural(rows, "row")}): not part of the study`);
  }

  private async more(): Promise<void> {
    if (this.window.ended) {
      const cut = this.window.bytes.length > this.window.at ? "in the middle of a row" : "";
      const found = `The file ends ${cut || "before the end of the table (a line `\\.`)"}`;
      throw fault(found, this.at(this.line + (cut ? 1 : 0)), AGAIN);
    }
    await this.window.more();
  }

  private finish(): void {
    const { open, since, rest } = this.lexer;
    const state = open
      ? `inside the ${open === "/*" ? "comment" : `text quoted by ${open}`} of line ${since}`
      : rest
      ? "in the middle of a statement"
      : "";
    const lines = `${this.path} lines 1–${this.line}`;
    const inserts = [...this.inserts].map(([table, { n, line }]) =>
      `${plural(n, "INSERT statement")} into ${table} (first in line ${line})`
    );
    const lost = missing(this.seen.keys());
    if (this.seen.size === 0 && inserts.length) {
      throw fault(`No COPY block, but ${inserts.join(", ")}`, lines, PLAIN);
    }
    if (this.seen.size === 0 && !this.reading.skipped.length && !state) {
      throw fault("No COPY block", lines, PLAIN);
    }
    if (lost.length) {
      const also = [...inserts, ...(state ? [`the file ends ${state}`] : [])];
      const found = `No COPY block of ${plural(lost.length, "table")} (${lost.join(", ")})`;
      throw fault([found, ...also].join("; "), lines, `${AGAIN}, or ${PLAIN}`);
    }
    if (state) this.reading.skip(`${this.path}: the file ends ${state}`);
    for (const text of inserts) {
      this.reading.skip(`${this.path}: ${text}: only COPY blocks are read`);
    }
  }
}

const TAB = 9;
const FEED = 10;
const RETURN = 13;
const DOT = 46;
const BACKSLASH = 92;

interface Scan {
  /** Whole rows from the window's offset on, and where they end. */
  rows: number;
  end: number;
  /** Where to go on: behind the closing line when there is one. */
  next: number;
  closed: boolean;
  /** Whether rows end in CR LF. */
  returns: boolean;
  /** What is wrong with the row after the counted ones. */
  fault: string;
}

/** Finds the whole rows in a window; a null width passes over rows without checking them. */
function scanRows({ bytes, at, ended }: Window, width: number | null): Scan {
  const scan = { rows: 0, end: at, next: at, closed: false, returns: false, fault: "" };
  const length = bytes.length;
  const strict = width !== null;
  let values = 1;
  for (let i = at; i < length; i++) {
    const byte = bytes[i]!;
    if (byte > RETURN && byte !== BACKSLASH) continue;
    if (byte === TAB) values++;
    else if (byte === FEED) {
      if (strict && values !== width) {
        scan.fault = `Found ${plural(values, "value")}, expected ${width}`;
        return scan;
      }
      values = 1;
      scan.rows++;
      scan.end = scan.next = i + 1;
    } else if (byte === BACKSLASH) {
      const after = bytes[i + 1];
      if (i === scan.end && after === DOT) {
        const next = behindLine(bytes, i + 2, ended);
        if (next === 0) return scan;
        if (next > 0) return { ...scan, next, closed: true };
      }
      if (strict && (after === DOT || after === FEED || after === RETURN)) {
        scan.fault = after === DOT ? "A row with `\\.` inside" : "A row that ends in a backslash";
        return scan;
      }
      if (after === BACKSLASH || after === TAB) i++;
    } else if (byte === RETURN) {
      scan.returns = true;
      if (strict && i + 1 < length && bytes[i + 1] !== FEED) {
        scan.fault = "A carriage return inside a row";
        return scan;
      }
    } else if (strict && byte === 0) {
      scan.fault = "A NUL byte";
      return scan;
    }
  }
  return scan;
}

/** Offset behind the line end at `i`; 0 when the bytes do not reach that far, −1 when there is none. */
function behindLine(bytes: Uint8Array, i: number, ended: boolean): number {
  const feed = bytes[i] === RETURN ? i + 1 : i;
  if (feed >= bytes.length) return ended ? feed : 0;
  return bytes[feed] === FEED ? feed + 1 : -1;
}

/** The rows without the CR of CR LF; any other CR was refused, and text holds it as `\r`. */
const withoutReturns = (rows: Uint8Array): Uint8Array => rows.filter((byte) => byte !== RETURN);
