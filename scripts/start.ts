/** `deno task start`: from nothing to every table, the files for a paper and the report. */
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { PUBLISHED, ROOT, settings } from "lib/config.ts";
import { bannerOf, connect, embedded, migrate, open, type Study } from "lib/db.ts";
import { TABLE_NAMES } from "lib/design.ts";
import { restore } from "lib/restore.ts";
import { byNpx } from "lib/version.ts";
import { interruptible, main, progress } from "./cli.ts";
import { read, text } from "./jupyter/notebook.ts";
import { find, runAll, withoutSample } from "./notebooks.ts";
import { stateOf } from "./report/own.ts";
import { report } from "./report.ts";
import { writeTables } from "./tables.ts";

/** A path below the folder of all that is written for people. */
const out = (...parts: string[]): string => join(settings().outDir, ...parts);

/** What an earlier start has done, by what it was done from. */
interface Record_ {
  /** Of the code, the dataset and the rows in the database. */
  inputs: string;
  /** Of the user's own studies, which the report shows and the notebooks do not. */
  studies: string;
  notebooks: Outcome[];
}

interface Outcome {
  name: string;
  seconds: number;
  verdict: string | null;
  agree: number;
  printed: number;
}

/** Runs a step unless somebody stopped, prints how long it took and what it says. */
async function step(name: string, signal: AbortSignal, work: () => Promise<string>): Promise<void> {
  signal.throwIfAborted();
  const started = performance.now();
  progress(`${name} …`);
  const said = await work();
  progress("");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name.padEnd(12)} ${seconds.padStart(6)} s  ${said}`);
}

async function start(fresh: boolean): Promise<number> {
  const signal = interruptible();
  await step("database", signal, async () => await database());
  await step("dataset", signal, async () => await dataset(fresh, signal));
  const study = await open();
  const before = fresh ? null : await remembered();
  const inputs = await fingerprint(study);
  const done = before?.inputs === inputs ? before.notebooks : null;
  let outcomes = done ?? [];
  const same = "are there, from the same code and data (--fresh does all again)";
  if (done && before!.studies === await studies()) {
    console.log(`tables, ${done.length} notebooks and report ${same}`);
  } else if (done) {
    console.log(`tables and ${done.length} notebooks ${same}`);
    await step("report", signal, async () => await page(study, outcomes));
    await remember({ ...before!, studies: await studies() });
  } else {
    await forget();
    // The tables take a second and the notebooks a minute: who waits has something to read.
    await step("tables", signal, async () => await tables(study));
    await step("notebooks", signal, async () => {
      outcomes = await notebooks();
      return `${outcomes.length} executed into ${place("notebooks")}`;
    });
    await step("report", signal, async () => await page(study, outcomes));
    await remember({ inputs, studies: await studies(), notebooks: outcomes });
  }
  await study.close();
  summary(study, outcomes);
  return 0;
}

const place = (...parts: string[]): string => relative(Deno.cwd(), out(...parts));

async function database(): Promise<string> {
  const { server, dataDir } = settings();
  if (server) return `${server.host}:${server.port}/${server.database} (yours)`;
  const before = await embedded.running();
  const { port } = await embedded.start();
  return `PostgreSQL on 127.0.0.1:${port} in ${relative(Deno.cwd(), dataDir)}` +
    (before ? ", running already" : "");
}

async function dataset(fresh: boolean, signal: AbortSignal): Promise<string> {
  const there = await open().catch(() => null);
  await there?.close();
  let said: string;
  if (there && !(fresh && there.provenance.source === "reconstruction")) {
    // Data that a user restored are never replaced by the shipped ones.
    said = `${PUBLISHED} is restored already (${there.provenance.source})`;
  } else {
    const { tables } = await restore({
      force: there !== null,
      signal,
      onProgress: ({ table, rows }) =>
        progress(`dataset      ${table}: ${rows.toLocaleString("en")}`),
    });
    const rows = tables.reduce((total, table) => total + table.rows, 0);
    said = `${rows.toLocaleString("en")} rows restored into ${PUBLISHED}`;
  }
  await migrate(settings().studySchema, "study");
  return said;
}

async function notebooks(): Promise<Outcome[]> {
  const failures: string[] = [];
  const outcomes: Outcome[] = [];
  const paths = find([]);
  await withoutSample(paths);
  await runAll(paths, { out: out("notebooks") }, (done) => {
    failures.push(...done.failures);
    const [agree, printed] = counted(done.verdict);
    // The profiles' own scores are printed beside the tables, not in them.
    const isTable = /table/.test(done.name);
    outcomes.push({
      name: done.name,
      seconds: done.seconds,
      verdict: printed ? done.verdict : null,
      agree: isTable ? agree : 0,
      printed: isTable ? printed : 0,
    });
    progress(`notebooks    ${outcomes.length} of ${paths.length} done: ${done.name}`);
  });
  if (failures.length) throw new Error(failures.join("\n"));
  return outcomes.toSorted((a, b) => a.name.localeCompare(b.name));
}

function counted(verdict: string): [number, number] {
  const found = /^(\d+) of (\d+) printed cells agree/.exec(verdict);
  return found ? [Number(found[1]), Number(found[2])] : [0, 0];
}

async function tables(study: Study): Promise<string> {
  const written = await writeTables(study, out("tables"), TABLE_NAMES, "printed");
  const failed = written.filter(({ error }) => error);
  if (failed.length) {
    throw new Error(failed.map(({ name, error }) => `${name}: ${error}`).join("\n"));
  }
  return `${written.length} tables as CSV, Markdown and LaTeX in ${place("tables")}`;
}

async function page(study: Study, outcomes: readonly Outcome[]): Promise<string> {
  const executed = outcomes.map(({ name }) => ({
    name,
    notebook: read(out("notebooks", `${name}.ipynb`)),
  }));
  await Deno.writeTextFile(out("report.html"), await report(study, executed, agreement(outcomes)));
  return place("report.html");
}

function agreement(outcomes: readonly Outcome[]): string {
  const sum = (of: "agree" | "printed") => outcomes.reduce((total, one) => total + one[of], 0);
  return `${sum("agree")} of ${sum("printed")} printed cells agree`;
}

function summary(study: Study, outcomes: readonly Outcome[]): void {
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  console.log(`\n${"notebook".padEnd(width)}  seconds  cells agreeing / printed`);
  for (const { name, seconds, agree, printed, verdict } of outcomes) {
    const cells = printed ? `${agree} / ${printed}` : verdict ? `(${verdict})` : "—";
    console.log(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}  ${cells}`);
  }
  const seconds = outcomes.reduce((total, one) => total + one.seconds, 0);
  console.log(`${"sum".padEnd(width)}  ${seconds.toFixed(1).padStart(7)}`);
  for (const { name } of outcomes.filter(({ agree, printed }) => agree < printed)) {
    console.log(`\n${name}: cells that differ`);
    for (const line of differing(name)) console.log(`  ${line}`);
  }
  const how = byNpx(Deno.execPath());
  if (how) console.log(`\n${how}`);
  console.log(
    `\ntables ${place("tables")} · for a paper ${place("papers")} · ${place("report.html")}`,
  );
  console.log(bannerOf(study.provenance));
  console.log(agreement(outcomes));
}

