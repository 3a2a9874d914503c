/**
 * The work of a run as rows that any number of processes share: claimed, paid for, answered, settled.
 *
 * Every statement is a transaction of its own, so that a process that sleeps holds nobody up. Locks are
 * taken in one order (work, then run; to hold: run, then one's own work that nothing else touches), so
 * that workers wait for each other, but never in a circle.
 */
import postgres from "postgres";
import type { Sql } from "../db.ts";
import type { Model } from "../llm.ts";

/** A piece of work: one persona to write, or one sheet, or a part of it, to fill in. */
export interface Work {
  work: number;
  cell: number;
  profile: number;
  persona: number | null;
  repetition: number;
  /** Which call of a sheet it is, from 1. */
  block: number;
  /** How often a useless reply was thrown away to ask the same anew. */
  ask: number;
}

/** What a call costs, or can cost at most. */
export interface Charge {
  calls: number;
  tokens: number;
  usd: number;
}

/** A question that is handed over, to be asked with others, and what it can cost at most. */
export interface Question extends Charge {
  work: number;
  /** Id of the model. */
  model: string;
  key: string;
  ask: number;
  /** The request as text. */
  body: string;
}

export type Granted = "granted" | "wait" | "spent" | "lost" | "stopped";

/** A reply as it is kept. */
export interface Kept extends Charge {
  work: number;
  key: string;
  ask: number;
  provider: string;
  sent: string;
  reply: string;
  milliseconds: number;
  tokensIn: number | null;
  tokensOut: number | null;
  /** Price of this reply, or null where the model has no price. */
  paid: number | null;
  /** Requests that were made until it came. */
  attempts: number;
}

/** A call that brought no reply, for the record. */
export interface Fallen {
  kind: string;
  message: string;
  attempts: number;
  /** What the server answered instead, if anything. */
  body: string | null;
}

export const LEASE_SECONDS = 60;

/**
 * The first number of the lock that a living worker's connection holds, and that PostgreSQL lets go of
 * when the process dies. It is the schema's own: workers are numbered from 1 in each schema, and
 * advisory locks belong to the database.
 */
export const place = (sql: Sql) =>
  sql`(select oid from pg_namespace where nspname = current_schema())`;

/** A process at work on one run. */
export class Worker {
  #leaving = false;
  #seen = 0;
  #life = 0;
  /**
   * A connection of its own, which holds the lock. Not one that is reserved in the pool: a query on a
   * reserved connection that was cut ends the process (porsager/postgres#1208).
   */
  readonly #alive: Sql;

