/** `deno task tables`: every table of a study as tidy CSV, Markdown and LaTeX. */
import { join } from "node:path";
import type { DataFrame } from "polars";
import { codeVersion, schemaName, settings } from "lib/config.ts";
import { bannerOf, type Dataset, openDataset } from "lib/db.ts";
import { type Mode, TABLE_NAMES, type TableName } from "lib/paper/design.ts";
import { nearest } from "lib/format.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { grid, printed, robustnessGrid } from "lib/paper/print.ts";
import {
  codebook,
  csv,
  type Grid,
  gridOf,
  keep,
  latex,
  markdown,
  sourceLatex,
  sourceOf,
} from "lib/press.ts";
import { build, factorsIn, robustness, scales } from "lib/paper/tables.ts";
import { advice, main, message, UsageError } from "./cli.ts";

export interface Written {
  name: string;
  /** Why it could not be built. */
  error: string | null;
}

const SCALES = "scales_";

/** Every table that a study can have: the published ones, and the scales of each instrument of its own. */
export async function tablesOf(study: Dataset): Promise<string[]> {
  const own = (await study.instruments()).map(({ name }) => name)
    .filter((name) => name !== epqra.name && name !== bfi44.name);
  return [...TABLE_NAMES, ...own.map((name) => `${SCALES}${name}`)];
}

/** Whether a table is one to make by factors where none is named: Tables 1–3 are one, baselines have none. */
const isBy = (name: string, { personas }: Factors): boolean =>
  !["table2", "table3", "baselines"].includes(name) && (name !== "table1" || personas.length > 0);

/** The factors that tables are by, those that personas have, and what is compared. */
export interface Factors {
  by: readonly string[];
  personas: readonly string[];
  against: Readonly<Record<string, string>> | undefined;
}

/**
 * Factors as they were typed, in a study.
 *
 * @throws {UsageError} when neither its personas nor its sheets have one
 */
async function factorsFor(
  study: Dataset,
  typed: string,
  against: readonly string[],
  form: string | undefined,
): Promise<Factors> {
  const known = await factorsIn(study, form), all = [...new Set(Object.values(known).flat())];
  const by = typed.split(",").map((name) => name.trim()).filter((name) => name);
  const levels = against.map((one) => one.split(/=(.*)/s).slice(0, 2));
  if (!by.length) throw new UsageError(`--by names factors: there are ${all.join(", ")}`);
  const odd = levels.find((one) => one.length < 2);
  if (odd) throw new UsageError(`--against is FACTOR=LEVEL: current value is ${odd[0]}`);
  const wrong = [...by, ...levels.map(([name]) => name!)].find((name) => !all.includes(name));
  if (wrong !== undefined) {
    const near = nearest(wrong, all);
    throw new UsageError(
      `No factor ${wrong}: did you mean ${near}? There are ${all.join(", ")}`,
    );
  }
  return {
    by: [...new Set(by)],
    personas: by.filter((name) => known.personas.includes(name)),
    against: levels.length ? Object.fromEntries(levels) as Record<string, string> : undefined,
  };
}

/** Which of the factors personas do not have, as a sentence; null where they have all. */
function lacking({ by, personas }: Factors): string | null {
  const none = by.filter((name) => !personas.includes(name));
  if (!none.length) return null;
  const rest = personas.length ? `table1 is by ${personas.join(", ")}` : "there is no table1";
  return `Personas have no ${none.join(", ")}: ${rest}`;
}

/** What says where the data of all tables come from, to which their notes refer. */
const SOURCE = "source";

/**
 * Builds tables of `tablesOf` and writes `NAME.csv` with its codebook, `NAME.md` and `NAME.tex`, `source.tex`, and in `corrected` mode
 * what survives of each published one as `NAME_survives`; one that fails does not stop the others.
 *
 * @param options `factors`: what the tables are by in place of model and condition; that of demographics by
 *   those that personas have; `form`: that of the personas, where a study has several
 */
