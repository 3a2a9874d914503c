/** What a provider's raw reply says. */
import { hidden } from "../config.ts";
import { at, type Finish, parsed, type Read, shorten, stored } from "./body.ts";
import { providerOf } from "./providers.ts";

/** A raw reply, read. There is either a text or a problem. */
export interface Opened {
  /** What the model wrote; null where there is no usable text. */
  text: string | null;
  finish: Finish;
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

/**
 * Reads a raw reply: an OpenAI chat completion, also without a finish reason as the published data
 * hold them, or a Bedrock Converse reply. A truncated or filtered reply is a problem whatever it
 * holds. A key that stands in the text in an encoding that the body hid is hidden. Never throws.
 *
 * @param provider whose reply it should be, by its name
 * @param reply the body as it came
 * @param most the longest reply that was asked for, in tokens
 */
export function openReply(
  provider: string,
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
  if (body === undefined) return none(reply.trim() ? `not JSON: ${shorten(reply)}` : "empty");
  const read = providerOf(provider).read(body);
  if (!read) return none(faultIn(body) ?? shorten(reply));

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
    ? `refused${about && `: ${shorten(about)}`}`
    : finish === "filter"
    ? `stopped by the provider's filter${about && ` after: ${shorten(about)}`}`
    : reason === "error"
    ? `broken off by an error of the provider${about && ` after: ${shorten(about)}`}`
    : said.trim()
    ? null
    : `empty reply${finish === "stop" ? "" : ` (${reason ?? "no finish reason"})`}`;
  return { text: problem === null ? said : null, finish, usage, over, problem };
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
  return typeof message === "string" && message.trim() ? shorten(message) : null;
}
