/**
 * Restore: a dataset read as data, loaded beside what is there, verified, then put in its place.
 *
 * Nothing in a file is ever executed. Rows go to a staging schema that our own migrations make; only
 * when all of them are in, keyed and counted does the schema take the place of the old one, in one
 * transaction. Until then a failure, Ctrl-C or a crash changes nothing.
 */
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PUBLISHED, schemaName } from "./config.ts";
import { address, connect, migrate, type Provenance, type Sql } from "./db.ts";
import { type Block, open, type Source, SourceError } from "./restore/source.ts";
import { type Check, verify } from "./restore/verify.ts";

export { SourceError, verify };
export type { Check };

export interface Progress {
  table: string;
  rows: number;
  /** Uncompressed bytes read so far, and seconds since the start. */
  bytes: number;
  seconds: number;
}

export interface RestoreOptions {
  /** Folder, dump, CSV folder or zip; without it the reconstruction shipped in `dataset/`. */
  from?: string;
  schema?: string;
  /** Replace a schema that holds data. */
  force?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface Restored {
  schema: string;
  source: Provenance["source"];
  files: Provenance["files"];
  tables: { table: string; rows: number }[];
  skipped: string[];
  checks: Check[];
  bytes: number;
  seconds: number;
}

/**
 * Restores a dataset into a schema.
 *
 * @throws {SourceError} for what is wrong with the input: file, line or byte, table, found, expected
 * @throws {Error} when the schema holds data and `force` is not set, holds a study, or the server
 *   refuses (disk full, no permission)
 */
export async function restore(options: RestoreOptions = {}): Promise<Restored> {
  const schema = schemaName(options.schema ?? PUBLISHED);
  const source = await open(options.from);
  const sql = await connect("owner");
  const staging = `${schema.slice(0, 38)}_restoring`;
  const lock = await sql.reserve();
  try {
    const [free] = await lock`select pg_try_advisory_lock(hashtext(${staging})) as locked`;
    if (!free!.locked) throw new Error(`Another restore into schema ${schema} is running`);
    await refuse(sql, schema, options.force ?? false);
    // What a restore leaves when its process is killed.
    await sql`drop schema if exists ${sql(staging)} cascade`;
    try {
      const restored = await load(source, staging, options);
      return await swap(sql, schema, staging, restored);
    } finally {
      await sql`drop schema if exists ${sql(staging)} cascade`;
    }
  } catch (error) {
    throw explained(error, options.signal);
  } finally {
    lock.release();
    await sql.end({ timeout: 1 });
  }
}

type Loaded = Omit<Restored, "schema" | "source" | "checks">;

async function refuse(sql: Sql, schema: string, force: boolean): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p', 'v', 'm')
    order by 1`;
  if (tables.some(({ name }) => name === "persona_requests")) {
    throw new Error(
      `Schema ${schema} holds a study, which a restore never replaces: choose another`,
    );
  }
  if (tables.length > 0 && !force) {
    const names = tables.slice(0, 5).map(({ name }) => name).join(", ");
    throw new Error(
      `Schema ${schema} is not empty: it holds ${tables.length} tables and views (${names} …): ` +
        "add --force to replace it, or choose another --schema",
    );
  }
}

async function load(source: Source, staging: string, options: RestoreOptions): Promise<Loaded> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  await migrate(staging, "published", "001_tables");
  const { user, password, host, port, database, ssl } = await address("owner");
  const client = new pg.Client({ user, password, host, port, database, ssl });
  client.on("error", () => {}); // reported by the statement that it breaks
  await client.connect();
  const tables: Loaded["tables"] = [];
  try {
    await client.query("set synchronous_commit = off");
    await client.query("set client_encoding = 'UTF8'");
    for await (const block of source.blocks(options.signal)) {
      const rows = await copy(client, staging, block, options.signal);
      tables.push({ table: block.table, rows });
      options.onProgress?.({ table: block.table, rows, bytes: source.bytes(), seconds: seconds() });
    }
  } finally {
    // Ends the connection hard when a statement is still under way.
    await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 1000))]);
  }
  options.signal?.throwIfAborted();
  await migrate(staging, "published");
  options.signal?.throwIfAborted();
  return {
    tables,
    files: source.files(),
    skipped: source.skipped(),
    bytes: source.bytes(),
    seconds: seconds(),
  };
}

/**
 * Loads one block through COPY.
 *
 * By pg and pg-copy-streams: under Deno postgres.js never reports a bad row. The table is truncated in
 * the same transaction, so that PostgreSQL need not log its rows.
 */
async function copy(
  client: pg.Client,
  schema: string,
  block: Block,
  signal?: AbortSignal,
): Promise<number> {
  const name = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(block.table)}`;
  const columns = block.columns.map((column) => client.escapeIdentifier(column)).join(", ");
  try {
    await client.query("begin");
    await client.query(`truncate ${name}`);
    const stream = client.query(copyFrom(`copy ${name} (${columns}) from stdin`));
    await pipeline(Readable.from(block.rows, { objectMode: false }), stream, { signal });
    await client.query("commit");
    return stream.rowCount;
  } catch (error) {
    throw located(error, block);
  }
}

