/** `deno task study new`: notebooks of a study of one's own, which run where they are. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { execute } from "../scripts/jupyter/execute.ts";
import { read, source } from "../scripts/jupyter/notebook.ts";
import { script } from "./command.ts";
import { as, restored } from "./data.ts";

const NAME = "made_anew";
const FOLDER = join(ROOT, "studies", NAME);

const code = (name: string): string => read(join(FOLDER, name)).cells.map(source).join("\n");

Deno.test("a study has notebooks of its own, with its schema, that run and are not written over", async () => {
  await restored(PUBLISHED);
  await as("owner", (sql) => sql`drop schema if exists ${sql(NAME)} cascade`);
  try {
    const made = await script("study", ["new", NAME]);
    assert.equal(made.code, 0, made.err);
    assert.match(
      made.out,
      /^studies\/made_anew: 03a, 03b, 03c, 04, 05, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27\n/,
    );
    assert.match(made.out, /deno task lab --study made_anew/);
    const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
    for (const name of names) {
      const text = code(name);
      assert.match(
        text,
        /^const schema = "made_anew";$|openDataset\(\{ schema: "made_anew" \}\)/m,
        name,
      );
      assert.doesNotMatch(text, /schema = "demo"|schema: "personality_trap"/, name);
      assert.ok(read(join(FOLDER, name)).cells.every(({ outputs = [] }) => !outputs.length), name);
    }

    // Rooms resolve from there, and what is shown is this study.
    const planned = await execute(join(FOLDER, "03a_plan.ipynb"));
    const { failures, notebook } = await execute(join(FOLDER, "03c_run.ipynb"));
    assert.deepEqual([...planned.failures, ...failures], []);
    assert.match(JSON.stringify(notebook), /360 of 360 done, 0 failed/);
    const [{ n } = { n: 0 }] = await as(
      "owner",
      (sql) => sql`select count(*)::int as n from ${sql(NAME)}.personas`,
    );
    assert.equal(n, 360);

    const mine = join(FOLDER, "03a_plan.ipynb");
    await Deno.writeTextFile(mine, "mine");
    const again = await script("study", ["new", NAME]);
    assert.equal(again.code, 2);
    assert.match(again.err, /studies\/made_anew is there: its notebooks are yours/);
    assert.equal(await Deno.readTextFile(mine), "mine");
    for (
      const [words, message] of [
        [[], /Name the study/],
        [["demo"], /the schema of the sample/],
        [[PUBLISHED], /the schema of the published data/],
        [["../out"], /Schema names have/],
        [["a", "b"], /unexpected b/],
      ] as const
    ) {
      const { code, err } = await script("study", ["new", ...words]);
      assert.equal(code, 2, err);
      assert.match(err, message);
    }
  } finally {
    await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  }
});
