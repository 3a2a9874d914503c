import assert from "node:assert/strict";
import { z } from "zod";
import { connect } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { restore } from "lib/restore.ts";
import { reparsePublished } from "lib/study.ts";
import { SMALL } from "./data.ts";

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
