/**
 * What goes wrong in the code of the original, and here not: the table of `lib/opinions/README.md` is whole,
 * the tests that it names are there, and those that no other file has are here.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "lib/config.ts";
import { model } from "lib/llm.ts";
import { descriptive } from "lib/opinions/forms.ts";
import { instrumentOf as askedOf, personasIn, questionsFrom } from "lib/opinions/original.ts";
import { CENSUS, designFrom, draw, implausible, METHODS, prepared } from "lib/opinions/sample.ts";
import { tableFrom } from "lib/opinions/tables.ts";
import { administrationValues, orders } from "lib/prompts.ts";
import { administrations, openStudy, personas } from "lib/study.ts";
import { as } from "./data.ts";
import { instrumentOf, ordered } from "./drifting.ts";
import { Folder } from "./made.ts";
import { each } from "./near.ts";

const PAGE = readFileSync(join(ROOT, "lib", "opinions", "README.md"), "utf8");
const testsIn = (file: string): string[] =>
  [
    ...readFileSync(join(ROOT, "tests", `${file}.ts`), "utf8")
      .matchAll(/(?:Deno\.test|atNight)\(\s*"((?:[^"\\]|\\.)*)"/g),
  ].map(([, name]) => name!);

/** The rows of the table under a heading, without its head. */
const tableUnder = (heading: string): string[][] =>
  PAGE.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!.split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

/** Whether the test that a cell names is in its file. */
function isHeld(held: string): boolean {
  const [, file, name] = /^`(\w+)`: (.*)$/.exec(held) ?? [];
  return file !== undefined && testsIn(file).includes(name!);
}

Deno.test("each of the 21 defects has a test that is there, or a reason", () => {
  const rows = tableUnder("What goes wrong there, and here not");
  assert.deepEqual(rows.map(([n]) => Number(n)), Array.from({ length: 21 }, (_, at) => at + 1));
  for (const [n, , here, held] of rows) {
    if (held === "—") assert.match(here!, /^cannot occur: .{20}/, n);
    else assert.ok(isHeld(held!), `${n}: ${held}`);
  }
});

Deno.test("each worked example has a test that is there", () => {
  const rows = tableUnder("Worked examples");
  assert.ok(rows.length >= 20, `${rows.length}`);
  for (const [example, held] of rows) assert.ok(isHeld(held!), `${example}: ${held}`);
});

// 327,167,439 residents were published; 253,815,197 of them adults, by race and by education alike.
Deno.test("groups by race are disjoint, add up to all adults, and none is withheld", () => {
  const joint = tableFrom(
    join(CENSUS, "us_joint_age_sex_race_2018.csv.gz"),
    designFrom(
      join(CENSUS, "us-2018.json"),
    ).joint,
  );
  const total = joint.count.reduce((sum, one) => sum + one, 0);
  assert.ok(Math.abs(total - 253_815_197) < 1, `${total}`);
  const race = joint.keys.find(({ name }) => name === "race")!;
  const sums = new Map<string, number>(), adults = new Map<string, number>();
  joint.count.forEach((count, cell) => {
    const stratum = joint.strata[joint.stratum[cell]!]!;
    const key = `${stratum} ${race.levels[race.code[cell]!]}`;
    sums.set(key, (sums.get(key) ?? 0) + count);
    adults.set(stratum, (adults.get(stratum) ?? 0) + count);
  });
  assert.equal(sums.size, 51 * 8);
  assert.deepEqual([...sums].filter(([, sum]) => !(sum > 0)), []);
  const path = join(CENSUS, "us_cond_education_by_age_sex_2018.csv.gz");
  const education = tableFrom(path, {
    file: path,
    stratum: "stratum",
    count: "count",
    ignore: [],
    only: {},
  });
  const others = new Map<string, number>();
  education.count.forEach((count, cell) => {
    const stratum = education.strata[education.stratum[cell]!]!;
    others.set(stratum, (others.get(stratum) ?? 0) + count);
  });
  for (const [stratum, sum] of adults) {
    assert.ok(Math.abs(sum - others.get(stratum)!) <= 1e-6 * sum, `${stratum}: ${sum}`);
  }
});

