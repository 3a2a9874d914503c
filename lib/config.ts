/** The environment, read and checked once; the only room that looks at it. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
// As a whole: a name that an older Deno does not have would fail before it could be refused.
import util from "node:util";
import { z } from "zod";
import { refusal } from "./version.ts";

const old = refusal("lab --kernel-only", Deno.version.deno);
if (old) {
  const error = new Error(`${old}; then restart the kernel`);
  // It is all that a cell shows.
  error.stack = String(error);
  throw error;
}

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
  /** Connections that a process may have for a study, besides the one that tells that it lives. */
  connections: number;
  /** Schema of new work, beside the published data. */
  studySchema: string;
  /** Folder of all that is written for people: absolute. */
  outDir: string;
}

const reserved = new Map<string, string>();

/** Keeps a schema for what a package restores into it: no study is made there. */
export function reserve(schema: string, what: string): void {
  reserved.set(schema, what);
}

/** What a schema is kept for; undefined where anybody may take it. */
const keptFor = (schema: string): string | undefined => reserved.get(schema);

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
  OUT_DIR: z.string().default("out"),
  DATABASE_URL: z.string().optional(),
  PGHOST: z.string().optional(),
  PGPORT: z.coerce.number().int().min(1).max(65535).default(5432),
  PGDATABASE: z.string().optional(),
  PGUSER: z.string().optional(),
  PGPASSWORD: z.string().default(""),
  PGSSLMODE: Encryption.optional(),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(100).default(12),
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
    connections: env.DATABASE_CONNECTIONS,
    studySchema: studySchema(env.STUDY_SCHEMA),
    outDir: resolve(ROOT, env.OUT_DIR),
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

let lastRead: { stamp: string; values: NodeJS.Dict<string> } = { stamp: "", values: {} };

/** What `.env` holds now: read again only when the file has changed, since every call asks. */
function dotenv(): NodeJS.Dict<string> {
  const file = join(ROOT, ".env");
  // Asking first: of a file that is not there, statSync makes an error, and every call of a run asks.
  const stat = existsSync(file) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  const stamp = stat ? `${stat.mtimeMs} ${stat.size}` : "";
  if (stamp !== lastRead.stamp) {
    lastRead = { stamp, values: stat ? util.parseEnv(readFileSync(file, "utf8")) : {} };
  }
  return lastRead.values;
}

/** A variable that is no secret, such as `AWS_REGION`: null where it is unset or empty. */
export function variable(name: string): string | null {
  return lookUp(name, dotenv());
}

const lookUp = (name: string, file: NodeJS.Dict<string>): string | null =>
  (Deno.env.get(name) ?? file[name]) || null;

/** Variables whose values a provider is sent, and which a provider could send back. */
const KEYS = [
  "OPENAI_API_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_BEARER_TOKEN_BEDROCK",
];

/** Every secret, with what finds it. */
const known = { keys: new Map<string, RegExp>(), passwords: new Map<string, RegExp>() };

/** Shorter values would be found inside ordinary words. */
const SHORTEST = 6;

function remember(value: string | null, among: Map<string, RegExp>): void {
  if (value === null || value.length < SHORTEST || among.has(value)) return;
  const written = [...value].map(writtenAs).join("");
  const bytes = new TextEncoder().encode(value.toWellFormed());
  const hex = eitherCase(bytes.toHex());
  among.set(
    value,
    new RegExp([written, hex, ...[0, 1, 2].map((at) => base64(bytes, at))].join("|"), "g"),
  );
}

/** Backslashes before a sign that JSON escapes, also JSON three times inside JSON. */
const ESCAPED = "\\\\{1,8}";
const CONTROLS: Readonly<Record<string, string>> = { "\n": "n", "\r": "r", "\t": "t" };
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

const eitherCase = (hex: string): string =>
  hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

/** What finds a sign as it stands, in JSON, in a URL and in HTML: each may write any sign by number. */
function writtenAs(sign: string): string {
  const code = sign.codePointAt(0)!;
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at));
  const json = units.map((unit) => `${ESCAPED}u${eitherCase(unit.toString(16).padStart(4, "0"))}`);
  const url = [...new TextEncoder().encode(sign.toWellFormed())].map((byte) =>
    `%(?:25){0,3}${eitherCase(byte.toString(16).padStart(2, "0"))}`
  );
  const html = [`#[xX]0{0,6}${eitherCase(code.toString(16))}`, `#0{0,6}${code}`];
  if (ENTITIES[sign]) html.push(ENTITIES[sign]);
  const plain = sign === "\\"
    ? ESCAPED
    : `${/["'/]/.test(sign) ? "\\\\{0,8}" : ""}${sign.replace(/[\^$.*+?()[\]{}|/-]/g, "\\$&")}`;
  const more = CONTROLS[sign] ? [ESCAPED + CONTROLS[sign]] : sign === " " ? ["\\+"] : [];
  return `(?:${
    [plain, json.join(""), url.join(""), `&(?:${html.join("|")});`, ...more].join("|")
  })`;
}

