/**
 * Opinions as rows: who gave which option of which question, or why none.
 *
 * What is read is a frame with a row per reply and the columns `question` and `option` (its code as text;
 * null where no option was given), `reply_class` where it is known, and besides what `lib/measures.ts`
 * reads: factors, `respondent` (or `profile`), `cluster`, `weight`. `answersOf` makes it of answer sheets.
 */
import pl, { type DataFrame } from "polars";
import { listed, plural } from "../format.ts";
import { series } from "../frames.ts";
import { type Instrument, optionsOf, type Role } from "../instruments.ts";
import { type Cell, Rows, type Sheets } from "../measures.ts";
import { carried } from "../provenance.ts";
import { weightedMean } from "../stats.ts";
import type { Asked } from "./original.ts";

/**
 * What became of a question that was asked: an answer; a refusal, of the model or as an option that is one;
 * an abstention, of one who takes no side or does not know; several options where one was asked for; a reply
 * that cannot be read, or was cut off; or no reply.
 */
export const REPLY_CLASSES = [
  "answer",
  "refusal",
  "abstention",
  "both",
  "unreadable",
  "truncated",
  "missing",
] as const;
export type ReplyClass = (typeof REPLY_CLASSES)[number];

/** One of the options of a question. */
export interface Choice {
  /** Its code, as answers have it: a letter, or a number as text. */
  option: string;
  label: string;
  /** Where it stands, in any unit; null where the options have no order. */
  position: number | null;
  role?: Role;
}

/** A question and its options, in the order printed. */
export interface Question {
  question: string;
  options: readonly Choice[];
  /** What it is called where results are shown; left out, `question` itself. */
  label?: string;
  topic?: string | null;
  /** Which end counts as more in shifts: that of the lowest position (`first`) or the highest. */
  direction?: "first" | "last" | null;
}

/** The options that are answers. */
export const answersTo = ({ options }: Question): readonly Choice[] =>
  options.filter(({ role }) => role === undefined);

/** Whether the options of a question have an order. */
export const isOrdered = (question: Question): boolean =>
  answersTo(question).every(({ position }) => position !== null);

/**
 * The items of an instrument as questions: options by their codes, positions as they are there.
 *
 * @param names of the questions by item number; `item 3` where there is none
 */
export const questionsOf = (
  instrument: Instrument,
  names: Readonly<Record<number, string>> = {},
): Question[] =>
  checkedQuestions(instrument.items.map((item) => ({
    question: names[item.number] ?? `item ${item.number}`,
    options: optionsOf(instrument, item).map(({ code, label, position, role }) => ({
      option: String(code),
      label,
      position,
      ...role && { role },
    })),
  })));

/**
 * @throws {RangeError} when an option is there twice, fewer than 2 are answers, only some have a position
 *   or all the same
 */
export function checkedQuestions(questions: readonly Question[]): Question[] {
  const twice = (of: readonly string[]) => of.find((one, at) => of.indexOf(one) < at);
  const problem = (question: Question): string | null => {
    const own = answersTo(question), placed = own.filter(({ position }) => position !== null);
    const again = twice(question.options.map(({ option }) => option));
    return again !== undefined
      ? `option ${again} is there twice: give each a code of its own`
      : own.length < 2
      ? `${plural(own.length, "option")} that is an answer: it has 2 or more besides a refusal`
      : placed.length > 0 && placed.length < own.length
      ? `${placed.length} of ${own.length} options have a position: give one to all, or to none`
      : placed.some(({ position }) => !Number.isFinite(position))
      ? "a position is no number"
      : placed.length > 0 && new Set(placed.map(({ position }) => position)).size === 1
      ? "all positions are equal: give the options different ones, or none where they have no order"
      : null;
  };
  const again = twice(questions.map(({ question }) => question));
  if (again !== undefined) {
    throw new RangeError(`Question ${again} is there twice: name them apart`);
  }
  for (const question of questions) {
    const found = problem(question);
    if (found) throw new RangeError(`Question ${question.question}: ${found}`);
  }
  return [...questions];
}

const ITEM = /^(answer|score) (\d+)$/;

/**
 * Answer sheets as rows: a row for each sheet and item, with the sheet's factors.
 *
 * @param names of the questions by item number, as for `questionsOf`
 */
