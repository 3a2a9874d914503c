/**
 * Shards on a real SLURM: an array whose tasks are killed, cancelled and queued again, and whose
 * controller is killed; at the end every answer is in, and exactly once.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { seeded } from "lib/random.ts";
import {
  arrayOf,
  readManifest,
  readShard,
  sbatchScript,
  SCRIPT,
  worth,
  writeManifest,
  writeShard,
} from "lib/study/shards.ts";
import { nightly, until } from "./command.ts";
import { Folder } from "./made.ts";
import { lacking, Slurm } from "./slurm.ts";

if (lacking) console.log(`Tests on a real SLURM are skipped: ${lacking}`);

/** A hand-out of made questions, each answered by the local server in about so many ms, four at a time. */
class HandOut implements Disposable {
  readonly #folder = new Folder();
  readonly path = this.#folder.path;

  private constructor(readonly shards: number, private readonly lines: number) {}

  static async of(shards: number, lines: number, latency: number): Promise<HandOut> {
    const made = new HandOut(shards, lines), manifest = [];
    for (let shard = 0; shard < shards; shard++) {
      manifest.push(
        await writeShard(
          made.path,
          shard,
          Array.from({ length: lines }, (_, line) => ({
            custom_id: `s${shard}-${line}-0`,
            method: "POST" as const,
            url: "/v1/chat/completions",
            body: { model: "stand-in", messages: [{ role: "user", content: `${shard} ${line}` }] },
          })),
        ),
      );
    }
    await writeManifest(made.path, { schema: "s", run: "made", model: "own", shards: manifest });
    await Deno.copyFile(join(ROOT, "scripts/cluster/shard.ts"), join(made.path, "shard.ts"));
    const server = join(ROOT, "tests/llm_server.ts"), config = join(ROOT, "deno.json");
    const script = sbatchScript({
      name: "made",
      shards,
      serve: `'${Deno.execPath()}' run -A --no-check --config '${config}' '${server}' ` +
        `--latency ${latency}`,
      concurrency: 4,
      time: "5",
      memory: "10M",
      throttle: 4,
    });
    await Deno.writeTextFile(join(made.path, SCRIPT), script);
    return made;
  }

  /** Shards of which answers are missing. */
  async missing(): Promise<number[]> {
    const { shards } = await readManifest(this.path), missing = [];
    for (const [number, shard] of shards.entries()) {
      const { lines, answers } = await readShard(this.path, shard, number);
      const done = lines.filter(({ custom_id }) => {
        const answer = answers.get(custom_id);
        return answer && worth(answer) === 2;
      });
      if (done.length < lines.length) missing.push(number);
    }
    return missing;
  }

  /** Lines that are answered so far in a shard. */
  async answered(shard: number): Promise<number> {
    const { shards } = await readManifest(this.path);
    return (await readShard(this.path, shards[shard]!, shard)).answers.size;
  }

  /** Checks that each question has its answer once, and none another's. */
  async whole(): Promise<void> {
    const { shards } = await readManifest(this.path);
    for (const [number, shard] of shards.entries()) {
      const { lines, answers, foreign, repeated } = await readShard(this.path, shard, number);
      assert.equal(lines.length, this.lines);
      assert.deepEqual([foreign.length, repeated], [0, 0]);
      assert.deepEqual([...answers.keys()].sort(), lines.map((line) => line.custom_id).sort());
      for (const answer of answers.values()) assert.equal(answer.status, 200);
      const ok = JSON.parse(await this.text(`out_000${number}.ok`));
      assert.deepEqual(
        [ok.input, ok.answered, ok.refused],
        [{ sha256: shard.sha256, lines: this.lines }, this.lines, 0],
      );
    }
  }

  text(name: string): Promise<string> {
    return Deno.readTextFile(join(this.path, name)).catch(() => "");
  }

