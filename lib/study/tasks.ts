/** A piece of work as what is asked of a model, and its reply as what is stored. */
import type { z } from "zod";
import { type Mapping, mapping } from "../cleaning.ts";
import { applyCondition, changedIn, type Condition, type Profile } from "../conditions.ts";
import { type Codebook, type Values as ProfileValues, wordsOf as wordsFor } from "../codebook.ts";
import type { Sql } from "../db.ts";
import {
  choiceOf,
  type Form,
  type Given,
  statusesOf,
  usualForm,
  type Values,
  words,
  wordsOf,
} from "../forms.ts";
import type { Instrument } from "../instruments.ts";
import { type Model, type Opened, requestKey } from "../llm.ts";
import {
  administrationValues,
  fillPrompt,
  formValues,
  isPerItem,
  type Message,
  personaText,
  personaValues,
  type Presented,
  profileValues,
} from "../prompts.ts";
import { personaIn, schemaOf as formSchema, sheetIn } from "../replies.ts";
import { categories, formsOf } from "./forms.ts";
import { type Cell, fieldsOf, partOf, presented } from "./cell.ts";
import { type AdministrationsPlan, type Context, type PersonasPlan, type Plan } from "./plan.ts";
import { populationOf, profilesOf } from "./population.ts";
import { list, type Work } from "./queue.ts";
import type { Outcome, StoredPersona } from "./settle.ts";
import { schemaOf } from "./sheet.ts";

/** A run as it is in the database, or would be. */
export interface Run {
  run: number;
  plan: Plan;
  cells: ReadonlyMap<number, Cell>;
}

/** What a model's reply leads to: a result, or another question. */
export type Read = Outcome | {
  state: "again";
  messages: readonly Message[];
  problem?: string | null;
};

export interface Task {
  work: Work;
  model: Model;
  messages: readonly Message[];
  schema: z.ZodType | undefined;
  /**
   * Tells equal questions apart that want answers of their own: two profiles may be equal, and a
   * condition may leave a profile as it is.
   *
   * A reply is kept under the first. A trial also takes what the study has under the second; the study
   * never takes a trial's, because a prompt that was chosen by its replies would then bring them along.
   */
  repetitions: readonly [string, string?];
  read(opened: Opened, messages: readonly Message[], asked: number): Read;
}

/** How often a reply of no use is answered by asking again. */
export const MOST_ASKED = 3;

/** The keys under which the reply to a task may be stored: the first is its own. */
export function keysOf(
  { model, schema, repetitions }: Task,
  messages: readonly Message[],
): string[] {
  return repetitions.flatMap((repetition) =>
    repetition === undefined
      ? []
      : requestKey(model, { messages, repetition, ...(schema && { schema }) })
  );
}

const named = ({ trial }: Plan, repetition: string): [string, string?] =>
  trial ? [`trial/${repetition}`, repetition] : [repetition];

/** A persona that is asked, or made into another. */
interface Person {
  id: number;
  form: string;
  fields: Values;
  repetitions: number;
}

/**
 * What a prompt may use of a persona: `persona`, the text that its form shows; its fields, how many words
 * stand in its texts, and which of its profile's it is, as in the original.
 */
const placesOf = (
  { form, fields: written, repetitions }: Person,
  forms: ReadonlyMap<string, Form>,
  { prompt, shown }: Cell,
): Record<string, string> => {
  const own = forms.get(form)!, change = shown?.change;
  const fields = change ? changedFields(own, written, change) : written;
  return {
    persona: personaText(own, fields),
    ...Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => {
        const count = `word_count_${name}`;
        // To count the words of every text takes as long as to read a reply.
        const counted = typeof value === "string" &&
          (prompt.user.includes(count) || prompt.system.includes(count));
        return [[name, String(value ?? "")], [count, counted ? String(words(value)) : ""]];
      }),
    ),
    repetitions: String(repetitions),
  };
};

/** A persona's fields under a change; of a choice, however it is written, as its list spells it. */
function changedFields(form: Form, fields: Values, change: Condition): Values {
  const spelled = form.fields.map((field) => {
    const value = fields[field.name] ?? null;
    return [field.name, field.kind === "choice" ? choiceOf(field, value) ?? value : value];
  });
  return changedIn(fieldsOf(form).codebook, Object.fromEntries(spelled), change).values;
}

/** What is asked for each piece of work; nothing for a sheet whose persona is none any more. */
export async function tasks(
  sql: Sql,
  run: Run,
  works: readonly Work[],
  mapping: Mapping,
): Promise<Task[]> {
  return (await made(sql, run, works, mapping)).map(guarded);
}

/** A reply is stored before it is read: whatever it is, reading it must not stop the run for good. */
const guarded = (task: Task): Task => ({
  ...task,
  read(...given) {
    try {
      return task.read(...given);
    } catch (error) {
      return { state: "failed", reason: "not readable", detail: (error as Error).message };
    }
  },
});

