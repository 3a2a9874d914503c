/** A study that is nothing like the paper, on the simulated model: nothing of it stands in the core. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pl from "polars";
import { ROOT } from "lib/config.ts";
import { connect, openDataset } from "lib/db.ts";
import type { Form } from "lib/forms.ts";
import { model } from "lib/llm.ts";
import { compare, scores, shares } from "lib/measures.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, instrumentFrom, openStudy, personas } from "lib/study.ts";
import { until } from "./command.ts";
import { Folder } from "./made.ts";
import { near } from "./near.ts";
import { Process } from "./study_worker.ts";

const SCHEMA = "other_study";

type Row = Record<string, string | number | null>;

const TOWNS = ["village", "town", "city"];

/** Forty people, as a researcher types them in. */
const PEOPLE = Array.from({ length: 40 }, (_, at) => ({
  id: `p${String(at + 1).padStart(2, "0")}`,
  age: 18 + (at * 7) % 62,
  sex: at % 2 ? "female" : "male",
  town: TOWNS[at % 3]!,
  weight: 0.5 + (at % 5) / 4,
}));

/** Who somebody is, in three lines; and the same person, telling of a day. */
const SKETCH: Form = {
  name: "sketch",
  title: "Sketch",
  language: "en",
  fields: [
    { name: "called", label: "Name", kind: "text", asks: "a first name" },
    {
      name: "years",
      label: "Age",
      kind: "whole",
      lowest: 18,
      highest: 99,
      given: "age",
      asks: "the person's age",
    },
    {
      name: "place",
      label: "Where they live",
      kind: "choice",
      choices: TOWNS,
      given: "town",
      asks: "where the person lives",
    },
  ],
  shown: "{{called}}, {{years}}, lives in a {{place}}.",
  source: "a test",
};
const DAY: Form = {
  name: "day",
  title: "A day",
  language: "en",
  fields: [
    {
      name: "morning",
      label: "Morning",
      kind: "text",
      asks: "what the person does in the morning",
    },
    {
      name: "mood",
      label: "Mood",
      kind: "choice",
      choices: ["calm", "hurried"],
      asks: "how the person feels",
    },
  ],
  shown: "In the morning: {{morning}} ({{mood}}).",
  source: "a test",
};

const CODEBOOK = [
  { name: "age", label: "Age", kind: "number" as const, unit: "years" },
  { name: "sex", label: "Sex", kind: "category" as const },
  {
    name: "town",
    label: "Where they live",
    kind: "ordered" as const,
    levels: TOWNS.map((value) => ({ value, label: value })),
  },
];

/** Each person, asked by two models in sixteen settings. */
const SHEETS = 40 * 2 * 16;

const here = model("simulated");
/** Another of the models that are computed here: it strays more often. */
const other = { ...here, id: "stray", label: "Stray (no model)", error_rate: 0.4 };

const town = (file: string) => instrumentFrom(join(ROOT, "dataset", "instruments", file));

/** Works on a run in processes of its own, each killed when it has done some of it; then to the end. */
async function killedTwice(run: string, done: () => Promise<number>): Promise<void> {
  for (let kill = 0; kill < 2; kill++) {
    const before = await done();
    await using worker = new Process(SCHEMA, run);
    await worker.ready();
    await worker.go();
    await until("some of the work is done", async () => worker.over || await done() > before + 20);
    assert.ok(await worker.killed(), "it had ended before it was killed");
  }
}

