/** People drawn from tables: the shipped ones, and small ones made by hand. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { columnOf } from "lib/columns.ts";
import { rows } from "lib/frames.ts";
import {
  CENSUS,
  type Design,
  designFrom,
  draw,
  type Drawn,
  fitted,
  implausible,
  massOf,
  METHODS,
  prepared,
  reweighted,
} from "lib/opinions/sample.ts";
import { bandOf, partsOf } from "lib/opinions/tables.ts";
import { openStudy } from "lib/study.ts";
import { z } from "zod";
import { Folder } from "./made.ts";
import { close, each, near } from "./near.ts";

const us = designFrom(join(CENSUS, "us-2018.json"));
const apart = designFrom(join(CENSUS, "us-2018-apart.json"));

const Combination = z.object({
  combination: z.string(),
  per_1000_apart: z.number().nullable(),
  per_1000_target: z.number(),
  per_1000_drawn: z.number(),
  n: z.int(),
});
const Fit = z.object({
  stratum: z.string(),
  variable: z.string(),
  n: z.int(),
  effective_n: z.number().nullable(),
  design_effect: z.number().nullable(),
  tv: z.number(),
  tv_expected: z.number(),
  largest: z.number(),
  largest_level: z.string(),
  chi2: z.number().nullable(),
  df: z.int().nullable(),
  p: z.number().nullable(),
});

const CODEBOOK = `name,label,kind,levels
town,Town,category,a = Ashby; b = Beeford; c = Crook
age,Age,ordered,18-24; 25-64; 65+
sex,Sex,category,f; m
work,Work,category,yes; no
job,Job,category,x; y
home,Home,category,own; shared
`;
const JOINT = `stratum,age,sex,count
a,18-24,f,10
a,18-24,m,20
a,25-64,f,30
a,25-64,m,40
a,65+,f,60
a,65+,m,40
b,18-24,f,100
b,18-24,m,100
b,25-64,f,300
b,25-64,m,300
b,65+,f,100
b,65+,m,100
`;
const WORK = `stratum,age,work,count
a,16-19,yes,1
a,16-19,no,3
a,20-64,yes,45
a,20-64,no,0
a,65+,yes,0
a,65+,no,7
b,16-19,yes,2
b,16-19,no,2
b,20-64,yes,9
b,20-64,no,36
b,65+,yes,1
b,65+,no,9
`;
const JOB = "sex,job,count\nf,x,3\nf,y,1\nm,x,1\nm,y,4\n";
const FIELDS = [
  { file: "work.csv", draws: ["work"], given: { age: "age" } },
  {
    file: "job.csv",
    stratum: null,
    draws: ["job"],
    given: { sex: "sex" },
    universe: { work: ["yes"] },
  },
];
const BASE = {
  name: "towns",
  title: "Towns",
  source: "made by hand",
  variable: "town",
  joint: { file: "joint.csv" },
  fields: FIELDS,
  codebook: "codebook.csv",
};

/** A design of the towns, with some of it otherwise. */
function made(
  files: Readonly<Record<string, string>> = {},
  more: object = {},
): { design: () => Design; path: string } & Disposable {
  const folder = new Folder();
  const all = { "codebook.csv": CODEBOOK, "joint.csv": JOINT, "work.csv": WORK, "job.csv": JOB };
  for (const [name, text] of Object.entries({ ...all, ...files })) {
    Deno.writeTextFileSync(join(folder.path, name), text);
  }
  const path = join(folder.path, "design.json");
  Deno.writeTextFileSync(path, JSON.stringify({ ...BASE, ...more }));
  return {
    design: () => designFrom(path),
    path: folder.path,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** What a draw is refused with, without the folder. */
function refusal(files: Readonly<Record<string, string>>, more: object = {}): string {
  using towns = made(files, more);
  try {
    draw(towns.design(), { each: 10 });
  } catch (error) {
    return (error as Error).message.replaceAll(`${towns.path}/`, "");
  }
  return "nothing";
}

const shareOf = (
  { population, weight }: Drawn,
  is: (values: Record<string, unknown>) => boolean,
) => {
  let sum = 0, all = 0;
  [...population.profiles].forEach(({ values }, at) => {
    const w = weight ? weight[at]! : 1;
    all += w;
    if (is(values!)) sum += w;
  });
  return sum / all;
};

// Specification of the original: drawn apart against real, of adults in 2018, from the same tables; its two
// numbers of veterans that differ by 0.1 are per 1,000 civilians (6.45 of 18–34) and with the women among
// civilians (36.42), of whom alone the table of veterans is.
Deno.test("implausible combinations of the shipped tables: drawn apart, by the tables, and drawn", () => {
  const drawn = draw(us, { total: 8000 });
  const found = rows(implausible(drawn, { apart }), Combination);
  const of = (name: string) => found.find(({ combination }) => combination === name)!;
  each(
    [
      ["graduate degree, 18–24", 15.2, 1.1],
      ["widowed, 18–19", 2.1, 0.0],
      ["married, 18–19", 17.7, 0.6],
      ["widowed, 85 and over", 1.7, 14.4],
      ["veteran, 18–34", 21.2, 6.4],
      ["veteran, woman", 36.5, 6.5],
    ] as const,
    ([name, independent, real]) => {
      const { per_1000_apart, per_1000_target, per_1000_drawn } = of(name);
      assert.equal(Number(per_1000_apart!.toFixed(1)), independent, name);
      assert.equal(Number(per_1000_target.toFixed(1)), real, name);
      // Of 8,000 people, 4.5 standard errors.
      close(per_1000_drawn, real, 4.5 * Math.sqrt(real * 1000 / 8000) + 0.2, name);
    },
  );
  const spouses = of("lives with a spouse, not married");
  assert.ok(spouses.per_1000_apart! > 200 && spouses.per_1000_target < 1, JSON.stringify(spouses));
  near(of("graduate degree, 18–24").per_1000_target, 1.0843716343745957, 1e-9);
  near(of("graduate degree, 18–24").per_1000_apart, 15.202193647993138, 1e-9);
});

Deno.test("people of the shipped tables have every field, and none that is not theirs", () => {
  const drawn = draw(us, { each: 40, strata: ["MT", "CA", "DC"] });
  const { population } = drawn;
  assert.deepEqual([population.instrument, population.random], [null, []]);
  assert.equal(population.profiles.length, 120);
  assert.equal(population.codebook.length, 16);
  for (const { values, stratum } of population.profiles) {
    const of = values!;
    assert.equal(of.state, stratum);
    assert.equal(of.occupation === "not_applicable", of.employment !== "employed");
    assert.equal(of.earnings === "not_applicable", of.employment !== "employed");
    assert.equal(of.veteran === "not_applicable", of.employment === "armed_forces");
    assert.equal(of.language === "english_only", of.english === "native_or_only");
    for (const { name, levels } of population.codebook) {
      assert.ok(levels!.some(({ value }) => value === of[name]), `${name}: ${of[name]}`);
    }
  }
  // Equal numbers of each: Montana's people count for less than California's.
  const weights = new Map(
    Array.from(population.profiles, ({ stratum, weight }) => [stratum, weight!]),
  );
  assert.ok(weights.get("MT")! < weights.get("CA")! / 30);
  near([...drawn.weight!].reduce((sum, one) => sum + one, 0), 120, 1e-9);
  assert.ok(drawn.size.effectiveN! < 60);
  assert.equal(draw(us, { total: 60 }).weight, null);
  // Spain, and any stratum: nothing of the sampler knows a state.
  const spain = draw(designFrom(join(CENSUS, "es-2019.json")), { total: 300, method: "quota" });
  assert.equal(spain.population.profiles.length, 300);
  const madrid = [...spain.population.profiles].filter(({ stratum }) => stratum === "13").length;
  assert.ok(madrid > 30 && madrid < 55, String(madrid));
});

Deno.test("fields are drawn by their tables: given, universe, bands that are finer or coarser", () => {
  assert.deepEqual(bandOf("85+"), { low: 85, high: Infinity });
  assert.deepEqual(bandOf("<25"), { low: 0, high: 25 });
  assert.equal(bandOf("White"), null);
  assert.deepEqual(partsOf("18-24", ["16-19", "20-64", "65+"]), [
    { level: 0, part: 0.5 },
    { level: 1, part: 5 / 45 },
  ]);
  assert.deepEqual(partsOf("70+", ["60-69", "75+", "70-74"]), [
    { level: 1, part: 1 },
    { level: 2, part: 1 },
  ]);
  assert.deepEqual(partsOf("75-84", ["65-74", "75+"]), [{ level: 1, part: null }]);
  using towns = made();
  const of = prepared(towns.design());
  const mass = (where: Record<string, string[]>, stratum: string) =>
    massOf({ ...of, strata: of.strata.filter(({ name }) => name === stratum) }, {
      rule: "",
      where,
    });
  // In town a, of 18-24: half of (1, 3) and a ninth of (45, 0): 5.5 of 7.
  near(mass({ age: ["18-24"], work: ["yes"] }, "a"), 30 / 200 * 5.5 / 7, 1e-12);
  near(mass({ age: ["65+"], work: ["no"] }, "b"), 0.2 * 0.9, 1e-12);
  // Who does not work has no job; women who do have x in three of four.
  near(mass({ job: ["not_applicable"] }, "b"), mass({ work: ["no"] }, "b"), 1e-12);
  near(
    mass({ sex: ["f"], age: ["65+"], job: ["x"] }, "b"),
    0.1 * 0.1 * 0.75,
    1e-12,
  );
  each(METHODS, (method) => {
    const drawn = draw(towns.design(), { each: 4000, method, strata: ["b"] });
    const share = shareOf(drawn, ({ job }) => job === "x");
    close(share, mass({ job: ["x"] }, "b"), 4.5 * Math.sqrt(0.25 / 4000), method);
    assert.ok(
      [...drawn.population.profiles].every(({ values }) =>
        (values!.work === "no") === (values!.job === "not_applicable")
      ),
    );
  });
});

Deno.test("fields that must agree keep both margins", () => {
  const home = "stratum,home,count\na,own,150\na,shared,50\nb,own,400\nb,shared,600\n";
  const field = (more: object) => [
    { file: "work.csv", draws: ["work"], given: { age: "age" } },
    { file: "home.csv", draws: ["home"], ...more },
  ];
  const share = (fields: object[], where: Record<string, string[]>) => {
    using towns = made({ "home.csv": home }, { fields });
    const of = prepared(towns.design(), ["b"]);
    return massOf(of, { rule: "", where });
  };
  const free = field({}), agreed = field({ agree: { with: "work", levels: { own: ["no"] } } });
  near(share(free, { home: ["own"] }), 0.4, 1e-12);
  near(share(agreed, { home: ["own"] }), 0.4, 1e-9);
  near(share(agreed, { work: ["yes"] }), share(free, { work: ["yes"] }), 1e-9);
  const apart = share(free, { home: ["own"], work: ["yes"] });
  assert.ok(apart > 0.05 && share(agreed, { home: ["own"], work: ["yes"] }) < 1e-4);
});

Deno.test("the joint table is raked to further margins, bands and all", () => {
  const margin = "stratum,age,count\na,15-24,100\na,25-34,100\na,35-64,100\na,65+,100\n" +
    "b,15-24,500\nb,25-34,200\nb,35-64,100\nb,65+,50\n";
  const sex = "stratum,sex,count\na,f,1\na,m,3\nb,f,1\nb,m,1\n";
  using towns = made({ "age.csv": margin, "sex.csv": sex }, {
    margins: [
      { file: "age.csv", of: { age: "age" } },
      { file: "sex.csv", of: { sex: "sex" }, as: "shares" },
    ],
  });
  const of = prepared(towns.design());
  const [a] = of.strata;
  // 7 of the 10 years 15-24 are from 18 on.
  near(a!.total, 370, 1e-9);
  const mass = (where: Record<string, string[]>) =>
    massOf({ ...of, strata: [a!] }, { rule: "", where });
  near(mass({ age: ["18-24"] }), 70 / 370, 1e-9);
  near(mass({ age: ["25-64"] }), 200 / 370, 1e-9);
  near(mass({ sex: ["m"] }), 0.75, 1e-9);
});

Deno.test("the same seed draws the same people, and neither a stratum nor a field changes another's", () => {
  using towns = made();
  const design = towns.design();
  const people = (options: Parameters<typeof draw>[1], of = design) =>
    Array.from(
      draw(of, options).population.profiles,
      ({ values, stratum }) => ({ values, stratum }),
    );
  each(METHODS, (method) => {
    const both = people({ each: 50, method });
    assert.deepEqual(people({ each: 50, method }), both);
    assert.notDeepEqual(people({ each: 50, method, seed: 2 }), both);
    assert.deepEqual(people({ each: 50, method, strata: ["b"] }), both.slice(50));
    const fewer = people({ each: 50, method }, { ...design, fields: design.fields.slice(0, 1) });
    assert.deepEqual(
      fewer.map(({ values }) => values!.work),
      both.map(({ values }) => values!.work),
    );
  });
  const many = people({ each: 80, method: "multinomial", strata: ["a"] });
  assert.deepEqual(people({ each: 30, method: "multinomial", strata: ["a"] }), many.slice(0, 30));
  // Shared out by people: 200 of 1,200 are in a.
  const shared = people({ total: 30 }).map(({ stratum }) => stratum);
  assert.equal(shared.filter((one) => one === "a").length, 5);
});

Deno.test("target against drawn: quotas meet it, independent draws pass the test as often as they should", () => {
  using towns = made();
  const design = towns.design();
  const quota = rows(fitted(draw(design, { each: 200, method: "quota" })), Fit);
  const joint = quota.find(({ stratum, variable }) => stratum === "a" && variable === "age × sex")!;
  assert.deepEqual([joint.tv, joint.n, joint.p], [0, 200, null]);
  assert.ok(joint.tv_expected > 0.05);
  // Pearson's of independent draws in one town, Rao and Scott's over both with their weights.
  let plain = 0, all = 0, effects = 0;
  const times = 400;
  for (let seed = 0; seed < times; seed++) {
    const table = rows(
      fitted(draw(design, { each: 60, method: "multinomial", seed })),
      Fit,
    );
    const of = (stratum: string) =>
      table.find((row) => row.stratum === stratum && row.variable === "age")!;
    plain += Number(of("b").p! < 0.05);
    all += Number(of("all").p! < 0.05);
    assert.equal(of("b").df, 2);
    effects += of("all").design_effect!;
    near(of("all").effective_n, 120 / (1 + ((2 / 3) ** 2)), 1e-9);
  }
  for (const [name, count] of [["plain", plain], ["all", all]] as const) {
    close(count / times, 0.05, 4.5 * Math.sqrt(0.05 * 0.95 / times), name);
  }
  assert.ok(effects / times > 1.1, String(effects / times));
  // One that is drawn from other shares is seen.
  const other = draw(design, { each: 1000, method: "multinomial" });
  const wrong = rows(fitted({ ...other, prepared: changed(other) }), Fit);
  assert.ok(
    wrong.find(({ stratum, variable }) => stratum === "b" && variable === "age")!.p! < 1e-6,
  );
  const table = fitted(other);
  assert.deepEqual(
    [...table.columns, ...implausible(other).columns].filter((name) => !columnOf(name)?.meaning),
    [],
  );
});

/** What people were drawn from, with twice as many young ones. */
function changed({ prepared }: Drawn): Drawn["prepared"] {
  const strata = prepared.strata.map((one) => {
    const count = one.count.map((people, cell) =>
      prepared.cells[0]![cell] === 0 ? 2 * people : people
    );
    return { ...one, count, total: count.reduce((sum, people) => sum + people, 0) };
  });
  return { ...prepared, strata };
}

Deno.test("weights bring what was drawn to the target, and cost what they cost", () => {
  using towns = made();
  const drawn = draw(towns.design(), { each: 60, method: "multinomial", seed: 3 });
  const raked = reweighted(drawn, ["age", "work"]);
  const of = (table: Drawn, variable: string) =>
    rows(fitted(table), Fit).find((row) => row.stratum === "b" && row.variable === variable)!;
  assert.ok(of(drawn, "work").tv > 0.005);
  close(of(raked, "work").tv, 0, 1e-9);
  close(of(raked, "age").tv, 0, 1e-9);
  assert.ok(raked.size.effectiveN! < drawn.size.effectiveN!);
  // What is so by construction has no test.
  assert.ok(rows(fitted(drawn), Fit).some(({ p }) => p !== null));
  assert.ok(rows(fitted(raked), Fit).every(({ p, chi2 }) => p === null && chi2 === null));
  assert.match(raked.population.origin, /raked to age, work$/);
  assert.throws(() => reweighted(drawn, ["town"]), /No variable town is drawn: there are age, sex/);
});

Deno.test("a table that does not fit is refused in one line: file, row, what to do", () => {
  const margins = (more: object = {}) => ({
    margins: [
      { file: "age.csv", of: { age: "age" } },
      { file: "sex.csv", of: { sex: "sex" }, ...more },
    ],
  });
  const ages =
    "stratum,age,count\na,18-24,10\na,25-64,20\na,65+,30\nb,18-24,1\nb,25-64,1\nb,65+,1\n";
  const sexes = "stratum,sex,count\na,f,30\na,m,31\nb,f,1\nb,m,2\n";
  const zeros = "stratum,age,sex,count\na,18-24,f,5\na,18-24,m,0\na,65+,f,0\na,65+,m,5\n";
  const two = "stratum,age,count\na,18-24,4\na,65+,6\n";
  const cases: [string, string, RegExp][] = [
    [
      "margins that disagree",
      refusal({ "age.csv": ages, "sex.csv": sexes }, margins()),
      /^sex.csv, row 2, stratum a: adds up to 61, and age.csv, row 2 to 60: margins are of the same people; mend one, or say/,
    ],
    [
      "groups that overlap",
      refusal({ "age.csv": ages }, {
        margins: [{ file: "age.csv", of: { age: "age" }, as: "check" }],
      }),
      /^joint.csv, row 2, stratum a: age 18-24 adds up to 30, and age.csv, row 2 has 10: its groups overlap or leave people out/,
    ],
    [
      "groups that overlap, of two variables",
      refusal({ "joint2.csv": JOINT.replace("a,25-64,m,40", "a,25-64,m,39") }, {
        margins: [{ file: "joint2.csv", of: { age: "age", sex: "sex" }, as: "check" }],
      }),
      /^joint.csv, row 2, stratum a: age 25-64, sex m adds up to 40, and joint2.csv, row 2 has 39: its/,
    ],
    [
      "an infeasible raking",
      refusal({
        "joint.csv": zeros,
        "age.csv": two,
        "sex.csv": "stratum,sex,count\na,f,5\na,m,5\n",
      }, {
        ...margins(),
        fields: [],
        codebook: "codebook.csv",
      }),
      /^age.csv, column age: age.csv has no level 25-64 of age: give both the same levels$/,
    ],
    [
      "an infeasible raking, with the levels right",
      refusal({
        "codebook.csv": CODEBOOK.replace("; 25-64", ""),
        "joint.csv": zeros,
        "age.csv": two,
        "sex.csv": "stratum,sex,count\na,f,5\na,m,5\n",
      }, { ...margins(), fields: [] }),
      /^joint.csv, row 2, stratum a: Margin age.csv is still off by 0.1\d* of the total after 1000 rounds: the zeros of the seed .*: add to the cells of 0 that may have people, or leave the margin out$/,
    ],
    [
      "a stratum without people",
      refusal({ "joint.csv": JOINT.replaceAll(/^a,(.*),\d+$/gm, "a,$1,0") }),
      /^joint.csv, row 2, stratum a: it has no people: leave it out, or give its rows counts$/,
    ],
    [
      "a count that was withheld",
      refusal({ "joint.csv": JOINT.replace("a,25-64,f,30", "a,25-64,f,") }),
      /^joint.csv, row 4, column count: empty: a count is a number of 0 or more; one that was withheld is not 0/,
    ],
    [
      "a count that is no decimal number",
      refusal({ "joint.csv": JOINT.replace("a,25-64,f,30", "a,25-64,f,0x10") }),
      /^joint.csv, row 4, column count: "0x10": a count is a number of 0 or more/,
    ],
    [
      "a row that is not there",
      refusal({ "joint.csv": JOINT.replace("a,25-64,f,30\n", "") }),
      /^joint.csv: stratum a has no row of 25-64, f, which row 9 has of b: add it, leave the stratum out, or/,
    ],
    [
      "a row twice",
      refusal({ "joint.csv": `${JOINT}b,65+,m,3\n` }),
      /^joint.csv, row 14: b, 65\+, m stands in row 13 already: leave one/,
    ],
    [
      "a level that no table knows",
      refusal({ "work.csv": WORK.replaceAll("65+", "old") }),
      /^work.csv, column age: no level of it is age 65\+: say in `universe` that the field is not applicable/,
    ],
    [
      "a level that the codebook does not know",
      refusal({ "work.csv": WORK.replaceAll(",no,", ",none,") }),
      /^work.csv, column work: "none" is no level of the codebook: add it, or mend the table: it has yes, no$/,
    ],
    [
      "a stratum that a field does not have",
      refusal({ "work.csv": WORK.replaceAll(/^b.*\n/gm, "") }),
      /^work.csv: no row of stratum b: leave the stratum out, or say `"missing": "pooled"`/,
    ],
    [
      "nobody of those who are there",
      refusal({ "work.csv": WORK.replaceAll("a,65+,no,7", "a,65+,no,0") }),
      /^work.csv: nobody in stratum a with age 65\+: leave the stratum out, or say `"missing": "pooled"`/,
    ],
    [
      "a field before what it is given",
      refusal({}, { fields: [FIELDS[1], FIELDS[0]] }),
      /^design.json: job.csv is bounded by work, which is not drawn before it: there are age, sex$/,
    ],
    [
      "a universe that nobody is in",
      refusal({}, { fields: [FIELDS[0], { ...FIELDS[1], universe: { work: ["Yes"] } }] }),
      /^design.json: the universe of job.csv has work Yes, which is no level of it: there are yes, no$/,
    ],
    [
      "levels of nobody",
      refusal({}, { fields: [{ ...FIELDS[0], levels: { age: { young: ["16-19"] } } }] }),
      /^design.json: levels of work.csv has age young, which is no level of it: there are 18-24, 25-64, 65\+$/,
    ],
    [
      "levels that the table does not have",
      refusal({}, { fields: [{ ...FIELDS[0], levels: { age: { "18-24": ["18-19"] } } }] }),
      /^work.csv: levels of age name 18-19, and column age has 16-19, 20-64, 65\+$/,
    ],
    [
      "levels to agree with that nobody has",
      refusal({}, {
        fields: [FIELDS[0], { ...FIELDS[1], agree: { with: "work", levels: { x: ["Yes"] } } }],
      }),
      /^design.json: agree of job.csv has work Yes, which is no level of it: there are yes, no$/,
    ],
    [
      "a design with a word too many",
      refusal({}, { fields: [{ ...FIELDS[0], when: 3 }] }),
      /^design.json, fields.0: Unrecognized key: "when"$/,
    ],
  ];
  each(cases, ([name, said, expected]) => {
    assert.match(said, expected, name);
    assert.ok(!said.includes("\n"), name);
  });
  assert.match(
    refusal({ "work.csv": WORK.replaceAll(/^b.*\n/gm, "") }, {
      fields: [{ ...FIELDS[0], missing: "pooled" }, FIELDS[1]],
    }),
    /^nothing$/,
  );
});

Deno.test("a draw says how many, and of which strata there are", () => {
  using towns = made();
  const design = towns.design();
  assert.throws(() => draw(design, {}), /each undefined, total undefined/);
  assert.throws(() => draw(design, { each: 1, total: 2 }), /got each 1, total 2/);
  assert.throws(() => draw(design, { each: 0.5 }), /a whole number from 1/);
  assert.throws(
    () => draw(design, { each: 1, strata: ["d"] }),
    /no row of stratum d: did you mean/,
  );
  assert.throws(
    () => draw(design, { each: 1, method: "random" as "quota" }),
    /method is systematic, /,
  );
});

Deno.test("a table may be packed, and a study takes the people who were drawn from it", async () => {
  using towns = made({}, { joint: { file: "joint.csv.gz" } });
  Deno.writeFileSync(join(towns.path, "joint.csv.gz"), gzipSync(JOINT));
  const { population } = draw(towns.design(), { each: 20 });
  Deno.writeFileSync(join(towns.path, "joint.csv.gz"), gzipSync(JOINT).subarray(0, 40));
  assert.throws(
    () => draw(towns.design(), { each: 1 }),
    /joint.csv.gz cannot be used:\n- its gzip is damaged/,
  );
  const lab = await openStudy({ schema: "opinions_people" });
  assert.deepEqual(await lab.population(population), { name: "towns", profiles: 40 });
  const book = (await lab.codebook()).toRecords();
  assert.deepEqual(book.map(({ variable, missing }) => [variable, missing]), [
    ["town", 0],
    ["age", 0],
    ["sex", 0],
    ["work", 0],
    ["job", 0],
  ]);
  assert.match(String(book[4]!.levels), /not_applicable = Not applicable$/);
  const [row] = (await lab.populations()).toRecords();
  assert.deepEqual([row!.strata, row!.weighted], [2, "yes"]);
  await lab.close();
});
