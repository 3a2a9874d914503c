/** The environment: what is taken, and what is refused without showing a secret. */
import "lib/paper/published.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { codeVersion, ROOT, schemaName, settings } from "lib/config.ts";
import { Folder } from "./made.ts";

/** Settings under variables of the environment alone. */
function under(env: Record<string, string>) {
  const before = Deno.env.toObject();
  const all = {
    DATA_DIR: "",
    DATABASE_URL: "",
    PGHOST: "",
    PGDATABASE: "",
    STUDY_SCHEMA: "",
    OUT_DIR: "",
    ...env,
  };
  for (const [name, value] of Object.entries(all)) Deno.env.set(name, value);
  try {
    return settings();
  } finally {
    for (const name of Object.keys(all)) {
      if (before[name] === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before[name]!);
    }
  }
}

const messageOf = (env: Record<string, string>): string => {
  try {
    under(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(env)} was taken`);
};

Deno.test("settings() without variables are the embedded database's; empty ones are as none", () => {
  const none = {
    connections: 12,
    dataDir: join(ROOT, ".data"),
    outDir: join(ROOT, "out"),
    server: null,
    studySchema: "study",
  };
  assert.deepEqual(under({}), none);
  assert.deepEqual(under({ PGPORT: "", PGSSLMODE: "" }), none);
  assert.equal(under({ DATA_DIR: "elsewhere/db" }).dataDir, join(ROOT, "elsewhere", "db"));
  assert.equal(under({ DATA_DIR: "/elsewhere" }).dataDir, "/elsewhere");
  assert.equal(under({ OUT_DIR: "mine" }).outDir, join(ROOT, "mine"));
});

Deno.test("settings() take a URL apart, with %XX, IPv6, a socket's folder and defaults", () => {
  const whole = "postgresql://an%40na:p%3A%2Fw%25@db.example:5433/my%20base?sslmode=require";
  assert.deepEqual(under({ DATABASE_URL: whole }).server, {
    host: "db.example",
    port: 5433,
    user: "an@na",
    password: "p:/w%",
    database: "my base",
    ssl: { rejectUnauthorized: false },
  });
  assert.deepEqual(under({ DATABASE_URL: "postgres://[::1]" }).server, {
    host: "::1",
    port: 5432,
    user: "postgres",
    password: "",
    database: "postgres",
    ssl: false,
  });
  const socket = under({ DATABASE_URL: "postgres:///base?host=/run/postgresql" }).server!;
  assert.deepEqual([socket.host, socket.database], ["/run/postgresql", "base"]);
  const apart = under({ DATABASE_URL: "postgres://u@h/d", PGPASSWORD: "hush" }).server!;
  assert.equal(apart.password, "hush");
});

Deno.test("settings() take libpq's variables where there is no URL", () => {
  const env = { PGHOST: "h", PGUSER: "u", PGPASSWORD: "w", PGPORT: "1", PGSSLMODE: "verify-full" };
  assert.deepEqual(under(env).server, {
    host: "h",
    port: 1,
    user: "u",
    password: "w",
    database: "u",
    ssl: { rejectUnauthorized: true },
  });
  assert.equal(under({ PGDATABASE: "d" }).server!.host, "localhost");
  assert.equal(under({ ...env, DATABASE_URL: "postgres://other/d" }).server!.host, "other");
});

Deno.test("settings() refuse what does not fit, by the variable's name, and show no secret", () => {
  const urls = [
    "mysql://u:hush@h/d",
    "postgres://u:hu%zzsh@h/d",
    "postgres://u:hush@h:99999/d",
    "u:hush@h/d",
    "postgres://u:hush@h/d?sslmode=requires",
  ];
  for (const DATABASE_URL of urls) {
    const message = messageOf({ DATABASE_URL });
    assert.match(message, /^Environment variable DATABASE_URL: Expected postgres:\/\//);
    assert.doesNotMatch(message, /hu(sh|%zz)/);
  }
  for (const [name, value] of [["PGPORT", "x"], ["PGPORT", "70000"], ["PGSSLMODE", "yes"]]) {
    assert.match(messageOf({ [name!]: value! }), new RegExp(`^Environment variable ${name}: `));
  }
});

Deno.test("settings() refuse a study schema that is not one, or holds the published data", () => {
  assert.equal(under({ STUDY_SCHEMA: "pilot_2" }).studySchema, "pilot_2");
  for (const name of ["personality_trap", "public", "Study", "a-b", 'x"; drop schema y; --']) {
    assert.throws(() => under({ STUDY_SCHEMA: name }), {
      name: "RangeError",
      message: /^Environment variable STUDY_SCHEMA: /,
    });
  }
});

Deno.test("schemaName() takes plain names only", () => {
  for (const name of ["a", "study", "pilot_2", "x".repeat(48)]) {
    assert.equal(schemaName(name), name);
  }
  const hostile = [
    "",
    'a"; drop schema x; --',
    "a'b",
    "a.b",
    "a b",
    "a\n",
    "a\0",
    "ä",
    "A",
    "1a",
    "_a",
    "pg_temp",
    "pg_catalog",
    "public",
    "information_schema",
    "x".repeat(49),
    "x".repeat(64),
  ];
  for (const name of hostile) assert.throws(() => schemaName(name), RangeError, name);
});

Deno.test("code that differs from its version says so; a notebook that a user saved does not", async () => {
  using folder = new Folder();
  const git = async (...args: string[]) => {
    const own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
    const command = new Deno.Command("git", { args: [...own, ...args], cwd: folder.path });
    const { success, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(join(folder.path, name), text);
  assert.equal(await codeVersion(folder.path), null);
  for (const name of ["lib", "notebooks"]) Deno.mkdirSync(join(folder.path, name));
  write("lib/a.ts", "1");
  write("notebooks/a.ipynb", "1");
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "first");
  const clean = await codeVersion(folder.path);
  assert.match(clean!, /^[0-9a-f]{7,}$/);
  write("notebooks/a.ipynb", "2");
  assert.equal(await codeVersion(folder.path), clean);
  write("lib/a.ts", "2");
  assert.equal(await codeVersion(folder.path), `${clean}-dirty`);
});
