/** What the paper printed, and whether ours is the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { ROOT } from "../../config.ts";
import { records } from "../../csv.ts";
import { DASH } from "../../format.ts";
import { frame, type Kind } from "../../frames.ts";
import type { Grid } from "../../press.ts";
import { carried } from "../../provenance.ts";
import { layout, type TableName } from "../design.ts";
import { cellsOf, layoutOf, placed, printed, worded } from "./layout.ts";
import { type Cell, hasRows, markerNotes, STYLES } from "./styles.ts";

/**
 * What the paper prints: one row per cell with the table's keys and `printed`, in the same form as
 * ours.
 *
 * Source: `dataset/paper`, transcribed from the paper's stored outputs.
 */
export function paperTable(name: TableName): DataFrame {
  const keys = layout(name).keys;
  const path = join(ROOT, "dataset", "paper", `${name}.csv`);
  const tidy = records(readFileSync(path, "utf8"), path, "")
    .map((cell) => name === "baselines" ? baseline(cell) : cell)
    .filter((cell) => cell !== null)
    .map((cell) => ({ ...pick(cell, keys), printed: STYLES[name].published(cell) }));
  return frame(tidy, Object.fromEntries([...keys, "printed"].map((key) => [key, "text" as Kind])));
}

/** The BFI rows of the baselines are the reference rows of Tables A4 and A5. */
function baseline(cell: Record<string, string>): Record<string, string> | null {
  if (cell.instrument !== "epqra") return null;
  return { ...cell, statistic: cell.statistic!.replace("cronbach_alpha", "alpha") };
}

const pick = (cell: Record<string, string>, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(keys.map((key) => {
    const value = cell[key];
    if (value === undefined) {
      throw new Error(`Column ${key} is missing: found ${Object.keys(cell)}`);
    }
    return [key, value];
  }));

/** The outcome of a comparison with the paper. */
export interface Comparison {
  /**
   * Keys of the cell, `paper`, `ours`, `agrees` (yes, no, or no data): one row per printed cell of the
   * paper.
   */
  cells: DataFrame;
  /** How many cells agree, out of those that the paper prints and the data can fill. */
  agree: number;
  printed: number;
  /** How many cells the paper prints for which the data hold no row: neither right nor wrong. */
  absent: number;
  /** The others, as sentences. */
  differing: string[];
}

/**
 * The paper's printed cells beside ours: mean, SD and marker as one string, at the paper's precision.
 *
 * @param table as `lib/paper/tables.ts` builds it, in `printed` mode
 */
export const compare = carried((name: TableName, table: DataFrame): Comparison => {
  const keys = layout(name).keys;
  const key = (cell: Cell) => keys.map((name) => cell[name]).join(" ");
  const ours = new Map(cellsOf(printed(name, table)).map((cell) => [key(cell), cell]));
  const cells = cellsOf(paperTable(name)).map((cell) => {
    const own = ours.get(key(cell));
    const agrees = !own || !hasRows(own) ? "no data" : own.printed === cell.printed ? "yes" : "no";
    return { ...cell, paper: cell.printed!, ours: own?.printed ?? DASH, agrees };
  });
  const of = (agrees: string) => cells.filter((cell) => cell.agrees === agrees);
  const differing = of("no");
  const columns = [...keys, "paper", "ours", "agrees"];
  return {
    cells: frame(cells, Object.fromEntries(columns.map((name) => [name, "text" as Kind]))),
    agree: of("yes").length,
    printed: of("yes").length + differing.length,
    absent: of("no data").length,
    differing: differing.map((cell) => `${key(cell)}: paper ${cell.paper}, ours ${cell.ours}`),
  };
});

/**
 * The printed layout: cells in which the paper and ours agree once, the others as `ours ≠ the paper's`.
 *
 * @param table as `lib/paper/tables.ts` builds it, in `printed` mode
 */
export function besidePaper(name: TableName, table: DataFrame): Grid {
  const { rows: side, columns } = layout(name);
  const ours = placed(name, table, {});
  const at = (labels: readonly unknown[]) => labels.join("|");
  const published = new Map(
    cellsOf(paperTable(name)).map((cell) => [
      at([...side, ...columns].map((key) => cell[key])),
      String(cell.printed),
    ]),
  );
  let differ = 0;
  const body = ours.body.map(({ keys, cells }) => ({
    keys,
    cells: cells.map((cell, column) => {
      const paper = published.get(at([...keys, ...ours.head.map((level) => level[column])]));
      if (paper === undefined || [cell, DASH].includes(paper) || cell === DASH) return cell;
      differ++;
      return `${cell} ≠ ${paper}`;
    }),
  }));
  return {
    ...worded(layoutOf(name, table), { ...ours, body }),
    notes: [
      ...differ ? ["≠: ours, and behind it what the paper prints; all other cells agree."] : [],
      ...markerNotes(name),
    ],
  };
}
