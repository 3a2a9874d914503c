/** A copy of the project, in which a test may change what a user would. */
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";

/** What a user would have checked out, without what is theirs (`.env`, models, data). */
const CHECKOUT = ["deno.json", "deno.lock", "dataset", "lib", "notebooks", "scripts"];
const OWN = /\/dataset\/(20\d\d|models\.local\.json)/;

/** Copies the project into a folder; the packages are the project's own. */
export function checkout(folder: string): void {
  for (const name of CHECKOUT) {
    cpSync(join(ROOT, name), join(folder, name), {
      recursive: true,
      filter: (path) => !OWN.test(path),
    });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}
