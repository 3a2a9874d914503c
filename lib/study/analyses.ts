/** Analysis plans: what is to be tested, written down before anything is asked. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import { hash } from "./plan.ts";

/** Writes an analysis plan down; one that is there keeps its date. */
export async function keepAnalysis(sql: Sql, analysis: object): Promise<string> {
  const own = hash(analysis);
  await sql`
    insert into analyses (hash, analysis, calls)
    select ${own}, ${JSON.stringify(analysis)}::text::jsonb,
           coalesce((select jsonb_object_agg(name, calls) from runs where calls > 0), '{}')
    on conflict do nothing`;
  return own;
}

/** The plans that are written down; see `Study.analyses` for the columns. */
export async function analysesOf(sql: Sql): Promise<DataFrame> {
  const rows = await sql`
    select a.hash, to_char(a.written at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as written,
           c.run, coalesce(c.calls::float8, 0) as calls
    from analyses a left join lateral jsonb_each_text(a.calls) as c(run, calls) on true
    order by a.written, a.hash, c.run`;
  return frame(rows, { hash: "text", written: "text", run: "text", calls: "integer" });
}
