/**
 * A study handed out to a real SLURM: an array whose tasks are killed, cancelled and queued again, and whose
 * controller is killed; at the end every answer is in, and exactly once.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ROOT } from "lib/config.ts";
import { address } from "lib/db.ts";
import { model } from "lib/llm.ts";
import { epqra } from "lib/paper/instruments.ts";
import { seeded } from "lib/random.ts";
import { administrations, personas } from "lib/study.ts";
import { toAnswer, whole } from "./answering.ts";
import { nightly, until } from "./command.ts";
import { blocks } from "./docs.ts";
import { Folder } from "./made.ts";
import { lacking, Slurm } from "./slurm.ts";
import { Made, served, ServerProcess } from "./study_worker.ts";

if (lacking) console.log(`Tests on a real SLURM are skipped: ${lacking}`);

/** A study whose sheets are handed out, each answered by the local server in about so many ms, four at a time. */
class HandOut implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly path = join(this.#folder.path, "out");

  private constructor(
    readonly made: Made,
    readonly run: string,
    private readonly shards: number,
    private readonly sheets: number,
  ) {}

  static async of(
    schema: string,
    shards: number,
    sheets: number,
    latency: number,
  ): Promise<HandOut> {
    const made = await Made.with(schema, sheets);
    const writing = personas({ models: [model("simulated")], conditions: ["Base"] });
    await made.lab.run(await made.lab.register(writing));
    const price = { input: 0, output: 0, as_of: "2026-11-21", source: "a test" };
    const own = served("http://127.0.0.1:9", 8, { price });
    const run = await made.lab.register(administrations({ instrument: epqra, models: [own] }));
    const handed = new HandOut(made, run, shards, sheets);
    const server = join(ROOT, "tests/llm_server.ts"), config = join(ROOT, "deno.json");
    const [out] = await made.lab.handOut(run, handed.path, {
      shards,
      serve: `'${Deno.execPath()}' run -A --no-check --config '${config}' '${server}' ` +
        `--latency ${latency}`,
      concurrency: 4,
      time: "5",
      memory: "10M",
      throttle: 8,
    });
    assert.deepEqual([out!.shards, out!.lines], [shards, sheets]);
    return handed;
  }

  /** Takes in what is there; how it stands. */
  async standing() {
    return (await this.made.lab.takeIn(this.path)).standing;
  }

  /** Whole lines of output of a shard. */
  async answers(shard: number): Promise<string[]> {
    const names = [...Deno.readDirSync(this.path)].map(({ name }) => name)
      .filter((name) => name.startsWith(`out_000${shard}.`) && name.endsWith(".jsonl"));
    const texts = await Promise.all(names.map((name) => this.text(name)));
    return texts.flatMap((text) => text.split("\n").slice(0, -1));
  }

  /** Checks that each question has its answer once, in the files and in the study, and its sheet. */
  async whole(): Promise<void> {
    const { shards } = JSON.parse(await this.text("manifest.json"));
    const ids = (lines: readonly string[]) =>
      lines.map((line) => JSON.parse(line).custom_id as string).sort();
    for (const [shard, { file, sha256, lines }] of shards.entries()) {
      const asked = (await this.text(file)).split("\n").slice(0, -1);
      assert.deepEqual(ids(await this.answers(shard)), ids(asked));
      const ok = JSON.parse(await this.text(`out_000${shard}.ok`));
      assert.deepEqual([ok.input, ok.answered, ok.refused], [{ sha256, lines }, lines, 0]);
    }
    assert.equal(shards.length, this.shards);
    const standing = await this.standing();
    assert.deepEqual(
      [standing.answered, standing.missing, standing.now, standing.command],
      [this.sheets, 0, 0, null],
    );
    const { made, run } = this;
    assert.deepEqual(
      await made.rows(`
        select state, count(*) from work join runs using (run) where name = '${run}' group by 1`),
      [{ state: "done", count: this.sheets }],
    );
    const [booked] = await made.rows(`
      select calls, lost_calls, submitted_calls, (select count(*) from requests q where q.run = r.run)
             as replies from runs r where name = '${run}'`);
    const n = this.sheets;
    assert.deepEqual(booked, { calls: n, lost_calls: 0, submitted_calls: 0, replies: n });
    assert.equal(await made.value("select count(*) from administrations"), n);
  }

  text(name: string): Promise<string> {
    return Deno.readTextFile(join(this.path, name)).catch(() => "");
  }

  /** The process that has a shard now. */
  async holder(shard: number): Promise<number | null> {
    const lock = await this.text(`out_000${shard}.lock`);
    return lock ? JSON.parse(lock).pid : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.made[Symbol.asyncDispose]();
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
    await using made = await HandOut.of("slurm_kills", 4, 240, 150);
    await using slurm = await Slurm.started();
    const job = await slurm.submit("sbatch shards.sbatch", made.path);
    const some = (shards: number[]) =>
      Promise.all(
        shards.map((shard) =>
          until(`answers of shard ${shard}`, async () => (await made.answers(shard)).length > 8)
        ),
      );
    await some([0, 1, 2, 3]);
    // One process is killed, one task is told that its time is over, one is cancelled.
    Deno.kill((await made.holder(0))!, "SIGKILL");
    await slurm.ask("scancel", ["--batch", "--signal=USR1", `${job}_1`]);
    await slurm.ask("scancel", [`${job}_2`]);
    await slurm.quiet();
    const then = await made.standing();
    assert.deepEqual([then.open, then.command], [[0, 2], "sbatch --array=0,2%8 shards.sbatch"]);
    assert.deepEqual([then.working, then.answered + then.missing], [[0], 240]);
    const before = await Promise.all([0, 2].map((shard) => made.answers(shard)));
    assert.match(
      await made.text("log_1.txt"),
      /lines are left: stopped\n[^]*lines, [1-9]\d* answered before/,
    );

    // The controller forgets what it had started, and may start it again.
    await slurm.submit(then.command!, made.path);
    await until("more", async () => (await made.answers(0)).length > before[0]!.length + 4);
    await slurm.killController();
    await until(
      "answers meanwhile",
      async () => (await made.answers(2)).length > before[1]!.length + 8,
    );
    await slurm.startController();
    await slurm.quiet();
    for (let left; (left = (await made.standing()).command);) {
      await slurm.submit(left, made.path);
      await slurm.quiet();
    }
    await made.whole();
    for (const shard of [0, 2]) {
      assert.match(await made.text(`log_${shard}.txt`), /lines, [1-9]\d* answered before/);
    }
  },
);

