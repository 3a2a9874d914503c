/** `deno task tables`: every published table as tidy CSV, Markdown and LaTeX. */
import { join } from "node:path";
import type { DataFrame } from "polars";
import { codeVersion, settings } from "lib/config.ts";
import { bannerOf, open, type Study } from "lib/db.ts";
import { type Mode, TABLE_NAMES, type TableName } from "lib/design.ts";
import { nearest } from "lib/format.ts";
import { grid, printed, survivingGrid } from "lib/paper.ts";
import { csv, type Grid, keep, latex, markdown, sourceOf } from "lib/press.ts";
import { build, survival } from "lib/tables.ts";
import { advice, main, message, UsageError } from "./cli.ts";

export interface Written {
  name: TableName;
  table: DataFrame | null;
  /** Why it could not be built. */
  error: string | null;
}

/**
 * Builds tables and writes `NAME.csv`, `NAME.md` and `NAME.tex`, and in `corrected` mode what survives of
 * each as `NAME_survives`; one that fails does not stop the others.
 */
export async function writeTables(
  study: Study,
  folder: string,
  names: readonly TableName[],
  mode: Mode,
): Promise<Written[]> {
  await Deno.mkdir(folder, { recursive: true });
  const banner = bannerOf(study.provenance);
  const code = await codeVersion();
  const files = async (name: string, tidy: DataFrame, layout: Grid) => {
    const sourced = { ...layout, source: sourceOf(tidy, banner, code) };
    await keep(join(folder, `${name}.csv`), csv(tidy, banner));
    await keep(join(folder, `${name}.md`), markdown(sourced));
    await keep(join(folder, `${name}.tex`), latex(sourced, name));
  };
  return await Promise.all(names.map(async (name): Promise<Written> => {
    try {
      const table = await build(name, study, { mode });
      const tidy = printed(name, table, { mode });
      await files(name, tidy, grid(name, table, { mode }));
      if (mode === "corrected" && name !== "baselines") {
        const survived = await survival(name, study);
        await files(`${name}_survives`, survived, survivingGrid(name, survived));
      }
      return { name, table, error: null };
    } catch (error) {
      return { name, table: null, error: message(error) };
    }
  }));
}

function tableName(text: string): TableName {
  const name = TABLE_NAMES.find((name) => name === text);
  if (!name) throw new UsageError(`No table ${text}: did you mean ${nearest(text, TABLE_NAMES)}?`);
  return name;
}

if (import.meta.main) {
  await main({
    usage:
      "deno task tables [--out DIR] [--schema NAME] [--mode printed|corrected] [--table NAME …]",
    help:
      `Writes each published table as NAME.csv (tidy, full precision, undefined = empty), NAME.md and
NAME.tex (booktabs, laid out as the paper prints it).

  --out DIR      where to write (default: out/tables)
  --schema NAME  the data: personality_trap (default) or a schema of your own
  --mode MODE    printed: what the paper's code computes (default); corrected: its bugs repaired, and
                 NAME_survives: intervals, effect sizes, p by profile and adjusted, which markers stand
  --table NAME   only these: ${TABLE_NAMES.join(", ")}

Exit status: 0 done, 1 a table could not be built, 2 wrong arguments`,
    flags: {
      out: { type: "string" },
      schema: { type: "string" },
      mode: { type: "string", default: "printed" },
      table: { type: "string", multiple: true, default: [] },
    },
    words: true,
  }, async (flags, words) => {
    const { out = join(settings().outDir, "tables"), schema, mode, table } = flags as {
      out?: string;
      schema?: string;
      mode: string;
      table: string[];
    };
    if (mode !== "printed" && mode !== "corrected") {
      throw new UsageError(`--mode is printed or corrected: current value is ${mode}`);
    }
    if (words.length > 0 && table.length === 0) {
      throw new UsageError(`Unexpected ${words[0]}: tables are named with --table`);
    }
    const names = [...table, ...words].map(tableName);
    const study = await open(schema ? { schema } : {});
    const written = await writeTables(study, out, names.length ? names : TABLE_NAMES, mode);
    await study.close();
    const failed = written.filter(({ error }) => error !== null);
    const said = failed.map(({ name, error }) => `${name} could not be built: ${error}`).join("\n");
    if (said) console.error(said + advice(said));
    console.log(`${written.length - failed.length} of ${written.length} tables in ${out}`);
    console.log(bannerOf(study.provenance));
    return failed.length ? 1 : 0;
  });
}
