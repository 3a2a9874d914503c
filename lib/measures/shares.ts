/** Shares of the options of items, or of the values of any column, by any factors. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import { weightedShare } from "../stats.ts";
import { shareLaid } from "./laid.ts";
import { cells, keysOf, kindsOf } from "./rows.ts";
import type { By } from "./scores.ts";
import {
  type Counted,
  counted,
  type Data,
  factorsOf,
  hasOptions,
  rowsOf,
  summed,
  type Values,
  variables,
  withRows,
} from "./values.ts";

const KEYS = { variable: "text", value: "text" } as const satisfies Record<string, Kind>;
/** Of items with options of their own. */
const OPTION = { option: "text", option_role: "text" } as const satisfies Record<string, Kind>;
const COLUMNS = {
  n: "integer",
  missing: "integer",
  refused: "integer",
  respondents: "integer",
  clusters: "integer",
  count: "integer",
  share: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  effective_n: "number",
} as const satisfies Record<string, Kind>;

/**
 * Which share of rows gave each option of an item, or has each value of a column, by any factors.
 *
 * Shares are of rows that gave an answer: what is missing, and what is named a refusal, is counted apart;
 * with `among`: "asked" they are of all rows, and refusals have a share of their own. Each value that
 * anybody gave has a row under every combination of levels, and so has each of `values`, or each option of
 * an item with options of its own.
 * Limits are Wilson's at the effective n (`weightedShare`).
 *
 * @param data answer sheets, or a frame such as `Study.personas` reads
 * @param options `of`: an item by its number, a column by its name, or a list of these
 * @returns by level of each factor, variable (`item 3`, or the column) and value, where items have options
 *   of their own also option (its label) and option_role (`refusal`, `don't know`): n (rows with an answer, or
 *   all that were asked), missing, refused (rows), respondents, clusters (of these n), count (rows with the value, unweighted),
 *   share, se, ci_lower, ci_upper (95 %), effective_n (what the limits go by)
 * @throws {Error} when a factor, item or column is unknown
 */
export function shares(data: Data, options: { of: Counted } & By & Values): DataFrame {
  const { of, by = [], crossed = false } = options;
  const rows = rowsOf(data);
  const labelled = hasOptions(data, of);
  const columns = { ...KEYS, ...labelled && OPTION, ...COLUMNS };
  const factors = factorsOf(rows, by, Object.keys(columns));
  const all = variables(data, rows, of, options);
  const tidy = cells(rows, factors, crossed).flatMap((cell) =>
    all.flatMap(({ measures, missing, refused }) => {
      const apart = { missing: counted(cell, missing), refused: counted(cell, refused) };
      return measures.map((measure) => {
        const sums = summed(rows, cell, measure, 0);
        return {
          ...keysOf(factors, cell),
          ...measure.keys,
          ...apart,
          respondents: withRows(sums),
          count: counted(cell, (row) => measure.of(row) === 1),
          ...shareLaid(weightedShare(sums)),
        };
      });
    })
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...columns });
}
