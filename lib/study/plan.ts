/** What is to be done, as data: which personas to write, which sheets to have filled in. */
import { createHash } from "node:crypto";
import { type Condition, condition, populationName, usualConditions } from "../conditions.ts";
import { described } from "../format.ts";
import type { Instrument } from "../instruments.ts";
import type { Model } from "../llm.ts";
import { checkCoding, orders, type Presented, type Prompt, prompt } from "../prompts.ts";
import { seeded } from "../random.ts";

/** How items and answers are laid before a persona. */
export interface Setting {
  /** As printed, or in an order drawn anew for each administration. */
  items: "printed" | "shuffled";
  options: "printed" | "reversed" | "shuffled";
  coding: Presented["coding"];
}

interface Common {
  /** Unique in its schema; a plan of the same name is the same plan. */
  name: string;
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
  /** Indices of the repetitions: `from`, and how many. */
  from: number;
  repetitions: number;
  /** Only the first so many profiles, or all. */
  profiles: number | null;
}

/** Each persona of the study, asked one instrument in one setting so many times. */
export interface AdministrationsPlan extends Common {
  kind: "administrations";
  instrument: Instrument;
  /** Who answers; left empty, the model that wrote the persona. */
  models: readonly Model[];
  /** Repetitions of the personas that are asked, or all. */
  personas: readonly number[] | null;
  repetitions: number;
  setting: Setting;
  /**
   * The original's rule: a sheet that is incomplete, or all alike where the answers are two, is no
   * sheet; the same is asked up to three times.
   */
  original: boolean;
}

export type Plan = PersonasPlan | AdministrationsPlan;

/** One model under one condition. */
export interface Cell {
  model: Model;
  label: string;
  /** Whose personas these are: the short id in the population's name. */
  id: string;
  condition: string;
  population: string;
  setting: string;
}

/**
 * A plan to have personas written.
 *
 * @param given `conditions` by name, as a dose (`"N=3"`) or as data; where they are left out, the usual
 *   ones; one repetition, the last persona prompt
 * @throws {RangeError} when nothing is planned, or a number is none
 */
export function personas(given: {
  models: readonly Model[];
  conditions?: readonly (string | Condition)[];
  repetitions?: number;
  from?: number;
  profiles?: number;
  prompt?: Prompt;
  seed?: number;
  variant?: string;
  name?: string;
}): PersonasPlan {
  listed("conditions", given.conditions, '["N=0", "N=6"]');
  const conditions = (given.conditions ?? usualConditions()).map((one) => condition(one));
  const plan = {
    kind: "personas" as const,
    models: asked(given.models),
    conditions: distinct("condition", conditions, ({ name }) => name),
    from: whole("from", given.from ?? 1),
    repetitions: whole("repetitions", given.repetitions ?? 1),
    profiles: given.profiles === undefined ? null : whole("profiles", given.profiles),
    prompt: purposed("persona", given.prompt),
    seed: seed(given.seed),
    variant: variant(given.variant),
  };
  if (!plan.models.length) {
    throw new RangeError("A plan of personas names at least one model: got 0");
  }
  if (!conditions.length) throw new RangeError("A plan names at least one condition: got 0");
  return { ...plan, name: given.name ?? named(plan) };
}

/**
 * A plan to have an instrument answered by the personas of the study.
 *
 * @param given as in the paper where it is left out: the first persona of each profile is asked once by
 *   the model that wrote it, items and answers as printed, True and False where the answers are two
 */
export function administrations(given: {
  instrument: Instrument;
  models?: readonly Model[];
  personas?: readonly number[] | "all";
  repetitions?: number;
  items?: Setting["items"];
  options?: Setting["options"];
  coding?: Setting["coding"];
  original?: boolean;
  prompt?: Prompt;
  seed?: number;
  variant?: string;
  name?: string;
}): AdministrationsPlan {
  const { instrument } = given;
  if (!Array.isArray(instrument?.items) || !Array.isArray(instrument.scales)) {
    throw new RangeError(
      'instrument is one that a package brings, or `instrumentFrom("FILE")`: ' +
        `got ${described(instrument)}`,
    );
  }
  const two = instrument.lowest === 0 && instrument.highest === 1;
  const setting: Setting = {
    items: oneOf("items", given.items, ["printed", "shuffled"]),
    options: oneOf("options", given.options, ["printed", "reversed", "shuffled"]),
    coding: given.coding ?? (two ? "true/false" : "number"),
  };
  checkCoding(instrument, setting.coding); // refuses a coding that does not fit
  const plan = {
    kind: "administrations" as const,
    instrument,
    models: asked(given.models ?? []),
    personas: given.personas === "all"
      ? null
      : listed("personas", given.personas ?? [1], '[1, 2], or "all"')
        .map((one) => whole("personas", one)),
    repetitions: whole("repetitions", given.repetitions ?? 1),
    setting,
    original: given.original ?? false,
    prompt: purposed("administration", given.prompt),
    seed: seed(given.seed),
    variant: variant(given.variant),
  };
  return { ...plan, name: given.name ?? named(plan) };
}

/** The cells of a plan of personas. */
export function personaCells(
  plan: PersonasPlan,
  instrument: Instrument,
  reference: string,
): Cell[] {
  const { prompt, seed, variant } = plan;
  return plan.models.flatMap((model) =>
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
      return {
        model,
        id,
        label: variant ? `${model.label} (${variant})` : model.label,
        condition: condition.name,
        population: populationName(id, condition, reference),
        setting: hash(given),
      };
    })
  );
}

/** The cell in which one population is asked an instrument, by one model. */
export function administrationCell(
  plan: AdministrationsPlan,
  population: { population: string; condition: string; label: string; id: string },
  model: Model,
  writer: string,
): Cell {
  const { prompt, instrument, setting, original, seed, variant } = plan;
  const notes = [...model.id === writer ? [] : [`by ${model.label}`], ...variant ? [variant] : []];
  return {
    ...population,
    model,
    label: notes.length ? `${population.label} (${notes.join(", ")})` : population.label,
    setting: hash([plan.kind, behaviour(model), prompt.hash, instrument, setting, original, seed]),
  };
}

/**
 * The order in which an administration shows items and answers: its own, drawn from the seed, so that
 * it is the same wherever and whenever it is asked.
 */
export function presented(
  plan: AdministrationsPlan,
  population: string,
  profile: number,
  persona: number,
  repetition: number,
): Presented {
  const { instrument, setting, seed } = plan;
  const draw = (what: string, ...item: number[]) =>
    seeded(what, seed, population, profile, persona, repetition, ...item);
  return { ...orders(instrument, setting, draw), coding: setting.coding };
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

function oneOf<T extends string>(what: string, given: T | undefined, known: readonly T[]): T {
  if (given === undefined) return known[0]!;
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

/** The prompt, or the last one; a plan needs one of its own kind. */
export function purposed(purpose: Prompt["purpose"], given: Prompt | undefined): Prompt {
  if (!given) return prompt(purpose);
  if (given.purpose === purpose) return given;
  if (typeof given.hash !== "string") {
    throw new RangeError(
      `A plan takes a prompt, \`prompt("${purpose}")\` or \`edited(…)\`: got ${described(given)}`,
    );
  }
  throw new RangeError(`This plan needs a ${purpose} prompt: got one for ${given.purpose}`);
}
