/** `deno task start` in a copy of the project: what it asks, what it keeps, what it says is missing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { complete, type Model } from "lib/llm.ts";
import { personas } from "lib/study.ts";
import { read, source } from "../scripts/jupyter/notebook.ts";
import { checkout } from "./checkout.ts";
import { type Ended, ended } from "./command.ts";
import { restored } from "./data.ts";
import { provider } from "./llm_server.ts";
import { Folder, notebook } from "./made.ts";
import { Made, served } from "./study_worker.ts";

/** A copy of the project with a few notebooks, which start has the tests' data for. */
class Copy implements Disposable {
  readonly #folder = new Folder();
  readonly path = join(this.#folder.path, "copy");

  constructor(kept: readonly string[]) {
    checkout(this.path);
    for (const { name } of [...Deno.readDirSync(join(this.path, "notebooks"))]) {
      if (/\.ipynb$/.test(name) && !kept.includes(name)) Deno.removeSync(this.file(name));
    }
  }

  file(name: string): string {
    return join(this.path, "notebooks", name);
  }

  /** Replaces lines of a notebook as somebody would in Jupyter. */
  edit(name: string, lines: Readonly<Record<string, string>>): void {
    const { cells } = read(this.file(name));
    const all = cells.map(source).join("\n");
    for (const from of Object.keys(lines)) assert.equal(all.split(from).length, 2, from);
    const edited = cells.map((cell) => ({
      ...cell,
      source: Object.entries(lines).reduce(
        (text, [from, to]) => text.replace(from, to),
        source(cell),
      ),
    }));
    Deno.writeTextFileSync(this.file(name), notebook(edited));
  }

  out(...parts: string[]): string {
    return Deno.readTextFileSync(join(this.path, "out", ...parts));
  }

  async run(script: string, ...args: string[]): Promise<Ended> {
    return await ended(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", `scripts/${script}.ts`, ...args],
        cwd: this.path,
        env: { DATA_DIR: settings().dataDir, OUT_DIR: "out", MODELS_FILE: "" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const SCHEMA = { [`schema = "demo"`]: `schema = "start_paid"` };
/** Notebook 03a with a model that has a price, and 03c with a budget. */
const paying = (url: string) => ({
  ...SCHEMA,
  [`const models = [model("simulated")];`]: `const models = [{ ...model("vllm-llama31"),
    id: "mine", label: "Mine", base_url: "${url}/v1",
    price: { input: 1, output: 2, as_of: "2026-11-21", source: "made up" } }];`,
});
const BUDGET = { ...SCHEMA, [`const budget = { usd: 0 };`]: `const budget = { calls: 10 };` };

Deno.test("start asks no model that may cost money; what failed is a gap, what succeeded is kept", async () => {
  await restored(PUBLISHED);
  const server = provider({ keep: false });
  using copy = new Copy(["00_setup.ipynb", "03a_plan.ipynb", "03c_run.ipynb"]);
  copy.edit("03a_plan.ipynb", paying(server.url));
  copy.edit("03c_run.ipynb", BUDGET);
  const broken = copy.file("17_broken.ipynb");
  Deno.writeTextFileSync(
    broken,
    notebook([{ cell_type: "code", metadata: {}, source: `throw new Error("Too far")` }]),
  );

  const first = await copy.run("start");
  assert.equal(server.tally().requests, 0);
  assert.equal(first.code, 1, first.out + first.err);
  assert.match(first.out, /^notebooks +\d+\.\d s {2}2 of 4 executed into out\/notebooks$/m);
  assert.match(first.out, /^Table 6 +60 \/ 60$/m);
  assert.match(first.out, /^910 of 910 printed cells agree$/m);
  // What goes on is said where nobody sees a terminal, too.
  assert.match(first.err, /^notebooks +\d of 4 done: 00_setup, \d+ s$/m);
  const purposely = "deno task notebooks 03c_run --paid";
  const why = new RegExp(`mine may cost money, and here only .*: ${purposely}`);
  assert.match(first.err, why);
  assert.match(first.err, /^Missing: 17_broken\n.*Error: Too far$/m);
  const page = copy.out("report.html");
  assert.match(page, /What is missing here[\s\S]*03c_run[\s\S]*17_broken/);
  assert.match(page, why);
  assert.match(page, /910 of 910 printed cells agree/);
  assert.ok(copy.out("tables", "table6.csv"));

  // Mended, it alone is executed; 03c is tried again, and asks as little.
  const setUp = await Deno.stat(join(copy.path, "out", "notebooks", "00_setup.ipynb"));
  Deno.writeTextFileSync(broken, notebook([{ cell_type: "code", metadata: {}, source: "1;" }]));
  const second = await copy.run("start");
  assert.equal(second.code, 1, second.out + second.err);
  assert.match(second.out, /^2 notebooks are there, from the same code and data/m);
  assert.match(second.out, /1 of 2 executed/);
  const after = await Deno.stat(join(copy.path, "out", "notebooks", "00_setup.ipynb"));
  assert.deepEqual(after.mtime, setUp.mtime);
  assert.doesNotMatch(copy.out("report.html"), /Too far/);
  assert.equal(server.tally().requests, 0);

  // On purpose it asks, as much as its own budget allows.
  const refused = await copy.run("notebooks", "03");
  assert.equal(refused.code, 1);
  assert.match(refused.err, why);
  assert.equal(server.tally().requests, 0);
  assert.equal((await copy.run("notebooks", "--paid")).code, 2);
  const paid = await copy.run("notebooks", "03", "--paid", "--out", "out/paid");
  assert.doesNotMatch(paid.err, /may cost money/);
  assert.ok(
    server.tally().requests > 0 && server.tally().requests <= 20,
    `${server.tally().requests}`,
  );
  await server.close();

  // Nothing is done twice where nothing changed.
  for (const name of ["03a_plan.ipynb", "03c_run.ipynb"]) Deno.removeSync(copy.file(name));
  const third = await copy.run("start");
  assert.equal(third.code, 0, third.out + third.err);
  assert.doesNotMatch(third.out, / executed into /);
  assert.doesNotMatch(copy.out("report.html"), /What is missing here/);
  const fourth = await copy.run("start");
  assert.match(fourth.out, /^the report is there, from the same code and data/m);
});

Deno.test("where only what costs nothing is asked, every way to a model keeps to it", async () => {
  const server = provider({ keep: false });
  const priced = served(server.url, 4), free = { input: 0, output: 0, as_of: "", source: "mine" };
  const messages = [{ role: "user", content: "Hello" }] as const;
  await using made = await Made.with("start_free", 4);
  const { lab } = made;
  const of = (models: Model[]) => personas({ models, conditions: ["Base"], name: models[0]!.id });
  const refused = /^own may cost money, .* To ask it on purpose: say so$/;
  Deno.env.set("FREE_ONLY", "say so");
  try {
    for (const model of [priced, { ...priced, price: null }]) {
      await assert.rejects(() => complete(model, { messages }), {
        name: "CallError",
        message: refused,
      });
    }
    const run = await lab.register(of([priced]));
    const budget = { calls: 100 };
    await assert.rejects(() => lab.run(run, { budget }), { name: "RunError", message: refused });
    const trial = { profiles: [1], budget };
    await assert.rejects(() => lab.tried(of([priced]), trial), {
      name: "RunError",
      message: refused,
    });
    assert.equal(server.tally().requests, 0);
    const booked = "select calls, lost_calls, usd, lost_usd from runs where kind = 'personas'";
    assert.deepEqual(await made.rows(booked), [{ calls: 0, lost_calls: 0, usd: 0, lost_usd: 0 }]);
    const states =
      "select w.state, count(*) from work w join runs using (run) where kind = 'personas' group by 1";
    assert.deepEqual(await made.rows(states), [{ state: "planned", count: 4 }]);

    await complete({ ...priced, price: free }, { messages });
    assert.equal(server.tally().requests, 1);
  } finally {
    Deno.env.delete("FREE_ONLY");
  }
  await complete(priced, { messages });
  assert.equal(server.tally().requests, 2);
  await server.close();
});
