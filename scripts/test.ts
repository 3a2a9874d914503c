/**
 * `deno task test`: the tests, on a database of their own.
 *
 * Ends in a line `N passed, N failed`, whatever the runner prints.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "lib/config.ts";
import { nearest } from "lib/format.ts";
import { main, UsageError } from "./cli.ts";
import { Interrupted } from "./jupyter/kernel.ts";

const PREFIX = "persona-audit-test-";

/** A test run holds a lock on this file of its folder, which its end releases, however it comes. */
const HELD = "held";

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Everything that the tests write is in one folder, servers included. */
async function made(): Promise<{ folder: string; lock: Deno.FsFile }> {
  const folder = await Deno.makeTempDir({ prefix: PREFIX });
  await Deno.mkdir(join(folder, "tmp"));
  const lock = await Deno.open(join(folder, HELD), { create: true, write: true });
  await lock.lock(true);
  return { folder, lock };
}

/** Removes what runs left behind that were killed and could not do it. */
async function swept(own: readonly string[]): Promise<void> {
  const parent = join(own[0]!, "..");
  for (const { name } of [...Deno.readDirSync(parent)]) {
    const folder = join(parent, name);
    if (!name.startsWith(PREFIX) || own.includes(folder)) continue;
    // One without the file is being made just now, or is not ours.
    const lock = await Deno.open(join(folder, HELD), { write: true }).catch(() => null);
    if (lock && await lock.tryLock(true)) await removed(folder);
    lock?.close();
  }
}

/** Stops the servers whose data lie in a folder of tests, then removes it. */
async function removed(folder: string): Promise<void> {
  const homes = [
    folder,
    ...[...Deno.readDirSync(join(folder, "tmp"))].map(({ name }) => join(folder, "tmp", name)),
  ];
  for (const home of homes) {
    if (!existsSync(join(home, "postgres", "postmaster.pid"))) continue;
    await deno(["run", "-A", join("scripts", "db.ts"), "stop"], { DATA_DIR: home }).output();
  }
  for (let tries = 1;; tries++) {
    const left = await Deno.remove(folder, { recursive: true }).catch((error: Error) => error);
    if (!left) return;
    if (tries === 600) throw left;
    // Programs of a run that was stopped may write for a moment yet.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const deno = (args: string[], env: Record<string, string>, live = true) =>
  new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    // Neither the user's database, their server settings nor their files may be seen by a test.
    env: { DATABASE_URL: "", PGHOST: "", PGDATABASE: "", STUDY_SCHEMA: "", NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: live ? "inherit" : "piped",
  });

interface Tested {
  code: number;
  passed: number;
  failed: number;
  /** Names of the files with tests that failed. */
  where: string[];
}

/**
 * Runs tests in a folder.
 *
 * @param live whether what they print is passed on as it comes, or when they have ended
 */
async function tested(folder: string, args: string[], live: boolean): Promise<Tested> {
  const temporary = join(folder, "tmp");
  const env = {
    DATA_DIR: folder,
    OUT_DIR: join(folder, "out"),
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
  };
  const child = deno(["test", "-A", ...args], env, live).spawn();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  const errors = live ? null : new Response(child.stderr).text();
  let printed = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    // Of a terminal that was closed nothing can be asked any more.
    if (live) await Deno.stdout.write(chunk).catch(() => {});
    printed += decoder.decode(chunk, { stream: true });
  }
  const { code } = await child.status;
  for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  if (!live) console.log(printed + await errors);
  if (interrupted) throw new Interrupted("Interrupted: the tests were stopped, and their database");
  const counts = /.*\b(\d+) passed(?: \(\d+ steps\))? \| (\d+) failed/s.exec(printed);
  return {
    code,
    // A run that never came to its summary, such as a type error, has failed without a count.
    passed: Number(counts?.[1] ?? 0),
    failed: Number(counts?.[2] ?? 1),
    where: [...printed.matchAll(/ => \.\/tests\/(\w+)_test\.ts:/g)].map(([, name]) => name!),
  };
}

