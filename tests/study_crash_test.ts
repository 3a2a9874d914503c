/** Runs that are killed, shared, held up, and whose database goes away: nothing is lost or bought twice. */
import assert from "node:assert/strict";
import { embedded } from "lib/db.ts";
import { seeded } from "lib/random.ts";
import { RunError } from "lib/study.ts";
import { reap } from "lib/study/queue.ts";
import { atNight, nightly, until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { booked, toAnswer, whole } from "./answering.ts";
import { type Made, Process, ServerProcess } from "./study_worker.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is stored of the administrations: key, hash of what was sent, reply. */
const stored = (made: Made) =>
  made.rows(`
    select q.key, encode(sha256(convert_to(q.sent, 'UTF8')), 'hex') as body, md5(q.reply) as reply
    from requests q join runs r using (run) where r.kind = 'administrations'`) as Promise<
    { key: string; body: string; reply: string }[]
  >;

/** Waits until the processes that were killed have no connection any more. */
const alone = (made: Made, own: number) =>
  until("killed connections", async () =>
    await made.value(`
      select count(*) from pg_stat_activity
      where application_name = 'persona-audit' and datname = current_database()`) === own);

Deno.test("administrations survive many kills: none lost, none twice, none bought again", async () => {
  const [N, KILLS] = nightly ? [3000, 25] : [600, 4];
  const CALLS = 64;
  const began = performance.now();
  await using server = await ServerProcess.started("--latency", "6", "--seed", "7");
  const { made, run } = await toAnswer("crash_kills", N, server.url, CALLS);
  await using _ = made;
  await made.lab.close();
  const own = await made.value(`
    select count(*) from pg_stat_activity
    where application_name = 'persona-audit' and datname = current_database()`) as number;
  const random = seeded("kills");
  const setUp = performance.now();

  const spawn = () => new Process("crash_kills", run);
  const waiting = [spawn(), spawn()];
  /** Bodies whose replies were stored at some kill, and how often they had been answered then. */
  const settled = new Map<string, { answered: number; key: string; reply: string }>();
  let unsettled = 0, lost = 0, idle = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = waiting.shift()!;
    waiting.push(spawn());
    await worker.ready();
    const before = (await server.count()).requests;
    await worker.go();
    // Some die while they begin, the others when the server has heard so much more of them.
    if (random.uniform() < 0.2) await pause(random.uniform() * 400);
    else {
      const heard = 1 + random.int(120);
      await until(
        "calls",
        async () => worker.over || (await server.count()).requests >= before + heard,
      );
      await pause(random.uniform() * 10);
    }
    assert.ok(await worker.killed(), `worker ${kill} ended before it was killed`);
    const count = await server.quiet();
    await alone(made, own);
    if (count.requests === before) idle++;
    for (const [body, { answered }] of settled) {
      assert.equal(count.bodies[body], answered, "a stored reply was bought again");
    }
    const now = await stored(made);
    lost += count.requests - before - (now.length - settled.size);
    for (const { body, key, reply } of now) {
      settled.set(body, { answered: count.bodies[body]!, key, reply });
    }
    unsettled += await made.value(`
      select count(*) from work w join requests q using (work) where w.state = 'claimed'`) as number;
  }
  const killed = performance.now();

  const last = waiting.shift()!;
  await last.ready();
  await last.go();
  const { ended, done, failed } = await last.ended();
  assert.deepEqual([ended, failed], ["finished", {}]);
  for (const worker of waiting) await worker.killed();

  const count = await server.quiet();
  const now = await stored(made);
  assert.equal(now.length, N);
  assert.equal(new Set(now.map(({ key }) => key)).size, N);
  assert.equal(new Set(now.map(({ body }) => body)).size, N);
  const final = new Map(now.map((row) => [row.body, row]));
  for (const [body, { answered, key, reply }] of settled) {
    assert.deepEqual(final.get(body), { body, key, reply });
    assert.equal(count.bodies[body], answered, "a stored reply was bought again");
  }
  await whole(made, N);

  // A kill costs what is in flight and what has come in and waits to be stored: no more than a process
  // claims ahead, which is half as much again as may be in flight.
  const most = 1.5 * KILLS * CALLS;
  const again = count.answered - N;
  assert.ok(again <= most, `${again} calls were made again`);
  const sum = await booked(made);
  assert.ok(sum.calls + sum.lost_calls >= count.requests);
  assert.ok(sum.tokens + sum.lost_tokens >= count.charged.input + count.charged.output);
  const charged = (count.charged.input + 2 * count.charged.output) / 1e6;
  assert.ok(sum.usd + sum.lost_usd >= charged - 1e-9);
  assert.deepEqual([sum.calls, sum.tokens], [sum.attempts, sum.reply_tokens]);
  assert.ok(Math.abs(sum.usd - sum.reply_usd) < 1e-9);
  assert.ok(sum.lost_calls <= most);
  const s = (ms: number) => (ms / 1000).toFixed(1);
  console.log(
    `${KILLS} kills (${idle} before a first call): ${count.requests} calls for ${N} sheets, ` +
      `${again} asked again (${lost} replies lost on the way, ${unsettled} stored but not settled at ` +
      `a kill); booked ${sum.calls} + ${sum.lost_calls} lost calls, ` +
      `${sum.usd.toFixed(4)} + ${sum.lost_usd.toFixed(4)} USD for ${charged.toFixed(4)} charged; ` +
      `the last process did ${done}; peak ${count.peak} in flight; ` +
      `${s(setUp - began)} s set-up, ${s(killed - setUp)} s killing, ` +
      `${s(performance.now() - killed)} s to the end`,
  );
});

