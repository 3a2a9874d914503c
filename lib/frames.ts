/** The one typed door between Polars and TypeScript. */
import pl, { type DataFrame, type Series } from "polars";
import type { z } from "zod";

/**
 * The rows of a frame, checked.
 *
 * Polars hands out untyped records; whatever leaves it for TypeScript passes here, so a renamed or
 * mistyped column fails with its name instead of becoming `undefined` in a number.
 *
 * @throws {TypeError} naming the row, the column and the value that do not fit
 */
export function rows<T>(frame: DataFrame, shape: z.ZodType<T>): T[] {
  return (frame.toRecords() as unknown[]).map((record, index) => {
    const parsed = shape.safeParse(record);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new TypeError(
      `Row ${index + 1} of ${frame.height}, column ${issue.path.join(".")}: ${issue.message}: ` +
        `current value is ${JSON.stringify(issue.path.reduce<unknown>(at, record))}`,
    );
  });
}

const at = (value: unknown, key: PropertyKey): unknown =>
  (value as Record<PropertyKey, unknown> | undefined)?.[key];

/** The kind of a column: text, whole number or number. */
export type Kind = "text" | "integer" | "number";

/**
 * A column with its type stated; `null` stays undefined.
 *
 * nodejs-polars 0.25.2 turns null into 0 when a Series is made as Int32, silently; made as Float64 and
 * cast it stays null.
 */
export function series(name: string, values: readonly unknown[], kind: Kind): Series {
  return kind === "integer"
    ? pl.Series(name, [...values], pl.Float64).cast(pl.Int32)
    : pl.Series(name, [...values], kind === "text" ? pl.Utf8 : pl.Float64);
}

/**
 * A frame from records, with the columns, their order and their types stated.
 *
 * Types inferred from data would differ with the data (a column that is undefined in every row
 * would become text). `null` stays undefined.
 */
export function frame(
  records: readonly object[],
  columns: Readonly<Record<string, Kind>>,
): DataFrame {
  return pl.DataFrame(
    Object.entries(columns).map(([name, kind]) =>
      series(name, records.map((record) => (record as Record<string, unknown>)[name] ?? null), kind)
    ),
  );
}

/** Rows in columns that take a few bytes each: what is computed from many rows takes them and not a frame. */
export interface Columns {
  readonly height: number;
  /** What the columns are called, in their order. */
  readonly names: readonly string[];
  kind(name: string): Kind;
  has(name: string): boolean;
  /** The texts of a column; of equal ones there is one. */
  words(name: string): (string | null)[];
  /** The number that a column has in a row; null also where there is no such row. */
  numbers(name: string): (row: number | undefined) => number | null;
}

/** Whole numbers of 32 bits by place, null where there is none: in as many bytes as the widest needs. */
export class Numbers {
  #values: Int8Array | Int16Array | Int32Array = new Int8Array(1024);
  /** What stands where there is none: the lowest number that the bytes hold. */
  #none = -128;
  #length = 0;

