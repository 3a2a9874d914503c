/** The sheet every figure is drawn on: panels, legend, axis titles, and the finished SVG. */
import { DOMParser } from "linkedom";
import * as Plot from "plot";
import { fold, FONT, LINE, lineCount, measure, scaleName, withSign } from "./text.ts";
import { hatching, PALE, type Series, SLATE, type Theme } from "./theme.ts";

const GAP = 16;
const LONGEST = 110;
const RIGHT = 16;

/** One small multiple, and the words above it. */
export interface Panel {
  key: string;
  title: string;
  /** What a row of panels has in common; stands left of the first, below its title. */
  band?: string;
}

/** With its place in the grid. */
export interface Placed extends Panel {
  fx: number;
  fy: number;
}

/** A panel for each key, in reading order. */
export const panelsOf = (
  keys: Iterable<string>,
  title: (key: string) => string = scaleName,
): Panel[] => [...new Set(keys)].map((key) => ({ key, title: title(key) }));

/** Panels in their places, and how wide each is in units. */
export interface Grid {
  panels: Placed[];
  width: number;
}

/**
 * Panels in as few and as even rows as there is room for; a band begins a row.
 *
 * @param of room `left` of the panels, the `least` width of one, and `most` of them in a row
 */
export function grid(
  panels: readonly Panel[],
  look: Theme,
  of: { left: number; least: number; most: number },
): Grid {
  const room = look.across - of.left - RIGHT + GAP;
  // A title may be folded between its words, not within one, unless that is a long name.
  const words = panels.flatMap(({ title }) => title.split(/(?<=[\s\-/_:])/))
    .map((word) => Math.min(LONGEST, measure(word.trim(), true)));
  const least = Math.max(of.least, ...words);
  // A slide is wide and not high.
  const most = look.down ? Infinity : of.most;
  const fit = Math.max(1, Math.min(most, Math.floor(room / (least + GAP))));
  const bands = [...Map.groupBy(panels, ({ band }) => band ?? "").values()];
  const longest = Math.max(1, ...bands.map(({ length }) => length));
  const columns = Math.ceil(longest / Math.ceil(longest / fit));
  let row = 0;
  const placed = bands.flatMap((own) => {
    const first = row;
    row += Math.ceil(own.length / columns);
    return own.map((panel, i) => ({
      ...panel,
      fx: i % columns,
      fy: first + Math.floor(i / columns),
    }));
  });
  return { panels: placed, width: room / columns - GAP };
}

/** Panels with none below them. */
export const lowest = (panels: readonly Placed[]): Placed[] =>
  panels.filter(({ fx, fy }) => !panels.some((other) => other.fx === fx && other.fy > fy));

/** Rows of data with the places of their panels. */
export function inPlace<T>(
  rows: readonly T[],
  panels: readonly Placed[],
  key: (row: T) => string,
): (T & { fx: number; fy: number })[] {
  const placeOf = new Map(panels.map(({ key, fx, fy }) => [key, { fx, fy }]));
  return rows.map((row) => ({ ...row, ...placeOf.get(key(row))! }));
}

export interface Sheet {
  /** Name and description for screen readers. */
  title: string;
  description: string;
  grid: Grid;
  /** Entries of the legend; none, no legend. */
  legend: readonly Series[];
  /** Height of one panel; `rigid` where a slide must not stretch it. */
  height: number;
  rigid?: boolean;
  /** Room left of the first panel and, for its ticks, below the last. */
  left: number;
  bottom?: number;
  /** Room for ticks below each row of panels, not only the last. */
  between?: number;
  /** Titles of the axes; that of the vertical one stands above all panels. */
  xLabel: string;
  yLabel?: string;
  /** Marks and scales; a mark of one panel carries its fx and fy. */
  plot: Plot.PlotOptions;
}

