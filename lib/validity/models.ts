/**
 * Models that no library here fits, for those who want them: the data and a short R script that fits one, and the
 * estimates read back where R is.
 *
 * Sources: De Boeck et al. 2011, Journal of Statistical Software 39(12) (crossed persona × item models);
 * Christensen's `ordinal`; Rosseel 2012, Journal of Statistical Software 48(2) (lavaan); Svetina, Rutkowski &
 * Rutkowski 2020, Structural Equation Modeling 27, 111–130 (invariance of ordered items); Swaminathan & Rogers
 * 1990, Journal of Educational Measurement 27, 361–370, and Zumbo 1999 (DIF by logistic regression).
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import { fitModel as fitted } from "./models/fit.ts";
import { writeModel as written } from "./models/write.ts";

export type { Fitted } from "./models/fit.ts";
export type { Model } from "./models/scripts.ts";
export type { Modelled, Written } from "./models/write.ts";

/**
 * Writes `data.csv` and `model.R` into the folder `models/NAME` of the outputs (or a path); the script fits the
 * model scale by scale and writes `estimates.csv` beside them. An item's answer is what it adds to its scale;
 * sheets of `people` are the group `people`, others `personas`, or the levels of a `factor`.
 *
 * - `crossed logit`, `crossed ordinal`: who answers and what is asked both vary at random (lme4, ordinal), with the
 *   differences of groups; every answered item is a row. Where a respondent has sheets in several groups, their
 *   difference varies among respondents as well
 * - `invariance`: one trait per scale, the same loadings and then the same intercepts in all groups (lavaan; of up
 *   to four answers thresholds and loadings at once, of two residuals as well), and how far the trait's means then
 *   differ, in units of the first item. The first whole sheet of a respondent counts
 * - `DIF`: each item by the score of its scale, with and without the group, and their product (base R, and MASS for
 *   more than two answers). Holm's p are over all items and both tests
 *
 * @returns the folder, the `data`, the `script`, and `run`: how to run it
 * @throws {Error} when a scale does not fit the model, or there is one group where it needs two
 */
export const writeModel = carried(written);

/**
 * Fits what was written, where `Rscript` and the packages are found; otherwise, and when R fails, `estimates` is
 * null and `note` says what is missing and how to get it.
 *
 * @returns `estimates`, with `trouble` where R warned: of crossed models scale, parameter (as R names it:
 *   `groupreversed` is that level less the first), estimate, se, z, p; of `invariance` scale, constraint, parameter
 *   (the group), estimate (its mean), se, z, p, the fit and its changes; of `DIF` scale, item, functioning, parameter, estimate (log-odds of the group), se, chi2_dif, df_dif, p,
 *   p_holm, r2_change
 */
export const fitModel = carried(fitted);
