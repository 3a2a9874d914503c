/** Answer sheets as the table builders see them: keys, items by scale, rows by cell. */
import type { DataFrame } from "polars";
import { type Administrations, columnsIn } from "../../db.ts";
import type { Columns } from "../../frames.ts";
import { type Mode, MODELS, REFERENCE } from "../design.ts";

type Value = number | null;

/** How a table is built. */
export interface Options {
  /** `printed` unless said. */
  mode?: Mode;
  /**
   * Factors that the table has cells of in place of the paper's models and conditions: columns of sheets or
   * personas, such as `["prompt", "language"]`. What is not named is taken together.
   */
  by?: readonly string[];
}

/** The keys of one answer sheet; `row` is its place in the frame. */
export interface Sheet {
  row: number;
  group: number | null;
  model: string | null;
  condition: string | null;
  population: string | null;
  /** Below 0 it is one of another population than the study's reference, and no other number. */
  profile: number | null;
  administration: number | null;
}

export const column = <T>(frame: DataFrame, name: string): T[] =>
  frame.getColumn(name).toArray() as T[];

/** One item's answers or scores: by row, null where missing. */
export type Item = (row: number | undefined) => Value;

/** What both modes take from sheets: out of their frame once, for all tables. */
class Taken {
  readonly sheets: readonly Sheet[];
  readonly scales: ReadonlyMap<string, number[]>;
  #items = new Map<string, Item>();

  readonly columns: Columns;

  constructor(given: Administrations) {
    const { items } = given;
    this.columns = columnsIn(given);
    const [model, condition, population] = ["model", "condition", "population"]
      .map((name) => this.columns.words(name));
    const [group, profile, administration] = ["group", "profile", "administration"]
      .map((name) => this.columns.numbers(name));
    const whose = whoseIn(given, this.columns);
    this.sheets = Array.from({ length: this.columns.height }, (_, row) => ({
      row,
      group: group!(row),
      model: model![row]!,
      condition: condition![row]!,
      population: population![row]!,
      profile: whose(row, profile!(row)),
      administration: administration!(row),
    }));
    const scale = column<string>(items, "scale");
    this.scales = Map.groupBy(
      column<number>(items, "item"),
      (_, index) => scale[index]!,
    );
  }

  item(what: "answer" | "score", item: number): Item {
    const name = `${what} ${item}`;
    if (!this.#items.has(name)) {
      this.#items.set(name, this.columns.numbers(name));
    }
    return this.#items.get(name)!;
  }
}

/** Sheets and their items, in columns. */
export class Answers {
  static #taken = new WeakMap<Administrations, Record<Mode, Answers>>();

  /** The columns of some sheets, taken out of their frame once for all tables. */
  static of(given: Administrations, mode: Mode): Answers {
    if (!Answers.#taken.has(given)) {
      const taken = new Taken(given);
      const [printed, corrected] = (["printed", "corrected"] as const)
        .map((mode) => new Answers(taken, mode));
      Answers.#taken.set(given, { printed: printed!, corrected: corrected! });
    }
    return Answers.#taken.get(given)![mode];
  }

  #scales = new Map<string, Item[]>();

  private constructor(private readonly taken: Taken, readonly mode: Mode) {}

  get sheets(): readonly Sheet[] {
    return this.taken.sheets;
  }

  get columns(): Columns {
    return this.taken.columns;
  }

  get scales(): ReadonlyMap<string, number[]> {
    return this.taken.scales;
  }

  /** One item's answers or scores, by row; null where missing. */
  item(what: "answer" | "score", item: number): Item {
    return this.taken.item(what, item);
  }

  /**
   * A sheet's scores on the items of a scale, null where missing.
   *
   * The published view gives an unanswered EPQR-A item a score of 0; corrected tables take it as
   * missing, which it is.
   */
  scores(row: number, scale: string): Value[] {
    if (!this.#scales.has(scale)) {
      const scored = (item: number): Item => {
        const score = this.item("score", item);
        if (this.mode === "printed") return score;
        const answer = this.item("answer", item);
        return (row) => answer(row) === null ? null : score(row);
      };
      this.#scales.set(scale, (this.scales.get(scale) ?? []).map(scored));
    }
    return this.#scales.get(scale)!.map((score) => score(row));
  }

