/**
 * Plans that are estimated, registered and begun together, of which some are about personas that others
 * are yet to write; and the notebooks that do so, with a model that costs money.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "lib/config.ts";
import type { Form } from "lib/forms.ts";
import { rows } from "lib/frames.ts";
import { instrumentFrom } from "lib/study.ts";
import { model } from "lib/llm.ts";
import { administrations, openStudy, personas, type Plan } from "lib/study.ts";
import { z } from "zod";
import { execute } from "../scripts/jupyter/execute.ts";
import { read, source } from "../scripts/jupyter/notebook.ts";
import { nightly } from "./command.ts";
import { type Asked, provider } from "./llm_server.ts";
import { Folder } from "./made.ts";

const SKETCH: Form = {
  name: "sketch",
  title: "Sketch",
  language: "en",
  fields: [
    { name: "called", label: "Name", kind: "text", asks: "a first name" },
    { name: "mood", label: "Mood", kind: "choice", choices: ["calm", "hurried"], asks: "the mood" },
  ],
  shown: "{{called}} is {{mood}}.",
  source: "a test",
  tokens: { fewest: 10, usual: 40 },
};
const DAY: Form = {
  ...SKETCH,
  name: "day",
  fields: [{ name: "morning", label: "Morning", kind: "text", asks: "the morning" }],
  shown: "In the morning: {{morning}}.",
  tokens: { fewest: 10, usual: 60 },
};
const town = instrumentFrom(join(ROOT, "dataset", "instruments", "town.csv"));
const one = { ...model("simulated"), id: "one", label: "One" };
const other = { ...model("simulated"), id: "other", label: "Other" };
const PEOPLE = Array.from({ length: 5 }, (_, at) => ({ age: 20 + 10 * at, sex: "female" }));

const Cost = z.object({ run: z.string().nullable(), model: z.string(), calls: z.number() });
const Standing = z.object({ run: z.string(), done: z.number(), calls: z.number() });

/** Sketches by two models, two each; a day of each; sheets of both, asked in two blocks of three. */
const plansOf = (): Plan[] => [
  personas({
    models: [one, other],
    form: SKETCH,
    conditions: [{ name: "as they are", set: {} }],
    repetitions: 2,
    name: "sketches",
  }),
  personas({ models: [one], form: DAY, parent: "sketch", name: "days" }),
  administrations({ instrument: town, form: "sketch", asked: 3, name: "first sheets" }),
  administrations({ instrument: town, form: "day", personas: "all", name: "all sheets" }),
];

async function entered(schema: string) {
  const lab = await openStudy({ schema });
  await lab.population(PEOPLE, { instrument: null, name: "five" });
  return lab;
}

Deno.test("what plans cost together counts personas that are yet to be written, and comes true", async () => {
  const lab = await entered("together_cost"), plans = plansOf();
  // 5 people: sketches 2 models × 2; a day each; first sheets of repetition 1 in 2 blocks; all days.
  const expected = { sketches: 20, days: 20, "first sheets": 2 * 5 * 2, "all sheets": 20 };
  const costs = rows(await lab.estimate(plans), Cost);
  const calls = Object.fromEntries(
    Object.keys(expected).map((run) => [
      run,
      costs.filter((row) => row.run === run).reduce((sum, { calls }) => sum + calls, 0),
    ]),
  );
  assert.deepEqual(calls, expected);
  assert.equal(costs.find(({ model }) => model === "all")!.calls, 80);

  const runs = await lab.register(plans);
  assert.deepEqual(runs, Object.keys(expected));
  await lab.run(runs);
  const standing = rows(await lab.status(), Standing);
  assert.deepEqual(Object.fromEntries(standing.map(({ run, done }) => [run, done])), expected);
  // Half of it is there: nothing is left, and nothing is asked again.
  assert.equal(rows(await lab.estimate(plans), Cost).at(-1)!.calls, 0);
  await lab.run(await lab.register(plans));
  assert.deepEqual(rows(await lab.status(), Standing), standing);
  await lab.close();
});

