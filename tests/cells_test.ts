/**
 * A cell that failed, on the real kernel, which goes on with the cells below it as Jupyter's Run All
 * does: nothing is asked of a model after it, whatever the variables still hold.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { Kernel } from "../scripts/jupyter/kernel.ts";
import { as, restored } from "./data.ts";
import { provider, type Server } from "./llm_server.ts";
import { served } from "./study_worker.ts";

type Cells = Readonly<Record<string, string>>;

interface Ran {
  cell: number;
  ok: boolean;
  /** Everything that the cell shows, errors too. */
  shown: string;
}

/** A notebook in a kernel, and a model's server. */
class Sheet implements AsyncDisposable {
  private constructor(readonly kernel: Kernel, readonly server: Server, readonly schema: string) {}

  static async opened(schema: string): Promise<Sheet> {
    await restored(PUBLISHED);
    await as("owner", (sql) => sql`drop schema if exists ${sql(schema)} cascade`);
    const kernel = await Kernel.start({ cwd: join(ROOT, "notebooks"), env: { NO_COLOR: "1" } });
    return new Sheet(kernel, provider({}), schema);
  }

  async run(code: string): Promise<Ran> {
    const shown: string[] = [];
    const { status, execution_count: cell = 0 } = await this.kernel.execute(code, (message) => {
      const { data, evalue, text } = message.content as Record<string, unknown>;
      const plain = (data as Record<string, unknown> | undefined)?.["text/plain"] ?? evalue ?? text;
      if (message.header.msg_type !== "execute_input" && plain) shown.push(String(plain));
    }, 300);
    return { cell, ok: status === "ok", shown: shown.join("\n") };
  }

  /** Run All: one cell after another, failed or not. */
  async runAll(cells: Cells): Promise<Record<string, Ran>> {
    const all: Record<string, Ran> = {};
    for (const [name, code] of Object.entries(cells)) all[name] = await this.run(code);
    return all;
  }

  asked(): number {
    return this.server.tally().requests;
  }

