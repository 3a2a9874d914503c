/** Plans, registered, and what they would ask. */
import { plural, whole } from "lib/format.ts";
import { exchange } from "lib/notebook.ts";
import { administrations, personas, type Plan, type Study } from "lib/study.ts";
import { UsageError } from "../cli.ts";
import { cost, enough, printCost } from "./cost.ts";
import {
  argument,
  file,
  type Flags,
  formOf,
  instrumentOf,
  many,
  modelOf,
  none,
  number,
  oneOf,
  promptOf,
  runName,
  text,
} from "./flags.ts";
import { leftOf, runs, statusOf, typed, within } from "./place.ts";
import { answeredBy, PUBLISHED_PEOPLE } from "./population.ts";

/** What both kinds of plans take. */
function common(flags: Flags) {
  const seed = number(flags, "seed", "integer");
  const repetitions = number(flags, "repetitions", "count");
  const variant = text(flags, "variant");
  return {
    ...seed !== undefined && { seed },
    ...repetitions !== undefined && { repetitions },
    ...variant !== undefined && { variant },
    ...runName(flags),
  };
}

/** `plan personas` */
export async function planPersonas(flags: Flags, words: string[]): Promise<void> {
  none(words);
  const asked = many(flags, "model").map(modelOf);
  if (!asked.length) {
    throw new UsageError("Say who writes: --model ID; `deno task config` lists the models");
  }
  const conditions = many(flags, "condition");
  const profiles = number(flags, "profiles", "count");
  const from = number(flags, "first-repetition", "count");
  const given = common(flags);
  const population = text(flags, "population");
  const answered = text(flags, "instrument-of-profiles");
  if (answered !== undefined && [undefined, ...PUBLISHED_PEOPLE].includes(population)) {
    throw new UsageError(
      "--instrument-of-profiles says what a file of profiles are answers to: " +
        "give it together with --population FILE.csv",
    );
  }
  const written = await promptOf("persona", text(flags, "prompt"));
  const form = formOf(flags);
  const parent = text(flags, "parent");
  const planFor = (population?: string) =>
    argument(() =>
      personas({
        models: asked,
        ...conditions.length && { conditions },
        ...profiles !== undefined && { profiles },
        ...from !== undefined && { from },
        ...population !== undefined && { population },
        ...form && { form },
        ...parent !== undefined && { parent },
        ...written,
        ...given,
      })
    );
  planFor();
  await within(flags, true, async (lab) => {
    const names = async () => (await lab.populations()).getColumn("name").toArray() as string[];
    const there = await names();
    const known = population !== undefined && there.includes(population);
    if (population !== undefined && !known) {
      file("population", population, /\.csv$/i, [...PUBLISHED_PEOPLE, ...there]);
    }
    const people = known
      ? { name: population, profiles: await profilesIn(lab, population) }
      : await lab.population(population, await answeredBy(answered));
    const [reference] = await names();
    const plan = planFor(people.name === reference ? undefined : people.name);
    const first = plan.from, last = plan.from + plan.repetitions - 1;
    await planned(lab, plan, [
      [
        "profiles",
        `${Math.min(profiles ?? Infinity, people.profiles)} of ${people.name}` +
        ` (${people.profiles})`,
      ],
      ["models", plan.models.map(({ id }) => id).join(", ")],
      ...plan.form ? [["form", `${plan.form.title} (${plan.form.name})`] as const] : [],
      ...parent === undefined
        ? [
          ["conditions", plan.conditions.map(({ name }) => name).join(", ")],
          ["repetitions", first === last ? `${first}` : `${first} to ${last}`],
        ] as const
        : [["made from", `each persona of the form ${parent}`] as const],
    ]);
  });
}

/** How many profiles a population of the study has. */
async function profilesIn(lab: Study, population: string): Promise<number> {
  const all = await lab.populations();
  const at = all.getColumn("name").toArray().indexOf(population);
  return all.getColumn("profiles").get(at) as number;
}