Deno.test("of personas that are yet to be written, only those that a plan names count, and once", async () => {
  const lab = await entered("together_named");
  const written = personas({
    models: [one, other],
    form: SKETCH,
    conditions: [{ name: "as they are", set: {} }],
    name: "sketches",
  });
  const asked = { instrument: town, form: "sketch", models: [one] } as const;
  const plans = [
    written,
    administrations({ ...asked, profiles: [2, 4], name: "two" }),
    administrations({ ...asked, profiles: [4, 5], name: "one more" }),
    administrations({ ...asked, name: "all" }),
    administrations({ ...asked, profiles: [1], repetitions: 2, name: "again" }),
    administrations({ ...asked, models: [one, { ...other, top_p: 0.5 }], name: "both" }),
  ];
  // Of two writers each: 10 sketches; 2, 1 and 2 people; the second time of one; the other model for all five.
  const expected = [10, 4, 2, 4, 2, 10];
  const costs = rows(await lab.estimate(plans), Cost);
  const calls = plans.map(({ name }) =>
    costs.filter(({ run }) => run === name).reduce((sum, { calls }) => sum + calls, 0)
  );
  assert.deepEqual(calls, expected);
  await lab.run(await lab.register(plans));
  const done = rows(await lab.status(), Standing);
  assert.deepEqual(done.map(({ calls }) => calls), expected);
  await lab.close();
});

Deno.test("of personas some are written: those count as they are, the others as they will be", async () => {
  const lab = await entered("together_part"), plans = plansOf();
  await lab.register(plans[0]!);
  await lab.run("sketches", { limit: 3 });
  const costs = rows(await lab.estimate(plans), Cost);
  const sum = (run: string) =>
    costs.filter((row) => row.run === run).reduce((total, { calls }) => total + calls, 0);
  assert.equal(sum("sketches"), 14);
  assert.deepEqual(["days", "first sheets", "all sheets"].map(sum), [20, 20, 20]);
  await assert.rejects(
    () => lab.estimate(plans[3]!),
    /holds no personas that could answer of the form "day": it has "sketch"/,
  );
  await lab.close();
});

Deno.test("what two plans ask counts for the first of them, and a plan may name whom it asks", async () => {
  const lab = await entered("together_overlap");
  const conditions = ["as they are", "-age"].map((name) =>
    name === "-age" ? name : { name, set: {} }
  );
  await lab.run(await lab.register(personas({ models: [one], form: SKETCH, conditions })));
  const asked = { instrument: town, form: "sketch", conditions: ["-age"] };
  const plans = [
    administrations({ ...asked, options: ["printed", "reversed"], name: "orders" }),
    administrations({ ...asked, repetitions: 2, name: "twice" }),
    administrations({ ...asked, profiles: [4, 2, 4], repetitions: 3, name: "some" }),
  ];
  const costs = rows(await lab.estimate(plans), Cost);
  assert.deepEqual(costs.map(({ run, calls }) => [run, calls]), [
    ["orders", 10],
    ["twice", 5],
    ["some", 2],
    [null, 17],
  ]);
  const Who = z.object({ condition: z.string(), profile: z.number(), persona: z.number() });
  assert.deepEqual(
    rows(await lab.respondents(plans[2]!), Who).map(({ condition, profile }) =>
      `${condition} ${profile}`
    ),
    ["-age 2", "-age 4"],
  );
  await lab.run(await lab.register(plans));
  const done = rows(await lab.status(), Standing).map(({ run, calls }) => [run, calls]);
  assert.deepEqual(done.slice(1), [["orders", 10], ["twice", 5], ["some", 2]]);
  await assert.rejects(
    () => lab.estimate(administrations({ ...asked, conditions: ["-sex"] })),
    /no personas of the condition -sex: there are as they are, -age/,
  );
  assert.throws(() => administrations({ ...asked, profiles: [] }), /ids of profiles: got none/);
  assert.throws(() => administrations({ ...asked, conditions: [] }), /at least one condition/);
  assert.throws(
    () =>
      administrations({ instrument: town, of: "profiles", models: [one], conditions: ["-age"] }),
    /have no personas: leave out personas, conditions and form/,
  );
  const written = personas({ models: [one], form: SKETCH, conditions: ["-sex"], profiles: [5, 1] });
  assert.equal(rows(await lab.estimate(written), Cost.omit({ run: true })).at(-1)!.calls, 2);
  await lab.close();
});

