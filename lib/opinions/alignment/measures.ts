/** What is measured of two distributions over the options of a question. */
import {
  type Distribution,
  jensenShannon,
  normalReach,
  nullLevel,
  rangeOf,
  totalVariation,
  type TwoSamples,
  wasserstein,
} from "../../stats.ts";
import { answersTo, isOrdered, type Question } from "../answers.ts";

/** `alignment` is a likeness, 1 at best; the others are distances, 0 at best. */
export const MEASURES = ["alignment", "total_variation", "jensen_shannon"] as const;
export type Measure = (typeof MEASURES)[number];

/**
 * Alignment, 1 − W1 / (the largest − the smallest position): 1 where the distributions are one, 0 where all
 * of one are at one end and all of the other at the other. Of two options it is 1 − |p − r|. Null where a
 * distribution is empty. Source: Santurkar et al. 2023, ICML, PMLR 202 (arXiv 2303.17548).
 *
 * @throws {RangeError} as `wasserstein`
 */
export function alignmentOf(
  p: Distribution,
  r: Distribution,
  positions: readonly number[],
): number | null {
  const distance = wasserstein(p, r, positions);
  return distance === null ? null : 1 - distance / rangeOf(positions);
}

/** The positions of the options that are answers; null where they have no order. */
export const positionsOf = (question: Question): number[] | null =>
  isOrdered(question) ? answersTo(question).map(({ position }) => position!) : null;

/** How a measure is made of two distributions over the options of a question. */
export function measured(
  measure: Measure,
  question: Question,
): (p: Distribution, r: Distribution) => number | null {
  if (measure === "total_variation") return totalVariation;
  if (measure === "jensen_shannon") return jensenShannon;
  const positions = positionsOf(question);
  if (!positions) {
    throw new RangeError(
      `The options of question ${question.question} have no order, so that it has no alignment: ` +
        `give them positions, or measure ${MEASURES.slice(1).join(" or ")}`,
    );
  }
  return (p, r) => alignmentOf(p, r, positions);
}

/** What a measure is expected to be of two samples of one distribution; null of an empty one. */
export function expectedOf(
  measure: Measure,
  question: Question,
  of: Omit<TwoSamples, "positions">,
): number | null {
  if (!(of.n > 0)) return null;
  const positions = positionsOf(question);
  const level = nullLevel({ ...of, positions });
  if (level === null) return null;
  return measure === "total_variation"
    ? level.totalVariation
    : measure === "jensen_shannon"
    ? level.jensenShannon
    : 1 - level.wasserstein! / rangeOf(positions!);
}

/** How much further apart than a level: distances grow, alignment falls. */
export const beyond = (measure: Measure, estimate: number | null, level: number | null) =>
  estimate === null || level === null
    ? null
    : measure === "alignment"
    ? level - estimate
    : estimate - level;

/** Standard deviation by mean of a distance of two options that chance alone makes: half-normal. */
const SCATTER = Math.sqrt(Math.PI / 2 - 1);

/**
 * Whether chance alone may have made a distance: whether it is no further beyond its null level than
 * distances of samples of one distribution scatter, those of two options widest of all.
 *
 * @param questions that the score is a mean over
 */
export function chanceMade(
  measure: Measure,
  { estimate, level, questions }: { estimate: number; level: number; questions: number },
): boolean {
  const distance = (of: number) => measure === "alignment" ? 1 - of : of;
  const reach = normalReach(0.95) * SCATTER / Math.sqrt(questions);
  return distance(estimate) <= distance(level) * (1 + reach);
}

/** The end of the scale where nothing lies apart. */
export const together = (measure: Measure): 0 | 1 => measure === "alignment" ? 1 : 0;

/**
 * Limits of a score: normal, within 0 and 1, and up to where nothing lies apart if chance alone may have
 * made the distance. Without that, limits would leave out the truth whenever the truth is near: distances
 * of samples cannot reach 0, and neither can those of their bootstrap draws.
 */
export function limitsOf(
  measure: Measure,
  of: { estimate: number | null; se: number | null; level: number | null; questions: number },
): { ci_lower: number | null; ci_upper: number | null } {
  const { estimate, se, level, questions } = of;
  if (estimate === null || se === null || level === null) {
    return { ci_lower: null, ci_upper: null };
  }
  const reach = normalReach(0.95) * se, end = together(measure);
  const near = chanceMade(measure, { estimate, level, questions });
  const lower = near && end === 0 ? 0 : Math.max(0, estimate - reach);
  const upper = near && end === 1 ? 1 : Math.min(1, estimate + reach);
  // Where nothing varies there is no interval.
  return upper - lower > 1e-12
    ? { ci_lower: lower, ci_upper: upper }
    : { ci_lower: null, ci_upper: null };
}

/** Which measures a question has unless others are named. */
export const measuresOf = (question: Question, asked?: readonly Measure[]): readonly Measure[] => {
  const odd = asked?.find((one) => !MEASURES.includes(one));
  if (odd !== undefined) {
    throw new RangeError(`There is no measure ${odd}: there are ${MEASURES.join(", ")}`);
  }
  return asked ?? (isOrdered(question) ? ["alignment"] : ["total_variation", "jensen_shannon"]);
};
