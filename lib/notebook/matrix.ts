/** What a plan brought on few profiles, as a matrix: fields by combinations of levels, profile by profile. */
import { z } from "zod";
import { plural, whole } from "../format.ts";
import { rows } from "../frames.ts";
import type { Tried } from "../study.ts";

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
export interface OfProfile {
  title: string;
  heads: readonly string[];
  lines: readonly Line[];
  replies: readonly { head: string; reply: string }[];
}

/** What is shown of a trial. */
export interface Compared {
  lines: readonly string[];
  profiles: readonly OfProfile[];
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

/** What was tried, as it is shown: in lines, and profile by profile. */
export function compared(tried: Tried): Compared {
  const matrix = new Matrix(tried);
  const profiles = [...new Set(matrix.replies.map(({ profile }) => profile))];
  return {
    lines: [...sum(matrix), ...cautions(matrix)],
    profiles: profiles.map((profile) => ofProfile(matrix, profile)),
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

/** How many calls are not made yet. */
export const callsLeft = ({ left }: Tried): number => rows(left, Left).at(-1)!.calls;

/** A number as it is read: scores that are sums are whole. */
const number = (value: number): string => Number.isInteger(value) ? whole(value) : value.toFixed(2);

const signed = (difference: number): string =>
  `${difference > 0 ? "+" : "−"}${number(Math.abs(difference))}`;

/** The table of one profile. */
function ofProfile(matrix: Matrix, profile: number): OfProfile {
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
