/**
 * What of the findings of a study the way of asking can make: each finding in every way in which a battery asked,
 * on the same personas, in parts of its size.
 *
 * A finding is a difference of scale means between two levels of a factor, or the alpha of a scale at one level.
 * Profiles are what is drawn.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  type Level,
  Rows,
  scaleScores,
  type Sheets,
} from "../../measures.ts";
import { carried } from "../../provenance.ts";
import {
  type ChangedPart,
  changedPart,
  cronbachAlpha,
  holm,
  mean,
  pairedT,
  partPower,
  pseudoValues,
  sampleSize,
  sd,
} from "../../stats.ts";
import { familyOf, type Kept, late } from "./analysis.ts";
import { type Battery, sheetsOf } from "./plans.ts";
import "../columns.ts";

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

const compared = (of: Compared) => "planned" in of ? of.planned.analysis : of;

/** What a finding is of. */
const KEYS = {
  finding_of: "text",
  against: "text",
  scale: "text",
} as const;

const BY_WAY = {
  ...KEYS,
  way: "text",
  n: "integer",
  estimate: "number",
  estimate_way: "number",
  part: "number",
  part_lower: "number",
  part_upper: "number",
  part_most: "number",
  p_within: "number",
  p_outside: "number",
} as const satisfies Record<string, Kind>;

/**
 * Every finding in every way.
 *
 * @param sheets as `study.sheets(…)` reads them
 * @returns by level of each factor, finding_of (difference, alpha), level of `factor`, against, scale and way (what is
 *   asked otherwise; `again`: the same asked again): n (profiles with all that both need), estimate and
 *   estimate_way (of these), part ((estimate_way − estimate) / estimate; Fieller's limits), part_most (the largest
 *   that is not refused, one-sided), p_within (that the part is the bound or more, TOST), p_outside (that it is the
 *   bound or less)
 * @throws {Error} when a factor or level is unknown
 */
export const findingsByWay = carried((sheets: Sheets, of: Found & Compared): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(BY_WAY));
  const tidy = all.flatMap(({ keys, ways }) =>
    ways.map(({ way, ...part }) => ({ ...keys, way, ...laid(part) }))
  );
  return frame(tidy, kinds(rows, factors, compared(of).factor, BY_WAY));
});

const FINDINGS = {
  ...KEYS,
  n: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  p_holm: "number",
  part_again: "number",
  part_again_lower: "number",
  part_again_upper: "number",
  ways: "integer",
  way: "text",
  part: "number",
  part_lower: "number",
  part_upper: "number",
  part_most: "number",
  bound_part: "number",
  p_within_holm: "number",
  p_outside_holm: "number",
  whose: "text",
  planned_in: "text",
  not_planned: "text",
} as const satisfies Record<string, Kind>;

/**
 * Every finding with the way of asking that changes it most, and whose it is.
 *
 * @returns by level of each factor, finding_of, level of `factor`, against and scale: n (profiles), estimate with limits
 *   (t; of alpha by the jackknife) and p_holm (against 0, over all findings); part_again (what asking again changes,
 *   in parts of the size) with limits; ways; way (which changes it most), part with limits; part_most (no way changes
 *   it by more, with 95 % confidence); bound_part; p_within_holm (that some way changes it by the bound or more,
 *   over all findings); p_outside_holm (the smallest over the ways, Holm's over all findings and ways); whose:
 *   none (the finding is not told from 0), person (shown to stay within the bound in every way), asking (shown
 *   to change by more in one), open; planned_in (the family of the analysis plan), not_planned (why it is no planned
 *   finding). All p are adjusted within a family; what was not planned is one of its own
 * @throws {Error} when a factor or level is unknown, or nothing was asked otherwise
 */
export const findings = carried((sheets: Sheets, of: Found & Compared): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(FINDINGS));
  const { factor, bound } = compared(of);
  const asked = all.map(({ ways }) => ways.filter(({ way }) => way !== AGAIN));
  if (!asked.some(({ length }) => length)) {
    throw new Error("These sheets were asked in one way only: run the plans of the battery first");
  }
  const why = "planned" in of ? late(of.planned, of.battery) : null;
  const families = all.map(({ keys }) =>
    "planned" in of
      ? familyOf(of.planned.analysis, {
        finding_of: keys.finding_of as "alpha",
        level: String(keys[factor]),
        scale: String(keys.scale),
      })
      : null
  );
  const inFamily = families.map((family) => why === null ? family : null);
  const size = byFamily(inFamily, all.map(({ test }) => [test?.p ?? null]));
  const within = byFamily(inFamily, asked.map((ways) => [largest(ways.map((one) => one.pWithin))]));
  const beyond = byFamily(inFamily, asked.map((ways) => ways.map(({ pBeyond }) => pBeyond)));
  const tidy = all.map(({ keys, test, ways }, at) => {
    const own = asked[at]!, again = ways.find(({ way }) => way === AGAIN);
    const most = own.toSorted((a, b) => Math.abs(b.part ?? 0) - Math.abs(a.part ?? 0))[0];
    const over = beyond[at]!.filter((p) => p !== null);
    const row = {
      n: test?.n ?? 0,
      estimate: test?.estimate ?? null,
      ci_lower: test?.ciLower ?? null,
      ci_upper: test?.ciUpper ?? null,
      p_holm: size[at]![0]!,
      part_again: again?.part ?? null,
      part_again_lower: again?.ciLower ?? null,
      part_again_upper: again?.ciUpper ?? null,
      ways: own.length,
      way: most?.way ?? null,
      part: most?.part ?? null,
      part_lower: most?.ciLower ?? null,
      part_upper: most?.ciUpper ?? null,
      part_most: largest(own.map(({ most }) => most)),
      bound_part: bound,
      p_within_holm: within[at]![0]!,
      p_outside_holm: over.length ? Math.min(...over) : null,
      planned_in: inFamily[at]!,
      not_planned: !("planned" in of)
        ? "there is no analysis plan"
        : families[at] === null
        ? "not among the hypotheses"
        : why,
    };
    return { ...keys, ...row, whose: whoseOf(row) };
  });
  return frame(tidy, kinds(rows, factors, factor, FINDINGS));
});

