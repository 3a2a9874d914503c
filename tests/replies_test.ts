import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument, WORDS } from "lib/instruments.ts";
import { openReply } from "lib/llm.ts";
import { seeded } from "lib/random.ts";
import {
  type Coding,
  jsonIn,
  personaIn as read,
  schemaOf,
  type Sheet,
  sheetIn,
} from "lib/replies.ts";
import { truthWords, withoutAccents } from "lib/replies/words.ts";
import { forms, type Made, personaReply, reply } from "./replies_made.ts";

const json = JSON.stringify;

const personaIn = (text: string) => read(text, biography);

function sheet(
  text: string,
  instrument: Instrument = epqra,
  coding: Coding = "true/false",
  language?: string,
  order?: readonly number[],
): Sheet {
  const found = sheetIn(text, instrument, coding, language, order);
  if ("problem" in found) assert.fail(`no sheet: ${found.problem}`);
  return found;
}

function problem(found: object): string {
  assert.ok("problem" in found, `a value where there should be none: ${json(found)}`);
  return found.problem as string;
}

/** Answers as one digit each, - for none, up to the last that there is. */
const digits = ({ answers }: Sheet): string =>
  answers.map((answer) => answer ?? "-").join("").replace(/-+$/, "");

/** Every second answer True. */
const WHOLE = json({
  ...Object.fromEntries(epqra.items.map(({ number }) => [number, number % 2 ? "True" : "False"])),
  explanation: "So.",
});
const ALTERNATING = "10".repeat(12);

/** What became of a reply: `wrong` is what must never be. */
function outcome(made: Made, text = made.reply): string {
  const { intended, truth } = made;
  const found = sheetIn(text, made.instrument, made.coding, made.language, made.order);
  if ("problem" in found) return truth === "exact" || !found.problem ? "wrong" : "stored reason";
  const { answers, missing } = found;
  const right = answers.length === intended.length &&
    answers.every((answer, index) =>
      answer === intended[index] || (truth === "careful" && answer === null)
    );
  const said = truth !== "exact" || found.explanation === made.explanation;
  const counted = missing.every((number) => answers[number - 1] === null) &&
    missing.length === answers.filter((answer) => answer === null).length;
  if (!right || !said || !counted || truth === "none") return "wrong";
  return missing.length ? "partial sheet" : "whole sheet";
}

Deno.test("10,000 replies give the right sheet or a stored reason", () => {
  const counts: Record<string, Record<string, number>> = {};
  const wrong: string[] = [];
  for (let number = 0; number < 10_000; number++) {
    const made = reply(number);
    const became = outcome(made);
    if (became === "wrong") wrong.push(`${number} (${made.kind}): ${made.reply.slice(0, 1000)}`);
    const row = counts[made.class] ??= {};
    row[became] = (row[became] ?? 0) + 1;
  }
  console.log(json(counts));
  assert.deepEqual(wrong.slice(0, 3), []);
  const of = (kind: string, became: string) => counts[kind]?.[became] ?? 0;
  // Care must not be an excuse for reading nothing.
  assert.ok(of("valid", "whole sheet") > 3000 && of("valid", "partial sheet") > 500);
  assert.ok(of("nearly valid", "whole sheet") > 1400);
  assert.ok(of("nearly valid", "stored reason") < 300);
  assert.ok(of("hostile", "stored reason") > 2000);
});

Deno.test("a reply that is cut off, at whatever place, gives no wrong answer", () => {
  const wrong: string[] = [];
  let read = 0;
  for (const made of forms()) {
    for (let at = 0; at < made.reply.length; at++) {
      const became = outcome(made, made.reply.slice(0, at));
      if (became === "wrong") wrong.push(`${made.kind}: ${made.reply.slice(0, at)}`);
      if (became !== "stored reason") read++;
    }
  }
  assert.deepEqual(wrong.slice(0, 3), []);
  assert.ok(read > 8000);
});

