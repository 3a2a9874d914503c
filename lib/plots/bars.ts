/** Counts as bars: how they are spread, and stacked. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { whole } from "../format.ts";
import { rows } from "../frames.ts";
import { type Instrument, optionsOf } from "../instruments.ts";
import { draw, fitting, grid, inPlace, LINES, type Panel, panelsOf, roundTicks } from "./canvas.ts";
import {
  capital,
  describe,
  distinct,
  FATES,
  fold,
  ink,
  LINE,
  lineCount,
  measure,
  nameOf,
  scaleName,
} from "./text.ts";
import { areas, type Drawing, looks, theme } from "./theme.ts";

const Distribution = z.object({
  source: z.string(),
  scale: z.string(),
  score: z.number(),
  n: z.number(),
  group: z.string().nullable().optional(),
});

/**
 * How scores are spread: the first source as bars, the others as lines over them, in percent of each
 * source, one panel per scale.
 *
 * @param frame source, scale, score (whole numbers), n, and where a row of panels is to be drawn for each
 *   of some groups, group (undefined in rows that stand in the panels of all groups)
 * @param of `xLabel`: what a score is
 */
export function histograms(
  frame: DataFrame,
  of: { xLabel?: string } = {},
): Drawing {
  const given = rows(frame, Distribution).map((cell) => ({
    ...cell,
    source: capital(cell.source),
  }));
  const groups = distinct(given, ({ group }) => group ?? "").filter((group) => group);
  const cells = given.flatMap(({ group, ...cell }) =>
    (group || !groups.length ? [group ?? ""] : groups).map((band) => ({ ...cell, band }))
  );
  const key = ({ band, scale }: { band: string; scale: string }) => JSON.stringify([band, scale]);
  const panels = [...Map.groupBy(cells, key)].map(([key, [cell]]): Panel => ({
    key,
    title: scaleName(cell!.scale),
    ...cell!.band && { band: cell!.band },
  })).toSorted((a, b) => groups.indexOf(a.band ?? "") - groups.indexOf(b.band ?? ""));
  const totals = new Map(
    [...Map.groupBy(cells, (cell) => `${key(cell)}${cell.source}`)]
      .map(([key, own]) => [key, own.reduce((sum, { n }) => sum + n, 0)]),
  );
  const parts = cells.map((cell) => ({
    ...cell,
    panel: key(cell),
    share: 100 * cell.n / totals.get(`${key(cell)}${cell.source}`)!,
  }));
  const sources = distinct(cells, ({ source }) => source);
  const scores = [...new Set(cells.map(({ score }) => score))].toSorted((a, b) => a - b);
  const most = Math.max(1, ...parts.map(({ share }) => share));
  return (look = theme()) => {
    const [base, ...others] = sources.length
      ? [areas([sources[0]!], look)[0]!, ...looks(sources, look).slice(1)]
      : [];
    const bar = { ...base!, fill: look.gray ? "#c9c9c9" : "#b9cfe0", symbol: "square" as const };
    const left = Math.max(44, ...groups.map((group) => Math.min(measure(group, true), 100) + 38));
    const layout = grid(panels, look, { left, least: 88, most: 4 });
    const placed = inPlace(parts, layout.panels, ({ panel }) => panel);
    const ends = [scores[0]! - 0.6, scores.at(-1)! + 0.6] as const;
    const x = (score: number) => (score - ends[0]) / (ends[1] - ends[0]) * layout.width;
    const height = groups.length ? 70 : 130;
    const vertical = roundTicks([0, most], height / 25);
    const at = { fx: "fx", fy: "fy" };
    return draw({
      title: "Distribution of scores by scale and source",
      description: describe(
        `Bars and lines in ${panels.length} panels. Horizontal axis: score. Vertical axis: percent.`,
        parts.map(({ band, source, scale, score, share }) => ({
          name: [band, scaleName(scale), source, `score ${score}`].filter((part) => part).join(
            ", ",
          ),
          value: share,
        })),
        1,
      ),
      grid: layout,
      legend: base ? [bar, ...others] : [],
      height,
      left,
      xLabel: of.xLabel ?? "Score (scale points)",
      yLabel: "Percent of each source",
      plot: {
        x: { domain: [...ends], axis: null },
        y: { domain: [0, most * 1.04], axis: null },
        marks: [
          Plot.gridY({ ticks: vertical.ticks, ...LINES }),
          Plot.axisY({
            ticks: vertical.ticks,
            tickFormat: vertical.format,
            tickSize: 3,
            label: null,
          }),
          Plot.axisX({ ...ticksOf(scores, ends, x), tickSize: 3, label: null }),
          Plot.rect(placed.filter(({ source }) => source === sources[0]), {
            ...at,
            x1: ({ score }) => score - 0.42,
            x2: ({ score }) => score + 0.42,
            y1: 0,
            y2: "share",
            fill: bar.fill,
            className: "plot-values",
          }),
          ...others.flatMap(({ label, fill, stroke, symbol, dash }) => {
            const own = placed.filter(({ source }) => source === label)
              .toSorted((a, b) => a.score - b.score);
            const point = { ...at, x: "score", y: "share" };
            return [
              Plot.lineY(own, {
                ...point,
                z: "panel",
                stroke,
                strokeWidth: 1.1,
                strokeDasharray: dash,
              }),
              Plot.dot(own, {
                ...point,
                fill,
                stroke,
                strokeWidth: 0.8,
                symbol,
                r: 2.3,
                className: "plot-points",
              }),
            ];
          }),
          Plot.ruleY([0]),
        ],
      },
    }, look);
  };
}

