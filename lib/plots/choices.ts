/** Results under each of several choices, from the smallest result on, and below them what each choice changes. */
import * as Plot from "plot";
import { draw, FRAME, grid, LINES, type Panel, roundTicks } from "./canvas.ts";
import { describe, distinct, measure } from "./text.ts";
import { type Drawing, looks, PALE, theme } from "./theme.ts";

export interface Choices {
  title: string;
  xLabel: string;
  yLabel: string;
  panels: readonly Panel[];
  /** One for each result and choice, with the result as it stands beside it. */
  results: readonly {
    panel: string;
    /** Which result. */
    cell: string;
    choice: string;
    stands: number | null;
    value: number | null;
  }[];
  /** What is as it stands, in words. */
  standing: string;
}

/** Height of a curve and of a choice's line, and room for the ticks of a panel, whose axis is its own. */
const CURVE = 120, ROW = 14, AXIS = 30;
/** Sums in another order differ by less. */
const SAME = 1e-9;

/** A specification curve. */
export const choices = (figure: Choices): Drawing => (look = theme()) => {
  const names = distinct(figure.results, ({ choice }) => choice);
  const series = looks([figure.standing, ...names], look, figure.standing);
  const left = Math.max(0, ...names.map((name) => measure(name))) + 20;
  const layout = grid(figure.panels, look, { left, least: 130, most: 3 });
  const below = names.length * ROW + 8;
  const height = CURVE + below;
  const parts = layout.panels.map((panel) => {
    const own = figure.results.filter((result) => result.panel === panel.key);
    const places = [...new Map(own.map(({ cell, stands }) => [cell, stands]))]
      .filter(([, stands]) => stands !== null)
      .toSorted(([, a], [, b]) => a! - b!).map(([cell, stands], x) => ({
        cell,
        stands: stands!,
        x,
      }));
    const placeOf = new Map(places.map(({ cell, x }) => [cell, x]));
    const known = own.flatMap(({ value, ...result }) =>
      value === null || !placeOf.has(result.cell)
        ? []
        : [{ ...result, value, x: placeOf.get(result.cell)! }]
    );
    const all = [...places.map(({ stands }) => stands), ...known.map(({ value }) => value)];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low) * 0.06 || 1;
    // From the top: the curve, then a line for each choice.
    const y = (value: number) => (high + room - value) / (high - low + 2 * room) * CURVE;
    const x = (place: number) =>
      AXIS + (place + 0.5) / Math.max(1, places.length) * (layout.width - AXIS);
    const ticks = roundTicks([low - room, high + room], 4);
    const { key, fx, fy } = panel, at = { panel: key, fx, fy };
    return {
      ticks: ticks.ticks.map((tick) => ({ ...at, y: y(tick), text: ticks.format(tick) })),
      standing: places.map((place) => ({ ...at, x: x(place.x), y: y(place.stands) })),
      changed: known.filter(({ value, stands }) => Math.abs(value - stands!) > SAME)
        .map(({ choice, value, stands, ...result }) => ({
          ...at,
          choice,
          x: x(result.x),
          y: y(value),
          from: y(stands!),
          line: CURVE + 8 + (names.indexOf(choice) + 0.5) * ROW,
        })),
    };
  });
  const ticks = parts.flatMap(({ ticks }) => ticks);
  const changed = parts.flatMap(({ changed }) => changed);
  const at = { fx: "fx", fy: "fy", x: "x", y: "y" };
  const first = layout.panels.filter(({ fx }) => fx === 0);
  const lines = names.map((name, i) => ({ name, y: CURVE + 8 + (i + 0.5) * ROW }));
  const titles = new Map(figure.panels.map(({ key, title }) => [key, title]));
  return draw({
    title: figure.title,
    description: describe(
      `Specification curve in ${figure.panels.length} panels: results in order of their size, and what ` +
        `they are under ${names.length} other choices. Vertical axis: ${figure.yLabel}. Named are the changes:`,
      figure.results.map(({ panel, cell, choice, stands, value }) => ({
        name: `${titles.get(panel)}, ${cell}, ${choice}`,
        value: value === null || stands === null ? null : value - stands,
      })),
      2,
    ),
    grid: layout,
    legend: series,
    height,
    left,
    bottom: 0,
    xLabel: figure.xLabel,
    yLabel: figure.yLabel,
    plot: {
      x: { domain: [0, layout.width], axis: null },
      y: { domain: [height, 0], axis: null },
      marks: [
        Plot.ruleY(ticks, { fx: "fx", fy: "fy", y: "y", x1: AXIS, x2: layout.width, ...LINES }),
        Plot.rect([0], { x1: AXIS, x2: layout.width, y1: 0, y2: CURVE, ...FRAME, fill: "none" }),
        Plot.ruleY(lines, { y: "y", x1: AXIS, x2: layout.width, stroke: PALE }),
        Plot.text(ticks, {
          fx: "fx",
          fy: "fy",
          y: "y",
          text: "text",
          frameAnchor: "left",
          dx: AXIS - 4,
          textAnchor: "end",
          className: "plot-ticks",
        }),
        Plot.text(first.flatMap((panel) => lines.map((line) => ({ ...panel, ...line }))), {
          fx: "fx",
          fy: "fy",
          y: "y",
          text: "name",
          frameAnchor: "left",
          dx: 4 - left,
        }),
        Plot.ruleX(changed, { fx: "fx", fy: "fy", x: "x", y1: "from", y2: "y", stroke: "#bdbdbd" }),
        Plot.dot(parts.flatMap(({ standing }) => standing), {
          ...at,
          r: 1.6,
          fill: "black",
          symbol: "diamond",
          className: "plot-standing",
        }),
        ...series.slice(1).flatMap(({ label, fill, stroke, symbol }) => {
          const own = changed.filter(({ choice }) => choice === label);
          const dot = { fill, stroke, strokeWidth: 0.8, symbol, r: 2.4 };
          return [
            Plot.dot(own, { ...at, ...dot, className: "plot-values" }),
            Plot.dot(own, { ...at, y: "line", ...dot, className: "plot-choices" }),
          ];
        }),
      ],
    },
  }, look);
};
