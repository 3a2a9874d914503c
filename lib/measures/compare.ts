/** What two levels of a factor do differently, paired within respondents. */
import type { DataFrame } from "polars";
import { plural } from "../format.ts";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import { coins, seeded } from "../random.ts";
import {
  averageD,
  clusterSums,
  cohenH,
  pairedT,
  signFlip,
  weightedMean,
  type WeightedSums,
} from "../stats.ts";
import { intervalLaid, TESTED, TESTS, withBothHolm } from "./laid.ts";
import { type Cell, cells, kindsOf, type Level, type Rows } from "./rows.ts";
import {
  type Counted,
  type Data,
  factorsOf,
  hasOptions,
  itemScores,
  levelOf,
  type Measure,
  rowsOf,
  scaleScores,
  summed,
  type Values,
  variables,
  withRows,
} from "./values.ts";

/** What is compared. */
export interface Comparison extends Values {
  /** An instrument, for the scores of its scales; or an item, a column, or several, for shares. */
  of: Instrument | Counted;
  /** Of an instrument single items, by their numbers, instead of its scales. */
  items?: readonly number[];
  factor: string;
  /** The level that every other one is compared with; null is the level of rows that have none. */
  against: Level;
  /** The comparison is made apart for each combination of levels of these. */
  by?: readonly string[];
  /** Also where a combination of levels has no pair: 0 respondents, the rest undefined. */
  crossed?: boolean;
  /** Draws of the sign-flip test where it is not exact (9,999), and their seed. */
  draws?: number;
  seed?: number;
}

/** A combination of levels that no row has. */
const NOBODY: Cell = {
  levels: [],
  order: new Uint32Array(),
  respondents: new Int32Array(),
  starts: new Uint32Array(1),
};

/** Numbers of one respondent at both levels, in columns. */
interface Pairs {
  respondents: number[];
  level: Float64Array;
  against: Float64Array;
  difference: Float64Array;
  /** Respondents who have a number at one of the levels only. */
  unpaired: number;
  unpairedAgainst: number;
}

const COUNTS = {
  against: "text",
  respondents: "integer",
  clusters: "integer",
  unpaired: "integer",
  unpaired_against: "integer",
} as const;
const SCORES = {
  ...COUNTS,
  mean: "number",
  mean_against: "number",
  ...TESTED,
  d_av: "number",
  d_z: "number",
  ...TESTS,
} as const;
const SHARES = {
  ...COUNTS,
  share: "number",
  share_against: "number",
  ...TESTED,
  h: "number",
  ...TESTS,
} as const;

/**
 * What the levels of a factor do differently from one of them, paired within respondents.
 *
 * Of every respondent the rows at a level are averaged first (repetitions, and whatever is not in `by`: a
 * factor whose levels differ along with those of `factor` is part of the difference). Respondents with
 * a number at both levels count, the others are told in columns. The difference has the t interval and
 * test of `weightedMean`, by cluster; the sign-flip test turns all differences of a cluster round together,
 * and works where nothing varies. Holm's p are those of all tests of the call as one family, of each
 * kind of test its own.
 *
 * A factor that was assigned between respondents, so that nobody has two of its levels, is refused: the
 * rows of `scores` and `shares` by it have the intervals to read.
 *
 * @returns by level of each factor in `by`, scale or variable and value, level of `factor` (a column of its
 *   name): against; respondents (pairs), clusters, unpaired and unpaired_against (respondents with a number
 *   at the level only, or at `against` only); mean and mean_against of the pairs (of shares: share and
 *   share_against); estimate (their difference, level − against), se, df, ci_lower, ci_upper (95 %); d_av
 *   (in root mean square sds of the two levels) and d_z (in sds of the differences), of shares Cohen's h; p
 *   (by cluster), p_flip (sign flips), informative (clusters whose differences do not cancel), p_holm,
 *   p_flip_holm, family and flip_family (tests of either kind that have a p)
 * @throws {Error} when a factor or level is unknown, or no respondent has two levels
 */
