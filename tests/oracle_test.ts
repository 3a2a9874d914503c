/**
 * Our tables against what the original's own Python code printed on a test database: restored once
 * from its dump and once from its CSVs. The expected files and how they were made: see README.md.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataFrame } from "polars";
import { ROOT } from "lib/config.ts";
import { connect, type Dataset, openDataset } from "lib/db.ts";
import type { TableName } from "lib/paper/design.ts";
import { printed } from "lib/paper/print.ts";
import { build, robustness } from "lib/paper/tables.ts";
import { restored } from "./data.ts";

const FIXTURE = join(ROOT, "tests", "fixtures", "small-public");

type Row = Record<string, string>;

/** The expected files hold no quotes and no commas inside values. */
function expected(name: string): Row[] {
  const [head, ...lines] = readFileSync(join(FIXTURE, "expected", `${name}.csv`), "utf8")
    .trimEnd().split("\n");
  const names = head!.split(",");
  return lines.map((line) =>
    Object.fromEntries(line.split(",").map((value, index) => [names[index]!, value]))
  );
}

interface Match {
  /** Our key columns, and the columns of the expected file that hold the same. */
  keys: [string, string][];
  /** Our numbers, and theirs. */
  numbers: [string, string][];
}

const scale: [string, string][] = [
  ["model", "model"],
  ["condition", "condition"],
  ["scale", "category"],
];
const demographics: Match = {
  keys: [
    ["model", "model"],
    ["condition", "condition"],
    ["category", "category"],
    ["subcategory", "subcategory"],
  ],
  numbers: [["mean", "mean"], ["sd", "std"], ["p", "p_value"]],
};
const MATCHES: Partial<Record<TableName, Match>> = {
  table1: demographics,
  table2: demographics,
  table3: demographics,
  table4: {
    keys: scale,
    numbers: [
      ["n", "n"],
      ["mean", "mean"],
      ["sd", "std"],
      ["reference_mean", "ref_mean"],
      ["estimate", "mean_diff"],
      ["ci_lower", "ci_lower"],
      ["ci_upper", "ci_upper"],
      ["t", "t_paired"],
      ["p", "p_paired"],
      // The original's second test is the first one again.
      ["t", "t_pop"],
      ["p", "p_pop"],
      ["d", "cohens_d"],
    ],
  },
  table5: {
    keys: [["model", "model"], ["epqra_scale", "epqra"], ["bfi_trait", "bigfive"]],
    numbers: [["n", "n"], ["r", "r"], ["p", "p_value"]],
  },
  table6: { keys: scale, numbers: [["alpha", "alpha"]] },
  tableA4: {
    keys: [["model", "model"], ["trait", "category"]],
    numbers: [["mean", "mean"], ["sd", "std"]],
  },
  tableA5: { keys: [["model", "model"], ["trait", "category"]], numbers: [["alpha", "alpha"]] },
  tableA6: { keys: [...scale, ["metric", "metric"]], numbers: [["value", "value"]] },
  tableA7: { keys: [...scale, ["metric", "metric"]], numbers: [["value", "value"]] },
};

/** `NaN` is what we call undefined. */
function number(text: string): number | null {
  if (text === "NaN" || text === "") return null;
  return /^-?inf$/.test(text) ? Number(text.replace("inf", "Infinity")) : Number(text);
}

/** Below this a correlation of the original is rounding: ours is then exactly 0. */
const ROUNDING = 1e-15;

function equal(ours: number | null, theirs: number | null): boolean {
  if (ours === null || theirs === null) return ours === theirs;
  if (ours === 0 && Math.abs(theirs) < ROUNDING) return true;
  return ours === theirs || Math.abs(ours - theirs) <= 1e-9 * Math.abs(theirs);
}

/** What differs between our table and the original's, as sentences. */
function differences(name: TableName, table: DataFrame, match: Match): string[] {
  const ours = new Map(
    (table.toRecords() as Record<string, never>[]).map((row) => [
      match.keys.map(([key]) => row[key]).join("|"),
      row,
    ]),
  );
  return expected(name).flatMap((theirs) => {
    const key = match.keys.map(([, column]) => theirs[column]).join("|");
    // The original calls both rows that it loses "Other"; politics' and ours of religion are "Others".
    const own = ours.get(key) ?? ours.get(`${key}s`);
    if (!own) return [`${name} ${key}: missing`];
    const wrong = match.numbers
      .filter(([mine, column]) => !equal(own[mine]!, number(theirs[column]!)))
      .map(([mine, column]) => `${name} ${key} ${mine}: ${own[mine]}, expected ${theirs[column]}`);
    return own.printed === theirs.formatted
      ? wrong
      : [...wrong, `${name} ${key}: prints ${own.printed}, expected ${theirs.formatted}`];
  });
}

const SOURCES = { dump: join(FIXTURE, "sql"), csv: join(FIXTURE, "csv") };

