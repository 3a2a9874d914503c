/** The sheet every figure is drawn on: panels, legend, axis titles, and the finished SVG. */
import { DOMParser } from "linkedom";
import * as Plot from "plot";
import { fold, FONT, LINE, lineCount, measure, scaleName } from "./text.ts";

/** Okabe and Ito (2008): told apart with every common form of colour blindness. */
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
const SHAPES = ["circle", "triangle", "square", "diamond", "star", "cross"] as const;
export const PALE = "#e4e4e4";
export const SLATE = "#595959";

const GAP = 16;
const RIGHT = 16;

/** A line of the legend, and the look of its marks. */
export interface Series {
  label: string;
  fill: string;
  symbol: Plot.SymbolType;
}

/** How many series have a colour of their own. */
export const COLOURS = PALETTE.length;

/**
 * Series in order, each with a colour and a shape of its own; a reference is black. From the seventh on
 * the colours come again, with other shapes.
 */
export function looks(labels: readonly string[], reference?: string): Series[] {
  const count = PALETTE.length;
  return labels.map((label, i) =>
    label === reference ? { label, fill: "#000000", symbol: "diamond" } : {
      label,
      fill: PALETTE[i % count]!,
      symbol: SHAPES[(i + Math.floor(i / count)) % SHAPES.length]!,
    }
  );
}

/** One small multiple: its place in the grid and the words above it. */
export interface Panel {
  key: string;
  title: string;
  fx: number;
  fy: number;
  /** What a row of panels has in common; stands at the left edge, level with the titles. */
  band?: string;
}

/** A square of one colour. */
export const swatch = (label: string, fill: string): Series => ({ label, fill, symbol: "square" });

/** Panels in reading order, in as few and as even rows as `across` allows. */
export function wrap(
  keys: readonly string[],
  across: number,
  title: (key: string) => string,
): Panel[] {
  const columns = Math.ceil(keys.length / Math.ceil(keys.length / across));
  return keys.map((key, i) => ({
    key,
    title: title(key),
    fx: i % columns,
    fy: Math.floor(i / columns),
  }));
}

/** A panel per scale or trait: the four scales of the EPQR-A in a row, the five traits in two. */
export function byScale(scales: readonly string[]): Panel[] {
  const keys = [...new Set(scales)];
  return wrap(keys, keys.length > 4 ? 3 : 4, scaleName);
}

/** Room left of the panels for scale names and, beyond them, the title of the axis, in px. */
export const nameColumn = (scales: readonly string[]): number =>
  Math.max(0, ...scales.map((scale) => measure(scaleName(scale)))) + 34;

export interface Sheet {
  /** Name and description for screen readers. */
  title: string;
  description: string;
  panels: readonly Panel[];
  /** Entries of the legend; none, no legend. */
  legend: readonly Series[];
  /** Height of one panel, and the whole width, in px. */
  height: number;
  width?: number;
  /** Room left of the first panel and, for its ticks, below the last, in px. */
  left: number;
  bottom?: number;
  /** Titles of the axes; a vertical one is written once, left of all panels. */
  xLabel: string;
  yLabel?: string;
  /** Marks and scales; a mark of one panel carries its fx and fy. */
  plot: Plot.PlotOptions;
}

/** Width of one panel in px. */
export function panelWidth({ panels, left, width = 640 }: Omit<Sheet, "plot">): number {
  const columns = Math.max(...panels.map(({ fx }) => fx)) + 1;
  return (width - left - RIGHT - (columns - 1) * GAP) / columns;
}

