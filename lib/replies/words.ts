/** What an answer means: words of eight languages, labels, numbers. */
import {
  type Coding,
  DECLINED,
  type Instrument,
  type Item,
  type Option,
  optionsOf,
  type Role,
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
  if (text.length > SHORT) return fold(text);
  const known = foldedShort.get(text);
  if (known !== undefined) return known;
  if (foldedShort.size === MANY) foldedShort.clear();
  const form = fold(text);
  foldedShort.set(text, form);
  return form;
}

/** Keys and answers are the same few in every reply of a study: a quarter of reading one was to fold them. */
const foldedShort = new Map<string, string>();
const SHORT = 24, MANY = 4096;

const fold = (text: string): string =>
  text.normalize("NFKC").replace(/\p{Cf}/gu, "").toLowerCase()
    .replace(/[\s"'“”„‘’`´*_.,;:!。()[\]]+$/u, "")
    .replace(/^[\s"'“”„‘’`´*_()[\]]+/u, "")
    .replace(/\s+/gu, " ");

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

/** Letters and numbers of a text, with one blank for whatever is between them. */
const bareOf = (text: string): string =>
  withoutAccents(folded(text)).replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** What a label says of truth: no (0), yes (1), or neither. */
const truthOf = (label: string): number | null => ANY_LANGUAGE.get(folded(label)) ?? null;

/** What an answer may be, and how it may be said. */
interface Answers {
  labels: readonly (readonly [label: string, answer: number])[];
  /** The answers that mean no and yes, where that is what is asked for. */
  truth: readonly [no: number, yes: number] | null;
  takes: (answer: number) => boolean;
  /** The highest of more than two answers. */
  highest: number | null;
  /** What the letters mean, where answers were shown with letters. */
  letters: ReadonlyMap<string, number> | null;
  /** Numbers that stand for answers may have a sign. */
  signed: boolean;
  /** What a text means that is no answer. */
  declined: (text: string) => number | null;
}

/**
 * How to read one answer: the whole answer that it means, or null when in doubt.
 *
 * Words are looked up among the instrument's labels, then in its language, then in English, then among
 * all languages. A number beside a label must be the label's. A bare number is in doubt where labels
 * or letters were shown without numbers, since it may be a place in the list; `4/5` is a 4 only where 5 is
 * the highest of more than two answers. Booleans are answers only to questions of true or false.
 *
 * @param shown the answers in the order shown, which letters follow
 */
export const answerReader = (
  instrument: Instrument,
  coding: Coding,
  language: string,
  shown: readonly number[] = [],
): Reader =>
  made(
    instrument,
    { coding, language, shown },
    () => sharedReader(instrument, coding, language, shown),
  );

function sharedReader(
  instrument: Instrument,
  coding: Coding,
  language: string,
  shown: readonly number[],
): Reader {
  const { answers } = instrument;
  const lowest = instrument.lowest ?? 0, highest = instrument.highest ?? -1;
  const label = (answer: number) => ANY_LANGUAGE.get(folded(answers[answer] ?? ""));
  return readerOf(coding, language, {
    labels: Object.entries(answers).map(([answer, label]) => [label, Number(answer)] as const),
    // No (0) and yes (1), unless the labels say otherwise.
    truth: lowest === 0 && highest === 1 && label(0) !== 1 && label(1) !== 0 ? [0, 1] : null,
    takes: (answer) => answer >= lowest && answer <= highest,
    highest: highest - lowest > 1 ? highest : null,
    letters: lettersOf(coding, shown),
    signed: false,
    declined: () => null,
  });
}

/**
 * How to read the answer to an item with options of its own: by their codes, labels or letters; a text that begins as one who declines does is its refusal or don't-know.
 *
 * @param shown its options in the order shown, which letters follow
 */
export const itemReader = (
  instrument: Instrument,
  item: Item,
  coding: Coding,
  language: string,
  shown: readonly number[],
): Reader =>
  made(
    item,
    { coding, language, shown },
    () => ownReader(instrument, item, coding, language, shown),
  );

/** Which whole answer a value of a reply means, or null. */
type Reader = (answer: Json) => number | null;

const readers = new WeakMap<Instrument | Item, Map<string, Reader>>();

/** The reader of an instrument or item: made once, since thousands of sheets are read by it. */
function made(
  of: Instrument | Item,
  { coding, language, shown }: { coding: Coding; language: string; shown: readonly number[] },
  make: () => Reader,
): Reader {
  const key = JSON.stringify([coding, language, coding === "letter" ? shown : null]);
  const known = readers.get(of) ?? new Map<string, Reader>();
  readers.set(of, known);
  if (!known.has(key)) known.set(key, make());
  return known.get(key)!;
}

function ownReader(
  instrument: Instrument,
  item: Item,
  coding: Coding,
  language: string,
  shown: readonly number[],
): Reader {
  const options = optionsOf(instrument, item), own = substantive(options);
  const meaning = (truth: number) => {
    const found = own.filter(({ label }) => truthOf(label) === truth);
    return found.length === 1 ? found[0]!.code : null;
  };
  const no = meaning(0), yes = meaning(1);
  const numbers = own.flatMap(({ position, code }) => position === code ? [code] : []);
  return readerOf(coding, language, {
    labels: options.flatMap((
      { label, code },
    ) => [[label, code] as const, [bareOf(label), code] as const]),
    truth: no !== null && yes !== null ? [no, yes] : null,
    takes: (answer) => options.some(({ code }) => code === answer),
    highest: numbers.length === own.length && own.length > 2 ? Math.max(...numbers) : null,
    letters: lettersOf(coding, shown),
    signed: true,
    declined: (text) => declinedBy(options, text),
  });
}

const lettersOf = (coding: Coding, shown: readonly number[]): Answers["letters"] =>
  coding === "letter"
    ? new Map(shown.map((answer, index) => [String.fromCharCode(97 + index), answer]))
    : null;

const SORRY =
  /^(?:(?:i m |i am )?sorry|lo siento|tut mir leid|desolee?|mi dispiace|desculpe)(?: but| pero| aber| mais| ma| mas)? /;

/** The refusal or the don't-know that a text means; null where it names another option besides. */
function declinedBy(options: readonly Option[], answer: string): number | null {
  const text = `${bareOf(answer.slice(0, LONGEST)).replace(SORRY, "")} `;
  if (text.trim() === "") return null;
  const begins = (role: Role) =>
    Object.values(DECLINED[role]).flat().some((words) => text.startsWith(`${words} `));
  const others = substantive(options).flatMap(({ code, label }) => [String(code), bareOf(label)]);
  const meant = options.filter(({ role }) => role && begins(role));
  if (meant.length !== 1) return null;
  const rest = Object.values(DECLINED[meant[0]!.role!]).flat()
    .filter((words) => text.startsWith(`${words} `))
    .map((words) => text.slice(words.length))
    .toSorted((a, b) => a.length - b.length)[0]!;
  return others.some((words) => words && ` ${rest} `.includes(` ${words} `))
    ? null
    : meant[0]!.code;
}

function readerOf(coding: Coding, language: string, of: Answers): (answer: Json) => number | null {
  const { truth, highest, letters } = of;
  const layers = [wordsOf(of.labels)];
  if (truth) {
    const meant = (words: [string, number][]) =>
      wordsOf(words.map(([word, answer]) => [word, truth[answer]!] as const));
    layers.push(
      meant(truthWords(language)),
      meant(truthWords("en")),
      truth[0] === 0 && truth[1] === 1
        ? ANY_LANGUAGE
        : meant(Object.keys(WORDS).flatMap(truthWords)),
    );
  }
  const coded = coding !== "label" && coding !== "letter";
  const sign = of.signed ? "[-\u2212]?" : "";
  const share = highest === null
    ? /(?!)/
    : new RegExp(String.raw`^(\d{1,4}) ?(?:/|out of) ?${highest}$`);
  const bare = new RegExp(String.raw`^(${sign}\d{1,${of.signed ? 5 : 4}})(?:[.,]0{1,3})?$`);

  const word = (text: string): number | null =>
    layers.find((layer) => layer.has(text))?.get(text) ??
      (of.signed ? layers[0]!.get(bareOf(text)) ?? null : null);
  const number = (answer: number): number | null =>
    // + 0 makes 0 of −0.
    Number.isInteger(answer) && of.takes(answer) ? answer + 0 : null;
  const both = (meant: number | null, label: string): number | null =>
    meant !== null && meant === word(folded(label)) ? meant : null;
  const valueOf = (digits: string): number => Number(digits.replace("\u2212", "-"));

  const read = (answer: Json): number | null => {
    if (typeof answer === "number") return coded ? number(answer) : null;
    if (typeof answer === "boolean") return truth ? truth[Number(answer)]! : null;
    if (typeof answer !== "string") return null;
    const text = folded(answer);
    const known = word(text);
    const digits = share.exec(text) ?? bare.exec(text);
    if (digits && coded) {
      const meant = number(valueOf(digits[1]!));
      return known === null || known === meant ? meant : null;
    }
    const letter = letters?.get(/^(?:(?:option|answer) )?(\p{L})$/u.exec(text)?.[1] ?? "");
    if (letter !== undefined) return known === null || known === letter ? letter : null;
    if (known !== null || digits) return known;
    const lettered = letters && /^(\p{L})\s?[-–—:.)=]\s?(.+)$/u.exec(text);
    if (lettered && letters.has(lettered[1]!)) {
      return both(letters.get(lettered[1]!)!, lettered[2]!);
    }
    const before = /^(\d{1,4})\s?[-–—:.)=]{0,2}\s?(\D.*)$/u.exec(text);
    if (before) return both(number(Number(before[1])), before[2]!);
    const behind = /^(.*\D)\s?[-–—:(=[]\s?(\d{1,4})$/u.exec(text);
    return behind ? both(number(Number(behind[2])), behind[1]!) : null;
  };
  return (answer) => read(answer) ?? (typeof answer === "string" ? of.declined(answer) : null);
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