for (const [kind, from] of Object.entries(SOURCES)) {
  const studied = async (): Promise<Dataset> => {
    await restored(`small_${kind}`, from);
    return await openDataset({ schema: `small_${kind}` });
  };

  for (const [name, match] of Object.entries(MATCHES) as [TableName, Match][]) {
    Deno.test(`${name} is the original's in every number and string (from ${kind})`, async () => {
      const study = await studied();
      const table = printed(name, await build(name, study));
      await study.close();
      assert.ok(expected(name).length >= 20);
      assert.deepEqual(differences(name, table, match), []);
    });
  }

  Deno.test(`baselines are the original's (from ${kind})`, async () => {
    const study = await studied();
    const table = printed("baselines", await build("baselines", study));
    await study.close();
    const statistics: Row = { mean: "score_mean", std: "score_sd", alpha: "alpha" };
    const sources: Row = { Reference: "reference", "Random Baseline": "random" };
    const rows = expected("baselines").filter(({ section }) => section!.endsWith("_baseline"));
    assert.equal(rows.length, 24);
    for (const row of rows) {
      const own = (table.toRecords() as Record<string, never>[]).find((cell) =>
        cell.source === sources[row.source!] && cell.scale === row.category &&
        cell.statistic === statistics[row.statistic!]
      )!;
      assert.ok(equal(own.value!, number(row.value!)), JSON.stringify({ own, row }));
      const text = row.statistic === "alpha"
        ? row.formatted
        : row.formatted!.split(" ± ")[row.statistic === "mean" ? 0 : 1];
      assert.equal(own.printed, text);
    }
  });
}

/**
 * Whom the original leaves out: personas and sheets of models that it does not know and of populations
 * that tell no condition, whatever their labels say; and labels that contradict model and population.
 */
const STRANGERS = `
  insert into personas (id, ref_personality_id, population, model, gender, race, sexual_orientation,
    religious_belief, political_orientation, description, word_count_description, repetitions,
    model_print, population_print)
  select 900000 + row_number() over (), ref_personality_id, stranger.population, stranger.model,
    'unmapped', race, 'unmapped', 'unmapped', 'unmapped', description, 5, 1, stranger.label, 'Base'
  from personas cross join (values
    ('mistral7B', 'generated_mistral7B_spain826', 'GPT-3.5'),
    ('mistral7B', 'generated_gpt35_spain826', 'GPT-4o'),
    ('gpt35', 'handwritten', 'GPT-3.5'),
    (null, 'generated_gpt35_spain826', 'GPT-3.5'),
    ('gpt4o', null, 'GPT-4o'),
    ('', '', '')
  ) as stranger (model, population, label)
  where personas.model = 'gpt35';
  update personas set
    model_print = (array['GPT-3.5', 'Mistral', null, ''])[1 + id % 4],
    population_print = (array['Base', 'Max N', 'MaxP', 'N=3', null, '', population])[1 + id % 7];
  insert into experiments_groups (experiments_group_id) values (400), (401);
  insert into experiments_list (experiment_id, experiments_group_id, repeated, questionnaire, model,
    population, personality_id)
  select experiment_id + 900000, case questionnaire when 'epqra' then 400 else 401 end, 0, questionnaire,
    'mistral7B', case experiments_group_id when 372 then population else 'handwritten' end,
    personality_id
  from experiments_list;
  insert into eval_questionnaires (id, experiment_id, question_number, answer)
  select id + 90000000, experiment_id + 900000, question_number, 1 from eval_questionnaires`;

Deno.test("strange models, populations and labels change no number or string of the original's", async () => {
  await restored("small_strange", SOURCES.dump);
  const owner = await connect("owner", { schema: "small_strange" });
  try {
    await owner.unsafe(STRANGERS);
  } finally {
    await owner.end();
  }
  const study = await openDataset({ schema: "small_strange" });
  for (const [name, match] of Object.entries(MATCHES) as [TableName, Match][]) {
    const table = printed(name, await build(name, study));
    assert.deepEqual(differences(name, table, match), []);
    if (/^table[123]$/.test(name)) {
      const rows = table.toRecords() as Record<string, never>[];
      assert.ok(rows.every(({ model }) => model !== "Mistral" && model !== "mistral7B"));
      assert.ok(rows.every(({ subcategory }) => subcategory !== "Unmapped"));
    }
    await robustness(name as Exclude<TableName, "baselines">, study, { draws: 20 });
  }
  await study.close();
});

Deno.test("the comparison with the original sees a changed number and a changed string", async () => {
  await restored("small_csv", SOURCES.csv);
  const study = await openDataset({ schema: "small_csv" });
  const table = printed("table6", await build("table6", study));
  await study.close();
  const halved = table.withColumn(table.getColumn("alpha").div(2).rename("alpha"));
  assert.ok(differences("table6", halved, MATCHES.table6!).length > 50);
  const swapped = table.withColumn(table.getColumn("model").rename("printed"));
  assert.equal(differences("table6", swapped, MATCHES.table6!).length, 60);
});
