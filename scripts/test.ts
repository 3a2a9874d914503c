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
async function swept(own: string): Promise<void> {
  const parent = join(own, "..");
  for (const { name } of [...Deno.readDirSync(parent)]) {
    const folder = join(parent, name);
    if (!name.startsWith(PREFIX) || folder === own) continue;
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
    if (tries === 20) throw left;
    // Programs of a run that was stopped may write for a moment yet.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const deno = (args: string[], env: Record<string, string>) =>
  new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    // Neither the user's database, their server settings nor their files may be seen by a test.
    env: { DATABASE_URL: "", PGHOST: "", PGDATABASE: "", STUDY_SCHEMA: "", NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
  });

/** Runs the tests in a folder; what they print is passed on, and its end returned. */
async function tested(folder: string, args: string[]): Promise<{ code: number; tail: string }> {
  const temporary = join(folder, "tmp");
  const env = {
    DATA_DIR: folder,
    OUT_DIR: join(folder, "out"),
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
  };
  const child = deno(["test", "-A", ...args], env).spawn();
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
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    // Of a terminal that was closed nothing can be asked any more.
    await Deno.stdout.write(chunk).catch(() => {});
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-100_000);
  }
  const { code } = await child.status;
  if (interrupted) throw new Interrupted("Interrupted: the tests were stopped, and their database");
  return { code, tail };
}

/** Paths below tests/, from what a user types: `stats`, `stats_test.ts`, `tests/stats_test.ts`. */
function files(words: readonly string[]): string[] {
  if (!words.length) return ["tests/"];
  const known = [...Deno.readDirSync(join(ROOT, "tests"))].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts"));
  return words.map((word) => {
    const name = `${basename(word).replace(/(_test)?(\.ts)?$/, "")}_test.ts`;
    if (known.includes(name)) return `tests/${name}`;
    throw new UsageError(`No test file ${word}: did you mean tests/${nearest(name, known)}?`);
  });
}

if (import.meta.main) {
  await main({
    usage: "deno task test [FILE …] [--filter TEXT]",
    help:
      `Runs the tests on a PostgreSQL of their own, which ends with them; your data are not seen.

  FILE …         only these: stats, or tests/stats_test.ts
  --filter TEXT  only tests whose name contains this, or /fits this/`,
    flags: { filter: { type: "string" } },
    words: true,
  }, async ({ filter }, words) => {
    const args = [...(filter ? [`--filter=${filter}`] : []), ...files(words)];
    const { folder, lock } = await made();
    try {
      await swept(folder);
      const { code, tail } = await tested(folder, args);
      const failed = new Set(
        [...tail.matchAll(/ => \.\/tests\/(\w+)_test\.ts:/g)].map(([, name]) => name),
      );
      if (code && failed.size) {
        console.log(`Once more, when mended: deno task test ${[...failed].join(" ")}`);
      }
      const counts = /.*\b(\d+) passed(?: \(\d+ steps\))? \| (\d+) failed/s.exec(tail);
      // A run that never came to its summary, such as a type error, has failed without a count.
      console.log(counts ? `${counts[1]} passed, ${counts[2]} failed` : "0 passed, 1 failed");
      return code;
    } finally {
      await removed(folder);
      lock.close();
    }
  });
}
