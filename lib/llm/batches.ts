/**
 * Questions asked many at a time, and replied to within a day: OpenAI's Batch API, and those who speak it.
 *
 * A file of lines is uploaded, a batch made of it, looked after, and its results fetched as files of lines
 * in any order. What is said here of a provider is documented by it; of what it says instead, an unknown
 * word for the state of a batch means that it goes on.
 *
 * Source: OpenAI, “Batch API” and “Files” in its API reference; Groq, “Batch Processing”; Together,
 * “Batch inference” and “Upload a file”.
 */
import type OpenAI from "openai";
import type { ClientOptions } from "openai";
import type { BatchCreateParams } from "openai/resources/batches";
import { hidden } from "../config.ts";
import { type Answer, refused } from "./answers.ts";
import { at, parsed, shorten } from "./body.ts";
import { CallError, Fault } from "./faults.ts";
import { clientOf, faultUnder, openai } from "./openai.ts";
import { bodyText, KEPT } from "./provider.ts";
import { providerOf } from "./providers.ts";
import type { Model } from "./registry.ts";
import { checkPurpose, failed, fromConnection } from "./transports/live.ts";

/** Where one who speaks OpenAI's Batch API differs. */
export interface Dialect {
  /** Host of its address. */
  host: string;
  /** Path of each line, and endpoint of the batch. */
  url: "/v1/chat/completions";
  /** Most lines and bytes of a file. */
  lines: number;
  bytes: number;
  /** Which share of a model's price a call in a batch costs, where it says so for all models. */
  share: number;
  /** How a file is uploaded. */
  upload: { path: string; purpose: string; more?: readonly (readonly [string, string])[] };
}

/** Under the limit, which each counts in a way of its own. */
const MB = 1_000_000;
const OPENAI = {
  url: "/v1/chat/completions",
  lines: 50_000,
  bytes: 190 * MB,
  share: 0.5,
  upload: { path: "/files", purpose: "batch" },
} as const;

export const DIALECTS = {
  openai: { ...OPENAI, host: "api.openai.com" },
  groq: { ...OPENAI, host: "api.groq.com" },
  // “Up to” half of the price: which models cost less a model's entry says.
  together: {
    ...OPENAI,
    host: "api.together.xyz",
    bytes: 95 * MB,
    share: 1,
    upload: {
      path: "/files/upload",
      purpose: "batch-api",
      more: [["file_name", "batch.jsonl"], ["file_type", "jsonl"]],
    },
  },
} as const satisfies Record<string, Dialect>;

/** How a model is asked in batches; null where nobody takes any. */
export function dialectOf({ provider, base_url, batch }: Model): Dialect | null {
  if (provider !== "openai") return null;
  if (batch?.api) return DIALECTS[batch.api];
  const host = base_url === undefined ? DIALECTS.openai.host : new URL(base_url).hostname;
  return Object.values(DIALECTS).find((dialect) => dialect.host === host) ?? null;
}

/**
 * How a model is asked in batches.
 *
 * @throws {Error} when nobody takes any, with what to do
 */
export function dialectFor(model: Model): Dialect {
  const dialect = dialectOf(model);
  if (dialect) return dialect;
  throw new Error(
    `${model.id} cannot be asked in batches: ${
      providerOf(model.provider).address(model)
    } is not known to ` +
      `take them; where it speaks the Batch API of ${
        Object.keys(DIALECTS).join(", ")
      }, say so in the ` +
      `model's entry ("batch": {"api": "openai"}), else run without batches`,
  );
}

/** A model at the price of a call in a batch. */
export function inBatches(model: Model): Model {
  const { price, batch } = model;
  if (!price) return model;
  const share = batch?.share ?? dialectOf(model)?.share ?? 1;
  const source = share === 1 ? price.source : `${price.source}; ${share} of it in a batch`;
  return {
    ...model,
    price: { ...price, input: price.input * share, output: price.output * share, source },
  };
}

/** A batch as its provider has it. */
export interface Remote {
  id: string;
  /** The provider's word for its state. */
  word: string;
  /** Whether nothing more comes of it; null where the word is not known. */
  over: boolean | null;
  /** The file that it was made of. */
  input: string | null;
  /** Its results: answers, then errors; null where there is none. */
  output: string | null;
  errors: string | null;
  /** What is wrong with the whole, or with lines (from 1). */
  faults: { line: number | null; message: string }[];
  counts: { total: number; completed: number; failed: number } | null;
  created: Date;
  token: string | null;
}

/** Whether nothing more comes of a batch, by the provider's words, in small letters. */
const OVER: Readonly<Record<string, boolean>> = {
  validating: false,
  queued: false,
  pending: false,
  in_progress: false,
  finalizing: false,
  cancelling: false,
  canceling: false,
  completed: true,
  failed: true,
  expired: true,
  cancelled: true,
  canceled: true,
};

const words = (value: unknown): string | null =>
  typeof value === "string" && value.trim() ? value : null;

function remoteOf(body: unknown): Remote {
  const one = at(body, "job") ?? body;
  const id = words(at(one, "id")), word = words(at(one, "status"));
  if (id === null || word === null) {
    throw new Fault(`it gave no batch (${shorten(JSON.stringify(body) ?? "")})`, {
      kind: "no reply",
      unsure: true,
    });
  }
  const counts = at(one, "request_counts");
  const count = (name: string) => Number(at(counts, name) ?? NaN);
  const listed = at(at(one, "errors"), "data");
  const alone = words(at(one, "error"));
  const made = at(one, "created_at");
  return {
    id,
    word,
    over: OVER[word.toLowerCase()] ?? null,
    input: words(at(one, "input_file_id")),
    output: words(at(one, "output_file_id")),
    errors: words(at(one, "error_file_id")),
    faults: [
      ...(Array.isArray(listed) ? listed : []).map((fault) => {
        const line = Number(at(fault, "line") ?? NaN);
        const named = [at(fault, "code"), at(fault, "message")].flatMap((text) =>
          words(text) ?? []
        );
        return {
          line: Number.isInteger(line) ? line : null,
          message: shorten(hidden(named.join(": ") || "no reason given", "keys"), 400),
        };
      }),
      ...alone === null ? [] : [{ line: null, message: shorten(hidden(alone, "keys"), 400) }],
    ],
    counts: Number.isFinite(count("total"))
      ? { total: count("total"), completed: count("completed"), failed: count("failed") }
      : null,
    created: new Date(typeof made === "number" ? made * 1000 : String(made)),
    token: words(at(at(one, "metadata"), "batch")),
  };
}

