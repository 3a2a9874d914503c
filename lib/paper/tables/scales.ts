/** Scores and reliability of the scales of any instrument, as Tables 4 and 6 give them for the EPQR-A. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { frame, rows } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { scores } from "../../measures.ts";
import { cronbachAlpha } from "../../stats.ts";
import { Answers, inCells } from "./answers.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "./clusters.ts";
import { completed } from "./items.ts";
import { cellKey, cellsOf } from "./shown.ts";
import { consistent } from "./survival/reliability.ts";

const Summary = z.object({
  model: z.string().nullable(),
  condition: z.string().nullable(),
  scale: z.string(),
  n: z.number(),
  clusters: z.number(),
  mean: z.number().nullable(),
  sd: z.number().nullable(),
});

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
  const summaries = rows(scores(given, instrument, { by: ["model", "condition"] }), Summary);
  const summary = new Map(summaries.map((row) => [`${cellKey(row)}|${row.scale}`, row]));
  const answers = Answers.of(given, "corrected");
  const groups = inCells(answers.sheets);
  const held = cellsOf(answers.sheets).filter((cell) => groups.has(cellKey(cell)));
  const asked = held.flatMap((cell) => instrument.scales.map((scale) => ({ ...cell, scale })));
  // The sheets of one cell after the other, as for Table 6.
  const complete = (cell: (typeof asked)[number]) => {
    const { items, sheets } = completed(answers, groups.get(cellKey(cell))!, cell.scale);
    // Where nobody was asked some item nobody has a score.
    const whole = items.length === answers.scales.get(cell.scale)!.length ? sheets : [];
    const rows = whole.map(({ sheet, scores }) => ({ cluster: clusterOf(sheet), row: scores }));
    return { items: items.length, rows };
  };
  const seen = new Set<number>();
  for (const cell of asked) for (const { cluster } of complete(cell).rows) seen.add(cluster);
  const place = places(seen);
  const cells = asked.map((cell) => {
    const { items, rows } = complete(cell);
    const { alpha } = cronbachAlpha(rows.map(({ row }) => row));
    return { cell, alpha, sums: consistent(rows, items, place) };
  });
  const boot = bootstrapped(place.size, cells.map(({ sums }) => sums), draws);
  const tidy = cells.map(({ cell, alpha }, at) => {
    const { n, clusters, mean, sd } = summary.get(`${cellKey(cell)}|${cell.scale}`)!;
    return {
      ...cell,
      n,
      clusters,
      mean,
      sd,
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
