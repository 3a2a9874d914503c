/** Prompts that are tried on few profiles and kept as versions, against a local server. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { frame, rows } from "lib/frames.ts";
import { compare } from "lib/measures.ts";
import { comparedText } from "lib/notebook/compare.ts";
import { epqra } from "lib/paper/instruments.ts";
import { type Model, model } from "lib/llm.ts";
import { editPrompt, type Prompt, shippedPrompt } from "lib/prompts.ts";
import { administrations, personas, type Tried } from "lib/study.ts";
import { script } from "./command.ts";
import { dropped } from "./data.ts";
import { type Answer, type Asked, provider, type Server, standIn } from "./llm_server.ts";
import { Folder } from "./made.ts";
import { Made, served } from "./study_worker.ts";

/** A made study of five profiles, and a server whose personas live in Spain when they are told to. */
class Bench implements AsyncDisposable {
  private constructor(readonly made: Made, readonly server: Server) {}

  static async with(schema: string, answer: Answer = obedient): Promise<Bench> {
    return new Bench(await Made.with(schema, 5), provider({ answer }));
  }

  model(more: Partial<Model> = {}): Model {
    return served(this.server.url, 2, more);
  }

  plan(more: Partial<Parameters<typeof personas>[0]> = {}) {
    return personas({
      models: [this.model()],
      conditions: ["Base", "MaxN"],
      prompt: SPANISH,
      ...more,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.made[Symbol.asyncDispose]();
    await dropped(this.made.schema);
    await this.server.close();
  }
}

const WRITTEN = shippedPrompt("persona");
const SPANISH = editPrompt(WRITTEN, { user: `${WRITTEN.user}\n\nThe person lives in Spain.` });

/** One reply per profile, but for the place. */
function obedient(asked: Asked): string {
  const [table] = /question,answer[\s\S]*?(?=\n\n)/.exec(asked.user) ?? [asked.user];
  const reply = standIn({ ...asked, hash: String(table.length % 7).padEnd(64, "5") });
  if (!asked.user.includes("question,answer")) return reply;
  const place = asked.user.includes("lives in Spain") ? "Madrid, Spain" : "Chicago";
  return JSON.stringify({ ...JSON.parse(reply), location: place });
}

const Reply = z.object({
  prompt: z.string(),
  profile: z.number(),
  state: z.string(),
  tokens_out: z.number().nullable(),
  usd: z.number().nullable(),
  reply: z.string().nullable(),
});
const Field = z.object({
  prompt: z.string(),
  condition: z.string(),
  profile: z.number(),
  field: z.string(),
  value: z.string().nullable(),
  reference: z.string().nullable(),
  changed: z.string().nullable(),
});
const Left = z.object({ model: z.string(), calls: z.number(), usd_most: z.number().nullable() });

const BOTH = [WRITTEN, SPANISH];

const states = ({ replies }: Tried) =>
  rows(replies, Reply).map(({ prompt, profile, state }) =>
    `${prompt === WRITTEN.version ? "before" : "after"} ${profile} ${state}`
  );

const all = ({ left }: Tried) => rows(left, Left).find(({ model }) => model === "all")!;

Deno.test("a trial shows its cost first, asks each version once, and says what changed", async () => {
  await using bench = await Bench.with("trial_personas");
  const { made: { lab }, server } = bench;
  const plan = bench.plan();
  const trial = { prompts: BOTH, profiles: [2, 1], conditions: ["MaxN"] };

  const first = await lab.tried(plan, trial);
  assert.deepEqual(states(first), [
    "before 1 not asked",
    "before 2 not asked",
    "after 1 not asked",
    "after 2 not asked",
  ]);
  const { calls, usd_most } = all(first);
  assert.equal(calls, 4);
  assert.equal(server.tally().requests, 0);
  assert.equal(await bench.made.value("select count(*) from runs"), 0);

  const asked = await lab.tried(plan, { ...trial, budget: { usd: usd_most!, calls: 4 } });
  assert.equal(server.tally().requests, 4);
  assert.deepEqual([...new Set(rows(asked.replies, Reply).map(({ state }) => state))], ["done"]);
  assert.equal(all(asked).calls, 0);
  const paid = rows(asked.replies, Reply).reduce((sum, { usd }) => sum + usd!, 0);
  assert.ok(paid > 0 && paid <= usd_most!);
  const changed = rows(asked.fields, Field).filter(({ changed }) => changed === "yes");
  assert.deepEqual(
    changed.map((
      { profile, condition, field, reference, value },
    ) => [profile, condition, field, reference, value]),
    [
      [1, "MaxN", "location", "Chicago", "Madrid, Spain"],
      [2, "MaxN", "location", "Chicago", "Madrid, Spain"],
    ],
  );
  assert.equal(rows(asked.fields, Field).length, 2 * 2 * 12);
  assert.equal(asked.scores.height, 0);
  assert.deepEqual(asked.simulated, []);

  // Again, with more profiles: only what is new is asked.
  const more = await lab.tried(plan, { ...trial, profiles: [1, 2, 3], budget: { calls: 2 } });
  assert.equal(server.tally().requests, 6);
  assert.equal(all(more).calls, 0);
  assert.deepEqual(
    rows(more.replies, Reply).slice(0, 2).map(({ reply }) => reply),
    rows(asked.replies, Reply).slice(0, 2).map(({ reply }) => reply),
  );
});

Deno.test("all prompts of a trial are filled before any is asked", async () => {
  await using bench = await Bench.with("trial_filled");
  const { made: { lab }, server } = bench;
  const broken = editPrompt(WRITTEN, { user: "Write a person." });
  const trial = { profiles: [1], budget: { calls: 9 } };
  for (const prompts of [[WRITTEN, broken], [broken, WRITTEN]]) {
    await assert.rejects(
      () => lab.tried(bench.plan(), { ...trial, prompts }),
      /lacks \{\{table\}\}/,
    );
  }
  assert.equal(server.tally().requests, 0);
  assert.equal(await bench.made.value("select count(*) from runs"), 0);
});

Deno.test("one budget holds for both versions; what it does not cover stays unasked", async () => {
  await using bench = await Bench.with("trial_budget");
  const { made: { lab }, server } = bench;
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1, 2, 3], budget: { calls: 4 } };
  const part = await lab.tried(bench.plan(), trial);
  assert.equal(server.tally().requests, 4);
  assert.equal(states(part).filter((state) => state.endsWith("not asked")).length, 2);
  assert.equal(all(part).calls, 2);
  await lab.tried(bench.plan(), { ...trial, budget: { calls: 1 } });
  assert.equal(server.tally().requests, 5);
  const whole = await lab.tried(bench.plan(), { ...trial, budget: { usd: 1 } });
  assert.equal(server.tally().requests, 6);
  assert.equal(all(whole).calls, 0);
});

