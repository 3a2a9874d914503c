/**
 * A local provider of batches: it speaks OpenAI's Batch API, or Together's, over HTTP, charges for every
 * line that it answers, and keeps a ledger of that.
 */
import { createHash } from "node:crypto";
import { standIn } from "./llm_server.ts";

/** A line of an input file. */
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

/** What becomes of a line: an answer, an error, or nothing at all. */
export type Fate = "answer" | "nothing" | "expired" | number;

export interface Finish {
  status?: string;
  fate?: (line: Line, index: number) => Fate;
  /** What is made of the lines of the output file, which were charged. */
  output?: (lines: string[]) => string[];
  /** What stands for a file that would be empty. */
  none?: "" | null;
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
  /** So many of the next downloads break off in the middle of a line, without saying so. */
  cut = 0;
  /** What is answered when a batch is cancelled. */
  onCancel: Finish = { fate: () => "nothing" };
  readonly #server: Deno.HttpServer;
  #made = 0;
  #clock = Math.floor(Date.now() / 1000);

  constructor(private readonly kind: "openai" | "together" = "openai") {
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
    const { method } = request;
    const [, one, id, act] = /^\/v1\/(files|batches)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(pathname) ??
      [];
    const what = one === "files"
      ? method === "POST" ? "upload" : "content"
      : one === "batches"
      ? method === "POST" ? id ? "cancel" : "create" : id ? "retrieve" : "list"
      : "other";
    this.seen[what] = (this.seen[what] ?? 0) + 1;
    const body = method === "POST"
      ? what === "upload" ? await request.formData() : await request.json().catch(() => null)
      : null;
    const refusal = this.refusals[what];
    if (refusal && refusal.times-- > 0) {
      return Response.json({ error: { message: `status ${refusal.status}` } }, {
        status: refusal.status,
      });
    }
    switch (what) {
      case "upload":
        return await this.#upload(body as FormData, id);
      case "create":
        return await this.#create(body);
      case "list":
        return this.#list(searchParams.get("after"));
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
        const text = this.files.get(id!);
        if (text === undefined || act !== "content") return missing();
        return new Response(this.cut-- > 0 ? text.slice(0, text.length - 40) : text);
      }
    }
    return missing();
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
    return Response.json({ object: "list", data, has_more: from + 2 < newest.length });
  }

  #shown(job: Job) {
    const { id, status, file, output, errors, faults, created } = job;
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
    const answers: string[] = [], errors: string[] = [];
    job.lines.forEach((line, index) => {
      const { custom_id } = line, now = fate(line, index);
      if (now === "answer") {
        const { usage, line: result } = answerTo(line);
        this.charged.calls += 1;
        this.charged.input += usage.input;
        this.charged.output += usage.output;
        const question = custom_id.replace(/-\d+$/, "");
        this.answered.set(question, (this.answered.get(question) ?? 0) + 1);
        answers.push(JSON.stringify(result));
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
      output: keep("output", output(answers)),
      errors: keep("errors", errors),
    });
  }

  /** Ends a batch before it began: nothing is answered. */
  refuse(job: Job, faults: Job["faults"]): void {
    Object.assign(job, { status: "failed", faults });
  }
}

const missing = (): Response =>
  Response.json({ error: { message: "no such thing", code: "not_found" } }, { status: 404 });
