/** A frame as a table, in HTML and in plain text. */
import type { DataFrame } from "polars";
import { columnsOf, type Decimals } from "../press.ts";
import { escape } from "./html.ts";

export interface TableOptions {
  decimals?: Decimals;
}

const MOST_ROWS = 80;

/** A table as HTML that takes its colours from the page around it; at most 80 rows. */
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
  return [
    `<div style="overflow-x:auto">`,
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

/** A table as aligned plain text; at most 80 rows. */
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

interface Column {
  head: string;
  /** Text stands left, numbers right. */
  text: boolean;
}

/** A frame as the words and digits that will be shown. */
function printed(frame: DataFrame, { decimals }: TableOptions) {
  const shown = columnsOf(frame.head(MOST_ROWS), decimals);
  const columns: Column[] = shown.map(({ name, text }) => ({
    head: name.replaceAll("_", " "),
    text,
  }));
  const height = Math.min(frame.height, MOST_ROWS);
  const body = Array.from({ length: height }, (_, row) => shown.map(({ cells }) => cells[row]!));
  return { columns, body, note: note(frame.height) };
}

const note = (height: number): string =>
  height > MOST_ROWS ? `${MOST_ROWS} of ${height} rows shown` : "";
