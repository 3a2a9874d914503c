/**
 * Whole studies with a known truth, drawn from a seed: to see what tests and intervals do where the
 * answer is known. No model is asked, and nothing here says anything about one.
 */
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
export { expectedDemographics, type Score, scored, truths } from "./simulate/truths.ts";
export { type ErrorRate, ratesFrame } from "./simulate/tally.ts";
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