Deno.test("without a price a budget in USD is refused, and nothing is asked", async () => {
  await using bench = await Bench.with("trial_unpriced");
  const plan = bench.plan({ models: [bench.model({ price: null })] });
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1], budget: { usd: 1 } };
  await assert.rejects(() => bench.made.lab.tried(plan, trial), /the price of own is unknown/);
  assert.equal(bench.server.tally().requests, 0);
  const { left } = await bench.made.lab.tried(plan, { ...trial, budget: { calls: 2 } });
  assert.equal(rows(left, Left).at(-1)!.calls, 0);
});

Deno.test("what is not there is named before anything is asked", async () => {
  await using bench = await Bench.with("trial_refused");
  const { made: { lab }, server } = bench;
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1], budget: { calls: 9 } };
  const refused = (more: object, message: RegExp) =>
    assert.rejects(() => lab.tried(bench.plan(), { ...trial, ...more }), message);
  await refused({ profiles: [] }, /A trial asks at least one profile: got 0/);
  await refused({ profiles: [4, 77, 78] }, /Profiles 77, 78 are not there in schema trial_refused/);
  await refused({ conditions: ["MaxP"] }, /The plan has no condition MaxP: it has Base, MaxN/);
  await refused({ budget: { calls: -1 } }, /A budget of calls is 0 or more: current value is -1/);
  await refused(
    { prompts: [WRITTEN, shippedPrompt("administration")] },
    /needs a persona prompt: got one for adm/,
  );
  const same = await lab.tried(bench.plan(), { profiles: [1], prompts: [WRITTEN, WRITTEN] });
  assert.deepEqual([same.prompts, all(same).calls, same.by], [[WRITTEN], 2, "condition"]);
  await refused({ prompts: WRITTEN }, /prompts is a list of prompts, such as .*: got an object/);
  await refused({ prompts: [] }, /A plan has at least one prompt: got 0/);
  await refused({ conditions: [] }, /A trial is of at least one condition: got 0/);
  await refused(
    { by: "promt" },
    /by is a factor of the trial that has several levels: did you mean prompt\? It has prompt/,
  );
  assert.equal(server.tally().requests, 0);
});

