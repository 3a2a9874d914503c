import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "lib/conditions.ts";
import { ROOT } from "lib/config.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { type Instrument, score } from "lib/instruments.ts";
import { instrumentFrom, populationFrom } from "lib/study.ts";
import { Folder } from "./made.ts";

const FIXTURES = join(ROOT, "tests", "fixtures", "instruments");
const ORDER = readFileSync(join(FIXTURES, "order.csv"), "utf8");
const SPANISH = JSON.parse(readFileSync(join(FIXTURES, "epqra-es.json"), "utf8"));

/** What `read` makes of a file with this content, or the lines of its error below the first. */
function of<T>(
  name: string,
  content: string | Uint8Array,
  read: (path: string) => T,
): T | string[] {
  using folder = new Folder();
  const path = join(folder.path, name);
  writeFileSync(path, content);
  try {
    return read(path);
  } catch (error) {
    const [first, ...problems] = (error as Error).message.split("\n");
    assert.equal(first, `${path} cannot be used:`);
    return problems.map((problem) => problem.replace(/^- /, ""));
  }
}

const problemsOf = (entry: unknown): string[] => {
  const text = typeof entry === "string" ? entry : JSON.stringify(entry);
  const found = of("own.json", text, instrumentFrom);
  assert.ok(Array.isArray(found), "no problem found");
  return found;
};

Deno.test("the EPQR-A in Spanish is keyed as in English", () => {
  const spanish = instrumentFrom(join(FIXTURES, "epqra-es.json"));
  const { text: _, ...first } = spanish.items[0]!;
  assert.deepEqual(first, { number: 1, scale: "N", keyed: 1, reverse: false });
  const keys = ({ items }: Instrument) => items.map(({ text: _, ...item }) => item);
  assert.deepEqual(keys(spanish), keys(epqra));
  assert.deepEqual([spanish.language, spanish.answers, spanish.scales], [
    "es",
    { 0: "No", 1: "Sí" },
    ["E", "N", "P", "L"],
  ]);
});

// By hand: 3 as it is, 1 reversed (3) = mean 3; 2 and 1 reversed (3) = mean 2.5.
Deno.test("an instrument in CSV is read, whatever wrote the file", () => {
  const plain = instrumentFrom(join(FIXTURES, "order.csv"));
  assert.deepEqual(plain.answers, { 1: "nie", 2: "manchmal, selten", 3: "immer" });
  assert.deepEqual([plain.preamble, plain.lowest, plain.highest], ["Ich …", 1, 3]);
  assert.deepEqual(plain.scales, ["Tidy", "Plan"]);
  assert.deepEqual(plain.items.map(({ text, reverse }) => [text, reverse]), [
    ["räume auf", false],
    ["lasse, was ich habe, liegen", true],
    ["plane den Tag", false],
    ['vergesse "fast" alles', true],
  ]);
  assert.deepEqual(score(plain, [3, 1, 2, 1]).map(({ score }) => score), [3, 2.5]);

  const [facts, table] = [ORDER.split("\n").slice(0, 9), ORDER.split("\n").slice(9)];
  const excel = [
    ...facts.map((fact) => fact.includes(";") ? `"${fact}";;;;` : `${fact};;;;`),
    ...table.map((line) => line.replace(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/g, ";")),
    "",
    ";;;;",
  ].join("\r\n");
  assert.deepEqual(of("own.csv", `\ufeff${excel}`, instrumentFrom), plain);
  const shuffled = [...facts, table[0], table[4], table[2], table[1], table[3]].join("\n");
  assert.deepEqual(of("own.CSV", `${shuffled}\n# scales: no fact`, instrumentFrom), [
    'row 15, number must be a whole number: current value is "# scales: no fact"',
    'row 15, text must not be empty: current value is ""',
  ]);
  assert.deepEqual(of("own.csv", shuffled, instrumentFrom), plain);
  const turned = [...facts, "# scales: Plan; Tidy", ...table].join("\n");
  assert.deepEqual((of("own.csv", turned, instrumentFrom) as Instrument).scales, ["Plan", "Tidy"]);
});

