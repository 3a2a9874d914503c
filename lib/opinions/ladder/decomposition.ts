/** What the spread of opinions over a crossed design goes with. */
import type { DataFrame } from "polars";
import { frame } from "../../frames.ts";
import { cells, factorsOf, type Level } from "../../measures.ts";
import { crossedAnova } from "../../stats.ts";
import { held, isOrdered, placesOf, type Question, tallied } from "../answers.ts";

/** A crossed design. */
export interface Crossing {
  questions: readonly Question[];
  /** The crossed factors, such as writer, answering_model and form. */
  factors: readonly string[];
  /** What is decomposed: names of factors, joined by `×`; the factors alone unless said. */
  terms?: readonly string[];
  /** Column whose levels are the values within each combination, such as states. */
  within?: string;
}

/**
 * How much of the variance of shares each factor, and each combination that is named, goes with: an
 * analysis of variance of logits, question by question.
 *
 * A cell's share is the weighted mean of its answers by position, 0 at one end and 1 at that which counts
 * as more; of two options it is that option's share. Its logit is the empirical one, ln((s + ½)/(n − s + ½))
 * with s = share · n at the effective n, which is defined at 0 and 1. What is not named is residual. Rows
 * without a level of a factor, such as those of personas that nobody wrote, are left out.
 *
 * @returns by question and term (`residual` last): df, sum_of_squares, variance_share (of all squares),
 *   component (of variance, by moments, as if levels were drawn; may be below 0), F, p (by the residual)
 * @throws {Error} when a factor, term or option is unknown, or no question has options with an order
 * @throws {RangeError} when a combination of levels has no answers, naming the first
 */
export function decomposition(answers: DataFrame, of: Crossing): DataFrame {
  const { factors, within, terms = factors } = of;
  const questions = of.questions.filter(isOrdered);
  if (!questions.length) throw new Error("No question has options with an order");
  const own = held(answers, questions);
  const names = [...factors, ...within === undefined ? [] : [within]];
  factorsOf(own.rows, names, ["question"]);
  const places = terms.map((term) => {
    const parts = term.split(/\s*[×*:]\s*/).map((name) => factors.indexOf(name));
    if (!parts.includes(-1)) return parts;
    throw new Error(`Term ${term} is no combination of ${factors.join(", ")}`);
  });
  const values = questions.map((): { value: number; levels: string[] }[] => []);
  for (const cell of cells(own.rows, names)) {
    const levels: Level[] = cell.levels.slice(0, factors.length);
    if (levels.includes(null)) continue;
    tallied(own, cell).tallies.forEach(({ question, columns, effective }, at) => {
      const given = columns.map((column) => column.reduce((sum, one) => sum + one, 0));
      const total = given.reduce((sum, one) => sum + one, 0);
      if (total === 0) return;
      const share = placesOf(question).reduce((sum, x, place) => sum + x * given[place]!, 0) /
        total;
      const yes = share * effective;
      values[at]!.push({
        value: Math.log((yes + 0.5) / (effective - yes + 0.5)),
        levels: levels.map(String),
      });
    });
  }
  const tidy = questions.flatMap(({ question }, at) => {
    if (!values[at]!.length) return [];
    const { terms: found, residual } = crossedAnova(values[at]!, places);
    return [...found, residual].map((term, place) => ({
      question,
      term: terms[place] ?? "residual",
      df: term.df,
      sum_of_squares: term.sumOfSquares,
      variance_share: term.share,
      component: term.component,
      F: term.F,
      p: term.p,
    }));
  });
  return frame(tidy, {
    question: "text",
    term: "text",
    df: "integer",
    sum_of_squares: "number",
    variance_share: "number",
    component: "number",
    F: "number",
    p: "number",
  });
}
