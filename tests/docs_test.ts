/**
 * The pages for readers are true: their blocks run in a copy of the project, as a user would run them
 * there, with a database of its own; links lead somewhere, and commands and flags exist.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import tasks from "../deno.json" with { type: "json" };
import { ROOT } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { openStudy } from "lib/study.ts";
import { as, restored } from "./data.ts";
import { type Ended, ended, script } from "./command.ts";
import { anchors, type Block, blocks, commands, links, page, PAGES, spans } from "./docs.ts";
import { provider } from "./llm_server.ts";
import { Folder } from "./made.ts";

/** Blocks that are not run, by their beginning, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npx -y deno": "fetches Deno; start and test are run by .ci/run",
  "deno task start\n": "start and test are run by .ci/run",
  "tables out/tables": "what start prints last; its parts are tested in cli_test and paper_test",
  "@misc{": "for BibTeX",
  "deno task study estimate people --batch": "needs a provider; tried in study_cli_test",
  "deno task study run people --batch --yes\n": "the same",
  "await show(await lab.estimate(plan, { batch": "the same",
  "deno task study end-batches people": "the same",
  "   notebooks": "the floors, which floors_test holds",
  "id,sex,age,town": "the form of a file, of which populations_test reads several",
  "name,kind,label": "the form of a codebook, of which populations_test reads several",
  "DATABASE_URL=postgres": "somebody's own address and keys",
  "#!/bin/bash": "for SLURM, on which slurm_test runs it",
  "for node in": "for other machines; machines_test runs the same on three",
  "alter role": "pooler_test gives a role these settings",
  "pool_mode": "pooler_test configures PgBouncer so",
  "sbatch shards": "for SLURM, on which slurm_test runs it",
};

const SMALL = "tests/fixtures/small-public";

/** What a project is when it has been checked out, without what is somebody's own. */
const CHECKOUT = ["deno.json", "deno.lock", "dataset", "lib", "notebooks", "scripts", "tests"];

/** The rooms from whose doors a cell takes names; of two with one name, the first has it. */
const DOORS = [
  "notebook",
  "conditions",
  "db",
  "frames",
  "llm",
  "measures",
  "paper/print",
  "paper/figures",
  "plots",
  "prompts",
  "study",
  "paper/tables",
  "opinions/sample",
];

/** Before a block of TypeScript that goes on with what an earlier one made: that one's last lines. */
const PREAMBLES: Readonly<Record<string, string>> = {
  "await figure(alphas(table)": `const study = await openDataset({ schema: "personality_trap" });
    const table = reliability(await study.sheets("epqra"));\n`,
  [`await figure(forest(table), "Differences"`]: `
    const study = await openDataset({ schema: "personality_trap" });
    const table = personality(await study.sheets("epqra"), await study.profiles("reference"));
    const counts = [{ n: 1 }], shares = counts, sizes = counts;\n`,
};

/**
 * The programs of some blocks, by the block that each begins with: cells of a notebook are one, which
 * begins with a block that has imports of its own and goes on until something else is to be typed.
 */
function programs(run: readonly Block[]): Map<Block, string> {
  const made = new Map<Block, string>();
  let notebook: Block | null = null;
  for (const block of run) {
    if (block.page !== notebook?.page || block.language !== "ts") notebook = null;
    if (block.language !== "ts") continue;
    if (block.text.startsWith("import ")) notebook = block;
    if (notebook) {
      made.set(notebook, (made.get(notebook) ?? "") + block.text);
    } else {
      const start = Object.keys(PREAMBLES).find((start) => block.text.startsWith(start));
      made.set(block, (start ? PREAMBLES[start] : "") + block.text);
    }
  }
  return made;
}

