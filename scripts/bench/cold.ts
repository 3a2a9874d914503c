/** The first day: a fresh clone on a machine that has nothing of ours. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { progress } from "../cli.ts";
import { against, say } from "./measure.ts";

/** Clones the last commit, fetches its packages and runs `start`, with a home and a cache of their own. */
export async function cold(): Promise<void> {
  const home = await Deno.makeTempDir(), checkout = join(home, "checkout");
  const env = { HOME: home, DENO_DIR: join(home, "deno"), DATA_DIR: "", OUT_DIR: "" };
  const done = async (command: string, args: string[], cwd: string): Promise<number> => {
    const started = performance.now();
    const { success, stderr } = await new Deno.Command(command, {
      args,
      cwd,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    }
    return (performance.now() - started) / 1000;
  };
  try {
    await done("git", ["clone", "--quiet", ROOT, checkout], home);
    progress("fetching the packages");
    const fetched = await done(Deno.execPath(), ["install", "--frozen", "--quiet"], checkout);
    const seen = new Set<string>();
    let bytes = 0;
    for (const folder of [env.DENO_DIR, join(checkout, "node_modules")]) {
      bytes += await sizeOf(folder, seen);
    }
    const megabytes = bytes / 1e6;
    progress("start");
    const started = await done(Deno.execPath(), ["task", "--quiet", "start"], checkout);
    progress("");
    say("packages fetched", `${fetched.toFixed(0)} s`);
    say("  on the disk", `${megabytes.toFixed(0)} MB`, against(megabytes, { most: 324 }));
    say(
      "start (the first study) to its end",
      `${started.toFixed(0)} s`,
      against(started, { most: 45 }),
    );
    say("both", `${(fetched + started).toFixed(0)} s`);
    await done(Deno.execPath(), ["task", "--quiet", "db", "stop"], checkout);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Bytes of a folder; of files that stand in several places once. */
async function sizeOf(folder: string, seen: Set<string>): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) bytes += await sizeOf(path, seen);
    else if (isFile) {
      const { size, dev, ino } = await Deno.stat(path);
      const place = `${dev} ${ino}`;
      if (!seen.has(place)) bytes += size;
      seen.add(place);
    }
  }
  return bytes;
}
