/**
 * Whether answers and scores follow the way of asking: the order of options, the wording of the prompt, the
 * coding, the order of items. The same personas are asked in both ways, and in one of them twice, because
 * some answers change by themselves.
 *
 * Sources: Gupta, Song & Anumanchipalli 2309.08163; TRAIT 2406.14703; Schuirmann 1987; McGraw & Wong 1996.
 */
import type { DataFrame } from "polars";
import { frame, type Kind } from "../frames.ts";
import { hasOwnOptions, type Instrument, optionsOf } from "../instruments.ts";
import {
  type Cell,
  cells,
  factorsOf,
  keysOf,
  kindsOf,
  type Level,
  Rows,
  scaleScores,
  type Sheets,
} from "../measures.ts";
import { carried } from "../provenance.ts";
import {
  blandAltman,
  changedByChance,
  clusteredMean,
  equivalence,
  friedman,
  holm,
  intraclass,
  mcnemarExact,
  mean,
  pairedT,
  repeatedAnova,
  sd,
  verdict,
} from "../stats.ts";
import "./columns.ts";
import { clustered, settingsOf, type Unit, unitsIn } from "./units.ts";

const CHANGES = {
  scale: "text",
  n: "integer",
  clusters: "integer",
  missing_against: "number",
  missing_level: "number",
  changed_share: "number",
  changed_share_lower: "number",
  changed_share_upper: "number",
  n_floor: "integer",
  floor_changed: "number",
  floor_changed_lower: "number",
  floor_changed_upper: "number",
  excess_changed: "number",
  excess_changed_lower: "number",
  excess_changed_upper: "number",
  p_excess: "number",
  changed_chance: "number",
  beyond_chance: "number",
  moved_steps: "number",
  place_shift: "number",
  place_shift_lower: "number",
  place_shift_upper: "number",
  first_twice: "integer",
  last_twice: "integer",
  place_bias: "number",
  p_place: "number",
} as const satisfies Record<string, Kind>;

/** What is compared: a factor of the sheets and two of its levels. */
export interface Ways {
  instrument: Instrument;
  factor: string;
  /** The way that others are held against, and the other. */
  against: string;
  level: string;
  by?: readonly string[];
}

/**
 * Answers of the same personas in two ways of asking. An answer is what was meant, whatever word, place or code
 * it had; one that is missing in either way is no change, and its share is told for each.
 *
 * @param sheets as `study.sheets(…)` reads them; a second sheet of a persona in the way `against` is what the
 *   floor is known by
 * @returns by level of each factor and scale (`All`: every item): n (answers given in both ways), clusters,
 *   missing_against and missing_level (share of the questions asked), changed_share (with another answer; its 95 %
 *   limits by cluster), n_floor, floor_changed (the same between two sheets of the first way), excess_changed (changed − floor
 *   in the same answers; limits and p_excess; all null without repeats), changed_chance (what independent answers
 *   would change: 1 − Σ p p′ of each item, their mean), beyond_chance (1 − changed_share / changed_chance; null where all
 *   answer alike), moved_steps (mean |difference|, in steps of the answers), and where the ways are the printed and
 *   the reversed order of options place_shift ((s + s′ − (K + 1)) / 2: below 0 first places draw, above 0 last
 *   ones), with two options first_twice and last_twice (the same place in both), place_bias (half their
 *   difference by n: share of first places − ½) and p_place (their exact test; of answers, not of personas)
 * @throws {Error} when nobody was asked in both ways, or a persona's sheets differ in something else too
 */
