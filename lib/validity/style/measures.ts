/** How a sheet is answered, whatever its items ask. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import {
  cells,
  factorsOf,
  intervalLaid,
  keysOf,
  kindsOf,
  Rows,
  type Sheets,
  summed,
} from "../../measures.ts";
import { sd, weightedMean } from "../../stats.ts";
import { type Asked, given, itemsOf } from "../items.ts";

const STYLES = {
  scale: "text",
  measure: "text",
  n: "integer",
  clusters: "integer",
  estimate: "number",
  sd: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/** What styles are measured of. */
export interface Styled {
  instrument: Instrument;
  by?: readonly string[];
  /** By scale, the end that looks better: `low` of a scale of troubles. Left out, nothing is called desirable. */
  desirable?: Readonly<Record<string, "high" | "low">>;
}

/** Of a sheet a number, NaN where it has none. */
type Measure = (row: number) => number;

const average = (values: readonly number[]): number =>
  values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : NaN;

/** How far up its options an answer is, from 0 to 1; NaN where there is none. */
function height(item: Asked, row: number): number {
  const own = given(item, row);
  return own === null ? NaN : item.steps.indexOf(own) / (item.steps.length - 1);
}

/** The mean of a value over some items, which a sheet that leaves one of them out does not have. */
const meanOver = (items: readonly Asked[], of: (item: Asked) => number): number =>
  average(items.map(of));

/** The mean of the means over items keyed one way and over those keyed the other way. */
function balanced(items: readonly Asked[], of: (item: Asked, row: number) => number): Measure {
  const halves = [true, false].map((way) => items.filter(({ forward }) => forward === way));
  return (row) => average(halves.map((half) => meanOver(half, (item) => of(item, row))));
}

const both = (items: readonly Asked[]): boolean =>
  [true, false].every((way) => items.some(({ forward }) => forward === way));

function longestRun(items: readonly Asked[], row: number): number {
  let longest = 0, run = 0, before: number | null = null;
  for (const item of items) {
    const own = given(item, row);
    if (own === null) return NaN;
    run = own === before ? run + 1 : 1;
    before = own;
    longest = Math.max(longest, run);
  }
  return longest / items.length;
}

/** The measures of all items, as far as they can be taken of the instrument. */
function wholly(instrument: Instrument, items: readonly Asked[]): [string, Measure][] {
  const made: [string, Measure][] = [[
    "no_answer",
    (row) =>
      average(
        items.map((item) =>
          Number(given(item, row) === null && !item.declined.has(Number(item.answer[row] ?? NaN)))
        ),
      ),
  ]];
  const declinable = items.filter(({ declined }) => declined.size);
  if (declinable.length) {
    made.push([
      "declined",
      (row) =>
        average(
          declinable.map(({ answer, declined }) =>
            Number(declined.has(Number(answer[row] ?? NaN)))
          ),
        ),
    ]);
  }
  const ordered = items.filter(({ steps }) => steps.length > 2);
  if (ordered.length === items.length) {
    made.push([
      "ends",
      (row) => meanOver(ordered, (item) => ends(height(item, row))),
    ]);
  }
  // Runs and spread are of answers that mean the same from item to item.
  if (instrument.lowest === null || items.length < 2) return made;
  return [
    ...made,
    ["one_answer", (row) => {
      const run = longestRun(items, row);
      return Number.isNaN(run) ? NaN : Number(run === 1);
    }],
    ["longest_run", (row) => longestRun(items, row)],
    ["spread", (row) => {
      const answers = items.map((item) => given(item, row));
      return answers.includes(null) ? NaN : sd(answers as number[])!;
    }],
  ];
}

const ends = (height: number): number =>
  Number.isNaN(height) ? NaN : Number(height === 0 || height === 1);

/** The measures of one scale. */
function ofScale(items: readonly Asked[], better: "high" | "low" | undefined): [string, Measure][] {
  const agreed: [string, Measure][] = both(items) ? [["agreed", balanced(items, height)]] : [];
  if (!better) return agreed;
  const fair = (item: Asked, row: number) => {
    const own = height(item, row);
    return item.forward === (better === "high") ? own : 1 - own;
  };
  const halves = (["agreeing", "denying"] as const).flatMap((way): [string, Measure][] => {
    const half = items.filter(({ forward }) =>
      (forward === (better === "high")) === (way === "agreeing")
    );
    return half.length
      ? [[`desirable_${way}`, (row) => meanOver(half, (item) => fair(item, row))]]
      : [];
  });
  return [
    ...agreed,
    [
      "desirable",
      both(items) ? balanced(items, fair) : (row) => meanOver(items, (item) => fair(item, row)),
    ],
    ...halves.length === 2 ? halves : [],
  ];
}

export function answerStyles(sheets: Sheets, of: Styled): DataFrame {
  const { instrument, by = [], desirable = {} } = of;
  const unknown = Object.keys(desirable).filter((scale) => !instrument.scales.includes(scale));
  if (unknown.length) {
    throw new RangeError(
      `${instrument.title} has no scale ${unknown.join(", ")}: it has ` +
        (instrument.scales.join(", ") || "none"),
    );
  }
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(STYLES));
  const items = itemsOf(rows, instrument);
  const scales = instrument.scales.map((scale) => ({
    scale,
    measures: ofScale(items.filter((item) => item.scale === scale), desirable[scale]),
  }));
  const tidy = cells(rows, factors).flatMap((cell) =>
    [{ scale: "All", measures: wholly(instrument, items) }, ...scales]
      .flatMap(({ scale, measures }) =>
        measures.map(([measure, of]) => {
          const mean = weightedMean(summed(rows, cell, { of }));
          return {
            ...keysOf(factors, cell),
            scale,
            measure,
            n: mean.n,
            clusters: mean.clusters,
            estimate: mean.estimate,
            sd: mean.sd,
            ...intervalLaid(mean),
          };
        })
      )
  );
  return frame(tidy, { ...kindsOf(rows, factors), ...STYLES });
}
