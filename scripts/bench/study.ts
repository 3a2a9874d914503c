/** A study of the published size, against a local server that answers at once. */
import { connect, type Sql } from "lib/db.ts";
import { statusesOf } from "lib/forms.ts";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Model, model, recorded } from "lib/llm.ts";
import { administrations, openStudy, personas, type Study } from "lib/study.ts";
import { progress } from "../cli.ts";
import { against, median, say } from "./measure.ts";
import { beside, localModel, memory, server, spread } from "./served.ts";

const SCHEMA = "bench_study";
/** Administrations that are timed beside the bare client. */
const TIMED = 4000;
/** A quick real model's answer takes longer. */
const LATENCY_MS = 100;
const MANY = 100_000;
const REPEATED = 20_000;

export async function study(runs: number): Promise<void> {
  const sql = await connect("owner");
  const drop = () => sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  await drop();
  const near = await server(0), far = await server(LATENCY_MS);
  const lab = await openStudy({ schema: SCHEMA });
  try {
    progress("making 82,600 personas");
    await published(lab, sql);
    const names = await registered(lab, localModel("local", near.url));
    await pickedUp(lab, names[0]!, runs);
    const timed = { runs, calls: TIMED, what: "administrations" };
    await beside(lab, sql, names[0]!, {
      ...timed,
      url: near.url,
      how: "no latency",
      goal: { least: 0.5 },
    });
    const distant = localModel("distant", far.url);
    const plan = administrations({ instrument: epqra, models: [distant], personas: [1, 2, 3] });
    const away = await lab.register(plan);
    await beside(lab, sql, away, {
      ...timed,
      url: far.url,
      how: `${LATENCY_MS} ms latency`,
      goal: { least: 0.97 },
    });
    await memory(SCHEMA, names, [MANY / 20, MANY / 2]);
    await again(lab, sql, names[0]!, runs);
  } finally {
    await lab.close();
    for (const { child } of [near, far]) {
      child.kill();
      await child.status;
    }
    await drop();
    await sql.end();
  }
}

/** 826 profiles × 10 repetitions × 2 conditions × 5 models, with texts as long as the published ones. */
async function published(lab: Study, sql: Sql): Promise<void> {
  await lab.population();
  const writers = [1, 2, 3, 4, 5].map((n) => ({
    ...model("simulated"),
    id: `writer${n}`,
    label: `Writer ${n}`,
  }));
  const plan = personas({ models: writers, conditions: ["Base", "MaxN"], repetitions: 10 });
  await lab.register(plan);
  const sentence = "Works nights, walks home the long way and keeps a list of small worries. ";
  const written = Object.fromEntries(
    biography.fields.map(({ name, kind }) => [name, kind === "text" ? name : 40]),
  );
  const fields = JSON.stringify(written);
  await sql`
    insert into ${sql(SCHEMA)}.personas_written (
      work, ref_personality_id, population, model, model_print, population_print, repetitions,
      repetition_count, shown, changed, form, fields, cleaned, status, words)
    select w.work, w.profile, c.population, c.model_id, c.model_label, c.condition, w.repetition,
           10, p.answers, '{}', ${biography.name},
           ${fields}::text::jsonb || jsonb_build_object(
             'name', 'N ' || w.work,
             'description', 'Person ' || w.work || '. ' || repeat(${sentence}, 14 + w.work % 9)),
           '{}', ${JSON.stringify(statusesOf(biography, written))}::text::jsonb,
           '{"description": 150}'
    from ${sql(SCHEMA)}.work w
    join ${sql(SCHEMA)}.cells c on c.cell = w.cell
    join ${sql(SCHEMA)}.populations o on o.role = 'reference'
    join ${sql(SCHEMA)}.profiles p on p.population = o.name and p.profile = w.profile`;
  await sql`update ${sql(SCHEMA)}.work set state = 'done'`;
  for (const table of ["work", "personas_written"]) {
    await sql`vacuum analyze ${sql(SCHEMA)}.${sql(table)}`;
  }
}

async function registered(lab: Study, local: Model): Promise<string[]> {
  const plans = [epqra, bfi44].map((instrument) =>
    administrations({ instrument, models: [local], personas: "all" })
  );
  const estimating = performance.now();
  await lab.estimate(plans[0]!);
  const estimated = performance.now() - estimating;
  const started = performance.now();
  const names: string[] = [];
  for (const plan of plans) names.push(await lab.register(plan));
  const seconds = (performance.now() - started) / 1000;
  say("register 82,600 × 2 instruments", `${seconds.toFixed(2)} s`);
  say("estimate of 82,600 administrations", `${(estimated / 1000).toFixed(2)} s`);
  return names;
}

async function pickedUp(lab: Study, name: string, runs: number): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const started = performance.now();
    await lab.run(name, { limit: 1 });
    times.push((performance.now() - started) / 1000);
  }
  say("first of 247,800 pieces of work done", spread(times, "s"));
}

/** Work whose replies are stored, done again. */
async function again(lab: Study, sql: Sql, name: string, runs: number): Promise<void> {
  const rates: number[] = [];
  for (let index = 0; index < runs; index++) {
    await sql`
      with again as (
        select w.work from ${sql(SCHEMA)}.work w join ${sql(SCHEMA)}.runs r on r.run = w.run
        where r.name = ${name} and w.state = 'done' order by w.work limit ${REPEATED}
      ), gone as (
        delete from ${sql(SCHEMA)}.administrations where work in (select work from again)
      )
      update ${sql(SCHEMA)}.work set state = 'planned' where work in (select work from again)`;
    const { done, seconds } = await lab.run(name, { transport: recorded(), limit: REPEATED });
    rates.push(done / seconds);
  }
  say(
    "stored replies read again",
    spread(rates, "per second", 0),
    against(median(rates), { least: 10_000 }),
  );
}
