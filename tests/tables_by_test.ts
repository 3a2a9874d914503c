/** The paper's tables by the factors of a study of one's own: typed-in sheets, answers worked out by hand. */
import assert from "node:assert/strict";
import pl, { type DataFrame } from "polars";
import { DEMOGRAPHICS } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { bfi44, epqra } from "lib/paper/instruments.ts";
import { grid, laidOut, printed, robustnessTable } from "lib/paper/print.ts";
import {
  agreement,
  build,
  convergence,
  demographics,
  itemReliability,
  personality,
  reliability,
  robustness,
  scales,
  sensitivity,
  traitReliability,
  traits,
} from "lib/paper/tables.ts";
import { markdown } from "lib/press.ts";
import { near } from "./near.ts";
import { administrations, type Answer, extravert, type Sheet } from "./sheets.ts";

type Row = Record<string, string | number | null>;
const rows = (table: DataFrame): Row[] => table.toRecords() as Row[];
const of = (table: DataFrame, keys: Row): Row[] =>
  rows(table).filter((row) => Object.entries(keys).every(([key, value]) => row[key] === value));
const one = (table: DataFrame, keys: Row): Row => {
  const found = of(table, keys);
  assert.equal(found.length, 1, JSON.stringify(keys));
  return found[0]!;
};
const levels = (table: DataFrame, names: readonly string[]): string[] => [
  ...new Set(rows(table).map((row) => names.map((name) => row[name] ?? "—").join(" "))),
];

const PROFILES = [1, 2, 3, 4, 5, 6];

/** Points on E that the persona of a profile scores: a second prompt gives two, the language none. */
const points = (profile: number, prompt: string) => (profile + (prompt === "2" ? 2 : 0)) % 7;

/** A model in two prompts and two languages, all else told apart by its label; each has one more sheet. */
const asked = (
  condition: string,
  answers: (profile: number, prompt: string) => Answer[],
): Sheet[] =>
  ["1", "2"].flatMap((prompt) =>
    ["en", "es"].flatMap((language) =>
      PROFILES.map((profile) => ({
        profile,
        condition,
        model: `mine (${prompt}, ${language})`,
        population: `written_${prompt}`,
        answers: answers(profile, prompt),
        factors: { form: "biography", prompt, language, constant: "x" },
      }))
    )
  );
const bare: Sheet[] = PROFILES.map((profile) => ({
  profile,
  condition: "no persona",
  model: "mine",
  population: "profiles_own",
  answers: extravert(0),
  factors: { form: null, prompt: null, language: "en", constant: "x" },
}));

const scored = (profile: number, prompt: string) => extravert(points(profile, prompt));
const sheets = administrations(epqra, [
  ...asked("Base", scored),
  ...asked("MaxE", scored),
  ...bare,
]);
const reference = administrations(
  epqra,
  PROFILES.map((profile) => ({ profile, answers: extravert(profile) })),
);
const agreed = (profile: number, prompt: string): Answer[] =>
  bfi44.items.map(({ scale, reverse }) => {
    const level = scale === "E" ? 1 + points(profile, prompt) % 5 : 1 + profile % 5;
    return reverse ? 6 - level : level;
  });
const bfi = administrations(bfi44, [...asked("Base", agreed), ...asked("MaxE", agreed)]);

/** Two prompts, of the second more women; one row for each persona. */
const person = (prompt: string, value: string, n: number, repetition = 1) => ({
  own: "yes",
  model: "mine",
  model_print: "Mine",
  population: `written_${prompt}`,
  population_print: "Base",
  repetition,
  attribute: "gender",
  value,
  n,
  condition: "Base",
  writer: "Mine",
  prompt,
});
const PEOPLE = { ...DEMOGRAPHICS, condition: "text", writer: "text", prompt: "text" } as const;
const counts = frame([
  person("1", "female", 40),
  person("1", "male", 60),
  person("2", "female", 30),
  person("2", "male", 20),
], PEOPLE);

Deno.test("Table 4 has a row for each level of its factors, of all that is not named", () => {
  const table = personality(sheets, reference, { by: ["prompt", "language"] });
  assert.deepEqual(table.columns.slice(0, 3), ["prompt", "language", "scale"]);
  assert.deepEqual(levels(table, ["prompt", "language"]), ["1 en", "1 es", "2 en", "2 es"]);
  // Both conditions of six profiles; prompt 2 adds 2 points, or takes 5 of profiles 5 and 6.
  for (const language of ["en", "es"]) {
    const first = one(table, { prompt: "1", language, scale: "E" });
    assert.deepEqual([first.n, first.mean, first.estimate], [12, 3.5, 0]);
    const second = one(table, { prompt: "2", language, scale: "E" });
    assert.deepEqual([second.n, second.reference_mean], [12, 3.5]);
    near(second.estimate as number, (4 * 2 - 2 * 5) / 6, 1e-12);
  }
  const whole = personality(sheets, reference, { by: [] });
  assert.deepEqual([whole.height, one(whole, { scale: "E" }).n], [4, 48]);
});

