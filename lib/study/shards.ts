/**
 * Questions as files for a cluster without a network, and their answers as they come back.
 *
 * A folder holds `manifest.json`, shards in OpenAI's batch format (`vllm run-batch` takes them as they
 * are), and what answers them; of shard 7 that is `shard_0007.jsonl`, and of its answers any file
 * `out_0007….jsonl`, whole or not: `scripts/cluster/shard.ts` writes one, each attempt of run-batch its own.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { refuse } from "./files.ts";

/** A question as OpenAI's batches have it. */
export interface Line {
  custom_id: string;
  method: "POST";
  url: string;
  body: unknown;
}

const Shard = z.object({ file: z.string(), lines: z.int().min(1), sha256: z.string() });
const Manifest = z.object({
  schema: z.string(),
  run: z.string(),
  /** The model's id in the registry. */
  model: z.string(),
  shards: z.array(Shard).min(1),
});
export type Shard = z.infer<typeof Shard>;
export type Manifest = z.infer<typeof Manifest>;

const MANIFEST = "manifest.json";
export const SCRIPT = "shards.sbatch";

const numbered = (shard: number): string => String(shard).padStart(4, "0");

/** What a custom_id may be, for every provider and for file names. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Writes questions as one shard.
 *
 * @param shard its number, from 0
 * @throws {Error} when a custom_id cannot be one, or stands twice: run-batch checks neither
 */