/** Test files that take a minute, longest first; begun first, they do not keep all others waiting. */
const LONG = [
  "study_cli",
  "study_notebooks",
  "restore",
  "docs",
  "study",
  "study_crash",
  "jupyter",
  "start",
];

/** The other files go in at most so many batches, because every process loads the libraries anew. */
const BATCHES = 16;

/**
 * How many batches run at a time. Tests wait for processes, servers and browsers most of the time: five
 * batches keep two cores busy.
 */
const WORKERS = 5;

/**
 * What runs in a process of its own: every file once, and no batch empty, because a runner that is
 * given no file takes all of them.
 */
export function batches(names: readonly string[]): string[][] {
  const others = names.filter((name) => !LONG.includes(name));
  const size = Math.ceil(others.length / BATCHES);
  const made = LONG.filter((name) => names.includes(name)).map((name) => [name]);
  while (others.length) made.push(others.splice(0, size));
  return made;
}

const path = (name: string) => `tests/${name}_test.ts`;

const known = (): string[] =>
  [...Deno.readDirSync(join(ROOT, "tests"))].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts")).map((name) => name.slice(0, -8)).toSorted();

/** Runs batches in a folder, which is gone afterwards. */
async function worked(
  { folder, lock }: Awaited<ReturnType<typeof made>>,
  queue: string[][],
  flags: string[],
  live: boolean,
): Promise<Tested[]> {
  try {
    const all: Tested[] = [];
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      all.push(await tested(folder, [...flags, ...batch], live));
    }
    return all;
  } finally {
    // Where one is interrupted nobody begins anything else.
    queue.length = 0;
    await removed(folder);
    lock.close();
  }
}

/** Paths below tests/, from what a user types: `stats`, `stats_test.ts`, `tests/stats_test.ts`. */
function files(words: readonly string[]): string[] {
  const names = known();
  return words.map((word) => {
    const name = basename(word).replace(/(_test)?(\.ts)?$/, "");
    if (names.includes(name)) return path(name);
    throw new UsageError(
      `No test file ${word}: did you mean ${path(nearest(name, names))}?`,
    );
  });
}

if (import.meta.main) {
  await main({
    usage: "deno task test [FILE …] [--filter TEXT] [--nightly]",
    help:
      `Runs the tests on a PostgreSQL of their own, which ends with them; your data are not seen.

  FILE …         only these: stats, or tests/stats_test.ts
  --filter TEXT  only tests whose name contains this, or /fits this/
  --nightly      with the long campaigns: more kills, every notebook in the browser and on the sample`,
    flags: { filter: { type: "string" }, nightly: { type: "boolean" } },
    words: true,
  }, async ({ filter, nightly }, words) => {
    if (nightly) Deno.env.set("NIGHTLY", "1");
    const whole = !filter && !words.length;
    const queue = whole
      ? batches(known()).map((names) => names.map(path))
      : [words.length ? files(words) : ["tests/"]];
    const flags = filter ? [`--filter=${filter}`] : [];
    if (whole) {
      // Once for all batches, and not by each of them.
      const { success } = await deno(["check", "--quiet", "lib", "scripts", "tests"], {}).output();
      if (!success) {
        console.log("0 passed, 1 failed");
        return 1;
      }
      flags.push("--no-check");
    }
    // A folder is its worker's when its lock is held: nobody sweeps before all of them have theirs.
    const places = await Promise.all(Array.from({ length: whole ? WORKERS : 1 }, made));
    await swept(places.map(({ folder }) => folder));
    const workers = places.map((place) => worked(place, queue, flags, !whole));
    const ended = await Promise.allSettled(workers);
    for (const worker of ended) if (worker.status === "rejected") throw worker.reason;
    const all = (await Promise.all(workers)).flat();
    const where = new Set(all.flatMap(({ where }) => where));
    if (where.size) {
      console.log(`Once more, when mended: deno task test ${[...where].join(" ")}`);
    }
    const sum = (of: "passed" | "failed") => all.reduce((total, one) => total + one[of], 0);
    if (filter && !sum("passed") && !sum("failed")) {
      console.error(`No test ran: none of them has a name like ${filter}`);
      return 1;
    }
    console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
    return Math.max(...all.map(({ code }) => code));
  });
}