Deno.test("another study: typed-in people, two forms, an instrument of its own, five factors, two kills", async (t) => {
  const lab = await openStudy({ schema: SCHEMA });
  const counts = async (run: string) => {
    const rows = (await lab.status()).toRecords() as Record<string, number | string>[];
    return rows.find((row) => row.run === run)!;
  };
  try {
    await t.step("people, typed in", async () => {
      const made = await lab.population(PEOPLE, {
        name: "street",
        instrument: null,
        codebook: CODEBOOK,
      });
      assert.deepEqual(made, { name: "street", profiles: 40 });
    });
    await t.step("two forms, the second made from the first", async () => {
      for (
        const plan of [
          personas({
            models: [here],
            form: SKETCH,
            conditions: [{ name: "as they are", set: {} }],
          }),
          personas({ models: [here], form: DAY, parent: "sketch" }),
        ]
      ) {
        const { done, ended } = await lab.run(await lab.register(plan));
        assert.deepEqual([done, ended], [40, "finished"]);
      }
    });
    const told = shippedPrompt("administration", "general");
    const hurried = editPrompt(told, { user: `${told.user}\n\nDo not think for long.` });
    const plan = administrations({
      instrument: [town("town.csv"), town("town-es.csv")],
      form: "day",
      models: [here, other],
      prompt: [told, hurried],
      options: ["printed", "reversed"],
      asked: ["whole", 1],
      coding: "label",
    });
    const calls = 40 * 2 * 8 * (1 + 6);
    await t.step("every combination is planned once, and its cost is shown before", async () => {
      const rows = (await lab.estimate(plan)).toRecords() as Record<string, number>[];
      assert.deepEqual(rows.map(({ calls }) => calls), [calls / 2, calls / 2, calls]);
      await lab.register(plan);
    });
    await t.step("killed twice and continued: nothing is lost, nothing asked twice", async () => {
      const done = async () => Number((await counts(plan.name)).done);
      await killedTwice(plan.name, done);
      const before = await done();
      assert.ok(before > 40 && before < calls, `${before} of ${calls}`);
      const { ended, failed } = await lab.run(plan.name);
      assert.deepEqual([ended, failed], ["finished", {}]);
      assert.equal(await done(), calls);
      const sql = await connect("owner", { schema: SCHEMA, connections: 1 });
      try {
        const [row] = await sql`
          select count(*)::int as replies, count(distinct (work, ask))::int as questions
          from requests q join runs r using (run) where r.name = ${plan.name}`;
        assert.equal(row!.replies, row!.questions);
      } finally {
        await sql.end();
      }
    });
    await t.step("its methods section names what was varied, and each model once", async () => {
      const said = (await lab.methods()).join("\n");
      assert.match(
        said,
        /administration prompt \(general, general\+\w{8}\);.* language \(en, es\)/,
      );
      const models = /\*\*Models\.\*\* (.*)/.exec(said)![1]!;
      assert.equal(models.split("Simulated").length, 2, models);
    });
  } catch (error) {
    await lab.close();
    throw error;
  }
  const study = await openDataset({ schema: SCHEMA });
  try {
    const given = await study.sheets("town", { with: ["sex", "weight"] });
    const factors = [
      "answering_model",
      "administration_prompt",
      "option_order",
      "language",
      "asked",
    ] as const;
    const all = given.sheets.toRecords() as Row[];
    await t.step("a row for each sheet, a column for each factor", () => {
      assert.equal(given.sheets.height, SHEETS);
      assert.equal(given.sheets.select(...factors).unique().height, 32);
      assert.deepEqual([...given.sheets.getColumn("form").unique()], ["day"]);
      // A sheet that was asked one by one is one sheet.
      const complete = given.sheets.filter(pl.col("answer 6").isNotNull());
      assert.equal(complete.height, SHEETS);
    });
    await t.step("scores and shares by any two factors", () => {
      for (const [at, first] of factors.entries()) {
        for (const second of factors.slice(at + 1)) {
          const by = [first, second];
          const satisfied = scores(given, town("town.csv"), {
            by,
            items: [3, 5],
          });
          for (const row of satisfied.toRecords() as Row[]) {
            const own = all.filter((one) =>
              one[first] === row[first] && one[second] === row[second]
            );
            const item = Number(/\d+/.exec(row.scale as string));
            // 8 and 9 are no answers; the positions of the others are their codes.
            const answered = own.filter((one) => Number(one[`answer ${item}`]) < 8);
            const sum = (of: (one: Row) => number) =>
              answered.reduce((total, one) => total + Number(one.weight) * of(one), 0);
            near(
              row.mean as number,
              sum((one) => Number(one[`answer ${item}`])) / sum(() => 1),
              1e-12,
            );
            assert.deepEqual([row.n, row.missing], [answered.length, own.length - answered.length]);
          }
          assert.equal(satisfied.height, 4 * 2, by.join());
          const rows = shares(given, { of: 4, by, among: "asked" }).toRecords() as Row[];
          const cells = Map.groupBy(rows, (row) => `${row[first]} ${row[second]}`);
          assert.equal(cells.size, 4, by.join());
          for (const options of cells.values()) {
            assert.equal(options.length, 6, "five ways to get about, and no answer");
            near(options.reduce((sum, { share }) => sum + Number(share), 0), 1, 1e-12);
          }
        }
      }
      // Ways to get about have no order, and no mean.
      assert.throws(
        () => scores(given, town("town.csv"), { items: [4] }),
        /without an order|no order/,
      );
    });
    await t.step("the exported files say all of it", async () => {
      using folder = new Folder();
      const files = await lab.export(folder.path);
      const read = (name: string) => pl.readParquet(join(folder.path, `${name}.parquet`));
      const rowsOf = (name: string) => read(name).toRecords() as Row[];
      const counted = { populations: 1, variables: 4, profiles: 40, instruments: 2, forms: 2 };
      for (const [name, n] of Object.entries({ ...counted, runs: 3, personas: 80 })) {
        assert.equal(read(name).height, n, name);
      }
      // Every column of every file is described, and nothing else is.
      const book = pl.readCSV(join(folder.path, "columns.csv"));
      for (const { file } of files.filter(({ file }) => file.endsWith(".jsonl"))) {
        const [, name] = /(\w+)\.jsonl$/.exec(file)!;
        const [first] = readFileSync(file, "utf8").split("\n", 1);
        if (!first) continue;
        const named = book.filter(pl.col("file").eq(pl.lit(name!))).getColumn("column").toArray();
        assert.deepEqual(named, Object.keys(JSON.parse(first)), name);
      }
      assert.equal(book.getColumn("meaning").nullCount(), 0);
      assert.deepEqual(
        rowsOf("variables").slice(1).map(({ name, levels, unit, ...of }) => ({
          ...of,
          name,
          ...levels !== null && { levels: JSON.parse(levels as string) },
          ...unit !== null && { unit },
        })),
        CODEBOOK.map((variable, at) => ({
          population: "street",
          place: at + 2,
          ...variable,
          ...variable.name === "sex" &&
            { levels: ["female", "male"].map((value) => ({ value, label: value })) },
        })),
      );
      const people = new Map(rowsOf("profiles").map((row) => [row.profile, row]));
      assert.deepEqual(
        PEOPLE.map((_, at) => people.get(at + 1)!)
          .map(({ values, weight }) => ({ ...JSON.parse(values as string), weight })),
        PEOPLE,
      );
      // A table anew, from nothing but the files: satisfaction by two factors, weighted.
      const cells = new Map(rowsOf("cells").map((row) => [row.cell, row]));
      const sums = new Map<string, [sum: number, weight: number, n: number]>();
      const sheets = read("sheets").toRecords() as Record<string, unknown>[];
      assert.equal(sheets.length, 40 * 2 * 8 * (1 + 6));
      for (const { cell, profile, answers } of sheets) {
        const answer = (answers as (number | null)[])[2];
        if (answer === null || answer === undefined || answer >= 8) continue;
        const { asked, language } = cells.get(cell as number)!;
        const weight = Number(people.get(profile as number)!.weight);
        const [sum, all, n] = sums.get(`${asked} ${language}`) ?? [0, 0, 0];
        sums.set(`${asked} ${language}`, [sum + weight * answer, all + weight, n + 1]);
      }
      const table = scores(given, town("town.csv"), { by: ["asked", "language"], items: [3] });
      const rows = table.toRecords() as Row[];
      assert.equal(rows.length, 4);
      for (const { asked, language, mean, n } of rows) {
        const [sum, all, answered] = sums.get(`${asked} ${language}`)!;
        near(mean as number, sum / all, 1e-12);
        assert.equal(n, answered);
      }
    });
    await t.step("the two prompts, compared within people", () => {
      const options = { factor: "administration_prompt", against: "general", draws: 200 };
      const table = compare(given, {
        of: town("town.csv"),
        items: [5],
        by: ["language"],
        ...options,
      });
      const rows = table.toRecords() as Record<string, number | string>[];
      assert.deepEqual(rows.map(({ language }) => language), ["en", "es"]);
      for (const { respondents, ci_lower, estimate, ci_upper } of rows) {
        assert.equal(respondents, 40);
        assert.ok(Number(ci_lower) <= Number(estimate) && Number(estimate) <= Number(ci_upper));
      }
    });
  } finally {
    await study.close();
    await lab.close();
  }
});
