/** The answer sheet in a reply: who says what about which item, and which sheet counts. */
import type { Instrument } from "../instruments.ts";
import { type Candidate, chosen, disjoint, isAnswered, joined } from "./candidates.ts";
import { contents, Entries, excerpt, type Found, type Json } from "./json.ts";
import { folded, itemFinder, keyName, listed } from "./words.ts";

/** What the search came by, for the reason when there is no sheet. */
export interface Sightings {
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

/** What an answer to an item means, or null when in doubt. */
export type Read = (answer: Json, item: number) => number | null;

/** What keys mean for an instrument. */
interface Keys {
  itemOf: (key: Json) => number | null;
  /** The one answer that an object gives beside its other keys; undefined where there is none or more. */
  answerIn(entries: Entries): Json | undefined;
}

const known = new WeakMap<Instrument, Keys>();

/** Made once for each instrument, since thousands of sheets are read by it. */
function keysFor(instrument: Instrument): Keys {
  const keys = known.get(instrument) ?? keysOf(instrument);
  known.set(instrument, keys);
  return keys;
}

function keysOf({ items }: Instrument): Keys {
  // Where an answer is keyed, a score may be the point it earns.
  const names = items.some(({ keyed }) => keyed !== null) ? ANSWER_KEYS.slice(0, -1) : ANSWER_KEYS;
  return {
    itemOf: itemFinder(items),
    answerIn({ all }) {
      const answers = names.map((name) => all.filter(([key]) => name.test(keyName(key))))
        .find(({ length }) => length > 0);
      return answers?.length === 1 ? single(answers[0]![1]) : undefined;
    },
  };
}

/** What stands alone in a list. */
const single = (value: Json): Json =>
  Array.isArray(value) && value.length === 1 ? value[0]! : value;

/** The reason that an object gives beside an answer. */
const reasonIn = ({ all }: Entries): string | null =>
  all.flatMap(([key, value]) =>
    REASON.test(keyName(key)) && typeof value === "string" ? [value] : []
  )[0] ?? null;

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
  const length = asked.size;
  const keys = keysFor(instrument);
  const agreed = repaired ? written(source, read, keys) : null;
  const found: Candidate[] = [];

  const answerTo = (item: number, answer: Json): number | null => {
    const meant = read(answer, item);
    const counts = meant !== null && (!agreed || agreed.has(`${item}=${meant}`));
    if (!counts) seen.unreadable ??= { item, answer: shown(answer) };
    return counts ? meant : null;
  };
  /** An answer, also where it is an object around it. */
  const inside = (value: Json): Json =>
    value instanceof Entries ? keys.answerIn(value) ?? value : single(value);
  /** Item numbers and answers as one candidate; an item with two answers has none. */
  const add = (
    given: readonly (readonly [number, number | null])[],
    explanation: string | null,
    reasons: ReadonlyMap<number, string>,
  ) => {
    const answers = new Map<number, number | null>();
    for (const [item, answer] of given) {
      answers.set(item, answers.has(item) && answers.get(item) !== answer ? null : answer);
    }
    if (answers.size) found.push({ answers, reasons, explanation, repaired, cut });
  };
  const exists = (item: number): boolean => {
    // Numbered from 0, every answer would belong to the item after it.
    const known = item === 0 || asked.has(item);
    if (!known) seen.extra.add(String(item));
    return known;
  };

