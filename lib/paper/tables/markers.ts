/** What becomes of the paper's markers, counted. */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { TableName } from "../design.ts";
import { frame, rows } from "../../frames.ts";
import { inPaper } from "./demographics.ts";

const Row = z.object({
  condition: z.string().optional(),
  category: z.string().optional(),
  subcategory: z.string().optional(),
  family: z.number().nullable(),
  marker: z.string().nullable(),
  verdict: z.string().nullable(),
});
type Row = z.infer<typeof Row>;

/**
 * How many of the paper's markers stand.
 *
 * @param frames of `robustness`, by the table's name
 * @returns two rows per table, `rows` being printed (what the paper prints) or all: table, rows, cells
 *   (Base of Tables 1–3, with which the others are compared, is none), markers (of the paper), stands,
 *   weakens, vanishes, appears, unmarked (neither marked nor significant: verdict —), not_tested, family
 *   (tests of the whole table, which all p are adjusted for)
 */
export function markers(
  frames: Readonly<Partial<Record<Exclude<TableName, "baselines">, DataFrame>>>,
): DataFrame {
  const tidy = Object.entries(frames).flatMap(([table, survived]) => {
    const all = rows(survived, Row).filter(({ category, condition }) =>
      category === undefined || condition !== "Base"
    );
    const family = all.find((row) => row.family !== null)?.family ?? 0;
    return Object.entries({ printed: all.filter(inPaper), all })
      .map(([kind, cells]) => ({ table, rows: kind, ...counted(cells), family }));
  });
  const counts = [...Object.keys(counted([])), "family"].map((name) => [name, "integer"] as const);
  return frame(tidy, { table: "text", rows: "text", ...Object.fromEntries(counts) });
}

function counted(cells: readonly Row[]) {
  const of = (verdict: string | null) => cells.filter((cell) => cell.verdict === verdict).length;
  return {
    cells: cells.length,
    markers: cells.filter(({ marker }) => marker !== null && marker !== "").length,
    stands: of("stands"),
    weakens: of("weakens"),
    vanishes: of("vanishes"),
    appears: of("appears"),
    unmarked: of("—"),
    not_tested: of(null),
  };
}
