/** The cells of a plan: one model under one condition, in one combination of what else it varies. */
import {
  type AdministrationsPlan,
  behaviour,
  combinations,
  hash,
  type PersonasPlan,
  promptsOf,
  type Setting,
} from "./plan.ts";
import { type Codebook, ID, type Variable } from "../codebook.ts";
import { type Condition, type Described, populationName, resolved } from "../conditions.ts";
import { type Form, usualForm } from "../forms.ts";
import { type Instrument } from "../instruments.ts";
import { type Model } from "../llm.ts";
import {
  orders,
  places,
  placesIn,
  type Presented,
  type Prompt,
  shippedPrompt,
} from "../prompts.ts";
import { seeded } from "../random.ts";

/** One model under one condition, in one combination of what else the plan varies. */
interface Cells {
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
  /** Variables of the profiles, where personas are written of them. */
  codebook: Codebook;
  /** Population of the profiles; null is the study's reference. */
  respondents: string | null;
}

/**
 * Where personas are written `instrument` is what the profiles answered, null where that is nothing; where
 * sheets are, what is asked, and `shown` how it is laid out.
 */
export type Cell =
  & Cells
  & ({ instrument: Instrument | null; shown: null } | { instrument: Instrument; shown: Setting });

/** How many calls a sheet takes, or a persona. */
export const callsOf = ({ instrument, shown }: Cell): number =>
  shown === null || shown.each === undefined ? 1 : Math.ceil(instrument.items.length / shown.each);

/** The items of one of these calls, from all in the order shown. */
export const partOf = (
  items: readonly number[],
  { each = items.length }: Setting,
  block: number,
): readonly number[] => items.slice((block - 1) * each, block * each);

/** The cells of a plan of personas. */
export function personaCells(plan: PersonasPlan, profiles: Profiles): Cell[] {
  const { seed, variant, form } = plan;
  const { name, reference, instrument } = profiles;
  return promptsOf(plan).map((prompt) => fitting(prompt, profiles)).flatMap((prompt) => {
    const codebook = profiles.codebook.filter((variable) => shows(prompt, variable));
    return plan.models.flatMap((model) =>
      plan.conditions.map((condition) => {
        const id = variant ? `${model.id}-${variant}` : model.id;
        const given = [
          plan.kind,
          behaviour(model),
          prompt.hash,
          condition,
          instrument,
          name,
          seed,
          ...form ? [written(form)] : [],
          ...codebook.length ? [codebook] : [],
        ];
        const named = populationName(id, condition, name, reference);
        const population = form ? `${named}_${form.name}` : named;
        const notes = [...variant ? [variant] : [], ...form ? [form.name] : []];
        return {
          model,
          id,
          label: notes.length ? `${model.label} (${notes.join(", ")})` : model.label,
          condition: condition.name,
          population,
          base: population,
          setting: hash(given),
          writing: null,
          prompt,
          instrument,
          codebook: profiles.codebook,
          respondents: reference ? null : name,
          shown: null,
        };
      })
    );
  });
}

/** The profiles that personas are written of. */
export interface Profiles extends Described {
  name: string;
  /** Whether they are the study's reference. */
  reference: boolean;
}

/** Whether a prompt shows a variable. */
function shows(prompt: Prompt, { name }: Variable): boolean {
  const used = places(prompt);
  return used.includes(name) || (used.includes("profile") && name !== ID);
}

/**
 * The prompt for these profiles. The last numbered one, which a plan has that names none, shows items: of
 * profiles without any it gives way to the one for attributes.
 */
export const fitting = (given: Prompt, { instrument }: Pick<Described, "instrument">): Prompt =>
  instrument === null && given.hash === shippedPrompt("persona").hash
    ? shippedPrompt("persona", "attributes-1")
    : given;

/** What replies depend on of a form, and what is made of them. */
const written = ({ title: _title, source: _source, tokens: _tokens, ...form }: Form) => form;

