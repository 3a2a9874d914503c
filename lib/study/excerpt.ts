/** What a plan asks of few profiles, without a row in the database. */
import type { Sql } from "../db.ts";
import { described } from "../format.ts";
import { asRows, everyOf } from "./every.ts";
import { type Cell } from "./cell.ts";
import { type Plan } from "./plan.ts";
import { list, type Work } from "./queue.ts";

/**
 * The cells under some conditions.
 *
 * @throws {RangeError} when the plan has no such condition, naming those it has
 */
export function cellsUnder(cells: readonly Cell[], conditions: readonly string[]): Cell[] {
  const known = new Set(cells.map(({ condition }) => condition));
  for (const condition of conditions) {
    if (typeof condition !== "string") {
      throw new RangeError(
        `condition is the name of one of the plan's: got ${described(condition)}`,
      );
    }
    if (known.has(condition)) continue;
    throw new RangeError(`The plan has no condition ${condition}: it has ${[...known].join(", ")}`);
  }
  return cells.filter(({ condition }) => conditions.includes(condition));
}

/**
 * The work of each cell and profile, numbered from 1 as the cells are: of a plan of personas its first
 * repetition, of a plan of administrations all calls of a sheet of the first persona of each profile.
 *
 * @param profiles ids; null: the first one
 * @throws {RangeError} when one of them is not there
 */
export async function worksOf(
  sql: Sql,
  schema: string,
  plan: Plan,
  cells: readonly Cell[],
  profiles: readonly number[] | null,
): Promise<Work[]> {
  const which = profiles && list(profiles);
  const works = await sql<Omit<Work, "work" | "ask">[]>`
    with c as (${asRows(sql, cells)}
    ), every as (${everyOf(sql, plan)}
    ), placed as (
      select *, rank() over (partition by cell, profile order by repetition, round) as place,
             dense_rank() over (partition by cell order by profile) as nth
      from every where ${which}::int[] is null or profile = any(${which}::int[])
    )
    select cell, profile, persona, repetition, block from placed
    where place = 1 and (${which}::int[] is not null or nth = 1)
    order by cell, profile, block`;
  for (const [index, { population }] of cells.entries()) {
    const found = works.filter(({ cell }) => cell === index + 1);
    const missing = (profiles ?? []).filter((id) => !found.some(({ profile }) => profile === id));
    if (!missing.length && found.length) continue;
    const one = missing.length > 1
      ? `Profiles ${missing.join(", ")} are`
      : `Profile ${missing[0] ?? 1} is`;
    const bare = plan.kind === "personas" ? plan.parent === undefined : plan.of === "profiles";
    throw new RangeError(
      `${one} not there in schema ${schema}${bare ? "" : ` as a persona of ${population}`}`,
    );
  }
  return works.map((work, index) => ({ ...work, work: index + 1, ask: 0 }));
}
