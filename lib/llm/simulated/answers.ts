/** How the simulated model answers questionnaires: as the profile that the persona carries. */
import { CARRIED, type Carried, ERROR_RATE, instrumentOf, one, sharesOf } from "./carried.ts";
import { DECLINED, type Instrument, registered, WORDS } from "../../instruments.ts";
import { type Model } from "../registry.ts";
import { type Random, seeded } from "../../random.ts";

export const ITEM = /"(\d+)": ("(?:[^"\\]|\\.)*")/g;

export const LABELLED = /("(?:[^"\\]|\\.)*")(?:: ("(?:[^"\\]|\\.)*"))?/g;

/** Where each answer has a reason beside it, as the prompt's example shows. */
export const REASONED = /^ {2}"\d+": \{ "(reason|answer)": /m;

export const EXPLAINED = /"explanation"/;

export const OPTION = /^[-*] ("(?:[^"\\]|\\.)*")/gm;

export function administration(
  model: Model,
  system: string,
  user: string,
  items: string,
  random: Random,
): string {
  const asked = [...items.matchAll(ITEM)].map(([, number, text]) => ({
    number: Number(number),
    text: JSON.parse(text!) as string,
  }));
  const inOrder = asked.toSorted((a, b) => a.number - b.number).map(({ text }) => text);
  const instrument = instrumentOf(inOrder);
  const options = optionsOf(user, instrument);
  const found = CARRIED.exec(system);
  const carried: Carried | null = found && {
    instrument: registered().find(({ name }) => name === found[1]) ?? null,
    answers: found[2]!.split(",").map(Number),
  };
  const same = carried?.answers.length === asked.length;
  const shares = carried && !same ? sharesOf(carried) : new Map<string, number>();
  const sheet = asked.map(({ number }): [number, string] => {
    const answer = carried && same
      ? mistaken(carried.answers[number - 1]!, options, model, random)
      : guessed(number, instrument, shares, options, random);
    return [number, options.get(answer) ?? String(answer)];
  });
  return sheetText(user, sheet, "Simulated: computed from the profile behind this persona.");
}

/** A reply in the form that the prompt's example shows. */
export function sheetText(user: string, sheet: readonly [number, string][], why: string): string {
  const reason = JSON.stringify(why), first = REASONED.exec(user)?.[1];
  const lines = sheet.map(([number, word]) => {
    const answer = JSON.stringify(word);
    const value = first === "reason"
      ? `{ "reason": ${reason}, "answer": ${answer} }`
      : first === "answer"
      ? `{ "answer": ${answer}, "reason": ${reason} }`
      : answer;
    return `  "${number}": ${value}`;
  });
  const last = EXPLAINED.test(user) ? [`  "explanation": ${reason}`] : [];
  return `{\n${[...lines, ...last].join(",\n")}\n}`;
}

/** How much less those who decline are liked than other options, on a scale from 0 to 1. */
export const RELUCTANCE = 0.6;

/**
 * Answers to items with options of their own: each persona likes each option of an item to a degree that
 * is drawn from its text, and a noise goes on top; the most liked is given. Order and coding of the options
 * change nothing.
 */
export function chosen(
  { error_rate = ERROR_RATE }: Model,
  system: string,
  user: string,
  items: readonly RegExpExecArray[],
  random: Random,
): string {
  const sheet = items.map(([, number, text, answers]): [number, string] => {
    const options = [...answers!.matchAll(LABELLED)].map(([, word, label]) => ({
      word: JSON.parse(word!) as string,
      label: JSON.parse(label ?? word!) as string,
    }));
    const liked = options.map(({ label }) =>
      seeded("liked", system, text!, label).uniform() * (1 - error_rate) +
      random.uniform() * error_rate - (declines(label) ? RELUCTANCE : 0)
    );
    return [Number(number), options[liked.indexOf(Math.max(...liked))]!.word];
  });
  return sheetText(user, sheet, "Simulated: drawn from the text of this persona.");
}

/** Whether a label says that no answer is given. */
export function declines(label: string): boolean {
  const bare = label.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  return Object.values(DECLINED).flatMap((words) => Object.values(words).flat())
    .some((words) => `${bare} `.startsWith(`${words} `));
}

/** The profile's answer, or with the model's error rate another one. */
export function mistaken(
  answer: number,
  options: ReadonlyMap<number, string>,
  { error_rate = ERROR_RATE }: Model,
  random: Random,
): number {
  if (random.uniform() >= error_rate) return answer;
  const others = [...options.keys()].filter((other) => other !== answer);
  return others.length ? one(others, random) : answer;
}

/** EPQR-A scales that other traits go with, and in which direction (Eysenck 1992). */
export const ALIKE: Readonly<Record<string, readonly [scale: string, sign: 1 | -1]>> = {
  A: ["P", -1],
  C: ["P", -1],
};

/** An answer to an item that the profile does not hold: from its score on the same scale, and noise. */
export function guessed(
  number: number,
  instrument: Instrument | null,
  shares: ReadonlyMap<string, number>,
  options: ReadonlyMap<number, string>,
  random: Random,
): number {
  const item = instrument?.items.find((item) => item.number === number);
  const [scale, sign] = ALIKE[item?.scale ?? ""] ?? [item?.scale ?? "", 1];
  const share = shares.get(scale);
  const mean = share === undefined ? 0.5 : sign === 1 ? share : 1 - share;
  // The sum of three has an SD of 0.25 and stays within 0.75 of the mean.
  const noise = (random.uniform() + random.uniform() + random.uniform()) / 2 - 0.75;
  const position = Math.min(1, Math.max(0, mean + noise));
  const low = item && (item.reverse || item.keyed === instrument!.lowest);
  const values = [...options.keys()].sort((a, b) => a - b);
  return values[Math.round((low ? 1 - position : position) * (values.length - 1))]!;
}

export const LOW = new Set(
  Object.values(WORDS).flatMap((words) => [words.yesNo[0], words.trueFalse[0]]),
);

export const HIGH = new Set(
  Object.values(WORDS).flatMap((words) => [words.yesNo[1], words.trueFalse[1]]),
);

/**
 * The words to answer in, by the answer that they mean: numbers as they are, the words for yes and no
 * and the labels of our instruments by their meaning, other labels in the order listed.
 */
export function optionsOf(
  user: string,
  instrument: Instrument | null,
): ReadonlyMap<number, string> {
  const listed = [...user.matchAll(OPTION)].map(([, text]) => JSON.parse(text!) as string);
  const labels = Object.entries(instrument?.answers ?? {});
  const meanings = listed.map((word) => {
    if (/^-?\d+$/.test(word)) return Number(word);
    if (LOW.has(word)) return 0;
    if (HIGH.has(word)) return 1;
    const label = labels.find(([, label]) => label === word);
    return label ? Number(label[0]) : null;
  });
  if (listed.length) {
    const known = meanings.every((meaning) => meaning !== null);
    return new Map(listed.map((word, place) => [known ? meanings[place]! : place, word]));
  }
  // A prompt of the user's own that lists no answers.
  return new Map(
    instrument && (instrument.highest ?? 0) > 1
      ? labels.map(([answer]) => [Number(answer), answer])
      : [[0, "False"], [1, "True"]],
  );
}
