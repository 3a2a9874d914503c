/** A user's own populations, from a CSV or from rows typed in. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
  type Codebook,
  Column,
  ID,
  inferred,
  isMissing,
  KINDS,
  levelsIn,
  levelValue,
  mistakes,
  nameIn,
  takes,
  type Value,
  valueIn,
  type Variable,
} from "../codebook.ts";
import type { Profile } from "../conditions.ts";
import { plural } from "../format.ts";
import { type Instrument, registered } from "../instruments.ts";
import { control, type Population, type Profiles } from "../population.ts";
import { itemNumber, sheetReader } from "../replies.ts";
import { named, parts, refuse, sheetOf, shown, type Table, tableOf, TOLD, whole } from "./files.ts";

/** What is known of a respondent, typed in: by column, as in a file. */
export type Row = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What is said of a population beside its rows. */
export interface Given {
  /**
   * What columns headed by a number are answers to; null: nothing, they are attributes. Left out, it is
   * the first instrument that a package brings, where there are such columns.
   */
  instrument?: Instrument | null;
  /**
   * Variables, or the path of a file of them; left out, the file `NAME.codebook.csv` beside a CSV, if it is
   * there. What it does not describe is inferred.
   */
  codebook?: string | Codebook;
  /** Left out, that of the file; of rows `people`. */
  name?: string;
}

/** The seed of the random control. */
const SEED = 42;

/** The highest number that the database's integer columns take. */
const HIGHEST_ID = 2_147_483_647;

const IDS =
  /^(?:(?:personality|profile|respondent|participant|person)?[\s_-]?id|profile|respondent)$/i;
const WEIGHT = /^weight$/i, STRATUM = /^strat(?:um|a)$/i;

/**
 * A population, of a CSV with a respondent in each row or of rows typed in.
 *
 * - An id: a column `id` (`personality_id`, `respondent` …). Whole numbers are kept as they are; of other
 *   texts, and without such a column, respondents are numbered from 1 in order of the rows, and the text
 *   stays as the variable `id`.
 * - `weight`, a number of 0 or more in every row, and `stratum`, where there are such columns.
 * - Of an instrument one column per item (`1`, `q1`, `item 1`): a number, a label of the instrument, or,
 *   where it asks for yes or no, True, False, Yes, No or the words of its language.
 * - Every other column is a variable of the codebook; an empty cell, or NA, is unknown.
 *
 * @throws {Error} with all that is wrong, ten problems at most: row (as a spreadsheet counts, of rows typed
 *   in from 1), column, value, and what it may be
 */
export function populationFrom(from: string | readonly Row[], given: Given = {}): Whole {
  const population = streamed(from, given);
  return {
    ...population,
    profiles: [...population.profiles],
    random: [...population.random],
  };
}

/** A population whose profiles are all here. */
export type Whole = Population & { profiles: readonly Profile[]; random: readonly Profile[] };

/** The same, with profiles that are read from the file whenever they are gone through. */
export function streamed(from: string | readonly Row[], given: Given): Population {
  if (from === "" || (typeof from !== "string" && !Array.isArray(from))) {
    throw new TypeError(
      "A population is the path of a CSV, or a list of rows such as " +
        `[{ id: 1, sex: "female", age: 41 }]: got ${shown(from)}`,
    );
  }
  const name = given.name ??
    (typeof from === "string"
      ? basename(from).replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40)
      : "people");
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$/u.test(name)) {
    throw new RangeError(
      "The name of a population is 1 to 40 letters, digits, ., _ and -: current value is " +
        JSON.stringify(name),
    );
  }
  if (given.instrument && !Array.isArray(given.instrument.items)) {
    throw new TypeError(`instrument is what profiles answer: got ${shown(given.instrument)}`);
  }
  const where = typeof from === "string" ? from : `Population ${name}`;
  const table = typeof from === "string" ? tableOf(from) : typed(where, from);
  return new Reading(where, table, given).population(
    name,
    typeof from === "string" ? from : "typed in",
    typeof from === "string" ? from.replace(/\.[^.]*$/, ".codebook.csv") : null,
  );
}

/** Rows that were typed in, as if a file had them. */
function typed(where: string, rows: readonly Row[]): Table {
  const problems: string[] = [];
  rows.forEach((row, at) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      problems.push(`row ${at + 1} is an object with a value for each column: got ${shown(row)}`);
      return;
    }
    for (const [name, value] of Object.entries(row)) {
      const fits = value === null || ["string", "boolean", "undefined"].includes(typeof value) ||
        Number.isFinite(value);
      if (!fits) {
        problems.push(
          `row ${at + 1}, ${name}: a value is a text, a number or null: got ${shown(value)}`,
        );
      }
    }
  });
  if (problems.length) refuse(where, problems);
  const header = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    facts: [],
    header: header.map((name) => name.trim()),
    rows: rows.map((row, at) => ({
      row: at + 1,
      cells: header.map((name) => String(row[name] ?? "").trim()),
    })),
  };
}

