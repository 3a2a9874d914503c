/** Any published table by its name. */
import type { DataFrame } from "polars";
import { type Administrations, columnsIn } from "../../db.ts";
import { factorNames } from "../../measures.ts";
import { biography } from "../biography.ts";
import type { TableName } from "../design.ts";
import { agreement } from "./agreement.ts";
import { baselines } from "./baselines.ts";
import { convergence } from "./convergence.ts";
import { type Counting, demographics } from "./demographics.ts";
import { personFactors } from "./factors.ts";
import { reliability, traitReliability } from "./reliability.ts";
import { personality, traits } from "./scores.ts";

/** What tables are made from; `Study` in `lib/db.ts` reads it. */
export interface Reads {
  sheets(instrument: string): Promise<Administrations>;
  profiles(source: "reference" | "random"): Promise<Administrations>;
  demographics(form?: string): Promise<DataFrame>;
  forms?(): Promise<readonly { name: string }[]>;
}

/**
 * The form whose personas Tables 1–3 count: the one that is named, or the paper's where a study has personas
 * of it and of others; undefined where there is no choice.
 */
export async function formOf(
  reads: Pick<Reads, "forms">,
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined) return named;
  const forms = await reads.forms?.() ?? [];
  return forms.length > 1 && forms.some(({ name }) => name === biography.name)
    ? biography.name
    : undefined;
}

/**
 * The factors that a study's tables may be by: of personas those that Tables 1–3 may, of sheets those of an
 * instrument's tables.
 */
export async function factorsIn(
  reads: Pick<Reads, "sheets" | "demographics" | "forms">,
  form?: string,
): Promise<{ personas: string[]; sheets: string[] }> {
  return {
    personas: personFactors((await reads.demographics(await formOf(reads, form))).columns),
    sheets: factorNames(columnsIn(await reads.sheets("epqra")).names),
  };
}

/** How any table is built; what is compared, and in which form personas are, is for Tables 1–3. */
export interface Building extends Pick<Counting, "mode" | "by" | "against"> {
  /** The form of the personas, by its name; needed where a study has several and none is the paper's. */
  form?: string;
}

/**
 * Any published table by its name, of a study of one's own also by its factors:
 * `build("table6", study, { by: ["prompt", "language"] })`.
 *
 * @param options `by`: a column and its levels for each factor in place of model and condition. Tables 1–3
 *   are one table then, of all personas; Tables 5, A4 and A5 are about condition Base, A6 about it and A7
 *   about all others, as in the paper, but the first three about every condition where `condition` is a
 *   factor; the baselines have no factors
 * @throws {Error} when a factor is unknown, naming those there are
 */
export async function build(
  name: TableName,
  reads: Reads,
  { against, form, ...options }: Building = {},
): Promise<DataFrame> {
  const epqra = () => reads.sheets("epqra");
  const bfi = () => reads.sheets("bigfive");
  const reference = () => reads.profiles("reference");
  switch (name) {
    case "table1":
    case "table2":
    case "table3":
      return demographics(await reads.demographics(await formOf(reads, form)), name, {
        ...options,
        against,
      });
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
