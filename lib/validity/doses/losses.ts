/** What did not come back, dose by dose. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { frame, type Kind, rows as rowsIn } from "../../frames.ts";
import { wilson } from "../../stats.ts";
import { doseOf } from "./series.ts";

const COLUMNS = {
  model: "text",
  kind: "text",
  scale: "text",
  dose: "integer",
  n: "integer",
  count: "integer",
  share: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

const Flow = z.object({
  kind: z.string(),
  model: z.string(),
  condition: z.string().nullable(),
  answered: z.number(),
  failed: z.number(),
});

export function losses(flow: DataFrame): DataFrame {
  const all = rowsIn(flow.select(...Object.keys(Flow.shape)), Flow).flatMap((row) => {
    const dose = doseOf(row.condition);
    return dose ? [{ ...row, scale: dose.scale, dose: dose.items }] : [];
  });
  const groups = Map.groupBy(
    all,
    ({ model, kind, scale, dose }) => JSON.stringify([model, kind, scale, dose]),
  );
  const tidy = [...groups.values()].map((group) => {
    const { model, kind, scale, dose } = group[0]!;
    const total = (of: "answered" | "failed") => group.reduce((sum, row) => sum + row[of], 0);
    const count = total("failed"), n = count + total("answered");
    const { estimate, ciLower, ciUpper } = wilson({ count, n });
    return {
      model,
      kind,
      scale,
      dose,
      n,
      count,
      share: estimate,
      ci_lower: ciLower,
      ci_upper: ciUpper,
    };
  });
  const inOrder = tidy.toSorted((a, b) =>
    [a.model, a.kind, a.scale].join("\n").localeCompare([b.model, b.kind, b.scale].join("\n")) ||
    a.dose - b.dose
  );
  return frame(inOrder, COLUMNS);
}
