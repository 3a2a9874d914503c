/** The reads of answer sheets: a sheet travels as arrays and becomes a column per item. */
import type postgres from "postgres";
import type { DataFrame } from "polars";
import { type Instrument, itemScore, optionOf } from "../instruments.ts";
import { Collected, type Columns, columnsOf, frame, type Kind, Numbers } from "../frames.ts";
import { from, sourcesOf } from "../provenance.ts";
import { ASKED, askedLevels, WRITTEN } from "./factors.ts";
import { attributesOf, type Besides } from "./respondents.ts";

/** Answer sheets of one instrument, and its items as the database defines them. */
export interface Administrations {
  /** One row per item: item (number), scale, key (1 keyed Yes, 0 keyed No, null: not keyed). */
  items: DataFrame;
  /** Of items with options of their own, a row per option as printed: item, code, label, role. */
  options?: DataFrame;
  /**
   * One row per administration, in order of its id: group, model, condition, population, profile,
   * administration, and per item `answer N` (as given) and `score N` (keyed or reversed); `group` is
   * the published number of an experiment, null in a study of one's own. Answer and score are
   * null where the sheet has no row for the item; a row without an answer has a null answer, and the
   * score that the published view gives it (EPQR-A 0, BFI null). `writer` is the model that wrote the
   * persona: in the published data `model`. In a study of one's own there is a column for each factor
   * besides: condition, form (of the persona), prompt (version of the persona's), variant (of the personas' plan), answering_model,
   * administration_prompt, administration_variant, item_order, option_order, coding, language (of the
   * instrument); profile_population (which population the profile is of); and persona (which of its
   * profile's) and repetition (of the administration).
   */
  readonly sheets: DataFrame;
  /** Of a study of one's own: the population that its tables compare with, null where there is none. */
  reference?: string | null;
  /**
   * Of a study of one's own, where the profiles answered this instrument: the profile's answer to an
   * item as the prompt showed it, from the persona's own row; null where it was left out, or none is stored.
   */
  shown?: (administration: number, item: number) => number | null;
}

/** A sheet as the published views have it: a row for each item. Arrays are as PostgreSQL writes them: `{1,0,NULL}`. */
interface Row {
  group: number | null;
  model: string | null;
  condition: string | null;
  population: string | null;
  profile: number | null;
  administration: number;
  items: string;
  answers: string;
  scores: string;
}

export async function sheets(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  own: boolean,
  besides: Besides = {},
): Promise<Administrations> {
  const items = await sql<Item[]>`
    select distinct on (question_number) question_number as item, category as scale, key
    from ${sql(schema)}.questionnaire
    where questionnaire = ${instrument}
    order by question_number, language_questionnaire in ('en', 'english') desc, id`;
  return own
    ? await ownSheets(sql, schema, instrument, items, besides)
    : await published(sql, schema, instrument, items, besides);
}

async function published(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  items: readonly Item[],
  besides: Besides,
): Promise<Administrations> {
  await attributesOf(sql, schema, besides, KEYS);
  const made = new Sheets(items, PUBLISHED);
  // A sheet travels as three arrays: half a million rows would take longer to receive than all that
  // is computed from them. Every key has one value per sheet; min() picks it. Here as everywhere rows are
  // taken as they come, and not by a cursor, for which PostgreSQL makes no parallel plan.
  await sql<Row[]>`
    select experiment_id               as administration,
           min(experiments_group_id)   as group,
           min(model_clean)            as model,
           min(population_display)     as condition,
           min(population)             as population,
           min(personality_id)         as profile,
           array_agg(question_number)  as items,
           array_agg(answer)           as answers,
           array_agg(eval)             as scores
    from ${sql(schema)}.experiments_evals
    where questionnaire = ${instrument}
    group by experiment_id
    order by experiment_id`.forEach((row) => made.add({ ...row, writer: row.model }, row));
  return made;
}

/** What one call of a sheet of one's own answered: in order of the instrument's items, and which were shown. */
interface Call {
  administration: number;
  cell: number;
  language: string;
  profile: number;
  items: string;
  answers: string;
  persona: number | null;
  shown: string | null;
}

/**
 * The sheets of a study of one's own, from what is stored and not from the published views, which have a
 * row for each item: of as many the database would sort gigabytes. Scores are the instrument's.
 */
