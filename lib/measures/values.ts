/** What is measured of a row: the score of a scale, or whether a value was given. */
import pl, { type DataFrame } from "polars";
import { described, nearest, plural } from "../format.ts";
import { type Instrument, isOrdered } from "../instruments.ts";
import { type WeightedShare, weightedShare, type WeightedSums } from "../stats.ts";
import { type Cell, inOrder, type Level, Rows } from "./rows.ts";

/** Answer sheets of one instrument; see `lib/measures.ts`. */
export interface Sheets {
  items: DataFrame;
  sheets: DataFrame;
  /** Of items with options of their own, a row per option: item, code, label, role. */
  options?: DataFrame;
}

/** Answer sheets, or any frame with a row per respondent or persona. */
export type Data = Sheets | DataFrame;

const hasItems = (data: Data): data is Sheets => !pl.DataFrame.isDataFrame(data);

export const rowsOf = (data: Data): Rows => new Rows(hasItems(data) ? data.sheets : data);

/** A number of each row, NaN where it has none; `keys` say what it is. */
export interface Measure {
  keys: Readonly<Record<string, string>>;
  of: (row: number) => number;
}

/**
 * The scales of an instrument: the sum or mean of the scores of all items of a scale, which a sheet that
 * leaves one of them out does not have.
 *
 * @throws {Error} when the sheets lack a scale or the columns of an item
 */
export function scaleScores(given: Data, rows: Rows, instrument: Instrument): Measure[] {
  if (!hasItems(given)) {
    throw new Error(
      "Scores are of sheets with their items, as study.sheets(…) reads them: got a frame",
    );
  }
  const item = given.items.getColumn("item").toArray() as number[];
  const scale = given.items.getColumn("scale").toArray() as (string | null)[];
  const scales = Map.groupBy(item, (_, at) => scale[at]!);
  const missing = instrument.scales.filter((scale) => !scales.has(scale));
  if (missing.length) {
    throw new Error(
      `These sheets have the scales ${[...scales.keys()].join(", ") || "of no item"}, ` +
        `and not ${missing.join(", ")}: read those of ${instrument.title} with ` +
        `study.sheets(${JSON.stringify(instrument.name)})`,
    );
  }
  if (!instrument.scales.length) {
    throw new Error(
      `${instrument.title} has no scales: name items, as in { items: [1] }, for the scores of each, ` +
        "or read shares",
    );
  }
  return instrument.scales.map((scale) => {
    const numbers = scales.get(scale)!;
    const sums = summedScores(rows, numbers, `an item of the scale ${scale}`);
    const by = instrument.scoredAs === "mean" ? numbers.length : 1;
    return { keys: { scale }, of: (row) => sums[row]! / by };
  });
}

/** By row the sum of the scores of items; NaN where one of them has none. */
function summedScores(rows: Rows, numbers: readonly number[], what: string): Float64Array {
  const scores = new Float64Array(rows.height);
  for (const number of numbers) {
    const [answer, score] = [`answer ${number}`, `score ${number}`].map((name) => {
      if (rows.has(name)) return rows.passing(name);
      throw new Error(`These sheets have no column ${name}, of ${what}`);
    });
    for (let row = 0; row < rows.height; row++) {
      // A keyed item without an answer may have a score of 0 in the data.
      const own = answer![row] === null ? null : score![row];
      scores[row]! += typeof own === "number" ? own : NaN;
    }
  }
  return scores;
}

/**
 * The scores of single items, each as a scale of its own.
 *
 * @throws {Error} when an item is not there, or has neither a key nor an order of its options
 */
export function itemScores(
  rows: Rows,
  instrument: Instrument,
  numbers: readonly number[],
): Measure[] {
  if (!Array.isArray(numbers) || !numbers.length) {
    throw new Error(`\`items\` is a list of item numbers, such as [1]: got ${described(numbers)}`);
  }
  return numbers.map((number: number) => {
    const item = instrument.items.find((item) => item.number === number);
    if (!item) {
      throw new Error(
        `${instrument.title} has items 1 to ${instrument.items.length}: got ${number}`,
      );
    }
    if (item.keyed === null && !isOrdered(instrument, item)) {
      throw new Error(
        `Item ${number} of ${instrument.title} has options without an order, so that it has no mean: ` +
          `read shares(…, { of: ${number} })`,
      );
    }
    const sums = summedScores(rows, [number], `item ${number}`);
    return { keys: { scale: `item ${number}` }, of: (row) => sums[row]! };
  });
}

/** What is counted: an item by its number, or a column by its name; or several of these. */
export type Counted = number | string | readonly (number | string)[];

/** Which values there are. */
export interface Values {
  /** Values that have a row even where nobody gave them; others follow them. */
  values?: readonly (string | number)[];
  /**
   * Values that are no answer, such as a refusal: counted apart. Left out, the refusal and the don't-know
   * of an item with options of its own.
   */
  refusals?: readonly (string | number)[];
  /**
   * What shares are of: rows that gave an answer, or all that were asked, where what is no answer has a
   * share as well.
   */
  among?: "answered" | "asked";
}

/** The values of an item or column: what each row gave, and a measure for each value. */
export interface Variable {
  variable: string;
  measures: readonly Measure[];
  missing: (row: number) => boolean;
  refused: (row: number) => boolean;
}

/**
 * The values of what is counted; of an item with options of its own every option, in the order printed.
 *
 * @throws {Error} when there is no such item or column
 */
