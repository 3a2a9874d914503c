/** What an answer means: words of eight languages, labels, numbers. */
import { type Instrument, WORDS } from "../instruments.ts";
import { excerpt, type Json } from "./json.ts";

/** How the answers were asked for. */
export type Coding = "true/false" | "yes/no" | "number" | "label";

/** More words for no and yes, false and true, beside those that the prompts ask for. */
const MORE: Readonly<Record<string, readonly [no: string[], yes: string[]]>> = {
  de: [["stimmt nicht"], ["richtig", "stimmt"]],
  es: [["falsa"], ["verdadera", "verdad", "cierto", "cierta"]],
  fr: [["fausse"], ["vraie"]],
  it: [["falsa"], ["vera"]],
  pt: [["falsa"], ["verdadeira", "verdade"]],
  sk: [["nepravdivé", "falošné"], ["pravdivé"]],
  cs: [["nepravdivé"], ["pravdivé"]],
};

/**
 * Every word of a language that means no (0) or yes (1), with its answer.
 *
 * No word of one language may be the opposite in another: a model often answers in English, or in the
 * language of the items where English was asked for.
 */
export function truthWords(language: string): [word: string, answer: number][] {
  if (!Object.hasOwn(WORDS, language)) return [];
  const words = WORDS[language]!;
  return [0, 1].flatMap((answer) =>
    [words.yesNo[answer]!, words.trueFalse[answer]!, ...MORE[language]?.[answer] ?? []]
      .map((word): [string, number] => [word, answer])
  );
}

/** Longer texts are prose. */
const LONGEST = 200;

/**
 * Text for comparing: one case, one width, one kind of space, nothing invisible, no marks around; empty
 * where it is too long to be an answer or a key.
 */
export function folded(text: string): string {
  if (text.length > LONGEST) return "";
  return text.normalize("NFKC").replace(/\p{Cf}/gu, "").toLowerCase()
    .replace(/[\s"'“”„‘’`´*_.,;:!。()[\]]+$/u, "")
    .replace(/^[\s"'“”„‘’`´*_()[\]]+/u, "")
    .replace(/\s+/gu, " ");
}

/** The name of a key, however its words are joined: `question_id`, `Question ID`, `questionId`. */
export const keyName = (key: string): string => folded(key).replace(/[\s_-]+/g, "");

export const withoutAccents = (text: string): string =>
  text.normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC");

/** Words and their answers; null where a word has two. */
type Words = ReadonlyMap<string, number | null>;

function wordsOf(pairs: readonly (readonly [word: string, answer: number])[]): Words {
  const exact = new Map<string, number | null>(), bare = new Map<string, number | null>();
  const put = (into: Map<string, number | null>, word: string, answer: number) =>
    into.set(word, into.has(word) && into.get(word) !== answer ? null : answer);
  for (const [word, answer] of pairs) {
    const form = folded(word);
    if (form === "") continue;
    put(exact, form, answer);
    put(bare, withoutAccents(form), answer);
  }
  return new Map([...bare, ...exact]);
}

const ANY_LANGUAGE = wordsOf(Object.keys(WORDS).flatMap(truthWords));

/** Whether the answers are no (0) and yes (1), and their labels do not say otherwise. */
function asksForTruth({ lowest, highest, answers }: Instrument): boolean {
  const label = (answer: number) => ANY_LANGUAGE.get(folded(answers[answer] ?? ""));
  return lowest === 0 && highest === 1 && label(0) !== 1 && label(1) !== 0;
}

/**
 * How to read one answer: the whole answer that it means, or null when in doubt.
 *
 * Words are looked up among the instrument's labels, then in its language, then in English, then among
 * all languages. A number beside a label must be the label's. A bare number is in doubt where labels
 * were shown without numbers, since it may be a place in the list; `4/5` is a 4 only where 5 is the
 * highest of more than two answers. Booleans are answers only to questions of true or false.
 */
export function answerReader(
  instrument: Instrument,
  coding: Coding,
  language: string,
): (answer: Json) => number | null {
  const { lowest, highest, answers } = instrument;
  const truth = asksForTruth(instrument);
  const labels = Object.entries(answers).map(([answer, label]) => [label, Number(answer)] as const);
  const layers = [wordsOf(labels)];
  if (truth) layers.push(wordsOf(truthWords(language)), wordsOf(truthWords("en")), ANY_LANGUAGE);
  const coded = coding !== "label";
  const share = highest - lowest > 1
    ? new RegExp(String.raw`^(\d{1,4}) ?(?:/|out of) ?${highest}$`)
    : /$^/;

  const word = (text: string): number | null =>
    layers.find((layer) => layer.has(text))?.get(text) ?? null;
  const number = (answer: number): number | null =>
    // + 0 makes 0 of −0.
    Number.isInteger(answer) && answer >= lowest && answer <= highest ? answer + 0 : null;
  const both = (digits: string, label: string): number | null => {
    const meant = word(folded(label));
    return meant !== null && meant === number(Number(digits)) ? meant : null;
  };

  return (answer) => {
    if (typeof answer === "number") return coded ? number(answer) : null;
    if (typeof answer === "boolean") return truth ? Number(answer) : null;
    if (typeof answer !== "string") return null;
    const text = folded(answer);
    const known = word(text);
    const digits = share.exec(text) ?? /^(\d{1,4})(?:[.,]0{1,3})?$/.exec(text);
    if (digits && coded) {
      const meant = number(Number(digits[1]));
      return known === null || known === meant ? meant : null;
    }
    if (known !== null || digits) return known;
    const before = /^(\d{1,4})\s?[-–—:.)=]{0,2}\s?(\D.*)$/u.exec(text);
    if (before) return both(before[1]!, before[2]!);
    const behind = /^(.*\D)\s?[-–—:(=[]\s?(\d{1,4})$/u.exec(text);
    return behind ? both(behind[2]!, behind[1]!) : null;
  };
}

const NUMBERED = new RegExp(
  "^(?:(?:q|question|item|statement|pregunta|ítem|frage|aussage|domanda|pergunta|otázka|položka)" +
    "[\\s_#.:-]{0,3}|#\\s?)?0{0,3}(\\d{1,4})\\)?$",
  "u",
);

/** The item number that a key is (`1`, `01`, `1.`, `Q1`, `item 1`, `question_1`), or null. */
export function itemNumber(key: Json): number | null {
  if (typeof key === "number") return Number.isInteger(key) ? key : null;
  if (typeof key !== "string") return null;
  const number = NUMBERED.exec(folded(key));
  return number ? Number(number[1]) : null;
}

/**
 * How to find the item that a key means: by its number, its words, or both where they are of one item.
 */
export function itemFinder(
  items: readonly { number: number; text: string }[],
): (key: Json) => number | null {
  const byText = wordsOf(items.map(({ number, text }) => [text, number] as const));
  return (key) => {
    const number = itemNumber(key);
    if (number !== null || typeof key !== "string") return number;
    const text = folded(key), numbered = /^(\S{1,20})\s(.+)$/.exec(text);
    const before = numbered && itemNumber(numbered[1]!);
    const meant = byText.get(before ? numbered![2]! : text) ?? null;
    return before && meant !== before ? null : meant;
  };
}

/** The first five, and how many more. */
export function listed(all: Iterable<string>): string {
  const names = [...all].map((name) => /^\w{1,30}$/.test(name) ? name : excerpt(name));
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return names.slice(0, 5).join(", ") + more;
}
