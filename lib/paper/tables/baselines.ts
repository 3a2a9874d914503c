/** The profiles' own scores and alphas. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout, SCALES } from "../design.ts";
import { frame } from "../../frames.ts";
import { mean, sd } from "../../stats.ts";
import { Answers, type Options } from "./answers.ts";
import { alpha } from "./reliability.ts";

/**
 * What Tables 4 and 6 are compared with: the profiles' own scores and alphas, and those of profiles
 * whose answers were drawn item by item.
 *
 * @returns source (reference, random), instrument, scale, statistic (score_mean, score_sd, alpha),
 *   value, n (profiles)
 */
export function baselines(
  reference: Administrations,
  random: Administrations,
  options: Options = {},
): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = new Map(
    Object.entries({ reference, random }).map(([name, given]) => [name, Answers.of(given, mode)]),
  );
  const tidy = layout("baselines").cells.map((cell) => {
    const own = answers.get(cell.source!)!;
    const scores = own.sheets.map(({ row }) => own.score(row, cell.scale!))
      .filter((score) => score !== null);
    const value = {
      score_mean: () => mean(scores),
      score_sd: () => sd(scores),
      alpha: () => alpha(own, own.sheets, cell.scale!).alpha,
    }[cell.statistic as "score_mean" | "score_sd" | "alpha"]();
    return { ...cell, value, n: scores.length };
  });
  return frame(tidy, {
    source: "text",
    instrument: "text",
    scale: "text",
    statistic: "text",
    value: "number",
    n: "integer",
  });
}

/**
 * How many profiles, or sheets, have which EPQR-A score.
 *
 * @param sources sheets by name, such as the reference and the random profiles
 * @param options `by`: columns of sheets, such as model and condition; undefined where profiles have none
 * @returns source, the columns of `by`, scale, score (0–6), n (sheets), in the order of the sources and
 *   scales
 */
export function distributions(
  sources: Readonly<Record<string, Administrations>>,
  { by = [] }: Pick<Options, "by"> = {},
): DataFrame {
  const tidy = Object.entries(sources).flatMap(([source, given]) => {
    const answers = Answers.of(given, "printed");
    const levels = by.map((name) => answers.columns.words(name));
    const cells = Map.groupBy(
      answers.sheets,
      ({ row }) => JSON.stringify(levels.map((level) => level[row])),
    );
    return [...cells].flatMap(([key, own]) => {
      const factors = JSON.parse(key) as (string | null)[];
      const cell = { source, ...Object.fromEntries(by.map((name, i) => [name, factors[i]!])) };
      return SCALES.flatMap((scale) => {
        const scores = Map.groupBy(own, ({ row }) => answers.score(row, scale));
        return [...scores].filter(([score]) => score !== null)
          .toSorted(([a], [b]) => a! - b!)
          .map(([score, sheets]) => ({ ...cell, scale, score, n: sheets.length }));
      });
    });
  });
  return frame(tidy, {
    source: "text",
    ...Object.fromEntries(by.map((name) => [name, "text" as const])),
    scale: "text",
    score: "integer",
    n: "integer",
  });
}
