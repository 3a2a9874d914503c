/** The commands as a user types them: what they print, write and end with. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl from "polars";
import { ROOT } from "lib/config.ts";
import { bannerOf, openDataset } from "lib/db.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { csv } from "lib/press.ts";
import { robustness } from "lib/paper/tables.ts";
import { evaluated } from "./command.ts";
import { batches } from "../scripts/test.ts";
import { restored } from "./data.ts";

const FIXTURE = join(ROOT, "tests", "fixtures", "small-public");

async function run(script: string, ...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts", `${script}.ts`), ...args],
    cwd: ROOT,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** One folder of tables of the small database, written once. */
const written = (() => {
  let folder: Promise<string> | null = null;
  return () =>
    folder ??= (async () => {
      await restored("small_csv", join(FIXTURE, "csv"));
      const out = await Deno.makeTempDir();
      const { code, err } = await run("tables", "--out", out, "--schema", "small_csv");
      assert.equal(code, 0, err);
      return out;
    })();
})();

Deno.test("tables writes every table as CSV, Markdown and LaTeX", async () => {
  const names = [...Deno.readDirSync(await written())].map(({ name }) => name).toSorted();
  const expected = TABLE_NAMES.flatMap((name) =>
    ["codebook.csv", "csv", "md", "tex"].map((end) => `${name}.${end}`)
  );
  assert.deepEqual(names, [...expected, "source.tex"].toSorted());
});

Deno.test("tables writes tidy CSV: header, full precision, undefined empty, the data's name", async () => {
  const text = await Deno.readTextFile(join(await written(), "table4.csv"));
  const [head, first] = text.split("\n");
  assert.equal(
    head,
    "model,condition,scale,n,mean,sd,reference_mean,estimate,se,t,df,p,ci_lower,ci_upper,d,marker,printed,data",
  );
  // From the original's expected table4.csv.
  assert.match(first!, /^GPT-4o,Base,E,39,1\.6666666666666667,2\.56836353113615\d+,/);
  const undefined_ = text.split("\n").find((line) => line.startsWith("GPT-4o,Base,L"))!.split(",");
  const t = head!.split(",").indexOf("t");
  assert.equal(undefined_[t], "");
  assert.match(first!, /not the published dataset/);
  assert.doesNotMatch(text, /NaN|null|undefined/);
});

Deno.test("tables' CSV files read back as the numbers they were", async () => {
  for (const name of TABLE_NAMES) {
    const frame = pl.readCSV(join(await written(), `${name}.csv`));
    assert.ok(frame.height >= 20, name);
    assert.ok(frame.columns.includes("printed"), name);
  }
});

Deno.test("tables builds only the named ones, in either way of naming them", async () => {
  await written();
  const out = await Deno.makeTempDir();
  const args = ["--out", out, "--schema", "small_csv", "--table", "table4", "tableA6"];
  assert.equal((await run("tables", ...args)).code, 0);
  const names = new Set([...Deno.readDirSync(out)].map(({ name }) => name.split(".")[0]));
  assert.deepEqual(names, new Set(["table4", "tableA6", "source"]));
  await Deno.remove(out, { recursive: true });
});

Deno.test("tables ends with 2 and the nearest right word for a wrong argument", async () => {
  await restored("small_csv", join(FIXTURE, "csv"));
  const cases: [string[], RegExp][] = [
    [["--tabel", "table4"], /Unknown flag --tabel: did you mean --table\?/],
    [["--schema", "small_csv", "--table", "tabel4"], /No table tabel4: did you mean table4\?/],
    [["--mode", "nice"], /--mode is printed or corrected: current value is nice/],
    [["table4"], /Unexpected table4/],
    [["--out"], /--out/],
  ];
  for (const [args, said] of cases) {
    const { code, err } = await run("tables", ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, said);
    assert.doesNotMatch(err, /\n\s+at /);
  }
});

Deno.test("tables ends with 1 and says what to run where no study is", async () => {
  const { code, err } = await run(
    "tables",
    "--schema",
    "nowhere",
    "--out",
    await Deno.makeTempDir(),
  );
  assert.equal(code, 1);
  assert.match(
    err,
    /Schema nowhere holds no study: run `deno task restore --schema nowhere`, .*small_csv/,
  );
  assert.doesNotMatch(err, /\n\s+at /);
});

const TASKS: Record<string, { description: string; command: string }> =
  JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))).tasks;

