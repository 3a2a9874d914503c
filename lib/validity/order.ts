/**
 * Whether answers and scores follow the way of asking: the order of options, the wording of the prompt, the
 * coding, the order of items. The same personas are asked in both ways, and in one of them twice, because
 * some answers change by themselves.
 *
 * Sources: Gupta, Song & Anumanchipalli 2309.08163; TRAIT 2406.14703; Schuirmann 1987; McGraw & Wong 1996.
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import { changes as changesOf } from "./order/changes.ts";
import { places as placesOf } from "./order/places.ts";
import { omnibus as omnibusOf, shiftsOf as shifts } from "./order/scores.ts";

export type { Ways } from "./order/changes.ts";
export type { Scored } from "./order/scores.ts";

/**
 * Answers of the same personas in two ways of asking. An answer is what was meant, whatever word, place or code
 * it had; one that is missing in either way is no change, and its share is told for each.
 *
 * @param sheets as `study.sheets(…)` reads them; a second sheet of a persona in the way `against` is what the
 *   floor is known by
 * @returns by level of each factor and scale (`All`: every item): n (answers given in both ways), clusters,
 *   missing_against and missing_level (share of the questions asked), changed_share (with another answer; its 95 %
 *   limits by cluster), n_floor, floor_changed (the same between two sheets of the first way), excess_changed (changed − floor
 *   in the same answers; limits and p_excess; all null without repeats), changed_chance (what independent answers
 *   would change: 1 − Σ p p′ of each item, their mean), beyond_chance (1 − changed_share / changed_chance; null where all
 *   answer alike), moved_steps (mean |difference|, in steps of the answers), and where the ways are the printed and
 *   the reversed order of options place_shift ((s + s′ − (K + 1)) / 2: below 0 first places draw, above 0 last
 *   ones), with two options first_twice and last_twice (the same place in both), place_bias (half their
 *   difference by n: share of first places − ½) and p_place (their exact test; of answers, not of personas)
 * @throws {Error} when nobody was asked in both ways, or a persona's sheets differ in something else too
 */
export const changes = carried(changesOf);

/**
 * How often each place was taken where the same personas were asked with every option in every place
 * (`options: cyclicOrders(5)` of `lib/prompts.ts`, a Latin square). Whatever is meant stands in each place once, so that
 * a place that is taken more or less often than one in K draws, or repels; reversal alone cannot show it of the
 * middle. Answers to an item count of who gave one in each order.
 *
 * @param sheets as `study.sheets(…)` reads them; a second sheet of a persona in an order does not count
 * @returns by level of each factor, scale (`All`: every item) and place: n (answers), clusters, share, chance (mean of
 *   1 / K), estimate (share − chance), se, df, ci_lower, ci_upper (95 %, by cluster), p, p_holm (of the frame)
 * @throws {Error} when an order was not asked, or a persona's sheets differ in something else too
 */
export const places = carried(placesOf);

/**
 * Scores of the same personas in every pair of ways: how far the mean shifts, whether that is within a bound
 * that was fixed before, and how far the personas' scores agree.
 *
 * @param of `bound`: the smallest shift that would matter, in the unit of the scores, or `{ sds }`: so many standard
 *   deviations of the scores in the first way of the pair; there is no default
 * @returns by level of each factor, pair of levels (against, level) and scale: n (clusters with both), estimate
 *   (level − against), sd, ci_lower, ci_upper, t, df, p, p_holm, bound_shift, narrow_lower and narrow_upper (90 %), p_equivalence
 *   (TOST), p_equivalence_holm, finding (of the Holm-adjusted p), icc (ICC(A,1)) and icc_consistency (ICC(C,1)) with limits,
 *   agree_lower and agree_upper (limits of agreement of single personas). The tests of the frame are one family, those
 *   of equivalence another
 * @throws {Error} when the factor has one level only, or a persona's sheets differ in something else too
 */
export const shiftsOf = carried(shifts);

/**
 * All ways of asking at once. No difference found here is not equivalence: that takes every pair of `shiftsOf`.
 *
 * @returns by level of each factor and scale: ways, n (clusters with a score in each), icc (ICC(A,1) over the ways)
 *   and limits, F_ways of repeated measures with df, df_error, epsilon and p (Greenhouse and Geisser's), p_holm (of the
 *   frame), chi2_ways and p_friedman
 * @throws {Error} as `shiftsOf`
 */
export const omnibus = carried(omnibusOf);
