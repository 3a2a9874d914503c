/** Questionnaires as data, and how one answer sheet is scored. */

export interface Item {
  /** The instrument's items are numbered from 1, without gaps. */
  number: number;
  text: string;
  scale: string;
  /** The answer that scores a point (1 Yes, 0 No), for items that are keyed. */
  keyed: number | null;
  /** Whether the answer is turned round: lowest + highest − answer. */
  reverse: boolean;
}

export interface Instrument {
  /** As in the database; of one name there is one in each language. */
  name: string;
  title: string;
  /** The language of items and answers: ISO 639-1 in lower case. */
  language: string;
  /** What the items continue, where they are halves of sentences. */
  preamble: string | null;
  /** Lowest and highest answer, and what the answers mean. */
  lowest: number;
  highest: number;
  answers: Readonly<Record<number, string>>;
  /** How a scale score is made of item scores. */
  scoredAs: "sum" | "mean";
  scales: readonly string[];
  items: readonly Item[];
  source: string;
}

const known: Instrument[] = [];

/** Makes instruments known by their names; a package does so when it is imported. */
export function register(...instruments: readonly Instrument[]): void {
  known.push(...instruments);
}

/** The instruments that packages have brought along, in the order in which they came. */
export const registered = (): readonly Instrument[] => known;

/** In what words an instrument is answered. */
export type Coding = "true/false" | "yes/no" | "number" | "label";

/** How a language says no and yes, false and true: by answer, 0 and 1. */
export interface Words {
  yesNo: readonly [no: string, yes: string];
  trueFalse: readonly [no: string, yes: string];
}

/** The words of eight languages, by ISO 639-1 code. */
export const WORDS: Readonly<Record<string, Words>> = {
  en: { yesNo: ["No", "Yes"], trueFalse: ["False", "True"] },
  de: { yesNo: ["Nein", "Ja"], trueFalse: ["Falsch", "Wahr"] },
  es: { yesNo: ["No", "Sí"], trueFalse: ["Falso", "Verdadero"] },
  fr: { yesNo: ["Non", "Oui"], trueFalse: ["Faux", "Vrai"] },
  it: { yesNo: ["No", "Sì"], trueFalse: ["Falso", "Vero"] },
  pt: { yesNo: ["Não", "Sim"], trueFalse: ["Falso", "Verdadeiro"] },
  sk: { yesNo: ["Nie", "Áno"], trueFalse: ["Nepravda", "Pravda"] },
  cs: { yesNo: ["Ne", "Ano"], trueFalse: ["Nepravda", "Pravda"] },
};

/** The answer to an item that adds most to its scale. */
export function keyedAnswer(instrument: Instrument, item: Item): number {
  return item.keyed ?? (item.reverse ? instrument.lowest : instrument.highest);
}

/** The answer at the other end, which adds nothing to a keyed item and least to others. */
export function unkeyedAnswer(instrument: Instrument, item: Item): number {
  const { lowest, highest } = instrument;
  return keyedAnswer(instrument, item) === lowest ? highest : lowest;
}

/** One scale of one answer sheet. */
export interface ScaleScore {
  scale: string;
  /** The scale score, or null where an item of the scale has no answer. */
  score: number | null;
  answered: number;
  items: number;
}

/**
 * Score of one item: 1 or 0 for a keyed item, the answer or its reverse for others; null without an
 * answer.
 *
 * @throws {RangeError} when the instrument has no such item or answer
 */
export function itemScore(
  instrument: Instrument,
  number: number,
  answer: number | null,
): number | null {
  const { title, items, lowest, highest } = instrument;
  const item = items.find((item) => item.number === number);
  if (!item) {
    throw new RangeError(`${title} has items 1 to ${items.length}: current value is ${number}`);
  }
  if (answer === null) return null;
  if (!Number.isInteger(answer) || answer < lowest || answer > highest) {
    throw new RangeError(
      `Item ${number} of ${title} takes whole answers from ${lowest} to ${highest}: ` +
        `current value is ${answer}`,
    );
  }
  if (item.keyed !== null) return Number(answer === item.keyed);
  return item.reverse ? lowest + highest - answer : answer;
}

/**
 * Scores one answer sheet.
 *
 * A scale with a missing answer has no score: what the missing item would have added is unknown.
 *
 * @param sheet answers in order of the items, null where there is none
 * @returns one row per scale, in the instrument's order
 * @throws {RangeError} when the sheet has another length or an answer is outside the range
 */
export function score(
  instrument: Instrument,
  sheet: readonly (number | null)[],
): ScaleScore[] {
  const { title, items, scales, scoredAs } = instrument;
  if (!Array.isArray(sheet)) {
    throw new TypeError(`score takes the answers to ${title} as a list: got ${typeof sheet}`);
  }
  if (sheet.length !== items.length) {
    throw new RangeError(`${title} has ${items.length} items: got ${sheet.length} answers`);
  }
  return scales.map((scale) => {
    const scores = items
      .map((item, index) => ({ item, answer: sheet[index]! }))
      .filter(({ item }) => item.scale === scale)
      .map(({ item, answer }) => itemScore(instrument, item.number, answer));
    const answered = scores.filter((score) => score !== null);
    const sum = answered.reduce((total, score) => total + score, 0);
    return {
      scale,
      score: answered.length < scores.length
        ? null
        : scoredAs === "sum"
        ? sum
        : sum / scores.length,
      answered: answered.length,
      items: scores.length,
    };
  });
}

/** The words behind the letters, for figures and prose. */
export const SCALE_NAMES: Readonly<Record<string, string>> = {
  E: "Extraversion",
  N: "Neuroticism",
  P: "Psychoticism",
  L: "Lie",
  A: "Agreeableness",
  C: "Conscientiousness",
  O: "Openness",
};
