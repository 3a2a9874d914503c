/** What two prompts brought on few profiles, side by side. */
import pl from "polars";
import { z } from "zod";
import { DASH, plural, whole } from "../format.ts";
import { rows } from "../frames.ts";
import type { Tried } from "../study.ts";
import { escape } from "../press.ts";
import { tableHtml, tableText } from "./table.ts";
import { letter } from "./exchanges.ts";

const Text = z.string().nullable();
const Of = z.object({ model: z.string(), condition: z.string(), profile: z.number() });
const Reply = Of.extend({ version: z.string(), state: z.string(), reply: Text });
const Field = Of.extend({ field: z.string(), before: Text, after: Text, changed: Text });
const Left = z.object({ model: z.string(), calls: z.number() });

type Reply = z.infer<typeof Reply>;
type Field = z.infer<typeof Field>;

/** One profile, asked by one model. */
interface Pair {
  head: string;
  before: Reply;
  after: Reply;
  fields: readonly Field[];
}

interface Compared {
  /** One version only: the prompt is not changed. */
  same: boolean;
  sheets: boolean;
  versions: { before: string; after: string };
  lines: readonly string[];
  pairs: readonly Pair[];
}

const key = ({ model, condition, profile }: z.infer<typeof Of>): string =>
  JSON.stringify([model, condition, profile]);

function compared(tried: Tried): Compared {
  const { before, after } = tried;
  const same = before.hash === after.hash;
  const fields = Map.groupBy(rows(tried.fields, Field), key);
  const replies = rows(tried.replies, Reply);
  const own = new Map(
    replies.filter(({ version }) => version === "before").map((reply) => [key(reply), reply]),
  );
  const pairs = replies.filter(({ version }) => version === "after").map((reply) => ({
    head: `${reply.model}, profile ${reply.profile} under ${reply.condition}`,
    before: own.get(key(reply))!,
    after: reply,
    fields: fields.get(key(reply)) ?? [],
  }));
  return {
    same,
    sheets: before.purpose === "administration",
    versions: { before: `before (${before.version})`, after: `after (${after.version})` },
    lines: [...sum(tried, same, pairs), ...cautions(tried, same, pairs)],
    pairs,
  };
}

const differing = (fields: readonly Field[]): Field[] =>
  fields.filter(({ changed }) => changed === "yes");
const known = (fields: readonly Field[]): Field[] =>
  fields.filter(({ changed }) => changed !== null);

/** How much differs, and what is not asked yet. */
function sum({ before, after, left }: Tried, same: boolean, pairs: readonly Pair[]): string[] {
  const fields = pairs.flatMap(({ fields }) => fields);
  const what = before.purpose === "persona" ? "field" : "answer";
  const { calls } = rows(left, Left).at(-1)!;
  return [
    same
      ? `Nothing is changed: this is what the ${after.purpose} prompt ${after.version} brings as it stands`
      : `From version ${before.version} to ${after.version}: ` +
        (known(fields).length
          ? `${whole(differing(fields).length)} of ${plural(known(fields).length, what)} differ`
          : `no ${what} of both can be compared`),
    ...calls
      ? [
        `Still to ask: ${plural(calls, "call")}. Nothing is asked without a budget, such as ` +
        `{ calls: ${calls} }`,
      ]
      : [],
  ];
}

/** What must not be read into the differences. */
function cautions({ simulated }: Tried, same: boolean, pairs: readonly Pair[]): string[] {
  if (same) return [];
  const real = pairs.some(({ after }) => !simulated.includes(after.model));
  return [
    ...simulated.length
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
        "need not come from the prompt",
      ]
      : [],
  ];
}

const shownReplies = ({ replies }: Tried, same: boolean) => {
  const told = replies.drop("reply");
  return same ? told.filter(pl.col("version").eq(pl.lit("after"))).drop("version") : told;
};

const REPLIES = "Replies: tokens as the provider counts them, USD of the last call";
const LEFT = "Not asked yet: calls, tokens per call, and cost in USD";
const SCORES = "Scale scores";

const asks = ({ left }: Tried): boolean => rows(left, Left).at(-1)!.calls > 0;

/** What was tried, as HTML. */
export function comparedHtml(tried: Tried, caption: string): string {
  const made = compared(tried);
  return [
    `<p><strong>${escape(caption)}</strong></p>`,
    ...made.lines.map((line) => `<p>${escape(line)}</p>`),
    ...asks(tried) ? [tableHtml(tried.left, LEFT)] : [],
    tableHtml(shownReplies(tried, made.same), REPLIES),
    ...tried.scores.height
      ? [tableHtml(scoresOf(tried, made.same), SCORES, decimalsOf(tried))]
      : [],
    ...made.pairs.map((pair) => pairHtml(pair, made)),
  ].join("\n");
}

