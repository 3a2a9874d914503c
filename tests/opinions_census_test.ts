/** The objective form filled from tables, and the politics that a writer invents, beside those of people. */
import assert from "node:assert/strict";
import pl from "polars";
import { openDataset } from "lib/db.ts";
import { frame, rows } from "lib/frames.ts";
import { ARMS, FACTS, factsPrompt, filledFrom, withArms } from "lib/opinions/census.ts";
import { LADDER, objective, OCCUPATIONS } from "lib/opinions/forms.ts";
import { POLITICS, politics, politicsOf, surveyedPolitics } from "lib/opinions/politics.ts";
import { CENSUS, designFrom, draw } from "lib/opinions/sample.ts";
import { driftingModel, leaningOf } from "lib/opinions/simulated.ts";
import { instrumentOf, questionsFrom } from "lib/opinions/original.ts";
import { shippedPrompt } from "lib/prompts.ts";
import { sourcesOf } from "lib/provenance.ts";
import { administrations, openStudy, personas } from "lib/study.ts";
import { z } from "zod";
import { near } from "./near.ts";

const design = designFrom(`${CENSUS}/us-2018.json`);
const drawn = draw(design, { each: 40, strata: ["GA", "WI"], seed: 3 });
const filled = filledFrom(drawn.population);

Deno.test("tables fill 16 of the form's 20 fields, in its words, and nothing they do not tell", () => {
  assert.equal(Object.keys(FACTS).length, 16);
  const names = filled.codebook.map(({ name }) => name);
  assert.deepEqual(
    names,
    objective.fields.map(({ name }) => name).filter((name) => Object.hasOwn(FACTS, name)),
  );
  const before = [...drawn.population.profiles], after = [...filled.profiles];
  assert.deepEqual(after.map(({ id }) => id), before.map(({ id }) => id));
  assert.deepEqual(after.map(({ stratum }) => stratum), before.map(({ stratum }) => stratum));
  let employed = 0;
  for (const [at, { values }] of after.entries()) {
    const from = before[at]!.values!;
    assert.equal(values!.age, from.age);
    for (const field of objective.fields) {
      const value = values![field.name] ?? null;
      if (field.kind !== "choice" || value === null) continue;
      // Tables do not tell private from public.
      if (value === "Private or public") continue;
      assert.ok(field.choices!.includes(String(value)), `${field.name}: ${value}`);
    }
    if (from.employment !== "employed") {
      assert.deepEqual([values!.income, values!.occupation_category], [null, null]);
      continue;
    }
    employed += 1;
    const group = values!.occupation_category as string;
    assert.ok(OCCUPATIONS[values!.industry_category as string]!.includes(group));
    assert.ok(Number.isInteger(values!.income) && Number(values!.income) >= 1);
    if (from.earnings === "35-50k") {
      assert.ok(Number(values!.income) >= 35_000 && Number(values!.income) < 50_000);
    }
  }
  assert.ok(employed > 20);
  assert.deepEqual([...filledFrom(drawn.population).profiles], after, "the same once more");
});

// dataset/census/dict_occupation.csv says which of the 17 groups an occupation is in.
Deno.test("occupations are in the groups that the census has them in", () => {
  const of = (code: string) => FACTS.occupation_category!.levels[code];
  assert.equal(Object.keys(FACTS.occupation_category!.levels).length, 25);
  assert.equal(of("o02"), "Management, business, and financial");
  assert.equal(of("o05"), "Computer, engineering, and science");
  assert.equal(of("o09"), "Education, legal, community service, arts, and media");
  assert.equal(of("o11"), "Healthcare practitioners and technical");
  assert.equal(of("o14"), "Protective service");
  assert.equal(of("o19"), "Office and administrative support");
  assert.equal(of("o25"), "Material moving");
});

Deno.test("what was not drawn cannot fill the form, and no field is made up", () => {
  const four = draw({ ...design, fields: [] }, { each: 2, strata: ["WI"] }).population;
  assert.throws(() => filledFrom(four), /was drawn without language, education, .*and \d more/);
  assert.throws(
    () => filledFrom(four, { facts: { hair: { from: "age", levels: {} } } }),
    /The objective form has no field hair/,
  );
  const age = filledFrom(four, { facts: { age: FACTS.age! } });
  assert.deepEqual(age.codebook.map(({ name, label }) => [name, label]), [["age", "Age"]]);
});

Deno.test("the census arm answers without a persona, is shown the form's own text, and pairs with all arms", async () => {
  const lab = await openStudy({ schema: "opinions_census" });
  const asked = instrumentOf(questionsFrom("dataset/opinions/example_context.json"), {
    name: "q",
    title: "Q",
  });
  const four = draw({ ...design, fields: [] }, { each: 40, strata: ["GA", "WI"], seed: 3 });
  await lab.population(four.population);
  await lab.population(filled);
  const models = [driftingModel(0, asked.instrument)];
  const shown = factsPrompt(shippedPrompt("administration", "general"));
  const all = { instrument: asked.instrument, models, coding: "label" as const };
  const census = administrations({ ...all, of: "profiles", population: "census", prompt: shown });
  const [system] = (await lab.preview(census)).messages;
  const [first] = [...filled.profiles];
  assert.match(system!.content, new RegExp(`^Age: ${first!.values!.age}$`, "m"));
  assert.doesNotMatch(system!.content, /Ancestry|not_applicable|null|^\s*Income: $/m);
  const written = personas({ models, form: objective });
  await lab.run(await lab.register(written));
  const plans = [
    administrations({ ...all, of: "profiles" }),
    census,
    administrations({ ...all, form: "objective", prompt: shown }),
  ];
  for (const plan of plans) await lab.run(await lab.register(plan));
  // The same prompt shows a persona of the form by the same lines.
  const [by] = (await lab.preview(plans[2]!)).messages;
  const labels = (text: string) => [...text.matchAll(/^([A-Z][^:\n]+): /gm)].map(([, one]) => one);
  assert.deepEqual(labels(system!.content).filter((one) => !labels(by!.content).includes(one)), []);
  assert.doesNotMatch(by!.content, /Ancestry/);
  await lab.close();
  const study = await openDataset({ schema: "opinions_census" });
  const { sheets } = await study.sheets("q");
  await study.close();
  const arms = withArms(sheets);
  const told = [...new Set(arms.getColumn("arm").toArray() as string[])].toSorted();
  assert.deepEqual(told, ["census", "meta", "objective"]);
  assert.deepEqual(ARMS, ["meta", "census", ...LADDER.slice(1)]);
  assert.equal(new Set(arms.getColumn("respondent").toArray()).size, 80);
  assert.equal(arms.height, 240);
});

