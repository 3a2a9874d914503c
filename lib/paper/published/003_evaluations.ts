import { type Kysely, sql } from "kysely";

/**
 * `experiments_evals`: one row per administration and item, scored.
 *
 * The original's script ships only with its archive; this is its documented semantics, made
 * deterministic: among several answers to one item the lowest id wins, among several English
 * definitions of one item as well. Both are thinned out before they are joined (the original joins
 * four copies of every definition first and then sorts four times the rows), and names are mapped once
 * per administration, not once per answer.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The sort of all rows in memory; the default of a server would send it to disk.
  await sql`set local work_mem = '256MB'`.execute(db);
  await sql`
    create materialized view experiments_evals as
    with definition as (
      select distinct on (questionnaire, question_number)
        questionnaire, question_number, category, key, reverse
      from questionnaire
      where language_questionnaire in ('en', 'english')
      order by questionnaire, question_number, id
    ), given as (
      select distinct on (experiment_id, question_number)
        experiment_id, question_number, answer
      from eval_questionnaires
      order by experiment_id, question_number, id
    ), sheet as materialized (
      select
        l.experiments_group_id,
        l.model_provider,
        l.model,
        l.questionnaire,
        l.population,
        l.personality_id,
        l.repeated,
        l.experiment_id,
        case l.model
          when 'gpt-3.5-turbo-0125' then 'GPT-3.5'
          when 'gpt-4o-2024-11-20' then 'GPT-4o'
          when 'anthropic.claude-3-5-sonnet-20240620-v1:0' then 'Claude-3.5-s'
          when 'us.meta.llama3-1-70b-instruct-v1:0' then 'Llama3.1-70B'
          when 'eu.meta.llama3-2-3b-instruct-v1:0' then 'Llama3.2-3B'
          else l.model
        end as model_clean,
        regexp_replace(l.population, '^generated_(.*)_spain826$|^borderline_', '\\1')
          as population_mapped,
        case
          when l.population like 'borderline\\_maxN\\_%' then 'MaxN'
          when l.population like 'borderline\\_maxP\\_%' then 'MaxP'
          else 'Base'
        end as population_display
      from experiments_list l
      join experiments_groups g on g.experiments_group_id = l.experiments_group_id
    )
    select
      s.experiments_group_id,
      s.model_provider,
      s.model,
      s.questionnaire,
      s.population,
      s.personality_id,
      s.repeated,
      s.experiment_id,
      a.question_number,
      a.answer,
      d.category,
      d.key,
      case
        when s.questionnaire = 'epqra' then case when a.answer = d.key then 1 else 0 end
        when d.reverse then 6 - a.answer
        else a.answer
      end as eval,
      s.model_clean,
      s.population_mapped,
      s.population_display
    from sheet s
    join given a on a.experiment_id = s.experiment_id
    join definition d
      on d.questionnaire = s.questionnaire and d.question_number = a.question_number
    order by s.experiment_id, a.question_number`.execute(db);
  await sql`
    create unique index on experiments_evals (experiment_id, question_number)`.execute(db);
  // Whoever corrects an answer by hand must not go on reading the old one.
  await sql`
    create function refresh_evaluations() returns trigger language plpgsql as $$
    begin
      execute format('refresh materialized view %I.experiments_evals', tg_table_schema);
      return null;
    end $$`.execute(db);
  const sources = [
    "eval_questionnaires",
    "experiments_list",
    "experiments_groups",
    "questionnaire",
  ];
  for (const table of sources) {
    await sql`
      create trigger refresh_evaluations
      after insert or update or delete or truncate on ${sql.id(table)}
      for each statement execute function refresh_evaluations()`.execute(db);
  }
}
