/** Runs notebooks on Deno's kernel, with nothing of Python in between. */
import { basename, dirname, resolve } from "node:path";
import { Interrupted, Kernel, type Listener } from "./kernel.ts";
import type { Content } from "./message.ts";
import {
  type Bundle,
  canonical,
  type Cell,
  clean,
  type Notebook,
  type Output,
  read,
  showing,
  source,
  text,
} from "./notebook.ts";

/** What went wrong in a cell: its number among all cells, from 1, and the first line of its source. */
export interface Fault {
  cell: number;
  line: string;
  ename: string;
  evalue: string;
}

export interface Run {
  notebook: Notebook;
  seconds: number;
  /** Cells that threw, did not end, or showed nothing; the cells after the first throw did not run. */
  failures: Fault[];
  /** Cells that wrote to the console. */
  problems: Fault[];
}

export interface ExecuteOptions {
  /** Added to the kernel's environment. */
  env?: Record<string, string>;
  /** How long a cell may show nothing before it is given up, an hour unless said otherwise. */
  seconds?: number;
  /** Whether models that may cost money are asked, within the notebook's own budget. */
  paid?: boolean;
  /** Called before each cell: how far the notebook is. */
  onCell?: (at: At) => void;
}

/** How far a notebook is. */
export interface At {
  /** File name without its ending. */
  name: string;
  /** The code cell that begins, from 1, and how many there are. */
  cell: number;
  cells: number;
}

/**
 * What a notebook's kernel is told, so that nothing in it can ask a model that may cost money: see
 * `live` in `lib/llm/transports/live.ts`.
 */
export const free = (path: string): Record<string, string> => ({
  FREE_ONLY: `deno task notebooks ${basename(path, ".ipynb")} --paid`,
});

const HOUR = 3600;

/** The outputs that carry a display id, in all cells: a later cell may update them. */
type Displays = Map<string, { data: Bundle; metadata: Bundle }[]>;

/**
 * Runs the code cells of a notebook in order in a fresh kernel, in the notebook's folder.
 *
 * The result is in `canonical` form and holds no time and no path of this machine, so two runs
 * differ only when what they show differs. The file itself is not written.
 *
 * @throws {KernelEnded} when no kernel comes up
 * @throws {Interrupted} on SIGINT and its like; the kernel is gone by then
 */
export async function execute(
  path: string,
  { env, seconds = HOUR, paid = false, onCell }: ExecuteOptions = {},
): Promise<Run> {
  const started = performance.now();
  const notebook = canonical(read(path));
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const cell of code) Object.assign(cell, { outputs: [], execution_count: null });
  const kernel = await Kernel.start({
    cwd: dirname(resolve(path)),
    env: { ...paid ? { FREE_ONLY: "" } : free(path), ...env },
  });
  const failures: Fault[] = [];
  try {
    const displays: Displays = new Map();
    const filled = code.filter((cell) => source(cell).trim() !== "");
    for (const [index, cell] of filled.entries()) {
      onCell?.({ name: basename(path, ".ipynb"), cell: index + 1, cells: filled.length });
      const thrown = await run(kernel, cell, displays, seconds);
      if (!thrown) continue;
      failures.push(fault(notebook, cell, thrown.ename, thrown.evalue));
      break;
    }
  } finally {
    await kernel.stop();
  }
  return {
    notebook: canonical(notebook),
    seconds: (performance.now() - started) / 1000,
    failures: failures.length > 0 ? failures : empty(notebook, code),
    problems: noisy(notebook, code),
  };
}

/** Runs one cell into its outputs; returns what it threw, or why it did not end. */
async function run(kernel: Kernel, cell: Cell, displays: Displays, seconds: number) {
  const outputs = cell.outputs!;
  try {
    const reply = await kernel.execute(source(cell), collector(outputs, displays), seconds);
    cell.execution_count = reply.execution_count ?? null;
    if (reply.status === "ok") return failed(outputs);
    // The kernel publishes no error for a cell that does not parse, and does not say where
    const parsed = outputs.some((output) => output.output_type === "error");
    const hint = parsed ? "" : ": probably a syntax error: run scripts/check_notebooks.ts";
    return { ename: reply.ename ?? "Error", evalue: clean(reply.evalue ?? "") + hint };
  } catch (error) {
    if (error instanceof Interrupted || !(error instanceof Error)) throw error;
    return { ename: error.name, evalue: error.message };
  }
}

/** What failed at the end of a cell, which the kernel counts as one that ended well. */
function failed(outputs: readonly Output[]) {
  const error = outputs.find((output) => output.output_type === "error");
  return error ? { ename: error.ename, evalue: clean(error.evalue) } : null;
}

function collector(outputs: Output[], displays: Displays): Listener {
  let clear = false;
  return ({ header: { msg_type: type }, content }) => {
    if (type === "update_display_data") {
      for (const shown of displays.get(content.transient?.display_id ?? "") ?? []) {
        Object.assign(shown, bundles(content));
      }
      return;
    }
    if (type === "clear_output" && content.wait) clear = true;
    else if (type === "clear_output") outputs.length = 0;
    const output = outputOf(type, content);
    if (!output) return;
    if (clear) outputs.length = 0;
    clear = false;
    append(outputs, output);
    const id = content.transient?.display_id;
    if (id && "data" in output) displays.set(id, [...displays.get(id) ?? [], output]);
  };
}

function outputOf(type: string, content: Content): Output | null {
  const { name = "", ename = "", evalue = "", traceback = [], execution_count = 0 } = content;
  switch (type) {
    case "stream":
      return { output_type: type, name, text: [content.text ?? ""] };
    case "error":
      return { output_type: type, ename, evalue, traceback };
    case "display_data":
      return { output_type: type, ...bundles(content) };
    case "execute_result":
      return { output_type: type, ...bundles(content), execution_count };
    default:
      return null;
  }
}

const bundles = ({ data = {}, metadata = {} }: Content) => ({ data, metadata });

function append(outputs: Output[], output: Output): void {
  const last = outputs.at(-1);
  const same = output.output_type === "stream" && last?.output_type === "stream" &&
    last.name === output.name;
  if (same) last.text.push(...output.text);
  else outputs.push(output);
}

function empty(notebook: Notebook, code: Cell[]): Fault[] {
  return code
    .filter((cell) => showing(cell) && !cell.outputs!.some((o) => o.output_type === "display_data"))
    .map((cell) => fault(notebook, cell, "NoOutput", "The cell showed nothing"));
}

function noisy(notebook: Notebook, code: Cell[]): Fault[] {
  return code.flatMap((cell) =>
    cell.outputs!.filter((output) => output.output_type === "stream").slice(0, 1).map((output) => {
      const first = clean(text(output.text)).split("\n")[0]!;
      return fault(notebook, cell, "ConsoleOutput", `The cell wrote to the console: ${first}`);
    })
  );
}

function fault(notebook: Notebook, cell: Cell, ename: string, evalue: string): Fault {
  const line = source(cell).trim().split("\n")[0]!;
  return { cell: notebook.cells.indexOf(cell) + 1, line, ename, evalue };
}