interface ServerError {
  code?: string;
  where?: string;
  message: string;
}

/** A server's complaint about a row, with the row's place in the input. */
function located(error: unknown, block: Block): unknown {
  const { code, where, message } = error as ServerError;
  const line = /line (\d+)(?:, column ([^:]+))?/.exec(where ?? "");
  if (!code || !/^22|^23/.test(code) || !line) return error;
  const column = line[2] ? `, column ${line[2]}` : "";
  const place = `${block.where(Number(line[1]))}, table ${block.table}${column}`;
  return new SourceError(`${place}: ${message}: nothing was restored`);
}

function explained(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return new Error("Stopped: the database is as it was before");
  const cause = (error as Error).cause ?? error;
  const { code, detail, table_name, message } = cause as Record<string, string | undefined>;
  switch (code) {
    case "53100":
      return new Error(`The server's disk is full: ${message}: nothing was restored`);
    case "42501":
      return new Error(`The database user lacks a permission: ${message}: nothing was restored`);
    case "23505":
    case "23502":
      return new SourceError(
        `Table ${table_name}: ${
          detail ?? message
        }: the key of each row must be there and be unique: ` +
          "nothing was restored",
      );
    default:
      return error;
  }
}

async function swap(
  sql: Sql,
  schema: string,
  staging: string,
  loaded: Loaded,
): Promise<Restored> {
  const checks = await verify(sql, staging);
  const source = await sourceOf(sql, staging, checks);
  const json = (value: unknown) => JSON.stringify(value);
  await sql.begin(async (sql) => {
    await sql`
      insert into ${sql(staging)}.provenance (source, files, skipped, tables)
      values (${source}, ${json(loaded.files)}::text::jsonb, ${json(loaded.skipped)}::text::jsonb,
              ${json(loaded.tables)}::text::jsonb)`;
    await sql`drop schema if exists ${sql(schema)} cascade`;
    await sql`alter schema ${sql(staging)} rename to ${sql(schema)}`;
  });
  // Rows that arrive by COPY have no statistics yet; without them the first reads choose bad plans.
  for (const { table } of loaded.tables) await sql`analyze ${sql(schema)}.${sql(table)}`;
  await sql`analyze ${sql(schema)}.experiments_evals`;
  return { schema, source, checks, ...loaded };
}

/**
 * What was restored: the reconstruction knows itself, wherever it comes from; the published dataset is
 * known by its counts, all of them.
 */
async function sourceOf(sql: Sql, schema: string, checks: Check[]): Promise<Restored["source"]> {
  const [marked] = await sql`
    select from ${
    sql(schema)
  }.experiments_groups where description like 'reconstruction: %' limit 1`;
  if (marked) return "reconstruction";
  const published = checks.filter((check) => check.published !== null);
  return published.every((check) => check.difference === 0) ? "zenodo" : "other";
}
