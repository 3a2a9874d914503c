/**
 * The readers of a restore, on the small public database and on what may happen to its files.
 *
 * The dump was written by pg_dump 15.18 and the CSV files by PostgreSQL's COPY … CSV HEADER, so each
 * is the reference for the reader of the other.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "zip";
import { seeded } from "lib/random.ts";
import { TABLES } from "lib/paper/restore/schema.ts";
import { read as statement } from "lib/paper/restore/sql.ts";
import { open, type Source, SourceError } from "lib/paper/restore/source.ts";

const SMALL = new URL("./fixtures/small-public/", import.meta.url);
const PACKED = Deno.readFileSync(new URL("sql/personas_database_backup.sql.gz", SMALL));
const DUMP = gunzipSync(PACKED).toString();
const CSV = new Map(
  Object.keys(TABLES).map((
    table,
  ) => [`${table}.csv`, Deno.readTextFileSync(new URL(`csv/${table}.csv`, SMALL))]),
);

type Bytes = string | Uint8Array;
type Rows = (string | null)[][];

/** A folder of files, gone when the test ends. */
async function inFolder<T>(files: Record<string, Bytes>, act: (dir: string) => Promise<T>) {
  const dir = await Deno.makeTempDir();
  try {
    for (const [path, bytes] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/${path.split("/").slice(0, -1).join("/")}`, { recursive: true });
      await Deno.writeFile(`${dir}/${path}`, Buffer.from(bytes as string));
    }
    return await act(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** COPY text of each table, checked to come in whole rows, and the source when it was read. */
async function read(path?: string): Promise<{ text: Map<string, string>; source: Source }> {
  const source = await open(path);
  const text = new Map<string, string>();
  for await (const { table, columns, rows } of source.blocks()) {
    const pieces: Uint8Array[] = [];
    for await (const piece of rows) {
      assert.equal(piece.at(-1), 10, `${table}: a piece that does not end with a row`);
      assert.ok(piece.length <= 1 << 20, `${table}: a piece of ${piece.length} bytes`);
      pieces.push(piece);
    }
    assert.ok(!text.has(table));
    assert.deepEqual(columns.toSorted(), Object.keys(TABLES[table]!.columns).toSorted());
    text.set(table, Buffer.concat(pieces).toString());
  }
  return { text, source };
}

const LETTERS: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Values as PostgreSQL documents its COPY text format. */
const values = (text: string): Rows =>
  text.split("\n").slice(0, -1).map((row) =>
    row.split("\t").map((value) =>
      value === "\\N" ? null : value.replace(/\\([^])/g, (_, c: string) => LETTERS[c] ?? c)
    )
  );

const sorted = (rows: Rows): Rows => rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));

/** What each table of the small database holds, as PostgreSQL wrote it into its dump. */
const SOUND = new Map(
  [...DUMP.matchAll(/^COPY personality_trap\.(\w+) .* FROM stdin;\n([^]*?)^\\\.\n/gm)]
    .map(([, table, rows]) => [table!, rows!]),
);

/** Asserts the sound rows, in any order, but for the tables that are given. */
function same(text: Map<string, string>, except: Record<string, string | undefined> = {}) {
  const lines = (rows?: string) => rows?.split("\n").toSorted().join("\n");
  for (const table of new Set([...SOUND.keys(), ...text.keys()])) {
    const expected = table in except ? except[table] : SOUND.get(table);
    assert.ok(lines(text.get(table)) === lines(expected), `${table} differs`);
  }
}

async function fails(path: string | undefined, ...patterns: (string | RegExp)[]): Promise<void> {
  const error = await read(path).then(() => null, (error) => error);
  assert.ok(error instanceof SourceError, `expected a SourceError, got ${error}`);
  for (const pattern of patterns) {
    const found = typeof pattern === "string"
      ? error.message.includes(pattern)
      : pattern.test(error.message);
    assert.ok(found, `"${error.message}" does not match ${pattern}`);
  }
  assert.match(error.message, /^[A-Z]/);
  assert.doesNotMatch(error.message, /[.\n]$|undefined|NaN/);
}

/** Line (1-based) of the first occurrence. */
const lineOf = (text: string, part: string): number => {
  assert.ok(text.includes(part), part);
  return text.slice(0, text.indexOf(part)).split("\n").length;
};

const replace = (text: string, from: string, to: string): string => {
  assert.ok(text.includes(from), from);
  return text.replace(from, () => to);
};

const head = (table: string): string => DUMP.match(new RegExp(`^COPY .*\\.${table} .*\n`, "m"))![0];
const block = (table: string): string => `${head(table)}${SOUND.get(table)}\\.\n`;
const PERSONA = SOUND.get("personas")!.split("\n")[6]!;
const PERSONA_LINE = lineOf(DUMP, head("personas")) + 7;
const LAST = "\n--\n-- PostgreSQL database dump complete";

Deno.test("the dump gives the rows that table_counts.txt counts", async () => {
  const { text, source } = await read(new URL("sql", SMALL).pathname);
  assert.equal(source.kind, "dump");
  const counts = Deno.readTextFileSync(new URL("table_counts.txt", SMALL)).trim().split("\n")
    .map((line) => line.split(" "))
    .filter(([table]) => table !== "experiments_evals"); // a view
  assert.deepEqual(
    Object.fromEntries([...text].map(([table, rows]) => [table, values(rows).length])),
    Object.fromEntries(counts.map(([table, n]) => [table, Number(n)])),
  );
  same(text);
});

Deno.test("the CSV files give the same rows as the dump", async () => {
  const { text, source } = await read(new URL("csv", SMALL).pathname);
  assert.equal(source.kind, "csv");
  assert.deepEqual(new Set(text.keys()), new Set(SOUND.keys()));
  for (const [table, rows] of SOUND) {
    assert.deepEqual(sorted(values(text.get(table)!)), sorted(values(rows)), table);
  }
});

Deno.test("where() leads to the line of a row, also behind rows of several lines", async () => {
  const places: Record<string, string[]> = {};
  for (const path of ["sql", "csv"]) {
    const source = await open(new URL(path, SMALL).pathname);
    for await (const { table, rows, where } of source.blocks()) {
      for await (const _ of rows);
      if (table === "personas") places[path] = [where(1), where(1460)];
    }
  }
  // grep -n '^1460' on the unpacked dump; Python's csv.reader(...).line_num on personas.csv.
  assert.deepEqual(places, {
    sql: [
      "personas_database_backup.sql.gz line 28456",
      "personas_database_backup.sql.gz line 29915",
    ],
    csv: ["personas.csv line 2", "personas.csv line 1510"],
  });
});

Deno.test("files() gives the sum of each file as it lies on disk; bytes() counts unpacked ones", async () => {
  const { source } = await read(new URL("sql/personas_database_backup.sql.gz", SMALL).pathname);
  const sum = Buffer.from(await crypto.subtle.digest("SHA-256", PACKED)).toString("hex");
  const path = "personas_database_backup.sql.gz";
  assert.deepEqual(source.files(), [{ path, bytes: PACKED.length, sha256: sum }]);
  assert.equal(source.bytes(), Buffer.from(DUMP).length);
});

Deno.test("blocks() starts again at each call", async () => {
  const source = await open(new URL("csv", SMALL).pathname);
  for (let i = 0; i < 2; i++) {
    for await (const { rows } of source.blocks()) for await (const _ of rows);
    assert.equal(source.files().length, 9);
  }
});

Deno.test("an abort ends the reading with its reason", async () => {
  for (const path of [new URL("sql", SMALL).pathname, new URL("csv", SMALL).pathname, undefined]) {
    const source = await open(path);
    const stop = new AbortController();
    const reason = new Error("enough");
    const reading = async () => {
      for await (const { rows } of source.blocks(stop.signal)) {
        stop.abort(reason);
        for await (const _ of rows);
      }
    };
    await assert.rejects(reading, (error) => error === reason);
  }
});

Deno.test("leaving the blocks early closes the file; leaving rows unread is an error", async () => {
  for (const path of ["sql", "csv"]) {
    const source = await open(new URL(path, SMALL).pathname);
    for await (const _ of source.blocks()) break;
    const blocks = source.blocks()[Symbol.asyncIterator]();
    await blocks.next();
    await assert.rejects(() => blocks.next(), /not read to their end/);
  }
});

/** Changed dumps that still say everything, and what differs from the sound one. */
const READABLE: Record<string, {
  dump: Bytes;
  name?: string;
  except?: Record<string, string | undefined>;
  skipped?: RegExp[];
}> = {
  "plain text named .sql.gz": { dump: DUMP, name: "backup.sql.gz" },
  "gzip named .sql": { dump: PACKED },
  "several gzip members": {
    dump: Buffer.concat([gzipSync(DUMP.slice(0, 9999)), gzipSync(DUMP.slice(9999))]),
  },
  "a byte order mark": { dump: "\uFEFF" + DUMP },
  "CR LF line ends": { dump: DUMP.replaceAll("\n", "\r\n") },
  "CR LF line ends, packed": { dump: gzipSync(DUMP.replaceAll("\n", "\r\n")) },
  "columns in another order": {
    dump: replace(
      DUMP,
      block("eval_questionnaires"),
      "COPY personality_trap.eval_questionnaires (answer, id, question_number, experiment_id) FROM stdin;\n" +
        "1\t7\t3\t96033\n\\.\n",
    ),
    except: { eval_questionnaires: "1\t7\t3\t96033\n" },
  },
  "hostile statements between the blocks": {
    dump: replace(
      DUMP,
      head("personas"),
      "DROP TABLE personality_trap.personas CASCADE;\n\\! echo don't\n\\connect other\n" +
        "INSERT INTO personality_trap.personas (id) VALUES (9), (10);\nDELETE FROM x\n;\n" +
        head("personas"),
    ),
    skipped: [
      /1 INSERT statement into personas \(first in line 28458\): only COPY blocks are read/,
    ],
  },
  "COPY text inside constants, bodies, comments and names": {
    dump: replace(
      DUMP,
      head("personas"),
      [
        "SELECT 'it''s",
        head("personas") + "1\n\\.",
        "', E'\\'",
        head("personas") + "';",
        "DO $body$ BEGIN -- $other$",
        head("personas") + "$body$;",
        "/* one /* two */",
        head("personas") + "*/",
        'COMMENT ON TABLE "a;',
        head("personas") + '" IS $$',
        head("personas") + "$$;",
        "-- " + head("personas") + head("personas"),
      ].join("\n"),
    ),
  },
  "quoted names, another schema, lower case, over several lines": {
    dump: replace(
      DUMP,
      head("alembic_version"),
      'copy "my ""odd"" (schema"."alembic_version"\n  ("version_num") -- here\n from stdin ;\n',
    ),
  },
  "a line `\\.` as text": {
    dump: replace(DUMP, "001_initial_schema\n", "\\\\.\n\\\\N\n\\N\n"),
    except: { alembic_version: "\\\\.\n\\\\N\n\\N\n" },
  },
  "a name of 300 characters": {
    dump: replace(
      DUMP,
      PERSONA,
      PERSONA.replace(/^((?:[^\t]*\t){4})[^\t]*/, `$1${"é".repeat(300)}`),
    ),
    except: {
      personas: SOUND.get("personas")!.replace(
        PERSONA,
        () => PERSONA.replace(/^((?:[^\t]*\t){4})[^\t]*/, `$1${"é".repeat(300)}`),
      ),
    },
  },
  "a table that is not the study's": {
    dump: replace(
      DUMP,
      LAST,
      "COPY public.constructor (a, b) FROM stdin;\n1\n2\t\\.x\t3\nend\n\\.\n" +
        'COPY "odd""one" FROM stdin;\n\\.\n' + LAST,
    ),
    skipped: [
      /^table public\.constructor \(3 rows\): not part of the study$/,
      /^table odd"one \(0 rows\): not part of the study$/,
    ],
  },
  "no alembic_version": {
    dump: replace(DUMP, block("alembic_version"), ""),
    except: { alembic_version: undefined },
  },
  "an empty table": {
    dump: replace(DUMP, SOUND.get("personas")!, ""),
    except: { personas: "" },
  },
  "an end right behind the last `\\.`": {
    dump: DUMP.slice(0, DUMP.indexOf(block("reference_questionnaires"))) +
      block("reference_questionnaires").slice(0, -1),
  },
  "an end in a statement behind the last table": {
    dump: replace(DUMP, LAST, "CREATE INDEX unfinished ON"),
    skipped: [/the file ends in the middle of a statement/],
  },
};

for (
  const [name, { dump, name: file = "backup.sql", except, skipped = [] }] of Object.entries(
    READABLE,
  )
) {
  Deno.test(`a dump with ${name} is read`, async () => {
    await inFolder({ [file]: dump }, async (dir) => {
      const { text, source } = await read(`${dir}/${file}`);
      same(text, except);
      assert.equal(source.skipped().length, skipped.length, source.skipped().join());
      skipped.forEach((pattern, i) => assert.match(source.skipped()[i]!, pattern));
    });
  });
}

Deno.test("a row longer than a piece comes whole", async () => {
  const long = `${"x".repeat(3_000_000)}\\\\.\\n${"é".repeat(10)}`;
  const dump = replace(DUMP, "001_initial_schema\n", `a\n${long}\nb\n`);
  await inFolder({ "x.sql": dump }, async (dir) => {
    for await (const { table, rows } of (await open(`${dir}/x.sql`)).blocks()) {
      const pieces = await Array.fromAsync(rows);
      if (table !== "alembic_version") continue;
      assert.equal(Buffer.concat(pieces).toString(), `a\n${long}\nb\n`);
    }
  });
});

Deno.test("a row without end is refused before it fills the memory", async () => {
  // Packed as a table may be, not 200 times: some of it is drawn.
  const drawn = seeded("endless");
  const letters = Array.from({ length: 1 << 14 }, () => drawn.int(36).toString(36)).join("");
  const endless = new Array(140).fill(gzipSync(letters + "x".repeat((1 << 20) - letters.length)));
  const dump = Buffer.concat([gzipSync(DUMP.slice(0, DUMP.indexOf(PERSONA))), ...endless]);
  const begun = `${PERSONAS.split("\n", 2).join("\n")}\n"`;
  const personas = Buffer.concat([gzipSync(begun), ...endless]);
  await inFolder({ "x.sql": dump, ...files({ "personas.csv": personas }) }, async (dir) => {
    await fails(`${dir}/x.sql`, /A row of more than 64 MiB: x\.sql after line \d+, table personas/);
    await Deno.remove(`${dir}/x.sql`);
    await fails(dir, /A row of more than 64 MiB, or a quote without end: personas\.csv line 3/);
  });
});

const at = (line: number, table: string) => `backup.sql line ${line}, table ${table}`;
const encode = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) => Buffer.from(text, "utf16le");
const flipped = (bytes: Uint8Array, i: number) =>
  bytes.map((byte, j) => j === i ? byte ^ 0x55 : byte);