onSlurm("what is no task of an array, or of no hand-out, fails at once", false, async () => {
  await using made = await HandOut.of("slurm_none", 1, 1, 0);
  await using slurm = await Slurm.started(1);
  const script = (await made.text("shards.sbatch")).replace(/^#SBATCH --array.*\n/m, "")
    .replace("log_%a", "log");
  await Deno.writeTextFile(join(made.path, "shards.sbatch"), script);
  await slurm.submit("sbatch shards.sbatch", made.path);
  await slurm.quiet();
  assert.match(await made.text("log.txt"), /this is no task of an array: sbatch shards\.sbatch/);
  assert.deepEqual((await made.standing()).open, [0]);
});

onSlurm("a campaign of kills, stops, cancels and crashes of the controller", true, async () => {
  const SHARDS = 8, LINES = 150, BLOWS = 40;
  await using made = await HandOut.of("slurm_campaign", SHARDS, SHARDS * LINES, 250);
  await using slurm = await Slurm.started(8);
  const random = seeded("blows on a cluster");
  const dealt: Record<string, number> = {};
  let submitted = 0, crashes = 0;
  for (let left; (left = await made.standing()).command;) {
    const { open, command } = left, job = await slurm.submit(command, made.path);
    submitted++;
    let over = false;
    const quiet = slurm.quiet().finally(() => over = true);
    while (!over && Object.values(dealt).reduce((sum, n) => sum + n, 0) < BLOWS) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random.uniform() * 800));
      const shard = open[random.int(open.length)]!, task = `${job}_${shard}`;
      const blows: Record<string, () => Promise<unknown>> = {
        "driver killed": async () => Deno.kill((await made.holder(shard))!, "SIGKILL"),
        "task killed": () => slurm.ask("scancel", ["--full", "--signal=KILL", task]),
        "time over": () => slurm.ask("scancel", ["--batch", "--signal=USR1", task]),
        "requeued": () => slurm.ask("scontrol", ["requeue", task]),
        "cancelled": () => slurm.ask("scancel", [task]),
        "submitted twice": () => slurm.submit(`sbatch --array=${shard} shards.sbatch`, made.path),
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

onSlurm(
  "many nodes work on one run, as docs/cluster.md has it; one whose time is over ends well",
  false,
  async () => {
    const N = 600;
    await using server = await ServerProcess.started("--latency", "80", "--seed", "12");
    const { made, run } = await toAnswer("slurm_nodes", N, server.url, 4);
    await using _ = made;
    using folder = new Folder();
    const { user, password, host, port, database } = await address("owner");
    const settings = join(folder.path, "env");
    await Deno.writeTextFile(
      settings,
      `DATABASE_URL=postgres://${user}:${password}@${host}:${port}/${database}\n` +
        `STUDY_SCHEMA=slurm_nodes\nDATABASE_CONNECTIONS=3\nPATH=${
          dirname(Deno.execPath())
        }:$PATH\n`,
      { mode: 0o600 },
    );
    const { text } = blocks("docs/cluster.md").find(({ text }) => text.startsWith("#!/bin/bash"))!;
    const script = text.replace("0-19", "0-2").replace("~/.persona-audit.env", settings)
      .replace("~/persona-audit", ROOT).replace("run people", `run ${run}`).replace("2G", "100M");
    await Deno.writeTextFile(join(folder.path, "nodes.sbatch"), script);
    await using slurm = await Slurm.started();
    const job = await slurm.submit("sbatch nodes.sbatch", folder.path);
    const workers = `select count(*) from workers join runs using (run)
    where kind = 'administrations' and lease > now()`;
    await until("three at work", async () => await made.value(workers) === 3);
    await until("some calls", async () => (await server.count()).requests > N / 4);
    await slurm.ask("scancel", ["--batch", "--signal=INT", `${job}_1`]);
    await slurm.quiet();
    await whole(made, N);
    const { requests, repeated } = await server.quiet();
    assert.deepEqual([requests, repeated], [N, 0]);
    const logs = await Promise.all(
      [0, 1, 2].map((task) => Deno.readTextFile(join(folder.path, `log_${task}.txt`))),
    );
    assert.match(logs[1]!, /Stopped when what was in flight had come in/);
    for (const task of [0, 2]) assert.match(logs[task]!, /Finished/);
  },
);
