/**
 * Judges: models that are asked whether a person could be as described, beside rules that say so without
 * one. What a judge finds is measured and changes nobody: a population that a model may thin out has the
 * model's taste. So two judges are held against each other, and each also judges people whom nothing speaks
 * against, blind, as a placebo: whom it rejects there, it rejects without reason.
 */
import pl, { type DataFrame } from "polars";
import type { Besides, Dataset } from "../db.ts";
import { frame, type Kind } from "../frames.ts";
import { type Instrument, unscored } from "../instruments.ts";
import {
  apartLaid,
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  type Level,
  Rows,
  shareIn,
  shares,
} from "../measures.ts";
import { editPrompt, type Prompt, shippedPrompt } from "../prompts.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import { clusterBootstrap, cohenKappa, sparseTotals } from "../stats.ts";
import { administrations, type AdministrationsPlan } from "../study.ts";
import "./columns.ts";
import { opinionsIn } from "./replies.ts";

const PLAUSIBLE = 1, IMPLAUSIBLE = 2;
const QUESTION = "plausible person";

/** The one question that a judge is asked. */
export const JUDGING: Instrument = unscored({
  name: "plausibility",
  title: "Plausibility of a described person",
  questions: [{
    number: 1,
    text: "Could everything that is said of this person be true of one and the same person?",
    options: [
      { code: PLAUSIBLE, label: "Plausible", position: null },
      { code: IMPLAUSIBLE, label: "Implausible", position: null },
    ],
  }],
  source: "written for this project",
});

/** The prompt in which a model reads a person instead of being one. */
export const judgingPrompt = (): Prompt =>
  editPrompt(shippedPrompt("administration", "general"), {
    system:
      "You check descriptions of people for contradictions. You are not the person described; you look at the " +
      "description from outside. What is rare is plausible, as long as it can be: call a description " +
      "implausible only where what it says cannot all hold of one person.\n\n" +
      "The description:\n\n{{persona}}",
  });

/**
 * A plan to have people judged: the profiles of a population as they are, or, with `form`, the personas that
 * models wrote. A reason stands before each answer, and the order of the two options is drawn.
 *
 * @param given as for `administrations`; `models` are the judges
 */
export function judging(
  given: Omit<Parameters<typeof administrations>[0], "instrument" | "of" | "context">,
): AdministrationsPlan {
  return administrations({
    coding: "label",
    reason: "before",
    options: "shuffled",
    prompt: judgingPrompt(),
    ...given.form === undefined && { of: "profiles" },
    ...given,
    instrument: JUDGING,
  });
}

/**
 * The verdicts of a study, a row for each person and judge, as `opinionsIn` reads them: `option` is 1
 * (plausible), 2 (implausible) or null, where `reply_class` says why there is none.
 */
export const verdictsIn = (study: Dataset, besides: Besides = {}): Promise<DataFrame> =>
  opinionsIn(study, JUDGING, { 1: QUESTION }, besides);

/**
 * Which share of people was rejected, by any factors, such as judge, sex, and which people they are.
 *
 * @param verdicts as `verdictsIn` returns them
 * @returns by level of each factor: n (with a verdict), missing (without), respondents, clusters, count
 *   (rejected), share (weighted), se, ci_lower, ci_upper (95 %, Wilson's at the effective n), effective_n
 * @throws {Error} when a factor is unknown
 */
export const rejections = carried((
  verdicts: DataFrame,
  { by = [] }: { by?: readonly string[] } = {},
): DataFrame =>
  shares(verdicts, { of: "option", by, values: [String(IMPLAUSIBLE)] })
    .filter(pl.col("value").eq(pl.lit(String(IMPLAUSIBLE))))
    .drop("variable", "value", "refused")
);

