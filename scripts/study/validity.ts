/** `validity RUN`: what the way of asking makes of a run of administrations, agreed to and asked. */
import { z } from "zod";
import { openDataset } from "lib/db.ts";
import { rows } from "lib/frames.ts";
import { paceOf } from "lib/llm.ts";
import { tableText } from "lib/notebook.ts";
import { type AdministrationsPlan, type Study } from "lib/study.ts";
import { type Battery, findings, validity as battery } from "lib/validity/battery.ts";
import { UsageError } from "../cli.ts";
import { type Flags, many, number, text } from "./flags.ts";
import { runs, statusOf, typed, within } from "./place.ts";
import { agreed, budgetOf, LEFT, stopping, worked } from "./run.ts";

const Total = z.object({ calls_left: z.number(), usd_most: z.number().nullable() });

export async function validity(flags: Flags, words: string[]): Promise<number> {
  const [name] = runs(words, 1);
  const given = budgetOf(flags);
  const sample = number(flags, "sample", "count"), seed = number(flags, "seed", "integer");
  const bound = number(flags, "bound", "amount"), against = text(flags, "against");
  if (bound === 0) {
    throw new UsageError("--bound is a part of a finding's size, such as 0.5: got 0");
  }
  if (against !== undefined && bound === undefined) {
    throw new UsageError("--against is for findings, and they need a --bound");
  }
  return await within(flags, false, async (lab) => {
    await statusOf(lab, [name!]);
    const { plan: of, models } = await lab.planned(name!);
    if (of.kind !== "administrations") {
      throw new UsageError(`${name} writes personas: name a run in which they are asked`);
    }
    const concurrency = number(flags, "concurrency", "count");
    for (const model of models) if (concurrency) paceOf(model).most = concurrency;
    const budget = Object.keys(given).length ? given : { usd: 0 };
    const made = await battery(lab, {
      of,
      budget,
      ...sample !== undefined && { sample },
      ...seed !== undefined && { seed },
      ...many(flags, "change").length && { changes: many(flags, "change") },
    });
    console.log(tableText(made.costs, `What each part asks, of ${made.profiles.length} profiles`));
    if (!made.plans.length) {
      throw new Error(
        "No part is within the budget: add --budget-usd, --budget-calls or --budget-tokens, of all " +
          "parts together",
      );
    }
    const [all] = rows(made.costs.tail(1), Total);
    const left = all!.calls_left;
    if (left && all!.usd_most !== 0 && !agreed(flags, given)) return LEFT;
    const code = left
      ? await worked(lab, await lab.register(made.plans), {
        budget,
        allowTruncated: Boolean(flags["allow-truncated"]),
        signal: stopping(),
      }, false)
      : 0;
    if (code === LEFT) console.log(`Go on: ${typed(lab, `validity ${name}`)}, as before`);
    else if (bound !== undefined) await shown(lab, of, made, { bound, against });
    return code;
  });
}

/** Findings by condition, and whose they are. */
async function shown(
  { schema }: Study,
  { instrument }: AdministrationsPlan,
  made: Battery,
  { bound, against = made.conditions?.[0] }: { bound: number; against?: string | undefined },
): Promise<void> {
  if (against === undefined) {
    throw new UsageError("Profiles answered as they are: findings are of conditions");
  }
  const study = await openDataset({ schema });
  const sheets = await study.sheets(instrument.name);
  await study.close();
  const of = { battery: made, instrument, factor: "condition", against, bound };
  console.log(tableText(findings(sheets, of), `Whose the findings are; the bound is ${bound}`));
}
