/** How time, memory and disk grow: what is planned, run, put into tables and restored, at growing sizes. */
import { join } from "node:path";
import { settings } from "lib/config.ts";
import { connect, type Sql } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { restore } from "lib/paper/restore.ts";
import { curves, type Drawing } from "lib/plots.ts";
import { MODELS } from "lib/paper/design.ts";
import { openStudy } from "lib/study.ts";
import { type Demographic, simulator, written } from "lib/validation/simulate.ts";
import { progress } from "../cli.ts";
import { MEMORY } from "../memory.ts";
import { files, fullSize } from "./data.ts";
import { against, measure, say, timed } from "./measure.ts";

const SCHEMA = "bench_scale", BLOWN = "bench_blown";
const STUDY = ["run", "-A", ...MEMORY.study!, "scripts/study.ts"];
const TABLES = ["run", "-A", ...MEMORY.tables!, "scripts/tables.ts"];

/** One figure of the curves: seconds and MB of the process, MB on disk of what is there afterwards. */
interface Grown {
  what: string;
  n: number;
  unit: string;
  seconds: number;
  megabytes: number | null;
  disk: number;
}

/**
 * Measures, prints, and writes `scale.csv` and `scale.svg`.
 *
 * @param full as much as studies are meant to bear: hours and 60 GB; else what takes minutes
 */
export async function scale(runs: number, full: boolean): Promise<void> {
  const sql = await connect("owner");
  const folder = await Deno.makeTempDir();
  const grown: Grown[] = [];
  const [sizes, times] = full
    ? [[10_000, 100_000, 1_000_000, 10_000_000], [1, 3, 10]]
    : [[10_000, 30_000, 100_000], [1, 2]];
  try {
    for (const size of sizes) grown.push(...await planned(sql, folder, size, runs));
    for (const more of full ? [...times, 100] : times) {
      grown.push(...await tabled(sql, folder, 826 * more, runs));
    }
    for (const more of times) grown.push(await restored(sql, more, runs));
  } finally {
    for (const schema of [SCHEMA, BLOWN]) await sql`drop schema if exists ${sql(schema)} cascade`;
    await sql.end();
    await Deno.remove(folder, { recursive: true });
  }
  await keepCurves(grown);
}

/** MB that a schema takes on the disk, with its indexes. */
async function diskOf(sql: Sql, schema: string): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p')`;
  return row!.bytes / 1e6;
}

/** So many bare profiles from a file, a persona of each planned, and a part of these written. */
async function planned(
  sql: Sql,
  folder: string,
  n: number,
  runs: number,
): Promise<Grown[]> {
  await sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  const file = join(folder, "people.csv");
  {
    using out = await Deno.open(file, { write: true, create: true, truncate: true });
    const write = (text: string) => out.write(new TextEncoder().encode(text));
    await write("id,sex,age\n");
    for (let from = 1; from <= n; from += 10_000) {
      const rows = Array.from(
        { length: Math.min(10_000, n - from + 1) },
        (_, at) => `${from + at},${at % 2 ? "female" : "male"},${18 + at % 70}\n`,
      );
      await write(rows.join(""));
    }
  }
  const study = (words: string[], ends?: readonly number[]) =>
    timed(Deno.execPath(), [...STUDY, ...words, "--schema", SCHEMA], {}, ends);
  const lab = await openStudy({ schema: SCHEMA });
  await lab.close();
  await measure(`${whole(n)} profiles from a file`, 1, () => study(["population", file]));
  const plan = ["plan", "personas", "--model", "simulated", "--condition", "Base"];
  const register = await measure(
    `${whole(n)} pieces of work planned`,
    1,
    () => study([...plan, "--name", "many", "--population", "people"]),
  );
  const rate = n / register.seconds[0]!;
  // Fewer are done before the process has begun to work.
  if (n >= 1_000_000) {
    say("  of these a second", whole(Math.round(rate)), against(rate, { least: 10_000_000 / 180 }));
  }
  const standing = await openStudy({ schema: SCHEMA });
  await measure(`where ${whole(n)} pieces of work stand`, runs, async () => {
    const started = performance.now();
    await standing.status();
    return { seconds: (performance.now() - started) / 1000, megabytes: null };
  });
  await standing.close();
  const [before, part] = [await diskOf(sql, SCHEMA), n / 10];
  const run = await measure(
    `${whole(part)} personas written by the simulated model`,
    1,
    () => study(["run", "many", "--limit", `${part}`, "--yes"], [0, 3]),
  );
  const after = await diskOf(sql, SCHEMA);
  return [
    { ...one(register), what: "planned", n, unit: "pieces of work", disk: before },
    { ...one(run), what: "run", n: part, unit: "personas written", disk: after - before },
  ];
}

