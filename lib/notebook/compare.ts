/** What a plan brought on few profiles, cell by cell. */
import pl from "polars";
import { z } from "zod";
import { DASH, plural, whole } from "../format.ts";
import { rows } from "../frames.ts";
import type { Tried } from "../study.ts";
import { escape } from "../press.ts";
import { tableHtml, tableText } from "./table.ts";
import { letter } from "./exchanges.ts";

const Text = z.string().nullable();
const Of = z.looseObject({ profile: z.number() });
const Reply = Of.extend({ state: z.string(), reply: Text });
const Field = Of.extend({ field: z.string(), value: Text, changed: Text });
const Score = Of.extend({
  scale: z.string(),
  score: z.number().nullable(),
  difference: z.number().nullable(),
});
const Left = z.object({ calls: z.number() });

type Of = z.infer<typeof Of>;

/** One combination of levels, as a column. */
interface Column {
  key: string;
  head: string;
}

/** One field of a profile, with what each column has, and whether that differs. */
interface Line {
  field: string;
  values: readonly { value: string | null; differs: boolean }[];
}

/** All that one profile brought. */
interface Sheet {
  title: string;
  heads: readonly string[];
  lines: readonly Line[];
  replies: readonly { head: string; reply: string }[];
}

interface Compared {
  lines: readonly string[];
  sheets: readonly Sheet[];
}

/** The frames of what was tried, as rows. */
class Matrix {
  readonly factors: readonly string[];
  readonly replies: z.infer<typeof Reply>[];
  readonly fields: z.infer<typeof Field>[];
  readonly scores: z.infer<typeof Score>[];
  readonly columns: readonly Column[];

  constructor(readonly tried: Tried) {
    this.factors = Object.keys(tried.factors);
    this.replies = rows(tried.replies, Reply);
    this.fields = rows(tried.fields, Field);
    this.scores = rows(tried.scores, Score);
    this.columns = this.#columns();
  }

  /** Which column a row belongs to. */
  keyOf = (row: Of): string => JSON.stringify(this.factors.map((name) => row[name]));

  /** Those that differ in `by` alone stand beside each other. */
  #columns(): Column[] {
    const { by, factors } = this.tried;
    const order = [...this.factors.filter((name) => name !== by), ...by === null ? [] : [by]];
    const placeOf = (row: Of) => order.map((name) => factors[name]!.indexOf(String(row[name])));
    const found = new Map(this.replies.map((row) => [this.keyOf(row), row]));
    return [...found].toSorted(([, a], [, b]) => {
      const [one, other] = [placeOf(a), placeOf(b)];
      const at = one.findIndex((place, at) => place !== other[at]);
      return at < 0 ? 0 : one[at]! - other[at]!;
    }).map(([key, row]) => ({
      key,
      head:
        this.factors.map((name) =>
          name === "model" || name === "condition"
            ? row[name]
            : `${name.replaceAll("_", " ")} ${row[name]}`
        ).join(" · ") || "reply",
    }));
  }
}

function compared(tried: Tried): Compared {
  const matrix = new Matrix(tried);
  const profiles = [...new Set(matrix.replies.map(({ profile }) => profile))];
  return {
    lines: [...sum(matrix), ...cautions(matrix)],
    sheets: profiles.map((profile) => sheetOf(matrix, profile)),
  };
}

const isKnown = ({ changed }: { changed: string | null }): boolean => changed !== null;
const isChanged = ({ changed }: { changed: string | null }): boolean => changed === "yes";

const ofSheets = ({ prompts }: Tried): boolean => prompts[0]!.purpose === "administration";

/** How much differs, and what is not asked yet. */
function sum({ tried, fields }: Matrix): string[] {
  const { prompts, by, factors } = tried;
  const what = ofSheets(tried) ? "answer" : "field";
  const calls = callsLeft(tried);
  const known = fields.filter(isKnown);
  return [
    by === null
      ? `Nothing is varied: this is what the ${prompts[0]!.purpose} prompt ${
        prompts[0]!.version
      } brings as it stands`
      : `Compared by ${by.replaceAll("_", " ")}, against ${factors[by]![0]}: ` +
        (known.length
          ? `${whole(known.filter(isChanged).length)} of ${plural(known.length, what)} differ`
          : `no ${what} of both can be compared`),
    ...by !== null && Object.keys(factors).length > 1
      ? [
        `≠ is what differs from the column with ${by.replaceAll("_", " ")} ${
          factors[by]![0]
        } and all else the same`,
      ]
      : [],
    ...calls
      ? [
        `Still to ask: ${plural(calls, "call")}. Nothing is asked without a budget, such as ` +
        `{ calls: ${calls} }`,
      ]
      : [],
  ];
}

