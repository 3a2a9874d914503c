/** `study hand-out` and `study take-in`: questions as files for a cluster without a network. */
import { plural, whole } from "lib/format.ts";
import { later } from "lib/llm.ts";
import { checkAsk, readManifest } from "lib/study.ts";
import { UsageError } from "../cli.ts";
import { cost, inWords } from "./cost.ts";
import { argument, type Flags, number, text } from "./flags.ts";
import { leftOf, reasons, runs, statusOf, typed, within } from "./place.ts";
import { agreed, budgetOf, checkBudgeted, counted, LEFT, nextOf } from "./run.ts";

/** `hand-out RUN --to DIR` */
export async function handOut(flags: Flags, words: string[]): Promise<number> {
  const [name] = runs(words, 1), folder = text(flags, "to"), budget = budgetOf(flags);
  if (folder === undefined) throw new UsageError("Say where the files go: --to DIR");
  const given = {
    shards: number(flags, "shards", "count"),
    concurrency: number(flags, "concurrency", "count"),
    throttle: number(flags, "throttle", "count"),
    partition: text(flags, "partition"),
    time: text(flags, "time"),
    memory: text(flags, "memory"),
    gpus: text(flags, "gpus"),
    serve: text(flags, "serve"),
  };
  const options = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  argument(() => checkAsk(options));
  return await within(flags, false, async (lab) => {
    const [now] = await statusOf(lab, [name!]);
    if (!leftOf(now!)) {
      console.log(`${counted(now!)}: nothing to do`);
      return 0;
    }
    const { plan, models } = await lab.planned(name!), unasked = leftOf(now!) - now!.submitted;
    if (unasked) {
      const price = await cost(lab, plan);
      console.log(`${name}: ${whole(unasked)} to do: ${inWords(price, unasked)}`);
      const paid = models.filter((model) => later(model).costs);
      if (paid.length) {
        checkBudgeted(now!, paid, price, budget);
        if (!agreed(flags, budget)) return LEFT;
      }
    }
    const made = await lab.handOut(name!, folder, {
      ...options,
      ...Object.keys(budget).length && { budget },
      allowTruncated: Boolean(flags["allow-truncated"]),
    });
    if (!made.length) {
      const [then] = await statusOf(lab, [name!]);
      console.log(`${counted(then!)}: no question is left that is not in a batch`);
      return leftOf(then!) ? LEFT : 0;
    }
    for (const { folder, model, shards, lines, command } of made) {
      console.log(
        `${folder}: ${plural(lines, "question")} to ${model} in ${plural(shards, "shard")}`,
      );
      console.log(`  copy it to the cluster, and there, in it: ${command}`);
      console.log(`  when its files out_* are back: ${typed(lab, `take-in ${folder}`)}`);
    }
    return 0;
  });
}

/** `take-in DIR` */
export async function takeIn(flags: Flags, words: string[]): Promise<number> {
  const [folder, another] = words;
  if (folder === undefined) throw new UsageError("Name the folder that study hand-out made");
  if (another !== undefined) throw new UsageError(`One folder at a time: unexpected ${another}`);
  const { schema } = await readManifest(folder);
  return await within({ schema, ...flags }, false, async (lab) => {
    const { run, standing } = await lab.takeIn(folder, { end: Boolean(flags.end) });
    const { lines, answered, failed, again, missing, now, foreign, torn, doubled } = standing;
    console.log(
      `${folder}: ${whole(answered)} of ${whole(lines)} answered, ${whole(now)} of them new; ` +
        `${whole(failed)} refused, ${whole(again)} to be asked anew, ${whole(missing)} missing`,
    );
    const set = [
      [foreign, "of other questions"],
      [torn, "torn"],
      [doubled, "with an answer to what has one"],
    ] as const;
    for (const [n, what] of set) {
      if (n) console.log(`  ${plural(n, "line")} ${what}: counted for nothing`);
    }
    if (standing.working.length) {
      console.log(
        `  ${
          plural(standing.working.length, "shard")
        } had a task at work, or one that was killed, when ` +
          "its files were copied",
      );
    }
    const [stands] = await statusOf(lab, [run]);
    console.log(counted(stands!));
    for (const line of await reasons(lab, run)) console.log(line);
    if (standing.command) {
      console.log(`Answer what is missing, on the cluster: ${standing.command}`);
      console.log(`Wait for it no more: ${typed(lab, `take-in ${folder} --end`)}`);
    } else if (leftOf(stands!) && !stands!.submitted) {
      console.log(`Hand out what is left: ${typed(lab, `hand-out ${run} --to ${folder}-2`)}`);
    }
    for (const line of await nextOf(lab, stands!)) console.log(line);
    console.log(await lab.banner());
    return leftOf(stands!) ? LEFT : 0;
  });
}
