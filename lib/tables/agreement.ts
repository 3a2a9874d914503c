/** Tables A6 and A7: do personas give the answers of the profile they were made from? */
import type { DataFrame } from "polars";
import type { Administrations } from "../db.ts";
import { layout, type Mode } from "../design.ts";
import { frame } from "../frames.ts";
import { agreement as shares, meanErrors } from "../stats.ts";
import { Answers, inCells, type Sheet, withNew } from "./answers.ts";

/**
 * Tables A6 (Base) and A7 (every other condition): agreement of each answer with the profile's answer.
 *
 * A positive is a Yes as given, not a keyed answer (quirk K8), and the profile is the one before it
 * was changed, so N under MaxN and P under MaxP agree by chance only (K9). An item on the sheet
 * without an answer counts as wrong in `printed` mode and is left out in `corrected`; a ratio without
 * cases is 0 in `printed`, as the paper's code has it, and undefined in `corrected`.
 *
 * @returns one row per cell: model, condition, scale, metric, value — accuracy, precision, recall and
 *   specificity in percent, mae and rmse in Yes answers per profile and scale (0–6) — and n (items)
 */
export function agreement(
  epqra: Administrations,
  reference: Administrations,
  table: "tableA6" | "tableA7",
  options: { mode?: Mode } = {},
): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = Answers.of(epqra, mode), profiles = Answers.of(reference, mode);
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const byCell = inCells(answers.sheets);
  const isBase = ({ condition }: Sheet) => condition === "Base";
  const seen = answers.sheets.filter((sheet) => isBase(sheet) === (table === "tableA6"));
  const cells = withNew(layout(table).cells, seen);
  const compared = new Map<string, Record<string, number | null>>();
  const tidy = cells.map((cell) => {
    const key = `${cell.model}|${cell.condition}|${cell.scale}`;
    if (!compared.has(key)) {
      const sheets = byCell.get(`${cell.model}|${cell.condition}`) ?? [];
      const items = answers.scales.get(cell.scale!) ?? [];
      compared.set(key, compare(answers, profiles, ofProfile, sheets, items, mode));
    }
    const metrics = compared.get(key)!;
    return { ...cell, value: metrics[cell.metric!], n: metrics.n };
  });
  return frame(tidy, {
    model: "text",
    condition: "text",
    scale: "text",
    metric: "text",
    value: "number",
    n: "integer",
  });
}

function compare(
  answers: Answers,
  profiles: Answers,
  ofProfile: Map<number | null, number>,
  sheets: readonly Sheet[],
  items: readonly number[],
  mode: Mode,
): Record<string, number | null> {
  const counts = {
    n: 0,
    predictedPositive: 0,
    actualPositive: 0,
    actualNegative: 0,
    truePositive: 0,
    trueNegative: 0,
  };
  const difference = new Map<number, number>();
  for (const sheet of sheets) {
    const row = ofProfile.get(sheet.profile);
    for (const item of items) {
      // A row of the view always has an EPQR-A score; without one the sheet lacks the item.
      if (answers.item("score", item)[sheet.row] === null) continue;
      const given = answers.item("answer", item)[sheet.row]!;
      const own = row === undefined ? null : profiles.item("answer", item)[row]!;
      if (mode === "corrected" && (given === null || own === null)) continue;
      counts.n += 1;
      counts.predictedPositive += Number(given === 1);
      counts.actualPositive += Number(own === 1);
      counts.actualNegative += Number(own === 0);
      counts.truePositive += Number(given === 1 && own === 1);
      counts.trueNegative += Number(given === 0 && own === 0);
      // Errors are per profile; a sheet of an unknown one has answers but no error.
      if (sheet.profile === null) continue;
      const before = difference.get(sheet.profile) ?? 0;
      difference.set(sheet.profile, before + (given ?? 0) - (own ?? 0));
    }
  }
  const { n, ...ratios } = shares(counts);
  const percent = (share: number | null) =>
    share !== null ? 100 * share : mode === "printed" && n > 0 ? 0 : null;
  return {
    n,
    accuracy: percent(ratios.accuracy),
    precision: percent(ratios.precision),
    recall: percent(ratios.recall),
    specificity: percent(ratios.specificity),
    ...meanErrors([...difference.values()]),
  };
}
