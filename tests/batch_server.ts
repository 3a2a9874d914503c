/**
 * A local provider of batches: it speaks OpenAI's Batch API, Together's, or Anthropic's Message Batches over
 * HTTP, charges for every line that it answers, and keeps a ledger of that.
 */
import { createHash } from "node:crypto";
import { standIn } from "./llm_server.ts";

/** A line of an input file; a request of Anthropic's stands as if it had been one. */
export interface Line {
  custom_id: string;
  method: string;
  url: string;
  body: { model: string; messages: { content: string }[]; max_tokens: number };
}

export interface Job {
  id: string;
  file: string;
  status: string;
  metadata: Record<string, string> | undefined;
  created: number;
  lines: Line[];
  output: string | null;
  errors: string | null;
  faults: { code: string; message: string; line: number | null }[];
  counts: { total: number; completed: number; failed: number };
}

/** What becomes of a line: an answer, an error, or nothing at all; Anthropic's are cancelled by name. */
export type Fate = "answer" | "nothing" | "expired" | "canceled" | number;

/** A request of Anthropic's. */
interface Asked {
  custom_id: string;
  params: {
    model: string;
    system?: string;
    messages: { role: string; content: string }[];
    max_tokens: number;
    temperature?: number;
  };
}

/** Anthropic's names of errors. */
const ERRORS: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error",
};

export interface Finish {
  status?: string;
  fate?: (line: Line, index: number) => Fate;
  /** What is made of the lines of the output file, which were charged. */
  output?: (lines: string[]) => string[];
  /** What stands for a file that would be empty. */
  none?: "" | null;
}

/** The answer to a line as Anthropic has it: in parts, with what was thought, and cached tokens apart. */
function messageTo(line: Line) {
  const { id, choices } = answerTo(line).line.response.body,
    { input, output } = answerTo(line).usage;
  const { content } = choices[0]!.message, half = content.length >> 1;
  return {
    id,
    type: "message",
    role: "assistant",
    model: line.body.model,
    content: [
      { type: "thinking", thinking: "Let me see.", signature: "s" },
      { type: "text", text: content.slice(0, half) },
      { type: "text", text: content.slice(half) },
    ],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: input - 40, cache_read_input_tokens: 40, output_tokens: output },
  };
}

/** A result with a reply, which depends on the line alone. */
export function answerTo({ custom_id, body: { messages } }: Line) {
  const hash = createHash("sha256").update(custom_id).digest("hex");
  const [system, user] = [messages[0]!.content, messages.at(-1)!.content];
  const content = standIn({ system, user, hash });
  const [input, output] = [100, Math.ceil(content.length / 4)];
  return {
    usage: { input, output },
    line: {
      id: `batch_req_${hash.slice(0, 8)}`,
      custom_id,
      response: {
        status_code: 200,
        request_id: hash.slice(8, 16),
        body: {
          id: `chatcmpl-${hash.slice(0, 12)}`,
          object: "chat.completion",
          choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
          usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
        },
      },
      error: null,
    },
  };
}

export class BatchServer implements AsyncDisposable {
  readonly jobs: Job[] = [];
  readonly files = new Map<string, string>();
  /** What was charged, and how often each question was answered, whatever its attempt. */
  readonly charged = { calls: 0, input: 0, output: 0 };
  readonly answered = new Map<string, number>();
  /** Requests by what they are. */
  readonly seen: Record<string, number> = {};
  /** Answers wait for these. */
  readonly holds: { upload?: Promise<void>; create?: Promise<void> } = {};
  /** So many of the next requests of a kind are turned away with a status, before anything is done. */
  readonly refusals: Record<string, { status: number; times: number }> = {};
  /** So many of the next batches are made, and a fault is answered all the same. */
  unheard = 0;
  /** So many of the next downloads break off in the middle of a line, without saying so. */
  cut = 0;
  /** What is answered when a batch is cancelled. */
  onCancel: Finish = { fate: () => "nothing" };
  /** The key that Anthropic's has to be asked with. */
  key: string | null = null;
  readonly #server: Deno.HttpServer;
  #made = 0;
  #clock = Math.floor(Date.now() / 1000);

  constructor(private readonly kind: "openai" | "together" | "anthropic" = "openai") {
    // Of a client that was killed in mid-sentence nothing is said.
    const onError = () => new Response(null, { status: 400 });
    const quiet = { port: 0, hostname: "127.0.0.1", onListen() {}, onError };
    this.#server = Deno.serve(quiet, (request) => this.#handle(request));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.addr as Deno.NetAddr).port}`;
  }

