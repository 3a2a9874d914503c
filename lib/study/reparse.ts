/** Stored replies, parsed again: what the code of today makes of them. */
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import { type Opened, openReply } from "../llm.ts";
import { loadRun } from "./register.ts";
import { PAGE } from "./batch.ts";
import { list, lookUp, storedReply, type Work } from "./queue.ts";
import {
  administrations,
  detailOf,
  type Outcome,
  personas,
  type StoredPersona,
  WITHDRAWN,
} from "./settle.ts";
import { sentMessages } from "./stored.ts";
import { keysOf, MOST_ASKED, type Task, tasks } from "./tasks.ts";

const BATCH = 500;

/** What parsing again changes. */
export interface Reparsed {
  /** Pieces of work with a stored reply. */
  replies: number;
  same: number;
  /** Results that differ from the stored ones, results where there was none, and the reverse. */
  changed: number;
  gained: number;
  lost: number;
}

/** Why a sheet is none any more although its reply is: it was given by somebody else. */
const CHANGED = "the persona that was asked is another now: its reply is read otherwise";

/**
 * Parses every stored reply of a run again.
 *
 * A reply that leads to another question that was never asked is no result: `retryFailed` asks again. A
 * sheet whose persona was read otherwise meanwhile was given by somebody else, and is withdrawn.
 *
 * @param write whether what differs is stored; each batch in a transaction of its own
 * @throws {Error} when the run is a trial, whose replies are read whenever they are shown
 */
export async function reparse(
  sql: Sql,
  schema: string,
  name: string | number,
  mapping: Mapping,
  write: boolean,
): Promise<Reparsed> {
  const run = await loadRun(sql, schema, name);
  if (run.plan.trial) throw new Error(`Run ${name} is a trial: nothing is made of its replies`);
  const sum: Reparsed = { replies: 0, same: 0, changed: 0, gained: 0, lost: 0 };
  for (let after = 0;;) {
    const works = await sql<(Work & { state: string })[]>`
      select work, cell, profile, persona, repetition, block, ask, state
      from (
        select *, sum(own) over (order by work) - own as before
        from (
          select work, cell, profile, persona, repetition, block, ask, state::text,
                 (select coalesce(sum(octet_length(reply)), 0) from requests q
                  where q.work = w.work) as own
          from work w
          where run = ${run.run} and work > ${after} and state in ('done', 'failed')
          order by work limit ${BATCH}
        ) next
      ) sized
      where before < ${PAGE} order by work`;
    if (!works.length) return sum;
    after = works.at(-1)!.work;
    const before = await stored(sql, run.plan.kind, works);
    const { there, gone } = await withPersonas(sql, works);
    const asked = await tasks(sql, run, there, mapping);
    const again = await retold(sql, asked, true);
    const silent = works.filter(({ work }) => before.has(work) && !again.has(work));
    const others = await askedOthers(sql, silent, asked);
    const differing: { work: Work; outcome: Outcome }[] = [];
    for (const work of works) {
      const outcome = again.get(work.work)?.outcome ??
        (others.has(work.work)
          ? { state: "failed" as const, reason: gone.has(work.work) ? WITHDRAWN : CHANGED }
          : null);
      if (!outcome) continue;
      sum.replies += 1;
      const was = before.get(work.work), is = text(outcome);
      if (was === is) sum.same += 1;
      else {
        differing.push({ work, outcome });
        sum[was === undefined ? "gained" : is === undefined ? "lost" : "changed"] += 1;
      }
    }
    if (write && differing.length) await rewrite(sql, differing);
  }
}

/** What stored replies lead to, and the last of them. */
export interface Told {
  outcome: Outcome;
  reply: Opened;
}

/** Work whose persona is there, or that asks none; and the others. */
async function withPersonas<W extends Work>(
  sql: Sql,
  works: readonly W[],
): Promise<{ there: W[]; gone: ReadonlySet<number> }> {
  const ids = works.flatMap(({ persona }) => persona ?? []);
  const rows = await sql<{ id: number }[]>`select id from personas where id = any(${
    list(ids)
  }::int[])`;
  const known = new Set(rows.map(({ id }) => id));
  const has = ({ persona }: W) => persona === null || known.has(persona);
  return {
    there: works.filter(has),
    gone: new Set(works.filter((work) => !has(work)).map(({ work }) => work)),
  };
}

