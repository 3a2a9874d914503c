/** Who is compared with whom: the sheets of one persona under the levels of what is asked otherwise. */
import type { Cell, Level, Rows } from "../measures.ts";

/** What a persona is told apart by, beyond whom it is of. */
const WHO = ["persona", "writer", "condition", "form", "prompt", "variant"];

/** What a sheet is asked with. */
const ASKED = [
  "answering_model",
  "administration_prompt",
  "administration_variant",
  "item_order",
  "option_order",
  "coding",
  "language",
  "asked",
  "reasons",
  "round",
];

/** The sheets of one persona under each level, in the order of the rows: repeats of the same question. */
export interface Unit {
  cluster: number;
  rows: readonly (readonly number[])[];
}

/** Factors of which every combination is a setting, and the settings that rows have. */
export interface Settings {
  levels: readonly (readonly Level[])[];
  of: (row: number) => number;
}

/** The combinations of levels of factors, numbered in the order of the levels. */
export function settingsOf(rows: Rows, factors: readonly string[]): Settings {
  if (!factors.length) throw new Error("`settings` names the factors that make one: got none");
  const columns = factors.map((name) => rows.column(rows.known(name, "factor")));
  const orders = factors.map((name) => rows.levels(name));
  const met = new Map<string, number[]>();
  const keyOf = (row: number) => columns.map((column, at) => orders[at]!.indexOf(column[row]!));
  for (let row = 0; row < rows.height; row++) {
    const key = keyOf(row);
    met.set(key.join(), key);
  }
  const all = [...met.values()].toSorted((a, b) => {
    const at = a.findIndex((place, factor) => place !== b[factor]);
    return at < 0 ? 0 : a[at]! - b[at]!;
  });
  const numbers = new Map(all.map((key, at) => [key.join(), at]));
  return {
    levels: all.map((key) => key.map((place, at) => orders[at]![place]!)),
    of: (row) => numbers.get(keyOf(row).join())!,
  };
}

/**
 * The personas of a cell with their sheets by level; a persona may lack one.
 *
 * @param of `place`: which level a row is of, −1 for none; `factors`: what the levels are of
 * @throws {Error} when sheets of one persona and level were asked in different ways besides: they would
 *   pass for repeats of one another
 */
export function unitsIn(
  rows: Rows,
  cell: Cell,
  of: { place: (row: number) => number; levels: number; factors: readonly string[] },
): Unit[] {
  const who = WHO.filter((name) => rows.has(name)).map((name) => rows.column(name));
  const asked = ASKED.filter((name) => rows.has(name) && !of.factors.includes(name));
  const columns = asked.map((name) => rows.column(name));
  const units = new Map<string, { cluster: number; rows: number[][] }>();
  for (const row of cell.order) {
    const place = of.place(row);
    if (place < 0) continue;
    const respondent = rows.respondent[row]!;
    const key = JSON.stringify([respondent, ...who.map((column) => column[row])]);
    const unit = units.get(key) ?? {
      cluster: rows.cluster[respondent]!,
      rows: Array.from({ length: of.levels }, () => []),
    };
    units.set(key, unit);
    const [first] = unit.rows[place]!;
    const other = first === undefined
      ? -1
      : columns.findIndex((column) => column[first] !== column[row]);
    if (other >= 0) {
      throw new Error(
        `The same persona has sheets that differ in ${
          asked[other]
        } as well: name it in \`by\`, or filter ` +
          "the sheets to one level of it",
      );
    }
    unit.rows[place]!.push(row);
  }
  return [...units.values()];
}

/** Numbers by cluster, as the statistics of clusters take them. */
export const clustered = <T extends { cluster: number }>(
  units: readonly T[],
  of: (unit: T) => readonly number[],
): number[][] =>
  [...Map.groupBy(units, ({ cluster }) => cluster).values()].map((own) => own.flatMap(of));
