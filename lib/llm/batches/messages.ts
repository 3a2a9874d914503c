/**
 * Anthropic's Message Batches: a batch is made of its requests themselves, and its results are one file of
 * lines in any order.
 *
 * Questions are kept as chat completions, and become Messages where they are sent, as Anthropic's own
 * endpoint for chat completions makes them: what that leaves out is left out here as well, so that a question
 * is the same whether it is asked alone or in a batch. A message that comes back becomes the chat completion
 * that this endpoint would have given.
 *
 * A batch has no metadata, and making it twice makes two: by a mark in the names of its requests it is known
 * again, which only its results show.
 *
 * Source: Anthropic, “Batch processing”, “OpenAI SDK compatibility”, “Errors” and “Handling stop reasons”, and in
 * its API reference “Create”, “Retrieve”, “List” and “Cancel a Message Batch”, “Retrieve Message Batch results”.
 */
import type OpenAI from "openai";
import { at, parsed, shorten, texts } from "../body.ts";
import { Fault } from "../faults.ts";
import { linesOf, type Result } from "../lines.ts";
import { providerOf } from "../providers.ts";
import type { Model } from "../registry.ts";
import { checkPurpose, failed } from "../transports/live.ts";
import { asked, type Protocol, readJson, type Remote, TRANSFER, words } from "./protocol.ts";

const PATH = "/messages/batches";

/** What goes with every request; the key not as OpenAI has it. */
const headersOf = (client: OpenAI, { key }: Model): Record<string, string | null> => ({
  Authorization: null,
  "x-api-key": key === null ? null : String(client.apiKey),
  "anthropic-version": "2023-06-01",
});

/** One request at a path. */
const get = (model: Model, path: string, query: Record<string, unknown> = {}, timeout?: number) =>
  asked(
    model,
    (client, options) => client.get(path, { query, headers: headersOf(client, model), ...options }),
    timeout,
  );

/** By which the requests of a batch are known again: names have 64 characters at most. */
const markOf = (token: string): string => `_${token.slice(0, 13)}`;

/** Fields that Anthropic's endpoint for chat completions ignores. */
const IGNORED = [
  "response_format",
  "reasoning_effort",
  "seed",
  "logprobs",
  "top_logprobs",
  "logit_bias",
  "presence_penalty",
  "frequency_penalty",
  "prediction",
  "metadata",
  "service_tier",
  "store",
  "user",
  "audio",
  "modalities",
];

/**
 * The body of a chat completion as that of a Message.
 *
 * @throws {Fault} where a field has no counterpart
 */
function paramsOf(body: unknown): Record<string, unknown> {
  const {
    model,
    messages,
    max_tokens,
    max_completion_tokens = max_tokens,
    temperature,
    top_p,
    stop,
    thinking,
    ...rest
  } = body as Record<string, unknown> & { messages: { role: string; content: string }[] };
  const unknown = Object.keys(rest).filter((name) => !IGNORED.includes(name));
  if (unknown.length) {
    throw new Fault(
      `“${unknown.join("”, “")}” of its requests cannot be asked in Anthropic's batches`,
      { kind: "bad request" },
    );
  }
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const stops = [stop ?? []].flat().filter((text) => String(text).trim());
  return {
    model,
    max_tokens: max_completion_tokens,
    ...(system.length && { system: system.join("\n") }),
    messages: messages.filter(({ role }) => role !== "system"),
    ...(temperature !== undefined && { temperature: Math.min(1, Number(temperature)) }),
    ...(top_p !== undefined && { top_p }),
    ...(stops.length && { stop_sequences: stops }),
    ...(thinking !== undefined && { thinking }),
  };
}

const ENDS: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "content_filter",
};

/** A Message as a chat completion; anything else as it is, which is then read as no reply. */
function completionOf(message: unknown): unknown {
  const content = at(message, "content");
  if (!Array.isArray(content)) return message;
  const reason = at(message, "stop_reason"), usage = at(message, "usage");
  const count = (name: string): number => Number(at(usage, name) ?? 0);
  // What was cached is counted apart.
  const input = count("input_tokens") + count("cache_creation_input_tokens") +
    count("cache_read_input_tokens");
  const output = count("output_tokens");
  return {
    id: at(message, "id"),
    object: "chat.completion",
    model: at(message, "model"),
    choices: [{
      index: 0,
      message: { role: "assistant", content: texts(content) },
      finish_reason: ENDS[String(reason)] ?? reason,
    }],
    ...(usage !== undefined && {
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    }),
  };
}

