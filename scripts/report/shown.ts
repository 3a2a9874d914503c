/** What notebooks show beyond the published tables, from their executed files. */
import { Buffer } from "node:buffer";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { settings } from "lib/config.ts";
import { escape } from "lib/press.ts";
import { type Cell, type Notebook, savedIn, source, text } from "../jupyter/notebook.ts";
import { download, drawn, type Section } from "./parts.ts";

/** An executed notebook. */
export interface Executed {
  /** File name without its ending. */
  name: string;
  notebook: Notebook;
}

/**
 * A notebook's tables and figures under its headings, each with its data where the notebook saved them.
 *
 * @param banner of the page: of what is of the same data it is not said again
 */
export function shown({ name, notebook }: Executed, banner: string): Section {
  const saved = savedBy(notebook);
  const [first, ...cells] = notebook.cells;
  const title = (/^# (.+)$/m.exec(source(first!))?.[1] ?? name).replaceAll("`", "");
  const parts: string[] = [], said = `<em>${escape(banner)}</em>`;
  let heading = "";
  for (const cell of cells) {
    heading = /^## (.+)$/m.exec(cell.cell_type === "markdown" ? source(cell) : "")?.[1] ?? heading;
    for (const piece of pieces(cell)) {
      const html = piece.replace(said, "");
      if (heading) parts.push(`<h4>${escape(heading)}</h4>`);
      heading = "";
      parts.push(`<div class="kept">\n${scrolling(html)}\n${dataOf(html, name, saved)}</div>`);
    }
  }
  const readings = `<p>What these mean, and how far the data carry it, is read in the notebook ` +
    `<code>${escape(name)}</code>.</p>`;
  return { id: name, title, html: [readings, ...parts].join("\n") };
}

/** The tables and figures that a cell shows; the images of figures are drawings again. */
const pieces = ({ outputs = [] }: Cell): string[] =>
  outputs.map((output) =>
    "data" in output ? text((output.data["text/html"] ?? "") as string[]) : ""
  ).filter((html) => /<table|<figure/.test(html)).map((html) =>
    html.replace(
      /<figure[^>]*>\s*<div[^>]*>\s*<img [^>]*base64,([^"]+)"[^>]*>\s*<\/div>\s*<figcaption>(.*?)<\/figcaption>\s*<\/figure>/s,
      (_, svg, caption) => drawn(Buffer.from(svg, "base64").toString(), caption),
    )
  );

/** A table's box as one that the keyboard can reach and scroll. */
const scrolling = (html: string): string =>
  html.replace(
    /<div (?=[^>]*overflow)/,
    `<div role="group" tabindex="0" aria-label="${captionOf(html).replaceAll('"', "&quot;")}" `,
  ).replaceAll(/^<tr><td([^>]*)>(.*?)<\/td>/gm, `<tr><th scope="row"$1>$2</th>`)
    .replace(/(<caption[^>]*>)(.*?)(<\/caption>)/, "$1<span>$2</span>$3");

/** The first caption, as it stands in the HTML. */
const captionOf = (html: string): string => /<(?:fig)?caption[^>]*>([^<]*)</.exec(html)?.[1] ?? "";

function dataOf(html: string, notebook: string, saved: readonly Saved[]): string {
  const caption = captionOf(html);
  const found = saved.find(({ said }) =>
    said === caption ||
    ["n = ", "Data: ", "Code: "].some((source) => said.startsWith(`${caption} ${source}`))
  );
  if (!found) return "";
  const name = `${notebook}_${basename(found.path, ".csv")}`;
  return download(readFileSync(found.path, "utf8"), name, caption);
}

/** A file of data that a notebook saved for a paper. */
interface Saved {
  path: string;
  /** As HTML: the caption of the table or figure, behind a figure's its source. */
  said: string;
}

function savedBy(notebook: Notebook): Saved[] {
  const papers = savedIn(notebook);
  const folder = join(settings().outDir, papers ?? "");
  const names = papers && existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => {
    const path = join(folder, name.replace(/\.(md|svg)$/, ".csv"));
    const said = saidIn(join(folder, name));
    return said && existsSync(path) ? [{ path, said: escape(said) }] : [];
  });
}

/** What a file says that it is: Markdown in its heading, a figure in its first comment. */
function saidIn(path: string): string | undefined {
  if (path.endsWith(".md")) {
    return /^### (.+)/.exec(readFileSync(path, "utf8"))?.[1]?.replaceAll(/\\(.)/g, "$1");
  }
  if (!path.endsWith(".svg")) return undefined;
  return /<!-- (.*?) -->/s.exec(readFileSync(path, "utf8"))?.[1];
}
