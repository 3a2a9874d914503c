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

/** What a provider answered instead of a reply. */
export interface Refusal {
  status: number;
  /** The provider's own name of the fault: `insufficient_quota`, `ThrottlingException`. */
  code: string;
  message: string;
  header: (name: string) => string | null;
}

const CREDIT = /insufficient_quota|billing_hard_limit|billing_not_active|account_deactivated/;
/** AWS's names of a key that does not hold, which do not always come with 401 or 403. */
const KEY = /UnrecognizedClient|ExpiredToken|InvalidSignature|MissingAuthentication/;
const THROTTLED = /Throttling|TooManyRequests/;
/** Filters of some servers answer with 400; it is the one prompt that they do not take. */
const FILTER = /content_filter|content_policy/;

/**
 * What an HTTP status means: 408, 409, 429 and 5xx may go better the next time, others not.
 *
 * A refused key is quoted by the provider's code only, since providers repeat parts of the key.
 */
export function refused({ status, code, message, header }: Refusal): Fault {
  const named = `${status}${code && ` ${code}`}`;
  const said = `${named}${message && `: ${message}`}`;
  if (CREDIT.test(code) || status === 402) {
    return new Fault(`the account has no credit left (${named}): add credit or use another key`, {
      kind: "refused key",
      fatal: true,
    });
  }
  if (status === 401 || KEY.test(code)) {
    return new Fault(`it refused the key (${named})`, { kind: "refused key", fatal: true });
  }
  if (status === 403) {
    return new Fault(`it refused access (${said})`, { kind: "refused key", fatal: true });
  }
  // Bedrock's ModelErrorException: the model failed at this one request.
  if (status === 424) return new Fault(`the model failed (${said})`, { kind: "unavailable" });
  const overloaded = [429, 503, 529].includes(status) || THROTTLED.test(code);
  if (overloaded || status === 408 || status === 409 || status >= 500) {
    return new Fault(overloaded ? `it is overloaded (${said})` : `it failed (${said})`, {
      kind: overloaded ? "overloaded" : status === 408 ? "timed out" : "unavailable",
      again: true,
      overloaded,
      waitMs: waitOf(header),
      // Time-outs of the provider or of a gateway before it: the model may have been at work.
      unsure: [408, 504, 524].includes(status),
    });
  }
  return new Fault(`it refused the request (${said})`, {
    kind: FILTER.test(code) ? "refused prompt" : "bad request",
  });
}

/** A wait of a day is a provider's mistake, and longer than a timer should run. */
const LONGEST_WAIT = 24 * 3600 * 1000;

/**
 * How long a provider asks to wait, ms; null where it does not say.
 *
 * `retry-after-ms` goes before `Retry-After`, which is in seconds or an HTTP date (RFC 9110, 10.2.3).
 * A date is compared with the provider's own clock where the reply tells it.
 */
export function waitOf(header: Refusal["header"]): number | null {
  const limited = (ms: number) => ms >= 0 ? Math.min(ms, LONGEST_WAIT) : null;
  const exact = header("retry-after-ms");
  if (exact !== null && /^\s*\d+(\.\d+)?\s*$/.test(exact)) return limited(Number(exact));
  const text = header("retry-after");
  if (text === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return limited(Number(text) * 1000);
  // Date.parse() takes much for a date, such as -1.
  const until = /^\s*[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(until)) return null;
  const theirs = Date.parse(header("date") ?? "");
  const now = Number.isNaN(theirs) ? performance.timeOrigin + performance.now() : theirs;
  return limited(Math.max(0, until - now));
}
