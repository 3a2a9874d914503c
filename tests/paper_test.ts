/** Our tables on the full-size reconstruction against every cell that the paper prints. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { connect, openDataset } from "lib/db.ts";
import { TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { besidePaper, compare, grid, paperTable, printed } from "lib/paper/print.ts";
import { latex, markdown } from "lib/press.ts";
import { rounded } from "lib/stats.ts";
import { build, reliabilitySummary } from "lib/paper/tables.ts";
import { restored } from "./data.ts";

const TABLES = TABLE_NAMES.filter((name) => name !== "baselines");

/** Printed entries per table: 270 of Tables 1–3, and so on; 910 together. */
const PRINTED: Record<TableName, number> = {
  table1: 108,
  table2: 108,
  table3: 54,
  table4: 60,
  table5: 100,
  table6: 60,
  tableA4: 30,
  tableA5: 30,
  tableA6: 120,
  tableA7: 240,
  baselines: 24,
};

async function published() {
  await restored("personality_trap");
  return await openDataset();
}

async function compared(names: readonly TableName[]) {
  const study = await published();
  const results = await Promise.all(
    names.map(async (name) => ({ name, ...compare(name, await build(name, study)) })),
  );
  await study.close();
  return results;
}

for (const name of TABLE_NAMES) {
  Deno.test(`every printed cell of ${name} is reproduced`, async () => {
    const [result] = await compared([name]);
    assert.deepEqual(result!.differing, []);
    assert.equal(result!.printed, PRINTED[name]);
    assert.equal(result!.agree, PRINTED[name]);
  });
}

Deno.test("910 of 910 printed cells agree", async () => {
  const results = await compared(TABLES);
  const sum = (of: "agree" | "printed") => results.reduce((total, one) => total + one[of], 0);
  assert.deepEqual([sum("agree"), sum("printed")], [910, 910]);
});

Deno.test("MAE and RMSE have every digit of the paper's stored outputs", async () => {
  const study = await published();
  for (const name of ["tableA6", "tableA7"] as const) {
    const table = await build(name, study);
    const ours = new Map(
      (table.toRecords() as Record<string, string | number>[]).map((row) => [
        [row.model, row.condition, row.scale, row.metric].join(),
        row.value as number,
      ]),
    );
    const lines = readFileSync(join(ROOT, "dataset", "paper", `${name}.csv`), "utf8").trimEnd()
      .split("\n").filter((line) => /,(mae|rmse),/.test(line));
    assert.ok(lines.length >= 40);
    for (const line of lines) {
      const [key, value] = [line.slice(0, line.lastIndexOf(",")), Number(line.split(",").at(-1))];
      assert.ok(Math.abs(ours.get(key)! - value) <= 1e-14, `${line}: ours ${ours.get(key)}`);
    }
  }
  await study.close();
});

Deno.test("the summaries beside Table 6 are the paper's", async () => {
  const study = await published();
  const summary = reliabilitySummary(await build("table6", study), await build("baselines", study));
  await study.close();
  const ours = new Map(
    (summary.toRecords() as Record<string, string | number>[]).map((row) => [
      [row.block, row.scale, row.statistic].join(),
      row.value as number,
    ]),
  );
  const lines = readFileSync(join(ROOT, "dataset", "paper", "table6_summary.csv"), "utf8")
    .trimEnd().split("\n").slice(1);
  assert.equal(lines.length, 50);
  for (const line of lines) {
    const [key, value] = [line.slice(0, line.lastIndexOf(",")), line.split(",").at(-1)!];
    assert.equal(rounded(Number(ours.get(key)), 2), Number(value), line);
  }
});

Deno.test("with one answer changed, the comparison names the cells that no longer agree", async () => {
  await published().then((study) => study.close());
  const sql = await connect("owner", { schema: "personality_trap" });
  const [row] = await sql`
    select a.id, a.answer from eval_questionnaires a
    join experiments_list l using (experiment_id)
    where l.experiments_group_id = 312 and l.personality_id = 17 and a.question_number = 7`;
  try {
    await sql`update eval_questionnaires set answer = 1 - answer where id = ${row!.id}`;
    const results = await compared(TABLES);
    const differing = results.flatMap((one) => one.differing.map((text) => `${one.name} ${text}`));
    assert.ok(differing.length >= 1, "no cell differs");
    // Item 7 is a lie item; group 312 is GPT-4o under MaxN.
    assert.deepEqual(differing.filter((text) => !/GPT-4o MaxN L/.test(text)), []);
    assert.match(differing.join("\n"), /tableA7 GPT-4o MaxN L mae: paper 0\.061743, ours 0\.06/);
    const agree = results.reduce((total, one) => total + one.agree, 0);
    assert.equal(agree, 910 - differing.length);
    const study = await openDataset();
    const { body, notes } = besidePaper("tableA7", await build("tableA7", study));
    await study.close();
    const marked = body.flatMap(({ keys, cells }) =>
      cells.filter((cell) => cell.includes(" ≠ ")).map((cell) =>
        `tableA7 ${keys.join(" ")}: paper ${cell.split(" ≠ ")[1]}, ours ${cell.split(" ≠ ")[0]}`
      )
    );
    const ofA7 = differing.filter((text) => text.startsWith("tableA7 "));
    // Keys of the printed layout are its rows; those of a sentence name the metric as well.
    const withoutMetric = ofA7.map((text) => text.replace(/ \w+: /, ": "));
    assert.deepEqual(marked.toSorted(), withoutMetric.toSorted());
    assert.match(notes!.join(), /≠: ours, and behind it what the paper prints/);
  } finally {
    await sql`update eval_questionnaires set answer = ${row!.answer} where id = ${row!.id}`;
    await sql.end();
  }
});

