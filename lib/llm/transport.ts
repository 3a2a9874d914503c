/** How a question travels to a model, and its reply back. */
import { createHash } from "node:crypto";
import { hidden } from "../config.ts";
import type { Pace } from "./pace.ts";
import { type Call, messagesFor, strict } from "./provider.ts";
import { providerOf } from "./providers.ts";
import type { Model } from "./registry.ts";

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

/** What whoever asks is told on the way, and may refuse. */
export interface Asking {
  /** Stops waiting and calls under way. */
  signal?: AbortSignal;
  /**
   * Awaited once, before what may be charged is put in line; what it throws ends the call. Where it is not
   * called nothing is charged: the reply was there, or was paid for when the question was first handed over.
   */
  hold?: () => Promise<void>;
  /** Awaited before every request; what it throws ends the call before the request is made. */
  before?: (attempt: number) => Promise<void>;
  /**
   * Called when a request brought no reply; `unsure`: the provider may charge for it all the same, since
   * it was sent and not turned away before the model was at work.
   */
  after?: (unsure: boolean) => void;
  /** Requests after the first one, where that may help; 5 without it. */
  retries?: number;
}

/**
 * By which the questions to one model travel: chosen once for a run, which knows no more of it than this.
 *
 * A reply may be long in coming: a run waits for it, keeps its claims meanwhile, and comes with the same
 * `requestKey` again when it was killed.
 */
export interface Transport {
  /** Whether a call may cost money: then nothing is asked without a budget that holds. */
  readonly costs: boolean;
  /** Whether somebody is asked: who may be away, refuse, or cut replies off. */
  readonly outside: boolean;
  /** How many questions are worth having ready or under way at a time. */
  readonly ahead: number;
  /**
   * What holds calls back, where replies come one by one: a run then waits for the first that is whole
   * before it asks more. Left out where nothing does.
   */
  readonly pace?: Pace;
  /**
   * Whether questions are handed over, to be asked many at a time, and nobody waits for replies: then it is
   * not asked here.
   */
  readonly later?: true;
  /**
   * Asks once and returns what came back, unread.
   *
   * @throws {CallError} with one line on what was refused and what to do
   */
  ask(call: Call, asking?: Asking): Promise<Exchange>;
}

/** What is so of a transport by which nobody is asked. */
export const HERE = { costs: false, outside: false, ahead: 400 } as const;

/** How the questions to each model travel. */
export type Travel = (model: Model) => Transport;

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

/** A call as it travels: `request` is the body as text, without any key. */
export function questionOf(model: Model, call: Call) {
  const body = providerOf(model.provider).body(model, call);
  return { key: requestKey(model, call), body, request: hidden(JSON.stringify(body), "keys") };
}
