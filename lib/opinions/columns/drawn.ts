/** Columns of draws, and of files in the original's layout. */
import { number, share, text } from "../../columns.ts";

export const DRAWN = {
  largest_level: text("its level", "The level of the largest difference."),
  stratum_label: text("stratum", "The stratum in words; all: all of them together."),
  variable_label: text("variable", "What the variable is called; several together joined by ×."),
  tv: share("total variation", "Half the sum of the absolute differences of two distributions."),
  tv_expected: share(
    "total variation expected",
    "Total variation that as many independent draws have on average.",
  ),
  chi2: number(
    "chi-squared",
    "Pearson's, or with weights and over strata Rao and Scott's; undefined where rows are no independent draws or an expected count is below 5.",
  ),
  combination: text("combination", "Levels that do not go together, or seldom."),
  per_1000_apart: number("drawn apart", "Of 1,000 people, by tables whose fields hang on less.", {
    over: "per 1,000",
  }),
  per_1000_target: number("by the tables", "Of 1,000 people, by the tables.", {
    over: "per 1,000",
  }),
  per_1000_drawn: number("drawn", "Of 1,000 people who were drawn, weighted.", {
    over: "per 1,000",
  }),
  question_set: text("question set", "The folder of the questions."),
  reply_reason: text("reason given", "What the reply says before its answer."),
  respondent: text("respondent", "Who answered; alike over all that the same one was asked."),
};
