/** Questionnaires as data, and how one answer sheet is scored. */

/** What an option is besides an answer: one who gives it does not answer the item. */
export type Role = "refusal" | "don't know";

/** One of the answers that an item can be given. */
export interface Option {
  /** What stands for it in the data: a whole number. */
  code: number;
  label: string;
  /** Where it stands in the order of the options, as a whole number; null where there is no order. */
  position: number | null;
  role?: Role;
}

export interface Item {
  /** The instrument's items are numbered from 1, without gaps. */
  number: number;
  text: string;
  /** Null for an item that counts for no scale. */
  scale: string | null;
  /** The answer that scores a point (1 Yes, 0 No), for items that are keyed. */
  keyed: number | null;
  /** Whether the answer is turned round: lowest + highest − answer. */
  reverse: boolean;
  /** Where the item has options of its own; without, those of the instrument. See `optionsOf`. */
  options?: readonly Option[];
}

export interface Instrument {
  /** As in the database; of one name there is one in each language. */
  name: string;
  title: string;
  /** The language of items and answers: ISO 639-1 in lower case. */
  language: string;
  /** What the items continue, where they are halves of sentences. */
  preamble: string | null;
  /**
   * Lowest and highest answer to items without options of their own, and what the answers mean; null
   * where every item has its own.
   */
  lowest: number | null;
  highest: number | null;
  answers: Readonly<Record<number, string>>;
  /** How a scale score is made of item scores; null without scales. */
  scoredAs: "sum" | "mean" | null;
  /** Empty where nothing is scored. */
  scales: readonly string[];
  items: readonly Item[];
  source: string;
}

/** Questions that have options of their own each, and that nothing scores, as an instrument. */
export const unscored = (
  { name, title = name, language = "en", source = "", questions }:
    & Pick<Instrument, "name">
    & Partial<Pick<Instrument, "title" | "language" | "source">>
    & { questions: readonly (Pick<Item, "number" | "text"> & { options: readonly Option[] })[] },
): Instrument => ({
  name,
  title,
  language,
  preamble: null,
  lowest: null,
  highest: null,
  answers: {},
  scoredAs: null,
  scales: [],
  items: questions.map(({ number, text, options }) => ({
    number,
    text,
    scale: null,
    keyed: null,
    reverse: false,
    options,
  })),
  source,
});

/** An instrument whose items all take the same answers and all count for a scale. */
export interface UniformInstrument extends Instrument {
  lowest: number;
  highest: number;
  items: readonly (Item & { scale: string; options?: never })[];
}

const known: Instrument[] = [];

/**
 * Makes instruments known by their names; a package does so when it is imported.
 *
 * @throws {RangeError} when one contradicts itself
 */
export function register(...instruments: readonly Instrument[]): void {
  instruments.forEach(check);
  known.push(...instruments);
}

/** The instruments that packages have brought along, in the order in which they came. */
export const registered = (): readonly Instrument[] => known;

/** In what words an instrument is answered. */
export type Coding = "true/false" | "yes/no" | "number" | "label" | "letter";

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

/**
 * How eight languages begin to decline an answer, by role and ISO 639-1 code: in lower case, without
 * accents, and with a blank for every mark.
 */
export const DECLINED: Readonly<Record<Role, Readonly<Record<string, readonly string[]>>>> = {
  refusal: {
    en: [
      ..."prefer not to|i prefer not to|i d prefer not to|i would prefer not to".split("|"),
      ..."rather not|i d rather not|i would rather not|no comment|no answer|refuse|refused".split(
        "|",
      ),
      ..."refusal|i refuse|decline|declined|i decline|i choose not to|i will not answer".split("|"),
      ..."i won t answer|i do not wish to|i don t wish to|i do not want to|i don t want to".split(
        "|",
      ),
      ..."i can t answer|i cannot answer".split("|"),
    ],
    de: [
      ..."keine angabe|keine antwort|kein kommentar|lieber nicht|verweigert|ich verweigere".split(
        "|",
      ),
      ..."das mochte ich nicht|mochte ich nicht|ich mochte nicht|ich mochte das nicht".split("|"),
      ..."ich mochte dazu nichts|ich mochte lieber nicht|das will ich nicht|ich will nicht".split(
        "|",
      ),
      ..."ich mochte diese frage nicht|ich mochte darauf nicht|dazu sage ich nichts".split("|"),
    ],
    es: [
      ..."prefiero no|preferiria no|no quiero|no deseo|me niego|no contesto|no contesta".split("|"),
      ..."no responde|no respondo|sin respuesta|sin comentarios|rehuso|mejor no".split("|"),
    ],
    fr: [
      ..."je prefere ne pas|prefere ne pas|je prefererais ne pas|je refuse|refus".split("|"),
      ..."je ne souhaite pas|ne souhaite pas|je ne veux pas|sans reponse|sans commentaire".split(
        "|",
      ),
    ],
    it: "preferisco non|preferirei non|mi rifiuto|rifiuto|non voglio|non desidero|nessuna risposta"
      .split("|"),
    pt: "prefiro nao|preferia nao|recuso|recuso me|nao quero|nao desejo|sem resposta".split("|"),
    sk: "nechcem|radsej nie|odmietam|bez odpovede".split("|"),
    cs: "nechci|radeji ne|odmitam|bez odpovedi".split("|"),
  },
  "don't know": {
    en: [
      ..."don t know|i don t know|do not know|i do not know|dont know|i dont know|dk".split("|"),
      ..."not sure|i m not sure|i am not sure|unsure|no idea|i have no idea|no opinion".split("|"),
      ..."can t say|cannot say|i can t say|i cannot say|undecided".split("|"),
    ],
    de: [
      ..."weiß nicht|weiss nicht|ich weiß nicht|ich weiss nicht|ich weiß es nicht".split("|"),
      ..."ich weiss es nicht|das weiß ich nicht|das weiss ich nicht|keine ahnung".split("|"),
      ..."unsicher|ich bin nicht sicher|ich bin mir nicht sicher|keine meinung".split("|"),
    ],
    es: "no se|no lo se|no sabe|no sabria|ni idea|no tengo idea|no estoy segura|no estoy seguro"
      .split("|"),
    fr: "je ne sais pas|ne sais pas|ne sait pas|sais pas|aucune idee|sans opinion".split("|"),
    it: "non so|non lo so|non saprei|nessuna idea".split("|"),
    pt: "nao sei|nao sabe|nao faco ideia".split("|"),
    sk: ["neviem"],
    cs: ["nevim"],
  },
};

