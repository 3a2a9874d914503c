import { type Kysely, sql } from "kysely";

/**
 * Prompts that are kept as versions, and runs that only try one.
 *
 * A trial is a run of its own kind: every view and table of results asks for runs of personas or of
 * administrations, so that what a trial brought stands in none of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table runs
      drop constraint runs_kind_check,
      add constraint runs_kind_check check (kind in ('personas', 'administrations', 'trial'))`
    .execute(db);
  // saved: when somebody kept it as a version; without it the prompt is here because a run used it.
  await sql`
    alter table prompts
      add column parent text references prompts,
      add column saved timestamptz`.execute(db);
}
