/** What the parts of a battery cost, and which of them a budget bears. */
import { z } from "zod";
import { rows } from "../../frames.ts";
import type { Budget, Plan, Study } from "../../study.ts";

/** A part of the battery. */
export interface Part {
  name: string;
  /** What it asks, in words. */
  asks: string;
  /** In the order in which they are begun. */
  plans: readonly Plan[];
}

export const COSTS = {
  validity_part: "text",
  asks: "text",
  calls: "integer",
  calls_left: "integer",
  tokens: "integer",
  usd: "number",
  usd_most: "number",
  taken: "text",
} as const;

const Left = z.object({
  run: z.string().nullish(),
  model: z.string(),
  calls: z.number(),
  tokens_in: z.number().nullable(),
  tokens_out: z.number().nullable(),
  usd: z.number().nullable(),
  usd_most: z.number().nullable(),
});

const Spent = z.object({
  run: z.string(),
  calls: z.number(),
  tokens: z.number(),
  usd: z.number().nullable(),
});

type Cost = Awaited<ReturnType<typeof costs>>[number];

/** What parts cost in this order: of each with what was spent, and whether it was begun. */
async function costs(lab: Study, parts: readonly Part[]) {
  const plans = parts.flatMap(({ plans }) => plans);
  const left = rows(await lab.estimate(plans, { shown: false }), Left).filter(({ model }) =>
    model !== "all"
  );
  const spent = rows(await lab.status(), Spent);
  return parts.map(({ name, asks, plans: own }) => {
    const names = own.map(({ name }) => name);
    const open = left.filter(({ run }) => run == null || names.includes(run));
    const paid = spent.filter(({ run }) => names.includes(run));
    const tokens = (one: z.infer<typeof Left>) =>
      one.calls * ((one.tokens_in ?? 0) + (one.tokens_out ?? 0));
    const before = paid.map(({ usd }) => usd);
    return {
      validity_part: name,
      asks,
      calls: sum([...paid, ...open].map(({ calls }) => calls))!,
      calls_left: sum(open.map(({ calls }) => calls))!,
      tokens: Math.round(sum([...paid.map(({ tokens }) => tokens), ...open.map(tokens)])!),
      usd: sum([...before, ...open.map(({ usd }) => usd)]),
      usd_most: sum([...before, ...open.map(({ usd_most }) => usd_most)]),
      begun: paid.some(({ calls }) => calls > 0),
    };
  });
}

const sum = (of: readonly (number | null)[]): number | null =>
  of.reduce((total, one) => total === null || one === null ? null : total + one, 0);

/**
 * The parts that the budget bears, the cheapest first. One that was begun stays: what it will have cost is not
 * what it was to cost.
 */
export async function within(lab: Study, parts: readonly Part[], budget: Budget) {
  const first = await costs(lab, parts);
  const dear = ({ usd, calls }: Cost) => [usd ?? Infinity, calls] as const;
  let open = parts.map((part, at) => ({ part, at: dear(first[at]!) }))
    .toSorted((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]).map(({ part }) => part);
  const out: (Omit<Cost, "begun"> & { taken: string })[] = [];
  for (;;) {
    const found = await costs(lab, open), had = { usd: 0, calls: 0, tokens: 0 };
    for (const one of found.filter(({ begun }) => begun)) add(had, one);
    const over = found.find((one) => {
      if (one.begun) return false;
      const kinds = (Object.keys(budget) as (keyof Budget)[])
        .filter((kind) => budget[kind] !== undefined);
      if (kinds.some((kind) => !(had[kind] + (one[kind] ?? Infinity) <= budget[kind]!))) {
        return true;
      }
      add(had, one);
      return false;
    });
    if (!over) {
      const rows = found.map(({ begun: _, ...one }) => ({ ...one, taken: "yes" }));
      return { taken: open, rows: [...rows, ...out] };
    }
    const { begun: _, ...one } = over;
    out.push({ ...one, taken: "no: over the budget" });
    open = open.filter(({ name }) => name !== over.validity_part);
  }
}

function add(had: { usd: number; calls: number; tokens: number }, one: Cost): void {
  had.usd += one.usd ?? 0;
  had.calls += one.calls;
  had.tokens += one.tokens;
}

export function total(costs: readonly (Omit<Cost, "begun"> & { taken: string })[]) {
  const own = costs.filter(({ taken }) => taken === "yes");
  return {
    validity_part: "all",
    asks: null,
    calls: sum(own.map(({ calls }) => calls)),
    calls_left: sum(own.map(({ calls_left }) => calls_left)),
    tokens: sum(own.map(({ tokens }) => tokens)),
    usd: sum(own.map(({ usd }) => usd)),
    usd_most: sum(own.map(({ usd_most }) => usd_most)),
    taken: null,
  };
}
