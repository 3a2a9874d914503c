import { type Kysely, sql } from "kysely";

/**
 * Where the rows came from; a study's own rows are in `runs`, so that this stays empty.
 *
 * The first version of this step made more tables, which 002 replaces.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table provenance (
      source text not null,
      restored_at timestamptz not null default now(),
      files jsonb not null,
      skipped jsonb not null,
      tables jsonb not null
    )`.execute(db);
}
