/** Personas, one row each, with the labels of their model and condition. */
import type { DataFrame } from "polars";
import { REPETITIONS } from "../design.ts";
import { column } from "./answers.ts";
import { labels } from "./demographics.ts";

/** A persona of repetitions 1–5; `row` is its place in the frame. */
export interface Person {
  row: number;
  profile: number | null;
  model: string | null;
  condition: string | null;
}

/** The personas that Tables 1–3 count, with their labels: as many in every cell of the paper. */
export function inCells(personas: DataFrame): Person[] {
  const [model, population, model_print, population_print] = [
    "model",
    "population",
    "model_print",
    "population_print",
  ].map((name) => column<string | null>(personas, name));
  const profile = column<number | null>(personas, "profile");
  const repetition = column<number | null>(personas, "repetition");
  const known = new Map<string, ReturnType<typeof labels>>();
  return profile.flatMap((own, row) => {
    const number = repetition[row] ?? null;
    if (number === null || number > REPETITIONS) return [];
    const names = {
      model: model![row]!,
      population: population![row]!,
      model_print: model_print![row]!,
      population_print: population_print![row]!,
    };
    const key = JSON.stringify(names);
    if (!known.has(key)) known.set(key, labels(names, "corrected"));
    return [{ row, profile: own, ...known.get(key)! }];
  });
}
