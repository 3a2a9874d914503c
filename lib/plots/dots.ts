/** Dots with whiskers: one row per name, one panel per scale or model, series side by side. */
import * as Plot from "plot";
import {
  draw,
  fitting,
  FRAME,
  type Grid,
  grid,
  inPlace,
  LINES,
  lowest,
  type Panel,
  type Placed as PlacedPanel,
  type Ticks,
} from "./canvas.ts";
import { describe, fold, LINE, lineCount, measure } from "./text.ts";
import { type Drawing, looks, PALE, type Series, SLATE, theme, toned } from "./theme.ts";

/** Distance of two series in a row, room around a row, within a panel, and the widest name of a row. */
const STEP = 10;
const ROOM = 5;
const INSET = 6;
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
  /** Whether it is to be read with care: its mark is hollow. */
  hollow?: boolean;
  /** Some words at an edge, level with it. */
  note?: string;
}

export interface Dots {
  title: string;
  xLabel: string;
  panels: readonly Panel[];
  points: readonly Point[];
  /** How many panels may stand in a row; fewer where there is no room. */
  most?: number;
  /** What the axis shows at least; it grows for a value outside. */
  range: readonly [number, number];
  /** Whether each panel has an axis of its own, because what is in one hides what is in another. */
  own?: boolean;
  /** Where the axis has ticks; left out, at round numbers. */
  ticks?: readonly number[];
  /** Decimals of the values named in the description. */
  decimals: number;
  /** A dashed vertical line in every panel, and a grey zone. */
  rule?: number;
  zone?: readonly [number, number];
  /**
   * All series in the order of the legend, where a row has a single point per panel and the series is
   * what kind of point it is, or where a line joins them (`joined`): drawn in the middle of their row.
   */
  kinds?: readonly (string | Omit<Series, "dash">)[];
  joined?: boolean;
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

/** A point with its place: panel, middle of its line, and where its values stand in the panel. */
interface Placed extends Point {
  fx: number;
  fy: number;
  y: number;
  x: number | null;
  x1: number | null;
  x2: number | null;
  look: Series;
}

/** The axis of a panel. */
interface Axis extends Ticks {
  at: (value: number) => number;
}

/** A figure of dots. */
export const dots = (figure: Dots): Drawing => (look = theme()) => {
  const kinds = figure.kinds ?? [...new Set(figure.points.map(({ series }) => series))];
  const found = looks(
    kinds.map((kind) => typeof kind === "string" ? kind : kind.label),
    look,
    figure.reference,
  );
  const series = kinds.map((kind, i) => typeof kind === "string" ? found[i]! : toned(kind, look));
  const rows = stack(figure, Math.min(WIDEST, look.across * 0.4));
  const height = rows.reduce((sum, row) => sum + row.height, 0);
  const left = Math.max(0, ...rows.map(nameWidth)) + 18;
  const most = figure.most ?? (figure.panels.length > 4 ? 3 : 4);
  const layout = grid(figure.panels, look, { left, least: 88, most });
  const axes = axesOf(figure, layout);
  const placed = place(figure, rows, layout, axes, series);
  return draw({
    title: figure.title,
    description: words(figure),
    grid: layout,
    legend: series.length > 1 ? series : [],
    height,
    left,
    ...figure.own && { between: LINE },
    xLabel: figure.xLabel,
    plot: {
      x: { domain: [0, layout.width], axis: null },
      y: { domain: [height, 0], axis: null },
      symbol: {
        domain: series.map(({ label }) => label),
        range: series.map(({ symbol }) => symbol),
      },
      marks: [
        backdrop(figure, rows, layout, axes),
        references(figure, placed),
        names(rows, layout.panels, left),
        values(figure, placed, layout.width),
      ],
    },
  }, look);
};

/** The rows from top to bottom, headings included. */
function stack({ points, kinds }: Dots, widest: number): Row[] {
  const rows: Row[] = [];
  const add = (key: string, text: string, members: readonly Point[]) => {
    const heading = !members.length;
    const name = fold(text, widest, heading);
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

/** The axis of each panel, by its key. */
function axesOf(figure: Dots, { panels, width }: Grid): Map<string, Axis> {
  const extent = (points: readonly Point[]): [number, number] => {
    const all = points.flatMap(({ value, low, high }) => [value, low, high])
      .filter((value) => value !== null);
    return [Math.min(figure.range[0], ...all), Math.max(figure.range[1], ...all)];
  };
  const shared = extent(figure.points);
  return new Map(panels.map(({ key }) => {
    const points = figure.points.filter(({ panel }) => panel === key);
    const [low, high] = figure.own ? extent(points) : shared;
    const at = (value: number) => INSET + (value - low) / (high - low) * (width - 2 * INSET);
    // Ticks for what was to be shown say too little of what lies far outside.
    const [first, last] = figure.range;
    const outside = Math.max(first - low, high - last) > (last - first) / 10;
    return [key, { at, ...fitting([low, high], at, outside ? undefined : figure.ticks) }];
  }));
}

function place(
  { points }: Dots,
  rows: readonly Row[],
  { panels }: Grid,
  axes: ReadonlyMap<string, Axis>,
  looks: readonly Series[],
): Placed[] {
  const rowOf = new Map(rows.map((row) => [row.key, row]));
  const lookOf = new Map(looks.map((look) => [look.label, look]));
  return inPlace(points, panels, ({ panel }) => panel).map((point) => {
    const { top, height, series } = rowOf.get(rowKey(point))!;
    const line = series.indexOf(point.series);
    const offset = line < 0 ? 0 : (line - (series.length - 1) / 2) * STEP;
    const { at } = axes.get(point.panel)!;
    const on = (value: number | null) => value === null ? null : at(value);
    return {
      ...point,
      y: top + height / 2 + offset,
      x: on(point.value),
      x1: on(point.low),
      x2: on(point.high),
      look: lookOf.get(point.series)!,
    };
  });
}

function backdrop(
  { zone, rule, own }: Dots,
  rows: readonly Row[],
  { panels }: Grid,
  axes: ReadonlyMap<string, Axis>,
): Plot.Markish[] {
  const last = lowest(panels);
  const ticks = panels.flatMap((panel) => {
    const { key, fx, fy } = panel, below = last.includes(panel);
    const { at, ticks, format } = axes.get(key)!;
    return ticks.map((tick) => ({ fx, fy, below, x: at(tick), text: format(tick) }));
  });
  const on = (value: number) =>
    panels.map(({ key, fx, fy }) => ({ fx, fy, x: axes.get(key)!.at(value) }));
  const zones = zone
    ? on(zone[0]).map((low, i) => ({ ...low, x1: low.x, x2: on(zone[1])[i]!.x }))
    : [];
  const at = { fx: "fx", fy: "fy", x: "x" };
  return [
    Plot.rect(rows.filter(({ heading }) => heading), {
      y1: "top",
      y2: (row: Row) => row.top + row.height,
      fill: "#f2f2f2",
    }),
    Plot.rect(zones, {
      fx: "fx",
      fy: "fy",
      x1: "x1",
      x2: "x2",
      fill: "#e3e3e3",
      className: "plot-zone",
    }),
    Plot.ruleX(ticks, { ...at, ...LINES }),
    Plot.ruleY(rows.filter(({ top }) => top > 0), { y: "top", stroke: PALE }),
    Plot.frame(FRAME),
    Plot.text(ticks.filter(({ below }) => own || below), {
      ...at,
      text: "text",
      frameAnchor: "bottom",
      lineAnchor: "top",
      dy: 5,
      className: "plot-ticks",
    }),
    rule === undefined ? null : Plot.ruleX(on(rule), { ...at, ...DASH }),
  ];
}

const DASH = { stroke: SLATE, strokeDasharray: "4,3" };

function references(figure: Dots, placed: readonly Placed[]): Plot.Markish {
  const lines = figure.lines ? placed.filter((point) => point.series === figure.reference) : [];
  return Plot.ruleX(lines.filter(({ x }) => x !== null), { x: "x", fx: "fx", fy: "fy", ...DASH });
}

function names(
  rows: readonly Row[],
  panels: readonly PlacedPanel[],
  left: number,
): Plot.Markish[] {
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

function values({ joined, kinds }: Dots, placed: readonly Placed[], width: number): Plot.Markish[] {
  const defined = placed.filter(({ x }) => x !== null);
  const several = new Set(placed.map(({ series }) => series)).size > 1;
  const gaps = [
    ...Map.groupBy(
      placed.filter(({ x }) => x === null),
      ({ fx, fy, y }) => `${fx}|${fy}|${y}`,
    ).values(),
  ].map((own) => {
    const whole = `${own.map(({ series }) => series).join(", ")} undefined`;
    return { ...own[0]!, gap: several && measure(whole) < width - 12 ? whole : "undefined" };
  });
  const at = { fx: "fx", fy: "fy", y: "y" };
  const whiskers = defined.filter(({ x1, x2 }) => x1 !== null && x2 !== null);
  const halo = { fill: SLATE, stroke: "white", strokeWidth: 4 };
  return [
    Plot.text(gaps, {
      ...at,
      text: "gap",
      frameAnchor: "left",
      dx: 6,
      ...halo,
      fontStyle: "italic",
      className: "plot-gap",
    }),
    joined ? Plot.ruleY(spans(defined), { ...at, x1: "x1", x2: "x2", ...JOIN }) : null,
    Plot.ruleY(whiskers, {
      ...at,
      x1: "x1",
      x2: "x2",
      stroke: ({ look }: Placed) => look.stroke,
      strokeWidth: 1.3,
      className: "plot-whiskers",
    }),
    Plot.dot(defined, {
      ...at,
      x: "x",
      fill: ({ look, hollow }: Placed) => hollow ? "white" : look.fill,
      stroke: ({ look }: Placed) => look.stroke,
      strokeWidth: 0.9,
      symbol: "series",
      // An interval is to be seen beside its estimate.
      r: !whiskers.length ? 3 : kinds ? 2.6 : 2,
      className: "plot-values",
    }),
    // At the edge that is further away from what it is about.
    ...(["left", "right"] as const).map((side) =>
      Plot.text(
        placed.filter(({ note, x }) => note && (x !== null && x > width / 2) === (side === "left")),
        {
          ...at,
          text: "note",
          frameAnchor: side,
          dx: side === "left" ? 3 : -3,
          ...halo,
          className: "plot-notes",
        },
      )
    ),
  ];
}

const JOIN = { stroke: "#9a9a9a", strokeWidth: 2, className: "plot-joins" };

/** From the lowest to the highest point of each row. */
function spans(points: readonly Placed[]) {
  return [...Map.groupBy(points, (point) => `${point.panel}|${rowKey(point)}`).values()].map(
    (own) => {
      const xs = own.map(({ x }) => x!);
      return { ...own[0]!, x1: Math.min(...xs), x2: Math.max(...xs) };
    },
  );
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
