/** What a plan brought on few profiles, cell by cell, as it is shown. */
import pl from "polars";
import { DASH } from "../format.ts";
import type { Tried } from "../study.ts";
import { escape } from "../press.ts";
import { letter } from "./exchanges.ts";
import { callsLeft, compared, type OfProfile } from "./matrix.ts";
import { tableHtml, tableText } from "./table.ts";

const REPLIES = "Replies: tokens as the provider counts them, USD of the last call";
const LEFT = "Not asked yet: calls, tokens per call, and cost in USD";
const DIFFERENCES =
  "What each level does otherwise than the first, paired within profiles: of scales and " +
  "words the mean difference, of fields and answers the share that differs (t by profile, sign flips, Holm). " +
  "The profiles were chosen, not drawn";
const SHOWN = [
  "factor",
  "level",
  "against",
  "measure",
  "n",
  "clusters",
  "mean",
  "mean_against",
  "estimate",
  "ci_lower",
  "ci_upper",
  "p",
  "p_flip",
  "p_holm",
] as const;
const DECIMALS = {
  decimals: { n: 0, clusters: 0, mean: 2, mean_against: 2, estimate: 2, ci_lower: 2, ci_upper: 2 },
};

/** The tables of what was tried, each made by `table` from a frame and its caption. */
function tablesOf(
  tried: Tried,
  table: (of: Tried["left"], caption: string, options?: typeof DECIMALS) => string,
): { first: string[]; last: string[] } {
  const fixed = ["prompt", "model", "condition"].filter((name) => !tried.factors[name]);
  return {
    first: [
      ...callsLeft(tried) ? [table(tried.left, LEFT)] : [],
      ...tried.differences.height
        ? [table(tried.differences.select(...SHOWN), DIFFERENCES, DECIMALS)]
        : [],
    ],
    last: [
      table(
        tried.replies.select(
          ...tried.replies.columns
            .filter((name) => name !== "reply" && !fixed.includes(name)).map((name) =>
              pl.col(name)
            ),
        ),
        REPLIES,
      ),
    ],
  };
}

/** What was tried, as HTML. */
export function comparedHtml(tried: Tried, caption: string): string {
  const made = compared(tried);
  const { first, last } = tablesOf(tried, tableHtml);
  return [
    `<p><strong>${escape(caption)}</strong></p>`,
    ...made.lines.map((line) => `<p>${escape(line)}</p>`),
    ...first,
    ...made.profiles.map(profileHtml),
    ...last,
  ].join("\n");
}

const FRAME = "border-collapse:collapse;table-layout:fixed;width:100%;margin:1em 0 0.5em 0";
/** Stays in sight when many columns are scrolled; the colour is the page's, or the editor's. */
const FIRST = "font-weight:normal;position:sticky;left:0;background:var(--paper," +
  "var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))";
const CELL = "text-align:left;vertical-align:top;overflow-wrap:anywhere;white-space:pre-line;" +
  "padding:0.2em 0.75em 0.2em 0.5em";

function profileHtml({ title, heads, lines, replies }: OfProfile): string {
  const body = lines.map(({ field, values }) => {
    const cells = values.map(({ value, differs }) => {
      const text = escape(value ?? DASH);
      return `<td style="${CELL}">${differs ? `<strong>≠</strong> ${text}` : text}</td>`;
    });
    return `<tr><th scope="row" style="${CELL};${FIRST}">${escape(field)}</th>${
      cells.join("")
    }</tr>`;
  });
  const head = (text: string, style = CELL) =>
    `<th scope="col" style="${style}">${escape(text)}</th>`;
  const table = [
    `<div style="overflow-x:auto" role="region" tabindex="0" aria-label="${escape(title)}">`,
    `<table style="${FRAME};min-width:${14 + 13 * heads.length}em;max-width:${
      20 + 22 * heads.length
    }em">`,
    `<caption style="caption-side:top;text-align:left;color:inherit">${escape(title)}</caption>`,
    `<colgroup><col style="width:14em">${"<col>".repeat(heads.length)}</colgroup>`,
    `<thead><tr>${head("field", `${CELL};${FIRST}`)}${
      heads.map((text) => head(text)).join("")
    }</tr></thead>`,
    `<tbody>\n${body.join("\n")}\n</tbody>`,
    "</table>",
    "</div>",
  ].join("\n");
  const raw = replies.map(({ head, reply }) =>
    `<p style="margin:0"><strong>${escape(head)}</strong></p>\n${letter(escape(reply))}`
  );
  return [
    body.length ? table : `<p>${escape([title, ...heads].join(" · "))}</p>`,
    ...raw.length
      ? [
        `<details style="margin:0.25em 0 1em 0"><summary>As it came: ${
          escape(title.split(":")[0]!)
        }</summary>\n${raw.join("\n")}\n</details>`,
      ]
      : [],
  ].join("\n");
}

/** The same as plain text: of fields that are the same only their number. */
export function comparedText(tried: Tried, caption: string): string {
  const made = compared(tried);
  const { first, last } = tablesOf(tried, tableText);
  return [
    [caption, ...made.lines.map((line) => `  ${line}`)].join("\n"),
    ...first,
    ...made.profiles.map((profile) => profileText(profile, tried.by === null)),
    ...last,
  ].join("\n\n");
}

function profileText({ title, heads, lines }: OfProfile, alone: boolean): string {
  const told = alone
    ? lines.map(({ field, values }) => `  ${field}: ${one(values[0]!.value)}`)
    : lines.filter(({ values }) => values.some(({ differs }) => differs))
      .flatMap(({ field, values }) => [
        `  ≠ ${field}`,
        ...values.map(({ value, differs }, at) =>
          `    ${differs ? "≠ " : ""}${heads[at]}: ${one(value)}`
        ),
      ]);
  const open = lines.length ? [] : heads.map((head) => `  ${head}`);
  return [title, ...open, ...told].join("\n");
}

const one = (text: string | null): string => (text ?? DASH).replace(/\s+/g, " ");
