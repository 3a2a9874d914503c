/**
 * What people said and how they voted, as shipped in `dataset/opinions`: frames to compare opinions with.
 * Sources, licences and traps are in the README there.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { DataFrame } from "polars";
import { z } from "zod";
import { ROOT } from "../config.ts";
import { records } from "../csv.ts";
import { listed } from "../format.ts";
import { frame, rows } from "../frames.ts";
import { carried, from, type Source } from "../provenance.ts";
import { answersTo, type Question } from "./answers.ts";
import type { Asked } from "./original.ts";
import "./columns.ts";

/** What must stand wherever these numbers are shown. */
const line = (what: string): Source[] => [{ line: `Data: ${what}`, schema: null }];

const FOLDER = join(ROOT, "dataset", "opinions");
const Num = z.string().transform(Number).refine(Number.isFinite, "must be a number");
const Maybe = z.string().transform((text) => text === "" ? null : Number(text))
  .refine((value) => value === null || Number.isFinite(value), "must be a number or empty");

/** @throws {Error} naming file, row and column of what does not fit */
function read<T>(name: string, shape: z.ZodType<T>): T[] {
  const path = join(FOLDER, name);
  return records(readFileSync(path, "utf8"), path, "").map((record, at) => {
    const parsed = shape.safeParse(record);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new Error(`${path}, row ${at + 1}, column ${issue.path.join(".")}: ${issue.message}`);
  });
}

const Vote = z.object({
  question_id: z.string(),
  stratum: z.string(),
  option: z.string(),
  share: Num,
  n: Num,
  year: Num,
});

/**
 * A presidential election of the United States: of each state and DC the two-party share of one candidate.
 *
 * @param year 2016, 2020 or 2024
 * @param of `first`: the candidate whose share it is, the Democratic one unless said; `national`: the one row
 *   of the whole country instead
 * @returns stratum (postal code), option (the candidate), share, votes (for the two)
 * @throws {Error} when there is no such year or candidate
 */
export function electionResults(
  year: number,
  of: { first?: string; national?: boolean } = {},
): DataFrame {
  const all = read("election_two_party.csv", Vote);
  const own = all.filter((row) => row.year === year);
  const candidates = [...new Set(own.map(({ option }) => option))];
  const first = of.first ?? candidates[0];
  if (first === undefined || !candidates.includes(first)) {
    throw new Error(
      own.length
        ? `In ${year} there was no ${first}: there were ${candidates.join(" and ")}`
        : `There is no election of ${year}: there are ${
          [...new Set(all.map(({ year }) => year))].join(", ")
        }`,
    );
  }
  const kept = own.filter(({ option, stratum }) =>
    option === first && (stratum === "US") === (of.national ?? false)
  ).map(({ n, ...row }) => ({ ...row, votes: n }));
  return from(
    frame(kept, { stratum: "text", option: "text", share: "number", votes: "number" }),
    line(`state returns of the presidential election of ${year}`),
  );
}

const Answer = z.object({
  question_id: z.string(),
  attribute: z.string(),
  group: z.string(),
  option_code: z.string(),
  option: z.string(),
  share: Num,
  n: Maybe,
  n_eff: Maybe,
  year: Num,
  source: z.string(),
});

const REFERENCE = {
  question: "text",
  attribute: "text",
  group: "text",
  option: "text",
  option_label: "text",
  share: "number",
  n: "integer",
  n_effective: "number",
} as const;

const renamed = ({ question_id, option_code, option, n_eff, ...row }: z.infer<typeof Answer>) => ({
  ...row,
  question: question_id,
  option: option_code,
  option_label: option,
  n_effective: n_eff,
});

/**
 * What people answered in the General Social Survey.
 *
 * @param of `year` 2016 or 2018; `attribute`: only the groups by this attribute, which is then a column of
 *   its name, as results by it need; left out, all people and groups by any attribute
 * @returns question, attribute and group (`all` of all people; or one column of the attribute's name), option
 *   (code as text), option_label, share, n, n_effective
 * @throws {Error} when there is no such year or attribute
 */
export function surveyed({ year, attribute }: { year: number; attribute?: string }): DataFrame {
  const all = read("gss_toplines_2016_2018.csv", Answer);
  const ofYear = all.filter((row) => row.year === year);
  const own = ofYear.filter((row) => attribute === undefined || row.attribute === attribute);
  if (!own.length) {
    const known = (of: readonly (string | number)[]) => [...new Set(of)].join(", ");
    throw new Error(
      ofYear.length
        ? `${year} has no answers by ${attribute}: there are ${
          known(ofYear.map(({ attribute }) => attribute))
        }`
        : `There is no survey of ${year}: there are ${known(all.map(({ year }) => year))}`,
    );
  }
  const source = line(`General Social Survey ${year}, weighted`);
  if (attribute === undefined) return from(frame(own.map(renamed), REFERENCE), source);
  const { attribute: _, group: __, ...columns } = REFERENCE;
  const kept = own.map((row) => ({ ...renamed(row), [attribute]: row.group }));
  const keys = attribute === "all" ? {} : { [attribute]: "text" as const };
  return from(frame(kept, { ...keys, ...columns }), source);
}

const Item = z.object({
  question_id: z.string(),
  topic_own_words: z.string(),
  ordered: z.enum(["0", "1"]),
  n_options: Num,
});