/** A figure as SVG text; without panels, a line that says there is nothing to draw. */
export function draw(sheet: Sheet, look: Theme): string {
  const { across } = look,
    { grid: { panels, width: inner }, left, bottom = 20, between = 0, yLabel } = sheet;
  if (!panels.length) return blank(sheet, look);
  const titles = panels.map((panel) => ({ ...panel, title: fold(panel.title, inner, true) }));
  const head = Math.max(...titles.map(({ title }) => title ? lineCount(title) : 0)) * LINE + 4;
  const legend = place(sheet.legend, across);
  const keys = legend.length ? (legend.at(-1)!.row + 1) * (LINE + 2) + 6 : 2;
  const top = keys + (yLabel ? LINE + 2 : 0) + head;
  const foot = bottom + lineCount(fold(sheet.xLabel, across - 2 * RIGHT)) * LINE + 4;
  const rows = Math.max(...panels.map(({ fy }) => fy)) + 1;
  const columns = Math.max(...panels.map(({ fx }) => fx)) + 1;
  const gap = head + 10 + between;
  const rest = top + (rows - 1) * gap + foot;
  const height = Math.max(sheet.height, sheet.rigid ? 0 : (look.down - rest) / rows);
  // What does not stretch stands in the middle of a slide.
  const spare = Math.max(0, look.down - rest - rows * height);
  return finish(
    sheet,
    look,
    Plot.plot({
      document: paper() as never,
      width: across,
      height: rest + rows * height + spare,
      marginTop: top + spare / 2,
      marginLeft: left,
      marginRight: RIGHT,
      marginBottom: foot + spare / 2,
      ...sheet.plot,
      fx: facet(columns, GAP / (GAP + inner)),
      fy: facet(rows, gap / (gap + height)),
      marks: [
        ...sheet.plot.marks ?? [],
        ...headings(titles, left),
        ...axisTitles(sheet, across, bottom, head),
        ...legend.flatMap((entry) => key(entry, left, top + spare / 2)),
      ],
    }),
  );
}

const facet = (n: number, padding: number): Plot.ScaleOptions => ({
  domain: Array.from({ length: n }, (_, i) => i),
  // d3 takes the padding off a single band, too.
  padding: n > 1 ? padding : 0,
  round: false,
  axis: null,
});

function headings(panels: readonly Placed[], left: number): Plot.Markish[] {
  const at = { fx: "fx", fy: "fy", fontWeight: "bold", frameAnchor: "top-left" } as const;
  const bands = panels.filter(({ band }, i) => band && panels[i - 1]?.band !== band)
    .map((panel) => ({ ...panel, band: fold(panel.band!, left - 8, true) }));
  return [
    Plot.text(panels, { ...at, text: "title", lineAnchor: "bottom", dy: -5 }),
    Plot.text(bands, { ...at, text: "band", lineAnchor: "top", dx: 4 - left, dy: 4 }),
  ];
}

function axisTitles(
  { xLabel, yLabel, left }: Sheet,
  across: number,
  bottom: number,
  head: number,
): Plot.Markish[] {
  // In the middle of the panels, if there is room; else of the sheet.
  const wide = measure(xLabel) > across - left - RIGHT;
  return [
    Plot.text([fold(xLabel, across - 2 * RIGHT)], {
      facet: "super",
      lineAnchor: "top",
      frameAnchor: "bottom",
      dx: wide ? (RIGHT - left) / 2 : 0,
      dy: bottom + 5,
    }),
    yLabel
      ? Plot.text([yLabel], {
        facet: "super",
        lineAnchor: "bottom",
        frameAnchor: "top-left",
        dx: 4 - left,
        dy: -head - 2,
      })
      : null,
  ];
}

interface Keyed extends Series {
  x: number;
  row: number;
}

function place(legend: readonly Series[], width: number): Keyed[] {
  let x = 10, row = 0;
  return legend.map((entry) => {
    const advance = measure(entry.label) + 34;
    if (x > 10 && x + advance > width) x = 10, row++;
    x += advance;
    return { ...entry, x: x - advance, row };
  });
}

/** One legend entry as marks: Plot's own legend is a second SVG, which no figure file would hold. */
function key(
  { label, fill, stroke, symbol, x, row }: Keyed,
  left: number,
  top: number,
): Plot.Markish[] {
  const at = { facet: "super", frameAnchor: "top-left", className: "plot-legend" } as const;
  const dx = x - left, dy = row * (LINE + 2) + 11 - top;
  return [
    Plot.dot([label], { ...at, dx, dy, fill, symbol, r: 4.2, stroke, strokeWidth: 0.8 }),
    Plot.text([label], { ...at, lineAnchor: "middle", dx: dx + 10, dy }),
  ];
}

type Format = (tick: number) => string;

