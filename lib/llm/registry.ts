/** The models: which there are, what they cost, and the user's own on top. */
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { z } from "zod";
import { ROOT, secret, variable } from "../config.ts";
import { nearest } from "../format.ts";
import { listed } from "./prices.ts";
import { providerOf, providers } from "./providers.ts";

/** What a model costs: USD per million tokens. */
export interface Price {
  input: number;
  output: number;
  /** When this was the price: `2026-11-21`, or `2026-11`. */
  as_of: string;
  /** Who says so, and where others say something else. */
  source: string;
}

export interface Model {
  /** The short name under which the study keeps it. */
  id: string;
  label: string;
  /** Who replies, by name; `openai` is everything that speaks OpenAI's chat completions. */
  provider: string;
  /** The provider's own id of it. */
  model: string;
  /** Address of an OpenAI-compatible server; OpenAI's own where there is none. */
  base_url?: string;
  /**
   * NAME of the variable that holds the key; null where none is needed. Without it OPENAI_API_KEY,
   * which a registry file may leave out for OpenAI's own address only: a key must not go to others
   * by accident.
   */
  key?: string | null;
  /** Bedrock's region; without it AWS_REGION. */
  region?: string;
  temperature?: number;
  top_p?: number;
  /** Longest reply, in tokens. */
  max_tokens: number;
  /** The field that carries `max_tokens`, for servers that take only the newer one. */
  max_tokens_as?: "max_tokens" | "max_completion_tokens";
  /** How JSON is asked for, where a call has a schema; `text` leaves it to the prompt. */
  format: "json_schema" | "json_object" | "text";
  /** False where the model takes no system message: its text then begins the user's message. */
  system?: boolean;
  /** Further fields of the request, sent as they are. */
  more?: Record<string, unknown>;
  price: Price | null;
  concurrency?: { start?: number; most?: number };
  /** Time limit of one attempt; 60 without it. */
  timeout_seconds?: number;
  /**
   * By whose Batch API it is asked in batches, where its address does not say, and which share of its price
   * a call then costs, where the provider's usual one does not hold.
   */
  batch?: { api?: "openai" | "groq" | "together" | "anthropic"; share?: number };
  /** Simulated only: the share of answers that differ from the profile's. */
  error_rate?: number;
}

/** A model as it stands in a registry file. */
type Listed = Omit<Model, "price"> & {
  /** The user's own price, or null: unknown. Without it, the price that `listed()` finds. */
  price?: Price | null;
  /** The provider's document that the fields come from. */
  docs?: string;
};

const Text = z.string().trim().min(1);
const Count = z.int().min(1);

const PriceEntry = z.strictObject({
  input: z.number().min(0),
  output: z.number().min(0),
  as_of: z.string().regex(/^\d{4}-\d\d(-\d\d)?$/, "must be a date such as 2026-11-21"),
  source: Text,
});

/** Fields of the request that the entry's own fields set. */
const OWN = [
  "model",
  "messages",
  "temperature",
  "top_p",
  "max_tokens",
  "max_completion_tokens",
  "response_format",
  "stream",
  "n",
];

const FIELDS = {
  id: z.string().regex(
    /^[A-Za-z0-9][\w.-]{0,49}$/,
    "must have 1 to 50 letters, digits, '.', '_' or '-'",
  ),
  label: Text,
  provider: z.string().refine((name) => providers().includes(name), {
    error: () => `must be one of ${providers().join(", ")}`,
  }),
  model: Text,
  base_url: z.string().refine(isAddress, {
    error: "must be http:// or https://, without user, password, ? and #: a key belongs in .env",
  }).optional(),
  key: z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
    error: "must be the name of a variable such as GROQ_API_KEY, not the key itself",
  }).nullable().optional(),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be a region such as us-east-1")
    .optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  max_tokens: Count,
  max_tokens_as: z.enum(["max_tokens", "max_completion_tokens"]).optional(),
  format: z.enum(["json_schema", "json_object", "text"]),
  system: z.boolean().optional(),
  more: z.record(z.string(), z.unknown()).refine((more) => !OWN.some((name) => name in more), {
    error: `must not set ${OWN.join(", ")}: they have places of their own`,
  }).optional(),
  price: PriceEntry.nullable().optional(),
  docs: z.url({ protocol: /^https$/ }).optional(),
  concurrency: z.strictObject({ start: Count.optional(), most: Count.optional() }).optional(),
  timeout_seconds: z.number().gt(0).max(3600).optional(),
  batch: z.strictObject({
    api: z.enum(["openai", "groq", "together", "anthropic"]).optional(),
    share: z.number().gt(0).max(1).optional(),
  }).optional(),
  error_rate: z.number().min(0).max(1).optional(),
};

