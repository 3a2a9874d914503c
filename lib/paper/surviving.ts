/** Which columns of `survival()` a reader needs side by side, under the names that the field has for them. */
import pl, { type DataFrame } from "polars";
import type { TableName } from "../design.ts";

/** Columns of a frame and what they are called in print. */
type Selection = readonly (string | readonly [column: string, as: string])[];

const limits = (of: string, as: string) =>
  [[`${of}_lower`, `${as}_lower`], [`${of}_upper`, `${as}_upper`]] as const;
const interval = ["ci_lower", "ci_upper"] as const;
const judged = ["p_naive", "p_cluster", "p_holm", "marker", "verdict"] as const;
const reliability: Selection = [
  "n",
  ["estimate", "alpha"],
  ...interval,
  "feldt_lower",
  "feldt_upper",
  "constant_items",
];
const agreement: Selection = [
  "model",
  "condition",
  "scale",
  "n",
  ["estimate", "accuracy"],
  ...interval,
  "chance",
  "majority",
  ["effect", "kappa"],
  ...limits("effect", "kappa"),
];
const shares: Selection = [
  "model",
  "condition",
  "category",
  "subcategory",
  ["estimate", "difference"],
  ...interval,
  ["effect", "h"],
  ...limits("effect", "h"),
  ...judged,
];

const SELECTIONS: Record<Exclude<TableName, "baselines">, Selection> = {
  table1: shares,
  table2: shares,
  table3: shares,
  table4: [
    "model",
    "condition",
    "scale",
    "n",
    ["estimate", "difference"],
    ...interval,
    ["effect", "d_z"],
    ...limits("effect", "d_z"),
    ...judged,
    "p_equivalence",
  ],
  table5: [
    "model",
    "epqra_scale",
    "bfi_trait",
    "n",
    ["estimate", "r"],
    ...interval,
    "r_max",
    ...judged,
  ],
  table6: ["model", "condition", "scale", ...reliability],
  tableA4: ["model", "trait", "n", ["estimate", "mean"], ...interval],
  tableA5: ["model", "trait", ...reliability],
  tableA6: agreement,
  tableA7: agreement,
};

/** Rows that have something to show: what is tested; of the measures of agreement the one with kappa. */
function kept(name: TableName, frame: DataFrame): DataFrame {
  if (frame.columns.includes("metric")) {
    return frame.filter(pl.col("metric").eq(pl.lit("accuracy")));
  }
  return /^table[1-3]$/.test(name) ? frame.filter(pl.col("verdict").isNotNull()) : frame;
}

/**
 * What survives of a table, as it is shown: the rows that are tested, and of the columns the estimate
 * under its own name with its interval, effect size, the three p, the paper's marker and the verdict.
 *
 * @param frame as `survival()` in `lib/tables.ts` builds it; it has more columns and all rows
 */
export function surviving(name: Exclude<TableName, "baselines">, frame: DataFrame): DataFrame {
  return kept(name, frame).select(
    ...SELECTIONS[name].map((column) =>
      typeof column === "string" ? pl.col(column) : pl.col(column[0]).alias(column[1])
    ),
  );
}
