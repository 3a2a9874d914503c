/** `deno task status`: what is set up, what data are there, and how they differ from the published. */
import { settings } from "lib/config.ts";
import { bannerOf, connect, embedded, open } from "lib/db.ts";
import { verify } from "lib/restore.ts";
import { main } from "./cli.ts";
import { checkLines } from "./restore.ts";

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
    const study = await open(schema ? { schema: String(schema) } : {});
    const sql = await connect("reader");
    try {
      const [row] = await sql`select version() as version, current_user as user`;
      console.log(`server     ${String(row!.version).split(" on ")[0]}, read as ${row!.user}`);
      console.log(`schema     ${study.schema}, own work goes to ${studySchema}`);
      console.log(`restored   ${study.provenance.restoredAt ?? "—"}`);
      for (const { path, bytes, sha256 } of study.provenance.files) {
        console.log(`file       ${path}: ${bytes.toLocaleString("en")} bytes, SHA-256 ${sha256}`);
      }
      console.log(checkLines(await verify(sql, study.schema)).join("\n"));
      console.log(bannerOf(study.provenance));
    } finally {
      await Promise.all([sql.end(), study.close()]);
    }
  });
}
