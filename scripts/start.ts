/** `deno task start`: from nothing to every table, the files for a paper and the report. */
import { existsSync } from "node:fs";
import { basename, relative } from "node:path";
import { settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { bannerOf, type Dataset, embedded, migrate, openDataset } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { verdictText } from "lib/notebook.ts";
import { compare } from "lib/paper/print.ts";
import { restore } from "lib/paper/restore.ts";
import { build } from "lib/paper/tables.ts";
import { byNpx } from "lib/version.ts";
import { interruptible, main, progress } from "./cli.ts";
import type { At, ExecuteOptions } from "./jupyter/execute.ts";
import { read, savedIn } from "./jupyter/notebook.ts";
import { BESIDES, CHAIN, find, patience, runAll, withoutSample } from "./notebooks.ts";
import { type Compared, inAll, titleOf } from "./report/published.ts";
import { report } from "./report.ts";
import {
  fingerprint,
  inputsOf,
  type Kept,
  out,
  type Outcome,
  remember,
  remembered,
  reportInputs,
} from "./start/kept.ts";
import { writeTables } from "./tables.ts";

/** Says how far it is: in a terminal over the line before, in a file on a line of its own. */
function says(text: string): void {
  if (Deno.stderr.isTerminal()) progress(text);
  else if (text) console.error(text);
}

/** How often a file gets a line while a step goes on. */
const LINE_MS = 60_000;

/** Runs a step unless somebody stopped, prints how long it took and what it says. */
async function step(
  name: string,
  signal: AbortSignal,
  work: () => Promise<string>,
  standing: () => string = () => `${name} …`,
): Promise<void> {
  signal.throwIfAborted();
  const started = performance.now();
  const passed = () => ((performance.now() - started) / 1000).toFixed(1);
  progress(standing());
  const line = setInterval(() => says(`${standing()} (${passed()} s)`), LINE_MS);
  try {
    const said = await work();
    progress("");
    console.log(`${name.padEnd(12)} ${passed().padStart(6)} s  ${said}`);
  } finally {
    clearInterval(line);
  }
}

interface Asked {
  fresh: boolean;
  /** With the notebooks of the second study. */
  all: boolean;
}

async function start(
  { fresh, all }: Asked,
  limit: Pick<ExecuteOptions, "seconds">,
): Promise<number> {
  const signal = interruptible();
  await step("database", signal, async () => await database());
  await step("dataset", signal, async () => await dataset(fresh, signal));
  const study = await openDataset();
  const shared = await fingerprint(study);
  const kept: Kept = fresh ? { notebooks: [] } : remembered();
  const same = "from the same code and data (--fresh does all again)";

  if (kept.tables?.inputs !== shared) {
    // The tables take a second and the notebooks a minute: who waits has something to read.
    await step("tables", signal, async () => {
      kept.tables = { inputs: shared, compared: await tables(study) };
      return `${TABLE_NAMES.length} tables as CSV, Markdown and LaTeX in ${place("tables")}`;
    });
    remember(kept);
  } else console.log(`tables are there, ${same}`);

  const inputs = inputsOf(find([]), shared);
  kept.notebooks = kept.notebooks.filter(({ name, inputs: from }) =>
    [...inputs].some(([path, now]) => basename(path, ".ipynb") === name && now === from)
  );
  const asked = [...inputs.keys()].filter((path) => all || !BESIDES.test(basename(path)));
  const wanted = missing(asked, kept.notebooks);
  if (kept.notebooks.length) console.log(`${kept.notebooks.length} notebooks are there, ${same}`);
  if (wanted.length) {
    const running = new Running(wanted.length);
    await step("notebooks", signal, async () => {
      await notebooks(wanted, inputs, kept, limit, running);
      const ran = kept.notebooks.filter(({ name, failures }) =>
        !failures.length && wanted.some((path) => basename(path, ".ipynb") === name)
      );
      return `${ran.length} of ${wanted.length} executed into ${place("notebooks")}`;
    }, () => running.toString());
  }
  kept.notebooks.sort((a, b) => a.name.localeCompare(b.name));

  const from = await reportInputs(shared, kept.notebooks);
  if (kept.report !== from) {
    await step("report", signal, async () => await page(study, kept.notebooks));
    remember({ ...kept, report: from });
  } else console.log(`the report is there, ${same}`);
  await study.close();
  return summary(study, kept);
}

/** The notebooks that are not there; with one of those that continue one another all that follow it. */
function missing(paths: readonly string[], there: readonly Outcome[]): string[] {
  const lacks = (path: string) => there.every(({ name }) => name !== basename(path, ".ipynb"));
  const first = paths.find((path) => CHAIN.test(basename(path)) && lacks(path));
  return paths.filter((path) =>
    lacks(path) || (first !== undefined && CHAIN.test(basename(path)) && path > first)
  );
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
  const there = await openDataset().catch(() => null);
  await there?.close();
  let said: string;
  if (there && !(fresh && there.provenance.source === "reconstruction")) {
    // Data that a user restored are never replaced by the shipped ones.
    said = `${PUBLISHED} is restored already (${there.provenance.source})`;
  } else {
    const { tables } = await restore({
      force: there !== null,
      signal,
      onProgress: ({ table, rows }) => progress(`dataset      ${table}: ${whole(rows)}`),
    });
    const rows = tables.reduce((total, table) => total + table.rows, 0);
    said = `${whole(rows)} rows restored into ${PUBLISHED}`;
  }
  await migrate(settings().studySchema, "study");
  return said;
}

/** How far the notebooks are. */
class Running {
  #at = new Map<string, At>();
  #ended = 0;

  constructor(private readonly of: number) {}

  cell(at: At): void {
    const first = !this.#at.has(at.name);
    this.#at.set(at.name, at);
    if (first || Deno.stderr.isTerminal()) says(this.toString());
  }

  end(name: string, how: string): void {
    this.#at.delete(name);
    this.#ended += 1;
    says(`${this.#done()}: ${name}, ${how}`);
  }

  #done = (): string => `notebooks    ${this.#ended} of ${this.of} done`;

  toString(): string {
    const at = [...this.#at.values()];
    const cells = at.map(({ name, cell, cells }) => `${name}, cell ${cell} of ${cells}`);
    return [this.#done(), ...cells.length ? [`at ${cells.join("; ")}`] : []].join("; ");
  }
}

/** Executes notebooks; each that succeeds is kept at once, so that no other start executes it again. */
async function notebooks(
  paths: readonly string[],
  inputs: ReadonlyMap<string, string>,
  kept: Kept,
  limit: Pick<ExecuteOptions, "seconds">,
  running: Running,
): Promise<void> {
  await withoutSample(paths);
  const names = paths.map((path) => basename(path, ".ipynb"));
  kept.notebooks = kept.notebooks.filter(({ name }) => !names.includes(name));
  // Of what ran before with other code or data nothing is shown any more.
  for (const name of names) {
    const papers = papersOf(name);
    if (papers) await Deno.remove(out(papers), { recursive: true }).catch(() => {});
    await Deno.remove(out("notebooks", `${name}.ipynb`)).catch(() => {});
  }
  const options = { out: out("notebooks"), onCell: (at: At) => running.cell(at), ...limit };
  await runAll(paths, options, ({ name, seconds, failures }) => {
    const path = paths.find((path) => basename(path, ".ipynb") === name)!;
    const papers = papersOf(name);
    kept.notebooks.push({ name, inputs: inputs.get(path)!, seconds, papers, failures });
    remember(kept);
    running.end(name, failures.length ? `FAILED: ${failures[0]}` : `${seconds.toFixed(0)} s`);
  });
}

/** The folder in `out` to which a notebook saved files for a paper when it was executed last. */
function papersOf(name: string): string | null {
  const ran = out("notebooks", `${name}.ipynb`);
  return existsSync(ran) ? savedIn(read(ran)) : null;
}

/** Writes the tables and compares each with the paper's. */
async function tables(study: Dataset): Promise<Compared[]> {
  const written = await writeTables(study, out("tables"), TABLE_NAMES, "printed");
  const failed = written.filter(({ error }) => error !== null);
  if (failed.length) {
    throw new Error(failed.map(({ name, error }) => `${name}: ${error}`).join("\n"));
  }
  return await Promise.all(TABLE_NAMES.map(async (name) => {
    const { cells: _, ...compared } = compare(name, await build(name, study));
    return { name, ...compared };
  }));
}

async function page(study: Dataset, outcomes: readonly Outcome[]): Promise<string> {
  const executed = outcomes.filter(({ failures }) => !failures.length).map(({ name }) => ({
    name,
    notebook: read(out("notebooks", `${name}.ipynb`)),
  }));
  const gaps = outcomes.filter(({ failures }) => failures.length);
  await Deno.writeTextFile(out("report.html"), await report(study, executed, gaps));
  return place("report.html") +
    (gaps.length ? `, in which ${gaps.length} notebooks are missing` : "");
}

/** Prints what there is, table by table and notebook by notebook; the exit status. */
function summary(study: Dataset, { tables, notebooks }: Kept): number {
  const { compared } = tables!;
  console.log("\ntable                    cells agreeing / printed");
  for (const { name, agree, printed, absent } of compared) {
    const none = absent ? "none of its models is here" : "nothing to compare";
    const cells = printed ? `${agree} / ${printed}` : none;
    console.log(`${titleOf(name).padEnd(24)} ${cells}`);
  }
  for (const one of compared.filter(({ differing }) => differing.length)) {
    console.log(`\n${titleOf(one.name)}: ${verdictText(one)}`);
  }
  const width = Math.max(...notebooks.map(({ name }) => name.length));
  console.log(`\n${"notebook".padEnd(width)}  seconds`);
  for (const { name, seconds, failures } of notebooks) {
    const said = failures.length ? "  FAILED" : "";
    console.log(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}${said}`);
  }
  const how = byNpx(Deno.execPath());
  if (how) console.log(`\n${how}`);
  console.log(
    `\ntables ${place("tables")} · for a paper ${place("papers")} · ${place("report.html")}`,
  );
  console.log(bannerOf(study.provenance));
  const gaps = notebooks.filter(({ failures }) => failures.length);
  for (const { name, failures } of gaps) {
    console.error(`Missing: ${name}`);
    for (const failure of failures) console.error(`  ${failure}`);
  }
  if (gaps.length) console.error("When that is mended: deno task start (what is done is kept)");
  console.log(verdictText({ ...inAll(compared), differing: [] }));
  return gaps.length ? 1 : 0;
}

if (import.meta.main) {
  await main(
    {
      usage: "deno task start [--all] [--fresh] [--minutes N]",
      help:
        `Brings up PostgreSQL, restores the dataset if none is there, executes the notebooks, writes the tables,
the files for a paper and the report to out/, and says how many printed cells agree with the paper.

What is already done is not done again. A notebook that fails is a gap in the report, and the next start
tries it again. A model that may cost money is never asked: a notebook that would ask one fails, and says
how to run it on purpose.

  --all        with the notebooks of the second study, 40 and up, whose outputs are stored
  --fresh      do all of it again; the shipped dataset is restored anew, data of your own are kept
  --minutes N  give a notebook up that shows nothing for so long: 60 without it

Exit status: 0 done, 1 something is missing, 2 wrong arguments`,
      flags: {
        all: { type: "boolean", default: false },
        fresh: { type: "boolean", default: false },
        minutes: { type: "string" },
      },
      again: "what is done is not done again",
    },
    async ({ all, fresh, minutes }) =>
      await start({ all: Boolean(all), fresh: Boolean(fresh) }, patience(minutes)),
  );
}
