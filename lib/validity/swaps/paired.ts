/** Who is compared with whom: rows of a respondent without a change and with it, under the same wording. */
import type { Instrument } from "../../instruments.ts";
import { type Cell, factorsOf, Rows, scaleScores, type Sheets } from "../../measures.ts";

/** What is compared with what. */
export interface Swaps {
  /** The factor of what was changed, and its level without a change; `change` and `unchanged`. */
  factor?: string;
  against?: string;
  /** The factor of wordings that mean the same; `administration_prompt`. */
  wordings?: string;
  /**
   * Of swaps the side that counts as before, by change: an attribute and its level, in a column that the sheets
   * have. Who is on the other side counts the other way round; without it the two sides of a swap cancel.
   */
  from?: Readonly<Record<string, { attribute: string; level: string | number }>>;
  by?: readonly string[];
}

/** The rows of a respondent under a wording: without the change, and with it. */
interface Pair {
  before: number[];
  after: number[];
}

/** By respondent, a pair for each wording, where both are there. */
export type Pairs = ReadonlyMap<number, readonly (Pair | undefined)[]>;

export function compared(
  sheets: Sheets,
  { factor = "change", against = "unchanged", wordings = "administration_prompt", ...of }: Swaps & {
    instrument?: Instrument;
  },
  taken: readonly string[],
) {
  const rows = new Rows(sheets.sheets), from = of.from ?? {};
  const factors = factorsOf(rows, of.by ?? [], taken);
  const [change, wording] = [factor, wordings].map((name) =>
    rows.column(rows.known(name, "factor"))
  );
  const levels = rows.levels(factor).filter((level) => level !== against).map(String);
  if (!rows.levels(factor).includes(against) || !levels.length) {
    throw new Error(
      `Nothing is changed in ${factor}: there are ${rows.levels(factor).join(", ")}, and what is ` +
        `compared is ${against} with others`,
    );
  }
  const odd = Object.keys(from).find((name) => !levels.includes(name));
  if (odd !== undefined) {
    throw new Error(`${factor} has no level ${odd}: it has ${levels.join(", ")}`);
  }
  const sides = new Map(
    Object.entries(from).map(([name, { attribute, level }]) => {
      const column = rows.column(rows.known(attribute, "column"));
      return [name, (row: number) => String(column[row]) === String(level)];
    }),
  );
  const names = rows.levels(wordings).map(String);
  /** By respondent and wording the rows under a level. */
  const found = (cell: Cell, level: string) => {
    const held = new Map<number, number[][]>();
    cell.respondents.forEach((respondent, part) => {
      const own: number[][] = names.map(() => []);
      for (let at = cell.starts[part]!; at < cell.starts[part + 1]!; at++) {
        const row = cell.order[at]!;
        if (String(change![row]) === level) own[names.indexOf(String(wording![row]))]!.push(row);
      }
      if (own.some((rows) => rows.length)) held.set(respondent, own);
    });
    return held;
  };
  const usedIn = (held: ReadonlyMap<number, readonly number[][]>) =>
    names.keys().filter((v) => [...held.values()].some((own) => own[v]!.length)).toArray();
  const within = (cell: Cell) => {
    const held = found(cell, against), used = usedIn(held);
    const only = new Map([...held].map(([who, own]) => [who, used.map((v) => own[v]!)]));
    return { wordings: used.map((v) => names[v]!), rows: only };
  };
  const paired = (cell: Cell) => {
    const plain = found(cell, against);
    return levels.flatMap((level) => {
      const held = found(cell, level), used = usedIn(held);
      if (!used.length) return [];
      const pairs: Pairs = new Map([...held].map(([who, own]) => [
        who,
        used.map((v): Pair | undefined => {
          const before = plain.get(who)?.[v] ?? [], after = own[v]!;
          if (!before.length || !after.length) return undefined;
          const side = sides.get(level);
          return !side || side(before[0]!) ? { before, after } : { before: after, after: before };
        }),
      ]));
      return [{ change: level, wordings: used.map((v) => names[v]!), pairs }];
    });
  };
  const measures = of.instrument ? scaleScores(sheets, rows, of.instrument) : [];
  return { rows, factors, measures, paired, within, against };
}
