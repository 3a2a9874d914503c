/** A table as HTML, for a page that brings its own style or takes one. */
import { withMinus } from "./cells.ts";
import { type Grid, lastOf, wordy } from "./grid.ts";
import { lettered } from "./heads.ts";

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
const MARKED = /^(?:\*\*(?<strong>[^*]+)\*\*|\*(?<em>[^*]+)\*|<u>(?<u>[^<]+)<\/u>)$/;

/** The original's sign in Table A4. */
const PLUS_MINUS = "$\\pm$";

/** A cell as HTML; what belongs together, as in `[0.1, 0.3]` and `2.16 ± 0.85`, is on one line. */
function cellHtml(shown: string): string {
  const cell = shown.replaceAll(PLUS_MINUS, "±");
  if (!/\d/.test(cell)) return escape(withMinus(cell));
  const [ours, others] = cell.split(" ≠ ");
  if (others !== undefined) return `<mark>${cellHtml(ours!)} ≠ ${cellHtml(others)}</mark>`;
  const found = MARKED.exec(cell);
  for (const [tag, text] of Object.entries(found?.groups ?? {})) {
    if (text) return `<${tag}>${escape(withMinus(text))}</${tag}>`;
  }
  const words = escape(withMinus(cell));
  return /\p{L}/u.test(cell) ? words : words.replaceAll(" ", "&nbsp;");
}

/** A column for whoever dresses its cells. */
export interface Dressed {
  /** `over`: what stands over several columns. */
  part: "over" | "head" | "key" | "cell";
  /** Words stand left. */
  words: boolean;
  /** Letters of the longest cell. */
  longest: number;
}

/** How a table is dressed: attributes with a space before them, and a caption as HTML. */
export interface Dress {
  table: string;
  head: string;
  caption: string;
  /** Of rows, where keys stand for several of them. */
  row: string;
  cell(of: Dressed): string;
}

/**
 * A table with a caption, headings that say what they stand over, and below it its notes and its source.
 * It stands in a box that scrolls where the page is narrower, also by keyboard.
 */
export function html(grid: Grid): string {
  const { title, notes = [] } = grid, last = lastOf(grid);
  const below = [...notes, ...last ? [last] : []];
  return [
    `<div class="box" role="group" tabindex="0" aria-label="${escape(title)}">`,
    tableHtml(grid, {
      table: "",
      head: "",
      caption: `<caption><span>${escape(title)}</span></caption>`,
      row: "",
      cell: ({ part, words }) => words && part !== "key" ? ` class="words"` : "",
    }),
    "</div>",
    ...below.map((text) => `<p class="note">${escape(text)}</p>`),
  ].join("\n");
}

/** The table itself: neighbours with the same label share one heading, down as across. */
export function tableHtml({ side, head, body }: Grid, dress: Dress): string {
  const words = wordy({ head, body });
  const longest = (cells: string[]) => Math.max(0, ...cells.map((cell) => [...cell].length));
  const column = (part: Dressed["part"], words: boolean, cells: string[]) =>
    dress.cell({ part, words, longest: longest(cells) });
  const keys = side.map((_, i) => body.map(({ keys }) => keys[i]!));
  const cells = words.map((_, i) => body.map(({ cells }) => cells[i]!));
  const names = side.map((name, i) => heading(name, column("head", true, keys[i]!), head.length));
  const levels = across(
    head,
    cells.map((own, i) => column("head", words[i]!, own)),
    column("over", false, []),
  );
  return [
    `<table${dress.table}>`,
    dress.caption,
    `<thead${dress.head}>`,
    ...levels.map((own, level) => `<tr>${[...level ? [] : names, ...own].join("")}</tr>`),
    "</thead>",
    ...bodies(side, body, {
      keys: keys.map((own) => column("key", true, own)),
      cells: cells.map((own, i) => column("cell", words[i]!, own)),
      row: side.length > 1 ? dress.row : "",
    }),
    "</table>",
  ].join("\n");
}

/** The headings, of which there are one level or two; what has nothing over it stands beside both. */
function across(head: Grid["head"], dressed: readonly string[], over: string): string[][] {
  const own = head.at(-1)!;
  if (head.length === 1) return [own.map((label, at) => heading(label, dressed[at]!))];
  const above = head[0]!, top: string[] = [];
  for (let at = 0; at < above.length;) {
    const wide = above[at] ? alike(above, at) : 1;
    top.push(
      above[at] ? heading(above[at]!, over, 1, wide) : heading(own[at]!, dressed[at]!, head.length),
    );
    at += wide;
  }
  return [top, own.flatMap((label, at) => above[at] ? [heading(label, dressed[at]!)] : [])];
}

/** How many neighbours from one on have its label. */
function alike(labels: readonly string[], from: number): number {
  const end = labels.findIndex((label, i) => i > from && label !== labels[from]);
  return (end < 0 ? labels.length : end) - from;
}

function heading(label: string, dressed: string, rows = 1, columns = 1): string {
  const spans = [rows > 1 && ` rowspan="${rows}"`, columns > 1 && ` colspan="${columns}"`]
    .filter((span) => span).join("");
  // A heading without words is no heading.
  if (!label) return `<td${spans}></td>`;
  const scope = columns > 1 ? "colgroup" : "col";
  const written = lettered(
    label,
    escape,
    (letter, index) => `<i>${letter}</i>${index && `<sub>${index}</sub>`}`,
  );
  return `<th scope="${scope}"${spans}${dressed}>${written}</th>`;
}

interface Attributes {
  keys: readonly string[];
  cells: readonly string[];
  row: string;
}

/** Rows of one first key are a body of their own, where there are further keys. */
function bodies(side: readonly string[], body: Grid["body"], dressed: Attributes): string[] {
  const groups: Grid["body"][] = [];
  for (let at = 0; at < body.length;) {
    const tall = side.length > 1 ? alike(body.map(({ keys }) => keys[0]!), at) : body.length;
    groups.push(body.slice(at, at + tall));
    at += tall;
  }
  return groups.map((rows) =>
    ["<tbody>", ...rows.map((_, at) => line(rows, at, dressed)), "</tbody>"].join("\n")
  );
}

function line(rows: Grid["body"], at: number, dressed: Attributes): string {
  const { keys, cells } = rows[at]!;
  const heads = keys.map((key, level) => {
    const paths = rows.map(({ keys }) => keys.slice(0, level + 1).join("|"));
    if (level < keys.length - 1 && at > 0 && paths[at] === paths[at - 1]) return "";
    const tall = level < keys.length - 1 ? alike(paths, at) : 1;
    // What names nothing, such as no marker, is no heading.
    const head = key === "" ? "td" : "th";
    const scope = key === "" ? "" : ` scope="row"`;
    const rowspan = tall > 1 ? ` rowspan="${tall}"` : "";
    return `<${head}${scope}${rowspan}${dressed.keys[level]}>${escape(key)}</${head}>`;
  });
  const values = cells.map((cell, i) => `<td${dressed.cells[i]}>${cellHtml(cell)}</td>`);
  return `<tr${dressed.row}>${heads.join("")}${values.join("")}</tr>`;
}