Deno.test("three processes share a run: each sheet once, each of them did some", async () => {
  const N = 1200;
  await using server = await ServerProcess.started("--latency", "30", "--seed", "8");
  const { made, run } = await toAnswer("crash_three", N, server.url, 20);
  await using _ = made;
  await using first = new Process("crash_three", run);
  await using second = new Process("crash_three", run);
  await using third = new Process("crash_three", run);
  const three = [first, second, third];
  for (const one of three) await one.ready();
  await Promise.all(three.map((one) => one.go()));
  const ends = await Promise.all(three.map((one) => one.ended()));
  const count = await server.quiet();
  assert.deepEqual([count.requests, count.repeated], [N, 0]);
  assert.deepEqual(ends.map(({ ended }) => ended), ["finished", "finished", "finished"]);
  assert.equal(ends.reduce((sum, { done }) => sum + done, 0), N);
  for (const { done, calls } of ends) assert.ok(done > 0 && calls === done, `${done} of ${N}`);
  await whole(made, N);
  const { calls, lost_calls, attempts } = await booked(made);
  assert.deepEqual([calls, lost_calls, attempts], [N, 0, N]);
  console.log(`three processes did ${ends.map(({ done }) => done).join(", ")}`);
});

atNight(
  "a process whose lease ends while it sleeps stores nothing twice and all is paid",
  async () => {
    const N = 200, CALLS = 8;
    await using server = await ServerProcess.started("--latency", "60", "--seed", "9");
    const { made, run } = await toAnswer("crash_sleep", N, server.url, CALLS);
    await using _ = made;
    await using sleeper = new Process("crash_sleep", run, { lease: 5 });
    await using other = new Process("crash_sleep", run);
    await sleeper.ready();
    await other.ready();
    await sleeper.go();
    await until("some calls", async () => (await server.count()).requests >= 3 * CALLS);
    sleeper.signal("SIGSTOP");
    const over = `
    select bool_and(lease < now()) from workers join runs using (run)
    where kind = 'administrations'`;
    await until("the end of the lease", async () => await made.value(over) === true);
    const held = await made.value("select count(*) from work where state = 'claimed'");
    const { requests: asked } = await server.count();
    const kept = await made.value(
      "select count(*)::int from requests join runs using (run) where kind = 'administrations'",
    ) as number;
    await other.go();
    // The other one has done all that the sleeper had claimed.
    await until(
      "the other's work",
      async () => (await made.value("select count(*) from administrations") as number) >= N / 2,
    );
    sleeper.signal("SIGCONT");
    const ends = await Promise.all([sleeper.ended(), other.ended()]);
    const count = await server.quiet();
    await whole(made, N);
    // What was asked and not kept was asked twice; what was kept, or only claimed, was not.
    const twice = count.requests - N;
    assert.ok(
      twice <= asked - kept,
      `${twice} calls were made twice, ${asked - kept} were not kept`,
    );
    const sum = await booked(made);
    assert.equal(sum.attempts, N);
    assert.ok(sum.calls + sum.lost_calls >= count.requests);
    assert.ok(sum.calls >= count.answered, `booked ${sum.calls} calls of ${count.answered}`);
    const charged = count.charged.input + count.charged.output;
    assert.ok(sum.tokens >= charged, `booked ${sum.tokens} tokens of ${charged}`);
    console.log(
      `asleep with ${held} claimed: ${twice} asked twice; booked ${sum.calls} calls (and ` +
        `${sum.lost_calls} as lost) of ${count.requests}; the two did ` +
        ends.map(({ done }) => done).join(" and "),
    );
  },
);

