/** Forms: what a writer is asked for as data, a user's own as a file, and what becomes of each field. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import {
  faultsOf,
  type Field,
  type Form,
  outline,
  register,
  registered,
  statusesOf,
  usualForm,
  wordsOf,
} from "lib/forms.ts";
import { strict } from "lib/llm/provider.ts";
import { biography } from "lib/paper/biography.ts";
import { epqra } from "lib/paper/instruments.ts";
import {
  administrationValues,
  fillPrompt,
  formValues,
  personaText,
  profileValues,
  shippedPrompt,
} from "lib/prompts.ts";
import { personaIn, schemaOf } from "lib/replies.ts";
import { formFrom } from "lib/study.ts";
import { Folder } from "./made.ts";
import { evaluated } from "./command.ts";
import { unpacked } from "./study_before.ts";

const PORTRAIT = join(ROOT, "dataset/forms/portrait.csv");
const portrait = formFrom(PORTRAIT);

const MIA = {
  name: "Mia",
  age: 41,
  town: "a town",
  occupation: "baker",
  partner: "Jo",
  view: "We owe one another time.",
};
const json = JSON.stringify;

/** What is read of a reply, or the problem. */
function read(value: object, form: Form = portrait) {
  const found = personaIn(json(value), form);
  return "problem" in found ? found.problem : found;
}

Deno.test("the biography's schema is the one that earlier replies are stored under", async () => {
  const keys: { schema: { properties: object } | null }[] = JSON.parse(await unpacked("keys.json"));
  const asked = keys.flatMap(({ schema }) =>
    schema && "description" in schema.properties ? [json(schema)] : []
  );
  assert.ok(asked.length > 3);
  assert.deepEqual([...new Set(asked)], [json(strict(schemaOf(biography)))]);
  assert.equal(usualForm(), biography);
  assert.ok(registered().includes(biography));
});

Deno.test("which form plans have without naming one is no matter of which package came first", async () => {
  const { code, out, err } = await evaluated(`
    import { register, registered, registerUsual, usualForm } from "lib/forms.ts";
    import { formFrom } from "lib/study.ts";
    const portrait = formFrom("dataset/forms/portrait.csv");
    register(portrait);
    const { biography } = await import("lib/paper/biography.ts");
    console.log(registered().map(({ name }) => name).join(), usualForm() === biography);
    try {
      registerUsual(portrait);
    } catch ({ message }) {
      console.log(message);
    }
    console.log(usualForm().name);`);
  assert.equal(code, 0, err);
  assert.deepEqual(out.trim().split("\n"), [
    "portrait,biography true",
    "Plans that name no form have the form biography: portrait cannot be theirs as well; use " +
    "`register` and name it in plans",
    "biography",
  ]);
});

Deno.test("a form is a file: the worked example, as CSV and as JSON", () => {
  const { name, title, language, fields, shown } = portrait;
  assert.deepEqual([name, title, language], ["portrait", "Portrait", "en"]);
  assert.deepEqual(fields.map(({ name, kind }) => `${name} ${kind}`), [
    "name text",
    "age whole",
    "town choice",
    "occupation text",
    "partner text",
    "view text",
  ]);
  assert.deepEqual(fields[1], {
    name: "age",
    label: "Age",
    kind: "whole",
    lowest: 18,
    highest: 99,
    unit: "years",
    given: "age",
    asks: "the person's age in whole years",
  });
  assert.deepEqual(fields[2]!.choices, ["a village", "a town", "a city"]);
  assert.equal(fields[4]!.optional, true);
  assert.match(shown, /\n\nOn what people owe/);
  using folder = new Folder();
  const path = join(folder.path, "portrait.json");
  Deno.writeTextFileSync(path, json(portrait));
  assert.deepEqual(formFrom(path), portrait);
  // Semicolons, as a spreadsheet writes them, and nothing that can be left out.
  const bare = join(folder.path, "bare.csv");
  Deno.writeTextFileSync(
    bare,
    "# name: bare\n# title: Bare\n# language: de\nName;Asks;Choices\nmood;how it is;\n" +
      'vote_now;what it is;"yes; no"\n',
  );
  const made = formFrom(bare);
  assert.deepEqual(made.fields, [
    { name: "mood", label: "Mood", kind: "text", asks: "how it is" },
    {
      name: "vote_now",
      label: "Vote now",
      kind: "choice",
      choices: ["yes", "no"],
      asks: "what it is",
    },
  ]);
  assert.equal(personaText(made, { mood: "calm", vote_now: "no" }), "Mood: calm\nVote now: no");
  assert.equal(personaText(made, { mood: "calm", vote_now: null }), "Mood: calm");
});

