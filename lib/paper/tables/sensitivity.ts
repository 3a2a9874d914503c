/** Does a printed number hang on a choice that the paper does not mention? */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { layout, markerOf, marks, TABLE_NAMES, type TableName } from "../design.ts";
import { frame, rows } from "../../frames.ts";
import { mean } from "../../stats.ts";
import { agreement, type Comparing } from "./agreement.ts";
import { build, type Reads } from "./build.ts";
import { convergence } from "./convergence.ts";
import { demographics, inPaper } from "./demographics.ts";

/** `lastSheets`: of several answers to one item the last, where `sheets` has the first. */
type PanelReads = Reads & { lastSheets(instrument: string): Promise<Administrations> };
type Name = Exclude<TableName, "baselines">;
const NAMES = TABLE_NAMES.filter((name): name is Name => name !== "baselines");

/**
 * Every printed number beside the same under choices that the paper makes without a word. A variant
 * changes one choice and leaves all else as the paper's code has it (`printed` mode):
 *
 * - `last answer`: of several answers to one item the one with the highest id counts, not the lowest
 *   (Tables 4–6, A4–A7);
 * - `without group 372`: GPT-4o's sheets for the bare profiles are not mixed with those of its personas
 *   (Table 5);
 * - `all repetitions`: not only the first five count; the paper's data have ten of Base (Tables 1–3);
 * - `manipulated profile`: answers are compared with what the condition made of the profile (A7;
 *   undefined under doses, whose items a study's seed chose);
 * - `keyed answers`: a positive is an answer that scores a point, not a Yes; mae and rmse are then of
 *   scale scores (A6, A7).
 *
 * @returns one row per cell, number and variant: table, variant, cell (its keys as one text), model,
 *   condition (undefined where the table has none), measure (mean, sd, r, alpha or the metric), printed
 *   and variant_value (as the table's builder has them: shares 0–1, A6 and A7 in percent), difference
 *   (variant − printed; undefined where either is), marker_printed, marker_variant and marker_changed
 *   (yes, no; undefined where the table marks no such number). Rows that the paper does not print are
 *   left out.
 */
export async function sensitivity(reads: PanelReads): Promise<DataFrame> {
  const tidy = [];
  for (const table of NAMES) {
    const printed = await build(table, reads);
    for (const [variant, made] of await variants(table, reads)) {
      tidy.push(...compared(table, printed, made).map((row) => ({ table, variant, ...row })));
    }
  }
  return frame(tidy, {
    table: "text",
    variant: "text",
    cell: "text",
    model: "text",
    condition: "text",
    measure: "text",
    printed: "number",
    variant_value: "number",
    difference: "number",
    marker_printed: "text",
    marker_variant: "text",
    marker_changed: "text",
  });
}

/** A table under each choice made otherwise. */
async function variants(table: Name, reads: PanelReads): Promise<[string, DataFrame][]> {
  const last: Reads = {
    sheets: (instrument) => reads.lastSheets(instrument),
    profiles: (source) => reads.profiles(source),
    demographics: () => reads.demographics(),
  };
  const epqra = () => reads.sheets("epqra"), bfi = () => reads.sheets("bigfive");
  if (table === "table1" || table === "table2" || table === "table3") {
    const made = demographics(await reads.demographics(), table, { repetitions: Infinity });
    return [["all repetitions", made]];
  }
  const found: [string, DataFrame][] = [["last answer", await build(table, last)]];
  if (table === "table5") {
    found.push(["without group 372", convergence(await epqra(), await bfi(), { bare: false })]);
  }
  const agreed = async (of: "tableA6" | "tableA7", options: Comparing) =>
    agreement(await epqra(), await reads.profiles("reference"), of, options);
  if (table === "tableA6" || table === "tableA7") {
    found.push(["keyed answers", await agreed(table, { as: "keyed" })]);
  }
  if (table === "tableA7") {
    found.push(["manipulated profile", await agreed(table, { against: "manipulated" })]);
  }
  return found;
}