const inRow = (change: (row: string) => string) => replace(DUMP, PERSONA, change(PERSONA));
const inHead = (change: (head: string) => string, table = "personas") =>
  replace(DUMP, head(table), change(head(table)));
const middle = PACKED.length >> 1;

/** Broken dumps, and what the message must say. */
const BROKEN: Record<string, [dump: Bytes, ...patterns: (string | RegExp)[]]> = {
  "gzip cut off in its header": [
    PACKED.subarray(0, 7),
    /gzip data end too early: backup\.sql near byte 7/,
    "download it again",
  ],
  "gzip cut off in the middle": [
    PACKED.subarray(0, middle),
    `The gzip data end too early: backup.sql near byte ${middle}, after line`,
    /table \w+: .*download it again/,
  ],
  "gzip cut off in its check sum": [
    PACKED.subarray(0, -5),
    `The gzip data end too early: backup.sql near byte ${PACKED.length - 5}`,
  ],
  "a second gzip member cut off": [
    Buffer.concat([PACKED, gzipSync("-- more").subarray(0, 12)]),
    "The gzip data end too early",
  ],
  "damaged gzip": [
    flipped(PACKED, middle),
    /Damaged gzip data \(.+\): backup\.sql near byte \d+/,
    "download it again",
  ],
  "a wrong gzip check sum": [
    flipped(PACKED, PACKED.length - 6),
    "Damaged gzip data (incorrect data check): backup.sql near byte",
  ],
  "text behind gzip": [Buffer.concat([PACKED, encode("no gzip")]), /Damaged gzip data/],
  "an end inside a row": [
    DUMP.slice(0, DUMP.indexOf(PERSONA) + 20),
    `The file ends in the middle of a row: ${at(PERSONA_LINE, "personas")}`,
  ],
  "an end between rows": [
    DUMP.slice(0, DUMP.indexOf(PERSONA)),
    "The file ends before the end of the table (a line `\\.`)",
    at(PERSONA_LINE - 1, "personas"),
  ],
  "an end in the head of a block": [
    DUMP.slice(0, DUMP.indexOf(head("personas")) + 50),
    "No COPY block of 4 tables (personas, reference_questionnaires, random_questionnaires, " +
    "questionnaire); the file ends in the middle of a statement: backup.sql lines 1–28455",
  ],
  "an end between blocks": [
    DUMP.slice(0, DUMP.indexOf(head("random_questionnaires"))),
    "No COPY block of 2 tables (reference_questionnaires, random_questionnaires): backup.sql",
  ],
  "an end before all blocks": [
    DUMP.slice(0, 5000),
    /No COPY block of 8 tables .*, or make a plain dump/,
  ],
  "an unknown column": [
    inHead((head) => head.replace("age,", "shoe_size,")),
    `Unknown column "shoe_size": ${
      at(PERSONA_LINE - 7, "personas")
    }: expected id, ref_personality_id,`,
  ],
  "a column that every object has": [
    inHead((head) => head.replace("age,", "constructor,")),
    'Unknown column "constructor"',
  ],
  "a missing column": [
    inHead((head) => head.replace("age, ", "").replace("race, ", "")),
    `Missing column "age", "race": ${at(PERSONA_LINE - 7, "personas")}`,
  ],
  "a repeated column": [
    inHead((head) => head.replace("age,", "name,")),
    `Column "name" stands twice: ${at(PERSONA_LINE - 7, "personas")}`,
  ],
  "no column names": [
    inHead((head) => head.replace(/\(.*\) /, "")),
    `COPY personality_trap.personas names no columns: backup.sql line ${PERSONA_LINE - 7}`,
  ],
  "options behind COPY": [
    inHead((head) => head.replace("stdin;", "stdin WITH (FORMAT csv);")),
    `COPY personality_trap.personas with options WITH (FORMAT csv): backup.sql line ${
      PERSONA_LINE - 7
    }`,
  ],
  "an unknown form of COPY": [
    inHead((head) => head.replace("COPY", "COPY BINARY")),
    `A COPY statement in an unknown form: backup.sql line ${PERSONA_LINE - 7}`,
  ],
  "too few values": [
    inRow((row) => row.slice(0, row.lastIndexOf("\t"))),
    `Found 25 values, expected 26: ${at(PERSONA_LINE, "personas")}`,
  ],
  "too many values": [
    inRow((row) => row + "\t1\t2"),
    `Found 28 values, expected 26: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a row in two lines": [
    inRow((row) => row.replace("\t", "\t\n")),
    `Found 2 values, expected 26: ${at(PERSONA_LINE, "personas")}`,
  ],
  "an empty line": [
    inRow((row) => row + "\n"),
    `Found 1 value, expected 26: ${at(PERSONA_LINE + 1, "personas")}`,
  ],
  "`\\.` inside a row": [
    inRow((row) => row.replace("\t", "\\.\t")),
    `A row with \`\\.\` inside: ${at(PERSONA_LINE, "personas")}`,
  ],
  "`\\.` at the end of a row": [
    inRow((row) => row + "\\."),
    `A row with \`\\.\` inside: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a row that ends in a backslash": [
    inRow((row) => row + "\\"),
    `A row that ends in a backslash: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a carriage return inside a row": [
    inRow((row) => row.replace("\t", "\r\t")),
    `A carriage return inside a row: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a NUL byte in a row": [
    inRow((row) => row.replace("\t", "\0\t")),
    `A NUL byte: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a NUL byte behind a backslash": [
    inRow((row) => row.replace("\t", "\\\0\t")),
    `A NUL byte: ${at(PERSONA_LINE, "personas")}`,
  ],
  "a NUL byte in a statement": [
    inHead((head) => "\0" + head),
    `A NUL byte: backup.sql line ${PERSONA_LINE - 7}`,
  ],
  "UTF-16 with its mark": [utf16("\uFEFF" + DUMP), "The file is UTF-16: backup.sql byte 1"],
  "UTF-16 without its mark": [utf16(DUMP), /A NUL byte: backup\.sql line 1: .*UTF-16/],
  "a byte of Latin 1": [
    Buffer.concat([
      encode(DUMP.slice(0, DUMP.indexOf(PERSONA) + 30)),
      Uint8Array.of(0xe9),
      encode(DUMP.slice(DUMP.indexOf(PERSONA) + 30)),
    ]),
    `Bytes that are not UTF-8: ${at(PERSONA_LINE, "personas")}: make the dump with`,
  ],
  "all of it in Latin 1": [
    Buffer.from(DUMP, "latin1"),
    /Bytes that are not UTF-8: backup\.sql line \d+, table experiment_request_metadata/,
  ],
  "a missing table": [
    replace(DUMP, block("experiments_list"), ""),
    "No COPY block of 1 table (experiments_list): backup.sql lines 1–",
  ],
  "INSERT for one table": [
    replace(DUMP, block("questionnaire"), 'insert into "questionnaire" values (1);\n'.repeat(3)),
    /No COPY block of 1 table \(questionnaire\); 3 INSERT statements into questionnaire \(first in line \d+\)/,
  ],
  "INSERT for all tables": [
    [...SOUND.keys()].map((table) => `INSERT INTO personality_trap.${table} VALUES ('COPY');\n`)
      .join(""),
    "No COPY block, but 1 INSERT statement into alembic_version (first in line 1), ",
    "without --inserts",
  ],
  "a text without end": [
    inHead((head) => "COMMENT ON SCHEMA x IS 'never closed;\n" + head.replaceAll("'", "")),
    /No COPY block of \d tables .*the file ends inside the text quoted by ' of line \d+/,
  ],
  "the custom format": [
    "PGDMP\x01\x0e\0",
    "A pg_dump archive in custom format: backup.sql byte 1",
    "`pg_restore --file=plain.sql backup.sql`",
  ],
  "the tar format": ["toc.dat\0\0\0", "A pg_dump archive in tar format"],
  "nothing": ["", "The file is empty: backup.sql"],
  "nothing but a byte order mark": ["\uFEFF", "The file is empty: backup.sql"],
  "nothing in gzip": [gzipSync(""), "The file is empty: backup.sql"],
  "no SQL at all": ["Dear reader,\nthis is a letter.\n", "No COPY block"],
  "a table twice": [
    replace(DUMP, LAST, block("alembic_version") + LAST),
    /Table alembic_version stands twice, now as personality_trap\.alembic_version: backup\.sql line \d+/,
    "the other is personality_trap.alembic_version, line 565",
  ],
  "a table in two schemas": [
    replace(DUMP, LAST, block("personas").replace("personality_trap", "test") + LAST),
    /Table personas stands twice, now as test\.personas: .*personality_trap\.personas, line 28455/,
  ],
};

