/** Columns of what was asked and in which order it was shown. */
import { coefficient, type Column, integer, interval, number, share, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const ASKED: Own = {
  places: integer("places", "How many options that are answers were shown."),
  flips: share("changed", "Share of the questions answered otherwise in the other order."),
  flips_chance: share(
    "changed by chance",
    "What independent answers with these shares would change.",
  ),
  flips_beyond: coefficient(
    "beyond chance",
    "One less what changed by what chance changes; undefined where all answer alike.",
  ),
  shift: number(
    "shift",
    "Mean of (s + s′ − (k + 1)) / 2 of the places in both orders: below 0 the first places draw, above 0 the last.",
    { decimals: 3 },
  ),
  both_first: integer("first in both", "Answers that stood first in both orders."),
  both_last: integer("last in both", "Answers that stood last in both orders."),
  first_bias: number(
    "first-place bias",
    "Of two options: share of first places less one half; undefined of more.",
    { decimals: 3 },
  ),
  heard: integer("heard", "The profile of whom was heard."),
  moved: number(
    "moved",
    "Mean change towards the end that counts as more, of a scale from 0 to 1.",
    { decimals: 3 },
  ),
  disagreement_before: share(
    "disagreed before",
    "Chance that two respondents differed a round before.",
  ),
  disagreement: share("disagree", "Chance that two respondents differ."),
  to_majority: share(
    "to the majority",
    "Of those who heard mostly another answer, share that took it.",
  ),
  from_majority: share(
    "from the majority",
    "Of those who heard mostly their own answer, share that left it.",
  ),
  conformity: number(
    "conformity",
    "Share that took the majority's answer less share that left it.",
    {
      decimals: 3,
    },
  ),
  people: text(
    "people",
    "Whether a rule finds these people implausible, or none does: the placebo.",
  ),
  same_verdict: share("same verdict", "Share of the people of whom both judges say the same."),
  arm: text("arm", "Who answered: four facts, facts of tables, or what a model wrote of them."),
};

export const ASKED_INTERVALS: Own = {
  kappa: interval("95% CI", "95 % interval of kappa, BCa by cluster.", { decimals: 3 }),
  flips: interval("95% CI", "95 % interval of what changed, by cluster.", { decimals: 3 }),
  conformity: interval("95% CI", "95 % interval of conformity, by cluster.", { decimals: 3 }),
  shift: interval("95% CI", "95 % interval of the shift, by cluster.", { decimals: 3 }),
};
