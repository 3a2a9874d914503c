/**
 * Personas that a plan will have written, for the plans behind it: what asks them can then be written
 * down, and its cost be shown, before any of them is there.
 */
import type { Cell, Written } from "./cell.ts";
import type { Form } from "../forms.ts";
import type { Model } from "../llm.ts";

/** Personas of one cell of an earlier plan. */
export interface Coming extends Written {
  /** Who writes them. */
  model: Model;
  form: Form;
  /** By repetition, those that are not written yet. */
  left: ReadonlyMap<number, Unwritten>;
}

/** Personas that are not written yet: how many, and of which of the profiles that some plan lists. */
export interface Unwritten {
  n: number;
  listed: ReadonlySet<number>;
}

/** Whether a cell is about these personas, or makes others from them. */
export const isAbout = ({ writing, population }: Cell, of: Written): boolean =>
  writing === of.writing &&
  (population === of.population || population.startsWith(`${of.population}_to_`));

/** The personas of a cell in which they are written. */
export const comingOf = (
  { setting, population, base, condition, label, id, respondents, model }: Cell,
  form: Form,
  left: ReadonlyMap<number, Unwritten>,
): Coming => ({
  writing: setting,
  population,
  base,
  condition,
  label,
  id,
  respondents,
  model,
  form,
  left,
});
