/** A kernel that opens the published data and a study of one's own: each thing shown has its own line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT, settings } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { simulator, written } from "lib/validation/simulate.ts";
import { execute } from "../scripts/jupyter/execute.ts";
import { type Cell, savedIn, source, text } from "../scripts/jupyter/notebook.ts";
import { as, restored } from "./data.ts";
import { script } from "./command.ts";
import { Folder } from "./made.ts";

const OWN = "own_lines";
const TRAP = "Data: reconstruction: fitted to the paper's printed cells, not the original data; " +
  "agreement with the paper is by construction";
const MINE = "Data: own study, not the published dataset; simulated, no model was asked: Mine";

const IMPORTS = `import pl from "polars";
import { openDataset } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { figure, save, say, show, verdict } from "lib/notebook.ts";
import { compare, laidOut, robustnessTable } from "lib/paper/print.ts";
import { forest } from "lib/paper/figures.ts";
import { scoreReading } from "lib/paper/readings.ts";
import { ratesFrame, simulator, truths, written } from "lib/validation/simulate.ts";
import { personality, robustness } from "lib/paper/tables.ts";`;

const MODEL = { id: "mine", label: "Mine", fidelity: 0.9 };

const SPECIFICATION = `const specification = {
  profiles: { n: 40, yes: 0.5 },
  models: [${JSON.stringify(MODEL)}],
} as const;`;

/** The same, for a test that needs no kernel. */
const made = () =>
  written(simulator({ profiles: { n: 40, yes: 0.5 }, models: [MODEL] })(1), {
    schema: OWN,
    replace: true,
  });

const MADE = `await written(simulator(specification)(1), { schema: "${OWN}", replace: true });`;

/** What a table's notebook does, under names of its own. */
const reading = (schema: string, name: string): string[] => [
  `const ${name} = await openDataset({ schema: "${schema}" });
const ${name}Table = personality(await ${name}.sheets("epqra"), await ${name}.profiles("reference"));
const ${name}Honest = await robustness("table4", ${name}, { draws: 20 });
await ${name}.close();`,
  `await show(laidOut("table4", ${name}Table), "Table 4 of ${name}");`,
  `await show(${name}Table.filter(pl.col("scale").eq(pl.lit("N"))).select("model", "n", "estimate"),
  "N of ${name}", { notes: "Of ${name}." });`,
  `const ${name}Kept = robustnessTable("table4", ${name}Honest);
await show(${name}Kept.table, ${name}Kept.caption + " of ${name}", { ...${name}Kept.options, name: "${name}" });`,
  `await figure(forest(${name}Table), "Figure of ${name}", { data: ${name}Table });`,
  `await say(scoreReading(${name}Honest, ${name}Table), { data: ${name}Honest });`,
  `await verdict(compare("table4", ${name}Table));`,
];

const plain = ({ outputs = [] }: Cell): string =>
  outputs.map((output) =>
    "data" in output ? text((output.data["text/plain"] ?? "") as string[]) : ""
  ).join("\n");

/** The data lines of what a cell shows. */
const lines = (cell: Cell): string[] => plain(cell).match(/^Data: .*$/gm) ?? [];

async function ran(folder: Folder, name: string, cells: string[]) {
  const { notebook, failures } = await execute(folder.write(`${name}.ipynb`, cells));
  assert.deepEqual(failures, []);
  return notebook;
}

