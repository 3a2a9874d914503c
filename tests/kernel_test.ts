import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { ROOT } from "lib/config.ts";
import { execute } from "../scripts/jupyter/execute.ts";
import { Kernel, KernelEnded } from "../scripts/jupyter/kernel.ts";
import {
  canonical,
  type Cell,
  clean,
  type Output,
  stringify,
} from "../scripts/jupyter/notebook.ts";
import { nightly, until } from "./command.ts";
import { cells, Folder } from "./made.ts";

const EXECUTE = import.meta.resolve("../scripts/jupyter/execute.ts");

/** Shows a text as plain text; the name that showing cells are known by. */
const SHOW = `const show = (text, options = {}) =>
  Deno.jupyter.display({ "text/plain": String(text) }, { raw: true, ...options });`;

/** What a cell shows as plain text, one string an output. */
const shown = (cell?: Cell): string[] =>
  (cell?.outputs ?? []).map((output) =>
    "data" in output ? (output.data["text/plain"] as string[]).join("") : output.output_type
  );

function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed child whose parent died before it stays in the list until init collects it
    return Deno.build.os === "linux" && /\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}

const NOISY = `console.log("one");
console.log("two");
console.error("three");
await Deno.jupyter.display({ "text/plain": "four" }, { raw: true });
Deno.jupyter.html\`<b>five</b>\``;

const LOUD = (count: number): Output[] => [
  { output_type: "stream", name: "stdout", text: ["one\n", "two\n"] },
  { output_type: "stream", name: "stderr", text: ["three\n"] },
  { output_type: "display_data", data: { "text/plain": ["four"] }, metadata: {} },
  {
    output_type: "execute_result",
    data: { "text/html": ["<b>five</b>"] },
    metadata: {},
    execution_count: count,
  },
];

// A client that loses outputs may lose none in a quiet run of 60 cells: so under load, nightly three times
Deno.test("execute() keeps every output of 60 cells while the processors are busy", async () => {
  using folder = new Folder();
  const path = folder.write("noisy.ipynb", Array.from({ length: 60 }, () => NOISY));
  const busy = [1, 2].map(() =>
    new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"] }).spawn()
  );
  try {
    for (let round = 0; round < (nightly ? 3 : 1); round++) {
      const { notebook, failures, problems } = await execute(path);
      const complete = notebook.cells.filter((cell, index) =>
        cell.execution_count === index + 1 && isDeepStrictEqual(cell.outputs, LOUD(index + 1))
      );
      assert.equal(complete.length, 60);
      assert.deepEqual(failures, []);
      assert.deepEqual(problems.map(({ cell }) => cell), notebook.cells.map((_, i) => i + 1));
    }
  } finally {
    for (const child of busy) child.kill("SIGKILL");
    await Promise.all(busy.map((child) => child.status));
  }
});

Deno.test("execute() names the cell that threw and runs none after it", async () => {
  using folder = new Folder();
  const path = folder.write("throws.ipynb", [
    "# Title",
    SHOW,
    `await show("before")`,
    `\nconst limit = 3;\nthrow new RangeError("Too far");`,
    `await show("after")`,
  ]);
  const { notebook, failures } = await execute(path);
  assert.deepEqual(failures, [
    { cell: 4, line: "const limit = 3;", ename: "RangeError", evalue: "Too far" },
  ]);
  assert.deepEqual(notebook.cells.map(shown), [[], [], ["before"], ["error"], []]);
  assert.deepEqual(notebook.cells.slice(1).map((cell) => cell.execution_count), [1, 2, 3, null]);
});

