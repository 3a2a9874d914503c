/** One process at work on a run. */
import type { Mapping } from "../cleaning.ts";
import type { Sql } from "../db.ts";
import {
  CallError,
  cost,
  type Model,
  type Opened,
  openReply,
  questionOf,
  transportOf,
  type Travel,
  worstCost,
} from "../llm.ts";
import type { Message } from "../prompts.ts";
import { Batch, type Place } from "./batch.ts";
import { billOf } from "./bill.ts";
import { fewest } from "./estimate.ts";
import {
  type Charge,
  counts,
  type Granted,
  type Kept,
  LEASE_SECONDS,
  lookUp,
  type Question,
  type Spot,
  storedReply,
  type Work,
  Worker,
} from "./queue.ts";
import { Seen } from "./seen.ts";
import { bytesOf, type Outcome, settle, type Settled, WITHDRAWN } from "./settle.ts";
import { keysOf, MOST_ASKED, type Run, type Task, tasks } from "./tasks.ts";

/** Hard limits of a run over all processes that work on it. */
export interface Budget {
  calls?: number;
  tokens?: number;
  usd?: number;
}

/** Where a run stands, as far as this process has seen. */
export interface Progress {
  done: number;
  /** Failed pieces of work of this process, by the kind of reason. */
  failed: Readonly<Record<string, number>>;
  /** Pieces of work that nobody has begun when this process began. */
  planned: number;
  perSecond: number;
  /** Calls that may be in flight now, by model; of those that nothing holds back none. */
  concurrency: Readonly<Record<string, number>>;
  /** Until when no call starts because a provider asked to wait: the latest; null where none asks. */
  waitingUntil: Date | null;
  /** What this process has spent, and how many replies it found stored. */
  calls: number;
  tokens: number;
  usd: number;
  stored: number;
  /** Replies that were longer than `max_tokens`: the limit does not bind there. */
  over: number;
}

export interface Ended extends Progress {
  /**
   * - `finished`: nothing is planned any more
   * - `submitted`: nothing is planned any more, and some of it is in batches
   * - `stopped`: asked to, by a signal or by `stop`
   * - `budget spent`: no call fits into what is left
   * - `limit reached`: as much as this process was to do
   */
  ended: "finished" | "submitted" | "stopped" | "budget spent" | "limit reached";
  seconds: number;
}

export interface RunOptions {
  /** Ends the run when what is in flight has come in. */
  signal?: AbortSignal;
  /** At most so many pieces of work of each model. */
  limit?: number;
  /**
   * How questions travel to which the study has no reply: as is usual for each model, without it. With
   * `recorded()` nobody is asked: what has no reply fails.
   */
  transport?: Travel;
  /**
   * Asks in batches, at their price: takes in what has come, sends the rest, and ends; `run` again takes in
   * more. Replies take up to a day.
   */
  batch?: boolean;
  /** With `batch`: does not end before all has come. */
  wait?: boolean;
  /** With `wait`: seconds until it looks again at first, ever longer up to ten minutes; 30 without it. */
  poll?: number;
  /** With `batch`: told what is odd about a batch when it is first seen. */
  onNote?: (note: string) => void;
  /** Goes on where replies are, or would be, cut off at `max_tokens`. */
  allowTruncated?: boolean;
  onProgress?: (progress: Progress) => void;
  /** Seconds after which the claims of a process that says nothing go to others. */
  lease?: number;
}

/** A run that cannot go on: what is done stays done, and it can be continued. */
export class RunError extends Error {
  override readonly name = "RunError";
}

/** The run ends, or others have the work: before a call was made. */
class Ending extends Error {}

/** The question was handed over: its reply is stored some other time. */
class HandedOver extends Error {}

const PROGRESS_MS = 250;
const TRIES = 3;
/** Replies are money: the database has so long to come back. */
const PATIENCE_MS = 5 * 60_000;

