/** The answer sheet in a reply: who says what about which item, and which sheet counts. */
import type { Instrument } from "../instruments.ts";
import { blank, type Candidate, chosen, disjoint, isAnswered, joined } from "./candidates.ts";
import { contents, Entries, excerpt, type Found, type Json } from "./json.ts";
import { itemFinder, keyName, listed } from "./words.ts";

/** What the search came by, for the reason when there is no sheet. */
interface Sightings {
  /** Keys beside items and explanation, and numbers of items that do not exist. */
  extra: Set<string>;
  /** First answer that could not be read. */
  unreadable: { item: number; answer: string } | null;
  /** A list of answers without item numbers: its length. */
  list: number | null;
}

/** Names of keys; of the answers those that count before the others. */
const NUMBER_KEYS = /^(?:(?:question|item|statement)(?:number|no|id)?|number|id|n)$/;
const ANSWER_KEYS = [
  /^(?:answer|response|reply|value|rating)$/,
  /^(?:choice|selected|selection|option)$/,
  /^score$/,
];
const REASON = /^(?:reason|reasons|why|reasoning|explanation|rationale|justification)$/;
const EXPLANATION = /^explanation$/;

/** What an answer to an item means, or null when in doubt. */
export type Read = (answer: Json, item: number) => number | null;

/** What keys mean for an instrument. */
interface Keys {
  itemOf: (key: Json) => number | null;
  /** The one answer that an object gives beside its other keys; undefined where there is none or more. */
  answerIn(entries: Entries): Json | undefined;
}

/** Made once for each instrument, since thousands of sheets are read by it. */
const known = new WeakMap<Instrument, Keys>();

function keysFor(instrument: Instrument): Keys {
  const { items } = instrument;
  // Where an answer is keyed, a score may be the point it earns.
  const names = items.some(({ keyed }) => keyed !== null) ? ANSWER_KEYS.slice(0, -1) : ANSWER_KEYS;
  const keys = known.get(instrument) ?? {
    itemOf: itemFinder(items),
    answerIn(entries) {
      const answers = names.map((name) => under(name, entries)).find(({ length }) => length > 0);
      return answers?.length === 1 ? single(answers[0]!) : undefined;
    },
  };
  known.set(instrument, keys);
  return keys;
}

/** What stands alone in a list. */
const single = (value: Json): Json =>
  Array.isArray(value) && value.length === 1 ? value[0]! : value;

/** What an object has under keys of a name. */
const under = (name: RegExp, { all }: Entries): Json[] =>
  all.flatMap(([key, value]) => name.test(keyName(key)) ? [value] : []);

/** The texts that an object has under keys of a name, such as the reasons beside an answer. */
const textsUnder = (name: RegExp, entries: Entries): string[] =>
  under(name, entries).filter((value) => typeof value === "string");

const KEY = String.raw`[\p{L}\p{N}#][\p{L}\p{N} _.#:)-]{0,30}`;
const BLANK = String.raw`\s{0,20}`;
/**
 * A key and its value: in quotes that close; or bare, before the next key or the end; or an object.
 *
 * Every repetition has a limit: without, some text would take time with the square of its length.
 */
const PAIR = new RegExp(
  String.raw`(${KEY})["'”’]?${BLANK}[:=]${BLANK}(?:` +
    String.raw`(?:"([^"\n]{0,80})"|'([^'\n]{0,80})'|“([^”\n]{0,80})”)${BLANK}(?=$|[,}\]\n"'“])|` +
    String.raw`([^\s"'“{}[\],][^"'“{}[\],\n]{0,80})(?=[}\]]|` +
    String.raw`[,\n]${BLANK}(?:[}\]]|["'“]?${BLANK}${KEY}["'”’]?${BLANK}[:=]))|\{)`,
  "gu",
);

/**
 * Which item has which answer (`3=1`), as a text has it in places that are not broken.
 *
 * The second reading of what had to be repaired: jsonrepair closes quotes where it sees fit, and an
 * answer counts only where both readings agree.
 */