Deno.test("what is wrong in an instrument is told all at once: where and what", () => {
  const items = SPANISH.items as object[];
  const changed = (at: number, change: object) => items.with(at, { ...items[at], ...change });
  assert.deepEqual(problemsOf({ ...SPANISH, items: changed(2, { keyed: 2 }) }), [
    "item 3, keyed: answers go from 0 to 1: current value is 2",
  ]);
  assert.deepEqual(problemsOf({ ...SPANISH, items: changed(2, { reverse: true }) }), [
    "item 3: it is keyed or reverse, not both",
  ]);
  assert.deepEqual(problemsOf({ ...SPANISH, items: changed(2, { keyed: undefined }) }), [
    "item 3, keyed is missing: 23 of the 24 items have it",
  ]);
  assert.deepEqual(problemsOf({ ...SPANISH, items: changed(2, { number: 4 }) }), [
    "24 items must be numbered from 1 to 24, each number once: 3 is missing",
    "item 4, number: 4 is there twice",
  ]);
  assert.deepEqual(problemsOf({ ...SPANISH, items: changed(2, { scale: "X", scael: 1 }) }), [
    "item 3, scael: unknown; there are number, text, scale, keyed, reverse, options, ordered",
  ]);
  assert.deepEqual(problemsOf({ ...SPANISH, scales: ["E", "N", "N", "P", "Q"] }).slice(-2), [
    'scales: "N" is there twice',
    'scales: no item belongs to "Q"',
  ]);
  assert.deepEqual(
    problemsOf({
      ...SPANISH,
      name: "Mein Test",
      title: " ",
      language: "xx",
      lowest: "0",
      answers: { a: "No" },
      scoredAs: "median",
      source: undefined,
      langauge: "es",
      items: [{ number: 1.5, text: null, scale: "E" }],
    }),
    [
      "name must be of a–z, 0–9, - and _, begin with a letter, and have at most 40 characters: " +
      'current value is "Mein Test"',
      'title must not be empty: current value is " "',
      'language must be an ISO 639-1 code in lower case, such as en or es: current value is "xx"',
      'lowest must be a whole number: current value is "0"',
      'answers, a must have whole numbers as keys: current value is "No"',
      'scoredAs must be sum or mean: current value is "median"',
      "source is missing",
      "item in place 1, number must be a whole number: current value is 1.5",
      "item in place 1, text must be a text: current value is null",
      "langauge: unknown; there are name, title, language, preamble, lowest, highest, answers, " +
      "scoredAs, scales, source, items",
    ],
  );
  assert.deepEqual(problemsOf({ ...SPANISH, lowest: 1 }), ["lowest (1) must be below highest (1)"]);
  assert.deepEqual(problemsOf({ ...SPANISH, answers: { 0: "No", 1: "No", 2: "Sí" } }), [
    'answers, 1: "No" is 0 too',
    "answers, 2: answers go from 0 to 1",
  ]);
  const all = problemsOf({ ...SPANISH, items: items.map(() => ({ number: 1 })) });
  assert.deepEqual([all.length, all.at(-1)], [11, "and 14 more"]);
});

