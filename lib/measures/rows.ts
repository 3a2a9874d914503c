/** Rows of respondents with a column per factor, and the cells that levels of factors make of them. */
import type { DataFrame } from "polars";
import { nearest, plural } from "../format.ts";
import type { Kind } from "../frames.ts";

/** A level of a factor; null where none is known or set. */
export type Level = string | number | null;

/** Columns that are no factor, besides those of items. */
const KEYS = new Set(["respondent", "cluster", "weight", "administration", "group"]);
const ITEM = /^(answer|score) \d+$/;

/** The rows of a frame, who gave them, and what they weigh. */
export class Rows {
  readonly height: number;
  /** Of each row its respondent, of each respondent the cluster and the weight; numbers from 0. */
  readonly respondent: Int32Array;
  readonly cluster: Int32Array;
  readonly weight: Float64Array;
  #columns = new Map<string, Level[]>();

  /** @throws {Error} when a respondent has two clusters or weights, a weight is none, or all are 0 */
  constructor(private readonly frame: DataFrame) {
    this.height = frame.height;
    const who = ["respondent", "profile"].find((name) => frame.columns.includes(name));
    const ids = numbered(who === undefined ? Array(this.height).fill(null) : this.identities(who));
    this.respondent = ids.of;
    const given = (name: string) => frame.columns.includes(name) ? this.column(name) : null;
    const [clusters, weights] = [given("cluster"), given("weight")];
    const own = numbered(clusters ?? []);
    this.cluster = Int32Array.from({ length: ids.count }, (_, at) => at);
    this.weight = new Float64Array(ids.count).fill(NaN);
    const odd = new Set<number>(), none = new Set<number>();
    const set = new Uint8Array(ids.count);
    for (let row = 0; row < this.height; row++) {
      const at = this.respondent[row]!;
      const cluster = clusters ? own.of[row]! : at;
      const weight = weights ? weights[row] : 1;
      if (typeof weight !== "number" || !(weight >= 0 && weight < Infinity)) none.add(row + 1);
      else if (!set[at]) [this.cluster[at], this.weight[at], set[at]] = [cluster, weight, 1];
      else if (this.cluster[at] !== cluster || this.weight[at] !== weight) odd.add(at);
    }
    if (none.size) {
      const [first] = none;
      throw new Error(
        `${none.size} of ${plural(this.height, "row")} have a weight that is none: ` +
          `row ${first} has ${weights![first! - 1]}: weights are numbers of 0 or more`,
      );
    }
    if (this.height && !this.weight.some((weight) => weight > 0)) {
      throw new Error(
        `${
          plural(ids.count, "respondent")
        }, and none weighs anything: a weight of 0 is nobody's vote; leave ` +
          "the column out where all count alike",
      );
    }
    if (odd.size) {
      const row = this.respondent.findIndex((at) => odd.has(at));
      throw new Error(
        `${odd.size} of ${plural(ids.count, "respondent")} have different clusters or weights in ` +
          `different rows: the first is ${who} ${
            this.column(who!)[row]
          }: both belong to whom a row ` +
          "is of",
      );
    }
  }

  /** Who rows are of: two populations may both have a profile 1. */
  private identities(who: string): Level[] {
    const ids = this.column(who);
    if (who !== "profile" || !this.has("profile_population")) return ids;
    const of = this.column("profile_population");
    return new Set(of).size < 2
      ? ids
      : ids.map((id, row) => id === null ? null : JSON.stringify([of[row], id]));
  }

  /** A column that is needed more than once. */
  column(name: string): Level[] {
    if (!this.#columns.has(name)) this.#columns.set(name, this.passing(name));
    return this.#columns.get(name)!;
  }

  /** A column that is needed once. */
  passing(name: string): Level[] {
    const values = this.frame.getColumn(name).toArray() as (Level | bigint | boolean)[];
    const odd = values.some((value) => typeof value === "bigint" || typeof value === "boolean");
    return odd ? values.map(plain) : values as Level[];
  }

  has(name: string): boolean {
    return this.frame.columns.includes(name);
  }

  /** @throws {Error} when there is no such column, naming those there are and the nearest */
  known(name: string, what: "factor" | "column"): string {
    return knownIn(this.frame.columns, name, what);
  }

  /** As what a column of levels stands in a result. */
  kind(name: string): Kind {
    const levels = this.column(name).filter((level) => level !== null);
    return levels.length === 0 || levels.some((level) => typeof level !== "number")
      ? "text"
      : levels.every((level) => Number.isInteger(level))
      ? "integer"
      : "number";
  }

  /** The levels of a factor in order: none, numbers, words with the numbers in them by size. */
  levels(name: string): Level[] {
    return inOrder(this.column(name));
  }
}

const plain = (value: Level | bigint | boolean): Level =>
  typeof value === "bigint" ? Number(value) : typeof value === "boolean" ? `${value}` : value;

/**
 * A factor by the names of the columns that rows have, or any column that is of no item.
 *
 * @throws {Error} when there is none, naming those there are and the nearest
 */
export function knownIn(
  columns: readonly string[],
  name: string,
  what: "factor" | "column",
): string {
  const isItem = ITEM.test(name), isKey = what === "factor" && KEYS.has(name);
  if (columns.includes(name) && !isItem && !isKey) return name;
  const factors = factorNames(columns);
  const near = factors.length ? `: did you mean ${nearest(name, factors)}?` : "";
  throw new Error(`These rows have no ${what} ${name}${near} There are ${listed(factors)}`);
}

/** Those of the columns that rows have which are factors. */
export const factorNames = (columns: readonly string[]): string[] =>
  columns.filter((name) => !KEYS.has(name) && !ITEM.test(name));

const listed = (names: readonly string[]): string => names.join(", ") || "none";

export const inOrder = (levels: Iterable<Level>): Level[] =>
  [...new Set(levels)].toSorted(compared);

const words = new Intl.Collator("en", { numeric: true });

function compared(a: Level, b: Level): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
  return words.compare(a, b) || (a < b ? -1 : 1);
}

