/** A run in which personas answer, what is to be of it at its end, and what it has cost. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { model } from "lib/llm.ts";
import { epqra } from "lib/paper/instruments.ts";
import { administrations, personas } from "lib/study.ts";
import { standIn } from "./llm_server.ts";
import { Made, served } from "./study_worker.ts";

/** A study with simulated personas, and a run in which a served model answers as each of them. */
export async function toAnswer(schema: string, n: number, url: string, calls: number, more = {}) {
  const made = await Made.with(schema, Math.ceil(n / 2));
  const writing = personas({ models: [model("simulated")], conditions: ["Base", "MaxN"] });
  await made.lab.run(await made.lab.register(writing));
  const sheets = administrations({ instrument: epqra, models: [served(url, calls, more)] });
  const run = await made.lab.register(sheets);
  await made.sql`update runs set budget_usd = 1000 where name = ${run}`;
  const planned = await made.value(
    "select count(*) from work join runs using (run) where kind = 'administrations'",
  );
  assert.equal(planned, n);
  return { made, run };
}

/** Every administration is there once, with the answers that the server gave, and paid for. */
export async function whole(made: Made, n: number): Promise<void> {
  const sheets = await made.rows(`
    select a.work, a.persona, a.answers, q.sent, q.reply
    from administrations a join requests q using (work)`) as {
    work: number;
    persona: number;
    answers: number[];
    sent: string;
    reply: string;
  }[];
  assert.equal(sheets.length, n);
  assert.equal(new Set(sheets.map(({ work }) => work)).size, n);
  assert.equal(new Set(sheets.map(({ persona }) => persona)).size, n);
  for (const { answers, sent, reply } of sheets) {
    const { messages: [system, user] } = JSON.parse(sent);
    const hash = createHash("sha256").update(sent).digest("hex");
    const said = standIn({ system: system.content, user: user.content, hash });
    assert.equal(JSON.parse(reply).choices[0].message.content, said);
    const words = JSON.parse(said);
    assert.deepEqual(answers, epqra.items.map(({ number }) => Number(words[number] === "True")));
  }
  const states = await made.rows(`
    select state, count(*) from work join runs using (run)
    where kind = 'administrations' group by state`);
  assert.deepEqual(states, [{ state: "done", count: n }]);
  const open = await made.value(`
    select count(*) from work
    where spent_calls + spent_tokens + spent_usd + held_calls + held_tokens + held_usd <> 0`);
  assert.equal(open, 0);
}

/** What the run of administrations has cost, and what its stored replies did. */
export async function booked(made: Made) {
  const [row] = await made.rows(`
    select r.calls, r.tokens, r.usd, r.lost_calls, r.lost_tokens, r.lost_usd,
           sum(q.attempts) as attempts, sum(q.tokens_in + q.tokens_out) as reply_tokens,
           sum(q.usd) as reply_usd
    from runs r join requests q using (run) where r.kind = 'administrations' group by r.run`);
  return row as Record<
    | "calls"
    | "tokens"
    | "usd"
    | "lost_calls"
    | "lost_tokens"
    | "lost_usd"
    | "attempts"
    | "reply_tokens"
    | "reply_usd",
    number
  >;
}
