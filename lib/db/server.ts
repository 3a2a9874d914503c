/** The embedded PostgreSQL: made, started and found again in `DATA_DIR`. */
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Server } from "../config.ts";
import { client, first } from "./client.ts";
import { commandOf, run } from "./programs.ts";

/** What later processes need to find the server; kept in `DATA_DIR/server.json`, mode 600. */
const State = z.object({
  port: z.int().min(1).max(65535),
  password: z.string().min(1),
  readerPassword: z.string().min(1),
});
type State = z.infer<typeof State>;

type Embedded = Server & { readerPassword: string };

const OWNER = "persona_audit";
export const READER = "persona_audit_reader";
const DATABASE = "persona_audit";

// wal_level minimal: a restore writes tables that are new in their transaction without logging them.
// enable_parallel_hash: its tables lie in /dev/shm, of which containers have only 64 MB.
const CONFIGURATION = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 128MB
work_mem = 64MB
maintenance_work_mem = 256MB
enable_parallel_hash = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
`;

/**
 * The embedded server, started when it is not running.
 *
 * Several processes may call this at once: one of them starts it, the others wait and find it.
 *
 * @param dataDir absolute; made when missing
 * @throws {Error} when it cannot be made or started, with the last lines of its log
 */
export async function start(dataDir: string): Promise<Embedded> {
  return await locked(dataDir, async () => {
    const state = await exists(cluster(dataDir))
      ? await readState(dataDir) ?? await renew(dataDir)
      : await make(dataDir);
    const port = await listening(dataDir) ?? await launch(dataDir, state.port);
    if (port !== state.port) await writeState(dataDir, { ...state, port });
    const server = address({ ...state, port });
    await complete(server, dataDir);
    return server;
  });
}

/** Stops the embedded server; true when one was running. */
export async function stop(dataDir: string): Promise<boolean> {
  if (!await exists(cluster(dataDir))) return false;
  return await locked(dataDir, async () => {
    if (!await postmaster(dataDir)) return false;
    await control(dataDir, "stop", "-m", "fast", "-w", "-t", "60").catch(async (error) => {
      // It may have ended by itself just now.
      if (await postmaster(dataDir)) throw error;
    });
    return true;
  });
}

/** Whether the embedded server of this folder runs now. */
export async function running(dataDir: string): Promise<boolean> {
  return (await postmaster(dataDir))?.ready ?? false;
}

/** The last line of the server's log that says why it gave up something; null when none does. */
export async function lastWords(dataDir: string): Promise<string | null> {
  const log = await Deno.readTextFile(logFile(dataDir)).catch(() => "");
  return log.match(/\b(?:PANIC|FATAL):.*$/gm)?.at(-1) ?? null;
}

const address = (state: State): Embedded => ({
  host: "127.0.0.1",
  port: state.port,
  database: DATABASE,
  user: OWNER,
  password: state.password,
  readerPassword: state.readerPassword,
  ssl: false,
});

const cluster = (dataDir: string): string => join(dataDir, "postgres");
const pidFile = (dataDir: string): string => join(cluster(dataDir), "postmaster.pid");
const stateFile = (dataDir: string): string => join(dataDir, "server.json");
const logFile = (dataDir: string): string => join(dataDir, "server.log");

/** Runs alone among all processes of this folder; a crash releases the lock. */
async function locked<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  using file = await own(dataDir).catch((error: Error) => {
    throw new Error(
      `DATA_DIR ${dataDir} cannot be used (${error.message}): ` +
        "set it to a folder that you may write (see .env.example)",
    );
  });
  await file.lock(true);
  return await work();
}

/** Makes the folder; one that is new or empty is closed to other users. */
async function own(dataDir: string): Promise<Deno.FsFile> {
  // pg_ctl hands the name to a shell, between double quotes.
  if (Deno.build.os !== "windows" && /["$`\\\n]/.test(dataDir)) {
    throw new Error('PostgreSQL takes no ", $, ` or \\ in its name');
  }
  await Deno.mkdir(dataDir, { recursive: true });
  const empty = (await Array.fromAsync(Deno.readDir(dataDir))).length === 0;
  if (empty && Deno.build.os !== "windows") await Deno.chmod(dataDir, 0o700);
  return await Deno.open(join(dataDir, "lock"), { create: true, write: true });
}

