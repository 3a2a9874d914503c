/** The mapping from free text to categories: rules, pairs, learning, and what Tables 1–3 make of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CATEGORIES,
  check,
  cleaned,
  type Counted,
  coverage,
  type Field,
  FIELDS,
  FOLDER,
  learn,
  Mapping,
  mapping,
  type Pair,
  type Rule,
  save,
  UNMAPPED,
  withRules,
} from "lib/cleaning.ts";
import { connect, DEMOGRAPHICS, migrate } from "lib/db.ts";
import { frame } from "lib/frames.ts";
import { seeded } from "lib/random.ts";
import { build } from "lib/paper/tables.ts";
import { script } from "./command.ts";
import { restored, SMALL } from "./data.ts";
import { Folder } from "./made.ts";

const ours = mapping();

/** What the starter mapping makes of a text: its category and the rule's order. */
function given(field: Field, original: string): [string | null, string | number] {
  const { value, by, rule } = cleaned(field, original, ours);
  return [value, rule?.order ?? by];
}

const STARTER: [Field, string, string][] = [
  ["gender", "Female", "female"],
  ["gender", "cisgender woman", "female"],
  ["gender", "Female (cisgender woman)", "female"],
  ["gender", "Cisgender Man", "male"],
  ["gender", " MALE\n", "male"],
  ["gender", "Non\u2011binary", "non-binary"],
  ["gender", "non  binary (AFAB)", "non-binary"],
  ["gender", "binary", UNMAPPED],
  ["gender", "human", UNMAPPED],
  ["gender", "female-to-male", UNMAPPED],
  ["gender", "not a man", UNMAPPED],
  ["gender", "", UNMAPPED],
  ["race", "Caucasian", "White"],
  ["race", "Caucasian American", "White"],
  ["race", "White (Caucasian)", "White"],
  ["race", "Eurasian", UNMAPPED],
  ["race", "Non-Hispanic White", "White"],
  ["race", "Black, not Hispanic", "Black"],
  ["race", "non-Hispanic", UNMAPPED],
  ["race", "White Hispanic", "Latino"],
  ["race", "Latino/Hispanic", "Latino"],
  ["race", "Afro-Latina", "Latino"],
  ["race", "half Asian, half White", "Other"],
  ["race", "South-East Asian", "Asian"],
  ["race", "African-American", "Black"],
  ["race", "American Indian", "Other"],
  ["sexual_orientation", "ambiguous", UNMAPPED],
  ["sexual_orientation", "bi-curious", "lgbtq+"],
  ["sexual_orientation", "bisexual woman", "lgbtq+"],
  ["sexual_orientation", "Panamanian", UNMAPPED],
  ["sexual_orientation", "homosexual (gay)", "lgbtq+"],
  ["sexual_orientation", "LGBTQIA+", "lgbtq+"],
  ["sexual_orientation", "not straight", "lgbtq+"],
  ["sexual_orientation", "mostly heterosexual", "heterosexual"],
  ["sexual_orientation", "heterosexual but bi-curious", UNMAPPED],
  ["sexual_orientation", "would prefer not to say", "unspecified"],
  ["religious_belief", "Católico, Christian", "Christian"],
  ["religious_belief", "spiritual, but not religious", "Others"],
  ["religious_belief", "not religious at all", "None"],
  ["religious_belief", "agnostic (raised Catholic)", "Agnostic"],
  ["religious_belief", "agnostic atheist", UNMAPPED],
  ["religious_belief", "raised Catholic", UNMAPPED],
  ["religious_belief", "Buddhist Christian", UNMAPPED],
  ["religious_belief", "non-denominational Christian", "Christian"],
  ["religious_belief", "Reform Judaism", "Jewish"],
  ["religious_belief", "Pastafarian", UNMAPPED],
  ["political_orientation", "left-leaning", "Progressive"],
  ["political_orientation", "far-right", "Conservative"],
  ["political_orientation", "Centrist, pragmatic", "Centre"],
  ["political_orientation", "centre-left", UNMAPPED],
  ["political_orientation", "socially liberal, fiscally conservative", UNMAPPED],
  ["political_orientation", "human rights", UNMAPPED],
  ["political_orientation", "classical liberal", UNMAPPED],
  ["occupation", "Nurse", UNMAPPED],
  ["location", "Portland, Oregon", UNMAPPED],
];

Deno.test("the starter mapping knows the obvious values, by whole words", () => {
  for (const [field, original, value] of STARTER) {
    assert.equal(
      given(field, original)[0],
      value,
      `${field}: ${original} by ${given(field, original)}`,
    );
  }
});

