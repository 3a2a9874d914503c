/** Replies made up for tests, with what is true of each: valid, nearly valid and hostile. */
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type UniformInstrument, WORDS } from "lib/instruments.ts";
import { type Random, seeded } from "lib/random.ts";
import type { Coding } from "lib/replies.ts";

export interface Made {
  /** `valid`, `nearly valid` or `hostile`, and how it was made. */
  class: "valid" | "nearly valid" | "hostile";
  kind: string;
  reply: string;
  instrument: UniformInstrument;
  coding: Coding;
  language: string;
  order: readonly number[] | null;
  /** What the reply says, item by item; null where it says nothing that can be read. */
  intended: (number | null)[];
  explanation: string | null;
  /**
   * `exact`: the sheet is `intended`; `careful`: each answer is as intended or null, or there is no
   * sheet; `none`: there is no sheet.
   */
  truth: "exact" | "careful" | "none";
}

type Pair = readonly [item: number, answer: string | number | boolean];

const pick = <T>(random: Random, of: readonly T[]): T => of[random.int(of.length)]!;

const LANGUAGES = Object.keys(WORDS);

/** The BFI with labels in Spanish, worded for this test. */
const bfiSpanish: UniformInstrument = {
  ...bfi44,
  language: "es",
  answers: {
    1: "Nada de acuerdo",
    2: "Poco de acuerdo",
    3: "Ni sí ni no",
    4: "Algo de acuerdo",
    5: "Muy de acuerdo",
  },
};

/** Labels that begin like others, with commas: what is cut off in one may read as another. */
const hedged: UniformInstrument = {
  ...bfi44,
  answers: { 1: "No", 2: "No, hardly", 3: "Yes, a bit", 4: "Yes", 5: "Yes, very much" },
};

const EXPLANATIONS = [
  "I answered as a quiet person would.",
  'She said "no", then {"1": "False"} and [2].',
  "Line one\nline two\twith a tab \\ and a slash",
  "Ľudia sú rôzni — 人はそれぞれ 🙂👩‍👩‍👧",
  "```json\n{}\n```",
  "} ] , : { [",
  "1: True, 2: False",
];

/** An answer as a model might write it, in one of the ways that have one meaning. */
function worded(random: Random, made: Setting, answer: number): string | number | boolean {
  const { instrument, coding, language } = made;
  if (instrument.highest === 1) {
    const { yesNo, trueFalse } = WORDS[pick(random, [language, "en"])]!;
    const word = pick(random, [yesNo, trueFalse])[answer]!;
    const forms: (string | number | boolean)[] = [
      word,
      word,
      dressed(random, word),
      word.normalize("NFD").replace(/\p{M}/gu, ""),
      answer === 1,
    ];
    if (coding !== "label") forms.push(answer, String(answer), `${answer}.`, `${answer} - ${word}`);
    return pick(random, forms);
  }
  const label = instrument.answers[answer]!;
  const both = [`${answer} - ${label}`, `${answer}. ${label}`, `${answer}: ${label}`];
  const forms = [label, dressed(random, label), `${label} (${answer})`, ...both];
  if (coding === "label") return pick(random, forms);
  const wide = String.fromCharCode(0xff10 + answer);
  const share = [`${answer}/${instrument.highest}`, `${answer} out of ${instrument.highest}`];
  const numbers = [answer, String(answer), ` ${answer} `, `${answer}.`, wide, ...share];
  return pick(random, [...numbers, ...forms]);
}

/** The same word in other case, with marks and invisible characters around. */
function dressed(random: Random, word: string): string {
  return pick(random, [
    word.toUpperCase(),
    word.toLowerCase(),
    `${word}.`,
    ` ${word}!`,
    `\u00a0${word}\u200b`,
    `**${word}**`,
    `"${word}"`,
    word.normalize("NFD"),
    [...word].join("\u200c"),
  ]);
}

