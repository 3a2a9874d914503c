/** What the personas and sheets of a study of one's own were made with: a column per factor. */
import type postgres from "postgres";

/** The factors of a persona; `profile_population`: which population its profile is of. */
export const WRITTEN = {
  profile_population: "text",
  writer: "text",
  condition: "text",
  form: "text",
  prompt: "text",
  variant: "text",
} as const;

/** Those of a sheet, besides the factors of the persona that gave it. */
export const ASKED = {
  answering_model: "text",
  administration_prompt: "text",
  administration_variant: "text",
  instrument: "text",
  item_order: "text",
  option_order: "text",
  coding: "text",
  language: "text",
  asked: "text",
  reasons: "text",
  change: "text",
  round: "text",
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
    select c.cell, c.setting, c.population, o.name as profile_population, c.model->>'label' as writer,
           c.condition, p.version as prompt,
           -- A plan does not name the usual form; its personas do.
           coalesce(r.plan->'form'->>'name',
                    (select p.form from ${sql(schema)}.work w
                     join ${sql(schema)}.personas_written p on p.work = w.work
                     where w.cell = c.cell limit 1)) as form,
           r.plan->>'variant' as variant
    from ${sql(schema)}.cells c
    join ${sql(schema)}.runs r on r.run = c.run
    join named p on p.hash = c.prompt
    join ${sql(schema)}.populations o
      on case when c.respondents is null then o.role = 'reference' else o.name = c.respondents end
    where r.kind = 'personas'`;

/** The levels of personas' factors by the cell in which they were written. */
export async function writtenLevels(sql: postgres.Sql, schema: string): Promise<Levels> {
  const rows = await sql`with named as (${named(sql, schema)}) ${written(sql, schema)}`;
  return byCell(rows);
}

/** The levels of sheets' factors by the cell in which they were asked. */
export async function askedLevels(sql: postgres.Sql, schema: string): Promise<Levels> {
  // All runs that wrote a population in a setting wrote alike: any of them tells its levels.
  const rows = await sql`
    with named as (${named(sql, schema)}), written as (
      select distinct on (setting, population)
        setting, population, profile_population, writer, condition, form, prompt, variant
      from (${written(sql, schema)}) w
      -- Not one whose run left all of it to another: that has no persona to say its form.
      order by setting, population, form is null, cell
    )
    select c.cell, coalesce(w.profile_population, o.name) as profile_population, w.writer, c.condition, w.form, w.prompt, w.variant,
           c.model->>'label' as answering_model, p.version as administration_prompt,
           r.plan->>'variant' as administration_variant, c.instrument,
           c.shown->>'items' as item_order, c.shown->>'options' as option_order,
           c.shown->>'coding' as coding, c.language, coalesce(c.shown->>'each', 'whole') as asked,
           coalesce(c.shown->>'reason', 'explanation') as reasons,
           coalesce(c.shown->'change'->>'name', 'unchanged') as change,
           coalesce(r.plan->'context'->>'round', '0') as round
    from ${sql(schema)}.cells c
    join ${sql(schema)}.runs r on r.run = c.run
    join named p on p.hash = c.prompt
    left join written w on w.setting = c.writing and w.population = c.population
    -- Profiles that answer themselves are of the population that the cell names.
    left join ${sql(schema)}.populations o on w.setting is null
      and case when c.respondents is null then o.role = 'reference' else o.name = c.respondents end
    where r.kind = 'administrations'`;
  return byCell(rows);
}

/** The factors of a study, and of each cell the levels of those that it has. */
export async function factorsOf(
  sql: postgres.Sql,
  schema: string,
): Promise<{ names: readonly string[]; of: Levels }> {
  return {
    names: [...new Set(Object.keys({ ...WRITTEN, ...ASKED }))],
    of: new Map([...await writtenLevels(sql, schema), ...await askedLevels(sql, schema)]),
  };
}

const byCell = (rows: readonly postgres.Row[]): Levels =>
  new Map(rows.map(({ cell, setting: _, population: __, ...levels }) => [cell as number, levels]));