for (const [name, [dump, ...patterns]] of Object.entries(BROKEN)) {
  Deno.test(`a dump with ${name} is refused`, async () => {
    await inFolder({ "backup.sql": dump }, (dir) => fails(`${dir}/backup.sql`, ...patterns));
  });
}

const files = (changes: Record<string, Bytes> = {}): Record<string, Bytes> => ({
  ...Object.fromEntries(CSV),
  ...changes,
});
const PERSONAS = CSV.get("personas.csv")!;
const ANSWERS = CSV.get("eval_questionnaires.csv")!;
const [COLUMNS] = PERSONAS.split("\n", 1) as [string];
const persona = (values: Record<string, string>) =>
  COLUMNS.split(",").map((column) => values[column] ?? "").join(",");
const copied = (values: Record<string, string>) =>
  COLUMNS.split(",").map((column) => values[column] ?? "\\N").join("\t") + "\n";

/** Changed CSV files that still say everything. */
const READABLE_CSV: Record<string, {
  changes: Record<string, Bytes>;
  except?: Record<string, string>;
  skipped?: string[];
}> = {
  "another order of columns": {
    changes: {
      "eval_questionnaires.csv": "answer,id,question_number,experiment_id\n1,7,3,96033\n",
    },
    except: { eval_questionnaires: "1\t7\t3\t96033\n" },
  },
  "quoted names": {
    changes: { "eval_questionnaires.csv": ANSWERS.replace("id,", '"id",') },
  },
  "CR LF line ends": {
    changes: { "eval_questionnaires.csv": ANSWERS.replaceAll("\n", "\r\n") },
  },
  "a byte order mark": { changes: { "personas.csv": "\uFEFF" + PERSONAS } },
  "no last line feed": { changes: { "personas.csv": PERSONAS.slice(0, -1) } },
  "no last line feed behind an empty value": {
    changes: { "eval_questionnaires.csv": "id,experiment_id,question_number,answer\n1,2,3," },
    except: { eval_questionnaires: "1\t2\t3\t\\N\n" },
  },
  "a header only": {
    changes: { "personas.csv": COLUMNS + "\n" },
    except: { personas: "" },
  },
  "a header only, without line feed": {
    changes: { "personas.csv": COLUMNS },
    except: { personas: "" },
  },
  "gzip under the plain name": { changes: { "personas.csv": gzipSync(PERSONAS) } },
  // Both forms follow PostgreSQL's manual, COPY, "File Formats".
  "all that needs escaping": {
    changes: {
      "personas.csv": [
        COLUMNS,
        persona({ id: "1", name: '""', description: '"\n\\.\n"', race: '"a\tb\\N\r\nc\r😀"' }),
        persona({ id: "2", name: "\\N", description: '"""COPY"" x, y"', race: "tab\there" }),
        persona({ id: "3", name: "\\.", description: '"\\\\.\\n\v\b"', race: "é ' $$" }),
      ].join("\n"),
    },
    except: {
      personas: copied({
        id: "1",
        name: "",
        description: "\\n\\\\.\\n",
        race: "a\\tb\\\\N\\r\\nc\\r😀",
      }) + copied({ id: "2", name: "\\\\N", description: '"COPY" x, y', race: "tab\\there" }) +
        copied({ id: "3", name: "\\\\.", description: "\\\\\\\\.\\\\n\v\b", race: "é ' $$" }),
    },
  },
  "whole numbers written as decimals": {
    changes: {
      "personas.csv": [
        COLUMNS,
        persona({ id: "1", age: "61.0", repetitions: '"-7.00"', description: "61.0" }),
        persona({ id: "2", age: "60", repetitions: "", description: "1.50" }),
        persona({ id: "3", age: "30.0", repetitions: "6.5", description: ".0" }),
      ].join("\n"),
    },
    except: {
      personas: copied({ id: "1", age: "61", repetitions: "-7", description: "61.0" }) +
        copied({ id: "2", age: "60", description: "1.50" }) +
        copied({ id: "3", age: "30", repetitions: "6.5", description: ".0" }),
    },
    skipped: [
      "personas.age: 2 whole numbers written as decimals",
      "personas.repetitions: 1 whole number written as decimals",
    ],
  },
  "booleans as Python writes them": {
    changes: {
      "reference_questionnaires.csv":
        "id,personality_id,question_number,question,category,key,answer\n1,1,1,x,N,True,false\n",
    },
    except: { reference_questionnaires: "1\t1\t1\tx\tN\tTrue\tfalse\n" },
  },
  "other files beside them": {
    changes: { "notes.txt": "x", "experiments_evals.csv": "a,b\n" },
    skipped: ["experiments_evals.csv, notes.txt: not part of the study"],
  },
};

