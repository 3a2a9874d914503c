/** A frame as a table, in HTML and in plain text. */
import type { DataFrame } from "polars";
import {
  type Dressed,
  escape,
  flatHead,
  type Grid,
  gridOf,
  type Look,
  tableHtml as htmlOf,
  withMinus,
  wordy,
} from "../press.ts";

/** How the numbers of a table are written. */
export type TableOptions = Look;

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
  const { grid, note } = shown(frame, caption, options);
  const { body } = grid;
  // A caption without a table would break after every word.
  if (!body.length) return `<p>${escape(caption)}: none</p>`;
  const tall = body.length > TALL;
  const box = tall
    ? "overflow:auto scroll;max-height:36em;width:fit-content;max-width:100%"
    : "overflow-x:auto";
  const line = caption.length > SHORT ? "" : ";white-space:nowrap";
  return [
    `<div class="${NO_TEX}" style="${box}"${tall ? ` tabindex="0"` : ""}>`,
    htmlOf(grid, {
      table: ` style="border-collapse:collapse;text-align:right;font-variant-numeric:tabular-nums"`,
      head: tall ? ` style="${STAYS}"` : "",
      caption: `<caption style="caption-side:top;text-align:left;color:inherit${line}">${
        escape(caption)
      }</caption>`,
      // Stripes would cut through keys that stand for several rows.
      row: ` style="background:none"`,
      cell: style,
    }),
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

/** Words stand left and keys at the top of their rows; neither is torn apart on a narrow page. */
function style({ part, words, longest }: Dressed): string {
  const rules = [
    ...words ? ["text-align:left"] : [],
    ...part === "over" ? ["text-align:center", "border-bottom:1px solid"] : [],
    ...part === "head" ? ["vertical-align:bottom"] : [],
    ...part === "key" ? ["vertical-align:top", "font-weight:normal"] : [],
    ...words && part === "head" && longest > LABEL ? ["min-width:14em"] : [],
    ...words && part !== "head" && longest <= LABEL ? ["white-space:nowrap"] : [],
  ];
  return rules.length ? ` style="${rules.join(";")}"` : "";
}

/** A table as aligned plain text; at most 120 rows. */
export function tableText(frame: DataFrame, caption: string, options: TableOptions = {}): string {
  const { grid, note } = shown(frame, caption, options);
  if (!grid.body.length) return `${caption}: none`;
  const heads = [...grid.side, ...flatHead(grid)];
  const left = [...grid.side.map(() => true), ...wordy(grid)];
  const body = grid.body.map(({ keys, cells }) => [...keys, ...cells].map(withMinus));
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...body.map((row) => row[i]!)].map(size))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => {
      const blank = " ".repeat(widths[i]! - size(cell));
      return left[i] ? cell + blank : blank + cell;
    }).join("  ").trimEnd();
  const table = [
    line(heads),
    widths.map((width) => "-".repeat(width)).join("  "),
    ...body.map(line),
  ];
  return [caption, ...table, ...note ? [note] : []].join("\n");
}

const size = (text: string): number => [...text].length;

/** A frame as the table that will be shown, and what it leaves out. */
function shown(frame: DataFrame, caption: string, look: Look): { grid: Grid; note: string } {
  const { height } = frame;
  return {
    grid: gridOf(frame.head(MOST_ROWS), caption, look),
    note: height > MOST_ROWS ? `${MOST_ROWS} of ${height} rows shown` : "",
  };
}
