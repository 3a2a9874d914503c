/**
 * Tables of a population as statistical offices publish them: counts of people by stratum and levels, in
 * CSV. They are read whole, checked, and never mended unasked.
 */
import { z } from "zod";
import { sheetOf } from "../study.ts";

const Name = z.string().min(1);

/** Which columns of a file are what. */
export const TableOf = z.strictObject({
  file: Name,
  /** The column of strata; null where the table is of one population. */
  stratum: Name.nullable().default("stratum"),
  count: Name.default("count"),
  /** Columns that say nothing that another does not: a name beside its code, the year. */
  ignore: z.array(Name).default([]),
  /** Rows that count: of these columns only these levels. A column with one level left is dropped. */
  only: z.record(Name, z.array(Name).min(1)).default({}),
  /** Combinations that stand in some strata and not in others are 0 there; without this they are refused. */
  gaps: z.literal("zero").optional(),
});
export type TableOf = z.infer<typeof TableOf>;

/** A column of levels. */
export interface Key {
  name: string;
  /** In the order in which the file has them first. */
  levels: readonly string[];
  /** By cell, which level. */
  code: Int16Array;
}

export interface Table {
  /** As it stands in errors. */
  path: string;
  keys: readonly Key[];
  strata: readonly string[];
  /** By cell: its stratum, how many people, and the row of the file. */
  stratum: Int16Array;
  count: Float64Array;
  row: Int32Array;
}

/** The row of the file where a stratum of a table begins. */
export const rowOf = ({ stratum, row }: Table, of: number): number => row[stratum.indexOf(of)]!;

/** The one stratum of a table without any. */
export const WHOLE = "all";

/**
 * A table from its file, `.csv` or `.csv.gz`.
 *
 * @param path where the file lies
 * @throws {Error} in one line, with file, row and what to do: a column that is not there, a count that is
 *   empty or no number of 0 or more, a combination twice, or one that only some strata have
 */
export function tableFrom(path: string, of: TableOf): Table {
  const { header, rows } = sheetOf(path);
  const wanted = [of.count, ...of.stratum === null ? [] : [of.stratum], ...of.ignore];
  for (const name of [...wanted, ...Object.keys(of.only)]) {
    if (!header.includes(name)) {
      throw new Error(`${path}: no column ${name}: it has ${header.join(", ")}`);
    }
  }
  const columns = header.flatMap((name, at) =>
    name && !wanted.includes(name) ? [{ name, at }] : []
  );
  const kept = rows.filter(({ cells }) =>
    columns.every(({ name, at }) => !of.only[name] || of.only[name].includes(cells[at]!))
  );
  for (const [name, levels] of Object.entries(of.only)) {
    const at = header.indexOf(name);
    const there = new Set(rows.map(({ cells }) => cells[at]!));
    const none = levels.find((level) => !there.has(level));
    if (none !== undefined) {
      throw new Error(
        `${path}, column ${name}: no row of ${none}: it has ${[...there].join(", ")}`,
      );
    }
  }
  const size = kept.length;
  const coded = (name: string, at: number): Key => {
    const codes = new Map<string, number>();
    const code = Int16Array.from(kept, ({ row, cells }) => {
      const level = cells[at]!;
      if (level === "") {
        throw new Error(`${path}, row ${row}, column ${name}: empty: every level has a name`);
      }
      if (!codes.has(level)) codes.set(level, codes.size);
      return codes.get(level)!;
    });
    return { name, levels: [...codes.keys()], code };
  };
  const strata = of.stratum === null
    ? { levels: [WHOLE], code: new Int16Array(size) }
    : coded(of.stratum, header.indexOf(of.stratum));
  const keys = columns.map(({ name, at }) => coded(name, at))
    .filter(({ name, levels }) => !(of.only[name] && levels.length === 1));
  const at = header.indexOf(of.count);
  const count = Float64Array.from(kept, ({ row, cells }) => {
    const text = cells[at]!;
    // Number() alone would take 0x10 for 16.
    const number = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Infinity;
    if (number < Infinity) return number;
    throw new Error(
      `${path}, row ${row}, column ${of.count}: ${
        text === "" ? "empty" : JSON.stringify(text)
      }: a count is a number of 0 or more; one that was withheld is not 0: estimate it, or leave the ` +
        "stratum out",
    );
  });
  if (!size) throw new Error(`${path}: no row with counts: give the table rows`);
  const table = {
    path,
    keys,
    strata: strata.levels,
    stratum: strata.code,
    count,
    row: Int32Array.from(kept, ({ row }) => row),
  };
  complete(table, of);
  return table;
}