Deno.test("a file that is none says so", () => {
  assert.match(problemsOf("{")[0]!, /^it is no JSON: /);
  assert.match(problemsOf("[]")[0]!, /^the file must be an object: current value is \[\]$/);
  assert.match(problemsOf("null")[0]!, /^the file must be an object/);
  const bytes = Uint8Array.of(0x6e, 0xe4, 0x0a);
  assert.match(
    (of("own.csv", bytes, instrumentFrom) as string[])[0]!,
    /^it is not UTF-8: save it as/,
  );
  assert.deepEqual(of("own.csv", "\n ;;\n# a: b\n", instrumentFrom), ["it is empty"]);
  assert.throws(
    () => instrumentFrom("nowhere.json"),
    /nowhere.json cannot be used:\n- there is no/,
  );
  assert.match((of("own.csv", 'a,b\n"1,2\n', instrumentFrom) as string[])[0]!, /^it is no CSV: /);
  const comma = ORDER.replace('"lasse, was ich habe, liegen"', "lasse, was ich habe, liegen");
  assert.deepEqual(of("own.csv", comma, instrumentFrom), [
    'row 12 has more cells than the header: put texts with "," in quotes',
  ]);
});

Deno.test("a table of a user's is read as far as its cells are clear, and refused by its line", () => {
  const items = (...rows: string[]) =>
    of("own.csv", ORDER.split("\n").slice(0, 10).concat(rows).join("\n"), instrumentFrom);
  const rows = [
    '1, "räume, auf" ,Tidy',
    '2,sagt "gern" ja,Tidy,,true',
    '3,"plane',
    'den Tag",Plan,,',
    '4,"vergesse ""fast"" alles",Plan,,true',
  ];
  const { items: read } = items(...rows) as Instrument;
  assert.deepEqual(read.map(({ text, reverse }) => [text, reverse]), [
    ["räume, auf", false],
    ['sagt "gern" ja', true],
    ["plane\nden Tag", false],
    ['vergesse "fast" alles', true],
  ]);
  const [open] = items(...rows.slice(0, 3), "4,x,Plan,,") as string[];
  assert.match(open!, /^it is no CSV: Quote Not Closed.* line 14$/);
  const [behind] = items(...rows.slice(0, 2), '3,"plane" den Tag,Plan,,') as string[];
  assert.match(behind!, /^it is no CSV: Invalid Closing Quote.* line 13$/);
  // A spreadsheet counts a cell of two lines as one row.
  assert.deepEqual(items(...rows.slice(0, 4), "4,x,Plan,,,more"), [
    'row 14 has more cells than the header: put texts with "," in quotes',
  ]);
});

const HEAD = `personality_id,age,${epqra.items.map(({ number }) => number).join(",")}`;
const row = (id: string, answer: (item: number) => string): string =>
  [id, "34", ...epqra.items.map(({ number }) => answer(number))].join(",");

const WAYS: [name: string, head: string, no: string, yes: string][] = [
  ["numbers", HEAD, "0", "1"],
  ["True and False", HEAD, "False", "True"],
  ["upper case and spaces", HEAD, " FALSE ", "TRUE"],
  ["Yes and No", HEAD.replace("personality_id", "ID"), "No", "yes"],
  ["columns q1 …", HEAD.replace(/(?<=,)\d+/g, "q$&"), "0", "1"],
  ["columns item 1 …", HEAD.replace(/(?<=,)\d+/g, '"item $&"'), "0.0", "1.0"],
];

Deno.test("profiles are read in every way to write an answer", () => {
  const expected = [7, 2].map((id) => ({
    id,
    answers: epqra.items.map(({ number }) => Number(number % id === 0)),
    values: { age: 34 },
  }));
  const read = (path: string) => populationFrom(path, { instrument: epqra }).profiles;
  for (const [name, head, no, yes] of WAYS) {
    const lines = [7, 2].map((id) => row(`${id}`, (item) => (item % id === 0 ? yes : no)));
    const text = [head, ...lines].join("\n");
    assert.deepEqual(of("own.csv", text, read), expected, name);
    const excel = `\ufeff${text.replaceAll(",", ";").replaceAll("\n", "\r\n")}\r\n;;\r\n`;
    assert.deepEqual(of("own.csv", excel, read), expected, `${name}, Excel`);
  }
  const turned = [7, 2].map((id) => row(`${id}`, (item) => (25 - item) % id === 0 ? "1" : "0"));
  const numbers = epqra.items.map(({ number }) => 25 - number).join(",");
  assert.deepEqual(of("own.csv", [`id,age,${numbers}`, ...turned].join("\n"), read), expected);
});

