/** Counts as bars: side by side and stacked. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { byScale, draw, looks, nameColumn, PALE, swatch } from "./canvas.ts";
import { capital, describe, distinct, ink, scaleName } from "./text.ts";

const Distribution = z.object({
  source: z.string(),
  scale: z.string(),
  score: z.number(),
  n: z.number(),
});

/**
 * How many profiles have each score, sources side by side, one panel per scale.
 *
 * @param frame source, scale, score (whole numbers), n
 */
export function histograms(frame: DataFrame): string {
  const cells = rows(frame, Distribution)
    .map((cell) => ({ ...cell, source: capital(cell.source) }));
  const legend = looks(distinct(cells, ({ source }) => source))
    .map(({ label, fill }) => swatch(label, fill));
  const panels = byScale(cells.map(({ scale }) => scale));
  const placeOf = new Map(panels.map(({ key, fx, fy }) => [key, { fx, fy }]));
  const order = legend.map(({ label }) => label);
  const width = 0.84 / order.length;
  const bars = cells.map((cell) => {
    const x = cell.score - 0.42 + order.indexOf(cell.source) * width;
    return { ...cell, ...placeOf.get(cell.scale)!, x1: x, x2: x + width };
  });
  const scores = [...new Set(cells.map(({ score }) => score))].toSorted((a, b) => a - b);
  return draw({
    title: "Distribution of scores by scale and source",
    description: describe(
      `Histograms in ${panels.length} panels. Horizontal axis: score. Vertical axis: profiles.`,
      cells.map(({ source, scale, score, n }) => ({
        name: `${scaleName(scale)}, ${source}, score ${score}`,
        value: n,
      })),
      0,
    ),
    panels,
    legend,
    height: 150,
    left: 58,
    xLabel: "Score (scale points)",
    yLabel: "Number of profiles",
    plot: {
      x: { domain: [scores[0]! - 0.6, scores.at(-1)! + 0.6], axis: null },
      y: { domain: [0, Math.max(1, ...cells.map(({ n }) => n))], nice: true, axis: null },
      color: { domain: order, range: legend.map(({ fill }) => fill) },
      marks: [
        Plot.gridY({ ticks: 5, stroke: PALE, strokeOpacity: 1 }),
        Plot.axisY({ ticks: 5, tickSize: 3, label: null, tickFormat: "d" }),
        Plot.axisX({ ticks: scores, tickSize: 3, label: null, tickFormat: "d" }),
        Plot.rect(bars, {
          fx: "fx",
          fy: "fy",
          x1: "x1",
          x2: "x2",
          y1: 0,
          y2: "n",
          fill: "source",
          className: "plot-values",
        }),
        Plot.ruleY([0]),
      ],
    },
  });
}

const Keying = z.object({ scale: z.string(), keyed: z.string(), n: z.number() });

/**
 * Items of an instrument by scale and keying, stacked; one column wide.
 *
 * @param frame scale, keyed (as it should read in the legend), n (items)
 */
export function keys(frame: DataFrame): string {
  const cells = rows(frame, Keying).map((cell) => ({ ...cell, keyed: capital(cell.keyed) }));
  const legend = looks(distinct(cells, ({ keyed }) => keyed))
    .map(({ label, fill }) => swatch(label, fill));
  const order = legend.map(({ label }) => label);
  const scales = distinct(cells, ({ scale }) => scale);
  const stack = Plot.stackX({ x: "n", y: "scale", z: "keyed", order });
  return draw({
    title: "Items by scale and keying",
    description: describe(
      "Stacked bars, one per scale. Horizontal axis: items.",
      cells.map(({ scale, keyed, n }) => ({ name: `${scaleName(scale)}, ${keyed}`, value: n })),
      0,
    ),
    panels: cells.length ? [{ key: "", title: "", fx: 0, fy: 0 }] : [],
    legend,
    width: 320,
    height: scales.length * 28,
    left: nameColumn(scales) - 14,
    xLabel: "Items",
    plot: {
      x: { axis: null },
      y: { domain: scales, padding: 0.2, axis: null },
      color: { domain: order, range: legend.map(({ fill }) => fill) },
      marks: [
        Plot.gridX({ ticks: 5, stroke: PALE, strokeOpacity: 1 }),
        Plot.axisX({ ticks: 5, tickSize: 3, label: null, tickFormat: "d" }),
        Plot.axisY({ tickSize: 0, tickFormat: scaleName, label: null }),
        Plot.barX(cells, { ...stack, fill: "keyed", className: "plot-values" }),
        Plot.text(cells, {
          ...stack,
          text: "n",
          fill: ({ keyed }) => ink(legend[order.indexOf(keyed)]!.fill),
        }),
        Plot.ruleX([0]),
      ],
    },
  });
}
