/** Does a printed number hang on a choice that the paper does not mention? */
import type { DataFrame } from "polars";
import { z } from "zod";
import type { Administrations } from "../../db.ts";
import { layout, markerOf, marks, TABLE_NAMES, type TableName } from "../design.ts";
import { columnsOf, frame, type Kind, rows } from "../../frames.ts";
import { mean } from "../../stats.ts";
import { agreement, type Comparing } from "./agreement.ts";
import { build, type Building, factorsIn, formOf, type Reads } from "./build.ts";
import { convergence } from "./convergence.ts";
import { demographics, inPaper } from "./demographics.ts";
import { ownKeys, tableFactors } from "./factors.ts";

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
 * @param options `by` and `against` as of {@link build}; Table 1 is by those factors that personas have, and
 *   left out where they have none
 * @returns one row per cell, number and variant: table, variant, cell (its keys as one text), model,
 *   condition (or the factors; undefined where the table has none), measure (mean, sd, r, alpha or the metric), printed
 *   and variant_value (as the table's builder has them: shares 0–1, A6 and A7 in percent), difference
 *   (variant − printed; undefined where either is), marker_printed, marker_variant and marker_changed
 *   (yes, no; undefined where the table marks no such number). Rows that the paper does not print are
 *   left out.
 */
export async function sensitivity(
  reads: PanelReads,
  options: Omit<Building, "mode"> = {},
): Promise<DataFrame> {
  const own = ["table", "variant", "cell", ...Object.keys(COLUMNS)];
  const clash = options.by?.find((name) => own.includes(name));
  if (clash) throw new Error(`The panel has a column ${clash} of its own: leave out that factor`);
  const tidy = [], kinds = new Map<string, Kind>();
  const known = options.by && await factorsIn(reads, options.form);
  for (const table of NAMES) {
    const isDemographics = table === "table1" || table === "table2" || table === "table3";
    const by = isDemographics
      ? options.by?.filter((name) => known!.personas.includes(name))
      : options.by;
    // By factors Tables 1–3 are one.
    if (options.by && isDemographics && (table !== "table1" || !by!.length)) continue;
    const building = { ...options, by };
    const printed = await build(table, reads, building);
    const columns = columnsOf(printed);
    for (const name of tableFactors(table, printed)) kinds.set(name, columns.kind(name));
    for (const [variant, made] of await variants(table, reads, building)) {
      tidy.push(...compared(table, printed, made).map((row) => ({ table, variant, ...row })));
    }
  }
  return frame(tidy, {
    table: "text",
    variant: "text",
    cell: "text",
    ...Object.fromEntries(kinds),
    ...COLUMNS,
  });
}

const COLUMNS = {
  measure: "text",
  printed: "number",
  variant_value: "number",
  difference: "number",
  marker_printed: "text",
  marker_variant: "text",
  marker_changed: "text",
} as const;

/** A table under each choice made otherwise. */
async function variants(
  table: Name,
  reads: PanelReads,
  options: Omit<Building, "mode">,
): Promise<[string, DataFrame][]> {
  const { by } = options;
  const last: Reads = {
    sheets: (instrument) => reads.lastSheets(instrument),
    profiles: (source) => reads.profiles(source),
    demographics: (form) => reads.demographics(form),
  };
  const epqra = () => reads.sheets("epqra"), bfi = () => reads.sheets("bigfive");
  if (table === "table1" || table === "table2" || table === "table3") {
    const { form, ...building } = options;
    const counts = await reads.demographics(await formOf(reads, form));
    const made = demographics(counts, table, { ...building, repetitions: Infinity });
    return [["all repetitions", made]];
  }
  const found: [string, DataFrame][] = [["last answer", await build(table, last, options)]];
  if (table === "table5") {
    const made = convergence(await epqra(), await bfi(), { by, bare: false });
    found.push(["without group 372", made]);
  }
  const agreed = async (of: "tableA6" | "tableA7", options: Comparing) =>
    agreement(await epqra(), await reads.profiles("reference"), of, { by, ...options });
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
  const factors = tableFactors(table, printed), own = ownKeys(layout(table));
  const keys = [...factors, ...own], levels = marks(table), columns = numbers(table);
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
        ...Object.fromEntries(factors.map((name) => [name, cell[name]])),
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