Deno.test("what tables tell besides the four facts moves no leaning", async () => {
  const lab = await openStudy({ schema: "opinions_census_leaning" });
  await lab.population(filled);
  const plan = personas({ models: [driftingModel(0)], form: objective });
  const run = await lab.register(plan);
  await lab.run(run);
  const [one] = await lab.exchanges(run);
  await lab.close();
  assert.match(one!.messages.at(-1)!.content, /^- Education: /m);
  const { values } = [...filled.profiles].find(({ id }) => id === one!.profile)!;
  const label = (name: string) =>
    filled.codebook.find((variable) => variable.name === name)!.levels!
      .find(({ value }) => value === values![name])!.label;
  const leaning = leaningOf(["age", "sex", "race", "state"].map(label));
  const [, carried] = /simulated leaning (-?[\d.]+), rung 1/.exec(one!.reply)!;
  assert.equal(carried, leaning.toFixed(6));
});

const invented = frame(
  Array.from({ length: 80 }, (_, at) => ({
    profile: at + 1,
    writer: at < 40 ? "A" : "B",
    ideology: at % 4 === 3 ? "Very Liberal" : "Moderate",
    political_views: at % 4 === 0 ? " democrat" : at === 1 ? "Green" : "Independent",
    political_views_status: "in list",
  })),
  {
    profile: "integer",
    writer: "text",
    ideology: "text",
    political_views: "text",
    political_views_status: "text",
  },
);

Deno.test("politics as answers: words of the list in any case, what is off it is unreadable", () => {
  const answers = politicsOf(invented);
  assert.equal(answers.height, 160);
  assert.ok(!answers.columns.includes("political_views_status"));
  const party = rows(
    answers.filter(pl.col("question").eq(pl.lit("Party"))),
    z.object({ option: z.string().nullable(), reply_class: z.string() }),
  );
  assert.deepEqual(party[0], { option: "Democrat", reply_class: "answer" });
  assert.deepEqual(party[1], { option: null, reply_class: "unreadable" });
  assert.deepEqual(POLITICS.map(({ question }) => question), ["Ideology", "Party"]);
});

// By hand from dataset/opinions/gss_toplines_2016_2018.csv, 2018: .1415 + .1558 and .1182 + .1195.
Deno.test("the survey's seven points and eight groups in the form's words, summing to one", () => {
  const people = surveyedPolitics({ year: 2018 });
  const all = rows(
    people,
    z.object({ question: z.string(), option: z.string(), share: z.number() }),
  );
  const share = (option: string) => all.find((row) => row.option === option)!.share;
  near(share("Democrat"), 0.2973, 1e-12);
  near(share("Liberal"), 0.2377, 1e-12);
  near(share("Independent"), 0.1278 + 0.1834 + 0.1222, 1e-12);
  for (const question of ["Ideology", "Party"]) {
    const own = all.filter((row) => row.question === question);
    near(own.reduce((sum, row) => sum + row.share, 0), 1, 1e-3);
  }
  assert.throws(() => surveyedPolitics({ year: 2017 }), /no survey of 2017/);
});

// R 4.2.2: Wilson's limits of prop.test(29.25, 39, correct = FALSE) and (.3824 * 1643, 1643), put together as
// Newcombe (1998) does in his method 10; 40 clusters are worth 39 rows, whose variance has n − 1 below it.
Deno.test("the difference from people has Newcombe's interval, by writer", () => {
  const people = surveyedPolitics({ year: 2018 });
  const made = rows(
    politics(invented, people, { by: ["writer"] }),
    z.object({
      writer: z.string(),
      option_label: z.string(),
      n: z.number(),
      share: z.number(),
      estimate: z.number(),
      ci_lower: z.number(),
      ci_upper: z.number(),
    }),
  );
  const of = (writer: string, option: string) =>
    made.find((row) => row.writer === writer && row.option_label === option)!;
  const moderate = of("B", "Moderate");
  assert.deepEqual([moderate.n, moderate.share], [40, 0.75]);
  near(moderate.estimate, 0.75 - 0.3824, 1e-12);
  near(moderate.ci_lower, 0.211776517950600, 1e-9);
  near(moderate.ci_upper, 0.479207533782973, 1e-9);
  // What is off the list is no party: 39 count.
  assert.equal(of("A", "Democrat").n, 39);
  assert.deepEqual(sourcesOf(people)?.map(({ line }) => line), [
    "Data: General Social Survey 2018, weighted",
  ]);
});
