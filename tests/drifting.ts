/** The stand-in whose opinions drift, asked in this process: its own prompts and replies, and no study. */
import { frame } from "lib/frames.ts";
import { type Instrument, optionsOf, substantive, unscored } from "lib/instruments.ts";
import { providerOf } from "lib/llm.ts";
import { type Question, questionsOf } from "lib/opinions/answers.ts";
import { descriptive, LADDER, objective, subjective } from "lib/opinions/forms.ts";
import { driftingModel, leaningOf, sharesAt } from "lib/opinions/simulated.ts";
import {
  administrationValues,
  fillPrompt,
  type Message,
  orders,
  personaText,
  personaValues,
  profileValues,
  shippedPrompt,
} from "lib/prompts.ts";

const FACTS = ["age", "sex", "race", "state"] as const;
export type Person = Readonly<Record<typeof FACTS[number], string>>;
const CODEBOOK = FACTS.map((name) => ({
  name,
  label: name === "race" ? "Race and ethnicity" : name[0]!.toUpperCase() + name.slice(1),
  kind: "category" as const,
}));

/** An item with answers in order, from 1. */
export const ordered = (number: number, text: string, ...labels: string[]) => ({
  number,
  text,
  options: labels.map((label, at) => ({ code: at + 1, label, position: at + 1 })),
});

export const instrumentOf = (...questions: ReturnType<typeof ordered>[]): Instrument =>
  unscored({ name: "drifting", title: "Questions", questions });

/** Questions whose higher positions count as more. */
export const questionsIn = (instrument: Instrument): Question[] =>
  questionsOf(instrument).map((question) => ({ ...question, direction: "last" }));

const FORMS = [objective, subjective, descriptive];

/**
 * What people answer on each rung of the ladder, as rows: respondent, stratum (the state), form, question,
 * option.
 */
export async function laddered(
  people: readonly Person[],
  instrument: Instrument,
  { drift, seed, rungs = LADDER }: {
    drift: number;
    seed: number;
    rungs?: readonly typeof LADDER[number][];
  },
) {
  const model = driftingModel(drift, instrument), provider = providerOf(model.provider);
  const questions = questionsOf(instrument);
  const presented = {
    ...orders(instrument, { items: "printed", options: "printed" }, () => {
      throw new Error("Nothing is drawn");
    }),
    coding: "label",
    reason: "none",
  } as const;
  const said = async (messages: Message[], ...key: (string | number)[]) => {
    const body = provider.body(model, { messages });
    const reply = await provider.send(
      model,
      body,
      new AbortController().signal,
      JSON.stringify([seed, ...key]),
    );
    return JSON.parse(JSON.parse(reply).choices[0].message.content);
  };
  const rows: Record<string, string | number>[] = [];
  for (const [respondent, person] of people.entries()) {
    const known = profileValues(null, [], CODEBOOK, person);
    for (const rung of rungs) {
      const form = FORMS.find(({ name }) => name === rung);
      const written = form && await said(
        fillPrompt(
          shippedPrompt("persona", "form-1"),
          personaValues(null, [], form, CODEBOOK, person),
        ),
        "written",
        respondent,
        rung,
      );
      const persona = form ? personaText(form, written) : known.persona!;
      const values = administrationValues(instrument, presented, { persona });
      const sheet = await said(
        fillPrompt(shippedPrompt("administration", "general"), values),
        "asked",
        respondent,
        rung,
      );
      for (const [at, item] of instrument.items.entries()) {
        const label = sheet[item.number];
        const { code } = optionsOf(instrument, item).find((option) => option.label === label)!;
        const question = questions[at]!.question;
        rows.push({
          respondent,
          stratum: person.state,
          form: rung,
          question,
          option: String(code),
        });
      }
    }
  }
  return frame(rows, {
    respondent: "integer",
    stratum: "text",
    form: "text",
    question: "text",
    option: "text",
  });
}

/** By person and option, what the stand-in was told to answer on a rung. */
export const toldShares = (
  people: readonly Person[],
  instrument: Instrument,
  number: number,
  { drift, rung }: { drift: number; rung: number },
): number[][] => {
  const item = instrument.items[number - 1]!;
  const positions = substantive(optionsOf(instrument, item)).map(({ position }) => position!);
  return people.map((person) =>
    sharesAt(leaningOf(FACTS.map((name) => person[name])) + drift * rung, positions)
  );
};
