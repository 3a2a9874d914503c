/** Cells, or people with weights, brought to margins; and what weights cost. */
import { checked, sum } from "./basics.ts";

/** A margin to be reached. */
export interface Margin {
  /** What it is called in errors. */
  name: string;
  /** Of each cell, or person, which of the levels of the margin it is in: from 0. */
  place: ArrayLike<number>;
  /** By level, in any unit that all margins share: counts, or shares. */
  target: readonly number[];
}

/** Rounds after which what is not reached is taken for what cannot be. */
const ROUNDS = 1000;
/** How far a margin may be off, and where rounding is all that is left: parts of the total. */
const REACHED = 1e-10, ROUNDED = 1e-14;

/**
 * Raking, or iterative proportional fitting: the seed multiplied to one margin after the other until all
 * are within 1e-10 of the total.
 *
 * The odds ratios of the seed stay, and a cell of 0 stays 0: where it stands for a group that is not
 * known rather than one that cannot be, add something to it. What a margin has no target for keeps
 * its part. The result has the unit of the targets. Source: Deming & Stephan 1940, Annals of Mathematical
 * Statistics 11, 427–444.
 *
 * @param seed cells in any order, or the weights of people: 0 or more
 * @throws {RangeError} when a number is negative or not finite, the margins differ in their total, a level
 *   has a target and no seed, or some margin is not reached in 1,000 rounds, naming it
 */
export function raked(seed: ArrayLike<number>, margins: readonly Margin[]): Float64Array {
  const most = largest("A seed", seed);
  const cells = Float64Array.from(seed, (cell) => most > 0 ? cell / most : 0);
  if (!margins.length) return cells.map((cell) => cell * most);
  const totals = margins.map(({ name, target }) => {
    largest(`Margin ${name}`, target);
    return sum(target);
  });
  const total = totals[0]!;
  const odd = totals.findIndex((one) => !(Math.abs(one - total) <= 1e-9 * total));
  if (!(total > 0) || odd > 0) {
    throw new RangeError(
      `Margins have one total above 0: ${margins[0]!.name} adds up to ${total}` +
        (odd > 0 ? `, ${margins[odd]!.name} to ${totals[odd]}` : ""),
    );
  }
  const own = margins.map(({ name, place, target }) => ({
    name,
    place: Int32Array.from(place),
    share: Float64Array.from(target, (one) => one / total),
    there: new Float64Array(target.length),
  }));
  for (const [at, margin] of own.entries()) {
    const { name, place, share, there } = margin;
    const lost = place.length === cells.length
      ? place.find((level) => !(level >= 0 && level < share.length))
      : place.length;
    if (lost !== undefined) {
      throw new RangeError(
        `Margin ${name} says of each of ${cells.length} cells which of ${share.length} levels it is in: got ` +
          lost,
      );
    }
    // A zero that must be more cannot become so: said before a thousand rounds.
    count(cells, margin);
    const empty = share.findIndex((one, level) => one > 0 && !(there[level]! > 0));
    if (empty >= 0) {
      throw new RangeError(
        `Margin ${name} cannot be reached: level ${empty + 1} has the target ` +
          `${margins[at]!.target[empty]}, and every cell of it is 0`,
      );
    }
  }
  let before = Infinity, off = { by: Infinity, name: "" };
  for (let round = 0; round <= ROUNDS; round++) {
    off = { by: 0, name: own[0]!.name };
    for (const margin of own) {
      const { name, place, share, there } = margin;
      count(cells, margin);
      for (let level = 0; level < share.length; level++) {
        const distance = Math.abs(there[level]! - share[level]!);
        if (!(distance <= off.by)) off = { by: distance, name };
      }
      for (let cell = 0; cell < cells.length; cell++) {
        const level = place[cell]!;
        // What a level holds is divided first: no factor is as large as the seed is small.
        if (there[level]! > 0) cells[cell] = cells[cell]! / there[level]! * share[level]!;
      }
    }
    // Each margin was compared after the one before it was reached, and the first after all of them.
    if (off.by <= ROUNDED || (off.by <= REACHED && off.by >= before)) break;
    before = off.by;
  }
  if (off.by > REACHED) {
    throw new RangeError(
      `Margin ${off.name} is still off by ${
        off.by.toPrecision(3)
      } of the total after ${ROUNDS} rounds: ` +
        "the zeros of the seed leave no cells that have all margins",
    );
  }
  return cells.map((cell) => cell * total);
}

/** The largest of numbers of 0 or more. */
function largest(what: string, of: ArrayLike<number>): number {
  let most = 0;
  for (const one of checked(Array.from(of))) {
    if (one < 0) throw new RangeError(`${what} has numbers of 0 or more: got ${one}`);
    most = Math.max(most, one);
  }
  return most;
}

/** Adds up the cells of each level. */
function count(
  cells: Float64Array,
  { place, there }: { place: Int32Array; there: Float64Array },
): void {
  there.fill(0);
  for (let cell = 0; cell < cells.length; cell++) there[place[cell]!]! += cells[cell]!;
}

/** What unequal weights leave of n rows. */
export interface Weighted {
  n: number;
  /** Kish's (Σw)² / Σw²; null without a weight above 0. */
  effectiveN: number | null;
  /** n / effective n, which is 1 + CV² of the weights. */
  designEffect: number | null;
}

/**
 * The effective n of weighted rows and the design effect of their weights. Nothing but weights is in it:
 * rows of one cluster are taken for independent. Source: Kish 1965, Survey Sampling, ch. 11.7.
 *
 * @throws {RangeError} when a weight is negative or not finite
 */
export function effectiveSize(weights: readonly number[]): Weighted {
  const most = largest("A row", weights), n = weights.length;
  if (most === 0) return { n, effectiveN: null, designEffect: null };
  const parts = weights.map((weight) => weight / most);
  const effectiveN = sum(parts) ** 2 / sum(parts.map((part) => part ** 2));
  return { n, effectiveN, designEffect: n / effectiveN };
}
