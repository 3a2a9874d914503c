/** What became of every planned piece of work, and what is odd about the sheets that came back. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import { counts } from "./queue.ts";

const STATES = ["planned", "claimed", "submitted", "done", "failed", "skipped"];

/**
 * The flow of a study, or of one run: one row per run and cell, trials apart.
 *
 * Columns: run, kind, instrument (that is asked, or that the profiles answered), model, condition, planned (all work of the cell but what another run has), asked
 * (at least one reply is stored), answered (the last reply could be used), failed, open (still to do or
 * under way), skipped (another run has it), stored (personas or sheets), complete (personas, or sheets
 * without a missing item: what corrected tables analyse), usd (of the stored replies; undefined
 * without a price).
 */
export async function flow(sql: Sql, run?: string): Promise<DataFrame> {
  const rows = await sql`
    with own as (
      select c.*, r.name, r.kind from cells c join runs r on r.run = c.run
      where r.kind <> 'trial' and ${run === undefined ? sql`true` : sql`r.name = ${run}`}
    ), counted as (
      select cell, ${counts(sql, STATES)}, sum(n)::int as work
      from work_counts n where run in (select run from own) group by cell
    ), asked as (
      select w.cell, count(distinct w.work)::int as asked, sum(q.usd)::float8 as usd
      from requests q join work w on w.work = q.work
      where w.run in (select run from own) group by w.cell
    ), written as (
      select w.cell, count(*)::int as n
      from personas p join work w on w.work = p.work
      where w.run in (select run from own) group by w.cell
    ), given as (
      select cell, count(*)::int as n,
             count(*) filter (where array_position(answers, null) is null)::int as complete
      from administrations where cell in (select cell from own) group by cell
    )
    select c.name as run, c.kind, c.instrument, c.model_label as model, c.condition,
           n.work - n.skipped as planned, coalesce(a.asked, 0) as asked, n.done as answered,
           n.failed, n.planned + n.claimed + n.submitted as open, n.skipped,
           coalesce(p.n, 0) + coalesce(g.n, 0) as stored,
           coalesce(p.n, 0) + coalesce(g.complete, 0) as complete, a.usd
    from own c
    join counted n on n.cell = c.cell and n.work > 0
    left join asked a on a.cell = c.cell
    left join written p on p.cell = c.cell
    left join given g on g.cell = c.cell
    order by c.run, c.cell`;
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
 * Why work failed, of a study or of one run, trials apart: run, model, condition, reason (its kind), n, example (the particulars
 * of the first); the most frequent first.
 */
export async function failures(sql: Sql, run?: string): Promise<DataFrame> {
  const rows = await sql`
    select r.name as run, c.model_label as model, c.condition, w.reason, count(*)::int as n,
           (array_agg(w.detail order by w.work))[1] as example
    from work w
    join runs r on r.run = w.run
    join cells c on c.cell = w.cell
    where w.state = 'failed' and r.kind <> 'trial'
      and ${run === undefined ? sql`true` : sql`r.name = ${run}`}
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
