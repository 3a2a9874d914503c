/** Runs the notebooks, each in a fresh kernel: `deno task notebooks [NAME …]`. */
import { basename, dirname, join } from "node:path";
import { ROOT } from "lib/config.ts";
import { connect } from "lib/db.ts";
import { nearest } from "lib/format.ts";
import { advice, main, UsageError } from "./cli.ts";
import { execute, type ExecuteOptions, type Fault } from "./jupyter/execute.ts";
import { Interrupted } from "./jupyter/kernel.ts";
import {
  canonical,
  type Notebook,
  place,
  read,
  showing,
  source,
  stringify,
  text,
} from "./jupyter/notebook.ts";

export interface RunOptions extends ExecuteOptions {
  /** Write nothing; a notebook that would change is a failure. */
  check?: boolean;
  /** Where to write; without it in place, and only what ran without failure. */
  out?: string;
}

export interface Done {
  /** File name without its ending. */
  name: string;
  seconds: number;
  /** What the last verdict, or the last showing cell, says. */
  verdict: string;
  written: boolean;
  /** One line each; none when the notebook ran well. */
  failures: string[];
}

/**
 * The notebooks whose names start with one of the words, or all; sorted by name.
 *
 * @throws {UsageError} when there is none
 */
export function find(words: readonly string[], folder = join(ROOT, "notebooks")): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  const wanted = words.map((word) => basename(word, ".ipynb"));
  const all = names.filter((name) => name.endsWith(".ipynb") && !name.startsWith("."));
  const found = all.filter((name) =>
    wanted.length === 0 || wanted.some((word) => name.startsWith(word))
  );
  // A word that fits none is a slip, also beside others that fit.
  const wrong = wanted.find((word) => !all.some((name) => name.startsWith(word)));
  if (wrong !== undefined && all.length) {
    const near = nearest(wrong, all.map((name) => name.slice(0, wrong.length)));
    const name = basename(all.find((name) => name.startsWith(near))!, ".ipynb");
    throw new UsageError(`No notebook has a name like ${wrong}: did you mean ${name}?`);
  }
  if (found.length === 0) {
    const given = words.join(" or ") || "*.ipynb";
    throw new UsageError(`No notebook in ${place(folder)} has a name like ${given}`);
  }
  return found.map((name) => join(folder, name));
}

/** Notebooks that continue one another: personas, their answers, what became of both. */
export const CHAIN = /^0[345][abc]?_/;

/** Notebooks of the second study, opinions, and of validity: start leaves them out unless told otherwise. */
export const BESIDES = /^[45]\d_/;

/** Notebooks that simulate and draw for long; begun first, they do not keep all others waiting. */
export const LONG = /^3\d_/;

/** The schemas in which notebooks make a sample, by the beginning of the notebook that makes it. */
const SAMPLES = [
  ["03a_", "demo"],
  ["06_", "street"],
  ["41_", "freedoms"],
  ["42_", "opinions"],
  ["43_", "alignment"],
  ["44_", "elections"],
  ["45_", "ladder"],
  ["46_", "texts"],
  ["47_", "bridge"],
  ["50_", "order"],
  ["51_", "settings"],
  ["53_", "doses"],
  ["53_", "copying"],
  ["54_", "swaps"],
  ["55_", "people"],
] as const;

/**
 * Runs notebooks two at a time and hands each to `onDone` as it ends; those that continue one another
 * run in order.
 *
 * @returns all of them, in the order in which they ended
 * @throws {Interrupted} on SIGINT and its like, when all kernels are gone
 */
export async function runAll(
  paths: readonly string[],
  options: RunOptions = {},
  onDone: (done: Done) => void = () => {},
): Promise<Done[]> {
  const all: Done[] = [];
  await twoAtATime(paths, async (path) => {
    const done = await runOne(path, options);
    all.push(done);
    onDone(done);
  });
  return all;
}

/**
 * Does something with notebooks, two at a time; those that continue one another come one after another.
 *
 * @throws what the first of them throws, when the other has ended; no other begins
 */
export async function twoAtATime(
  paths: readonly string[],
  one: (path: string) => Promise<void>,
): Promise<void> {
  const chained = (path: string) => CHAIN.test(basename(path));
  const chain = paths.filter(chained).toSorted();
  const long = (path: string) => Number(!LONG.test(basename(path)));
  const others = paths.filter((path) => !chained(path))
    .toSorted((a, b) => long(a) - long(b)).map((path) => [path]);
  const queue = chain.length ? [chain, ...others] : others;
  const work = async () => {
    for (let some = queue.shift(); some; some = queue.shift()) {
      for (const path of some) await one(path);
    }
  };
  const empty = (reason: unknown) => {
    queue.length = 0;
    throw reason;
  };
  const workers = await Promise.allSettled([work().catch(empty), work().catch(empty)]);
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
}

/**
 * Takes the samples of the notebooks of studies away, so that they make them anew and show the same as
 * the first time; with a single reply of a real model in it, a sample stays.
 */
