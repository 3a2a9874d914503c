/** Doses and who the personas are: the share of a value, dose by dose in the same profiles. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { cells, factorsOf, intervalLaid, keysOf, kindsOf, Rows, withHolm } from "../../measures.ts";
import { clusteredMean, falls, mean, pageTrend, slopeOn } from "../../stats.ts";
import { doseOf, meansIn, noDoses } from "./series.ts";
import { offIsotonic } from "./slopes.ts";

const COLUMNS = {
  scale: "text",
  variable: "text",
  value: "text",
  n: "integer",
  left_out: "integer",
  doses: "integer",
  share_lowest: "number",
  share_highest: "number",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  z: "number",
  p_page: "number",
  off_isotonic: "number",
  against_trend: "integer",
} as const satisfies Record<string, Kind>;

export function doseShares(
  personas: DataFrame,
  { of, values, by = [] }: {
    /** A column, such as `gender`. */
    of: string;
    /** Of its values these only; all that occur, where left out. */
    values?: readonly string[];
    by?: readonly string[];
  },
): DataFrame {
  const rows = new Rows(personas);
  const factors = factorsOf(rows, by, ["condition", ...Object.keys(COLUMNS)]);
  const given = rows.column(rows.known(of, "column"));
  const known = values ?? rows.levels(of).filter((value) => value !== null).map(String);
  const doses = new Map(rows.levels("condition").map((level) => [level, doseOf(level)]));
  const groups = Map.groupBy(
    cells(rows, [...factors, "condition"]),
    ({ levels }) => JSON.stringify(levels.slice(0, -1)),
  );
  const scales = [...new Set([...doses.values()].flatMap((dose) => dose ? [dose.scale] : []))];
  const tidy = [...groups.values()].flatMap((group) =>
    scales.flatMap((scale) => {
      const own = group.flatMap((cell) => {
        const dose = doses.get(cell.levels.at(-1)!);
        return dose?.scale === scale ? [{ cell, items: dose.items }] : [];
      }).toSorted((a, b) => a.items - b.items);
      if (own.length < 2) return [];
      const places = own.map(({ items }) => items);
      return known.map((value) => {
        const shares = own.map(({ cell }) =>
          meansIn(
            rows,
            cell,
            (row) => given[row] === null ? NaN : Number(String(given[row]) === value),
          )
        );
        const some = new Set(own.flatMap(({ cell }) => [...cell.respondents]));
        const complete = [...some].filter((one) => shares.every((dose) => dose.has(one)));
        const table = complete.map((one) => shares.map((dose) => dose.get(one)!));
        const slope = clusteredMean(table.map((row) => [slopeOn(places, row)!]));
        const means = places.map((_, at) => mean(table.map((row) => row[at]!)));
        const rising = (slope.estimate ?? 0) >= 0;
        const turned = table.map((row) => rising ? row : row.map((share) => -share));
        const page = pageTrend(turned);
        const steps = means.includes(null) ? null : falls([
          (means as number[]).map((share) => rising ? share : -share),
        ]);
        return {
          ...keysOf(factors, group[0]!),
          scale,
          variable: of,
          value,
          n: table.length,
          left_out: some.size - complete.length,
          doses: places.length,
          share_lowest: means[0] ?? null,
          share_highest: means.at(-1) ?? null,
          estimate: slope.estimate,
          ...intervalLaid(slope),
          p: slope.p,
          z: page.z === null ? null : rising ? page.z : -page.z,
          // The direction was taken from the data.
          p_page: page.p === null ? null : Math.min(1, 2 * page.p),
          off_isotonic: offIsotonic(
            means.map((share) => share === null ? null : rising ? share : -share),
          ),
          against_trend: steps && steps.falls,
        };
      });
    })
  );
  if (!tidy.length) throw new Error(noDoses(rows, [...doses.keys()]));
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...COLUMNS });
}
