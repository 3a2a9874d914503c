/** What tables are made from, typed in by tests. */
import assert from "node:assert/strict";
import type { DataFrame } from "polars";
import type { Administrations, Dataset } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import type { robustness, sensitivity } from "lib/paper/tables.ts";
import { administrations, type Sheet } from "./sheets.ts";

/** Cells of any table; numbers and texts are told apart by what a test compares them with. */
export type Row = Record<string, never>;
export const rows = (table: DataFrame): Row[] => table.toRecords() as Row[];
/** The one row with these keys. */
export function cell(table: DataFrame, keys: Record<string, string>): Row {
  const found = rows(table).filter((row) =>
    Object.entries(keys).every(([key, value]) => row[key] === value)
  );
  assert.equal(found.length, 1, JSON.stringify(keys));
  return found[0]!;
}

export interface Person {
  profile: number | null;
  condition?: string;
  gender?: string | null;
  race?: string;
  repetition?: number;
}

/** Both reads of some personas of GPT-4o: one row each, and counted. */
export function people(given: readonly Person[]): Pick<Dataset, "demographics" | "personas"> {
  const records = given.map(({ condition = "Base", ...person }) => ({
    model: "gpt4o",
    model_print: "GPT-4o",
    population: condition === "Base" ? "generated_gpt4o_spain826" : `borderline_${condition}_gpt4o`,
    population_print: condition,
    repetition: 1,
    gender: "male",
    race: "white",
    political_orientation: "centre",
    religious_belief: "atheist",
    sexual_orientation: "heterosexual",
    ...person,
  }));
  const text = ["model", "population", "model_print", "population_print"];
  const attributes = [
    "gender",
    "race",
    "political_orientation",
    "religious_belief",
    "sexual_orientation",
  ] as const;
  const kinds = (names: readonly string[], kind: "text" | "integer") =>
    Object.fromEntries(names.map((name) => [name, kind]));
  const counts = attributes.flatMap((attribute) =>
    records.map((record) => ({ ...record, attribute, value: record[attribute], n: 1 }))
  );
  return {
    personas: () =>
      Promise.resolve(frame(records, {
        ...kinds([...text, ...attributes], "text"),
        ...kinds(["profile", "repetition"], "integer"),
      })),
    demographics: () =>
      Promise.resolve(frame(counts, {
        ...kinds([...text, "attribute", "value"], "text"),
        ...kinds(["repetition", "n"], "integer"),
      })),
  };
}

const none = (): never => assert.fail("not asked for");
/** Reads of typed-in sheets. */
export function reads(
  given: {
    epqra?: Sheet[];
    bigfive?: Sheet[];
    reference?: Sheet[];
    people?: Person[];
    /** EPQR-A sheets with the last of several answers, where these are not the same. */
    last?: Sheet[];
  },
): Parameters<typeof robustness>[1] & Parameters<typeof sensitivity>[0] {
  const sheets = { epqra: [epqra, given.epqra], bigfive: [bfi44, given.bigfive] } as const;
  const made = (instrument: typeof epqra, sheets: Sheet[] | undefined): Promise<Administrations> =>
    Promise.resolve(administrations(instrument, sheets ?? none()));
  return {
    ...people(given.people ?? []),
    sheets: (name) => made(...(sheets[name as "epqra"] as [typeof epqra, Sheet[]])),
    lastSheets: (name) =>
      name === "epqra"
        ? made(epqra, given.last ?? given.epqra)
        : made(...(sheets[name as "bigfive"] as [typeof bfi44, Sheet[]])),
    profiles: () => made(epqra, given.reference),
  };
}
