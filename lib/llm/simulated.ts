/**
 * A stand-in for a model: it computes its replies here, from the prompt and a seed, without a key and
 * without a network. What it writes says nothing about any model; it is for trying out the study.
 *
 * For a persona prompt it draws demographics from the stated rates below and writes a biography that
 * ends in a line with the profile's answers; a form of other fields it fills in by their kinds. For an
 * administration prompt it finds that line and answers from it, with a stated rate of errors.
 */
import {
  bounds,
  DECLINED,
  hasOwnOptions,
  type Instrument,
  itemScore,
  registered,
  WORDS,
} from "../instruments.ts";
import { tokens } from "../prompts.ts";
import { type Random, seeded } from "../random.ts";
import { openai } from "./openai.ts";
import type { Provider } from "./provider.ts";
import type { Model } from "./registry.ts";

/** The share of answers that differ from the profile's, where the model does not say. */
const ERROR_RATE = 0.1;

/**
 * How often each value is drawn, and how that depends on the profile: weight = share ×
 * exp(n × (N − ½) + p × (P − ½)), with N and P the profile's scale scores as a share of their range.
 * The numbers are invented, so that there is something to see in tables of demographics.
 */
const RATES: Readonly<
  Record<string, Readonly<Record<string, readonly [share: number, n?: number, p?: number]>>>
> = {
  gender: {
    female: [50, 1.2],
    male: [46, -1, 0.4],
    "non-binary": [4, 0.5, 2],
  },
  sexual_orientation: {
    heterosexual: [80],
    bisexual: [8, 0.6, 1],
    gay: [4],
    lesbian: [4],
    queer: [2, 0, 2],
    unspecified: [2],
  },
  race: {
    White: [60],
    Asian: [12],
    Black: [12, 0, 0.3],
    Hispanic: [12],
    Mixed: [4, 0, 1],
  },
  ethnicity: {
    European: [60],
    "Non-Hispanic": [15],
    "Chinese-American": [5],
    Latino: [15],
    unspecified: [5],
  },
  religious_belief: {
    Agnostic: [40, 0.3, 0.8],
    Atheist: [15, 0, 1.4],
    Christian: [35, 0, -1],
    Buddhist: [4],
    Jewish: [3],
    Muslim: [3],
  },
  political_orientation: {
    Progressive: [50, 0.6, 0.5],
    Centrist: [28, -0.4, -0.6],
    Conservative: [15, 0, -0.8],
    Libertarian: [7, 0, 1.2],
    Green: [6, 0.2, 0.4],
  },
  occupation: {
    accountant: [20, 0, -1],
    "graphic designer": [20, 0.4, 0.6],
    teacher: [20],
    "software engineer": [20],
    "freelance writer": [20, 0.8, 0.8],
  },
  location: {
    "Portland, Oregon": [40, 0.4, 0.6],
    "Seattle, Washington": [25],
    "Chicago, Illinois": [20, 0, -0.4],
    "Madrid, Spain": [15],
  },
};

const NAMES = {
  female: ["Ana", "Clara", "Mei", "Naomi", "Ruth"],
  male: ["David", "Jonas", "Luis", "Omar", "Peter"],
  other: ["Alex", "Jules", "Kim", "Robin", "Sam"],
};
const SURNAMES = ["Baker", "Chen", "Garcia", "Hughes", "Ivanova", "Okafor", "Rossi", "Schmidt"];

/** What is said of a high and of a low score of a scale. */
const TRAITS: Readonly<Record<string, readonly [high: string, low: string]>> = {
  E: [
    "seeks company and fills a room with talk",
    "keeps to the edge of a party and likes it there",
  ],
  N: ["worries a good deal and feels every change of mood", "is seldom troubled and sleeps well"],
  P: ["goes their own way and thinks little of rules", "keeps to the rules and checks work twice"],
  L: ["says that they always act as they advise", "admits to small faults without fuss"],
};

const LISTED = new Intl.ListFormat("en");

