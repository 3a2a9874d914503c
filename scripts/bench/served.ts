/** What is asked of a local server beside the bare client, and how much memory that takes. */
import OpenAI from "openai";
import type { Sql } from "lib/db.ts";
import { whole } from "lib/format.ts";
import type { Model } from "lib/llm.ts";
import type { Study } from "lib/study.ts";
import { progress } from "../cli.ts";
import { MEMORY } from "../memory.ts";
import { against, type Goal, median, say, timed } from "./measure.ts";

const IN_FLIGHT = 64;

export async function server(latency: number): Promise<{ url: string; child: Deno.ChildProcess }> {
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

export const localModel = (id: string, url: string): Model => ({
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

/** What is timed. */
export interface Timed {
  url: string;
  runs: number;
  calls: number;
  what: string;
  how: string;
  /** What the ratio is to be. */
  goal: Goal;
}

/** The same calls through our code and through the client alone, in turns. */
export async function beside(
  lab: Study,
  sql: Sql,
  name: string,
  { url, runs, calls, what, how, goal }: Timed,
): Promise<void> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const ours: number[] = [], bare: number[] = [];
  for (let index = 0; index < runs; index++) {
    progress(`administrations: run ${index + 1} of ${runs}`);
    const { done, seconds } = await lab.run(name, { limit: calls });
    ours.push(done / seconds);
    const rows = await sql<{ sent: string }[]>`
      select sent from ${sql(lab.schema)}.requests order by request desc limit ${calls}`;
    const bodies = rows.map(({ sent }) => JSON.parse(sent));
    const started = performance.now();
    let next = 0;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      while (next < bodies.length) {
        const reply = await client.chat.completions.create(bodies[next++]);
        JSON.parse(reply.choices[0]!.message.content!);
      }
    }));
    bare.push(bodies.length / ((performance.now() - started) / 1000));
  }
  progress("");
  say(`${what}, ${IN_FLIGHT} in flight, ${how}`, spread(ours, "per second", 0));
  say("the same calls by the bare client", spread(bare, "per second", 0));
  const ratios = ours.map((value, index) => value / bare[index]!);
  say("ratio", spread(ratios, ""), against(median(ratios), goal));
}

/** Peak memory of processes that do so many pieces of each run, one after the other. */
export async function memory(
  schema: string,
  names: readonly string[],
  limits: readonly number[],
  what = "administrations",
): Promise<void> {
  for (const limit of limits) {
    const calls = names.length * limit;
    progress(`memory: ${whole(calls)} ${what}`);
    const words = ["run", ...names, "--schema", schema, "--limit", `${limit}`, "--yes"];
    const run = await timed(
      Deno.execPath(),
      ["run", "-A", ...MEMORY.study!, "scripts/study.ts", ...words],
      {},
      [0, 3], // stopped with work left, or at its end
    );
    progress("");
    say(
      `memory, ${whole(calls)} ${what}`,
      `${run.megabytes?.toFixed(0) ?? "—"} MB peak, ${(calls / run.seconds).toFixed(0)} per second`,
      run.megabytes === null ? "" : against(run.megabytes, { most: 200 }),
    );
  }
}

export const spread = (values: readonly number[], unit: string, decimals = 2): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const text = (value: number) => value.toFixed(decimals);
  return `${text(median(values))} ${unit} (${text(low)}–${text(high)})`.replace("  ", " ");
};
