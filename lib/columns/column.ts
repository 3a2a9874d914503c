/** What is declared of a column. */

/**
 * - `share`: 0–1; `coefficient`: never beyond ±1, such as r and alpha; `p`: a probability, of which
 *   below 0.001 only that is said;
 * - `integer`: counts, and numbers that name something;
 * - `interval`: no column of its own but two, `NAME_lower` and `NAME_upper`, printed as one.
 */
export type ColumnKind =
  | "text"
  | "integer"
  | "number"
  | "share"
  | "coefficient"
  | "p"
  | "interval";

/** A column of a result. */
export interface Column {
  name: string;
  kind: ColumnKind;
  /** In words; as a heading it begins with a capital. A statistic of one letter stays one: `d_z`. */
  label: string;
  /** A sentence or two, with what undefined means; empty where nobody declared the column. */
  meaning: string;
  /** What it stands under, with its neighbours of the same: `p` over `naive` and `Holm`. */
  over?: string;
  /** Stands in the heading, in parentheses. */
  unit?: string;
  /** Where they are not those of its kind. */
  decimals?: number;
  /** Values that are ids, in words. */
  levels?: Readonly<Record<string, string>>;
  /** Of an interval, what its limits are; left out, what the column before it is. */
  of?: Exclude<ColumnKind, "text" | "interval">;
}

/** Columns by name. */
export type Columns = Readonly<Record<string, Omit<Column, "name">>>;

type More = Pick<Column, "over" | "unit" | "decimals" | "levels" | "of">;

const of = (kind: ColumnKind) => (label: string, meaning: string, more: More = {}) => ({
  kind,
  label,
  meaning,
  ...more,
});

export const text = of("text");
export const integer = of("integer");
export const number = of("number");
export const share = of("share");
export const coefficient = of("coefficient");
export const p = of("p");
export const interval = of("interval");