const KEYS = [
  (n: number) => `${n}`,
  (n: number) => `${n}`,
  (n: number) => `${n}`,
  (n: number) => String(n).padStart(2, "0"),
  (n: number) => `${n}.`,
  (n: number) => `Q${n}`,
  (n: number) => `item ${n}`,
  (n: number) => `question_${n}`,
  (n: number) => ` ${n}\u200b`,
  (n: number, { items }: UniformInstrument) => `${n}. ${items[n - 1]!.text}`,
  (n: number, { items }: UniformInstrument) => items[n - 1]!.text.toUpperCase(),
];

const json = JSON.stringify;

/** An object with its keys in the order given, which JSON.stringify would not keep. */
function object(pairs: readonly (readonly [string, unknown])[], space = ""): string {
  const colon = space === "" ? ":" : ": ";
  const lines = pairs.map(([key, value]) => `${space}${json(key)}${colon}${json(value)}`);
  return space === "" ? `{${lines.join(",")}}` : `{\n${lines.join(",\n")}\n}`;
}

interface Setting {
  instrument: UniformInstrument;
  coding: Coding;
  language: string;
  order: readonly number[];
}

function setting(random: Random): Setting {
  const two = random.uniform() < 0.6;
  const language = pick(random, LANGUAGES);
  const words = WORDS[language]!.yesNo;
  const instrument = two
    ? { ...epqra, language, answers: { 0: words[0], 1: words[1] } }
    : pick(random, [bfi44, bfiSpanish, hedged]);
  const numbers = instrument.items.map(({ number }) => number);
  return {
    instrument,
    coding: pick(random, two ? ["true/false", "yes/no", "number", "label"] : ["number", "label"]),
    language: instrument.language,
    order: random.uniform() < 0.5 ? numbers : random.shuffled(numbers),
  };
}

/** A sheet: what was meant, and how it was written, in the order shown. */
interface Drawn extends Setting {
  intended: (number | null)[];
  pairs: Pair[];
  explanation: string;
}

function drawn(random: Random): Drawn {
  const made = setting(random);
  const { instrument: { items, lowest, highest }, order } = made;
  const intended = items.map(() => lowest + random.int(highest - lowest + 1));
  const pairs = order.map((item) => [item, worded(random, made, intended[item - 1]!)] as const);
  return { ...made, intended, pairs, explanation: pick(random, EXPLANATIONS) };
}

/** Valid JSON of many forms for one sheet. */
const FORMS: Record<string, (random: Random, sheet: Drawn) => string> = {
  compact: (random, { pairs, explanation, instrument }) => {
    const key = pick(random, KEYS);
    const name = pick(random, ["explanation", "Explanation", "EXPLANATION"]);
    return object([...pairs.map(([n, a]) => [key(n, instrument), a] as const), [
      name,
      explanation,
    ]]);
  },
  pretty: (random, { pairs, explanation, instrument }) => {
    const key = pick(random, KEYS);
    const said = pairs.map(([n, a]) => [key(n, instrument), a] as const);
    const all = [...said, ["explanation", explanation]];
    return object(all as [string, unknown][], pick(random, ["  ", "\t", "\n "]));
  },
  nested: (random, { pairs, explanation }) =>
    `{${json(pick(random, ["answers", "responses", "EPQR-A", "data"]))}: ${
      object(pairs.map(([n, a]) => [String(n), a]))
    }, "explanation": ${json(explanation)}}`,
  "by scale": (_, { pairs, explanation, instrument }) =>
    object([
      ...instrument.scales.map((scale) => {
        const own = (n: number) => instrument.items[n - 1]!.scale === scale;
        return [scale, Object.fromEntries(pairs.filter(([n]) => own(n)))] as const;
      }),
      ["explanation", explanation],
    ]),
  "answer objects": (random, { pairs, explanation, instrument }) => {
    const name = answerName(random, instrument);
    return object([
      ...pairs.map(([n, a]) => [String(n), { reason: "so", [name]: a }] as const),
      ["explanation", explanation],
    ]);
  },
  rows: (random, { pairs, explanation, instrument }) => {
    const name = pick(random, ["question_number", "number", "item", "id", "question_id", "itemId"]);
    const answer = answerName(random, instrument), text = random.uniform() < 0.3;
    const rows = pairs.map(([n, a]) => ({
      [name]: pick(random, [n, String(n), `Q${n}`]),
      ...(text && { statement: instrument.items[n - 1]!.text }),
      [answer]: pick(random, [a, a, [a]]),
    }));
    return json({ answers: rows, explanation });
  },
};

