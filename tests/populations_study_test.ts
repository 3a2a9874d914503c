/** Studies of populations of one's own: doses, attributes and weights, from the plan to the tables. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl from "polars";
import { ROOT } from "lib/config.ts";
import { type Dataset, openDataset } from "lib/db.ts";
import { compare, scores } from "lib/measures.ts";
import { epqra } from "lib/paper/instruments.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import {
  acquiescence,
  agreement,
  collapse,
  copiedSheets,
  copying,
  reliability,
} from "lib/paper/tables.ts";
import {
  administrations,
  openStudy,
  personas,
  type Plan,
  type Row,
  type Study,
} from "lib/study.ts";
import { script } from "./command.ts";
import { type Answer, provider, type Server } from "./llm_server.ts";
import { Folder } from "./made.ts";
import { cell, rows } from "./reads.ts";
import { served } from "./study_worker.ts";

const FREE = { budget: { calls: 1000 } };

/**
 * A persona remembers what its prompt showed, in its description: answers as 0 and 1, or the lines of the
 * profile. Asked, it answers as it was shown (No where it was shown no answers), but for item 2 Yes always.
 */
const answer: Answer = ({ system, user }) => {
  const remembered = /shown (\S+)/.exec(system)?.[1];
  if (remembered) {
    const answers = epqra.items.map(({ number }) => [
      number,
      number === 2 || remembered[number - 1] === "1" ? "True" : "False",
    ]);
    return JSON.stringify({ ...Object.fromEntries(answers), explanation: "So I am." });
  }
  const table = [...user.matchAll(/,(True|False)$/gm)].map(([, word]) => word === "True" ? 1 : 0);
  const lines = [...user.matchAll(/^- (.*)$/gm)].map(([, line]) => line).join("; ");
  return JSON.stringify({
    name: "Ana Baker",
    age: 30,
    gender: "Female",
    sexual_orientation: "Heterosexual",
    race: "White",
    ethnicity: "European",
    religious_belief: "Atheist",
    occupation: "Teacher",
    political_orientation: "Progressive",
    location: "Leeds",
    description: `shown ${table.length ? table.join("") : lines}`,
  });
};

/** Someone who gives one answer to all items. */
const same = (id: number, answer: number, more: Row): Row => ({
  id,
  ...Object.fromEntries(epqra.items.map(({ number }) => [number, answer])),
  ...more,
});

async function made(
  schema: string,
  act: (lab: Study, server: Server, run: (plan: Plan) => Promise<void>) => Promise<void>,
  read: (study: Dataset) => Promise<void>,
): Promise<void> {
  const server = provider({ answer });
  const lab = await openStudy({ schema });
  try {
    await act(lab, server, async (plan) => {
      const { failed, ended } = await lab.run(await lab.register(plan), FREE);
      assert.deepEqual([failed, ended], [{}, "finished"]);
    });
  } finally {
    await lab.close();
    await server.close();
  }
  const study = await openDataset({ schema });
  try {
    await read(study);
  } finally {
    await study.close();
  }
}

