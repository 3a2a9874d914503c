/** The mapping as files: one CSV of pairs per field, and `rules.csv`. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import { z } from "zod";
import * as csv from "../csv.ts";
import { type Field, FIELDS, Mapping, type Pair } from "./mapping.ts";

const Whole = z.string().regex(/^\d+$/, "must be a whole number").transform(Number);
const PairRow = z.object({
  original: z.string(),
  cleaned: z.string().nullable(),
  count: Whole.nullable(),
});
const RuleRow = z.object({
  field: z.enum(FIELDS),
  order: Whole,
  pattern: z.string(),
  cleaned: z.string(),
  note: z.string().nullable().transform((note) => note ?? ""),
});

/**
 * @throws {Error} naming file, row, column and value of what does not fit
 */
export function read(folder: string): Mapping {
  const pairs = FIELDS.flatMap((field) =>
    records(join(folder, `${field}.csv`), PairRow).map((row): Pair => ({ field, ...row }))
  );
  try {
    return new Mapping(pairs, records(join(folder, "rules.csv"), RuleRow));
  } catch (error) {
    throw new Error(`${folder}: ${(error as Error).message}`);
  }
}

function records<T>(path: string, shape: z.ZodType<T>): T[] {
  // Empty is null, "" is empty text, as PostgreSQL writes them.
  const found = csv.records(readFileSync(path, "utf8"), path, null);
  return found.map((record, index) => {
    const parsed = shape.safeParse(record);
    if (parsed.success) return parsed.data;
    const { path: [column], message } = parsed.error.issues[0]!;
    throw new Error(
      `${path}, row ${index + 1}, column ${String(column)}: ${message}: current value is ` +
        JSON.stringify(record[String(column)] ?? null),
    );
  });
}

/** Writes the pairs of some fields; all new files are complete before one takes its place. */
export function write(folder: string, pairs: readonly Pair[], fields: readonly Field[]): void {
  const paths = fields.map((field) => {
    const path = join(folder, `${field}.csv`);
    writeFileSync(`${path}.new`, table(pairs.filter((pair) => pair.field === field)));
    return path;
  });
  for (const path of paths) renameSync(`${path}.new`, path);
}

const HEAD = ["original", "cleaned", "count"] as const;

function table(pairs: readonly Pair[]): string {
  const text = (value: unknown) => value === null ? null : String(value);
  return pl.DataFrame(
    HEAD.map((name) => pl.Series(name, pairs.map((pair) => text(pair[name])), pl.Utf8)),
  ).writeCSV().toString();
}
