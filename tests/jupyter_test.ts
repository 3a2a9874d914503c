/**
 * What a user sees: every notebook run in a real Jupyter and looked at in a real browser, and a run
 * that is stopped, and goes on after a restart of the kernel.
 *
 * `SCREENSHOTS=FOLDER` keeps a picture of every notebook at two widths of the window.
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { ROOT } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { canonical, type Cell, read, showing, source, text } from "../scripts/jupyter/notebook.ts";
import { BESIDES, find, LONG, runAll, twoAtATime, withoutSample } from "../scripts/notebooks.ts";
import { nightly, until } from "./command.ts";
import { as, restored } from "./data.ts";
import { Desk, missing, type Sheet } from "./jupyter.ts";
import { provider } from "./llm_server.ts";
import { joined, notebook } from "./made.ts";
import { served } from "./study_worker.ts";

const lacking = await missing();
const inBrowser = lacking ? ` (left out: ${lacking})` : "";

const codeOf = (path: string): Cell[] =>
  read(path).cells.filter(({ cell_type }) => cell_type === "code");

const htmlOf = (cell: Cell): string[] =>
  (cell.outputs ?? []).map((output) =>
    "data" in output ? text(output.data["text/html"] as string[]) : output.output_type
  );

/** What does not change for so long is what there is; only where it is wrong is it waited for. */
const QUIET_MS = 30_000;

/**
 * Runs a notebook in the browser; every cell must come to show what the file of the project shows. One
 * that computes for long is only looked at: what its cells show is shown as others show theirs.
 */
async function looked(desk: Desk, path: string): Promise<void> {
  const name = basename(path, ".ipynb");
  const sheet = await desk.open(name);
  const cells = codeOf(path);
  const expected = await Promise.all(cells.map((cell) => sheet.textOf(htmlOf(cell))));
  // Nobody has trusted the file yet: its words are there, and of its figures no torn letters.
  assert.deepEqual((await sheet.shown()).map(({ text }) => text), expected, name);
  if (LONG.test(name)) return await sheet.close();
  await sheet.runAll();
  let shown = await sheet.done();
  // The kernel may show something after it has said that a cell is done: as long as something comes.
  let last = { text: "", at: 0 };
  await until("all outputs", async () => {
    shown = await sheet.shown();
    const text = JSON.stringify(shown);
    if (text !== last.text) last = { text, at: performance.now() };
    return shown.every((cell, i) => cell.text === expected[i]) ||
      performance.now() - last.at > QUIET_MS;
  });
  for (const [i, cell] of shown.entries()) {
    const where = `${name}, code cell ${i + 1}`;
    assert.deepEqual([cell.error, cell.console], [false, false], `${where}: ${cell.text}`);
    assert.equal(cell.text, expected[i], where);
    if (!showing(cells[i]!)) continue;
    assert.ok(cell.text !== "", where);
    const html = htmlOf(cells[i]!).join("");
    assert.equal(cell.tables, html.split("<table").length - 1, where);
    assert.equal(cell.figures, html.split("<figure").length - 1, where);
  }
  if (nightly || Deno.env.get("SCREENSHOTS") || PICTURED.test(name)) {
    await pictures(desk, sheet, name);
  }
  await sheet.close();
}

/** A picture is drawn of this one, with a table and a figure; nightly of all. */
const PICTURED = /^14_/;

async function pictures(desk: Desk, sheet: Sheet, name: string): Promise<void> {
  const folder = Deno.env.get("SCREENSHOTS") ?? join(desk.path, "screenshots");
  await Deno.mkdir(folder, { recursive: true });
  for (const width of [1280, 600]) {
    const path = join(folder, `${name}_${width}.png`);
    await sheet.picture(path, width);
    assert.ok((await Deno.stat(path)).size > 20_000, path);
  }
}

/** A study that is made in the browser, and a table with its figure; nightly all others, too. */
const SEEN = /^(03a|03c|14)_/;