Deno.test("replies of any size end in a reason or a sheet, soon", () => {
  const filled = (unit: string, length: number) =>
    unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
  const long = WHOLE.replace("So.", filled("say {[ ", 190_000));
  const units = [
    "<think>",
    "{</think>",
    "<think>[",
    "[",
    "{",
    "{[",
    '{"a":',
    '"',
    '\\"',
    "{a:b} ",
    "{\n",
    '{"1":"True",',
    '"1":4 ',
    " ",
  ];
  // A slow machine is slow with this as well: a walk over a million signs, in time of the processor.
  const yardstick = () => {
    const started = cpuUsage();
    let sum = 0;
    for (let at = 0; at < 1_000_000; at++) sum += long.charCodeAt(at % long.length);
    assert.ok(sum > 0);
    return cpuUsage(started).user;
  };
  const times = units.flatMap((unit) =>
    [19_000, 190_000, 1_048_576].map((length) => {
      const text = filled(unit, length);
      const before = yardstick(), started = cpuUsage();
      for (const hostile of [text, `{"1": "True"${text}x`, `${text}${WHOLE}`]) {
        const found = sheetIn(hostile, epqra, "true/false");
        assert.ok("problem" in found || /^1?$|^(10){12}$/.test(digits(found)), unit);
        personaIn(hostile);
      }
      const took = cpuUsage(started).user;
      return took / (before + yardstick());
    })
  );
  // Quadratic in such a length is a million of them.
  assert.ok(Math.max(...times) < 20_000, `slowest: ${Math.max(...times)} yardsticks`);
  assert.equal(digits(sheet(long)), ALTERNATING);
  assert.match(
    problem(sheetIn(filled("[", 1_048_576), epqra, "true/false")),
    /^a reply of 1,048,576 characters: at most 200,000 are read$/,
  );
});

Deno.test("true and false are understood in every language, with accents or without, in any case", () => {
  for (const language of Object.keys(WORDS)) {
    for (const [word, answer] of truthWords(language)) {
      const forms = [word, word.toUpperCase(), withoutAccents(word), ` ${word}.`, `"${word}"`];
      // The language of the instrument, and another one.
      for (const [form, expected] of forms.flatMap((form) => [[form, language], [form, "en"]])) {
        assert.equal(digits(sheet(json({ 1: form }), epqra, "true/false", expected)), `${answer}`);
      }
    }
  }
  assert.equal(digits(sheet('{"1":"Nepravda","2":"Pravda"}', epqra, "true/false", "sk")), "01");
});

Deno.test("no word of a language is the opposite in another", () => {
  const answers = new Map<string, number>();
  for (const [word, answer] of Object.keys(WORDS).flatMap(truthWords)) {
    const form = withoutAccents(word.toLowerCase());
    assert.equal(answers.get(form) ?? answer, answer, word);
    answers.set(form, answer);
  }
  assert.ok(answers.size > 25);
});

Deno.test("labels come before the words of any language", () => {
  const turned = { ...epqra, answers: { 0: "Yes", 1: "No" } };
  // With such labels nobody knows what true stands for.
  assert.equal(digits(sheet('{"1":"Yes","2":"No","3":true}', turned, "label")), "01");
  const likert = { ...bfi44, answers: { 1: "No", 2: "?", 3: "Yes", 4: "Very", 5: "very" } };
  const read = sheet('{"1":"no","2":"yes","3":"very","4":"True","5":"?"}', likert, "label");
  assert.equal(digits(read), "13--2");
  assert.ok(read.flags.includes("unreadable: 3, 4"));
});

