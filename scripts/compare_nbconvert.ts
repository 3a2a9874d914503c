/**
 * Runs notebooks with Jupyter's own client and with ours and compares what their showing cells
 * show: `deno run -A scripts/compare_nbconvert.ts [NAME…] [--executed DIR]`.
 */
import { basename, join } from "node:path";
import { main } from "./cli.ts";
import { execute, free } from "./jupyter/execute.ts";
import {
  canonical,
  type Notebook,
  place,
  read,
  showing,
  source,
  stringify,
} from "./jupyter/notebook.ts";
import { install } from "./lab.ts";
import { find } from "./notebooks.ts";

/** Whether `jupyter nbconvert` can be run here. */
export async function available(): Promise<boolean> {
  const args = ["nbconvert", "--version"];
  const command = new Deno.Command("jupyter", { args, stdout: "null", stderr: "null" });
  try {
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/**
 * The notebook as nbconvert leaves it.
 *
 * @throws {Error} with what nbconvert printed when it fails
 */
export async function convert(path: string): Promise<Notebook> {
  const folder = await Deno.makeTempDir({ prefix: "nbconvert-" });
  try {
    await install(folder);
    const command = new Deno.Command("jupyter", {
      args: [
        ...["nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.kernel_name=deno"],
        ...["--output-dir", folder, "--output", "executed.ipynb", path],
      ],
      env: { JUPYTER_DATA_DIR: folder, ...free(path) },
      stdout: "null",
    });
    const { success, stderr } = await command.output();
    if (!success) {
      const said = new TextDecoder().decode(stderr).trim();
      throw new Error(`nbconvert failed on ${place(path)}: ${said}`);
    }
    return canonical(read(join(folder, "executed.ipynb")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * How many showing cells there are, and those that show something else under nbconvert.
 *
 * @param executed the folder of notebooks that ours has executed; without it, it does now
 * @throws {Error} when the notebook fails in one of the two
 */
export async function compare(
  path: string,
  executed?: string,
): Promise<{ cells: number; differences: string[] }> {
  const notebook = executed ? read(join(executed, basename(path))) : await ran(path);
  const theirs = (await convert(path)).cells;
  const shown = notebook.cells.entries().filter(([, cell]) => showing(cell)).toArray();
  const differences = shown
    .filter(([index, cell]) => outputs(cell) !== outputs(theirs[index]))
    .map(([index, cell]) => `${place(path)} cell ${index + 1} (${source(cell).split("\n")[0]})`);
  return { cells: shown.length, differences };
}

async function ran(path: string): Promise<Notebook> {
  const { notebook, failures: [failed] } = await execute(path);
  if (!failed) return notebook;
  throw new Error(`${place(path)} cell ${failed.cell}: ${failed.ename}: ${failed.evalue}`);
}

const outputs = (cell?: Notebook["cells"][number]): string =>
  (cell?.outputs ?? []).map(stringify).join();

if (import.meta.main) {
  await main({
    usage: "deno run -A scripts/compare_nbconvert.ts [NAME…] [--executed DIR]",
    help: `Compares what all notebooks, or those named, show under nbconvert and here.

  --executed DIR  notebooks that were executed here, such as out/notebooks: they are not executed again`,
    flags: { executed: { type: "string" } },
    words: true,
  }, async ({ executed }, words) => {
    if (!await available()) {
      console.log("Nothing compared: jupyter nbconvert is not installed");
      return 0;
    }
    const paths = find(words);
    let cells = 0;
    const differences: string[] = [];
    for (const path of paths) {
      const compared = await compare(path, executed === undefined ? executed : String(executed));
      cells += compared.cells;
      differences.push(...compared.differences);
    }
    for (const difference of differences) console.error(difference);
    if (!cells) {
      console.error(`Nothing compared: no cell in ${paths.length} notebooks shows anything`);
      return 1;
    }
    const same = cells - differences.length;
    console.log(`${same} of ${cells} showing cells in ${paths.length} notebooks show the same`);
    return differences.length === 0 ? 0 : 1;
  });
}
