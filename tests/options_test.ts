/** Instruments whose items have options of their own: files, scores, prompts, replies. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  bounds,
  check,
  type Instrument,
  itemScore,
  keyedAnswer,
  type Option,
  optionsOf,
  score,
  unkeyedAnswer,
} from "lib/instruments.ts";
import { frame } from "lib/frames.ts";
import { compare, scores, shares } from "lib/measures.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import {
  administrationValues,
  answerWords,
  checkCoding,
  fillPrompt,
  itemsJson,
  itemWords,
  orders,
  type Presented,
  shippedPrompt,
} from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import { classes, type Coding, type Sheet, sheetIn } from "lib/replies.ts";
import { instrumentFrom } from "lib/study.ts";
import { Folder } from "./made.ts";

const TOWN = instrumentFrom("dataset/instruments/town.csv");
const CIUDAD = instrumentFrom("dataset/instruments/town-es.csv");
const LIKED = ["Not at all", "A little", "Very much"];
const REFUSED: Option = { code: 9, label: "Refused", position: null, role: "refusal" };

/** Three items: two of a scale, one reversed, with positions that are no codes; one without order. */
const SMALL: Instrument = {
  name: "small",
  title: "Small",
  language: "en",
  preamble: null,
  lowest: null,
  highest: null,
  answers: {},
  scoredAs: "sum",
  scales: ["L"],
  items: [
    { number: 1, text: "Bread?", scale: "L", keyed: null, reverse: false, options: liked(0) },
    { number: 2, text: "Rain?", scale: "L", keyed: null, reverse: true, options: liked(10) },
    {
      number: 3,
      text: "Colour?",
      scale: null,
      keyed: null,
      reverse: false,
      options: [
        { code: 1, label: "Red", position: null },
        { code: 2, label: "Blue", position: null },
        REFUSED,
      ],
    },
  ],
  source: "made up",
};

function liked(from: number): Option[] {
  return [...LIKED.map((label, at) => ({ code: at + 1, label, position: from + at })), REFUSED];
}

/** Writes a file and says where it is. */
function written(folder: Folder, text: string): string {
  const path = join(folder.path, "instrument.csv");
  Deno.writeTextFileSync(path, text);
  return path;
}

const printed = (instrument: Instrument, coding: Coding): Presented => ({
  ...orders(instrument, { items: "printed", options: "printed" }, () => seeded("none")),
  coding,
});

function sheet(reply: unknown, instrument: Instrument, shown: Presented): Sheet {
  const text = typeof reply === "string" ? reply : JSON.stringify(reply);
  const order = shown.block ?? shown.items;
  const { language } = instrument;
  const found = sheetIn(text, instrument, shown.coding, language, order, shown.options);
  assert.ok(!("problem" in found), JSON.stringify(found));
  return found;
}