const READ: [string, unknown, Coding, number | null][] = [
  ["a number", 4, "number", 4],
  ["a number as a string", "4", "number", 4],
  ["with a decimal", "4.0", "number", 4],
  ["in full width", "４", "number", 4],
  ["with its label", "4 - Agree a little", "number", 4],
  ["with its label behind a dot", "4. agree a little.", "number", 4],
  ["in brackets behind the label", "Agree a little (4)", "number", 4],
  ["a label", "AGREE A LITTLE", "number", 4],
  ["a label with odd spaces", "\u00a0Agree\u2003a little\u200b", "label", 4],
  ["a label beside its number", "4: Agree a little", "label", 4],
  ["another label's number", "5 - Agree a little", "number", null],
  ["a bare number where labels were shown", 4, "label", null],
  ["a bare number as text where labels were shown", "4", "label", null],
  ["a fraction", 4.5, "number", null],
  ["out of the range", 6, "number", null],
  ["below the range", "0", "number", null],
  ["a negative", "-4", "number", null],
  ["a range", "4-5", "number", null],
  ["a share of the highest", "4/5", "number", 4],
  ["the same in words", "4 out of 5", "number", 4],
  ["a share of another number", "4/7", "number", null],
  ["a share of less", "4/4", "number", null],
  ["a share above 1", "6/5", "number", null],
  ["a share where labels were shown", "4/5", "label", null],
  ["a boolean", true, "number", null],
  ["a word of truth", "yes", "number", null],
  ["half a label", "Agree", "number", null],
  ["a label and more", "Agree a little, or strongly", "number", null],
  ["nothing", "", "number", null],
  ["null", null, "number", null],
  ["a list of one", [4], "number", 4],
  ["a list of two", [4, 4], "number", null],
  ["an object with two answers", { answer: 4, response: 5 }, "number", null],
  ["a long text that begins with it", `4${".".repeat(300)}5`, "number", null],
];

Deno.test("an answer of the BFI is read when it means one thing", () => {
  for (const [name, answer, coding, expected] of READ) {
    const found = sheet(json({ 1: answer, 2: "Agree strongly" }), bfi44, coding);
    assert.equal(found.answers[0], expected, name);
  }
});

Deno.test("item numbers are found in every way to write them", () => {
  const keys = ["1", "02", "3.", "Q4", "item 5", "question_6", "Question 7:", "#8", "(9)", "１０"];
  const all = json(Object.fromEntries(keys.map((key) => [key, "True"])));
  assert.equal(digits(sheet(all)), "1".repeat(10));
  const none = { "1.5": "True", "-2": "True", "3a": "True", "E4": "True", "25": "True" };
  const found = sheet(json({ ...none, "6": "True" }));
  assert.equal(digits(found), "-----1");
  assert.deepEqual(
    found.flags,
    [
      "unreadable: ",
      "extra keys: 25, “1.5”, “-2”, 3a, E4",
    ].slice(1),
  );
});

const ORDER = epqra.items.map(({ number }) => number).reverse();

const ITEM = epqra.items[1]!.text;

const SHEETS: [string, string, string, RegExp | null][] = [
  ["fenced", "```json\n" + WHOLE + "\n```", ALTERNATING, null],
  ["prose with braces before", `{thinking} about {"it": 1}\n${WHOLE}`, ALTERNATING, null],
  ["sent as a string", json(WHOLE), ALTERNATING, null],
  ["single quotes", WHOLE.replaceAll('"', "'"), ALTERNATING, /^repaired$/],
  ["twice the same", WHOLE + WHOLE, ALTERNATING, null],
  ["an example before", `Like {"1":"False","2":"True"}: ${WHOLE}`, ALTERNATING, null],
  ["the items before", `{"1":"Does your mood go up and down?"}\n${WHOLE}`, ALTERNATING, null],
  ["a summary behind", `${WHOLE}\nIn short: {"1": "True"}`, ALTERNATING, null],
  ["under answers", '{"answers":{"1":"True","2":0},"explanation":"x"}', "10", null],
  ["answers as objects", '{"1":{"answer":"True","why":"x"},"2":{"Answer":"No"}}', "10", null],
  ["rows", '[{"question_number":2,"answer":"True"},{"item":"1","response":false}]', "01", null],
  ["rows by id", '[{"question_id":"Q2","choice":"True"},{"itemNo":1,"selected":"No"}]', "01", null],
  ["rows by their words", `[{"question":${json(ITEM)},"answer":"True","id":2}]`, "-1", null],
  [
    "rows whose words are another's",
    `[{"question":${json(ITEM)},"answer":"True","id":1},{"id":3,"answer":"No"}]`,
    "--0",
    null,
  ],
  [
    "two rows for an item",
    '[{"id":1,"answer":"True"},{"id":1,"answer":"No"},{"id":2,"answer":"No"}]',
    "-0",
    /^unreadable: 1$/,
  ],
  ["a score beside an answer", '[{"id":1,"answer":"True","score":0}]', "1", null],
  ["numbers with words", `{${json(`2. ${ITEM}`)}: "True", "1. A word": "True"}`, "-1", null],
  ["words alone", `{${json(ITEM)}: ["True"]}`, "-1", null],
  ["words of another item", `{${json(`3. ${ITEM}`)}: "True", "1": "No"}`, "0", null],
  ["a line per item", '{"1":"True"}\n{"2":"False"}', "10", null],
  ["an answer given twice", '{"1":"True","01":"yes","2":"No"}', "10", null],
  ["two answers to an item", '{"1":"True","1":"False","2":"No"}', "-0", /^unreadable: 1$/],
  ["an answer and nothing", '{"1":"True","Q1":"perhaps","2":"No"}', "-0", /^unreadable: 1$/],
  ["a prototype", '{"__proto__":{"x":1},"1":"True","2":"No"}', "10", null],
  ["an id and a value besides", '{"id":2,"value":1,"answers":{"1":"True","2":"No"}}', "10", null],
  ["the same, not nested", '{"1":"True","2":"No","id":2,"value":1}', "10", null],
  ["reasons by item", '{"1":"True","2":"No","why":{"1":"No","3":"Yes"}}', "10", null],
  ["cut off in an answer", '{"1":"True","2":"False","3":"Tr', "10", /^repaired, cut off, unrea/],
  ["cut off behind a number", '{"1":1,"2":0,"3":1', "10", /cut off, unreadable: 3/],
  ["cut off behind a word", '{"1":1,"2":0,"3":"True', "10", /cut off, unreadable: 3/],
  ["a bare label that goes on", "{1: Yes, 2: No, not at all, 3: No}", "1", /^repaired, cut off/],
  ["quotes in a text", '{"1":"True","2":"No","explanation":"I "do", so"}', "10", /^repaired/],
  ["all alike", '{"1":"True","2":"True"}', "11", /^all alike$/],
];

