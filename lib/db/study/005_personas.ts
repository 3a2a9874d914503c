import { type Kysely, sql } from "kysely";

/**
 * What was mended in a persona, as sheets have it; and personas that reading again has withdrawn.
 *
 * A persona counts while its own work is done. A reply that is read otherwise later may turn out to hold
 * none: sheets were asked of it meanwhile, so that its row has to stay, where no table sees it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table personas add column flags text[] not null default '{}'`.execute(db);
  await sql`alter table personas rename to personas_written`.execute(db);
  await sql`
    create view personas as
    select * from personas_written p
    where exists (select from work w where w.work = p.work and w.state = 'done')`.execute(db);
}