export function variables(data: Data, rows: Rows, of: Counted, options: Values): Variable[] {
  const asked = typeof of === "object" ? of : [of];
  if (!asked.length) throw new Error("`of` names items or columns: got none");
  const whole = options.among === "asked";
  if (options.among !== undefined && options.among !== "answered" && !whole) {
    throw new Error(`\`among\` is "answered" or "asked": got ${described(options.among)}`);
  }
  return asked.map((one) => {
    const name = typeof one === "number" ? `answer ${one}` : rows.known(one, "column");
    if (!rows.has(name)) {
      throw new Error(`These rows have no item ${one}: there is no column ${name}`);
    }
    const own = typeof one === "number" ? ownOptions(data, one) : [];
    const declined = own.filter(({ role }) => role !== null).map(({ code }) => code);
    const given = rows.passing(name);
    const refusals = new Set<Level>(options.refusals ?? declined);
    const found = inOrder(given.filter((value) => value !== null));
    const all = [...options.values ?? own.map(({ code }) => code), ...found];
    const values = [...new Set(all)].filter((value) => whole || !refusals.has(value));
    const places = new Map<Level, number>(values.map((value, place) => [value, place]));
    const code = Int32Array.from(
      given,
      (value) => value === null ? -1 : places.get(value) ?? -2,
    );
    const no = Uint8Array.from(given, (value) => Number(value !== null && refusals.has(value)));
    const variable = typeof one === "number" ? `item ${one}` : one;
    return {
      variable,
      missing: (row) => code[row] === -1,
      refused: (row) => no[row] === 1,
      measures: values.map((value, place) => {
        const option = own.find((option) => option.code === value);
        return {
          keys: {
            variable,
            value: String(value),
            ...option && { option: option.label },
            ...option?.role && { option_role: option.role },
          },
          of: (row: number) => code[row]! < 0 && !whole ? NaN : Number(code[row] === place),
        };
      }),
    };
  });
}

/** Whether what is counted has options with labels of its own. */
export const hasOptions = (data: Data, of: Counted): boolean =>
  (typeof of === "object" ? of : [of])
    .some((one) => typeof one === "number" && ownOptions(data, one).length > 0);

interface OwnOption {
  code: number;
  label: string;
  role: string | null;
}

function ownOptions(data: Data, number: number): OwnOption[] {
  if (!hasItems(data) || !data.options) return [];
  return (data.options.toRecords() as unknown[] as (OwnOption & { item: number })[])
    .filter(({ item }) => item === number);
}

/**
 * The weighted share of rows of a cell, respondent by respondent.
 *
 * @param cell none has no share
 * @param of 1 or 0; NaN where a row does not count
 */
export const shareIn = (
  rows: Rows,
  cell: Cell | undefined,
  of: (row: number) => number,
): WeightedShare =>
  weightedShare(
    cell ? summed(rows, cell, { of }, 0) : { cluster: [], weight: [], n: [], sum: [] },
  );

/**
 * What a cell's rows add up to, respondent by respondent; rows without the number are left out.
 *
 * @param origin what sums are counted from: the first number, if nothing else is said
 */
export function summed(
  rows: Rows,
  cell: Cell,
  { of }: Pick<Measure, "of">,
  origin = NaN,
): Required<WeightedSums> {
  const { order, respondents, starts } = cell;
  const length = respondents.length;
  const [n, sum, square] = [0, 0, 0].map(() => new Float64Array(length));
  for (let part = 0; part < length; part++) {
    for (let at = starts[part]!; at < starts[part + 1]!; at++) {
      const value = of(order[at]!);
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(origin)) origin = value;
      n![part]! += 1;
      sum![part]! += value - origin;
      square![part]! += (value - origin) ** 2;
    }
  }
  return {
    cluster: Int32Array.from(respondents, (one) => rows.cluster[one]!),
    weight: Float64Array.from(respondents, (one) => rows.weight[one]!),
    n: n!,
    sum: sum!,
    square: square!,
    origin: Number.isNaN(origin) ? 0 : origin,
  };
}

/** How many rows of a cell are such, and how many respondents have a number. */
export const counted = (cell: Cell, such: (row: number) => boolean): number =>
  cell.order.reduce((count, row) => count + Number(such(row)), 0);
export const withRows = ({ n }: Pick<WeightedSums, "n">): number =>
  Array.from(n).reduce((count, rows) => count + Number(rows > 0), 0);

/**
 * The factors that a result is by.
 *
 * @param columns what else the result has
 * @throws {Error} when one is unknown, named twice, or has the name of another column of the result
 */
export function factorsOf(
  rows: Pick<Rows, "known">,
  by: readonly string[],
  columns: readonly string[],
): readonly string[] {
  if (!Array.isArray(by)) {
    throw new Error(`\`by\` is a list of factors, such as ["model"]: got ${described(by)}`);
  }
  by.forEach((name: string, at: number) => {
    rows.known(name, "factor");
    if (by.indexOf(name) < at) throw new Error(`Factors are named once: ${name} is twice`);
    if (columns.includes(name)) {
      throw new Error(`The result has a column ${name} of its own: rename the factor`);
    }
  });
  return by;
}

/** @throws {Error} naming the levels that there are, and the nearest */
export function levelOf(rows: Pick<Rows, "levels">, factor: string, level: Level): Level {
  const levels = rows.levels(factor);
  const found = levels.find((one) =>
    one === level || (one !== null && String(one) === String(level))
  );
  if (found !== undefined) return found;
  const names = levels.map((one) => one === null ? "null" : String(one));
  const near = names.length ? `: did you mean ${nearest(String(level), names)}?` : "";
  throw new Error(
    `${factor} has no level ${level}${near} It has ${plural(names.length, "level")}: ` +
      `${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
  );
}
