/**
 * Whether the trait scores that a writer invents for a person agree with those that the person's own answers
 * to an instrument come to: the bridge from opinions to personality.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  Rows,
  scaleScores,
  type Sheets,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import { clusterBootstrap, concordance, weightedMean, weightedTotals } from "../stats.ts";
import "./columns.ts";

const COLUMNS = {
  scale: "text",
  measure: "text",
  n: "integer",
  clusters: "integer",
  mean: "number",
  mean_against: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/** What is held against what. */
export interface Agreed {
  instrument: Instrument;
  /** By scale the column of the score that was written, in the units of the scale. */
  written: Readonly<Record<string, string>>;
  by?: readonly string[];
  /** Draws of the cluster bootstrap (2,000; 0 leaves its limits out), and their seed. */
  draws?: number;
  seed?: number;
}

/**
 * Scores written and scores answered, scale by scale. `difference`: mean of answered − written, with the
 * t interval of `weightedMean`, by cluster; `correlation`: Pearson's r, whether they go together;
 * `concordance`: Lin's coefficient, whether they are the same; both with BCa limits of the cluster bootstrap.
 * Sheets without an item of the scale, or without a score that was written, do not count.
 *
 * @param sheets as `study.sheets` reads them, with the scores that were written joined to their rows
 * @returns by level of each factor, scale and measure: n (sheets), clusters, mean (answered), mean_against
 *   (written), estimate, ci_lower, ci_upper (95 %)
 * @throws {Error} when a factor, scale or column is unknown
 */
export const agreed = carried((sheets: Sheets, of: Agreed): DataFrame => {
  const { instrument, written, by = [], draws = 2000, seed = 1 } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(COLUMNS));
  const scales = Object.entries(written).map(([scale, column]) => {
    const score = scaleScores(sheets, rows, instrument).find(({ keys }) => keys.scale === scale);
    if (!score) {
      throw new Error(
        `${instrument.title} has no scale ${scale}: it has ${instrument.scales.join(", ")}`,
      );
    }
    const given = rows.passing(rows.known(column, "column"));
    return {
      scale,
      answered: score.of,
      written: (row: number) => typeof given[row] === "number" ? given[row] : NaN,
    };
  });
  const tidy = cells(rows, factors).flatMap((cell) => {
    const levels = keysOf(factors, cell);
    return scales.flatMap((scale) => {
      const uniform = seeded("traits", seed, scale.scale, JSON.stringify(cell.levels)).uniform;
      return measured(rows, cell, scale, { draws, uniform })
        .map((row) => ({ ...levels, scale: scale.scale, ...row }));
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...COLUMNS });
});

function measured(
  rows: Rows,
  cell: Cell,
  of: { answered: (row: number) => number; written: (row: number) => number },
  { draws, uniform }: { draws: number; uniform: () => number },
) {
  const pairs = Array.from(cell.order, (row) => ({
    x: of.written(row),
    y: of.answered(row),
    cluster: rows.cluster[rows.respondent[row]!]!,
    weight: rows.weight[rows.respondent[row]!]!,
  })).filter(({ x, y }) => !Number.isNaN(x + y));
  // Sums of values around their first lose no digits.
  const origin = pairs[0]?.x ?? 0;
  const sums = [...Map.groupBy(pairs, ({ cluster }) => cluster).values()].map((own) => {
    const total = (value: (x: number, y: number) => number) =>
      own.reduce((sum, { x, y, weight }) => sum + weight * value(x - origin, y - origin), 0);
    return {
      weight: total(() => 1),
      x: total((x) => x),
      y: total((_, y) => y),
      xx: total((x) => x * x),
      yy: total((_, y) => y * y),
      xy: total((x, y) => x * y),
    };
  });
  const columns = (["weight", "x", "y", "xx", "yy", "xy"] as const)
    .map((name) => sums.map((own) => own[name]));
  const statistics = (weights: Readonly<Float64Array>) => {
    const [weight, x, y, xx, yy, xy] = weightedTotals(weights, columns) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const { correlation, concordance: same } = concordance({ weight, x, y, xx, yy, xy });
    return [correlation, same];
  };
  const plain = sums.length ? statistics(new Float64Array(sums.length).fill(1)) : [null, null];
  const drawn = sums.length >= 2 && draws > 0
    ? clusterBootstrap({ clusters: sums.length, statistics, uniform, draws })
    : [];
  const meanOf = (value: (pair: typeof pairs[number]) => number) => {
    const first = pairs.length ? value(pairs[0]!) : 0;
    const away = pairs.map((pair) => value(pair) - first);
    return weightedMean({
      cluster: pairs.map(({ cluster }) => cluster),
      weight: pairs.map(({ weight }) => weight),
      n: pairs.map(() => 1),
      sum: away,
      square: away.map((one) => one ** 2),
      origin: first,
    });
  };
  const difference = meanOf(({ x, y }) => y - x);
  const common = {
    n: pairs.length,
    clusters: sums.length,
    mean: meanOf(({ y }) => y).estimate,
    mean_against: meanOf(({ x }) => x).estimate,
  };
  return [
    {
      measure: "difference",
      ...common,
      estimate: difference.estimate,
      ci_lower: difference.ciLower,
      ci_upper: difference.ciUpper,
    },
    ...["correlation", "concordance"].map((measure, at) => ({
      measure,
      ...common,
      estimate: plain[at]!,
      ci_lower: drawn[at]?.bca.ciLower ?? null,
      ci_upper: drawn[at]?.bca.ciUpper ?? null,
    })),
  ];
}