/** Columns of numbers that are printed; the paper's markers are about the first. */
function numbers(table: TableName): string[] {
  switch (table) {
    case "table5":
      return ["r"];
    case "table6":
    case "tableA5":
      return ["alpha"];
    case "tableA6":
    case "tableA7":
      return ["value"];
    default:
      return ["mean", "sd"];
  }
}

const Built = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

function compared(table: TableName, printed: DataFrame, made: DataFrame) {
  const { keys } = layout(table), levels = marks(table), columns = numbers(table);
  const needed = [...keys, ...columns, ...(levels ? ["p"] : [])];
  const key = (cell: z.infer<typeof Built>, names = keys) =>
    names.map((name) => cell[name]).join(" ");
  const others = new Map(rows(made.select(...needed), Built).map((cell) => [key(cell), cell]));
  // A metric is a key of its table, and here the measure.
  const place = keys.filter((name) => name !== "metric");
  return rows(printed.select(...needed), Built).filter(inPaper).flatMap((cell) => {
    const other = others.get(key(cell)) ?? {};
    return columns.map((column, at) => {
      const first = cell[column] as number | null,
        second = (other[column] ?? null) as number | null;
      const marker = (of: typeof cell) =>
        levels && at === 0 ? markerOf(of.p as number | null, levels) : null;
      const before = marker(cell), after = marker(other);
      return {
        cell: key(cell, place),
        model: cell.model,
        condition: cell.condition,
        measure: cell.metric ?? column,
        printed: first,
        variant_value: second,
        difference: first === null || second === null ? null : second - first,
        marker_printed: before,
        marker_variant: after,
        marker_changed: before === null ? null : before === after ? "no" : "yes",
      };
    });
  });
}

const Row = z.object({
  table: z.string(),
  variant: z.string(),
  measure: z.string(),
  cell: z.string(),
  printed: z.number().nullable(),
  variant_value: z.number().nullable(),
  difference: z.number().nullable(),
  marker_changed: z.string().nullable(),
});

/** Sums in another order differ by less. */
const ROUNDING = 1e-12;

/**
 * What the panel comes to.
 *
 * @param panel of {@link sensitivity}
 * @returns one row per table, variant and measure: cells (that have a value either way), differ (by
 *   more than 1e-12, or defined one way only), markers_changed (undefined where nothing is marked),
 *   largest and mean_absolute (of |difference|, in units of the measure, over cells defined both ways),
 *   at (the cell of the largest; undefined where no cell differs)
 */
export function sensitivitySummary(panel: DataFrame): DataFrame {
  const groups = Map.groupBy(
    rows(panel.select(...Object.keys(Row.shape)), Row),
    ({ table, variant, measure }) => [table, variant, measure].join("|"),
  );
  const tidy = [...groups.values()].map((group) => {
    const { table, variant, measure } = group[0]!;
    const cells = group.filter((row) => row.printed !== null || row.variant_value !== null);
    const sizes = cells.flatMap(({ cell, difference }) =>
      difference === null ? [] : [{ cell, size: Math.abs(difference) }]
    );
    const largest = sizes.reduce<typeof sizes[0] | null>(
      (most, one) => most === null || one.size > most.size ? one : most,
      null,
    );
    const marked = group.filter((row) => row.marker_changed !== null);
    return {
      table,
      variant,
      measure,
      cells: cells.length,
      differ: cells.filter(({ difference }) =>
        difference === null || Math.abs(difference) > ROUNDING
      ).length,
      markers_changed: marked.length
        ? marked.filter((row) => row.marker_changed === "yes").length
        : null,
      largest: largest?.size,
      at: largest && largest.size > ROUNDING ? largest.cell : null,
      mean_absolute: mean(sizes.map(({ size }) => size)),
    };
  });
  return frame(tidy, {
    table: "text",
    variant: "text",
    measure: "text",
    cells: "integer",
    differ: "integer",
    markers_changed: "integer",
    largest: "number",
    at: "text",
    mean_absolute: "number",
  });
}
