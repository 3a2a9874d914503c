/**
 * The restore: whatever form the data have they arrive whole; whatever goes wrong, and at any time, the
 * database is as it was.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "zip";
import { migrate, openDataset, type Sql } from "lib/db.ts";
import {
  type Check,
  restore,
  type RestoreOptions,
  SourceError,
  verify,
} from "lib/paper/restore.ts";
import { client } from "lib/db/client.ts";
import { start } from "lib/db/server.ts";
import { open as openSource } from "lib/paper/restore/source.ts";
import { identified } from "lib/paper/restore/verify.ts";
import { atNight, ended, evaluated, script, spawned, until } from "./command.ts";
import { as, failing, Held, restored, SMALL } from "./data.ts";

const DUMP = join(SMALL, "sql", "personas_database_backup.sql.gz");
const PACKED = Deno.readFileSync(DUMP);
const TEXT = gunzipSync(PACKED).toString();
/** `eval_questionnaires 26088`, the view among them. */
const COUNTS = Object.fromEntries(
  Deno.readTextFileSync(join(SMALL, "table_counts.txt")).trim().split("\n")
    .map((line) => line.split(" ")).map(([table, n]) => [table!, Number(n)]),
);

type Files = Record<string, string | Uint8Array>;

/** A folder of files that is removed when its `using` block ends. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "persona-audit-files-" });

  constructor(files: Files = {}) {
    for (const [name, bytes] of Object.entries(files)) this.write(name, bytes);
  }

  write(name: string, bytes: string | Uint8Array): string {
    const path = join(this.path, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(path, Buffer.from(bytes as string));
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The number of rows of each table and of the view, and a sum of all their values. */
async function contents(sql: Sql, schema: string): Promise<Record<string, [number, string]>> {
  const rows = await Promise.all(
    Object.keys(COUNTS).map(async (table) => {
      const [row] = await sql`
      select count(*)::int as n, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as sum
      from ${sql(schema)}.${sql(table)} t`;
      return [table, [row!.n, row!.sum]];
    }),
  );
  return Object.fromEntries(rows);
}

/** What is in `kept`, whatever it is stored in. */
const kept = () => as("owner", (sql) => contents(sql, "kept"));

/**
 * The rows of each table by where they are stored and who wrote them: PostgreSQL never writes into a row,
 * so as long as these are the same no value has changed. To read all values takes much longer than most of
 * what is tested here.
 */
async function untouched(sql: Sql, schema: string): Promise<unknown> {
  const tables = Object.keys(COUNTS).map(async (table) => [
    table,
    ...await sql`
      select count(*)::int as n, sum(hashtextextended(ctid::text || ' ' || xmin::text, 0))::text as sum
      from ${sql(schema)}.${sql(table)}`,
  ]);
  return await Promise.all(tables);
}

/** All that a restore could change: schemas, tables and what they are stored in, the rows of `kept`. */
const state = () =>
  as("owner", async (sql) => [
    await sql`select nspname from pg_namespace where nspname !~ '^pg_' order by 1`,
    await sql`
      select relnamespace::regnamespace::text, relname, oid, relfilenode, relkind
      from pg_class where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      order by 1, 2`,
    await sql`select xmin::text, * from kept.provenance`,
    await untouched(sql, "kept"),
  ]);

/** What is restored over in these tests; a restore that fails must leave it. */
const KEPT: RestoreOptions = { schema: "kept", from: DUMP, force: true };

/** Asserts that a restore over `kept` fails, and that the database is as it was. */
async function fails(options: RestoreOptions, ...says: (RegExp | string)[]): Promise<Error> {
  await restored("kept", DUMP);
  const before = await state();
  const error = await restore({ ...KEPT, ...options }).then(() => null, (error) => error);
  assert.ok(error instanceof Error, `restored ${JSON.stringify(options)}`);
  for (const text of says) {
    const found = typeof text === "string"
      ? error.message.includes(text)
      : text.test(error.message);
    assert.ok(found, `"${error.message}" does not say ${text}`);
  }
  assert.match(error.message, /^\S.*[^.\s]$/, "one line");
  assert.deepEqual(await state(), before);
  return error;
}

const succeeds = async (options: RestoreOptions = {}): Promise<void> => {
  const { tables } = await restore({ ...KEPT, ...options });
  assert.ok(tables.length >= 8);
};

