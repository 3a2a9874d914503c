/**
 * Expands the reconstruction's answer sheets into the study's tables.
 *
 * What the paper's printed cells do not pin down is NULL or says that it is a placeholder.
 */
import { PLACEHOLDERS } from "../../db.ts";
import { BFI_REFERENCE_GROUP, MODELS, PROFILES } from "../design.ts";
import { bfi44, epqra } from "../instruments.ts";

/** The rows of a file, split into values; line n + 2 of the file is row n. */
export type Sheets = readonly string[][];

/** The experiments' first ids in the published data: EPQR-A, BFI-44, BFI-44 of the bare profiles. */
const FIRST = { epqra: 96033, bfi: 151003, reference: 155134 };
/** The published group without experiments. */
const EMPTY_GROUP = 371;
const WORDS = PLACEHOLDERS.description.split(" ").length;

/** The rows of a table as COPY text, and where row n (1-based) comes from. */
export interface Table {
  rows: () => Iterable<string>;
  where: (row: number) => string;
}

interface Experiment {
  id: number;
  group: number;
  instrument: "epqra" | "bigfive";
  model: string;
  population: string;
  profile: string;
  answers: string;
}

/**
 * All nine tables, row by row.
 *
 * @param prefix what the user knows the folder of the five files by
 */
export function expand(
  reference: Sheets,
  random: Sheets,
  keyed: Sheets,
  rated: Sheets,
  personas: Sheets,
  prefix: string,
): Record<string, Table> {
  const experiments = [...keyed.map(epqraExperiment), ...rated.map(bfiExperiment)];
  const line = (file: string, each = 1) => (n: number) =>
    `${prefix}${file}.csv.gz line ${Math.ceil(n / each) + 1}`;
  const [ofKeyed, ofRated] = [line("epqra"), line("bfi")];
  const sheet = (n: number) => n <= keyed.length ? ofKeyed(n) : ofRated(n - keyed.length);
  const answers = keyed.length * epqra.items.length;
  const sheetOf = (answer: number) =>
    answer <= answers
      ? Math.ceil(answer / epqra.items.length)
      : keyed.length + Math.ceil((answer - answers) / bfi44.items.length);
  const own = (n: number) => `reconstruction, row ${n}`;
  return {
    personas: { rows: () => personaRows(personas), where: line("personas") },
    reference_questionnaires: {
      rows: () => profileRows(reference),
      where: line("reference", epqra.items.length),
    },
    random_questionnaires: {
      rows: () => profileRows(random),
      where: line("random", epqra.items.length),
    },
    experiments_groups: { rows: () => groupRows(experiments), where: own },
    experiments_list: { rows: () => experimentRows(experiments), where: sheet },
    eval_questionnaires: {
      rows: () => answerRows(experiments),
      where: (answer) => sheet(sheetOf(answer)),
    },
    questionnaire: { rows: itemRows, where: own },
    experiment_request_metadata: { rows: () => [], where: own },
    alembic_version: { rows: () => ["001_initial_schema\n"], where: own },
  };
}

const POPULATIONS: Record<string, (model: string) => string> = {
  Base: (model) => `generated_${model}_spain826`,
  MaxN: (model) => `borderline_maxN_${model}`,
  MaxP: (model) => `borderline_maxP_${model}`,
};
/** With a space: so `personas.population_print` has them. */
const PRINTED: Record<string, string> = { Base: "Base", MaxN: "Max N", MaxP: "Max P" };
const models = new Map(MODELS.map((model) => [model.id, model]));

type Row = [string, string, string, string, string];

function epqraExperiment(sheet: string[], i: number): Experiment {
  const [group, model, condition, profile, answers] = sheet as Row;
  const population = POPULATIONS[condition]!(model);
  const id = FIRST.epqra + i;
  return { id, group: +group, instrument: "epqra", model, population, profile, answers };
}

function bfiExperiment(sheet: string[], i: number): Experiment {
  const [group, model, population, profile, answers] = sheet as Row;
  const id = +group === BFI_REFERENCE_GROUP ? FIRST.reference + i % PROFILES : FIRST.bfi + i;
  return { id, group: +group, instrument: "bigfive", model, population, profile, answers };
}

/** A row of COPY text; no value here holds a tab, a line feed or a backslash. */
const row = (...values: (string | number | null)[]): string =>
  values.map((value) => value ?? "\\N").join("\t") + "\n";

const flag = (value: boolean): string => value ? "t" : "f";

function* profileRows(sheets: Sheets): Iterable<string> {
  let id = 0;
  const heads = epqra.items.map(({ number, text, scale, keyed }) =>
    [number, text, scale, flag(keyed === 1)].join("\t")
  );
  for (const [profile, answers] of sheets) {
    for (let i = 0; i < heads.length; i++) {
      yield `${++id}\t${profile}\t${heads[i]}\t${answers![i] === "1" ? "t" : "f"}\n`;
    }
  }
}

function* itemRows(): Iterable<string> {
  let id = 0;
  for (const { name, items } of [epqra, bfi44]) {
    for (const { number, text, scale, keyed, reverse } of items) {
      yield row(++id, "en", number, name, scale, keyed, text, flag(reverse));
    }
  }
}

function* groupRows(experiments: readonly Experiment[]): Iterable<string> {
  const groups = new Map(experiments.map((experiment) => [experiment.group, experiment]));
  const described = [...groups].map(([group, { instrument, model, population }]) => {
    const name = instrument === "epqra" ? "EPQR-A" : "BFI-44";
    return { group, text: `${name}, ${models.get(model)!.label}, ${population}` };
  });
  const empty = "placeholder without experiments, its number inferred by position";
  described.push({ group: EMPTY_GROUP, text: empty });
  for (const { group, text } of described.toSorted((a, b) => a.group - b.group)) {
    const done = flag(group !== EMPTY_GROUP);
    yield row(group, null, `reconstruction: ${text}`, null, null, done, done, "f", null, null, "f");
  }
}

function* experimentRows(experiments: readonly Experiment[]): Iterable<string> {
  for (const { id, group, instrument, model, population, profile } of experiments) {
    const provider = model.startsWith("gpt") ? "openai" : "aws-bedrock";
    const full = models.get(model)!.provider;
    yield `${id}\t${group}\t0\t\\N\t${instrument}\ten\ten\t${provider}\t${full}\t${population}` +
      `\t${profile}\tt\t\\N\t\\N\n`;
  }
}

function* answerRows(experiments: readonly Experiment[]): Iterable<string> {
  let answer = 0;
  for (const { id, answers } of experiments) {
    let rows = "";
    for (let i = 0; i < answers.length; i++) {
      rows += `${++answer}\t${id}\t${i + 1}\t${answers[i]}\n`;
    }
    yield rows;
  }
}

function* personaRows(personas: Sheets): Iterable<string> {
  const nulls = (n: number) => "\t\\N".repeat(n);
  for (let i = 0; i < personas.length; i++) {
    const [model, condition, repetition, profile, gender, race, religion, orientation, politics] =
      personas[i]! as [...Row, ...string[]];
    yield `${i + 1}\t${profile}\t${POPULATIONS[condition]!(model)}\t${model}\t${PLACEHOLDERS.name}${
      nulls(2)
    }` +
      `\t${gender}\t\\N\t${race}\t\\N\t${orientation}${nulls(2)}\t${religion}${nulls(3)}` +
      `\t${politics}${nulls(2)}\t${PLACEHOLDERS.description}\t${WORDS}\t${repetition}` +
      `\t${models.get(model)!.label}\t${PRINTED[condition]}\n`;
  }
}
