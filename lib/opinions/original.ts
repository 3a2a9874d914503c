/**
 * The files of the study whose question this is (Li, Chen, Namkoong & Peng 2025, arXiv 2503.16527): personas,
 * questions, opinions and counts in its layouts, read and written.
 */
import { carried, type Source } from "../provenance.ts";
import "./columns.ts";
import { answersIn as answersInOf } from "./original/results.ts";

export {
  fieldsOf,
  type OriginalPersona,
  personaFrom,
  personasIn,
  personasOf,
  personaText,
  populationOf,
  writePersonas,
} from "./original/personas.ts";
export {
  type Asked,
  instrumentOf,
  type QuestionSet,
  questionsFrom,
  questionsText,
  type Topic,
} from "./original/questions.ts";
export {
  type Arm,
  INVALID,
  type MetaStats,
  metaStatsFrom,
  metaStatsOf,
  metaStatsText,
  type Opinions,
  opinionsFrom,
  opinionsOf,
  opinionsText,
  type Result,
  type Results,
  resultsIn,
  writeResults,
} from "./original/results.ts";

/** Read from files of the original's form, whoever made them. */
export const FILES: Source = {
  line: "Data: files in the layout of arXiv 2503.16527; who made them, the files do not say",
  schema: null,
};

/** Answers as rows; see `lib/opinions/original/results.ts`. */
export const answersIn = carried(answersInOf, [FILES]);
