import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { problems, rules } from "../scripts/check_notebooks.ts";
import { available, compare } from "../scripts/compare_nbconvert.ts";
import { type Cell, type Output, read, source } from "../scripts/jupyter/notebook.ts";
import { typed, unformatted } from "../scripts/jupyter/typed.ts";
import { dataDir, install, kernelspec } from "../scripts/lab.ts";
import { type Done, find, runAll } from "../scripts/notebooks.ts";
import { cells, Folder } from "./made.ts";

Deno.test("the notebooks keep the house rules and pass format, types and lint", async () => {
  const paths = find([]);
  assert.ok(paths.length >= 16, `${paths.length} notebooks`);
  assert.deepEqual(await problems(paths), []);
});

const display = (data: Record<string, unknown>): Output => ({
  output_type: "display_data",
  data,
  metadata: {},
});

const SHOWN = display({ "text/plain": ["1"] });

/** A title and code cells as they stand in a notebook that has run. */
const ran = (...code: [source: string, ...outputs: Output[]][]): Cell[] => [
  ...cells(["# Title"]),
  ...code.map(([text, ...outputs], index) => ({
    ...cells([text])[0]!,
    outputs,
    execution_count: index + 1,
  })),
];

const HEADINGS =
  "## Question\n## Claim\n## More\n## Data\n## Method\n## Table\n## Paper and ours\n## What survives\n## Figure\n## Reading";

Deno.test("rules() finds nothing in a good notebook", () => {
  using folder = new Folder();
  const good = ran(
    [`import pl from "polars";\nimport { show } from "lib/notebook.ts";`],
    [`// a class, a function and console.log in words\nconst text = "class console.log(";`],
    [`await show(\n  pl.DataFrame({ a: [")"] }),\n  \`Numbers (\${text})\`,\n); // at last`, SHOWN],
  );
  assert.deepEqual(rules(folder.write("05_good.ipynb", good)), []);
  const numbered = [...good, ...cells(["# Title\n" + HEADINGS])];
  assert.deepEqual(rules(folder.write("14_table.ipynb", numbered)), []);
});

const html = (text: string): Output => display({ "text/html": [text] });
const table = (rows: number): string =>
  `<table><thead><tr><th></thead><tbody>${"<tr><td>".repeat(rows)}</tbody></table>`;
const png = (bytes: number): string => "A".repeat(Math.ceil(bytes * 4 / 3));

// A name of its own, so that floors_test.ts does not take it for an import of this file
const INNER = "lib/db/a.ts";

/** What is broken; the notebook; where it is found; what is said. */
const BROKEN: [string, Cell[], string, RegExp][] = [
  ["a foreign import", ran([`import pl from "polars";\nimport "npm:zod";`]), "2:2:1", /npm:zod/],
  ["a dynamic import", ran([`const z = await import("zod");`]), "2:1:17", /Imports `zod`/],
  ["an inner file", ran([`import { a } from "${INNER}";`]), "2:1:1", /lib\/db\/a.ts/],
  ["a relative import", ran([`import { a } from "../lib/db.ts";`]), "2:1:1", /\.\.\/lib/],
  ["a function", ran([`const a = 1;\n  async function f() {}`]), "2:2:9", /`function` is declared/],
  ["a class", ran([`const A = class {};`]), "2:1:11", /`class` is declared/],
  ["the console", ran([`1;`], [`const a = 1;\nconsole.table(a);`]), "3:2:1", /`console` is used/],
  ["a show not awaited", ran([`const a = 1;\nshow(a);`]), "2:2:1", /`show\(` is not awaited/],
  [
    "code after the show",
    ran([`await show(1);\nconst a = 1;`, SHOWN]),
    "2:2:1",
    /ends in its show/,
  ],
  ["a show in a block", ran([`{\n  await show(1);\n}`, SHOWN]), "2:3:1", /ends in its show/],
  ["a run not awaited", ran([`begin(lab, run);`]), "2:1:1", /`begin\(` is not awaited/],
  [
    "an exchange in a variable",
    ran([`const a = await exchange(b, "");`, SHOWN]),
    "2:1:1",
    /ends in/,
  ],
  ["silent edits", ran([`await edits(a, b, "");`]), "2:1:1", /Shows nothing/],
  ["a show in a sum", ran([`1 +\n  (await show(1));`, SHOWN]), "2:2:1", /ends in its show/],
  ["no code", ran([`1;`], [`// nothing`]), "3:1:1", /without code/],
  ["a silent show", ran([`1;`], [`await show(1);`]), "3:1:1", /Shows nothing/],
  [
    "a bare expression",
    ran([`1;`, { ...SHOWN, output_type: "execute_result", execution_count: 1 } as Output]),
    "2:1:1",
    /bare expression/,
  ],
  [
    "a stream",
    ran([`1;`, { output_type: "stream", name: "stdout", text: ["a"] }]),
    "2:1:1",
    /console output/,
  ],
  [
    "an error",
    ran([`1;`, { output_type: "error", ename: "E", evalue: "Too far", traceback: [] }]),
    "2:1:1",
    /error: Too far/,
  ],
  ["121 rows", ran([`await show(1);`, html(table(121))]), "2:1:1", /121 table rows/],
  [
    "a large image",
    ran([`await show(1);`, display({ "image/png": png(101_000) })]),
    "2:1:1",
    /image of 101 kB/,
  ],
  [
    "a large image in HTML",
    ran([`await show(1);`, html(`<img src="data:image/jpeg;base64,${png(150_000)}">`)]),
    "2:1:1",
    /image of 150 kB/,
  ],
  [
    "a path of this machine",
    ran([`await show(1);`, html(import.meta.resolve("lib/paper/design.ts"))]),
    "2:1:1",
    /path of this machine/,
  ],
  [
    "a count out of order",
    ran([`1;`], [`2;`]).map((cell, i) => i === 2 ? { ...cell, execution_count: 7 } : cell),
    "3:1:1",
    /execution count 7, not 2/,
  ],
  ["a cell that has not run", cells(["# Title", "1;"]), "2:1:1", /execution count none, not 1/],
];

