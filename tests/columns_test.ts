/** Columns are declared once: all that builders and studies return, with label and meaning. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { coverage, mapping } from "lib/cleaning.ts";
import { columnOf, declare, declared, declareLevels, intervalOf, number } from "lib/columns.ts";
import { ROOT } from "lib/config.ts";
import { openDataset } from "lib/db.ts";
import { TABLE_NAMES } from "lib/paper/design.ts";
import { frame } from "lib/frames.ts";
import * as measures from "lib/measures.ts";
import { epqra } from "lib/paper/instruments.ts";
import { compare, laidOut, paperTable, printed } from "lib/paper/print.ts";
import {
  errorRates,
  expectedDemographics,
  ratesFrame,
  shareCoverage,
  simulator,
  type Specification,
  truths,
} from "lib/validation/simulate.ts";
import { PUBLISHED, reads } from "lib/paper/published.ts";
import { reparsePublished } from "lib/paper/reparse.ts";
import { administrations, personas } from "lib/study.ts";
import {
  acquiescence,
  baselines,
  build,
  campbellFiske,
  collapse,
  copiedSheets,
  copying,
  distributions,
  diversity,
  duplicates,
  faults,
  itemReliability,
  keyingAudit,
  markers,
  multitrait,
  reliability,
  reliabilitySummary,
  robustness,
  scales,
  sensitivity,
  sensitivitySummary,
} from "lib/paper/tables.ts";
import { model } from "lib/llm.ts";
import { editPrompt, shippedPrompt } from "lib/prompts.ts";
import { PAGE, page } from "../scripts/columns.ts";
import { as, restored } from "./data.ts";
import { Made } from "./study_worker.ts";

/** Columns that nobody declared, by frame. */
const lacking = (frames: Readonly<Record<string, DataFrame>>): string[] =>
  Object.entries(frames).flatMap(([name, { columns }]) =>
    columns.filter((column) => !columnOf(column)?.meaning).map((column) => `${name}: ${column}`)
  );

Deno.test("every column of every table is declared", async () => {
  await restored(PUBLISHED);
  const study = await openDataset({ schema: PUBLISHED });
  const epqra_ = await study.sheets("epqra"), bfi = await study.sheets("bigfive");
  const reference = await study.profiles("reference"), random = await study.profiles("random");
  const frames: Record<string, DataFrame> = {};
  const survived: Record<string, DataFrame> = {};
  for (const name of TABLE_NAMES) {
    const table = frames[name] = await build(name, study);
    frames[`${name}, printed`] = printed(name, table);
    frames[`${name}, of the paper`] = paperTable(name);
    frames[`${name}, compared`] = compare(name, table).cells;
    if (name === "baselines") continue;
    survived[name] = frames[`${name}, survival`] = await robustness(name, study, { draws: 2 });
  }
  const profiles = baselines(reference, random);
  const traits = multitrait(epqra_, bfi);
  const panel = await sensitivity(reads(study));
  Object.assign(frames, {
    distributions: distributions({ reference, random }),
    keyingAudit: keyingAudit(epqra_),
    itemReliability: itemReliability(epqra_, "table6"),
    reliabilitySummary: reliabilitySummary(reliability(epqra_), profiles),
    markers: markers(survived),
    scales: scales(epqra_, epqra, { draws: 2 }),
    diversity: diversity(await study.personas(), { draws: 2 }),
    acquiescence: acquiescence(epqra_, epqra, reference),
    multitrait: traits,
    campbellFiske: campbellFiske(traits),
    collapse: collapse(epqra_, reference, random, { splits: 1 }),
    copying: copying(epqra_, reference),
    copiedSheets: copiedSheets(epqra_, reference),
    duplicates: duplicates(await study.biographies()),
    faults: faults(await study.administered()),
    sensitivity: panel,
    sensitivitySummary: sensitivitySummary(panel),
    "scores by factors": measures.scores(epqra_, epqra, { by: ["model", "condition"] }),
    "shares by factors": measures.shares(epqra_, { of: 1, by: ["model"] }),
    "conditions compared": measures.compare(epqra_, {
      of: epqra,
      factor: "condition",
      against: "Base",
      by: ["model"],
      draws: 99,
    }),
    "answers compared": measures.compare(epqra_, {
      of: 1,
      factor: "condition",
      against: "Base",
      draws: 99,
    }),
    sheets: epqra_.sheets,
    items: epqra_.items,
    personas: await study.personas(),
    biographies: await study.biographies(),
    demographics: await study.demographics(),
    administered: await study.administered(),
    reparsed: await as("owner", (sql) => reparsePublished(sql, PUBLISHED)),
  });
  await study.close();
  assert.ok(Object.keys(frames).length > 55);
  assert.deepEqual(lacking(frames), []);
  // Those of a printed layout are cells; what stands beside them is not.
  for (const name of TABLE_NAMES) {
    assert.ok(columnOf(laidOut(name, frames[name]!).columns[0]!), name);
  }
});