Deno.test("a limit is each model's own: one that is there at once does not end a slower one", async () => {
  const lab = await entered("together_limit");
  let release = () => {};
  const after = new Promise<void>((resolve) => (release = resolve));
  const server = provider({
    answer: (asked) => ({ text: reply(asked), after }),
    keep: false,
  });
  const slow = { ...model("vllm-llama31"), id: "slow", base_url: `${server.url}/v1` };
  const run = await lab.register(personas({
    models: [one, slow],
    form: SKETCH,
    conditions: [{ name: "as they are", set: {} }],
    name: "sketches",
  }));
  const ended = await lab.run(run, {
    limit: 3,
    budget: { calls: 10 },
    onProgress: ({ done }) => done >= 3 && release(),
  });
  assert.deepEqual([ended.ended, ended.done], ["limit reached", 6]);
  assert.equal(server.tally().answered, 3);
  await server.close();
  await lab.close();
});

Deno.test("runs have one budget together, and what waits for one that did not finish is not begun", async () => {
  const lab = await entered("together_budget");
  const server = provider({ answer: reply, keep: false });
  const paid = {
    ...model("vllm-llama31"),
    id: "paid",
    label: "Paid",
    base_url: `${server.url}/v1`,
    price: { input: 1, output: 2, as_of: "2026-11-21", source: "made up" },
  };
  const plans = [
    personas({
      models: [paid],
      form: SKETCH,
      conditions: [{ name: "as they are", set: {} }],
      name: "sketches",
    }),
    administrations({ instrument: town, form: "sketch", name: "sheets" }),
  ];
  const runs = await lab.register(plans);
  await assert.rejects(() => lab.run(runs), /sketches asks paid, which may cost money, and has no/);
  await assert.rejects(
    () => lab.ready(runs, { budget: { calls: 9 } }),
    /cost was not shown|will cost/,
  );
  await lab.estimate(plans);
  await lab.ready(runs, { budget: { calls: 9 } });
  assert.equal((await lab.run(runs, { budget: { calls: 0 } })).ended, "budget spent");
  assert.equal(server.tally().requests, 0);
  assert.equal((await lab.run(runs, { budget: { calls: 3 } })).ended, "budget spent");
  assert.equal(server.tally().requests, 3);
  // Five sketches and two sheets: seven calls of all runs together.
  assert.equal((await lab.run(runs, { budget: { calls: 7 } })).ended, "budget spent");
  assert.equal(server.tally().requests, 7);
  assert.equal((await lab.run(runs, { budget: { calls: 10 } })).ended, "finished");
  assert.equal(server.tally().requests, 10);
  await server.close();
  await lab.close();
});

