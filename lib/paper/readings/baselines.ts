/** What the profiles and their random control say. */
import type { DataFrame } from "polars";
import { list, nothing, number, range, records } from "./words.ts";

const HIGHEST = 6;

/**
 * How far the control's means are from the profiles', what becomes of alpha, and which scale's mean is
 * nearest to an end.
 *
 * @param table as `baselines` builds it
 */
export function baselineReading(table: DataFrame): string[] {
  const all = records(table, ["source", "scale", "statistic"], ["value"])
    .filter(({ value }) => value !== null);
  const of = (source: string, statistic: string) =>
    all.filter((row) => row.source === source && row.statistic === statistic);
  const means = of("reference", "score_mean"), drawn = of("random", "score_mean");
  if (!means.length || !drawn.length) return nothing("the profiles beside their control");
  const apart = means.flatMap(({ scale, value }) => {
    const own = drawn.find((row) => row.scale === scale);
    return own ? [Math.abs(own.value! - value!)] : [];
  });
  const alphas = (source: string) => range(of(source, "alpha").map(({ value }) => value));
  const end = (value: number) => Math.min(value, HIGHEST - value);
  const near = means.toSorted((a, b) => end(a.value!) - end(b.value!)).slice(0, 2).map((
    { scale, value },
  ) => `${scale} at ${number(value)}`);
  return [
    `The means of the random control are at most ${
      number(Math.max(...apart))
    } points from those of the profiles; its alphas are ${alphas("random")}, the profiles’ ${
      alphas("reference")
    }.`,
    `Nearest to an end of their scale (0–${HIGHEST}) are the profiles’ means of ${list(near)}.`,
  ];
}
