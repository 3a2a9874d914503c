/** A database that is lost in mid-query: what failed is said, and all that was opened is let go. */
import assert from "node:assert/strict";
import { connect, migrate, open, type Sql } from "lib/db.ts";
import { enter } from "lib/study.ts";
import { ended, spawned, until } from "./command.ts";
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

Deno.test("pools, studies and laboratories end when their server was lost in mid-query", async () => {
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
      const study = await open({ schema: "lost_small" });
      return { ask: () => study.personas(), end: () => study.close() };
    }],
    ["lost_study", "work", async () => {
      const lab = await enter({ schema: "lost_study" });
      return { ask: () => lab.status(), end: () => lab.close() };
    }],
  ];
  for (const [schema, table, made] of ways) {
    const { ask, end } = await made();
    await using _held = await held(`${schema}.${table}`);
    const asked = assert.rejects(ask, /terminating connection|CONNECTION_(CLOSED|DESTROYED)/);
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
    await using _held = await held(`${schema}.${table}`);
    const command = ended(spawned(["run", "-A", ...args]));
    assert.ok(await lose(schema));
    const { code, err } = await command;
    assert.equal(code, 1, err);
    assert.match(err, /terminating connection|CONNECTION_|ECONNRESET/);
    assert.match(err, /The database was lost on the way: run this again/);
    assert.doesNotMatch(err, /never resolved/);
  }
});
