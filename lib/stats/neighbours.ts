/** Whether one set of points lies where another does: nearest neighbours, and the tendency to cluster. */

import { finite } from "./basics.ts";

/** Points of one space: coordinates, all of the same number. */
export type Points = readonly (readonly number[])[];

/** Points as one array of coordinates. */
interface Packed {
  n: number;
  dimensions: number;
  values: Float64Array;
}

/** @throws {RangeError} when a coordinate is not finite, or points have different numbers of them */
function packed(points: Points, dimensions = points[0]?.length ?? 0): Packed {
  const odd = points.findIndex((point) =>
    point.length !== dimensions || point.some((value) => !(Math.abs(value) <= 1e70))
  );
  if (odd >= 0) {
    throw new RangeError(
      `Point ${odd + 1} of ${points.length} needs ${dimensions} finite coordinates: ` +
        `current value is [${points[odd]!.join(", ")}]`,
    );
  }
  const values = new Float64Array(points.length * dimensions);
  points.forEach((point, i) => values.set(point, i * dimensions));
  return { n: points.length, dimensions, values };
}

/** Squared Euclidean distance of point i of a and point j of b. */
function squared(a: Packed, i: number, b: Packed, j: number): number {
  let [at, to, sum] = [i * a.dimensions, j * a.dimensions, 0];
  for (const end = at + a.dimensions; at < end; at++, to++) {
    const away = a.values[at]! - b.values[to]!;
    sum += away * away;
  }
  return sum;
}

/** Squared distance from each point to its k-th nearest other one. */
function radii(points: Packed, k: number): Float64Array {
  const nearest = new Float64Array(k);
  return Float64Array.from({ length: points.n }, (_, i) => {
    nearest.fill(Infinity);
    for (let j = 0; j < points.n; j++) {
      const distance = i === j ? Infinity : squared(points, i, points, j);
      if (distance >= nearest[k - 1]!) continue;
      let place = k - 1;
      for (; place > 0 && nearest[place - 1]! > distance; place--) {
        nearest[place] = nearest[place - 1]!;
      }
      nearest[place] = distance;
    }
    return nearest[k - 1]!;
  });
}

/** How well a sample covers a reference, and how thickly it lies there. */
export interface Coverage {
  /** Share of the reference points with a point of the sample in their ball. */
  coverage: number | null;
  /** Balls that a point of the sample lies in, on average, divided by k; not bounded by 1. */
  density: number | null;
}

/**
 * Coverage and density of samples against a reference: the ball of a reference point reaches to its
 * k-th nearest other reference point (Euclidean).
 *
 * Balls are closed, as in Kynkäänniemi et al.: of whole-number points many lie exactly on the rim, and
 * an open ball around a point with k duplicates would be empty. With such ties a ball holds more than k
 * points, so that neither number is 1 where both sets have one distribution: compare with a sample that
 * does. Null when the reference has no k + 1 points or the sample none. Source: Naeem et al. 2020, ICML,
 * PMLR 119, 7176–7185 (arXiv 2002.09797); Kynkäänniemi et al. 2019, NeurIPS 32.
 *
 * @returns what measures one sample; the reference's balls are made once
 * @throws {RangeError} when k is no whole number of 1 or more, or points do not fit together
 */
export function neighbourhoods(reference: Points, k = 5): (sample: Points) => Coverage {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`k is 1 or more: current value is ${k}`);
  const centres = packed(reference);
  const reach = centres.n > k ? radii(centres, k) : null;
  return (sample) => {
    const points = packed(sample, centres.n ? centres.dimensions : undefined);
    if (reach === null || points.n === 0) return { coverage: null, density: null };
    let covered = 0, inside = 0;
    for (let i = 0; i < centres.n; i++) {
      const before = inside;
      for (let j = 0; j < points.n; j++) {
        if (squared(centres, i, points, j) <= reach[i]!) inside += 1;
      }
      covered += Number(inside > before);
    }
    return { coverage: covered / centres.n, density: inside / (k * points.n) };
  };
}

/**
 * Hopkins' statistic: Σuᵉ / (Σuᵉ + Σwᵉ), where u are the distances from m places to their nearest point,
 * and w those from m points, drawn without replacement, to their nearest other point.
 *
 * The places are the null: where the points are like them the statistic is near ½, and clustered points
 * have more. With places uniform in a box, points uniform in it too, the number of dimensions as
 * exponent and m small beside n it is Beta(m, m); with any other exponent it is not. Null with fewer than
 * 2 points, without places, or where all distances are 0. Source: Hopkins & Skellam 1954, Annals of
 * Botany 18, 213–227 (exponent 2 in the plane); Cross & Jain 1982, IFAC Theory and Application of Digital
 * Control, 315–320; Wright 2022, R Journal 14(3), 282–292.
 *
 * @param of m is the number of places, at most the number of points; `uniform` gives m numbers in [0, 1)
 * @throws {RangeError} when there are more places than points, they do not fit together, or the exponent
 *   is not positive
 */
export function hopkins(of: {
  points: Points;
  places: Points;
  exponent: number;
  uniform: () => number;
}): number | null {
  const { exponent, uniform } = of;
  const points = packed(of.points);
  const m = of.places.length;
  if (!(exponent > 0 && exponent < Infinity)) {
    throw new RangeError(`Distances have a positive exponent: got ${exponent}`);
  }
  if (points.n < 2 || m === 0) return null;
  if (m > points.n) {
    throw new RangeError(`Of ${points.n} points no more are drawn: got ${m} places`);
  }
  const places = packed(of.places, points.dimensions);
  const rest = Array.from({ length: points.n }, (_, i) => i);
  for (let place = 0; place < m; place++) {
    const other = place + Math.floor(uniform() * (points.n - place));
    [rest[place], rest[other]] = [rest[other]!, rest[place]!];
  }
  const drawn = rest.slice(0, m);
  const power = (square: number) => square ** (exponent / 2);
  const u = drawn.reduce((sum, _, i) => sum + power(nearest(places, i, points, -1)), 0);
  const w = drawn.reduce((sum, i) => sum + power(nearest(points, i, points, i)), 0);
  return u + w > 0 ? finite(u / (u + w)) : null;
}

function nearest(from: Packed, i: number, points: Packed, without: number): number {
  let least = Infinity;
  for (let j = 0; j < points.n; j++) {
    if (j !== without) least = Math.min(least, squared(from, i, points, j));
  }
  return least;
}