Deno.test("a useless reply is asked again as in a study; a fault is a reason, and tried anew", async () => {
  let doing = "useless";
  await using bench = await Bench.with("trial_faults", (asked) => {
    if (doing === "useless") return `{"name": "Ana"}`;
    if (doing === "refuses") return { status: 400, code: "content_filter", message: "no" };
    return obedient(asked);
  });
  const { made: { lab }, server } = bench;
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1], budget: { calls: 20 } };
  const useless = await lab.tried(bench.plan(), trial);
  assert.equal(server.tally().requests, 6);
  assert.match(states(useless)[0]!, /^before 1 failed: age is missing/);
  assert.deepEqual(rows(useless.fields, Field), []);
  doing = "refuses";
  const faulty = await lab.tried(bench.plan(), { ...trial, profiles: [2] });
  assert.match(states(faulty)[1]!, /^after 2 failed: /);
  assert.equal(all(faulty).calls, 2);
  doing = "speaks";
  const whole = await lab.tried(bench.plan(), { ...trial, profiles: [1, 2] });
  assert.deepEqual(states(whole).map((state) => state.split(" ").slice(1, 3).join(" ")), [
    "1 failed:",
    "2 done",
    "1 failed:",
    "2 done",
  ]);
});

Deno.test("a trial is in no table, view, count or banner of results, nor in what a study asks", async () => {
  await using bench = await Bench.with("trial_apart");
  const { made: { lab, sql }, server } = bench;
  using folder = new Folder();
  const plan = bench.plan({ conditions: ["Base"], profiles: 3 });
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1, 2, 3], budget: { calls: 99 } };
  const simulated = { ...plan, models: [model("simulated")] };
  await lab.tried(plan, trial);
  await lab.tried(simulated, trial);
  assert.equal(server.tally().requests, 6);
  for (const table of ["personas", "administrations", "experiments_groups", "experiments_list"]) {
    assert.equal(await bench.made.value(`select count(*) from ${table}`), 0, table);
  }
  const { flow, failures } = await lab.quality();
  assert.deepEqual([flow.height, failures.height], [0, 0]);
  assert.equal(await lab.banner(), "Data: own study, not the published dataset");
  assert.deepEqual([...(await lab.status()).getColumn("kind")], Array(2).fill("trial"));

  // The same prompt in the study is asked anew, and another prompt is no other setting.
  assert.equal((await lab.estimate(plan)).getColumn("calls").get(0), 3);
  const run = await lab.register(plan);
  assert.equal((await lab.run(run, { budget: { calls: 3 } })).done, 3);
  assert.equal(server.tally().requests, 9);
  assert.equal(await bench.made.value("select count(*) from personas"), 3);
  await assert.rejects(() => lab.reparse("trial-0"), /has no run trial-0/);
  const [{ name }] = await sql`select name from runs where kind = 'trial' limit 1` as unknown as [
    { name: string },
  ];
  await assert.rejects(() => lab.reparse(name), /is a trial: nothing is made of its replies/);
  await assert.rejects(() => lab.retryFailed(name), /is a trial: what failed is asked again/);
  for (const words of [[], [name]]) {
    const status = await script("study", ["status", ...words, "--schema", "trial_apart"]);
    assert.deepEqual([status.code, status.err], [0, ""]);
    assert.ok(status.out.includes(name));
  }
  const again = await script("reparse", ["--check", "--schema", "trial_apart"]);
  assert.equal(again.code, 0, again.err);
  assert.doesNotMatch(again.out, /trial-/);
  await lab.export(join(folder.path, "out"));
  const people = Deno.readTextFileSync(join(folder.path, "out", "personas.jsonl"));
  assert.equal(people.trimEnd().split("\n").length, 3);

  // A trial reads what the study was replied.
  const next = editPrompt(SPANISH, { system: `${SPANISH.system}\n\nBe brief.` });
  await lab.tried(plan, { ...trial, prompts: [SPANISH, next], profiles: [1, 2] });
  assert.equal(server.tally().requests, 11);
});