/** Fields that one provider has. */
const OF_ONE = [
  ["base_url", "openai"],
  ["key", "openai"],
  ["max_tokens_as", "openai"],
  ["batch", "openai"],
  ["region", "bedrock"],
] as const;

const Entry: z.ZodType<Listed> = z.strictObject(FIELDS).superRefine((entry, context) => {
  const wrong = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (!providers().includes(entry.provider)) return;
  for (const [field, owner] of OF_ONE) {
    if (entry[field] !== undefined && entry.provider !== owner) {
      wrong(field, `is for provider ${owner} only`);
    }
  }
  for (const [field, complaint] of providerOf(entry.provider).faults(entry)) {
    wrong(field, complaint);
  }
});
/** Null leaves out what the shipped entry has. */
const Changes = z.strictObject({
  ...FIELDS,
  temperature: FIELDS.temperature.nullable(),
  top_p: FIELDS.top_p.nullable(),
}).partial().required({ id: true });
const File = z.array(z.looseObject({ id: FIELDS.id }));

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && !(username + password + search + hash);
}

const SHIPPED = join(ROOT, "dataset", "models.json");

/** The user's own registry: MODELS_FILE, or `dataset/models.local.json`; it need not exist. */
export function modelsFile(): string {
  return resolve(ROOT, variable("MODELS_FILE") ?? join("dataset", "models.local.json"));
}

let read: { stamp: string; models: readonly Model[] } | null = null;

/**
 * Every model: those of `dataset/models.json`, with the user's file on top. An entry of that file
 * with an id that is known changes the fields that it names; any other is a model of its own.
 *
 * @throws {Error} naming the file, the model and the field that does not fit
 */
export function models(): readonly Model[] {
  const own = modelsFile();
  const stamp = [SHIPPED, own].map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return `${path} ${stat?.mtimeMs} ${stat?.size}`;
  }).join();
  if (read?.stamp !== stamp) {
    const shipped = entries(SHIPPED).map((entry) => checked(Entry, entry, SHIPPED));
    read = { stamp, models: merged(shipped, own).map(priced) };
    // From here on no text shows these keys, whether or not their models are used.
    for (const { key } of read.models) if (key) secret(key);
  }
  return read.models;
}

/**
 * One model.
 *
 * @throws {Error} when there is none of that id, with the nearest that there is
 */
export function model(id: string): Model {
  const found = models().find((model) => model.id === id);
  if (found) return found;
  throw new Error(
    `No model ${JSON.stringify(id)}: did you mean ${nearest(id, models().map(({ id }) => id))}? ` +
      `A model of your own is an entry in ${shown()}, in the form of dataset/models.json`,
  );
}

/** What is listed, with its price: where none stands there, the library's. */
function priced({ docs: _, ...entry }: Listed): Model {
  const { price = listed(entry) } = entry;
  return { ...entry, price };
}

function merged(shipped: readonly Listed[], path: string): readonly Listed[] {
  const all = new Map(shipped.map((model) => [model.id, model]));
  for (const entry of entries(path)) {
    const before = all.get(entry.id);
    const changes = before ? checked(Changes, entry, path) : entry;
    const whole: Record<string, unknown> = { ...before, ...changes };
    // What a model costs here is not what it costs elsewhere.
    if ("base_url" in changes || "provider" in changes) whole.price = changes.price;
    for (const name of ["temperature", "top_p"]) if (whole[name] === null) delete whole[name];
    all.set(entry.id, checked(Entry, { ...whole, id: entry.id }, path));
  }
  return [...all.values()];
}

