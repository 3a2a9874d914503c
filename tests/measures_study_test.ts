/** Factors of a study of one's own as columns, and what measures make of them: served, in PostgreSQL. */
import assert from "node:assert/strict";
import { join } from "node:path";
import pl from "polars";
import { type Dataset, openDataset } from "lib/db.ts";
import { compare, scores, shares } from "lib/measures.ts";
import type { Model } from "lib/llm.ts";
import { epqra } from "lib/paper/instruments.ts";
import { build } from "lib/paper/tables.ts";
import { PUBLISHED } from "lib/paper/published.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import {
  administrations,
  type AdministrationsPlan,
  personas,
  type Plan,
  type Study,
} from "lib/study.ts";
import { script } from "./command.ts";
import { restored } from "./data.ts";
import { type Answer, provider } from "./llm_server.ts";
import { near } from "./near.ts";
import { Made, served } from "./study_worker.ts";

const SCHEMA = "measures_own";
const ON_N = epqra.items.filter(({ scale }) => scale === "N");

/**
 * A persona is `person S, long` or `person S, brief`, by its prompt, S being 0 to 2 by the profile. It
 * answers S of the N items as keyed, a brief one 1 or 2 more (as S is even or odd), another model than the
 * first 1 more; E items never, the others always.
 */
const answer: Answer = ({ system, user, model }) => {
  const person = /person (\d), (\w+)/.exec(system);
  if (!person) {
    const points = [...user.matchAll(/,(true|yes)$/gim)].length % 3;
    return JSON.stringify({
      name: "Ana Baker",
      age: 30 + points,
      gender: points ? "Female" : "Male",
      sexual_orientation: "Heterosexual",
      race: "White",
      ethnicity: "European",
      religious_belief: user.includes("Be brief") ? "Atheist" : "Agnostic",
      occupation: "Teacher",
      political_orientation: "Progressive",
      location: "Chicago",
      description: `person ${points}, ${user.includes("Be brief") ? "brief" : "long"}`,
    });
  }
  const points = onN(Number(person[1]), person[2] === "brief") + Number(model === "second");
  const [yes, no] = user.includes('- "Yes"') ? ["Yes", "No"] : ["True", "False"];
  const answers = epqra.items.map(({ number, scale, keyed }) => {
    const scores = scale === "N"
      ? ON_N.findIndex((item) => item.number === number) < points
      : scale !== "E";
    return [number, (keyed === 1) === scores ? yes : no];
  });
  return JSON.stringify({ ...Object.fromEntries(answers), explanation: "So I am." });
};

const onN = (points: number, brief: boolean): number => points + (brief ? 1 + points % 2 : 0);

const mine = editPrompt(shippedPrompt("persona"), {
  user: `${shippedPrompt("persona").user}\nBe brief.`,
});
const PROFILES = 24;

/** A study whose models are a server, two of them. */
async function asked(
  schema: string,
  of: (lab: Study, own: Model, other: Model) => Promise<void>,
): Promise<number> {
  const server = provider({ answer });
  const study = await Made.with(schema, PROFILES);
  try {
    const own = served(server.url, 4);
    await of(study.lab, own, { ...own, id: "second", label: "Second (model)", model: "second" });
    return server.tally().requests;
  } finally {
    await study[Symbol.asyncDispose]();
    await server.close();
  }
}

/** Two prompts, two models that answer, and the first again with everything the other way round. */
const made = () =>
  asked(SCHEMA, async (lab, own, other) => {
    const plans = [
      personas({ models: [own], conditions: ["Base", "N=2"] }),
      personas({ models: [own], conditions: ["Base", "N=2"], prompt: mine, variant: "brief" }),
    ];
    for (const plan of plans) {
      const { done } = await lab.run(await lab.register(plan), { budget: { calls: 1000 } });
      assert.equal(done, 2 * PROFILES);
    }
    const sheets = [
      administrations({ instrument: epqra, models: [own, other] }),
      administrations({
        instrument: epqra,
        models: [own],
        options: "reversed",
        items: "shuffled",
        coding: "yes/no",
        variant: "turned",
        repetitions: 2,
      }),
    ];
    for (const plan of sheets) {
      await lab.run(await lab.register(plan), { budget: { calls: 1000 } });
    }
  });