const answerName = (random: Random, { items: [first] }: UniformInstrument): string =>
  pick(random, [
    "answer",
    "response",
    "Answer",
    "choice",
    "Selected",
    ...(first!.keyed === null ? ["score"] : []),
  ]);

/** Ways to send valid JSON. */
const WRAPPINGS: Record<string, (json: string, random: Random, sheet: Drawn) => string> = {
  bare: (text) => text,
  fenced: (text) => `\`\`\`json\n${text}\n\`\`\``,
  "fenced, prose around": (text) =>
    `Sure! Here it is [as asked]:\n\n\`\`\`\n${text}\n\`\`\`\nAnything else?`,
  "prose around": (text) => `As {name}, I answer (1) honestly: ${text}\n\nThat's my "view".`,
  "BOM and CRLF": (text) => `\ufeff${text.replaceAll("\n", "\r\n")}\r\n`,
  "twice the same": (text) => `${text}\n\n${text}`,
  "as a string": (text) => json(text),
  "example first": (text, _, { pairs: [a, b] }) =>
    `The form is {"${a![0]}": ${json(b![1])}, "${b![0]}": ${
      json(a![1])
    }, "explanation": "…"}.\n${text}`,
  "braces before": (text) => `<think>{E, N} and {"mood": "calm"} and [1, 2].</think>\n${text}`,
  "a draft in reasoning": (text, random, sheet) =>
    `${reasoned(random, draft(random, sheet))}\n${text}`,
};

const REASONING = [
  ["<think>", "</think>"],
  ["", "</think>"],
  ["<thinking>", "</thinking>"],
  ["[THINK]", "[/THINK]"],
  ["◁think▷", "◁/think▷"],
  ["<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"],
  ["<|START_THINKING|>", "<|END_THINKING|>"],
] as const;

/** Thoughts with a draft in them. */
function reasoned(random: Random, draft: string): string {
  const [opens, closes] = pick(random, REASONING);
  const before = pick(random, ["", "Let me {see}. ", 'I would say "yes" to [most]. ']);
  return `${opens}${before}${draft}${pick(random, ["", " No.", ' Or {"1": 2}?'])}${closes}`;
}

/** A sheet with answers of its own, whole or cut off. */
function draft(random: Random, { pairs, instrument: { lowest, highest, answers } }: Drawn): string {
  const given = object(
    pairs.map(([n]) => [String(n), answers[lowest + random.int(highest - lowest + 1)]!]),
  );
  return random.uniform() < 0.8 ? given : given.slice(0, random.int(given.length));
}

function valid(random: Random): Made {
  const sheet = drawn(random);
  const form = pick(random, Object.keys(FORMS)), wrapping = pick(random, Object.keys(WRAPPINGS));
  return {
    ...sheet,
    class: "valid",
    kind: `${form}, ${wrapping}`,
    reply: WRAPPINGS[wrapping]!(FORMS[form]!(random, sheet), random, sheet),
    order: null,
    truth: "exact",
  };
}

