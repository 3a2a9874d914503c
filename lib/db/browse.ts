/**
 * The reads of a page on which people are looked at one by one: rows with few bytes each, what stands behind
 * some of them, and a search. They are made whenever somebody asks, so that a page shows a study as it is.
 */
import type postgres from "postgres";
import { isCategorised } from "../cleaning.ts";
import type { Codebook, Values } from "../codebook.ts";
import type { Field, Form } from "../forms.ts";
import { Collected, type Kind } from "../frames.ts";
import { type Instrument, score } from "../instruments.ts";
import { ASKED, askedLevels, WRITTEN, writtenLevels } from "./factors.ts";
import { bannerOf, provenanceOf } from "./origin.ts";
import { kindOf, PLACEHOLDERS } from "./read.ts";
import { columnsIn, sheets } from "./sheets.ts";

/** What a column of rows is to whoever looks at them. */
export type Part = "factor" | "field" | "score" | "state" | "hidden";

/** Rows of one kind, with what each column is; the column `id` is the key of what stands behind a row. */
export interface Rows {
  rows: Collected;
  parts: ReadonlyMap<string, Part>;
}

/** Whose profile it is: the name of its population, and its id there. */
export type ProfileKey = readonly [population: string, profile: number];

/** Scale scores by scale, null where an item lacks; empty where there is nothing to score. */
export type Scores = Readonly<Record<string, number | null>>;

/** One call: the request and its reply as they were stored. */
export interface Call {
  provider: string | null;
  sent: string;
  reply: string;
  milliseconds: number | null;
  usd: number | null;
}

export interface ProfileBehind {
  population: string;
  profile: number;
  codebook: Codebook;
  values: Values;
  stratum: string | null;
  weight: number | null;
  /** That its answers are to; null where it answered none. */
  instrument: string | null;
  language: string | null;
  answers: readonly (number | null)[] | null;
  scores: Scores;
}

export interface PersonaBehind {
  id: number;
  form: string;
  /** What was written in each field, its category, and what became of it. */
  fields: Values;
  cleaned: Values;
  status: Readonly<Record<string, string>>;
  /** The profile's answers as the writer was shown them, null where one was left out; null where unknown. */
  shown: readonly (number | null)[] | null;
  shown_scores: Scores;
  /** The items and the variables that the condition set. */
  changed: readonly number[];
  changed_values: readonly string[];
  shown_values: Values;
  flags: readonly string[];
  /** Of work that failed: why, in full. */
  trouble: string | null;
  calls: readonly Call[];
}

export interface SheetBehind {
  id: number;
  instrument: string;
  language: string | null;
  /** By item, in the instrument's order; null where there is none. */
  answers: readonly (number | null)[];
  scores: Scores;
  explanation: string | null;
  reasons: readonly (string | null)[] | null;
  flags: readonly string[];
  trouble: string | null;
  calls: readonly Call[];
}

/** Reads of one schema. */
export interface Browsed {
  /**
   * A row for each persona, and in a study of one's own for each that failed for good: id, its factors,
   * profile, repetition, fields but for long texts (by their category where they have one), words of each
   * long text, a hash of what was written, state, flags. Where a field is written in several forms, each has its own.
   */
  personas(): Promise<Rows>;
  /**
   * A row for each sheet, done or failed: id, instrument, its factors, profile, persona and repetition,
   * scores by scale (null where an item lacks), items without an answer, a hash of the answers, state, flags; `of` is the row of
   * the persona that answered, null where that is not known.
   */
  sheets(): Promise<Rows>;
  /** Ids of the personas whose texts hold all of these, in whatever case. */
  find(words: readonly string[]): Promise<number[]>;
  behindProfiles(keys: readonly ProfileKey[]): Promise<ProfileBehind[]>;
  behindPersonas(ids: readonly number[]): Promise<PersonaBehind[]>;
  behindSheets(ids: readonly number[]): Promise<SheetBehind[]>;
  /** What must stand wherever any of it is shown, as of now. */
  line(): Promise<string>;
  /** Whether any request is stored. */
  asked(): Promise<boolean>;
  /** All that sheets and profiles are answers to, in every language. */
  instruments(): Promise<readonly Instrument[]>;
  /** The forms that personas were written in. */
  forms(): Promise<readonly Form[]>;
}

