/**
 * The politics that a writer invented, before anybody is asked anything: ideology and party of the subjective
 * form beside those of people. The answers to political questions are written here. A descriptive text has
 * no such field, and what it says in its words is not read.
 */
import pl, { type DataFrame } from "polars";
import { z } from "zod";
import { choiceOf } from "../forms.ts";
import { frame, type Kind, rows as read, series } from "../frames.ts";
import { apartLaid, cells, factorsOf, keysOf, kindsOf, shareIn } from "../measures.ts";
import { carried, from, sourcesOf } from "../provenance.ts";
import { wilson } from "../stats.ts";
import { answersTo, held, type Question } from "./answers.ts";
import "./columns.ts";
import { subjective } from "./forms.ts";
import { surveyed } from "./reference.ts";

/** By field of the form: the survey's question, and by choice the codes of its answers. */
const ASKED = {
  ideology: {
    question: "gss_polviews",
    // Seven points there, five here: “slightly” is told from the middle, and the ends are the ends.
    codes: {
      "Very Liberal": ["1"],
      "Liberal": ["2", "3"],
      "Moderate": ["4"],
      "Conservative": ["5", "6"],
      "Very Conservative": ["7"],
    },
  },
  political_views: {
    question: "gss_partyid",
    // Who leans to a party calls themselves an independent.
    codes: {
      "Democrat": ["0", "1"],
      "Republican": ["5", "6"],
      "Independent": ["2", "3", "4"],
      "Other": ["7"],
    },
  },
} as const;

const FIELDS = Object.keys(ASKED) as (keyof typeof ASKED)[];
const fieldOf = (name: string) => subjective.fields.find((field) => field.name === name)!;

/** Ideology, which has an order, and party as questions; options by their words. */
export const POLITICS: readonly Question[] = FIELDS.map((name) => ({
  question: fieldOf(name).label,
  topic: "politics",
  options: fieldOf(name).choices!.map((choice, at) => ({
    option: choice,
    label: choice,
    position: name === "ideology" ? at + 1 : null,
  })),
}));

/**
 * Ideology and party of personas as answers, so that whatever reads answers reads them: what is on no list is
 * `unreadable`.
 *
 * @param personas as `study.personas("subjective")` returns them
 */
export const politicsOf = carried((personas: DataFrame): DataFrame => {
  const keys = personas.columns.filter((name) =>
    !subjective.fields.some((field) =>
      [field.name, `${field.name}_cleaned`, `${field.name}_status`].includes(name)
    )
  );
  return pl.concat(FIELDS.map((name) => {
    const field = fieldOf(name);
    const written = personas.getColumn(name).toArray() as (string | null)[];
    const options = written.map((value) => value === null ? null : choiceOf(field, value) ?? null);
    return personas.select(...keys).withColumns(
      series("question", options.map(() => field.label), "text"),
      series("option", options, "text"),
      series(
        "reply_class",
        options.map((one, at) =>
          one !== null ? "answer" : written[at] === null ? "missing" : "unreadable"
        ),
        "text",
      ),
    );
  }));
});

const Surveyed = z.object({
  question: z.string(),
  option: z.string(),
  share: z.number(),
  n: z.number().nullable(),
  n_effective: z.number().nullable(),
}).loose();

/**
 * The people's ideology and party in the form's words: question, option, option_label, share, n,
 * n_effective.
 *
 * @param year of the General Social Survey, 2016 or 2018
 */
export function surveyedPolitics({ year = 2018 }: { year?: number } = {}): DataFrame {
  const reference = surveyed({ year, attribute: "all" });
  const all = read(reference, Surveyed);
  const made = FIELDS.flatMap((name) => {
    const { question, codes } = ASKED[name];
    return Object.entries(codes).map(([choice, own]) => {
      const found = all.filter((row) =>
        row.question === question && (own as readonly string[]).includes(row.option)
      );
      return {
        question: fieldOf(name).label,
        option: choice,
        option_label: choice,
        share: found.reduce((sum, { share }) => sum + share, 0),
        n: found[0]!.n,
        n_effective: found[0]!.n_effective,
      };
    });
  });
  const columns = {
    question: "text",
    option: "text",
    option_label: "text",
    share: "number",
    n: "integer",
    n_effective: "number",
  } as const;
  return from(frame(made, columns), sourcesOf(reference));
}

const COLUMNS = {
  question: "text",
  option_label: "text",
  n: "integer",
  clusters: "integer",
  share: "number",
  share_against: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/**
 * How often writers gave each ideology and party, beside how often people have it.
 *
 * @param personas as `study.personas("subjective", …)` returns them; a column `weight` weighs
 * @param people their shares, as `surveyedPolitics` returns them: of all people, in whatever group
 * @param of `by`: factors, such as writer or who the person is
 * @returns by level of each factor, question and option: n (with a choice of the list), clusters, share
 *   (weighted), share_against (of people), estimate (difference), ci_lower, ci_upper (95 %: both Wilson's
 *   at their effective n, combined as Newcombe and Zou & Donner do)
 */
export const politics = carried((
  personas: DataFrame,
  people: DataFrame,
  { by = [] }: { by?: readonly string[] } = {},
): DataFrame => {
  const said = new Map(
    read(people, Surveyed).map((row) => [`${row.question}/${row.option}`, row]),
  );
  const own = held(politicsOf(personas), POLITICS);
  const { rows } = own;
  const factors = factorsOf(rows, by, Object.keys(COLUMNS));
  const tidy = cells(rows, factors).flatMap((cell) =>
    POLITICS.flatMap((question, at) =>
      answersTo(question).map(({ option, label }, place) => {
        const share = shareIn(rows, cell, (row) =>
          own.question[row] !== at || own.option[row]! < 0
            ? NaN
            : Number(own.option[row] === place));
        const there = said.get(`${question.question}/${option}`)!;
        const size = there.n_effective ?? there.n!;
        return {
          ...keysOf(factors, cell),
          question: question.question,
          option_label: label,
          n: share.n,
          clusters: share.clusters,
          share: share.estimate,
          share_against: there.share,
          ...apartLaid(share, wilson({ count: there.share * size, n: size })),
        };
      })
    )
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...COLUMNS });
});
