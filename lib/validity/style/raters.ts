/** Whether those who answer agree: several models, or one that is asked again. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import { hasOwnOptions, type Instrument, isOrdered, optionsOf } from "../../instruments.ts";
import { cells, factorsOf, keysOf, kindsOf, Rows, type Sheets } from "../../measures.ts";
import { seeded } from "../../random.ts";
import { krippendorff, type Metric } from "../../stats.ts";
import { unitsIn } from "../units.ts";

const AGREEMENT = {
  scale: "text",
  raters: "integer",
  metric: "text",
  units: "integer",
  n: "integer",
  clusters: "integer",
  estimate: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  undefined_draws: "integer",
} as const satisfies Record<string, Kind>;

/** Whose agreement. */
export interface Raters {
  instrument: Instrument;
  /** The factor whose levels are the raters: `answering_model`, or `repetition` for the same asked again. */
  among: string;
  by?: readonly string[];
  /** Left out: `nominal` of two answers and of answers without an order, else `ordinal`. */
  metric?: Metric;
  /** Of the cluster bootstrap: 2,000 unless said; 0 leaves the limits out. */
  draws?: number;
  seed?: number;
}

export function agreementAmong(given: Sheets, of: Raters): DataFrame {
  const { instrument, among, by = [], draws = 2000, seed = 1 } = of;
  const rows = new Rows(given.sheets);
  const factors = factorsOf(rows, by, [among, ...Object.keys(AGREEMENT)]);
  const rater = rows.column(among === "repetition" ? among : rows.known(among, "factor"));
  const raters = rows.levels(among);
  if (raters.length < 2) {
    throw new Error(
      `${among} has the level ${raters.join()} only: agreement is of two or more who answer for the same persona`,
    );
  }
  const items = instrument.items.map((item) => {
    const options = optionsOf(instrument, item).filter(({ role }) => !role);
    const ordered = isOrdered(instrument, item);
    const place = new Map(options.map(({ code, position }, at) => [code, position ?? at]));
    return {
      number: item.number,
      scale: item.scale,
      metric: of.metric ?? (ordered && options.length > 2 ? "ordinal" : "nominal") as Metric,
      answer: rows.passing(`answer ${item.number}`),
      place,
    };
  });
  // Answers of items with options of their own are not the same values: each item stands alone.
  const groups = hasOwnOptions(instrument)
    ? items.map((item) => ({ scale: `item ${item.number}`, own: [item] }))
    : ["All", ...instrument.scales].map((scale) => ({
      scale,
      own: items.filter((item) => scale === "All" || item.scale === scale),
    }));
  const tidy = cells(rows, factors).flatMap((cell) => {
    const units = unitsIn(rows, cell, {
      place: (row) => raters.indexOf(rater[row]!),
      levels: raters.length,
      factors: [among],
    });
    return groups.map(({ scale, own }) => {
      const { metric } = own[0]!;
      const values = units.map(({ cluster, rows }) => ({
        cluster,
        units: own.map(({ answer, place }) =>
          rows.flatMap(([first]) => {
            const given = first === undefined ? null : answer[first];
            return typeof given === "number" && place.has(given) ? [place.get(given)!] : [];
          })
        ),
      }));
      const { uniform } = seeded("raters", seed, among, scale, JSON.stringify(cell.levels));
      const alpha = krippendorff(
        grouped(values),
        { metric, draws, ...draws > 0 && { uniform } },
      );
      return {
        ...keysOf(factors, cell),
        scale,
        raters: raters.length,
        metric,
        units: alpha.units,
        n: alpha.n,
        clusters: alpha.clusters,
        estimate: alpha.estimate,
        se: alpha.se,
        ci_lower: alpha.ciLower,
        ci_upper: alpha.ciUpper,
        undefined_draws: alpha.undefinedDraws,
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...AGREEMENT });
}

/** Units of one cluster together: they are drawn together. */
const grouped = (of: readonly { cluster: number; units: number[][] }[]): number[][][] =>
  [...Map.groupBy(of, ({ cluster }) => cluster).values()]
    .map((own) => own.flatMap(({ units }) => units));