/** A variable, and the column that it stands in. */
interface Known {
  variable: Variable;
  at: number;
}

/** One table being read: its columns by what they are, and all that is wrong with it. */
class Reading {
  readonly #problems: string[] = [];
  readonly #header: readonly string[];
  readonly #rows: Table["rows"];
  readonly #columns: readonly Column[];
  /** How many rows there are. */
  #length = 0;
  /** Whether ids are numbers: then all are, and whole. */
  #numbered = false;
  readonly #instrument: Instrument | null;
  readonly #id: number | null;
  readonly #weight: number | null;
  readonly #stratum: number | null;
  /** By number of the item. */
  readonly #items = new Map<number, number>();

  constructor(
    private readonly where: string,
    { header, rows }: Table,
    private readonly given: Given,
  ) {
    this.#header = header;
    this.#rows = rows;
    this.#id = this.#one(IDS);
    this.#weight = this.#one(WEIGHT);
    this.#stratum = this.#one(STRATUM);
    const numbered = header.some((name) => itemNumber(name) !== null);
    this.#instrument = given.instrument === undefined
      ? numbered ? registered()[0] ?? null : null
      : given.instrument;
    if (this.#instrument) this.#findItems(this.#instrument);
    this.#columns = header.map(() => new Column());
    this.#see();
    if (!this.#length) this.#problems.push("no row below the header");
  }

  /** Goes through all rows once, to know what their columns are. */
  #see(): void {
    const isNumber = (text: string) =>
      text !== "" && Number.isFinite(Number(text.replace(",", ".")));
    for (const { cells } of this.#rows) {
      this.#length += 1;
      this.#columns.forEach((column, at) => column.add(cells[at] ?? ""));
      if (this.#id !== null && !this.#numbered) this.#numbered = isNumber(cells[this.#id] ?? "");
    }
  }

  population(name: string, origin: string, beside: string | null): Population {
    this.#end();
    const codebook = this.#codebook(beside);
    this.#check(codebook);
    const instrument = this.#instrument;
    const profiles: Profiles = {
      length: this.#length,
      [Symbol.iterator]: () => this.#profiles(codebook),
    };
    return {
      name,
      origin,
      instrument,
      codebook: codebook.map(({ variable }) => variable),
      profiles,
      random: instrument ? control(instrument, profiles, profiles.length, SEED) : [],
    };
  }

  /** Goes through all profiles once, to know all that is wrong with them. */
  #check(codebook: readonly Known[]): void {
    for (const _ of this.#profiles(codebook, new Ids()));
    this.#end();
  }

  #end(): void {
    if (this.#problems.length) refuse(this.where, this.#problems);
  }

  /** The one column of that name, or null. */
  #one(form: RegExp): number | null {
    const found = this.#header.flatMap((name, at) => form.test(name) ? [at] : []);
    if (found.length > 1) {
      const names = found.map((at) => this.#header[at]);
      const all = names.length > 2 ? "all" : "both";
      this.#problems.push(`${all} ${names.join(" and ")} are there: leave one`);
    }
    return found[0] ?? null;
  }

  #findItems({ title, items }: Instrument): void {
    for (const [at, name] of this.#header.entries()) {
      const item = itemNumber(name);
      if (item === null) continue;
      if (item < 1 || item > items.length) {
        this.#problems.push(`column ${name}: ${title} has items 1 to ${items.length}`);
      } else if (this.#items.has(item)) {
        const first = this.#header[this.#items.get(item)!];
        this.#problems.push(`columns ${first} and ${name} are one item: leave one`);
      } else this.#items.set(item, at);
    }
    const lacking = items.filter(({ number }) => !this.#items.has(number))
      .map(({ number }) => number);
    if (lacking.length) {
      this.#problems.push(
        `no column for ${plural(lacking.length, "item")} of ${title}: ${listed(lacking)}`,
      );
    }
  }

  /** Cells of a column. */
  *#texts(at: number): Generator<string> {
    for (const { cells } of this.#rows) yield cells[at] ?? "";
  }

  #codebook(beside: string | null): Known[] {
    const { codebook = beside && existsSync(beside) ? beside : [] } = this.given;
    const said = typeof codebook === "string" ? codebookIn(codebook) : codebook.map(described);
    const taken = new Set([this.#id, this.#weight, this.#stratum, ...this.#items.values()]);
    const columns = new Map<string, number>();
    const twice: string[] = [];
    for (const [at, heading] of this.#header.entries()) {
      const name = nameIn(heading);
      if (taken.has(at) || heading === "") continue;
      if (columns.has(name)) {
        twice.push(`columns ${this.#header[columns.get(name)!]} and ${heading} are both ${name}`);
      } else columns.set(name, at);
    }
    const unknown = said.filter(({ name }) => !columns.has(name))
      .map(({ name }) => `the codebook describes ${name}, which is no column`);
    if (twice.length || unknown.length) refuse(this.where, [...twice, ...unknown]);
    const all = [...columns].flatMap(([name, at]) => {
      const own = said.find((variable) => variable.name === name);
      if (own?.kind === "ignored") return [];
      const variable = own ? own as Variable : inferred(this.#header[at]!, this.#columns[at]!);
      const levels = variable.kind === "category" && !variable.levels;
      return [{
        variable: levels ? { ...variable, levels: levelsIn(this.#texts(at)) } : variable,
        at,
      }];
    });
    if (this.#id !== null && !this.#numbered) {
      const variable = { name: ID, label: this.#header[this.#id]!, kind: "text" } as const;
      all.unshift({ variable, at: this.#id });
    }
    const wrong = mistakes(all.map(({ variable }) => variable));
    if (wrong.length) refuse(this.where, wrong);
    if (!all.length && !this.#instrument) {
      refuse(this.where, [
        "nothing is known of its respondents: no column of an item or attribute",
      ]);
    }
    return all;
  }

  /** @param seen the ids so far, to find those that stand there twice; once is enough */
  *#profiles(codebook: readonly Known[], seen?: Ids): Generator<Profile> {
    const instrument = this.#instrument;
    const read = instrument && sheetReader(instrument, "number", instrument.language);
    let index = 0, weighed = 0;
    for (const { row, cells } of this.#rows) {
      const cell = (at: number) => cells[at] ?? "";
      const odd = (at: number, why: string) => {
        const text = cell(at);
        this.#problems.push(
          `row ${row}, column ${this.#header[at]}: ${text ? `${shown(text)} ${why}` : "empty"}`,
        );
      };
      index += 1;
      const id = this.#idOf(row, cells, seen) ?? index;
      const answers = (instrument?.items ?? []).map(({ number }) => {
        const at = this.#items.get(number)!;
        const answer = read!(cell(at), number);
        if (answer === null) odd(at, `is no answer to ${instrument!.title}`);
        return answer ?? NaN;
      });
      const values = codebook.map(({ variable, at }): [string, Value] => {
        const value = valueIn(variable, cell(at));
        if (value === undefined) {
          odd(at, `is no value of ${variable.name}: it takes ${takes(variable)}`);
        }
        return [variable.name, value ?? null];
      });
      const weight = this.#weight === null ? null : valueIn(NUMBER, cell(this.#weight));
      if (this.#weight !== null && !(typeof weight === "number" && weight >= 0)) {
        odd(this.#weight, "is no weight: they are numbers of 0 or more");
      } else weighed += Number(weight ?? 1);
      const stratum = this.#stratum === null ? "" : cell(this.#stratum);
      yield {
        id,
        answers,
        ...values.length && { values: Object.fromEntries(values) },
        ...!isMissing(stratum) && { stratum },
        ...typeof weight === "number" && { weight },
      };
    }
    if (index && weighed === 0) {
      this.#problems.push(
        `column ${this.#header[this.#weight!]}: all weights are 0: nobody counts`,
      );
    }
  }

  /** The whole number that a row says; null where it says none, and its place is its number. */
  #idOf(
    row: number,
    cells: readonly string[],
    seen: Ids | undefined,
  ): number | null {
    if (this.#id === null) return null;
    const numbered = this.#numbered;
    const text = cells[this.#id] ?? "", place = `row ${row}, column ${this.#header[this.#id]}`;
    const number = whole(text);
    const fits = typeof number === "number" && number >= 0 && number <= HIGHEST_ID;
    if (text === "") this.#problems.push(`${place}: empty`);
    else if (numbered && !fits) {
      this.#problems.push(
        `${place}: ${
          shown(text)
        } is not a whole number from 0 to ${HIGHEST_ID}: ids are all such ` +
          "numbers, or all words",
      );
    } else if (seen?.add(numbered ? number as number : text) === false) {
      // Of ten million ids no row is kept: it is looked for where it is told.
      const first = this.#problems.length < TOLD ? this.#rowWith(numbered ? number : text) : row;
      this.#problems.push(`row ${row}: id ${numbered ? number : text} is in row ${first} already`);
    }
    return numbered && fits ? number : null;
  }

  /** The first row with an id. */
  #rowWith(id: unknown): number {
    for (const { row, cells } of this.#rows) {
      const text = cells[this.#id!] ?? "";
      if ((this.#numbered ? whole(text) : text) === id) return row;
    }
    throw new RangeError(`No row has id ${id}`);
  }
}

/** Ids without repetition: whole numbers as bits, by pages, since a set of ten million does not fit. */
class Ids {
  readonly #pages = new Map<number, Uint32Array>();
  readonly #texts = new Set<string>();

  /** Whether it was new. */
  add(id: number | string): boolean {
    if (typeof id === "string") {
      const before = this.#texts.size;
      return this.#texts.add(id).size > before;
    }
    const at = id >>> 16;
    let page = this.#pages.get(at);
    if (!page) this.#pages.set(at, page = new Uint32Array(2 ** 11));
    const word = (id & 0xffff) >>> 5, bit = 1 << (id & 31);
    const held = (page[word]! & bit) !== 0;
    page[word]! |= bit;
    return !held;
  }
}

const NUMBER: Variable = { name: "weight", label: "weight", kind: "number" };

/** A variable as a codebook says it; `ignored`: its column is left out. */
type Said = Omit<Variable, "kind"> & { kind: Variable["kind"] | "ignored" };

const described = (variable: Variable): Said => ({ ...variable });

const FIELDS = ["name", "label", "kind", "levels", "unit"] as const;

/**
 * The variables that a file describes, as `populationFrom` reads it; those whose column is left out are not
 * among them.
 *
 * @throws {Error} with all that is wrong, ten problems at most
 */
export function codebookFrom(path: string): Codebook {
  const said = codebookIn(path).filter(({ kind }) => kind !== "ignored") as Variable[];
  const wrong = mistakes(said);
  if (wrong.length) refuse(path, wrong);
  return said;
}

/**
 * The codebook in a CSV: columns `name`, `kind` (category, ordered, number, text; ignored: the column is
 * left out) and, where they are wanted, `label`, `levels` (`1 = Male; 2 = Female`, or `Male; Female`) and
 * `unit`.
 */
function codebookIn(path: string): Said[] {
  const { header, rows } = sheetOf(path);
  const columns = header.map((name) => named(name, FIELDS));
  const problems = [
    ...columns.filter((name) => !(FIELDS as readonly string[]).includes(name))
      .map((name) => `column ${name}: unknown; there are ${FIELDS.join(", ")}`),
    ...["name", "kind"].filter((name) => !columns.includes(name)).map((name) =>
      `no column ${name}`
    ),
  ];
  if (problems.length) refuse(path, problems);
  const seen = new Set<string>();
  const said = rows.map(({ row, cells }): Said => {
    const of = (field: typeof FIELDS[number]) => cells[columns.indexOf(field)] ?? "";
    const name = nameIn(of("name")), kind = of("kind").toLowerCase();
    if (!name) problems.push(`row ${row}, name: empty`);
    if (seen.has(name)) problems.push(`row ${row}: ${name} stands there twice`);
    seen.add(name);
    if (![...KINDS, "ignored"].includes(kind)) {
      problems.push(
        `row ${row}, kind: ${shown(of("kind"))} is none of ${KINDS.join(", ")}, ignored`,
      );
    }
    const levels = parts(of("levels")).map((part) => {
      const [value, ...label] = part.split("=");
      return { value: levelValue(value!.trim()), label: label.join("=").trim() || value!.trim() };
    });
    if (kind === "ordered" && !levels.length) {
      problems.push(
        `row ${row}, levels: empty: the levels of ${name} in their order, as 1 = Low; 2 = High`,
      );
    }
    return {
      name,
      label: of("label") || of("name").replaceAll("_", " "),
      kind: kind as Said["kind"],
      ...levels.length && { levels },
      ...of("unit") && { unit: of("unit") },
    };
  });
  if (problems.length) refuse(path, problems);
  return said;
}

/** The first ten numbers, and how many more. */
function listed(numbers: readonly number[]): string {
  const more = numbers.length > TOLD ? ` and ${numbers.length - TOLD} more` : "";
  return numbers.slice(0, TOLD).join(", ") + more;
}