  /** The process that has a shard now. */
  async holder(shard: number): Promise<number | null> {
    const lock = await this.text(`out_000${shard}.lock`);
    return lock ? JSON.parse(lock).pid : null;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const onSlurm = (name: string, atNight: boolean, fn: () => Promise<void>): void =>
  Deno.test({ name, ignore: lacking !== null || (atNight && !nightly), fn });

Deno.env.set("DENO", Deno.execPath());

onSlurm(
  "an array whose tasks are killed, stopped and cancelled, and its controller killed: each answer once",
  false,
  async () => {
    using made = await HandOut.of(4, 60, 150);
    await using slurm = await Slurm.started();
    const job = await slurm.ask("sbatch", ["--parsable", SCRIPT], made.path);
    const some = (shards: number[]) =>
      Promise.all(
        shards.map((shard) =>
          until(`answers of shard ${shard}`, async () => await made.answered(shard) > 8)
        ),
      );
    await some([0, 1, 2, 3]);
    // One process is killed, one task is told that its time is over, one is cancelled.
    Deno.kill((await made.holder(0))!, "SIGKILL");
    await slurm.ask("scancel", ["--batch", "--signal=USR1", `${job}_1`]);
    await slurm.ask("scancel", [`${job}_2`]);
    await slurm.quiet();
    assert.deepEqual(await made.missing(), [0, 2]);
    const before = await Promise.all([0, 2].map((shard) => made.answered(shard)));
    assert.match(
      await made.text("log_1.txt"),
      /lines are left: stopped\n[^]*lines, [1-9]\d* answered before/,
    );

    // The controller forgets what it had started, and may start it again.
    await slurm.ask("sbatch", [`--array=${arrayOf([0, 2], 2)}`, SCRIPT], made.path);
    await until("more", async () => await made.answered(0) > before[0]! + 4);
    await slurm.killController();
    await until("answers meanwhile", async () => await made.answered(2) > before[1]! + 8);
    await slurm.startController();
    await slurm.quiet();
    for (let missing: number[]; (missing = await made.missing()).length;) {
      await slurm.ask("sbatch", [`--array=${arrayOf(missing, 2)}`, SCRIPT], made.path);
      await slurm.quiet();
    }
    await made.whole();
    for (const shard of [0, 2]) {
      assert.match(await made.text(`log_${shard}.txt`), /lines, [1-9]\d* answered before/);
    }
  },
);

onSlurm("what is no task of an array, or of no hand-out, fails at once", false, async () => {
  using made = await HandOut.of(1, 1, 0);
  await using slurm = await Slurm.started(1);
  const script = (await made.text(SCRIPT)).replace(/^#SBATCH --array.*\n/m, "")
    .replace("log_%a", "log");
  await Deno.writeTextFile(join(made.path, SCRIPT), script);
  const failed = slurm.ask("sbatch", ["--wait", SCRIPT], made.path);
  await assert.rejects(failed, /./);
  assert.match(await made.text("log.txt"), /this is no task of an array: sbatch shards\.sbatch/);
  assert.deepEqual(await made.missing(), [0]);
});

onSlurm("a campaign of kills, stops, cancels and crashes of the controller", true, async () => {
  const SHARDS = 8, LINES = 150, BLOWS = 40;
  using made = await HandOut.of(SHARDS, LINES, 250);
  await using slurm = await Slurm.started(8);
  const random = seeded("blows on a cluster");
  const dealt: Record<string, number> = {};
  let submitted = 0, crashes = 0;
  for (let missing: number[]; (missing = await made.missing()).length;) {
    const array = `--array=${arrayOf(missing, SHARDS)}`;
    const job = await slurm.ask("sbatch", ["--parsable", array, SCRIPT], made.path);
    submitted++;
    let over = false;
    const quiet = slurm.quiet().finally(() => over = true);
    while (!over && Object.values(dealt).reduce((sum, n) => sum + n, 0) < BLOWS) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random.uniform() * 800));
      const shard = missing[random.int(missing.length)]!, task = `${job}_${shard}`;
      const blows: Record<string, () => Promise<unknown>> = {
        "driver killed": async () => Deno.kill((await made.holder(shard))!, "SIGKILL"),
        "task killed": () => slurm.ask("scancel", ["--full", "--signal=KILL", task]),
        "time over": () => slurm.ask("scancel", ["--batch", "--signal=USR1", task]),
        "requeued": () => slurm.ask("scontrol", ["requeue", task]),
        "cancelled": () => slurm.ask("scancel", [task]),
        "submitted twice": () => slurm.ask("sbatch", [`--array=${shard}`, SCRIPT], made.path),
        "controller killed": async () => {
          await slurm.killController();
          crashes++;
          await new Promise((resolve) => setTimeout(resolve, random.uniform() * 3000));
          await slurm.startController();
        },
      };
      const names = Object.keys(blows), name = names[random.int(names.length)]!;
      // A task that has ended, or not begun, takes no blow.
      const hit = await blows[name]!().then(() => true, () => false);
      if (hit) dealt[name] = (dealt[name] ?? 0) + 1;
    }
    await quiet;
  }
  await made.whole();
  assert.ok(crashes > 0 && Object.keys(dealt).length > 4, JSON.stringify(dealt));
  console.log(
    `${SHARDS * LINES} answers, each once, in ${submitted} submissions and under ${
      Object.entries(dealt).map(([name, n]) => `${n} × ${name}`).join(", ")
    }`,
  );
});
