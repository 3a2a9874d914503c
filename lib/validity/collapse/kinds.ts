/** How many kinds of people there are: effective numbers of the levels of columns. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { type Cell, cells, factorsOf, keysOf, kindsOf, Rows } from "../../measures.ts";
import { seeded } from "../../random.ts";
import { clusterBootstrap, effectiveNumber, weightedTotals } from "../../stats.ts";

const KINDS = {
  variable: "text",
  n: "integer",
  clusters: "integer",
  kinds: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  undefined_draws: "integer",
} as const satisfies Record<string, Kind>;

/** What is counted. */
export interface Kinds {
  /** Columns whose levels are kinds. */
  of: readonly string[];
  by?: readonly string[];
  /** Of the cluster bootstrap: 2,000 unless said; 0 leaves the limits out. */
  draws?: number;
  seed?: number;
}

export function effectiveKinds(data: DataFrame, given: Kinds): DataFrame {
  const { of, by = [], draws = 2000, seed = 1 } = given;
  const rows = new Rows(data);
  const factors = factorsOf(rows, by, Object.keys(KINDS));
  const columns = of.map((name) => rows.column(rows.known(name, "column")));
  const tidy = cells(rows, factors).flatMap((cell) =>
    columns.map((column, at) => {
      const { counts, n } = counted(rows, cell, (row) => column[row]!);
      const clusters = counts[0]?.length ?? 0;
      const { uniform } = seeded("kinds", seed, of[at]!, JSON.stringify(cell.levels));
      const [boot] = clusters > 1 && draws
        ? clusterBootstrap({
          clusters,
          draws,
          uniform,
          accelerated: false,
          statistics: (weights) => [effectiveNumber(weightedTotals(weights, counts))],
        })
        : [];
      return {
        ...keysOf(factors, cell),
        variable: of[at]!,
        n,
        clusters,
        kinds: counts.length,
        estimate: effectiveNumber(counts.map((own) => own.reduce((sum, one) => sum + one, 0))),
        ci_lower: boot?.percentile.ciLower ?? null,
        ci_upper: boot?.percentile.ciUpper ?? null,
        undefined_draws: boot?.undefinedDraws ?? null,
      };
    })
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...KINDS });
}

/** Of each level what it weighs in each cluster that has any. */
function counted(rows: Rows, cell: Cell, of: (row: number) => string | number | null) {
  const own = [...cell.order].filter((row) => of(row) !== null);
  const whose = (row: number) => rows.cluster[rows.respondent[row]!]!;
  const places = new Map([...new Set(own.map(whose))].map((cluster, place) => [cluster, place]));
  const counts = [...Map.groupBy(own, of)].map(([, rowsOf]) => {
    const made = new Float64Array(places.size);
    for (const row of rowsOf) made[places.get(whose(row))!]! += rows.weight[rows.respondent[row]!]!;
    return made;
  });
  return { counts, n: own.length };
}