/** Refuses a combination that is there twice, or in some strata only. */
function complete({ path, keys, strata, stratum, row }: Table, { gaps }: TableOf): void {
  const first = new Map<string, number>(), combinations = new Map<string, number>();
  const words = (cell: number) => keys.map(({ levels, code }) => levels[code[cell]!]!).join(", ");
  for (let cell = 0; cell < row.length; cell++) {
    const combination = keys.map(({ code }) => code[cell]).join();
    const key = `${stratum[cell]}/${combination}`;
    const before = first.get(key);
    if (before !== undefined) {
      throw new Error(
        `${path}, row ${row[cell]}: ${strata[stratum[cell]!]}, ${words(cell)} stands in row ` +
          `${row[before]} already: leave one, or keep the column that tells them apart`,
      );
    }
    first.set(key, cell);
    if (!combinations.has(combination)) combinations.set(combination, cell);
  }
  if (gaps === "zero" || first.size === combinations.size * strata.length) return;
  for (const at of strata.keys()) {
    for (const [combination, cell] of combinations) {
      if (first.has(`${at}/${combination}`)) continue;
      throw new Error(
        `${path}: stratum ${strata[at]} has no row of ${words(cell)}, which row ${
          row[cell]
        } has of ` +
          `${
            strata[stratum[cell]!]
          }: add it, leave the stratum out, or say \`"gaps": "zero"\` where ` +
          "nobody there is so",
      );
    }
  }
}

/** A band of whole numbers: from `low` to below `high`. */
interface Band {
  low: number;
  high: number;
}

/** `18-24`, `85+`, `<25`, `41`; null for other levels. */
export function bandOf(level: string): Band | null {
  const [, low, high, from, below, one] =
    /^(?:(\d+)\s*[-–]\s*(\d+)|(\d+)\s*\+|<\s*(\d+)|(\d+))$/.exec(level.trim()) ?? [];
  if (low !== undefined) return { low: Number(low), high: Number(high) + 1 };
  if (from !== undefined) return { low: Number(from), high: Infinity };
  if (below !== undefined) return { low: 0, high: Number(below) };
  return one === undefined ? null : { low: Number(one), high: Number(one) + 1 };
}

/** A level of a table, and which part of its people is meant; null where a band without an end is cut. */
export interface Part {
  level: number;
  part: number | null;
}

/**
 * Which levels of a table a level of another is made of: itself; or, where both are bands, those that it
 * overlaps, each with the part of its years that lies within, so that people are taken for evenly spread
 * over a band. Empty where there is none.
 */
export function partsOf(level: string, levels: readonly string[]): Part[] {
  const same = levels.indexOf(level);
  if (same >= 0) return [{ level: same, part: 1 }];
  const own = bandOf(level);
  if (!own) return [];
  return levels.flatMap((other, at) => {
    const band = bandOf(other);
    if (!band) return [];
    const low = Math.max(own.low, band.low), high = Math.min(own.high, band.high);
    if (high <= low) return [];
    const whole = low === band.low && high === band.high;
    const part = whole ? 1 : (high - low) / (band.high - band.low);
    return [{ level: at, part: part > 0 ? part : null }];
  });
}
