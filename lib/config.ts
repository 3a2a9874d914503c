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
  /** Whether the connection is encrypted, and then whether the server's certificate is checked. */
  ssl: false | { rejectUnauthorized: boolean };
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
  // A restore under way adds the ending to a name of any length.
  if (
    !/^[a-z][a-z0-9_]{0,47}(_restoring)?$/.test(text) ||
    /^(pg_|information_schema$|public$)/.test(text)
  ) {
    throw new RangeError(
      `Schema names have 1 to 48 lower-case letters, digits and _, start with a letter and are not ` +
        `PostgreSQL's own (public, pg_…): current value is ${JSON.stringify(text)}`,
    );
  }
  return text;
}

const Encryption = z.enum([
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
]);

const Environment = z.object({
  DATA_DIR: z.string().default(".data"),
  STUDY_SCHEMA: z.string().default("study"),
  DATABASE_URL: z.string().optional(),
  PGHOST: z.string().optional(),
  PGPORT: z.coerce.number().int().min(1).max(65535).default(5432),
  PGDATABASE: z.string().optional(),
  PGUSER: z.string().optional(),
  PGPASSWORD: z.string().default(""),
  PGSSLMODE: Encryption.optional(),
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
    studySchema: studySchema(env.STUDY_SCHEMA),
    server: env.DATABASE_URL ? fromUrl(env.DATABASE_URL, env) : env.PGHOST || env.PGDATABASE
      ? {
        host: env.PGHOST ?? "localhost",
        port: env.PGPORT,
        user: env.PGUSER ?? "postgres",
        database: env.PGDATABASE ?? env.PGUSER ?? "postgres",
        password: env.PGPASSWORD,
        ssl: encryption(env.PGSSLMODE),
      }
      : null,
  };
}

function dotenv(): NodeJS.Dict<string> {
  const file = join(ROOT, ".env");
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

function studySchema(name: string): string {
  if (name === PUBLISHED) {
    throw new RangeError(
      `Environment variable STUDY_SCHEMA: ${name} is the schema of the published data: ` +
        "choose another name",
    );
  }
  try {
    return schemaName(name);
  } catch (error) {
    throw new RangeError(`Environment variable STUDY_SCHEMA: ${(error as Error).message}`);
  }
}

/** As libpq's sslmode, but that `allow` and `prefer` do not try encryption. */
function encryption(mode: z.infer<typeof Encryption> = "disable"): Server["ssl"] {
  if (["disable", "allow", "prefer"].includes(mode)) return false;
  return { rejectUnauthorized: mode !== "require" };
}

function fromUrl(text: string, env: z.infer<typeof Environment>): Server {
  try {
    const url = new URL(text);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new TypeError();
    const { username, password, hostname, pathname, searchParams } = url;
    return {
      host: searchParams.get("host") ?? (hostname.replace(/^\[|\]$/g, "") || "localhost"),
      port: Number(url.port || 5432),
      user: decodeURIComponent(username) || "postgres",
      password: decodeURIComponent(password) || env.PGPASSWORD,
      database: decodeURIComponent(pathname.slice(1)) || "postgres",
      ssl: encryption(Encryption.optional().parse(searchParams.get("sslmode") ?? env.PGSSLMODE)),
    };
  } catch {
    throw new Error(
      "Environment variable DATABASE_URL: Expected postgres://user:password@host:port/database, " +
        "with special characters as %XX and, for encryption, ?sslmode=require or verify-full " +
        "(its value is not shown: it may hold a password)",
    );
  }
}
