/**
 * The original's files: made here in its layouts, read, and written again. What `python` prints is what
 * json.dump(indent=4, ensure_ascii=False) does.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { columnOf } from "lib/columns.ts";
import { optionsOf } from "lib/instruments.ts";
import {
  answersIn,
  fieldsOf,
  instrumentOf,
  metaStatsFrom,
  metaStatsOf,
  opinionsFrom,
  opinionsOf,
  personaFrom,
  personasIn,
  personasOf,
  personaText,
  populationOf,
  questionsFrom,
  questionsText,
  resultsIn,
  writePersonas,
  writeResults,
} from "lib/opinions/original.ts";
import { CENSUS, designFrom, draw } from "lib/opinions/sample.ts";
import { administrations, openStudy, populationFrom } from "lib/study.ts";
import { model } from "lib/llm.ts";
import { Folder } from "./made.ts";
import { each } from "./near.ts";

/** A float, which Python prints with a point. */
class Float {
  constructor(readonly value: number) {}
}
type Value =
  | string
  | number
  | boolean
  | null
  | Float
  | Value[]
  | [string, Value][]
  | Map<string, Value>;

/** json.dump() of Python, of dicts as maps: their order is that of the keys, whatever they are. */
function python(value: Value, indent = ""): string {
  const inner = `${indent}    `;
  const block = (open: string, parts: string[], close: string) =>
    parts.length
      ? `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`
      : open + close;
  if (value instanceof Float) {
    return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  }
  if (value instanceof Map) {
    return block(
      "{",
      [...value].map(([key, one]) => `${JSON.stringify(key)}: ${python(one, inner)}`),
      "}",
    );
  }
  if (Array.isArray(value)) return block("[", value.map((one) => python(one as Value, inner)), "]");
  return JSON.stringify(value);
}
const dict = (of: Record<string, Value>): Map<string, Value> => new Map(Object.entries(of));

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** All files below a folder, by their place in it. */
function filesOf(folder: string): Record<string, string> {
  const walk = (path: string): string[] =>
    readdirSync(path).flatMap((name) => {
      const own = join(path, name);
      return statSync(own).isDirectory() ? walk(own) : [own];
    });
  return Object.fromEntries(
    walk(folder).toSorted().map((path) => [relative(folder, path), readFileSync(path, "utf8")]),
  );
}

const META = dict({ AGE: "35-44", SEX: "Female", RACE: "Asian", STATE: "OR" });
const FORM = '{\n  "AGE": "41",\n  "SEX": "Female",\n  "LABOR FORCE STATUS": "In Labor Force"\n}';
const SUBJECTIVE =
  '{"AGE": 41, "BIG_FIVE_SCORES": {"OPENNESS": 7, "NEUROTICISM": "low"}, "IDEOLOGY": "Moderate"}';
const PROSE = "Mei lives in Salem with her two sons. “We manage”, she says: {not JSON}.";
const persona = (raw: Value) => python(dict({ PERSONA: raw }));

const PERSONAS: Record<string, string> = {
  // Numbers have gaps, and 10 follows 2.
  "OR/meta_persona/persona_0.json": persona(META),
  "OR/meta_persona/persona_2.json": persona(META),
  "OR/meta_persona/persona_10.json": persona(
    dict({ AGE: "85+", SEX: "Male", RACE: "White", STATE: "OR" }),
  ),
  "Llama/OR/objective_table_persona/persona_0.json": persona(FORM),
  "Llama/OR/objective_table_persona/persona_2.json": persona(`\`\`\`json\n${FORM}\n\`\`\``),
  "Llama/OR/subjective_table_persona/persona_2.json": persona(SUBJECTIVE),
  "Llama/WY/descriptive_persona/persona_999.json": persona(PROSE),
  "Qwen/WY/descriptive_persona/persona_999.json": python(
    dict({ persona: "Ana, 41.\tNew\nline ü" }),
  ),
  "Qwen/WY/vanilla/persona_1.json": python(META),
};

