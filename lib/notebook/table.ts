/** A frame as a table, in HTML and in plain text. */
import type { DataFrame } from "polars";
import { DASH } from "../format.ts";
import { columnsOf, type Decimals } from "../press.ts";
import { escape } from "./html.ts";

export interface TableOptions {
  /** Limits that stand side by side (`ci_lower`, `ci_upper`) are shown as one column. */
  decimals?: Decimals;
}

const MOST_ROWS = 120;
/** A longer table scrolls in a box of its own, so that the cell below stays near. */
const TALL = 40;

/** A table as HTML that takes its colours from the page around it; at most 120 rows. */
export function tableHtml(frame: DataFrame, caption: string, options: TableOptions = {}): string {
  const { columns, body, note } = printed(frame, options);
  // A caption without a table would break after every word.
  if (!body.length) return `<p>${escape(caption)}: none</p>`;
  const side = (text: boolean) => text ? ` style="text-align:left"` : "";
  const heads = columns.map(({ head, text }) =>
    `<th scope="col"${side(text)}>${escape(head)}</th>`
  );
  const lines = body.map((row) =>
    `<tr>${row.map((cell, i) => `<td${side(columns[i]!.text)}>${escape(cell)}</td>`).join("")}</tr>`
  );
  const box = body.length > TALL ? "overflow:auto;max-height:36em" : "overflow-x:auto";
  return [
    `<div style="${box}">`,
    `<table style="border-collapse:collapse;text-align:right;font-variant-numeric:tabular-nums">`,
    `<caption style="caption-side:top;text-align:left;color:inherit">${escape(caption)}</caption>`,
    `<thead><tr>${heads.join("")}</tr></thead>`,
    "<tbody>",
    ...lines,
    "</tbody>",
    `</table>`,
    ...note ? [`<p>${note}</p>`] : [],
    `</div>`,
  ].join("\n");
}

/** A table as aligned plain text; at most 120 rows. */
export function tableText(frame: DataFrame, caption: string, options: TableOptions = {}): string {
  const { columns, body, note } = printed(frame, options);
  if (!body.length) return `${caption}: none`;
  const heads = columns.map(({ head }) => head);
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...body.map((row) => row[i]!)].map(size))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => {
      const blank = " ".repeat(widths[i]! - size(cell));
      return columns[i]!.text ? cell + blank : blank + cell;
    }).join("  ").trimEnd();
  const table = [
    line(heads),
    widths.map((width) => "-".repeat(width)).join("  "),
    ...body.map(line),
  ];
  return [caption, ...table, ...note ? [note] : []].join("\n");
}

const size = (text: string): number => [...text].length;

interface Shown {
  head: string;
  /** Text stands left, numbers right. */
  text: boolean;
  cells: readonly string[];
}

/** A frame as the words and digits that will be shown. */
function printed(frame: DataFrame, { decimals }: TableOptions) {
  const columns = joined(columnsOf(frame.head(MOST_ROWS), decimals));
  const height = Math.min(frame.height, MOST_ROWS);
  const body = Array.from({ length: height }, (_, row) => columns.map(({ cells }) => cells[row]!));
  return { columns, body, note: note(frame.height) };
}

/** Columns as they are shown: a lower limit and the upper one behind it are one. */
function joined(columns: ReturnType<typeof columnsOf>): Shown[] {
  const end = (at: number, end: "lower" | "upper") =>
    new RegExp(`^(.+)_${end}$`).exec(columns[at]?.name ?? "")?.[1];
  return columns.flatMap(({ name, text, cells }, at) => {
    const lower = end(at, "lower"), upper = end(at, "upper");
    if (upper !== undefined && upper === end(at - 1, "lower")) return [];
    if (lower === undefined || lower !== end(at + 1, "upper")) {
      return [{ head: name.replaceAll("_", " "), text, cells }];
    }
    const above = columns[at + 1]!.cells;
    const both = cells.map((low, row) =>
      low === DASH && above[row] === DASH ? DASH : `[${low}, ${above[row]}]`
    );
    return [{ head: limits(lower), text, cells: both }];
  });
}

const limits = (of: string): string => of === "ci" ? "95% CI" : `${of.replaceAll("_", " ")} limits`;

const note = (height: number): string =>
  height > MOST_ROWS ? `${MOST_ROWS} of ${height} rows shown` : "";
