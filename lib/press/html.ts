/** A table as HTML for a page that brings its own style. */
import { type Grid, letters } from "./grid.ts";
import { capital, symbolOf, worded } from "./heads.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that may stand in HTML, between tags and in attributes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);

/** A number in marks of significance as the original's code prints them, which are Markdown's. */
const MARKED = /^(?:\*\*(?<strong>[^*]+)\*\*|\*(?<em>[^*]+)\*|<u>(?<u>[^<]+)<\/u>)( ≠)?$/;

/** The original's sign in Table A4. */
const PLUS_MINUS = "$\\pm$";

/** A cell as HTML; what belongs together, as in `[0.1, 0.3]` and `2.16 ± 0.85`, is on one line. */
export function cellHtml(shown: string): string {
  const cell = shown.replaceAll(PLUS_MINUS, "±");
  if (!/\d/.test(cell)) return escape(cell);
  const found = MARKED.exec(cell);
  for (const [tag, text] of Object.entries(found?.groups ?? {})) {
    if (text) return `<${tag}>${escape(text)}</${tag}>${found![4] ? "&nbsp;≠" : ""}`;
  }
  return /\p{L}/u.test(cell) ? escape(cell) : escape(cell).replaceAll(" ", "&nbsp;");
}

/**
 * A table with a caption, headings that say what they stand over, and below it its notes and its source.
 * Neighbours with the same label share one heading, down as across. It stands in a box that scrolls where
 * the page is narrower, also by keyboard.
 */
export function html({ title, source, notes = [], side, head, body }: Grid): string {
  const below = [...notes, ...source ? [source] : []];
  const words = wordy({ head, body });
  return [
    `<div class="box" role="group" tabindex="0" aria-label="${escape(title)}">`,
    "<table>",
    `<caption><span>${escape(title)}</span></caption>`,
    "<thead>",
    ...head.map((labels, level) => {
      const names = side.map((name) => heading(capital(worded(name)), true, head.length));
      const own = across(labels, level === head.length - 1, words);
      return `<tr>${[...level ? [] : names, ...own].join("")}</tr>`;
    }),
    "</thead>",
    ...bodies({ side, body, words }),
    "</table>",
    "</div>",
    ...below.map((text) => `<p class="note">${escape(text)}</p>`),
  ].join("\n");
}

/** Which columns are words: they stand left. */
const wordy = ({ head, body }: Pick<Grid, "head" | "body">): boolean[] =>
  head[0]!.map((_, i) =>
    body.some(({ cells }) => letters(cells[i]!.replaceAll(/\\pm|<\/?u>/g, "")))
  );

function across(
  labels: readonly string[],
  last: boolean,
  words: readonly boolean[],
): string[] {
  const found: string[] = [];
  for (let at = 0; at < labels.length;) {
    const wide = last ? 1 : alike(labels, at);
    found.push(heading(labels[at]!, last && words[at]!, 1, wide));
    at += wide;
  }
  return found;
}

/** How many neighbours from one on have its label. */
function alike(labels: readonly string[], from: number): number {
  const end = labels.findIndex((label, i) => i > from && label !== labels[from]);
  return (end < 0 ? labels.length : end) - from;
}

function heading(label: string, words: boolean, rows = 1, columns = 1): string {
  const spans = [rows > 1 && ` rowspan="${rows}"`, columns > 1 && ` colspan="${columns}"`]
    .filter((span) => span).join("");
  // A heading without words is no heading.
  if (!label) return `<td${spans}></td>`;
  const scope = columns > 1 ? "colgroup" : "col";
  return `<th scope="${scope}"${spans}${left(words)}>${lettered(label)}</th>`;
}

const left = (words: boolean): string => words ? ` class="words"` : "";

function lettered(label: string): string {
  const symbol = symbolOf(label);
  if (!symbol) return escape(worded(label));
  const index = symbol.index && `<sub>${symbol.index}</sub>`;
  return `<i>${symbol.letter}</i>${index}${symbol.rest && ` ${escape(symbol.rest)}`}`;
}

/** Rows of one first key are a body of their own, where there are further keys. */
function bodies({ side, body, words }: Pick<Grid, "side" | "body"> & { words: boolean[] }) {
  const groups: Grid["body"][] = [];
  for (let at = 0; at < body.length;) {
    const tall = side.length > 1 ? alike(body.map(({ keys }) => keys[0]!), at) : body.length;
    groups.push(body.slice(at, at + tall));
    at += tall;
  }
  return groups.map((rows) =>
    ["<tbody>", ...rows.map((_, at) => line(rows, at, words)), "</tbody>"].join("\n")
  );
}

function line(rows: Grid["body"], at: number, words: readonly boolean[]): string {
  const { keys, cells } = rows[at]!;
  const heads = keys.map((key, level) => {
    const paths = rows.map(({ keys }) => keys.slice(0, level + 1).join("|"));
    if (level < keys.length - 1 && at > 0 && paths[at] === paths[at - 1]) return "";
    const tall = level < keys.length - 1 ? alike(paths, at) : 1;
    // What names nothing, such as no marker, is no heading.
    const head = key === "" ? "td" : "th";
    const scope = key === "" ? "" : ` scope="row"`;
    return `<${head}${scope}${tall > 1 ? ` rowspan="${tall}"` : ""}>${escape(key)}</${head}>`;
  });
  const values = cells.map((cell, i) => `<td${left(words[i]!)}>${cellHtml(cell)}</td>`);
  return `<tr>${heads.join("")}${values.join("")}</tr>`;
}
