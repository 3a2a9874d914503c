/** The forms of a study, and what is made of what stands in their fields. */
import { type Mapping, UNMAPPED } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { choiceOf, type Field, type Form, registered, type Value, type Values } from "../forms.ts";

/**
 * Keeps a form's definition with the study.
 *
 * @throws {Error} when the study has another one of the same name
 */
export async function keepForm(sql: Sql, schema: string, form: Form): Promise<void> {
  const text = JSON.stringify(form);
  const [row] = await sql<{ same: boolean }[]>`
    with kept as (
      insert into forms (name, definition) values (${form.name}, ${text}::text::jsonb)
      on conflict do nothing
      returning name
    )
    select definition = ${text}::text::jsonb as same from forms where name = ${form.name}`;
  if (row && !row.same) {
    throw new Error(
      `Schema ${schema} knows another form ${form.name}: give yours another name, or choose another ` +
        "schema",
    );
  }
}

/** The forms that personas of the study may have, by name: as they were planned, then those of packages. */
export async function formsOf(sql: Sql): Promise<ReadonlyMap<string, Form>> {
  const rows = await sql<
    { definition: Form }[]
  >`select definition from forms order by created, name`;
  const all = [...registered(), ...rows.map(({ definition }) => definition)];
  return new Map(all.map((form) => [form.name, form]));
}

/** Whether what is written in a field is made into categories: by a mapping, or by its list. */
export const isCleaned = ({ mapping, kind }: Field): boolean =>
  mapping !== undefined || kind === "choice";

/** The category of what is written in a field: of a choice as its list spells it. */
export function category(field: Field, value: Value, mapping: Mapping): string | null {
  if (value === null) return null;
  if (field.kind === "choice") return choiceOf(field, value) ?? UNMAPPED;
  return mapping.cleaned(field.mapping!, String(value)).value;
}

/** The categories of all fields that have any. */
export const categories = ({ fields }: Form, values: Values, mapping: Mapping): Values =>
  Object.fromEntries(
    fields.filter(isCleaned)
      .map((field) => [field.name, category(field, values[field.name] ?? null, mapping)]),
  );
