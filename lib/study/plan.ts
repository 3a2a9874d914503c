/** What is to be done, as data: which personas to write, which sheets to have filled in. */
import { createHash } from "node:crypto";
import { type Condition, condition, populationName, usualConditions } from "../conditions.ts";
import { described } from "../format.ts";
import { checkForm, type Form, isUsual, usualForm } from "../forms.ts";
import { check, hasOwnOptions, type Instrument, optionsOf, substantive } from "../instruments.ts";
import type { Model } from "../llm.ts";
import {
  checkCoding,
  cyclicOrders,
  type Ordering,
  personaText,
  places,
  type Presented,
  type Prompt,
  type Reason,
  shippedPrompt,
} from "../prompts.ts";

import { checkPrompt, needsGeneral } from "./sheet.ts";

/** How items and answers are laid before a persona. */
export interface Setting extends Ordering {
  coding: Presented["coding"];
  /** Items of one call; without it the whole sheet is one. */
  each?: number;
  /** What is asked for besides answers; without it an explanation of all of them. */
  reason?: Reason;
  /** What is changed of the respondent, who is asked only where that changes anything; without it nothing. */
  change?: Condition;
}

/** The level of what is changed where nothing is. */
export const UNCHANGED = "unchanged";

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
  /** Only these profiles under these conditions, to see what they bring: no results of the study. */
  trial?: { profiles: readonly number[]; conditions: readonly string[] };
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
  /** Only the first so many profiles, those with these ids, or all. */
  profiles: number | readonly number[] | null;
  /** Whose profiles; left out, those of the study's reference. */
  population?: string;
  /** What is written; left out, the form that a package brings. */
  form?: Form;
  /** The name of the form whose personas these are made from; left out, they are made from profiles. */
  parent?: string;
}

/**
 * What each respondent is shown besides the items, such as what others answered before: texts that the plan
 * itself holds, so that they are recorded as they are shown and asking again shows the same.
 */
