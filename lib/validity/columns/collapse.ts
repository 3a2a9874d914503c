/** Columns of how much sheets vary. */
import { type Column, integer, interval, number } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const COLLAPSE: Own = {
  drawn_size: integer("drawn", "How many clusters are in a draw: as many of everyone."),
  reference_value: number(
    "reference",
    "The same of the reference, of as many clusters; of coverage and density, of others of the reference.",
  ),
  kinds_seen: number("in the sample", "Effective number of kinds in the sample as it is."),
  to_reference: number("to reference", "Mean over draws of the ratio to the reference."),
};

export const COLLAPSE_INTERVALS: Own = {
  to_reference: interval("95% CI of the ratio", "95 % interval of the ratio to the reference."),
};

/** Levels of a column that the core declares. */
export const COLLAPSE_LEVELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  measure: {
    distinct: "different sheets",
    distance: "squared distance",
    dimension: "dimensions",
    hopkins: "Hopkins",
    answers: "answers to an item",
    coverage: "coverage",
    density: "density",
  },
};
