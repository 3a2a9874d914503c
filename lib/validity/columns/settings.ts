/** Columns of how far scores hold over settings. */
import { coefficient, type Column, integer, number, share, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const SETTINGS: Own = {
  variance_of: text("component", "What the variance goes with."),
  variance: number("variance", "Component by the method of moments: below 0 is less than chance.", {
    decimals: 3,
  }),
  variance_reml: number(
    "variance, REML",
    "Component by restricted maximum likelihood, none below 0.",
    {
      decimals: 3,
    },
  ),
  component_share: share("share", "Of the sum of all components; one below 0 counts as 0."),
  variance_sd: number("SD", "Root of the component, in the unit of the scores.", { decimals: 3 }),
  settings_used: integer("settings", "How many settings the design has."),
  repeats_used: integer("repeats", "How often each persona is asked in each setting."),
  erho2: coefficient("Eρ²", "Generalisability of the ranking of personas over settings."),
  phi: coefficient("Φ", "Generalisability of the scores of personas as they are."),
  sem: number("SEM", "Standard error of measurement of one score, in its unit.", { decimals: 3 }),
  persona_sd: number(
    "SD of personas",
    "Spread of personas over settings, in the unit of the scores.",
    {
      decimals: 3,
    },
  ),
  truncated: text("truncated", "Whether a component was below 0 and counts as 0 in the limits."),
  speaks_for: text(
    "limits speak for",
    "What was drawn anew: other personas, or other settings too.",
  ),
  smallest_change: number(
    "smallest change",
    "A smaller change of a persona's score is within what asking twice makes.",
  ),
  target: coefficient("target", "The coefficient that is to be reached."),
  reached: text("reached", "Whether the target is reached within the budget."),
};
