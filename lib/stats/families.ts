/** Adjusted p of a family of tests: those that a reader would call significant together. */

/** `adjusted` in the order of the p given; `size` is the number of tests that count. */
export interface Family {
  adjusted: (number | null)[];
  size: number;
}

/**
 * Holm's step-down p: p₍ᵢ₎ · (m − i + 1), running maximum, at most 1. Holds the chance of any false
 * rejection in the family, however the tests depend on each other.
 *
 * A null p stays null and does not count in m. Source: Holm 1979, Scandinavian Journal of Statistics 6,
 * 65–70.
 *
 * @throws {RangeError} when a p is not between 0 and 1
 */
export function holm(ps: readonly (number | null)[]): Family {
  return stepwise(ps, (sorted) => {
    const m = sorted.length;
    let highest = 0;
    return sorted.map((p, i) => highest = Math.max(highest, Math.min(1, p * (m - i))));
  });
}

/**
 * Benjamini and Hochberg's step-up p: p₍ᵢ₎ · m / i, running minimum from the largest. Holds the expected
 * share of false rejections among all rejections, for tests that are independent or depend positively.
 *
 * A null p stays null and does not count in m. Source: Benjamini & Hochberg 1995, JRSS B 57, 289–300.
 *
 * @throws {RangeError} when a p is not between 0 and 1
 */
export function benjaminiHochberg(ps: readonly (number | null)[]): Family {
  return stepwise(ps, (sorted) => {
    const m = sorted.length;
    let lowest = 1;
    const fromLargest = sorted.toReversed()
      .map((p, i) => lowest = Math.min(lowest, m / (m - i) * p));
    return fromLargest.toReversed();
  });
}

function stepwise(
  ps: readonly (number | null)[],
  adjust: (sorted: readonly number[]) => number[],
): Family {
  const counting = ps.flatMap((p, at) => p === null ? [] : [{ p, at }]);
  const odd = counting.find(({ p }) => !(p >= 0 && p <= 1));
  if (odd !== undefined) throw new RangeError(`A p lies between 0 and 1: got ${odd.p}`);
  const sorted = counting.toSorted((a, b) => a.p - b.p);
  const adjusted: (number | null)[] = ps.map(() => null);
  adjust(sorted.map(({ p }) => p)).forEach((p, i) => adjusted[sorted[i]!.at] = p);
  return { adjusted, size: counting.length };
}
