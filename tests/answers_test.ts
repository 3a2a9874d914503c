/** What a provider answers that is no reply, and what a reply says it used: over HTTP, real clients. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type CallError,
  complete,
  live,
  type Model,
  openReply,
  Pace,
  requestKey,
} from "lib/llm.ts";
import { mending } from "lib/llm/mending.ts";
import { longest } from "lib/llm/provider.ts";
import { ask, failure, HELLO, served } from "./called.ts";

/** An answer that is no reply, and what it means; as servers are reported to send them. */
interface Case {
  id: string;
  protocol: "openai" | "bedrock";
  status: number;
  headers: Record<string, string>;
  body: object | string | null;
  kind: CallError["kind"];
  says: string;
  fatal: boolean;
  again: boolean;
  /** Whether it may have been charged for. */
  unsure: boolean;
}

const CASES: Case[] = Deno.readTextFileSync(join(import.meta.dirname!, "fixtures/answers.jsonl"))
  .trimEnd().split("\n").map((line) => JSON.parse(line));
const caseOf = (id: string): Case => CASES.find((one) => one.id === id)!;

/** A model with a pace of its own: what the provider asks of one call must not hold up others. */
async function asked(one: Model, user: string, retries = 1) {
  const unsure: boolean[] = [];
  const error = await failure(
    live(one, new Pace()).ask({ messages: ask("s", user) }, {
      retries,
      after: (mayCost) => unsure.push(mayCost),
    }),
  );
  return { error, unsure };
}

served(
  "an answer without a message is no reply, whatever its status is, and is told from others by kind",
  ({ user }) => {
    const { status, headers, body } = caseOf(user);
    return { status, headers: { "retry-after-ms": "1", ...headers }, raw: body };
  },
  async ({ server, gpt, claude }) => {
    await Promise.all(CASES.flatMap((one) => {
      // What is no provider's own form may come from a gateway before any of them.
      const any = typeof one.body === "string" || one.id.startsWith("error-in-200");
      const models = one.protocol === "bedrock" ? [claude] : any ? [gpt, claude] : [gpt];
      return models.map(async (model) => {
        const { error, unsure } = await asked(model, one.id);
        const { kind, fatal, attempts } = error;
        const expected = { kind: one.kind, fatal: one.fatal, attempts: one.again ? 2 : 1 };
        assert.deepEqual({ id: one.id, kind, fatal, attempts }, { id: one.id, ...expected });
        assert.match(error.message, new RegExp(one.says), one.id);
        assert.deepEqual(unsure, Array(attempts).fill(one.unsure), one.id);
        assert.doesNotMatch(error.message, /\n/);
        const body = typeof one.body === "string" ? one.body : JSON.stringify(one.body);
        assert.equal(error.body, body, one.id);
      });
    }));
    assert.ok(server.tally().requests > CASES.length);
  },
);

served(
  "an error beside a reply does not undo the reply",
  () => ({ raw: { choices: [{ message: { content: "well" } }], error: { message: "late" } } }),
  async ({ gpt }) => assert.equal((await complete(gpt, { messages: HELLO })).text, "well"),
);

served(
  "a body without end is read as far as a reply or an error may go",
  ({ user }) => ({ endless: true, status: Number(user), raw: '{"error":{"message":"on and on"}}' }),
  async ({ both }) => {
    for (const one of both) {
      for (const status of ["200", "400", "500"]) {
        const { error, unsure } = await asked(one, status, 0);
        assert.equal(
          error.kind,
          { 200: "no reply", 400: "bad request", 500: "unavailable" }[status],
        );
        assert.deepEqual(unsure, [status !== "400"]);
        assert.ok(error.body!.length <= 64_000 && error.body!.startsWith('{"error"'));
        if (status === "200") assert.match(error.message, new RegExp(`${longest(one)} bytes`));
      }
    }
    // Replies of 1,000 tokens at the most calls at a time.
    assert.ok(longest(both[0]!) * 64 < 50e6 && longest(both[0]!) > 500_000);
  },
);

served(
  "a reply says by how much it is longer than was allowed",
  ({ protocol }) => ({
    usage: protocol === "openai"
      ? { prompt_tokens: 500, completion_tokens: 100, total_tokens: 10_600 }
      : { inputTokens: 500, outputTokens: 10_100, totalTokens: 10_600 },
  }),
  async ({ both }) => {
    for (const one of both) {
      const reply = await complete(one, { messages: HELLO });
      assert.deepEqual([reply.usage, reply.over], [{ input: 500, output: 10_100 }, 9100]);
      assert.equal(
        (await complete({ ...one, max_tokens: 10_100 }, { messages: HELLO })).over,
        null,
      );
    }
  },
);