Deno.test("a form with mistakes is refused, with where and what", () => {
  using folder = new Folder();
  const path = join(folder.path, "odd.csv");
  const refused = (text: string, ...problems: RegExp[]) => {
    Deno.writeTextFileSync(path, text);
    for (const problem of problems) assert.throws(() => formFrom(path), problem, text);
  };
  const head = "# name: odd\n# title: Odd\n# language: en\n";
  const table = `${head}name,label,kind,choices,lowest,highest,asks\n`;
  refused("# title: Odd\nname,asks\na,b\n", /name is missing/, /language is missing/);
  refused(`${table}Big,,text,,,,x\n`, /row 5, name: "Big": a field's name begins/);
  refused(`${table}persona,,text,,,,x\n`, /row 5, name: "persona" is the name of something else/);
  refused(`${table}a,,text,,,,x\na,,text,,,,x\n`, /row 6, name: "a" is there twice/);
  refused(`${table}a,,text,,,,\n`, /row 5, asks must not be empty/);
  refused(`${table}a,,date,,,,x\n`, /row 5, kind must be text, whole, number, choice: .*"date"/);
  refused(`${table}a,,choice,yes,,,x\n`, /row 5, choices: a choice is between two or more: got 1/);
  refused(`${table}a,,choice,yes; YES,,,x\n`, /row 5, choices: "YES" is there twice/);
  refused(`${table}a,,text,yes; no,,,x\n`, /row 5, choices: they are for the kind choice/);
  refused(`${table}a,,whole,,old,,x\n`, /row 5, lowest must be a number: current value is "old"/);
  refused(`${table}a,,whole,,9,1,x\n`, /row 5, lowest \(9\) must be below highest \(1\)/);
  refused(`${table}a,,whole,,0.5,1,x\n`, /row 5, lowest: must be a whole number: got 0.5/);
  refused(`${table}a,,text,,1,,x\n`, /row 5, lowest: bounds are for the kinds whole and number/);
  refused(`${head}name,asks,colour\na,x,y\n`, /row 5, colour: unknown; there are name, label/);
  refused(
    `${head}# shown: {{b}}\nname,asks\na,x\n`,
    /shown: Form odd shows \{\{b\}\}, and its fields are a/,
  );
  assert.throws(() => formFrom(join(folder.path, "none.csv")), /there is no such file/);
  assert.throws(() => formFrom(7 as never), /formFrom takes the path of a file: got 7/);
  assert.throws(
    () => register({ ...portrait, name: "", fields: [{} as Field] }),
    /Form : name: "": a form's name begins .*; field undefined, name: nothing/,
  );
  assert.deepEqual(faultsOf(portrait), []);
});

Deno.test("a reply is read for any form; what is off a list is kept and marked", () => {
  const found = read(MIA);
  assert.deepEqual(found, { value: MIA, flags: [] });
  const cases: [object, Record<string, unknown>, string[]][] = [
    [{ ...MIA, town: "A  Town " }, { town: "A  Town " }, []],
    [{ ...MIA, town: "Dunwich" }, { town: "Dunwich" }, []],
    [{ ...MIA, age: "41 years old" }, { age: 41 }, ["age: “41 years old”"]],
    [{ ...MIA, partner: "" }, { partner: null }, []],
    [{ ...MIA, partner: null }, { partner: null }, []],
    [{ ...MIA, partner: undefined }, { partner: null }, []],
    // By its label, as a model in another language may write it.
    [
      { ...MIA, town: undefined, "Where they live": "a city" },
      { town: "a city" },
      ["renamed keys: “Where they live”"],
    ],
  ];
  for (const [reply, changed, flags] of cases) {
    assert.deepEqual(read(reply), { value: { ...MIA, ...changed }, flags }, json(reply));
  }
  assert.equal(
    read({ ...MIA, age: 12, town: " ", view: null }),
    "age must be a whole number from 18 to 99, but is 12; town must be one of a village; a town; " +
      "a city, but is “”; view must be a text that is not empty, but is null",
  );
  assert.equal(read({ name: "Mia" }).toString().split("; ").length, 4);
  // Numbers of any kind, with their unit; a choice that looks like a number.
  const form: Form = {
    ...portrait,
    fields: [
      { name: "income", label: "Income", kind: "number", unit: "euros", lowest: 0, asks: "it" },
      { name: "children", label: "Children", kind: "choice", choices: ["0", "1", "2"], asks: "it" },
    ],
  };
  for (const income of [1200.5, "1200.5", "1200.5 euros", " 1200.5 Euros "]) {
    const found = read({ income, children: 2 }, form);
    assert.deepEqual(typeof found !== "string" && found.value, { income: 1200.5, children: "2" });
  }
  for (const income of ["1,200", "1200 dollars", "much", -1, true]) {
    assert.match(
      String(read({ income, children: 2 }, form)),
      /^income must be a number of 0 or more/,
    );
  }
});

Deno.test("each field has what became of it", () => {
  const given = { age: [41, "41"] };
  assert.deepEqual(statusesOf(portrait, MIA, given), {
    name: "written",
    age: "given and kept",
    town: "in list",
    occupation: "written",
    partner: "written",
    view: "written",
  });
  const other = { ...MIA, age: 42, town: "Dunwich", partner: null };
  const { age, town, partner } = statusesOf(portrait, other, given);
  assert.deepEqual([age, town, partner], ["given and changed", "off list", "empty"]);
  assert.equal(statusesOf(portrait, { ...MIA, town: " A Town" }).town, "in list");
  // What was not known was not shown: it is the writer's.
  assert.equal(statusesOf(portrait, MIA).age, "written");
  assert.equal(statusesOf(portrait, MIA, { age: [] }).age, "written");
  assert.deepEqual(wordsOf(portrait, { ...MIA, partner: null }), {
    name: 1,
    occupation: 1,
    partner: null,
    view: 5,
  });
});

Deno.test("a number inside the range that was given is kept", () => {
  const became = (range: string, age: number) =>
    statusesOf(portrait, { ...MIA, age }, { age: [range] }).age;
  for (const range of ["30-34", "30–34", "30 to 34", "aged 30 to 34", "34", "30+", "30 and over"]) {
    assert.equal(became(range, 34), "given and kept", range);
    assert.equal(became(range, 29), "given and changed", range);
  }
  assert.equal(became("30–34", 35), "given and changed");
  assert.equal(became("30 or older", 99), "given and kept");
  assert.equal(became("thirty", 34), "given and changed");
  assert.equal(became("30 and under", 34), "given and changed");
});

Deno.test("a form is one schema, one outline and a line for each field", () => {
  const { properties, required } = strict(schemaOf(portrait)) as {
    properties: Record<string, unknown>;
    required: string[];
  };
  assert.deepEqual(required, Object.keys(MIA));
  assert.deepEqual(properties.town, { type: "string", enum: ["a village", "a town", "a city"] });
  assert.deepEqual(properties.age, { type: "integer" });
  assert.deepEqual(properties.partner, { type: ["string", "null"] });
  assert.ok(schemaOf(portrait).safeParse({ ...MIA, partner: null }).success);
  assert.equal(outline(portrait).town, "one of: a village; a town; a city");
  const { fields, schema } = formValues(portrait);
  assert.equal(fields!.split("\n").length, 6);
  assert.match(fields!, /^- "town" \(Where they live\): the size of the place, as one of/m);
  assert.match(
    fields!,
    /^- "partner" .*: the first name of a partner, if there is one; it may be left empty: ""$/m,
  );
  assert.deepEqual(JSON.parse(schema!), outline(portrait));
  assert.equal(
    personaText(portrait, { ...MIA, partner: null }),
    "Mia is 41 years old, lives in a town and works as baker.\n\nOn what people owe one another " +
      "Mia says: We owe one another time.",
  );
});

Deno.test("a bare profile answers as what is known of it", () => {
  const codebook = [
    { name: "age", label: "Age", kind: "number", unit: "years" },
    { name: "town", label: "Town", kind: "text" },
  ] as const;
  const known = profileValues(null, [], codebook, { age: 41, town: null });
  assert.equal(known.persona, "- Age: 41 years");
  const answers = epqra.items.map(() => 1);
  const whole = profileValues(epqra, answers, codebook, { age: 41, town: "Nitra" });
  assert.match(
    whole.persona!,
    /^- Age: 41 years\n- Town: Nitra\n\n- question: [^]*\n\nquestion,answer\n/,
  );
  const shown = {
    items: epqra.items.map(({ number }) => number),
    options: [1, 0],
    coding: "true/false",
  } as const;
  const [system, user] = fillPrompt(
    shippedPrompt("administration", "general"),
    administrationValues(epqra, shown, known),
  );
  assert.match(system!.content, /throughout\.\n\n- Age: 41 years$/);
  assert.match(user!.content, /"24": "/);
});
