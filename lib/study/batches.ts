/**
 * Questions in batches: lines that are put together, what comes of them, and what that costs.
 *
 * Who asks does not matter here: a provider, or a cluster that is given files. A line is booked when it gets
 * its outcome, in the statement that gives it one, so that results may be read any number of times.
 *
 * Locks are taken in the order lines, work, run.
 */
import { createHash } from "node:crypto";
import type { DataFrame } from "polars";
import type { Sql } from "../db.ts";
import { frame } from "../frames.ts";
import {
  cost,
  dialectFor,
  lineOf,
  linesOf,
  type Model,
  openReply,
  type Remote,
  replyOf,
  type Result,
  resultIn,
} from "../llm.ts";
import { PAGE } from "./batch.ts";
import { billOf } from "./bill.ts";

/** Lines that are asked together, of one run and one model. */
export interface BatchRow {
  batch: number;
  run: number;
  /** As it is asked, at the price that holds for the batch. */
  model: Model;
  kind: "provider" | "files";
  /** By which it is known again, wherever it went. */
  token: string;
  state:
    | "prepared"
    | "uploading"
    | "uploaded"
    | "submitting"
    | "submitted"
    | "fetched"
    | "ingested"
    | "closed";
  lines: number;
  /** Of its file, in hexadecimal. */
  sha256: string;
  /** The provider's names of its file and of itself; of files their folder. */
  file: string | null;
  remote: string | null;
  /** The provider's last word for its state. */
  word: string | null;
  /** What it says of it besides. */
  said: Pick<Remote, "counts" | "faults"> | null;
  trouble: string | null;
  given_up: boolean;
  /** When its making was last tried, seconds since 1970. */
  submitting: number | null;
}

/** Lines and work that travel at a time. */
const AT_ONCE = 500;
/** How often a line that failed is asked again before its work has failed. */
const TRIES = 3;

/** When the making of a batch was last tried, to the microsecond. */
export const submittingOf = (sql: Sql) => sql`extract(epoch from submitting)::float8`;

/** The batches of a run that are not closed, oldest first. */
export async function openBatches(sql: Sql, run: number): Promise<BatchRow[]> {
  return await sql<BatchRow[]>`
    select batch, run, model, kind, token::text, state, lines, sha256, file, remote, word, said,
           trouble, given_up, ${submittingOf(sql)} as submitting
    from batches where run = ${run} and state <> 'closed' order by batch`;
}

/** By model, how many questions wait for a batch. */
export async function waitingLines(sql: Sql, run: number): Promise<Map<string, number>> {
  const rows = await sql<{ model: string; n: number }[]>`
    select model_id as model, count(*)::int as n from batch_lines
    where run = ${run} and batch is null and outcome is null group by 1 order by 1`;
  return new Map(rows.map(({ model, n }) => [model, n]));
}

/**
 * Puts the questions to one model that wait into batches of at most so many lines and bytes, each in one
 * transaction; what has been replied to meanwhile is left out.
 *
 * @param model as it will be asked, at the price that will hold
 * @param most batches; all that is needed without it
 * @returns the numbers of the batches
 */
