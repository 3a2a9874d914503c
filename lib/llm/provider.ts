/** What every provider of models does, and what all of them need for it. */
import { z } from "zod";
import type { Message } from "../prompts.ts";
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

export interface Provider {
  /** Where calls go, for messages. */
  address(model: Model): string;
  /** What to do when the key is refused. */
  remedy(model: Model): string;
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
}

/** Far more than any reply; a server that goes on and on must not fill the memory. */
const LONGEST = 16 * 2 ** 20;

/**
 * A body as text: bytes that are not UTF-8 become U+FFFD, and NUL, which PostgreSQL's text cannot
 * hold, the six characters `\u0000`, which in JSON mean the same.
 *
 * @throws {Fault} when it is longer than 16 MiB
 */
export async function bodyText(chunks: AsyncIterable<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of chunks ?? []) {
    size += chunk.length;
    if (size > LONGEST) {
      throw new Fault("its reply is longer than 16 MiB", { kind: "unavailable" });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  return text.includes("\0") ? text.replaceAll("\0", "\\u0000") : text;
}

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