Deno.test("a sheet is found wherever it stands", () => {
  for (const [name, text, expected, flags] of SHEETS) {
    const found = sheet(text);
    assert.equal(digits(found), expected, name);
    if (flags) assert.match(found.flags.join(", "), flags, name);
    else assert.deepEqual(found.flags.filter((flag) => !flag.startsWith("extra keys")), [], name);
    assert.equal(({} as Record<string, unknown>).x, undefined);
  }
});

const NONE: [string, string, RegExp][] = [
  ["nothing", " \n", /^an empty reply$/],
  ["a refusal", "I'm sorry, I can't.", /^no JSON that can be read: “I'm sorry, I can't\.”$/],
  ["an error", '{"error":"no"}', /^no answers to EPQR-A: the JSON holds error$/],
  ["no object", "[]", /^no answers to EPQR-A: the JSON holds no item numbers$/],
  ["items that are not there", '{"25":"True"}', /^no answers to EPQR-A: the JSON holds 25$/],
  [
    "scores, where items are keyed",
    '[{"id":1,"score":1}]',
    /^no answers to EPQR-A: the JSON holds /,
  ],
  ["words that say nothing", '{"1":"Maybe"}', /^no answer can be read: item 1 is “Maybe”$/],
  [
    "numbered from 0",
    '{"0":"True","1":"False"}',
    /^item numbers from 0: EPQR-A has items 1 to 24$/,
  ],
  ["two sheets", WHOLE + WHOLE.replace("True", "False"), /^two different answer sheets/],
  ["an example, then half a sheet", '{"1":"True"}{"1":"False","2":"True"}', /^two different/],
  ["a sheet, then another answer", `${WHOLE} No: {"1":"False"}`, /^two different/],
  ["an example, then a cut", '{"1":"True","2":"No"} {"1": "Fa', /^the reply breaks off in another/],
  ["a list", json(ORDER.map(() => 1)), /a list of 24 values without item numbers, for 24 items$/],
  ["half a list", '["True","False"]', /a list of 2 values without item numbers, for 24 items$/],
];

