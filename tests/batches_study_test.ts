/** Questions in batches: handed over, put together, replied to in files, booked line by line. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { epqra } from "lib/paper/instruments.ts";
import {
  checkBatches,
  dialectFor,
  inBatches,
  later,
  type Model,
  model,
  models,
  openReply,
  replyOf,
  resultIn,
} from "lib/llm.ts";
import { administrations, personas } from "lib/study.ts";
import {
  batchLines,
  type BatchRow,
  closeBatch,
  giveUp,
  keepFile,
  openBatches,
  prepareBatches,
  recallLines,
  refuseBatch,
  takeIn,
  waitingLines,
} from "lib/study/batches.ts";
import { standIn } from "./llm_server.ts";
import { Made, served } from "./study_worker.ts";

const URL = "/v1/chat/completions";

/** A study with so many sheets to be asked for, none yet. */
async function toAsk(schema: string, n: number, more: Partial<Model> = {}) {
  const made = await Made.with(schema, n);
  const writing = personas({ models: [model("simulated")], conditions: ["Base"] });
  await made.lab.run(await made.lab.register(writing));
  const own = served("http://127.0.0.1:9", 8, more);
  const name = await made.lab.register(administrations({ instrument: epqra, models: [own] }));
  const run = await made.value(`select run from runs where name = '${name}'`) as number;
  const gather = () => made.lab.run(name, { transport: later, budget: { usd: 1000 } });
  const prepare = async (lines = 1000) => {
    const how = { model: own, kind: "files", lines, bytes: 1e8 } as const;
    await prepareBatches(made.sql, run, how);
    return await openBatches(made.sql, run);
  };
  return { made, name, run, gather, prepare, own };
}

/** A line as it was put together. */
interface Line {
  custom_id: string;
  method: string;
  url: string;
  body: { messages: { content: string }[] };
}

async function linesOf(made: Made, batch: number): Promise<Line[]> {
  const lines = await Array.fromAsync(batchLines(made.sql, batch));
  return lines.map((line) => JSON.parse(line));
}

/** A line of results with a reply. */
function answer({ custom_id, body: { messages: [system, user] } }: Line) {
  const hash = createHash("sha256").update(custom_id).digest("hex");
  const content = standIn({ system: system!.content, user: user!.content, hash });
  return {
    id: `batch_req_${hash.slice(0, 8)}`,
    custom_id,
    response: {
      status_code: 200,
      request_id: hash.slice(8, 16),
      body: {
        choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
        usage: { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 },
      },
    },
    error: null,
  };
}

const failed = ({ custom_id }: Line, status_code: number, message = `status ${status_code}`) => ({
  custom_id,
  response: { status_code, request_id: "r", body: { error: { message } } },
  error: null,
});

/** Keeps results under a name and takes them in. */
async function takes(made: Made, of: BatchRow, results: readonly unknown[], name = "output") {
  const text = results.map((one) => typeof one === "string" ? one : JSON.stringify(one));
  await keepFile(made.sql, of.batch, name, new Blob([text.join("\n") + "\n"]).stream());
  return await takeIn(made.sql, of, [name]);
}

/** What is booked for a run, and what is held. */
async function bookedFor(made: Made, run: number) {
  const [row] = await made.rows(`
    select calls, tokens, usd, lost_calls, lost_tokens, lost_usd, submitted_calls, submitted_tokens,
           submitted_usd from runs where run = ${run}`);
  return row as Record<string, number>;
}

const states = async (made: Made, run: number) =>
  Object.fromEntries(
    (await made.rows(`select state, count(*) from work where run = ${run} group by state`))
      .map(({ state, count }) => [state, count]),
  );

