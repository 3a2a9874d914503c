/** Lines over a number that is varied, each within the band of its interval; one panel per design. */
import * as Plot from "plot";
import { draw, looks, PALE, type Panel, panelWidth, SLATE } from "./canvas.ts";
import { describe, measure, withSign } from "./text.ts";

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

/** A figure of curves as SVG text; a value that is null is a gap in its line. */
export function curves(figure: Curves): string {
  const series = looks([...new Set(figure.points.map(({ series }) => series))]);
  const labels = series.map(({ label }) => label);
  const placeOf = new Map(figure.panels.map((panel) => [panel.key, panel]));
  const points = figure.points.map((point) => {
    const { fx, fy } = placeOf.get(point.panel)!;
    return { ...point, fx, fy };
  });
  const sheet = {
    title: figure.title,
    description: words(figure),
    panels: figure.panels,
    legend: series.length > 1 ? series : [],
    height: HEIGHT,
    left: 52,
    xLabel: figure.xLabel,
    yLabel: figure.yLabel,
  };
  const width = figure.panels.length ? panelWidth(sheet) : 0;
  return draw({
    ...sheet,
    plot: {
      x: { domain: domain(points.map(({ x }) => x)), inset: 8, axis: null },
      y: { domain: extent(figure), inset: 4, axis: null, nice: true },
      color: { domain: labels, range: series.map(({ fill }) => fill) },
      symbol: { domain: labels, range: series.map(({ symbol }) => symbol) },
      marks: [backdrop(figure, width), lines(points)],
    },
  });
}

const domain = (values: readonly number[]): [number, number] => [
  Math.min(...values),
  Math.max(...values),
];

function extent({ points, range }: Curves): [number, number] {
  const all = points.flatMap(({ value, low, high }) => [value, low, high])
    .filter((value) => value !== null);
  return domain([...range, ...all]);
}

function backdrop({ rule, points, decimals }: Curves, width: number): Plot.Markish[] {
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const format = (x: number) => withSign(x, decimals.x);
  // From the left, as many of the values as have room.
  const [low, high] = domain(xs);
  const scale = (x: number) => high > low ? (x - low) / (high - low) * (width - 16) : 0;
  const ticks = xs.reduce<number[]>((kept, x) => {
    const room = measure(format(x)) + 6;
    return kept.length && scale(x) - scale(kept.at(-1)!) < room ? kept : [...kept, x];
  }, []);
  return [
    rule
      ? Plot.rect([rule], { y1: "low", y2: "high", fill: "#ececec", className: "plot-band" })
      : null,
    Plot.gridY({ ticks: 5, stroke: PALE, strokeOpacity: 1 }),
    rule ? Plot.ruleY([rule.at], { stroke: SLATE, strokeDasharray: "4,3" }) : null,
    Plot.frame({ stroke: "#bdbdbd" }),
    Plot.axisX({ ticks, tickFormat: format, tickSize: 3, label: null }),
    Plot.axisY({ ticks: 5, tickSize: 3, label: null }),
  ];
}

function lines(points: readonly (Place & { fx: number; fy: number })[]): Plot.Markish[] {
  const at = { fx: "fx", fy: "fy", x: "x" };
  const sorted = points.toSorted((a, b) => a.x - b.x);
  return [
    Plot.areaY(sorted, {
      ...at,
      y1: "low",
      y2: "high",
      fill: "series",
      fillOpacity: 0.22,
      className: "plot-intervals",
    }),
    Plot.lineY(sorted, {
      ...at,
      y: "value",
      stroke: "series",
      strokeWidth: 1.4,
      className: "plot-lines",
    }),
    Plot.dot(sorted.filter(({ value }) => value !== null), {
      ...at,
      y: "value",
      fill: "series",
      symbol: "series",
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