/** The entries of a registry file; none where there is no file. */
function entries(path: string): z.infer<typeof File> {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${shown(path)} is not JSON: ${(error as Error).message}`);
  }
  const { success, data, error } = File.safeParse(value);
  if (!success) {
    const { path: at, message } = error.issues[0]!;
    throw new Error(
      `${shown(path)} must be a list of models, each with an id: ${
        at.join(".") || "it"
      }: ${message}`,
    );
  }
  const twice = data.find(({ id }, place) => data.findIndex((other) => other.id === id) < place);
  if (twice) throw new Error(`${shown(path)} has two models ${twice.id}: keep one`);
  return data;
}

function checked<T>(shape: z.ZodType<T>, entry: { id: string }, path: string): T {
  const parsed = shape.safeParse(entry);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const place = `${shown(path)}, model ${entry.id}`;
  if (issue.code === "unrecognized_keys") {
    const [group, known] = issue.path[0] === "price"
      ? ["price.", Object.keys(PriceEntry.shape)]
      : issue.path[0] === "concurrency"
      ? ["concurrency.", ["start", "most"]]
      : issue.path[0] === "batch"
      ? ["batch.", ["api", "share"]]
      : ["", Object.keys(FIELDS)];
    const key = issue.keys[0]!;
    throw new Error(
      `${place}: unknown field ${group}${key}: did you mean ${group}${nearest(key, known)}?`,
    );
  }
  throw new Error(`${place}: ${issue.path.join(".")}: ${issue.message}`);
}

/** A path, shorter where it is inside the project; the user's registry without one. */
export function shown(path = modelsFile()): string {
  const inside = relative(ROOT, path);
  return inside.startsWith("..") ? path : inside;
}

const Imported = z.object({
  input_cost_per_token: z.number().min(0),
  output_cost_per_token: z.number().min(0),
  litellm_provider: z.string(),
});

/**
 * Prices of models from a local copy of LiteLLM's `model_prices_and_context_window.json`, which has
 * USD per token. A price of the model's own region goes before the general one. Models that the file
 * does not know, or that run on the user's own machine, are left out.
 *
 * @returns by id, in USD per million tokens, as of the file's date
 * @throws {Error} when the file is not such a list
 */
export function importPrices(
  path: string,
  of: readonly Model[] = models(),
): Record<string, Price> {
  const list = z.record(z.string(), z.unknown()).safeParse(json(path));
  if (!list.success) {
    throw new Error(`${path} is not LiteLLM's price list: it must be one JSON object`);
  }
  const as_of = statSync(path).mtime.toISOString().slice(0, 10);
  const perMillion = (usd: number) => Number((usd * 1e6).toPrecision(12));
  return Object.fromEntries(of.flatMap((model) => {
    for (const [name, from] of providerOf(model.provider).listedAs(model)) {
      const { success, data } = Imported.safeParse(list.data[name]);
      if (!success || !from(data.litellm_provider)) continue;
      const { input_cost_per_token: input, output_cost_per_token: output } = data;
      const source = `${basename(path)} (LiteLLM), entry ${name}`;
      return [[model.id, { input: perMillion(input), output: perMillion(output), as_of, source }]];
    }
    return [];
  }));
}

function json(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`Cannot read prices from ${path}: ${(error as Error).message}`);
  }
}

/**
 * Writes prices into the user's registry, beside what it holds; whole or not at all.
 *
 * @throws {Error} when a price is of no known model or does not fit
 */
export function writePrices(prices: Readonly<Record<string, Price>>): void {
  const path = modelsFile();
  const all = new Map<string, { id: string }>(entries(path).map((entry) => [entry.id, entry]));
  for (const [id, price] of Object.entries(prices)) {
    model(id);
    const entry = { ...all.get(id), id, price };
    all.set(id, checked(Changes, entry, path));
  }
  const temporary = `${path}.${Deno.pid}`;
  writeFileSync(temporary, `${JSON.stringify([...all.values()], null, 2)}\n`);
  renameSync(temporary, path);
}
