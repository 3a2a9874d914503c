/** How many kinds of people there are: effective numbers of the levels of columns. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { type Cell, cells, factorsOf, keysOf, kindsOf, Rows } from "../../measures.ts";
import { effectiveNumber, jackknife, pairedT } from "../../stats.ts";

const KINDS = {
  variable: "text",
  n: "integer",
  clusters: "integer",
  kinds: "integer",
  kinds_seen: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/** What is counted. */
export interface Kinds {
  /** Columns whose levels are kinds. */
  of: readonly string[];
  by?: readonly string[];
}

export function effectiveKinds(data: DataFrame, given: Kinds): DataFrame {
  const { of, by = [] } = given;
  const rows = new Rows(data);
  const factors = factorsOf(rows, by, Object.keys(KINDS));
  const columns = of.map((name) => rows.column(rows.known(name, "column")));
  const tidy = cells(rows, factors).flatMap((cell) =>
    columns.map((column, at) => {
      const { counts, n } = counted(rows, cell, (row) => column[row]!);
      const clusters = counts[0]?.length ?? 0;
      const seen = effectiveNumber(counts.map((own) => own.reduce((sum, one) => sum + one, 0)));
      return {
        ...keysOf(factors, cell),
        variable: of[at]!,
        n,
        clusters,
        kinds: counts.length,
        kinds_seen: seen,
        ...correctedOf(counts, clusters),
      };
    })
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...KINDS });
}

/** Zahl's: the entropy less its bias, with t limits, as effective numbers. */
function correctedOf(counts: readonly Float64Array[], clusters: number) {
  const none = { estimate: null, ci_lower: null, ci_upper: null };
  if (clusters < 2) return none;
  const [found] = jackknife({
    clusters,
    columns: counts,
    statistics: (totals) => {
      const number = effectiveNumber(totals);
      return [number === null ? null : Math.log(number)];
    },
  });
  const { corrected, se } = found!;
  if (corrected === null) return none;
  const { ciLower, ciUpper } = pairedT({
    mean: corrected,
    sd: se! * Math.sqrt(clusters),
    n: clusters,
  });
  return {
    estimate: Math.exp(corrected),
    ci_lower: ciLower === null ? null : Math.max(1, Math.exp(ciLower)),
    ci_upper: ciUpper === null ? null : Math.exp(ciUpper),
  };
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
