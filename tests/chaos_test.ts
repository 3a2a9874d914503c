/**
 * Kills at any moment, of everything that a study needs, while it plans, runs, sends batches, restores and
 * exports. Afterwards what the database holds is held against what the servers have charged.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { embedded } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { model } from "lib/llm.ts";
import { seeded } from "lib/random.ts";
import { administrations, personas } from "lib/study.ts";
import { BatchServer, type Fate } from "./batch_server.ts";
import { Cable } from "./cable.ts";
import { nightly, spawned, until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { Made, Process, served } from "./study_worker.ts";

const KILLS = Number(Deno.env.get("CHAOS_KILLS") || (nightly ? 200 : 8));
const SEED = Deno.env.get("CHAOS_SEED") || "1";

const SCHEMA = "chaos", RESTORED = "chaos_restored";
/** Calls in flight. */
const CALLS = 16;
/** Pieces of work that one process does at most before it ends by itself. */
const PORTION = 60;
const MEGABYTE = 2 ** 20;
/** Large enough for the database; what is left of it is filled where the disk is to be full. */
const DISK_MB = 3000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sha = (text: string) => createHash("sha256").update(text).digest("hex");

/** A process that may be killed. */
interface Victim {
  over: () => boolean;
  killed: () => Promise<boolean>;
}

/** A command as a user types it. */
function command(script: string, ...args: string[]): Victim {
  const child = spawned(["run", "-A", "--no-check", `scripts/${script}.ts`, ...args]);
  const out = child.output();
  let over = false;
  out.then(() => over = true);
  return {
    over: () => over,
    killed: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      return (await out).signal === "SIGKILL";
    },
  };
}

/** Ends PostgreSQL as a power cut would: no process of it gets to do anything more. */
async function killDatabase(folder: string): Promise<void> {
  const file = join(folder, "postgres", "postmaster.pid");
  const postmaster = Number((await Deno.readTextFile(file).catch(() => "0")).split("\n")[0]);
  if (!postmaster) return;
  const family = [postmaster];
  for (const { name } of [...Deno.readDirSync("/proc")]) {
    const stat = /^\d+$/.test(name) &&
      await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    if (stat && Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === postmaster) {
      family.push(Number(name));
    }
  }
  for (const pid of family) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It is gone.
    }
  }
}

/** Starts PostgreSQL, however long it takes to recover. */
const startDatabase = () =>
  until("PostgreSQL", () => embedded.start().then(() => true, () => false));

/** A disk of its own, where one can be had: a database on it can run out of room, and nobody else does. */
class Disk implements AsyncDisposable {
  private constructor(readonly folder: string, readonly own: boolean) {}

  static async made(): Promise<Disk> {
    const folder = await Deno.makeTempDir();
    const size = `size=${DISK_MB}m`;
    const own = await new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", size, "tmpfs", folder],
      stderr: "null",
    }).output().then(({ success }) => success, () => false);
    return new Disk(folder, own);
  }

  async fill(): Promise<void> {
    const { bfree, bsize } = await statfs(this.folder);
    using file = await Deno.open(join(this.folder, "ballast"), { create: true, write: true });
    const block = new Uint8Array(MEGABYTE);
    for (let left = bfree * bsize; left > 0; left -= MEGABYTE) {
      if (await file.write(block).catch(() => 0) < MEGABYTE) return;
    }
  }

  async clear(): Promise<void> {
    await Deno.remove(join(this.folder, "ballast")).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.own) await new Deno.Command("umount", { args: ["-l", this.folder] }).output();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}

async function statfs(path: string): Promise<{ bfree: number; bsize: number }> {
  const { statfs } = await import("node:fs/promises");
  return await statfs(path);
}

