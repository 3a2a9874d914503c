/** Programs run as a user runs them, each in a process of its own. */
import { ROOT } from "lib/config.ts";

/** Whether the long campaigns run: `deno task test --nightly`. */
export const nightly = Deno.env.get("NIGHTLY") === "1";

/** A test of the long campaigns: one that takes long, and whose kind has a shorter one beside it. */
export const atNight = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name, ignore: !nightly, fn });

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Starts `deno` with these arguments; `group` puts it into a process group of its own. */
export function spawned(
  args: string[],
  env: Record<string, string> = {},
  group = false,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args,
    env,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: group,
  }).spawn();
}

export async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Runs a command of `scripts/`: `script("db", ["stop"])`. */
export const script = (name: string, args: string[], env: Record<string, string> = {}) =>
  ended(spawned(["run", "-A", `scripts/${name}.ts`, ...args], env));

/** Runs lines of TypeScript. */
export const evaluated = (code: string, env: Record<string, string> = {}) =>
  ended(spawned(["eval", code], env));

/** Longer than anything takes on the slowest machine: only what never comes is waited for in vain. */
export const PATIENCE_MS = 30 * 60_000;

/**
 * Waits until something is so.
 *
 * It is no measure of time: how long a thing may take is a matter of the machine. It throws after half an
 * hour, so that what never comes is named.
 */
export async function until(what: string, so: () => Promise<boolean> | boolean): Promise<void> {
  // Often at first, so that little is missed; less often where asking itself takes time.
  let pause = 10;
  for (const end = Date.now() + PATIENCE_MS; !await so(); pause = Math.min(100, pause * 1.02)) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
