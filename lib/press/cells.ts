/** A tidy frame as the words and digits that are shown and printed. */
import type { DataFrame } from "polars";
import { DASH, fixed } from "../format.ts";

/**
 * Decimals of all columns of fractions, or by column. Left out, whole numbers have 0, fractions 2, and
 * `p` and every `p_…` have 3 with `<0.001` below.
 */
export type Decimals = number | Readonly<Record<string, number>>;

type Format = (value: number) => string;

/** A column as it is printed. */
export interface Column {
  name: string;
  /** Whether it is text in the frame; the others are numbers. */
  text: boolean;
  cells: string[];
}

/**
 * The columns of a frame, every cell printed; undefined (null or NaN) is a dash.
 *
 * @throws {Error} when `decimals` names a column that the frame does not have
 */
export function columnsOf(frame: DataFrame, decimals?: Decimals): Column[] {
  const named = typeof decimals === "object" ? decimals : {};
  const unknown = Object.keys(named).filter((name) => !frame.columns.includes(name));
  if (unknown.length) {
    throw new Error(
      `Decimals are given for ${unknown.join(", ")}: the table has ${frame.columns.join(", ")}`,
    );
  }
  // Records keep nulls; a column's toArray() makes them 0.
  const records = frame.toRecords() as Record<string, unknown>[];
  return frame.columns.map((name) => {
    const format = formatOf(frame, name, decimals);
    return {
      name,
      text: format === null,
      cells: records.map((record) => cell(record[name], format)),
    };
  });
}

function formatOf(frame: DataFrame, name: string, decimals?: Decimals): Format | null {
  const series = frame.getColumn(name);
  if (!series.isNumeric()) return null;
  if (typeof decimals === "object" && name in decimals) {
    return (value) => rounded(value, decimals[name]!);
  }
  if (/^p(_|$)/.test(name)) return probability;
  const fraction = typeof decimals === "number" ? decimals : 2;
  return (value) => rounded(value, series.isFloat() ? fraction : 0);
}

function cell(value: unknown, format: Format | null): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  if (!format) return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return value < 0 ? "-∞" : "∞";
  return typeof value === "bigint" ? String(value) : format(Number(value));
}

const probability: Format = (p) => p < 0.001 ? "<0.001" : rounded(p, 3);

/** With a fixed number of decimals; never -0. */
function rounded(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}
