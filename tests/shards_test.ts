/** Shards and what answers them, as files; the program that has one answered, without a scheduler. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { arrayOf, checkAsk, sbatchScript } from "lib/study/shards.ts";
import { type Ended, ended, until } from "./command.ts";
import { type Answer, provider, type Server } from "./llm_server.ts";
import { Folder } from "./made.ts";

/** A line of a shard. */
const line = (custom_id: string): string =>
  JSON.stringify({
    custom_id,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "stand-in", messages: [{ role: "user", content: custom_id }] },
  }) + "\n";

Deno.test("what SLURM would not take is refused", () => {
  assert.equal(arrayOf([0, 1, 2, 7, 9, 10], 8), "0-2,7,9-10%8");
  for (const time of ["90", "04:00:00", "1-12:00:00", "1-12"]) checkAsk({ time });
  for (const gpus of ["1", "a100:2"]) checkAsk({ gpus });
  assert.throws(() => checkAsk({ time: "4h" }), /--time is minutes, or a time such as 04:00:00/);
  assert.throws(() => checkAsk({ memory: "64 GB" }), /--memory is a size such as 64G/);
  assert.throws(() => checkAsk({ gpus: "two" }), /--gpus is how many/);
  assert.throws(() => checkAsk({ partition: "a\n#SBATCH" }), /--partition is the name/);
});