/** HTTP statuses by Anthropic's names of errors. */
const STATUS: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Whether nothing more comes of a batch, by its state. */
const OVER: Readonly<Record<string, boolean>> = {
  in_progress: false,
  canceling: false,
  ended: true,
};

function remoteOf(one: unknown): Remote {
  const id = words(at(one, "id")), word = words(at(one, "processing_status"));
  if (id === null || word === null) {
    throw new Fault(`it gave no batch (${shorten(JSON.stringify(one) ?? "")})`, {
      kind: "no reply",
      unsure: true,
    });
  }
  const counts = at(one, "request_counts");
  const sum = (...names: string[]): number =>
    names.reduce((sum, name) => sum + Number(at(counts, name) ?? 0), 0);
  const completed = sum("succeeded"), failed = sum("errored", "canceled", "expired");
  return {
    id,
    word,
    over: OVER[word.toLowerCase()] ?? null,
    input: null,
    output: words(at(one, "results_url")),
    errors: null,
    // What failed stands there, too.
    least: completed + failed,
    faults: [],
    counts: counts === undefined
      ? null
      : { total: sum("processing") + completed + failed, completed, failed },
    created: new Date(String(at(one, "created_at"))),
    token: null,
  };
}

function resultIn(line: string, token: string): Result | null {
  const value = parsed(line), result = at(value, "result");
  const name = at(value, "custom_id"), type = at(result, "type"), mark = markOf(token);
  if (typeof name !== "string" || typeof type !== "string") return null;
  const id = name.endsWith(mark) ? name.slice(0, -mark.length) : name;
  if (type === "succeeded") {
    const text = JSON.stringify(completionOf(at(result, "message")) ?? null);
    return { id, status: 200, text, passed: false };
  }
  const error = at(at(result, "error"), "error") ?? at(result, "error") ?? { message: type };
  const passed = type === "canceled" || type === "expired";
  return {
    id,
    status: passed ? 0 : STATUS[String(at(error, "type"))] ?? 500,
    text: JSON.stringify({ error }),
    passed,
    // “You will not be billed for these requests.”
    free: true,
  };
}

export const messages: Protocol = {
  check(model) {
    try {
      paramsOf(providerOf(model.provider).body(model, { messages: [] }));
    } catch (fault) {
      throw fault instanceof Fault ? failed(model, fault, 0) : fault;
    }
  },

  async create(model, { token }, lines) {
    checkPurpose(model);
    const mark = markOf(token);
    const request = (line: string): string => {
      const { custom_id, body } = JSON.parse(line);
      return JSON.stringify({ custom_id: custom_id + mark, params: paramsOf(body) });
    };
    const body = () => {
      const parts = lines.flatMap((line, place) => [place ? "," : "", request(line)]);
      return new Blob(['{"requests":[', ...parts, "]}"], { type: "application/json" });
    };
    return remoteOf(
      await readJson(
        await asked(model, (client, options) =>
          client.post(PATH, {
            body: body(),
            headers: { ...headersOf(client, model), "Content-Type": "application/json" },
            ...options,
          }), TRANSFER),
      ),
    );
  },

  retrieve: async (model, id) => remoteOf(await readJson(await get(model, `${PATH}/${id}`))),

  async list(model, after) {
    const query = { limit: 100, ...after !== undefined && { after_id: after } };
    const body = await readJson(await get(model, PATH, query));
    const page = at(body, "data");
    if (!Array.isArray(page)) {
      throw new Error(
        `${model.id}: its list of batches is none (${shorten(JSON.stringify(body))})`,
      );
    }
    return { page: page.map(remoteOf), more: at(body, "has_more") === true };
  },

  async owns(model, { over, output, counts }, { token, lines }) {
    if (counts && counts.total !== lines) return false;
    if (!over || output === null) return null;
    for await (const line of linesOf(await messages.content(model, output))) {
      const name = at(parsed(line), "custom_id");
      if (typeof name === "string") return name.endsWith(markOf(token));
    }
    return null;
  },

  async cancel(model, id) {
    await asked(
      model,
      (client, options) =>
        client.post(`${PATH}/${id}/cancel`, { headers: headersOf(client, model), ...options }),
    );
  },

  async content(model, file) {
    // Wherever it says that they are: the key goes to no other server.
    const { origin } = new URL(providerOf(model.provider).address(model));
    const { pathname, search } = new URL(file, origin);
    const { body } = await get(model, `${origin}${pathname}${search}`, {}, TRANSFER);
    return body ?? new Blob([]).stream();
  },

  resultIn,
};
