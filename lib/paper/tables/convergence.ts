/** Table 5: do the two questionnaires agree about a persona? */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import { layout } from "../design.ts";
import { frame } from "../../frames.ts";
import { mean, pearson } from "../../stats.ts";
import { Answers, type Options, type Sheet, withNew } from "./answers.ts";
import { FEWEST } from "./scores.ts";

interface Pairing extends Options {
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
 * @returns one row per cell: model, epqra_scale, bfi_trait, n (profiles), r, p (two-sided, n − 2 df; of
 *   pairs on a line 0 in `printed` mode, else undefined)
 */
export function convergence(
  epqra: Administrations,
  bfi: Administrations,
  options: Pairing = {},
): DataFrame {
  const { mode = "printed", bare = mode === "printed" } = options;
  const [left, right] = [epqra, bfi].map((given) => Answers.of(given, mode));
  const isBase = (sheet: Sheet) =>
    sheet.condition === "Base" && (bare || sheet.population !== "spain826");
  const seen = [...left!.sheets, ...right!.sheets].filter(isBase).map(({ model }) => ({ model }));
  const cells = withNew(layout("table5").cells, seen);
  const scores = new Map<string, Map<number, number>>();
  const of = (answers: Answers, model: string, scale: string): Map<number, number> => {
    const key = `${answers === left}|${model}|${scale}`;
    if (!scores.has(key)) scores.set(key, profileScores(answers, model, scale, isBase));
    return scores.get(key)!;
  };
  const tidy = cells.map((cell) => {
    const x = of(left!, cell.model!, cell.epqra_scale!);
    const y = of(right!, cell.model!, cell.bfi_trait!);
    const common = [...x.keys()].filter((profile) => y.has(profile)).toSorted((a, b) => a - b);
    if (common.length < FEWEST) return { ...cell, n: common.length };
    const found = pearson(common.map((key) => x.get(key)!), common.map((key) => y.get(key)!));
    // scipy gives a line a p of 0, and so does the paper.
    const p = mode === "printed" && Math.abs(found.r ?? 0) === 1 ? 0 : found.p;
    return { ...cell, ...found, p };
  });
  return frame(tidy, {
    model: "text",
    epqra_scale: "text",
    bfi_trait: "text",
    n: "integer",
    r: "number",
    p: "number",
  });
}

export function profileScores(
  answers: Answers,
  model: string,
  scale: string,
  counts: (sheet: Sheet) => boolean,
): Map<number, number> {
  const byProfile = Map.groupBy(
    answers.sheets.filter((sheet) => sheet.model === model && counts(sheet)),
    ({ profile }) => profile,
  );
  const scores = new Map<number, number>();
  for (const [profile, sheets] of byProfile) {
    const own = sheets.map(({ row }) => answers.score(row, scale)).filter((x) => x !== null);
    if (profile !== null && own.length > 0) scores.set(profile, mean(own)!);
  }
  return scores;
}
