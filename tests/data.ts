/** What several tests share: data that are restored once per test database, and faults made in it. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { connect, type Role, type Sql } from "lib/db.ts";
import { restore } from "lib/paper/restore.ts";
import { until } from "./command.ts";

/** A small database in the published form: `sql/` holds its dump, `csv/` its tables. */
export const SMALL = join(ROOT, "tests", "fixtures", "small-public");

const there = new Set<string>();

/** Restores a schema unless it is there already; without `from` the shipped reconstruction. */
export async function restored(schema: string, from?: string): Promise<void> {
  if (there.has(schema)) return;
  const name = `${schema}.provenance`;
  const [found] = await as("owner", (sql) => sql`select to_regclass(${name}) as name`);
  if (!found!.name) await restore({ schema, ...(from ? { from } : {}) });
  there.add(schema);
}

/** Asks the test database. */
export async function as<T>(role: Role, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await connect(role);
  try {
    return await ask(sql);
  } finally {
    await sql.end();
  }
}

/**
 * Removes a study that no other test looks at. Where one is made or opened the tables of all schemas are
 * looked at, many times: a hundred old ones would be half of the work of the next.
 */
export const dropped = (schema: string) =>
  as("owner", (sql) => sql`drop schema if exists ${sql(schema)} cascade`);

/** Does something before each command of a kind (`CREATE INDEX`) while its `using` block lasts. */
async function before(tag: string, body: string): Promise<AsyncDisposable> {
  const drop = "drop event trigger if exists fault; drop function if exists public.fault()";
  await as("owner", async (sql) => {
    await sql.unsafe(`${drop};
      create function public.fault() returns event_trigger language plpgsql as
        $$ begin ${body}; end $$;
      create event trigger fault on ddl_command_start when tag in ('${tag}')
        execute function public.fault()`);
  });
  return {
    async [Symbol.asyncDispose]() {
      await as("owner", (sql) => sql.unsafe(drop));
    },
  };
}

/** Makes every command of a kind fail while its `using` block lasts. */
export const failing = (tag: string): Promise<AsyncDisposable> =>
  before(tag, "raise exception 'made to fail'");

/** Holds every command of a kind up until it is let go, or its `using` block ends. */
export class Held implements AsyncDisposable {
  private constructor(private readonly hold: AsyncDisposable, private readonly sql: Sql) {}

  static async made(tag: string): Promise<Held> {
    const sql = await connect("owner");
    const lock = await sql.reserve(); // the lock lasts as long as this connection
    await lock`select pg_advisory_lock(4242)`;
    const body = "perform pg_advisory_lock_shared(4242); perform pg_advisory_unlock_shared(4242)";
    return new Held(await before(tag, body), sql);
  }

  /** Waits until a command is held up. */
  async waiting(): Promise<void> {
    await until("a command that waits", () =>
      as("owner", async (sql) => {
        const [row] = await sql`
          select from pg_locks where locktype = 'advisory' and objid = 4242 and not granted`;
        return row !== undefined;
      }));
  }

  async let(): Promise<void> {
    await this.sql.end({ timeout: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.let();
    await this.hold[Symbol.asyncDispose]();
  }
}