/** The cells that a notebook's verdict lists. */
function differing(name: string): string[] {
  const { cells } = read(out("notebooks", `${name}.ipynb`));
  const shown = cells.at(-1)!.outputs?.at(-1);
  const plain = shown && "data" in shown ? shown.data["text/plain"] : null;
  const lines = plain ? text(plain as string | string[]).split("\n") : [];
  return lines.filter((line) => line.startsWith("  ")).map((line) => line.trim());
}

async function remembered(): Promise<Record_ | null> {
  try {
    const found: Record_ = JSON.parse(await Deno.readTextFile(out("start.json")));
    const files = [
      "report.html",
      "papers",
      ...TABLE_NAMES.map((name) => join("tables", `${name}.csv`)),
    ];
    await Promise.all(files.map((file) => Deno.stat(out(file))));
    return found;
  } catch {
    return null;
  }
}

const remember = (record: Record_): Promise<void> =>
  Deno.writeTextFile(out("start.json"), JSON.stringify(record));

async function studies(): Promise<string> {
  const sql = await connect("reader");
  const state = await stateOf(sql);
  await sql.end();
  return createHash("sha256").update(state).digest("hex");
}

const forget = (): Promise<void> => Deno.remove(out("start.json")).catch(() => {});

/** SHA-256 of what the outputs are made from: code, notebooks, paper, and the rows themselves. */
async function fingerprint(study: Study): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["lib", "notebooks", "scripts", "dataset/paper", "dataset/cleaning"]) {
    for (const path of filesOf(join(ROOT, folder))) {
      const committed = path.endsWith(".ipynb");
      hash.update(path).update(
        committed ? sources(path) : await Deno.readFile(path),
      );
    }
  }
  for (const file of ["deno.json", "dataset/models.json"]) {
    hash.update(await Deno.readFile(join(ROOT, file)));
  }
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
  const entries = [...Deno.readDirSync(folder)].filter(({ name }) => !name.startsWith("."));
  return entries.toSorted((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory ? filesOf(path) : entry.isFile ? [path] : [];
    });
}

if (import.meta.main) {
  await main({
    usage: "deno task start [--fresh]",
    help:
      `Brings up PostgreSQL, restores the dataset if none is there, executes every notebook, writes the
tables, the files for a paper and the report to out/, and says how many printed cells agree with the paper.

What is already done is not done again.

  --fresh  do all of it again; the shipped dataset is restored anew, data of your own are kept`,
    flags: { fresh: { type: "boolean", default: false } },
    again: "what is done is not done again",
  }, async ({ fresh }) => await start(Boolean(fresh)));
}
