import { type Kysely, sql } from "kysely";

/** What millions of pieces of work take most time for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One key for two: to look a row up for each key is half of what it takes to plan work.
  await sql`alter table cells add unique (run, cell)`.execute(db);
  await sql`
    alter table work
      drop constraint work_run_fkey,
      drop constraint work_cell_fkey,
      add foreign key (run, cell) references cells (run, cell)`.execute(db);
  await holding(db);
}

/**
 * Holding calls against a budget, as before, but that what was submitted counts as well, and that calls
 * which all fit are held by one statement: every statement that changes work counts it anew, so that a loop
 * counts once for each call.
 */
async function holding(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function hold(of_run integer, of_worker integer, asked jsonb)
    returns table (answer text) language plpgsql as $$
    #variable_conflict use_column
    declare
      budget record;
      taken record;
      wanted record;
      one record;
      calls_now double precision;
      tokens_now double precision;
      usd_now double precision;
      flying integer;
    begin
      select stopping, budget_calls, budget_tokens, budget_usd,
             calls + lost_calls + submitted_calls as calls,
             tokens + lost_tokens + submitted_tokens as tokens,
             usd + lost_usd + submitted_usd::double precision as usd
      into budget from runs where run = of_run for no key update;
      -- Only now, with the lock, is it sure to see what others held before.
      select coalesce(sum(held_calls + spent_calls), 0) as calls,
             coalesce(sum(held_tokens + spent_tokens), 0) as tokens,
             coalesce(sum(held_usd + spent_usd), 0) as usd,
             count(*) filter (where held_calls > 0) as flying
      into taken from work where run = of_run and state = 'claimed';
      calls_now := budget.calls + taken.calls;
      tokens_now := budget.tokens + taken.tokens;
      usd_now := budget.usd + taken.usd;
      flying := taken.flying;
      select sum(calls) as calls, sum(tokens) as tokens, sum(usd) as usd
      into wanted from jsonb_to_recordset(asked)
        as g(calls integer, tokens double precision, usd double precision);
      if not budget.stopping
        and coalesce(calls_now + wanted.calls <= budget.budget_calls, true)
        and coalesce(tokens_now + wanted.tokens <= budget.budget_tokens, true)
        and coalesce(usd_now + wanted.usd <= budget.budget_usd, true)
      then
        return query
          with given as (
            select work, calls, tokens, usd, place
            from rows from (
              jsonb_to_recordset(asked)
                as (work integer, calls integer, tokens double precision, usd double precision)
            ) with ordinality as g(work, calls, tokens, usd, place)
          ), held as (
            update work w
            set held_calls = g.calls, held_tokens = g.tokens, held_usd = g.usd
            from given g
            where w.work = g.work and w.worker = of_worker and w.state = 'claimed'
              and w.held_calls = 0
            returning w.work
          )
          select case when h.work is null then 'lost' else 'granted' end
          from given g left join held h on h.work = g.work
          order by g.place;
        return;
      end if;
      for one in
        select * from jsonb_to_recordset(asked)
          as g(work integer, calls integer, tokens double precision, usd double precision)
      loop
        if budget.stopping then
          answer := 'stopped';
        elsif calls_now + one.calls > budget.budget_calls
          or tokens_now + one.tokens > budget.budget_tokens
          or usd_now + one.usd > budget.budget_usd
        then
          answer := case when flying > 0 then 'wait' else 'spent' end;
        else
          update work
          set held_calls = one.calls, held_tokens = one.tokens, held_usd = one.usd
          where work = one.work and worker = of_worker and state = 'claimed' and held_calls = 0;
          if found then
            answer := 'granted';
            calls_now := calls_now + one.calls;
            tokens_now := tokens_now + one.tokens;
            usd_now := usd_now + one.usd;
            flying := flying + 1;
          else
            answer := 'lost';
          end if;
        end if;
        return next;
      end loop;
    end $$`.execute(db);
}