/** Faces of numbers in Table 5, and their names. */
const FACES: readonly [RegExp, string][] = [
  [/^\*\*[^*]+\*\*$/, "bold"],
  [/^\*[^*]+\*$/, "italic"],
  [/^<u>/, "underlined"],
];

Deno.test("every marker of a printed table is explained below it", async () => {
  const study = await published();
  let found = 0;
  for (const name of TABLES) {
    for (const mode of ["printed", "corrected"] as const) {
      const { body, notes = [] } = grid(name, await build(name, study, { mode }), { mode });
      const cells = body.flatMap(({ cells }) => cells);
      const marks = name === "table5"
        ? FACES.filter(([face]) => cells.some((cell) => face.test(cell))).map(([, word]) => word)
        : [...new Set(cells.flatMap((cell) => cell.match(/[‡†¶§*]/g) ?? []))];
      found += marks.length;
      for (const mark of marks) assert.ok(notes.join().includes(mark), `${name} ${mode}: ${mark}`);
    }
  }
  await study.close();
  assert.ok(found >= 20, `${found}`);
});

Deno.test("race and religion add up to 100 % once the lost rows are there", async () => {
  const study = await published();
  const table = await build("table3", study);
  await study.close();
  const rows = table.toRecords() as Record<string, string | number>[];
  const share = (condition: string, category: string, subcategory?: string) =>
    rows.filter((row) =>
      row.condition === condition && row.category === category &&
      (!subcategory || row.subcategory === subcategory)
    ).reduce((total, row) => total + (row.mean as number), 0);
  for (const condition of ["Base", "MaxN", "MaxP"]) {
    for (const category of ["Gender", "Pol. Or.", "Race", "Relig. Beli."]) {
      assert.ok(Math.abs(share(condition, category) - 1) < 1e-12, `${condition} ${category}`);
    }
  }
  // The largest demographic effect in the data, which the paper does not print.
  assert.equal((100 * share("MaxP", "Race", "Other")).toFixed(1), "82.1");
});

Deno.test("Table 5 without group 372 changes GPT-4o and no other model", async () => {
  const study = await published();
  const [before, after] = await Promise.all(
    (["printed", "corrected"] as const).map((mode) => build("table5", study, { mode })),
  );
  await study.close();
  const r = (table: typeof before) =>
    (table!.toRecords() as Record<string, never>[]).map((row) => ({ ...row }));
  const changed = r(before).filter((row, index) => row.r !== r(after)[index]!.r);
  assert.deepEqual(new Set(changed.map((row) => row.model)), new Set(["GPT-4o"]));
  assert.equal(changed.length, 20);
});

Deno.test("paperTable() has the printed layout's cells, all of them and no other", () => {
  for (const name of TABLES) {
    const table = paperTable(name);
    assert.equal(table.height, PRINTED[name]);
    const empty = (table.toRecords() as { printed: string }[]).filter((row) => !row.printed);
    assert.deepEqual(empty, []);
  }
});

Deno.test("a laid-out table is the paper's: rows, columns and cells where they were printed", async () => {
  const study = await published();
  const table = await build("table1", study);
  await study.close();
  const { side, head, body } = grid("table1", table);
  assert.deepEqual(side, ["Category", "Subcategory"]);
  assert.deepEqual(head[0], ["GPT-4o", "GPT-4o", "GPT-4o", "GPT-3.5", "GPT-3.5", "GPT-3.5"]);
  assert.deepEqual(head[1], ["Base", "MaxN", "MaxP", "Base", "MaxN", "MaxP"]);
  assert.equal(body.length, 18);
  assert.deepEqual(body[0]!.keys, ["Gender", "Female"]);
  assert.equal(body[0]!.cells[2], "4.67 ± 0.79‡");
  assert.equal(grid("table1", table, { mode: "corrected" }).body.length, 20);
});

Deno.test("Markdown and LaTeX keep every cell, with the source of the data", async () => {
  const study = await published();
  for (const name of TABLE_NAMES) {
    const layout = grid(name, await build(name, study));
    const source = "Data: a source with 100 % & more";
    const md = markdown({ ...layout, source }), tex = latex({ ...layout, source }, name);
    const rows = md.split("\n").filter((line) => line.startsWith("|"));
    assert.equal(rows.length, layout.body.length + 2, name);
    const widths = new Set(rows.map((line) => line.split(" | ").length));
    assert.equal(widths.size, 1, `${name}: rows of ${[...widths]} cells`);
    assert.ok(md.includes(source) && tex.includes("100 \\% \\& more"), name);
    const from = tex.indexOf(layout.body.length > 45 ? "\\endfoot" : "\\midrule");
    assert.equal(tex.slice(from).split("\\\\").length - 1, layout.body.length, name);
    assert.doesNotMatch(tex.replace(/^%.*$/gm, ""), /[±†‡¶§—]|(?<!\\)[%_#]/, name);
  }
  await study.close();
});

Deno.test("printed() gives the stated columns in the stated order", async () => {
  const study = await published();
  const columns = async (name: TableName) => printed(name, await build(name, study)).columns;
  const first = async (name: TableName, stated: string) =>
    assert.deepEqual((await columns(name)).slice(0, stated.split(" ").length), stated.split(" "));
  await first("table1", "model condition category subcategory mean sd p marker printed");
  await first(
    "table4",
    "model condition scale n mean sd reference_mean estimate se t df p ci_lower ci_upper d marker printed",
  );
  await first("table5", "model epqra_scale bfi_trait n r p printed");
  await first("table6", "model condition scale alpha printed");
  await first("tableA4", "model trait mean sd printed");
  await first("tableA5", "model trait alpha printed");
  await first("tableA6", "model condition scale metric value printed");
  await first("baselines", "source instrument scale statistic value printed");
  await study.close();
});