Deno.test("profiles in Spanish and of the BFI are read by their own words", () => {
  const spanish = instrumentFrom(join(FIXTURES, "epqra-es.json"));
  const text = [HEAD, row("1", (item) => (item === 3 ? "sí" : "Falso"))].join("\n");
  const [profile] = of(
    "own.csv",
    text,
    (path) => populationFrom(path, { instrument: spanish }).profiles,
  ) as Profile[];
  assert.deepEqual(profile!.answers.flatMap((answer, at) => answer ? [at + 1] : []), [3]);
  const bfi = `id,${bfi44.items.map(({ number }) => number).join(",")}\n9,${
    bfi44.items.map(({ number }) => number % 5 + 1).with(0, "Agree strongly" as never).join(",")
  }`;
  const [other] = of(
    "own.csv",
    bfi,
    (path) => populationFrom(path, { instrument: bfi44 }).profiles,
  ) as Profile[];
  assert.deepEqual(other!.answers.slice(0, 6), [5, 3, 4, 5, 1, 2]);
});

Deno.test("every cell of a profile that is wrong is told", () => {
  const read = (path: string) => populationFrom(path, { instrument: epqra }).profiles;
  const problems = (...lines: string[]) => of("own.csv", lines.join("\n"), read);
  const good = row("1", () => "1");
  assert.deepEqual(
    problems(
      HEAD,
      good,
      row("1", () => "0"),
      row("x", (item) => (item === 5 ? "maybe" : item === 24 ? "" : "No")),
      "",
      row("", (item) => (item === 1 ? "2" : "0")),
      row("99999999999", () => "0"),
    ),
    [
      "row 3: id 1 is in row 2 already",
      'row 4, column personality_id: "x" is not a whole number from 0 to 2147483647: ids are all such numbers, or all words',
      'row 4, column 5: "maybe" is no answer to EPQR-A',
      "row 4, column 24: empty",
      "row 6, column personality_id: empty",
      'row 6, column 1: "2" is no answer to EPQR-A',
      'row 7, column personality_id: "99999999999" is not a whole number from 0 to 2147483647: ids are all such numbers, or all words',
    ],
  );
  const many = problems(HEAD, row("1", () => "?"), row("2", () => "?")) as string[];
  assert.deepEqual([many.length, many.at(-1)], [11, "and 38 more"]);
  assert.deepEqual(problems(HEAD.replace(",24", ",25"), good), [
    "column 25: EPQR-A has items 1 to 24",
    "no column for 1 item of EPQR-A: 24",
  ]);
  assert.deepEqual(problems(HEAD.replace(",24", ",q23"), good), [
    "columns 23 and q23 are one item: leave one",
    "no column for 1 item of EPQR-A: 24",
  ]);
  assert.deepEqual(problems(HEAD.replace(",24", ",23"), good), ["column 23 stands there twice"]);
  assert.deepEqual(problems(HEAD.replace("age", "id"), good), [
    "both personality_id and id are there: leave one",
  ]);
  assert.deepEqual(problems(HEAD), ["no row below the header"]);
  assert.match(
    (problems(HEAD, `${good},1`) as string[])[0]!,
    /^row 2 has more cells than the header/,
  );
});

const FACTS_1_5 = `# name: own
# title: Own
# language: en
# lowest: 1
# highest: 5
# answers: 1 = Never; 2 = Seldom; 3 = At times; 4 = Often; 5 = Always
# scoredAs: mean
# source: made for this test`;
const likert = (rows: string[], facts = FACTS_1_5, head = "number,text,scale,keyed,reverse") =>
  of("own.csv", [facts, head, ...rows].join("\n"), instrumentFrom);