/** A text of at most so many letters stands in a row. */
const SHORT = 60;
/** So many personas show how long the texts of a field are. */
const LOOKED_AT = 500;
/** The population of restored profiles. */
const REFERENCE = "reference";

type Sql = postgres.Sql;

/** Whole numbers, and texts, as arrays of PostgreSQL: a pool that asks for no types does not know them. */
const list = (numbers: readonly number[]): string => `{${numbers.join()}}`;
const texts = (sql: Sql, all: readonly string[]) =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(all)}::text::jsonb))`;

/** Flags with particulars (`unreadable: 3, 7`) by their first words. */
const flagged = (flags: readonly string[]): string | null =>
  [...new Set(flags.map((flag) => flag.split(":")[0]!))].join(", ") || null;

/** A pattern of LIKE that finds a text; letters beyond ASCII, whose case a database may not know, are any. */
const pattern = (text: string): string =>
  `%${text.replace(/[\\%_]/g, "\\$&").replace(/[^\0-\x7f]/gu, "_")}%`;
const isPlain = (text: string): boolean => !/[^\0-\x7f]/.test(text);

const holdsAll = (text: string, words: readonly string[]): boolean => {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word.toLowerCase()));
};

/** Rows of ids and texts, of which those count that hold all words. */
async function found(
  rows: PromiseLike<readonly postgres.Row[]>,
  words: readonly string[],
): Promise<number[]> {
  const exact = words.every(isPlain);
  return (await rows).filter(({ text }) => exact || holdsAll(text as string, words))
    .map(({ id }) => id as number);
}

const isLongText = (field: Field): boolean => field.kind === "text" && !isCategorised(field);

/** Of each sheet, by its id, its scores as columns of these names, and how many items have no answer; and a hash of its answers. */
interface Scored {
  names: string[];
  of: Map<number, { scores: Scores; missing: number; hash: number }>;
}

async function scored(
  sql: Sql,
  schema: string,
  own: boolean,
  instruments: readonly Instrument[],
): Promise<Scored> {
  const names: string[] = [], of: Scored["of"] = new Map();
  const distinct = instruments.filter((one, at) =>
    instruments.findIndex(({ name }) => name === one.name) === at
  );
  for (const { name, items, scales, scoredAs } of distinct) {
    const rows = columnsIn(await sheets(sql, schema, name, own));
    if (!rows.height) continue;
    const id = rows.numbers("administration");
    const column = (of: string) => rows.has(of) ? rows.numbers(of) : () => null;
    const read = items.map(({ number, scale }) => ({
      scale,
      answer: column(`answer ${number}`),
      score: column(`score ${number}`),
    }));
    const called = (scale: string) => distinct.length > 1 ? `${scale} (${name})` : scale;
    names.push(...scales.map(called));
    const byScale = scales.map((scale) =>
      [called(scale), read.filter((item) => item.scale === scale)] as const
    );
    for (let row = 0; row < rows.height; row++) {
      const scores: Record<string, number | null> = {};
      for (const [name, items] of byScale) {
        let sum: number | null = 0;
        for (const { answer, score } of items) {
          // Restored sheets have a score for an answer that is not there.
          const points: number | null = answer(row) === null ? null : score(row);
          if (points === null || sum === null) sum = null;
          else sum += points;
        }
        scores[name] = sum === null || scoredAs === "sum" ? sum : sum / items.length;
      }
      const given = read.map(({ answer }) => answer(row));
      of.set(id(row)!, {
        scores,
        missing: given.filter((answer) => answer === null).length,
        // One bit less than a whole number here may have, of which the lowest stands for none.
        hash: given.reduce<number>((hash, answer) => hash * 31 + (answer ?? -99) | 0, 7) >> 1,
      });
    }
  }
  return { names, of };
}

/** None of answers that the instrument does not know. */
function scoresOf(
  instrument: Instrument | undefined,
  given: readonly (number | null)[] | null,
): Scores {
  if (!instrument || given === null) return {};
  try {
    return Object.fromEntries(score(instrument, given).map(({ scale, score }) => [scale, score]));
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}

/** The instrument of a name, in a language where it is there in it. */
const among = (
  instruments: readonly Instrument[],
  name: string | null,
  language: string | null,
): Instrument | undefined => {
  const all = instruments.filter((one) => one.name === name);
  return all.find((one) => one.language === language) ?? all[0];
};

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

/** What is read of a study of one's own. */
export function made(sql: Sql, schema: string, forms: () => Promise<readonly Form[]>): Browsed {
  const at = sql(schema);
  const definitions = async () =>
    (await sql<{ definition: Instrument }[]>`
      select definition from ${at}.instruments order by name, language = 'en' desc, language`)
      .map(({ definition }) => definition);
  const callsOf = async (works: readonly number[]) => {
    const rows = await sql<(Call & { id: number })[]>`
      select coalesce(w.sheet, w.work) as id, q.provider, q.sent, q.reply, q.milliseconds, q.usd
      from ${at}.work w join ${at}.requests q on q.work = w.work
      where w.work = any(${list(works)}::int[]) or w.sheet = any(${list(works)}::int[])
      order by q.work, q.request`;
    return Map.groupBy(rows, ({ id }) => id);
  };
  /** Which texts are so short that they stand in rows. */
  const shortIn = async ({ name, fields }: Form): Promise<Set<string>> => {
    const open = fields.filter(isLongText);
    if (!open.length) return new Set();
    const rows = await sql<{ fields: Record<string, string | null> }[]>`
      select fields from ${at}.personas where form = ${name} order by id limit ${LOOKED_AT}`;
    return new Set(
      open.map(({ name }) => name).filter((name) =>
        rows.every(({ fields }) => [...fields[name] ?? ""].length <= SHORT)
      ),
    );
  };
  return {
    async personas() {
      const levels = await writtenLevels(sql, schema);
      const all = await forms();
      const short = new Map<string, Set<string>>();
      for (const form of all) short.set(form.name, await shortIn(form));
      const kinds = new Map<string, [Part, Kind]>([
        ["id", ["hidden", "integer"]],
        ["population", ["hidden", "text"]],
        ["profile_population", ["factor", "text"]],
        ["model", ["factor", "text"]],
        ["condition", ["factor", "text"]],
        ...["form", "prompt", "variant"].map((name) => [name, ["factor", "text"]] as const),
        ["profile", ["factor", "integer"]],
        ["repetition", ["factor", "integer"]],
      ] as [string, [Part, Kind]][]);
      for (const form of all) {
        for (const field of form.fields) {
          const { name } = field;
          if (isLongText(field) && !short.get(form.name)!.has(name)) {
            kinds.set(`${name} words`, ["field", "integer"]);
          } else kinds.set(name, ["field", isCategorised(field) ? "text" : kindOf(field)]);
        }
      }
      kinds.set("state", ["state", "text"]).set("flags", ["state", "text"]);
      kinds.set("hash", ["hidden", "integer"]);
      const rows = new Collected(
        Object.fromEntries([...kinds].map(([name, [, kind]]) => [name, kind])),
      );
      const fieldsOf = new Map(all.map(({ name, fields }) => [name, fields]));
      // What is long stays where it is.
      const long = all.flatMap(({ name, fields }) =>
        fields.filter((field) => isLongText(field) && !short.get(name)!.has(field.name))
      ).map(({ name }) => name);
      await sql`
        select w.work as id, w.cell, w.profile, w.repetition, c.population,
               case when w.state = 'failed' then 'failed: ' || w.reason else 'done' end as state,
               p.form, to_jsonb(p.flags) as flags, p.fields - ${
        texts(sql, long)
      } as fields, p.cleaned, p.words,
               hashtext(p.fields::text) >> 1 as hash
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        join ${at}.runs r on r.run = w.run and r.kind = 'personas'
        left join ${at}.personas_written p on p.work = w.work
        where w.state in ('done', 'failed') order by w.work`.forEach((row) => {
        const { fields, cleaned, words, flags, form, ...keys } = row;
        const { writer, ...level } = levels.get(row.cell) ?? {};
        const own: Record<string, unknown> = {};
        for (const field of fieldsOf.get(form) ?? []) {
          const { name } = field;
          if (isCategorised(field)) own[name] = cleaned[name];
          else if (name in fields) own[name] = fields[name];
          if (long.includes(name)) own[`${name} words`] = words[name];
        }
        // A form tells a failed persona nothing: its plan's is in the levels.
        rows.add({ ...own, ...keys, ...level, model: writer, flags: flagged(flags ?? []) });
      });
      return { rows, parts: new Map([...kinds].map(([name, [part]]) => [name, part])) };
    },
    async sheets() {
      const levels = await askedLevels(sql, schema);
      const { names, of } = await scored(sql, schema, true, await definitions());
      const factors = Object.keys({ ...WRITTEN, ...ASKED }).filter((name) => name !== "writer");
      const parts: [string, Part, Kind][] = [
        ["id", "hidden", "integer"],
        ["of", "hidden", "integer"],
        ["population", "hidden", "text"],
        ["instrument", "factor", "text"],
        ["model", "factor", "text"],
        ...factors.filter((name) => name !== "instrument")
          .map((name): [string, Part, Kind] => [name, "factor", "text"]),
        ["profile", "factor", "integer"],
        ["persona", "factor", "integer"],
        ["repetition", "factor", "integer"],
        ...names.map((name): [string, Part, Kind] => [name, "score", "number"]),
        ["missing", "state", "integer"],
        ["hash", "hidden", "integer"],
        ["state", "state", "text"],
        ["flags", "state", "text"],
      ];
      const rows = new Collected(Object.fromEntries(parts.map(([name, , kind]) => [name, kind])));
      await sql`
        select s.id, s.state, s.flags, w.cell, w.profile, w.repetition, c.population,
               p.work as of, p.repetitions as persona
        from (
          select coalesce(w.sheet, w.work) as id,
                 coalesce('failed: ' || min(w.reason) filter (where w.state = 'failed'), 'done')
                   as state,
                 to_jsonb(array_remove(array_agg(distinct f.flag), null)) as flags
          from ${at}.work w
          join ${at}.runs r on r.run = w.run and r.kind = 'administrations'
          left join ${at}.administrations a on a.work = w.work
          left join lateral unnest(a.flags) f(flag) on true
          where w.state in ('done', 'failed') group by 1
        ) s
        join ${at}.work w on w.work = s.id
        join ${at}.cells c on c.cell = w.cell
        left join ${at}.personas_written p on p.id = w.persona
        order by s.id`.forEach((row) => {
        const { flags, ...keys } = row;
        const { writer, ...level } = levels.get(row.cell) ?? {};
        const { scores = {}, missing = null, hash = null } = of.get(row.id) ?? {};
        rows.add({
          ...keys,
          ...level,
          model: writer,
          ...scores,
          missing,
          hash,
          flags: flagged(flags),
        });
      });
      return { rows, parts: new Map(parts.map(([name, part]) => [name, part])) };
    },
    find(words) {
      const exact = words.every(isPlain);
      const rows = sql`
        select work as id, ${exact ? sql`null` : sql`text`} as text
        from (
          select p.work, (select string_agg(value, chr(10)) from jsonb_each_text(p.fields)) as text
          from ${at}.personas p
        ) t
        where text ilike all(${texts(sql, words.map(pattern))}) order by 1`;
      return found(rows, words);
    },
    async behindProfiles(keys) {
      const asked = JSON.stringify(
        keys.map(([population, profile]) => ({ population, profile })),
      );
      const rows = await sql<Omit<ProfileBehind, "scores">[]>`
        select p.population, p.profile, o.codebook, p.values, p.stratum, p.weight, o.instrument,
               o.language, to_jsonb(p.answers) as answers
        from ${at}.profiles p
        join ${at}.populations o on o.name = p.population
        join jsonb_to_recordset(${asked}::text::jsonb) as k(population text, profile int)
          on k.population = p.population and k.profile = p.profile`;
      const known = await definitions();
      return rows.map((row) => ({
        ...row,
        scores: scoresOf(among(known, row.instrument, row.language), row.answers),
      }));
    },
    async behindPersonas(ids) {
      const rows = await sql<
        (Omit<PersonaBehind, "calls" | "shown_scores"> & {
          instrument: string | null;
          language: string | null;
        })[]
      >`
        select w.work as id, p.form, coalesce(p.fields, '{}') as fields,
               coalesce(p.cleaned, '{}') as cleaned, coalesce(p.status, '{}') as status,
               to_jsonb(nullif(p.shown, '{}')) as shown, coalesce(to_jsonb(p.changed), '[]') as changed,
               coalesce(to_jsonb(p.changed_values), '[]') as changed_values,
               coalesce(p.shown_values, '{}') as shown_values,
               coalesce(to_jsonb(p.flags), '[]') as flags,
               case when w.state = 'failed' then coalesce(w.detail, w.reason) end as trouble,
               o.instrument, o.language
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        join ${at}.populations o
          on case when c.respondents is null then o.role = 'reference' else o.name = c.respondents end
        left join ${at}.personas_written p on p.work = w.work
        where w.work = any(${list(ids)}::int[]) order by w.work`;
      const calls = await callsOf(ids), known = await definitions();
      return rows.map(({ instrument, language, ...row }) => ({
        ...row,
        shown_scores: scoresOf(among(known, instrument, language), row.shown),
        calls: calls.get(row.id) ?? [],
      }));
    },
    async behindSheets(ids) {
      const rows = await sql<
        {
          id: number;
          instrument: string;
          language: string;
          items: number[] | null;
          answers: (number | null)[] | null;
          explanation: string | null;
          reasons: (string | null)[] | null;
          flags: string[];
          trouble: string | null;
        }[]
      >`
        select coalesce(w.sheet, w.work) as id, c.instrument, c.language,
               to_jsonb(a.items) as items, to_jsonb(a.answers) as answers, a.explanation,
               to_jsonb(a.reasons) as reasons, coalesce(to_jsonb(a.flags), '[]') as flags,
               case when w.state = 'failed' then coalesce(w.detail, w.reason) end as trouble
        from ${at}.work w
        join ${at}.cells c on c.cell = w.cell
        left join ${at}.administrations a on a.work = w.work
        where w.work = any(${list(ids)}::int[]) or w.sheet = any(${list(ids)}::int[])
        order by w.work`;
      const calls = await callsOf(ids), known = await definitions();
      // A sheet is as many rows as it was asked in.
      return [...Map.groupBy(rows, ({ id }) => id)].map(([id, blocks]) => {
        const width = Math.max(0, ...blocks.map(({ answers }) => answers?.length ?? 0));
        const merged = <T>(of: (block: (typeof rows)[number]) => readonly (T | null)[] | null) =>
          Array.from(
            { length: width },
            (_, at) =>
              blocks.filter(({ items }) => items?.includes(at + 1))
                .map((block) => of(block)?.[at] ?? null).find((value) => value !== null) ?? null,
          );
        const words = (of: (block: (typeof rows)[number]) => string | null) =>
          blocks.flatMap((block) => of(block) ?? []).join("\n") || null;
        const { instrument, language } = blocks[0]!, answers = merged(({ answers }) => answers);
        return {
          id,
          instrument,
          language,
          answers,
          scores: scoresOf(among(known, instrument, language), answers),
          explanation: words(({ explanation }) => explanation),
          reasons: blocks.some(({ reasons }) => reasons) ? merged(({ reasons }) => reasons) : null,
          flags: blocks.flatMap(({ flags }) => flags),
          trouble: words(({ trouble }) => trouble),
          calls: calls.get(id) ?? [],
        };
      });
    },
    line: async () => bannerOf(await provenanceOf(sql, schema)),
    async asked() {
      const [row] = await sql`select exists (select from ${at}.requests) as there`;
      return row!.there;
    },
    instruments: definitions,
    forms,
  };
}
