/** What a provider's raw reply says. */

/** A raw reply, read. There is either a text or a problem. */
export interface Opened {
  /** What the model wrote; null where there is no usable text. */
  text: string | null;
  finish: "stop" | "length" | "refusal" | "filter" | "other";
  /** Tokens that the provider counted; null where it does not say. */
  usage: { input: number; output: number } | null;
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
 * holds. Never throws.
 *
 * @param provider whose reply it should be; a simulated model replies as OpenAI does
 * @param reply the body as it came
 */
export function opened(provider: "openai" | "bedrock" | "simulated", reply: string): Opened {
  const none = (problem: string): Opened => ({ text: null, finish: "other", usage: null, problem });
  let body: unknown;
  try {
    body = JSON.parse(reply);
  } catch {
    return none(
      `not a reply of ${provider}: ${reply.trim() ? `not JSON: ${brief(reply)}` : "empty"}`,
    );
  }
  const read = provider === "bedrock" ? bedrock(body) : openai(body);
  if (!read) return none(`not a reply of ${provider}: ${faultIn(body) ?? brief(reply)}`);

  const { said, refusal, usage } = read;
  const finish = refusal === null ? read.finish : "refusal";
  const about = refusal ?? said.trim();
  const problem = finish === "length"
    ? `truncated${usage ? ` at ${usage.output} tokens` : ""}`
    : finish === "refusal"
    ? `refused${about && `: ${brief(about)}`}`
    : finish === "filter"
    ? `stopped by the provider's filter${about && ` after: ${brief(about)}`}`
    : said.trim()
    ? null
    : `empty reply${finish === "stop" ? "" : ` (${read.reason ?? "no finish reason"})`}`;
  return { text: problem === null ? stored(said) : null, finish, usage, problem };
}

interface Read {
  said: string;
  refusal: string | null;
  finish: Opened["finish"];
  reason: string | null;
  usage: Opened["usage"];
}

function openai(body: unknown): Read | null {
  const choice = at(at(body, "choices"), 0);
  const message = at(choice, "message");
  if (typeof message !== "object" || message === null) return null;
  const reason = at(choice, "finish_reason");
  const refusal = at(message, "refusal");
  return {
    said: texts(at(message, "content")),
    refusal: typeof refusal === "string" && refusal.trim() ? refusal.trim() : null,
    ...finished(OPENAI, reason),
    usage: counted(at(body, "usage"), "prompt_tokens", "completion_tokens"),
  };
}

function bedrock(body: unknown): Read | null {
  const message = at(at(body, "output"), "message");
  if (typeof message !== "object" || message === null) return null;
  return {
    said: texts(at(message, "content")),
    refusal: null,
    ...finished(BEDROCK, at(body, "stopReason")),
    usage: counted(at(body, "usage"), "inputTokens", "outputTokens"),
  };
}

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

function counted(usage: unknown, input: string, output: string): Opened["usage"] {
  const count = (name: string): number | null => {
    const value = at(usage, name);
    return Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : null;
  };
  const [read, written] = [count(input), count(output)];
  return read === null || written === null ? null : { input: read, output: written };
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
