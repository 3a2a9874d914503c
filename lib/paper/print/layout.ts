/** Our tables as the paper prints them: cells, and the printed layout. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { columnOf } from "../../columns.ts";
import { DASH } from "../../format.ts";
import { columnsOf, frame, type Kind, rows } from "../../frames.ts";
import { type Grid, headingOf } from "../../press.ts";
import { carried } from "../../provenance.ts";
import {
  ATTRIBUTES,
  type Layout,
  layout,
  markerOf,
  marks,
  type Mode,
  type TableName,
} from "../design.ts";
import { tableFactors } from "../tables.ts";
import { type Cell, markerNotes, number, STYLES } from "./styles.ts";

/**
 * A table with its `marker` (where the paper marks significance) and `printed`: each cell as the
 * paper prints it, `—` where there are no data.
 *
 * @param table as `lib/paper/tables.ts` builds it, by model and condition or by other factors
 * @returns keys, numbers, marker, printed, then what else the table holds
 */
export const printed = carried((
  name: TableName,
  table: DataFrame,
  options: { mode?: Mode } = {},
): DataFrame => {
  const style = STYLES[name], mode = options.mode ?? "printed";
  const tidy = cellsOf(table).map((cell) => {
    const marker = markerOf(number(cell, "p"), marks(name, mode));
    return { ...cell, marker, printed: style.known(cell) ? style.print(cell, marker, mode) : DASH };
  });
  const columns = columnsOf(table), { keys } = layoutOf(name, table);
  const kinds = Object.fromEntries(keys.map((key) => [key, columns.kind(key)]));
  return frame(tidy, {
    ...kinds,
    ...style.numbers,
    ...(style.marked ? { marker: "text" as Kind } : {}),
    printed: "text",
    ...style.more,
  });
});

// Not z.number(): a t of differences that do not vary is infinite.
const Number_ = z.custom<number>((value) => typeof value === "number" && !Number.isNaN(value));
const Cells = z.record(z.string(), z.union([z.string(), Number_, z.null()]));
export const cellsOf = (table: DataFrame): Cell[] => rows(table, Cells);

/** Titles that name the paper's models or conditions, as they read with a study's own beside them. */
const WIDER: Partial<Record<TableName, string>> = {
  table1: "Demographics of personas (%)",
  tableA7: "Agreement with the profile's answers, all conditions but Base",
};

/** The layout of a table as it was built: by the paper's factors or by others. */
export function layoutOf(name: TableName, table: DataFrame): Layout & { by: boolean } {
  const paper = layout(name), factors = tableFactors(name, table);
  if (factors.join() === paper.factors.join()) return { ...paper, by: false };
  const others = (keys: readonly string[]) => keys.filter((key) => !paper.factors.includes(key));
  const placed = (keys: readonly string[]) =>
    keys.some((key) => paper.factors.includes(key)) ? [...factors, ...others(keys)] : keys;
  const wide = name === "table2" || name === "table3" ? WIDER.table1 : WIDER[name];
  // With conditions among the factors it is about all of them.
  const about = factors.includes("condition") && !paper.factors.includes("condition");
  return {
    ...paper,
    title: wide ?? (about ? paper.title.replace(", condition Base", "") : paper.title),
    factors,
    published: [],
    cells: [],
    keys: [...factors, ...others(paper.keys)],
    rows: placed(paper.rows),
    columns: placed(paper.columns),
    by: true,
  };
}

/**
 * The printed layout of a table.
 *
 * @param mode `corrected` also shows the rows that the paper's code lost
 */
export const grid = (name: TableName, table: DataFrame, options: { mode?: Mode } = {}): Grid => ({
  ...worded(layoutOf(name, table), placed(name, table, options)),
  notes: markerNotes(name, options.mode),
});

/** A printed layout with its headings, and what is an id, in words. */
export function worded(
  { factors, columns, by }: ReturnType<typeof layoutOf>,
  { side, head, body, ...grid }: Grid,
): Grid {
  const named = head.map((labels, level) =>
    labels.map((label) => {
      const column = columns[level]!, words = levelOf(column, label);
      // `1` says nothing without what it is a level of.
      if (by && factors.includes(column)) return `${headingOf(column)} ${words}`;
      return head.length > 1 ? words : headingOf(words);
    })
  );
  return {
    ...grid,
    side: side.map(headingOf),
    head: inTwo(named),
    body: body.map(({ keys, cells }) => ({
      keys: keys.map((key, at) => levelOf(side[at]!, key)),
      cells,
    })),
  };
}

/** A heading has one or two levels: of more the last stands below all others. */
function inTwo(head: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (head.length === 0) return [[ALL]];
  if (head.length < 3) return head;
  const above = head[0]!.map((_, at) => head.slice(0, -1).map((labels) => labels[at]).join(", "));
  return [above, head.at(-1)!];
}

/** What stands over a column that is of no factor. */
const ALL = "All";

const levelOf = (column: string, value: string): string =>
  columnOf(column)?.levels?.[value] ?? value;

/** The printed layout with the names and values of the frame. */
export function placed(name: TableName, table: DataFrame, options: { mode?: Mode }): Grid {
  const { title, rows: side, columns, cells: published, by } = layoutOf(name, table);
  const lost = ({ category, subcategory }: Cell) =>
    options.mode !== "corrected" &&
    ATTRIBUTES.some((attribute) =>
      attribute.category === category && attribute.hidden === subcategory
    );
  const cells = cellsOf(printed(name, table, options)).filter((cell) => !lost(cell));
  const label = (keys: readonly string[]) => (cell: Cell) =>
    keys.map((key) => `${cell[key] ?? DASH}`);
  const distinct = (
    keys: readonly string[],
  ): string[][] => [
    ...new Map(cells.map(label(keys)).map((labels) => [labels.join("|"), labels])).values(),
  ];
  const across = distinct(columns), down = distinct(side);
  const at = new Map(
    cells.map((cell) => [
      [...label(side)(cell), ...label(columns)(cell)].join("|"),
      String(cell.printed),
    ]),
  );
  const wider = !by && (["model", "condition"] as const).some((key) => {
    const known = new Set<unknown>(published.map((cell) => cell[key]));
    return cells.some((cell) => key in cell && !known.has(cell[key]));
  });
  return {
    title: (wider ? WIDER[name] : undefined) ?? title,
    side: [...side],
    head: columns.map((_, level) => across.map((labels) => labels[level]!)),
    body: down.map((keys) => ({
      keys,
      cells: across.map((labels) => at.get([...keys, ...labels].join("|")) ?? DASH),
    })),
  };
}

/** The printed layout as a frame of text, for `show`. */
export const laidOut = carried((
  name: TableName,
  table: DataFrame,
  options: { mode?: Mode } = {},
): DataFrame => {
  const { side, body } = placed(name, table, options);
  const { head } = grid(name, table, options), between = layoutOf(name, table).by ? ", " : " ";
  const names = head[0]!.map((_, column) => head.map((level) => level[column]).join(between));
  const records = body.map(({ keys, cells }) =>
    Object.fromEntries([
      ...side.map((name, index) => [name, keys[index]]),
      ...names.map((name, index) => [name, cells[index]]),
    ])
  );
  return frame(
    records,
    Object.fromEntries([...side, ...names].map((name) => [name, "text" as Kind])),
  );
});
