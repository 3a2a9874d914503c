/** Questions that are asked one by one: beside the bare client, and memory over many of them. */
import { connect } from "lib/db.ts";
import { whole } from "lib/format.ts";
import { epqra } from "lib/paper/instruments.ts";
import { administrations, openStudy } from "lib/study.ts";
import { progress } from "../cli.ts";
import { say } from "./measure.ts";
import { beside, localModel, memory, server } from "./served.ts";

const SCHEMA = "bench_asking";
const ITEMS = epqra.items.length;
/** A quick real model's answer takes longer. */
const LATENCY_MS = 100;

/** @param full 300,000 replies, which takes some ten minutes; else a tenth */
export async function asking(runs: number, full: boolean): Promise<void> {
  const sql = await connect("owner");
  const drop = () => sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  await drop();
  const near = await server(0), far = await server(LATENCY_MS);
  const lab = await openStudy({ schema: SCHEMA });
  try {
    const replies = full ? 300_000 : 30_000, calls = full ? 6000 : 3000;
    const [few, many] = [replies / 10, replies];
    const what = "questions, one by one", how = `${LATENCY_MS} ms latency`;
    const people = Math.ceil(Math.max(few + many, runs * calls) / ITEMS);
    progress(`making ${people} people`);
    await lab.population(
      Array.from({ length: people }, (_, at) => ({
        age: 18 + at % 70,
        sex: at % 2 ? "Male" : "Female",
        town: `Town ${at % 40}`,
      })),
      { instrument: null, name: "people" },
    );
    const asked = { instrument: epqra, of: "profiles", asked: 1, coding: "label" } as const;
    const plan = (id: string, url: string) =>
      administrations({ ...asked, models: [localModel(id, url)] });
    const started = performance.now();
    const name = await lab.register(plan("local", near.url));
    say(
      `register ${whole(people * ITEMS)} questions`,
      `${((performance.now() - started) / 1000).toFixed(2)} s`,
    );
    await beside(lab, sql, await lab.register(plan("distant", far.url)), {
      ...{ runs, calls, what, how },
      url: far.url,
      goal: { least: 0.9 },
    });
    await memory(SCHEMA, [name], [few, many], "replies");
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
