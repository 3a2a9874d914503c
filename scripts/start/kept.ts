/** What earlier starts have done, each thing under a hash of what it was done from. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT, settings } from "lib/config.ts";
import { connect, type Dataset } from "lib/db.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { modelsFile } from "lib/llm.ts";
import { read } from "../jupyter/notebook.ts";
import { CHAIN } from "../notebooks.ts";
import { stateOf } from "../report/own.ts";
import type { Compared } from "../report/published.ts";

/** A path below the folder of all that is written for people. */
export const out = (...parts: string[]): string => join(settings().outDir, ...parts);

/** What became of a notebook. */
export interface Outcome {
  name: string;
  /** Hash of what it was executed from. */
  inputs: string;
  seconds: number;
  /** The folder in `out` to which it wrote files for a paper; null where it wrote none. */
  papers: string | null;
  /** Why there is a gap where it should be; none when it ran well. */
  failures: string[];
}

/** What is there, as `out/start.json` holds it. */
export interface Kept {
  /** The tables, and what they were built from. */
  tables?: { inputs: string; compared: Compared[] };
  notebooks: Outcome[];
  /** What the report was made from. */
  report?: string;
}

/** What is there and whole: of what was deleted since nothing is known. */
export function remembered(): Kept {
  let found: Partial<Kept> = {};
  try {
    found = JSON.parse(readFileSync(out("start.json"), "utf8"));
  } catch {
    // Nothing was done yet, or the file is torn.
  }
  const { tables, notebooks = [], report } = found;
  const built = tables?.compared &&
    TABLE_NAMES.every((name) => existsSync(out("tables", `${name}.csv`)));
  return {
    notebooks: notebooks.filter(({ name, papers, failures }) =>
      failures?.length === 0 && existsSync(out("notebooks", `${name}.ipynb`)) &&
      (papers === null || (typeof papers === "string" && existsSync(out(papers))))
    ),
    ...built && { tables },
    ...report && existsSync(out("report.html")) && { report },
  };
}

/** In one step: a start that is killed leaves what it had done before. */
export function remember(kept: Kept): void {
  const temporary = out(`start.json.${Deno.pid}.tmp`);
  writeFileSync(temporary, JSON.stringify(kept));
  renameSync(temporary, out("start.json"));
}

const sha = (...parts: string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** What each notebook is executed from: those that continue one another from the earlier ones as well. */
export function inputsOf(paths: readonly string[], shared: string): Map<string, string> {
  let chain = shared;
  return new Map(
    paths.toSorted().map((path) => {
      const name = basename(path, ".ipynb");
      const own = sha(CHAIN.test(name) ? chain : shared, name, sources(path));
      if (CHAIN.test(name)) chain = own;
      return [path, own];
    }),
  );
}

/** What the report is made from: all that stands in it. */
export async function reportInputs(shared: string, notebooks: readonly Outcome[]): Promise<string> {
  const sql = await connect("reader");
  const studies = await stateOf(sql);
  await sql.end();
  const all = notebooks.map(({ name, inputs, failures }) => ({ name, inputs, failures }));
  return sha(shared, studies, JSON.stringify(all));
}

/** SHA-256 of what all outputs are made from: the code, the paper, and the rows themselves. */
export async function fingerprint(study: Dataset): Promise<string> {
  const hash = createHash("sha256");
  const folders = ["lib", "scripts", "dataset/paper", "dataset/cleaning", "dataset/instruments"];
  const files = [
    ...folders.flatMap((folder) => filesOf(join(ROOT, folder))),
    join(ROOT, "deno.json"),
    join(ROOT, "dataset", "models.json"),
    ...existsSync(modelsFile()) ? [modelsFile()] : [],
  ];
  for (const path of files) hash.update(path).update(readFileSync(path));
  hash.update(JSON.stringify(study.provenance));
  const sql = await connect("reader");
  const tables = [
    "experiments_evals",
    "personas",
    "reference_questionnaires",
    "random_questionnaires",
  ];
  for (const table of tables) {
    const [row] = await sql`
      select count(*) as n, sum(hashtextextended(t::text, 0)) as hash
      from ${sql(study.schema)}.${sql(table)} t`;
    hash.update(JSON.stringify(row));
  }
  await sql.end();
  return hash.digest("hex");
}

/** A notebook's code and text, without its outputs. */
const sources = (path: string): string =>
  JSON.stringify(read(path).cells.map(({ source }) => source));

function filesOf(folder: string): string[] {
  // Jupyter keeps copies in a folder of such a name.
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."));
  return entries.toSorted((a, b) => a.name.localeCompare(b.name)).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesOf(path) : entry.isFile() ? [path] : [];
  });
}
