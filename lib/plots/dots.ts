/** Dots with whiskers: one row per name, one panel per scale or model, series side by side. */
import * as Plot from "plot";
import { draw, looks, PALE, type Panel, panelWidth, SLATE } from "./canvas.ts";
import { describe, fold, LINE, lineCount, measure, withSign } from "./text.ts";

/** Distance of two series in a row, room around a row, and the widest row name, in px. */
const STEP = 10;
const ROOM = 5;
const WIDEST = 180;

export interface Point {
  /** Key of its panel. */
  panel: string;
  /** Heading above its row; none, "". */
  group: string;
  row: string;
  series: string;
  value: number | null;
  /** Ends of the whisker; no whisker, null. */
  low: number | null;
  high: number | null;
}

export interface Dots {
  title: string;
  xLabel: string;
  panels: readonly Panel[];
  points: readonly Point[];
  /** What the axis shows at least; it grows for a value outside. */
  range: readonly [number, number];
  /** Where the axis has ticks; left out, at round numbers. */
  ticks?: readonly number[];
  /** Decimals of the values named in the description. */
  decimals: number;
  /** A dashed vertical line in every panel. */
  rule?: number;
  /**
   * All series in the order of the legend, where a row has a single point per panel and the series is
   * what kind of point it is: drawn in the middle of its row.
   */
  kinds?: readonly string[];
  /** The series that the others are held against: black, and with `lines` a dashed line. */
  reference?: string;
  lines?: boolean;
}

interface Row {
  key: string;
  name: string;
  heading: boolean;
  /** The series that have a line of their own in it, from top to bottom. */
  series: string[];
  top: number;
  height: number;
}

/** A point with its place: panel, and middle of its line in px. */
interface Placed extends Point {
  fx: number;
  fy: number;
  y: number;
}

/** A figure of dots as SVG text. */
export function dots(figure: Dots): string {
  const named = figure.kinds ?? new Set(figure.points.map(({ series }) => series));
  const series = looks([...named], figure.reference);
  const rows = stack(figure);
  const height = rows.reduce((sum, row) => sum + row.height, 0);
  const left = Math.max(0, ...rows.map(nameWidth)) + 18;
  const labels = series.map(({ label }) => label);
  const placed = place(figure, rows);
  const sheet = {
    title: figure.title,
    description: words(figure),
    panels: figure.panels,
    legend: series.length > 1 ? series : [],
    height,
    left,
    xLabel: figure.xLabel,
  };
  const width = figure.panels.length ? panelWidth(sheet) : 0;
  return draw({
    ...sheet,
    plot: {
      x: { domain: extent(figure), inset: 6, axis: null, nice: !figure.ticks },
      y: { domain: [height, 0], axis: null },
      color: { domain: labels, range: series.map(({ fill }) => fill) },
      symbol: { domain: labels, range: series.map(({ symbol }) => symbol) },
      marks: [
        backdrop(figure, rows, width),
        references(figure, placed),
        names(rows, figure.panels, left),
        values(placed, width),
      ],
    },
  });
}

/** The rows from top to bottom, headings included. */
function stack({ points, kinds }: Dots): Row[] {
  const rows: Row[] = [];
  const add = (key: string, text: string, members: readonly Point[]) => {
    const heading = !members.length;
    const name = fold(text, WIDEST, heading);
    const series = kinds ? [] : [...new Set(members.map(({ series }) => series))];
    const height = Math.max(series.length * STEP, lineCount(name) * LINE) + ROOM;
    const above = rows.at(-1);
    rows.push({ key, name, heading, series, height, top: above ? above.top + above.height : 0 });
  };
  for (const [group, members] of Map.groupBy(points, (point) => point.group)) {
    if (group) add(JSON.stringify([group]), group, []);
    for (const [key, same] of Map.groupBy(members, rowKey)) add(key, same[0]!.row, same);
  }
  return rows;
}

const rowKey = ({ group, row }: Point): string => JSON.stringify([group, row]);

const nameWidth = ({ name, heading }: Row): number =>
  Math.max(...name.split("\n").map((line) => measure(line, heading)));

function place({ points, panels }: Dots, rows: readonly Row[]): Placed[] {
  const panelOf = new Map(panels.map((panel) => [panel.key, panel]));
  const rowOf = new Map(rows.map((row) => [row.key, row]));
  return points.map((point) => {
    const { fx, fy } = panelOf.get(point.panel)!;
    const { top, height, series } = rowOf.get(rowKey(point))!;
    const line = series.indexOf(point.series);
    const offset = line < 0 ? 0 : (line - (series.length - 1) / 2) * STEP;
    return { ...point, fx, fy, y: top + height / 2 + offset };
  });
}

