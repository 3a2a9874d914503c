/** The two-sample test of Kolmogorov and Smirnov, for scores that tie. */
import { checked } from "./basics.ts";

/** `D` is the largest distance of the two distribution functions, 0–1. */
export interface Smirnov {
  D: number | null;
  p: number | null;
  n: number;
  m: number;
}

/** Distances that differ by less than this are equal. */
const ROUNDING = 1e-10;

/**
 * Kolmogorov and Smirnov's D of two samples, with its exact permutation p: the share of all ways to deal the
 * pooled scores out to samples of these sizes that lie at least as far apart.
 *
 * Right with any number of ties, where the asymptotic p is too large. Counted along all paths of the lattice,
 * with distances taken only where the pooled score changes, so that it takes a time that grows with n · m.
 * Respondents must not depend on each other. Null where a sample is empty. Source: Schröer & Trenkler 1995,
 * Computational Statistics & Data Analysis 20, 185–202.
 *
 * @throws {RangeError} when a score is not finite
 */
export function smirnov(x: readonly number[], y: readonly number[]): Smirnov {
  checked(x), checked(y);
  const [n, m] = [x.length, y.length];
  if (n === 0 || m === 0) return { D: null, p: null, n, m };
  const all = [...x.map((score) => ({ score, own: 1 })), ...y.map((score) => ({ score, own: 0 }))]
    .toSorted((a, b) => a.score - b.score);
  // Whether the score changes behind so many of the pooled ones.
  const changes = all.map(({ score }, at) => at + 1 === all.length || all[at + 1]!.score > score);
  let own = 0, D = 0;
  all.forEach((one, at) => {
    own += one.own;
    if (changes[at]) D = Math.max(D, Math.abs(own / n - (at + 1 - own) / m));
  });
  const far = (i: number, j: number) =>
    i + j > 0 && changes[i + j - 1]! && Math.abs(i / n - j / m) >= D - ROUNDING;
  // Of all paths to (i, j) the share that was far out on its way: a sum of positive terms, so that small p
  // keep their digits.
  let before = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const row = new Float64Array(m + 1);
    for (let j = 0; j <= m; j++) {
      const steps = i + j;
      row[j] = far(i, j)
        ? 1
        : steps === 0
        ? 0
        : ((i > 0 ? i * before[j]! : 0) + (j > 0 ? j * row[j - 1]! : 0)) / steps;
    }
    before = row;
  }
  return { D, p: D === 0 ? 1 : Math.min(1, before[m]!), n, m };
}