export async function conduct(
  sql: Sql,
  run: Run,
  mapping: Mapping,
  options: RunOptions,
): Promise<Ended> {
  const worker = await Worker.hire(sql, run.run, Deno.hostname(), options.lease);
  const labour = new Engine(sql, run, worker, mapping, options);
  const every = (options.lease ?? LEASE_SECONDS) * 1000 / 3;
  // A sign of life that fails is missed when the next ones fail as well; the lease then ends.
  const heart = setInterval(() => worker.live().catch(() => {}), every);
  const face = setInterval(() => options.onProgress?.(labour.progress()), PROGRESS_MS);
  try {
    return await labour.done();
  } finally {
    clearInterval(heart);
    clearInterval(face);
    await worker.leave();
    options.onProgress?.(labour.progress());
  }
}

const modelsOf = ({ cells }: Run): Model[] => [
  ...new Map([...cells.values()].map(({ model }) => [model.id, model])).values(),
];

/** What a run has seen of its models so far. */
async function seenOf(
  sql: Sql,
  run: Run,
  { transport = transportOf, allowTruncated = false }: RunOptions = {},
): Promise<Seen[]> {
  const models = modelsOf(run), needed = fewest(run);
  return await Promise.all(
    models.map((model) =>
      Seen.of(sql, run.run, model, transport(model), models.length, needed, allowTruncated)
    ),
  );
}

/** Why a run would end before it asks anything; null where it would not. */
export async function hindrance(sql: Sql, run: Run): Promise<string | null> {
  const all = await seenOf(sql, run);
  return all.map((seen) => seen.trouble()).find((trouble) => trouble !== null) ?? null;
}

class Engine {
  #ended: Ended["ended"] | Error | null = null;
  #began = performance.now();
  #done = 0;
  #planned = 0;
  #failed: Record<string, number> = {};
  #spent = { calls: 0, tokens: 0, usd: 0 };
  #stored = 0;
  #over = 0;
  #tries = new Map<number, number>();
  /** What this process is at, by work. */
  #under = new Map<number, Promise<void>>();
  #seen = new Map<string, Seen>();
  /** Calls that have not been made yet. */
  #waiting = new Set<AbortController>();
  readonly #lookup: Batch<{ key: string; ask: number }, Spot | null>;
  readonly #hold: Batch<{ work: number; charge: Charge }, Granted>;
  readonly #keep: Batch<Kept, boolean>;
  readonly #handOver: Batch<Question, Granted>;
  readonly #settle: Batch<Settled, boolean>;

  constructor(
    private readonly sql: Sql,
    private readonly run: Run,
    private readonly worker: Worker,
    private readonly mapping: Mapping,
    private readonly options: RunOptions,
  ) {
    this.#lookup = new Batch((asked) => lookUp(sql, asked), 500);
    this.#hold = new Batch((asked) => worker.hold(asked), 200);
    this.#keep = new Batch(
      (replies) => this.#stash(replies),
      200,
      ({ sent, reply }) => sent.length + reply.length,
    );
    this.#handOver = new Batch((asked) => worker.handOver(asked), 200, ({ body }) => body.length);
    this.#settle = new Batch((settled) => this.#write(settled), 200, bytesOf);
    options.signal?.addEventListener("abort", () => this.#end("stopped"));
    if (options.signal?.aborted) this.#end("stopped");
  }