for (const [what, made, where, said] of BROKEN) {
  Deno.test(`rules() finds ${what}, with notebook, cell and line`, () => {
    using folder = new Folder();
    const path = folder.write("05_broken.ipynb", made);
    const found = rules(path);
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]!.startsWith(`${path} cell ${where} `), found[0]!);
    assert.match(found[0]!, said);
  });
}

Deno.test("rules() allows 120 rows, an image of 100 kB and a large drawing", () => {
  using folder = new Folder();
  const outputs = [
    html(table(120)),
    display({ "image/png": png(99_000) }),
    display({ "image/svg+xml": ["<svg>" + " ".repeat(200_000) + "</svg>"] }),
  ];
  assert.deepEqual(rules(folder.write("05_large.ipynb", ran([`await show(1);`, ...outputs]))), []);
});

Deno.test("rules() finds a bad file name, another editor's file and missing sections", () => {
  using folder = new Folder();
  const named = folder.write("5-broken.ipynb", ran());
  assert.deepEqual(rules(named), [`${named} is not named like 14_table4_personality.ipynb`]);

  const edited = folder.write("05_edited.ipynb", ran());
  Deno.writeTextFileSync(edited, JSON.stringify(read(edited)));
  assert.match(rules(edited).join(), /^\S+05_edited.ipynb was last saved by something else/);

  const swapped = HEADINGS.replace("Data", "X").replace("Method", "Data").replace("X", "Method");
  for (const number of [11, 12, 13, 14, 15, 16, 24, 25, 26, 27]) {
    const path = folder.write(`${number}_table.ipynb`, cells(["# Title", swapped]));
    assert.match(rules(path).join(), /_table.ipynb has no section Method after Data: headings are/);
  }
  assert.deepEqual(rules(folder.write("17_other.ipynb", cells(["# Title", swapped]))), []);
});

Deno.test("typed() gives the messages of deno check and deno lint, by cell", async () => {
  using folder = new Folder();
  const wrong = folder.write("05_wrong.ipynb", [
    `# Title`,
    `import { rows } from "lib/frames.ts";`,
    `const a = 1;\nconst text: string = a;`,
    `rows(text);\nvar b = await Promise.resolve(2);`,
  ]);
  const good = folder.write("06_good.ipynb", [
    `import { SCALES } from "lib/paper/design.ts";`,
    `const first = SCALES[0];`,
    `await Promise.resolve(first);`,
  ]);
  const said = await typed([good, wrong]);
  assert.deepEqual(said.map((line) => line.split(" ").slice(0, 4).join(" ")), [
    `${wrong} cell 3:2:7 TS2322:`,
    `${wrong} cell 4:1:1 TS2554:`,
    `${wrong} cell 4:2:5 TS6133:`,
    `${wrong} cell 4:2:1 no-var:`,
  ]);
  const syntax = folder.write("07_syntax.ipynb", [`1;`, `const a = 1;\nconst b: = 2;`]);
  const [parse, ...more] = await typed([good, syntax]);
  assert.ok(parse!.startsWith(`${syntax} cell 2:2:`), parse);
  assert.deepEqual(more, []);
  const absent = folder.write("08_absent.ipynb", [`1;\nimport { a } from "lib/absent.ts";\na;`]);
  assert.match((await typed([absent])).join(), /08_absent.ipynb cell 1:2:\d+ .*lib\/absent.ts/);
});