export async function prepareBatches(
  sql: Sql,
  run: number,
  { model, kind, lines, bytes, most = Infinity }: {
    model: Model;
    kind: BatchRow["kind"];
    lines: number;
    bytes: number;
    most?: number;
  },
): Promise<number[]> {
  await dropStored(sql, run);
  const made: number[] = [];
  const around = lineOf("x".repeat(64), "").length;
  while (made.length < most) {
    const batch = await sql.begin(async (transaction) => {
      const sql = transaction as unknown as Sql;
      const [row] = await sql<{ batch: number }[]>`
        insert into batches (run, model_id, model, kind, lines, sha256)
        values (${run}, ${model.id}, ${JSON.stringify(model)}::text::jsonb, ${kind}, 0, '')
        returning batch`;
      const { batch } = row!;
      const { count } = await sql`
        with next as (
          select line, octet_length(body) + ${around} as bytes from batch_lines
          where run = ${run} and model_id = ${model.id} and batch is null and outcome is null
          order by line limit ${lines}
          for update skip locked
        ), summed as (
          select line, row_number() over (order by line) as place,
                 sum(bytes) over (order by line) as bytes
          from next
        )
        update batch_lines l set batch = ${batch}, place = s.place
        from summed s
        where l.line = s.line and (s.bytes <= ${bytes} or s.place = 1)`;
      if (!count) {
        await sql`delete from batches where batch = ${batch}`;
        return null;
      }
      const hash = createHash("sha256");
      for await (const line of batchLines(sql, batch)) hash.update(line);
      await sql`
        update batches set lines = ${count}, sha256 = ${hash.digest("hex")} where batch = ${batch}`;
      return batch;
    });
    if (batch === null) break;
    made.push(batch);
  }
  return made;
}

/** The lines of a batch as they stand in a file, in order. */
export async function* batchLines(sql: Sql, batch: number): AsyncGenerator<string> {
  for (let after = 0;;) {
    const rows = await sql<{ place: number; custom_id: string; body: string }[]>`
      select place, custom_id, coalesce(body, '') as body from batch_lines
      where batch = ${batch} and place > ${after} order by place limit ${AT_ONCE}`;
    if (!rows.length) return;
    for (const { custom_id, body } of rows) yield lineOf(custom_id, body);
    after = rows.at(-1)!.place;
  }
}

/** Questions that wait and have a reply meanwhile, such as a late one, are not asked; returns how many. */
export async function dropStored(sql: Sql, run: number): Promise<number> {
  return await resolved(
    sql,
    run,
    sql`
      select l.line, l.work, 'stored' as outcome, null::text as reason, null::text as detail,
             false as lost
      from batch_lines l
      where l.run = ${run} and l.batch is null and l.outcome is null
        and exists (select from requests q where q.key = l.key and q.ask = l.ask)
      for update of l`,
  );
}

/** Work of the lines in `was`: failed where its outcome is `final`, else planned again. */
const moved = (sql: Sql) =>
  sql`
      update work w
      set state = (case was.outcome when 'final' then 'failed' else 'planned' end)::work_state,
          reason = case was.outcome when 'final' then was.reason end,
          detail = case was.outcome when 'final' then was.detail end,
          finished = case was.outcome when 'final' then now() end
      from was where w.work = was.work and w.state = 'submitted'`;

/**
 * Gives open lines an outcome without a reply: nothing is held for them any more, and their work is planned
 * again, or has failed where its outcome is `final`.
 *
 * @param which rows of line, work, outcome, reason, detail and lost: whether what is held is booked as lost
 */