const NONE = {
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
/** What a reply of 100 and 50 tokens costs at 1 and 2 USD per million. */
const EACH = 200 / 1e6;
const near = (one: number, other: number) => assert.ok(Math.abs(one - other) < 1e-9, `${one}`);

Deno.test("questions are handed over, answered in any order, booked once, and then read", async () => {
  const N = 30;
  const { made, name, run, gather, prepare } = await toAsk("batch_whole", N);
  await using _ = made;
  assert.equal((await gather()).ended, "submitted");
  assert.deepEqual(await states(made, run), { submitted: N });
  assert.deepEqual(await waitingLines(made.sql, run), new Map([["own", N]]));
  const held = await bookedFor(made, run);
  assert.equal(held.submitted_calls, N);
  assert.ok(held.submitted_usd! > N * 600 * 2 / 1e6);
  assert.deepEqual([held.calls, held.usd, held.lost_usd], [0, 0, 0]);

  const [of, ...others] = await prepare();
  assert.equal(others.length, 0);
  assert.deepEqual([of!.state, of!.lines, of!.kind], ["prepared", N, "files"]);
  const lines = await linesOf(made, of!.batch);
  assert.equal(new Set(lines.map(({ custom_id }) => custom_id)).size, N);
  for (const { custom_id, method, url } of lines) {
    assert.match(custom_id, /^[A-Za-z0-9_-]{1,64}$/);
    assert.deepEqual([method, url], ["POST", URL]);
  }
  const text = (await Array.fromAsync(batchLines(made.sql, of!.batch))).join("");
  assert.equal(of!.sha256, createHash("sha256").update(text).digest("hex"));

  // Nothing takes submitted work back, and a run that asks one by one leaves it alone.
  await made.lab.status();
  const alone = await made.lab.run(name);
  assert.deepEqual([alone.ended, alone.calls], ["submitted", 0]);
  assert.deepEqual(await bookedFor(made, run), held);

  const results = lines.map(answer).reverse();
  const taken = await takes(made, of!, results);
  assert.deepEqual({ ...taken, usd: 0 }, { ...NONE, answered: N });
  near(taken.usd, N * EACH);
  assert.deepEqual(await takes(made, of!, results), NONE);
  assert.equal(await closeBatch(made.sql, of!), 0);
  const booked = await bookedFor(made, run);
  assert.deepEqual(
    [booked.calls, booked.tokens, booked.lost_calls, booked.submitted_calls, booked.submitted_usd],
    [N, N * 150, 0, 0, 0],
  );
  near(booked.usd!, N * EACH);
  assert.deepEqual(await states(made, run), { planned: N });

  const read = await made.lab.run(name);
  assert.deepEqual([read.ended, read.done, read.stored, read.calls], ["finished", N, N, 0]);
  assert.deepEqual(await bookedFor(made, run), booked);
  const said = new Map(results.map(({ response }) => {
    const { content } = response.body.choices[0]!.message;
    return [content, JSON.parse(content)];
  }));
  const sheets = await made.rows(`
    select a.answers, q.reply, q.sent from administrations a join requests q using (work)`);
  assert.equal(sheets.length, N);
  for (const { answers, reply } of sheets) {
    const words = said.get(JSON.parse(reply as string).choices[0].message.content);
    assert.deepEqual(answers, epqra.items.map(({ number }) => Number(words[number] === "True")));
  }
});

Deno.test("what was not answered is no reply and blocks none; each outcome is booked for itself", async () => {
  const { made, name, run, gather, prepare } = await toAsk("batch_parts", 9);
  await using _ = made;
  await gather();
  const [of] = await prepare();
  const lines = await linesOf(made, of!.batch);
  const [a, b, c, d, e, f, g, h] = lines as [Line, ...Line[]] as Line[];
  const mine = answer(a!);
  const other = structuredClone(mine);
  other.response.body.choices[0]!.message.content = "another text";
  const foreign = { ...answer(b!), custom_id: "somebody-elses-1" };
  const taken = await takes(made, of!, [
    foreign,
    mine,
    "not JSON",
    other,
    failed(b!, 400, "invalid value"),
    failed(c!, 429),
    failed(d!, 500),
    { custom_id: e!.custom_id, response: null, error: { code: "batch_expired", message: "late" } },
    { custom_id: f!.custom_id, response: { status_code: 0, body: null }, error: null },
    failed(g!, 500),
    answer(g!),
    // In the form of vLLM.
    {
      custom_id: h!.custom_id,
      response: { status_code: 400, request_id: "vllm-1", body: null },
      error: "the prompt is too long",
    },
    '{"custom_id": "' + lines[8]!.custom_id + '", "response": {"status_code": 200, "bo',
  ]);
  assert.deepEqual({ ...taken, usd: 0 }, {
    ...NONE,
    answered: 1,
    late: 1,
    final: 2,
    retry: 4,
    lost: 1,
    doubled: 2,
    unknown: 1,
    broken: 2,
  });
  const row = await bookedFor(made, run);
  // d and g may have been charged for; g then came, and the last has no outcome yet.
  const [held] = await made.rows(`
    select held_tokens, held_usd from batch_lines where custom_id = '${d!.custom_id}'`);
  assert.deepEqual([row.calls, row.tokens, row.submitted_calls], [7, 300, 1]);
  near(row.usd!, 2 * EACH);
  near(row.lost_usd!, held!.held_usd as number);
  assert.deepEqual(await states(made, run), { planned: 6, failed: 2, submitted: 1 });
  assert.equal(await closeBatch(made.sql, of!), 1);
  const [{ kept }] = await made.rows(`
    select count(*) as kept from requests where run = ${run}`) as [{ kept: number }];
  assert.equal(kept, 2);
  const failures = await made.rows(`
    select reason, count(*) from work where run = ${run} and state = 'failed' group by 1 order by 1`);
  assert.deepEqual(failures, [{ reason: "bad request", count: 1 }, {
    reason: "refused prompt",
    count: 1,
  }]);

  // The two that were answered are read, the five others are asked under names of their own.
  const next = await gather();
  assert.deepEqual([next.done, next.stored], [2, 2]);
  const [again] = await prepare();
  const second = await linesOf(made, again!.batch);
  assert.equal(second.length, 5);
  for (const { custom_id } of second) assert.match(custom_id, /^[0-9a-f]{40}-2$/);
  await takes(made, again!, second.map((line) => failed(line, 429)));
  await closeBatch(made.sql, again!);
  await gather();
  const [third] = await prepare();
  await takes(made, third!, (await linesOf(made, third!.batch)).map((line) => failed(line, 429)));
  await closeBatch(made.sql, third!);
  // Three that failed three times are not asked without end; what expired and what was lost is.
  assert.deepEqual(await states(made, run), { done: 2, failed: 5, planned: 2 });
  const end = await bookedFor(made, run);
  assert.deepEqual([end.submitted_calls, end.submitted_tokens, end.submitted_usd], [0, 0, 0]);
  assert.equal(await made.value(`select count(*) from faults where run = ${run}`), 16);
  assert.equal((await made.lab.retryFailed(name)) > 0, true);
});

Deno.test("an answer to a batch that was given up is kept, and then costs what it cost", async () => {
  const { made, name, run, gather, prepare } = await toAsk("batch_late", 6);
  await using _ = made;
  await gather();
  const [of] = await prepare(4);
  const lines = await linesOf(made, of!.batch);
  assert.equal(await giveUp(made.sql, of!), 4);
  const lost = await bookedFor(made, run);
  assert.deepEqual([lost.calls, lost.usd, lost.lost_calls, lost.submitted_calls], [0, 0, 4, 2]);
  assert.deepEqual(await states(made, run), { planned: 4, submitted: 2 });
  await gather();
  assert.deepEqual(await waitingLines(made.sql, run), new Map([["own", 4]]));
  const taken = await takes(made, of!, lines.slice(0, 3).map(answer));
  assert.deepEqual({ ...taken, usd: 0 }, { ...NONE, late: 3 });
  assert.deepEqual({ ...await takes(made, of!, lines.slice(0, 3).map(answer)) }, NONE);
  const now = await bookedFor(made, run);
  assert.deepEqual([now.calls, now.lost_calls, now.submitted_calls], [3, 1, 6]);
  near(now.usd!, 3 * EACH);
  near(
    now.lost_usd!,
    await made.value(`
      select held_usd from batch_lines where custom_id = '${lines[3]!.custom_id}'`) as number,
  );
  // What has a reply meanwhile is not asked: one of the four is.
  const open = await prepare();
  const asked = open.at(-1)!;
  assert.deepEqual(
    (await linesOf(made, asked.batch)).map(({ custom_id }) => custom_id),
    [lines[3]!.custom_id.replace(/-1$/, "-2")],
  );
  assert.deepEqual(await states(made, run), { planned: 3, submitted: 3 });
  const read = await made.lab.run(name);
  assert.deepEqual([read.ended, read.done, read.calls], ["submitted", 3, 0]);
  await closeBatch(made.sql, asked);
  assert.equal(await recallLines(made.sql, run), 2);
  const end = await bookedFor(made, run);
  assert.deepEqual([end.submitted_calls, end.submitted_tokens, end.submitted_usd], [0, 0, 0]);
  assert.deepEqual([end.calls, end.lost_calls], [3, 1]);
});

Deno.test("a batch that was refused leaves out the lines that are named, and charges nothing", async () => {
  const { made, run, gather, prepare } = await toAsk("batch_refused", 5);
  await using _ = made;
  await gather();
  const [of] = await prepare();
  const faults = [{ line: 2, message: "model_mismatch" }, { line: 4, message: "too long" }, {
    line: 4,
    message: "too wide",
  }, { line: 77, message: "no such line" }];
  assert.equal(await refuseBatch(made.sql, of!, faults), 2);
  assert.equal(await closeBatch(made.sql, of!), 3);
  assert.deepEqual(await states(made, run), { failed: 2, planned: 3 });
  const { submitted_calls, submitted_usd, calls, usd, lost_usd } = await bookedFor(made, run);
  assert.deepEqual([submitted_calls, submitted_usd, calls, usd, lost_usd], [0, 0, 0, 0, 0]);
});

Deno.test("a budget bounds what is handed over, and counts it until it is known", async () => {
  const { made, name, run, prepare } = await toAsk("batch_budget", 20);
  await using _ = made;
  const first = await made.lab.run(name, { transport: later, budget: { calls: 7 } });
  assert.equal(first.ended, "budget spent");
  assert.deepEqual(await states(made, run), { submitted: 7, planned: 13 });
  const alone = await made.lab.run(name);
  assert.deepEqual([alone.ended, alone.calls], ["budget spent", 0]);
  const [of] = await prepare();
  const lines = await linesOf(made, of!.batch);
  await takes(made, of!, lines.slice(0, 4).map(answer));
  await closeBatch(made.sql, of!);
  // Three of the seven were not charged for.
  const next = await made.lab.run(name, { transport: later });
  assert.equal(next.done, 4);
  assert.deepEqual(await states(made, run), { done: 4, submitted: 3, planned: 13 });
});

Deno.test("a line of results is read whoever wrote it", () => {
  assert.equal(resultIn("not JSON"), null);
  assert.equal(resultIn('{"custom_id": 7}'), null);
  const expired = '{"custom_id":"a-1","response":null,"error":{"code":"batch_expired"}}';
  assert.deepEqual(resultIn(expired), {
    id: "a-1",
    status: 0,
    text: '{"error":{"code":"batch_expired"}}',
    passed: true,
  });
});

Deno.test("a line of Anthropic's results is read as its endpoint for chat completions would have answered", () => {
  const claude = model("claudehaiku45"), token = "0123456789abcdef";
  const { resultIn } = dialectFor(claude);
  const line = (result: unknown, name = `a-1_${token.slice(0, 13)}`) =>
    resultIn(JSON.stringify({ custom_id: name, result }), token);
  const message = (stop_reason: string, content: unknown, usage?: unknown) =>
    line({ type: "succeeded", message: { id: "msg_1", content, stop_reason, usage } });
  const text = [{ type: "thinking", thinking: "…" }, { type: "text", text: "yes" }];
  const usage = { input_tokens: 10, cache_creation_input_tokens: 5, output_tokens: 7 };
  for (
    const [reason, finish] of [
      ["end_turn", "stop"],
      ["stop_sequence", "stop"],
      ["max_tokens", "length"],
      ["model_context_window_exceeded", "length"],
      ["refusal", "filter"],
      ["pause_turn", "other"],
    ] as const
  ) {
    const got = replyOf(claude, message(reason, text, usage)!);
    assert.ok("reply" in got);
    const opened = openReply("openai", got.reply);
    assert.deepEqual([opened.finish, opened.usage], [finish, { input: 15, output: 7 }], reason);
    assert.equal(opened.text, finish === "stop" || finish === "other" ? "yes" : null);
  }
  // A filter may leave nothing: it is a reply all the same, and no message is none.
  assert.ok("reply" in replyOf(claude, message("refusal", [], usage)!));
  assert.ok("fault" in replyOf(claude, message("end_turn", undefined)!));

  const error = (type: string, message: string) => ({ type: "error", error: { type, message } });
  const kind = (type: string) => {
    const got = replyOf(claude, line({ type: "errored", error: error(type, "so it is") })!);
    return "error" in got &&
      [got.error.kind, got.error.fatal, /\(\d+ \w+_error: so it is\)/.test(got.error.message)];
  };
  assert.deepEqual(kind("invalid_request_error"), ["bad request", false, true]);
  assert.deepEqual(kind("overloaded_error"), ["overloaded", false, true]);
  assert.deepEqual(kind("api_error"), ["unavailable", false, true]);
  for (const type of ["canceled", "expired"]) {
    const text = JSON.stringify({ error: { message: type } });
    assert.deepEqual(line({ type }), { id: "a-1", status: 0, text, passed: true, free: true });
  }
  // Of another batch, and none at all.
  assert.equal(line({ type: "expired" }, "a-1_another")!.id, "a-1_another");
  for (const none of ["no JSON", "{}", '{"custom_id": "a-1"}']) {
    assert.equal(resultIn(none, token), null);
  }
});

Deno.test("models at Anthropic's address are asked in its batches, those at Amazon's in none", () => {
  const claudes = models().filter(({ id }) => /^claude/.test(id));
  const there = claudes.filter(({ provider }) => provider === "openai");
  assert.deepEqual([there.length, claudes.length], [3, 4]);
  for (const one of there) {
    checkBatches(one);
    assert.equal(inBatches(one).price!.input, one.price!.input / 2);
  }
  assert.throws(
    () => checkBatches(model("claude35sonnet")),
    /claude35sonnet cannot be asked in batches: Bedrock .* is not known to take them: run without batches$/,
  );
});