/** The line that carries a profile from the biography to the questionnaire. */
const CARRIED = /\[simulated persona: (\S+) (-?\d+(?:,-?\d+)*)\]/;
const ITEMS = /\{\n(?:[ \t]*"\d+": "(?:[^"\\]|\\.)*",?\n)+[ \t]*\}/;
const ITEM = /"(\d+)": ("(?:[^"\\]|\\.)*")/g;
/** Items with options of their own: a list of labels, or labels by number or letter. */
const OWN_ITEM =
  /^ {2}"(\d+)": \{\n {4}"item": ("(?:[^"\\]|\\.)*"),\n {4}"answers": ([[{].*[\]}])\n {2}\}/gm;
const LABELLED = /("(?:[^"\\]|\\.)*")(?:: ("(?:[^"\\]|\\.)*"))?/g;
/** Where each answer has a reason beside it, as the prompt's example shows. */
const REASONED = /^ {2}"\d+": \{ "(reason|answer)": /m;
const EXPLAINED = /"explanation"/;
const OPTION = /^[-*] ("(?:[^"\\]|\\.)*")/gm;
const TABLE = /^question,answer\n((?:(?:"(?:[^"]|"")*"|[^",\n]*),[^",\n]+(?:\n|$))+)/m;
const ROW = /(?:"((?:[^"]|"")*)"|([^",\n]*)),([^",\n]+)(?:\n|$)/g;

/** The fields that a form asks for: their types as JSON, and a line for each in words. */
const OUTLINE = /\{\n(?: *"\w+": "(?:string|integer|number|one of: (?:[^"\\]|\\.)*)",?\n)+ *\}/;
const LINE = /^- "(\w+)" \((.*?)\): (.*)$/gm;
const BOUNDS = /number from (-?[\d.]+) to (-?[\d.]+)/;
/** What is known of a respondent, a line each. */
const KNOWN = /^- (?!")([^:\n]+): (.+)$/gm;

interface Carried {
  /** The instrument of the profile, where it is a registered one. */
  instrument: Instrument | null;
  answers: readonly number[];
}

export const simulated: Provider = {
  name: "simulated",
  here: true,
  setting: "nothing",
  address: () => "computed here",
  remedy: () => "none is needed",
  ready: () => "yes, computed here",
  faults: () => [],
  margin: () => 1.5,
  seller: () => null,
  listedAs: () => [],
  // Its replies are in OpenAI's form.
  read: (body) => openai.read(body),

  body: (model, { messages }) => ({
    model: model.model,
    messages: messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    error_rate: model.error_rate ?? ERROR_RATE,
    max_tokens: model.max_tokens,
  }),

  send(model, body, _signal, key) {
    const messages = body.messages as { role: string; content: string }[];
    const spoken = (role: string) =>
      messages.filter((message) => message.role === role).map(({ content }) => content).join("\n");
    const [system, user] = [spoken("system"), spoken("user")];
    const random = seeded("simulated", key);
    const items = ITEMS.exec(user);
    const table = TABLE.exec(user);
    const outline = outlineIn(`${system}\n${user}`);
    const own = [...user.matchAll(OWN_ITEM)];
    const content = own.length
      ? chosen(model, system, user, own, random)
      : items
      ? administration(model, system, user, items[0], random)
      : table && (!outline || isUsual(outline))
      ? persona(table[1]!, random)
      : outline
      ? form(model, outline, `${system}\n${user}`, table?.[1] ?? null, random)
      : "This is a simulated reply: there is neither a profile nor a questionnaire in the prompt.";
    const input = tokens(system) + tokens(user);
    const output = tokens(content);
    return Promise.resolve(JSON.stringify({
      id: `simulated-${key.slice(0, 16)}`,
      object: "chat.completion",
      model: model.model,
      choices: [{
        index: 0,
        message: { role: "assistant", content, refusal: null },
        finish_reason: "stop",
      }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    }));
  },
};

function outlineIn(text: string): Readonly<Record<string, string>> | null {
  const found = OUTLINE.exec(text);
  return found && JSON.parse(found[0]);
}

const isUsual = (outline: Readonly<Record<string, string>>): boolean => {
  const usual = [...Object.keys(RATES), "name", "age", "description"];
  return Object.keys(outline).length === usual.length && usual.every((name) => name in outline);
};

/** The profile that a table of questions and answers is. */
function profileOf(table: string): Carried {
  const rows = [...table.matchAll(ROW)].map(([, quoted, plain, answer]) => ({
    text: quoted?.replaceAll('""', '"') ?? plain!,
    answer: answer === "True" ? 1 : answer === "False" ? 0 : Number(answer),
  }));
  const answers = rows.map(({ answer }) => Number.isInteger(answer) ? answer : 0);
  return { instrument: instrumentOf(rows.map(({ text }) => text)), answers };
}

/** The line that says which profile is behind a text. */
const carriedLine = ({ instrument, answers }: Carried): string =>
  `[simulated persona: ${instrument?.name ?? "unknown"} ${answers.join(",")}]`;

/**
 * A form of any fields: what is known is kept, but with the model's error rate; choices and numbers are
 * drawn; the last text carries the profile on, from its answers or from the text it is made from.
 */
function form(
  model: Model,
  outline: Readonly<Record<string, string>>,
  prompt: string,
  table: string | null,
  random: Random,
): string {
  const lines = new Map([...prompt.matchAll(LINE)].map(([, name, label, asks]) => [
    name!,
    { label: label!, asks: asks! },
  ]));
  const bare = (text: string) => text.toLowerCase().replace(/[\s_-]+/g, "");
  const known = new Map(
    [...prompt.matchAll(KNOWN)].map(([, label, value]) => [bare(label!), value!]),
  );
  const { error_rate = ERROR_RATE } = model;
  const carried = table === null ? CARRIED.exec(prompt)?.[0] : carriedLine(profileOf(table));
  const texts = Object.keys(outline).filter((name) => outline[name] === "string");
  const values = Object.entries(outline).map(([name, type]) => {
    const { label = name, asks = "" } = lines.get(name) ?? {};
    const choices = type.startsWith("one of: ") ? type.slice(8).split("; ") : [];
    const [, lowest = "20", highest = "79"] = BOUNDS.exec(asks) ?? [];
    const given = known.get(bare(label)) ?? known.get(bare(name));
    const kept = given !== undefined && random.uniform() >= error_rate;
    if (type === "integer" || type === "number") {
      const number = kept ? parseFloat(given) : NaN;
      return [
        name,
        Number.isNaN(number)
          ? Number(lowest) + random.int(Math.floor(Number(highest) - Number(lowest)) + 1)
          : number,
      ];
    }
    const rates = RATES[name];
    const text = kept
      ? given
      : choices.length
      ? one(choices, random)
      : rates
      ? Object.keys(rates)[weighted(Object.values(rates).map(([share]) => share), random)]!
      : name === "name"
      ? `${one(NAMES.other, random)} ${one(SURNAMES, random)}`
      : `${label}: computed and not written by a model, ${random.int(1000)}.`;
    return [name, name === texts.at(-1) && carried ? `${text}\n\n${carried}` : text];
  });
  return JSON.stringify(Object.fromEntries(values));
}

function persona(table: string, random: Random): string {
  const profile = profileOf(table), { answers } = profile;
  const shares = sharesOf(profile);
  const [n, p] = [shares.get("N") ?? 0.5, shares.get("P") ?? 0.5];

  const drawn: Record<string, string> = {};
  for (const [field, rates] of Object.entries(RATES)) {
    const weights = Object.values(rates).map(([share, byN = 0, byP = 0]) =>
      share * Math.exp(byN * (n - 0.5) + byP * (p - 0.5))
    );
    drawn[field] = Object.keys(rates)[weighted(weights, random)]!;
  }
  const names = NAMES[drawn.gender as keyof typeof NAMES] ?? NAMES.other;
  const name = `${one(names, random)} ${one(SURNAMES, random)}`;
  const age = 20 + random.int(30) + random.int(16);
  const { gender, sexual_orientation, race, ethnicity } = drawn;
  const { religious_belief, occupation, political_orientation, location } = drawn;
  const traits = [...shares].flatMap(([scale, share]) =>
    TRAITS[scale]?.[Number(share < 0.5)] ?? []
  );
  const said = traits.length
    ? LISTED.format(traits)
    : `answered ${answers.length} questions about everyday life`;
  const article = /^[aeiou]/.test(occupation!) ? "an" : "a";
  const description = [
    `${name} is ${age} years old, lives in ${location} and works as ${article} ${occupation}.`,
    `${name.split(" ")[0]} ${said}.`,
    "This biography was computed and not written by a model.",
    carriedLine(profile),
  ].join("\n\n");
  return JSON.stringify({
    name,
    age,
    gender,
    sexual_orientation,
    race,
    ethnicity,
    religious_belief,
    occupation,
    political_orientation,
    location,
    description,
  });
}

function administration(
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
function sheetText(user: string, sheet: readonly [number, string][], why: string): string {
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
const RELUCTANCE = 0.6;

/**
 * Answers to items with options of their own: each persona likes each option of an item to a degree that
 * is drawn from its text, and a noise goes on top; the most liked is given. Order and coding of the options
 * change nothing.
 */
function chosen(
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
function declines(label: string): boolean {
  const bare = label.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  return Object.values(DECLINED).flatMap((words) => Object.values(words).flat())
    .some((words) => `${bare} `.startsWith(`${words} `));
}

/** The profile's answer, or with the model's error rate another one. */
function mistaken(
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
const ALIKE: Readonly<Record<string, readonly [scale: string, sign: 1 | -1]>> = {
  A: ["P", -1],
  C: ["P", -1],
};

/** An answer to an item that the profile does not hold: from its score on the same scale, and noise. */
function guessed(
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

/** The registered instrument with exactly these items, in item order. */
const instrumentOf = (texts: readonly string[]): Instrument | null =>
  registered().find(({ items }) =>
    items.length === texts.length && items.every(({ text }, i) => text === texts[i])
  ) ?? null;

/** Scale scores as a share of their range, 0 to 1; none where the instrument is unknown. */
function sharesOf({ instrument, answers }: Carried): Map<string, number> {
  if (!instrument || hasOwnOptions(instrument)) return new Map();
  if (answers.length !== instrument.items.length) return new Map();
  const { lowest, highest } = bounds(instrument);
  return new Map(instrument.scales.map((scale) => {
    const scores = instrument.items.flatMap(({ number, keyed, ...item }) => {
      if (item.scale !== scale) return [];
      const score = itemScore(
        instrument,
        number,
        Math.min(highest, Math.max(lowest, answers[number - 1]!)),
      )!;
      return keyed === null ? (score - lowest) / (highest - lowest) : score;
    });
    return [scale, scores.reduce((sum, score) => sum + score, 0) / scores.length];
  }));
}

const LOW = new Set(Object.values(WORDS).flatMap((words) => [words.yesNo[0], words.trueFalse[0]]));
const HIGH = new Set(Object.values(WORDS).flatMap((words) => [words.yesNo[1], words.trueFalse[1]]));

/**
 * The words to answer in, by the answer that they mean: numbers as they are, the words for yes and no
 * and the labels of our instruments by their meaning, other labels in the order listed.
 */
function optionsOf(user: string, instrument: Instrument | null): ReadonlyMap<number, string> {
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

function one<T>(of: readonly T[], random: Random): T {
  return of[random.int(of.length)]!;
}

function weighted(weights: readonly number[], random: Random): number {
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const place = weights.findIndex((weight) => (left -= weight) < 0);
  return place < 0 ? weights.length - 1 : place;
}
