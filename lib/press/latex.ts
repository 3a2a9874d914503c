/** Tables and figures as LaTeX: booktabs, siunitx, and longtable for what no page holds. */
import { columnsIn, type TexColumn } from "./columns.ts";
import type { Grid } from "./grid.ts";
import { labelled, tex } from "./tex.ts";

/** What the files of this room need in the preamble. */
export const PREAMBLE = String.raw`\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{graphicx,booktabs,longtable,lscape,siunitx}
\sisetup{group-digits=false}`;

/** The widest column of a page with two: in mm, and in pt with some letters to spare. */
const COLUMN_MM = 90;
const COLUMN = 260;

/** More rows do not fit on a page. */
const PAGE_ROWS = 45;

/** Shrinks what is wider than the text, and nothing else. */
const FITTED = String.raw`\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}`;

/**
 * A `table`, or from 46 rows a `longtable`; needs `PREAMBLE`.
 *
 * @param stated label of a {@link sourceLatex} that says the source of all tables of a document; without
 *   it the table's notes say it
 */
export function latex(grid: Grid, label: string, stated?: string): string {
  const lines = (grid.body.length > PAGE_ROWS ? long : short)(grid, label, stated);
  return [...about(grid), ...lines, ""].join("\n");
}

/** Whoever opens the file reads where it comes from, wherever that is printed. */
const about = ({ source }: Pick<Grid, "source">): string[] =>
  source ? [`% ${source.replaceAll(/\s+/g, " ")}`] : [];

/** Where the data of a document come from and the version of the code, said once for all its tables. */
export const sourceLatex = (source: string, label: string): string =>
  `\\par\\noindent\\textbf{Data and code.}\\label{source:${label}} ${tex(source)}\\par\n`;

/** What no column of a page with two columns holds stands across both; with one column it is the same. */
const across = (environment: string, wide: boolean) => environment + (wide ? "*" : "");

/**
 * A `figure` that shows a PDF; needs `PREAMBLE`.
 *
 * @param mm width of the PDF
 * @param stated as of {@link latex}
 */
export function figureLatex(
  figure: Pick<Grid, "title" | "n" | "source" | "notes">,
  file: string,
  label: string,
  mm: number,
  stated?: string,
): string {
  const environment = across("figure", mm > COLUMN_MM);
  return [
    ...about(figure),
    `\\begin{${environment}}[htbp]`,
    "\\centering",
    `${FITTED}{\\includegraphics{${file}}}`,
    caption(figure),
    `\\label{fig:${label}}`,
    ...below(figure, stated),
    `\\end{${environment}}`,
    "",
  ].join("\n");
}

function short(grid: Grid, label: string, stated?: string): string[] {
  const columns = columnsIn(grid);
  const letters = columns.reduce((sum, { width }) => sum + width, 0);
  const environment = across("table", letters * 5 + 12 * spans(columns) > COLUMN);
  return [
    `\\begin{${environment}}[htbp]`,
    "\\centering",
    caption(grid),
    `\\label{tab:${label}}`,
    "\\par\\smallskip",
    `${FITTED}{\\begin{tabular}{@{}${spec(columns)}@{}}`,
    "\\toprule",
    ...heading(grid, columns),
    "\\midrule",
    ...rows(grid, columns, false),
    "\\bottomrule",
    "\\end{tabular}}",
    ...below(grid, stated),
    `\\end{${environment}}`,
  ];
}

/** Sizes of letters, the width of one in pt, and the room between columns. */
const SIZES = [
  { size: "small", letter: 4.7, gap: 4 },
  { size: "footnotesize", letter: 4.4, gap: 4 },
  { size: "scriptsize", letter: 4.1, gap: 3 },
  { size: "tiny", letter: 3.5, gap: 2.5 },
] as const;

/** Width of the text in pt on A4 with margins of 2.5 cm, upright and on its side. */
const UPRIGHT = 455;
const SIDEWAYS = 700;

/** Nothing shrinks a table that goes over pages: its letters are as small as its lines are long. */
function long(grid: Grid, label: string, stated?: string): string[] {
  const columns = columnsIn(grid);
  const letters = columns.reduce((sum, { width }) => sum + width, 0);
  const fits = (room: number) =>
    SIZES.find(({ letter, gap }) => letters * letter + 2 * gap * spans(columns) <= room);
  const upright = fits(UPRIGHT);
  const { size, gap } = upright ?? fits(SIDEWAYS) ?? SIZES.at(-1)!;
  const head = ["\\toprule", ...heading(grid, columns), "\\midrule"];
  const next = `\\multicolumn{${spans(columns)}}{@{}l}{\\tablename\\ \\thetable, continued}\\\\`;
  return [
    upright ? "\\begingroup" : "\\begin{landscape}",
    `\\${size}\\setlength{\\tabcolsep}{${gap}pt}\\setlength{\\LTcapwidth}{\\linewidth}`,
    `\\begin{longtable}{@{}${spec(columns)}@{}}`,
    `${caption(grid)}\\label{tab:${label}}\\\\[\\smallskipamount]`,
    ...head,
    "\\endfirsthead",
    next,
    ...head,
    "\\endhead",
    "\\bottomrule",
    "\\endfoot",
    ...rows(grid, columns, true),
    "\\end{longtable}",
    ...below(grid, stated),
    upright ? "\\endgroup" : "\\end{landscape}",
  ];
}