async function ownSheets(
  sql: postgres.Sql,
  schema: string,
  instrument: string,
  items: readonly Item[],
  besides: Besides,
): Promise<Administrations> {
  const [levels, definitions, options, more, reference] = await Promise.all([
    askedLevels(sql, schema),
    sql<{ definition: Instrument }[]>`
      select definition from ${sql(schema)}.instruments where name = ${instrument}`,
    sql<{ item: number; options: { code: number; label: string; role?: string }[] }[]>`
      select distinct on (question_number) question_number as item, options
      from ${sql(schema)}.questionnaire
      where questionnaire = ${instrument} and options is not null
      order by question_number, language_questionnaire in ('en', 'english') desc, id`,
    attributesOf(sql, schema, besides, [...KEYS, ...Object.keys(OWN)]),
    sql<{ name: string }[]>`
      select name from ${sql(schema)}.populations where role = 'reference'`,
  ]);
  const score = scorer(definitions.map(({ definition }) => definition));
  const made = new Sheets(items, { ...OWN, ...more.columns });
  const shown = new Shown();
  await sql<Call[]>`
    select a.sheet as administration, a.cell, a.repetition, a.profile, c.model_label as model,
           c.condition, c.population, c.language, a.items::text, a.answers::text,
           p.repetitions as persona,
           case when o.instrument = ${instrument} then nullif(p.shown::text, '{}') end as shown
    from ${sql(schema)}.administrations a
    join ${sql(schema)}.cells c on c.cell = a.cell and c.instrument = ${instrument}
    left join ${sql(schema)}.personas p on p.id = a.persona
    left join ${sql(schema)}.work w on w.work = p.work
    left join ${sql(schema)}.cells wrote on wrote.cell = w.cell
    left join ${sql(schema)}.populations o
      on case when wrote.respondents is null then o.role = 'reference' else o.name = wrote.respondents end
    order by a.sheet, a.work`.forEach((row) => {
    const keys = { ...row, ...levels.get(row.cell) };
    const answers = elements(row.answers), asked = elements(row.items);
    const given = asked.map((item) => answers[Number(item) - 1]!);
    made.add(() => ({ ...keys, ...more.of(keys) }), {
      administration: row.administration,
      items: row.items,
      answers: given,
      scores: given.map((answer, at) => score(row.language, Number(asked[at]), answer)),
    });
    if (row.shown !== null) shown.add(row.administration, elements(row.shown));
  });
  const all = options.flatMap(({ item, options }) => options.map((one) => ({ item, ...one })));
  return Object.assign(made, {
    reference: reference[0]?.name ?? null,
    ...all.length && {
      options: frame(all, { item: "integer", code: "integer", label: "text", role: "text" }),
    },
    ...shown.size && {
      shown: (administration: number, item: number) => shown.answer(administration, item),
    },
  });
}

