/** The respondents of a study: from the published data, the random control or a file. */
import { basename } from "node:path";
import { PUBLISHED } from "../config.ts";
import type { Profile } from "../conditions.ts";
import { randomProfiles } from "../conditions.ts";
import { open, ORIGIN, type Sql } from "../db.ts";
import { epqra, type Instrument } from "../instruments.ts";
import { profilesFrom } from "./files.ts";
import { list } from "./queue.ts";

/** The seed of the random control, as in the paper. */
const SEED = 42;

export interface Population {
  /** `spain826`, `random826`, or a file's name. */
  name: string;
  /** Where it came from. */
  origin: string;
  instrument: Instrument;
  profiles: readonly Profile[];
  /** The control: as many profiles with the same item rates and nothing else. */
  random: readonly Profile[];
}

/**
 * Finds a population.
 *
 * @param from `reference`: the published EPQR-A profiles, with the published random control;
 *   `random`: that control itself; else the path of a CSV
 * @throws {Error} when the published data are not restored, or the file does not fit
 */
export async function population(
  from: string,
  instrument: Instrument = epqra,
): Promise<Population> {
  if (from !== "reference" && from !== "random") {
    const profiles = profilesFrom(from, instrument);
    return {
      name: basename(from).replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40),
      origin: from,
      instrument,
      profiles,
      random: randomProfiles(instrument, profiles, profiles.length, SEED),
    };
  }
  const published = await open({ schema: PUBLISHED, copied: true });
  try {
    const read = async (source: "reference" | "random") => {
      const { sheets } = await published.profiles(source);
      const columns = epqra.items.map(({ number }) => sheets.getColumn(`answer ${number}`));
      return (sheets.getColumn("profile").toArray() as number[]).flatMap((id, row) => {
        const answers = columns.map((column) => column.get(row) as number | null);
        // A profile with a missing answer makes no prompt; the published ones have none.
        return answers.includes(null) ? [] : [{ id, answers: answers as number[] }];
      });
    };
    const profiles = await read(from), random = from === "random" ? profiles : await read("random");
    return {
      name: `${from === "reference" ? "spain" : "random"}${profiles.length}`,
      origin: published.provenance.source === "reconstruction" ? ORIGIN : `schema ${PUBLISHED}`,
      instrument: epqra,
      profiles,
      random,
    };
  } finally {
    await published.close();
  }
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
): Promise<{ name: string; instrument: Instrument } | null> {
  const [row] = await sql<{ name: string; definition: Instrument }[]>`
    select o.name, i.definition
    from populations o join instruments i on i.name = o.instrument and i.language = o.language
    where o.source = 'reference'`;
  return row ? { name: row.name, instrument: row.definition } : null;
}

/** The reference profiles by id. */
export async function profilesOf(sql: Sql): Promise<Map<number, Profile>> {
  const rows = await sql<{ id: number; answers: number[] }[]>`
    select profile as id, to_json(answers) as answers from profiles
    where source = 'reference' order by profile`;
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

/**
 * An instrument in the wording of the published data, which hold the EPQR-A in six languages.
 *
 * @param like what it is besides its wording: answers, scales, scoring
 * @throws {Error} when the language is not there, naming those that are
 */
export async function translated(
  sql: Sql,
  like: Instrument,
  language: string,
): Promise<Instrument> {
  const rows = await sql<
    { language: string; number: number; text: string; keyed: number | null }[]
  >`
    select distinct on (language_questionnaire, question_number)
      language_questionnaire as language, question_number as number, question as text, key as keyed
    from ${sql(PUBLISHED)}.questionnaire
    where questionnaire = ${like.name}
    order by language_questionnaire, question_number, id`;
  const items = rows.filter((row) => row.language === language);
  if (!items.length) {
    const known = [...new Set(rows.map((row) => row.language))].join(", ") || "none";
    throw new Error(
      `${like.title} is not there in language ${language}: the restored data have ${known}; a file ` +
        "of your own can bring another",
    );
  }
  const wrong = like.items.filter((item) =>
    items.filter(({ number, keyed }) => number === item.number && keyed === item.keyed).length !== 1
  );
  if (wrong.length || items.length !== like.items.length) {
    throw new Error(
      `${like.title} in language ${language} has ${items.length} items in the restored data, and ` +
        `${wrong.length} that are missing or keyed otherwise than in English ` +
        `(${wrong.map(({ number }) => number).join(", ")})`,
    );
  }
  return {
    ...like,
    language,
    items: like.items.map((item) => ({
      ...item,
      text: items.find(({ number }) => number === item.number)!.text,
    })),
  };
}
