/** A tidy frame as the words and digits that are shown and printed. */
import type { DataFrame } from "polars";
import {
  type Column,
  type ColumnKind,
  columnOf,
  decimalsOf,
  endOf,
  intervalOf,
  wordsOf,
} from "../columns.ts";
import { DASH, fixed } from "../format.ts";

/** Decimals of all columns of fractions but p, or by column; left out, those that are declared. */
export type Decimals = number | Readonly<Record<string, number>>;

/** How numbers are written. */
export interface Look {
  decimals?: Decimals;
  /** `apa`: what cannot pass 1, such as p, r and alpha, stands without the 0 before its point. */
  style?: "apa";
}

/** A column as it is printed. */
export interface Printed {
  column: Column;
  cells: string[];
}

/** A column of the frame with its kind there. */
interface Own {
  column: Column;
  /** Whether it is text in the frame. */
  text: boolean;
  whole: boolean;
  values: unknown[];
}

/**
 * The columns of a frame, every cell printed; undefined (null or NaN) is a dash. A lower limit and the
 * upper one behind it are one column, `[0.10, 0.30]`; ids of which the words are declared are words.
 *
 * @throws {Error} when `decimals` names a column that the frame does not have
 */
export function printed(frame: DataFrame, { decimals, style }: Look = {}): Printed[] {
  const named = typeof decimals === "object" ? decimals : {};
  const unknown = Object.keys(named).filter((name) => !frame.columns.includes(name));
  if (unknown.length) {
    throw new Error(
      `Decimals are given for ${unknown.join(", ")}: the table has ${frame.columns.join(", ")}`,
    );
  }
  const own = ownOf(frame);
  const places = (at: number): number => {
    const { column, whole } = own[at]!;
    const given = named[column.name];
    if (given !== undefined) return given;
    if (whole) return 0;
    if (typeof decimals === "number" && column.kind !== "p") return decimals;
    const before = followed(own, at);
    if (before !== null && column.decimals === undefined) return places(before);
    return decimalsOf(column);
  };
  const cellsOf = (at: number): string[] => {
    const { column, text, values } = own[at]!;
    if (text) return values.map((value) => worded(value, column));
    const kind = kindOf(own, at), digits = places(at), thresholds = !(column.name in named);
    const bare = style === "apa" && (kind === "p" || kind === "coefficient");
    return values.map((value) => {
      const cell = numeric(value, digits, kind === "p" && thresholds);
      return bare ? cell.replace(/(?<!\d)0\./, ".") : cell;
    });
  };
  return own.flatMap(({ column }, at) => {
    const lower = limitAt(own, at, "lower"), upper = limitAt(own, at, "upper");
    if (upper !== null && upper === limitAt(own, at - 1, "lower")) return [];
    if (lower === null || lower !== limitAt(own, at + 1, "upper")) {
      return [{ column, cells: cellsOf(at) }];
    }
    const above = cellsOf(at + 1);
    const both = cellsOf(at).map((low, row) =>
      low === DASH && above[row] === DASH ? DASH : `[${low}, ${above[row]}]`
    );
    return [{ column: intervalOf(lower) ?? unknownInterval(lower), cells: both }];
  });
}

function ownOf(frame: DataFrame): Own[] {
  // Records keep nulls; a column's toArray() makes them 0.
  const records = frame.toRecords() as Record<string, unknown>[];
  return frame.columns.map((name) => {
    const series = frame.getColumn(name), text = !series.isNumeric();
    const values = records.map((record) => record[name]);
    const column = asIn(frame, name);
    // A mean of counts is none.
    const whole = !series.isFloat() ||
      column.kind === "integer" &&
        values.every((value) => typeof value !== "number" || !(value % 1));
    return { column, text, whole, values };
  });
}

/** What is declared of a frame's column, of its kind there. */
export function asIn(frame: DataFrame, name: string): Column {
  const series = frame.getColumn(name);
  const known = columnOf(name) ?? { name, kind: "number", label: wordsOf(name), meaning: "" };
  const kind: ColumnKind = !series.isNumeric()
    ? "text"
    : known.kind === "text"
    ? "number"
    : known.kind;
  return { ...known, kind: kind === "number" && !series.isFloat() ? "integer" : kind };
}

/** An interval of something that is not known. */
const unknownInterval = (of: string): Column => ({
  name: of,
  kind: "interval",
  label: `95% CI of ${wordsOf(of)}`,
  meaning: "",
});

function limitAt(own: readonly Own[], at: number, wanted: "lower" | "upper"): string | null {
  const one = own[at];
  if (!one || one.text) return null;
  const end = endOf(one.column.name);
  return end?.end === wanted ? end.of : null;
}

/**
 * The column that an interval is one of: the estimate, or else what was estimated last before it; null
 * where it says itself what it is, and for any other column.
 */
function followed(own: readonly Own[], at: number): number | null {
  const end = endOf(own[at]!.column.name);
  const interval = end && intervalOf(end.of);
  if (!interval || interval.of !== undefined) return null;
  const before = own.slice(0, at).findLastIndex(({ column, text }) =>
    !text && !endOf(column.name) && ["number", "share", "coefficient"].includes(column.kind)
  );
  const estimate = own.findIndex(({ column }) => column.name === "estimate");
  if (estimate >= 0) return estimate;
  return before < 0 ? null : before;
}

function kindOf(own: readonly Own[], at: number): ColumnKind {
  const before = followed(own, at);
  return own[before ?? at]!.column.kind;
}

const undefinedIs = (value: unknown): boolean =>
  value === null || value === undefined || Number.isNaN(value);

const worded = (value: unknown, { levels }: Column): string =>
  undefinedIs(value) ? DASH : levels?.[String(value)] ?? String(value);

function numeric(value: unknown, decimals: number, threshold: boolean): string {
  if (undefinedIs(value)) return DASH;
  if (typeof value === "bigint") return String(value);
  const number = Number(value);
  if (!Number.isFinite(number)) return number < 0 ? "-∞" : "∞";
  if (threshold && number < 0.001) return "<0.001";
  const text = fixed(number, decimals);
  // Never -0.
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** What surrounds digits and is no word. */
const SIGNS = /\$?\\pm\$?|<\/?u>|^(NaN|nan|n<5)$/g;

/** Whether a cell is words and no number. */
export const letters = (text: string): boolean => /\p{L}/u.test(text.replace(SIGNS, ""));

/** A cell with real minus signs. */
export const withMinus = (cell: string): string =>
  letters(cell) ? cell : cell.replace(/(^|[\s[(<>*])-(?=[\d.∞])/g, "$1−");
