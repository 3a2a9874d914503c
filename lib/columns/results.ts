/** Columns of tables and tests. */
import { coefficient, type Columns, integer, interval, number, p, share, text } from "./column.ts";

/** The p of one of several tests: they stand under one head. */
const test = (label: string, meaning: string) => p(label, meaning, { over: "p" });
const EXPECTED = "√(α·α): what two scores of this reliability are expected to correlate at most.";

/** Of the builders of tables, and what every test brings. */
export const RESULTS: Columns = {
  model: text(
    "model",
    "Label of the model that wrote the persona or answered; a row may stand for the profiles themselves.",
  ),
  condition: text(
    "condition",
    "What was set in the profile before anything was written or answered.",
  ),
  population: text("population", "Where the respondents come from."),
  profile: integer("profile", "Id of the respondent whose profile it is."),
  repetition: integer("repetition", "Which of the equal questions it is, from 1."),
  administration: integer("administration", "Id of one asking of one instrument."),
  instrument: text(
    "instrument",
    "Name of the instrument that is asked, or that the profiles answered.",
  ),
  language: text("language", "Language of the items, ISO 639-1."),
  scale: text("scale", "Scale of the instrument; All: all items."),
  trait: text("trait", "Scale of an inventory of traits."),
  item: integer("item", "Number of the item; undefined in rows that are about a whole scale."),
  source: text("source", "Whose answers they are.", {
    levels: { reference: "reference profiles", random: "random profiles" },
  }),
  category: text("category", "Which attribute of a person is counted."),
  subcategory: text("subcategory", "One of the categories of the attribute."),
  attribute: text("attribute", "Which attribute of a person is counted.", {
    levels: {
      political_orientation: "political orientation",
      religious_belief: "religious belief",
      sexual_orientation: "sexual orientation",
    },
  }),
  value: number("value", "What was measured, or was given."),
  measure: text("measure", "What the row measures; its formula stands where the table is made.", {
    levels: {
      sd: "SD",
      mae: "mean absolute error",
      rmse: "root mean square error",
    },
  }),
  metric: text("metric", "Measure of agreement: in percent, or errors in answers per scale.", {
    levels: { mae: "MAE", rmse: "RMSE" },
  }),
  statistic: text("statistic", "Which statistic the value is.", {
    levels: {
      score_mean: "mean score",
      score_sd: "SD of scores",
      std: "SD",
      min: "lowest",
      max: "highest",
    },
  }),
  n: integer(
    "n",
    "What the row's numbers are made from: personas, sheets, pairs or answers, as its caption says.",
  ),
  clusters: integer(
    "clusters",
    "How many respondents the n come from: what is taken for independent.",
  ),
  count: integer("count", "How many of the n have what is counted."),
  df: integer("df", "Degrees of freedom."),
  family: integer("tests", "How many tests the adjusted p are adjusted for."),
  respondents: integer("respondents", "How many respondents the n come from."),
  missing: integer("missing", "How many have no value."),
  refused: integer("refused", "How many refused to answer, or do not know."),
  unpaired: integer("unpaired", "Respondents that are on this side only."),
  unpaired_against: integer("unpaired there", "Respondents that are on the other side only."),
  option: text("option", "What the value stands for, in the words of the item."),
  option_role: text(
    "role of the option",
    "What an option is that is no answer: a refusal or a don't-know.",
  ),
  effective_n: number("effective n", "How many independent observations it is worth."),
  flip_family: integer("sign-flip tests", "How many tests the sign-flip p are adjusted for."),
  variable: text("variable", "What is summed up or compared: a scale, an item or a column."),
  mean_against: number("mean there", "Mean of what is compared with."),
  share_against: share("share there", "Share of what is compared with, 0–1."),
  p_flip: test("sign flip", "p of the sign-flip test of respondents' differences."),
  p_flip_holm: test("sign flip, Holm", "Sign-flip p adjusted for all tests of the table by Holm."),
  undefined_draws: integer(
    "undefined draws",
    "Draws of the bootstrap in which the statistic was undefined; above 1 % of them there are no limits.",
  ),
  informative: integer(
    "informative",
    "Respondents with personas on both sides whose share differs; all that is known of the difference comes from them.",
  ),
  n_effective: number("effective n", "How many independent observations the share is worth."),
  items: integer("items", "Items of the scale or the instrument."),
  constant_items: integer("constant items", "Items that no two sheets answer differently."),
  lowest_item: integer(
    "its item",
    "Number of the item that correlates lowest with the rest of its scale.",
  ),
  forward: integer("items keyed forward", "Items of the scale on which agreeing scores."),
  reversed: integer("items keyed in reverse", "Items of the scale on which denying scores."),
  kinds: integer("categories", "Categories that occur."),
  score: number("score", "Score of a scale, in its points."),
  least: number(
    "least",
    "Of an effect: the smallest size that its limits hold. Of a sheet: its lowest answer.",
  ),
  most: number(
    "most",
    "Of an effect: the largest size that its limits hold. Of a sheet: its highest answer.",
  ),
  off_mode: integer(
    "off the mode",
    "Sheets that leave the commonest score, or pairs, of the scale on which fewer do; below 20 a few respondents make the alpha or the correlation.",
  ),
  comparisons: integer("comparisons", "Correlations that the validity is compared with."),
  larger: integer("won", "Comparisons in which the validity is larger."),
  clearly: integer(
    "won beyond chance",
    "Comparisons in which the interval of the difference excludes 0.",
  ),
  estimate: number(
    "estimate",
    "The quantity that the table is about, in its unit; undefined where it does not exist.",
  ),
  difference: number("difference", "The first less the second."),
  share: share("share", "Share of the n, 0–1."),
  se: number("SE", "Standard error of the estimate."),
  mean: number("mean", "Mean, in the unit of what is averaged."),
  sd: number("SD", "Standard deviation, divisor n − 1, in the unit of what is averaged."),
  reference_mean: number("reference mean", "Mean of the profiles that are compared with."),
  t: number("t", "Student's t."),
  z: number("z", "z of the test, standard normal."),
  d: number("d", "Cohen's d: the difference in standard deviations."),
  d_z: number("d_z", "Cohen's d of paired scores: mean difference by the SD of differences."),
  d_av: number("d_av", "Cohen's d of paired scores by the average of both SDs."),
  h: number("h", "Cohen's h of two shares."),
  r: coefficient("r", "Pearson's correlation; undefined where either does not vary."),
  effect_name: text("effect size", "Which effect size it is.", {
    levels: { d_z: "Cohen's d (paired)", h: "Cohen's h", kappa: "Cohen's kappa", r: "Pearson's r" },
  }),
  effect: number("effect", "The effect size, without unit."),
  risk_ratio: number(
    "risk ratio",
    "One share by the other; the limits take personas for independent (Katz's).",
  ),
  design_effect: number(
    "design effect",
    "How many times as many observations the share needs as independent ones.",
  ),
  alpha: coefficient("alpha", "Cronbach's alpha; undefined where no item varies."),
  alpha_dropped: coefficient("alpha without item", "Alpha of the scale without this item."),
  omega: coefficient("omega", "Omega total of one factor; undefined as the next column says."),
  omega_undefined: text("why no omega", "Constant item, improper solution, or fewer than 3 items."),
  item_rest: coefficient(
    "item-rest r",
    "Correlation of the item with the sum of the others of its scale.",
  ),
  lowest_item_rest: coefficient(
    "lowest item-rest r",
    "The lowest correlation of an item with the sum of the others.",
  ),
  root_alphas: coefficient("root alphas", EXPECTED),
  r_max: coefficient("highest r expected", EXPECTED),
  icc_a1: coefficient("(A,1)", "Intraclass correlation: absolute agreement of single scores.", {
    over: "ICC",
  }),
  icc_c1: coefficient("(C,1)", "Intraclass correlation: consistency of single scores.", {
    over: "ICC",
  }),
  icc: coefficient("ICC", "Intraclass correlation: how alike the answers of one respondent are."),
  kappa: coefficient("kappa", "Cohen's kappa."),
  mcc: coefficient("MCC", "Matthews' correlation of two yes-or-no answers."),
  accuracy: number("accuracy", "Answers that are the profile's.", { unit: "%" }),
  precision: number("precision", "Of the Yes answers those that are the profile's.", { unit: "%" }),
  recall: number("recall", "Of the profile's Yes those that are answered so.", { unit: "%" }),
  specificity: number("specificity", "Of the profile's No those that are answered so.", {
    unit: "%",
  }),
  place: text(
    "place",
    "Where the option stood among those that are answers, from 1; or the first, the last.",
  ),
  chance: number(
    "chance",
    "What answers would reach that do not depend on the profile, in the unit of what they are compared with.",
  ),
  majority: number("majority", "Accuracy of giving the more frequent answer always.", {
    unit: "%",
  }),
  balanced: number("balanced accuracy", "Mean of recall and specificity.", { unit: "%" }),
  excess: coefficient(
    "beyond chance",
    "How far the share goes from chance to 1; undefined where chance is 1.",
  ),
  relative: number("relative", "Ratio to the profiles of the same condition."),
  validity: coefficient("validity", "Correlation of one trait by two methods."),
  largest: number("largest", "The largest of what is compared, by size."),
  truth: number("truth", "What the estimate is an estimate of."),
  against: text(
    "compared with",
    "What is compared with: the profile as it was or as it was shown; other traits by another method or the same one.",
    { levels: { profile: "profile", shown: "profile as shown" } },
  ),
  kind: text(
    "kind",
    "Of a correlation: reliability, validity or another. Of a run: personas, administrations or a trial. Of faults: what came instead of a reply. Of a batch: provider or files. Of a variable: category, ordered, number or text.",
  ),
  fault: text("fault", "What is wrong with an administration."),
  flagged: text("flagged", "Yes where an item runs against its scale: its upper limit is below 0."),
  pair: text("its pair", "The two variables of the largest."),
  example: text("example", "One of what is counted, or the particulars of the first."),
  equivalence: text(
    "equivalence",
    "Equivalent (within the bounds), small (within, and not 0), different (not shown to be within), or open.",
  ),
  row_method: text("method", "Instrument of the row.", { over: "row" }),
  row_scale: text("scale", "Scale of the row.", { over: "row" }),
  column_method: text("method", "Instrument of the column.", { over: "column" }),
  column_scale: text("scale", "Scale of the column.", { over: "column" }),
  data: text("data", "Where the numbers come from."),
  p: p("p", "p of the test, two-sided."),
  p_naive: test("naive", "p that takes all observations for independent."),
  p_cluster: test("cluster", "p that takes respondents for independent."),
  p_holm: test("Holm", "Cluster p adjusted for all tests of the table by Holm."),
  p_bh: test("BH", "Cluster p adjusted for all tests of the table by Benjamini and Hochberg."),
  p_equivalence: test(
    "equivalence",
    "p of two one-sided tests of the claim that the difference lies within the bounds.",
  ),
  p_equivalence_holm: test(
    "equivalence, Holm",
    "p of equivalence adjusted for all tests of the table by Holm.",
  ),
  p_wilcoxon: test("Wilcoxon", "p of the signed-rank test of respondents' differences."),
  p_sign_flip: test("sign flip", "p of the sign-flip test of respondents' differences."),
  p_fisher: test("Fisher", "p of Fisher's exact test, where an expected count is below 5."),
  p_pearson: test("Pearson", "p of Pearson's r, which takes scores for normal."),
};

/** By the name without `_lower` and `_upper`. */
export const INTERVALS: Columns = {
  ci: interval("95% CI", "95 % confidence interval of the estimate."),
  boot: interval("95% CI (bootstrap)", "95 % percentile interval of draws of whole respondents."),
  feldt: interval(
    "95% CI (Feldt)",
    "Feldt's 95 % interval of alpha, which takes sheets for independent and normal.",
  ),
  fisher: interval(
    "95% CI (Fisher)",
    "Fisher's 95 % interval of r, which takes scores for normal.",
  ),
  newcombe: interval(
    "95% CI (Newcombe)",
    "Newcombe's 95 % interval of the difference, which takes personas for independent.",
  ),
  bound: interval("bounds", "Between them a difference counts as none.", { of: "number" }),
  loa: interval(
    "limits of agreement",
    "95 % of differences are expected between them (Bland and Altman).",
    { of: "number" },
  ),
  "": interval("middle 95%", "The middle 95 % of what half-samples bring; no confidence interval."),
  relative: interval(
    "middle 95% of relative",
    "The middle 95 % of the ratios that half-samples bring; no confidence interval.",
    { of: "number" },
  ),
};
