import { type Kysely, sql } from "kysely";

/**
 * Any number of populations, with attributes, strata and weights beside the answers or instead of them.
 *
 * A population has a name and a role: `reference`, whom personas are made from where a plan names none;
 * `control`, the random control of another; `other`. What was the source `random` is the control of the
 * population of its name. The published views have the reference and its control, as before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop view reference_questionnaires, random_questionnaires`.execute(db);
  await sql`alter table profiles rename to profiles_before`.execute(db);
  await sql`alter table populations rename to populations_before`.execute(db);
  // Names of constraints are those of the tables that take the place of these.
  await sql`alter table profiles_before rename constraint profiles_pkey to profiles_before_pkey`
    .execute(db);
  await sql`
    alter table populations_before rename constraint populations_pkey to populations_before_pkey`
    .execute(db);
  await sql`
    create table populations (
      name text primary key,
      role text not null check (role in ('reference', 'control', 'other')),
      control_of text unique references populations,
      origin text not null,
      codebook jsonb not null default '[]',
      instrument text,
      language text,
      foreign key (instrument, language) references instruments,
      check ((role = 'control') = (control_of is not null)),
      check ((instrument is null) = (language is null))
    )`.execute(db);
  await sql`create unique index on populations (role) where role = 'reference'`.execute(db);
  // answers: null where the population has no instrument; values: of the codebook's variables, by name.
  await sql`
    create table profiles (
      population text not null references populations,
      profile integer not null,
      answers smallint[],
      values jsonb not null default '{}',
      stratum text,
      weight double precision check (weight >= 0 and weight < 'infinity'),
      primary key (population, profile)
    )`.execute(db);
  await sql`
    insert into populations (name, role, origin, instrument, language)
    select name, 'reference', origin, instrument, language
    from populations_before where source = 'reference'`.execute(db);
  await sql`
    insert into populations (name, role, control_of, origin, instrument, language)
    select name || ' (random control)', 'control', name, origin, instrument, language
    from populations_before where source = 'random'`.execute(db);
  await sql`
    insert into profiles (population, profile, answers)
    select o.name, p.profile, p.answers
    from profiles_before p
    join populations o on o.role = case p.source when 'random' then 'control' else p.source end
    order by p.source, p.profile`.execute(db);
  await sql`drop table profiles_before, populations_before`.execute(db);
  await published(db);
  // respondents: the population of a cell's profiles; null is the study's reference.
  await sql`alter table cells add column respondents text references populations`.execute(db);
  // Profiles without items make personas as well.
  await sql`
    alter table runs alter column instrument drop not null, alter column language drop not null`
    .execute(db);
}

async function published(db: Kysely<unknown>): Promise<void> {
  const roles = {
    reference: sql`o.role = 'reference'`,
    random: sql`
      o.control_of = (select r.name from populations r where r.role = 'reference')`,
  };
  for (const [name, is] of Object.entries(roles)) {
    await sql`
      create view ${sql.id(`${name}_questionnaires`)} as
      select
        q.id,
        p.profile as personality_id,
        q.question_number,
        q.question,
        q.category,
        q.key,
        p.answers[q.question_number] as answer,
        case
          when q.key is not null then (p.answers[q.question_number] = q.key)::integer
          when q.reverse then q.lowest + q.highest - p.answers[q.question_number]
          else p.answers[q.question_number]
        end as eval
      from profiles p
      join populations o on o.name = p.population
      join questionnaire q
        on q.questionnaire = o.instrument and q.language_questionnaire = o.language
      where ${is}`.execute(db);
  }
}
