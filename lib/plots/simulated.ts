/** What tests and intervals do in simulated studies. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { rows } from "../frames.ts";
import { panelsOf } from "./canvas.ts";
import { type Curves, curves } from "./curves.ts";
import { dots } from "./dots.ts";
import type { Drawing } from "./theme.ts";

const Value = z.number().nullable();
const percent = (share: number | null) => share === null ? null : share * 100;

const Rejection = z.object({
  design: z.string(),
  method: z.string(),
  icc: z.number(),
  rejection: Value,
  rejection_lower: Value,
  rejection_upper: Value,
});

/** Rejections over the intraclass correlation, one panel per design. */
function rejections(
  frame: DataFrame,
  look: Pick<Curves, "title" | "yLabel" | "range" | "rule">,
): Drawing {
  const cells = rows(frame, Rejection);
  return curves({
    ...look,
    xLabel: "Intraclass correlation of a profile's personas",
    panels: panelsOf(cells.map(({ design }) => design), (key) => key),
    points: cells.map(({ design, method, icc, rejection, rejection_lower, rejection_upper }) => ({
      panel: design,
      series: method,
      x: icc,
      value: percent(rejection),
      low: percent(rejection_lower),
      high: percent(rejection_upper),
    })),
    decimals: { value: 1, x: 2 },
  });
}

/**
 * How often tests reject where nothing differs; the dashed line is 5 %, the grey band 5 % ± 1.
 *
 * @param frame design, method, icc, rejection, rejection_lower, rejection_upper (shares, 0–1, 95% CI)
 */
export function errors(frame: DataFrame): Drawing {
  return rejections(frame, {
    title: "Error rate over the intraclass correlation",
    yLabel: "Simulated studies that reject (%)",
    range: [0, 10],
    rule: { at: 5, low: 4, high: 6 },
  });
}

/**
 * How often tests reject where there is a difference.
 *
 * @param frame as for {@link errors}
 */
export function powers(frame: DataFrame): Drawing {
  return rejections(frame, {
    title: "Power over the intraclass correlation",
    yLabel: "Simulated studies that reject (%)",
    range: [0, 100],
  });
}

const Covered = z.object({
  interval: z.string(),
  population: z.string(),
  coverage: Value,
  coverage_lower: Value,
  coverage_upper: Value,
});

/**
 * How often 95 % intervals hold the truth, one panel per population; the dashed line is 95 %.
 *
 * @param frame interval, population, coverage, coverage_lower, coverage_upper (shares, 0–1, 95% CI)
 */
export function coverages(frame: DataFrame): Drawing {
  const cells = rows(frame, Covered);
  return dots({
    title: "Coverage of 95 % intervals",
    xLabel: "Simulated studies whose interval holds the truth (%), 95% CI; dashed line: 95%",
    panels: panelsOf(cells.map(({ population }) => population), (key) => key),
    most: 3,
    points: cells.map(({ interval, population, coverage, coverage_lower, coverage_upper }) => ({
      panel: population,
      group: "",
      row: interval,
      series: "",
      value: percent(coverage),
      low: percent(coverage_lower),
      high: percent(coverage_upper),
    })),
    range: [80, 100],
    decimals: 1,
    rule: 95,
  });
}
