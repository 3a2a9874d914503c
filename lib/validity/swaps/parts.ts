/** Parts of a respondent left out one by one: how far scores move without each, beside what asking again does. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import {
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  Rows,
  scaleScores,
  type Sheets,
  withHolm,
} from "../../measures.ts";
import { clusteredMean, holm, mean } from "../../stats.ts";
import { clustered, unitsIn } from "../units.ts";
import type { Swaps } from "./paired.ts";

const PARTS = {
  change: "text",
  scale: "text",
  n: "integer",
  clusters: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  n_twice: "integer",
  carried: "number",
  carried_lower: "number",
  carried_upper: "number",
  p_carried: "number",
  p_carried_holm: "number",
  noise: "number",
} as const satisfies Record<string, Kind>;

export type Parts = Omit<Swaps, "from" | "wordings"> & { instrument: Instrument };

export function parts(
  sheets: Sheets,
  { instrument, factor = "change", against = "unchanged", by = [] }: Parts,
): DataFrame {
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(PARTS));
  const changes = rows.column(rows.known(factor, "factor"));
  const levels = rows.levels(factor).filter((level) => level !== against);
  if (!changes.includes(against) || !levels.length) {
    throw new Error(
      `Nothing is left out in ${factor}: there are ${
        rows.levels(factor).join(", ")
      }, and what is compared ` +
        `is ${against} with others`,
    );
  }
  const measures = scaleScores(sheets, rows, instrument);
  const tidy = cells(rows, factors).flatMap((cell) =>
    levels.flatMap((level) => {
      const units = unitsIn(rows, cell, {
        place: (row) => [against, level].indexOf(changes[row]!),
        levels: 2,
        factors: [factor],
      });
      if (!units.some(({ rows }) => rows[1]!.length)) return [];
      return measures.map(({ keys: { scale }, of: score }) => {
        const scored = units.map(({ cluster, rows }) => {
          const [whole, without] = rows.map((own) =>
            own.map(score).filter((value) => !Number.isNaN(value))
          );
          return { cluster, whole: whole!, without: without! };
        });
        const both = scored.filter(({ whole, without }) => whole.length && without.length);
        const moved = clusteredMean(
          clustered(both, ({ whole, without }) => [mean(without)! - mean(whole)!]),
        );
        const twice = both.filter(({ whole, without }) => whole.length > 1 && without.length > 1);
        // Two moves, each of replies of its own: the mean of their product has none of their noise.
        const square = clusteredMean(
          clustered(twice, ({ whole: [a, c], without: [b, d] }) => [(b! - a!) * (d! - c!)]),
        );
        const noise = mean(twice.flatMap(({ whole, without }) =>
          [whole, without].map(([one, other]) => (one! - other!) ** 2 / 2)
        ));
        return {
          ...keysOf(factors, cell),
          change: String(level),
          scale: scale!,
          n: both.length,
          clusters: moved.clusters,
          estimate: moved.estimate,
          ci_lower: moved.ciLower,
          ci_upper: moved.ciUpper,
          p: moved.p,
          n_twice: twice.length,
          carried: square.estimate,
          carried_lower: square.ciLower,
          carried_upper: square.ciUpper,
          p_carried: square.p,
          noise,
        };
      });
    })
  );
  const { adjusted } = holm(tidy.map(({ p_carried }) => p_carried));
  const made = withHolm(tidy).map((row, at) => ({ ...row, p_carried_holm: adjusted[at]! }));
  return frame(made, { ...kindsOf(rows, factors), ...PARTS });
}