/** The answers to items without options of their own, as options. */
const common = new WeakMap<Instrument, readonly Option[]>();

/** The options of an item, in the order in which they are printed: its own, or the instrument's. */
export function optionsOf(instrument: Instrument, item: Item): readonly Option[] {
  if (item.options) return item.options;
  if (!common.has(instrument)) {
    const { lowest, highest, answers } = instrument;
    const length = lowest === null || highest === null ? 0 : highest - lowest + 1;
    common.set(
      instrument,
      Array.from({ length }, (_, index) => {
        const code = lowest! + index;
        return { code, label: answers[code] ?? "", position: code };
      }),
    );
  }
  return common.get(instrument)!;
}

/** The option that an answer is; undefined where the item has none. */
export const optionOf = (instrument: Instrument, item: Item, answer: number): Option | undefined =>
  optionsOf(instrument, item).find(({ code }) => code === answer);

/** Whether an item has options of its own. */
export const hasOwnOptions = ({ items }: Instrument): boolean =>
  items.some(({ options }) => options !== undefined);

/** Options without the refusal and the don't-know. */
export const substantive = (options: readonly Option[]): readonly Option[] =>
  options.filter(({ role }) => role === undefined);

/** Options by position; none where they have no order. */
const inOrder = (options: readonly Option[]): readonly (Option & { position: number })[] =>
  options.filter((option): option is Option & { position: number } => option.position !== null)
    .toSorted((a, b) => a.position - b.position);

/** Whether the options of an item have an order. */
export const isOrdered = (instrument: Instrument, item: Item): boolean =>
  optionsOf(instrument, item).some(({ position }) => position !== null);

/**
 * The lowest and the highest answer that all items have.
 *
 * @throws {RangeError} when an item has options of its own
 */
export function bounds(instrument: Instrument): { lowest: number; highest: number } {
  const { title, lowest, highest } = instrument;
  if (hasOwnOptions(instrument) || lowest === null || highest === null) {
    throw new RangeError(
      `The items of ${title} have options of their own, and this is for instruments whose items all ` +
        "take the same answers",
    );
  }
  return { lowest, highest };
}

/** How many options an item may have, besides a refusal and a don't-know. */
export const OPTIONS = { least: 2, most: 12 } as const;

/** The whole numbers that the database's small columns hold. */
const SMALL = 32_767;

/**
 * What is wrong with the options of an instrument, and with the keys of items that have their own; empty
 * where nothing is.
 *
 * @param place what an item is called
 */
