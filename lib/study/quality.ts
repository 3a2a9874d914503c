/** What became of every planned piece of work, and what is odd about the sheets that came back. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";

/**
 * The flow of a study: one row per run and cell, trials apart.
 *
 * Columns: run, kind, instrument (that is asked, or that the profiles answered), model, condition, planned (all work of the cell but what another run has), asked
 * (at least one reply is stored), answered (the last reply could be used), failed, open (still to do or
 * under way), skipped (another run has it), stored (personas or sheets), complete (personas, or sheets
 * without a missing item: what corrected tables analyse), usd (of the stored replies; undefined
 * without a price).
 */
export async function flow(sql: Sql): Promise<DataFrame> {
  const rows = await sql`
    with asked as (
      select work, sum(usd) as usd from requests group by work
    )
    select r.name as run, r.kind, c.instrument, c.model_label as model, c.condition,
           count(*) filter (where w.state <> 'skipped')::int as planned,
           count(q.work)::int as asked,
           count(*) filter (where w.state = 'done')::int as answered,
           count(*) filter (where w.state = 'failed')::int as failed,
           count(*) filter (where w.state in ('planned', 'claimed'))::int as open,
           count(*) filter (where w.state = 'skipped')::int as skipped,
           count(coalesce(p.work, a.work))::int as stored,
           count(*) filter (
             where p.work is not null or array_position(a.answers, null) is null and a.work is not null
           )::int as complete,
           sum(q.usd)::float8 as usd
    from work w
    join runs r on r.run = w.run
    join cells c on c.cell = w.cell
    left join asked q on q.work = w.work
    left join personas p on p.work = w.work
    left join administrations a on a.work = w.work
    where r.kind <> 'trial'
    group by r.run, c.cell
    order by r.run, c.cell`;
  return frame(rows, {
    run: "text",
    kind: "text",
    instrument: "text",
    model: "text",
    condition: "text",
    planned: "integer",
    asked: "integer",
    answered: "integer",
    failed: "integer",
    open: "integer",
    skipped: "integer",
    stored: "integer",
    complete: "integer",
    usd: "number",
  });
}

/**
 * Why work failed, trials apart: run, model, condition, reason (its kind), n, example (the particulars
 * of the first); the most frequent first.
 */
export async function failures(sql: Sql): Promise<DataFrame> {
  const rows = await sql`
    select r.name as run, c.model_label as model, c.condition, w.reason, count(*)::int as n,
           (array_agg(w.detail order by w.work))[1] as example
    from work w
    join runs r on r.run = w.run
    join cells c on c.cell = w.cell
    where w.state = 'failed' and r.kind <> 'trial'
    group by r.run, c.cell, w.reason
    order by n desc, r.run, c.cell, w.reason`;
  return frame(rows, {
    run: "text",
    model: "text",
    condition: "text",
    reason: "text",
    n: "integer",
    example: "text",
  });
}

/**
 * What is odd about stored personas and sheets: instrument (that is asked, or that the profiles
 * answered), language, model, condition, flag, n, share (of the cell's personas or sheets). A flag with
 * particulars (`unreadable: 3, 7`) counts under its first words; `incomplete` are sheets with a missing
 * item.
 */
export async function flags(sql: Sql): Promise<DataFrame> {
  const rows = await sql`
    with stored as (
      select work, cell, flags, array_position(answers, null) > 0 as incomplete from administrations
      union all
      select p.work, w.cell, p.flags, false from personas p join work w on w.work = p.work
    ), odd as (
      select s.work, s.cell, split_part(flag, ':', 1) as flag
      from stored s cross join unnest(s.flags) flag
      union
      select work, cell, 'incomplete' from stored where incomplete
    ), sheets as (
      select cell, count(*) as n from stored group by cell
    )
    select c.instrument, c.language, c.model_label as model, c.condition, o.flag,
           count(*)::int as n, count(*)::float8 / min(s.n) as share
    from odd o
    join cells c on c.cell = o.cell
    join sheets s on s.cell = o.cell
    group by c.cell, o.flag
    order by c.run, c.cell, o.flag`;
  return frame(rows, {
    instrument: "text",
    language: "text",
    model: "text",
    condition: "text",
    flag: "text",
    n: "integer",
    share: "number",
  });
}
