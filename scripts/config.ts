/** `deno task config`: what is set and what would be used, without a secret. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { hidden, ROOT, secret, settings, variable } from "lib/config.ts";
import { connect, embedded } from "lib/db.ts";
import { nearest } from "lib/format.ts";
import { frame } from "lib/frames.ts";
import {
  complete,
  importPrices,
  LIBRARY,
  type Model,
  models,
  modelsFile,
  type Price,
  readyOf,
  transportOf,
  worstCost,
  writePrices,
} from "lib/llm.ts";
import { tableText } from "lib/notebook.ts";
import { main, message, UsageError } from "./cli.ts";

/** Whether a price (`2026-11-21`, `2026-11`) is more than a year old. */
export function outdated(as_of: string): boolean {
  const year = new Date();
  year.setFullYear(year.getFullYear() - 1);
  return as_of < year.toISOString().slice(0, as_of.length);
}

const usd = (value: number): string => `USD ${value.toFixed(value > 0 && value < 0.1 ? 6 : 2)}`;
const ids = (of: readonly Model[]): string => of.map(({ id }) => id).join(", ");

/** Lines of one thing that can be set; a problem is one where something is set and is wrong. */
interface Section {
  name: string;
  lines: string[];
  problems: string[];
}

/** A section whose own errors are its problems. */
async function section(
  name: string,
  tell: (lines: string[], problems: string[]) => Promise<void> | void,
): Promise<Section> {
  const lines: string[] = [], problems: string[] = [];
  try {
    await tell(lines, problems);
  } catch (error) {
    problems.push(message(error));
  }
  return { name, lines, problems };
}

async function database(lines: string[]): Promise<void> {
  const { server, dataDir, studySchema } = settings();
  if (server) {
    const { host, port, database, user, ssl } = server;
    const how = ssl ? "encrypted" : "not encrypted";
    lines.push(`${host}:${port}/${database} (yours), as ${user}, ${how}`);
    const sql = await connect("reader");
    const [row] = await sql<{ version: string }[]>`select version() as version`;
    lines.push(`it answers: ${row!.version.split(" on ")[0]}`);
    await sql.end();
  } else {
    const state = await embedded.running() ? "running" : "not running; commands start it";
    lines.push(`embedded PostgreSQL in ${dataDir} (${state})`);
  }
  lines.push(`new work goes to schema ${studySchema} (STUDY_SCHEMA)`);
}

const OPENAI_KEY = "OPENAI_API_KEY";

function openai(lines: string[], of: readonly Model[]): void {
  const own = of.filter(({ provider, base_url }) => provider === "openai" && !base_url);
  lines.push(keyLine(OPENAI_KEY), `for ${ids(own)}`);
  for (const name of ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]) {
    if (variable(name)) lines.push(`${name} is set`);
  }
}

const keyLine = (name: string): string =>
  secret(name) === null
    ? `${name} is not set: put it into the environment or .env`
    : `${name} is set`;

function compatible(lines: string[], of: readonly Model[]): void {
  const servers = Map.groupBy(
    of.filter(({ base_url }) => base_url),
    ({ base_url, key }) =>
      `${base_url}; ${key === null || key === undefined ? "needs no key" : keyLine(key)}`,
  );
  for (const [server, own] of servers) lines.push(`${ids(own)}: ${server}`);
}

function bedrock(lines: string[], problems: string[], of: readonly Model[]): void {
  const own = of.filter(({ provider }) => provider === "bedrock");
  const [token, id, key, profile] = [
    secret("AWS_BEARER_TOKEN_BEDROCK"),
    secret("AWS_ACCESS_KEY_ID"),
    secret("AWS_SECRET_ACCESS_KEY"),
    variable("AWS_PROFILE"),
  ];
  lines.push(
    `credentials: ${
      token
        ? "AWS_BEARER_TOKEN_BEDROCK"
        : id && key
        ? `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY${
          secret("AWS_SESSION_TOKEN") ? ", with AWS_SESSION_TOKEN" : ""
        }`
        : profile
        ? `AWS_PROFILE ${profile}`
        : "none is set: AWS's own chain (~/.aws, or the role of the machine) is tried at the first call"
    }`,
  );
  if (!token && Boolean(id) !== Boolean(key)) {
    const [there, missing] = id
      ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
      : ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"];
    problems.push(`${there} is set and ${missing} is not: set both or none`);
  }
  const region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION");
  lines.push(
    region ? `region: ${region}` : "region: AWS_REGION is not set",
    ...own.map((model) =>
      `${model.id}: ${model.region ?? region ?? "cannot be asked without a region"}`
    ),
  );
  const endpoint = variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME");
  if (endpoint) lines.push(`address: ${endpoint} (AWS_ENDPOINT_URL_BEDROCK_RUNTIME)`);
}

