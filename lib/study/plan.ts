/** What is to be done, as data: which personas to write, which sheets to have filled in. */
import { createHash } from "node:crypto";
import { type Condition, condition, populationName, usualConditions } from "../conditions.ts";
import { described } from "../format.ts";
import { check, hasOwnOptions, type Instrument } from "../instruments.ts";
import type { Model } from "../llm.ts";
import {
  checkCoding,
  orders,
  type Presented,
  type Prompt,
  prompt,
  type Reason,
} from "../prompts.ts";
import { seeded } from "../random.ts";
import { checkPrompt, needsGeneral } from "./sheet.ts";

/** How items and answers are laid before a persona. */
export interface Setting {
  /** As printed, or in an order drawn anew for each administration. */
  items: "printed" | "shuffled";
  options: "printed" | "reversed" | "shuffled";
  coding: Presented["coding"];
  /** Items of one call; without it the whole sheet is one. */
  each?: number;
  /** What is asked for besides answers; without it an explanation of all of them. */
  reason?: Reason;
}

/** What one cell of a plan is asked with: a level of each factor that the plan itself sets. */
export interface Combination {
  prompt: Prompt;
  instrument: Instrument;
  setting: Setting;
}

interface Common {
  /** Unique in its schema; a plan of the same name is the same plan. */
  name: string;
  /** The prompt, or the first of several. */
  prompt: Prompt;
  /** Chooses items of doses and orders of items and options. */
  seed: number;
  /** Tells personas or sheets of this plan from others of the same model and condition. */
  variant: string | null;
  /** Only these profiles under one condition, to see what the prompt does: no results of the study. */
  trial?: { profiles: readonly number[]; condition: string };
}

/** Each profile under each condition, written by each model so many times. */
export interface PersonasPlan extends Common {
  kind: "personas";
  models: readonly Model[];
  conditions: readonly Condition[];
  /** The other prompts, each of which writes its own personas. */
  prompts?: readonly Prompt[];
  /** Indices of the repetitions: `from`, and how many. */
  from: number;
  repetitions: number;
  /** Only the first so many profiles, or all. */
  profiles: number | null;
}

/** Each persona of the study, asked an instrument so many times in each setting. */
export interface AdministrationsPlan extends Common {
  kind: "administrations";
  /** The instrument, or the first of several. */
  instrument: Instrument;
  /** Who answers; left empty, the model that wrote the persona. */
  models: readonly Model[];
  /** Repetitions of the personas that are asked, or all. */
  personas: readonly number[] | null;
  repetitions: number;
  /** The setting, or the first of several. */
  setting: Setting;
  /** Where factors have several levels: all of them, and the combinations that are asked after the first. */
  levels?: {
    prompts: readonly Prompt[];
    instruments: readonly Instrument[];
    after: readonly { prompt: number; instrument: number; setting: Setting }[];
  };
  /**
   * The original's rule: a sheet that is incomplete, or all alike where the answers are two, is no
   * sheet; the same is asked up to three times.
   */
  original: boolean;
}

export type Plan = PersonasPlan | AdministrationsPlan;

/** One model under one condition, in one combination of what else the plan varies. */
export interface Cell {
  model: Model;
  /** What tables call it that know a model and a condition only. */
  label: string;
  /** Whose personas these are: the short id in the population's name. */
  id: string;
  condition: string;
  /** Name of these personas, as the published tables have it; of each setting its own. */
  population: string;
  /** Name of the personas of all settings of this model and condition: what keys and draws depend on. */
  base: string;
  /** Hash of all that replies depend on but the respondent and the repetition. */
  setting: string;
  /** The setting in which the personas were written that are asked; null where personas are written. */
  writing: string | null;
  prompt: Prompt;
  /** What is asked, or what the profiles answered. */
  instrument: Instrument;
  /** How it is laid out; null where personas are written. */
  shown: Setting | null;
}

/**
 * A plan to have personas written.
 *
 * @param given `conditions` by name, as a dose (`"N=3"`) or as data; where they are left out, the usual
 *   ones; one repetition, the last persona prompt. Of several prompts each writes personas of its own
 * @throws {RangeError} when nothing is planned, or a number is none
 */
