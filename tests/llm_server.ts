/**
 * A local server that speaks OpenAI's chat completions and Bedrock's Converse well enough for the
 * real clients: it answers as it is told, counts what it was asked, and “charges” what it answered.
 *
 * Also a program, which several processes can share and which stands in for a model:
 * `deno run -A tests/llm_server.ts [--port N] [--seed S] [--latency MS] [--faults SHARE]`. It prints
 * its address; `GET /count` gives the tally as JSON, `GET /count?bodies` with every body's hash.
 */
import { createHash } from "node:crypto";
import { main } from "../scripts/cli.ts";

/** One request, as the server saw it. */
export interface Asked {
  protocol: "openai" | "bedrock";
  model: string;
  system: string;
  user: string;
  /** The body, verbatim, and its SHA-256 in hexadecimal. */
  body: string;
  hash: string;
  headers: Headers;
  /** How often this body has come, this time included. */
  times: number;
}

/** What the server does instead of answering with a text. Nothing set: it answers as a stand-in. */
export interface Behaviour {
  text?: string;
  /** Before the answer begins, ms. */
  latency?: number;
  /** The answer begins when this is fulfilled. */
  after?: Promise<void>;
  status?: number;
  headers?: Record<string, string>;
  /** The provider's name of a fault: `insufficient_quota`, `ThrottlingException`. */
  code?: string;
  /** The provider's message of a fault. */
  message?: string;
  /** The whole body, instead of one in the provider's form: text, bytes, or a value as JSON. */
  raw?: string | Uint8Array<ArrayBuffer> | object | null;
  /** What stands as `usage` in a reply in the provider's form. */
  usage?: unknown;
  /** What is charged, whatever was answered; a reply with status 200 is charged by its length. */
  charges?: { input: number; output: number };
  /** The body goes on for ever after what it is. */
  endless?: boolean;
  /** Breaks the connection in the middle of the body. */
  reset?: boolean;
  /** Sends the body byte by byte, so many ms apart. */
  trickle?: number;
  /** OpenAI's finish_reason or Bedrock's stopReason. */
  finish?: string;
  refusal?: string;
  /** Sends back every header of the request inside the text or the message. */
  echo?: boolean;
}

export type Answer = (asked: Asked, count: number) => string | Behaviour;

/** What a server was asked so far. */
export interface Tally {
  requests: number;
  /** Replies that were charged for: those with status 200 that were not broken off here. */
  answered: number;
  inFlight: number;
  /** The most requests that were in flight at once. */
  peak: number;
  /** Tokens of what was answered. */
  charged: { input: number; output: number };
  statuses: Record<number, number>;
  /** Bodies that were answered more than once. */
  repeated: number;
}