Deno.test("unformatted() finds what deno fmt would change, and nothing else", async () => {
  using folder = new Folder();
  const tidy = folder.write("05_tidy.ipynb", ran([`const a = "a";`], [`await show(a);`, SHOWN]));
  const untidy = folder.write("06_untidy.ipynb", ran([`const a = 'a'`]));
  const before = Deno.readTextFileSync(untidy);
  assert.deepEqual(await unformatted([tidy, untidy]), [
    `${untidy} is not formatted: run \`deno fmt --no-config --line-width=100 ${untidy}\``,
  ]);
  assert.equal(Deno.readTextFileSync(untidy), before);
});

const SHOW = `const show = (text: unknown) =>
  Deno.jupyter.display({ "text/plain": String(text), "text/html": "<b>x</b>" }, { raw: true });
const figure = show, verdict = show;`;

Deno.test("runAll() stores outputs, and only what is new and ran well", async () => {
  using folder = new Folder();
  const good = folder.write("01_good.ipynb", [SHOW, `await verdict("3 of 3")`, `await show(5)`]);
  const bad = folder.write("02_bad.ipynb", [SHOW, `await show(1)`, `throw new Error("Too far")`]);
  const loud = folder.write("03_loud.ipynb", [`console.log("loud")`]);
  const before = [bad, loud].map((path) => Deno.readTextFileSync(path));
  const told: Done[] = [];
  const all = await runAll(find([], folder.path), {}, (done) => told.push(done));
  assert.deepEqual(told, all);
  const byName = all.toSorted((a, b) => a.name < b.name ? -1 : 1);
  assert.deepEqual(byName.map(({ name, verdict, written }) => [name, verdict, written]), [
    ["01_good", "3 of 3", true],
    ["02_bad", "1", false],
    ["03_loud", "", false],
  ]);
  assert.deepEqual(byName.map(({ failures }) => failures), [
    [],
    [`${bad} cell 3 (throw new Error("Too far")): Error: Too far`],
    [
      `${loud} cell 1 (console.log("loud")): ConsoleOutput: The cell wrote to the console: loud`,
    ],
  ]);
  assert.deepEqual([bad, loud].map((path) => Deno.readTextFileSync(path)), before);
  assert.deepEqual(read(good).cells.map((cell) => cell.execution_count), [1, 2, 3]);
  assert.equal((await runAll([good]))[0]!.written, false);
  assert.equal([...Deno.readDirSync(folder.path)].length, 3);
});

Deno.test("runAll() writes into another folder, or only compares", async () => {
  using folder = new Folder();
  const path = folder.write("01_good.ipynb", [SHOW, `await show(5)`]);
  const bad = folder.write("02_bad.ipynb", [`throw new Error("Too far")`]);
  const before = Deno.readTextFileSync(path);
  const [stale] = await runAll([path], { check: true });
  assert.match(stale!.failures.join(), /01_good.ipynb cell 1 .*Changed: /);
  const out = join(folder.path, "out", "inner");
  await runAll([path, bad], { out });
  assert.equal(Deno.readTextFileSync(path), before);
  assert.deepEqual(read(join(out, "01_good.ipynb")).cells[1]!.outputs!.length, 1);
  assert.equal(read(join(out, "02_bad.ipynb")).cells[0]!.outputs![0]!.output_type, "error");
  await runAll([path]);
  const [fresh] = await runAll([path], { check: true });
  assert.deepEqual([fresh!.failures, fresh!.written], [[], false]);
});

Deno.test("runAll() runs the notebooks of a study in order, beside the others", async () => {
  using folder = new Folder();
  const waits = [
    `import { existsSync } from "node:fs";`,
    `while (!existsSync("before")) await new Promise((resolve) => setTimeout(resolve, 50));`,
  ];
  const leaves = `await new Promise((resolve) => setTimeout(resolve, 500));
Deno.writeTextFileSync("before", "");`;
  const looks = `if (!Deno.readTextFileSync("before")) Deno.writeTextFileSync("order", "03 04");`;
  // 05 is given first, and 00 ends only when 03 has run.
  folder.write("05_last.ipynb", [`if (Deno.readTextFileSync("order") !== "03 04") throw 5;`]);
  folder.write("00_other.ipynb", waits);
  folder.write("04_next.ipynb", [looks]);
  folder.write("03_first.ipynb", [leaves]);
  const names = ["05_last", "00_other", "04_next", "03_first"];
  const paths = names.map((name) => join(folder.path, `${name}.ipynb`));
  const all = await runAll(paths, { out: join(folder.path, "out") });
  assert.deepEqual(all.flatMap(({ failures }) => failures), []);
  const chain = all.map(({ name }) => name).filter((name) => name !== "00_other");
  assert.deepEqual(chain, ["03_first", "04_next", "05_last"]);
});

