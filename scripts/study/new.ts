/** `deno task study new`: the notebooks of a study of one's own, outside the shipped ones. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT, schemaName } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { canonical, type Cell, place, read, source, stringify } from "../jupyter/notebook.ts";
import { UsageError } from "../cli.ts";
import { argument, type Flags } from "./flags.ts";

/** Those that make a study, and those of the tables, which show it. */
const COPIED = /^(0[345][abc]?|1[1-6]|2[4-7])_.*\.ipynb$/;

/** Where notebooks of studies lie: not the project's, and not in its version control. */
export const STUDIES = join(ROOT, "studies");

/** A cell with what names the sample or the published data named anew. */
function renamed(cell: Cell, schema: string): Cell {
  const text = source(cell)
    .replace(/^const schema = ".*?";/m, `const schema = "${schema}";`)
    .replaceAll(`openDataset({ schema: "${PUBLISHED}" })`, `openDataset({ schema: "${schema}" })`);
  const code = cell.cell_type === "code";
  // What the shipped notebooks show is not what this study will.
  return { ...cell, source: text, ...code && { outputs: [], execution_count: null } };
}

export async function newStudy(_: Flags, words: string[]): Promise<void> {
  const [name, more] = words;
  if (name === undefined) throw new UsageError("Name the study: it is also the name of its schema");
  if (more !== undefined) throw new UsageError(`One study at a time: unexpected ${more}`);
  const schema = argument(() => schemaName(name));
  if (schema === PUBLISHED || schema === "demo") {
    throw new UsageError(
      `${schema} is the schema of the ${
        schema === "demo" ? "sample" : "published data"
      }: name another`,
    );
  }
  const folder = join(STUDIES, schema);
  if (existsSync(folder)) {
    throw new UsageError(
      `${
        place(folder)
      } is there: its notebooks are yours, and are not written over. Name another ` +
        "study, or move that folder away first",
    );
  }
  const shipped = join(ROOT, "notebooks");
  const names = [...Deno.readDirSync(shipped)].map(({ name }) => name)
    .filter((name) => COPIED.test(name)).toSorted();
  // Whole or not at all.
  const made = `${folder}.${Deno.pid}.tmp`;
  try {
    await Deno.mkdir(made, { recursive: true });
    for (const name of names) {
      const notebook = read(join(shipped, name));
      const cells = notebook.cells.map((cell) => renamed(cell, schema));
      await Deno.writeTextFile(join(made, name), stringify(canonical({ ...notebook, cells })));
    }
    await Deno.rename(made, folder);
  } catch (error) {
    await Deno.remove(made, { recursive: true }).catch(() => {});
    throw error;
  }
  console.log(
    `${place(folder)}: ${names.map((name) => basename(name, ".ipynb").split("_")[0]).join(", ")}`,
  );
  console.log(`Open them: deno task lab --study ${schema}`);
}