Deno.test(`chaos: ${KILLS} kills, and nothing is lost or paid twice but what was in flight`, async () => {
  await using disk = await Disk.made();
  const before = Deno.env.get("DATA_DIR");
  Deno.env.set("DATA_DIR", disk.folder);
  const models = await Deno.makeTempFile({ suffix: ".json" });
  Deno.env.set("MODELS_FILE", models);
  try {
    await campaign(disk, models);
  } finally {
    await embedded.stop().catch(() => {});
    if (before === undefined) Deno.env.delete("DATA_DIR");
    else Deno.env.set("DATA_DIR", before);
    Deno.env.delete("MODELS_FILE");
  }
});

async function campaign(disk: Disk, file: string): Promise<void> {
  const random = seeded("chaos", SEED);
  const pick = <T>(some: readonly T[]): T => some[random.int(some.length)]!;
  const server = provider({ answer: () => ({ latency: 20 + random.uniform() * 60 }), keep: false });
  await using batches = new BatchServer();
  await using near = Cable.to(Number(new URL(server.url).port));
  await using far = Cable.to(Number(new URL(batches.url).port));
  const [live, sent] = [
    served(near.url, CALLS, { id: "live", label: "Live" }),
    served(far.url, CALLS, { id: "sent", label: "Sent", batch: { api: "openai" } }),
  ];
  await Deno.writeTextFile(file, JSON.stringify([live, sent]));

  // About a third of the kills hits each run, and takes some of its work.
  const profiles = Math.max(60, 10 * KILLS);
  const made = await Made.with(SCHEMA, profiles);
  const written = await made.lab.register(personas({ models: [model("simulated")] }));
  await made.lab.run(written);
  // Nobody's question is somebody else's: what is asked twice can be told from what two were asked.
  await made.sql`
    update personas_written
    set fields = jsonb_set(fields, '{description}', to_jsonb(
      fields->>'description' || ' This is person ' || work || '.'))`;
  const runs: Record<"live" | "batches", string> = { live: "", batches: "" };
  for (const [name, model] of [["live", live], ["batches", sent]] as const) {
    runs[name] = await made.lab.register(
      administrations({ instrument: epqra, models: [model], name }),
    );
    await made.sql`update runs set budget_usd = 1000 where name = ${runs[name]}`;
  }
  const planned = await made.value("select count(*)::int from work where run > 1") as number;
  await made.lab.close();
  const out = await Deno.makeTempDir();

  const plans: string[] = [];
  const worker = async (name: "live" | "batches"): Promise<Victim> => {
    const own = new Process(SCHEMA, runs[name], { batch: name === "batches", limit: PORTION });
    await own.ready();
    await own.go();
    return { over: () => own.over, killed: () => own.killed() };
  };
  const acts: Record<string, () => Promise<Victim>> = {
    run: () => worker("live"),
    batches: () => worker("batches"),
    plan: () => {
      const name = `more${plans.length}`;
      plans.push(name);
      const what = ["--instrument", "epqra", "--model", "live", "--variant", name, "--name", name];
      return Promise.resolve(
        command("study", "plan", "administrations", ...what, "--schema", SCHEMA),
      );
    },
    restore: () => Promise.resolve(command("restore", "--schema", RESTORED, "--force")),
    export: () => Promise.resolve(command("study", "export", "--schema", SCHEMA, "--out", out)),
  };
  const blows: Record<string, (() => Promise<void>) | null> = {
    process: null,
    server: async () => {
      for (const cable of [near, far]) cable.cut();
      await pause(random.uniform() * 1500);
      for (const cable of [near, far]) cable.mend();
    },
    database: async () => {
      await killDatabase(disk.folder);
      await pause(random.uniform() * 500);
      await startDatabase();
    },
    ...disk.own && {
      disk: async () => {
        await disk.fill();
        await pause(500 + random.uniform() * 1500);
        await disk.clear();
        await startDatabase();
      },
    },
  };
  if (!disk.own) console.log("no disk of its own can be had here: it is not filled");

  const watch = new Watch(made, server.bodies, batches);
  const struck: Record<string, number> = {};
  for (let kill = 0; kill < KILLS; kill++) {
    // Runs are what most can be lost of.
    const act = pick(["run", "run", "batches", "batches", "plan", "restore", "export"]);
    const blow = pick(["process", "process", ...Object.keys(blows)]);
    struck[`${act}, ${blow}`] = (struck[`${act}, ${blow}`] ?? 0) + 1;
    const asked = () =>
      server.tally().requests + Object.values(batches.seen).reduce((sum, n) => sum + n, 0);
    const before = asked(), victim = await acts[act]!();
    if ((act === "run" || act === "batches") && random.uniform() < 0.8) {
      // Most are hit while they ask, whenever that is on this machine.
      const heard = 1 + random.int(act === "run" ? PORTION : 6);
      const end = performance.now() + 10_000;
      while (!victim.over() && asked() < before + heard && performance.now() < end) await pause(2);
      await pause(random.uniform() * 30);
    } else await pause(random.uniform() * 4000);
    await blows[blow]?.();
    if (blow !== "process" && random.uniform() < 0.5) {
      // What goes on after a blow, or ends with it, is no less right than what is killed.
      const end = performance.now() + 4000;
      while (!victim.over() && performance.now() < end) await pause(50);
    }
    await victim.killed();
    await quiet(made, () => server.tally().inFlight);
    for (const job of batches.jobs) {
      if (job.status === "validating" && random.uniform() < 0.6) batches.finish(job, fates(random));
    }
    await watch.look();
    await halfWritten(made, plans, planned / 2, out);
  }

  // To the end, with nobody in the way.
  for (let rounds = 0;; rounds++) {
    for (const job of batches.jobs) if (job.status === "validating") batches.finish(job);
    const ends = [];
    for (const name of ["live", "batches"] as const) {
      const own = new Process(SCHEMA, runs[name], { batch: name === "batches" });
      await own.ready();
      await own.go();
      ends.push((await own.ended()).ended);
    }
    await watch.look();
    if (ends.every((end) => end === "finished")) break;
    assert.ok(rounds < 20, `runs do not come to their end: ${ends.join(", ")}`);
  }
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/restore.ts", "--schema", RESTORED, "--force"],
    stdout: "null",
    stderr: "null",
  }).output();
  assert.ok(success, "the restore after all kills");
  await halfWritten(made, plans, planned / 2, out);

  const states = await made.rows(`
    select state, count(*)::int as n from work join runs using (run)
    where name in ('live', 'batches') group by state`);
  assert.deepEqual(states, [{ state: "done", n: planned }]);
  const open = await made.value(`
    select count(*)::int from work
    where spent_calls + spent_tokens + spent_usd + held_calls + held_tokens + held_usd <> 0`);
  assert.equal(open, 0, "pieces of work that still hold money");
  const [money] = await made.rows(`
    select sum(usd + lost_usd) as booked, sum(submitted_usd)::float8 as submitted,
           sum(calls + lost_calls)::int as calls
    from runs where name in ('live', 'batches')`) as Record<string, number>[];
  const { charged, answered } = server.tally();
  const usd = (charged.input + 2 * charged.output) / 1e6 + batches.usd;
  assert.equal(money!.submitted, 0, "money that is held for lines which are closed");
  assert.ok(money!.booked! >= usd - 1e-9, `booked ${money!.booked} USD of ${usd}`);
  assert.ok(money!.calls! >= answered + batches.charged.calls);
  const twice = answered - planned / 2;
  assert.ok(twice <= watch.inFlight, `${twice} calls were made again of ${watch.inFlight}`);
  assert.deepEqual(
    [...batches.answered.values()].filter((times) => times > 1),
    [],
    "questions of batches that were answered twice",
  );
  const lines = Object.entries(struck).toSorted().map(([what, n]) => `${what} ${n}`);
  console.log(
    `${KILLS} kills survived (seed ${SEED}): ${lines.join(" · ")}\n` +
      `answers lost: 0 of ${watch.stored}; paid twice: ${twice}, all of ${watch.inFlight} that were ` +
      `in flight; in batches: 0 of ${batches.charged.calls}\n` +
      `booked ${money!.booked!.toFixed(4)} USD for ${usd.toFixed(4)} charged`,
  );
  await made.sql.end();
  await server.close();
}

