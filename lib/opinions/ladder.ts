/**
 * The ladder of forms, from a few facts to a free text: whether opinions move as more of a persona is
 * written, in the same respondents throughout.
 */
import { carried } from "../provenance.ts";
import "./columns.ts";
import { decomposition as decompositionOf } from "./ladder/decomposition.ts";
import { shifts as shiftsOf } from "./ladder/shifts.ts";
import { alignmentTrend as alignmentTrendOf, trends as trendsOf } from "./ladder/trends.ts";

export type { Rungs } from "./ladder/placed.ts";

export const shifts = carried(shiftsOf);
export const trends = carried(trendsOf);
export const alignmentTrend = carried(alignmentTrendOf);
export const decomposition = carried(decompositionOf);