export const changes = carried((sheets: Sheets, of: Ways): DataFrame => {
  const { instrument, factor, against, level, by = [] } = of;
  const rows = new Rows(sheets.sheets);
  const factors = factorsOf(rows, by, Object.keys(CHANGES));
  const asked = rows.column(rows.known(factor, "factor"));
  const place = (row: number) => [against, level].indexOf(String(asked[row]));
  const items = itemsOf(rows, instrument);
  const turned = factor === "option_order" &&
    new Set([against, level]).symmetricDifference(new Set(["printed", "reversed"])).size === 0;
  const tidy = cells(rows, factors).flatMap((cell) => {
    const units = unitsIn(rows, cell, { place, levels: 2, factors: [factor] })
      .filter(({ rows }) => rows[0]!.length && rows[1]!.length);
    if (!units.length) throw new Error(nobody(factor, [against, level]));
    return ["All", ...instrument.scales].map((scale) => {
      const own = items.filter((item) => scale === "All" || item.scale === scale);
      return { ...keysOf(factors, cell), scale, ...changed(units, own, turned) };
    });
  });
  return frame(tidy, { ...kindsOf(rows, factors), ...CHANGES });
});

interface Asked {
  scale: string | null;
  answer: readonly Level[];
  /** Codes in order of position, and as printed. */
  steps: readonly number[];
  printed: readonly number[];
}

function itemsOf(rows: Rows, instrument: Instrument): Asked[] {
  return instrument.items.map((item) => {
    const options = optionsOf(instrument, item).filter(({ role }) => !role);
    const codes = options.map(({ code }) => code);
    const ordered = options.every(({ position }) => position !== null);
    const name = `answer ${item.number}`;
    if (!rows.has(name)) {
      throw new Error(`These sheets have no item ${item.number} of ${instrument.title}`);
    }
    return {
      scale: item.scale,
      answer: rows.passing(name),
      steps: ordered
        ? options.toSorted((a, b) => a.position! - b.position!).map(({ code }) => code)
        : [],
      // Of two answers that all items share the higher is printed first.
      printed: !hasOwnOptions(instrument) && codes.length === 2 ? codes.toReversed() : codes,
    };
  });
}

function changed(units: readonly Unit[], items: readonly Asked[], turned: boolean) {
  const given = (item: Asked, row: number | undefined): number | null => {
    const answer = row === undefined ? null : item.answer[row];
    return typeof answer === "number" && item.printed.includes(answer) ? answer : null;
  };
  const answers = units.flatMap(({ cluster, rows: [first, second] }) =>
    items.map((item, at) => ({
      cluster,
      at,
      item,
      a: given(item, first![0]),
      again: given(item, first![1]),
      b: given(item, second![0]),
    }))
  );
  type Pair = typeof answers[number] & { a: number; b: number };
  const pairs = answers.filter((one): one is Pair => one.a !== null && one.b !== null);
  const meanOf = <T extends Pair>(pairs: readonly T[], of: (pair: T) => number) =>
    clusteredMean(clustered(pairs, (pair) => [of(pair)]));
  const differs = meanOf(pairs, ({ a, b }) => Number(a !== b));
  const twice = pairs.filter(({ again }) => again !== null);
  const floor = meanOf(twice, ({ a, again }) => Number(a !== again));
  const excess = meanOf(twice, ({ a, b, again }) => Number(a !== b) - Number(a !== again));
  const chances = items.flatMap((_, at) =>
    changedByChance(
      pairs.filter((pair) => pair.at === at).map(({ a, b }) => [a, b] as const),
    ) ?? []
  );
  const chance = mean(chances);
  const ordered = pairs.filter(({ item }) => item.steps.length);
  const steps = meanOf(
    ordered,
    ({ a, b, item: { steps } }) => Math.abs(steps.indexOf(a) - steps.indexOf(b)),
  );
  const places = ({ a, b, item: { printed } }: Pair) =>
    [printed.indexOf(a) + 1, printed.length - printed.indexOf(b)] as const;
  const shift = turned
    ? meanOf(pairs, (pair) => {
      const [s, other] = places(pair);
      return (s + other - (pair.item.printed.length + 1)) / 2;
    })
    : null;
  const two = turned && pairs.length > 0 && pairs.every(({ item }) => item.printed.length === 2);
  const both = (at: number) => pairs.filter((pair) => places(pair).every((s) => s === at)).length;
  const [firsts, lasts] = two ? [both(1), both(2)] : [null, null];
  const missing = (side: "a" | "b") => mean(answers.map((one) => Number(one[side] === null)));
  return {
    n: pairs.length,
    clusters: differs.clusters,
    missing_against: missing("a"),
    missing_level: missing("b"),
    changed_share: differs.estimate,
    changed_share_lower: differs.ciLower,
    changed_share_upper: differs.ciUpper,
    n_floor: twice.length,
    floor_changed: floor.estimate,
    floor_changed_lower: floor.ciLower,
    floor_changed_upper: floor.ciUpper,
    excess_changed: excess.estimate,
    excess_changed_lower: excess.ciLower,
    excess_changed_upper: excess.ciUpper,
    p_excess: excess.p,
    changed_chance: chance,
    beyond_chance: chance && differs.estimate !== null ? 1 - differs.estimate / chance : null,
    moved_steps: steps.estimate,
    place_shift: shift?.estimate ?? null,
    place_shift_lower: shift?.ciLower ?? null,
    place_shift_upper: shift?.ciUpper ?? null,
    first_twice: firsts,
    last_twice: lasts,
    place_bias: firsts === null ? null : (firsts - lasts!) / (2 * pairs.length),
    p_place: firsts === null ? null : mcnemarExact(firsts, lasts!).p,
  };
}

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