export function compare(data: Data, options: Comparison): DataFrame {
  const { of, factor, against, by = [], crossed = false } = options;
  const rows = rowsOf(data);
  const scored = typeof of === "object" && "items" in of;
  const columns = scored ? SCORES : SHARES;
  const labelled = !scored && hasOptions(data, of);
  const keys = scored
    ? ["scale"]
    : ["variable", "value", ...labelled ? ["option", "option_role"] : []];
  const factors = factorsOf(rows, by, [...keys, factor, ...Object.keys(columns)]);
  factorsOf(rows, [factor], [...keys, ...Object.keys(columns)]);
  const base = levelOf(rows, factor, against);
  const others = rows.levels(factor).filter((level) => level !== base);
  if (!others.length) {
    throw new Error(`${factor} has one level, ${base}: there is nothing to compare`);
  }
  const measures = scored
    ? options.items ? itemScores(rows, of, options.items) : scaleScores(data, rows, of)
    : variables(data, rows, of, options).flatMap(({ measures }) => measures);

  const all = cells(rows, [...factors, factor], crossed);
  const groups = Map.groupBy(all, ({ levels }) => JSON.stringify(levels.slice(0, -1))).values();
  let pairs = 0;
  const tested = [...groups].flatMap((group) => {
    const held = (level: Level) => group.find(({ levels }) => levels.at(-1) === level) ?? NOBODY;
    const first = held(base);
    return others.flatMap((level) => {
      const other = held(level);
      if (!crossed && !(first.order.length && other.order.length)) return [];
      return measures.map((measure) => {
        const paired = pairsOf(rows, other, first, measure);
        pairs += paired.respondents.length;
        return {
          ...Object.fromEntries(factors.map((name, at) => [name, group[0]!.levels[at]])),
          ...measure.keys,
          [factor]: level,
          against: base,
          ...compared(rows, paired, options),
        };
      });
    });
  });
  if (!pairs) throw new Error(apart(rows, options, base, others));

  const tidy = withBothHolm(tested);
  return frame(tidy, {
    ...kindsOf(rows, factors),
    ...Object.fromEntries(keys.map((name) => [name, "text" as Kind])),
    ...kindsOf(rows, [factor]),
    ...columns,
    against: rows.kind(factor),
  });
}

/** The respondents of two cells with their means; both cells have them in the same order. */
function pairsOf(rows: Rows, level: Cell, against: Cell, measure: Measure): Pairs {
  const means = (cell: Cell): Means => ({
    who: cell.respondents,
    ...summed(rows, cell, measure),
  });
  const [a, b] = [means(level), means(against)];
  const places: [number, number][] = [];
  for (let i = 0, j = 0; i < a.who.length && j < b.who.length;) {
    if (a.who[i]! < b.who[j]!) i++;
    else if (a.who[i]! > b.who[j]!) j++;
    else {
      if (a.n[i]! > 0 && b.n[j]! > 0) places.push([i, j]);
      i++, j++;
    }
  }
  const mean = ({ n, sum, origin }: Means, at: number) => origin + sum[at]! / n[at]!;
  const own = Float64Array.from(places, ([i]) => mean(a, i));
  const other = Float64Array.from(places, ([, j]) => mean(b, j));
  return {
    respondents: places.map(([i]) => a.who[i]!),
    level: own,
    against: other,
    difference: own.map((value, at) => {
      const size = Math.max(Math.abs(value), Math.abs(other[at]!));
      return nought(value - other[at]!, size);
    }),
    unpaired: withRows(a) - places.length,
    unpairedAgainst: withRows(b) - places.length,
  };
}

interface Means {
  who: Int32Array;
  n: ArrayLike<number>;
  sum: ArrayLike<number>;
  origin: number;
}

/**
 * The mean of paired differences with its t interval and test by cluster, and the sign-flip test that turns all
 * differences of a cluster round together.
 *
 * @param pairs of each difference its cluster, a whole number from 0, and its weight; 1 where left out
 * @returns n, clusters, sd and estimate of the differences, se, df, ci_lower, ci_upper, p, p_flip, informative:
 *   sources as `weightedMean` and `signFlip`
 */
