/**
 * Figures of the paper's tables: tidy frames in, drawings out; see `lib/plots.ts`.
 */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import {
  capital,
  choices,
  distinct,
  dots,
  type Drawing,
  estimates,
  FATES,
  histograms,
  pairs,
  type Panel,
  panelsOf,
  type Point,
  scaleName,
  type Series,
  tiles,
} from "../plots.ts";
import { ATTRIBUTES, FEWEST_OFF, MODELS, REFERENCE, SCALES } from "./design.ts";
import { frame as framed } from "../frames.ts";

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

const Difference = z.object({
  model: z.string(),
  condition: z.string(),
  scale: z.string(),
  estimate: Value,
  ci_lower: Value,
  ci_upper: Value,
  bound_lower: Value.optional(),
  bound_upper: Value.optional(),
  manipulated: z.string().nullable().optional(),
});

/**
 * Table 4: how far the answers are from the profile, one panel per scale, each with its own axis: what a
 * condition sets lies far from all else.
 *
 * @param frame model, condition, scale, estimate, ci_lower, ci_upper (scale points, 95% CI); where it is one of
 *   `robustness`, bound_lower and bound_upper are the zone of equivalence, and hollow is what is manipulated
 */
export function forest(frame: DataFrame): Drawing {
  const cells = rows(frame, Difference);
  const { bound_lower = null, bound_upper = null } =
    cells.find(({ bound_lower }) => typeof bound_lower === "number") ?? {};
  const set = cells.some(({ manipulated }) => manipulated === "yes");
  return dots({
    title: "Difference between the personas' scores and their profiles",
    xLabel: "Difference from the profile (scale points), 95% CI" +
      (bound_lower === null ? "" : "; grey: as good as none") +
      (set ? "; hollow: set by the condition" : ""),
    panels: panelsOf(cells.map(({ scale }) => scale)),
    most: 2,
    own: true,
    points: cells.map(({ model, condition, scale, estimate, ci_lower, ci_upper, manipulated }) => ({
      panel: scale,
      group: "",
      row: model,
      series: condition,
      value: estimate,
      low: ci_lower,
      high: ci_upper,
      hollow: manipulated === "yes",
    })),
    range: [-0.6, 0.6],
    decimals: 2,
    rule: 0,
    ...bound_lower !== null && bound_upper !== null && { zone: [bound_lower, bound_upper] },
  });
}

const Mean = z.object({
  model: z.string(),
  condition: z.string(),
  scale: z.string(),
  mean: Value,
  reference_mean: Value,
});

/**
 * Table 4: the mean score of each model from condition to condition, joined by a line, beside the mean of
 * the profiles; one panel per scale.
 *
 * @param frame model, condition, scale, mean, reference_mean (scale points, 0–6)
 */
export function dumbbells(frame: DataFrame): Drawing {
  const cells = rows(frame, Mean);
  const profiles = "Profiles";
  const conditions = distinct(cells, ({ condition }) => condition);
  const places = cells.map(({ model, scale }) => ({
    panel: scale,
    group: "",
    row: model,
    low: null,
    high: null,
  }));
  return dots({
    title: "Mean scores of personas from condition to condition, and of their profiles",
    xLabel: "Mean score (0–6); joined: one model under all conditions",
    panels: panelsOf(cells.map(({ scale }) => scale)),
    most: 2,
    points: [
      ...cells.filter(({ condition }) => condition === conditions[0])
        .map(({ model, scale, reference_mean }) => ({
          ...{ panel: scale, group: "", row: model, low: null, high: null },
          series: profiles,
          value: reference_mean,
        })),
      ...cells.map(({ condition, mean }, at) => ({
        ...places[at]!,
        series: condition,
        value: mean,
      })),
    ],
    kinds: [...conditions, profiles],
    joined: true,
    range: [0, 6],
    ticks: [0, 1, 2, 3, 4, 5, 6],
    decimals: 2,
    reference: profiles,
  });
}

const Counted = z.object({
  model: z.string().nullable(),
  condition: z.string().nullable(),
  scale: z.string(),
  score: z.number(),
  n: z.number(),
});

/**
 * Table 4: how the scores of each model are spread under each condition, as lines over the bars of the
 * profiles; a row of panels per model, one panel per scale.
 *
 * @param frame model and condition (both undefined in the rows of the profiles), scale, score (0–6), n, as
 *   `distributions` counts them
 */
export function spreads(frame: DataFrame): Drawing {
  const models = MODELS.map(({ label }) => label), scales: readonly string[] = SCALES;
  // Those of the paper in its order, others below them; the profiles first.
  const rank = (all: readonly string[], one: string) => (all.indexOf(one) + 1) || all.length + 1;
  const cells = rows(frame, Counted).toSorted((a, b) =>
    (a.model === null ? 0 : rank(models, a.model)) -
      (b.model === null ? 0 : rank(models, b.model)) ||
    rank(scales, a.scale) - rank(scales, b.scale)
  );
  return histograms(
    framed(
      cells.map(({ model, condition, ...cell }) => ({
        ...cell,
        group: model,
        source: condition ?? "Profiles",
      })),
      { source: "text", group: "text", scale: "text", score: "number", n: "integer" },
    ),
    { xLabel: "Score (0–6)" },
  );
}

const Pair = z.object({ scale: z.string(), reference_mean: Value, mean: Value });

/**
 * Table 4: each persona's score against its profile's, one panel per scale; dots are moved a little, because
 * scores are whole, and on the dashed line both are equal.
 *
 * @param frame scale, reference_mean (score of the profile, 0–6), mean (of its persona), one row per sheet
 *   and scale
 */
export function scatter(frame: DataFrame): Drawing {
  const cells = rows(frame, Pair);
  return pairs({
    title: "Scores of personas against those of their profiles",
    xLabel: "Score of the profile (0–6)",
    yLabel: "Score of the persona (0–6)",
    panels: panelsOf(cells.map(({ scale }) => scale)),
    points: cells.flatMap(({ scale, reference_mean: x, mean: y }) =>
      x === null || y === null ? [] : [{ panel: scale, x, y }]
    ),
    range: [0, 6],
    jitter: 0.36,
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
