/**
 * The columns that result frames have, each declared once: what it is called in print, how it is printed
 * and what it means. Tables in notebooks, the report, Markdown, LaTeX, codebooks and `lib/columns.md`
 * all take it from here. A name that nobody declared, as in a frame of a user's own, is read by rules.
 */
import type { Column, ColumnKind, Columns } from "./columns/column.ts";
import { INTERVALS, RESULTS } from "./columns/results.ts";
import { STUDIES } from "./columns/studies.ts";

export {
  coefficient,
  type Column,
  type ColumnKind,
  integer,
  interval,
  number,
  p,
  share,
  text,
} from "./columns/column.ts";

const DECIMALS: Readonly<Record<Exclude<ColumnKind, "text" | "interval">, number>> = {
  integer: 0,
  number: 2,
  share: 3,
  coefficient: 2,
  p: 3,
};

/** By name; intervals under the name without `_lower` and `_upper`. */
const columns = new Map<string, Column>(), intervals = new Map<string, Column>();

/**
 * Makes columns known, as the package whose frames have them does once when it is loaded.
 *
 * @param own intervals by their name without `_lower` and `_upper`
 * @throws {RangeError} when a name is declared already
 */
export function declare(given: Columns, own: Columns = {}): void {
  for (const [known, names] of [[columns, given], [intervals, own]] as const) {
    for (const [name, column] of Object.entries(names)) {
      if (known.has(name)) {
        throw new RangeError(`Column ${name} is declared twice: choose another name`);
      }
      known.set(name, { name, ...column });
    }
  }
}

/** Makes words known for values of a column that another package declared. */
export function declareLevels(name: string, levels: Readonly<Record<string, string>>): void {
  const column = columns.get(name);
  if (!column) throw new RangeError(`Levels are given for ${name}: no such column is declared`);
  columns.set(name, { ...column, levels: { ...column.levels, ...levels } });
}

/** All that are declared, in the order in which they were. */
export const declared = (): readonly Column[] => [...columns.values(), ...intervals.values()];

/** Abbreviations in names that nobody declared. */
const WRITTEN: Readonly<Record<string, string>> = {
  ci: "95% CI",
  sd: "SD",
  se: "SE",
  icc: "ICC",
  usd: "USD",
};

/** Statistics that are letters, with or without an index: `p`, `df`, `d_z`. */
export const SYMBOL = /^([dghknprtzF]|df)(?:_(z|av|s))?$/;

/** A name in words; a statistic of one letter stays what it is. */
export const wordsOf = (name: string): string =>
  SYMBOL.test(name)
    ? name
    : name.split(/[_ ]+/).filter((word) => word).map((word) => WRITTEN[word] ?? word).join(" ");

/** `ci_lower` is the lower end of `ci`, `lower` that of "". */
export function endOf(name: string): { of: string; end: "lower" | "upper" } | null {
  const found = /^(?:(.+)_)?(lower|upper)$/.exec(name);
  return found && { of: found[1] ?? "", end: found[2] as "lower" | "upper" };
}

/** The interval of a name without its ends; null where neither it nor a column of that name is known. */
export function intervalOf(name: string): Column | null {
  const known = intervals.get(name);
  if (known) return known;
  const column = columnOf(name);
  if (!column || column.kind === "text" || column.kind === "interval") return null;
  const label = fullLabel({ ...column, unit: undefined });
  return {
    name,
    kind: "interval",
    label: `95% CI of ${label}`,
    meaning: `95 % interval of ${label}.`,
    of: column.kind,
    ...(column.decimals === undefined ? {} : { decimals: column.decimals }),
    ...(column.unit === undefined ? {} : { unit: column.unit }),
  };
}

/** Columns whose names are made by rule. */
const FAMILIES: readonly [RegExp, (rest: string) => Omit<Column, "name">][] = [
  [/^p_(.+)$/, (test) => ({
    kind: "p",
    over: "p",
    label: wordsOf(test),
    meaning: `p of the test ${wordsOf(test)}, two-sided.`,
  })],
  [/^n_(.+)$/, (what) => ({
    kind: "integer",
    over: "n",
    label: wordsOf(what),
    meaning: `How many there are: ${wordsOf(what)}.`,
  })],
  [/^answer (\d+)$/, (item) => ({
    kind: "integer",
    label: `answer ${item}`,
    meaning: `The answer to item ${item}, as a number; undefined where there is none.`,
  })],
  [/^score (\d+)$/, (item) => ({
    kind: "integer",
    label: `score ${item}`,
    meaning: `What the answer to item ${item} scores; undefined where there is none.`,
  })],
];

/** A column that is declared, by itself or by rule; null for any other name. */
export function columnOf(name: string): Column | null {
  const known = columns.get(name);
  if (known) return known;
  const end = endOf(name), interval = end && intervalOf(end.of);
  if (interval) {
    return {
      name,
      kind: interval.of ?? "number",
      over: interval.label,
      label: end!.end,
      meaning: `${end!.end === "lower" ? "Lower" : "Upper"} limit: ${interval.meaning}`,
      ...(interval.decimals === undefined ? {} : { decimals: interval.decimals }),
      ...(interval.unit === undefined ? {} : { unit: interval.unit }),
    };
  }
  for (const [pattern, made] of FAMILIES) {
    const found = pattern.exec(name);
    if (found) return { name, ...made(found[1]!) };
  }
  return null;
}

/** How many decimals a column is printed with. */
export const decimalsOf = ({ kind, decimals }: Pick<Column, "kind" | "decimals">): number =>
  decimals ?? (kind === "text" || kind === "interval" ? 0 : DECIMALS[kind]);

const united = (label: string, unit?: string): string => unit ? `${label} (${unit})` : label;

/** What stands alone over a column: its label with what it stands under and its unit. */
export const fullLabel = ({ over, label, unit }: Column): string =>
  united(over ? `${over} ${label}` : label, unit);

/** What stands over a column whose neighbours share what it stands under. */
export const shortLabel = ({ label, unit }: Column): string => united(label, unit);

declare(RESULTS, INTERVALS);
declare(STUDIES);
