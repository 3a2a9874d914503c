/**
 * A stand-in for a model whose opinions drift with what it writes of a person, by a stated amount, so that
 * an evaluation can be held against what was put in. It is computed here and says nothing about any
 * model.
 *
 * Each person has a leaning that follows from the facts that are given (age, sex, race and state where a
 * prompt names them), whatever else tables tell of the person, and the drift is added to it once
 * for each rung of the ladder (`LADDER`): not at all where the profile itself answers, three times where
 * a free text does. A person's answer to an item with ordered options is drawn with the shares of
 * `sharesAt(leaning)`; whatever else is asked is left to the simulated model.
 */
import type { DataFrame } from "polars";
import { wordsOf } from "../codebook.ts";
import { frame } from "../frames.ts";
import { type Instrument, type Item, optionsOf, substantive } from "../instruments.ts";
import { type Model, model, standIn } from "../llm.ts";
import type { Population } from "../population.ts";
import { from, type Source } from "../provenance.ts";
import { seeded } from "../random.ts";
import { answersTo, isOrdered, placesOf, type Question } from "./answers.ts";
import { descriptive, LADDER, objective, subjective } from "./forms.ts";

export { declaredAgreement, heedingModel } from "./simulated/heeding.ts";
export { type Erring, type Judged, judgingModel } from "./simulated/judging.ts";
export { declaredTones, NAMES, STOCK, WRITING, writingModel } from "./simulated/writing.ts";

const NAME = "simulated-drift";

/** The leanings of people are spread evenly from minus this to this. */
const SPREAD = 1;

/** How strongly a leaning of 1 pulls from one end of the options to the other, in logits. */
const PULL = 1.5;

/**
 * The simulated model with a drift.
 *
 * @param instruments that it is asked: their ordered items follow the leaning
 * @param drift by how much a rung moves the leaning, which is from −1 to 1 without it; 0 is none. Above
 *   0 opinions move to the option of the highest position.
 * @throws {RangeError} when it is not finite
 */
export function driftingModel(drift: number, ...instruments: readonly Instrument[]): Model {
  if (!Number.isFinite(drift)) throw new RangeError(`A drift is a number: got ${drift}`);
  for (const instrument of instruments) known.add(instrument);
  return {
    ...model("simulated"),
    id: `drifting_${drift}`,
    label: `Simulated, drift ${drift} (no model)`,
    provider: NAME,
    model: NAME,
    more: { drift },
  };
}

/** What a model says that does not answer, each as often: one refuses, one abstains, one takes two, one is none. */
const LAPSES = ["As an AI, I cannot vote", "I abstain", "Both of them", "Hard to put into words"];

/**
 * The same stand-in, which gives no answer to a share of the questions that it knows.
 *
 * @throws {RangeError} when it is no share
 */
export function lapsing(drifting: Model, share: number): Model {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`A share is from 0 to 1: got ${share}`);
  return {
    ...drifting,
    id: `${drifting.id}_lapsing_${share}`,
    label: `Simulated, ${share} without an answer (no model)`,
    more: { ...drifting.more, lapses: share },
  };
}

/**
 * The leaning of a person of whom these things are known.
 *
 * @param known values in words, in any order; equal facts have equal leanings
 */
export const leaningOf = (known: readonly string[]): number =>
  SPREAD * (2 * seeded("leaning", ...known.toSorted()).uniform() - 1);

/**
 * The shares of the options that are answers at a leaning, in their order: in proportion to
 * exp(1.5 × leaning × place), with places from −1 (lowest position) to 1.
 */
