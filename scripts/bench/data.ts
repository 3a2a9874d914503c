/** Tables, restores and a warm start at full size. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { address, connect, type Sql } from "lib/db.ts";
import { restore } from "lib/paper/restore.ts";
import { progress } from "../cli.ts";
import { against, deno, measure, type Measured, median, say, timed } from "./measure.ts";

const FULL = "bench_full";
const TARGET = "bench_restored";

/**
 * The reconstruction blown up to the published size: texts as long as the published ones, a request
 * log of 18,573 rows, and 26,256 repeated answers.
 *
 * @param times so many times the answers
 */
export async function fullSize(sql: Sql, schema: string, times = 1): Promise<void> {
  await restore({ schema, force: true });
  const words = 'The quick brown fox reads "questions"\tand answers them\\with care — ñ 漢字.\n';
  await sql`alter table ${sql(schema)}.eval_questionnaires disable trigger all`;
  await sql`
    update ${sql(schema)}.personas set description = repeat(${words}, 12 + id % 9)`;
  await sql`
    insert into ${sql(schema)}.experiment_request_metadata
      (id, created, experiment_id, request_json, response_json, request_metadata)
    select n, now(), 96033 + n % 12390,
           jsonb_build_object('messages', repeat(${words}, 55), 'n', n),
           jsonb_build_object('choices', repeat(${words}, 18)),
           jsonb_build_object('usage', n)
    from generate_series(1, 18573) n`;
  await sql`
    insert into ${sql(schema)}.eval_questionnaires
    select 1000000 + id, experiment_id, question_number, answer
    from ${sql(schema)}.eval_questionnaires order by id limit 26256`;
  for (let more = 1; more < times; more++) {
    await sql`
      insert into ${sql(schema)}.eval_questionnaires
      select ${more * 2_000_000}::int + id, experiment_id, question_number, answer
      from ${sql(schema)}.eval_questionnaires where id <= 2000000`;
  }
}

/** The tables of the fixture's dump, which has the layout of the published one. */
const DUMP = join(
  ROOT,
  "tests",
  "fixtures",
  "small-public",
  "sql",
  "personas_database_backup.sql.gz",
);

/** Writes the full-size tables as a dump, plain and compressed, as CSVs and as a zip. */
export async function files(sql: Sql, folder: string, schema: string): Promise<void> {
  const gunzip = new DecompressionStream("gzip");
  const small = await new Response((await Deno.open(DUMP)).readable.pipeThrough(gunzip)).text();
  const blocks = /^COPY personality_trap\.(\w+) (\(.*\)) FROM stdin;\n[\s\S]*?^\\\.\n/gm;
  await Deno.mkdir(join(folder, "csv"), { recursive: true });
  await Deno.mkdir(join(folder, "sql"));
  const plain = join(folder, "sql", "personas_database_backup.sql");
  using out = await Deno.open(plain, { create: true, write: true });
  const write = (text: string) => out.write(new TextEncoder().encode(text));
  let from = 0;
  for (const block of small.matchAll(blocks)) {
    const [all, table, columns] = block as unknown as [string, string, string];
    // The server writes the files itself: it is on this machine and ours.
    const rows = join(folder, `${table}.rows`);
    await sql.unsafe(`copy ${schema}.${table} ${columns} to '${rows}'`);
    await sql.unsafe(
      `copy ${schema}.${table} ${columns} to '${
        join(folder, "csv", `${table}.csv`)
      }' (format csv, header)`,
    );
    await write(small.slice(from, block.index) + all.slice(0, all.indexOf("\n") + 1));
    using file = await Deno.open(rows);
    for await (const chunk of file.readable) await out.write(chunk);
    await write("\\.\n");
    await Deno.remove(rows);
    from = block.index + all.length;
  }
  await write(small.slice(from));
  await timed("gzip", ["-k", plain]);
}

export async function data(runs: number): Promise<void> {
  await measure("start, or its last run made warm", 1, () => deno("start"));
  await measure("start, warm", runs, () => deno("start"));
  const out = await Deno.makeTempDir();
  const sql = await connect("owner");
  try {
    await measure("all ten tables and the baselines", runs, () => deno("tables", "--out", out));
    const options = ["--schema", TARGET, "--force"];
    await measure("restore: the reconstruction", runs, () => deno("restore", ...options));
    progress("making the full-size files");
    await fullSize(sql, FULL);
    await Deno.chmod(out, 0o777);
    await files(sql, out, FULL);
    const plain = join(out, "sql", "personas_database_backup.sql");
    const from = (path: string) => () => deno("restore", "--from", path, ...options);
    const ours = await measure("restore: plain dump", runs, from(plain));
    await measure("restore: compressed dump", runs, from(`${plain}.gz`));
    await measure("restore: CSV folder", runs, from(join(out, "csv")));
    const theirs = await psql(sql, plain, runs);
    if (theirs) {
      const ratio = median(ours.seconds) / median(theirs.seconds);
      say("  the plain dump, of psql's time", ratio.toFixed(2), against(ratio, { most: 0.4 }));
    }
  } finally {
    await sql`drop schema if exists ${sql(FULL)} cascade`;
    await sql`drop schema if exists ${sql(TARGET)} cascade`;
    await sql.end();
    await Deno.remove(out, { recursive: true });
  }
}

/** The same plain dump through psql, where it is installed: the yardstick of the restore. */
async function psql(sql: Sql, dump: string, runs: number): Promise<Measured | null> {
  const { host, port, user, password } = await address("owner");
  const database = "persona_audit_bench";
  const env = { PGPASSWORD: password };
  const args = ["-q", "-h", host, "-p", String(port), "-U", user, "-d", database, "-f", dump];
  try {
    await timed("psql", ["--version"]);
  } catch {
    console.log("psql is not installed here: no comparison");
    return null;
  }
  const measured = await measure("psql of the same plain dump", runs, async () => {
    await sql`drop database if exists ${sql(database)}`;
    await sql`create database ${sql(database)}`;
    return await timed("psql", args, env);
  });
  await sql`drop database ${sql(database)}`;
  return measured;
}
