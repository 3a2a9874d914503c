/**
 * One builder per published table: frames in, a tidy frame of full-precision numbers out, one row per
 * cell, starting from the printed layout. Nothing here is formatted and nothing is read.
 */
import type { DataFrame } from "polars";
import type { Administrations } from "./db.ts";
import type { Mode, TableName } from "./design.ts";
import { agreement } from "./tables/agreement.ts";
import { demographics } from "./tables/demographics.ts";
import {
  baselines,
  convergence,
  distributions,
  keyingAudit,
  personality,
  reliability,
  reliabilitySummary,
  traitReliability,
  traits,
} from "./tables/scales.ts";

export {
  agreement,
  baselines,
  convergence,
  demographics,
  distributions,
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
