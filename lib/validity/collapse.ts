/**
 * Collapse: do invented people differ as much as people do, or as they do when they are made otherwise?
 *
 * Sources: Naeem et al. 2020, ICML, PMLR 119, 7176–7185 (coverage, density); Hopkins & Skellam 1954, Annals
 * of Botany 18, 213–227; Del Giudice 2021, Multivariate Behavioral Research 56, 527–542 (dimension); Jost
 * 2006, Oikos 113, 363–375 (effective numbers); Wu 1990, Annals of Statistics 18, 1438–1452 (limits).
 */
import { carried } from "../provenance.ts";
import { effectiveKinds as kindsOf } from "./collapse/kinds.ts";
import { sheetVariety as varietyOf } from "./collapse/sheets.ts";
import "./columns.ts";

export type { Kinds } from "./collapse/kinds.ts";
export type { Beside, Varied } from "./collapse/sheets.ts";

/**
 * The variety of answer sheets by any factors, by itself and beside a reference: people who answered the
 * instrument (`people`), or the level `against` of a `factor`.
 *
 * The first sheet of a respondent in which every item is answered counts. Numbers like these depend on how many
 * sheets there are, so all are taken of one size, half the clusters of the smallest cell or reference:
 * that many are drawn, again and again, without replacement; those of the reference that the balls of coverage
 * are made of are never those that are measured. `estimate` is the mean over the draws. Limits are how far
 * draws lie from it, scaled to the number of clusters that there are (delete-half jackknife). Draws with
 * replacement would not do: a sheet that comes twice is a collapse of their own making.
 *
 * - `distinct`: different sheets, to the number of sheets;
 * - `distance`: mean squared distance of two sheets: of two answers, or of answers without an order, it is in how
 *   many items they differ; of ordered ones each item goes from 0 to 1;
 * - `dimension`: in how many linear dimensions they differ (participation ratio);
 * - `hopkins`: ½ where answers to different items have nothing to do with each other, more where sheets lie in clumps;
 * - `answers`: effective number of answers to an item, mean over the items;
 * - `coverage`: share of the reference near which a sheet lies (its fifth neighbour is the bound); `density`: how
 *   thickly they lie there. Read both beside those of the reference itself, `reference_value`: with few
 *   different sheets even that is not 1.
 *
 * @param sheets as `study.sheets(…)` reads them
 * @returns by level of each factor and measure: n (sheets), clusters, drawn_size (clusters in a draw), estimate,
 *   ci_lower, ci_upper (95 %), reference_value, to_reference (mean ratio of the two) with limits, undefined_draws.
 *   Undefined where it is in more than 1 % of the draws, in cells of fewer than 4 clusters, and of a reference
 *   where there is none
 * @throws {Error} when a factor, a level or an item is unknown; when respondents have weights
 */
export const sheetVariety = carried(varietyOf);

/**
 * The effective number of levels of columns, such as attributes of personas: exp of Shannon's entropy, the
 * number of equally common levels that would be as diverse. 1 is one kind of person.
 *
 * Who has no level is left out. A sample lacks rare kinds, so that its own number (`kinds_seen`) is too low; the
 * estimate is the jackknife's, whose limits are t limits of the entropy, by cluster. Where nearly everybody is a kind of
 * their own it is still too low. Source: Zahl 1977, Ecology 58, 907–913.
 *
 * @param data a frame with a row per persona, or sheets
 * @returns by level of each factor and variable: n, clusters, kinds (levels that occur), kinds_seen (effective number of
 *   the sample), estimate, ci_lower, ci_upper (95 %; none where all are of one kind, or nothing varies)
 * @throws {Error} when a factor or column is unknown
 */
export const effectiveKinds = carried(kindsOf);