export async function writeShard(
  folder: string,
  shard: number,
  lines: readonly Line[],
): Promise<Shard> {
  const wrong = lines.find(({ custom_id }) => !ID.test(custom_id));
  if (wrong) throw new Error(`No custom_id: ${JSON.stringify(wrong.custom_id)}`);
  const twice = lines.length - new Set(lines.map(({ custom_id }) => custom_id)).size;
  if (twice) throw new Error(`${twice} custom_ids stand twice in shard ${shard}`);
  const file = `shard_${numbered(shard)}.jsonl`;
  const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await Deno.writeFile(join(folder, file), bytes);
  return { file, lines: lines.length, sha256: sha256(bytes) };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Last of all: a folder without it is no hand-out. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await Deno.writeTextFile(join(folder, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
}

/** @throws {Error} when there is none, or it is damaged */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await Deno.readTextFile(path).catch(() =>
    refuse(folder, [`it has no ${MANIFEST}: name the folder that study hand-out made`])
  );
  try {
    return Manifest.parse(JSON.parse(text));
  } catch {
    return refuse(path, ["it is damaged: take the one that study hand-out wrote"]);
  }
}

/** How a job asks for a cluster's machines. */
export interface Ask {
  partition?: string;
  /** As SLURM writes it: `04:00:00`. */
  time?: string;
  /** `64G`. */
  memory?: string;
  /** How many, or of which kind how many: `2`, `a100:2`. */
  gpus?: string;
  /** Tasks at a time. */
  throttle?: number;
}

const FORMS: Readonly<Record<Exclude<keyof Ask, "throttle">, [RegExp, string]>> = {
  partition: [/^[\w.,-]+$/, "the name of a partition"],
  time: [/^(\d+-)?\d+(:\d+){0,2}$/, "minutes, or a time such as 04:00:00 or 1-12:00:00"],
  memory: [/^\d+[KMGT]?$/, "a size such as 64G"],
  gpus: [/^(\w+:)?\d+$/, "how many, such as 2 or a100:2"],
};

/** @throws {RangeError} when something cannot be what SLURM takes for it */
export function checkAsk(ask: Ask): void {
  for (const [name, [form, what]] of Object.entries(FORMS)) {
    const given = ask[name as keyof typeof FORMS];
    if (given !== undefined && !form.test(given)) {
      throw new RangeError(`--${name} is ${what}: it is ${JSON.stringify(given)}`);
    }
  }
}

/**
 * The script of an array of tasks, one for each shard.
 *
 * @param name of the job
 * @param concurrency questions that a task has under way
 * @param serve the command that serves the model, as a shell reads it; `--port` is added
 */
export function sbatchScript(
  { name, shards, serve, concurrency = 64, partition, time, memory, gpus, throttle }: Ask & {
    name: string;
    shards: number;
    serve: string;
    concurrency?: number;
  },
): string {
  const ask = [
    `job-name=${name.replace(/[^\w.-]/g, "_")}`,
    `array=${arrayOf(Array.from({ length: shards }, (_, shard) => shard), throttle)}`,
    "nodes=1",
    "ntasks=1",
    ...partition !== undefined ? [`partition=${partition}`] : [],
    ...time !== undefined ? [`time=${time}`] : [],
    ...memory !== undefined ? [`mem=${memory}`] : [],
    ...gpus !== undefined ? [`gres=gpu:${gpus}`] : [],
    "output=log_%a.txt",
    "open-mode=append",
    "requeue",
    "signal=B:USR1@120",
  ];
  return `#!/bin/bash
# Has the shards beside it answered, each by a task of its own. In this folder: sbatch ${SCRIPT}
# Which lines are answered is told by the files out_*, and by no scheduler: submit again what you like.
${ask.map((line) => `#SBATCH --${line}`).join("\n")}
set -u
shard="\${SLURM_ARRAY_TASK_ID:?this is no task of an array: sbatch ${SCRIPT}}"
cd "$SLURM_SUBMIT_DIR" || exit 1

# The command that serves the model; the port is added.
server=(${serve})

# No network: whatever would look for something there is told so, and no proxy is asked for this machine.
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
# Deno's own cache: many nodes would write to the one in a shared home.
export DENO_DIR="\${TMPDIR:-/tmp}/deno-$SLURM_JOB_ID" DENO_NO_UPDATE_CHECK=1

asked= driver=
trap 'asked=1; [ -z "$driver" ] || kill -USR1 "$driver"' USR1
"\${DENO:-deno}" run -A --no-config --no-remote shard.ts --shard "$shard" --concurrency ${concurrency} \\
  -- "\${server[@]}" &
driver=$!
# Two minutes before the time is over it finishes what is in flight, and the task is queued again, which
# ends this script: last of all.
while kill -0 "$driver" 2>/dev/null; do wait "$driver"; done
wait "$driver"
code=$?
rm -rf "$DENO_DIR"
if [ -n "$asked" ] && [ "$code" = 75 ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$shard"
fi
exit "$code"
`;
}

/** Numbers of tasks as SLURM takes them, `0-3,7%2`, in their order. */
export function arrayOf(tasks: readonly number[], throttle?: number): string {
  const runs: [number, number][] = [];
  for (const task of tasks) {
    const last = runs.at(-1);
    if (last && task === last[1] + 1) last[1] = task;
    else runs.push([task, task]);
  }
  const named = runs.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(",");
  return named + (throttle === undefined ? "" : `%${throttle}`);
}

/** A line of output: who asked, and what came. */
export interface Answered {
  custom_id: string;
  /** Of the server's answer; null where it gave none. */
  status: number | null;
  /** The body of the answer, as JSON. */
  body: unknown;
  /** What is said in its place. */
  error: string | null;
}

/** Of run-batch an error is a text or an object; its body is null then, and the status 400 or the error's. */
const Out = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.number(), body: z.unknown() }).nullish(),
  error: z.unknown(),
});

/** What a line of output says; null where it is none: torn, or something else. */
export function answerIn(line: string): Answered | null {
  let out: z.infer<typeof Out>;
  try {
    out = Out.parse(JSON.parse(line));
  } catch {
    return null;
  }
  const { custom_id, response, error } = out;
  const said = error === null || error === undefined
    ? null
    : typeof error === "string"
    ? error
    : JSON.stringify(error);
  return {
    custom_id,
    status: response?.status_code ?? null,
    body: response?.body ?? null,
    error: said,
  };
}

/** The files that a shard's answers stand in, by name. */
export async function outputsOf(folder: string, shard: number): Promise<string[]> {
  const own = new RegExp(`^out_${numbered(shard)}\\b.*\\.jsonl$`);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => own.test(name)).sort();
}

/** A shard, and what its outputs say, as they are now. */
export interface Taken {
  /** Its questions, in their order. */
  lines: readonly Line[];
  /** By custom_id: of several the first that is an answer, else the first refusal. */
  answers: ReadonlyMap<string, Answered>;
  /** Lines of output of questions that are not the shard's, or that nobody asked. */
  foreign: readonly Answered[];
  /** Answers to questions that have one already. */
  repeated: number;
  /** Lines that are none: torn by the end of a process. */
  torn: number;
}

/** What passes: another try may bring an answer. */
const PASSING = new Set([0, 408, 409, 425, 429]);

/** Whether a line is an answer (2), a refusal that stays one (1), or nothing that counts (0). */
export const worth = ({ status }: Answered): 0 | 1 | 2 =>
  status === null || status >= 500 || PASSING.has(status) ? 0 : status < 300 ? 2 : 1;

/**
 * Reads a shard and its outputs, also those that are still written.
 *
 * @throws {Error} when the shard is not the one that was handed out
 */
export async function readShard(
  folder: string,
  { file, sha256: expected }: Shard,
  shard: number,
): Promise<Taken> {
  const path = join(folder, file);
  const bytes = await Deno.readFile(path).catch(() => refuse(path, ["there is no such file"]));
  if (sha256(bytes) !== expected) {
    refuse(path, [
      "it is not the one that was handed out: what answers it may answer other questions",
    ]);
  }
  const lines = new TextDecoder().decode(bytes).split("\n").filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  const known = new Set(lines.map(({ custom_id }) => custom_id));
  const answers = new Map<string, Answered>(), foreign: Answered[] = [];
  let repeated = 0, torn = 0;
  for (const name of await outputsOf(folder, shard)) {
    for (const line of (await Deno.readTextFile(join(folder, name))).split("\n")) {
      if (line === "") continue;
      const answer = answerIn(line);
      if (!answer) {
        torn++;
        continue;
      }
      const before = answers.get(answer.custom_id);
      if (!known.has(answer.custom_id)) foreign.push(answer);
      else if (before && worth(before) === 2 && worth(answer) === 2) repeated++;
      else if (worth(answer) > (before ? worth(before) : -1)) answers.set(answer.custom_id, answer);
    }
  }
  return { lines, answers, foreign, repeated, torn };
}