// By hand. Profile 1 says No to all, profile 2 Yes to all; all six N items are keyed Yes. A dose of 3 sets
// three Noes of profile 1 to Yes and three Yeses of profile 2 to Yes.
Deno.test("what a dose showed is read from the personas, and the tables under it are defined", async () => {
  await made("dose_shown", async (lab, { url }, run) => {
    await lab.population([same(1, 0, {}), same(2, 1, {})], { name: "two", instrument: epqra });
    const own = served(url, 2);
    await run(personas({ models: [own], conditions: ["Base", "N=3"] }));
    await run(administrations({ instrument: epqra }));
  }, async (study) => {
    const sheets = await study.sheets("epqra"), reference = await study.profiles("reference");
    const of = { model: "Own model", condition: "N=3" };
    const copies = copying(sheets, reference).toRecords() as Record<string, unknown>[];
    const copied = (against: string, scale: string) => {
      const row = copies.find((row) =>
        row.model === of.model && row.condition === of.condition && row.against === against &&
        row.scale === scale && row.item === null
      )!;
      return [row.n, row.estimate];
    };
    assert.deepEqual(copied("profile", "N"), [12, 9 / 12]);
    assert.deepEqual(copied("shown", "N"), [12, 1]);
    // Item 2 is of E, and profile 1 was shown a No.
    assert.deepEqual(copied("shown", "E"), [12, 11 / 12]);
    const whole = rows(copiedSheets(sheets, reference)).filter((row) => row.condition === "N=3");
    assert.deepEqual(whole.map(({ against, n, count }) => [against, n, count]), [
      ["profile", 2, 1],
      ["shown", 2, 1],
    ]);
    const agreed = (against: "profile" | "manipulated", metric: string) =>
      cell(agreement(sheets, reference, "tableA7", { against, mode: "corrected" }), {
        ...of,
        scale: "N",
        metric,
      }).value;
    assert.deepEqual(
      ["accuracy", "precision", "recall", "mae"].map((metric) => agreed("manipulated", metric)),
      [100, 100, 100, 0],
    );
    // 9 of 12 answers are the profile's; 6 of 9 Yeses are; one sheet has 3 more, the other none.
    assert.deepEqual(
      ["accuracy", "precision", "recall", "mae"].map((metric) => agreed("profile", metric)),
      [75, 100 * (6 / 9), 100, 1.5],
    );
    const yes = (condition: string) =>
      cell(acquiescence(sheets, epqra, reference), {
        model: "Profiles",
        condition,
        scale: "N",
        measure: "raw",
      }).estimate;
    assert.deepEqual([yes("Base"), yes("N=3")], [0.5, 0.75]);
    const random = await study.profiles("random");
    const profiles = cell(collapse(sheets, reference, random, { splits: 2 }), {
      model: "Profiles",
      condition: "N=3",
      measure: "distinct",
    });
    assert.deepEqual([profiles.n, profiles.estimate], [1, 1]);

    // Rows that are taken out of the frame keep what they were shown.
    const { sheets: all } = sheets;
    const second = { ...sheets, sheets: all.filter(pl.col("profile").eq(pl.lit(2))) };
    const left = copying(second, reference).toRecords() as Record<string, unknown>[];
    const row = left.find((row) =>
      row.condition === "N=3" && row.against === "shown" && row.scale === "All" &&
      row.item === null && row.model === of.model
    )!;
    assert.deepEqual([row.n, row.estimate], [24, 1]);
  });
});

const PEOPLE = [
  same(1, 0, { sex: 1, town: "Ely", weight: 1, stratum: "north", age: 30 }),
  same(2, 1, { sex: 2, town: "Bath", weight: 3, stratum: "south", age: 40 }),
  same(3, 0, { sex: 1, town: null, weight: 0, stratum: "south", age: null }),
];
const CODEBOOK = [
  {
    name: "sex",
    label: "Sex",
    kind: "category" as const,
    levels: [{ value: 1, label: "Male" }, { value: 2, label: "Female" }],
  },
];

Deno.test("sheets and personas have the respondents' attributes, strata and weights on request", async () => {
  await made("attributes_read", async (lab, { url }, run) => {
    await lab.population(PEOPLE, { name: "three", instrument: epqra, codebook: CODEBOOK });
    await run(personas({ models: [served(url, 2)], conditions: ["Base", "MaxN"] }));
    await run(administrations({ instrument: epqra }));
  }, async (study) => {
    const given = await study.sheets("epqra", { with: ["sex", "weight"] });
    const bySex = scores(given, epqra, { by: ["sex"] });
    const mean = (sex: string) => {
      const { n, mean } = cell(bySex, { sex, scale: "N" });
      return [n, mean];
    };
    // Base 0 and MaxN 6 of profile 1, 6 and 6 of profile 2; profile 3 weighs nothing.
    assert.deepEqual([mean("Male"), mean("Female")], [[2, 3], [2, 6]]);
    // The paper's tables, which weigh nobody, have rows by what is known of the respondents as well.
    const alphas = reliability(given, { by: ["sex"] });
    assert.deepEqual(
      ["Male", "Female"].map((sex) => cell(alphas, { sex, scale: "N" }).n),
      [4, 2],
    );
    // (0·1 + 6·1 + 6·3 + 6·3) / 8, and without weights (0 + 6 + 6 + 6 + 0 + 6) / 6.
    assert.equal(cell(scores(given, epqra), { scale: "N" }).mean, 42 / 8);
    const plain = await study.sheets("epqra");
    assert.equal(cell(scores(plain, epqra), { scale: "N" }).mean, 4);
    assert.deepEqual(plain.sheets.getColumn("profile_population").unique().toArray(), ["three"]);
    assert.ok(!plain.sheets.columns.includes("sex"));

    const all = await study.sheets("epqra", { with: "all" });
    const first = (all.sheets.toRecords() as Record<string, unknown>[])
      .find(({ profile }) => profile === 3)!;
    assert.deepEqual(
      ["sex", "town", "age", "stratum", "weight"].map((name) => first[name] ?? null),
      ["Male", null, null, "south", 0],
    );
    const table = compare(given, { of: epqra, factor: "condition", against: "Base", by: ["sex"] });
    assert.deepEqual(
      ["Male", "Female"].map((sex) => cell(table, { sex, scale: "N" }).estimate),
      [6, 0],
    );
    // A persona has an age of its own: the profile's stands beside it.
    const lives = await study.biographies({ with: ["age", "sex"] });
    const ages = (lives.toRecords() as Record<string, unknown>[])
      .map(({ profile, age, profile_age, sex }) => [profile, age, profile_age ?? null, sex]);
    assert.deepEqual(
      new Set(ages.map((one) => JSON.stringify(one))),
      new Set([
        '[1,30,30,"Male"]',
        '[2,30,40,"Female"]',
        '[3,30,null,"Male"]',
      ]),
    );
    const people = await study.personas(undefined, { with: ["stratum"] });
    assert.deepEqual(people.getColumn("stratum").unique().toArray().toSorted(), ["north", "south"]);
    await assert.rejects(
      study.sheets("epqra", { with: ["sexe"] }),
      /have no sexe: did you mean sex\? There are stratum, weight, sex, town, age/,
    );
  });
});

