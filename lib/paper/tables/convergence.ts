/** Table 5: do the two questionnaires agree about a persona? */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout, type Mode } from "../design.ts";
import { frame, type Kind } from "../../frames.ts";
import { mean, pearson } from "../../stats.ts";
import { Answers, type Options, type Sheet } from "./answers.ts";
import { type Celled, celled, type Cells, columnFactors, countedBy, ownKeys } from "./factors.ts";
import { FEWEST, isAbout } from "./scores.ts";

export interface Pairing extends Options {
  /** Whether sheets for the bare profiles (`spain826`) count as personas'; as the mode has it. */
  bare?: boolean;
}

/**
 * Table 5: correlation of EPQR-A and BFI-44 scale scores in condition Base, one pair per profile.
 *
 * A profile's score is the mean over its administrations. In `printed` mode GPT-4o's BFI mixes its
 * personas' sheets with those that the model gave for the bare profiles (group 372, bug B3);
 * `corrected` leaves these out.
 *
 * @returns one row per cell: model (or the factors; with `condition` among them every condition counts),
 *   epqra_scale, bfi_trait, n (profiles), r, p (two-sided, n − 2 df; of
 *   pairs on a line 0 in `printed` mode, else undefined)
 */
export function convergence(
  epqra: Administrations,
  bfi: Administrations,
  options: Pairing = {},
): DataFrame {
  const { mode = "printed" } = options;
  const { kinds, cells } = convergenceCells(epqra, bfi, mode, options, COLUMNS);
  const answers = { left: Answers.of(epqra, mode), right: Answers.of(bfi, mode) };
  const of = scoresOnce(answers, profileScores);
  const tidy = cells.map(({ keys: cell, own, rows }) => {
    const x = of(rows, "left", own.epqra_scale!), y = of(rows, "right", own.bfi_trait!);
    const common = [...x.keys()].filter((profile) => y.has(profile)).toSorted((a, b) => a - b);
    if (common.length < FEWEST) return { ...cell, n: common.length };
    const found = pearson(common.map((key) => x.get(key)!), common.map((key) => y.get(key)!));
    // scipy gives a line a p of 0, and so does the paper.
    const p = mode === "printed" && Math.abs(found.r ?? 0) === 1 ? 0 : found.p;
    return { ...cell, ...found, p };
  });
  return frame(tidy, { ...kinds, ...COLUMNS });
}

const COLUMNS = { n: "integer", r: "number", p: "number" } as const;

/** A sheet of one of two questionnaires. */
export interface Sided extends Sheet {
  side: "left" | "right";
}

/** The sheets of both questionnaires in the cells of Table 5. */
export function convergenceCells(
  epqra: Administrations,
  bfi: Administrations,
  mode: Mode,
  { by, bare = mode === "printed" }: Pairing,
  columns: Readonly<Record<string, Kind>>,
): Cells<Sided> {
  const table = layout("table5"), result = [...ownKeys(table), ...Object.keys(columns)];
  const both = ([["left", epqra], ["right", bfi]] as const).map(([side, given]) => {
    const answers = Answers.of(given, mode);
    const counts = answers.sheets.filter((sheet) =>
      isAbout(sheet, by) && (bare || sheet.population !== "spain826")
    );
    return {
      sheets: (by ? countedBy(answers, by, counts) : counts)
        .map((sheet): Sided => ({ ...sheet, side })),
      factors: by && columnFactors(answers.columns, by, result),
    };
  });
  const [left, right] = both;
  const factors = left!.factors && right!.factors
    ? {
      kinds: left!.factors.kinds,
      of: (sheet: Sided) => (sheet.side === "left" ? left! : right!).factors!.of(sheet),
    }
    : null;
  return celled(table, both.flatMap(({ sheets }) => sheets), factors);
}

/** What is made of a cell's sheets of one side on a scale, once for all cells of the same sheets. */
export function scoresOnce<T>(
  answers: Record<Sided["side"], Answers>,
  make: (answers: Answers, sheets: readonly Sided[], scale: string) => T,
): (rows: Celled<Sided>["rows"], side: Sided["side"], scale: string) => T {
  const made = new Map<Celled<Sided>["rows"], Map<string, T>>();
  return (rows, side, scale) => {
    const own = made.get(rows) ?? new Map<string, T>();
    made.set(rows, own);
    const key = `${side} ${scale}`;
    const sheets = () => rows.filter((sheet) => sheet.side === side);
    if (!own.has(key)) own.set(key, make(answers[side], sheets(), scale));
    return own.get(key)!;
  };
}

/** The mean score of each profile over its sheets. */
export function profileScores(
  answers: Answers,
  sheets: readonly Sheet[],
  scale: string,
): Map<number, number> {
  const byProfile = Map.groupBy(sheets, ({ profile }) => profile);
  const scores = new Map<number, number>();
  for (const [profile, sheets] of byProfile) {
    const own = sheets.map(({ row }) => answers.score(row, scale)).filter((x) => x !== null);
    if (profile !== null && own.length > 0) scores.set(profile, mean(own)!);
  }
  return scores;
}