/** Questions with a gap between their numbers, two options of one wording, and numbers for words. */
const CONTEXT = python(dict({
  topic_1: dict({
    question_id: "path",
    topic: "Which path should the town take?",
    candidates: dict({
      A: dict({ stance: "Build the road" }),
      B: dict({ stance: "Leave the meadow" }),
    }),
  }),
  topic_3: dict({
    question_id: "hours",
    topic: "How long?",
    question: "In hours a day.",
    candidates: dict({
      A: dict({ stance: "10", position: 3 }),
      B: dict({ stance: "2", position: 1 }),
      C: dict({ stance: "5", position: 2 }),
      D: dict({ stance: "Refused" }),
    }),
    domain: "leisure",
    ordered: true,
    direction: "last",
    reference: null,
    note: "kept",
  }),
  topic_7: dict({
    question_id: "same",
    topic: "Same words?",
    candidates: dict({
      A: dict({ stance: "Yes" }),
      B: dict({ stance: "Yes" }),
      C: dict({ stance: "No" }),
    }),
    ordered: false,
    direction: null,
  }),
}));

const opinion = (id: string, persona: Value, decision: string, choice: string, reason = "") =>
  dict({ id, persona, reason, decision, choice });
const counted = (topic: string, opinions: Value[], counts: [string, number, number][]) =>
  python(dict({
    topic,
    opinions,
    counts: new Map(counts.map(([text, n]) => [text, n])),
    percentage: new Map(counts.map(([text, , share]) => [text, new Float(share)])),
  }));

const PATH = counted("Which path should the town take?", [
  opinion("00", META, "A", "Build the road", "because it saves time"),
  opinion("01", META, "(", "Invalid/Abstain"),
], [["Build the road", 1, 50], ["Invalid/Abstain", 1, 50], ["Leave the meadow", 0, 0]]);
const HOURS = counted("How long?", [
  opinion("00", FORM, "B", "2"),
  opinion("02", FORM, "B", "2"),
  opinion("999", PROSE, "A", "10"),
], [["2", 2, 66.67], ["10", 1, 33.33], ["5", 0, 0], ["Refused", 0, 0]]);
const SAME = counted("Same words?", [
  opinion("00", META, "B", "Yes"),
  opinion("01", META, "C", "No"),
  opinion("100", META, "A", "Yes"),
], [["Yes", 2, 66.67], ["No", 1, 33.33]]);

const models = (of: Record<string, [string, string, string, string, string]>) =>
  dict(Object.fromEntries(
    Object.entries(of).map(([key, [author, type, simulator, state, file]]) => {
      // From the text: an object would sort options whose words are numbers.
      const [, inner] = /"counts": (\{[\s\S]*?\}),/.exec(file)!,
        [, shares] = /"percentage": (\{[\s\S]*?\})/.exec(file)!;
      const pairs = (text: string) =>
        [...text.matchAll(/"([^"]*)": ([\d.]+)/g)].map(([, key, n]) => [key!, n!] as const);
      return [
        key,
        dict({
          model_info: dict({
            persona_model: author,
            persona_type: type,
            simulation_model: simulator,
          }),
          states: dict({
            [state]: dict({
              counts: new Map(pairs(inner!).map(([key, n]) => [key, Number(n)])),
              percentage: new Map(pairs(shares!).map(([key, n]) => [key, new Float(Number(n))])),
            }),
          }),
        }),
      ];
    }),
  ));
const stats = (text: string, of: Map<string, Value>) =>
  dict({ question_id: text, Topic: text, models: of });

