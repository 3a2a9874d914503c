/** What is booked for a reply. */
import { cost, type Model, type Opened } from "../llm.ts";
import type { Charge } from "./queue.ts";

/**
 * What a reply has cost: one that does not say what it used is booked at its most, and what was written
 * beyond that.
 */
export function billOf(model: Model, reply: Opened, most: Omit<Charge, "calls">): Charge {
  const { usage } = reply, over = reply.over ?? 0;
  return {
    calls: 1,
    tokens: usage ? usage.input + usage.output : most.tokens + over,
    usd: (usage && cost(model, usage)) ??
      most.usd + (cost(model, { input: 0, output: over }) ?? 0),
  };
}