const KNOWN = [
  { name: "Ana", sex: "f", town: "Ely", age: 30 },
  { name: "Bo", sex: "m", town: "Bath", age: 40 },
  { name: "Cy", sex: "m", town: "Ely", age: 50 },
].map(({ name, ...row }) => ({ id: name, ...row }));

Deno.test("personas are written of people without items, under conditions on attributes", async () => {
  await made("attributes_written", async (lab, { url }, run) => {
    await lab.population(KNOWN, { name: "known" });
    const plan = personas({
      models: [served(url, 2)],
      conditions: ["Base", "sex:f<->m", "-town+age:70"],
    });
    // The plan names no prompt: the one for attributes is taken, and no user writes one.
    const { messages } = await lab.preview(plan, { profile: 2 });
    assert.match(
      messages[1]!.content,
      /known of one person:\n\n- sex: m\n- town: Bath\n- age: 40\n/,
    );
    await run(plan);
    assert.equal((await lab.status()).getColumn("done").toArray()[0], 9);
    assert.deepEqual(
      (await lab.prompts()).toRecords().map(({ version, personas }) => [version, personas]),
      [["attributes-1", 9]],
    );
    // Again it is the same run, and nobody is asked.
    assert.equal(await lab.register(plan), plan.name);
    const { calls } = await lab.run(plan.name);
    assert.equal(calls, 0);
    await assert.rejects(
      lab.register(personas({ models: [served(url, 2)], conditions: ["N=1"] }))
        .then((name) => lab.run(name, FREE)),
      /Condition N=1 sets items of scale N: these profiles answered no instrument/,
    );
    await assert.rejects(
      lab.preview(personas({
        models: [served(url, 2)],
        conditions: ["Base"],
        prompt: editPrompt(shippedPrompt("persona", "attributes-1"), {
          user: "Of sex {{sex}} and race {{race}}.",
        }),
      })),
      /has \{\{race\}\}, which nothing fills: the known places are .*\{\{sex\}\}, \{\{town\}\}/,
    );
    await run(administrations({ instrument: epqra }));
  }, async (study) => {
    const lives = await study.biographies({ with: ["id", "sex"] });
    const texts = (lives.toRecords() as Record<string, unknown>[]).map((row) =>
      [
        row.condition,
        row.id,
        row.sex,
        row.description,
      ].join(" | ")
    );
    assert.deepEqual(texts.toSorted(), [
      "Base | Ana | f | shown sex: f; town: Ely; age: 30",
      "Base | Bo | m | shown sex: m; town: Bath; age: 40",
      "Base | Cy | m | shown sex: m; town: Ely; age: 50",
      "age:70+-town | Ana | f | shown sex: f; age: 70",
      "age:70+-town | Bo | m | shown sex: m; age: 70",
      "age:70+-town | Cy | m | shown sex: m; age: 70",
      "sex:f<->m | Ana | f | shown sex: m; town: Ely; age: 30",
      "sex:f<->m | Bo | m | shown sex: f; town: Bath; age: 40",
      "sex:f<->m | Cy | m | shown sex: f; town: Ely; age: 50",
    ]);
    // What was set is stored with each persona.
    const set = await study.read("set", (sql, schema) =>
      sql<{ set: string }[]>`
        select distinct concat_ws(' ', population, shown_values->>'age', shown_values->>'town',
                                  changed_values) as set
        from ${sql(schema)}.personas where ref_personality_id = 2 order by 1`);
    assert.deepEqual(set.map(({ set }) => set), [
      "borderline_age_70_without_town_own 70 {town,age}",
      "borderline_sex_f_with_m_own 40 Bath {sex}",
      "generated_own_known 40 Bath {}",
    ]);
    assert.equal((await study.profiles("reference")).sheets.height, 0);
  });
});

