/** Columns that only the paper's tables and personas have. */
import { declare, declareLevels, integer, number, text } from "../columns.ts";

declare({
  epqra_scale: text("EPQR-A scale", "Scale of the EPQR-A."),
  bfi_trait: text("BFI trait", "Trait of the BFI-44."),
  marker: text(
    "marker",
    "The paper's mark of significance; in Table 5 the level that its type face stands for.",
  ),
  printed: text(
    "as printed",
    "The cell as the paper prints it; in comparisons of variants, the number by the paper's code.",
  ),
  verdict: text(
    "verdict",
    "Whether the paper's marker stands, weakens or vanishes by the Holm-adjusted cluster p, or appears; undefined where nothing is tested.",
  ),
  manipulated: text("manipulated", "Yes where the condition set this very scale in the profile."),
  in_paper: text("in the paper", "No where the paper does not print the row."),
  base_n: integer(
    "n",
    "Personas of the same model under Base, or of the levels that are compared with.",
    { over: "Base" },
  ),
  base_count: integer("count", "How many of them are in the category.", { over: "Base" }),
  table: text("table", "Table of the paper.", {
    levels: {
      ...Object.fromEntries(["1", "2", "3", "4", "5", "6", "A4", "A5", "A6", "A7"]
        .map((number) => [`table${number}`, `Table ${number}`])),
      baselines: "Baselines",
    },
  }),
  rows: text("rows", "Printed: the cells that the paper prints; all: every cell.", {
    levels: { printed: "printed", all: "all" },
  }),
  cells: integer("cells", "Cells that have a value."),
  markers: integer("markers", "Cells that the paper marks."),
  stands: integer("stand", "Markers that stand by the Holm-adjusted cluster p.", {
    over: "markers",
  }),
  weakens: integer("weaken", "Markers that keep only a lower level.", { over: "markers" }),
  vanishes: integer("vanish", "Markers that do not stand at any level.", { over: "markers" }),
  appears: integer("appear", "Cells that the paper does not mark and that are significant."),
  unmarked: integer("neither", "Cells that are neither marked nor significant."),
  not_tested: integer("not tested", "Cells in which nothing is tested, or nothing varies."),
  cell: text("cell", "The keys of the cell."),
  variant_value: number("with the variant", "The number with the variant, in the table's unit."),
  marker_printed: text("printed", "Marker by the paper's code.", { over: "marker" }),
  marker_variant: text("variant", "Marker with the variant.", { over: "marker" }),
  marker_changed: text(
    "changed",
    "Whether the two differ; undefined where the table marks no such number.",
    { over: "marker" },
  ),
  differ: integer("differ", "Cells that differ."),
  markers_changed: integer(
    "markers changed",
    "Cells whose marker differs; undefined where nothing is marked.",
  ),
  at: text("at", "The cell of the largest difference; undefined where no cell differs."),
  mean_absolute: number(
    "mean size",
    "Mean of the differences by size, in the unit of the measure.",
  ),
  block: text("part", "Which part of the summary the row belongs to.", {
    levels: {
      describe: "distribution",
      quality_count: "conventional class",
      baseline_comparison: "beside the profiles",
    },
  }),
  printed_cells: integer("printed cells", "Cells that the paper prints."),
  compared: integer("compared", "Of them, those for which the data hold something."),
  agree: integer("agree", "Cells that agree to the last printed digit."),
  paper: text("paper", "The cell as the paper printed it."),
  ours: text("ours", "The cell as these data make it."),
  agrees: text("agrees", "Whether the two are the same; no data: nothing to compare."),
  from: text("from", "The paper, or ours."),
});

declareLevels("instrument", { epqra: "EPQR-A", bigfive: "BFI-44" });
