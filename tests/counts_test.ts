/** How much work is in which state is counted as it changes, whatever changes it. */
import assert from "node:assert/strict";
import { connect } from "lib/db.ts";
import { model } from "lib/llm.ts";
import "lib/paper/published.ts";
import { addUp } from "lib/study/queue.ts";
import { openStudy, personas } from "lib/study.ts";

Deno.test("the counts of work are those of its rows, whatever changes them", async () => {
  const schema = "counted_work";
  const lab = await openStudy({ schema });
  const sql = await connect("owner", { schema, connections: 1 });
  const alike = async (what: string) => {
    const counted = await sql`
      select run, cell, state::text, sum(n)::int as n from work_counts
      group by 1, 2, 3 having sum(n) <> 0 order by 1, 2, 3`;
    const rows = await sql`
      select run, cell, state::text, count(*)::int as n from work group by 1, 2, 3 order by 1, 2, 3`;
    assert.deepEqual([...counted], [...rows], what);
  };
  try {
    await lab.population([{ sex: "female", age: 41 }, { sex: "male", age: 35 }, { sex: "male" }]);
    const plan = personas({ models: [model("simulated")], conditions: ["Base"], repetitions: 2 });
    const run = await lab.register(plan);
    await alike("planned");
    assert.equal((await lab.status()).getColumn("to_do").get(0), 6);
    await lab.run(run, { limit: 4 });
    await alike("run in part");
    await sql`update work set state = 'failed', reason = 'made to' where state = 'planned'`;
    await alike("failed");
    assert.equal(await lab.retryFailed(run), 2);
    await alike("planned once more");
    const [{ n }] = await sql<[{ n: number }]>`select count(*)::int as n from work_counts`;
    await addUp(sql, 1);
    await alike("added up");
    const [{ few }] = await sql<[{ few: number }]>`select count(*)::int as few from work_counts`;
    assert.ok(few === 2 && few < n, `${n} rows became ${few}`);
    await sql`delete from personas_written`;
    await sql`delete from requests`;
    await sql`delete from work where state = 'planned'`;
    await alike("deleted");
    await sql`truncate work cascade`;
    await alike("emptied");
  } finally {
    await sql.end();
    await lab.close();
  }
});
