/** Where the answers of a respondent stand on each rung, from 0 to 1 in a declared direction. */
import type { DataFrame } from "polars";
import { type Cell, cells, factorsOf, type Level } from "../../measures.ts";
import { type Held, held, isOrdered, placesOf, type Question } from "../answers.ts";

/** The rungs of a ladder. */
export interface Rungs {
  questions: readonly Question[];
  /** The factor whose levels are the rungs. */
  factor: string;
  by?: readonly string[];
}

/** The respondents of one question with a number on every rung. */
export interface Placed {
  levels: readonly Level[];
  question: Question;
  respondents: number[];
  /** By respondent, a number for each rung. */
  values: number[][];
  /** Respondents with an answer on some rungs only. */
  incomplete: number;
  clusters: number[];
  weights: number[];
}

/**
 * The questions whose options have an order and a direction: where there is none, no shift has a sign.
 *
 * The direction of two options or more is that of their positions, `first` where none is declared.
 */
const directed = (questions: readonly Question[]): Question[] =>
  questions.filter((question) => isOrdered(question) && question.direction !== null);

/**
 * The numbers of respondents that have one on all rungs; several answers on a rung are averaged.
 *
 * @throws {Error} when a factor or rung is unknown, or no question has options with an order
 */
export function placed(
  answers: DataFrame,
  { questions, factor, by = [] }: Rungs,
  rungs: readonly Level[],
  columns: readonly string[],
): { own: Held; factors: readonly string[]; placed: Placed[] } {
  const kept = directed(questions);
  if (!kept.length) {
    throw new Error(
      "No question has options with an order and a direction: without them a shift has no sign",
    );
  }
  const own = held(answers, kept);
  const factors = factorsOf(own.rows, by, [factor, ...columns]);
  factorsOf(own.rows, [factor], columns);
  const levels = own.rows.levels(factor);
  const unknown = rungs.filter((rung) => !levels.includes(rung));
  if (unknown.length || new Set(rungs).size < rungs.length || rungs.length < 2) {
    throw new Error(
      `${factor} has the levels ${
        levels.join(", ")
      }: a ladder has two of them or more, each once; ` +
        `got ${rungs.join(", ")}`,
    );
  }
  const all = cells(own.rows, [...factors, factor]);
  const groups = Map.groupBy(all, ({ levels }) => JSON.stringify(levels.slice(0, -1))).values();
  const made = [...groups].flatMap((group) => {
    const steps = rungs.map((rung) => group.find(({ levels }) => levels.at(-1) === rung));
    if (steps.some((cell) => !cell)) return [];
    return kept.map((question, at) => together(own, at, question, steps as Cell[]));
  });
  return { own, factors, placed: made };
}

function together(own: Held, at: number, question: Question, steps: readonly Cell[]): Placed {
  const scale = placesOf(question);
  const means = steps.map((cell) => {
    const sums = new Map<number, { n: number; sum: number }>();
    for (const row of cell.order) {
      if (own.question[row] !== at || own.option[row]! < 0) continue;
      const one = own.rows.respondent[row]!, held = sums.get(one) ?? { n: 0, sum: 0 };
      held.n += 1;
      held.sum += scale[own.option[row]!]!;
      sums.set(one, held);
    }
    return sums;
  });
  const some = means.reduce((all, own) => all.union(new Set(own.keys())), new Set<number>());
  const respondents = [...some].filter((one) => means.every((own) => own.has(one)))
    .toSorted((a, b) => a - b);
  return {
    levels: steps[0]!.levels.slice(0, -1),
    question,
    respondents,
    values: respondents.map((one) =>
      means.map((own) => {
        const { n, sum } = own.get(one)!;
        return sum / n;
      })
    ),
    incomplete: some.size - respondents.length,
    clusters: respondents.map((one) => own.rows.cluster[one]!),
    weights: respondents.map((one) => own.rows.weight[one]!),
  };
}
