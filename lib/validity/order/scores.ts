/** Scores of the same personas in several ways of asking: how far they shift, and whether they agree. */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../../frames.ts";
import type { Instrument } from "../../instruments.ts";
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
} from "../../measures.ts";
import {
  blandAltman,
  equivalence,
  friedman,
  holm,
  intraclass,
  mean,
  pairedT,
  repeatedAnova,
  sd,
  verdict,
} from "../../stats.ts";
import { settingsOf, unitsIn } from "../units.ts";

const SHIFTS = {
  against: "text",
  level: "text",
  scale: "text",
  n: "integer",
  estimate: "number",
  sd: "number",
  ci_lower: "number",
  ci_upper: "number",
  t: "number",
  df: "number",
  p: "number",
  p_holm: "number",
  bound_shift: "number",
  narrow_lower: "number",
  narrow_upper: "number",
  p_equivalence: "number",
  p_equivalence_holm: "number",
  finding: "text",
  icc: "number",
  icc_lower: "number",
  icc_upper: "number",
  icc_consistency: "number",
  icc_consistency_lower: "number",
  icc_consistency_upper: "number",
  agree_lower: "number",
  agree_upper: "number",
} as const satisfies Record<string, Kind>;

/** Scores in several ways of asking. */
export interface Scored {
  instrument: Instrument;
  factor: string;
  by?: readonly string[];
}

export function shiftsOf(
  sheets: Sheets,
  of: Scored & { bound: number | { sds: number } },
): DataFrame {
  const { bound } = of;
  const { rows, factors, scored } = scoredIn(sheets, of, Object.keys(SHIFTS));
  const tidy = scored.flatMap(({ cell, scale, levels, scores }) =>
    levels.flatMap((level, b) =>
      levels.slice(0, b).flatMap((against, a) => {
        const pairs = scores.filter((row) => row[a] !== null && row[b] !== null) as number[][];
        if (pairs.length < 2) return [];
        const away = pairs.map((row) => row[b]! - row[a]!);
        const spread = sd(pairs.map((row) => row[a]!))!;
        const most = typeof bound === "number" ? bound : bound.sds * spread;
        const summary = { mean: mean(away)!, sd: sd(away)!, n: away.length };
        const test = pairedT(summary), narrow = pairedT(summary, 0.9);
        const tost = most > 0 ? equivalence(summary, { lower: -most, upper: most }).p : null;
        const icc = intraclass(pairs.map((row) => [row[a]!, row[b]!]));
        const apart = blandAltman(away);
        return [{
          ...keysOf(factors, cell),
          against: String(against),
          level: String(level),
          scale,
          n: test.n,
          estimate: test.estimate,
          sd: summary.sd,
          ci_lower: test.ciLower,
          ci_upper: test.ciUpper,
          t: test.t,
          df: test.df,
          p: test.p,
          bound_shift: most,
          narrow_lower: narrow.ciLower,
          narrow_upper: narrow.ciUpper,
          p_equivalence: tost,
          icc: icc.agreement.estimate,
          icc_lower: icc.agreement.ciLower,
          icc_upper: icc.agreement.ciUpper,
          icc_consistency: icc.consistency.estimate,
          icc_consistency_lower: icc.consistency.ciLower,
          icc_consistency_upper: icc.consistency.ciUpper,
          agree_lower: apart.lower.estimate,
          agree_upper: apart.upper.estimate,
        }];
      })
    )
  );
  const within = holm(tidy.map(({ p_equivalence }) => p_equivalence)).adjusted;
  return frame(
    withHolm(tidy).map((row, at) => ({
      ...row,
      p_equivalence_holm: within[at]!,
      finding: verdict(within[at]!, row.p_holm),
    })),
    { ...kindsOf(rows, factors), ...SHIFTS },
  );
}

const OMNIBUS = {
  scale: "text",
  ways: "integer",
  n: "integer",
  icc: "number",
  icc_lower: "number",
  icc_upper: "number",
  F_ways: "number",
  df: "number",
  df_error: "number",
  epsilon: "number",
  p: "number",
  p_holm: "number",
  chi2_ways: "number",
  p_friedman: "number",
} as const satisfies Record<string, Kind>;

export function omnibus(sheets: Sheets, of: Scored): DataFrame {
  const { rows, factors, scored } = scoredIn(sheets, of, Object.keys(OMNIBUS));
  const tidy = scored.map(({ cell, scale, levels, scores }) => {
    const whole = scores.filter((row) => row.every((score) => score !== null)) as number[][];
    const { F, df1, df2, epsilon, pCorrected } = repeatedAnova(whole.length ? whole : [[0, 0]]);
    const ranks = friedman(whole.length ? whole : [[0, 0]]);
    const { estimate, ciLower, ciUpper } = intraclass(whole).agreement;
    return {
      ...keysOf(factors, cell),
      scale,
      ways: levels.length,
      n: whole.length,
      icc: estimate,
      icc_lower: ciLower,
      icc_upper: ciUpper,
      F_ways: F,
      df: F === null ? null : df1,
      df_error: F === null ? null : df2,
      epsilon,
      p: pCorrected,
      chi2_ways: ranks.chi2,
      p_friedman: ranks.p,
    };
  });
  return frame(withHolm(tidy), { ...kindsOf(rows, factors), ...OMNIBUS });
}

/** By cell and scale the mean score of each cluster in each way; of repeats the first counts. */
function scoredIn(sheets: Sheets, of: Scored, columns: readonly string[]) {
  const { instrument, factor, by = [] } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, columns);
  const { levels, of: place } = settingsOf(rows, [factor]);
  if (levels.length < 2) {
    throw new Error(`${factor} has one level: two ways of asking or more are compared`);
  }
  const scales = scaleScores(sheets, rows, instrument);
  const scored = cells(rows, factors).flatMap((cell: Cell) => {
    const units = unitsIn(rows, cell, { place, levels: levels.length, factors: [factor] });
    const clusters = [...Map.groupBy(units, ({ cluster }) => cluster).values()];
    return scales.map(({ keys, of }) => ({
      cell,
      scale: keys.scale!,
      levels: levels.map(([level]) => level!),
      scores: clusters.map((own) => {
        // Only personas with a score in every way, so that all means are of the same.
        const rows = own.map(({ rows }) => rows.map(([row]) => row === undefined ? NaN : of(row)))
          .filter((scores) => scores.some((score) => !Number.isNaN(score)));
        const whole = rows.filter((scores) => !scores.some(Number.isNaN));
        const used = whole.length ? whole : rows.slice(0, 1);
        return levels.map((_, at) => {
          const value = mean(
            used.flatMap((scores) => Number.isNaN(scores[at]!) ? [] : scores[at]!),
          );
          return value;
        });
      }),
    }));
  });
  return { rows, factors, scored };
}
