/** Replies that are there already: of what was never asked there is none, and nobody is asked for it. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { CallError } from "../faults.ts";
import { HERE, questionOf, type Travel } from "../transport.ts";

/**
 * Only replies that a record holds, by `requestKey`; a miss is an error, never a call.
 *
 * @param record without one a run has the replies that the study has stored, and no others
 */
export const recorded = (
  record: (key: string) => Promise<string | null> = () => Promise.resolve(null),
): Travel =>
(model) => ({
  ...HERE,
  async ask(call, { key: known } = {}) {
    const { key, request } = questionOf(model, call, known);
    const reply = await record(key);
    if (reply !== null) return { request, reply, latency: 0, attempts: 0 };
    throw new CallError(
      `${model.id}: no reply is recorded under the key ${key}: model, messages, parameters or ` +
        "repetition differ from those that were recorded",
      "not recorded",
      false,
      0,
    );
  },
});

const Line = z.object({ key: z.string().regex(/^[0-9a-f]{64}$/), reply: z.string() });

/**
 * Recorded replies from a file, for `recorded`: JSON Lines with `key` and `reply`. Of several under one key
 * the last counts: it was asked for because those before it were of no use.
 *
 * @throws {Error} naming the line that does not fit
 */
export function recordedFile(path: string): (key: string) => Promise<string | null> {
  const replies = new Map<string, string>();
  for (const [index, text] of readFileSync(path, "utf8").split("\n").entries()) {
    if (!text.trim()) continue;
    try {
      const { key, reply } = Line.parse(JSON.parse(text));
      replies.set(key, reply);
    } catch {
      throw new Error(
        `${path} line ${index + 1} is no recorded reply: expected ` +
          '{"key": "64 hex digits", "reply": "…"}',
      );
    }
  }
  return (key) => Promise.resolve(replies.get(key) ?? null);
}
