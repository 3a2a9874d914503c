/**
 * The published data: where they stand, and what only they hold: profiles for a study, instruments in
 * other languages, the prompt, several answers to one item.
 */
import { reserve } from "../config.ts";
import {
  type Administrations,
  connect,
  type Dataset,
  openDataset,
  RECONSTRUCTED,
  registerRestored,
  type Sql,
} from "../db.ts";
import type { Instrument } from "../instruments.ts";
import { type Prompt, published } from "../prompts.ts";
import { type Population, register } from "../population.ts";
import { from, sourcesOf } from "../provenance.ts";
import "./conditions.ts";
import { epqra } from "./instruments.ts";
import { biography } from "./biography.ts";
import * as tables from "./published/001_tables.ts";
import * as keys from "./published/002_keys.ts";
import * as evaluations from "./published/003_evaluations.ts";
import { lastSheets as last } from "./published/last_sheets.ts";

/** Schema of the published data. */
export const PUBLISHED = "personality_trap";

reserve(PUBLISHED, "the published data");
registerRestored({
  schema: PUBLISHED,
  form: biography,
  migrations: { "001_tables": tables, "002_keys": keys, "003_evaluations": evaluations },
});
register("reference", () => people("reference"));
register("random", () => people("random"));

/** The published profiles or their random control, `spain826` and `random826`, for a study. */
async function people(from: "reference" | "random"): Promise<Population> {
  const study = await openDataset({ schema: PUBLISHED, copied: true });
  try {
    const read = async (source: "reference" | "random") => {
      const { sheets } = await study.profiles(source);
      const columns = epqra.items.map(({ number }) => sheets.getColumn(`answer ${number}`));
      return (sheets.getColumn("profile").toArray() as number[]).flatMap((id, row) => {
        const answers = columns.map((column) => column.get(row) as number | null);
        // A profile with a missing answer makes no prompt; the published ones have none.
        return answers.includes(null) ? [] : [{ id, answers: answers as number[] }];
      });
    };
    const profiles = await read(from), random = from === "random" ? profiles : await read("random");
    const { source } = study.provenance;
    return {
      name: `${from === "reference" ? "spain" : "random"}${profiles.length}`,
      origin: `schema ${PUBLISHED}${source === "reconstruction" ? ` ${RECONSTRUCTED}` : ""}`,
      instrument: epqra,
      codebook: [],
      profiles,
      random,
    };
  } finally {
    await study.close();
  }
}

/**
 * What the paper's tables read of a study, with `lastSheets`: the sheets with, of several answers to
 * one item, the last (the highest id) where `Study.sheets` and the paper have the first. A study's own
 * sheets have one answer per item.
 */
export const reads = (study: Dataset) =>
  from({
    sheets: (instrument: string) => study.sheets(instrument),
    profiles: (source: "reference" | "random") => study.profiles(source),
    demographics: (form?: string) => study.demographics(form),
    forms: () => study.forms(),
    lastSheets: (instrument: string): Promise<Administrations> =>
      study.read(`last sheets ${instrument}`, async (sql, schema) => {
        const first = await study.sheets(instrument);
        return study.provenance.source === "study" ? first : last(sql, schema, instrument, first);
      }),
  }, sourcesOf(study));

/** What is read of the published schema, over a connection of its own. */
async function reading<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await connect("reader", { connections: 1 });
  try {
    return await read(sql);
  } finally {
    await sql.end();
  }
}

/**
 * The prompt of the published administrations, verbatim from the restored data.
 *
 * @param group number of the published group; the first that has one where left out
 * @throws {Error} when the restored data have none, as the reconstruction
 */
export async function publishedPrompt(group?: number): Promise<Prompt> {
  const [row] = await reading((sql) =>
    sql<{ text: string }[]>`
      select system_role as text from ${sql(PUBLISHED)}.experiments_groups
      where system_role <> '' and (${group ?? null}::int is null
        or experiments_group_id = ${group ?? null})
      order by experiments_group_id limit 1`
  );
  if (row) return published(row.text);
  throw new Error(
    `No prompt${
      group === undefined ? "" : ` of group ${group}`
    } is in schema ${PUBLISHED}: it holds ` +
      "one when the original dataset is restored (`deno task restore --from PATH --force`)",
  );
}

/**
 * An instrument in the wording of the published data, which hold the EPQR-A in six languages.
 *
 * @param like what it is besides its wording: answers, scales, scoring
 * @throws {Error} when the language is not there, naming those that are
 */
export async function inLanguage(like: Instrument, language: string): Promise<Instrument> {
  if (language === like.language) return like;
  const rows = await reading((sql) =>
    sql<{ language: string; number: number; text: string; keyed: number | null }[]>`
    select distinct on (language_questionnaire, question_number)
      language_questionnaire as language, question_number as number, question as text, key as keyed
    from ${sql(PUBLISHED)}.questionnaire
    where questionnaire = ${like.name}
    order by language_questionnaire, question_number, id`
  );
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
