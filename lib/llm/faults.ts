/** What can go wrong with a call, and what follows from it. */

/**
 * - `refused key`: no key, a wrong one, one without rights or an account without credit
 * - `bad request`: the provider does not take the request; asking again would not help. Of a model that
 *   has replied it is this one request; of one that has not, most likely every request
 * - `refused prompt`: the provider does not take this prompt: moderation, a filter, too long a text
 * - `no reply`: an answer without a message: an error that came with status 200, a web page, no JSON
 * - `overloaded`: too many requests, also after all retries
 * - `unavailable`: the provider failed or could not be reached, also after all retries
 * - `timed out`: no whole reply within the model's time limit, also after all retries
 * - `stopped`: the caller's signal
 * - `refused`: it may cost money, where only what costs nothing may be asked
 * - `not recorded`: a recorded model was asked for something that is not in the records
 */
export type Kind =
  | "refused key"
  | "bad request"
  | "refused prompt"
  | "no reply"
  | "overloaded"
  | "unavailable"
  | "timed out"
  | "stopped"
  | "refused"
  | "not recorded";

/** A call that gave no reply. The message is one line and holds no secret. */
export class CallError extends Error {
  override readonly name = "CallError";

  constructor(
    message: string,
    readonly kind: Kind,
    /** Whether it is about the key, its credit or its rights: then every other call would fail too. */
    readonly fatal: boolean,
    /** Requests that were made. */
    readonly attempts: number,
    /** What the provider answered instead of a reply: no secret, at most 64 kB; null without answer. */
    readonly body: string | null = null,
  ) {
    super(message);
  }
}

/** One failed attempt, before it is known whether another follows. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly kind: Kind;
  readonly fatal: boolean;
  /** Whether another attempt may go better. */
  readonly again: boolean;
  /** Whether the provider asks for fewer calls. */
  readonly overloaded: boolean;
  /** How long the provider asks to wait, ms. */
  readonly waitMs: number | null;
  /** Whether the provider may have done the work, and charge for it. */
  readonly unsure: boolean;
  /** What the provider answered, as far as it was read; null where it did not. */
  readonly body: string | null;

  constructor(
    message: string,
    {
      kind,
      fatal = false,
      again = false,
      overloaded = false,
      waitMs = null,
      unsure = false,
      body = null,
    }:
      & { kind: Kind }
      & Partial<Pick<Fault, "fatal" | "again" | "overloaded" | "waitMs" | "unsure" | "body">>,
  ) {
    super(message);
    this.kind = kind;
    this.fatal = fatal;
    this.again = again;
    this.overloaded = overloaded;
    this.waitMs = waitMs;
    this.unsure = unsure;
    this.body = body;
  }
}
