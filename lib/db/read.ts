/** The named reads: SQL counts and collects, nothing is computed that statistics would call a number. */
import type postgres from "postgres";
import type { DataFrame } from "polars";
import { Collected, type Columns, frame, type Kind } from "../frames.ts";
import { isCategorised } from "../cleaning.ts";
import { type Field, type Form, isUsual, registered, STATUSES } from "../forms.ts";
import type { Instrument } from "../instruments.ts";
import { ASKED, askedLevels, type Levels, WRITTEN, writtenLevels } from "./factors.ts";
import { attributesOf, type Besides } from "./respondents.ts";

/** What stands in columns of personas for which the reconstruction or a simulated study has no text. */
export const PLACEHOLDERS = {
  name: "Placeholder persona",
  description: "Placeholder text: the reconstruction holds no persona descriptions.",
  simulated: "not simulated",
} as const;

/** Fields of a form whose categories are known, by name. */
const attributes = ({ fields }: Form): Field[] =>
  fields.filter(isCategorised).toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** A form without fields: of a study that has no personas yet, where no plan could do without naming one. */
const NO_FORM: Form = { name: "", title: "", language: "", fields: [], shown: "", source: "" };

/**
 * The form that is named, or the only one in which a study has personas; where it has none, that of plans
 * which name none.
 *
 * @throws {Error} when there are several and none is named, or no such form
 */
export function onlyForm(schema: string, forms: readonly Form[], name?: string): Form {
  const found = name === undefined ? forms : forms.filter((form) => form.name === name);
  if (found.length === 1) return found[0]!;
  const names = forms.map(({ name }) => name).join(", ");
  if (name !== undefined) {
    throw new Error(
      `Schema ${schema} has no personas of the form ${name}: ` +
        (names ? `there are ${names}` : "it has none"),
    );
  }
  if (!forms.length) return registered().find(isUsual) ?? NO_FORM;
  throw new Error(`Schema ${schema} has personas of several forms: name one of ${names}`);
}

/**
 * Where what was written in a field stands, and its category: in restored data in columns. Names of
 * fields are plain words.
 */
const writtenIn = (sql: postgres.Sql, { name, mapping }: Field, own: boolean) =>
  sql.unsafe(own ? `written.${name}` : mapping ? `${name}_original` : name);
const categoryIn = (sql: postgres.Sql, { name }: Field, own: boolean) =>
  sql.unsafe(own ? `cleaned->>'${name}'` : name);

/** Personas of a form; of restored ones those that have a word count. */
const ofForm = (sql: postgres.Sql, own: boolean, { name }: Form) =>
  own ? sql`form = ${name}` : sql`word_count_description is not null`;

type Fragment = postgres.PendingQuery<postgres.Row[]> | ReturnType<postgres.Sql["unsafe"]>;

/** Expressions of a select, each followed by a comma. */
const each = (sql: postgres.Sql, of: readonly [Fragment, name: string][]) =>
  of.length
    ? of.map(([value, name]) => sql`${value as never} as ${sql(name)},`) as never
    : sql`` as never;

/** The cell in which a persona of one's own was written, and the levels of its factors. */
const cellOf = (sql: postgres.Sql, schema: string, own: boolean) =>
  own
    ? sql`(select w.cell from ${sql(schema)}.work w where w.work = personas.work)`
    : sql`null::integer`;
const none: Levels = new Map();
const levelsOf = (sql: postgres.Sql, schema: string, own: boolean) =>
  own ? writtenLevels(sql, schema) : none;
const levelled = (rows: readonly postgres.Row[], levels: Levels) =>
  rows.map((row) => ({ ...row, ...levels.get(row.cell) }));
const columns = (own: boolean): Record<string, Kind> => own ? WRITTEN : {};

/**
 * The columns of `Study.demographics`: how many personas gave which value. `own` is `yes` where the print
 * labels are those of a study of one's own, which says by them what a persona is.
 */
