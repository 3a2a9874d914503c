/** What a provider answered: a reply, or what is wrong. */
import { Fault, type Kind } from "./faults.ts";
import { at, parsed, shorten } from "./body.ts";
import type { Provider } from "./provider.ts";

/** An answer as it came over the wire. */
export interface Answer {
  status: number;
  header: (name: string) => string | null;
  /** The body; of one that is no reply, perhaps only its beginning. */
  text: string;
}

type From = Pick<Provider, "read" | "setting">;

/**
 * The reply in an answer: the body, as it came.
 *
 * @throws {Fault} where the answer has no message, whatever its status is
 */
export function replyIn(from: From, answer: Answer): string {
  const well = answer.status >= 200 && answer.status < 300;
  if (well && isReply(from, answer.text)) return answer.text;
  throw refused(from, answer);
}

/**
 * Whether a body is a reply: it has a message, be it an empty one, or says why it has none that the
 * model was paid for. Not one that has an error and nothing else.
 */
function isReply(from: From, reply: string): boolean {
  const body = parsed(reply);
  const read = from.read(body);
  if (!read) return false;
  const wrong = at(body, "error") || at(at(at(body, "choices"), 0), "error") ||
    read.reason === "error";
  return !wrong || Boolean(read.said.trim()) || read.refusal !== null;
}

// The providers' names of faults, and words of those that have no names: OpenAI's, Azure's, Amazon's,
// Google's, Anthropic's, Mistral's, DeepSeek's, Alibaba's (DashScope), Moonshot's, Zhipu's, xAI's,
// Groq's, Together's, OpenRouter's, of vLLM and of llama.cpp.
const CREDIT =
  /insufficient_?(quota|balance|funds|credit)|billing|account_deactivated|arrearage|payment_?required/i;
const NO_CREDIT =
  /credit balance is too low|insufficient (account )?(balance|credits?|funds)|all (of )?(your |its )?(available )?credits|not enough credits/i;
/** Names of a key that does not hold, which do not always come with 401 or 403. */
const KEY =
  /UnrecognizedClient|ExpiredToken|InvalidSignature|MissingAuthentication|invalid_?api_?key|api_?key_?(in|not_)valid/i;
/** A 403 that is about the caller, and not about what was asked. */
const ACCESS =
  /\bkeys?\b|access|permission|auth|credential|denied|forbidden|subscri|entitle|signature|token|account|organi[sz]ation|project|region|country|territor|not allowed/i;
const THROTTLED =
  /throttl|too_?many_?requests|rate_?limit|overloaded|resource_?exhausted|server_?busy/i;
const PROMPT =
  /content_?filter|content_?policy|content_?block|content_?moderation|moderation|data_?inspection|sensitive|prohibited_?content|responsible_?ai|policy_?violation|invalid_prompt|safety|context_?length|exceed_?context|string_above_max|prompt_?too_?long|\b1301\b/i;
const FLAGGED =
  /content (exists|may contain) .{0,20}risk|considered high risk|inappropriate content|content (management |usage )?(policy|filter)|(usage|safety) polic|(input|prompt|content|request|messages?)\b.{0,60}\b(was|were|is|are|has been|have been|been) (flagged|blocked|moderated)|flagged (for|as|by)|requires moderation|sensitive (content|words?|information)|violat\w* .{0,60}(guideline|polic|terms)|blocked by .{0,30}(guardrail|filter)|敏感|不安全/i;
