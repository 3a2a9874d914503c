/**
 * Questions as files for a cluster without a network, and their answers as they come back.
 *
 * A folder holds `manifest.json`, shards in OpenAI's batch format (`vllm run-batch` takes them as they
 * are), the script of a job, and what answers them; of shard 7 that is `shard_0007.jsonl`, and of its
 * answers any file `out_0007….jsonl`, whole or not: `scripts/cluster/shard.ts` writes one, and each attempt
 * of run-batch its own. A shard is a batch.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ROOT } from "../config.ts";
import type { Sql } from "../db.ts";
import type { Model } from "../llm.ts";
import {
  batchLines,
  type BatchRow,
  closeBatch,
  keepFile,
  openBatches,
  prepareBatches,
  takeIn,
  waitingLines,
} from "./batches.ts";
import { refuse } from "./files.ts";
import { list } from "./queue.ts";

const Shard = z.object({
  file: z.string(),
  lines: z.int().min(1),
  sha256: z.string(),
  /** Of its batch. */
  token: z.uuid(),
});
const Manifest = z.object({
  schema: z.string(),
  run: z.string(),
  /** The model's id in the registry. */
  model: z.string(),
  /** Tasks at a time. */
  throttle: z.int().optional(),
  shards: z.array(Shard).min(1),
});
type Shard = z.infer<typeof Shard>;
export type Manifest = z.infer<typeof Manifest>;

const MANIFEST = "manifest.json";
const SCRIPT = "shards.sbatch";
const DRIVER = "shard.ts";
/** Lines of a shard where nobody says how many shards there are: run-batch keeps all of them in memory. */
const LINES = 2000;

const numbered = (shard: number): string => String(shard).padStart(4, "0");

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

# Jobs have groups of their own: what a driver that was killed had started is ended with its group.
set -m
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
kill -KILL -- "-$driver" 2>/dev/null
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

/** A hand-out as it was written. */
export interface HandedOut {
  folder: string;
  model: string;
  shards: number;
  lines: number;
  /** What submits it, in its folder. */
  command: string;
}

export interface HandOutOptions extends Ask {
  /** How many; without it as many as hold 2,000 lines each. */
  shards?: number;
  /** The command that serves the model on a node, as a shell reads it: `vllm serve MODEL` without it. */
  serve?: string;
  /** Questions that a task has under way: 64 without it. */
  concurrency?: number;
}

/** @throws {Error} when a folder has a hand-out already, whose answers would be mixed with others */
export async function checkFree(folder: string): Promise<void> {
  const there = await Deno.stat(join(folder, MANIFEST)).then(() => true, () => false);
  if (there) refuse(folder, ["it has a hand-out already: name another folder"]);
}

/**
 * Writes the questions to one model that wait as shards into a folder, with the script of a job.
 *
 * Its manifest comes last: a folder without one is none, and its shards are handed out the next time.
 *
 * @returns null where no question waits
 */
