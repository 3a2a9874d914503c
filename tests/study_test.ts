/** Studies against a local server: budgets, stopping, failures, orders, parsing again, files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl from "polars";
import { withRules } from "lib/cleaning.ts";
import { migrate } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { CallError, live, type Model, model, recorded, requestKey, type Travel } from "lib/llm.ts";
import { editPrompt, profileTable, shippedPrompt } from "lib/prompts.ts";
import { administrations, openStudy, personas, type Plan, RunError } from "lib/study.ts";
import { until } from "./command.ts";
import { as, dropped, restored, SMALL } from "./data.ts";
import {
  type Answer,
  type Asked,
  type Behaviour,
  provider,
  type Server,
  standIn,
} from "./llm_server.ts";
import { Folder } from "./made.ts";
import { Made, Process, profiles, served } from "./study_worker.ts";

/** A study of made profiles with its simulated personas, and a server that answers as them. */
class Bench implements AsyncDisposable {
  private constructor(readonly made: Made, readonly server: Server) {}

  static async with(
    schema: string,
    from: Parameters<typeof Made.with>[1],
    answer?: Answer,
    { written = true } = {},
  ): Promise<Bench> {
    const made = await Made.with(schema, from);
    if (written) {
      const plan = personas({ models: [model("simulated")], conditions: ["Base"] });
      await made.lab.run(await made.lab.register(plan));
    }
    return new Bench(made, provider(answer ? { answer } : {}));
  }

  model(calls: number, more: Partial<Model> = {}): Model {
    return served(this.server.url, calls, more);
  }

  /** Registers a plan of sheets that the server answers. */
  async sheets(calls: number, more: Partial<Parameters<typeof administrations>[0]> = {}) {
    return await this.made.lab.register(
      administrations({ instrument: epqra, models: [this.model(calls)], ...more }),
    );
  }

  /** Counts of work by state. */
  async states(run: string): Promise<Record<string, number>> {
    const rows = await this.made.rows(`
      select state, count(*) from work join runs using (run) where name = '${run}' group by state`);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  /** Why work failed, with counts. */
  async reasons(run: string): Promise<Record<string, number>> {
    const rows = await this.made.rows(`
      select reason, count(*) from work join runs using (run)
      where name = '${run}' and state = 'failed' group by reason`);
    return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.made[Symbol.asyncDispose]();
    await dropped(this.made.schema);
    await this.server.close();
  }
}

const FREE = { budget: { calls: 100_000 } };

const messagesOf = ({ body }: Pick<Asked, "body">): { role: string; content: string }[] =>
  JSON.parse(body).messages;

/** A whole reply to a persona prompt. */
const written = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    name: "Ana Baker",
    age: 34,
    gender: "Female",
    sexual_orientation: "Heterosexual",
    race: "White",
    ethnicity: "European",
    religious_belief: "Agnostic",
    occupation: "Teacher",
    political_orientation: "Progressive",
    location: "Chicago",
    description: "She teaches, reads and walks.",
    ...more,
  });

/** A sheet of one answer, without some items. */
const sheet = (word: string, without: readonly number[] = []): string =>
  JSON.stringify({
    ...Object.fromEntries(
      epqra.items.filter(({ number }) => !without.includes(number))
        .map(({ number }) => [number, word]),
    ),
    explanation: "So I am.",
  });

for (const kind of ["calls", "tokens", "usd"] as const) {
  Deno.test(`a budget of ${kind} stops two processes, and the run goes on when it is raised`, async () => {
    const schema = `study_budget_${kind}`;
    await using bench = await Bench.with(schema, 30, () => ({ latency: 20 }));
    const { made: { lab, sql }, server } = bench;
    const run = await bench.sheets(4, { repetitions: 2 });
    const charged = () => {
      const { requests, charged: { input, output } } = server.tally();
      return { calls: requests, tokens: input + output, usd: (input + 2 * output) / 1e6 }[kind];
    };
    const budget = { calls: 20, tokens: 20_000, usd: 0.02 }[kind];
    await sql`update runs set ${sql(`budget_${kind}`)} = ${budget} where name = ${run}`;
    await using one = new Process(schema, run);
    await using other = new Process(schema, run);
    await Promise.all([one.ready(), other.ready()]);
    await Promise.all([one.go(), other.go()]);
    const ends = await Promise.all([one.ended(), other.ended()]);
    assert.deepEqual(ends.map(({ ended }) => ended), ["budget spent", "budget spent"]);
    assert.ok(charged() <= budget, `${charged()} of ${budget}`);
    // What is left is less than one more call may take: 600 tokens of reply and the prompt.
    const most = { calls: 0, tokens: 2000, usd: 0.0026 }[kind];
    assert.ok(charged() >= budget - most, `${charged()} of ${budget}`);
    const made = (await bench.states(run)).done!;
    assert.equal(made, server.tally().answered);
    assert.deepEqual(await bench.states(run), { done: made, planned: 60 - made });

    const { ended } = await lab.run(run, { budget: { [kind]: 1e6 } });
    assert.equal(ended, "finished");
    assert.deepEqual(await bench.states(run), { done: 60 });
    const keys = await bench.made.value(`
      select count(distinct key) from requests join runs using (run) where name = '${run}'`);
    assert.deepEqual([server.tally().requests, keys], [60, 60]);
    const booked = await bench.made.value(`select ${kind} from runs where name = '${run}'`);
    assert.ok(Math.abs(booked as number - charged()) < 1e-9);
  });
}

