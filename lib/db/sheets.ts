/** The reads of answer sheets: a sheet travels as arrays and becomes a column per item. */
import type postgres from "postgres";
import pl, { type DataFrame } from "polars";
import { frame, type Kind, series } from "../frames.ts";
import { ASKED, askedLevels, WRITTEN } from "./factors.ts";
import { attributesOf, type Besides } from "./respondents.ts";

/** Answer sheets of one instrument, and its items as the database defines them. */
export interface Administrations {
  /** One row per item: item (number), scale, key (1 keyed Yes, 0 keyed No, null: not keyed). */
  items: DataFrame;
  /** Of items with options of their own, a row per option as printed: item, code, label, role. */
  options?: DataFrame;
  /**
   * One row per administration, in order of its id: group, model, condition, population, profile,
   * administration, and per item `answer N` (as given) and `score N` (keyed or reversed); `group` is
   * the published number of an experiment, null in a study of one's own. Answer and score are
   * null where the sheet has no row for the item; a row without an answer has a null answer, and the
   * score that the published view gives it (EPQR-A 0, BFI null). `writer` is the model that wrote the
   * persona: in the published data `model`. In a study of one's own there is a column for each factor
   * besides: condition, form (of the persona), prompt (version of the persona's), variant (of the personas' plan), answering_model,
   * administration_prompt, administration_variant, item_order, option_order, coding, language (of the
   * instrument); profile_population (which population the profile is of); and persona (which of its
   * profile's) and repetition (of the administration).
   */
  sheets: DataFrame;
  /** Of a study of one's own: the population that its tables compare with, null where there is none. */
  reference?: string | null;
  /**
   * Of a study of one's own, where the profiles answered this instrument: the profile's answer to an
   * item as the prompt showed it, from the persona's own row; null where none is stored.
   */
  shown?: (administration: number, item: number) => number | null;
}

interface Row {
  cell?: number;
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
  own: boolean,
  besides: Besides = {},
): Promise<Administrations> {
  const group = own ? sql`null::integer` : sql`min(experiments_group_id)`;
  const [items, rows, levels, options, personas, more, reference] = await Promise.all([
    sql<Item[]>`
      select distinct on (question_number) question_number as item, category as scale, key
      from ${sql(schema)}.questionnaire
      where questionnaire = ${instrument}
      order by question_number, language_questionnaire in ('en', 'english') desc, id`,
    // A sheet travels as three arrays: half a million rows would take longer to receive than all that
    // is computed from them. Every key has one value per sheet; min() picks it.
    sql<Row[]>`
      select experiment_id               as administration,
             ${group}                    as group,
             min(experiments_group_id)   as cell,
             min(repeated)::integer + 1  as repetition,
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
    own ? askedLevels(sql, schema) : null,
    own
      ? sql<{ item: number; options: { code: number; label: string; role?: string }[] }[]>`
        select distinct on (question_number) question_number as item, options
        from ${sql(schema)}.questionnaire
        where questionnaire = ${instrument} and options is not null
        order by question_number, language_questionnaire in ('en', 'english') desc, id`
      : [],
    own
      ? sql<Written[]>`
        select distinct on (a.sheet) a.sheet as administration, p.repetitions as persona,
               case when o.instrument = ${instrument} then nullif(p.shown::text, '{}') end as shown
        from ${sql(schema)}.administrations a
        join ${sql(schema)}.personas p on p.id = a.persona
        join ${sql(schema)}.work w on w.work = p.work
        join ${sql(schema)}.cells c on c.cell = w.cell
        left join ${sql(schema)}.populations o
          on case when c.respondents is null then o.role = 'reference' else o.name = c.respondents end`
      : [],
    attributesOf(sql, schema, besides, [...KEYS, ...Object.keys(OWN)]),
    own
      ? sql<{ name: string }[]>`
        select name from ${sql(schema)}.populations where role = 'reference'`
      : [],
  ]);
  if (!levels) {
    return administrations(items, rows.map((row) => ({ ...row, writer: row.model })), PUBLISHED);
  }
  const persona = new Map(personas.map((one) => [one.administration, one.persona]));
  const made = rows.map((row) => {
    const keys = { ...row, ...levels.get(row.cell!), persona: persona.get(row.administration) };
    return { ...keys, ...more.of(keys) };
  });
  const all = options.flatMap(({ item, options }) => options.map((one) => ({ item, ...one })));
  return {
    ...administrations(items, made, { ...OWN, ...more.columns }),
    reference: reference[0]?.name ?? null,
    ...all.length && {
      options: frame(all, { item: "integer", code: "integer", label: "text", role: "text" }),
    },
    ...personas.some(({ shown }) => shown) && { shown: shownIn(personas) },
  };
}

/** Of an administration, which of its profile's personas was asked, and what that was made from. */
interface Written {
  administration: number;
  persona: number;
  /** As PostgreSQL writes a list; null where nothing is stored. */
  shown: string | null;
}

/** Answers are kept as numbers of one list: there are as many as sheets times items. */
function shownIn(personas: readonly Written[]): NonNullable<Administrations["shown"]> {
  const lists = personas.map(({ shown }) => shown ? shown.slice(1, -1).split(",").map(Number) : []);
  const width = lists.reduce((most, list) => Math.max(most, list.length), 0);
  const answers = new Float32Array(personas.length * width).fill(NaN);
  lists.forEach((list, at) => answers.set(list, at * width));
  const places = new Map(personas.map(({ administration }, at) => [administration, at]));
  return (administration, item) => {
    const place = places.get(administration);
    const answer = place === undefined || item > width ? NaN : answers[place * width + item - 1]!;
    return Number.isNaN(answer) ? null : answer;
  };
}

/** What a sheet is known by. */
const KEYS = ["group", "model", "condition", "population", "profile", "administration"];

/** Columns of sheets besides their keys. */
const PUBLISHED = { writer: "text" } as const;
const OWN: Readonly<Record<string, Kind>> = {
  ...WRITTEN,
  ...ASKED,
  persona: "integer",
  repetition: "integer",
};

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

interface Item {
  item: number;
  scale: string;
  key: number | null;
}

function administrations(
  items: Item[],
  rows: Row[],
  factors: Readonly<Record<string, Kind>> = {},
): Administrations {
  const numbers = items.map(({ item }) => item);
  const answer = unpack(rows, numbers, "answers"), score = unpack(rows, numbers, "scores");
  const keys = frame(rows, {
    group: "integer",
    model: "text",
    condition: "text",
    population: "text",
    profile: "integer",
    administration: "integer",
    ...factors,
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