for (
  const [what, endless] of [["computes", "for (;;);"], ["waits", "await new Promise(() => {});"]]
) {
  Deno.test(`execute() kills the kernel of a cell that ${what} for ever`, async () => {
    using folder = new Folder();
    const path = folder.write("endless.ipynb", [SHOW, `await show(Deno.pid)`, endless!, `1`]);
    const { notebook, failures } = await execute(path, { seconds: 1 });
    assert.deepEqual(failures, [{
      cell: 3,
      line: endless,
      ename: "TimeLimit",
      evalue: "The cell showed nothing for 1 s and did not end: its kernel was killed " +
        "(--minutes gives it longer)",
    }]);
    assert.ok(gone(Number(shown(notebook.cells[1])[0])));
    assert.equal(notebook.cells[3]!.execution_count, null);
  });
}

Deno.test("execute() gives a cell as long as it goes on showing something", async () => {
  using folder = new Folder();
  const path = folder.write("long.ipynb", [
    SHOW,
    `for (let i = 0; i < 40; i++) {
  await show(i);
  await new Promise((resolve) => setTimeout(resolve, 250));
}`,
  ]);
  const { notebook, failures } = await execute(path, { seconds: 8 });
  assert.deepEqual(failures, []);
  assert.equal(notebook.cells[1]!.outputs!.length, 40);
});

Deno.test("execute() reports a kernel that ends in the middle of a cell", async () => {
  using folder = new Folder();
  const { failures } = await execute(folder.write("exit.ipynb", [`Deno.exit(3)`]));
  assert.deepEqual(failures, [
    { cell: 1, line: "Deno.exit(3)", ename: "KernelEnded", evalue: "The kernel ended with code 3" },
  ]);
});

Deno.test("execute() reports a cell that does not parse", async () => {
  using folder = new Folder();
  const { failures } = await execute(folder.write("syntax.ipynb", [`1`, `const a: = 1`]));
  assert.equal(failures[0]!.cell, 2);
  assert.match(failures[0]!.evalue, /syntax error/);
});

Deno.test("execute() fails a showing cell that shows nothing", async () => {
  using folder = new Folder();
  const path = folder.write("silent.ipynb", [
    `const show = () => {}; const figure = show; const verdict = show; const other = show;`,
    `await show()`,
    `await figure()`,
    `await verdict()`,
    `await other()`,
    `await show(); await Deno.jupyter.display({ "text/plain": "x" }, { raw: true });`,
  ]);
  const { failures } = await execute(path);
  assert.deepEqual(failures.map(({ cell, ename }) => [cell, ename]), [
    [2, "NoOutput"],
    [3, "NoOutput"],
    [4, "NoOutput"],
  ]);
});

Deno.test("execute() keeps the last state of a display that later cells update", async () => {
  using folder = new Folder();
  const path = folder.write("update.ipynb", [
    SHOW,
    `await show("0 %", { display_id: "bar" })`,
    `await show("50 %", { display_id: "bar", update: true })`,
    `await show("other"); await show("100 %", { display_id: "bar", update: true })`,
    `await show("lost"); await Deno.jupyter.broadcast("clear_output", { wait: false });`,
    `await show("old"); await Deno.jupyter.broadcast("clear_output", { wait: true }); await show("new")`,
    `await show("kept"); await Deno.jupyter.broadcast("clear_output", { wait: true });`,
  ]);
  const { notebook } = await execute(path);
  const expected = [[], ["100 %"], [], ["other"], [], ["new"], ["kept"]];
  assert.deepEqual(notebook.cells.map(shown), expected);
});

Deno.test("execute() runs in the notebook's folder, with the environment given, and ends", async () => {
  using folder = new Folder();
  const path = folder.write("where.ipynb", [
    SHOW,
    `await show([Deno.cwd(), Deno.env.get("MADE_UP"), Deno.env.get("NO_COLOR")].join(" "))`,
    `await show(Deno.pid)`,
  ]);
  const { notebook } = await execute(path, { env: { MADE_UP: "yes" } });
  assert.deepEqual(shown(notebook.cells[1]), [`${folder.path} yes 1`]);
  assert.ok(gone(Number(shown(notebook.cells[2])[0])));
});

