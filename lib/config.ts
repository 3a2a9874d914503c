/** The environment, read and checked once; the only room that looks at it. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";

/** The folder of the checkout: notebooks, scripts and tests may run from anywhere below it. */
export const ROOT = resolve(import.meta.dirname!, "..");

/** Where a database of the user's own listens; `password` is never shown. */
export interface Server {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  ssl: boolean;
}

export interface Settings {
  /** Folder of the embedded database: absolute. */
  dataDir: string;
  /** The user's own PostgreSQL, or null for the embedded one. */
  server: Server | null;
  /** Schema of new work, beside the published data. */
  studySchema: string;
}

/** Schema of the published data. */
export const PUBLISHED = "personality_trap";

/**
 * A schema name that may stand in SQL as an identifier.
 *
 * @throws {RangeError} when it is not lower-case letters, digits and `_`, or is PostgreSQL's own
 */
export function schemaName(text: string): string {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(text) || /^(pg_|information_schema$|public$)/.test(text)) {
    throw new RangeError(
      `Schema names have 1 to 48 lower-case letters, digits and _, start with a letter and are not ` +
        `PostgreSQL's own (public, pg_…): current value is ${JSON.stringify(text)}`,
    );
  }
  return text;
}

const Environment = z.object({
  DATA_DIR: z.string().min(1).default(".data"),
  STUDY_SCHEMA: z.string().default("study"),
  DATABASE_URL: z.string().optional(),
  PGHOST: z.string().optional(),
  PGPORT: z.coerce.number().int().min(1).max(65535).default(5432),
  PGDATABASE: z.string().optional(),
  PGUSER: z.string().optional(),
  PGPASSWORD: z.string().default(""),
  PGSSLMODE: z.string().optional(),
});

/**
 * The settings in force: the environment over `.env`, over the defaults.
 *
 * @throws {Error} naming the variable that does not fit, never its value where it could be a secret
 */
export function settings(): Settings {
  const given = { ...dotenv(), ...Deno.env.toObject() };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
  const parsed = Environment.safeParse(set);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new Error(`Environment variable ${path.join(".")}: ${message}: see .env.example`);
  }
  const env = parsed.data;
  return {
    dataDir: resolve(ROOT, env.DATA_DIR),
    studySchema: schemaName(env.STUDY_SCHEMA),
    server: env.DATABASE_URL ? fromUrl(env.DATABASE_URL) : env.PGHOST || env.PGDATABASE
      ? {
        host: env.PGHOST ?? "localhost",
        port: env.PGPORT,
        user: env.PGUSER ?? "postgres",
        database: env.PGDATABASE ?? env.PGUSER ?? "postgres",
        password: env.PGPASSWORD,
        ssl: encrypted(env.PGSSLMODE),
      }
      : null,
  };
}

function dotenv(): NodeJS.Dict<string> {
  const file = join(ROOT, ".env");
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

const encrypted = (mode?: string | null): boolean =>
  ["require", "verify-ca", "verify-full"].includes(mode ?? "");

function fromUrl(text: string): Server {
  let url: URL;
  try {
    url = new URL(text);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new TypeError();
  } catch {
    throw new Error(
      "Environment variable DATABASE_URL: Expected postgres://user:password@host:port/database " +
        "(its value is not shown: it may hold a password)",
    );
  }
  return {
    host: url.searchParams.get("host") ?? (url.hostname.replace(/^\[|\]$/g, "") || "localhost"),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || "postgres",
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
    ssl: encrypted(url.searchParams.get("sslmode")),
  };
}