export const answersOf = carried((
  { sheets }: Sheets,
  instrument: Instrument,
  names: Readonly<Record<number, string>> = {},
): DataFrame => {
  const keys = sheets.columns.filter((name) => !ITEM.test(name));
  const questions = questionsOf(instrument, names);
  return pl.concat(instrument.items.map(({ number }, at) => {
    const { question, options } = questions[at]!;
    const given = sheets.getColumn(`answer ${number}`).toArray() as (number | null)[];
    const option = given.map((code) => code === null ? null : String(code));
    const roles = new Map(options.map(({ option, role }) => [option, role]));
    return sheets.select(...keys).withColumns(
      series("question", option.map(() => question), "text"),
      series("option", option, "text"),
      series(
        "reply_class",
        option.map((one) => one === null ? "missing" : classOf(roles.get(one))),
        "text",
      ),
    );
  }));
});

/** What giving an option with this role is. */
export const classOf = (role: Role | undefined): ReplyClass =>
  role === undefined ? "answer" : role === "refusal" ? "refusal" : "abstention";

/** Answers, checked against their questions: numbers by row. */
export interface Held {
  rows: Rows;
  questions: readonly Question[];
  /** Of each row its question; −1 where that is none of them. */
  question: Int32Array;
  /** Of each row the option, by its place among those that are answers; −1 where there is none. */
  option: Int32Array;
  /** Of each row its class, by its place in `REPLY_CLASSES`. */
  replyClass: Uint8Array;
}

/**
 * Reads answers; rows of other questions are passed over.
 *
 * @throws {Error} when a column or an option is unknown, or a row's class and option contradict each other
 */
export function held(answers: DataFrame, questions: readonly Question[]): Held {
  checkedQuestions(questions);
  const rows = new Rows(answers);
  for (const name of ["question", "option"]) {
    if (!rows.has(name)) {
      throw new Error(
        `Answers have no column ${name}: they have a row per reply with question and option, as ` +
          `answersOf(…) makes of sheets; there are ${listed(answers.columns)}`,
      );
    }
  }
  const places = new Map(questions.map(({ question }, at) => [question, at]));
  const options = questions.map(({ options }) =>
    new Map(options.map(({ option, role }) => [option, role]))
  );
  const codes = questions.map((one) =>
    new Map(answersTo(one).map(({ option }, at) => [option, at]))
  );
  const given = rows.passing("option"), asked = rows.passing("question");
  const classes = rows.has("reply_class") ? rows.passing("reply_class") : null;
  const question = new Int32Array(rows.height).fill(-1);
  const option = new Int32Array(rows.height).fill(-1);
  const replyClass = new Uint8Array(rows.height);
  for (let row = 0; row < rows.height; row++) {
    const at = places.get(String(asked[row])) ?? -1;
    question[row] = at;
    if (at < 0) continue;
    const code = given[row] === null ? null : String(given[row]);
    if (code !== null && !options[at]!.has(code)) {
      throw new Error(
        `Row ${row + 1} has option ${code} of question ${asked[row]}, which has ` +
          `${[...options[at]!.keys()].join(", ")}: a reply that is none of them has a null option`,
      );
    }
    const meant = code === null ? "missing" : classOf(options[at]!.get(code));
    const own = classes?.[row] ?? meant;
    const place = REPLY_CLASSES.indexOf(own as ReplyClass);
    if (place < 0) {
      throw new Error(
        `Row ${row + 1} has reply_class ${own}: there are ${REPLY_CLASSES.join(", ")}`,
      );
    }
    // An option counts only where it is an answer, and an answer names its option.
    if ((own === "answer") !== (code !== null && meant === "answer")) {
      throw new Error(
        `Row ${row + 1} has reply_class ${own} and ${
          code === null ? "no option" : `option ${code}`
        }: ` +
          "an answer, and nothing else, has an option that is one",
      );
    }
    replyClass[row] = place;
    if (own === "answer") option[row] = codes[at]!.get(code!)!;
  }
  return { rows, questions, question, option, replyClass };
}

/**
 * The answers of a cell's respondents to the same question on two sides, as pairs of rows; of several on a side
 * the first.
 *
 * @param sideOf 0 or 1 by row; −1 where it is on neither
 */
export function pairsIn(
  { rows, question, option }: Held,
  cell: Cell,
  sideOf: (row: number) => number,
): (readonly [number, number])[] {
  const found = new Map<string, [number | null, number | null]>();
  for (const row of cell.order) {
    const side = sideOf(row);
    if (side < 0 || option[row]! < 0) continue;
    const key = `${question[row]}/${rows.respondent[row]}`;
    const pair = found.get(key) ?? [null, null];
    pair[side] ??= row;
    found.set(key, pair);
  }
  return [...found.values()].flatMap(([a, b]) => a === null || b === null ? [] : [[a, b] as const]);
}

