/** Tone, hardship and repetition of texts, counted by hand. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { columnOf } from "lib/columns.ts";
import { frame } from "lib/frames.ts";
import { openDataset } from "lib/db.ts";
import { descriptive, objective, subjective } from "lib/opinions/forms.ts";
import { declaredTones, NAMES, STOCK, WRITING, writingModel } from "lib/opinions/simulated.ts";
import { firstName, hardships, textsOf, toneOf, tones, variety } from "lib/opinions/texts.ts";
import words from "lib/opinions/texts/words.json" with { type: "json" };
import { clusteredMean, wilson } from "lib/stats.ts";
import { openStudy, personas as written } from "lib/study.ts";
import { each, near } from "./near.ts";

type Found = Record<string, number | string | null>;
const found = (table: DataFrame) => table.toRecords() as Found[];
const declared = (table: DataFrame) =>
  assert.deepEqual(table.columns.filter((name) => !columnOf(name)?.meaning), []);

Deno.test("toneOf() counts words of tone, opinion and hardship", () => {
  each(
    [
      ["She is happy and proud.", 5, 2, 0, 0, []],
      ["She is not happy.", 4, 0, 1, 0, []],
      ["He doesn't feel very proud", 5, 0, 1, 1, []],
      // A negation reaches three words.
      ["Not that it mattered: she was happy", 7, 1, 0, 0, []],
      ["I think he was lonely, which is sad.", 8, 0, 2, 1, []],
      ["HAPPY happy hAppy", 3, 3, 0, 0, []],
      ["He is unhappy; he was laid off and lives from a food bank.", 13, 0, 1, 0, [
        "poverty",
        "work",
      ]],
      ["A food critic at the bank", 6, 0, 0, 0, []],
      ["Widowed, with diabetes and debts", 5, 0, 0, 0, ["debt", "illness", "loss"]],
      ["", 0, 0, 0, 0, []],
    ] as const,
    ([text, length, positive, negative, opinion, named]) => {
      const own = toneOf(text);
      assert.deepEqual(
        [own.words, own.positive, own.negative, own.opinion, [...own.hardships]],
        [length, positive, negative, opinion, [...named]],
        text,
      );
    },
  );
});

Deno.test("no word has two tones, stands twice, or could never be met", () => {
  const { positive, negative, opinion, negation, hardship } = words;
  assert.deepEqual(positive.filter((word) => negative.includes(word)), []);
  for (const list of [positive, negative, opinion, negation, Object.values(hardship).flat()]) {
    assert.equal(new Set(list).size, list.length);
    assert.deepEqual(list.filter((word) => !/^[a-z]+( [a-z]+)*$/.test(word)), []);
  }
  for (const list of [positive, negative, opinion, negation]) {
    assert.deepEqual(list.filter((word) => word.includes(" ")), []);
  }
});

const personas = frame([
  { respondent: 1, form: "table", weight: 1, text: "Happy and proud, a nurse.", name: "Ana Ruiz" },
  { respondent: 2, form: "table", weight: 3, text: "A sad and lonely clerk in debt.", name: "Bo" },
  { respondent: 3, form: "table", weight: 2, text: "A clerk.", name: "Ana" },
  { respondent: 4, form: "table", weight: 1, text: null, name: null },
  { respondent: 1, form: "free", weight: 1, text: "Happy and proud, a nurse!", name: "Ana" },
  { respondent: 2, form: "free", weight: 3, text: "happy and proud: a NURSE", name: "Bo" },
  { respondent: 3, form: "free", weight: 2, text: "Mei likes rain, and tea.", name: "Mei" },
  { respondent: 4, form: "free", weight: 1, text: "Nobody knows him here at all.", name: "Al" },
], { respondent: "integer", form: "text", weight: "number", text: "text", name: "text" });

Deno.test("tones() are means by form, weighted, always with the length", () => {
  const table = tones(personas, { text: "text", by: ["form"] });
  const of = (form: string, measure: string) =>
    found(table).find((row) => row.form === form && row.measure === measure)!;
  // Words: 5, 7 and 2 with weights 1, 3 and 2.
  near(of("table", "words").estimate as number, (5 + 21 + 4) / 6, 1e-12);
  // Polarity 1 and −1; the third has no word of tone.
  assert.deepEqual([of("table", "polarity").n, of("table", "words").n], [2, 3]);
  near(of("table", "polarity").estimate as number, (1 - 3) / 4, 1e-12);
  near(of("table", "polarity").words as number, (5 + 21) / 4, 1e-12);
  near(of("table", "tone_density").estimate as number, (2 / 5 + 3 * 2 / 7) / 6, 1e-12);
  assert.equal(of("table", "subjectivity").estimate, 0);
  declared(table);
  const plain = tones(personas.drop("weight"), { text: "text", by: ["form"] });
  const own = found(plain).find((row) => row.form === "table" && row.measure === "words")!;
  const expected = clusteredMean([[5], [7], [2]]);
  near(own.se as number, expected.se, 1e-12);
  near(own.ci_lower as number, expected.ciLower, 1e-9);
  assert.throws(() => tones(personas, { text: "story" }), /no column story: did you mean/);
});

Deno.test("hardships() are shares of texts beside those of people", () => {
  const table = hardships(personas.drop("weight"), {
    text: "text",
    by: ["form"],
    rates: { debt: .2, any: .4 },
  });
  const of = (form: string, hardship: string) =>
    found(table).find((row) => row.form === form && row.hardship === hardship)!;
  assert.deepEqual(
    [of("table", "debt").count, of("table", "debt").n, of("table", "debt").base_rate],
    [1, 3, .2],
  );
  near(of("table", "any").share as number, 1 / 3, 1e-12);
  near(of("table", "any").words as number, 14 / 3, 1e-12);
  near(of("table", "debt").ci_lower as number, wilson({ count: 2 / 3, n: 2 }).ciLower, 1e-9);
  assert.deepEqual([of("free", "any").share, of("free", "illness").base_rate], [0, null]);
  const weighted = found(hardships(personas, { text: "text", by: ["form"] }))
    .find((row) => row.form === "table" && row.hardship === "debt")!;
  near(weighted.share as number, .5, 1e-12);
  declared(table);
  assert.throws(
    () => hardships(personas, { text: "text", rates: { war: .1 } }),
    /There is no hardship war: there are any, poverty, debt/,
  );
});

Deno.test("variety() looks at as many texts of each form", () => {
  const table = variety(personas, { text: "text", by: ["form"], name: "name" });
  const of = (form: string, measure: string) =>
    found(table).find((row) => row.form === form && row.measure === measure)!;
  assert.deepEqual([of("table", "distinct_names").n, of("free", "distinct_names").n], [3, 3]);
  near(of("table", "distinct_names").estimate as number, 2 / 3, 1e-12);
  assert.equal(of("free", "distinct_names").estimate, 1);
  near(of("free", "equal").estimate as number, 2 / 3, 1e-12);
  near(of("free", "near_duplicate").estimate as number, 2 / 3, 1e-12);
  assert.equal(of("table", "near_duplicate").estimate, 0);
  near(of("free", "distinct_names").words as number, 5, 1e-12);
  declared(table);
  // Of the first two of the free texts one begins with a capital, and nobody knows that it is no name.
  const [two] = found(variety(personas, { text: "text", by: ["form"], most: 2 }));
  assert.deepEqual([two!.form, two!.n, two!.count], ["free", 1, 1]);
});

Deno.test("firstName() passes over what begins sentences", () => {
  each(
    [
      ["Mei lives in Salem with her sons", "Mei"],
      ["Meet Mei, a nurse", "Mei"],
      ["The story of José begins here", "José"],
      ["Born in 1980, Ana works nights", "Ana"],
      ["she is nobody", null],
      ["", null],
    ] as const,
    ([text, expected]) => assert.equal(firstName(text), expected, text),
  );
});

Deno.test("limits of the bootstrap draw whole respondents, with their weights", () => {
  const one = { text: "text", by: ["form"], draws: 400 };
  const rows = found(tones(personas, one));
  const words = rows.find((row) => row.form === "table" && row.measure === "words")!;
  // Of the lengths 5, 7 and 2 a draw has no mean outside.
  assert.ok((words.boot_lower as number) >= 2 && (words.boot_upper as number) <= 7);
  assert.ok((words.boot_lower as number) < (words.estimate as number));
  assert.deepEqual(found(tones(personas, one)), rows);
  // All of one cluster: nothing to draw.
  const alone = personas.withColumns(pl.lit(1).alias("cluster"));
  assert.equal(found(tones(alone, one))[0]!.boot_lower, null);
  assert.equal(found(hardships(personas, { ...one, draws: 0 }))[0]!.boot_lower, null);
});

const SCHEMA = "opinions_texts";

Deno.test("a writer's texts are read apart from the form's words, and what it was told is found", async () => {
  const lab = await openStudy({ schema: SCHEMA });
  const people = Array.from({ length: 160 }, (_, at) => ({
    age: `${20 + at % 60}`,
    sex: at % 2 ? "Male" : "Female",
    race: "White",
    state: ["Ohio", "Iowa", "Utah", "Maine"][at % 4]!,
  }));
  await lab.population(people, { instrument: null, name: "people" });
  const forms = [objective, subjective, descriptive];
  for (const form of forms) {
    const plan = written({ models: [writingModel()], population: "people", form });
    assert.deepEqual((await lab.run(await lab.register(plan))).failed, {});
  }
  await lab.close();
  const study = await openDataset({ schema: SCHEMA });
  const truths = declaredTones().toRecords() as { form: string; measure: string; truth: number }[];
  let stray = 0;
  for (const form of forms) {
    const own = await study.personas(form.name, { with: ["sex"] });
    const texts = textsOf(own, form);
    assert.deepEqual(
      texts.columns.filter((name) => /_status$|_cleaned$|^citizenship/.test(name)),
      [],
    );
    assert.deepEqual(new Set(texts.getColumn("sex").toArray()), new Set(["Female", "Male"]));
    const first = String(texts.getColumn("text").toArray()[0]);
    assert.equal(first.split("\n\n").length, form === objective ? 2 : form === subjective ? 13 : 1);
    const rows = [
      ...found(tones(texts, { text: "text" })),
      ...found(hardships(texts, { text: "text" })).filter(({ hardship }) => hardship === "any")
        .map((row) => ({ ...row, measure: "hardship", estimate: row.share })),
    ] as Found[];
    for (const { measure, truth } of truths.filter((row) => row.form === form.name)) {
      const row = rows.find((row) => row.measure === measure)!;
      const away = Math.abs((row.estimate as number) - truth);
      if (measure === "words") assert.ok(away < 1e-9, `${form.name}: ${row.estimate} words`);
      else {assert.ok(
          away < 4 * (row.se as number),
          `${form.name}, ${measure}: ${row.estimate}, not ${truth}`,
        );}
      if (row.boot_lower !== null && measure !== "words") {
        const outside = truth < (row.boot_lower as number) || truth > (row.boot_upper as number);
        stray += Number(outside);
      }
    }
    if (form === descriptive) {
      const again = found(variety(texts, { text: "text" }));
      const of = (measure: string) => again.find((row) => row.measure === measure)!;
      const error = Math.sqrt(STOCK.share * (1 - STOCK.share) / 160);
      assert.ok(Math.abs((of("near_duplicate").estimate as number) - STOCK.share) < 4 * error);
      assert.ok((of("simhash").count as number) <= (of("near_duplicate").count as number));
      assert.ok((of("distinct_names").count as number) <= NAMES.length);
    }
  }
  await study.close();
  assert.ok(stray <= 4, `${stray} of 12 intervals miss`);
  assert.deepEqual(Object.keys(WRITING), forms.map(({ name }) => name));
  assert.throws(() => textsOf(personas, objective), /These personas have no age/);
});
