/** Personas, one row each, with the labels of their model and condition. */
import type { Columns } from "../../frames.ts";
import { REPETITIONS } from "../design.ts";
import { labels } from "./demographics.ts";

/** A persona of repetitions 1–5; `row` is its place in the frame. */
export interface Person {
  row: number;
  profile: number | null;
  model: string | null;
  condition: string | null;
}

/** The personas that Tables 1–3 count, with their labels: as many in every cell of the paper. */
export function inCells(personas: Columns): Person[] {
  const [model, population, model_print, population_print] = [
    "model",
    "population",
    "model_print",
    "population_print",
  ].map((name) => personas.words(name));
  const profile = personas.numbers("profile"), repetition = personas.numbers("repetition");
  const known = new Map<string, ReturnType<typeof labels>>();
  const people: Person[] = [];
  for (let row = 0; row < personas.height; row++) {
    const number = repetition(row);
    if (number === null || number > REPETITIONS) continue;
    const names = {
      model: model![row]!,
      population: population![row]!,
      model_print: model_print![row]!,
      population_print: population_print![row]!,
    };
    const key = JSON.stringify(names);
    if (!known.has(key)) known.set(key, labels(names, "corrected"));
    const { model: label, condition } = known.get(key)!;
    people.push({ row, profile: profile(row), model: label, condition });
  }
  return people;
}
