import { type Kysely, sql } from "kysely";

/**
 * How much work is in which state is counted as it changes: to count a million rows whenever somebody
 * looks takes longer than to look.
 *
 * `work_counts` is a list of changes, whose sums are the counts: processes that settle at the same time
 * add rows of their own and never wait for each other. Now and then the rows of a run become one for each
 * cell and state.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table work_counts (
      run integer not null,
      cell integer not null,
      state work_state not null,
      n bigint not null
    )`.execute(db);
  await sql`create index on work_counts (run)`.execute(db);
  await sql`
    insert into work_counts
    select run, cell, state, count(*) from work group by run, cell, state`.execute(db);
  await sql`
    create function count_work() returns trigger language plpgsql set search_path from current as $$
    begin
      if tg_op = 'INSERT' then
        insert into work_counts
        select run, cell, state, count(*) from is_now group by run, cell, state;
      elsif tg_op = 'DELETE' then
        insert into work_counts
        select run, cell, state, -count(*) from was group by run, cell, state;
      elsif tg_op = 'TRUNCATE' then
        delete from work_counts;
      else
        insert into work_counts
        select run, cell, state, sum(n)
        from (
          select run, cell, state, 1 as n from is_now
          union all select run, cell, state, -1 from was
        ) moved
        group by run, cell, state having sum(n) <> 0;
      end if;
      return null;
    end $$`.execute(db);
  for (
    const [event, tables] of [
      ["insert", "referencing new table as is_now"],
      ["update", "referencing old table as was new table as is_now"],
      ["delete", "referencing old table as was"],
      ["truncate", ""],
    ] as const
  ) {
    await sql`
      create trigger ${sql.id(`counted_${event}`)} after ${sql.raw(event)} on work
      ${sql.raw(tables)} for each statement execute function count_work()`.execute(db);
  }
  // What failed is looked at by itself, as is what is under way; of all other work only counts are.
  await sql`create index on work (run) where state = 'failed'`.execute(db);
}
