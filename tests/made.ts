/** Notebooks made up for tests. */
import { join } from "node:path";
import { canonical, type Cell, read, source, stringify } from "../scripts/jupyter/notebook.ts";
import { find } from "../scripts/notebooks.ts";

/** Cells from texts: those that start with # are Markdown, all others code. */
export function cells(texts: readonly string[]): Cell[] {
  return texts.map((source) => ({
    cell_type: source.startsWith("#") ? "markdown" : "code",
    metadata: {},
    source,
  }));
}

/** The text of a notebook with these cells. */
export const notebook = (cells: Cell[]): string =>
  stringify(canonical({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));

/** The cells of shipped notebooks one after the other, closed once. */
export function joined(...names: string[]): Cell[] {
  const all = names.flatMap((name) => read(find([name])[0]!).cells);
  const last = all.findLastIndex((cell) => source(cell) === CLOSE);
  return all.filter((cell, at) => source(cell) !== CLOSE || at === last);
}

const CLOSE = "await lab.close();";

/** A folder that is removed with all that is in it when its `using` block ends. */
export class Folder implements Disposable {
  readonly path: string;

  /** @param inside a folder to make it in, for notebooks that need the project's import map */
  constructor(inside?: string) {
    const where = inside ? { dir: inside, prefix: ".made-" } : { prefix: "made-" };
    this.path = Deno.realPathSync(Deno.makeTempDirSync(where));
  }

  /** Writes a notebook into the folder and returns its path. */
  write(name: string, made: readonly string[] | Cell[]): string {
    const path = join(this.path, name);
    const all = made.map((cell) => typeof cell === "string" ? cells([cell])[0]! : cell);
    Deno.writeTextFileSync(path, notebook(all));
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
