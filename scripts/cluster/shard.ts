/**
 * Has one shard answered by a model's server on this machine, where there is no network.
 *
 * `study hand-out` copies this file beside the shards; it imports nothing but what Deno has:
 *
 *     deno run -A shard.ts --shard 7 [--concurrency 64] [--url http://127.0.0.1:8000/v1] [-- SERVER …]
 *
 * Of `shard_0007.jsonl`, a line per question in OpenAI's batch format, each is sent to the server and its
 * reply appended to `out_0007.part.jsonl`, in the format of the batch's output. What is answered there is not
 * asked again. When every line has its answer the file becomes `out_0007.jsonl`, and `out_0007.ok` says so:
 * this file, and no scheduler, says what is done.
 *
 * SERVER is started with `--port`, waited for until it serves, and ended with this process.
 *
 * Exit status: 0 done, 1 an error or lines that got no answer, 2 wrong arguments, 75 (EX_TEMPFAIL) stopped
 * by SIGUSR1 or SIGTERM with lines left after others were answered.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";

/** How often the lock's holder says that it lives, and for how long silence is no death; s. */
const BEATS = 15, SILENCE = 120;
/** What is appended may stay unwritten on the disk for so long; ms. */
const UNSAFE_MS = 5000;
/** A line that fails for a passing reason is tried so often; the waits between double from the first, ms. */
const TRIES = 6, WAIT_MS = 500;
/** So many refusals before any answer are no questions' fault: a wrong name of the model, another server. */
const DOUBTFUL = 5;
/** How long one answer may take; s. */
const LONGEST = 3600;
/** How long what is in flight is waited for after a signal; s. */
const GRACE = 60;
const STOPPED = 75;

interface Line {
  custom_id: string;
  method: string;
  url: string;
  body: unknown;
}

/** A line of the output, as OpenAI's batches and vLLM's `run-batch` write it. */
interface Out {
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: unknown } | null;
  error: { code: string; message: string } | null;
}

/** The same may go better the next time. */
const passing = (status: number): boolean =>
  status >= 500 || [0, 408, 409, 425, 429].includes(status);

/** Whether a line of an output is an answer, or a refusal that another try would not change. */
const settled = ({ response }: Out): boolean => response !== null && !passing(response.status_code);

const refusal = (out: Out): boolean => settled(out) && out.response!.status_code >= 300;

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const textOf = (path: string): Promise<string> =>
  Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });

/** Ends this process with a line that says why. */
class Failure extends Error {}

/** Written beside, forced to the disk, renamed: whole or not there. */
async function put(path: string, text: string): Promise<void> {
  {
    using file = await Deno.open(`${path}.new`, { create: true, write: true, truncate: true });
    await file.write(bytes(text));
    await file.sync();
  }
  await Deno.rename(`${path}.new`, path);
}

/**
 * A lock on a shard: a file that only one process can make, whose time the holder renews.
 *
 * Its age is told by the file system's own clock, since those of two nodes may differ.
 */
class Lock implements AsyncDisposable {
  readonly #beats: ReturnType<typeof setInterval>;

  private constructor(
    private readonly path: string,
    private readonly mine: string,
    private readonly file: Deno.FsFile,
  ) {
    this.#beats = setInterval(() => this.#beat().catch(() => {}), BEATS * 1000);
  }

  /**
   * Takes it, of a dead holder after so many seconds without a sign of life.
   *
   * @throws {Failure} when its holder lives
   */
  static async taken(path: string, silence: number): Promise<Lock> {
    const mine = JSON.stringify({
      host: Deno.hostname(),
      pid: Deno.pid,
      job: Deno.env.get("SLURM_JOB_ID") ?? null,
      began: new Date().toISOString(),
      token: crypto.randomUUID(),
    });
    let seen: { holder: string; beat: number } | null = null;
    for (;;) {
      try {
        const file = await Deno.open(path, { createNew: true, write: true });
        await file.write(bytes(mine));
        return new Lock(path, mine, file);
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
      const holder = await textOf(path), { beat, age } = await lastBeat(path);
      if (age > silence || (holder && ended(holder))) {
        await taken(path, holder);
        seen = null;
      } else if (seen && (seen.holder !== holder || beat > seen.beat)) {
        throw new Failure(`another process has it: ${holder}`);
      } else {
        seen ??= { holder, beat };
        await pause(1000);
      }
    }
  }

  /** Into the file itself: of one that was taken away its holder changes nothing. */
  async #beat(): Promise<void> {
    await this.file.seek(0, Deno.SeekMode.Start);
    await this.file.write(bytes(this.mine));
  }

  /** Whether nobody has taken it for dead meanwhile: a process can sleep. */
  async held(): Promise<boolean> {
    return await textOf(this.path) === this.mine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beats);
    this.file.close();
    if (await this.held()) await Deno.remove(this.path);
  }
}

