/** Batches at a provider over HTTP: whatever happens, nothing is lost, and nothing paid for twice. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { epqra } from "lib/paper/instruments.ts";
import { type Model, model, recorded } from "lib/llm.ts";
import { begin, ended } from "lib/notebook.ts";
import { seeded } from "lib/random.ts";
import { administrations, personas, RunError } from "lib/study.ts";
import { answerTo, BatchServer, type Fate, type Job } from "./batch_server.ts";
import { atNight, until } from "./command.ts";
import { Made, Process, served } from "./study_worker.ts";

/** A study with so many sheets to be asked for, and the provider of their model. */
class Bench implements AsyncDisposable {
  private constructor(
    readonly made: Made,
    readonly server: BatchServer,
    readonly name: string,
    readonly run: number,
  ) {}

  static async with(
    schema: string,
    n: number,
    api: "openai" | "together" | "anthropic" = "openai",
    more: Partial<Model> = {},
  ): Promise<Bench> {
    const made = await Made.with(schema, n);
    const writing = personas({ models: [model("simulated")], conditions: ["Base"] });
    await made.lab.run(await made.lab.register(writing));
    const server = new BatchServer(api);
    const own = served(server.url, 8, { batch: { api, share: 0.5 }, ...more });
    const name = await made.lab.register(administrations({ instrument: epqra, models: [own] }));
    await made.sql`update runs set budget_usd = 1000 where name = ${name}`;
    const run = await made.value(`select run from runs where name = '${name}'`) as number;
    return new Bench(made, server, name, run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.made[Symbol.asyncDispose]();
  }

  batch(more: Parameters<Made["lab"]["run"]>[1] = {}) {
    return this.made.lab.run(this.name, { batch: true, ...more });
  }

  async states(): Promise<Record<string, number>> {
    const rows = await this.made.rows(`
      select state, count(*) from work where run = ${this.run} group by state`);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  async booked(): Promise<Record<string, number>> {
    const [row] = await this.made.rows(`
      select calls, tokens, usd, lost_calls, lost_tokens, lost_usd, submitted_calls,
             submitted_tokens, submitted_usd from runs where run = ${this.run}`);
    return row as Record<string, number>;
  }

  /** The batches as a user sees them, some of their columns. */
  async rows(...columns: string[]): Promise<Record<string, unknown>[]> {
    return (await this.made.lab.batches(this.name)).select(...columns).toRecords();
  }

  /** The ledger is what is booked, to the token, and nothing is held or lost. */
  async settled(): Promise<void> {
    const booked = await this.booked(), { calls, input, output } = this.server.charged;
    assert.deepEqual([booked.calls, booked.tokens], [calls, input + output]);
    assert.ok(Math.abs(booked.usd! - this.server.usd) < 1e-9, `${booked.usd} ${this.server.usd}`);
    for (const kind of ["calls", "tokens", "usd"]) {
      assert.equal(booked[`lost_${kind}`], 0, `lost ${kind}`);
      assert.equal(booked[`submitted_${kind}`], 0, `submitted ${kind}`);
    }
  }

  /** Every sheet is there once, with the answers that were paid for once. */
  async whole(n: number): Promise<void> {
    assert.deepEqual(await this.states(), { done: n });
    assert.equal(await this.made.value("select count(*) from administrations"), n);
    assert.deepEqual(
      [this.server.answered.size, new Set(this.server.answered.values())],
      [n, new Set([1])],
    );
    await this.settled();
  }
}

/** By whose protocol what happens to both is tried. */
const PROTOCOLS = ["openai", "anthropic"] as const;

/** A question of a line: its name without the attempt and the mark of its batch. */
const nameOf = (custom_id: string): string => custom_id.split(/[-_]/)[0]!;

/** Deterministically out of order. */
const shuffled = (lines: string[]): string[] =>
  lines.map((line, index) => ({ line, at: (index * 7) % lines.length }))
    .toSorted((a, b) => a.at - b.at).map(({ line }) => line);

Deno.test("a run in batches: sent, gone away, come back, and half the price", async () => {
  const N = 20;
  await using bench = await Bench.with("sent_whole", N);
  const { server, made } = bench;
  const single = (await made.lab.estimate((await made.lab.planned(bench.name)).plan)).toRecords();
  const cheap = (await made.lab.estimate((await made.lab.planned(bench.name)).plan, {
    batch: true,
  })).toRecords();
  assert.equal(cheap.at(-1)!.usd, single.at(-1)!.usd as number / 2);
  assert.equal(cheap.at(-1)!.usd_most, single.at(-1)!.usd_most as number / 2);

  assert.equal((await bench.batch()).ended, "submitted");
  assert.deepEqual([server.seen.upload, server.seen.create, server.seen.list], [1, 1, undefined]);
  const [job] = server.jobs;
  assert.equal(job!.lines.length, N);
  const held = await bench.booked();
  assert.equal(held.submitted_calls, N);
  assert.ok(Math.abs(held.submitted_usd! - (cheap.at(-1)!.usd_most as number)) < 1e-9);
  assert.deepEqual(
    await bench.rows("state", "word", "lines", "answered", "waiting"),
    [{ state: "submitted", word: "validating", lines: N, answered: 0, waiting: N }],
  );

  // Nothing has come: nothing changes, however often it is looked at.
  job!.status = "in_progress";
  assert.equal((await bench.batch()).ended, "submitted");
  assert.deepEqual([server.seen.upload, server.seen.create], [1, 1]);
  assert.deepEqual(await bench.rows("word"), [{ word: "in_progress" }]);

  server.finish(job!, { output: shuffled });
  const end = await bench.batch();
  assert.deepEqual([end.ended, end.done, end.stored, end.calls], ["finished", N, N, 0]);
  await bench.whole(N);
  assert.deepEqual(
    await bench.rows("state", "word", "answered", "waiting", "note"),
    [{ state: "closed", word: "completed", answered: N, waiting: 0, note: null }],
  );
  const sheets = await made.rows(`
    select a.answers, q.reply, q.sent, q.milliseconds, l.custom_id
    from administrations a join requests q using (work) join batch_lines l using (work)`);
  const lines = new Map(job!.lines.map((line) => [line.custom_id, line]));
  for (const { answers, reply, sent, milliseconds, custom_id } of sheets) {
    const line = lines.get(custom_id as string)!;
    assert.deepEqual(JSON.parse(sent as string), line.body);
    assert.deepEqual(JSON.parse(reply as string), answerTo(line).line.response.body);
    const words = JSON.parse(answerTo(line).line.response.body.choices[0]!.message.content);
    assert.deepEqual(answers, epqra.items.map(({ number }) => Number(words[number] === "True")));
    assert.equal(milliseconds, null);
  }
  assert.equal((await bench.batch()).ended, "finished");
  assert.deepEqual([server.seen.upload, server.seen.create], [1, 1]);
});

/** Stops every statement that takes a batch to a state, until it is let go. */
class Barrier implements AsyncDisposable {
  readonly #free = Promise.withResolvers<void>();
  readonly #held: Promise<unknown>;

  private constructor(private readonly made: Made, held: Promise<unknown>, free: () => void) {
    this.#held = held;
    this.#free.promise.then(free);
  }

  /** @param when of `new`, and of `old` where there is one */
  static async before(made: Made, table: string, event: string, when: string): Promise<Barrier> {
    await made.sql.unsafe(`
      create function wait_here() returns trigger language plpgsql as $$
      begin
        if ${when} then perform pg_advisory_xact_lock_shared(77, 77); end if;
        return null;
      end $$;
      create trigger wait_here after ${event} on ${table}
      for each row execute function wait_here()`);
    const taken = Promise.withResolvers<void>(), free = Promise.withResolvers<void>();
    const held = made.sql.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(77, 77)`;
      taken.resolve();
      await free.promise;
    });
    await taken.promise;
    return new Barrier(made, held, free.resolve);
  }

  /** Waits until somebody is stopped here. */
  reached(): Promise<void> {
    return until("the barrier", async () =>
      await this.made.value(`
        select count(*) > 0 from pg_locks
        where locktype = 'advisory' and classid = 77 and objid = 77 and not granted`) === true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#free.resolve();
    await this.#held;
    // What was stopped is done, or undone, before the next step.
    await this.made.sql.unsafe("drop function wait_here cascade");
  }
}

/** Processes that work on a run in batches, one after the other, each killed somewhere. */
class Kills implements AsyncDisposable {
  readonly where: string[] = [];
  readonly #spawned: Process[] = [];
  #next: Process;

  constructor(private readonly bench: Bench) {
    this.#next = this.#spawn();
  }

  #spawn(): Process {
    const { made, name } = this.bench;
    const process = new Process(made.schema, name, { batch: true });
    this.#spawned.push(process);
    return process;
  }

  /** Whether what was killed holds and does nothing any more. */
  async #gone(): Promise<boolean> {
    const { made } = this.bench;
    return await made.value(`
      select (select count(*) = 0 from pg_locks
              where locktype = 'advisory' and classid = '${made.schema}'::regnamespace::oid)
         and (select count(*) = 0 from pg_stat_activity
              where application_name = 'persona-audit' and datname = current_database()
                and state <> 'idle' and pid <> pg_backend_pid())`) === true;
  }

  /** Kills a process when something is so, and waits until PostgreSQL knows. */
  async when(where: string, so: () => Promise<void>, after = async () => {}): Promise<void> {
    const worker = this.#next;
    this.#next = this.#spawn();
    await worker.ready();
    await worker.go();
    await so();
    assert.ok(await worker.killed(), `it ended before: ${where}`);
    await after();
    await until(`an end: ${where}`, () => this.#gone());
    this.where.push(where);
  }

  /** Kills one in a statement, before it is done. */
  async at(where: string, table: string, event: string, when: string): Promise<void> {
    const barrier = await Barrier.before(this.bench.made, table, event, when);
    await this.when(where, () => barrier.reached(), () => barrier[Symbol.asyncDispose]());
  }

  /** Lets one work to its end. */
  async last(): ReturnType<Process["ended"]> {
    await this.#next.ready();
    await this.#next.go();
    return await this.#next.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#spawned) await process.killed();
  }
}

const reaching = (state: string) => `new.state = '${state}' and old.state <> '${state}'`;

Deno.test("killed at every step: one batch, paid for once, and every answer there", async () => {
  const N = 600;
  await using bench = await Bench.with("sent_killed", N);
  const { made, server } = bench;
  await using kills = new Kills(bench);
  const state = async () => {
    const [row] = await bench.rows("state");
    return row?.state;
  };
  // In the middle of gathering, and of putting together: the transaction is as if it had not been.
  await kills.at("gathering", "batch_lines", "insert", "new.line > 300");
  await made.lab.status();
  const gathered = await bench.states();
  assert.deepEqual([gathered.submitted! % 200, gathered.claimed], [0, undefined]);
  // What was never sent was not lost.
  const { lost_calls, submitted_calls } = await bench.booked();
  assert.deepEqual([lost_calls, submitted_calls], [0, gathered.submitted]);
  await kills.at("preparing", "batches", "update", "new.lines > 0 and old.lines = 0");
  assert.deepEqual(await bench.rows("state"), []);
  assert.deepEqual(await bench.states(), { submitted: N });

  await kills.at("prepared", "batches", "update", reaching("uploading"));
  assert.equal(await state(), "uploading");
  // The file is there, and nobody knows.
  const upload = Promise.withResolvers<void>();
  server.holds.upload = upload.promise;
  await kills.when("uploading", () => until("an upload", () => server.files.size > 0));
  upload.resolve();
  await kills.at("uploaded", "batches", "update", reaching("uploaded"));
  assert.equal(await state(), "uploaded");
  // Before it was sent.
  await kills.at("submitting", "batches", "update", reaching("submitting"));
  assert.deepEqual([await state(), server.jobs.length], ["submitting", 0]);
  // Not listed yet is not yet known: nothing is sent before the time is over.
  assert.equal((await bench.batch()).ended, "submitted");
  assert.deepEqual([await state(), server.seen.create], ["submitting", undefined]);
  await made.sql`update batches set submitting = now() - interval '6 minutes'`;
  // When it was sent, and nobody has heard the answer.
  const create = Promise.withResolvers<void>();
  server.holds.create = create.promise;
  await kills.when("sent", () => until("a batch", () => server.jobs.length > 0));
  create.resolve();
  assert.equal(await state(), "submitting");
  // Many others have sent batches since.
  for (let other = 0; other < 5; other++) server.made("file-1x", { batch: "another study's" });
  await kills.at("found", "batches", "update", reaching("submitted"));
  assert.equal(await state(), "submitting");
  const mine = server.jobs[0]!;
  server.finish(mine, { output: shuffled });
  await kills.at("fetched", "batches", "update", reaching("fetched"));
  assert.equal(await state(), "fetched");
  await kills.at(
    "half taken in",
    "requests",
    "insert",
    `(
      select count(*) >= 500 from ${"batch_lines"} where outcome = 'answered')`,
  );
  const [{ answered }] = await bench.rows("answered") as [{ answered: number }];
  assert.ok(answered >= 500 && answered <= N, `${answered}`);
  await kills.at("taken in", "batches", "update", reaching("ingested"));
  assert.equal(await state(), "ingested");
  await kills.at("closed", "batches", "update", reaching("closed"));
  assert.equal(await state(), "closed");

  const { ended, done, stored } = await kills.last();
  assert.deepEqual([ended, done, stored], ["finished", N, N]);
  assert.deepEqual([server.seen.create, server.jobs.length], [1, 6]);
  await bench.whole(N);
  assert.equal(new Set(kills.where).size, 12);
  console.log(`killed: ${kills.where.join(", ")}`);
});

for (const api of PROTOCOLS) {
  atNight(
    `killed at random while batches fail as they may: nothing lost, nothing paid for twice (${api})`,
    async () => {
      const [N, KILLS] = [700, 40];
      await using bench = await Bench.with(`sent_random_${api}`, N, api);
      const { made, server } = bench;
      const random = seeded("batches", api);
      const fate = () => {
        const draw = random.uniform();
        return draw < 0.75 ? "answer" : draw < 0.85 ? "expired" : draw < 0.95 ? "nothing" : 429;
      };
      const spawn = () => new Process(made.schema, bench.name, { batch: true });
      let next = spawn();
      for (let kill = 0; kill < KILLS; kill++) {
        const worker = next;
        next = spawn();
        await worker.ready();
        if (random.uniform() < 0.3) server.refusals.create = { status: 429, times: 1 };
        if (random.uniform() < 0.2) server.cut = 1;
        if (random.uniform() < 0.3) server.unheard = 1;
        const ends = server.jobs.filter(({ output, errors, status }) =>
          status === "validating" && output === null && errors === null
        );
        // Never all at once at first, so that there is something to be killed in.
        for (const job of ends) {
          if (random.uniform() < 0.5) {
            server.finish(job, { fate, output: shuffled });
          }
        }
        await worker.go();
        await new Promise((done) => setTimeout(done, 300 + random.uniform() * 2500));
        await worker.killed();
        await made.sql`update batches set submitting = submitting - interval '6 minutes'`;
      }
      await next.killed();
      for (let passes = 0;; passes++) {
        assert.ok(passes < 60, JSON.stringify(await bench.states()));
        for (const job of server.jobs) {
          if (job.status === "validating") server.finish(job, { output: shuffled });
        }
        if ((await bench.batch()).ended === "finished") break;
      }
      const { done = 0, failed = 0 } = await bench.states();
      assert.equal(done + failed, N);
      assert.deepEqual(new Set(server.answered.values()), new Set([1]));
      assert.equal(server.answered.size, done);
      const booked = await bench.booked(), { input, output } = server.charged;
      assert.equal(booked.tokens, input + output);
      assert.ok(Math.abs(booked.usd! - server.usd) < 1e-9);
      assert.deepEqual([booked.lost_usd, booked.submitted_usd, booked.submitted_calls], [0, 0, 0]);
      console.log(
        `${KILLS} kills, ${server.jobs.length} batches: ${done} of ${N} done, ${failed} failed after three ` +
          `tries; USD ${booked.usd!.toFixed(4)} booked of ${server.usd.toFixed(4)} charged`,
      );
    },
  );
}

Deno.test("a batch that was made twice is ended, and what it had answered is booked as well", async () => {
  const N = 6;
  await using bench = await Bench.with("sent_twice", N);
  const { made, server } = bench;
  // Answered with a fault, and made all the same.
  server.refusals.create = { status: 502, times: 1 };
  await bench.batch();
  assert.deepEqual(await bench.rows("state"), [{ state: "submitting" }]);
  const token = await made.value("select token::text from batches") as string;
  const first = server.made("file-1", { batch: token });
  const second = server.made("file-1");
  server.onCancel = { fate: (_, index) => index < 2 ? "answer" : "nothing" };
  const notes: string[] = [];
  await bench.batch({ onNote: (note) => notes.push(note) });
  assert.deepEqual(notes, [`batch 1: it was made twice, and ${second.id} is cancelled`]);
  assert.deepEqual([first.status, second.status], ["validating", "cancelled"]);
  assert.deepEqual(await bench.rows("state", "lines", "waiting"), [
    { state: "submitted", lines: N, waiting: N },
    { state: "given up, closed", lines: N, waiting: 0 },
  ]);
  server.finish(first);
  assert.equal((await bench.batch()).ended, "finished");
  assert.deepEqual(await bench.states(), { done: N });
  assert.deepEqual(server.charged.calls, N + 2);
  await bench.settled();
  assert.equal(await made.value("select count(*) from requests q where run = 2"), N);
  assert.deepEqual(await bench.rows("state", "answered", "lost"), [
    { state: "closed", answered: N, lost: 0 },
    { state: "given up, closed", answered: 2, lost: N - 2 },
  ]);
});

for (const api of PROTOCOLS) {
  Deno.test(`expired with a part; lines that are shuffled, doubled, foreign, broken; files cut off (${api})`, async () => {
    const N = 12;
    await using bench = await Bench.with(`sent_parts_${api}`, N, api);
    const { server } = bench;
    await bench.batch();
    const [job] = server.jobs;
    job!.status = "pondering";
    assert.equal((await bench.batch()).ended, "submitted");
    const [{ note, state }] = await bench.rows("note", "state") as [Record<string, string>];
    assert.match(note!, /says "pondering", which is not known: it is waited for/);
    assert.equal(state, "submitted");

    server.finish(job!, {
      status: "expired",
      fate: (_, index) => index < 5 ? "answer" : index < 8 ? "expired" : "nothing",
      output: (lines) => {
        const foreign = JSON.stringify({ ...JSON.parse(lines[0]!), custom_id: "not-ours-1" });
        return shuffled([...lines, lines[0]!, foreign, "no JSON"]);
      },
    });
    // Cut off once, then whole.
    server.cut = 1;
    assert.equal((await bench.batch()).ended, "submitted");
    assert.deepEqual(
      await bench.rows("state", "answered", "lost", "doubled", "unknown", "broken"),
      [
        { state: "closed", answered: 5, lost: 7, doubled: 1, unknown: 1, broken: 1 },
        { state: "submitted", answered: 0, lost: 0, doubled: 0, unknown: 0, broken: 0 },
      ],
    );
    // The seven that were not answered were sent again, and nothing else.
    const [, again] = server.jobs;
    assert.deepEqual(
      again!.lines.map(({ custom_id }) => custom_id.replace(/_.*/, "")),
      job!.lines.slice(5).map(({ custom_id }) => `${nameOf(custom_id)}-2`),
    );
    const held = await bench.booked();
    assert.deepEqual([held.calls, held.submitted_calls, held.lost_calls], [5, 7, 0]);

    // Every download breaks off elsewhere: nothing is taken in.
    server.finish(again!);
    const text = server.files.get("batch_2-output")!;
    let cuts = 0;
    const whole = server.files.get.bind(server.files);
    server.files.get = (name) => {
      if (name !== "batch_2-output") return whole(name);
      return text.slice(0, text.length - 40 - cuts++);
    };
    assert.equal((await bench.batch()).ended, "submitted");
    assert.equal(cuts, 3);
    const notes = await bench.rows("note", "answered");
    assert.match(notes[1]!.note as string, /were cut off 3 times: look again later/);
    assert.equal(notes[1]!.answered, 0);
    server.files.get = whole;
    assert.equal((await bench.batch()).ended, "finished");
    await bench.whole(N);
  });
}

Deno.test("what a provider has for ever cut off is lost, and booked at most", async () => {
  await using bench = await Bench.with("sent_cut", 4);
  const { server } = bench;
  await bench.batch();
  server.finish(server.jobs[0]!, { output: (lines) => lines.slice(0, 3) });
  await bench.batch();
  const { calls, lost_calls, lost_usd, usd } = await bench.booked();
  assert.deepEqual([calls, lost_calls], [3, 1]);
  assert.ok(usd! + lost_usd! >= server.usd && usd! < server.usd);
});

Deno.test("what a provider has forgotten is asked again when somebody says so, and booked at most", async () => {
  const N = 3;
  await using bench = await Bench.with("sent_forgotten", N);
  const { server, made } = bench;
  await bench.batch();
  await made.sql`update batches set submitted = now() - interval '21 days'`;
  await bench.batch();
  assert.match((await bench.rows("note"))[0]!.note as string, /more than 20 days ago/);
  server.jobs.length = 0;
  assert.equal((await bench.batch()).ended, "submitted");
  const [{ state, note }] = await bench.rows("state", "note") as [Record<string, string>];
  assert.equal(state, "submitted");
  assert.match(note!, /the provider has no batch batch_1 any more: give it up/);
  assert.deepEqual(await made.lab.endBatches(bench.name), { back: 0, cancelled: 0, lost: 1 });
  await bench.batch();
  server.finish(server.jobs[0]!);
  assert.equal((await bench.batch()).ended, "finished");
  assert.deepEqual(await bench.states(), { done: N });
  const { calls, lost_calls, usd } = await bench.booked();
  assert.deepEqual([calls, lost_calls], [N, N]);
  assert.ok(Math.abs(usd! - server.usd) < 1e-9);
  assert.deepEqual((await bench.rows("state")).map(({ state }) => state), [
    "given up, closed",
    "closed",
  ]);
});

Deno.test("a cost that was shown at the price of batches lets batches begin, and nothing else", async () => {
  await using bench = await Bench.with("sent_shown", 1);
  const { made: { lab }, name } = bench;
  const { plan } = await lab.planned(name);
  await assert.rejects(lab.ready(name, { batch: true }), /\{ batch: true \}\), "Cost"/);
  await lab.estimate(plan, { batch: true });
  await lab.ready(name, { batch: true });
  await assert.rejects(lab.ready(name), /What run .* will cost was not shown/);
  await lab.estimate(plan);
  await lab.ready(name);
  await begin(lab, name, { batch: true });
  assert.equal((await ended(lab, name)).ended, "submitted");
  bench.server.finish(bench.server.jobs[0]!);
  await begin(lab, name, { batch: true });
  assert.equal((await ended(lab, name)).ended, "finished");
  const both = { batch: true, transport: recorded() };
  await assert.rejects(lab.run(name, both), /in batches or by a transport of its own/);
});

Deno.test("all failed: no output, an error file, and no success", async () => {
  const N = 4;
  for (const [api, none] of [["openai", null], ["openai", ""], ["anthropic", null]] as const) {
    await using bench = await Bench.with(`sent_none_${api}_${none === null}`, N, api);
    const { server } = bench;
    await bench.batch();
    server.finish(server.jobs[0]!, { fate: () => 400, none });
    const end = await bench.batch();
    assert.deepEqual([end.ended, end.done], ["finished", 0]);
    assert.deepEqual(await bench.states(), { failed: N });
    assert.deepEqual(await bench.rows("state", "answered", "final"), [
      { state: "closed", answered: 0, final: N },
    ]);
    const { calls, usd, lost_usd, submitted_usd } = await bench.booked();
    assert.deepEqual([calls, usd, lost_usd, submitted_usd], [N, 0, 0, 0]);
  }
  {
    // What failed at Anthropic is not charged, whatever it failed of; nor is it the question's fault.
    await using bench = await Bench.with("sent_errored", N, "anthropic");
    const { server } = bench;
    await bench.batch();
    server.finish(server.jobs[0]!, {
      fate: (_, index) => [500, 529, 401, "canceled"][index] as Fate,
    });
    assert.equal((await bench.batch()).ended, "submitted");
    assert.equal(server.jobs[1]!.lines.length, N);
    const { usd, lost_calls, lost_usd } = await bench.booked();
    assert.deepEqual([usd, lost_calls, lost_usd], [0, 0, 0]);
  }
  // Neither file: nothing came, all is asked again.
  await using bench = await Bench.with("sent_empty", N);
  const { server } = bench;
  await bench.batch();
  server.finish(server.jobs[0]!, { fate: () => "nothing", none: "", status: "expired" });
  assert.equal((await bench.batch()).ended, "submitted");
  assert.equal(server.jobs[1]!.lines.length, N);
  server.finish(server.jobs[1]!, { none: "" });
  await bench.batch();
  await bench.whole(N);
});

for (const api of PROTOCOLS) {
  Deno.test(`turned away when it is made: it is sent again, once (${api})`, async () => {
    await using bench = await Bench.with(`sent_429_${api}`, 3, api);
    const { server } = bench;
    const [first, before] = api === "openai" ? ["upload", "uploading"] : ["create", "uploaded"];
    // A key that does not hold is of every batch, and ends the command.
    server.refusals[first] = { status: 401, times: 1 };
    await assert.rejects(bench.batch(), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /it refused the key/);
      return true;
    });
    assert.deepEqual(await bench.rows("state"), [{ state: before }]);
    server.refusals.create = { status: 429, times: 1 };
    assert.equal((await bench.batch()).ended, "submitted");
    const [{ state, note }] = await bench.rows("state", "note") as [Record<string, string>];
    assert.equal(state, "uploaded");
    assert.match(note!, /overloaded/);
    await bench.batch();
    const uploads = api === "openai" ? 2 : undefined;
    assert.deepEqual(
      [server.jobs.length, server.seen.upload, server.seen.list],
      [1, uploads, undefined],
    );
    assert.deepEqual(await bench.rows("state", "note"), [{ state: "submitted", note: null }]);
    // A look that fails is no result.
    server.refusals.retrieve = { status: 500, times: 1 };
    await bench.batch();
    assert.match((await bench.rows("note"))[0]!.note as string, /500/);
    server.finish(server.jobs[0]!);
    await bench.batch();
    await bench.whole(3);
  });
}

Deno.test("refused by its checks: the line that is named has failed, the others are sent without it", async () => {
  const N = 5;
  await using bench = await Bench.with("sent_checks", N);
  const { server } = bench;
  await bench.batch();
  server.refuse(server.jobs[0]!, [{ code: "invalid_json_line", message: "no JSON", line: 3 }]);
  assert.equal((await bench.batch()).ended, "submitted");
  assert.deepEqual(await bench.states(), { failed: 1, submitted: N - 1 });
  const [first, second] = server.jobs;
  const ids = ({ lines }: Job) => lines.map(({ custom_id }) => custom_id.split("-")[0]);
  assert.deepEqual(ids(second!), ids(first!).toSpliced(2, 1));
  // No line is to blame: it ends, and does not send the same again by itself.
  const message = "enqueued token limit reached";
  server.refuse(second!, [{ code: "token_limit_exceeded", message, line: null }]);
  await assert.rejects(bench.batch({ wait: true, poll: 0.01 }), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /refused as a whole, and nothing is charged: .*token limit/);
    return true;
  });
  assert.equal(server.jobs.length, 2);
  assert.deepEqual(await bench.states(), { failed: 1, planned: N - 1 });
  await bench.settled();
  await bench.batch();
  server.finish(server.jobs[2]!);
  await bench.batch();
  assert.deepEqual(await bench.states(), { done: N - 1, failed: 1 });
  await bench.settled();
});

Deno.test("a batch that nobody could reach was given up: its late answers are kept, and not asked twice", async () => {
  const N = 4;
  await using bench = await Bench.with("sent_late", N);
  const { server, made } = bench;
  await bench.batch();
  server.refusals.cancel = { status: 500, times: 1 };
  assert.deepEqual(await made.lab.endBatches(bench.name), { back: 0, cancelled: 0, lost: 1 });
  const { lost_calls, submitted_calls } = await bench.booked();
  assert.deepEqual([lost_calls, submitted_calls], [N, 0]);
  assert.deepEqual(await bench.states(), { planned: N });
  // It had gone on, and is done when it is next looked at: nothing is sent.
  server.finish(server.jobs[0]!);
  assert.equal((await bench.batch()).ended, "finished");
  assert.equal(server.jobs.length, 1);
  await bench.whole(N);
});

Deno.test("given up while nobody knew whether it was made: found, it is ended, and what it answered is kept", async () => {
  const N = 5;
  await using bench = await Bench.with("sent_doubt", N);
  const { server, made } = bench;
  server.refusals.create = { status: 502, times: 1 };
  await bench.batch();
  assert.deepEqual(await made.lab.endBatches(bench.name), { back: 0, cancelled: 0, lost: 1 });
  server.made("file-1");
  server.onCancel = { fate: (_, index) => index < 2 ? "answer" : "expired" };
  // It is found and ended before anything is asked again.
  assert.equal((await bench.batch()).ended, "submitted");
  const rows = await bench.rows("state", "note");
  const [{ state, note }, ...others] = rows as [Record<string, string>];
  assert.deepEqual([state, others, server.jobs.length], ["given up, submitted", [], 1]);
  assert.match(note!, /asked again when it is known what it has answered/);
  await bench.batch();
  assert.deepEqual(server.jobs.map(({ lines }) => lines.length), [N, N - 2]);
  server.finish(server.jobs[1]!);
  assert.equal((await bench.batch()).ended, "finished");
  // What was booked as lost while nobody knew was not.
  await bench.whole(N);
});

for (const api of PROTOCOLS) {
  Deno.test(`a batch that is cancelled keeps what it has answered; what was not sent is taken back (${api})`, async () => {
    const N = 6;
    await using bench = await Bench.with(`sent_ended_${api}`, N, api);
    const { server, made } = bench;
    server.refusals[api === "openai" ? "upload" : "create"] = { status: 429, times: 1 };
    await bench.batch();
    assert.deepEqual(await made.lab.endBatches(bench.name), { back: N, cancelled: 0, lost: 0 });
    assert.deepEqual(await bench.states(), { planned: N });
    await bench.batch();
    server.onCancel = { fate: (_, index) => index < 2 ? "answer" : "expired" };
    assert.deepEqual(await made.lab.endBatches(bench.name), { back: 0, cancelled: 1, lost: 0 });
    await bench.batch({ limit: 2 });
    assert.deepEqual(await bench.states(), { done: 2, planned: N - 2 });
    await bench.settled();
  });
}

Deno.test("Together's words, wrapper and lists", async () => {
  const N = 3;
  await using bench = await Bench.with("sent_together", N, "together");
  const { server } = bench;
  server.refusals.create = { status: 502, times: 1 };
  await bench.batch();
  // It knows no metadata: by its file it is known again.
  server.made("file-1");
  await bench.batch();
  assert.deepEqual(await bench.rows("state", "word"), [{
    state: "submitted",
    word: "VALIDATING",
  }]);
  server.finish(server.jobs[0]!);
  await bench.batch();
  await bench.whole(N);
});

Deno.test("Anthropic's: chat completions there and back, half the price, and the key to its server only", async () => {
  const N = 5, KEY = "BATCH_TEST_KEY";
  Deno.env.set(KEY, "sk-ant-never-shown");
  try {
    const more = { batch: { api: "anthropic" }, key: KEY, temperature: 1.5 } as const;
    await using bench = await Bench.with("sent_messages", N, "anthropic", more);
    const { server, made } = bench;
    server.key = "sk-ant-never-shown";
    const { plan } = await made.lab.planned(bench.name);
    const [single, cheap] = [
      await made.lab.estimate(plan),
      await made.lab.estimate(plan, { batch: true }),
    ].map((costs) => costs.toRecords().at(-1)!.usd_most as number);
    assert.equal(cheap, single! / 2);
    assert.equal((await bench.batch()).ended, "submitted");
    assert.deepEqual([server.seen.upload, server.seen.create, server.seen.list], [
      undefined,
      1,
      undefined,
    ]);
    const [job] = server.jobs;
    server.finish(job!, { output: shuffled });
    assert.equal((await bench.batch()).ended, "finished");
    await bench.whole(N);
    const lines = new Map(job!.lines.map((line) => [nameOf(line.custom_id), line]));
    const stored = await made.rows(`
      select q.sent, q.reply, l.custom_id
      from administrations a join requests q using (work) join batch_lines l using (work)`);
    assert.equal(stored.length, N);
    for (const { sent, reply, custom_id } of stored) {
      const line = lines.get(nameOf(custom_id as string))!,
        { usage, line: answer } = answerTo(line);
      // Asked as its endpoint for chat completions would have made it; kept as it was put together.
      const { model, messages, max_tokens, ...others } = JSON.parse(sent as string);
      assert.deepEqual(line.body, { model, max_tokens, temperature: 1, messages });
      assert.deepEqual(others, { temperature: 1.5, response_format: { type: "json_object" } });
      const { id, choices } = answer.response.body;
      assert.deepEqual(JSON.parse(reply as string), {
        id,
        object: "chat.completion",
        model: "stand-in",
        choices,
        usage: {
          prompt_tokens: usage.input,
          completion_tokens: usage.output,
          total_tokens: usage.input + usage.output,
        },
      });
    }
    const [raw] = await made.rows("select name, bytes, sha256 from batch_files");
    const came = server.files.get(`${job!.id}-output`)!;
    assert.deepEqual(raw, {
      name: "output",
      bytes: came.length,
      sha256: createHash("sha256").update(came).digest("hex"),
    });
  } finally {
    Deno.env.delete(KEY);
  }
});

Deno.test("Anthropic's: killed while it is sent, it is sent once, and found by its results", async () => {
  const N = 4;
  await using bench = await Bench.with("sent_unnamed", N, "anthropic");
  const { made, server } = bench;
  await using kills = new Kills(bench);
  const note = async () => (await bench.rows("note"))[0]!.note as string;
  const later = () => made.sql`update batches set submitting = now() - interval '6 minutes'`;
  await kills.at("submitting", "batches", "update", reaching("submitting"));
  assert.equal(server.jobs.length, 0);
  await bench.batch();
  assert.match(await note(), /the provider does not list it: it is made again/);
  assert.equal(server.seen.create, undefined);
  await later();
  const create = Promise.withResolvers<void>();
  server.holds.create = create.promise;
  await kills.when("sent", () => until("a batch", () => server.jobs.length > 0));
  create.resolve();
  const [mine] = server.jobs;
  // Others have sent as many since, and others more: of the latter nobody waits for an end.
  const other = (n: number) =>
    server.asked(Array.from({ length: n }, (_, index) => ({
      custom_id: `others-${index}`,
      params: { model: "m", max_tokens: 1, messages: [{ role: "user", content: "?" }] },
    })));
  const foreign = other(N);
  other(N + 1);
  await later();
  for (const ends of [mine, foreign]) {
    await bench.batch();
    const [one] = await bench.rows("state", "note") as [Record<string, string>];
    assert.equal(one.state, "submitting");
    assert.match(one.note!, new RegExp(`nobody knows .*${ends!.id}.* may be it`));
    server.finish(ends!, ends === mine ? {} : { fate: () => "expired" });
  }
  await kills.at("found", "batches", "update", reaching("submitted"));
  assert.deepEqual(await bench.rows("state"), [{ state: "submitting" }]);
  const { ended, done, stored } = await kills.last();
  assert.deepEqual([ended, done, stored], ["finished", N, N]);
  assert.deepEqual([server.seen.create, server.jobs.length], [1, 3]);
  await bench.whole(N);
  console.log(`killed: ${kills.where.join(", ")}`);
});

Deno.test("Anthropic's: made twice, both are booked; given up while nobody knew, its late answers are kept", async () => {
  const N = 3;
  await using bench = await Bench.with("sent_unheard", N, "anthropic");
  const { server } = bench;
  server.unheard = 1;
  await bench.batch();
  const [first] = server.jobs, second = server.made(first!.file);
  for (const job of [first!, second]) server.finish(job);
  const notes: string[] = [];
  assert.equal((await bench.batch({ onNote: (note) => notes.push(note) })).ended, "finished");
  assert.deepEqual(notes, [`batch 1: it was made twice, and ${second.id} has ended`]);
  assert.deepEqual([server.seen.create, server.seen.cancel], [1, undefined]);
  assert.deepEqual(await bench.states(), { done: N });
  assert.equal(server.charged.calls, 2 * N);
  await bench.settled();

  await using doubt = await Bench.with("sent_unheard_late", N, "anthropic");
  doubt.server.unheard = 1;
  await doubt.batch();
  assert.deepEqual(await doubt.made.lab.endBatches(doubt.name), { back: 0, cancelled: 0, lost: 1 });
  // Somebody has said so: it is asked again.
  await doubt.batch();
  const [late, again] = doubt.server.jobs;
  assert.deepEqual([late!.lines.length, again!.lines.length], [N, N]);
  doubt.server.finish(late!);
  assert.equal((await doubt.batch()).ended, "submitted");
  assert.deepEqual((await doubt.rows("state", "answered")).map(Object.values), [
    ["given up, closed", N],
    ["submitted", 0],
  ]);
  doubt.server.finish(again!);
  assert.equal((await doubt.batch()).ended, "finished");
  assert.deepEqual(await doubt.states(), { done: N });
  assert.equal(doubt.server.charged.calls, 2 * N);
  await doubt.settled();
});

Deno.test("it waits until all has come, alone, and asks once more what was of no use", async () => {
  const N = 4;
  await using bench = await Bench.with("sent_wait", N);
  const { server, made } = bench;
  const notes: string[] = [];
  const waiting = bench.batch({ wait: true, poll: 0.05, onNote: (note) => notes.push(note) });
  await until("a batch", () => server.jobs.length === 1);
  await assert.rejects(bench.batch(), /Another process looks after the batches of run/);
  server.refusals.retrieve = { status: 500, times: 3 };
  await until("a note", () => notes.length > 0);
  server.finish(server.jobs[0]!, { fate: (_, index) => index ? "answer" : 429 });
  await until("the rest", () => server.jobs.length === 2);
  assert.equal(server.jobs[1]!.lines.length, 1);
  server.finish(server.jobs[1]!);
  const end = await waiting;
  assert.equal(end.ended, "finished");
  // Said once, however often it is so.
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /^batch 1: own .*it failed \(500/);
  assert.deepEqual(await bench.states(), { done: N });
  const { calls } = await bench.booked();
  assert.deepEqual([calls, server.charged.calls], [N + 1, N]);
  // Asked to stop, it does.
  await made.sql`
    update work set state = 'planned' where work = (select max(work) from work)`;
  await made.sql`delete from requests where work = (select max(work) from work)`;
  const stopping = bench.batch({ wait: true, poll: 0.05 });
  await until("another", () => server.jobs.length === 3);
  await made.lab.stop(bench.name);
  assert.equal((await stopping).ended, "stopped");
});

Deno.test("a budget holds over what was sent, and frees what was not charged", async () => {
  const N = 10;
  await using bench = await Bench.with("sent_budget", N);
  const { server } = bench;
  await bench.batch({ budget: { calls: 4 } });
  assert.equal(server.jobs[0]!.lines.length, 4);
  await bench.batch();
  assert.equal(server.jobs.length, 1);
  server.finish(server.jobs[0]!, {
    status: "expired",
    fate: (_, at) => at < 1 ? "answer" : "expired",
  });
  await bench.batch();
  assert.equal(server.jobs[1]!.lines.length, 3);
  server.finish(server.jobs[1]!);
  assert.equal((await bench.batch()).ended, "budget spent");
  assert.deepEqual(await bench.states(), { done: 4, planned: N - 4 });
  await bench.settled();
});

Deno.test("a model that nobody asks in batches is refused before anything is handed over", async () => {
  await using bench = await Bench.with("sent_none", 2, "openai", { batch: {} });
  await assert.rejects(
    bench.batch(),
    /own cannot be asked in batches: .*"batch": \{"api": "openai"\}/,
  );
  assert.deepEqual(await bench.states(), { planned: 2 });
  const more = { batch: { api: "anthropic" }, more: { top_k: 5 } } as const;
  await using own = await Bench.with("sent_top_k", 2, "anthropic", more);
  await assert.rejects(
    own.batch(),
    /own \(.*“top_k” of its requests cannot be asked in Anthropic's batches: change "top_k" of "more"/,
  );
  assert.deepEqual([await own.states(), own.server.seen], [{ planned: 2 }, {}]);
});
