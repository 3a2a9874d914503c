/** What the personas and sheets of a study of one's own were made with: a column per factor. */
import type postgres from "postgres";

/** The factors of a persona; `profile_population`: which population its profile is of. */
export const WRITTEN = {
  profile_population: "text",
  writer: "text",
  condition: "text",
  prompt: "text",
  variant: "text",
} as const;

/** Those of a sheet, besides the factors of the persona that gave it. */
export const ASKED = {
  answering_model: "text",
  administration_prompt: "text",
  administration_variant: "text",
  item_order: "text",
  option_order: "text",
  coding: "text",
  language: "text",
} as const;

/** Their levels by cell. */
export type Levels = ReadonlyMap<number, Readonly<Record<string, string | null>>>;

// Files of one version may differ: then their hashes tell them apart.
const named = (sql: postgres.Sql, schema: string) =>
  sql`
    select hash, case when count(*) over (partition by purpose, version) > 1
                      then version || ' ' || left(hash, 6) else version end as version
    from ${sql(schema)}.prompts`;

const written = (sql: postgres.Sql, schema: string) =>
  sql`
    select c.cell, c.population, o.name as profile_population, c.model->>'label' as writer,
           c.condition, p.version as prompt, r.plan->>'variant' as variant
    from ${sql(schema)}.cells c
    join ${sql(schema)}.runs r on r.run = c.run
    join named p on p.hash = r.prompt
    left join ${sql(schema)}.populations o on o.role = 'reference'
    where r.kind = 'personas'`;

/** The levels of personas' factors by the cell in which they were written. */
export async function writtenLevels(sql: postgres.Sql, schema: string): Promise<Levels> {
  const rows = await sql`with named as (${named(sql, schema)}) ${written(sql, schema)}`;
  return byCell(rows);
}

/** The levels of sheets' factors by the cell in which they were asked. */
export async function askedLevels(sql: postgres.Sql, schema: string): Promise<Levels> {
  // All runs that wrote a population wrote it in one setting: any of them tells its levels.
  const rows = await sql`
    with named as (${named(sql, schema)}), written as (
      select distinct on (population)
        population, profile_population, writer, condition, prompt, variant
      from (${written(sql, schema)}) w
      order by population, cell
    )
    select c.cell, w.profile_population, w.writer, c.condition, w.prompt, w.variant,
           c.model->>'label' as answering_model, p.version as administration_prompt,
           r.plan->>'variant' as administration_variant,
           r.plan->'setting'->>'items' as item_order, r.plan->'setting'->>'options' as option_order,
           r.plan->'setting'->>'coding' as coding, r.language
    from ${sql(schema)}.cells c
    join ${sql(schema)}.runs r on r.run = c.run
    join named p on p.hash = r.prompt
    left join written w on w.population = c.population
    where r.kind = 'administrations'`;
  return byCell(rows);
}

const byCell = (rows: readonly postgres.Row[]): Levels =>
  new Map(rows.map(({ cell, population: _, ...levels }) => [cell as number, levels]));
