/** Numbers and lists as they read in a sentence. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { DASH, fixed } from "../../format.ts";
import { rows } from "../../frames.ts";

export type Value = number | null;

/** A number with so many decimals; − before what is negative, and none before what rounds to 0. */
export function number(value: Value, decimals = 2): string {
  if (value === null) return DASH;
  const text = fixed(value, decimals);
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** A share (0–1) in percent. */
export const percent = (share: Value, decimals = 1): string =>
  share === null ? DASH : `${number(100 * share, decimals)} %`;

/** `[0.72, 0.78]`. */
export const interval = (lower: Value, upper: Value, decimals = 2): string =>
  `[${number(lower, decimals)}, ${number(upper, decimals)}]`;

/** A share's limits in percent: `[10.9, 13.8]`. */
export const limits = (lower: Value, upper: Value, decimals = 1): string =>
  interval(times100(lower), times100(upper), decimals);

const times100 = (value: Value): Value => value === null ? null : 100 * value;

/** `0.94 to 0.99`, or the one number where both print alike. */
export function range(values: readonly Value[], decimals = 2): string {
  const known = values.filter((value) => value !== null);
  if (!known.length) return DASH;
  const [low, high] = [Math.min(...known), Math.max(...known)].map((one) => number(one, decimals));
  return low === high ? low! : `${low} to ${high}`;
}

/** `a, b and c`; `none` of nothing. */
export function list(parts: readonly string[], none = "none"): string {
  if (parts.length < 2) return parts[0] ?? none;
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** The first of many, and how many more there are. */
export function some(parts: readonly string[], most = 6, none = "none"): string {
  const more = parts.length - most;
  return more > 0 ? list([...parts.slice(0, most), `${more} more`]) : list(parts, none);
}

/** `1 stands`, `23 stand`. */
export const verb = (n: number, singular: string, plural: string): string =>
  `${n} ${n === 1 ? singular : plural}`;

/** What is said where the data hold nothing that a sentence could be made of: no count of 0 passes for a finding. */
export const nothing = (what: string): string[] => [
  `Nothing can be said of ${what}: these data hold no cell of it.`,
];

const Text = z.string();
const Number_ = z.number().nullable();

/** Columns of a frame as records: those named in `text` as text, those in `numbers` as numbers or null. */
export function records<T extends string, N extends string>(
  frame: DataFrame,
  text: readonly T[],
  numbers: readonly N[],
): (Record<T, string> & Record<N, Value>)[] {
  const shape = z.object(Object.fromEntries([
    ...text.map((name) => [name, Text] as const),
    ...numbers.map((name) => [name, Number_] as const),
  ]));
  return rows(
    frame.select(...text, ...numbers),
    shape,
  ) as unknown as (Record<T, string> & Record<N, Value>)[];
}
