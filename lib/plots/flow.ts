/** How much of a study arrives: boxes from plan to analysis, and beside them what was lost, as CONSORT has it. */
import * as Plot from "plot";
import type { DataFrame } from "polars";
import { z } from "zod";
import { whole } from "../format.ts";
import { rows } from "../frames.ts";
import { registered } from "../instruments.ts";
import { draw, grid, inPlace, panelsOf } from "./canvas.ts";
import { capital, describe, distinct, fold, LINE, lineCount } from "./text.ts";
import { type Drawing, SLATE, theme } from "./theme.ts";

const Cell = z.object({
  run: z.string(),
  kind: z.string(),
  /** Null where personas were written of profiles that answered none. */
  instrument: z.string().nullable(),
  planned: z.number(),
  asked: z.number(),
  answered: z.number(),
  complete: z.number(),
  skipped: z.number(),
});

const Failure = z.object({ run: z.string(), reason: z.string().nullable(), n: z.number() });

const STEPS = ["planned", "asked", "answered", "complete"] as const;
const WORDS = { planned: "Planned", asked: "Asked", answered: "Answered", complete: "Complete" };
const LOST = { asked: "Not asked yet", answered: "Not answered", complete: "Items missing" };

const titleOf = (instrument: string | null): string =>
  registered().find(({ name }) => name === instrument)?.title ?? instrument ?? "no instrument";

/**
 * Personas and answer sheets from plan to analysis, a column of boxes for the personas and one per
 * instrument: how many were planned, asked for, answered and are complete, and beside each step how many
 * were lost at it.
 *
 * @param frames `flow` (run, kind: personas or administrations, instrument, planned, asked, answered,
 *   complete, skipped; rows of one column are added up) and `failures` (run, reason, n), as
 *   `Study.quality` returns them
 */
export function attrition(frames: { flow: DataFrame; failures: DataFrame }): Drawing {
  const cells = rows(frames.flow, Cell).map((cell) => ({
    ...cell,
    panel: cell.kind === "personas" ? "Personas" : `${titleOf(cell.instrument)} sheets`,
  }));
  const failures = rows(frames.failures, Failure);
  const panels = panelsOf(cells.map(({ panel }) => panel), (key) => key);
  const columns = panels.map(({ key }) => {
    const own = cells.filter(({ panel }) => panel === key);
    const sum = (of: typeof STEPS[number] | "skipped") =>
      own.reduce((total, cell) => total + cell[of], 0);
    const runs = distinct(own, ({ run }) => run);
    const failed = Map.groupBy(
      failures.filter(({ run }) => runs.includes(run)),
      ({ reason }) => reason ?? "other",
    );
    const reasons = [...failed].map(([reason, all]) => ({
      reason,
      n: all.reduce((total, { n }) => total + n, 0),
    })).toSorted((a, b) => b.n - a.n);
    return { key, reasons, n: STEPS.map((step) => sum(step)), skipped: sum("skipped") };
  });
  return (look = theme()) => {
    const layout = grid(panels, look, { left: 8, least: 180, most: 3 });
    const inner = layout.width, box = inner * 0.36, side = inner * 0.56;
    const lost = columns.map(({ n, reasons, skipped }) =>
      STEPS.slice(1).map((step, i) => {
        const away = n[i]! - n[i + 1]!;
        const why = step === "answered" && away
          ? reasons.map(({ reason, n }) => `${capital(reason)}: ${whole(n)}`)
          : step === "asked" && skipped
          ? [`and ${whole(skipped)} that another run asks`]
          : [];
        return [`${LOST[step as keyof typeof LOST]}: ${whole(away)}`, ...why]
          .map((line) => fold(line, side - 8)).join("\n");
      })
    );
    const high = 2 * LINE + 8;
    const between = STEPS.slice(1).map((_, i) =>
      Math.max(...lost.map((own) => lineCount(own[i]!) * LINE), LINE) + 22
    );
    const tops = STEPS.map((_, i) => i * high + between.slice(0, i).reduce((a, b) => a + b, 0));
    const height = tops.at(-1)! + high + 2;
    const boxes = columns.flatMap(({ key, n }) =>
      STEPS.map((step, i) => ({
        key,
        x1: 0,
        x2: box,
        y1: tops[i]!,
        y2: tops[i]! + high,
        text: `${WORDS[step]}\n${whole(n[i]!)}`,
      }))
    );
    const sides = columns.flatMap(({ key }, column) =>
      between.map((gap, i) => {
        const middle = tops[i]! + high + gap / 2;
        const half = (lineCount(lost[column]![i]!) * LINE + 6) / 2;
        return {
          key,
          x1: inner - side,
          x2: inner,
          y1: middle - half,
          y2: middle + half,
          middle,
          text: lost[column]![i]!,
        };
      })
    );
    const down = columns.flatMap(({ key }) =>
      between.map((gap, i) => ({ key, from: tops[i]! + high, to: tops[i]! + high + gap }))
    );
    const on = <T extends { key: string }>(marks: readonly T[]) =>
      inPlace(marks, layout.panels, ({ key }) => key);
    const at = { fx: "fx", fy: "fy" };
    const area = { ...at, x1: "x1", x2: "x2", y1: "y1", y2: "y2", stroke: SLATE };
    const arrow = { ...at, stroke: SLATE, headLength: 7, inset: 0, bend: 0 };
    return draw({
      title: "Personas and answer sheets from plan to analysis",
      description: describe(
        `Flow diagram in ${panels.length} columns of boxes, one box per step.`,
        columns.flatMap(({ key, n }) =>
          STEPS.map((step, i) => ({ name: `${key}, ${WORDS[step]}`, value: n[i]! }))
        ),
        0,
      ),
      grid: layout,
      legend: [],
      height,
      rigid: true,
      left: 8,
      bottom: 0,
      xLabel: "Right: what was lost at each step",
      plot: {
        x: { domain: [0, inner], axis: null },
        y: { domain: [height, 0], axis: null },
        marks: [
          Plot.arrow(on(down), { ...arrow, x1: box / 2, x2: box / 2, y1: "from", y2: "to" }),
          Plot.arrow(on(sides), { ...arrow, x1: box / 2, x2: "x1", y1: "middle", y2: "middle" }),
          Plot.rect(on(boxes), { ...area, fill: "#f2f2f2", className: "plot-values" }),
          Plot.rect(on(sides), { ...area, fill: "white", className: "plot-lost" }),
          Plot.text(on(boxes), {
            ...at,
            x: box / 2,
            y: ({ y1, y2 }) => (y1 + y2) / 2,
            text: "text",
          }),
          Plot.text(on(sides), {
            ...at,
            x: "x1",
            y: "middle",
            dx: 4,
            textAnchor: "start",
            text: "text",
          }),
        ],
      },
    }, look);
  };
}
