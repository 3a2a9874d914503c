/** Data that several tests read: restored once per test database. */
import { connect } from "lib/db.ts";
import { restore } from "lib/restore.ts";

/** Restores a schema unless it is there already; without `from` the shipped reconstruction. */
export async function restored(schema: string, from?: string): Promise<void> {
  const sql = await connect("owner");
  const [found] = await sql`select to_regclass(${`${schema}.provenance`}) as name`;
  await sql.end();
  if (!found!.name) await restore({ schema, ...(from ? { from } : {}) });
}
