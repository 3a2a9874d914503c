/**
 * The files of the study whose question this is (Li, Chen, Namkoong & Peng 2025, arXiv 2503.16527): personas,
 * questions, opinions and counts in its layouts, read and written.
 */
import { declare, text } from "../columns.ts";
import { carried, type Source } from "../provenance.ts";
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

declare({
  question_set: text("question set", "The folder of the questions."),
  reply_reason: text("reason given", "What the reply says before its answer."),
  respondent: text("respondent", "Who answered; alike over all that the same one was asked."),
});

/** Read from files of the original's form, whoever made them. */
export const FILES: Source = {
  line: "Data: files in the layout of arXiv 2503.16527; who made them, the files do not say",
  schema: null,
};

/** Answers as rows; see `lib/opinions/original/results.ts`. */
export const answersIn = carried(answersInOf, [FILES]);