async function opened<T>(schema: string, of: (study: Dataset) => Promise<T>): Promise<T> {
  const study = await openDataset({ schema });
  try {
    return await of(study);
  } finally {
    await study.close();
  }
}

type Row = Record<string, string | number | null>;

Deno.test("every frame of a study has a column per factor, never parts of a label", async (t) => {
  await made();
  await opened(SCHEMA, async (study) => {
    const [{ sheets }, people, lives, counts, listed] = await Promise.all([
      study.sheets("epqra"),
      study.personas(),
      study.biographies(),
      study.demographics(),
      study.administered(),
    ]);
    const written = ["writer", "condition", "prompt", "variant"];
    const asked = [
      ...written,
      "answering_model",
      "administration_prompt",
      "administration_variant",
      "item_order",
      "option_order",
      "coding",
      "language",
      "asked",
      "repetition",
    ];
    const distinct = (frame: typeof people, names: readonly string[]) =>
      new Set(
        (frame.select(...names).toRecords() as Row[]).map((row) => Object.values(row).join("|")),
      );
    assert.deepEqual(distinct(sheets, ["profile_population"]), new Set([`made${PROFILES}`]));
    const settings = new Set(
      [["1", ""], [mine.version, "brief"]].flatMap(([version, variant]) =>
        ["Base", "N=2"].flatMap((condition) => {
          const by = `Own model|${condition}|${version}|${variant}`;
          return [
            `${by}|Own model|1||printed|printed|true/false|en|whole|1`,
            `${by}|Second (model)|1||printed|printed|true/false|en|whole|1`,
            `${by}|Own model|1|turned|shuffled|reversed|yes/no|en|whole|1`,
            `${by}|Own model|1|turned|shuffled|reversed|yes/no|en|whole|2`,
          ];
        })
      ),
    );
    await t.step("sheets and what is listed", () => {
      assert.equal(sheets.height, 16 * PROFILES);
      assert.deepEqual(distinct(sheets, asked), settings);
      assert.deepEqual(distinct(listed, asked), settings);
      assert.deepEqual(distinct(sheets, ["persona"]), new Set(["1"]));
      // The columns that tables go by stay as they are.
      assert.deepEqual(
        distinct(sheets, ["model"]),
        new Set([
          "Own model",
          "Own model (by Second (model))",
          "Own model (turned)",
          "Own model (brief)",
          "Own model (brief) (by Second (model))",
          "Own model (brief) (turned)",
        ]),
      );
    });
    await t.step("personas, their lives and their counts", () => {
      const four = new Set([...settings].map((levels) => levels.split("|").slice(0, 4).join("|")));
      assert.equal(four.size, 4);
      for (const frame of [people, lives, counts]) {
        assert.deepEqual(distinct(frame, written), four);
      }
      assert.equal(people.height, 4 * PROFILES);
    });
    await t.step("the two prompts, compared by what is known of them", async () => {
      const points = (lives.toRecords() as Row[])
        .filter(({ condition, variant }) => condition === "Base" && variant === null)
        .map(({ description }) => Number(/person (\d)/.exec(description as string)![1]));
      assert.equal(points.length, PROFILES);
      const given = await study.sheets("epqra");
      const options = { of: epqra, factor: "prompt", against: "1" };
      const by = ["condition", "answering_model", "option_order"];
      const table = compare(given, { ...options, by }).toRecords() as Row[];
      assert.equal(table.length, 2 * 3 * 4);
      const differences = points.map((own) => onN(own, true) - own);
      const mean = differences.reduce((sum, one) => sum + one, 0) / PROFILES;
      for (const { scale, condition, ...row } of table) {
        assert.deepEqual([row.prompt, row.against], [mine.version, "1"]);
        assert.deepEqual([row.respondents, row.unpaired, row.unpaired_against], [PROFILES, 0, 0]);
        if (condition !== "Base") continue;
        near(row.estimate as number, scale === "N" ? mean : 0, 1e-12);
        if (scale === "N") assert.ok(row.p! as number < 1e-6 && row.p_flip! as number < 0.001);
        else assert.deepEqual([row.p, row.p_flip, row.ci_lower], [null, null, null]);
      }
      const models = compare(given, {
        of: epqra,
        factor: "answering_model",
        against: "Own model",
        by: ["condition", "prompt"],
      }).toRecords() as Row[];
      for (const { scale, estimate, p, informative } of models) {
        assert.deepEqual(
          [estimate, p, informative],
          scale === "N" ? [1, null, PROFILES] : [0, null, 0],
        );
      }
    });
    await t.step("the paper's tables by factors, of which personas have some", async () => {
      const by = ["prompt", "answering_model"];
      const table = await build("table6", study, { by });
      assert.deepEqual(table.columns.slice(0, 4), [...by, "scale", "alpha"]);
      assert.deepEqual(
        (table.filter(pl.col("scale").eq(pl.lit("N"))).toRecords() as Row[])
          .map(({ prompt, answering_model, n }) => [prompt, answering_model, n]),
        ["1", mine.version].flatMap((prompt) => [
          [prompt, "Own model", 6 * PROFILES],
          [prompt, "Second (model)", 2 * PROFILES],
        ]),
      );
      const people = await build("table1", study, { by: ["prompt"], against: { prompt: "1" } });
      const atheists = (people.toRecords() as Row[])
        .filter(({ subcategory }) => subcategory === "Atheist");
      assert.deepEqual(atheists.map(({ prompt, mean, n }) => [prompt, mean, n]), [
        ["1", 0, 2 * PROFILES],
        [mine.version, 1, 2 * PROFILES],
      ]);
      assert.deepEqual(atheists.map(({ p }) => p === null), [true, false]);
    });
    await t.step("deno task tables --by", async () => {
      const out = await Deno.makeTempDir();
      const args = ["--schema", SCHEMA, "--out", out, "--mode", "corrected"];
      const { code, out: said } = await script("tables", [...args, "--by", "prompt,option_order"]);
      assert.equal(code, 0);
      assert.match(said, /^Personas have no option_order: table1 is by prompt$/m);
      const files = [...Deno.readDirSync(out)].map(({ name }) => name);
      assert.ok(!files.some((name) => /table[23]|baselines/.test(name)), files.join());
      const read = (name: string) => Deno.readTextFileSync(join(out, name));
      assert.match(read("table6.csv"), /^prompt,option_order,scale,alpha,/);
      assert.match(read("table6.md"), /^\| Prompt \| Option order \|/m);
      assert.match(read("table1.md"), /^\| Category \| Subcategory \| Prompt 1 \| Prompt /m);
      assert.match(read("table6_survives.csv"), /^prompt,option_order,scale,n,/);
      const wrong = await script("tables", [...args, "--by", "prompt,langage"]);
      assert.equal(wrong.code, 2);
      assert.match(wrong.err, /No factor langage: did you mean language\? There are .*prompt/);
      await Deno.remove(out, { recursive: true });
    });
    await t.step("scores by, shares by", async () => {
      const given = await study.sheets("epqra");
      const table = scores(given, epqra, { by: ["prompt", "answering_model"] });
      const row = (table.toRecords() as Row[]).find((row) =>
        row.prompt === "1" && row.answering_model === "Second (model)" && row.scale === "P"
      )!;
      assert.deepEqual([row.n, row.respondents, row.mean, row.sd], [2 * PROFILES, PROFILES, 6, 0]);
      const beliefs = shares(people, { of: "religious_belief", by: ["prompt"] });
      assert.deepEqual(
        (beliefs.toRecords() as Row[]).map((
          { prompt, value, share, respondents },
        ) => [prompt, value, share, respondents]),
        [["1", 0, 1], [mine.version, 1, 0]].flatMap(([version, atheist, agnostic]) => [
          [version, "Agnostic", agnostic, PROFILES],
          [version, "Atheist", atheist, PROFILES],
        ]),
      );
    });
  });
});