/** Valid JSON of which some answers say nothing. */
const GAPS: Record<string, (random: Random, sheet: Drawn) => [string, (number | null)[]]> = {
  "missing items": (random, { pairs, intended, explanation }) => {
    const left = new Set(random.sample(pairs, 1 + random.int(pairs.length - 1)).map(([n]) => n));
    const kept = pairs.filter(([n]) => left.has(n)).map(([n, a]) => [String(n), a] as const);
    return [
      object([...kept, ["explanation", explanation]]),
      intended.map((answer, index) => left.has(index + 1) ? answer : null),
    ];
  },
  "unreadable answers": (random, { pairs, intended, explanation, instrument }) => {
    const { lowest, highest, answers } = instrument;
    const odd: unknown[] = [
      highest + 1,
      lowest - 1,
      String(highest + 1),
      2.5,
      "maybe",
      "",
      null,
      [],
      {},
      "True or False",
      "No, but yes",
      `${lowest}/${highest + 1}`,
      ...(highest > 1 ? [`${highest + 1}/${highest}`] : [`${lowest}/${highest}`]),
      [instrument.highest, instrument.lowest],
      { answer: lowest, response: highest },
      `${lowest}-${highest}`,
      `${lowest} - ${answers[highest]}`,
      `${answers[lowest]} (${highest})`,
      `-${highest}`,
      "x".repeat(300),
      "Not true",
      ...(highest > 1 ? [true, false, "true", "Sí"] : [11]),
      "True" + ".".repeat(300) + "not",
    ];
    const spoilt = new Set(random.sample(pairs, 1 + random.int(5)).map(([n]) => n));
    const all = pairs.map(([n, a]) => [String(n), spoilt.has(n) ? pick(random, odd) : a] as const);
    return [
      object([...all, ["explanation", explanation]]),
      intended.map((answer, index) => spoilt.has(index + 1) ? null : answer),
    ];
  },
  "two answers to an item": (random, { pairs, intended, explanation, instrument }) => {
    const again = new Set(random.sample(pairs, 1 + random.int(4)).map(([n]) => n));
    const { lowest, highest, answers } = instrument;
    const other = (n: number) => answers[intended[n - 1] === lowest ? highest : lowest]!;
    const more = [...again].map((n) =>
      [pick(random, [`${n}`, `0${n}`, `Q${n}`]), other(n)] as const
    );
    const all = random.shuffled([...pairs.map(([n, a]) => [String(n), a] as const), ...more]);
    return [
      object([...all, ["explanation", explanation]]),
      intended.map((answer, index) => again.has(index + 1) ? null : answer),
    ];
  },
  "two rows for an item": (random, { pairs, intended, explanation, instrument }) => {
    const again = new Set(random.sample(pairs, 1 + random.int(4)).map(([n]) => n));
    const { lowest, highest, answers } = instrument;
    const more = [...again].map((n) => ({
      id: n,
      answer: answers[intended[n - 1] === lowest ? highest : lowest]!,
    }));
    const rows = random.shuffled([...pairs.map(([id, answer]) => ({ id, answer })), ...more]);
    return [
      json({ rows, explanation }),
      intended.map((answer, index) => again.has(index + 1) ? null : answer),
    ];
  },
  "rows that contradict themselves": (random, { pairs, intended, explanation, instrument }) => {
    const spoilt = new Set(random.sample(pairs, 1 + random.int(4)).map(([n]) => n));
    const { items } = instrument;
    const rows = pairs.map(([id, answer]) => ({
      id,
      question: items[(spoilt.has(id) ? id : id - 1) % items.length]!.text,
      answer,
    }));
    return [
      json({ rows, explanation }),
      intended.map((answer, index) => spoilt.has(index + 1) ? null : answer),
    ];
  },
  "more keys": (random, { pairs, intended, explanation, instrument }) => {
    const more = [
      "__proto__",
      "constructor",
      `${instrument.items.length + 1}`,
      "1.5",
      "-1",
      "name",
    ];
    const extra = random.sample(more, 3).map((key) => [key, pick(random, ["True", 1, 4])] as const);
    const all = random.shuffled([...pairs.map(([n, a]) => [String(n), a] as const), ...extra]);
    return [object([...all, ["explanation", explanation]]), intended];
  },
  "a list in the order shown": (_, { pairs, intended, explanation }) => [
    json({ answers: pairs.map(([, answer]) => answer), explanation }),
    intended,
  ],
};

function gaps(random: Random): Made {
  const sheet = drawn(random);
  const kind = pick(random, Object.keys(GAPS));
  const [text, intended] = GAPS[kind]!(random, sheet);
  const nothing = intended.every((answer) => answer === null);
  return {
    ...sheet,
    class: "valid",
    kind,
    reply: WRAPPINGS[pick(random, ["bare", "fenced", "prose around"])]!(text, random, sheet),
    intended,
    truth: nothing ? "none" : "exact",
  };
}

