/** The distributions that opinions are compared with. */
import type { DataFrame } from "polars";
import { listed } from "../../format.ts";
import { type Level, Rows } from "../../measures.ts";
import { answersTo, type Question } from "../answers.ts";

/** The people's answers to one question. */
export interface People {
  /** By option, in the order of the question's answers. */
  shares: number[];
  /** How many independent answers they are worth; infinite where it is not said, as of counts of all. */
  effective: number;
}

/**
 * Looks up distributions in a frame with a row per question and option: question, option, share, and where it is
 * known n_effective; further columns that a result is by say whose distribution it is.
 *
 * @param by the factors of the result; those that are columns of the frame as well must agree
 * @returns what the people say to a question; null where the frame has no row for it there
 * @throws {Error} when a column is missing, an option is unknown or lacking, or there twice
 */
export function peopleIn(
  reference: DataFrame,
  questions: readonly Question[],
  by: readonly string[],
): (question: number, levels: readonly Level[]) => People | null {
  const rows = new Rows(
    reference.columns.includes("weight") ? reference.drop("weight") : reference,
  );
  const lacking = ["question", "option", "share"].filter((name) => !rows.has(name));
  if (lacking.length) {
    throw new Error(
      `The reference has no column ${
        lacking.join(", ")
      }: it has a row per question and option with ` +
        `their share; there are ${listed(reference.columns)}`,
    );
  }
  const shared = by.filter((name) => rows.has(name));
  const [question, option, share] = ["question", "option", "share"].map((name) =>
    rows.passing(name)
  );
  const sizes = rows.has("n_effective") ? rows.passing("n_effective") : null;
  const columns = shared.map((name) => rows.passing(name));
  const places = new Map(questions.map(({ question }, at) => [question, at]));
  const known = new Map<string, Map<string, { share: number; effective: number }>>();
  const keyOf = (at: number, levels: readonly Level[]) => JSON.stringify([at, ...levels]);
  for (let row = 0; row < rows.height; row++) {
    const at = places.get(String(question![row]));
    if (at === undefined) continue;
    const key = keyOf(at, columns.map((column) => column[row]!));
    const own = known.get(key) ?? new Map();
    known.set(key, own);
    const code = String(option![row]), value = share![row], size = sizes?.[row] ?? null;
    if (!questions[at]!.options.some(({ option, role }) => option === code && !role)) {
      throw new Error(
        `Row ${row + 1} of the reference has option ${code} of question ${question![row]}, whose ` +
          `answers are ${answersTo(questions[at]!).map(({ option }) => option).join(", ")}`,
      );
    }
    if (own.has(code)) {
      throw new Error(
        `The reference has option ${code} of question ${question![row]} twice, in row ${
          row + 1
        }: ` +
          "choose one year, attribute and group",
      );
    }
    if (typeof value !== "number" || !(value >= 0)) {
      throw new Error(`Row ${row + 1} of the reference has share ${value}: it is 0 or more`);
    }
    own.set(code, { share: value, effective: typeof size === "number" ? size : Infinity });
  }
  if (!known.size) {
    throw new Error(
      `The reference has none of the questions ${
        listed(questions.map(({ question }) => question))
      }`,
    );
  }
  return (at, levels) => {
    const own = known.get(keyOf(at, shared.map((name) => levels[by.indexOf(name)]!)));
    if (!own) return null;
    const options = answersTo(questions[at]!);
    const without = options.filter(({ option }) => !own.has(option));
    if (without.length) {
      throw new Error(
        `The reference of question ${questions[at]!.question} has no share of option ` +
          `${without.map(({ option }) => option).join(", ")}: where nobody gave it, it is 0`,
      );
    }
    return {
      shares: options.map(({ option }) => own.get(option)!.share),
      effective: Math.min(...options.map(({ option }) => own.get(option)!.effective)),
    };
  };
}
