/**
 * Figures of the paper's tables: tidy frames in, drawings out; see `lib/plots.ts`.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import {
  capital,
  choices,
  dots,
  type Drawing,
  estimates,
  FATES,
  type Panel,
  panelsOf,
  type Point,
  scaleName,
  type Series,
  tiles,
} from "../plots.ts";
import { ATTRIBUTES, FEWEST_OFF, REFERENCE } from "./design.ts";

export { dumbbells, forest, scatter, spreads } from "./figures/personality.ts";

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
export function shares(frame: DataFrame): Drawing {
  const cells = rows(frame, Share);
  const percent = (share: number | null) => share === null ? null : share * 100;
  return dots({
    title: "Demographics of personas by model and condition",
    xLabel: "Personas in the subcategory (%), mean ± 1 SD over repetitions",
    panels: panelsOf(cells.map(({ model }) => model), same),
    most: 6,
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

const Alpha = z.object({
  model: z.string(),
  condition: z.string().optional(),
  scale: z.string().optional(),
  trait: z.string().optional(),
  alpha: Value,
  ci_lower: Value.optional(),
  ci_upper: Value.optional(),
  off_mode: Value.optional(),
});

/**
 * Tables 6 and A5: Cronbach's alpha against the usual 0.7, one panel per scale or trait.
 *
 * @param frame model, condition (Table 6 only), scale or trait, alpha, and ci_lower and ci_upper where
 *   an interval is to be drawn; with off_mode an alpha of fewer than 20 sheets off the commonest score is
 *   hollow, and their number stands beside it; the model may be `Reference`
 */
