/** Heat maps with their numbers printed in the tiles. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { draw, nameColumn, PALE, swatch, wrap } from "./canvas.ts";
import { describe, distinct, ink, measure, scaleName, withSign } from "./text.ts";

const Correlation = z.object({
  model: z.string(),
  epqra_scale: z.string(),
  bfi_trait: z.string(),
  r: z.number().nullable(),
});

/** Red for −1, white for 0, blue for 1; told apart with red-green blindness. */
const heat = Plot.scale({ color: { type: "linear", domain: [-1, 1], scheme: "RdBu" } })!;
const tile = (r: number | null): string => r === null ? PALE : heat.apply(r) as string;

/** r as the field prints it: two decimals and, below 1, no zero before the point. */
const printed = (r: number | null): string =>
  r === null ? "—" : withSign(r, 2).replace(/^(−?)0(?=\.)/, "$1");

/**
 * Table 5: correlations of EPQR-A scales with BFI-44 traits, one heat map per model.
 *
 * @param frame model, epqra_scale, bfi_trait, r (Pearson)
 */
export function heatmap(frame: DataFrame): string {
  const cells = rows(frame, Correlation);
  const panels = wrap(distinct(cells, ({ model }) => model), 3, (model) => model);
  const placeOf = new Map(panels.map(({ key, fx, fy }) => [key, { fx, fy }]));
  const tiles = cells.map((cell) => ({ ...cell, ...placeOf.get(cell.model)!, fill: tile(cell.r) }));
  const scales = distinct(cells, ({ epqra_scale }) => epqra_scale);
  const traits = distinct(cells, ({ bfi_trait }) => bfi_trait);
  const at = { fx: "fx", fy: "fy", x: "bfi_trait", y: "epqra_scale" };
  return draw({
    title: "Correlation of EPQR-A with BFI-44 scores by model",
    description: describe(
      `Heat map of Pearson's r, EPQR-A scales down, BFI-44 traits across, ${panels.length} panels.`,
      cells.map(({ model, epqra_scale, bfi_trait, r }) => ({
        name: `${model}, ${scaleName(epqra_scale)} with ${scaleName(bfi_trait)}`,
        value: r,
      })),
      2,
    ),
    panels,
    legend: [
      ...[-1, -0.5, 0, 0.5, 1].map((r) => swatch(`r = ${withSign(r, 1)}`, tile(r))),
      ...cells.some(({ r }) => r === null) ? [swatch("— undefined", PALE)] : [],
    ],
    height: scales.length * 28,
    left: nameColumn(scales),
    bottom: Math.max(...traits.map((trait) => measure(scaleName(trait)))) + 12,
    xLabel: "BFI-44 trait",
    yLabel: "EPQR-A scale",
    plot: {
      x: { domain: traits, padding: 0, axis: null },
      y: { domain: scales, padding: 0, axis: null },
      marks: [
        Plot.axisX({ tickSize: 0, tickRotate: -90, tickFormat: scaleName, label: null }),
        Plot.axisY({ tickSize: 0, tickFormat: scaleName, label: null }),
        Plot.cell(tiles, { ...at, fill: "fill", inset: 0.5, className: "plot-values" }),
        Plot.text(tiles, { ...at, text: ({ r }) => printed(r), fill: ({ fill }) => ink(fill) }),
      ],
    },
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
export function matrix(frame: DataFrame): string {
  const cells = rows(frame, Matrix).map((cell) => ({
    ...cell,
    row: `${cell.row_method} ${cell.row_scale}`,
    column: `${cell.column_method} ${cell.column_scale}`,
    fill: tile(cell.estimate),
  }));
  const panels = wrap(distinct(cells, ({ model }) => model), 2, (model) => model);
  const placeOf = new Map(panels.map(({ key, fx, fy }) => [key, { fx, fy }]));
  const tiles = cells.map((cell) => ({ ...cell, ...placeOf.get(cell.model)! }));
  const names = distinct(cells, ({ row }) => row);
  const widest = Math.max(0, ...names.map((name) => measure(name)));
  const at = { fx: "fx", fy: "fy", x: "column", y: "row" };
  const text = (bold: boolean) =>
    [
      tiles.filter(({ kind }) => (kind === "reliability") === bold),
      {
        ...at,
        text: ({ estimate }: typeof tiles[number]) => printed(estimate),
        fill: ({ fill }: typeof tiles[number]) => ink(fill),
        fontWeight: bold ? "bold" : "normal",
      },
    ] as const;
  return draw({
    title: "Multitrait–multimethod matrix by model",
    description: describe(
      `Lower triangle of correlations between ${names.length} scales, reliabilities on its ` +
        `diagonal, ${panels.length} panels.`,
      cells.map(({ model, row, column, kind, estimate }) => ({
        name: `${model}, ${kind === "reliability" ? `alpha of ${row}` : `${row} with ${column}`}`,
        value: estimate,
      })),
      2,
    ),
    panels,
    legend: [
      ...[-1, -0.5, 0, 0.5, 1].map((r) => swatch(`r = ${withSign(r, 1)}`, tile(r))),
      ...cells.some(({ estimate }) => estimate === null) ? [swatch("— undefined", PALE)] : [],
    ],
    height: names.length * 24,
    left: widest + 16,
    bottom: widest + 12,
    xLabel: "Bold: reliability; framed: one trait by two methods",
    plot: {
      x: { domain: names, padding: 0, axis: null },
      y: { domain: names, padding: 0, axis: null },
      marks: [
        Plot.axisX({ tickSize: 0, tickRotate: -90, label: null }),
        Plot.axisY({ tickSize: 0, label: null }),
        Plot.cell(tiles, { ...at, fill: "fill", inset: 0.5, className: "plot-values" }),
        Plot.cell(tiles.filter(({ kind }) => kind === "validity"), {
          ...at,
          fill: "none",
          stroke: "black",
          strokeWidth: 2,
          inset: 1,
        }),
        Plot.text(...text(false)),
        Plot.text(...text(true)),
      ],
    },
  });
}