/** A whole reply to a form, or to items with answers of their own: of lists the first. */
function reply({ system, user }: Pick<Asked, "system" | "user">): string {
  const items = [...user.matchAll(/^ *"(\d+)": \{\n.*\n *"answers": ([[{].*[\]}])$/gm)];
  if (items.length) {
    return JSON.stringify(Object.fromEntries(items.map(([, number, answers]) => {
      const listed = JSON.parse(answers!) as string[] | Record<string, string>;
      return [number!, Array.isArray(listed) ? listed[0] : Object.keys(listed)[0]];
    })));
  }
  const fields = `${system}\n${user}`.matchAll(
    /^ *"(\w+)": "(integer|number|string|one of: .*)"/gm,
  );
  return JSON.stringify(Object.fromEntries([...fields].map(([, name, kind]) => [
    name,
    kind === "integer"
      ? 50
      : kind === "number"
      ? 3
      : kind!.startsWith("one of: ")
      ? kind!.slice("one of: ".length).split("; ")[0]
      : "as given",
  ])));
}

/**
 * The notebooks of opinions that begin their plans together, how many people they draw, and of four people: runs,
 * calls, and those of the model that costs money. Of the last one a stand-in writes and answers as well.
 */
const LADDERS = [
  ["43_alignment", 25, { runs: 7, calls: 28, paid: 28 }],
  ["44_elections", 4, { runs: 7, calls: 28, paid: 28 }],
  ["45_ladder", 25, { runs: 13, calls: 68, paid: 44 }],
] as const;

for (const [name, each, of] of nightly ? LADDERS : LADDERS.slice(0, 1)) {
  Deno.test(`${name} asks a model that costs money nothing before its cost is seen and it is begun`, async () => {
    const server = provider({ answer: reply, keep: false });
    const { cells } = read(join(ROOT, "notebooks", `${name}.ipynb`));
    const schema = `priced_${name.slice(0, 2)}`;
    const paid =
      `{ ...model("vllm-llama31"), id: "mine", label: "Mine", base_url: "${server.url}/v1",
      price: { input: 1, output: 2, as_of: "2026-11-21", source: "made up" } }`;
    const lines: [RegExp, string][] = [
      [/schema = "\w+"/, `schema = "${schema}"`],
      [/\[driftingModel\(.*?\)\]/, `[${paid}]`],
      [new RegExp(`each: ${each}`), "each: 2"],
      [/(, strata: \[[^\]]*\])?, seed: 2018/, `, strata: ["AZ", "GA"], seed: 2018`],
    ];
    const texts = cells.filter(({ cell_type }) => cell_type === "code").map(source);
    const begins = texts.findIndex((text) => text.includes("await begin("));
    assert.ok(begins > 0 && texts.findIndex((text) => text.includes("lab.estimate(")) < begins);
    assert.ok(!texts.some((text) => text.includes("lab.run(")));
    for (const [line] of lines) {
      assert.equal(texts.slice(0, begins).filter((text) => line.test(text)).length, 1, `${line}`);
    }
    const priced = [
      `import { model } from "lib/llm.ts";`,
      ...texts.slice(0, begins).map((text) =>
        lines.reduce((text, [from, to]) => text.replace(from, to), text)
      ),
    ];
    using folder = new Folder(ROOT);
    const failed = async (...more: string[]) => {
      const path = folder.write(`${name}.ipynb`, [...priced, ...more]);
      const { notebook, failures } = await execute(path, { paid: true });
      const shown = notebook.cells.flatMap(({ outputs }) => outputs ?? [])
        .map((output) => "data" in output ? [output.data["text/plain"] ?? ""].flat().join("") : "");
      return { shown: shown.join("\n"), why: failures.map(({ evalue }) => evalue).join("\n") };
    };

    // All plans of four people, whose calls cost something.
    const seen = await failed();
    assert.equal(seen.why, "");
    assert.match(seen.shown, new RegExp(`^— +all +${of.calls} .* 0\\.0\\d+ +0\\.\\d+ `, "m"));
    const [begin] = [texts[begins]!];
    const running = begin.replace(/await begin\(lab, (\w+), \{ budget \}\)/, (_, runs) => {
      return `await lab.run(${runs}, { budget: { usd: 5 } })`;
    });
    assert.notEqual(running, begin);
    assert.match((await failed(running)).why, /A cell that asks a model waits until/);
    assert.match((await failed(begin, "await ended(lab, runs);")).shown, /No further call fits/);
    assert.equal(server.tally().requests, 0);

    const spent = begin.replace("{ budget }", "{ budget: { usd: 5 } }");
    const asked = await failed(spent, "await ended(lab, runs);");
    const { runs, calls } = of;
    assert.match(asked.shown, new RegExp(`${runs} runs: ${calls} of ${calls} done, 0 failed`));
    assert.equal(server.tally().requests, of.paid);
    await server.close();
  });
}
