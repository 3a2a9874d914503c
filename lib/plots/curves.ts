/** Lines over a number that is varied, each within the band of its interval; one panel per design. */
import * as Plot from "plot";
import { draw, fitting, FRAME, grid, inPlace, LINES, type Panel, roundTicks } from "./canvas.ts";
import { describe, measure, withSign } from "./text.ts";
import { type Drawing, looks, type Series, SLATE, theme } from "./theme.ts";

export interface Place {
  /** Key of its panel. */
  panel: string;
  series: string;
  x: number;
  value: number | null;
  /** Ends of the interval; none, null. */
  low: number | null;
  high: number | null;
}

export interface Curves {
  title: string;
  xLabel: string;
  yLabel: string;
  panels: readonly Panel[];
  points: readonly Place[];
  /** What the vertical axis shows at least; it grows for a value outside. */
  range: readonly [number, number];
  /** Decimals of the values named in the description, and of x. */
  decimals: { value: number; x: number };
  /** A dashed horizontal line in every panel, within a grey band of what is as good. */
  rule?: { at: number; low: number; high: number };
}

const HEIGHT = 150;
const INSET = 10;

/** A figure of curves; a value that is null is a gap in its line. */
export const curves = (figure: Curves): Drawing => (look = theme()) => {
  const series = looks([...new Set(figure.points.map(({ series }) => series))], look);
  const [low, high] = extent(figure);
  const vertical = roundTicks([low, high], 6);
  const left = Math.max(...vertical.ticks.map((tick) => measure(vertical.format(tick)))) + 14;
  const layout = grid(figure.panels, look, { left, least: 150, most: 3 });
  const xs = [...new Set(figure.points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const ends = domain(xs);
  const at = (x: number) =>
    ends[1] > ends[0] ? (x - ends[0]) / (ends[1] - ends[0]) * (layout.width - 2 * INSET) : 0;
  const { ticks, format } = fitting(ends, at, xs, figure.decimals.x);
  const { rule } = figure;
  return draw({
    title: figure.title,
    description: words(figure),
    grid: layout,
    legend: series.length > 1 ? series : [],
    height: HEIGHT,
    left,
    xLabel: figure.xLabel,
    yLabel: figure.yLabel,
    plot: {
      x: { domain: ends, inset: INSET, axis: null },
      y: { domain: [low, high], inset: 4, axis: null },
      marks: [
        rule
          ? Plot.rect([rule], { y1: "low", y2: "high", fill: "#ececec", className: "plot-band" })
          : null,
        Plot.gridY({ ticks: vertical.ticks, ...LINES }),
        rule ? Plot.ruleY([rule.at], { stroke: SLATE, strokeDasharray: "4,3" }) : null,
        Plot.frame(FRAME),
        Plot.axisX({ ticks, tickFormat: format, tickSize: 3, label: null }),
        Plot.axisY({
          ticks: vertical.ticks,
          tickFormat: vertical.format,
          tickSize: 3,
          label: null,
        }),
        ...series.map((own) =>
          line(
            own,
            inPlace(
              figure.points.filter(({ series }) => series === own.label)
                .toSorted((a, b) => a.x - b.x),
              layout.panels,
              ({ panel }) => panel,
            ),
          )
        ),
      ],
    },
  }, look);
};

const domain = (values: readonly number[]): [number, number] => [
  Math.min(...values),
  Math.max(...values),
];

function extent({ points, range }: Curves): [number, number] {
  const all = points.flatMap(({ value, low, high }) => [value, low, high])
    .filter((value) => value !== null);
  return domain([...range, ...all]);
}

function line(
  { fill, stroke, symbol, dash }: Series,
  points: readonly (Place & { fx: number; fy: number })[],
): Plot.Markish[] {
  const at = { fx: "fx", fy: "fy", x: "x", z: "panel" };
  return [
    Plot.areaY(points, {
      ...at,
      y1: "low",
      y2: "high",
      fill: stroke,
      fillOpacity: 0.2,
      className: "plot-intervals",
    }),
    Plot.lineY(points, {
      ...at,
      y: "value",
      stroke,
      strokeWidth: 1.4,
      strokeDasharray: dash,
      className: "plot-lines",
    }),
    Plot.dot(points.filter(({ value }) => value !== null), {
      ...at,
      y: "value",
      fill,
      stroke,
      symbol,
      r: 3,
      className: "plot-values",
    }),
  ];
}

function words({ points, panels, xLabel, yLabel, decimals }: Curves): string {
  const titles = new Map(panels.map(({ key, title }) => [key, title]));
  const named = points.map(({ panel, series, x, value }) => ({
    name: [titles.get(panel), series, withSign(x, decimals.x)].filter((part) => part).join(", "),
    value,
  }));
  return describe(
    `Lines in ${panels.length} panels. Horizontal axis: ${xLabel}. Vertical axis: ${yLabel}.`,
    named,
    decimals.value,
  );
}
