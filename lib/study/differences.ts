/** What the levels of a trial's factors do differently, paired within profiles. */
import type { Kind } from "../frames.ts";
import { TESTED, testPairs, TESTS, withBothHolm } from "../measures.ts";
import { weightedShare } from "../stats.ts";
import { differs, type Observation } from "./observations.ts";

export const DIFFERENCES: Readonly<Record<string, Kind>> = {
  factor: "text",
  level: "text",
  against: "text",
  measure: "text",
  n: "integer",
  clusters: "integer",
  mean: "number",
  mean_against: "number",
  ...TESTED,
  ...TESTS,
};

/** The same profile at a level and at the first one, all else being the same. */
type Pair = readonly [level: Observation, against: Observation];

/**
 * What each level of each factor does differently from the first: pairs are of one profile and the same levels of
 * all other factors, and the pairs of a profile are a cluster. All tests are one family.
 */
export function differences(
  observations: readonly Observation[],
  factors: Readonly<Record<string, readonly string[]>>,
) {
  const measures = [...new Set(observations.flatMap(({ numbers }) => Object.keys(numbers)))];
  const rows = Object.entries(factors).flatMap(([factor, [against, ...levels]]) =>
    levels.flatMap((level) => {
      const pairs = pairsOf(observations, factor, [level, against!]);
      const of = { factor, level, against: against! };
      return [
        ...measures.map((measure) => ({ ...of, measure, ...numbersOf(pairs, measure) })),
        { ...of, measure: "differing", ...differing(pairs) },
      ];
    })
  );
  return withBothHolm(rows.filter(({ n }) => n > 0));
}

function pairsOf(
  observations: readonly Observation[],
  factor: string,
  [level, against]: readonly [string, string],
): Pair[] {
  const keyOf = ({ levels, profile }: Observation) =>
    JSON.stringify([{ ...levels, [factor]: "" }, profile]);
  const at = (level: string) => observations.filter(({ levels }) => levels[factor] === level);
  const first = new Map(at(against).map((observation) => [keyOf(observation), observation]));
  return at(level).flatMap((observation) => {
    const other = first.get(keyOf(observation));
    return other ? [[observation, other] as const] : [];
  });
}

const mean = (values: readonly number[]): number | null =>
  values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;

function numbersOf(pairs: readonly Pair[], measure: string) {
  const both = pairs.flatMap(([level, against]) => {
    const is = level.numbers[measure] ?? null, was = against.numbers[measure] ?? null;
    return is === null || was === null ? [] : [{ is, was, profile: level.profile }];
  });
  const { sd: _, ...tested } = testPairs({
    difference: both.map(({ is, was }) => is - was),
    cluster: clustersOf(both),
  });
  return {
    mean: mean(both.map(({ is }) => is)),
    mean_against: mean(both.map(({ was }) => was)),
    ...tested,
  };
}

/** How large a part of the fields that both have is not the same, with Wilson's interval by profile. */
function differing(pairs: readonly Pair[]) {
  const all = pairs.map(([level, against]) => {
    const known = Object.keys(level.said ?? {}).filter((field) => field !== "words")
      .map((field) => differs(field, level, against)).filter((one) => one !== undefined);
    return { profile: level.profile, n: known.length, sum: known.filter((one) => one).length };
  }).filter(({ n }) => n > 0);
  const { n, clusters, estimate, se, ciLower, ciUpper } = weightedShare({
    cluster: clustersOf(all),
    weight: all.map(() => 1),
    n: all.map(({ n }) => n),
    sum: all.map(({ sum }) => sum),
  });
  return {
    n,
    clusters,
    mean: null,
    mean_against: null,
    estimate,
    se,
    df: null,
    ci_lower: ciLower,
    ci_upper: ciUpper,
    p: null,
    p_flip: null,
    informative: null,
  };
}

/** Clusters as whole numbers from 0. */
function clustersOf(all: readonly { profile: number }[]): number[] {
  const places = [...new Set(all.map(({ profile }) => profile))];
  return all.map(({ profile }) => places.indexOf(profile));
}