async function made(
  sql: Sql,
  run: Run,
  works: readonly Work[],
  mapping: Mapping,
): Promise<Task[]> {
  const { plan } = run;
  if (plan.kind === "personas" && plan.parent === undefined) {
    const profiles = await profilesOf(sql, works.map(({ profile }) => profile), plan.population);
    return works.map((work) => personaTask(run, plan, work, profiles.get(work.profile)!, mapping));
  }
  const rows = await sql<Person[]>`
    select id, form, fields, repetitions from personas
    where id = any(${list(works.map(({ persona }) => persona))}::int[])`;
  const personas = new Map(rows.map((row) => [row.id, row]));
  const forms = await formsOf(sql);
  const bare = works.filter(({ persona }) => persona === null);
  const respondents = bare.length ? await respondentsOf(sql, run, bare) : null;
  return works.flatMap((work) => {
    const persona = personas.get(work.persona!);
    if (plan.kind === "administrations" && work.persona === null) {
      return [administrationTask(run, plan, work, 0, respondents!(work))];
    }
    if (!persona) return [];
    const shown = placesOf(persona, forms, run.cells.get(work.cell)!);
    return plan.kind === "personas"
      ? [rewritingTask(run, plan, work, persona, shown, mapping)]
      : [administrationTask(run, plan, work, persona.repetitions, shown)];
  });
}

/**
 * What will be asked in a cell about a persona that nobody has written yet: its texts are as long as
 * `tokens` says, together, and tell nothing.
 */
export function foreseen(
  run: Run,
  work: Pick<Work, "cell" | "repetition" | "block">,
  form: Form,
  tokens: number,
): Task {
  const { plan } = run;
  const texts = form.fields.filter(({ kind }) => kind === "text").length;
  const text = " word".repeat(Math.ceil(tokens / Math.max(1, texts)));
  const fields: Values = Object.fromEntries(
    form.fields.map(({ name, kind, choices, highest }) => [
      name,
      kind === "text" ? text : kind === "choice" ? choices![0]! : highest ?? 0,
    ]),
  );
  const person = { id: 0, form: form.name, fields, repetitions: work.repetition };
  const own = { ...work, work: 0, ask: 0, profile: 0, persona: 0 };
  const shown = placesOf(person, new Map([[form.name, form]]), run.cells.get(work.cell)!);
  return plan.kind === "personas"
    ? rewritingTask(run, plan, own, person, shown, mapping())
    : administrationTask(run, plan, own, work.repetition, shown);
}

/** What a prompt may use of profiles that answer without a persona, by their ids. */
async function respondentsOf(
  sql: Sql,
  run: Run,
  works: readonly Work[],
): Promise<(work: Work) => Record<string, string>> {
  // A plan is about one population.
  const { respondents } = run.cells.get(works[0]!.cell)!;
  const { instrument, codebook } = (await populationOf(sql, respondents ?? undefined))!;
  const profiles = await profilesOf(sql, works.map(({ profile }) => profile), respondents);
  return ({ profile, cell }) => {
    const { answers, values = {} } = profiles.get(profile)!;
    const change = run.cells.get(cell)!.shown?.change;
    const known = change ? changedIn(codebook, values, change).values : values;
    return profileValues(instrument, answers, codebook, known);
  };
}

/** What a reply without a usable text failed with. */
function useless({ finish, problem }: Opened): Outcome {
  const kinds = { length: "truncated", refusal: "refused", filter: "filtered" };
  const other = problem?.startsWith("not a reply") ? "no reply" : "empty";
  return { state: "failed", reason: { stop: other, other, ...kinds }[finish], detail: problem };
}

/** What the writer was shown of the profile's variables: each as its value, and in words. */
const shownOf = (codebook: Codebook, values: ProfileValues): Given =>
  Object.fromEntries(codebook.map((variable) => {
    const value = values[variable.name] ?? null;
    return [variable.name, value === null ? [] : [value, wordsFor(variable, value)]];
  }));

function personaTask(
  run: Run,
  plan: PersonasPlan,
  work: Work,
  profile: Profile,
  mapping: Mapping,
): Task {
  const cell = run.cells.get(work.cell)!;
  const { instrument, codebook } = cell;
  const condition = plan.conditions.find(({ name }) => name === cell.condition)!;
  const made = applyCondition(cell, profile, condition, plan.seed);
  const { changed, omitted, values, changedValues } = made;
  const answers = made.answers.map((answer, at) =>
    omitted.includes(instrument!.items[at]!.number) ? null : answer
  );
  const form = usualForm(plan.form);
  return writingTask(run, plan, work, mapping, {
    messages: fillPrompt(cell.prompt, personaValues(instrument, answers, form, codebook, values)),
    given: shownOf(codebook, values),
    shown: { shown: answers, changed, shown_values: values, changed_values: changedValues },
  });
}