Deno.test({
  name: `notebooks run in a browser and show what they are to show${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await restored(PUBLISHED);
    const paths = find([])
      .filter((path) => nightly || SEEN.test(basename(path)));
    assert.ok(paths.length >= 2);
    await withoutSample(paths);
    await using desk = await Desk.made();
    const failures: string[] = [];
    await twoAtATime(paths, async (path) => {
      await looked(desk, path).catch((error) =>
        failures.push(`${basename(path)}: ${error.message}`)
      );
    });
    assert.deepEqual(failures, []);
  },
});

Deno.test("what is stored in the notebooks is what they show when they run", async () => {
  // What somebody has just executed from this code need not be executed again: .ci/run does.
  const folder = Deno.env.get("EXECUTED");
  if (!folder) {
    // Nightly the others run in the browser.
    const paths = find([]).filter((path) =>
      nightly ? LONG.test(basename(path)) : !MADE.test(basename(path))
    );
    await restored(PUBLISHED);
    const all = await runAll(paths, { check: true });
    return assert.deepEqual(all.flatMap(({ failures }) => failures), []);
  }
  const paths = find([]).filter((path) =>
    !MADE.test(basename(path)) && !BESIDES.test(basename(path))
  );
  assert.ok(paths.length >= 16);
  for (const path of paths) {
    const executed = read(join(ROOT, folder, basename(path)));
    assert.deepEqual(executed.cells, canonical(read(path)).cells, path);
  }
  // Of those that start leaves out a few; nightly all of them.
  const others = find([]).filter((path) =>
    BESIDES.test(basename(path)) && (nightly || OTHERS.test(basename(path)))
  );
  assert.ok(others.length >= 2);
  await withoutSample(others);
  const all = await runAll(others, { check: true });
  assert.deepEqual(all.flatMap(({ failures }) => failures), []);
});

/** Of the notebooks that start leaves out, one of opinions and one of validity. */
const OTHERS = /^(46|50)_/;

/** Notebooks that show a study which they make: in the browser it is made anew. */
const MADE = /^0[345][abc]?_/;

const ASKED = "From these data, create a realistic person whose traits agree with the answers.";
const MORE = "Give them a dry sense of humour.";

/** Notebooks 03a and 03c as one up to the end of the run, with three personas of a model of one's own. */
function mine(schema: string): string {
  const cells = joined("03a", "03c");
  const last = cells.findIndex((cell) => source(cell).includes("await ended("));
  const changed = (text: string) =>
    text.replace(`schema = "demo"`, `schema = "${schema}"`)
      .replace(`model("simulated")`, `model("own")`)
      .replace(`["Base", "MaxN", "N=3"]`, `["Base"]`)
      .replace(
        /const plan = .*/s,
        `const plan = personas({
  name: "people", models, conditions, profiles: 3, prompt: mine, seed: 1,
});`,
      )
      .replace(`budget = { usd: 0 }`, `budget = { calls: 10 }`);
  return notebook(
    cells.slice(0, last + 1).map((cell) => ({ ...cell, source: changed(source(cell)) })),
  );
}

Deno.test({
  name: `a prompt is edited, a run stopped, the kernel restarted, and nothing lost${inBrowser}`,
  ignore: lacking !== null,
  fn: async () => {
    await restored(PUBLISHED);
    const schema = "study_browser";
    const second = Promise.withResolvers<void>();
    const server = provider({ answer: (_asked, n) => n === 2 ? { after: second.promise } : {} });
    await using desk = await Desk.made();
    Deno.writeTextFileSync(
      join(desk.path, "dataset", "models.local.json"),
      JSON.stringify([served(server.url, 1)]),
    );
    Deno.writeTextFileSync(join(desk.path, "notebooks", "03_mine.ipynb"), mine(schema));
    const sheet = await desk.open("03_mine");
    const of = (code: string) => sheet.code.filter({ hasText: code });
    const output = (code: string) => of(code).locator(".output");

    const prompt = codeOf(join(desk.path, "notebooks", "03_mine.ipynb")).map(source)
      .find((code) => code.includes(ASKED))!;
    await sheet.write(of("const mine = editPrompt("), prompt.replace(ASKED, `${ASKED} ${MORE}`));
    await sheet.runAll();

    // The preview, before anything is asked of which the reply is there.
    await output("await edits(").getByText(`{+ ${MORE}+}`).waitFor();
    await output("await exchange(").getByText(`${ASKED} ${MORE}`).waitFor();
    await output("await begin(").getByText("1 of 3 done").waitFor();
    await until("the second call", () => server.tally().inFlight === 1);
    const [waits] = (await sheet.shown()).slice(-1);
    assert.equal(waits!.prompt, "*");

    await sheet.stop();
    await output("await begin(").getByText("Stopping: what is in flight comes in").waitFor();
    second.resolve();
    await sheet.done();
    await output("await begin(").getByText("2 of 3 done, 0 failed, 1 left").waitFor();
    await output("await begin(").getByText("Stopped: run the cell again to go on").waitFor();
    assert.deepEqual([server.tally().requests, server.tally().answered], [2, 2]);

    await sheet.restart();
    await sheet.runAll();
    const shown = await sheet.done();
    assert.deepEqual(shown.filter(({ error, console }) => error || console), []);
    await output("await begin(").getByText("3 of 3 done, 0 failed").waitFor();
    assert.deepEqual([server.tally().requests, server.tally().repeated], [3, 0]);
    assert.ok(server.asked.every(({ user }) => user.endsWith(`${ASKED} ${MORE}`)));
    const [stored] = await as("owner", (sql) =>
      sql`
      select (select count(*)::int from ${sql(schema)}.personas) as personas,
             (select count(*)::int from ${sql(schema)}.requests) as requests`);
    assert.deepEqual({ ...stored }, { personas: 3, requests: 3 });
    await sheet.close();
    await server.close();
  },
});
