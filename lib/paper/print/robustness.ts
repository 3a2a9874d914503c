/** Which columns of `robustness()` a reader needs side by side, under the names that the field has for them. */
import pl, { type DataFrame } from "polars";
import { whole } from "../../format.ts";
import { DRAWN, FEWEST_OFF, type TableName } from "../design.ts";
import { type Decimals, type Grid, gridOf, type Look } from "../../press.ts";
import { carried } from "../../provenance.ts";
import { layoutOf } from "./layout.ts";
import { markerNotes } from "./styles.ts";

type Tested = Exclude<TableName, "baselines">;

/** Columns of a frame and what they are called in print. */
type Selection = readonly (string | readonly [column: string, as: string])[];

interface Form {
  caption: string;
  /** What it says instead of a table that is by other factors than the paper's. */
  others?: string;
  /** Besides the factors, which stand before them. */
  columns: Selection;
  decimals: Decimals;
  notes: readonly string[];
}

const limits = (of: string, as: string) =>
  [[`${of}_lower`, `${as}_lower`], [`${of}_upper`, `${as}_upper`]] as const;
const interval = ["ci_lower", "ci_upper"] as const;
const fate = ["marker", "verdict"] as const;
const tests = ["p_naive", "p_cluster", "p_holm"] as const;

const JUDGED = "Naive p: the paper's test. Cluster p: profiles are what is independent. Holm: " +
  "cluster p adjusted for all tests of the table. A marker stands where that is below its level, " +
  "weakens where only below .05, vanishes where not; what the paper does not mark and is below .05 " +
  "appears.";
const FROM = `from ${whole(DRAWN.draws)} draws of whole profiles`;

const shares = (table: string): Form => ({
  caption: `What survives of Table ${table}: shares less those of Base`,
  others: `What survives of Table ${table}: shares less those compared with`,
  columns: [
    "category",
    "subcategory",
    ...fate,
    ["estimate", "difference"],
    ...interval,
    ["effect", "h"],
    ...limits("effect", "h"),
    ...tests,
    "informative",
    "p_sign_flip",
  ],
  decimals: { difference: 3, h: 3, h_lower: 3, h_upper: 3 },
  notes: [
    `Differences of shares (0–1) with t intervals by profile; h: Cohen's h with limits ${FROM}.`,
    "Informative: profiles whose share changes. Where these are fewer than 40 or an expected count is " +
    "below 5, cluster p has little to go by, and p sign flip (exact up to 16 profiles) is the one to read.",
    JUDGED,
  ],
});

const reliability = (table: string, scale: string): Form => ({
  caption: `What survives of Table ${table}: alpha with intervals, and omega`,
  columns: [
    scale,
    "n",
    ["estimate", "alpha"],
    ...interval,
    "feldt_lower",
    "feldt_upper",
    "omega",
    "lowest_item_rest",
    "lowest_item",
    "constant_items",
    "off_mode",
    "undefined_draws",
  ],
  decimals: { alpha: 3, omega: 3 },
  notes: [
    `95 % CI: percentiles ${FROM}; Feldt's takes sheets for independent and normal. Omega: total, one ` +
    "factor, undefined where an item is constant or the solution improper. Lowest item-rest: the lowest " +
    "correlation of an item with the sum of the others, and that item's number. Undefined draws: those " +
    "in which no item varies; above 1 % of them there are no limits. Off the mode: sheets that leave the " +
    "commonest score; below 20 a few respondents make the alpha.",
  ],
});

const agreement = (table: string): Form => ({
  caption: `What survives of Table ${table}: accuracy, its baselines, and agreement beyond chance`,
  columns: [
    "scale",
    "n",
    ["estimate", "accuracy"],
    ...interval,
    "chance",
    "majority",
    "balanced",
    ["effect", "kappa"],
    ...limits("effect", "kappa"),
    "mcc",
  ],
  decimals: { kappa: 3, kappa_lower: 3, kappa_upper: 3, mcc: 3 },
  notes: [
    "Accuracy, its baselines and balanced accuracy in percent. Chance: independent answers with the same " +
    "shares of Yes; majority: the profiles' more frequent answer for all items. Kappa: Cohen's; MCC: " +
    "Matthews' correlation. Limits by profile, Wilson's where a t interval would pass 0 or 100; those of " +
    `kappa ${FROM}, none where more than 1 % of these have no kappa.`,
  ],
});

