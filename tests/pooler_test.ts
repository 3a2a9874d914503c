/** A run through a real PgBouncer: sessions that are kept do, others are refused. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { address } from "lib/db.ts";
import { model } from "lib/llm.ts";
import { epqra } from "lib/paper/instruments.ts";
import { administrations, personas } from "lib/study.ts";
import { script, until } from "./command.ts";
import { as } from "./data.ts";
import { Folder } from "./made.ts";
import { Made, Process, served, ServerProcess } from "./study_worker.ts";

/** Debian's place, which an ordinary user's PATH lacks. */
const PROGRAM = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
if (!PROGRAM) console.log("Tests through a real PgBouncer are skipped: pgbouncer is not installed");

const NODE = "pooled_node", PASSWORD = randomBytes(12).toString("hex");

/** A pooler before the tests' PostgreSQL; a role is known there by what its settings say. */
class PgBouncer implements AsyncDisposable {
  private constructor(
    private readonly folder: Folder,
    private readonly port: number,
    private readonly child: Deno.ChildProcess,
  ) {}

  static async started(mode: "session" | "transaction"): Promise<PgBouncer> {
    const { port } = (() => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      return listener.addr;
    })();
    const folder = new Folder(), at = (name: string) => join(folder.path, name);
    const { port: server, database } = await address("owner");
    await Deno.writeTextFile(at("users.txt"), `"${NODE}" "${PASSWORD}"\n`);
    await Deno.writeTextFile(
      at("pgbouncer.ini"),
      `[databases]
${database} = host=127.0.0.1 port=${server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${at("users.txt")}
pool_mode = ${mode}
default_pool_size = 60
ignore_startup_parameters = extra_float_digits,options,search_path,lock_timeout,role,default_transaction_read_only,persona_audit.direct
`,
    );
    const own = [PROGRAM!, "--quiet", at("pgbouncer.ini")];
    // It does not run as root: a user namespace gives it another number.
    const [program, ...args] = Deno.uid() === 0
      ? ["unshare", "--user", "--map-user=1000", "--map-group=1000", ...own]
      : own;
    const child = new Deno.Command(program!, { args, stdin: "null", stderr: "null" }).spawn();
    await until(
      "the pooler",
      () =>
        Deno.connect({ hostname: "127.0.0.1", port }).then((it) => (it.close(), true), () => false),
    );
    return new PgBouncer(folder, port, child);
  }

  async env(): Promise<Record<string, string>> {
    const { database } = await address("owner");
    return { DATABASE_URL: `postgres://${NODE}:${PASSWORD}@127.0.0.1:${this.port}/${database}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.status;
    this.folder[Symbol.dispose]();
  }
}

/** The role with the settings that docs/cluster.md gives it, or some of them. */
async function node(settings: Readonly<Record<string, string>>): Promise<void> {
  await as("owner", async (sql) => {
    const [there] = await sql`select from pg_roles where rolname = ${NODE}`;
    if (!there) {
      await sql.unsafe(`create role ${NODE} login password '${PASSWORD}' in role persona_audit`);
    }
    await sql.unsafe(`alter role ${NODE} reset all`);
    for (const [name, value] of Object.entries(settings)) {
      await sql.unsafe(`alter role ${NODE} set ${name} = '${value}'`);
    }
  });
}

const WHOLE = { "persona_audit.direct": "session", role: "persona_audit", search_path: "pooled" };

Deno.test({
  name:
    "through a pooler that keeps sessions processes share a run, and one that is killed gives back",
  ignore: !PROGRAM,
  async fn() {
    const N = 400;
    await using server = await ServerProcess.started("--latency", "60", "--seed", "9");
    await using made = await Made.with("pooled", N);
    const writing = personas({ models: [model("simulated")], conditions: ["Base"] });
    await made.lab.run(await made.lab.register(writing));
    const own = served(server.url, 8);
    const run = await made.lab.register(administrations({ instrument: epqra, models: [own] }));
    await made.sql`update runs set budget_calls = ${4 * N} where name = ${run}`;
    await node(WHOLE);
    await using pooler = await PgBouncer.started("session");
    const env = await pooler.env();
    await using killed = new Process("pooled", run, { lease: 3600, env });
    await using other = new Process("pooled", run, { lease: 3600, env });
    for (const one of [killed, other]) await one.ready();
    await killed.go();
    await until("some calls", async () => (await server.count()).requests > 40);
    await other.go();
    const both = "select count(distinct objid) = 2 from pg_locks where locktype = 'advisory'";
    await until("two that live", async () => await made.value(both) === true);
    await killed.killed();
    // Its lease of an hour is not over: that its session is gone tells that it is.
    const { ended, done } = await other.ended();
    assert.equal(ended, "finished");
    const { requests } = await server.quiet();
    assert.equal(await made.value("select count(*) from administrations"), N);
    assert.equal(
      await made.value(
        `select count(*) from requests join runs using (run) where name = '${run}'`,
      ),
      N,
    );
    assert.ok(requests - N <= 12, `${requests - N} calls were made again`);
    assert.ok(done > 0 && done < N);
    await until(
      "the end of its sessions",
      async () => await made.value(both.replace("= 2", "= 0")) === true,
    );
  },
});

Deno.test({
  name: "a pooler that shares out connections, or passes over the schema, is refused in one line",
  ignore: !PROGRAM,
  async fn() {
    await using made = await Made.with("pooled_other", 1);
    const refused = async (pooler: PgBouncer, why: RegExp) => {
      const { code, err } = await script(
        "study",
        ["status", "--schema", made.schema],
        await pooler.env(),
      );
      assert.equal(code, 1);
      assert.match(err, why);
      assert.doesNotMatch(err, /\n\s+at /);
    };
    const ways = [
      [
        { role: "persona_audit" },
        /^PostgreSQL got none of the parameters of this session: a pooler/m,
      ],
      [WHOLE, /passes over the schema: alter role .* set search_path = 'pooled_other'/],
    ] as const;
    for (const [settings, why] of ways) {
      // Connections that a pooler has already keep the settings of their beginning.
      await node(settings);
      await using pooler = await PgBouncer.started("session");
      await refused(pooler, why);
    }
    await using pooler = await PgBouncer.started("transaction");
    await refused(pooler, /^A session does not keep its connection to PostgreSQL: a pooler/m);
    const env = await pooler.env();
    const { code, err } = await script("restore", ["--schema", "pooled_none"], env);
    assert.equal(code, 1);
    assert.match(err, /A session does not keep its connection/);
    // Nothing of them is left that would hold others up.
    const locks = await made.value("select count(*) from pg_locks where locktype = 'advisory'");
    assert.equal(locks, 0);
  },
});