export const DEMOGRAPHICS = {
  own: "text",
  model: "text",
  population: "text",
  model_print: "text",
  population_print: "text",
  repetition: "integer",
  attribute: "text",
  value: "text",
  n: "integer",
} as const;

export async function demographics(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  form: Form,
): Promise<DataFrame> {
  const levels = await levelsOf(sql, schema, own);
  const of = attributes(form);
  const names = of.map(({ name }) => name);
  const keys = ["model", "population", "model_print", "population_print", "repetition"];
  const counts = new Map<string, Record<string, unknown> & { n: number }>();
  const labelled = own ? "yes" : null;
  await sql`
    with given as (
      select model, population, model_print, population_print, ${
    each(sql, of.map((field) => [categoryIn(sql, field, own), field.name]))
  }
             ${cellOf(sql, schema, own)} as cell, repetitions as repetition
      from ${sql(schema)}.personas
      where ${ofForm(sql, own, form)}
    )
    select *, count(*)::int as n from given
    group by ${sql.unsafe([...keys, ...names, "cell"].join(", "))}
    order by ${sql.unsafe([...keys, ...names, "cell"].join(", "))}`.forEach(({ n, ...kind }) => {
    const { model, population, model_print, population_print, repetition } = kind;
    const keys = { own: labelled, model, population, model_print, population_print, repetition };
    const cell = { ...keys, ...levels.get(kind.cell) };
    const known = JSON.stringify(Object.values(cell));
    for (const attribute of names) {
      const key = JSON.stringify([known, attribute, kind[attribute]]);
      const counted = counts.get(key);
      if (counted) counted.n += n;
      else counts.set(key, { ...cell, attribute, value: kind[attribute], n });
    }
  });
  return frame([...counts.values()], { ...DEMOGRAPHICS, ...columns(own) });
}

/** Personas of a form with some of its fields: the category where it has one, else as written. */
const peopleIn = (
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  form: Form,
  of: readonly Field[],
  { cell = sql`null`, blank = [] }: { cell?: Fragment; blank?: readonly string[] } = {},
) => {
  const value = (field: Field): Fragment => {
    if (isCategorised(field)) return categoryIn(sql, field, own);
    const written = writtenIn(sql, field, own);
    if (field.kind === "whole" || field.kind === "number" || !blank.length) return written;
    return sql`case when ${written} not in ${sql(blank)} then ${written} end`;
  };
  const unpacked = own && !of.every(isCategorised);
  return sql`
    select model, population, model_print, population_print, ${
    each(sql, of.map((field) => [value(field), field.name]))
  }
           ref_personality_id as profile, repetitions as repetition,
           ${cell as never} as cell
    from ${sql(schema)}.personas ${unpacked ? recordOf(sql, of) : sql``}
    where ${ofForm(sql, own, form)}
    order by id`;
};

const PEOPLE = {
  model: "text",
  population: "text",
  model_print: "text",
  population_print: "text",
  profile: "integer",
  repetition: "integer",
} as const;

/** The columns that fields are, by their categories where these are known. */
const kindsOf = (of: readonly Field[]): Record<string, Kind> =>
  Object.fromEntries(
    of.map((field) => [field.name, isCategorised(field) ? "text" : kindOf(field)]),
  );

export async function personas(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  form: Form,
  besides: Besides = {},
): Promise<DataFrame> {
  // What a package's form holds besides its categories may be long; a package knows what it needs.
  const of = registered().includes(form) ? attributes(form) : form.fields;
  const kinds = { ...PEOPLE, ...columns(own), ...kindsOf(of) };
  const levels = await levelsOf(sql, schema, own);
  const rows = peopleIn(sql, schema, own, form, of, { cell: cellOf(sql, schema, own) });
  return await beside(sql, schema, besides, rows, levels, kinds);
}