/** A study with the cells of the published one. */
function simulated(n: number) {
  const of = (rates: Demographic["rates"]): Demographic => ({ rates, icc: 0.2 });
  return simulator({
    profiles: { n, yes: 0.45 },
    models: MODELS.map(({ id, label }, at) => ({
      id,
      label,
      fidelity: 0.6 + at / 20,
      otherwise: 0.55,
      bfi: { loadings: { E: { E: 0.5 }, N: { N: 0.6 }, A: { P: -0.3 } } },
      demographics: {
        gender: of({ female: 0.5, male: 0.4, "non-binary": 0.1 }),
        race: of({ White: 0.5, Black: 0.2, Asian: 0.1, Latino: 0.2 }),
        sexual_orientation: of({ heterosexual: 0.6, "lgbtq+": 0.3, unspecified: 0.1 }),
        religious_belief: of({ Agnostic: 0.4, Atheist: 0.2, Christian: 0.4 }),
        political_orientation: of({ Conservative: 0.2, Progressive: 0.5, Centre: 0.3 }),
      },
    })),
  })(826);
}

/** So many profiles at most are drawn; more would take hours, and are copies of these. */
const DRAWN = 8260;

/** A study with so many times its profiles, and all that was made of them. */
async function multiplied(sql: Sql, schema: string, n: number, times: number): Promise<void> {
  await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    await sql`set local search_path = ${sql(schema)}`;
    // Rows that are copies refer to copies: nothing is to be checked row by row.
    await sql`set local session_replication_role = replica`;
    const [{ works, personas }] = await sql<[{ works: number; personas: number }]>`
      select (select max(work) from work) as works, (select max(id) from personas_written) as personas`;
    for (const table of ["profiles", "work", "personas_written", "administrations"]) {
      await sql`create temp table ${sql(`was_${table}`)} on commit drop as table ${sql(table)}`;
    }
    for (let more = 1; more < times; more++) {
      await sql`update was_profiles set profile = profile + ${n}`;
      await sql`
        update was_work set work = work + ${works}, sheet = sheet + ${works},
                            persona = persona + ${personas}, profile = profile + ${n}`;
      await sql`
        update was_personas_written
        set id = id + ${personas}, work = work + ${works},
            ref_personality_id = ref_personality_id + ${n}`;
      await sql`
        update was_administrations
        set work = work + ${works}, sheet = sheet + ${works}, persona = persona + ${personas},
            profile = profile + ${n}`;
      for (const table of ["profiles", "work", "personas_written", "administrations"]) {
        await sql`insert into ${sql(table)} select * from ${sql(`was_${table}`)}`;
      }
    }
  });
  for (const table of ["profiles", "work", "personas_written", "administrations"]) {
    await sql`analyze ${sql(schema)}.${sql(table)}`;
  }
}

