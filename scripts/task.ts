/**
 * `deno task NAME …`: what each command needs before its own script can run: this Deno, the packages.
 *
 * It imports no package: an older Deno gets as far as here, and so does this one without packages.
 */
import { refusal } from "../lib/version.ts";
import { MEMORY } from "./memory.ts";

const FOLDER = import.meta.dirname!;

async function installed(): Promise<boolean> {
  const first = await Deno.stat(`${FOLDER}/../node_modules`).then(() => false, () => true);
  if (first) console.error("Fetching the packages, once …");
  const { success } = await new Deno.Command(Deno.execPath(), {
    // Its bar of progress, where somebody sees it and there is something to wait for.
    args: ["install", "--frozen", ...(first && Deno.stderr.isTerminal() ? [] : ["--quiet"])],
    env: { RUST_BACKTRACE: "0" },
    stdout: "null",
    stderr: "inherit",
  }).spawn().status;
  return success;
}

/** Runs a script with this process's streams and hands it the signals that this process gets. */
async function handed(script: string, flags: string[], args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...flags, script, ...args],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      try {
        child.kill(signal);
      } catch {
        // It has ended.
      }
    });
  }
  return (await child.status).code;
}

const [name, ...args] = Deno.args as [string, ...string[]];
const old = refusal(name, Deno.version.deno);
if (old) {
  console.error(old);
  Deno.exit(1);
}
if (!await installed()) {
  console.error(
    "The packages could not be fetched, for the reason above. Check the network (a proxy goes into " +
      `HTTPS_PROXY, its certificate into DENO_CERT) and the space on the disk, then go on: deno task ${name}`,
  );
  Deno.exit(1);
}
Deno.exit(await handed(`${FOLDER}/${name}.ts`, MEMORY[name] ?? [], args));
