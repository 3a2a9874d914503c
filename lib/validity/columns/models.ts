/** Columns of models that R fits. */
import { coefficient, type Column, integer, number, p, text } from "../../columns.ts";

type Own = Readonly<Record<string, Omit<Column, "name">>>;

export const MODELS: Own = {
  parameter: text("parameter", "What the model estimates."),
  constraint: text("equal in all groups", "What the groups are made to share."),
  chi2_fit: number("χ²", "Of the model's fit, scaled where the estimator is robust.", {
    decimals: 1,
  }),
  df_fit: integer("df", "Degrees of freedom of the fit."),
  cfi: coefficient("CFI", "Comparative fit index, robust or scaled where there is one."),
  rmsea: number("RMSEA", "Root mean square error of approximation, as CFI.", { decimals: 3 }),
  srmr: number("SRMR", "Standardized root mean square residual.", { decimals: 3 }),
  cfi_change: number("ΔCFI", "CFI less that of the row before.", { decimals: 3 }),
  chi2_change: number("Δχ²", "Scaled difference test against the row before.", { decimals: 1 }),
  df_change: integer("Δdf", "Degrees of freedom of the difference test."),
  p_change: p("Δχ²", "p of the difference test.", { over: "p" }),
  functioning: text("DIF", "Whether groups differ alike at every level of the trait, or not.", {
    levels: { uniform: "uniform", other: "not uniform" },
  }),
  chi2_dif: number("χ²", "Likelihood ratio of the models with and without."),
  df_dif: integer("df", "Degrees of freedom of the likelihood ratio."),
  r2_change: number("ΔR²", "Nagelkerke's R², with less without.", { decimals: 3 }),
  trouble: text("trouble", "What R said of the fit; undefined where it said nothing."),
};
