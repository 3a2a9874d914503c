/** Questions and results as lines of files, in the form of OpenAI's batches, which vLLM's `run-batch` has too. */
import { hidden } from "../config.ts";
import { replyIn } from "./answers.ts";
import { at, parsed } from "./body.ts";
import { type CallError, Fault } from "./faults.ts";
import { providerOf } from "./providers.ts";
import type { Model } from "./registry.ts";
import { failed } from "./transports/live.ts";

/** Where a question is asked, and whose form its body has. */
export const URL = "/v1/chat/completions";

/** A line of a file: `body` is the request as text. */
export const lineOf = (id: string, body: string): string =>
  `{"custom_id":${JSON.stringify(id)},"method":"POST","url":${
    JSON.stringify(URL)
  },"body":${body}}\n`;

/** The lines of a file, without their ends. */
export async function* linesOf(
  content: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of content.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest) yield rest;
}

/** What a line of results says. */
export interface Result {
  id: string;
  /** HTTP status of the single call; 0 where it was not made. */
  status: number;
  /** The body of its answer, or what is said instead. */
  text: string;
  /** Whether it was not made in time, or not any more: it is to be asked in another batch. */
  passed: boolean;
  /** Where nothing is charged for it, whatever its status. */
  free?: true;
}

/** A line of results; null where it is none. */
export function resultIn(line: string): Result | null {
  const value = parsed(line);
  const id = at(value, "custom_id");
  if (typeof id !== "string") return null;
  const response = at(value, "response"), error = at(value, "error");
  const body = at(response, "body") ?? undefined;
  const status = Number(at(response, "status_code") ?? 0);
  return {
    id,
    status: Number.isInteger(status) ? status : 0,
    text: JSON.stringify(body ?? { error }),
    passed: status === 0 && /expired|cancell?ed/i.test(String(at(error, "code"))),
  };
}

/** What a line brought: a reply as it came, or what is wrong, judged as of a call that was made alone. */
export function replyOf(model: Model, { status, text }: Result): { reply: string } | {
  fault: Fault;
  error: CallError;
} {
  try {
    const answer = { status, text, header: () => null };
    return { reply: hidden(replyIn(providerOf(model.provider), answer), "keys") };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { fault, error: failed(model, fault, 1) };
  }
}
