/** What the sections of the report are put together from. */
import { Buffer } from "node:buffer";
import type { DataFrame } from "polars";
import type { Drawing } from "lib/plots.ts";
import { csv, escape, type Grid, html, lastOf, sourceOf } from "lib/press.ts";

/** What every table and figure says: where its numbers come from. */
export interface Origin {
  banner: string;
  code: string | null;
  /** What must not be concluded from such data; null where there is no such thing. */
  caution: string | null;
}

/** A section of the page and its line in the contents. */
export interface Section {
  id: string;
  title: string;
  html: string;
}

/** Sections that belong together, and their heading in the contents. */
export interface Part {
  id: string;
  title: string;
  sections: readonly Section[];
}

/** A table with n, and the frame behind it to take away, which says where it comes from. */
export function tableOf(grid: Grid, behind: DataFrame, name: string, origin: Origin): string {
  const { n } = sourceOf(behind, null, null);
  return `${html({ ...grid, n })}\n${
    download(csv(behind, origin.banner), name, escape(grid.title))
  }`;
}

/** A figure with n, and the frame behind it to take away, which says where it comes from. */
export function figureOf(
  drawing: Drawing,
  caption: string,
  behind: DataFrame,
  name: string,
  { banner }: Origin,
): string {
  const last = lastOf(sourceOf(behind, null, null));
  return [
    drawn(drawing(), escape(caption)),
    ...last ? [`<p class="note">${escape(last)}</p>`] : [],
    download(csv(behind, banner), name, escape(caption)),
  ]
    .join("\n");
}

/**
 * A drawing above its caption, which is HTML; without the labels of its groups, because it is read by
 * its title and description.
 */
export function drawn(svg: string, caption: string): string {
  const silent = svg.replaceAll(/<g [^>]*>/g, (tag) => tag.replace(/ aria-label="[^"]*"/, ""));
  return `<figure>\n<div class="drawn" tabindex="0">${silent}</div>\n<figcaption>${caption}</figcaption>\n</figure>`;
}

/** A link that holds a CSV file; `of` is HTML. */
export function download(text: string, name: string, of: string): string {
  const file = Buffer.from(text).toString("base64");
  const label = `Data as CSV: ${of.replaceAll('"', "&quot;")}`;
  return `<p class="get"><a download="${name}.csv" href="data:text/csv;charset=utf-8;base64,${file}" ` +
    `aria-label="${label}">Data as CSV</a></p>`;
}
