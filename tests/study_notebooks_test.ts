/**
 * The notebooks of a study, run on the kernel: the sample, stopping and going on, and the tables of the
 * sample by changing one line.
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { ROOT, settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { openDataset } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { model } from "lib/llm.ts";
import { openStudy, personas } from "lib/study.ts";
import { build } from "lib/paper/tables.ts";
import { z } from "zod";
import { execute } from "../scripts/jupyter/execute.ts";
import { type Cell, type Notebook, read, source } from "../scripts/jupyter/notebook.ts";
import { find, runAll, withoutSample } from "../scripts/notebooks.ts";
import { atNight, nightly } from "./command.ts";
import { as, restored } from "./data.ts";
import { provider } from "./llm_server.ts";
import { Folder } from "./made.ts";

const STUDY = ["03a_plan", "03b_try", "03c_run", "04_administer", "05_data_quality"];
/** Replies of trials: in 03b two prompts, two conditions, three profiles; in 04 a prompt on two. */
const TRIED = 14;
const SIMULATED = model("simulated").label;

const path = (name: string): string => join(ROOT, "notebooks", `${name}.ipynb`);

const plain = (cell: Cell): string =>
  (cell.outputs ?? []).map((output) =>
    "data" in output ? [output.data["text/plain"] ?? ""].flat().join("") : output.output_type
  ).join("\n");

const shown = ({ cells }: Notebook): string => cells.map(plain).join("\n");

async function ran(path: string): Promise<Notebook> {
  const { notebook, failures, problems } = await execute(path, { paid: true });
  assert.deepEqual([...failures, ...problems], []);
  return notebook;
}

/** Runs a notebook made of these cells. */
async function made(...texts: string[]): Promise<Notebook> {
  using folder = new Folder(ROOT);
  return await ran(folder.write("03_made.ipynb", texts));
}

const count = async (table: string): Promise<number> => {
  const [row] = await as("owner", (sql) => sql`select count(*)::int as n from ${sql(table)}`);
  return row!.n;
};

atNight(
  "two that run 03a to 03c at once on one schema, from nothing, ask nothing twice",
  async () => {
    await restored(PUBLISHED);
    const paths = STUDY.slice(0, 3).map(path);
    await withoutSample(paths);
    const folders = [new Folder(), new Folder()];
    const both = await Promise.all(
      folders.map(({ path }) => runAll(paths, { out: path })),
    );
    for (const folder of folders) folder[Symbol.dispose]();
    assert.deepEqual(both.flat().flatMap(({ failures }) => failures), []);
    assert.equal(await count("demo.personas"), 360);
    // 360 personas, and a prompt beside its edit tried on three profiles under two conditions.
    assert.equal(await count("demo.requests"), 372);
  },
);

Deno.test("notebooks 03a to 05 run from nothing, and show what is stored in them", async () => {
  await restored(PUBLISHED);
  const paths = STUDY.map(path);
  await withoutSample(paths);
  const all = await runAll(paths, { check: true });
  assert.deepEqual(all.flatMap(({ failures }) => failures), []);
  assert.equal(await count("demo.personas"), 360);
  assert.equal(await count("demo.administrations"), 360);
  assert.equal(await count("demo.requests"), 720 + TRIED);
});

Deno.test("run again they ask nothing again, and say so", async () => {
  const before = await as("owner", (sql) => sql`select max(created) as at from demo.requests`);
  for (const name of STUDY) {
    const text = shown(await ran(path(name)));
    assert.match(text, /profiles of the reconstruction; simulated, no model was asked: Simulated/);
    assert.doesNotMatch(text, / · Data: /);
    if (name === "03c_run") {
      assert.match(text, /360 of 360 done, 0 failed\n {2}Finished: nothing is left to do/);
    }
  }
  assert.equal(await count("demo.requests"), 720 + TRIED);
  const after = await as("owner", (sql) => sql`select max(created) as at from demo.requests`);
  assert.deepEqual(after, before);
});