  set(at: number, value: number): void {
    while (value <= this.#none || value > -1 - this.#none) this.#widen();
    if (at >= this.#values.length) {
      const Kind = this.#values.constructor as Int8ArrayConstructor;
      const more = new Kind(Math.max(at + 1, 2 * this.#values.length));
      more.set(this.#values.subarray(0, this.#length));
      this.#values = more;
    }
    this.#values.fill(this.#none, this.#length, at);
    this.#values[at] = value;
    this.#length = Math.max(this.#length, at + 1);
  }

  #widen(): void {
    const none = this.#none, before = this.#values;
    if (before instanceof Int32Array) {
      throw new RangeError("A whole number has at most 32 bits here");
    }
    const Kind = before instanceof Int8Array ? Int16Array : Int32Array;
    this.#none = before instanceof Int8Array ? -(2 ** 15) : -(2 ** 31);
    this.#values = new Kind(before.length);
    for (let at = 0; at < this.#length; at++) {
      this.#values[at] = before[at] === none ? this.#none : before[at]!;
    }
  }

  /** All of them, and what stands where there is none. */
  get all(): { values: Int8Array | Int16Array | Int32Array; none: number } {
    return { values: this.#values.subarray(0, this.#length), none: this.#none };
  }

  at(at: number): number | null {
    const value = at >= 0 && at < this.#length ? this.#values[at]! : this.#none;
    return value === this.#none ? null : value;
  }
}

/** Records that come one after the other, of which only the columns stay. */
export class Collected implements Columns {
  #height = 0;
  /** Of texts where each stands among the different ones; numbers that may not be whole as they are. */
  readonly #columns: ReadonlyMap<string, { kind: Kind; at: Numbers; values: unknown[] }>;
  readonly #places = new Map<string, Map<string, number>>();

  constructor(columns: Readonly<Record<string, Kind>>) {
    this.#columns = new Map(
      Object.entries(columns).map(([name, kind]) => [
        name,
        { kind, at: new Numbers(), values: [] },
      ]),
    );
    for (const [name, { kind }] of this.#columns) {
      if (kind === "text") this.#places.set(name, new Map());
    }
  }

  get height(): number {
    return this.#height;
  }

  get names(): string[] {
    return [...this.#columns.keys()];
  }

  kind(name: string): Kind {
    return this.#columns.get(name)!.kind;
  }

  has(name: string): boolean {
    return this.#columns.has(name);
  }

  add(record: object): void {
    const row = this.#height++;
    for (const [name, { kind, at, values }] of this.#columns) {
      const value = (record as Record<string, unknown>)[name] ?? null;
      if (kind === "number") values.push(value);
      else if (value !== null) {
        at.set(row, kind === "text" ? this.#place(name, value as string) : value as number);
      }
    }
  }

  /** Sets one number of the last record. */
  put(name: string, value: number): void {
    this.#columns.get(name)!.at.set(this.#height - 1, value);
  }

  #place(name: string, text: string): number {
    const places = this.#places.get(name)!;
    const known = places.get(text);
    if (known !== undefined) return known;
    this.#columns.get(name)!.values.push(text);
    places.set(text, places.size);
    return places.size - 1;
  }

  words(name: string): (string | null)[] {
    const { at, values } = this.#columns.get(name)!;
    return Array.from({ length: this.#height }, (_, row) => {
      const place = at.at(row);
      return place === null ? null : values[place] as string;
    });
  }

  numbers(name: string): (row: number | undefined) => number | null {
    const { kind, at, values } = this.#columns.get(name)!;
    if (kind === "number") return (row) => row === undefined ? null : values[row] as number ?? null;
    return (row) => row === undefined ? null : at.at(row);
  }

  /**
   * A column as it is kept: numbers, and what stands where there is none, which is also what is to be thought
   * behind the last one; of texts the places among `texts`.
   */
  bare(name: string):
    | { values: Int8Array | Int16Array | Int32Array; none: number; texts: readonly string[] | null }
    | { values: Float64Array; none: number; texts: null } {
    const { kind, at, values } = this.#columns.get(name)!;
    if (kind !== "number") {
      return { ...at.all, texts: kind === "text" ? values as string[] : null };
    }
    return {
      values: Float64Array.from(values, (value) => value as number ?? NaN),
      none: NaN,
      texts: null,
    };
  }

  frame(): DataFrame {
    return pl.DataFrame([...this.#columns].map(([name, { kind, at, values }]) => {
      const all = <T>(of: (row: number) => T) =>
        Array.from({ length: this.#height }, (_, row) => of(row));
      if (kind === "number") return series(name, values, kind);
      if (kind === "integer") return series(name, all((row) => at.at(row)), kind);
      // Texts that are handed over one by one take ten times as long and thrice the room.
      return series(name, [...values, null], kind).gather(
        all((row) => at.at(row) ?? values.length),
      );
    }));
  }
}

/** Rows of a frame that leave Polars at a time: it hands out each text anew. */
const AT_ONCE = 10_000;

/** A frame in columns. */
export function columnsOf(frame: DataFrame): Columns {
  const column = <T>(of: DataFrame, name: string) => of.getColumn(name).toArray() as T[];
  return {
    height: frame.height,
    names: frame.columns,
    kind(name) {
      const column = frame.getColumn(name);
      return !column.isNumeric() ? "text" : column.isFloat() ? "number" : "integer";
    },
    has: (name) => frame.columns.includes(name),
    words(name) {
      const known = new Map<string, string>(), all: (string | null)[] = [];
      for (let from = 0; from < frame.height; from += AT_ONCE) {
        for (const text of column<string | null>(frame.slice(from, AT_ONCE), name)) {
          if (text !== null && !known.has(text)) known.set(text, text);
          all.push(text === null ? null : known.get(text)!);
        }
      }
      return all;
    },
    numbers(name) {
      const values = column<number | null>(frame, name);
      return (row) => row === undefined ? null : values[row] ?? null;
    },
  };
}
