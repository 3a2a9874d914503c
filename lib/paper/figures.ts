/**
 * Figures of the paper's tables: tidy frames in, SVG text out; see `lib/plots.ts`.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import {
  byScale,
  capital,
  distinct,
  dots,
  estimates,
  FATES,
  type Point,
  scaleName,
  wrap,
} from "../plots.ts";
import { ATTRIBUTES, REFERENCE } from "./design.ts";

const Value = z.number().nullable();

/** Words for the abbreviations that Tables 1–3 print. */
const WORDS: Readonly<Record<string, string>> = {
  "Non-bin.": "Non-binary",
  "Con.": "Conservative",
  "Prog.": "Progressive",
  "Hetero.": "Heterosexual",
  "Unspe.": "Unspecified",
  ...Object.fromEntries(
    ATTRIBUTES.map(({ category, column }) => [category, capital(column.replaceAll("_", " "))]),
  ),
};

/** What a category or subcategory of Tables 1–3 is called where there is room. */
export const word = (text: string): string => WORDS[text] ?? text;
const same = (text: string): string => text;

/** Ends of a whisker of ±1 SD; none without both numbers. */
const spread = (mean: number | null, sd: number | null) => ({
  low: mean === null || sd === null ? null : mean - sd,
  high: mean === null || sd === null ? null : mean + sd,
});

const Share = z.object({
  model: z.string(),
  condition: z.string(),
  category: z.string(),
  subcategory: z.string(),
  mean: Value,
  sd: Value,
});

/**
 * Tables 1–3: the share of each subcategory by condition, one panel per model.
 *
 * @param frame model, condition, category, subcategory, mean and sd (shares, 0–1)
 */
export function shares(frame: DataFrame): string {
  const cells = rows(frame, Share);
  const percent = (share: number | null) => share === null ? null : share * 100;
  return dots({
    title: "Demographics of personas by model and condition",
    xLabel: "Personas in the subcategory (%), mean ± 1 SD over repetitions",
    panels: wrap(distinct(cells, ({ model }) => model), 6, same),
    points: cells.map(({ model, condition, category, subcategory, mean, sd }) => ({
      panel: model,
      group: word(category),
      row: word(subcategory),
      series: condition,
      value: percent(mean),
      ...spread(percent(mean), percent(sd)),
    })),
    range: [0, 100],
    ticks: [0, 25, 50, 75, 100],
    decimals: 2,
  });
}

const Difference = z.object({
  model: z.string(),
  condition: z.string(),
  scale: z.string(),
  estimate: Value,
  ci_lower: Value,
  ci_upper: Value,
});

/**
 * Table 4: how far the answers are from the profile, one panel per scale.
 *
 * @param frame model, condition, scale, estimate, ci_lower, ci_upper (scale points, 95% CI)
 */
export function forest(frame: DataFrame): string {
  const cells = rows(frame, Difference);
  return dots({
    title: "Difference between the personas' scores and their profiles",
    xLabel: "Difference from the profile (scale points), 95% CI",
    panels: byScale(cells.map(({ scale }) => scale)),
    points: cells.map(({ model, condition, scale, estimate, ci_lower, ci_upper }) => ({
      panel: scale,
      group: "",
      row: model,
      series: condition,
      value: estimate,
      low: ci_lower,
      high: ci_upper,
    })),
    range: [-1, 1],
    decimals: 2,
    rule: 0,
  });
}

const Alpha = z.object({
  model: z.string(),
  condition: z.string().optional(),
  scale: z.string().optional(),
  trait: z.string().optional(),
  alpha: Value,
  ci_lower: Value.optional(),
  ci_upper: Value.optional(),
});

/**
 * Tables 6 and A5: Cronbach's alpha against the usual 0.7, one panel per scale or trait.
 *
 * @param frame model, condition (Table 6 only), scale or trait, alpha, and ci_lower and ci_upper where
 *   an interval is to be drawn; the model may be `Reference`
 */
export function alphas(frame: DataFrame): string {
  const points = rows(frame, Alpha).map(({ model, condition, alpha, ...cell }): Point => ({
    panel: cell.scale ?? cell.trait ?? "",
    group: "",
    row: model,
    series: condition ?? origin(model),
    value: alpha,
    low: cell.ci_lower ?? null,
    high: cell.ci_upper ?? null,
  }));
  const intervals = points.some(({ low }) => low !== null);
  return dots({
    title: "Internal consistency by model",
    xLabel: `Cronbach's alpha${intervals ? ", 95% CI" : ""} (dashed line: 0.7)`,
    panels: byScale(points.map(({ panel }) => panel)),
    points,
    range: [0, 1],
    ticks: [0, 0.5, 1],
    decimals: 2,
    rule: 0.7,
    reference: REFERENCE,
  });
}

const origin = (model: string): string => model === REFERENCE ? REFERENCE : "Personas";

