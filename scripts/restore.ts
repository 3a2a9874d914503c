/** `deno task restore`: a dataset into a schema, all or nothing. */
import { bannerOf } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { type Check, restore, type RestoreOptions } from "lib/paper/restore.ts";
import { interruptible, main, progress } from "./cli.ts";

/** What was counted, what was published, and by how much they differ; as aligned text. */
export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ what }) => what.length));
  return checks.map(({ what, found, published, difference }) => {
    const against = published === null
      ? ""
      : difference === 0
      ? "as published"
      : `published ${whole(published)}, difference ${difference! > 0 ? "+" : ""}${
        whole(difference!)
      }`;
    return `  ${what.padEnd(width)} ${whole(found).padStart(9)}  ${against}`.trimEnd();
  });
}

const rate = (bytes: number, seconds: number): string =>
  `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`;

if (import.meta.main) {
  await main({
    usage: "deno task restore [--from PATH] [--schema NAME] [--force]",
    help: `Loads a dataset into PostgreSQL: all of it or nothing.

  --from PATH    the unpacked Zenodo folder, its sql/….sql.gz or .sql, its csv/ folder, or a .zip of
                 any of these (default: the reconstruction shipped in dataset/)
  --schema NAME  where to (default: personality_trap)
  --force        replace a schema that holds data`,
    flags: {
      from: { type: "string" },
      schema: { type: "string" },
      force: { type: "boolean", default: false },
    },
  }, async (flags) => {
    const restored = await restore({
      ...(flags as RestoreOptions),
      signal: interruptible(),
      onProgress: ({ table, rows, bytes, seconds }) =>
        progress(`${table}: ${whole(rows)} rows · ${rate(bytes, seconds)}`),
    });
    progress("");
    const rows = restored.tables.reduce((total, table) => total + table.rows, 0);
    const speed = `${whole(Math.round(rows / restored.seconds))} rows/s`;
    for (const { path, bytes, sha256 } of restored.files) {
      console.log(`read ${path}: ${whole(bytes)} bytes, SHA-256 ${sha256}`);
    }
    for (const line of restored.skipped) console.log(`passed over: ${line}`);
    console.log(
      `restored ${whole(rows)} rows of ${restored.tables.length} tables into ` +
        `${restored.schema} in ${restored.seconds.toFixed(1)} s ` +
        `(${speed}, ${rate(restored.bytes, restored.seconds)})`,
    );
    console.log(checkLines(restored.checks).join("\n"));
    console.log(bannerOf({ ...restored, restoredAt: null, simulated: [], reconstructed: false }));
  });
}
