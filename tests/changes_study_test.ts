/** One attribute of a respondent changed and all else kept: who is asked, what is shown, what is bought. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { changedIn, resolved } from "lib/conditions.ts";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import { instrumentFrom } from "lib/study.ts";
import { model } from "lib/llm.ts";
import { administrations, formFrom, openStudy, personas } from "lib/study.ts";

const mini = instrumentFrom(join(ROOT, "dataset/instruments/mini-ipip.csv"));
const portrait = formFrom(join(ROOT, "dataset/forms/portrait.csv"));
const people = [
  { sex: "female", colour: "blue" },
  { sex: "male", colour: "green" },
  { sex: "female", colour: "green" },
  { sex: "other", colour: "" },
  { sex: "other", colour: "blue" },
];
const codebook = [
  {
    name: "sex",
    label: "Sex",
    kind: "category" as const,
    levels: [{ value: 1, label: "female" }, { value: 2, label: "male" }],
  },
  { name: "story", label: "Story", kind: "text" as const },
];

Deno.test("words of a text change places whole, in either case, and levels are found by label", () => {
  const words = [["she", "he"], ["her", "his"]] as const;
  const turned = { name: "turned", set: {}, values: { story: { words } } };
  const told = (story: string) => changedIn(codebook, { sex: 1, story }, turned);
  const { values, changedValues } = told("She's here; the HER of heroes, and he. Sheila.");
  assert.equal(values.story, "He's here; the HIS of heroes, and she. Sheila.");
  assert.deepEqual(changedValues, ["story"]);
  assert.deepEqual(told("Nobody is meant").changedValues, []);
  const { values: changes } = resolved(
    codebook,
    { name: "x", set: {}, values: { sex: { swap: ["Female", "2"] } } },
    "the people",
  );
  assert.deepEqual(changes, { sex: { swap: [1, 2] } });
  const odd = (values: Record<string, { words: typeof words }>) => () =>
    resolved(codebook, { name: "x", set: {}, values }, "the people");
  assert.throws(odd({ sex: { words } }), /changes words in sex, which is no text/);
  assert.throws(odd({ tale: { words } }), /needs the variable tale of the people/);
});

Deno.test("who has nothing to change is not asked; all else is shown as it was, and bought once", async () => {
  const lab = await openStudy({ schema: "changes" });
  await lab.population(people, { instrument: null, name: "people" });
  const simulated = [model("simulated")];
  const swap = "sex:female<->male";
  const asking = { instrument: mini, models: simulated, of: "profiles" } as const;
  const plan = administrations({ ...asking, changes: ["unchanged", swap, "-colour"] });
  const calls = async (of: typeof plan) => (await lab.estimate(of)).toRecords()[0]!.calls;
  assert.equal(await calls(plan), 5 + 3 + 4);
  const run = await lab.register(plan);
  assert.equal((await lab.run(run)).done, 12);
  const asked = await lab.exchanges(run, { profile: 1, most: 9 });
  const shown = asked.map(({ messages }) => messages.map(({ content }) => content).join("\n"));
  assert.equal(shown.length, 3);
  assert.equal(
    shown[0]!.replace("Sex: female", "Sex: male").replace("sex: female", "sex: male"),
    shown[1],
  );
  assert.notEqual(shown[0], shown[1]);
  assert.equal(shown[0]!.replace(/\n- colour: blue/i, ""), shown[2]);

  // Another plan with some of the same has nothing left to ask; a level that nobody has costs nothing.
  assert.equal(await calls(administrations({ ...asking, changes: [swap] })), 0);
  assert.equal(await calls(administrations({ ...asking, changes: ["colour:blue"] })), 3);
  const study = await openDataset({ schema: "changes" });
  const { sheets } = await study.sheets("mini-ipip");
  await study.close();
  const counts = Map.groupBy(sheets.getColumn("change").toArray(), (one) => one);
  assert.deepEqual(
    [...counts].map(([name, of]) => [name, of.length]).toSorted(),
    [["-colour", 4], [swap, 3], ["unchanged", 5]],
  );
  await assert.rejects(
    lab.estimate(administrations({ ...asking, changes: "-town" })),
    /Condition -town needs the variable town of the population people/,
  );
  assert.throws(() => administrations({ ...asking, changes: "N=3" }), /A change is of attributes/);
  assert.throws(
    () => administrations({ ...asking, changes: [swap, swap] }),
    /names each change once/,
  );

  // Personas by the fields of their form: what is left out takes its part of the text along.
  const wrote = personas({ models: simulated, form: portrait });
  await lab.run(await lab.register(wrote));
  const of = { instrument: mini, form: "portrait" } as const;
  const parts = administrations({
    ...of,
    changes: [
      "unchanged",
      "-view",
      { name: "mayor", values: { occupation: { set: "mayor" } } } as never,
    ],
  });
  assert.equal(await calls(parts), 15);
  const second = await lab.register(parts);
  await lab.run(second);
  const texts = (await lab.exchanges(second, { profile: 2, most: 9 }))
    .map(({ messages }) => messages[0]!.content);
  assert.match(texts[0]!, /owe one another .* says: \S/);
  assert.match(texts[1]!, /owe one another .* says:\s*$/m);
  assert.match(texts[2]!, /works as mayor\./);
  await assert.rejects(
    lab.estimate(administrations({ ...of, changes: "town:a hamlet" })),
    /town has no level "a hamlet"/,
  );
  await lab.close();
});
