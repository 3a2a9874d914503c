/** `deno task chaos`: the campaign of `tests/chaos_test.ts`, as long as one likes. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { main, UsageError } from "./cli.ts";

if (import.meta.main) {
  await main({
    usage: "deno task chaos [--kills N] [--seed S]",
    help:
      `Kills processes, servers, PostgreSQL and the room on its disk at random moments, while a study
plans, runs, sends batches, restores and exports; then holds what is stored against what was charged.
On a database and with servers of its own: nothing of yours is touched, and no model is asked.

  --kills N  how many (default: 200, about an hour)
  --seed S   draws what is hit, and when it is (default: 1); what happens then is a matter of the machine

Exit status: 0 nothing was lost, 1 something was`,
    flags: {
      kills: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
    },
  }, async (flags) => {
    const { kills, seed } = flags as { kills: string; seed: string };
    if (!/^[1-9]\d*$/.test(kills)) {
      throw new UsageError(`--kills is a whole number from 1: current value is ${kills}`);
    }
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "scripts", "test.ts"), "chaos"],
      env: { CHAOS_KILLS: kills, CHAOS_SEED: seed },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return code;
  });
}
