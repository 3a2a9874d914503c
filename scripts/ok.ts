/** `deno task ok`: every check, the quick ones first; it stops at the first that fails. */
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { main } from "./cli.ts";

/** The arguments of `deno`, and what to do when it is not content. */
const CHECKS: [args: string[], mend: string][] = [
  [["fmt", "--check"], "`deno fmt` writes it so"],
  [["lint"], "mend what is listed"],
  [["check", "lib", "scripts", "tests"], "mend what is listed"],
  [["run", "-A", join("scripts", "check_notebooks.ts")], "mend the cells that are named"],
  [["run", "-A", join("scripts", "test.ts")], "mend what failed"],
];

if (import.meta.main) {
  await main({
    usage: "deno task ok",
    help:
      `Every check: format, lint, types, the notebooks' cells (format, types, house rules), tests.
Takes some minutes; stops at the first that fails. It changes nothing.`,
    again: "all checks, from the first",
  }, async () => {
    for (const [args, mend] of CHECKS) {
      const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).spawn()
        .status;
      if (!success) throw new Error(`deno ${args.join(" ")} is not content: ${mend}`);
    }
  });
}