/** A copy of the project with a database of its own and a model's server. */
class Copy implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly #server = provider({ keep: false });
  readonly path = join(this.#folder.path, "copy");

  constructor() {
    for (const name of CHECKOUT) {
      cpSync(join(ROOT, name), join(this.path, name), {
        recursive: true,
        filter: (path) => !path.endsWith("models.local.json"),
      });
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.path, "node_modules"));
  }

  /** Runs a program in the project's folder. */
  async ran(program: string, ...args: string[]): Promise<Ended> {
    return await this.#in(this.path, program, args);
  }

  async #in(cwd: string, program: string, args: string[]): Promise<Ended> {
    const kept = ["HOME", "DENO_DIR", "TMPDIR", "LD_LIBRARY_PATH"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    const command = new Deno.Command(program, {
      args,
      cwd,
      clearEnv: true,
      env: {
        ...Object.fromEntries(kept),
        PATH: [dirname(Deno.execPath()), Deno.env.get("PATH")].join(delimiter),
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return await ended(command.spawn());
  }

  /**
   * Writes TypeScript to a file, with the names that it takes from the rooms unless it imports what it
   * needs; returns its path.
   */
  async write(name: string, text: string): Promise<string> {
    const taken = new Set<string>();
    const own = text.startsWith("import ");
    let doors = own ? "" : `import "lib/paper/published.ts";\n`;
    for (const door of own ? [] : DOORS) {
      const names = Object.keys(await import(`lib/${door}.ts`))
        .filter((name) => !taken.has(name) && new RegExp(`(?<![.\\w])${name}\\(`).test(text));
      for (const name of names) taken.add(name);
      if (names.length) doors += `import { ${names.join(", ")} } from "lib/${door}.ts";\n`;
    }
    const path = join(this.path, name);
    await Deno.writeTextFile(path, `${doors}${text}\nDeno.exit(0);\n`);
    return path;
  }

  /** Runs TypeScript where a cell runs. */
  async typescript(path: string): Promise<Ended> {
    return await this.#in(join(this.path, "notebooks"), Deno.execPath(), ["run", "-A", path]);
  }

  /** Runs a shell block; what it names that is not here has a stand-in. */
  async shell(text: string): Promise<Ended> {
    const here = text.replaceAll("http://localhost:4010", this.#server.url)
      .replaceAll("--from PATH", `--from ${SMALL}`)
      .replace(/postgres:\/\/\S+/, () => this.#other());
    return await this.ran("sh", "-ec", here);
  }

  /** Another database, made on the copy's own server. */
  #other(): string {
    const { port, password } = JSON.parse(
      Deno.readTextFileSync(join(this.path, ".data", "server.json")),
    ) as { port: number; password: string };
    return `postgres://persona_audit:${password}@127.0.0.1:${port}/moved`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ran(Deno.execPath(), "run", "-A", "scripts/db.ts", "stop");
    await this.#server.close();
    this.#folder[Symbol.dispose]();
  }
}

interface Column {
  schema: string;
  table: string;
  columns: string;
}

const ALL = PAGES.flatMap((path) => blocks(path));
const left = (block: Block) => Object.keys(NOT_RUN).find((start) => block.text.startsWith(start));

Deno.test("every block of the pages runs, in the order in which they are read", async (t) => {
  await using copy = new Copy();
  const run = ALL.filter((block) => !left(block));
  const files = new Map<Block, string>();
  for (const [block, text] of programs(run)) {
    files.set(block, await copy.write(`block${files.size + 1}.ts`, text));
  }
  await t.step("their types are right", async () => {
    assert.ok(files.size > 4);
    const { code, err } = await copy.ran(Deno.execPath(), "check", ...files.values());
    assert.equal(code, 0, err);
  });
  for (const block of run.filter((block) => block.language !== "ts" || files.has(block))) {
    const { language, text } = block;
    const name = `${block.page}, ${block.heading}: ${text.slice(0, 50).split("\n")[0]}`;
    await t.step(name, async () => {
      if (language === "csv") return quoted(text);
      if (language === "json") {
        await Deno.writeTextFile(join(copy.path, "dataset", "models.local.json"), text);
        const { code, out, err } = await copy.ran("deno", "task", "config");
        assert.equal(code, 0, err);
        for (const { id } of JSON.parse(text)) assert.match(out, new RegExp(`^${id} `, "m"));
        return;
      }
      assert.ok(language === "sh" || language === "ts", `a block of ${language || "no language"}`);
      if (text.includes("postgres://")) {
        const made = `const sql = await connect("owner"); await sql\`create database moved\``;
        assert.equal((await copy.typescript(await copy.write("moved.ts", made))).code, 0);
      }
      const { code, out, err } = language === "sh"
        ? await copy.shell(text)
        : await copy.typescript(files.get(block)!);
      assert.equal(code, 0, out + err);
      for (const said of SAYS[name.split(": ")[0]!]?.[language] ?? []) assert.match(out, said);
    });
  }
});

Deno.test("the dictionary names every table and column, and no other", async () => {
  const text = page("dataset/README.md");
  await restored(PUBLISHED);
  const lab = await openStudy({ schema: "docs_dictionary" });
  await lab.close();
  const columns = await as("owner", (sql) =>
    sql<Column[]>`
      select table_schema as schema, table_name as table, string_agg(column_name, ' ') as columns
      from information_schema.columns join information_schema.tables
        using (table_schema, table_name)
      where table_schema in (${PUBLISHED}, 'docs_dictionary')
        and (table_type = 'BASE TABLE' or table_schema = ${PUBLISHED})
      group by 1, 2`);
  const own = columns.filter(({ schema }) => schema !== PUBLISHED).map(({ table }) => table);
  const [, study] = /## A study of your own([\s\S]*?)\nViews:/.exec(text)!;
  const rows = [...study!.matchAll(/^\| (\w+) \|/gm)].map(([, name]) => name!);
  const ours = /^(provenance|kysely_.*)$/;
  assert.deepEqual(
    rows.filter((name) => name !== "table").toSorted(),
    own.filter((name) => !ours.test(name)).toSorted(),
  );
  for (const { table, columns: names } of columns.filter(({ schema }) => schema === PUBLISHED)) {
    if (/^kysely_/.test(table)) continue;
    const section = text.split(/^### /m).find((part) =>
      new RegExp(`^[\\w, ]*\\b${table}\\b`).test(part)
    );
    assert.ok(section, `no section on ${table}`);
    const lost = names.split(" ").filter((name) => !new RegExp(`\\b${name}\\b`).test(section));
    assert.deepEqual(lost, [], table);
  }
});

/** What blocks print, where that they end well is not enough. */
const SAYS: Readonly<Record<string, Partial<Record<string, RegExp[]>>>> = {
  "docs/your-own-study.md, 1. A first table": { sh: [/^1 of 1 tables in out\/first$/m] },
  "docs/your-own-study.md, 2. A first person": {
    sh: [/^(Open them: deno task lab --study first$|.*first\.html: 160 personas and 0 sheets)/m],
    ts: [
      /160 of 160 done, 0 failed/,
      /The first three people\n/,
      /What was asked, and what came back\n/,
    ],
  },
  "docs/your-own-study.md, 3. Prompt A against prompt B": {
    ts: [/^1 +gender +female +80 /m, /^gender +female +1\+\w{8} +1 +40 +40 +0 +0 /m],
  },
  "docs/your-own-study.md, 4. A questionnaire of your own": {
    sh: [/^kind: 160 of 160 done, 0 failed/m],
    ts: [
      /^1 +MaxN +Kindness +40 +\d/m,
      /in out\/papers\/first\/walk$/m,
    ],
  },
  "docs/your-own-study.md, Without notebooks": {
    sh: [/^people: 40 of 40 done/m, /^spanish: 40 of 40 done/m, /tables in out\/mine$/m],
  },
  "docs/prompts.md, Prompts": {
    ts: [
      /^Not asked yet: what it would cost\n.*\n.*\n {2}Still to ask: 12 calls\./,
      /\nSide by side\n {2}Compared by prompt, against 1: \d+ of 72 fields differ\n/,
      /^prompt +1\+\w+ +1 +differing +66 +3 /m,
      /persona +1\+\w+ +\w+ +1 +\d{4}-\d\d-\d\d .* The place is fixed/,
    ],
  },
  "docs/database.md, Moving a study": { sh: [/^people: 40 of 40 done.*spent 0 calls/m] },
  "docs/instruments.md, Asked, and scored": {
    sh: [/^(mini: 40 of 40 done|12 of 12 tables in out\/mine$)/m],
    ts: [/^Mine +MaxN +C +20 +10 +\d/m],
  },
  "docs/forms.md, What becomes of the fields": {
    ts: [
      /portrait +form-1 +— +age +given and kept +\d/,
      /mood +(calm|cheerful|worried|angry) +2 +0/,
    ],
  },
  "docs/results.md, Results by any factor": {
    ts: [/^Mine +MaxN +C +20 +0 +10 /m, /^MaxN +item 1 +\d +20 +0 /m],
  },
  "docs/results.md, The paper's tables by factors": {
    ts: [/^ *1 +es +[−\d]/m, /^Category +Subcategory +Prompt 1$/m],
  },
  "docs/cluster.md, Files for a cluster without a network": {
    sh: [
      /^(big: 40 to do|out\/big: 40 questions to mine in 2 shards|shard_0001.jsonl: 20 answered|out\/big: 40 of 40 answered)/m,
    ],
  },
  "docs/populations.md, People": { sh: [/^people: 6 of 6 done/m] },
};

/** Lines that a block quotes stand in one of the files. */
function quoted(text: string): void {
  const files = ["instruments/mini-ipip", "instruments/town", "forms/portrait"]
    .map((name) => page(`dataset/${name}.csv`).split("\n"));
  const quotes = text.trimEnd().split("\n");
  assert.ok(files.some((lines) => quotes.every((line) => lines.includes(line))), text);
}

Deno.test("what is not run has a reason, and what is said of blocks is said of one", () => {
  const used = ALL.flatMap((block) => left(block) ?? []);
  assert.deepEqual(used.toSorted(), Object.keys(NOT_RUN).toSorted());
  const places = ALL.map(({ page, heading }) => `${page}, ${heading}`);
  assert.deepEqual(Object.keys(SAYS).filter((place) => !places.includes(place)), []);
  for (const start of Object.keys(PREAMBLES)) {
    assert.ok(ALL.some(({ text }) => text.startsWith(start)), start);
  }
});

Deno.test("links and paths lead somewhere", () => {
  const lost = PAGES.flatMap((path) => {
    const folder = dirname(path);
    const text = page(path);
    const dead = links(text).filter((link) => {
      const [target = "", anchor] = link.split("#");
      const file = target ? join(folder, target) : path;
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchors(page(file)).includes(anchor);
    });
    const gone = spans(text)
      .filter((code) => /^(lib|tests|dataset|scripts|notebooks)\/[a-z0-9_/.-]+\.[a-z]+$/.test(code))
      .filter((code) => code !== "dataset/models.local.json" && !existsSync(join(ROOT, code)));
    return [...dead, ...gone].map((target) => `${path}: ${target}`);
  });
  assert.deepEqual(lost, []);
});

/** Each has a help of its own. */
const STUDY = [
  "new",
  "plan",
  "plan personas",
  "plan administrations",
  "preview",
  "estimate",
  "run",
  "hand-out",
  "take-in",
  "end-batches",
  "stop",
  "status",
  "retry-failed",
  "browse",
  "export",
];

Deno.test("commands and flags that are named exist; the help of a study command explains its flags", async () => {
  const code = PAGES.flatMap((path) => [
    ...spans(page(path)),
    ...blocks(path).filter(({ language }) => language === "sh")
      .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n")),
  ]);
  const typed = code.flatMap(commands);
  const known = Object.keys(tasks.tasks);
  assert.deepEqual(typed.filter(({ task }) => !known.includes(task)), []);
  const helps = new Map<string, string>();
  const wanted = new Set([
    ...known,
    ...typed.flatMap(({ task, sub }) => sub ? [`${task} ${sub}`] : []),
    ...STUDY.map((sub) => `study ${sub}`),
  ]);
  await Promise.all([...wanted].map(async (name) => {
    const [task, ...sub] = name.split(" ");
    const { code, out, err } = await script(task!, [...sub, "--help"], { NO_COLOR: "1" });
    assert.equal(code, 0, `${name}: ${err}`);
    assert.ok(out.startsWith(`deno task ${name}`), out);
    helps.set(name, out);
    if (task !== "study") return;
    assert.ok(out.split("\n").every((line) => line.length <= 104), name);
    // The usage line shows no flag that the text does not explain.
    const [usage, ...text] = out.split("\n");
    for (const [flag] of usage!.matchAll(/--[a-z-]+/g)) {
      assert.ok(text.join().includes(`  ${flag}`), `${name}: ${flag}`);
    }
  }));
  const has = (help: string, flag: string) => new RegExp(`${flag}(?![a-z-])`).test(help);
  for (const { task, sub, flags } of typed) {
    const help = helps.get(sub ? `${task} ${sub}` : task)!;
    for (const flag of flags) assert.ok(has(help, flag), `deno task ${task} ${sub}: ${flag}`);
  }
  const every = [...helps.values()].join("\n");
  const alone = code.flatMap((span) => /^(--[a-z][a-z-]*)/.exec(span)?.[1] ?? []);
  assert.deepEqual(alone.filter((flag) => !has(every, flag)), []);
});