/** Faults that models make. */
const FAULTS: Record<string, (json: string, random: Random, sheet: Drawn) => string> = {
  "trailing comma": (text) => text.replace(/\}(?=[^}]*$)/, ",}"),
  "no closing brace": (text) => text.replace(/[}\]\s]+$/, ""),
  "one comma lost": (text, random) => without(text, random, ","),
  "one quote lost": (text, random) => without(text, random, '"'),
  "one colon lost": (text, random) => without(text, random, ":"),
  "single quotes": (_, random, { pairs }) =>
    `{${
      pairs.map(([n, a]) => `'${n}': ${python(a, random)}`).join(", ")
    }, 'explanation': 'It is so'}`,
  "curly quotes": (_, __, { pairs }) =>
    `{${pairs.map(([n, a]) => `“${n}”: “${String(a).replaceAll('"', "")}”`).join(", ")}}`,
  "no quotes": (_, random, { pairs }) =>
    `{${pairs.map(([n, a]) => `${n}: ${bare(a)}`).join(pick(random, [", ", ",\n", "\n"]))}}`,
  "escaped quotes": (text) => text.replaceAll('"', '\\"'),
  comments: (text) => text.replace(",", ", // so it is\n").replace(/\}(?=[^}]*$)/, "/* end */}"),
  "quotes in the explanation": (_, __, { pairs }) =>
    object([...pairs.map(([n, a]) => [String(n), a] as const), ["explanation", "@"]])
      .replace('"@"', '"She said "yes" and "no", then left"'),
  "a line break in the explanation": (_, __, { pairs }) =>
    object([...pairs.map(([n, a]) => [String(n), a] as const), ["explanation", "@"]])
      .replace("@", "one\ntwo\nthree"),
  "the explanation behind": (_, __, { pairs }) =>
    `${object(pairs.map(([n, a]) => [String(n), a] as const), "  ")}\nExplanation: it's "so"`,
  "no-break spaces": (text) => text.replaceAll(",", ",\u00a0\u200b"),
  "wrong bracket": (text) => text.replace(/\}(?=[^}]*$)/, "]"),
  "a bracket too many": (text) => `${text}}`,
  "lines of objects": (_, __, { pairs }) =>
    pairs.map(([n, a]) => `{"${n}": ${json(a)}`).join("},\n") + "}",
  "an ellipsis": (_, __, { pairs }) =>
    object(pairs.map(([n, a]) => [String(n), a] as const)).replace(/,(?=[^,]*$)/, ", ..., "),
};

const python = (answer: string | number | boolean, random: Random): string =>
  typeof answer === "boolean"
    ? (answer ? "True" : "False")
    : typeof answer === "number"
    ? String(answer)
    : pick(random, [`'${answer.replaceAll("'", "\\'")}'`, json(answer)]);