// With "nodeModulesDir": "auto" a kernel whose first import is a package links node_modules anew, and
// another kernel that loads meanwhile does not find a module.
Deno.test("a kernel that imports a package leaves node_modules alone", async () => {
  using folder = new Folder(ROOT);
  const path = folder.write("a.ipynb", [
    `import pl from "polars";\nimport { fixed } from "lib/format.ts";\n${SHOW}\nawait show(pl.DataFrame({ a: [1] }).height + fixed(0.5, 0));`,
  ]);
  const linked = () => Deno.lstatSync(join(ROOT, "node_modules", "zod")).mtime!.getTime();
  const before = linked();
  const { notebook, failures } = await execute(path);
  assert.deepEqual(failures, []);
  assert.deepEqual(shown(notebook.cells[0]), ["10"]);
  assert.equal(linked(), before);
});

Deno.test("execute() gives the same bytes twice, and what editors add is dropped", async () => {
  using folder = new Folder();
  const [code] = cells([`Deno.jupyter.html\`<i>one\ntwo</i>\``]);
  const edited: Cell = { ...code!, metadata: { execution: { started: "2025" }, tags: ["a"] } };
  const texts = [SHOW, `await show("\\x1b[31mred\\x1b[0m")`, `throw new Error("Made up")`];
  const [first, second, last] = cells(texts);
  const path = folder.write("same.ipynb", [first!, second!, edited, last!]);
  const runs = [await execute(path), await execute(path)];
  const [once, twice] = runs.map(({ notebook }) => stringify(notebook));
  assert.equal(once, twice);
  assert.equal(stringify(canonical(JSON.parse(once!))), once);
  const { cells: ran } = runs[0]!.notebook;
  assert.deepEqual(shown(ran[1]), ["red"]);
  assert.deepEqual(ran[2]!.metadata, { tags: ["a"] });
  assert.deepEqual(ran[2]!.outputs![0], {
    output_type: "execute_result",
    data: { "text/html": ["<i>one\n", "two</i>"] },
    metadata: {},
    execution_count: 3,
  });
});

Deno.test("clean() takes colours and this machine's folder out of an error", () => {
  const url = import.meta.resolve("lib/paper/design.ts");
  assert.equal(clean(`\x1b[31mError\x1b[0m at ${url}:3:7`), "Error at lib/paper/design.ts:3:7");
});

Deno.test("Kernel.start() tries other ports when one is taken", async () => {
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const free = () => {
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    return listener.addr.port;
  };
  let attempts = 0;
  const ports = (until: number) => () => {
    const shell = attempts++ < until ? taken.addr.port : free();
    return [shell, free(), free(), free(), free()];
  };
  const kernel = await Kernel.start({ cwd: ".", ports: ports(1) });
  await kernel.stop();
  assert.equal(attempts, 2);
  attempts = 0;
  await assert.rejects(Kernel.start({ cwd: ".", ports: ports(9) }), KernelEnded);
  assert.equal(attempts, 3);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  Deno.test({
    name: `execute() leaves no kernel behind after ${signal}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      using folder = new Folder();
      const path = folder.write("endless.ipynb", [
        `Deno.writeTextFileSync("pid", String(Deno.pid));`,
        `await new Promise(() => {})`,
      ]);
      const program = `import { execute } from ${JSON.stringify(EXECUTE)};
        await execute(${JSON.stringify(path)}).catch((error) => console.log(error.name));
        console.log("went on");`;
      const args = ["eval", program];
      const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
      const pid = () => Number(Deno.readTextFileSync(`${folder.path}/pid`));
      // The file is there before the number in it.
      const there = () => [...Deno.readDirSync(folder.path)].length === 2 && pid() > 0;
      await until("the kernel", there);
      assert.ok(!gone(pid()));
      child.kill(signal);
      const { stdout } = await child.output();
      const said = signal === "SIGKILL" ? "" : "Interrupted\nwent on\n";
      assert.equal(new TextDecoder().decode(stdout), said);
      await until("its end", () => gone(pid()));
    },
  });
}
