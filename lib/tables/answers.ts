/** Answer sheets as the table builders see them: keys, items by scale, rows by cell. */
import type { DataFrame } from "polars";
import type { Administrations } from "../db.ts";
import type { Mode } from "../design.ts";

type Value = number | null;

/** The keys of one answer sheet; `row` is its place in the frame. */
export interface Sheet {
  row: number;
  group: number | null;
  model: string | null;
  condition: string | null;
  population: string | null;
  profile: number | null;
}

export const column = <T>(frame: DataFrame, name: string): T[] =>
  frame.getColumn(name).toArray() as T[];

/** Sheets and their items, in columns. */
export class Answers {
  static #made: Record<Mode, WeakMap<Administrations, Answers>> = {
    printed: new WeakMap(),
    corrected: new WeakMap(),
  };

  /** The columns of some sheets, taken out of their frame once for all tables. */
  static of(given: Administrations, mode: Mode): Answers {
    const made = Answers.#made[mode];
    if (!made.has(given)) made.set(given, new Answers(given, mode));
    return made.get(given)!;
  }

  readonly sheets: Sheet[];
  readonly scales: Map<string, number[]>;
  #columns = new Map<string, Value[]>();
  #scales = new Map<string, Value[][]>();

  private constructor(private readonly given: Administrations, private readonly mode: Mode) {
    const { items, sheets } = given;
    const keys = ["group", "model", "condition", "population", "profile"] as const;
    const columns = keys.map((key) => column<never>(sheets, key));
    this.sheets = Array.from({ length: sheets.height }, (_, row) => ({
      row,
      ...Object.fromEntries(keys.map((key, index) => [key, columns[index]![row]])),
    } as Sheet));
    const scale = column<string>(items, "scale");
    this.scales = Map.groupBy(
      column<number>(items, "item"),
      (_, index) => scale[index]!,
    );
  }

  /** One item's answers or scores, by row; null where missing. */
  item(what: "answer" | "score", item: number): Value[] {
    const name = `${what} ${item}`;
    if (!this.#columns.has(name)) this.#columns.set(name, column<Value>(this.given.sheets, name));
    return this.#columns.get(name)!;
  }

  /**
   * A sheet's scores on the items of a scale, null where missing.
   *
   * The published view gives an unanswered EPQR-A item a score of 0; corrected tables take it as
   * missing, which it is.
   */
  scores(row: number, scale: string): Value[] {
    if (!this.#scales.has(scale)) {
      const scored = (item: number) =>
        this.mode === "printed"
          ? this.item("score", item)
          : this.item("score", item).map((score, row) =>
            this.item("answer", item)[row] === null ? null : score
          );
      this.#scales.set(scale, (this.scales.get(scale) ?? []).map(scored));
    }
    return this.#scales.get(scale)!.map((scores) => scores[row]!);
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

/**
 * The cells of a table that the data can fill: those of the layout, then those of models that the
 * layout does not know, in order of their names.
 */
export function withNewModels(
  cells: readonly Readonly<Record<string, string>>[],
  seen: Iterable<string | null>,
): Record<string, string>[] {
  const known = new Set(cells.map((cell) => cell.model));
  const unknown = [...new Set(seen)].filter((model) => model !== null && !known.has(model))
    .toSorted();
  const first = cells.filter((cell) => cell.model === cells[0]!.model);
  return [
    ...cells,
    ...unknown.flatMap((model) => first.map((cell) => ({ ...cell, model: model! }))),
  ];
}
