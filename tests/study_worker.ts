/**
 * A process at work on a run, for tests that kill it, and what the tests of the study share.
 *
 * `deno run -A tests/study_worker.ts SCHEMA RUN [--lease=N] [--limit=N] [--batch]` loads the code, writes `ready`, waits for a
 * line on its standard input, works on the run, and writes what came of it as JSON.
 */
import "lib/paper/published.ts";
import { parseArgs } from "node:util";
import { connect, type Sql } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import type { Model } from "lib/llm.ts";
import { seeded } from "lib/random.ts";
import { type Ended, openStudy, type Study } from "lib/study.ts";
import { storePopulation } from "lib/study/population.ts";
import { spawned } from "./command.ts";

/** Profiles of the EPQR-A, answered at random. */
export function profiles(n: number): { id: number; answers: number[] }[] {
  const random = seeded("made profiles");
  return Array.from({ length: n }, (_, index) => ({
    id: index + 1,
    answers: epqra.items.map(() => random.int(2)),
  }));
}

/** An empty study of so many made profiles, and a connection that sees all of it. */
export class Made implements AsyncDisposable {
  private constructor(readonly schema: string, readonly lab: Study, readonly sql: Sql) {}

  static async with(
    schema: string,
    from: number | readonly { id: number; answers: number[] }[],
  ): Promise<Made> {
    const lab = await openStudy({ schema });
    const sql = await connect("owner", { schema, connections: 4 });
    const made = typeof from === "number" ? profiles(from) : from;
    await storePopulation(sql, schema, {
      name: `made${made.length}`,
      origin: "a test",
      instrument: epqra,
      codebook: [],
      profiles: made,
      random: made,
    });
    return new Made(schema, lab, sql);
  }

  /** Rows as JSON values. */
  async rows(statement: string): Promise<Record<string, unknown>[]> {
    return (await this.sql.unsafe(`select to_json(t) as row from (${statement}) t`))
      .map(({ row }) => row as Record<string, unknown>);
  }

  /** The only value of a statement. */
  async value(statement: string): Promise<unknown> {
    return Object.values((await this.rows(statement))[0]!)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
    await this.sql.end();
  }
}

/** A model that a local server stands for, at so many calls at a time. */
export const served = (url: string, calls: number, more: Partial<Model> = {}): Model => ({
  id: "own",
  label: "Own model",
  provider: "openai",
  model: "stand-in",
  base_url: `${url}/v1`,
  key: null,
  max_tokens: 600,
  format: "json_object",
  price: { input: 1, output: 2, as_of: "2026-11-21", source: "a test" },
  concurrency: { start: calls, most: calls },
  ...more,
});

/** Lines of a process, one at a time. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** A process of this file. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #errors: Promise<string>;
  /** Whether it has ended. */
  over = false;

  /** @param how `env`, `within`: of its machine, the environment, and the command that a program there is run by */
  constructor(
    schema: string,
    run: string,
    { lease, limit, batch = false, env = {}, within = [] }: {
      lease?: number;
      limit?: number;
      batch?: boolean;
      env?: Record<string, string>;
      within?: readonly string[];
    } = {},
  ) {
    const own = ["run", "-A", import.meta.filename!, schema, run];
    const [program, ...args] = [...within, Deno.execPath(), ...own];
    this.#child = new Deno.Command(program!, {
      args: [
        ...args,
        ...lease === undefined ? [] : [`--lease=${lease}`],
        ...limit === undefined ? [] : [`--limit=${limit}`],
        ...batch ? ["--batch"] : [],
      ],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#errors = new Response(this.#child.stderr).text();
    this.#child.status.then(() => this.over = true);
  }

  /** Waits until the code is loaded. */
  async ready(): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== "ready") throw new Error(`A worker did not begin: ${await this.#errors}`);
  }

  /** Lets it begin. */
  async go(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    await writer.close();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Kills it, unless it has ended by itself; waits until it is gone. */
  async killed(): Promise<boolean> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It was gone already.
    }
    const { signal } = await this.#child.status;
    for await (const _ of this.#lines);
    await this.#errors;
    return signal === "SIGKILL";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killed();
  }

  /** What came of its work. */
  async ended(): Promise<Ended> {
    const { value } = await this.#lines.next();
    const { code } = await this.#child.status;
    const errors = await this.#errors;
    if (code !== 0 || errors) throw new Error(`A worker ended with code ${code}: ${errors}`);
    return JSON.parse(value as string);
  }
}

/** The server of `llm_server.ts` as a process of its own. */
export class ServerProcess implements AsyncDisposable {
  private constructor(readonly url: string, private readonly child: Deno.ChildProcess) {}

  static async started(...options: string[]): Promise<ServerProcess> {
    const child = spawned(["run", "-A", "tests/llm_server.ts", ...options]);
    const lines = linesOf(child.stdout);
    const { value } = await lines.next();
    return new ServerProcess(value as string, child);
  }

  /** The tally, and how often each body was answered, by its hash. */
  async count(): Promise<{
    requests: number;
    answered: number;
    inFlight: number;
    peak: number;
    repeated: number;
    charged: { input: number; output: number };
    bodies: Record<string, number>;
  }> {
    return await (await fetch(`${this.url}/count?bodies`)).json();
  }

  /** The count when nothing is under way any more. */
  async quiet(): ReturnType<ServerProcess["count"]> {
    for (;;) {
      const count = await this.count();
      if (count.inFlight === 0) return count;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.output().catch(() => {});
  }
}

if (import.meta.main) {
  const { positionals: [schema, run], values } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      lease: { type: "string" },
      limit: { type: "string" },
      batch: { type: "boolean", default: false },
    },
  });
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(8));
  const lab = await openStudy({ schema: schema! });
  const ended = await lab.run(run!, {
    ...values.lease && { lease: Number(values.lease) },
    ...values.limit && { limit: Number(values.limit) },
    batch: values.batch,
  });
  console.log(JSON.stringify(ended));
  await lab.close();
}