/** The cells in which others are made from the personas of one setting. */
export function rewrittenCells(
  plan: PersonasPlan,
  { model: _, ...parent }: Written & { model: Model },
): Cell[] {
  const { seed, variant } = plan;
  const form = usualForm(plan.form);
  return promptsOf(plan).flatMap((prompt) =>
    plan.models.map((model): Cell => {
      const id = variant ? `${model.id}-${variant}` : model.id;
      const notes = [...variant ? [variant] : [], `${form.name} of ${parent.label}`];
      const by = id === parent.id ? "" : `_by_${id}`;
      return {
        ...parent,
        model,
        id,
        label: `${model.label} (${notes.join(", ")})`,
        population: `${parent.population}_to_${form.name}${by}`,
        base: `${parent.base}_to_${form.name}${by}`,
        setting: hash([
          plan.kind,
          behaviour(model),
          prompt.hash,
          parent.writing,
          seed,
          written(form),
        ]),
        prompt,
        instrument: null,
        codebook: [],
        shown: null,
      };
    })
  );
}

/** Personas that were written in one setting. */
export type Written =
  & Pick<Cell, "population" | "base" | "condition" | "label" | "id" | "respondents">
  & { writing: string };

/** The cells in which the personas of one setting are asked by one model. */
export function administrationCells(
  plan: AdministrationsPlan,
  personas: Written,
  model: Model,
  { writer, respondents }: { writer: string; respondents: Respondents },
): Cell[] {
  const { original, seed, variant, context } = plan;
  const notes = [
    ...context ? [`round ${context.round}`] : [],
    ...model.id === writer ? [] : [`by ${model.label}`],
    ...variant ? [variant] : [],
  ];
  return combinations(plan).map(({ prompt, instrument, setting: given }) => {
    const setting = given.change
      ? { ...given, change: shownChange(given.change, prompt, respondents) }
      : given;
    return { prompt, instrument, setting };
  }).map(({ prompt, instrument, setting }) => ({
    ...personas,
    model,
    label: notes.length ? `${personas.label} (${notes.join(", ")})` : personas.label,
    setting: hash([
      ...[plan.kind, behaviour(model), prompt.hash, instrument, setting, original, seed],
      ...context ? [context.round, context.texts] : [],
    ]),
    prompt,
    instrument,
    codebook: [],
    shown: setting,
  }));
}

/** What can be changed of those who answer: variables, and which of them a prompt shows with `{{persona}}`. */
export interface Respondents {
  codebook: Codebook;
  shown: readonly string[];
  /** What these are, for messages. */
  whose: string;
}

/** The fields of personas as variables: whoever is asked is shown what its form shows. */
export const fieldsOf = ({ name, fields, shown }: Form): Respondents => ({
  codebook: fields.map(({ name, label, kind, choices }) => ({
    name,
    label,
    ...kind === "choice"
      ? { kind: "category", levels: choices!.map((value) => ({ value, label: value })) }
      : { kind: kind === "text" ? "text" : "number" },
  })),
  shown: placesIn(shown).filter((place) => fields.some((field) => field.name === place)),
  whose: `the form ${name}`,
});

/** @throws {RangeError} when there is no such variable or level, or nobody would see the difference */
function shownChange(
  change: Condition,
  prompt: Prompt,
  { codebook, shown, whose }: Respondents,
): Condition {
  const made = resolved(codebook, change, whose), used = places(prompt);
  const unseen = Object.keys(made.values!).find((name) =>
    !used.includes(name) && !(used.includes("persona") && shown.includes(name))
  );
  if (unseen === undefined) return made;
  throw new RangeError(
    `Change ${change.name} is of ${unseen}, which nobody who answers is shown: there are ` +
      `${shown.join(", ") || "no others"}`,
  );
}

/** The cells in which the profiles of a population answer without a persona. */
export function profileCells(plan: AdministrationsPlan, profiles: Profiles): Cell[] {
  const { name, reference, codebook } = profiles;
  const population = `profiles_${name}`;
  const shown = codebook.flatMap(({ name }) => name === ID ? [] : [name]);
  const respondents = { codebook, shown, whose: `the population ${name}` };
  return plan.models.flatMap((model) =>
    administrationCells(
      plan,
      {
        population,
        base: population,
        condition: NO_PERSONA,
        label: model.label,
        id: model.id,
        respondents: reference ? null : name,
        writing: population,
      },
      model,
      { writer: model.id, respondents },
    ).map((cell) => ({ ...cell, setting: hash([cell.setting, population]) }))
  );
}

/** What stands for the condition of profiles that answer themselves. */
const NO_PERSONA = "no persona";

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
