/**
 * Servers that behave as reports of users say: whatever they do, no wrong row is stored, what they
 * charge stays within the budget but for one call, and the run can be finished when they are well again.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { personas, RunError } from "lib/study.ts";
import { type Asked, type Behaviour, provider, standIn } from "./llm_server.ts";
import { Made, served } from "./study_worker.ts";

const PEOPLE = 12;
const PRICE = { input: 1, output: 2 };

interface Case {
  name: string;
  /** What the server does, by the request, its number and how often it has come. */
  does: (asked: Asked, n: number) => Behaviour;
  /** USD; without it more than enough. */
  budget?: number;
  /** How the first run ends: done, failed by kind, or the message of an error. */
  ends: { done: number; failed?: Record<string, number> } | RegExp | "budget spent";
  /** What a single call charges at most, USD, where that is more than what the server says it did. */
  dearest?: number;
}

const usage = (input: unknown, output: unknown, total: unknown) => ({
  usage: { prompt_tokens: input, completion_tokens: output, total_tokens: total },
});
const always = (behaviour: Behaviour) => () => behaviour;
/** An answer that is no reply, and is not charged. */
const instead = (raw: Behaviour["raw"]): Behaviour => ({
  raw,
  charges: { input: 0, output: 0 },
  ...quick,
});
const quick = { headers: { "retry-after-ms": "1" } };
/** The first so many questions, whenever they come. */
const firstOf = (some: number, behaviour: Behaviour) => {
  const bodies = new Set<string>();
  return ({ hash }: Asked): Behaviour => {
    if (bodies.size < some) bodies.add(hash);
    return bodies.has(hash) ? behaviour : {};
  };
};
/** One question, but not the first. */
const oneOf = (behaviour: Behaviour) => {
  const bodies: string[] = [];
  return ({ hash }: Asked): Behaviour => {
    if (!bodies.includes(hash)) bodies.push(hash);
    return bodies[4] === hash ? behaviour : {};
  };
};
const error = (status: number, message: string, code: string): Behaviour => ({
  status,
  raw: { error: { message, type: "invalid_request_error", code } },
});

const ALL = { done: PEOPLE };
const ALL_BUT_ONE = (kind: string) => ({ done: PEOPLE - 1, failed: { [kind]: 1 } });
const NONE = (kind: string) => ({ done: 0, failed: { [kind]: PEOPLE } });

const CASES: Case[] = [
  // Usage that lies.
  { name: "usage of 0", does: always(usage(0, 0, 0)), ends: ALL },
  { name: "no usage", does: always({ usage: null }), ends: ALL },
  { name: "usage of 3,000,000,000", does: always(usage(3e9, 3e9, 6e9)), ends: ALL },
  { name: "usage below 0 and as words", does: always(usage(-5, "many", null)), ends: ALL },
  {
    name: "thoughts in the total only",
    does: always({ ...usage(500, 100, 10_600), charges: { input: 500, output: 10_100 } }),
    budget: 0.05,
    ends: "budget spent",
  },
  {
    name: "replies longer than max_tokens",
    does: always({ ...usage(900, 5000, 5900), charges: { input: 900, output: 5000 } }),
    budget: 0.025,
    ends: "budget spent",
  },
  {
    name: "longer at each reply",
    does: (_, n) => ({
      ...usage(900, 1000 * (n % 13), 900 + 1000 * (n % 13)),
      charges: { input: 900, output: 1000 * (n % 13) },
    }),
    budget: 0.05,
    ends: "budget spent",
    dearest: 0.025,
  },
  {
    name: "errors that charge",
    does: always({ status: 500, ...quick, charges: { input: 700, output: 600 } }),
    budget: 0.02,
    ends: "budget spent",
  },
  { name: "a small budget, and nothing odd", does: always({}), budget: 0.01, ends: "budget spent" },
  // Cut off.
  {
    name: "every reply cut off",
    does: always({ finish: "length" }),
    ends: /the last 5 replies were cut off at max_tokens 600, and none was whole: raise max_tokens/,
  },
  {
    name: "one reply cut off",
    does: oneOf({ finish: "length" }),
    ends: ALL_BUT_ONE("truncated"),
  },
  // Answers without a message.
  {
    name: "an error in a 200",
    does: ({ times }) =>
      times === 1
        ? instead({ choices: null, error: { message: "Provider error", code: 429 } })
        : {},
    ends: ALL,
  },
  {
    name: "a sign-in page",
    does: always(instead("<!doctype html><title>Sign in</title>")),
    ends: /base_url/,
  },
  {
    name: "events nobody asked for",
    does: always(instead('data: {"choices": [{"delta": {"content": "{"}}]}\n\n')),
    ends: /base_url/,
  },
  {
    name: "no choices, at every second call",
    does: (_, n) => n % 2 ? instead({ choices: [] }) : {},
    ends: ALL,
  },
  // A draft in the reasoning.
  {
    name: "a draft before the answer",
    does: (asked) => ({
      text: `<think>${standIn({ ...asked, hash: "0".repeat(64) })}</think>${standIn(asked)}`,
    }),
    ends: ALL,
  },
  {
    name: "a draft, and no end of it",
    does: (asked) => ({ text: `<think>So: ${standIn({ ...asked, hash: "0".repeat(64) })}` }),
    ends: NONE("not readable"),
  },
  // Refused.
  {
    name: "the first three prompts refused",
    does: firstOf(3, error(400, "Content exists risk", "invalid_request_error")),
    ends: { done: PEOPLE - 3, failed: { "refused prompt": 3 } },
  },
  {
    name: "three requests that nobody understands, first",
    does: firstOf(3, error(400, "Bad input", "invalid_request_error")),
    ends: { done: PEOPLE - 3, failed: { "bad request": 3 } },
  },
  {
    name: "every request refused",
    does: always(error(400, "Unknown parameter: n", "unknown_parameter")),
    ends: /Unknown parameter: n.*; 5 of 5 questions were refused/,
  },
  {
    name: "JSON that the server does not validate, once",
    does: ({ times }) =>
      times === 1 ? error(400, "Failed to generate JSON", "json_validate_failed") : {},
    ends: ALL,
  },
  {
    name: "one prompt too long",
    does: oneOf(
      error(400, "maximum context length is 8192 tokens", "context_length_exceeded"),
    ),
    ends: ALL_BUT_ONE("refused prompt"),
  },
  {
    name: "one prompt moderated",
    does: oneOf({ status: 403, raw: { error: { message: "Input was flagged", code: 403 } } }),
    ends: ALL_BUT_ONE("refused prompt"),
  },
  { name: "a model that declines", does: always({ refusal: "I cannot." }), ends: NONE("refused") },
  { name: "nothing said", does: always({ text: "" }), ends: NONE("empty") },
  // Faults of the wire.
  {
    name: "every second call fails",
    does: (_, n) => n % 2 ? { status: 500, ...quick } : {},
    ends: ALL,
  },
  {
    name: "connections that break",
    does: ({ times }) => times === 1 ? { reset: true } : {},
    ends: ALL,
  },
];