/** What models put around their reasoning, by their chat templates. */
const REASONING: [opens: string, closes: string][] = [
  ["<think>", "</think>"],
  ["", "</think>"],
  ["<think>\n<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<THINK>", "</Think>"],
  ["<thought>", "</thought>"],
  ["<reasoning effort='high'>", "</reasoning>"],
  ["<thinking>Hm.<reflection>Not so.</reflection>", "</thinking>"],
  ["<internal_monologue>", "</internal_monologue>"],
  ["<seed:think>", "</seed:think>"],
  ["<longcat_think>", "</longcat_think>"],
  ["◁think▷", "◁/think▷"],
  ["[THINK]", "[/THINK]"],
  ["<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>\n<|begin_of_solution|>"],
  ["<|inner_prefix|>", "<|inner_suffix|>"],
  ["<|channel>thought\n", "<channel|>"],
  ["<|open|>think<|sep|>", "<|close|>think<|sep|><|open|>response<|sep|>"],
  ["<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"],
  [
    "<|channel|>commentary <|constrain|>json<|message|>",
    "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
  ],
  ["analysisWe need a sheet.", "assistantfinal"],
  ["Here is my thought process: ", "Here is my response: "],
];

Deno.test("what stands in the reasoning of a reply is never read", () => {
  const draft = WHOLE.replaceAll("True", "False");
  for (const [opens, closes] of REASONING) {
    const reasoned = `${opens}A draft: ${draft}. ${"{no} ".repeat(20)}${closes}`;
    assert.equal(digits(sheet(`${reasoned}\n${WHOLE}`)), ALTERNATING, opens);
    assert.match(problem(sheetIn(`${reasoned} No.`, epqra, "true/false")), /^no JSON .*No\.”$/);
    const nothing = problem(sheetIn(`${reasoned}\n`, epqra, "true/false"));
    assert.match(nothing, closes.endsWith("/think>") ? /^nothing behind/ : /^n/);
    if (opens === "") continue;
    const never = "the reasoning was never closed";
    assert.equal(problem(sheetIn(`${opens}${draft}`, epqra, "true/false")), never, opens);
    // A word of gpt-oss where a server drops its marks: only at the beginning.
    if (opens.startsWith("analysis")) continue;
    assert.equal(problem(sheetIn(`${WHOLE}\n${opens}`, epqra, "true/false")), never, opens);
  }
  // Twice, and one between the answers: the last counts.
  const twice = `<think>${draft}</think>${draft}<think>No.</think>${WHOLE}`;
  assert.equal(digits(sheet(twice)), ALTERNATING);
});

Deno.test("a mark of reasoning inside valid JSON or between backticks is a word like others", () => {
  for (
    const word of ["<think>", "</think>", "<think> and </think>", "[/THINK]", "assistantfinal"]
  ) {
    const ana = { ...ANA, description: `She writes ${word} in a novel` };
    const found = { value: ana, flags: [] };
    for (const form of [json(ana), `Here: ${json(ana)} So.`, `<think>x</think>${json(ana)}`]) {
      assert.deepEqual(personaIn(form), found, form);
    }
    assert.deepEqual(personaIn(`Without \`<think>\`: ${json(ana)}`), found);
    // Broken JSON may be anything: rather none than half of it.
    problem(personaIn(json(ana).replace('"age"', "age").replace('"name"', "name")));
  }
  // A draft whose text holds a closing mark does not end the reasoning.
  const draft = json({ ...ANA, name: "Draft", description: "She writes </think>" });
  problem(personaIn(`<think>${draft} or ${json({ ...ANA, name: "Draft 2" })}`));
});

interface Case {
  id: string;
  asked: "persona" | "sheet of 24" | "sheet of 44";
  body: unknown;
  right: string;
}

