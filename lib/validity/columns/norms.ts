/** Columns of what compares personas with people. */
import { type Column, integer, number, p, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const NORMS: Own = {
  people_group: text("people", "Which group of people it is compared with."),
  people_country: text(
    "country",
    "Where these people live; undefined where the source does not say.",
    {
      over: "people",
    },
  ),
  people_year: text("year", "When they answered; undefined where the source does not say.", {
    over: "people",
  }),
  people_n: integer("n", "How many people.", { over: "people" }),
  people_mean: number("mean", "Their mean.", { over: "people" }),
  people_sd: number("SD", "Their standard deviation.", { over: "people" }),
  repeat_sd: number(
    "repeat SD",
    "How far sheets of the same respondent differ: noise of the asking, which does not compare with people's SD. Undefined where nobody has two.",
  ),
  p_pooled: p("pooled", "p of the t-test with one variance for both, as papers print it.", {
    over: "p",
  }),
  glass: number(
    "Glass's Δ",
    "The difference in people's standard deviations; the one to read where spreads differ.",
  ),
  bonett: number("Bonett's d", "The difference in units of the root mean square of both SDs."),
  hedges: number(
    "Hedges' g",
    "The difference in pooled standard deviations, which say little where personas hardly vary.",
  ),
  sd_ratio: number(
    "SD ratio",
    "How far personas spread as a ratio of people: below 1 they are more alike. Undefined where a respondent has several sheets.",
  ),
  ks: number("D", "Largest distance of the two distribution functions, 0–1.", { decimals: 3 }),
  p_ks: p("Smirnov", "Exact permutation p of D.", { over: "p" }),
  w1: number("W1", "Wasserstein's distance of the scores, in points.", { over: "distance" }),
  w1_null: number("by chance", "Mean W1 where respondents are dealt out at random.", {
    over: "distance",
  }),
  w1_beyond: number("beyond chance", "W1 less what chance makes; may be below 0.", {
    over: "distance",
  }),
  p_w1: p("W1", "p of the permutation test of W1.", { over: "p" }),
};