Deno.test("a list is a factor: its levels are crossed in one plan, but for those left out", async (t) => {
  const schema = "measures_crossed";
  const reworded = editPrompt(shippedPrompt("administration"), {
    user: `${shippedPrompt("administration").user}\nTake your time.`,
  });
  const sheetsOf = (own: Model, other: Model) =>
    administrations({
      instrument: epqra,
      models: [own, other],
      prompt: [shippedPrompt("administration"), reworded],
      options: ["printed", "reversed"],
      coding: ["true/false", "yes/no"],
      // Yes and no are asked with the first prompt only.
      except: ({ coding, administration_prompt }) =>
        coding === "yes/no" && administration_prompt !== "1",
    });
  let plan: AdministrationsPlan;
  const calls = await asked(schema, async (lab, own, other) => {
    const people = personas({
      models: [own],
      conditions: ["Base"],
      prompt: [shippedPrompt("persona"), mine],
    });
    const budget = { calls: 1000 };
    await t.step("cost and work are those of all combinations", async () => {
      const [row] = (await lab.estimate(people)).toRecords() as Row[];
      assert.equal(row!.calls, 2 * PROFILES);
      const { done } = await lab.run(await lab.register(people), { budget });
      assert.equal(done, 2 * PROFILES);
      plan = sheetsOf(own, other);
      const rows = (await lab.estimate(plan)).toRecords() as Row[];
      assert.deepEqual(rows.map(({ calls }) => calls), [1, 1, 2].map((n) => n * 12 * PROFILES));
      assert.equal((await lab.run(await lab.register(plan), { budget })).done, 24 * PROFILES);
    });
    await t.step(
      "the same plan, made again, has nothing left; a wider one only what is new",
      async () => {
        const again = sheetsOf(own, other);
        assert.equal(again.name, plan.name);
        const left = async (of: AdministrationsPlan) =>
          (await lab.estimate(of)).toRecords().map(({ calls }) => calls);
        assert.deepEqual(await left(again), [0, 0, 0]);
        const wider = administrations({
          instrument: epqra,
          models: [own],
          options: ["printed", "reversed", "shuffled"],
        });
        assert.deepEqual(await left(wider), [2 * PROFILES, 2 * PROFILES]);
        const { done } = await lab.run(await lab.register(wider), { budget });
        assert.equal(done, 2 * PROFILES);
        const flow = (await lab.quality()).flow.toRecords() as Row[];
        const skipped = flow.filter(({ run }) => run === wider.name)
          .map(({ skipped, stored }) => `${skipped} skipped, ${stored} stored`).toSorted();
        const [old, fresh] = [`${PROFILES} skipped, 0 stored`, `0 skipped, ${PROFILES} stored`];
        assert.deepEqual(skipped, [fresh, fresh, old, old, old, old]);
      },
    );
    await t.step("what was made with each prompt", async () => {
      const rows = (await lab.prompts()).toRecords() as Row[];
      assert.deepEqual(
        rows.map(({ purpose, version, personas, sheets }) => [purpose, version, personas, sheets]),
        [
          ["persona", "1", PROFILES, 0],
          ["persona", mine.version, PROFILES, 0],
          ["administration", "1", 0, 18 * PROFILES],
          ["administration", reworded.version, 0, 8 * PROFILES],
        ],
      );
      assert.equal(rows.reduce((sum, { calls }) => sum + Number(calls), 0), 26 * PROFILES);
    });
  });
  // Two options in a shuffled order are the printed or the reversed question: nobody is asked again.
  assert.equal(calls, 26 * PROFILES);
  await opened(schema, async (study) => {
    const given = await study.sheets("epqra");
    await t.step("no two settings share a label where tables go by it", () => {
      const settings = [
        "prompt",
        "answering_model",
        "administration_prompt",
        "option_order",
        "coding",
      ];
      const rows = given.sheets.select("model", "condition", ...settings).unique().toRecords();
      assert.equal(rows.length, 26);
      assert.equal(new Set(rows.map(({ model }) => model)).size, 26);
    });
    await t.step("levels are compared within respondents, by any others", () => {
      const table = compare(given, {
        of: epqra,
        factor: "prompt",
        against: "1",
        by: ["answering_model", "administration_prompt", "option_order", "coding"],
        draws: 200,
      }).toRecords() as Row[];
      assert.equal(table.length, 13 * 4);
      assert.ok(
        table.every(({ respondents, prompt }) =>
          respondents === PROFILES && prompt === mine.version
        ),
      );
      const orders = compare(given, {
        of: epqra,
        factor: "option_order",
        against: "printed",
        by: ["coding", "prompt", "answering_model"],
        draws: 200,
      }).toRecords() as Row[];
      assert.ok(orders.length > 0 && orders.every(({ estimate }) => estimate === 0));
    });
  });
});

