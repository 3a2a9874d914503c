/** A study in forms of one's own: written, one made from the other, asked, read, and read again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import type { Form } from "lib/forms.ts";
import { model } from "lib/llm.ts";
import { shares } from "lib/measures.ts";
import { biography } from "lib/paper/biography.ts";
import { epqra } from "lib/paper/instruments.ts";
import { grid } from "lib/paper/print.ts";
import { build, robustness } from "lib/paper/tables.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, formFrom, openStudy, personas } from "lib/study.ts";

const portrait = formFrom(join(ROOT, "dataset/forms/portrait.csv"));
const voice = formFrom(join(ROOT, "dataset/forms/voice.csv"));
const people = Array.from({ length: 6 }, (_, at) => ({
  id: at + 1,
  age: 25 + 7 * at,
  sex: at % 2 ? "female" : "male",
}));
const writer = { ...model("simulated"), error_rate: 0.4 };

type Row = Record<string, string | number | null>;

Deno.test("personas of any form are written, made into another form, asked, read and read again", async () => {
  const lab = await openStudy({ schema: "forms_made" });
  await lab.population(people, { instrument: null, name: "people" });
  const conditions = [{ name: "unchanged", set: {} }];
  const plan = personas({ models: [writer], form: portrait, conditions, repetitions: 2 });
  assert.equal(plan.prompt.version, "form-1");
  const preview = await lab.preview(plan, { profile: 2 });
  assert.match(preview.messages[0]!.content, /"town" \(Where they live\)/);
  assert.match(
    preview.messages[1]!.content,
    /\nThis is what is known of the person:\n\n- Age: 32\n/i,
  );
  const wrote = await lab.register(plan);
  const { done, failed } = await lab.run(wrote);
  assert.deepEqual([done, failed], [12, {}]);

  // The only form that there is need not be named: its fields are columns, its lists are counted.
  const alone = await openDataset({ schema: "forms_made" });
  const told = await alone.personas();
  const names = portrait.fields.map(({ name }) => name);
  assert.deepEqual(told.columns.slice(-names.length), names);
  assert.ok(told.getColumn("age").isNumeric());
  const filled = (await alone.personas("portrait")).select(...names).toRecords();
  assert.deepEqual(told.select(...names).toRecords(), filled);
  assert.deepEqual((await alone.biographies()).select(...names).toRecords(), filled);
  const counts = await alone.demographics();
  assert.deepEqual(counts.toRecords(), (await alone.demographics("portrait")).toRecords());
  assert.equal((await alone.people()).words("town").length, 12);
  // Table 1 is about the form's own lists, whatever it is by.
  const table1 = await build("table1", alone, { by: ["form"], mode: "corrected" });
  const inTable = (table1.toRecords() as Row[])
    .map(({ form, category, subcategory, count }) => [form, category, subcategory, count]);
  const towns = [...new Set(filled.map(({ town }) => String(town)))].toSorted();
  assert.ok(towns.length > 1);
  assert.deepEqual(
    inTable,
    towns.map((
      town,
    ) => ["portrait", "town", town, filled.filter((row) => row.town === town).length]),
  );
  assert.deepEqual(grid("table1", table1).head, [["Form portrait"]]);
  const survived = await robustness("table1", alone, {
    by: ["profile_population", "form"],
    draws: 20,
  });
  assert.deepEqual(
    (survived.toRecords() as Row[]).map(({ subcategory, n, count }) => [subcategory, n, count]),
    inTable.map(([, , town, count]) => [town, 12, count]),
  );
  assert.deepEqual((await lab.personas(2)).columns.slice(-names.length), names);
  await alone.close();

  const second = personas({ models: [writer], form: voice, parent: "portrait" });
  const asked = await lab.preview(second, { profile: 3 });
  // The writer is shown the parent as its form says, and nothing else of the profile.
  assert.match(asked.messages[1]!.content, /text about the person:\n\n.* years old, lives in a /);
  assert.doesNotMatch(asked.messages[1]!.content, /what is known of/);
  const [{ calls }] = (await lab.estimate(second)).toRecords() as [{ calls: number }];
  assert.equal(calls, 12);
  const rewrote = await lab.register(second);
  assert.equal((await lab.run(rewrote)).done, 12);
  assert.equal((await lab.estimate(second)).toRecords()[0]!.calls, 0);
  // What is planned again finds its run, and has nothing left to do.
  assert.equal(await lab.register(second), rewrote);
  assert.equal((await lab.run(rewrote)).done, 0);

  // Each form is asked as it is shown.
  for (
    const [form, shown] of [["portrait", / years old, /], ["voice", /^(?!.*years old)/s]] as const
  ) {
    const plan = administrations({ instrument: epqra, form, personas: "all" });
    const { messages } = await lab.preview(plan, { profile: 4 });
    assert.match(messages[0]!.content, /^Take on the part[^]*throughout\.\n\n/);
    assert.match(messages[0]!.content.split("throughout.")[1]!, shown);
    const name = await lab.register(plan);
    const { done, failed } = await lab.run(name);
    assert.deepEqual([done, failed], [12, {}], form);
    const nothing = { changed: 0, gained: 0, lost: 0 };
    assert.deepEqual(await lab.reparse(name), { replies: 12, same: 12, ...nothing }, form);
  }
  // A place that is a field, as in a prompt for biographies.
  const own = editPrompt(shippedPrompt("administration", "general"), {
    system: "Be {{name}}, {{mood}}.",
  });
  const by = await lab.preview(administrations({ instrument: epqra, form: "voice", prompt: own }));
  assert.match(by.messages[0]!.content, /^Be .+, (calm|cheerful|worried|angry)\.$/);
  for (const name of [wrote, rewrote]) {
    assert.equal((await lab.reparse(name)).same, 12, name);
  }

  const study = await openDataset({ schema: "forms_made" });
  assert.deepEqual((await study.forms()).map(({ name }) => name), ["portrait", "voice"]);
  const first = (await study.personas("portrait")).toRecords() as Row[];
  const made = await study.personas("voice");
  const rows = made.toRecords() as Row[];
  assert.equal(first.length, 12);
  for (const { age, age_status, profile, town, town_cleaned, town_status } of first) {
    const given = people[Number(profile) - 1]!.age;
    assert.equal(age_status, age === given ? "given and kept" : "given and changed");
    assert.deepEqual([town_cleaned, town_status], [town, "in list"]);
  }
  const kept = first.filter(({ age_status }) => age_status === "given and kept").length;
  assert.ok(kept > 3 && kept < 12, `${kept} of 12 ages were kept`);
  // Parents are of the same profile and repetition; one respondent is followed through both forms.
  const parents = new Map(first.map((row) => [row.persona, row]));
  for (const { parent_persona, profile, repetition } of rows) {
    const of = parents.get(parent_persona!)!;
    assert.deepEqual([of.profile, of.repetition], [profile, repetition]);
  }
  assert.equal(new Set(rows.map(({ parent_persona }) => parent_persona)).size, 12);
  const moods = shares(made, { of: "mood", by: ["repetition"] }).toRecords() as Row[];
  assert.equal(moods.reduce((sum, { count }) => sum + Number(count), 0), 12);
  const statuses = (await study.statuses()).toRecords() as Row[];
  const ages = statuses.filter(({ form, field }) => form === "portrait" && field === "age");
  assert.deepEqual(
    ages.map(({ status, n }) => [status, n]),
    [["given and kept", kept], ["given and changed", 12 - kept]],
  );
  assert.deepEqual([...new Set(statuses.map(({ form }) => form))], ["portrait", "voice"]);
  await assert.rejects(
    () => study.personas("portrat"),
    /Schema forms_made has no personas of the form portrat: there are portrait, voice/,
  );
  // Of several forms one is named; nothing stands in for a form that nobody wrote in.
  for (
    const read of [
      () => study.demographics(),
      () => study.personas(),
      () => study.people(),
      () => study.biographies(),
      () => lab.personas(),
    ]
  ) {
    await assert.rejects(
      read,
      /Schema forms_made has personas of several forms: name one of portrait, voice/,
    );
  }
  const counted = (await study.demographics("portrait")).toRecords() as Row[];
  assert.deepEqual([...new Set(counted.map(({ attribute }) => attribute))], ["town"]);
  assert.equal(
    counted.filter(({ attribute }) => attribute === "town").reduce(
      (sum, { n }) => sum + Number(n),
      0,
    ),
    12,
  );
  // The paper's tables name the form as well, and say which there are.
  await assert.rejects(() => build("table1", study), /several forms: name one of portrait, voice/);
  const moodsBy = await build("table1", study, { form: "voice", by: ["writer"] });
  assert.deepEqual(
    [...new Set((moodsBy.toRecords() as Row[]).map(({ category }) => category))],
    ["mood"],
  );
  const shown = (await lab.personas(3, "portrait")).toRecords() as Row[];
  assert.equal(shown.length, 3);
  assert.deepEqual(
    Object.keys(shown[0]!),
    ["model", "condition", "profile", "repetition", ...portrait.fields.map(({ name }) => name)],
  );
  assert.deepEqual(shown[0]!.town, first.find(({ profile }) => profile === 1)!.town);
  // The published names stay; what a form lacks is empty there.
  const published = await study.read(
    "published",
    (sql) =>
      sql`select form, age, description, gender, location, word_count_description
        from forms_made.personas order by id limit 1`,
  );
  const [{ age: _, ...others }] = published as unknown as [Row];
  assert.deepEqual(others, {
    form: "portrait",
    description: null,
    gender: null,
    location: null,
    word_count_description: null,
  });
  await study.close();

  const other: Form = { ...portrait, fields: portrait.fields.slice(0, 3), shown: "{{name}}" };
  await assert.rejects(
    () => lab.register(personas({ models: [writer], form: other })),
    /knows another form portrait: give yours another name/,
  );
  await assert.rejects(
    () => lab.register(administrations({ instrument: epqra })),
    /holds no personas that could answer of the form "biography": did you mean "portrait"\? it has "portrait", "voice"/,
  );
  await lab.close();
});

Deno.test("a plan names a form and its parents, and is the same plan where that is the usual one", () => {
  const models = [model("simulated")], conditions = [{ name: "unchanged", set: {} }];
  const plan = personas({ models, conditions });
  assert.deepEqual(personas({ models, conditions, form: biography }), plan);
  assert.ok(!("form" in plan) && !("parent" in plan));
  assert.notEqual(personas({ models, conditions, form: portrait }).name, plan.name);
  assert.ok(!("form" in administrations({ instrument: epqra })));
  const shown: Form = { ...portrait, shown: "{{nmae}}" };
  const refused: [() => unknown, RegExp][] = [
    [
      () => personas({ models, form: shown }),
      /Form portrait shows \{\{nmae\}\}, and its fields are name/,
    ],
    [
      () => personas({ models, form: { ...portrait, fields: [] } }),
      /a form has at least one field/,
    ],
    [
      () => personas({ models, form: "portrait" as never }),
      /A form is one that a package brings, or/,
    ],
    [
      () => personas({ models, parent: "portrait", conditions }),
      /leave out conditions, repetitions/,
    ],
    [
      () => personas({ models, parent: "portrait", repetitions: 2 }),
      /leave out conditions, repeti/,
    ],
    [
      () => personas({ models, parent: 7 as never }),
      /parent is the name of a form: got the number 7/,
    ],
    [
      () => administrations({ instrument: epqra, form: portrait as never }),
      /form is the name of one that personas have: got/,
    ],
  ];
  for (const [make, why] of refused) assert.throws(make, why);
});