/** Usage as it is reported, beside a text of 400 characters, and what it means. */
const USAGE: [unknown, [input: number, output: number] | null][] = [
  [{ prompt_tokens: 500, completion_tokens: 100, total_tokens: 600 }, [500, 100]],
  // What was thought, in the total only; apart, as xAI counts; and inside, as OpenAI counts.
  [{ prompt_tokens: 500, completion_tokens: 100, total_tokens: 10_600 }, [500, 10_100]],
  [
    {
      prompt_tokens: 500,
      completion_tokens: 100,
      completion_tokens_details: { reasoning_tokens: 900 },
    },
    [500, 1000],
  ],
  [
    {
      prompt_tokens: 500,
      completion_tokens: 900,
      completion_tokens_details: { reasoning_tokens: 800 },
    },
    [500, 900],
  ],
  // A total that is too small says nothing.
  [{ prompt_tokens: 500, completion_tokens: 100, total_tokens: 7 }, [500, 100]],
  [{ prompt_tokens: 500, total_tokens: 700 }, [500, 200]],
  [{ completion_tokens: 100, total_tokens: 700 }, [600, 100]],
  // Of cached tokens OpenAI and DeepSeek count a part, Anthropic and Amazon others.
  [
    { prompt_tokens: 500, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 400 } },
    [500, 100],
  ],
  [
    {
      input_tokens: 5,
      cache_read_input_tokens: 400,
      cache_creation_input_tokens: 95,
      output_tokens: 100,
    },
    [500, 100],
  ],
  [
    { inputTokens: 5, cacheReadInputTokens: 495, outputTokens: 100, totalTokens: 600 },
    [500, 100],
  ],
  [{ prompt_tokens: "500", completion_tokens: "100" }, [500, 100]],
  [{ prompt_tokens: 499.5, completion_tokens: 99.5 }, [500, 100]],
  [{ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, null],
  [{ prompt_tokens: 0, completion_tokens: 100, total_tokens: 100 }, null],
  [{ prompt_tokens: 500, completion_tokens: 0, total_tokens: 500 }, null],
  // A text of 400 characters in one token.
  [{ prompt_tokens: 500, completion_tokens: 1, total_tokens: 501 }, null],
  [{ prompt_tokens: -500, completion_tokens: 100 }, null],
  [{ prompt_tokens: 500, completion_tokens: -1 }, null],
  [{ prompt_tokens: 500 }, null],
  [{ completion_tokens: 100 }, null],
  [{ total_tokens: 600 }, null],
  [{ prompt_tokens: 500, completion_tokens: 3e9 }, null],
  [{ prompt_tokens: 1e300, completion_tokens: 100 }, null],
  [{ prompt_tokens: 500, completion_tokens: 100, total_tokens: 1e300 }, null],
  [{ prompt_tokens: true, completion_tokens: [] }, null],
  [{ prompt_tokens: "many", completion_tokens: "1e3" }, null],
  [{}, null],
  [[], null],
  [null, null],
  ["500", null],
];

served(
  "usage that cannot be is unknown, and of two counts of what was written the larger holds",
  ({ user }) => ({ text: "word ".repeat(80), usage: USAGE[Number(user)]![0] }),
  async ({ both }) => {
    for (const one of both) {
      for (const [place, [given, means]] of USAGE.entries()) {
        const { text, usage, usd } = await complete(one, { messages: ask("s", String(place)) });
        assert.equal(text, "word ".repeat(80));
        const expected = means && { input: means[0], output: means[1] };
        assert.deepEqual(usage, expected, JSON.stringify(given));
        assert.equal(usd === null, means === null);
      }
    }
  },
);

Deno.test("usage: what was thought counts as text, and a count of 0 beside no text is believed", () => {
  const of = (message: object, output: number, finish = "stop") =>
    openReply(
      "openai",
      JSON.stringify({
        choices: [{ message, finish_reason: finish }],
        usage: { prompt_tokens: 9, completion_tokens: output },
      }),
      1000,
    );
  assert.equal(of({ content: "ok", reasoning_content: "hm ".repeat(1000) }, 5).usage, null);
  assert.deepEqual(of({ content: "" }, 0, "content_filter").usage, { input: 9, output: 0 });
  // Too long is said also where what was read is not known.
  const unread = { choices: [{ message: { content: "x" } }], usage: { completion_tokens: 1500 } };
  const { usage, over } = openReply("openai", JSON.stringify(unread), 1000);
  assert.deepEqual([usage, over], [null, 500]);
});

const escaped = (text: string): string =>
  [...text].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

/** Ways to write a key down again. */
const WRITTEN: Readonly<Record<string, (key: string) => string>> = {
  escaped: escaped,
  "escaped twice": (key) => escaped(key).replaceAll("\\", "\\\\"),
  "escaped here and there": (key) => key.slice(0, 4) + escaped(key.slice(4, 9)) + key.slice(9),
  url: (key) => encodeURIComponent(key).replace(/%../g, (code) => code.toLowerCase()),
  html: (key) => [...key].map((sign) => `&#${sign.charCodeAt(0)};`).join(""),
  hex: (key) => new TextEncoder().encode(key).toHex(),
  base64: (key) => btoa(key),
  "base64 of a header": (key) => btoa(`Bearer ${key}, and more`),
  "base64 for URLs": (key) => btoa(`a${key}`).replaceAll("+", "-").replaceAll("/", "_"),
};

const SENT_BACK = "sk-canary/Four?five+six~seven";