export interface Server {
  /** `http://127.0.0.1:PORT`: for AWS_ENDPOINT_URL_BEDROCK_RUNTIME; with `/v1` for OpenAI. */
  url: string;
  tally(): Tally;
  /** How often each body was answered, by its SHA-256. */
  bodies: ReadonlyMap<string, number>;
  /** The requests, where `keep` is set. */
  asked: Asked[];
  close(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @param answer what to answer; without it every request is answered by the stand-in
 * @param keep whether `asked` holds every request
 */
export function provider(
  { answer = () => ({}), port = 0, keep = true }: {
    answer?: Answer;
    port?: number;
    keep?: boolean;
  } = {},
): Server {
  const came = new Map<string, number>();
  const bodies = new Map<string, number>();
  const asked: Asked[] = [];
  const tally: Tally = {
    requests: 0,
    answered: 0,
    inFlight: 0,
    peak: 0,
    charged: { input: 0, output: 0 },
    statuses: {},
    repeated: 0,
  };
  const closing = new AbortController();

  async function answered(one: Omit<Asked, "times" | "hash">): Promise<Response> {
    const hash = createHash("sha256").update(one.body).digest("hex");
    const times = (came.get(hash) ?? 0) + 1;
    came.set(hash, times);
    const whole = { ...one, hash, times };
    if (keep) asked.push(whole);
    const said = answer(whole, tally.requests);
    const does = typeof said === "string" ? { text: said } : said;
    if (does.latency) await pause(does.latency, closing.signal);
    await does.after;
    const { response, usage } = replied(whole, does);
    tally.statuses[response.status] = (tally.statuses[response.status] ?? 0) + 1;
    // What a client no longer waits for is charged as well: providers do that.
    if (does.charges ?? (response.ok && !does.reset)) {
      const before = bodies.get(hash) ?? 0;
      bodies.set(hash, before + 1);
      tally.answered++;
      tally.repeated += Number(before === 1);
      tally.charged.input += usage.input;
      tally.charged.output += usage.output;
    }
    return response;
  }

  const server = Deno.serve(
    { port, hostname: "127.0.0.1", onListen() {}, signal: closing.signal },
    async (request) => {
      const url = new URL(request.url);
      if (url.pathname === "/count") {
        const more = url.searchParams.has("bodies") ? { bodies: Object.fromEntries(bodies) } : {};
        return Response.json({ ...tally, ...more });
      }
      if (url.pathname === "/v1/models") {
        return Response.json({ object: "list", data: [{ id: "stand-in", object: "model" }] });
      }
      const converse = /^\/model\/([^/]+)\/converse$/.exec(url.pathname);
      if (request.method !== "POST" || !(converse || url.pathname === "/v1/chat/completions")) {
        return Response.json({ error: { message: `no such path: ${url.pathname}` } }, {
          status: 404,
        });
      }
      tally.requests++;
      tally.peak = Math.max(tally.peak, ++tally.inFlight);
      try {
        const body = await request.text();
        const { headers } = request;
        return await answered({
          ...(converse ? inConverse(body, decodeURIComponent(converse[1]!)) : inChat(body)),
          body,
          headers,
        });
      } finally {
        tally.inFlight--;
      }
    },
  );
  return {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    tally: () => structuredClone(tally),
    bodies,
    asked,
    async close() {
      closing.abort();
      await server.finished;
    },
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });

type Messages = { role: string; content: string | { text: string }[] }[];
type Heard = Pick<Asked, "protocol" | "model" | "system" | "user">;

const texts = (content: string | { text: string }[]): string =>
  typeof content === "string" ? content : content.map(({ text }) => text).join("\n");

const spoken = (messages: Messages, role: string): string =>
  messages.filter((message) => message.role === role).map(({ content }) => texts(content))
    .join("\n");

function inChat(body: string): Heard {
  const { model, messages } = JSON.parse(body) as { model: string; messages: Messages };
  const [system, user] = [spoken(messages, "system"), spoken(messages, "user")];
  return { protocol: "openai", model, system, user };
}

function inConverse(body: string, model: string): Heard {
  const { system = [], messages } = JSON.parse(body) as {
    system?: { text: string }[];
    messages: Messages;
  };
  return { protocol: "bedrock", model, system: texts(system), user: spoken(messages, "user") };
}

function replied(
  asked: Asked,
  does: Behaviour,
): { response: Response; usage: { input: number; output: number } } {
  const { status = 200, code = "", finish, refusal, trickle, reset, endless } = does;
  const echo = does.echo ? JSON.stringify([...asked.headers]) : "";
  const text = (does.text ?? (does.raw === undefined ? standIn(asked) : "")) + echo;
  const usage = does.charges ?? {
    input: Math.ceil((asked.system.length + asked.user.length) / 4),
    output: Math.ceil(text.length / 4),
  };
  const chat = asked.protocol === "openai";
  const message = (does.message ?? `status ${status}`) + echo;
  const form = status >= 300
    ? chat ? { error: { message, type: code, code: code || null, param: null } } : { message }
    : chat
    ? {
      id: `chatcmpl-${asked.hash.slice(0, 12)}`,
      object: "chat.completion",
      created: 1,
      model: asked.model,
      choices: [{
        index: 0,
        message: {
          role: "assistant",
          content: refusal === undefined ? text : null,
          refusal: refusal ?? null,
        },
        finish_reason: finish ?? "stop",
      }],
      usage: {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input + usage.output,
      },
    }
    : {
      output: { message: { role: "assistant", content: [{ text }] } },
      stopReason: finish ?? "end_turn",
      usage: {
        inputTokens: usage.input,
        outputTokens: usage.output,
        totalTokens: usage.input + usage.output,
      },
      metrics: { latencyMs: 1 },
    };
  if ("usage" in does) Object.assign(form, { usage: does.usage });
  const whole = does.raw === undefined
    ? JSON.stringify(form)
    : typeof does.raw === "string" || does.raw instanceof Uint8Array
    ? does.raw
    : JSON.stringify(does.raw);
  const headers = {
    "content-type": "application/json",
    ...(!chat && code && { "x-amzn-errortype": code }),
    ...does.headers,
  };
  // A body that ends before its stated length ends the connection.
  if (reset) Object.assign(headers, { "content-length": String(whole.length + 1) });
  const body = endless
    ? withoutEnd(whole)
    : trickle || reset
    ? inPieces(whole, trickle ?? 0, reset ?? false)
    : whole || null;
  return { response: new Response(body, { status, headers }), usage };
}

function inPieces(
  whole: string | Uint8Array<ArrayBuffer>,
  trickle: number,
  reset: boolean,
): ReadableStream<Uint8Array> {
  const bytes = typeof whole === "string" ? new TextEncoder().encode(whole) : whole;
  let sent = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    async pull(controller) {
      if (sent >= (reset ? bytes.length / 2 : bytes.length)) return controller.close();
      await new Promise((resolve) => timer = setTimeout(resolve, trickle));
      const size = trickle ? 1 : Math.ceil(bytes.length / 2);
      controller.enqueue(bytes.slice(sent, sent += size));
    },
    cancel() {
      clearTimeout(timer);
    },
  });
}