Deno.test("a rule or universe that names a level nobody has is refused", () => {
  const design = { ...designFrom(join(CENSUS, "us-2018.json")), fields: [] };
  const drawn = draw(design, { each: 5, strata: ["OR"] });
  assert.throws(
    () => implausible(drawn, { rules: [{ rule: "young", where: { age: ["18 to 19 years"] } }] }),
    /Rule young: age has no level 18 to 19 years: there are 18-19, 20-24/,
  );
  const [education] = designFrom(join(CENSUS, "us-2018.json")).fields;
  const field = { ...education!, universe: { age: ["18 to 19 years"] } };
  assert.throws(
    () => prepared({ ...design, fields: [field] }, ["OR"]),
    /has age 18 to 19 years, which is no level of it: there are 18-19/,
  );
});

Deno.test("no batch of people is lost, whatever its size", () => {
  const design = designFrom(join(CENSUS, "us-2018.json"));
  for (const method of METHODS) {
    for (const each of [1, 7, 8, 9, 100]) {
      const { profiles } = draw(design, { each, strata: ["OR", "WY"], method }).population;
      assert.equal(profiles.length, 2 * each, `${method}, ${each}`);
    }
  }
});

Deno.test("a set of few questions, or of many, is asked whole", () => {
  using folder = new Folder();
  for (const numbers of [[1, 2, 3], [4, 9, 100], Array.from({ length: 150 }, (_, at) => at + 1)]) {
    const path = join(folder.path, "context.json");
    writeFileSync(
      path,
      JSON.stringify(Object.fromEntries(numbers.map((n) => [`topic_${n}`, {
        question_id: `q${n}`,
        topic: `Question ${n}?`,
        candidates: { A: { stance: "Yes" }, B: { stance: "No" } },
      }]))),
    );
    const { instrument } = askedOf(questionsFrom(path), { name: "q" });
    assert.deepEqual(
      instrument.items.map(({ text }) => text),
      numbers.map((n) => `Question ${n}?`),
    );
  }
});

Deno.test("personas are found in folders of any name", () => {
  using folder = new Folder();
  for (const type of ["meta_persona", "marginal_persona", "Meta Persona (2)"]) {
    const path = join(folder.path, "OR", type, "persona_0.json");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '{"PERSONA": {"AGE": "35-44"}}');
  }
  assert.deepEqual(personasIn(folder.path).map(({ type }) => type), [
    "Meta Persona (2)",
    "marginal_persona",
    "meta_persona",
  ]);
});

const SCHEMA = "opinions_defects";
const ROAD = instrumentOf(ordered(1, "Shall there be a road?", "Yes", "Perhaps", "No"));
interface Request {
  sent: string;
  reply: string;
  code: string | null;
  plan: { seed: number };
  text: string;
}

/** A study of 60 people of whom 40 have a persona, its requests with their runs, and its files. */
const study = (() => {
  const make = async () => {
    using folder = new Folder();
    const lab = await openStudy({ schema: SCHEMA });
    const people = Array.from({ length: 60 }, (_, at) => ({ age: `${20 + at}`, sex: "Female" }));
    await lab.population(people, { instrument: null, name: "people" });
    const models = [model("simulated")], form = descriptive;
    const asking = administrations({ instrument: ROAD, form: form.name, models, coding: "label" });
    const early = await lab.register(asking).then(() => null, (error: Error) => error.message);
    await lab.run(await lab.register(personas({ models, form, conditions: ["Base"], seed: 7 })), {
      limit: 40,
    });
    const { done } = await lab.run(await lab.register(asking));
    const files = await lab.export(join(folder.path, "out"));
    await lab.close();
    const requests = await as("owner", (sql) =>
      sql<Request[]>`
      select t.sent, t.reply, r.code, r.plan, p.system || p.user as text
      from ${sql(SCHEMA)}.requests t join ${sql(SCHEMA)}.runs r on r.run = t.run
      join ${sql(SCHEMA)}.work w on w.work = t.work
      join ${sql(SCHEMA)}.cells c on c.cell = w.cell
      join ${sql(SCHEMA)}.prompts p on p.hash = c.prompt`);
    return { early, done, files, requests };
  };
  let made: ReturnType<typeof make> | null = null;
  return () => made ??= make();
})();

