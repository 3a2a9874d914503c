/** Norms as data: what groups of people scored on the scales of one form of an instrument. */
import { join } from "node:path";
import { ROOT } from "../../config.ts";
import { records } from "../../csv.ts";
import type { Instrument } from "../../instruments.ts";
import { textOf } from "../../study.ts";

/** What a group of people scored on one scale of one form of an instrument. */
export interface Norm {
  /** The instrument's name, such as `epqra`. */
  instrument: string;
  /** Which form of it, as `formOf` puts it. */
  form: string;
  group: string;
  scale: string;
  n: number;
  mean: number;
  sd: number;
  country: string | null;
  year: string | null;
  source: string;
}

/** The columns of a file of norms. */
const FIELDS = [
  ...["instrument", "form", "group", "scale", "n", "mean", "sd", "country", "year", "source"],
] as const;

/** The norms that are shipped: `dataset/norms.csv`. */
export const SHIPPED = join(ROOT, "dataset", "norms.csv");

/**
 * The form of an instrument by which norms are told apart: how many items, from which lowest to which highest
 * answer, summed or averaged: `24 items 0-1 sum`.
 */
export const formOf = ({ items, lowest, highest, scoredAs }: Instrument): string =>
  `${items.length} items ${lowest}-${highest} ${scoredAs}`;

/**
 * Norms of a CSV with the columns instrument, form, group, scale, n, mean, sd, country, year, source; country
 * and year may be empty.
 *
 * @param path the shipped ones where left out
 * @throws {Error} when a column or number is missing, naming file and line
 */
export function normsFrom(path: string = SHIPPED): Norm[] {
  const found = records(textOf(path), path, null);
  const lacking = FIELDS.filter((name) => found.length > 0 && !(name in found[0]!));
  if (!found.length || lacking.length) {
    throw new Error(
      `${path} has ${found.length ? `no column ${lacking.join(", ")}` : "no norms"}: norms have ` +
        FIELDS.join(", "),
    );
  }
  return found.map((record, at) => {
    const line = `${path}, line ${at + 2}`;
    const text = (name: string) => {
      if (record[name]) return record[name];
      throw new Error(`${line}: ${name} is missing`);
    };
    const number = (name: string, least: number) => {
      const value = Number(text(name));
      if (Number.isFinite(value) && value >= least) return value;
      throw new Error(`${line}: ${name} is ${record[name]}: must be a number of ${least} or more`);
    };
    return {
      instrument: text("instrument"),
      form: text("form"),
      group: text("group"),
      scale: text("scale"),
      n: number("n", 2),
      mean: number("mean", -Infinity),
      sd: number("sd", 0),
      country: record.country ?? null,
      year: record.year ?? null,
      source: text("source"),
    };
  });
}

/**
 * The norms of the form of an instrument.
 *
 * @throws {Error} when none is of this form, or one lies outside what the scale can have
 */
export function ofForm(norms: readonly Norm[], instrument: Instrument): Norm[] {
  const { name, title, lowest, highest, scoredAs, items } = instrument;
  const form = formOf(instrument);
  const named = norms.filter((norm) => norm.instrument === name);
  const own = named.filter((norm) => norm.form === form);
  if (!own.length) {
    const others = [...new Set(named.map((norm) => norm.form))];
    const known = [...new Set(norms.map((norm) => `${norm.instrument} (${norm.form})`))];
    throw new Error(
      `No norm is of ${title} (${name}, ${form}): ` + (others.length
        ? `those of ${name} are of another form, ${
          others.join("; ")
        }, and scores of another form do ` +
          "not compare"
        : `there are norms of ${known.join("; ") || "nothing"}`) +
        ": give norms of this form with `norms: normsFrom(FILE)`",
    );
  }
  for (const { scale, mean, group, sd } of own) {
    const count = items.filter((item) => item.scale === scale).length;
    if (!count) {
      throw new Error(`The norms of ${group} have a scale ${scale}, and ${title} has none`);
    }
    const keyed = items.some((item) => item.scale === scale && item.keyed !== null);
    const [low, high] = (keyed ? [0, 1] : [lowest!, highest!])
      .map((end) => scoredAs === "sum" ? end * count : end) as [number, number];
    if (mean >= low && mean <= high && sd <= high - low) continue;
    throw new Error(
      `The norm of ${group} on ${scale} has mean ${mean} and sd ${sd}, and ${title} is scored from ` +
        `${low} to ${high}: it was scored otherwise`,
    );
  }
  return own;
}
