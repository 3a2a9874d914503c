/** What is behind something shown: the tidy frame of its CSV, and the data that it is of. */
import pl, { type DataFrame } from "polars";
import type { Dataset } from "../db.ts";
import { type Source, sourcesOf } from "../provenance.ts";
import type { Study } from "../study.ts";

/**
 * What something shown was made of: a frame, the study that it is of, words for data that the project
 * does not know (`"census 2021"`), or null for numbers that are of no data, such as typed in ones.
 */
export type Behind = DataFrame | Dataset | Study | Source | string | null;

const isFrame = (one: Behind): one is DataFrame => pl.DataFrame.isDataFrame(one);

const listed = (behind: Behind | readonly Behind[] | undefined): readonly Behind[] =>
  behind === undefined ? [] : Array.isArray(behind) ? behind : [behind as Behind];

/** The first frame among what is behind. */
export const frameBehind = (behind: Behind | readonly Behind[] | undefined): DataFrame | null =>
  listed(behind).find(isFrame) ?? null;

/**
 * The sources of something shown. What names them outright goes before what frames know, and a frame
 * that knows before one that does not: it was given because it does.
 *
 * @returns null where nothing is known
 */
export function sourcesBehind(
  shown: unknown,
  behind: Behind | readonly Behind[] | undefined,
): readonly Source[] | null {
  const all = listed(behind);
  const named = all.filter((one) => !isFrame(one));
  if (named.length) return named.flatMap(stated);
  const sources = [shown, ...all].flatMap((one) => sourcesOf(one) ?? [NOTHING]);
  const known = sources.filter((source) => source !== NOTHING);
  return known.length || !sources.includes(NOTHING) ? known : null;
}

/** Of a thing of which nothing is known. */
const NOTHING: Source = { line: "", schema: null };

function stated(one: Behind): readonly Source[] {
  if (one === null) return [];
  if (typeof one === "string") {
    return [{ line: one.startsWith("Data: ") ? one : `Data: ${one}`, schema: null }];
  }
  if ("line" in one) return [one];
  return sourcesOf(one) ?? [];
}