Deno.test("sheets of bare profiles count where a factor tells them apart, and only there", () => {
  const n = (by: string[], keys: Row) =>
    one(reliability(sheets, { by }), { ...keys, scale: "E" }).n;
  assert.equal(n(["language"], { language: "en" }), 24);
  assert.equal(n(["language", "form"], { language: "en", form: "biography" }), 24);
  assert.equal(n(["language", "form"], { language: "en", form: null }), 6);
  assert.equal(n(["condition"], { condition: "no persona" }), 6);
  const nobody = administrations(epqra, bare);
  assert.equal(one(reliability(nobody, { by: ["language"] }), { scale: "E" }).n, 6);
  // Scores and reliability of any instrument keep the same rule.
  const table = scales(sheets, epqra, { by: ["language"], draws: 50 });
  assert.deepEqual(of(table, { scale: "E" }).map(({ n, clusters }) => [n, clusters]), [
    [24, 6],
    [24, 6],
  ]);
});

Deno.test("every table by factors is, level by level, the table of these sheets alone", () => {
  const alone = (given: typeof sheets, prompt: string) => ({
    ...given,
    sheets: given.sheets.filter(pl.col("prompt").eq(pl.lit(prompt))),
  });
  const by = ["prompt"];
  const options = { by: [] };
  for (const prompt of ["1", "2"]) {
    const [own, ownBfi] = [alone(sheets, prompt), alone(bfi, prompt)];
    const pairs: [string, DataFrame, DataFrame][] = [
      ["4", personality(sheets, reference, { by }), personality(own, reference, options)],
      ["5", convergence(sheets, bfi, { by }), convergence(own, ownBfi, options)],
      ["6", reliability(sheets, { by }), reliability(own, options)],
      ["A4", traits(bfi, { by }), traits(ownBfi, options)],
      ["A5", traitReliability(bfi, { by }), traitReliability(ownBfi, options)],
      [
        "A6",
        agreement(sheets, reference, "tableA6", { by }),
        agreement(own, reference, "tableA6", options),
      ],
      [
        "A7",
        agreement(sheets, reference, "tableA7", { by }),
        agreement(own, reference, "tableA7", options),
      ],
      [
        "items",
        itemReliability(sheets, "table6", { by }),
        itemReliability(own, "table6", options),
      ],
    ];
    for (const [name, table, single] of pairs) {
      assert.ok(single.height > 0, name);
      assert.deepEqual(
        of(table, { prompt }).map(({ prompt: _, ...row }) => row),
        rows(single),
        `${name} ${prompt}`,
      );
    }
  }
});

Deno.test("tables about Base stay so, but where conditions are a factor", () => {
  const base = convergence(sheets, bfi, { by: ["prompt"] });
  assert.deepEqual(levels(base, ["prompt"]), ["1", "2"]);
  const wide = convergence(sheets, bfi, { by: ["condition"] });
  assert.deepEqual(levels(wide, ["condition"]), ["Base", "MaxE", "no persona"]);
  assert.match(grid("table5", base).title, /condition Base/);
  assert.doesNotMatch(grid("table5", wide).title, /Base/);
  assert.deepEqual(one(traits(bfi, { by: ["prompt"] }), { prompt: "1", trait: "E" }).n, 12);
  assert.deepEqual(
    levels(agreement(sheets, reference, "tableA7", { by: ["condition"] }), ["condition"]),
    ["MaxE", "no persona"],
  );
});

Deno.test("Table 1 by factors holds all personas, and compares with the level that is named", () => {
  const table = demographics(counts, "table1", { by: ["prompt"], against: { prompt: "1" } });
  assert.deepEqual(table.columns.slice(0, 3), ["prompt", "category", "subcategory"]);
  const female = { category: "Gender", subcategory: "Female" };
  // R 4.2.2: prop.test(c(30, 40), c(50, 100), correct = FALSE) p = 0.020637558244.
  const second = one(table, { prompt: "2", ...female });
  near(second.p as number, 0.020637558244, 1e-11);
  assert.deepEqual([second.mean, second.n, second.count], [0.6, 50, 30]);
  assert.equal(one(table, { prompt: "1", ...female }).p, null);
  // Without a level to compare with nothing is tested; Base is one where conditions are a factor.
  assert.equal(
    one(demographics(counts, "table1", { by: ["prompt"] }), { prompt: "2", ...female }).p,
    null,
  );
  assert.deepEqual(
    rows(demographics(counts, "table3", { by: ["prompt"] })),
    rows(demographics(counts, "table1", { by: ["prompt"] })),
  );
  assert.deepEqual(
    grid("table1", table).head,
    [["Prompt 1", "Prompt 2"]],
  );
  assert.match(
    markdown(grid("table1", table)),
    /^\| Category \| Subcategory \| Prompt 1 \| Prompt 2 \|$/m,
  );
});

