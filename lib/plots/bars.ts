/** Counts as bars: side by side and stacked. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { byScale, draw, looks, PALE, swatch } from "./canvas.ts";
import { capital, describe, distinct, FATES, ink, measure, scaleName } from "./text.ts";

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

/** Counts of parts, one stacked bar per row. */
interface Stacked {
  title: string;
  /** What the bars are, in words. */
  what: string;
  xLabel: string;
  cells: readonly { row: string; part: string; n: number }[];
  /** Rows as they read, and the order and look of the parts; left out, in order of appearance. */
  nameOf?: (row: string) => string;
  parts?: readonly string[];
  width: number;
}

function stacked({ title, what, xLabel, cells, nameOf = (row) => row, parts, width }: Stacked) {
  const order = parts?.filter((part) => cells.some((cell) => cell.part === part)) ??
    distinct(cells, ({ part }) => part);
  const legend = looks(order).map(({ label, fill }) => swatch(label, fill));
  const found = distinct(cells, ({ row }) => row);
  const stack = Plot.stackX({ x: "n", y: "row", z: "part", order });
  const some = cells.filter(({ n }) => n > 0);
  return draw({
    title,
    description: describe(
      `Stacked bars, one per ${what}. Horizontal axis: ${xLabel.toLowerCase()}.`,
      cells.map(({ row, part, n }) => ({ name: `${nameOf(row)}, ${part}`, value: n })),
      0,
    ),
    panels: cells.length ? [{ key: "", title: "", fx: 0, fy: 0 }] : [],
    legend,
    width,
    height: found.length * 28,
    left: Math.max(0, ...found.map((row) => measure(nameOf(row)))) + 20,
    xLabel,
    plot: {
      x: { axis: null },
      y: { domain: found, padding: 0.2, axis: null },
      color: { domain: order, range: legend.map(({ fill }) => fill) },
      marks: [
        Plot.gridX({ ticks: 5, stroke: PALE, strokeOpacity: 1 }),
        Plot.axisX({ ticks: 5, tickSize: 3, label: null, tickFormat: "d" }),
        Plot.axisY({ tickSize: 0, tickFormat: nameOf, label: null }),
        Plot.barX(some, { ...stack, fill: "part", className: "plot-values" }),
        Plot.text(some, {
          ...stack,
          text: "n",
          fill: ({ part }) => ink(legend[order.indexOf(part)]!.fill),
        }),
        Plot.ruleX([0]),
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
  return stacked({
    title: "Items by scale and keying",
    what: "scale",
    xLabel: "Items",
    cells: rows(frame, Keying).map(({ scale, keyed, n }) => ({
      row: scale,
      part: capital(keyed),
      n,
    })),
    nameOf: scaleName,
    width: 320,
  });
}

const Fates = z.object({
  table: z.string(),
  stands: z.number(),
  weakens: z.number(),
  vanishes: z.number(),
  appears: z.number(),
});

/**
 * What becomes of the paper's markers, stacked, one bar per table.
 *
 * @param frame table, stands, weakens, vanishes, appears (cells)
 */
export function fates(frame: DataFrame): string {
  const parts = ["stands", "weakens", "vanishes", "appears"] as const;
  return stacked({
    title: "What becomes of the paper's markers, by table",
    what: "table",
    xLabel: "Cells",
    cells: rows(frame, Fates).flatMap((cell) =>
      parts.map((part) => ({ row: cell.table, part: FATES[part]!, n: cell[part] }))
    ),
    nameOf: (table) => table.replace(/^table/, "Table "),
    parts: parts.map((part) => FATES[part]!),
    width: 640,
  });
}