/** Codes whose order is another than by number: “depends”, coded last, means the middle. */
const ORDERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  gss_trust: { "1": 1, "2": 3, "3": 2 },
  gss_helpful: { "1": 1, "2": 3, "3": 2 },
  gss_fair: { "1": 1, "2": 3, "3": 2 },
};

/**
 * The survey's items as questions, with the options that people gave.
 *
 * @param of `year`; `middle`: “depends” of three items is in the middle, so that they have an order as well
 */
export function surveyQuestions(
  { year, middle = false }: { year: number; middle?: boolean },
): Question[] {
  const answers = read("gss_toplines_2016_2018.csv", Answer)
    .filter((row) => row.year === year && row.attribute === "all");
  return read("gss_questions.csv", Item).map(({ question_id, topic_own_words, ordered }) => {
    const own = answers.filter((row) => row.question_id === question_id);
    const order = middle ? ORDERS[question_id] : undefined;
    return {
      question: question_id,
      topic: topic_own_words,
      options: own.map(({ option_code, option }) => ({
        option: option_code,
        label: option,
        position: order?.[option_code] ?? (ordered === "1" ? Number(option_code) : null),
      })),
    };
  }).filter(({ options }) => options.length > 1);
}

/**
 * Single percentages that agencies publish; rows that were taken from a secondary text are left out.
 *
 * @param of `unchecked`: these rows as well, and only to be looked up
 * @returns question, attribute, group, option, option_label, share, n, n_effective, year, source, checked
 */
export function aggregates({ unchecked = false }: { unchecked?: boolean } = {}): DataFrame {
  const own = read("government_aggregates.csv", Answer.extend({ checked: z.enum(["yes", "no"]) }))
    .filter(({ checked }) => unchecked || checked === "yes");
  return from(
    frame(own.map((row) => ({ ...renamed(row), year: String(row.year), checked: row.checked })), {
      ...REFERENCE,
      year: "text",
      source: "text",
      checked: "text",
    }),
    line("published percentages of US agencies"),
  );
}

/** The map of equal tiles: stratum, row and col, from 0. */
export function tiles(): { stratum: string; row: number; col: number }[] {
  return read("us_tile_grid.csv", z.object({ stratum: z.string(), row: Num, col: Num }));
}

/**
 * The links that a file of questions declares to one of the files here.
 *
 * @param file such as `gss_toplines_2016_2018.csv`
 */
export const linksIn = ({ topics }: Pick<Asked, "topics">, file: string): Link[] =>
  topics.flatMap(({ topic: { question_id, reference } }) =>
    reference && reference.match !== "none" && basename(reference.file) === file
      ? [{ question: question_id, reference: reference.question_id }]
      : []
  );

/** Which question of a reference a question of one's own is held against. */
export interface Link {
  question: string;
  /** The reference's name for it. */
  reference: string;
}

const Row = z.object({ question: z.string(), option: z.string(), option_label: z.string() });
const folded = (text: string): string => text.normalize("NFKC").trim().toLowerCase();

/**
 * A reference under the names and codes of one's own questions: options are found by their words, or else
 * where all positions are codes of the reference, by these.
 *
 * @param reference as `surveyed` returns it; its other columns stay
 * @throws {Error} when the reference has no such question, or its options fit neither way, naming both
 */
export const matched = carried((
  reference: DataFrame,
  { questions, links }: { questions: readonly Question[]; links: readonly Link[] },
): DataFrame => {
  const all = rows(reference, Row.loose()) as (z.infer<typeof Row> & Record<string, unknown>)[];
  const made = links.flatMap((link) => {
    const question = questions.find(({ question }) => question === link.question);
    const own = all.filter((row) => row.question === link.reference);
    if (!question || !own.length) {
      throw new Error(
        question
          ? `The reference has no question ${link.reference}, with which ${link.question} is compared`
          : `There is no question ${link.question}: there are ${
            listed(questions.map(({ question }) => question))
          }`,
      );
    }
    const codes = [...new Map(own.map((row) => [row.option, row.option_label]))];
    const options = answersTo(question);
    const by = (fits: (option: typeof options[number], code: string, label: string) => boolean) => {
      const found = new Map(
        codes.flatMap(([code, label]) => {
          const fitting = options.filter((option) => fits(option, code, label));
          return fitting.length === 1 ? [[code, fitting[0]!.option] as const] : [];
        }),
      );
      const whole = found.size === codes.length && codes.length === options.length;
      return whole && new Set(found.values()).size === found.size ? found : null;
    };
    const found = by((option, _, label) => folded(option.label) === folded(label)) ??
      by((option, code) => option.position !== null && String(option.position) === code);
    if (!found) {
      throw new Error(
        `Question ${link.question} has the answers ${
          options.map(({ label, position }) => `${label} (${position ?? "no position"})`).join(", ")
        }, and ${link.reference} ${
          codes.map(([code, label]) => `${code} ${label}`).join(", ")
        }: give ` +
          "the same words, or the reference's codes as positions",
      );
    }
    return own.map((row) => ({ ...row, question: link.question, option: found.get(row.option)! }));
  });
  return frame(
    made,
    Object.fromEntries(
      reference.columns.map((name) => {
        const values = made.map((row) => (row as Record<string, unknown>)[name]);
        return [
          name,
          values.some((value) => typeof value === "string") ? "text" : "number",
        ] as const;
      }),
    ),
  );
});
