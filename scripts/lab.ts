/** `deno task lab`: the notebooks in Jupyter, with this Deno as their kernel. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { bare, ROOT } from "lib/config.ts";
import { main, UsageError } from "./cli.ts";

const NONE =
  "No Jupyter found: install it with `pipx install jupyterlab` (Debian: `sudo apt install " +
  "jupyter-notebook`) and try again, or open this folder in VS Code with its Jupyter extension";

/** `jupyter lab` looks for `jupyter-lab`, and pipx installs only the second. */
const PROGRAMS = [["jupyter", "lab"], ["jupyter-lab"], ["jupyter", "notebook"], [
  "jupyter-notebook",
]];

/**
 * How Jupyter starts the kernel.
 *
 * The path is that of the running Deno: a plain `deno` may be missing from PATH, or be another
 * version whose kernel behaves otherwise. Under npx it lies in npm's cache, which is good enough:
 * it stays until someone empties the cache, and every `deno task lab` writes the path anew.
 */
export function kernelspec() {
  return {
    argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
    // What the stop button does. A message would end a loop that never ends and keep the state, but
    // where a cell awaits something it freezes the kernel for good (seen in 2.9.6), runs of a study
    // included. A signal ends the kernel unless somebody listens, and lib/notebook.ts does.
    interrupt_mode: "signal",
    env: { NO_COLOR: "1" },
  };
}

/**
 * The user's Jupyter folder.
 * Source: https://docs.jupyter.org/en/latest/use/jupyter-directories.html#data-files
 */
export function dataDir(): string {
  const set = Deno.env.get("JUPYTER_DATA_DIR");
  if (set) return set;
  switch (Deno.build.os) {
    case "darwin":
      return join(homedir(), "Library", "Jupyter");
    case "windows":
      return join(Deno.env.get("APPDATA") || join(homedir(), "AppData", "Roaming"), "jupyter");
    default:
      return join(Deno.env.get("XDG_DATA_HOME") || join(homedir(), ".local", "share"), "jupyter");
  }
}

/**
 * Writes the kernelspec into a Jupyter folder; one that was there is replaced.
 *
 * @returns a sentence on what was done
 */
export async function install(folder = dataDir()): Promise<string> {
  const file = join(folder, "kernels", "deno", "kernel.json");
  const text = JSON.stringify(kernelspec(), null, 2) + "\n";
  const before = await Deno.readTextFile(file).catch(() => null);
  if (before === text) return `The kernel is installed: ${file}`;
  await Deno.mkdir(join(folder, "kernels", "deno"), { recursive: true });
  await Deno.writeTextFile(file, text);
  return before === null
    ? `Installed the kernel: ${file}`
    : `Replaced the Deno kernel that was there: ${file}`;
}

/** Jupyter's arguments; as root, as in a container, it ends at once unless it is told to go on. */
function asRoot(given: string[]): string[] {
  if (Deno.build.os === "windows" || Deno.uid() !== 0 || given.includes("--allow-root")) {
    return given;
  }
  console.log("As root: Jupyter is told so (--allow-root); whoever has its address acts as root");
  return [...given, "--allow-root"];
}

async function works([program, ...args]: string[]): Promise<boolean> {
  const clean = { env: bare(), clearEnv: true };
  const command = new Deno.Command(program!, {
    args: [...args, "--version"],
    stdout: "null",
    ...clean,
  });
  try {
    return (await command.output()).success;
  } catch {
    return false;
  }
}

async function open(
  [program, ...first]: string[],
  folder: string,
  args: string[],
): Promise<number> {
  const child = new Deno.Command(program!, { args: [...first, folder, ...args], cwd: ROOT })
    .spawn();
  // The terminal's Ctrl-C reaches Jupyter too, which asks before it stops: wait for it.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => child.kill(signal));
    }
  }
  return (await child.status).code;
}

if (import.meta.main) {
  await main({
    usage: "deno task lab [--study NAME] [--kernel-only] [-- ARGUMENTS]",
    help:
      `Installs Deno's kernel for this user and opens notebooks/ in JupyterLab, or else in the classic
Jupyter Notebook. When its port is taken Jupyter takes the next one; the address is in what it prints.

  --study NAME   opens studies/NAME, the notebooks of a study of yours, in place of notebooks/
  --kernel-only  install the kernel and stop, for VS Code and other editors
  -- ARGUMENTS   handed on to Jupyter, such as -- --port 8890 --no-browser`,
    flags: { "kernel-only": { type: "boolean" }, study: { type: "string" } },
    words: true,
  }, async (flags, words) => {
    if (words.length && !Deno.args.includes("--")) {
      throw new UsageError(`Unexpected ${words[0]}: arguments of Jupyter stand after --`);
    }
    const folder = flags.study === undefined ? "notebooks" : `studies/${flags.study}`;
    if (!existsSync(join(ROOT, folder))) {
      throw new UsageError(`There is no ${folder}: \`deno task study new NAME\` makes it`);
    }
    console.log(await install());
    if (flags["kernel-only"]) return 0;
    const given = asRoot(words);
    for (const program of PROGRAMS) {
      if (await works(program)) return await open(program, folder, given);
    }
    throw new Error(NONE);
  });
}