for (const [name, { changes, except, skipped = [] }] of Object.entries(READABLE_CSV)) {
  Deno.test(`CSV files with ${name} are read`, async () => {
    await inFolder(files(changes), async (dir) => {
      const { text, source } = await read(dir);
      same(text, except);
      assert.deepEqual(source.skipped(), skipped);
    });
  });
}

Deno.test("CSV files named .csv.gz are read", async () => {
  const packed = Object.fromEntries([...CSV].map(([name, text]) => [`${name}.gz`, gzipSync(text)]));
  await inFolder(packed, async (dir) => {
    const { text, source } = await read(dir);
    same(text);
    assert.equal(source.files()[0]!.path, "personas.csv.gz");
  });
});

const inCsv = (from: string | RegExp, to: string): Bytes => {
  const changed = PERSONAS.replace(from, to);
  assert.notEqual(changed, PERSONAS);
  return changed;
};
const three = (row: string, end = "\n") => `${COLUMNS}\n${persona({ id: "1" })}\n${row}${end}`;
const line = (n: number) => `personas.csv line ${n}, table personas`;

/** Broken files in the place of personas.csv. */
const BROKEN_CSV: Record<string, [csv: Bytes, ...patterns: (string | RegExp)[]]> = {
  "an unknown column": [
    inCsv(",age,", ",shoe,"),
    `Unknown column "shoe": ${line(1)}: expected id, `,
  ],
  "a column without a name": [inCsv(/^/, ","), `Unknown column without a name: ${line(1)}`],
  "a last column without a name": [inCsv("\n", ",\n"), `Unknown column without a name: ${line(1)}`],
  "a missing column": [inCsv(",age,", ","), `Missing column "age": ${line(1)}`],
  "a repeated column": [inCsv(",age,", ",name,"), `Column "name" stands twice: ${line(1)}`],
  "semicolons": [PERSONAS.replaceAll(",", ";"), `Unknown column "id;ref_personality_id;`],
  "too few values": [three("1,2,3"), `Found 3 values, expected 26: ${line(3)}`],
  "too many values": [
    three(persona({ id: "2", description: '"a\nb"' }) + ",9"),
    `Found 27 values, expected 26: ${line(3)}`,
  ],
  "an empty line": [three(""), `Found an empty line, expected 26: ${line(3)}`],
  "a text behind a closing quote": [
    three(persona({ name: '"a\nb"c' })),
    `Text after a closing quote: ${line(4)}`,
  ],
  "a quote inside an unquoted value": [
    three(persona({ name: 'a"b' })),
    `A quote inside an unquoted value: ${line(3)}`,
  ],
  "a quote without end": [
    three(persona({ name: '"a', description: '"b"' })),
    `Text after a closing quote: ${line(3)}`,
  ],
  "a last quote without end": [
    three(persona({ name: '"a\n\n' })),
    `A quoted text without end (the file ends in line 6): ${line(3)}`,
  ],
  "a NUL byte": [three(persona({ name: "a\0b" })), `A NUL byte: ${line(3)}`],
  "a NUL byte in quotes": [three(persona({ name: '"a\n\0b"' })), `A NUL byte: ${line(4)}`],
  "a NUL byte in the header": [inCsv("age", "a\0ge"), `A NUL byte: ${line(1)}`],
  "UTF-16 with its mark": [utf16("\uFEFF" + PERSONAS), "The file is UTF-16: personas.csv byte 1"],
  "UTF-16 without its mark": [utf16(PERSONAS), `A NUL byte: ${line(1)}`],
  "a byte of Latin 1": [
    Buffer.from(three(persona({ name: '"\\n\\\\\n\ncaf\xe9"' })), "latin1"),
    `Bytes that are not UTF-8: ${line(5)}: save the file as UTF-8`,
  ],
  "a carriage return alone": [
    three(persona({ name: "a\rb" })),
    `A carriage return without a line feed: ${line(3)}`,
  ],
  "carriage returns as line ends": [
    inCsv(/\n/g, "\r"),
    `A carriage return without a line feed: ${line(1)}`,
  ],
  "a last carriage return alone": [
    three(persona({ id: "2" }), "\r"),
    `A carriage return without a line feed: ${line(3)}`,
  ],
  "a header without end": ['"' + "x".repeat(400_000), `The header has no end: ${line(1)}`],
  "nothing": ["", "The file is empty: personas.csv"],
  "gzip cut off": [
    gzipSync(PERSONAS).subarray(0, 50_000),
    /The gzip data end too early: personas\.csv near byte 50000, after line \d+, table personas/,
  ],
};

