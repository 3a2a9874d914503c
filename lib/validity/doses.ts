/**
 * Whether personas follow what they were made of, dose by dose: the same profiles with 0, 1, 2 … items of a
 * scale set to the answer that scores (conditions such as `N=3`).
 *
 * What is asked for is known from what each profile was shown. A dose sets items that a profile may have
 * answered so before, so that a persona that follows it rises by less than a point per item: the slope is held
 * against that, and not only against 0. A dose of 0 is asked anew like any other; the undosed condition is not
 * put in its place.
 *
 * Which items a dose sets is drawn for each profile: intervals answer for other profiles and other such draws.
 *
 * Sources: Page 1963; Barlow et al. 1972; Serapio-García et al. 2023, arXiv 2307.00184.
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import { directions as directionsOf, keying as keyingOf } from "./doses/asymmetry.ts";
import { losses as lossesOf } from "./doses/losses.ts";
import { doseShares as doseSharesOf } from "./doses/shares.ts";
import { doseMeans as doseMeansOf, doseSlopes as doseSlopesOf } from "./doses/slopes.ts";
import { spillOver as spillOverOf } from "./doses/spill.ts";

export type { Directions } from "./doses/asymmetry.ts";
export { type Dose, type Dosed, doseOf } from "./doses/series.ts";
export type { ByDose } from "./doses/slopes.ts";

/**
 * The slope of each dosed scale on its dose, within profiles. Profiles with a score on every scale at each dose
 * count; several sheets of one dose are averaged.
 *
 * @returns by level of each factor and scale: n (profiles), left_out, doses; estimate (mean slope, points per
 *   item), se, df, ci_lower, ci_upper (95 %, t over profiles), p (against 0), p_holm; expected_slope (of one that
 *   follows what it was shown), beyond (estimate − expected_slope) with limits and p_beyond; followed (estimate /
 *   expected_slope; Fieller's limits); r2_within with limits, r2_pooled; rho (mean of Spearman's within
 *   profiles); page, z, p_page (one-sided); falls (share of steps), violated (share of pairs of doses),
 *   off_isotonic (points that a mean lies off the nearest that never fall). What was shown is null where it is not
 *   stored
 * @throws {Error} when no condition is a series of doses, or a factor is unknown
 */
export const doseSlopes = carried(doseSlopesOf);

/**
 * The dosed scales, dose by dose.
 *
 * @returns by level of each factor, scale and dose: n, mean, se, df, ci_lower, ci_upper, isotonic (the nearest means
 *   that never fall), shown_mean; asked_change and done_change (against the lowest dose, as shown and as answered);
 *   followed (done_change / asked_change; below 1 at high doses only is softening) with Fieller's limits
 * @throws {Error} as `doseSlopes`
 */
export const doseMeans = carried(doseMeansOf);

/**
 * What an item of dose on one scale does to each scale, in sds of that scale at a dose of 0; Holm's p over the
 * cells off the diagonal of each combination of factors.
 *
 * @returns by level of each factor, dosed_scale and scale: n, estimate, se, df, ci_lower, ci_upper, p, p_holm; spill_ratio (to
 *   what the dose does to its own scale; limits by drawing profiles)
 * @throws {Error} as `doseSlopes`
 */
export const spillOver = carried(spillOverOf);

/**
 * How the share of a value moves with the dose, in the same profiles, such as of a gender that writers invent.
 *
 * @param personas a row per persona with condition and profile, as `study.personas()` reads them
 * @returns by level of each factor, scale and value: variable, n (profiles), left_out, doses, share_lowest,
 *   share_highest (at the ends), estimate (mean slope: share per item), se, df, ci_lower, ci_upper, p, p_holm (over all
 *   rows); z, p_page (Page's, two-sided, since its direction is taken from the data), off_isotonic and against_trend
 *   (how far shares lie off a monotone line, and steps that go the other way)
 * @throws {Error} as `doseSlopes`
 */
export const doseShares = carried(doseSharesOf);

/**
 * Whether a scale can be pushed up as well as down: of what two opposite conditions ask for against a third, which
 * part is done. Doses that ask for the same items both ways are conditions such as `N=3` and `N=3 unkeyed`.
 *
 * @returns by level of each factor and scale that is set: n (profiles); asked_up and change_up (mean points), followed_up
 *   (their ratio) with Fieller's limits; the same down; estimate (followed_up − followed_down), ci_lower, ci_upper (95 %,
 *   t of jackknife pseudo-values); of scales that `desirable` names better (followed towards the better end less
 *   towards the other) with limits. 1 − followed is what was softened
 * @throws {Error} when a condition is not there, or what was shown is not stored
 * @throws {RangeError} when `desirable` names a scale that there is not
 */
export const directions = carried(directionsOf);

/**
 * Whether answers that were shown as keyed are kept as well as those shown as unkeyed. Of a scale whose high end is
 * undesirable, a lower share of the first is what softening looks like.
 *
 * @returns by level of each factor and scale: n (answers), respondents; kept_keyed and kept_unkeyed (shares of answers as
 *   shown) with limits by respondent; both_shown (respondents shown both), estimate (kept_keyed − kept_unkeyed within
 *   them), ci_lower, ci_upper, p, p_flip, p_holm (over all rows)
 * @throws {Error} when what was shown is not stored
 */
export const keying = carried(keyingOf);

/**
 * Which share of what was asked failed for good, by dose: a model that refuses to write or to answer the higher
 * doses leaves profiles out, and what is left flatters.
 *
 * @param flow as `lab.quality()` has it
 * @returns by model, kind (personas, administrations), scale and dose: n (answered or failed), count (failed), share,
 *   ci_lower, ci_upper (Wilson's)
 */
export const losses = carried(lossesOf);
