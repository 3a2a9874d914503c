/** Scores and reliability of the scales of any instrument, as Tables 4 and 6 give them for the EPQR-A. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { frame } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { cronbachAlpha, mean, sd } from "../../stats.ts";
import { Answers, inCells } from "./answers.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "./clusters.ts";
import { completed } from "./items.ts";
import { cellKey, cellsOf } from "./shown.ts";
import { consistent } from "./survival/reliability.ts";

/**
 * Each scale of an instrument by model and condition: mean and standard deviation of its scores, alpha.
 *
 * Sheets that answer the whole scale; an unanswered item is missing. The limits of alpha are percentiles
 * of draws of whole profiles, since sheets of one profile are not independent.
 *
 * @param given the instrument's sheets, as `Study.sheets` reads them
 * @returns model, condition, scale, n (sheets), clusters (profiles), mean, sd (of scale scores, in the
 *   instrument's unit), alpha (undefined where no item varies), ci_lower, ci_upper (95 %, of alpha),
 *   undefined_draws (of the bootstrap, without an alpha; above 1 % of them there are no limits)
 * @throws {Error} when the sheets lack a scale of the instrument
 */
export function scales(given: Administrations, instrument: Instrument, draws: Draws): DataFrame {
  const answers = Answers.of(given, "corrected");
  const missing = instrument.scales.filter((scale) => !answers.scales.has(scale));
  if (missing.length) {
    throw new Error(
      `These sheets have the scales ${[...answers.scales.keys()].join(", ") || "of no item"}, ` +
        `and not ${missing.join(", ")}: read those of ${instrument.title} with ` +
        `study.sheets(${JSON.stringify(instrument.name)})`,
    );
  }
  const groups = inCells(answers.sheets);
  const held = cellsOf(answers.sheets).filter((cell) => groups.has(cellKey(cell)));
  const cells = held.flatMap((cell) =>
    instrument.scales.map((scale) => {
      const whole = completed(answers, groups.get(cellKey(cell))!, scale);
      const complete = whole.sheets.map(({ sheet, scores }) => ({
        cluster: clusterOf(sheet),
        row: scores,
      }));
      return { cell: { ...cell, scale }, complete, items: whole.items.length };
    })
  );
  const place = places(cells.flatMap(({ complete }) => complete.map(({ cluster }) => cluster)));
  const boot = bootstrapped(
    place.size,
    cells.map(({ complete, items }) => consistent(complete, items, place)),
    draws,
  );
  const tidy = cells.map(({ cell, complete, items }, at) => {
    const scores = complete.map(({ row }) =>
      row.reduce((sum, score) => sum + score, 0) / (instrument.scoredAs === "mean" ? items : 1)
    );
    const { alpha } = cronbachAlpha(complete.map(({ row }) => row));
    return {
      ...cell,
      n: complete.length,
      clusters: new Set(complete.map(({ cluster }) => cluster)).size,
      mean: mean(scores),
      sd: sd(scores),
      alpha,
      ci_lower: alpha === null ? null : boot[at]!.percentile.ciLower,
      ci_upper: alpha === null ? null : boot[at]!.percentile.ciUpper,
      undefined_draws: alpha === null ? null : undefinedDraws(boot[at]!),
    };
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    scale: "text",
    n: "integer",
    clusters: "integer",
    mean: "number",
    sd: "number",
    alpha: "number",
    ci_lower: "number",
    ci_upper: "number",
    undefined_draws: "integer",
  });
}