async function resolved(sql: Sql, run: number, which: ReturnType<Sql>): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    with was as (${which}
    ), lines as (
      update batch_lines l set outcome = was.outcome, detail = was.detail, lost = was.lost
      from was where l.line = was.line
    ), moved as (${moved(sql)}
    ), sums as (
      select count(*)::int as n, coalesce(sum(l.held_tokens), 0) as tokens,
             coalesce(sum(l.held_usd::numeric), 0) as usd,
             count(*) filter (where was.lost) as lost_calls,
             coalesce(sum(l.held_tokens) filter (where was.lost), 0) as lost_tokens,
             coalesce(sum(l.held_usd) filter (where was.lost), 0) as lost_usd
      from was join batch_lines l on l.line = was.line
    ), booked as (
      update runs r
      set submitted_calls = r.submitted_calls - s.n,
          submitted_tokens = r.submitted_tokens - s.tokens,
          submitted_usd = r.submitted_usd - s.usd,
          lost_calls = r.lost_calls + s.lost_calls, lost_tokens = r.lost_tokens + s.lost_tokens,
          lost_usd = r.lost_usd + s.lost_usd
      from sums s where r.run = ${run} and s.n > 0
    )
    select n from sums`;
  return row!.n;
}

/** Keeps a file of results as it came, in place of an earlier one of its name. */
export async function keepFile(
  sql: Sql,
  batch: number,
  name: string,
  content: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      hash.update(chunk);
      bytes += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const packed = await new Response(
    content.pipeThrough(counted).pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  const sha256 = hash.digest("hex");
  await sql`
    insert into batch_files (batch, name, sha256, bytes, content)
    values (${batch}, ${name}, ${sha256}, ${bytes}, ${packed as never})
    on conflict (batch, name) do update
    set came = now(), sha256 = excluded.sha256, bytes = excluded.bytes, content = excluded.content`;
  return { sha256, bytes };
}

/** The lines of a kept file, without their ends; nothing where none of that name is kept. */
export async function* keptLines(sql: Sql, batch: number, name: string): AsyncGenerator<string> {
  const [row] = await sql<{ content: Uint8Array<ArrayBuffer> }[]>`
    select content from batch_files where batch = ${batch} and name = ${name}`;
  if (!row) return;
  yield* linesOf(new Blob([row.content]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** A line of a batch's results, in the form of whoever answers it; null where it is none. */
export const resultOf = ({ kind, model, token }: BatchRow, line: string): Result | null =>
  kind === "files" ? resultIn(line) : dialectFor(model).resultIn(line, token);

/** What reading results brought. */
export interface TakenIn {
  /** Lines that got an outcome now. */
  answered: number;
  final: number;
  retry: number;
  lost: number;
  /** Answers to lines that had been given up: paid for, and kept. */
  late: number;
  /** Lines of the results that are none of the batch's own: a second time, of others, no line at all. */
  doubled: number;
  unknown: number;
  broken: number;
  /** What the answers cost that came now; the most where the price is unknown. */
  usd: number;
}

/**
 * Takes results in, in any order: replies are kept as they came and booked, their work is planned again, so
 * that the run finds and reads them; a line that failed leaves its work to be asked again, or failed where
 * the question itself was refused. What was taken in before changes nothing.
 *
 * @param files names under which results are kept, those with answers first
 */
export async function takeIn(sql: Sql, of: BatchRow, files: readonly string[]): Promise<TakenIn> {
  const taken: TakenIn = {
    answered: 0,
    final: 0,
    retry: 0,
    lost: 0,
    late: 0,
    doubled: 0,
    unknown: 0,
    broken: 0,
    usd: 0,
  };
  const own = new Map(
    (await sql<{ custom_id: string; tokens: number; usd: number }[]>`
      select custom_id, held_tokens as tokens, held_usd as usd from batch_lines
      where batch = ${of.batch}`).map((row) => [row.custom_id, row]),
  );
  /** Whether a line that was seen has an answer. */
  const seen = new Map<string, boolean>();
  let waiting = new Map<string, Came>(), bytes = 0;
  const write = async () => {
    if (!waiting.size) return;
    await booked(sql, of, [...waiting.values()], taken);
    waiting = new Map();
    bytes = 0;
  };
  for (const file of files) {
    for await (const text of keptLines(sql, of.batch, file)) {
      if (!text.trim()) continue;
      const result = resultOf(of, text);
      const held = result && own.get(result.id);
      if (!result) taken.broken += 1;
      else if (!held) taken.unknown += 1;
      else {
        const came = cameOf(of.model, result, held);
        const answered = came.outcome === "answered";
        const before = seen.get(result.id);
        taken.doubled += Number(before !== undefined);
        // An answer is paid for, also where the same line failed before.
        if (before === undefined || (answered && !before)) {
          if (waiting.has(result.id)) await write();
          seen.set(result.id, answered);
          waiting.set(result.id, came);
          bytes += text.length;
        }
        if (waiting.size === AT_ONCE || bytes > PAGE) await write();
      }
    }
  }
  await write();
  const { doubled, unknown, broken } = taken;
  await sql`
    update batches set doubled = ${doubled}, unknown = ${unknown}, broken = ${broken}
    where batch = ${of.batch}`;
  return taken;
}

/** What is left of dollars: sums of them leave some of the last digit. */
const rest = (sql: Sql, usd: ReturnType<Sql>) =>
  sql`(case when ${usd} > 1e-12 then ${usd} else 0 end)`;

/** What came of one line. */
interface Came {
  custom_id: string;
  outcome: "answered" | "final" | "retry" | "lost";
  /** Of a reply; also what it is booked with. */
  reply?: string;
  tokens_in?: number | null;
  tokens_out?: number | null;
  paid?: number | null;
  tokens?: number;
  usd?: number;
  /** Of what brought none; `unsure`: it may be charged for. */
  reason?: string;
  detail?: string;
  body?: string | null;
  unsure?: boolean;
  /** Whether it is asked again without end: it is not the question's fault. */
  blameless?: boolean;
}

function cameOf(model: Model, result: Result, held: { tokens: number; usd: number }): Came {
  const { id: custom_id } = result;
  const got = replyOf(model, result);
  if ("reply" in got) {
    const reply = openReply(model.provider, got.reply, model.max_tokens);
    const { tokens, usd } = billOf(model, reply, held);
    return {
      custom_id,
      outcome: "answered",
      reply: got.reply,
      tokens_in: reply.usage?.input ?? null,
      tokens_out: reply.usage?.output ?? null,
      paid: reply.usage && cost(model, reply.usage),
      tokens,
      usd,
    };
  }
  const { fault, error } = got;
  if (result.passed) return { custom_id, outcome: "lost", detail: error.message };
  return {
    custom_id,
    outcome: error.kind === "refused prompt" || error.kind === "bad request" ? "final" : "retry",
    reason: error.kind,
    detail: error.message,
    body: error.body,
    unsure: fault.unsure && !result.free,
    blameless: fault.fatal,
  };
}

/** Gives lines their outcome and books it, in one statement. */
async function booked(
  sql: Sql,
  { batch, run, model }: BatchRow,
  came: readonly Came[],
  taken: TakenIn,
): Promise<void> {
  const [row] = await sql<
    Record<"answered" | "final" | "retry" | "lost" | "late" | "usd", number>[]
  >`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(came)}::text::jsonb) as g(
        custom_id text, outcome text, reply text, tokens_in bigint, tokens_out bigint,
        paid double precision, tokens double precision, usd double precision, reason text,
        detail text, body text, unsure boolean, blameless boolean)
    ), was as (
      select l.line, l.work, l.key, l.ask, l.body as sent, l.held_tokens, l.held_usd, l.lost,
             l.outcome as before, g.reply, g.tokens_in, g.tokens_out, g.paid, g.tokens, g.usd,
             g.reason, g.detail, g.body, coalesce(g.unsure, false) as unsure,
             case when g.outcome = 'retry' and g.blameless is not true and (
               select count(*) from batch_lines b
               where b.key = l.key and b.ask = l.ask and b.outcome = 'retry'
                 -- Since it was planned once more, if it was.
                 and b.line > coalesce((
                   select max(f.line) from batch_lines f
                   where f.key = l.key and f.ask = l.ask and f.outcome = 'final'), 0)
             ) >= ${TRIES - 1}
             then 'final' else g.outcome end as outcome
      from batch_lines l join given g on g.custom_id = l.custom_id
      where l.batch = ${batch}
        and (l.outcome is null or (g.outcome = 'answered' and l.outcome <> 'answered'))
      for update of l
    ), kept as (
      insert into requests (run, work, key, ask, provider, sent, reply, attempts, tokens_in,
                            tokens_out, usd)
      select ${run}, work, key, ask, ${model.provider}, sent, reply, 1, tokens_in, tokens_out, paid
      from was where outcome = 'answered' and sent is not null
      on conflict (key, ask) do nothing
    ), noted as (
      insert into faults (run, work, kind, message, attempts, body)
      select ${run}, work, reason, detail, 1, body from was where reason is not null
    ), lines as (
      update batch_lines l
      set outcome = was.outcome, detail = was.detail, lost = was.outcome <> 'answered' and was.unsure,
          body = case when was.outcome = 'answered' then null else l.body end
      from was where l.line = was.line
    ), moved as (${moved(sql)} and was.before is null
    ), sums as (
      select
        -- Requests that were made; one that had failed is counted already.
        count(*) filter (where outcome = 'answered' and coalesce(before, 'lost') in ('lost', 'stored')
                            or outcome in ('final', 'retry')) as calls,
        coalesce(sum(tokens), 0) as tokens, coalesce(sum(usd), 0) as usd,
        coalesce(sum(held_tokens) filter (where unsure), 0)
          - coalesce(sum(held_tokens) filter (where lost), 0) as lost_tokens,
        coalesce(sum(held_usd) filter (where unsure), 0)
          - coalesce(sum(held_usd) filter (where lost), 0) as lost_usd,
        count(*) filter (where lost and before = 'lost') as found,
        count(*) filter (where before is null) as open,
        coalesce(sum(held_tokens) filter (where before is null), 0) as held_tokens,
        coalesce(sum(held_usd::numeric) filter (where before is null), 0) as held_usd,
        count(*) filter (where outcome = 'answered' and before is null) as answered,
        count(*) filter (where outcome = 'answered' and before is not null) as late,
        count(*) filter (where outcome = 'final') as final,
        count(*) filter (where outcome = 'retry') as retry,
        count(*) filter (where outcome = 'lost') as passed,
        count(*) as n
      from was
    ), booked as (
      update runs r
      set calls = r.calls + s.calls, tokens = r.tokens + s.tokens, usd = r.usd + s.usd,
          lost_calls = r.lost_calls - s.found, lost_tokens = r.lost_tokens + s.lost_tokens,
          lost_usd = ${rest(sql, sql`r.lost_usd + s.lost_usd`)},
          submitted_calls = r.submitted_calls - s.open,
          submitted_tokens = r.submitted_tokens - s.held_tokens,
          submitted_usd = r.submitted_usd - s.held_usd
      from sums s where r.run = ${run} and s.n > 0
    )
    select answered::int, late::int, final::int, retry::int, passed::int as lost, usd from sums`;
  for (const kind of ["answered", "late", "final", "retry", "lost", "usd"] as const) {
    taken[kind] += row![kind];
  }
}

/**
 * Ends a batch of which nothing more comes: lines without an outcome are lost, and asked again in another
 * one.
 *
 * @param unsure so many of those that were lost may be charged for all the same: the dearest are booked,
 *   and no others, also where the batch was given up before
 * @returns how many are lost now
 */
export async function closeBatch(sql: Sql, of: BatchRow, unsure = 0): Promise<number> {
  const lost = await endLines(sql, of, unsure, "nothing came of it");
  await sql`
    with free as (
      select line, held_tokens, held_usd
      from (
        select *, row_number() over (order by held_usd desc, line) as n from batch_lines
        where batch = ${of.batch} and outcome = 'lost' and lost
      ) lost
      where n > ${unsure}::int
    ), lines as (
      update batch_lines l set lost = false from free where l.line = free.line
    )
    update runs r
    set lost_calls = r.lost_calls - s.calls, lost_tokens = r.lost_tokens - s.tokens,
        lost_usd = ${rest(sql, sql`r.lost_usd - s.usd`)}
    from (
      select count(*) as calls, sum(held_tokens) as tokens, sum(held_usd) as usd
      from free having count(*) > 0
    ) s
    where r.run = ${of.run}`;
  await sql`update batches set state = 'closed', closed = now() where batch = ${of.batch}`;
  return lost;
}

/**
 * Gives a batch up while nobody knows what comes of it: its lines may be charged for, and are asked again.
 * Answers that come all the same are taken in.
 */
export async function giveUp(sql: Sql, of: BatchRow): Promise<number> {
  await sql`update batches set given_up = true where batch = ${of.batch}`;
  return await endLines(sql, of, of.lines, "given up");
}

const endLines = (sql: Sql, { batch, run }: BatchRow, unsure: number, why: string) =>
  resolved(
    sql,
    run,
    sql`
      select line, work, 'lost' as outcome, null::text as reason, ${why} as detail,
             row_number() over (order by held_usd desc, line) <= ${unsure}::int as lost
      from (
        select line, work, held_usd from batch_lines
        where batch = ${batch} and outcome is null for update
      ) open`,
  );

/** Takes questions back that wait for a batch, or are in one that was never sent; returns how many. */
export async function recallLines(sql: Sql, run: number): Promise<number> {
  const back = await resolved(
    sql,
    run,
    sql`
      select l.line, l.work, 'lost' as outcome, null::text as reason, 'not sent' as detail,
             false as lost
      from batch_lines l
      where l.run = ${run} and l.outcome is null and (l.batch is null or l.batch in (
        select batch from batches
        where run = ${run} and state in ('prepared', 'uploading', 'uploaded')))
      for update of l`,
  );
  await sql`
    update batches set state = 'closed', closed = now()
    where run = ${run} and state in ('prepared', 'uploading', 'uploaded')`;
  return back;
}

/**
 * A batch that was refused as a whole: lines that are named have failed, the others are asked again.
 *
 * @param faults what is wrong with lines, by their place from 1
 * @returns how many failed
 */
export async function refuseBatch(
  sql: Sql,
  of: BatchRow,
  faults: readonly { line: number; message: string }[],
): Promise<number> {
  const failed = await resolved(
    sql,
    of.run,
    sql`
      select l.line, l.work, 'final' as outcome, 'bad request' as reason, min(f.message) as detail,
             false as lost
      from (select * from batch_lines where batch = ${of.batch} and outcome is null for update) l
      join jsonb_to_recordset(${JSON.stringify(faults)}::text::jsonb) as f(line int, message text)
        on f.line = l.place
      group by l.line, l.work`,
  );
  return failed;
}

/** The batches of a run as they are shown; see `Study.batches`. */
export async function batchesOf(sql: Sql, run: number): Promise<DataFrame> {
  const rows = await sql`
    select b.batch, b.model_id as model, b.kind,
           case when b.given_up then 'given up, ' else '' end || b.state as state, b.word,
           case when b.kind = 'files' then b.file end as folder, b.submitted as sent, b.lines, ${
    sql.unsafe(
      ["answered", "final", "retry", "lost"].map((outcome) =>
        `count(*) filter (where l.outcome = '${outcome}')::int as ${outcome}`
      ).join(", "),
    )
  },
           count(*) filter (where l.line is not null and l.outcome is null)::int as waiting,
           b.doubled, b.unknown, b.broken, b.trouble as note
    from batches b left join batch_lines l on l.batch = b.batch
    where b.run = ${run} group by b.batch order by b.batch`;
  return frame(
    rows.map(({ sent, ...row }) => ({ ...row, sent: (sent as Date | null)?.toISOString() })),
    {
      batch: "integer",
      model: "text",
      kind: "text",
      state: "text",
      word: "text",
      folder: "text",
      sent: "text",
      lines: "integer",
      answered: "integer",
      final: "integer",
      retry: "integer",
      lost: "integer",
      waiting: "integer",
      doubled: "integer",
      unknown: "integer",
      broken: "integer",
      note: "text",
    },
  );
}
