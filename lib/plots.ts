/**
 * The figures: tidy frames in, drawings out.
 *
 * A drawing is a function: `forest(table)()` is SVG text for a page in colour, `forest(table)(theme({
 * width: "column" }))` for a column; `figure` and `save` of `lib/notebook.ts` take drawings and themes.
 * Each is one self-contained SVG with its legend inside and a title and description for screen readers.
 * Panels, rows and legend keep the frame's order of appearance; series differ by colour and by shape. A
 * number that is undefined (null) has no mark and is written out as "undefined"; a line has a gap there.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "./frames.ts";
import { panelsOf } from "./plots/canvas.ts";
import { dots } from "./plots/dots.ts";
import { nameOf } from "./plots/text.ts";
import type { Drawing } from "./plots/theme.ts";

export { answerBars, fates, histograms, keys } from "./plots/bars.ts";
export { type Panel, panelsOf } from "./plots/canvas.ts";
export { type Choices, choices } from "./plots/choices.ts";
export { curves } from "./plots/curves.ts";
export { dots, type Point } from "./plots/dots.ts";
export { attrition } from "./plots/flow.ts";
export { shareMaps, type TilePlace } from "./plots/maps.ts";
export { pairs } from "./plots/pairs.ts";
export { coverages, errors, powers } from "./plots/simulated.ts";
export { capital, distinct, FATES, nameOf, scaleName } from "./plots/text.ts";
export { type Drawing, type Series, type Theme, theme } from "./plots/theme.ts";
export { heatmap, matrix, tiles } from "./plots/tiles.ts";

const Value = z.number().nullable();

const Estimate = z.object({
  model: z.string(),
  condition: z.string(),
  estimate: Value,
  ci_lower: Value.optional(),
  ci_upper: Value.optional(),
});

/**
 * Any estimate by model and condition, one panel for each value of a column.
 *
 * @param frame model, condition, estimate, ci_lower and ci_upper where there are limits, and the column
 *   that `panel` names
 * @param of `group`: a column whose values are headings above rows; `range`: what the axis shows at least; `ticks`: where it has some, left out at round numbers;
 *   `rule`: where a dashed line stands; `heading`: a panel's title, from its value
 */
export function estimates(
  frame: DataFrame,
  of: {
    title: string;
    xLabel: string;
    panel: string;
    group?: string;
    range: readonly [number, number];
    ticks?: readonly number[];
    rule?: number;
    heading?: (value: string) => string;
  },
): Drawing {
  const cells = rows(frame, Estimate);
  const panelOf = rows(frame, z.object({ [of.panel]: z.string() })).map((cell) => cell[of.panel]!);
  const groupOf = groupsIn(frame, of.group);
  return dots({
    title: of.title,
    xLabel: of.xLabel,
    panels: panelsOf(panelOf, of.heading ?? nameOf),
    points: cells.map(({ model, condition, estimate, ci_lower, ci_upper }, at) => ({
      panel: panelOf[at]!,
      group: groupOf[at] ?? "",
      row: model,
      series: condition,
      value: estimate,
      low: ci_lower ?? null,
      high: ci_upper ?? null,
    })),
    range: of.range,
    ...of.ticks && { ticks: of.ticks },
    decimals: 2,
    ...(of.rule === undefined ? {} : { rule: of.rule }),
  });
}

/**
 * Estimates beside what was put in, one panel for each value of a column.
 *
 * @param frame estimate, truth (null where nothing was declared), the columns that `panel` and `row` name,
 *   and the limits: `ci_lower` and `ci_upper`, or those that `interval` begins
 * @param of `group`: a column whose values are headings above rows; `heading`: a panel's title, from its
 *   value; `range`: what the axis shows at least; `ticks`: where it
 *   has some, left out at round numbers; `rule`: where a dashed line stands
 */
export function recovered(
  frame: DataFrame,
  of: {
    title: string;
    xLabel: string;
    panel: string;
    row: string;
    group?: string;
    range: readonly [number, number];
    interval?: "ci" | "boot";
    ticks?: readonly number[];
    rule?: number;
    heading?: (value: string) => string;
  },
): Drawing {
  const { interval = "ci" } = of;
  const [low, high] = [`${interval}_lower`, `${interval}_upper`];
  const shape = z.object({
    estimate: Value,
    truth: Value,
    [low]: Value,
    [high]: Value,
    [of.panel]: z.string(),
    [of.row]: z.string(),
  });
  const groupOf = groupsIn(frame, of.group);
  const cells = rows(frame, shape) as unknown as Record<string, string & (number | null)>[];
  return dots({
    title: of.title,
    xLabel: of.xLabel,
    panels: panelsOf(cells.map((cell) => cell[of.panel]!), of.heading ?? nameOf),
    points: cells.flatMap((cell, at) => {
      const place = { panel: cell[of.panel]!, group: groupOf[at] ?? "", row: cell[of.row]! };
      const found = { value: cell.estimate!, low: cell[low]!, high: cell[high]! };
      const told = { ...place, series: "Put in", value: cell.truth!, low: null, high: null };
      return [{ ...place, series: "Found", ...found }, ...cell.truth === null ? [] : [told]];
    }),
    range: of.range,
    ...of.ticks && { ticks: of.ticks },
    decimals: 2,
    ...(of.rule === undefined ? {} : { rule: of.rule }),
  });
}

/** What stands above each row, in words; nothing without a column. */
const groupsIn = (frame: DataFrame, group: string | undefined): string[] =>
  group === undefined
    ? []
    : rows(frame, z.object({ [group]: z.string() })).map((cell) => nameOf(cell[group]!));
