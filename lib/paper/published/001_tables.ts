import { type Kysely, sql } from "kysely";

/**
 * The original's tables, column for column, so that its dump and its CSVs load unchanged
 * (source: the original's only Alembic revision, 001_initial_schema). Keys follow in 002: a restore
 * loads between the two.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table personas (
      id integer not null,
      ref_personality_id integer,
      population varchar(100),
      model varchar(100),
      name varchar(255),
      age integer,
      gender_original varchar(50),
      gender varchar(20),
      race_original varchar(100),
      race varchar(50),
      sexual_orientation_original varchar(100),
      sexual_orientation varchar(20),
      ethnicity varchar(100),
      religious_belief_original varchar(100),
      religious_belief varchar(50),
      occupation_original varchar(255),
      occupation varchar(100),
      political_orientation_original varchar(50),
      political_orientation varchar(20),
      location_original varchar(255),
      location varchar(100),
      description text,
      word_count_description integer,
      repetitions integer,
      model_print varchar(50),
      population_print varchar(50)
    )`.execute(db);
  for (const table of ["reference_questionnaires", "random_questionnaires"]) {
    await sql`
      create table ${sql.id(table)} (
        id integer not null,
        personality_id integer,
        question_number integer,
        question text,
        category varchar(10),
        key boolean,
        answer boolean
      )`.execute(db);
  }
  await sql`
    create table experiments_groups (
      experiments_group_id integer not null,
      created varchar default current_timestamp,
      description varchar,
      system_role varchar,
      base_prompt varchar,
      concluded boolean,
      processed boolean,
      translated boolean,
      temperature double precision,
      top_p double precision,
      ii_repeated boolean
    )`.execute(db);
  await sql`
    create table experiments_list (
      experiment_id integer not null,
      experiments_group_id integer,
      repeated integer,
      created varchar default current_timestamp,
      questionnaire varchar,
      language_instructions varchar,
      language_questionnaire varchar,
      model_provider varchar,
      model varchar,
      population varchar,
      personality_id integer,
      succeeded boolean,
      llm_explanation text,
      repo_sha varchar
    )`.execute(db);
  await sql`
    create table eval_questionnaires (
      id integer not null,
      experiment_id integer,
      question_number integer,
      answer integer
    )`.execute(db);
  await sql`
    create table questionnaire (
      id integer not null,
      language_questionnaire varchar(50),
      question_number integer,
      questionnaire varchar not null,
      category varchar(50),
      key integer,
      question text,
      reverse boolean
    )`.execute(db);
  await sql`
    create table experiment_request_metadata (
      id integer not null,
      created timestamp not null default current_timestamp,
      experiment_id integer,
      request_json jsonb,
      response_json jsonb,
      request_metadata jsonb
    )`.execute(db);
  await sql`create table alembic_version (version_num varchar(32) not null)`.execute(db);
  // Ours: where the rows came from, so that whatever shows them can say so.
  await sql`
    create table provenance (
      source text not null,
      restored_at timestamptz not null default now(),
      files jsonb not null,
      skipped jsonb not null,
      tables jsonb not null
    )`.execute(db);
}
