/** Populations: files and rows typed in, their codebooks, and several of them in one study. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { connect, migrate } from "lib/db.ts";
import { attributeValues } from "lib/prompts/profile.ts";
import { biography } from "lib/paper/biography.ts";
import { epqra } from "lib/paper/instruments.ts";
import { mergeAlike } from "lib/population.ts";
import { fillPrompt, personaValues, shippedPrompt } from "lib/prompts.ts";
import { type Given, openStudy, populationFrom, type Row } from "lib/study.ts";
import { populationOf, profilesOf } from "lib/study/population.ts";
import { Folder } from "./made.ts";
import { load } from "./study_before.ts";

/** What is read from files, or the problems that are told, without their heading. */
function of(files: Record<string, string>, given: Given = {}) {
  using folder = new Folder();
  for (const [name, text] of Object.entries(files)) {
    Deno.writeTextFileSync(join(folder.path, name), text);
  }
  const path = join(folder.path, Object.keys(files)[0]!);
  try {
    return populationFrom(path, given);
  } catch (error) {
    return (error as Error).message.split("\n").slice(1).map((line) => line.replace(/^- /, ""));
  }
}

type Made = ReturnType<typeof populationFrom>;

const PEOPLE = `id,Sex,Age (years),town,income,postcode,Weight,stratum,note
7,f,34,Leeds,1200.5,01234,1.5,north,likes tea
2,m,51,Bath,NA,99999,0.5,south,
9,f,,Leeds,900,00001,1,,knits`;

Deno.test("the codebook of a file is inferred from its columns", () => {
  const made = of({ "my people.csv": PEOPLE }) as Made;
  assert.deepEqual([made.name, made.instrument, made.random], ["my-people", null, []]);
  const levels = (...of: string[]) => of.map((value) => ({ value, label: value }));
  assert.deepEqual(made.codebook, [
    { name: "Sex", label: "Sex", kind: "category", levels: levels("f", "m") },
    { name: "Age_years", label: "Age (years)", kind: "number" },
    { name: "town", label: "town", kind: "category", levels: levels("Bath", "Leeds") },
    { name: "income", label: "income", kind: "number" },
    { name: "postcode", label: "postcode", kind: "text" },
    { name: "note", label: "note", kind: "text" },
  ]);
  assert.deepEqual(made.profiles.map(({ id, weight, stratum }) => [id, weight, stratum]), [
    [7, 1.5, "north"],
    [2, 0.5, "south"],
    [9, 1, undefined],
  ]);
  assert.deepEqual(made.profiles[1]!.values, {
    Sex: "m",
    Age_years: 51,
    town: "Bath",
    income: null,
    postcode: "99999",
    note: null,
  });
  const semicolons = PEOPLE.replaceAll(",", ";").replace("1200.5", "1200,5").replace("0.5", "0,5");
  assert.deepEqual((of({ "my people.csv": semicolons }) as Made).profiles, made.profiles);
});

Deno.test("a codebook that is given says kinds, levels, labels and units, and what is left out", () => {
  const book = `name,label,kind,levels,unit
sex,Sex at birth,category,1 = Male; 2 = Female,
school,Schooling,ordered,low; middle; high,
age,Age,number,,years
phone,,ignored,,`;
  const rows = `id,sex,school,age,phone,town
1,2,low,20,555,Leeds
2,1.0,High,30,556,Leeds
3,,middle,,557,Bath`;
  const made = of({ "people.csv": rows, "people.codebook.csv": book }) as Made;
  assert.deepEqual(made.profiles.map(({ values }) => values), [
    { sex: 2, school: "low", age: 20, town: "Leeds" },
    { sex: 1, school: "high", age: 30, town: "Leeds" },
    { sex: null, school: "middle", age: null, town: "Bath" },
  ]);
  assert.deepEqual(made.codebook.map(({ name, label, kind }) => [name, label, kind]), [
    ["sex", "Sex at birth", "category"],
    ["school", "Schooling", "ordered"],
    ["age", "Age", "number"],
    ["town", "town", "category"],
  ]);
  const typed = made.codebook.filter(({ name }) => name !== "town");
  const alone = of({ "people.csv": rows.replace(/phone/, "ID card") }, { codebook: typed }) as Made;
  assert.deepEqual(alone.profiles[0]!.values!.sex, 2);
  assert.deepEqual(alone.codebook.map(({ name }) => name), [
    "sex",
    "school",
    "age",
    "ID_card",
    "town",
  ]);
});