/** Null when there is none, or a crash has left it damaged. */
async function readState(dataDir: string): Promise<State | null> {
  try {
    return State.parse(JSON.parse(await Deno.readTextFile(stateFile(dataDir))));
  } catch (error) {
    const damaged = error instanceof SyntaxError || error instanceof z.ZodError;
    if (damaged || error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Written beside and renamed, so that a crash leaves the old file or the new one. */
async function writeState(dataDir: string, state: State): Promise<void> {
  const path = stateFile(dataDir);
  await remove(`${path}.new`);
  {
    using file = await Deno.open(`${path}.new`, { createNew: true, write: true, mode: 0o600 });
    await file.write(new TextEncoder().encode(JSON.stringify(state)));
    await file.sync();
  }
  await Deno.rename(`${path}.new`, path);
}

const fresh = (): State => ({ port: freePort(), password: secret(), readerPassword: secret() });
const secret = (): string => randomBytes(24).toString("base64url");

/** Makes the cluster beside its place: a folder `postgres` is always a whole one. */
async function make(dataDir: string): Promise<State> {
  await sweep(dataDir);
  // A name of its own: the initdb of a process that was killed may still be writing.
  const making = `${cluster(dataDir)}.${secret()}`, passwordFile = `${making}.password`;
  const state = fresh();
  await Deno.mkdir(making, { mode: 0o700 });
  await Deno.writeTextFile(passwordFile, state.password, { mode: 0o600 });
  try {
    const options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"];
    const places = [`--pwfile=${passwordFile}`, `--pgdata=${making}`];
    await run(dataDir, "initdb", [...options, `--username=${OWNER}`, ...places]);
  } finally {
    await remove(passwordFile);
  }
  await Deno.writeTextFile(join(making, "postgresql.conf"), CONFIGURATION, { append: true });
  await writeState(dataDir, state);
  await Deno.rename(making, cluster(dataDir));
  return state;
}

/** Removes what a making that was cut off left behind, or what can be removed of it now. */
async function sweep(dataDir: string): Promise<void> {
  for (const { name } of await Array.fromAsync(Deno.readDir(dataDir))) {
    if (name.startsWith("postgres.")) await remove(join(dataDir, name)).catch(() => {});
  }
}

/** New passwords for a cluster that has lost its `server.json`; its data stay. */
async function renew(dataDir: string): Promise<State> {
  const state = fresh();
  if (await postmaster(dataDir)) await control(dataDir, "stop", "-m", "fast", "-w", "-t", "60");
  // Statements that fail are passed over: where a role is missing yet, complete() makes it.
  const statements = [
    `alter role ${OWNER} password '${state.password}'`,
    `alter role ${READER} password '${state.readerPassword}'`,
  ];
  const options = ["--single", "-D", cluster(dataDir), "postgres"];
  await run(dataDir, "postgres", options, statements.join("\n") + "\n");
  await writeState(dataDir, state);
  return state;
}

/** Makes the database and the reader, where a crash or a new cluster lacks them. */
async function complete(server: Embedded, dataDir: string): Promise<void> {
  const at = { ...server, database: "postgres" };
  // Else a statement that fails would put the reader's password into the log.
  const sql = client(at, { log_min_error_statement: "panic" }, 1);
  try {
    const ask = () =>
      sql<{ reader: boolean; database: boolean }[]>`
      select exists (select from pg_roles where rolname = ${READER}) as reader,
             exists (select from pg_database where datname = ${DATABASE}) as database`;
    const path = stateFile(dataDir);
    const [found] = await first(at, ask, `remove ${path} for new passwords; the data stay`);
    if (!found!.reader) {
      const statement = `create role ${READER} login password '${server.readerPassword}'`;
      // The driver's error would carry the statement.
      await sql.unsafe(statement).catch(({ message }) => {
        throw new Error(`The embedded PostgreSQL makes no role ${READER}: ${message}`);
      });
    }
    if (!found!.database) await sql`create database ${sql(DATABASE)}`;
  } finally {
    await sql.end();
  }
}

interface Postmaster {
  port: number;
  /** False while it starts or stops. */
  ready: boolean;
}

/** The running server as its own pid file describes it; null when its process is gone. */
async function postmaster(dataDir: string): Promise<Postmaster | null> {
  const lines = (await Deno.readTextFile(pidFile(dataDir)).catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!pid || !await serves(pid, cluster(dataDir))) return null;
  return { port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

/** Whether a process is the server of a cluster: the number may belong to another one by now. */
async function serves(pid: number, folder: string): Promise<boolean> {
  const command = await commandOf(pid);
  if (command === null) return true;
  const served = / -D (.*) -p \d+\s*$/.exec(command)?.[1];
  if (!served) return /postgres/.test(command);
  const real = (path: string) => Deno.realPath(path).catch(() => path);
  return await real(served) === await real(folder);
}

/** The port of the server, waited for while it starts or stops; null when there is none. */
async function listening(dataDir: string): Promise<number | null> {
  for (let tries = 0; tries < 12_000; tries++) {
    const found = await postmaster(dataDir);
    if (!found) return null;
    if (found.ready) return found.port;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The embedded PostgreSQL neither starts nor stops (log: ${logFile(dataDir)})`);
}

// Between choosing a port and listening on it another process may take it; and the last processes of
// a server that was killed may still be at work.
const PASSING = /could not bind|address already in use|shared memory block .* still in use/i;

/** Starts the server on its last port, or on another when that is taken; returns the port. */
async function launch(dataDir: string, last: number): Promise<number> {
  const log = logFile(dataDir);
  await disown(dataDir);
  await sweep(dataDir);
  for (let attempt = 1;; attempt++) {
    const port = isFree(last) ? last : freePort();
    await remove(log);
    await Deno.writeTextFile(log, "", { mode: 0o600 });
    try {
      await control(dataDir, "start", "-w", "-t", "120", "-s", "-l", log, "-o", `-p ${port}`);
      return port;
    } catch (error) {
      const text = await Deno.readTextFile(log).catch(() => "");
      if (attempt < 40 && PASSING.test(text)) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        continue;
      }
      const lines = text.trim().split("\n").slice(-5).join("\n");
      throw new Error(`The embedded PostgreSQL did not start (log: ${log})\n${lines}`, {
        cause: error,
      });
    }
  }
}

/**
 * Puts a number that no process has into the pid file that a crash left. The one in it may belong to
 * another process by now, or to a dead one that its parent has not collected: PostgreSQL would refuse to
 * start for ever. Without the file it would not look whether children of the old server are still at work.
 */
async function disown(dataDir: string): Promise<void> {
  const path = pidFile(dataDir);
  const text = await Deno.readTextFile(path).catch(() => null);
  if (text !== null) await Deno.writeTextFile(path, text.replace(/^.*/, "2147483647"));
}

const control = (dataDir: string, action: string, ...options: string[]): Promise<void> =>
  run(dataDir, "pg_ctl", [action, "-D", cluster(dataDir), ...options]);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function isFree(port: number): boolean {
  try {
    using _listener = Deno.listen({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

const exists = (path: string): Promise<boolean> => Deno.stat(path).then(() => true, () => false);

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