/** What must not be read into the differences. */
function cautions({ tried, replies }: Matrix): string[] {
  const { simulated, by, factors } = tried;
  if (by === null) return [];
  const real = factors.model?.some((label) => !simulated.includes(label)) ??
    replies.some(({ model }) => !simulated.includes(String(model)));
  return [
    ...simulated.length && factors.prompt
      ? [
        `${
          simulated.join(", ")
        } reads no instructions: other words in the prompt only make it draw ` +
        "anew, so what differs is chance",
      ]
      : [],
    ...real
      ? [
        "A model may answer the same question otherwise the next time: a difference on few profiles " +
        `need not come from the ${by.replaceAll("_", " ")}`,
      ]
      : [],
  ];
}

const callsLeft = ({ left }: Tried): number => rows(left, Left).at(-1)!.calls;

/** A number as it is read: scores that are sums are whole. */
const number = (value: number): string => Number.isInteger(value) ? whole(value) : value.toFixed(2);

const signed = (difference: number): string =>
  `${difference > 0 ? "+" : "−"}${number(Math.abs(difference))}`;

/** The table of one profile. */
function sheetOf(matrix: Matrix, profile: number): Sheet {
  const { tried, columns, keyOf } = matrix;
  const own = <R extends Of>(all: readonly R[]) => all.filter((row) => row.profile === profile);
  const [replies, fields, scores] = [own(matrix.replies), own(matrix.fields), own(matrix.scores)];
  const at = <R extends Of>(all: readonly R[], { key }: Column) =>
    all.find((row) => keyOf(row) === key);
  const scales = [...Map.groupBy(scores, ({ scale }) => scale)].map(([scale, all]): Line => ({
    field: `Scale ${scale}`,
    values: columns.map((column) => {
      const { score = null, difference = null } = at(all, column) ?? {};
      return {
        value: score === null
          ? null
          : number(score) + (difference ? ` (${signed(difference)})` : ""),
        differs: Boolean(difference),
      };
    }),
  }));
  const all = [...Map.groupBy(fields, ({ field }) => field)].map(([field, all]): Line => ({
    field,
    values: columns.map((column) => {
      const found = at(all, column);
      return { value: found?.value ?? null, differs: found?.changed === "yes" };
    }),
  }));
  // Of a sheet there are dozens of items, of which few differ.
  const shown = ofSheets(tried) && tried.by !== null
    ? all.filter(({ values }) => values.some(({ differs }) => differs))
    : all;
  const known = fields.filter(isKnown);
  const what = ofSheets(tried) ? "answer" : "field";
  const { model, condition } = replies[0]!;
  const head = [
    ...tried.factors.model ? [] : [`${model}, `],
    `profile ${profile}`,
    ...tried.factors.condition ? [] : [` under ${condition}`],
  ].join("");
  return {
    title: known.length
      ? `${head}: ${whole(known.filter(isChanged).length)} of ${plural(known.length, what)} differ`
      : head,
    heads: columns.map((column) => {
      const calls = replies.filter((row) => keyOf(row) === column.key);
      const open = calls.find(({ state }) => state !== "done");
      return open ? `${column.head}: ${open.state}` : column.head;
    }),
    lines: [...scales, ...shown],
    replies: columns.flatMap((column) =>
      replies.filter((row) => keyOf(row) === column.key && row.reply !== null)
        .map(({ reply }) => ({ head: column.head, reply: reply! }))
    ),
  };
}

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
    ...made.sheets.map(sheetHtml),
    ...last,
  ].join("\n");
}

const FRAME = "border-collapse:collapse;table-layout:fixed;width:100%;margin:1em 0 0.5em 0";
/** Stays in sight when many columns are scrolled; the colour is the page's, or the editor's. */
const FIRST = "font-weight:normal;position:sticky;left:0;background:var(--paper," +
  "var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))";
const CELL = "text-align:left;vertical-align:top;overflow-wrap:anywhere;white-space:pre-line;" +
  "padding:0.2em 0.75em 0.2em 0.5em";

function sheetHtml({ title, heads, lines, replies }: Sheet): string {
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
    ...made.sheets.map((sheet) => sheetText(sheet, tried.by === null)),
    ...last,
  ].join("\n\n");
}

function sheetText({ title, heads, lines }: Sheet, alone: boolean): string {
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
