/** The embedded server, and what may happen to it: crashes, signals, lost files, taken ports. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "lib/config.ts";
import type { Sql } from "lib/db.ts";
import { client } from "lib/db/client.ts";
import { running, start, stop } from "lib/db/server.ts";
import { ended, script, spawned, until } from "./command.ts";

const text = (path: string): string => Deno.readTextFileSync(path);
const mode = (path: string): string => (Deno.statSync(path).mode! & 0o777).toString(8);
const inspected = (error: unknown): string => Deno.inspect(error, { showHidden: true, depth: 9 });

async function asked<T>(at: Server, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = client(at, {}, 1);
  try {
    return await ask(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A folder for a database; its server is stopped and it is removed when its `using` block ends. */
class Home implements AsyncDisposable {
  readonly path: string;
  readonly env: { DATA_DIR: string };

  constructor(name = "home") {
    this.path = Deno.makeTempDirSync({ prefix: `persona-audit-${name}-` });
    this.env = { DATA_DIR: this.path };
  }

  /** With a stopped database that holds a table `kept` of one row. */
  static async made(): Promise<Home> {
    const home = new Home();
    await new Deno.Command("cp", { args: ["-a", `${await template()}/.`, home.path] }).output();
    return home;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  get pid(): number {
    return Number(text(this.file("postgres", "postmaster.pid")).split("\n")[0]);
  }

  /** Starts the server, which must have kept the row. */
  async kept(): Promise<Server> {
    const server = await start(this.path);
    const rows = await asked(server, (sql) => sql`select row from kept`);
    assert.deepEqual([...rows], [{ row: "still here" }]);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const { pid } = this;
      Deno.kill(pid, "SIGQUIT");
      await until("the end of a server", () => gone(pid));
    } catch {
      // It does not run.
    }
    await Deno.remove(this.path, { recursive: true });
  }
}

const gone = (pid: number): boolean =>
  !existsSync(`/proc/${pid}`) || /^State:\sZ/m.test(text(`/proc/${pid}/status`));

let copied: Promise<string> | undefined;
const template = (): Promise<string> =>
  copied ??= (async () => {
    const path = Deno.makeTempDirSync({ prefix: "persona-audit-home-" });
    await asked(await start(path), async (sql) => {
      await sql`create table kept (row text)`;
      await sql`insert into kept values ('still here')`;
    });
    await stop(path);
    return path;
  })();

Deno.test.afterAll(async () => {
  if (copied) await Deno.remove(await copied, { recursive: true });
});

Deno.test("four processes at once make one server, which serves later ones", async () => {
  await using home = new Home();
  const urls = await Promise.all([1, 2, 3, 4].map(() => script("db", ["url"], home.env)));
  assert.deepEqual(urls.map(({ code, err }) => [code, err]), Array(4).fill([0, ""]));
  const later = await script("db", ["url"], home.env);
  assert.equal(new Set([...urls, later].map(({ out }) => out)).size, 1);
  assert.match(later.out, /^postgres:\/\/persona_audit_reader:[\w-]{32}@127\.0\.0\.1:\d+\/\w+\n$/);
  assert.equal(text(home.file("server.log")).match(/starting PostgreSQL/g)?.length, 1);
});

Deno.test("only its user may enter the folder; only this machine, with the password, the server", async () => {
  await using home = await Home.made();
  const server = await start(home.path);
  const files = ["", "server.json", "server.log", "postgres"];
  assert.deepEqual(files.map((name) => mode(home.file(name))), ["700", "600", "600", "700"]);
  await asked(server, async (sql) => {
    const [row] = await sql`
      select current_setting('listen_addresses') as addresses,
             current_setting('unix_socket_directories') as sockets,
             (select string_agg(distinct auth_method, ' ') from pg_hba_file_rules) as methods`;
    assert.deepEqual(row, { addresses: "127.0.0.1", sockets: "", methods: "scram-sha-256" });
  });
  const others = Deno.networkInterfaces().map(({ address }) => address)
    .filter((address) => address !== "127.0.0.1" && !address.startsWith("fe80"));
  for (const hostname of ["127.0.0.2", ...others]) {
    await assert.rejects(
      () => Deno.connect({ hostname, port: server.port }),
      Deno.errors.ConnectionRefused,
      hostname,
    );
  }
  for (const user of ["persona_audit", "persona_audit_reader", "postgres"]) {
    const guess = () => asked({ ...server, user, password: "guessed" }, (sql) => sql`select 1`);
    await assert.rejects(guess, { code: "28P01" });
  }
  const processes = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter(Number);
  const commands = processes.map((pid) => {
    try {
      return text(`/proc/${pid}/cmdline`);
    } catch {
      return ""; // ended meanwhile
    }
  });
  assert.ok(commands.some((command) => command.includes(home.path)));
  for (const secret of [server.password, server.readerPassword]) {
    assert.ok(text(home.file("server.json")).includes(secret));
    assert.ok(!commands.join("\n").includes(secret));
    assert.ok(!text(home.file("server.log")).includes(secret));
  }
});

