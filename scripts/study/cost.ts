/** What a plan has left to do, and what it costs. */
import { z } from "zod";
import { dollars, plural, whole } from "lib/format.ts";
import { rows } from "lib/frames.ts";
import { tableText } from "lib/notebook.ts";
import type { Plan, Study } from "lib/study.ts";
import { outdated } from "../config.ts";
import { type Standing, typed } from "./place.ts";

const Row = z.object({
  model: z.string(),
  calls: z.number().nullable(),
  tokens_in: z.number().nullable(),
  tokens_out: z.number().nullable(),
  replies_measured: z.number().nullable(),
  tokens_needed: z.number().nullable(),
  tokens_allowed: z.number().nullable(),
  usd: z.number().nullable(),
  usd_most: z.number().nullable(),
  price_as_of: z.string().nullable(),
});

export interface Cost {
  calls: number;
  /** Generously counted. */
  tokens: number;
  usd: number | null;
  most: number | null;
  /** Models that have no price. */
  unpriced: string[];
  table: string;
  notes: string[];
}

/**
 * Calls, tokens and cost of what a plan has left, as a table and as numbers.
 *
 * @param batch whether at the price of batches
 */
export async function cost(lab: Study, plan: Plan, batch = false): Promise<Cost> {
  const frame = await lab.estimate(plan, { batch });
  const all = rows(frame, Row);
  const { calls, usd, usd_most: most } = all.pop()!;
  const asked = all.filter((row) => row.calls);
  const paid = asked.filter((row) => row.usd_most !== 0);
  const named = (rows: typeof all) => rows.map(({ model }) => model).join(", ");
  const unmeasured = paid.filter((row) => !row.replies_measured);
  const unpriced = paid.filter((row) => row.usd === null);
  const old = paid.filter(({ price_as_of }) => price_as_of && outdated(price_as_of));
  const notes = [
    ...most
      ? [
        "usd most takes every reply as long as the model may write; replies that do not fit and " +
        "are asked for again come on top",
      ]
      : [],
    ...unmeasured.length
      ? [
        `the length of replies is assumed for ${named(unmeasured)}: \`${
          typed(lab, `estimate ${plan.name} --pilot`)
        }\` measures it`,
      ]
      : [],
    ...unpriced.length ? [`no price is known for ${named(unpriced)}`] : [],
    ...old.map((row) => `the price of ${row.model} is of ${row.price_as_of}: more than a year old`),
  ];
  const short = asked.filter((row) =>
    row.tokens_allowed !== null && row.tokens_needed! > row.tokens_allowed
  );
  notes.push(
    ...short.map((row) =>
      `a whole reply of ${row.model} takes at least ${whole(row.tokens_needed!)} tokens, and its ` +
      `max_tokens is ${whole(row.tokens_allowed!)}: replies would be cut off, and run asks for ` +
      "--allow-truncated; raise max_tokens in its entry, then plan"
    ),
  );
  const decimals = (most ?? 0) >= 10 ? 2 : 4;
  return {
    calls: calls ?? 0,
    tokens: asked.reduce(
      (sum, { calls, tokens_in, tokens_out }) => sum + calls! * 2 * (tokens_in! + tokens_out!),
      0,
    ),
    usd,
    most,
    unpriced: unpriced.map((row) => row.model),
    table: tableText(
      frame.drop("tokens_needed", "tokens_allowed"),
      `What ${plan.name} has left to do${batch ? ", in batches" : ""}`,
      { decimals: { usd: decimals, usd_most: decimals } },
    ),
    notes,
  };
}

export function printCost({ table, notes }: Cost): void {
  console.log(`\n${table}`);
  for (const note of notes) console.log(`  ${note}`);
}

/**
 * Calls and cost in words.
 *
 * @param n so many of the calls; what failed before is among what a plan has left, and not asked
 */
export function inWords({ calls, usd, most, unpriced }: Cost, n: number): string {
  const part = calls ? n / calls : 1;
  const price = most === 0
    ? "free of charge"
    : usd === null
    ? `cost unknown (no price of ${unpriced.join(", ")})`
    : `about ${dollars(usd * part)}, at most ${dollars(most! * part)}`;
  return `${plural(n, "call")}, ${price}`;
}

/**
 * Flags of a budget that should do, for what the run has spent and will cost at most: the limits that it
 * has, as high as needed, because a budget takes the place of the one before; without any in USD, or in
 * calls, with some to spare, where the price is unknown. Nothing where its limits do.
 */
export function enough({ calls, tokens, most }: Cost, now: Standing): string {
  const usd = most === null ? null : (now.usd ?? 0) + now.lost_usd + most;
  const all = [
    ["--budget-usd", now.budget_usd, usd === null ? null : Math.ceil(usd * 100) / 100, 2],
    ["--budget-calls", now.budget_calls, now.calls + Math.ceil(calls * 1.2), 0],
    ["--budget-tokens", now.budget_tokens, now.tokens + Math.ceil(tokens), 0],
  ] as const;
  const known = all.flatMap(([flag, limit, need, places]) =>
    need === null ? [] : [{ flag, limit, need, places }]
  );
  const kept = known.filter(({ limit }) => limit !== null);
  if (kept.length && kept.every(({ limit, need }) => limit! >= need)) return "";
  return (kept.length ? kept : known.slice(0, 1))
    .map(({ flag, limit, need, places }) => `${flag} ${Math.max(need, limit ?? 0).toFixed(places)}`)
    .join(" ");
}