Deno.test("the example has items of 2, 3, 4, 5, 7 and 12 options, two without order, all with a refusal", () => {
  for (const instrument of [TOWN, CIUDAD]) {
    const { items } = instrument;
    const own = items.map((item) => optionsOf(instrument, item).filter(({ role }) => !role));
    assert.deepEqual(own.map(({ length }) => length), [2, 3, 4, 5, 7, 12]);
    const unordered = own.map((of) => of.every(({ position }) => position === null));
    assert.deepEqual(unordered, [false, false, false, true, false, true]);
    assert.deepEqual(own[4]!.map(({ position }) => position), [1, 2, 3, 4, 5, 6, 7]);
    for (const { options } of items) {
      const refusal = options!.find(({ role }) => role === "refusal")!;
      assert.equal(refusal.position, null);
      assert.ok(!/refusal|\(/.test(refusal.label), refusal.label);
    }
    assert.deepEqual([instrument.scales, instrument.scoredAs], [[], null]);
    assert.deepEqual([instrument.lowest, instrument.highest, instrument.answers], [null, null, {}]);
    assert.deepEqual(score(instrument, items.map(() => 1)), []);
  }
});

Deno.test("a file with options that contradict themselves is refused, with row, column and what", () => {
  using folder = new Folder();
  const head = "# name: odd\n# title: Odd\n# language: en\n# source: made up\n";
  const refused = (rows: string, error: RegExp, facts = "") => {
    const path = written(
      folder,
      `${head}${facts}number,text,scale,keyed,options,ordered\n${rows}`,
    );
    assert.throws(() => instrumentFrom(path), error);
  };
  refused(
    "1,Eh?,,,Yes | No,",
    /row 6, options: "Yes" has no code of its own: options are written as 1/,
  );
  refused("1,Eh?,,,1 = Yes | 1 = No,", /row 6, options: code 1 is there twice/);
  refused("1,Eh?,,,1 = Yes | 2 = yes,", /row 6, options: label "yes" is there twice/);
  refused("1,Eh?,,,1 = Yes,", /2 to 12 options besides a refusal and a don't-know, and this one 1/);
  refused(
    "1,Eh?,,,1 = A | 2 = B | 3 = C (refusal) | 4 = D (refusal),",
    /two options are a refusal/,
  );
  refused("1,Eh?,,3,1 = A | 2 = B,", /row 6, options: keyed is 3, and the codes are 1, 2/);
  refused(
    "1,Eh?,S,,1 = A | 2 = B,no",
    /no order, so that it adds nothing to a scale/,
    "# scoredAs: sum\n",
  );
  refused("1,Eh?,S,,1 = A | 2 = B,", /scoredAs is missing: it says whether a scale is the sum or/);
  refused("1,Eh?,,,1 = A | 2 = B,\n2,Oh?,,,,", /lowest is missing, for 1 items without options/);
  refused("1,Eh?,,,1 = A | 2 = B,", /lowest: every item has options of its own/, "# lowest: 1\n");
  refused("1,Eh?,,,1 = | 2 = B,", /row 6, options, 0, label must not be empty/);
});

Deno.test("an item of a file may be keyed by a label, and be without a scale", () => {
  using folder = new Folder();
  const path = written(
    folder,
    "# name: quiz\n# title: Quiz\n# language: en\n# source: made up\n# scoredAs: sum\n" +
      "number,text,scale,keyed,options,ordered\n" +
      "1,Capital of Peru?,K,Lima,1 = Quito | 2 = Lima | 3 = La Paz | 8 = Don't know (don't know),no\n" +
      "2,Nice there?,,,5 = Yes | 3 = Fairly | 1 = No,\n",
  );
  const quiz = instrumentFrom(path);
  assert.equal(quiz.items[0]!.keyed, 2);
  assert.deepEqual(score(quiz, [2, 5]), [{ scale: "K", score: 1, answered: 1, items: 1 }]);
  assert.deepEqual(score(quiz, [3, 1]), [{ scale: "K", score: 0, answered: 1, items: 1 }]);
  assert.deepEqual(score(quiz, [8, 1]), [{ scale: "K", score: null, answered: 0, items: 1 }]);
  assert.equal(itemScore(quiz, 2, 5), 5);
});

Deno.test("scores go by position; a refusal has none, and takes its scale's away", () => {
  assert.deepEqual([1, 2, 3].map((answer) => itemScore(SMALL, 1, answer)), [0, 1, 2]);
  assert.deepEqual([1, 2, 3].map((answer) => itemScore(SMALL, 2, answer)), [12, 11, 10]);
  assert.equal(itemScore(SMALL, 1, 9), null);
  assert.equal(itemScore(SMALL, 3, 2), null);
  assert.throws(() => itemScore(SMALL, 1, 4), /Item 1 of Small takes the answers 1, 2, 3, 9/);
  assert.deepEqual(score(SMALL, [3, 1, 2]), [{ scale: "L", score: 14, answered: 2, items: 2 }]);
  assert.deepEqual(score(SMALL, [3, 9, 2]), [{ scale: "L", score: null, answered: 1, items: 2 }]);
  const [bread, rain, colour] = SMALL.items;
  assert.deepEqual([keyedAnswer(SMALL, bread!), unkeyedAnswer(SMALL, bread!)], [3, 1]);
  assert.deepEqual([keyedAnswer(SMALL, rain!), unkeyedAnswer(SMALL, rain!)], [1, 3]);
  assert.throws(() => keyedAnswer(SMALL, colour!), /Item 3 of Small has options without an order/);
  assert.throws(() => bounds(SMALL), /The items of Small have options of their own/);
  assert.deepEqual(bounds(bfi44), { lowest: 1, highest: 5 });
});

Deno.test("check() refuses options that contradict themselves", () => {
  const odd = (options: Option[]) => () =>
    check({ ...SMALL, items: [{ ...SMALL.items[0]!, options }, ...SMALL.items.slice(1)] });
  const two: Option[] = [
    { code: 1, label: "A", position: 1 },
    { code: 2, label: "B", position: 2 },
  ];
  assert.doesNotThrow(odd(two));
  assert.throws(
    odd([two[0]!, { ...two[1]!, position: 1 }]),
    /Small: item 1, options: position 1 is/,
  );
  assert.throws(odd([two[0]!, { ...two[1]!, position: null }]), /1 of 2 options have a position/);
  assert.throws(
    odd([...two, { ...REFUSED, position: 3 }]),
    /code 9 is a refusal: it has no position/,
  );
  assert.throws(odd([two[0]!, { ...two[1]!, code: 1.5 }]), /code 1.5 is no whole number/);
});

Deno.test("orders turn and shuffle options item by item, refusals and don't-knows stay last", () => {
  const draw = (what: string, ...item: number[]) => seeded(what, 7, ...item);
  const all = (options: "printed" | "reversed" | "shuffled") =>
    orders(TOWN, { items: "shuffled", options }, draw);
  const [, street] = all("reversed").options as number[][];
  assert.deepEqual((all("printed").options as number[][])[1], [1, 2, 3, 8, 9]);
  assert.deepEqual(street, [3, 2, 1, 8, 9]);
  const shuffled = all("shuffled").options as number[][];
  assert.deepEqual(shuffled.map((own) => own.at(-1)), [9, 9, 9, 9, 9, 99]);
  assert.deepEqual(shuffled[5]!.toSorted((a, b) => a - b).slice(0, 3), [1, 2, 3]);
  assert.notDeepEqual(shuffled[5], (all("printed").options as number[][])[5]);
  // Drawn for each item: items with the same options have orders of their own.
  const twins = { ...TOWN, items: [5, 6].map((number) => ({ ...TOWN.items[5]!, number })) };
  const [one, other] = orders(
    { ...twins, items: twins.items.map((item, at) => ({ ...item, number: at + 1 })) },
    { items: "printed", options: "shuffled" },
    draw,
  ).options as number[][];
  assert.notDeepEqual(one, other);
  assert.deepEqual(
    orders(epqra, { items: "printed", options: "reversed" }, draw).options,
    [0, 1],
  );
});

Deno.test("a prompt shows options with each item, in the coding and the order asked for", () => {
  const shown = { ...printed(TOWN, "number"), block: [2, 4] };
  const values = administrationValues(TOWN, shown, {});
  const held = JSON.parse(values.items!);
  assert.deepEqual(Object.keys(held), ["2", "4"]);
  assert.deepEqual(held[2], {
    item: "Compared with five years ago, your street is now …",
    answers: {
      1: "Quieter",
      2: "About the same",
      3: "Noisier",
      8: "Don't know",
      9: "Prefer not to say",
    },
  });
  assert.deepEqual([values.count, values.options, values.codes, values.labels], [
    "2",
    "",
    "yes",
    "",
  ]);
  assert.equal(values.example, '  "2": "1",\n  "4": "5"');
  const reversed = orders(TOWN, { items: "printed", options: "reversed" }, () => seeded("none"));
  assert.match(
    itemsJson(TOWN, { ...reversed, coding: "letter", block: [2] }),
    /\{ "A": "Noisier", "B": "About the same", "C": "Quieter", "D": "Don't know", "E": "Prefer/,
  );
  assert.match(
    itemsJson(TOWN, { ...reversed, coding: "label", block: [1] }),
    /"answers": \["No", "Yes", "Prefer not to say"\]/,
  );
  assert.throws(
    () => checkCoding(TOWN, "true/false"),
    /"true\/false" is for answers 0, no, and 1, yes, and the items of Six questions about a town have/,
  );
  assert.throws(() => itemsJson(TOWN, { ...shown, block: [] }), /A call asks items 1 to 6/);
  assert.throws(() => itemsJson(TOWN, { ...shown, block: [7] }), /A call asks items 1 to 6/);
  const lacking = (shown.options as number[][]).map((own) => own.slice(1));
  assert.throws(
    () => itemsJson(TOWN, { ...shown, options: lacking }),
    /Item 1 of Six questions about a town is shown with each of its answers 1, 2, 9 once/,
  );
  assert.deepEqual(itemWords(TOWN, TOWN.items[0]!, "letter", [2, 1, 9]), {
    1: "B",
    2: "A",
    9: "C",
  });
  assert.deepEqual(answerWords(epqra, "letter", "en", [1, 0]), { 1: "A", 0: "B" });
});

Deno.test("the general prompt asks for a reason before or after each answer, or for none", () => {
  for (const version of ["general", "general-es", "general-de"]) {
    const user = (change: Partial<Presented>, instrument = TOWN) => {
      const shown = { ...printed(instrument, "number"), ...change };
      const messages = fillPrompt(
        shippedPrompt("administration", version),
        administrationValues(instrument, shown, { persona: "Ana keeps bees." }),
      );
      return messages[1]!.content;
    };
    const example = (text: string) => JSON.parse(text.match(/^\{$[\s\S]*?^\}$/gm)!.at(-1)!);
    assert.deepEqual(Object.keys(example(user({}))), ["1", "2", "explanation"]);
    assert.deepEqual(Object.keys(example(user({ reason: "none" }))), ["1", "2"]);
    assert.deepEqual(Object.keys(example(user({ reason: "before" }))[1]), ["reason", "answer"]);
    assert.deepEqual(Object.keys(example(user({ reason: "after" }))[1]), ["answer", "reason"]);
    assert.ok(!user({ reason: "before" }).includes("explanation"));
    // Each sentence that depends on something is there once.
    for (const text of [user({}), user({ coding: "label" }), user({}, epqra)]) {
      assert.deepEqual(text.match(/^\d\. ./gm)!.map((line) => line[0]), ["1", "2", "3", "4", "5"]);
      assert.ok(!/\{\{|\n\n\n/.test(text), text);
    }
  }
});

const READ: [string, unknown, Coding, number | null][] = [
  ["code", "2", "number", 2],
  ["code as a number", 2, "number", 2],
  ["code of no option", "4", "number", null],
  ["label", "About the same", "number", 2],
  ["label in another case, with marks", "about the SAME!", "label", 2],
  ["code and label", "2: About the same", "number", 2],
  ["code and another's label", "1: About the same", "number", null],
  ["label and code", "About the same (2)", "number", 2],
  ["a bare code where labels were shown", "2", "label", null],
  ["label without its apostrophe", "Dont know", "label", 8],
  ["refusal by code", "9", "number", 9],
  ["refusal by label", "prefer not to say", "label", 9],
  ["refusal in other words", "I'd rather not answer that.", "number", 9],
  ["refusal in another language", "Prefiero no contestar", "label", 9],
  ["don't know in other words", "I have no idea", "number", 8],
  ["sorry", "Sorry, but I don't want to talk about that", "label", 9],
  ["refusal and an answer", "I'd rather not say, but noisier", "label", null],
  ["prose", "It depends on the day", "number", null],
];

Deno.test("an item is read by code, label or what declines, by its own options", () => {
  for (const [what, answer, coding, meant] of READ) {
    const shown = printed(TOWN, coding);
    const found = sheet({ 1: "Yes", 2: answer, 3: "Somewhat" }, TOWN, shown);
    assert.deepEqual(found.answers, [1, meant, 3, null, null, null], what);
    const given = { ...found, items: shown.items };
    const [, own] = classes(TOWN, given);
    const expected = meant === null
      ? "unreadable"
      : meant === 9
      ? "refusal"
      : meant === 8
      ? "don't know"
      : "answer";
    assert.equal(own, expected, what);
    assert.equal(classes(TOWN, given)[3], "missing");
  }
  // Without such an option there is nothing that it could be.
  const found = sheet({ 1: "I have no idea", 3: "Somewhat" }, TOWN, printed(TOWN, "number"));
  assert.equal(classes(TOWN, { ...found, items: [1, 3] })[0], "unreadable");
  assert.deepEqual(classes(TOWN, { ...found, items: [1, 3] })[1], null);
  // Words of truth mean the options that say so.
  const no = printed(CIUDAD, "label");
  assert.deepEqual(sheet({ 1: "si" }, CIUDAD, no).answers[0], 1);
  assert.deepEqual(sheet({ 1: "Yes" }, CIUDAD, no).answers[0], 1);
  assert.deepEqual(sheet({ 1: false }, CIUDAD, no).answers[0], 2);
  assert.deepEqual(sheet({ 3: "NADA", 6: "septiembre." }, CIUDAD, no).answers, [
    null,
    null,
    1,
    null,
    null,
    9,
  ]);
});

Deno.test("letters are read by the order in which options were shown", () => {
  const shown: Presented = {
    ...orders(TOWN, { items: "printed", options: "reversed" }, () => seeded("none")),
    coding: "letter",
  };
  const read = (answer: unknown) => sheet({ 1: "C", 2: answer }, TOWN, shown).answers;
  assert.deepEqual(read("A").slice(0, 2), [9, 3]);
  assert.deepEqual(read("c)").slice(0, 2), [9, 1]);
  assert.deepEqual(read("B: About the same")[1], 2);
  assert.deepEqual(read("B: Noisier")[1], null);
  assert.deepEqual(read("Quieter")[1], 1);
  assert.deepEqual(read("1")[1], null);
  assert.deepEqual(read("H")[1], null);
  const turned = { ...printed(bfi44, "letter"), options: [5, 4, 3, 2, 1] };
  assert.deepEqual(sheet({ 1: "A", 2: "e" }, bfi44, turned).answers.slice(0, 2), [5, 1]);
});

Deno.test("what a prompt asks for is what a reply is read by, in each coding and order", () => {
  const random = seeded("read again");
  for (const instrument of [TOWN, CIUDAD, SMALL]) {
    for (const coding of ["number", "label", "letter"] as const) {
      for (const options of ["printed", "reversed", "shuffled"] as const) {
        const shown: Presented = {
          ...orders(instrument, { items: "shuffled", options }, () => random),
          coding,
        };
        const answers = instrument.items.map((item) => {
          const all = optionsOf(instrument, item);
          return all[random.int(all.length)]!.code;
        });
        const reply = Object.fromEntries(instrument.items.map((item, at) => {
          const own = (shown.options as number[][])[at]!;
          return [item.number, itemWords(instrument, item, coding, own)[answers[at]!]!];
        }));
        assert.deepEqual(sheet(reply, instrument, shown).answers, answers, `${coding} ${options}`);
      }
    }
  }
});

Deno.test("a block is read alone, with reasons beside its answers", () => {
  const block = (...block: number[]) => ({ ...printed(TOWN, "number"), block });
  const two = sheet(
    { 3: { reason: "They are kind.", answer: "3" }, 4: { reason: "No car.", answer: "2" } },
    TOWN,
    block(3, 4),
  );
  assert.deepEqual(two.answers, [null, null, 3, 2, null, null]);
  assert.deepEqual(two.reasons, [null, null, "They are kind.", "No car.", null, null]);
  assert.deepEqual(two.missing, []);
  // Of what was not asked nothing is taken.
  const more = sheet({ 3: "3", 4: "2", 5: "7" }, TOWN, block(3, 4));
  assert.deepEqual(more.answers, [null, null, 3, 2, null, null]);
  assert.deepEqual(more.flags, ["extra keys: 5"]);
  // One item may be answered without its number, or with nothing else.
  for (
    const reply of [
      { answer: "7", reason: "I like it." },
      { 5: "7", reason: "I like it." },
      { 5: { answer: "7", reason: "I like it." } },
      [{ item: 5, answer: "7", reason: "I like it." }],
    ]
  ) {
    const one = sheet(reply, TOWN, block(5));
    assert.deepEqual([one.answers[4], one.reasons?.[4]], [7, "I like it."], JSON.stringify(reply));
  }
  for (
    const [text, answer] of [["7", 7], ["Completely satisfied", 7], ["I'd rather not say.", 9]]
  ) {
    assert.equal(sheet(String(text), TOWN, block(5)).answers[4], answer);
  }
  const whole = sheetIn("I'd rather not say.", TOWN, "number", "en", printed(TOWN, "number").items);
  assert.ok("problem" in whole);
});

/** Twelve sheets of six respondents, asked under two wordings; items 1 (ordered) and 3 (not) of SMALL. */
function measured() {
  const codes: [number | null, number | null][] = [
    [1, 1],
    [2, 1],
    [3, 2],
    [9, 9],
    [2, null],
    [null, 2],
    [2, 2],
    [3, 2],
    [3, 2],
    [1, 1],
    [9, 1],
    [2, 2],
  ];
  const rows = codes.map(([one, three], at) => ({
    profile: at % 6 + 1,
    wording: at < 6 ? "a" : "b",
    "answer 1": one,
    "score 1": itemScore(SMALL, 1, one),
    "answer 3": three,
    "score 3": itemScore(SMALL, 3, three),
  }));
  const options = SMALL.items.flatMap((item) =>
    optionsOf(SMALL, item).map(({ code, label, role }) => ({
      item: item.number,
      code,
      label,
      role,
    }))
  );
  return {
    items: frame([{ item: 1, scale: "L" }, { item: 3, scale: null }], {
      item: "integer",
      scale: "text",
    }),
    options: frame(options, { item: "integer", code: "integer", label: "text", role: "text" }),
    sheets: frame(rows, {
      profile: "integer",
      wording: "text",
      "answer 1": "integer",
      "score 1": "integer",
      "answer 3": "integer",
      "score 3": "integer",
    }),
  };
}

Deno.test("shares() has a row for each option; among those asked refusals have a share", () => {
  const given = measured();
  const read = (among?: "asked") =>
    (shares(given, { of: 1, by: ["wording"], ...among && { among } })
      .toRecords() as Record<string, unknown>[]).filter(({ wording }) => wording === "a");
  // By hand: of six sheets one refuses, one is missing; 1, 2, 2 and 3 are left.
  assert.deepEqual(
    read().map((
      row,
    ) => [row.value, row.option, row.option_role, row.n, row.missing, row.refused, row.share]),
    [
      ["1", "Not at all", null, 4, 1, 1, 0.25],
      ["2", "A little", null, 4, 1, 1, 0.5],
      ["3", "Very much", null, 4, 1, 1, 0.25],
    ],
  );
  assert.deepEqual(
    read("asked").map((row) => [row.value, row.option_role, row.n, row.count, row.share]),
    [
      ["1", null, 6, 1, 1 / 6],
      ["2", null, 6, 2, 2 / 6],
      ["3", null, 6, 1, 1 / 6],
      ["9", "refusal", 6, 1, 1 / 6],
    ],
  );
  assert.throws(
    () => shares(given, { of: 1, among: "all" as "asked" }),
    /`among` is "answered" or "asked": got the string "all"/,
  );
});

Deno.test("scores() and compare() take single items with an order, and refuse the others", () => {
  const given = measured();
  const [a, b] = scores(given, SMALL, { items: [1], by: ["wording"] })
    .toRecords() as Record<string, unknown>[];
  // By hand: positions 0, 1, 1, 2 and 1, 2, 2, 0, 1.
  assert.deepEqual([a!.scale, a!.n, a!.missing, a!.mean], ["item 1", 4, 2, 1]);
  assert.deepEqual([b!.n, b!.missing, b!.mean], [5, 1, 1.2]);
  const unordered =
    /Item 3 of Small has options without an order, so that it has no mean: read shares\(/;
  assert.throws(() => scores(given, SMALL, { items: [3] }), unordered);
  const factor = { factor: "wording", against: "a", draws: 99 } as const;
  assert.throws(() => compare(given, { of: SMALL, items: [3], ...factor }), unordered);
  const compared = compare(given, { of: SMALL, items: [1], ...factor })
    .toRecords() as Record<string, unknown>[];
  // Pairs: respondents 1, 2 and 3, who answered both times: 0→1, 1→2, 2→2.
  assert.deepEqual(compared.map((row) => [row.scale, row.respondents]), [["item 1", 3]]);
  assert.ok(Math.abs(Number(compared[0]!.estimate) - 2 / 3) < 1e-12);
  const [red, blue] = compare(given, { of: 3, ...factor }).toRecords() as Record<string, unknown>[];
  // Respondents 1, 2, 3 and 6: red 1, 1, 0, 0 and then 0, 0, 0, 0.
  assert.deepEqual([red!.option, red!.respondents, red!.estimate], ["Red", 4, -0.5]);
  assert.deepEqual([blue!.option, blue!.estimate], ["Blue", 0.5]);
  assert.throws(() => scores(given, TOWN), /Six questions about a town has no scales: name items/);
});
