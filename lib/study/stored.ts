/** What a study has stored, as it is looked at: where its runs stand, questions with their replies. */
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import { openReply } from "../llm.ts";
import type { Message } from "../prompts.ts";
import { counts, reap } from "./queue.ts";

/** A question and its reply, as they are stored. */
export interface Stored {
  run: string;
  model: string;
  condition: string;
  profile: number;
  repetition: number;
  messages: readonly Message[];
  /** The text of the reply, or why there is none. */
  reply: string;
  /** `done`, `failed: REASON`, … */
  state: string;
  /** Null of a reply that came with others. */
  milliseconds: number | null;
  usd: number | null;
}

/** Which questions: of a profile, of a condition, where work failed; so many of them, 1 where left out. */
export interface Asked {
  profile?: number;
  condition?: string;
  failed?: boolean;
  most?: number;
}

/** Where the runs stand; see `Study.status`. */
export async function statusOf(sql: Sql): Promise<DataFrame> {
  const runs = await sql<{ run: number }[]>`select run from runs`;
  for (const { run } of runs) await reap(sql, run);
  const rows = await sql<{ planned: number }[]>`
    select r.name as run, r.kind,
           ${counts(sql, ["planned", "claimed", "submitted", "done", "failed", "skipped"])},
           r.calls::float8, r.tokens::float8,
           case when not exists (
             select from requests q where q.run = r.run and q.usd is null
           ) then r.usd end as usd,
           r.lost_usd, r.submitted_usd::float8 as held_usd,
           r.budget_calls::float8, r.budget_tokens::float8, r.budget_usd,
           case when r.stopping then 'yes' else 'no' end as stopping
    from runs r left join work_counts n on n.run = r.run
    group by r.run order by r.run`;
  return frame(rows.map(({ planned, ...row }) => ({ ...row, to_do: planned })), {
    run: "text",
    kind: "text",
    to_do: "integer",
    claimed: "integer",
    submitted: "integer",
    done: "integer",
    failed: "integer",
    skipped: "integer",
    calls: "number",
    tokens: "number",
    usd: "number",
    lost_usd: "number",
    held_usd: "number",
    budget_calls: "number",
    budget_tokens: "number",
    budget_usd: "number",
    stopping: "text",
  });
}

/** What went wrong with the calls of a run; see `Study.faults`. */
export async function faults(sql: Sql, run: number): Promise<DataFrame> {
  const rows = await sql`
    select kind, count(*)::int as n, max(created) as at,
           (array_agg(message order by fault desc))[1] as message,
           (array_agg(left(body, 2000) order by fault desc))[1] as body
    from faults where run = ${run} group by kind
    union all
    select 'longer than max_tokens', count(*)::int, max(q.created),
           'the longest by ' || max(q.tokens_out - (c.model->>'max_tokens')::int) || ' tokens: ' ||
             'the limit does not bind there', null
    from requests q join work w on w.work = q.work join cells c on c.cell = w.cell
    where q.run = ${run} and q.tokens_out > (c.model->>'max_tokens')::int
    having count(*) > 0
    order by n desc, kind`;
  return frame(rows.map(({ at, ...row }) => ({ ...row, last: (at as Date).toISOString() })), {
    kind: "text",
    n: "integer",
    last: "text",
    message: "text",
    body: "text",
  });
}

/** Stored questions and replies of a run; see `Study.exchanges`. */
export async function exchanges(
  sql: Sql,
  run: number,
  name: string,
  { profile, condition, failed = false, most = 1 }: Asked,
): Promise<Stored[]> {
  const rows = await sql`
    select c.model_label as model, c.condition, w.profile, w.repetition, w.state::text,
           coalesce(w.detail, w.reason) as reason,
           q.provider, q.sent, q.reply, q.milliseconds, q.usd
    from requests q
    join work w on w.work = q.work
    join cells c on c.cell = w.cell
    where w.run = ${run} and (${profile ?? null}::int is null or w.profile = ${profile ?? null})
      and (${condition ?? null}::text is null or c.condition = ${condition ?? null})
      and (not ${failed} or w.state = 'failed')
    order by w.work, q.request limit ${most}`;
  return rows.map(({ provider, sent, reply, state, reason, ...row }) => {
    const read = openReply(provider, reply);
    return {
      ...row,
      run: name,
      messages: sentMessages(sent),
      reply: read.text ?? read.problem ?? "",
      state: reason === null ? state : `${state}: ${reason}`,
    } as unknown as Stored;
  });
}

/** The messages in a stored request, whichever provider it went to. */
export function sentMessages(sent: string): Message[] {
  type Content = string | { text: string }[];
  const body = JSON.parse(sent) as {
    messages: { role: Message["role"]; content: Content }[];
    system?: { text: string }[];
  };
  const plain = (content: Content) =>
    typeof content === "string" ? content : content.map(({ text }) => text).join("\n");
  return [
    ...(body.system ?? []).map(({ text }) => ({ role: "system" as const, content: text })),
    ...body.messages.map(({ role, content }) => ({ role, content: plain(content) })),
  ];
}