Deno.test("every task goes the one way, and has a line that fits a screen", () => {
  for (const [name, { description, command }] of Object.entries(TASKS)) {
    assert.equal(command, `deno run -A scripts/task.ts ${name}`);
    assert.ok(description.length > 0 && description.length <= 72, name);
  }
});

Deno.test("every test file is run in one batch, however many there are, and no batch is empty", () => {
  for (let files = 1; files <= 200; files++) {
    const names = [...Array.from({ length: files }, (_, i) => `file_${i}`), "docs"];
    const made = batches(names);
    assert.ok(made.every((batch) => batch.length > 0), `${files} files`);
    assert.deepEqual(made.flat().toSorted(), names.toSorted());
  }
});

Deno.test("mode corrected writes what survives, all of it and as it is shown", async () => {
  await written();
  const out = await Deno.makeTempDir();
  const args = ["--out", out, "--schema", "small_csv", "--mode", "corrected"];
  assert.equal((await run("tables", ...args, "--table", "table4", "baselines")).code, 0);
  const files = [...Deno.readDirSync(out)].map(({ name }) => name).toSorted();
  const kinds = ["codebook.csv", "csv", "md", "tex"];
  const names = ["baselines", "table4", "table4_survives"];
  const expected = names.flatMap((name) => kinds.map((kind) => `${name}.${kind}`));
  assert.deepEqual(files, [...expected, "source.tex"].toSorted());
  // Each of its tables refers to it.
  assert.match(
    await Deno.readTextFile(join(out, "source.tex")),
    /\\label\{source:source\} Data: .*not the published dataset\. Code: /,
  );
  for (const name of names) {
    assert.match(await Deno.readTextFile(join(out, `${name}.tex`)), /\\pageref\{source:source\}/);
  }

  const study = await openDataset({ schema: "small_csv" });
  const survived = await robustness("table4", study);
  const banner = bannerOf(study.provenance);
  await study.close();
  assert.equal(await Deno.readTextFile(join(out, "table4_survives.csv")), csv(survived, banner));
  const md = await Deno.readTextFile(join(out, "table4_survives.md"));
  assert.match(md, /^### What survives of Table 4: .* \(\d+ tests\)\n/);
  assert.match(
    md,
    /\| Scale \| Manipulated \| Marker \| Verdict \| \*n\* \|.*\| \*p\* naive \| \*p\* cluster \| \*p\* Holm \|/,
  );
  assert.match(await Deno.readTextFile(join(out, "table4_survives.tex")), /\\begin\{longtable\}/);
  await Deno.remove(out, { recursive: true });
});

Deno.test("every task has --help, and answers a flag that it does not know", async () => {
  await Promise.all(
    Object.keys(TASKS).map(async (name) => {
      const help = await run(name, "--help");
      assert.equal(help.code, 0, `${name}: ${help.err}`);
      assert.match(help.out, new RegExp(`^deno task ${name}\\b.*\n\n`));
      const wrong = await run(name, "--hepl");
      assert.equal(wrong.code, 2, `${name}: ${wrong.out}${wrong.err}`);
      assert.match(wrong.err, /^Unknown flag --hepl: did you mean --help\?\n/);
    }),
  );
});

Deno.test("mode corrected has the rows that the paper's code lost", async () => {
  await written();
  const out = await Deno.makeTempDir();
  const args = ["--out", out, "--schema", "small_csv", "--mode", "corrected", "--table", "table1"];
  assert.equal((await run("tables", ...args)).code, 0);
  const md = await Deno.readTextFile(join(out, "table1.md"));
  for (const row of ["| Race | Other |", "| Relig. Beli. | Others |", "| Sex. Or. | Others |"]) {
    assert.ok(md.includes(row), row);
  }
  await Deno.remove(out, { recursive: true });
});

Deno.test("texts of models and files do not command the terminal", async () => {
  const text = "a\x1b[2J\x1b]8;;http://x\x07\u009b1m\u202eb\tc\u2067\r";
  const code = `import { main } from "./scripts/cli.ts";
    await main({ usage: "", help: "" }, () => { console.log(${JSON.stringify(text)});
      throw new Error(${JSON.stringify(text)}); });`;
  const { code: ended, out, err } = await evaluated(code);
  assert.equal(ended, 1);
  const shown = "a\\u001b[2J\\u001b]8;;http://x\\u0007\\u009b1m\\u202eb\tc\\u2067\\u000d\n";
  assert.deepEqual([out, err], [shown, shown]);
});
