/**
 * The reads of a page on which people are looked at one by one: rows with few bytes each, what stands behind
 * some of them, and a search. They are made whenever somebody asks, so that a page shows a study as it is.
 */
import type postgres from "postgres";
import type { Codebook, Values } from "../codebook.ts";
import type { Form } from "../forms.ts";
import type { Collected } from "../frames.ts";
import { type Instrument, score } from "../instruments.ts";
import { columnsIn, sheets } from "./sheets.ts";

/** What a column of rows is to whoever looks at them. */
export type Part = "factor" | "field" | "score" | "state" | "hidden";

/** Rows of one kind, with what each column is; the column `id` is the key of what stands behind a row. */
export interface Rows {
  rows: Collected;
  parts: ReadonlyMap<string, Part>;
}

/** Whose profile it is: the name of its population, and its id there. */
export type ProfileKey = readonly [population: string, profile: number];

/** Scale scores by scale, null where an item lacks; empty where there is nothing to score. */
export type Scores = Readonly<Record<string, number | null>>;

/** One call: the request and its reply as they were stored. */
export interface Call {
  provider: string | null;
  sent: string;
  reply: string;
  milliseconds: number | null;
  usd: number | null;
}

export interface ProfileBehind {
  population: string;
  profile: number;
  codebook: Codebook;
  values: Values;
  stratum: string | null;
  weight: number | null;
  /** That its answers are to; null where it answered none. */
  instrument: string | null;
  language: string | null;
  answers: readonly (number | null)[] | null;
  scores: Scores;
}

export interface PersonaBehind {
  id: number;
  form: string;
  /** What was written in each field, its category, and what became of it. */
  fields: Values;
  cleaned: Values;
  status: Readonly<Record<string, string>>;
  /** The profile's answers as the writer was shown them, null where one was left out; null where unknown. */
  shown: readonly (number | null)[] | null;
  shown_scores: Scores;
  /** The items and the variables that the condition set. */
  changed: readonly number[];
  changed_values: readonly string[];
  shown_values: Values;
  flags: readonly string[];
  /** Of work that failed: why, in full. */
  trouble: string | null;
  calls: readonly Call[];
}

export interface SheetBehind {
  id: number;
  instrument: string;
  language: string | null;
  /** By item, in the instrument's order; null where there is none. */
  answers: readonly (number | null)[];
  scores: Scores;
  explanation: string | null;
  reasons: readonly (string | null)[] | null;
  flags: readonly string[];
  trouble: string | null;
  calls: readonly Call[];
}

/** Reads of one schema. */
export interface Browsed {
  /**
   * A row for each persona, and in a study of one's own for each that failed for good: id, its factors,
   * profile, repetition, fields but for long texts (by their category where they have one), words of each
   * long text, a hash of what was written, state, flags. Where a field is written in several forms, each has its own.
   */
  personas(): Promise<Rows>;
  /**
   * A row for each sheet, done or failed: id, instrument, its factors, profile, persona and repetition,
   * scores by scale (null where an item lacks), items without an answer, a hash of the answers, state, flags; `of` is the row of
   * the persona that answered, null where that is not known.
   */
  sheets(): Promise<Rows>;
  /** Ids of the personas whose texts hold all of these, in whatever case. */
  find(words: readonly string[]): Promise<number[]>;
  behindProfiles(keys: readonly ProfileKey[]): Promise<ProfileBehind[]>;
  behindPersonas(ids: readonly number[]): Promise<PersonaBehind[]>;
  behindSheets(ids: readonly number[]): Promise<SheetBehind[]>;
  /** What must stand wherever any of it is shown, as of now. */
  line(): Promise<string>;
  /** Whether any request is stored. */
  asked(): Promise<boolean>;
  /** All that sheets and profiles are answers to, in every language. */
  instruments(): Promise<readonly Instrument[]>;
  /** The forms that personas were written in. */
  forms(): Promise<readonly Form[]>;
}

