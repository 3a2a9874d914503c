/**
 * CSV records into COPY text rows, byte by byte.
 *
 * Not by `csv-parse`, as `lib/csv.ts` has it: of 541,680 answers that takes five to ten times as long
 * (1.6 to 3.0 s for 0.3 s), because each value becomes a text before it becomes bytes again.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { plural } from "../../format.ts";
import { AGAIN, badRow, fault, LONGEST_ROW } from "./input.ts";
import { TABLES } from "./schema.ts";

export const WRITE =
  "write the file again with `COPY … TO … WITH (FORMAT csv, HEADER, ENCODING 'UTF8')`";
export const STRAY = "A carriage return without a line feed";

const TAB = 9;
const FEED = 10;
const RETURN = 13;
const QUOTE = 34;
const COMMA = 44;
const DOT = 46;
const ZERO = 48;
const BACKSLASH = 92;
const [LETTER_N, LETTER_R, LETTER_T, NULL] = [110, 114, 116, 78];

/** Bytes that need a thought, inside quotes and outside. */
const marked = (...bytes: number[]) =>
  Uint8Array.from({ length: 256 }, (_, b) => +bytes.includes(b));
const QUOTED = marked(0, TAB, FEED, RETURN, QUOTE, BACKSLASH);
const BARE = marked(0, TAB, FEED, RETURN, QUOTE, COMMA, BACKSLASH);

/** Where the reader is: before a value, in one, behind its closing quote, behind a CR. */
enum State {
  Start,
  Bare,
  Quoted,
  Closed,
  Return,
}

/** Turns CSV bytes, in pieces of any size, into rows of COPY text. */
export class Records {
  /** Line that is being read. */
  line: number;
  private state = State.Start;
  private column = 0;
  /** Line where the record began, and where its last quote opened. */
  private first: number;
  private opened = 0;

  private out = new Uint8Array(0);
  private size = 0;
  /** Offset in `out` of the value that is being read. */
  private value = 0;
  /** Offset behind the last whole row in `out`, and the rows before it. */
  private whole = 0;
  private taken = 0;
  private rows = 0;

  /** From row `from[i]` on, row n begins in line n + `shift[i]`. */
  private readonly from: number[] = [];
  private readonly shift: number[] = [];

  private readonly integer: boolean[];
  private readonly rounded: number[];

  constructor(
    private readonly table: string,
    private readonly columns: readonly string[],
    private readonly path: string,
    headerLines: number,
  ) {
    this.line = this.first = headerLines + 1;
    this.integer = columns.map((column) => TABLES[table]!.columns[column] === "integer");
    this.rounded = columns.map(() => 0);
  }

  /** The line where row n (1-based) begins. */
  lineOf(row: number): number {
    return row + (this.shift[this.from.findLastIndex((from) => from <= row)] ?? 1);
  }

  /** How many whole numbers were written as decimals, as pandas does in columns with gaps. */
  decimals(): string[] {
    return this.columns.flatMap((column, i) =>
      this.rounded[i]
        ? `${this.table}.${column}: ${plural(this.rounded[i]!, "whole number")} written as decimals`
        : []
    );
  }

  /** The whole rows so far, checked to be UTF-8. */
  take(): Uint8Array {
    const chunk = this.out.slice(0, this.whole);
    const bad = badRow(chunk);
    if (bad >= 0) {
      const line = this.lineOf(this.taken + bad + 1) + feedsBeforeBad(chunk, bad);
      throw this.fault("Bytes that are not UTF-8", line, "save the file as UTF-8");
    }
    this.out.copyWithin(0, this.whole, this.size);
    this.size -= this.whole;
    this.value -= this.whole;
    this.whole = 0;
    this.taken = this.rows;
    if (this.size > LONGEST_ROW) {
      throw this.fault("A row of more than 64 MiB, or a quote without end", this.first, AGAIN);
    }
    return chunk;
  }

  /** Ends the file; the last record may lack its line feed. */
  end(): void {
    if (this.state === State.Quoted) {
      const opened = `A quoted text without end (the file ends in line ${this.line})`;
      throw this.fault(opened, this.opened, AGAIN);
    }
    if (this.state === State.Return) throw this.strayReturn();
    const begun = this.state !== State.Start || this.column > 0;
    if (begun) this.feed(Uint8Array.of(FEED));
  }