Deno.test("a statement with a password that fails is neither in the log nor in the error", async () => {
  await using home = await Home.made();
  const { readerPassword, ...server } = await start(home.path);
  await asked(server, async (sql) => {
    await sql`drop role persona_audit_reader`;
    await sql`alter system set default_transaction_read_only = on`;
  });
  await stop(home.path);
  const error = await start(home.path).then(() => null, (error) => error);
  assert.match(error.message, /cannot execute CREATE ROLE in a read-only transaction/);
  assert.match(text(home.file("server.log")), /cannot execute CREATE ROLE/);
  assert.ok(!text(home.file("server.log")).includes(readerPassword));
  assert.ok(!inspected(error).includes(readerPassword));
});

Deno.test("the server outlives Ctrl-C in the process that started it", async () => {
  await using home = await Home.made();
  const code = `import { connect } from "lib/db.ts"; const sql = await connect("owner");
    console.log("up"); await sql\`select pg_sleep(3600)\`;`;
  const child = spawned(["eval", code], home.env, true);
  await until("the server", () => running(home.path));
  const { pid } = home;
  Deno.kill(-child.pid, "SIGINT");
  assert.equal((await ended(child)).code, 130);
  await home.kept();
  assert.equal(home.pid, pid);
});

Deno.test("whatever ends the making at any time, the next process makes it good", async () => {
  for (const [ms, signal] of [[200, "SIGINT"], [600, "SIGKILL"]] as const) {
    await using home = new Home();
    const child = spawned(["run", "-A", "scripts/db.ts", "start"], home.env, true);
    await new Promise((resolve) => setTimeout(resolve, ms));
    try {
      Deno.kill(-child.pid, signal);
    } catch {
      // It has ended already.
    }
    await ended(child);
    const { code, err } = await script("db", ["start"], home.env);
    assert.deepEqual([code, err], [0, ""], `${signal} after ${ms} ms`);
    const left = [...Deno.readDirSync(home.path)].map(({ name }) => name).toSorted();
    assert.deepEqual(left, ["lock", "postgres", "server.json", "server.log"]);
  }
});

Deno.test("a server that was killed is started again, with its data", async () => {
  await using home = await Home.made();
  const before = await home.kept();
  const { pid } = home;
  Deno.kill(pid, "SIGKILL");
  await until("its end", () => gone(pid));
  assert.ok(existsSync(home.file("postgres", "postmaster.pid")));
  assert.equal(await running(home.path), false);
  const after = await home.kept();
  assert.notEqual(home.pid, pid);
  assert.equal(after.port, before.port);
});

Deno.test("a pid file whose number belongs to another process keeps nobody from starting", async () => {
  await using other = await Home.made();
  await other.kept();
  for (const pid of [Deno.pid, other.pid]) {
    await using home = await Home.made();
    const lines = [pid, home.file("postgres"), 1, 5432, "", "127.0.0.1", "", "ready   ", ""];
    Deno.writeTextFileSync(home.file("postgres", "postmaster.pid"), lines.join("\n"));
    assert.equal(await running(home.path), false);
    assert.equal(await stop(home.path), false);
    await home.kept();
  }
  assert.equal(await running(other.path), true);
});

Deno.test("a port that another program has taken meanwhile is left to it", async () => {
  await using home = await Home.made();
  const { port } = JSON.parse(text(home.file("server.json")));
  using _taken = Deno.listen({ hostname: "127.0.0.1", port });
  const server = await home.kept();
  assert.notEqual(server.port, port);
  assert.equal(JSON.parse(text(home.file("server.json"))).port, server.port);
});

Deno.test("a lost or damaged server.json is made anew; the data stay", async () => {
  const cases = [[null, true], ["", false], ["{", true], [`{"port":"x","password":""}`, false]];
  for (const [content, runs] of cases as [string | null, boolean][]) {
    await using home = await Home.made();
    if (runs) await home.kept();
    if (content === null) Deno.removeSync(home.file("server.json"));
    else Deno.writeTextFileSync(home.file("server.json"), content);
    const { readerPassword, ...server } = await start(home.path);
    assert.equal(JSON.parse(text(home.file("server.json"))).password, server.password);
    assert.equal((await home.kept()).password, server.password);
    const reader = { ...server, user: "persona_audit_reader", password: readerPassword };
    assert.equal((await asked(reader, (sql) => sql`select 1`)).length, 1);
  }
});