Deno.test("with a model that costs money they ask nothing before there is a budget, and show", async () => {
  await restored(PUBLISHED);
  const server = provider({ keep: false });
  const [PLAN, TRY, RUN, ASK, QUALITY] = STUDY as [string, string, string, string, string];
  const priced = `{ input: 1, output: 2, as_of: "2026-11-21", source: "made up" }`;
  const mine = `{ ...model("vllm-llama31"), id: "mine", label: "Mine", base_url: "${server.url}/v1",
    price: ${priced} }`;
  using folder = new Folder(ROOT);
  const shownWith = async (name: string, budget: string) => {
    const lines = [
      [`schema = "demo"`, `schema = "study_priced"`],
      ...name === PLAN ? [[`[model("simulated")]`, `[${mine}]`]] : [],
      ...name === PLAN || name === QUALITY ? [] : [["budget = { usd: 0 }", `budget = ${budget}`]],
    ] as const;
    const { cells } = read(path(name));
    const text = cells.map(source).join("\n");
    for (const [line] of lines) assert.equal(text.split(line!).length, 2, line);
    const changed = cells.map((cell) => ({
      ...cell,
      source: lines.reduce((text, [from, to]) => text.replace(from!, to!), source(cell)),
    }));
    return shown(await ran(folder.write(`${name}.ipynb`, changed)));
  };
  const asked = () => server.tally().requests;

  const price = /^mine +360 +540 +450 +0 +220 +1200 +0\.52 +\d\.\d\d /m;
  assert.match(await shownWith(PLAN, ""), price);
  assert.match(await shownWith(TRY, "{ usd: 0 }"), /Still to ask: 12 calls/);
  const unasked = await shownWith(RUN, "{ usd: 0 }");
  assert.match(unasked, price);
  assert.match(unasked, /0 of 360 done, .*\n {2}No further call fits into the budget: raise it/);
  await shownWith(QUALITY, "");
  assert.equal(asked(), 0);

  await shownWith(TRY, "{ usd: 5 }");
  assert.equal(asked(), 12);
  assert.match(await shownWith(RUN, "{ usd: 5 }"), /360 of 360 done, 0 failed/);
  assert.equal(asked(), 372);
  assert.match(await shownWith(ASK, "{ usd: 0 }"), /0 of 180 done/);
  assert.equal(asked(), 372);
  const sheets = await shownWith(ASK, "{ calls: 1000 }");
  assert.equal(sheets.match(/180 of 180 done, 0 failed/g)!.length, 2);
  assert.equal(asked(), 720 + TRIED);
  assert.match(
    await shownWith(QUALITY, ""),
    /^administrations +bigfive +Mine +Base +60 +60 +60 /m,
  );
  await server.close();
});

const LINE = `openDataset({ schema: "${PUBLISHED}" })`;
const TABLES = find(["1", "2"]).filter((path) => /^(1[1-6]|2[4-7])_/.test(basename(path)));

/** Tables of models that none of the sample's is printed beside. */
const OTHERS = ["12_table2", "13_table3"];

/** One of shares and one of scores; nightly the others, too. */
const EACH = /^(11|14)_/;