Deno.test("replies that came: what is right of each", async () => {
  const lines = await Deno.readTextFile(new URL("fixtures/replies.jsonl", import.meta.url));
  const right: Record<string, string | string[]> = {
    "draft-then-persona": [],
    "draft-fits-answer-has-extra-key": ["extra keys: education"],
    "draft-sheet-then-refusal":
      "no JSON that can be read: “I cannot answer this for somebody else.”",
    "draft-sheet-then-sheet": ALTERNATING,
    "lone-closing-tag": ALTERNATING,
    "never-closed": "the reasoning was never closed",
    "braces-in-reasoning": ALTERNATING,
    "wrapped": [],
    "listed": [],
    "capitals": [
      "renamed keys: Name, Age, Gender, “Sexual Orientation”, Race and 6 more",
    ],
    "age-in-words": ["age: “34 years old”"],
    ...Object.fromEntries(
      ["rows-with-score", "per-item-reason", "out-of-five"]
        .map((id) => [id, bfi44.items.map(({ number }) => number % 5 + 1).join("")]),
    ),
  };
  const cases: Case[] = lines.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(cases.map(({ id }) => id), Object.keys(right));
  for (const { id, asked, body } of cases) {
    const { text } = openReply("openai", json(body));
    const expected = right[id]!;
    if (asked === "persona") {
      const found = personaIn(text!);
      if ("problem" in found) assert.fail(`${id}: ${found.problem}`);
      assert.equal(found.value.name, "Ana 1", id);
      assert.equal(found.value.age, id === "age-in-words" ? 34 : 31);
      assert.deepEqual(found.flags, expected, id);
    } else {
      const [of, coding] = asked === "sheet of 24"
        ? [epqra, "true/false"] as const
        : [bfi44, "number"] as const;
      const found = sheetIn(text!, of, coding);
      assert.equal("problem" in found ? found.problem : digits(found), expected, id);
    }
  }
});

Deno.test("reasoning that a provider sends in a field of its own is not read", () => {
  const message = (message: object) => openReply("openai", json({ choices: [{ message }] }));
  for (const field of ["reasoning_content", "reasoning", "thinking"]) {
    assert.equal(message({ content: "So.", [field]: WHOLE }).text, "So.");
    assert.match(message({ content: null, [field]: WHOLE }).problem!, /^empty reply/);
  }
  for (const type of ["reasoning", "thinking", "reasoning_text"]) {
    const content = [{ type, text: WHOLE }, { type: "text", text: "So." }];
    assert.equal(message({ content }).text, "So.", type);
  }
  const parts = [{ reasoningContent: { reasoningText: { text: WHOLE } } }, { text: "So." }];
  const bedrock = { output: { message: { role: "assistant", content: parts } } };
  assert.equal(openReply("bedrock", json(bedrock)).text, "So.");
});

Deno.test("without a sheet there is a reason", () => {
  for (const [name, text, expected] of NONE) {
    assert.match(problem(sheetIn(text, epqra, "true/false")), expected, name);
  }
  const long = problem(sheetIn("x".repeat(190_000), epqra, "true/false"));
  assert.ok(long.length < 150);
});

Deno.test("a list of answers is read in the order in which the items were shown", () => {
  const list = json(ORDER.map((item) => (item <= 3 ? "True" : "False")));
  const found = sheet(list, epqra, "true/false", "en", ORDER);
  assert.equal(digits(found), "111" + "0".repeat(21));
  const short = sheetIn(json(ORDER.slice(1)), epqra, "true/false", "en", ORDER);
  assert.match(problem(short), /a list of 23 values/);
});

// By hand: 43 answers of 3 and one of 4: mean 3.0227, sum of squares 43·0.0227² + 0.9773² = 0.9773,
// sample SD √(0.9773 / 43) = 0.15; 22 of 3 and 22 of 4: √(44 · 0.25 / 43) = 0.506.
Deno.test("sheets that hardly vary are flagged, not refused", () => {
  const flags = (answer: (number: number) => number) =>
    sheet(
      json(Object.fromEntries(bfi44.items.map(({ number }) => [number, answer(number)]))),
      bfi44,
      "number",
    ).flags;
  assert.deepEqual(flags(() => 3), ["all alike", "low variance"]);
  assert.deepEqual(flags((number) => (number === 7 ? 4 : 3)), ["low variance"]);
  assert.deepEqual(flags((number) => (number <= 22 ? 4 : 3)), []);
});

Deno.test("NUL and halves of surrogate pairs never leave a reply", () => {
  const found = sheet('{"1":"True","explanation":"a\\u0000b\\ud800c\\udc00"}');
  assert.equal(found.explanation, "a\ufffdb\ufffdc\ufffd");
  const raw = sheet('{"1":"True","explanation":"a\0b\ud800c"}');
  assert.equal(raw.explanation, "a\ufffdb\ufffdc");
  assert.doesNotMatch(
    problem(sheetIn("\0\ud800", epqra, "true/false")),
    /\0|\ud800(?![\udc00-\udfff])/,
  );
});