const FORMS: Record<Tested, Form> = {
  table1: shares("1"),
  table2: shares("2"),
  table3: shares("3"),
  table4: {
    caption: "What survives of Table 4: persona less profile, in scale points",
    columns: [
      "scale",
      "manipulated",
      ...fate,
      "n",
      ["estimate", "difference"],
      ...interval,
      ["effect", "d_z"],
      ...limits("effect", "d_z"),
      ...tests,
      "p_equivalence",
      "equivalence",
      "icc_a1",
      "loa_lower",
      "loa_upper",
    ],
    decimals: 2,
    notes: [
      "d_z with limits from the noncentral t. p equivalence: two one-sided tests of the claim that the " +
      "mean difference lies within ±0.5 points, not adjusted; equivalence goes by these p and the others, " +
      "each family adjusted by Holm: equivalent (within), small (within, and not 0), different (not shown " +
      "to be within), open.",
      "Equal means are not equal scores: ICC(A,1) is the absolute agreement of persona and profile, and 95 % " +
      "of differences are expected within the limits of agreement. Manipulated: the condition set this " +
      "scale in the profile, so that the difference from the original checks the manipulation.",
      JUDGED,
    ],
  },
  table5: {
    caption: "What survives of Table 5: correlations with intervals",
    columns: [
      "epqra_scale",
      "bfi_trait",
      ...fate,
      "n",
      "off_mode",
      ["estimate", "r"],
      ...interval,
      "boot_lower",
      "boot_upper",
      ["r_max", "root_alphas"],
      ...tests,
      "p_pearson",
    ],
    decimals: { r: 3, root_alphas: 3 },
    notes: [
      "One pair of scores per profile, without GPT-4o's sheets for bare profiles. Interval and cluster p by " +
      "an error of r that holds where scores sit at an end of the scale, as Pearson's p does not; " +
      `bootstrap: percentiles ${FROM}. Off the mode: pairs that leave the commonest score of a scale; below ${FEWEST_OFF} of them a ` +
      "few profiles make r, and there is neither interval nor p. Root alphas: √(α·α), what two scales " +
      "of this reliability are expected to correlate at most if their errors are independent; r can exceed it.",
      JUDGED,
    ],
  },
  table6: reliability("6", "scale"),
  tableA4: {
    caption: "What survives of Table A4: means with intervals",
    columns: ["trait", "n", ["estimate", "mean"], ...interval],
    decimals: 2,
    notes: ["t intervals by profile."],
  },
  tableA5: reliability("A5", "trait"),
  tableA6: agreement("A6"),
  tableA7: agreement("A7"),
};

/** Rows that have something to show: what is tested; of the measures of agreement the one with kappa. */
function kept(frame: DataFrame): DataFrame {
  if (frame.columns.includes("metric")) {
    return frame.filter(pl.col("metric").eq(pl.lit("accuracy")));
  }
  return frame.columns.includes("category") ? frame.filter(pl.col("verdict").isNotNull()) : frame;
}

/** What survives of a table, as it is shown: everything that `show` takes. */
export interface RobustnessTable {
  table: DataFrame;
  caption: string;
  options: { name: string; decimals: Decimals; notes: readonly string[]; data: DataFrame };
}

/**
 * What survives of a table, as it is shown: the rows that are tested, and of the columns the estimate
 * under its own name with its interval, effect size, the three p, the paper's marker and the verdict.
 *
 * @param frame as `robustness()` in `lib/paper/tables.ts` builds it; it has more columns and all rows
 */
export const robustnessTable = carried((name: Tested, frame: DataFrame): RobustnessTable => {
  const { factors, by } = layoutOf(name, frame), form = FORMS[name];
  const { columns, decimals, notes } = form;
  const caption = by ? form.others ?? form.caption : form.caption;
  const table = kept(frame).select(
    ...[...factors, ...columns].map((column) =>
      typeof column === "string" ? pl.col(column) : pl.col(column[0]).alias(column[1])
    ),
  );
  const family = familyOf(frame);
  return {
    table,
    caption: family ? `${caption} (${family} tests)` : caption,
    options: {
      name: "survives",
      decimals,
      notes: [...markerNotes(name), ...notes],
      data: frame,
    },
  };
});

/** How many tests the table has; 0 where it has none. */
function familyOf(frame: DataFrame): number {
  const known = frame.filter(pl.col("family").isNotNull());
  return known.height ? Number(known.getColumn("family").get(0)) : 0;
}

/** The same for Markdown and LaTeX. */
export function robustnessGrid(name: Tested, frame: DataFrame, style?: Look["style"]): Grid {
  const { table, caption, options } = robustnessTable(name, frame);
  return { ...gridOf(table, caption, { ...options, style }), notes: options.notes };
}
