/** What a plan asks of few profiles, without a row in the database. */
import type { Sql } from "../db.ts";
import { described } from "../format.ts";
import { callsOf, type Cell, type Plan } from "./plan.ts";
import { respondents } from "./population.ts";
import { list, type Work } from "./queue.ts";

/**
 * The cells under one condition; the first cell's where none is named.
 *
 * @throws {RangeError} when the plan has no such condition, naming those it has
 */
export function under(cells: readonly Cell[], condition = cells[0]!.condition): Cell[] {
  if (typeof condition !== "string") {
    throw new RangeError(`condition is the name of one of the plan's: got ${described(condition)}`);
  }
  const found = cells.filter((cell) => cell.condition === condition);
  if (found.length) return found;
  const known = [...new Set(cells.map(({ condition }) => condition))].join(", ");
  throw new RangeError(`The plan has no condition ${condition}: it has ${known}`);
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
  const works: Work[] = [];
  for (const [index, cell] of cells.entries()) {
    const found = await inCell(sql, plan, cell, profiles);
    const missing = (profiles ?? []).filter((id) => !found.some(({ profile }) => profile === id));
    if (missing.length || !found.length) {
      const which = missing.length > 1
        ? `Profiles ${missing.join(", ")} are`
        : `Profile ${missing[0] ?? 1} is`;
      throw new RangeError(
        plan.kind === "personas" && plan.parent === undefined
          ? `${which} not there in schema ${schema}`
          : `${which} not there in schema ${schema} as a persona of ${cell.population}`,
      );
    }
    const blocks = Array.from({ length: callsOf(cell) }, (_, at) => at + 1);
    works.push(
      ...found.flatMap((one) =>
        blocks.map((block) => ({ ...one, cell: index + 1, block, ask: 0, work: 0 }))
      ),
    );
  }
  return works.map((work, index) => ({ ...work, work: index + 1 }));
}

type Found = Pick<Work, "profile" | "persona" | "repetition">;

async function inCell(
  sql: Sql,
  plan: Plan,
  { population, writing }: Cell,
  profiles: readonly number[] | null,
): Promise<Found[]> {
  const which = profiles && list(profiles);
  if (plan.kind === "personas" && plan.parent !== undefined) {
    return await sql<Found[]>`
      select distinct on (p.ref_personality_id)
        p.ref_personality_id as profile, p.id as persona, p.repetitions as repetition
      from personas p join work w on w.work = p.work join cells c on c.cell = w.cell
      where c.setting = ${writing}
        and (${which}::int[] is null or p.ref_personality_id = any(${which}::int[]))
      order by p.ref_personality_id, p.repetitions limit ${profiles ? null : 1}`;
  }
  return plan.kind === "personas"
    ? await sql<Found[]>`
      select profile, null::int as persona, ${plan.from}::int as repetition from profiles
      where ${
      respondents(sql, plan.population)
    } and (${which}::int[] is null or profile = any(${which}::int[]))
      order by profile limit ${profiles ? null : 1}`
    : await sql<Found[]>`
      select distinct on (ref_personality_id)
        ref_personality_id as profile, id as persona, 1 as repetition
      from personas
      where population = ${population}
        and (${plan.personas === null} or repetitions = any(${list(plan.personas ?? [])}::int[]))
        and (${which}::int[] is null or ref_personality_id = any(${which}::int[]))
      order by ref_personality_id, repetitions limit ${profiles ? null : 1}`;
}