Deno.test("personas that differ in their variant only are asked apart, and made into others apart", async () => {
  const schema = "measures_variants";
  await asked(schema, async (lab, own, other) => {
    const budget = { calls: 1000 };
    const done = async (plan: Plan) => (await lab.run(await lab.register(plan), { budget })).done;
    const people = { models: [own], conditions: ["Base"], profiles: 3 };
    assert.equal(await done(personas({ ...people, variant: "b" })), 3);
    assert.equal(await done(personas(people)), 3);
    // Each persona once, under its own name, in whatever order they came.
    assert.equal(await done(administrations({ instrument: epqra })), 6);
    const again = administrations({ instrument: epqra, models: [other], variant: "c" });
    const [{ calls }] = (await lab.estimate(again)).toRecords() as [Row];
    assert.equal(calls, 6);
    assert.equal(await done(again), 6);
    // From one parent with two prompts: two settings, with a name each.
    const first = shippedPrompt("persona", "form-1");
    const second = editPrompt(first, { system: `${first.system}\nBe brief.` });
    const made = personas({ models: [own], parent: "biography", prompt: [first, second] });
    assert.equal(await done(made), 12);
    const flow = (await lab.quality()).flow.toRecords() as Row[];
    const of = flow.filter(({ run }) => run === made.name);
    assert.deepEqual([of.length, new Set(of.map(({ model }) => model)).size], [4, 4]);
  });
  await opened(schema, async (study) => {
    const { sheets } = await study.sheets("epqra");
    const rows = (sheets.toRecords() as Row[])
      .map(({ model, variant, answering_model, profile }) =>
        [model, variant, answering_model, profile].join("|")
      );
    const by = "Second (model)";
    assert.deepEqual(
      rows.toSorted(),
      [1, 2, 3].flatMap((profile) => [
        `Own model||Own model|${profile}`,
        `Own model (b)|b|Own model|${profile}`,
        `Own model (by ${by}, c)||${by}|${profile}`,
        `Own model (b) (by ${by}, c)|b|${by}|${profile}`,
      ]).toSorted(),
    );
  });
});

