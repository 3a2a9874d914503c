/** How much of a study arrives: a bar for each step from plan to analysis. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { whole } from "../format.ts";
import { rows } from "../frames.ts";
import { registered } from "../instruments.ts";
import { COLOURS, draw, looks, PALE, swatch, wrap } from "./canvas.ts";
import { describe, distinct, measure } from "./text.ts";

const Cell = z.object({
  kind: z.string(),
  /** Null where personas were written of profiles that answered none. */
  instrument: z.string().nullable(),
  model: z.string(),
  planned: z.number(),
  asked: z.number(),
  answered: z.number(),
  complete: z.number(),
});

const STEPS = ["planned", "asked", "answered", "complete"] as const;
const WORDS = { planned: "Planned", asked: "Asked", answered: "Answered", complete: "Complete" };

const titleOf = (instrument: string | null): string =>
  registered().find(({ name }) => name === instrument)?.title ?? instrument ?? "no instrument";

/**
 * Personas and answer sheets that were planned, asked for, answered and complete, stacked by model, one
 * panel for the personas and one per instrument; the number behind a bar is its sum. Where there are more
 * models and settings than colours they are put together.
 *
 * @param frame kind (personas, administrations), instrument, model, planned, asked, answered, complete;
 *   rows of the same panel and model are added up
 */
export function attrition(frame: DataFrame): string {
  const given = rows(frame, Cell);
  // More bars than there are colours tell nobody apart.
  const apart = distinct(given, ({ model }) => model).length <= COLOURS;
  const cells = given.map((cell) => ({
    ...cell,
    ...apart ? {} : { model: "all models and settings" },
    panel: cell.kind === "personas" ? "Personas" : `${titleOf(cell.instrument)} sheets`,
  }));
  const models = distinct(cells, ({ model }) => model);
  const legend = looks(models).map(({ label, fill }) => swatch(label, fill));
  const panels = wrap(distinct(cells, ({ panel }) => panel), 3, (key) => key);
  const bars = panels.flatMap(({ key, fx, fy }) =>
    STEPS.flatMap((step) =>
      models.map((model) => ({
        panel: key,
        fx,
        fy,
        step: WORDS[step],
        model,
        n: cells.filter((cell) => cell.panel === key && cell.model === model)
          .reduce((sum, cell) => sum + cell[step], 0),
      }))
    )
  );
  const sums = Map.groupBy(bars, ({ panel, step }) => `${panel}|${step}`).values().map((own) => ({
    ...own[0]!,
    n: own.reduce((sum, { n }) => sum + n, 0),
  })).toArray();
  const most = Math.max(1, ...sums.map(({ n }) => n));
  const steps = Object.values(WORDS);
  return draw({
    title: "Personas and answer sheets from plan to analysis",
    description: describe(
      `Stacked bars in ${panels.length} panels, one bar per step. Horizontal axis: number.`,
      bars.map(({ panel, step, model, n }) => ({ name: `${panel}, ${step}, ${model}`, value: n })),
      0,
    ),
    panels,
    legend,
    height: steps.length * 26,
    left: Math.max(...steps.map((step) => measure(step))) + 14,
    xLabel: "Number",
    plot: {
      // Room for the number behind the longest bar.
      x: { domain: [0, most * 1.3], axis: null },
      y: { domain: steps, padding: 0.25, axis: null },
      color: { domain: models, range: legend.map(({ fill }) => fill) },
      marks: [
        Plot.gridX({ ticks: 3, stroke: PALE, strokeOpacity: 1 }),
        Plot.axisX({ ticks: 3, tickSize: 3, label: null, tickFormat: "d" }),
        Plot.axisY({ tickSize: 0, label: null }),
        Plot.barX(bars, {
          ...Plot.stackX({ fx: "fx", fy: "fy", x: "n", y: "step", z: "model", order: models }),
          fill: "model",
          className: "plot-values",
        }),
        Plot.text(sums, {
          fx: "fx",
          fy: "fy",
          x: "n",
          y: "step",
          text: ({ n }) => whole(n),
          textAnchor: "start",
          dx: 4,
        }),
        Plot.ruleX([0]),
      ],
    },
  });
}