export function personas(given: {
  models: readonly Model[];
  conditions?: readonly (string | Condition)[];
  repetitions?: number;
  from?: number;
  profiles?: number;
  prompt?: Prompt | readonly Prompt[];
  seed?: number;
  variant?: string;
  name?: string;
}): PersonasPlan {
  listed("conditions", given.conditions, '["N=0", "N=6"]');
  const conditions = (given.conditions ?? usualConditions()).map((one) => condition(one));
  const [first, ...others] = prompted("persona", given.prompt);
  const plan = {
    kind: "personas" as const,
    models: asked(given.models),
    conditions: distinct("condition", conditions, ({ name }) => name),
    from: whole("from", given.from ?? 1),
    repetitions: whole("repetitions", given.repetitions ?? 1),
    profiles: given.profiles === undefined ? null : whole("profiles", given.profiles),
    prompt: first!,
    ...others.length && { prompts: others },
    seed: seed(given.seed),
    variant: variant(given.variant),
  };
  if (!plan.models.length) {
    throw new RangeError("A plan of personas names at least one model: got 0");
  }
  if (!conditions.length) throw new RangeError("A plan names at least one condition: got 0");
  return { ...plan, name: given.name ?? named(plan) };
}

/** One level of a factor, or several. */
type Levels<T> = T | readonly T[];

/**
 * A plan to have an instrument answered by the personas of the study.
 *
 * Whatever is given as a list is a factor: every combination of the levels is asked, but for those that
 * `except` names, and results have a column for each factor.
 *
 * @param given as in the paper where it is left out: the first persona of each profile is asked once by
 *   the model that wrote it, items and answers as printed, the whole sheet at once, True and False where
 *   the answers are two. `asked`: `"whole"`, or how many items a call. `reason`: `"before"` or `"after"`
 *   each answer, `"none"`, or an `"explanation"` of all. `except`: whether a combination is
 *   left out, by its levels as they stand in results
 * @throws {RangeError} when a level is none of its factor or stands twice, or nothing is left to ask
 */
export function administrations(given: {
  instrument: Levels<Instrument>;
  models?: readonly Model[];
  personas?: readonly number[] | "all";
  repetitions?: number;
  items?: Levels<Setting["items"]>;
  options?: Levels<Setting["options"]>;
  coding?: Levels<Setting["coding"]>;
  asked?: Levels<"whole" | number>;
  reason?: Levels<"explanation" | Reason>;
  original?: boolean;
  prompt?: Levels<Prompt>;
  except?: (levels: Readonly<Record<keyof ReturnType<typeof levelsOf>, string>>) => boolean;
  seed?: number;
  variant?: string;
  name?: string;
}): AdministrationsPlan {
  const instruments = distinct("instrument", several(given.instrument), (one) => {
    if (!Array.isArray(one?.items) || !Array.isArray(one.scales)) {
      throw new RangeError(
        'instrument is one that a package brings, or `instrumentFrom("FILE")`: ' +
          `got ${described(one)}`,
      );
    }
    check(one);
    return `${one.name} (${one.language})`;
  });
  const laid = instruments.flatMap((instrument) => {
    const two = !hasOwnOptions(instrument) && instrument.lowest === 0 && instrument.highest === 1;
    return combined(instrument, given, two ? "true/false" : "number")
      .map((setting) => ({ instrument, setting }));
  });
  // One prompt for all that is compared.
  const usual = laid.some(needsGeneral) ? prompt("administration", "general") : undefined;
  const prompts = prompted("administration", given.prompt ?? usual);
  const all = laid.flatMap((one) =>
    prompts.map((prompt) => {
      checkPrompt(prompt, one);
      return { prompt, ...one };
    })
  );
  const [first, ...others] = given.except
    ? all.filter((one) => !given.except!(levelsOf(one)))
    : all;
  if (!first) throw new RangeError("Nothing is left to ask: `except` leaves every combination out");
  const plan = {
    kind: "administrations" as const,
    instrument: first.instrument,
    models: asked(given.models ?? []),
    personas: given.personas === "all"
      ? null
      : listed("personas", given.personas ?? [1], '[1, 2], or "all"')
        .map((one) => whole("personas", one)),
    repetitions: whole("repetitions", given.repetitions ?? 1),
    setting: first.setting,
    ...others.length && {
      levels: {
        prompts,
        instruments,
        after: others.map(({ prompt, instrument, setting }) => ({
          prompt: prompts.indexOf(prompt),
          instrument: instruments.indexOf(instrument),
          setting,
        })),
      },
    },
    original: given.original ?? false,
    prompt: first.prompt,
    seed: seed(given.seed),
    variant: variant(given.variant),
  };
  return { ...plan, name: given.name ?? named(plan) };
}

