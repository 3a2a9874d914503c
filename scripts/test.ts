/**
 * `deno task test`: the tests, on a database of their own.
 *
 * Ends in a line `N passed, N failed`, whatever the runner prints.
 */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";

const dataDir = await Deno.makeTempDir({ prefix: "persona-audit-test-" });
// Neither the user's database, their server settings nor their files may be seen by a test.
const env = {
  DATA_DIR: dataDir,
  DATABASE_URL: "",
  PGHOST: "",
  PGDATABASE: "",
  STUDY_SCHEMA: "",
  OUT_DIR: join(dataDir, "out"),
  NO_COLOR: "1",
};
const deno = (...args: string[]) =>
  new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env, stdin: "null" });

const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", ...(Deno.args.length ? Deno.args : ["tests/"])],
  cwd: ROOT,
  env,
  stdin: "null",
  stdout: "piped",
}).spawn();
let tail = "";
const decoder = new TextDecoder();
for await (const chunk of child.stdout) {
  await Deno.stdout.write(chunk);
  tail = (tail + decoder.decode(chunk, { stream: true })).slice(-2000);
}
const { code } = await child.status;
await deno("run", "-A", join("scripts", "db.ts"), "stop").output();
await Deno.remove(dataDir, { recursive: true });

const counts = /(\d+) passed(?: \(\d+ steps\))? \| (\d+) failed/.exec(tail);
// A run that never came to its summary, such as a type error, has failed without a count.
console.log(counts ? `${counts[1]} passed, ${counts[2]} failed` : "0 passed, 1 failed");
Deno.exit(code);