export type Sql = postgres.Sql;

/** Whole numbers, and texts, as arrays of PostgreSQL: a pool that asks for no types does not know them. */
export const list = (numbers: readonly number[]): string => `{${numbers.join()}}`;
export const texts = (sql: Sql, all: readonly string[]) =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(all)}::text::jsonb))`;

/** A pattern of LIKE that finds a text; letters beyond ASCII, whose case a database may not know, are any. */
export const pattern = (text: string): string =>
  `%${text.replace(/[\\%_]/g, "\\$&").replace(/[^\0-\x7f]/gu, "_")}%`;
export const isPlain = (text: string): boolean => !/[^\0-\x7f]/.test(text);

const holdsAll = (text: string, words: readonly string[]): boolean => {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word.toLowerCase()));
};

/** Rows of ids and texts, of which those count that hold all words. */
export async function found(
  rows: PromiseLike<readonly postgres.Row[]>,
  words: readonly string[],
): Promise<number[]> {
  const exact = words.every(isPlain);
  return (await rows).filter(({ text }) => exact || holdsAll(text as string, words))
    .map(({ id }) => id as number);
}

/** Of each sheet, by its id, its scores as columns of these names, and how many items have no answer; and a hash of its answers. */
interface Scored {
  names: string[];
  of: Map<number, { scores: Scores; missing: number; hash: number }>;
}

export async function scored(
  sql: Sql,
  schema: string,
  own: boolean,
  instruments: readonly Instrument[],
): Promise<Scored> {
  const names: string[] = [], of: Scored["of"] = new Map();
  const distinct = instruments.filter((one, at) =>
    instruments.findIndex(({ name }) => name === one.name) === at
  );
  for (const { name, items, scales, scoredAs } of distinct) {
    const rows = columnsIn(await sheets(sql, schema, name, own));
    if (!rows.height) continue;
    const id = rows.numbers("administration");
    const column = (of: string) => rows.has(of) ? rows.numbers(of) : () => null;
    const read = items.map(({ number, scale }) => ({
      scale,
      answer: column(`answer ${number}`),
      score: column(`score ${number}`),
    }));
    const called = (scale: string) => distinct.length > 1 ? `${scale} (${name})` : scale;
    names.push(...scales.map(called));
    const byScale = scales.map((scale) =>
      [called(scale), read.filter((item) => item.scale === scale)] as const
    );
    for (let row = 0; row < rows.height; row++) {
      const scores: Record<string, number | null> = {};
      for (const [name, items] of byScale) {
        let sum: number | null = 0;
        for (const { answer, score } of items) {
          // Restored sheets have a score for an answer that is not there.
          const points: number | null = answer(row) === null ? null : score(row);
          if (points === null || sum === null) sum = null;
          else sum += points;
        }
        scores[name] = sum === null || scoredAs === "sum" ? sum : sum / items.length;
      }
      const given = read.map(({ answer }) => answer(row));
      of.set(id(row)!, {
        scores,
        missing: given.filter((answer) => answer === null).length,
        // One bit less than a whole number here may have, of which the lowest stands for none.
        hash: given.reduce<number>((hash, answer) => hash * 31 + (answer ?? -99) | 0, 7) >> 1,
      });
    }
  }
  return { names, of };
}

/** None of answers that the instrument does not know. */
export function scoresOf(
  instrument: Instrument | undefined,
  given: readonly (number | null)[] | null,
): Scores {
  if (!instrument || given === null) return {};
  try {
    return Object.fromEntries(score(instrument, given).map(({ scale, score }) => [scale, score]));
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}

/** The instrument of a name, in a language where it is there in it. */
export const among = (
  instruments: readonly Instrument[],
  name: string | null,
  language: string | null,
): Instrument | undefined => {
  const all = instruments.filter((one) => one.name === name);
  return all.find((one) => one.language === language) ?? all[0];
};