const keyedBy = (...keys: string[]) =>
  likert(keys.map((key, at) => `${at + 1},Item ${at + 1},E,${key},`)) as string[];

Deno.test("keys that are directions are refused, with what to write instead", () => {
  const told =
    /keyed is the answer that scores a point; where every answer counts, leave keyed empty and write true under reverse/;
  for (const keys of [["1", "1", "1"], ["5", "5"], ["1"], ["yes", "yes"], ["1.0", "1,0"]]) {
    const problems = keyedBy(...keys.map((key) => `"${key}"`));
    assert.equal(problems.length, 1, keys.join());
    assert.match(problems[0]!, told);
    assert.match(problems[0]!, /^keyed is [15] in \d of \d items, with answers from 1 to 5/);
  }
  for (const keys of [["1", "-1"], ["-1", "-1"]]) {
    assert.match(keyedBy(...keys)[0]!, /^keyed is -1.* these look like directions: keyed is/);
  }
  for (const sign of ["+", "-", "\u2212", "±1", "+1", "\u22121"]) {
    const problems = keyedBy(sign, sign);
    assert.equal(problems.length, 2, sign);
    assert.match(problems[0]!, told);
    assert.match(problems[0]!, /^row 10, keyed: ".*" is a direction/);
  }
  const items = (...keys: unknown[]) => keys.map((keyed, at) => ({ ...SPANISH.items[at], keyed }));
  assert.match(problemsOf({ ...SPANISH, items: items("+", "-") })[0]!, told);
  assert.match(problemsOf({ ...SPANISH, items: items(1, -1) })[0]!, told);
  const [zeros] = problemsOf({ ...SPANISH, highest: 3, items: items(1, 0, 1) });
  assert.match(zeros!, /^keyed is 0 or 1 in 3 of 3 items, with answers from 0 to 3: .* reverse/);
  // A test of knowledge has its keys all over, and a list of symptoms with two answers one key.
  assert.ok(!Array.isArray(keyedBy("1", "4", "2")));
  assert.ok(
    !Array.isArray(
      of(
        "own.json",
        JSON.stringify({ ...SPANISH, scales: null, items: items(1, 1, 1) }),
        instrumentFrom,
      ),
    ),
  );
});

/** What spreadsheets make of a file with commas, all of one content. */
const SAVED: [name: string, save: (text: string) => string | Uint8Array][] = [
  ["sep=;", (text) => `sep=;\r\n${semicolons(text)}`],
  ["byte order mark and sep=;", (text) => `\ufeffSEP=;\r\n${semicolons(text)}`],
  ["quoted sep=;", (text) => `"sep=;";;;;\n${semicolons(text)}`],
  ["sep=,", (text) => `sep=,\n${text}`],
  ["sep= with a tab", (text) => `sep=\t\n${semicolons(text).replaceAll(";", "\t")}`],
  ["UTF-16, little end", (text) => utf16(semicolons(text).replaceAll(";", "\t"), true)],
  ["UTF-16, big end", (text) => utf16(text, false)],
  ["old Mac line ends", (text) => text.replaceAll("\n", "\r")],
  ["empty columns and rows behind", (text) => `${text.replaceAll("\n", ",,,\n")},,,\n,,,,\n,,\n`],
];
const semicolons = (text: string) =>
  text.split("\n").map((line) => line.startsWith("#") ? line : line.replaceAll(",", ";")).join(
    "\n",
  );
function utf16(text: string, little: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length + 2));
  [..."\ufeff" + text].forEach((char, at) => view.setUint16(2 * at, char.charCodeAt(0), little));
  return new Uint8Array(view.buffer);
}