Deno.test("what a file of people has wrong is told by row, column and value, with what it takes", () => {
  const book = "name,kind,levels\nsex,category,f; m\nage,number,";
  const rows = "id,sex,age,weight\n1,f,x,1\n2,w,3,-1\n2,m,4,\n,m,5,2";
  assert.deepEqual(of({ "a.csv": rows, "a.codebook.csv": book }), [
    'row 2, column age: "x" is no value of age: it takes numbers',
    'row 3, column sex: "w" is no value of sex: it takes f, m',
    'row 3, column weight: "-1" is no weight: they are numbers of 0 or more',
    "row 4: id 2 is in row 3 already",
    "row 4, column weight: empty",
    "row 5, column id: empty",
  ]);
  assert.deepEqual(of({ "a.csv": "id,sex,weight\n1,f,0\n2,m,0" }), [
    "column weight: all weights are 0: nobody counts",
  ]);
  assert.deepEqual(of({ "a.csv": "id\n1\n2" }), [
    "nothing is known of its respondents: no column of an item or attribute",
  ]);
  assert.deepEqual(of({ "a.csv": "id,a b,a-b\n1,2,3" }), ["columns a b and a-b are both a_b"]);
  assert.deepEqual(of({ "a.csv": "id,profile,sex\n1,2,f" }), [
    "both id and profile are there: leave one",
  ]);
  assert.match(
    (of({ "a.csv": "id,schema,1st\n1,2,3" }, { instrument: null }) as string[]).join(),
    /variable schema: schema means something else.*variable 1st: a name is letters, digits and _/,
  );
  assert.deepEqual(of({ "a.csv": "id,age\n1,2", "a.codebook.csv": "name,kind\nsex,number" }), [
    "the codebook describes sex, which is no column",
  ]);
  assert.deepEqual(
    of({
      "a.csv": "id,age\n1,2",
      "a.codebook.csv": "name,kind,levels\nage,numeric,\nold,ordered,\nold,text,",
    }),
    [
      'row 2, kind: "numeric" is none of category, ordered, number, text, ignored',
      "row 3, levels: empty: the levels of old in their order, as 1 = Low; 2 = High",
      "row 4: old stands there twice",
    ],
  );
  assert.deepEqual(of({ "a.csv": "id,age\n1,2", "a.codebook.csv": "name,type\nage,number" }), [
    "column type: unknown; there are name, label, kind, levels, unit",
    "no column kind",
  ]);
});

Deno.test("ids that are words become numbers in order of the rows, and stay as a variable", () => {
  const made = of({ "a.csv": "Respondent ID,sex\nbea,f\nada,m\nz9,f" }) as Made;
  assert.deepEqual(made.profiles.map(({ id, values }) => [id, values!.id, values!.sex]), [
    [1, "bea", "f"],
    [2, "ada", "m"],
    [3, "z9", "f"],
  ]);
  assert.deepEqual(made.codebook[0], { name: "id", label: "Respondent ID", kind: "text" });
  assert.deepEqual(of({ "a.csv": "id,sex\nbea,f\nbea,m" }), ["row 3: id bea is in row 2 already"]);
});

Deno.test("people are typed in as rows, and items and attributes go together", () => {
  const items = Object.fromEntries(epqra.items.map(({ number }) => [`q${number}`, number % 2]));
  const rows: Row[] = [{ ...items, age: 30, member: true }, {
    ...items,
    q1: 0,
    age: null,
    town: "Ely",
  }];
  const made = populationFrom(rows, { instrument: epqra, name: "two" });
  assert.deepEqual([made.name, made.origin, made.random.length], ["two", "typed in", 2]);
  assert.deepEqual(made.profiles.map(({ id, answers, values }) => [id, answers[0], values]), [
    [1, 1, { age: 30, member: "true", town: null }],
    [2, 0, { age: null, member: null, town: "Ely" }],
  ]);
  // Without an instrument columns headed by a number are those of the first that is known.
  assert.equal(populationFrom(rows).instrument, epqra);
  const none = populationFrom([{ q1: 3, sex: "f" }, { q1: 4, sex: "f" }], { instrument: null });
  assert.deepEqual([none.instrument, none.codebook.map(({ name }) => name)], [null, ["q1", "sex"]]);
  const wrong = (rows: unknown, told: RegExp) =>
    assert.throws(() => populationFrom(rows as Row[]), told);
  wrong(
    [{ sex: "f" }, { sex: { a: 1 } }],
    /Population people cannot be used:\n- row 2, sex: .*got/,
  );
  wrong([{ age: NaN }], /row 1, age: a value is a text, a number or null/);
  wrong([3], /row 1 is an object with a value for each column: got 3/);
  wrong([], /no row below the header/);
  wrong({ sex: "f" }, /A population is the path of a CSV, or a list of rows such as/);
  assert.throws(() => populationFrom(rows, { name: "a b" }), /name of a population is 1 to 40/);
});