export interface Context {
  /** The level of the factor `round`, which tells these sheets from those of other rounds. */
  round: string;
  /** Names of runs that must be settled before this is planned: what is shown comes of them. */
  after: readonly string[];
  /** By profile and item, the text that is shown with the item; who has none is shown nothing. */
  texts: Readonly<Record<number, Readonly<Record<number, string>>>>;
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
  /** Ids of the profiles whose personas are asked, or who answer; left out, all. */
  profiles?: readonly number[];
  /** Names of the conditions whose personas are asked; left out, all. */
  conditions?: readonly string[];
  /** The name of the form of these personas; left out, the form that a package brings. */
  form?: string;
  /** Profiles answer as they are, without a persona; left out, personas do. */
  of?: "profiles";
  /** Whose profiles; left out, those of the study's reference answer, or personas of all. */
  population?: string;
  repetitions: number;
  /** What is shown besides the items; left out, nothing. */
  context?: Context;
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

/**
 * A plan to have personas written.
 *
 * @param given `conditions` by name, as a dose (`"N=3"`) or as data; where they are left out, the usual
 *   ones; one repetition, the last persona prompt (of profiles without items the one for attributes). Of
 *   several prompts each writes personas of its own. `profiles`: the first so many, or ids. `population`: whose profiles, by its name in the
 *   study; its reference where left out
 * @throws {RangeError} when nothing is planned, or a number is none
 */
export function personas(given: {
  models: readonly Model[];
  conditions?: readonly (string | Condition)[];
  repetitions?: number;
  from?: number;
  profiles?: number | readonly number[];
  population?: string;
  form?: Form;
  parent?: string;
  prompt?: Prompt | readonly Prompt[];
  seed?: number;
  variant?: string;
  name?: string;
}): PersonasPlan {
  listed("conditions", given.conditions, '["N=0", "N=6"]');
  const { parent } = given;
  if (parent !== undefined) madeFrom(given);
  const conditions = parent === undefined
    ? (given.conditions ?? usualConditions()).map((one) => condition(one))
    : [];
  const form = ownForm(given.form);
  const usual = form || parent !== undefined ? shippedPrompt("persona", "form-1") : undefined;
  const [first, ...others] = prompted("persona", given.prompt ?? usual);
  const plan = {
    kind: "personas" as const,
    models: asked(given.models),
    conditions: apart(distinct("condition", conditions, ({ name }) => name)),
    from: whole("from", given.from ?? 1),
    repetitions: whole("repetitions", given.repetitions ?? 1),
    profiles: given.profiles === undefined
      ? null
      : typeof given.profiles === "number"
      ? whole("profiles", given.profiles)
      : ids(given.profiles),
    prompt: first!,
    ...others.length && { prompts: others },
    ...given.population !== undefined && { population: worded("population", given.population) },
    seed: seed(given.seed),
    variant: variant(given.variant),
    ...form && { form },
    ...parent !== undefined && { parent },
  };
  if (!plan.models.length) {
    throw new RangeError("A plan of personas names at least one model: got 0");
  }
  if (!conditions.length && parent === undefined) {
    throw new RangeError("A plan names at least one condition: got 0");
  }
  return { ...plan, name: given.name ?? named(plan) };
}

/** The form of a plan; nothing where it is the usual one, which a plan does not name. */
function ownForm(given: Form | undefined): Form | undefined {
  if (given === undefined || isUsual(given)) {
    usualForm(given); // refuses when there is none
    return undefined;
  }
  checkForm(given);
  personaText(given, {}); // refuses places that are none of its fields
  return given;
}

/** @throws {RangeError} when what others were made with is given as well */
function madeFrom(given: Parameters<typeof personas>[0]): void {
  const { parent, conditions, repetitions = 1, from = 1 } = given;
  if (typeof parent !== "string" || !parent) {
    throw new RangeError(`parent is the name of a form: got ${described(parent)}`);
  }
  if (conditions === undefined && repetitions === 1 && from === 1) return;
  throw new RangeError(
    `Personas that are made from those of the form ${parent} are one for each of these, under its ` +
      `condition: leave out conditions, repetitions and from; for a second one give a variant`,
  );
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
 *   each answer, `"none"`, or an `"explanation"` of all. `except`: whether a combination is left out, by
 *   its levels as they stand in results. `changes`: what is changed of a respondent before it is asked, all else
 *   kept: attributes of profiles or fields of personas, by the name of a condition (`"sex:female<->male"`,
 *   `"-description"`) or as data, `"unchanged"` where nothing is; who has nothing to change is not asked.
 *   `profiles`, `conditions`, `population`: only personas of these. `of: "profiles"`: profiles answer as they are,
 *   those of `population` or of the study's reference; `models` then names who answers for them. `context`: what
 *   each is shown besides, at the prompt's place `{{context}}`; then one model is named, and no other factor
 *   has several levels
 * @throws {RangeError} when a level is none of its factor or stands twice, or nothing is left to ask
 */
export function administrations(given: {
  instrument: Levels<Instrument>;
  models?: readonly Model[];
  personas?: readonly number[] | "all";
  profiles?: readonly number[];
  conditions?: readonly string[];
  form?: string;
  of?: "profiles";
  population?: string;
  repetitions?: number;
  context?: Context;
  items?: Levels<Setting["items"]>;
  options?: Levels<Setting["options"]>;
  coding?: Levels<Setting["coding"]>;
  asked?: Levels<"whole" | number>;
  reason?: Levels<"explanation" | Reason>;
  changes?: Levels<string | Condition>;
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
  const { form } = given;
  if (form !== undefined && typeof form !== "string") {
    throw new RangeError(`form is the name of one that personas have: got ${described(form)}`);
  }
  if (given.of !== undefined) ofProfiles(given);
  const laid = instruments.flatMap((instrument) => {
    const two = !hasOwnOptions(instrument) && instrument.lowest === 0 && instrument.highest === 1;
    return combined(instrument, given, two ? "true/false" : "number")
      .map((setting) => ({ instrument, setting }));
  });
  // One prompt for all that is compared.
  const general = form !== undefined || given.of !== undefined || laid.some(needsGeneral);
  const usual = general ? shippedPrompt("administration", "general") : undefined;
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
  if (given.context) checkContext(given.context, prompts, { given, several: others.length > 0 });
  const plan = {
    kind: "administrations" as const,
    instrument: first.instrument,
    models: asked(given.models ?? []),
    personas: given.personas === "all"
      ? null
      : listed("personas", given.personas ?? [1], '[1, 2], or "all"')
        .map((one) => whole("personas", one)),
    ...given.profiles !== undefined && { profiles: ids(given.profiles) },
    ...given.conditions !== undefined && { conditions: conditionsOf(given.conditions) },
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
    ...form !== undefined && { form },
    ...given.of !== undefined && { of: given.of },
    ...given.population !== undefined && { population: given.population },
    ...given.context && { context: given.context },
  };
  return { ...plan, name: given.name ?? named(plan) };
}

/** @throws {RangeError} when a context has no place in the prompt, or it is not clear whose it is */
function checkContext(
  { round, after }: Context,
  prompts: readonly Prompt[],
  { given, several }: { given: Parameters<typeof administrations>[0]; several: boolean },
): void {
  worded("round", round);
  listed("after", after, '["administrations-1a2b3c4d"]');
  const without = prompts.find((prompt) => !places(prompt).includes("context"));
  if (without) {
    throw new RangeError(
      `The administration prompt ${without.version} has no {{context}}, the place of what is shown ` +
        "besides the items",
    );
  }
  const one = (given.models?.length === 1) && given.personas === undefined && !several &&
    (given.repetitions ?? 1) === 1;
  if (one) return;
  throw new RangeError(
    "A plan with a context asks one model in one setting, once: make a plan of each, with what its " +
      "own respondents are shown",
  );
}

/** @throws {RangeError} when what only personas have is given as well, or nobody is named who answers */
function ofProfiles(
  { of, form, personas, conditions, models }: Parameters<typeof administrations>[0],
): void {
  if (of !== "profiles") {
    throw new RangeError(`of is "profiles", or left out: got ${described(of)}`);
  }
  if (form !== undefined || personas !== undefined || conditions !== undefined) {
    throw new RangeError(
      "Profiles that answer have no personas: leave out personas, conditions and form",
    );
  }
  if (!models?.length) {
    throw new RangeError("Profiles were written by no model: name in models who answers for them");
  }
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
    changes?: Levels<string | Condition>;
  },
  usual: Setting["coding"],
): Setting[] {
  const items = levels("items", given.items, ["printed", "shuffled"]);
  const most = Math.max(
    ...instrument.items.map((item) => substantive(optionsOf(instrument, item)).length),
  );
  const options = levels("options", given.options, [
    ...cyclicOrders(most),
    "reversed",
    "shuffled",
  ]);
  const codings = distinct("coding", several(given.coding ?? usual), String);
  const calls = distinct("asked", several(given.asked ?? "whole"), String);
  const reasons = levels("reason", given.reason, ["explanation", "none", "before", "after"]);
  const changes = distinct(
    "change",
    several(given.changes ?? UNCHANGED).map(changed),
    (change) => change?.name ?? UNCHANGED,
  );
  const laid = items.flatMap((items) =>
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
  return changes.flatMap((change) => laid.map((one) => ({ ...one, ...change && { change } })));
}

/** @throws {RangeError} when it is no change of attributes */
function changed(given: string | Condition): Condition | undefined {
  if (given === UNCHANGED) return undefined;
  const change = condition(given);
  const values = Object.keys(change.values ?? {});
  const ofItems = Object.keys(change.set).length > 0 || change.omit !== undefined;
  if (values.length && !ofItems && change.name !== UNCHANGED) return change;
  throw new RangeError(
    `A change is of attributes or fields, such as "sex:female<->male" or "-town", and not called ` +
      `"${UNCHANGED}": got ${described(given)}`,
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

/** What a plan changes of respondents before it asks them. */
export const changesOf = (plan: AdministrationsPlan): Condition[] =>
  combinations(plan).flatMap(({ setting }) => setting.change ?? []);

/** All prompts of a plan. */
export const promptsOf = (plan: Plan): readonly Prompt[] =>
  plan.kind === "personas"
    ? [plan.prompt, ...plan.prompts ?? []]
    : [plan.prompt, ...plan.levels?.prompts ?? []];

/**
 * A plan with other prompts in place of its own, each in all settings.
 *
 * @throws {RangeError} when one is given twice, or is none for this plan
 */
export function withPrompts(plan: Plan, given: readonly Prompt[]): Plan {
  const prompts = prompted(plan.kind === "personas" ? "persona" : "administration", given);
  if (!prompts.length) throw new RangeError("A plan has at least one prompt: got 0");
  const [prompt, ...others] = prompts as readonly [Prompt, ...Prompt[]];
  if (plan.kind === "personas") {
    const { prompts: _, ...rest } = plan;
    return { ...rest, prompt, ...others.length && { prompts: others } };
  }
  const { levels, ...rest } = plan;
  const instruments = levels?.instruments ?? [plan.instrument];
  const settings = new Map(
    combinations(plan).map((one) => [JSON.stringify([one.instrument.name, one.setting]), one]),
  );
  const [first, ...after] = [...settings.values()].flatMap(({ instrument, setting }) =>
    prompts.map((prompt, at) => {
      checkPrompt(prompt, { instrument, setting });
      return { prompt: at, instrument: instruments.indexOf(instrument), setting };
    })
  );
  return {
    ...rest,
    prompt,
    instrument: instruments[first!.instrument]!,
    setting: first!.setting,
    ...after.length && { levels: { prompts, instruments, after } },
  };
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
  change: setting.change?.name ?? UNCHANGED,
});

/** The ways in which a plan asks, each by its levels as they stand in results. */
export const waysOf = (plan: AdministrationsPlan) => combinations(plan).map(levelsOf);

/** How many items a call has, as a level. */
const askedLevel = (each: number | undefined): string =>
  each === undefined ? "whole" : String(each);

/** What a model's replies depend on: not what it is called here, costs, or is asked with. */
export function behaviour(model: Model): Partial<Model> {
  const { id: _id, label: _label, price: _price, key: _key, ...rest } = model;
  const { concurrency: _concurrency, timeout_seconds: _seconds, batch: _batch, ...replies } = rest;
  return replies;
}

export const hash = (value: unknown): string =>
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

/** Conditions whose names are different names of populations as well. */
function apart(conditions: readonly Condition[]): readonly Condition[] {
  const names = Map.groupBy(conditions, (one) => populationName("", one, ""));
  const same = [...names.values()].find((of) => of.length > 1);
  if (!same) return conditions;
  throw new RangeError(
    `Conditions ${
      same.map(({ name }) => name).join(" and ")
    } would have one name in tables: give ` +
      "one of them another, as data",
  );
}

function worded(what: string, given: string): string {
  if (typeof given === "string" && given.trim()) return given;
  throw new RangeError(`${what} is a name: got ${described(given)}`);
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

/** Ids of profiles in their order, each once. */
const ids = (given: readonly number[]): readonly number[] => {
  const found = [...new Set(listed("profiles", given, "[1, 2]"))].toSorted((a, b) => a - b);
  const odd = found.find((id) => !Number.isSafeInteger(id));
  if (found.length && odd === undefined) return found;
  throw new RangeError(
    `profiles holds ids of profiles: got ${found.length ? described(odd) : "none"}`,
  );
};

const conditionsOf = (given: readonly string[]): readonly string[] => {
  const found = distinct("condition", listed("conditions", given, '["N=0"]'), String);
  if (!found.length) throw new RangeError("A plan names at least one condition: got 0");
  return found.map((one) => worded("condition", one));
};

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
  if (!given) return shippedPrompt(purpose);
  if (given.purpose === purpose) return given;
  if (typeof given.hash !== "string") {
    throw new RangeError(
      `A plan takes a prompt, \`shippedPrompt("${purpose}")\` or \`editPrompt(…)\`: got ${
        described(given)
      }`,
    );
  }
  const needed = purpose === "persona" ? "a persona" : "an administration";
  throw new RangeError(`This plan needs ${needed} prompt: got one for ${given.purpose}`);
}
