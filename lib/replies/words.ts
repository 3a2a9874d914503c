/** What an answer means: words of eight languages, labels, numbers. */
import {
  type Coding,
  DECLINED,
  hasOwnOptions,
  type Instrument,
  type Item,
  type Option,
  optionsOf,
  substantive,
  WORDS,
} from "../instruments.ts";
import { excerpt, type Json } from "./json.ts";

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
  const known = forms.get(text);
  if (known !== undefined) return known;
  if (forms.size === MOST_FORMS) forms.clear();
  const form = text.normalize("NFKC").replace(/\p{Cf}/gu, "").toLowerCase()
    .replace(/[\s"'“”„‘’`´*_.,;:!。()[\]]+$/u, "")
    .replace(/^[\s"'“”„‘’`´*_()[\]]+/u, "")
    .replace(/\s+/gu, " ");
  forms.set(text, form);
  return form;
}

/** Keys and answers are the same few in every reply of a study: a quarter of reading one was to fold them. */
const forms = new Map<string, string>();
const MOST_FORMS = 4096;

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
const BY_LANGUAGE = new Map(
  Object.keys(WORDS).map((language) => [language, wordsOf(truthWords(language))]),
);

/** Letters and numbers of a text, with one blank for whatever is between them. */
const bareOf = (text: string): string =>
  withoutAccents(folded(text)).replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** Which whole answer a value of a reply means, or null. */
type Reader = (answer: Json) => number | null;

/** Made once for an instrument or an item, since thousands of sheets are read by it. */
const readers = new WeakMap<Instrument | Item, Map<string, Reader>>();

/**
 * How to read one answer: the whole answer that it means, or null when in doubt.
 *
 * Words are looked up among the labels, then in the language, then in English, then among all
 * languages. A number beside a label must be the label's. A bare number is in doubt where labels
 * or letters were shown without numbers, since it may be a place in the list; `4/5` is a 4 only where 5 is
 * the highest of more than two answers. Booleans are answers only to questions of true or false.
 *
 * Where items have options of their own, marks within a label do not count, and a text that begins as
 * one who declines does is the option for it.
 *
 * @param shown the answers in the order shown, which letters follow
 * @param item whose answers they are, where items have options of their own
 */
export function answerReader(
  instrument: Instrument,
  coding: Coding,
  language: string,
  shown: readonly number[] = [],
  item: Item = instrument.items[0]!,
): Reader {
  const of = item.options ? item : instrument;
  const known = readers.get(of) ?? new Map<string, Reader>();
  readers.set(of, known);
  const key = JSON.stringify([coding, language, coding === "letter" ? shown : null]);
  const reader = known.get(key) ?? readerOf(instrument, item, coding, language, shown);
  known.set(key, reader);
  return reader;
}

function readerOf(
  instrument: Instrument,
  item: Item,
  coding: Coding,
  language: string,
  shown: readonly number[],
): Reader {
  const own = hasOwnOptions(instrument);
  const options = optionsOf(instrument, item), answers = substantive(options);
  const labels = wordsOf(
    options.flatMap(({ label, code }) =>
      [label, ...own ? [bareOf(label)] : []].map((words) => [words, code] as const)
    ),
  );
  const truth = truthIn(answers, own);
  const said = [BY_LANGUAGE.get(language), BY_LANGUAGE.get("en"), ANY_LANGUAGE];
  const word = (text: string): number | null => {
    const meant = truth && !labels.has(text) ? said.find((words) => words?.has(text)) : undefined;
    const answer = meant?.get(text) ?? null;
    return (answer === null ? labels.get(text) : truth![answer]) ??
      (own ? labels.get(bareOf(text)) : null) ?? null;
  };
  const number = (digits: string | number): number | null => {
    const answer = Number(String(digits).replace("\u2212", "-"));
    return options.find(({ code }) => code === answer)?.code ?? null;
  };
  const both = (meant: number | null, label: string): number | null =>
    meant !== null && meant === word(folded(label)) ? meant : null;

  const coded = coding !== "label" && coding !== "letter";
  const letters = new Map(
    coding === "letter"
      ? shown.map((answer, index) => [String.fromCharCode(97 + index), answer])
      : [],
  );
  const share = answers.length > 2 && answers.every(({ position, code }) => position === code)
    ? new RegExp(
      String.raw`^(\d{1,4}) ?(?:/|out of) ?${Math.max(...answers.map(({ code }) => code))}$`,
    )
    : null;
  const read = (answer: string): number | null => {
    const text = folded(answer);
    const known = word(text);
    const digits = share?.exec(text) ?? /^([-\u2212]?\d{1,5})(?:[.,]0{1,3})?$/.exec(text);
    const meant = digits
      ? coded ? number(digits[1]!) : undefined
      : letters.get(/^(?:(?:option|answer) )?(\p{L})$/u.exec(text)?.[1] ?? "");
    if (meant !== undefined) return known === null || known === meant ? meant : null;
    if (known !== null || digits) return known;
    const [, letter, named] = /^(\p{L})\s?[-–—:.)=]\s?(.+)$/u.exec(text) ?? [];
    if (letters.has(letter!)) return both(letters.get(letter!)!, named!);
    const before = /^(\d{1,4})\s?[-–—:.)=]{0,2}\s?(\D.*)$/u.exec(text);
    if (before) return both(number(before[1]!), before[2]!);
    const behind = /^(.*\D)\s?[-–—:(=[]\s?(\d{1,4})$/u.exec(text);
    return behind ? both(number(behind[2]!), behind[1]!) : null;
  };
  return (answer) => {
    if (typeof answer === "number") return coded ? number(answer) : null;
    if (typeof answer === "boolean") return truth ? truth[Number(answer)]! : null;
    return typeof answer === "string" ? read(answer) ?? declinedBy(options, answer) : null;
  };
}

/** The answers that mean no and yes, where that is what is asked for. */
function truthIn(answers: readonly Option[], own: boolean): number[] | null {
  const meant = [0, 1].map((truth) =>
    answers.filter(({ label }) => ANY_LANGUAGE.get(folded(label)) === truth).map(({ code }) => code)
  );
  if (own) return meant.every(({ length }) => length === 1) ? meant.flat() : null;
  // No (0) and yes (1), unless the labels say otherwise.
  const asked = answers.map(({ code }) => code).join() === "0,1";
  return asked && !meant[0]!.includes(1) && !meant[1]!.includes(0) ? [0, 1] : null;
}

const SORRY =
  /^(?:(?:i m |i am )?sorry|lo siento|tut mir leid|desolee?|mi dispiace|desculpe)(?: but| pero| aber| mais| ma| mas)? /;

/** The refusal or the don't-know that a text means; null where it names another option besides. */
function declinedBy(options: readonly Option[], answer: string): number | null {
  const declining = options.filter(({ role }) => role);
  if (declining.length === 0) return null;
  const text = `${bareOf(answer.slice(0, LONGEST)).replace(SORRY, "")} `;
  const meant = declining.flatMap(({ role, code }) => {
    const [longest] = Object.values(DECLINED[role!]).flat()
      .filter((words) => text.startsWith(`${words} `))
      .toSorted((a, b) => b.length - a.length);
    return longest === undefined ? [] : [{ code, rest: ` ${text.slice(longest.length)} ` }];
  });
  if (meant.length !== 1) return null;
  const named = substantive(options).flatMap(({ code, label }) => [String(code), bareOf(label)]);
  return named.some((words) => words && meant[0]!.rest.includes(` ${words} `))
    ? null
    : meant[0]!.code;
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