Deno.test("a prompt shows a profile by its labels, and refuses a variable that there is none of", () => {
  const made = of({
    "p.csv": "id,sex,age,town\na,2,30,Ely\nb,1,,Ely",
    "p.codebook.csv": "name,label,kind,levels,unit\nsex,Sex,category,1 = Male; 2 = Female,\n" +
      "age,Age,number,,years",
  }) as Made;
  const [ana, bob] = made.profiles.map(({ values }) => attributeValues(made.codebook, values!));
  assert.equal(ana!.profile, "- Sex: Female\n- Age: 30 years\n- town: Ely");
  assert.equal(bob!.profile, "- Sex: Male\n- town: Ely");
  assert.deepEqual([ana!.sex, ana!.age, bob!.age, ana!.id], ["Female", "30 years", "", "a"]);

  const values = personaValues(null, [], biography, made.codebook, made.profiles[1]!.values);
  const [system, user] = fillPrompt(shippedPrompt("persona", "attributes-1"), values);
  assert.match(system!.content, /"political_orientation": "string"/);
  assert.match(user!.content, /known of one person:\n\n- Sex: Male\n- town: Ely\n\nFrom/);
  const own = (user: string) =>
    fillPrompt({ ...shippedPrompt("persona", "attributes-1"), user }, values);
  assert.equal(own("{{town}}{{#age}}, {{age}}{{/age}}")[1]!.content, "Ely");
  assert.throws(
    () => own("{{profile}} {{race}}"),
    /has \{\{race\}\}, which nothing fills: the known places are .*\{\{sex\}\}, \{\{age\}\}, \{\{town\}\}/,
  );
  assert.throws(() => own("Somebody."), /lacks \{\{profile\}\} or \{\{id\}\} or \{\{sex\}\}/);
  assert.throws(
    () => fillPrompt(shippedPrompt("persona", "1"), values),
    /has \{\{legend\}\}, \{\{table\}\}, which nothing fills/,
  );
});

Deno.test("a study has several populations, each once, the first its reference", async () => {
  const lab = await openStudy({ schema: "several_people" });
  const sql = await connect("owner", { schema: "several_people", connections: 2 });
  try {
    const made = of({ "people.csv": PEOPLE }) as Made;
    assert.deepEqual(await lab.population(made), { name: "people", profiles: 3 });
    const rows = [3, 1].map((id) => ({
      id,
      ...Object.fromEntries(epqra.items.map(({ number }) => [number, number % id ? 1 : 0])),
    }));
    assert.deepEqual(await lab.population(rows, { name: "items" }), { name: "items", profiles: 2 });
    assert.deepEqual(await lab.population(), { name: "people", profiles: 3 });
    assert.deepEqual(await lab.population(rows, { name: "items" }), { name: "items", profiles: 2 });
    assert.deepEqual((await lab.populations()).toRecords(), [
      {
        name: "people",
        role: "reference",
        origin: made.origin,
        profiles: 3,
        variables: "Sex, Age_years, town, income, postcode, note",
        instrument: null,
        weighted: "yes",
        strata: 2,
      },
      ...["items", "items (random control)"].map((name, at) => ({
        name,
        role: ["other", "control"][at],
        origin: "typed in",
        profiles: 2,
        variables: null,
        instrument: "epqra",
        weighted: "no",
        strata: 0,
      })),
    ]);
    assert.deepEqual((await lab.codebook()).toRecords().slice(0, 2), [
      {
        variable: "Sex",
        label: "Sex",
        kind: "category",
        levels: "f; m",
        unit: null,
        n: 3,
        missing: 0,
      },
      {
        variable: "Age_years",
        label: "Age (years)",
        kind: "number",
        levels: null,
        unit: null,
        n: 2,
        missing: 1,
      },
    ]);
    assert.deepEqual(
      [...await profilesOf(sql, null)],
      made.profiles.map((one) => [one.id, one])
        .toSorted(([a], [b]) => Number(a) - Number(b)),
    );
    assert.deepEqual([...(await profilesOf(sql, [3], "items")).keys()], [3]);
    assert.deepEqual((await populationOf(sql, "items"))!.instrument, epqra);
    await assert.rejects(populationOf(sql, "item"), /no population item: did you mean items\?/);

    // The same name with other people, values or weights is another population.
    const other = (change: (one: Made["profiles"][number]) => object) =>
      lab.population({
        ...made,
        profiles: made.profiles.map((one) => ({ ...one, ...change(one) })),
      });
    for (
      const change of [
        ({ id }: { id: number }) => ({ id: id + 1 }),
        ({ weight }: { weight?: number }) => ({ weight: weight! + 1 }),
        () => ({ values: { Sex: "m" } }),
      ]
    ) {
      await assert.rejects(
        other(change),
        /has another population people: .*give yours another name/,
      );
    }
  } finally {
    await lab.close();
    await sql.end();
  }
});

