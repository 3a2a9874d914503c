/** Figures of Table 4: scores of personas beside those of their profiles. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { frame as framed, rows } from "../../frames.ts";
import { distinct, dots, type Drawing, histograms, pairs, panelsOf } from "../../plots.ts";
import { MODELS, SCALES } from "../design.ts";

const Value = z.number().nullable();

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
