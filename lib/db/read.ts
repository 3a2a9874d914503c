/** The named reads: SQL counts and collects, nothing is computed that statistics would call a number. */
import type postgres from "postgres";
import pl, { type DataFrame } from "polars";
import { PLACEHOLDERS } from "../design.ts";
import { frame, series } from "../frames.ts";
import type { Instrument } from "../instruments.ts";

/** Answer sheets of one instrument, and its items as the database defines them. */
export interface Administrations {
  /** One row per item: item (number), scale, key (1 keyed Yes, 0 keyed No, null: not keyed). */
  items: DataFrame;
  /**
   * One row per administration, in order of its id: group, model, condition, population, profile,
   * administration, and per item `answer N` (as given) and `score N` (keyed or reversed). Both are
   * null where the sheet has no row for the item; a row without an answer has a null answer, and the
   * score that the published view gives it (EPQR-A 0, BFI null).
   */
  sheets: DataFrame;
}

interface Row {
  group: number | null;
  model: string | null;
  condition: string | null;
  population: string | null;
  profile: number | null;
  administration: number;
  items: string;
  answers: string;
  scores: string;
}

export async function sheets(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
): Promise<Administrations> {
  const [items, rows] = await Promise.all([
    sql<Item[]>`
      select distinct on (question_number) question_number as item, category as scale, key
      from ${sql(schema)}.questionnaire
      where questionnaire = ${instrument}
      order by question_number, language_questionnaire in ('en', 'english') desc, id`,
    // A sheet travels as three arrays: half a million rows would take longer to receive than all that
    // is computed from them. Every key has one value per sheet; min() picks it.
    sql<Row[]>`
      select experiment_id               as administration,
             min(experiments_group_id)   as group,
             min(model_clean)            as model,
             min(population_display)     as condition,
             min(population)             as population,
             min(personality_id)         as profile,
             array_agg(question_number)  as items,
             array_agg(answer)           as answers,
             array_agg(eval)             as scores
      from ${sql(schema)}.experiments_evals
      where questionnaire = ${instrument}
      group by experiment_id
      order by experiment_id`,
  ]);
  return administrations(items, rows);
}

interface Repeated {
  administration: number;
  item: number;
  answer: number | null;
  score: number | null;
}

/**
 * The sheets with, of several answers to one item, the one with the highest id, scored as the view
 * `experiments_evals` scores it.
 *
 * @param first what {@link sheets} read; the same again where no item has a second answer
 */
export async function lastSheets(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  first: Administrations,
): Promise<Administrations> {
  const repeated = await sql<Repeated[]>`
    with definition as (
      select distinct on (question_number) question_number, key, reverse
      from ${sql(schema)}.questionnaire
      where questionnaire = ${instrument} and language_questionnaire in ('en', 'english')
      order by question_number, id
    ), repeated as (
      select max(a.id) as id
      from ${sql(schema)}.eval_questionnaires a
      join ${sql(schema)}.experiments_list l on l.experiment_id = a.experiment_id
      where l.questionnaire = ${instrument}
      group by a.experiment_id, a.question_number
      having count(*) > 1
    )
    select a.experiment_id as administration, a.question_number as item, a.answer,
           case
             when ${instrument} = 'epqra' then case when a.answer = d.key then 1 else 0 end
             when d.reverse then 6 - a.answer
             else a.answer
           end as score
    from repeated r
    join ${sql(schema)}.eval_questionnaires a on a.id = r.id
    join definition d on d.question_number = a.question_number`;
  if (repeated.length === 0) return first;
  const administration = first.sheets.getColumn("administration").toArray() as number[];
  const place = new Map(administration.map((id, row) => [id, row]));
  const columns = [...Map.groupBy(repeated, ({ item }) => item)].flatMap(([item, again]) =>
    (["answer", "score"] as const).map((what) => {
      const name = `${what} ${item}`;
      const values = first.sheets.getColumn(name).toArray() as (number | null)[];
      for (const one of again) {
        const row = place.get(one.administration);
        if (row !== undefined) values[row] = one[what];
      }
      return series(name, values, "integer");
    })
  );
  return { items: first.items, sheets: first.sheets.withColumns(...columns) };
}

export async function profiles(
  sql: postgres.Sql,
  schema: string,
  source: "reference" | "random",
  own: boolean,
): Promise<Administrations> {
  const table = sql(`${source}_questionnaires`);
  const items = await sql<Item[]>`
    select distinct on (question_number) question_number as item, category as scale, key::int
    from ${sql(schema)}.${table}
    order by question_number, id`;
  const rows = await sql<Row[]>`
    select personality_id                       as profile,
           personality_id                       as administration,
           array_agg(question_number)           as items,
           array_agg(answer::int)               as answers,
           array_agg(${own ? sql`eval` : sql`coalesce(key = answer, false)::int`}) as scores
    from (
      select distinct on (personality_id, question_number) *
      from ${sql(schema)}.${table}
      order by personality_id, question_number, id
    ) given
    where personality_id is not null and question_number is not null
    group by personality_id
    order by personality_id`;
  return administrations(items, rows);
}