for (const [name, [csv, ...patterns]] of Object.entries(BROKEN_CSV)) {
  Deno.test(`a CSV file with ${name} is refused`, async () => {
    await inFolder(files({ "personas.csv": csv }), (dir) => fails(dir, ...patterns));
  });
}

Deno.test("the study is found up to four levels down, and its dump comes first", async () => {
  const deep = Object.fromEntries(
    [...CSV].map(([name, text]) => [`a/dataset/20251008/csv/${name}`, text]),
  );
  await inFolder(deep, async (dir) => {
    same((await read(dir)).text);
    same((await read(`${dir}/a/dataset/`)).text);
    await Deno.mkdir(`${dir}/sql`);
    await Deno.writeFile(`${dir}/sql/x.sql.gz`, PACKED);
    await Deno.writeTextFile(`${dir}/sql/schema_export.sql`, "SELECT 1;");
    const { text, source } = await read(dir);
    same(text);
    assert.equal(source.kind, "dump");
    assert.deepEqual(source.skipped(), [
      "9 CSV files: the dump sql/x.sql.gz is read instead",
      "sql/schema_export.sql: not the dump",
    ]);
  });
});

Deno.test("what cannot be meant is refused, with what lies there", async () => {
  const accepted = "give the unpacked study, its sql/ or csv/ folder, its dump";
  await fails("no/such/place", "No such file or folder: no/such/place", accepted);
  const cases: [Record<string, Bytes>, string, ...(string | RegExp)[]][] = [
    [{ "x/.hidden": "" }, "", "No data of the study (no files at all)", accepted],
    [{ "a.txt": "", "b/c.md": "" }, "", "No data of the study (2 files: a.txt, b/c.md)"],
    [{ "study.zip": "" }, "", "(only study.zip: give that as PATH)"],
    [{ "toc.dat": "", "1.dat.gz": "" }, "", "a pg_dump archive in directory format", "pg_restore"],
    [{ "schema_export.sql": "", "create_x.sql": "" }, "", "No data of the study (2 files"],
    [{ "a.txt": "hello" }, "/a.txt", "A file of another type: ", accepted],
    [{ "a.zip": "hello" }, "/a.zip", "A file of another type: "],
    [{ "a.csv": "id\n" }, "/a.csv", "A file of another type: "],
    [
      { "1/a_backup.sql": "", "2/b_backup.sql.gz": "", "c.sql": "" },
      "",
      "2 possible dumps (1/a_backup.sql, 2/b_backup.sql.gz)",
      "give one of them as PATH",
    ],
    [{ "a.sql": "", "b.sql": "" }, "", "2 possible dumps (a.sql, b.sql)"],
    [{ "1/personas.csv": "", "2/personas.csv": "" }, "", "CSV files in 2 folders (1/, 2/)"],
    [
      files({ "personas.csv.gz": "" }),
      "",
      "Table personas stands twice (personas.csv, personas.csv.gz)",
    ],
    [
      { "personas.csv": "", "questionnaire.csv": "" },
      "",
      "No CSV file of 6 tables (reference_questionnaires, random_questionnaires, experiments_groups,",
    ],
  ];
  for (const [files, path, ...patterns] of cases) {
    await inFolder(files, (dir) => fails(dir + path, ...patterns));
  }
});

