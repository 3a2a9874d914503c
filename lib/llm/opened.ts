/** What a provider's raw reply says. */
import { hidden } from "../config.ts";

/** A raw reply, read. There is either a text or a problem. */
export interface Opened {
  /** What the model wrote; null where there is no usable text. */
  text: string | null;
  finish: "stop" | "length" | "refusal" | "filter" | "other";
  /** Tokens that the provider counted; null where it does not say, or what cannot be. */
  usage: { input: number; output: number } | null;
  /**
   * By how many tokens the reply is longer than was allowed: the model does not heed the limit. Null
   * where it is not, or where that is not known.
   */
  over: number | null;
  /** Why there is no usable text; null where there is. */
  problem: string | null;
}

type Fields = Record<string, unknown>;

/** A field of something that may be no object at all. */
const at = (value: unknown, name: string | number): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Fields)[name]
    : undefined;

const OPENAI: Readonly<Record<string, Opened["finish"]>> = {
  stop: "stop",
  length: "length",
  content_filter: "filter",
};

const BEDROCK: Readonly<Record<string, Opened["finish"]>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  guardrail_intervened: "filter",
  content_filtered: "filter",
  refusal: "refusal",
};

/**
 * Reads a raw reply: an OpenAI chat completion, also without a finish reason as the published data
 * hold them, or a Bedrock Converse reply. A truncated or filtered reply is a problem whatever it
 * holds. A key that stands in the text in an encoding that the body hid is hidden. Never throws.
 *
 * @param provider whose reply it should be; a simulated model replies as OpenAI does
 * @param reply the body as it came
 * @param most the longest reply that was asked for, in tokens
 */
export function opened(
  provider: "openai" | "bedrock" | "simulated",
  reply: string,
  most?: number,
): Opened {
  const none = (problem: string): Opened => ({
    text: null,
    finish: "other",
    usage: null,
    over: null,
    problem: hidden(`not a reply of ${provider}: ${problem}`, "keys"),
  });
  const body = parsed(reply);
  if (body === undefined) return none(reply.trim() ? `not JSON: ${brief(reply)}` : "empty");
  const read = READERS[provider](body);
  if (!read) return none(faultIn(body) ?? brief(reply));

  const { refusal, reason } = read;
  const said = hidden(stored(read.said), "keys");
  const { input, output } = counted(at(body, "usage"), read);
  const usage = input !== null && output !== null ? { input, output } : null;
  const over = output !== null && most !== undefined && output > most ? output - most : null;
  const finish = refusal === null ? read.finish : "refusal";
  const about = hidden(refusal ?? said.trim(), "keys");
  const problem = finish === "length"
    ? `truncated${usage ? ` at ${usage.output} tokens` : ""}`
    : finish === "refusal"
    ? `refused${about && `: ${brief(about)}`}`
    : finish === "filter"
    ? `stopped by the provider's filter${about && ` after: ${brief(about)}`}`
    : reason === "error"
    ? `broken off by an error of the provider${about && ` after: ${brief(about)}`}`
    : said.trim()
    ? null
    : `empty reply${finish === "stop" ? "" : ` (${reason ?? "no finish reason"})`}`;
  return { text: problem === null ? said : null, finish, usage, over, problem };
}

/**
 * Whether a body is a reply: it has a message, be it an empty one, or says why it has none that the
 * model was paid for. Not one that has an error and nothing else.
 */
export function isReply(provider: "openai" | "bedrock", reply: string): boolean {
  const body = parsed(reply);
  const read = READERS[provider](body);
  if (!read) return false;
  const wrong = at(body, "error") || at(at(at(body, "choices"), 0), "error") ||
    read.reason === "error";
  return !wrong || Boolean(read.said.trim()) || read.refusal !== null;
}

/** A body as JSON; undefined where it is none. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

interface Read {
  said: string;
  /** What the model thought, where the reply shows it. */
  thought: string;
  refusal: string | null;
  finish: Opened["finish"];
  reason: string | null;
}

const READERS: Readonly<
  Record<"openai" | "bedrock" | "simulated", (body: unknown) => Read | null>
> = { openai, bedrock, simulated: openai };

function openai(body: unknown): Read | null {
  const choice = at(at(body, "choices"), 0);
  const message = at(choice, "message");
  const end = finished(OPENAI, at(choice, "finish_reason"));
  if (!isMessage(message, end.finish)) return null;
  const refusal = at(message, "refusal");
  return {
    said: texts(at(message, "content")),
    thought: texts(at(message, "reasoning_content") ?? at(message, "reasoning")),
    refusal: typeof refusal === "string" && refusal.trim() ? refusal.trim() : null,
    ...end,
  };
}

