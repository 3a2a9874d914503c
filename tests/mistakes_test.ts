/** What goes wrong before and around the work: each is told in lines that say what, where and what to do. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { byNpx, refusal } from "lib/version.ts";
import { ROOT } from "lib/config.ts";
import { Kernel } from "../scripts/jupyter/kernel.ts";
import { atNight, type Ended, ended, script, spawned, until } from "./command.ts";
import { provider } from "./llm_server.ts";
import { Folder } from "./made.ts";

/** It failed with this status, says these things on stderr, and shows no stack and no progress. */
function told({ code, out, err }: Ended, status: number, ...says: RegExp[]): void {
  assert.equal(code, status, out + err);
  for (const one of says) assert.match(err, one);
  assert.doesNotMatch(out + err, /^ +at |Uncaught|undefined|\[object/m);
  // Progress is for terminals.
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(out + err, /[\r\x1b]/);
}

/** Of no server, database or setting of the user's. */
const bare = (folder: Folder, env: Record<string, string> = {}) => ({
  DATA_DIR: join(folder.path, "data"),
  DATABASE_URL: "",
  PGHOST: "",
  PGDATABASE: "",
  NO_COLOR: "1",
  ...env,
});

/** As under another Deno. */
const under = (version: string, rest: string): string =>
  `Object.defineProperty(Deno, "version", { value: { deno: "${version}" } }); ${rest}`;

Deno.test("a Deno that is too old is refused, by number and not by letter", () => {
  for (const good of ["2.9.0", "2.9.6", "2.10.0", "3.0.0", "2.9.0-rc.1"]) {
    assert.equal(refusal("start", good), null, good);
  }
  for (const old of ["2.8.3", "2.1.10", "1.46.3"]) {
    assert.match(
      refusal("start", old)!,
      new RegExp(
        `needs Deno 2\\.9 or later, and this is Deno ${old}: .*npx -y deno@[\\d.]+ task start`,
      ),
    );
  }
});

/** The files of which the tasks need no more than these to find out what is missing. */
function checkout(folder: Folder): string {
  for (
    const file of [
      "deno.json",
      "deno.lock",
      "scripts/task.ts",
      "scripts/memory.ts",
      "lib/version.ts",
    ]
  ) {
    Deno.mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    Deno.copyFileSync(join(ROOT, file), join(folder.path, file));
  }
  return folder.path;
}

Deno.test("where Deno came by npx, start says how it is typed", () => {
  const said = byNpx("/home/me/.npm/_npx/98d3c2c28d1bbcae/node_modules/deno/deno")!;
  assert.match(said, /`npx -y deno@[\d.]+ task …` here; `npm install -g deno@[\d.]+`/);
  assert.equal(byNpx("/usr/lib/node_modules/deno/deno"), null);
});

Deno.test("under an old Deno a task says so, before it does anything", async () => {
  using folder = new Folder();
  const file = join(checkout(folder), "scripts", "task.ts");
  const task = spawned(["eval", under("2.8.3", `await import("${file}")`), "start", "--fresh"]);
  told(await ended(task), 1, /^Persona Audit needs Deno 2\.9 .* Deno 2\.8\.3: .* task start`\n$/);
  assert.ok(!existsSync(join(folder.path, "node_modules")));
});

Deno.test("without network the first run says where to look, and what to type then", async () => {
  using folder = new Folder();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "start"],
    cwd: checkout(folder),
    env: {
      NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/",
      DENO_DIR: join(folder.path, "cache"),
      RUST_BACKTRACE: "1",
      NO_COLOR: "1",
    },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [
    string,
    string,
  ];
  told(
    { code, out, err },
    1,
    /Connection refused/,
    /Check the network .* go on: deno task start\n$/,
  );
});

/** What cells show as errors, each in a kernel's own words. */
async function errors(env: Record<string, string>, ...cells: string[]): Promise<string[][]> {
  const kernel = await Kernel.start({ cwd: join(ROOT, "notebooks"), env });
  const all: string[][] = [];
  try {
    for (const cell of cells) {
      await kernel.execute(cell, ({ header, content }) => {
        if (header.msg_type === "error") all.push(content.traceback as string[]);
      }, 60);
    }
  } finally {
    await kernel.stop();
  }
  return all;
}

Deno.test("a cell shows an error of ours as its message alone, and a fault with its stack", async () => {
  using folder = new Folder();
  const first = `import { openDataset } from "lib/db.ts"; import "lib/paper/tables.ts"; ` +
    `import { show } from "lib/notebook.ts";`;
  try {
    const [before, name, fault, closed] = await errors(
      bare(folder),
      first,
      `const study = await openDataset({ schema: "personality_trap" });`,
      `await openDataset({ schema: "Trap" });`,
      "(null as any).foo",
      `import { connect } from "lib/db.ts"; const sql = await connect("reader"); await sql.end();`,
      "await sql`select 1`;",
    );
    assert.equal(before!.length, 1);
    assert.match(
      before![0]!,
      /^Error: Schema personality_trap holds no study: .*`deno task start`/,
    );
    assert.equal(name!.length, 1);
    assert.match(name![0]!, /^RangeError: Schema names have .* current value is "Trap"$/);
    assert.match(fault!.join("\n"), /^TypeError: .*\n {4}at /);
    assert.match(
      closed!.join("\n"),
      /^Error: The study was closed .* `openDataset\(…\)` or .*then this one$/,
    );
  } finally {
    await script("db", ["stop"], bare(folder));
  }
});

Deno.test("the kernel of an old Deno says so in the first cell that imports a room, and no more", async () => {
  using folder = new Folder();
  const [shown] = await errors(
    bare(folder),
    under("2.8.3", ""),
    `import { openDataset } from "lib/db.ts"; import "lib/paper/tables.ts"; import { show } from "lib/notebook.ts";`,
  );
  assert.doesNotMatch(shown!.join("\n"), /file:/);
  assert.match(
    shown![0]!,
    /Deno 2\.9 .* 2\.8\.3: .*task lab --kernel-only`; then restart the kernel$/,
  );
});

Deno.test("a wrong word or flag ends with 2 and the nearest right one", async () => {
  const cases: [string, string[], RegExp][] = [
    ["db", ["strat"], /^Unknown word strat: did you mean start\?\n/],
    ["db", [], /^Say one of start, stop, url\n/],
    ["cleaning", ["lern"], /^Unknown word lern: did you mean learn\?\n/],
    ["bench", ["sutdy"], /^Unknown word sutdy: did you mean study\?\n/],
    ["notebooks", ["14", "03_adminster"], /^No notebook .* did you mean 0\d_\w+\?\n/],
    ["test", ["statz"], /^No test file statz: did you mean tests\/stats_test\.ts\?\n/],
    ["lab", ["--kernel-onyl"], /^Unknown flag --kernel-onyl: did you mean --kernel-only\?\n/],
    ["lab", ["8890"], /^Unexpected 8890: arguments of Jupyter stand after --\n/],
    ["start", ["--frehs"], /^Unknown flag --frehs: did you mean --fresh\?\n/],
    ["config", ["--call", "gpt4x"], /^No model gpt4x: did you mean gpt4o\?\n/],
  ];
  const all = await Promise.all(cases.map(([name, args]) => script(name, args)));
  for (const [place, [, , says]] of cases.entries()) told(all[place]!, 2, says);
});

Deno.test("a database that is not there stops start, which says what to mend and how to go on", async () => {
  using folder = new Folder();
  const url = "postgres://me:secretpw@127.0.0.1:9/mine";
  const end = await script("start", [], bare(folder, { DATABASE_URL: url }));
  told(
    end,
    1,
    /^PostgreSQL at 127\.0\.0\.1:9\/mine .* check DATABASE_URL/,
    /^Go on: deno task start /m,
  );
  assert.doesNotMatch(end.out + end.err, /secretpw/);
});

Deno.test("start ends at Ctrl-C with 130, leaves no half data, and says how to go on", async () => {
  using folder = new Folder();
  try {
    const child = spawned(["run", "-A", "scripts/start.ts"], bare(folder));
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let out = "";
    const more = async () => {
      const { value = "", done } = await reader.read();
      out += value;
      return !done;
    };
    // After the first line the next step, the data, has begun.
    while (!out.includes("\n") && await more());
    child.kill("SIGINT");
    while (await more());
    const [status, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
    told(
      { code: status.code, out, err },
      130,
      /^Stopped.*\nGo on: deno task start \(what is done /,
    );
    told(await script("tables", [], bare(folder)), 1, /holds no study/);
  } finally {
    await script("db", ["stop"], bare(folder));
  }
});

Deno.test("a model that its server does not know, and a server that is away, are told with where to look", async () => {
  using folder = new Folder();
  const own = {
    label: "Mine",
    provider: "openai",
    key: null,
    max_tokens: 50,
    format: "text",
    price: null,
  };
  const server = provider({
    answer: () => ({ status: 404, code: "model_not_found", message: "no model mnie" }),
  });
  const file = join(folder.path, "models.json");
  Deno.writeTextFileSync(
    file,
    JSON.stringify([
      { ...own, id: "unknown", model: "mnie", base_url: `${server.url}/v1` },
      { ...own, id: "away", model: "any", base_url: "http://127.0.0.1:9/v1" },
    ]),
  );
  const call = (id: string) =>
    script("config", ["--call", id], bare(folder, { MODELS_FILE: file }));
  const [unknown, away] = await Promise.all([call("unknown"), call("away")]);
  await server.close();
  const look = /^Check the network, and the model's name and address: deno task config/m;
  told(
    unknown,
    1,
    /^unknown \(mnie, http.*\): it refused the request \(404 .*no model mnie\)/,
    look,
  );
  told(away, 1, /^away \(any, http.*\): it cannot be reached/, look);
});

const mounted = (path: string, size: string): boolean =>
  Deno.build.os === "linux" && Deno.uid() === 0 &&
  new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path],
    stderr: "null",
  }).outputSync().success;

