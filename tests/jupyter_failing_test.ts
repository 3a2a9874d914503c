/**
 * Run All of a study with a cell that fails, in a real Jupyter, whose kernel goes on with the cells
 * below: no call is made, and the end of the notebook says so.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PUBLISHED } from "lib/paper/published.ts";
import { read, source } from "../scripts/jupyter/notebook.ts";
import { nightly, until } from "./command.ts";
import { restored } from "./data.ts";
import { Desk, missing } from "./jupyter.ts";
import { provider } from "./llm_server.ts";
import { joined, notebook } from "./made.ts";
import { served } from "./study_worker.ts";

const lacking = await missing();
const inBrowser = lacking ? ` (left out: ${lacking})` : "";

const CONDITIONS = "const conditions = ";
const PROMPT = "const mine = editPrompt(";
const BUDGET = "const budget = ";

/** Notebooks 03a and 03c as one, with a model that costs money, two profiles under two conditions. */
function mine(): string {
  const changed = (text: string) =>
    text.replace(`schema = "demo"`, `schema = "study_failing"`)
      .replace(`model("simulated")`, `model("own")`)
      .replace(`["Base", "MaxN", "N=3"]`, `["Base", "N=3"]`)
      .replace("repetitions: 2,", "")
      .replace("profiles: 60", "profiles: 2");
  const cells = joined("03a", "03c");
  return notebook(cells.map((cell) => ({ ...cell, source: changed(source(cell)) })));
}

Deno.test({
  name:
    `after a failed cell a notebook in a browser makes no call, and says so at its end${inBrowser}`,
  // cells_test has every way to fail, in a kernel without the browser.
  ignore: lacking !== null || !nightly,
  fn: async () => {
    await restored(PUBLISHED);
    const server = provider();
    await using desk = await Desk.made();
    Deno.writeTextFileSync(
      join(desk.path, "dataset", "models.local.json"),
      JSON.stringify([served(server.url, 2)]),
    );
    const path = join(desk.path, "notebooks", "03_failing.ipynb");
    Deno.writeTextFileSync(path, mine());
    const code = read(path).cells.filter(({ cell_type }) => cell_type === "code").map(source);
    const sheet = await desk.open("03_failing");
    const at = (start: string) => sheet.code.nth(code.findIndex((text) => text.includes(start)));
    const original = (start: string) => code.find((text) => text.includes(start))!;
    const runAll = async () => {
      await sheet.runAll();
      const shown = await sheet.done();
      return { shown, failed: shown.filter(({ error }) => error).length };
    };
    const end = "failed: what is shown may lack something";
    const saysSo = () => sheet.code.last().locator(".output").getByText(end).waitFor();
    const asked = () => server.tally().requests;

    // A cell of the user's own, in a fresh kernel.
    await sheet.write(at(BUDGET), "const budget = { calls: 1000 };");
    await sheet.write(at(CONDITIONS), `throw new Error("of the user's own");`);
    assert.ok((await runAll()).failed > 5);
    await saysSo();
    assert.equal(asked(), 0);

    // A pass without a failure that may not spend: its variables are there in the next one.
    await sheet.write(at(CONDITIONS), original(CONDITIONS));
    await sheet.write(at(BUDGET), "const budget = { calls: 0 };");
    assert.equal((await runAll()).failed, 0);
    assert.equal(asked(), 0);
    const last = sheet.code.last().locator(".output");
    assert.equal((await last.allTextContents()).join("").trim(), "");

    // The prompt lost its table, or does not even parse.
    await sheet.write(at(BUDGET), "const budget = { calls: 1000 };");
    for (
      const broken of [
        original(PROMPT).replace("{{table}}", ""),
        "const mine = editPrompt(written, {",
      ]
    ) {
      await sheet.write(at(PROMPT), broken);
      await runAll();
      await saysSo();
      assert.equal(asked(), 0);
    }

    // Mended, the same kernel asks.
    await sheet.write(at(PROMPT), original(PROMPT));
    assert.equal((await runAll()).failed, 0);
    await until("all calls", () => asked() === 4);
    await sheet.close();
    await server.close();
  },
});
