/**
 * Kills at any moment, of everything that a study needs, while it plans, runs, sends batches, restores and
 * exports. Afterwards what the database holds is held against what the servers have charged.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { embedded } from "lib/db.ts";
import { epqra } from "lib/paper/instruments.ts";
import { type Model, model } from "lib/llm.ts";
import { seeded } from "lib/random.ts";
import { administrations, personas } from "lib/study.ts";
import { BatchServer, type Fate } from "./batch_server.ts";
import { Cable } from "./cable.ts";
import { ended, nightly, spawned, until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { Made, Process, served } from "./study_worker.ts";

const KILLS = Number(Deno.env.get("CHAOS_KILLS") || (nightly ? 200 : 8));
const SEED = Deno.env.get("CHAOS_SEED") || "1";

const SCHEMA = "chaos", RESTORED = "chaos_restored";
/** Runs that go in batches, of OpenAI's kind and of Anthropic's. */
const SENT = ["batches", "messages"] as const;
type Sent = typeof SENT[number];
const TRANSPORTS = ["live", ...SENT, "files"] as const;
type Transport = typeof TRANSPORTS[number];
const isSent = (name: string): name is Sent => (SENT as readonly string[]).includes(name);
/** Their names in a statement. */
const RUNS = TRANSPORTS.map((name) => `'${name}'`).join(", ");
/** Shards of the run that goes as files. */
const SHARDS = 4;
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
  /** Waits until it ends by itself. */
  ended: () => Promise<unknown>;
}