/** Every setting of the levels given. */
function combined(
  instrument: Instrument,
  given: {
    items?: Levels<Setting["items"]>;
    options?: Levels<Setting["options"]>;
    coding?: Levels<Setting["coding"]>;
    asked?: Levels<"whole" | number>;
    reason?: Levels<"explanation" | Reason>;
  },
  usual: Setting["coding"],
): Setting[] {
  const items = levels("items", given.items, ["printed", "shuffled"]);
  const options = levels("options", given.options, ["printed", "reversed", "shuffled"]);
  const codings = distinct("coding", several(given.coding ?? usual), String);
  const calls = distinct("asked", several(given.asked ?? "whole"), String);
  const reasons = levels("reason", given.reason, ["explanation", "none", "before", "after"]);
  return items.flatMap((items) =>
    options.flatMap((options) =>
      codings.flatMap((coding) => {
        checkCoding(instrument, coding);
        return calls.flatMap((each) =>
          reasons.map((reason) => ({
            items,
            options,
            coding,
            ...each !== "whole" && { each: whole("asked", each) },
            ...reason !== "explanation" && { reason },
          }))
        );
      })
    )
  );
}

const several = <T>(given: Levels<T>): readonly T[] => Array.isArray(given) ? given : [given as T];

function levels<T extends string>(
  what: string,
  given: Levels<T> | undefined,
  known: readonly T[],
): readonly T[] {
  if (given === undefined) return [known[0]!];
  return distinct(what, several(given).map((one) => oneOf(what, one, known)), String);
}

/** What a plan asks with, one for each of its cells of a model and condition. */
export const combinations = (plan: AdministrationsPlan): Combination[] => [
  { prompt: plan.prompt, instrument: plan.instrument, setting: plan.setting },
  ...plan.levels?.after.map(({ prompt, instrument, setting }) => ({
    prompt: plan.levels!.prompts[prompt]!,
    instrument: plan.levels!.instruments[instrument]!,
    setting,
  })) ?? [],
];

/** All prompts of a plan. */
export const promptsOf = (plan: Plan): readonly Prompt[] =>
  plan.kind === "personas"
    ? [plan.prompt, ...plan.prompts ?? []]
    : [plan.prompt, ...plan.levels?.prompts ?? []];

/** A plan with the first level of each factor only. */
export function firstOf(plan: Plan): Plan {
  if (plan.kind === "personas") {
    const { prompts: _, ...first } = plan;
    return first;
  }
  const { levels: _, ...first } = plan;
  return first;
}

/** The levels of a combination, as they stand in results. */
export const levelsOf = ({ prompt, instrument, setting }: Combination) => ({
  administration_prompt: prompt.version,
  instrument: instrument.name,
  language: instrument.language,
  item_order: setting.items,
  option_order: setting.options,
  coding: setting.coding as string,
  asked: askedLevel(setting.each),
  reasons: setting.reason ?? "explanation",
});

/** How many calls a sheet takes, or a persona. */
export const callsOf = ({ items }: Instrument, shown: Setting | null): number =>
  shown?.each === undefined ? 1 : Math.ceil(items.length / shown.each);

/** The items of one of these calls, from all in the order shown. */
export const partOf = (
  items: readonly number[],
  { each = items.length }: Setting,
  block: number,
): readonly number[] => items.slice((block - 1) * each, block * each);

/** How many items a call has, as a level. */
const askedLevel = (each: number | undefined): string =>
  each === undefined ? "whole" : String(each);

/** The cells of a plan of personas. */
export function personaCells(
  plan: PersonasPlan,
  instrument: Instrument,
  reference: string,
): Cell[] {
  const { seed, variant } = plan;
  return promptsOf(plan).flatMap((prompt) =>
    plan.models.flatMap((model) =>
      plan.conditions.map((condition) => {
        const id = variant ? `${model.id}-${variant}` : model.id;
        const given = [
          plan.kind,
          behaviour(model),
          prompt.hash,
          condition,
          instrument,
          reference,
          seed,
        ];
        const population = populationName(id, condition, reference);
        return {
          model,
          id,
          label: variant ? `${model.label} (${variant})` : model.label,
          condition: condition.name,
          population,
          base: population,
          setting: hash(given),
          writing: null,
          prompt,
          instrument,
          shown: null,
        };
      })
    )
  );
}

/** Personas that were written in one setting. */
export type Written = Pick<Cell, "population" | "base" | "condition" | "label" | "id"> & {
  writing: string;
};

/** The cells in which the personas of one setting are asked by one model. */
export function administrationCells(
  plan: AdministrationsPlan,
  personas: Written,
  model: Model,
  writer: string,
): Cell[] {
  const { original, seed, variant } = plan;
  const notes = [...model.id === writer ? [] : [`by ${model.label}`], ...variant ? [variant] : []];
  return combinations(plan).map(({ prompt, instrument, setting }) => ({
    ...personas,
    model,
    label: notes.length ? `${personas.label} (${notes.join(", ")})` : personas.label,
    setting: hash([plan.kind, behaviour(model), prompt.hash, instrument, setting, original, seed]),
    prompt,
    instrument,
    shown: setting,
  }));
}

