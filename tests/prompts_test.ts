import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { biography } from "lib/paper/biography.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Coding, type Instrument, WORDS } from "lib/instruments.ts";
import {
  administrationValues,
  answerWords,
  changes,
  editPrompt,
  fillPrompt,
  itemsJson,
  type Message,
  personaValues,
  places,
  type Presented,
  profileTable,
  type Prompt,
  prompts,
  published,
  shippedPrompt,
  tokens,
} from "lib/prompts.ts";
import { seeded } from "lib/random.ts";
import { sheetIn } from "lib/replies.ts";

const shown = (instrument: Instrument, coding: Coding): Presented => ({
  items: instrument.items.map(({ number }) => number),
  options: Object.keys(instrument.answers).map(Number),
  coding,
});
const ANSWERS = epqra.items.map(({ number }) => Number(number % 3 > 0));
const PERSONA = { name: "Ana", description: "Ana keeps bees." };

/** The two messages of a prompt. */
function sent(prompt: Prompt, values: Record<string, string>): { system: string; user: string } {
  const [system, user, ...more] = fillPrompt(prompt, values);
  assert.deepEqual([system?.role, user?.role, more], ["system", "user", []]);
  return { system: system!.content, user: user!.content };
}

/** A whole persona prompt, so that a test says only what it is about. */
const made = (system: string, user: string): Prompt =>
  editPrompt(shippedPrompt("persona", "1"), { system, user });

// A changed text is another prompt: give its file the next number and add the hash here.
Deno.test("the text of a version never changes", () => {
  const hashes = prompts().map(({ purpose, version, hash }) => [`${purpose} ${version}`, hash]);
  assert.deepEqual(Object.fromEntries(hashes), {
    "administration 1": "01b958989f91cd36988708905ee96d36e9ca87cbfe1b953581fc6e1f390f74e7",
    "administration 1-es": "8695dd3711dfb3c9955c6086ec74418b4d6da251a3646a3d9aaec716a6b730b8",
    "administration general": "31079b08001521fd681f282ee8d9ef8b4ae863581f6cc8c865fa5cefb6e33e94",
    "administration general-de": "c8c6b11a935085b4ff9d588d51794cae773d5cc6f58009cc39656334126af2e7",
    "administration general-es": "0272d0a7f9710eb3fd7f2d54250a179a3feaea4448858a9f7ff52a1693683bb3",
    "persona 1": "4635e9474f29150dd0a4fa4fca01e6276170e90250023268ab0775483510c532",
    "persona form-1": "5409928a5657c6eb05cd4465b5c9456a8928f43868d348b79526475950069f90",
    "persona attributes-1": "50ea243aebb74b40d45decf7841a464a7cbfe4f05bb1157496263a6e154e2eb4",
  });
});

Deno.test("the hash covers purpose, system and user, and nothing else", () => {
  const one = shippedPrompt("persona", "1");
  assert.notEqual(editPrompt(one, { system: `${one.system} ` }).hash, one.hash);
  assert.notEqual(editPrompt(one, { user: `${one.user} ` }).hash, one.hash);
  assert.notEqual(editPrompt(one, { system: one.user, user: one.system }).hash, one.hash);
  assert.notEqual(editPrompt({ ...one, purpose: "administration" }, {}).hash, one.hash);
  assert.equal(editPrompt(one, { note: "mine", language: "es" }).hash, one.hash);
});

Deno.test("the newest numbered version is the default, and unknown ones are refused by name", () => {
  const known = prompts("administration").map(({ version }) => version);
  assert.ok(known.includes("1-es"));
  assert.match(shippedPrompt("administration").version, /^\d+$/);
  assert.equal(shippedPrompt("administration", "1-es").language, "es");
  assert.throws(
    () => shippedPrompt("administration", "99"),
    new RegExp(`No administration prompt has version "99": there are ${known.join(", ")}`),
  );
  for (const { note, purpose } of prompts()) {
    assert.ok(note.length > 100, `${purpose} says nothing about where it comes from`);
    assert.doesNotMatch(note, /deno-fmt/);
  }
});