/** Whether a small disk can be made here: mounting one takes root, and may be refused to root too. */
const mountable = ((): boolean => {
  using folder = new Folder();
  if (!mounted(folder.path, "1m")) return false;
  new Deno.Command("umount", { args: [folder.path] }).outputSync();
  return true;
})();

Deno.test({
  name: `a full disk is named, with what to do${mountable ? "" : " (left out: no tmpfs here)"}`,
  ignore: !mountable,
  fn: async () => {
    using folder = new Folder();
    const disk = join(folder.path, "disk");
    Deno.mkdirSync(disk);
    assert.ok(mounted(disk, "30m"));
    try {
      const end = await script("start", [], bare(folder, { DATA_DIR: join(disk, "data") }));
      told(end, 1, /No space left on device/, /^Make room on that disk, .*DATA_DIR/m, /^Go on: /m);
    } finally {
      await new Deno.Command("umount", { args: [disk] }).output();
    }
  },
});

atNight(
  "tests that are stopped leave no server; those that are killed leave it to the next run",
  async () => {
    using folder = new Folder();
    const env = { TMPDIR: folder.path, NO_COLOR: "1" };
    const runs = () =>
      [...Deno.readDirSync(folder.path)].map(({ name }) => join(folder.path, name));
    const pid = (run: string): number => {
      const path = join(run, "postgres", "postmaster.pid");
      return existsSync(path) ? Number(Deno.readTextFileSync(path).split("\n")[0]) : 0;
    };
    const serving = async () => {
      await until("the tests' server", () => runs().some((run) => pid(run) > 0));
      return runs().map(pid).find((number) => number > 0)!;
    };
    // A process that nobody collects stays in the list.
    const gone = (number: number) =>
      !existsSync(`/proc/${number}`) ||
      /\) Z /.test(Deno.readTextFileSync(`/proc/${number}/stat`));
    const args = ["run", "-A", "scripts/test.ts", "db", "--filter", "open"];

    const stopped = spawned(args, env, true);
    const first = await serving();
    stopped.kill("SIGTERM");
    told(await ended(stopped), 130, /^Interrupted: .*\nGo on: deno task test db --filter open$/m);
    assert.deepEqual([gone(first), runs()], [true, []]);

    const killed = spawned(args, env, true);
    const second = await serving();
    Deno.kill(-killed.pid, "SIGKILL");
    await ended(killed);
    assert.deepEqual([gone(second), runs().length], [false, 1]);
    assert.equal((await script("test", ["format"], env)).code, 0);
    assert.deepEqual([gone(second), runs()], [true, []]);
  },
);