export async function people(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  form: Form,
  factors: boolean,
): Promise<Columns> {
  const of = attributes(form), levelled = own && factors;
  const made = new Collected({ ...PEOPLE, ...columns(levelled), ...kindsOf(of) });
  const levels = await levelsOf(sql, schema, levelled);
  const cell = cellOf(sql, schema, levelled);
  await peopleIn(sql, schema, own, form, of, { cell })
    .forEach((row) => made.add(levelled ? { ...row, ...levels.get(row.cell) } : row));
  return made;
}

/** A frame of rows as they come, with the levels of their cells, and attributes of the respondents besides. */
async function beside(
  sql: postgres.Sql,
  schema: string,
  besides: Besides,
  rows: postgres.PendingQuery<postgres.Row[]>,
  levels: Levels,
  kinds: Readonly<Record<string, Kind>>,
  known: (row: postgres.Row) => object = (row) => row,
): Promise<DataFrame> {
  const more = await attributesOf(sql, schema, besides, Object.keys(kinds));
  const made = new Collected({ ...kinds, ...more.columns });
  await rows.forEach((row) => {
    const all = { ...known(row), ...levels.get(row.cell) };
    made.add({ ...all, ...more.of(all) });
  });
  return made.frame();
}

export async function biographies(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  form: Form,
  besides: Besides = {},
): Promise<DataFrame> {
  const levels = await levelsOf(sql, schema, own);
  const rows = peopleIn(sql, schema, own, form, form.fields, {
    cell: cellOf(sql, schema, own),
    blank: Object.values(PLACEHOLDERS),
  });
  const kinds = { ...PEOPLE, ...columns(own), ...kindsOf(form.fields) };
  return await beside(sql, schema, besides, rows, levels, kinds);
}

/** The fields of a persona as a row: what is long is unpacked once, and not for each field. */
const recordOf = (sql: postgres.Sql, fields: readonly Field[]) => {
  const types = { text: "text", choice: "text", whole: "float8", number: "float8" };
  const columns = fields.map(({ name, kind }) => `${name} ${types[kind]}`).join(", ");
  return sql.unsafe(`cross join lateral jsonb_to_record(fields) as written(${columns})`);
};

/** The kind of the column that a field is as it was written; a whole number that may be larger than 32 bits is a number. */
export const kindOf = ({ kind, highest }: Field): Kind => {
  if (kind !== "whole") return kind === "number" ? "number" : "text";
  return highest !== undefined && highest < 2 ** 31 ? "integer" : "number";
};

/** The personas of one form in a study of one's own, with all that became of its fields. */
export async function filledIn(
  sql: postgres.Sql,
  schema: string,
  form: Form,
  besides: Besides = {},
): Promise<DataFrame> {
  const levels = await writtenLevels(sql, schema);
  const people = sql`
    select p.id as persona, p.form, p.parent as parent_persona, p.model, p.population, p.model_print,
           p.population_print, p.ref_personality_id as profile, p.repetitions as repetition, w.cell,
           p.fields, p.cleaned, p.status
    from ${sql(schema)}.personas p join ${sql(schema)}.work w on w.work = p.work
    where p.form = ${form.name}
    order by p.id`;
  const { fields } = form;
  const cleaned = fields.filter(({ mapping, kind }) => mapping !== undefined || kind === "choice");
  const named = (of: readonly Field[], row: Record<string, unknown>, end = "") =>
    Object.fromEntries(of.map(({ name }) => [name + end, row[name]]));
  const known = (row: postgres.Row) => ({
    ...row,
    ...named(fields, row.fields),
    ...named(cleaned, row.cleaned, "_cleaned"),
    ...named(fields, row.status, "_status"),
  });
  return await beside(sql, schema, besides, people, levels, {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    profile: "integer",
    repetition: "integer",
    ...WRITTEN,
    persona: "integer",
    parent_persona: "integer",
    ...Object.fromEntries(fields.flatMap((field): [string, Kind][] => [
      [field.name, kindOf(field)],
      ...cleaned.includes(field) ? [[`${field.name}_cleaned`, "text"] as [string, Kind]] : [],
      [`${field.name}_status`, "text"],
    ])),
  }, known);
}