/** Ticks of an axis, and how they are written. */
export interface Ticks {
  ticks: number[];
  format: Format;
}

/** Round numbers in a domain, about so many, each as short as all of them allow. */
export function roundTicks([low, high]: readonly [number, number], about: number): Ticks {
  const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= raw * 0.999)!;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step),
    format: (tick) => withSign(tick, decimals),
  };
}

/**
 * Ticks whose words stand apart: as many of the given ones from the first on, or of round ones, as there
 * is room for.
 *
 * @param at where a tick stands, in units
 */
export function fitting(
  domain: readonly [number, number],
  at: (tick: number) => number,
  given?: readonly number[],
  decimals = Math.max(...given?.map((tick) => (`${tick}`.split(".")[1] ?? "").length) ?? [0]),
): Ticks {
  const apart = ({ format }: Ticks, one: number, other: number) =>
    Math.abs(at(one) - at(other)) > (measure(format(one)) + measure(format(other))) / 2 + 8;
  if (given) {
    const all = { ticks: [...given], format: (tick: number) => withSign(tick, decimals) };
    const kept = given.filter((tick) => tick >= domain[0] && tick <= domain[1])
      .reduce<number[]>(
        (kept, tick) => kept.length && !apart(all, kept.at(-1)!, tick) ? kept : [...kept, tick],
        [],
      );
    return { ...all, ticks: kept };
  }
  const tries = [7, 6, 5, 4, 3, 2, 1].map((about) => roundTicks(domain, about));
  return tries.find((some) =>
    some.ticks.every((tick, i) => i === 0 || apart(some, some.ticks[i - 1]!, tick))
  ) ?? tries.at(-1)!;
}

/** A panel's box and its lines. */
export const FRAME = { stroke: "#bdbdbd" };
export const LINES = { stroke: PALE, strokeOpacity: 1 };

// An SVG document is written out as XML; an HTML one would not escape its attributes.
const paper = () => new DOMParser().parseFromString("<svg/>", "image/svg+xml");

function blank(sheet: Sheet, look: Theme): string {
  const marks = [Plot.text(["No rows to draw"], { frameAnchor: "middle" })];
  const options = { document: paper() as never, width: look.across, height: 60, marks };
  return finish(sheet, look, Plot.plot(options));
}

/** Elements of the SVG this room writes itself. */
interface Node {
  ownerDocument: { createElementNS(space: string, name: string): Node };
  textContent: string;
  outerHTML: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelector(selector: string): { remove(): void } | null;
  querySelectorAll(selector: string): Iterable<Node>;
  prepend(...nodes: Node[]): void;
  after(...nodes: Node[]): void;
}

const SPACE = "http://www.w3.org/2000/svg";

function finish({ title, description }: Sheet, look: Theme, plot: unknown): string {
  const svg = plot as Node;
  const element = (name: string, text: string, attributes: Record<string, string> = {}): Node => {
    const node = svg.ownerDocument.createElementNS(SPACE, name);
    node.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  const height = Number(svg.getAttribute("height"));
  const attributes = {
    xmlns: SPACE,
    role: "img",
    color: "black",
    width: `${look.mm}mm`,
    height: `${+(height / look.across * look.mm).toFixed(2)}mm`,
    "font-family": "'DejaVu Sans', Helvetica, Arial, sans-serif",
    "font-size": `${FONT}`,
  };
  Object.entries(attributes).forEach(([key, value]) => svg.setAttribute(key, value));
  for (const rect of svg.querySelectorAll("rect")) {
    const [x, y, width, height] = ["x", "y", "width", "height"]
      .map((name) => Number(rect.getAttribute(name))) as [number, number, number, number];
    const lines = hatching(rect.getAttribute("fill") ?? "", width, height);
    const d = lines.map(([x1, y1, x2, y2]) => `M${x + x1},${y + y1}L${x + x2},${y + y2}`).join("");
    if (d) {
      rect.after(element("path", "", { d, fill: "none", stroke: SLATE, "stroke-width": "0.6" }));
    }
  }
  svg.prepend(
    element("title", title),
    element("desc", description),
    element("rect", "", { width: "100%", height: "100%", fill: "white" }),
  );
  return svg.outerHTML.replace(/\d+\.\d{3,}(?=[^<>]*>)/g, (digits) => `${+(+digits).toFixed(2)}`);
}