Deno.test("two populations of a study are told apart, though their numbers are the same", async () => {
  await made("two_populations", async (lab, { url }, run) => {
    await lab.population([same(1, 0, {}), same(2, 0, {})], { name: "first", instrument: epqra });
    await lab.population([same(1, 1, { sex: "f" })], { name: "second", instrument: epqra });
    const models = [served(url, 2)];
    await run(personas({ models, conditions: ["Base", "N=3"] }));
    await run(personas({ models, conditions: ["Base", "N=3"], population: "second" }));
    await run(administrations({ instrument: epqra }));
    await assert.rejects(
      lab.register(personas({ models, population: "secnd" })),
      /no population secnd: did you mean second\?/,
    );
  }, async (study) => {
    const given = await study.sheets("epqra", { with: ["sex"] });
    const records = given.sheets.toRecords() as Record<string, unknown>[];
    const whose = records.map((row) =>
      [row.population, row.profile_population, row.profile, row.sex ?? "—"].join(" ")
    );
    assert.deepEqual(whose.toSorted(), [
      "borderline_N3_own first 1 —",
      "borderline_N3_own first 2 —",
      "borderline_N3_own_second second 1 f",
      "generated_own_first first 1 —",
      "generated_own_first first 2 —",
      "generated_own_second second 1 f",
    ]);
    // Three respondents, not two; the two of the first score 0 on N, the other 6.
    const by = scores(given, epqra, { by: ["profile_population", "condition"] });
    const n = (population: string, condition: string) => {
      const row = cell(by, { profile_population: population, condition, scale: "N" });
      return [row.respondents, row.mean];
    };
    assert.deepEqual([n("first", "Base"), n("second", "Base"), n("first", "N=3")], [
      [2, 0],
      [1, 6],
      [2, 3],
    ]);
    assert.equal(cell(scores(given, epqra), { scale: "N" }).respondents, 3);
    // Tables that compare with the profile compare the reference's own with it.
    const reference = await study.profiles("reference");
    const metric = { model: "Own model", condition: "Base", scale: "N", metric: "accuracy" };
    for (const mode of ["printed", "corrected"] as const) {
      const { value, n } = cell(agreement(given, reference, "tableA6", { mode }), metric);
      assert.deepEqual([value, n], [100, 12], mode);
    }
    const copies = rows(copiedSheets(given, reference)).filter(({ condition }) =>
      condition === "Base"
    );
    assert.deepEqual(copies.map(({ against, n }) => [against, n]), [["profile", 2], ["shown", 2]]);
  });
});

Deno.test("deno task study population takes a file of people, shows them, and plans are about them", async () => {
  using folder = new Folder();
  const file = (name: string, text: string) => {
    const path = join(folder.path, name);
    Deno.writeTextFileSync(path, text);
    return path;
  };
  const people = file("people.csv", "id,sex,age\n1,2,30\n2,1,40\n3,2,\n");
  file(
    "people.codebook.csv",
    "name,label,kind,levels,unit\nsex,Sex,category,1 = Male; 2 = Female,\nage,Age,number,,years\n",
  );
  const study = async (...words: string[]) => {
    const { code, out, err } = await script("study", [...words, "--schema", "population_cli"]);
    return { code, err, out };
  };
  const first = await study("population", join(ROOT, "tests", "fixtures", "people.csv"));
  assert.deepEqual([first.code, first.err], [0, ""]);
  const second = await study("population", people, "--name", "others");
  assert.deepEqual([second.code, second.err], [0, ""]);
  for (
    const told of [
      /Populations of schema population_cli/,
      /people +reference .* epqra/,
      /others +other +.*people\.csv +3 +sex, age +— +no/,
      /Codebook of others/,
      /sex +Sex +category +1 = Male; 2 = Female +— +3 +0/,
      /age +Age +number +— +years +2 +1/,
      /Next: .*plan personas --model ID --population others/,
    ]
  ) assert.match(second.out, told);
  const planned = await study(
    ...["plan", "personas", "--model", "simulated", "--population", "others"],
    ...["--condition=sex:female<->male,-age", "--name", "swapped"],
  );
  assert.deepEqual([planned.code, planned.err], [0, ""]);
  assert.match(planned.out, /6 personas to do/);
  assert.match(planned.out, /profiles +3 of others \(3\)/);
  assert.match(planned.out, /conditions +sex:female<->male, -age/);
  assert.match(planned.out, /prompt +persona attributes-1/);
  const shown = await study("preview", "swapped", "--profile", "1");
  assert.match(shown.out, /Sex: Male\n.*Age: 30 years/);
  const wrong = await study("plan", "personas", "--model", "simulated", "--population", "other");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /--population is reference, random, .*others.*did you mean others\?/);
});
