/**
 * What the parts of a battery ask, and what they cost. Nothing is asked here: the plans go the way of every plan,
 * so that a reply that is stored is never asked for again, and what two parts ask is asked for once.
 */
import pl, { type DataFrame } from "polars";
import { z } from "zod";
import { type Condition, condition } from "../../conditions.ts";
import { described, plural } from "../../format.ts";
import { frame, rows } from "../../frames.ts";
import type { Coding, Instrument } from "../../instruments.ts";
import { editPrompt, itemWords, type Prompt } from "../../prompts.ts";
import type { Sheets } from "../../measures.ts";
import { from, sourcesOf } from "../../provenance.ts";
import {
  administrations,
  type AdministrationsPlan,
  type Budget,
  personas,
  type PersonasPlan,
  type Plan,
  type Study,
  waysOf,
} from "../../study.ts";
import "../columns.ts";
import { fraction } from "../settings.ts";
import { drawn, MARK, type People } from "./people.ts";
import { COSTS, type Part, total, within } from "./within.ts";

/** What is to be known of a study. */
export interface Validity {
  /** How the study asks its personas; of several ways the first. */
  of: AdministrationsPlan;
  /** Of all parts together, with what was spent on them before. */
  budget: Budget;
  /** Personas that are asked, about; whole profiles are drawn. 60 where left out. */
  sample?: number;
  seed?: number;
  /** Prompts that mean the same as the plan's; left out, the plan's with a sentence more, in English. */
  wordings?: readonly Prompt[];
  /** What is changed of the respondents, as `administrations` takes it; left out, nothing. */
  changes?: readonly (string | Condition)[];
}

/** The parts that are within the budget, and what they cost. */
export interface Battery {
  parts: readonly Part[];
  /** Of all parts, in the order in which they are begun together. */
  plans: readonly Plan[];
  /** Ids of the profiles that were drawn, and the population that they are of. */
  profiles: readonly number[];
  population: string;
  /** Conditions of the personas; null where profiles answer. */
  conditions: readonly string[] | null;
  seed: number;
  /** How the study asks, by factor. */
  base: Readonly<Record<string, string>>;
  costs: DataFrame;
}

/** Sentences that ask for nothing that a prompt does not ask for. */
const ENDINGS = [
  "Be this person in all that you answer.",
  "Answer as the person described would.",
  "You are this person now.",
  "Whatever you think yourself, answer from this person’s point of view.",
];

const CODINGS: readonly Coding[] = ["true/false", "yes/no", "number", "label", "letter"];

/** Settings that are asked twice, of all that there are. */
const SETTINGS = 8;

/** Steps from no item of a scale to all of them. */
const STEPS = 3;

/**
 * Plans all parts of the battery on a sample of the personas that a plan asks.
 *
 * Parts: `repeats` (the same asked twice), `order` (of the options), `items` (their order), `coding`,
 * `wording`, `settings` (a few of all combinations of these, each twice), `changes` (of the respondents,
 * under every wording) and `doses` (the profiles of the sample written anew with none to all items of a scale
 * keyed, and asked).
 *
 * @returns `costs`, to be shown before anything is asked: validity_part, asks, calls, tokens and usd (of the whole
 *   part: what was spent on it and what is left), calls_left, usd_most (what was spent, and what is left
 *   with every reply as long as the model may write), taken (yes, or why it is left out), cheapest first; the last
 *   row, `all`, is of the parts that are taken. `plans` go to `lab.estimate`, which shows what each run costs and
 *   without which none that may cost money begins, to `lab.register`, and then to `begin` or `lab.run`
 * @throws {RangeError} when the plan is none of administrations, or has a context
 * @throws {Error} when there are fewer than 2 profiles to draw from, or they are of several populations
 */