Deno.test("sheets are compared item by item and scale by scale, by hand", async () => {
  // Every answer is True, and with the edit False.
  await using bench = await Bench.with("trial_sheets", ({ user }) => {
    const word = user.includes("Say no") ? "False" : "True";
    const answers = epqra.items.map(({ number }) => [number, number === 7 ? "True" : word]);
    return JSON.stringify({ ...Object.fromEntries(answers), explanation: "So." });
  });
  const { made: { lab } } = bench;
  const people = personas({ models: [model("simulated")], conditions: ["Base", "MaxN"] });
  await lab.run(await lab.register(people));
  const before = shippedPrompt("administration");
  const after = editPrompt(before, { user: `${before.user}\n\nSay no.` });
  const plan = administrations({ instrument: epqra, models: [bench.model()] });
  const trial = {
    prompts: [before, after],
    profiles: [4],
    conditions: ["MaxN"],
    budget: { calls: 2 },
  };
  const { fields, scores, replies } = await lab.tried(plan, trial);
  assert.equal(replies.height, 2);
  const read = rows(fields, Field);
  assert.equal(read.length, 2 * 24);
  assert.deepEqual([read[0], read[24]], [
    {
      prompt: "1",
      condition: "MaxN",
      profile: 4,
      field: "1. Does your mood often go up and down?",
      value: "True",
      reference: null,
      changed: null,
    },
    {
      prompt: after.version,
      condition: "MaxN",
      profile: 4,
      field: "1. Does your mood often go up and down?",
      value: "False",
      reference: "True",
      changed: "yes",
    },
  ]);
  assert.deepEqual(read.filter(({ changed }) => changed === "no").map(({ field }) => field), [
    `7. ${epqra.items[6]!.text}`,
  ]);
  // A keyed True scores with the first prompt, a keyed False with the second, and item 7 as it is.
  const expected = epqra.scales.map((scale) => {
    const own = epqra.items.filter((item) => item.scale === scale);
    const yes = own.filter(({ keyed }) => keyed === 1).length;
    const no = own.filter(({ number, keyed }) => keyed === (number === 7 ? 1 : 0)).length;
    return [scale, no, yes, no - yes];
  });
  const scored = scores.toRecords() as Record<string, unknown>[];
  assert.deepEqual(scored.slice(0, 4).map(({ reference }) => reference), Array(4).fill(null));
  assert.deepEqual(
    scored.slice(4).map(({ scale, score, reference, difference }) => [
      scale,
      score,
      reference,
      difference,
    ]),
    expected,
  );
  assert.equal(await bench.made.value("select count(*) from administrations"), 0);
});

