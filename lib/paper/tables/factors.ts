/** What the cells of a table are of: the paper's models and conditions, or the factors that are named. */
import type { DataFrame } from "polars";
import type { Columns, Kind } from "../../frames.ts";
import { factorNames, factorsOf, inOrder, knownIn, type Level, levelOf } from "../../measures.ts";
import { type Layout, layout, type TableName } from "../design.ts";
import { type Answers, type Options, type Seen, type Sheet, withNew } from "./answers.ts";

/** Levels of factors by their names. */
export type Levels = Readonly<Record<string, Level>>;

/** What rows are told apart by. */
export interface Factors<R> {
  kinds: Readonly<Record<string, Kind>>;
  /** The levels of a row, in the order of the kinds. */
  of(row: R): Level[];
}

/** Levels as one text. */
export const keyOf = (levels: readonly Level[]): string => {
  let key = "";
  for (const level of levels) key += level === null ? "\u0001\u0000" : `${level}\u0000`;
  return key;
};

/**
 * The factors that are named, of rows in columns.
 *
 * @param result names of the columns that the table has besides
 * @throws {Error} when one is unknown, named twice, or has the name of a column of the result
 */
export function columnFactors(
  columns: Pick<Columns, "names" | "kind" | "words" | "numbers">,
  by: readonly string[],
  result: readonly string[],
): Factors<{ row: number }> {
  factorsOf({ known: (name) => knownIn(columns.names, name, "factor") }, by, result);
  const levels = by.map((name): (row: number) => Level => {
    if (columns.kind(name) !== "text") return columns.numbers(name);
    const words = columns.words(name);
    return (row) => words[row]!;
  });
  return {
    kinds: Object.fromEntries(by.map((name) => [name, columns.kind(name)])),
    of: ({ row }) => levels.map((level) => level(row)),
  };
}

/** Whether a persona gave a sheet: factors that say so. */
const TELLING = ["form", "writer", "condition", "population"];

/**
 * The sheets that count where a table is by factors.
 *
 * Those that a model gave for bare profiles are not taken together with personas': they count where a
 * factor tells them apart, or nobody has a persona.
 */
export function countedBy(
  { columns }: Answers,
  by: readonly string[],
  sheets: readonly Sheet[],
): readonly Sheet[] {
  if (!columns.has("form") || by.some((name) => TELLING.includes(name))) return sheets;
  const form = columns.words("form");
  const ofPersonas = sheets.filter(({ row }) => form[row] !== null);
  return ofPersonas.length ? ofPersonas : sheets;
}

/**
 * Some sheets in the cells of a table.
 *
 * @param columns of the table, besides its keys
 */
export function sheetCells(
  name: TableName,
  answers: Answers,
  { by }: Pick<Options, "by">,
  columns: Readonly<Record<string, Kind>>,
  sheets: readonly Sheet[] = answers.sheets,
): Cells<Sheet> {
  const table = layout(name);
  if (!by) return celled(table, sheets, null);
  const factors = columnFactors(answers.columns, by, [...ownKeys(table), ...Object.keys(columns)]);
  return celled(table, countedBy(answers, by, sheets), factors);
}

export const ownKeys = ({ own }: Pick<Layout, "own">): string[] => Object.keys(own[0] ?? {});

/** The factors that a built table is by: they stand before the keys that are its own. */
export function tableFactors(name: TableName, table: DataFrame): string[] {
  const [first] = ownKeys(layout(name));
  return table.columns.slice(0, table.columns.indexOf(first!));
}

/** One cell of a table. */
export interface Celled<R> {
  /** Its keys: the levels of its factors, and those that are the table's own. */
  keys: Record<string, Level>;
  /** The table's own: its scale, its metric. */
  own: Readonly<Record<string, string>>;
  rows: readonly R[];
}

/** A table's rows in its cells. */
export interface Cells<R> {
  /** The columns of the keys. */
  kinds: Readonly<Record<string, Kind>>;
  cells: readonly Celled<R>[];
  /** The rows that have some levels of the factors. */
  at(levels: Levels): readonly R[];
}

/**
 * The cells of a table in order: of its layout, with the models and conditions that only the data have; or
 * of the combinations of levels that rows have.
 */
