/** `deno task bench`: how long things take at full size, and how much memory. */
import { asking } from "./bench/asking.ts";
import { data } from "./bench/data.ts";
import { people } from "./bench/people.ts";
import { size } from "./bench/size.ts";
import { statistics } from "./bench/statistics.ts";
import { study } from "./bench/study.ts";
import { main, unknown, UsageError } from "./cli.ts";

const PARTS = { data, people, statistics, study, asking, size };

if (import.meta.main) {
  await main({
    usage:
      "deno task bench [data | people | statistics | study | asking | size] [--runs N] [--full]",
    help: `Times things at full size. Takes some minutes.

  data   whole processes: a warm start, all tables, each way to restore, and psql on the same dump
         where it is installed
  people 51,000 people drawn from the shipped tables, and their report
  statistics
         what survives of each table, with its cluster bootstrap, and the whole corrected export
  study  registering, picking up and doing administrations against a local server without latency,
         beside the bare client; memory over 100,000 of them
  asking questions asked one by one, 64 in flight at 100 ms, beside the bare client; memory over
         30,000 replies; --full: over 300,000
  size   time and memory of all tables of 826 profiles and of twice as many, and of a study with
         100,000 profiles: from a file, planned, looked at; --full: ten times as many, and a million

  --runs N  runs of each (default: 5); the median is printed
  --full    of asking and size: what studies are meant to bear; size takes an hour and 10 GB`,
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
