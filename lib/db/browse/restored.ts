/** The reads of a page of people from restored data. */
import { isCategorised } from "../../cleaning.ts";
import type { Field, Form } from "../../forms.ts";
import { Collected, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
import {
  among,
  type Browsed,
  type Call,
  found,
  isPlain,
  list,
  type Part,
  pattern,
  scored,
  scoresOf,
  type Sql,
  texts,
} from "../browse.ts";
import { bannerOf, provenanceOf } from "../origin.ts";
import { kindOf, PLACEHOLDERS } from "../read.ts";

/** The population of restored profiles. */
const REFERENCE = "reference";

/** What is read of restored data, which say in columns what a persona is. */
export function restored(
  sql: Sql,
  schema: string,
  form: Form,
  instruments: readonly Instrument[],
): Browsed {
  const at = sql(schema);
  const category = (field: Field) => isCategorised(field);
  const written = ({ name, mapping }: Field) => sql.unsafe(mapping ? `${name}_original` : name);
  const blank = Object.values(PLACEHOLDERS);
  const short = form.fields.filter((field) => field.name !== "description");
  const each = (of: readonly Field[], expression: (field: Field) => unknown) =>
    of.map((field) => sql`${expression(field) as never} as ${sql(field.name)},`) as never;
  const value = (field: Field) =>
    category(field)
      ? sql.unsafe(field.name)
      : field.kind === "text"
      ? sql`case when ${written(field)} not in ${sql(blank)} then ${written(field)} end`
      : written(field);
  const calls = async (ids: readonly number[]) => {
    const rows = await sql<(Call & { id: number })[]>`
      select experiment_id as id, null as provider, request_json::text as sent,
             coalesce(response_json::text, '') as reply, null::float8 as milliseconds,
             null::float8 as usd
      from ${at}.experiment_request_metadata
      where experiment_id = any(${list(ids)}::int[]) order by id`;
    return Map.groupBy(rows, ({ id }) => id);
  };
  return {
    async personas() {
      const parts: [string, Part, Kind][] = [
        ["id", "hidden", "integer"],
        ["population", "hidden", "text"],
        ["profile_population", "hidden", "text"],
        ["model", "factor", "text"],
        ["condition", "factor", "text"],
        ["profile", "factor", "integer"],
        ["repetition", "factor", "integer"],
        ...short.map((field): [string, Part, Kind] => [
          field.name,
          "field",
          category(field) ? "text" : kindOf(field),
        ]),
        ["description words", "field", "integer"],
        ["hash", "hidden", "integer"],
      ];
      const rows = new Collected(Object.fromEntries(parts.map(([name, , kind]) => [name, kind])));
      await sql`
        select id, population, ${REFERENCE} as profile_population, model_print as model,
               population_print as condition, ref_personality_id as profile,
               repetitions as repetition, ${each(short, value)}
               case when description not in ${sql(blank)} then word_count_description end
                 as "description words",
               hashtext(description) >> 1 as hash
        from ${at}.personas order by id`.forEach((row) => rows.add(row));
      return { rows, parts: new Map(parts.map(([name, part]) => [name, part])) };
    },
    async sheets() {
      const { names, of } = await scored(sql, schema, false, instruments);
      const parts: [string, Part, Kind][] = [
        ["id", "hidden", "integer"],
        ["of", "hidden", "integer"],
        ["population", "hidden", "text"],
        ["profile_population", "hidden", "text"],
        ["instrument", "factor", "text"],
        ["model", "factor", "text"],
        ["condition", "factor", "text"],
        ["profile", "factor", "integer"],
        ["repetition", "factor", "integer"],
        ...names.map((name): [string, Part, Kind] => [name, "score", "number"]),
        ["missing", "state", "integer"],
        ["hash", "hidden", "integer"],
        ["state", "state", "text"],
      ];
      const rows = new Collected(Object.fromEntries(parts.map(([name, , kind]) => [name, kind])));
      await sql`
        with label as (
          select experiments_group_id as "group", min(model_clean) as model,
                 min(population_display) as condition
          from ${at}.experiments_evals group by 1
        )
        select l.experiment_id as id, l.population, ${REFERENCE} as profile_population,
               l.questionnaire as instrument, coalesce(b.model, l.model) as model,
               coalesce(b.condition, l.population) as condition, l.personality_id as profile,
               l.repeated + 1 as repetition,
               case when l.succeeded then 'done' when not l.succeeded then 'failed' end as state
        from ${at}.experiments_list l
        left join label b on b.group = l.experiments_group_id
        order by l.experiment_id`.forEach((row) => {
        const { scores = {}, missing = null, hash = null } = of.get(row.id) ?? {};
        rows.add({ ...row, ...scores, missing, hash });
      });
      return { rows, parts: new Map(parts.map(([name, part]) => [name, part])) };
    },
    find(words) {
      const all = form.fields.map((field) =>
        sql`case when ${written(field)}::text not in ${sql(blank)} then ${written(field)}::text end`
      );
      const text = all.reduce((left, right) => sql`${left}, ${right}`);
      const rows = sql`
        select id, ${words.every(isPlain) ? sql`null` : sql`text`} as text
        from (select id, concat_ws(chr(10), ${text}) as text from ${at}.personas) p
        where text ilike all(${texts(sql, words.map(pattern))}) order by id`;
      return found(rows, words);
    },
    async behindProfiles(keys) {
      const rows = await sql<{ profile: number; answers: (number | null)[] }[]>`
        select personality_id as profile,
               jsonb_agg(answer::int order by question_number) as answers
        from (
          select distinct on (personality_id, question_number) *
          from ${at}.reference_questionnaires
          where personality_id = any(${list(keys.map(([, profile]) => profile))}::int[])
          order by personality_id, question_number, id
        ) given
        group by personality_id`;
      const instrument = (answers: readonly unknown[]) =>
        instruments.find(({ items, highest }) => items.length === answers.length && highest === 1);
      return rows.map(({ profile, answers }) => ({
        population: REFERENCE,
        profile,
        codebook: [],
        values: {},
        stratum: null,
        weight: null,
        instrument: instrument(answers)?.name ?? null,
        language: instrument(answers)?.language ?? null,
        answers,
        scores: scoresOf(instrument(answers), answers),
      }));
    },
    async behindPersonas(ids) {
      const rows = await sql`
        select id, ${each(form.fields, written)}
               ${form.fields.filter(category).map(({ name }) =>
        sql`${sql.unsafe(name)} as ${sql(`${name} cleaned`)},`
      ) as never}
               1 as one
        from ${at}.personas where id = any(${list(ids)}::int[]) order by id`;
      const known = (value: unknown) =>
        (blank as unknown[]).includes(value) ? null : value as string | number | null;
      return rows.map((row) => ({
        id: row.id,
        form: form.name,
        fields: Object.fromEntries(form.fields.map(({ name }) => [name, known(row[name])])),
        cleaned: Object.fromEntries(
          form.fields.filter(category).map(({ name }) => [name, row[`${name} cleaned`]]),
        ),
        status: {},
        shown: null,
        shown_scores: {},
        changed: [],
        changed_values: [],
        shown_values: {},
        flags: [],
        trouble: null,
        calls: [],
      }));
    },
    async behindSheets(ids) {
      const rows = await sql<
        { id: number; instrument: string; language: string; explanation: string | null }[]
      >`
        select experiment_id as id, questionnaire as instrument, language_questionnaire as language,
               llm_explanation as explanation
        from ${at}.experiments_list where experiment_id = any(${list(ids)}::int[]) order by 1`;
      const given = await sql<{ id: number; item: number; answer: number | null }[]>`
        select experiment_id as id, question_number as item, answer from ${at}.experiments_evals
        where experiment_id = any(${list(ids)}::int[])`;
      const answers = Map.groupBy(given, ({ id }) => id), asked = await calls(ids);
      return rows.map(({ id, instrument, language, explanation }) => {
        const definition = among(instruments, instrument, language);
        const of = new Map((answers.get(id) ?? []).map(({ item, answer }) => [item, answer]));
        const own = (definition?.items ?? []).map(({ number }) => of.get(number) ?? null);
        return {
          id,
          instrument,
          language,
          answers: own,
          scores: scoresOf(definition, own),
          explanation,
          reasons: null,
          flags: [],
          trouble: null,
          calls: asked.get(id) ?? [],
        };
      });
    },
    line: async () => bannerOf(await provenanceOf(sql, schema)),
    async asked() {
      const [row] = await sql`
        select exists (select from ${at}.experiment_request_metadata) as there`;
      return row!.there;
    },
    instruments: () => Promise.resolve(instruments),
    forms: () => Promise.resolve([form]),
  };
}