export async function validity(lab: Study, given: Validity): Promise<Battery> {
  const { of, budget, sample = 60, seed = 1 } = given;
  if (of?.kind !== "administrations" || of.context) {
    throw new RangeError(
      "The battery is about a plan of administrations without a context: got " +
        (of?.kind === "administrations" ? "one with a context" : described(of?.kind ?? of)),
    );
  }
  if (!Object.values(budget ?? {}).some((most) => typeof most === "number")) {
    throw new RangeError("budget is of all parts together: { usd }, { calls } or { tokens }");
  }
  const people = await drawn(lab, of, sample, seed);
  const base = asking(of, people);
  const possible = [
    ...worded(base, of, given),
    ...await dosed(lab, of, people),
  ];
  const parts = possible.filter((part): part is Part => "plans" in part);
  const { taken, rows: costs } = await within(lab, parts, budget);
  const without = possible.flatMap((part) =>
    "plans" in part ? [] : [{ validity_part: part.name, asks: null, taken: `no: ${part.lacks}` }]
  );
  return {
    parts: taken,
    plans: taken.flatMap(({ plans }) => plans),
    profiles: people.profiles,
    population: people.population,
    conditions: people.conditions,
    seed,
    base: waysOf(of)[0]!,
    costs: from(frame([...costs, ...without, total(costs)], COSTS), sourcesOf(lab)),
  };
}

/**
 * Sheets of the profiles that were drawn, in the way in which the study asks and in those of a part.
 *
 * @param sheets as `study.sheets(…)` reads them
 * @param part left out, of all parts but `doses`
 * @throws {RangeError} when the battery has no such part
 */
export function sheetsOf(battery: Battery, sheets: Sheets, part?: string): Sheets {
  const { parts, base, profiles, population, conditions } = battery;
  const known = parts.map(({ name }) => name);
  if (part !== undefined && !known.includes(part)) {
    throw new RangeError(`The battery has no part ${part}: it has ${known.join(", ") || "none"}`);
  }
  const own = parts.filter(({ name }) => part === undefined ? name !== "doses" : name === part)
    .flatMap(({ plans }) => plans).filter((plan) => plan.kind === "administrations");
  const ways = [base, ...own.flatMap((plan) => waysOf(plan))];
  const under = part === "doses" ? own.flatMap(({ conditions }) => conditions ?? []) : conditions;
  const factors = Object.keys(base).filter((name) => sheets.sheets.columns.includes(name));
  const key = (way: Readonly<Record<string, unknown>>) =>
    JSON.stringify(factors.map((name) => way[name]));
  const kept = new Set(ways.map(key)), drawn = new Set(profiles);
  const whose = sheets.sheets.columns.includes("profile_population") ? ["profile_population"] : [];
  const columns = [...factors, "profile", ...whose, ...under ? ["condition"] : []];
  const mask = (sheets.sheets.select(...columns).toRecords() as Record<string, unknown>[])
    .map((row) =>
      kept.has(key(row)) && drawn.has(Number(row.profile)) &&
      (!whose.length || row.profile_population === population) &&
      (!under || under.includes(String(row.condition)))
    );
  return from({ ...sheets, sheets: sheets.sheets.filter(pl.Series(mask)) }, sourcesOf(sheets));
}

/** A part that cannot be asked. */
interface Lacking {
  name: string;
  lacks: string;
}

type Given = Parameters<typeof administrations>[0];

/** The plan's own way of asking, of the people who were drawn. */
const asking = (of: AdministrationsPlan, { profiles, conditions }: People): Given => ({
  instrument: of.instrument,
  models: of.models,
  prompt: of.prompt,
  items: of.setting.items,
  options: of.setting.options,
  coding: of.setting.coding,
  asked: of.setting.each ?? "whole",
  reason: of.setting.reason ?? "explanation",
  ...of.setting.change && { changes: of.setting.change },
  repetitions: 1,
  original: of.original,
  seed: of.seed,
  ...of.variant !== null && { variant: of.variant },
  ...of.population !== undefined && { population: of.population },
  ...of.of ? { of: of.of } : { personas: of.personas ?? "all" },
  ...of.form !== undefined && { form: of.form },
  profiles,
  ...conditions && { conditions },
});

/** A plan by the name of its part. */
function named<T extends Plan>(part: string, plan: T): T {
  return { ...plan, name: `${MARK}${part}-${plan.name.split("-").at(-1)}` };
}

