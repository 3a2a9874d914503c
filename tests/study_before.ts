/**
 * A study schema as commit 088c288 left it, with the plans that made it: what the tests load, and what
 * `fixtures/study_088c288/README.md` says how to make.
 */
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { ROOT } from "lib/config.ts";
import { address, migrate, parted, type Sql } from "lib/db.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument } from "lib/instruments.ts";
import { type Model, model } from "lib/llm.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, instrumentFrom, personas, type Plan } from "lib/study.ts";
import { until } from "./command.ts";
import { type Answer, provider, type Server } from "./llm_server.ts";

const FOLDER = join(ROOT, "tests", "fixtures", "study_088c288");

/** The last migration that the fixture has. */
export const LAST = "005_personas";

/** The population, by a path as a user in the project's folder types it. */
export const PROFILES = "tests/fixtures/study_088c288/twelve.csv";

/** Part of what a key and a plan are made from, so that it is always the same. */
const PORT = 18_288;

const PRICE = { input: 1, output: 2, as_of: "2026-11-26", source: "a test" };

/** A model that a local server stands for. */
const OWN: Model = {
  id: "own",
  label: "Own model",
  provider: "openai",
  model: "stand-in",
  base_url: `http://127.0.0.1:${PORT}/v1`,
  key: null,
  temperature: 0.7,
  top_p: 0.9,
  max_tokens: 900,
  format: "json_schema",
  price: PRICE,
  concurrency: { start: 1, most: 1 },
};

/** One without a price and a system message, with a field of its own. */
const BARE: Model = {
  id: "bare",
  label: "Bare",
  provider: "openai",
  model: "stand-in-bare",
  base_url: `http://127.0.0.1:${PORT}/v1`,
  key: null,
  max_tokens: 700,
  max_tokens_as: "max_completion_tokens",
  format: "json_object",
  system: false,
  more: { reasoning_effort: "low" },
  price: null,
  concurrency: { start: 1, most: 1 },
};

const CLOUD: Model = {
  id: "cloud",
  label: "Cloud",
  provider: "bedrock",
  model: "eu.stand-in-v1:0",
  region: "eu-west-1",
  temperature: 0.5,
  max_tokens: 800,
  format: "text",
  price: PRICE,
  concurrency: { start: 1, most: 1 },
};

export const WRITTEN = shippedPrompt("persona", "1");
export const SPANISH = editPrompt(WRITTEN, {
  user: `${WRITTEN.user}\n\nThe person lives in Spain.`,
});

/** The plans of the study, by what they are for, as a notebook that is run again makes them. */
export function plans() {
  const simulated = model("simulated");
  const sheets = shippedPrompt("administration", "1");
  const order: Instrument = instrumentFrom(join(ROOT, "tests/fixtures/instruments/order.csv"));
  return {
    people: personas({
      models: [simulated, OWN],
      conditions: ["Base", "MaxN", "N=3"],
      repetitions: 2,
      profiles: 4,
      prompt: WRITTEN,
    }),
    /** With another prompt, and with failures of every kind. */
    variant: personas({
      models: [OWN],
      conditions: ["Base"],
      profiles: 6,
      prompt: SPANISH,
      variant: "v2",
    }),
    /** Four of its six are in `people`. */
    again: personas({
      models: [simulated],
      conditions: ["Base"],
      profiles: 6,
      prompt: WRITTEN,
      name: "six at least",
    }),
    shuffled: administrations({
      instrument: epqra,
      items: "shuffled",
      options: "reversed",
      prompt: sheets,
    }),
    cloud: administrations({
      instrument: epqra,
      models: [CLOUD],
      prompt: sheets,
      name: "by the cloud",
    }),
    original: administrations({
      instrument: epqra,
      models: [BARE],
      original: true,
      seed: 7,
      variant: "orig",
      prompt: sheets,
    }),
    /** Half done. */
    bfi: administrations({ instrument: bfi44, personas: "all", prompt: sheets }),
    /** Killed twice. */
    order: administrations({
      instrument: order,
      models: [OWN],
      personas: [2],
      coding: "label",
      prompt: sheets,
    }),
    /** Not begun. */
    later: administrations({
      instrument: epqra,
      models: [simulated],
      personas: [2],
      repetitions: 2,
      coding: "yes/no",
      variant: "later",
      prompt: sheets,
    }),
  } satisfies Record<string, Plan>;
}

/** The trials of the study: of a persona prompt under MaxN, and of one for sheets. */
export function trials() {
  const before = shippedPrompt("administration", "1");
  const after = editPrompt(before, { user: `${before.user}\n\nTake your time.` });
  const { people, cloud } = plans();
  return {
    personas: {
      plan: people,
      trial: { prompts: [WRITTEN, SPANISH], profiles: [3, 17], conditions: ["MaxN"] },
    },
    sheets: {
      plan: { ...cloud, models: [model("simulated")] },
      trial: { prompts: [before, after], profiles: [58], conditions: ["N=3"] },
    },
  };
}

