/** Columns of what a changed attribute does, beside the noise between wordings. */
import { type Column, integer, interval, number, p, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const SWAPS: Own = {
  wordings: integer("wordings", "Prompts of the same meaning that each respondent was asked with."),
  part_asked: integer(
    "left out",
    "Respondents who lack a score under one of the wordings, with or without the change.",
  ),
  effective_df: number(
    "df",
    "Degrees of freedom by Satterthwaite, for respondents and wordings that are both drawn.",
    { decimals: 1 },
  ),
  p_wordings: p(
    "p of wordings",
    "t-test over the means of the wordings alone: answers for these respondents only.",
  ),
  wording_noise: number(
    "wording noise",
    "Standard deviation of the mean score between wordings, of both sides together.",
  ),
  in_noise: number(
    "in noise",
    "The estimate in units of the noise between wordings; undefined where wordings do not differ.",
  ),
  squared_excess: number(
    "excess of square",
    "Squared effect less the mean squared difference of two wordings: below 0 wording does as much.",
    { decimals: 4 },
  ),
  variance_ratio: number(
    "variance ratio",
    "Variance of the mean score over attributes, divided by that over wordings of one of them.",
  ),
  contrast: text("contrast", "What is compared: a changed attribute, or two wordings of the same."),
  only_before: integer("only before", "Pairs in which only the first of the two gave this answer."),
  only_after: integer("only after", "Pairs in which only the second of the two gave this answer."),
  p_mid: p("mid-p", "McNemar's exact test with half the probability of what was found."),
  tests: integer("tests", "How many tests were made."),
  significant: integer("significant", "How many of them have p below 0.05, as they are."),
  significant_holm: integer("after Holm", "How many of them have an adjusted p below 0.05."),
  n_twice: integer("asked twice", "Respondents asked twice with the part and twice without it."),
  carried: number(
    "carried",
    "Mean squared move of a respondent's score without the part, the noise of asking taken out.",
    { decimals: 3 },
  ),
  p_carried: p("carried", "p of the mean squared move.", { over: "p" }),
  p_carried_holm: p("carried, Holm", "The same, adjusted over all rows.", { over: "p" }),
  noise: number("noise", "Variance of a respondent's score when the same is asked again.", {
    decimals: 3,
  }),
};

export const SWAPS_INTERVALS: Own = {
  carried: interval("95% CI of carried", "95 % interval of the mean squared move, by cluster."),
};
