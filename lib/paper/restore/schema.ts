/** The nine tables of the study as its dump and its CSV files hold them. */
import { listed } from "../../format.ts";
import { fault } from "./input.ts";

/** What a column holds. */
export type Kind = "integer" | "text" | "boolean" | "number" | "timestamp" | "json";

const profileAnswers = {
  id: "integer",
  personality_id: "integer",
  question_number: "integer",
  question: "text",
  category: "text",
  key: "boolean",
  answer: "boolean",
} as const;

/**
 * Tables and columns in the order of the original's migration `001_initial_schema`.
 *
 * `created` of groups and experiments is text there; `key` is boolean for profiles and 0/1 in the
 * questionnaires. `alembic_version` holds no data of the study, so an input may lack it.
 */
export const TABLES: Record<string, { columns: Record<string, Kind>; required: boolean }> = {
  personas: {
    required: true,
    columns: {
      id: "integer",
      ref_personality_id: "integer",
      population: "text",
      model: "text",
      name: "text",
      age: "integer",
      gender_original: "text",
      gender: "text",
      race_original: "text",
      race: "text",
      sexual_orientation_original: "text",
      sexual_orientation: "text",
      ethnicity: "text",
      religious_belief_original: "text",
      religious_belief: "text",
      occupation_original: "text",
      occupation: "text",
      political_orientation_original: "text",
      political_orientation: "text",
      location_original: "text",
      location: "text",
      description: "text",
      word_count_description: "integer",
      repetitions: "integer",
      model_print: "text",
      population_print: "text",
    },
  },
  reference_questionnaires: { required: true, columns: profileAnswers },
  random_questionnaires: { required: true, columns: profileAnswers },
  experiments_groups: {
    required: true,
    columns: {
      experiments_group_id: "integer",
      created: "text",
      description: "text",
      system_role: "text",
      base_prompt: "text",
      concluded: "boolean",
      processed: "boolean",
      translated: "boolean",
      temperature: "number",
      top_p: "number",
      ii_repeated: "boolean",
    },
  },
  experiments_list: {
    required: true,
    columns: {
      experiment_id: "integer",
      experiments_group_id: "integer",
      repeated: "integer",
      created: "text",
      questionnaire: "text",
      language_instructions: "text",
      language_questionnaire: "text",
      model_provider: "text",
      model: "text",
      population: "text",
      personality_id: "integer",
      succeeded: "boolean",
      llm_explanation: "text",
      repo_sha: "text",
    },
  },
  eval_questionnaires: {
    required: true,
    columns: {
      id: "integer",
      experiment_id: "integer",
      question_number: "integer",
      answer: "integer",
    },
  },
  questionnaire: {
    required: true,
    columns: {
      id: "integer",
      language_questionnaire: "text",
      question_number: "integer",
      questionnaire: "text",
      category: "text",
      key: "integer",
      question: "text",
      reverse: "boolean",
    },
  },
  experiment_request_metadata: {
    required: true,
    columns: {
      id: "integer",
      created: "timestamp",
      experiment_id: "integer",
      request_json: "json",
      response_json: "json",
      request_metadata: "json",
    },
  },
  alembic_version: { required: false, columns: { version_num: "text" } },
};

/** Names come from the input: `constructor` must not find what every object has. */
export const known = (table: string): boolean => Object.hasOwn(TABLES, table);

/** The tables an input must hold and does not. */
export const missing = (found: Iterable<string>): string[] => {
  const seen = new Set(found);
  return Object.keys(TABLES).filter((table) => TABLES[table]!.required && !seen.has(table));
};

/**
 * Checks the columns an input gives for a table; their order is free.
 *
 * @throws {SourceError} naming unknown, repeated and missing columns
 */
export function checkColumns(table: string, columns: readonly string[], where: string): void {
  const expected = Object.keys(TABLES[table]!.columns);
  const place = `${where}, table ${table}`;
  const remedy = `expected ${expected.join(", ")}: use the published files unchanged`;
  const name = (column: string) => column === "" ? "without a name" : JSON.stringify(column);
  const list = (names: string[]) => listed(names.map(name));

  const seen = new Set<string>();
  const unknown = columns.filter((column) => !expected.includes(column));
  if (unknown.length) throw fault(`Unknown column ${list(unknown)}`, place, remedy);
  const twice = columns.filter((column) => seen.has(column) || !seen.add(column));
  if (twice.length) throw fault(`Column ${list(twice)} stands twice`, place, remedy);
  const absent = expected.filter((column) => !columns.includes(column));
  if (absent.length) throw fault(`Missing column ${list(absent)}`, place, remedy);
}
