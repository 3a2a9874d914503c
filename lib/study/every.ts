/** All that a plan has to do, in one place: for what writes it down, counts it, or asks a few of it. */
import type { Sql } from "../db.ts";
import { callsOf, type Cell } from "./cell.ts";
import { type PersonasPlan, type Plan } from "./plan.ts";
import { list } from "./queue.ts";

/** Cells as rows `c`, numbered from 1, as `everyOf` takes them. */
export const asRows = (sql: Sql, cells: readonly Cell[]) => {
  const rows = cells.map((cell, index) => ({
    cell: index + 1,
    setting: cell.setting,
    population: cell.population,
    writing: cell.writing,
    respondents: cell.respondents,
    blocks: callsOf(cell),
    shown: cell.shown,
  }));
  return sql`
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as c(cell int, setting text, population text, writing text, respondents text, blocks int,
           shown jsonb)`;
};

/**
 * Whether what cell `c` changes is anything to a respondent with these values: who has it already, has neither
 * level of a swap or none of the words would be asked the same again.
 */
const isChanged = (sql: Sql, values: ReturnType<Sql>) =>
  sql`(
    c.shown->'change' is null or exists (
      select from jsonb_each(c.shown->'change'->'values') as change(name, how)
      cross join lateral (select lower(btrim(${values}->>change.name)) as value) has
      where case
        when how ? 'omit' then has.value <> ''
        when how ? 'set' then has.value is distinct from lower(btrim(how->>'set'))
        when how ? 'swap' then has.value in (
          lower(btrim(how->'swap'->>0)), lower(btrim(how->'swap'->>1)))
        else exists (
          select from jsonb_array_elements(how->'words') as pair(words)
          cross join lateral jsonb_array_elements_text(words) as word(one)
          where has.value ~ ('\\m' || lower(word.one) || '\\M'))
      end))`;

/**
 * The work of cells `c`: cell, profile, persona (who is asked, or is made into another), repetition,
 * block, and round, which with the repetition says in which order it is done.
 */
export function everyOf(sql: Sql, plan: Plan) {
  const only = (whose: ReturnType<Sql>, which: PersonasPlan["profiles"] | undefined) =>
    typeof which === "object" && which ? sql`${whose} = any(${list(which)}::int[])` : sql`true`;
  const profiles = (which: PersonasPlan["profiles"] | undefined) =>
    sql`(
      select p.profile, p.values from profiles p
      where p.population = coalesce(
        c.respondents, (select name from populations where role = 'reference'))
        and ${only(sql`p.profile`, which)}
      order by p.profile limit ${typeof which === "number" ? which : null}
    )`;
  // Plans that differ in their variant only wrote in one setting, under names of their own.
  const asked = (whose: ReturnType<Sql>, which: ReturnType<Sql>) =>
    sql`
      join cells wrote on wrote.setting = c.writing and ${whose}
      join work by_work on by_work.cell = wrote.cell
      join personas p on p.work = by_work.work and ${which}`;
  if (plan.kind === "personas" && plan.parent === undefined) {
    return sql`
      select c.cell, p.profile, null::int as persona, n.repetition, 1 as block, 1 as round
      from c
      cross join lateral ${profiles(plan.profiles)} p
      cross join generate_series(${plan.from}::int, ${
      plan.from + plan.repetitions - 1
    }::int) as n(repetition)`;
  }
  if (plan.kind === "personas") {
    return sql`
      select c.cell, p.ref_personality_id as profile, p.id as persona, p.repetitions as repetition,
             1 as block, 1 as round
      from c ${
      asked(
        sql`starts_with(c.population, wrote.population || '_to_')`,
        sql`(${plan.profiles === null} or p.ref_personality_id in (
          select profile from ${profiles(plan.profiles)} first))`,
      )
    }`;
  }
  const calls = sql`
      cross join generate_series(1, ${plan.repetitions}::int) as n(repetition)
      cross join generate_series(1, c.blocks) as b(block)`;
  if (plan.of === "profiles") {
    return sql`
      select c.cell, p.profile, null::int as persona, n.repetition, b.block, 1 as round
      from c cross join lateral ${profiles(plan.profiles)} p ${calls}
      where ${isChanged(sql, sql`p.values`)}`;
  }
  const { personas } = plan;
  return sql`
      select c.cell, p.ref_personality_id as profile, p.id as persona, n.repetition, b.block,
             p.repetitions as round
      from c ${
    asked(
      sql`wrote.population = c.population`,
      sql`${personas ? sql`p.repetitions in ${sql(personas as number[])}` : sql`true`}
        and ${only(sql`p.ref_personality_id`, plan.profiles)}`,
    )
  } ${calls}
      where ${isChanged(sql, sql`p.fields`)}`;
}