async function zip(files: Record<string, Bytes>, options = {}): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...options });
  for (const [path, bytes] of Object.entries(files)) {
    await writer.add(path, new Uint8ArrayReader(Buffer.from(bytes as string)));
  }
  return writer.close();
}

Deno.test("a zip of the folder, of the dump or of the CSV files is read in place", async () => {
  const csvs = Object.fromEntries([...CSV].map(([name, text]) => [`top/csv/${name}`, text]));
  const junk = { "__MACOSX/sql/._a_backup.sql.gz": "x", ".DS_Store": "x" };
  const zips: [Record<string, Bytes>, string, string][] = [
    [{ ...junk, "top/sql/a_backup.sql.gz": PACKED, ...csvs }, "dump", "top/sql/a_backup.sql.gz"],
    [{ "a.sql": DUMP }, "dump", "a.sql"],
    [{ ...junk, ...csvs }, "csv", "top/csv/personas.csv"],
  ];
  for (const [files, kind, first] of zips) {
    const bytes = await zip(files);
    await inFolder({ "study.zip": bytes }, async (dir) => {
      const { text, source } = await read(`${dir}/study.zip`);
      same(text);
      assert.equal(source.kind, kind);
      assert.deepEqual(
        source.files().slice(0, 2).map(({ path, bytes }) => [path, bytes]),
        [
          ["study.zip", bytes.length],
          [`study.zip/${first}`, Buffer.from(files[first] as string).length],
        ],
      );
      assert.deepEqual((await Array.fromAsync(Deno.readDir(dir))).length, 1);
    });
  }
});

Deno.test("a broken zip is refused", async () => {
  const stored = await zip({ "sql/a_backup.sql.gz": PACKED }, { level: 0 });
  const squeezed = await zip({ "a.sql": DUMP });
  const cases: [Uint8Array, ...(string | RegExp)[]][] = [
    [flipped(stored, 9), /study\.zip/],
    [
      flipped(stored, stored.length >> 1),
      /^Damaged (zip|gzip data) \(.+\): study\.zip\/sql\/a_backup\.sql\.gz.*download it again/,
    ],
    [
      flipped(await zip({ "a.sql": DUMP }, { level: 0 }), 600),
      /^Damaged zip \(.*CRC32\): study\.zip\/a\.sql: /,
    ],
    [flipped(squeezed, squeezed.length >> 1), /^Damaged zip \(.+\): study\.zip\/a\.sql: /],
    [
      stored.subarray(0, stored.length >> 1),
      /^Damaged zip \(.+\): study\.zip: .*download it again/,
    ],
    [stored.subarray(0, -8), /^Damaged zip \(.+\): study\.zip: /],
    [await zip({}), "No data of the study (no files at all)"],
    [await zip({ "a.txt": "x" }), "No data of the study (1 file: study.zip/a.txt)"],
    [
      await zip({ "a.sql": DUMP.slice(0, 5000) }, { password: "secret" }),
      "An encrypted file: study.zip/a.sql",
    ],
  ];
  for (const [bytes, ...patterns] of cases) {
    await inFolder({ "study.zip": bytes }, (dir) => fails(`${dir}/study.zip`, ...patterns));
  }
});

const RECONSTRUCTION = new URL("../dataset/reconstruction/", import.meta.url);
const packed = (name: string) => Deno.readFileSync(new URL(`${name}.csv.gz`, RECONSTRUCTION));
const unpacked = (name: string) => gunzipSync(packed(name)).toString();

Deno.test("without a path the reconstruction is expanded to its published counts", async () => {
  const { text, source } = await read();
  assert.equal(source.kind, "reconstruction");
  assert.equal(source.files().length, 5);
  assert.equal(source.files()[0]!.path, "dataset/reconstruction/reference.csv.gz");
  const counts = [...text].map(([table, rows]) => [table, values(rows).length]);
  // dataset/reconstruction/README.md and dataset/paper/counts.csv; 515,424 answers, not 541,680.
  assert.deepEqual(Object.fromEntries(counts), {
    personas: 82600,
    reference_questionnaires: 19824,
    random_questionnaires: 19824,
    experiments_groups: 22,
    experiments_list: 17346,
    eval_questionnaires: 515424,
    questionnaire: 68,
    experiment_request_metadata: 0,
    alembic_version: 1,
  });
  for (const [table, rows] of text) {
    const width = Object.keys(TABLES[table]!.columns).length;
    assert.ok(values(rows).every((row) => row.length === width), table);
  }
});

