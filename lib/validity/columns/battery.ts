/** Columns of the battery: what its parts ask, and what part of a finding the way of asking makes. */
import { type Column, integer, number, p, share, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const BATTERY: Own = {
  validity_part: text("part", "Part of the battery, or all that are taken."),
  asks: text("asks", "What the part asks otherwise than the study."),
  calls_left: integer("calls left", "Those that no stored reply answers."),
  taken: text("taken", "Whether the part is asked, or why it is left out."),
  finding_of: text("finding of", "What the finding is: a difference of means, or an alpha.", {
    levels: { difference: "difference", alpha: "alpha" },
  }),
  way: text("way of asking", "What is asked otherwise than in the study.", {
    levels: { again: "the same again" },
  }),
  estimate_way: number("otherwise", "The finding in the other way of asking."),
  part: number(
    "change",
    "By which part of its size a finding changes in the other way: −1 takes all of it away.",
  ),
  part_again: number("change, asked again", "The same where the same is asked again."),
  part_most: number(
    "change at most",
    "Larger parts are refused, in every way of asking, with 95 % confidence; undefined where the size is not told from 0.",
  ),
  bound_part: number(
    "bound",
    "Part of its size by which a finding may change and still be the person's.",
  ),
  p_within: p("within the bound", "p of the change being the bound or more.", { over: "p" }),
  p_outside: p("outside the bound", "p of the change being the bound or less.", { over: "p" }),
  p_within_holm: p(
    "within the bound, Holm",
    "p of some way changing it by the bound or more; adjusted over the findings.",
    { over: "p" },
  ),
  p_outside_holm: p(
    "outside the bound, Holm",
    "p of the way that changes it most surely; adjusted over findings and ways.",
    { over: "p" },
  ),
  whose: text("whose", "What the tests say together, all adjusted.", {
    levels: {
      person: "the person’s",
      asking: "the way of asking’s",
      open: "open",
      none: "no finding",
    },
  }),
  part_power: share(
    "power",
    "Chance to show of a way of asking that changes nothing that it stays within the bound; of one way, not adjusted.",
  ),
  profiles_needed: integer(
    "profiles needed",
    "The fewest with the power that is the target; undefined where the finding has no size.",
  ),
  planned_in: text(
    "planned",
    "Family of the analysis plan that the finding is of, with whose tests it is adjusted; undefined where it was not planned.",
  ),
  not_planned: text("not planned", "Why it is no planned finding; undefined where it is one."),
};