/**
 * The order in which an administration shows items and answers: its own, drawn from the seed, so that
 * it is the same wherever and whenever it is asked.
 */
export function presented(
  instrument: Instrument,
  setting: Setting,
  seed: number,
  ...whose: readonly [population: string, profile: number, persona: number, repetition: number]
): Presented {
  const draw = (what: string, ...item: number[]) => seeded(what, seed, ...whose, ...item);
  const { coding, reason } = setting;
  return { ...orders(instrument, setting, draw), coding, ...reason && { reason } };
}

/** What a model's replies depend on: not what it is called here, costs, or is asked with. */
function behaviour(model: Model): Partial<Model> {
  const { id: _id, label: _label, price: _price, key: _key, ...rest } = model;
  const { concurrency: _concurrency, timeout_seconds: _seconds, ...replies } = rest;
  return replies;
}

const hash = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value, ordered)).digest("hex");

/** PostgreSQL gives the keys of an object back in an order of its own. */
const ordered = (_: string, value: unknown): unknown =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** What two plans of one name must share. */
export const identity = (plan: Plan): string =>
  hash({
    ...plan,
    name: "",
    prompt: plan.prompt.hash,
    ...plan.kind === "personas" && plan.prompts &&
      { prompts: plan.prompts.map(({ hash }) => hash) },
    ...plan.kind === "administrations" && plan.levels &&
      { levels: { ...plan.levels, prompts: plan.levels.prompts.map(({ hash }) => hash) } },
    models: plan.models.map((model) => [model.id, behaviour(model)]),
  });

const named = (plan: Omit<PersonasPlan, "name"> | Omit<AdministrationsPlan, "name">): string =>
  `${plan.kind}-${identity({ ...plan, name: "" } as Plan).slice(0, 8)}`;

/** @throws {RangeError} when it is not a list, with what one looks like */
function listed<T extends readonly unknown[] | undefined>(what: string, of: T, like: string): T {
  if (of === undefined || Array.isArray(of)) return of;
  throw new RangeError(`${what} is a list, such as ${like}: got ${described(of)}`);
}

/** The models of a plan, each once. */
function asked(models: readonly Model[]): readonly Model[] {
  const like = '[model("simulated")]';
  if (models === undefined) throw new RangeError(`A plan names models, such as ${like}: got none`);
  for (const one of listed("models", models, like)) {
    if (typeof one?.id === "string" && typeof one.provider === "string") continue;
    throw new RangeError(
      `models holds entries of the registry, such as ${like}: got ${described(one)}`,
    );
  }
  return distinct("model", models, ({ id }) => id);
}

function oneOf<T extends string>(what: string, given: T, known: readonly T[]): T {
  if (known.includes(given)) return given;
  throw new RangeError(`${what} is ${known.join(", ")}: got ${described(given)}`);
}

function distinct<T>(what: string, of: readonly T[], name: (one: T) => string): readonly T[] {
  const names = of.map(name);
  const twice = names.find((one, index) => names.indexOf(one) < index);
  if (twice !== undefined) {
    throw new RangeError(`A plan names each ${what} once: ${twice} is twice`);
  }
  return of;
}

function whole(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`${what} is a whole number of 1 or more: got ${described(value)}`);
}

function seed(value = 1): number {
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`seed is a whole number: got ${described(value)}`);
}

function variant(value: string | undefined): string | null {
  if (value === undefined) return null;
  if (/^[\p{L}\p{N}][\p{L}\p{N}.+-]{0,23}$/u.test(value)) return value;
  throw new RangeError(
    `A variant is 1 to 24 letters, digits, ., + and -: current value is ${JSON.stringify(value)}`,
  );
}

/** The prompts of a plan, each once. */
const prompted = (purpose: Prompt["purpose"], given: Levels<Prompt> | undefined) =>
  distinct(
    "prompt",
    several(given).map((one) => purposed(purpose, one)),
    ({ hash, version }) => `${version} (${hash.slice(0, 8)})`,
  );

/** The prompt, or the last one; a plan needs one of its own kind. */
export function purposed(purpose: Prompt["purpose"], given: Prompt | undefined): Prompt {
  if (!given) return prompt(purpose);
  if (given.purpose === purpose) return given;
  if (typeof given.hash !== "string") {
    throw new RangeError(
      `A plan takes a prompt, \`prompt("${purpose}")\` or \`edited(…)\`: got ${described(given)}`,
    );
  }
  const needed = purpose === "persona" ? "a persona" : "an administration";
  throw new RangeError(`This plan needs ${needed} prompt: got one for ${given.purpose}`);
}
