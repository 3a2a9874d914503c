/**
 * Which option a reply in words gives, or why none. What declines is looked for before letters are: a
 * sentence may begin with “A”, and one who refuses has chosen nothing.
 */
import { DECLINED, type Instrument, unscored } from "../instruments.ts";
import { behindReasoning, type Coding, jsonIn, sheetReader } from "../replies.ts";
import type { DataFrame } from "polars";
import type { Besides, Dataset } from "../db.ts";
import { type Choice, classOf, type Question, type ReplyClass } from "./answers.ts";
import "./columns.ts";
import { asked } from "./replies/sheets.ts";

/** What a reply says. */
export interface Opinion {
  replyClass: ReplyClass;
  /** The code of the option; also that of an option which is a refusal. */
  option: string | null;
  /** What stands before the answer, or beside it in JSON. */
  reason: string | null;
}

/** How a question was asked. */
export interface Asking {
  /** With which of these options stood; letters unless said. */
  coding?: Extract<Coding, "letter" | "number" | "label">;
  /** Codes of the options in the order shown, which letters follow; left out, as printed. */
  shown?: readonly string[];
  /** ISO 639-1, of words to expect besides English. */
  language?: string;
  /** What the provider says of the end: a reply that ends by `length` is cut off. */
  finish?: string | null;
}

/**
 * The opinion in a reply.
 *
 * Read is what stands behind the last `Answer:` on its line, the answer of a JSON object, or the whole reply:
 * as an option's letter, number or words; then as one that declines; then as a letter with more behind
 * it. Without `Answer:` a letter counts only where a word of choosing stands before it, and an option's words
 * only where they stand alone in a sentence that denies nothing. Two options are `both`, whichever came first.
 * A reply that was cut off has no answer, whatever it says: what would have followed is not known.
 *
 * @param text null where no reply came
 */
export function opinionIn(text: string | null, question: Question, asking: Asking = {}): Opinion {
  const none = (replyClass: ReplyClass, reason: string | null = null): Opinion => ({
    replyClass,
    option: null,
    reason,
  });
  if (text === null || text.trim() === "") return none("missing");
  if (asking.finish === "length" || asking.finish === "max_tokens") return none("truncated");
  const said = behindReasoning(text, () => null);
  if (typeof said !== "string") return none("unreadable");
  const { words, reason, marked } = answerPart(said);
  const found = read(words, question, asking, marked);
  return typeof found === "string"
    ? none(found, reason)
    : { replyClass: classOf(found.role), option: found.option, reason };
}

/**
 * What became of every question that a study asked of an instrument: a row for each question of each call, done or
 * failed, in the columns that `lib/opinions/answers.ts` describes. What is no answer of the sheet is read as
 * `opinionIn` reads it; nothing is asked again.
 *
 * @param names of the questions by item number, as for `questionsOf`
 * @param besides `with`: attributes of the respondents as columns, such as `["sex", "weight"]`
 * @returns factors and attributes, question, option, reply_class, reply_reason, place (where the
 *   option stood among those that are answers, as shown, from 1; null without an answer), places (how many
 *   these are)
 */
export const opinionsIn = (
  study: Dataset,
  instrument: Instrument,
  names: Readonly<Record<number, string>> = {},
  besides: Besides = {},
): Promise<DataFrame> => asked(study, instrument, opinionIn, names, besides);

/** The words that answer, and whether anything says that they do. */
interface Part {
  words: string;
  reason: string | null;
  marked: boolean;
}