Deno.test("what a process claims again while it waits for the reply is not asked again", async () => {
  const N = 40, CALLS = 8, FIRST = 3;
  const some = Promise.withResolvers<void>(), rest = Promise.withResolvers<void>();
  let asked = 0;
  const server = provider({
    // One reply is measured before others are asked for.
    answer: () => ++asked === 1 ? {} : { after: asked <= 1 + FIRST ? some.promise : rest.promise },
    keep: false,
  });
  const { made, run } = await toAnswer("crash_again", N, server.url, CALLS);
  await using _ = made;
  try {
    const running = made.lab.run(run);
    await until("calls", () => asked === 1 + CALLS);
    const [id] = await made.sql<{ run: number }[]>`select run from runs where name = ${run}`;
    // Taken for dead: all that it had claimed is planned again, or lost money.
    await made.sql`update workers set lease = '-infinity' where run = ${id!.run}`;
    await reap(made.sql, id!.run);
    assert.equal(await made.value("select count(*) from work where state = 'claimed'"), 0);
    some.resolve();
    const again = `
      select count(*) from work w where state = 'claimed' and not exists (
        select from requests q where q.work = w.work)`;
    await until("work claimed again", async () => await made.value(again) as number >= FIRST);
    await pause(300);
    rest.resolve();
    const ended = await running;
    assert.deepEqual([ended.ended, ended.done, ended.failed], ["finished", N, {}]);
    const { requests, repeated } = server.tally();
    assert.deepEqual([requests, repeated], [N, 0]);
    await whole(made, N);
  } finally {
    rest.resolve();
    await server.close();
  }
});

/** A transaction that holds a lock until it is let go, or its `using` block ends. */
class Lock implements AsyncDisposable {
  readonly #free = Promise.withResolvers<void>();
  #held: Promise<unknown> = Promise.resolve();

  static async taken(made: Made, statement: string): Promise<Lock> {
    const lock = new Lock();
    const taken = Promise.withResolvers<void>();
    lock.#held = made.sql.begin(async (sql) => {
      await sql.unsafe(statement);
      taken.resolve();
      await lock.#free.promise;
    });
    await taken.promise;
    return lock;
  }

  async let(): Promise<void> {
    this.#free.resolve();
    await this.#held;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.let();
  }
}