/** A figure as SVG text; without panels, a line that says there is nothing to draw. */
export function draw(sheet: Sheet): string {
  if (!sheet.panels.length) return blank(sheet);
  const { panels, height, left, width = 640, bottom = 20 } = sheet;
  const inner = panelWidth(sheet);
  const titles = panels.map((panel) => ({ ...panel, title: fold(panel.title, inner, true) }));
  const head = Math.max(...titles.map(({ title }) => title ? lineCount(title) : 0)) * LINE + 4;
  const placed = place(sheet.legend, width);
  const top = (placed.length ? (placed.at(-1)!.row + 1) * (LINE + 2) + 6 : 2) + head;
  const rows = Math.max(...panels.map(({ fy }) => fy)) + 1;
  const columns = Math.max(...panels.map(({ fx }) => fx)) + 1;
  const gap = head + 10;
  return finish(
    sheet,
    Plot.plot({
      document: paper() as never,
      width,
      height: top + rows * height + (rows - 1) * gap + bottom + LINE + 4,
      marginTop: top,
      marginLeft: left,
      marginRight: RIGHT,
      marginBottom: bottom + LINE + 4,
      ...sheet.plot,
      fx: facet(columns, GAP / (GAP + inner)),
      fy: facet(rows, gap / (gap + height)),
      marks: [
        ...sheet.plot.marks ?? [],
        ...headings(titles, left),
        ...axisTitles(sheet, bottom),
        ...placed.flatMap((entry) => key(entry, left, top)),
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

function headings(panels: readonly Panel[], left: number): Plot.Markish[] {
  const style = { fontWeight: "bold", lineAnchor: "bottom", frameAnchor: "top-left" } as const;
  const bands = panels.filter(({ fx, band }) => fx === 0 && band);
  return [
    Plot.text(panels, { fx: "fx", fy: "fy", text: "title", dy: -5, ...style }),
    Plot.text(bands, { fx: "fx", fy: "fy", text: "band", dx: 4 - left, dy: -5, ...style }),
  ];
}

function axisTitles({ xLabel, yLabel, left }: Sheet, bottom: number): Plot.Markish[] {
  const style = { facet: "super", lineAnchor: "top" } as const;
  return [
    Plot.text([xLabel], { ...style, frameAnchor: "bottom", dy: bottom + 5 }),
    yLabel
      ? Plot.text([yLabel], {
        ...style,
        frameAnchor: "left",
        textAnchor: "middle",
        rotate: -90,
        dx: 4 - left,
      })
      : null,
  ];
}

interface Placed extends Series {
  x: number;
  row: number;
}

function place(legend: readonly Series[], width: number): Placed[] {
  let x = 10, row = 0;
  return legend.map((entry) => {
    const advance = measure(entry.label) + 34;
    if (x > 10 && x + advance > width) x = 10, row++;
    x += advance;
    return { ...entry, x: x - advance, row };
  });
}

/** One legend entry as marks: Plot's own legend is a second SVG, which no figure file would hold. */
function key({ label, fill, symbol, x, row }: Placed, left: number, top: number): Plot.Markish[] {
  const at = { facet: "super", frameAnchor: "top-left", className: "plot-legend" } as const;
  const dx = x - left, dy = row * (LINE + 2) + 11 - top;
  return [
    Plot.dot([label], { ...at, dx, dy, fill, symbol, r: 4.5, stroke: SLATE, strokeWidth: 0.5 }),
    Plot.text([label], { ...at, lineAnchor: "middle", dx: dx + 10, dy }),
  ];
}

// An SVG document is written out as XML; an HTML one would not escape its attributes.
const paper = () => new DOMParser().parseFromString("<svg/>", "image/svg+xml");

function blank(sheet: Sheet): string {
  const { width = 640 } = sheet;
  const marks = [Plot.text(["No rows to draw"], { frameAnchor: "middle" })];
  return finish(sheet, Plot.plot({ document: paper() as never, width, height: 60, marks }));
}

/** Elements of the SVG this room writes itself. */
interface Node {
  ownerDocument: { createElementNS(space: string, name: string): Node };
  textContent: string;
  outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelector(selector: string): { remove(): void } | null;
  prepend(...nodes: Node[]): void;
}

const SPACE = "http://www.w3.org/2000/svg";

function finish({ title, description }: Sheet, plot: unknown): string {
  const svg = plot as Node;
  const element = (name: string, text: string, attributes: Record<string, string> = {}): Node => {
    const node = svg.ownerDocument.createElementNS(SPACE, name);
    node.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  const attributes = {
    xmlns: SPACE,
    role: "img",
    color: "black",
    "font-family": "'DejaVu Sans', Helvetica, Arial, sans-serif",
    "font-size": `${FONT}`,
  };
  Object.entries(attributes).forEach(([key, value]) => svg.setAttribute(key, value));
  svg.prepend(
    element("title", title),
    element("desc", description),
    element("rect", "", { width: "100%", height: "100%", fill: "white" }),
  );
  return svg.outerHTML.replace(/\d+\.\d{3,}(?=[^<>]*>)/g, (digits) => `${+(+digits).toFixed(2)}`);
}