/** A command as a user types it. */
function command(path: string, { cwd = ROOT }: { cwd?: string }, ...args: string[]): Victim {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", path, ...args],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = child.output();
  let over = false;
  out.then(() => over = true);
  return {
    over: () => over,
    ended: () => out,
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

/** Runs a command to its end, with nobody in the way; whether something is left to do it may say. */
async function done(path: string, ...args: string[]): Promise<void> {
  const { code, err } = await ended(spawned(["run", "-A", "--no-check", path, ...args]));
  assert.ok(code === 0 || code === 3, `${path} ${args.join(" ")}: ${err}`);
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
  const slow = () =>
    provider({ answer: () => ({ latency: 20 + random.uniform() * 60 }), keep: false });
  const server = slow(), node = slow();
  await using openai = new BatchServer();
  await using anthropic = new BatchServer("anthropic");
  const sent: Record<Sent, BatchServer> = { batches: openai, messages: anthropic };
  const senders = Object.values(sent);
  const cable = ({ url }: { url: string }) => Cable.to(Number(new URL(url).port));
  await using near = cable(server);
  await using far = cable(openai);
  await using farther = cable(anthropic);
  await using inside = cable(node);
  const cables = [near, far, farther, inside];
  const models: Record<Transport, Model> = {
    live: served(near.url, CALLS, { id: "live", label: "Live" }),
    batches: served(far.url, CALLS, { id: "sent", label: "Sent", batch: { api: "openai" } }),
    messages: served(farther.url, CALLS, {
      id: "message",
      label: "Message",
      batch: { api: "anthropic" },
    }),
    files: served(inside.url, CALLS, { id: "node", label: "Node" }),
  };
  await Deno.writeTextFile(file, JSON.stringify(Object.values(models)));

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
  for (const name of TRANSPORTS) {
    await made.lab.register(administrations({ instrument: epqra, models: [models[name]], name }));
    await made.sql`update runs set budget_usd = 1000 where name = ${name}`;
  }
  const works = await made.value(
    "select count(*)::int from work join runs using (run) where name = 'live'",
  ) as number;
  await made.lab.close();
  const out = await Deno.makeTempDir(), cluster = await Deno.makeTempDir();

  const plans: string[] = [];
  const worker = async (name: "live" | Sent): Promise<Victim> => {
    const own = new Process(SCHEMA, name, { batch: isSent(name), limit: PORTION });
    await own.ready();
    await own.go();
    return { over: () => own.over, killed: () => own.killed(), ended: () => own.ended() };
  };
  let handOuts = 0;
  /** To a folder of its own each time: one that was killed has left none that is whole. */
  const handOut = (): string[] => {
    const folder = join(cluster, `${++handOuts}`);
    return ["hand-out", "files", "--to", folder, "--shards", `${SHARDS}`, "--yes"];
  };
  /** A task of the array, as the script of the job starts it. */
  const task = (folder: string, shard: number): Victim => {
    const asks = ["--shard", `${shard}`, "--concurrency", `${CALLS}`, "--url", `${inside.url}/v1`];
    return command("shard.ts", { cwd: folder }, ...asks);
  };
  const study = (...words: string[]) =>
    command("scripts/study.ts", {}, ...words, "--schema", SCHEMA);
  const acts: Record<string, () => Promise<Victim>> = {
    live: () => worker("live"),
    batches: () => worker("batches"),
    messages: () => worker("messages"),
    files: async () => {
      const folders = await handedOut(cluster);
      if (!folders.length || random.uniform() < 0.1) return study(...handOut());
      const folder = pick(folders);
      return random.uniform() < 0.6 ? task(folder, random.int(SHARDS)) : study("take-in", folder);
    },
    plan: () => {
      const name = `more${plans.length}`;
      plans.push(name);
      const what = ["--instrument", "epqra", "--model", "live", "--variant", name, "--name", name];
      return Promise.resolve(study("plan", "administrations", ...what));
    },
    restore: () =>
      Promise.resolve(command("scripts/restore.ts", {}, "--schema", RESTORED, "--force")),
    export: () => Promise.resolve(study("export", "--out", out)),
  };
  const blows: Record<string, (() => Promise<void>) | null> = {
    process: null,
    server: async () => {
      for (const cable of cables) cable.cut();
      await pause(random.uniform() * 1500);
      for (const cable of cables) cable.mend();
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

  const watch = new Watch(made, { live: server.bodies, files: node.bodies }, sent, cluster);
  const struck: Record<string, number> = {};
  for (let kill = 0; kill < KILLS; kill++) {
    // Runs are what most can be lost of.
    const act = pick([...TRANSPORTS, ...TRANSPORTS, "plan", "restore", "export"]);
    const blow = pick(["process", "process", ...Object.keys(blows)]);
    struck[`${act}, ${blow}`] = (struck[`${act}, ${blow}`] ?? 0) + 1;
    const asked = () =>
      server.tally().requests + node.tally().requests +
      senders.flatMap(({ seen }) => Object.values(seen)).reduce((sum, n) => sum + n, 0);
    const before = asked(), victim = await acts[act]!();
    if ((act === "live" || isSent(act)) && random.uniform() < 0.8) {
      // Most are hit while they ask, whenever that is on this machine.
      const heard = 1 + random.int(act === "live" ? PORTION : 6);
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
    await quiet(made, () => server.tally().inFlight + node.tally().inFlight);
    for (const server of senders) {
      for (const job of server.jobs.filter(({ status }) => status === "validating")) {
        if (random.uniform() < 0.6) server.finish(job, fates(random));
      }
    }
    await watch.look();
    await halfWritten(made, plans, works, out);
  }

  // To the end, with nobody in the way.
  for (let rounds = 0;; rounds++) {
    for (const server of senders) {
      for (const job of server.jobs) if (job.status === "validating") server.finish(job);
    }
    const ends = [];
    await done("scripts/study.ts", ...handOut(), "--schema", SCHEMA);
    for (const folder of await handedOut(cluster)) {
      for (const { name } of [...Deno.readDirSync(folder)]) {
        const shard = /^shard_(\d+)\.jsonl$/.exec(name)?.[1];
        if (shard) await task(folder, Number(shard)).ended();
      }
      await done("scripts/study.ts", "take-in", folder, "--schema", SCHEMA);
    }
    for (const name of ["live", ...SENT] as const) {
      const own = new Process(SCHEMA, name, { batch: isSent(name) });
      await own.ready();
      await own.go();
      ends.push((await own.ended()).ended);
    }
    await watch.look();
    // Whether a batch was made that nobody lists is taken for known after five minutes: nobody waits here.
    await made.sql`
      update batches set submitting = submitting - interval '10 minutes'
      where state = 'submitting'`;
    const left = await made.value(
      "select count(*)::int from work join runs using (run) where name = 'files' and state <> 'done'",
    );
    if (left === 0 && ends.every((end) => end === "finished")) break;
    assert.ok(rounds < 20, `runs do not come to their end: ${ends.join(", ")}`);
  }
  await done("scripts/restore.ts", "--schema", RESTORED, "--force");
  await halfWritten(made, plans, works, out);

  const states = await made.rows(`
    select state, count(*)::int as n from work join runs using (run)
    where name in (${RUNS}) group by state`);
  assert.deepEqual(states, [{ state: "done", n: TRANSPORTS.length * works }]);
  const open = await made.value(`
    select count(*)::int from work
    where spent_calls + spent_tokens + spent_usd + held_calls + held_tokens + held_usd <> 0`);
  assert.equal(open, 0, "pieces of work that still hold money");
  const [money] = await made.rows(`
    select sum(usd + lost_usd) as booked, sum(submitted_usd)::float8 as submitted,
           sum(calls + lost_calls)::int as calls
    from runs where name in (${RUNS})`) as Record<string, number>[];
  const tallies = [server.tally(), node.tally()];
  const usd =
    tallies.reduce((sum, { charged }) => sum + (charged.input + 2 * charged.output) / 1e6, 0) +
    senders.reduce((sum, { usd }) => sum + usd, 0);
  const lined = senders.reduce((sum, { charged }) => sum + charged.calls, 0);
  const answered = tallies.reduce((sum, { answered }) => sum + answered, 0);
  assert.equal(money!.submitted, 0, "money that is held for lines which are closed");
  assert.ok(money!.booked! >= usd - 1e-9, `booked ${money!.booked} USD of ${usd}`);
  assert.ok(money!.calls! >= answered + lined);
  const twice = answered - 2 * works, { inFlight } = watch;
  assert.ok(twice <= inFlight, `${twice} calls were made again of ${inFlight}`);
  assert.deepEqual(
    senders.flatMap(({ answered }) => [...answered.values()]).filter((times) => times > 1),
    [],
    "questions of batches that were answered twice",
  );
  const lines = Object.entries(struck).toSorted().map(([what, n]) => `${what} ${n}`);
  console.log(
    `${KILLS} kills survived (seed ${SEED}): ${lines.join(" · ")}\n` +
      `answers lost: 0 of ${watch.stored}; paid twice: ${twice}, all of ${inFlight} that were ` +
      `in flight; in batches: 0 of ${lined}\n` +
      `booked ${money!.booked!.toFixed(4)} USD for ${usd.toFixed(4)} charged`,
  );
  await made.sql.end();
  for (const one of [server, node]) await one.close();
}

/** Folders with a whole hand-out. */
async function handedOut(cluster: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of [...Deno.readDirSync(cluster)].toSorted((a, b) => +a.name - +b.name)) {
    const folder = join(cluster, name);
    if (await Deno.stat(join(folder, "manifest.json")).catch(() => null)) found.push(folder);
  }
  return found;
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
  /** Replies in flight at a kill: answered, and neither stored nor in a file. */
  inFlight = 0;
  #known = new Map<string, { reply: string; paid: () => number; times: number }>();
  #answered = 0;
  #had = 0;

  constructor(
    private readonly made: Made,
    private readonly bodies: Record<"live" | "files", ReadonlyMap<string, number>>,
    private readonly sent: Readonly<Record<Sent, BatchServer>>,
    private readonly cluster: string,
  ) {}

  get stored(): number {
    return this.#known.size;
  }

  async look(): Promise<void> {
    const rows = await this.made.rows(`
      select q.key || ' ' || q.ask as question, r.name, md5(q.reply) as reply,
             encode(sha256(convert_to(q.sent, 'UTF8')), 'hex') as body
      from requests q join runs r using (run)
      where r.name in (${RUNS})`) as {
      question: string;
      name: Transport;
      reply: string;
      body: string;
    }[];
    const now = new Map(rows.map((row) => [row.question, row]));
    for (const [question, { reply, paid, times }] of this.#known) {
      assert.equal(now.get(question)?.reply, reply, `the reply to ${question} is not what it was`);
      assert.equal(paid(), times, "a stored reply was bought again");
    }
    for (const [question, { name, reply, body }] of now) {
      if (this.#known.has(question)) continue;
      const paid = isSent(name)
        ? () => this.sent[name].answered.get(sha(question).slice(0, 40)) ?? 0
        : () => this.bodies[name].get(body) ?? 0;
      const times = paid();
      // Of one that is asked alone an earlier answer may have been in flight at a kill.
      if (isSent(name)) assert.equal(times, 1, "a line was paid twice");
      assert.ok(times > 0, `nobody has answered ${question}`);
      this.#known.set(question, { reply, paid, times });
    }
    const answered = Object.values(this.bodies).flatMap((bodies) => [...bodies.values()])
      .reduce((sum, n) => sum + n, 0);
    const had = rows.filter(({ name }) => name === "live").length + await this.#written();
    this.inFlight += answered - this.#answered - (had - this.#had);
    [this.#answered, this.#had] = [answered, had];
  }

  /** Answers that stand in the cluster's files, taken in or not. */
  async #written(): Promise<number> {
    const found = new Set<string>();
    const folders = await handedOut(this.cluster);
    const files = folders.flatMap((folder) =>
      [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name))
    );
    for (const path of files) {
      if (!/\/out_\d+[^/]*\.jsonl$/.test(path)) continue;
      const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1);
      for (const line of lines) {
        const { custom_id, response } = JSON.parse(line);
        if (response?.status_code === 200) found.add(custom_id);
      }
    }
    return found.size;
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
