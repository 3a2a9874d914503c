/**
 * A database that is lost in mid-query, that recovers, or that a pooler stands before: what failed is
 * said, and all that was opened is let go.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer } from "node:net";
import { address, connect, migrate, openDataset, type Sql } from "lib/db.ts";
import { openStudy } from "lib/study.ts";
import { advice, message } from "../scripts/cli.ts";
import { ended, script, spawned, until } from "./command.ts";
import { as, restored, SMALL } from "./data.ts";

const DUMP = `${SMALL}/sql`;

/** Ends the connections whose statement waits for a lock on a schema's table; their number. */
async function lose(schema: string): Promise<number> {
  let lost = 0;
  await until("a statement that waits", () =>
    as("owner", async (sql) => {
      lost = (await sql`
        select pg_terminate_backend(l.pid) from pg_locks l
        join pg_class c on c.oid = l.relation
        where c.relnamespace = ${schema}::regnamespace and not l.granted`).length;
      return lost > 0;
    }));
  return lost;
}

/** Holds a table so that whoever reads it waits, while the `using` block lasts. */
async function held(table: string): Promise<AsyncDisposable> {
  const sql = await connect("owner");
  const one = await sql.reserve();
  await one.unsafe(`begin; lock table ${table} in access exclusive mode`);
  return { [Symbol.asyncDispose]: () => sql.end({ timeout: 0 }) };
}

Deno.test("pools, datasets and studies end when their server was lost in mid-query", async () => {
  await restored("lost_small", DUMP);
  await migrate("lost_study", "study");
  const ways: [
    string,
    string,
    () => Promise<{ ask: () => Promise<unknown>; end: () => Promise<void> }>,
  ][] = [
    ["lost_small", "personas", async () => {
      const sql: Sql = await connect("reader");
      return { ask: () => sql`select * from lost_small.personas`.then(), end: () => sql.end() };
    }],
    ["lost_small", "personas", async () => {
      const study = await openDataset({ schema: "lost_small" });
      return { ask: () => study.personas(), end: () => study.close() };
    }],
    ["lost_study", "work_counts", async () => {
      const lab = await openStudy({ schema: "lost_study" });
      return { ask: () => lab.status(), end: () => lab.close() };
    }],
  ];
  for (const [schema, table, made] of ways) {
    const { ask, end } = await made();
    await using _held = await held(`${schema}.${table}`);
    const asked = assert.rejects(
      ask,
      /terminating connection|CONNECTION_(CLOSED|DESTROYED)|ECONNRESET/,
    );
    assert.ok(await lose(schema));
    await asked;
    await end();
  }
});

Deno.test("a command whose server was lost in mid-query says why, and ends", async () => {
  await restored("lost_small", DUMP);
  await migrate("lost_study", "study");
  for (
    const [schema, table, ...args] of [
      ["lost_small", "personas", "scripts/status.ts", "--schema", "lost_small"],
      ["lost_small", "personas", "scripts/tables.ts", "--schema", "lost_small"],
      ["lost_study", "runs", "scripts/study.ts", "status", "--schema", "lost_study"],
    ] as [string, string, ...string[]][]
  ) {
    const lock = await held(`${schema}.${table}`);
    const command = ended(spawned(["run", "-A", ...args]));
    assert.ok(await lose(schema));
    // The tables after the one that was lost ask anew.
    await lock[Symbol.asyncDispose]();
    const { code, err } = await command;
    assert.equal(code, 1, err);
    assert.match(err, /terminating connection|CONNECTION_|ECONNRESET|ended by the other party/);
    assert.match(err, /The database was lost on the way: run this again/);
    assert.doesNotMatch(err, /never resolved/);
  }
});

Deno.test("whoever writes to a server that has hung up is told so as well", async () => {
  const server = createServer((client) => client.end()).listen(0);
  await once(server, "listening");
  const client = connectTo((server.address() as AddressInfo).port);
  client.resume();
  await once(client, "end");
  const failed = once(client, "error");
  client.write("a query");
  const [error] = await failed;
  client.destroy();
  server.close();
  assert.match(advice(message(error)), /The database was lost on the way: run this again/);
  // Who was never let in has lost nothing.
  const never = `PostgreSQL at 127.0.0.1:1/x does not let me in (${
    message(error)
  }): check DATABASE_URL`;
  assert.equal(advice(never), "");
});

