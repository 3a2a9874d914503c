/** Any published table by its name. */
import type { DataFrame } from "polars";
import type { Administrations } from "../../db.ts";
import type { TableName } from "../design.ts";
import { agreement } from "./agreement.ts";
import type { Options } from "./answers.ts";
import { baselines } from "./baselines.ts";
import { convergence } from "./convergence.ts";
import { demographics } from "./demographics.ts";
import { reliability, traitReliability } from "./reliability.ts";
import { personality, traits } from "./scores.ts";

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
  options: Options = {},
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
