/** The respondents of a study: from the published data, the random control or a file. */
import { basename } from "node:path";
import type { Profile } from "../conditions.ts";
import { randomProfiles } from "../conditions.ts";
import type { Sql } from "../db.ts";
import { type Instrument, registered as instruments } from "../instruments.ts";
import { type Population, registered } from "../population.ts";
import { profilesFrom } from "./files.ts";
import { list } from "./queue.ts";

/** The seed of the random control. */
const SEED = 42;

/**
 * Finds a population.
 *
 * @param from the name of one that a package brings (the first of them where left out), else the path
 *   of a CSV
 * @param instrument what the profiles in a file are answers to; the first registered where left out
 * @throws {Error} when it is not there, or the file does not fit
 */
export async function population(
  from: string | undefined,
  instrument: Instrument | undefined = instruments()[0],
): Promise<Population> {
  const found = registered(from);
  if (found) return await found();
  if (from === undefined || !instrument) {
    throw new Error(
      "A population is a CSV of profiles and the instrument that they answer: " +
        `got ${from === undefined ? "no file" : "no instrument"}, and no package brings one`,
    );
  }
  const profiles = profilesFrom(from, instrument);
  return {
    name: basename(from).replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40),
    origin: from,
    instrument,
    profiles,
    random: randomProfiles(instrument, profiles, profiles.length, SEED),
  };
}

/**
 * Writes a population into a study that has none; one that is there already stays.
 *
 * @throws {Error} when the study has another one
 */
export async function settleIn(sql: Sql, schema: string, given: Population): Promise<void> {
  await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    await sql`lock table populations in share row exclusive mode`;
    const [there] = await sql`select name, instrument from populations where source = 'reference'`;
    if (there) {
      const rows = await sql<{ profile: number; answers: string }[]>`
        select profile, answers::text from profiles where source = 'reference' order by profile`;
      const known = new Map(rows.map(({ profile, answers }) => [profile, answers]));
      const same = there.name === given.name && rows.length === given.profiles.length &&
        given.profiles.every(({ id, answers }) => known.get(id) === list(answers));
      if (same) return;
      throw new Error(
        `Schema ${schema} is a study of ${there.name} (${rows.length} profiles of ` +
          `${there.instrument}), and ${given.name} is another population: choose another schema`,
      );
    }
    await keepInstrument(sql, schema, given.instrument);
    for (const [source, profiles] of [["reference", given.profiles], ["random", given.random]]) {
      await sql`
        insert into populations (source, name, origin, instrument, language)
        values (${source as string}, ${given.name}, ${given.origin}, ${given.instrument.name},
                ${given.instrument.language})`;
      const rows = (profiles as readonly Profile[]).map(({ id, answers }) => ({ id, answers }));
      await sql`
        insert into profiles (source, profile, answers)
        select ${source as string}, id, answers
        from jsonb_to_recordset(${
        JSON.stringify(rows)
      }::text::jsonb) as p(id int, answers smallint[])`;
    }
  });
}

/** The population of a study, or null where it has none yet. */
export async function populationOf(
  sql: Sql,
): Promise<{ name: string; instrument: Instrument; profiles: number } | null> {
  const [row] = await sql<{ name: string; definition: Instrument; profiles: number }[]>`
    select o.name, i.definition,
           (select count(*)::int from profiles p where p.source = o.source) as profiles
    from populations o join instruments i on i.name = o.instrument and i.language = o.language
    where o.source = 'reference'`;
  return row ? { name: row.name, instrument: row.definition, profiles: row.profiles } : null;
}

/** Some reference profiles by id. */
export async function profilesOf(
  sql: Sql,
  ids: readonly number[],
): Promise<Map<number, Profile>> {
  const rows = await sql<{ id: number; answers: number[] }[]>`
    select profile as id, to_json(answers) as answers from profiles
    where source = 'reference' and profile = any(${list(ids)}::int[])`;
  return new Map(rows.map((profile) => [profile.id, profile]));
}

/**
 * Keeps an instrument's definition with the study.
 *
 * @throws {Error} when the study has another one of the same name and language
 */
export async function keepInstrument(
  sql: Sql,
  schema: string,
  instrument: Instrument,
): Promise<void> {
  const text = JSON.stringify(instrument);
  const { name, language } = instrument;
  const [row] = await sql`
    with kept as (
      insert into instruments (name, language, definition)
      values (${name}, ${language}, ${text}::text::jsonb)
      on conflict do nothing
      returning name
    )
    select definition = ${text}::text::jsonb as same from instruments
    where name = ${name} and language = ${language}`;
  if (row && !row.same) {
    throw new Error(
      `Schema ${schema} knows another instrument ${name} in language ${language}: give yours ` +
        "another name, or choose another schema",
    );
  }
}