/** Work whose first stored question is not what would be asked now, or would be asked of nobody. */
async function askedOthers(
  sql: Sql,
  works: readonly Work[],
  asked: readonly Task[],
): Promise<ReadonlySet<number>> {
  const rows = await sql<{ work: number; sent: string }[]>`
    select distinct on (work) work, sent from requests
    where work = any(${list(works.map(({ work }) => work))}::int[]) order by work, request`;
  const now = new Map(asked.map(({ work, messages }) => [work.work, messages]));
  return new Set(
    rows.filter(({ work, sent }) => {
      const texts = new Set(sentMessages(sent).map(({ content }) => content));
      return !now.get(work)?.every(({ content }) => texts.has(content));
    }).map(({ work }) => work),
  );
}

/**
 * What the stored replies lead to, by work, question by question; nothing where the first is missing.
 *
 * @param ended whether no more is asked: then a reply that leads to a question without a reply failed
 */
export async function retold(
  sql: Sql,
  asked: readonly Task[],
  ended = false,
): Promise<Map<number, Told>> {
  const told = new Map<number, Told>();
  let open = asked.map((task) => ({ task, messages: task.messages }));
  for (let round = 1; open.length; round++) {
    const keys = open.map(({ task, messages }) => keysOf(task, messages));
    const among = async (which: 0 | 1) =>
      await lookUp(
        sql,
        open.map(({ task: { work } }, index) => ({
          key: keys[index]![which] ?? "",
          ask: work.ask * MOST_ASKED + round - 1,
        })),
      );
    const own = await among(0);
    const other = keys.some(({ length }) => length > 1) ? await among(1) : [];
    const next: typeof open = [];
    for (const [index, { task, messages }] of open.entries()) {
      const spot = own[index] ?? other[index];
      if (!spot) continue;
      const stored = await storedReply(sql, spot);
      const reply = openReply(stored.provider, stored.reply);
      const read = task.read(reply, messages, round);
      if (read.state === "again") {
        next.push({ task, messages: read.messages });
        const outcome = { state: "failed", reason: "not readable", detail: read.problem } as const;
        if (ended) told.set(task.work.work, { outcome, reply });
      } else told.set(task.work.work, { outcome: read, reply });
    }
    open = next;
  }
  return told;
}

/** A result as text that can be compared; nothing for a failure. */
function text(outcome: Outcome): string | undefined {
  if ("sheet" in outcome) {
    const { answers, flags, explanation, reasons } = outcome.sheet;
    return JSON.stringify([answers, flags, explanation, reasons ?? null]);
  }
  if ("persona" in outcome) return personaText(outcome.persona);
  return undefined;
}

/** A persona as text; JSON of the database has the keys of an object in an order of its own. */
const personaText = (
  { fields, cleaned, status, flags }: Pick<
    StoredPersona,
    "fields" | "cleaned" | "status" | "flags"
  >,
): string =>
  JSON.stringify([
    ...[fields, cleaned, status].map((of) =>
      Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1))
    ),
    flags,
  ]);

async function stored(
  sql: Sql,
  kind: "personas" | "administrations",
  works: readonly Work[],
): Promise<Map<number, string>> {
  const ids = list(works.map(({ work }) => work));
  if (kind === "personas") {
    const rows = await sql<({ work: number } & Parameters<typeof personaText>[0])[]>`
      select work, fields, cleaned, status, to_json(flags) as flags
      from personas where work = any(${ids}::int[])`;
    return new Map(rows.map((row) => [row.work, personaText(row)]));
  }
  const rows = await sql<{ work: number; value: unknown[] }[]>`
    select work, json_build_array(answers, flags, explanation, reasons) as value
    from administrations where work = any(${ids}::int[])`;
  return new Map(rows.map(({ work, value }) => [work, JSON.stringify(value)]));
}

/** Writes what differs. A persona whose work has none any more is in no table (`personas`). */
async function rewrite(
  sql: Sql,
  differing: readonly { work: Work; outcome: Outcome }[],
): Promise<void> {
  const states = differing.map(({ work: { work }, outcome }) => ({
    work,
    state: outcome.state,
    reason: outcome.state === "failed" ? outcome.reason : null,
    detail: detailOf(outcome),
  }));
  await sql.begin(async (begun) => {
    const sql = begun as unknown as Sql;
    const was = sql`
      with was as (
        select * from jsonb_to_recordset(${JSON.stringify(states)}::text::jsonb)
          as g(work int, state work_state, reason text, detail text)
      )`;
    await sql`
      ${was} update work w set state = was.state, reason = was.reason, detail = was.detail from was
      where w.work = was.work`;
    await sql`
      ${was} delete from administrations a using was where a.work = was.work and state = 'failed'`;
    await sql`${was} ${personas(sql, differing)}`;
    await sql`${was} ${administrations(sql, differing)}`;
  });
}