/** `plan administrations` */
export async function planAdministrations(flags: Flags, words: string[]): Promise<void> {
  none(words);
  const name = text(flags, "instrument");
  if (name === undefined) {
    throw new UsageError("Say what is answered: --instrument epqra, bigfive or a file of your own");
  }
  const asked = many(flags, "model").map(modelOf);
  const items = oneOf(flags, "items", ["printed", "shuffled"]);
  const options = oneOf(flags, "options", ["printed", "reversed", "shuffled"]);
  const coding = oneOf(flags, "coding", ["true/false", "yes/no", "number", "label"]);
  const which = many(flags, "personas");
  if (which.some((one) => one !== "all" && !/^[1-9]\d*$/.test(one))) {
    throw new UsageError(
      `--personas is all, or repetitions such as 1,2: current value is ${which.join(",")}`,
    );
  }
  const form = text(flags, "form");
  const each = number(flags, "asked", "count");
  const reason = oneOf(flags, "reason", ["explanation", "none", "before", "after"]);
  const changes = many(flags, "change");
  const of = oneOf(flags, "of", ["profiles"]);
  const population = text(flags, "population");
  const given = common(flags);
  await within(flags, true, async (lab) => {
    const instrument = await instrumentOf(name, text(flags, "language"));
    const written = await promptOf("administration", text(flags, "prompt"));
    const plan = argument(() =>
      administrations({
        instrument,
        models: asked,
        ...which.length && { personas: which.includes("all") ? "all" : which.map(Number) },
        ...items && { items },
        ...options && { options },
        ...coding && { coding },
        ...form !== undefined && { form },
        ...each !== undefined && { asked: each },
        ...reason && { reason },
        ...changes.length && { changes },
        ...of && { of },
        ...population !== undefined && { population },
        original: Boolean(flags["original-rule"]),
        ...written,
        ...given,
      })
    );
    const { setting } = plan;
    await planned(lab, plan, [
      [
        "instrument",
        `${instrument.title} (${instrument.language}), ${instrument.items.length} ` +
        `items in order ${setting.items}, options ${setting.options}, coded ${setting.coding}` +
        (each === undefined ? "" : `, ${each} a call`),
      ],
      [
        "answered by",
        asked.length ? asked.map(({ id }) => id).join(", ") : "the model that wrote the persona",
      ],
      ...reason ? [["reasons", reason] as const] : [],
      ...changes.length ? [["changes", changes.join(", ")] as const] : [],
      of ? ["profiles", `of ${population ?? "the study's reference"}, without personas`] : [
        "personas",
        `${plan.personas ? `repetition ${plan.personas.join(", ")}` : "all"}` +
        (form === undefined ? "" : ` of the form ${form}`),
      ],
      ["repetitions", `${plan.repetitions}`],
      ...plan.original
        ? [["rule", "the original's: incomplete or all-alike is no sheet"] as const]
        : [],
    ]);
  });
}

/** Registers a plan, and says what it is, what it costs and what to type next. */
async function planned(
  lab: Study,
  plan: Plan,
  facts: readonly (readonly [string, string])[],
): Promise<void> {
  const run = await lab.register(plan);
  const [now] = await statusOf(lab, [run]);
  const { done, failed, skipped } = now!;
  const left = leftOf(now!);
  const what = plan.kind === "personas" ? "persona" : plan.setting.each ? "call" : "sheet";
  console.log([
    `Run ${run} in schema ${lab.schema}: ${plural(left, what)} to do`,
    ...done || failed ? [`${whole(done)} done and ${whole(failed)} failed before`] : [],
    ...skipped ? [`${whole(skipped)} that another run has are skipped`] : [],
  ].join(", "));
  const prompts = (await lab.planned(run)).prompts.map(({ version }) => version);
  const all = [
    ...facts,
    ["prompt", `${plan.prompt.purpose} ${[...new Set(prompts)].join(", ")}`],
    ["seed", `${plan.seed}${plan.variant ? `, variant ${plan.variant}` : ""}`],
  ];
  for (const [name, value] of all) console.log(`  ${name!.padEnd(12)} ${value}`);
  const price = await cost(lab, plan);
  printCost(price);
  if (left + done + failed + skipped === 0) {
    return console.log("\nNo persona of the study is one of these: nothing is planned");
  }
  if (!left) return console.log(`\nNothing is left to do: \`${typed(lab, `status ${run}`)}\``);
  const budget = price.most === 0 ? "" : ` ${enough(price, now!)}`;
  console.log(`\nLook at one question:  ${typed(lab, `preview ${run}`)}`);
  console.log(`Ask them all:          ${typed(lab, `run ${run}${budget}`)}`);
}

/** `preview RUN` */
export async function preview(flags: Flags, words: string[]): Promise<void> {
  const names = runs(words, 1);
  const profile = number(flags, "profile", "integer");
  const condition = text(flags, "condition");
  await within(flags, false, async (lab) => {
    await statusOf(lab, names);
    const { plan } = await lab.planned(names[0]!);
    const known = plan.kind === "personas" ? plan.conditions.map(({ name }) => name) : null;
    const found = known?.find((name) => name.toLowerCase() === condition?.toLowerCase());
    const shown = await lab.preview(plan, {
      ...profile !== undefined && { profile },
      ...condition !== undefined && { condition: found ?? condition },
    }).catch((error) => {
      throw error instanceof RangeError ? new UsageError(error.message) : error;
    });
    await exchange(
      shown,
      `Run ${plan.name}: profile ${shown.profile} under ${shown.condition}, as it would be asked`,
    );
  });
}
