/** The one typed door between Polars and TypeScript. */
import pl, { type DataFrame, type Series } from "polars";
import type { z } from "zod";

/**
 * The rows of a frame, checked.
 *
 * Polars hands out untyped records; whatever leaves it for TypeScript passes here, so a renamed or
 * mistyped column fails with its name instead of becoming `undefined` in a number.
 *
 * @throws {TypeError} naming the row, the column and the value that do not fit
 */
export function rows<T>(frame: DataFrame, shape: z.ZodType<T>): T[] {
  return (frame.toRecords() as unknown[]).map((record, index) => {
    const parsed = shape.safeParse(record);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new TypeError(
      `Row ${index + 1} of ${frame.height}, column ${issue.path.join(".")}: ${issue.message}: ` +
        `current value is ${JSON.stringify(issue.path.reduce<unknown>(at, record))}`,
    );
  });
}

const at = (value: unknown, key: PropertyKey): unknown =>
  (value as Record<PropertyKey, unknown> | undefined)?.[key];

/** The kind of a column: text, whole number or number. */
export type Kind = "text" | "integer" | "number";

/**
 * A column with its type stated; `null` stays undefined.
 *
 * nodejs-polars 0.25.2 turns null into 0 when a Series is made as Int32, silently; made as Float64 and
 * cast it stays null.
 */
export function series(name: string, values: readonly unknown[], kind: Kind): Series {
  return kind === "integer"
    ? pl.Series(name, [...values], pl.Float64).cast(pl.Int32)
    : pl.Series(name, [...values], kind === "text" ? pl.Utf8 : pl.Float64);
}

/**
 * A frame from records, with the columns, their order and their types stated.
 *
 * Types inferred from data would differ with the data (a column that is undefined in every row
 * would become text). `null` stays undefined.
 */
export function frame(
  records: readonly object[],
  columns: Readonly<Record<string, Kind>>,
): DataFrame {
  return pl.DataFrame(
    Object.entries(columns).map(([name, kind]) =>
      series(name, records.map((record) => (record as Record<string, unknown>)[name] ?? null), kind)
    ),
  );
}
