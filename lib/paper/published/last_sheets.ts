/** The published answers to an item that was answered more than once. */
import type { Administrations, Sql } from "../../db.ts";
import { series } from "../../frames.ts";

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
  sql: Sql,
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
