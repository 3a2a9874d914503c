/** Shards and what answers them, as files; the program that has one answered, without a scheduler. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import {
  answerIn,
  arrayOf,
  checkAsk,
  type Line,
  readManifest,
  readShard,
  sbatchScript,
  type Shard,
  worth,
  writeManifest,
  writeShard,
} from "lib/study/shards.ts";
import { type Ended, ended, until } from "./command.ts";
import { type Answer, provider, type Server } from "./llm_server.ts";
import { Folder } from "./made.ts";

const line = (custom_id: string): Line => ({
  custom_id,
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "stand-in", messages: [{ role: "user", content: custom_id }] },
});

/** A line of output, as the driver writes it. */
const out = (custom_id: string, status: number | null, text = "yes") =>
  JSON.stringify({
    id: "x",
    custom_id,
    response: status === null ? null : { status_code: status, request_id: "r", body: { text } },
    error: status === null ? { code: "batch_expired", message: "late" } : null,
  });

Deno.test("lines of output say what came: of batches, of run-batch, and torn ones nothing", () => {
  const said = (text: string) => {
    const answer = answerIn(text);
    return answer && [answer.custom_id, answer.status, answer.error, worth(answer)];
  };
  assert.deepEqual(said(out("a-0", 200)), ["a-0", 200, null, 2]);
  assert.deepEqual(said(out("a-0", 400)), ["a-0", 400, null, 1]);
  for (const passing of [0, 408, 409, 425, 429, 500, 503]) {
    assert.deepEqual(said(out("a-0", passing)), ["a-0", passing, null, 0]);
  }
  const late = '{"code":"batch_expired","message":"late"}';
  assert.deepEqual(said(out("a-0", null)), ["a-0", null, late, 0]);
  // vLLM's run-batch: vllm/entrypoints/openai/run_batch.py, make_error_request_output.
  const failed = { status_code: 400, request_id: "vllm-batch-1", body: null };
  for (const error of ["too long", { message: "too long", code: 400 }]) {
    const text = JSON.stringify({ id: "vllm-1", custom_id: "a-0", response: failed, error });
    const words = typeof error === "string" ? error : JSON.stringify(error);
    assert.deepEqual(said(text), ["a-0", 400, words, 1]);
  }
  const whole = out("a-0", 200);
  for (let at = 0; at < whole.length; at++) assert.equal(answerIn(whole.slice(0, at)), null);
  for (const other of ["null", "[]", '{"custom_id": 1}', "\0\0\0"]) {
    assert.equal(answerIn(other), null);
  }
});

Deno.test("of several outputs each question has its best answer; the others are counted", async () => {
  using folder = new Folder();
  const at = (name: string) => join(folder.path, name);
  const shard = await writeShard(folder.path, 7, ["a-0", "b-0", "c-0", "d-0"].map(line));
  assert.deepEqual([shard.file, shard.lines], ["shard_0007.jsonl", 4]);
  const files = {
    "out_0007.1.jsonl": [
      out("a-0", 500),
      out("b-0", 200, "first"),
      out("z-0", 200),
      out("c-0", 400),
    ],
    "out_0007.2.jsonl": [out("a-0", 200), out("b-0", 200, "second"), out("c-0", 503)],
    "out_0007.part.jsonl": [out("d-0", 429), out("d-0", 200).slice(0, 40)],
    "out_00071.jsonl": [out("d-0", 200)],
    "log_7.txt": ["out"],
  };
  for (const [name, lines] of Object.entries(files)) {
    await Deno.writeTextFile(at(name), lines.join("\n"));
  }
  const { lines, answers, foreign, repeated, torn } = await readShard(folder.path, shard, 7);
  assert.deepEqual(lines.map(({ custom_id }) => custom_id), ["a-0", "b-0", "c-0", "d-0"]);
  assert.deepEqual(
    lines.map(({ custom_id }) => [answers.get(custom_id)!.status, answers.get(custom_id)!.body]),
    [[200, { text: "yes" }], [200, { text: "first" }], [400, { text: "yes" }], [429, {
      text: "yes",
    }]],
  );
  assert.deepEqual([foreign.map(({ custom_id }) => custom_id), repeated, torn], [["z-0"], 1, 1]);

  await writeManifest(folder.path, { schema: "s", run: "r", model: "own", shards: [shard] });
  assert.deepEqual((await readManifest(folder.path)).shards, [shard]);
  await Deno.writeTextFile(at("shard_0007.jsonl"), JSON.stringify(line("e-0")) + "\n");
  await assert.rejects(readShard(folder.path, shard, 7), /not the one that was handed out/);
  await Deno.remove(at("shard_0007.jsonl"));
  await assert.rejects(readShard(folder.path, shard, 7), /no such file/);
  await Deno.writeTextFile(at("manifest.json"), "{");
  await assert.rejects(
    readManifest(folder.path),
    /manifest\.json cannot be used:\n- it is damaged/,
  );
  await Deno.remove(at("manifest.json"));
  await assert.rejects(readManifest(folder.path), /it has no manifest\.json/);
});

Deno.test("what no batch would take is not written, and what SLURM would not take is refused", async () => {
  using folder = new Folder();
  await assert.rejects(writeShard(folder.path, 0, [line("ä")]), /No custom_id: "ä"/);
  await assert.rejects(writeShard(folder.path, 0, [line("a".repeat(65))]), /No custom_id/);
  await assert.rejects(
    writeShard(folder.path, 0, [line("a"), line("a")]),
    /1 custom_ids stand twice/,
  );
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

  private constructor(readonly server: Server, readonly shard: Shard) {}

  static async of(n: number, answer: Answer): Promise<Shards> {
    const folder = new Folder();
    const shard = await writeShard(
      folder.path,
      0,
      Array.from({ length: n }, (_, i) => line(`q${i}-0`)),
    );
    const made = new Shards(provider({ answer }), shard);
    await Deno.copyFile(join(folder.path, shard.file), join(made.path, shard.file));
    folder[Symbol.dispose]();
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

  /** Status of each answer, in the order of the questions. */
  async statuses(): Promise<(number | null | undefined)[]> {
    const { lines, answers, repeated } = await readShard(this.path, this.shard, 0);
    assert.equal(repeated, 0);
    return lines.map(({ custom_id }) => answers.get(custom_id)?.status);
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
  assert.deepEqual(
    [ok.input, ok.answered, ok.refused, ok.server.models.data[0].id],
    [{ sha256: made.shard.sha256, lines: 6 }, 5, 1, "stand-in"],
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
    join(made.path, made.shard.file),
    JSON.stringify(line("other-0")) + "\n",
  );
  const other = await made.run();
  assert.equal(other.code, 1);
  assert.match(other.err, /out_0000\.ok is of another one: move the files/);
});

Deno.test("two processes: one waits for no living one, takes a dead one's, and who slept writes nothing", async () => {
  const held = Promise.withResolvers<void>();
  await using made = await Shards.of(
    6,
    ({ user, times }) => user === "q3-0" && times === 1 ? { after: held.promise } : {},
  );
  const sleeper = made.start();
  await until("an answer that is waited for", () => made.server.tally().inFlight === 1);
  await until("answers", async () => (await made.read("part.jsonl")).split("\n").length > 4);
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
