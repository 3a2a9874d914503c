/** Calls to models, with the real clients, over HTTP to a server that does what it is told. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument, score } from "lib/instruments.ts";
import {
  CallError,
  complete,
  cost,
  live,
  type Model,
  model,
  type Opened,
  openReply,
  Pace,
  paceOf,
  recorded,
  recordedFile,
  requestKey,
  worstCost,
} from "lib/llm.ts";
import { waitOf } from "lib/llm/answers.ts";
import { Fault } from "lib/llm/faults.ts";
import {
  administrationValues,
  fillPrompt,
  personaValues,
  type Presented,
  shippedPrompt,
  tokens,
} from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import { schemaOf, sheetIn } from "lib/replies.ts";
import { ask, CLEAN, failure, HELLO, KEY, served, under } from "./called.ts";
import type { Answer, Behaviour, Server } from "./llm_server.ts";

async function timed<T>(call: Promise<T>): Promise<[value: T, ms: number]> {
  const start = performance.now();
  return [await call, performance.now() - start];
}

const Pet = z.strictObject({ name: z.string().min(1), legs: z.int().min(0).max(8) });

served(
  "complete() gives text, value, usage and price; the request is the body that was sent",
  () => '{"name": "Rex", "legs": 4}',
  async ({ server, both }) => {
    for (const one of both) {
      const more = one.provider === "openai" ? { seed: 7 } : { top_k: 7 };
      const asked = { ...one, format: "json_schema" as const, more };
      const messages = ask("Sei ‘kurz’ \n\u2028 \0 \ud800", 'The pet "Rex"?', "Please");
      const reply = await complete(asked, { messages, schema: Pet });
      const [sent] = server.asked.slice(-1);
      assert.equal(reply.request, sent!.body);
      assert.deepEqual(reply.value, { name: "Rex", legs: 4 });
      assert.equal(reply.text, '{"name": "Rex", "legs": 4}');
      assert.deepEqual([reply.finish, reply.problem, reply.attempts], ["stop", null, 1]);
      const { input, output } = server.tally().charged;
      assert.ok(reply.usage!.input > 0 && reply.usage!.output > 0 && input > 0 && output > 0);
      assert.equal(reply.usd, cost(one, reply.usage!));
      assert.equal(sent!.model, one.model);
      assert.equal(sent!.system, "Sei ‘kurz’ \n\u2028 \0 \ufffd");
      assert.match(sent!.headers.get("authorization")!, /Bearer sk-test|AWS4-HMAC-SHA256/);
      assert.ok(reply.latency > 0);
    }
  },
);

served(
  "a schema is asked for as far as the format goes, without bounds",
  () => '{"name": "Rex", "legs": 4}',
  async ({ server, gpt, claude }) => {
    const sent = async (one: Model, schema?: z.ZodType) => {
      await complete(one, { messages: HELLO, ...(schema && { schema }) });
      return JSON.parse(server.asked.at(-1)!.body);
    };
    const json = {
      type: "object",
      properties: { name: { type: "string" }, legs: { type: "integer" } },
      required: ["name", "legs"],
      additionalProperties: false,
    };
    assert.deepEqual((await sent({ ...gpt, format: "json_schema" }, Pet)).response_format, {
      type: "json_schema",
      json_schema: { name: "reply", strict: true, schema: json },
    });
    const object = await sent({ ...gpt, format: "json_object" }, Pet);
    assert.deepEqual(object.response_format, { type: "json_object" });
    assert.equal("response_format" in await sent({ ...gpt, format: "text" }, Pet), false);
    assert.equal("response_format" in await sent({ ...gpt, format: "json_schema" }), false);
    const { textFormat } = (await sent({ ...claude, format: "json_schema" }, Pet)).outputConfig;
    assert.deepEqual(JSON.parse(textFormat.structure.jsonSchema.schema), json);
    assert.equal("outputConfig" in await sent(claude, Pet), false);

    const newer = await sent({ ...gpt, max_tokens_as: "max_completion_tokens", max_tokens: 77 });
    assert.deepEqual([newer.max_completion_tokens, "max_tokens" in newer], [77, false]);
    const { inferenceConfig } = await sent({ ...claude, temperature: 0.5, top_p: 0.9 });
    assert.deepEqual(inferenceConfig, { maxTokens: 1000, temperature: 0.5, topP: 0.9 });
  },
);

served("a reply that does not fit is no error, and says what does not fit", ({ times }) => {
  return ["no JSON at all", '{"name": "", "legs": 9}', '```json\n{"name": "Rex", "legs": 4}\n```'][
    times - 1
  ]!;
}, async ({ gpt }) => {
  const call = { messages: HELLO, schema: Pet };
  const first = await complete(gpt, call);
  assert.deepEqual([first.value, first.text], [null, "no JSON at all"]);
  assert.match(first.problem!, /JSON/);
  const second = await complete(gpt, call);
  assert.equal(second.value, null);
  assert.match(second.problem!, /^does not fit: .*name.*legs/);
  assert.deepEqual((await complete(gpt, call)).value, { name: "Rex", legs: 4 });
});

served(
  "408, 409, 429, 5xx and broken bodies are tried again, at growing distances",
  ({ times, user }) => {
    const faults: Record<string, Behaviour> = {
      408: { status: 408 },
      409: { status: 409 },
      429: { status: 429, code: "ThrottlingException" },
      500: { status: 500 },
      503: { status: 503 },
      529: { status: 529 },
      reset: { reset: true },
    };
    return times <= (user === "500" ? 2 : 1) ? faults[user]! : "well";
  },
  async ({ server, both }) => {
    const all = both.flatMap((one) =>
      ["408", "409", "429", "500", "503", "529", "reset"].map(async (fault) => {
        const [reply, ms] = await timed(complete(one, { messages: ask("s", fault) }));
        assert.deepEqual([fault, reply.text], [fault, "well"]);
        // 0.25 to 0.5 s, then 0.5 to 1 s.
        const [attempts, least] = fault === "500" ? [3, 750] : [2, 250];
        assert.equal(reply.attempts, attempts);
        assert.ok(ms >= least, `${fault}: ${ms} ms`);
      })
    );
    await Promise.all(all);
    assert.equal(server.tally().requests, 2 * (6 * 2 + 3));
  },
);

served(
  "retries end: the error counts the attempts and stops nothing else",
  ({ user }) => ({ status: Number(user), headers: { "retry-after-ms": "1" } }),
  async ({ server, both }) => {
    for (const one of both) {
      const call = (status: string, retries?: number) =>
        failure(
          live(one).ask({ messages: ask("s", status) }, {
            ...retries !== undefined && { retries },
          }),
        );
      const failed = await call("500", 2);
      assert.deepEqual([failed.kind, failed.fatal, failed.attempts], ["unavailable", false, 3]);
      assert.match(failed.message, /^[^\n]*: it failed \(500[^\n]*\), after 3 attempts$/);
      assert.equal((await call("429", 0)).attempts, 1);
      assert.deepEqual((({ kind, attempts }) => [kind, attempts])(await call("429")), [
        "overloaded",
        6,
      ]);
      assert.equal((await call("529", 0)).kind, "overloaded");
    }
    assert.equal(server.tally().requests, 2 * (3 + 1 + 6 + 1));
  },
);

served(
  "Retry-After is waited for by all calls of the pace, and by no longer than it says",
  ({ user, times }) =>
    user === "first" && times === 1 ? { status: 429, headers: { "retry-after": "3" } } : "well",
  async ({ server, both }) => {
    for (const one of both) {
      const pace = new Pace({ start: 4 });
      const first = timed(
        complete(one, { messages: ask("s", "first") }, { transport: live(one, pace) }),
      );
      const before = server.tally().requests;
      while (pace.held === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const others = ["a", "b", "c"].map((user) =>
        timed(complete(one, { messages: ask("s", user) }, { transport: live(one, pace) }))
      );
      const { held } = pace;
      assert.ok(pace.waiting >= 3);
      assert.equal(server.tally().requests, before + 1);
      const [{ text }, whole] = await first;
      assert.equal(text, "well");
      assert.ok(whole > 2850, `${whole} ms`);
      for (const call of others) {
        const [{ text }, ms] = await call;
        assert.equal(text, "well");
        assert.ok(ms > held - 50, `${ms} ms of ${held}`);
      }
      assert.equal(server.tally().requests, before + 5);
    }
  },
);

Deno.test("waitOf() reads seconds, milliseconds and HTTP dates, and nothing else", () => {
  const of = (headers: Record<string, string>) => waitOf((name) => headers[name] ?? null);
  assert.equal(of({}), null);
  assert.equal(of({ "retry-after": "2" }), 2000);
  assert.equal(of({ "retry-after": "0" }), 0);
  assert.equal(of({ "retry-after": "1.5" }), 1500);
  assert.equal(of({ "retry-after-ms": "30", "retry-after": "2" }), 30);
  const date = "Wed, 21 Oct 2015 07:28:00 GMT";
  assert.equal(of({ "retry-after": "Wed, 21 Oct 2015 07:28:07 GMT", date }), 7000);
  assert.equal(of({ "retry-after": "Wed, 21 Oct 2015 07:27:00 GMT", date }), 0);
  assert.equal(of({ "retry-after": new Date(Date.now() - 9000).toUTCString() }), 0);
  const soon = of({ "retry-after": new Date(Date.now() + 9000).toUTCString() })!;
  assert.ok(soon > 7000 && soon <= 9000, `${soon}`);
  for (const odd of ["soon", "-1", "NaN", "1e9x", ""]) {
    assert.equal(of({ "retry-after": odd }), null);
  }
  assert.equal(of({ "retry-after": "999999999999" }), 24 * 3600 * 1000);
});

/** Answers that no second attempt mends: what the error is called, and what it must say. */
const FATAL: [Behaviour, CallError["kind"], RegExp][] = [
  [
    { status: 400, code: "ValidationException", message: "no such field" },
    "bad request",
    /no such/,
  ],
  [
    { status: 401, code: "invalid_api_key", message: `not ${KEY}` },
    "refused key",
    /401 invalid_api_k/,
  ],
  [{ status: 402 }, "refused key", /no credit/],
  [
    { status: 403, code: "AccessDeniedException", message: "not yours" },
    "refused key",
    /not yours/,
  ],
  [{ status: 403, code: "UnrecognizedClientException" }, "refused key", /UnrecognizedClient/],
  [{ status: 400, code: "ExpiredTokenException" }, "refused key", /ExpiredToken/],
  [{ status: 404, message: "model not found" }, "bad request", /404.*model not found/],
  [{ status: 422, message: "two\n\nlines" }, "bad request", /two lines/],
  [{ status: 429, code: "insufficient_quota", message: "pay" }, "refused key", /no credit/],
];