async function zipped(files: Files): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [path, bytes] of Object.entries(files)) {
    await writer.add(path, new Uint8ArrayReader(Buffer.from(bytes as string)));
  }
  return await writer.close();
}

const csvFiles = (folder = ""): Files =>
  Object.fromEntries(
    [...Deno.readDirSync(join(SMALL, "csv"))]
      .map(({ name }) => [folder + name, Deno.readFileSync(join(SMALL, "csv", name))]),
  );

/** What sha256sum prints of files, by name. */
async function sums(folder: string, files: string[]): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command("sha256sum", { args: files, cwd: folder }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/ +/).toReversed()));
}

Deno.test("dump, folders and zips give the same tables, counted as they were written", async () => {
  const name = "dataset/20251008/sql/personas_database_backup.sql.gz";
  using folder = new Folder({
    "personas_database_backup.sql.gz": PACKED,
    "dump.zip": await zipped({ "backup.sql.gz": PACKED }),
    "csv.zip": await zipped(csvFiles("csv/")),
    "all.zip": await zipped({ [name]: PACKED, ...csvFiles("dataset/20251008/csv/") }),
  });
  const csvSums = await sums(join(SMALL, "csv"), Object.keys(csvFiles()));
  const fileSums = await sums(folder.path, [...Deno.readDirSync(folder.path)].map((f) => f.name));
  const forms: [string, string[]][] = [
    [DUMP, ["personas_database_backup.sql.gz"]],
    [SMALL, []],
    [join(SMALL, "csv"), Object.keys(csvSums)],
    [join(folder.path, "dump.zip"), ["dump.zip"]],
    [join(folder.path, "csv.zip"), ["csv.zip"]],
    [join(folder.path, "all.zip"), ["all.zip"]],
  ];
  let first: Awaited<ReturnType<typeof contents>> | null = null;
  for (const [from, read] of forms) {
    const { tables, source, files } = await restore({ schema: "forms", from, force: true });
    assert.equal(source, "other");
    const found = await as("owner", (sql) => contents(sql, "forms"));
    first ??= found;
    assert.deepEqual(found, first, from);
    const counts = Object.entries(found).map(([table, [n]]) => [table, n]);
    assert.deepEqual(Object.fromEntries(counts), COUNTS, from);
    const loaded = Object.fromEntries(tables.map(({ table, rows }) => [table, rows]));
    assert.deepEqual({ ...loaded, experiments_evals: COUNTS.experiments_evals }, COUNTS, from);
    const given = Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
    for (const name of read) assert.equal(given[name], { ...csvSums, ...fileSums }[name], name);
    const [row] = await as("reader", (sql) => sql`select files from forms.provenance`);
    assert.deepEqual(row!.files, files);
  }
});

/** The rows of a table in the dump, without line ends, and the line of the first. */
function rowsOf(table: string): { rows: string[]; line: number } {
  const [, head, rows] = new RegExp(`^(COPY \\w+\\.${table} .*\n)([^]*?)^\\\\\\.\n`, "m").exec(
    TEXT,
  )!;
  const line = TEXT.slice(0, TEXT.indexOf(head!) + head!.length).split("\n").length;
  return { rows: rows!.split("\n").slice(0, -1), line };
}

/** The dump with other rows in a table. */
function dump(table: string, rows: string[]): string {
  const block = new RegExp(`^(COPY \\w+\\.${table} .*\n)[^]*?^\\\\\\.\n`, "m");
  return TEXT.replace(block, (_, head) => `${head}${rows.map((row) => row + "\n").join("")}\\.\n`);
}

const columnsOf = (table: string): string[] =>
  new RegExp(`^COPY \\w+\\.${table} \\((.*)\\)`, "m").exec(TEXT)![1]!.split(", ");

/** A row with another value in a column. */
function changed(row: string, table: string, column: string, value: string): string {
  const values = row.split("\t");
  values[columnsOf(table).indexOf(column)] = value;
  return values.join("\t");
}

