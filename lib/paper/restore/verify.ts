/** What a restored schema holds, beside what the paper and its documents report. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../config.ts";
import { records } from "../../csv.ts";
import type { Provenance, Sql } from "../../db.ts";
import { whole } from "../../format.ts";

/** One count. */
export interface Check {
  /** What was counted, in words. */
  what: string;
  found: number;
  /** The published count, or null where none was published (duplicates, orphans). */
  published: number | null;
  /** found − published, or null. */
  difference: number | null;
}

/** Two documents give different numbers of request logs; either is the published one. */
const EITHER = ["table:experiment_request_metadata", "table:experiment_request_metadata(alt)"];

/**
 * Counts the tables, the invariants that the paper's documents state, and the faults that the
 * original's tables allow (duplicate and orphaned answers, answers outside their scale).
 *
 * Source of the published counts: `dataset/paper/counts.csv`.
 */
export async function verify(sql: Sql, schema: string): Promise<Check[]> {
  const published = publishedCounts();
  const expected = (item: string, found: number): number | null => {
    const numbers = (item === EITHER[0] ? EITHER : [item]).map((name) => published.get(name));
    return numbers.find((number) => number === found) ?? numbers[0] ?? null;
  };
  const check = (what: string, found: number, item?: string): Check => {
    const number = item ? expected(item, found) : null;
    return { what, found, published: number, difference: number === null ? null : found - number };
  };
  const counts = (await Promise.all([
    tables(sql, schema),
    view(sql, schema),
    populations(sql, schema),
    faults(sql, schema),
  ])).flat();
  return counts.map(([what, found, item]) => check(what, found, item));
}

/** In words, the number found, and the item of `counts.csv`. */
type Count = [string, number, string?];

const TABLES = [
  "personas",
  "reference_questionnaires",
  "random_questionnaires",
  "experiments_groups",
  "experiments_list",
  "eval_questionnaires",
  "questionnaire",
  "experiment_request_metadata",
  "alembic_version",
];

function tables(sql: Sql, schema: string): Promise<Count[]> {
  return Promise.all(TABLES.map(async (table): Promise<Count> => {
    const [row] = await sql`select count(*)::int as n from ${sql(schema)}.${sql(table)}`;
    return [`Rows of ${table}`, row!.n, `table:${table}`];
  }));
}

async function view(sql: Sql, schema: string): Promise<Count[]> {
  const sheets = await sql<{
    questionnaire: string;
    model: string;
    condition: string;
    group: number;
    sheets: number;
    complete: number;
    rows: number;
  }[]>`
    select questionnaire, model_clean as model, population_display as condition,
           experiments_group_id as group, count(*)::int as sheets, sum(rows)::int as rows,
           count(*) filter (where rows = items)::int as complete
    from (
      select experiment_id, questionnaire, model_clean, population_display, experiments_group_id,
             count(*) as rows
      from ${sql(schema)}.experiments_evals
      group by 1, 2, 3, 4, 5
    ) sheet
    join (
      select questionnaire, count(distinct question_number) as items
      from ${sql(schema)}.questionnaire
      where language_questionnaire in ('en', 'english')
      group by 1
    ) instrument using (questionnaire)
    group by 1, 2, 3, 4`;
  const sum = (
    of: "rows" | "complete",
    where: (row: typeof sheets[number]) => boolean = () => true,
  ) => sheets.filter(where).reduce((total, row) => total + row[of], 0);
  const epqra = sheets.filter((row) => row.questionnaire === "epqra");
  const cells = Map.groupBy(epqra, (row) => `${row.model}|${row.condition}`);
  const fullCells = [...cells.values()]
    .filter((rows) => rows.reduce((total, row) => total + row.rows, 0) === 19824).length;
  const bfiGroups = sheets.filter((row) => row.questionnaire === "bigfive" && row.rows === 36344);
  return [
    ["Rows of the view experiments_evals", sum("rows"), "view:experiments_evals total"],
    ["… of EPQR-A", sum("rows", (row) => row.questionnaire === "epqra"), "view:epqra rows"],
    ["… of BFI-44", sum("rows", (row) => row.questionnaire === "bigfive"), "view:bigfive rows"],
    ["Cells (model × condition) with 19,824 EPQR-A rows", fullCells, "cells:epqra"],
    ["Groups with 36,344 BFI-44 rows", bfiGroups.length, "groups:bigfive"],
    ["Administrations with every item answered once", sum("complete"), "table:experiments_list"],
  ];
}