export async function writeTables(
  study: Dataset,
  folder: string,
  names: readonly string[],
  mode: Mode,
  { factors, form }: { factors?: Factors; form?: string } = {},
): Promise<Written[]> {
  await Deno.mkdir(folder, { recursive: true });
  const banner = bannerOf(study.provenance);
  // Asked for while the data are read.
  const code = codeVersion();
  const files = async (name: string, tidy: DataFrame, layout: Grid, inTex = layout) => {
    const source = sourceOf(tidy, banner, await code);
    await Promise.all([
      keep(join(folder, `${name}.csv`), csv(tidy, banner)),
      keep(join(folder, `${name}.codebook.csv`), codebook(tidy, true)),
      keep(join(folder, `${name}.md`), markdown({ ...layout, ...source })),
      keep(join(folder, `${name}.tex`), latex({ ...inTex, ...source }, name, SOURCE)),
    ]);
  };
  const published = async (name: TableName) => {
    const isDemographics = ["table1", "table2", "table3"].includes(name);
    const by = isDemographics ? factors?.personas : factors?.by;
    if (factors && !by!.length) throw new Error(lacking(factors)!);
    const building = { by, form, against: isDemographics ? factors?.against : undefined };
    const table = await build(name, study, { mode, ...building });
    await files(name, printed(name, table, { mode }), grid(name, table, { mode }));
    if (mode === "printed" || name === "baselines") return;
    const survived = await robustness(name, study, building);
    const [layout, inTex] = [undefined, "apa" as const].map((style) =>
      robustnessGrid(name, survived, style)
    );
    await files(`${name}_survives`, survived, layout!, inTex);
  };
  const own = async (name: string) => {
    const instrument = await study.instrument(name.slice(SCALES.length));
    const { by } = factors ?? {};
    const table = scales(await study.sheets(instrument.name), instrument, { by });
    const title = `Scores and reliability of the ${instrument.title}`;
    await files(name, table, gridOf(table, title), gridOf(table, title, { style: "apa" }));
  };
  const { source = "" } = sourceOf(null, banner, await code);
  await keep(join(folder, `${SOURCE}.tex`), sourceLatex(source, SOURCE));
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

/**
 * Those of the published data in `out/tables`, of any other schema in a folder of its own there, and in one
 * of their own within it those by other factors.
 */
const folderOf = (schema: string, by?: string): string =>
  join(
    settings().outDir,
    "tables",
    ...schema === PUBLISHED ? [] : [schemaName(schema)],
    ...by === undefined ? [] : [`by_${by.split(",").map((name) => name.trim()).join("_")}`],
  );

if (import.meta.main) {
  await main({
    usage:
      "deno task tables [--out DIR] [--schema NAME] [--mode printed|corrected] [--table NAME …] [--by FACTORS] [--form NAME]",
    help: `Writes each published table as NAME.csv (tidy, full precision, undefined = empty) with
NAME.codebook.csv (what its columns are), NAME.md and NAME.tex (booktabs, laid out as the paper prints
it; source.tex says once for all where the data come from), and for each instrument of your own, as scales_NAME, the scores and the reliability of its scales.

  --out DIR      where to write (default: out/tables, with --schema out/tables/NAME, with --by a folder
                 by_FACTORS in it)
  --schema NAME  the data: personality_trap (default) or a schema of your own
  --mode MODE    printed: what the paper's code computes (default); corrected: its bugs repaired, and
                 NAME_survives: intervals, effect sizes, p by profile and adjusted, which markers stand
  --table NAME   only these: ${TABLE_NAMES.join(", ")}, ${SCALES}NAME
  --by FACTORS   a column per factor in place of model and condition, and rows or columns for its levels:
                 prompt,language; table1 holds all personas, by those of the factors that personas have
  --against FACTOR=LEVEL  with --by: what table1 compares the other levels with (default: condition=Base,
                 where conditions are a factor)
  --form NAME    the form of the personas that table1 counts, where they were written in several

Exit status: 0 done, 1 a table could not be built, 2 wrong arguments`,
    flags: {
      out: { type: "string" },
      schema: { type: "string" },
      mode: { type: "string", default: "printed" },
      table: { type: "string", multiple: true, default: [] },
      by: { type: "string" },
      against: { type: "string", multiple: true, default: [] },
      form: { type: "string" },
    },
    words: true,
  }, async (flags, words) => {
    const { schema = PUBLISHED, mode, table, by, against, form, ...given } = flags as {
      out?: string;
      schema?: string;
      mode: string;
      table: string[];
      by?: string;
      against: string[];
      form?: string;
    };
    const { out = folderOf(schema, by) } = given;
    if (mode !== "printed" && mode !== "corrected") {
      throw new UsageError(`--mode is printed or corrected: current value is ${mode}`);
    }
    if (words.length > 0 && table.length === 0) {
      throw new UsageError(`Unexpected ${words[0]}: tables are named with --table`);
    }
    if (by === undefined && against.length) {
      throw new UsageError("--against goes with --by: it names a level of one of its factors");
    }
    const study = await openDataset({ schema });
    let written: Written[];
    try {
      const factors = by === undefined ? undefined : await factorsFor(study, by, against, form);
      const known = await tablesOf(study);
      const names = [...table, ...words];
      const wrong = names.find((name) => !known.includes(name));
      if (wrong !== undefined) {
        throw new UsageError(`No table ${wrong}: did you mean ${nearest(wrong, known)}?`);
      }
      const all = factors ? known.filter((name) => isBy(name, factors)) : known;
      const without = factors && lacking(factors);
      if (without) console.log(without);
      written = await writeTables(study, out, names.length ? names : all, mode, { factors, form });
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