const RESULTS: Record<string, string> = {
  "Town/context.json": CONTEXT,
  "Town/Sim_Llama/P_Qwen/WY-FASTFalse/descriptive_persona/topic_3_opinions.json": HOURS,
  "Town/Sim_Llama/P_meta/OR-FASTTrue/meta_persona/topic_1_opinions.json": PATH,
  "Town/Sim_Llama/P_meta/OR-FASTTrue/meta_persona/topic_7_opinions.json": SAME,
  "Town/meta_stats.json": python(dict({
    topic_3: stats(
      "How long?",
      models({
        Qwen_descriptive_persona_Llama: ["Qwen", "descriptive_persona", "Llama", "WY", HOURS],
      }),
    ),
    topic_1: stats(
      "Which path should the town take?",
      models({
        meta_meta_persona_Llama: ["meta", "meta_persona", "Llama", "OR", PATH],
      }),
    ),
    topic_7: stats(
      "Same words?",
      models({
        meta_meta_persona_Llama: ["meta", "meta_persona", "Llama", "OR", SAME],
      }),
    ),
  })),
};

Deno.test("personas of all types come in whole and go out equal", () => {
  using from = new Folder(), to = new Folder();
  write(from.path, PERSONAS);
  const personas = personasIn(from.path);
  assert.deepEqual(
    personas.map(({ author, stratum, type, index }) => [author, stratum, type, index].join("/")),
    [
      "Llama/OR/objective_table_persona/0",
      "Llama/OR/objective_table_persona/2",
      "Llama/OR/subjective_table_persona/2",
      "Llama/WY/descriptive_persona/999",
      "/OR/meta_persona/0",
      "/OR/meta_persona/2",
      "/OR/meta_persona/10",
      "Qwen/WY/descriptive_persona/999",
      "Qwen/WY/vanilla/1",
    ],
  );
  // Fences are no part of the fields, and of the text they stay.
  assert.deepEqual(fieldsOf(personas[1]!), fieldsOf(personas[0]!));
  assert.equal(fieldsOf(personas[1]!)!["LABOR FORCE STATUS"], "In Labor Force");
  assert.match(personas[1]!.raw as string, /^```json\n/);
  assert.equal(fieldsOf(personas[3]!), null);
  assert.equal(personas[3]!.raw, PROSE);
  assert.deepEqual(personas.slice(-2).map(({ key }) => key), ["persona", null]);
  writePersonas(to.path, personas);
  assert.deepEqual(filesOf(to.path), filesOf(from.path));
  // One author for all, where the folders above are none.
  assert.equal(personasIn(join(from.path, "Llama"), "Llama-3")[0]!.author, "Llama-3");
  assert.equal(personasIn(join(from.path, "Llama"))[0]!.author, null);
});

Deno.test("personas become a population, and people of tables become personas", () => {
  using folder = new Folder();
  write(folder.path, PERSONAS);
  const people = populationOf(personasIn(folder.path), "town");
  assert.equal(people.profiles.length, 9);
  const all = [...people.profiles];
  const [first] = all, prose = all[3]!.values!;
  assert.deepEqual([first!.stratum, first!.values!.AGE, first!.values!.LABOR_FORCE_STATUS], [
    "OR",
    "41",
    "In Labor Force",
  ]);
  assert.deepEqual([prose.text, prose.AGE, prose.id], [
    PROSE,
    null,
    "WY/descriptive_persona/Llama/999",
  ]);
  assert.equal(all[2]!.values!.BIG_FIVE_SCORES, '{"OPENNESS":7,"NEUROTICISM":"low"}');
  const drawn = draw(designFrom(join(CENSUS, "us-2018.json")), { each: 3, strata: ["OR", "WY"] });
  const made = personasOf(drawn.population, {
    AGE: "age",
    SEX: "sex",
    RACE: "race",
    STATE: "stratum",
    CAREER: "occupation",
  });
  assert.deepEqual(made.map(({ stratum, index }) => `${stratum}${index}`), [
    ..."OR0 OR1 OR2 WY0 WY1 WY2".split(" "),
  ]);
  const raw = made[4]!.raw as Record<string, string>;
  assert.deepEqual([Object.keys(raw), raw.STATE], [
    ["AGE", "SEX", "RACE", "STATE", "CAREER"],
    "WY",
  ]);
  const of = [...drawn.population.profiles][4]!.values!;
  assert.equal(raw.CAREER === "Not applicable", of.occupation === "not_applicable");
  assert.ok(!/_nh/.test(raw.RACE!), raw.RACE);
  assert.throws(
    () => personasOf(drawn.population, { AGE: "years" }),
    /AGE is to be years, which is no/,
  );
});

Deno.test("questions, opinions and counts come in whole and go out equal", () => {
  using from = new Folder(), to = new Folder();
  write(from.path, RESULTS);
  const all = resultsIn(from.path);
  assert.deepEqual(all.counted, []);
  assert.deepEqual(
    all.results.map(({ set, simulator, author, stratum, fast, type, n }) =>
      [set, simulator, author, stratum, fast, type, n].join(" ")
    ),
    [
      "Town Llama Qwen WY false descriptive_persona 3",
      "Town Llama  OR true meta_persona 1",
      "Town Llama  OR true meta_persona 7",
    ],
  );
  writeResults(to.path, all);
  assert.deepEqual(filesOf(to.path), filesOf(from.path));
  // Words that are numbers stay in the order of their counts.
  assert.deepEqual(all.results[0]!.opinions.counts, [["2", 2], ["10", 1], ["5", 0], [
    "Refused",
    0,
  ]]);
  const path = join(from.path, "Town/context.json");
  assert.equal(questionsText(questionsFrom(path)), CONTEXT);
});

Deno.test("opinions of our own are counted as the original counts", () => {
  using folder = new Folder();
  write(folder.path, RESULTS);
  const { topics } = questionsFrom(join(folder.path, "Town/context.json"));
  const [path, , same] = topics;
  const meta = Object.fromEntries(META);
  assert.deepEqual(
    opinionsOf(path!, [
      { index: 0, persona: meta, reason: "because it saves time", letter: "A" },
      { index: 1, persona: meta, letter: null, decision: "(" },
    ]),
    opinionsFrom(
      join(folder.path, "Town/Sim_Llama/P_meta/OR-FASTTrue/meta_persona/topic_1_opinions.json"),
    ),
  );
  assert.deepEqual(
    opinionsOf(same!, [
      { index: 0, persona: meta, letter: "B" },
      { index: 1, persona: meta, letter: "C" },
      { index: 100, persona: meta, letter: "A" },
    ]),
    opinionsFrom(
      join(folder.path, "Town/Sim_Llama/P_meta/OR-FASTTrue/meta_persona/topic_7_opinions.json"),
    ),
  );
  assert.throws(
    () => opinionsOf(path!, [{ index: 0, persona: meta, letter: "D" }]),
    /Topic path has no option D: it has A, B/,
  );
});

Deno.test("counts of another simulator's run are not lost with its file, and files go before counts", () => {
  using folder = new Folder();
  const other = PATH.replaceAll('"Build the road": 1', '"Build the road": 9');
  write(folder.path, {
    ...RESULTS,
    "Town/meta_stats.json": python(dict({
      topic_1: stats(
        "Which path should the town take?",
        models({
          meta_meta_persona_Llama: ["meta", "meta_persona", "Llama", "OR", other],
          Qwen_x_Phi: ["Qwen", "x", "Phi", "OR", other],
        }),
      ),
    })),
  });
  const { counted, results } = resultsIn(folder.path);
  assert.deepEqual(counted.map(({ arm }) => [arm.simulator, arm.author, arm.stratum, arm.n]), [
    ["Phi", "Qwen", "OR", 1],
  ]);
  assert.deepEqual(counted[0]!.counts[0], ["Build the road", 9]);
  assert.deepEqual(results.find(({ n }) => n === 1)!.opinions.counts[0], ["Build the road", 1]);
  // The text that the file calls an id.
  const made = metaStatsOf(results);
  assert.equal(made.topic_1!.question_id, "Which path should the town take?");
  assert.deepEqual(
    metaStatsFrom(join(folder.path, "Town/meta_stats.json")).topic_1!.models.Qwen_x_Phi!.model_info,
    { persona_model: "Qwen", persona_type: "x", simulation_model: "Phi" },
  );
});

Deno.test("a set of questions is an instrument that a study asks", async () => {
  using folder = new Folder();
  write(folder.path, RESULTS);
  const set = questionsFrom(join(folder.path, "Town/context.json"));
  const asked = instrumentOf(set, { name: "town-questions", topics: [3, 1] });
  const { instrument, names } = asked;
  assert.deepEqual(names, { 1: "hours", 2: "path" });
  assert.deepEqual(instrument.items.map(({ text }) => text), [
    "How long?\n\nIn hours a day.",
    "Which path should the town take?",
  ]);
  assert.deepEqual(optionsOf(instrument, instrument.items[0]!), [
    { code: 1, label: "10", position: 3 },
    { code: 2, label: "2", position: 1 },
    { code: 3, label: "5", position: 2 },
    { code: 4, label: "Refused", position: null, role: "refusal" },
  ]);
  assert.throws(
    () => instrumentOf(set, { name: "all" }),
    /context.json, topic_7: label "yes" is there twice: give each option words and a whole position of its own$/,
  );
  assert.throws(
    () => instrumentOf(set, { name: "x", topics: [2] }),
    /no topic_2: there are 1, 3, 7/,
  );
  const twice = set.topics.map((one) => ({ ...one, topic: { ...one.topic, question_id: "path" } }));
  assert.throws(
    () => instrumentOf({ ...set, topics: twice }, { name: "x", topics: [3, 1] }),
    /context.json: topic_3 and topic_1 are both question path, .*: give each a question_id of its own, or ask/,
  );
  const lab = await openStudy({ schema: "opinions_questions" });
  await lab.population(populationFrom([{ age: 41 }, { age: 67 }], { instrument: null }));
  const plan = administrations({ instrument, models: [model("simulated")], of: "profiles" });
  const { messages } = await lab.preview(plan);
  const said = messages.map(({ content }) => content).join("\n");
  each(["How long?", "In hours a day.", "Which path", "Leave the meadow", "Refused"], (words) => {
    assert.ok(said.includes(words), words);
  });
  await lab.close();
  // Answers by the letters of the file, an option that declines apart.
  const table = answersIn(resultsIn(folder.path), { Town: asked });
  assert.deepEqual(
    table.toRecords().map(({ question, option, reply_class, respondent, writer, form }) =>
      [question, option, reply_class, respondent, writer, form].join(" ")
    ),
    [
      "hours 2 answer WY/0 Qwen descriptive_persona",
      "hours 2 answer WY/2 Qwen descriptive_persona",
      "hours 1 answer WY/999 Qwen descriptive_persona",
      "path 1 answer OR/0  meta_persona",
      "path  unreadable OR/1  meta_persona",
    ],
  );
  const others = ["question", "reply_class"];
  assert.deepEqual(
    table.columns.filter((name) => !others.includes(name) && !columnOf(name)?.meaning),
    [],
  );
});

Deno.test("a file that does not fit is refused in one line: file, place, what to do", () => {
  using folder = new Folder();
  const path = join(folder.path, "context.json");
  const said = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      return (error as Error).message.replaceAll(`${folder.path}/`, "");
    }
    return "nothing";
  };
  const question = (text: string) => {
    writeFileSync(path, text);
    return said(() => instrumentOf(questionsFrom(path), { name: "q" }));
  };
  const topic = (more: object, candidates: object = { A: { stance: "a" }, B: { stance: "b" } }) =>
    JSON.stringify({ topic_4: { question_id: "q", topic: "Q?", candidates, ...more } });
  const options = (n: number, of: (at: number) => object = (at) => ({ stance: `option ${at}` })) =>
    Object.fromEntries(
      Array.from({ length: n }, (_, at) => [String.fromCharCode(65 + at), of(at)]),
    );
  const letter =
    '{"topic_4": {"question_id": "q", "topic": "Q?", "candidates": {"A": {"stance": "a"}, ' +
    '"B": {"stance": "b"}, "A": {"stance": "c"}}}}';
  each([
    [
      topic({}, options(13)),
      /^context.json, topic_4: it has 13 options besides a refusal: give it 2 to 12$/,
    ],
    [
      letter,
      /^context.json, topic_4.candidates: A is there twice: give each option a letter, and each topic a number, of its own$/,
    ],
    [
      topic({}, options(3, (at) => ({ stance: `option ${at}`, position: 2 }))),
      /^context.json, topic_4: all positions are 2: give the options their places, or say "ordered": false/,
    ],
    [
      topic({}, options(3, (at) => ({ stance: `option ${at}`, position: at % 2 }))),
      /^context.json, topic_4: position 0 is there twice: give each option words and a whole position/,
    ],
    [
      topic({}, options(2, (at) => ({ stance: `option ${at}`, position: at + 0.5 }))),
      /^context.json, topic_4: position 0.5 is no whole number .*: give each option words and a whole position/,
    ],
    [
      topic({}, { A: { stance: "a", position: 1 }, B: { stance: "b" } }),
      /^context.json, topic_4: option B has no position, and 1 others have: give all one, or none$/,
    ],
    [
      topic({}, {
        A: { stance: "a" },
        B: { stance: "b" },
        C: { stance: "c", refusal: true, position: 3 },
      }),
      /^context.json, topic_4: option C declines, and has position 3: leave the position out$/,
    ],
    [
      topic({ ordered: true }),
      /^context.json, topic_4: it is ordered, and its options have no position/,
    ],
    [topic({ direction: "up" }), /^context.json, topic_4.direction: Invalid option/],
    [
      topic({}, { A: { stance: " " }, B: { stance: "b" } }),
      /^context.json, topic_4.candidates.A.stance: is empty$/,
    ],
    [
      topic({}, { A1: { stance: "a" }, B: { stance: "b" } }),
      /^context.json, topic_4: option "A1" is no letter/,
    ],
    ["{", /^context.json is no JSON \(.*\): mend or fetch it again$/],
    ["[]", /^context.json: it is no object of topics/],
    ["{}", /^context.json: it has no topic/],
    ['{"question": {}}', /^context.json: question is no topic: call it topic_1/],
  ] as [string, RegExp][], ([text, expected]) => {
    const found = question(text);
    assert.match(found, expected);
    assert.ok(!found.includes("\n"), found);
  });
  // 12 that are answers, and one that declines, as Opinion_QA has.
  assert.equal(question(topic({}, { ...options(12), M: { stance: "Refused" } })), "nothing");
  const empty = join(folder.path, "persona_0.json");
  writeFileSync(empty, '{"PERSONA": null}');
  assert.match(
    said(() => personaFrom(empty)),
    /^persona_0.json: a persona is an object or a text: got null$/,
  );
  assert.match(
    said(() => personasIn(folder.path)),
    /^persona_0.json: it lies in no folder of a stratum/,
  );
  assert.match(
    said(() => personasIn(join(folder.path, "none"))),
    /^none: there is no such folder$/,
  );
  assert.match(
    said(() => resultsIn(folder.path)),
    /: no topic_1_opinions.json in it: name the folder/,
  );
  write(folder.path, { "T/Sim_A/P_B/OR-FASTTrue/x/topic_1_opinions.json": '{"topic": "Q?"}' });
  assert.match(
    said(() => resultsIn(folder.path)),
    /^T\/Sim_A\/P_B\/OR-FASTTrue\/x\/topic_1_opinions.json, opinions: .*: fetch the file again, or leave it out$/,
  );
});

Deno.test("a persona's text is kept to the letter", () => {
  using folder = new Folder();
  const path = join(folder.path, "persona_1.json");
  for (const raw of ["  blanks  ", "a\r\nb", "“ü” 漢字 \u2028", '{"A": "x", "A": "y"}', ""]) {
    writeFileSync(path, JSON.stringify({ PERSONA: raw }));
    const found = personaFrom(path);
    assert.equal(found.raw, raw);
    assert.deepEqual(JSON.parse(personaText(found)), { PERSONA: raw });
  }
});