async function populations(sql: Sql, schema: string): Promise<Count[]> {
  const personas = await sql<{ n: number }[]>`
    select count(*)::int as n from ${sql(schema)}.personas
    where repetitions <= 5 group by model, population`;
  const yes = await sql<{ category: string; n: number }[]>`
    select category, count(*) filter (where answer)::int as n
    from ${sql(schema)}.reference_questionnaires group by 1 order by 1`;
  const [profiles] = await sql`
    select count(distinct personality_id)::int as n from ${sql(schema)}.reference_questionnaires`;
  const total = personas.reduce((sum, { n }) => sum + n, 0);
  return [
    ["Personas of repetitions 1–5", total, "personas repetitions<=5"],
    [
      "Populations with 4,130 of them",
      personas.filter(({ n }) => n === 4130).length,
      "populations",
    ],
    ["Reference profiles", profiles!.n, "reference personalities"],
    ...yes.map(({ category, n }): Count => [
      `Yes answers of the reference profiles, scale ${category}`,
      n,
      `reference True answers scale ${category} (of 4956)`,
    ]),
  ];
}

async function faults(sql: Sql, schema: string): Promise<Count[]> {
  const [row] = await sql`
    select
      (select coalesce(sum(n - 1), 0) from (
         select count(*) as n from ${sql(schema)}.eval_questionnaires
         group by experiment_id, question_number
       ) item)::int as duplicates,
      (select count(*) from ${sql(schema)}.eval_questionnaires a
       where not exists (
         select from ${sql(schema)}.experiments_list l where l.experiment_id = a.experiment_id
       ))::int as orphans,
      (select count(*) from ${sql(schema)}.experiments_evals
       where answer is null)::int as unanswered,
      (select count(*) from ${sql(schema)}.experiments_evals
       where (questionnaire = 'epqra' and answer not in (0, 1))
          or (questionnaire = 'bigfive' and answer not between 1 and 5))::int as outside`;
  return [
    ["Second answers to an item (the lowest id counts)", row!.duplicates],
    ["Answers of an unknown administration (left out)", row!.orphans],
    ["Items without an answer", row!.unanswered],
    ["Answers outside their scale", row!.outside],
  ];
}

/**
 * What was restored: the reconstruction knows itself, wherever it comes from; the published dataset is
 * known by its counts, all of them.
 */
export function identified(marked: boolean, checks: readonly Check[]): Provenance["source"] {
  if (marked) return "reconstruction";
  const published = checks.filter((check) => check.published !== null);
  return published.length && published.every(({ difference }) => difference === 0)
    ? "zenodo"
    : "other";
}

/**
 * What shows that the answers are not what their columns say, or null.
 *
 * Every column of the answers is a number: swapped ones are loaded without complaint.
 */
export async function implausible(sql: Sql, schema: string): Promise<string | null> {
  const [row] = await sql<{ answers: number; listed: number }[]>`
    select (select count(*) from ${sql(schema)}.eval_questionnaires)::int as answers,
           (select count(*) from ${sql(schema)}.experiments_list)::int as listed`;
  const instruments = await sql<{ instrument: string; answers: number; outside: number }[]>`
    select l.questionnaire as instrument, count(*)::int as answers,
           count(*) filter (
             where (l.questionnaire = 'epqra' and a.answer not in (0, 1))
                or (l.questionnaire = 'bigfive' and a.answer not between 1 and 5)
           )::int as outside
    from ${sql(schema)}.eval_questionnaires a
    join ${sql(schema)}.experiments_list l using (experiment_id)
    group by 1
    order by 1`;
  if (row!.answers && row!.listed && !instruments.length) {
    return `Table eval_questionnaires: not one of its ${whole(row!.answers)} answers belongs to ` +
      `one of the ${whole(row!.listed)} administrations in experiments_list`;
  }
  const wrong = instruments.find(({ answers, outside }) => outside > answers / 2);
  if (!wrong) return null;
  return `Table eval_questionnaires: ${whole(wrong.outside)} of ${
    whole(wrong.answers)
  } answers to ` +
    `${wrong.instrument} are outside its range`;
}

/** `counts.csv`, with the counts that its words imply: 5 models × 3 conditions, 6 BFI groups. */
function publishedCounts(): Map<string, number> {
  const path = join(ROOT, "dataset", "paper", "counts.csv");
  const counts = records(readFileSync(path, "utf8"), path, "")
    .map(({ item, count }): [string, number] => [item!, Number(count)]);
  return new Map([...counts, ["cells:epqra", 15], ["groups:bigfive", 6], ["populations", 15]]);
}