Deno.test("every column of what a study shows is declared", async () => {
  await using made = await Made.with("columns_study", 3);
  const { lab } = made;
  const written = shippedPrompt("persona");
  const plan = personas({
    models: [model("simulated")],
    conditions: ["Base"],
    prompt: editPrompt(written, { user: `${written.user}\n\nBe brief.` }),
  });
  const tried = await lab.tried(plan, {
    prompts: [written, plan.prompt],
    profiles: [1, 2],
    conditions: ["Base"],
    budget: { usd: 0 },
  });
  const estimate = await lab.estimate(plan);
  const run = await lab.register(plan);
  await lab.run(run);
  const asked = administrations({ instrument: epqra, models: [model("simulated")] });
  const answers = await lab.register(asked);
  await lab.run(answers);
  const { flow, failures, flags } = await lab.quality();
  const fields = coverage(await lab.texts(), mapping());
  const study = await openDataset({ schema: "columns_study" });
  const read = {
    "sheets read": (await study.sheets(epqra.name)).sheets,
    "personas read": await study.personas(),
    "biographies read": await study.biographies(),
    "demographics read": await study.demographics(),
    "administered read": await study.administered(),
  };
  await study.close();
  const Kinds = {
    model: "text",
    field: "text",
    n: "integer",
    exact: "integer",
    folded: "integer",
    rule: "integer",
    unmapped: "integer",
    unmapped_share: "number",
    most_frequent: "text",
  } as const;
  assert.deepEqual(Object.keys(fields[0]!).toSorted(), Object.keys(Kinds).toSorted());
  assert.deepEqual(
    lacking({
      ...read,
      estimate,
      flow,
      failures,
      flags,
      status: await lab.status(),
      prompts: await lab.prompts(),
      personas: await lab.personas(2),
      demographics: await lab.demographics(),
      faults: await lab.faults(run),
      batches: await lab.batches(run),
      coverage: frame(fields, Kinds),
      replies: tried.replies,
      fields: tried.fields,
      scores: tried.scores,
      differences: tried.differences,
      left: tried.left,
    }),
    [],
  );
});

Deno.test("every column of what a simulation returns is declared", () => {
  const own: Specification = {
    profiles: { n: 20, yes: epqra.items.map(() => 0.5), reliability: 0.6 },
    conditions: ["Base", "MaxN"],
    repetitions: 1,
    models: [{
      id: "a",
      label: "A",
      fidelity: { E: 0.8, N: 0.6, P: 0, L: 1 },
      otherwise: 0.7,
      bfi: { loadings: { E: { E: 0.8 } }, mean: 3.4, sd: 1.2 },
    }],
  };
  const design = { profiles: 20, repetitions: 2, share: 0.4, icc: 0 };
  const rates = errorRates({ ...design, groups: "same profiles" }, { seed: 1, studies: 5 });
  const covered = shareCoverage(design, { seed: 1, studies: 5 });
  assert.deepEqual(
    lacking({
      rates: ratesFrame(rates, { method: "text" }),
      covered: ratesFrame(covered, { method: "text" }),
      demographics: expectedDemographics(simulator(own)(1)),
      table4: truths(own, "table4"),
      table5: truths(own, "table5"),
      table6: truths(own, "table6"),
    }),
    [],
  );
});

Deno.test("a column says what it is: label, meaning, a kind that its name fits", () => {
  for (const column of declared()) {
    const { name, kind, label, meaning, over } = column;
    assert.match(meaning, /^[\p{L}√95].*\.$/su, name);
    assert.ok(label && !/_(?!z|av|s)/.test(label), `${name}: ${label}`);
    assert.equal(kind === "p", /^p(_|$)/.test(name), name);
    assert.ok(over === undefined || over.length > 0, name);
  }
});

Deno.test("a column that nobody declared is found", () => {
  assert.deepEqual(
    lacking({ own: frame([{ n: 1, mine: 2 }], { n: "integer", mine: "integer" }) }),
    [
      "own: mine",
    ],
  );
});

Deno.test("names made by rule are declared, names of nobody are not", () => {
  assert.equal(columnOf("p_mine")!.kind, "p");
  assert.equal(columnOf("answer 12")!.kind, "integer");
  assert.deepEqual(
    [columnOf("alpha_lower")!.kind, columnOf("alpha_lower")!.meaning],
    ["coefficient", "Lower limit: 95 % interval of alpha."],
  );
  assert.equal(intervalOf("model"), null);
  for (const name of ["mine", "mine_lower", "model_upper", "pmine"]) {
    assert.equal(columnOf(name), null, name);
  }
});

Deno.test("what is declared twice, or not at all, is refused", () => {
  assert.throws(
    () => declare({ estimate: number("estimate", "Again.") }),
    /Column estimate is declared twice/,
  );
  assert.throws(() => declareLevels("nobody", {}), /no such column is declared/);
});

Deno.test("the page of columns is what the declarations say", () => {
  assert.equal(
    readFileSync(PAGE, "utf8"),
    page(),
    "write it anew: `deno run -A scripts/columns.ts`",
  );
});

Deno.test("no declaration of the core has a word of the paper's", () => {
  const inner = join(ROOT, "lib", "columns");
  const files = [
    join(ROOT, "lib", "columns.ts"),
    ...readdirSync(inner).map((name) => join(inner, name)),
  ];
  assert.ok(files.length >= 4);
  for (const file of files) {
    assert.doesNotMatch(
      readFileSync(file, "utf8"),
      /epqra|bigfive|\bBase\b|MaxN|spain826|gpt4o|personality_trap/,
      file,
    );
  }
});
