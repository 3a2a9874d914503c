/**
 * One door to every model: messages in; the raw reply, its text, usage, latency and price out.
 *
 * Which models there are is data: `dataset/models.json` and the user's own file.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { hidden, variable } from "./config.ts";
import { tokens } from "./prompts.ts";
import { seeded } from "./random.ts";
import { jsonIn } from "./replies.ts";
import { beginning, brief } from "./llm/body.ts";
import { CallError, Fault } from "./llm/faults.ts";
import { type Opened, opened } from "./llm/opened.ts";
import { mending } from "./llm/mending.ts";
import { Pace } from "./llm/pace.ts";
import { type Call, KEPT, messagesFor, strict } from "./llm/provider.ts";
import { providerOf } from "./llm/providers.ts";
import type { Model } from "./llm/registry.ts";

export { CallError, type Kind } from "./llm/faults.ts";
export { type Opened, opened } from "./llm/opened.ts";
export { Pace } from "./llm/pace.ts";
export { LIBRARY } from "./llm/prices.ts";
export type { Call, Provider } from "./llm/provider.ts";
export { providerOf, register as registerProvider } from "./llm/providers.ts";
export {
  importPrices,
  type Model,
  model,
  models,
  modelsFile,
  type Price,
  writePrices,
} from "./llm/registry.ts";
export { standIn } from "./llm/stand_in.ts";

/** One request and its reply, as they went over the wire. */
export interface Exchange {
  /** The JSON body that was sent: no headers, no secrets. */
  request: string;
  /**
   * The reply's body, verbatim but for three things: bytes that are not UTF-8 are U+FFFD, NUL is
   * `\u0000`, and a key that a server sent back is hidden.
   */
  reply: string;
  /** How long the last attempt took, ms. */
  latency: number;
  /** Requests that were made; 0 for a recorded reply. */
  attempts: number;
}

export interface Options {
  /** Stops waiting and calls under way. */
  signal?: AbortSignal;
  /** Awaited before every request; what it throws ends the call before the request is made. */
  before?: (attempt: number) => Promise<void>;
  /**
   * Called when a request brought no reply; `unsure`: the provider may charge for it all the same, since
   * it was sent and not turned away before the model was at work.
   */
  after?: (unsure: boolean) => void;
  /** Requests after the first one, where that may help; 5 without it. */
  retries?: number;
  /** The model's own without it. */
  pace?: Pace;
  /** Where replies are recorded, by `requestKey`. Then no call is ever made: a miss is an error. */
  recorded?: (key: string) => Promise<string | null>;
}

const RETRIES = 5;
const TIMEOUT_SECONDS = 60;
/** The first wait before another attempt, which doubles each time, and the longest; ms. */
const WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Asks a model once and returns what came back, unread.
 *
 * 408, 409, 425, 429, 5xx, answers without a message, faults of the connection and time-outs are tried
 * again, after a growing wait or the one that the provider asks for; anything else is not. The wait is spread between half and all
 * of its length by the call's key (Brooker, “Exponential backoff and jitter”, 2015).
 *
 * Where the variable `FREE_ONLY` is set, a model that may cost money is not asked; its value is the
 * command that asks on purpose, which the error names.
 *
 * @throws {CallError} with one line on what was refused and what to do
 */
export async function exchange(model: Model, call: Call, options: Options = {}): Promise<Exchange> {
  const { signal, before, after, retries = RETRIES, pace = paceOf(model), recorded } = options;
  const provider = providerOf(model.provider);
  const key = requestKey(model, call);
  const body = provider.body(model, call);
  const request = hidden(JSON.stringify(body), "keys");
  if (recorded) {
    const reply = await recorded(key);
    if (reply !== null) return { request, reply, latency: 0, attempts: 0 };
    throw new CallError(
      `${model.id}: no reply is recorded under the key ${key}: model, messages, parameters or ` +
        "repetition differ from those that were recorded",
      "not recorded",
      false,
      0,
    );
  }

  const purposely = mayCost(model) && variable("FREE_ONLY");
  if (purposely) {
    throw new CallError(
      `${model.id} may cost money, and here only what costs nothing is asked. To ask it on purpose: ` +
        purposely,
      "refused",
      true,
      0,
    );
  }

  let made = 0;
  const attempt = async (): Promise<Exchange> => {
    await before?.(made + 1);
    made++;
    const start = performance.now();
    const send = (signal: AbortSignal) => provider.send(model, body, signal, key);
    const reply = hidden(await limited(send, model, signal), "keys");
    return { request, reply, latency: performance.now() - start, attempts: made };
  };
  while (true) {
    try {
      return await pace.run(attempt, signal, made > 0);
    } catch (error) {
      if (error instanceof Fault) after?.(error.unsure);
      const fault = signal?.aborted ? new Fault("stopped", { kind: "stopped" }) : error;
      if (!(fault instanceof Fault)) throw error;
      if (!fault.again || made > retries) throw failed(model, fault, made);
      // A wait that the provider asks for is kept by the pace, for all calls.
      if (fault.waitMs === null) await pause(key, made, signal);
    }
  }
}