export function celled<R extends Seen>(
  { factors: names, published, own }: Pick<Layout, "factors" | "published" | "own">,
  rows: readonly R[],
  factors: Factors<NoInfer<R>> | null,
): Cells<R> {
  const papers = (row: R): Level[] => names.map((name) => row[name as keyof Seen] ?? null);
  const { kinds, of } = factors ??
    { kinds: Object.fromEntries(names.map((name) => [name, "text" as const])), of: papers };
  const told = Object.keys(kinds);
  const met = new Map<string, { levels: Levels; rows: R[] }>();
  for (const row of rows) {
    const levels = of(row), key = keyOf(levels);
    const group = met.get(key);
    if (group) group.rows.push(row);
    else {
      const named = Object.fromEntries(told.map((name, at) => [name, levels[at]!]));
      met.set(key, { levels: named, rows: [row] });
    }
  }
  const all = [...met.values()].map(({ levels }) => levels);
  const combinations = factors ? sorted(all, told) : withNew(published, all as unknown as Seen[]);
  const at = (levels: Levels) => met.get(keyOf(told.map((name) => levels[name]!)))?.rows ?? [];
  return {
    kinds: {
      ...kinds,
      ...Object.fromEntries(ownKeys({ own }).map((key) => [key, "text" as const])),
    },
    cells: combinations.flatMap((levels) => {
      const rows = at(levels);
      return own.map((cell) => ({ keys: { ...levels, ...cell }, own: cell, rows }));
    }),
    at,
  };
}

/** Combinations in order of the levels, the first factor slowest. */
function sorted(all: readonly Levels[], names: readonly string[]): Levels[] {
  const places = names.map((name) => {
    const levels = inOrder(all.map((one) => one[name]!));
    return [name, new Map(levels.map((level, place) => [level, place]))] as const;
  });
  return all.toSorted((a, b) => {
    for (const [name, place] of places) {
      const apart = place.get(a[name]!)! - place.get(b[name]!)!;
      if (apart) return apart;
    }
    return 0;
  });
}

/**
 * With which levels those of a cell are compared: the same but for those of `against`, by default condition
 * Base; null where a cell has these itself, and where nothing is compared.
 *
 * @param cells keys of all cells
 * @throws {Error} when no cell has such a level, or none is told apart by such a factor
 */
export function comparedWith(
  cells: readonly Levels[],
  factors: readonly string[],
  against?: Levels,
): (cell: Levels) => Levels | null {
  const usual: Levels = factors.includes("condition") ? { condition: "Base" } : {};
  const other = against
    ? Object.entries(against).map(([name, level]) => {
      if (!factors.includes(name)) {
        throw new Error(
          `against names ${name}, which is no factor of this table: there are ${
            factors.join(", ") || "none"
          }`,
        );
      }
      const levels = () => inOrder(cells.map((keys) => keys[name]!));
      return [name, levelOf({ levels }, name, level)] as const;
    })
    : Object.entries(usual);
  return (cell) =>
    other.every(([name, level]) => cell[name] === level)
      ? null
      : { ...cell, ...Object.fromEntries(other) };
}

/**
 * Factors of personas that are known by their labels: model and condition are what these tell, all others
 * columns.
 */
export function personasBy(
  columns: Columns,
  by: readonly string[],
  people: readonly (Seen & { row: number })[],
  result: readonly string[],
): Factors<{ row: number }> {
  const told = (name: "model" | "condition") => {
    const all = new Map(people.map((one) => [one.row, one[name] ?? null]));
    return Array.from({ length: columns.height }, (_, row) => all.get(row) ?? null);
  };
  const isTold = (name: string) => name === "model" || name === "condition";
  return columnFactors(
    {
      names: personFactors(columns.names),
      kind: (name) => isTold(name) ? "text" : columns.kind(name),
      words: (name) => name === "model" || name === "condition" ? told(name) : columns.words(name),
      numbers: (name) => columns.numbers(name),
    },
    by,
    result,
  );
}

/** The factors that personas, or their counts, may be told apart by. */
export const personFactors = (columns: readonly string[]): string[] =>
  factorNames([...new Set(["model", "condition", ...columns])])
    .filter((name) => !UNTOLD.includes(name));

/** Columns of personas and of their counts that are no factor. */
const UNTOLD = ["own", "model_print", "population_print", "attribute", "value", "n"];
