/**
 * Questions asked many at a time, and replied to within a day.
 *
 * A batch of lines is made, looked after, and its results fetched as lines in any order. What is said here of
 * a provider is documented by it; of what it says instead, an unknown word for the state of a batch means that
 * it goes on.
 */
import { files } from "./batches/files.ts";
import { messages } from "./batches/messages.ts";
import { BatchError, type Protocol, type Remote } from "./batches/protocol.ts";
import { providerOf } from "./providers.ts";
import type { Model } from "./registry.ts";
import { checkPurpose } from "./transports/live.ts";

/** How and with which limits one takes batches. */
export interface Dialect extends Protocol {
  /** Host of its address. */
  host: string;
  /** Most lines and bytes of a batch. */
  lines: number;
  bytes: number;
  /** Which share of a model's price a call in a batch costs, where it says so for all models. */
  share: number;
}

/** Under the limit, which each counts in a way of its own. */
const MB = 1_000_000;
const OPENAI = {
  ...files({ path: "/files", purpose: "batch" }),
  lines: 50_000,
  bytes: 190 * MB,
  share: 0.5,
} as const;

const DIALECTS: Readonly<Record<NonNullable<NonNullable<Model["batch"]>["api"]>, Dialect>> = {
  openai: { ...OPENAI, host: "api.openai.com" },
  groq: { ...OPENAI, host: "api.groq.com" },
  // “Up to” half of the price: which models cost less a model's entry says.
  together: {
    ...OPENAI,
    ...files({
      path: "/files/upload",
      purpose: "batch-api",
      more: [["file_name", "batch.jsonl"], ["file_type", "jsonl"]],
    }),
    host: "api.together.xyz",
    bytes: 95 * MB,
    share: 1,
  },
  anthropic: {
    ...messages,
    host: "api.anthropic.com",
    lines: 100_000,
    bytes: 240 * MB,
    share: 0.5,
  },
};

/** How a model is asked in batches; null where nobody takes any. */
function dialectOf({ provider, base_url, batch }: Model): Dialect | null {
  if (provider !== "openai") return null;
  if (batch?.api) return DIALECTS[batch.api];
  const host = base_url === undefined ? DIALECTS.openai.host : new URL(base_url).hostname;
  return Object.values(DIALECTS).find((dialect) => dialect.host === host) ?? null;
}

/**
 * How a model is asked in batches.
 *
 * @throws {Error} when nobody takes any, with what to do
 */
export function dialectFor(model: Model): Dialect {
  const dialect = dialectOf(model);
  if (dialect) return dialect;
  const { id, provider } = model, { address } = providerOf(provider);
  const own = provider === "openai"
    ? `; where it speaks the Batch API of ${Object.keys(DIALECTS).join(", ")}, say so in the ` +
      `model's entry ("batch": {"api": "openai"}), else run without batches`
    : ": run without batches";
  throw new Error(
    `${id} cannot be asked in batches: ${address(model)} is not known to take them${own}`,
  );
}

/**
 * Whether a model can be asked in batches, before anything is handed over.
 *
 * @throws {Error} when it cannot, or not with all that its entry says, or may cost money where nothing may
 */
export function checkBatches(model: Model): void {
  dialectFor(model).check?.(model);
  checkPurpose(model);
}

/** A model at the price of a call in a batch. */
export function inBatches(model: Model): Model {
  const { price, batch } = model;
  if (!price) return model;
  const share = batch?.share ?? dialectOf(model)?.share ?? 1;
  const source = share === 1 ? price.source : `${price.source}; ${share} of it in a batch`;
  return {
    ...model,
    price: { ...price, input: price.input * share, output: price.output * share, source },
  };
}

/** A batch as it stands; null where the provider has none of that name any more. */
export async function retrieveBatch(model: Model, id: string): Promise<Remote | null> {
  try {
    return await dialectFor(model).retrieve(model, id);
  } catch (error) {
    if (error instanceof BatchError && error.missing) return null;
    throw error;
  }
}

/** Batches made since a time, or up to a day before, whoever made them. */
export async function listBatches(model: Model, since: Date): Promise<Remote[]> {
  // Clocks differ: a day is more than any of them does.
  const oldest = Number(since) - 24 * 3600 * 1000;
  const all: Remote[] = [];
  let after: string | undefined;
  for (;;) {
    const { page, more } = await dialectFor(model).list(model, after);
    const recent = page.filter(({ created }) => !(Number(created) < oldest));
    all.push(...recent);
    const last = page.at(-1);
    if (!more || !last || last.id === after || !recent.includes(last)) return all;
    after = last.id;
  }
}