/** Waits before another attempt; less where the signal stops it, which the next attempt notices. */
async function pause(key: string, made: number, signal?: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_WAIT, WAIT * 2 ** (made - 1));
  const spread = (1 + seeded("wait", key, made).uniform()) / 2;
  await sleep(longest * spread, undefined, signal && { signal }).catch(() => {});
}

/** One request within the model's time limit, from the connection to the last byte of the reply. */
async function limited(
  send: (signal: AbortSignal) => Promise<string>,
  { timeout_seconds = TIMEOUT_SECONDS }: Model,
  signal?: AbortSignal,
): Promise<string> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(stop, timeout_seconds * 1000);
  signal?.addEventListener("abort", stop, { once: true });
  // Some waits, such as for AWS credentials, do not know of the signal.
  const stopped = new Promise<never>((_, reject) =>
    controller.signal.addEventListener("abort", reject, { once: true })
  );
  try {
    return await Promise.race([send(controller.signal), stopped]);
  } catch (error) {
    if (controller.signal.aborted) {
      throw new Fault(`no whole reply within ${timeout_seconds} s`, {
        kind: "timed out",
        again: true,
        unsure: true,
      });
    }
    if (error instanceof Fault) throw error;
    const why = rootOf(error);
    throw new Fault(`it cannot be reached (${why})`, {
      kind: "unavailable",
      again: true,
      unsure: !NOT_SENT.test(why),
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Faults before a request could be sent, as Deno and Node word them. */
const NOT_SENT =
  /connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|dns error|resolve|unreachable/i;

/** What lies under an error of a connection: the clients say “Connection error.” */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootOf(error.cause) : error.message || error.name;
}

function failed(model: Model, { kind, fatal, message, body }: Fault, attempts: number): CallError {
  const provider = providerOf(model.provider);
  const times = attempts > 1 ? `, after ${attempts} attempts` : "";
  const remedy = kind === "refused key"
    ? provider.remedy(model)
    : kind === "bad request"
    ? mending(model, message)
    : null;
  const line = `${model.id} (${model.model}, ${provider.address(model)}): ${message}`;
  const said = `${brief(hidden(line), 400)}${times}${remedy ? `: ${remedy}` : ""}`;
  const kept = body === null ? null : beginning(hidden(body), KEPT);
  return new CallError(said, kind, fatal, attempts, kept);
}

/** A reply, read and checked. */
export interface Completion<T> extends Exchange, Opened {
  /** The JSON in the text, as the schema gives it; null without a schema or where it does not fit. */
  value: T | null;
  /** What the call cost; null where price or usage is unknown. */
  usd: number | null;
}

/**
 * Asks a model and reads its reply.
 *
 * Where the text is not JSON or does not fit the schema, `value` is null and `problem` says why, in
 * words that may be sent back to the model; `text` then still holds what it wrote.
 *
 * @throws {CallError} as `exchange()` does; a reply that cannot be used is no error
 */
export async function complete<T>(
  model: Model,
  call: Call & { schema?: z.ZodType<T> },
  options: Options = {},
): Promise<Completion<T>> {
  const made = await exchange(model, call, options);
  const read = opened(model.provider, made.reply, model.max_tokens);
  const usd = read.usage && cost(model, read.usage);
  if (read.text === null || !call.schema) return { ...made, ...read, value: null, usd };
  const json = jsonIn(read.text);
  if ("problem" in json) return { ...made, ...read, value: null, problem: json.problem, usd };
  const { success, data, error } = call.schema.safeParse(json.value);
  if (success) return { ...made, ...read, value: data, usd };
  const problem = `does not fit: ${z.prettifyError(error).replace(/\s+/g, " ").trim()}`;
  return { ...made, ...read, value: null, problem, usd };
}

const paces = new Map<string, Pace>();

/** The pace that all calls of a provider, address, region and model share in this process. */
export function paceOf({ provider, base_url, region, model, concurrency }: Model): Pace {
  const id = JSON.stringify([provider, base_url, region, model]);
  const pace = paces.get(id) ?? new Pace(concurrency);
  paces.set(id, pace);
  return pace;
}

/**
 * The name of a call: SHA-256, in hexadecimal, of provider, address, model, parameters, messages,
 * schema and repetition. Equal keys are the same question asked once; the region, the price and the
 * model's short name do not matter.
 */
export function requestKey(model: Model, call: Call): string {
  const { schema, repetition = 1 } = call;
  const { temperature, top_p, max_tokens, more, error_rate } = model;
  const parameters = { temperature, top_p, max_tokens, more, error_rate };
  return createHash("sha256").update(JSON.stringify([
    model.provider,
    model.base_url ?? null,
    model.model,
    parameters,
    messagesFor(model, call).map(({ role, content }) => [role, content]),
    schema ? [model.format, strict(schema)] : null,
    repetition,
  ])).digest("hex");
}

/** Whether a model's replies are computed here, and nobody is asked. */
export const isHere = ({ provider }: Pick<Model, "provider">): boolean =>
  providerOf(provider).here === true;

/** Whether asking a model may cost money: an unknown price may. */
export const mayCost = (model: Model): boolean => {
  const { price } = model;
  return !isHere(model) && !(price && price.input === 0 && price.output === 0);
};

/** Whether a model can be asked, or what is lacking, in a few words. */
export const readyOf = (model: Model): string => providerOf(model.provider).ready(model);

/** What a call cost, USD; null where the model's price is unknown. */
export function cost({ price }: Model, usage: { input: number; output: number }): number | null {
  return price && (usage.input * price.input + usage.output * price.output) / 1e6;
}

/**
 * The most that one call may use: its input, with a margin because only OpenAI's newer models count
 * tokens as `tokens()` does, and the longest reply.
 *
 * It is what a budget can hold back, and no more: a server that writes beyond `max_tokens`, or counts
 * what was thought apart from it, charges more, which is known when the reply has come (`over`).
 *
 * @returns input and output tokens together, and USD, null where the price is unknown
 */
export function worstCost(model: Model, { messages, schema }: Call): {
  tokens: number;
  usd: number | null;
} {
  const text = messages.reduce((sum, { content }) => sum + tokens(content), 0) +
    (schema && model.format === "json_schema" ? tokens(JSON.stringify(strict(schema))) : 0);
  const margin = providerOf(model.provider).margin(model);
  // Roles and separators take a few tokens a message.
  const input = Math.ceil(text * margin) + 8 * (messages.length + 1);
  const usage = { input, output: model.max_tokens };
  return { tokens: input + model.max_tokens, usd: cost(model, usage) };
}

const Line = z.object({ key: z.string().regex(/^[0-9a-f]{64}$/), reply: z.string() });

/**
 * Recorded replies from a file, for the option `recorded`: JSON Lines with `key` and `reply`. Of several
 * under one key the last counts: it was asked for because those before it were of no use.
 *
 * @throws {Error} naming the line that does not fit
 */
export function recordedFile(path: string): (key: string) => Promise<string | null> {
  const replies = new Map<string, string>();
  for (const [index, text] of readFileSync(path, "utf8").split("\n").entries()) {
    if (!text.trim()) continue;
    const { key, reply } = lineOf(text, `${path} line ${index + 1}`);
    replies.set(key, reply);
  }
  return (key) => Promise.resolve(replies.get(key) ?? null);
}

function lineOf(text: string, place: string): z.infer<typeof Line> {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${place} is no recorded reply: expected {"key": "64 hex digits", "reply": "…"}`,
    );
  }
}
