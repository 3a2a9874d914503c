/** Columns of how sheets are answered. */
import { type Column, integer } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const STYLE: Own = {
  raters: integer("raters", "How many answer for the same persona."),
  units: integer("units", "Items of personas that two raters or more answered."),
};

/** Levels of columns that the core declares. */
export const STYLE_LEVELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  measure: {
    no_answer: "no answer",
    declined: "declined",
    ends: "at the ends",
    one_answer: "one answer throughout",
    longest_run: "longest run of one answer",
    spread: "SD within a sheet",
    agreed: "agreed, balanced",
    desirable: "desirable, balanced",
    desirable_agreeing: "desirable by agreeing",
    desirable_denying: "desirable by denying",
  },
  metric: { nominal: "nominal", ordinal: "ordinal", interval: "interval" },
};
