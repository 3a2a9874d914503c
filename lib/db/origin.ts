/** Where the rows of a schema came from, and what must stand wherever they are shown. */
import type postgres from "postgres";
import { opening } from "../provenance.ts";
import { home } from "./migrate.ts";

/** Where a schema's rows came from. */
export interface Provenance {
  /** `reconstruction`, `zenodo`, `other` (a file that is neither), or `study` (made here). */
  source: "reconstruction" | "zenodo" | "other" | "study";
  restoredAt: string | null;
  files: { path: string; bytes: number; sha256: string }[];
  /** Labels of the models whose replies were simulated, not asked for. */
  simulated: readonly string[];
  /** Whether a study was made from profiles of the reconstruction. */
  reconstructed: boolean;
}

/** What must stand wherever numbers from a source are shown. */
export function bannerOf({ source, files, simulated, reconstructed }: Provenance): string {
  switch (source) {
    case "reconstruction":
      return "Data: reconstruction: fitted to the paper's printed cells, not the original data; " +
        "agreement with the paper is by construction";
    case "zenodo":
      return "Data: Zenodo 17286313";
    case "other":
      return `Data: ${few(files.map((file) => file.path))}: not the published dataset`;
    case "study":
      return "Data: own study, not the published dataset" +
        (reconstructed ? "; profiles of the reconstruction" : "") +
        (simulated.length ? `; simulated, no model was asked: ${simulated.join(", ")}` : "");
  }
}

const few = (names: readonly string[]): string =>
  names.length > 2 ? `${names[0]} and ${names.length - 1} more files` : names.join(" and ");

/** How the origin of a study's profiles ends where these are fitted to printed cells. */
export const RECONSTRUCTED = "(reconstruction)";

/**
 * Where the rows of a schema came from; from now on what nothing is known of may be of it.
 *
 * @throws {Error} when the schema holds no study
 */
export async function readProvenance(sql: postgres.Sql, schema: string): Promise<Provenance> {
  const provenance = await provenanceOf(sql, schema);
  opening({ schema, line: bannerOf(provenance) });
  return provenance;
}

export async function provenanceOf(sql: postgres.Sql, schema: string): Promise<Provenance> {
  const [found] = await sql`
    select to_regclass(${`${schema}.provenance`}) as provenance,
           to_regclass(${`${schema}.cells`}) as cells,
           to_regclass(${`${schema}.populations`}) as populations`;
  if (!found!.provenance) {
    const there = await sql<{ schema: string }[]>`
      select schemaname as schema from pg_tables where tablename = 'provenance' order by 1`;
    const others = there.map(({ schema }) => schema).join(", ");
    throw new Error(
      `Schema ${schema} holds no study: ` +
        (schema === home()
          ? "run `deno task restore` (or `deno task start`, which does the rest as well)"
          : `run \`deno task restore --schema ${schema}\`` +
            (others && `, or name one that holds one: ${others}`)),
    );
  }
  const [row] = await sql`
    select source, restored_at::text as "restoredAt", files from ${sql(schema)}.provenance`;
  const models = found!.cells
    ? await sql<{ label: string }[]>`
      select distinct c.model->>'label' as label
      from ${sql(schema)}.cells c join ${sql(schema)}.runs r on r.run = c.run
      where c.model->>'provider' like 'simulated%' and r.kind <> 'trial' order by 1`
    : [];
  const made = found!.populations
    ? await sql`
      select from ${sql(schema)}.populations
      where right(origin, ${RECONSTRUCTED.length}) = ${RECONSTRUCTED} limit 1`
    : [];
  return {
    ...(row ?? { source: "study", restoredAt: null, files: [] }),
    simulated: models.map(({ label }) => label),
    reconstructed: made.length > 0,
  } as unknown as Provenance;
}