const MARK =
  /(?:^|[^\p{L}])(?:answer|choice|vote|respuesta|antwort|réponse|reponse|risposta|resposta)(?: is)?[\s"'*_]{0,4}[:=]/giu;
const REASON = /^[\s"'*_]*(?:reasoning|reason|razón|begründung|raison)[\s"'*_]{0,4}[:=][\s*_]*/iu;
const ANSWER_KEY = /^(?:answer|choice|option|vote|decision|opinion|response)$/i;
const REASON_KEY = /^(?:reason|reasons|reasoning|explanation|why)$/i;

function answerPart(said: string): Part {
  const json = said.includes("{") ? jsonIn(said) : { problem: "no JSON" };
  const value = "value" in json ? json.value : null;
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const entries = Object.entries(value);
    const answers = entries.filter(([key]) => ANSWER_KEY.test(key));
    const reason = entries.find(([key]) => REASON_KEY.test(key))?.[1];
    if (answers.length === 1) {
      return {
        words: String(answers[0]![1] ?? ""),
        reason: typeof reason === "string" ? reason : null,
        marked: true,
      };
    }
  }
  const mark = [...said.matchAll(MARK)].at(-1);
  if (!mark) return { words: said, reason: null, marked: false };
  const before = said.slice(0, mark.index).replace(REASON, "").trim();
  const behind = said.slice(mark.index + mark[0].length);
  // The answer may stand on the next line.
  const words = behind.split("\n").find((line) => bare(line) !== "") ?? "";
  return { words, reason: before || null, marked: true };
}

/** Lower case, no accents, one blank for whatever is between letters and numbers. */
const bare = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();

const MACHINE = new RegExp(
  [
    String
      .raw`\b(?:as|being|i am|i m|am only|am just) an? (?:\w+ )?(?:ai|artificial intelligence|` +
    String.raw`language model|llm|chatbot|machine)\b`,
    String.raw`\bals (?:ein )?(?:ki|sprachmodell|kunstliche intelligenz)\b`,
    String.raw`\bcom[oe] (?:una? |uma? )?(?:ia|inteligencia artificial|intelligenza artificiale|` +
    String.raw`modelo de lengua\w+|modelo de linguagem|modello linguistico)\b`,
    String.raw`\ben tant qu (?:ia|intelligence artificielle)\b|\ben tant que modele\b`,
  ].join("|"),
);

const SORRY =
  /^(?:(?:i m |i am )?sorry|lo siento|tut mir leid|desolee?|mi dispiace|desculpe)(?: but| pero| aber| mais| ma| mas)? /;

/** One who takes no side. */
const ABSTAINS = new RegExp(
  "^(?:i |i d |i ll )?(?:would |will |have |must |choose to |prefer to |want to )*" +
    "(?:abstain\\w*|abstention|declined? to (?:say|state|choose|vote)|pass|stay home|" +
    "(?:do |did )?not vote|(?:won|don|wouldn|didn) t vote|neither|none|undecided|nobody|no one|" +
    "no preference|no vote|not applicable|n a|not say|rather not say|" +
    "(?:cannot|can t|can not) (?:decide|say|tell)|" +
    "me abstengo|abstencion|ich enthalte mich|enthaltung|je m abstiens|abstention|mi astengo)\\b",
);

/** One who does not answer. */
const REFUSES = new RegExp(
  "^(?:i |i m |i am |it is |it s |it would be |this is )?" +
    "(?:cannot|can t|can not|could not|unable|not able|won t|will not|refuse\\w*|must decline|have to decline|" +
    "not comfortable|uncomfortable|not appropriate|inappropriate|against my)\\b",
);

const SEVERAL =
  /^(?:both|either|all of (?:them|the above|these)|equally|beide|ambos|ambas|les deux|entrambi|entrambe)\b/;

const declines = (role: keyof typeof DECLINED, text: string): boolean =>
  Object.values(DECLINED[role]).flat().some((words) => `${text} `.startsWith(`${words} `));

/** Why there is no answer in words that name no option; null where nothing says so. */
function declined(words: string): ReplyClass | null {
  const text = bare(words), plain = `${text} `.replace(SORRY, "").trim();
  if (MACHINE.test(text)) return "refusal";
  if (SEVERAL.test(plain)) return "both";
  if (ABSTAINS.test(plain) || declines("don't know", plain)) return "abstention";
  if (REFUSES.test(plain)) return "refusal";
  // “I would rather not” is of a person who was asked.
  return declines("refusal", plain) ? "abstention" : null;
}

function read(
  words: string,
  question: Question,
  { coding = "letter", shown, language = "en" }: Asking,
  marked: boolean,
): Choice | ReplyClass {
  const { options } = question;
  const order = shown ?? options.map(({ option }) => option);
  const places = order.map((code) => options.findIndex(({ option }) => option === code));
  const exact = readerOf(question, coding, language, places)(words.trim());
  if (exact !== null) return options[exact]!;
  const without = declined(words);
  if (without !== null) return without;
  const letters = coding === "letter" ? lettersIn(words, places.length, marked) : [];
  const found = new Set<number>(letters.map((letter) => places[letter]!));
  for (const place of labelsIn(words, options, marked)) found.add(place);
  if (found.size > 1) return "both";
  const [only] = found;
  return only === undefined ? "unreadable" : options[only]!;
}

/** The core's reader of an answer; it gives the place of an option. */
function readerOf(
  question: Question,
  coding: Coding,
  language: string,
  places: readonly number[],
): (words: string) => number | null {
  const { options } = question;
  const key = JSON.stringify([coding, language, places]);
  const known = readers.get(question) ?? new Map<string, (words: string) => number | null>();
  readers.set(question, known);
  if (!known.has(key)) {
    const numbered = options.every(({ option }) => /^-?\d{1,4}$/.test(option));
    const codes = options.map(({ option }, at) => numbered ? Number(option) : at + 1);
    const instrument = unscored({
      name: "question",
      language,
      questions: [{
        number: 1,
        text: "",
        options: options.map(({ label, position, role }, at) => ({
          code: codes[at]!,
          label,
          position,
          ...role && { role },
        })),
      }],
    });
    const reader = sheetReader(instrument, coding, language, [places.map((at) => codes[at]!)]);
    known.set(key, (words) => {
      const code = reader(words, 1);
      return code === null ? null : codes.indexOf(code);
    });
  }
  return known.get(key)!;
}

const readers = new WeakMap<Question, Map<string, (words: string) => number | null>>();

const CHOOSING =
  /\b(?:choose|chose|choosing|choice is|pick|picked|select|selected|vote for|voting for|go with|going with|opt for|option|answer is)[\s:"'*_([]{1,4}([A-L])(?![\p{L}\p{N}'’])/gu;
const JOINED =
  /^[\s"'*_([]*([A-L])[\s"'*_)\]]*(?:and|or|und|y|o|et|ou|e|\/|&|,|;|\+)[\s"'*_([]*([A-L])(?![\p{L}\p{N}'’])/u;
const FIRST = /^[\s"'*_([]*([A-L])(?!['’]\p{L})(?=$|[\s"'’*_)\].,:;–—=])/u;

/** The letters that a text gives as its answer, by their place. */
function lettersIn(words: string, most: number, marked: boolean): number[] {
  const place = (letter: string) => letter.charCodeAt(0) - 65;
  const there = (of: readonly (string | undefined)[]) => [
    ...new Set(of.flatMap((letter) => letter && place(letter) < most ? [place(letter)] : [])),
  ];
  const joined = JOINED.exec(words);
  if (joined) {
    const both = there([joined[1], joined[2]]);
    if (both.length === 2) return both;
  }
  const first = FIRST.exec(words);
  if (first && place(first[1]!) < most) {
    const behind = words.slice(first.index + first[0].length);
    // “A road” and “I think” begin with a word.
    const word = /^[AI]$/.test(first[1]!) && /^\s+\p{L}/u.test(behind) &&
      !/^\s+(?:because|since)\b/.test(behind);
    const alone = marked || !/^\s+\p{L}/u.test(behind);
    if (!word && alone) return there([first[1]]);
  }
  // “I choose A road” is no letter.
  return there(
    [...words.matchAll(CHOOSING)].filter(({ index, 0: whole, 1: letter }) =>
      !/^[AI]$/.test(letter!) || !/^\s+\p{L}/u.test(words.slice(index + whole.length))
    ).map(({ 1: letter }) => letter),
  );
}

const DENIES =
  /\b(?:not|never|no|nor|neither|against|without|instead|rather|than|over|unlike|don t|won t|wouldn t|isn t|can t|cannot)\b/;

const CHOOSES =
  /\b(?:vot\w+|choos\w+|chose|choice|pick\w*|select\w*|support\w*|prefer\w*|back|backing|favou?r\w*|opt|option|go with|going with|answer|vot[oa]r\w*|wahl\w*)\b/;

/**
 * The options whose words stand in a text, by their place; an option that is part of another's is not. A
 * text that nothing marks as an answer may speak of an option without choosing it.
 */
function labelsIn(words: string, options: readonly Choice[], marked: boolean): number[] {
  let text = ` ${bare(words)} `;
  const found: number[] = [];
  const longest = options.keys().toArray()
    .toSorted((a, b) => bare(options[b]!.label).length - bare(options[a]!.label).length);
  const began = longest.find((at) => {
    const label = bare(options[at]!.label);
    return label !== "" && text.startsWith(` ${label} `);
  });
  let outside = text;
  for (const at of longest) {
    const label = bare(options[at]!.label);
    // One short word is part of too many sentences.
    if (label === "" || (at !== began && label.length < 6 && !label.includes(" "))) continue;
    if (!text.includes(` ${label} `)) continue;
    found.push(at);
    text = text.replaceAll(` ${label} `, " | ");
    outside = outside.replaceAll(` ${label} `, " | ");
  }
  if (marked && began !== undefined && found.length === 1 && found[0] === began) return found;
  const short = bare(outside).split(" ").length <= 3;
  return !DENIES.test(outside) && (marked || short || CHOOSES.test(outside)) ? found : [];
}
