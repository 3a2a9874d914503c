import { reparsePublished } from "lib/paper/reparse.ts";
import assert from "node:assert/strict";
import { z } from "zod";
import { connect } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { restore } from "lib/paper/restore.ts";
import { administrations, personas } from "lib/study.ts";
import { epqra } from "lib/paper/instruments.ts";
import { SMALL } from "./data.ts";
import { provider } from "./llm_server.ts";
import { Made, served } from "./study_worker.ts";

const Row = z.object({
  instrument: z.string(),
  model: z.string(),
  replies: z.number(),
  no_sheet: z.number(),
  answers: z.number(),
  equal: z.number(),
  differing: z.number(),
  only_published: z.number(),
  only_parsed: z.number(),
});

Deno.test("published replies, parsed again, give the published answers", async () => {
  await restore({ schema: "reparsed", from: SMALL });
  const sql = await connect("owner");
  const again = async () => rows(await reparsePublished(sql, "reparsed"), Row);
  const sum = (of: z.infer<typeof Row>[], name: keyof z.infer<typeof Row>) =>
    of.reduce((total, row) => total + Number(row[name]), 0);
  const first = await again();
  const [stored] = await sql`
    select count(*)::int as replies from reparsed.experiment_request_metadata where response_json is not null`;
  assert.equal(first.length, 10); // two instruments, five models
  assert.equal(sum(first, "replies"), stored!.replies);
  assert.equal(sum(first, "no_sheet"), 4); // the dump has four replies that are an empty object
  assert.ok(sum(first, "answers") > 25_000);
  assert.equal(sum(first, "equal"), sum(first, "answers"));
  assert.equal(sum(first, "only_published") + sum(first, "only_parsed"), 0);

  // One answer turned round and one taken away.
  const [one] = await sql`
    select a.id, a.experiment_id from reparsed.eval_questionnaires a
    join reparsed.experiment_request_metadata m on m.experiment_id = a.experiment_id
    join reparsed.experiments_list l on l.experiment_id = a.experiment_id
    where m.response_json->'choices' is not null and l.questionnaire = 'epqra' and a.answer = 1
      and a.question_number = 3
    order by a.id limit 1`;
  await sql`update reparsed.eval_questionnaires set answer = 0 where id = ${one!.id}`;
  await sql`
    delete from reparsed.eval_questionnaires
    where experiment_id = ${one!.experiment_id} and question_number = 4`;
  const second = await again();
  assert.equal(sum(second, "differing"), 1);
  assert.equal(sum(second, "only_parsed"), 1);
  assert.equal(sum(second, "equal"), sum(first, "equal") - 2);
  await sql.end();
});

const written = (name: string, age = 34) =>
  JSON.stringify({
    name,
    age,
    gender: "Female",
    sexual_orientation: "Heterosexual",
    race: "White",
    ethnicity: "European",
    religious_belief: "Agnostic",
    occupation: "Teacher",
    political_orientation: "Progressive",
    location: "Chicago",
    description: `${name} teaches, reads and walks.`,
  });

const sheet = JSON.stringify({
  ...Object.fromEntries(epqra.items.map(({ number }) => [number, number % 2 ? "True" : "False"])),
  explanation: "So I am.",
});

