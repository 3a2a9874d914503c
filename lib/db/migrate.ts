/** Migrations: ordered files, each applied once in a transaction of its own. */
import {
  type DatabaseIntrospector,
  Kysely,
  PostgresDialect,
  PostgresIntrospector,
  sql,
  type TableMetadata,
} from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";
import type { Server } from "../config.ts";
import type { Form } from "../forms.ts";
import { ABOUT, DIRECT, first, keepsSessions, parted, supported } from "./client.ts";
import { READER } from "./server.ts";
import * as studyTables from "./study/001_tables.ts";
import * as studyRuns from "./study/002_runs.ts";
import * as studyPrompts from "./study/003_prompts.ts";
import * as studyFaults from "./study/004_faults.ts";
import * as studyPersonas from "./study/005_personas.ts";
import * as studyPopulations from "./study/006_populations.ts";
import * as studyForms from "./study/007_forms.ts";
import * as studySettings from "./study/008_settings.ts";
import * as studyOptions from "./study/009_options.ts";
import * as studyCounts from "./study/010_counts.ts";
import * as studyAnalyses from "./study/011_analyses.ts";
import * as studyBatches from "./study/012_batches.ts";
import * as studyMany from "./study/013_many.ts";

/** The steps of a study's schema. */
const STUDY: Record<string, Migration> = {
  "001_tables": studyTables,
  "002_runs": studyRuns,
  "003_prompts": studyPrompts,
  "004_faults": studyFaults,
  "005_personas": studyPersonas,
  "006_populations": studyPopulations,
  "007_forms": studyForms,
  "008_settings": studySettings,
  "009_options": studyOptions,
  "010_counts": studyCounts,
  "011_analyses": studyAnalyses,
  "012_batches": studyBatches,
  "013_many": studyMany,
};

/** Data that a package restores: where, unless another schema is named, and the steps of its schema. */
export interface Restored {
  schema: string;
  migrations: Record<string, Migration>;
  /** What their personas are written in. */
  form: Form;
}

let restored: Restored | null = null;

/** Makes restored data known; the package that restores them does so when it is imported. */
export function registerRestored(given: Restored): void {
  restored = given;
}

/** Where restored data stand unless another schema is named; null without a package that restores. */
export const home = (): string | null => restored?.schema ?? null;

/** The form of restored personas. @throws {Error} without a package that restores */
export function restoredForm(): Form {
  if (restored) return restored.form;
  throw new Error(UNKNOWN);
}

const UNKNOWN = "Nothing is known of restored data: no package that restores any is imported";

function stepsOf(kind: Kind): Record<string, Migration> {
  if (kind === "study") return STUDY;
  if (restored) return restored.migrations;
  throw new Error(UNKNOWN);
}

export type Kind = "published" | "study";

/**
 * Makes a schema if needed, brings it to a migration, by default the last, and lets the reader read it.
 *
 * Kysely's migrator records what was applied in the schema itself; going one step at a time gives every
 * file its own transaction.
 *
 * @throws {Error} with the file's name, when one fails; those before it stay
 */
export async function migrate(
  at: Server,
  schema: string,
  kind: Kind,
  last?: string,
): Promise<void> {
  const { host, port, database, user, password, ssl } = at;
  // One connection, whose session holds the lock and looks for tables in the schema.
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password,
    ssl,
    options: `-c ${DIRECT}=yes`,
    max: 1,
    idleTimeoutMillis: 0,
  });
  // A connection that breaks is reported by its statement.
  pool.on("error", () => {}).on("connect", (client: pg.PoolClient) => client.on("error", () => {}));
  try {
    const { rows } = await first<pg.QueryResult>(at, () => pool.query(ABOUT));
    supported(rows[0]);
    await keepsSessions(rows[0], at);
    // One process at a time: neither "if not exists" nor a grant bears another one beside it.
    await pool.query("select pg_advisory_lock(hashtext('persona-audit migrations'))");
    await pool.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`);
    await pool.query(`set search_path to ${pg.escapeIdentifier(schema)}`);
    await apply(pool, schema, kind, last);
    await letRead(pool, schema);
  } finally {
    await parted(pool.end());
  }
}

/**
 * Kysely asks for every table and column of the database, several times for each step, to find two tables
 * of its own: where many studies are that takes longer than the step.
 */
class Scoped extends PostgresDialect {
  constructor(pool: pg.Pool, private readonly schema: string) {
    super({ pool });
  }

  override createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    const { schema } = this;
    const tables = async (): Promise<TableMetadata[]> => {
      const { rows } = await sql<{ name: string }>`
        select tablename as name from pg_tables where schemaname = ${schema}`.execute(db);
      return rows.map(({ name }) => ({
        name,
        schema,
        isView: false,
        isForeign: false,
        columns: [],
      }));
    };
    return Object.assign(new PostgresIntrospector(db), { getTables: tables });
  }
}

async function apply(
  pool: pg.Pool,
  schema: string,
  kind: Kind,
  last?: string,
): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new Scoped(pool, schema) });
  const provider = { getMigrations: () => Promise.resolve(stepsOf(kind)) };
  const migrator = new Migrator({ db, provider, migrationTableSchema: schema });
  await ofKind(pool, schema, kind);
  const pending = (await steady(() => migrator.getMigrations()))
    .filter(({ name, executedAt }) => !executedAt && (!last || name <= last));
  for (const { name } of pending) {
    await steady(async () => {
      const { error } = await migrator.migrateUp();
      if (error) throw error;
    }).catch((error) => {
      throw new Error(`Migration ${name} of schema ${schema}`, { cause: error });
    });
  }
}

/** Refuses a schema of the other kind: the first steps of both have one name. */
async function ofKind(pool: pg.Pool, schema: string, kind: Kind): Promise<void> {
  const { rows } = await pool.query(
    "select relname as name from pg_class where relnamespace = $1::regnamespace and relname = any($2)",
    [pg.escapeIdentifier(schema), ["alembic_version", "persona_requests", "work"]],
  );
  const restored = rows.some(({ name }: { name: string }) => name === "alembic_version");
  if (kind === "study" && restored) {
    throw new Error(`Schema ${schema} holds restored data: choose another for a study`);
  }
  if (kind === "published" && rows.length > Number(restored)) {
    throw new Error(`Schema ${schema} holds a study: choose another for restored data`);
  }
}

/**
 * Tries again what a relation that vanished has stopped: Kysely looks at the tables of all schemas, and
 * a restore may drop one of them meanwhile. A migration that failed has left nothing.
 */
async function steady<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      const vanished = ["42P01", "3F000", "XX000"].includes((error as { code?: string }).code!);
      if (!vanished || attempt === 10) throw error;
    }
  }
}

/** Grants the reader what it needs; on a server where roles cannot be made, readers stay owners. */
async function letRead(pool: pg.Pool, schema: string): Promise<void> {
  const there = async () =>
    (await pool.query("select from pg_roles where rolname = $1", [READER])).rowCount;
  if (!await there()) {
    try {
      await pool.query(`create role ${READER} nologin`);
      await pool.query(`grant ${READER} to current_user`);
    } catch (error) {
      // 42501: no right to make roles; 42710, 23505: one for another database was first.
      if (!["42501", "42710", "23505"].includes((error as { code: string }).code)) throw error;
    }
    if (!await there()) return;
  }
  await pool.query(`grant usage on schema ${pg.escapeIdentifier(schema)} to ${READER}`);
  await pool.query(
    `grant select on all tables in schema ${pg.escapeIdentifier(schema)} to ${READER}`,
  );
}