/**
 * What finds bytes in base64, also the alphabet for URLs, where so many bytes of three stand before
 * them: the signs that hold bits of these bytes only.
 */
function base64(bytes: Uint8Array, before: number): string {
  const whole = new Uint8Array([...new Uint8Array(before), ...bytes]).toBase64();
  return whole.slice(Math.ceil(before * 8 / 6), Math.floor((before + bytes.length) * 8 / 6))
    .replaceAll("+", "(?:[-+]|%2[bB])").replaceAll("/", "(?:\\\\{0,8}[/_]|%2[fF])");
}

/**
 * A secret from the environment or `.env`: null where it is unset or empty. From then on `hidden()`
 * knows its value.
 */
export function secret(name: string): string | null {
  const value = variable(name);
  remember(value, known.keys);
  return value;
}

/** Tells `hidden()` of a secret that came from elsewhere, such as a file of the AWS chain. */
export function conceal(value: string | undefined): void {
  remember(value ?? null, known.keys);
}

/**
 * The text with every known secret of 6 or more characters replaced by `‹hidden›`.
 *
 * Known are the keys of the providers, every variable that `secret()` was asked for, and the
 * passwords of the database. A value stays known when its variable changes.
 *
 * It is found as it stands; with any of its signs as JSON, also JSON inside JSON, a URL or HTML may
 * write them (`\u0073`, `\/`, `%2f`, `&#115;`); and in hexadecimal and base64, also as part of a longer
 * text. It is not found cut in pieces, compressed, encrypted or in any other code.
 *
 * @param of `keys` leaves out the database's passwords. It is for what is exchanged with a provider,
 *   which never sees them, and which has to stay as it was where a password is a word like `personas`.
 */
export function hidden(text: string, of: "all" | "keys" = "all"): string {
  const file = dotenv();
  for (const name of KEYS) remember(lookUp(name, file), known.keys);
  const secrets = [...known.keys];
  if (of === "all") {
    const [encoded, decoded] = passwordsOf(lookUp("DATABASE_URL", file) ?? "");
    for (const password of [lookUp("PGPASSWORD", file), encoded, decoded]) {
      remember(password ?? null, known.passwords);
    }
    secrets.push(...known.passwords);
  }
  // The longest first: one secret may be the beginning of another.
  return secrets.toSorted(([a], [b]) => b.length - a.length)
    .reduce((rest, [, pattern]) => rest.replace(pattern, "‹hidden›"), text);
}

/** The password in a URL, as it is written there and as it is meant; nothing where there is none. */
function passwordsOf(url: string): string[] {
  const written = /^[^/]*\/\/[^:@/]*:(.*)@/.exec(url)?.[1];
  if (!written) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}

function studySchema(name: string): string {
  const what = keptFor(name);
  if (what !== undefined) {
    throw new RangeError(
      `Environment variable STUDY_SCHEMA: ${name} is the schema of ${what}: choose another name`,
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

/** What programs look for in their environment: where things are, and nothing that is anybody's key. */
const PLAIN =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|TZ|LD_LIBRARY_PATH|DYLD_[A-Z_]+|SystemRoot|SystemDrive|ComSpec|PATHEXT|USERPROFILE|USERNAME)$/i;

/** The environment for a program that need not know keys: with `clearEnv` it gets nothing else. */
export const bare = (): Record<string, string> =>
  Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => PLAIN.test(name)));

/**
 * The version of the code as git knows it, with `-dirty` where a file differs from it, or null outside a
 * clone. Notebooks do not count: they are where a user works, and Jupyter writes into them what they show.
 */
export async function codeVersion(folder = ROOT): Promise<string | null> {
  const git = (...args: string[]) =>
    new Deno.Command("git", { args, cwd: folder, env: bare(), clearEnv: true }).output();
  try {
    const { success, stdout } = await git("describe", "--always");
    if (!success) return null;
    const { code } = await git("diff", "--quiet", "HEAD", "--", ".", ":(exclude)notebooks");
    return new TextDecoder().decode(stdout).trim() + (code === 0 ? "" : "-dirty");
  } catch {
    return null; // no git
  }
}