Deno.test("an edited prompt names what it came from and its text", () => {
  const one = shippedPrompt("persona", "1");
  const first = editPrompt(one, { user: `${one.user}\nBe brief.` });
  assert.equal(first.version, `1+${first.hash.slice(0, 8)}`);
  const second = editPrompt(first, { system: `${one.system}\nBe kind.` });
  assert.equal(second.version, `1+${second.hash.slice(0, 8)}`);
  assert.notEqual(second.version, first.version);
  // Back to the file's text: the file's version.
  assert.equal(editPrompt(second, { system: one.system, user: one.user }).version, "1");
  assert.equal(editPrompt(first, {}).version, first.version);
});

Deno.test("the persona prompt says JSON, shows schema and profile, and gives no hint of its own", () => {
  const { system, user } = sent(
    shippedPrompt("persona", "1"),
    personaValues(epqra, ANSWERS, biography),
  );
  assert.match(system, /JSON/); // OpenAI's JSON mode refuses a request without the word
  const schema = JSON.parse(system.slice(system.indexOf("{")));
  assert.deepEqual(Object.keys(schema), [
    "name",
    "age",
    "gender",
    "sexual_orientation",
    "race",
    "ethnicity",
    "religious_belief",
    "occupation",
    "political_orientation",
    "location",
    "description",
  ]);
  assert.equal(schema.age, "integer");
  assert.match(user, /\nquestion,answer\nDoes your mood often go up and down\?,True\n/);
  assert.match(user, /\nDo you always practice what you preach\?,False\n/);
  assert.doesNotMatch(system + user, /Spanish|Spain|English|\{\{/);
});

Deno.test("the administration prompt serves every instrument and coding, with valid JSON", () => {
  for (const version of ["1", "1-es"]) {
    for (
      const [instrument, coding] of [
        [epqra, "true/false"],
        [epqra, "yes/no"],
        [epqra, "number"],
        [epqra, "label"],
        [bfi44, "number"],
        [bfi44, "label"],
      ] as const
    ) {
      const presented = shown(instrument, coding);
      const values = administrationValues(instrument, presented, PERSONA);
      const { system, user } = sent(shippedPrompt("administration", version), values);
      assert.ok(system.endsWith("Ana keeps bees."));
      assert.equal(user.includes("I see myself as someone who …"), instrument === bfi44);
      const objects = user.match(/^\{$[\s\S]*?^\}$/gm)!.map((text) => JSON.parse(text));
      assert.equal(objects.length, 2);
      const [items, example] = objects;
      assert.deepEqual(
        items,
        Object.fromEntries(instrument.items.map(({ number, text }) => [number, text])),
      );
      const words = answerWords(instrument, coding);
      const { explanation, ...answers } = example;
      assert.ok(explanation.length > 0);
      assert.deepEqual(answers, {
        1: words[instrument.lowest],
        2: words[instrument.highest],
      });
    }
  }
});

Deno.test("items, options and example stand in the order presented", () => {
  const presented: Presented = {
    items: seeded("order").shuffled(epqra.items.map(({ number }) => number)),
    options: [1, 0],
    coding: "true/false",
  };
  const { items, options, example } = administrationValues(epqra, presented, PERSONA);
  const numbers = [...items!.matchAll(/^ {2}"(\d+)": "/gm)].map((match) => Number(match[1]));
  assert.deepEqual(numbers, presented.items);
  assert.notDeepEqual(numbers, numbers.toSorted((a, b) => a - b));
  assert.equal(options, '- "True"\n- "False"');
  const [first, second] = presented.items;
  assert.equal(example, `  "${first}": "True",\n  "${second}": "False"`);
  const turned = administrationValues(bfi44, {
    ...shown(bfi44, "number"),
    options: [5, 4, 3, 2, 1],
  }, PERSONA);
  assert.match(turned.options!, /^- "5": Agree strongly\n- "4": Agree a little\n/);
});

Deno.test("items of any text make valid JSON", () => {
  const random = seeded("hostile items");
  const pieces = [
    '"',
    "\\",
    "\n",
    "\r",
    "\t",
    "\u0000",
    "\u2028",
    "\ud800",
    "}",
    "{{items}}",
    "é",
    "'",
  ];
  for (let round = 0; round < 300; round++) {
    const items = epqra.items.map((item) => ({
      ...item,
      text: Array.from({ length: random.int(8) }, () => pieces[random.int(pieces.length)]).join(""),
    }));
    const presented = shown(epqra, "number");
    const read = JSON.parse(itemsJson({ ...epqra, items }, {
      ...presented,
      items: random.shuffled(presented.items),
    }));
    items.forEach(({ number, text }) => assert.equal(read[number], text));
  }
});

Deno.test("a presentation that leaves out, doubles or invents is refused", () => {
  const presented = shown(epqra, "number");
  const values = (change: Partial<Presented>) => () =>
    administrationValues(epqra, { ...presented, ...change }, PERSONA);
  const each = /EPQR-A is shown with each of its items 1 to 24 once/;
  assert.throws(values({ items: presented.items.slice(1) }), each);
  assert.throws(values({ items: [...presented.items.slice(1), 2] }), each);
  assert.throws(values({ items: [...presented.items.slice(1), 25] }), each);
  const answers = /EPQR-A is shown with each of its answers 0, 1 once: current value is/;
  assert.throws(values({ options: [1] }), answers);
  assert.throws(values({ options: [1, 1] }), answers);
});

Deno.test("answers have the words of their coding and language", () => {
  assert.deepEqual(answerWords(epqra, "true/false", "sk"), { 0: "False", 1: "True" });
  assert.deepEqual(answerWords(epqra, "yes/no"), { 0: "No", 1: "Yes" });
  assert.deepEqual(answerWords({ ...epqra, language: "es" }, "yes/no"), { 0: "No", 1: "Sí" });
  assert.deepEqual(answerWords(epqra, "yes/no", "cs"), { 0: "Ne", 1: "Ano" });
  assert.deepEqual(answerWords(epqra, "number"), { 0: "0", 1: "1" });
  assert.equal(answerWords(bfi44, "label")[3], "Neither agree nor disagree");
  assert.throws(() => answerWords(epqra, "yes/no", "eu"), /known in en, de, .*"eu"/);
  assert.throws(
    () => answerWords(bfi44, "true/false"),
    /"true\/false" is for answers 0, no, and 1, yes, and those of BFI-44 are 1 Disagree strongly, 2/,
  );
  const turned = { ...epqra, answers: { 0: "Sí", 1: "No" } };
  assert.throws(() => answerWords(turned, "yes/no"), /those of EPQR-A are 0 Sí, 1 No: use coding/);
  assert.match(profileTable(turned, ANSWERS).legend, /as a number: 0 Sí, 1 No/);
  const unlabelled = { ...bfi44, answers: { 1: "never", 5: "always" } };
  assert.throws(() => answerWords(unlabelled, "label"), /BFI-44 has no label of its own for each/);
  const alike = { ...epqra, answers: { 0: "Yes", 1: "Yes" } };
  assert.throws(() => answerWords(alike, "label"), /EPQR-A has no label of its own for each/);
});

Deno.test("what a prompt asks for is what a reply is read by", () => {
  const languages = Object.entries(WORDS);
  for (const [language, { yesNo }] of languages) {
    const instrument = { ...epqra, language, answers: { 0: yesNo[0], 1: yesNo[1] } };
    for (const coding of ["true/false", "yes/no", "number", "label"] as const) {
      const words = answerWords(instrument, coding);
      const reply = JSON.stringify(
        Object.fromEntries(instrument.items.map(({ number }, i) => [number, words[ANSWERS[i]!]])),
      );
      const sheet = sheetIn(reply, instrument, coding);
      assert.deepEqual("answers" in sheet && sheet.answers, ANSWERS, `${language} ${coding}`);
    }
  }
  const schema = JSON.parse(personaValues(epqra, ANSWERS, biography).schema!);
  assert.deepEqual(Object.keys(schema), biography.fields.map(({ name }) => name));
});

Deno.test("profiles are CSV with quotes only where they are needed", () => {
  const three = {
    ...bfi44,
    items: ["plain", "a, b", 'say "no"', "two\nlines"].map((text, index) => ({
      ...bfi44.items[index]!,
      text,
    })),
  };
  const { legend, table } = profileTable(three, [1, 2, 3, 5]);
  assert.equal(table, 'question,answer\nplain,1\n"a, b",2\n"say ""no""",3\n"two\nlines",5');
  assert.match(legend, /“I see myself as someone who …”\n- answer: .*1 Disagree strongly, 2 Dis/);
  assert.equal(profileTable(epqra, ANSWERS).table.split("\n").length, 25);
  assert.match(profileTable(epqra, ANSWERS).legend, /True for yes and False for no/);
  assert.throws(() => profileTable(epqra, [1]), /EPQR-A has 24 items: got 1 answers/);
  assert.throws(
    () => profileTable(epqra, ANSWERS.map((answer, index) => (index === 4 ? 2 : answer))),
    /Item 5 of EPQR-A takes whole answers from 0 to 1: current value is 2/,
  );
});

Deno.test("values are inserted as they are", () => {
  const hostile = "{{table}} $& $1 <row.name> {{#x}}";
  const { system, user } = sent(made("A {{name}}, <row.name>", "{{ table }}"), {
    name: hostile,
    table: "T",
  });
  assert.equal(system, `A ${hostile}, ${hostile}`);
  assert.equal(user, "T");
});

Deno.test("a part in {{#name}}…{{/name}} is left out where the value is empty", () => {
  const one = made("S", "{{table}}{{#preamble}}, after {{preamble}}{{/preamble}}.");
  assert.equal(sent(one, { table: "T", preamble: "P" }).user, "T, after P.");
  assert.equal(sent(one, { table: "T", preamble: "" }).user, "T.");
  assert.deepEqual(places(one), ["table", "preamble"]);
  const open = made("S", "{{table}}{{#preamble}} after");
  assert.throws(
    () => fillPrompt(open, { table: "T", preamble: "" }),
    /has \{\{#preamble\}\} without its other half/,
  );
});

Deno.test("a place that nothing fills, or a prompt without its data, is refused", () => {
  const values = personaValues(epqra, ANSWERS, biography);
  assert.throws(
    () => fillPrompt(made("{{nmae}}", "{{table}} {{a-b}}"), values),
    /has \{\{nmae\}\}, \{\{a-b\}\}, which nothing fills: the known places are .*\{\{table\}\}/,
  );
  assert.throws(() => fillPrompt(made("{{constructor}}", "{{table}}"), values), /constructor/);
  assert.throws(() => fillPrompt(made("S", "{{legend}}"), values), /lacks \{\{table\}\}/);
});

Deno.test("an empty part is not sent", () => {
  const messages: Message[] = fillPrompt(made("", "{{table}}"), { table: "T" });
  assert.deepEqual(messages, [{ role: "user", content: "T" }]);
});

Deno.test("the published template is filled in its own notation, with our instructions", () => {
  const template = published("Be <row.name>, aged <row.age>:\n<row.description> ");
  assert.equal(template.version, "published");
  assert.equal(template.user, shippedPrompt("administration", "1").user);
  const values = administrationValues(epqra, shown(epqra, "true/false"), { ...PERSONA, age: "41" });
  assert.equal(sent(template, values).system, "Be Ana, aged 41:\nAna keeps bees. ");
  assert.throws(
    () => fillPrompt(published("<row.shoe_size>"), values),
    /prompt published has \{\{shoe_size\}\}, which nothing fills: .*\{\{description\}\}/,
  );
  assert.throws(() => published(" \n"), /no system_role/);
});

Deno.test("changes put together are the texts before and after", () => {
  const before = shippedPrompt("administration", "1");
  const after = editPrompt(before, { user: before.user.replace("Please", "Kindly") });
  const found = changes(before, after);
  const text = (part: string, ...kinds: string[]) =>
    found.filter((one) => one.part === part && kinds.includes(one.kind))
      .map(({ text }) => text).join("");
  for (const part of ["system", "user"] as const) {
    assert.equal(text(part, "same", "removed"), before[part]);
    assert.equal(text(part, "same", "added"), after[part]);
  }
  assert.equal(text("user", "added"), "Kindly");
  assert.equal(text("user", "removed"), "Please");
  assert.equal(text("system", "added", "removed"), "");
});

// OpenAI Cookbook, "How to count tokens with tiktoken": o200k_base.
Deno.test("tokens are counted as tiktoken does, and special tokens as text", () => {
  assert.equal(tokens("antidisestablishmentarianism"), 6);
  assert.equal(tokens("2 + 2 = 4"), 7);
  assert.equal(tokens("お誕生日おめでとう"), 8);
  assert.ok(tokens("<|endoftext|>") > 1);
});

Deno.test("tokens of hostile text are counted in little time", () => {
  assert.equal(tokens(""), 0);
  assert.ok(tokens("a\ud800b\u0000") > 0);
  const start = cpuUsage();
  const long = tokens("a".repeat(200_000));
  assert.ok(long > 20_000 && long < 30_000, `${long}`);
  assert.ok(tokens(" ".repeat(200_000)) > 0);
  assert.ok(cpuUsage(start).user < 5_000_000);
});