/** Identities as numbers in the order of the identities; each null is one of its own. */
function numbered(ids: readonly Level[]): { of: Int32Array; count: number } {
  const known = inOrder(ids.filter((id) => id !== null));
  const places = new Map(known.map((id, at) => [id, at]));
  let count = known.length;
  const of = Int32Array.from(ids, (id) => id === null ? count++ : places.get(id)!);
  return { of, count };
}

/** One combination of levels, and the rows under it by respondent, in order of the respondents. */
export interface Cell {
  levels: readonly Level[];
  /** Rows, respondent by respondent. */
  order: Uint32Array;
  /** Of each respondent the number, and where its rows begin and end in `order`. */
  respondents: Int32Array;
  starts: Uint32Array;
}

/** The levels of a cell by the names of their factors, as columns of a result. */
export const keysOf = (factors: readonly string[], { levels }: Cell): Record<string, Level> =>
  Object.fromEntries(factors.map((name, at) => [name, levels[at]!]));

/** As what the columns of factors stand in a result. */
export const kindsOf = (rows: Rows, factors: readonly string[]): Record<string, Kind> =>
  Object.fromEntries(factors.map((name) => [name, rows.kind(name)]));

/**
 * The combinations of levels that rows have, in order of the levels; rows of weight 0 count for nothing.
 *
 * @param crossed also those that no row has
 */
export function cells(rows: Rows, factors: readonly string[], crossed = false): Cell[] {
  const levels = factors.map((name) => rows.levels(name));
  const places = levels.map((own) => new Map(own.map((level, place) => [level, place])));
  const columns = factors.map((name) => rows.column(name));
  // Combinations are numbered as they are met: all that there could be may be far more.
  const numbers = new Map<string, number>(), met: number[][] = [];
  const numberOf = (at: number[]) => {
    const key = at.join(" ");
    if (!numbers.has(key)) numbers.set(key, met.push(at) - 1);
    return numbers.get(key)!;
  };
  if (crossed || factors.length === 0) {
    const all = levels.reduce<number[][]>(
      (made, own) => made.flatMap((at) => own.map((_, place) => [...at, place])),
      [[]],
    );
    all.forEach(numberOf);
  }
  const cell = new Int32Array(rows.height).fill(-1);
  for (let row = 0; row < rows.height; row++) {
    if (!(rows.weight[rows.respondent[row]!]! > 0)) continue;
    cell[row] = numberOf(columns.map((column, at) => places[at]!.get(column[row]!)!));
  }
  const kept = Uint32Array.from({ length: rows.height }, (_, row) => row)
    .filter((row) => cell[row]! >= 0);
  const byWho = sorted(kept, (row) => rows.respondent[row]!, rows.cluster.length);
  const order = sorted(byWho, (row) => cell[row]!, met.length);
  const made: Cell[] = [];
  let from = 0;
  met.forEach((at, number) => {
    let to = from;
    while (to < order.length && cell[order[to]!] === number) to++;
    const own = order.subarray(from, to);
    const starts = own.keys().filter((place) =>
      place === 0 || rows.respondent[own[place]!] !== rows.respondent[own[place - 1]!]
    ).toArray();
    made.push({
      levels: at.map((place, factor) => levels[factor]![place]!),
      order: own,
      respondents: Int32Array.from(starts, (place) => rows.respondent[own[place]!]!),
      starts: Uint32Array.from([...starts, own.length]),
    });
    from = to;
  });
  const inPlace = met.keys().toArray().toSorted((a, b) => {
    const factor = met[a]!.findIndex((place, at) => place !== met[b]![at]);
    return factor < 0 ? 0 : met[a]![factor]! - met[b]![factor]!;
  });
  return inPlace.map((number) => made[number]!);
}

/** Rows by a whole number below `most`, otherwise in the order that they have. */
function sorted(rows: Uint32Array, by: (row: number) => number, most: number): Uint32Array {
  const starts = new Uint32Array(most + 1);
  for (const row of rows) starts[by(row) + 1]! += 1;
  for (let at = 0; at < most; at++) starts[at + 1]! += starts[at]!;
  const order = new Uint32Array(rows.length);
  for (const row of rows) order[starts[by(row)]!++] = row;
  return order;
}
