/**
 * Figures of results about opinions: tidy frames in, drawings out; see `lib/plots.ts`.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { capital, dots, type Drawing, shareMaps, type TilePlace } from "../plots.ts";

const Value = z.number().nullable();

const Score = z.object({
  question: z.string(),
  estimate: Value,
  ci_lower: Value,
  ci_upper: Value,
  null_level: Value,
});

/** What stands for people in figures of scores. */
const CHANCE = "What chance alone leaves";

/**
 * Alignment by question, a series for each level of a factor, with its interval; black is the null
 * level, which differs between series only as their numbers of answers do.
 *
 * @param frame question (as it is to be called), the column that `series` names, estimate, ci_lower,
 *   ci_upper and null_level, as `alignment` returns them; one measure
 */
export function alignments(frame: DataFrame, { series }: { series: string }): Drawing {
  const cells = rows(frame, Score);
  const levels = frame.getColumn(series).toArray().map(String);
  const point = { panel: "", group: "" };
  const first = new Set<string>();
  const points = cells.map(({ question, estimate, ci_lower, ci_upper }, at) => ({
    ...point,
    row: question,
    series: capital(levels[at]!),
    value: estimate,
    low: ci_lower,
    high: ci_upper,
  }));
  // One level for each question: that of the first series.
  const chance = cells.flatMap(({ question, null_level }) => {
    if (first.has(question)) return [];
    first.add(question);
    return [{ ...point, row: question, series: CHANCE, value: null_level, low: null, high: null }];
  });
  return dots({
    title: "Alignment with people by question",
    xLabel: "Alignment (1: as people answer), 95% CI",
    panels: [{ key: "", title: "" }],
    points: [...points, ...chance],
    range: [0.5, 1],
    decimals: 3,
    reference: CHANCE,
  });
}

const State = z.object({
  stratum: z.string(),
  share: Value,
  certain: z.string().nullable(),
  counted: Value,
});

/**
 * Elections state by state as maps of equal tiles: one for each level of a factor, and one of the result.
 * The colours mean the same in all of them, blue for the side that shares are of; hatched is a state
 * whose winner is not certain.
 *
 * @param frame stratum, the column that `by` names, share, certain and counted, as `elections` returns them
 * @param of `tiles`: where states stand, as `tiles` of `lib/opinions/reference.ts` returns it; `side`: whose
 *   share it is; `title` of the figure; `result`: what the last map is called
 */
export function electionMaps(
  frame: DataFrame,
  of: {
    by: string;
    tiles: readonly TilePlace[];
    title: string;
    side: string;
    result?: string;
  },
): Drawing {
  const cells = rows(frame, State);
  const levels = frame.getColumn(of.by).toArray().map(String);
  const result = of.result ?? "as counted";
  const counted = new Map(cells.map(({ stratum, counted }) => [stratum, counted]));
  return shareMaps({
    title: of.title,
    tiles: of.tiles,
    maps: [...new Set(levels), result],
    values: [
      ...cells.map(({ stratum, share, certain }, at) => ({
        map: levels[at]!,
        stratum,
        share,
        certain: certain === "yes",
      })),
      ...[...counted].map(([stratum, share]) => ({ map: result, stratum, share, certain: true })),
    ],
    side: of.side,
  });
}
