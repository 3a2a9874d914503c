/**
 * One builder per published table: frames in, a tidy frame of full-precision numbers out, one row per
 * cell, starting from the printed layout. Nothing here is formatted and nothing is read.
 */
import type { DataFrame } from "polars";
import type { Administrations, Study } from "./db.ts";
import type { Mode, TableName } from "./design.ts";
import { seeded } from "./random.ts";
import { agreement } from "./tables/agreement.ts";
import { baselines, distributions } from "./tables/baselines.ts";
import { convergence } from "./tables/convergence.ts";
import { demographics } from "./tables/demographics.ts";
import { itemReliability, keyingAudit } from "./tables/items.ts";
import { reliability, reliabilitySummary, traitReliability } from "./tables/reliability.ts";
import { personality, traits } from "./tables/scores.ts";
import { agreementSurvival } from "./tables/survival/agreement.ts";
import { convergenceSurvival } from "./tables/survival/convergence.ts";
import { reliabilitySurvival } from "./tables/survival/reliability.ts";
import { personalitySurvival, traitsSurvival } from "./tables/survival/scores.ts";
import { sharesSurvival } from "./tables/survival/shares.ts";

export {
  agreement,
  baselines,
  convergence,
  demographics,
  distributions,
  itemReliability,
  keyingAudit,
  personality,
  reliability,
  reliabilitySummary,
  traitReliability,
  traits,
};

/** What tables are made from; `Study` in `lib/db.ts` reads it. */
export interface Reads {
  sheets(instrument: string): Promise<Administrations>;
  profiles(source: "reference" | "random"): Promise<Administrations>;
  demographics(): Promise<DataFrame>;
}

/** Any published table by its name. */
export async function build(
  name: TableName,
  reads: Reads,
  options: { mode?: Mode } = {},
): Promise<DataFrame> {
  const epqra = () => reads.sheets("epqra");
  const bfi = () => reads.sheets("bigfive");
  const reference = () => reads.profiles("reference");
  switch (name) {
    case "table1":
    case "table2":
    case "table3":
      return demographics(await reads.demographics(), name, options);
    case "table4":
      return personality(await epqra(), await reference(), options);
    case "table5":
      return convergence(await epqra(), await bfi(), options);
    case "table6":
      return reliability(await epqra(), options);
    case "tableA4":
      return traits(await bfi(), options);
    case "tableA5":
      return traitReliability(await bfi(), options);
    case "tableA6":
    case "tableA7":
      return agreement(await epqra(), await reference(), name, options);
    case "baselines":
      return baselines(await reference(), await reads.profiles("random"), options);
  }
}

/**
 * What survives of a table: its cells with interval, effect size, naive and cluster-aware p, both
 * adjusted for the table as one family, and whether the paper's marker stands.
 *
 * Columns: the layout's keys; n (rows), clusters (profiles); estimate, ci_lower, ci_upper (95 %, of what
 * is tested); effect_name, effect, effect_lower, effect_upper; p_naive (the paper's test, as the paper
 * makes it), p_cluster, p_holm, p_bh, family (how many tests the table has); marker (the paper's;
 * Table 5: the level that its type face stands for; undefined in tables that mark nothing), verdict
 * (stands, weakens, vanishes, appears, or — for neither; by p_holm; undefined where nothing is
 * tested); then what only this table has. How each table is tested stands at its builder in
 * `lib/tables/survival`.
 *
 * @param options draws of the bootstrap (2,000) and its seed; the same seed gives the same limits
 */
export async function survival(
  name: Exclude<TableName, "baselines">,
  reads: Reads & Pick<Study, "personas">,
  options: { draws?: number; seed?: number } = {},
): Promise<DataFrame> {
  const { draws = 2000, seed = 826 } = options;
  const drawn = { draws, uniform: seeded("survival", name, seed).uniform };
  const epqra = () => reads.sheets("epqra");
  const bfi = () => reads.sheets("bigfive");
  const reference = () => reads.profiles("reference");
  switch (name) {
    case "table1":
    case "table2":
    case "table3":
      return sharesSurvival(await reads.demographics(), await reads.personas(), name, drawn);
    case "table4":
      return personalitySurvival(await epqra(), await reference());
    case "table5":
      return convergenceSurvival(await epqra(), await bfi(), drawn);
    case "table6":
      return reliabilitySurvival(await epqra(), name, drawn);
    case "tableA4":
      return traitsSurvival(await bfi());
    case "tableA5":
      return reliabilitySurvival(await bfi(), name, drawn);
    case "tableA6":
    case "tableA7":
      return agreementSurvival(await epqra(), await reference(), name, drawn);
  }
}
