/** What is true of the cells of the published tables, where a study is simulated. */
import type { DataFrame } from "polars";
import { z } from "zod";
import { condition } from "../../paper/conditions.ts";
import { ATTRIBUTES } from "../../paper/design.ts";
import { DEMOGRAPHICS } from "../../db.ts";
import { frame, rows } from "../../frames.ts";
import { bfi44, epqra } from "../../paper/instruments.ts";
import { keyedAnswer } from "../../instruments.ts";
import { below } from "./latent.ts";
import {
  DEFAULTS,
  type Simulated,
  type SimulatedBfi,
  type Specification,
} from "./specification.ts";
import {
  alphaOf,
  jointScores,
  NODES,
  pairTruth,
  type Scale,
  scaleOf,
  scoreGiven,
} from "./truth.ts";

/**
 * The personas that a simulated study has on average, in the shape of `Study.demographics`: what
 * `demographics` of `lib/paper/tables.ts` makes of them are the true shares.
 *
 * @returns counts for 10⁹ personas in each cell, so that shares are right to 9 digits
 */
export function expectedDemographics({ cells }: Simulated): DataFrame {
  const counted = cells.flatMap((cell) =>
    ATTRIBUTES.flatMap(({ column }) => {
      if (!cell.model.demographics?.[column]) return [];
      const { categories, rates } = cell.demographic(column);
      return categories.map((value, at) => ({
        own: "yes",
        model: cell.model.id,
        population: cell.population,
        model_print: cell.model.label,
        population_print: cell.condition.name,
        repetition: 1,
        attribute: column,
        value,
        n: Math.round(1e9 * rates[at]!),
      }));
    })
  );
  return frame(counted, DEMOGRAPHICS);
}

/**
 * The true value of every cell of a table, of the population that a specification draws from: the mean
 * difference from the profile (Table 4), the correlation of scale and trait under Base (Table 5), alpha
 * (Table 6). Undefined where nothing varies.
 *
 * @returns the layout's keys and `truth`
 * @throws {RangeError} when a profile has several sheets, whose means are tested, or a condition sets
 *   some of a scale's items
 */
export function truths(
  specification: Specification,
  table: "table4" | "table5" | "table6",
): DataFrame {
  const { models, sheets = 1, profiles: { instrument = epqra } } = specification;
  if (sheets !== 1) throw new RangeError(`Truths are of 1 sheet per profile: got ${sheets}`);
  if (table === "table5") {
    const cells = models.flatMap((model) =>
      model.bfi
        ? instrument.scales.flatMap((scale) => {
          const of = scaleOf(specification, model, "Base", scale);
          return bfi44.scales.map((trait) => ({
            model: model.label,
            epqra_scale: scale,
            bfi_trait: trait,
            truth: finite(correlationTruth(of, model.bfi!, scale, trait)),
          }));
        })
        : []
    );
    return frame(cells, {
      model: "text",
      epqra_scale: "text",
      bfi_trait: "text",
      truth: "number",
    });
  }
  const conditions = (specification.conditions ?? DEFAULTS)
    .map((one) => typeof one === "string" ? condition(one) : one);
  const cells = models.flatMap((model) =>
    conditions.flatMap((condition) =>
      instrument.scales.map((scale) => {
        const of = scaleOf(specification, model, condition, scale);
        const truth = table === "table4" ? pairTruth(jointScores(of)).difference : alphaOf(of);
        return { model: model.label, condition: condition.name, scale, truth: finite(truth) };
      })
    )
  );
  return frame(cells, { model: "text", condition: "text", scale: "text", truth: "number" });
}

/** Sums over the nodes leave 1e-14 where the truth is 0. */
const finite = (value: number): number | null =>
  Number.isFinite(value) ? Math.abs(value) < 1e-12 ? 0 : value : null;

/**
 * Correlation of a persona's scale score with its trait score.
 *
 * They have the profile's latent of the scale in common and nothing else: the covariance is that of
 * their two means given it. Given the trait the BFI items are independent.
 */
