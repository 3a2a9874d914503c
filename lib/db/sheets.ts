/** The reads of answer sheets: a sheet travels as arrays and becomes a column per item. */
import type postgres from "postgres";
import pl, { type DataFrame } from "polars";
import { frame, type Kind, series } from "../frames.ts";
import { ASKED, askedLevels, WRITTEN } from "./factors.ts";

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
   * besides: condition, prompt (version of the persona's), variant (of the personas' plan), answering_model,
   * administration_prompt, administration_variant, item_order, option_order, coding, language (of the
   * instrument); and persona (which of its profile's) and repetition (of the administration).
   */
  sheets: DataFrame;
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
): Promise<Administrations> {
  const group = own ? sql`null::integer` : sql`min(experiments_group_id)`;
  const [items, rows, levels, options, personas] = await Promise.all([
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
      ? sql<{ administration: number; persona: number }[]>`
        select a.work as administration, p.repetitions as persona
        from ${sql(schema)}.administrations a join ${sql(schema)}.personas p on p.id = a.persona`
      : [],
  ]);
  if (!levels) {
    return administrations(items, rows.map((row) => ({ ...row, writer: row.model })), PUBLISHED);
  }
  const persona = new Map(personas.map((one) => [one.administration, one.persona]));
  const made = rows.map((row) => ({
    ...row,
    ...levels.get(row.cell!),
    persona: persona.get(row.administration),
  }));
  const all = options.flatMap(({ item, options }) => options.map((one) => ({ item, ...one })));
  return {
    ...administrations(items, made, OWN),
    ...all.length && {
      options: frame(all, { item: "integer", code: "integer", label: "text", role: "text" }),
    },
  };
}

/** Columns of sheets besides their keys. */
const PUBLISHED = { writer: "text" } as const;
const OWN = { ...WRITTEN, ...ASKED, persona: "integer", repetition: "integer" } as const;

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
