/** `deno task tables`: every table of a study as tidy CSV, Markdown and LaTeX. */
import { join } from "node:path";
import type { DataFrame } from "polars";
import { codeVersion, schemaName, settings } from "lib/config.ts";
import { bannerOf, open, type Study } from "lib/db.ts";
import { type Mode, TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { nearest } from "lib/format.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { grid, printed, survivingGrid } from "lib/paper/print.ts";
import { codebook, csv, type Grid, gridOf, keep, latex, markdown, sourceOf } from "lib/press.ts";
import { build, scales, survival } from "lib/paper/tables.ts";
import { advice, main, message, UsageError } from "./cli.ts";

export interface Written {
  name: string;
  /** Why it could not be built. */
  error: string | null;
}

const SCALES = "scales_";

/** Every table that a study can have: the published ones, and the scales of each instrument of its own. */
export async function tablesOf(study: Study): Promise<string[]> {
  const own = (await study.instruments()).map(({ name }) => name)
    .filter((name) => name !== epqra.name && name !== bfi44.name);
  return [...TABLE_NAMES, ...own.map((name) => `${SCALES}${name}`)];
}

/**
 * Builds tables of `tablesOf` and writes `NAME.csv` with its codebook, `NAME.md` and `NAME.tex`, and in `corrected` mode
 * what survives of each published one as `NAME_survives`; one that fails does not stop the others.
 */
export async function writeTables(
  study: Study,
  folder: string,
  names: readonly string[],
  mode: Mode,
): Promise<Written[]> {
  await Deno.mkdir(folder, { recursive: true });
  const banner = bannerOf(study.provenance);
  const code = await codeVersion();
  const files = async (name: string, tidy: DataFrame, layout: Grid) => {
    const sourced = { ...layout, source: sourceOf(tidy, banner, code) };
    await keep(join(folder, `${name}.csv`), csv(tidy, banner));
    await keep(join(folder, `${name}.codebook.csv`), codebook(tidy, true));
    await keep(join(folder, `${name}.md`), markdown(sourced));
    await keep(join(folder, `${name}.tex`), latex(sourced, name));
  };
  const published = async (name: TableName) => {
    const table = await build(name, study, { mode });
    await files(name, printed(name, table, { mode }), grid(name, table, { mode }));
    if (mode === "printed" || name === "baselines") return;
    const survived = await survival(name, study);
    await files(`${name}_survives`, survived, survivingGrid(name, survived));
  };
  const own = async (name: string) => {
    const instrument = await study.instrument(name.slice(SCALES.length));
    const table = scales(await study.sheets(instrument.name), instrument);
    await files(name, table, gridOf(table, `Scores and reliability of the ${instrument.title}`));
  };
  // One after the other: what a table is made of is let go before the next.
  const done: Written[] = [];
  for (const name of names) {
    try {
      const known = TABLE_NAMES.find((one) => one === name);
      await (known ? published(known) : own(name));
      done.push({ name, error: null });
    } catch (error) {
      done.push({ name, error: message(error) });
    }
  }
  return done;
}

/** Those of the published data in `out/tables`, of any other schema in a folder of its own there. */
const folderOf = (schema: string): string =>
  join(settings().outDir, "tables", ...schema === PUBLISHED ? [] : [schemaName(schema)]);

if (import.meta.main) {
  await main({
    usage:
      "deno task tables [--out DIR] [--schema NAME] [--mode printed|corrected] [--table NAME …]",
    help: `Writes each published table as NAME.csv (tidy, full precision, undefined = empty) with
NAME.codebook.csv (what its columns are), NAME.md and NAME.tex (booktabs, laid out as the paper prints
it), and for each instrument of your own, as scales_NAME, the scores and the reliability of its scales.

  --out DIR      where to write (default: out/tables, with --schema out/tables/NAME)
  --schema NAME  the data: personality_trap (default) or a schema of your own
  --mode MODE    printed: what the paper's code computes (default); corrected: its bugs repaired, and
                 NAME_survives: intervals, effect sizes, p by profile and adjusted, which markers stand
  --table NAME   only these: ${TABLE_NAMES.join(", ")}, ${SCALES}NAME

Exit status: 0 done, 1 a table could not be built, 2 wrong arguments`,
    flags: {
      out: { type: "string" },
      schema: { type: "string" },
      mode: { type: "string", default: "printed" },
      table: { type: "string", multiple: true, default: [] },
    },
    words: true,
  }, async (flags, words) => {
    const { schema = PUBLISHED, out = folderOf(schema), mode, table } = flags as {
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
    const study = await open({ schema });
    let written: Written[];
    try {
      const all = await tablesOf(study);
      const names = [...table, ...words];
      const wrong = names.find((name) => !all.includes(name));
      if (wrong !== undefined) {
        throw new UsageError(`No table ${wrong}: did you mean ${nearest(wrong, all)}?`);
      }
      written = await writeTables(study, out, names.length ? names : all, mode);
    } finally {
      await study.close();
    }
    const failed = written.filter(({ error }) => error !== null);
    const said = failed.map(({ name, error }) => `${name} could not be built: ${error}`).join("\n");
    if (said) console.error(said + advice(said));
    console.log(`${written.length - failed.length} of ${written.length} tables in ${out}`);
    console.log(bannerOf(study.provenance));
    return failed.length ? 1 : 0;
  });
}
