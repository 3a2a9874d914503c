/** Slopes of a scale on the doses that it was given, and means dose by dose. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import { intervalLaid, kindsOf, withHolm } from "../../measures.ts";
import { seeded } from "../../random.ts";
import {
  clusteredMean,
  doseFit,
  falls,
  isotonic,
  mean,
  meanRatio,
  pageTrend,
  slopeOn,
  spearman,
} from "../../stats.ts";
import { type Dosed, type Series, seriesIn } from "./series.ts";

/** How series are read. */
export interface ByDose {
  by?: readonly string[];
  /** Draws of respondents (2,000) and their seed. */
  draws?: number;
  seed?: number;
}

const SLOPES = {
  scale: "text",
  n: "integer",
  left_out: "integer",
  doses: "integer",
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  expected_slope: "number",
  beyond: "number",
  beyond_lower: "number",
  beyond_upper: "number",
  p_beyond: "number",
  followed: "number",
  followed_lower: "number",
  followed_upper: "number",
  r2_within: "number",
  r2_within_lower: "number",
  r2_within_upper: "number",
  r2_pooled: "number",
  rho: "number",
  page: "number",
  z: "number",
  p_page: "number",
  falls: "number",
  violated: "number",
  off_isotonic: "number",
} as const satisfies Record<string, Kind>;

export function doseSlopes(
  sheets: Dosed,
  instrument: Instrument,
  { by = [], draws, seed = 1 }: ByDose = {},
): DataFrame {
  const { rows, factors, series } = seriesIn(sheets, instrument, by, Object.keys(SLOPES));
  const tidy = series.map((one) => {
    const { keys, scale, doses, incomplete, shown } = one;
    const scores = one.scores[instrument.scales.indexOf(scale)]!, n = scores.length;
    const slopes = scores.map((row) => slopeOn(doses, row)!);
    const told = shown?.map((row) => slopeOn(doses, row)!) ?? null;
    const slope = clusteredMean(slopes.map((slope) => [slope]));
    const apart = told && clusteredMean(slopes.map((slope, at) => [slope - told[at]!]));
    const { uniform } = seeded("doses", seed, scale, JSON.stringify(keys));
    const followed = told && meanRatio(slopes, told);
    const fit = n >= 2
      ? doseFit(scores, doses, { uniform, ...draws === undefined ? {} : { draws } })
      : null;
    const page = pageTrend(scores), down = falls(scores);
    const ranks = scores.map((row) => spearman(row, doses)).filter((rank) => rank !== null);
    const means = doses.map((_, at) => mean(scores.map((row) => row[at]!)));
    return {
      ...keys,
      scale,
      n,
      left_out: incomplete,
      doses: doses.length,
      estimate: slope.estimate,
      ...intervalLaid(slope),
      p: slope.p,
      expected_slope: told && mean(told),
      beyond: apart?.estimate ?? null,
      beyond_lower: apart?.ciLower ?? null,
      beyond_upper: apart?.ciUpper ?? null,
      p_beyond: apart?.p ?? null,
      followed: followed?.estimate ?? null,
      followed_lower: followed?.ciLower ?? null,
      followed_upper: followed?.ciUpper ?? null,
      r2_within: fit?.within.estimate ?? null,
      r2_within_lower: fit?.within.percentile.ciLower ?? null,
      r2_within_upper: fit?.within.percentile.ciUpper ?? null,
      r2_pooled: fit?.pooled.estimate ?? null,
      rho: mean(ranks),
      page: page.L,
      z: page.z,
      p_page: page.p,
      falls: down.steps ? down.falls / down.steps : null,
      violated: down.pairs ? down.violated / down.pairs : null,
      off_isotonic: offIsotonic(means),
    };
  });
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...SLOPES });
}

/** The most that one of the means lies off those nearest to them that never fall. */
export function offIsotonic(means: readonly (number | null)[]): number | null {
  if (means.includes(null)) return null;
  const own = means as number[];
  return Math.max(...isotonic(own).map((value, at) => Math.abs(value - own[at]!)));
}

const MEANS = {
  scale: "text",
  dose: "integer",
  n: "integer",
  mean: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  isotonic: "number",
  shown_mean: "number",
  asked_change: "number",
  done_change: "number",
  followed: "number",
  followed_lower: "number",
  followed_upper: "number",
} as const satisfies Record<string, Kind>;

export function doseMeans(
  sheets: Dosed,
  instrument: Instrument,
  { by = [] }: Pick<ByDose, "by"> = {},
): DataFrame {
  const { rows, factors, series } = seriesIn(sheets, instrument, by, Object.keys(MEANS));
  const tidy = series.flatMap((one) => meansOf(one, instrument));
  return frame(tidy, { ...kindsOf(rows, factors), ...MEANS });
}

function meansOf(
  { keys, scale, doses, scores, shown }: Series,
  instrument: Instrument,
) {
  const own = scores[instrument.scales.indexOf(scale)]!, n = own.length;
  const at = (of: readonly (readonly number[])[], dose: number) => of.map((row) => row[dose]!);
  const means = doses.map((_, dose) => clusteredMean(at(own, dose).map((score) => [score])));
  const fitted = n ? isotonic(means.map(({ estimate }) => estimate!)) : [];
  const changes = (of: readonly (readonly number[])[]) =>
    doses.map((_, dose) => of.map((row) => row[dose]! - row[0]!));
  const got = changes(own), asked = shown && changes(shown);
  const followed = asked?.map((own, dose) => meanRatio(got[dose]!, own));
  return doses.map((dose, place) => ({
    ...keys,
    scale,
    dose,
    n,
    mean: means[place]!.estimate,
    ...intervalLaid(means[place]!),
    isotonic: fitted[place] ?? null,
    shown_mean: shown && mean(at(shown, place)),
    asked_change: asked && mean(asked[place]!),
    done_change: mean(got[place]!),
    followed: followed?.[place]?.estimate ?? null,
    followed_lower: followed?.[place]?.ciLower ?? null,
    followed_upper: followed?.[place]?.ciUpper ?? null,
  }));
}