  /**
   * Scale score of a sheet: the sum or mean of its item scores.
   *
   * Printed tables score what is there and skip a sheet without any item of the scale; corrected
   * tables score complete scales only, since a sum over four of six items is no scale score.
   */
  score(row: number, scale: string, as: "sum" | "mean" = "sum"): Value {
    let sum = 0, present = 0;
    const scores = this.scores(row, scale);
    for (const score of scores) {
      if (score === null) continue;
      sum += score;
      present += 1;
    }
    if (present === 0 || (this.mode === "corrected" && present < scores.length)) return null;
    return as === "sum" ? sum : sum / present;
  }
}

/** A number for each profile: its id, and one below 0 where it is not of the study's reference. */
function whoseIn(
  { reference }: Administrations,
  columns: Columns,
): (row: number, profile: number | null) => number | null {
  if (!columns.has("profile_population")) return (_, profile) => profile;
  const of = columns.words("profile_population");
  const others = new Map<string, number>();
  return (row, profile) => {
    const population = of[row]!;
    if (profile === null || population === null || population === reference) return profile;
    const key = `${population}|${profile}`;
    if (!others.has(key)) others.set(key, FIRST_OTHER - others.size);
    return others.get(key)!;
  };
}

/** Below the numbers that stand for rows of which no profile is known. */
const FIRST_OTHER = -(2 ** 32);

/** Whether a sheet is of a profile that the study's reference does not have. */
export const isOther = ({ profile }: Pick<Sheet, "profile">): boolean =>
  profile !== null && profile < 0;

/** Sheets by model and condition, as `GPT-4o|Base`. */
export const inCells = (sheets: readonly Sheet[]): Map<string, Sheet[]> =>
  Map.groupBy(sheets, ({ model, condition }) => `${model}|${condition}`);

/** Labels of the paper's models. */
export const PAPERS: ReadonlySet<string | null> = new Set(MODELS.map(({ label }) => label));

/** A model, and a condition where the table has conditions, that the data hold. */
export interface Seen {
  model: string | null;
  condition?: string | null;
}

/**
 * The models and conditions of a table: the paper's, and those that only the data have.
 *
 * A new condition of a model follows that model's own; new models follow the paper's, in order of their
 * names, each with the conditions that it has; the reference row stays last. Where the data hold none of
 * the paper's models but new ones, only these have cells. Data that hold nothing leave the layout as it
 * is.
 */
export function withNew(
  published: readonly Readonly<Record<string, string>>[],
  seen: Iterable<Seen>,
): Record<string, string>[] {
  const held = new Map<string, Set<string>>();
  for (const { model, condition = "" } of seen) {
    if (model === null || condition === null) continue;
    held.set(model, (held.get(model) ?? new Set()).add(condition));
  }
  const known = new Set(published.map(({ model }) => model!));
  const added = [...held.keys()].filter((model) => !known.has(model)).toSorted();
  const papers = [...known].filter((model) => model !== REFERENCE);
  const whole = !added.length || papers.some((model) => held.has(model));
  const models = [
    ...(whole ? papers : []),
    ...added,
    ...[REFERENCE].filter((row) => known.has(row) && (whole || held.has(row))),
  ];
  const printed = [...new Set(published.map(({ condition = "" }) => condition))];
  return models.flatMap((model) => {
    const own = held.get(model) ?? new Set();
    const conditions = [
      ...printed.filter((condition) => known.has(model) || own.has(condition)),
      ...inOrder([...own].filter((condition) => !printed.includes(condition))),
    ];
    return conditions.map((condition) => ({ model, ...(condition ? { condition } : {}) }));
  });
}

/** By name, numbers in names by size: N=2 before N=10. */
const inOrder = (conditions: string[]): string[] =>
  conditions.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