export async function withoutSample(paths: readonly string[]): Promise<void> {
  const samples = SAMPLES.filter(([begins]) =>
    paths.some((path) => basename(path).startsWith(begins))
  );
  if (!samples.length) return;
  const sql = await connect("owner");
  try {
    for (const [, schema] of samples) {
      const [found] = await sql`
        select to_regclass(${`${schema}.cells`}) is not null
           and to_regclass(${`${schema}.profiles`}) is not null as there`;
      if (!found!.there) continue;
      const [real] = await sql`
        select from ${sql(schema)}.cells where model->>'provider' not like 'simulated%' limit 1`;
      if (!real) await sql`drop schema ${sql(schema)} cascade`;
    }
  } finally {
    await sql.end();
  }
}

async function runOne(path: string, options: RunOptions): Promise<Done> {
  const name = basename(path, ".ipynb");
  const started = performance.now();
  try {
    const before = await Deno.readTextFile(path);
    const { notebook, seconds, failures, problems } = await execute(path, options);
    const said = [...failures, ...problems].map((fault) => describe(path, fault));
    if (options.check && said.length === 0) said.push(...changed(path, notebook));
    const target = options.out ? join(options.out, basename(path)) : path;
    const written = !options.check && (options.out !== undefined || said.length === 0) &&
      await write(target, stringify(notebook), { path, before });
    return { name, seconds, verdict: verdict(notebook), written, failures: said };
  } catch (error) {
    if (error instanceof Interrupted || !(error instanceof Error)) throw error;
    const seconds = (performance.now() - started) / 1000;
    return { name, seconds, verdict: "", written: false, failures: [error.message] };
  }
}

const describe = (path: string, { cell, line, ename, evalue }: Fault): string =>
  `${place(path)} cell ${cell} (${line}): ${ename}: ${evalue}`;

/** The first cell whose stored outputs are not those of the run. */
function changed(path: string, after: Notebook): string[] {
  const before = canonical(read(path)).cells.map(stringify);
  const index = after.cells.findIndex((cell, i) => stringify(cell) !== before[i]);
  if (index < 0) return [];
  const line = source(after.cells[index]!).trim().split("\n")[0]!;
  const evalue = "Its outputs differ from the stored ones: run `deno task notebooks`";
  return [describe(path, { cell: index + 1, line, ename: "Changed", evalue })];
}

/**
 * Writes a notebook in one step, when its text is new.
 *
 * @throws {Error} when somebody edited the notebook while it ran
 */
async function write(target: string, text: string, ran: { path: string; before: string }) {
  if (await Deno.readTextFile(ran.path) !== ran.before) {
    throw new Error(`${place(ran.path)} was edited while it ran: run it again`);
  }
  const stored = await Deno.readTextFile(target).catch(() => null);
  if (stored === text) return false;
  await Deno.mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${Deno.pid}.tmp`;
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, target);
  return true;
}

function verdict({ cells }: Notebook): string {
  const shown = cells.filter(showing);
  const last = shown.findLast((cell) => source(cell).includes("await verdict(")) ?? shown.at(-1);
  const output = last?.outputs?.at(-1);
  const plain = output && "data" in output ? output.data["text/plain"] : undefined;
  return text((plain ?? "") as string | string[]).trim().split("\n")[0]!;
}

/** The flag `--minutes`: how long a notebook may show nothing, in seconds; the usual without it. */
export function patience(minutes: unknown): Pick<ExecuteOptions, "seconds"> {
  if (minutes === undefined) return {};
  const seconds = Number(minutes) * 60;
  // Longer than three weeks no timer runs.
  if (seconds > 0 && seconds < 2 ** 31 / 1000) return { seconds };
  throw new UsageError(`--minutes is a number above 0: current value is ${minutes}`);
}

function report({ name, seconds, verdict, failures }: Done): void {
  const time = `${seconds.toFixed(1)} s`.padStart(8);
  console.log(`${name.padEnd(36)}${time}  ${failures.length > 0 ? "FAILED" : verdict}`.trimEnd());
  for (const failure of failures) console.error(`  ${failure}`);
}

if (import.meta.main) {
  await main({
    usage: "deno task notebooks [NAME …] [--check | --out DIR] [--minutes N] [--paid]",
    help: `Runs all notebooks, or those whose names start with the given words, and stores their
outputs in them. A notebook that fails is left as it was.

  --check      write nothing; fail when an output differs from the stored one
  --out DIR    write into another folder, failed notebooks too
  --minutes N  give a notebook up that shows nothing for so long: 60 without it
  --paid       ask models that may cost money, too, within the budget that stands in the notebook;
               without it a notebook that would ask one fails, and says so`,
    flags: {
      check: { type: "boolean" },
      out: { type: "string" },
      minutes: { type: "string" },
      paid: { type: "boolean", default: false },
    },
    words: true,
    again: "a notebook is written only when it has run well",
  }, async ({ check, out, minutes, paid }, words) => {
    if (check && out) throw new UsageError("--check writes nothing: leave out --out");
    if (paid && !words.length) throw new UsageError("--paid wants the name of the notebook");
    const options = {
      check: check === true,
      out: out ? String(out) : undefined,
      paid: paid === true,
      ...patience(minutes),
    };
    const paths = find(words);
    await withoutSample(paths);
    const all = await runAll(paths, options, report);
    const failed = all.filter(({ failures }) => failures.length > 0).map(({ name }) => name);
    if (!failed.length) return 0;
    const what = advice(all.flatMap(({ failures }) => failures).join("\n")).trim();
    if (what) console.error(what);
    console.error(`When that is mended: deno task notebooks ${failed.toSorted().join(" ")}`);
    return 1;
  });
}
