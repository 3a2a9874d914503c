/** Small multiples of a map of equal tiles, coloured by a share on a scale that is the same in all. */
import * as Plot from "plot";
import { draw, grid, inPlace, type Panel, panelsOf } from "./canvas.ts";
import { capital, describe, ink } from "./text.ts";
import { type Drawing, PALE, shades, swatch, theme } from "./theme.ts";

/** Where a tile stands, from 0. */
export interface TilePlace {
  stratum: string;
  row: number;
  col: number;
}

/** A tile of one map. */
export interface ShareTile {
  map: string;
  stratum: string;
  /** 0 to 1; null where nothing is known. */
  share: number | null;
  /** Whether it is certain on which side of one half the share is; hatched where it is not. */
  certain: boolean;
}

export interface ShareMaps {
  title: string;
  tiles: readonly TilePlace[];
  /** The maps in reading order. */
  maps: readonly string[];
  values: readonly ShareTile[];
  /** Whose share it is. */
  side: string;
}

/** Where the colours end, red below one half and blue above: what lies beyond has the colour of the end. */
const ENDS = [0.2, 0.8] as const;
const STOPS = [0.2, 0.35, 0.5, 0.65, 0.8] as const;

const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** Room between tiles, of a tile's width. */
const INSET = 0.04;

/** The maps. Hatching is drawn as lines; see `hatching` of `theme.ts`. */
export const shareMaps = (figure: ShareMaps): Drawing => (look = theme()) => {
  const colour = shades(ENDS, look);
  const panels = panelsOf(figure.maps, capital);
  const tileOf = new Map(figure.tiles.map((tile) => [tile.stratum, tile]));
  const across = Math.max(0, ...figure.tiles.map(({ col }) => col)) + 1;
  const down = Math.max(0, ...figure.tiles.map(({ row }) => row)) + 1;
  const letters = look.smallest;
  const left = 10;
  // Two letters in a tile.
  const layout = grid(panels, look, { left, least: across * letters * 2, most: 3 });
  const known = figure.values.filter(({ stratum }) => tileOf.has(stratum));
  const placed = inPlace(known, layout.panels, ({ map }) => map).map((value) => {
    const { col, row } = tileOf.get(value.stratum)!;
    return { ...value, x: col, y: row, fill: colour(value.share) };
  });
  const at = { fx: "fx", fy: "fy" };
  return draw({
    title: figure.title,
    description: words(figure, panels),
    grid: layout,
    legend: [
      ...STOPS.map((share, at) =>
        swatch(
          percent(share) + (at === 0 ? " or less" : at === STOPS.length - 1 ? " or more" : ""),
          colour(share),
        )
      ),
      ...missing(figure) ? [swatch("Not known", PALE)] : [],
    ],
    left,
    bottom: 4,
    xLabel:
      `Share of ${figure.side}; hatched: its 95% interval holds one half, who wins is not certain`,
    height: layout.width * down / across,
    rigid: true,
    plot: {
      x: { domain: [0, across], axis: null },
      y: { domain: [down, 0], axis: null },
      marks: [
        Plot.rect(placed, {
          ...at,
          x1: ({ x }) => x + INSET,
          x2: ({ x }) => x + 1 - INSET,
          y1: ({ y }) => y + INSET,
          y2: ({ y }) => y + 1 - INSET,
          fill: "fill",
          stroke: "#bdbdbd",
          strokeWidth: 0.5,
          className: "plot-values",
        }),
        Plot.link(
          placed.filter(({ share, certain }) => share !== null && !certain).flatMap(hatch),
          {
            ...at,
            x1: "x1",
            y1: "y1",
            x2: "x2",
            y2: "y2",
            stroke: "stroke",
            strokeWidth: 0.8,
            strokeOpacity: 0.55,
            className: "plot-hatching",
          },
        ),
        Plot.text(placed, {
          ...at,
          x: ({ x }) => x + 0.5,
          y: ({ y }) => y + 0.5,
          text: "stratum",
          fontSize: letters,
          fill: ({ fill }) => ink(fill),
          stroke: "fill",
          strokeWidth: 2.5,
        }),
      ],
    },
  }, look);
};

const missing = ({ values }: ShareMaps): boolean => values.some(({ share }) => share === null);

/** Lines across a tile, from its lower left to its upper right. */
function hatch(tile: { x: number; y: number; fx: number; fy: number; fill: string }) {
  const { fx, fy, fill } = tile;
  const left = tile.x + INSET, top = tile.y + INSET, size = 1 - 2 * INSET;
  const line = (x1: number, y1: number, x2: number, y2: number) => ({
    fx,
    fy,
    stroke: ink(fill),
    x1: left + x1 * size,
    y1: top + y1 * size,
    x2: left + x2 * size,
    y2: top + y2 * size,
  });
  return [1 / 3, 2 / 3, 1].flatMap((part) => [
    line(0, part, part, 0),
    ...part < 1 ? [line(part, 1, 1, part)] : [],
  ]);
}

function words({ values, side }: ShareMaps, panels: readonly Panel[]): string {
  const uncertain = values.filter(({ share, certain }) => share !== null && !certain).length;
  return describe(
    `Maps of equal tiles in ${panels.length} panels, coloured by the share of ${side}; in ` +
      `${uncertain} tiles it is not certain who wins.`,
    values.map(({ map, stratum, share }) => ({ name: `${map}, ${stratum}`, value: share })),
    2,
  );
}
