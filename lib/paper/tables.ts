/**
 * One builder per published table: frames in, a tidy frame of full-precision numbers out, one row per
 * cell, starting from the printed layout. Beside them what the same data hold and the paper does not
 * print, `acquiescence` to `multitrait`. Nothing here is formatted and nothing is read. What comes out
 * has the data lines of what went in.
 */
import type { DataFrame } from "polars";
import type { Administrations, Dataset } from "../db.ts";
import "./columns.ts";
import { DRAWN, type TableName } from "./design.ts";
import { columnsOf } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { carried, carrying } from "../provenance.ts";
import "./published.ts";
import { seeded } from "../random.ts";
import * as builders from "./tables/builders.ts";
import { type Building, formOf, type Reads } from "./tables/build.ts";
import { diversity as diversityOf } from "./tables/diversity.ts";
import { scales as scalesOf } from "./tables/scales.ts";
import { agreementRobustness } from "./tables/robustness/agreement.ts";
import { convergenceRobustness } from "./tables/robustness/convergence.ts";
import { reliabilityRobustness } from "./tables/robustness/reliability.ts";
import { personalityRobustness, traitsRobustness } from "./tables/robustness/scores.ts";
import { sharesRobustness } from "./tables/robustness/shares.ts";

export type { Building, Reads } from "./tables/build.ts";
export { tableFactors } from "./tables/factors.ts";
export { COMPARED } from "./tables/scores.ts";

export const {
  acquiescence,
  agreement,
  baselines,
  distributions,
  build,
  factorsIn,
  collapse,
  convergence,
  copiedSheets,
  copying,
  demographics,
  duplicates,
  faults,
  itemReliability,
  keyingAudit,
  markers,
  campbellFiske,
  multitrait,
  reliability,
  reliabilitySummary,
  traitReliability,
  personality,
  traits,
  sensitivity,
  sensitivitySummary,
} = carrying(builders);

/**
 * What survives of a table: its cells with interval, effect size, naive and cluster-aware p, both
 * adjusted for the table as one family, and whether the paper's marker stands.
 *
 * Columns: the layout's keys; n (rows), clusters (profiles); estimate, ci_lower, ci_upper (95 %, of what
 * is tested); effect_name, effect, effect_lower, effect_upper; least and most (the smallest and largest
 * size of effect that these limits hold: how much is certain where a verdict stands, how much is possible
 * where it vanishes); undefined_draws (in how many draws of the bootstrap its statistic was undefined:
 * above 1 % of them it has no limits); p_naive (the paper's test, as the paper makes it), p_cluster,
 * p_holm, p_bh, family (how many tests the table has); marker (the paper's; Table 5: the level that its
 * type face stands for; undefined in tables that mark nothing), verdict (stands, weakens, vanishes,
 * appears, or — for neither; by p_holm; undefined where nothing is tested, or nothing varies); then what
 * only this table has. Answers are those of `corrected` mode: missing is missing. How each table is
 * tested, and its own columns, stand at its builder in `lib/paper/tables/robustness`.
 *
 * @param options draws of the bootstrap (2,000) and its seed; the same seed gives the same limits; `by`,
 *   `against` and `form` as of {@link build}
 */
export const robustness = carried(async (
  name: Exclude<TableName, "baselines">,
  reads: Reads & Pick<Dataset, "personas"> & Partial<Pick<Dataset, "people">>,
  options: { draws?: number; seed?: number } & Omit<Building, "mode"> = {},
): Promise<DataFrame> => {
  const { draws = DRAWN.draws, seed = DRAWN.seed, form: named, ...building } = options;
  const drawn = { draws, uniform: seeded("survival", name, seed).uniform };
  const epqra = () => reads.sheets("epqra");
  const bfi = () => reads.sheets("bigfive");
  const reference = () => reads.profiles("reference");
  switch (name) {
    case "table1":
    case "table2":
    case "table3": {
      const form = await formOf(reads, named);
      const people = await reads.people?.(form, building.by !== undefined) ??
        columnsOf(await reads.personas());
      return sharesRobustness(await reads.demographics(form), people, name, drawn, building);
    }
    case "table4":
      return personalityRobustness(await epqra(), await reference(), building);
    case "table5":
      return convergenceRobustness(await epqra(), await bfi(), drawn, building);
    case "table6":
      return reliabilityRobustness(await epqra(), name, drawn, building);
    case "tableA4":
      return traitsRobustness(await bfi(), building);
    case "tableA5":
      return reliabilityRobustness(await bfi(), name, drawn, building);
    case "tableA6":
    case "tableA7":
      return agreementRobustness(await epqra(), await reference(), name, drawn, building);
  }
});

/**
 * The effective number of categories of each demographic attribute by model and condition; see
 * `lib/paper/tables/diversity.ts`.
 *
 * @param personas as `Study.personas` reads them
 * @param options draws of the bootstrap (2,000) and its seed; the same seed gives the same limits
 */
export const diversity = carried((
  personas: DataFrame,
  options: { draws?: number; seed?: number } = {},
): DataFrame => {
  const { draws = DRAWN.draws, seed = DRAWN.seed } = options;
  return diversityOf(personas, { draws, uniform: seeded("diversity", seed).uniform });
});

/**
 * Scores and reliability of every scale of an instrument, by model and condition or any other factors; see
 * `lib/paper/tables/scales.ts`.
 *
 * @param given the instrument's sheets, as `Study.sheets` reads them
 * @param options draws of the bootstrap (2,000) and its seed; the same seed gives the same limits; `by` as of
 *   {@link build}
 */
export const scales = carried((
  given: Administrations,
  instrument: Instrument,
  options: { draws?: number; seed?: number } & Pick<Building, "by"> = {},
): DataFrame => {
  const { draws = DRAWN.draws, seed = DRAWN.seed, by } = options;
  const { uniform } = seeded("scales", instrument.name, seed);
  return scalesOf(given, instrument, { draws, uniform }, { by });
});
