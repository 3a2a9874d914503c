/** Scores and reliability of the scales of any instrument, as Tables 4 and 6 give them for the EPQR-A. */
import pl, { type DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { frame, rows } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { scores } from "../../measures.ts";
import { cronbachAlpha } from "../../stats.ts";
import { Answers, type Options } from "./answers.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "./clusters.ts";
import { layout } from "../design.ts";
import { celled, columnFactors, countedBy } from "./factors.ts";
import { completed } from "./items.ts";
import { consistent } from "./robustness/reliability.ts";

const Summary = z.looseObject({
  n: z.number(),
  clusters: z.number(),
  mean: z.number().nullable(),
  sd: z.number().nullable(),
});

const COLUMNS = {
  n: "integer",
  clusters: "integer",
  mean: "number",
  sd: "number",
  alpha: "number",
  ci_lower: "number",
  ci_upper: "number",
  undefined_draws: "integer",
} as const;

/**
 * Each scale of an instrument by model and condition, or by other factors: mean and standard deviation of its scores, alpha.
 *
 * Sheets that answer the whole scale; an unanswered item is missing. The limits of alpha are percentiles
 * of draws of whole profiles, since sheets of one profile are not independent.
 *
 * @param given the instrument's sheets, as `Study.sheets` reads them
 * @returns model, condition (or the factors), scale, n (sheets), clusters (profiles), mean, sd (of scale scores, in the
 *   instrument's unit), alpha (undefined where no item varies), ci_lower, ci_upper (95 %, of alpha),
 *   undefined_draws (of the bootstrap, without an alpha; above 1 % of them there are no limits)
 * @throws {Error} when the sheets lack a scale of the instrument
 */
export function scales(
  given: Administrations,
  instrument: Instrument,
  draws: Draws,
  { by }: Pick<Options, "by"> = {},
): DataFrame {
  const answers = Answers.of(given, "corrected"), table = layout("table6");
  const own = instrument.scales.map((scale) => ({ scale }));
  const sheets = by ? countedBy(answers, by, answers.sheets) : answers.sheets;
  const factors = by
    ? columnFactors(answers.columns, by, ["scale", ...Object.keys(COLUMNS)])
    : null;
  const { kinds, cells: all } = celled({ ...table, own }, sheets, factors);
  const asked = all.filter(({ rows }) => rows.length > 0);
  const counted = sheets.length < answers.sheets.length
    ? { ...given, sheets: given.sheets.filter(pl.col("form").isNotNull()) }
    : given;
  const keyOf = (row: object) =>
    JSON.stringify(Object.keys(kinds).map((name) => (row as Record<string, unknown>)[name]));
  const summaries = rows(scores(counted, instrument, { by: by ?? table.factors }), Summary);
  const summary = new Map(summaries.map((row) => [keyOf(row), row]));
  // The sheets of one cell after the other, as for Table 6.
  const complete = ({ rows: own, own: { scale = "" } }: (typeof asked)[number]) => {
    const { items, sheets } = completed(answers, own, scale);
    // Where nobody was asked some item nobody has a score.
    const whole = items.length === answers.scales.get(scale)!.length ? sheets : [];
    const rows = whole.map(({ sheet, scores }) => ({ cluster: clusterOf(sheet), row: scores }));
    return { items: items.length, rows };
  };
  const seen = new Set<number>();
  for (const cell of asked) for (const { cluster } of complete(cell).rows) seen.add(cluster);
  const place = places(seen);
  const cells = asked.map((cell) => {
    const { items, rows } = complete(cell);
    const { alpha } = cronbachAlpha(rows.map(({ row }) => row));
    return { cell: cell.keys, alpha, sums: consistent(rows, items, place) };
  });
  const boot = bootstrapped(place.size, cells.map(({ sums }) => sums), draws);
  const tidy = cells.map(({ cell, alpha }, at) => {
    const { n, clusters, mean, sd } = summary.get(keyOf(cell))!;
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
  return frame(tidy, { ...kinds, ...COLUMNS });
}