/**
 * The server that the models of the study are asked at: real HTTP at the address that is part of their
 * keys. Where something listens there, such as this test elsewhere, it waits.
 */
export async function serving(answer?: Answer): Promise<Server & AsyncDisposable> {
  let server: Server | undefined;
  await until(`port ${PORT}`, () => {
    try {
      server = provider({ port: PORT, ...(answer && { answer }) });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
    return server !== undefined;
  });
  const made = server!;
  const aws = {
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: made.url,
    AWS_ACCESS_KEY_ID: "made-up-for-tests",
    AWS_SECRET_ACCESS_KEY: "made-up-for-tests",
  };
  const before = Object.keys(aws).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(aws)) Deno.env.set(name, value);
  return {
    ...made,
    async [Symbol.asyncDispose]() {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
      await made.close();
    },
  };
}

/** Text of a file of the fixture that is packed. */
export async function unpacked(name: string): Promise<string> {
  const file = await Deno.open(join(FOLDER, `${name}.gz`));
  return await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
}

export interface Table {
  name: string;
  columns: string[];
  /** Rows as COPY writes them, each with its line feed. */
  rows: string;
}

/** The dump: COPY blocks in the order in which rows can be put in, and where the numbering is. */
export function read(dump: string): { tables: Table[]; numbering: string[] } {
  const tables: Table[] = [], numbering: string[] = [];
  const block = /^COPY (\w+) \((.*)\) FROM stdin;\n((?:.*\n)*?)\\\.\n/gm;
  for (const [, name, columns, rows] of dump.matchAll(block)) {
    const names = columns!.split(", ").map((column) => column.replaceAll('"', ""));
    tables.push({ name: name!, columns: names, rows: rows! });
  }
  for (const [line] of dump.replace(block, "").matchAll(/^SELECT .*;$/gm)) numbering.push(line);
  return { tables, numbering };
}

/** Makes a schema as 088c288 would, and puts the study into it. */
export async function load(schema: string): Promise<void> {
  const { tables, numbering } = read(await unpacked("study.sql"));
  await migrate(schema, "study", LAST);
  const { host, port, database, user, password, ssl } = await address("owner");
  const client = new pg.Client({ host, port, database, user, password, ssl });
  const lost = new Promise<never>((_, reject) =>
    client.once("end", () => reject(new Error("lost")))
  );
  lost.catch(() => {});
  await client.connect();
  try {
    await client.query(`set search_path to ${pg.escapeIdentifier(schema)}`);
    for (const { name, columns, rows } of tables) {
      const list = columns.map((column) => pg.escapeIdentifier(column)).join(", ");
      const stream = client.query(copyFrom(`copy ${name} (${list}) from stdin`));
      await Promise.race([pipeline(Readable.from([rows], { objectMode: false }), stream), lost]);
    }
    for (const line of numbering) await client.query(line);
  } finally {
    await parted(client.end());
  }
}

/** What a column holds, whatever the order of the rows: how many values, and their hash. */
export interface Held {
  n: number;
  md5: string;
}

/** What values hold that a statement selects, one column; times in UTC. */
export async function held(sql: Sql, select: string): Promise<Held> {
  return await sql.begin(async (sql) => {
    await sql`set local time zone 'UTC'`;
    const [row] = await sql.unsafe<[Held]>(`
      select count(value)::int as n,
             md5(coalesce(string_agg(value, E'\\n' order by value collate "C"), '')) as md5
      from (select value::text from (${select}) given(value)) texts`);
    return { ...row };
  }) as Held;
}

type Rows = readonly Record<string, unknown>[];

/** What the code of 088c288 says about the fixture. */
export const golden: {
  /** Names of the runs by plan. */
  plans: Readonly<Record<string, string>>;
  runs: readonly {
    name: string;
    identity: string;
    cells: readonly {
      population: string;
      model_id: string;
      label: string;
      condition: string;
      setting: string;
    }[];
  }[];
  tables: Readonly<Record<string, { rows: number; columns: Readonly<Record<string, Held>> }>>;
  sums: Readonly<Record<string, number>>;
  status: Rows;
  prompts: Rows;
  flow: Rows;
  failures: Rows;
  flags: Rows;
  faults: Readonly<Record<string, Rows>>;
  tried: Readonly<Record<string, { replies: Rows; fields: Rows; scores: Rows }>>;
  reparsed: Readonly<Record<string, Readonly<Record<string, number>>>>;
} = JSON.parse(Deno.readTextFileSync(join(FOLDER, "golden.json")));