type Named = Record<string, string | null>;
const named = (table: string, text: string): Named[] =>
  values(text).map((row) =>
    Object.fromEntries(Object.keys(TABLES[table]!.columns).map((column, i) => [column, row[i]!]))
  );

Deno.test("the expansion packs back into the files it came from", async () => {
  const { text } = await read();
  const of = (table: string) => named(table, text.get(table)!);

  for (const name of ["reference", "random"]) {
    const sheets = Map.groupBy(of(`${name}_questionnaires`), (row) => row.personality_id);
    const lines = [...sheets].map(([id, rows]) =>
      `${id},${rows.map(({ answer }) => answer === "t" ? 1 : 0).join("")}\n`
    );
    assert.equal("personality_id,answers\n" + lines.join(""), unpacked(name));
  }

  const answers = Map.groupBy(of("eval_questionnaires"), (row) => row.experiment_id);
  const sheet = (id: string) => answers.get(id)!.map((row) => row.answer).join("");
  const models: Record<string, string> = {
    "gpt-4o-2024-11-20": "gpt4o",
    "gpt-3.5-turbo-0125": "gpt35",
    "anthropic.claude-3-5-sonnet-20240620-v1:0": "claude35sonnet",
    "us.meta.llama3-1-70b-instruct-v1:0": "llama3170B",
    "eu.meta.llama3-2-3b-instruct-v1:0": "llama323B",
  };
  const files = { epqra: "", bigfive: "" };
  for (const row of of("experiments_list")) {
    const model = models[row.model!]!;
    const condition = /^borderline_(max[NP])_/.exec(row.population!)?.[1]?.replace("m", "M") ??
      "Base";
    const key = row.questionnaire === "epqra" ? condition : row.population;
    files[row.questionnaire as "epqra" | "bigfive"] +=
      `${row.experiments_group_id},${model},${key},${row.personality_id},${
        sheet(row.experiment_id!)
      }\n`;
    assert.equal(row.model_provider, model.startsWith("gpt") ? "openai" : "aws-bedrock");
    assert.deepEqual([row.repeated, row.succeeded, row.language_questionnaire], ["0", "t", "en"]);
    assert.deepEqual([row.llm_explanation, row.repo_sha], [null, null]);
  }
  const [ofEpqra, ofBfi] = [unpacked("epqra"), unpacked("bfi")];
  assert.equal(files.epqra, ofEpqra.slice(ofEpqra.indexOf("\n") + 1));
  assert.equal(files.bigfive, ofBfi.slice(ofBfi.indexOf("\n") + 1));

  let personas = "";
  for (const row of of("personas")) {
    const condition = row.population_print!.replace(" ", "");
    personas += [
      row.model,
      condition,
      row.repetitions,
      row.ref_personality_id,
      row.gender,
      row.race,
      row.religious_belief,
      row.sexual_orientation,
      row.political_orientation,
    ].join(",") + "\n";
    assert.equal(row.description!.split(/\s+/).length, Number(row.word_count_description));
    assert.equal(
      row.population,
      condition === "Base"
        ? `generated_${row.model}_spain826`
        : `borderline_${condition.replace("M", "m")}_${row.model}`,
    );
    assert.ok(["Base", "Max N", "Max P"].includes(row.population_print!));
    assert.equal(row.gender_original ?? row.race_original ?? row.age, null);
  }
  const ofPersonas = unpacked("personas");
  assert.equal(personas, ofPersonas.slice(ofPersonas.indexOf("\n") + 1));
});

Deno.test("the expansion's ids and groups are the published ones", async () => {
  const { text } = await read();
  const experiments = named("experiments_list", text.get("experiments_list")!);
  const first = (group: string) =>
    experiments.find((row) => row.experiments_group_id === group)!.experiment_id;
  // Outputs stored in the original's notebooks.
  assert.deepEqual([first("307"), first("366"), first("372")], ["96033", "151003", "155134"]);
  assert.equal(new Set(experiments.map((row) => row.experiment_id)).size, 17346);

  const groups = named("experiments_groups", text.get("experiments_groups")!);
  assert.deepEqual(
    groups.map((row) => Number(row.experiments_group_id)),
    [307, 308, 312, 313, 343, 344, 345, 356, 357, 358, 359, 360, 361, 362, 363]
      .concat([366, 367, 368, 369, 370, 371, 372]),
  );
  for (const { description, system_role, base_prompt } of groups) {
    assert.match(description!, /^reconstruction: /);
    assert.deepEqual([system_role, base_prompt], [null, null]);
  }
  const empty = groups.find((row) => row.experiments_group_id === "371")!;
  assert.match(empty.description!, /placeholder .* inferred by position/);

  for (
    const table of ["personas", "reference_questionnaires", "eval_questionnaires", "questionnaire"]
  ) {
    const ids = values(text.get(table)!).map(([id]) => Number(id));
    assert.ok(ids.every((id, i) => id === i + 1), table);
  }
  const items = named("questionnaire", text.get("questionnaire")!);
  assert.equal(items.filter((row) => row.questionnaire === "epqra" && row.key === "1").length, 14);
  // BFI-44: 16 reverse-scored items (John & Srivastava 1999).
  const reversed = items.filter((row) => row.reverse === "t");
  assert.deepEqual([reversed.length, reversed[0]!.key, reversed[0]!.questionnaire], [
    16,
    null,
    "bigfive",
  ]);
});

