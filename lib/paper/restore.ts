/**
 * Restore: a dataset read as data, loaded beside what is there, verified, then put in its place.
 *
 * Nothing in a file is ever executed. Rows go to a staging schema that our own migrations make; only
 * when all of them are in, keyed and counted does the schema take the place of the old one, in one
 * transaction. Until then a failure, Ctrl-C or a crash changes nothing.
 */
import { escapeIdentifier } from "pg";
import { schemaName, settings } from "../config.ts";
import { listed } from "../format.ts";
import { PUBLISHED } from "./published.ts";
import { address, connect, embedded, migrate, type Provenance, type Sql } from "../db.ts";
import { Session } from "./restore/session.ts";
import { open, type Source, SourceError } from "./restore/source.ts";
import { type Check, identified, implausible, verify } from "./restore/verify.ts";

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

const STAGING = "_restoring";

/**
 * Restores a dataset into a schema.
 *
 * @throws {SourceError} for what is wrong with the input: file, line or byte, table, found, expected
 * @throws {Error} when the schema holds data and `force` is not set, holds a study, or the server
 *   refuses (disk full, no permission)
 */
export async function restore(options: RestoreOptions = {}): Promise<Restored> {
  const schema = target(options.schema ?? PUBLISHED);
  try {
    const source = await open(options.from);
    options.signal?.throwIfAborted();
    const sql = await connect("owner");
    try {
      await using session = await Session.connect(await address("owner"));
      return await alone(session, sql, schema, source, options);
    } finally {
      await sql.end();
    }
  } catch (error) {
    throw await explained(error, schema, options.signal);
  }
}

function target(name: string): string {
  const schema = schemaName(name);
  if (schema.endsWith(STAGING)) {
    throw new RangeError(`Schema names that end in ${STAGING} are for restores under way: ${name}`);
  }
  if (schema === settings().studySchema) {
    throw new Error(`Schema ${schema} is for own work (STUDY_SCHEMA): choose another --schema`);
  }
  return schema;
}

async function alone(
  session: Session,
  sql: Sql,
  schema: string,
  source: Source,
  options: RestoreOptions,
): Promise<Restored> {
  const staging = schema + STAGING, force = options.force ?? false;
  const lock = "select pg_try_advisory_lock(hashtext($1)) as got";
  const [free] = await session.query<{ got: boolean }>(lock, [staging]);
  if (!free!.got) throw new Error(`Another restore into schema ${schema} is running`);
  await refuse(session, schema, force);
  const drop = () => session.query(`drop schema if exists ${escapeIdentifier(staging)} cascade`);
  await drop(); // what a restore leaves when its process is killed
  try {
    const staged = await Promise.race([
      stage(session, sql, staging, source, options),
      session.lost,
    ]);
    options.signal?.throwIfAborted();
    await swap(session, schema, staging, staged, force);
    return { schema, ...staged };
  } catch (error) {
    await drop().catch(() => {}); // the error says more than what may stop the clearing up
    throw error;
  }
}

/** Throws when a schema holds what a restore must not replace. */
async function refuse(session: Session, schema: string, force: boolean): Promise<void> {
  const objects = await session.query<{ name: string }>(
    `select name
     from (
       select relname::text as name, relnamespace as schema from pg_class
       where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       union all select proname::text, pronamespace from pg_proc
       union all select typname::text, typnamespace from pg_type where typtype in ('d', 'e', 'r')
     ) object
     where schema = (select oid from pg_namespace where nspname = $1)
     order by 1`,
    [schema],
  );
  if (objects.some(({ name }) => name === "work")) {
    throw new Error(
      `Schema ${schema} holds a study, which a restore never replaces: choose another --schema`,
    );
  }
  if (objects.length > 0 && !force) {
    const names = listed(objects.map(({ name }) => name));
    throw new Error(
      `Schema ${schema} is not empty: it holds ${objects.length} tables and other objects ` +
        `(${names}): add --force to replace it, or choose ` +
        "another --schema",
    );
  }
  await refuseDependents(session, schema);
}

