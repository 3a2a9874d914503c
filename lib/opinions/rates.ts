/** What became of replies, by group. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import { cells, factorsOf, keysOf, kindsOf, shareLaid } from "../measures.ts";
import { carried } from "../provenance.ts";
import { weightedShare } from "../stats.ts";
import { held, type Question, REPLY_CLASSES } from "./answers.ts";
import "./columns.ts";

const COLUMNS = {
  question: "text",
  reply_class: "text",
  n: "integer",
  clusters: "integer",
  count: "integer",
  share: "number",
  se: "number",
  ci_lower: "number",
  ci_upper: "number",
  effective_n: "number",
} as const satisfies Record<string, Kind>;

/**
 * How often each class of replies occurred, among all that were asked: by question, or over all of them,
 * and by any factors, such as who was asked.
 *
 * @param answers as `lib/opinions/answers.ts` describes them
 * @returns by level of each factor, question (`All`: all of them together) and reply_class: n (asked),
 *   clusters, count, share (weighted), se, ci_lower, ci_upper (95 %, Wilson's at the effective n),
 *   effective_n
 * @throws {Error} when a factor, column or option is unknown
 */
export const replyRates = carried((
  answers: DataFrame,
  { questions, by = [] }: { questions: readonly Question[]; by?: readonly string[] },
): DataFrame => {
  const own = held(answers, questions);
  const { rows } = own;
  const factors = factorsOf(rows, by, Object.keys(COLUMNS));
  const tidy = cells(rows, factors).flatMap((cell) => {
    const keys = keysOf(factors, cell);
    const rated = (question: string, asked: (row: number) => boolean) =>
      REPLY_CLASSES.map((replyClass, place) => {
        const parts = cell.respondents.length;
        const n = new Float64Array(parts), sum = new Float64Array(parts);
        for (let part = 0; part < parts; part++) {
          for (let at = cell.starts[part]!; at < cell.starts[part + 1]!; at++) {
            const row = cell.order[at]!;
            if (!asked(row)) continue;
            n[part]! += 1;
            sum[part]! += Number(own.replyClass[row] === place);
          }
        }
        const share = weightedShare({
          cluster: Int32Array.from(cell.respondents, (one) => rows.cluster[one]!),
          weight: Float64Array.from(cell.respondents, (one) => rows.weight[one]!),
          n,
          sum,
        });
        return {
          ...keys,
          question,
          reply_class: replyClass,
          count: sum.reduce((total, one) => total + one, 0),
          ...shareLaid(share),
        };
      });
    return [
      ...questions.flatMap(({ question }, at) =>
        rated(question, (row) => own.question[row] === at)
      ),
      ...questions.length > 1 ? rated("All", (row) => own.question[row]! >= 0) : [],
    ];
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...COLUMNS });
});