  feed(bytes: Uint8Array): void {
    const out = this.room(3 * bytes.length + 3);
    const length = bytes.length;
    let { state, size } = this;
    for (let i = 0; i < length; i++) {
      let byte = bytes[i]!;
      if (state === State.Quoted) {
        while (QUOTED[byte] === 0) {
          out[size++] = byte;
          if (++i === length) break;
          byte = bytes[i]!;
        }
        if (i === length) break;
        if (byte === QUOTE) state = State.Closed;
        else size = this.escape(out, size, byte);
        continue;
      }
      if (state === State.Start) {
        if (byte === QUOTE) {
          state = State.Quoted;
          this.opened = this.line;
          continue;
        }
        if (byte === COMMA || byte === FEED || byte === RETURN) {
          out[size++] = BACKSLASH;
          out[size++] = NULL;
        } else state = State.Bare;
      }
      if (state === State.Bare) {
        while (BARE[byte] === 0) {
          out[size++] = byte;
          if (++i === length) break;
          byte = bytes[i]!;
        }
        if (i === length) break;
      }
      if (state === State.Return && byte !== FEED) throw this.strayReturn();
      if (byte === COMMA) {
        size = this.endValue(out, size);
        out[size++] = TAB;
        this.value = size;
        state = State.Start;
      } else if (byte === FEED) {
        size = this.endRow(out, size);
        state = State.Start;
      } else if (byte === RETURN) {
        state = State.Return;
      } else if (state === State.Closed) {
        if (byte !== QUOTE) throw this.fault("Text after a closing quote", this.line, WRITE);
        out[size++] = QUOTE;
        state = State.Quoted;
      } else if (byte === QUOTE) {
        throw this.fault("A quote inside an unquoted value", this.line, WRITE);
      } else size = this.escape(out, size, byte);
    }
    this.state = state;
    this.size = size;
  }

  private room(more: number): Uint8Array {
    if (this.out.length < this.size + more) {
      const out = new Uint8Array(2 * this.size + more);
      out.set(this.out.subarray(0, this.size));
      this.out = out;
    }
    return this.out;
  }

  private escape(out: Uint8Array, size: number, byte: number): number {
    if (byte === 0) throw this.fault("A NUL byte", this.line, "save it as UTF-8");
    if (byte === FEED) this.line++;
    out[size] = BACKSLASH;
    out[size + 1] = byte === FEED
      ? LETTER_N
      : byte === RETURN
      ? LETTER_R
      : byte === TAB
      ? LETTER_T
      : byte;
    return size + 2;
  }

  /** Ends a value: a whole number as `61.0` becomes `61`. */
  private endValue(out: Uint8Array, size: number): number {
    const column = this.column++;
    if (!this.integer[column] || out[size - 1] !== ZERO) return size;
    const start = out[this.value] === 45 ? this.value + 1 : this.value;
    let dot = size - 1;
    while (dot > start && out[dot] === ZERO) dot--;
    if (out[dot] !== DOT || dot === start) return size;
    for (let i = start; i < dot; i++) if (out[i]! < ZERO || out[i]! > 57) return size;
    this.rounded[column]!++;
    return dot;
  }

  private endRow(out: Uint8Array, size: number): number {
    size = this.endValue(out, size);
    if (this.column !== this.columns.length) {
      const empty = this.column === 1 && size === this.whole + 2 && out[size - 1] === NULL;
      const found = empty ? "an empty line" : plural(this.column, "value");
      throw this.fault(`Found ${found}, expected ${this.columns.length}`, this.first, WRITE);
    }
    out[size++] = FEED;
    this.rows++;
    if (this.first - this.rows !== this.shift.at(-1)) {
      this.from.push(this.rows);
      this.shift.push(this.first - this.rows);
    }
    this.column = 0;
    this.first = ++this.line;
    this.value = this.whole = size;
    return size;
  }

  private strayReturn(): Error {
    return this.fault(STRAY, this.line, WRITE);
  }

  private fault(found: string, line: number, remedy: string): Error {
    return fault(found, `${this.path} line ${line}, table ${this.table}`, remedy);
  }
}

/** How many line feeds the text of a row holds before its first byte that is not UTF-8. */
function feedsBeforeBad(rows: Uint8Array, bad: number): number {
  let start = 0;
  for (let row = 0; row < bad; row++) start = rows.indexOf(FEED, start) + 1;
  const row = rows.subarray(start, rows.indexOf(FEED, start) + 1);
  const text = Buffer.from(row).toString("latin1").replaceAll(/\\(?!n)[^]/g, "");
  return text.split("\\n").findIndex((part) => !isUtf8(Buffer.from(part, "latin1")));
}
