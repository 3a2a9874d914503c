/** Small frames for every figure, and the figures drawn from them. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "lib/frames.ts";
import {
  agreement,
  alphas,
  dumbbells,
  forest,
  kappas,
  robustnessFigure,
  scatter,
  scores,
  shares,
  specifications,
  spreads,
} from "lib/paper/figures.ts";
import { epqra } from "lib/paper/instruments.ts";
import {
  answerBars,
  attrition,
  coverages,
  type Drawing,
  errors,
  estimates,
  fates,
  heatmap,
  histograms,
  keys,
  matrix,
  powers,
  type Theme,
} from "lib/plots.ts";

export type Cell = Record<string, string | number | null>;

/** A frame from cells, all of one shape; columns of numbers are named. */
export function cells(records: Cell[], numbers: string[]): DataFrame {
  const kind = (name: string): Kind => numbers.includes(name) ? "number" : "text";
  const names = Object.keys(records[0]!);
  return frame(records, Object.fromEntries(names.map((name) => [name, kind(name)])));
}

export const MODELS = ["Zeta-9", "GPT-4o"];
export const CONDITIONS = ["MaxP", "Base"];
const pairs = MODELS.flatMap((model) => CONDITIONS.map((condition) => ({ model, condition })));

export const SHARES = cells(
  pairs.flatMap((pair) =>
    [["Gender", "Non-bin."], ["Gender", "Female"], ["Pol. Or.", "Con."]].map((
      [category, subcategory],
      i,
    ) => ({ ...pair, category: category!, subcategory: subcategory!, mean: 0.2 + i / 5, sd: 0.05 }))
  ),
  ["mean", "sd"],
);
export const FOREST = cells(
  pairs.flatMap((pair, i) =>
    ["N", "E"].map((scale) => ({
      ...pair,
      scale,
      estimate: i === 2 ? null : i - 0.5,
      ci_lower: i === 2 ? null : i - 1,
      ci_upper: i === 2 ? null : i,
    }))
  ),
  ["estimate", "ci_lower", "ci_upper"],
);
export const ALPHAS = cells(
  pairs.flatMap((pair, i) =>
    ["N", "L"].map((scale) => ({ ...pair, scale, alpha: scale === "L" && i < 2 ? null : i / 3 }))
  ),
  ["alpha"],
);
export const SCORES = cells(
  [...MODELS, "Reference"].flatMap((model, i) =>
    ["O", "E"].map((trait) => ({ model, trait, mean: 2 + i, sd: 0.5 }))
  ),
  ["mean", "sd"],
);
export const AGREEMENT = cells(
  pairs.flatMap((pair) =>
    ["N", "P", "L"].flatMap((scale, i) =>
      ["accuracy", "precision", "recall", "specificity", "mae", "rmse"].map((metric, j) => ({
        ...pair,
        scale,
        metric,
        value: i === 1 && j === 1 ? null : 10 * i + j,
      }))
    )
  ),
  ["value"],
);
export const HEATMAP = cells(
  MODELS.flatMap((model) =>
    ["N", "E"].flatMap((epqra_scale, i) =>
      ["O", "E", "C"].map((bfi_trait, j) => ({
        model,
        epqra_scale,
        bfi_trait,
        r: [[0.981, -0.412, 1], [null, 0.004, -0.004]][i]![j]!,
      }))
    )
  ),
  ["r"],
);
export const SURVIVORS = cells(
  ["Base", "MaxN", "MaxP"].flatMap((condition, i) =>
    ["Female", "Male"].map((subcategory, j) => ({
      model: "GPT-4o",
      condition,
      category: "Gender",
      subcategory,
      estimate: i === 0 ? null : i / 10 - j,
      ci_lower: i === 0 ? null : i / 10 - j - 0.05,
      ci_upper: i === 0 ? null : i / 10 - j + 0.05,
      verdict: [[null, null], ["stands", "—"], ["vanishes", null]][i]![j]!,
    }))
  ),
  ["estimate", "ci_lower", "ci_upper"],
);
export const KAPPAS = cells(
  pairs.flatMap((pair, i) =>
    ["N", "E"].map((scale) => ({
      ...pair,
      scale,
      effect: i === 2 ? null : i / 4,
      effect_lower: i === 2 ? null : i / 4 - 0.1,
      effect_upper: i === 2 ? null : i / 4 + 0.1,
    }))
  ),
  ["effect", "effect_lower", "effect_upper"],
);
export const HISTOGRAMS = cells(
  ["reference", "random"].flatMap((source) =>
    ["N", "E"].flatMap((scale) =>
      [0, 1, 6].map((score) => ({ source, scale, score, n: 4 + score }))
    )
  ),
  ["score", "n"],
);
export const FATES = frame(
  [
    { table: "table1", stands: 23, weakens: 1, vanishes: 15, appears: 3 },
    { table: "table4", stands: 44, weakens: 2, vanishes: 0, appears: 0 },
  ],
  { table: "text", stands: "integer", weakens: "integer", vanishes: "integer", appears: "integer" },
);
export const KEYS = cells(
  [["E", "keyed Yes", 5], ["E", "keyed No", 1], ["N", "keyed Yes", 6]]
    .map(([scale, keyed, n]) => ({ scale: scale!, keyed: keyed!, n: n! })),
  ["n"],
);

