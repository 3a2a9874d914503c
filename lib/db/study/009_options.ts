import { type Kysely, type RawBuilder, sql } from "kysely";

/**
 * Items with options of their own: an order of options for each item, reasons beside answers, and scores by
 * position.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // options: the codes in the order shown, one list for all items or a list for each, in item order.
  // reasons: in item order, where they were asked for.
  await sql`
    alter table administrations
      alter column options type jsonb using to_jsonb(options),
      add column reasons text[]`.execute(db);
  await sql`
    create or replace view questionnaire as
    select
      item.number as id,
      i.language as language_questionnaire,
      item.number as question_number,
      i.name as questionnaire,
      item.scale as category,
      item.keyed as key,
      item.text as question,
      item.reverse as reverse,
      case when item.options is null then (i.definition->>'lowest')::integer end as lowest,
      case when item.options is null then (i.definition->>'highest')::integer end as highest,
      item.options
    from instruments i
    cross join jsonb_to_recordset(i.definition->'items') as item(
      number integer, text text, scale text, keyed integer, reverse boolean, options jsonb)`
    .execute(db);
  const answer = sql`a.answers[q.question_number]`;
  await sql`
    create or replace view experiments_evals as
    select
      a.cell as experiments_group_id,
      c.model->>'provider' as model_provider,
      c.model->>'model' as model,
      c.instrument as questionnaire,
      c.population,
      a.profile as personality_id,
      a.repetition - 1 as repeated,
      a.sheet as experiment_id,
      q.question_number,
      ${answer} as answer,
      q.category,
      q.key,
      ${scoreOf(answer)} as eval,
      c.model_label as model_clean,
      c.population as population_mapped,
      c.condition as population_display
    from administrations a
    join cells c on c.cell = a.cell
    join questionnaire q
      on q.questionnaire = c.instrument and q.language_questionnaire = c.language
      and q.question_number = any(a.items)`.execute(db);
  await profiles(db);
}

/** A keyed item scores a point, the others their answer or its reverse, an option its position. */
const scoreOf = (answer: RawBuilder<unknown>) =>
  sql`case
        when q.options is not null then (
          select case
            when o.role is not null then null
            when q.key is not null then (o.code = q.key)::integer
            when q.reverse then (
              select min(e.position) + max(e.position)
              from jsonb_to_recordset(q.options) as e(position integer)) - o.position
            else o.position
          end
          from jsonb_to_recordset(q.options) as o(code integer, position integer, role text)
          where o.code = ${answer})
        when q.key is not null then (${answer} = q.key)::integer
        when q.reverse then q.lowest + q.highest - ${answer}
        else ${answer}
      end`;

/** The published names of the reference profiles and their control. */
async function profiles(db: Kysely<unknown>): Promise<void> {
  const roles = {
    reference: sql`o.role = 'reference'`,
    random: sql`
      o.control_of = (select r.name from populations r where r.role = 'reference')`,
  };
  const answer = sql`p.answers[q.question_number]`;
  for (const [name, is] of Object.entries(roles)) {
    await sql`
      create or replace view ${sql.id(`${name}_questionnaires`)} as
      select
        q.id,
        p.profile as personality_id,
        q.question_number,
        q.question,
        q.category,
        q.key,
        ${answer} as answer,
        ${scoreOf(answer)} as eval
      from profiles p
      join populations o on o.name = p.population
      join questionnaire q
        on q.questionnaire = o.instrument and q.language_questionnaire = o.language
      where ${is}`.execute(db);
  }
}