  private constructor(
    private readonly sql: Sql,
    readonly run: number,
    readonly id: number,
    private readonly lease: number,
  ) {
    this.#alive = postgres({
      ...sql.options as unknown as postgres.Options<Record<string, never>>,
      max: 1,
      max_lifetime: null,
      connection: { ...sql.options.connection, lock_timeout: 5000 },
      onclose: () => {
        this.#life++;
        return this.#leaving || this.live().catch(() => {});
      },
    });
  }

  static async hire(sql: Sql, run: number, host: string, lease = LEASE_SECONDS): Promise<Worker> {
    const [row] = await sql<{ worker: number }[]>`
      insert into workers (run, host, lease)
      values (${run}, ${host}, now() + ${lease} * interval '1 second')
      returning worker`;
    const worker = new Worker(sql, run, row!.worker, lease);
    await worker.live();
    return worker;
  }

  /** Says that this worker lives, and takes back what dead ones had claimed. */
  async live(): Promise<void> {
    const now = Date.now();
    if (now - this.#seen >= this.lease * 1000) this.#life++;
    await this.#alive`
      select pg_advisory_lock(${place(this.#alive)}::int, ${this.id}::int)
      where not exists (
        select from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')`;
    await this.#alive`
      update workers set lease = now() + ${this.lease} * interval '1 second'
      where worker = ${this.id}`;
    this.#seen = now;
    await reap(this.sql, this.run, this.id);
    await addUp(this.sql, this.run);
  }

  /**
   * Another number after each gap in which it may have been taken for dead: a process can sleep longer than its
   * lease, and lose its connection.
   */
  get life(): number {
    return this.#life;
  }

  /** Whether what it held when it led that life is still its own for sure. */
  sureOf(life: number): boolean {
    return life === this.#life && Date.now() - this.#seen < this.lease * 1000;
  }

  /** Lets go of all that is claimed, so that others can go on at once. */
  async leave(): Promise<void> {
    this.#leaving = true;
    // What cannot be given back now, others take back when the lock is gone.
    await giveBack(this.sql, this.run, this.sql`worker = ${this.id}`).catch(() => {});
    await this.#alive.end({ timeout: 5 });
  }

  /**
   * Claims the next pieces of work for one model, in the order of the plan; none when the run is to
   * stop. What other workers hold is passed over, not waited for.
   */
  async claim(model: string, most: number): Promise<Work[]> {
    return await this.sql<Work[]>`
      with next as (
        select work from work
        where run = ${this.run} and model_id = ${model} and state = 'planned'
          and not (select stopping from runs where run = ${this.run})
        order by work
        limit ${most}
        for update skip locked
      )
      update work w
      set state = 'claimed', worker = ${this.id}, started = now(), finished = null,
          reason = null, detail = null, attempts = attempts + 1
      from next where w.work = next.work
      returning w.work, w.cell, w.profile, w.persona, w.repetition, w.block, w.ask`;
  }

  /** Whether a piece of work is still, or again, its own. */
  async has(work: number): Promise<boolean> {
    const rows = await this.sql`
      select from work where work = ${work} and worker = ${this.id} and state = 'claimed'`;
    return rows.length > 0;
  }

  /** Gives claimed work back. */
  async release(work: readonly number[]): Promise<void> {
    await giveBack(
      this.sql,
      this.run,
      this.sql`worker = ${this.id} and work = any(${list(work)}::int[])`,
    );
  }

  /**
   * Holds the most that calls can cost against the budget of the run, before they are made.
   *
   * What all workers have in flight counts as spent. Granted in order, as far as the budget goes.
   *
   * @returns for each: granted; `wait`, where it may fit when calls in flight turn out cheaper;
   *   `spent`, where it cannot; `lost`, where others have the work meanwhile; `stopped`, where the run
   *   is to end
   */
  async hold(
    asked: readonly { work: number; charge: Charge }[],
  ): Promise<Granted[]> {
    const given = asked.map(({ work, charge }) => ({ work, ...charge }));
    const rows = await this.sql<{ answer: Granted }[]>`
      select answer from hold(${this.run}, ${this.id}, ${JSON.stringify(given)}::text::jsonb)`;
    return rows.map(({ answer }) => answer);
  }

  /**
   * Hands questions over, to be asked with others, once the most that they can cost is held; their work is
   * then `submitted`, and no worker's.
   *
   * @returns for each as `hold` does; also `lost` where the same question is in another open line
   */
  async handOver(questions: readonly Question[]): Promise<Granted[]> {
    const rows = await this.sql<{ answer: Granted }[]>`
      select answer from hand_over(
        ${this.run}, ${this.id}, ${JSON.stringify(questions)}::text::jsonb)`;
    return rows.map(({ answer }) => answer);
  }

  /**
   * Keeps replies, as they came, and books what they cost, in one transaction.
   *
   * @returns for each: false when a reply to the same request was kept before
   */
  async keep(replies: readonly Kept[]): Promise<boolean[]> {
    const given = replies.map((kept, place) => ({ place, ...kept }));
    const rows = await this.sql<{ first: boolean }[]>`
      with given as (
        select * from jsonb_to_recordset(${JSON.stringify(given)}::text::jsonb) as g(
          place int, work int, key text, ask int, provider text, sent text, reply text,
          milliseconds float8, attempts int, "tokensIn" int, "tokensOut" int, paid float8,
          calls int, tokens float8, usd float8)
      ), kept as (
        insert into requests (run, work, key, ask, provider, sent, reply, milliseconds, attempts,
                              tokens_in, tokens_out, usd)
        select ${this.run}, work, key, ask, provider, sent, reply, milliseconds, attempts,
               "tokensIn", "tokensOut", paid
        from given order by place
        on conflict (key, ask) do nothing
        returning work, key, ask
      ), booked as (
        update work w
        set spent_calls = w.spent_calls + g.calls, spent_tokens = w.spent_tokens + g.tokens,
            spent_usd = w.spent_usd + g.usd, held_calls = 0, held_tokens = 0, held_usd = 0
        from given g join kept k on k.work = g.work and k.key = g.key and k.ask = g.ask
        where w.work = g.work and w.worker = ${this.id} and w.state = 'claimed'
        returning w.work
      ), late as (
        -- Others have the work meanwhile, or asked the same at the same time: paid is paid. The very
        -- same reply was kept by an earlier try of this transaction, and booked with it.
        update runs r
        set calls = r.calls + s.calls, tokens = r.tokens + s.tokens, usd = r.usd + s.usd
        from (
          select sum(g.calls) as calls, sum(g.tokens) as tokens, sum(g.usd) as usd
          from given g
          left join kept k on k.work = g.work and k.key = g.key and k.ask = g.ask
          left join booked b on b.work = k.work
          -- In an \`or\`, so that it is looked up for the few that need it: else all requests are read.
          where b.work is null and (k.work is not null or not exists (
            select from requests q
            where q.key = g.key and q.ask = g.ask and q.work = g.work
              and q.milliseconds = g.milliseconds::real and q.reply = g.reply))
          having count(*) > 0
        ) s
        where r.run = ${this.run}
      )
      select k.work is not null as first
      from given g
      left join kept k on k.work = g.work and k.key = g.key and k.ask = g.ask
      order by g.place`;
    return rows.map(({ first }) => first);
  }

  /**
   * Turns what is held for a call that brought no reply into spent: the call itself, and where the
   * provider may charge for it its tokens and price, at most, as lost. Nothing is held any more.
   */
  async missed(work: number, unsure: boolean): Promise<void> {
    await this.sql`
      with was as (
        select work, held_calls, held_tokens, held_usd from work
        where work = ${work} and worker = ${this.id} and state = 'claimed' and held_calls > 0
        for update
      ), booked as (
        update work w
        set spent_calls = w.spent_calls + was.held_calls,
            held_calls = 0, held_tokens = 0, held_usd = 0
        from was where w.work = was.work
      )
      update runs
      set lost_tokens = lost_tokens + was.held_tokens, lost_usd = lost_usd + was.held_usd
      from was where run = ${this.run} and ${unsure}`;
  }

  /** Holds nothing any more for a call that was not made. */
  async forgo(work: number): Promise<void> {
    await this.sql`
      update work set held_calls = 0, held_tokens = 0, held_usd = 0
      where work = ${work} and worker = ${this.id} and state = 'claimed'`;
  }

  /** Keeps for the record that a call brought no reply, and what came instead. */
  async record(work: number, { kind, message, attempts, body }: Fallen): Promise<void> {
    await this.sql`
      insert into faults (run, work, kind, message, attempts, body)
      values (${this.run}, ${work}, ${kind}, ${message}, ${attempts}, ${body})`;
  }
}

/**
 * Takes back what workers had claimed whose lease has ended or whose process is gone. What they had in
 * flight may have been charged for: it is booked as lost, at most.
 *
 * @param but a worker that is known to live
 */
export async function reap(sql: Sql, run: number, but = 0): Promise<void> {
  await giveBack(
    sql,
    run,
    sql`worker in (
      select w.worker from workers w
      where w.run = ${run} and w.worker <> ${but} and (w.lease < now() or not exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.classid = ${place(sql)}
          and l.objid = w.worker::oid and l.objsubid = 2
          and l.database = (select oid from pg_database where datname = current_database())))
    )`,
  );
}

/** Makes claimed work planned again and books what it cost so far; what is held counts as lost. */
async function giveBack(sql: Sql, run: number, which: ReturnType<Sql>): Promise<void> {
  await sql`
    with was as (
      select work, spent_calls, spent_tokens, spent_usd, held_calls, held_tokens, held_usd
      from work where run = ${run} and state = 'claimed' and ${which}
      for update skip locked
    ), back as (
      update work w
      set state = 'planned', worker = null, spent_calls = 0, spent_tokens = 0, spent_usd = 0,
          held_calls = 0, held_tokens = 0, held_usd = 0
      from was where w.work = was.work
    )
    update runs r
    set calls = r.calls + s.calls, tokens = r.tokens + s.tokens, usd = r.usd + s.usd,
        lost_calls = r.lost_calls + s.lost_calls, lost_tokens = r.lost_tokens + s.lost_tokens,
        lost_usd = r.lost_usd + s.lost_usd
    from (
      select sum(spent_calls) as calls, sum(spent_tokens) as tokens, sum(spent_usd) as usd,
             sum(held_calls) as lost_calls, sum(held_tokens) as lost_tokens,
             sum(held_usd) as lost_usd
      from was having count(*) > 0
    ) s
    where r.run = ${run}`;
}

/** How much work is in each of some states, as columns of these names, of counts `n` that are grouped. */
export const counts = (sql: Sql, states: readonly string[]) =>
  sql.unsafe(
    states.map((state) =>
      `coalesce(sum(n.n) filter (where n.state = '${state}'), 0)::int as ${state}`
    ).join(", "),
  );

/** Makes the counts of a run few again: each change of its work has left some. */
export async function addUp(sql: Sql, run: number): Promise<void> {
  await sql`
    with gone as (
      delete from work_counts where run = ${run} returning cell, state, n
    )
    insert into work_counts
    select ${run}, cell, state, sum(n) from gone group by cell, state having sum(n) <> 0`;
}

/** Where a stored reply is, with the reply itself where it is short. */
export interface Spot {
  request: string;
  provider: Model["provider"];
  bytes: number;
  reply: string | null;
}

/** Bytes of a reply that is brought along when it is looked up. */
const SHORT = 16_384;

/** Where the stored replies to questions are, in their order; null where there is none. */
export async function lookUp(
  sql: Sql,
  asked: readonly { key: string; ask: number }[],
): Promise<(Spot | null)[]> {
  const rows = await sql<(Spot & { key: string; ask: number })[]>`
    select r.key, r.ask, r.request::text, r.provider, octet_length(r.reply) as bytes,
           case when octet_length(r.reply) <= ${SHORT} then r.reply end as reply
    from requests r
    join jsonb_to_recordset(${JSON.stringify(asked)}::text::jsonb) as a(key text, ask int)
      on a.key = r.key and a.ask = r.ask`;
  const found = new Map(rows.map((row) => [`${row.key} ${row.ask}`, row]));
  return asked.map(({ key, ask }) => found.get(`${key} ${ask}`) ?? null);
}

/** A stored reply. */
export async function storedReply(
  sql: Sql,
  { request, provider, reply }: Spot,
): Promise<{ provider: Model["provider"]; reply: string }> {
  if (reply !== null) return { provider, reply };
  const [row] = await sql<[{ reply: string }]>`
    select reply from requests where request = ${request}`;
  return { provider, reply: row.reply };
}

/** An array as PostgreSQL reads it: postgres.js does not know the types without asking for them. */
export const list = (numbers: readonly (number | null)[]): string =>
  `{${numbers.map((number) => number ?? "NULL").join(",")}}`;
