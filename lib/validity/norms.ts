/**
 * Personas beside people who answered the same instrument: by published means and sds, or by the scores of
 * people.
 *
 * Sources: Welch 1947; Bonett 2008, Psychological Methods 13, 99–109; Nakagawa et al. 2015; Huang et al.
 * (PsychoBench), arXiv 2310.01386.
 */
import { plural } from "../format.ts";
import { frame, type Kind } from "../frames.ts";
import type { Instrument } from "../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  Rows,
  scaleScores,
  type Sheets,
  withHolm,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import { seeded } from "../random.ts";
import {
  bonettD,
  glassDelta,
  mean,
  permutedDistance,
  pooledD,
  pooledT,
  quantile,
  sd,
  smirnov,
  spreadRatio,
  welch,
} from "../stats.ts";
import "./columns.ts";
import { type Norm, normsFrom, ofForm } from "./norms/file.ts";

export { formOf, type Norm, normsFrom, SHIPPED } from "./norms/file.ts";

const GROUP = {
  scale: "text",
  people_group: "text",
  people_country: "text",
  people_year: "text",
} as const;
const SUMMARY = {
  n: "integer",
  sheets: "integer",
  mean: "number",
  sd: "number",
  repeat_sd: "number",
  people_n: "integer",
  people_mean: "number",
  people_sd: "number",
} as const;
const TESTED = {
  estimate: "number",
  se: "number",
  df: "number",
  ci_lower: "number",
  ci_upper: "number",
  p: "number",
  p_holm: "number",
  p_pooled: "number",
  glass: "number",
  glass_lower: "number",
  glass_upper: "number",
  bonett: "number",
  bonett_lower: "number",
  bonett_upper: "number",
  hedges: "number",
  hedges_lower: "number",
  hedges_upper: "number",
  sd_ratio: "number",
  sd_ratio_lower: "number",
  sd_ratio_upper: "number",
} as const;
const NORMS = {
  ...GROUP,
  ...SUMMARY,
  ...TESTED,
  source: "text",
} as const satisfies Record<string, Kind>;

/** What is compared with norms. */
export interface Against {
  /** Those that are shipped, where left out. */
  norms?: readonly Norm[];
  by?: readonly string[];
}

/**
 * Scales of an instrument beside norms of the same form of it.
 *
 * A respondent counts once: several sheets of one are averaged, and how far these differ is `repeat_sd`. A
 * single respondent asked again and again has no sd that compares with people's, and no test; where any was
 * asked more than once the ratio of sds is undefined, since averages differ less than people do. Welch's test
 * is the one to read; Holm's p are over all rows. Glass's Δ is in the people's sds.
 *
 * @returns by level of each factor, scale and people_group: people_country, people_year; n (respondents), sheets,
 *   mean, sd, repeat_sd, people_n, people_mean, people_sd; estimate (mean − people's), se, df, ci_lower, ci_upper,
 *   p (Welch), p_holm, p_pooled; glass, bonett, hedges and sd_ratio with their limits (95 %); source
 * @throws {Error} when there is no norm of this form, naming those of other forms; when a norm lies outside the
 *   scale; when respondents have weights or clusters
 */
export const againstNorms = carried((
  sheets: Sheets,
  instrument: Instrument,
  { norms = normsFrom(), by = [] }: Against = {},
) => {
  const own = ofForm(norms, instrument);
  const { rows, factors, scored } = held(sheets, instrument, by, Object.keys(NORMS));
  const tidy = cells(rows, factors).flatMap((cell) =>
    scored.flatMap((measure) => {
      const people = own.filter(({ scale }) => scale === measure.keys.scale);
      const scores = scoresOf(rows, cell, measure.of);
      return people.map((norm) => ({
        ...keysOf(factors, cell),
        scale: norm.scale,
        people_group: norm.group,
        people_country: norm.country,
        people_year: norm.year,
        ...compared(scores, norm),
        source: norm.source,
      }));
    })
  );
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...NORMS });
});

const PEOPLE = {
  scale: "text",
  ...SUMMARY,
  ...TESTED,
  ks: "number",
  p_ks: "number",
  w1: "number",
  w1_null: "number",
  w1_beyond: "number",
  p_w1: "number",
} as const satisfies Record<string, Kind>;

/**
 * Scales of an instrument beside the sheets of people who answered it, such as a study's own profiles
 * (`study.profiles("reference")`).
 *
 * As `againstNorms`, and what only scores can tell: whether the distributions differ (Kolmogorov and Smirnov's D
 * with its exact permutation p), and how far they lie apart in points (W1), beside what chance makes of samples
 * of these sizes. Limits of the ratio of sds are of draws of respondents and of people. Where personas were made
 * from these very people they depend on each other, and a paired comparison says more.
 *
 * @param options `draws` of the ratio's limits and of the permutations of W1 (2,000)
 * @returns as `againstNorms`, without group and source; ks, p_ks, w1, w1_null, w1_beyond, p_w1
 * @throws {Error} as `againstNorms`
 */
