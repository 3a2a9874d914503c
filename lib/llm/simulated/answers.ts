/** How the simulated model answers questionnaires: as the profile that the persona carries. */
import { carriedIn, ERROR_RATE, one, type Scale, sharesOf } from "./carried.ts";
import { DECLINED, type Instrument, registered, WORDS } from "../../instruments.ts";
import { type Model } from "../registry.ts";
import { type Random, seeded } from "../../random.ts";

export const ITEM = /"(\d+)": ("(?:[^"\\]|\\.)*")/g;

export const LABELLED = /("(?:[^"\\]|\\.)*")(?:: ("(?:[^"\\]|\\.)*"))?/g;

/** Where each answer has a reason beside it, as the prompt's example shows. */
export const REASONED = /^ {2}"\d+": \{ "(reason|answer)": /m;

export const EXPLAINED = /"explanation"/;

/** A line of the list of answers: a word, and behind it what it stands for. */
export const OPTION = /^[-*] ("(?:[^"\\]|\\.)*")(?:: (.*))?/gm;

/** An answer of the prompt's example, where no item is asked behind it. */
export const EXAMPLE = /"\d+": (?:\{ (?:"reason": "[^"]*", )?"answer": )?"([^"]*)"/g;

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
  const carried = carriedIn(system);
  const own = carried?.instrument ?? null;
  // A call may ask some of the items.
  const instrument =
    [own, ...registered()].find((one) =>
      asked.every(({ number, text }) => one?.items[number - 1]?.text === text)
    ) ?? null;
  const options = answersListed(user, instrument ?? own ?? carried?.scale);
  const same = instrument && own ? instrument === own : carried?.answers.length === asked.length &&
    asked.every(({ number }) => number <= asked.length);
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

/** Every language's words for 0 and for 1, in lower case. */
export const TRUTH: ReadonlyMap<string, number> = new Map(
  Object.values(WORDS).flatMap(({ yesNo, trueFalse }) =>
    [yesNo, trueFalse].flatMap((pair) =>
      pair.map((word, answer) => [word.toLowerCase(), answer] as const)
    )
  ),
);

/**
 * The words to answer in, by the answer that they mean, as a prompt lists them: numbers as they are; letters and
 * whatever else has a label beside it by that label; labels by the answers of `of`, then those of two by how
 * eight languages say no and yes. What none of this knows is taken for the answers that are left, in an order
 * that agrees with the others: as prompts print it, or else reversed.
 *
 * @param of whose answers the prompt lists, where that is known
 */
export function answersListed(
  user: string,
  { lowest, highest, answers }: Scale = { lowest: null, highest: null, answers: {} },
): ReadonlyMap<number, string> {
  const listed = [...user.matchAll(OPTION)].map(([, word, label]) => ({
    word: JSON.parse(word!) as string,
    label: label?.trim(),
  }));
  const codes = lowest === null || highest === null
    ? []
    : Array.from({ length: highest - lowest + 1 }, (_, at) => lowest + at);
  if (!listed.length) return unlisted(user, codes, answers);
  const labels = new Map(
    codes.flatMap((code) => answers[code] ? [[answers[code].trim(), code] as const] : []),
  );
  const meant = (said: string): number | undefined =>
    labels.get(said.trim()) ??
      (listed.length === 2 ? TRUTH.get(said.trim().toLowerCase()) : undefined);
  const meanings = listed.map(({ word, label }) =>
    /^-?\d+$/.test(word) ? Number(word) : meant(label ?? word) ?? meant(word)
  );
  const rising = codes.length === listed.length ? codes : listed.map((_, at) => at);
  // Prompts name the higher of two answers first, and else the lowest.
  const printed = rising.length === 2 ? rising.toReversed() : rising;
  const order =
    [printed, printed.toReversed()].find((order) =>
      meanings.every((meaning, at) => (meaning ?? order[at]) === order[at])
    ) ?? printed;
  const left = order.filter((code) => !meanings.includes(code));
  return new Map(listed.map(({ word }, at) => [meanings[at] ?? left.shift()!, word]));
}

/** What to answer in where a prompt of the user's own lists no answers. */
function unlisted(
  user: string,
  codes: readonly number[],
  answers: Scale["answers"],
): ReadonlyMap<number, string> {
  if ((codes.at(-1) ?? 0) <= 1) return new Map([[0, "False"], [1, "True"]]);
  const example = [...user.matchAll(EXAMPLE)].at(-1)?.[1] ?? "";
  // A number would be in doubt where words or letters are asked for.
  const worded = /^[A-Z]$/.test(example) || Object.values(answers).includes(example);
  return new Map(codes.map((code) => [code, worded && answers[code] || String(code)]));
}
