/** A study on an instrument whose items have options of their own, with the simulated model. */
import assert from "node:assert/strict";
import { openDataset } from "lib/db.ts";
import { itemScore } from "lib/instruments.ts";
import { model } from "lib/llm.ts";
import { compare, scores, shares } from "lib/measures.ts";
import { shippedPrompt } from "lib/prompts.ts";
import { administrations, instrumentFrom, personas } from "lib/study.ts";
import { as } from "./data.ts";
import { Made } from "./study_worker.ts";

const TOWN = instrumentFrom("dataset/instruments/town.csv");
const CIUDAD = instrumentFrom("dataset/instruments/town-es.csv");
const PROFILES = 10;
type Row = Record<string, string | number | null>;

Deno.test("six questions in two languages, whole and one by one, turned round, with reasons", async () => {
  await using made = await Made.with("options_own", PROFILES);
  const { lab } = made;
  const own = model("simulated");
  const budget = { calls: 1000 };
  await lab.run(await lab.register(personas({ models: [own], conditions: ["Base"] })), { budget });
  const plan = administrations({
    instrument: [TOWN, CIUDAD],
    models: [own],
    options: ["printed", "reversed"],
    coding: "label",
    asked: ["whole", 1],
    reason: "before",
  });
  assert.equal(plan.prompt.version, "general");
  await lab.run(await lab.register(plan), { budget });

  const stored = await as(
    "owner",
    (sql) =>
      sql<{ items: number[]; options: number[][]; reasons: (string | null)[]; blocks: number }[]>`
      select to_json(items) as items, options, to_json(reasons) as reasons, c.blocks
      from options_own.administrations a join options_own.cells c on c.cell = a.cell
      where c.shown->>'options' = 'reversed' order by work`,
  );
  assert.equal(stored.length, 2 * PROFILES * (1 + 6));
  for (const { items, options, reasons, blocks } of stored) {
    assert.equal(items.length, blocks === 1 ? 6 : 1);
    assert.deepEqual(options[1], [3, 2, 1, 8, 9]);
    assert.equal(reasons.filter((reason) => reason !== null).length, items.length);
  }

  const study = await openDataset({ schema: "options_own" });
  try {
    const sheets = await study.sheets("town"), town = await study.instrument("town");
    const rows = sheets.sheets.toRecords() as Row[];
    // A sheet is one row, in however many calls it was asked.
    assert.equal(rows.length, 8 * PROFILES);
    assert.deepEqual(
      new Set(rows.map((row) => `${row.asked} ${row.reasons}`)),
      new Set([
        "whole before",
        "1 before",
      ]),
    );
    let declined = 0;
    for (const row of rows) {
      for (const { number } of TOWN.items) {
        const answer = row[`answer ${number}`] as number | null;
        assert.notEqual(answer, null);
        assert.equal(row[`score ${number}`], itemScore(TOWN, number, answer), `item ${number}`);
        declined += Number(
          TOWN.items[number - 1]!.options!.find((of) => of.code === answer)!.role !== undefined,
        );
      }
    }
    assert.ok(declined > 0, "nobody declined");

    const by = shares(sheets, { of: 6, by: ["language", "asked"], among: "asked" });
    assert.equal(by.height, 4 * 13);
    const sums = Map.groupBy(by.toRecords() as Row[], (row) => `${row.language} ${row.asked}`);
    for (const own of sums.values()) {
      assert.ok(Math.abs(own.reduce((sum, row) => sum + Number(row.share), 0) - 1) < 1e-9);
    }
    const five = scores(sheets, town, { items: [5], by: ["language", "option_order"] });
    assert.equal(five.height, 4);
    for (const row of five.toRecords() as Row[]) {
      assert.equal(Number(row.n) + Number(row.missing), 2 * PROFILES);
      assert.ok(row.mean === null || Number(row.mean) >= 1 && Number(row.mean) <= 7);
    }
    const orders = compare(sheets, {
      of: [1, 4],
      factor: "option_order",
      against: "printed",
      by: ["language"],
      draws: 99,
    });
    assert.ok(orders.height > 0 && orders.columns.includes("option"));
  } finally {
    await study.close();
  }
});

Deno.test("a prompt that does not say how such items are answered is refused", () => {
  const plan = (change: Partial<Parameters<typeof administrations>[0]>) => () =>
    administrations({ instrument: TOWN, models: [model("simulated")], ...change });
  assert.throws(
    plan({ prompt: shippedPrompt("administration", "1") }),
    /prompt 1 does not say in what items with options of their own are answered \(\{\{#codes\}\}\): take/,
  );
  assert.throws(plan({ coding: "yes/no" }), /have options of their own: use coding "number"/);
  assert.throws(
    plan({ instrument: { ...TOWN, items: [{ ...TOWN.items[0]!, options: [] }] } }),
    /item 1, options: an item has 2 to 12 options/,
  );
});
