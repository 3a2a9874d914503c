/**
 * What a paper takes in as it is: tables as CSV, Markdown, LaTeX and HTML, figures as SVG, PDF and PNG.
 *
 * The LaTeX needs the packages of `PREAMBLE`, all of them in Debian's texlive-latex-recommended and
 * texlive-science, and compiles under pdfLaTeX.
 */
import pl, { type DataFrame } from "polars";
import { whole } from "./format.ts";
import type { About, Png } from "./press/figure.ts";
import type { Grid } from "./press/grid.ts";

export { type Decimals, type Look, withMinus } from "./press/cells.ts";
export { codebook } from "./press/codebook.ts";
export { keep, keepAll } from "./press/files.ts";
export { flatHead, type Grid, gridOf, lastOf, wordy } from "./press/grid.ts";
export { headingOf } from "./press/heads.ts";
export { type Dressed, escape, html, tableHtml } from "./press/html.ts";
export { figureLatex, latex, PREAMBLE, sourceLatex } from "./press/latex.ts";
export { markdown } from "./press/markdown.ts";
export { proseHtml, prosePlain, proseTex } from "./press/prose.ts";
export type { About, Png } from "./press/figure.ts";

/**
 * A tidy frame as CSV: all columns, full precision, undefined is empty.
 *
 * @param data banner of the data, for a last column `data`; null for none
 */
export function csv(frame: DataFrame, data: string | null): string {
  if (data === null || frame.columns.includes("data")) return frame.writeCSV().toString();
  const column = pl.Series("data", Array(frame.height).fill(data), pl.Utf8);
  return frame.withColumn(column).writeCSV().toString();
}

/**
 * What must be said of something shown besides its title: n, as the frame's column `n` has it, and as
 * `source` the banner of the data and the version of the code; nothing of what there is nothing.
 */
export function sourceOf(
  frame: DataFrame | null,
  banner: string | null,
  code: string | null,
): Pick<Grid, "n" | "source"> {
  const n = frame && numberOf(frame);
  const source = [banner, code && `Code: ${code}`].filter((part) => part).map((part) => `${part}.`);
  return { ...n && { n }, ...source.length && { source: source.join(" ") } };
}

/** The numbers of a frame's column `n`: `826`, `24–826`; null without any. */
function numberOf(frame: DataFrame): string | null {
  if (!frame.columns.includes("n") || !frame.getColumn("n").isNumeric()) return null;
  const records = frame.select("n").toRecords() as { n: number | null }[];
  const known = records.flatMap(({ n }) => n === null ? [] : [Number(n)]);
  if (!known.length) return null;
  const least = known.reduce((a, b) => Math.min(a, b)),
    most = known.reduce((a, b) => Math.max(a, b));
  return least === most ? whole(most) : `${whole(least)}–${whole(most)}`;
}

/** The files of a figure, by ending, and what is to know of them. */
export interface FigureFiles {
  /** With its font embedded. */
  svg: string;
  /** Vectors, text as text, as large as the figure says. */
  pdf: Uint8Array;
  png: Uint8Array;
  /** Width in print. */
  mm: number;
  /** Letters that the font does not hold, such as Chinese ones: PDF and PNG show boxes for them. */
  missing: string;
}

/**
 * A figure as files, under 0.2 s after the first.
 *
 * @param svg of `lib/plots`: text in DejaVu Sans, width and height in mm
 * @param png its width, by default the figure's, and dpi, by default 300
 * @throws {RangeError} when the PNG would have no pixel, or more than 20,000 in a row
 */
export async function figureFiles(svg: string, about: About, png?: Png): Promise<FigureFiles> {
  const { missingIn, pdfFile, pngFile, sizeOf, svgFile } = await import("./press/figure.ts");
  return {
    svg: await svgFile(svg, about),
    pdf: await pdfFile(svg, about),
    png: await pngFile(svg, about, png),
    mm: sizeOf(svg).width,
    missing: await missingIn(svg),
  };
}