function registry(lines: string[], problems: string[], of: readonly Model[]): void {
  const path = modelsFile();
  const inside = relative(ROOT, path);
  const file = inside.startsWith("..") ? path : inside;
  const there = existsSync(path);
  lines.push(
    there
      ? `${of.length} models: dataset/models.json with ${file} on top`
      : `${of.length} models: dataset/models.json; entries of your own go into ${file}`,
  );
  const { name, version, date } = LIBRARY;
  lines.push(
    `prices: ${name} ${version} of ${date}, where no entry has one of its own; nothing is fetched`,
  );
  if (!there && variable("MODELS_FILE")) {
    problems.push(`MODELS_FILE names ${path}, and there is no such file`);
  }
  const old = of.filter(({ price }) => price && outdated(price.as_of));
  for (const { id, price } of old) {
    lines.push(
      `the price of ${id} is of ${price!.as_of}, more than a year old: check it, or import ` +
        "newer ones with --prices",
    );
  }
  const unpriced = of.filter(({ price }) => price === null);
  if (unpriced.length) {
    lines.push(`no price is known for ${ids(unpriced)}: budgets of calls and tokens work`);
  }
}

/** What can be asked, at what price. */
function table(of: readonly Model[]): string {
  return tableText(
    frame(
      of.map((model) => ({ ...model, ...model.price, ready: readyOf(model) })),
      {
        id: "text",
        provider: "text",
        model: "text",
        input: "number",
        output: "number",
        as_of: "text",
        ready: "text",
      },
    ),
    "Models, and what they cost: USD per million tokens in and out",
  );
}

async function shown(): Promise<number> {
  let known: readonly Model[] = [];
  const of = await section("models", (lines, problems) => {
    known = models();
    registry(lines, problems, known);
  });
  const sections = [
    await section("database", database),
    ...known.length
      ? [
        await section("OpenAI", (lines) => openai(lines, known)),
        await section("compatible", (lines) => compatible(lines, known)),
        await section("Bedrock", (lines, problems) => bedrock(lines, problems, known)),
      ]
      : [],
    of,
  ];
  for (const { name, lines, problems } of sections) {
    const all = [...lines, ...problems.map((problem) => `WRONG: ${problem}`)];
    all.forEach((line, index) => console.log(hidden(`${(index ? "" : name).padEnd(11)} ${line}`)));
  }
  if (known.length) {
    console.log(`\n${table(known)}`);
    console.log("\nTry one with one small call: deno task config --call ID");
  }
  const wrong = sections.reduce((sum, { problems }) => sum + problems.length, 0);
  if (wrong) console.error(`\n${wrong} ${wrong === 1 ? "setting is" : "settings are"} wrong`);
  return wrong ? 1 : 0;
}

/** Longest reply to the call that tries a model, tokens: the least that all providers take. */
const MOST = 16;

async function called(id: string): Promise<number> {
  const known = models();
  const found = known.find((model) => model.id === id);
  if (!found) {
    throw new UsageError(
      `No model ${id}: did you mean ${nearest(id, known.map(({ id }) => id))}?`,
    );
  }
  const model = { ...found, max_tokens: MOST };
  const call = {
    messages: [{ role: "user" as const, content: "Reply with the word “ready” and nothing else." }],
  };
  const most = worstCost(model, call);
  console.log(
    `One call to ${id} (${model.model}): at most ${most.tokens} tokens, ` +
      (!transportOf(model).outside
        ? "computed here, free"
        : most.usd === null
        ? "price unknown"
        : `at most ${usd(most.usd)}`),
  );
  const { text, usage, problem, latency, usd: paid } = await complete(model, call, { retries: 1 });
  const used = usage ? `${usage.input} tokens asked, ${usage.output} replied` : "usage not said";
  const price = paid === null ? "price unknown" : usd(paid);
  console.log(`It answered in ${Math.round(latency)} ms: ${used}, ${price}`);
  console.log(hidden(text === null ? `No text: ${problem}` : `Its reply: ${JSON.stringify(text)}`));
  // Some models think aloud: cut off at so few tokens, they have answered all the same.
  return text === null && usage === null ? 1 : 0;
}

function imported(path: string): void {
  const before = new Map(models().map(({ id, price }) => [id, price]));
  const prices = importPrices(path);
  const given = Object.entries(prices);
  if (!given.length) throw new Error(`${path} has no price of any model that is known here`);
  writePrices(prices);
  const told = (price: Price | null | undefined) =>
    price ? `${price.input} / ${price.output} (${price.as_of})` : "unknown";
  for (const [id, price] of given) {
    console.log(`  ${id.padEnd(20)} ${told(before.get(id))} → ${told(price)}`);
  }
  console.log(
    `${given.length} of ${before.size} models have a price from ${path}: written to ` +
      `${modelsFile()} (USD per million tokens in / out)`,
  );
}

if (import.meta.main) {
  await main({
    usage: "deno task config [--call MODEL] [--prices FILE]",
    help: `Shows what is set and what would be used: database, providers, models, prices. It calls
nobody and prints no secret.

  --call MODEL   tries one model with one small call (at most ${MOST} tokens of reply), after saying
                 what it costs
  --prices FILE  takes prices from a local copy of LiteLLM's model_prices_and_context_window.json into
                 your own file of models

Keys stand in the environment or in .env (see .env.example); models of your own in
dataset/models.local.json, or the file that MODELS_FILE names, in the form of dataset/models.json.

Exit status: 0 also when nothing is set; 1 where something that is set is wrong, 2 wrong arguments`,
    flags: { call: { type: "string" }, prices: { type: "string" } },
  }, async ({ call, prices }) => {
    if (typeof prices === "string") imported(prices);
    if (typeof call === "string") return await called(call);
    return prices === undefined ? await shown() : 0;
  });
}