export function sharesAt(leaning: number, positions: readonly number[]): number[] {
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  const weights = positions.map((position) =>
    Math.exp(PULL * leaning * (2 * (position - low) / (high - low) - 1))
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The line that carries leaning and rung from the person's text to the questions. */
const CARRIED = /\[simulated leaning (-?\d\.\d+), rung (\d)\]/;

/** What is known of a person, a line each, in whatever prompt. */
const KNOWN = /^(- )?(?!")([^:\n]+): (.+)$/gm;

/** What the four facts that are given are called. */
const FACTS = new Set(
  objective.fields.filter(({ given }) => given).map(({ label }) => label),
);

/** An item with options of its own: number, text, and its answers as JSON. */
const ITEM =
  /^ {2}"(\d+)": \{\n {4}"item": ("(?:[^"\\]|\\.)*"),\n {4}"answers": ([[{].*[\]}])\n {2}\}/gm;

/** The given facts where they are named, else all that is listed: what else is told of a person moves nothing. */
function knownIn(text: string): string[] {
  const lines = [...text.matchAll(KNOWN)];
  const facts = lines.filter(([, , label]) => FACTS.has(label!));
  const own = facts.length ? facts : lines.filter(([, mark]) => mark);
  return own.map(([, , , value]) => value!);
}

/** Which rung a written person is of, by the fields: 0 where it is none of the ladder's forms. */
function rungOf(fields: Readonly<Record<string, unknown>>): number {
  const written = Object.keys(fields).toSorted().join();
  const form = [objective, subjective, descriptive].find(({ fields }) =>
    fields.map(({ name }) => name).toSorted().join() === written
  );
  return form ? LADDER.indexOf(form.name as typeof LADDER[number]) : 0;
}

/** The person with the carrying line behind the last text. */
function written(content: string, prompt: string): string {
  const person = JSON.parse(content) as Record<string, unknown>;
  const rung = rungOf(person);
  if (!rung) return content;
  const last = Object.keys(person).findLast((name) =>
    typeof person[name] === "string" && !LISTED.has(name)
  )!;
  const leaning = leaningOf(knownIn(prompt)).toFixed(6);
  return JSON.stringify({
    ...person,
    [last]: `${person[last]} [simulated leaning ${leaning}, rung ${rung}]`,
  });
}

/** Fields with a list, whose value must stay one of it. */
const LISTED = new Set(
  [objective, subjective, descriptive].flatMap(({ fields }) =>
    fields.filter(({ choices, given }) => choices || given).map(({ name }) => name)
  ),
);

/** What the stand-in can answer: the prompt does not say where an option stands. */
const known = new Set<Instrument>();

/** The item with this text whose options are ordered. */
function itemWith(text: string): { instrument: Instrument; item: Item } | null {
  for (const instrument of known) {
    const item = instrument.items.find((item) => item.text === text);
    if (
      item && substantive(optionsOf(instrument, item)).every(({ position }) => position !== null)
    ) return { instrument, item };
  }
  return null;
}

/**
 * The simulated model's sheet with answers that follow the leaning, to each item that is known here.
 *
 * @param content the sheet, in the form that was asked for
 */
function answered(
  content: string,
  { drift, lapses, system, user, key }: {
    drift: number;
    lapses: number;
    system: string;
    user: string;
    key: string;
  },
): string {
  const sheet = JSON.parse(content) as Record<string, string | { answer: string }>;
  const [, carried, rung = "0"] = CARRIED.exec(system) ?? [];
  const leaning = (carried === undefined ? leaningOf(knownIn(system)) : Number(carried)) +
    drift * Number(rung);
  const random = seeded("drifting", key), lapse = seeded("lapsing", key);
  for (const [, number, text, answers] of user.matchAll(ITEM)) {
    const found = itemWith(JSON.parse(text!) as string);
    if (!found) continue;
    const options = substantive(optionsOf(found.instrument, found.item));
    const shares = sharesAt(leaning, options.map(({ position }) => position!));
    let left = random.uniform();
    const place = shares.findIndex((share) => (left -= share) < 0);
    const { label } = options[place < 0 ? options.length - 1 : place]!;
    const listed = JSON.parse(answers!) as string[] | Record<string, string>;
    const word = lapse.uniform() < lapses
      ? LAPSES[lapse.int(LAPSES.length)]!
      : Array.isArray(listed)
      ? label
      : Object.entries(listed).find(([, shown]) => shown === label)?.[0] ?? label;
    const given = sheet[number!]!;
    sheet[number!] = typeof given === "string" ? word : { ...given, answer: word };
  }
  return JSON.stringify(sheet);
}

/** Two rungs of the ladder. */
type Rung = typeof LADDER[number];

/** What must stand wherever these numbers are shown. */
const TOLD: Source[] = [{ line: "Data: simulated, what the stand-in was told", schema: null }];

/** The leanings of people, by what is known of each. */
function leaningsOf({ codebook, profiles }: Pick<Population, "codebook" | "profiles">): number[] {
  const facts = codebook!.filter(({ label }) => FACTS.has(label));
  const told = facts.length ? facts : codebook!;
  return Array.from(
    profiles,
    ({ values = {} }) =>
      leaningOf(told.flatMap((variable) => {
        const value = values[variable.name] ?? null;
        return value === null ? [] : [wordsOf(variable, value)];
      })),
  );
}

/** The shares of a question's answers on a rung, over people of these leanings. */
function sharesOn(
  rung: Rung,
  question: Question,
  { drift, leanings }: { drift: number; leanings: readonly number[] },
): number[] {
  const positions = answersTo(question).map(({ position }) => position!);
  const all = leanings.map((leaning) =>
    sharesAt(leaning + drift * LADDER.indexOf(rung), positions)
  );
  return positions.map((_, at) => all.reduce((sum, own) => sum + own[at]!, 0) / all.length);
}

/**
 * What the stand-in is told to answer: the shares of these people on each rung, as groups of a reference
 * (attribute `form`), so that they can be held against one.
 *
 * @returns by question with ordered options, rung and option: question, attribute, group, option, share
 */
export function declaredShares(
  people: Pick<Population, "codebook" | "profiles">,
  questions: readonly Question[],
  { drift }: { drift: number },
): DataFrame {
  const leanings = leaningsOf(people);
  const rows = questions.filter(isOrdered).flatMap((question) =>
    LADDER.flatMap((group) => {
      const shares = sharesOn(group, question, { drift, leanings });
      return answersTo(question).map(({ option }, at) => ({
        question: question.question,
        attribute: "form",
        group,
        option,
        share: shares[at]!,
      }));
    })
  );
  return from(
    frame(rows, {
      question: "text",
      attribute: "text",
      group: "text",
      option: "text",
      share: "number",
    }),
    TOLD,
  );
}

/**
 * What the stand-in is told to do: how far opinions shift from one rung to another.
 *
 * @returns by question with ordered options and a direction: truth, the mean shift of these people in that
 *   direction, of a scale from 0 to 1
 */
export function declaredShifts(
  people: Pick<Population, "codebook" | "profiles">,
  questions: readonly Question[],
  { drift, against, level }: { drift: number; against: Rung; level: Rung },
): DataFrame {
  const leanings = leaningsOf(people);
  const rows = questions.filter((question) => isOrdered(question) && question.direction !== null)
    .map((question) => {
      const places = placesOf(question);
      const mean = (rung: Rung) =>
        sharesOn(rung, question, { drift, leanings })
          .reduce((sum, share, at) => sum + share * places[at]!, 0);
      return { question: question.question, truth: mean(level) - mean(against) };
    });
  return from(frame(rows, { question: "text", truth: "number" }), TOLD);
}

standIn(NAME, (content, { system, user, body, key }) =>
  user.search(ITEM) >= 0
    ? answered(content, {
      drift: Number(body.drift),
      lapses: Number(body.lapses ?? 0),
      system,
      user,
      key,
    })
    : written(content, `${system}\n${user}`));
