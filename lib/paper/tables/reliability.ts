/** Tables 6 and A5: how reliable the scales are. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { SCALES } from "../design.ts";
import { frame, rows } from "../../frames.ts";
import { cronbachAlpha, mean, quantile, rounded, sd } from "../../stats.ts";
import { Answers, type Options, type Sheet } from "./answers.ts";
import { type Cells, sheetCells } from "./factors.ts";
import { bfiSheets } from "./scores.ts";

/**
 * Alpha of one scale over some sheets; items that none of them has are not part of it. In `printed` mode
 * it may be above 1, as in the paper's code.
 */
export function alpha(answers: Answers, sheets: readonly Sheet[], scale: string): {
  alpha: number | null;
  n: number;
} {
  const scores = sheets.map(({ row }) => answers.scores(row, scale))
    .filter((row) => row.some((score) => score !== null));
  const items = (scores[0] ?? []).map((_, item) => item)
    .filter((item) => scores.some((row) => row[item] !== null));
  const result = cronbachAlpha(
    scores.map((row) => items.map((item) => row[item]!)),
    answers.mode === "printed" ? "kept" : "null",
  );
  return { alpha: result.alpha, n: scores.length };
}

type Name = "table6" | "tableA5";

/** The cells of a table, each with its sheets; `scaleOf` says which scale one is about. */
export function reliabilityCells(
  answers: Answers,
  table: Name,
  options: Pick<Options, "by">,
  columns: Parameters<typeof sheetCells>[3],
): Cells<Sheet> {
  const { mode } = answers;
  return table === "table6"
    ? sheetCells(table, answers, options, columns)
    : sheetCells(table, answers, options, columns, bfiSheets(answers, { ...options, mode }));
}

export const scaleOf = ({ own }: Cells<Sheet>["cells"][number]): string => own.scale ?? own.trait!;

function alphas(given: Administrations, table: Name, options: Options): DataFrame {
  const answers = Answers.of(given, options.mode ?? "printed");
  const columns = { alpha: "number", n: "integer" } as const;
  const { kinds, cells } = reliabilityCells(answers, table, options, columns);
  const tidy = cells.map((cell) => ({
    ...cell.keys,
    ...alpha(answers, cell.rows, scaleOf(cell)),
  }));
  return frame(tidy, { ...kinds, ...columns });
}

/**
 * Table 6: Cronbach's alpha of the EPQR-A scales.
 *
 * @returns one row per cell: model, condition (or the factors), scale, alpha (undefined where no item
 *   varies), n (sheets)
 */
export function reliability(epqra: Administrations, options: Options = {}): DataFrame {
  return alphas(epqra, "table6", options);
}

/**
 * Table A5: Cronbach's alpha of the BFI-44 traits in condition Base.
 *
 * @returns one row per cell: model (or `Reference`; or the factors), trait, alpha, n (sheets)
 */
export function traitReliability(bfi: Administrations, options: Options = {}): DataFrame {
  return alphas(bfi, "tableA5", options);
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
