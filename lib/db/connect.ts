/** Who connects to which server, and how a schema comes to its last migration. */
import type postgres from "postgres";
import { schemaName, type Server, settings } from "../config.ts";
import { ABOUT, type About, client, first, keepsSessions, supported } from "./client.ts";
import { type Kind, migrate as migrateSchema } from "./migrate.ts";
import { lastWords, READER, running, start, stop } from "./server.ts";

/**
 * Who connects: notebooks read as a role that cannot write; restores and studies own their schemas.
 *
 * On a server of the user's own the reader is the same user, who has taken the reader's role if it could
 * be made: that guards against mistakes, not against intent.
 */
export type Role = "reader" | "owner";

const READ_ONLY = { default_transaction_read_only: "on" };

/**
 * Where to connect, for clients that need it (COPY); holds a password: never show it.
 *
 * Starts the embedded server when no other is configured.
 */
export async function address(role: Role): Promise<Server & { options: Record<string, string> }> {
  const { server, dataDir } = settings();
  if (server) return { ...server, options: role === "reader" ? await readOnly(server) : {} };
  const { readerPassword, ...owner } = await start(dataDir);
  return role === "owner"
    ? { ...owner, options: {} }
    : { ...owner, user: READER, password: readerPassword, options: READ_ONLY };
}

/**
 * A connection pool.
 *
 * @throws {Error} when the server cannot be reached, is older than PostgreSQL 14, or a pooler stands
 *   before it that does not keep sessions
 */
export async function connect(
  role: Role,
  options: { schema?: string; connections?: number } = {},
): Promise<postgres.Sql> {
  const path: Record<string, string> = options.schema === undefined
    ? {}
    : { search_path: `"${schemaName(options.schema)}"` };
  const at = await address(role);
  const sql = client(at, { ...at.options, ...path }, options.connections);
  try {
    const [about] = await first(at, () => sql.unsafe<About[]>(ABOUT));
    supported(about!);
    await keepsSessions(about!, at, options.schema);
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
}

/** On a server of the user's own: the reader role where it exists, read-only transactions anyway. */
async function readOnly(server: Server): Promise<Record<string, string>> {
  const sql = client(server, {}, 1);
  try {
    const [role] = await first(
      server,
      () => sql`select from pg_roles where rolname = ${READER} and pg_has_role(oid, 'member')`,
    );
    return { ...READ_ONLY, ...(role ? { role: READER } : {}) };
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/**
 * Makes a schema if needed and brings it to its last migration; the reader may read it.
 *
 * @param kind `published`: the original's tables; `study`: new work, with constraints
 * @param last name of the last migration to apply
 */
export async function migrate(
  schema: string,
  kind: Kind,
  last?: string,
): Promise<void> {
  const name = schemaName(schema);
  await migrateSchema(await address("owner"), name, kind, last);
}

/** The embedded server: started, stopped, looked at. */
export const embedded = {
  start: () => start(settings().dataDir),
  stop: () => stop(settings().dataDir),
  running: () => running(settings().dataDir),
  /** Why it gave up last, as its log says; null when it did not. */
  lastWords: () => lastWords(settings().dataDir),
};