Deno.test("the starter mapping gives published categories only, and every one can be reached", () => {
  for (const field of FIELDS) {
    const values = [...ours.pairs, ...ours.rules].filter((one) => one.field === field)
      .map((one) => one.cleaned);
    const known = new Set<string | null>(CATEGORIES[field] ?? []);
    assert.deepEqual([...new Set(values)].filter((x) => x !== UNMAPPED && !known.has(x)), []);
  }
  assert.deepEqual(ours.conflicts, []);
});

/** Categories in the rows that Tables 1–3 count them in. */
Deno.test("every published category has its row in Tables 1–3", async () => {
  const rows: Record<string, string[]> = {
    "Gender": ["Female", "Male", "Non-bin.", "Other"],
    "Race": ["Asian", "Black", "Latin", "Latin", "White", "Other"],
    "Sex. Or.": ["Hetero.", "LGBTQ+", "Unspe."],
    "Relig. Beli.": [
      "Agnostic",
      "Atheist",
      "Others",
      "Christian",
      ...Array(5).fill("Others"),
    ],
    "Pol. Or.": ["Centre", "Con.", "Others", "Centre", "Prog.", "Others"],
  };
  const fields: Record<string, Field> = {
    "Gender": "gender",
    "Race": "race",
    "Sex. Or.": "sexual_orientation",
    "Relig. Beli.": "religious_belief",
    "Pol. Or.": "political_orientation",
  };
  for (const [category, field] of Object.entries(fields)) {
    for (const [index, value] of CATEGORIES[field]!.entries()) {
      for (const mode of ["printed", "corrected"] as const) {
        const table = await demographicsOf(field, [value], mode);
        const filled = table.filter((row) => row.category === category && row.count === 1);
        assert.deepEqual(
          filled.map((row) => row.subcategory),
          [rows[category]![index]],
          `${field} ${value} ${mode}`,
        );
      }
    }
  }
});

interface Cell {
  category: string;
  subcategory: string;
  count: number;
  mean: number | null;
}

/** Table 1 of some GPT-4o personas, condition Base. */
async function demographicsOf(
  field: string,
  values: (string | null)[],
  mode: "printed" | "corrected",
): Promise<Cell[]> {
  const personas = frame(
    values.map((value) => ({
      own: "yes",
      model: "gpt4o",
      population: "generated_gpt4o_spain826",
      model_print: "GPT-4o",
      population_print: "Base",
      repetition: 1,
      attribute: field,
      value,
      n: 1,
    })),
    DEMOGRAPHICS,
  );
  const table = await build("table1", {
    demographics: () => Promise.resolve(personas),
    sheets: () => Promise.reject(),
    profiles: () => Promise.reject(),
  }, { mode });
  return (table.toRecords() as unknown as (Cell & { model: string; condition: string })[])
    .filter(({ model, condition }) => model === "GPT-4o" && condition === "Base");
}

Deno.test("an unmapped persona is counted as Unmapped, never as Other", async () => {
  for (const field of ["gender", "race", "religious_belief", "political_orientation"]) {
    for (const mode of ["printed", "corrected"] as const) {
      const table = await demographicsOf(field, [UNMAPPED, UNMAPPED, "Zorp", "Zorp"], mode);
      const of = (name: string) =>
        table.filter(({ category, subcategory }) =>
          subcategory === name && category !== "Sex. Or." &&
          table.some((row) => row.category === category && row.subcategory === "Unmapped")
        ).map(({ count, mean }) => [count, mean]);
      assert.deepEqual(of("Unmapped"), [[2, 0.5]], `${field} ${mode}`);
      const other = [...of("Other"), ...of("Others")];
      assert.deepEqual(other, [[2, 0.5]], `${field} ${mode}`);
    }
  }
  const orientation = await demographicsOf("sexual_orientation", [UNMAPPED], "corrected");
  const filled = orientation.filter(({ category, count }) => category === "Sex. Or." && count > 0);
  assert.deepEqual(filled.map(({ subcategory }) => subcategory), ["Unmapped"]);
  const none = await demographicsOf("gender", ["female"], "printed");
  assert.ok(!none.some(({ subcategory }) => subcategory === "Unmapped"));
});

const rule = (pattern: string, value: string, order = 10, field: Field = "gender"): Rule => ({
  field,
  order,
  pattern,
  cleaned: value,
  note: "",
});
const pair = (original: string, value: string | null, count: number | null = 1): Pair => ({
  field: "gender",
  original,
  cleaned: value,
  count,
});

