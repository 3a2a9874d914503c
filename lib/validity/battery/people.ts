/** Who is asked in a battery. */
import { z } from "zod";
import { described } from "../../format.ts";
import { rows } from "../../frames.ts";
import { seeded } from "../../random.ts";
import type { AdministrationsPlan, Study } from "../../study.ts";

/** How the names of runs begin that belong to a battery. */
export const MARK = "validity-";

/** Profiles of a population, and what their personas were written in. */
export interface People {
  population: string;
  profiles: readonly number[];
  conditions: readonly string[] | null;
  /** Runs in which their personas were written. */
  written: readonly string[];
}

const Respondent = z.object({
  condition: z.string(),
  profile_population: z.string(),
  profile: z.number(),
  run: z.string().nullable(),
});

/** Whole profiles, of those that have most personas: a comparison within profiles needs all of them. */
export async function drawn(
  lab: Study,
  of: AdministrationsPlan,
  sample: number,
  seed: number,
): Promise<People> {
  if (!(Number.isInteger(sample) && sample >= 2)) {
    throw new RangeError(`sample is a number of personas, 2 or more: got ${described(sample)}`);
  }
  const all = rows(await lab.respondents(of), Respondent)
    .filter(({ run }) => !run?.startsWith(MARK));
  const [population, ...others] = new Set(all.map((one) => one.profile_population));
  if (others.length) {
    // Their numbers may be the same, and then they would pass for one another.
    throw new Error(
      `A battery is of one population, and these personas are of ${
        [population, ...others].join(", ")
      }: ` +
        "name one in the `population` of the plan",
    );
  }
  const profiles = [...Map.groupBy(all, ({ profile }) => profile)];
  const most = Math.max(0, ...profiles.map(([, own]) => own.length));
  const whole = profiles.filter(([, own]) => own.length === most).map(([profile]) => profile);
  if (whole.length < 2) {
    throw new Error(
      `A battery is of 2 profiles or more with all their personas: there ${
        whole.length === 1 ? "is 1" : "are none"
      } in schema ${lab.schema}`,
    );
  }
  const n = Math.min(whole.length, Math.max(2, Math.round(sample / most)));
  return {
    population: population!,
    profiles: seeded("battery", seed).sample(whole, n).toSorted((a, b) => a - b),
    conditions: of.of === "profiles" ? null : [...new Set(all.map(({ condition }) => condition))],
    written: [...new Set(all.flatMap(({ run }) => run ?? []))],
  };
}
