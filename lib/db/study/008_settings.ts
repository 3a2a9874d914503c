import { type Kysely, sql } from "kysely";

/**
 * What a cell is asked with belongs to the cell: prompt, instrument and how it is laid out, so that one
 * run holds several levels of each. A sheet is as many calls as it was asked in.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // base: the population's name whatever the setting, from which keys and draws are made. writing: the
  // setting in which the personas were written that are asked. blocks: the calls that a sheet takes.
  await sql`
    alter table cells
      add column prompt text references prompts,
      add column instrument text,
      add column language text,
      add column shown jsonb,
      add column base text,
      add column writing text,
      add column blocks integer not null default 1 check (blocks >= 1),
      add foreign key (instrument, language) references instruments`.execute(db);
  await sql`
    update cells c
    set prompt = r.prompt, instrument = r.instrument, language = r.language,
        shown = r.plan->'setting', base = c.population,
        writing = case when r.plan->>'kind' = 'administrations' then (
          select w.setting from cells w join runs o on o.run = w.run
          where o.kind = 'personas' and w.population = c.population order by w.cell limit 1) end
    from runs r where r.run = c.run`.execute(db);
  await sql`
    alter table cells
      alter column prompt set not null,
      alter column base set not null,
      drop constraint cells_run_population_model_id_key,
      add unique (run, population, model_id, setting)`.execute(db);
  // block: which call of a sheet it is; sheet: the work of the first one, where this is a later one.
  await sql`
    alter table work
      add column block integer not null default 1 check (block >= 1),
      add column sheet integer references work`.execute(db);
  await sql`drop index work_cell_profile_coalesce_repetition_idx`.execute(db);
  await sql`
    create unique index on work (cell, profile, coalesce(persona, 0), repetition, block)`
    .execute(db);
  await sql`create index on work (sheet) where sheet is not null`.execute(db);
  // A row is what one call answered: answers to the items that it showed, null for all others.
  await sql`alter table administrations add column sheet integer`.execute(db);
  await sql`update administrations set sheet = work`.execute(db);
  await sql`alter table administrations alter column sheet set not null`.execute(db);
  // A profile may answer without a persona.
  await sql`alter table administrations alter column persona drop not null`.execute(db);
  await views(db);
  await sql`alter table runs drop column prompt, drop column instrument, drop column language`
    .execute(db);
}

/** The published names of what was asked; a sheet is one experiment, in however many calls. */
async function views(db: Kysely<unknown>): Promise<void> {
  for (
    const view of [
      "experiments_groups",
      "experiments_list",
      "eval_questionnaires",
      "experiments_evals",
    ]
  ) await sql`drop view ${sql.id(view)}`.execute(db);
  await sql`
    create view experiments_groups as
    select
      c.cell as experiments_group_id,
      r.created,
      r.name as description,
      p.system as system_role,
      p."user" as base_prompt,
      not exists (
        select from work w where w.cell = c.cell and w.state in ('planned', 'claimed')
      ) as concluded,
      (c.model->>'temperature')::double precision as temperature,
      (c.model->>'top_p')::double precision as top_p
    from cells c
    join runs r on r.run = c.run
    join prompts p on p.hash = c.prompt
    where r.kind = 'administrations'`.execute(db);
  await sql`
    create view experiments_list as
    select
      w.work as experiment_id,
      w.cell as experiments_group_id,
      w.repetition - 1 as repeated,
      coalesce(w.finished, r.created) as created,
      c.instrument as questionnaire,
      p.language as language_instructions,
      c.language as language_questionnaire,
      c.model->>'provider' as model_provider,
      c.model->>'model' as model,
      c.population,
      w.profile as personality_id,
      w.persona,
      case
        when w.state = 'failed'
          or exists (select from work b where b.sheet = w.work and b.state = 'failed') then false
        when w.state = 'done'
          and not exists (select from work b where b.sheet = w.work and b.state <> 'done') then true
      end as succeeded,
      a.explanation as llm_explanation,
      r.code as repo_sha
    from work w
    join cells c on c.cell = w.cell
    join runs r on r.run = w.run
    join prompts p on p.hash = c.prompt
    left join administrations a on a.work = w.work
    where r.kind = 'administrations' and w.sheet is null`.execute(db);
  await sql`
    create view eval_questionnaires as
    select a.sheet as experiment_id, item as question_number, answer
    from administrations a
    cross join unnest(a.answers) with ordinality as given(answer, item)
    where item = any(a.items)`.execute(db);
  const answer = sql`a.answers[q.question_number]`;
  await sql`
    create view experiments_evals as
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
      case
        when q.key is not null then (${answer} = q.key)::integer
        when q.reverse then q.lowest + q.highest - ${answer}
        else ${answer}
      end as eval,
      c.model_label as model_clean,
      c.population as population_mapped,
      c.condition as population_display
    from administrations a
    join cells c on c.cell = a.cell
    join questionnaire q
      on q.questionnaire = c.instrument and q.language_questionnaire = c.language
      and q.question_number = any(a.items)`.execute(db);
}