Deno.test("a text goes through the pairs as written, trimmed, folded; then the rules in order", () => {
  const made = new Mapping(
    [pair("Woman", "female"), pair("woman", "other"), pair("Boy ", "male")],
    [rule("woman|boy|x", "non-binary", 20), rule("x", "male", 10)],
  );
  const of = (text: string) => {
    const { value, by } = cleaned("gender", text, made);
    return [value, by];
  };
  assert.deepEqual(of("Woman"), ["female", "exact"]);
  assert.deepEqual(of("woman"), ["other", "exact"]);
  assert.deepEqual(of(" Woman "), ["female", "folded"]);
  assert.deepEqual(of("Boy"), ["male", "folded"]);
  assert.deepEqual(of("BOY"), ["male", "folded"]);
  assert.deepEqual(of("a woman"), ["non-binary", "rule"]);
  assert.deepEqual(of("a woman, x"), ["male", "rule"]);
  assert.deepEqual(of("women"), [UNMAPPED, "unmapped"]);
  // The same text in another field is another text.
  assert.equal(cleaned("race", "Woman", made).by, "unmapped");
});

Deno.test("a rule may say that a text is ambiguous: it counts as unmapped, and is named", () => {
  const { value, by, rule: found } = cleaned("gender", "female-to-male", ours);
  assert.deepEqual([value, by, found!.cleaned], [UNMAPPED, "unmapped", UNMAPPED]);
});

Deno.test("withRules() puts a user's rules first and changes nothing in place", () => {
  const before = cleaned("political_orientation", "centre-left", ours).value;
  const mine = {
    field: "political_orientation",
    pattern: "cent(er|re)-left",
    cleaned: "Progressive",
  } as const;
  const more = withRules(ours, [mine]);
  assert.deepEqual(
    [before, cleaned("political_orientation", "Center-Left", more).value],
    [UNMAPPED, "Progressive"],
  );
  assert.equal(cleaned("political_orientation", "centre-left", ours).value, UNMAPPED);
  assert.equal(more.rules.length, ours.rules.length + 1);
  const later = withRules(more, [{ ...mine, cleaned: "Centre" }]);
  assert.equal(cleaned("political_orientation", "centre-left", later).value, "Centre");
});

