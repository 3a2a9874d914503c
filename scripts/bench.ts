/** `deno task bench`: how long things take at full size, and how much memory. */
import { asking } from "./bench/asking.ts";
import { cold } from "./bench/cold.ts";
import { data } from "./bench/data.ts";
import { people } from "./bench/people.ts";
import { scale } from "./bench/scale.ts";
import { statistics } from "./bench/statistics.ts";
import { study } from "./bench/study.ts";
import { main, unknown, UsageError } from "./cli.ts";

const PARTS = { cold, data, people, statistics, study, asking, scale };

if (import.meta.main) {
  await main({
    usage:
      "deno task bench [cold | data | people | statistics | study | asking | scale] [--runs N] [--full]",
    help: `Times things at full size, each beside its goal where it has one. Takes some minutes.

  cold   a fresh clone of the last commit with a home of its own: packages fetched, start to its end
  data   whole processes: a warm start, all tables, each way to restore, and psql on the same dump
         where it is installed
  people 51,000 people drawn from the shipped tables, and their report
  statistics
         what survives of each table, with its cluster bootstrap, and the whole corrected export
  study  registering, picking up and doing administrations against a local server without latency,
         beside the bare client; memory over 100,000 of them
  asking questions asked one by one, 64 in flight at 100 ms, beside the bare client; memory over
         30,000 replies; --full: over 300,000
  scale  how time, memory and disk grow with what is planned (to 100,000 pieces of work), written,
         put into tables (to 1,652 profiles) and restored: as lines, and as out/scale/scale.csv and
         scale.svg; --full: to 10 million, 82,600 profiles, ten times the published data

  --runs N  runs of each (default: 5); the median is printed
  --full    of asking and scale: what studies are meant to bear; scale takes hours and 60 GB`,
    flags: { runs: { type: "string", default: "5" }, full: { type: "boolean", default: false } },
    words: true,
  }, async ({ runs, full }, words) => {
    const count = Number(runs);
    if (!Number.isInteger(count) || count < 1) {
      throw new UsageError(`--runs is a whole number from 1: current value is ${runs}`);
    }
    const wrong = words.find((word) => !Object.hasOwn(PARTS, word));
    if (wrong !== undefined) throw new UsageError(unknown(wrong, Object.keys(PARTS)));
    console.log(
      `medians of ${count} runs (lowest–highest), ${navigator.hardwareConcurrency} cores`,
    );
    for (const [name, part] of Object.entries(PARTS)) {
      if (!words.length || words.includes(name)) await part(count, Boolean(full));
    }
  });
}