Deno.test("a server.json of another database is named, with what to do", async () => {
  await using home = await Home.made();
  const state = JSON.parse(text(home.file("server.json")));
  Deno.writeTextFileSync(home.file("server.json"), JSON.stringify({ ...state, password: "old" }));
  const error = await start(home.path).then(() => null, (error) => error);
  assert.match(error.message, /password authentication failed.*remove .*server\.json for new/);
  Deno.removeSync(home.file("server.json"));
  await home.kept();
});

Deno.test("a folder of any name, with files of others and of a making that was cut off, will do", async () => {
  await using home = new Home("Bücher & 'daten'");
  Deno.mkdirSync(home.file("postgres.x1", "base"), { recursive: true });
  Deno.writeTextFileSync(home.file("postgres.x1.password"), "x");
  Deno.writeTextFileSync(home.file("server.json.new"), "{", { mode: 0o644 });
  Deno.writeTextFileSync(home.file("thesis.txt"), "");
  Deno.chmodSync(home.path, 0o755);
  const { code, err } = await script("db", ["start"], home.env);
  assert.deepEqual([code, err], [0, ""]);
  const left = [...Deno.readDirSync(home.path)].map(({ name }) => name).toSorted();
  assert.deepEqual(left, ["lock", "postgres", "server.json", "server.log", "thesis.txt"]);
  const modes = ["", "server.json", "postgres"].map((name) => mode(home.file(name)));
  assert.deepEqual(modes, ["755", "600", "700"], "the mode of a folder in use is its owner's");
});

Deno.test("a DATA_DIR that cannot be is one line", async () => {
  await using home = new Home();
  Deno.writeTextFileSync(home.file("file"), "");
  for (const path of [home.file("file"), home.file("file", "below"), "/proc/none", "/tmp/$(x)"]) {
    const { code, err } = await script("db", ["start"], { DATA_DIR: path });
    assert.equal(code, 1);
    assert.match(err, /^DATA_DIR .* cannot be used \(.*\): set it to a folder .*[^.]\n$/);
  }
});

Deno.test("stop ends it, also when another program is connected; then says it does not run", async () => {
  await using home = await Home.made();
  const server = await home.kept();
  const sql = client(server, {}, 1);
  const sleeping = sql`select pg_sleep(3600)`.catch((error) => error);
  await until(
    "a sleeper",
    () =>
      asked(
        server,
        async (sql) =>
          (await sql`select from pg_stat_activity where query like '%pg_sleep(3600)%'
                 and pid <> pg_backend_pid()`).length > 0,
      ),
  );
  assert.deepEqual((await script("db", ["stop"], home.env)).out, "PostgreSQL stopped\n");
  assert.match((await sleeping).code, /57P01|CONNECTION_CLOSED/);
  await sql.end({ timeout: 0 });
  const again = await script("db", ["stop"], home.env);
  assert.deepEqual([again.code, again.out], [0, "PostgreSQL was not running\n"]);
  await using empty = new Home();
  assert.equal((await script("db", ["stop"], empty.env)).out, "PostgreSQL was not running\n");
  assert.deepEqual([...Deno.readDirSync(empty.path)], []);
});

Deno.test("status says that it was stopped, and what to run where nothing is restored", async () => {
  await using home = await Home.made();
  const { code, out, err } = await script("status", [], home.env);
  assert.equal(code, 1);
  assert.match(out, /embedded PostgreSQL in .* \(stopped; starting it now\)/);
  assert.match(
    err,
    /^Schema personality_trap holds no study: run `deno task restore` .*`deno task start`.*\n$/,
  );
});

const linux = Deno.build.os === "linux";

Deno.test({
  name: "the server that lives on knows none of the keys of the command that started it",
  ignore: !linux,
  fn: async () => {
    await using home = await Home.made();
    const keys = {
      OPENAI_API_KEY: "sk-canary-1",
      AWS_SECRET_ACCESS_KEY: "canary-2",
      MY_PROVIDER_TOKEN: "canary-3",
      PGPASSWORD: "canary-4",
    };
    assert.equal((await script("db", ["start"], { ...home.env, ...keys })).code, 0);
    const children = text(`/proc/${home.pid}/task/${home.pid}/children`).trim().split(" ");
    assert.ok(children.length > 2);
    let read = 0;
    for (const pid of [home.pid, ...children]) {
      let environ: string;
      try {
        environ = text(`/proc/${pid}/environ`);
        read++;
      } catch {
        continue; // One of those that work for the server has ended meanwhile.
      }
      const names = environ.split("\0").map((one) => one.split("=")[0]!);
      assert.ok(!environ.includes("canary"));
      assert.deepEqual(names.filter((name) => name in keys || name === "DATA_DIR"), []);
      if (pid === home.pid) assert.ok(names.includes("PATH"));
    }
    assert.ok(read > 2, `${read} processes`);
  },
});
