/** A table as it is printed: what Markdown and LaTeX are made from. */
import type { DataFrame } from "polars";
import { columnsOf, type Decimals } from "./cells.ts";
import { capital, headsOf } from "./heads.ts";

/** A table of text: keys down the side, labels across the top, cells. */
export interface Grid {
  title: string;
  /** What a caption must say besides: n, where the data come from, version of the code. */
  source?: string;
  /** Sentences for under the table: what markers mean, which family of tests. */
  notes?: readonly string[];
  /** Names of the keys that run down. */
  side: readonly string[];
  /** One list of labels per level of the heading; neighbours with the same label share it. */
  head: readonly (readonly string[])[];
  /** Each row: its keys, then its cells. */
  body: readonly { keys: readonly string[]; cells: readonly string[] }[];
}

/**
 * A tidy frame as a table; the columns of text that it begins with run down the side.
 *
 * @throws {Error} when `decimals` names a column that the frame does not have
 */
export function gridOf(frame: DataFrame, title: string, decimals?: Decimals): Grid {
  const columns = columnsOf(frame, decimals);
  // Numbers that are printed as text, such as "4.67 ± 0.79", are cells.
  const first = columns.findIndex(({ text, cells }) =>
    !text || cells.every((cell) => !letters(cell))
  );
  const keys = first < 0 ? columns.length - 1 : first;
  const heads = headsOf(columns.map(({ name }) => name))
    .map(({ over, label }) => ({ over: capital(over), label: over ? label : capital(label) }));
  const across = heads.slice(keys);
  const labels = across.map(({ label }) => label);
  const grouped = across.some(({ over }) => over);
  return {
    title,
    side: heads.slice(0, keys).map(({ over, label }) => over ? `${over} ${label}` : label),
    head: grouped ? [across.map(({ over }) => over), labels] : [labels],
    body: Array.from({ length: frame.height }, (_, row) => ({
      keys: columns.slice(0, keys).map(({ cells }) => cells[row]!),
      cells: columns.slice(keys).map(({ cells }) => cells[row]!),
    })),
  };
}

/** Whether a cell is words and no number. */
export const letters = (text: string): boolean =>
  /\p{L}/u.test(text.replace(/^(NaN|nan|n<5)$/, ""));
