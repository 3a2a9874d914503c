/** The tests of one table seen together: adjusted p, and what becomes of the paper's markers. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Marks } from "../design.ts";
import { frame, type Kind, rows } from "../../frames.ts";
import { benjaminiHochberg, holm, type Interval } from "../../stats.ts";

/** A cell before it is seen among the others. Undefined numbers are null, or left out. */
export interface Cell {
  n: number;
  clusters: number;
  estimate?: number | null;
  ci_lower?: number | null;
  ci_upper?: number | null;
  effect_name?: string | null;
  effect?: number | null;
  effect_lower?: number | null;
  effect_upper?: number | null;
  /** Draws of the bootstrap in which its statistic was undefined. */
  undefined_draws?: number | null;
  p_naive?: number | null;
  p_cluster?: number | null;
}

/**
 * - `stands`: the adjusted p is below the level that the paper's marker names;
 * - `weakens`: below 0.05 still, but not below the marker's level;
 * - `vanishes`: the paper marks it, and the adjusted p is 0.05 or more;
 * - `appears`: the paper has no marker, and the adjusted p is below 0.05;
 * - `—`: neither.
 */
export type Verdict = "stands" | "weakens" | "vanishes" | "appears" | "—";

/** An interval under its columns' names, in units `times` smaller. */
export const named = ({ estimate, ciLower, ciUpper }: Interval, times = 1) => {
  const scaled = (value: number | null) => value === null ? null : times * value;
  return { estimate: scaled(estimate), ci_lower: scaled(ciLower), ci_upper: scaled(ciUpper) };
};

/** The p of a built table by its keys. */
export function pOf(
  table: DataFrame,
  kinds: Readonly<Record<string, Kind>>,
): (cell: Record<string, unknown>) => number | null {
  const keys = Object.keys(kinds);
  const key = (cell: Record<string, unknown>) => keys.map((name) => cell[name]).join("|");
  const found = rows(table.select(...keys, "p"), z.record(z.string(), z.unknown()));
  const ps = new Map(found.map((cell) => [key(cell), cell.p as number | null]));
  return (cell) => ps.get(key(cell)) ?? null;
}

/** Null where there is no p. */
export function verdict(marker: string, adjusted: number | null, marks: Marks): Verdict | null {
  if (adjusted === null) return null;
  const level = marks.find(([, mark]) => mark === marker)?.[0];
  if (level === undefined) return adjusted < 0.05 ? "appears" : "—";
  return adjusted < level ? "stands" : adjusted < 0.05 ? "weakens" : "vanishes";
}

/** The smallest and the largest size of effect that its interval holds. */
function bounds({ effect_lower = null, effect_upper = null }: Cell) {
  if (effect_lower === null || effect_upper === null) return { least: null, most: null };
  const sizes = [Math.abs(effect_lower), Math.abs(effect_upper)];
  const across = effect_lower <= 0 && effect_upper >= 0;
  return { least: across ? 0 : Math.min(...sizes), most: Math.max(...sizes) };
}

/**
 * The frame of a table's cells with both adjusted p (all cluster-aware p of the table are one family,
 * `family` is its size) and the verdict, which goes by Holm's.
 *
 * @param keys columns of the cells' keys
 * @param more columns that only this table has
 * @param marks of the paper; without them nothing is marked or judged
 */
export function judged(
  cells: readonly (Cell & { marker?: string })[],
  keys: Readonly<Record<string, Kind>>,
  more: Readonly<Record<string, Kind>>,
  marks: Marks | null,
): DataFrame {
  const ps = cells.map(({ p_cluster }) => p_cluster ?? null);
  const strict = holm(ps), lenient = benjaminiHochberg(ps);
  const tidy = cells.map((cell, at) => ({
    ...cell,
    ...bounds(cell),
    p_holm: strict.adjusted[at],
    p_bh: lenient.adjusted[at],
    family: ps[at] === null ? null : strict.size,
    verdict: marks && verdict(cell.marker ?? "", strict.adjusted[at]!, marks),
  }));
  return frame(tidy, {
    ...keys,
    ...JUDGED,
    ...more,
  });
}

/** How many scores are not the commonest one. */
export function offMode(scores: readonly number[]): number {
  const alike = Map.groupBy(scores, (score) => score).values().map((own) => own.length);
  return scores.length - Math.max(0, ...alike);
}

/** Columns of every table of what survives. */
export const JUDGED = {
  n: "integer",
  clusters: "integer",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
  effect_name: "text",
  effect: "number",
  effect_lower: "number",
  effect_upper: "number",
  least: "number",
  most: "number",
  undefined_draws: "integer",
  p_naive: "number",
  p_cluster: "number",
  p_holm: "number",
  p_bh: "number",
  family: "integer",
  marker: "text",
  verdict: "text",
} as const;