Deno.test("profiles answer without a persona, and are nobody's personas", async (t) => {
  const schema = "measures_profiles";
  // The text of a profile has each item with its answer: it answers as it did, but Yes to item 1.
  const bare: Answer = ({ system }) => {
    const given = [...system.matchAll(/,(True|False)$/gm)].map(([, word]) => word);
    assert.equal(given.length, 24);
    const words = given.map((word, index) => [index + 1, index ? word : "True"]);
    return JSON.stringify({ ...Object.fromEntries(words), explanation: "So I am." });
  };
  const server = provider({ answer: bare });
  const study = await Made.with(schema, PROFILES);
  try {
    const { lab } = study;
    const own = served(server.url, 4);
    const plan = administrations({
      instrument: epqra,
      of: "profiles",
      models: [own],
      repetitions: 2,
    });
    const [{ calls }] = (await lab.estimate(plan)).toRecords() as [Row];
    assert.equal(calls, 2 * PROFILES);
    const { messages, condition } = await lab.preview(plan, { profile: 3 });
    assert.equal(condition, "no persona");
    await assert.rejects(
      lab.preview(plan, { profile: 99 }),
      /^RangeError: Profile 99 is not there in schema measures_profiles$/,
    );
    assert.match(messages[0]!.content, /^question,answer$/m);
    const budget = { calls: 1000 };
    assert.equal((await lab.run(await lab.register(plan), { budget })).done, 2 * PROFILES);
    // Written down or not, the personas of the study do not answer this plan, nor profiles theirs.
    await assert.rejects(
      lab.estimate(administrations({ instrument: epqra })),
      /holds no personas that could answer: have them written first/,
    );
    await opened(schema, async (study) => {
      const { sheets } = await study.sheets("epqra");
      assert.equal(sheets.height, 2 * PROFILES);
      const [first] = sheets.toRecords() as Row[];
      assert.deepEqual([first!.writer, first!.persona, first!.condition, first!.answering_model], [
        null,
        null,
        "no persona",
        "Own model",
      ]);
      // They are the same respondents as the people of whom personas are written.
      assert.equal(first!.profile_population, `made${PROFILES}`);
      const { sheets: profiles } = await study.profiles("reference");
      const known = new Map((profiles.toRecords() as Row[]).map((row) => [row.profile, row]));
      await t.step("every sheet is the profile's own, but for item 1", () => {
        for (const row of sheets.toRecords() as Row[]) {
          const own = known.get(row.profile!)!;
          for (const { number } of epqra.items) {
            assert.equal(row[`answer ${number}`], number === 1 ? 1 : own[`answer ${number}`]);
          }
        }
      });
    });
  } finally {
    await study[Symbol.asyncDispose]();
    await server.close();
  }
});