Deno.test("a rule that is no pattern, matches all, or gives no category, is refused by name", () => {
  const wrong: [Partial<Rule>, RegExp][] = [
    [{ pattern: "a(b" }, /gender, rule 0 \(a\(b\) is no regular expression: /],
    [{ pattern: "a)|(b" }, /is no regular expression/],
    [{ pattern: "" }, /matches the empty text/],
    [{ pattern: "woman|" }, /matches the empty text/],
    [
      { pattern: "woman", cleaned: "femal" },
      /gender, rule 0 \(woman\): there is no category "femal": known are female, male, non-binary, other, unmapped$/,
    ],
  ];
  for (const [change, message] of wrong) {
    assert.throws(
      () => withRules(ours, [{ field: "gender", pattern: "x", cleaned: "male", ...change }]),
      message,
    );
  }
});

Deno.test("coverage() counts by model and field, and names the most frequent unmapped texts", () => {
  const values = [
    { model: "b", field: "gender", original: "Female", n: 3 },
    { model: "b", field: "gender", original: " female" },
    { model: "b", field: "gender", original: "trans woman", n: 2 },
    { model: "b", field: "gender", original: "agender", n: 2 },
    { model: "b", field: "gender", original: "genderfluid", n: 2 },
    { model: "a", field: "race", original: "Martian" },
  ] as const;
  assert.deepEqual(coverage(values, ours), [
    {
      model: "b",
      field: "gender",
      exact: 3,
      folded: 1,
      rule: 2,
      unmapped: 4,
      n: 10,
      unmapped_share: 0.4,
      most_frequent: "agender (2); genderfluid (2)",
    },
    {
      model: "a",
      field: "race",
      exact: 0,
      folded: 0,
      rule: 0,
      unmapped: 1,
      n: 1,
      unmapped_share: 1,
      most_frequent: "Martian (1)",
    },
  ]);
});

Deno.test("learn() uses the most frequent category, keeps the others, and lists the conflicts", () => {
  const pairs = [
    pair("Fem", "female", 2),
    pair("Fem", "F", 5),
    pair("fem", "female", 4),
    pair("Odd", "", 1),
  ] as Counted[];
  const before = new Mapping(
    [pair("fem", "other", null), pair("Enby", "non-binary", null)],
    [rule("lad", "male")],
  );
  const made = learn(pairs, before);
  const of = (text: string) => cleaned("gender", text, made).value;
  assert.deepEqual(
    ["Fem", "fem", "FEM", "Odd", "Enby", "a lad"].map(of),
    ["F", "female", "female", "", "non-binary", "male"],
  );
  assert.deepEqual(made.conflicts, [
    {
      field: "gender",
      by: "exact",
      text: "Fem",
      used: "F",
      given: [{ cleaned: "F", count: 5 }, { cleaned: "female", count: 2 }],
    },
    {
      field: "gender",
      by: "folded",
      text: "fem",
      used: "female",
      given: [{ cleaned: "female", count: 6 }, { cleaned: "F", count: 5 }],
    },
  ]);
  const [result] = check(pairs, made);
  assert.deepEqual([result!.rows, result!.reproduced], [12, 10]);
  assert.deepEqual(result!.differing, [
    { field: "gender", original: "Fem", cleaned: "female", count: 2, ours: "F", by: "exact" },
  ]);
});

/** Texts that are hard to keep: quotes, commas, breaks, blanks, digits, other scripts. */
function hard(random: ReturnType<typeof seeded>): string {
  const parts = [
    "a",
    "B",
    '"',
    ",",
    "\n",
    "\r\n",
    " ",
    "7",
    "é",
    "汉",
    "🙂",
    "'",
    ";",
    "\t",
    "null",
    "#",
  ];
  return Array.from({ length: random.int(7) }, () => parts[random.int(parts.length)]).join("");
}

Deno.test("what was learned is the same after it was written and read, and reproduces its pairs", () => {
  using folder = new Folder();
  Deno.copyFileSync(join(FOLDER, "rules.csv"), join(folder.path, "rules.csv"));
  for (let seed = 0; seed < 200; seed++) {
    const random = seeded("pairs", seed);
    const texts = [...new Set(Array.from({ length: 12 }, () => hard(random)))];
    const pairs = texts.map((original): Counted => ({
      field: FIELDS[random.int(FIELDS.length)]!,
      original,
      cleaned: random.int(5) ? hard(random) : null,
      count: 1 + random.int(9),
    }));
    const made = learn(pairs, new Mapping([], ours.rules));
    save(made, FIELDS, folder.path);
    const read = mapping(folder.path);
    assert.deepEqual(read.pairs, made.pairs, `seed ${seed}`);
    for (const { rows, reproduced } of check(pairs, read)) assert.equal(reproduced, rows);
  }
});

Deno.test("no text makes cleaned() fail, and rules see case, blanks and accents alike", () => {
  const vocabulary = STARTER.map(([, original]) => original);
  for (let seed = 0; seed < 2000; seed++) {
    const random = seeded("texts", seed);
    const text = hard(random) + vocabulary[random.int(vocabulary.length)] + hard(random);
    for (const field of FIELDS) {
      const { value, by } = cleaned(field, text, ours);
      assert.ok((by === "unmapped") === (value === UNMAPPED), text);
      assert.ok(value === UNMAPPED || CATEGORIES[field]!.includes(value!), `${text}: ${value}`);
      const again = cleaned(field, `  ${text.toUpperCase().toLowerCase()}\n`, ours);
      if (by !== "unmapped") assert.equal(again.value, value, JSON.stringify(text));
    }
  }
});

Deno.test("a file that does not fit is named with row, column and value", () => {
  using folder = new Folder();
  for (const name of [...FIELDS, "rules"]) {
    Deno.copyFileSync(join(FOLDER, `${name}.csv`), join(folder.path, `${name}.csv`));
  }
  const wrong = (name: string, text: string, message: RegExp) => {
    const path = join(folder.path, `${name}.csv`), before = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, text);
    assert.throws(() => mapping(folder.path), message);
    Deno.writeTextFileSync(path, before);
  };
  wrong(
    "gender",
    "original,cleaned,count\nA,female,\nB,male,many\n",
    /gender\.csv, row 2, column count: must be a whole number: current value is "many"/,
  );
  wrong("race", "text,cleaned,count\nA,White,\n", /race\.csv, row 1, column original: /);
  wrong(
    "race",
    "original,cleaned,count\nA,Wite,\n",
    /race, original "A": there is no category "Wite"/,
  );
  wrong(
    "rules",
    "field,order,pattern,cleaned,note\nsex,1,a,b,\n",
    /rules\.csv, row 1, column field: .*"sex"/,
  );
});