/** `once`: in one row only, as another kind of fault in all places stands for it. */
const BAD: [table: string, column: string, value: string, reason: string, once?: "once"][] = [
  ["personas", "name", "é".repeat(300), "value too long for type character varying(255)"],
  ["personas", "age", "forty", 'invalid input syntax for type integer: "forty"', "once"],
  ["personas", "age", "2147483648", "out of range for type integer", "once"],
  ["reference_questionnaires", "answer", "maybe", "invalid input syntax for type boolean", "once"],
  ["experiment_request_metadata", "request_json", '{"a": ', "invalid input syntax for type json"],
  [
    "experiment_request_metadata",
    "created",
    "noonish",
    "invalid input syntax for type timestamp",
    "once",
  ],
  [
    "experiments_groups",
    "temperature",
    "hot",
    "invalid input syntax for type double precision",
    "once",
  ],
  ["experiments_list", "experiment_id", "\\N", 'null value in column "experiment_id"', "once"],
];

for (const [table, column, value, reason, once] of BAD) {
  Deno.test(`a bad row of ${table} is named with its place: ${reason.slice(0, 45)}`, async () => {
    const { rows, line } = rowsOf(table);
    const everywhere = [0, 1, rows.length >> 1, rows.length - 2, rows.length - 1];
    for (const at of once ? everywhere.slice(2, 3) : everywhere) {
      using folder = new Folder();
      const bad = rows.with(at, changed(rows[at]!, table, column, value));
      const from = folder.write("backup.sql", dump(table, bad));
      // A null is against the table, not against the type of a column.
      const where = value === "\\N" ? `table ${table}` : `table ${table}, column ${column}`;
      const error = await fails({ from }, `backup.sql line ${line + at}, ${where}: `, reason);
      assert.ok(error instanceof SourceError);
    }
  });
}