/** The parts that ask otherwise. */
function worded(base: Given, of: AdministrationsPlan, given: Validity): (Part | Lacking)[] {
  const { prompt, setting } = of;
  const one = (name: string, asks: string, change: Partial<Given>): Part => ({
    name,
    asks,
    plans: [named(name, administrations({ ...base, ...change }))],
  });
  const options = setting.options === "reversed" ? "printed" as const : "reversed" as const;
  const items = setting.items === "shuffled" ? "printed" as const : "shuffled" as const;
  const codings = codingsOf(base, setting.coding);
  const wordings = given.wordings ??
    (prompt.language === "en"
      ? ENDINGS.map((more) => editPrompt(prompt, { system: `${prompt.system}\n\n${more}` }))
      : []);
  const levels = {
    administration_prompt: [prompt, ...wordings].map(({ version }) => version),
    option_order: [setting.options, options],
    coding: [setting.coding, ...codings.slice(0, 1)],
  };
  const all = Object.values(levels).reduce((product, own) => product * own.length, 1);
  const settings = Math.min(SETTINGS, all);
  const changes = given.changes ?? [];
  return [
    one("repeats", "the same twice", { repetitions: Math.max(2, of.repetitions) }),
    one("order", `options ${options}`, { options }),
    one("items", `items ${items}`, { items }),
    codings.length
      ? one("coding", `answers as ${codings.join(", ")}`, { coding: codings })
      : { name: "coding", lacks: "the instrument has one coding" },
    wordings.length
      ? one("wording", plural(wordings.length, "other wording"), { prompt: wordings })
      : { name: "wording", lacks: `no \`wordings\` in ${prompt.language} were given` },
    one("settings", `${settings} of ${all} settings, twice`, {
      prompt: [prompt, ...wordings],
      options: [setting.options, options],
      coding: levels.coding as Coding[],
      repetitions: 2,
      except: fraction(levels, { settings, seed: given.seed ?? 1 }).except,
    }),
    changes.length
      ? one(
        "changes",
        `${changes.map((one) => condition(one).name).join(", ")}, in each wording`,
        { prompt: [prompt, ...wordings], changes: ["unchanged", ...changes] },
      )
      : { name: "changes", lacks: "no `changes` of respondents were given" },
  ];
}

/** The other codings in which the plan can ask, and whose words differ: labels may be yes and no. */
function codingsOf(base: Given, own: Coding): Coding[] {
  const instrument = base.instrument as Instrument, met = new Set<string>();
  return [own, ...CODINGS.filter((coding) => coding !== own)].filter((coding) => {
    try {
      administrations({ ...base, coding });
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    const words = JSON.stringify(
      instrument.items.map((item) => itemWords(instrument, item, coding)),
    );
    return met.size < met.add(words).size;
  }).slice(1);
}

/** Doses of each scale of what the profiles answered, written as the study's personas were. */
async function dosed(
  lab: Study,
  of: AdministrationsPlan,
  people: People,
): Promise<(Part | Lacking)[]> {
  const { profiles, written } = people;
  const name = "doses";
  if (of.of === "profiles") return [{ name, lacks: "profiles answer without a persona" }];
  const found = await Promise.all(written.map((run) => lab.planned(run)));
  const plans = found.map(({ plan }) => plan as PersonasPlan);
  const [first] = plans;
  if (!first || plans.some(({ parent }) => parent !== undefined)) {
    return [{ name, lacks: "the personas were made from others" }];
  }
  const { instrument } = of, population = first.population;
  const known = rows(
    await lab.populations(),
    z.object({ name: z.string(), role: z.string(), instrument: z.string().nullable() }),
  ).find((one) => population === undefined ? one.role === "reference" : one.name === population);
  if (known?.instrument !== instrument.name) {
    return [{ name, lacks: `the profiles did not answer ${instrument.title}` }];
  }
  const conditions = instrument.scales.flatMap((scale) => {
    const items = instrument.items.filter((item) => item.scale === scale).length;
    const doses = Array.from({ length: STEPS + 1 }, (_, at) => Math.round(at * items / STEPS));
    return [...new Set(doses)].map((dose) => `${scale}=${dose}`);
  });
  const writing = personas({
    models: [
      ...new Map(plans.flatMap(({ models }) => models).map((one) => [one.id, one])).values(),
    ],
    conditions,
    profiles,
    prompt: first.prompt,
    seed: first.seed,
    ...first.variant !== null && { variant: first.variant },
    ...population !== undefined && { population },
    ...first.form && { form: first.form },
  });
  const answering = administrations({ ...asking(of, { ...people, conditions }) });
  return [{
    name,
    asks: `none to all items of ${instrument.scales.join(", ")}, in ${STEPS} steps`,
    plans: [named("doses-written", writing), named("doses-asked", answering)],
  }];
}