/** When a lock's holder last said that it lives, ms, and how long ago that is, s. */
async function lastBeat(path: string): Promise<{ beat: number; age: number }> {
  const probe = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(probe, "");
    const now = (await Deno.stat(probe)).mtime!.getTime();
    const beat = (await Deno.stat(path).catch(() => null))?.mtime?.getTime() ?? now;
    return { beat, age: (now - beat) / 1000 };
  } finally {
    await Deno.remove(probe).catch(() => {});
  }
}

/** Takes a dead one's lock away; one that somebody has made meanwhile is put back. */
async function taken(path: string, dead: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  await Deno.rename(path, aside).catch(() => {});
  const was = await textOf(aside);
  if (was && was !== dead) await Deno.link(aside, path).catch(() => {});
  await Deno.remove(aside).catch(() => {});
}

/** Whether a lock's holder was a process of this machine, and is gone for sure. */
function ended(lock: string): boolean {
  try {
    const { host, pid } = JSON.parse(lock) as { host: string; pid: number };
    if (host !== Deno.hostname() || pid === Deno.pid) return pid === Deno.pid;
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return /\) Z /.test(stat) ||
      !Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("shard.ts");
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** A server that is started and ended with this process. */
class Started implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly url: string;
  ended = false;

  constructor([program, ...args]: string[]) {
    using port = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.url = `http://127.0.0.1:${port.addr.port}`;
    this.#child = new Deno.Command(program!, {
      args: [...args, "--port", `${port.addr.port}`],
      stdin: "null",
    }).spawn();
    this.#child.status.then(() => this.ended = true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (this.ended) return;
      try {
        this.#child.kill(signal);
      } catch {
        return;
      }
      await Promise.race([this.#child.status, pause(10_000)]);
    }
  }
}

/** What a server says of itself; null where it does not answer with a 200. */
async function said(url: string): Promise<unknown> {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return await answer.json().catch(() => null);
  await answer?.body?.cancel();
  return null;
}

interface Options {
  shard: string;
  concurrency: number;
  silence: number;
  url: string | undefined;
  server: string[];
}

function options(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      shard: { type: "string", default: "" },
      concurrency: { type: "string", default: "64" },
      silence: { type: "string", default: `${SILENCE}` },
      url: { type: "string" },
    },
  });
  const number = (name: "shard" | "concurrency" | "silence"): number => {
    if (/^\d+$/.test(values[name])) return Number(values[name]);
    throw new TypeError(`--${name} is a whole number: it is ${JSON.stringify(values[name])}`);
  };
  if (!values.url === !positionals.length) {
    throw new TypeError("Say where the server is, --url, or behind -- how it is started");
  }
  return {
    shard: String(number("shard")).padStart(4, "0"),
    concurrency: Math.max(1, number("concurrency")),
    silence: number("silence"),
    url: values.url?.replace(/\/v1\/?$/, ""),
    server: positionals,
  };
}

/** What stands in a file of output, by its custom_id; its last line, if it is torn, is cut off. */
async function answersIn(path: string): Promise<Map<string, Out>> {
  const text = await textOf(path), end = text.lastIndexOf("\n") + 1;
  if (end < text.length) await Deno.truncate(path, bytes(text.slice(0, end)).length);
  const found = new Map<string, Out>();
  for (const line of text.slice(0, end).split("\n")) {
    try {
      const out = JSON.parse(line) as Out;
      if (settled(out) || !found.has(out.custom_id)) found.set(out.custom_id, out);
    } catch {
      // A page of the disk that was lost: its questions are asked again.
    }
  }
  return found;
}

/** Asks once. */
async function asked(url: string, line: Line, stop: AbortSignal): Promise<Out> {
  const id = crypto.randomUUID();
  const out = { id: `shard-${id}`, custom_id: line.custom_id };
  try {
    const answer = await fetch(url + line.url, {
      method: line.method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(line.body),
      signal: AbortSignal.any([stop, AbortSignal.timeout(LONGEST * 1000)]),
    });
    const text = await answer.text();
    let body: unknown = text;
    try {
      body = JSON.parse(text);
    } catch {
      // What is no JSON is kept as a text.
    }
    const request_id = answer.headers.get("x-request-id") ?? `shard-${id}`;
    return { ...out, response: { status_code: answer.status, request_id, body }, error: null };
  } catch (error) {
    const { name, message } = error as Error;
    return { ...out, response: null, error: { code: name, message } };
  }
}