function written(text: string, read: Read, { itemOf }: Keys): Set<string> {
  const found = new Set<string>();
  // The item whose object or row it is, for a key such as "answer".
  let current: number | null = null;
  for (const [, key, ...values] of text.replace(/\\+(?=["'])/g, "").matchAll(PAIR)) {
    const value = values.find((value) => value !== undefined);
    const item = itemOf(key!), name = keyName(key!);
    if (item !== null) current = item;
    else if (value !== undefined && NUMBER_KEYS.test(name)) current = itemOf(value) ?? current;
    if (value === undefined || current === null) continue;
    const answers = item !== null || ANSWER_KEYS.some((keys) => keys.test(name));
    const answer = answers ? read(value, current) : null;
    if (answer !== null) found.add(`${current}=${answer}`);
  }
  return found;
}

/** The items that a reply is about. */
interface Asked {
  /** Their numbers. */
  asked: ReadonlySet<number>;
  /** Their order, where a list without numbers may follow it. */
  order: readonly number[] | null;
}

/** The sheets of one JSON value, in order; parts of one sheet, such as one per scale, put together. */
function candidatesIn(
  { value, source, repaired, cut }: Found,
  instrument: Instrument,
  read: Read,
  { asked, order }: Asked,
  seen: Sightings,
): Candidate[] {
  const keys = keysFor(instrument);
  const agreed = repaired ? written(source, read, keys) : null;
  const found: Candidate[] = [];
  const keep = (sheet: Candidate) => {
    if (sheet.answers.size) found.push(sheet);
  };
  /** Puts down an answer, null where it cannot be read; nothing where no such item was asked. */
  const put = ({ answers }: Candidate, item: number, given: Json): number | null | undefined => {
    // Numbered from 0, every answer would belong to the item after it.
    if (item !== 0 && !asked.has(item)) {
      seen.extra.add(String(item));
      return undefined;
    }
    let answer = read(given, item);
    if (agreed && !agreed.has(`${item}=${answer}`)) answer = null;
    if (answer === null) seen.unreadable ??= { item, answer: shown(given) };
    // An item with two answers has none.
    answers.set(item, answers.has(item) && answers.get(item) !== answer ? null : answer);
    return answer;
  };
  const note = ({ reasons }: Candidate, item: number, entries: Entries) => {
    const [reason] = textsUnder(REASON, entries);
    if (reason !== undefined) reasons.set(item, reason);
  };

  const walk = (value: Json, explanation: string | null): void => {
    if (!isNested(value)) return;
    const listed = Array.isArray(value), sheet = blank({ explanation, repaired, cut });
    const lone = !listed && !repaired && asked.size === 1 ? [...asked][0]! : null;
    const others = (listed ? value : [value]).filter((entry) => {
      const row = entry instanceof Entries ? rowIn(entry, keys, lone) : null;
      if (!row) return true;
      note(sheet, row.item, entry as Entries);
      put(sheet, row.item, row.answer);
      return false;
    });
    if (listed) {
      keep(sheet);
      others.forEach((other) => walk(other, explanation));
      if (others.length === 0 || others.some(isNested)) return;
      if (order && value.length === asked.size && others.length === value.length && !repaired) {
        order.forEach((item, index) => put(sheet, item, value[index]!));
        keep(sheet);
      } else seen.list ??= value.length;
    } else {
      if (others.length) walkKeys(value as Entries, sheet);
      keep(sheet);
    }
  };
  /** Reads an object whose keys are items, or that holds such objects. */
  const walkKeys = (entries: Entries, sheet: Candidate): void => {
    sheet.explanation = textsUnder(EXPLANATION, entries)[0] ?? sheet.explanation;
    const before = found.length;
    const beside = asked.size === 1 ? textsUnder(REASON, entries).at(-1) : undefined;
    let readable = false;
    for (const [key, entry] of entries.all) {
      const item = keys.itemOf(key), name = keyName(key);
      if (item !== null) {
        const inner = entry instanceof Entries ? entry : null;
        const answer = put(sheet, item, inner ? keys.answerIn(inner) ?? inner : single(entry));
        if (inner && answer !== undefined) note(sheet, item, inner);
        readable ||= typeof answer === "number";
      } else if (isNested(entry)) walk(entry, sheet.explanation);
      else if (
        !EXPLANATION.test(name) &&
        !(asked.size === 1 && typeof entry === "string" && REASON.test(name))
      ) seen.extra.add(key);
    }
    const [first] = sheet.answers.keys();
    // What an object with answers holds besides, such as reasons by item number, is no sheet; in
    // repaired JSON it may be the rest of a text.
    if (readable || repaired && first !== undefined) found.splice(before);
    if (beside !== undefined && first !== undefined && !sheet.reasons.has(first)) {
      sheet.reasons.set(first, beside);
    }
  };
  walk(value, null);
  const answered = found.filter(isAnswered);
  const sheets = answered.length ? answered : found;
  return sheets.length > 1 && disjoint(sheets) ? [joined(sheets)] : sheets;
}

/**
 * A row such as {"question_number": 3, "answer": "True"}: no sheet that has an id besides.
 *
 * @param lone the item that is meant where the row names none
 */
function rowIn(
  row: Entries,
  { itemOf, answerIn }: Keys,
  lone: number | null,
): { item: number; answer: Json } | null {
  if (row.all.some(([key, value]) => isNested(single(value)) || itemOf(key) !== null)) return null;
  const named = under(NUMBER_KEYS, row);
  const numbers = new Set(named.map(itemOf).filter((number) => number !== null));
  const item = named.length === 0 ? lone : numbers.size === 1 ? [...numbers][0]! : null;
  const answer = answerIn(row);
  return item !== null && answer !== undefined ? { item, answer } : null;
}

const isNested = (value: Json): value is Json[] | Entries =>
  value !== null && typeof value === "object";

const shown = (answer: Json): string =>
  isNested(answer) ? "a list or an object" : excerpt(String(answer));

/** The one sheet in a reply, and keys beside its items and explanation. */
export function sheetOf(
  reply: string,
  instrument: Instrument,
  read: Read,
  order: readonly number[] | null,
): { sheet: Candidate; extra: ReadonlySet<string> } | { problem: string } {
  const asked = new Set(order ?? instrument.items.map(({ number }) => number));
  const held = contents(reply);
  if ("problem" in held) return bareAnswer(reply, asked, read) ?? held;
  const seen: Sightings = { extra: new Set(), unreadable: null, list: null };
  const sheets = (found: Found) => candidatesIn(found, instrument, read, { asked, order }, seen);
  const { closed, open, brokenOff } = held;
  // What does not close is read first where it may hold what does.
  let all = open?.outer ? sheets(open) : [];
  if (all.length === 0) {
    all = closed.flatMap(sheets);
    if (all.length && brokenOff) return { problem: "the reply breaks off in another sheet" };
    if (all.length === 0 && open && !open.outer) all = sheets(open);
  }
  // The questionnaire itself, given back before the answers.
  all = all.slice(Math.max(all.findIndex(isAnswered), 0));
  const { title, items } = instrument;
  if (all.some(({ answers }) => answers.has(0))) {
    return { problem: `item numbers from 0: ${title} has items 1 to ${items.length}` };
  }
  const { extra, unreadable, list } = seen;
  if (all.length === 0) {
    const why = list !== null
      ? `a list of ${list} values without item numbers, for ${asked.size} items`
      : `the JSON holds ${extra.size ? listed(extra) : "no item numbers"}`;
    return bareAnswer(reply, asked, read) ?? { problem: `no answers to ${title}: ${why}` };
  }
  const sheet = chosen(all, asked.size);
  if ("problem" in sheet) return sheet;
  if (isAnswered(sheet)) return { sheet, extra };
  const why = unreadable
    ? `item ${unreadable.item} is ${unreadable.answer}`
    : "each item has different answers";
  return { problem: `no answer can be read: ${why}` };
}

/** A reply that is nothing but the answer to the only item asked. */
function bareAnswer(reply: string, asked: ReadonlySet<number>, read: Read) {
  const [item] = asked;
  const answer = asked.size === 1 ? read(reply, item!) : null;
  if (answer === null) return null;
  const sheet = blank({ explanation: null, repaired: false, cut: false });
  sheet.answers.set(item!, answer);
  return { sheet, extra: new Set<string>() };
}