Deno.test("jsonIn() gives the one value of a reply", () => {
  assert.deepEqual(jsonIn('Sure: {"a": [1, {"b": null}]} done'), {
    value: { a: [1, { b: null }] },
    repaired: false,
  });
  assert.deepEqual(jsonIn("42"), { value: 42, repaired: false });
  assert.deepEqual(jsonIn("```\n{a: 'b',}\n```"), { value: { a: "b" }, repaired: true });
  assert.deepEqual(jsonIn('{"a":1} {"a":1}'), { value: { a: 1 }, repaired: false });
  assert.match(problem(jsonIn('{"a":1} {"a":2}')), /^different JSON values in the reply$/);
  assert.match(problem(jsonIn('{"a":1,"a":2}')), /^“a” stands twice, with different values$/);
  assert.match(problem(jsonIn('{"a":1,"b":{"c":')), /^the reply breaks off inside its JSON$/);
  assert.match(problem(jsonIn('{"a":1} {"b":')), /^the reply breaks off behind its JSON$/);
  assert.match(problem(jsonIn("[".repeat(50) + "]".repeat(50))), / no JSON/);
});

const ANA = {
  name: " Ana Žitná",
  age: 34,
  gender: "female",
  sexual_orientation: "straight",
  race: "White",
  ethnicity: "Slovak",
  religious_belief: "none",
  occupation: "nurse, night shift",
  political_orientation: "centre",
  location: "Nitra",
  description: 'Ana likes {braces}, "quotes" and\nline breaks: 🙂.',
};

Deno.test("a persona is read as written", () => {
  const texts = [
    json(ANA),
    json(ANA, null, 2),
    "Here she is:\n```json\n" + json(ANA, null, 2) + "\n```\nEnjoy!",
    json(json(ANA)),
    `${json(ANA)}\n${json(ANA)}`,
    `\ufeff${json(ANA)}`,
    `{"note": "a persona"} ${json(ANA)}`,
    `The form is {"name": "…", "age": 0}. ${json(ANA)}`,
    json({ persona: ANA }),
    json([ANA]),
    json({ result: { personas: [ANA] }, note: "x" }),
    json([ANA, ANA]),
  ];
  for (const text of texts) assert.deepEqual(personaIn(text), { value: ANA, flags: [] }, text);
});

Deno.test("what is mended in a persona is flagged", () => {
  const camel = Object.fromEntries(
    Object.entries(ANA).map((
      [key, value],
    ) => [key.replace(/_(.)/, (_, a) => a.toUpperCase()), value]),
  );
  const renamed = "sexualOrientation, religiousBelief, politicalOrientation";
  const cases: [string, string[]][] = [
    [json(ANA).replace(/}$/, ",}"), ["repaired"]],
    [json(ANA).replace(',"gender"', ' "gender"'), ["repaired"]],
    [json({ ...ANA, hobby: "chess", "a b": {} }), ["extra keys: hobby, “a b”"]],
    [json(camel), [`renamed keys: ${renamed}`]],
    [json(ANA).replace('"age"', '"AGE"'), ["renamed keys: AGE"]],
    [json(ANA).replace('"age"', '"__proto__":{"age":1},"age"'), ["extra keys: __proto__"]],
    ...["34", " 34 ", "34 years old", "34-year-old", "34 y/o", "aged 34", "34 años", "34 yrs."].map(
      (age): [string, string[]] => [json({ ...ANA, age }), [`age: “${age.trim()}”`]],
    ),
    [json([{ persona: { ...camel, age: "34", x: 1 } }]), [
      `renamed keys: ${renamed}`,
      "extra keys: x",
      "age: “34”",
    ]],
  ];
  for (const [text, flags] of cases) assert.deepEqual(personaIn(text), { value: ANA, flags }, text);
});