  async done(): Promise<Ended> {
    const { sql, run: { run } } = this;
    const [row] = await sql<{ planned: number }[]>`
      select ${counts(sql, ["planned"])} from work_counts n where run = ${run}`;
    this.#planned = row!.planned;
    for (const seen of await seenOf(sql, this.run, this.options)) {
      this.#seen.set(seen.model.id, seen);
      if (row!.planned > 0) this.#heed(seen.trouble());
    }
    const full = await Promise.all(this.#seen.values().map((seen) => this.#stream(seen)));
    // Not sooner: a model that is quick to its limit would end the others short of theirs.
    if (full.includes(true)) this.#ended ??= "limit reached";
    if (this.#ended instanceof Error) throw this.#ended;
    const seconds = (performance.now() - this.#began) / 1000;
    const [left] = await sql<{ submitted: number }[]>`
      select ${counts(sql, ["submitted"])} from work_counts n where run = ${run}`;
    const ended = this.#ended ?? (left!.submitted > 0 ? "submitted" : "finished");
    return { ...this.progress(), ended, seconds };
  }

  progress(): Progress {
    const seconds = (performance.now() - this.#began) / 1000;
    const failures = Object.values(this.#failed).reduce((sum, n) => sum + n, 0);
    const paces = [...this.#seen].flatMap(([id, { transport: { pace } }]) =>
      pace ? { id, pace } : []
    );
    const waits = paces.flatMap(({ pace }) => pace.waitingUntil ?? []);
    return {
      done: this.#done,
      failed: { ...this.#failed },
      planned: this.#planned,
      perSecond: (this.#done + failures) / seconds,
      concurrency: Object.fromEntries(paces.map(({ id, pace }) => [id, pace.concurrency])),
      waitingUntil: waits.length ? new Date(Math.max(...waits.map(Number))) : null,
      ...this.#spent,
      stored: this.#stored,
      over: this.#over,
    };
  }

  #end(why: Ended["ended"] | Error): void {
    // An error says more than that the run was about to end anyway.
    if (!this.#ended || (why instanceof Error && !(this.#ended instanceof Error))) {
      this.#ended = why;
    }
    for (const waits of this.#waiting) waits.abort();
    for (const seen of this.#seen.values()) seen.open();
  }

  /**
   * Claims and does the work of one model, some ahead of what may be in flight.
   *
   * @returns whether it did as much as it was to do
   */
  async #stream(seen: Seen): Promise<boolean> {
    const { model, transport } = seen;
    let active = 0, taken = 0;
    let wake = () => {};
    const { limit = Infinity } = this.options;
    while (!this.#ended) {
      const window = transport.ahead;
      const most = Math.min(window - active, limit - taken);
      const idle = active === 0;
      if (limit - taken <= 0) {
        if (idle) break;
      } else if (most >= window / 4 || idle) {
        const taking = await this.#taken(model, most);
        if (taking.length) {
          taken += taking.length;
          active += taking.length;
          for (const task of taking) {
            this.#alone(task).finally(() => {
              active -= 1;
              wake();
            });
          }
          continue;
        }
        if (idle) {
          this.#heed(seen.trouble(undefined, true));
          if (transport.later) break;
          if (!await this.#others(model).catch((error) => this.#end(trouble(error)))) break;
        }
      }
      // With nothing of its own it looks now and then whether the claims of others have come back.
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    while (active > 0) await new Promise<void>((resolve) => (wake = resolve));
    return taken >= limit;
  }

  /** What this process does next; nothing, and the end of the run, where the database is away. */
  async #taken(model: Model, most: number): Promise<Task[]> {
    try {
      for (;;) {
        const works = await this.worker.claim(model.id, most);
        const asked = works.length ? await tasks(this.sql, this.run, works, this.mapping) : [];
        // A persona may have been withdrawn since its sheets were planned: nobody can be asked.
        const there = new Set(asked.map(({ work }) => work));
        await Promise.all(
          works.filter((work) => !there.has(work))
            .map((work) => this.#settled(work, { state: "failed", reason: WITHDRAWN })),
        );
        if (asked.length || !works.length) return asked;
      }
    } catch (error) {
      this.#end(trouble(error));
      return [];
    }
  }

  /** Whether other processes hold work of the model; ends the run when it was asked to stop. */
  async #others(model: Model): Promise<boolean> {
    // One state each: of several at once PostgreSQL has no index.
    const open = (state: "claimed" | "planned") =>
      this.sql`exists (
        select from work
        where run = ${this.run.run} and model_id = ${model.id} and state = ${
        this.sql.unsafe(`'${state}'`)
      }
      )`;
    const [row] = await this.sql<{ stopping: boolean; claimed: boolean }[]>`
      select stopping, ${open("claimed")} or ${open("planned")} as claimed
      from runs where run = ${this.run.run}`;
    if (row!.stopping) this.#end("stopped");
    if (row!.claimed && !row!.stopping) await this.worker.live();
    return row!.claimed && !row!.stopping;
  }

  /** Ends the run for a reason. */
  #heed(trouble: string | null): void {
    if (trouble !== null) this.#end(new RunError(trouble));
  }

  /**
   * Does a piece of work, once this process is not at it any more: what a process had claimed that was
   * taken for dead is planned again, and it may claim that itself while it still waits for the reply.
   */
  #alone(task: Task): Promise<void> {
    const { work: { work } } = task;
    const earlier = this.#under.get(work);
    const doing = earlier
      ? earlier.then(async () => {
        if (await this.worker.has(work)) await this.#perform(task);
      }).catch((error) => this.#end(trouble(error)))
      : this.#perform(task);
    this.#under.set(work, doing);
    return doing.finally(() => {
      if (this.#under.get(work) === doing) this.#under.delete(work);
    });
  }

  async #perform(task: Task): Promise<void> {
    const { work } = task;
    const place: { place?: Place } = {};
    try {
      let messages = task.messages;
      for (let asked = 1;; asked++) {
        const reply = await this.#answered(
          task,
          messages,
          work.ask * MOST_ASKED + asked - 1,
          place,
        );
        const read = task.read(reply, messages, asked);
        if (read.state !== "again") return await this.#settled(work, read);
        messages = read.messages;
        place.place?.leave();
      }
    } catch (error) {
      await this.#fell(task, error).catch((error) => this.#end(trouble(error)));
    } finally {
      place.place?.leave();
    }
  }

  /** A piece of work that brought no reply. */
  async #fell({ work, model }: Task, error: unknown): Promise<void> {
    const seen = this.#seen.get(model.id)!;
    if (error instanceof HandedOver) return;
    if (error instanceof Ending || (error instanceof CallError && error.kind === "stopped")) {
      return await this.worker.release([work.work]);
    }
    if (!(error instanceof CallError)) {
      this.#end(trouble(error));
      return;
    }
    if (error.kind === "not recorded") return await this.#settled(work, failure(error));
    await this.worker.record(work.work, error);
    if (error.fatal) this.#end(new RunError(error.message));
    else if (error.kind === "refused prompt") return await this.#settled(work, failure(error));
    else if (error.kind === "bad request") {
      if (!seen.setAside(work, error)) return await this.#settled(work, failure(error));
      return this.#heed(seen.trouble(error));
    } else {
      seen.failed();
      const trouble = seen.trouble(error);
      this.#heed(trouble);
      const tries = (this.#tries.get(work.work) ?? 0) + 1;
      this.#tries.set(work.work, tries);
      if (trouble === null && tries >= TRIES) {
        this.#tries.delete(work.work);
        return await this.#settled(work, failure(error));
      }
    }
    await this.worker.release([work.work]);
  }

  /**
   * The reply to a question: the stored one, or one that is bought and stored before it is read.
   *
   * @param holds where the room is put that the reply takes until it is dealt with
   */
  async #answered(
    task: Task,
    messages: readonly Message[],
    ask: number,
    holds: { place?: Place },
  ): Promise<Opened> {
    const { model } = task;
    const seen = this.#seen.get(model.id)!;
    const keys = keysOf(task, messages);
    for (const key of keys) {
      const spot = await this.#lookup.add({ key, ask });
      if (!spot) continue;
      this.#stored += 1;
      holds.place = await seen.room(spot.bytes);
      const { provider, reply } = await storedReply(this.sql, spot);
      return openReply(provider, reply, model.max_tokens);
    }
    return await this.#bought(task, messages, keys[0]!, ask, holds);
  }

  async #bought(
    task: Task,
    messages: readonly Message[],
    key: string,
    ask: number,
    holds: { place?: Place },
  ): Promise<Opened> {
    const { work: { work }, model, schema, repetitions } = task;
    const seen = this.#seen.get(model.id)!;
    const call = { messages, repetition: repetitions[0], ...(schema && { schema }) };
    const { tokens, usd } = worstCost(model, call);
    const worst = { calls: 1, tokens, usd: usd ?? 0 };
    if (seen.transport.later) {
      const { request: body } = questionOf(model, call);
      await this.#handedOver({ work, model: model.id, key, ask, body, ...seen.most(worst) });
    }
    const waits = new AbortController();
    this.#waiting.add(waits);
    let held = false,
      under = false,
      life = 0,
      missed = Promise.resolve(),
      begun: Promise<void> = missed;
    const miss = (unsure: boolean) => {
      under = false;
      this.#spent.calls += 1;
      missed = patient(() => this.worker.missed(work, unsure));
      missed.catch(() => {}); // awaited before anything else is done for this work
    };
    const got = await seen.transport.ask(call, {
      key,
      signal: waits.signal,
      hold: async () => {
        if (seen.transport.pace) holds.place = await seen.turn();
        life = this.worker.life;
        await this.#granted(work, seen.most(worst));
        held = true;
      },
      before: (attempt) =>
        begun = (async () => {
          await missed;
          // With a turn in hand it cannot wait for those that need one: it goes back to the others.
          if (attempt > 1) {
            life = this.worker.life;
            if (!await this.#holds(work, seen.most(worst))) throw new Ending();
          }
          if (this.#ended || !this.worker.sureOf(life)) throw new Ending();
          this.#waiting.delete(waits); // a call that is made is paid for: it comes in
          under = true;
        })(),
      after: (unsure) => {
        miss(unsure);
        this.#waiting.add(waits);
        if (this.#ended) waits.abort();
      },
    }).catch(async (error) => {
      // Whoever is stopped is let go at once, also while it asks the database: nothing of this work may
      // be under way there when it is given back, which passes over rows that are locked.
      await begun.catch(() => {});
      if (under) miss(true);
      await missed;
      if (held) await this.worker.forgo(work);
      throw error;
    }).finally(() => this.#waiting.delete(waits));
    const reply = openReply(model.provider, got.reply, model.max_tokens);
    const paid = held ? reply.usage && cost(model, reply.usage) : 0;
    const bill = held ? billOf(model, reply, seen.most(worst)) : { calls: 0, tokens: 0, usd: 0 };
    for (const kind of ["calls", "tokens", "usd"] as const) this.#spent[kind] += bill[kind];
    this.#over += Number(reply.over !== null);
    holds.place?.resize(got.reply.length);
    const first = await this.#keep.add({
      ...bill,
      work,
      key,
      ask,
      provider: model.provider,
      sent: got.request,
      reply: got.reply,
      milliseconds: got.latency,
      attempts: got.attempts,
      tokensIn: reply.usage?.input ?? null,
      tokensOut: reply.usage?.output ?? null,
      paid,
    });
    seen.replied(reply, got.reply.length, bill, worst);
    for (const one of seen.refused()) await this.#settled(one.work, failure(one.error));
    this.#heed(seen.trouble());
    if (first) return reply;
    await this.worker.forgo(work);
    const other = await storedReply(this.sql, (await this.#lookup.add({ key, ask }))!);
    return openReply(other.provider, other.reply, model.max_tokens);
  }

  /** Keeps replies; one whose own numbers cannot be stored is kept without them. */
  async #stash(replies: Kept[]): Promise<boolean[]> {
    const keep = (some: Kept[]) => patient(() => this.worker.keep(some));
    try {
      return await keep(replies);
    } catch (error) {
      if (!isData(error)) throw error;
      const alone = async (kept: Kept) => {
        const [first] = await keep([kept]).catch((error) => {
          if (!isData(error)) throw error;
          return keep([{ ...kept, tokensIn: null, tokensOut: null, paid: null }]);
        });
        return first!;
      };
      return await Promise.all(replies.map(alone));
    }
  }

  /** Hands a question over when it fits into the budget; one that others have asked stays with this worker. */
  async #handedOver(question: Question): Promise<never> {
    for (;;) {
      if (this.#ended) throw new Ending();
      const answer = await patient(() => this.#handOver.add(question));
      if (answer === "granted" || answer === "lost") throw new HandedOver();
      if (answer === "stopped") this.#end("stopped");
      if (answer === "spent") this.#end("budget spent");
      if (answer === "wait") await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Waits until a call fits into the budget. */
  async #granted(work: number, charge: Charge): Promise<void> {
    while (!await this.#holds(work, charge)) await new Promise((done) => setTimeout(done, 100));
  }

  /** Whether a call fits into the budget now; ends the run when it cannot any more. */
  async #holds(work: number, charge: Charge): Promise<boolean> {
    if (this.#ended) throw new Ending();
    const answer = await this.#hold.add({ work, charge });
    if (answer === "stopped") this.#end("stopped");
    if (answer === "spent") this.#end("budget spent");
    if (answer === "lost" || this.#ended) {
      if (answer === "granted") await this.worker.forgo(work);
      throw new Ending();
    }
    return answer === "granted";
  }

  async #settled(work: Work, outcome: Outcome): Promise<void> {
    const trial = this.run.plan.trial && outcome.state === "done";
    // What others have meanwhile, they settle.
    if (!await this.#settle.add({ work, outcome: trial ? { state: "done" } : outcome })) return;
    if (outcome.state === "done") this.#done += 1;
    else this.#failed[outcome.reason] = (this.#failed[outcome.reason] ?? 0) + 1;
  }

  /**
   * Settles a batch; where one result cannot be stored the others are, and it says why.
   *
   * @returns for each: whether it was this worker's
   */
  async #write(settled: Settled[]): Promise<boolean[]> {
    const { sql, run: { run }, worker: { id } } = this;
    const write = (some: Settled[]) => patient(() => settle(sql, run, id, some));
    try {
      return await write(settled);
    } catch (error) {
      if (!isData(error)) throw error;
      const was: boolean[] = [];
      for (const one of settled) {
        const alone = await write([one]).catch((error) => {
          const detail = (error as Error).message;
          const outcome = { state: "failed", reason: "could not be stored", detail } as const;
          return write([{ work: one.work, outcome }]);
        });
        was.push(...alone);
      }
      return was;
    }
  }
}

const failure = ({ kind, message }: CallError): Outcome => ({
  state: "failed",
  reason: kind,
  detail: message,
});

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? "");

/** PostgreSQL refused the data themselves (classes 22, 23). */
const isData = (error: unknown): boolean => /^2[23]...$/.test(codeOf(error));

/** Also what it does not do (0A), rows written twice (21), names and rights (42), what functions raise (P0). */
const isFinal = (error: unknown): boolean =>
  isData(error) || /^(0A|21|42|P0)...$/.test(codeOf(error));

/** Tries again while the database is away. */
async function patient<T>(write: () => Promise<T>): Promise<T> {
  const began = performance.now();
  for (let wait = 100;; wait = Math.min(5000, wait * 2)) {
    try {
      return await write();
    } catch (error) {
      if (isFinal(error) || performance.now() - began > PATIENCE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

function trouble(error: unknown): Error {
  return new RunError(`The run stopped: ${(error as Error).message}: run it again to go on`, {
    cause: error,
  });
}
