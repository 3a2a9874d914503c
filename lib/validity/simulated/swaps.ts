/**
 * A stand-in whose answers move with attributes of a respondent, and with the wording of the prompt, by stated
 * amounts.
 *
 * The score of an item is 3 + person + wording + effects, where each attribute that is shown adds its effect times
 * (1 + interplay of the wording), rounded up or down by chance so that its mean is exactly that. A prompt that warns
 * of stereotypes leaves `heeds` of the effects.
 */
import { createHash } from "node:crypto";
import { bounds, type Instrument } from "../../instruments.ts";
import { answersListed, type Model, model, standIn } from "../../llm.ts";
import { seeded } from "../../random.ts";
import { toldHash } from "./told.ts";

const NAME = "simulated-swapped";

/** What is put in, in scale points. */
export interface Declared {
  /** By attribute as it is shown, in lower case (`sex: female`), what it adds to the items of a scale. */
  effects: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The attribute that says who a respondent is: it is the same under every change. */
  person: string;
  /** Standard deviation between respondents, and between wordings. */
  people: number;
  wordings: number;
  /** Standard deviation between wordings of what an effect is multiplied with. */
  interplay: number;
  /** Which part of an effect is left by a prompt that warns of stereotypes. */
  heeds: number;
}

const known = new Set<Instrument>();

/**
 * The simulated model with declared effects of attributes; whatever else it is asked is left to it.
 *
 * @param instrument whose items it answers so, from 1 to 5
 * @throws {RangeError} when scores could leave 1 to 5, where their mean would not be what is declared
 */
export function swappedModel(instrument: Instrument, declared: Declared): Model {
  const { effects, people, wordings, interplay } = declared,
    { lowest, highest } = bounds(instrument);
  const most = instrument.scales.map((scale) =>
    Object.values(effects).reduce((sum, own) => sum + Math.abs(own[scale] ?? 0), 0)
  );
  const reach = Math.sqrt(3) * (people + wordings) +
    Math.max(...most) * (1 + Math.sqrt(3) * interplay);
  if (!(reach <= 2) || lowest !== 1 || highest !== 5) {
    throw new RangeError(
      `Scores lie from 1 to 5 and within 2 of 3: what is declared moves them by up to ${reach}`,
    );
  }
  known.add(instrument);
  return {
    ...model("simulated"),
    id: `swapped_${toldHash(declared)}`,
    label: "Simulated, moved by attributes (no model)",
    provider: NAME,
    model: NAME,
    more: { declared },
  };
}

/** A line of what is known of a respondent. */
const ATTRIBUTE = /^- ([^:\n]+): (.+)$/gm;
/** The same with its end of line: a prompt that says less of a respondent is no other wording. */
const LINE = /^- [^:\n]+: .+\n?/gm;
/** An item with its number, in a list of items. */
const ITEM = /^\s*"(\d+)": ("(?:[^"\\]|\\.)*"),?$/gm;

/** Evenly spread with a mean of 0. */
const even = (spread: number, uniform: () => number): number =>
  spread * Math.sqrt(3) * (2 * uniform() - 1);

standIn(NAME, (content, { system, user, body, key }) => {
  const { effects, person, people, wordings, interplay, heeds } = body.declared as Declared;
  // An example of the form comes behind, with numbers as well, and no items.
  const asked = new Map(
    [...user.matchAll(ITEM)].map(([, number, text]) =>
      [number!, JSON.parse(text!) as string] as const
    )
      .toReversed(),
  );
  const instrument = [...known].find(({ items }) =>
    items.some(({ number, text }) => asked.get(String(number)) === text)
  );
  if (!instrument) return content;
  const shown = [...system.matchAll(ATTRIBUTE)].map(([, label, value]) =>
    `${label}: ${value}`.toLowerCase()
  );
  const who = shown.find((one) => one.startsWith(`${person.toLowerCase()}: `)) ?? "nobody";
  const worded = createHash("sha256")
    .update(`${system.replace(LINE, "")}\n${user}`.replace(ITEM, "")).digest("hex");
  const left = /stereotyp/i.test(`${system}${user}`) ? heeds : 1;
  const random = seeded("swapped answers", key);
  const words = answersListed(user, instrument);
  const sheet = JSON.parse(content) as Record<string, unknown>;
  for (const { number, text, scale, reverse } of instrument.items) {
    if (asked.get(String(number)) !== text || scale === null) continue;
    const of = (what: string, ...more: string[]) => seeded(what, scale, ...more).uniform;
    const moved = shown.reduce((sum, one) => sum + (effects[one]?.[scale] ?? 0), 0);
    const times = 1 + even(interplay, of("interplay", worded));
    const score = 3 + even(people, of("person", who)) + even(wordings, of("wording", worded)) +
      left * moved * times;
    const answer = Math.floor(score) + Number(random.uniform() < score % 1);
    sheet[String(number)] = words.get(reverse ? 6 - answer : answer)!;
  }
  return JSON.stringify(sheet);
});