const Score = z.object({ before: z.number().nullable(), after: z.number().nullable() });

/** Sums are whole, means are not. */
const decimalsOf = ({ scores }: Tried) => ({
  decimals:
    rows(scores, Score).every(({ before, after }) => ((before ?? 0) + (after ?? 0)) % 1 === 0)
      ? 0
      : 2,
});

const scoresOf = ({ scores }: Tried, same: boolean) =>
  same ? scores.drop("before", "difference").rename({ after: "score" }) : scores;

/** What a table of one profile says above it, and the fields that it shows. */
function titled({ head, before, after, fields }: Pair, { same, sheets }: Compared) {
  const changed = differing(fields).length;
  // Of a sheet there are dozens of items, of which few differ.
  const shown = sheets && !same ? differing(fields) : fields;
  const what = sheets ? "answer" : "field";
  const title = same
    ? head
    : !known(fields).length
    ? `${head}: before ${before.state}, after ${after.state}`
    : `${head}: ${whole(changed)} of ${plural(known(fields).length, what)} differ`;
  return { title, shown };
}

const FRAME =
  "border-collapse:collapse;table-layout:fixed;width:100%;max-width:60em;margin:1em 0 0.5em 0";
const CELL = "text-align:left;vertical-align:top;overflow-wrap:anywhere;white-space:pre-line;" +
  "padding:0.2em 0.75em 0.2em 0.5em";

function pairHtml(pair: Pair, made: Compared): string {
  const { title, shown } = titled(pair, made);
  const { same, versions } = made;
  const cell = (text: string | null) => `<td style="${CELL}">${escape(text ?? DASH)}</td>`;
  const lines = shown.map(({ field, before, after, changed }) => {
    const sign = !same && !made.sheets && changed === "yes" ? "≠ " : "";
    const head = `<th scope="row" style="${CELL};font-weight:${sign ? "bold" : "normal"}">` +
      `${sign}${escape(field)}</th>`;
    return `<tr>${head}${same ? "" : cell(before)}${cell(after)}</tr>`;
  });
  const head = (text: string) => `<th scope="col" style="${CELL}">${escape(text)}</th>`;
  const table = [
    `<table style="${FRAME}">`,
    `<caption style="caption-side:top;text-align:left;color:inherit">${escape(title)}</caption>`,
    `<colgroup><col style="width:${made.sheets ? "50%" : "14em"}"><col>${
      same ? "" : "<col>"
    }</colgroup>`,
    `<thead><tr>${head(made.sheets ? "item" : "field")}${same ? "" : head(versions.before)}${
      head(same ? "reply" : versions.after)
    }</tr></thead>`,
    `<tbody>\n${lines.join("\n")}\n</tbody>`,
    "</table>",
  ].join("\n");
  const raw = (same ? [pair.after] : [pair.before, pair.after])
    .filter(({ reply }) => reply !== null)
    .map(({ version, reply }) =>
      `<p style="margin:0"><strong>${same ? "reply" : version}</strong></p>\n` +
      letter(escape(reply!))
    );
  return [
    lines.length ? table : `<p>${escape(title)}</p>`,
    ...raw.length
      ? [
        `<details style="margin:0.25em 0 1em 0"><summary>As it came: ${
          escape(pair.head)
        }</summary>\n${raw.join("\n")}\n</details>`,
      ]
      : [],
  ].join("\n");
}

/** The same as plain text: of fields that are the same only their number. */
export function comparedText(tried: Tried, caption: string): string {
  const made = compared(tried);
  return [
    [caption, ...made.lines.map((line) => `  ${line}`)].join("\n"),
    ...asks(tried) ? [tableText(tried.left, LEFT)] : [],
    tableText(shownReplies(tried, made.same), REPLIES),
    ...tried.scores.height
      ? [tableText(scoresOf(tried, made.same), SCORES, decimalsOf(tried))]
      : [],
    ...made.pairs.map((pair) => pairText(pair, made)),
  ].join("\n\n");
}

function pairText(pair: Pair, made: Compared): string {
  const { title, shown } = titled(pair, made);
  const lines = made.same
    ? shown.map(({ field, after }) => `  ${field}: ${one(after)}`)
    : differing(shown).flatMap(({ field, before, after }) => [
      `  ≠ ${field}`,
      `    before: ${one(before)}`,
      `    after:  ${one(after)}`,
    ]);
  return [title, ...lines].join("\n");
}

const one = (text: string | null): string => (text ?? DASH).replace(/\s+/g, " ");