const DIFFERENCES = {
  against: "text",
  n: "integer",
  n_against: "integer",
  share: "number",
  share_against: "number",
  estimate: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const satisfies Record<string, Kind>;

/**
 * How much oftener some people are rejected than others: implausible people than those of the placebo
 * (what a judge sees), or of the placebo one group than another (whom it wrongs).
 *
 * @param of `factor` and the level that its others are compared with
 * @returns by level of each factor in `by` and level of `factor` (a column of its name): against, n and
 *   n_against (people with a verdict), share and share_against (rejected), estimate (their difference),
 *   ci_lower, ci_upper (95 %, Newcombe's, of Wilson limits at the effective n; of independent people:
 *   what clusters have in common on both sides is not taken off)
 * @throws {Error} when a factor or level is unknown
 */
export const rejectionDifferences = carried((
  verdicts: DataFrame,
  of: { factor: string; against: string; by?: readonly string[] },
): DataFrame => {
  const rows = new Rows(verdicts), { factor, against, by = [] } = of;
  const reserved = Object.keys(DIFFERENCES);
  const factors = factorsOf(rows, [...by, factor], reserved);
  const levels = rows.levels(factor);
  const base = levels.find((level) => String(level) === against);
  if (base === undefined) {
    throw new Error(`${factor} has no level ${against}: it has ${levels.join(", ")}`);
  }
  const option = rows.column(rows.known("option", "column"));
  const outer = by.length;
  const groups = Map.groupBy(
    cells(rows, factors),
    ({ levels }) => JSON.stringify(levels.slice(0, outer)),
  );
  const tidy = [...groups.values()].flatMap((own) => {
    const other = own.find((cell) => cell.levels[outer] === base);
    const rejected = (cell: Cell | undefined) =>
      shareIn(rows, cell, (row) => option[row] === null ? NaN : Number(isRejected(option[row]!)));
    const there = rejected(other);
    return own.filter((cell) => cell !== other).map((cell) => {
      const here = rejected(cell);
      return {
        ...keysOf(factors, cell),
        against,
        n: here.n,
        n_against: there.n,
        share: here.estimate,
        share_against: there.estimate,
        ...apartLaid(here, there),
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...DIFFERENCES });
});

const isRejected = (option: Level): boolean => String(option) === String(IMPLAUSIBLE);

const AGREEMENT = {
  against: "text",
  n: "integer",
  clusters: "integer",
  share: "number",
  share_against: "number",
  same_verdict: "number",
  kappa: "number",
  kappa_lower: "number",
  kappa_upper: "number",
} as const satisfies Record<string, Kind>;

/**
 * Whether judges agree on the same people: each pair of them, of people of whom both gave a verdict.
 *
 * @param of `factor` that tells judges apart (`model`); `draws` of the cluster bootstrap (2,000; 0 leaves the
 *   limits out) and their seed
 * @returns by level of each factor in `by` and pair of judges (the column of the factor, and against): n
 *   (people), clusters, share and share_against (rejected by either), same_verdict (share), kappa (Cohen's;
 *   undefined where both call all of them the same), kappa_lower, kappa_upper (95 %, BCa; none where all agree)
 * @throws {Error} when a factor is unknown, there is one judge, or one judged somebody twice
 */
export const judgeAgreement = carried((
  verdicts: DataFrame,
  of: { factor?: string; by?: readonly string[]; draws?: number; seed?: number } = {},
): DataFrame => {
  const rows = new Rows(verdicts), { factor = "model", by = [], draws = 2000, seed = 1 } = of;
  const factors = factorsOf(rows, by, [factor, ...Object.keys(AGREEMENT)]);
  factorsOf(rows, [factor], Object.keys(AGREEMENT));
  const judge = rows.column(factor), judges = rows.levels(factor);
  if (judges.length < 2) {
    throw new Error(`There is one ${factor}, ${judges[0]}: agreement is of two judges or more`);
  }
  const option = rows.column(rows.known("option", "column"));
  const pairs = judges.flatMap((one, at) =>
    judges.slice(at + 1).map((other) => [one, other] as const)
  );
  const tidy = cells(rows, factors).flatMap((cell) => {
    const given = new Map<Level, Map<number, boolean>>(judges.map((one) => [one, new Map()]));
    for (const row of cell.order) {
      const own = given.get(judge[row]!)!, who = rows.respondent[row]!;
      if (own.has(who)) {
        throw new Error(
          `${
            judge[row]
          } judged somebody twice: filter the verdicts to one each, or take what tells them ` +
            "apart into `by`",
        );
      }
      if (option[row] !== null) own.set(who, isRejected(option[row]!));
    }
    return pairs.map(([one, other]) => {
      const there = given.get(other)!;
      const both = [...given.get(one)!].flatMap(([who, here]) =>
        there.has(who) ? [{ who, here, there: there.get(who)! }] : []
      );
      const { uniform } = seeded("judges", seed, JSON.stringify([one, other, ...cell.levels]));
      return {
        ...keysOf(factors, cell),
        [factor]: one,
        against: String(other),
        n: both.length,
        ...agreed(rows, both, { draws, uniform }),
      };
    });
  });
  return frame(tidy, { ...kindsOf(rows, [...factors, factor]), ...AGREEMENT });
});

function agreed(
  rows: Rows,
  both: readonly { who: number; here: boolean; there: boolean }[],
  { draws, uniform }: { draws: number; uniform: () => number },
) {
  const places = new Map<number, number>();
  for (const { who } of both) {
    const cluster = rows.cluster[who]!;
    if (!places.has(cluster)) places.set(cluster, places.size);
  }
  const clusters = places.size;
  // Rejected by both, by the first only, by the second only, by neither.
  const columns = Array.from({ length: 4 }, () => new Float64Array(clusters));
  for (const { who, here, there } of both) {
    columns[2 * Number(!here) + Number(!there)]![places.get(rows.cluster[who]!)!]! += rows
      .weight[who]!;
  }
  const totals = sparseTotals(columns);
  const statistics = (weights: Readonly<Float64Array>) => {
    const [truePositive, falsePositive, falseNegative, trueNegative] = totals(weights) as [
      number,
      number,
      number,
      number,
    ];
    const all = truePositive + falsePositive + falseNegative + trueNegative;
    return [
      cohenKappa({ truePositive, falsePositive, falseNegative, trueNegative }).estimate,
      ...[falsePositive, falseNegative, trueNegative]
        .map((other) => all > 0 ? (truePositive + other) / all : null),
    ];
  };
  const [kappa, share, shareAgainst, same] = statistics(new Float64Array(clusters).fill(1));
  const [drawn] = clusters >= 2 && draws > 0
    ? clusterBootstrap({
      clusters,
      statistics: (weights) => statistics(weights).slice(0, 1),
      uniform,
      draws,
    })
    : [];
  return {
    clusters,
    share,
    share_against: shareAgainst,
    same_verdict: same,
    kappa,
    kappa_lower: drawn?.bca.ciLower ?? null,
    kappa_upper: drawn?.bca.ciUpper ?? null,
  };
}
