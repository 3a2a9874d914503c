/** Columns of what the order of options and the wording change. */
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

export const ORDER: Own = {
  missing_against: share(
    "missing before",
    "Share of the questions without an answer in the first way.",
  ),
  missing_level: share("missing", "Share of the questions without an answer in the other way."),
  changed_share: share(
    "changed",
    "Share of the answers that are others in the other way of asking.",
  ),
  floor_changed: share(
    "repeat floor",
    "Share of the answers that change when the same is asked in the same way again; undefined without repeats.",
  ),
  n_floor: integer("asked twice", "Answers that the repeat floor is known by."),
  excess_changed: share(
    "beyond the floor",
    "What changed less what changes by itself, in the same answers; undefined without repeats.",
  ),
  p_excess: p("beyond the floor", "p of the mean beyond the floor, by cluster.", { over: "p" }),
  changed_chance: share(
    "changed by chance",
    "What answers with these shares would change if nothing tied them to the persona.",
  ),
  beyond_chance: coefficient(
    "consistency",
    "One less what changed by what chance would change; undefined where all answer alike.",
  ),
  moved_steps: number("steps moved", "Mean size of a change, in steps of the answers."),
  place_shift: number(
    "place shift",
    "Mean of (s + s′ − (K + 1)) / 2 of the places in both orders: below 0 the first places draw, above 0 the last.",
    { decimals: 3 },
  ),
  first_twice: integer(
    "first twice",
    "Answers that took the first place in both orders; two options only.",
  ),
  last_twice: integer(
    "last twice",
    "Answers that took the last place in both orders; two options only.",
  ),
  place_bias: number("place bias", "Share of first places less one half; two options only.", {
    decimals: 3,
  }),
  p_place: p("place bias", "p of the exact sign test of the answers that took one place twice.", {
    over: "p",
  }),
  bound_shift: number("bound", "The smallest shift that would matter, fixed before."),
  finding: text(
    "finding",
    "What the tests of difference and of equivalence say together, both adjusted.",
    {
      levels: {
        equivalent: "within the bound",
        different: "shifted",
        small: "shifted, within the bound",
        open: "open",
      },
    },
  ),
  icc_consistency: coefficient("ICC(C,1)", "How alike personas rank in both ways."),
  ways: integer("ways", "How many ways of asking are compared."),
  F_ways: number("F", "F of the ways of asking, within personas."),
  df_error: number("error df", "Degrees of freedom of the error, before the correction."),
  epsilon: number("ε", "Greenhouse and Geisser's: 1 where differences of all ways vary alike."),
  chi2_ways: number("χ²", "Friedman's, of the ranks of the ways within personas."),
  p_friedman: p("Friedman", "p of Friedman’s χ².", { over: "p" }),
};

export const ORDER_INTERVALS: Own = {
  narrow: interval(
    "90% CI",
    "90 % interval of the shift: within the bound where equivalence is shown.",
    {
      of: "number",
    },
  ),
  agree: interval(
    "limits of agreement",
    "Between which 95 % of single personas' shifts are expected.",
    {
      of: "number",
    },
  ),
};
