/**
 * What tables say, in sentences that are made of their frames: every number in them is one of the data
 * shown, and what the data do not say is not said. They name no finding of one dataset.
 */
export {
  coverageReading,
  errorReading,
  precisionReading,
  sampleSizeReading,
  sheetReading,
  wholeStudyReading,
} from "./readings/known_truth.ts";
export { agreementReading } from "./readings/agreement.ts";
export { baselineReading } from "./readings/baselines.ts";
export { isPublished, publishedReading } from "./readings/published.ts";
export {
  convergenceReading,
  reliabilityReading,
  scoreReading,
  traitReading,
} from "./readings/scores.ts";
export { shareReading } from "./readings/shares.ts";
export { verdictReading } from "./readings/verdicts.ts";
export {
  acquiescenceReading,
  collapseReading,
  copyingReading,
  diversityReading,
  faultReading,
  multitraitReading,
} from "./readings/more.ts";
export { choiceReading, robustnessReading } from "./readings/robustness.ts";
export { countsOf, methodsReading, publishedMethods, testsReading } from "./readings/methods.ts";
export {
  foundReading,
  limitsReading,
  sureReading,
  type Survived,
  type Tables,
} from "./readings/opening.ts";