  /** USD that were charged, at 1 and 2 per million and half of that. */
  get usd(): number {
    return (this.charged.input + 2 * this.charged.output) / 2e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const { method, headers } = request, anthropic = this.kind === "anthropic";
    const [, one, id, act] =
      /^\/v1\/(files|(?:messages\/)?batches)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(pathname) ?? [];
    const what = one === "files"
      ? method === "POST" ? "upload" : "content"
      : one === (anthropic ? "messages/batches" : "batches")
      ? method === "POST"
        ? act === "cancel" ? "cancel" : id ? "other" : "create"
        : act === "results"
        ? "content"
        : id
        ? "retrieve"
        : "list"
      : "other";
    this.seen[what] = (this.seen[what] ?? 0) + 1;
    const body = method === "POST"
      ? what === "upload" ? await request.formData() : await request.json().catch(() => null)
      : null;
    const refusal = this.refusals[what];
    if (refusal && refusal.times-- > 0) return this.#fault(refusal.status);
    const version = headers.get("anthropic-version"), key = headers.get("x-api-key");
    if (anthropic && (version !== "2023-06-01" || headers.has("authorization"))) {
      return this.#fault(400);
    }
    if (anthropic && key !== this.key) return this.#fault(401);
    switch (what) {
      case "upload":
        return await this.#upload(body as FormData, id);
      case "create":
        return await this.#heard(anthropic ? this.#ask(body) : this.#create(body));
      case "list":
        return this.#list(searchParams.get(anthropic ? "after_id" : "after"));
      case "retrieve":
      case "cancel": {
        const job = this.jobs.find((job) => job.id === id);
        if (!job) return missing();
        if (what === "cancel") job.status = "cancelling";
        const shown = this.#shown(job);
        // The next look finds it ended.
        if (job.status === "cancelling") {
          this.finish(job, { status: "cancelled", ...this.onCancel });
        }
        return Response.json(shown);
      }
      case "content": {
        const text = this.files.get(anthropic ? `${id}-output` : id!);
        if (text === undefined || act !== (anthropic ? "results" : "content")) return missing();
        return new Response(this.cut-- > 0 ? text.slice(0, text.length - 40) : text);
      }
    }
    return missing();
  }