const POWERS = {
  ...KEYS,
  n: "integer",
  estimate: "number",
  part_again: "number",
  part_power: "number",
  target: "number",
  profiles_needed: "integer",
} as const satisfies Record<string, Kind>;

/**
 * What the profiles at hand can show of each finding, as soon as the same was asked again: whatever changes then
 * changes by chance.
 *
 * @param of `target`: the power that is wanted, 0.8 where left out
 * @returns by level of each factor, finding_of, level of `factor`, against and scale: n (profiles), estimate,
 *   part_again, part_power (chance to show of a way that changes nothing that it stays within the bound; of one
 *   way, not adjusted; at least), target, profiles_needed (the fewest with that power; undefined without a size)
 * @throws {Error} when a factor or level is unknown, or nothing was asked again
 */
export const findingsPower = carried((
  sheets: Sheets,
  of: Found & Compared & { target?: number },
): DataFrame => {
  const { rows, factors, all } = foundIn(sheets, of, Object.keys(POWERS));
  const { factor, bound } = compared(of), { target = 0.8 } = of;
  const tidy = all.flatMap(({ keys, ways }) => {
    const again = ways.find(({ way }) => way === AGAIN);
    if (!again) return [];
    const { sizes, changes, size, n, part } = again;
    const power = (n: number) => partPower({ sizes, changes, size, bound }, n);
    const own = power(n);
    return [{
      ...keys,
      n,
      estimate: size,
      part_again: part,
      part_power: own,
      target,
      profiles_needed: own === null || size === 0 ? null : sampleSize(power, target),
    }];
  });
  if (!tidy.length) throw new Error("Nothing was asked again: run the part `repeats` first");
  return frame(tidy, kinds(rows, factors, factor, POWERS));
});

/** Adjusted p, several of each finding, by the family that the finding is of. */
function byFamily(
  families: readonly (string | null)[],
  ps: readonly (readonly (number | null)[])[],
): (number | null)[][] {
  const adjusted: (number | null)[][] = ps.map(() => []);
  for (const places of Map.groupBy(ps.keys(), (at) => families[at]!).values()) {
    const all = holm(places.flatMap((at) => ps[at]!)).adjusted;
    let next = 0;
    for (const at of places) adjusted[at] = all.slice(next, next += ps[at]!.length);
  }
  return adjusted;
}

/** The way of the same asked again. */
const AGAIN = "again";

const ALPHA = 0.05;

const whoseOf = (
  { p_holm, p_within_holm, p_outside_holm }: Record<
    "p_holm" | "p_within_holm" | "p_outside_holm",
    number | null
  >,
): string =>
  !((p_holm ?? 1) < ALPHA)
    ? "none"
    : (p_within_holm ?? 1) < ALPHA
    ? "person"
    : (p_outside_holm ?? 1) < ALPHA
    ? "asking"
    : "open";

/** The largest; null where one of them is, or there is none. */
const largest = (of: readonly (number | null)[]): number | null =>
  !of.length || of.includes(null) ? null : Math.max(...of as number[]);

const laid = (part: ChangedPart) => ({
  n: part.n,
  estimate: part.size,
  estimate_way: part.size + part.change,
  part: part.part,
  part_lower: part.ciLower,
  part_upper: part.ciUpper,
  part_most: part.most,
  p_within: part.pWithin,
  p_outside: part.pBeyond,
});

const kinds = <T extends Record<string, Kind>>(
  rows: Rows,
  factors: readonly string[],
  factor: string,
  { finding_of, ...columns }: T & { finding_of: Kind },
) => ({ ...kindsOf(rows, factors), finding_of, ...kindsOf(rows, [factor]), ...columns });

/** What a profile gave on a scale at a level in a way: sums or means, and the items that they are of. */
interface Given {
  scores: number[];
  items: number[][];
}

interface Finding {
  keys: Record<string, Level>;
  test: ReturnType<typeof pairedT> | null;
  ways: (ChangedPart & { way: string; sizes: number[]; changes: number[] })[];
}

function foundIn(given: Sheets, of: Found & Compared, columns: readonly string[]) {
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