export const MATRIX = cells(
  MODELS.flatMap((model) =>
    [
      ["EPQR-A", "E", "EPQR-A", "E", "reliability", 0.98],
      ["BFI-44", "E", "EPQR-A", "E", "validity", 0.94],
      ["BFI-44", "E", "BFI-44", "E", "reliability", null],
    ].map(([row_method, row_scale, column_method, column_scale, kind, estimate]) => ({
      model,
      row_method: row_method!,
      row_scale: row_scale!,
      column_method: column_method!,
      column_scale: column_scale!,
      kind: kind!,
      estimate: estimate as number | null,
    }))
  ),
  ["estimate"],
);
export const ESTIMATES = FOREST.rename({ scale: "measure" });
export const measured = (frame: DataFrame) =>
  estimates(frame, {
    title: "An estimate of something",
    xLabel: "Estimate",
    panel: "measure",
    range: [0, 1],
    rule: 0.5,
  });

export const ERRORS = cells(
  ["5 × 2", "3 × 9"].flatMap((design) =>
    ["pooled z", "clustered"].flatMap((method, i) =>
      [0.2, 0, 0.1].map((icc) => {
        const rejection = i && icc === 0.1 ? null : 0.05 + (1 - i) * icc;
        return {
          design,
          method,
          icc,
          rejection,
          rejection_lower: rejection && rejection - 0.01,
          rejection_upper: rejection && rejection + 0.02,
        };
      })
    )
  ),
  ["icc", "rejection", "rejection_lower", "rejection_upper"],
);
export const COVERAGES = cells(
  ["normal", "floor"].flatMap((population) =>
    ["r: Fisher", "alpha: Feldt"].map((interval, i) => ({
      population,
      interval,
      coverage: 0.95 - i / 10,
      coverage_lower: 0.94 - i / 10,
      coverage_upper: 0.96 - i / 10,
    }))
  ),
  ["coverage", "coverage_lower", "coverage_upper"],
);

export const MEANS = FOREST.withColumn(
  FOREST.getColumn("estimate").plus(3).rename("mean"),
).withColumn(FOREST.getColumn("estimate").mul(0).plus(3).rename("reference_mean"));
export const COUNTED = cells(
  [{ model: null, condition: null }, ...pairs].flatMap((pair) =>
    ["L", "E"].flatMap((scale, i) =>
      [0, 1, 6].map((score) => ({ ...pair, scale, score, n: score + i + 1 }))
    )
  ),
  ["score", "n"],
);
export const PAIRED = cells(
  ["N", "E"].flatMap((scale, i) =>
    [0, 3, 3, 6].map((score, at) => ({ scale, reference_mean: score, mean: at ? score : i }))
  ),
  ["reference_mean", "mean"],
);
export const CHOICES = cells(
  ["table4", "table6"].flatMap((table) =>
    ["last answer", "keyed answers"].flatMap((variant, i) =>
      [3, 1, 2].map((printed, at) => ({
        table,
        variant,
        measure: "mean",
        cell: `cell ${at}`,
        printed,
        variant_value: table === "table4" && i === 1 && at < 2 ? printed + 1 : printed,
      }))
    )
  ),
  ["printed", "variant_value"],
);
export const ANSWERED = cells(
  MODELS.flatMap((model) =>
    ["item 1", "item 2"].flatMap((variable, i) =>
      ["0", "1"].map((value, j) => ({ model, variable, value, share: i ? 1 - j : 0.25 + j / 2 }))
    )
  ),
  ["share"],
);
export const answered = (frame: DataFrame) =>
  answerBars(frame, { panel: "model", instrument: epqra });

export const FIGURES: Record<string, [(frame: DataFrame) => Drawing, DataFrame]> = {
  shares: [shares, SHARES],
  forest: [forest, FOREST],
  alphas: [alphas, ALPHAS],
  scores: [scores, SCORES],
  agreement: [agreement, AGREEMENT],
  heatmap: [heatmap, HEATMAP],
  histograms: [histograms, HISTOGRAMS],
  keys: [keys, KEYS],
  fates: [fates, FATES],
  errors: [errors, ERRORS],
  powers: [powers, ERRORS],
  coverages: [coverages, COVERAGES],
  survivors: [robustnessFigure, SURVIVORS],
  kappas: [kappas, KAPPAS],
  matrix: [matrix, MATRIX],
  estimates: [measured, ESTIMATES],
  dumbbells: [dumbbells, MEANS],
  spreads: [spreads, COUNTED],
  scatter: [scatter, PAIRED],
  specifications: [specifications, CHOICES],
  answers: [answered, ANSWERED],
};

export const FLOW = frame(
  [
    { run: "a", kind: "personas", planned: 100, asked: 100, answered: 90, complete: 90 },
    { run: "a", kind: "personas", planned: 100, asked: 60, answered: 60, complete: 60 },
    { run: "b", kind: "personas", planned: 1000, asked: 900, answered: 900, complete: 900 },
    { run: "c", kind: "administrations", planned: 50, asked: 50, answered: 40, complete: 0 },
  ].map((cell) => ({ ...cell, instrument: "epqra", skipped: cell.run === "c" ? 7 : 0 })),
  {
    run: "text",
    kind: "text",
    instrument: "text",
    skipped: "integer",
    planned: "integer",
    asked: "integer",
    answered: "integer",
    complete: "integer",
  },
);

export const FAILURES = frame(
  [
    { run: "a", reason: "truncated", n: 9 },
    { run: "a", reason: null, n: 1 },
    { run: "c", reason: "refusal", n: 10 },
  ],
  { run: "text", reason: "text", n: "integer" },
);

/** Every figure as SVG, by name. */
export const drawn = (look?: Theme): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(FIGURES).map(([name, [figure, data]]) => [name, figure(data)(look)]),
  ),
  attrition: attrition({ flow: FLOW, failures: FAILURES })(look),
});