/** A view elsewhere that reads the schema would go with it. */
async function refuseDependents(session: Session, schema: string): Promise<void> {
  const views = await session.query<{ name: string }>(
    `select distinct format('%I.%I', outer_.nspname, v.relname) as name
     from pg_depend d
     join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
     join pg_class v on v.oid = r.ev_class
     join pg_namespace outer_ on outer_.oid = v.relnamespace
     join pg_class t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
     join pg_namespace inner_ on inner_.oid = t.relnamespace
     where inner_.nspname = $1 and outer_.nspname <> $1
     order by 1`,
    [schema],
  );
  if (!views.length) return;
  throw new Error(
    `${views.length} views read schema ${schema} and would go with it ` +
      `(${listed(views.map(({ name }) => name))}): drop them first`,
  );
}

type Staged = Omit<Restored, "schema">;

/** Loads all rows into a schema of our own making, and looks at what arrived. */
async function stage(
  session: Session,
  sql: Sql,
  staging: string,
  source: Source,
  { signal, onProgress }: RestoreOptions,
): Promise<Staged> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  await migrate(staging, "published", "001_tables");
  const tables: Staged["tables"] = [];
  for await (const block of source.blocks(signal)) {
    const { table } = block;
    const rows = await session.copy(staging, block, signal);
    tables.push({ table, rows });
    onProgress?.({ table, rows, bytes: source.bytes(), seconds: seconds() });
  }
  signal?.throwIfAborted();
  const fault = await implausible(sql, staging);
  if (fault) throw new SourceError(`${fault}: are columns swapped?: nothing was restored`);
  await migrate(staging, "published");
  signal?.throwIfAborted();
  // Rows that arrive by COPY have no statistics yet; without them reads choose bad plans.
  for (const table of [...tables.map(({ table }) => table), "experiments_evals"]) {
    await session.query(`analyze ${escapeIdentifier(staging)}.${table}`);
  }
  const checks = await verify(sql, staging);
  return {
    source: identified(await marked(sql, staging), checks),
    files: source.files(),
    tables,
    skipped: source.skipped(),
    checks,
    bytes: source.bytes(),
    seconds: seconds(),
  };
}

/** Whether the rows say of themselves that they were reconstructed. */
async function marked(sql: Sql, schema: string): Promise<boolean> {
  const [row] = await sql`
    select from ${sql(schema)}.experiments_groups
    where description like 'reconstruction: %'
    limit 1`;
  return row !== undefined;
}

/** Puts the staging schema in the place of the old one. */
async function swap(
  session: Session,
  schema: string,
  staging: string,
  { source, files, skipped, tables }: Staged,
  force: boolean,
): Promise<void> {
  await session.begin(async () => {
    await session.query("set local lock_timeout = '60s'");
    await refuse(session, schema, force); // once more: a study may have begun there meanwhile
    await session.query(
      `insert into ${escapeIdentifier(staging)}.provenance (source, files, skipped, tables)
       values ($1, $2, $3, $4)`,
      [source, ...[files, skipped, tables].map((value) => JSON.stringify(value))],
    );
    await session.query(`drop schema if exists ${escapeIdentifier(schema)} cascade`);
    await session.query(
      `alter schema ${escapeIdentifier(staging)} rename to ${escapeIdentifier(schema)}`,
    );
  });
}

/** What an error means for the user. */
async function explained(
  error: unknown,
  schema: string,
  signal?: AbortSignal,
): Promise<unknown> {
  if (signal?.aborted) return new Error("Stopped: the database is as it was before");
  if (error instanceof SourceError) return error;
  const cause = (error as Error).cause ?? error;
  const { code = "", detail, table, message } = cause as Record<string, string | undefined>;
  const say = (what: string) => new Error(`${what}: ${message}: nothing was restored`);
  if (code === "53100") return say("The server's disk is full");
  if (code === "42501") return say("The database user lacks a permission");
  if (code === "55P03") {
    return say(`Another program reads schema ${schema} and does not end: close it, then try again`);
  }
  if (
    /^(57P0|08)|^CONNECTION_|^ECONN|^EPIPE/.test(code) ||
    /connection (error|terminated|has been discarded)/i.test(message!)
  ) {
    const why = settings().server ? null : await embedded.lastWords();
    return say(`The connection to PostgreSQL was lost${why ? ` (${why})` : ""}`);
  }
  if (code === "23505" || code === "23502") {
    return new SourceError(
      `Table ${table}: ${detail ?? message}: the key of each row must be there and be ` +
        "unique: nothing was restored",
    );
  }
  return error;
}
