import { type Kysely, sql } from "kysely";

const KEYS = {
  personas: "id",
  reference_questionnaires: "id",
  random_questionnaires: "id",
  experiments_groups: "experiments_group_id",
  experiments_list: "experiment_id",
  eval_questionnaires: "id",
  questionnaire: "id",
  experiment_request_metadata: "id",
  alembic_version: "version_num",
};

/** Primary keys, and the few of the original's 25 secondary indexes that a query here uses. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, key] of Object.entries(KEYS)) {
    await sql`alter table ${sql.id(table)} add primary key (${sql.id(key)})`.execute(db);
  }
  await sql`create index on personas (population, ref_personality_id, repetitions)`.execute(db);
  await sql`create index on eval_questionnaires (experiment_id, question_number)`.execute(db);
  await sql`create index on experiment_request_metadata (experiment_id)`.execute(db);
}