/** What becomes of the lines of a batch: most are answered, some fail, some never come; in any order. */
function fates(random: { uniform: () => number; int: (below: number) => number }) {
  const status = random.uniform() < 0.7 ? "completed" : "expired";
  const fate = (): Fate => {
    const at = random.uniform();
    if (at < 0.85) return "answer";
    return at < 0.9 ? 500 : status === "expired" ? "expired" : "nothing";
  };
  const output = (lines: string[]) => lines.toSorted(() => random.uniform() - 0.5);
  return { status, fate, output };
}

/** Waits until nothing that was killed is under way any more: no call, no statement. */
async function quiet(made: Made, inFlight: () => number): Promise<void> {
  await until("calls", () => inFlight() === 0);
  await until("connections of those that were killed", async () => {
    try {
      return await made.value(`
        select count(*)::int from pg_stat_activity
        where application_name = 'persona-audit' and datname = current_database()
          and pid <> pg_backend_pid() and state <> 'idle'`) === 0;
    } catch {
      return false;
    }
  });
}

/** Looks after every kill at what is stored, and what the servers have answered. */
class Watch {
  /** Replies in flight at a kill: answered, and not stored. */
  inFlight = 0;
  #known = new Map<string, { reply: string; hash: string; answered: number; question: string }>();
  #answered = 0;

