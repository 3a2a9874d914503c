/** What a dose on one scale does to the others. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { kindsOf, type Level } from "../../measures.ts";
import { seeded } from "../../random.ts";
import { sd, slopeOn, spillOver as spilled } from "../../stats.ts";
import { type Dosed, type Series, seriesIn } from "./series.ts";
import type { ByDose } from "./slopes.ts";

const COLUMNS = {
  dosed_scale: "text",
  scale: "text",
  n: "integer",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  spill_ratio: "number",
  spill_ratio_lower: "number",
  spill_ratio_upper: "number",
} as const satisfies Record<string, Kind>;

export function spillOver(
  sheets: Dosed,
  instrument: Instrument,
  { by = [], draws, seed = 1 }: ByDose = {},
): DataFrame {
  const { rows, factors, series } = seriesIn(sheets, instrument, by, Object.keys(COLUMNS));
  const { scales } = instrument;
  const groups = Map.groupBy(series, ({ keys }) => JSON.stringify(keys));
  const tidy = [...groups].flatMap(([key, group]) => {
    const dosed = group.map((one) => ({
      own: scales.indexOf(one.scale),
      slopes: one.scores.map((table) => table.map((row) => slopeOn(one.doses, row)!)),
    }));
    const { uniform } = seeded("spill-over", seed, key);
    const found = spilled(dosed, scales.map((_, scale) => undosedSd(group, scale)), {
      uniform,
      ...draws === undefined ? {} : { draws },
    });
    return found.map(({ dosed, scale, pHolm, ciLower, ciUpper, ...cell }) => ({
      ...group[0]!.keys as Record<string, Level>,
      dosed_scale: scales[dosed],
      scale: scales[scale],
      n: cell.n,
      estimate: cell.estimate,
      se: cell.se,
      df: cell.df,
      ci_lower: ciLower,
      ci_upper: ciUpper,
      p: cell.p,
      p_holm: pHolm,
      spill_ratio: cell.ratio,
      spill_ratio_lower: cell.ratioLower,
      spill_ratio_upper: cell.ratioUpper,
    }));
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...COLUMNS });
}

/** The sd of a scale where nothing is dosed: in the first series that has a dose of 0. */
function undosedSd(group: readonly Series[], scale: number): number | null {
  const undosed = group.find(({ doses }) => doses[0] === 0);
  return undosed ? sd(undosed.scores[scale]!.map((row) => row[0]!)) : null;
}
