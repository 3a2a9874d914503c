import { type Kysely, sql } from "kysely";

/** Analysis plans, as they were when they were written down, and what each run had been replied by then. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table analyses (
      hash text primary key,
      written timestamptz not null default now(),
      analysis jsonb not null,
      calls jsonb not null
    )`.execute(db);
}