  constructor(
    private readonly made: Made,
    private readonly bodies: ReadonlyMap<string, number>,
    private readonly batches: BatchServer,
  ) {}

  get stored(): number {
    return this.#known.size;
  }

  async look(): Promise<void> {
    const rows = await this.made.rows(`
      select q.key, q.ask, r.name, md5(q.reply) as reply,
             encode(sha256(convert_to(q.sent, 'UTF8')), 'hex') as hash
      from requests q join runs r using (run)
      where r.name in ('live', 'batches')`) as Record<string, string>[];
    const now = new Map(rows.map((row) => [`${row.key} ${row.ask}`, row]));
    for (const [key, { reply, hash, answered, question }] of this.#known) {
      assert.equal(now.get(key)?.reply, reply, `the reply ${key} is not what it was`);
      if (question) assert.equal(this.batches.answered.get(question), 1, "a line was paid twice");
      else assert.equal(this.bodies.get(hash), answered, "a stored reply was bought again");
    }
    let fresh = 0;
    for (const [key, { name, reply, hash }] of now) {
      const question = name === "batches" ? sha(key).slice(0, 40) : "";
      if (!this.#known.has(key) && !question) fresh++;
      const answered = this.bodies.get(hash!) ?? 0;
      this.#known.set(key, { reply: reply!, hash: hash!, answered, question });
    }
    const all = this.bodies.values().reduce((sum, n) => sum + n, 0);
    this.inFlight += all - this.#answered - fresh;
    this.#answered = all;
  }
}

/** Nothing is half there: a plan has all its work or none, a restored schema all its rows, a file its end. */
async function halfWritten(
  made: Made,
  plans: readonly string[],
  works: number,
  out: string,
): Promise<void> {
  const counts = await made.rows(`
    select r.name, (select count(*)::int from work w where w.run = r.run) as n from runs r`);
  for (const { name, n } of counts) {
    if (plans.includes(name as string)) assert.equal(n, works, `work of ${name}`);
  }
  const there = await made.value(`select to_regclass('${RESTORED}.personas') is not null`);
  if (there) {
    const [{ people, sheets }] = await made.rows(`
      select (select count(*)::int from ${RESTORED}.personas) as people,
             (select count(*)::int from ${RESTORED}.eval_questionnaires) as sheets`) as [
      Record<string, number>,
    ];
    assert.ok(people === 0 && sheets === 0 || people! > 0 && sheets! > 0, "a restore in halves");
  }
  for await (const { name, isFile } of Deno.readDir(out)) {
    if (!isFile || !name.endsWith(".csv")) continue;
    const text = await Deno.readTextFile(join(out, name));
    assert.ok(text.endsWith("\n"), `${name} breaks off`);
  }
}
