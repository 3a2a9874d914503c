/** `deno task study browse`: people looked at one by one, on a page or in a file. */
import { resolve } from "node:path";
import "lib/paper/published.ts";
import { schemaName, settings } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import { browse } from "lib/notebook.ts";
import { argument, type Flags, none, text } from "./flags.ts";

export async function browsing(flags: Flags, words: string[]): Promise<void> {
  none(words);
  const given = text(flags, "schema"), to = text(flags, "to");
  const schema = given === undefined ? settings().studySchema : argument(() => schemaName(given));
  const study = await openDataset({ schema });
  try {
    await browse(study, to === undefined ? {} : { to: resolve(to) });
    if (to !== undefined) return;
    console.log("Ctrl-C ends it.");
    await new Promise<void>((ended) => Deno.addSignalListener("SIGINT", ended));
    await browse.close();
  } finally {
    await study.close();
  }
}