atNight("a process that falls asleep while it asks for budget holds nobody up", async () => {
  const N = 80;
  await using server = await ServerProcess.started("--latency", "10", "--seed", "10");
  const { made, run } = await toAnswer("crash_held", N, server.url, 8);
  await using _ = made;
  await using sleeper = new Process("crash_held", run, { lease: 5 });
  await using other = new Process("crash_held", run);
  await sleeper.ready();
  await other.ready();
  const waits = (words: string) =>
    until(`a lock: ${words}`, async () =>
      await made.value(`
        select count(*) > 0 from pg_stat_activity
        where wait_event_type = 'Lock' and query ~ '${words}'`) === true);
  {
    // Held up at its first claim, and then where it asks for budget.
    await using claims = await Lock.taken(made, "lock table work in share mode");
    await sleeper.go();
    await waits("update work");
    await using budget = await Lock.taken(
      made,
      `select from runs where name = '${run}' for no key update`,
    );
    await claims.let();
    await waits("hold[(]|no key update");
    sleeper.signal("SIGSTOP");
    await budget.let();
  }
  await other.go();
  await until(
    "the other's work",
    async () => await made.value("select count(*) from administrations") === N,
  );
  sleeper.signal("SIGCONT");
  const ends = await Promise.all([sleeper.ended(), other.ended()]);
  assert.deepEqual(ends.map(({ ended }) => ended), ["finished", "finished"]);
  const { requests } = await server.quiet();
  assert.equal(requests, N);
  await whole(made, N);
});

atNight("connections that are cut in the middle of a run lose no reply", async () => {
  const N = 600, CALLS = 32, CUTS = 6;
  const server = provider({ answer: () => ({ latency: 100 }), keep: false });
  const { made, run } = await toAnswer("crash_cut", N, server.url, CALLS);
  await using _ = made;
  const random = seeded("cuts");
  let cuts = 0, errors = 0;
  try {
    for (let ended = false; !ended;) {
      const began = server.tally().requests;
      let over = false;
      const running = made.lab.run(run).then(() => null, (error: unknown) => error)
        .finally(() => (over = true));
      for (; cuts < CUTS && !over; cuts++) {
        const before = server.tally().requests;
        await until("calls", () => over || server.tally().requests > Math.max(before, began));
        await pause(random.uniform() * 150);
        if (over) break;
        await made.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'persona-audit' and datname = current_database()
            and pid <> pg_backend_pid()`;
      }
      const error = await running;
      ended = error === null;
      if (error !== null) {
        // Before anything was asked it is the database's own error.
        assert.ok(error instanceof RunError || server.tally().requests === began, `${error}`);
        errors++;
      }
      const { answered } = server.tally();
      assert.equal((await stored(made)).length, answered, "a reply in flight was lost");
    }
    const { requests, repeated } = server.tally();
    assert.deepEqual([requests, repeated], [N, 0]);
    await whole(made, N);
    console.log(`${cuts} cuts, ${errors} of them ended the run; no call was made twice`);
  } finally {
    await server.close();
  }
});

Deno.test("PostgreSQL restarted in the middle of a run: replies in flight wait for it", async () => {
  const N = 200, CALLS = 32;
  const server = provider({ answer: () => ({ latency: 200 }), keep: false });
  const { made, run } = await toAnswer("crash_restart", N, server.url, CALLS);
  await using _ = made;
  try {
    const running = made.lab.run(run).then(() => null, (error: unknown) => error);
    await until("calls", () => server.tally().requests >= 2 * CALLS);
    await embedded.stop();
    await pause(300);
    await embedded.start();
    const error = await running;
    assert.ok(error === null || error instanceof RunError, `${error}`);
    assert.equal((await stored(made)).length, server.tally().answered);
    assert.equal((await made.lab.run(run)).ended, "finished");
    const { requests, repeated } = server.tally();
    assert.deepEqual([requests, repeated], [N, 0]);
    await whole(made, N);
  } finally {
    await server.close();
  }
});
