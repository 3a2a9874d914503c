/** Columns of doses: slopes, spill-over, directions. */
import {
  coefficient,
  type Column,
  integer,
  interval,
  number,
  p,
  share,
  text,
} from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const DOSES: Own = {
  dose: integer("dose", "How many items of the scale the condition set to the answer that scores."),
  doses: integer("doses", "How many different doses there are."),
  left_out: integer("left out", "Profiles without a number at some dose, which do not count."),
  expected_slope: number(
    "expected",
    "Slope of one that follows what it was shown: below a point per item, since profiles answer some items so before.",
    { over: "slope" },
  ),
  beyond: number("beyond", "Slope less the expected one.", { over: "slope" }),
  p_beyond: p("expected", "p of the slope against the expected one.", { over: "p" }),
  followed: number("followed", "Change that was made as a part of the change that was asked for."),
  r2_within: share("within", "R² of the dose within profiles.", { over: "R²" }),
  r2_pooled: share("pooled", "R² of the dose where the spread of profiles counts as noise.", {
    over: "R²",
  }),
  rho: coefficient("rho", "Mean over profiles of Spearman's rank correlation with the dose."),
  page: number("Page's L", "Sum of doses' places times their ranks within profiles.", {
    decimals: 1,
  }),
  p_page: p("Page", "p of Page's test of a trend within profiles.", { over: "p" }),
  falls: share("falls", "Share of steps from a dose to the next at which a profile falls."),
  violated: share("violated", "Share of pairs of doses whose higher has the lower number."),
  off_isotonic: number(
    "off monotone",
    "How far a mean lies off the nearest that never go against the trend.",
    { decimals: 3 },
  ),
  against_trend: integer("against", "Steps of the mean that go against the trend.", {
    over: "steps",
  }),
  isotonic: number("isotonic", "The nearest mean where none may fall."),
  shown_mean: number("as shown", "Mean score of what the writer was shown.", { over: "mean" }),
  asked_change: number("asked", "Change from the lowest dose in what was shown.", {
    over: "change",
  }),
  done_change: number("done", "Change from the lowest dose in what was answered.", {
    over: "change",
  }),
  dosed_scale: text("dosed", "Scale whose items were set."),
  spill_ratio: number(
    "of its own",
    "What the dose does to this scale as a part of what it does to its own; undefined for that.",
    { over: "spill-over" },
  ),
  share_lowest: share("lowest", "Share at the lowest dose.", { over: "share at dose" }),
  share_highest: share("highest", "Share at the highest dose.", { over: "share at dose" }),
  asked_up: number("asked", "Points asked for upwards.", { over: "up" }),
  change_up: number("done", "Points gone upwards.", { over: "up" }),
  followed_up: number("followed", "Done by asked, upwards.", { over: "up" }),
  asked_down: number("asked", "Points asked for downwards.", { over: "down" }),
  change_down: number("done", "Points gone downwards.", { over: "down" }),
  followed_down: number("followed", "Done by asked, downwards.", { over: "down" }),
  better: number(
    "to the better end",
    "What is followed towards the desirable end of a scale, less what is followed towards the other.",
  ),
  kept_keyed: share("keyed", "Share of answers as shown, where the keyed one was shown.", {
    over: "kept",
  }),
  kept_unkeyed: share("unkeyed", "Share of answers as shown, where another was shown.", {
    over: "kept",
  }),
  both_shown: integer("both", "Respondents that were shown both kinds.", { over: "respondents" }),
};

export const DOSES_INTERVALS: Own = {
  better: interval("95% CI of the better end", "95 % interval of it, by the jackknife."),
  beyond: interval("95% CI of beyond", "95 % interval of the slope less the expected one."),
};