for (const table of TABLES.filter((path) => nightly || EACH.test(basename(path)))) {
  const name = basename(table, ".ipynb");
  Deno.test(`${name} runs on the sample by changing one line`, async () => {
    const original = read(table);
    const lines = original.cells.map(source).join("\n").split(LINE).length - 1;
    assert.equal(lines, 1);
    using folder = new Folder(ROOT);
    const changed = original.cells.map((cell) => ({
      ...cell,
      source: source(cell).replace(LINE, `openDataset({ schema: "demo" })`),
    }));
    const notebook = await ran(folder.write(basename(table), changed));
    const text = shown(notebook);
    assert.match(text, /^Data: own study, .* no model was asked: Simulated/m);
    assert.doesNotMatch(text, /Data: reconstruction/);
    assert.match(text, /None of the \d+ printed cells can be compared/);
    assert.doesNotMatch(text, /of 0 compared|shipped reconstruction|[Ii]n the reconstruction/);
    assert.doesNotMatch(text, /NaN|undefined(?! draws)|\[object/);
    if (OTHERS.some((other) => name.startsWith(other))) return;
    const laidOut = notebook.cells.map(plain).find((text) => /^Table A?\d\. /.test(text))!;
    assert.ok(laidOut.includes(SIMULATED), laidOut);
    assert.match(laidOut, /\d\.\d/);
    // Files for a paper say of what they are, too.
    if (!text.includes("For a paper: ")) return;
    const papers = join(settings().outDir, "papers", "demo", name);
    const figures = [...Deno.readDirSync(papers)].filter((file) => file.name.endsWith(".svg"));
    for (const { name } of figures) {
      const svg = await Deno.readTextFile(join(papers, name));
      assert.match(svg, /<!-- .*Data: own study, .*Simulated/);
    }
  });
}

Deno.test("the sample's dose lies between Base and MaxN, and errors are one in ten", async () => {
  const study = await openDataset({ schema: "demo" });
  const table = await build("table4", study);
  const agreement = await build("tableA6", study);
  await study.close();
  const Cell = z.object({ condition: z.string(), scale: z.string(), mean: z.number() });
  const n = new Map(
    rows(table, Cell).filter(({ scale }) => scale === "N")
      .map(({ condition, mean }) => [condition, mean]),
  );
  assert.ok(n.get("Base")! < n.get("N=3")! && n.get("N=3")! < n.get("MaxN")!, `${[...n]}`);
  const Agreed = z.object({ metric: z.string(), value: z.number().nullable() });
  const accuracies = rows(agreement, Agreed).filter(({ metric }) => metric === "accuracy");
  assert.ok(accuracies.length >= 4);
  // 360 answers on each scale, wrong with probability 0.1: SE 1.6 points.
  for (const { value } of accuracies) assert.ok(Math.abs(value! - 90) < 5, `${value}`);
});

const SAMPLE = (schema: string, profiles: number, rest = "") =>
  `import { model } from "lib/llm.ts";
import { begin, ended, show } from "lib/notebook.ts";
import "lib/paper/published.ts";
import { openStudy, personas } from "lib/study.ts";
const lab = await openStudy({ schema: "${schema}" });
await lab.population();
const plan = personas({ models: [model("simulated")], profiles: ${profiles}, name: "p"${rest} });
const run = await lab.register(plan);`;

Deno.test("a run goes on while other cells run, in one display, and can be stopped", async () => {
  await restored(PUBLISHED);
  const notebook = await made(
    SAMPLE("study_stopped", 826, ", repetitions: 40"),
    `await begin(lab, run);`,
    `const heard = await Promise.race([ended(lab, run), Promise.resolve("not yet")]);`,
    // Also where the run, which waits for its cell's end, has yet to begin.
    `await lab.stop(run);`,
    `const { ended: why, done } = await ended(lab, run);`,
    `import { frame } from "lib/frames.ts";
await show(frame([{ heard, why, done }], { heard: "text", why: "text", done: "integer" }), "End");`,
    `await begin(lab, run, { limit: 5 });`,
    `await ended(lab, run);`,
    `await lab.close();`,
  );
  const [, first, , , , end, again] = notebook.cells;
  assert.equal(first!.outputs!.length, 1);
  assert.match(plain(first!), /^p: [\d,]+ of 99,120 done, 0 failed, [\d,]+ left\n {2}Stopped: run/);
  assert.match(plain(end!), /not yet +stopped +\d+/);
  assert.match(plain(again!), /As much as it was to do is done: run the cell again to go on/);
  const done = Number(/stopped +(\d+)/.exec(plain(end!))![1]);
  assert.equal(await count("study_stopped.personas"), done + 5);
});

Deno.test("Jupyter's stop button, a signal, stops the runs of the kernel and leaves it alive", async () => {
  await restored(PUBLISHED);
  const notebook = await made(
    SAMPLE("study_button", 826, ", repetitions: 40"),
    `await begin(lab, run);`,
    `Deno.kill(Deno.pid, "SIGINT");`,
    `const { ended: why, done } = await ended(lab, run);`,
    `import { frame } from "lib/frames.ts";
await show(frame([{ why, done }], { why: "text", done: "integer" }), "End");`,
    `await begin(lab, run, { limit: 5 });`,
    `await ended(lab, run);`,
    `await lab.close();`,
  );
  const [, first, , , end] = notebook.cells;
  assert.match(plain(first!), /\n {2}Stopped: run the cell again to go on/);
  const done = Number(/stopped +(\d+)/.exec(plain(end!))![1]);
  assert.equal(await count("study_button.personas"), done + 5);
});

Deno.test("begin() twice works on the run once; a run that cannot begin says why in its cell", async () => {
  await restored(PUBLISHED);
  const notebook = await made(
    SAMPLE("study_twice", 826),
    `await begin(lab, run);`,
    `await begin(lab, run);`,
    `await ended(lab, run);`,
    `await lab.close();`,
  );
  const text =
    /^p: 2,478 of 2,478 done, 0 failed\n {2}Finished: nothing is left to do\n {2}Spent: 2,478 c/;
  assert.match(plain(notebook.cells[2]!), text);
  const workers = await as("owner", (sql) => sql`select from study_twice.workers`);
  assert.equal(workers.length, 1);

  using folder = new Folder(ROOT);
  const costly = folder.write("03_costly.ipynb", [
    SAMPLE("study_costly", 1).replace(`"simulated"`, `"gpt4o"`),
    `await begin(lab, run);`,
  ]);
  const { failures } = await execute(costly, { paid: true });
  assert.equal(failures.length, 1);
  assert.equal(failures[0]!.line, "await begin(lab, run);");
  assert.match(failures[0]!.evalue, /gpt4o, which may cost money, and has no budget/);
});

Deno.test("a cell shows the page of a prompt with a plain link, and it ends with the kernel", async () => {
  await restored(PUBLISHED);
  const notebook = await made(
    SAMPLE("study_page", 2),
    `import { studio } from "lib/notebook.ts";
await studio(lab, plan);`,
  );
  const [output, ...others] = notebook.cells[1]!.outputs!;
  assert.deepEqual(others, []);
  const html = "data" in output! ? [output.data["text/html"]].flat().join("") : "";
  const [, url] = /<iframe src="(http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{64}\/)"/.exec(html)!;
  assert.ok(html.includes(`<a href="${url}"`));
  await assert.rejects(() => fetch(url!), TypeError);
});

Deno.test("outside a notebook the end of a run is printed once, and nothing on the way", async () => {
  await restored(PUBLISHED);
  const code = `${SAMPLE("study_printed", 30)}
await begin(lab, run);
await ended(lab, run);
await lab.close();
await ended(lab, "other").catch((error) => console.log(error.message));`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    cwd: ROOT,
  });
  const { stdout, stderr, success } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.match(
    new TextDecoder().decode(stdout),
    /^p: 90 of 90 done, 0 failed\n {2}Finished: .*\n {2}Spent: 90 calls .*\nData: .*\nRun other has not been begun here: .*\n$/,
  );
});

Deno.test("the sample is made anew, unless one of its models is real", async () => {
  await restored(PUBLISHED);
  const there = async () => {
    const [row] = await as("owner", (sql) => sql`select to_regclass('demo.runs') as name`);
    return row!.name !== null;
  };
  const lab = await openStudy({ schema: "demo" });
  await lab.population();
  await lab.register(personas({ models: [model("simulated")], profiles: 1, name: "mine" }));
  await withoutSample([path("14_table4_personality")]);
  assert.ok(await there());
  await lab.register(personas({ models: [model("gpt4o")], profiles: 1, name: "real" }));
  await withoutSample([path("03a_plan")]);
  assert.ok(await there());
  await as("owner", async (sql) => {
    await sql`delete from demo.work where run = (select run from demo.runs where name = 'real')`;
    await sql`delete from demo.cells where model_id = 'gpt4o'`;
  });
  await withoutSample([path("03a_plan")]);
  assert.ok(!await there());
  await withoutSample([path("03a_plan")]);
  await lab.close();
});