/** The title alone: the number is the paper's own, and everything else stands in the notes. */
const caption = ({ title }: Pick<Grid, "title">): string =>
  `\\caption{${tex(title.replace(/^(Table|Figure) \w+[.:] /, "").replace(/\.$/, ""))}}`;

type Below = Pick<Grid, "n" | "notes" | "source">;

/** n, the notes, and where it comes from or where that is said. */
function below({ n, notes = [], source }: Below, stated?: string): string[] {
  const parts = [
    ...n ? [`\\textit{n}~=~${tex(n)}.`] : [],
    ...notes.map(tex),
    ...source
      ? [stated === undefined ? tex(source) : `Data and code: page~\\pageref{source:${stated}}.`]
      : [],
  ];
  if (!parts.length) return [];
  return [
    "\\par\\smallskip",
    `\\noindent\\parbox{\\linewidth}{\\footnotesize\\raggedright\\textit{Note.} ${
      parts.join(" ")
    }}`,
  ];
}

const spec = (columns: readonly TexColumn[]): string => columns.map(({ spec }) => spec).join("");
const spans = (columns: readonly TexColumn[]): number =>
  columns.reduce((sum, { span }) => sum + span, 0);

/** The levels of the heading; a label over several columns has a rule below it. */
function heading({ side, head }: Grid, columns: readonly TexColumn[]): string[] {
  const keys = columns.slice(0, side.length), values = columns.slice(side.length);
  return head.map((labels, level) => {
    const last = level === head.length - 1;
    const over = last ? labels.map((text, i) => ({ text, from: i, to: i + 1 })) : runs(labels);
    let column = keys.length + 1;
    const placed = over.map(({ text, from, to }) => {
      const width = spans(values.slice(from, to));
      column += width;
      return { text, width, columns: `${column - width}-${column - 1}` };
    });
    const names = side.map((name) => last ? labelled(name) : "");
    const cells = placed.map(({ text, width }, i) =>
      // What stands between two columns of one number would stand in an empty cell as well.
      width === 1 && (!text || last && values[i]!.left)
        ? labelled(text)
        : `\\multicolumn{${width}}{c}{${labelled(text)}}`
    );
    const rules = last
      ? []
      : placed.filter(({ text }) => text).map(({ columns }) => `\\cmidrule(lr){${columns}}`);
    return `${[...names, ...cells].join(" & ")} \\\\ ${rules.join(" ")}`.trimEnd();
  });
}

/** Neighbours with the same label, as one heading over them. */
function runs(labels: readonly string[]): { text: string; from: number; to: number }[] {
  const found: { text: string; from: number; to: number }[] = [];
  labels.forEach((text, i) => {
    const last = found.at(-1);
    if (last && text && last.text === text) last.to = i + 1;
    else found.push({ text, from: i, to: i + 1 });
  });
  return found;
}

/** So many rows stay on one page; after as many a page may end. */
const TOGETHER = 15;

/** Which rows say all of their keys: the first of each first key and, where pages end, every so many. */
function stating({ side, body }: Grid, pages: boolean): boolean[] {
  let since = 0;
  return body.map(({ keys }, row) => {
    const first = row === 0 || (side.length > 1 && keys[0] !== body[row - 1]!.keys[0]);
    since = first || (pages && since === TOGETHER) ? 1 : since + 1;
    return since === 1;
  });
}

/**
 * The rows; keys that are the same as above are left out, and a new first key has room above it.
 *
 * @param pages whether they go over pages: one ends only where the next says whose its first row is
 */
function rows(grid: Grid, columns: readonly TexColumn[], pages: boolean): string[] {
  const { side, body } = grid, states = stating(grid, pages);
  return body.map(({ keys }, row) => {
    const above = body[row - 1]?.keys;
    const cells = columns.map(({ cells }, i) => {
      const repeated = !states[row] && i < side.length - 1 &&
        keys.slice(0, i + 1).every((key, at) => key === above?.[at]);
      return repeated ? "" : cells[row]!;
    });
    const group = above && side.length > 1 && keys[0] !== above[0] ? "\\addlinespace\n" : "";
    const end = pages && side.length > 1 && states[row + 1] === false ? "\\\\*" : "\\\\";
    return `${group}${cells.join(" & ")} ${end}`;
  });
}