const Score = z.object({ model: z.string(), trait: z.string(), mean: Value, sd: Value });

/**
 * Table A4: BFI-44 scores, one panel per trait; dashed lines mark the reference.
 *
 * @param frame model, trait, mean, sd (mean of items, 1–5); the model may be `Reference`
 */
export function scores(frame: DataFrame): string {
  const cells = rows(frame, Score);
  const referred = cells.some(({ model }) => model === REFERENCE);
  return dots({
    title: "BFI-44 scores by model",
    xLabel: `Score (1–5), mean ± 1 SD${referred ? "; dashed line: mean of the reference" : ""}`,
    panels: byScale(cells.map(({ trait }) => trait)),
    points: cells.map(({ model, trait, mean, sd }) => ({
      panel: trait,
      group: "",
      row: model,
      series: origin(model),
      value: mean,
      ...spread(mean, sd),
    })),
    range: [1, 5],
    ticks: [1, 2, 3, 4, 5],
    decimals: 2,
    reference: REFERENCE,
    lines: true,
  });
}

const Survivor = z.object({
  model: z.string(),
  condition: z.string(),
  category: z.string(),
  subcategory: z.string(),
  estimate: Value,
  ci_lower: Value,
  ci_upper: Value,
  verdict: z.string().nullable(),
});

/**
 * Tables 1–3: how far each share moves from Base and what becomes of the paper's marker, one panel per
 * model and condition.
 *
 * @param frame model, condition, category, subcategory, estimate, ci_lower, ci_upper (difference of
 *   shares, 95% CI), verdict; rows of Base are not drawn
 */
export function robustnessFigure(frame: DataFrame): string {
  const cells = rows(frame, Survivor).filter(({ condition }) => condition !== "Base")
    .map((cell) => ({ ...cell, fate: cell.verdict ?? "untested" }));
  const key = ({ model, condition }: z.infer<typeof Survivor>) => `${model}, ${condition}`;
  const fates = Object.keys(FATES).filter((fate) => cells.some((cell) => cell.fate === fate));
  const points = (value: number | null) => value === null ? null : value * 100;
  return dots({
    title: "Change of each share from Base, and what becomes of the paper's marker",
    xLabel: "Condition − Base (percentage points), 95% CI by profile",
    panels: wrap(distinct(cells, key), 4, same),
    points: cells.map((cell) => ({
      panel: key(cell),
      group: word(cell.category),
      row: word(cell.subcategory),
      series: FATES[cell.fate]!,
      value: points(cell.estimate),
      low: points(cell.ci_lower),
      high: points(cell.ci_upper),
    })),
    kinds: fates.map((fate) => FATES[fate]!),
    range: [-50, 50],
    ticks: [-50, 0, 50],
    decimals: 2,
    rule: 0,
  });
}

/**
 * Tables A6 and A7: agreement beyond chance, one panel per scale.
 *
 * @param frame model, condition, scale, effect, effect_lower, effect_upper (Cohen's kappa, 95% CI)
 */
export function kappas(frame: DataFrame): string {
  const limits = { effect: "estimate", effect_lower: "ci_lower", effect_upper: "ci_upper" };
  return estimates(
    frame.select("model", "condition", "scale", ...Object.keys(limits)).rename(limits),
    {
      title: "Agreement with the profile's answers beyond chance",
      xLabel: "Cohen's kappa, 95% CI (0: as chance would have it)",
      panel: "scale",
      range: [0, 1],
      rule: 0,
    },
  );
}

const METRICS = ["accuracy", "precision", "recall", "specificity"];

const Agreement = z.object({
  model: z.string(),
  condition: z.string(),
  scale: z.string(),
  metric: z.string(),
  value: Value,
});

/**
 * Tables A6 and A7: agreement with the profile's answers, panels by condition and scale.
 *
 * @param frame model, condition, scale, metric, value (percent; mae and rmse are left out:
 *   they are counts of answers)
 */
export function agreement(frame: DataFrame): string {
  const cells = rows(frame, Agreement).filter(({ metric }) => METRICS.includes(metric));
  const scales = distinct(cells, ({ scale }) => scale);
  const conditions = distinct(cells, ({ condition }) => condition);
  const panels = conditions.flatMap((condition, fy) =>
    scales.map((scale, fx) => ({
      key: JSON.stringify([condition, scale]),
      title: scaleName(scale),
      band: condition,
      fx,
      fy,
    }))
  );
  return dots({
    title: "Agreement of the personas' answers with their profiles' answers",
    xLabel: "Agreement (%); dashed line: chance (50%)",
    panels,
    points: cells.map(({ model, condition, scale, metric, value }) => ({
      panel: JSON.stringify([condition, scale]),
      group: "",
      row: model,
      series: capital(metric),
      value,
      low: null,
      high: null,
    })),
    range: [0, 100],
    ticks: [0, 25, 50, 75, 100],
    decimals: 2,
    rule: 50,
  });
}