atNight("a bad row at the edges of the pieces of a large table is named", async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i + 1}\t96033\t${1 + i % 24}\t${i % 2}`);
  const { line } = rowsOf("eval_questionnaires");
  using folder = new Folder();
  const good = folder.write("backup.sql", dump("eval_questionnaires", rows));
  // Where a piece ends, by the number of rows before it.
  const ends: number[] = [];
  for await (const block of (await openSource(good)).blocks()) {
    let read = 0;
    for await (const piece of block.rows) {
      read += piece.filter((byte) => byte === 10).length;
      if (block.table === "eval_questionnaires") ends.push(read);
    }
  }
  assert.ok(ends.length >= 3 && ends.at(-1) === 60_000, ends.join());
  const edges = [0, ends[0]! - 1, ends[0]!, ends.at(-2)!, 59_999];
  for (const at of edges) {
    const bad = rows.with(at, `${at + 1}\t96033\t1\tyes`);
    const from = folder.write("backup.sql", dump("eval_questionnaires", bad));
    await fails(
      { from },
      `backup.sql line ${line + at}, table eval_questionnaires, column answer: invalid input`,
    );
  }
  folder.write("backup.sql", dump("eval_questionnaires", rows));
  await succeeds({ from: good });
  await succeeds();
});

Deno.test("a bad value in a CSV file is named by its line, behind texts of several lines", async () => {
  const personas = Deno.readTextFileSync(join(SMALL, "csv", "personas.csv"));
  // The last record begins in line 1510 by Python's csv.reader(...).line_num; ages are column 6.
  const lines = personas.split("\n");
  lines[1509] = lines[1509]!.replace(/^(\d+,(?:[^,]*,){4})\d+/, "$1forty");
  using folder = new Folder({ ...csvFiles(), "personas.csv": lines.join("\n") });
  await fails(
    { from: folder.path },
    'personas.csv line 1510, table personas, column age: invalid input syntax for type integer: "forty"',
  );
});

Deno.test("a key that stands twice is named with its table", async () => {
  const tables = ["personas", "experiments_list", "eval_questionnaires", "alembic_version"];
  for (const table of tables) {
    const { rows } = rowsOf(table);
    using folder = new Folder();
    const from = folder.write("backup.sql", dump(table, [...rows, rows[0]!]));
    const key = `(${columnsOf(table)[0]})=(${rows[0]!.split("\t")[0]})`;
    await fails(
      { from },
      `Table ${table}: Key ${key} is duplicated`,
      /must be there and be unique/,
    );
  }
});

const BROKEN: Record<string, [Files, string | RegExp]> = {
  "a packed dump that is cut off": [
    { "x.sql.gz": PACKED.subarray(0, PACKED.length >> 1) },
    "The gzip data end too early",
  ],
  "a damaged packed dump": [
    { "x.sql.gz": PACKED.with(PACKED.length >> 1, PACKED[PACKED.length >> 1]! ^ 85) },
    "Damaged gzip data",
  ],
  "a dump that ends inside a row": [
    { "x.sql": TEXT.slice(0, TEXT.lastIndexOf("\n\\.\n") - 5) },
    /ends in the middle of a row/,
  ],
  "a dump without its last table": [
    { "x.sql": TEXT.slice(0, TEXT.lastIndexOf("\nCOPY ")) },
    /No COPY block of 1 table/,
  ],
  "an unknown column": [
    { "x.sql": TEXT.replace(/^(COPY \w+\.personas .*) age,/m, "$1 shoe_size,") },
    'Unknown column "shoe_size"',
  ],
  "a value too many": [
    { "x.sql": dump("questionnaire", rowsOf("questionnaire").rows.map((row) => row + "\tx")) },
    "Found 9 values, expected 8",
  ],
  "inserts": [
    { "x.sql": "INSERT INTO personas (id) VALUES (1);\n" },
    "No COPY block, but 1 INSERT",
  ],
  "an archive in custom format": [{ "x.sql": "PGDMP\x01\x0f" }, "A pg_dump archive in custom"],
  "bytes that are not UTF-8": [
    { "x.sql": Buffer.from(dump("alembic_version", ["\xff"]), "latin1") },
    "Bytes that are not UTF-8",
  ],
  "an empty file": [{ "x.sql": "" }, "The file is empty"],
  "a CSV file that is missing": [{ "personas.csv": "id\n" }, "No CSV file of 7 tables"],
  "nothing of the study": [{ "readme.txt": "x" }, "No data of the study"],
};

for (const [what, [files, says]] of Object.entries(BROKEN)) {
  Deno.test(`the database is as it was after ${what}`, async () => {
    using folder = new Folder(files);
    assert.ok(await fails({ from: folder.path }, says) instanceof SourceError);
  });
}

Deno.test("the database is as it was when there is no such file", async () => {
  await fails({ from: "/nowhere/at/all" }, "No such file or folder");
});

const STEPS = [
  "CREATE SCHEMA",
  "CREATE TABLE",
  "ALTER TABLE",
  "CREATE INDEX",
  "CREATE MATERIALIZED VIEW",
  "CREATE TRIGGER",
  "ALTER SCHEMA",
];

for (const step of STEPS) {
  Deno.test(`the database is as it was when the server fails at ${step}`, async () => {
    await restored("kept", DUMP);
    await using _failing = await failing(step);
    await assertFault();
  });
}

async function assertFault(): Promise<void> {
  const before = await state();
  const error = await restore(KEPT).then(() => null, (error) => error);
  assert.match(`${error?.message} ${error?.cause?.message}`, /made to fail/);
  assert.deepEqual(await state(), before);
}

const stopped = { message: "Stopped: the database is as it was before" };
const readable = () =>
  as("reader", async (sql) => {
    const [row] = await sql`select count(*)::int as n from kept.experiments_evals`;
    assert.equal(row!.n, COUNTS.experiments_evals);
  });

for (const step of STEPS.slice(0, -1)) {
  Deno.test(`stopped at ${step}, the database is as it was, and was readable all the time`, async () => {
    await restored("kept", DUMP);
    const before = await state();
    const controller = new AbortController();
    {
      await using held = await Held.made(step);
      const restoring = restore({ ...KEPT, signal: controller.signal });
      const end = assert.rejects(restoring, stopped);
      await held.waiting();
      await readable();
      controller.abort();
      await readable();
      await held.let();
      await end;
    }
    assert.deepEqual(await state(), before);
  });
}

Deno.test("stopped before it begins or between tables, the database is as it was", async () => {
  const controller = new AbortController();
  controller.abort();
  await fails({ signal: controller.signal }, stopped.message);
  for (const table of ["eval_questionnaires", "questionnaire"]) {
    const controller = new AbortController();
    const onProgress = (progress: { table: string }) => {
      if (progress.table === table) controller.abort();
    };
    await fails({ signal: controller.signal, onProgress }, stopped.message);
  }
  await succeeds();
});

Deno.test("stopped while it takes the place of the old data, it is complete", async () => {
  await restored("kept", DUMP);
  const before = await state(), values = await kept();
  const controller = new AbortController();
  await using held = await Held.made("ALTER SCHEMA");
  const restoring = restore({ ...KEPT, signal: controller.signal });
  await held.waiting();
  controller.abort();
  await held.let();
  assert.equal((await restoring).schema, "kept");
  const after = await state();
  assert.notDeepEqual(after[2], before[2]);
  assert.deepEqual([after[0], await kept()], [before[0], values]);
});

/** Waits until rows of the reconstruction's personas come in. */
const rowsComeIn = (sql: Sql) =>
  until("rows under way", async () => {
    const [row] = await sql`
      select from pg_stat_progress_copy c join pg_class t on t.oid = c.relid
      where t.relname = 'personas' and c.tuples_processed > 0`;
    return row !== undefined;
  });

/** A restore of the reconstruction over `kept` as a command, once its rows come in. */
async function underWay(): Promise<Deno.ChildProcess> {
  await restored("kept", DUMP);
  const args = ["run", "-A", "scripts/restore.ts", "--schema", "kept", "--force"];
  const child = spawned(args, {}, true);
  await as("owner", rowsComeIn);
  return child;
}

Deno.test("Ctrl-C ends the command with 130 and what to type next, and the database is as it was", async () => {
  await restored("kept", DUMP);
  const before = await state();
  const child = await underWay();
  Deno.kill(-child.pid, "SIGINT");
  const { code, out, err } = await ended(child);
  const said = `${stopped.message}\nGo on: deno task restore --schema kept --force\n`;
  assert.deepEqual({ code, out, err }, { code: 130, out: "", err: said });
  assert.deepEqual(await state(), before);
});

Deno.test("a restore that was killed changes nothing; the next one clears up behind it", async () => {
  await restored("kept", DUMP);
  const before = await state(), values = await kept();
  const child = await underWay();
  Deno.kill(-child.pid, "SIGKILL");
  await ended(child);
  await readable();
  const there = () =>
    as("owner", (sql) => sql`select from pg_namespace where nspname = 'kept_restoring'`);
  assert.equal((await there()).length, 1);
  await succeeds();
  assert.equal((await there()).length, 0);
  const after = await state();
  assert.deepEqual([after[0], await kept()], [before[0], values]);
});

Deno.test("of two restores into one schema the second is refused; into two schemas both work", async () => {
  await restored("kept", DUMP);
  await using held = await Held.made("CREATE MATERIALIZED VIEW");
  const first = restore(KEPT);
  await held.waiting();
  await assert.rejects(() => restore(KEPT), {
    message: "Another restore into schema kept is running",
  });
  const args = ["--schema", "kept", "--force", "--from", DUMP];
  const { code, err } = await script("restore", args);
  assert.deepEqual([code, err], [1, "Another restore into schema kept is running\n"]);
  const other = restore({ ...KEPT, schema: "select" }); // a word of SQL's own
  await held.let();
  await Promise.all([first, other]);
  const [one, two] = await as("owner", async (sql) => [
    await contents(sql, "kept"),
    await contents(sql, "select"),
  ]);
  assert.deepEqual(one, two);
  await (await openDataset({ schema: "select" })).close();
});

Deno.test("a schema that holds anything is replaced with force only", async () => {
  await fails({ force: false }, /^Schema kept is not empty: it holds \d+ tables .*: add --force/);
  const objects = [
    "create table occupied.mine (x int)",
    "create view occupied.mine as select 1 as x",
    "create sequence occupied.mine",
    "create function occupied.mine() returns int language sql return 1",
    "create type occupied.mine as enum ('a')",
  ];
  for (const statement of objects) {
    await as(
      "owner",
      (sql) =>
        sql.unsafe(`drop schema if exists occupied cascade; create schema occupied; ${statement}`),
    );
    const force = { schema: "occupied", from: DUMP };
    await assert.rejects(() => restore(force), /occupied is not empty: .*mine/, statement);
  }
  await restore({ schema: "occupied", from: DUMP, force: true });
  await as("owner", (sql) => sql`drop schema occupied cascade`);
  await as("owner", (sql) => sql`create schema occupied`);
  await restore({ schema: "occupied", from: DUMP });
});

Deno.test("a schema that holds a study is never replaced, nor the one of STUDY_SCHEMA", async () => {
  await migrate("held_study", "study");
  const says = /holds a study, which a restore never replaces/;
  for (const force of [false, true]) await fails({ schema: "held_study", force }, says);
  await fails({ schema: "study" }, /Schema study is for own work \(STUDY_SCHEMA\)/);
  await fails({ schema: "x_restoring" }, /names that end in _restoring/);
});

Deno.test("a study that began while a restore ran is not replaced by it", async () => {
  await using held = await Held.made("CREATE MATERIALIZED VIEW");
  const restoring = restore({ schema: "begun", from: DUMP, force: true });
  const end = assert.rejects(restoring, /Schema begun holds a study/);
  await held.waiting();
  await as(
    "owner",
    (sql) => sql.unsafe("create schema begun; create table begun.work (x int)"),
  );
  await held.let();
  await end;
  await as("owner", async (sql) => {
    assert.equal((await sql`select * from begun.work`).length, 0);
    assert.equal((await sql`select from pg_namespace where nspname = 'begun_restoring'`).length, 0);
  });
});

Deno.test("views of other schemas are not dropped with the data that they read", async () => {
  await restored("kept", DUMP);
  await as(
    "owner",
    (sql) =>
      sql.unsafe("create schema mine; create view mine.ages as select age from kept.personas"),
  );
  await fails({}, "1 views read schema kept and would go with it (mine.ages): drop them first");
  await as("owner", (sql) => sql`drop schema mine cascade`);
  await succeeds();
});

Deno.test("answers whose columns are swapped are refused", async () => {
  const swapped = (columns: string) =>
    TEXT.replace(/^(COPY \w+\.eval_questionnaires) \(.*\)/m, `$1 (${columns})`);
  const none =
    /^Table eval_questionnaires: not one of its 26,088 answers .* the 840 admin.*swapped/;
  const outside =
    /^Table eval_questionnaires: [\d,]+ of [\d,]+ answers to \w+ are outside its range/;
  const cases: [string, RegExp][] = [
    ["experiment_id, id, question_number, answer", none],
    ["id, question_number, experiment_id, answer", none],
    ["id, answer, question_number, experiment_id", none],
    ["id, experiment_id, answer, question_number", outside],
  ];
  for (const [columns, says] of cases) {
    using folder = new Folder({ "x.sql": swapped(columns) });
    await fails({ from: folder.path }, says, "are columns swapped?: nothing was restored");
  }
  // Empty tables and a few answers outside their range are no swap.
  const list = rowsOf("experiments_list").rows, answers = rowsOf("eval_questionnaires").rows;
  const few = answers.map((row, i) =>
    i % 3 ? row : changed(row, "eval_questionnaires", "answer", "9")
  );
  const sound = [
    dump("eval_questionnaires", []),
    dump("experiments_list", []),
    dump("eval_questionnaires", few),
    dump("experiments_list", list.slice(0, 1)),
  ];
  for (const text of sound) {
    using folder = new Folder({ "x.sql": text });
    await succeeds({ from: folder.path });
  }
  await succeeds();
});

atNight("the reconstruction is known as such, also from a dump or CSV files of it", async () => {
  await restored("personality_trap");
  const study = await openDataset();
  assert.equal(study.provenance.source, "reconstruction");
  assert.equal(study.provenance.files.length, 5);
  await study.close();
  const [row] = await as("reader", (sql) =>
    sql<{ description: string }[]>`
    select description from personality_trap.experiments_groups limit 1`);
  // Its groups, as pg_dump and COPY … CSV would write them, among the tables of a smaller set.
  const { rows } = rowsOf("experiments_groups");
  const groups = rows.map((group) =>
    changed(group, "experiments_groups", "description", row!.description)
  );
  using folder = new Folder({ "sql/x.sql": dump("experiments_groups", groups) });
  const from = join(folder.path, "sql");
  assert.equal((await restore({ schema: "marked", from, force: true })).source, "reconstruction");
  const written = await as("reader", (sql) => sql`select * from marked.experiments_groups`);
  const cell = (value: unknown) => value === null ? "" : `"${String(value).replaceAll('"', '""')}"`;
  const lines = [Object.keys(written[0]!), ...written.map((row) => Object.values(row).map(cell))];
  for (const [name, bytes] of Object.entries(csvFiles("csv/"))) folder.write(name, bytes);
  folder.write("csv/experiments_groups.csv", lines.map((line) => line.join() + "\n").join(""));
  const csv = await restore({ schema: "marked", from: join(folder.path, "csv"), force: true });
  assert.equal(csv.source, "reconstruction");
});

