/** Personas' fields, cleaned again from what the models wrote. */
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { category, formsOf } from "./forms.ts";

/** Applies a mapping to all personas, in one transaction; returns how many changed, by field. */
export async function reclean(sql: Sql, mapping: Mapping): Promise<Record<string, number>> {
  const forms = await formsOf(sql);
  return await sql.begin(async (sql) => {
    const changed: Record<string, number> = {};
    const found = await sql<{ form: string }[]>`select distinct form from personas order by form`;
    for (const form of found.flatMap((row) => forms.get(row.form) ?? [])) {
      for (const field of form.fields.filter((field) => field.mapping !== undefined)) {
        const texts = await sql<{ original: string }[]>`
          select distinct fields->>${field.name} as original from personas
          where form = ${form.name} and fields->>${field.name} is not null`;
        const pairs = texts.map(({ original }) => ({
          original,
          value: category(field, original, mapping),
        }));
        const { count } = await sql`
          update personas p
          set cleaned = p.cleaned || jsonb_build_object(${field.name}::text, c.value)
          from jsonb_to_recordset(${JSON.stringify(pairs)}::text::jsonb)
            as c(original text, value text)
          where p.form = ${form.name} and p.fields->>${field.name} = c.original
            and p.cleaned->>${field.name} is distinct from c.value`;
        changed[field.name] = (changed[field.name] ?? 0) + count;
      }
    }
    return changed;
  });
}