/** What became of the fields of all forms in a study of one's own, counted by cell. */
export async function statuses(sql: postgres.Sql, schema: string): Promise<DataFrame> {
  const levels = await writtenLevels(sql, schema);
  const forms = new Map((await formsIn(sql, schema)).map((form) => [form.name, form]));
  const rows = await sql`
    select w.cell, p.form, s.key as field, s.value as status, count(*)::int as n
    from ${sql(schema)}.personas p
    join ${sql(schema)}.work w on w.work = p.work
    cross join jsonb_each_text(p.status) s
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4`;
  const place = ({ form, field }: postgres.Row) =>
    forms.get(form)?.fields.findIndex(({ name }) => name === field) ?? 0;
  const order = rows.toSorted((a, b) =>
    a.cell - b.cell || (a.form < b.form ? -1 : a.form > b.form ? 1 : 0) || place(a) - place(b) ||
    STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status)
  );
  return frame(levelled(order, levels), {
    ...WRITTEN,
    field: "text",
    status: "text",
    n: "integer",
  });
}

/** The forms that personas of a study have, in order of their names. */
export async function formsIn(sql: postgres.Sql, schema: string): Promise<Form[]> {
  const rows = await sql<{ form: string; definition: Form | null }[]>`
    select p.form, f.definition
    from (select distinct form from ${sql(schema)}.personas) p
    left join ${sql(schema)}.forms f on f.name = p.form
    order by p.form`;
  // Those of studies that were made before forms were kept are a package's.
  return rows.flatMap(({ form, definition }) =>
    definition ?? registered().find(({ name }) => name === form) ?? []
  );
}

export async function administered(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
): Promise<DataFrame> {
  // The view knows the labels of sheets with answers; the others keep the names of the list.
  const labels = own
    ? sql`select cell as "group", model_label as model, condition from ${sql(schema)}.cells`
    : sql`
      select experiments_group_id as "group", min(model_clean) as model,
             min(population_display) as condition
      from ${sql(schema)}.experiments_evals group by 1`;
  const levels = own ? await askedLevels(sql, schema) : none;
  const rows = await sql`
    with label as (${labels}), given as (
      select experiment_id, count(answer)::int as answers,
             count(distinct question_number) filter (where answer is not null)::int as answered,
             min(answer)::int as least, max(answer)::int as most
      from ${sql(schema)}.eval_questionnaires
      group by experiment_id
    ), size as (
      select questionnaire, count(distinct question_number)::int as items
      from ${sql(schema)}.questionnaire
      group by questionnaire
    )
    select l.questionnaire as instrument, coalesce(b.model, l.model) as model,
           coalesce(b.condition, l.population) as condition, l.population,
           l.personality_id as profile, l.experiment_id as administration,
           l.experiments_group_id as cell, l.repeated + 1 as repetition, s.items,
           coalesce(g.answered, 0) as answered, coalesce(g.answers, 0) as answers, g.least, g.most
    from ${sql(schema)}.experiments_list l
    left join label b on b.group = l.experiments_group_id
    left join given g on g.experiment_id = l.experiment_id
    left join size s on s.questionnaire = l.questionnaire
    order by l.experiment_id`;
  return frame(levelled(rows, levels), {
    instrument: "text",
    model: "text",
    condition: "text",
    population: "text",
    profile: "integer",
    administration: "integer",
    ...own ? { ...WRITTEN, ...ASKED, repetition: "integer" as const } : {},
    items: "integer",
    answered: "integer",
    answers: "integer",
    least: "integer",
    most: "integer",
  });
}

export async function instruments(sql: postgres.Sql, schema: string): Promise<Instrument[]> {
  const rows = await sql<{ definition: Instrument }[]>`
    select distinct on (name) definition
    from ${sql(schema)}.instruments
    order by name, language = 'en' desc, language`;
  return rows.map(({ definition }) => definition);
}