/**
 * Scores of the same personas in every pair of ways: how far the mean shifts, whether that is within a bound
 * that was fixed before, and how far the personas' scores agree.
 *
 * @param of `bound`: the smallest shift that would matter, in the unit of the scores, or `{ sds }`: so many standard
 *   deviations of the scores in the first way of the pair; there is no default
 * @returns by level of each factor, pair of levels (against, level) and scale: n (clusters with both), estimate
 *   (level − against), sd, ci_lower, ci_upper, t, df, p, p_holm, bound_shift, narrow_lower and narrow_upper (90 %), p_equivalence
 *   (TOST), p_equivalence_holm, finding (of the Holm-adjusted p), icc (ICC(A,1)) and icc_consistency (ICC(C,1)) with limits,
 *   agree_lower and agree_upper (limits of agreement of single personas). The tests of the frame are one family, those
 *   of equivalence another
 * @throws {Error} when the factor has one level only, or a persona's sheets differ in something else too
 */
export const shiftsOf = carried((
  sheets: Sheets,
  of: Scored & { bound: number | { sds: number } },
): DataFrame => {
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
  const p = holm(tidy.map(({ p }) => p)).adjusted;
  const within = holm(tidy.map(({ p_equivalence }) => p_equivalence)).adjusted;
  return frame(
    tidy.map((row, at) => ({
      ...row,
      p_holm: p[at]!,
      p_equivalence_holm: within[at]!,
      finding: verdict(within[at]!, p[at]!),
    })),
    { ...kindsOf(rows, factors), ...SHIFTS },
  );
});

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

/**
 * All ways of asking at once. No difference found here is not equivalence: that takes every pair of `shiftsOf`.
 *
 * @returns by level of each factor and scale: ways, n (clusters with a score in each), icc (ICC(A,1) over the ways)
 *   and limits, F_ways of repeated measures with df, df_error, epsilon and p (Greenhouse and Geisser's), p_holm (of the
 *   frame), chi2_ways and p_friedman
 * @throws {Error} as `shiftsOf`
 */
export const omnibus = carried((sheets: Sheets, of: Scored): DataFrame => {
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
  const p = holm(tidy.map(({ p }) => p)).adjusted;
  return frame(tidy.map((row, at) => ({ ...row, p_holm: p[at]! })), {
    ...kindsOf(rows, factors),
    ...OMNIBUS,
  });
});

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

const nobody = (factor: string, levels: readonly string[]): string =>
  `Nobody was asked with ${factor} ${levels.join(" and ")}: a plan that lists both asks the same ` +
  "personas in both";
