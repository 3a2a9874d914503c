import { type Kysely, sql } from "kysely";

/** The fields of the form that every persona had before there were others, and which of them are cleaned. */
const BEFORE = {
  name: false,
  age: false,
  gender: true,
  sexual_orientation: true,
  race: true,
  ethnicity: false,
  religious_belief: true,
  occupation: true,
  political_orientation: true,
  location: true,
  description: false,
};
const NAMES = Object.keys(BEFORE) as (keyof typeof BEFORE)[];
const CLEANED = NAMES.filter((name) => BEFORE[name]);

/**
 * A persona holds the fields of its form, whatever they are, with what became of each; the published
 * columns are read from them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table forms (
      name text primary key,
      definition jsonb not null,
      created timestamptz not null default now()
    )`.execute(db);
  await sql`drop view personas`.execute(db);
  // shown_values: what the writer was shown of the profile's variables, by name; changed_values: which
  // of them the condition set. status: by field, what became of it; words: by field of text, how many.
  await sql`
    alter table personas_written
      add column form text not null default 'biography' check (form <> ''),
      add column parent integer references personas_written,
      add column shown_values jsonb not null default '{}',
      add column changed_values text[] not null default '{}',
      add column fields jsonb not null default '{}' check (jsonb_typeof(fields) = 'object'),
      add column cleaned jsonb not null default '{}' check (jsonb_typeof(cleaned) = 'object'),
      add column status jsonb not null default '{}' check (jsonb_typeof(status) = 'object'),
      add column words jsonb not null default '{}' check (jsonb_typeof(words) = 'object')`
    .execute(db);
  const object = (pairs: readonly string[]) => sql.raw(`jsonb_build_object(${pairs.join(", ")})`);
  const pair = (name: string, value: string) => `'${name}', ${value}`;
  const original = (name: keyof typeof BEFORE) => BEFORE[name] ? `${name}_original` : name;
  await sql`
    update personas_written set
      fields = ${object(NAMES.map((name) => pair(name, original(name))))},
      cleaned = ${object(CLEANED.map((name) => pair(name, name)))},
      status = ${object(NAMES.map((name) => pair(name, "'written'")))},
      words = ${
    object(
      NAMES.filter((name) => name !== "age").map((name) =>
        pair(name, name === "description" ? "word_count_description" : wordsIn(original(name)))
      ),
    )
  }`.execute(db);
  await sql`
    alter table personas_written
      ${
    sql.raw(
      [...NAMES, ...CLEANED.map((name) => `${name}_original`), "word_count_description"]
        .map((name) => `drop column ${name}`).join(", "),
    )
  },
      alter column form drop default,
      alter column fields drop default,
      drop constraint personas_population_ref_personality_id_repetitions_key`.execute(db);
  // Of one persona another may be made, by the same writer, for each that there is of a respondent.
  await sql`
    create unique index on personas_written
      (population, ref_personality_id, repetitions, coalesce(parent, 0))`.execute(db);
  await sql`create index on personas_written (parent) where parent is not null`.execute(db);
  await published(db);
}

/** Words of a column: what white space separates. */
const wordsIn = (column: string) =>
  `coalesce(array_length(regexp_split_to_array(nullif(btrim(${column}, E' \\t\\n\\r'), ''), '\\s+'), 1), 0)`;

/** The published columns; null where a form lacks the field. */
async function published(db: Kysely<unknown>): Promise<void> {
  const text = (name: string) => `p.fields->>'${name}'`;
  const columns = [
    ...["id", "work", "ref_personality_id", "population", "model", "model_print"],
    ...["population_print", "repetitions", "repetition_count", "shown", "changed"],
  ].map((name) => `p.${name}`);
  const fields = [
    `${text("name")} as name`,
    // A form of another kind may call something else an age.
    `case when ${text("age")} ~ '^-?[0-9]{1,9}$' then (${text("age")})::integer end as age`,
    ...["gender", "race", "sexual_orientation"].flatMap(both),
    `${text("ethnicity")} as ethnicity`,
    ...["religious_belief", "occupation", "political_orientation", "location"].flatMap(both),
    `${text("description")} as description`,
    "(p.words->>'description')::integer as word_count_description",
  ];
  const own = [
    ...["flags", "form", "parent", "shown_values", "changed_values", "fields", "cleaned"],
    ...["status", "words"],
  ].map((name) => `p.${name}`);
  await sql`
    create view personas as
    select ${sql.raw([...columns, ...fields, ...own].join(", "))}
    from personas_written p
    where exists (select from work w where w.work = p.work and w.state = 'done')`.execute(db);
}

const both = (name: string): string[] => [
  `p.fields->>'${name}' as ${name}_original`,
  `p.cleaned->>'${name}' as ${name}`,
];
