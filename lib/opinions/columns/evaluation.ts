/** Columns of evaluations: alignment, elections, ladder, texts. */
import { type Column, integer, interval, number, p, share, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const EVALUATION: Own = {
  question: text("question", "Which question was asked; All: over all of them."),
  year: text("year", "Year of the survey or the election."),
  option_label: text("answer", "The option in words."),
  checked: text("checked", "No where only a secondary text gave the number."),
  reply_class: text("reply", "What became of the question that was asked."),
  unanswered: share("unanswered", "Share of those asked who gave no answer, for whatever reason."),
  noise_floor: number(
    "noise floor",
    "What a perfect simulator is expected to reach with so many respondents, by chance alone.",
    { decimals: 3 },
  ),
  null_level: number(
    "null level",
    "What two samples of one distribution, as large as these, are expected to reach.",
    { decimals: 3 },
  ),
  beyond_null: number(
    "excess",
    "How much further apart than the null level; below 0 where they are nearer than two samples are expected to be. The one number to compare between different n.",
    { decimals: 3 },
  ),
  beyond_null_against: number("excess there", "Excess over the null level at the other level.", {
    decimals: 3,
  }),
  uniform: number("uniform", "What answers that take each option equally often would reach.", {
    decimals: 3,
  }),
  ceiling: number(
    "ceiling",
    "What one half of the people is expected to reach against the other; undefined where their number is not known.",
    { decimals: 3 },
  ),
  score_against: number("score there", "Score of what is compared with.", { decimals: 3 }),
  questions: integer("questions", "How many questions count."),
  groups: integer("groups", "How many groups count."),
  average: number("average", "Mean over groups, each counting once.", { decimals: 3 }),
  worst: number("worst", "The lowest of the groups.", { decimals: 3 }),
  worst_attribute: text("its attribute", "By which attribute the worst is a group."),
  worst_group: text("worst group", "The group that has the lowest."),
  unweighted: number("unweighted", "Mean over groups, each counting once.", { decimals: 3 }),
  unsteered: number("unsteered", "Alignment without a context.", { decimals: 3 }),
  steered: number(
    "steered",
    "Alignment with the context in which it is best, which makes it an optimistic most.",
    { decimals: 3 },
  ),
  best_context: text("best context", "The context in which alignment is best."),
  gain: number("gain", "Steered less unsteered.", { decimals: 3 }),
  mean_gain: number("mean gain", "Mean over all contexts of the gain by each.", { decimals: 3 }),
  range_unsteered: number("unsteered", "Best less worst group without a context.", {
    over: "range",
    decimals: 3,
  }),
  range_steered: number("steered", "Best less worst group, each with its best context.", {
    over: "range",
    decimals: 3,
  }),
  slope: number("slope", "Of steered on unsteered, through the origin.", { decimals: 3 }),
  best_group: text("best group", "The group that is represented best; undefined where two are."),
  topics: integer("topics", "How many topics there are."),
  agreeing: integer("agreeing", "Topics whose best group is the best over all questions."),
  tied: integer("tied", "Topics in which two groups are best, which do not count."),
  consistency: share("consistency", "Agreeing topics by those that have one best group."),
  invalid: integer("invalid", "Replies without an answer; none of them is a vote."),
  winner: text("winner", "Who has more than half; undefined at one half."),
  certain: text("certain", "Yes where the interval of the share excludes one half."),
  counted: share("counted", "Share in the result."),
  counted_winner: text("winner counted", "Who has more than half in the result."),
  right: text("right", "Whether both winners are the same."),
  votes: integer("votes", "Votes cast for the two."),
  states: integer("states", "States with a share and a result."),
  mae: number("MAE", "Mean absolute error.", { decimals: 3 }),
  rmse: number("RMSE", "Root mean squared error.", { decimals: 3 }),
  states_right: integer("right", "States with the right winner.", { over: "states" }),
  states_certain: integer("certain", "States whose winner is certain.", { over: "states" }),
  certain_right: integer("certain and right", "States whose winner is certain, and right.", {
    over: "states",
  }),
  national: share("national", "Mean of the states' shares, by votes cast."),
  national_unweighted: share("national, unweighted", "Mean of the states' shares."),
  national_counted: share("national, counted", "The same of the results, by votes cast."),
  incomplete: integer("incomplete", "Respondents with an answer on some rungs only: left out."),
  page_l: number("L", "Page’s L: sum of ranks by place, times the place.", { decimals: 0 }),
  page_expected: number("expected", "Page’s L where ranks are dealt out at random.", {
    over: "L",
    decimals: 0,
  }),
  p_rising: p("rising", "One-sided p of Page’s test for rising.", { over: "p" }),
  p_falling: p("falling", "One-sided p of Page’s test for falling.", { over: "p" }),
  falling: integer("falling", "Questions that never rise from rung to rung, and fall somewhere."),
  rising: integer("rising", "Questions that never fall from rung to rung, and rise somewhere."),
  term: text("term", "A factor, or a combination of several; residual: the rest."),
  sum_of_squares: number("sum of squares", "Of logits."),
  variance_share: share("share of variance", "Sum of squares by that of all."),
  component: number(
    "component",
    "Variance component by moments, as if levels were drawn; below 0 where there is less than chance.",
    { decimals: 3 },
  ),
  F: number("F", "F of the term, by the residual."),
  words: number("words", "Mean length of the texts that count.", { decimals: 0 }),
  hardship: text("hardship", "What the text names; any: one of these or more."),
  base_rate: share("among people", "How common it is among people; undefined where not given."),
};

/** Intervals by their name without the ends. */
export const EVALUATION_INTERVALS: Own = {
  noise: interval("5–95 %", "Between which 90 % of perfect simulators are.", { decimals: 3 }),
  if_answered: interval(
    "had all answered",
    "Where it could lie had those without an answer given any.",
    { decimals: 3 },
  ),
};

/** Groups of the survey whose names are codes. */
const DEGREES = {
  lt_hs: "less than high school",
  hs: "high school",
  junior_college: "junior college",
};

/** Levels of columns, also of those that the core declares. */
export const EVALUATION_LEVELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  group: DEGREES,
  worst_group: DEGREES,
  best_group: DEGREES,
  measure: {
    alignment: "alignment",
    total_variation: "total variation",
    jensen_shannon: "Jensen–Shannon (bits)",
    words: "words",
    polarity: "polarity",
    tone_density: "words of tone",
    subjectivity: "words of opinion",
    distinct_names: "distinct first names",
    difference: "answered − written",
    correlation: "correlation",
    concordance: "concordance (Lin)",
    equal: "equal",
    near_duplicate: "near-duplicate",
    simhash: "nearly equal (SimHash)",
  },
};
