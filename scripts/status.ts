/** `deno task status`: what is set up, what data are there, and how they differ from the published. */
import { settings } from "lib/config.ts";
import { bannerOf, connect, embedded, openDataset, type Sql } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { type Check, verify } from "lib/paper/restore.ts";
import { main } from "./cli.ts";
import { checkLines } from "./restore.ts";

/** The rows of each table of a study, which no published count stands beside. */
async function rowsOf(sql: Sql, schema: string): Promise<Check[]> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_tables
    where schemaname = ${schema} and tablename not like 'kysely%' and tablename <> 'provenance'
    order by 1`;
  return await Promise.all(tables.map(async ({ name }) => {
    const [row] = await sql`select count(*)::int as n from ${sql(schema)}.${sql(name)}`;
    return { what: `Rows of ${name}`, found: row!.n, published: null, difference: null };
  }));
}

if (import.meta.main) {
  await main({
    usage: "deno task status [--schema NAME]",
    help: `Shows the database, where its data came from, and its counts beside the published ones.

  --schema NAME  the data to look at (default: personality_trap)`,
    flags: { schema: { type: "string" } },
  }, async ({ schema }) => {
    const { server, dataDir, studySchema } = settings();
    if (server) {
      console.log(`database   ${server.host}:${server.port}/${server.database} (yours)`);
    } else {
      const state = await embedded.running() ? "running" : "stopped; starting it now";
      console.log(`database   embedded PostgreSQL in ${dataDir} (${state})`);
    }
    const study = await openDataset(schema ? { schema: String(schema) } : {});
    const sql = await connect("reader");
    try {
      const [row] = await sql`select version() as version, current_user as user`;
      console.log(`server     ${String(row!.version).split(" on ")[0]}, read as ${row!.user}`);
      console.log(`schema     ${study.schema}, own work goes to ${studySchema}`);
      console.log(`restored   ${study.provenance.restoredAt ?? "—"}`);
      for (const { path, bytes, sha256 } of study.provenance.files) {
        console.log(`file       ${path}: ${whole(bytes)} bytes, SHA-256 ${sha256}`);
      }
      const count = study.provenance.source === "study" ? rowsOf : verify;
      console.log(checkLines(await count(sql, study.schema)).join("\n"));
      console.log(bannerOf(study.provenance));
    } finally {
      await Promise.all([sql.end(), study.close()]);
    }
  });
}