Deno.test("a model that costs money needs a budget, one in USD a price; refusals ask nothing", async () => {
  await using bench = await Bench.with("study_prices", 2);
  const { made: { lab }, server } = bench;
  const run = await bench.sheets(2);
  const unpriced = await bench.sheets(2, {
    models: [bench.model(2, { id: "bare", label: "Bare", max_tokens: 601, price: null })],
  });
  await assert.rejects(
    () => lab.run(run),
    /^Error: Run \S+ asks own, which may cost money, and has no budget: look at the estimate/,
  );
  await assert.rejects(() => lab.run(unpriced), /asks bare, which may cost money/);
  await assert.rejects(
    () => lab.run(unpriced, { budget: { usd: 1, calls: 9 } }),
    /the price of bare is unknown: add to its entry in dataset\/models\.local\.json "price": \{/,
  );
  for (const usd of [-1, NaN]) {
    await assert.rejects(() => lab.run(run, { budget: { usd } }), RangeError);
  }
  assert.equal(server.tally().requests, 0);
  const { ended } = await lab.run(run, { budget: { usd: 0 } });
  assert.deepEqual([ended, server.tally().requests], ["budget spent", 0]);
  // A budget takes the place of the one before: the 0 USD no longer hold.
  const some = await lab.run(run, { budget: { calls: 1 } });
  assert.deepEqual([some.ended, server.tally().requests], ["budget spent", 1]);
  assert.equal((await lab.run(run, { budget: { usd: 1 } })).ended, "finished");
  // The refused budget in USD was not kept.
  assert.equal((await lab.run(unpriced, { budget: { tokens: 100_000 } })).ended, "finished");
});

Deno.test("a limit, a signal and stop() end a run when what is in flight has come in", async () => {
  /** Calls that come while it is set are answered when it is fulfilled. */
  let held: Promise<void> | undefined;
  await using bench = await Bench.with(
    "study_stop",
    120,
    () => held ? { after: held } : { latency: 50 },
  );
  const { made: { lab }, server } = bench;
  const run = await bench.sheets(8);
  const limited = await lab.run(run, { ...FREE, limit: 5 });
  assert.deepEqual([limited.ended, limited.done, limited.calls], ["limit reached", 5, 5]);
  assert.equal(server.tally().requests, 5);

  const controller = new AbortController();
  const first = lab.run(run, { signal: controller.signal });
  await until("calls", () => server.tally().requests >= 20);
  const asked = server.tally().requests;
  controller.abort();
  const stopped = await first;
  assert.equal(stopped.ended, "stopped");
  // A call whose turn had come when the signal did may still be made.
  assert.ok(server.tally().requests <= asked + 8);
  assert.deepEqual(await bench.states(run), {
    done: server.tally().answered,
    planned: 120 - server.tally().answered,
  });
  const early = await lab.run(run, { signal: AbortSignal.abort() });
  assert.deepEqual([early.ended, early.calls], ["stopped", 0]);

  const other = await openStudy({ schema: "study_stop" });
  const second = lab.run(run);
  const before = server.tally().requests;
  await until("calls", () => server.tally().requests >= before + 10);
  const gate = Promise.withResolvers<void>();
  held = gate.promise;
  await other.stop(run);
  await other.close();
  const heard = server.tally().requests;
  gate.resolve();
  held = undefined;
  assert.equal((await second).ended, "stopped");
  const after = server.tally().requests - heard;
  assert.ok(after <= 16, `${after} calls after stop()`);
  assert.equal((await lab.status()).getColumn("stopping").get(1), "yes");

  assert.equal((await lab.run(run)).ended, "finished");
  assert.deepEqual([server.tally().requests, server.tally().repeated], [120, 0]);
  assert.deepEqual(await bench.states(run), { done: 120 });
});

Deno.test("a refused key stops a run at once: one line, nothing failed, all planned again", async () => {
  let refusing = true;
  await using bench = await Bench.with(
    "study_refused",
    40,
    () => refusing ? { status: 401, code: "invalid_api_key", message: "No\nway" } : {},
  );
  const { made: { lab }, server } = bench;
  const run = await bench.sheets(4);
  await assert.rejects(() => lab.run(run, FREE), (error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /^own \(stand-in, http:.*\): it refused the key \(401/);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
  assert.ok(server.tally().requests <= 8, `${server.tally().requests} calls`);
  assert.deepEqual(await bench.states(run), { planned: 40 });
  const [{ calls, lost }] = await bench.made.rows(`
    select calls, lost_calls + lost_tokens + lost_usd as lost from runs where name = '${run}'`) as [
    Record<string, number>,
  ];
  assert.deepEqual([calls, lost], [server.tally().requests, 0]);
  refusing = false;
  assert.equal((await lab.run(run)).done, 40);
});

/** The description that stands in an administration prompt's system message. */
const about = async (bench: Bench): Promise<string[]> =>
  (await bench.made.rows("select description from personas order by ref_personality_id"))
    .map(({ description }) => description as string);

Deno.test("work whose calls fail is tried three times, then failed; retryFailed asks again", async () => {
  let broken: string[] = [];
  await using bench = await Bench.with(
    "study_tries",
    12,
    ({ system }) =>
      broken.some((text) => system.includes(text))
        ? { status: 500, message: "oops", headers: { "retry-after-ms": "1" } }
        : {},
  );
  const { made: { lab }, server } = bench;
  broken = (await about(bench)).slice(3, 5);
  const run = await bench.sheets(4);
  const { done, failed } = await lab.run(run, FREE);
  assert.deepEqual([done, failed], [10, { unavailable: 2 }]);
  assert.deepEqual(await bench.reasons(run), { unavailable: 2 });
  // Three tries of one call and its five retries.
  const statuses = () => server.tally().statuses;
  assert.deepEqual(statuses(), { 200: 10, 500: 2 * 3 * 6 });
  assert.equal(await bench.made.value(`select calls from runs where name = '${run}'`), 10 + 36);
  assert.equal((await lab.run(run)).calls, 0);

  broken = [];
  assert.equal(await lab.retryFailed(run, "no such reason"), 0);
  assert.equal(await lab.retryFailed(run, "unavail"), 2);
  assert.equal((await lab.run(run)).done, 2);
  assert.deepEqual(await bench.states(run), { done: 12 });
  assert.equal(statuses()[200], 12);
});

Deno.test("what a provider may have charged without answering is lost money, a busy one is not", async () => {
  let first: Behaviour = {};
  await using bench = await Bench.with("study_lost", 6, ({ times }) => times === 1 ? first : {});
  const { lab } = bench.made;
  const booked = async (seed: number, behaviour: Behaviour) => {
    first = behaviour;
    const models = [bench.model(6, { timeout_seconds: 20 })];
    const more = { models, seed, variant: `v${seed}`, items: "shuffled" } as const;
    const run = await bench.sheets(6, more);
    assert.equal((await lab.run(run, FREE)).done, 6);
    const [row] = await bench.made.rows(`
      select calls, usd, lost_calls, lost_tokens, lost_usd from runs where name = '${run}'`);
    return row as Record<string, number>;
  };
  const busy = await booked(1, { status: 503, headers: { "retry-after-ms": "1" } });
  assert.deepEqual([busy.calls, busy.lost_calls, busy.lost_usd], [12, 0, 0]);
  assert.ok(busy.usd! > 0);
  // A server that failed may have been at work.
  const failed = await booked(3, { status: 500, headers: { "retry-after-ms": "1" } });
  assert.equal(failed.calls, 12);
  assert.ok(failed.lost_usd! >= failed.usd! / 2, `${failed.lost_usd} lost, ${failed.usd} paid`);
  // The shuffled order makes other bodies, which the server has not seen.
  const late = await booked(2, { latency: 3_600_000 });
  assert.equal(late.calls, 12);
  assert.ok(late.lost_usd! >= late.usd! / 2, `${late.lost_usd} lost, ${late.usd} paid`);
  assert.ok(late.lost_tokens! > 6 * 600, "a lost call is booked at its most");
});

Deno.test("a stop does not wait until a provider takes calls again", async () => {
  await using bench = await Bench.with(
    "study_waits",
    8,
    () => ({ status: 429, headers: { "retry-after": "600" } }),
  );
  const run = await bench.sheets(4);
  const controller = new AbortController();
  const running = bench.made.lab.run(run, { ...FREE, signal: controller.signal });
  await until("the first refusal", () => bench.server.tally().requests >= 1);
  const began = performance.now();
  controller.abort();
  assert.equal((await running).ended, "stopped");
  // Not the 600 s that the provider asks for.
  assert.ok(performance.now() - began < 300_000);
  assert.deepEqual(await bench.states(run), { planned: 8 });
});

Deno.test("calls that wait for the first reply go on together when it has come", async () => {
  let alone = 0;
  await using bench = await Bench.with("study_begins", 24, (_, count) => {
    if (count === 1) alone = bench.server.tally().inFlight;
    return { latency: 100 };
  });
  const run = await bench.sheets(8, {
    models: [bench.model(8, { concurrency: { start: 16, most: 16 } })],
  });
  assert.equal((await bench.made.lab.run(run, FREE)).done, 24);
  assert.equal(alone, 1);
  // All 24 are there before the first reply: one by one the peak would be 1.
  assert.ok(bench.server.tally().peak > 4, `${bench.server.tally().peak} at a time`);
});

Deno.test("a server that answers nothing stops the run, and most of the work stays planned", async () => {
  await using bench = await Bench.with("study_down", 80, () => ({
    status: 503,
    headers: { "retry-after-ms": "1" },
  }));
  const run = await bench.sheets(2);
  await assert.rejects(
    () => bench.made.lab.run(run, FREE),
    /^RunError: own: \d+ calls in a row failed, the last: .*: run again when it answers$/,
  );
  const { planned = 0, failed = 0, ...others } = await bench.states(run);
  assert.deepEqual([planned + failed, others], [80, {}]);
  assert.ok(planned >= 60, `${planned} of 80 are planned`);
});

Deno.test("a run that is stopped while its calls ask the database gives all of its work back", async () => {
  await using bench = await Bench.with("study_held", 24, () => ({
    status: 503,
    headers: { "retry-after-ms": "1" },
  }));
  const run = await bench.sheets(1, {
    models: [bench.model(24, { concurrency: { start: 24, most: 24 } })],
  });
  for (let round = 1; round <= 3; round++) {
    const controller = new AbortController();
    const before = bench.server.tally().requests;
    const ended = bench.made.lab.run(run, { ...FREE, signal: controller.signal })
      .catch((error: Error) => error);
    await until("calls", () => bench.server.tally().requests >= before + 2 * round);
    // Whoever asks for the next attempt waits, as on a busy machine, while the run is told to stop.
    await as("owner", (sql) =>
      sql.begin(async (sql) => {
        await sql`select from ${sql(bench.made.lab.schema)}.runs for update`;
        await new Promise((resolve) => setTimeout(resolve, 300));
        controller.abort();
        await new Promise((resolve) => setTimeout(resolve, 200));
      }));
    await ended;
    const { claimed = 0 } = await bench.states(run);
    assert.equal(claimed, 0, `round ${round}`);
  }
});

Deno.test("truncated, refused, filtered and empty replies are failures that say so", async () => {
  const does = [
    { finish: "length" },
    { refusal: "I cannot play a person." },
    { finish: "content_filter" },
    { text: "" },
    { raw: "<html>" },
    { text: "I would rather not." },
  ];
  const whose: string[] = [];
  await using bench = await Bench.with(
    "study_useless",
    8,
    ({ system }) => does[whose.findIndex((text) => system.includes(text))] ?? {},
  );
  const { made: { lab }, server } = bench;
  whose.push(...await about(bench));
  const run = await bench.sheets(4);
  const { done } = await lab.run(run, FREE);
  assert.equal(done, 2);
  // Only what brought no reply was asked again: three times, with five more tries each.
  assert.equal(server.tally().requests, 7 + 3 * 6);
  const reasons = (await bench.made.rows(`
    select reason, detail from work join runs using (run)
    where name = '${run}' and reason is not null
    order by profile`)).map(({ reason, detail }) => `${reason} | ${detail}`);
  const expected = [
    /^truncated \| truncated at \d+ tokens$/,
    /^refused \| refused: I cannot play a person\.$/,
    /^filtered \| stopped by the provider's filter/,
    /^empty \| empty reply$/,
    /^no reply \| own \(.*\): it gave no reply \(200: a web page\): check base_url/,
    /^not readable \| no JSON/i,
  ];
  assert.equal(reasons.length, expected.length);
  reasons.forEach((reason, index) => assert.match(reason, expected[index]!));
  // The replies are kept, and asked for anew only on demand.
  assert.equal(
    await bench.made.value("select count(*) from requests where provider = 'openai'"),
    7, // the page is none
  );
  assert.equal(await lab.retryFailed(run), 6);
  does.length = 0;
  assert.equal((await lab.run(run)).done, 6);
  assert.equal(server.tally().requests, 7 + 3 * 6 + 6);
  assert.equal(
    await bench.made.value("select count(*) from requests where provider = 'openai'"),
    13,
  );
});

Deno.test("a persona that does not fit is asked for again with the reason, twice at most", async () => {
  const made = profiles(4);
  const tables = made.map(({ answers }) => profileTable(epqra, answers).table);
  await using bench = await Bench.with("study_again", made, (asked) => {
    const messages = messagesOf(asked);
    const place = tables.findIndex((table) => messages[1]!.content.includes(table));
    const round = (messages.length - 2) / 2;
    if (place === 0) return written(round < 1 ? { age: undefined } : {});
    if (place === 1) return written(round < 2 ? { gender: "", age: "old" } : {});
    if (place === 2) return written({ race: 7 });
    return written();
  }, { written: false });
  const { made: { lab }, server } = bench;
  const run = await lab.register(personas({ models: [bench.model(2)], conditions: ["Base"] }));
  const { done } = await lab.run(run, FREE);
  assert.equal(done, 3);
  assert.deepEqual(await bench.reasons(run), { "not readable": 1 });
  assert.equal(
    await bench.made.value("select detail from work where state = 'failed'"),
    "race must be a text that is not empty, but is 7",
  );
  const heard = (place: number) =>
    server.asked.map(messagesOf).filter((messages) =>
      messages[1]!.content.includes(tables[place]!)
    );
  assert.deepEqual(
    [0, 1, 2, 3].map((place) => heard(place).map(({ length }) => length)),
    [[2, 4], [2, 4, 6], [2, 4, 6], [2]],
  );
  assert.match(heard(0)[1]![3]!.content, /does not fit: age is missing\./);
  assert.equal(heard(0)[1]![2]!.content, written({ age: undefined }));
  assert.match(
    heard(1)[2]![5]!.content,
    /age must be a whole number from 0 to 120.*gender must be/,
  );
  // No more is asked when it runs again, and all that was written is kept.
  assert.equal((await lab.run(run)).calls, 0);
  assert.equal(await bench.made.value("select count(*) from requests"), 2 + 3 + 3 + 1);
});

Deno.test("the original's rule asks up to three times; without it odd sheets are kept and flagged", async () => {
  const whose: string[] = [];
  await using bench = await Bench.with("study_rule", 4, (asked) => {
    const place = whose.findIndex((text) => asked.system.includes(text));
    if (place === 0) return sheet("True");
    if (place === 1) return sheet("False", [2, 24]);
    // Good at the third time.
    if (place === 2 && asked.times % 3) return sheet("False");
    return {};
  });
  const { made: { lab }, server } = bench;
  whose.push(...await about(bench));
  const rule = await bench.sheets(2, { original: true });
  assert.equal((await lab.run(rule, FREE)).done, 2);
  assert.deepEqual(await bench.reasons(rule), {
    "all answers alike (the original's rule)": 1,
    "incomplete sheet (the original's rule)": 1,
  });
  assert.equal(server.tally().requests, 3 + 3 + 3 + 1);
  assert.equal((await lab.reparse(rule)).same, 4);

  const kept = await bench.sheets(2, { coding: "yes/no", variant: "kept" });
  assert.equal((await lab.run(kept, FREE)).done, 4);
  assert.equal(server.tally().requests, 14);
  const sheets = await bench.made.rows(`
    select a.answers, a.flags from administrations a join cells c using (cell)
    join runs r using (run) where r.name = '${kept}' order by a.profile limit 2`);
  assert.deepEqual(sheets[0], { answers: Array(24).fill(1), flags: ["all alike"] });
  const { answers, flags } = sheets[1] as { answers: unknown[]; flags: string[] };
  assert.deepEqual([answers[1], answers[23], answers[0]], [null, null, 0]);
  assert.deepEqual(flags, ["all alike"]);
  const odd = (await lab.quality()).flags.toRecords().map(({ model, flag, n }) => [model, flag, n]);
  assert.deepEqual(odd, [
    [`${model("simulated").label} (by Own model, kept)`, "all alike", 3],
    [`${model("simulated").label} (by Own model, kept)`, "incomplete", 1],
  ]);
  const [flow] = (await lab.quality()).flow.toRecords().slice(-1);
  assert.deepEqual([flow!.answered, flow!.stored, flow!.complete], [4, 4, 3]);
});

Deno.test("recorded: what is stored is used without a call, a miss fails and says so", async () => {
  await using bench = await Bench.with("study_recorded", 5);
  const { made: { lab }, server } = bench;
  await lab.run(await bench.sheets(2), FREE);
  // The same questions under another rule: the same keys.
  const again = await bench.sheets(2, { original: true, variant: "rule" });
  const { done, stored, calls } = await lab.run(again, { transport: recorded() });
  assert.deepEqual([done, stored, calls], [5, 5, 0]);
  const other = await bench.sheets(2, { coding: "yes/no", variant: "words" });
  const missed = await lab.run(other, { transport: recorded() });
  assert.deepEqual([missed.done, missed.calls], [0, 0]);
  assert.deepEqual(await bench.reasons(other), { "not recorded": 5 });
  assert.equal(server.tally().requests, 5);
  await lab.retryFailed(other);
  assert.equal((await lab.run(other, FREE)).calls, 5);
});

Deno.test("a transport of one's own: handed over now, answered in another run, paid for once", async () => {
  await using bench = await Bench.with("study_handed", 5);
  const { made: { lab }, server } = bench;
  const replies = new Map<string, string>();
  const stop = new AbortController();
  const mailed: Travel = (model) => ({
    costs: true,
    outside: true,
    ahead: 100,
    async ask(call, { signal, hold, after } = {}) {
      const key = requestKey(model, call);
      const reply = replies.get(key);
      if (reply !== undefined) return { request: "{}", reply, latency: 0, attempts: 1 };
      await hold!();
      replies.set(key, (await live(model).ask(call)).reply);
      if (replies.size === 5) stop.abort();
      while (!signal!.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
      after!(true);
      throw new CallError("handed over", "stopped", false, 1);
    },
  });
  const run = await bench.sheets(2);
  // Without a budget that holds, nothing that may cost is handed over.
  await assert.rejects(() => lab.run(run, { transport: mailed }), /has no budget/);
  const budget = { calls: 5, usd: 1 };
  const first = await lab.run(run, { transport: mailed, budget, signal: stop.signal });
  assert.deepEqual([first.ended, first.done, first.calls], ["stopped", 0, 5]);
  const booked = () =>
    bench.made.rows(`select calls, lost_usd > 0 as lost, usd from runs where name = '${run}'`);
  const after = await booked();
  assert.deepEqual(after, [{ calls: 5, lost: true, usd: 0 }]);
  const second = await lab.run(run, { transport: mailed });
  assert.deepEqual([second.ended, second.done, second.calls], ["finished", 5, 0]);
  assert.deepEqual(await booked(), after);
  assert.equal(server.tally().requests, 5);
});

Deno.test("equal profiles, and conditions that change nothing, get replies of their own", async () => {
  const keyed = epqra.items.map(({ scale, keyed }) => scale === "N" ? keyed! : 1);
  const same = [{ id: 3, answers: keyed }, { id: 8, answers: keyed }];
  await using bench = await Bench.with("study_equal", same, () => written(), { written: false });
  const { made: { lab }, server } = bench;
  const plan = personas({
    models: [bench.model(2)],
    conditions: ["Base", "MaxN"],
    repetitions: 2,
  });
  const { done, calls } = await lab.run(await lab.register(plan), FREE);
  assert.deepEqual([done, calls], [8, 8]);
  assert.deepEqual([server.tally().requests, server.bodies.size], [8, 1]);
  assert.equal(await bench.made.value("select count(distinct key) from requests"), 8);
  const shown = await bench.made.rows(`
    select distinct population_print, changed, shown from personas order by 1`);
  const n = epqra.items.filter(({ scale }) => scale === "N").map(({ number }) => number);
  assert.deepEqual(shown, [
    { population_print: "Base", changed: [], shown: keyed },
    { population_print: "MaxN", changed: n, shown: keyed },
  ]);
  const counts = await bench.made.rows(`
    select distinct repetitions, repetition_count from personas order by 1`);
  assert.deepEqual(counts, [
    { repetitions: 1, repetition_count: 2 },
    { repetitions: 2, repetition_count: 2 },
  ]);
});

Deno.test("a plan is registered once, extends to more, and tells settings apart", async () => {
  await using bench = await Bench.with("study_plans", 6, undefined, { written: false });
  const { made: { lab } } = bench;
  const own = bench.model(2);
  const work = () => bench.made.value("select count(*) from work");
  const one = personas({ models: [own], conditions: ["Base", "N=2"] });
  const [name, twin] = await Promise.all([lab.register(one), lab.register(one)]);
  assert.deepEqual([name, twin, await lab.register(one), await work()], [name, name, name, 12]);

  const three = await lab.register(
    personas({ models: [own], conditions: ["Base", "N=2"], repetitions: 3 }),
  );
  assert.notEqual(three, name);
  assert.deepEqual(await bench.states(three), { planned: 24, skipped: 12 });
  assert.deepEqual(
    await bench.made.rows("select distinct repetition, reason from work where state = 'skipped'"),
    [{ repetition: 1, reason: `planned in run ${name}` }],
  );

  await assert.rejects(
    () => lab.register(personas({ models: [own], conditions: ["MaxP"], name })),
    new RegExp(`has another run ${name}: give the plan another name`),
  );
  const mine = editPrompt(shippedPrompt("persona"), {
    user: `${shippedPrompt("persona").user}\nBe brief.`,
  });
  const differing = [
    { prompt: mine },
    { seed: 2 },
    { models: [{ ...own, temperature: 0.3 }] },
  ];
  const known = ["Own model"], populations = ["borderline_N2_own"];
  for (const change of differing) {
    const run = await lab.register(personas({ models: [own], conditions: ["N=2"], ...change }));
    assert.deepEqual(await bench.states(run), { planned: 6 });
    const [cell] = await bench.made.rows(`
      select model_label, population, base, setting from cells c join runs r using (run)
      where r.name = '${run}'`);
    const { model_label: label, population, base, setting } = cell as Record<string, string>;
    const mark = setting!.slice(0, 6);
    assert.equal(
      label,
      `Own model (prompt ${(change.prompt ?? shippedPrompt("persona")).version}, ${mark})`,
    );
    assert.deepEqual([base, population], ["borderline_N2_own", `borderline_N2_own_${mark}`]);
    known.push(label!);
    populations.push(population!);
  }
  assert.deepEqual([new Set(known).size, new Set(populations).size], [4, 4]);
  const varied = personas({ models: [own], conditions: ["N=2"], prompt: mine, variant: "brief" });
  assert.deepEqual(await bench.states(await lab.register(varied)), { planned: 6 });
  // Another model is another plan, also where it answers alike.
  const alike = { ...own, id: "alike", label: "Alike" };
  const others = await lab.register(personas({ models: [alike], conditions: ["Base", "N=2"] }));
  assert.deepEqual([await bench.states(others), await bench.states(name)], [
    { planned: 12 },
    { planned: 12 },
  ]);
  // What the replies do not depend on may differ.
  const dearer = { ...own, price: null, concurrency: { most: 3 }, timeout_seconds: 9 };
  assert.equal(
    await lab.register(personas({ models: [dearer], conditions: ["Base", "N=2"] })),
    name,
  );

  const both: Plan[] = [2, 3].map((repetitions) =>
    personas({ models: [{ ...own, id: "other", label: "Other" }], repetitions })
  );
  const names = await Promise.all(both.map((plan) => lab.register(plan)));
  const shared = (await Promise.all(names.map((name) => bench.states(name))))
    .reduce((sum, { planned = 0 }) => sum + planned, 0);
  assert.equal(shared, 3 * 3 * 6);
  await assert.rejects(
    () => lab.register(administrations({ instrument: epqra })),
    /Schema study_plans holds no personas that could answer: have them written first/,
  );
  await assert.rejects(() => lab.run("no such run"), /has no run no such run: there are personas-/);
});

Deno.test("items and answers in any order: stored as shown, and the answers are scored right", async () => {
  // What an item is answered depends on its words and the person, whatever its place.
  const yes = (item: string, system: string) => (item.length + system.length) % 3 !== 0;
  const shown = ({ user }: { user: string }) =>
    [...user.matchAll(/^ *"(\d+)": ("(?:[^"\\]|\\.)*"),?$/gm)]
      .map(([, number, text]) => ({ number: Number(number), text: JSON.parse(text!) as string }))
      .slice(0, 24);
  const answer: Answer = (asked) =>
    `{${
      shown(asked).map(({ number, text }) =>
        `"${number}": "${yes(text, asked.system) ? "True" : "False"}"`
      ).join()
    }, "explanation": "x"}`;
  await using bench = await Bench.with("study_orders", 20, answer);
  const { made: { lab, rows } } = bench;
  const run = await bench.sheets(4, { items: "shuffled", options: "shuffled" });
  assert.equal((await lab.run(run, FREE)).done, 20);
  const sheets = await rows.call(
    bench.made,
    `
    select a.items, a.options, a.answers, q.sent, a.work
    from administrations a join requests q using (work)`,
  ) as { items: number[]; options: number[]; answers: number[]; sent: string; work: number }[];
  const orders = new Set<string>(), options = new Set<string>();
  for (const sheet of sheets) {
    const [system, user] = messagesOf({ body: sheet.sent });
    const items = shown({ user: user!.content });
    assert.deepEqual(items.map(({ number }) => number), sheet.items);
    for (const { number, text } of items) {
      assert.equal(text, epqra.items[number - 1]!.text);
      assert.equal(sheet.answers[number - 1], Number(yes(text, system!.content)));
    }
    const words = [...user!.content.matchAll(/^- "(True|False)"/gm)].map(([, word]) => word);
    assert.deepEqual(words, sheet.options.map((option) => option ? "True" : "False"));
    orders.add(String(sheet.items));
    options.add(String(sheet.options));
  }
  assert.deepEqual([orders.size, options.size], [20, 2]);
  const scored = await bench.made.rows(`
    select experiment_id as work, question_number as item, eval from experiments_evals`) as {
    work: number;
    item: number;
    eval: number;
  }[];
  assert.equal(scored.length, 20 * 24);
  const answers = new Map(sheets.map(({ work, answers }) => [work, answers]));
  for (const { work, item, eval: score } of scored) {
    const keyed = epqra.items[item - 1]!.keyed;
    assert.equal(score, Number(answers.get(work)![item - 1] === keyed));
  }
  assert.equal((await lab.reparse(run)).same, 20);
});

Deno.test("parsing again gives the same, and repairs rows that were damaged by hand", async () => {
  await using bench = await Bench.with("study_reparse", 8);
  const { made: { lab, sql } } = bench;
  const writing = await lab.register(
    personas({ models: [bench.model(2)], conditions: ["Base", "MaxP"] }),
  );
  await lab.run(writing, FREE);
  const asking = await lab.register(administrations({ instrument: epqra, items: "shuffled" }));
  await lab.run(asking, FREE);
  const all = () =>
    Promise.all(
      ["administrations", "personas"].map((table) =>
        bench.made.rows(
          `select to_jsonb(t) - 'answered' - 'id' as row from ${table} t order by work`,
        )
      ),
    );
  const before = await all();
  const nothing = { changed: 0, gained: 0, lost: 0 };
  assert.deepEqual(await lab.reparse(writing), { replies: 16, same: 16, ...nothing });
  assert.deepEqual(await lab.reparse(asking), { replies: 24, same: 24, ...nothing });

  const [a, b] = (await sql`select work from administrations order by work limit 2`)
    .map(({ work }) => work);
  await sql`update administrations set answers[3] = 1 - answers[3], flags = '{odd}' where work = ${a}`;
  await sql`delete from administrations where work = ${b}`;
  await sql`update work set state = 'failed', reason = 'by hand' where work = ${b}`;
  await sql`
    update personas set fields = fields || '{"age": 99, "race": "?"}',
                        cleaned = cleaned || '{"gender": "x"}' where work = (
      select min(work) from work join runs using (run) where name = ${writing})`;
  const found = { replies: 24, same: 22, changed: 1, gained: 1, lost: 0 };
  assert.deepEqual(await lab.reparse(asking, { write: false }), found);
  assert.notDeepEqual(await all(), before);
  assert.deepEqual(await lab.reparse(asking), found);
  const changed = { replies: 16, same: 15, changed: 1, gained: 0, lost: 0 };
  assert.deepEqual(await lab.reparse(writing), changed);
  assert.deepEqual(await all(), before);
  assert.deepEqual(await bench.states(asking), { done: 24 });
  assert.deepEqual(await lab.reparse(asking), { replies: 24, same: 24, ...nothing });
});

Deno.test("personas keep what was written; clean() applies a rule; quality() adds up", async () => {
  const texts = ["  Woman of the sea ", "zarquonian", "Female"];
  let number = 0;
  await using bench = await Bench.with("study_clean", 6, () => {
    const gender = texts[number % 3]!;
    // The last one is of no use.
    return ++number > 5 ? { text: "no" } : written({ gender, name: " Ana  Baker ", age: "41" });
  }, { written: false });
  const { made: { lab } } = bench;
  const run = await lab.register(personas({ models: [bench.model(1)], conditions: ["N=3"] }));
  // One by one, so that the order of the replies is that of the personas.
  for (let call = 1; call <= 5; call++) await lab.run(run, { ...FREE, limit: 1 });
  const rows = () =>
    bench.made.rows("select gender_original, gender, name, age from personas order by id");
  const before = await rows();
  assert.deepEqual(before.map(({ gender_original }) => gender_original), [
    ...texts,
    ...texts.slice(0, 2),
  ]);
  assert.deepEqual([before[0]!.name, before[0]!.age], [" Ana  Baker ", 41]);
  assert.deepEqual(
    before.slice(1, 3).map(({ gender }) => gender),
    ["unmapped", "female"],
  );
  const by = withRules(lab.mapping, [{ field: "gender", pattern: "zarquonian", cleaned: "other" }]);
  const changed = await lab.clean(by);
  assert.deepEqual([changed.gender, changed.race], [2, 0]);
  assert.deepEqual(
    (await rows()).map(({ gender }) => gender),
    before.map(({ gender }) => gender === "unmapped" ? "other" : gender),
  );
  assert.equal((await lab.clean(by)).gender, 0);
  // From now on new personas, and those that are parsed again, are cleaned in this way.
  assert.equal((await lab.reparse(run)).same, 5);

  const doses = await bench.made.rows(
    "select changed, shown, ref_personality_id as id from personas",
  );
  for (const { changed, shown, id } of doses as Record<string, number[] & number>[]) {
    assert.equal(changed!.length, 3);
    const profile = profiles(6)[id! - 1]!.answers;
    epqra.items.forEach(({ number, scale, keyed }, index) => {
      const set = changed!.includes(number);
      if (set) assert.equal(scale, "N");
      assert.equal(shown![index], set ? keyed : profile[index]);
    });
  }

  await lab.run(run);
  const { flow, failures } = await lab.quality();
  const [row] = flow.toRecords();
  assert.equal(flow.height, 1);
  const { planned, asked, answered, failed, open, skipped, stored, complete } = row!;
  assert.deepEqual(
    { planned, asked, answered, failed, open, skipped, stored, complete },
    { planned: 6, asked: 6, answered: 5, failed: 1, open: 0, skipped: 0, stored: 5, complete: 5 },
  );
  const spent = await bench.made.value(`select usd from runs where name = '${run}'`) as number;
  assert.ok(Math.abs(row!.usd as number - spent) < 1e-12);
  assert.deepEqual(failures.toRecords().map(({ run, n }) => [run, n]), [[run, 1]]);
  assert.equal(await lab.banner(), "Data: own study, not the published dataset");

  const said = (await lab.methods({ tests: ["Nothing is tested."] })).join("\n");
  const day = await bench.made.value(
    "select to_char(max(created) at time zone 'utc', 'YYYY-MM-DD') from requests",
  );
  const hash = await bench.made.value("select left(hash, 12) from prompts");
  const [{ reason }] = failures.toRecords() as [{ reason: string }];
  assert.match(said, /6 respondents of the population made6 \(a test\)\. Condition: N=3\./);
  assert.match(said, /\(`stand-in`, 127\.0\.0\.1:\d+, at most 600 tokens a reply\) was asked /);
  assert.ok(said.includes(`${day} (UTC).`) && said.includes(`(\`${hash}\`)`), said);
  assert.ok(
    said.includes(
      `Of 6 personas planned 6 were asked for and 5 obtained. Excluded: ${reason} (1).`,
    ),
    said,
  );
  assert.match(said, /\*\*Analysis\.\*\* Nothing is tested\.\n.*PostgreSQL \d+\.\d+\. Seed: 1\.$/);
  const plan = await lab.keepAnalysis({ of: "means" });
  assert.ok(
    (await lab.methods()).join().includes(`(SHA-256 \`${plan.slice(0, 12)}\`) was written down`),
  );
});

Deno.test("the flow adds up in the middle of a run with failures and work of other runs", async () => {
  const whose: string[] = [];
  await using bench = await Bench.with(
    "study_flow",
    10,
    ({ system }) => whose.findIndex((text) => system.includes(text)) < 4 ? { text: "no" } : {},
  );
  const { made: { lab } } = bench;
  whose.push(...await about(bench));
  await lab.run(await bench.sheets(2), { ...FREE, limit: 7 });
  await bench.sheets(2, { repetitions: 3 });
  for (const row of (await lab.quality()).flow.toRecords()) {
    const { planned, answered, failed, open, asked, stored, complete } = row as Record<
      string,
      number
    >;
    assert.equal(planned, answered! + failed! + open!);
    assert.ok(asked! >= answered! && stored === answered && complete === stored);
  }
  const flow = (await lab.quality()).flow.toRecords()
    .map((
      { planned, answered, failed, open, skipped },
    ) => [planned, answered, failed, open, skipped]);
  assert.deepEqual(flow, [[10, 10, 0, 0, 0], [10, 3, 4, 3, 0], [20, 0, 0, 20, 10]]);
  assert.equal(
    await lab.banner(),
    `Data: own study, not the published dataset; simulated, no model was asked: ${
      model("simulated").label
    }`,
  );
});

Deno.test("exported files hold the study, verbatim, and read back", async () => {
  using folder = new Folder();
  const odd = 'Zoë "Z" O\u2028Hara\n\t\\ 李';
  await using bench = await Bench.with(
    "study_export",
    4,
    (asked) => asked.user.includes("question,answer") ? written({ name: odd }) : standIn(asked),
    { written: false },
  );
  const { made: { lab } } = bench;
  await lab.run(
    await lab.register(personas({ models: [bench.model(2)], conditions: ["Base"] })),
    FREE,
  );
  await lab.run(await lab.register(administrations({ instrument: epqra })), FREE);
  const files = await lab.export(join(folder.path, "out"));
  assert.deepEqual(
    files.slice(0, -1).map(({ file, rows }) => [file.slice(folder.path.length + 5), rows]),
    Object.entries({
      // Each with its random control.
      populations: 2,
      variables: 0,
      profiles: 8,
      instruments: 1,
      forms: 1,
      prompts: 2,
      runs: 2,
      cells: 2,
      requests: 8,
      personas: 4,
      sheets: 4,
      work: 8,
      faults: 0,
    }).flatMap(([name, rows]) =>
      [[`${name}.jsonl`, rows], [`${name}.parquet`, rows]]
        .slice(0, rows === 0 || name === "requests" ? 1 : 2)
    ),
  );
  const lines = (name: string) =>
    Deno.readTextFileSync(join(folder.path, "out", `${name}.jsonl`)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines("requests").map(({ sent, reply }) => [sent, JSON.parse(reply).object]).toSorted(),
    bench.server.asked.map(({ body }) => [body, "chat.completion"]).toSorted(),
  );
  assert.deepEqual(lines("personas").map(({ name }) => name), Array(4).fill(odd));
  const frame = pl.readParquet(join(folder.path, "out", "sheets.parquet"));
  assert.deepEqual(
    frame.getColumn("answers").toArray().map((list) => Array.from(list as Iterable<number>)),
    (await bench.made.rows("select answers from administrations order by work"))
      .map(({ answers }) => answers),
  );
  const people = pl.readParquet(join(folder.path, "out", "personas.parquet"));
  assert.deepEqual(people.getColumn("name").toArray(), Array(4).fill(odd));
  assert.deepEqual([...new Set(people.getColumn("age").toArray())], [34]);
});

/** The tables of the first version of a study, as far as they stood in a migration's way. */
const FIRST = `
  create table personas (
    id integer generated by default as identity primary key,
    ref_personality_id integer not null,
    population varchar(100) not null,
    repetitions integer not null check (repetitions >= 1)
  );
  create table persona_requests (
    id integer generated by default as identity primary key,
    persona_id integer references personas,
    request_json jsonb not null
  );
  create table reference_questionnaires (
    id integer generated by default as identity primary key, personality_id integer not null
  );
  create table random_questionnaires (
    id integer generated by default as identity primary key, personality_id integer not null
  );
  create table experiments_groups (
    experiments_group_id integer generated by default as identity primary key, description text
  );
  create table experiments_list (
    experiment_id integer generated by default as identity primary key,
    experiments_group_id integer not null references experiments_groups
  );
  create table eval_questionnaires (
    id integer generated by default as identity primary key,
    experiment_id integer not null references experiments_list,
    question_number integer not null,
    answer integer
  );
  create table questionnaire (
    id integer generated by default as identity primary key, question_number integer not null
  );
  create table experiment_request_metadata (
    id integer generated by default as identity primary key,
    experiment_id integer not null references experiments_list
  );
  create view experiments_evals as
    select l.experiments_group_id, a.answer
    from experiments_list l join eval_questionnaires a using (experiment_id)`;

Deno.test("a study of the first version becomes one of the second, unless rows were put there", async () => {
  for (const [schema, rows] of [["study_first", 0], ["study_first_used", 2]] as const) {
    await migrate(schema, "study", "001_tables");
    await as("owner", async (sql) => {
      await sql.unsafe(`set search_path to ${schema}; ${FIRST}`);
      if (rows) {
        await sql.unsafe(`
          insert into ${schema}.personas (ref_personality_id, population, repetitions)
          select n, 'mine', 1 from generate_series(1, ${rows}) n`);
      }
    });
  }
  const lab = await openStudy({ schema: "study_first" });
  await lab.close();
  await using made = await Made.with("study_first", 2);
  const plan = personas({ models: [model("simulated")], conditions: ["Base"] });
  assert.equal((await made.lab.run(await made.lab.register(plan))).done, 2);

  await assert.rejects(() => openStudy({ schema: "study_first_used" }), (error: Error) => {
    assert.match(error.message, /^Migration 002_runs of schema study_first_used$/);
    assert.match(
      (error.cause as Error).message,
      /^Table personas holds 2 rows that were put there by hand: move them elsewhere first$/,
    );
    return true;
  });
  const kept = await as(
    "owner",
    (sql) => sql`select count(*)::int as n from study_first_used.personas`,
  );
  assert.equal(kept[0]!.n, 2);
  assert.equal(
    (await as("owner", (sql) => sql`select to_regclass('study_first_used.work') as t`))[0]!.t,
    null,
  );
});

Deno.test("a restored schema is no place for a study", async () => {
  await restored("study_restored", join(SMALL, "sql"));
  await assert.rejects(
    () => openStudy({ schema: "study_restored" }),
    /^Error: Schema study_restored holds restored data: choose another for a study$/,
  );
});

Deno.test("a budget that ends while a call is tried again ends the run", async () => {
  await using bench = await Bench.with("study_budget_again", 3, () => ({
    status: 500,
    headers: { "retry-after-ms": "1" },
  }));
  const { made: { lab }, server } = bench;
  for (const [calls, concurrency] of [[1, 1], [4, 1], [7, 3]] as const) {
    const run = await bench.sheets(concurrency, { seed: calls, variant: `v${calls}` });
    const before = server.tally().requests;
    const { ended, calls: made } = await lab.run(run, { budget: { calls } });
    assert.equal(ended, "budget spent");
    assert.deepEqual([made, server.tally().requests - before], [calls, calls]);
    assert.deepEqual(await bench.states(run), { planned: 3 });
    const [row] = await bench.made.rows(`
      select calls, lost_calls as lost from runs where name = '${run}'`);
    assert.deepEqual(row, { calls, lost: 0 });
  }
});

Deno.test("two studies in one database run at the same time, and the dead of one are not the living of the other", async () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  await using one = await Bench.with("study_beside_1", 8);
  await using other = await Bench.with("study_beside_2", 8, () => ({ after: opened }));
  const there = other.made.lab.run(await other.sheets(4), FREE);
  await until("calls of the other study", () => other.server.tally().inFlight > 0);
  const here = await one.made.lab.run(await one.sheets(4), FREE);
  assert.equal(here.done, 8);
  const number = "select max(worker) from workers";
  const living = await other.made.value(number) as number;
  assert.equal(await one.made.value(number), living, "workers have the same numbers");

  const run = await one.sheets(4, { variant: "dead" });
  await one.made.sql`
    update workers set run = (select run from runs where name = ${run}),
                       lease = now() + interval '1 hour'
    where worker = ${living}`;
  await one.made.sql`
    update work set state = 'claimed', worker = ${living}
    where run = (select run from runs where name = ${run})`;
  await one.made.lab.status();
  assert.deepEqual(await one.states(run), { planned: 8 });
  await other.made.lab.status();
  open();
  assert.equal((await there).done, 8);
});