const TOO_LONG =
  /context (length|window|size|limit)|(maximum|max) (context|input|prompt|model) (length|len|size|tokens)|(prompt|input|requests?|messages?|text)( text| length)? (is |are |was )?too (long|large)\b|too many (input )?tokens|exceeds? .{0,60}(context|max_model_len|input tokens|token limit|number of tokens)|inputs?`? tokens|reduce the length/i;
/** The model was to write JSON and did not: another attempt may. */
const UNMADE =
  /json_?validate|failed_?generation|tool_?use_?failed|failed to generate (valid )?JSON/i;

/**
 * What an answer that is no reply means.
 *
 * An error that came with status 200 is judged by the status in its code, where it has one. 408, 409,
 * 425, 429, 5xx and answers without a message may go better the next time, others not. The work may
 * have been done, and be charged for, unless the answer says that it was turned away before.
 *
 * A refused key is quoted by the provider's code only, since providers repeat parts of the key.
 */
export function refused({ setting }: From, { status, header, text }: Answer): Fault {
  const body = parsed(text);
  const { names, message, inside } = told(body, header("x-amzn-errortype"));
  const page = body === undefined && /^\s*</.test(text);
  const came = status >= 200 && status < 300;
  const code = came ? inside : status;
  const name = names[0] ?? "";
  const number = came ? `200${inside ? ` with ${inside}` : ""}` : String(status);
  const named = name && name !== String(code) ? `${number} ${name}` : number;
  const about = page ? `a web page${titleOf(text)}` : message ?? shorten(text);
  const said = about ? `${named}: ${about}` : named;
  const fault = (
    words: string,
    kind: Kind,
    more: Partial<Pick<Fault, "fatal" | "again" | "overloaded" | "waitMs" | "unsure">> = {},
  ) => new Fault(words, { kind, body: text, ...more });
  const is = (pattern: RegExp) => names.some((name) => pattern.test(name));
  const says = (pattern: RegExp) => !page && pattern.test(message ?? text);

  if (is(CREDIT) || code === 402) return fault(noCredit(named), "refused key", { fatal: true });
  if (code === 401 || is(KEY)) {
    return fault(`it refused the key (${named})`, "refused key", { fatal: true });
  }
  const ofServer = code === 429 || (code ?? 0) >= 500;
  if (code !== 429 && (is(PROMPT) || (!ofServer && (says(FLAGGED) || says(TOO_LONG))))) {
    return fault(`it does not take this prompt (${said})`, "refused prompt");
  }
  if (is(UNMADE) || (!ofServer && says(UNMADE)) || madeInVain(body)) {
    return fault(`the model wrote no valid JSON (${said})`, "no reply", {
      again: true,
      unsure: true,
    });
  }
  if (says(NO_CREDIT)) return fault(noCredit(named), "refused key", { fatal: true });
  if (code === 403 && !is(THROTTLED) && (is(ACCESS) || says(ACCESS))) {
    return fault(`it refused access (${said})`, "refused key", { fatal: true });
  }
  // Bedrock's ModelErrorException: the model failed at this one request.
  if (code === 424) return fault(`the model failed (${said})`, "unavailable", { unsure: true });
  const overloaded = [429, 503, 529].includes(code ?? 0) || is(THROTTLED);
  if (overloaded || [408, 409, 425].includes(code ?? 0) || (code ?? 0) >= 500) {
    return fault(
      overloaded ? `it is overloaded (${said})` : `it failed (${said})`,
      overloaded ? "overloaded" : code === 408 ? "timed out" : "unavailable",
      {
        again: true,
        overloaded,
        waitMs: waitOf(header) ?? delayIn(body),
        unsure: !overloaded && code !== 409 && code !== 425,
      },
    );
  }
  const elsewhere = body === undefined || says(/endpoint|no such path|not found on this server/i) ||
    (status >= 300 && status < 400);
  const hint = elsewhere ? `: check ${setting}` : "";
  if (code === null || code < 400) {
    return fault(`it gave no reply (${said})${hint}`, "no reply", {
      again: true,
      unsure: came && worked(body, text),
    });
  }
  return fault(`it refused the request (${said})${hint}`, "bad request");
}

const noCredit = (named: string): string =>
  `the account has no credit left (${named}): add credit or use another key`;

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? value as Fields : {};

/**
 * What an error says of itself, in the forms that are about: `{error: {message, code, type}}`,
 * `{error: "…"}`, `{message, __type}`, `{detail}`, a list of one of these, a JSON string, or an error
 * inside a choice.
 */
function told(body: unknown, header: string | null): {
  /** The provider's names of the fault. */
  names: string[];
  message: string | null;
  /** The HTTP status that is given as code. */
  inside: number | null;
} {
  const whole = fieldsOf(Array.isArray(body) ? body[0] : body);
  const choice = fieldsOf(Array.isArray(whole.choices) ? whole.choices[0] : undefined);
  const error = whole.error || choice.error || (Array.isArray(whole.errors) && whole.errors[0]);
  const fields = typeof error === "object" && error ? fieldsOf(error) : whole;
  const details = Array.isArray(fields.details) ? fields.details.map(fieldsOf) : [];
  const texts = (values: unknown[]) =>
    values.filter((value): value is string => typeof value === "string" && value.trim() !== "");
  const given = [
    header?.split(":")[0],
    ...[whole, fields].flatMap(({ code, type, __type, status }) => [code, type, __type, status]),
    ...details.map(({ reason }) => reason),
    fieldsOf(fields.innererror).code,
  ];
  const codes = [fields.code, whole.code, fields.status, whole.status, whole.statusCode];
  const inside = codes.map(Number).find((code) =>
    Number.isInteger(code) && code >= 400 && code < 600
  );
  const detail = Array.isArray(whole.detail) ? fieldsOf(whole.detail[0]).msg : whole.detail;
  const [message = null] = texts([
    fields.message,
    fields.Message,
    error,
    whole.message,
    detail,
    typeof body === "string" ? body : undefined,
  ]);
  // OpenRouter: what the provider behind it said.
  const [raw] = texts([fieldsOf(fields.metadata).raw]);
  return {
    names: [
      ...new Set(
        texts(given).map((name) => name.split("#").at(-1)!).filter((name) =>
          // Anthropic's name of every error.
          /^[\w.-]{1,100}$/.test(name) && name !== "error"
        ),
      ),
    ],
    message: message && shorten(raw ? `${message}: ${raw}` : message, 2000),
    inside: inside ?? null,
  };
}

/** Groq sends along what the model wrote in vain. */
const madeInVain = (body: unknown): boolean =>
  typeof fieldsOf(fieldsOf(body).error).failed_generation === "string";

/** The name of a page. */
function titleOf(text: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(text)?.[1]?.trim();
  return title ? ` “${shorten(title, 80)}”` : "";
}

/**
 * Whether an answer with status 200 that has no message shows that the model was at work: it counts
 * tokens, it streams, or it broke off.
 */
function worked(body: unknown, text: string): boolean {
  const { usage } = fieldsOf(body);
  if (Object.values(fieldsOf(usage)).some((count) => Number(count) > 0)) return true;
  if (body !== undefined) return false;
  return !text.trim() || /^\s*[[{]/.test(text) || /"(delta|choices|contentBlockDelta)"/.test(text);
}

/** A wait of a day is a provider's mistake, and longer than a timer should run. */
const LONGEST_WAIT = 24 * 3600 * 1000;

/**
 * How long a provider asks to wait, ms; null where it does not say.
 *
 * `retry-after-ms` goes before `Retry-After`, which is in seconds or an HTTP date (RFC 9110, 10.2.3).
 * A date is compared with the provider's own clock where the reply tells it.
 */
export function waitOf(header: Answer["header"]): number | null {
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

/** Google's RetryInfo, which stands in the body: `"retryDelay": "34s"`; ms. */
function delayIn(body: unknown): number | null {
  const { details } = fieldsOf(fieldsOf(fieldsOf(Array.isArray(body) ? body[0] : body)).error);
  for (const { retryDelay } of Array.isArray(details) ? details.map(fieldsOf) : []) {
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(retryDelay))?.[1];
    if (seconds) return Math.min(Number(seconds) * 1000, LONGEST_WAIT);
  }
  return null;
}