/** The score of an answer to an item in a language, as the instrument has it; answers that it does not know have none. */
function scorer(
  definitions: readonly Instrument[],
): (language: string, item: number, answer: string) => number | null {
  const known = new Map<string, number | null>();
  const languages = new Map(definitions.map((one) => [one.language, one]));
  return (language, number, text) => {
    const key = `${language} ${number} ${text}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const instrument = languages.get(language)!;
    const item = instrument.items.find((one) => one.number === number)!;
    const answer = text === "NULL" ? null : Number(text);
    const option = answer === null ? undefined : optionOf(instrument, item, answer);
    const score = option === undefined ? null : itemScore(instrument, number, answer);
    known.set(key, score);
    return score;
  };
}

/** What personas were made from, as answers to an instrument, by the administrations that they gave. */
class Shown {
  #places = new Map<number, number>();
  #answers = new Numbers();
  #width = 0;

  get size(): number {
    return this.#places.size;
  }

  add(administration: number, answers: readonly string[]): void {
    if (this.#places.has(administration)) return;
    // All answer the one instrument.
    this.#width ||= answers.length;
    const from = this.#places.size * this.#width;
    // What was left out stands as NULL.
    answers.forEach((answer, at) => {
      if (answer !== "NULL") this.#answers.set(from + at, Number(answer));
    });
    this.#places.set(administration, this.#places.size);
  }

  answer(administration: number, item: number): number | null {
    const place = this.#places.get(administration);
    if (place === undefined || item > this.#width) return null;
    return this.#answers.at(place * this.#width + item - 1);
  }
}

/** What a sheet is known by. */
const KEYS = ["group", "model", "condition", "population", "profile", "administration"];

/** Columns of sheets besides their keys. */
const PUBLISHED = { writer: "text" } as const;
const OWN: Readonly<Record<string, Kind>> = {
  ...WRITTEN,
  ...ASKED,
  persona: "integer",
  repetition: "integer",
};

export async function profiles(
  sql: postgres.Sql,
  schema: string,
  source: "reference" | "random",
  own: boolean,
): Promise<Administrations> {
  const table = sql(`${source}_questionnaires`);
  const items = await sql<Item[]>`
    select distinct on (question_number) question_number as item, category as scale, key::int
    from ${sql(schema)}.${table}
    order by question_number, id`;
  const made = new Sheets(items);
  await sql<Row[]>`
    select personality_id                       as profile,
           personality_id                       as administration,
           array_agg(question_number)           as items,
           array_agg(answer::int)               as answers,
           array_agg(${own ? sql`eval` : sql`coalesce(key = answer, false)::int`}) as scores
    from (
      select distinct on (personality_id, question_number) *
      from ${sql(schema)}.${table}
      order by personality_id, question_number, id
    ) given
    where personality_id is not null and question_number is not null
    group by personality_id
    order by personality_id`.forEach((row) => made.add(row, row));
  return made;
}

interface Item {
  item: number;
  scale: string;
  key: number | null;
}

/** Of a sheet its items, with answers and scores in their order: lists, or as PostgreSQL writes them. */
interface Given {
  administration: number;
  items: string;
  answers: string | readonly string[];
  scores: string | readonly (number | null)[];
}

/** The elements of an array as PostgreSQL writes it: `{1,0,NULL}`. */
const elements = (array: string): string[] => array.slice(1, -1).split(",");

/**
 * Sheets as they come, in the order of the rows: of each only its keys stay, and what stands in the columns
 * of its items.
 */
class Sheets implements Administrations {
  readonly items: DataFrame;
  declare readonly sheets: DataFrame;
  readonly #columns: Collected;
  // Nearly all sheets have the same items in the same order.
  readonly #names = new Map<string, { answers: string; scores: string }[]>();
  #last: number | null = null;

  constructor(items: readonly Item[], factors: Readonly<Record<string, Kind>> = {}) {
    this.items = frame(items, { item: "integer", scale: "text", key: "integer" });
    this.#columns = new Collected({
      group: "integer",
      model: "text",
      condition: "text",
      population: "text",
      profile: "integer",
      administration: "integer",
      ...factors,
      ...Object.fromEntries(items.flatMap(({ item }) => [
        [`answer ${item}`, "integer"],
        [`score ${item}`, "integer"],
      ])),
    });
    // Made when it is asked for, and a property of its own, which `{ ...sheets }` takes along.
    let made: DataFrame | null = null;
    const get = () => made ??= from(this.#columns.frame(), sourcesOf(this));
    Object.defineProperty(this, "sheets", { get, enumerable: true });
  }

  static columns(of: Administrations): Columns {
    return #columns in of ? of.#columns : columnsOf(of.sheets);
  }

  /** Another call of the same sheet adds its answers to it. */
  add(keys: object | (() => object), given: Given): void {
    const { administration, items } = given;
    if (administration !== this.#last) {
      this.#columns.add(typeof keys === "function" ? keys() : keys);
      this.#last = administration;
    }
    if (!this.#names.has(items)) {
      const names = elements(items).map((item) => ({
        answers: `answer ${item}`,
        scores: `score ${item}`,
      }));
      this.#names.set(items, names);
    }
    const names = this.#names.get(items)!;
    for (const what of ["answers", "scores"] as const) {
      const values = given[what];
      const own = typeof values === "string" ? elements(values) : values;
      own.forEach((value, at) => {
        if (value === null || value === "NULL") return;
        this.#columns.put(names[at]![what], Number(value));
      });
    }
  }
}

/**
 * The sheets in columns: as they were read, where they are not a frame yet, which takes much more room; and
 * of a frame that was put in their place its own.
 */
export const columnsIn = (given: Administrations): Columns => Sheets.columns(given);