Deno.test("a persona that does not fit gives the reason, fit to be sent back", () => {
  const { age: _, race: __, ...without } = ANA;
  const cases: [unknown, string][] = [
    [without, "age is missing; race is missing"],
    [{ ...ANA, age: "thirty" }, "age must be a whole number from 0 to 120, but is “thirty”"],
    [{ ...ANA, age: 34.5 }, "age must be a whole number from 0 to 120, but is 34.5"],
    [{ ...ANA, age: 121 }, "age must be a whole number from 0 to 120, but is 121"],
    [{ ...ANA, age: "" }, "age must be a whole number from 0 to 120, but is “”"],
    ...["34-35", "34 months", "about 34", "mid 30s", "34 or 35", "34.5", "340 years old"].map((
      age,
    ): [unknown, string] => [{ ...ANA, age }, "age must be a whole number from 0 to 120, but is "]),
    [{ ...ANA, race: " \n" }, "race must be a text that is not empty, but is “”"],
    [{ ...ANA, race: null }, "race must be a text that is not empty, but is null"],
    [
      { ...ANA, race: ["White"] },
      "race must be a text that is not empty, but is a list or an object",
    ],
    [{ persona: without }, "age is missing; race is missing"],
    [{ ...ANA, Age: 35 }, "“age” stands twice, with different values"],
    [[ANA, { ...ANA, age: 35 }], "two different personas in the reply"],
    [{ ...ANA, second: { ...ANA, name: "B" } }, "two different personas in the reply"],
    [{ name: "B", persona: ANA }, "two different personas in the reply"],
    [[1], "not a JSON object: “[1]”"],
    [{ error: "no" }, "name is missing; age is missing; "],
    ["Ana", "no JSON that can be read: “Ana”"],
  ];
  for (const [value, expected] of cases) {
    assert.ok(problem(personaIn(json(value))).startsWith(expected), json(value));
  }
  assert.equal(
    problem(personaIn(`${json(ANA)}${json({ ...ANA, age: 35 })}`)),
    "two different personas in the reply",
  );
  assert.match(
    problem(personaIn(json(ANA).replace('"age"', '"age":5,"age"'))),
    /“age” stands twice/,
  );
  // Half a persona behind a whole one, or a broken one, may be what was meant.
  for (const behind of [json({ age: 35 }), json({ ...ANA, age: "?" }), "{name: 'B', age: 5}"]) {
    const two = problem(personaIn(`Draft: ${json(ANA)} Final: ${behind}`));
    assert.equal(two, "two different personas in the reply", behind);
  }
});

Deno.test("3,000 replies give the right persona or a reason, and never a draft", () => {
  const wrong: string[] = [];
  const read: Record<string, number> = {};
  for (let number = 0; number < 3000; number++) {
    const { kind, reply, intended } = personaReply(number, ANA);
    const found = personaIn(reply);
    const right = "problem" in found
      ? intended === null && found.problem !== ""
      : intended !== null && json(found.value) === json(intended);
    if (!right) wrong.push(`${number} (${kind}): ${reply}`);
    if (!("problem" in found)) read[kind] = (read[kind] ?? 0) + 1;
  }
  assert.deepEqual(wrong.slice(0, 3), []);
  assert.ok(Object.keys(read).length === 5 && Object.values(read).every((n) => n > 150));
});

Deno.test("a persona that is cut off or battered is whole or none", () => {
  const whole = json(ANA, null, 1);
  for (let at = 0; at < whole.length; at++) problem(personaIn(whole.slice(0, at)));
  let read = 0;
  for (let number = 0; number < 3000; number++) {
    const random = seeded("personas", number);
    // Anything may be struck: what then counts as a persona has every field, and no field more.
    const signs = whole.split("");
    for (let blow = random.int(3); blow >= 0; blow--) {
      const sign = [..."{}[]\",:'\\x1 \0", "\ud800", "```", ""][random.int(15)]!;
      signs.splice(random.int(signs.length), random.int(2), sign);
    }
    const found = personaIn(signs.join(""));
    if ("problem" in found) assert.ok(found.problem.length > 0 && found.problem.length < 1500);
    else {
      read++;
      assert.ok(schemaOf(biography).safeParse(found.value).success);
      assert.doesNotMatch(Object.values(found.value).join(), /\0/);
      assert.ok(Object.values(found.value).every((text) => String(text).isWellFormed()));
    }
  }
  assert.ok(read > 300 && read < 2900);
});
