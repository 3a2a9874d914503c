/** The same profiles under a series of doses on one scale: what they scored, and what they were shown. */
import { type Condition, condition as conditionOf } from "../../conditions.ts";
import { type Instrument, itemScore } from "../../instruments.ts";
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

/** Sheets of personas; `shown` is what the profile answered as the prompt showed it, where that is stored. */
export type Dosed = Sheets & {
  shown?: (administration: number, item: number) => number | null;
};

/** A dose: so many items of one scale keyed. */
export interface Dose {
  scale: string;
  items: number;
}

/** The dose that a condition is; null for any other condition. */
export function doseOf(name: Level): Dose | null {
  let found: Condition;
  try {
    found = conditionOf(String(name));
  } catch {
    return null;
  }
  const [[scale, items] = [], ...others] = Object.entries(found.set);
  const values = Object.keys(found.values ?? {});
  const only = !others.length && !values.length && found.omit === undefined;
  return scale !== undefined && typeof items === "number" && only ? { scale, items } : null;
}

/** Doses on one scale under one combination of other factors. */
export interface Series {
  /** Levels of the factors, by their names. */
  keys: Readonly<Record<string, Level>>;
  scale: string;
  doses: number[];
  /** Respondents with a score on every scale at each dose, and those with some only. */
  respondents: number[];
  incomplete: number;
  /** By scale of the instrument, a row per respondent: their score at each dose. */
  scores: number[][][];
  /** Likewise of the dosed scale, the score of what was shown; null where that is not stored. */
  shown: number[][] | null;
}

/** What rows are by respondent: the mean score of their sheets. */
export function meansIn(
  rows: Rows,
  cell: Cell,
  of: (row: number) => number,
): Map<number, number> {
  const sums = new Map<number, { n: number; sum: number }>();
  for (const row of cell.order) {
    const value = of(row);
    if (Number.isNaN(value)) continue;
    const held = sums.get(rows.respondent[row]!) ?? { n: 0, sum: 0 };
    held.n += 1;
    held.sum += value;
    sums.set(rows.respondent[row]!, held);
  }
  return new Map([...sums].map(([one, { n, sum }]) => [one, sum / n]));
}

/** By row, the score of a scale of what was shown; NaN where that is not known. */
export function shownScore(
  { shown }: Dosed,
  rows: Rows,
  instrument: Instrument,
  scale: string,
): ((row: number) => number) | null {
  if (!shown) return null;
  const administrations = rows.column("administration");
  const items = instrument.items.filter((item) => item.scale === scale);
  const by = instrument.scoredAs === "mean" ? items.length : 1;
  return (row) =>
    items.reduce((sum, { number }) => {
      const answer = shown(administrations[row] as number, number);
      return sum + (answer === null ? NaN : itemScore(instrument, number, answer) ?? NaN);
    }, 0) / by;
}

/**
 * The series that sheets hold: those of a level of `condition` that is a dose.
 *
 * @throws {Error} when there is none with two doses or more, or a factor is unknown
 */
export function seriesIn(
  sheets: Dosed,
  instrument: Instrument,
  by: readonly string[],
  columns: readonly string[],
): { rows: Rows; factors: readonly string[]; series: Series[] } {
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, ["condition", ...columns]);
  const measures = scaleScores(sheets, rows, instrument);
  const doses = new Map(rows.levels("condition").map((level) => [level, doseOf(level)]));
  const groups = Map.groupBy(
    cells(rows, [...factors, "condition"]),
    ({ levels }) => JSON.stringify(levels.slice(0, -1)),
  );
  const series = [...groups.values()].flatMap((group) =>
    instrument.scales.flatMap((scale) => {
      const own = group.flatMap((cell) => {
        const dose = doses.get(cell.levels.at(-1)!);
        return dose?.scale === scale ? [{ cell, items: dose.items }] : [];
      }).toSorted((a, b) => a.items - b.items);
      if (own.length < 2) return [];
      const scored = measures.map((measure) =>
        own.map(({ cell }) => meansIn(rows, cell, measure.of))
      );
      const told = shownScore(sheets, rows, instrument, scale);
      const shown = told && own.map(({ cell }) => meansIn(rows, cell, told));
      const all = [...scored.flat(), ...shown ?? []];
      const some = new Set(own.flatMap(({ cell }) => [...cell.respondents]));
      const respondents = [...some].filter((one) => all.every((means) => means.has(one)))
        .toSorted((a, b) => a - b);
      const table = (of: readonly Map<number, number>[]) =>
        respondents.map((one) => of.map((means) => means.get(one)!));
      return [{
        keys: keysOf(factors, group[0]!),
        scale,
        doses: own.map(({ items }) => items),
        respondents,
        incomplete: some.size - respondents.length,
        scores: scored.map(table),
        shown: shown && table(shown),
      }];
    })
  );
  if (!series.length) throw new Error(noDoses(rows, [...doses.keys()]));
  return { rows, factors, series };
}

export const notShown = ({ title }: Instrument): string =>
  `What personas were shown is not stored with these sheets of ${title}: it is with those of a study of ` +
  "one's own whose profiles answered this instrument";

export const noDoses = (rows: Rows, levels: readonly Level[]): string =>
  `None of ${rows.height} rows is of a series of doses: condition has the levels ` +
  `${levels.join(", ") || "none"}, and a series is like N=0, N=3, N=6: plan personas with ` +
  '`conditions: ["N=0", "N=3", "N=6"]`';