function bedrock(body: unknown): Read | null {
  const message = at(at(body, "output"), "message");
  const end = finished(BEDROCK, at(body, "stopReason"));
  if (!isMessage(message, end.finish)) return null;
  const content = at(message, "content");
  const thoughts = Array.isArray(content)
    ? content.map((part) => at(at(part, "reasoningContent"), "reasoningText"))
    : [];
  return { said: texts(content), thought: texts(thoughts), refusal: null, ...end };
}

/** Some servers leave the message out where a filter or the limit left nothing of it. */
const isMessage = (message: unknown, finish: Opened["finish"]): boolean =>
  (typeof message === "object" && message !== null) || finish === "length" || finish === "filter";

function finished(
  known: Readonly<Record<string, Opened["finish"]>>,
  reason: unknown,
): Pick<Read, "finish" | "reason"> {
  if (typeof reason !== "string") return { finish: "other", reason: null };
  return { finish: Object.hasOwn(known, reason) ? known[reason]! : "other", reason: brief(reason) };
}

/** A text, or the texts of a list of parts; other parts, such as reasoning, are left out. */
function texts(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.filter((part) =>
    ["text", "output_text", undefined].includes(at(part, "type") as "text")
  )
    .map((part) => at(part, "text")).filter((text) => typeof text === "string").join("");
}

/** More tokens than any model reads or writes at once: such a count is a mistake. */
const MOST_TOKENS = 1e9;

/** No tokenizer makes a text of so long tokens: a smaller count, such as 0, is not one of this text. */
const LONGEST_TOKEN = 16;

/**
 * The tokens that a reply says were read and written; null what it does not say, or cannot mean.
 *
 * OpenAI, Anthropic and Amazon name them differently, and not every server that speaks the one's
 * protocol has its names. Anthropic and Amazon count what was cached apart. Some count what the model
 * thought in the total only, or apart: written is then the larger.
 *
 * Source: OpenAI, “Create chat completion”, `usage`; Anthropic, “Messages”, `usage`; Amazon, “Converse”,
 * `TokenUsage`; xAI, “Reasoning”, `reasoning_tokens`.
 */
function counted(
  usage: unknown,
  { said, thought, refusal }: Read,
): { input: number | null; output: number | null } {
  const most = (...names: string[]): number | null => {
    const counts = names.map((name) => count(at(usage, name))).filter((count) => count !== null);
    return counts.length ? Math.max(...counts) : null;
  };
  const apart = (most("input_tokens", "inputTokens") ?? NaN) +
    (most("cache_creation_input_tokens", "cacheWriteInputTokens") ?? 0) +
    (most("cache_read_input_tokens", "cacheReadInputTokens") ?? 0);
  const total = most("total_tokens", "totalTokens");
  const written = most("completion_tokens", "output_tokens", "outputTokens");
  const details = at(usage, "completion_tokens_details") ?? at(usage, "output_tokens_details");
  const thinking = count(at(details, "reasoning_tokens")) ?? most("reasoning_tokens") ?? 0;
  const whole = written !== null && thinking > written ? written + thinking : written;

  const known = Math.max(most("prompt_tokens") ?? 0, apart || 0);
  const input = known || (total ?? 0) - (whole ?? Infinity);
  const output = Math.max(whole ?? 0, known ? (total ?? 0) - known : 0);
  const long = said.length + thought.length + (refusal?.length ?? 0);
  const meant = (tokens: number, least: number) =>
    tokens >= least && tokens <= MOST_TOKENS ? tokens : null;
  return {
    input: meant(input, 1),
    output: whole === null && output === 0 ? null : meant(output, long / LONGEST_TOKEN),
  };
}

/** A number of tokens, also as text; null where it is none. */
function count(value: unknown): number | null {
  const number = typeof value === "string" && /^\d{1,15}(\.\d+)?$/.test(value)
    ? Number(value)
    : value;
  return typeof number === "number" && number >= 0 ? Math.ceil(number) : null;
}

/** The message of a fault that came with status 200, as some servers send it. */
function faultIn(body: unknown): string | null {
  const message = at(at(body, "error"), "message") ?? at(body, "error") ?? at(body, "message");
  return typeof message === "string" && message.trim() ? brief(message) : null;
}

/** PostgreSQL's text cannot hold NUL, and UTF-8 no half of a surrogate pair. */
const stored = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/** The beginning of a text, in one line. */
export function brief(text: string, longest = 200): string {
  const line = stored(text.slice(0, 4 * longest)).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line;
}

/** The beginning of a text, of at most so many bytes in UTF-8, as PostgreSQL can hold it. */
export function beginning(text: string, bytes: number): string {
  const buffer = new Uint8Array(bytes);
  const { read } = new TextEncoder().encodeInto(stored(text), buffer);
  return stored(text.slice(0, read));
}
