/** Tables 6 and A5: how reliable the scales are, and which items run against theirs. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../db.ts";
import { layout, SCALES } from "../design.ts";
import { frame, rows } from "../frames.ts";
import { cronbachAlpha, mean, pearson, quantile, rounded, sd } from "../stats.ts";
import { Answers, inCells, type Options, type Sheet, withNew } from "./answers.ts";
import { bfiSheets } from "./scores.ts";

/** Alpha of one scale over some sheets; items that none of them has are not part of it. */
export function alpha(answers: Answers, sheets: readonly Sheet[], scale: string): {
  alpha: number | null;
  n: number;
} {
  const scores = sheets.map(({ row }) => answers.scores(row, scale))
    .filter((row) => row.some((score) => score !== null));
  const items = (scores[0] ?? []).map((_, item) => item)
    .filter((item) => scores.some((row) => row[item] !== null));
  const result = cronbachAlpha(scores.map((row) => items.map((item) => row[item]!)));
  return { alpha: result.alpha, n: scores.length };
}

/**
 * Table 6: Cronbach's alpha of the EPQR-A scales.
 *
 * @returns one row per cell: model, condition, scale, alpha (undefined where no item varies), n
 *   (sheets)
 */
export function reliability(epqra: Administrations, options: Options = {}): DataFrame {
  const answers = Answers.of(epqra, options.mode ?? "printed");
  const byCell = inCells(answers.sheets);
  const cells = withNew(layout("table6").cells, answers.sheets);
  return frame(
    cells.map((cell) => ({
      ...cell,
      ...alpha(
        answers,
        byCell.get(`${cell.model}|${cell.condition}`) ?? [],
        cell.scale!,
      ),
    })),
    { model: "text", condition: "text", scale: "text", alpha: "number", n: "integer" },
  );
}

/**
 * Table A5: Cronbach's alpha of the BFI-44 traits in condition Base.
 *
 * @returns one row per cell: model (or `Reference`), trait, alpha, n (sheets)
 */
export function traitReliability(bfi: Administrations, options: Options = {}): DataFrame {
  const mode = options.mode ?? "printed";
  const answers = Answers.of(bfi, mode);
  const sheets = bfiSheets(answers, mode);
  const cells = withNew(layout("tableA5").cells, sheets.keys().map((model) => ({ model })));
  return frame(
    cells.map((cell) => ({
      ...cell,
      ...alpha(answers, sheets.get(cell.model!) ?? [], cell.trait!),
    })),
    { model: "text", trait: "text", alpha: "number", n: "integer" },
  );
}

const CLASSES: [string, number, number][] = [
  ["excellent", 0.9, Infinity],
  ["good", 0.8, 0.9],
  ["acceptable", 0.7, 0.8],
  ["questionable", 0.6, 0.7],
  ["poor", -Infinity, 0.6],
];

const Alpha = z.object({ scale: z.string(), alpha: z.number().nullable() });
const Baseline = z.object({
  source: z.string(),
  scale: z.string(),
  statistic: z.string(),
  value: z.number().nullable(),
});

/**
 * What the paper reports beside Table 6: its alphas described per scale, how many fall in which class,
 * and the alphas of the profiles.
 *
 * As in the paper's code the alphas are rounded to two decimals first (quirk K10), and an undefined one
 * is in no class but in the total.
 *
 * @param table6 of {@link reliability}
 * @param profiles of {@link baselines}
 * @returns block (describe, quality_count, baseline_comparison), scale, statistic, value
 */
export function reliabilitySummary(table6: DataFrame, profiles: DataFrame): DataFrame {
  const round = (alpha: number | null) => alpha === null ? null : rounded(alpha, 2);
  const cells = rows(table6, Alpha).map((cell) => ({ ...cell, alpha: round(cell.alpha) }));
  const known = cells.flatMap(({ scale, alpha }) => alpha === null ? [] : [{ scale, alpha }]);
  const of = (scale: string) =>
    known.filter((cell) => cell.scale === scale).map(({ alpha }) => alpha);
  const described = SCALES.flatMap((scale) => {
    const alphas = of(scale);
    return Object.entries({
      count: alphas.length,
      mean: mean(alphas),
      std: sd(alphas),
      min: quantile(alphas, 0),
      "25%": quantile(alphas, 0.25),
      "50%": quantile(alphas, 0.5),
      "75%": quantile(alphas, 0.75),
      max: quantile(alphas, 1),
    }).map(([statistic, value]) => ({ block: "describe", scale, statistic, value }));
  });
  const classes = CLASSES.map(([statistic, from, below]) => ({
    block: "quality_count",
    scale: "all",
    statistic,
    value: known.filter(({ alpha }) => alpha >= from && alpha < below).length,
  }));
  const total = { block: "quality_count", scale: "all", statistic: "total", value: cells.length };
  const compared = (statistic: string, value: (scale: string) => number | null) =>
    SCALES.map((scale) => ({
      block: "baseline_comparison",
      scale,
      statistic,
      value: value(scale),
    }));
  const profile = (source: string) => (scale: string) =>
    round(
      rows(profiles, Baseline).find((cell) =>
        cell.source === source && cell.scale === scale && cell.statistic === "alpha"
      )?.value ?? null,
    );
  return frame([
    ...described,
    ...classes,
    total,
    ...compared("LLM Experiments (Mean)", (scale) => mean(of(scale))),
    ...compared("Reference Baseline", profile("reference")),
    ...compared("Random Baseline", profile("random")),
  ], { block: "text", scale: "text", statistic: "text", value: "number" });
}

/**
 * Does every item measure what its scale does? The correlation of each item's score with the sum of
 * the others of its scale; below zero, the item may be keyed the wrong way round.
 *
 * @param given sheets of any instrument; of each scale the complete ones count
 * @returns one row per item: item (number), scale, r (undefined where the item or the rest does not
 *   vary, or the scale has no other item), n (sheets), flagged (yes where r is below zero, no;
 *   undefined as r is)
 *
 * Checked against R's psych::alpha (r.drop).
 */
export function keyingAudit(given: Administrations): DataFrame {
  const answers = Answers.of(given, "corrected");
  const audited = [...answers.scales].flatMap(([scale, items]) => {
    const complete = answers.sheets.map(({ row }) => answers.scores(row, scale))
      .filter((scores): scores is number[] => scores.every((score) => score !== null));
    return items.map((item, index) => {
      const own = complete.map((scores) => scores[index]!);
      const rest = complete.map((scores, row) =>
        scores.reduce((sum, score) => sum + score, 0) - own[row]!
      );
      const { r, n } = pearson(own, rest);
      return { item, scale, r, n, flagged: r === null ? null : r < 0 ? "yes" : "no" };
    });
  });
  return frame(audited.toSorted((a, b) => a.item - b.item), {
    item: "integer",
    scale: "text",
    r: "number",
    n: "integer",
    flagged: "text",
  });
}