Deno.test("levels that are none of a factor, or stand twice, are refused", () => {
  const of = (given: Omit<Parameters<typeof administrations>[0], "instrument">) => () =>
    administrations({ instrument: epqra, ...given });
  assert.throws(of({ options: ["printed", "printed"] }), /names each options once: printed/);
  assert.throws(
    of({ options: ["printed", "backwards" as "reversed"] }),
    /options is printed, shifted/,
  );
  assert.throws(of({ asked: [0] }), /asked is a whole number of 1 or more: got the number 0/);
  assert.throws(of({ prompt: [mine] }), /needs an administration prompt: got one for persona/);
  assert.throws(of({ except: () => true }), /Nothing is left to ask/);
  assert.throws(of({ of: "profiles" }), /name in models who answers for them/);
  assert.throws(of({ of: "profiles", form: "sketch" }), /leave out personas, conditions and form/);
  const one = shippedPrompt("persona");
  assert.throws(() => personas({ models: [served("http://127.0.0.1:1", 1)], prompt: [one, one] }), {
    message: new RegExp(`names each prompt once: 1 \\(${one.hash.slice(0, 8)}\\) is twice`),
  });
});

Deno.test("published frames keep their columns; their writer is their model", async () => {
  await restored(PUBLISHED);
  await opened(PUBLISHED, async (study) => {
    const given = await study.sheets("epqra");
    const [first, ...rest] = given.sheets.columns.filter((name) => !/ \d/.test(name));
    assert.deepEqual([first, ...rest], [
      "group",
      "model",
      "condition",
      "population",
      "profile",
      "administration",
      "writer",
    ]);
    assert.ok(!(await study.personas()).columns.includes("writer"));
    const table = scores(given, epqra, { by: ["writer", "condition"] });
    assert.ok(table.height >= 5 * 3 * 4);
    const shared = compare(given, {
      of: epqra,
      factor: "condition",
      against: "Base",
      by: ["writer"],
      draws: 200,
    });
    assert.equal(shared.height, 5 * 2 * 4);
  });
});