  /** The cells of a study as 03 has them, with a model that costs. */
  cells() {
    const own = JSON.stringify(served(this.server.url, 2));
    return {
      imports: `import { begin, compared, ended, exchange, show, studio } from "lib/notebook.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { openStudy, personas } from "lib/study.ts";`,
      schema: `const schema = "${this.schema}";`,
      enter: `const lab = await openStudy({ schema });
await lab.population();`,
      models: `const models = [${own}];`,
      budget: `const budget = { calls: 50 };`,
      conditions: `const conditions = ["Base", "N=3"];`,
      prompt: `const written = shippedPrompt("persona");
const mine = editPrompt(written, { user: written.user + " The person lives in a small town." });`,
      plan: `const plan = personas({ models, conditions, profiles: 2, prompt: mine });`,
      preview: `await exchange(await lab.preview(plan), "Not yet asked");`,
      left: `const trial = { prompts: [written, mine], profiles: [1], conditions: ["N=3"] };
await show((await lab.tried(plan, trial)).left, "The trial");`,
      tried: `await compared(() => lab.tried(plan, { ...trial, budget }), "Before and after");`,
      estimate: `await show(await lab.estimate(plan), "Cost");`,
      register: `const run = await lab.register(plan);`,
      begin: `await begin(lab, run, { budget });`,
      ended: `await ended(lab, run);`,
      close: `await lab.close();`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.stop();
    await this.server.close();
  }
}

/** The cells with another one before the cell of a name. */
const before = (cells: Cells, name: string, code: string) =>
  Object.fromEntries(
    Object.entries(cells).flatMap((cell) => cell[0] === name ? [["inserted", code], cell] : [cell]),
  );

/** 2 calls of the trial, 4 of the run. */
const ALL = 6;

Deno.test("a notebook without a failed cell asks what it showed, once, and says nothing of cells", async () => {
  await using sheet = await Sheet.opened("cells_whole");
  const cells = sheet.cells();
  for (const _ of [1, 2]) {
    const all = await sheet.runAll(cells);
    assert.deepEqual(Object.values(all).filter(({ ok }) => !ok), []);
    assert.match(all.tried!.shown, /Before and after[^]* differ/);
    assert.match(all.begin!.shown, /It begins when this cell has ended well/);
    assert.equal(all.close!.shown, "");
    assert.equal(sheet.asked(), ALL);
  }
});

/** Ways in which a cell fails; the first ones never reach any code of this project. */
const FAILING = {
  "it does not parse": "const more = ;",
  "a text does not end": "const more = `open",
  "it is refused before it runs": "let twice = 1; let twice = 2;",
  "it imports what is not there": `import { more } from "lib/nothing.ts";`,
  "it throws": `throw new Error("of the user's own")`,
  "it throws nothing": "throw undefined",
  "a name is not there": "nowhere.to.be.found",
  "a promise is rejected": `await Promise.reject(new TypeError("late"))`,
};

for (const step of ["tried", "begin"] as const) {
  Deno.test(`after a failed cell directly before ${step} nothing is asked, however it failed`, async () => {
    await using sheet = await Sheet.opened("cells_failing");
    for (const [how, code] of Object.entries(FAILING)) {
      const counted = sheet.asked();
      const { tried: _, ...short } = sheet.cells();
      const cells = before(step === "begin" ? short : sheet.cells(), step, code);
      const all = await sheet.runAll(cells);
      assert.equal(all.inserted!.ok, false, how);
      assert.equal(sheet.asked(), counted, how);
      const named = new RegExp(`Cells? [^.]*\\[${all.inserted!.cell}\\][^.]* failed`);
      // A run that did not begin says so where its end is waited for, and in its own place.
      const refused = all[step === "begin" ? "ended" : step]!;
      assert.equal(refused.ok && step === "begin", false, how);
      assert.match(refused.shown, named, how);
      assert.match(refused.shown, /run the notebook again\s+from its first cell/, how);
      assert.match(all.close!.shown, named, `${how}: said at the bottom`);
    }
    assert.equal(sheet.asked(), 0);
    // Mended, it asks in the same kernel.
    const all = await sheet.runAll(sheet.cells());
    assert.deepEqual(Object.values(all).filter(({ ok }) => !ok), []);
    assert.equal(all.close!.shown, "");
    assert.equal(sheet.asked(), ALL);
  });
}

const NAMES = ["schema", "conditions", "prompt", "plan", "estimate", "register"] as const;

Deno.test("any cell that fails, of the study or above it, in a fresh kernel and in a later pass", async () => {
  await using sheet = await Sheet.opened("cells_any");
  const { tried: _, ...cells } = sheet.cells();
  const failing = async (name: typeof NAMES[number]) => {
    const all = await sheet.runAll({
      ...cells,
      [name]: cells[name].replace(/^(const )?/, "$1= "),
    });
    assert.equal(all[name]!.ok, false);
    assert.equal(sheet.asked(), 0, name);
    assert.ok(!all.close!.ok || /failed: what is shown may lack/.test(all.close!.shown), name);
  };
  await failing("conditions");
  // A pass that asks nothing, so that all is still to ask with what it leaves behind.
  const all = await sheet.runAll({ ...cells, budget: "const budget = { calls: 0 };" });
  assert.deepEqual(Object.values(all).filter(({ ok }) => !ok), []);
  for (const name of NAMES) await failing(name);
});

Deno.test("a prompt without its place, or an instrument's condition, ends both prompts of a trial unasked", async () => {
  await using sheet = await Sheet.opened("cells_place");
  const cells = sheet.cells();
  const broken = `const written = shippedPrompt("persona");
const mine = editPrompt(written, { user: "Write a person." });`;
  const whole = await sheet.runAll(cells);
  assert.deepEqual(Object.values(whole).filter(({ ok }) => !ok), []);
  const counted = sheet.asked();
  const all = await sheet.runAll({ ...cells, prompt: broken });
  assert.match(all.preview!.shown, /lacks \{\{table\}\}/);
  assert.match(all.tried!.shown, /lacks \{\{table\}\}/);
  assert.match(all.begin!.shown, /failed, and no model is asked/);
  assert.equal(sheet.asked(), counted);
});

Deno.test("a run is begun where it was registered, after its cost was shown, and not inside a cell", async () => {
  await using sheet = await Sheet.opened("cells_chain");
  const { tried: _t, estimate, register, begin, ended, close: _c, ...first } = sheet.cells();
  const refused = async (cells: Cells, step: string, message: RegExp) => {
    const all = await sheet.runAll({ ...first, ...cells });
    assert.equal(all[step]!.ok, false);
    assert.match(all[step]!.shown, message);
    assert.equal(sheet.asked(), 0);
  };
  await refused({ register, begin }, "begin", /What run personas-\w+ will cost was not shown/);
  await refused({ estimate, begin }, "begin", /Run personas-\w+ was not registered/);
  const other = `const other = personas({ models, conditions, profiles: 1, prompt: mine });
await show(await lab.estimate(other), "Cost");`;
  await refused({ other, register, begin }, "begin", /will cost was not shown since its plan/);
  const inside = `await lab.run(run, { budget });`;
  await refused(
    { estimate, register, inside },
    "inside",
    /`await begin\(lab, "personas-\w+", …\)`/,
  );
  const direct = `await compared(await lab.tried(plan, { ...trial, budget }), "Tried");`;
  await refused({ direct }, "direct", /`await compared\(\(\) => lab.tried\(/);
  const both = `await begin(lab, run, { budget });
await ended(lab, run);`;
  await refused({ estimate, register, both }, "both", /`ended` stands in the same cell/);
  await refused({ estimate, register, begin: `${begin}\nnowhere;`, ended }, "ended", /failed/);
  const { left: __, ...unseen } = first;
  const untold =
    `await compared(() => lab.tried(plan, { prompts: [written, mine], profiles: [2], budget }), "x");`;
  const shown = await sheet.runAll({ ...unseen, untold, again: "1" });
  assert.match(shown.untold!.shown, /What this trial will cost was not shown/);
  assert.equal(sheet.asked(), 0);
});

Deno.test("what failed and is planned once more is begun when its cost was shown again", async () => {
  await using sheet = await Sheet.opened("cells_again");
  const { tried: _, left: __, close: ___, ...cells } = sheet.cells();
  const all = await sheet.runAll(cells);
  assert.deepEqual(Object.values(all).filter(({ ok }) => !ok), []);
  await as(
    "owner",
    (sql) =>
      sql`update ${sql(sheet.schema)}.work set state = 'failed', reason = 'made' where work = 1`,
  );
  assert.equal((await sheet.run(`await lab.retryFailed(run);`)).ok, true);
  assert.match((await sheet.run(cells.begin!)).shown, /will cost was not shown since its plan/);
  assert.equal(sheet.asked(), 4);
});

Deno.test("the studio asks after what it showed, and not after a failed cell or with an older study", async () => {
  await using sheet = await Sheet.opened("cells_page");
  const {
    tried: _t,
    left: _l,
    estimate: _e,
    register: _r,
    begin: _b,
    ended: _d,
    close: _c,
    ...first
  } = sheet.cells();
  const page = "await studio(lab, plan);";
  const opened = async (): Promise<string> => {
    const { page: cell } = await sheet.runAll({ ...first, page });
    return /http:\S+/.exec(cell!.shown)![0];
  };
  const post = async (url: string, route: string, more: object = {}) => {
    const response = await fetch(url + route, {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(url).origin },
      body: JSON.stringify({
        system: "Write a person.",
        user: "{{table}} {{schema}}",
        models: ["own"],
        conditions: ["Base"],
        versions: [],
        profiles: "1",
        by: "",
        ...more,
      }),
    });
    const { error, said } = await response.json();
    return error ?? said;
  };
  const budget = { calls: 1 };
  let url = await opened();
  assert.match(await post(url, "ask", { budget }), /^What this trial will cost was not shown/);
  assert.match(await post(url, "look"), /nothing was asked/);
  assert.match(await post(url, "ask", { budget, profiles: "2" }), /^What this trial will cost/);
  assert.equal(sheet.asked(), 0);
  assert.match(await post(url, "ask", { budget }), /^The budget ends here/);
  assert.equal(sheet.asked(), 1);
  await sheet.run("nowhere");
  await sheet.run("1");
  assert.match(await post(url, "ask", { budget }), /^Cell \[\d+\] failed, and no model is asked/);
  url = await opened();
  await post(url, "look");
  await sheet.run(first.enter!);
  assert.match(await post(url, "ask", { budget }), /^The study was opened anew by a later cell/);
  assert.equal(sheet.asked(), 1);
});
