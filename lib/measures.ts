/**
 * Summaries of answers by any factors: scores of scales, shares of answers, and what two levels of a factor
 * do differently. Frames in, tidy frames of full-precision numbers out, with a column per factor; nothing
 * here knows which factors a study has.
 *
 * What is read is a frame with a row per administration or persona, whatever store it comes from, by its
 * columns:
 *
 * - a factor is any column of words or numbers but those below; a row without a level has null, which is
 *   a level like any other;
 * - `respondent` says who is the same person across levels; without it `profile` does, within
 *   `profile_population` where there is such a column, and without either every row is a respondent of its
 *   own, as is every row where it is null;
 * - `cluster` says which respondents depend on each other (without it none do), `weight` what a respondent
 *   counts (without it 1; rows of weight 0 are left out). Both belong to the respondent. `stratum` is a
 *   factor like others: standard errors take no account of it, which makes them too large rather than too
 *   small;
 * - `answer N` and `score N` are what was answered to item N and what it scores, null where missing.
 *
 * A population's cell costs a few numbers per respondent and measure; nothing is held per answer but the
 * column that is being read.
 */
import { compare as compared } from "./measures/compare.ts";
import { scores as scored } from "./measures/scores.ts";
import { shares as counted } from "./measures/shares.ts";
import { carried } from "./provenance.ts";

export { type Comparison, testPairs } from "./measures/compare.ts";
export {
  apartLaid,
  intervalLaid,
  shareLaid,
  TESTED,
  TESTS,
  withBothHolm,
  withHolm,
} from "./measures/laid.ts";
export {
  type Cell,
  cells,
  factorNames,
  inOrder,
  keysOf,
  kindsOf,
  knownIn,
  type Level,
  Rows,
} from "./measures/rows.ts";
export type { By, Scored } from "./measures/scores.ts";
export {
  type Counted,
  type Data,
  factorsOf,
  levelOf,
  scaleScores,
  shareIn,
  type Sheets,
  summed,
  type Values,
} from "./measures/values.ts";

export const compare = carried(compared);
export const scores = carried(scored);
export const shares = carried(counted);
