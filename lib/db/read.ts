/** The named reads: SQL counts and collects, nothing is computed that statistics would call a number. */
import type postgres from "postgres";
import pl, { type DataFrame } from "polars";
import { frame, series } from "../frames.ts";

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
      select distinct question_number as item, category as scale, key
      from ${sql(schema)}.experiments_evals
      where questionnaire = ${instrument}
      order by 1`,
    // Answers travel as one text per sheet: half a million rows would take longer to receive than
    // everything that is computed from them.
    sql<Row[]>`
      select experiments_group_id as group,
             model_clean          as model,
             population_display   as condition,
             population,
             personality_id       as profile,
             experiment_id        as administration,
             string_agg(question_number::text, ',')       as items,
             string_agg(coalesce(answer::text, ''), ',')  as answers,
             string_agg(coalesce(eval::text, ''), ',')    as scores
      from ${sql(schema)}.experiments_evals
      where questionnaire = ${instrument}
      group by 1, 2, 3, 4, 5, 6
      order by 6`,
  ]);
  return administrations(items, rows);
}

export async function profiles(
  sql: postgres.Sql,
  schema: string,
  source: "reference" | "random",
): Promise<Administrations> {
  const table = sql(`${source}_questionnaires`);
  const items = await sql<Item[]>`
    select distinct on (question_number) question_number as item, category as scale, key::int
    from ${sql(schema)}.${table}
    order by question_number, id`;
  const rows = await sql<Row[]>`
    select null as group, null as model, null as condition, null as population,
           personality_id as profile,
           personality_id as administration,
           string_agg(question_number::text, ',')            as items,
           string_agg(coalesce(answer::int::text, ''), ',')  as answers,
           string_agg(coalesce((key = answer)::int, 0)::text, ',') as scores
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

export async function demographics(sql: postgres.Sql, schema: string): Promise<DataFrame> {
  const rows = await sql`
    select model, population, model_print, population_print, repetitions as repetition,
           attribute, value, count(*)::int as n
    from ${sql(schema)}.personas
    cross join lateral (values
      ('gender', gender), ('political_orientation', political_orientation), ('race', race),
      ('religious_belief', religious_belief), ('sexual_orientation', sexual_orientation)
    ) as given(attribute, value)
    where word_count_description is not null
    group by 1, 2, 3, 4, 5, 6, 7
    order by 1, 2, 3, 4, 5, 6, 7`;
  return frame(rows, {
    model: "text",
    population: "text",
    model_print: "text",
    population_print: "text",
    repetition: "integer",
    attribute: "text",
    value: "text",
    n: "integer",
  });
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

/** One column per item from the sheets' comma-separated lists. */
function unpack(
  rows: Row[],
  items: number[],
  what: "answers" | "scores",
): Map<number, (number | null)[]> {
  const columns = new Map(items.map((item) => [item, Array(rows.length).fill(null)]));
  rows.forEach((row, index) => {
    const values = row[what].split(",");
    row.items.split(",").forEach((item, position) => {
      const value = values[position]!;
      if (value !== "") columns.get(Number(item))![index] = Number(value);
    });
  });
  return columns;
}