export function testPairs(
  { difference, cluster, weight = difference.map(() => 1) }: {
    difference: readonly number[];
    cluster: readonly number[];
    weight?: readonly number[];
  },
  { draws, seed = 1 }: Pick<Comparison, "draws" | "seed"> = {},
) {
  const mean = weightedMean(sumsOf(difference, { cluster, weight }));
  const sums = clusterSums(difference, { cluster, weight });
  const { p, informative } = signFlip(sums.map(({ sum }) => sum), {
    uniform: coins(seeded("compare", seed)),
    ...draws === undefined ? {} : { draws },
  });
  return {
    n: mean.n,
    clusters: mean.clusters,
    sd: mean.sd,
    estimate: mean.estimate,
    ...intervalLaid(mean),
    p: mean.p,
    p_flip: p,
    informative,
  };
}

/** Values of one row each, as sums from the first of them. */
function sumsOf(
  values: readonly number[],
  of: { cluster: readonly number[]; weight: readonly number[] },
): WeightedSums {
  const origin = values[0] ?? 0;
  const sum = values.map((value) => value - origin);
  return { ...of, n: values.map(() => 1), sum, square: sum.map((value) => value ** 2), origin };
}

function compared(rows: Rows, pairs: Pairs, { of, draws, seed }: Comparison) {
  const at = {
    cluster: pairs.respondents.map((one) => rows.cluster[one]!),
    weight: pairs.respondents.map((one) => rows.weight[one]!),
  };
  const [level, against] = [pairs.level, pairs.against]
    .map((values) => weightedMean(sumsOf([...values], at)));
  const { n, clusters, sd, estimate, ...tested } = testPairs(
    { difference: [...pairs.difference], ...at },
    { ...draws !== undefined && { draws }, ...seed !== undefined && { seed } },
  );
  const scored = typeof of === "object" && "items" in of;
  const spread = n >= 2 ? { mean: estimate!, sdA: level!.sd!, sdB: against!.sd! } : null;
  const effect = scored
    ? {
      mean: level!.estimate,
      mean_against: against!.estimate,
      d_av: spread && averageD(spread),
      d_z: n >= 2 ? pairedT({ mean: estimate!, sd: sd!, n }).d : null,
    }
    : {
      share: level!.estimate,
      share_against: against!.estimate,
      h: n > 0 ? cohenH(share(level!.estimate!), share(against!.estimate!)).estimate : null,
    };
  return {
    respondents: n,
    clusters,
    unpaired: pairs.unpaired,
    unpaired_against: pairs.unpairedAgainst,
    ...effect,
    estimate,
    ...tested,
  };
}

/** A share as a count of 1; a mean of shares may leave the scale by rounding. */
const share = (estimate: number) => ({ count: Math.min(1, Math.max(0, estimate)), n: 1 });

/** A difference of numbers of this size, 0 where it is rounding: no sign can be turned round. */
const nought = (difference: number, size: number): number =>
  Math.abs(difference) <= 1e-12 * size ? 0 : difference;

function apart(
  rows: Rows,
  { of, factor, by = [] }: Comparison,
  base: Level,
  others: readonly Level[],
): string {
  const column = rows.column(factor);
  const who = (level: Level) =>
    new Set(rows.respondent.filter((_, row) => column[row] === level)).size;
  const told = [base, ...others].map((level) => `${level}: ${plural(who(level), "respondent")}`);
  const builder = typeof of === "object" && "items" in of ? "scores" : "shares";
  return `No respondent has a number at ${factor} ${base} and at another level` +
    `${by.length ? ` under the same ${by.join(", ")}` : ""} (${told.join("; ")}), and levels are ` +
    "compared within respondents: for a factor that was assigned between them read " +
    `${builder}(…, { by: ${JSON.stringify([...by, factor])} })`;
}