Deno.test("who has no persona is not asked, and nobody is called None", async () => {
  const { early, done, requests } = await study();
  assert.match(early!, /persona/);
  assert.deepEqual([done, requests.length], [40, 80]);
  const shown = requests.map(({ sent }) => JSON.parse(sent).messages[0].content as string);
  assert.deepEqual(shown.filter((text) => /\b(?:None|null|undefined|NaN)\b/.test(text)), []);
});

Deno.test("what was asked, by which code and with which prompt, and how a reply ended stand beside it", async () => {
  const { requests } = await study();
  for (const { sent, reply, code, plan, text } of requests) {
    assert.equal(JSON.parse(sent).model, model("simulated").model);
    assert.equal(JSON.parse(reply).choices[0].finish_reason, "stop");
    assert.ok(JSON.parse(reply).model);
    assert.match(code!, /\d/);
    assert.ok(Number.isInteger(plan.seed));
    assert.match(text, /\{\{/);
  }
  assert.ok(requests.some(({ plan }) => plan.seed === 7));
});

Deno.test("an export of many personas is a few files", async () => {
  const { files } = await study();
  assert.ok(files.length <= 30, `${files.length}`);
  assert.deepEqual(
    files.filter(({ file }) => /personas\.(?:jsonl|parquet)$/.test(file)).map(({ rows }) => rows),
    [40, 40],
  );
});

Deno.test("an item of twelve options is shown with twelve letters, and the example leans to neither end", () => {
  const labels = Array.from({ length: 12 }, (_, at) => `choice ${at + 1}`);
  const long = instrumentOf(ordered(1, "Which?", ...labels), ordered(2, "And now?", ...labels));
  const presented = {
    ...orders(long, { items: "printed", options: "printed" }, () => {
      throw new Error("nothing is drawn");
    }),
    coding: "letter",
    reason: "none",
  } as const;
  const { items, example } = administrationValues(long, presented, { persona: "Ana" });
  const shown = JSON.parse(items!)["1"].answers as Record<string, string>;
  assert.deepEqual(Object.entries(shown), labels.map((label, at) => ["ABCDEFGHIJKL"[at], label]));
  assert.deepEqual([...example!.matchAll(/"([A-L])"/g)].map(([, letter]) => letter), ["A", "L"]);
});

/** Text files of the project, but for what tests hold. */
function textsBelow(folder: string): { path: string; text: string }[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return textsBelow(path);
    return /\.(?:ts|md|json|csv|ipynb|html|txt)$/.test(name)
      ? [{ path, text: readFileSync(path, "utf8") }]
      : [];
  });
}

const KEY =
  /\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|gsk_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,})\b|(?:api[_-]?key|[?&]key)["']?\s*[=:]\s*["']?[0-9a-f]{32,40}\b/i;

Deno.test("no key stands in a file of the project", () => {
  assert.match("api.census.gov/data?key=0123456789abcdef0123456789abcdef01234567", KEY);
  assert.match('api_key = "0123456789abcdef0123456789abcdef"', KEY);
  const all = ["lib", "scripts", "dataset", "notebooks"].flatMap((name) =>
    textsBelow(join(ROOT, name))
  );
  assert.ok(all.length > 200, `${all.length}`);
  assert.deepEqual(all.filter(({ text }) => KEY.test(text)).map(({ path }) => path), []);
});

Deno.test("code and shipped tables have a licence and a source", () => {
  assert.ok(existsSync(join(ROOT, "LICENSE")));
  each(["census", "opinions"], (name) => {
    const text = readFileSync(join(ROOT, "dataset", name, "README.md"), "utf8");
    assert.match(text, /[Ll]icen[cs]es?/);
    assert.match(text, /public domain/);
    // Every table that is there is named.
    const page = text.replaceAll("…", "");
    const absent = readdirSync(join(ROOT, "dataset", name)).filter((file) =>
      /\.csv(?:\.gz)?$/.test(file) && !page.includes(file.replace(/\.csv.*$/, "").slice(0, 6))
    );
    assert.deepEqual(absent, []);
  });
});
