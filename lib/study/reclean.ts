/** Personas' demographics, cleaned again from what the models wrote. */
import { cleaned, FIELDS, type Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";

/** Applies a mapping to all personas, in one transaction; returns how many changed, by field. */
export async function recleaned(sql: Sql, mapping: Mapping): Promise<Record<string, number>> {
  return await sql.begin(async (sql) => {
    const changed: Record<string, number> = {};
    for (const field of FIELDS) {
      const texts = await sql<{ original: string }[]>`
        select distinct ${sql(`${field}_original`)} as original from personas`;
      const pairs = texts.map(({ original }) => ({
        original,
        value: cleaned(field, original, mapping).value,
      }));
      const { count } = await sql`
        update personas p set ${sql(field)} = c.value
        from jsonb_to_recordset(${
        JSON.stringify(pairs)
      }::text::jsonb) as c(original text, value text)
        where p.${sql(`${field}_original`)} = c.original
          and p.${sql(field)} is distinct from c.value`;
      changed[field] = count;
    }
    return changed;
  });
}