Deno.test({
  name: "the script asks for what it is told, and is one that a shell reads",
  ignore: Deno.build.os === "windows",
  async fn() {
    const script = sbatchScript({
      name: "a study",
      shards: 40,
      serve: "vllm serve 'org/model' --tensor-parallel-size 2",
      partition: "gpu",
      time: "04:00:00",
      memory: "64G",
      gpus: "a100:2",
      throttle: 8,
    });
    const asked = [...script.matchAll(/^#SBATCH --(.*)$/gm)].map(([, flag]) => flag);
    assert.deepEqual(asked, [
      "job-name=a_study",
      "array=0-39%8",
      "nodes=1",
      "ntasks=1",
      "partition=gpu",
      "time=04:00:00",
      "mem=64G",
      "gres=gpu:a100:2",
      "output=log_%a.txt",
      "open-mode=append",
      "requeue",
      "signal=B:USR1@120",
    ]);
    assert.match(script, /^server=\(vllm serve 'org\/model' --tensor-parallel-size 2\)$/m);
    const bash = new Deno.Command("bash", { args: ["-n"], stdin: "piped" }).spawn();
    const writer = bash.stdin.getWriter();
    await writer.write(new TextEncoder().encode(script));
    await writer.close();
    assert.equal((await bash.status).code, 0);
  },
});

/** A folder with one shard, whose driver is started as often as one likes. */
class Shards implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly path = this.#folder.path;

  private constructor(readonly server: Server, private readonly lines: number) {}

  static async of(lines: number, answer: Answer): Promise<Shards> {
    const made = new Shards(provider({ answer }), lines);
    await Deno.writeTextFile(
      join(made.path, "shard_0000.jsonl"),
      Array.from({ length: lines }, (_, i) => line(`q${i}-0`)).join(""),
    );
    return made;
  }

  start(...flags: string[]): Deno.ChildProcess {
    const server = flags.includes("--") ? [] : ["--url", `${this.server.url}/v1`];
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", join(ROOT, "scripts/cluster/shard.ts"), "--shard", "0"]
        .concat("--concurrency", "2", server, flags),
      cwd: this.path,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  run(...flags: string[]): Promise<Ended> {
    return ended(this.start(...flags));
  }

  at = (name: string): string => join(this.path, `out_0000.${name}`);
  read = (name: string): Promise<string> => Deno.readTextFile(this.at(name)).catch(() => "");

  /** Status of each answer, in the order of the questions: of each there is one line. */
  async statuses(): Promise<number[]> {
    const lines = (await this.read("jsonl")).split("\n").slice(0, -1).map((line) =>
      JSON.parse(line)
    );
    assert.equal(lines.length, this.lines);
    const found = new Map(
      lines.map(({ custom_id, response }) => [custom_id, response.status_code]),
    );
    return Array.from({ length: this.lines }, (_, i) => found.get(`q${i}-0`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("a shard: passing faults are tried again, refusals kept, and nothing is asked twice", async () => {
  await using made = await Shards.of(
    6,
    ({ user, times }) =>
      user === "q1-0"
        ? { status: 400, message: "too long" }
        : user === "q2-0" && times === 1
        ? { status: 503 }
        : user === "q3-0" && times === 1
        ? { reset: true }
        : {},
  );
  const first = await made.run();
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.match(first.out, /6 lines, 0 answered before\n.*5 answered, 1 refused/);
  assert.deepEqual(await made.statuses(), [200, 400, 200, 200, 200, 200]);
  assert.equal(made.server.tally().requests, 8);
  const ok = JSON.parse(await made.read("ok"));
  const shard = await Deno.readFile(join(made.path, "shard_0000.jsonl"));
  const sha256 = createHash("sha256").update(shard).digest("hex");
  assert.deepEqual(
    [ok.input, ok.answered, ok.refused, ok.server.models.data[0].id],
    [{ sha256, lines: 6 }, 5, 1, "stand-in"],
  );
  assert.match((await made.run()).out, /done before/);
  // Killed between its last two steps.
  await Deno.remove(made.at("ok"));
  assert.match((await made.run()).out, /6 answered before\n.*5 answered, 1 refused/);
  // Killed in the middle of a line.
  await Deno.remove(made.at("ok"));
  const whole = await made.read("jsonl");
  await Deno.remove(made.at("jsonl"));
  await Deno.writeTextFile(made.at("part.jsonl"), whole.slice(0, -9));
  assert.match((await made.run()).out, /5 answered before\n.*5 answered, 1 refused/);
  assert.equal(made.server.tally().requests, 9);
  // Another shard of the same name.
  await Deno.writeTextFile(
    join(made.path, "shard_0000.jsonl"),
    line("other-0"),
  );
  const other = await made.run();
  assert.equal(other.code, 1);
  assert.match(other.err, /out_0000\.ok is of another one: move the files/);
});

Deno.test("a server that refuses everything is no reason to give questions up", async () => {
  let right = false;
  await using made = await Shards.of(
    8,
    () => right ? {} : { status: 404, message: "no such model" },
  );
  const { code, err } = await made.run();
  assert.equal(code, 1);
  assert.match(err, /refuses what it is asked, and has answered nothing: 404 .*no such model/);
  assert.equal(await made.read("part.jsonl"), "");
  assert.ok(made.server.tally().requests < 8);
  right = true;
  assert.match((await made.run()).out, /8 answered, 0 refused/);
});

Deno.test("two processes: one waits for no living one, takes a dead one's, and who slept writes nothing", async () => {
  const held = Promise.withResolvers<void>();
  await using made = await Shards.of(
    6,
    ({ user, times }) => user === "q3-0" && times === 1 ? { after: held.promise } : {},
  );
  const sleeper = made.start();
  await until("an answer that is waited for", () => made.server.tally().inFlight === 1);
  await until("answers", async () => (await made.read("part.jsonl")).split("\n").length === 6);
  const own = JSON.parse(await made.read("lock"));
  assert.deepEqual([own.host, own.pid], [Deno.hostname(), sleeper.pid]);
  sleeper.kill("SIGSTOP");
  // On another machine nobody knows whether a process lives: silence tells.
  await Deno.writeTextFile(made.at("lock"), JSON.stringify({ ...own, host: "elsewhere" }));
  const taker = made.run("--silence", "2");
  assert.match((await taker).out, /6 lines, 5 answered before\n.*6 answered, 0 refused/);
  held.resolve();
  sleeper.kill("SIGCONT");
  const { code, err } = await ended(sleeper);
  assert.equal(code, 1);
  assert.match(err, /another process took it while this one slept/);
  assert.deepEqual(await made.statuses(), [200, 200, 200, 200, 200, 200]);
  assert.equal((await made.read("jsonl")).split("\n").length, 7);
});

Deno.test("a lock whose holder shows that it lives is left to it", async () => {
  await using made = await Shards.of(1, () => ({}));
  const lock = { host: "elsewhere", pid: 1, token: "x" };
  await Deno.writeTextFile(made.at("lock"), JSON.stringify(lock));
  const beats = setInterval(() => Deno.utimeSync(made.at("lock"), new Date(), new Date()), 300);
  const { code, err } = await made.run();
  clearInterval(beats);
  assert.equal(code, 1);
  assert.match(err, /^shard_0000\.jsonl: another process has it: \{"host":"elsewhere"/);
  // Of this machine one knows at once.
  await Deno.writeTextFile(
    made.at("lock"),
    JSON.stringify({ ...lock, host: Deno.hostname(), pid: 2 ** 22 + 1 }),
  );
  assert.equal((await made.run()).code, 0);
  assert.equal(await made.read("lock"), "");
});

Deno.test("a signal: what is in flight comes in, what is left is said; a server that cannot serve is named", async () => {
  const held = Promise.withResolvers<void>();
  await using made = await Shards.of(
    6,
    ({ user }) => user === "q2-0" ? { after: held.promise } : {},
  );
  const child = made.start("--concurrency", "1");
  await until("an answer that is waited for", () => made.server.tally().inFlight === 1);
  await until("answers", async () => (await made.read("part.jsonl")).split("\n").length === 3);
  child.kill("SIGUSR1");
  await new Promise((resolve) => setTimeout(resolve, 300));
  held.resolve();
  const stopped = await ended(child);
  assert.equal(stopped.code, 75);
  assert.match(stopped.err, /3 of 6 lines are left: stopped/);
  assert.equal(await made.read("lock"), "");

  const failing = await made.run("--", Deno.execPath(), "eval", "Deno.exit(3)");
  assert.equal(failing.code, 1);
  assert.match(failing.err, /its server ended before it served: .*eval/);
  assert.equal((await made.run("--shard", "x")).code, 2);
  const server = join(ROOT, "tests/llm_server.ts"), config = join(ROOT, "deno.json");
  const own = [Deno.execPath(), "run", "-A", "--no-check", "--config", config, server];
  assert.match((await made.run("--", ...own)).out, /3 answered before\n[^]*6 answered, 0 refused/);
  assert.deepEqual(await made.statuses(), Array(6).fill(200));
});