function extent({ points, range }: Dots): [number, number] {
  const all = points.flatMap(({ value, low, high }) => [value, low, high])
    .filter((value) => value !== null);
  return [Math.min(range[0], ...all), Math.max(range[1], ...all)];
}

/** The figure's own ticks, thinned where they would collide; round numbers for a wider domain. */
function axis(figure: Dots, width: number): Plot.AxisXOptions {
  const [low, high] = figure.range;
  const domain = extent(figure);
  const outside = Math.max(low - domain[0], domain[1] - high) > (high - low) / 10;
  if (!figure.ticks || outside) return { ticks: Math.min(7, Math.round(width / 36)) };
  const decimals = Math.max(...figure.ticks.map((tick) => (`${tick}`.split(".")[1] ?? "").length));
  const format = (tick: number): string => withSign(tick, decimals);
  const widest = Math.max(...figure.ticks.map((tick) => measure(format(tick))));
  const crowded = figure.ticks.length * (widest + 8) > width;
  return {
    ticks: figure.ticks.filter((_, i) => !crowded || i % 2 === 0),
    tickFormat: format,
  };
}

function backdrop(figure: Dots, rows: readonly Row[], width: number): Plot.Markish[] {
  const ticks = axis(figure, width);
  const band = { y1: "top", y2: (row: Row) => row.top + row.height, fill: "#f2f2f2" };
  return [
    Plot.rect(rows.filter(({ heading }) => heading), band),
    Plot.gridX({ ticks: ticks.ticks, stroke: PALE, strokeOpacity: 1 }),
    Plot.ruleY(rows.filter(({ top }) => top > 0), { y: "top", stroke: PALE }),
    Plot.frame({ stroke: "#bdbdbd" }),
    Plot.axisX({ ...ticks, tickSize: 3, label: null }),
  ];
}

function references(figure: Dots, placed: readonly Placed[]): Plot.Markish[] {
  const dash = { stroke: SLATE, strokeDasharray: "4,3" };
  const lines = figure.lines ? placed.filter((point) => point.series === figure.reference) : [];
  return [
    figure.rule === undefined ? null : Plot.ruleX([figure.rule], dash),
    Plot.ruleX(lines.filter(({ value }) => value !== null), {
      x: "value",
      fx: "fx",
      fy: "fy",
      ...dash,
    }),
  ];
}

function names(rows: readonly Row[], panels: readonly Panel[], left: number): Plot.Markish[] {
  const first = panels.filter(({ fx }) => fx === 0);
  const grouped = rows.some(({ heading }) => heading);
  return [true, false].map((heading) =>
    Plot.text(
      first.flatMap(({ fx, fy }) =>
        rows.filter((row) => row.heading === heading)
          .map(({ name, top, height }) => ({ name, fx, fy, middle: top + height / 2 }))
      ),
      {
        fx: "fx",
        fy: "fy",
        y: "middle",
        text: "name",
        frameAnchor: "left",
        dx: (grouped && !heading ? 12 : 4) - left,
        fontWeight: heading ? "bold" : "normal",
      },
    )
  );
}

function values(placed: readonly Placed[], width: number): Plot.Markish[] {
  const defined = placed.filter(({ value }) => value !== null);
  const several = new Set(placed.map(({ series }) => series)).size > 1;
  const note = ({ series }: Placed): string =>
    several && measure(`${series} undefined`) < width - 12 ? `${series} undefined` : "undefined";
  const at = { fx: "fx", fy: "fy", y: "y" };
  return [
    Plot.text(placed.filter(({ value }) => value === null), {
      ...at,
      text: note,
      frameAnchor: "left",
      dx: 6,
      fill: SLATE,
      stroke: "white",
      strokeWidth: 4,
      fontStyle: "italic",
      className: "plot-gap",
    }),
    Plot.ruleY(defined.filter(({ low, high }) => low !== null && high !== null), {
      ...at,
      x1: "low",
      x2: "high",
      stroke: "series",
      strokeWidth: 1.3,
      className: "plot-whiskers",
    }),
    Plot.dot(defined, {
      ...at,
      x: "value",
      fill: "series",
      symbol: "series",
      r: 3.2,
      className: "plot-values",
    }),
  ];
}

function words({ points, panels, xLabel, decimals }: Dots): string {
  const titles = new Map(
    panels.map(({ key, title, band }) => [key, band ? `${title} ${band}` : title]),
  );
  const named = points.map(({ panel, group, row, series, value }) => ({
    name: [titles.get(panel), group, row, series].filter((part) => part).join(", "),
    value,
  }));
  return describe(
    `Dot plot in ${panels.length} panels. Horizontal axis: ${xLabel}.`,
    named,
    decimals,
  );
}