/** Has what is left of a shard answered; the exit status. */
async function work({ shard, concurrency, silence, ...given }: Options): Promise<number> {
  const began = performance.now();
  const [IN, OUT, PART] = [`shard_${shard}.jsonl`, `out_${shard}.jsonl`, `out_${shard}.part.jsonl`];
  const OK = `out_${shard}.ok`;
  const input = await Deno.readFile(IN).catch(() => {
    throw new Failure("there is no such file here");
  });
  const sha256 = createHash("sha256").update(input).digest("hex");
  const lines = new TextDecoder().decode(input).split("\n").filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

  const before = await textOf(OK);
  if (before) {
    const { input } = JSON.parse(before) as { input: { sha256: string } };
    if (input.sha256 === sha256) {
      console.log(`${IN}: done before`);
      return 0;
    }
    throw new Failure(`${OK} is of another one: move the files of the other hand-out away`);
  }
  await using lock = await Lock.taken(`out_${shard}.lock`, silence);

  let stopping = false;
  const stops = new AbortController();
  for (const signal of ["SIGUSR1", "SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      if (!stopping) setTimeout(() => stops.abort(), GRACE * 1000);
      stopping = true;
    });
  }

  // One that was killed between its last two steps.
  await Deno.rename(OUT, PART).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const answers = await answersIn(PART);
  const isOpen = ({ custom_id }: Line) => {
    const out = answers.get(custom_id);
    return !out || !settled(out);
  };
  const open = lines.filter(isOpen);
  console.log(`${IN}: ${lines.length} lines, ${lines.length - open.length} answered before`);

  await using server = given.server.length && open.length ? new Started(given.server) : null;
  const url = server?.url ?? given.url!;
  while (server && !stopping && await said(`${url}/v1/models`) === null) {
    if (server.ended) {
      throw new Failure(`its server ended before it served: ${given.server.join(" ")}`);
    }
    await pause(500);
  }
  const about = open.length && !stopping
    ? { version: await said(`${url}/version`), models: await said(`${url}/v1/models`) }
    : null;

  using part = await Deno.open(PART, { create: true, append: true });
  let synced = performance.now(), lost = false, appended = 0;
  let sure = answers.values().some((out) => settled(out) && !refusal(out));
  let doubtful: Out[] = [];
  /** Keeps what came: a refusal only when the server is known to answer. */
  const keep = async (out: Out): Promise<void> => {
    sure ||= settled(out) && !refusal(out);
    doubtful.push(out);
    if (!sure) return;
    const now = doubtful;
    doubtful = [];
    for (const one of now) await append(one);
  };
  const append = async (out: Out): Promise<void> => {
    lost = lost || !await lock.held();
    if (lost) return;
    // At once, so that no other line comes between its parts.
    for (let rest = bytes(`${JSON.stringify(out)}\n`); rest.length;) {
      rest = rest.subarray(part.writeSync(rest));
    }
    answers.set(out.custom_id, out);
    appended++;
    if (performance.now() - synced < UNSAFE_MS) return;
    synced = performance.now();
    await part.syncData();
  };
  const queue = open.values();
  const doubts = () => doubtful.filter(refusal).length >= DOUBTFUL;
  const over = () => stopping || lost || Boolean(server?.ended) || doubts();
  const take = async (): Promise<void> => {
    for (const line of queue) {
      for (let tries = 1; !over(); tries++) {
        const out = await asked(url, line, stops.signal);
        const last = settled(out) || (tries === TRIES && !over());
        if (last) await keep(out);
        if (last) break;
        await pause(WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random() / 2));
      }
      if (over()) return;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, take));
  if (doubts()) {
    const { status_code, body } = doubtful.find(refusal)!.response!;
    const said = JSON.stringify(body).slice(0, 300);
    throw new Failure(
      `its server refuses what it is asked, and has answered nothing: ${status_code} ${said}`,
    );
  }
  for (const one of doubtful) await append(one);
  await part.sync();
  if (lost) throw new Failure("another process took it while this one slept");

  const left = lines.filter(isOpen).length;
  if (left) {
    const why = stopping ? "stopped" : server?.ended ? "the server ended" : "they got no answer";
    console.error(`${IN}: ${left} of ${lines.length} lines are left: ${why}`);
    if (stopping && !appended) {
      console.error("None was answered in this time: it would go on so for ever");
    }
    return stopping && appended ? STOPPED : 1;
  }
  const refused = lines.filter(({ custom_id }) => refusal(answers.get(custom_id)!)).length;
  await Deno.rename(PART, OUT);
  await put(
    OK,
    JSON.stringify({
      input: { sha256, lines: lines.length },
      answered: lines.length - refused,
      refused,
      server: about,
      seconds: Math.round(performance.now() - began) / 1000,
      host: Deno.hostname(),
      job: Deno.env.get("SLURM_JOB_ID") ?? null,
    }) + "\n",
  );
  console.log(`${IN}: ${lines.length - refused} answered, ${refused} refused`);
  return 0;
}

/** The exit status; what is wrong is said in one line. */
async function main(): Promise<number> {
  let given: Options;
  try {
    given = options();
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  try {
    return await work(given);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`shard_${given.shard}.jsonl: ${error.message}`);
    return 1;
  }
}

Deno.exit(await main());