Deno.test("prompts × models × conditions: marks by any factor, and statistics paired within profiles", async () => {
  await using bench = await Bench.with("trial_matrix");
  const { made: { lab } } = bench;
  const simulated = [model("simulated"), { ...model("simulated"), id: "other", label: "Other" }];
  const people = personas({ models: [simulated[0]!], conditions: ["Base", "MaxN", "MaxP"] });
  await lab.run(await lab.register(people));
  const written = shippedPrompt("administration");
  const slow = editPrompt(written, { user: `${written.user}\n\nTake your time.` });
  const plan = administrations({ instrument: epqra, models: simulated, prompt: [written, slow] });
  const trial = { profiles: [5, 1, 2, 3, 4], conditions: ["Base", "MaxN"] };
  const first = await lab.tried(plan, trial);
  assert.equal(all(first).calls, 2 * 2 * 2 * 5);
  const tried = await lab.tried(plan, { ...trial, budget: { usd: 0 } });
  assert.equal(all(tried).calls, 0);
  assert.equal(tried.by, "prompt");
  assert.deepEqual(tried.factors, {
    prompt: ["1", slow.version],
    model: ["Simulated (no model)", "Simulated (no model) (by Other)"],
    condition: ["Base", "MaxN"],
  });
  assert.deepEqual([tried.replies.height, tried.scores.height], [40, 40 * 4]);

  // What is compared is the same profile, and the same in all but one factor.
  const Cell = z.object({
    prompt: z.string(),
    model: z.string(),
    condition: z.string(),
    profile: z.number(),
    field: z.string(),
    value: z.string(),
    reference: z.string().nullable(),
    changed: z.string().nullable(),
  });
  type Cell = z.infer<typeof Cell>;
  const keyOf = (cell: Cell, but: Readonly<Record<string, string>>): string => {
    const { prompt, model, condition, profile, field } = { ...cell, ...but };
    return JSON.stringify([prompt, model, condition, profile, field]);
  };
  for (const by of ["prompt", "model", "condition"] as const) {
    const cells = rows((await lab.tried(plan, { ...trial, by })).fields, Cell);
    assert.equal(cells.length, 40 * 24);
    const values = new Map(cells.map((cell) => [keyOf(cell, {}), cell.value]));
    const base: string = tried.factors[by]![0]!;
    for (const cell of cells) {
      const expected = cell[by] === base ? null : values.get(keyOf(cell, { [by]: base }))!;
      assert.equal(cell.reference, expected);
      const changed = expected === null ? null : cell.value === expected ? "no" : "yes";
      assert.equal(cell.changed, changed);
    }
  }

  // The same numbers from the answers, by compare(), which measures_test checks against R.
  const cells = rows(tried.fields, Cell);
  const sheets = [...Map.groupBy(cells, (cell) => keyOf(cell, { field: "" })).values()];
  const Row = z.object({
    factor: z.string(),
    level: z.string(),
    against: z.string(),
    measure: z.string(),
    n: z.number(),
    clusters: z.number(),
    mean: z.number().nullable(),
    mean_against: z.number().nullable(),
    estimate: z.number(),
    se: z.number().nullable(),
    df: z.number().nullable(),
    ci_lower: z.number().nullable(),
    ci_upper: z.number().nullable(),
    p: z.number().nullable(),
    p_flip: z.number().nullable(),
  });
  const found = rows(tried.differences, Row);
  const items = frame(
    epqra.items.map(({ number, scale }) => ({ item: number, scale })),
    { item: "integer", scale: "text" },
  );
  assert.equal(found.length, 3 * 5);
  for (const factor of ["prompt", "model", "condition"] as const) {
    const data = sheets.map((sheet) => {
      const { profile, field: _f, value: _v, ...levels } = sheet[0]!;
      return {
        [factor]: levels[factor],
        respondent: keyOf(sheet[0]!, { [factor]: "", field: "" }),
        cluster: profile,
        ...Object.fromEntries(
          sheet.flatMap(({ field, value }) => {
            const number = parseInt(field), answer = Number(value === "True");
            const { keyed } = epqra.items.find((item) => item.number === number)!;
            return [[`answer ${number}`, answer], [`score ${number}`, Number(answer === keyed)]];
          }),
        ),
      };
    });
    const kinds = Object.fromEntries(
      Object.keys(data[0]!).map((
        name,
      ) => [name, name === factor || name === "respondent" ? "text" : "integer"]),
    ) as Record<string, "text" | "integer">;
    const against: string = tried.factors[factor]![0]!;
    const expected = compare({ items, sheets: frame(data, kinds) }, { of: epqra, factor, against })
      .toRecords() as Record<string, number>[];
    const own = found.filter((row) => row.factor === factor && row.measure !== "differing");
    assert.deepEqual(own.map(({ measure }) => measure), epqra.scales);
    for (const [at, row] of own.entries()) {
      const { respondents, clusters, p_flip } = expected[at]!;
      assert.deepEqual([row.n, row.clusters, row.p_flip], [respondents, clusters, p_flip]);
      assert.deepEqual([row.n, row.clusters], [20, 5]);
      for (
        const name of [
          "mean",
          "mean_against",
          "estimate",
          "se",
          "df",
          "ci_lower",
          "ci_upper",
          "p",
        ] as const
      ) {
        const [is, was] = [row[name], expected[at]![name]!];
        assert.ok(is === was || Math.abs(is! - was) < 1e-12, `${factor} ${name}: ${is}, ${was}`);
      }
    }
    const pairs = cells.filter((cell) => cell[factor] !== against).map((cell) => {
      const other = cells.find((one) => keyOf(one, {}) === keyOf(cell, { [factor]: against }))!;
      return Number(other.value !== cell.value);
    });
    const share = found.find((row) => row.factor === factor && row.measure === "differing")!;
    assert.equal(share.n, pairs.length);
    assert.ok(
      Math.abs(share.estimate - pairs.reduce((sum, one) => sum + one) / pairs.length) < 1e-12,
    );
    assert.deepEqual([share.p, share.p_flip, share.mean], [null, null, null]);
  }

  // Settings are factors as well, each with every prompt.
  const laid = administrations({
    instrument: epqra,
    models: simulated.slice(0, 1),
    options: ["printed", "reversed"],
  });
  const four = await lab.tried(laid, {
    prompts: [written, slow],
    profiles: [1],
    conditions: ["MaxN"],
    by: "option_order",
    budget: { usd: 0 },
  });
  assert.deepEqual(four.factors, {
    prompt: ["1", slow.version],
    option_order: ["printed", "reversed"],
  });
  assert.deepEqual(
    [
      ...new Set(
        rows(four.replies, Way).map(({ prompt, option_order }) => `${prompt} ${option_order}`),
      ),
    ]
      .toSorted(),
    [`1 printed`, `1 reversed`, `${slow.version} printed`, `${slow.version} reversed`].toSorted(),
  );
  assert.match(
    comparedText(four, "Four"),
    /≠ prompt 1 · option order reversed: .*\n {4}prompt 1\+\w+ · option order printed: /,
  );
});

