/** A study of the published size, against a local server that answers at once. */
import OpenAI from "openai";
import { connect, type Sql } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { statusesOf } from "lib/forms.ts";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Model, model } from "lib/llm.ts";
import { administrations, enter, type Laboratory, personas } from "lib/study.ts";
import { progress } from "../cli.ts";
import { median, timed } from "./measure.ts";

const SCHEMA = "bench_study";
const IN_FLIGHT = 64;
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
  const lab = await enter({ schema: SCHEMA });
  try {
    progress("making 82,600 personas");
    await published(lab, sql);
    const names = await registered(lab, localModel("local", near.url));
    await pickedUp(lab, names[0]!, runs);
    await beside(lab, sql, names[0]!, near.url, runs, TIMED, "no latency");
    const distant = localModel("distant", far.url);
    const plan = administrations({ instrument: epqra, models: [distant], personas: [1, 2, 3] });
    const away = await lab.register(plan);
    await beside(lab, sql, away, far.url, runs, TIMED, `${LATENCY_MS} ms latency`);
    await memory(names);
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

async function server(latency: number): Promise<{ url: string; child: Deno.ChildProcess }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/llm_server.ts", "--latency", String(latency)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return { url: value.trim(), child };
}

const localModel = (id: string, url: string): Model => ({
  id,
  label: id,
  provider: "openai",
  model: id,
  base_url: `${url}/v1`,
  key: null,
  max_tokens: 1000,
  format: "json_object",
  price: { input: 0, output: 0, as_of: "2026-11-21", source: "a server of this machine" },
  concurrency: { start: IN_FLIGHT, most: IN_FLIGHT },
});

/** 826 profiles × 10 repetitions × 2 conditions × 5 models, with texts as long as the published ones. */
async function published(lab: Laboratory, sql: Sql): Promise<void> {
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

async function registered(lab: Laboratory, local: Model): Promise<string[]> {
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

async function pickedUp(lab: Laboratory, name: string, runs: number): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const started = performance.now();
    await lab.run(name, { limit: 1 });
    times.push((performance.now() - started) / 1000);
  }
  say("first of 247,800 pieces of work done", spread(times, "s"));
}

/** The same calls through our code and through the client alone, in turns. */
async function beside(
  lab: Laboratory,
  sql: Sql,
  name: string,
  url: string,
  runs: number,
  calls: number,
  how: string,
): Promise<void> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const ours: number[] = [], bare: number[] = [];
  for (let index = 0; index < runs; index++) {
    progress(`administrations: run ${index + 1} of ${runs}`);
    const { done, seconds } = await lab.run(name, { limit: calls });
    ours.push(done / seconds);
    const rows = await sql<{ sent: string }[]>`
      select sent from ${sql(SCHEMA)}.requests order by request desc limit ${calls}`;
    const bodies = rows.map(({ sent }) => JSON.parse(sent));
    const started = performance.now();
    let next = 0;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      while (next < bodies.length) {
        const reply = await client.chat.completions.create(bodies[next++]);
        JSON.parse(reply.choices[0]!.message.content!);
      }
    }));
    bare.push(calls / ((performance.now() - started) / 1000));
  }
  progress("");
  say(`administrations, ${IN_FLIGHT} in flight, ${how}`, spread(ours, "per second", 0));
  say("the same calls by the bare client", spread(bare, "per second", 0));
  say("ratio", spread(ours.map((value, index) => value / bare[index]!), ""));
}

/** Peak memory of a process that does 10,000, and of one that does 100,000. */
async function memory(names: readonly string[]): Promise<void> {
  for (const limit of [MANY / 20, MANY / 2]) {
    const all = whole(2 * limit);
    progress(`memory: ${all} administrations`);
    const words = ["run", ...names, "--schema", SCHEMA, "--limit", `${limit}`, "--yes"];
    const run = await timed(
      Deno.execPath(),
      // As the task runs it: V8 otherwise lets garbage pile up before it collects any.
      ["run", "-A", "--v8-flags=--max-old-space-size=256", "scripts/study.ts", ...words],
      {},
      [3], // stopped with work left, which the limit makes sure of
    );
    progress("");
    say(
      `memory, ${all} administrations`,
      `${run.megabytes?.toFixed(0) ?? "—"} MB peak, ${
        (2 * limit / run.seconds).toFixed(0)
      } per second`,
    );
  }
}

/** Work whose replies are stored, done again. */
async function again(lab: Laboratory, sql: Sql, name: string, runs: number): Promise<void> {
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
    const { done, seconds } = await lab.run(name, { recorded: true, limit: REPEATED });
    rates.push(done / seconds);
  }
  say("stored replies read again", spread(rates, "per second", 0));
}

const spread = (values: readonly number[], unit: string, decimals = 2): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const text = (value: number) => value.toFixed(decimals);
  return `${text(median(values))} ${unit} (${text(low)}–${text(high)})`.replace("  ", " ");
};

const say = (what: string, value: string): void => console.log(`${what.padEnd(48)} ${value}`);
