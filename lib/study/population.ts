/** The populations of a study: put in once, and found by their names. */
import type { DataFrame } from "polars";
import { type Codebook, wordsOf } from "../codebook.ts";
import type { Described, Profile } from "../conditions.ts";
import type { Sql } from "../db.ts";
import { nearest } from "../format.ts";
import { frame } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { controlName, type Population, type Profiles, registered } from "../population.ts";
import { list } from "./queue.ts";
import { type Given, type Row, streamed } from "./respondents.ts";

/** Profiles that travel at a time. */
const AT_ONCE = 10_000;

/**
 * Finds a population.
 *
 * @param from the name of one that a package brings (the first of them where left out), the path of a CSV,
 *   rows, or the population itself, as a sampler makes one
 * @throws {Error} when it is not there, or the file does not fit
 */
export async function population(
  from: string | readonly Row[] | Population | undefined,
  given: Given = {},
): Promise<Population> {
  if (typeof from === "object" && !Array.isArray(from)) return from as Population;
  const found = typeof from === "object" ? undefined : registered(from as string | undefined);
  if (found) return await found();
  if (from === undefined) {
    throw new Error(
      "A population is a CSV of profiles, or rows: got neither, and no package brings one",
    );
  }
  return streamed(from as string | readonly Row[], given);
}

/** A population of a study, without its profiles. */
export interface Kept extends Described {
  name: string;
  /** Whether it is the one that a plan is about which names none. */
  reference: boolean;
  /** How many profiles it has. */
  profiles: number;
}

/**
 * Writes a population and its control into a study; one that is there already stays. The first is the
 * study's reference.
 *
 * What is asked does not depend on attributes that were left alone: where the same profiles come again
 * with attributes, weights or strata that the study does not have yet, these are added.
 *
 * @throws {Error} when the study has another one of that name
 */
export async function storePopulation(sql: Sql, schema: string, given: Population): Promise<void> {
  await sql.begin(async (transaction) => {
    const sql = transaction as unknown as Sql;
    await sql`lock table populations in share row exclusive mode`;
    const there = await sql<{ name: string; role: string; codebook: Codebook }[]>`
      select name, role, codebook from populations`;
    const known = there.find(({ name }) => name === given.name);
    if (known) {
      const same = await compared(sql, known, given);
      if (same === "other") {
        throw new Error(
          `Schema ${schema} has another population ${given.name}: its profiles, codebook or ` +
            "instrument are not those given now: give yours another name",
        );
      }
      if (same === "less") await described(sql, given);
      return;
    }
    const { instrument, name, origin, codebook } = given;
    if (instrument) await keepInstrument(sql, schema, instrument);
    const role = there.some(({ role }) => role === "reference") ? "other" : "reference";
    const made = [
      { name, role, control_of: null, codebook, profiles: given.profiles },
      {
        name: controlName(name),
        role: "control",
        control_of: name,
        codebook: [],
        profiles: given.random,
      },
    ];
    for (const { profiles, codebook, ...one } of made.filter(({ profiles }) => profiles.length)) {
      await sql`
        insert into populations (name, role, control_of, origin, codebook, instrument, language)
        values (${one.name}, ${one.role}, ${one.control_of}, ${origin},
                ${JSON.stringify(codebook)}::text::jsonb, ${instrument?.name ?? null},
                ${instrument?.language ?? null})`;
      for (const rows of rowsOf(profiles, instrument)) {
        await sql`
          insert into profiles (population, profile, answers, values, stratum, weight)
          select ${one.name}, id, answers, p.values, stratum, weight
          from jsonb_to_recordset(${rows}::text::jsonb)
            as p(id int, answers smallint[], values jsonb, stratum text, weight float8)`;
      }
    }
  });
}

/** Profiles as JSON, some thousands at a time. */
function* rowsOf(profiles: Profiles, instrument: Instrument | null): Generator<string> {
  let some: object[] = [];
  for (const profile of profiles) {
    some.push({
      ...profile,
      answers: instrument ? profile.answers : null,
      values: profile.values ?? {},
    });
    if (some.length < AT_ONCE) continue;
    yield JSON.stringify(some);
    some = [];
  }
  if (some.length) yield JSON.stringify(some);
}

/** Whether the study has what is given, the same but less known of the same profiles, or another. */
async function compared(
  sql: Sql,
  there: { name: string; codebook: Codebook },
  given: Population,
): Promise<"same" | "less" | "other"> {
  const [known] = await sql<{ n: number; more: boolean }[]>`
    select count(*)::int as n,
           coalesce(
             bool_or(values <> '{}' or stratum is not null or weight is not null), false
           ) as more
    from profiles where population = ${there.name}`;
  if (known!.n !== given.profiles.length) return "other";
  for (const rows of rowsOf(given.profiles, given.instrument)) {
    const [row] = await sql<{ alike: boolean }[]>`
      select bool_and(p.profile is not null and p.answers is not distinct from g.answers) as alike
      from jsonb_to_recordset(${rows}::text::jsonb) as g(id int, answers smallint[])
      left join profiles p on p.population = ${there.name} and p.profile = g.id`;
    if (!row!.alike) return "other";
  }
  const has = (codebook: Codebook, more: boolean) => codebook.length > 0 || more;
  const given_ = has(given.codebook, sampled(given.profiles));
  if (!has(there.codebook, known!.more)) return given_ ? "less" : "same";
  if (!given_) return "same";
  const [row] = await sql<{ same: boolean }[]>`
    select codebook = ${JSON.stringify(given.codebook)}::text::jsonb as same
    from populations where name = ${there.name}`;
  if (!row!.same) return "other";
  for (const rows of rowsOf(given.profiles, given.instrument)) {
    const [row] = await sql<{ same: boolean }[]>`
      select coalesce(bool_and(
        (p.values, p.stratum, p.weight) is not distinct from (g.values, g.stratum, g.weight)
      ), true) as same
      from jsonb_to_recordset(${rows}::text::jsonb)
        as g(id int, values jsonb, stratum text, weight float8)
      join profiles p on p.population = ${there.name} and p.profile = g.id`;
    if (!row!.same) return "other";
  }
  return "same";
}

