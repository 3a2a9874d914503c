/**
 * Whole studies with a known truth, drawn from a seed: to see what tests and intervals do where the
 * answer is known. No model is asked, and nothing here says anything about one.
 */
import { carried, type Source } from "../provenance.ts";
import { ratesFrame as ratesFrameOf } from "./simulate/tally.ts";
import {
  expectedDemographics as expectedDemographicsOf,
  truths as truthsOf,
} from "./simulate/truths.ts";

export { written } from "./simulate/written.ts";
export { kept } from "./simulate/kept.ts";
export { type Comparison, errorRates, shareCoverage, type Studies } from "./simulate/rates.ts";
export {
  type Coverage,
  type CoverageOf,
  normalCoverage,
  scoreCoverage,
  sheetCoverage,
  type Verdict,
  verdictOf,
} from "./simulate/coverage.ts";
export { sheetErrorRates, type Sheets } from "./simulate/sheets.ts";
export { type Score, scored } from "./simulate/truths.ts";
export type { ErrorRate } from "./simulate/tally.ts";
export {
  type Demographic,
  type Drawn,
  type Simulated,
  type SimulatedBfi,
  type SimulatedCell,
  type SimulatedModel,
  type Specification,
} from "./simulate/specification.ts";
export { byProfile, simulator } from "./simulate/study.ts";

/** What is drawn from stated rates, or computed of them, is of no data. */
export const SIMULATED: Source = {
  line: "Data: simulated from stated rates; no model was asked",
  schema: null,
};

/** Rates as a tidy frame; see `lib/validation/simulate/tally.ts`. */
export const ratesFrame = carried(ratesFrameOf, [SIMULATED]);
/** What the demographics are expected to be; see `lib/validation/simulate/truths.ts`. */
export const expectedDemographics = carried(expectedDemographicsOf, [SIMULATED]);
/** What is true of the cells of a table; see `lib/validation/simulate/truths.ts`. */
export const truths = carried(truthsOf, [SIMULATED]);
