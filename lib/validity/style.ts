/**
 * How sheets are answered, whatever is asked: what is left out or declined, agreeing with everything, one
 * answer throughout, the ends of the scale, what looks good; and whether those who answer for the same
 * persona agree.
 *
 * Sources: Soto et al. 2008, JPSP 94, 718–737 (agreeing, balanced by keying); Johnson 2005, Journal of
 * Research in Personality 39, 103–129 (longest run); Dunn et al. 2018, Journal of Business and Psychology
 * 33, 105–121 (spread within a sheet); Krippendorff 2019, Content Analysis, ch. 12.
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import { answerStyles as stylesOf } from "./style/measures.ts";
import { agreementAmong as amongOf } from "./style/raters.ts";

export type { Styled } from "./style/measures.ts";
export type { Raters } from "./style/raters.ts";

/**
 * Styles of answering, by any factors. A sheet that leaves an item out has only `no_answer` and `declined`, and of
 * scales that are whole the rest.
 *
 * - of all items (`All`): `no_answer` and `declined`, shares of the items of a sheet (declined: where they
 *   can be); `ends`, share of answers at either end, of more than two ordered ones; and where all items take the same
 *   answers `one_answer`, share of sheets with one answer throughout, `longest_run` of equal answers in the order
 *   of the items, as a share of them, and `spread`, the SD of the answers within a sheet
 * - of a scale with items keyed both ways: `agreed`, the mean of the mean over items keyed one way and of that
 *   over the others, each answer from 0 (lowest) to 1. Who only says what the scale asks for has .5, and more
 *   is yea-saying
 * - of scales that `desirable` names: `desirable`, how far the answers lie at the better end, from 0 to 1, balanced as
 *   `agreed` is; where items are keyed both ways also `desirable_agreeing`, where the better answer is to agree, and
 *   `desirable_denying`: both high is good looks, the first alone is yea-saying
 *
 * @param sheets as `study.sheets(…)` reads them
 * @returns by level of each factor, scale and measure: n (sheets), clusters, estimate (weighted mean), sd (of
 *   sheets), se, df, ci_lower, ci_upper (95 %, by cluster)
 * @throws {Error} when a factor or an item is unknown
 * @throws {RangeError} when `desirable` names a scale that there is not
 */
export const answerStyles = carried(stylesOf);

/**
 * Whether raters agree on the answers of the same personas: Krippendorff's alpha over all items of a scale
 * (`All`: of the instrument), or of each item where items have options of their own. 1 is agreement, 0 what
 * chance makes; where one answer dominates alpha is low by construction, and one model that is asked again is
 * no second rater but a retest. Missing and declined answers are left out.
 *
 * @param sheets as `study.sheets(…)` reads them; of several sheets of a rater for one persona the first counts
 * @returns by level of each factor and scale: raters, metric, units (persona × item with two answers or more),
 *   n (answers), clusters, estimate (alpha; undefined where all answers are alike), se (by leaving out each
 *   cluster), ci_lower, ci_upper (95 %, of draws of clusters), undefined_draws
 * @throws {Error} when there is one rater, or a persona's sheets differ in something else too
 */
export const agreementAmong = carried(amongOf);
