/** The named reads: SQL counts and collects, nothing is computed that statistics would call a number. */
import type postgres from "postgres";
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { ASKED, askedLevels, type Levels, WRITTEN, writtenLevels } from "./factors.ts";
import { attributes, type Besides } from "./respondents.ts";

/** What stands in columns of personas for which the reconstruction or a simulated study has no text. */
export const PLACEHOLDERS = {
  name: "Placeholder persona",
  description: "Placeholder text: the reconstruction holds no persona descriptions.",
  simulated: "not simulated",
} as const;

const ATTRIBUTES = [
  "gender",
  "political_orientation",
  "race",
  "religious_belief",
  "sexual_orientation",
] as const;

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
): Promise<DataFrame> {
  const levels = await levelsOf(sql, schema, own);
  const kinds = await sql`
    select model, population, model_print, population_print, repetitions as repetition,
           ${cellOf(sql, schema, own)} as cell, ${sql(ATTRIBUTES)}, count(*)::int as n
    from ${sql(schema)}.personas
    where word_count_description is not null
    group by 1, 2, 3, 4, 5, 6, ${sql(ATTRIBUTES)}
    order by 1, 2, 3, 4, 5, ${sql(ATTRIBUTES)}, 6`;
  const counts = new Map<string, Record<string, unknown> & { n: number }>();
  for (const { n, ...kind } of kinds) {
    for (const attribute of ATTRIBUTES) {
      const { model, population, model_print, population_print, repetition } = kind;
      const labelled = own ? "yes" : null;
      const keys = { own: labelled, model, population, model_print, population_print, repetition };
      const cell = { ...keys, ...levels.get(kind.cell) };
      const key = JSON.stringify([Object.values(cell), attribute, kind[attribute]]);
      const counted = counts.get(key);
      if (counted) counted.n += n;
      else counts.set(key, { ...cell, attribute, value: kind[attribute], n });
    }
  }
  return frame([...counts.values()], { ...DEMOGRAPHICS, ...columns(own) });
}

export async function personas(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  besides: Besides = {},
): Promise<DataFrame> {
  const kinds = {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    profile: "integer",
    repetition: "integer",
    ...columns(own),
    ...Object.fromEntries(ATTRIBUTES.map((attribute) => [attribute, "text"] as const)),
  } as const;
  const levels = await levelsOf(sql, schema, own);
  const people = await sql`
    select model, population, model_print, population_print, ref_personality_id as profile,
           repetitions as repetition, ${cellOf(sql, schema, own)} as cell, ${sql(ATTRIBUTES)}
    from ${sql(schema)}.personas
    where word_count_description is not null
    order by id`;
  return await beside(sql, schema, besides, levelled(people, levels), kinds);
}

/** A frame with attributes of the respondents besides. */
async function beside(
  sql: postgres.Sql,
  schema: string,
  besides: Besides,
  rows: readonly object[],
  kinds: Readonly<Record<string, Kind>>,
): Promise<DataFrame> {
  const more = await attributes(sql, schema, besides, Object.keys(kinds));
  return frame(rows.map((row) => ({ ...row, ...more.of(row) })), { ...kinds, ...more.columns });
}

export async function biographies(
  sql: postgres.Sql,
  schema: string,
  own: boolean,
  besides: Besides = {},
): Promise<DataFrame> {
  const known = Object.values(PLACEHOLDERS);
  const text = (column: string) =>
    sql`case when ${sql(column)} not in ${sql(known)} then ${sql(column)} end`;
  const levels = await levelsOf(sql, schema, own);
  const people = await sql`
    select model, population, model_print, population_print, ref_personality_id as profile,
           repetitions as repetition, ${cellOf(sql, schema, own)} as cell, ${
    text("name")
  } as name, age, gender, race,
           religious_belief, sexual_orientation, ${text("occupation_original")} as occupation,
           ${text("location_original")} as location, ${text("description")} as description
    from ${sql(schema)}.personas
    where word_count_description is not null
    order by id`;
  const texts = [
    "gender",
    "race",
    "religious_belief",
    "sexual_orientation",
    "occupation",
    "location",
    "description",
  ];
  return await beside(sql, schema, besides, levelled(people, levels), {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    profile: "integer",
    repetition: "integer",
    ...columns(own),
    name: "text",
    age: "integer",
    ...Object.fromEntries(texts.map((name) => [name, "text"] as const)),
  });
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