/** A copy of the project's mapping that a command may write to. */
function copied(): Folder {
  const folder = new Folder();
  for (const name of [...FIELDS, "rules"]) {
    Deno.copyFileSync(join(FOLDER, `${name}.csv`), join(folder.path, `${name}.csv`));
  }
  return folder;
}
const filesOf = (folder: string): string[] =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted()
    .map((name) => `${name}\n${readFileSync(join(folder, name), "utf8")}`);

Deno.test("cleaning learn and check: published pairs are reproduced but for the conflicts", async () => {
  await restored("small_public", SMALL);
  using folder = copied();
  const rules = readFileSync(join(folder.path, "rules.csv"), "utf8");
  const run = (what: string) =>
    script("cleaning", [what, "--schema", "small_public", "--folder", folder.path]);
  const before = await run("check");
  assert.equal(before.code, 0, before.err);
  // The starter mapping knows no place; all of them are unmapped.
  assert.match(
    before.out,
    / location +0 of 1,460 rows\n {4}"Austin, TX, somewhere": published "Austin, TX", ours "unmapped" \(209\)/,
  );
  const { code, out, err } = await run("learn");
  assert.equal(code, 0, err);
  assert.match(out, /not the published dataset/);
  for (const field of ["gender", "race", "religious_belief", "political_orientation", "location"]) {
    assert.match(out, new RegExp(`  ${field} +\\d+ lines: \\d+ new, \\d+ gone; \\d+ conflicts`));
  }
  assert.match(out, /texts with an empty category: 1: " \(self-described\)"/);
  assert.equal(readFileSync(join(folder.path, "rules.csv"), "utf8"), rules);
  const learned = mapping(folder.path);
  const sql = await connect("reader", { schema: "small_public" });
  for (const field of FIELDS) {
    // By hand: of each text the most frequent category, the rest cannot be reproduced.
    const [row] = await sql`
      select sum(n)::int as rows, sum(best)::int as most from (
        select sum(n) as n, max(n) as best from (
          select ${sql(`${field}_original`)} as o, ${sql(field)} as c, count(*) as n
          from personas where ${sql(`${field}_original`)} is not null group by 1, 2) pairs
        group by o) texts`;
    const shown = `${row!.most.toLocaleString("en")} of ${row!.rows.toLocaleString("en")} rows`;
    assert.match(out, new RegExp(`  ${field} +${shown}`), field);
    if (["race", "location"].includes(field)) assert.equal(row!.most < row!.rows, field === "race");
  }
  await sql.end();
  assert.equal(cleaned("gender", "male (self-described)", learned).value, "male");
  assert.equal(cleaned("gender", "MALE (Self-Described)", learned).by, "folded");
  assert.equal(cleaned("gender", "a gentle man", learned).by, "rule");
  assert.ok(learned.conflicts.some(({ field, by }) => field === "occupation" && by === "exact"));
  // Learned again nothing changes.
  const files = filesOf(folder.path);
  assert.match((await run("learn")).out, /gender +\d+ lines: 0 new, 0 gone/);
  assert.deepEqual(filesOf(folder.path), files);
});

Deno.test("cleaning refuses data without texts, and a study of one's own, and writes nothing", async () => {
  await restored("personality_trap");
  using folder = copied();
  const files = filesOf(folder.path);
  const { code, out, err } = await script("cleaning", ["learn", "--folder", folder.path]);
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(
    err,
    /have no texts beside their categories: restore the original first \(`deno task restore --from PATH --force`/,
  );
  assert.match(err, /reconstruction/);
  await migrate("cleaning_study", "study");
  const own = await script("cleaning", [
    "learn",
    "--schema",
    "cleaning_study",
    "--folder",
    folder.path,
  ]);
  assert.equal(own.code, 1);
  assert.match(own.err, /cleaning_study is a study of your own, cleaned by this mapping/);
  assert.deepEqual(filesOf(folder.path), files);
  const sql = await connect("owner");
  await sql`drop schema cleaning_study cascade`;
  await sql.end();
});

Deno.test("cleaning says how it is used", async () => {
  const none = await script("cleaning", []);
  assert.equal(none.code, 2);
  assert.match(none.err, /Say one of learn, check/);
  assert.match((await script("cleaning", ["--help"])).out, /learn {10}writes \{field\}\.csv/);
});
