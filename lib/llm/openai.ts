/** OpenAI's chat completions, and every server that speaks them. */
import type OpenAI from "openai";
import type { ClientOptions } from "openai";
import type { ChatCompletionCreateParamsNonStreaming } from "openai/resources/chat/completions";
import { secret, variable } from "../config.ts";
import { type Answer, replyIn } from "./answers.ts";
import { at, type Finish, finished, isMessage, texts } from "./body.ts";
import { Fault } from "./faults.ts";
import { bodyOf, type Call, messagesFor, type Provider, strict } from "./provider.ts";
import type { Model } from "./registry.ts";

type Fetch = NonNullable<ClientOptions["fetch"]>;

const ADDRESS = "https://api.openai.com/v1";
const KEY = "OPENAI_API_KEY";

const clients = new Map<string, OpenAI>();

/** The client of an address and a key; a key that was changed in `.env` makes a new one. */
export function clientOf({ OpenAI }: typeof import("openai"), model: Model): OpenAI {
  const key = secretOf(model);
  const address = addressOf(model);
  // Names of OpenAI's customers are no business of other servers.
  const own = model.base_url === undefined;
  const organization = own ? variable("OPENAI_ORG_ID") : null;
  const project = own ? variable("OPENAI_PROJECT_ID") : null;
  const id = JSON.stringify([address, key, organization, project]);
  const client = clients.get(id) ?? new OpenAI({
    baseURL: address,
    apiKey: key ?? "none",
    ...(key === null && { defaultHeaders: { Authorization: null } }),
    organization,
    project,
    adminAPIKey: null,
    // Retries and time limits are counted in one place, for all providers.
    maxRetries: 0,
    timeout: 24 * 3600 * 1000,
    logLevel: "off",
    // A redirect would carry the prompt, and perhaps the key, to another server.
    fetchOptions: { redirect: "manual" },
  });
  clients.set(id, client);
  return client;
}

/** @throws {Fault} when a key is wanted and none is set */
function secretOf(model: Model): string | null {
  const name = keyOf(model);
  const key = name === null ? null : secret(name);
  if (name === null || key !== null) return key;
  throw new Fault("no key is set", { kind: "refused key", fatal: true });
}

const keyOf = (model: Model): string | null => model.key === undefined ? KEY : model.key;

const addressOf = (model: Model): string => model.base_url ?? ADDRESS;

const ENDS: Readonly<Record<string, Finish>> = {
  stop: "stop",
  length: "length",
  content_filter: "filter",
};

/** OpenAI itself, or a server of the user's choice that speaks as it does. */
export const openai: Provider = {
  name: "openai",
  setting: "base_url",
  address: addressOf,
  check: (model) => void secretOf(model),

  remedy(model) {
    const name = keyOf(model);
    return name === null
      ? `name the variable that holds its key in the model's "key"`
      : `set ${name} in the environment or .env`;
  },

  ready(model) {
    const { base_url, key } = model;
    const name = key === undefined ? base_url ? null : KEY : key;
    return name === null
      ? "if its server runs"
      : secret(name) === null
      ? `needs ${name}`
      : "key is set";
  },

  faults: ({ base_url, key }) =>
    base_url !== undefined && key === undefined
      ? [[
        "key",
        `must name the variable that holds the key of ${base_url}, or be null where none is needed`,
      ]]
      : [],

  margin: ({ base_url }) => base_url === undefined ? 1.1 : 1.5,

  seller: ({ base_url }) =>
    base_url === undefined ? { providerId: "openai" } : { providerApiUrl: base_url },

  listedAs({ model, base_url }) {
    if (base_url === undefined) return [[model, (from) => from === "openai"]];
    // The host names the provider: api.groq.com has the models groq/….
    return new URL(base_url).hostname.split(".").flatMap((part) =>
      [part, `${part}_ai`].map((name): [string, (from: string) => boolean] => [
        `${name}/${model}`,
        (from) => from === name,
      ])
    );
  },

  body(model: Model, call: Call) {
    const { schema } = call;
    const { temperature, top_p, max_tokens, max_tokens_as = "max_tokens", format, more } = model;
    return {
      model: model.model,
      messages: messagesFor(model, call)
        .map(({ role, content }) => ({ role, content: content.toWellFormed() })),
      ...(temperature !== undefined && { temperature }),
      ...(top_p !== undefined && { top_p }),
      [max_tokens_as]: max_tokens,
      ...(schema && format === "json_schema" && {
        response_format: {
          type: "json_schema",
          json_schema: { name: "reply", strict: true, schema: strict(schema) },
        },
      }),
      ...(schema && format === "json_object" && { response_format: { type: "json_object" } }),
      ...more,
    };
  },

  async send(model, body, signal) {
    let answer: Answer | undefined;
    // The client reads errors whole, however long they are: here they come to it already read.
    const fetch: Fetch = async (input, init) => {
      const response = await globalThis.fetch(input, init);
      const { status, headers, body } = response;
      const text = await bodyOf(model, status, body);
      answer = { status, text, header: (name) => headers.get(name) };
      return new Response(text || null, { status, headers });
    };
    // Loaded with the first call: no command that asks nobody waits for it.
    const client = clientOf(await import("openai"), model);
    try {
      await client.withOptions({ fetch }).chat.completions
        .create(body as unknown as ChatCompletionCreateParamsNonStreaming, { signal }).asResponse();
    } catch (error) {
      if (!answer) throw faultUnder(error);
    }
    return replyIn(openai, answer!);
  },

  read(body) {
    const choice = at(at(body, "choices"), 0);
    const message = at(choice, "message");
    const end = finished(ENDS, at(choice, "finish_reason"));
    if (!isMessage(message, end.finish)) return null;
    const refusal = at(message, "refusal");
    return {
      said: texts(at(message, "content")),
      thought: texts(at(message, "reasoning_content") ?? at(message, "reasoning")),
      refusal: typeof refusal === "string" && refusal.trim() ? refusal.trim() : null,
      ...end,
    };
  },
};

/** The client wraps what its connection throws. */
export function faultUnder(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Fault ? cause : error;
}
