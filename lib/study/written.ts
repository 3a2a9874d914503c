/** What models wrote of their personas, and what cleaning makes of it. */
import type { DataFrame } from "polars";
import { type Field, isCategorised, type Mapping } from "../cleaning.ts";
import { DEMOGRAPHICS, kindOf, onlyForm, type Sql } from "../db.ts";
import { frame } from "../frames.ts";
import { formsOf } from "./forms.ts";

/** A text that a model wrote in one field, as often as it did so in one repetition of a condition. */
export interface Text {
  /** Label of the model. */
  model: string;
  condition: string;
  repetition: number;
  field: Field;
  original: string;
  n: number;
}

type Counted = Text & { id: string; population: string };

/** All texts that a mapping cleans, counted; models and conditions in the order of their cells. */
export async function texts(sql: Sql): Promise<Counted[]> {
  const forms = await formsOf(sql);
  const own = await sql<{ form: string }[]>`select distinct form from personas order by form`;
  const found = await Promise.all(
    own.flatMap(({ form }) =>
      (forms.get(form)?.fields ?? []).flatMap(({ name, mapping }) => {
        if (mapping === undefined) return [];
        // Names of fields are plain words; a parameter would be another expression each time.
        const written = () => sql.unsafe(`p.fields->>'${name}'`);
        return sql<Counted[]>`
          select p.model as id, p.population, min(p.model_print) as model,
                 min(p.population_print) as condition, p.repetitions as repetition,
                 ${mapping} as field, ${written()} as original, count(*)::int as n
          from personas p join work w on w.work = p.work
          where p.form = ${form} and ${written()} is not null
          group by p.model, p.population, p.repetitions, ${written()}
          order by min(w.cell), p.repetitions, (${written()}) collate "C"`;
      })
    ),
  );
  return found.flat();
}

/** Counts of categories, in the form in which `Study.demographics` reads them. */
export function counts(texts: readonly Counted[], mapping: Mapping): DataFrame {
  const cells = new Map<string, Record<string, unknown> & { n: number }>();
  for (const { id, population, model, condition, repetition, field, original, n } of texts) {
    const { value } = mapping.cleaned(field, original);
    const key = JSON.stringify([population, repetition, field, value]);
    const cell = cells.get(key);
    if (cell) cell.n += n;
    else {
      cells.set(key, {
        own: "yes",
        model: id,
        population,
        model_print: model,
        population_print: condition,
        repetition,
        attribute: field,
        value,
        n,
      });
    }
  }
  return frame([...cells.values()], DEMOGRAPHICS);
}

/** Personas of a form in order of profile, condition, model and repetition. */
export async function personas(
  sql: Sql,
  schema: string,
  most: number,
  named?: string,
): Promise<DataFrame> {
  const forms = await formsOf(sql);
  const own = await sql<{ form: string }[]>`select distinct form from personas order by form`;
  const form = onlyForm(schema, own.flatMap(({ form }) => forms.get(form) ?? []), named);
  const rows = await sql`
    select p.model_print as model, p.population_print as condition,
           p.ref_personality_id as profile, p.repetitions as repetition, p.fields, p.cleaned
    from personas p join work w on w.work = p.work
    where p.form = ${form.name}
    order by p.ref_personality_id, w.cell, p.repetitions
    limit ${most}`;
  const fields = form.fields.map((field) => ({ field, cleaned: isCategorised(field) }));
  const told = rows.map(({ fields: written, cleaned: categories, ...row }) => ({
    ...row,
    ...Object.fromEntries(
      fields.map(({ field: { name }, cleaned }) => [name, (cleaned ? categories : written)[name]]),
    ),
  }));
  return frame(told, {
    model: "text",
    condition: "text",
    profile: "integer",
    repetition: "integer",
    ...Object.fromEntries(
      fields.map(({ field, cleaned }) => [field.name, cleaned ? "text" as const : kindOf(field)]),
    ),
  });
}
