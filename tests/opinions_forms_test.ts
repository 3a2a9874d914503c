/** The four degrees of freedom: which fields they have, and one respondent through all of them. */
import assert from "node:assert/strict";
import {
  descriptive,
  LADDER,
  objective,
  OCCUPATIONS,
  originalName,
  subjective,
} from "lib/opinions/forms.ts";
import { openDataset } from "lib/db.ts";
import { model } from "lib/llm.ts";
import { openStudy, personas } from "lib/study.ts";

const names = (form: { fields: readonly { name: string }[] }) =>
  form.fields.map(({ name }) => name);
const choices = (name: string) =>
  subjective.fields.find((field) => field.name === name)!.choices!.length;

// Counted in the templates of the original's repository.
Deno.test("the objective form has its 20 fields in order, the subjective one 14 more", () => {
  assert.deepEqual(names(objective).map(originalName), [
    ...["AGE", "SEX", "RACE", "STATE", "ANCESTRY", "HOUSEHOLD_LANGUAGE", "EDUCATION"],
    ...["EMPLOYMENT_STATUS", "CLASS_OF_WORKER", "INDUSTRY_CATEGORY", "OCCUPATION_CATEGORY"],
    ...["INCOME", "MARITAL_STATUS", "HOUSEHOLD_TYPE", "FAMILY_PRESENCE_AND_AGE"],
    ...["PLACE_OF_BIRTH", "CITIZENSHIP", "VETERAN_STATUS", "DISABILITY", "HEALTH_INSURANCE"],
  ]);
  const more = names(subjective).filter((name) => !names(objective).includes(name));
  const traits = ["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"];
  // Five numbers here are one field there.
  assert.equal(more.filter((name) => !traits.includes(name)).length + 1, 14);
  assert.deepEqual(
    names(subjective).filter((name) => names(objective).includes(name)),
    names(objective),
  );
  assert.equal(more[0], "detailed_job_description");
  assert.equal(
    names(subjective).indexOf(more[0]!),
    names(subjective).indexOf("occupation_category") + 1,
  );
  assert.deepEqual(
    ["ancestry", "household_language", "education", "industry_category", "occupation_category"]
      .map(choices),
    [23, 5, 5, 5, 17],
  );
  assert.deepEqual(Object.values(OCCUPATIONS).map(({ length }) => length), [4, 5, 2, 3, 3]);
  assert.deepEqual(["ideology", "political_views"].map(choices), [5, 4]);
});

Deno.test("one respondent goes through all forms; each field says what became of it", async () => {
  const lab = await openStudy({ schema: "opinions_forms" });
  await lab.population(
    [
      { age: "30-34", sex: "Female", race: "Asian", state: "Ohio" },
      { age: "85+", sex: "Male", race: "White", state: "Maine" },
    ],
    { instrument: null, name: "two" },
  );
  const forms = [objective, subjective, descriptive];
  assert.deepEqual(forms.map(({ name }) => name), LADDER.slice(1));
  const shared = { models: [model("simulated")], population: "two" };
  for (const form of forms) await lab.run(await lab.register(personas({ ...shared, form })));
  await lab.close();
  const study = await openDataset({ schema: "opinions_forms" });
  for (const form of forms) {
    const made = await study.personas(form.name);
    assert.equal(made.height, 2);
    for (const row of made.toRecords() as Record<string, string | number>[]) {
      for (const { name, given, choices, kind, lowest, highest } of form.fields) {
        const became = row[`${name}_status`];
        if (given) assert.match(String(became), /^given and (kept|changed)$/, name);
        else if (row[name] === null) assert.equal(became, "empty", name);
        else assert.equal(became, choices ? "in list" : "written", name);
        if (kind === "number" && row[name] !== null) {
          assert.ok(Number(row[name]) >= lowest! && Number(row[name]) <= highest!, name);
        }
      }
    }
  }
  await study.close();
});
