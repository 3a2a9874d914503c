/** How estimates and tests stand in the rows of a result: the same columns wherever they are. */
import {
  combined,
  holm,
  type Interval,
  type WeightedEstimate,
  type WeightedShare,
} from "../stats.ts";

/** The columns of `intervalLaid` with what it is of. */
export const TESTED = {
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
} as const;

/** The columns of tests as `compare` and `withBothHolm` have them. */
export const TESTS = {
  p: "number",
  p_flip: "number",
  informative: "integer",
  p_holm: "number",
  p_flip_holm: "number",
  family: "integer",
  flip_family: "integer",
} as const;

/** A weighted share: n and clusters, share, se, ci_lower, ci_upper, effective_n. */
export const shareLaid = (
  { n, clusters, estimate, se, ciLower, ciUpper, effectiveN }: Omit<WeightedShare, "level">,
) => ({
  n,
  clusters,
  share: estimate,
  se,
  ci_lower: ciLower,
  ci_upper: ciUpper,
  effective_n: effectiveN,
});

/**
 * The difference of two independent shares, a − b: estimate, ci_lower, ci_upper, each limit from those of the
 * shares as Newcombe and Zou & Donner put them together; undefined where a share or its limits are.
 */
export function apartLaid(a: Interval, b: Interval) {
  const limits = a.ciLower === null || b.ciLower === null ? null : combined(a, b, 1, -1);
  return {
    estimate: a.estimate === null || b.estimate === null ? null : a.estimate - b.estimate,
    ci_lower: limits?.ciLower ?? null,
    ci_upper: limits?.ciUpper ?? null,
  };
}

/** The t interval of a weighted mean: se, df (of an se only), ci_lower, ci_upper. */
export const intervalLaid = (
  { se, df, ciLower, ciUpper }: Pick<WeightedEstimate, "se" | "df" | "ciLower" | "ciUpper">,
) => ({
  se,
  df: se === null ? null : df,
  ci_lower: ciLower,
  ci_upper: ciUpper,
});

/** Rows with p_holm: Holm's p of all of them as one family; undefined where a row has no test. */
export function withHolm<R extends { p: number | null }>(rows: readonly R[]) {
  const { adjusted } = holm(rows.map(({ p }) => p));
  return rows.map((row, at) => ({ ...row, p_holm: adjusted[at]! }));
}

/**
 * Rows with Holm's p of all of them: p_holm and p_flip_holm, each kind of test a family of its own, and how
 * many tests the families have (family, flip_family).
 */
export function withBothHolm<R extends { p: number | null; p_flip: number | null }>(
  rows: readonly R[],
) {
  const byCluster = holm(rows.map(({ p }) => p)), flipped = holm(rows.map(({ p_flip }) => p_flip));
  return rows.map((row, at) => ({
    ...row,
    p_holm: byCluster.adjusted[at]!,
    p_flip_holm: flipped.adjusted[at]!,
    family: byCluster.size,
    flip_family: flipped.size,
  }));
}
