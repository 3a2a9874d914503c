/**
 * People drawn from tables: a joint table, raked where further margins are known, then fields in a declared
 * order, each given what it hangs on; and what was drawn beside what there is.
 */
import { join } from "node:path";
import { ROOT } from "../config.ts";
import { carried, type Source } from "../provenance.ts";
import "./columns.ts";
import {
  fitted as fittedOf,
  implausible as implausibleOf,
  suspects as suspectsOf,
} from "./sample/report.ts";

export { type Design, designFrom, NOT_APPLICABLE, type Rule } from "./sample/design.ts";
export { type Draw, draw, type Drawn, type Method, METHODS, reweighted } from "./sample/drawn.ts";
export { type Calibrated, calibrated } from "./sample/calibrated.ts";
export { ALL, massOf } from "./sample/report.ts";
export { prepared } from "./sample/prepared.ts";

/** The folder of the tables that come with the code. */
export const CENSUS = join(ROOT, "dataset", "census");

/** People who were drawn from tables are nobody's data. */
export const DRAWN: Source = {
  line: "Data: people drawn from published tables; nobody was asked",
  schema: null,
};

/** Target against drawn; see `lib/opinions/sample/report.ts`. */
export const fitted = carried(fittedOf, [DRAWN]);
/** Combinations that do not go together; see `lib/opinions/sample/report.ts`. */
export const implausible = carried(implausibleOf, [DRAWN]);
/** Which people a rule describes; see `lib/opinions/sample/report.ts`. */
export const suspects = carried(suspectsOf, [DRAWN]);