Deno.test("whatever a server does: no wrong row, no budget exceeded by more than a call, and the run can be finished", async (test) => {
  await using made = await Made.with("behaviours", PEOPLE);
  const { lab } = made;
  let does: Case["does"] = () => ({});
  let dearest = 0;
  const server = provider({
    answer: (asked, n) => {
      const behaviour = { latency: 5, ...does(asked, n) };
      const { input, output } = behaviour.charges ?? {
        input: Math.ceil((asked.system.length + asked.user.length) / 4),
        output: 600,
      };
      dearest = Math.max(dearest, (input * PRICE.input + output * PRICE.output) / 1e6);
      return behaviour;
    },
  });
  const charged = () => {
    const { input, output } = server.tally().charged;
    return (input * PRICE.input + output * PRICE.output) / 1e6;
  };
  try {
    for (const [index, one] of CASES.entries()) {
      await test.step(one.name, async () => {
        const model = served(server.url, 6, { model: `stand-in-${index}` });
        const run = await lab.register(
          personas({ models: [model], conditions: ["Base"], variant: `v${index}` }),
        );
        does = one.does;
        dearest = 0;
        const before = charged(), usd = one.budget ?? 10;
        const first = await lab.run(run, { budget: { usd } }).catch((error) => error);
        assert.ok(
          charged() - before <= usd + (one.dearest ?? dearest) + 1e-12,
          `charged ${charged() - before} of ${usd}, the dearest call ${dearest}`,
        );
        if (one.ends instanceof RegExp) {
          assert.ok(first instanceof RunError, String(first));
          assert.match(first.message, one.ends);
        } else if (first instanceof Error) throw first;
        else if (one.ends === "budget spent") assert.equal(first.ended, one.ends);
        else assert.deepEqual([first.done, first.failed], [one.ends.done, one.ends.failed ?? {}]);
        const [booked] = await made.rows(`
          select usd, lost_usd, tokens + lost_tokens as tokens from runs where name = '${run}'`);
        const all = (booked!.usd as number) + (booked!.lost_usd as number);
        assert.ok(all >= charged() - before - 1e-12, `${all} booked of ${charged() - before}`);

        does = () => ({});
        await lab.retryFailed(run);
        const again = await lab.run(run, { budget: { usd: 10 }, allowTruncated: true });
        assert.equal(again.ended, "finished");
        assert.deepEqual(again.failed, {});
        const rows = await made.rows(`
          select p.description, q.sent from personas p
          join work w on w.work = p.work join runs r on r.run = w.run
          join lateral (
            select sent from requests q where q.work = w.work order by request desc limit 1
          ) q on true
          where r.name = '${run}'`);
        assert.equal(rows.length, PEOPLE);
        for (const { description, sent } of rows) {
          const hash = createHash("sha256").update(sent as string).digest("hex");
          assert.ok((description as string).includes(hash.slice(0, 16)), "a row of its own reply");
        }
      });
    }
  } finally {
    await server.close();
  }
});