/** One request may take so long; a file of results longer. ms */
const TIMEOUT = 120_000;
const TRANSFER = 30 * 60_000;

type Fetch = NonNullable<ClientOptions["fetch"]>;
type Sent = { asResponse(): Promise<Response> };

/**
 * One request, never repeated.
 *
 * @throws {CallError} where it is not answered well; `unsure` says whether it may have been done all the
 *   same, `missing` whether what it is about is not there
 */
async function asked(
  model: Model,
  send: (client: OpenAI, options: { timeout: number }) => Sent,
  timeout = TIMEOUT,
): Promise<Response> {
  let answer: Answer | undefined;
  const fetch: Fetch = async (input, init) => {
    const response = await globalThis.fetch(input, init);
    if (response.ok) return response;
    const { status, headers } = response;
    const text = await bodyText(response.body, KEPT, false);
    answer = { status, text, header: (name) => headers.get(name) };
    return new Response(text || null, { status, headers });
  };
  try {
    const client = clientOf(await import("openai"), model).withOptions({ fetch });
    return await send(client, { timeout }).asResponse();
  } catch (error) {
    const under = faultUnder(error);
    const fault = answer
      ? refused(openai, answer)
      : under instanceof Fault
      ? under
      : fromConnection(error);
    const { status = 0 } = answer ?? {};
    throw new BatchError(
      failed(model, fault, 1),
      answer ? status >= 500 || status === 408 || status === 409 : fault.unsure,
      status === 404,
    );
  }
}

/** A request about batches that was not answered well. */
export class BatchError extends Error {
  override readonly name = "BatchError";

  constructor(
    cause: CallError,
    /** Whether it may have been done all the same. */
    readonly unsure: boolean,
    /** Whether what it is about is not there. */
    readonly missing: boolean,
  ) {
    super(cause.message, { cause });
  }
}

const json = async (response: Response): Promise<unknown> => parsed(await response.text());

/** Uploads lines; returns the provider's name of the file. */
export async function uploadLines(model: Model, name: string, lines: Blob): Promise<string> {
  checkPurpose(model);
  const { path, purpose, more = [] } = dialectFor(model).upload as Dialect["upload"];
  const form = new FormData();
  form.append("purpose", purpose);
  for (const [field, value] of more) form.append(field, value);
  form.append("file", new File([lines], `${name}.jsonl`, { type: "application/jsonl" }));
  const body = await json(
    await asked(
      model,
      (client, options) => client.post(path, { body: form, ...options }),
      TRANSFER,
    ),
  );
  const id = words(at(body, "id"));
  if (id !== null) return id;
  throw new Error(`${model.id}: the upload gave no file (${shorten(JSON.stringify(body) ?? "")})`);
}

/** Makes a batch of a file. Not repeated: made twice it is paid for twice. */
export async function createBatch(
  model: Model,
  file: string,
  metadata: { batch: string; sha256: string },
): Promise<Remote> {
  checkPurpose(model);
  const body: BatchCreateParams = {
    input_file_id: file,
    endpoint: dialectFor(model).url,
    completion_window: "24h",
    metadata,
  };
  return remoteOf(
    await json(await asked(model, (client, options) => client.batches.create(body, options))),
  );
}

/** A batch as it stands; null where the provider has none of that name any more. */
export async function retrieveBatch(model: Model, id: string): Promise<Remote | null> {
  try {
    return remoteOf(
      await json(await asked(model, (client, options) => client.batches.retrieve(id, options))),
    );
  } catch (error) {
    if (error instanceof BatchError && error.missing) return null;
    throw error;
  }
}

/** Batches made since a time, and some before, whoever made them. */
export async function listBatches(model: Model, since: Date): Promise<Remote[]> {
  // Clocks differ: a day is more than any of them does.
  const oldest = Number(since) - 24 * 3600 * 1000;
  const all: Remote[] = [];
  let after: string | undefined;
  for (;;) {
    const query = { limit: 100, ...after !== undefined && { after } };
    const body = await json(
      await asked(model, (client, options) => client.batches.list(query, options)),
    );
    const page = at(body, "data") ?? body;
    if (!Array.isArray(page)) {
      throw new Error(
        `${model.id}: its list of batches is none (${shorten(JSON.stringify(body))})`,
      );
    }
    const remotes = page.map(remoteOf);
    all.push(...remotes);
    const last = remotes.at(-1);
    if (!last || last.id === after || at(body, "has_more") !== true) return all;
    if (Number(last.created) < oldest) return all;
    after = last.id;
  }
}

/** Asks for the end of a batch; what is answered by then is paid for, and comes. */
export async function cancelBatch(model: Model, id: string): Promise<void> {
  await asked(model, (client, options) => client.batches.cancel(id, options));
}

/** A file of results as it comes. */
export async function fileContent(
  model: Model,
  id: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { body } = await asked(
    model,
    (client, options) => client.files.content(id, options),
    TRANSFER,
  );
  return body ?? new Blob([]).stream();
}
