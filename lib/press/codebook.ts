/** What the columns of a CSV are. */
import type { DataFrame } from "polars";
import { columnOf, decimalsOf, fullLabel } from "../columns.ts";
import { frame as made } from "../frames.ts";
import { asIn } from "./cells.ts";

/**
 * The codebook of a frame as CSV: column, label, kind, unit, decimals (as tables show them), meaning and
 * levels (`id = words; …`), one row per column in their order; empty where nothing is to say.
 *
 * @param data whether the CSV has the column `data` besides
 */
export function codebook(frame: DataFrame, data: boolean): string {
  const own = frame.columns.map((name) => asIn(frame, name));
  const all = data && !frame.columns.includes("data") ? [...own, columnOf("data")!] : own;
  const listed = all.map((column) => ({
    column: column.name,
    label: fullLabel({ ...column, unit: undefined }),
    kind: column.kind,
    unit: column.unit ?? null,
    decimals: column.kind === "text" ? null : String(decimalsOf(column)),
    meaning: column.meaning || null,
    levels: Object.entries(column.levels ?? {}).map(([id, words]) => `${id} = ${words}`)
      .join("; ") || null,
  }));
  const columns = {
    column: "text",
    label: "text",
    kind: "text",
    unit: "text",
    decimals: "text",
    meaning: "text",
    levels: "text",
  } as const;
  return made(listed, columns).writeCSV().toString();
}