/** A persona that is made from another one, which is all that the writer is shown. */
function rewritingTask(
  run: Run,
  plan: PersonasPlan,
  work: Work,
  parent: Person,
  places: Record<string, string>,
  mapping: Mapping,
): Task {
  const { prompt } = run.cells.get(work.cell)!;
  const given = Object.entries(parent.fields).map(([name, value]) => [
    name,
    value === null ? [] : [value],
  ]);
  return writingTask(run, plan, work, mapping, {
    messages: fillPrompt(prompt, { ...places, ...formValues(usualForm(plan.form)) }),
    given: Object.fromEntries(given),
    shown: { shown: [], changed: [], shown_values: {}, changed_values: [] },
  });
}

/** What a writer is asked, and what is stored of the reply. */
function writingTask(
  run: Run,
  plan: PersonasPlan,
  work: Work,
  mapping: Mapping,
  { messages, given, shown }: {
    messages: readonly Message[];
    given: Given;
    shown: Pick<StoredPersona, "shown" | "changed" | "shown_values" | "changed_values">;
  },
): Task {
  const cell = run.cells.get(work.cell)!;
  const form = usualForm(plan.form);
  return {
    work,
    model: cell.model,
    messages,
    schema: formSchema(form),
    repetitions: named(plan, `${cell.base}/${work.profile}/${work.repetition}`),
    read(opened, messages, asked) {
      if (opened.problem !== null) return useless(opened);
      const reply = personaIn(opened.text!, form);
      if ("problem" in reply) {
        return asked < MOST_ASKED
          ? {
            state: "again",
            messages: corrected(messages, opened.text!, reply.problem),
            problem: reply.problem,
          }
          : { state: "failed", reason: "not readable", detail: reply.problem };
      }
      return {
        state: "done",
        persona: {
          population: cell.population,
          model: cell.id,
          model_print: cell.label,
          population_print: cell.condition,
          repetition_count: plan.from + plan.repetitions - 1,
          ...shown,
          form: form.name,
          fields: reply.value,
          cleaned: categories(form, reply.value, mapping),
          status: statusesOf(form, reply.value, given),
          words: wordsOf(form, reply.value),
          flags: reply.flags,
        },
      };
    },
  };
}

/** Letters of a useless reply that are sent back with what was wrong: no reply of use is as long. */
const SENT_BACK = 20_000;

/** The conversation with what was wrong with the last reply. */
function corrected(messages: readonly Message[], text: string, problem: string): Message[] {
  return [...messages, { role: "assistant", content: text.slice(0, SENT_BACK).toWellFormed() }, {
    role: "user",
    content: `That reply does not fit: ${problem}. Answer again with the whole JSON object and ` +
      "nothing else.",
  }];
}

function administrationTask(
  run: Run,
  plan: AdministrationsPlan,
  work: Work,
  index: number,
  places: Record<string, string>,
): Task {
  const { original, seed, context } = plan;
  const cell = run.cells.get(work.cell)!;
  const { base, prompt, instrument, shown: setting } = cell;
  if (!setting) throw new Error(`Cell ${cell.population} asks nothing`);
  const whose = [base, work.profile, index, work.repetition] as const;
  const sheet = presented(instrument, setting, seed, ...whose);
  const { each } = setting;
  const shown = {
    ...sheet,
    ...each !== undefined && { block: partOf(sheet.items, setting, work.block) },
  };
  // Of a whole sheet only where items are shown as printed, even where a draw leaves them so.
  const held = setting.items === "printed" || each !== undefined;
  return {
    work,
    model: cell.model,
    messages: fillPrompt(
      prompt,
      administrationValues(instrument, shown, {
        ...places,
        context: contextOf(context, work, shown),
      }),
    ),
    schema: held ? schemaOf(instrument, shown) : undefined,
    // A round in which nothing is shown wants answers of its own.
    repetitions: named(plan, [...whose, ...context ? [`round ${context.round}`] : []].join("/")),
    read(opened, messages, asked) {
      const read = readSheet(opened, instrument, shown, original);
      const again = original && read.state === "failed" && asked < MOST_ASKED;
      return again ? { state: "again", messages, problem: read.detail ?? read.reason } : read;
    },
  };
}

/** What a respondent is shown with the items of a call, in the order in which they stand. */
function contextOf(context: Context | undefined, work: Work, { items, block }: Presented): string {
  const own = context?.texts[work.profile] ?? {};
  return (block ?? items).flatMap((item) => own[item] ?? []).join("\n\n");
}

function readSheet(
  opened: Opened,
  instrument: Instrument,
  shown: Presented,
  original: boolean,
): Outcome {
  if (opened.problem !== null) return useless(opened);
  const { coding, options } = shown, items = shown.block ?? shown.items;
  const sheet = sheetIn(opened.text!, instrument, coding, instrument.language, items, options);
  if ("problem" in sheet) return { state: "failed", reason: "not readable", detail: sheet.problem };
  const { answers, explanation, missing, flags, reasons } = sheet;
  if (original && missing.length) {
    return { state: "failed", reason: "incomplete sheet (the original's rule)" };
  }
  if (original && flags.includes("all alike") && !isPerItem(options) && options.length === 2) {
    return { state: "failed", reason: "all answers alike (the original's rule)" };
  }
  return {
    state: "done",
    sheet: { answers, items, options, flags, explanation, reasons: shown.reason && reasons },
  };
}
