/** Migrations: ordered files, each applied once in a transaction of its own. */
import { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { PostgresJSDialect } from "kysely-postgres-js";
import type postgres from "postgres";
import * as publishedTables from "./published/001_tables.ts";
import * as publishedKeys from "./published/002_keys.ts";
import * as publishedEvaluations from "./published/003_evaluations.ts";
import * as studyTables from "./study/001_tables.ts";

const MIGRATIONS: Record<"published" | "study", Record<string, Migration>> = {
  published: {
    "001_tables": publishedTables,
    "002_keys": publishedKeys,
    "003_evaluations": publishedEvaluations,
  },
  study: {
    "001_tables": studyTables,
  },
};

/**
 * Brings a schema to a migration, by default the last.
 *
 * Kysely's migrator records what was applied in the schema itself and takes an advisory lock; going
 * one step at a time gives every file its own transaction.
 *
 * @param sql a connection whose search_path is the schema
 * @throws {Error} with the file's name, when one fails; those before it stay
 */
export async function migrate(
  sql: postgres.Sql,
  schema: string,
  kind: keyof typeof MIGRATIONS,
  last?: string,
): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new PostgresJSDialect({ postgres: sql }) });
  const provider = { getMigrations: () => Promise.resolve(MIGRATIONS[kind]) };
  const migrator = new Migrator({ db, provider, migrationTableSchema: schema });
  const pending = async (): Promise<string[]> =>
    (await migrator.getMigrations())
      .filter(({ name, executedAt }) => !executedAt && (!last || name <= last))
      .map(({ name }) => name);
  for (let names = await pending(); names.length > 0; names = await pending()) {
    // Always the next step, never "to name": another process may have gone further, and Kysely would
    // go back to the name.
    const { error } = await migrator.migrateUp();
    if (error) throw new Error(`Migration ${names[0]} of schema ${schema}`, { cause: error });
  }
}