/** What stands between a client and PostgreSQL, and sees the first packet of each connection. */
class Between implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;
  #refusals: number;
  seen = 0;

  /**
   * @param passes whether a parameter is handed on
   * @param refusals how many connections are answered as by a server that recovers
   */
  constructor(private readonly passes: (name: string) => boolean, refusals = 0) {
    this.#refusals = refusals;
    this.#serving = this.#serve();
  }

  async env(): Promise<Record<string, string>> {
    const { user, password, database } = await address("owner");
    const { port } = this.#listener.addr as Deno.NetAddr;
    return { DATABASE_URL: `postgres://${user}:${password}@127.0.0.1:${port}/${database}` };
  }

  async #serve(): Promise<void> {
    for await (const client of this.#listener) {
      this.seen++;
      this.#handOn(client).catch(() => {}).finally(() => {
        try {
          client.close();
        } catch {
          // The copying has closed it.
        }
      });
    }
  }

  async #handOn(client: Deno.TcpConn): Promise<void> {
    const packet = new Uint8Array(4096);
    const n = (await client.read(packet))!;
    if (this.#refusals-- > 0) {
      const fields = "SFATAL\0C57P03\0Mthe database system is in recovery mode\0\0";
      const body = new TextEncoder().encode(fields);
      const head = new DataView(new ArrayBuffer(5));
      head.setUint8(0, 69);
      head.setUint32(1, body.length + 4);
      await client.write(new Uint8Array([...new Uint8Array(head.buffer), ...body]));
      return;
    }
    const words = new TextDecoder().decode(packet.subarray(8, n)).split("\0");
    const kept: string[] = [];
    for (let at = 0; words[at]; at += 2) {
      if (this.passes(words[at]!)) kept.push(words[at]!, words[at + 1]!);
    }
    const body = new TextEncoder().encode(`${kept.join("\0")}\0\0`);
    const start = new DataView(new ArrayBuffer(8));
    start.setUint32(0, body.length + 8);
    start.setUint32(4, 196608); // protocol 3.0
    const { host, port } = await address("owner");
    const server = await Deno.connect({ hostname: host, port });
    await server.write(new Uint8Array([...new Uint8Array(start.buffer), ...body]));
    await Promise.all([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving.catch(() => {});
  }
}

Deno.test("a server that recovers is waited for, which is said", async () => {
  await using between = new Between(() => true, 2);
  await restored("lost_small", DUMP);
  const env = await between.env();
  const { code, out, err } = await script("status", ["--schema", "lost_small"], env);
  assert.equal(code, 0, err);
  assert.match(out, /^server {5}PostgreSQL/m);
  assert.match(
    err,
    /^PostgreSQL at 127.* the database system is in recovery mode: waiting for it$/m,
  );
  assert.doesNotMatch(err, /password/);
  assert.ok(between.seen > 2);
});

Deno.test("a pooler that passes over parameters is refused in one line, before any work", async () => {
  await using between = new Between((name) => name === "user" || name === "database");
  const env = await between.env();
  const plan = [
    "plan",
    "personas",
    "--name",
    "pooled",
    "--model",
    "simulated",
    "--condition",
    "Base",
  ];
  for (
    const [name, ...args] of [
      ["study", ...plan, "--schema", "pooled"],
      ["status", "--schema", "pooled"],
      ["restore", "--schema", "pooled", "--from", DUMP],
    ] as [string, ...string[]][]
  ) {
    const { code, err } = await script(name, args, env);
    assert.equal(code, 1, err);
    assert.match(err, /^PostgreSQL got none of the parameters of this session: a pooler such as/m);
    assert.doesNotMatch(err, /\n\s+at /);
  }
  const left = await as("owner", (sql) => sql`select from pg_namespace where nspname = 'pooled'`);
  assert.equal(left.length, 0);
});
