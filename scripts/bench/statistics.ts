/** What survives of all tables at full size: the cluster bootstrap of each, and the whole export. */
import { openDataset } from "lib/db.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { robustness } from "lib/paper/tables.ts";
import { deno, measure } from "./measure.ts";

export async function statistics(runs: number): Promise<void> {
  const study = await openDataset();
  for (const name of TABLE_NAMES.filter((name) => name !== "baselines")) {
    // What is read is kept, so that from the second run on only statistics are timed.
    await robustness(name, study);
    await measure(`what survives of ${name}, 2,000 draws of profiles`, runs, async () => {
      const started = performance.now();
      await robustness(name, study);
      return { seconds: (performance.now() - started) / 1000, megabytes: null };
    });
  }
  await study.close();
  const out = await Deno.makeTempDir();
  try {
    const options = ["--mode", "corrected", "--out", out];
    await measure(
      "all tables, corrected, with what survives",
      runs,
      () => deno("tables", ...options),
    );
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}
