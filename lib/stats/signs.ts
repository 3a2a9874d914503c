/** The sign-flip test: what a mean of differences is worth when nothing is assumed of their spread. */
import { checked, sum } from "./basics.ts";

/** `informative` counts the differences that are not 0, which are all that the test goes by. */
export interface SignFlip {
  p: number | null;
  informative: number;
  method: "exact" | "drawn";
  n: number;
}

/** Up to so many differences all patterns of signs are gone through: 65,536 of them. */
const MOST_EXACT = 16;

/**
 * Sign-flip test of paired differences, two-sided: if neither condition is favoured, every difference
 * might as well have the other sign. p is the share of all patterns of signs whose sum is at least as far
 * from 0 as the one found.
 *
 * It needs no variance and is right for any number of pairs: three pairs that all go one way have
 * p = ¼. Differences of 0 are left out, since they have no sign; p is null where no other is left. Exact
 * up to 16 differences; with more, p is (1 + b) / (1 + draws), b being the drawn patterns that are as far
 * out. Source: Fisher 1935, The Design of Experiments, § 21; Phipson & Smyth 2010, Statistical
 * Applications in Genetics and Molecular Biology 9, 39.
 *
 * @param options `uniform` gives numbers in [0, 1), of a seeded stream; 9,999 draws unless said
 * @throws {RangeError} when a difference is not finite, or there is no draw
 */
export function signFlip(
  differences: readonly number[],
  options: { uniform: () => number; draws?: number },
): SignFlip {
  const { uniform, draws = 9999 } = options;
  if (!(Number.isInteger(draws) && draws >= 1)) {
    throw new RangeError(`A sign-flip test has 1 draw or more: got ${draws}`);
  }
  const sizes = checked(differences).filter((difference) => difference !== 0);
  const informative = sizes.length, n = differences.length;
  const method = informative <= MOST_EXACT ? "exact" : "drawn";
  if (informative === 0) return { p: null, informative, method, n };
  // Sums of the same differences in another order, or of equal ones, differ by rounding.
  const least = Math.abs(sum(sizes)) - 1e-12 * sum(sizes.map(Math.abs));
  const far = (sum: number) => Number(Math.abs(sum) >= least);
  if (method === "exact") return { p: allSigns(sizes, far), informative, method, n };
  let count = 1;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (const size of sizes) sum += uniform() < 0.5 ? size : -size;
    count += far(sum);
  }
  return { p: count / (draws + 1), informative, method, n };
}

/** Half of the patterns are the others turned round: the last sign stays. */
function allSigns(sizes: readonly number[], far: (sum: number) => number): number {
  const last = sizes.length - 1;
  const count = (at: number, sum: number): number =>
    at === last
      ? far(sum + sizes[at]!)
      : count(at + 1, sum + sizes[at]!) + count(at + 1, sum - sizes[at]!);
  return count(0, 0) / 2 ** last;
}
