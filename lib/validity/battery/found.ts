/** The findings of a study in the way in which it asks, and in every other way in which a battery asked. */
import type { Instrument } from "../../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  type Level,
  Rows,
  scaleScores,
  type Sheets,
} from "../../measures.ts";
import {
  type ChangedPart,
  changedPart,
  cronbachAlpha,
  mean,
  pairedT,
  pseudoValues,
  sd,
} from "../../stats.ts";
import type { Kept } from "./analysis.ts";
import { type Battery, sheetsOf } from "./plans.ts";

/** Which findings of which study. */
export interface Found {
  battery: Battery;
  instrument: Instrument;
  by?: readonly string[];
}

/** What is compared, as it was planned or as it is said now. */
export type Compared = { planned: Kept } | {
  /** A factor of the sheets, and the level with which its others are compared. */
  factor: string;
  against: string;
  /** The part of a finding's size by which it may change and still be the person's; there is no default. */
  bound: number;
};

export const compared = (of: Compared) => "planned" in of ? of.planned.analysis : of;

/** The way of the same asked again. */
export const AGAIN = "again";

/** What a profile gave on a scale at a level in a way: sums or means, and the items that they are of. */
interface Given {
  scores: number[];
  items: number[][];
}

export interface Finding {
  keys: Record<string, Level>;
  test: ReturnType<typeof pairedT> | null;
  ways: (ChangedPart & { way: string; sizes: number[]; changes: number[] })[];
}

/**
 * The findings of a study, each with what every way of asking makes of it.
 *
 * @param columns of the result, which no factor may be called
 * @throws {Error} when a factor or level is unknown
 */
export function foundIn(given: Sheets, of: Found & Compared, columns: readonly string[]) {
  const { battery, instrument, by = [] } = of, { factor, against, bound } = compared(of);
  const sheets = sheetsOf(battery, given);
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, [...columns, factor]);
  const column = rows.column(rows.known(factor, "factor"));
  const levels = rows.levels(factor);
  if (!levels.includes(against)) {
    throw new Error(`${factor} has no level ${against}: it has ${levels.join(", ")}`);
  }
  const scales = scaleScores(sheets, rows, instrument);
  const wayOf = waysIn(rows, battery);
  const all = cells(rows, factors).flatMap((cell: Cell): Finding[] => {
    /** By way and level the rows of each profile. */
    const held = new Map<string, Map<Level, Map<number, number[]>>>();
    for (const row of cell.order) {
      const way = wayOf(row);
      if (way === null) continue;
      const own = held.getOrInsert(way, new Map()).getOrInsert(column[row]!, new Map());
      own.getOrInsert(rows.cluster[rows.respondent[row]!]!, []).push(row);
    }
    const ways = [...held.keys()].filter((way) => way !== BASE);
    return scales.flatMap(({ keys: { scale }, of: score }) => {
      const numbers = instrument.items.filter((item) => item.scale === scale)
        .map(({ number }) => rows.column(`score ${number}`));
      const givenIn = (way: string, level: Level): Map<number, Given> =>
        new Map(
          [...held.get(way)?.get(level) ?? []].flatMap(([who, own]) => {
            const whole = own.filter((row) => !Number.isNaN(score(row)));
            if (!whole.length) return [];
            return [
              [who, {
                scores: whole.map(score),
                items: whole.map((row) => numbers.map((column) => Number(column[row]))),
              }] as const,
            ];
          }),
        );
      const common = { ...keysOf(factors, cell), scale: scale! };
      const differences = levels.filter((level) => level !== against).map((level) => ({
        keys: { ...common, finding_of: "difference", [factor]: level, against },
        needs: [level, against],
        statistic: ([a, b]: readonly (readonly Given[])[]) =>
          mean(a!.map(({ scores }, at) => mean(scores)! - mean(b![at]!.scores)!)),
      }));
      const alphas = levels.map((level) => ({
        keys: { ...common, finding_of: "alpha", [factor]: level, against: null },
        needs: [level],
        statistic: ([own]: readonly (readonly Given[])[]) =>
          cronbachAlpha(own!.flatMap(({ items }) => items)).alpha,
      }));
      return [...differences, ...alphas].map(({ keys, needs, statistic }): Finding => {
        const base = needs.map((level) => givenIn(BASE, level));
        /** The statistic without each profile in turn, in the way the study asks and in others. */
        const pseudo = (parts: readonly Map<number, Given>[], who: readonly number[]) =>
          pseudoValues(
            who.length,
            (kept) => statistic(parts.map((part) => kept.map((at) => part.get(who[at]!)!))),
          );
        const inAll = (parts: readonly Map<number, Given>[]) =>
          [...parts[0]!.keys()].filter((who) => parts.every((part) => part.has(who)));
        const own = inAll(base), whole = own.length > 1 ? pseudo(base, own) : null;
        return {
          keys,
          test: whole && pairedT({ mean: whole.estimate, sd: sd(whole.values)!, n: own.length }),
          ways: ways.flatMap((way) => {
            const other = needs.map((level) => givenIn(way, level));
            const who = inAll([...base, ...other]);
            if (who.length < 2) return [];
            const [a, b] = [pseudo(base, who), pseudo(other, who)];
            if (!a || !b) return [];
            const size = a.estimate, change = b.estimate - size;
            const sizes = a.values, changes = b.values.map((value, at) => value - sizes[at]!);
            return [{
              way,
              sizes,
              changes,
              ...changedPart({ sizes, changes, size, change, bound }),
            }];
          }),
        };
      });
    });
  });
  return { rows, factors, all };
}

/** How the study asks. */
const BASE = "";

/** In which way a row was asked; null where it is one repetition more. */
function waysIn(rows: Rows, { base }: Battery): (row: number) => string | null {
  const factors = Object.entries(base).filter(([name]) => rows.has(name))
    .map(([name, level]) => ({ name, level, column: rows.column(name) }));
  const repetition = rows.column(rows.known("repetition", "column"));
  return (row) => {
    const way = factors.filter(({ level, column }) => column[row] !== level)
      .map(({ name, column }) => `${name}: ${column[row]}`).join(", ");
    return repetition[row] === 1 ? way : repetition[row] === 2 && way === BASE ? AGAIN : null;
  };
}
