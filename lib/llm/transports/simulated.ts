/** Replies that are computed here: nobody is asked, and nothing costs. */
import { hidden } from "../../config.ts";
import { providerOf } from "../providers.ts";
import { HERE, questionOf, type Travel } from "../transport.ts";

export const simulated: Travel = (model) => ({
  ...HERE,
  async ask(call, { signal = new AbortController().signal, hold, before, key: known } = {}) {
    const { key, body, request } = questionOf(model, call, known);
    await hold?.();
    await before?.(1);
    const start = performance.now();
    const reply = hidden(
      await providerOf(model.provider).send(model, body, signal, key),
      "keys",
    );
    return { request, reply, latency: performance.now() - start, attempts: 1 };
  },
});