const bare = (answer: string | number | boolean): string =>
  String(answer).replace(/["'*:\n]/g, "").trim();

/** The text without one of the characters, anywhere. */
function without(text: string, random: Random, sign: string): string {
  const places = [...text.matchAll(new RegExp(sign, "g"))].map(({ index }) => index);
  const place = pick(random, places);
  return text.slice(0, place) + text.slice(place + 1);
}

function nearly(random: Random): Made {
  const sheet = drawn(random);
  const fault = pick(random, Object.keys(FAULTS));
  const form = pick(random, ["compact", "pretty", "nested", "rows"]);
  const text = FAULTS[fault]!(FORMS[form]!(random, sheet), random, sheet);
  return {
    ...sheet,
    class: "nearly valid",
    kind: fault,
    reply: WRAPPINGS[pick(random, ["bare", "fenced", "prose around"])]!(text, random, sheet),
    order: null,
    truth: "careful",
  };
}

/** Signs that break something, none of which is part of an answer or of an item number. */
const SIGNS = [..."{}[]\",:'`“”\\/xqz#=- \n\t\0\ufeff\u200b\u00a0", "\ud800", "\udc00", "``"];

/** The text with some of its structure, not of its answers, put out, put in or put otherwise. */
function battered(text: string, random: Random): string {
  const signs = text.split("");
  for (let blow = random.int(4); blow >= 0; blow--) {
    const places = signs.flatMap((sign, at) => /^[{}[\]",:\s]/.test(sign) ? [at] : []);
    if (places.length === 0) break;
    const at = pick(random, places);
    signs.splice(at, random.int(2), ...pick(random, [[], [pick(random, SIGNS)]]));
  }
  return signs.join("");
}

const HOSTILE: Record<string, (random: Random, sheet: Drawn) => [string, Made["truth"]]> = {
  battered: (random, sheet) => {
    const form = pick(random, Object.keys(FORMS));
    return [battered(FORMS[form]!(random, sheet), random), "careful"];
  },
  "cut off": (random, sheet) => {
    const text = FORMS[pick(random, Object.keys(FORMS))]!(random, sheet);
    return [text.slice(0, random.int(text.length)), "careful"];
  },
  "cut off, prose around": (random, sheet) => {
    const text = FORMS[pick(random, Object.keys(FORMS))]!(random, sheet);
    const start = pick(random, ["Sure: ", "```json\n", "{so} "]);
    return [start + text.slice(0, random.int(text.length)), "careful"];
  },
  "fault in a cut off reply": (random, sheet) => {
    const text = FAULTS[pick(random, Object.keys(FAULTS))]!(
      FORMS.compact!(random, sheet),
      random,
      sheet,
    );
    return [text.slice(0, random.int(text.length)), "careful"];
  },
  "two different sheets": (random, sheet) => {
    const { instrument: { lowest, highest, answers }, pairs, intended } = sheet;
    const turned = new Set(random.sample(pairs, 1 + random.int(3)).map(([n]) => n));
    const other = pairs.map(([n, a]) =>
      [
        String(n),
        turned.has(n) ? answers[intended[n - 1] === lowest ? highest : lowest]! : a,
      ] as const
    );
    const one = FORMS.compact!(random, sheet);
    const two = object(other);
    return [random.uniform() < 0.5 ? `${one}\n${two}` : `Draft: ${two}\nFinal: ${one}`, "none"];
  },
  "a draft, then nothing": (random, sheet) => [
    reasoned(random, draft(random, sheet)) + pick(random, ["", "\n", " I cannot answer.", "{}"]),
    "none",
  ],
  "a draft that never ends": (random, sheet) => {
    const [opens] = pick(random, REASONING.filter(([opens]) => opens));
    const one = `${opens}I would say ${draft(random, sheet)}`;
    return [one + pick(random, ["", " or so.", ` or ${draft(random, sheet)}`]), "none"];
  },
  "numbered from 0": (_, { pairs }) => [object(pairs.map(([n, a]) => [String(n - 1), a])), "none"],
  "a list without order": (_, { pairs }) => [json(pairs.map(([, answer]) => answer)), "none"],
  "a list too short": (_, { pairs }) => [json(pairs.slice(1).map(([, answer]) => answer)), "none"],
  refusal: (random) => [
    pick(random, [
      "I'm sorry, but I can't take on that role.",
      "As an AI, I have no {feelings}.",
      '{"error": "I cannot answer"}',
      "1. True\n2. False\n3. True",
      "",
      " \n\t ",
      "null",
      "[]",
      "{}",
      '"True"',
      "<html><body>502 Bad Gateway</body></html>",
    ]),
    "none",
  ],
  "nothing readable": (random, { pairs }) => [
    object(pairs.map(([n]) => [String(n), pick(random, ["maybe", "?", null, 99])])),
    "none",
  ],
  "other items": (_, { pairs }) => [object(pairs.map(([n, a]) => [String(n + 100), a])), "none"],
  noise: (random) => [
    Array.from({ length: random.int(400) }, () => String.fromCharCode(random.int(0x10000))).join(
      "",
    ),
    "none",
  ],
  "noise of JSON": (random) => [
    Array.from({ length: random.int(400) }, () => pick(random, [..."{}[]\",:'\\/tfn-.eE"])).join(
      "",
    ),
    "none",
  ],
  "too deep": (random) => {
    const deep = 10 ** (1 + random.int(4));
    return [
      pick(random, [
        "[".repeat(deep) + "]".repeat(deep),
        '{"answers":'.repeat(deep) + "1" + "}".repeat(deep),
        "{[".repeat(deep),
        '{"a":'.repeat(deep),
      ]),
      "none",
    ];
  },
};

function hostile(random: Random): Made {
  const sheet = drawn(random);
  const kind = pick(random, Object.keys(HOSTILE));
  const [reply, truth] = HOSTILE[kind]!(random, sheet);
  return { ...sheet, class: "hostile", kind, reply, order: null, truth };
}

/** A reply by number: the same on every run. */
export function reply(number: number): Made {
  const random = seeded("replies", number);
  return pick(random, [valid, valid, gaps, nearly, nearly, hostile, hostile])(random);
}

/** Valid replies of each form, to be cut at every place. */
export function forms(): Made[] {
  return Object.keys(FORMS).flatMap((form) =>
    ["bare", "bare", "fenced, prose around"].map((wrapping, number) => {
      const random = seeded("forms", form, number);
      const sheet = drawn(random);
      return {
        ...sheet,
        class: "hostile" as const,
        kind: `${form}, ${wrapping}`,
        reply: WRAPPINGS[wrapping]!(FORMS[form]!(random, sheet), random, sheet),
        order: null,
        truth: "careful" as const,
      };
    })
  );
}

/** A reply to a request for a persona: what it says, or null where it says none or more than one. */
export function personaReply(
  number: number,
  ana: Readonly<Record<string, string | number>>,
): { kind: string; reply: string; intended: typeof ana | null } {
  const random = seeded("persona replies", number);
  const other = { ...ana, name: "Draft", age: 99 };
  const key = pick(random, [
    (name: string) => name,
    (name: string) => name.toUpperCase(),
    (name: string) => name.replace(/_(.)/g, (_, sign) => ` ${sign.toUpperCase()}`),
    (name: string) => name.replace(/_(.)/g, (_, sign) => sign.toUpperCase()),
  ]);
  const dressed = (persona: typeof ana): Record<string, unknown> => ({
    ...Object.fromEntries(Object.entries(persona).map(([name, value]) => [key(name), value])),
    [key("age")]: pick(random, [
      persona.age,
      String(persona.age),
      `${persona.age} years old`,
      `${persona.age}-year-old`,
    ]),
    ...(random.uniform() < 0.3 && { education: "University", "_note": { name: 1 } }),
  });
  const wrapped = (persona: unknown): string =>
    json(pick(random, [persona, persona, { persona }, [persona], { data: [persona] }]));
  const whole = wrapped(dressed(ana)), before = wrapped(dressed(other));
  const without = { ...dressed(ana) };
  delete without[key(pick(random, Object.keys(ana)))];
  const kinds: Record<string, [string, typeof ana | null]> = {
    whole: [whole, ana],
    "in prose": [`As {asked}:\n\`\`\`json\n${whole}\n\`\`\`\nSo.`, ana],
    "twice the same": [`${whole}\n${wrapped(dressed(ana))}`, ana],
    "half an example before": [`{"name": "…", "age": 0} ${whole}`, ana],
    "a draft in reasoning": [reasoned(random, before) + whole, ana],
    "a draft, then nothing": [reasoned(random, before) + " No.", null],
    "a draft, then half": [reasoned(random, before) + wrapped(without), null],
    "two personas": [`${before}\n${whole}`, null],
    "two in a list": [json([dressed(other), dressed(ana)]), null],
    "whole, then half another": [`${whole}\n${json({ [key("age")]: 5 })}`, null],
    "without a field": [wrapped(without), null],
    "an age that is none": [
      wrapped({ ...dressed(ana), [key("age")]: pick(random, ["30s", "34-35", "3 months", 34.5]) }),
      null,
    ],
  };
  const kind = pick(random, Object.keys(kinds));
  return { kind, reply: kinds[kind]![0], intended: kinds[kind]![1] };
}
