/** One number against another: a dot each, moved a little where many coincide, and the line of equals. */
import * as Plot from "plot";
import { draw, fitting, FRAME, grid, inPlace, LINES, type Panel } from "./canvas.ts";
import { describe, measure, withSign } from "./text.ts";
import { type Drawing, SLATE, theme } from "./theme.ts";

export interface Pairs {
  title: string;
  xLabel: string;
  yLabel: string;
  panels: readonly Panel[];
  /** Both in the same unit. */
  points: readonly { panel: string; x: number; y: number }[];
  range: readonly [number, number];
  /** How far a dot may be moved to either side, in that unit. */
  jitter: number;
}

/** A place in 0–1 for each number from 1 on that fills it evenly, so that a figure is the same each time. */
const spread = (i: number, step: number): number => (i * step) % 1;
const [ACROSS, DOWN] = [0.7548776662466927, 0.5698402909980532]; // Roberts' R2 sequence

/** A figure of pairs. */
export const pairs = (figure: Pairs): Drawing => (look = theme()) => {
  const [low, high] = figure.range, { jitter } = figure;
  const ends = [low - jitter - 0.1, high + jitter + 0.1] as const;
  const left = measure(withSign(high, 0)) + 24;
  const layout = grid(figure.panels, look, { left, least: 110, most: 4 });
  const side = layout.width;
  const { ticks, format } = fitting(ends, (x) => (x - ends[0]) / (ends[1] - ends[0]) * side);
  const shown = ticks.filter((tick) => tick >= low && tick <= high);
  const placed = inPlace(figure.points, layout.panels, ({ panel }) => panel)
    .map(({ x, y, ...place }, i) => ({
      ...place,
      x: x + (spread(i + 1, ACROSS) * 2 - 1) * jitter,
      y: y + (spread(i + 1, DOWN) * 2 - 1) * jitter,
    }));
  const titles = new Map(figure.panels.map(({ key, title }) => [key, title]));
  return draw({
    title: figure.title,
    description: describe(
      `Scatter plot in ${figure.panels.length} panels with a line where both are equal. Horizontal ` +
        `axis: ${figure.xLabel}. Vertical axis: ${figure.yLabel}. Named are differences, vertical − horizontal:`,
      figure.points.map(({ panel, x, y }) => ({ name: titles.get(panel)!, value: y - x })),
      2,
    ),
    grid: layout,
    legend: [],
    // Square, but on a slide no higher than that.
    height: look.down ? Math.min(side, look.down * 0.7) : side,
    rigid: true,
    left,
    xLabel: figure.xLabel,
    yLabel: figure.yLabel,
    plot: {
      x: { domain: [...ends], axis: null },
      y: { domain: [...ends], axis: null },
      marks: [
        Plot.gridX({ ticks: shown, ...LINES }),
        Plot.gridY({ ticks: shown, ...LINES }),
        Plot.frame(FRAME),
        Plot.axisX({ ticks: shown, tickFormat: format, tickSize: 3, label: null }),
        Plot.axisY({ ticks: shown, tickFormat: format, tickSize: 3, label: null }),
        Plot.link([0], {
          x1: ends[0],
          y1: ends[0],
          x2: ends[1],
          y2: ends[1],
          stroke: SLATE,
          strokeDasharray: "4,3",
        }),
        Plot.dot(placed, { fx: "fx", fy: "fy", x: "x", y: "y", render: specks(look.gray) }),
      ],
    },
  }, look);
};

/** All dots of a panel as one path, a fifth of the size of as many circles. */
const specks =
  (gray: boolean): Plot.RenderFunction => (index, _scales, { x, y }, _dimensions, { document }) => {
    const element = (name: string, attributes: Record<string, string>) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
      return node;
    };
    const at = (channel: unknown, i: number) => (channel as number[])[i]!.toFixed(1);
    const group = element("g", {
      class: "plot-values",
      stroke: gray ? "black" : "#0072B2",
      "stroke-opacity": "0.5",
      "stroke-width": "2.2",
      "stroke-linecap": "round",
    });
    group.append(
      element("path", { d: [...index].map((i) => `M${at(x, i)},${at(y, i)}h.01`).join("") }),
    );
    return group;
  };
