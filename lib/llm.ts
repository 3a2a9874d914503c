/**
 * One door to every model: messages in; the raw reply, its text, usage, latency and price out.
 *
 * Which models there are is data: `dataset/models.json` and the user's own file. How a question travels
 * is a transport: over the network, from a record, or to a simulator here.
 */
import { z } from "zod";
import { tokens } from "./prompts.ts";
import { jsonIn } from "./replies.ts";
import { type Opened, openReply } from "./llm/opened.ts";
import { type Call, strict } from "./llm/provider.ts";
import { providerOf } from "./llm/providers.ts";
import type { Model } from "./llm/registry.ts";
import type { Asking, Exchange, Transport } from "./llm/transport.ts";
import { live } from "./llm/transports/live.ts";
import { simulated } from "./llm/transports/simulated.ts";

export { checkBatches, dialectFor, inBatches, listBatches, retrieveBatch } from "./llm/batches.ts";
export { BatchError, type Made, type Remote } from "./llm/batches/protocol.ts";
export { CallError, type Kind } from "./llm/faults.ts";
export { lineOf, linesOf, replyOf, type Result, resultIn } from "./llm/lines.ts";
export { type Opened, openReply } from "./llm/opened.ts";
export { Pace } from "./llm/pace.ts";
export { LIBRARY } from "./llm/prices.ts";
export type { Call, Provider } from "./llm/provider.ts";
export { providerOf, register as registerProvider } from "./llm/providers.ts";
export {
  importPrices,
  type Model,
  model,
  models,
  modelsFile,
  type Price,
  writePrices,
} from "./llm/registry.ts";
export { answersListed } from "./llm/simulated/answers.ts";
export { standIn } from "./llm/stand_in.ts";
export {
  type Exchange,
  questionOf,
  requestKey,
  type Transport,
  type Travel,
} from "./llm/transport.ts";
export { later } from "./llm/transports/later.ts";
export { checkPurpose, live, paceOf } from "./llm/transports/live.ts";
export { recorded, recordedFile } from "./llm/transports/recorded.ts";

/** How questions to a model travel if nothing else is said: live, or to a simulator here. */
export const transportOf = (model: Model): Transport =>
  (providerOf(model.provider).here ? simulated : live)(model);

/** A reply, read and checked. */
export interface Completion<T> extends Exchange, Opened {
  /** The JSON in the text, as the schema gives it; null without a schema or where it does not fit. */
  value: T | null;
  /** What the call cost; null where price or usage is unknown. */
  usd: number | null;
}

/**
 * Asks a model and reads its reply.
 *
 * Where the text is not JSON or does not fit the schema, `value` is null and `problem` says why, in
 * words that may be sent back to the model; `text` then still holds what it wrote.
 *
 * @throws {CallError} as `Transport.ask` does; a reply that cannot be used is no error
 */
export async function complete<T>(
  model: Model,
  call: Call & { schema?: z.ZodType<T> },
  { transport = transportOf(model), ...asking }: Asking & { transport?: Transport } = {},
): Promise<Completion<T>> {
  const made = await transport.ask(call, asking);
  const read = openReply(model.provider, made.reply, model.max_tokens);
  const usd = read.usage && cost(model, read.usage);
  if (read.text === null || !call.schema) return { ...made, ...read, value: null, usd };
  const json = jsonIn(read.text);
  if ("problem" in json) return { ...made, ...read, value: null, problem: json.problem, usd };
  const { success, data, error } = call.schema.safeParse(json.value);
  if (success) return { ...made, ...read, value: data, usd };
  const problem = `does not fit: ${z.prettifyError(error).replace(/\s+/g, " ").trim()}`;
  return { ...made, ...read, value: null, problem, usd };
}

/** Whether a model can be asked, or what is lacking, in a few words. */
export const readyOf = (model: Model): string => providerOf(model.provider).ready(model);

/** What a call cost, USD; null where the model's price is unknown. */
export function cost({ price }: Model, usage: { input: number; output: number }): number | null {
  return price && (usage.input * price.input + usage.output * price.output) / 1e6;
}

/**
 * The most that one call may use: its input, with a margin because only OpenAI's newer models count
 * tokens as `tokens()` does, and the longest reply.
 *
 * It is what a budget can hold back, and no more: a server that writes beyond `max_tokens`, or counts
 * what was thought apart from it, charges more, which is known when the reply has come (`over`).
 *
 * @returns input and output tokens together, and USD, null where the price is unknown
 */
export function worstCost(model: Model, { messages, schema }: Call): {
  tokens: number;
  usd: number | null;
} {
  const text = messages.reduce((sum, { content }) => sum + tokens(content), 0) +
    (schema && model.format === "json_schema" ? tokens(JSON.stringify(strict(schema))) : 0);
  const margin = providerOf(model.provider).margin(model);
  // Roles and separators take a few tokens a message.
  const input = Math.ceil(text * margin) + 8 * (messages.length + 1);
  const usage = { input, output: model.max_tokens };
  return { tokens: input + model.max_tokens, usd: cost(model, usage) };
}