served(
  "what cannot be mended is asked once and told in one line, with the variable and no secret",
  ({ user }) => FATAL[Number(user)]![0],
  async ({ server, both }) => {
    for (const one of both) {
      for (const [place, [does, kind, says]] of FATAL.entries()) {
        const asked = server.tally().requests;
        const error = await failure(live(one).ask({ messages: ask("s", String(place)) }));
        const expected = [kind, kind === "refused key", 1];
        assert.deepEqual([error.kind, error.fatal, error.attempts], expected, String(does));
        assert.equal(server.tally().requests, asked + 1);
        assert.match(error.message, says);
        assert.match(error.message, /^(gpt4o|claude35sonnet) \([^\n]*127\.0\.0\.1[^\n]*$/);
        const variable = one.provider === "openai" ? "OPENAI_API_KEY" : "AWS_ACCESS_KEY_ID";
        if (kind === "refused key") {
          assert.match(error.message, new RegExp(`set ${variable} .*env`));
        }
        assert.doesNotMatch(error.message, /0123456789/);
      }
    }
    const filter = { status: 400, code: "content_filter" };
    FATAL.push([filter, "refused prompt", /content_filter/]);
    const call = { messages: ask("s", String(FATAL.length - 1)) };
    assert.equal((await failure(live(both[0]!).ask(call))).fatal, false);
    FATAL.pop();
  },
);

served("without a key no request is made", () => "never", async ({ server, gpt, claude }) => {
  const missing = await failure(live(gpt).ask({ messages: HELLO }));
  assert.deepEqual([missing.kind, missing.fatal], ["refused key", true]);
  assert.match(missing.message, /no key is set: set OPENAI_API_KEY in the environment or \.env$/);
  // It is known before any call, so that none is held against a budget, nor booked.
  const held: string[] = [];
  const heard = (what: string) => Promise.resolve(void held.push(what));
  const named = await failure(
    live({ ...gpt, key: "NO_SUCH_KEY" }).ask({ messages: HELLO }, {
      hold: () => heard("hold"),
      before: () => heard("before"),
    }),
  );
  assert.deepEqual([held, named.attempts], [[], 0]);
  assert.match(named.message, /set NO_SUCH_KEY in/);
  const region = await failure(live(claude).ask({ messages: HELLO }));
  assert.match(region.message, /set AWS_REGION/);
  assert.deepEqual([region.kind, region.fatal], ["bad request", false]);
  assert.equal(server.tally().requests, 0);
  const { text } = await complete({ ...gpt, key: null }, { messages: HELLO });
  assert.equal(text, "never");
  assert.equal(server.asked[0]!.headers.get("authorization"), null);
}, { OPENAI_API_KEY: "", AWS_REGION: "", AWS_DEFAULT_REGION: "" });

served("keys of .env's names reach the provider", () => "well", async ({ server, gpt, claude }) => {
  await complete({ ...gpt, key: "OTHER_KEY" }, { messages: HELLO });
  assert.equal(server.asked.at(-1)!.headers.get("authorization"), "Bearer other-0123456789");
  assert.equal(server.asked.at(-1)!.headers.get("openai-organization"), null);
  await complete(claude, { messages: HELLO });
  assert.equal(server.asked.at(-1)!.headers.get("authorization"), "Bearer bedrock-0123456789");
}, {
  OTHER_KEY: "other-0123456789",
  OPENAI_ORG_ID: "org-none-of-yours",
  AWS_BEARER_TOKEN_BEDROCK: "bedrock-0123456789",
});

served("a server that is not there is unavailable", () => "never", async ({ gpt, claude }) => {
  // One port where nobody listens, and one where whoever calls is cut off at once.
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const nobody = `http://127.0.0.1:${(closed.addr as Deno.NetAddr).port}`;
  closed.close();
  const cutting = (async () => {
    for await (const connection of listener) connection.close();
  })();
  for (const url of [nobody, `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`]) {
    await under({ AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url }, async () => {
      for (const one of [{ ...gpt, base_url: `${url}/v1` }, claude]) {
        const error = await failure(live(one).ask({ messages: HELLO }, { retries: 1 }));
        assert.deepEqual([error.kind, error.fatal, error.attempts], ["unavailable", false, 2]);
        assert.match(error.message, /^[^\n]*cannot be reached \([^\n]+\), after 2 attempts$/);
      }
    });
  }
  listener.close();
  await cutting;
});

served(
  "the time limit is for the whole reply: a slow start, a body that trickles",
  ({ user }) => user === "slow" ? { latency: 3_600_000 } : { trickle: 300 },
  async ({ both }) => {
    for (const one of both) {
      for (const user of ["slow", "trickling"]) {
        const call = live({ ...one, timeout_seconds: 0.4 }).ask(
          { messages: ask("s", user) },
          { retries: 0 },
        );
        const [error, ms] = await timed(failure(call));
        assert.deepEqual([error.kind, error.fatal, error.attempts], ["timed out", false, 1]);
        assert.match(error.message, /no whole reply within 0\.4 s$/);
        assert.ok(ms > 390, `${ms} ms`);
      }
    }
  },
);

served(
  "a signal stops calls in flight, in the queue and between attempts",
  ({ user }) => user === "slow" ? { latency: 3_600_000 } : { status: 500 },
  async ({ server, both }) => {
    for (const one of both) {
      const stop = new AbortController();
      const pace = new Pace({ start: 2 });
      const call = (user: string) =>
        failure(live(one, pace).ask({ messages: ask("s", user) }, { signal: stop.signal }));
      const calls = [call("slow"), call("failing"), call("slow"), call("slow")];
      setTimeout(() => stop.abort(), 120);
      const errors = await Promise.all(calls);
      for (const { kind, fatal } of errors) assert.deepEqual([kind, fatal], ["stopped", false]);
      assert.deepEqual([pace.inFlight, pace.waiting], [0, 0]);
      const asked = server.tally().requests;
      const late = await call("slow");
      assert.deepEqual([late.kind, late.attempts, server.tally().requests], ["stopped", 0, asked]);
    }
  },
);

served(
  "truncated, refused and filtered replies are problems at every provider",
  ({ user, protocol }) => {
    const chat = protocol === "openai";
    return {
      cut: { text: '{"1": "True"', finish: chat ? "length" : "max_tokens" },
      filter: { text: "so far", finish: chat ? "content_filter" : "guardrail_intervened" },
      refusal: chat ? { refusal: "I will not.\nNo." } : { text: "", finish: "refusal" },
      empty: { text: " \n" },
      broken: { text: "so far", finish: "error" },
    }[user]!;
  },
  async ({ both }) => {
    for (const one of both) {
      const problems: Record<string, [RegExp, Opened["finish"]]> = {
        cut: [/^truncated at 3 tokens$/, "length"],
        filter: [/filter after: so far$/, "filter"],
        refusal: [
          one.provider === "openai" ? /^refused: I will not\. No\.$/ : /^refused$/,
          "refusal",
        ],
        empty: [/^empty reply$/, "stop"],
        broken: [/^broken off by an error of the provider after: so far$/, "other"],
      };
      for (const [user, [says, finish]] of Object.entries(problems)) {
        const reply = await complete(one, { messages: ask("s", user), schema: Pet });
        assert.deepEqual([reply.text, reply.value, reply.attempts], [null, null, 1]);
        assert.match(reply.problem!, says);
        assert.equal(reply.finish, finish, user);
      }
    }
  },
);

Deno.test("opened() reads stored replies of both providers", () => {
  const choices = [{ message: { role: "assistant", content: "Hi" } }];
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  assert.deepEqual(openReply("openai", JSON.stringify({ choices, usage })), {
    text: "Hi",
    finish: "other",
    usage: { input: 3, output: 2 },
    over: null,
    problem: null,
  });
  const message = { role: "assistant", content: [{ text: "Hi" }, { image: {} }, { text: "!" }] };
  const converse = { output: { message }, stopReason: "end_turn", usage: { inputTokens: 3 } };
  assert.deepEqual(openReply("bedrock", JSON.stringify(converse)), {
    text: "Hi!",
    finish: "stop",
    usage: null,
    over: null,
    problem: null,
  });
  assert.match(openReply("openai", JSON.stringify(converse)).problem!, /^not a reply of openai/);
  assert.match(
    openReply("bedrock", JSON.stringify({ choices })).problem!,
    /^not a reply of bedrock/,
  );
  const odd = [{ message: { content: "a\0b\ud800" }, finish_reason: "stop" }];
  assert.equal(openReply("openai", JSON.stringify({ choices: odd })).text, "a\ufffdb\ufffd");
});

Deno.test("opened() never throws, and gives a text or a problem, never both", () => {
  const valid = [
    '{"choices":[{"message":{"content":"{\\"1\\":\\"True\\"}","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}',
    '{"output":{"message":{"content":[{"text":"ok"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}}',
  ];
  const pieces = [
    '"',
    "{",
    "}",
    "[",
    "]",
    "null",
    "0",
    ",",
    ":",
    "\0",
    "\ud800",
    "é",
    "1e999",
    "-1",
  ];
  const hostile = [
    "",
    "null",
    "0",
    '"text"',
    "[]",
    "{}",
    "[".repeat(100_000),
    '{"a":'.repeat(50_000),
    '{"choices":null}',
    '{"choices":{"0":{"message":{"content":7}}}}',
    '{"choices":[{"message":[]}]}',
    '{"choices":[{"message":{"content":"x"},"finish_reason":"__proto__"}]}',
    '{"choices":[{"message":{"content":"x"},"finish_reason":{}}],"usage":[]}',
    '{"__proto__":{"choices":[]}}',
    '{"choices":[{"message":{"content":[null,{"text":7},{"text":"y"}]}}]}',
    '{"output":{"message":{"content":[{"text":null}]}}}',
  ];
  // 4,000 replies with pieces cut out or put in.
  const random = seeded("mutations", 1);
  for (let made = 0; made < 4000; made++) {
    let text = valid[made % 2]!;
    for (let times = random.int(4) + 1; times > 0; times--) {
      const place = random.int(text.length);
      text = text.slice(0, place) + pieces[random.int(pieces.length)] +
        text.slice(place + random.int(6));
    }
    hostile.push(text);
  }
  let texts = 0;
  for (const reply of hostile) {
    for (const provider of ["openai", "bedrock", "simulated"] as const) {
      const read = openReply(provider, reply);
      assert.equal(read.text === null, read.problem !== null, reply);
      if (read.text !== null) {
        texts++;
        assert.ok(read.text.trim() && read.text.isWellFormed() && !read.text.includes("\0"));
      } else assert.doesNotMatch(read.problem!, /[\n\0]/);
      const { usage } = read;
      if (usage) assert.ok(usage.input >= 0 && usage.output >= 0 && Number.isInteger(usage.input));
    }
  }
  assert.ok(texts > 200 && texts < hostile.length, `${texts} texts`);
});

/** Calls of a pace that end when they are told to. */
function calls(pace: Pace) {
  const running: { done: (fault?: Fault) => void }[] = [];
  const start = () => {
    const call = () =>
      new Promise<void>((resolve, reject) =>
        running.push({ done: (fault) => fault ? reject(fault) : resolve() })
      );
    pace.run(call).catch(() => {});
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    running,
    async start(n: number) {
      for (let i = 0; i < n; i++) start();
      await settled();
    },
    async end(n: number, fault?: () => Fault) {
      for (const { done } of running.splice(0, n)) done(fault?.());
      await settled();
    },
  };
}

const overload = (waitMs: number | null = null) =>
  new Fault("slow down", { kind: "overloaded", again: true, overloaded: true, waitMs });

Deno.test("Pace halves once for a round of overload, and never below 1", async () => {
  const pace = new Pace({ start: 20 });
  const { start, end, running } = calls(pace);
  await start(60);
  assert.deepEqual([pace.inFlight, pace.waiting, pace.concurrency], [20, 40, 20]);
  await end(1, overload);
  assert.deepEqual([pace.inFlight, pace.concurrency], [19, 10]);
  // The other 19 were under way when it fell.
  await end(19, overload);
  assert.deepEqual([pace.inFlight, pace.concurrency], [10, 10]);
  for (const expected of [5, 2, 1, 1, 1]) {
    await end(running.length, overload);
    assert.equal(pace.concurrency, expected);
    assert.ok(pace.inFlight <= expected);
  }
  await end(running.length, () => new Fault("500", { kind: "unavailable", again: true }));
  assert.equal(pace.concurrency, 1);
  while (running.length) await end(running.length);
});

Deno.test("Pace rises by one for as many successes as it allows calls, up to the limit", async () => {
  const pace = new Pace({ start: 2, most: 4 });
  const { start, end, running } = calls(pace);
  await start(40);
  const seen = [];
  while (running.length) {
    seen.push(pace.concurrency);
    assert.ok(pace.inFlight <= pace.concurrency);
    await end(1);
  }
  // After 2 successes 3, after 3 more 4, and there it stays.
  assert.deepEqual(seen, [2, 2, 3, 3, 3, ...Array(35).fill(4)]);
  pace.most = 3;
  assert.equal(pace.concurrency, 3);
  assert.throws(() => pace.most = 0, /concurrency\.most must be a whole number of 1 or more/);
  assert.throws(() => new Pace({ start: 1.5 }), RangeError);
  assert.equal(new Pace({ start: 20, most: 8 }).concurrency, 8);
  assert.deepEqual([new Pace().concurrency, new Pace().most], [20, 64]);
});

Deno.test("Pace does not rise while less than half of it is used", async () => {
  const pace = new Pace({ start: 20 });
  for (let i = 0; i < 100; i++) await pace.run(() => Promise.resolve());
  assert.equal(pace.concurrency, 20);
});

Deno.test("Pace lets calls that were tried before go first", async () => {
  const pace = new Pace({ start: 1 });
  const order: string[] = [];
  const call = (name: string, again: boolean) =>
    pace.run(() => Promise.resolve(void order.push(name)), undefined, again);
  await Promise.all([call("first", false), call("new", false), call("again", true)]);
  assert.deepEqual(order, ["first", "again", "new"]);
});

/** A server with room for so many at a time; what comes above that is turned away. */
function crowded(room: number): { answer: Answer; server: () => Server; set: (s: Server) => void } {
  let server: Server;
  return {
    answer: () => server.tally().inFlight > room ? { status: 429 } : { text: "well", latency: 100 },
    server: () => server,
    set: (made) => server = made,
  };
}

const small = crowded(6);
served("concurrency finds what a server takes", small.answer, async ({ server, gpt }) => {
  small.set(server);
  const pace = new Pace({ start: 20 });
  const all = Array.from(
    { length: 400 },
    (_, i) =>
      complete(gpt, { messages: ask("s", String(i)) }, { transport: live(gpt, pace), retries: 20 }),
  );
  const seen: number[] = [];
  const watch = setInterval(() => seen.push(pace.concurrency), 5);
  const replies = await Promise.all(all);
  clearInterval(watch);
  assert.ok(replies.every(({ text }) => text === "well"));
  const { peak, statuses, repeated } = server.tally();
  assert.ok(peak <= 20, `peak ${peak}`);
  assert.deepEqual([statuses[200], repeated], [400, 0]);
  // From 20 it must fall below 10, and it must not stay at the bottom.
  assert.ok(Math.min(...seen) <= 5, `lowest ${Math.min(...seen)}`);
  const later = seen.slice(seen.length >> 1);
  const mean = later.reduce((sum, one) => sum + one, 0) / later.length;
  assert.ok(mean > 2 && mean < 10, `later on average ${mean}`);
});

served(
  "the user's limit holds at the server",
  () => ({ latency: 50 }),
  async ({ server, both }) => {
    for (const one of both) {
      const limited = { ...one, model: `${one.model}-8`, concurrency: { start: 2, most: 8 } };
      const pace = paceOf(limited);
      const all = Array.from(
        { length: 120 },
        (_, i) => live(limited).ask({ messages: ask("s", String(i)) }),
      );
      await Promise.all(all);
      assert.equal(pace.concurrency, 8);
      assert.equal(server.tally().peak, 8);
      assert.deepEqual([pace.inFlight, pace.waiting], [0, 0]);
      assert.equal(paceOf({ ...limited, id: "other", max_tokens: 5 }), pace);
      assert.notEqual(paceOf({ ...limited, region: "eu-west-1" }), pace);
      assert.notEqual(paceOf({ ...limited, base_url: "http://other/v1" }), pace);
    }
  },
);

served("before() is awaited ahead of every request, and may forbid it", ({ times }) => {
  return times === 1 ? { status: 500 } : "well";
}, async ({ server, both }) => {
  for (const one of both) {
    const seen: number[][] = [];
    const asked = server.tally().requests;
    const before = async (attempt: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push([attempt, server.tally().requests - asked]);
    };
    const { attempts } = await live(one).ask({ messages: HELLO }, { before });
    assert.equal(attempts, 2);
    assert.deepEqual(seen, [[1, 0], [2, 1]]);

    const spent = new RangeError("The budget is spent");
    const pace = new Pace();
    const refuse = (attempt: number) => attempt < 2 ? Promise.resolve() : Promise.reject(spent);
    const call = live(one, pace).ask({ messages: ask("s", "other") }, { before: refuse });
    await assert.rejects(call, (error) => error === spent);
    assert.equal(server.tally().requests, asked + 3);
    assert.equal(pace.inFlight, 0);
  }
});

served("a recorded model makes no call: a hit is the reply, a miss an error", () => "live", async (
  { server, both },
) => {
  const path = await Deno.makeTempFile();
  for (const one of both) {
    const call = { messages: HELLO, repetition: 3 };
    const bought = await live(one).ask(call);
    const asked = server.tally().requests;
    const line = (reply: string) => JSON.stringify({ key: requestKey(one, call), reply });
    await Deno.writeTextFile(path, `${line("of no use")}\n\n${line(bought.reply)}\n`);
    const transport = recorded(recordedFile(path))(one);
    const again = await complete(one, call, { transport });
    assert.deepEqual([again.text, again.attempts, again.latency], ["live", 0, 0]);
    assert.deepEqual([again.reply, again.request], [bought.reply, bought.request]);
    const miss = await failure(transport.ask({ ...call, repetition: 4 }));
    assert.deepEqual([miss.kind, miss.fatal, miss.attempts], ["not recorded", false, 0]);
    assert.match(miss.message, new RegExp(requestKey(one, { ...call, repetition: 4 })));
    assert.equal(server.tally().requests, asked);
  }
  await Deno.writeTextFile(path, '{"key": "abc", "reply": ""}\n');
  assert.throws(() => recordedFile(path), /line 1 is no recorded reply/);
  await Deno.remove(path);
});

const KEYED: Model = {
  id: "keyed",
  label: "Keyed",
  provider: "openai",
  model: "m-1",
  base_url: "http://localhost:1/v1",
  key: null,
  temperature: 0.5,
  max_tokens: 10,
  format: "json_object",
  price: null,
};

Deno.test("requestKey() is the SHA-256 of what is asked", () => {
  const call = { messages: ask("S", "U ü"), schema: Pet, repetition: 2 };
  // Python: hashlib.sha256('["openai","http://localhost:1/v1","m-1",{"temperature":0.5,
  // "max_tokens":10},[["system","S"],["user","U ü"]],["json_object",{"type":"object","properties":
  // {"name":{"type":"string"},"legs":{"type":"integer"}},"required":["name","legs"],
  // "additionalProperties":false}],2]'.encode()).hexdigest(), in one line
  assert.equal(
    requestKey(KEYED, call),
    "bc968045fccd1eb687d31174ed73ac1759832de7271b591c718a67ac4f1eb314",
  );
  const plain = { messages: call.messages };
  const key = requestKey(KEYED, plain);
  assert.equal(requestKey({ ...KEYED, id: "x", label: "X", region: "r" }, plain), key);
  assert.equal(requestKey({ ...KEYED, timeout_seconds: 5, concurrency: { most: 1 } }, plain), key);
  assert.equal(requestKey(KEYED, { ...plain, repetition: 1 }), key);
  const others = [
    requestKey(KEYED, call),
    requestKey(KEYED, { ...plain, schema: Pet }),
    requestKey(KEYED, { ...plain, schema: z.strictObject({ other: z.string() }) }),
    requestKey(KEYED, { ...plain, repetition: 2 }),
    requestKey(KEYED, { messages: ask("S", "U u") }),
    requestKey(KEYED, { messages: ask("S U ü") }),
    requestKey(KEYED, { messages: [...plain.messages].reverse() }),
    requestKey({ ...KEYED, provider: "bedrock" }, plain),
    requestKey({ ...KEYED, model: "m-2" }, plain),
    requestKey({ ...KEYED, base_url: "http://localhost:2/v1" }, plain),
    requestKey({ ...KEYED, temperature: 0.6 }, plain),
    requestKey({ ...KEYED, top_p: 0.5 }, plain),
    requestKey({ ...KEYED, max_tokens: 11 }, plain),
    requestKey({ ...KEYED, more: { seed: 1 } }, plain),
    requestKey({ ...KEYED, error_rate: 0 }, plain),
  ];
  assert.equal(new Set([key, ...others]).size, others.length + 1);
});

Deno.test("cost() by hand; worstCost() is more than a call comes to", async () => {
  await under(CLEAN, () => {
    // 1,200 × 2.5 / 10⁶ + 300 × 10 / 10⁶ = 0.003 + 0.003
    assert.equal(cost(model("gpt4o"), { input: 1200, output: 300 }), 0.006);
    assert.equal(cost({ ...KEYED }, { input: 1200, output: 300 }), null);
    const messages = ask("word ".repeat(100), "word ".repeat(100));
    const text = tokens("word ".repeat(100)) * 2;
    const { tokens: most, usd } = worstCost(model("gpt4o"), { messages });
    // At least the text and the longest reply of 1,000; at most a tenth and a little more.
    assert.ok(most >= text + 1000 && most <= 1.1 * text + 1030, `${most}`);
    assert.ok(Math.abs(usd! - ((most - 1000) * 2.5 + 1000 * 10) / 1e6) < 1e-12);
    assert.equal(worstCost(KEYED, { messages }).usd, null);
    // Only a schema that is sent is paid for.
    const worst = (format: Model["format"], schema?: z.ZodType) =>
      worstCost({ ...KEYED, format }, { messages, ...(schema && { schema }) }).tokens;
    assert.ok(worst("json_schema", Pet) > worst("json_schema"));
    assert.equal(worst("json_object", Pet), worst("json_object"));
    return Promise.resolve();
  });
});

/** A simulated persona of a profile, and its sheets. */
async function simulated(answers: readonly number[], repetition = 1) {
  const one = model("simulated");
  const persona = await complete(one, {
    messages: fillPrompt(shippedPrompt("persona"), personaValues(epqra, answers, biography)),
    schema: schemaOf(biography),
    repetition,
  });
  assert.equal(persona.problem, null);
  const description = (persona.value as { description: string }).description;
  const sheet = async (
    instrument: Instrument,
    coding: Presented["coding"],
    error_rate?: number,
    repetition = 1,
  ) => {
    const random = seeded("order", coding);
    const presented = {
      items: random.shuffled(instrument.items.map(({ number }) => number)),
      options: random.shuffled(Object.keys(instrument.answers).map(Number)),
      coding,
    };
    const messages = fillPrompt(
      shippedPrompt("administration"),
      administrationValues(instrument, presented, { description }),
    );
    const changed = error_rate === undefined ? one : { ...one, error_rate };
    const reply = await complete(changed, { messages, repetition });
    const read = sheetIn(reply.text!, instrument, coding);
    assert.ok(!("problem" in read), JSON.stringify(read));
    assert.deepEqual(read.missing, []);
    return read.answers as number[];
  };
  return { persona, sheet };
}

const profileOf = (seed: number): number[] => {
  const random = seeded("profile", seed);
  return epqra.items.map(() => random.int(2));
};

Deno.test("simulated: a persona fits, is the same each time, and another in another repetition", () =>
  under(CLEAN, async () => {
    const first = await simulated(profileOf(1));
    const again = await simulated(profileOf(1));
    assert.equal(first.persona.reply, again.persona.reply);
    assert.notEqual(first.persona.reply, (await simulated(profileOf(1), 2)).persona.reply);
    assert.equal(first.persona.usd, 0);
    assert.equal(first.persona.usage!.output, tokens(first.persona.text!));
    assert.match(JSON.stringify(first.persona.value), /simulated/);
    assert.deepEqual(await first.sheet(epqra, "number"), await again.sheet(epqra, "number"));
  }));

Deno.test("simulated: the error rate is the stated one", () =>
  under(CLEAN, async () => {
    for (const rate of [undefined, 0.3]) {
      let wrong = 0;
      const [profiles, items] = [100, 24];
      for (let seed = 0; seed < profiles; seed++) {
        const answers = profileOf(seed);
        const { sheet } = await simulated(answers);
        const given = await sheet(epqra, "true/false", rate);
        wrong += given.filter((answer, item) => answer !== answers[item]).length;
      }
      const [n, p] = [profiles * items, rate ?? 0.1];
      // 4 standard errors of a binomial share.
      const bound = 4 * Math.sqrt(p * (1 - p) / n);
      assert.ok(Math.abs(wrong / n - p) < bound, `${wrong} of ${n}`);
    }
  }));

Deno.test("simulated: another questionnaire is answered from the scales that it shares", () =>
  under(CLEAN, async () => {
    const keyed = (scale: string) =>
      epqra.items.map((item) => item.scale === scale ? item.keyed! : 1 - item.keyed!);
    const traits = async (answers: number[], coding: Presented["coding"]) => {
      const { sheet } = await simulated(answers);
      const given = await sheet(bfi44, coding);
      return Object.fromEntries(score(bfi44, given).map(({ scale, score }) => [scale, score!]));
    };
    for (const coding of ["number", "label"] as const) {
      const [outgoing, worried] = [
        await traits(keyed("E"), coding),
        await traits(keyed("N"), coding),
      ];
      assert.ok(outgoing.E! > 4 && worried.E! < 2, `E ${outgoing.E} ${worried.E}`);
      assert.ok(outgoing.N! < 2 && worried.N! > 4, `N ${outgoing.N} ${worried.N}`);
    }
  }));

Deno.test("simulated: demographics follow the stated rates and the profile", () =>
  under(CLEAN, async () => {
    const one = model("simulated");
    const shares = async (answers: number[]) => {
      const messages = fillPrompt(
        shippedPrompt("persona"),
        personaValues(epqra, answers, biography),
      );
      const counts: Record<string, number> = {};
      for (let repetition = 1; repetition <= 400; repetition++) {
        const { value } = await complete(one, {
          messages,
          schema: schemaOf(biography),
          repetition,
        });
        const { gender } = value as { gender: string };
        counts[gender] = (counts[gender] ?? 0) + 1 / 400;
      }
      return counts;
    };
    const lowest = await shares(epqra.items.map(({ keyed }) => 1 - keyed!));
    const highest = await shares(epqra.items.map(({ keyed }) => keyed!));
    assert.ok(highest.female! > lowest.female! + 0.1, JSON.stringify({ lowest, highest }));
    assert.ok(highest["non-binary"]! > (lowest["non-binary"] ?? 0));
  }));

Deno.test("simulated: instruments it does not know are answered in range, and other prompts plainly", () =>
  under(CLEAN, async () => {
    const items = epqra.items.slice(0, 5).map((item, i) => ({ ...item, text: `¿Pregunta ${i}?` }));
    const other = { ...bfi44, title: "Other", items: items.map((i) => ({ ...i, keyed: null })) };
    const { sheet } = await simulated(profileOf(4));
    for (const coding of ["number", "label"] as const) {
      const given = await sheet(other, coding);
      assert.equal(given.length, 5);
      assert.ok(given.every((answer) => answer >= 1 && answer <= 5));
    }
    // The same items in other words are still the profile's.
    const spanish = {
      ...epqra,
      language: "es",
      answers: { 0: "No", 1: "Sí" },
      items: epqra.items.map((item) => ({ ...item, text: `¿Pregunta ${item.number}?` })),
    };
    assert.deepEqual(await sheet(spanish, "yes/no", 0), profileOf(4));
    const { text } = await complete(model("simulated"), { messages: HELLO });
    assert.match(text!, /simulated/);
  }));

const CANARIES = Object.fromEntries(
  [
    "OPENAI_API_KEY",
    "SOME_OTHER_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PGPASSWORD",
  ].map((name) => [name, `canary-${name}-"7f3a`]),
);
const PASSWORD = "canary:pass/word%20";

served(
  "a secret in any variable is in no request, reply or error, though the server sends it back",
  ({ user, headers }) => {
    const all = [...Object.values(CANARIES), PASSWORD, encodeURIComponent(PASSWORD)].join(" ");
    if (user.startsWith("reply")) return { text: `You sent ${all}`, echo: true };
    return {
      status: Number(user),
      message: `You sent ${all}`,
      echo: true,
      headers: { "x-echo": headers.get("authorization") ?? "" },
    };
  },
  async ({ server, gpt, claude }) => {
    const path = await Deno.makeTempFile();
    const entry = { ...KEYED, id: "other", base_url: gpt.base_url, key: "SOME_OTHER_KEY" };
    await Deno.writeTextFile(path, JSON.stringify([entry]));
    Deno.env.set("MODELS_FILE", path);
    const leaks = (text: string) => text.match(/canary[-:%][^ ]{0,40}/g);
    const models = [gpt, model("other"), claude];
    for (const one of models) {
      const user = `reply ${Object.values(CANARIES).slice(0, 5).join(" ")}`;
      const reply = await complete(one, { messages: ask("s", user) });
      // In what is exchanged with a provider only the providers' keys are looked for.
      const kept = { ...reply, reply: reply.reply.replaceAll(PASSWORD, "") };
      const database = [CANARIES.PGPASSWORD!, PASSWORD, encodeURIComponent(PASSWORD)];
      const rest = database.reduce(
        (text, secret) => text.replaceAll(JSON.stringify(secret).slice(1, -1), ""),
        kept.reply + kept.request,
      );
      assert.equal(leaks(rest), null);
      assert.match(reply.reply, /‹hidden›/);
      assert.match(server.asked.at(-1)!.headers.get("authorization")!, /canary/);
      for (const status of ["400", "401", "403", "404", "422", "429", "500"]) {
        const call = live(one, new Pace()).ask({ messages: ask("s", status) }, { retries: 0 });
        const error = await failure(call);
        const shown = Deno.inspect(error, { depth: 10, showHidden: true });
        assert.equal(leaks(`${error.message} ${error.stack} ${shown}`), null, status);
      }
    }
    await under({ AWS_ENDPOINT_URL_BEDROCK_RUNTIME: "http://127.0.0.1:9" }, async () => {
      for (const one of [{ ...gpt, base_url: "http://127.0.0.1:9/v1" }, claude]) {
        const error = await failure(live(one).ask({ messages: HELLO }, { retries: 0 }));
        assert.equal(leaks(Deno.inspect(error, { depth: 10, showHidden: true })), null);
      }
    });
    await Deno.remove(path);
  },
  {
    ...CANARIES,
    MODELS_FILE: "",
    DATABASE_URL: `postgres://u:${encodeURIComponent(PASSWORD)}@127.0.0.1/d`,
  },
);

served(
  "NUL and bytes that are not UTF-8 do not reach the stored reply, and a byte order mark stays",
  ({ user, protocol }) => {
    const [before, after] = protocol === "openai"
      ? ['{"choices":[{"message":{"content":"', '"}}],"x":"\\u0000"}']
      : ['{"output":{"message":{"content":[{"text":"', '"}]}},"x":"\\u0000"}'];
    const bytes = (text: string) => [...new TextEncoder().encode(text)];
    return {
      raw: user === "nul"
        ? `${before}a\0b${after}`
        : new Uint8Array([0xef, 0xbb, 0xbf, ...bytes(before), 0xff, 0xfe, ...bytes(after)]),
    };
  },
  async ({ both }) => {
    for (const one of both) {
      const nul = await complete(one, { messages: ask("s", "nul") });
      assert.match(nul.reply, /"a\\u0000b".*"x":"\\u0000"}$/);
      assert.equal(nul.text, "a\ufffdb");
      const bytes = await complete(one, { messages: ask("s", "bytes") });
      assert.match(bytes.reply, /^\ufeff\{.*"\ufffd\ufffd"/);
      assert.equal(bytes.text, "\ufffd\ufffd");
    }
  },
);

Deno.test("the server as a program counts for several processes", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(import.meta.dirname!, "llm_server.ts"), "--faults", "0.3"],
    stdin: "null",
    stdout: "piped",
  });
  const child = command.spawn();
  const reader = child.stdout.getReader();
  try {
    const url = new TextDecoder().decode((await reader.read()).value).trim();
    await under(CLEAN, async () => {
      const gpt = { ...model("gpt4o"), base_url: `${url}/v1` };
      const answers = profileOf(9);
      const messages = fillPrompt(
        shippedPrompt("persona"),
        personaValues(epqra, answers, biography),
      );
      const replies = await Promise.all(Array.from({ length: 30 }, (_, i) =>
        complete(gpt, {
          messages: [...messages, { role: "user", content: String(i) }],
          schema: schemaOf(biography),
        }, { retries: 30 })));
      for (const { problem, value } of replies) {
        assert.deepEqual([problem, value === null], [null, false]);
      }
      const tally = await (await fetch(`${url}/count?bodies`)).json();
      assert.deepEqual([tally.answered, tally.repeated, tally.inFlight], [30, 0, 0]);
      assert.ok(tally.requests > 30, `${tally.requests} requests`);
      assert.equal(tally.requests, replies.reduce((sum, { attempts }) => sum + attempts, 0));
      const hash = createHash("sha256").update(replies[0]!.request).digest("hex");
      assert.equal(tally.bodies[hash], 1);
    });
  } finally {
    child.kill("SIGTERM");
    await reader.cancel();
    await child.status;
  }
});