const ATTRIBUTES = [
  "gender",
  "political_orientation",
  "race",
  "religious_belief",
  "sexual_orientation",
] as const;

/** The columns of `Study.demographics`: how many personas gave which value. */
export const DEMOGRAPHICS = {
  model: "text",
  population: "text",
  model_print: "text",
  population_print: "text",
  repetition: "integer",
  attribute: "text",
  value: "text",
  n: "integer",
} as const;

export async function demographics(sql: postgres.Sql, schema: string): Promise<DataFrame> {
  const kinds = await sql`
    select model, population, model_print, population_print, repetitions as repetition,
           ${sql(ATTRIBUTES)}, count(*)::int as n
    from ${sql(schema)}.personas
    where word_count_description is not null
    group by 1, 2, 3, 4, 5, ${sql(ATTRIBUTES)}
    order by 1, 2, 3, 4, 5, ${sql(ATTRIBUTES)}`;
  const counts = new Map<string, Record<string, unknown> & { n: number }>();
  for (const { n, ...kind } of kinds) {
    for (const attribute of ATTRIBUTES) {
      const { model, population, model_print, population_print, repetition } = kind;
      const cell = { model, population, model_print, population_print, repetition };
      const key = JSON.stringify([Object.values(cell), attribute, kind[attribute]]);
      const counted = counts.get(key);
      if (counted) counted.n += n;
      else counts.set(key, { ...cell, attribute, value: kind[attribute], n });
    }
  }
  return frame([...counts.values()], DEMOGRAPHICS);
}

export async function personas(sql: postgres.Sql, schema: string): Promise<DataFrame> {
  const kinds = {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    profile: "integer",
    repetition: "integer",
    ...Object.fromEntries(ATTRIBUTES.map((attribute) => [attribute, "text"] as const)),
  } as const;
  const people = await sql`
    select model, population, model_print, population_print, ref_personality_id as profile,
           repetitions as repetition, ${sql(ATTRIBUTES)}
    from ${sql(schema)}.personas
    where word_count_description is not null
    order by id`;
  return frame(people, kinds);
}

export async function biographies(
  sql: postgres.Sql,
  schema: string,
): Promise<DataFrame> {
  const known = Object.values(PLACEHOLDERS);
  const text = (column: string) =>
    sql`case when ${sql(column)} not in ${sql(known)} then ${sql(column)} end`;
  const people = await sql`
    select model, population, model_print, population_print, ref_personality_id as profile,
           repetitions as repetition, ${text("name")} as name, age, gender, race,
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
  return frame(people, {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    profile: "integer",
    repetition: "integer",
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
           l.personality_id as profile, l.experiment_id as administration, s.items,
           coalesce(g.answered, 0) as answered, coalesce(g.answers, 0) as answers, g.least, g.most
    from ${sql(schema)}.experiments_list l
    left join label b on b.group = l.experiments_group_id
    left join given g on g.experiment_id = l.experiment_id
    left join size s on s.questionnaire = l.questionnaire
    order by l.experiment_id`;
  return frame(rows, {
    instrument: "text",
    model: "text",
    condition: "text",
    population: "text",
    profile: "integer",
    administration: "integer",
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

interface Item {
  item: number;
  scale: string;
  key: number | null;
}

function administrations(items: Item[], rows: Row[]): Administrations {
  const numbers = items.map(({ item }) => item);
  const answer = unpack(rows, numbers, "answers"), score = unpack(rows, numbers, "scores");
  const keys = frame(rows, {
    group: "integer",
    model: "text",
    condition: "text",
    population: "text",
    profile: "integer",
    administration: "integer",
  });
  const columns = numbers.flatMap((item) => [
    series(`answer ${item}`, answer.get(item)!, "integer"),
    series(`score ${item}`, score.get(item)!, "integer"),
  ]);
  return {
    items: frame(items, {
      item: "integer",
      scale: "text",
      key: "integer",
    }),
    sheets: columns.length ? keys.hstack(pl.DataFrame(columns)) : keys,
  };
}

/** One column per item from the sheets' arrays, which arrive as PostgreSQL writes them: `{1,0,NULL}`. */
function unpack(
  rows: Row[],
  items: number[],
  what: "answers" | "scores",
): Map<number, (number | null)[]> {
  const columns = new Map(items.map((item) => [item, Array(rows.length).fill(null)]));
  const elements = (array: string) => array.slice(1, -1).split(",");
  // Nearly all sheets have the same items in the same order.
  const places = new Map<string, ((number | null)[] | undefined)[]>();
  rows.forEach((row, index) => {
    if (!places.has(row.items)) {
      places.set(row.items, elements(row.items).map((item) => columns.get(Number(item))));
    }
    const into = places.get(row.items)!;
    elements(row[what]).forEach((value, position) => {
      const column = into[position];
      if (column && value !== "NULL") column[index] = Number(value);
    });
  });
  return columns;
}