Deno.test("runAll() keeps what somebody wrote into a notebook while it ran", async () => {
  using folder = new Folder();
  const path = folder.write("01_edited.ipynb", [
    `Deno.writeTextFileSync("01_edited.ipynb", "edited");`,
  ]);
  const [done] = await runAll([path]);
  assert.match(done!.failures.join(), /01_edited.ipynb was edited while it ran/);
  assert.equal(Deno.readTextFileSync(path), "edited");
});

async function command(script: string, args: string[], env?: Record<string, string>) {
  const path = fileURLToPath(import.meta.resolve(`../scripts/${script}`));
  const options = { args: ["run", "-A", path, ...args], env };
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), options).output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("notebooks.ts refuses what it does not know", async () => {
  for (const args of [["--colour"], ["--check", "--out", "out"], ["99_absent"]]) {
    const { code, said } = await command("notebooks.ts", args);
    assert.equal(code, 2, said);
    assert.match(said, /deno task notebooks \[NAME …\]/);
  }
  const { code, said } = await command("notebooks.ts", ["--help"]);
  assert.equal(code, 0);
  assert.match(said, /^deno task notebooks \[NAME …\]/);
});

Deno.test("without Jupyter, compare_nbconvert.ts compares nothing and lab.ts says what to do", async () => {
  using folder = new Folder();
  const env = { PATH: folder.path, JUPYTER_DATA_DIR: folder.path };
  const compared = await command("compare_nbconvert.ts", [], env);
  assert.equal(compared.code, 0, compared.said);
  assert.match(compared.said, /^Nothing compared: [^\n]+\n$/);
  const opened = await command("lab.ts", [], env);
  assert.equal(opened.code, 1);
  assert.match(opened.said, /No Jupyter found: install it with `pipx install jupyterlab`/);
  const installed = await command("lab.ts", ["--kernel-only"], env);
  assert.equal(installed.code, 0);
  assert.match(installed.said, /^The kernel is installed: /);
});

Deno.test("install() writes the kernelspec once and says when it replaces another", async () => {
  using folder = new Folder();
  const file = join(folder.path, "kernels", "deno", "kernel.json");
  assert.equal(await install(folder.path), `Installed the kernel: ${file}`);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(file)), kernelspec());
  assert.equal(await install(folder.path), `The kernel is installed: ${file}`);
  Deno.writeTextFileSync(file, "{}");
  assert.equal(await install(folder.path), `Replaced the Deno kernel that was there: ${file}`);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(file)), kernelspec());
});

const jupyter = await available();

Deno.test({
  name: "dataDir() is Jupyter's own",
  ignore: !jupyter,
  fn: async () => {
    const { stdout } = await new Deno.Command("jupyter", { args: ["--data-dir"] }).output();
    assert.equal(dataDir(), new TextDecoder().decode(stdout).trim());
  },
});

// nbconvert loses outputs that come after idle (see scripts/jupyter/kernel.ts): hence the delay
const SETTLED = `${SHOW.replace("const show", "const raw").split("\n").slice(0, 2).join("\n")}
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
const show = async (text: unknown) => { await raw(text); await settle(); };`;

Deno.test({
  name: "compare() finds a made-up notebook the same under nbconvert and here",
  ignore: !jupyter,
  fn: async () => {
    using folder = new Folder();
    const path = folder.write("01_same.ipynb", [
      `# Title`,
      SETTLED,
      `await show("one\\ntwo\\n\\x1b[31mthree\\x1b[0m")`,
      `const bar = (text: string, update: boolean) =>
  Deno.jupyter.display({ "text/plain": text }, { raw: true, display_id: "bar", update });`,
      `await bar("0 %", false); await bar("1 %", true); await show("2 %")`,
      `await bar("100 %", true); await settle()`,
      `const svg = Deno.jupyter.svg\`<svg>\n</svg>\`;
await Deno.jupyter.display(svg); await show("drawn")`,
    ]);
    assert.deepEqual(await compare(path), { cells: 3, differences: [] });
    const random = folder.write("02_random.ipynb", [SETTLED, `1;`, `await show(Math.random())`]);
    assert.deepEqual(await compare(random), {
      cells: 1,
      differences: [`${random} cell 3 (${source(read(random).cells[2]!)})`],
    });
  },
});
