/** Amazon Bedrock's Converse. */
import { addAbortSignal, Readable } from "node:stream";
import type {
  BedrockRuntimeClient,
  BedrockRuntimeClientConfig,
  ConverseCommandInput,
} from "bedrock";
import { conceal, secret, variable } from "../config.ts";
import { type Answer, replyIn } from "./answers.ts";
import { at, type Finish, finished, isMessage, texts } from "./body.ts";
import { Fault } from "./faults.ts";
import { bodyOf, messagesFor, type Provider, strict } from "./provider.ts";
import type { Model } from "./registry.ts";

const regionOf = (model: Model): string | null =>
  model.region ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION");

/** Of all the variables that AWS reads; those that stand in `.env` it would not see by itself. */
function settingsOf(model: Model) {
  return {
    region: regionOf(model),
    endpoint: variable(ADDRESS),
    token: secret("AWS_BEARER_TOKEN_BEDROCK"),
    accessKeyId: secret("AWS_ACCESS_KEY_ID"),
    secretAccessKey: secret("AWS_SECRET_ACCESS_KEY"),
    sessionToken: secret("AWS_SESSION_TOKEN"),
    profile: variable("AWS_PROFILE"),
  };
}

const clients = new Map<string, BedrockRuntimeClient>();

/** The client of a region and its credentials; credentials that were changed make a new one. */
function clientOf(
  { BedrockRuntimeClient, NodeHttpHandler }:
    & typeof import("bedrock")
    & typeof import("node-http-handler"),
  model: Model,
): BedrockRuntimeClient {
  const settings = settingsOf(model);
  const { region, endpoint, token, accessKeyId, secretAccessKey, sessionToken, profile } = settings;
  if (region === null) {
    throw new Fault("no region is set: set AWS_REGION in the environment or .env", {
      kind: "bad request",
    });
  }
  const id = JSON.stringify(settings);
  const credentials: BedrockRuntimeClientConfig = accessKeyId && secretAccessKey
    ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }
    : profile
    ? { profile }
    : {};
  const client = clients.get(id) ?? new BedrockRuntimeClient({
    region,
    ...(endpoint && { endpoint }),
    // Said in either case: the SDK takes an empty AWS_BEARER_TOKEN_BEDROCK for a token.
    ...(token
      ? { token: { token }, authSchemePreference: ["httpBearerAuth"] }
      : { ...credentials, authSchemePreference: ["sigv4"] }),
    // Retries and time limits are counted in one place, for all providers.
    maxAttempts: 1,
    // The SDK's default, HTTP/2, loses streams in Deno; and its limit of 50 sockets is not ours.
    requestHandler: new NodeHttpHandler({
      httpAgent: { keepAlive: true, maxSockets: 1000 },
      httpsAgent: { keepAlive: true, maxSockets: 1000 },
    }),
  });
  clients.set(id, client);
  return client;
}

/** The credentials of the AWS chain, from a profile or a role, are secrets as well. */
async function concealed(client: BedrockRuntimeClient): Promise<void> {
  if (variable("AWS_BEARER_TOKEN_BEDROCK")) return;
  const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
  for (const value of [accessKeyId, secretAccessKey, sessionToken]) conceal(value);
}

/** What of the SDK's HTTP response is used. */
interface Response {
  statusCode: number;
  headers: Record<string, string | undefined>;
  body: Readable | Uint8Array;
}

const ENDS: Readonly<Record<string, Finish>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  guardrail_intervened: "filter",
  content_filtered: "filter",
  refusal: "refusal",
};

const ADDRESS = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME";

export const bedrock: Provider = {
  name: "bedrock",
  setting: ADDRESS,
  address: (model) => variable(ADDRESS) ?? `Bedrock in ${regionOf(model) ?? "no region"}`,

  remedy: () =>
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK in the " +
    "environment or .env, and ask AWS for access to the model",

  ready: (model) => regionOf(model) === null ? "needs a region" : "if AWS lets you",

  faults: ({ format }) =>
    format === "json_object"
      ? [["format", "must be json_schema or text: Bedrock has no json_object"]]
      : [],

  margin: () => 1.5,

  seller: () => ({ providerId: "aws" }),

  listedAs({ model, region }) {
    const amazon = (from: string) => from.startsWith("bedrock");
    const own = region ?? variable("AWS_REGION");
    return [[`bedrock/${own}/${model}`, amazon], [model, amazon], [`bedrock/${model}`, amazon]];
  },

  body(model, call) {
    const { schema } = call;
    const messages = messagesFor(model, call);
    const { temperature, top_p, max_tokens, format, more } = model;
    const content = (text: string) => [{ text: text.toWellFormed() }];
    const system = messages.filter(({ role }) => role === "system");
    // In the order in which the SDK writes them, so that this is the body that is sent.
    return {
      messages: messages.filter(({ role }) => role !== "system")
        .map((message) => ({ role: message.role, content: content(message.content) })),
      ...(system.length && { system: system.flatMap((message) => content(message.content)) }),
      inferenceConfig: {
        maxTokens: max_tokens,
        ...(temperature !== undefined && { temperature }),
        ...(top_p !== undefined && { topP: top_p }),
      },
      ...(more && { additionalModelRequestFields: more }),
      ...(schema && format === "json_schema" && {
        outputConfig: {
          textFormat: {
            type: "json_schema",
            structure: { jsonSchema: { schema: JSON.stringify(strict(schema)), name: "reply" } },
          },
        },
      }),
    };
  },

  async send(model, body, signal) {
    // Loaded with the first call: no command that asks nobody waits for it.
    const sdk = { ...await import("bedrock"), ...await import("node-http-handler") };
    const client = clientOf(sdk, model);
    const input = { modelId: model.model, ...body } as unknown as ConverseCommandInput;
    const command = new sdk.ConverseCommand(input);
    let answer: Answer | undefined;
    // The nearest step to the wire: the body as it came, before the SDK makes an object of it.
    command.middlewareStack.add((next) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      const { statusCode: status, headers } = response;
      const stream = response.body instanceof Readable
        ? addAbortSignal(signal, response.body)
        : Readable.from([response.body]);
      const text = await bodyOf(model, status, stream);
      answer = { status, text, header: (name) => headers[name] ?? null };
      response.body = new TextEncoder().encode(text);
      return result;
    }, { step: "deserialize", priority: "low" });
    try {
      await concealed(client);
      await client.send(command, { abortSignal: signal });
    } catch (error) {
      // What was answered is judged by itself: the SDK cannot read every reply, nor every error.
      if (!answer) throw named(error);
    }
    return replyIn(bedrock, answer!);
  },

  read(body) {
    const message = at(at(body, "output"), "message");
    const end = finished(ENDS, at(body, "stopReason"));
    if (!isMessage(message, end.finish)) return null;
    const content = at(message, "content");
    const thoughts = Array.isArray(content)
      ? content.map((part) => at(at(part, "reasoningContent"), "reasoningText"))
      : [];
    return { said: texts(content), thought: texts(thoughts), refusal: null, ...end };
  },
};

/** An error that came before any answer: of the connection, of the AWS chain, or of the SDK itself. */
function named(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault) return error;
  if (/(Credentials|Token)Provider/.test(error.name)) {
    return new Fault("no AWS credentials were found", { kind: "refused key", fatal: true });
  }
  const ofConnection = "code" in error || error.name === "TimeoutError";
  return ofConnection ? error : new Fault(`the request could not be made (${error.message})`, {
    kind: "bad request",
  });
}
