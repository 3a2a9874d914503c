/** A table as it is printed: what HTML, plain text, Markdown and LaTeX are made from. */
import type { DataFrame } from "polars";
import { letters, type Look, printed } from "./cells.ts";
import { headsOf } from "./heads.ts";

/** A table of text: keys down the side, labels across the top, cells. */
export interface Grid {
  title: string;
  /** How many, as `826` or `24–826`. */
  n?: string;
  /** Where the data come from, and the version of the code, as sentences. */
  source?: string;
  /** Sentences for under the table: what markers mean, which family of tests. */
  notes?: readonly string[];
  /** Headings of the keys that run down. */
  side: readonly string[];
  /** One list of labels per level of the heading, one or two; neighbours with the same label share it. */
  head: readonly (readonly string[])[];
  /** Each row: its keys, then its cells. */
  body: readonly { keys: readonly string[]; cells: readonly string[] }[];
}

/**
 * A tidy frame as a table; the columns of text that it begins with run down the side.
 *
 * @throws {Error} when `decimals` names a column that the frame does not have
 */
export function gridOf(frame: DataFrame, title: string, look: Look = {}): Grid {
  const columns = printed(frame, look);
  // Numbers that are printed as text, such as "4.67 ± 0.79", are cells.
  const first = columns.findIndex(({ column, cells }) =>
    column.kind !== "text" || cells.every((cell) => !letters(cell))
  );
  const keys = first < 0 ? columns.length - 1 : first;
  const side = headsOf(columns.slice(0, keys).map(({ column }) => column));
  const across = headsOf(columns.slice(keys).map(({ column }) => column));
  const labels = across.map(({ label }) => label);
  const grouped = across.some(({ over }) => over);
  return {
    title,
    side: side.map(({ over, label }) => over ? `${over} ${label}` : label),
    head: grouped ? [across.map(({ over }) => over), labels] : [labels],
    body: Array.from({ length: frame.height }, (_, row) => ({
      keys: columns.slice(0, keys).map(({ cells }) => cells[row]!),
      cells: columns.slice(keys).map(({ cells }) => cells[row]!),
    })),
  };
}

/** What stands below a table or figure last: n, and where it comes from. */
export const lastOf = ({ n, source }: Pick<Grid, "n" | "source">): string =>
  [n && `n = ${n}.`, source].filter((part) => part).join(" ");

/** The headings of the cells in one line: what stands over a column before what stands at it. */
export const flatHead = ({ head }: Grid): string[] =>
  head[0]!.map((_, column) =>
    head.map((labels) => labels[column]!).filter((label) => label).join(" ")
  );

/** Which columns of cells are words, or signs such as † alone: they stand left. */
export const wordy = ({ head, body }: Pick<Grid, "head" | "body">): boolean[] =>
  head[0]!.map((_, i) =>
    body.some(({ cells }) => letters(cells[i]!) || /^[^\p{L}\d—∞−-]+$/u.test(cells[i]!))
  );
