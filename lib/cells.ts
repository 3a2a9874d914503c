/**
 * Whether the cells of a notebook ended well.
 *
 * Deno's kernel goes on after an error: a Run All executes the cells below one that failed, with what
 * the variables still hold. It tells nobody of a failure in here (a cell that does not parse never
 * reaches this process's code), but of every cell that ended well it shows the value, with the number
 * of the cell, before the next one begins: a number that is passed over is a cell that failed. So it
 * is certain only when a cell has ended that no cell up to it failed, and what must not happen after a
 * failure waits for that moment (seen in Deno 2.9.6; `tests/cells_test.ts` sees it again).
 */

/** The notebook's kernel; asking for it elsewhere throws. */
export function kernel(): typeof Deno.jupyter | null {
  try {
    return Deno.jupyter;
  } catch {
    return null;
  }
}

type Show = (cell: number, result: unknown) => Promise<void>;

/** Number of the cell that ended well last. */
let last = 0;
/** Numbers of the cells that failed, rising. */
const failures: number[] = [];
/** What waits for the end of the cell that runs now. */
let waiting: ((trouble: string | null) => Promise<void>)[] = [];
let ending = false;

/** Whether the kernel tells what this room needs to know; true where there is no kernel. */
const told = kernel() === null || follow();

function follow(): boolean {
  const { internal } = Deno as unknown as { internal: symbol };
  const inner =
    (Deno as unknown as Record<symbol, { jupyter?: { broadcastResult?: Show } }>)[internal];
  const show = inner?.jupyter?.broadcastResult;
  if (typeof show !== "function") return false;
  inner!.jupyter!.broadcastResult = async (cell, result) => {
    await ended(cell);
    await show(cell, result);
  };
  return true;
}

/** A cell has ended well: whatever lies between it and the last one that did has failed. */
async function ended(cell: number): Promise<void> {
  // Before this room was there nothing of it can have been used.
  if (last === 0) {
    for (const [opening, first] of firsts) firsts.set(opening, first + cell - 1);
  } else for (let missed = last + 1; missed < cell; missed++) failures.push(missed);
  const trouble = cell > last ? null : "this client does not number the cells that it runs";
  last = Math.max(last, cell);
  const acts = waiting;
  waiting = [];
  ending = true;
  try {
    for (const act of acts) {
      await act(trouble).catch((error) => {
        failures.push(cell);
        return thrown(error);
      });
    }
  } finally {
    ending = false;
  }
}

/** Shows an error as the kernel does. */
async function thrown(error: unknown): Promise<void> {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const content = { ename: name, evalue: message, traceback: (stack ?? message).split("\n") };
  await kernel()!.broadcast("error", content);
}

/**
 * Does something when the cell that runs now has ended, while it still counts as running: its outputs
 * are the cell's. Outside a notebook at once. What it throws is shown, and the cell has failed.
 *
 * @param act is told why it is not certain that no cell failed, or null
 */
export async function afterCell(act: (trouble: string | null) => Promise<void>): Promise<void> {
  if (kernel() === null) return await act(null);
  if (!told) return await act("this version of Deno does not say whether a cell failed");
  waiting.push(act);
}

/** Whether no code of a cell runs now: outside a notebook, and at the end of a cell. */
export const betweenCells = (): boolean => kernel() === null || ending;

/** By kind of opening, the number of the cell in which one first was. */
const firsts = new Map<string, number>();
/** What was opened, by kind and name, since the notebook was begun anew. */
const opened = new Map<string, Pass>();
/** The cells that are spoken of at the bottom: from this one on. */
let from = 1;

/** One way through a notebook, from its first cell on. */
export interface Pass {
  /** Why nothing may be asked in it any more, as far as is known while a cell runs; null for no reason. */
  trouble(): string | null;
}

/**
 * Begins with the cell that runs now and those above it, as many as stood there the first time. The same
 * opening once more is the notebook run anew.
 */
export function pass(kind: "enter" | "open", name: string): Pass {
  const cell = last + 1;
  const first = firsts.get(kind) ?? cell;
  firsts.set(kind, first);
  const own = cell - first + 1;
  const key = `${kind} ${name}`;
  if (opened.has(key)) {
    opened.clear();
    from = own;
  }
  const made: Pass = {
    trouble() {
      if (kernel() === null) return null;
      const failed = words(failures.filter((cell) => cell >= own));
      if (failed) return `${failed} failed`;
      return opened.get(key) === made ? null : "The study was opened anew by a later cell";
    },
  };
  opened.set(key, made);
  return made;
}

function words(cells: readonly number[]): string | null {
  const names = [...new Set(cells)].map((cell) => `[${cell}]`);
  if (!names.length) return null;
  return names.length === 1 ? `Cell ${names[0]}` : `Cells ${names.join(", ")}`;
}

/** By name, the last cell in which the end of a notebook of that name was reached. */
const ends = new Map<string, number>();
let noting = false;

/**
 * Says below the cell that runs now which cells failed above it, if any did, because a reader looks at
 * the end of a notebook.
 *
 * @param name of the notebook: what failed before its end was reached before is not spoken of
 */
export async function bottom(name = ""): Promise<void> {
  if (kernel() === null || noting) return;
  noting = true;
  await afterCell(async () => {
    noting = false;
    const since = Math.max(from, ends.get(name) ?? 0);
    if (name) ends.set(name, last);
    const failed = words(failures.filter((cell) => cell >= since));
    if (failed === null) return;
    const said = `${failed} failed: what is shown may lack something, or be left from before. ` +
      "Mend what failed first, then run the notebook again from its first cell";
    await kernel()!.display({
      "text/html": `<p role="alert"><strong>${said}</strong></p>`,
      "text/plain": said,
    }, { raw: true });
  });
}