export function alphas(frame: DataFrame): Drawing {
  const points = rows(frame, Alpha).map(({ model, condition, alpha, ...cell }): Point => ({
    panel: cell.scale ?? cell.trait ?? "",
    group: "",
    row: model,
    series: condition ?? origin(model),
    value: alpha,
    low: cell.ci_lower ?? null,
    high: cell.ci_upper ?? null,
    ...typeof cell.off_mode === "number" && cell.off_mode < FEWEST_OFF && alpha !== null && {
      hollow: true,
      note: `${cell.off_mode}`,
    },
  }));
  const few = points.some(({ hollow }) => hollow);
  const intervals = points.some(({ low }) => low !== null);
  return dots({
    title: "Internal consistency by model",
    xLabel: `Cronbach's alpha${intervals ? ", 95% CI" : ""} (dashed line: 0.7)` +
      (few
        ? `; hollow, with their number: fewer than ${FEWEST_OFF} sheets off the commonest score`
        : ""),
    panels: panelsOf(points.map(({ panel }) => panel)),
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
export function scores(frame: DataFrame): Drawing {
  const cells = rows(frame, Score);
  const referred = cells.some(({ model }) => model === REFERENCE);
  return dots({
    title: "BFI-44 scores by model",
    xLabel: `Score (1–5), mean ± 1 SD${referred ? "; dashed line: mean of the reference" : ""}`,
    panels: panelsOf(cells.map(({ trait }) => trait)),
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
 * What becomes of a marker: a circle where the paper marks, as full as the marker stands; a triangle where
 * it does not and should; small and grey the rest.
 */
const LOOKS: Readonly<Record<string, Omit<Series, "label" | "dash">>> = {
  stands: { fill: "#0072B2", stroke: "#0072B2", symbol: "circle" },
  weakens: { fill: "#a9cfe6", stroke: "#0072B2", symbol: "circle" },
  vanishes: { fill: "#ffffff", stroke: "#0072B2", symbol: "circle" },
  appears: { fill: "#D55E00", stroke: "#D55E00", symbol: "triangle" },
  "—": { fill: "#a6a6a6", stroke: "#8a8a8a", symbol: "times" },
};
/**
 * Tables 1–3: how far each share moves from Base and what becomes of the paper's marker, one panel per
 * model and condition.
 *
 * @param frame model, condition, category, subcategory, estimate, ci_lower, ci_upper (difference of
 *   shares, 95% CI), verdict; rows of Base are not drawn
 */
export function robustnessFigure(frame: DataFrame): Drawing {
  const cells = rows(frame, Survivor).filter(({ condition }) => condition !== "Base")
    .map((cell) => ({ ...cell, fate: cell.verdict ?? "—" }));
  const key = ({ model, condition }: z.infer<typeof Survivor>) => `${model}, ${condition}`;
  const fates = Object.keys(LOOKS).filter((fate) => cells.some((cell) => cell.fate === fate));
  const points = (value: number | null) => value === null ? null : value * 100;
  return dots({
    title: "Change of each share from Base, and what becomes of the paper's marker",
    xLabel: "Condition − Base (percentage points), 95% CI by profile",
    panels: panelsOf(cells.map(key), same),
    most: 4,
    points: cells.map((cell) => ({
      panel: key(cell),
      group: word(cell.category),
      row: word(cell.subcategory),
      series: FATES[cell.fate]!,
      value: points(cell.estimate),
      low: points(cell.ci_lower),
      high: points(cell.ci_upper),
    })),
    kinds: fates.map((fate) => ({ ...LOOKS[fate]!, label: FATES[fate]! })),
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
export function kappas(frame: DataFrame): Drawing {
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
 * Tables A6 and A7: agreement with the profile's answers as heat maps, a row of panels per condition, one
 * panel per scale.
 *
 * @param frame model, condition, scale, metric, value (percent; mae and rmse are left out:
 *   they are counts of answers)
 */
export function agreement(frame: DataFrame): Drawing {
  const cells = rows(frame, Agreement).filter(({ metric }) => METRICS.includes(metric));
  const key = ({ condition, scale }: typeof cells[number]) => JSON.stringify([condition, scale]);
  const several = new Set(cells.map(({ condition }) => condition)).size > 1;
  return tiles({
    title: "Agreement of the personas' answers with their profiles' answers",
    what: "agreement in percent, models down, metrics across",
    xLabel: "Agreement with the profile's answers (%); 50: as by chance",
    panels: [...Map.groupBy(cells, key)].map(([key, [cell]]): Panel => ({
      key,
      title: several ? `${scaleName(cell!.scale)}, ${cell!.condition}` : scaleName(cell!.scale),
    })),
    tiles: cells.map((cell) => ({
      panel: key(cell),
      row: cell.model,
      column: capital(cell.metric),
      value: cell.value,
    })),
    ends: [0, 100],
    legend: [0, 25, 50, 75, 100],
    legendOf: (value) => `${value}%`,
    print: (value) => value.toFixed(0),
    decimals: 2,
  });
}

const Choice = z.object({
  table: z.string(),
  variant: z.string(),
  cell: z.string(),
  measure: z.string(),
  printed: Value,
  variant_value: Value,
});

/**
 * Printed numbers in order of their size and what they would be had one choice been made otherwise, a
 * panel for each table and measure of which any would change, and the choices that change any; below the
 * curve a mark for each that would.
 *
 * @param frame table, variant, cell, measure, printed, variant_value, as `sensitivity` returns them
 */
export function specifications(frame: DataFrame): Drawing {
  const key = ({ table, measure }: z.infer<typeof Choice>) => JSON.stringify([table, measure]);
  const all = rows(frame, Choice);
  // Sums in another order differ by less.
  const changed = all.filter(({ printed, variant_value }) =>
    Math.abs((printed ?? 0) - (variant_value ?? 0)) > 1e-9
  );
  const panels = new Set(changed.map(key));
  const variants = new Set(changed.map(({ variant }) => variant));
  const cells = all.filter((cell) => panels.has(key(cell)) && variants.has(cell.variant));
  return choices({
    title: "Printed numbers, and what they would be under other choices",
    xLabel: "Printed numbers, from the smallest on; below: which a choice changes",
    yLabel: "Printed number, and under another choice",
    panels: [...Map.groupBy(cells, key)].map(([key, [cell]]): Panel => ({
      key,
      title: `${cell!.table.replace(/^table/, "Table ")}, ${cell!.measure}`,
    })),
    results: cells.map(({ variant, printed, variant_value, ...cell }) => ({
      panel: key({ variant, printed, variant_value, ...cell }),
      cell: cell.cell,
      choice: capital(variant),
      stands: printed,
      value: variant_value,
    })),
    standing: "As printed",
  });
}
