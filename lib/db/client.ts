/** Connections to PostgreSQL. */
import postgres from "postgres";
import { type Server, settings } from "../config.ts";

/** How long a server may take to answer: a busy machine is no reason to turn it down. */
const SECONDS = 30;

/** What the last statements of a pool may take when it ends. */
const PARTING = 2;

/**
 * A pool that connects when it is first used, and that `end()` ends in two seconds unless told to wait
 * longer: of a server that was lost in mid-query postgres.js would wait for the answer for ever.
 */
export function client(at: Server, parameters: Record<string, string> = {}, max = 4): postgres.Sql {
  // Lists, because postgres.js cuts a name at its first colon, and IPv6 addresses have some; its types
  // do not know that it takes lists.
  const place = { host: [at.host], port: [at.port] } as unknown as { host: string; port: number };
  const pool = postgres({
    ...place,
    ...(at.host.startsWith("/") ? { path: `${at.host}/.s.PGSQL.${at.port}` } : {}),
    database: at.database,
    username: at.user,
    // A function, because the options are seen where a pool is shown in a notebook.
    password: () => at.password,
    ssl: at.ssl,
    max,
    connect_timeout: SECONDS,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "persona-audit", ...parameters },
  });
  const end = pool.end;
  pool.end = ({ timeout = PARTING } = {}) => end({ timeout });
  return pool;
}

/** Waits for an end, as long as that of a pool may take. */
export async function parted(end: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => timer = setTimeout(resolve, PARTING * 1000));
  await Promise.race([end.catch(() => {}), late]);
  clearTimeout(timer);
}

/**
 * The answer to the first query of a pool.
 *
 * @throws {Error} saying who was refused where and why, without the password
 */
export async function first<T>(at: Server, query: Promise<T>, advice = remedy()): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // postgres.js connects again without end where a program that is no PostgreSQL hangs up.
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer that PostgreSQL gives")), SECONDS * 1000);
  });
  try {
    return await Promise.race([query, late]);
  } catch (error) {
    const place = `${at.host}:${at.port}/${at.database}`;
    const why = (error as Error).message;
    throw new Error(`PostgreSQL at ${place} does not let ${at.user} in (${why}): ${advice}`);
  } finally {
    clearTimeout(timer);
  }
}

const remedy = (): string =>
  settings().server
    ? "check DATABASE_URL or the PG* variables, or remove them to use the embedded PostgreSQL"
    : "run `deno task db stop`, then try again";

export const VERSION = "select current_setting('server_version_num') as version";

/** @throws {Error} when a server is older than what the SQL here needs */
export function supported(versionNumber: number): void {
  if (versionNumber >= 140000) return;
  const found = `${Math.floor(versionNumber / 10000)}.${versionNumber % 10000}`;
  throw new Error(`PostgreSQL 14 or later is needed: this server is ${found}`);
}