export function optionProblems(
  { items, lowest, highest }: Pick<Instrument, "items" | "lowest" | "highest">,
  place: (item: Item, index: number) => string = ({ number }) => `item ${number}`,
): string[] {
  const small = (value: number) => Number.isInteger(value) && Math.abs(value) <= SMALL;
  return items.flatMap((item, index) => {
    const { options, keyed, reverse } = item;
    const at = place(item, index);
    if (!options) {
      return lowest === null || highest === null
        ? [`${at}, options are missing: the instrument has no lowest and highest for it`]
        : [];
    }
    const own = substantive(options);
    const problems: string[] = [];
    if (own.length < OPTIONS.least || own.length > OPTIONS.most) {
      problems.push(
        `an item has ${OPTIONS.least} to ${OPTIONS.most} options besides a refusal and a don't-know, ` +
          `and this one ${own.length}`,
      );
    }
    for (const value of twice(options.map(({ code }) => code))) {
      problems.push(`code ${value} is there twice`);
    }
    for (const value of twice(options.map(({ label }) => label.trim().toLowerCase()))) {
      problems.push(`label ${JSON.stringify(value)} is there twice`);
    }
    for (const value of twice(options.flatMap(({ position }) => position ?? []))) {
      problems.push(`position ${value} is there twice`);
    }
    for (const role of twice(options.flatMap(({ role }) => role ?? []))) {
      problems.push(`two options are a ${role}: an item has one at most`);
    }
    for (const { code, label, position, role } of options) {
      if (!small(code)) problems.push(`code ${code} is no whole number from -${SMALL} to ${SMALL}`);
      if (!label.trim()) problems.push(`code ${code} has no label`);
      if (position !== null && !small(position)) {
        problems.push(`position ${position} is no whole number from -${SMALL} to ${SMALL}`);
      }
      if (role !== undefined && role !== "refusal" && role !== "don't know") {
        problems.push(`role ${JSON.stringify(role)}: must be refusal or don't know`);
      }
      if (role && position !== null) problems.push(`code ${code} is a ${role}: it has no position`);
    }
    const placed = own.filter(({ position }) => position !== null).length;
    if (placed && placed < own.length) {
      problems.push(
        `${placed} of ${own.length} options have a position: all have one, or none where the options ` +
          "have no order",
      );
    }
    if (keyed !== null && !own.some(({ code }) => code === keyed)) {
      problems.push(
        `keyed is ${keyed}, and the codes are ${own.map(({ code }) => code).join(", ")}`,
      );
    }
    if (keyed === null && !placed && item.scale !== null) {
      problems.push(
        "its options have no order, so that it adds nothing to a scale: give the answer that scores " +
          "a point (keyed), or no scale",
      );
    }
    if (reverse && !placed) problems.push("options without an order cannot be reversed");
    return problems.map((problem) => `${at}, options: ${problem}`);
  });
}

const twice = <T>(of: readonly T[]): T[] => [
  ...new Set(of.filter((one, at) => of.indexOf(one) < at)),
];

/** @throws {RangeError} when the options of an instrument contradict themselves */
export function check(instrument: Instrument): void {
  const problems = optionProblems(instrument);
  if (problems.length) throw new RangeError(`${instrument.title}: ${problems.join("; ")}`);
}

/**
 * The answer to an item that adds most to its scale.
 *
 * @throws {RangeError} when its options have no order and none is keyed
 */
export function keyedAnswer(instrument: Instrument, item: Item): number {
  if (item.keyed !== null) return item.keyed;
  const options = inOrder(optionsOf(instrument, item));
  const option = item.reverse ? options[0] : options.at(-1);
  if (!option) {
    throw new RangeError(
      `Item ${item.number} of ${instrument.title} has options without an order: no answer to it adds most`,
    );
  }
  return option.code;
}

/**
 * The answer at the other end, which adds nothing to a keyed item and least to others.
 *
 * @throws {RangeError} when its options have no order, unless there are two and one is keyed
 */
export function unkeyedAnswer(instrument: Instrument, item: Item): number {
  const keyed = keyedAnswer(instrument, item);
  const own = substantive(optionsOf(instrument, item));
  const ends = inOrder(own);
  if (ends.length) return ends[0]!.code === keyed ? ends.at(-1)!.code : ends[0]!.code;
  if (own.length === 2) return own.find(({ code }) => code !== keyed)!.code;
  throw new RangeError(
    `Item ${item.number} of ${instrument.title} has options without an order: none is at the other end`,
  );
}

/** One scale of one answer sheet. */
export interface ScaleScore {
  scale: string;
  /** The scale score, or null where an item of the scale has no answer that scores. */
  score: number | null;
  /** Items of the scale with an answer that scores. */
  answered: number;
  items: number;
}

/**
 * Score of one item: 1 or 0 for a keyed item, the position of the answer or its reverse for others; null
 * without an answer, for a refusal or a don't-know, and where options have no order.
 *
 * @throws {RangeError} when the instrument has no such item or answer
 */
export function itemScore(
  instrument: Instrument,
  number: number,
  answer: number | null,
): number | null {
  const { title, items } = instrument;
  const item = items.find((item) => item.number === number);
  if (!item) {
    throw new RangeError(`${title} has items 1 to ${items.length}: current value is ${number}`);
  }
  if (answer === null) return null;
  const option = optionOf(instrument, item, answer);
  if (!option) {
    throw new RangeError(
      `Item ${number} of ${title} takes ${taken(instrument, item)}: current value is ${answer}`,
    );
  }
  if (option.role) return null;
  if (item.keyed !== null) return Number(answer === item.keyed);
  if (option.position === null || !item.reverse) return option.position;
  const order = inOrder(optionsOf(instrument, item));
  return order[0]!.position + order.at(-1)!.position - option.position;
}

/** The answers that an item takes, as they stand in an error. */
export const taken = ({ lowest, highest }: Instrument, { options }: Item): string =>
  options
    ? `the answers ${options.map(({ code }) => code).join(", ")}`
    : `whole answers from ${lowest} to ${highest}`;

/**
 * Scores one answer sheet.
 *
 * A scale with a missing answer or a refusal has no score: what the item would have added is unknown.
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
