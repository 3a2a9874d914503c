/** What every provider of models does, and what all of them need for it. */
import { z } from "zod";
import type { Message } from "../prompts.ts";
import type { Read } from "./body.ts";
import { Fault } from "./faults.ts";
import type { Model } from "./registry.ts";

/** What a model is asked. */
export interface Call {
  messages: readonly Message[];
  /** What the reply should be: asked for as far as the model's `format` goes, and checked. */
  schema?: z.ZodType;
  /** Which of several replies to the same messages this is. */
  repetition?: number | string;
}

/** One who replies: how it is asked, how its reply is read, and what it says of its models. */
export interface Provider {
  /** By which a model's entry names it. */
  name: string;
  /** Whether its replies are computed here: nobody is asked, and nothing costs. */
  here?: true;
  /** Where its address is set, for messages. */
  setting: string;
  /** Where calls go, for messages. */
  address(model: Model): string;
  /** What to do when the key is refused. */
  remedy(model: Model): string;
  /** Whether a model can be asked, or what is lacking, in a few words. */
  ready(model: Model): string;
  /** @throws {Fault} when it is known, before any call, that a model cannot be asked */
  check?(model: Model): void;
  /** What does not fit in a model's entry: field and complaint. */
  faults(entry: Readonly<Omit<Model, "price">>): [field: string, complaint: string][];
  /** How many more tokens than `tokens()` counts it may charge for: a factor. */
  margin(model: Model): number;
  /** Whose prices are a model's, as genai-prices names sellers; null where it costs nothing. */
  seller(
    model: Pick<Model, "base_url">,
  ): { providerApiUrl: string } | { providerId: string } | null;
  /** What LiteLLM's list may call a model, and whose entry that must be. */
  listedAs(model: Model): [name: string, of: (provider: string) => boolean][];
  /** The body of a request, without anything secret. */
  body(model: Model, call: Call): Record<string, unknown>;
  /**
   * One request, never repeated.
   *
   * @param key the call's `requestKey`
   * @returns the reply's body as it came
   * @throws {Fault} when the provider answered something else; anything else is a fault of the
   *   connection
   */
  send(
    model: Model,
    body: Record<string, unknown>,
    signal: AbortSignal,
    key: string,
  ): Promise<string>;
  /** What a reply's body says; null where it is no reply. */
  read(body: unknown): Read | null;
}

/** The messages as the model takes them: without a system message where it has none. */
export function messagesFor({ system }: Model, { messages }: Call): readonly Message[] {
  const [first, ...rest] = messages;
  if (system !== false || first?.role !== "system") return messages;
  const [user, ...others] = messagesFor({ system } as Model, { messages: rest });
  return user?.role === "user"
    ? [{ ...user, content: `${first.content}\n\n${user.content}` }, ...others]
    : [{ role: "user", content: first.content }, ...rest];
}

/** As much of an answer that is no reply as is read: bytes. A server may go on and on. */
export const KEPT = 64_000;

/**
 * The longest body that a reply of a model may have, bytes: some hundred for each token that it may
 * write, since servers send reasoning, log-probabilities and escapes along, and a good part more, since
 * some reason beyond the limit. At the most calls at a time, replies of 1,000 tokens take less than 50 MB.
 */
export const longest = ({ max_tokens }: Model): number => 256 * 1024 + 512 * max_tokens;

/**
 * A body as text: bytes that are not UTF-8 become U+FFFD, and NUL, which PostgreSQL's text cannot
 * hold, the six characters `\u0000`, which in JSON mean the same. A byte order mark stays.
 *
 * @param most the longest body that is read, bytes; the rest of a longer one is not asked for
 * @param whole whether a longer body is an error
 * @throws {Fault} when it is longer and should be whole
 */
export async function bodyText(
  chunks: AsyncIterable<Uint8Array> | null,
  most: number,
  whole: boolean,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let size = 0;
  for await (const chunk of chunks ?? []) {
    const room = Math.min(chunk.length, most - size);
    text += decoder.decode(chunk.subarray(0, room), { stream: true });
    size += room;
    if (room === chunk.length) continue;
    if (!whole) break;
    throw new Fault(
      `its reply is longer than ${most} bytes, far more than max_tokens needs`,
      { kind: "no reply", unsure: true, body: text },
    );
  }
  text += decoder.decode();
  return text.includes("\0") ? text.replaceAll("\0", "\\u0000") : text;
}

/** The body of an answer: a reply whole, of anything else the beginning. */
export const bodyOf = (
  model: Model,
  status: number,
  chunks: AsyncIterable<Uint8Array> | null,
): Promise<string> =>
  status >= 200 && status < 300
    ? bodyText(chunks, longest(model), true)
    : bodyText(chunks, KEPT, false);

/** Bounds that not every provider of strict schemas takes; the reply is checked against them here. */
const BOUNDS = [
  "$schema",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "minItems",
  "maxItems",
  "default",
];

const made = new WeakMap<z.ZodType, object>();

/**
 * A schema as JSON Schema in the form that strict modes ask for: every field required and no other
 * allowed, without bounds.
 *
 * Source: OpenAI and Anthropic on structured outputs; what both take.
 */
export function strict(schema: z.ZodType): object {
  const known = made.get(schema);
  if (known) return known;
  const json = z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      const fields = jsonSchema as Record<string, unknown>;
      for (const name of BOUNDS) delete fields[name];
      if (jsonSchema.properties) {
        jsonSchema.required = Object.keys(jsonSchema.properties);
        jsonSchema.additionalProperties = false;
      }
    },
  });
  delete json.$schema;
  made.set(schema, json);
  return json;
}
