/**
 * OpenAI's Batch API, and those who speak it: a file of lines is uploaded, a batch made of it, and its results
 * are files of lines in any order.
 *
 * Source: OpenAI, “Batch API” and “Files” in its API reference; Groq, “Batch Processing”; Together,
 * “Batch inference” and “Upload a file”.
 */
import type { BatchCreateParams } from "openai/resources/batches";
import { hidden } from "../../config.ts";
import { at, shorten } from "../body.ts";
import { Fault } from "../faults.ts";
import { resultIn, URL } from "../lines.ts";
import { checkPurpose } from "../transports/live.ts";
import { asked, type Protocol, readJson, type Remote, TRANSFER, words } from "./protocol.ts";

/** How a file is uploaded. */
interface Upload {
  path: string;
  purpose: string;
  more?: readonly (readonly [string, string])[];
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
    least: count("completed") || 0,
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

export const files = ({ path, purpose, more = [] }: Upload): Protocol => ({
  async upload(model, name, lines) {
    checkPurpose(model);
    const form = new FormData();
    form.append("purpose", purpose);
    for (const [field, value] of more) form.append(field, value);
    form.append("file", new File([lines], `${name}.jsonl`, { type: "application/jsonl" }));
    const body = await readJson(
      await asked(
        model,
        (client, options) => client.post(path, { body: form, ...options }),
        TRANSFER,
      ),
    );
    const id = words(at(body, "id"));
    if (id !== null) return id;
    throw new Error(
      `${model.id}: the upload gave no file (${shorten(JSON.stringify(body) ?? "")})`,
    );
  },

  async create(model, { token, sha256, file }) {
    checkPurpose(model);
    const body: BatchCreateParams = {
      input_file_id: file!,
      endpoint: URL,
      completion_window: "24h",
      metadata: { batch: token, sha256 },
    };
    return remoteOf(
      await readJson(await asked(model, (client, options) => client.batches.create(body, options))),
    );
  },

  async retrieve(model, id) {
    return remoteOf(
      await readJson(await asked(model, (client, options) => client.batches.retrieve(id, options))),
    );
  },

  async list(model, after) {
    const query = { limit: 100, ...after !== undefined && { after } };
    const body = await readJson(
      await asked(model, (client, options) => client.batches.list(query, options)),
    );
    const page = at(body, "data") ?? body;
    if (!Array.isArray(page)) {
      throw new Error(
        `${model.id}: its list of batches is none (${shorten(JSON.stringify(body))})`,
      );
    }
    return { page: page.map(remoteOf), more: at(body, "has_more") === true };
  },

  // Not all of them have metadata: then its file tells.
  owns: (_, remote, { token, file }) =>
    Promise.resolve(remote.token === token || remote.input === file),

  async cancel(model, id) {
    await asked(model, (client, options) => client.batches.cancel(id, options));
  },

  async content(model, file) {
    const { body } = await asked(
      model,
      (client, options) => client.files.content(file, options),
      TRANSFER,
    );
    return body ?? new Blob([]).stream();
  },

  resultIn,
});