function ticksOf(
  given: readonly number[],
  domain: readonly [number, number],
  at: (value: number) => number,
) {
  const { ticks, format } = fitting(domain, at, given);
  return { ticks, tickFormat: format };
}

/** Room right of the longest bar, so that the last tick stands apart from the next panel's first. */
const SPARE = 8;

/** Counts of parts, one stacked bar per row. */
interface Stacked {
  title: string;
  /** What the bars are, in words. */
  what: string;
  xLabel: string;
  cells: readonly { panel?: string; row: string; part: string; n: number }[];
  /** Rows as they read, and the order of the parts; left out, in order of appearance. */
  nameOf?: (row: string) => string;
  parts?: readonly string[];
  /** What is printed in a part that has room for it, and the end of the axis. */
  print?: (n: number) => string;
  end?: number;
}

const stacked = (
  { title, what, xLabel, cells, nameOf = (row) => row, parts, print = whole, end }: Stacked,
): Drawing =>
(look = theme()) => {
  const order = parts?.filter((part) => cells.some((cell) => cell.part === part)) ??
    distinct(cells, ({ part }) => part);
  const legend = areas(order, look);
  const fillOf = new Map(legend.map(({ label, fill }) => [label, fill]));
  const found = distinct(cells, ({ row }) => row);
  const names = new Map(found.map((row) => [row, fold(nameOf(row), look.across * 0.42)]));
  const lines = Math.max(1, ...[...names.values()].map(lineCount));
  const left = Math.max(
    0,
    ...[...names.values()].flatMap((name) => name.split("\n")).map((name) => measure(name)),
  ) + 20;
  const panels = panelsOf(cells.map(({ panel = "" }) => panel), (key) => key);
  const layout = grid(panels, look, { left, least: 70, most: 5 });
  const placed = inPlace(cells, layout.panels, ({ panel = "" }) => panel)
    .filter(({ n }) => n > 0);
  const sums = [...Map.groupBy(placed, ({ panel, row }) => `${panel}|${row}`).values()]
    .map((own) => own.reduce((sum, { n }) => sum + n, 0));
  const most = end ?? Math.max(1, ...sums);
  const { ticks, format } = fitting([0, most], (n) => n / most * (layout.width - SPARE));
  const stack = Plot.stackX({ fx: "fx", fy: "fy", x: "n", y: "row", z: "part", order });
  const size = Math.max(lines * LINE + 4, print === whole ? 28 : 19);
  return draw({
    title,
    description: describe(
      `Stacked bars, one per ${what}. Horizontal axis: ${xLabel.toLowerCase()}.`,
      cells.map(({ panel, row, part, n }) => ({
        name: [panel, nameOf(row), part].filter((word) => word).join(", "),
        value: n,
      })),
      0,
    ),
    grid: layout,
    legend,
    height: found.length * size,
    left,
    xLabel,
    plot: {
      x: { domain: [0, most], insetRight: SPARE, axis: null },
      y: { domain: found, padding: 0.2, axis: null },
      marks: [
        Plot.gridX({ ticks, ...LINES }),
        Plot.axisX({ ticks, tickFormat: format, tickSize: 3, label: null }),
        Plot.axisY({ tickSize: 0, tickFormat: (row: string) => names.get(row)!, label: null }),
        Plot.barX(placed, {
          ...stack,
          fill: ({ part }) => fillOf.get(part)!,
          ...look.gray && { stroke: "black", strokeWidth: 0.6 },
          className: "plot-values",
        }),
        Plot.text(placed, {
          ...stack,
          text: ({ n }) =>
            n / most * (layout.width - SPARE) > measure(print(n)) + 4 ? print(n) : "",
          fill: ({ part }) => ink(fillOf.get(part)!),
          ...look.gray && { stroke: ({ part }) => fillOf.get(part)!, strokeWidth: 4 },
        }),
        Plot.ruleX([0]),
      ],
    },
  }, look);
};

const Keying = z.object({ scale: z.string(), keyed: z.string(), n: z.number() });

/**
 * Items of an instrument by scale and keying, stacked.
 *
 * @param frame scale, keyed (as it should read in the legend), n (items)
 */
export function keys(frame: DataFrame): Drawing {
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
export function fates(frame: DataFrame): Drawing {
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
  });
}

const Answer = z.object({ variable: z.string(), value: z.string(), share: z.number().nullable() });

/**
 * The answers to each item, in percent of those who gave one, stacked, one panel for each value of a
 * column.
 *
 * @param frame variable (`item 3`), value and share as `shares` of `lib/measures.ts` returns them, and the
 *   column that `panel` names
 * @param of `instrument`: whose items they are, for their words and those of their answers
 */
export function answerBars(
  frame: DataFrame,
  { panel, instrument }: { panel: string; instrument: Instrument },
): Drawing {
  const panelOf = rows(frame, z.object({ [panel]: z.string() })).map((cell) => cell[panel]!);
  const itemOf = new Map(instrument.items.map((item) => [`item ${item.number}`, item]));
  const answerOf = (variable: string, value: string) => {
    const item = itemOf.get(variable);
    const own = item && optionsOf(instrument, item).find(({ code }) => `${code}` === value);
    return own?.label ?? value;
  };
  return stacked({
    title: `Answers to each item of ${instrument.title}`,
    what: "item",
    xLabel: "Percent of answers",
    cells: rows(frame, Answer).map(({ variable, value, share }, at) => ({
      panel: nameOf(panelOf[at]!),
      row: variable,
      part: answerOf(variable, value),
      n: 100 * (share ?? 0),
    })),
    nameOf: (variable) => {
      const item = itemOf.get(variable);
      return item ? `${item.number} ${item.text}` : variable;
    },
    print: (n) => `${Math.round(n)}`,
    end: 100,
  });
}
