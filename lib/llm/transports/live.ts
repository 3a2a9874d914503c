/** Calls over the network to the model's provider. */
import { setTimeout as sleep } from "node:timers/promises";
import { hidden, variable } from "../../config.ts";
import { seeded } from "../../random.ts";
import { beginning, shorten } from "../body.ts";
import { CallError, Fault } from "../faults.ts";
import { mending } from "../mending.ts";
import { Pace } from "../pace.ts";
import { KEPT } from "../provider.ts";
import { providerOf } from "../providers.ts";
import type { Model } from "../registry.ts";
import { type Exchange, questionOf, type Transport } from "../transport.ts";

const RETRIES = 5;
const TIMEOUT_SECONDS = 60;
/** The first wait before another attempt, which doubles each time, and the longest; ms. */
const WAIT = 500;
const LONGEST_WAIT = 30_000;

const paces = new Map<string, Pace>();

/** The pace that all calls of a provider, address, region and model share in this process. */
export function paceOf({ provider, base_url, region, model, concurrency }: Model): Pace {
  const id = JSON.stringify([provider, base_url, region, model]);
  const pace = paces.get(id) ?? new Pace(concurrency);
  paces.set(id, pace);
  return pace;
}

/**
 * Every question is a request of its own, and its reply comes at once.
 *
 * 408, 409, 425, 429, 5xx, answers without a message, faults of the connection and time-outs are tried
 * again, after a growing wait or the one that the provider asks for; anything else is not. The wait is
 * spread between half and all of its length by the call's key (Brooker, “Exponential backoff and
 * jitter”, 2015).
 *
 * Where the variable `FREE_ONLY` is set, a model that may cost money is not asked; its value is the
 * command that asks on purpose, which the error names.
 *
 * @param pace the one of all calls to the model, without it
 */
export function live(model: Model, pace = paceOf(model)): Transport {
  return {
    costs: costsOf(model),
    outside: true,
    get ahead() {
      return Math.ceil(1.5 * pace.concurrency);
    },
    pace,
    async ask(call, { signal, hold, before, after, key: known, retries = RETRIES } = {}) {
      const { key, body, request } = questionOf(model, call, known);
      checkPurpose(model);
      checkReady(model);
      // Before it waits for its turn: a turn that waits for the database is a turn lost.
      if (hold) await hold();
      let made = 0;
      const attempt = async (): Promise<Exchange> => {
        await before?.(made + 1);
        made++;
        const start = performance.now();
        const send = (signal: AbortSignal) =>
          providerOf(model.provider).send(model, body, signal, key);
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
    },
  };
}

/** Whether it may cost money to ask a model: an unknown price may. */
export const costsOf = ({ price }: Model): boolean =>
  !(price && price.input === 0 && price.output === 0);

/** @throws {CallError} when a model may cost money where only what costs nothing may be asked */
export function checkPurpose(model: Model): void {
  const purposely = costsOf(model) && variable("FREE_ONLY");
  if (!purposely) return;
  throw new CallError(
    `${model.id} may cost money, and here only what costs nothing is asked. To ask it on ` +
      `purpose: ${purposely}`,
    "refused",
    true,
    0,
  );
}

/** @throws {CallError} when a model cannot be asked at all: that is no call, and is booked as none */
function checkReady(model: Model): void {
  try {
    providerOf(model.provider).check?.(model);
  } catch (fault) {
    throw fault instanceof Fault ? failed(model, fault, 0) : fault;
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
    throw fromConnection(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** What an error of the connection means. */
export function fromConnection(error: unknown): Fault {
  const why = rootOf(error);
  return new Fault(`it cannot be reached (${why})`, {
    kind: "unavailable",
    again: true,
    unsure: !NOT_SENT.test(why),
  });
}

/** Faults before a request could be sent, as Deno and Node word them. */
const NOT_SENT =
  /connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|dns error|resolve|unreachable/i;

/** What lies under an error of a connection: the clients say “Connection error.” */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootOf(error.cause) : error.message || error.name;
}

/** A fault of a model's provider as the error of a call that was given up. */
export function failed(
  model: Model,
  { kind, fatal, message, body }: Fault,
  attempts: number,
): CallError {
  const provider = providerOf(model.provider);
  const times = attempts > 1 ? `, after ${attempts} attempts` : "";
  const remedy = kind === "refused key"
    ? provider.remedy(model)
    : kind === "bad request"
    ? mending(model, message)
    : null;
  const line = `${model.id} (${model.model}, ${provider.address(model)}): ${message}`;
  const said = `${shorten(hidden(line), 400)}${times}${remedy ? `: ${remedy}` : ""}`;
  const kept = body === null ? null : beginning(hidden(body), KEPT);
  return new CallError(said, kind, fatal, attempts, kept);
}