  #fault(status: number): Response {
    const error = { type: ERRORS[status], message: `status ${status}` };
    const body = this.kind === "anthropic" ? { type: "error", error } : { error };
    return Response.json(body, { status });
  }

  async #heard(made: Promise<Response>): Promise<Response> {
    const response = await made;
    return response.ok && this.unheard-- > 0 ? this.#fault(500) : response;
  }

  async #upload(form: FormData, id: string | undefined): Promise<Response> {
    const together = this.kind === "together";
    if (
      (id === "upload") !== together || form.get("purpose") !== (together ? "batch-api" : "batch")
    ) {
      return Response.json({ error: { message: "purpose" } }, { status: 400 });
    }
    const name = `file-${this.files.size + 1}`;
    this.files.set(name, await (form.get("file") as File).text());
    await this.holds.upload;
    return Response.json({ id: name, object: "file", purpose: form.get("purpose") });
  }

  async #create(
    { input_file_id, metadata, endpoint, completion_window }: {
      input_file_id: string;
      metadata?: Record<string, string>;
      endpoint: string;
      completion_window: string;
    },
  ): Promise<Response> {
    if (endpoint !== "/v1/chat/completions" || completion_window !== "24h") {
      return Response.json({ error: { message: "endpoint, window" } }, { status: 400 });
    }
    const job = this.made(input_file_id, metadata);
    await this.holds.create;
    return Response.json(
      this.kind === "together" ? { job: this.#shown(job), warning: "" } : this.#shown(job),
    );
  }

  async #ask({ requests }: { requests: Asked[] }): Promise<Response> {
    const known = ["model", "system", "messages", "max_tokens", "temperature", "top_p"];
    const fits = ({ custom_id, params }: Asked) =>
      /^[a-zA-Z0-9_-]{1,64}$/.test(custom_id) && params.max_tokens >= 1 &&
      (params.temperature ?? 1) <= 1 && params.messages.length > 0 &&
      params.messages.every(({ role }) => role === "user" || role === "assistant") &&
      Object.keys(params).every((name) => known.includes(name));
    const ids = new Set(requests.map(({ custom_id }) => custom_id));
    if (ids.size !== requests.length || !requests.every(fits)) return this.#fault(400);
    const job = this.asked(requests);
    await this.holds.create;
    return Response.json(this.#shown(job));
  }

  /** Makes a batch of requests, as often as it is told to. */
  asked(requests: readonly Asked[]): Job {
    const lines = requests.map(({ custom_id, params: { system = "", messages, ...rest } }) => ({
      custom_id,
      body: { ...rest, messages: [{ role: "system", content: system }, ...messages] },
    }));
    const name = `requests-${this.jobs.length + 1}`;
    this.files.set(name, lines.map((line) => JSON.stringify(line)).join("\n"));
    return this.made(name);
  }

  /** Makes a batch of a file, as often as it is told to. */
  made(file: string, metadata?: Record<string, string>): Job {
    const text = this.files.get(file) ?? "";
    const lines = text.split("\n").filter((line) => line).map((line) => JSON.parse(line) as Line);
    const job: Job = {
      id: `batch_${++this.#made}`,
      file,
      status: "validating",
      metadata,
      created: this.#clock++,
      lines,
      output: null,
      errors: null,
      faults: [],
      counts: { total: lines.length, completed: 0, failed: 0 },
    };
    this.jobs.push(job);
    return job;
  }

  #list(after: string | null): Response {
    const newest = this.jobs.toReversed();
    const from = after === null ? 0 : newest.findIndex(({ id }) => id === after) + 1;
    // Few at a time, so that whoever wants all has to turn pages.
    const data = newest.slice(from, from + 2).map((job) => this.#shown(job));
    if (this.kind === "together") return Response.json(newest.map((job) => this.#shown(job)));
    const has_more = from + 2 < newest.length;
    return this.kind === "anthropic"
      ? Response.json({ data, has_more, first_id: data[0]?.id, last_id: data.at(-1)?.id })
      : Response.json({ object: "list", data, has_more });
  }

  #shown(job: Job) {
    const { id, status, file, output, errors, faults, created } = job;
    if (this.kind === "anthropic") {
      const over = /^(completed|expired|cancelled)$/.test(status), lines = job.lines.length;
      const words: Record<string, string> = { validating: "in_progress", cancelling: "canceling" };
      return {
        id,
        type: "message_batch",
        processing_status: over ? "ended" : words[status] ?? status,
        request_counts: over
          ? {
            processing: 0,
            succeeded: job.counts.completed,
            errored: job.counts.failed,
            canceled: lines - job.counts.completed - job.counts.failed,
            expired: 0,
          }
          : { processing: lines, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
        created_at: new Date(created * 1000).toISOString(),
        // Not where it is asked.
        results_url: output && `https://elsewhere.example/v1/messages/batches/${id}/results`,
      };
    }
    if (this.kind === "together") {
      return {
        id,
        status: status.toUpperCase(),
        input_file_id: file,
        output_file_id: output ?? "",
        error_file_id: errors ?? "",
        created_at: new Date(created * 1000).toISOString(),
        progress: job.counts.completed,
        ...faults.length && { error: faults[0]!.message },
      };
    }
    return {
      id,
      object: "batch",
      status,
      input_file_id: file,
      output_file_id: output,
      error_file_id: errors,
      errors: faults.length ? { object: "list", data: faults } : null,
      request_counts: job.counts,
      created_at: created,
      metadata: job.metadata ?? null,
    };
  }

  /** Ends a batch: lines are answered, and charged. */
  finish(
    job: Job,
    { status = "completed", fate = () => "answer", output = (lines) => lines, none = null }:
      Finish = {},
  ): void {
    const answers: string[] = [], errors: string[] = [], anthropic = this.kind === "anthropic";
    job.lines.forEach((line, index) => {
      const { custom_id } = line, now = fate(line, index);
      const told = (result: Record<string, unknown>) => JSON.stringify({ custom_id, result });
      if (now === "answer") {
        const { usage, line: result } = answerTo(line);
        this.charged.calls += 1;
        this.charged.input += usage.input;
        this.charged.output += usage.output;
        const question = custom_id.split("-")[0]!;
        this.answered.set(question, (this.answered.get(question) ?? 0) + 1);
        answers.push(
          anthropic
            ? told({ type: "succeeded", message: messageTo(line) })
            : JSON.stringify(result),
        );
      } else if (anthropic && now !== "nothing") {
        errors.push(
          typeof now === "number"
            ? told({
              type: "errored",
              error: { type: "error", error: { type: ERRORS[now], message: `status ${now}` } },
            })
            : told({ type: now }),
        );
      } else if (now === "expired") {
        const error = { code: "batch_expired", message: "not done in time" };
        errors.push(JSON.stringify({ custom_id, response: null, error }));
      } else if (typeof now === "number") {
        const response = { status_code: now, body: { error: { message: `status ${now}` } } };
        errors.push(JSON.stringify({ custom_id, response, error: null }));
      }
    });
    const keep = (name: string, lines: string[]): string | null => {
      if (!lines.length) return none;
      this.files.set(`${job.id}-${name}`, lines.map((line) => `${line}\n`).join(""));
      return `${job.id}-${name}`;
    };
    Object.assign(job, {
      status,
      counts: { total: job.lines.length, completed: answers.length, failed: errors.length },
      output: keep("output", output(anthropic ? [...answers, ...errors] : answers)),
      errors: anthropic ? null : keep("errors", errors),
    });
  }

  /** Ends a batch before it began: nothing is answered. */
  refuse(job: Job, faults: Job["faults"]): void {
    Object.assign(job, { status: "failed", faults });
  }
}

const missing = (): Response =>
  Response.json({ error: { message: "no such thing", code: "not_found" } }, { status: 404 });
