/** What of a study's findings was planned: hypotheses in families, with their bound, before the battery was asked. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { described } from "../../format.ts";
import { rows } from "../../frames.ts";
import type { Study } from "../../study.ts";
import type { Battery } from "./plans.ts";

/** A finding that is to be tested. */
export interface Hypothesis {
  finding_of: "difference" | "alpha";
  /** Of the factor. */
  level: string;
  scale: string;
}

/** What is decided before anything is asked. */
export interface Analysis {
  factor: string;
  /** The level with which others are compared. */
  against: string;
  /** The part of a finding's size by which it may change and still be the person's. */
  bound: number;
  /** Draws the battery's profiles. */
  seed: number;
  /** By name; the tests of a family are adjusted together. */
  families: Readonly<Record<string, readonly Hypothesis[]>>;
}

/** An analysis plan with what is known of when it was written. */
export interface Kept {
  analysis: Analysis;
  hash: string;
  /** Of this study, as `lab.analyses()` has them. */
  written: DataFrame;
}

/**
 * Writes an analysis plan down in the study, or finds it there.
 *
 * @returns it with its hash, and with what is written down: for `findings`, which calls planned what was written
 *   down before the battery was asked, as it was then
 * @throws {RangeError} when it is none: without hypotheses, with one twice, or with a bound that is no part
 */
export async function planned(lab: Study, analysis: Analysis): Promise<Kept> {
  check(analysis);
  const hash = await lab.keepAnalysis(analysis);
  return { analysis, hash, written: await lab.analyses() };
}

const keyOf = ({ finding_of, level, scale }: Hypothesis): string =>
  JSON.stringify([finding_of, level, scale]);

function check({ bound, seed, factor, against, families }: Analysis): void {
  const all = Object.values(families ?? {}).flat();
  if (!all.length) throw new RangeError("An analysis plan has at least one hypothesis: got none");
  const odd = all.find(({ finding_of }) => finding_of !== "difference" && finding_of !== "alpha");
  if (odd) {
    throw new RangeError(`finding_of is "difference" or "alpha": got ${described(odd.finding_of)}`);
  }
  const same = all.find((one) => one.finding_of === "difference" && one.level === against);
  if (same) {
    throw new RangeError(`A difference is from ${against}, and not of it: name another level`);
  }
  const keys = all.map(keyOf), twice = keys.find((key, at) => keys.indexOf(key) < at);
  if (twice) throw new RangeError(`Hypothesis ${twice} stands twice: each is of one family`);
  if (!(bound > 0)) throw new RangeError(`bound is a part above 0: got ${described(bound)}`);
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`seed is a whole number: got ${described(seed)}`);
  }
  if (!factor || !against) throw new RangeError("factor and against say what is compared");
}

const Written = z.object({ hash: z.string(), run: z.string().nullable(), calls: z.number() });

/**
 * Why nothing of a plan counts as planned; null where it does.
 *
 * A plan that was changed is another one, with a date of its own: after the battery was asked it is late.
 */
export function late({ hash, analysis, written }: Kept, battery: Battery): string | null {
  const own = rows(written, Written).filter((one) => one.hash === hash);
  if (!own.length) return "not written down";
  if (battery.seed !== analysis.seed) return `the battery has the seed ${battery.seed}`;
  const runs = battery.plans.map(({ name }) => name);
  const calls = own.filter(({ run }) => run !== null && runs.includes(run))
    .reduce((sum, { calls }) => sum + calls, 0);
  return calls ? `written after ${calls} replies` : null;
}

/** The family of a finding; null where it is no hypothesis of the plan. */
export function familyOf({ families }: Analysis, finding: Hypothesis): string | null {
  const key = keyOf(finding);
  return Object.entries(families).find(([, own]) => own.some((one) => keyOf(one) === key))?.[0] ??
    null;
}
