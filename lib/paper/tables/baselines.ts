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
 * How many profiles have which EPQR-A score.
 *
 * @param sources sheets by name, such as the reference and the random profiles
 * @returns source, scale, score (0–6), n (profiles), in the order of the sources and scales
 */
export function distributions(sources: Readonly<Record<string, Administrations>>): DataFrame {
  const tidy = Object.entries(sources).flatMap(([source, given]) => {
    const answers = Answers.of(given, "printed");
    return SCALES.flatMap((scale) => {
      const scores = Map.groupBy(answers.sheets, ({ row }) => answers.score(row, scale));
      return [...scores].filter(([score]) => score !== null)
        .toSorted(([a], [b]) => a! - b!)
        .map(([score, sheets]) => ({ source, scale, score, n: sheets.length }));
    });
  });
  return frame(tidy, { source: "text", scale: "text", score: "integer", n: "integer" });
}