function correlationTruth(of: Scale, bfi: SimulatedBfi, scale: string, trait: string): number {
  const { loadings, item = 0.6, mean: centre = 3, sd: spread = 1 } = bfi;
  const loading = loadings[trait]?.[scale] ?? 0;
  const items = bfi44.items.filter((own) => own.scale === trait);
  // A score of v or more, where the level is so high; of a reverse-scored item likewise.
  const cuts = items.map((own) =>
    [2, 3, 4, 5].map((v) =>
      keyedAnswer(bfi44, own) === bfi44.highest
        ? (v - 0.5 - centre) / spread
        : (v - 6.5 + centre) / spread
    )
  );
  /** Chances of each item to score 2, 3, 4 and 5 or more, with the level normal around `at`. */
  const chances = (at: number, sd: number) =>
    cuts.map((own) => own.map((cut) => below((at - cut) / sd)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const noise = Math.sqrt(1 - item ** 2);
  const moments = { s: 0, ss: 0, t: 0, tt: 0, st: 0 };
  for (const { z, weight } of NODES) {
    const score = scoreGiven(of, z);
    const slope = item * loading;
    const shared = sum(chances(slope * z, Math.sqrt(1 - slope ** 2)).map(sum));
    moments.s += weight * score.mean;
    moments.ss += weight * score.square;
    moments.st += weight * score.mean * shared;
    // z stands for the trait here, which is standard normal as well.
    const own = chances(item * z, noise);
    const means = own.map(sum);
    const variance = sum(
      own.map((p, at) => sum(p.map((chance, place) => (2 * place + 1) * chance)) - means[at]! ** 2),
    );
    moments.t += weight * sum(means);
    moments.tt += weight * (sum(means) ** 2 + variance);
  }
  const { s, ss, t, tt, st } = moments;
  return (st - s * t) / Math.sqrt((ss - s * s) * (tt - t * t));
}

const Held = z.object({
  truth: z.number().nullable(),
  ci_lower: z.number().nullable(),
  ci_upper: z.number().nullable(),
  p_naive: z.number().nullable(),
  p_cluster: z.number().nullable(),
  p_holm: z.number().nullable(),
});

/** How a table of survival stands to the truth; `*_null` count cells in which nothing is to be found. */
export interface Score {
  cells: number;
  /** Cells whose interval holds the truth. */
  held: number;
  cells_null: number;
  naive_null: number;
  cluster_null: number;
  holm_null: number;
  /** Cells in which something is to be found, and what was found at 5 %. */
  cells_true: number;
  naive_true: number;
  cluster_true: number;
  holm_true: number;
}

/**
 * Counts in how many cells the interval holds the truth, and which tests reject at 5 %. An interval
 * without width is none: nobody was in the category, and nothing was estimated.
 *
 * @param survived as `robustness` of `lib/paper/tables.ts` gives it, with a column `truth`
 */
export function scored(survived: DataFrame): Score {
  const cells = rows(survived.select(...Object.keys(Held.shape)), Held)
    .filter(({ truth, ci_lower, ci_upper }) =>
      truth !== null && ci_lower !== null && ci_upper !== null && ci_lower < ci_upper
    );
  const tested = cells.filter(({ p_cluster }) => p_cluster !== null);
  const none = tested.filter(({ truth }) => Math.abs(truth!) < 1e-8);
  const some = tested.filter(({ truth }) => Math.abs(truth!) >= 1e-8);
  const found = (own: typeof cells, p: "p_naive" | "p_cluster" | "p_holm") =>
    own.filter((cell) => cell[p] !== null && cell[p] < 0.05).length;
  return {
    cells: cells.length,
    held:
      cells.filter(({ truth, ci_lower, ci_upper }) => ci_lower! <= truth! && truth! <= ci_upper!)
        .length,
    cells_null: none.length,
    naive_null: found(none, "p_naive"),
    cluster_null: found(none, "p_cluster"),
    holm_null: found(none, "p_holm"),
    cells_true: some.length,
    naive_true: found(some, "p_naive"),
    cluster_true: found(some, "p_cluster"),
    holm_true: found(some, "p_holm"),
  };
}