const Way = z.object({ prompt: z.string(), option_order: z.string() });

const Version = z.object({
  version: z.string(),
  hash: z.string(),
  parent: z.string().nullable(),
  note: z.string().nullable(),
  saved: z.string().nullable(),
  runs: z.number(),
  personas: z.number(),
  failed: z.number(),
  tried: z.number(),
  calls: z.number(),
  usd: z.number().nullable(),
});

Deno.test("a version is kept with its note and parent, found again, and listed with what it made", async () => {
  await using bench = await Bench.with("trial_versions");
  const { made: { lab } } = bench;
  assert.equal((await lab.prompts()).height, 0);
  const trial = { prompts: BOTH, conditions: ["Base"], profiles: [1, 2], budget: { calls: 99 } };
  await lab.tried(bench.plan(), trial);
  const listed = async () => rows(await lab.prompts(), Version);
  assert.deepEqual(
    (await listed()).map(({ saved, note, tried }) => [saved, note !== null, tried]),
    [
      [null, true, 2],
      [null, false, 2],
    ],
  );

  const note = "The place is fixed: it varied between models";
  const kept = await lab.savePrompt(SPANISH, { from: WRITTEN, note: ` ${note}\n` });
  assert.equal(kept.version, `1+${SPANISH.hash.slice(0, 8)}`);
  const run = await lab.register(bench.plan({ conditions: ["Base"] }));
  await lab.run(run, { budget: { calls: 5 } });
  const [, row] = await listed();
  assert.match(row!.saved!, /^\d{4}-\d\d-\d\d \d\d:\d\d$/);
  assert.ok(row!.usd! > 0);
  assert.deepEqual({ ...row, saved: "", usd: 0 }, {
    version: SPANISH.version,
    hash: SPANISH.hash.slice(0, 12),
    parent: "1",
    note,
    saved: "",
    runs: 1,
    personas: 5,
    failed: 0,
    tried: 2,
    calls: 7,
    usd: 0,
  });

  const found: Prompt = await lab.prompt("persona", SPANISH.version);
  assert.deepEqual(found, { ...SPANISH, note });
  const next = editPrompt(found, { system: `${found.system}\n\nBe brief.` });
  await lab.savePrompt(next, { from: found, note: "Shorter" });
  await lab.savePrompt(next, { from: WRITTEN, note: "Shorter, for the price" });
  const last = (await listed()).find(({ version }) => version === next.version)!;
  assert.deepEqual([last.parent, last.note], [SPANISH.version, "Shorter, for the price"]);

  const refused = (given: Prompt, more: { from: Prompt; note: string }, message: RegExp) =>
    assert.rejects(() => lab.savePrompt(given, more), message);
  await refused(SPANISH, { from: WRITTEN, note: " " }, /saved with a note/);
  await refused(WRITTEN, { from: WRITTEN, note: "x" }, /Nothing is changed: this is the persona/);
  await refused(SPANISH, { from: SPANISH, note: "x" }, /was not made from/);
  await assert.rejects(() => lab.prompt("persona", "9"), /no persona prompt of version 9: .*1\+/);
});