Deno.test("a damaged reconstruction is refused", async () => {
  const sound = Object.fromEntries(
    ["reference", "random", "epqra", "bfi", "personas"].map((
      name,
    ) => [`${name}.csv.gz`, packed(name)]),
  );
  const change = (name: string, from: string | RegExp, to: string) => {
    const changed = unpacked(name).replace(from, to);
    assert.notEqual(changed, unpacked(name));
    return { [`${name}.csv.gz`]: gzipSync(changed) };
  };
  const cases: [Record<string, Bytes>, ...(string | RegExp)[]][] = [
    [
      { "epqra.csv.gz": sound["epqra.csv.gz"]!.subarray(0, 5000) },
      /^Unreadable \(.+\): epqra\.csv\.gz: /,
    ],
    [{ "epqra.csv.gz": "no gzip" }, /^Unreadable \(.+\): epqra\.csv\.gz: /],
    [change("bfi", "model", "modell"), "Unknown header", "bfi.csv.gz line 1"],
    [change("bfi", /372,.*\n$/, ""), "Found 4,955 whole rows, expected 4956: bfi.csv.gz"],
    [change("bfi", /\n$/, ""), "Found 4,955 whole rows, expected 4956: bfi.csv.gz"],
    [
      change("bfi", "22542442122", "22642442122"),
      "Found ",
      "of profile 1 in 366",
      "bfi.csv.gz line 2",
    ],
    [change("reference", "1,10100", "1,1010"), "reference.csv.gz line 2"],
    [
      change("epqra", "Base,2,", "Base,3,"),
      "of profile 2 in 307,gpt35,Base",
      "epqra.csv.gz line 3",
    ],
    [change("epqra", /308,gpt4o,Base/g, "307,gpt35,Base"), "epqra.csv.gz line 828"],
    [change("personas", "non-binary,White", "non-binary,Wh\\ite"), "personas.csv.gz line 2"],
    [change("personas", "gpt4o,Base,1,2,", "gpt5,Base,1,2,"), "personas.csv.gz line 3"],
  ];
  await inFolder(sound, async (dir) => {
    assert.equal((await open(dir)).kind, "reconstruction");
    await fails(`${dir}/..`.replace(/[^/]+\/\.\.$/, "no-such-folder"), "No such file or folder");
  });
  for (const [changes, ...patterns] of cases) {
    await inFolder({ ...sound, ...changes }, (dir) => fails(dir, ...patterns, "git checkout"));
  }
  await inFolder(
    Object.fromEntries(
      Object.entries(sound).map(([name, bytes]) => [`reconstruction/${name}`, bytes]),
    ),
    (dir) => fails(dir, "only the reconstruction, which is read when no PATH is given"),
  );
});

/** What a dump with this before its first block ends in. */
async function hostile(bytes: Bytes, signal?: AbortSignal): Promise<string> {
  return await inFolder({ "a_backup.sql": bytes }, async (dir) => {
    const source = await open(`${dir}/a_backup.sql`);
    try {
      for await (const { rows } of source.blocks(signal)) for await (const _ of rows);
      return "read";
    } catch (error) {
      return (error as Error).message;
    }
  });
}

Deno.test("what unpacks to 200 times its size and more is refused before it fills memory", async () => {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, "\n"));
  assert.match(
    await hostile(bomb),
    /^Packed data \([\d,]+ bytes\) that unpack to over 200 times as much: a_backup/,
  );
  const zipped = await zip({ "a_backup.sql": new Uint8Array(100 * 1024 * 1024).fill(10) });
  await inFolder(
    { "study.zip": zipped },
    (dir) => fails(`${dir}/study.zip`, "unpack to over 200 times as much: study.zip/a_backup"),
  );
});

Deno.test("a stop is noticed within a few pieces, also where no answer is waited for", async () => {
  const stop = new AbortController();
  const source = await inFolder({ "a_backup.sql": "\n".repeat(64 * 1024 * 1024) }, async (dir) => {
    const source = await open(`${dir}/a_backup.sql`);
    setTimeout(() => stop.abort(new Error("Stopped")));
    const all = async () => {
      for await (const { rows } of source.blocks(stop.signal)) for await (const _ of rows);
    };
    await assert.rejects(all, /Stopped/);
    return source;
  });
  assert.ok(source.bytes() < 16 * 1024 * 1024, `${source.bytes()} bytes were read after it`);
});

Deno.test("statements take time in proportion to their length", () => {
  const forms: ((n: number) => string)[] = [
    (n) => `COPY a${" ".repeat(n)};\n`,
    (n) => `COPY a${" . a".repeat(n / 4)}${" ".repeat(n / 2)}x;\n`,
    (n) => `COPY a (${"b , ".repeat(n / 4)}${" ".repeat(n / 2)};\n`,
    (n) => `INSERT${" ".repeat(n)}INTO${" ".repeat(n)};\n`,
  ];
  const took = (text: string): number => {
    const runs = [1, 2, 3].map(() => {
      // Of the processor, in ms: a slow machine lets others go first for longer than this takes.
      const start = process.cpuUsage();
      for (let again = 0; again < 20; again++) statement(text);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    return runs.toSorted((a, b) => a - b)[1]!;
  };
  for (const form of forms) {
    const growth = took(form(32_000)) / Math.max(1, took(form(2_000)));
    assert.ok(growth < 100, `16 times the length took ${growth} times as long`); // quadratic: 256
  }
});

Deno.test("a COPY is known by its words, whatever stands between them", () => {
  const copy = { table: "personas", path: "s.personas", columns: ["id", 'a"b'], options: "" };
  const text = ' \n copy  only s . "personas"( ID ,"a""b" )\n FROM\tstdin ';
  assert.deepEqual(statement(text), copy);
  assert.deepEqual(statement("COPY a FROM STDIN (FORMAT csv)"), {
    table: "a",
    path: "a",
    columns: [],
    options: "(FORMAT csv)",
  });
  assert.deepEqual(statement("insert into only s.T values (1)"), { inserted: "t" });
  assert.deepEqual(statement("COPY (select 1) FROM STDIN"), { unknown: true });
  assert.deepEqual(statement("COPY a (b, FROM STDIN"), { unknown: true });
  assert.equal(statement("COPY a TO STDOUT"), null);
  assert.equal(statement("copying from stdin"), null);
});

Deno.test("messages about hostile files stay short", async () => {
  const names = Array.from({ length: 3000 }, (_, n) => `"column ${n}"`).join(", ");
  const wrong = await hostile(`COPY s.personas (${names}) FROM stdin;\n`);
  assert.match(wrong, /Unknown column "column 0".* and [\d,]+ more: a_backup\.sql line 1/);
  assert.ok(wrong.length < 2500, `${wrong.length} characters`);
  const long = await hostile(`COPY s.personas ("${"y".repeat(60_000)}") FROM stdin;\n`);
  assert.ok(long.length < 2500, `${long.length} characters`);
  const head = [...CSV].map(([name, text]) =>
    [`csv/${name}`, name === "personas.csv" ? `${"x,".repeat(9000)}y\n` : text] as const
  );
  await inFolder(Object.fromEntries(head), async (dir) => {
    const source = await open(dir);
    const all = async () => {
      for await (const { rows } of source.blocks()) for await (const _ of rows);
    };
    await assert.rejects(all, ({ message }: Error) => message.length < 2500);
  });
});

Deno.test("a zip by a method that is not read is said to be that, not damaged", async () => {
  const plain = await zip({ "a_backup.sql": DUMP });
  for (const [method, name] of [[14, "LZMA"], [12, "BZip2"], [93, "Zstandard"]] as const) {
    const bytes = Buffer.from(plain);
    const central = bytes.indexOf(Uint8Array.of(0x50, 0x4b, 1, 2));
    bytes.writeUInt16LE(method, central + 10);
    bytes.writeUInt16LE(method, 8);
    await inFolder({ "study.zip": bytes }, async (dir) => {
      await fails(
        `${dir}/study.zip`,
        `A file compressed by ${name}: study.zip/a_backup.sql: it is not read here: unpack the zip`,
      );
    });
  }
});
