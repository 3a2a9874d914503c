/**
 * How near the opinions of invented people come to those of people: alignment on options that have an
 * order, distances where they have none, each beside what chance alone would leave; human baselines,
 * groups, contexts and topics.
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import {
  baselineSummary as summaryOf,
  groupBaselines as baselinesOf,
} from "./alignment/baselines.ts";
import { compareAlignment as comparedOf } from "./alignment/compared.ts";
import { alignment as alignedOf, noiseFloor as floorOf } from "./alignment/aligned.ts";
import {
  consistency as consistencyOf,
  overGroups as overOf,
  steerability as steerabilityOf,
  steering as steeringOf,
} from "./alignment/groups.ts";

export { alignmentOf, type Measure, MEASURES } from "./alignment/measures.ts";
export { fromTokens } from "./alignment/tokens.ts";
export type { Aligned } from "./alignment/aligned.ts";

export const alignment = carried(alignedOf);
export const noiseFloor = carried(floorOf);
export const compareAlignment = carried(comparedOf);
export const groupBaselines = carried(baselinesOf);
export const baselineSummary = carried(summaryOf);
export const overGroups = carried(overOf);
export const steerability = carried(steerabilityOf);
export const steering = carried(steeringOf);
export const consistency = carried(consistencyOf);