/** The tables of a study of so many profiles, both ways. */
async function tabled(sql: Sql, folder: string, n: number, runs: number): Promise<Grown[]> {
  await sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  progress(`making a study of ${whole(n)} profiles`);
  const drawn = Math.min(n, DRAWN);
  await written(simulated(drawn), { schema: SCHEMA });
  if (n > drawn) await multiplied(sql, SCHEMA, drawn, n / drawn);
  const disk = await diskOf(sql, SCHEMA), grown: Grown[] = [];
  for (const mode of ["printed", "corrected"]) {
    const flags = ["--schema", SCHEMA, "--mode", mode, "--out", folder];
    const measured = await measure(
      `tables of ${whole(n)} profiles, ${mode}`,
      runs,
      () => timed(Deno.execPath(), [...TABLES, ...flags]),
    );
    if (measured.megabytes !== null) {
      say(
        "  memory",
        `${whole(Math.round(measured.megabytes))} MB`,
        against(measured.megabytes, { most: 400 }),
      );
    }
    grown.push({ ...one(measured), what: `tables, ${mode}`, n, unit: "profiles", disk });
  }
  return grown;
}

/** The published data with so many times the answers, from a plain dump. */
async function restored(sql: Sql, times: number, runs: number): Promise<Grown> {
  await sql`drop schema if exists ${sql(BLOWN)} cascade`;
  progress(`making a dump of ${times} times the published size`);
  await restore({ schema: BLOWN, force: true });
  await fullSize(sql, BLOWN, times);
  const own = await Deno.makeTempDir();
  try {
    await Deno.chmod(own, 0o777);
    await files(sql, own, BLOWN);
    await sql`drop schema ${sql(BLOWN)} cascade`;
    const dump = join(own, "sql", "personas_database_backup.sql");
    const words = ["--from", dump, "--schema", BLOWN, "--force"];
    const measured = await measure(
      `restore of ${times} times the published size`,
      runs,
      () => timed(Deno.execPath(), ["run", "-A", "scripts/restore.ts", ...words]),
    );
    const [row] = await sql<{ n: number }[]>`
      select count(*)::float8 as n from ${sql(BLOWN)}.eval_questionnaires`;
    const disk = await diskOf(sql, BLOWN);
    return { ...one(measured), what: "restored", n: row!.n, unit: "answers", disk };
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

const one = ({ seconds, megabytes }: Awaited<ReturnType<typeof measure>>) => ({
  seconds: seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!,
  megabytes,
});

const SERIES = ["planned", "run", "tables, printed", "tables, corrected", "restored"];

/** The curves as a file of numbers and a figure, in the folder of outputs. */
async function keepCurves(grown: readonly Grown[]): Promise<void> {
  const folder = join(settings().outDir, "scale");
  await Deno.mkdir(folder, { recursive: true });
  const columns = ["what", "n", "unit", "seconds", "megabytes", "disk"] as const;
  const lines = grown.map((row) =>
    columns.map((name) => row[name] ?? "").map((value) =>
      /,/.test(`${value}`) ? `"${value}"` : value
    )
  );
  await Deno.writeTextFile(
    join(folder, "scale.csv"),
    [columns, ...lines].map((line) => `${line.join(",")}\n`).join(""),
  );
  await Deno.writeTextFile(join(folder, "scale.svg"), figure(grown)());
  console.log(`curves: ${join(folder, "scale.csv")}, scale.svg`);
}

/** Seconds, memory and disk over size, all as powers of ten, so that what grows alike is parallel. */
function figure(grown: readonly Grown[]): Drawing {
  const panels = [["seconds", "Seconds"], ["megabytes", "Memory, MB"], [
    "disk",
    "Disk, MB",
  ]] as const;
  return curves({
    title: "How time, memory and disk grow with a study",
    xLabel: "Pieces of work, personas, profiles or answers, as a power of 10",
    yLabel: "Power of 10",
    panels: panels.map(([key, title]) => ({ key, title })),
    points: SERIES.flatMap((series) =>
      grown.filter(({ what }) => what === series).flatMap((row) =>
        panels.map(([panel]) => {
          const value = row[panel];
          return {
            panel,
            series,
            x: Math.log10(row.n),
            value: value ? Math.log10(value) : null,
            low: null,
            high: null,
          };
        })
      )
    ),
    range: [0, 1],
    decimals: { value: 1, x: 1 },
  });
}