/** The bytes, and then spaces, as fast as they are taken. */
function withoutEnd(whole: string | Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  const spaces = new Uint8Array(65_536).fill(32);
  let next = typeof whole === "string" ? new TextEncoder().encode(whole) : whole;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(next);
      next = spaces.slice();
    },
  });
}

const PERSONA: readonly (readonly [field: string, values: readonly string[]])[] = [
  ["name", ["Ana Baker", "Luis Chen", "Robin Garcia", "Ruth Rossi"]],
  ["gender", ["Female", "male", "Woman", "non-binary"]],
  ["sexual_orientation", ["Heterosexual", "straight", "Bisexual", "gay"]],
  ["race", ["White", "Asian", "Black", "Hispanic"]],
  ["ethnicity", ["European", "Chinese-American", "Non-Hispanic", "Latino"]],
  ["religious_belief", ["Agnostic", "Christian", "Atheist", "Buddhist"]],
  ["occupation", ["Teacher", "Accountant", "Graphic designer", "Software engineer"]],
  ["political_orientation", ["Progressive", "Moderate", "Conservative", "Centrist"]],
  ["location", ["Portland, Oregon", "Seattle, WA", "Chicago", "Madrid"]],
];

/** A valid reply to a persona or administration prompt, which depends on the body alone. */
export function standIn({ system, user, hash }: Pick<Asked, "system" | "user" | "hash">): string {
  const draw = drawer(hash);
  const items = /\{\n(?:[ \t]*"\d+": "(?:[^"\\]|\\.)*",?\n)+[ \t]*\}/.exec(user)?.[0];
  if (items) {
    const options = [...user.matchAll(/^[-*] "((?:[^"\\]|\\.)*)"/gm)].map(([, word]) => word!);
    const words = options.length ? options : ["True", "False"];
    const sheet = [...items.matchAll(/"(\d+)":/g)]
      .map(([, number]) => `"${number}": "${words[draw(words.length)]}"`);
    return `{${sheet.join(", ")}, "explanation": "I answered as I am."}`;
  }
  if (!/^question,answer$/m.test(user)) return system ? "Understood." : "ok";
  const fields = Object.fromEntries(PERSONA.map(([field, values]) => [field, values[draw(4)]]));
  const age = 20 + draw(50);
  const description =
    `Somebody of ${age} who was made up by a test server (${hash.slice(0, 16)}). ` +
    "They go to work, see friends, and read in the evening.";
  return JSON.stringify({ ...fields, age, description });
}

/** Numbers below a bound, from the digits of a hash: SHA-256 gives 64 and is then hashed again. */
function drawer(hash: string): (below: number) => number {
  let digits = hash;
  let place = 0;
  return (below) => {
    if (place + 4 > digits.length) {
      digits = createHash("sha256").update(digits).digest("hex");
      place = 0;
    }
    return parseInt(digits.slice(place, place += 4), 16) % below;
  };
}

/** The faults that a shared server sprinkles over its answers, drawn by seed and request. */
function troubled(seed: string, share: number, latency: number): Answer {
  const faults: Behaviour[] = [
    { status: 429, code: "rate_limit_exceeded", headers: { "retry-after-ms": "20" } },
    { status: 500, message: "oops" },
    { status: 503, message: "overloaded" },
    { reset: true },
  ];
  return ({ hash, times }) => {
    const draw = drawer(createHash("sha256").update(`${seed} ${hash} ${times}`).digest("hex"));
    const faulty = draw(10_000) < share * 10_000;
    const wait = latency * (0.5 + draw(1000) / 1000);
    return { ...(faulty && faults[draw(faults.length)]), ...(latency && { latency: wait }) };
  };
}

if (import.meta.main) {
  await main({
    usage: "deno run -A tests/llm_server.ts [--port N] [--latency MS] [--faults SHARE] [--seed N]",
    help: `Stands in for the server of a model that speaks OpenAI's chat completions, until Ctrl-C.

  --port N        where it listens, on this machine only (default: any that is free)
  --latency MS    how long a reply takes, on average (default: 0)
  --faults SHARE  share of calls that fail, 0 to 1 (default: 0)
  --seed N        draws faults and latencies (default: 1)`,
    flags: {
      port: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
      latency: { type: "string", default: "0" },
      faults: { type: "string", default: "0" },
    },
  }, async (flags) => {
    const { port, seed, latency, faults } = flags as Record<string, string>;
    const server = provider({
      port: Number(port),
      answer: troubled(seed!, Number(faults), Number(latency)),
      keep: false,
    });
    console.log(server.url);
    await new Promise<never>(() => {});
  });
}
