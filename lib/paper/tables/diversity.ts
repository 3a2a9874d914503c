/** How many kinds of people a model writes: the effective number of demographic categories. */
import type { DataFrame } from "polars";
import { ATTRIBUTES } from "../design.ts";
import { columnsOf, frame } from "../../frames.ts";
import { effectiveNumber } from "../../stats.ts";
import { bootstrapped, clusterOf, type Draws, places, undefinedDraws } from "./clusters.ts";
import { inCells } from "./people.ts";
import { cellKey, cellsOf } from "./shown.ts";

/**
 * The effective number of categories of each demographic attribute, exp of Shannon's entropy: the number
 * of equally common categories that would be as diverse. 1 is one kind of person.
 *
 * Personas of repetitions 1–5, as in Tables 1–3; categories as they are stored, a persona without one
 * left out. Limits are percentiles of draws of whole profiles; a draw loses rare categories, so they lie
 * somewhat low.
 *
 * @param personas as `Study.personas` reads them
 * @returns model, condition, attribute, n (personas), clusters (profiles), kinds (categories that
 *   occur), estimate, ci_lower, ci_upper (95 %; none where all are of one kind, or more than 1 % of the
 *   draws hold nobody), undefined_draws
 */
export function diversity(personas: DataFrame, draws: Draws): DataFrame {
  const columns = columnsOf(personas), people = inCells(columns);
  const groups = Map.groupBy(people, cellKey);
  const place = places(people.map(clusterOf));
  const attributes = ATTRIBUTES.filter(({ column }) => columns.has(column))
    .map((of) => ({ ...of, values: columns.words(of.column) }));
  const counted = cellsOf(people).flatMap((cell) =>
    attributes.map(({ values, category }) => {
      const own = (groups.get(cellKey(cell)) ?? []).filter(({ row }) => values[row] !== null);
      const kinds = new Map<string, Float64Array>();
      for (const person of own) {
        const kind = values[person.row]!;
        if (!kinds.has(kind)) kinds.set(kind, new Float64Array(place.size));
        kinds.get(kind)![place.get(clusterOf(person))!]! += 1;
      }
      return { cell, category, own, columns: [...kinds.values()] };
    })
  );
  const boot = bootstrapped(
    place.size,
    counted.map(({ columns }) => ({ columns, of: effectiveNumber })),
    draws,
  );
  const tidy = counted.map(({ cell, category, own, columns }, at) => ({
    ...cell,
    attribute: category,
    n: own.length,
    clusters: new Set(own.map(clusterOf)).size,
    kinds: columns.length,
    estimate: boot[at]!.estimate,
    ci_lower: boot[at]!.percentile.ciLower,
    ci_upper: boot[at]!.percentile.ciUpper,
    undefined_draws: undefinedDraws(boot[at]!),
  }));
  return frame(tidy, {
    model: "text",
    condition: "text",
    attribute: "text",
    n: "integer",
    clusters: "integer",
    kinds: "integer",
    estimate: "number",
    ci_lower: "number",
    ci_upper: "number",
    undefined_draws: "integer",
  });
}