/** A mean over rows in clusters, weighted by whom they are of. */
export function meanOf(own: Held, rowsAndValues: Iterable<readonly [row: number, value: number]>) {
  const { rows } = own;
  const parts = new Map<number, { n: number; sum: number; square: number }>();
  for (const [row, value] of rowsAndValues) {
    const who = rows.respondent[row]!;
    const part = parts.get(who) ?? { n: 0, sum: 0, square: 0 };
    part.n += 1;
    part.sum += value;
    part.square += value ** 2;
    parts.set(who, part);
  }
  const who = [...parts.keys()].filter((one) => rows.weight[one]! > 0);
  const of = (name: "n" | "sum" | "square") =>
    Float64Array.from(who, (one) => parts.get(one)![name]);
  return weightedMean({
    cluster: Int32Array.from(who, (one) => rows.cluster[one]!),
    weight: Float64Array.from(who, (one) => rows.weight[one]!),
    n: of("n"),
    sum: of("sum"),
    square: of("square"),
  });
}

/** What the rows of a cell say of one question, by cluster. */
export interface Tally {
  question: Question;
  /** By option the weights of the answers of each cluster. */
  columns: Float64Array[];
  /** By cluster the weights of all that were asked. */
  asked: Float64Array;
  /** Answers and rows asked, unweighted. */
  answers: number;
  replies: number;
  /** How many independent answers they are worth: Kish's, a cluster counting as one. */
  effective: number;
}

/** The tallies of a cell, question by question; clusters are numbered from 0 within the cell. */
export interface Tallied {
  clusters: number;
  tallies: Tally[];
}

/**
 * Sums up a cell.
 *
 * @param kept whether a row counts at all
 */
export function tallied(
  { rows, questions, question, option }: Held,
  cell: Cell,
  kept: (row: number) => boolean = () => true,
): Tallied {
  const local = new Map<number, number>();
  for (const one of cell.respondents) {
    const cluster = rows.cluster[one]!;
    if (!local.has(cluster)) local.set(cluster, local.size);
  }
  const clusters = local.size;
  const none = () => new Float64Array(clusters);
  const tallies = questions.map((question) => ({
    question,
    columns: answersTo(question).map(none),
    asked: none(),
    answers: 0,
    replies: 0,
    effective: 0,
  }));
  for (const row of cell.order) {
    const at = question[row]!;
    if (at < 0 || !kept(row)) continue;
    const one = rows.respondent[row]!, tally = tallies[at]!;
    const cluster = local.get(rows.cluster[one]!)!, weight = rows.weight[one]!;
    tally.replies += 1;
    tally.asked[cluster]! += weight;
    if (option[row]! < 0) continue;
    tally.answers += 1;
    tally.columns[option[row]!]![cluster]! += weight;
  }
  for (const tally of tallies) tally.effective = effectiveOf(tally.columns, clusters);
  return { clusters, tallies };
}

function effectiveOf(columns: readonly Float64Array[], clusters: number): number {
  let total = 0, squares = 0;
  for (let cluster = 0; cluster < clusters; cluster++) {
    const own = columns.reduce((sum, column) => sum + column[cluster]!, 0);
    total += own;
    squares += own ** 2;
  }
  return squares > 0 ? total ** 2 / squares : 0;
}

/**
 * The questions of a file of the original's form that was made an instrument, with the ends that it
 * declares as more.
 */
export const questionsIn = ({ instrument, names, topics }: Asked): Question[] =>
  questionsOf(instrument, names).map((question, at) => ({
    ...question,
    label: topics[at]!.topic.label ?? question.question,
    topic: topics[at]!.topic.domain ?? null,
    direction: topics[at]!.topic.direction ?? null,
  }));

/**
 * A result with questions as they are called, to be shown: data are joined by their ids. What is no
 * question, such as `All`, stays.
 */
export const labelled = carried((result: DataFrame, questions: readonly Question[]): DataFrame => {
  const labels = new Map(questions.map(({ question, label }) => [question, label ?? question]));
  const named = (result.getColumn("question").toArray() as (string | null)[])
    .map((question) => question === null ? null : labels.get(question) ?? question);
  return result.withColumns(series("question", named, "text"));
});

/** By option, how far it is towards the end that counts as more: 0 to 1. */
export function placesOf(question: Question): number[] {
  const positions = answersTo(question).map(({ position }) => position!);
  const [least, most] = [Math.min(...positions), Math.max(...positions)];
  return positions.map((position) =>
    question.direction === "last"
      ? (position - least) / (most - least)
      : (most - position) / (most - least)
  );
}