Deno.test("the published dataset is known by all of its counts", async () => {
  const check = (found: number, published: number | null): Check => ({
    what: "",
    found,
    published,
    difference: published === null ? null : found - published,
  });
  assert.equal(identified(false, [check(5, 5), check(3, null)]), "zenodo");
  assert.equal(identified(false, [check(5, 5), check(6, 7)]), "other");
  assert.equal(identified(false, [check(3, null)]), "other");
  assert.equal(identified(true, [check(5, 5)]), "reconstruction");
  // What the reconstruction lacks by its README, and nothing else, differs.
  await restored("personality_trap");
  const checks = await as("reader", (sql) => verify(sql, "personality_trap"));
  const differing = checks.filter(({ difference }) => difference).map(({ what }) => what);
  assert.deepEqual(differing, [
    "Rows of eval_questionnaires",
    "Rows of questionnaire",
    "Rows of experiment_request_metadata",
  ]);
  assert.ok(checks.filter(({ difference }) => difference === 0).length >= 18);
});

Deno.test("status shows the source, the counts and by how much they differ", async () => {
  await restored("kept", DUMP);
  const { code, out, err } = await script("status", ["--schema", "kept"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, /^server {5}PostgreSQL 18\.\d+, read as persona_audit_reader$/m);
  assert.match(out, /^restored {3}\d{4}-\d\d-\d\d /m);
  assert.match(out, /^file {7}personas_database_backup\.sql\.gz: 248,182 bytes, SHA-256 26f408ff/m);
  assert.match(out, /^ {2}Rows of personas +1,460 {2}published 82,600, difference -81,140$/m);
  assert.match(out, /^ {2}Rows of questionnaire +752 {2}as published$/m);
  assert.match(out, /^ {2}Answers of an unknown administration \(left out\) +\d+$/m);
  assert.match(out, /\nData: personas_database_backup\.sql\.gz: not the published dataset\n$/);
});

Deno.test("status of a study shows its rows, beside no published ones", async () => {
  await migrate("held_study", "study");
  const { code, out, err } = await script("status", ["--schema", "held_study"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, /^ {2}Rows of personas_written +0$/m);
  assert.match(out, /\nData: own study, not the published dataset\n$/);
  assert.doesNotMatch(out, /published \d|kysely/);
});

Deno.test("a server that is killed during a restore comes up with the data from before", async () => {
  const home = Deno.makeTempDirSync({ prefix: "persona-audit-home-" });
  const env = { DATA_DIR: home };
  try {
    assert.equal((await script("restore", ["--from", DUMP], env)).code, 0);
    const code = `import { connect } from "lib/db.ts"; const sql = await connect("reader");
      const rows = await sql\`select md5(string_agg(t::text, '' order by t::text))
        from personality_trap.experiments_evals t\`; console.log(rows[0].md5); await sql.end();`;
    const sum = (await evaluated(code, env)).out;
    assert.match(sum, /^[0-9a-f]{32}\n$/);
    const sql = client(await start(home), {}, 1);
    const child = spawned(["run", "-A", "scripts/restore.ts", "--force"], env);
    await rowsComeIn(sql);
    const pid = Deno.readTextFileSync(join(home, "postgres", "postmaster.pid")).split("\n")[0];
    Deno.kill(Number(pid), "SIGKILL");
    await sql.end({ timeout: 0 });
    const { code: status, err } = await ended(child);
    assert.equal(status, 1);
    assert.match(
      err,
      /^The connection to PostgreSQL was lost \(.*\): .*: nothing was restored\n.*: run this again; .*\n$/,
    );
    assert.equal((await evaluated(code, env)).out, sum);
    assert.equal((await script("restore", ["--from", DUMP, "--force"], env)).code, 0);
    assert.equal((await evaluated(code, env)).out, sum);
  } finally {
    await script("db", ["stop"], env);
    await Deno.remove(home, { recursive: true });
  }
});