Deno.test("attributes that come later are added to the profiles that a study has", async () => {
  const lab = await openStudy({ schema: "described_later" });
  try {
    const rows = [1, 2].map((id) => ({
      id,
      ...Object.fromEntries(epqra.items.map(({ number }) => [number, number % (id + 1) ? 1 : 0])),
    }));
    await lab.population(rows, { name: "two" });
    const more = rows.map((row) => ({ ...row, sex: row.id === 1 ? "f" : "m", weight: row.id }));
    assert.deepEqual(await lab.population(more, { name: "two" }), { name: "two", profiles: 2 });
    assert.deepEqual((await lab.codebook()).getColumn("variable").toArray(), ["sex"]);
    const [two] = (await lab.populations()).toRecords();
    assert.deepEqual([two!.variables, two!.weighted], ["sex", "yes"]);
    // What is there stays where the rows come again without it.
    await lab.population(rows, { name: "two" });
    assert.deepEqual((await lab.codebook()).height, 1);
  } finally {
    await lab.close();
  }
});

Deno.test("the published views of an earlier study show the reference and its control as before", async () => {
  const schema = "before_populations";
  await load(schema);
  const sql = await connect("owner", { schema, connections: 1 });
  const views = () =>
    sql`
    select 'reference' as source, to_jsonb(t)::text as row from reference_questionnaires t
    union all select 'random', to_jsonb(t)::text from random_questionnaires t order by 1, 2`;
  try {
    const before = [...await views()];
    assert.equal(before.length, 2 * 12 * 24);
    await migrate(schema, "study");
    assert.deepEqual([...await views()], before);
    // Other populations are in neither.
    const lab = await openStudy({ schema });
    await lab.population([
      Object.fromEntries(epqra.items.map(({ number }) => [number, 1])),
    ], { name: "others" });
    await lab.close();
    assert.deepEqual([...await views()], before);
  } finally {
    await sql.end();
  }
});

Deno.test("a file of several blocks is gone through in pieces, with texts that go over their ends", () => {
  // Lines of 100 bytes and more: quotes, line ends within them, and letters of several bytes fall on ends.
  const n = 30_000, note = (id: number) => `says “nö” ${id}\n${"ñ漢".repeat(8 + id % 7)}`;
  const lines = Array.from({ length: n }, (_, at) => `${at + 1},${at % 3},"${note(at + 1)}"`);
  const text = ["id,group,note", ...lines].join("\r\n");
  assert.ok(new TextEncoder().encode(text).length > 2 * 2 ** 20);
  const made = of({ "long.csv": text }) as Made;
  assert.equal(made.profiles.length, n);
  assert.deepEqual(
    made.profiles.map(({ id, values }) => [id, values!.group, values!.note]),
    Array.from({ length: n }, (_, at) => [at + 1, at % 3, note(at + 1)]),
  );
  const twice = [...lines, `${n},1,again`];
  assert.deepEqual(of({ "twice.csv": ["id,group,note", ...twice].join("\n") }), [
    `row ${n + 2}: id ${n} is in row ${n + 1} already`,
  ]);
  const open = ["id,group,note", ...lines, '7,1,"never ends', "8,1,more"].join("\n");
  assert.match(
    (of({ "open.csv": open }) as string[])[0]!,
    new RegExp(`^it is no CSV: .*line ${2 * n + 3}$`),
  );
});

Deno.test("people who look alike are one, who weighs as much as all of them", () => {
  const rows = `sex,town,weight,stratum
f,Leeds,1.5,north
f,Leeds,0.5,north
m,Leeds,1,north
f,Leeds,2,south
f,NA,1,north
f,Leeds,1,north`;
  const many = of({ "people.csv": rows }) as Made;
  const few = mergeAlike(many);
  assert.deepEqual(
    few.profiles.map(({ id, weight, stratum, values }) => [id, weight, stratum, values!.town]),
    [[1, 3, "north", "Leeds"], [3, 1, "north", "Leeds"], [4, 2, "south", "Leeds"], [
      5,
      1,
      "north",
      null,
    ]],
  );
  const weights = (of: Made["profiles"]) => of.reduce((sum, { weight = 1 }) => sum + weight, 0);
  assert.equal(weights([...few.profiles]), weights([...many.profiles]));
  assert.deepEqual(mergeAlike(few).profiles, few.profiles);
  assert.match(few.origin, /; 6 people, those alike as one$/);
  // Without weights each person counts once; answers tell people apart as well.
  const answered = { ...many, instrument: null, codebook: [] };
  const three = [[1, 0], [1, 0], [0, 1]].map((answers, at) => ({ id: at + 1, answers }));
  const two = mergeAlike({ ...answered, profiles: three });
  assert.deepEqual(two.profiles.map(({ id, weight }) => [id, weight]), [[1, 2], [3, 1]]);
});
