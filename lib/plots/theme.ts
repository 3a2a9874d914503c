/**
 * Where a figure is to stand, and what follows: how wide it is drawn, and what its series look like.
 *
 * A drawing is laid out in units of which letters are 11 high, so that larger letters leave room for
 * fewer panels and never shrink; its SVG says in mm how wide it is.
 */
import * as Plot from "plot";
import { FONT, luminance } from "./text.ts";

/** Width in mm; usual, smallest and largest height of letters in pt; and least height by the width. */
const PLACES = {
  column: { mm: 85, pt: 8, smallest: 7, largest: 10, down: 0 },
  page: { mm: 175, pt: 8.5, smallest: 7, largest: 14, down: 0 },
  // 13⅓ by 7½ inches.
  slide: { mm: 338.67, pt: 18, smallest: 12, largest: 28, down: 9 / 16 },
} as const;

const MM_PER_PT = 25.4 / 72;

/** What a figure is drawn for, as {@link theme} makes it. */
export interface Theme {
  /** Width in print. */
  readonly mm: number;
  /** Width and least height in units of the drawing. */
  readonly across: number;
  readonly down: number;
  /** Smallest letters, in units; most have 11. */
  readonly smallest: number;
  readonly gray: boolean;
}

/** A figure that is not drawn yet: SVG text for a theme, by default for a page in colour. */
export type Drawing = (look?: Theme) => string;

/**
 * What figures are drawn for.
 *
 * @param of `width`: a `column` of 85 mm, a `page` of 175 mm (default), or a `slide` of 16:9, which is
 *   higher where the figure has more rows than it holds; `font`: height of letters in pt as printed at
 *   that width, by default 8, 8.5 and 18; `gray`: without colours, series apart by shapes, greys and
 *   hatching
 * @throws {RangeError} when letters would be smaller than 7 pt, on a slide 12, or too large for the width, or
 *   the width is none
 */
export function theme(
  of: { width?: keyof typeof PLACES; font?: number; gray?: boolean } = {},
): Theme {
  const { width = "page", gray = false } = of;
  const place = PLACES[width];
  if (!place) {
    throw new RangeError(`A width is ${Object.keys(PLACES).join(", ")}: current value is ${width}`);
  }
  const { font = place.pt } = of, { smallest, largest } = place;
  if (!(font >= smallest && font <= largest)) {
    throw new RangeError(
      `Letters of a ${width} have ${smallest} pt at least, to be read, and ${largest} at most, to leave ` +
        `room for the figure: current value is ${font}`,
    );
  }
  const across = Math.round(place.mm / (font * MM_PER_PT) * FONT);
  const { mm, down } = place;
  return { mm, across, down: across * down, smallest: smallest / font * FONT, gray };
}

export const PALE = "#e4e4e4";
export const SLATE = "#595959";

/** Okabe and Ito (2008): told apart with every common form of colour blindness. */
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
/** None is white, which is hollow. */
const GRAYS = ["#000000", "#9a9a9a", "#d9d9d9", "#5e5e5e"];
const SHAPES = ["circle", "triangle", "square", "diamond", "star", "cross"] as const;
const DASHES = ["none", "5,3", "1.5,2.5", "8,3,2,3"];

/** A line of the legend, and the look of its marks. */
export interface Series {
  label: string;
  fill: string;
  /** Of outlines, whiskers and lines. */
  stroke: string;
  symbol: Plot.SymbolType;
  dash: string;
}

/**
 * Series in order, each with a colour and a shape of its own; a reference is a black diamond. From the
 * seventh colour, or the fifth grey, on they come again with other shapes.
 */
export function looks(
  labels: readonly string[],
  { gray }: Theme,
  reference?: string,
): Series[] {
  const fills = gray ? GRAYS : PALETTE, count = fills.length;
  return labels.map((label, i) => {
    const fill = label === reference ? "#000000" : fills[i % count]!;
    return {
      label,
      fill,
      stroke: gray ? "#000000" : fill,
      symbol: label === reference
        ? "diamond"
        : SHAPES[(i + Math.floor(i / count)) % SHAPES.length]!,
      dash: gray ? DASHES[i % DASHES.length]! : "none",
    };
  });
}

/** A series whose look is given, for a theme: in grey as bright as its colours. */
export const toned = (series: Omit<Series, "dash">, { gray }: Theme): Series => ({
  ...series,
  dash: "none",
  ...gray && { fill: greyOf(series.fill), stroke: greyOf(series.stroke) },
});

/** Greys of areas, and which way they are hatched: `/`, `\\`, both, or lines across. */
const AREAS: Readonly<Record<string, string>> = {
  "#4d4d4d": "",
  "#ffffff": "/",
  "#a6a6a6": "",
  "#fefefe": "\\",
  "#e0e0e0": "/\\",
  "#7d7d7d": "-",
};

/** Areas in order: colours, or greys of which some are hatched. */
export function areas(labels: readonly string[], { gray }: Theme): Series[] {
  const fills = gray ? Object.keys(AREAS) : PALETTE;
  return labels.map((label, i) => swatch(label, fills[i % fills.length]!));
}

function greyOf(fill: string): string {
  const y = luminance(fill);
  const part = Math.round(255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055));
  return `#${part.toString(16).padStart(2, "0").repeat(3)}`;
}

/** A square of one colour. */
export const swatch = (label: string, fill: string): Series => ({
  label,
  fill,
  stroke: SLATE,
  symbol: {
    draw(context: Pen, size: number) {
      const side = Math.sqrt(size), at = -side / 2;
      context.rect(at, at, side, side);
      for (const [x1, y1, x2, y2] of hatching(fill, side, side)) {
        context.moveTo(at + x1, at + y1);
        context.lineTo(at + x2, at + y2);
      }
    },
  },
  dash: "none",
});

/** What a symbol is drawn with. */
type Pen = Record<"rect" | "moveTo" | "lineTo", (...numbers: number[]) => void>;

type Line = [x1: number, y1: number, x2: number, y2: number];

/**
 * Lines across an area, from its upper left corner. Patterns would be references by id, which two
 * figures on one page share, and which the converter to PDF leaves white.
 */
export function hatching(fill: string, width: number, height: number): Line[] {
  const step = 4;
  return [...AREAS[fill] ?? ""].flatMap((way) => {
    const end = way === "-" ? height : width + height;
    return Array.from({ length: Math.ceil(end / step) - 1 }, (_, i): Line => {
      const c = (i + 1) * step;
      if (way === "-") return [0, c, width, c];
      const [x1, y1] = [Math.min(c, width), c - Math.min(c, width)];
      const [x2, y2] = [c - Math.min(c, height), Math.min(c, height)];
      return way === "/" ? [x1, y1, x2, y2] : [width - x1, y1, width - x2, y2];
    });
  });
}

/**
 * Shades of a number: red at one end, white in the middle, blue at the other, told apart with red-green
 * blindness; in grey from light to dark, from 0 if that is between the ends.
 */
export function shades(
  domain: readonly [number, number],
  { gray }: Theme,
): (value: number | null) => string {
  const from = Math.max(0, domain[0]);
  const most = Math.max(domain[1] - from, from - domain[0]);
  const scale = Plot.scale({
    color: gray
      ? { type: "linear", domain: [0, most], range: ["#ffffff", "#333333"], clamp: true }
      : { type: "linear", domain: [...domain], scheme: "RdBu", clamp: true },
  })!;
  return (value) =>
    value === null ? PALE : scale.apply(gray ? Math.abs(value - from) : value) as string;
}