Deno.test("each table, figure, sentence and file of a kernel that opened two studies has its own line", async () => {
  await restored(PUBLISHED);
  await as("owner", (sql) => sql`drop schema if exists ${sql(OWN)} cascade`);
  using folder = new Folder(ROOT);
  const trap = reading(PUBLISHED, "trap"), mine = reading(OWN, "mine");
  const both = await ran(folder, "both", [
    IMPORTS,
    SPECIFICATION,
    MADE,
    ...trap,
    ...mine,
    // Once more, now that both are open.
    ...trap.slice(1),
    `await show(frame([{ scale: "N", n: 1 }], { scale: "text", n: "integer" }), "Typed in", { data: null });`,
    `await show(frame([{ scale: "N", n: 1 }], { scale: "text", n: "integer" }), "Counted by hand", { data: mine });`,
    `await show(frame([{ scale: "N", n: 1 }], { scale: "text", n: "integer" }), "Of a census", { data: "census 2021" });`,
    `await show(frame([{ scale: "N", n: 1 }], { scale: "text", n: "integer" }), "Of who knows what");`,
    `await show(trapTable.select("model", "scale", "n").join(mineTable.select("scale", "estimate"), { on: "scale" }).head(3), "Side by side");`,
    `await show(truths(specification, "table4"), "What is true");`,
    `await show(ratesFrame([{ studies: 10, coverage: 0.9 }], {}), "Rates");`,
    `await show(mineTable.join(truths(specification, "table4"), { on: ["model", "condition", "scale"], how: "left" }).select("n", "truth"), "Mine and true");`,
    `await figure(forest(mineTable), "Figure of who knows what");`,
    `await save("both");`,
  ]);
  const cells = both.cells.filter((cell) => cell.cell_type === "code");
  for (const cell of cells) {
    const code = source(cell);
    if (!/^(const \w+Kept|await (show|figure|say|verdict))/.test(code)) continue;
    if (/typed in|by hand|census|who knows|side by side|true|rates/i.test(code)) continue;
    assert.deepEqual(lines(cell), [code.includes("trap") ? TRAP : MINE], code);
  }
  const of = (caption: string) =>
    lines(cells.find((cell) => source(cell).includes(`"${caption}"`))!);
  assert.deepEqual(of("Typed in"), []);
  assert.deepEqual(of("Counted by hand"), [MINE]);
  assert.deepEqual(of("Of a census"), ["Data: census 2021"]);
  assert.deepEqual(of("Side by side"), [`${TRAP} · ${MINE}`]);
  const simulated = "Data: simulated from stated rates; no model was asked";
  assert.deepEqual(of("What is true"), [simulated]);
  assert.deepEqual(of("Rates"), [simulated]);
  assert.deepEqual(of("Mine and true"), [`${MINE} · ${simulated}`]);
  for (const caption of ["Of who knows what", "Figure of who knows what"]) {
    const [line, ...more] = of(caption);
    assert.match(line!, /^Data: not known which of these, the option "data" says it: reconstruct/);
    assert.ok(line!.includes(MINE.slice(6)) && !more.length, line);
  }

  // The files say the same: CSV, Markdown, LaTeX, figures.
  const papers = join(settings().outDir, "papers");
  assert.equal(savedIn(both), `papers/${OWN}-and-${PUBLISHED}/both`);
  const read = (file: string) =>
    Deno.readTextFileSync(join(papers, `${OWN}-and-${PUBLISHED}`, "both", file));
  for (const [name, line, other] of [["trap", TRAP, MINE], ["mine", MINE, TRAP]] as const) {
    const tex = (words: string) => words.slice(6, 30);
    for (const file of [`table-4-${name}`, `n-${name}`, name]) {
      const [head, ...body] = read(`${file}.csv`).trimEnd().split("\n");
      assert.match(head!, /,data$/);
      for (const row of body) assert.ok(row.includes(line) && !row.includes(other), row);
      for (const ending of ["md", "tex"]) {
        const written = read(`${file}.${ending}`);
        assert.ok(written.includes(tex(line)), `${file}.${ending}: ${written.slice(-300)}`);
        assert.ok(!written.includes(tex(other)), `${file}.${ending}`);
      }
    }
    const svg = read(`figure-${name}.svg`);
    assert.ok(svg.includes(line) && !svg.includes(other), name);
    assert.ok(!read(`figure-${name}.csv`).includes(other), name);
  }
  assert.doesNotMatch(read("typed.csv"), /data/);
  assert.doesNotMatch(read("typed.tex"), /Data:/);

  // A name taken by the published data is not taken from them.
  const first = await ran(folder, "first", [IMPORTS, ...trap, `await save("both");`]);
  assert.equal(savedIn(first), "papers/both");
  const tree = () => Deno.readTextFileSync(join(papers, "both", "n-trap.csv"));
  const before = tree();
  const own = await ran(folder, "own", [IMPORTS, ...mine, `await save("both");`]);
  assert.equal(savedIn(own), `papers/${OWN}/both`);
  assert.equal(tree(), before);
  const main = Deno.readTextFileSync(join(papers, OWN, "both", "main.tex"));
  assert.match(main, /\\graphicspath\{\{\.\.\/\.\.\/\}\}/);
  const figure = Deno.readTextFileSync(join(papers, OWN, "both", "figure-mine.tex"));
  assert.ok(figure.includes(`{${OWN}/both/figure-mine.pdf}`), figure);
});

Deno.test("deno task tables leaves the published tables where they are", async () => {
  await restored(PUBLISHED);
  await made();
  using folder = new Folder();
  const env = { OUT_DIR: folder.path };
  const tables = async (...args: string[]) => {
    const ended = await script("tables", [...args, "--table", "table4"], env);
    assert.equal(ended.code, 0, ended.err);
    return ended.out;
  };
  await tables();
  const path = join(folder.path, "tables", "table4.csv");
  const before = Deno.readTextFileSync(path);
  assert.match(await tables("--schema", OWN), /1 of 1 tables in .*tables\/own_lines\n/);
  assert.equal(Deno.readTextFileSync(path), before);
  const own = Deno.readTextFileSync(join(folder.path, "tables", OWN, "table4.csv"));
  assert.ok(own.includes(MINE) && !own.includes("reconstruction"));
  assert.ok(before.includes(TRAP));
});