export async function handOut(
  sql: Sql,
  { schema, run, name, model }: { schema: string; run: number; name: string; model: Model },
  folder: string,
  { shards, serve = `vllm serve ${quoted(model.model)}`, concurrency, ...ask }: HandOutOptions,
): Promise<HandedOut | null> {
  const waiting = (await waitingLines(sql, run)).get(model.id) ?? 0;
  const lines = shards === undefined ? LINES : Math.max(1, Math.ceil(waiting / shards));
  if (waiting) {
    await prepareBatches(sql, run, { model, kind: "files", lines, bytes: 2 ** 40 });
  }
  const rows = (await openBatches(sql, run)).filter((batch) =>
    batch.kind === "files" && batch.state === "prepared" && batch.model.id === model.id
  );
  if (!rows.length) return null;
  await Deno.mkdir(folder, { recursive: true });
  const written: Shard[] = [];
  for (const [number, { batch, token, lines, sha256 }] of rows.entries()) {
    const file = `shard_${numbered(number)}.jsonl`;
    const content = ReadableStream.from(batchLines(sql, batch))
      .pipeThrough(new TextEncoderStream());
    await Deno.writeFile(join(folder, file), content);
    written.push({ file, lines, sha256, token });
  }
  const script = sbatchScript({
    name,
    shards: written.length,
    serve,
    ...concurrency !== undefined && { concurrency },
    ...ask,
  });
  await Deno.writeTextFile(join(folder, SCRIPT), script);
  await Deno.copyFile(join(ROOT, "scripts", "cluster", DRIVER), join(folder, DRIVER));
  const { throttle } = ask;
  const manifest: Manifest = {
    schema,
    run: name,
    model: model.id,
    ...throttle !== undefined && { throttle },
    shards: written,
  };
  await Deno.writeTextFile(join(folder, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
  await sql`
    update batches set state = 'submitted', submitted = now(), file = ${resolve(folder)}
    where batch = any(${list(rows.map(({ batch }) => batch))}::int[]) and state = 'prepared'`;
  return {
    folder,
    model: model.id,
    shards: written.length,
    lines: written.reduce((sum, { lines }) => sum + lines, 0),
    command: `sbatch ${SCRIPT}`,
  };
}

/** A word as a shell reads it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** How a hand-out stands, after what is there was taken in. */
export interface HandOutStanding {
  lines: number;
  /** Lines by what came of them; `again`: what brought no answer is planned again. */
  answered: number;
  failed: number;
  again: number;
  missing: number;
  /** Answers that came now. */
  now: number;
  /** Lines that count for nothing: of other hand-outs, torn, and answers to what has one. */
  foreign: number;
  torn: number;
  doubled: number;
  /** Shards of which answers are missing, and those of them on which a task was at work. */
  open: number[];
  working: number[];
  /** What submits those again that are open; null where none is. */
  command: string | null;
}

/**
 * Takes in what a folder holds, finished or not; the same again changes nothing.
 *
 * @param end whether nothing more is waited for: what is missing is planned again
 * @throws {Error} when a file is not the hand-out's
 */
export async function takeInFolder(
  sql: Sql,
  folder: string,
  manifest: Manifest,
  end: boolean,
): Promise<HandOutStanding> {
  const { shards, throttle } = manifest;
  const batches = await sql<BatchRow[]>`
    select * from batches where token::text = any(string_to_array(${
    shards.map(({ token }) => token).join(",")
  }, ','))`;
  const byToken = new Map(batches.map((batch) => [batch.token, batch]));
  const all = shards.map((shard, number) => {
    const batch = byToken.get(shard.token);
    return batch ??
      refuse(folder, [`run ${manifest.run} of this study has handed out no shard ${number}`]);
  });
  for (const [number, shard] of shards.entries()) await checkShard(folder, shard, number);
  const standing: HandOutStanding = {
    lines: 0,
    answered: 0,
    failed: 0,
    again: 0,
    missing: 0,
    now: 0,
    foreign: 0,
    torn: 0,
    doubled: 0,
    open: [],
    working: [],
    command: null,
  };
  const before = await outcomes(sql, all);
  const names = await outputsOf(folder);
  for (const [number, batch] of all.entries()) {
    const { answered = 0, final = 0 } = before.get(batch.batch) ?? {};
    if (answered + final === batch.lines) continue;
    const own = names.get(number) ?? [];
    for (const name of own) {
      const file = ReadableStream.from(createReadStream(join(folder, name)));
      await keepFile(sql, batch.batch, name, file as ReadableStream<Uint8Array<ArrayBuffer>>);
    }
    const taken = await takeIn(sql, batch, own);
    standing.now += taken.answered + taken.late;
    standing.foreign += taken.unknown;
    standing.torn += taken.broken;
    standing.doubled += taken.doubled;
  }
  const after = await outcomes(sql, all);
  for (const [number, batch] of all.entries()) {
    const { answered = 0, final = 0, open = 0 } = after.get(batch.batch) ?? {};
    standing.lines += batch.lines;
    standing.answered += answered;
    standing.failed += final;
    standing.missing += end ? 0 : open;
    standing.again += batch.lines - answered - final - (end ? 0 : open);
    if (batch.state !== "closed" && (end || !open)) await closeBatch(sql, batch);
    if (end || !open) continue;
    standing.open.push(number);
    const lock = join(folder, `out_${numbered(number)}.lock`);
    if (await Deno.stat(lock).then(() => true, () => false)) standing.working.push(number);
  }
  const { open } = standing;
  standing.command = open.length ? `sbatch --array=${arrayOf(open, throttle)} ${SCRIPT}` : null;
  return standing;
}

/** By batch, how many lines have which outcome; `open` have none. */
async function outcomes(
  sql: Sql,
  batches: readonly BatchRow[],
): Promise<Map<number, Record<string, number>>> {
  const rows = await sql<{ batch: number; outcome: string; n: number }[]>`
    select batch, coalesce(outcome, 'open') as outcome, count(*)::int as n from batch_lines
    where batch = any(${list(batches.map(({ batch }) => batch))}::int[]) group by 1, 2`;
  const found = new Map<number, Record<string, number>>();
  for (const { batch, outcome, n } of rows) {
    found.set(batch, { ...found.get(batch), [outcome]: n });
  }
  return found;
}

/** What answers a shard, and whether that is done, are in files that are named after it alone. */
async function checkShard(folder: string, { file, sha256 }: Shard, number: number): Promise<void> {
  const path = join(folder, file), ok = `out_${numbered(number)}.ok`;
  const text = await Deno.readTextFile(join(folder, ok)).catch(() => null);
  const done = Ok.safeParse(text === null ? null : parsed(text));
  if (done.success && done.data.input.sha256 !== sha256) {
    refuse(join(folder, ok), [`it is of another ${file}: files of two hand-outs are mixed here`]);
  }
  const hash = createHash("sha256");
  try {
    for await (const bytes of createReadStream(path)) hash.update(bytes);
  } catch (error) {
    // Answers may have come back alone.
    if ((error as { code?: string }).code === "ENOENT") return;
    throw error;
  }
  if (hash.digest("hex") !== sha256) {
    refuse(path, ["it is not as it was handed out: what answers it may answer other questions"]);
  }
}

const Ok = z.object({ input: z.object({ sha256: z.string() }) });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** By shard, the files in which its answers stand. */
async function outputsOf(folder: string): Promise<Map<number, string[]>> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const found = new Map<number, string[]>();
  for (const name of names) {
    const number = /^out_(\d{4,})\b.*\.jsonl$/.exec(name)?.[1];
    if (number === undefined) continue;
    found.set(Number(number), [...found.get(Number(number)) ?? [], name]);
  }
  return found;
}
