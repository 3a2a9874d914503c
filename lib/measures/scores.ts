/** Scores of an instrument's scales by any factors. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { weightedMean } from "../stats.ts";
import { intervalLaid } from "./laid.ts";
import { cells, keysOf, kindsOf } from "./rows.ts";
import {
  factorsOf,
  itemScores,
  rowsOf,
  scaleScores,
  type Sheets,
  summed,
  withRows,
} from "./values.ts";

const COLUMNS = {
  scale: "text",
  n: "integer",
  missing: "integer",
  respondents: "integer",
  clusters: "integer",
  mean: "number",
  sd: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/** How scores are summarised. */
export interface Scored extends By {
  /** Single items instead of scales: their numbers. */
  items?: readonly number[];
}

/** How the rows of a result are made. */
export interface By {
  /** Columns whose levels the rows of the result are for; with none it is all rows together. */
  by?: readonly string[];
  /** Also combinations of levels that no row has: n 0, the rest undefined. */
  crossed?: boolean;
}

/**
 * The scales of an instrument by any factors.
 *
 * A score is the sum or mean, as the instrument says, of the scores of all items of its scale; a sheet
 * that leaves one out has none and counts as missing. Every sheet counts with the weight of its
 * respondent; se allows for sheets of the same cluster (`weightedMean`).
 *
 * With `items` each item is a scale of its own: its score is the position of the answer, or the point of a
 * keyed one, and a refusal or a don't-know is missing.
 *
 * @returns by level of each factor and scale (`item 3` for an item): n (sheets with a score), missing (sheets without),
 *   respondents and clusters (of these n), mean, sd (of scores), se, df, ci_lower, ci_upper (95 %, of the
 *   mean; undefined with one cluster and where nothing varies), in the instrument's unit
 * @throws {Error} when a factor is unknown, the sheets are of another instrument, or an item has options
 *   without an order
 */
export function scores(
  given: Sheets,
  instrument: Instrument,
  { by = [], crossed = false, items }: Scored = {},
): DataFrame {
  const rows = rowsOf(given);
  const factors = factorsOf(rows, by, Object.keys(COLUMNS));
  const scales = items ? itemScores(rows, instrument, items) : scaleScores(given, rows, instrument);
  const tidy = cells(rows, factors, crossed).flatMap((cell) =>
    scales.map((scale) => {
      const sums = summed(rows, cell, scale);
      const mean = weightedMean(sums), { n, clusters, estimate, sd } = mean;
      return {
        ...keysOf(factors, cell),
        ...scale.keys,
        n,
        missing: cell.order.length - n,
        respondents: withRows(sums),
        clusters,
        mean: estimate,
        sd,
        ...intervalLaid(mean),
      };
    })
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...COLUMNS });
}
