/** Connections to PostgreSQL. */
import postgres from "postgres";
import { type Server, settings } from "../config.ts";

/** How long a server may take to answer: a busy machine is no reason to turn it down. */
const SECONDS = 30;

/**
 * How long a further connection of a pool may take. The first one is waited for so many {@link SECONDS}; later this
 * program may compute for minutes on end, and then its timer fires before it has heard what the server said.
 */
const FURTHER_SECONDS = 600;

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
    connect_timeout: FURTHER_SECONDS,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "persona-audit", [DIRECT]: "yes", ...parameters },
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

/** How long a server that starts, or recovers after a crash, is waited for. */
const PATIENCE = 120;

/** What PostgreSQL answers while it lets nobody in yet, or no longer. */
const NOT_YET = "57P03";

/**
 * The answer to the first query of a pool. A server that starts or recovers is waited for, which is said
 * on standard error.
 *
 * @param ask makes the query: anew each time
 * @param passwords what to do when the password is refused
 * @throws {Error} saying who was refused where and why, without the password
 */
export async function first<T>(
  at: Server,
  ask: () => PromiseLike<T>,
  passwords = remedy(),
): Promise<T> {
  const place = `${at.host}:${at.port}/${at.database}`;
  for (let waited = 0;; waited++) {
    try {
      return await answered(ask());
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === NOT_YET && waited < PATIENCE) {
        if (waited === 0) console.error(`PostgreSQL at ${place}: ${message}: waiting for it`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        continue;
      }
      const advice = code === NOT_YET
        ? "it still starts or recovers: try again in a while"
        : /unsupported startup parameter/i.test(message)
        ? POOLER
        : code?.startsWith("28")
        ? passwords
        : remedy();
      throw new Error(`PostgreSQL at ${place} does not let ${at.user} in (${message}): ${advice}`);
    }
  }
}

async function answered<T>(query: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // postgres.js connects again without end where a program that is no PostgreSQL hangs up.
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer that PostgreSQL gives")), SECONDS * 1000);
  });
  try {
    return await Promise.race([query, late]);
  } finally {
    clearTimeout(timer);
  }
}

const remedy = (): string =>
  settings().server
    ? "check DATABASE_URL or the PG* variables, or remove them to use the embedded PostgreSQL"
    : "run `deno task db stop`, then try again";

const POOLER = "a pooler such as PgBouncer stands before it, which loses the state of a session: " +
  "give the address of PostgreSQL itself, or a pooler that keeps sessions (docs/cluster.md)";

/** A parameter that a session keeps from its beginning, unless a pooler passes over it. */
export const DIRECT = "persona_audit.direct";

/** What it says by the settings of a role of whom a pooler keeps sessions. */
const POOLED = "session";

/** What {@link supported} looks at. */
export const ABOUT =
  `select current_setting('server_version_num') as version, current_setting('${DIRECT}', true) as direct`;
export interface About {
  version: string;
  direct: string | null;
}

/** @throws {Error} when a server is older than what the SQL here needs, or a pooler stands before it */
export function supported({ version, direct }: About): void {
  const number = Number(version);
  if (number < 140000) {
    const found = `${Math.floor(number / 10000)}.${number % 10000}`;
    throw new Error(`PostgreSQL 14 or later is needed: this server is ${found}`);
  }
  if (direct !== "yes" && direct !== POOLED) {
    throw new Error(`PostgreSQL got none of the parameters of this session: ${POOLER}`);
  }
}

/**
 * Sees whether a pooler keeps sessions, where one stands before the server.
 *
 * @param path the schema that a session is to look in; undefined where it looks in none
 * @throws {Error} when it does not, or sessions look in another schema
 */
export async function keepsSessions({ direct }: About, at: Server, path?: string): Promise<void> {
  if (direct !== POOLED) return;
  const one = client(at, {}, 1), other = client(at, {}, 1);
  try {
    const seen = async (sql: postgres.Sql) =>
      (await sql.unsafe<{ pid: number; path: string }[]>(
        "select pg_backend_pid() as pid, current_setting('search_path') as path",
      ))[0]!;
    // A pooler that shares out transactions gives another session the connection that is free: this one's.
    const first = await seen(one);
    await other.unsafe("begin");
    const held = await seen(other), again = await seen(one);
    await other.unsafe("rollback");
    if (first.pid === held.pid || first.pid !== again.pid) {
      throw new Error(`A session does not keep its connection to PostgreSQL: ${POOLER}`);
    }
    const [schema] = first.path.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
    if (path !== undefined && schema !== path) {
      throw new Error(
        `The pooler passes over the schema: alter role ${at.user} set search_path = '${path}' ` +
          "(docs/cluster.md)",
      );
    }
  } finally {
    await Promise.all([one.end({ timeout: 0 }), other.end({ timeout: 0 })]);
  }
}