  const addRows = (values: readonly Json[], explanation: string | null): Json[] => {
    const rows = values.map((value) => value instanceof Entries ? numbered(value, keys) : null);
    const reasons = new Map<number, string>();
    values.forEach((value, at) => {
      const reason = rows[at] && value instanceof Entries ? reasonIn(value) : null;
      if (reason !== null) reasons.set(rows[at]!.item, reason);
    });
    add(
      rows.flatMap((row) =>
        row && exists(row.item) ? [[row.item, answerTo(row.item, row.answer)] as const] : []
      ),
      explanation,
      reasons,
    );
    return values.filter((_, index) => !rows[index]);
  };
  const walk = (value: Json, explanation: string | null): void => {
    if (Array.isArray(value)) {
      const others = addRows(value, explanation);
      others.forEach((other) => walk(other, explanation));
      if (others.length === 0 || others.some(isNested)) return;
      if (order && value.length === length && others.length === length && !repaired) {
        add(
          order.map((item, index) => [item, answerTo(item, value[index]!)]),
          explanation,
          new Map(),
        );
      } else seen.list ??= value.length;
    } else if (value instanceof Entries) {
      if (addRows([value], explanation).length === 0) return;
      const lone = repaired ? undefined : alone(value);
      if (lone !== undefined) {
        const [item] = [...asked], reason = reasonIn(value);
        add(
          [[item!, answerTo(item!, lone)]],
          explanation,
          new Map(reason === null ? [] : [[item!, reason]]),
        );
        return;
      }
      const own = value.all.flatMap(([key, text]) =>
        folded(key) === "explanation" && typeof text === "string" ? [text] : []
      )[0] ?? explanation;
      const before = found.length;
      const given: [number, number | null][] = [];
      const reasons = new Map<number, string>();
      let beside: string | null = null;
      for (const [key, entry] of value.all) {
        const item = keys.itemOf(key);
        if (item !== null) {
          if (exists(item)) {
            given.push([item, answerTo(item, inside(entry))]);
            const reason = entry instanceof Entries ? reasonIn(entry) : null;
            if (reason !== null) {
              reasons.set(item, reason);
            }
          }
        } else if (isNested(entry)) {
          walk(entry, own);
        } else if (asked.size === 1 && REASON.test(keyName(key)) && typeof entry === "string") {
          beside = entry;
        } else if (folded(key) !== "explanation") {
          seen.extra.add(key);
        }
      }
      // What an object with answers holds besides, such as reasons by item number, is no sheet; in
      // repaired JSON it may be the rest of a text.
      if (
        repaired ? given.length : given.some(([, answer]) =>
          answer !== null
        )
      ) {
        found.splice(before);
      }
      const [first] = given;
      if (beside !== null && first && !reasons.has(first[0])) reasons.set(first[0], beside);
      add(given, own, reasons);
    }
  };
  /** What answers the only item without naming it. */
  function alone(entries: Entries): Json | undefined {
    const named = entries.all.some(([key, entry]) =>
      keys.itemOf(key) !== null || NUMBER_KEYS.test(keyName(key)) || isNested(single(entry))
    );
    return asked.size === 1 && !named ? keys.answerIn(entries) : undefined;
  }
  walk(value, null);
  const answered = found.filter(isAnswered);
  const sheets = answered.length ? answered : found;
  return sheets.length > 1 && disjoint(sheets) ? [joined(sheets)] : sheets;
}

/** A row such as {"question_number": 3, "answer": "True"}: no sheet that has an id besides. */
function numbered(row: Entries, { itemOf, answerIn }: Keys): { item: number; answer: Json } | null {
  if (row.all.some(([key, value]) => isNested(single(value)) || itemOf(key) !== null)) return null;
  const numbers = new Set(
    row.all.filter(([key]) => NUMBER_KEYS.test(keyName(key)))
      .map(([, value]) => itemOf(value)).filter((number) => number !== null),
  );
  const answer = answerIn(row);
  return numbers.size === 1 && answer !== undefined ? { item: [...numbers][0]!, answer } : null;
}

const isNested = (value: Json): boolean => value !== null && typeof value === "object";

const shown = (answer: Json): string =>
  isNested(answer) ? "a list or an object" : excerpt(String(answer));

/** The one sheet in a reply, and what else was seen. */
export function sheetOf(
  reply: string,
  instrument: Instrument,
  read: Read,
  order: readonly number[] | null,
): { sheet: Candidate; seen: Sightings } | { problem: string } {
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
  if (all.length === 0) {
    const problem = `no answers to ${title}: ${why(seen, asked.size)}`;
    return bareAnswer(reply, asked, read) ?? { problem };
  }
  const sheet = chosen(all, asked.size);
  if ("problem" in sheet) return sheet;
  if (!isAnswered(sheet)) {
    const { unreadable } = seen;
    const why = unreadable
      ? `item ${unreadable.item} is ${unreadable.answer}`
      : "each item has different answers";
    return { problem: `no answer can be read: ${why}` };
  }
  return { sheet, seen };
}

/** A reply that is nothing but the answer to the only item asked. */
function bareAnswer(reply: string, asked: ReadonlySet<number>, read: Read) {
  const [item] = [...asked];
  const answer = asked.size === 1 ? read(reply, item!) : null;
  if (answer === null) return null;
  const sheet: Candidate = {
    answers: new Map([[item!, answer]]),
    reasons: new Map(),
    explanation: null,
    repaired: false,
    cut: false,
  };
  const seen: Sightings = { extra: new Set(), unreadable: null, list: null };
  return { sheet, seen };
}

function why({ extra, list }: Sightings, items: number): string {
  if (list !== null) return `a list of ${list} values without item numbers, for ${items} items`;
  return extra.size ? `the JSON holds ${listed(extra)}` : "the JSON holds no item numbers";
}