/** Whether any of them has a stratum or a weight. */
function sampled(profiles: Profiles): boolean {
  for (const { stratum, weight } of profiles) {
    if (stratum !== undefined || weight !== undefined) return true;
  }
  return false;
}

/** Adds what is known of profiles that are there. */
async function described(sql: Sql, given: Population): Promise<void> {
  await sql`
    update populations set codebook = ${JSON.stringify(given.codebook)}::text::jsonb
    where name = ${given.name}`;
  for (const rows of rowsOf(given.profiles, given.instrument)) {
    await sql`
      update profiles p set values = g.values, stratum = g.stratum, weight = g.weight
      from jsonb_to_recordset(${rows}::text::jsonb)
        as g(id int, values jsonb, stratum text, weight float8)
      where p.population = ${given.name} and p.profile = g.id`;
  }
}

/**
 * A population of a study; without a name its reference, null where it has none yet.
 *
 * @throws {Error} when none has that name, with those there are
 */
export async function populationOf(sql: Sql, name?: string): Promise<Kept | null> {
  const [row] = await sql<(Omit<Kept, "instrument"> & { definition: Instrument | null })[]>`
    select o.name, o.role = 'reference' as reference, o.codebook, i.definition,
           (select count(*)::int from profiles p where p.population = o.name) as profiles
    from populations o
    left join instruments i on i.name = o.instrument and i.language = o.language
    where ${name === undefined ? sql`o.role = 'reference'` : sql`o.name = ${name}`}`;
  if (row) {
    const { definition, ...kept } = row;
    return { ...kept, instrument: definition };
  }
  if (name === undefined) return null;
  const known = (await sql<{ name: string }[]>`select name from populations order by name`)
    .map(({ name }) => name);
  throw new Error(
    `The study has no population ${name}: ${
      known.length
        ? `did you mean ${nearest(name, known)}? There are ${known.join(", ")}`
        : "give it one with `lab.population(…)`"
    }`,
  );
}

/** Whose profiles a cell, or a plan, is about: of the study's reference where it names none. */
export const respondents = (sql: Sql, population?: string | null) =>
  population == null
    ? sql`population = (select name from populations where role = 'reference')`
    : sql`population = ${population}`;

/**
 * Profiles by id.
 *
 * @param ids only these; null: all
 * @param population name; the study's reference where left out
 */
export async function profilesOf(
  sql: Sql,
  ids: readonly number[] | null,
  population?: string | null,
): Promise<Map<number, Profile>> {
  const rows = await sql<
    {
      id: number;
      answers: number[] | null;
      values: NonNullable<Profile["values"]>;
      stratum: string | null;
      weight: number | null;
    }[]
  >`
    select profile as id, to_json(answers) as answers, "values", stratum, weight
    from profiles
    where ${respondents(sql, population)}
      and ${ids ? sql`profile = any(${list(ids)}::int[])` : sql`true`}
    order by profile`;
  return new Map(rows.map(({ id, answers, values, stratum, weight }) => [id, {
    id,
    answers: answers ?? [],
    ...Object.keys(values).length && { values },
    ...stratum !== null && { stratum },
    ...weight !== null && { weight },
  }]));
}

/** The populations of a study; see `Study.populations`. */
export async function populations(sql: Sql): Promise<DataFrame> {
  const rows = await sql<{ codebook: Codebook }[]>`
    select o.name, o.role, o.origin, o.codebook, o.instrument, p.profiles, p.weighted, p.strata
    from populations o
    cross join lateral (
      select count(*)::int as profiles,
             case when count(weight) > 0 then 'yes' else 'no' end as weighted,
             count(distinct stratum)::int as strata
      from profiles p where p.population = o.name
    ) p
    order by coalesce(o.control_of, o.name) <>
               (select name from populations where role = 'reference'),
             coalesce(o.control_of, o.name), o.role = 'control'`;
  return frame(
    rows.map(({ codebook, ...row }) => ({
      ...row,
      variables: codebook.map(({ name }) => name).join(", ") || null,
    })),
    {
      name: "text",
      role: "text",
      origin: "text",
      profiles: "integer",
      variables: "text",
      instrument: "text",
      weighted: "text",
      strata: "integer",
    },
  );
}

/** The codebook of a population; see `Study.codebook`. */
export async function codebook(sql: Sql, population: Kept): Promise<DataFrame> {
  const known = await sql<{ name: string; n: number }[]>`
    select v.key as name, count(*)::int as n
    from profiles p cross join lateral jsonb_each_text(p.values) v
    where p.population = ${population.name} and v.value is not null
    group by 1`;
  const counts = new Map(known.map(({ name, n }) => [name, n]));
  const rows = population.codebook.map((variable) => {
    const { name, label, kind, levels, unit } = variable;
    const n = counts.get(name) ?? 0;
    return {
      variable: name,
      label,
      kind,
      levels: levels?.map(({ value }) => {
        const words = wordsOf(variable, value);
        return String(value) === words ? words : `${value} = ${words}`;
      }).join("; ") ?? null,
      unit: unit ?? null,
      n,
      missing: population.profiles - n,
    };
  });
  return frame(rows, {
    variable: "text",
    label: "text",
    kind: "text",
    levels: "text",
    unit: "text",
    n: "integer",
    missing: "integer",
  });
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