Deno.test("printed and laid out, a table by factors has a head for each", () => {
  const table = reliability(sheets, { by: ["prompt", "language"] });
  assert.deepEqual(printed("table6", table).columns.slice(0, 3), ["prompt", "language", "scale"]);
  const { side, head, body } = grid("table6", table);
  assert.deepEqual(side, ["Prompt", "Language"]);
  assert.deepEqual(head[0]!.length, 4);
  assert.deepEqual(body.map(({ keys }) => keys.join(" ")), ["1 en", "1 es", "2 en", "2 es"]);
  const people = demographics(counts, "table1", { by: ["writer", "condition", "prompt"] });
  assert.deepEqual(grid("table1", people).head, [
    ["Writer Mine, Condition Base", "Writer Mine, Condition Base"],
    ["Prompt 1", "Prompt 2"],
  ]);
  assert.deepEqual(laidOut("table1", people).columns.slice(2), [
    "Writer Mine, Condition Base, Prompt 1",
    "Writer Mine, Condition Base, Prompt 2",
  ]);
  const form = grid("table6", reliability(sheets, { by: ["form"] }));
  assert.deepEqual(form.body.map(({ keys }) => keys), [["—"], ["biography"]]);
  assert.deepEqual(grid("table1", demographics(counts, "table1", { by: [] })).head, [["All"]]);
});

Deno.test("a factor that is unknown says which there are; one that does not vary is fine", () => {
  assert.throws(
    () => reliability(sheets, { by: ["promt"] }),
    /no factor promt: did you mean prompt\? There are model, condition, population, form, prompt, language, constant, profile/,
  );
  assert.throws(
    () => demographics(counts, "table1", { by: ["language"] }),
    /no factor language.* There are model, condition, population, repetition, writer, prompt$/,
  );
  assert.throws(() => reliability(sheets, { by: ["prompt", "prompt"] }), /named once/);
  assert.throws(
    () => demographics(counts, "table1", { by: ["prompt"], against: { prompt: "3" } }),
    /prompt has no level 3/,
  );
  assert.throws(
    () => demographics(counts, "table1", { by: ["prompt"], against: { writer: "Mine" } }),
    /against names writer, which is no factor of this table: there are prompt/,
  );
  const table = reliability(sheets, { by: ["constant"] });
  assert.deepEqual(levels(table, ["constant"]), ["x"]);
  assert.equal(one(table, { constant: "x", scale: "E" }).n, 48);
});

const reads = {
  sheets: (name: string) => Promise.resolve(name === "epqra" ? sheets : bfi),
  lastSheets: (name: string) => Promise.resolve(name === "epqra" ? sheets : bfi),
  profiles: () => Promise.resolve(reference),
  demographics: () => Promise.resolve(counts),
  personas: () =>
    Promise.resolve(frame(
      rows(counts).flatMap(({ n, value, ...row }) =>
        Array.from({ length: n as number }, (_, at) => ({
          ...row,
          profile: at + 1,
          gender: value,
        }))
      ),
      {
        ...PEOPLE,
        profile: "integer",
        ...Object.fromEntries(
          ["gender", "race", "political_orientation", "religious_belief", "sexual_orientation"]
            .map((name) => [name, "text" as const]),
        ),
      },
    )),
};

Deno.test("what survives, and what hangs on a choice, are by the same factors", async () => {
  const by = ["prompt"], options = { by, draws: 50 };
  for (
    const name of [
      "table4",
      "table5",
      "table6",
      "tableA4",
      "tableA5",
      "tableA6",
      "tableA7",
    ] as const
  ) {
    const built = await build(name, reads, { by, mode: "corrected" });
    const survived = await robustness(name, reads, options);
    const keys = built.columns.slice(
      0,
      built.columns.findIndex((at) =>
        at === "n" || at === "mean" || at === "value" || at === "alpha"
      ),
    );
    assert.deepEqual(rows(survived.select(...keys)), rows(built.select(...keys)), name);
    assert.deepEqual(robustnessTable(name, survived).table.columns[0], "prompt", name);
  }
  const shares = await robustness("table1", reads, { ...options, against: { prompt: "1" } });
  const female = one(shares, { prompt: "2", category: "Gender", subcategory: "Female" });
  near(female.estimate as number, 0.2, 1e-12);
  assert.deepEqual([female.n, female.base_n, female.base_count], [50, 100, 40]);
  near(female.p_naive as number, 0.020637558244, 1e-11);
  const panel = await sensitivity(reads, { by: ["prompt", "language"] });
  assert.deepEqual(levels(panel, ["table", "prompt", "language"]).slice(0, 4), [
    "table1 1 —",
    "table1 2 —",
    "table4 1 en",
    "table4 1 es",
  ]);
  assert.ok(!panel.columns.includes("model"));
  await assert.rejects(() => sensitivity(reads, { by: ["variant"] }), /column variant of its own/);
});