Deno.test("an instrument is read as spreadsheets save it, heads in any case", () => {
  const rows = ["1,Is merry,E,,", "2,Is quiet,E,,true"];
  const facts = FACTS_1_5.replace(/# answers.*\n/, "# answers: 1 = no\n");
  const plain = likert(rows, facts) as Instrument;
  assert.deepEqual(plain.items.map(({ reverse }) => reverse), [false, true]);
  const text = [facts, "number,text,scale,keyed,reverse", ...rows].join("\n");
  for (const [name, save] of SAVED) {
    assert.deepEqual(of("own.csv", save(text), instrumentFrom), plain, name);
  }
  const loud = facts.replace("scoredAs", "Scored as").replace("title", "TITLE");
  assert.deepEqual(likert(rows, loud, "NUMBER, Text ,Scale,KEYED,Reverse"), plain);
  assert.deepEqual(likert(['"1",Is merry,E,,', '"2.0",Is quiet,E,,"TRUE"'], facts), plain);
  assert.deepEqual(of("own.tsv", text.replaceAll(",", "\t"), instrumentFrom), plain);
  assert.deepEqual(likert(rows, `${facts}\n# Title: again`), ["line # title stands there twice"]);
  assert.deepEqual(likert(rows, facts, "number,text,scale,keyed,Number"), [
    "column number stands there twice",
  ]);
});

Deno.test("what is no text, or none that is read, is said rightly", () => {
  const said = (content: string | Uint8Array) =>
    (of("own.csv", content, instrumentFrom) as string[]).join();
  assert.match(said("sep=|\na|b"), /^row 1: sep=\|: columns are separated by commas, semi/);
  assert.match(said(Uint8Array.of(0x50, 0x4b, 3, 4, 0)), /^it is a workbook or a zip.*CSV UTF-8/);
  assert.match(said(utf16("number,text", true).subarray(2)), /^it is UTF-16 without a byte order/);
  assert.match(said("a,b\n1,x\0y\nmore,text"), /^row 2 holds a NUL character/);
  assert.match(said(Uint8Array.of(0xff, 0xfe, 0x41)), /^its UTF-16 is damaged/);
  for (const wrong of [undefined, 3, {}, ""]) {
    assert.throws(() => instrumentFrom(wrong as string), /instrumentFrom takes the path of a file/);
    assert.throws(
      () => populationFrom(wrong as string, { instrument: epqra }),
      /A population is the path of a CSV, or a list of rows/,
    );
  }
  const path = join(ROOT, "tests", "fixtures", "people.csv");
  assert.throws(
    () => populationFrom(path, { instrument: "epqra" as unknown as Instrument }),
    /instrument is what profiles answer: got "epqra"/,
  );
  assert.throws(
    () => score(epqra, "1" as unknown as number[]),
    /score takes the answers to EPQR-A/,
  );
});

Deno.test("respondents are known by whole numbers, however they were saved", () => {
  const read = (path: string) => populationFrom(path, { instrument: epqra }).profiles;
  const zeros = { id: 7, answers: epqra.items.map(() => 0), values: { age: 34 } };
  const body = [HEAD, row("7", () => "0")].join("\n");
  for (const [name, save] of SAVED) {
    assert.deepEqual(of("own.csv", save(body), read), [zeros], name);
  }
  for (const id of ["7.0", "7.00", '"7"', '"7,0"', "007"]) {
    assert.deepEqual(of("own.csv", [HEAD, row(id, () => '"0,0"')].join("\n"), read), [zeros], id);
  }
  const loud = HEAD.replace("personality_id", "Personality ID").replace(/(?<=,)\d+/g, "Q $&");
  assert.deepEqual(of("own.csv", [loud, row("7", () => "0")].join("\n"), read), [zeros]);
  assert.deepEqual(of("own.csv", [body, row("7.0", () => "0")].join("\n"), read), [
    "row 3: id 7 is in row 2 already",
  ]);
  for (const id of ["7.5", "1.000", "-7", "7e0"]) {
    const [problem] = of("own.csv", [HEAD, row(id, () => "0")].join("\n"), read) as string[];
    assert.match(problem!, /is not a whole number from 0 to 2147483647/, id);
  }
});
