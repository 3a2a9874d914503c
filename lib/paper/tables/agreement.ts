/** Tables A6 and A7: do personas give the answers of the profile they were made from? */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import type { Mode } from "../design.ts";
import { frame } from "../../frames.ts";
import { agreement as shares, meanErrors } from "../../stats.ts";
import { Answers, column, isOther, type Options, type Sheet } from "./answers.ts";
import { sheetCells } from "./factors.ts";
import { shownTo } from "./shown.ts";

/** With what answers are compared, and what of them. */
export interface Comparing extends Options {
  /**
   * `profile` unless said: the answers of the profile. `manipulated`: what the condition made of them,
   * which the persona was made from; of doses known only where the personas are stored with it.
   */
  against?: "profile" | "manipulated";
  /**
   * `raw` unless said: a positive is a Yes as given. `keyed`: it is an answer that scores a point, so
   * that mae and rmse are of scale scores.
   */
  as?: "raw" | "keyed";
}

/**
 * Tables A6 (Base) and A7 (every other condition): agreement of each answer with the profile's answer.
 *
 * In the paper, and here unless said, a positive is a Yes as given, not a keyed answer (quirk K8), and
 * the profile is the one before it was changed, so N under MaxN and P under MaxP agree by chance only
 * (K9). An item on the sheet without an answer counts as wrong in `printed` mode and is left out in
 * `corrected`; a ratio without cases is 0 in `printed`, as the paper's code has it, and undefined in
 * `corrected`.
 *
 * @returns one row per cell: model, condition (or the factors), scale, metric, value — accuracy, precision, recall and
 *   specificity in percent, mae and rmse in positives per profile and scale (0–6) — and n (items)
 */
export function agreement(
  epqra: Administrations,
  reference: Administrations,
  table: "tableA6" | "tableA7",
  options: Comparing = {},
): DataFrame {
  const { mode = "printed", against = "profile", as = "raw" } = options;
  const answers = Answers.of(epqra, mode), profiles = Answers.of(reference, mode);
  const ofProfile = new Map(profiles.sheets.map(({ profile, row }) => [profile, row]));
  const columns = { value: "number", n: "integer" } as const;
  const { kinds, cells } = agreementCells(table, answers, options, columns);
  const shown = against === "profile" ? null : shownTo(epqra, reference);
  const key = new Map(
    column<number>(reference.items, "item")
      .map((item, at) => [item, column<number | null>(reference.items, "key")[at]]),
  );
  const pairs = (sheets: readonly Sheet[], scale: string): Pair[] => {
    const items = answers.scales.get(scale) ?? [];
    return sheets.filter((sheet) => !isOther(sheet)).flatMap((sheet) => {
      const { row, profile } = sheet;
      const before = ofProfile.get(profile);
      // A row of the view always has an EPQR-A score; without one the sheet lacks the item.
      return items.filter((item) => answers.item("score", item)(row) !== null).flatMap((item) => {
        const given = answer(answers, row, item, as);
        const ofItem = before === undefined ? null : answer(profiles, before, item, as);
        if (!shown || before === undefined) return [{ profile, given, own: ofItem }];
        const own = shown(sheet, item);
        // Nobody knows what was shown, although the profile has an answer.
        if (own === null && ofItem !== null) return [];
        const keyed = own === null ? null : Number(own === key.get(item));
        return [{ profile, given, own: as === "raw" ? own : keyed }];
      });
    });
  };
  // All metrics of a scale are of the same pairs, and stand one after the other.
  let before: { rows: readonly Sheet[]; scale: string } | null = null;
  let metrics: Record<string, number | null> = {};
  const tidy = cells.map(({ keys, own: { scale = "", metric = "" }, rows }) => {
    if (before?.rows !== rows || before.scale !== scale) {
      metrics = compare(pairs(rows, scale), mode);
    }
    before = { rows, scale };
    return { ...keys, value: metrics[metric], n: metrics.n };
  });
  return frame(tidy, { ...kinds, ...columns });
}

/** The sheets in the cells of A6, which is about Base, or of A7, about every other condition. */
export function agreementCells(
  table: "tableA6" | "tableA7",
  answers: Answers,
  options: Pick<Options, "by">,
  columns: Parameters<typeof sheetCells>[3],
) {
  const isBase = ({ condition }: Sheet) => condition === "Base";
  const seen = answers.sheets.filter((sheet) => isBase(sheet) === (table === "tableA6"));
  return sheetCells(table, answers, options, columns, seen);
}

/** 1 or 0: Yes or No as given, or whether it scores a point. */
function answer(of: Answers, row: number, item: number, as: "raw" | "keyed"): number | null {
  const given = of.item("answer", item)(row);
  // The view scores an unanswered item 0.
  return as === "raw" || given === null ? given : of.item("score", item)(row);
}

interface Pair {
  profile: number | null;
  given: number | null;
  own: number | null;
}

function compare(pairs: readonly Pair[], mode: Mode): Record<string, number | null> {
  const counts = {
    n: 0,
    predictedPositive: 0,
    actualPositive: 0,
    actualNegative: 0,
    truePositive: 0,
    trueNegative: 0,
  };
  const difference = new Map<number, number>();
  for (const { profile, given, own } of pairs) {
    if (mode === "corrected" && (given === null || own === null)) continue;
    counts.n += 1;
    counts.predictedPositive += Number(given === 1);
    counts.actualPositive += Number(own === 1);
    counts.actualNegative += Number(own === 0);
    counts.truePositive += Number(given === 1 && own === 1);
    counts.trueNegative += Number(given === 0 && own === 0);
    // Errors are per profile; a sheet of an unknown one has answers but no error.
    if (profile === null) continue;
    const before = difference.get(profile) ?? 0;
    difference.set(profile, before + (given ?? 0) - (own ?? 0));
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