Deno.test("rows that were made from drafts change or are withdrawn, and are asked anew", async () => {
  // A study whose four personas and sheets stand as if drafts had been read: each request is kept, and
  // the replies of two personas and of one sheet are given drafts afterwards.
  const server = provider({
    answer: ({ system, user, times }) =>
      /questionnaire|True/i.test(system + user) && !/description/.test(user)
        ? { text: sheet }
        : { text: written(times > 1 ? "Anew" : "Draft", 99) },
  });
  await using made = await Made.with("reparse_drafts", 4);
  const { lab, sql } = made;
  const model = served(server.url, 4);
  const free = { budget: { calls: 1000 } };
  const people = await lab.register(personas({ models: [model], conditions: ["Base"] }));
  await lab.run(people, free);
  const sheets = await lab.register(administrations({ instrument: epqra, models: [model] }));
  await lab.run(sheets, free);
  const count = async (what: string) =>
    Number((await sql.unsafe(`select count(*) as n from ${what}`))[0]!.n);
  assert.deepEqual([await count("personas"), await count("administrations")], [4, 4]);
  const said = (draft: string, answer: string) =>
    JSON.stringify({
      choices: [{
        message: { content: `<think>${draft}</think>\n${answer}` },
        finish_reason: "stop",
      }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
  const [first, second] = await sql`
    select w.work, p.id from personas p join work w on w.work = p.work order by w.work limit 2`;
  const [, , third] = await sql`select work from administrations order by work`;
  const replace = (work: number, reply: string) =>
    sql`update requests set reply = ${reply} where work = ${work}`;
  await replace(first!.work, said(written("Draft", 99), written("Ana 1", 31)));
  await replace(second!.work, said(written("Draft", 99), "I cannot write this."));
  await replace(third!.work, said(sheet, "I cannot answer this for somebody else."));
  const kept = await count("requests");

  const nothing = { changed: 0, gained: 0, lost: 0 };
  assert.deepEqual(await lab.reparse(people, { write: false }), {
    replies: 4,
    same: 2,
    changed: 1,
    gained: 0,
    lost: 1,
  });
  assert.equal(await count("personas where name = 'Draft'"), 4);
  assert.equal((await lab.reparse(people)).lost, 1);
  assert.deepEqual(
    [await count("personas"), await count("personas where name = 'Ana 1' and age = 31")],
    [3, 1],
  );
  // Two sheets were given by a draft, one is a refusal; the fourth stands.
  const found = { replies: 4, same: 1, changed: 0, gained: 0, lost: 3 };
  assert.deepEqual(await lab.reparse(sheets, { write: false }), found);
  assert.deepEqual(await lab.reparse(sheets), found);
  assert.equal(await count("administrations"), 1);
  const reasons = (await sql`
    select distinct split_part(reason, ':', 1) as reason from work where state = 'failed'
    order by 1`).map(({ reason }) => reason);
  assert.deepEqual(reasons, [
    "not readable",
    "the persona that was asked is another now",
    "the persona that was asked is none any more",
  ]);
  assert.equal(await count("requests"), kept);
  assert.deepEqual(await lab.reparse(people), { replies: 4, same: 4, ...nothing });
  // What a draft answered leads nowhere any more.
  assert.deepEqual(await lab.reparse(sheets), { replies: 2, same: 2, ...nothing });

  // Asked anew, both are whole; the sheet of a persona that is none waits for it.
  assert.equal(await lab.retryFailed(sheets), 2);
  assert.equal((await lab.run(sheets, free)).done, 2);
  assert.equal(await lab.retryFailed(people), 1);
  await lab.run(people, free);
  assert.equal(await count(`personas where name = 'Anew' and id = ${second!.id}`), 1);
  assert.equal(await lab.retryFailed(sheets), 1);
  await lab.run(sheets, free);
  assert.deepEqual([await count("personas"), await count("administrations")], [4, 4]);
  for (const run of [people, sheets]) {
    assert.deepEqual(await lab.reparse(run), { replies: 4, same: 4, ...nothing });
  }
  await server.close();
});

Deno.test("a sheet that is planned of a persona that is none any more does not hold the run up", async () => {
  const server = provider({
    answer: ({ user }) => /^question,answer$/m.test(user) ? written("Ana") : sheet,
  });
  await using made = await Made.with("reparse_planned", 4);
  const { lab, sql } = made;
  const models = [served(server.url, 1)];
  const people = await lab.register(personas({ models, conditions: ["Base"] }));
  await lab.run(people, { budget: { calls: 4 } });
  const sheets = await lab.register(administrations({ instrument: epqra, models }));
  assert.equal((await lab.run(sheets, { budget: { calls: 1 } })).done, 1);
  // Of three sheets that are planned two are of somebody who is nobody, as long as the reply is so.
  const replies = await sql`
    select q.work, q.reply from requests q join runs r on r.run = q.run
    where r.name = ${people} order by q.work desc limit 2`;
  for (const { work, reply } of replies) {
    const nobody = reply.replace('"content":"', '"content":"I would not say. ').replace(
      "name",
      "n",
    );
    await sql`update requests set reply = ${nobody} where work = ${work}`;
  }
  assert.equal((await lab.reparse(people)).lost, 2);
  const { ended, done, failed, calls } = await lab.run(sheets, { budget: { calls: 9 } });
  assert.deepEqual([ended, done, Object.values(failed), calls], ["finished", 1, [2], 1]);
  assert.match(Object.keys(failed)[0]!, /^the persona that was asked is none any more/);
  assert.equal(await lab.retryFailed(sheets), 0);

  for (const { work, reply } of replies) {
    await sql`update requests set reply = ${reply} where work = ${work}`;
  }
  assert.equal((await lab.reparse(people)).gained, 2);
  assert.equal(await lab.retryFailed(sheets), 2);
  assert.equal((await lab.run(sheets, { budget: { calls: 9 } })).done, 2);
  assert.deepEqual(await lab.reparse(sheets), {
    replies: 4,
    same: 4,
    changed: 0,
    gained: 0,
    lost: 0,
  });
  await server.close();
});

Deno.test("what is mended in a persona is stored and counted", async () => {
  const server = provider({
    answer: () => ({
      text: `{"Persona": ${written("Ana").replace("34", '"34 years old", "hobby": 1')}}`,
    }),
  });
  await using made = await Made.with("reparse_mended", 2);
  const { lab } = made;
  const run = await lab.register(
    personas({ models: [served(server.url, 2)], conditions: ["Base"] }),
  );
  assert.equal((await lab.run(run, { budget: { calls: 2 } })).done, 2);
  assert.deepEqual(await made.rows("select distinct age, flags from personas"), [
    { age: 34, flags: ["extra keys: hobby", "age: “34 years old”"] },
  ]);
  const { flags } = await lab.quality();
  assert.deepEqual(
    flags.select("flag", "n", "share").sort("flag").toRecords(),
    [{ flag: "age", n: 2, share: 1 }, { flag: "extra keys", n: 2, share: 1 }],
  );
  assert.equal((await lab.reparse(run)).same, 2);
  await server.close();
});
