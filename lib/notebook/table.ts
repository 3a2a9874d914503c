/** A frame as a table, in HTML and in plain text. */
import type { DataFrame } from "polars";
import { DASH } from "../format.ts";
import { cellHtml, columnsOf, type Decimals, escape } from "../press.ts";

export interface TableOptions {
  /** Limits that stand side by side (`ci_lower`, `ci_upper`) are shown as one column. */
  decimals?: Decimals;
}

const MOST_ROWS = 120;
/** A longer table scrolls in a box of its own, so that the cell below stays near. */
const TALL = 40;
/** Its head stays, and must cover the rows below it: in the colours of JupyterLab or VS Code. */
const STAYS = "position:sticky;top:0;" +
  "background:var(--jp-layout-color0,var(--vscode-editor-background,Canvas));" +
  "color:var(--jp-content-font-color1,var(--vscode-editor-foreground,CanvasText))";
/** What stands between two dollars is no formula: MathJax, of Jupyter's pages, passes it over. */
const NO_TEX = "tex2jax_ignore mathjax_ignore";
/** A text of so many characters stays on one line; columns of longer ones have room for some words. */
const LABEL = 24;
/** A caption of so many characters does not break at the width of a narrow table. */
const SHORT = 60;

/** A table as HTML that takes its colours from the page around it; at most 120 rows. */
export function tableHtml(frame: DataFrame, caption: string, options: TableOptions = {}): string {
  const { columns, body, note } = printed(frame, options);
  // A caption without a table would break after every word.
  if (!body.length) return `<p>${escape(caption)}: none</p>`;
  const side = (text: boolean, more = "") => text ? ` style="text-align:left${more}"` : "";
  const longest = columns.map((_, i) => Math.max(...body.map((row) => size(row[i]!))));
  const heads = columns.map(({ head, text }, i) =>
    `<th scope="col"${side(text, longest[i]! > LABEL ? ";min-width:14em" : "")}>${
      escape(head)
    }</th>`
  );
  const kept = longest.map((size) => size > LABEL ? "" : ";white-space:nowrap");
  const lines = body.map((row) =>
    `<tr>${
      row.map((cell, i) => `<td${side(columns[i]!.text, kept[i])}>${cellHtml(cell)}</td>`).join("")
    }</tr>`
  );
  const tall = body.length > TALL;
  const box = tall
    ? "overflow:auto scroll;max-height:36em;width:fit-content;max-width:100%"
    : "overflow-x:auto";
  const line = caption.length > SHORT ? "" : ";white-space:nowrap";
  return [
    `<div class="${NO_TEX}" style="${box}"${tall ? ` tabindex="0"` : ""}>`,
    `<table style="border-collapse:collapse;text-align:right;font-variant-numeric:tabular-nums">`,
    `<caption style="caption-side:top;text-align:left;color:inherit${line}">${
      escape(caption)
    }</caption>`,
    `<thead${tall ? ` style="${STAYS}"` : ""}><tr>${heads.join("")}</tr></thead>`,
    "<tbody>",
    ...lines,
    "</tbody>",
    `</table>`,
    `</div>`,
    // A scrollbar that shows only when it moves would let the first rows pass for all.
    ...tall
      ? [
        `<p style="font-size:85%;margin:0.5em 0">${
          note || `${body.length} rows`
        }<span class="scrolls">: the table scrolls</span></p>`,
      ]
      : [],
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
