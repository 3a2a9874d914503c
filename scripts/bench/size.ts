/** How time and memory grow with a study: tables of ten times the profiles, and a million to look at. */
import { join } from "node:path";
import { connect } from "lib/db.ts";
import { plural, whole } from "lib/format.ts";
import { MODELS } from "lib/paper/design.ts";
import { openStudy } from "lib/study.ts";
import { type Demographic, simulator, written } from "lib/validation/simulate.ts";
import { progress } from "../cli.ts";
import { MEMORY } from "../memory.ts";
import { measure, timed } from "./measure.ts";

const SCHEMA = "bench_size";
/** As the tasks run them. */
const TABLES = ["run", "-A", ...MEMORY.tables!, "scripts/tables.ts"];
const STUDY = ["run", "-A", ...MEMORY.study!, "scripts/study.ts"];

/** @param full as many profiles as studies are meant to bear; else a tenth, which takes minutes */
export async function size(runs: number, full: boolean): Promise<void> {
  const sql = await connect("owner");
  const drop = () => sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  const folder = await Deno.makeTempDir();
  try {
    for (const n of [826, full ? 8260 : 1652]) {
      await drop();
      progress(`making a study of ${plural(n, "profile")}`);
      await written(simulated(n), { schema: SCHEMA });
      for (const mode of ["printed", "corrected"]) {
        const flags = ["--schema", SCHEMA, "--mode", mode, "--out", folder];
        await measure(
          `tables of ${whole(n)} profiles, ${mode}`,
          runs,
          () => timed(Deno.execPath(), [...TABLES, ...flags]),
        );
      }
    }
    await drop();
    await many(full ? 1_000_000 : 100_000, folder, runs);
  } finally {
    await drop();
    await sql.end();
    await Deno.remove(folder, { recursive: true });
  }
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

/** So many profiles from a file, a persona of each planned, and how it stands. */
async function many(n: number, folder: string, runs: number): Promise<void> {
  const file = join(folder, "many.csv");
  const out = await Deno.open(file, { write: true, create: true });
  const write = (text: string) => out.write(new TextEncoder().encode(text));
  await write("id,sex,age,town\n");
  for (let from = 1; from <= n; from += 1000) {
    const rows = Array.from(
      { length: 1000 },
      (_, at) => `${from + at},${at % 2 ? "female" : "male"},${18 + at % 70},town ${at % 40}\n`,
    );
    await write(rows.join(""));
  }
  out.close();
  const study = (...words: string[]) =>
    timed(Deno.execPath(), [...STUDY, ...words, "--schema", SCHEMA]);
  await measure(`population of ${whole(n)} from a file`, 1, () => study("population", file));
  const plan = ["plan", "personas", "--model", "simulated", "--condition", "Base"];
  await measure(
    `registering ${whole(n)} personas, with their cost`,
    1,
    () => study(...plan, "--name", "many", "--population", "many"),
  );
  await measure("study status, the whole process", runs, () => study("status"));
  await measure("study status many, the whole process", runs, () => study("status", "many"));
  const lab = await openStudy({ schema: SCHEMA });
  try {
    await measure("status alone, as progress asks for it", runs, async () => {
      const started = performance.now();
      await lab.status();
      return { seconds: (performance.now() - started) / 1000, megabytes: null };
    });
  } finally {
    await lab.close();
  }
}