served(
  "a key that a server sends back is hidden in every usual encoding, in text, body and error",
  ({ user, protocol }) => {
    const [way, status] = JSON.parse(user) as [string, number];
    const written = WRITTEN[way]!(SENT_BACK);
    if (status !== 200) return { status, raw: `{"error":{"message":"You sent ${written}"}}` };
    return {
      raw: protocol === "openai"
        ? `{"choices":[{"message":{"content":"You sent ${written}"}}]}`
        : `{"output":{"message":{"content":[{"text":"You sent ${written}"}]}}}`,
    };
  },
  async ({ both }) => {
    for (const one of both) {
      for (const [way, write] of Object.entries(WRITTEN)) {
        const gone = (text: string) => {
          assert.match(text, /You sent .*‹hidden›/, way);
          for (const form of [SENT_BACK, write(SENT_BACK), btoa(SENT_BACK).slice(4, 30)]) {
            assert.ok(!text.includes(form), `${way}: ${text}`);
          }
        };
        const reply = await complete(one, { messages: ask("s", JSON.stringify([way, 200])) });
        gone(reply.reply);
        gone(reply.text!);
        const { error } = await asked(one, JSON.stringify([way, 400]), 0);
        gone(error.message);
        gone(error.body!);
      }
    }
  },
  { OPENAI_API_KEY: SENT_BACK },
);

/** What providers say of a field, and which field of the entry mends it. */
const MENDED: [string, RegExp][] = [
  ["System role not supported", /"system": false/],
  ["Developer instruction is not enabled for models/gemma-3-27b-it", /"system": false/],
  ["Conversation roles must alternate user/assistant/user/assistant/...", /"system": false/],
  ["This model doesn't support system messages. Try again without one", /"system": false/],
  ["Unsupported value: 'messages[0].role' does not support 'system' with this model.", /"system"/],
  [
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    /"max_tokens_as": "max_completion_tokens"/,
  ],
  [
    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
    /"temperature": null/,
  ],
  ["`temperature` is deprecated for this model.", /"temperature": null/],
  ["invalid temperature: only 1 is allowed for this model", /"temperature": null/],
  ["`temperature` and `top_p` cannot both be specified for this model.", /"top_p": null/],
  ["Unsupported parameter: 'top_p' is not supported with this model.", /"top_p": null/],
  [
    "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
    /"format": "text"/,
  ],
  ["This response_format type is unavailable now", /"format": "text"/],
  [
    "max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
    /"max_tokens"/,
  ],
  ["The maximum tokens you requested exceeds the model limit of 512.", /a smaller "max_tokens"/],
  ["parameter.enable_thinking must be set to false for non-streaming calls", /enable_thinking/],
  ["Unrecognized request argument supplied: seed", /"seed" of "more"/],
  ["Model Not Exist", /the right "model"/],
  [
    "Invocation of model ID x with on-demand throughput isn't supported. Retry your request with the ID or ARN of an inference profile",
    /the right "model"/,
  ],
];

served(
  "what a provider does not take is told with the field that mends it",
  ({ user }) => ({ status: 400, message: MENDED[Number(user)]![0] }),
  async ({ both }) => {
    for (const one of both) {
      const full = {
        ...one,
        temperature: 0.5,
        top_p: 1,
        format: "json_schema" as const,
        more: { seed: 1 },
      };
      for (const [place, [said, says]] of MENDED.entries()) {
        const { error } = await asked(full, String(place), 0);
        assert.equal(error.kind, "bad request", said);
        assert.match(error.message, new RegExp(`: (set|change) .*in the entry of ${one.id} in `));
        assert.match(error.message.split(": ").slice(-2).join(": "), says, said);
      }
      // What is so already is no advice.
      const bare = { ...one, format: "text" as const, system: false };
      delete bare.temperature;
      assert.equal(mending(bare, "System role not supported"), null);
      assert.equal(mending(bare, "temperature is not supported"), null);
      assert.equal(mending(bare, "something else"), null);
    }
  },
);

served(
  "a model without system messages finds their text before the user's",
  () => "well",
  async ({ server, both }) => {
    for (const one of both) {
      const without = { ...one, system: false };
      await complete(without, { messages: ask("You are brief.", "Hello?") });
      const sent = server.asked.at(-1)!;
      assert.deepEqual([sent.system, sent.user], ["", "You are brief.\n\nHello?"]);
      const call = { messages: ask("You are brief.", "Hello?") };
      assert.notEqual(requestKey(without, call), requestKey(one, call));
      assert.equal(requestKey({ ...one, system: true }, call), requestKey(one, call));
    }
  },
);

served(
  "a pace tells until when the provider asks to wait",
  () => ({ status: 429, headers: { "retry-after": "7200" } }),
  async ({ both }) => {
    for (const one of both) {
      const pace = new Pace();
      assert.equal(pace.waitingUntil, null);
      const before = Date.now();
      await failure(live(one, pace).ask({ messages: HELLO }, { retries: 0 }));
      const until = pace.waitingUntil!.getTime();
      assert.ok(until >= before + 7_200_000 - 1000 && until <= Date.now() + 7_200_000 + 1000);
    }
  },
);
