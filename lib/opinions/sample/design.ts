/** A sampler as declared data. */
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Codebook } from "../../codebook.ts";
import { codebookFrom, textOf } from "../../study.ts";
import { TableOf } from "../tables.ts";

const Name = z.string().min(1);
const Levels = z.record(Name, z.array(Name).min(1));

/** Counts that the joint table is raked to in each stratum, or compared with. */
const MarginOf = TableOf.extend({
  /** By column of the file, the variable that it is. */
  of: z.record(Name, Name),
  /**
   * `counts`: raked to; margins of counts have one total, which the stratum then has. `shares`: raked to
   * how it divides, whatever its total. `check`: the joint table must add up to it as it is.
   */
  as: z.enum(["counts", "shares", "check"]).default("counts"),
});

/** Variables that are drawn given others. */
const FieldOf = TableOf.extend({
  /** The columns that are drawn, together where there are several; the variables have their names. */
  draws: z.array(Name).min(1),
  /** By column of the file, the variable that a person has already. What is left is summed over. */
  given: z.record(Name, Name).default({}),
  /** By variable, the levels of whom the table speaks; of all others the field is not applicable. */
  universe: Levels.default({}),
  /** By variable and level, the levels of the file that it is made of, where names and bands do not say it. */
  levels: z.record(Name, Levels).default({}),
  /**
   * What the table does not say and everybody knows: who has one of these levels has one of those of
   * another variable. Both margins stay, and the two are raked to each other.
   */
  agree: z.strictObject({ with: Name, levels: Levels }).optional(),
  /** Where a stratum is not in the table, or has nobody of these levels: all strata together. */
  missing: z.literal("pooled").optional(),
});

/** Levels that do not go together, or seldom. */
const RuleOf = z.strictObject({ rule: Name, where: Levels });

const DesignOf = z.strictObject({
  name: z.string().regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$/u,
    "is 1 to 40 letters, digits, ., _, -",
  ),
  title: Name,
  source: Name,
  /** The variable that says the stratum; null where there is one stratum, or nobody shall see it. */
  variable: Name.nullable().default(null),
  joint: TableOf,
  margins: z.array(MarginOf).default([]),
  /** In the order in which they are drawn. */
  fields: z.array(FieldOf).default([]),
  /** The file that describes the variables. */
  codebook: Name,
  rules: z.array(RuleOf).default([]),
});

type Parsed = z.infer<typeof DesignOf>;
export type Field = z.infer<typeof FieldOf>;
export type MarginTable = z.infer<typeof MarginOf>;
export type Rule = z.infer<typeof RuleOf>;

/** What is drawn, in which order, from which tables. */
export interface Design extends Omit<Parsed, "codebook"> {
  /** The file that says it. */
  path: string;
  codebook: Codebook;
}

/** What is not applicable to somebody, because a table speaks of others. */
export const NOT_APPLICABLE = { value: "not_applicable", label: "Not applicable" } as const;

/**
 * The design in a JSON file; the files that it names lie beside it.
 *
 * @throws {Error} in one line, with what is wrong and where
 */
export function designFrom(path: string): Design {
  let entry: unknown;
  try {
    entry = JSON.parse(textOf(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`${path} is no JSON: ${error.message}`);
  }
  const parsed = DesignOf.safeParse(entry);
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw new Error(`${path}, ${place.join(".") || "as a whole"}: ${message}`);
  }
  const beside = (file: string) => join(dirname(path), file);
  const placed = <T extends { file: string }>(of: T): T => ({ ...of, file: beside(of.file) });
  const { joint, margins, fields, codebook, ...rest } = parsed.data;
  return {
    ...rest,
    path,
    joint: placed(joint),
    margins: margins.map(placed),
    fields: fields.map(placed),
    codebook: codebookFrom(beside(codebook)),
  };
}
