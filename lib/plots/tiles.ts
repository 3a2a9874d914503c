/** Heat maps with their numbers printed in the tiles. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { draw, grid, inPlace, type Panel, panelsOf } from "./canvas.ts";
import { describe, distinct, FONT, ink, LINE, measure, scaleName, withSign } from "./text.ts";
import { type Drawing, PALE, shades, swatch, theme } from "./theme.ts";

/** A number of a row and a column, as these read. */
export interface Tile {
  /** Key of its panel. */
  panel: string;
  row: string;
  column: string;
  value: number | null;
  bold?: boolean;
  framed?: boolean;
}

export interface Tiles {
  title: string;
  /** What it shows, in words. */
  what: string;
  /** The title of the columns, or what is to be known of the tiles. */
  xLabel: string;
  yLabel?: string;
  panels: readonly Panel[];
  tiles: readonly Tile[];
  /** Ends of the colours. */
  ends: readonly [number, number];
  /** Numbers of the legend, and what stands there. */
  legend: readonly number[];
  legendOf: (value: number) => string;
  /** What stands in a tile, and decimals of the description. */
  print: (value: number) => string;
  decimals: number;
}

/** Heat maps: one colour for one number in all panels. */
export const tiles = (figure: Tiles): Drawing => (look = theme()) => {
  const { panels, ends, print } = figure;
  const shade = shades(ends, look);
  const names = distinct(figure.tiles, ({ row }) => row);
  const columns = distinct(figure.tiles, ({ column }) => column);
  const printed = (value: number | null) => value === null ? "—" : print(value);
  const widest = Math.max(0, ...figure.tiles.map(({ value }) => measure(printed(value))));
  const left = Math.max(0, ...names.map((name) => measure(name))) + 14;
  const least = columns.length * (widest + 2);
  const layout = grid(panels, look, { left, least, most: 4 });
  const label = Math.max(0, ...columns.map((column) => measure(column)));
  // What does not fit in a tile is smaller, as long as it can be read.
  const room = (layout.width / columns.length - 1) / Math.max(1, widest);
  const size = Math.max(look.smallest, Math.min(FONT, FONT * room));
  const lying = label + 6 < layout.width / columns.length;
  const placed = inPlace(
    figure.tiles.map((tile) => ({ ...tile, fill: shade(tile.value) })),
    layout.panels,
    ({ panel }) => panel,
  );
  const titles = new Map(
    panels.map(({ key, title, band }) => [key, band ? `${title} ${band}` : title]),
  );
  const at = { fx: "fx", fy: "fy", x: "column", y: "row" };
  return draw({
    title: figure.title,
    description: describe(
      `Heat map, ${figure.what}, ${panels.length} panels.`,
      figure.tiles.map(({ panel, row, column, value }) => ({
        name: `${titles.get(panel)}, ${row} with ${column}`,
        value,
      })),
      figure.decimals,
    ),
    grid: layout,
    legend: [
      ...figure.legend.map((value) => swatch(figure.legendOf(value), shade(value))),
      ...figure.tiles.some(({ value }) => value === null) ? [swatch("— undefined", PALE)] : [],
    ],
    height: names.length * 24,
    left,
    bottom: lying ? LINE + 4 : label + 10,
    xLabel: figure.xLabel,
    ...figure.yLabel && { yLabel: figure.yLabel },
    plot: {
      x: { domain: columns, padding: 0, axis: null },
      y: { domain: names, padding: 0, axis: null },
      marks: [
        Plot.axisX({ tickSize: 0, tickRotate: lying ? 0 : -90, label: null }),
        Plot.axisY({ tickSize: 0, label: null }),
        Plot.cell(placed, { ...at, fill: "fill", inset: 0.5, className: "plot-values" }),
        Plot.cell(placed.filter(({ framed }) => framed), {
          ...at,
          fill: "none",
          stroke: "black",
          strokeWidth: 2,
          inset: 1,
        }),
        ...[false, true].map((bold) =>
          Plot.text(placed.filter((tile) => (tile.bold ?? false) === bold), {
            ...at,
            text: ({ value }) => printed(value),
            fontSize: size,
            fill: ({ fill }) => ink(fill),
            fontWeight: bold ? "bold" : "normal",
          })
        ),
      ],
    },
  }, look);
};

/** r as the field prints it: two decimals and, below 1, no zero before the point. */
const correlation = (r: number): string => withSign(r, 2).replace(/^(−?)0(?=\.)/, "$1");

/** How tiles of correlations look: red for −1, white for 0, blue for 1. */
const CORRELATIONS = {
  ends: [-1, 1],
  legend: [-1, -0.5, 0, 0.5, 1],
  legendOf: (r) => `r = ${withSign(r, 1)}`,
  print: correlation,
  decimals: 2,
} as const satisfies Partial<Tiles>;

const Correlation = z.object({
  model: z.string(),
  epqra_scale: z.string(),
  bfi_trait: z.string(),
  r: z.number().nullable(),
});

/**
 * Table 5: correlations of EPQR-A scales with BFI-44 traits, one heat map per model.
 *
 * @param frame model, epqra_scale, bfi_trait, r (Pearson)
 */
export function heatmap(frame: DataFrame): Drawing {
  const cells = rows(frame, Correlation);
  return tiles({
    ...CORRELATIONS,
    title: "Correlation of EPQR-A with BFI-44 scores by model",
    what: "Pearson's r, EPQR-A scales down, BFI-44 traits across",
    xLabel: "Down: EPQR-A scales; across: BFI-44 traits",
    panels: panelsOf(cells.map(({ model }) => model), (model) => model),
    tiles: cells.map(({ model, epqra_scale, bfi_trait, r }) => ({
      panel: model,
      row: scaleName(epqra_scale),
      column: scaleName(bfi_trait),
      value: r,
    })),
  });
}

const Matrix = z.object({
  model: z.string(),
  row_method: z.string(),
  row_scale: z.string(),
  column_method: z.string(),
  column_scale: z.string(),
  kind: z.string(),
  estimate: z.number().nullable(),
});

/**
 * A multitrait–multimethod matrix per model: correlations, on the diagonal reliabilities in bold, and in
 * a frame the validities (one trait by two methods).
 *
 * @param frame model, row_method, row_scale, column_method, column_scale, kind (`reliability`,
 *   `validity`, others), estimate; a triangle of it, as `multitrait` in `tables` gives it
 */
export function matrix(frame: DataFrame): Drawing {
  const cells = rows(frame, Matrix);
  return tiles({
    ...CORRELATIONS,
    title: "Multitrait–multimethod matrix by model",
    what: "lower triangle of correlations between scales, on its diagonal their reliabilities",
    xLabel: "Bold: reliability; framed: one trait by two methods",
    panels: panelsOf(cells.map(({ model }) => model), (model) => model),
    tiles: cells.map((cell) => ({
      panel: cell.model,
      row: `${cell.row_method} ${cell.row_scale}`,
      column: `${cell.column_method} ${cell.column_scale}`,
      value: cell.estimate,
      bold: cell.kind === "reliability",
      framed: cell.kind === "validity",
    })),
  });
}
