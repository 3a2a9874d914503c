/** What batches need of a provider, and one request of it. */
import type OpenAI from "openai";
import type { ClientOptions } from "openai";
import { type Answer, refused } from "../answers.ts";
import { parsed } from "../body.ts";
import { type CallError, Fault } from "../faults.ts";
import type { Result } from "../lines.ts";
import { clientOf, faultUnder, openai } from "../openai.ts";
import { bodyText, KEPT } from "../provider.ts";
import type { Model } from "../registry.ts";
import { failed, fromConnection } from "../transports/live.ts";

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
  /** Lines that its output has when it is whole; more do not matter. */
  least: number;
  /** What is wrong with the whole, or with lines (from 1). */
  faults: { line: number | null; message: string }[];
  counts: { total: number; completed: number; failed: number } | null;
  created: Date;
  token: string | null;
}

/** What a batch is made of. */
export interface Made {
  /** By which it is known again. */
  token: string;
  /** Of its lines, in hexadecimal. */
  sha256: string;
  /** The provider's name of the file that was uploaded; null where none is. */
  file: string | null;
  /** How many lines it has. */
  lines: number;
}

/** How batches are made at a provider, looked after, and their results read. */
export interface Protocol {
  /**
   * What of a model's questions cannot be asked so.
   *
   * @throws {CallError} with what, where it is said and what to do
   */
  check?(model: Model): void;
  /** Uploads lines, where a batch is made of a file; returns the provider's name of it. */
  upload?(model: Model, name: string, lines: Blob): Promise<string>;
  /**
   * Makes a batch. Not repeated: made twice it is paid for twice.
   *
   * @param lines as a file has them; not needed where that was uploaded
   */
  create(model: Model, made: Made, lines: readonly string[]): Promise<Remote>;
  /** A batch as it stands. */
  retrieve(model: Model, id: string): Promise<Remote>;
  /** Batches of anybody, the newest first, a page at a time. */
  list(model: Model, after?: string): Promise<{ page: Remote[]; more: boolean }>;
  /** Whether a batch was made of these lines; null where that is not known yet. */
  owns(model: Model, remote: Remote, made: Made): Promise<boolean | null>;
  /** Asks for the end of a batch; what is answered by then is paid for, and comes. */
  cancel(model: Model, id: string): Promise<void>;
  /** Results as they come. */
  content(model: Model, file: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** A line of the results of a batch; null where it is none. */
  resultIn(line: string, token: string): Result | null;
}

/** One request may take so long; lines, and results, longer. ms */
const TIMEOUT = 120_000;
export const TRANSFER = 30 * 60_000;

type Fetch = NonNullable<ClientOptions["fetch"]>;
type Sent = { asResponse(): Promise<Response> };

/**
 * One request, never repeated.
 *
 * @throws {BatchError} where it is not answered well
 */
export async function asked(
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

export const readJson = async (response: Response): Promise<unknown> =>
  parsed(await response.text());

/** A text that is not empty. */
export const words = (value: unknown): string | null =>
  typeof value === "string" && value.trim() ? value : null;