export const againstPeople = carried((
  sheets: Sheets,
  instrument: Instrument,
  { people, by = [], draws = 2000, seed = 1 }: {
    people: Sheets;
    by?: readonly string[];
    draws?: number;
    seed?: number;
  },
) => {
  const { rows, factors, scored } = held(sheets, instrument, by, Object.keys(PEOPLE));
  const them = held(people, instrument, [], []);
  const all = cells(them.rows, [])[0]!;
  const tidy = cells(rows, factors).flatMap((cell) =>
    scored.map((measure, at) => {
      const x = scoresOf(rows, cell, measure.of), y = scoresOf(them.rows, all, them.scored[at]!.of);
      const { scale } = measure.keys;
      const random = seeded("norms", seed, scale!, JSON.stringify(cell.levels));
      const other = { n: y.means.length, mean: mean(y.means) ?? NaN, sd: sd(y.means) ?? NaN };
      const { D, p } = smirnov(x.means, y.means);
      const varies = new Set([...x.means, ...y.means]).size > 1;
      const w1 = varies && x.means.length
        ? permutedDistance(x.means.map((one) => [one]), y.means.map((one) => [one]), {
          uniform: random.uniform,
          draws,
        })
        : null;
      const row = compared(x, other);
      return {
        ...keysOf(factors, cell),
        scale,
        ...row,
        ...row.sd_ratio === null ? {} : ratioDrawn(x.means, y.means, random.uniform, draws),
        ks: D,
        p_ks: p,
        w1: w1?.distance ?? null,
        w1_null: w1?.nullLevel ?? null,
        w1_beyond: w1?.excess ?? null,
        p_w1: w1?.p ?? null,
      };
    })
  );
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...PEOPLE });
});

function held(
  sheets: Sheets,
  instrument: Instrument,
  by: readonly string[],
  columns: readonly string[],
) {
  const rows = new Rows(sheets.sheets);
  const weights = new Set(rows.weight), clusters = new Set(rows.cluster);
  if (weights.size > 1 || clusters.size < rows.cluster.length) {
    throw new Error(
      `${plural(rows.cluster.length, "respondent")} ${
        weights.size > 1 ? "have different weights" : `are in ${plural(clusters.size, "cluster")}`
      }: norms are compared with respondents that count alike and do not depend on each other`,
    );
  }
  return {
    rows,
    factors: factorsOf(rows, by, columns),
    scored: scaleScores(sheets, rows, instrument),
  };
}

/** Of each respondent with a score the mean, how many sheets they have, and how far these differ. */
interface Scores {
  means: number[];
  sheets: number;
  repeatSd: number | null;
}

function scoresOf(rows: Rows, cell: Cell, of: (row: number) => number): Scores {
  const own = Map.groupBy(
    [...cell.order].filter((row) => !Number.isNaN(of(row))),
    (row) => rows.respondent[row]!,
  );
  const scores = [...own.values()].map((rows) => rows.map(of));
  const repeated = scores.filter(({ length }) => length > 1);
  const df = repeated.reduce((sum, { length }) => sum + length - 1, 0);
  const squares = repeated.reduce((sum, one) => sum + sd(one)! ** 2 * (one.length - 1), 0);
  return {
    means: scores.map((one) => mean(one)!),
    sheets: scores.reduce((sum, { length }) => sum + length, 0),
    repeatSd: df ? Math.sqrt(squares / df) : null,
  };
}

function compared(
  { means, sheets, repeatSd }: Scores,
  people: { n: number; mean: number; sd: number },
) {
  const n = means.length, own = { n, mean: mean(means), sd: sd(means) };
  const shape = {
    n,
    sheets,
    mean: own.mean,
    sd: own.sd,
    repeat_sd: repeatSd,
    people_n: people.n,
    people_mean: people.n ? people.mean : null,
    people_sd: people.n > 1 ? people.sd : null,
  };
  if (n < 2 || people.n < 2) {
    return { ...shape, p: null, sd_ratio: null, estimate: difference(own.mean, people) };
  }
  const [a, b] = [{ n, mean: own.mean!, sd: own.sd! }, people];
  const test = welch(a, b), glass = glassDelta(a, b), bonett = bonettD(a, b), d = pooledD(a, b);
  const ratio = sheets > n ? null : spreadRatio(a, b);
  return {
    ...shape,
    estimate: test.estimate,
    se: test.se,
    df: test.df,
    ci_lower: test.ciLower,
    ci_upper: test.ciUpper,
    p: test.p,
    p_pooled: pooledT(a, b).p,
    glass: glass.estimate,
    glass_lower: glass.ciLower,
    glass_upper: glass.ciUpper,
    bonett: bonett.estimate,
    bonett_lower: bonett.ciLower,
    bonett_upper: bonett.ciUpper,
    hedges: d.g,
    hedges_lower: d.gLower,
    hedges_upper: d.gUpper,
    sd_ratio: ratio?.estimate ?? null,
    sd_ratio_lower: ratio?.ciLower ?? null,
    sd_ratio_upper: ratio?.ciUpper ?? null,
  };
}

const difference = (own: number | null, { n, mean }: { n: number; mean: number }) =>
  own === null || n === 0 ? null : own - mean;

function ratioDrawn(
  x: readonly number[],
  y: readonly number[],
  uniform: () => number,
  draws: number,
) {
  const drawn = (of: readonly number[]) => of.map(() => of[Math.floor(uniform() * of.length)]!);
  const ratios = Array.from({ length: draws }, () => [sd(drawn(x))!, sd(drawn(y))!] as const)
    .filter(([, other]) => other > 0).map(([own, other]) => own / other);
  const enough = ratios.length >= 0.99 * draws;
  return {
    sd_ratio: sd(x)! / sd(y)!,
    sd_ratio_lower: enough ? quantile(ratios, 0.025) : null,
    sd_ratio_upper: enough ? quantile(ratios, 0.975) : null,
  };
}
